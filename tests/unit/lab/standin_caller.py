# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A caller of the cmdlet host: speaks its frames to the stand-in, or to a real PowerShell where there is one."""

from __future__ import annotations

import base64
import json
import queue
import secrets
import subprocess
import threading

from ansible_collections.lync.xmpp_migration.lab.powershell import frames
from ansible_collections.lync.xmpp_migration.lab.powershell.standin import LOADER, StandIn


class Caller:
    """Reads lines, keeps what is no answer, matches answers to requests."""

    def __init__(self) -> None:
        self.noise: list[str] = []
        self.errors = bytearray()
        self.serial = 0
        self.mark = b"~" + secrets.token_hex(16).encode() + b"~"

    def begin(self) -> None:
        self.line(frames.script())
        self.write(self.mark.strip(b"~") + b"\n")
        self.hello = self.frame()["hello"]

    def line(self, data: bytes) -> None:
        self.write(base64.b64encode(data) + b"\n")

    def frame(self) -> dict:
        while True:
            line = self.readline()
            if not line:
                raise EOFError(bytes(self.errors)[-600:])
            before, mark, rest = line.rstrip(b"\r\n").partition(self.mark)
            if before:
                self.noise.append(before.decode("utf-8", "replace"))
            if mark:
                return json.loads(base64.b64decode(rest, validate=True))

    def ask(self, *calls: dict) -> tuple[list, list, dict]:
        self.serial += 1
        self.line(json.dumps({"id": self.serial, "calls": list(calls)}).encode())
        rows: list = []
        ends: list = []
        while True:
            frame = self.frame()
            assert frame["id"] == self.serial, frame
            if "done" in frame:
                return rows, ends, frame
            if "rows" in frame:
                rows.extend(frame["rows"])
            else:
                ends.append(frame)

    def echo(self, value, *properties: str) -> list:
        call = {"cmdlet": "Get-Echo", "parameters": {"Value": value}}
        return self.ask({**call, "properties": list(properties) or ["Type", "Text", "Value"]})[0]


class StandInCaller(Caller):
    temporary = "C:\\Windows\\Temp\\"

    def __init__(self, world) -> None:
        super().__init__()
        self.world = world
        self.lines: queue.SimpleQueue = queue.SimpleQueue()
        self.partial = b""
        self.codes: list[int] = []
        self.process = StandIn(world.session(), self._hear, self.errors.extend, self._ended)
        self.process.start()

    def _hear(self, data: bytes) -> None:
        *lines, self.partial = (self.partial + data).split(b"\n")
        for line in lines:
            self.lines.put(line + b"\n")

    def _ended(self, code: int) -> None:
        self.codes.append(code)
        self.lines.put(b"")

    def write(self, data: bytes) -> None:
        for i in range(0, len(data), 60000):
            self.process.feed(data[i : i + 60000])

    def readline(self) -> bytes:
        return self.lines.get(timeout=20)

    def close(self) -> int:
        self.process.close_stdin()
        self.process.join(20)
        return self.codes[0]


class PowerShellCaller(Caller):
    def __init__(self, pwsh: str, temporary: str) -> None:
        super().__init__()
        self.temporary = temporary + "/"
        encoded = base64.b64encode(LOADER.encode("utf-16-le")).decode()
        options = ["-NoProfile", "-NonInteractive", "-NoLogo", "-InputFormat", "None", "-EncodedCommand", encoded]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([pwsh, *options], stdin=pipe, stdout=pipe, stderr=pipe)
        threading.Thread(target=self._drain, daemon=True).start()

    def _drain(self) -> None:
        for chunk in iter(lambda: self.process.stderr.read(1024), b""):
            self.errors.extend(chunk)

    def write(self, data: bytes) -> None:
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def readline(self) -> bytes:
        return self.process.stdout.readline()

    def close(self) -> int:
        self.process.stdin.close()
        return self.process.wait(20)


def error_ids(answer: tuple[list, list, dict], call: int = 0) -> list[str]:
    return [error["id"].split(",")[0] for error in answer[1][call]["errors"]]
