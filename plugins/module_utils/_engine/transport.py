# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What carries a session's requests: the socket of the host's daemon, or a performer in the same process.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import json
import os
import socket
import stat
from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from .errors import InDoubt, NeverRan, StateError, from_json

if TYPE_CHECKING:  # a module whose calls go to a daemon has no use for it, and every task would pay for loading it
    from .performer import Performer

Page = list[list[Any]]


class Transport(Protocol):
    def perform(self, request: Mapping[str, Any]) -> dict[str, Any]: ...

    def stream(self, request: Mapping[str, Any]) -> Generator[Page, None, dict[str, Any]]: ...


class DirectTransport:
    """A Performer in this process. Requests pass through JSON, as they would on a socket."""

    def __init__(self, performer: Performer) -> None:
        self.performer = performer

    def perform(self, request: Mapping[str, Any]) -> dict[str, Any]:
        reply: dict[str, Any] = json.loads(json.dumps(self.performer.perform(json.loads(json.dumps(request)))))
        return reply

    def stream(self, request: Mapping[str, Any]) -> Generator[Page, None, dict[str, Any]]:
        pages: list[str] = []
        reply = self.performer.stream(json.loads(json.dumps(request)), lambda page: pages.append(json.dumps(page)))
        for one in pages:
            yield json.loads(one)
        return dict(json.loads(json.dumps(reply)))


class SocketTransport:
    """The host's session daemon: one JSON line there, one back; of a long collection one for each page before that."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._stream: Any = None

    def _connected(self) -> Any:
        if self._stream is None:
            self._check()
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                connection.connect(self.path)
            except OSError as exc:
                connection.close()
                raise NeverRan(
                    f"The session process of this host has ended ({exc.strerror}): run the task again."
                ) from exc
            self._stream = connection.makefile("rwb")
            connection.close()  # the stream holds it
        return self._stream

    def _check(self) -> None:
        """Requests hold secrets: they go to a socket of ours only, in a directory that nobody else can enter."""
        for where, kind in ((os.path.dirname(self.path), stat.S_ISDIR), (self.path, stat.S_ISSOCK)):
            try:
                seen = os.lstat(where)
            except OSError as exc:
                raise NeverRan(
                    f"The session process of this host has ended ({exc.strerror}): run the task again."
                ) from exc
            if not kind(seen.st_mode) or seen.st_uid != os.geteuid() or seen.st_mode & 0o077:
                raise StateError(f"{where} could be used by somebody else: no session is spoken to through it.")

    def perform(self, request: Mapping[str, Any]) -> dict[str, Any]:
        reply = self._exchange(request)
        if "error" in reply:
            raise from_json(reply["error"])
        return reply

    def stream(self, request: Mapping[str, Any]) -> Generator[Page, None, dict[str, Any]]:
        reply = self._exchange(request)
        try:
            while "page" in reply:
                yield reply["page"]
                reply = self._exchange(None)
        finally:
            if "page" in reply and self._stream is not None:  # nobody wants the rest, which is still to come
                self._stream.close()
                self._stream = None
        if "error" in reply:
            raise from_json(reply["error"])
        return reply

    def _exchange(self, request: Mapping[str, Any] | None) -> dict[str, Any]:
        """The next line, of a request that is sent for it or of the one that was."""
        stream = self._connected()
        try:
            if request is not None:
                stream.write(json.dumps(request).encode("ascii") + b"\n")
                stream.flush()
            line = stream.readline()
        except OSError as exc:
            self._stream = None
            raise InDoubt(
                f"The session process of this host went away in the middle of a request ({exc.strerror})."
            ) from exc
        if not line.endswith(b"\n"):
            self._stream = None
            raise InDoubt("The session process of this host went away in the middle of a request.")
        return dict(json.loads(line))
