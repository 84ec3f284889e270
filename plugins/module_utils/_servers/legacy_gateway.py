# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service of the old XMPP gateway (Office Communications Server 2007 R2): stopped gracefully, which closes its streams.

It is known by its display name; no published page gives the name that Windows has for it. The gateway is often a host that holds no
session: then nothing is done here, and a manual gate says what a person does.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from .._engine.calls import Change, Cmdlet, Executable, Query
from .._engine.errors import InvalidInput, NoSession, NotReady, Unreachable
from .._engine.module import Report, Task
from .._engine.performer import text_of
from .._engine.session import Session
from .._engine.transitions import GATEWAY_SERVICE

XMPP_PORT = 5269
STOPPED, RUNNING = "Stopped", "Running"
_NETSTAT = Executable(r"C:\Windows\System32\netstat.exe", ("-a", "-n", "-o"), seconds=60)
#: A connection of this port that a process holds: states have names in the language of Windows, numbers have not.
_STREAM = re.compile(rf"^\s*TCP\s+\S+:{XMPP_PORT}\s+(\S+):([1-9]\d{{0,4}})\s+\S+\s+([1-9]\d*)\s*$", re.MULTILINE)

Row = Mapping[str, Any]


def run(task: Task) -> Report:
    wanted = STOPPED if task.params["state"] == "stopped" else RUNNING
    why, row, session = _found(task)
    if row is None or session is None:
        return Report(False, {"gateway": {"session": False, "service": None, "streams": None, "why": why}})
    name, before = str(row["Name"]), str(row["Status"])
    changed = before.casefold() != wanted.casefold()
    if changed:
        session.change(_change(session, row, wanted), seconds=task.params["wait_seconds"] + 60)
        row = _settled(task, session, name, wanted)
    streams = None if wanted == RUNNING or task.check_mode else _without_streams(task, session)
    after = wanted if task.check_mode else str(row["Status"])
    value = {
        "session": True,
        "service": {"name": name, "display_name": row.get("DisplayName"), "status": after},
        "streams": streams,
        "why": "",
    }
    return Report(changed, {"gateway": value}, before={"status": before}, after={"status": after})


def _found(task: Task) -> tuple[str, Row | None, Session | None]:
    """The service, or why nobody can say."""
    try:
        if not task.has_session():
            return "No session with the host was had in this run.", None, None
        session = task.session
        if not session.hello:
            return "No session with the host was had in this run.", None, None
        (rows,) = session.read(Query("component"))
    except (Unreachable, NoSession) as exc:
        return exc.text, None, None
    found = [one for one in rows if str(one.get("DisplayName")).casefold().startswith(GATEWAY_SERVICE)]
    if len(found) != 1:
        raise InvalidInput(
            f"{task.context.host} has {len(found) or 'no'} service whose display name begins with 'Office Communications Server XMPP Gateway': see "
            "that the group lync_legacy_gateway names the host of the old gateway, and no other."
        )
    return "", found[0], session


def _change(session: Session, row: Row, wanted: str) -> Change:
    name = str(row["Name"])
    stop, start = (Cmdlet(f"{verb}-Service", {"Name": name, "Confirm": False}) for verb in ("Stop", "Start"))
    properties = {"Name": name, "DisplayName": row["DisplayName"], "Status": wanted}
    return Change(
        stop if wanted == STOPPED else start,
        f"service {row['DisplayName']}",
        (session.effect("component", name, properties),),
        before={"Status": row["Status"]},
        undo=(start if wanted == STOPPED else stop,),
    )


def _settled(task: Task, session: Session, name: str, wanted: str) -> Row:
    def there() -> Row | None:
        (rows,) = session.read(Query("component"))
        row = next((one for one in rows if str(one.get("Name")).casefold() == name.casefold()), None)
        return row if row is not None and str(row.get("Status")).casefold() == wanted.casefold() else None

    row: Row | None = session.wait(
        there, task.params["wait_seconds"], 2, f"That the service {name} of {task.context.host} is {wanted}"
    )
    if row is None:
        raise NotReady(f"The service {name} of {task.context.host} is not {wanted}: see the event log System there.")
    return row


def _without_streams(task: Task, session: Session) -> int:
    """No process of the host holds a stream any more."""
    left: list[Sequence[str]] = []

    def none_left() -> bool:
        (answer,) = session.call(_NETSTAT)
        left[:] = _STREAM.findall(text_of(answer.get("stdout")))
        return not left

    try:
        session.wait(none_left, task.params["wait_seconds"], 2)
    except NotReady:
        raise NotReady(
            f"The service is stopped, but a process of {task.context.host} still holds streams: {', '.join(one[0] for one in left[:5])}. See which "
            "process that is (netstat -a -n -o), and have it ended by its own service."
        ) from None
    return len(left)
