# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates that others made, as files on the controller: parsed, judged with their chain, before anything travels.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import os
import resource
import stat
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .._engine.errors import InvalidInput
from .._xmpp.negotiation import NOT_SUPPORTED, REQUIRED
from .judging import ERROR, WARNING, CertificateError, Finding, issued_by, judge, require_cryptography

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.serialization import pkcs7
except ImportError:  # require_cryptography says so
    pass

MAXIMUM_FILE = 100_000


def seal() -> None:
    """Keys and passphrases are in this process now: no core file of it, and nobody reads its memory."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform.startswith("linux"):
        set_dumpable = 4
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(set_dumpable, 0, 0, 0, 0)


def thumbprint(certificate: x509.Certificate) -> str:
    """What Windows calls a certificate by."""
    return certificate.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303


def der_of(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def public_bytes(key: Any) -> bytes:
    encoded: bytes = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return encoded


def read_file(path: str, what: str, *, private: bool) -> bytes:
    """The content of a file that we own; a private one must not be open to anybody else, and is no link."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | (os.O_NOFOLLOW if private else 0))
    except ValueError as exc:  # NUL is in no file name
        raise CertificateError(f"The {what} {path} cannot be opened: {exc}.") from None
    except OSError as exc:
        raise CertificateError(f"The {what} {path} cannot be opened: {exc.strerror}.") from None
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        os.close(handle)
        raise CertificateError(f"The {what} {path} is not a file.")
    with os.fdopen(handle, "rb") as stream:
        if private and status.st_mode & 0o077:
            raise CertificateError(
                f"The {what} {path} can be read by others than its owner (mode {stat.S_IMODE(status.st_mode):04o}): "
                "close it (chmod 600) and think about who may have copied it."
            )
        if private and status.st_uid not in (0, os.geteuid()):
            raise CertificateError(f"The {what} {path} belongs to another user (uid {status.st_uid}).")
        data = stream.read(MAXIMUM_FILE + 1)
    if len(data) > MAXIMUM_FILE:
        raise CertificateError(f"The {what} {path} is larger than {MAXIMUM_FILE} bytes.")
    return data


@dataclass(frozen=True)
class Bundle:
    """A server's certificate, and the others that came with it."""

    certificate: x509.Certificate
    others: tuple[x509.Certificate, ...] = ()

    @property
    def intermediates(self) -> tuple[x509.Certificate, ...]:
        """What belongs into the store of intermediate authorities: roots do not."""
        return tuple(one for one in self.others if one.issuer != one.subject)

    def for_windows(self) -> tuple[bytes, str]:
        """Content and suffix of the file that Import-CsCertificate takes: with intermediates, a PKCS #7 file."""
        if not self.intermediates:
            return self.certificate.public_bytes(serialization.Encoding.PEM), "cer"
        chain = [self.certificate, *self.intermediates]
        return pkcs7.serialize_certificates(chain, serialization.Encoding.DER), "p7b"


def certificates_in(data: bytes, what: str) -> tuple[list[x509.Certificate], bool]:
    """Every certificate of a file, PEM, DER or PKCS #7, and whether their order says something."""
    require_cryptography()
    if b"PRIVATE KEY-----" in data:
        raise CertificateError(
            f"The {what} holds a private key in the clear. Keys are not carried like that: remove it, and think about who may "
            "have copied it."
        )
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        data = data.decode("utf-16", "replace").encode("ascii", "replace")
    ways: tuple[tuple[bool, Callable[[bytes], list[x509.Certificate]]], ...] = (
        (True, x509.load_pem_x509_certificates),
        (True, lambda given: [x509.load_der_x509_certificate(given)]),
        (False, pkcs7.load_pem_pkcs7_certificates),
        (False, pkcs7.load_der_pkcs7_certificates),
    )
    for in_order, read in ways:
        try:
            found = list(read(data))
        except Exception:  # noqa: S112  not this kind of file: the next one may be
            continue
        if found:
            return found, in_order
    raise CertificateError(f"The {what} holds no certificate that can be read (PEM, DER or PKCS #7 is wanted).")


def read_bundle(data: bytes, what: str) -> Bundle:
    """A server's certificate with its chain. In a PEM file each one has to be followed by its issuer."""
    found, in_order = certificates_in(data, what)
    if len(found) == 1:
        return Bundle(found[0])
    if not in_order:
        signers = [one for one in found if any(other is not one and issued_by(other, one) for other in found)]
        leaves = [one for one in found if one not in signers]
        first = next((one for one in leaves if not _is_authority(one)), None) or (leaves or found)[0]
        return Bundle(first, tuple(one for one in found if one is not first))
    for place, (one, issuer) in enumerate(itertools.pairwise(found), 2):
        if not issued_by(one, issuer):
            raise CertificateError(
                f"The certificates in the {what} are in the wrong order: number {place}, {_name(issuer)}, has not issued the one "
                f"before it, {_name(one)}. The server's own comes first, then each time its issuer."
            )
    return Bundle(found[0], tuple(found[1:]))


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (ValueError, x509.ExtensionNotFound):
        return False


def _name(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string() or "without a subject"


def chain_file(path: str | None) -> list[x509.Certificate]:
    """Certificates of authorities that the operator gives beside, in any order."""
    if not path:
        return []
    return certificates_in(read_file(path, "file of the chain", private=False), f"file of the chain {path}")[0]


def findings(
    bundle: Bundle,
    names: Sequence[str],
    uses: Sequence[str],
    at: datetime,
    issuers: Iterable[x509.Certificate],
    trusted: Sequence[bytes] | None,
    partners: Sequence[str] = (),
) -> list[Finding]:
    """What is wrong with it for any of the uses, each thing once."""
    others = [der_of(one) for one in (*bundle.others, *issuers)]
    found: dict[str, Finding] = {}
    for use in uses:
        for one in judge(der_of(bundle.certificate), names, use, at, others, trusted, partners):
            found.setdefault(one.text, one)
    return list(found.values())


def refuse(found: Sequence[Finding], what: str) -> list[str]:
    """Nothing, or the refusal with every reason; what is only to be warned of is handed back."""
    reasons = [one.text for one in found if one.severity == ERROR]
    if reasons:
        raise InvalidInput(f"The {what} is refused, and nothing was imported: {' '.join(reasons)}")
    return [one.text for one in found if one.severity == WARNING]


def relying_on_external(partners: Iterable[Mapping[str, Any]] | None) -> list[str]:
    """The partners whose triple lets SASL EXTERNAL happen: the others never see this Edge as a client."""
    found = []
    for one in partners or ():
        if (
            str(one.get("sasl_negotiation") or REQUIRED) != NOT_SUPPORTED
        ):  # what New-CsXmppAllowedPartner does by itself
            found.append(str(one.get("domain")))
    return found
