# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small s2s responder: stream header, features, STARTTLS with a certificate, features after TLS, stream errors.

# source: RFC 6120 4.7 (headers), 4.9 (stream errors), 5.4 (STARTTLS); XEP-0220 for the dialback feature
# inferred: which features Microsoft's proxy shows to a stranger, and in which order
"""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import os
import secrets
import socket
import ssl
import tempfile
import threading
import time
import typing as t
from xml.sax.saxutils import quoteattr

from .stream import Broken, Element, Reader

log = logging.getLogger(__name__)

PORT = 5269
IDLE_SECONDS = 30.0
STREAM_SECONDS = 120.0
MAX_CONNECTIONS = 32

TLS = "urn:ietf:params:xml:ns:xmpp-tls"
SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
ERRORS = "urn:ietf:params:xml:ns:xmpp-streams"

Accept = t.Callable[[str, str], bool]
"""Whether a stream from one domain to another is answered; where not, the server says nothing at all."""


class Listener:
    """Answers for some domains on one loopback address until ``stop``.

    Without a certificate it offers no TLS, as a gateway that was set up for TCP. ``external`` and ``dialback`` say what it
    offers after TLS (dialback also before it). ``accept`` is asked for each stream.
    """

    def __init__(
        self,
        address: str,
        port: int = PORT,
        domains: t.Iterable[str] = (),
        certificate: str | bytes | None = None,
        key: str | bytes | None = None,
        *,
        external: bool = False,
        dialback: bool = True,
        tls_required: bool = False,
        accept: Accept = lambda sender, to: True,
    ) -> None:
        if not ipaddress.ip_address(address).is_loopback:
            raise ValueError(f"The lab listens on loopback only, and {address} is not.")
        self.address, self.port = address, port
        self.domains = frozenset(domain.lower() for domain in domains)
        self.external, self.dialback, self.tls_required, self.accept = external, dialback, tls_required, accept
        self.context = _context(certificate, key) if certificate and key else None
        self.streams = 0
        self._server: socket.socket | None = None
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    def start(self) -> Listener:
        """Listen. With port 0 a free one is taken, and ``port`` says which."""
        server = socket.socket(socket.AF_INET6 if ":" in self.address else socket.AF_INET, socket.SOCK_STREAM)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind((self.address, self.port))
            server.listen(16)
        except OSError:
            server.close()
            raise
        self.port = server.getsockname()[1]
        self._server = server
        threading.Thread(target=self._serve, args=(server,), daemon=True, name=f"xmpp {self.address}").start()
        return self

    def stop(self) -> None:
        """Stop listening and close every open stream."""
        server, self._server = self._server, None
        with self._lock:
            sockets = [*self._open]
        for one in ([server] if server else []) + sockets:
            # A thread that waits in accept or recv wakes from shutdown, not from close.
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            with contextlib.suppress(OSError):
                one.close()

    @property
    def running(self) -> bool:
        return self._server is not None

    def _serve(self, server: socket.socket) -> None:
        while self._server is server:
            try:
                connection, _peer = server.accept()
            except OSError:
                return
            with contextlib.suppress(OSError):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                full = len(self._open) >= MAX_CONNECTIONS
                if not full:
                    self._open.add(connection)
            if full:
                connection.close()
                continue
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        try:
            _Stream(self, connection).run()
        except (OSError, Broken):
            pass  # the peer went away, or spoke something else
        except Exception:
            log.exception("A stream at %s was not answered.", self.address)
        finally:
            with self._lock:
                self._open.discard(connection)
            with contextlib.suppress(OSError):
                connection.close()


class _Stream:
    """One connection, before TLS and after it."""

    def __init__(self, listener: Listener, connection: socket.socket) -> None:
        self.listener, self.connection = listener, connection
        self.line: socket.socket = connection
        self.reader = Reader()
        self.secured = False
        self.deadline = time.monotonic() + STREAM_SECONDS

    def run(self) -> None:
        if not self._opened():
            return
        while (element := self._element()) is not None:
            if (element.namespace, element.name) == (TLS, "starttls") and not self.secured and self.listener.context:
                self.line.sendall(f"<proceed xmlns='{TLS}'/>".encode())
                self.line = self.listener.context.wrap_socket(self.connection, server_side=True)
                self.secured, self.reader = True, Reader()
                if not self._opened():
                    return
            elif (element.namespace, element.name) == (TLS, "starttls"):
                self.line.sendall(f"<failure xmlns='{TLS}'/></stream:stream>".encode())
                return
            else:
                # Authentication and stanzas end here: nothing is behind this server.
                self._error("not-authorized")
                return
        with contextlib.suppress(OSError):
            self.line.sendall(b"</stream:stream>")

    def _more(self) -> bool:
        left = self.deadline - time.monotonic()
        if left <= 0:
            return False
        self.line.settimeout(min(left, IDLE_SECONDS))
        data = self.line.recv(8192)
        if data:
            self.reader.feed(data)
        return bool(data)

    def _element(self) -> Element | None:
        while True:
            if self.reader.ready:
                return self.reader.ready.popleft()
            if self.reader.closed or not self._more():
                return None

    def _opened(self) -> bool:
        """Answer the peer's header; False where the stream ends with that."""
        while self.reader.header is None:
            if not self._more():
                return False
        header = self.reader.header
        sender, to = header.get("from", "").lower(), header.get("to", "").lower()
        self.listener.streams += 1
        if not self.listener.accept(sender, to):
            while self._element() is not None:
                pass
            return False
        known = to in self.listener.domains
        self._header(to if known else "", sender)
        if not known:
            self._error("host-unknown")
            return False
        if header.get("version") == "1.0":
            self.line.sendall(self._features().encode())
        return True

    def _header(self, domain: str, sender: str) -> None:
        names = f" from={quoteattr(domain)}" if domain else ""
        names += f" to={quoteattr(sender)}" if sender else ""
        self.line.sendall(
            (
                "<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:db='jabber:server:dialback' "
                f"xmlns:stream='http://etherx.jabber.org/streams' id='{secrets.token_hex(8)}'{names} version='1.0'>"
            ).encode()
        )

    def _features(self) -> str:
        parts = []
        if self.listener.context is not None and not self.secured:
            required = "<required/>" if self.listener.tls_required else ""
            parts.append(f"<starttls xmlns='{TLS}'>{required}</starttls>")
        if self.secured and self.listener.external:
            parts.append(f"<mechanisms xmlns='{SASL}'><mechanism>EXTERNAL</mechanism></mechanisms>")
        if self.listener.dialback:
            parts.append("<dialback xmlns='urn:xmpp:features:dialback'/>")
        return f"<stream:features>{''.join(parts)}</stream:features>"

    def _error(self, condition: str) -> None:
        self.line.sendall(f"<stream:error><{condition} xmlns='{ERRORS}'/></stream:error></stream:stream>".encode())


def _context(certificate: str | bytes, key: str | bytes) -> ssl.SSLContext:
    """A server's TLS with a chain and key in PEM. OpenSSL wants files: they live for this call only, and for us only."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    texts = [part.encode() if isinstance(part, str) else part for part in (certificate, key)]
    with tempfile.TemporaryDirectory() as directory:
        paths = []
        for name, content in zip(("certificate", "key"), texts, strict=True):
            path = os.path.join(directory, name)
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(content)
            paths.append(path)
        context.load_cert_chain(*paths)
    return context
