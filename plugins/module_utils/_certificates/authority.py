# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A private certification authority on the controller, which answers the requests of Lync servers.

It is no signing oracle: of a request it takes the public key alone, after possession of the private one is proved.
Names, purposes and validity come from the plan. Its own key has to be encrypted, in a file that nobody else can read.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from .._settings.names import BadName, distinct, domain
from .files import MAXIMUM_FILE, public_bytes, read_file, seal, thumbprint
from .judging import CertificateError, key_problem, require_cryptography

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
except ImportError:  # require_cryptography says so
    pass

MAXIMUM_DAYS = 825
_BACKDATED = timedelta(minutes=10)  # clocks of servers differ


@dataclass(frozen=True)
class Plan:
    """What a certificate is to say, whatever the request says."""

    subject: str
    names: tuple[str, ...]
    days: int = 730
    client_auth: bool = True


@dataclass(frozen=True)
class Authority:
    certificate: x509.Certificate
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey = field(repr=False)

    @property
    def thumbprint(self) -> str:
        return thumbprint(self.certificate)


def load_certificate(path: str) -> x509.Certificate:
    require_cryptography()
    data = read_file(path, "authority's certificate", private=False)
    try:
        return x509.load_pem_x509_certificate(data) if b"-----BEGIN" in data else x509.load_der_x509_certificate(data)
    except ValueError:
        raise CertificateError(f"The authority's certificate {path} is neither PEM nor DER.") from None


def load_authority(certificate_path: str, key_path: str, passphrase: str | None, now: datetime) -> Authority:
    """The authority, or a sentence that says why it cannot issue."""
    certificate = load_certificate(certificate_path)
    seal()
    data = read_file(key_path, "authority's key", private=True)
    load = serialization.load_pem_private_key if b"-----BEGIN" in data else serialization.load_der_private_key
    try:
        load(data, password=None)
    except TypeError:
        pass  # encrypted, as it should be
    except ValueError:
        raise CertificateError(f"The authority's key {key_path} cannot be read.") from None
    else:
        raise CertificateError(
            f"The authority's key {key_path} is not encrypted: encrypt it (openssl pkey -aes256 -in FILE -out NEW) and "
            "give its passphrase in the vaulted variable lync_migration_ca_key_passphrase."
        )
    if not passphrase:
        raise CertificateError(f"The authority's key {key_path} is encrypted, and no passphrase is given.")
    try:
        key = load(data, password=passphrase.encode())
    except ValueError:
        raise CertificateError(f"The passphrase does not open the authority's key {key_path}.") from None
    if not isinstance(key, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey)):
        raise CertificateError(f"The authority's key {key_path} is neither RSA nor of an elliptic curve.")
    if public_bytes(key.public_key()) != public_bytes(certificate.public_key()):
        raise CertificateError(f"The authority's key {key_path} does not belong to its certificate {certificate_path}.")
    _check_authority(certificate, certificate_path, now)
    return Authority(certificate, key)


def _check_authority(certificate: x509.Certificate, path: str, now: datetime) -> None:
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except (x509.ExtensionNotFound, ValueError):
        constraints = None
    if constraints is None or not constraints.ca:
        raise CertificateError(f"The certificate {path} is not that of a certification authority (no CA:TRUE).")
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        usage = None
    if usage is not None and not usage.key_cert_sign:
        raise CertificateError(f"The authority's certificate {path} may not sign certificates (its key usage says so).")
    if problem := key_problem(certificate.public_key()):
        raise CertificateError(f"The authority's key {problem} ({path}).")
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise CertificateError(f"The authority's certificate {path} is not valid now.")


def read_request(data: bytes) -> x509.CertificateSigningRequest:
    """A request as Request-CsCertificate writes it, with possession of its key proved and the key judged."""
    require_cryptography()
    if len(data) > MAXIMUM_FILE:
        raise CertificateError(f"The certificate request is larger than {MAXIMUM_FILE} bytes.")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        data = data.decode("utf-16", "replace").encode("ascii", "replace")
    try:
        request = x509.load_pem_x509_csr(data) if b"-----BEGIN" in data else x509.load_der_x509_csr(data)
        proved = request.is_signature_valid
        key = request.public_key()
    except Exception as exc:
        raise CertificateError(f"The certificate request cannot be read ({type(exc).__name__}).") from None
    if not proved:
        raise CertificateError("The certificate request is not signed by the key that it asks a certificate for.")
    if problem := key_problem(key):
        raise CertificateError(f"The key of the certificate request {problem}.")
    return request


def answers(request: x509.CertificateSigningRequest, certificate: x509.Certificate) -> bool:
    """The certificate is for the request's key."""
    return public_bytes(request.public_key()) == public_bytes(certificate.public_key())


def issue(authority: Authority, request: x509.CertificateSigningRequest, plan: Plan, now: datetime) -> x509.Certificate:
    """The certificate that the plan describes, for the key of the request."""
    names = _checked(plan)
    public = request.public_key()
    issuer = authority.certificate
    end = min(now + timedelta(days=plan.days), issuer.not_valid_after_utc)
    purposes = [ExtendedKeyUsageOID.SERVER_AUTH]
    if plan.client_auth:
        purposes.append(ExtendedKeyUsageOID.CLIENT_AUTH)
    rsa_key = isinstance(public, rsa.RSAPublicKey)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, plan.subject[:64])]))
        .issuer_name(issuer.subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(max(now - _BACKDATED, issuer.not_valid_before_utc))
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                content_commitment=False,
                key_encipherment=rsa_key,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=False,
                crl_sign=False,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
    )
    return builder.sign(authority.key, hashes.SHA256())


def _checked(plan: Plan) -> Sequence[str]:
    if not 1 <= plan.days <= MAXIMUM_DAYS:
        raise CertificateError(f"A certificate is valid for 1 to {MAXIMUM_DAYS} days, but {plan.days} are wanted.")
    try:
        return distinct([domain(plan.subject), *(domain(name) for name in plan.names)])
    except BadName as exc:
        raise CertificateError(f"A name of the certificate cannot be: {exc}") from None
