# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One powershell.exe in a WinRS shell, as a pipe: bytes in, bytes out, and a typed word on what became of them.

Composed of core's winrm connection (`protocol`, `shell_id`, `_connect`, `close`) and of pywinrm's public methods.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import base64
import contextlib
import math
import time
from typing import Any

from ._faults import NEVER_RAN, Fate, Fault, judge

LOADER = "$l=[Console]::In.ReadLine();& ([ScriptBlock]::Create([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($l))))"
"""The command line goes through cmd.exe, which takes 8 191 characters: so the script itself comes by stdin."""
ARGUMENTS = (
    "-NoProfile", "-NonInteractive", "-NoLogo", "-ExecutionPolicy", "Bypass", "-InputFormat", "None",
    "-EncodedCommand", base64.b64encode(LOADER.encode("utf-16-le")).decode("ascii"),
)  # fmt: skip
CHUNK = 60_000
"""Bytes of one Send: base64 and SOAP around it stay below the MaxEnvelopeSize of 150 kB of WinRM 2.0."""
BUSY_PAUSES = (1.0, 2.0, 4.0)
IDLE = 60.0
"""Seconds after which a connection is taken to be gone: Windows drops an idle one after two minutes, firewalls earlier."""
GOODBYE = 10
"""Seconds that ending a process or a shell may take."""
STDERR_LIMIT = 256_000


class NeverArrived(Exception):
    """Proved: the first message of a request was not taken, so nothing of it ran."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.text)
        self.fault = fault


class Lost(Exception):
    """An exchange failed, and whether it had an effect is not known."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.text)
        self.fault = fault


class Pipe:
    def __init__(self, connection: Any) -> None:
        """Start the process. Raises NeverArrived: nothing was asked of it yet."""
        self.connection = connection
        self.exit_code: int | None = None
        self.stderr = bytearray()
        self._used = time.monotonic()
        self._patience = int(connection.protocol.operation_timeout_sec)
        try:
            self.command = connection.protocol.run_command(
                connection.shell_id, "powershell.exe", ARGUMENTS, console_mode_stdin=False
            )
        except Exception as exc:
            raise NeverArrived(judge(exc)) from exc

    @property
    def _sealed(self) -> bool:
        """Whether messages are encrypted for one TCP connection: pywinrm cannot carry that over to another."""
        return getattr(self.connection.protocol.transport, "encryption", None) is not None

    def send(self, data: bytes, *, end: bool = False) -> None:
        if self._sealed and time.monotonic() - self._used > IDLE:
            self.reconnect()
        for start in range(0, len(data), CHUNK):
            last = start + CHUNK >= len(data)
            self._send(data[start : start + CHUNK], first=start == 0, end=end and last)

    def _send(self, chunk: bytes, *, first: bool, end: bool) -> None:
        pauses = list(BUSY_PAUSES)
        reconnected = False
        while True:
            try:
                self.connection.protocol.send_command_input(self.connection.shell_id, self.command, chunk, end=end)
            except Exception as exc:
                fault = judge(exc)
                # these two were not taken by the server, so sending them once more does not send them twice
                if fault.fate is Fate.BUSY and pauses:
                    time.sleep(pauses.pop(0))
                elif fault.fate in (Fate.UNREAD, Fate.REJECTED) and self._sealed and not reconnected:
                    reconnected = True
                    self.reconnect()
                elif first and fault.fate in NEVER_RAN | {Fate.REJECTED}:
                    raise NeverArrived(fault) from exc
                else:
                    raise Lost(fault) from exc
            else:
                self._used = time.monotonic()
                return

    def receive(self, deadline: float) -> bytes:
        """What the process has written; nothing where it was silent for one operation timeout, or until the deadline."""
        protocol = self.connection.protocol
        protocol.operation_timeout_sec = max(1, min(self._patience, math.ceil(deadline - time.monotonic())))
        try:
            out, err, code, ended = protocol.get_command_output_raw(self.connection.shell_id, self.command)
        except Exception as exc:
            fault = judge(exc)
            if fault.fate is not Fate.SILENT:
                raise Lost(fault) from exc
            out, err, code, ended = b"", b"", -1, False
        finally:
            protocol.operation_timeout_sec = self._patience
        self._used = time.monotonic()
        self.stderr += err[: max(0, STDERR_LIMIT - len(self.stderr))]
        if ended:
            self.exit_code = code
        return out

    def reconnect(self) -> None:
        reconnect(self.connection)
        self._used = time.monotonic()

    def end(self) -> None:
        """Terminate the process, whatever state it is in."""
        hurry(self.connection)
        self.connection.protocol.cleanup_command(self.connection.shell_id, self.command)


def reconnect(connection: Any) -> None:
    """Another TCP connection, authenticated anew, to the same shell."""
    old = connection.protocol
    connection.protocol = None
    try:
        connection._connect()
    except Exception as exc:
        connection.protocol = old
        raise Lost(judge(exc)) from exc
    with contextlib.suppress(Exception):
        old.transport.close_session()


def hurry(connection: Any) -> None:
    """From here on little is waited for: a host that is down must not keep a playbook from ending."""
    protocol = connection.protocol
    protocol.operation_timeout_sec = min(int(protocol.operation_timeout_sec), GOODBYE // 2)
    protocol.transport.read_timeout_sec = GOODBYE


def close(connection: Any, pipe: Pipe | None) -> None:
    """End process and shell. Where the connection is beyond use, over another one: nothing is left if it can be helped."""
    with contextlib.suppress(Exception):
        if pipe is not None and pipe.exit_code is None:
            pipe.end()
    try:
        hurry(connection)
        connection.close()
    except Exception as exc:
        if judge(exc).fate in (Fate.SHELL_GONE, Fate.UNSENT):
            return
        with contextlib.suppress(Exception):
            reconnect(connection)
            hurry(connection)
            connection.close()
