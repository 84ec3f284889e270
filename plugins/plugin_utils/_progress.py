# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far the moving of users is, as the journal tells: shown while a task runs, or by a command beside it.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import MigrationError
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.files import Follower, parse
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.journal import JOURNAL

MOVING = "moving"
"""Key of the note that says how many users a task is about to move."""
OVER = "moves_over"
"""Key of the note that says how it ended: counts, and why users are left."""
SPAN = 60.0
"""Seconds over which the speed is averaged."""
INTERVAL = 5.0
_MOVES = (b"Move-CsUser", b"Move-CsLegacyUser")
# Of each user two lines pass here, and what is wanted of them stands at known places: reading all of it takes ten times as long.
_TEXT = rb'"((?:[^"\\]|\\.)*)"'
_INTENT = re.compile(
    rb'\{"format":1,"kind":"intent","touches":\[[^\]]*\],"host":' + _TEXT + rb',"id":"([0-9a-f]+)","at":"([^"\\]+)","scope":' + _TEXT
    + rb',"check":(?:true|false),"run":"([^"\\]*)",'
)  # fmt: skip
_OBJECT = re.compile(rb',"object":' + _TEXT)
_OUTCOME = re.compile(
    rb'\{"format":1,"kind":"outcome","host":' + _TEXT + rb',"at":"([^"\\]+)","run":"([^"\\]*)",'
    rb'"seconds":[0-9.e-]+,"starts":(?:\d+|null),"id":"([0-9a-f]+)","ok":(true|false),'
)  # fmt: skip


@dataclass
class Progress:
    """Of the last moving of users in one run, or of any run where none is named."""

    run: str | None = None
    total: int | None = None
    moved: int = 0
    began: float | None = None
    last: float | None = None
    failed: set[bytes] = field(default_factory=set)
    over: Mapping[str, Any] | None = None
    """What the task said when it ended. It knows more than the lines before: who was in doubt and had got there."""
    _open: dict[bytes, bytes] = field(default_factory=dict)
    _recent: deque[tuple[float, int]] = field(default_factory=deque)

    def take(self, line: bytes) -> None:
        if b'"kind":"outcome"' in line[:60]:
            self._outcome(line)
        elif b'"kind":"note"' in line[:60]:
            self._note(line)
        elif any(name in line for name in _MOVES):
            self._intent(line)

    def _entry(self, line: bytes) -> Mapping[str, Any] | None:
        entry = parse(line)
        return entry if entry is not None and self.run in (None, entry.get("run")) else None

    def _note(self, line: bytes) -> None:
        """A task begins to move: what was counted before belongs to another one."""
        entry = self._entry(line)
        if entry is not None and isinstance(entry.get(OVER), Mapping):
            self.over, self._open = entry[OVER], {}
            self.moved = int(self.over.get("moved", self.moved))
        count = entry.get(MOVING) if entry is not None else None
        if entry is None or not isinstance(count, int):
            return
        self.total, self.moved, self.began, self.last = count, 0, _moment(entry), None
        self.failed, self._open, self.over = set(), {}, None
        self._recent.clear()

    def _intent(self, line: bytes) -> None:
        found = _INTENT.match(line)
        name = _OBJECT.search(line, found.end()) if found is not None else None
        if found is not None and name is not None and line.endswith(b"}\n"):
            _host, number, at, _scope, run = found.groups()
            meant, subject = self.run is None or self.run == run.decode(), name[1]
        else:  # not as this version writes it, or torn
            entry = self._entry(line)
            meant = entry is not None and entry["kind"] == "intent"
            number, at, subject = (_bytes(entry, one) for one in ("id", "at", "object"))
        if meant:
            self._open[number] = subject
            self.began = self.began or _time(at)

    def _outcome(self, line: bytes) -> None:
        if not self._open:
            return
        found = _OUTCOME.match(line)
        if found is not None and line.endswith(b"}\n"):
            _host, at, run, number, said = found.groups()
            meant, ok = self.run is None or self.run == run.decode(), said == b"true"
        else:
            entry = self._entry(line)
            meant, ok = entry is not None, bool(entry and entry.get("ok"))
            number, at = _bytes(entry, "id"), _bytes(entry, "at")
        user = self._open.pop(number, None) if meant else None
        if user is None:
            return
        self.last = _time(at)
        if ok:
            self.moved += 1
            self.failed.discard(user)
        else:
            self.failed.add(user)
        if self.last is not None:
            if not self._recent:
                self._recent.append((self.began or self.last, 0))
            if len(self._recent) > 1 and self._recent[-1][0] == self.last:
                self._recent.pop()  # answers come many at a time
            self._recent.append((self.last, self.moved))
            while len(self._recent) > 2 and self._recent[1][0] < self.last - SPAN:
                self._recent.popleft()

    # --- what it comes to

    @property
    def failures(self) -> int:
        return len(self.failed) if self.over is None else int(self.over.get("failed", 0))

    @property
    def left(self) -> int | None:
        return None if self.total is None else max(0, self.total - self.moved - self.failures)

    @property
    def under_way(self) -> int:
        return len(self._open)

    @property
    def speed(self) -> float | None:
        """Users per second, of the last minute."""
        if not self._recent:
            return None
        since, before = self._recent[0]
        until, now = self._recent[-1]
        return (now - before) / (until - since) if until > since else None

    @property
    def seconds_left(self) -> float | None:
        speed, left = self.speed, self.left
        return None if not speed or left is None else left / speed

    def shown(self) -> str:
        parts = [f"{self.moved} moved", f"{self.failures} failed"]
        if self.total is not None:
            parts.append(f"{self.left} of {self.total} left")
        if self.speed:
            parts.append(f"{self.speed:.1f} users/s")
        if self.over is None and self.left and self.seconds_left is not None:
            parts.append(f"about {duration(self.seconds_left)} left")
        why = self.over.get("stopped") if self.over is not None else None
        return ", ".join(parts) + (f"; stopped: {why}" if why else "")

    def drawn(self, width: int = 40) -> str:
        done = self.moved + self.failures
        full = width if not self.total else min(width, width * done // self.total)
        return f"[{'#' * full}{'.' * (width - full)}] {self.shown()}"


def _bytes(entry: Mapping[str, Any] | None, name: str) -> bytes:
    return str((entry or {}).get(name)).encode("utf-8", "replace")


def _moment(entry: Mapping[str, Any]) -> float | None:
    return _time(str(entry.get("at")).encode())


@lru_cache(maxsize=16)
def _time(at: bytes) -> float | None:
    try:
        return datetime.fromisoformat(at.decode()).timestamp()
    except ValueError:
        return None


def duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {seconds:02} s" if minutes else f"{seconds} s"


class Follow:
    """A thread that tells of progress while a task runs. It reads what is on the disk, so it sees what every daemon does."""

    def __init__(
        self, state_dir: str | Path, run: str, tell: Callable[[str], None], interval: float = INTERVAL
    ) -> None:
        self.progress = Progress(run)
        self._follower = Follower(state_dir, JOURNAL)
        self._tell, self._interval = tell, interval
        self._over = threading.Event()
        self._told = ""
        self._thread = threading.Thread(target=self._life, name="progress", daemon=True)

    def __enter__(self) -> Follow:
        for _line in self._lines():
            pass  # what lies there already is another task's
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._thread.join(self._interval + 5)
        self._look()
        self._say()

    def _life(self) -> None:
        while not self._over.wait(self._interval):
            self._look()
            self._say()

    def _look(self) -> None:
        for line in self._lines():
            with contextlib.suppress(MigrationError):
                self.progress.take(line)

    def _lines(self) -> Iterator[bytes]:
        try:
            yield from self._follower.lines()
        except (MigrationError, OSError):
            return  # whoever writes it will say what is wrong with it

    def _say(self) -> None:
        said = self.progress.shown()
        if said != self._told and self.progress.total:
            self._told = said
            self._tell(said)


def main_loop(
    state_dir: Path,
    run: str | None,
    follow: bool,
    write: Callable[[str], None],
    *,
    as_json: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Draw the progress of a journal once, or again and again until all users are done or the task is over."""
    follower, progress = Follower(state_dir, JOURNAL), Progress(run)
    while True:
        for line in follower.lines():
            progress.take(line)
        write(
            json.dumps(facts(progress)) + "\n"
            if as_json
            else ("\r" if follow else "") + progress.drawn() + ("" if follow else "\n")
        )
        if not follow or progress.left == 0 or progress.over is not None:
            if follow and not as_json:
                write("\n")
            return 0 if progress.moved or progress.failed or progress.total is not None else 1
        sleep(1.0)


def facts(progress: Progress) -> dict[str, Any]:
    return {
        "total": progress.total,
        "moved": progress.moved,
        "failed": progress.failures,
        "left": progress.left,
        "over": progress.over is not None,
        "under_way": progress.under_way,
        "users_per_second": round(progress.speed, 2) if progress.speed else None,
        "seconds_left": round(progress.seconds_left) if progress.seconds_left is not None else None,
    }
