# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The organisation's certification authority, and the requests it and others answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .certificate_store import Key, Keys, PublicKey, Stored


def subject(cn: str, **parts: str | None) -> x509.Name:
    """``parts``: country, state, city, organization, ou."""
    oids = (
        ("country", NameOID.COUNTRY_NAME),
        ("state", NameOID.STATE_OR_PROVINCE_NAME),
        ("city", NameOID.LOCALITY_NAME),
        ("organization", NameOID.ORGANIZATION_NAME),
        ("ou", NameOID.ORGANIZATIONAL_UNIT_NAME),
    )
    attributes = [x509.NameAttribute(oid, str(parts[name])) for name, oid in oids if parts.get(name)]
    return x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, cn)])


def _extensions(builder: Any, names: Sequence[str], client: bool) -> Any:
    usages = [ExtendedKeyUsageOID.SERVER_AUTH] + ([ExtendedKeyUsageOID.CLIENT_AUTH] if client else [])
    builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    builder = builder.add_extension(
        x509.KeyUsage(True, False, True, False, False, False, False, False, False), critical=True
    )
    if names:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.DNSName(to_ascii(n)) for n in dict.fromkeys(names)]), critical=False
        )
    return builder


_LABELS = re.compile(
    r"(\*\.)?([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?"
)


def to_ascii(name: str) -> str:
    """A-labels: an internationalised domain name is in a certificate as ``xn--``. ValueError where it is no name."""
    text = name if name.isascii() else name.encode("idna").decode("ascii")
    if len(text) > 253 or not _LABELS.fullmatch(text):
        raise ValueError(f"'{name}' is not a DNS name.")
    return text


def make_request(
    key: Key, name: x509.Name, names: Sequence[str], client: bool = False
) -> x509.CertificateSigningRequest:
    builder = _extensions(x509.CertificateSigningRequestBuilder().subject_name(name), names, client)
    request: x509.CertificateSigningRequest = builder.sign(key.private, hashes.SHA256())
    return request


class Authority:
    """A certification authority: the organisation's own, and any that an estate needs beside it."""

    def __init__(self, name: str, keys: Keys, at: datetime, host: str = "", days: float = 3650) -> None:
        self.name = name
        self.host = host
        self.keys = keys
        self._key = keys.next()
        self._serial = 0x10000000
        self._at = at
        builder = self._builder(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), self._key.public, days, at)
        self.certificate = (
            builder.add_extension(x509.BasicConstraints(True, None), critical=True)
            .add_extension(x509.KeyUsage(True, False, False, False, False, True, True, False, False), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public), critical=False)
            .sign(self._key.private, hashes.SHA256())
        )

    @property
    def location(self) -> str:
        """As -CA names it: host\\name."""
        return rf"{self.host}\{self.name}" if self.host else self.name

    def answers_to(self, location: str) -> bool:
        return location.rpartition("\\")[2].casefold() == self.name.casefold()

    def _builder(self, name: x509.Name, public: PublicKey, days: float, at: datetime) -> x509.CertificateBuilder:
        self._serial += 1
        issuer = name if not hasattr(self, "certificate") else self.certificate.subject
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(issuer)
            .public_key(public)
            .serial_number(self._serial)
            .not_valid_before(at - timedelta(days=1))
            .not_valid_after(at + timedelta(days=days))
        )

    def issue(
        self,
        public: PublicKey,
        name: x509.Name,
        names: Iterable[str],
        at: datetime,
        *,
        days: float = 730,
        client: bool = False,
    ) -> x509.Certificate:
        builder = self._builder(name, public, days, at)
        builder = builder.add_extension(x509.BasicConstraints(False, None), critical=True)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public), critical=False
        )
        certificate: x509.Certificate = _extensions(builder, list(names), client).sign(
            self._key.private, hashes.SHA256()
        )
        return certificate

    def key_pem(self, passphrase: str) -> bytes:
        """The private key for whoever signs with it outside of the lab."""
        encryption = serialization.BestAvailableEncryption(passphrase.encode())
        pem: bytes = self._key.private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
        )
        return pem

    def stored(self) -> Stored:
        return Stored(self.certificate, friendly_name=self.name)
