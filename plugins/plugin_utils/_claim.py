# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run at a time changes what a state directory stands for.

Whoever is about to change something holds a shared lock on `runs/<run>/alive` until its process ends. A later run waits until
the daemons of one that has ended have drained, and is refused while the other playbook is still at work.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import NotReady
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.files import open_directory

from ._runtime import Process, open_private

ALIVE = "alive"
PATIENCE = 660.0
"""Seconds: a request in flight has ten minutes as a rule."""
_PAUSE = 0.2


def claim(state_dir: str, run: str, owner: Process, patience: float = PATIENCE) -> int:
    """Begin to change something. The claim lasts as long as the descriptor that is returned is open."""
    runs = Path(state_dir) / "runs"
    ours = _open(runs / run)
    try:
        # under one lock, so that of two runs that begin together one comes first
        with _locked(runs):
            for name in sorted(os.listdir(runs)):
                if name != run and (runs / name / ALIVE).is_file():
                    _await(runs / name, owner, patience)
            fcntl.flock(ours, fcntl.LOCK_SH)
            os.pwrite(ours, json.dumps([owner.pid, owner.started]).encode().ljust(100), 0)
    except BaseException:
        os.close(ours)
        raise
    return ours


@contextlib.contextmanager
def _locked(runs: Path) -> Iterator[None]:
    parent = open_directory(runs)
    try:
        fcntl.flock(parent, fcntl.LOCK_EX)
        yield
    finally:
        os.close(parent)


def _open(directory: Path) -> int:
    parent = open_directory(directory)
    try:
        return open_private(ALIVE, dir_fd=parent)
    finally:
        os.close(parent)


def _await(directory: Path, owner: Process, patience: float) -> None:
    """Until nobody of that run holds its lock. What has drained is forgotten."""
    deadline = time.monotonic() + patience
    held = _open(directory)
    try:
        while True:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                with contextlib.suppress(OSError):
                    os.unlink(directory / ALIVE)
                return
            if _owner_lives(held):
                raise NotReady(
                    f"Another run ({directory.name}) is changing the same organisation at this moment: wait for it to end, "
                    "or give this one a state directory of its own (lync_migration_state_dir) if it is about something else."
                )
            if not owner.alive:
                raise NotReady("The playbook has ended while it waited for another run to end.")
            if time.monotonic() > deadline:
                raise NotReady(
                    f"The run {directory.name} has ended, but a call that it started on a host has not come to an end for "
                    f"{patience:.0f} seconds: see what its session processes wait for."
                )
            time.sleep(_PAUSE)
    finally:
        os.close(held)


def _owner_lives(held: int) -> bool:
    try:
        pid, started = json.loads(os.pread(held, 100, 0))
        return Process(int(pid), str(started)).alive
    except (ValueError, TypeError):
        # it is just beginning, and has not said yet who it is
        return True
