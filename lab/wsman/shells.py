# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remote shells and the processes in them. Nothing that a client sends is run: one command is accepted, and simulated."""

from __future__ import annotations

import base64
import binascii
import hashlib
import threading
import time
import typing as t
import uuid
from dataclasses import dataclass, field

from ..powershell.machine import split_arguments
from ..powershell.standin import LOADER, StandIn
from . import soap
from .limits import CMD_LINE, PROCESS_LINE, Limits

MAX_BUFFER = 256 * 1024 * 1024
ENOUGH = 32 * 1024  # output that is worth an answer while there is more to come
PATIENCE = 0.02  # how long a piece of an answer waits for its end
REFUSED = b"The lab runs nothing but the collection's own cmdlet host.\r\n"
TOO_LONG = b"The command line is too long.\r\n"

_SWITCHES = frozenset({"noprofile", "noninteractive", "nologo", "sta", "mta"})
_OPTIONS = frozenset({"executionpolicy", "inputformat", "outputformat", "version", "windowstyle"})


def is_loader(command: str) -> bool:
    """Whether a command line starts PowerShell with the one loader that reads a script from its stdin."""
    argv = split_arguments(command)
    if not argv or argv[0].replace("/", "\\").rpartition("\\")[2].casefold() not in ("powershell", "powershell.exe"):
        return False
    rest = iter(argv[1:])
    for argument in rest:
        name = argument.lstrip("-/").casefold()
        if name in _OPTIONS:
            next(rest, None)
        elif name in ("encodedcommand", "enc", "ec", "e"):
            return _decoded(next(rest, "")) == LOADER and next(rest, None) is None
        elif name not in _SWITCHES:
            return False
    return False


def _decoded(text: str) -> str | None:
    try:
        return base64.b64decode(text, validate=True).decode("utf-16-le")
    except (binascii.Error, ValueError):
        return None


class Process:
    """A process as the endpoint sees it: two streams of output, and an exit code at the end."""

    def __init__(self) -> None:
        self.id = str(uuid.uuid4()).upper()
        self.standin: StandIn | None = None
        self.exit_code: int | None = None
        self.faults: list[t.Any] = []  # what a fault in a call makes the next Receive do
        self._changed = threading.Condition()
        self._out = bytearray()
        self._err = bytearray()

    # --- the process's own side

    def write_out(self, data: bytes) -> None:
        with self._changed:
            self._out += data
            self._changed.notify_all()
        self._check()

    def write_err(self, data: bytes) -> None:
        with self._changed:
            self._err += data
            self._changed.notify_all()
        self._check()

    def _check(self) -> None:
        if self.standin is not None and len(self._out) + len(self._err) > MAX_BUFFER:
            self.standin.terminate()

    def end(self, code: int) -> None:
        with self._changed:
            self.exit_code = code
            self._changed.notify_all()

    def strike(self, fault: t.Any) -> None:
        with self._changed:
            self.faults.append(fault)
            self._changed.notify_all()

    # --- the client's side

    def send(self, data: bytes, end: bool) -> None:
        if self.standin is None or self.exit_code is not None:
            raise soap.WsmanFault(soap.PIPE_CLOSING, "The pipe is being closed.")
        if data:
            self.standin.feed(data)
        if end:
            self.standin.close_stdin()

    def receive(self, seconds: float, at_most: int) -> tuple[bytes, bytes, int | None, t.Any] | None:
        """Output, the exit code once all of it is out, and the fault that strikes; None after ``seconds`` of silence."""
        end = time.monotonic() + seconds
        patience: float | None = None
        with self._changed:
            while True:
                now = time.monotonic()
                size = len(self._out) + len(self._err)
                if self.faults:
                    return b"", b"", None, self.faults.pop(0)
                if size and patience is None:
                    patience = now + PATIENCE
                due = patience is not None and now >= patience
                if self.exit_code is not None or (size and (size >= ENOUGH or due or not self._busy())):
                    break
                if now >= end and not size:
                    return None
                self._changed.wait((patience if patience is not None else end) - now)
            err = bytes(self._err[:at_most])
            del self._err[:at_most]
            room = at_most - len(err)
            out = bytes(self._out[:room])
            del self._out[:room]
            done = self.exit_code is not None and not self._out and not self._err
            return out, err, self.exit_code if done else None, None

    def _busy(self) -> bool:
        return self.standin is not None and self.standin.busy

    def terminate(self) -> None:
        if self.standin is not None:
            self.standin.terminate()
        if self.exit_code is None:
            self.end(1)


@dataclass
class Shell:
    """A remote shell of one user."""

    owner: str
    idle_timeout: float
    code_page: int
    id: str = field(default_factory=lambda: str(uuid.uuid4()).upper())
    processes: dict[str, Process] = field(default_factory=dict)
    used: float = field(default_factory=time.monotonic)
    active: int = 0  # operations under way

    def running(self) -> int:
        return sum(1 for process in self.processes.values() if process.exit_code is None)

    def process(self, command_id: str) -> Process:
        process = self.processes.get(command_id.upper())
        if process is None:
            raise soap.WsmanFault(
                soap.UNEXPECTED_SELECTORS, "The request for the Windows Remote Shell names a command that is not there."
            )
        return process

    def terminate(self) -> None:
        for process in list(self.processes.values()):
            process.terminate()


class Shells:
    """The shells of one computer."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._lock = threading.Lock()
        self._shells: dict[str, Shell] = {}

    def create(self, owner: str, idle_timeout: float, code_page: int) -> Shell:
        self.sweep()
        with self._lock:
            own = sum(1 for shell in self._shells.values() if shell.owner == owner)
            if own >= self.limits.max_shells_per_user:
                raise soap.WsmanFault(
                    soap.MAX_SHELLS,
                    "The WS-Management service cannot process the request. This user is allowed a maximum number of "
                    f"{self.limits.max_shells_per_user} concurrent shells, which has been exceeded. Close existing "
                    "shells or raise the quota for this user.",
                )
            shell = Shell(owner, min(idle_timeout or self.limits.idle_timeout, self.limits.idle_timeout), code_page)
            self._shells[shell.id] = shell
            return shell

    def get(self, shell_id: str, user: str) -> Shell:
        self.sweep()
        with self._lock:
            shell = self._shells.get(shell_id.upper())
        if shell is None:
            raise soap.WsmanFault(
                soap.UNEXPECTED_SELECTORS,
                "The request for the Windows Remote Shell with ShellId "
                f"{shell_id[:40]} failed because the shell was not found on the server. Possible causes are: the "
                "specified ShellId is incorrect or the shell no longer exists on the server. Provide the correct "
                "ShellId or create a new shell and retry the operation.",
            )
        if shell.owner != user:
            raise soap.WsmanFault(soap.ACCESS_DENIED, "Access is denied.")
        return shell

    def remove(self, shell: Shell) -> None:
        with self._lock:
            self._shells.pop(shell.id, None)
        shell.terminate()

    def clear(self) -> None:
        with self._lock:
            shells, self._shells = list(self._shells.values()), {}
        for shell in shells:
            shell.terminate()

    def sweep(self) -> None:
        """Closes what has been idle for too long: no exchange, whatever the process in it does."""
        now = time.monotonic()
        with self._lock:
            idle = [
                shell for shell in self._shells.values() if not shell.active and now - shell.used > shell.idle_timeout
            ]
            for shell in idle:
                del self._shells[shell.id]
        for shell in idle:
            shell.terminate()

    def __len__(self) -> int:
        with self._lock:
            return len(self._shells)

    def has(self, shell: Shell) -> bool:
        with self._lock:
            return self._shells.get(shell.id) is shell

    def all(self) -> list[Shell]:
        with self._lock:
            return list(self._shells.values())


def start(shell: Shell, command: str, through_cmd: bool, make: t.Callable[[Process], StandIn]) -> tuple[Process, str]:
    """Starts what the command line names; gives the process and what became of it: started, refused, too long."""
    process = Process()
    shell.processes[process.id] = process
    if len(command) > (CMD_LINE if through_cmd else PROCESS_LINE):
        process.write_err(TOO_LONG)
        process.end(1)
        return process, "too long"
    if not is_loader(command):
        process.write_err(REFUSED)
        process.end(1)
        return process, "refused"
    process.standin = make(process)
    process.standin.start()
    return process, "started"


def digest(command: str) -> dict[str, t.Any]:
    """A refused command for the transcript: it may hold a secret, so only its program, length and digest."""
    argv = split_arguments(command[:1000])
    program = argv[0].replace("/", "\\").rpartition("\\")[2][:60] if argv else ""
    sha256 = hashlib.sha256(command.encode("utf-8", "surrogatepass")).hexdigest()
    return {"program": program, "length": len(command), "sha256": sha256}
