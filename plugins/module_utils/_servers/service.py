# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows services of Lync: running, and started after the certificates that they read were assigned.

A restart is a state here: a service whose process is older than a certificate it reads is stopped and started, whoever
assigned the certificate and whenever that was.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .._engine.calls import Change, Cmdlet, Effect, Evidence, Executable, Query
from .._engine.errors import CmdletFailed, InvalidInput, NotReady
from .._engine.module import Report, Task
from .._engine.performer import text_of
from .._engine.session import Session, quietly
from .._settings.names import shown as quoted
from .server import (
    RUNNING,
    SERVER,
    Expected,
    Row,
    Server,
    identity_of,
    is_proxy,
    is_running,
    later_than,
    moment,
    read_server,
    reconciled,
    row_of,
)

START_SECONDS = 1800
_READS = ("windows_service", "certificate_use", "process")
XMPP_PORTS = (5269, 23456)
_NETSTAT = Executable(r"C:\Windows\System32\netstat.exe", ("-a", "-n", "-o"), seconds=60)
_LISTENING = re.compile(r"^\s*TCP\s+\S+:(\d{1,5})\s+\S+:0\s+LISTENING\b", re.MULTILINE)

_SERVICE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_$.-]{0,255}")


@dataclass(frozen=True)
class State:
    services: tuple[Row, ...]  # of Get-CsWindowsService
    uses: tuple[Row, ...]  # assigned certificates
    processes: tuple[Row, ...]

    @property
    def stopped(self) -> list[Row]:
        return [row for row in self.services if not is_running(row)]

    @property
    def waiting(self) -> list[Row]:
        """The XMPP proxy does not start before it has a certificate, which comes with a later step."""
        assigned = {str(row.get("Use")).casefold() for row in self.uses}
        return [] if "xmppserver" in assigned else [row for row in self.stopped if is_proxy(row)]


def _check_names(names: Sequence[str]) -> None:
    """They are only compared; a text that could never be a service's name is a mistake all the same."""
    for one in names:
        if not _SERVICE_NAME.fullmatch(one):
            raise InvalidInput(
                f"may_be_stopped: the name of a Windows service such as RTCSRV is wanted, but {quoted(one)} is none."
            )


def run(task: Task) -> Report:
    _check_names(task.params["may_be_stopped"])
    session, ports = task.session, sorted(set(task.params["listening_ports"]))
    if task.context.host not in task.context.members("lync_2013_edges"):
        session.read_ahead("replica")  # which a Front End is asked for after its services
        if not task.params["wait_seconds"]:
            session.read_ahead(*SERVER, *_READS)  # the same again, once the other Front Ends of the pool were started, too
    server = read_server(session, *_READS)
    before = _state(server.more)
    old = _outdated(server, before)
    changes = _changes(session, server, before, old, ports)
    outcomes = session.change(*changes, seconds=START_SECONDS, tolerate=True) if changes else []
    after = _settled(task, session) if changes else before
    left = _left(task, after)
    if left and not task.check_mode:
        raise _not_started(task, left, outcomes)
    for row in after.waiting:
        task.warn(f"{row.get('DisplayName')} is not started yet: no certificate is assigned for the use XmppServer.")
    open_ports = _listening(task, session, server, ports)
    value = {
        "services": [_shown(row) for row in after.services],
        "restarted": [one.name for one in old],
        "listening": open_ports,
    }
    evidence = []
    if after.services and len(after.stopped) == len(after.waiting):
        evidence.append(
            Evidence("services_running", task.context.host, value=sorted(str(r["Name"]) for r in after.services))
        )
    if set(XMPP_PORTS) <= set(open_ports):
        evidence.append(Evidence("xmpp_listening", task.context.host, value=open_ports))
    return Report(
        bool(changes),
        {"lync": value},
        before=[_shown(row) for row in before.services],
        after=[_shown(row) for row in after.services],
        evidence=evidence,
    )


def _shown(row: Row) -> dict[str, Any]:
    status = RUNNING if is_running(row) else str(row.get("Status"))
    return {"name": row.get("Name"), "display_name": row.get("DisplayName"), "status": status}


def _state(rows: Sequence[Sequence[Row]]) -> State:
    services, uses, processes = rows
    return State(reconciled(services), tuple(uses), tuple(processes))


def _left(task: Task, state: State) -> list[Row]:
    allowed = {name.casefold() for name in task.params["may_be_stopped"]}
    waiting = state.waiting
    return [row for row in state.stopped if row not in waiting and str(row.get("Name")).casefold() not in allowed]


# --- what is to be done


def _outdated(server: Server, state: State) -> list[Expected]:
    """Running services whose process was started before a certificate that it reads was assigned."""
    assigned = {str(row.get("Use")).casefold(): moment(row.get("UpdateTime")) for row in state.uses}
    started = {str(row.get("ProcessName")).casefold(): moment(row.get("StartTime")) for row in state.processes}
    found = []
    for one in server.expected:
        row, start = row_of(one, state.services), started.get(one.process.casefold())
        if row is None or not is_running(row) or start is None:
            continue
        if any(at is not None and at > start for at in (assigned.get(use.casefold()) for use in one.uses)):
            found.append(one)
    return found


def _changes(
    session: Session, server: Server, state: State, old: Sequence[Expected], ports: Sequence[int]
) -> list[Change]:
    waiting = state.waiting
    to_start = [row for row in (state.services if old else state.stopped) if row not in waiting]
    if not to_start:
        return []
    changes = []
    if old:  # as documented for a new certificate: all services, not only those that read it
        running = [row for row in state.services if is_running(row)]
        stopping = Cmdlet("Stop-CsWindowsService", {"Graceful": True, "Confirm": False}, stop_on_error=True)
        effects = tuple(_status(session, server, running, "Stopped"))
        changes.append(Change(stopping, f"services of {server.fqdn}", effects, undo=(_start_call(),)))
    times = later_than(*(r.get("UpdateTime") for r in state.uses), *(r.get("StartTime") for r in state.processes))
    if waiting:
        for row in to_start:
            made = tuple(_started(session, server, [row], times, ports))
            changes.append(Change(_start_call(str(row["Name"])), f"service {row['Name']}", made))
    else:
        made = tuple(_started(session, server, to_start, times, ports))
        changes.append(Change(_start_call(), f"services of {server.fqdn}", made))
    return changes


def _start_call(name: str | None = None) -> Cmdlet:
    return Cmdlet("Start-CsWindowsService", {**({"Name": name} if name else {}), "Confirm": False})


def _status(session: Session, server: Server, rows: Sequence[Row], status: str) -> list[Effect]:
    """Of services that the topology lets expect, and of those that only the host names."""
    known = [(identity_of(one, row), row) for one in server.expected if (row := row_of(one, rows)) is not None]
    told = [row for _name, row in known]
    known += [(str(row["Name"]), row) for row in rows if row not in told]
    return [session.effect("windows_service", name, {"Status": status}) for name, _row in known]


def _started(session: Session, server: Server, rows: Sequence[Row], at: str, ports: Sequence[int]) -> list[Effect]:
    effects = _status(session, server, rows, RUNNING)
    for one in server.expected:
        row = row_of(one, rows)
        if row is None:
            continue
        effects.append(session.effect("component", identity_of(one, row), {"Status": RUNNING}))
        effects.append(session.effect("process", one.process, {"ProcessName": one.process, "StartTime": at}))
        if is_proxy(row):
            effects += [session.effect("listening_port", str(p), {"LocalPort": p}) for p in ports if p in XMPP_PORTS]
    return effects


# --- what came of it


def _settled(task: Task, session: Session) -> State:
    """The services once all run that can; services that start slowly are waited for."""
    latest: list[State] = []

    def all_run() -> bool:
        latest[:] = [_state(quietly(session, *_READS))]
        return not _left(task, latest[0])

    try:
        session.wait(all_run, task.params["wait_seconds"])
    except NotReady:
        pass
    return latest[0]


def _not_started(task: Task, left: Sequence[Row], outcomes: Sequence[dict[str, Any]]) -> CmdletFailed:
    errors = [error for outcome in outcomes for error in outcome["errors"]]
    said = "; ".join(error.shown() for error in errors[:3])
    names = ", ".join(f"{row.get('DisplayName') or row.get('Name')} ({row.get('Status')})" for row in left)
    return CmdletFailed(
        f"On {task.context.host} these services do not run: {names}.{' The server says: ' + said + '.' if said else ''} See the "
        "event log 'Lync Server' there; a service that is to stay stopped belongs into may_be_stopped.",
        tuple(errors),
    )


def _listening(task: Task, session: Session, server: Server, wanted: Sequence[int]) -> list[int]:
    """The wanted ports, once all are open."""
    if not wanted:
        return []
    found: set[int] = set()

    def open_now() -> bool:
        found.clear()
        found.update(_open_ports(session))
        return set(wanted) <= found

    try:
        session.wait(open_now, task.params["wait_seconds"], 2)
    except NotReady:
        pass
    closed = [port for port in wanted if port not in found]
    if closed:
        raise NotReady(
            f"{task.context.host} does not listen on port {', '.join(map(str, closed))}: see that XMPP is in its local store, that its "
            "components are installed and that the certificate for XmppServer is assigned."
        )
    return list(wanted)


def _open_ports(session: Session) -> set[int]:
    """Windows 2008 R2 has no Get-NetTCPConnection; netstat.exe says the same."""
    if str(session.hello.get("windows") or "").startswith("6.1") and not session.check:
        (answer,) = session.call(_NETSTAT)
        return {int(port) for port in _LISTENING.findall(text_of(answer.get("stdout")))}
    return {
        int(row["LocalPort"])
        for row in quietly(session, Query("listening_port"))[0]
        if str(row.get("LocalPort")).isdigit()
    }
