# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""acceptance: the operator's word, what it opens and what takes it back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.modules import acceptance, allowed_domain
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.lync_people import People, estate, undocumented

RETIRE = {"domain": "fabrikam.test", "state": "absent"}


@pytest.fixture(name="bench")
def _bench(tmp_path: Path) -> People:
    return People(tmp_path, estate())


def run(bench: People, check: bool = False, **more: Any) -> dict[str, Any]:
    return bench.run(acceptance, {"accepted": True, **more}, check=check)


def recorded(bench: People) -> list[dict[str, Any]]:
    return [one for one in bench.journal() if one["kind"] == "evidence"]


def test_the_word_goes_on_record(bench: People) -> None:
    result = run(bench, note='Change 4711 – größe "配置"')
    assert result["accepted"] is True and result["changed"] is False and undocumented(acceptance, result) == []
    (entry,) = recorded(bench)
    assert (entry["fact"], entry["member"], entry["operator"]) == ("accepted", "organisation", "ann")
    assert entry["value"] == {"note": 'Change 4711 – größe "配置"'}


def test_no_host_is_asked(bench: People) -> None:
    run(bench)
    assert all(shell.transcript == [] for shell in bench.hosts.values())
    bench.hosts.clear()
    assert run(bench)["accepted"] is True


@pytest.mark.parametrize("check", [True, False])
def test_anything_else_is_refused(bench: People, check: bool) -> None:
    result = run(bench, check, accepted=False)
    assert result["error"]["kind"] == "not_ready" and "accepted=true" in result["msg"]
    assert recorded(bench) == [] and bench.plan() == []
    assert "missing required arguments" in bench.run(acceptance, {})["msg"]


@pytest.mark.parametrize("note", ["two\nlines", "bell\x07", "\u202etxet", "{{ secret }}", " "])
def test_notes_that_would_spoil_the_record(bench: People, note: str) -> None:
    result = run(bench, note=note)
    assert result["error"]["kind"] == "invalid_input" and result["msg"].startswith("note: ") and recorded(bench) == []


def test_an_empty_note_is_none(bench: People) -> None:
    run(bench, note="")
    assert recorded(bench)[0]["value"] == {"note": None}


def test_it_opens_what_had_to_wait(bench: People) -> None:
    assert bench.run(allowed_domain, RETIRE)["error"]["kind"] == "refused"
    run(bench)
    assert bench.run(allowed_domain, RETIRE)["changed"] is True


def test_a_planned_acceptance_opens_only_what_is_planned(bench: People) -> None:
    run(bench, check=True)
    assert bench.run(allowed_domain, RETIRE, check=True)["changed"] is True
    assert bench.run(allowed_domain, RETIRE)["error"]["kind"] == "refused" and bench.writes == []


def test_it_does_not_last_for_ever(bench: People) -> None:
    run(bench)
    bench.now += 25 * 3600
    result = bench.run(allowed_domain, RETIRE)
    assert result["error"]["kind"] == "refused" and "more than 24 hours ago" in result["msg"]
