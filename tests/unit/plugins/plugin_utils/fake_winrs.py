# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A WinRS server in memory, with the surface of core's connection and of pywinrm's Protocol that the pipe uses.

Its processes speak the frames of cmdlet_host.ps1. Faults are put before or after the effect of an operation.
"""

from __future__ import annotations

import base64
import itertools
import json
import time
from collections import deque
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import requests.exceptions
from winrm.exceptions import (
    InvalidCredentialsError,
    WinRMOperationTimeoutError,
    WinRMTransportError,
    WSManFaultError,
)

HELLO = {
    "powershell": "3.0", "clr": "4.0.30319", "windows": "6.2.9200.0", "culture": "de-DE", "oem_code_page": 850, "pid": 4,
    "computer": "POOL2013", "domain": "contoso.test", "user": "CONTOSO\\admin",
}  # fmt: skip
SHELL_NOT_FOUND = 2150858843


def wsman_fault(code: int, wmi: int | None = None) -> WSManFaultError:
    return WSManFaultError(500, "Bad HTTP response", "<fault/>", "der Vorgang ist gescheitert", None, None, code, wmi)


def http(code: int) -> WinRMTransportError:
    return WinRMTransportError("http", code, "")


def dropped() -> requests.exceptions.ConnectionError:
    return requests.exceptions.ConnectionError("Connection aborted.")


def rejected() -> InvalidCredentialsError:
    return InvalidCredentialsError("the specified credentials were rejected by the server")


def not_found(name: str) -> dict[str, Any]:
    return {
        "id": f"{name},Some.Command", "category": "ObjectNotFound", "target": "",
        "exceptions": [{"type": "System.IO.FileNotFoundException", "hresult": -2147024894, "message": "nicht gefunden"}],
    }  # fmt: skip


class Process:
    """cmdlet_host.ps1 as far as a transport can tell."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.stdin = b""
        self.nonce: bytes | None = None
        self.script: bytes | None = None
        self.out: deque[bytes] = deque()
        self.err = b""
        self.exit: int | None = None

    def feed(self, data: bytes, end: bool) -> None:
        self.stdin += data
        while b"\n" in self.stdin:
            line, self.stdin = self.stdin.split(b"\n", 1)
            if self.script is None:
                self.script = base64.b64decode(line)
            elif self.nonce is None:
                self.nonce = line
                self.frame({"hello": self.server.hello})
            elif line.strip():
                self.request(line)
        if end:
            self.exit = 0

    def print(self, data: bytes) -> None:
        self.out.append(data)

    def frame(self, data: Any, nonce: bytes | None = None) -> None:
        coded = base64.b64encode(json.dumps(data).encode())
        self.print(b"\n~" + (nonce or self.nonce or b"") + b"~" + coded + b"\n")

    def request(self, line: bytes) -> None:
        try:
            request = json.loads(base64.b64decode(line, validate=True))
        except ValueError:
            error = not_found("System.FormatException")
            self.frame({"id": None, "done": False, "error": error})
            return
        for index, call in enumerate(request["calls"]):
            self.server.performed.append(call)
            end = self.server.perform(self, request["id"], index, call)
            self.frame({"id": request["id"], "call": index, **end})
            if not end["ok"] and call.get("stop_on_error"):
                break
        self.frame({"id": request["id"], "done": True})


def ended(rows: int = 0, errors: list[dict[str, Any]] | None = None, warnings: list[str] | None = None) -> dict[str, Any]:
    errors = errors or []
    return {"ok": not errors, "count": rows, "error_count": len(errors), "errors": errors[:50], "warnings": warnings or []}


class Server:
    def __init__(self, module: str | None = None) -> None:
        self.hello = dict(HELLO)
        self.module = module
        self.shells: dict[str, dict[str, Process]] = {}
        self.performed: list[dict[str, Any]] = []
        self.operations: list[str] = []
        self.sends: list[int] = []
        self.starts = 0
        self.sealed = False
        self.connections = 0
        self.piece = 1 << 30
        """Bytes that one Receive gives at most."""
        self.cmdlets: dict[str, Callable[[Process, int, int, dict[str, Any]], dict[str, Any]]] = {}
        self._faults: list[list[Any]] = []
        self._ids = itertools.count(1)

    # --- a host's cmdlets

    def perform(self, process: Process, number: int, index: int, call: dict[str, Any]) -> dict[str, Any]:
        name = call.get("cmdlet", "")
        if name in self.cmdlets:
            return self.cmdlets[name](process, number, index, call)
        if name == "Import-Module":
            if self.module is None or call["parameters"]["Name"] != self.module:
                return ended(errors=[not_found("Modules_ModuleNotFound")])
            if call.get("properties"):
                process.frame({"id": number, "call": index, "rows": [["Lync", "5.0", self.module]]})
            return ended(1)
        if name == "Get-Echo":
            process.frame({"id": number, "call": index, "rows": [[call["parameters"]["Value"]]]})
            return ended(1)
        return ended()

    # --- faults

    def fault(self, operation: str, exc: Callable[[], BaseException], *, after: bool = False, skip: int = 0, times: int = 1) -> None:
        self._faults.append([operation, exc, after, skip, times])

    def _strike(self, operation: str, after: bool) -> None:
        for fault in self._faults:
            if fault[0] != operation or fault[2] is not after or fault[4] == 0:
                continue
            if fault[3]:
                fault[3] -= 1
                continue
            fault[4] -= 1
            raise fault[1]()

    def operate(self, operation: str, act: Callable[[], Any]) -> Any:
        self.operations.append(operation)
        self._strike(operation, False)
        result = act()
        self._strike(operation, True)
        return result

    def new_id(self) -> str:
        return f"id-{next(self._ids)}"

    @property
    def processes(self) -> list[Process]:
        return [process for shell in self.shells.values() for process in shell.values()]

    def connect(self) -> Connection:
        connection = Connection(self)
        connection._connect()
        return connection

    def calls(self, name: str) -> int:
        return sum(call.get("cmdlet") == name for call in self.performed)


class Protocol:
    def __init__(self, server: Server) -> None:
        self.server = server
        self.operation_timeout_sec = 1
        self.transport = SimpleNamespace(
            encryption=object() if server.sealed else None, read_timeout_sec=30, close_session=lambda: None
        )

    def _process(self, shell: str, command: str) -> Process:
        try:
            return self.server.shells[shell][command]
        except KeyError:
            raise wsman_fault(SHELL_NOT_FOUND) from None

    def open_shell(self) -> str:
        def act() -> str:
            shell = self.server.new_id()
            self.server.shells[shell] = {}
            return shell

        shell: str = self.server.operate("open_shell", act)
        return shell

    def run_command(self, shell: str, command: str, arguments: Any, console_mode_stdin: bool) -> str:
        assert command == "powershell.exe" and console_mode_stdin is False

        def act() -> str:
            if shell not in self.server.shells:
                raise wsman_fault(SHELL_NOT_FOUND)
            self.server.starts += 1
            command_id = self.server.new_id()
            self.server.shells[shell][command_id] = Process(self.server)
            return command_id

        return str(self.server.operate("run_command", act))

    def send_command_input(self, shell: str, command: str, data: bytes, end: bool = False) -> None:
        assert isinstance(data, bytes)

        def act() -> None:
            process = self._process(shell, command)
            if process.exit is not None:
                raise wsman_fault(232)
            self.server.sends.append(len(data))
            process.feed(data, end)

        self.server.operate("send", act)

    def get_command_output_raw(self, shell: str, command: str) -> tuple[bytes, bytes, int, bool]:
        def act() -> tuple[bytes, bytes, int, bool]:
            process = self._process(shell, command)
            out = process.out.popleft() if process.out else b""
            if len(out) > self.server.piece:
                process.out.appendleft(out[self.server.piece :])
                out = out[: self.server.piece]
            err, process.err = process.err, b""
            over = process.exit is not None and not process.out
            if not out and not err and not over:
                time.sleep(0.02)
                raise WinRMOperationTimeoutError()
            return out, err, process.exit if over and process.exit is not None else -1, over

        result: tuple[bytes, bytes, int, bool] = self.server.operate("receive", act)
        return result

    def cleanup_command(self, shell: str, command: str) -> None:
        def act() -> None:
            self._process(shell, command)
            del self.server.shells[shell][command]

        self.server.operate("signal", act)

    def close_shell(self, shell: str) -> None:
        def act() -> None:
            if self.server.shells.pop(shell, None) is None:
                raise wsman_fault(SHELL_NOT_FOUND)

        self.server.operate("delete", act)


class Connection:
    def __init__(self, server: Server) -> None:
        self.server = server
        self.protocol: Protocol | None = None
        self.shell_id: str | None = None

    def _connect(self) -> None:
        if self.protocol is None:
            self.server.operate("connect", lambda: None)
            self.server.connections += 1
            self.protocol = Protocol(self.server)
            if self.shell_id is None:
                self.shell_id = self.protocol.open_shell()

    def close(self) -> None:
        if self.protocol is not None and self.shell_id is not None:
            self.protocol.close_shell(self.shell_id)
        self.protocol = self.shell_id = None
