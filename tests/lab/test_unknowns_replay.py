# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nobody can know for sure: the main job under both answers to each open question.

Each run ends in the state that was written down, or stops with one clear sentence before harm: no law is broken, and all
the way every user reaches every XMPP partner.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.lync.xmpp_migration.lab.organisation.unknowns import SWITCHES
from ansible_collections.lync.xmpp_migration.tests.replay.compare import differences
from ansible_collections.lync.xmpp_migration.tests.replay.migration import (  # noqa: F401
    ESTATE,
    SECTIONS,
    USERS,
    Migration,
    Watch,
    expected_end,
    migration,
)
from ansible_collections.lync.xmpp_migration.tests.replay.replay import Replay

pytestmark = pytest.mark.timeout(900)

#: Answers under which the job cannot end, and what it says of it. All others end it.
STOPS = {
    ("partner_beside_allowed_domain", "refused"): (
        "federation_enable",
        "xmpp_partner",
        'The domain "fabrikam.test" is on the list of allowed domains.',
    ),
}
CASES = [(switch.name, answer) for switch in SWITCHES for answer in switch.answers]


@pytest.fixture(params=CASES, ids="=".join)
def case(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    yield request.param


class Routes:
    """Follows the SIP route of the site on every server's own copy of the store, change by change."""

    def __init__(self, replay: Replay) -> None:
        self.seen: set[str | None] = set()
        self._replay, self._after_change = replay, replay.world.after_change
        replay.world.after_change = self._changed  # type: ignore[method-assign]

    def _changed(self, call: object) -> None:
        self._after_change(call)
        for replica in self._replay.world.replicas.values():
            if replica.snapshot is not None:
                self.seen.add((replica.snapshot.row("site", "Redmond") or {}).get("FederationRoute"))


def test_the_main_job_under_an_answer(case: tuple[str, str], migration: Migration, tmp_path: Path) -> None:  # noqa: F811
    name, answer = case
    with Replay(ESTATE, tmp_path / "lab", users=USERS, unknowns={name: answer}) as replay:
        dry = replay.run(migration.recording, check=True).done()
        assert list(replay.writes()) == []
        watch, routes = Watch(replay), Routes(replay)
        real = replay.run(migration.recording, before=watch)
        watch()
        assert watch.lost == {}
        lost_by_publish = [one for one in watch.violations if one["cmdlet"] == "Publish-CsTopology"]
        assert [one for one in watch.violations if one not in lost_by_publish] == []
        # What the question is about: the publish itself may take the route away. It is back before any server knows.
        assert bool(lost_by_publish) is (case == ("publish_keeps_routes", "no"))
        assert routes.seen == {"EdgeServer:edge2010.contoso.test"}
        if case in STOPS:
            role, module, sentence = STOPS[case]
            recorded, result = real.results[-1]
            assert (recorded.role, recorded.module) == (role, module), real.failure
            assert sentence in result["msg"]
            assert replay.state["dns"]["contoso.test"]["_xmpp-server._tcp SRV"]["values"] == [
                "0 0 5269 xmpp.contoso.test."
            ]
            assert replay.state["xmpp_partners"] == {}
            assert replay.run(migration.recording).failure == real.failure, "nor does it end the next time"
            return
        assert real.failure is None
        assert differences(replay.plan(dry.run), replay.journal(real.run)) == []
        end, expected = replay.state, expected_end()
        assert {section: end[section] for section in SECTIONS} == {section: expected[section] for section in SECTIONS}
        assert replay.run(migration.recording).done().changed == []


@pytest.mark.parametrize(
    "case", [("partner_beside_allowed_domain", "refused"), ("allowed_domain_beats_partner", "yes")], ids="=".join
)
def test_the_legacy_entry_goes_with_the_partner_where_that_is_declared(
    case: tuple[str, str],
    migration: Migration,  # noqa: F811
    tmp_path: Path,
) -> None:
    """What stops the job otherwise, or would leave messages on the old gateway: nobody is cut off at any call."""
    recording = [
        dataclasses.replace(one, arguments={**one.arguments, "retire_allowed_domain": True})
        if one.module == "xmpp_partner"
        else one
        for one in migration.recording
    ]
    name, answer = case
    with Replay(ESTATE, tmp_path / "lab", users=USERS, unknowns={name: answer}) as replay:
        watch = Watch(replay)
        replay.run(recording, before=watch).done()
        watch()
        assert watch.lost == {}
        end, expected = replay.state, expected_end()
        assert end["allowed_domains"] == {}
        left = [section for section in SECTIONS if section != "allowed_domains"]
        assert {section: end[section] for section in left} == {section: expected[section] for section in left}
        assert {one["cmdlet"] for one in watch.violations} <= {"Remove-CsAllowedDomain"}, watch.violations
        assert replay.run(recording).done().changed == []
