# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP side of WS-Management: one listener for HTTPS and one for HTTP per computer, on loopback only."""

from __future__ import annotations

import ipaddress
import logging
import socket
import ssl
import threading
import typing as t
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from . import soap
from .auth import BASIC, CREDSSP, NTLM, Accounts, BadMessage, Denied, Gate
from .service import Drop, Refuse, Service

log = logging.getLogger(__name__)

SCHEMES = frozenset({BASIC, NTLM, CREDSSP})
HANDSHAKE_SECONDS = 10.0
SIGN_IN_SECONDS = 30.0
SOAP_TYPE = "application/soap+xml;charset=UTF-8"
REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    411: "Length Required",
    413: "Request Entity Too Large",
    415: "Unsupported Media Type",
    500: "Internal Server Error",
}


class Listener(ThreadingHTTPServer):
    """One port. Connections are threads; there are not more of them than the limit says."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, endpoint: Endpoint, port: int, tls: ssl.SSLContext | None) -> None:
        self.endpoint, self.tls = endpoint, tls
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__((endpoint.address, port), Handler)
        self.port: int = self.server_address[1]
        self._thread = threading.Thread(target=self._accept, name=f"wsman-{self.port}", daemon=True)

    def server_bind(self) -> None:
        """Without the reverse name query of http.server."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def start(self) -> None:
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, peer = self.socket.accept()
            except OSError:
                return  # closed
            with self._lock:
                full = len(self._open) >= self.endpoint.service.limits.max_connections
                if not full:
                    self._open.add(connection)
            if full:
                connection.close()
            else:
                self.process_request(connection, peer)

    def finish_request(self, request: t.Any, client_address: t.Any) -> None:
        raw = request
        try:
            if self.tls is not None:
                request.settimeout(HANDSHAKE_SECONDS)
                request = self.tls.wrap_socket(request, server_side=True)
                with self._lock:  # the wrapped socket has taken the raw one's descriptor
                    self._open.add(request)
            super().finish_request(request, client_address)
        finally:
            with self._lock:
                self._open -= {raw, request}
            self.close_request(request)

    def handle_error(self, request: t.Any, client_address: t.Any) -> None:
        log.debug("a connection to port %s ended", self.port, exc_info=True)

    def shutdown_request(self, request: t.Any) -> None:
        self.close_request(request)

    def close(self) -> None:
        """Stops listening and cuts every connection."""
        for sock in (self.socket, *self._connections()):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.server_close()

    def _connections(self) -> list[socket.socket]:
        with self._lock:
            return list(self._open)


class Handler(BaseHTTPRequestHandler):
    """One connection: one sign-in, then requests until it is closed."""

    server: Listener
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        endpoint = self.server.endpoint
        self._gate = Gate(endpoint.accounts, endpoint.fqdn, endpoint.schemes, self.server.tls is not None)
        super().setup()
        self.connection.settimeout(SIGN_IN_SECONDS)

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (OSError, ValueError):
            self.close_connection = True

    def log_message(self, format: str, *args: t.Any) -> None:
        log.debug("%s %s", self.server.port, format % args)

    def do_POST(self) -> None:
        service = self.server.endpoint.service
        length = self.headers.get("Content-Length", "")
        if "Transfer-Encoding" in self.headers or not (length.isascii() and length.isdigit()):
            return self._answer(411, close=True)
        # Before anyone has signed in: what is too large is not read.
        if len(length) > 9 or int(length) > 2 * service.limits.max_envelope + 4096:
            return self._answer(413, close=True)
        body = self.rfile.read(int(length))
        if self.path.partition("?")[0].rstrip("/").casefold() != "/wsman":
            return self._answer(404)
        try:
            signed = self._sign_in()
        except Denied:
            service.counts.add("refused")
            self._gate.account = None
            return self._answer(401)
        if signed is None:
            return None
        try:
            return self._serve(body, signed)
        except Drop:
            self.close_connection = True
            return None
        except Refuse:
            service.counts.add("refused")
            return self._answer(401, close=True)

    def do_GET(self) -> None:
        self._answer(405, close=True)

    do_HEAD = do_PUT = do_DELETE = do_OPTIONS = do_GET

    def _sign_in(self) -> list[str] | None:
        """The headers to answer with, once somebody has signed in; None where another leg was asked for."""
        header = self.headers.get("Authorization", "")
        if not header:
            if self._gate.account is not None:
                return []
            self._answer(401, challenges=self._gate.offers())
            return None
        signed = self._gate.sign_in(header)
        if signed.account is None:
            self._answer(401, challenges=[signed.reply])
            return None
        self.connection.settimeout(self.server.endpoint.service.limits.connection_idle)
        return [signed.reply] if signed.reply else []

    def _serve(self, body: bytes, challenges: list[str]) -> None:
        service, account = self.server.endpoint.service, self._gate.account
        if account is None:
            raise Denied
        if not body:
            return self._answer(200, challenges=challenges)
        content_type = self.headers.get("Content-Type", "")
        sealed = content_type.casefold().startswith("multipart/")
        if not sealed and self.server.tls is None:
            return self._answer(415, close=True)
        if sealed:
            try:
                body = self._gate.open_message(content_type, body)
            except BadMessage:
                return self._answer(400, close=True)
        try:
            status, envelope = service.handle(body, account.name)
        except (Drop, Refuse):
            raise
        except Exception as exc:
            # Answered, not dropped: a client would repeat the request over a new connection with an old seal.
            log.exception("a request to %s failed", service.computer.fqdn)
            failure = soap.WsmanFault(1359, f"The lab's endpoint failed: {type(exc).__name__}: {exc}")
            status, envelope = 500, soap.fault(failure, "", service.computer.fqdn)
        content_type = SOAP_TYPE
        if sealed:
            content_type, envelope = self._gate.seal(envelope)
        return self._answer(status, envelope, content_type, challenges)

    def _answer(
        self,
        status: int,
        body: bytes = b"",
        content_type: str = "",
        challenges: t.Iterable[str] = (),
        close: bool = False,
    ) -> None:
        """Head and body in one write: with two, an exchange takes 40 times as long."""
        lines = [f"HTTP/1.1 {status} {REASONS[status]}", "Server: Microsoft-HTTPAPI/2.0"]
        lines += [f"WWW-Authenticate: {challenge}" for challenge in challenges]
        if content_type:
            lines.append(f"Content-Type: {content_type}")
        if close:
            lines.append("Connection: close")
            self.close_connection = True
        lines += [f"Content-Length: {len(body)}", "", ""]
        self.wfile.write("\r\n".join(lines).encode("latin-1") + body)


class Endpoint:
    """WinRM of one computer: listeners that can be restarted on their ports, as the service is on a real host."""

    def __init__(
        self,
        service: Service,
        accounts: Accounts,
        tls: ssl.SSLContext,
        *,
        address: str = "127.0.0.1",
        schemes: frozenset[str] = SCHEMES,
        https_port: int = 0,
        http_port: int = 0,
    ) -> None:
        if not ipaddress.ip_address(address).is_loopback:
            raise ValueError(f"The lab listens on loopback only, not on {address}.")
        self.service, self.accounts, self.address, self.schemes = service, accounts, address, schemes
        self.fqdn: str = service.computer.fqdn
        self.https_port, self.http_port = https_port, http_port
        self._tls = tls
        self._listeners: list[Listener] = []
        self._lock = threading.Lock()
        self._stopped = False
        self._ended = threading.Event()
        service.restart = self.restart

    def start(self) -> None:
        with self._lock:
            self._listen()

    def _listen(self) -> None:
        https = Listener(self, self.https_port, self._tls)
        try:
            http = Listener(self, self.http_port, None)
        except OSError:
            https.server_close()
            raise
        self.https_port, self.http_port = https.port, http.port
        self._listeners = [https, http]
        for listener in self._listeners:
            listener.start()

    def stop(self) -> None:
        self._ended.set()
        with self._lock:
            self._stopped = True
            self._close()

    def _close(self) -> None:
        for listener in self._listeners:
            listener.close()
        self._listeners = []
        self.service.shells.clear()

    def restart(self, seconds: float = 0.0, farewell: float = 0.0) -> None:
        """Everything is cut and every shell gone after ``farewell``, at once by default; listens again after
        ``seconds``. Does not wait for that."""
        thread = threading.Thread(
            target=self._restart, args=(seconds, farewell), name=f"restart-{self.fqdn}", daemon=True
        )
        thread.start()

    def _restart(self, seconds: float, farewell: float = 0.0) -> None:
        self._ended.wait(farewell)
        with self._lock:
            if self._stopped:
                return
            self._close()
            held = [self._held(port) for port in (self.https_port, self.http_port)]
            self._ended.wait(seconds)
            for sock in held:
                sock.close()
            if not self._stopped and not self._ended.is_set():
                self._listen()

    def _held(self, port: int) -> socket.socket:
        """A port that nobody listens on and nobody else is given: else another program may have it meanwhile."""
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((self.address, port))
        return sock
