# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in for powershell.exe: a process that reads the script, a nonce and then requests from its stdin.

One class, so that a real PowerShell can be put in its place: ``feed``, ``close_stdin`` and ``terminate`` in, the two
``write_…`` callbacks and ``on_exit`` out.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import itertools
import json
import logging
import queue
import threading
import typing as t

from . import frames
from .performer import ComputerSession, Performer, ProcessGone, clixml

LOADER = (
    "$l=[Console]::In.ReadLine();"
    "& ([ScriptBlock]::Create([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($l))))"
)
log = logging.getLogger(__name__)

MAX_LINE = 4 * 1024 * 1024

WINDOWS_BUILDS = {"6.1": "6.1.7601.65536", "6.2": "6.2.9200.0", "6.3": "6.3.9600.0", "10.0": "10.0.14393.0"}
CLR = {"2.0": "2.0.50727.5420", "3.0": "4.0.30319.17929"}

_pids = itertools.count(2000, 4)

Write = t.Callable[[bytes], None]


class StandIn:
    """One PowerShell process on a simulated computer.

    Output goes to the callbacks from the process's own thread. ``busy`` is true from a line's arrival to the end of its
    answer, so that an endpoint can tell a pause from the end.
    """

    def __init__(
        self,
        session: ComputerSession,
        write_stdout: Write | None = None,
        write_stderr: Write | None = None,
        on_exit: t.Callable[[int], None] | None = None,
    ) -> None:
        self.session = session
        self.pid = next(_pids)
        self.exit_code: int | None = None
        self._stdout, self._stderr, self._on_exit = write_stdout, write_stderr, on_exit
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._partial = bytearray()
        self._pending = 0
        self._count = threading.Lock()
        self._mark = ""
        self._performer = Performer(session, self._frame, self._out, self._err)
        self._thread = threading.Thread(target=self._main, name=f"powershell-{self.pid}", daemon=True)

    # --- from outside

    def start(self) -> None:
        self._pending = 1  # until the first frame is out
        self._thread.start()

    def feed(self, data: bytes) -> None:
        """Bytes for stdin; performed in the process's own thread, line by line."""
        self._partial += data
        if b"\n" in data:
            *lines, rest = bytes(self._partial).split(b"\n")
            self._partial = bytearray(rest)
            with self._count:
                self._pending += len(lines)
            for line in lines:
                self._lines.put(line)
        if len(self._partial) > MAX_LINE:
            self._err(clixml("Insufficient memory to continue the execution of the program."))
            self.terminate()

    def close_stdin(self) -> None:
        if self._partial:
            self.feed(b"\n")
        self._lines.put(None)

    def terminate(self) -> None:
        """Kills the process. What its current call has not begun it does not do; nobody hears of the rest."""
        self.session.stop.set()
        self._lines.put(None)

    @property
    def busy(self) -> bool:
        return self._pending > 0 and self.exit_code is None

    def join(self, timeout: float | None = None) -> None:
        self._thread.join(timeout)

    def perform(self, request: t.Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
        """A request in the caller's own thread and process: what a replay uses. Gives the answer's frames."""
        answer: list[dict[str, t.Any]] = []
        performer = Performer(
            self.session, lambda text: answer.append(json.loads(text)), lambda _: None, lambda _: None
        )
        performer.line(base64.b64encode(json.dumps(request).encode()))
        return answer

    def hello(self) -> dict[str, t.Any]:
        """Who answers: what a real host would say of itself."""
        if hasattr(self.session.world, "turn"):
            with self.session.world.turn():
                pass  # what a restart brings has arrived
        computer = self.session.computer
        domain, _backslash, user = self.session.user.rpartition("\\")
        return {
            "powershell": computer.powershell,
            "clr": CLR.get(computer.powershell, "4.0.30319.42000"),
            "windows": WINDOWS_BUILDS.get(computer.windows, computer.windows),
            "culture": computer.culture,
            "oem_code_page": computer.oem_code_page,
            "pid": self.pid,
            "computer": computer.fqdn.partition(".")[0][:15].upper(),
            "domain": getattr(computer, "dns_suffix", computer.fqdn.partition(".")[2]),
            "user": f"{domain}\\{user}",
        }

    # --- the process

    def _main(self) -> None:
        code = 1
        try:
            code = self._run()
        except ProcessGone:
            pass
        except Exception as exc:
            log.exception("the stand-in on %s failed", self.session.computer.fqdn)
            self._err(clixml(f"The lab's stand-in failed: {type(exc).__name__}: {exc}"))
        finally:
            self.session.stop.set()
            self.exit_code = code
            if self._on_exit is not None:
                self._on_exit(code)

    def _run(self) -> int:
        self._performer.wait(self._performer.latency("powershell.exe"))
        script = self._read()
        if script is None:
            return 0
        if not self._is_own(script):
            return 1
        nonce = self._read()
        if nonce is None:
            return 0
        self._mark = "\n~" + nonce.decode("ascii", "replace") + "~"
        self._frame(frames.json_text({"hello": self.hello()}))
        self._done(3)  # the start itself, the script and the nonce
        while (line := self._read()) is not None:
            try:
                if line.strip():
                    self._performer.line(line)
            finally:
                self._done(1)
        return 0

    def _read(self) -> bytes | None:
        line = self._lines.get()
        if self.session.stop.is_set():
            raise ProcessGone("never ran")
        return None if line is None else line.rstrip(b"\r")

    def _is_own(self, line: bytes) -> bool:
        """The first line is a script, and only one is run here: what else comes reaches the transcript, as a digest."""
        try:
            script = base64.b64decode(line, validate=True)
        except (binascii.Error, ValueError):
            script = line
        if script == frames.script():
            return True
        shown = {"length": len(script), "sha256": hashlib.sha256(script).hexdigest()}
        self._performer.record("powershell.exe", shown, "refused", False)
        self._err(clixml("The lab runs no script but the collection's own cmdlet_host.ps1."))
        return False

    def _done(self, lines: int) -> None:
        with self._count:
            self._pending = max(0, self._pending - lines)
        if self._stdout is not None and not self._pending:
            self._stdout(b"")  # wakes whoever waits for the rest of an answer

    def _frame(self, text: str) -> None:
        self._out(f"{self._mark}{base64.b64encode(text.encode('utf-8')).decode('ascii')}\n".encode("ascii", "replace"))

    def _out(self, data: bytes) -> None:
        if self._stdout is not None and not self.session.stop.is_set():
            self._stdout(data)

    def _err(self, data: bytes) -> None:
        if self._stderr is not None and not self.session.stop.is_set():
            self._stderr(data)
