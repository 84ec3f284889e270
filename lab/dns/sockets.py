# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""UDP and TCP on one port of 127.0.0.1, for whatever answers DNS messages."""

from __future__ import annotations

import contextlib
import logging
import socket
import struct
import threading
import typing as t

log = logging.getLogger(__name__)

Handler = t.Callable[[bytes, bool], t.Iterable[bytes]]
"""A message and whether it came by TCP; the answers, of which UDP sends the first."""

ADDRESS = "127.0.0.1"
IDLE = 30.0
MAX_CONNECTIONS = 64


def bound_pair(attempts: int = 50) -> tuple[socket.socket, socket.socket]:
    """A listening TCP socket and a UDP socket on the same free port of 127.0.0.1."""
    for _attempt in range(attempts):
        stream = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        stream.bind((ADDRESS, 0))
        stream.listen(32)
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            datagrams.bind(stream.getsockname())
        except OSError:  # somebody else has this port for UDP
            stream.close()
            datagrams.close()
            continue
        return stream, datagrams
    raise OSError("There is no port on 127.0.0.1 that is free for both TCP and UDP.")


def read_message(stream: socket.socket) -> bytes | None:
    """One message with its length in front; None at the end of the stream."""
    head = _exactly(stream, 2)
    return None if head is None else _exactly(stream, struct.unpack("!H", head)[0])


def write_message(stream: socket.socket, message: bytes) -> None:
    stream.sendall(struct.pack("!H", len(message)) + message)


def _exactly(stream: socket.socket, count: int) -> bytes | None:
    data = b""
    while len(data) < count:
        more = stream.recv(count - len(data))
        if not more:
            return None
        data += more
    return data


class Listeners:
    """Serves a handler until ``stop``."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._stream, self._datagrams = bound_pair()
        self.port: int = self._stream.getsockname()[1]
        self._stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._accept, self._receive)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopping.set()
        with self._lock:
            sockets = [self._stream, self._datagrams, *self._open]
        for one in sockets:
            # A thread that waits in accept or recv wakes from shutdown, not from close.
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        for thread in self._threads:
            thread.join(2)

    def _receive(self) -> None:
        while not self._stopping.is_set():
            try:
                message, sender = self._datagrams.recvfrom(65535)
            except OSError:
                return
            if sender is None:  # so a socket that was shut down wakes
                return
            with contextlib.suppress(OSError):
                for answer in self._answers(message, False):
                    self._datagrams.sendto(answer, sender)
                    break

    def _answers(self, message: bytes, tcp: bool) -> t.Iterator[bytes]:
        """The handler's answers. A defect of it costs the one message, not the server."""
        try:
            yield from self._handler(message, tcp)
        except OSError:
            raise
        except Exception:
            log.exception("A DNS message of %d bytes was not answered.", len(message))

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _peer = self._stream.accept()
            except OSError:
                return
            with self._lock:
                full = len(self._open) >= MAX_CONNECTIONS
                if not full:
                    self._open.add(connection)
            if full:
                connection.close()
                continue
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            connection.settimeout(IDLE)
            while (message := read_message(connection)) is not None:
                for answer in self._answers(message, True):
                    write_message(connection, answer)
        except OSError:
            pass  # the client went away, or said nothing for too long
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()
