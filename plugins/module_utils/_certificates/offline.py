# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A certificate from an authority that is asked by hand: the request is brought here, and the answer judged here.

The server writes the request and keeps its key. The task stops until the answer lies beside the request. It is judged
with its chain before the server sees it.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from .._engine.errors import InvalidInput, NotReady
from .._readiness.manual_gate import GateClosed, Seen
from .authority import answers, read_request
from .files import Bundle, chain_file, findings, read_bundle, read_file, refuse, relying_on_external, thumbprint
from .judging import CertificateError, missing_names, names_of
from .origin import Case
from .requesting import import_answer, make_request, remove_request
from .stored import Stored

try:
    from cryptography import x509
except ImportError:  # read_request says so
    pass

SUFFIXES = (".cer", ".crt", ".pem", ".p7b")
INTERVAL = 10
GATE = "certificate_answer"


class Exchange:
    """Where the request lies on the controller, and its answer."""

    def __init__(self, case: Case) -> None:
        directory = case.origin.directory or str(Path(case.task.context.state_dir) / "certificates")
        self.directory = Path(directory)
        stem = re.sub(r"[^A-Za-z0-9._-]", "_", f"{case.host}-{case.wanted.uses[0]}").lstrip(".")
        self.request = self.directory / f"{stem}.req"
        self.answers = [self.directory / f"{stem}{suffix}" for suffix in SUFFIXES]

    @property
    def answer(self) -> Path | None:
        return next((one for one in self.answers if one.is_file()), None)

    def write(self, request: bytes) -> None:
        """Whole or not at all; it is no secret, but nobody else is to put another one there."""
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            new = self.request.with_suffix(".new")
            new.unlink(missing_ok=True)
            handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            with os.fdopen(handle, "wb") as stream:
                stream.write(request)
                stream.flush()
                os.fsync(stream.fileno())
            new.rename(self.request)
        except OSError as exc:
            raise InvalidInput(f"The certificate request cannot be written to {self.request}: {exc.strerror}.") from exc

    def done(self, answer: Path, certificate: x509.Certificate) -> None:
        """The request is answered; the answer stays under a name of its own, so that a renewal does not meet it."""
        try:
            answer.rename(answer.with_name(f"{answer.stem}-{thumbprint(certificate)[:8]}{answer.suffix}"))
            self.request.unlink(missing_ok=True)
        except OSError:
            pass  # the next request finds out that the answer is for another key


def obtain(case: Case) -> Stored | None:
    """The certificate; None where one serves until the answer is there."""
    exchange = Exchange(case)
    request = _kept(case, exchange)
    if request is None:
        try:
            data = make_request(case)
        finally:
            remove_request(case)
        case.changed = True
        if not case.task.check_mode:
            try:
                request = read_request(data)
            except CertificateError as exc:
                raise InvalidInput(f"The request of {case.host} cannot be used: {exc}") from exc
            exchange.write(data)
    if case.task.check_mode and (request is None or exchange.answer is None):
        case.task.warn(f"{_gate(case, exchange)} In a dry run the answer is taken for granted.")
        return import_answer(case, None)
    found = _waited(case, exchange)
    if found is None or request is None:
        gate = _gate(case, exchange)
        if case.found is None:
            raise gate
        case.task.warn(
            f"The {case.what} of {case.host}, {case.found.thumbprint}, ends on {case.found.until:%Y-%m-%d}. {gate}"
        )
        return None
    answer = judged(case, found, request)
    imported = import_answer(case, answer)
    if not case.task.check_mode:
        exchange.done(found, answer.certificate)
    return imported


def judged(case: Case, path: Path, request: x509.CertificateSigningRequest) -> Bundle:
    """The answer, or a refusal with every reason."""
    what = f"answer {path} to the certificate request of {case.host}"
    try:
        bundle = read_bundle(read_file(str(path), "answer", private=False), what)
        given = chain_file(case.origin.chain)
    except CertificateError as exc:
        raise InvalidInput(f"{exc} Nothing was imported.") from exc
    if not answers(request, bundle.certificate):
        raise InvalidInput(
            f"The {what} is refused, and nothing was imported: it is for another key than that of the request. Have the request "
            "that lies there now answered; an answer to an older one has lost its key."
        )
    more, trusted = case.chain_of([*bundle.others, *given])
    partners = relying_on_external(case.task.params.get("partners"))
    found = findings(bundle, case.wanted.names, case.wanted.uses, case.at, [*given, *more], trusted, partners)
    for text in refuse(found, what):
        case.task.warn(f"The {what}: {text}")
    have = {thumbprint(one) for one in bundle.others}
    return Bundle(bundle.certificate, (*bundle.others, *(one for one in given if thumbprint(one) not in have)))


def _kept(case: Case, exchange: Exchange) -> x509.CertificateSigningRequest | None:
    """The request that was made before, as long as it asks for all names that are wanted now."""
    if not exchange.request.is_file():
        return None
    try:
        request = read_request(read_file(str(exchange.request), "certificate request", private=False))
    except CertificateError as exc:
        raise InvalidInput(f"{exc} It lies at {exchange.request}: remove it, and another one is made.") from exc
    if missing_names(names_of(request), case.wanted.names):
        return None
    return request


def _waited(case: Case, exchange: Exchange) -> Path | None:
    seconds = case.task.params["wait_seconds"]
    if seconds > 0 and exchange.answer is None:
        try:
            case.session.wait(lambda: exchange.answer, seconds, INTERVAL)
        except NotReady:
            pass
    return exchange.answer


def _gate(case: Case, exchange: Exchange) -> GateClosed:
    todo = [
        f"Have an authority answer the request {exchange.request} (PKCS #10, made on {case.host}; its key stays there): a "
        f"certificate for TLS servers with the subject {case.wanted.subject} and the names {', '.join(case.wanted.names)}.",
        f"Put the answer with its chain at {exchange.answers[0]} (PEM: the server's own first, then each time its issuer), or "
        f"as PKCS #7 at {exchange.answers[-1]}.",
    ]
    title = f"have the {case.what} of {case.host} issued"
    return GateClosed(GATE, title, todo, Seen(False, (f"the answer {exchange.answers[0]}",)), False)
