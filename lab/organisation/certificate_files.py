# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates in files, as Windows takes and gives them: .cer, .p7b, .pfx and requests."""

from __future__ import annotations

import base64
import textwrap
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs7, pkcs12

from .certificate_store import Key, public_bytes


class UnreadableCertificate(ValueError):
    """The file is none of the kinds, or the password does not open it."""


@dataclass(frozen=True)
class Contents:
    certificate: x509.Certificate  # the one the file is about
    others: tuple[x509.Certificate, ...] = ()
    key: Key | None = None
    friendly_name: str = ""


def request_text(request: x509.CertificateSigningRequest) -> bytes:
    """A request as Windows writes it: base64 with NEW in its header, and line ends of two characters."""
    body = base64.b64encode(request.public_bytes(serialization.Encoding.DER)).decode("ascii")
    lines = [
        "-----BEGIN NEW CERTIFICATE REQUEST-----",
        *textwrap.wrap(body, 64),
        "-----END NEW CERTIFICATE REQUEST-----",
        "",
    ]
    return "\r\n".join(lines).encode("ascii")


def read(data: bytes, password: str | None = None) -> Contents:
    certificates = _certificates(data)
    if certificates:
        leaf = _leaf(certificates)
        return Contents(leaf, tuple(c for c in certificates if c is not leaf))
    try:
        bundle = pkcs12.load_pkcs12(data, password.encode("utf-8") if password is not None else None)
    except (ValueError, TypeError) as error:
        raise UnreadableCertificate(
            "The specified network password is not correct, or the file is not a certificate."
        ) from error
    key = bundle.key
    if bundle.cert is None or not isinstance(key, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey, type(None))):
        raise UnreadableCertificate("Cannot find the requested object.")
    if key is not None and public_bytes(key.public_key()) != public_bytes(bundle.cert.certificate.public_key()):
        raise UnreadableCertificate("The private key is not the certificate's.")
    return Contents(
        bundle.cert.certificate,
        tuple(c.certificate for c in bundle.additional_certs),
        Key(key) if key is not None else None,
        (bundle.cert.friendly_name or b"").decode("utf-8", "replace"),
    )


def _certificates(data: bytes) -> list[x509.Certificate]:
    for load in (
        x509.load_pem_x509_certificates,
        pkcs7.load_pem_pkcs7_certificates,
        pkcs7.load_der_pkcs7_certificates,
        _one,
    ):
        try:
            found = list(load(data))
        except Exception:  # noqa: S112  not this kind of file: the next one may be
            continue
        if found:
            return found
    return []


def _one(data: bytes) -> list[x509.Certificate]:
    return [x509.load_der_x509_certificate(data)]


def _leaf(certificates: list[x509.Certificate]) -> x509.Certificate:
    """The certificate that has issued none of the others."""
    issuers = {c.issuer for c in certificates if c.issuer != c.subject}
    return next((c for c in certificates if c.subject not in issuers and not _is_authority(c)), certificates[0])


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False
