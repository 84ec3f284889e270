# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages: installers that are checked, started once, and seen in what they leave on the host.

Whether a product is there is never concluded from an installer's end alone, and an installer is never started again in
doubt: after a lost answer the next run looks first, and waits while the installer of that run is still at work.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from .._engine.calls import UNKNOWN, Change, Effect, Executable, Irreversible, Query
from .._engine.errors import CmdletFailed, MigrationError, Mismatch, NotReady
from .._engine.module import Report, Task
from .._engine.session import Session, quietly
from .package_source import Package, check_installer, packages
from .restart import PENDING_READS, RENAMES, SESSION_MANAGER

Row = Mapping[str, Any]

DONE, RESTART, BUSY = 0, (3010, 1641), 1618
#: SQL Server's set-up: a restart is pending, and has to be made first (0x84BE0BC2).
RESTART_FIRST = -2067919934
#: Another installation is waited for, and looked at every so many seconds.
INTERVAL = 15
MSIEXEC = "C:\\Windows\\System32\\msiexec.exe"
_KEPT = Irreversible(
    "Programs are not removed by this collection, because others may have come to build on them: remove them under "
    "Programs and Features, when nothing needs them."
)


def run(task: Task) -> Report:
    """Install what is missing, in the order of the list."""
    wanted = packages(task.params["packages"])
    session = task.session
    session.read_ahead(*PENDING_READS)  # which the next task of the role asks about
    there = _look(session, wanted)
    missing = [one for one in wanted if not there[one.name]]
    before = {one.name: "present" if there[one.name] else "missing" for one in wanted}
    had_lync = bool(missing) and bool(session.hello.get("lync"))
    started: list[str] = []
    restart = False
    try:
        for one in missing:
            code = _install(task, one)
            if code is not None:
                started.append(one.name)
                restart = restart or code in RESTART
    finally:
        if (started or session.calls) and not had_lync:
            # the Lync Server cmdlets may have come with them: a process sees a new path of modules only when it starts
            with contextlib.suppress(MigrationError):  # what went wrong before is what is to be reported
                session.leave("module_path")
    value = {
        "packages": [{"name": one.name, "present": True, "installed": one.name in started} for one in wanted],
        "restart_required": restart,
    }
    return Report(bool(started), value, before=before, after={one.name: "present" for one in wanted})


# --- what is there


def _query(one: Package) -> Query:
    if one.kind_of_proof == "display_name":
        return Query("installed_program", one.proof)
    if one.kind_of_proof == "file":
        return Query("file", one.proof)
    if one.kind_of_proof == "service":
        return Query("component", one.proof)
    return Query("sql_instance", "instances", properties=(one.proof,))


def _look(session: Session, wanted: Sequence[Package]) -> dict[str, bool]:
    """Whether what each package provides is there, in one request."""
    answers = quietly(session, *(_query(one) for one in wanted))
    found = {}
    for one, rows in zip(wanted, answers, strict=True):
        if one.kind_of_proof == "sql_instance":
            rows = [row for row in rows if row.get(one.proof) is not None]
        found[one.name] = bool(rows)
    return found


def _is_there(session: Session, one: Package) -> bool:
    return _look(session, [one])[one.name]


# --- installing


def _install(task: Task, one: Package) -> int | None:
    """The exit code of the installer; None where it was not started, because the package came in another way meanwhile."""
    session = task.session
    if not task.check_mode and _other_run(task, one):
        return None
    check_installer(session, one)
    change = _change(session, one, task.params["seconds"])
    if task.check_mode:
        session.change(change)
        return DONE
    code = _exit(task, one, change)
    if code is not None and not _is_there(session, one):
        raise Mismatch(
            f"{one.name}: the installer on {task.context.host} ended with exit code {code}, but {one.shown_proof} is not "
            "there: see whether provides names what this package installs, and the log of the installer in %TEMP% there."
        )
    if code == RESTART[1]:
        task.warn(f"{one.name}: the installer has begun to restart {task.context.host} (exit code 1641).")
    return code


def _other_run(task: Task, one: Package) -> bool:
    """An installer that an earlier run has started may still be at work: whether it has installed the package."""
    if one.kind == "msi":
        return False  # Windows Installer says so itself
    session, process = task.session, one.process.casefold()

    def ended() -> bool:
        rows = quietly(session, Query("process", partial=True))[0]
        return all(str(row.get("ProcessName")).casefold() != process for row in rows)

    if ended():
        return False
    what = f"The end of {one.process}, which is running already,"
    session.wait(ended, task.params["seconds"], INTERVAL, what=what)
    return _is_there(session, one)


def _exit(task: Task, one: Package, change: Change) -> int | None:
    """The exit code of the installer. None: it did not run, because the package came in another way meanwhile."""
    session = task.session
    looks = max(1, task.params["seconds"] // INTERVAL)
    for _look_again in range(looks):
        (outcome,) = session.change(change, seconds=change.seconds, tolerate=True)
        code = outcome.get("exit")
        if code == DONE or code in RESTART:
            return int(code)
        if code != BUSY:
            raise _failed(task, one, outcome)
        # Windows Installer has refused it before it began, so that it may be started again is certain
        session.pause(INTERVAL)
        if _is_there(session, one):
            return None
    raise NotReady(
        f"{one.name}: another installation runs on {task.context.host} (exit code 1618), and has not ended within "
        f"{task.params['seconds']} s: wait for its end, and run the task again."
    )


def _failed(task: Task, one: Package, outcome: Mapping[str, Any]) -> Exception:
    host, errors = task.context.host, tuple(outcome["errors"])
    if errors:
        said = "; ".join(error.shown() for error in errors[:3])
        return CmdletFailed(f"{one.name}: {one.path} could not be started on {host}: {said}.", errors)
    if outcome.get("exit") is None:
        return NotReady(
            f"{one.name}: the installer on {host} has not ended within {task.params['seconds']} s and is left running. Run "
            "the task again: it waits for its end and looks before it installs anything."
        )
    if outcome["exit"] == RESTART_FIRST:
        return NotReady(
            f"{one.name}: SQL Server cannot be installed on {host} before Windows was restarted, which is pending there: "
            "restart it (restart), and run the task again."
        )
    return CmdletFailed(
        f"{one.name}: the installer {one.path} on {host} ended with exit code {outcome['exit']}. See its log in %TEMP% there, "
        "and run the task again: it looks first whether the package is there."
    )


def _change(session: Session, one: Package, seconds: int) -> Change:
    if one.kind == "msi":
        call = Executable(MSIEXEC, ("/i", one.path, "/qn", "/norestart", *one.arguments), "msi", seconds=seconds)
    else:
        call = Executable(one.path, one.arguments, seconds=seconds)
    return Change(call, f"package {one.name}", _effects(session, one), undo=_KEPT, seconds=seconds + 100)


def _effects(session: Session, one: Package) -> tuple[Effect, ...]:
    """What it provides; and perhaps that a restart waits, which only the installer knows."""
    renames = session.effect("registry", SESSION_MANAGER, {RENAMES: UNKNOWN})
    if one.kind_of_proof == "display_name":
        row = {"DisplayName": one.proof, "DisplayVersion": UNKNOWN}
        return session.effect("installed_program", one.proof, row), renames
    if one.kind_of_proof == "file":
        return session.effect("file", one.proof, {"FullName": one.proof, "Length": UNKNOWN}), renames
    if one.kind_of_proof == "service":
        return _service(session, one.proof), renames
    instance = session.effect("sql_instance", "instances", {one.proof: UNKNOWN})
    return instance, _service(session, f"MSSQL${one.proof}"), renames


def _service(session: Session, name: str) -> Effect:
    return session.effect("component", name, {"Name": name, "Status": "Running"})
