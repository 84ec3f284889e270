# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An external component (XEP-0114): all users of a domain at one server, in a thread that connects again and again."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import threading
import typing as t
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

from .prosody import COMPONENT_PORT

NAMESPACE = "jabber:component:accept"
STREAM = "http://etherx.jabber.org/streams"
AGAIN = 0.1
Received = t.Callable[[ElementTree.Element], None]


class Component:
    """``received`` is called with each stanza, from the component's thread."""

    def __init__(self, address: str, domain: str, secret: str, received: Received) -> None:
        self.address, self.domain = address, domain
        self._secret, self._received = secret, received
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self.connected = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"component {domain} {address}", daemon=True)
        self._thread.start()

    def send(self, text: str) -> bool:
        """Whether the server was given it."""
        with self._lock:
            if self._socket is None or not self.connected.is_set():
                return False
            try:
                self._socket.sendall(text.encode())
            except OSError:
                return False
            return True

    def stop(self) -> None:
        self._ended.set()
        with self._lock:
            if self._socket is not None:
                with contextlib.suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)

    def _run(self) -> None:
        while not self._ended.is_set():
            with contextlib.suppress(OSError, ElementTree.ParseError):
                self._session()
            self.connected.clear()
            self._ended.wait(AGAIN)

    def _session(self) -> None:
        with socket.create_connection((self.address, COMPONENT_PORT), 5) as line:
            line.settimeout(None)
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._socket = line
            try:
                self._talk(line)
            finally:
                with self._lock:
                    self._socket = None

    def _talk(self, line: socket.socket) -> None:
        header = f"<stream:stream xmlns='{NAMESPACE}' xmlns:stream='{STREAM}' to={quoteattr(self.domain)}>"
        line.sendall(header.encode())
        parser: ElementTree.XMLPullParser[ElementTree.Element] = ElementTree.XMLPullParser(("start", "end"))
        root: ElementTree.Element | None = None
        depth = 0
        while not self._ended.is_set() and (data := line.recv(65536)):
            parser.feed(data)
            for event, element in t.cast("t.Iterator[tuple[str, ElementTree.Element]]", parser.read_events()):
                depth += 1 if event == "start" else -1
                if event == "start" and root is None:
                    root = element
                    token = hashlib.sha1((element.get("id", "") + self._secret).encode(), usedforsecurity=False)
                    line.sendall(f"<handshake>{token.hexdigest()}</handshake>".encode())
                elif event == "end" and depth == 1:
                    if element.tag == f"{{{NAMESPACE}}}handshake":
                        self.connected.set()
                    else:
                        self._received(element)
                    if root is not None:
                        root.clear()
