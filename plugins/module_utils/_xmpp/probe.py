# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking one address for one XMPP domain: stream, features, STARTTLS, certificate, features after TLS, authentication.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from . import stream as xmpp
from .answer import Answer, Rules
from .authenticate import Attempt, by_dialback, by_external
from .certificate import NotDer, read
from .dialback import Authoritative
from .judge import judge
from .line import Deadline, Line
from .stream import ERROR, WARNING, Hostile
from .targets import Target
from .tls import OLD, VERSIONS

#: For one address, with all that is tried there.
TARGET_SECONDS = 30.0


def ask(target: Target, rules: Rules, deadline: Deadline, now: datetime | None = None) -> Answer:
    """Ask once with OpenSSL's verdict on the certificate; where it is negative once more, to see what was shown."""
    deadline = deadline.within(TARGET_SECONDS)
    answer = Answer(target)
    try:
        _converse(answer, rules, deadline, rules.contexts.client(True, rules.own_certificate), True)
    except ssl.SSLCertVerificationError as exc:
        why = exc.verify_message or "its chain is not complete"
        answer = Answer(target, trusted=False)
        severity = ERROR if rules.validate else WARNING
        said = f"The certificate that {target.shown} shows is not trusted: {why}."
        answer.found("not_trusted", severity, said, openssl=why)
        blind = rules.contexts.client(False, rules.own_certificate)
        _guarded(answer, lambda: _converse(answer, rules, deadline, blind, False))
    except Exception as exc:
        if not _explained(answer, exc):
            raise
        if isinstance(exc, ssl.SSLError) and answer.answered and answer.certificate is None:
            _diagnose(answer, rules, deadline)
    if rules.all_versions and answer.answered and (answer.before.starttls or answer.certificate is not None):
        _versions(answer, rules, deadline)
    if rules.authoritative is not None and answer.answered:
        _dialback(answer, rules, rules.authoritative, deadline)
    judge(answer, rules, now or datetime.now(UTC))
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
        answer.found("timeout", ERROR, f"{where} {_silence(answer)}.", connected=answer.connected)
    elif isinstance(exc, OSError):
        answer.found("unreachable", ERROR, f"{where} cannot be reached: {exc.strerror or type(exc).__name__}.")
    else:
        return False
    return True


def _silence(answer: Answer) -> str:
    if answer.answered:
        return "did not answer in time"
    if not answer.connected:
        return "did not answer at all in time"
    # inferred: what an Edge does with a domain that is no partner of it; no published page says so
    return (
        "took the connection and told nothing in time: an Edge of Lync Server 2013 may do so as long as the domain that asks is no "
        "XMPP partner in its own copy of the store"
    )


# --- one conversation


@contextlib.contextmanager
def _connected(target: Target, deadline: Deadline) -> Any:
    with socket.create_connection((target.address, target.port), deadline.step()) as connection:
        if ipaddress.ip_address(connection.getpeername()[0]) != ipaddress.ip_address(target.address):
            raise Hostile("refused_address", "the connection did not lead to the address that was checked")
        # A header follows the end of the handshake at once: else it waits for the server's late acknowledgement.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield connection


def _converse(answer: Answer, rules: Rules, deadline: Deadline, context: ssl.SSLContext, verify: bool) -> None:
    target = answer.target
    with _connected(target, deadline) as connection:
        answer.connected = True
        line = Line(connection, deadline)
        header, answer.before = line.opened(rules.sender or target.domain, target.domain)
        answer.answered, answer.stream_from = True, header.sender
        if not _start_tls(answer, rules, line):
            return
        with context.wrap_socket(connection, server_hostname=target.domain) as secured:
            _secured(answer, secured, rules, deadline, verify)


def _start_tls(answer: Answer, rules: Rules, line: Line) -> bool:
    """Ask for TLS, offered or not (RFC 7590: the offer may have been taken away on the way)."""
    where = answer.target.shown
    severity = ERROR if rules.require_tls else WARNING
    if not answer.before.starttls:
        answer.found("starttls_not_offered", WARNING, f"{where} does not offer TLS; it was tried all the same.")
    try:
        line.send(xmpp.STARTTLS_REQUEST)
        reply, plaintext = line.proceed()
    except (Hostile, OSError):
        if answer.before.starttls:
            raise
        answer.found("no_tls", severity, f"{where} does not start TLS.")
        return False
    if (reply.namespace, reply.name) != (xmpp.TLS, "proceed"):
        said = xmpp.stream_error(reply)
        answer.found("no_tls", severity, f"{where} does not start TLS{f' ({said})' if said else ''}.")
        return False
    if plaintext:
        raise Hostile("plaintext_after_proceed", "something came in the clear after TLS was to begin")
    line.connection.settimeout(line.deadline.step())
    return True


def _secured(answer: Answer, secured: ssl.SSLSocket, rules: Rules, deadline: Deadline, verify: bool) -> None:
    answer.tls_version, cipher = secured.version(), secured.cipher()
    answer.cipher = cipher[0] if cipher else None
    answer.certificate = read(secured.getpeercert(binary_form=True) or b"")
    answer.trusted, answer.asked_with_certificate = verify, rules.own_certificate
    line = Line(secured, deadline)
    sender, domain = rules.sender or answer.target.domain, answer.target.domain
    header, answer.after = line.opened(sender, domain)
    answer.stream_from = header.sender or answer.stream_from
    if rules.own_certificate and "EXTERNAL" in answer.after.mechanisms:
        answer.external = by_external(line, sender, domain, answer.after, rules.authoritative)
    else:
        line.send(xmpp.CLOSE)


def _dialback(answer: Answer, rules: Rules, authoritative: Authoritative, deadline: Deadline) -> None:
    """A stream of its own, without our certificate: otherwise that would do, and nobody would ask for a key."""
    target, sender = answer.target, rules.sender or answer.target.domain
    try:
        with contextlib.ExitStack() as stack:
            connection = stack.enter_context(_connected(target, deadline))
            line = Line(connection, deadline)
            header, offers = line.opened(sender, target.domain)
            if answer.certificate is not None and not answer.lowered:
                line.send(xmpp.STARTTLS_REQUEST)
                reply, plaintext = line.proceed()
                if (reply.namespace, reply.name) != (xmpp.TLS, "proceed") or plaintext:
                    raise Hostile("no_tls", "TLS was not started again")
                connection.settimeout(deadline.step())
                context = rules.contexts.client(False, False)
                secured = stack.enter_context(context.wrap_socket(connection, server_hostname=target.domain))
                line = Line(secured, deadline)
                header, offers = line.opened(sender, target.domain)
            answer.dialback = by_dialback(line, sender, target.domain, header.id or "", offers, authoritative)
    except (Hostile, OSError) as exc:
        said = exc.text if isinstance(exc, Hostile) else exc.strerror or "no answer in time"
        answer.dialback = Attempt(False, said)


def _diagnose(answer: Answer, rules: Rules, deadline: Deadline) -> None:
    """TLS failed: try with what nobody should use any more, only to be able to say what the server speaks."""
    lowered = Answer(answer.target)
    try:
        _converse(lowered, rules, deadline, rules.contexts.lowered, False)
    except (OSError, Hostile, NotDer):
        pass
    if lowered.certificate is None:
        return
    answer.tls_version, answer.cipher, answer.certificate = lowered.tls_version, lowered.cipher, lowered.certificate
    answer.after, answer.trusted, answer.lowered = lowered.after, None, True
    answer.found(
        "tls_only_when_lowered",
        WARNING,
        f"{answer.target.shown} was heard only after this probe had lowered its own security: it then spoke "
        f"{lowered.tls_version} with {lowered.cipher}. What was seen so is for diagnosis.",
        tls_version=lowered.tls_version,
        cipher=lowered.cipher,
    )


def _versions(answer: Answer, rules: Rules, deadline: Deadline) -> None:
    spoken = []
    for name, version in VERSIONS:
        one = Answer(answer.target)
        with contextlib.suppress(OSError, Hostile, NotDer):
            with _connected(answer.target, deadline) as connection:
                line = Line(connection, deadline)
                _header, one.before = line.opened(rules.sender or one.target.domain, one.target.domain)
                if _start_tls(one, rules, line):
                    context = rules.contexts.only(version)
                    with context.wrap_socket(connection, server_hostname=one.target.domain):
                        spoken.append(name)
    answer.tls_versions = tuple(spoken)
    old = sorted(OLD & set(spoken))
    if old:
        answer.found(
            "tls_old_versions", WARNING, f"{answer.target.shown} still speaks {' and '.join(old)}.", tls_versions=spoken
        )
