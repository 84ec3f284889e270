# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The WS-Management service of one computer: envelopes in, envelopes out, whatever carried them."""

from __future__ import annotations

import base64
import binascii
import threading
import time
import typing as t
from collections import Counter

from ..organisation.faults import Fault
from ..powershell import values as v
from ..powershell.performer import ComputerSession
from ..powershell.standin import StandIn
from . import soap
from .limits import Limits, limits_of
from .shells import Process, Shell, Shells, digest, start

ENVELOPE_ROOM = 2048  # for the headers of a Receive's answer


class Drop(Exception):
    """Close the connection without an answer."""


class Refuse(Exception):
    """Answer 401, whatever the credentials."""


class Counts:
    """What a client asked of this computer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counter: Counter[str] = Counter()

    def add(self, name: str) -> None:
        with self._lock:
            self._counter[name] += 1

    def get(self) -> dict[str, int]:
        names = ("requests", "shells", "powershell_starts", "refused", "faults")
        with self._lock:
            return {name: self._counter[name] for name in names} | dict(sorted(self._counter.items()))


class Service:
    """Shells and processes of one computer for its users.

    ``restart`` is what a fault may ask of the endpoint around this; it must not wait for the caller.
    """

    def __init__(
        self,
        world: t.Any,
        computer: t.Any,
        limits: Limits | None = None,
        session: t.Callable[..., ComputerSession] = ComputerSession,
    ) -> None:
        self.world, self.computer = world, computer
        self.shells = Shells(limits or limits_of(computer.powershell))
        self.counts = Counts()
        self.restart: t.Callable[[float], None] = lambda seconds: None
        self._session = session
        self._lock = threading.Lock()
        self._operations: Counter[str] = Counter()
        self._actions: dict[str, t.Callable[[soap.Request, str], bytes]] = {
            "create": self._create,
            "command": self._command,
            "send": self._send,
            "receive": self._receive,
            "signal": self._signal,
            "delete": self._delete,
        }

    @property
    def limits(self) -> Limits:
        return self.shells.limits

    def handle(self, data: bytes, user: str) -> tuple[int, bytes]:
        """HTTP status and envelope. Raises Drop and Refuse where a fault says so."""
        self.counts.add("requests")
        message_id = ""
        try:
            if len(data) > self.limits.max_envelope:
                raise soap.WsmanFault(
                    soap.ENVELOPE_TOO_LARGE,
                    "The WS-Management service cannot process the request because the request is too large.",
                )
            request = soap.parse(data)
            message_id = request.message_id
            return 200, self._perform(request, user)
        except soap.BadEnvelope as exc:
            exception = soap.WsmanFault(soap.SCHEMA_VALIDATION, f"The SOAP XML in the message does not match: {exc}.")
        except soap.WsmanFault as exc:
            exception = exc
        self.counts.add("faults")
        return 500, soap.fault(exception, message_id, self.computer.fqdn)

    def _perform(self, request: soap.Request, user: str) -> bytes:
        operation = request.operation
        self.counts.add(operation if operation in self._actions else "other")
        faults = self.world.faults.for_operation(self.computer.fqdn, operation) if self.world.faults else ()
        for fault in faults:
            if fault.when == "before":
                self._strike(fault, request, user)
        if operation == "identify":
            result = soap.identify(self.computer.windows)
        else:
            action = self._actions.get(operation)
            if action is None:
                raise soap.WsmanFault(soap.INVALID_ACTION, "The action is not supported by the service.")
            if request.resource != soap.CMD_SHELL:
                raise soap.WsmanFault(
                    soap.INVALID_RESOURCE,
                    "The WS-Management service cannot process the request. The resource URI is not valid.",
                )
            with self._counted(user):
                result = action(request, user)
        for fault in faults:
            if fault.when == "after":
                self._strike(fault, request, user)
        return result

    def _counted(self, user: str) -> _Operation:
        return _Operation(self._lock, self._operations, user, self.limits.max_operations_per_user)

    def _strike(self, fault: Fault, request: soap.Request, user: str) -> None:
        if fault.do == "delay":
            time.sleep(fault.seconds)
        elif fault.do == "drop":
            raise Drop
        elif fault.do == "refuse":
            raise Refuse
        elif fault.do == "fault":
            raise soap.WsmanFault(fault.code, fault.message, fault.subcode)
        elif fault.do == "restart":
            self.restart(fault.seconds)
            raise Drop
        elif request.selectors.get("ShellId"):
            shell = self.shells.get(request.selectors["ShellId"], user)
            if fault.do == "kill_shell":
                self.shells.remove(shell)
            else:
                shell.terminate()

    # --- operations

    def _shell(self, request: soap.Request, user: str) -> Shell:
        return self.shells.get(request.selectors.get("ShellId", ""), user)

    def _create(self, request: soap.Request, user: str) -> bytes:
        element = request.children.get(f"{{{soap.RSP}}}Shell")
        if element is None:
            raise soap.BadEnvelope("Create has no Shell")
        idle = soap.seconds((element.findtext(f"{{{soap.RSP}}}IdleTimeOut") or "").strip())
        page = request.options.get("WINRS_CODEPAGE", "437")
        shell = self.shells.create(user, idle, int(page) if page.isascii() and page.isdigit() else 437)
        self.counts.add("shells")
        return soap.created(request, shell.id, user, shell.idle_timeout)

    def _command(self, request: soap.Request, user: str) -> bytes:
        shell = self._shell(request, user)
        element = request.children.get(f"{{{soap.RSP}}}CommandLine")
        if element is None:
            raise soap.BadEnvelope("Command has no CommandLine")
        if shell.running() >= self.limits.max_processes_per_shell:
            raise soap.WsmanFault(
                soap.MAX_COMMANDS,
                "The WS-Management service cannot process the request. The maximum number of concurrent commands per "
                f"shell is {self.limits.max_processes_per_shell}, which has been exceeded.",
            )
        words = [element.findtext(f"{{{soap.RSP}}}Command") or ""]
        words += [item.text or "" for item in element.iterfind(f"{{{soap.RSP}}}Arguments")]
        command = " ".join(word.strip() for word in words if word.strip())
        through_cmd = request.options.get("WINRS_SKIP_CMD_SHELL", "FALSE").upper() != "TRUE"
        shell.used = time.monotonic()
        process, outcome = start(shell, command, through_cmd, lambda process: self._standin(shell, process, user))
        if outcome == "started":
            self.counts.add("powershell_starts")
        else:
            self._record(digest(command), outcome)
        return soap.answer(
            request, f"<rsp:CommandResponse><rsp:CommandId>{process.id}</rsp:CommandId></rsp:CommandResponse>"
        )

    def _standin(self, shell: Shell, process: Process, user: str) -> StandIn:
        session = self._session(
            self.world, self.computer, user, strike=lambda fault: self._strike_call(fault, shell, process)
        )
        return StandIn(session, process.write_out, process.write_err, process.end)

    def _strike_call(self, fault: Fault, shell: Shell, process: Process) -> None:
        """A fault at a cmdlet, done to what carries its answer."""
        if fault.do == "kill_process":
            process.terminate()
        elif fault.do == "kill_shell":
            self.shells.remove(shell)
        elif fault.do == "restart":
            self.restart(fault.seconds)
        else:
            process.strike(fault)

    def _send(self, request: soap.Request, user: str) -> bytes:
        shell = self._shell(request, user)
        shell.used = time.monotonic()
        for stream in request.body.iter(f"{{{soap.RSP}}}Stream"):
            process = shell.process(stream.get("CommandId", ""))
            if stream.get("Name") != "stdin":
                raise soap.BadEnvelope("Send has no stream but stdin")
            try:
                data = base64.b64decode(stream.text or "", validate=True)
            except (binascii.Error, ValueError) as exc:
                raise soap.BadEnvelope("a stream is no base64") from exc
            process.send(data, stream.get("End", "").casefold() == "true")
        return soap.answer(request, "<rsp:SendResponse/>")

    def _receive(self, request: soap.Request, user: str) -> bytes:
        shell = self._shell(request, user)
        wanted = request.body.find(f".//{{{soap.RSP}}}DesiredStream")
        process = shell.process(wanted.get("CommandId", "") if wanted is not None else "")
        room = min(request.max_envelope or self.limits.max_envelope, self.limits.max_envelope) - ENVELOPE_ROOM
        if room < ENVELOPE_ROOM:
            raise soap.WsmanFault(soap.CLIENT_ENVELOPE_TOO_SMALL, "The requested maximum envelope size is too small.")
        shell.active += 1
        try:
            wait = min(request.timeout or self.limits.max_timeout, self.limits.max_timeout)
            got = process.receive(wait, room * 3 // 4 // 3 * 3)
        finally:
            shell.active -= 1
            shell.used = time.monotonic()
        if got is None:
            raise soap.WsmanFault(
                soap.OPERATION_TIMEOUT,
                "The WS-Management service cannot complete the operation within the time specified in OperationTimeout.",
            )
        out, err, code, fault = got
        if fault is not None:
            self._strike(fault, request, user)
        if process.exit_code is not None and not self.shells.has(shell):
            raise soap.WsmanFault(
                soap.ABORTED,
                "The I/O operation has been aborted because of either a thread exit or an application request.",
            )
        streams = []
        for name, data in (("stdout", out), ("stderr", err)):
            if data or code is not None:
                streams.append((name, base64.b64encode(data).decode("ascii"), code is not None))
        return soap.received(request, process.id, streams, code)

    def _signal(self, request: soap.Request, user: str) -> bytes:
        shell = self._shell(request, user)
        element = request.children.get(f"{{{soap.RSP}}}Signal")
        command_id = element.get("CommandId", "") if element is not None else ""
        process = shell.process(command_id)
        code = (element.findtext(f"{{{soap.RSP}}}Code") or "") if element is not None else ""
        process.terminate()
        if code.endswith("signal/terminate"):
            shell.processes.pop(process.id, None)
        return soap.answer(request, "<rsp:SignalResponse/>")

    def _delete(self, request: soap.Request, user: str) -> bytes:
        self.shells.remove(self._shell(request, user))
        return soap.answer(request)

    def _record(self, parameters: dict[str, t.Any], outcome: str) -> None:
        if self.world.transcript is not None:
            now = v.iso_text(self.world.clock.now())
            name = parameters.pop("program") or "(command)"
            self.world.transcript.append(
                {"time": now, "host": self.computer.fqdn, "cmdlet": name, "parameters": parameters, "outcome": outcome}
            )


class _Operation:
    """Counts the operations that a user has under way."""

    def __init__(self, lock: threading.Lock, counter: Counter[str], user: str, limit: int) -> None:
        self._lock, self._counter, self._user, self._limit = lock, counter, user, limit

    def __enter__(self) -> None:
        with self._lock:
            if self._counter[self._user] >= self._limit:
                raise soap.WsmanFault(
                    soap.MAX_OPERATIONS,
                    "The WS-Management service cannot process the request. The maximum number of concurrent operations "
                    "for this user has been exceeded.",
                )
            self._counter[self._user] += 1

    def __exit__(self, *exc: object) -> None:
        with self._lock:
            self._counter[self._user] -= 1
