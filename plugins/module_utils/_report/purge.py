# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module state_purge: what a finished migration leaves on the controller, taken away.

The state directory names users and says how to undo changes. It goes as a whole or, until the migration was accepted, not at
all. A line that says what was purged, and when, stays.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from pathlib import Path
from typing import Any

from .._engine.errors import InvalidInput, Refused, StateError
from .._engine.files import FORMAT, open_directory, write_whole
from .._engine.journal import entries, stamp
from .._engine.module import Report, Task

MARK = "purged.json"
ALIVE = "alive"
#: What the collection makes there. Whatever else somebody has put into the directory stays.
FILES = ("journal.ndjson", "report.html", "report.json", "stop_moves")
DIRECTORIES = ("runs", "baseline", "partner_packs", "estate", "rehearsal")


def run(task: Task) -> Report:
    directory = Path(task.context.state_dir)
    name = str(task.params["confirmed"] or "")
    wanted = str(task.params["settings"].get("name") or "default")
    if name != wanted:
        raise InvalidInput(
            f"Nothing is purged: confirmed is {name!r}, and the name of the migration is {wanted!r} (lync_migration.name). Journal, plans "
            "and baseline, and with them the way back, are gone after that."
        )
    there = [one for one in (*FILES, *DIRECTORIES) if (directory / one).exists() or (directory / one).is_symlink()]
    if not there:
        return Report(False, {"purged": []})
    accepted = [one for one in entries(directory) if one["kind"] == "evidence" and one["fact"] == "accepted"]
    if not accepted and not task.params["not_accepted"]:
        raise Refused(
            [
                "Nothing is purged, because the migration was not accepted, and without the journal there is no way back: run the playbook "
                "lync.xmpp_migration.accept first, or set not_accepted for a migration that is given up."
            ]
        )
    busy = _busy(directory / "runs", task.context.run)
    if busy:
        raise Refused([f"Nothing is purged, because the run {busy} is still at work: wait for its end."])
    if not task.check_mode:
        _purge(directory, there, task, bool(accepted))
    return Report(True, {"purged": there}, before={"there": there}, after={"there": []})


def _busy(runs: Path, own: str) -> str:
    """A run whose processes still hold its lock."""
    for one in sorted(runs.iterdir()) if runs.is_dir() else ():
        if one.name == own or not (one / ALIVE).is_file():
            continue
        handle = os.open(one / ALIVE, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return one.name
        finally:
            os.close(handle)
    return ""


def _purge(directory: Path, there: list[str], task: Task, accepted: bool) -> None:
    os.close(open_directory(directory))  # is ours, and closed to everybody else
    for one in there:
        path = directory / one
        try:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        except OSError as exc:
            raise StateError(f"{path} could not be removed ({exc.strerror}): see to it, and run this again.") from exc
    mark: dict[str, Any] = {
        "format": FORMAT,
        "at": stamp(task.journal.clock()),
        "operator": task.context.operator,
        "accepted": accepted,
        "purged": there,
    }
    write_whole(directory, MARK, json.dumps(mark).encode("ascii"))
