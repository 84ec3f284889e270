# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificate stores of the computers: real keys, real certificates, and what Lync uses them for."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
_CURVES: dict[str, ec.EllipticCurve] = {
    "ECDH_P256": ec.SECP256R1(),
    "ECDH_P384": ec.SECP384R1(),
    "ECDH_P521": ec.SECP521R1(),
}


class Key:
    """A private key. It is never printed, and a copied world shares it."""

    __slots__ = ("private",)

    def __init__(self, private: PrivateKey) -> None:
        self.private = private

    @property
    def public(self) -> PublicKey:
        return self.private.public_key()

    @property
    def public_bytes(self) -> bytes:
        return public_bytes(self.public)

    def __deepcopy__(self, memo: dict[int, Any]) -> Key:
        return self

    def __repr__(self) -> str:
        return "Key(…)"


def public_bytes(key: Any) -> bytes:
    encoded: bytes = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return encoded


class Keys:
    """The keys of one world, each given out once. The process makes each only once, because 2048 bits take a while."""

    _made: ClassVar[dict[tuple[str, int], list[Key]]] = {}
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, algorithm: str = "RSA", size: int = 2048) -> None:
        self._default = (algorithm, size)
        self._given: dict[tuple[str, int], int] = {}

    def next(self, algorithm: str | None = None, size: int = 2048) -> Key:
        algorithm, size = (algorithm, size) if algorithm else self._default
        kind = (algorithm, size if algorithm == "RSA" else 0)
        with self._lock:
            place = self._given.get(kind, 0)
            self._given[kind] = place + 1
            made = self._made.setdefault(kind, [])
            while len(made) <= place:
                made.append(Key(self._make(*kind)))
            return made[place]

    @staticmethod
    def _make(algorithm: str, size: int) -> PrivateKey:
        if algorithm == "RSA":
            return rsa.generate_private_key(public_exponent=65537, key_size=size)
        return ec.generate_private_key(_CURVES[algorithm])


@dataclass
class Stored:
    """A certificate in a store, with its key or without."""

    certificate: x509.Certificate
    key: Key | None = None
    exportable: bool = False
    friendly_name: str = ""

    def __deepcopy__(self, memo: dict[int, Any]) -> Stored:
        return Stored(self.certificate, self.key, self.exportable, self.friendly_name)

    @property
    def thumbprint(self) -> str:
        return thumbprint(self.certificate)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)


def thumbprint(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303  what Windows calls the thumbprint


@dataclass
class Pending:
    """A request whose answer has not come yet. Its key waits in the computer's Request store."""

    number: int
    key: Key
    request: x509.CertificateSigningRequest
    exportable: bool
    friendly_name: str
    types: tuple[str, ...]
    output: str | None
    made: datetime


@dataclass
class Assignment:
    """A use (Default, AccessEdgeExternal, XmppServer ...) and the certificate that serves it."""

    use: str
    thumbprint: str
    effective: datetime
    updated: datetime
    previous: str | None = None


@dataclass
class CertificateStore:
    """One computer's LocalMachine stores, its pending requests and what its Lync services use."""

    stores: dict[str, dict[str, Stored]] = field(default_factory=lambda: {"My": {}, "Root": {}, "CA": {}})
    pending: list[Pending] = field(default_factory=list)
    assignments: dict[str, Assignment] = field(default_factory=dict)  # by use, casefolded
    requests: int = 0

    def add(self, stored: Stored, store: str = "My") -> str:
        self.stores[store][stored.thumbprint] = stored
        return stored.thumbprint

    def find(self, wanted: str, store: str = "My") -> Stored | None:
        return self.stores[store].get(wanted.replace(" ", "").upper())

    def assign(self, use: str, thumb: str, at: datetime) -> None:
        before = self.assignments.get(use.casefold())
        previous = before.thumbprint if before and before.thumbprint != thumb else before.previous if before else None
        self.assignments[use.casefold()] = Assignment(use, thumb, at, at, previous)

    def assigned(self, use: str) -> Stored | None:
        assignment = self.assignments.get(use.casefold())
        return self.find(assignment.thumbprint) if assignment else None

    def pending_for(self, certificate: x509.Certificate) -> Pending | None:
        wanted = public_bytes(certificate.public_key())
        return next((p for p in self.pending if p.key.public_bytes == wanted), None)

    def chain(self, certificate: x509.Certificate) -> list[x509.Certificate]:
        """The certificate and its issuers as far as the CA and Root stores have them."""
        known = [s.certificate for name in ("CA", "Root") for s in self.stores[name].values()]
        chain = [certificate]
        while chain[-1].issuer != chain[-1].subject and len(chain) < 8:
            issuer = next((c for c in known if issued_by(chain[-1], c)), None)
            if issuer is None:
                break
            chain.append(issuer)
        return chain

    def trusted(self, certificate: x509.Certificate, at: datetime) -> bool:
        """The chain ends in the Root store, and every part of it is valid now."""
        chain = self.chain(certificate)
        return thumbprint(chain[-1]) in self.stores["Root"] and all(valid(c, at) for c in chain)


def issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    if certificate.issuer != issuer.subject:
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except Exception:  # a wrong signature, or a key that cannot have made it: not the issuer either way
        return False
    return True


def valid(certificate: x509.Certificate, at: datetime) -> bool:
    return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc


def names_of(certificate: x509.Certificate | x509.CertificateSigningRequest) -> list[str]:
    """DNS names of the subject alternative name extension."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return extension.value.get_values_for_type(x509.DNSName)


def common_name(certificate: x509.Certificate | x509.CertificateSigningRequest) -> str:
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""


_LABELS = {
    NameOID.COMMON_NAME: "CN",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "OU",
    NameOID.ORGANIZATION_NAME: "O",
    NameOID.LOCALITY_NAME: "L",
    NameOID.STATE_OR_PROVINCE_NAME: "S",
    NameOID.COUNTRY_NAME: "C",
    NameOID.DOMAIN_COMPONENT: "DC",
    NameOID.EMAIL_ADDRESS: "E",
}


def windows_name(name: x509.Name) -> str:
    """As X509Certificate2.Subject prints it: most specific part first."""
    parts = []
    for attribute in reversed(list(name)):
        value = str(attribute.value)
        if not value or any(c in value for c in ',+"\\<>;#=\n') or value != value.strip():
            value = '"' + value.replace('"', '""') + '"'
        parts.append(f"{_LABELS.get(attribute.oid, 'OID.' + attribute.oid.dotted_string)}={value}")
    return ", ".join(parts)
