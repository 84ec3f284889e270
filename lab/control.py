# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control socket of a running lab: one JSON line asks, one JSON line answers."""

from __future__ import annotations

import json
import logging
import os
import socket
import struct
import sys
import tempfile
import threading
import typing as t
from pathlib import Path

from .place import LabError

log = logging.getLogger(__name__)

MAX_LINE = 4 * 1024 * 1024
PATH_LIMIT = 100
Command = t.Callable[[dict[str, t.Any]], t.Any]


class Server:
    """Answers whoever runs as the lab's own user."""

    def __init__(self, directory: Path, commands: t.Mapping[str, Command]) -> None:
        self._commands = commands
        self._own: str | None = None
        path = directory / "control.sock"
        if len(os.fsencode(path)) > PATH_LIMIT:  # the system's limit for a socket's path
            self._own = tempfile.mkdtemp(prefix="lab-")
            path = Path(self._own) / "control.sock"
        self.path = path
        path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            self._socket.bind(str(path))
        finally:
            os.umask(before)
        self._socket.listen(16)
        self._thread = threading.Thread(target=self._accept, name="control", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._socket.close()
        self.path.unlink(missing_ok=True)
        if self._own:
            os.rmdir(self._own)

    def _accept(self) -> None:
        while True:
            try:
                connection, _peer = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            if not _is_own(connection):
                return
            connection.settimeout(60)
            try:
                line = read_line(connection)
                connection.sendall(json.dumps(self.answer(line), default=str).encode("ascii") + b"\n")
            except OSError:
                log.debug("a control connection ended", exc_info=True)

    def answer(self, line: bytes) -> dict[str, t.Any]:
        try:
            request = json.loads(line)
            command = self._commands.get(request.pop("op", ""))
            if command is None:
                raise LabError(f"The lab knows the commands {', '.join(sorted(self._commands))}.")
            return {"ok": True, "result": command(request)}
        except (LabError, ValueError) as exc:
            return {"ok": False, "error": str(exc)}
        except Exception as exc:
            log.exception("a control command failed")
            return {"ok": False, "error": f"The lab failed at this command: {type(exc).__name__}: {exc}"}


def _is_own(connection: socket.socket) -> bool:
    """The directory keeps others out; this is the second lock, where the system has it."""
    if not sys.platform.startswith("linux"):
        return True
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return bool(struct.unpack("3i", credentials)[1] == os.geteuid())


def read_line(connection: socket.socket, limit: int = MAX_LINE) -> bytes:
    parts: list[bytes] = []
    size = 0
    while chunk := connection.recv(65536):
        parts.append(chunk)
        size += len(chunk)
        if chunk.endswith(b"\n"):
            break
        if size > limit:
            raise OSError("the line is too long")
    return b"".join(parts)


def ask(path: Path, op: str, seconds: float = 120.0, **fields: t.Any) -> t.Any:
    """The answer of a running lab. LabError with its sentence, or where nobody answers."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(seconds)
        try:
            connection.connect(str(path))
            connection.sendall(json.dumps({"op": op, **fields}).encode("ascii") + b"\n")
            line = read_line(connection, limit=1 << 30)
        except OSError as exc:
            raise LabError(f"No lab answers at {path} ({exc.strerror or exc}).") from exc
    if not line:
        raise LabError(f"The lab at {path} closed the connection without an answer.")
    reply = json.loads(line)
    if not reply["ok"]:
        raise LabError(reply["error"])
    return reply["result"]
