# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of the state directory and what is written into them."""

from __future__ import annotations

import json
import multiprocessing
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import (
    UNKNOWN,
    Change,
    Cmdlet,
    Effect,
    Evidence,
    Secret,
    WriteSlice,
)
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.context import Context
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import StateError
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.files import (
    Follower,
    append,
    checked_name,
    line_of,
    open_directory,
    parse,
)
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.journal import (
    JOURNAL,
    Journal,
    Ledger,
    entries,
)
from hypothesis import given
from hypothesis import strategies as st

CANARY = "CANARY-9Kd"
CONTEXT = Context("/unused", "run-1", "fe2013", role="r", task="t", module="m", operator="ann", groups={"g": ("h",)})
CHANGE = Change(
    Cmdlet("Set-CsThing", {"Identity": "a", "Password": Secret(CANARY), "Plain": Secret(CANARY, plain=True)}),
    "thing a \u2028 \U0001f600",
    (Effect("xmpp_partner", "organisation", "a", {"X": UNKNOWN}),),
    before={"X": "\ud800"},
    undo=(
        Cmdlet("Set-CsThing", {"Identity": "a", "Password": Secret(CANARY)}),
        WriteSlice("C:\\a", 0, CANARY.encode()),
    ),
)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "state", "run-1", sync=False, clock=lambda: 1_700_000_000.5)


# --- lines


def test_an_intent_says_all_there_is_to_know_before_the_change(journal: Journal) -> None:
    (one,) = journal.intents([CHANGE], CONTEXT, "pool2013.contoso.test", check=False)
    (entry,) = entries(journal.directory)
    assert entry["id"] == one and entry["at"] == "2023-11-14T22:13:20.500000+00:00"
    assert {
        "format", "kind", "id", "at", "run", "host", "scope", "role", "task", "module", "operator", "controller",
        "awx_job_id", "version", "check", "call", "object", "before", "effects", "undo", "conditional", "override",
    } <= set(entry)  # fmt: skip
    assert entry["touches"] == ["xmpp_partner@organisation", "Set-CsThing"]
    assert entry["effects"][0]["properties"] == {"X": {"$": "unknown"}}
    assert entry["before"] == {"X": "\ufffd"} and entry["object"].endswith("\U0001f600")


def test_lines_are_ascii_and_hold_no_secret(journal: Journal) -> None:
    journal.intents([CHANGE], CONTEXT, "s", check=False)
    journal.intents([CHANGE], CONTEXT, "s", check=True)
    for path in (journal.path, journal.plan_path):
        written = path.read_bytes()
        assert written.isascii() and written.count(b"\n") == 1 and CANARY.encode() not in written


def test_the_plan_is_a_file_of_its_run(journal: Journal) -> None:
    journal.intents([CHANGE], CONTEXT, "s", check=True)
    journal.evidence([Evidence("users_homed", "organisation")], CONTEXT, check=True)
    assert not journal.path.exists()
    plan = [parse(line) for line in journal.plan_path.read_bytes().splitlines(True)]
    assert [entry["kind"] for entry in plan if entry] == ["intent", "evidence"]
    assert plan[0] and plan[0]["check"] is True


def test_outcomes_and_notes(journal: Journal) -> None:
    journal.outcomes([{"id": "1", "ok": True, "errors": [], "warnings": [], "seconds": 0.1, "starts": 1}], CONTEXT)
    journal.note("begun", CONTEXT, check=False, seconds=3)
    outcome, note = entries(journal.directory)
    assert (outcome["kind"], outcome["id"], outcome["host"]) == ("outcome", "1", "fe2013")
    assert (note["kind"], note["text"], note["seconds"]) == ("note", "begun", 3)


def test_an_unknown_parameter_makes_a_plan_conditional(journal: Journal) -> None:
    change = Change(Cmdlet("Set-CsCertificate", {"Thumbprint": UNKNOWN}), "certificate")
    journal.intents([change], CONTEXT, "s", check=True)
    assert [e["conditional"] for e in entries(journal.run_directory, "plan.ndjson")] == [True]


def test_intents_are_on_disk_once_per_request(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    journal.sync = True
    journal.intents([CHANGE] * 5, CONTEXT, "s", check=False)
    assert len(synced) == 1
    journal.outcomes([{"id": "1"}] * 5, CONTEXT)
    assert len(synced) == 2
    journal.intents([CHANGE] * 5, CONTEXT, "s", check=True)
    assert len(synced) == 2


# --- crashes


ENTRIES = st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=20), max_size=3), min_size=1, max_size=4)


@given(ENTRIES, st.integers(min_value=0, max_value=200), ENTRIES)
def test_lines_survive_a_writer_killed_in_the_middle_of_one(
    first: list[dict[str, str]], cut: int, second: list[dict[str, str]]
) -> None:
    def whole(given: list[dict[str, str]]) -> list[dict[str, Any]]:
        return [{"format": 1, "kind": "note", "data": one} for one in given]

    with tempfile.TemporaryDirectory() as directory:
        state = Path(directory) / "state"
        append(state, JOURNAL, whole(first), sync=False)
        torn = line_of({"format": 1, "kind": "note", "data": "torn" * 60})[: cut + 1]
        with (state / JOURNAL).open("ab") as stream:
            stream.write(torn)
        append(state, JOURNAL, whole(second), sync=False)
        kept = list(entries(state))
        assert kept == whole(first) + whole(second)


def test_a_follower_waits_for_the_end_of_a_line(tmp_path: Path) -> None:
    state = tmp_path / "state"
    append(state, "f", [{"a": 1}], sync=False)
    follower = Follower(state, "f")
    assert list(follower.lines()) == [b'{"a":1}\n'] and list(follower.lines()) == []
    with (state / "f").open("ab") as stream:
        stream.write(b'{"a":')
    assert list(follower.lines()) == []
    with (state / "f").open("ab") as stream:
        stream.write(b"2}\n")
    assert list(follower.lines()) == [b'{"a":2}\n']


def test_a_follower_begins_anew_with_another_file(tmp_path: Path) -> None:
    state = tmp_path / "state"
    follower = Follower(state, "f")
    assert list(follower.lines()) == []
    append(state, "f", [{"a": 1}, {"a": 2}], sync=False)
    assert len(list(follower.lines())) == 2
    (state / "f").unlink()
    append(state, "f", [{"a": 3}], sync=False)
    assert list(follower.lines()) == [b'{"a":3}\n'] and follower.restarted


@pytest.mark.parametrize("line", [b"", b"{", b"[]\n", b'{"format":1,"kind":3}\n', b"\xff\n", b'"x"\n'])
def test_what_is_no_entry_is_left_out(line: bytes) -> None:
    assert parse(line) is None


def test_a_format_of_the_future_is_refused() -> None:
    with pytest.raises(StateError, match="format 2"):
        parse(b'{"format":2,"kind":"intent"}\n')


def write_many(state: str, name: str) -> None:
    for number in range(50):
        append(state, "shared", [{"by": name, "number": number, "filler": "x" * 500}], sync=False)


def test_several_processes_append_whole_lines(tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    os.close(open_directory(state))
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=write_many, args=(state, name)) for name in ("a", "b")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    lines = [json.loads(line) for line in (tmp_path / "state" / "shared").read_bytes().splitlines()]
    for name in ("a", "b"):
        assert [line["number"] for line in lines if line["by"] == name] == list(range(50))


# --- who could have planted it


def test_all_is_closed_to_others(journal: Journal) -> None:
    old = os.umask(0)
    try:
        journal.intents([CHANGE], CONTEXT, "s", check=False)
        journal.intents([CHANGE], CONTEXT, "s", check=True)
    finally:
        os.umask(old)
    for path in (journal.directory, journal.directory / "runs", journal.run_directory):
        assert path.stat().st_mode & 0o777 == 0o700
    for path in (journal.path, journal.plan_path):
        assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o755, 0o710])
def test_a_directory_that_others_can_enter_is_refused(tmp_path: Path, mode: int) -> None:
    state = tmp_path / "state"
    state.mkdir()
    state.chmod(mode)
    with pytest.raises(StateError, match="chmod 700"):
        append(state, "f", [{}], sync=False)
    assert not list(state.iterdir())


def test_a_linked_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "state").symlink_to(tmp_path / "real")
    with pytest.raises(StateError):
        append(tmp_path / "state", "f", [{}], sync=False)


def test_a_planted_link_is_not_followed(tmp_path: Path) -> None:
    state, victim = tmp_path / "state", tmp_path / "victim"
    state.mkdir(mode=0o700)
    victim.write_text("untouched", encoding="utf-8")
    (state / JOURNAL).symlink_to(victim)
    with pytest.raises(StateError):
        append(state, JOURNAL, [{}], sync=False)
    with pytest.raises(StateError):
        list(Follower(state, JOURNAL).lines())
    assert victim.read_text(encoding="utf-8") == "untouched"


def test_a_hard_link_or_an_open_file_is_refused(tmp_path: Path) -> None:
    state, victim = tmp_path / "state", tmp_path / "victim"
    state.mkdir(mode=0o700)
    victim.touch(mode=0o600)
    os.link(victim, state / "linked")
    (state / "open").touch()
    (state / "open").chmod(0o644)
    for name in ("linked", "open"):
        with pytest.raises(StateError, match="remove it"):
            append(state, name, [{}], sync=False)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_a_foreign_directory_is_refused(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    os.chown(state, 12345, 12345)
    with pytest.raises(StateError):
        open_directory(state)


@pytest.mark.parametrize("name", ["../x", "a/b", "a\\b", "", ".hidden", "a..b", "nul\0", "x" * 200, "größe"])
def test_names_of_runs_are_ours(tmp_path: Path, name: str) -> None:
    with pytest.raises(StateError):
        Journal(tmp_path, name)
    assert checked_name("2026-11-21T14.00-1a2b") == "2026-11-21T14.00-1a2b"


def test_a_relative_state_directory_is_refused() -> None:
    with pytest.raises(StateError, match="full path"):
        open_directory("state")


# --- the ledger


def test_the_ledger_knows_the_last_change_of_each_and_the_last_evidence(journal: Journal) -> None:
    journal.evidence([Evidence("users_homed", "Organisation", value=1)], CONTEXT, check=False)
    journal.intents([CHANGE], CONTEXT, "pool2013.contoso.test", check=False)
    journal.outcomes([{"id": "1"}], CONTEXT)
    journal.evidence([Evidence("users_homed", "organisation", value=2)], CONTEXT, check=False)
    ledger = Ledger(journal.directory, JOURNAL)
    ledger.refresh()
    assert ledger.last_change(["xmpp_partner"]) == 2 == ledger.last_change(["Set-CsThing", "site"])
    assert ledger.last_change(["xmpp_partner@fe2013"]) == 2 and ledger.last_change(["xmpp_partner@edge2013"]) == 0
    seen = ledger.seen["users_homed", "organisation"]
    assert seen.position == 4 and seen.evidence.value == 2
    journal.intents([CHANGE], CONTEXT, "s", check=False)
    ledger.refresh()
    assert ledger.last_change(["xmpp_partner"]) == 5


def test_the_ledger_reads_intents_without_parsing_them_whole(journal: Journal) -> None:
    journal.intents([CHANGE], CONTEXT, "s", check=False)
    line = journal.path.read_bytes()
    journal.path.write_bytes(line[: line.index(b'"object"')] + b"}\n")  # what follows could not be parsed
    ledger = Ledger(journal.directory, JOURNAL)
    ledger.refresh()
    assert ledger.last_change(["Set-CsThing"]) == 1
