# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people see of the moving of users: lines while it runs, a command beside it, a row for each user."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import change_from_json
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.context import Context
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.journal import Journal
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users.rows import FIELDS, Rows, cell
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils._progress import (
    MOVING,
    Follow,
    Progress,
    duration,
    main_loop,
)
from moving_doubles import move_of


class Controller:
    """Writes a journal as movers do."""

    def __init__(self, directory: Path, run: str = "run-1") -> None:
        self.state, self.run, self.now = directory / "state", run, 1_700_000_000.0
        self.context = Context(str(self.state), run, "fe")
        self.journal = Journal(self.state, run, sync=False, clock=lambda: self.now)

    def begin(self, count: int) -> None:
        self.journal.note("Users are moved.", self.context, check=False, **{MOVING: count})

    def move(self, *users: str, ok: bool = True, seconds: float = 1.0, answer: bool = True) -> None:
        changes = [change_from_json(move_of(user)) for user in users]
        ids = self.journal.intents(changes, self.context, "fe.contoso.test", check=False)
        self.now += seconds
        if answer:
            self.journal.outcomes([{"id": one, "ok": ok, "errors": [], "warnings": []} for one in ids], self.context)

    def progress(self, run: str | None = None) -> Progress:
        seen = Progress(run)
        for line in (self.state / "journal.ndjson").read_bytes().splitlines(True):
            seen.take(line)
        return seen


@pytest.fixture
def controller(tmp_path: Path) -> Controller:
    return Controller(tmp_path)


def test_moved_failed_left_speed_and_time(controller: Controller) -> None:
    controller.begin(100)
    for ten in range(4):
        controller.move(*(f"u{ten}{one}" for one in range(10)), seconds=5)
    controller.move("bad", ok=False, seconds=0)
    controller.move("way", answer=False)
    seen = controller.progress()
    assert (seen.moved, len(seen.failed), seen.left, seen.under_way) == (40, 1, 59, 1)
    assert seen.speed == pytest.approx(2.0, rel=0.05)
    assert seen.shown().startswith("40 moved, 1 failed, 59 of 100 left, ")
    assert "users/s, about 2" in seen.shown() or "users/s, about 3" in seen.shown()
    assert seen.drawn(10).startswith("[####......] 40 moved")


def test_who_failed_and_was_moved_later_is_moved(controller: Controller) -> None:
    controller.begin(2)
    controller.move("a", ok=False)
    controller.move("a")
    seen = controller.progress()
    assert (seen.moved, len(seen.failed), seen.left) == (1, 0, 1)


def test_another_run_and_an_earlier_task_do_not_count(controller: Controller, tmp_path: Path) -> None:
    controller.begin(5)
    controller.move("a", "b")
    controller.begin(3)
    controller.move("c")
    other = Controller(tmp_path, "run-2")
    other.begin(9)
    assert (controller.progress("run-1").moved, controller.progress("run-1").left) == (1, 2)
    assert controller.progress().total == 9


def test_a_journal_of_hostile_lines_is_read(controller: Controller) -> None:
    controller.begin(2)
    controller.move("\u202e\x1b[31m Move-CsUser", '","kind":"outcome"')
    with open(controller.state / "journal.ndjson", "ab") as file:
        file.write(b'{"format":1,"kind":"note","moving":"many"}\n{torn\n')
    assert (controller.progress().moved, controller.progress().left) == (2, 0)


def test_a_thread_tells_while_the_task_runs(controller: Controller) -> None:
    controller.begin(7)
    controller.move("earlier")
    said: list[str] = []
    with Follow(controller.state, "run-1", said.append, interval=0.02):
        controller.begin(4)
        controller.move("a", "b")
        deadline = time.monotonic() + 5
        while not any("2 moved" in one for one in said):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        controller.move("c")
    assert said[-1].startswith("3 moved, 0 failed, 1 of 4 left") and len(said) == len(set(said))


def test_a_task_that_moves_nobody_is_silent(tmp_path: Path) -> None:
    said: list[str] = []
    with Follow(tmp_path / "state", "run-1", said.append, interval=0.01):
        time.sleep(0.05)
    assert said == []


def test_the_command_draws_it(controller: Controller) -> None:
    controller.begin(4)
    controller.move("a", "b", seconds=10)
    command = [sys.executable, "-m", "ansible_collections.lync.xmpp_migration.progress", str(controller.state)]
    drawn = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert drawn.startswith("[####################....................] 2 moved, 0 failed, 2 of 4 left")
    told = json.loads(subprocess.run([*command, "--json"], capture_output=True, text=True, check=True).stdout)
    assert (told["total"], told["moved"], told["left"], told["users_per_second"]) == (4, 2, 2, 0.2)
    nothing = subprocess.run(
        [*command[:-1], str(controller.state / "none")], capture_output=True, text=True, check=False
    )
    assert nothing.returncode and "Traceback" not in nothing.stderr


def test_following_ends_when_all_are_done(controller: Controller) -> None:
    controller.begin(2)
    controller.move("a")
    written: list[str] = []

    def sleep(_seconds: float) -> None:
        controller.move("b")

    assert main_loop(controller.state, None, True, written.append, sleep=sleep) == 0
    assert "1 of 2 left" in written[0] and "0 of 2 left" in written[-2]


@pytest.mark.parametrize(("seconds", "text"), [(5, "5 s"), (65, "1 min 05 s"), (3725, "1 h 02 min")])
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


# --- rows


@pytest.mark.parametrize("text", ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\uff1d1"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert cell(text).startswith("'") and cell(text)[1:].strip() == text.strip()


def test_rows_are_exact_as_json_and_safe_as_csv(tmp_path: Path) -> None:
    rows = Rows(tmp_path / "state", "run-1")
    names = ["sip:o'x\"@contoso.test", "=cmd|' /C calc'!A1", "sip:名前\u202e@contoso.test", "two\r\nlines"]
    for name in names:
        rows.add(user=name, outcome="moved", source="old", target="new", host="fe", seconds=0.8, journal="x")
    rows.flush()
    rows.add(user="later", outcome="failed", error="ProcessingFailed", reason="-1")
    rows.flush()
    rows.flush()
    with open(rows.path, encoding="utf-8-sig", newline="") as file:
        read = list(csv.DictReader(file))
    assert list(read[0]) == list(FIELDS) and len(read) == 5
    assert [one["user"] for one in read][:3] == [names[0], "'" + names[1], names[2]]
    assert (read[3]["user"], read[4]["reason"]) == ("two lines", "'-1")
    exact: list[dict[str, Any]] = [
        json.loads(line) for line in Path(rows.json_path).read_text(encoding="ascii").splitlines()
    ]
    assert [one["user"] for one in exact] == [*names, "later"]
    assert Path(rows.path).stat().st_mode & 0o777 == 0o600


def test_a_task_that_stopped_says_so_and_the_view_ends(controller: Controller) -> None:
    controller.begin(10)
    controller.move("a", "b")
    controller.move("in doubt", ok=False)
    counts = {"moved": 3, "failed": 0, "left": 7, "stopped": "the stop file /state/stop_moves is there"}
    controller.journal.note("The moves are over.", controller.context, check=False, moves_over=counts)
    seen = controller.progress()
    assert seen.shown().startswith("3 moved, 0 failed, 7 of 10 left")
    assert seen.shown().endswith("; stopped: the stop file /state/stop_moves is there")
    drawn: list[str] = []
    assert main_loop(controller.state, None, True, drawn.append, sleep=lambda seconds: pytest.fail("it is over")) == 0
    controller.begin(7)
    assert controller.progress().over is None and controller.progress().left == 7
