# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows features: those that are missing are added with one call, and Windows is never restarted by it.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from .._engine.calls import UNKNOWN, Change, Cmdlet, Effect, Irreversible
from .._engine.errors import CmdletFailed, InvalidInput, Mismatch
from .._engine.module import Report, Task
from .._engine.session import Session, quietly
from .._settings.names import BadName, distinct, windows_path
from .._settings.names import shown as quoted
from .restart import COMPONENTS, PENDING_READS

Row = Mapping[str, Any]

SECONDS = 3600
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,99}")
#: Windows cannot have them without a restart.
_RESTARTING = frozenset({"desktop-experience"})
_PENDING = "InstallPending"
_RESULT = ("Success", "RestartNeeded", "ExitCode")
_KEPT = Irreversible(
    "Windows features are not removed by this collection, because other programs may have come to use them: remove them "
    "with Uninstall-WindowsFeature (Remove-WindowsFeature on Windows Server 2008 R2), when nothing needs them."
)


def is_2008_r2(session: Session) -> bool:
    return str(session.hello.get("windows") or "").startswith("6.1")


def run(task: Task) -> Report:
    """Add the features that are missing."""
    names, source = _names(task.params["names"]), _source(task.params["source"])
    task.session.read_ahead(*PENDING_READS)  # which the next task of the role asks about
    rows = _read(task, names)
    missing = [name for name in names if not _is_there(rows[name.casefold()])]
    before = {name: _state(rows[name.casefold()]) for name in names}
    restart = any(_is_pending(rows[name.casefold()]) for name in names)
    if missing:
        restart = _add(task, missing, source) or restart
        after = {name: "installed" if name in missing else state for name, state in before.items()}
    else:
        after = before
    value = {"features": [{"name": one, "state": after[one]} for one in names], "restart_required": restart}
    return Report(bool(missing), value, before=before, after=after)


def _names(given: Sequence[str]) -> list[str]:
    for one in given:
        if not _NAME.fullmatch(one):
            raise InvalidInput(
                f"names: the name of a Windows feature such as Web-Server is wanted, but {quoted(one)} is none."
            )
    return distinct(given)


def _source(path: str | None) -> str | None:
    try:
        return None if path is None else windows_path(path)
    except BadName as exc:
        raise InvalidInput(f"source: {exc}") from exc


def _read(task: Task, names: Sequence[str]) -> dict[str, Row]:
    """The rows of the wanted features. Where nothing is known of the host yet, nothing is there."""
    (rows,) = quietly(task.session, "windows_feature")
    known = {str(row.get("Name")).casefold(): row for row in rows}
    # a plan has rows of planned features only, where the host cannot be asked
    if known and task.session.hello:
        strange = [name for name in names if name.casefold() not in known]
        if strange:
            raise InvalidInput(
                f"names: Windows on {task.context.host} has no feature {', '.join(strange)}. Get-WindowsFeature lists the "
                "names that this version of Windows has."
            )
    return {name.casefold(): known.get(name.casefold(), {}) for name in names}


def _is_pending(row: Row) -> bool:
    return str(row.get("InstallState")) == _PENDING


def _is_there(row: Row) -> bool:
    """A feature that waits for the restart is there: adding it again changes nothing."""
    return row.get("Installed") is True or _is_pending(row)


def _state(row: Row) -> str:
    return "installed, a restart is needed" if _is_pending(row) else "installed" if _is_there(row) else "missing"


def _add(task: Task, missing: Sequence[str], source: str | None) -> bool:
    """One call for all of them; whether Windows wants a restart."""
    session = task.session
    parameters: dict[str, Any] = {"Name": list(missing), "Confirm": False}
    if is_2008_r2(session):  # its Add-WindowsFeature takes what it needs from Windows itself
        name = "Add-WindowsFeature"
    else:
        name = "Install-WindowsFeature"
        if source is not None:
            parameters["Source"] = source
    (outcome,) = session.change(
        Change(
            Cmdlet(name, parameters, _RESULT),
            f"Windows features {', '.join(missing)}",
            _effects(session, missing),
            before={"Missing": list(missing)},
            undo=_KEPT,
            seconds=SECONDS,
        ),
        seconds=SECONDS,
    )
    if task.check_mode:
        return any(one.casefold() in _RESTARTING for one in missing)
    result = outcome["rows"][0] if outcome["rows"] else {}
    if result.get("Success") is False:
        raise CmdletFailed(
            f"{name} on {task.context.host} did not add {', '.join(missing)} (it ended with {result.get('ExitCode')}): where "
            "it lacks files, name the folder sources\\sxs of the Windows media in the option source."
        )
    rows = _read(task, missing)
    left = [one for one in missing if not _is_there(rows[one.casefold()])]
    if left:
        raise Mismatch(
            f"{name} on {task.context.host} ended without an error, but {', '.join(left)} is not installed: see "
            "C:\\Windows\\Logs\\CBS\\CBS.log there, and run the task again."
        )
    needed = str(result.get("RestartNeeded")).casefold() in ("yes", "true", "maybe")
    return needed or any(_is_pending(row) for row in rows.values())


def _effects(session: Session, missing: Sequence[str]) -> tuple[Effect, ...]:
    """The features; and whether a restart waits then, which for most of them only Windows knows."""
    surely = any(one.casefold() in _RESTARTING for one in missing)
    pending = {"Name": COMPONENTS if surely else UNKNOWN}
    return (
        *(session.effect("windows_feature", one, {"Name": one, "Installed": True}) for one in missing),
        session.effect("registry_key", COMPONENTS, pending),
    )
