# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking one address for one XMPP domain: stream, features, STARTTLS, certificate, features after TLS.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from . import _xmpp as xmpp
from ._errors import one_line
from ._xmpp import ERROR, INFO, WARNING, Element, Features, Finding, Hostile, StreamReader
from ._xmpp_certificate import CLIENT_AUTH, Certificate, NotDer, read
from ._xmpp_targets import Target

STEP_SECONDS = 5.0
DAYS_LEFT = 30


class Deadline:
    """Seconds for all of a probe, and for each of its steps."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._end = clock, clock() + seconds

    def left(self) -> float:
        return self._end - self._clock()

    def step(self) -> float:
        left = min(self.left(), STEP_SECONDS)
        if left <= 0:
            raise TimeoutError("the time of the probe is over")
        return left


@dataclass
class Answer:
    """What an address said for a domain."""

    target: Target
    answered: bool = False
    stream_from: str | None = None
    tls_version: str | None = None
    cipher: str | None = None
    trusted: bool | None = None
    certificate: Certificate | None = None
    before: Features = field(default_factory=Features)
    after: Features | None = None
    findings: list[Finding] = field(default_factory=list)

    def found(self, id: str, severity: str, text: str) -> None:
        self.findings.append(Finding(id, severity, one_line(text), self.target.domain, self.target.shown))

    @property
    def ok(self) -> bool:
        return self.answered and not any(one.severity == ERROR for one in self.findings)

    def shown(self) -> dict[str, Any]:
        seen = self.certificate
        return {
            "domain": self.target.domain,
            "host": self.target.host,
            "address": self.target.address,
            "port": self.target.port,
            "answered": self.answered,
            "stream_from": one_line(self.stream_from or "", 255),
            "starttls": self.before.starttls,
            "tls_version": self.tls_version,
            "cipher": self.cipher,
            "mechanisms": list((self.after or self.before).mechanisms),
            "dialback": (self.after or self.before).dialback,
            "certificate": None
            if seen is None
            else {
                "thumbprint": seen.sha1,
                "sha256": seen.sha256,
                "trusted": self.trusted,
                "dns_names": [one_line(name, 255) for name in seen.dns_names],
                "srv_names": [one_line(name, 255) for name in seen.srv_names],
                "xmpp_addresses": [one_line(name, 255) for name in seen.xmpp_addresses],
                "not_after": seen.not_after.isoformat(),
            },
        }


@dataclass(frozen=True)
class Rules:
    """What is asked of an answer."""

    sender: str | None = None
    require_tls: bool = True
    validate: bool = True
    ca_file: str | None = None
    thumbprints: Sequence[str] = ()


def ask(target: Target, rules: Rules, deadline: Deadline, now: datetime | None = None) -> Answer:
    """Ask once with OpenSSL's verdict on the certificate; where it is negative once more, to see what was shown."""
    answer = Answer(target)
    try:
        _converse(answer, rules, deadline, verify=True)
    except ssl.SSLCertVerificationError as exc:
        why = exc.verify_message or "its chain is not complete"
        answer = Answer(target, trusted=False)
        severity = ERROR if rules.validate else WARNING
        answer.found("not_trusted", severity, f"The certificate that {target.shown} shows is not trusted: {why}.")
        _guarded(answer, lambda: _converse(answer, rules, deadline, verify=False))
    except Exception as exc:
        if not _explained(answer, exc):
            raise
    if answer.certificate is not None:
        _judge(answer, rules, now or datetime.now(UTC))
    return answer


def _guarded(answer: Answer, work: Callable[[], None]) -> None:
    try:
        work()
    except Exception as exc:
        if not _explained(answer, exc):
            raise


def _explained(answer: Answer, exc: Exception) -> bool:
    """What went wrong as a finding. Defects of ours are none."""
    where = answer.target.shown
    if isinstance(exc, Hostile):
        answer.found(exc.id, ERROR, f"{where}: {exc.text}.")
    elif isinstance(exc, NotDer):
        answer.found("bad_certificate", ERROR, f"{where}: {exc}.")
    elif isinstance(exc, ssl.SSLError):
        answer.found("tls_failed", ERROR, f"{where}: TLS failed ({exc.reason or type(exc).__name__}).")
    elif isinstance(exc, TimeoutError):
        what = "did not answer in time" if answer.answered else "did not answer at all in time"
        answer.found("timeout", ERROR, f"{where} {what}.")
    elif isinstance(exc, OSError):
        answer.found("unreachable", ERROR, f"{where} cannot be reached: {exc.strerror or type(exc).__name__}.")
    else:
        return False
    return True


# --- one conversation


class _Line:
    """The connection with a reader of its stream."""

    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        self.connection, self._deadline = connection, deadline
        self.reader = StreamReader()

    def send(self, data: bytes) -> None:
        self.connection.settimeout(self._deadline.step())
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
        self.connection.settimeout(self._deadline.step())
        data = b"" if self.reader.closed else self.connection.recv(8192)
        if not data:
            raise Hostile("closed", "the server closed the stream before it had said what it offers")
        self.reader.feed(data)

    def proceed(self) -> tuple[Element, bool]:
        """The answer to <starttls/>, and whether anything came behind it in the clear."""
        early = self.reader.next()
        if early is not None:
            return early, False
        while True:
            self.connection.settimeout(self._deadline.step())
            data = self.connection.recv(4096)
            if not data:
                raise Hostile("closed", "the server closed the stream instead of starting TLS")
            for index in range(len(data)):
                self.reader.feed(data[index : index + 1])
                found = self.reader.next()
                if found is not None:
                    return found, bool(data[index + 1 :])


def _converse(answer: Answer, rules: Rules, deadline: Deadline, verify: bool) -> None:
    target = answer.target
    with socket.create_connection((target.address, target.port), deadline.step()) as connection:
        if ipaddress.ip_address(connection.getpeername()[0]) != ipaddress.ip_address(target.address):
            raise Hostile("refused_address", "the connection did not lead to the address that was checked")
        line = _Line(connection, deadline)
        answer.before = _opened(answer, line, rules)
        if not answer.before.starttls:
            said = f"{target.shown} does not offer TLS; it was tried all the same."
            answer.found("starttls_not_offered", WARNING, said)
        line.send(xmpp.STARTTLS_REQUEST)
        reply, plaintext = line.proceed()
        if (reply.namespace, reply.name) != (xmpp.TLS, "proceed"):
            severity = ERROR if rules.require_tls else WARNING
            answer.found("no_tls", severity, f"{target.shown} does not start TLS.")
            return
        if plaintext:
            raise Hostile("plaintext_after_proceed", "something came in the clear after TLS was to begin")
        connection.settimeout(deadline.step())
        with _context(rules, verify).wrap_socket(connection, server_hostname=target.domain) as secured:
            _secured(answer, secured, rules, deadline, verify)


def _secured(answer: Answer, secured: ssl.SSLSocket, rules: Rules, deadline: Deadline, verify: bool) -> None:
    answer.tls_version, cipher = secured.version(), secured.cipher()
    answer.cipher = cipher[0] if cipher else None
    answer.certificate = read(secured.getpeercert(binary_form=True) or b"")
    answer.trusted = verify
    line = _Line(secured, deadline)
    answer.after = _opened(answer, line, rules)
    line.send(xmpp.CLOSE)


def _context(rules: Rules, verify: bool) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=rules.ca_file)
    context.check_hostname = False  # an XMPP name need not be a DNS name: the names are judged by themselves
    context.verify_mode = ssl.CERT_REQUIRED if verify else ssl.CERT_NONE
    return context


def _opened(answer: Answer, line: _Line, rules: Rules) -> Features:
    """Open a stream and read what the server offers."""
    domain = answer.target.domain
    line.send(xmpp.opening(rules.sender or domain, domain))
    header = line.header()
    if not header.legal:
        raise Hostile("no_stream", "what answered is no XMPP server")
    answer.answered = True
    answer.stream_from = header.sender
    if header.sender and header.sender.lower() != domain:
        answer.found("other_domain", WARNING, f"{answer.target.shown} answers as {header.sender}, not as {domain}.")
    element = line.element()
    condition = xmpp.stream_error(element)
    if condition is not None:
        raise Hostile("stream_error", f"the server refused the stream for {domain} ({condition})")
    if not xmpp.is_features(element):
        raise Hostile("no_features", "the server does not say what it offers, so it is not one of XMPP 1.0")
    return xmpp.features(element)


# --- the certificate


def _judge(answer: Answer, rules: Rules, now: datetime) -> None:
    seen, domain, where = answer.certificate, answer.target.domain, answer.target.shown
    if seen is None:
        return
    if not seen.identifies(domain):
        names = ", ".join(seen.dns_names[:8]) or "no name"
        answer.found("name_mismatch", ERROR, f"The certificate of {where} does not name {domain}; it names {names}.")
    if now > seen.not_after or now < seen.not_before:
        answer.found(
            "not_valid_now", ERROR, f"The certificate of {where} is valid until {seen.not_after:%Y-%m-%d} only."
        )
    elif seen.not_after - now < timedelta(days=DAYS_LEFT):
        answer.found("ends_soon", WARNING, f"The certificate of {where} is valid until {seen.not_after:%Y-%m-%d} only.")
    if not seen.allows(CLIENT_AUTH):
        answer.found(
            "no_client_authentication",
            WARNING,
            f"The certificate of {where} is not for client authentication, so partners may not take it for SASL EXTERNAL.",
        )
    wanted = {one.replace(" ", "").upper() for one in rules.thumbprints}
    if wanted and not wanted & {seen.sha1, seen.sha256}:
        answer.found(
            "other_certificate", ERROR, f"{where} shows the certificate {seen.sha1}, not the one that is wanted."
        )
    after = answer.after
    if after is not None and "EXTERNAL" not in after.mechanisms and not after.dialback:
        answer.found("no_authentication", INFO, f"{where} offers neither SASL EXTERNAL nor dialback to a stranger.")
