# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys, authorities, requests and certificates for tests, each made once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
PASSPHRASE = "correct horse"
SERVER, CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH


@cache
def key(name="server", bits=2048):
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def named(common_name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


@cache
def root(name="Contoso Root", days=3650, ca=True):
    return certificate(name, (), issuer=None, purposes=(), signer=key("root"), own=key("root"), days=days, ca=ca)


def certificate(
    subject, names, *, issuer="root", purposes=(SERVER, CLIENT), signer=None, own=None, days=365.0, since=1.0, ca=False,
    algorithm=None, extensions=(),
):  # fmt: skip
    issuer_name = named(subject) if issuer is None else root().subject if issuer == "root" else issuer.subject
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(subject))
        .issuer_name(issuer_name)
        .public_key((own or key()).public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=since))
        .not_valid_after(NOW + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), critical=False)
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(signer or key("root"), algorithm or hashes.SHA256())


def der(certificate):
    return certificate.public_bytes(serialization.Encoding.DER)


def signed_with_sha1(certificate, signer):
    """The same with a signature that no library makes any more: SHA-1 with RSA in place of SHA-256 with RSA."""
    sha256, sha1 = bytes.fromhex("2a864886f70d01010b"), bytes.fromhex("2a864886f70d010105")
    body = certificate.tbs_certificate_bytes.replace(sha256, sha1)
    signature = signer.sign(body, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303
    old = der(certificate)
    return x509.load_der_x509_certificate(
        old.replace(certificate.tbs_certificate_bytes, body).replace(sha256, sha1).replace(certificate.signature, signature)
    )


def pfx(certificate, own, passphrase, chain=()):
    protection = serialization.BestAvailableEncryption(passphrase.encode())
    return pkcs12.serialize_key_and_certificates(b"operator's", own, certificate, chain, protection)


def request(subject="x", names=(), own=None, extensions=()):
    builder = x509.CertificateSigningRequestBuilder().subject_name(named(subject))
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), critical=False)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=True)
    return builder.sign(own or key(), hashes.SHA256())


def pem(thing):
    return thing.public_bytes(serialization.Encoding.PEM)


def authority_files(directory, *, encrypted=True, mode=0o600, certificate=None) -> tuple[str, str]:
    """Certificate and key of the root, as files."""
    certificate_file, key_file = directory / "ca.pem", directory / "ca.key"
    certificate_file.write_bytes(pem(certificate or root()))
    protection = serialization.BestAvailableEncryption(PASSPHRASE.encode())
    key_file.write_bytes(
        key("root").private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            protection if encrypted else serialization.NoEncryption(),
        )
    )
    key_file.chmod(mode)
    return str(certificate_file), str(key_file)
