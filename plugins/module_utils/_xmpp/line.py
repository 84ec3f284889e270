# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection that carries an XMPP stream: bounded in time and bytes, whoever is at its other end.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

from . import stream as xmpp
from .stream import Element, Features, Hostile, StreamReader

STEP_SECONDS = 5.0


class Deadline:
    """Seconds for all of something, and for each of its steps."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic, step: float = STEP_SECONDS) -> None:
        self.clock, self._end, self._step = clock, clock() + seconds, step

    def left(self) -> float:
        return self._end - self.clock()

    def step(self) -> float:
        left = min(self.left(), self._step)
        if left <= 0:
            raise TimeoutError("the time of the probe is over")
        return left

    def within(self, seconds: float) -> Deadline:
        """A part of it: no longer than these seconds, and never longer than the whole."""
        return Deadline(min(seconds, max(self.left(), 0)), self.clock, self._step)


class Line:
    """The connection with a reader of its stream."""

    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        self.connection, self.deadline = connection, deadline
        self.reader = StreamReader()

    def send(self, data: bytes) -> None:
        self.connection.settimeout(self.deadline.step())
        self.connection.sendall(data)

    def element(self) -> Element:
        while (found := self.reader.next()) is None:
            self._more()
        return found

    def header(self) -> xmpp.Header:
        while self.reader.header is None:
            self._more()
        return self.reader.header

    def _more(self) -> None:
        self.connection.settimeout(self.deadline.step())
        data = self._received(8192)
        if not data:
            raise Hostile("closed", "the server closed the stream before it had said what was asked")
        self.reader.feed(data)

    def _received(self, size: int) -> bytes:
        return b"" if self.reader.closed else self.connection.recv(size)

    def proceed(self) -> tuple[Element, bool]:
        """The answer to <starttls/>, and whether anything came behind it in the clear."""
        early = self.reader.next()
        if early is not None:
            return early, False
        while True:
            self.connection.settimeout(self.deadline.step())
            data = self._received(4096)
            if not data:
                raise Hostile("closed", "the server closed the stream instead of starting TLS")
            position = 0
            while position < len(
                data
            ):  # an element ends with one of these, and what is behind it is not for this reader
                end = data.find(b">", position) + 1 or len(data)
                self.reader.feed(data[position:end])
                position = end
                found = self.reader.next()
                if found is not None:
                    return found, bool(data[position:])

    def opened(self, sender: str, domain: str) -> tuple[xmpp.Header, Features]:
        """Open a stream, and read the peer's header and what it offers."""
        self.reader = StreamReader()
        self.send(xmpp.opening(sender, domain))
        header = self.header()
        if not header.legal:
            raise Hostile("no_stream", "what answered is no XMPP server")
        element = self.element()
        self.refused(element, f"refused the stream for {domain}")
        if not xmpp.is_features(element):
            raise Hostile("no_features", "the server does not say what it offers, so it is not one of XMPP 1.0")
        return header, xmpp.features(element)

    def refused(self, element: Element, what: str) -> None:
        """A stream error is passed on, with the peer's own words."""
        condition = xmpp.stream_error(element)
        if condition is not None:
            raise Hostile("stream_error", f"the server {what} ({condition})")
