# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What another version of the collection left in the state directory: refused in one sentence, before anything is changed."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.lab import estate
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import MigrationError
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.files import FORMAT, write_whole
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.journal import JOURNAL, Ledger, entries
from ansible_collections.lync.xmpp_migration.plugins.module_utils._report import run as report
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users import caught, manifest
from ansible_collections.lync.xmpp_migration.tests.replay.migration import (  # noqa: F401
    ESTATE,
    USERS,
    Migration,
    migration,
)
from ansible_collections.lync.xmpp_migration.tests.replay.recording import Recorded
from ansible_collections.lync.xmpp_migration.tests.replay.replay import Replay

pytestmark = pytest.mark.timeout(300)

MISSING = "missing"
FORMATS = [0, 2, "1", True, MISSING]
WHAT_TO_DO = ("go on with the version", "make a new plan")


@pytest.fixture(scope="module")
def done(
    migration: Migration,  # noqa: F811
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Replay, Path]]:
    """A migration under an approved plan, and a copy of all that it left in its state directory."""
    directory = tmp_path_factory.mktemp("formats")
    with Replay(ESTATE, directory / "lab", users=USERS) as replay:
        dry = replay.run(migration.recording, check=True).done().results[-1][1]
        replay.approved = (dry["plan"], dry["digest"])
        replay.run(migration.recording).done()
        shutil.copytree(replay.state_dir, directory / "kept")
        yield replay, directory / "kept"


@pytest.fixture
def left(done: tuple[Replay, Path]) -> Iterator[tuple[Replay, Path]]:
    """The state directory as it was left, whatever another test did to it."""
    replay, kept = done
    shutil.rmtree(replay.state_dir)
    shutil.copytree(kept, replay.state_dir)
    yield replay, replay.state_dir


def altered(data: dict[str, Any], found: Any) -> dict[str, Any]:
    rest = {name: value for name, value in data.items() if name != "format"}
    return rest if found is MISSING else {"format": found, **rest}


def rewrite(path: Path, found: Any, line: int = 0) -> None:
    """A file of JSON, or this line of a file of lines, as of that format."""
    lines = path.read_bytes().splitlines()
    assert json.loads(lines[line])["format"] == FORMAT
    lines[line] = json.dumps(altered(json.loads(lines[line]), found), separators=(",", ":")).encode()
    path.write_bytes(b"\n".join(lines) + b"\n")


def one_sentence(text: str) -> bool:
    """It says what is wrong and what to do, and no more."""
    return not re.search(r"[.!?]\s+[A-Z]", text) and text.endswith(".") and any(one in text for one in WHAT_TO_DO)


def refused(replay: Replay, recording: list[Recorded]) -> str:
    """Why a run ends before it changes anything or writes down that it would."""
    start = len(replay.world.transcript)
    before = (replay.state_dir / JOURNAL).read_bytes()
    ended = replay.run(recording)
    assert ended.failure is not None
    assert list(replay.writes(start)) == []
    assert b'"intent"' not in (replay.state_dir / JOURNAL).read_bytes()[len(before) :]
    return ended.failure


READERS: dict[str, Callable[[Path], Any]] = {
    "entries": lambda state: list(entries(state)),
    "manifest": manifest.read,
    "moves nobody heard of": caught.unheard,
    "laws": lambda state: Ledger(state, JOURNAL).refresh(),
}


@pytest.mark.parametrize("found", FORMATS)
@pytest.mark.parametrize("kind", ["intent", "outcome", "evidence", "note"])
@pytest.mark.parametrize("reader", READERS)
def test_a_line_of_the_journal(left: tuple[Replay, Path], reader: str, kind: str, found: Any) -> None:
    state = left[1]
    lines = (state / JOURNAL).read_text().splitlines()
    rewrite(state / JOURNAL, found, next(i for i, line in enumerate(lines) if json.loads(line)["kind"] == kind))
    with pytest.raises(MigrationError) as refusal:
        READERS[reader](state)
    assert one_sentence(str(refusal.value))


@pytest.mark.parametrize("found", FORMATS)
def test_a_run_with_such_a_journal(left: tuple[Replay, Path], migration: Migration, found: Any) -> None:  # noqa: F811
    replay, state = left
    rewrite(state / JOURNAL, found)
    replay.approved = ("", "")
    assert one_sentence(refused(replay, migration.recording))


@pytest.mark.parametrize("found", FORMATS)
def test_an_approved_plan(left: tuple[Replay, Path], migration: Migration, found: Any) -> None:  # noqa: F811
    replay, state = left
    (header,) = state.glob("runs/*/plan.json")
    rewrite(header, found)
    replay.approved = (header.parent.name, "0" * 64)
    assert one_sentence(refused(replay, migration.recording))


@pytest.mark.parametrize("found", FORMATS)
def test_a_baseline(left: tuple[Replay, Path], migration: Migration, found: Any) -> None:  # noqa: F811
    replay, state = left
    path = state / "baseline" / "baseline.json"
    path.write_text(json.dumps(altered(json.loads(path.read_text()), found)))
    replay.approved = ("", "")
    assert one_sentence(refused(replay, migration.recording))


@pytest.mark.parametrize("found", FORMATS)
def test_what_the_last_probe_found(tmp_path: Path, found: Any) -> None:
    told = altered({"at": "2026-11-21T20:00:00+00:00", "findings": []}, found)
    write_whole(tmp_path / "state" / "runs" / "run-1", report.PROBE, json.dumps(told).encode())
    with pytest.raises(MigrationError) as refusal:
        report._probe(tmp_path / "state")
    assert one_sentence(str(refusal.value))


@pytest.mark.parametrize("found", [0, 2])
def test_an_estate_that_another_version_exported(found: Any) -> None:
    """An estate has no format: each of its keys is known, or is named."""
    text = (estate.DIRECTORY / f"{ESTATE}.yml").read_text(encoding="utf-8")
    with pytest.raises(
        estate.EstateError, match=r"^estate.yml, line \d+, format: this key is not known; estate has [\w, ]+\.$"
    ):
        estate.loads(f"{text}\nformat: {found}\n")


def test_rows_are_for_others_to_read(left: tuple[Replay, Path], migration: Migration) -> None:  # noqa: F811
    """Whatever an older version wrote there, nothing goes by it."""
    replay, state = left
    rows = [path for path in state.glob("runs/*/*") if path.suffix in (".csv", ".html") or path.stem == "users"]
    assert {path.suffix for path in rows} >= {".csv", ".ndjson", ".html"}
    for path in rows:
        path.write_bytes(b'{"format":0}\n')
    replay.approved = ("", "")
    start = len(replay.world.transcript)
    assert replay.run(migration.recording).done().changed == []
    assert list(replay.writes(start)) == []
