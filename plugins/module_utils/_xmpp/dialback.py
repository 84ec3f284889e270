# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The authoritative server of a domain, for as long as a probe lasts: it says which dialback keys are its own.

It listens on one named address, knows only the streams that the probe opened, and closes at its deadline. Answers to
pings arrive here too, from servers that send on streams of their own.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
import socket
import ssl
import tempfile
import threading
from datetime import UTC, datetime, timedelta

from .._engine.errors import InvalidInput
from . import stream as xmpp
from .line import Deadline, Line
from .stream import Element, Hostile, StreamReader

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    HAS_CRYPTOGRAPHY = True
except ImportError:
    HAS_CRYPTOGRAPHY = False

MAX_CONNECTIONS = 64
CONNECTION_SECONDS = 30.0


class Authoritative:
    """Use as a context manager. ``key`` makes the key of a stream; ``pings`` are answered ones."""

    def __init__(
        self,
        address: str,
        port: int,
        sender: str,
        deadline: Deadline,
        tls: ssl.SSLContext | None,
        external: bool = False,
    ) -> None:
        self.address, self.port, self.sender, self.external = address, port, sender, external
        self._deadline, self._tls = deadline, tls
        self._secret = secrets.token_bytes(32)
        self._streams: dict[tuple[str, str], str] = {}
        self._answered: dict[str, str] = {}
        self._waiting = threading.Condition()
        self._open: set[socket.socket] = set()
        self._server: socket.socket | None = None
        #: what asked for a key: domain and what it was told
        self.asked: list[tuple[str, bool]] = []

    def __enter__(self) -> Authoritative:
        family = socket.AF_INET6 if ":" in self.address else socket.AF_INET
        server = socket.socket(family, socket.SOCK_STREAM)
        try:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind((self.address, self.port))
            server.listen(16)
        except OSError as exc:
            server.close()
            raise InvalidInput(
                f"dialback_listen: {self.address} port {self.port} cannot be listened on ({exc.strerror}): name an address "
                "of this host, and see that nothing else listens there."
            ) from exc
        self.port = int(server.getsockname()[1])
        self._server = server
        threading.Thread(target=self._serve, args=(server,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        server, self._server = self._server, None
        with self._waiting:
            sockets = [*self._open, *([server] if server else [])]
        for one in sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            with contextlib.suppress(OSError):
                one.close()

    def key(self, domain: str, stream: str) -> str:
        """The key for a stream that a server opened to us with this id."""
        key = xmpp.dialback_key(self._secret, domain, self.sender, stream)
        with self._waiting:
            self._streams[domain.lower(), stream] = key
        return key

    def answer(self, number: str, seconds: float) -> str | None:
        """The type of the answer to a ping, once it came."""
        with self._waiting:
            self._waiting.wait_for(lambda: number in self._answered, max(seconds, 0))
            return self._answered.get(number)

    # --- serving

    def _serve(self, server: socket.socket) -> None:
        while self._server is server and self._deadline.left() > 0:
            try:
                server.settimeout(min(max(self._deadline.left(), 0.01), 1.0))
                connection, _peer = server.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            with self._waiting:
                self._open = {one for one in self._open if one.fileno() >= 0}
                full = len(self._open) >= MAX_CONNECTIONS
                if not full:
                    self._open.add(connection)
            if full:
                connection.close()
                continue
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        try:
            _Incoming(self, connection, self._deadline.within(CONNECTION_SECONDS), self._tls).run()
        except (Hostile, OSError, ValueError):
            pass  # whoever came has gone, or speaks something else
        finally:
            with contextlib.suppress(OSError):
                connection.close()

    def took(self, connection: socket.socket) -> None:
        """TLS took a connection over: closing the former socket would not end it any more."""
        with self._waiting:
            self._open = {one for one in self._open if one.fileno() >= 0} | {connection}

    def is_own(self, domain: str, stream: str, key: str) -> bool:
        with self._waiting:
            own = self._streams.get((domain.lower(), stream))
            valid = own is not None and hmac.compare_digest(own.encode(), key.strip().encode())
            self.asked.append((domain, valid))
        return valid

    def pinged(self, element: Element) -> None:
        number, kind = element.attributes.get("id", ""), element.attributes.get("type", "")
        if kind in ("result", "error"):
            with self._waiting:
                self._answered[number[:64]] = kind
                self._waiting.notify_all()


class _Incoming:
    """One stream of a server that comes to ask."""

    def __init__(
        self, owner: Authoritative, connection: socket.socket, deadline: Deadline, tls: ssl.SSLContext | None
    ) -> None:
        self.owner, self.tls, self.deadline = owner, tls, deadline
        self.line = Line(connection, deadline)
        self.secured = self.known = False

    def run(self) -> None:
        self._open()
        while True:
            element = self.line.element()
            kind = (element.namespace, element.name)
            if kind == (xmpp.TLS, "starttls") and self.tls is not None and not self.secured:
                self.line.send(f"<proceed xmlns='{xmpp.TLS}'/>".encode())
                self.line.connection.settimeout(self.deadline.step())
                secured = self.tls.wrap_socket(self.line.connection, server_side=True)
                self.owner.took(secured)
                self.line, self.secured = Line(secured, self.deadline), True
                self._open()
            elif kind == (xmpp.DIALBACK, "verify"):
                self._verify(element)
            elif kind == (xmpp.DIALBACK, "result"):
                # A server that has something to tell, as the next one: only the answer to a ping with its number counts.
                self._reply("result", element, True)
            elif kind == (xmpp.SASL, "auth") and self.secured:
                self.line.send(f"<success xmlns='{xmpp.SASL}'/>".encode())
                self.known = True
                self._open()
            elif kind == (xmpp.SERVER, "iq"):
                self.owner.pinged(element)

    def _open(self) -> None:
        self.line.reader = StreamReader()
        header = self.line.header()
        if not header.legal:
            raise Hostile("no_stream", "what came is no XMPP server")
        self.line.send(xmpp.opening(self.owner.sender, header.sender or "", secrets.token_hex(8)))
        offer = f"<starttls xmlns='{xmpp.TLS}'/>" if self.tls is not None and not self.secured else ""
        if self.secured and not self.known and self.owner.external:
            offer += f"<mechanisms xmlns='{xmpp.SASL}'><mechanism>EXTERNAL</mechanism></mechanisms>"
        offer += f"<dialback xmlns='{xmpp.DIALBACK_FEATURE}'/>"
        self.line.send(f"<stream:features>{offer}</stream:features>".encode())

    def _verify(self, element: Element) -> None:
        number = element.attributes.get("id", "")
        valid = element.attributes.get("to", "").lower() == self.owner.sender and self.owner.is_own(
            element.attributes.get("from", ""), number, element.text
        )
        self._reply("verify", element, valid, id=number)

    def _reply(self, kind: str, element: Element, valid: bool, **more: str) -> None:
        to = element.attributes.get("from", "")
        self.line.send(xmpp.dialback(kind, self.owner.sender, to, type="valid" if valid else "invalid", **more))


def self_signed(domain: str) -> ssl.SSLContext | None:
    """For servers that ask for a key over TLS only: dialback does not ask who signed. None without cryptography."""
    if not HAS_CRYPTOGRAPHY:
        return None
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, domain[:64])])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(domain)]), False)
        .sign(key, hashes.SHA256())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as directory:  # OpenSSL wants a file, and its key is of no use tomorrow
        path = os.path.join(directory, "own.pem")
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(certificate.public_bytes(serialization.Encoding.PEM) + private)
        context.load_cert_chain(path)
    return context
