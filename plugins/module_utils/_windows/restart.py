# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restarts of Windows: whether one is pending, and one that is made, waited for and seen in the time of the last start.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from .._engine.calls import UNKNOWN, Change, Cmdlet, Effect, Irreversible, Query
from .._engine.collections import KEPT_SUFFIX, SUFFIX, TCPIP
from .._engine.errors import InDoubt, InvalidInput, NeverRan, NotReady, Unreachable
from .._engine.module import Report, Task
from .._engine.session import Session, quietly
from .._settings.names import BadName, plain_text

COMPONENTS = r"HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending"
UPDATES = r"HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired"
SESSION_MANAGER = r"HKLM:\SYSTEM\CurrentControlSet\Control\Session Manager"
RENAMES = "PendingFileRenameOperations"

#: A host takes a moment before it goes down, and is then asked every few seconds.
FIRST_LOOK, INTERVAL = 3, 5
#: Windows reckons the time of its start from its clock, which may be set a little meanwhile.
_DRIFT = timedelta(seconds=5)
_NOTHING_TO_UNDO = Irreversible("A restart cannot be taken back.")
# As WMI writes it: 20261121080000.000000+060, the last being minutes east of UTC.
_WMI_TIME = re.compile(r"(\d{14})\.(\d{6})([+-])(\d{3})")

REASONS = {
    "components": "Windows features or components were installed",
    "updates": "Windows updates were installed",
    "file_renames": "files in use are to be replaced",
    "dns_suffix": "another primary DNS suffix was set",
}


@dataclass(frozen=True)
class Pending:
    """Why Windows wants to be restarted. Of what is only planned it may not be known whether it will."""

    reason: str
    certain: bool = True


@dataclass(frozen=True)
class State:
    pending: tuple[Pending, ...]
    started: datetime | None  # None: not known, as of a host that cannot be asked
    suffix: str | None  # to be in force after the restart

    def named(self, ignored: Sequence[str]) -> list[Pending]:
        return [one for one in self.pending if one.reason not in ignored]


def run(task: Task) -> Report:
    """Restart the host where that is wanted, and wait for its return."""
    reason = _reason(task)
    session, ignored = task.session, task.params["ignored"]
    state = read_state(session)
    pending = state.named(ignored)
    if task.params["state"] == "when_pending" and not pending:
        return Report(False, _value(state, [], restarted=False))
    why = [REASONS[one.reason] for one in pending] or [reason]
    change = Change(
        Cmdlet("Restart-Computer", {"Force": True, "Confirm": False}),
        f"computer {session.scope}",
        _effects(session, state),
        before={"Reasons": why},
        undo=_NOTHING_TO_UNDO,
        conditional=bool(pending)
        and not any(one.certain for one in pending)
        and task.params["state"] == "when_pending",
    )
    if task.check_mode:
        session.change(change)
        return _report(state, state, why)
    if state.started is None:
        raise NotReady(
            f"{task.context.host} does not say when it was started, so a restart could not be told from none: see "
            "whether Get-WmiObject Win32_OperatingSystem works there."
        )
    _restart(task, change)
    after = _returned(task, state.started)
    for one in after.named(ignored):
        task.warn(
            f"{task.context.host} was restarted, but a restart is still pending there ({REASONS[one.reason]}): if that is "
            f"always so on this host, name {one.reason} in ignored."
        )
    return _report(state, after, why)


def _report(before: State, after: State, why: Sequence[str]) -> Report:
    return Report(
        True,
        _value(after, why, restarted=True),
        before={"started": _shown(before.started)},
        after={"started": _shown(after.started) if after is not before else "(when it is restarted)"},
    )


def _value(state: State, why: Sequence[str], *, restarted: bool) -> dict[str, Any]:
    return {"restart": {"restarted": restarted, "reasons": list(why), "started": _shown(state.started)}}


def _shown(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")


def _reason(task: Task) -> str:
    text = task.params["reason"]
    if text is None:
        return ""
    try:
        return plain_text(text, "A reason such as 'group membership of the computer'")
    except BadName as exc:
        raise InvalidInput(f"reason: {exc}") from exc


# --- what is pending


#: What tells whether a restart is pending, and since when Windows runs.
PENDING_READS = (
    Query("registry_key", COMPONENTS),
    Query("registry_key", UPDATES),
    Query("registry", SESSION_MANAGER, properties=(RENAMES,)),
    Query("registry", TCPIP, properties=(KEPT_SUFFIX, SUFFIX)),
    Query("operating_system"),
)


def read_state(session: Session) -> State:
    """One request. Nothing is known of a host that has no session yet, but what is planned for it."""
    components, updates, manager, tcpip, system = quietly(session, *PENDING_READS)
    booted = system[0].get("LastBootUpTime") if system else None
    pending = [
        Pending(name, rows[0].get("Name") is not UNKNOWN)
        for name, rows in (("components", components), ("updates", updates))
        if rows
    ]
    renames = manager[0].get(RENAMES) if manager else None
    if renames is UNKNOWN or renames:
        pending.append(Pending("file_renames", renames is not UNKNOWN))
    kept = tcpip[0].get(KEPT_SUFFIX) if tcpip else None
    if kept and not _in_force(session, str(kept), tcpip[0].get(SUFFIX), planned=booted is UNKNOWN):
        pending.append(Pending("dns_suffix"))
    return State(tuple(pending), None if booted is UNKNOWN else moment(booted), str(kept) if kept else None)


def _in_force(session: Session, kept: str, suffix: Any, *, planned: bool) -> bool:
    """A suffix that was set, or is planned, is in force after a restart: the session's greeting has the one in force."""
    if suffix is UNKNOWN or str(suffix or "").casefold() != kept.casefold():
        return False
    hello = session.hello
    return planned or not hello or str(hello.get("domain") or "").casefold() == kept.casefold()


def moment(text: object) -> datetime | None:
    """A time of WMI, or one that has been made a date on the way."""
    found = _WMI_TIME.fullmatch(str(text))
    if found:
        digits, fraction, sign, minutes = found.groups()
        at = datetime.strptime(digits + fraction, "%Y%m%d%H%M%S%f").replace(tzinfo=UTC)
        return at - timedelta(minutes=int(minutes)) * (1 if sign == "+" else -1)
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _effects(session: Session, state: State) -> tuple[Effect, ...]:
    """Nothing is pending any more, and the time of the start is another one."""
    effects = [session.effect("operating_system", "system", {"LastBootUpTime": UNKNOWN})]
    for one in state.pending:
        if one.reason == "components":
            effects.append(session.effect("registry_key", COMPONENTS, None))
        elif one.reason == "updates":
            effects.append(session.effect("registry_key", UPDATES, None))
        elif one.reason == "file_renames":
            effects.append(session.effect("registry", SESSION_MANAGER, {RENAMES: None}))
        else:
            effects.append(session.effect("registry", TCPIP, {SUFFIX: state.suffix}))
    return tuple(effects)


# --- the restart


def _restart(task: Task, change: Change) -> None:
    """The one write whose answer may well be lost: what came of it is read from the time of the last start, and it is
    never sent twice."""
    try:
        task.session.change(change, seconds=120)
    except InDoubt:
        task.session.note("The answer to Restart-Computer was lost; the time of the last start tells what came of it.")
    task.session.leave("host_restarted")
    task.session.pause(FIRST_LOOK)


def _returned(task: Task, before: datetime) -> State:
    session = task.session
    seconds = max(0, task.params["wait_seconds"])

    def back() -> State | None:
        try:
            (rows,) = session.read("operating_system")
            now = moment(rows[0].get("LastBootUpTime")) if rows else None
            if now is None or now <= before + _DRIFT:
                return None
            # what the process was told when it started may be of before
            return read_state(session)
        except (Unreachable, InDoubt, NeverRan):
            _leave(session)
            return None

    try:
        state = session.wait(back, seconds, INTERVAL)
    except NotReady as exc:
        raise NotReady(
            f"{task.context.host} has not come back from its restart within {seconds} s, or has not gone down: see its "
            "console. When it is back, run the task again; where a restart is still pending then, it is restarted again."
        ) from exc
    if state is None:
        raise NotReady(f"{task.context.host} has not come back from its restart.")
    return state


def _leave(session: Session) -> None:
    try:
        session.leave("host_restarted")
    except (Unreachable, InDoubt, NeverRan):
        return
