# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dry run equals real run, where the second host has no Lync cmdlet at all when the dry run asks it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.tests.lab.transport_support import eventually, module, play, short_home
from ansible_collections.lync.xmpp_migration.tests.replay.compare import differences
from ansible_collections.lync.xmpp_migration.tests.replay.playbooks import Operator, Run
from ansible_collections.lync.xmpp_migration.tests.replay.replay import Replay

WITH_TOOLS = Path(__file__).parent / "recording" / "bare_with_tools.yml"
#: The last task copies what the second one makes, on a host that cannot see it before.
PLAYS = [
    play(
        "lync_2013_front_ends",
        module("allowed_domain", domain="fabrikam.test", proxy_fqdn="xmppgw.contoso.test"),
        module("external_access_policy", identity="XmppUsers", enable_xmpp_access=True, enable_federation_access=True),
    ),
    play(
        "lync_2013_edges",
        module("external_access_policy", identity="Pilots", copy_from="XmppUsers", description="of XmppUsers"),
        module("allowed_domain", domain="nwtraders.test", comment="on the other host"),
    ),
]
MADE = [
    ("tools.contoso.test", "New-CsAllowedDomain"),
    ("tools.contoso.test", "New-CsExternalAccessPolicy"),
    ("plain.contoso.test", "New-CsExternalAccessPolicy"),
    ("plain.contoso.test", "New-CsAllowedDomain"),
]


@pytest.fixture(scope="module")
def operator(lab: Any) -> Iterator[Operator]:
    with short_home() as home:
        yield Operator(lab("bare"), home)


@pytest.fixture(scope="module")
def dry(operator: Operator) -> Run:
    return operator.play(PLAYS, "--diff", check=True).done()


def test_a_dry_run_on_a_host_without_cmdlets_is_what_the_real_run_does(operator: Operator, dry: Run, lab: Any) -> None:
    assert dry.writes == []
    assert dry.played.recap("plain")["changed"] == 2
    planned = operator.plan(dry)
    copied = next(one for one in planned if one["kind"] == "intent" and one["host"] == "plain")
    assert copied["call"]["parameters"]["EnableXmppAccess"] is True
    assert operator.journal() == []

    later = Operator(lab(WITH_TOOLS), operator.home)
    real = later.play(PLAYS).done()
    assert [(one["host"], one["cmdlet"]) for one in real.writes] == MADE
    assert differences(planned, later.journal()) == []
    assert later.play(PLAYS).done().writes == []
    for one in (operator, later):
        assert eventually(one.nothing_left)


def test_the_same_in_one_process(dry: Run, tmp_path: Path) -> None:
    """A replay of what the playbook called ends where the playbook did."""
    with Replay("bare", tmp_path / "before") as before, Replay(str(WITH_TOOLS), tmp_path / "after") as after:
        planned = before.run(dry.recording, check=True).done()
        assert list(before.writes()) == []
        assert "does not know the cmdlet Get-CsExternalAccessPolicy" in (before.run(dry.recording).failure or "")
        real = after.run(dry.recording).done()
        assert [(one["host"], one["cmdlet"]) for one in after.writes()] == MADE
        assert differences(before.plan(planned.run), after.journal(real.run)) == []
        assert after.run(dry.recording).done().changed == []
