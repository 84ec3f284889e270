# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module state_purge: purging what a finished migration left: as a whole, once it was accepted, and not while somebody is at work."""

from __future__ import annotations

import fcntl
import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import Evidence
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.context import Context
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.journal import Journal
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import Task, outcome
from ansible_collections.lync.xmpp_migration.plugins.module_utils._report.purge import run


@pytest.fixture
def state(tmp_path: Path) -> Path:
    directory = tmp_path / "state"
    journal = Journal(directory, "run-1")
    journal.note("a note", Context(str(directory), "run-1", "fe2013"), check=False)
    journal.note("a note", Context(str(directory), "run-1", "fe2013"), check=True)
    (directory / "of-somebody-else.txt").write_text("mine")
    return directory


def accept(state: Path) -> None:
    Journal(state, "run-1").evidence(
        [Evidence("accepted", "organisation")], Context(str(state), "run-1", "x"), check=False
    )


def purge(state: Path, check: bool = False, **params: Any) -> dict[str, Any]:
    given = {"confirmed": "contoso", "settings": {"name": "contoso"}, "not_accepted": False, **params}
    return outcome(run, Task(given, Context(str(state), "run-2", "localhost", check=check, operator="ann")))


def test_it_goes_as_a_whole_and_says_when(state: Path) -> None:
    accept(state)
    planned = purge(state, check=True)
    assert planned["changed"] and (state / "journal.ndjson").exists()
    result = purge(state)
    assert result["purged"] == planned["purged"] == ["journal.ndjson", "runs"]
    assert sorted(one.name for one in state.iterdir()) == ["of-somebody-else.txt", "purged.json"]
    mark = json.loads((state / "purged.json").read_text())
    assert mark["operator"] == "ann" and mark["accepted"] is True
    assert purge(state)["changed"] is False


def test_nothing_goes_before_the_acceptance(state: Path) -> None:
    result = purge(state)
    assert result["failed"] and "was not accepted" in result["msg"]
    assert (state / "journal.ndjson").exists()
    assert purge(state, not_accepted=True)["changed"]


def test_the_name_confirms_it(state: Path) -> None:
    accept(state)
    result = purge(state, confirmed="fabrikam")
    assert result["failed"] and "'contoso'" in result["msg"]


def test_not_while_a_run_is_at_work(state: Path) -> None:
    accept(state)
    alive = state / "runs" / "run-1" / "alive"
    with open(alive, "w", encoding="ascii") as held:
        alive.chmod(0o600)
        fcntl.flock(held, fcntl.LOCK_SH)
        result = purge(state)
        assert result["failed"] and "run-1 is still at work" in result["msg"]
    assert purge(state)["changed"]


def test_a_link_is_removed_and_not_followed(state: Path, tmp_path: Path) -> None:
    accept(state)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").write_text("kept")
    (state / "baseline").symlink_to(elsewhere)
    assert "baseline" in purge(state)["purged"]
    assert (elsewhere / "kept").exists()
