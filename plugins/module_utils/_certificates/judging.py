# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of Lync servers: the names that each has to carry, and what is wrong with one that is there.

Identity is what RFC 9525 says: DNS names of the subject alternative name, never the common name. Lync Server 2013 does
not take a wildcard for the names judged here, so a name that only a wildcard covers is missing.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from .._settings.names import distinct
from .._xmpp.identity import covers

CRYPTOGRAPHY_ERROR: ImportError | None = None
try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
    from cryptography.x509.verification import Criticality, ExtensionPolicy, PolicyBuilder, Store, VerificationError
except ImportError as exc:
    HAS_CRYPTOGRAPHY, CRYPTOGRAPHY_ERROR = False, exc
else:
    HAS_CRYPTOGRAPHY = True

#: Uses by the spelling that Get-CsCertificate prints.
INTERNAL, XMPP_SERVER = "Internal", "XmppServer"
EXTERNAL_USES = ("AccessEdgeExternal", "DataEdgeExternal", "AudioVideoAuthentication")
#: Every server of an Edge pool wants the same key for it.
SHARED = "AudioVideoAuthentication"
FRONT_END_USES = ("Default", "WebServicesInternal", "WebServicesExternal")
USES = (INTERNAL, *EXTERNAL_USES, XMPP_SERVER, *FRONT_END_USES, "OAuthTokenIssuer")

ERROR, WARNING = "error", "warning"
DAYS_LEFT = 30
KEY_BITS = 2048
_HASHES = ("sha256", "sha384", "sha512")


class CertificateError(ValueError):
    """A certificate, a request or an authority cannot be used; the message is one sentence."""


@dataclass(frozen=True)
class Finding:
    """Something that is wrong with a certificate: `code` for programs, `text` for people."""

    severity: str
    code: str
    text: str


def require_cryptography() -> None:
    if not HAS_CRYPTOGRAPHY:
        raise CertificateError(
            "Certificates are handled with the Python package 'cryptography', which is not installed on the controller "
            f"({CRYPTOGRAPHY_ERROR}): install it beside ansible-core (pip install cryptography)."
        )


def use(text: str) -> str:
    """A use in the spelling of Get-CsCertificate; Import-CsCertificate's page writes XMPPServer."""
    for known in USES:
        if known.casefold() == text.casefold():
            return known
    raise CertificateError(f"A certificate use is wanted ({', '.join(USES)}), but {text!r} is none of them.")


# --- names


def edge_names(
    access_fqdn: str,
    web_conferencing_fqdn: str | None,
    sip_domains: Sequence[str],
    xmpp_domains: Sequence[str] = (),
    srv_targets: Mapping[str, str] | None = None,
) -> list[str]:
    """Names of the external certificate of an Edge, the subject's first.

    XMPP partners check the *domain*, not the host that its SRV record names; `xmpp.<domain>` is added where the record
    points there, because older partners look at the host."""
    names = [access_fqdn]
    if web_conferencing_fqdn:
        names.append(web_conferencing_fqdn)
    names += [f"sip.{domain}" for domain in sip_domains]
    names += xmpp_domains
    for domain in xmpp_domains:
        target = (srv_targets or {}).get(domain, "").rstrip(".").casefold()
        if target == f"xmpp.{domain}".casefold():
            names.append(f"xmpp.{domain}")
    return [name.lower() for name in distinct(names)]


def names_of(certificate: x509.Certificate | x509.CertificateSigningRequest) -> list[str]:
    """DNS names of the subject alternative name, lower-case."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError):
        return []
    return [name.lower() for name in extension.value.get_values_for_type(x509.DNSName)]


def missing_names(present: Iterable[str], wanted: Iterable[str]) -> list[str]:
    """Wanted names that stand in no alternative name as they are."""
    known = {name.casefold() for name in present}
    return [name for name in distinct(wanted) if name.casefold() not in known]


# --- judging


def load(der: bytes) -> x509.Certificate:
    require_cryptography()
    try:
        return x509.load_der_x509_certificate(der)
    except ValueError as exc:
        raise CertificateError(f"The server's certificate cannot be read ({exc}).") from None


def judge(
    der: bytes,
    wanted: Iterable[str],
    of_use: str,
    now: datetime,
    issuers: Sequence[bytes] = (),
    trusted: Sequence[bytes] | None = None,
    partners: Sequence[str] = (),
) -> list[Finding]:
    """What is wrong with a certificate for a use. The first wanted name is the subject's. `issuers` are the others of its
    chain; with `trusted` the chain has to end in one of these roots. `partners` rely on SASL EXTERNAL."""
    certificate, wanted = load(der), list(wanted)
    found = [*_subject(certificate, wanted, of_use), *_names(certificate, wanted)]
    found += [*_purposes(certificate, of_use, partners), *_form(certificate), *_key(certificate)]
    found += _times(certificate, now)
    if trusted is not None:
        found += _chain(certificate, [load(one) for one in issuers], [load(one) for one in trusted], now)
    return found


def errors(findings: Iterable[Finding]) -> list[str]:
    return [finding.text for finding in findings if finding.severity == ERROR]


def _names(certificate: x509.Certificate, wanted: Iterable[str]) -> list[Finding]:
    present = names_of(certificate)
    found = []
    for name in missing_names(present, wanted):
        if any(covers(pattern, name) for pattern in present):
            text = f"{name} is covered by a wildcard only, which Lync Server 2013 does not take here."
            found.append(Finding(ERROR, "wildcard_only", text))
        else:
            found.append(Finding(ERROR, "name_missing", f"{name} is not among its alternative names."))
    return found


def _subject(certificate: x509.Certificate, wanted: Sequence[str], of_use: str) -> list[Finding]:
    """Outside, the subject is the Access Edge FQDN; clients and partners of old versions look there."""
    if of_use not in (*EXTERNAL_USES, XMPP_SERVER) or not wanted:
        return []
    given = [str(one.value) for one in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if wanted[0][:64].casefold() in (one.casefold() for one in given):
        return []
    named = f"the common name {', '.join(given)}" if given else "no common name"
    return [Finding(ERROR, "subject_differs", f"Its subject has {named}, and {wanted[0]} is wanted.")]


def _form(certificate: x509.Certificate) -> list[Finding]:
    """That it is a server's certificate, with nothing in it that has to be understood and is not."""
    found = []
    try:
        extensions = list(certificate.extensions)
    except (ValueError, x509.DuplicateExtension):
        return [Finding(ERROR, "unreadable", "Its extensions cannot be read.")]
    for one in extensions:
        if isinstance(one.value, x509.BasicConstraints) and one.value.ca:
            text = "It is the certificate of a certification authority (CA:TRUE), and no server's."
            found.append(Finding(ERROR, "is_authority", text))
        elif isinstance(one.value, x509.KeyUsage) and not (one.value.digital_signature or one.value.key_encipherment):
            text = "Its key usage allows neither digital signatures nor key encipherment, so no TLS server can use it."
            found.append(Finding(ERROR, "key_usage", text))
        elif isinstance(one.value, x509.UnrecognizedExtension) and one.critical:
            text = f"It has a critical extension that nobody here knows ({one.oid.dotted_string}): who does not know it has to refuse it."
            found.append(Finding(ERROR, "critical_extension", text))
    return found


def _purposes(certificate: x509.Certificate, of_use: str, partners: Sequence[str]) -> list[Finding]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        return [Finding(ERROR, "no_eku", "It has no enhanced key usage; Lync needs server authentication in it.")]
    except ValueError:
        return [Finding(ERROR, "unreadable", "Its extensions cannot be read.")]
    found = []
    purposes = set(extension.value)
    if ExtendedKeyUsageOID.SERVER_AUTH not in purposes:
        found.append(Finding(ERROR, "no_server_auth", "Its enhanced key usage lacks server authentication."))
    if of_use == XMPP_SERVER and ExtendedKeyUsageOID.CLIENT_AUTH not in purposes:
        who = (
            f"the XMPP partners {', '.join(partners)} rely on SASL EXTERNAL, and one" if partners else "an XMPP partner"
        )
        text = (
            "Its enhanced key usage lacks client authentication, which public authorities no longer put in: "
            f"{who} that is strict about it will refuse the sessions that this Edge opens with SASL EXTERNAL."
        )
        found.append(Finding(WARNING, "no_client_auth", text))
    return found


def _key(certificate: x509.Certificate) -> list[Finding]:
    found = []
    problem = key_problem(certificate.public_key())
    if problem:
        found.append(Finding(ERROR, "weak_key", f"Its key {problem}."))
    try:
        algorithm = certificate.signature_hash_algorithm
    except Exception:
        algorithm = None
    if algorithm is None or algorithm.name not in _HASHES:
        name = algorithm.name.upper() if algorithm else "an unknown algorithm"
        found.append(Finding(ERROR, "weak_signature", f"It is signed with {name}, and SHA-256 or better is wanted."))
    return found


def key_problem(key: object) -> str | None:
    """What is wrong with a public key, as the rest of a sentence; None where nothing is."""
    if isinstance(key, rsa.RSAPublicKey):
        return f"has {key.key_size} bits, and {KEY_BITS} are wanted" if key.key_size < KEY_BITS else None
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"has {key.key_size} bits, and 256 are wanted" if key.key_size < 256 else None
    return "is neither RSA nor of an elliptic curve"


def _times(certificate: x509.Certificate, now: datetime) -> list[Finding]:
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now < start:
        return [Finding(ERROR, "not_yet_valid", f"It is not valid before {start:%Y-%m-%d %H:%M} UTC.")]
    if now > end:
        return [Finding(ERROR, "expired", f"It expired on {end:%Y-%m-%d %H:%M} UTC.")]
    left = (end - now) // timedelta(days=1)
    if left < DAYS_LEFT:
        return [Finding(WARNING, "expires_soon", f"It expires in {left} days, on {end:%Y-%m-%d}.")]
    return []


def _chain(
    certificate: x509.Certificate, issuers: list[x509.Certificate], trusted: list[x509.Certificate], now: datetime
) -> list[Finding]:
    roots = {root.fingerprint(hashes.SHA256()) for root in trusted}
    current = certificate
    for _step in range(10):
        if current.fingerprint(hashes.SHA256()) in roots:
            return _verified(certificate, issuers, trusted, now)
        issuer = next((one for one in (*trusted, *issuers) if issued_by(current, one)), None)
        if issuer is None or issuer is current:
            name = current.issuer.rfc4514_string()
            return [Finding(ERROR, "no_chain", f"Its chain does not end in a trusted root: {name} is not known.")]
        if not issuer.not_valid_before_utc <= now <= issuer.not_valid_after_utc:
            name = issuer.subject.rfc4514_string()
            return [Finding(ERROR, "issuer_not_valid", f"Its issuer {name} is not valid now.")]
        current = issuer
    return [Finding(ERROR, "no_chain", "Its chain does not end.")]


def _verified(
    certificate: x509.Certificate, issuers: list[x509.Certificate], trusted: list[x509.Certificate], now: datetime
) -> list[Finding]:
    """What a walk from issuer to issuer does not see: path lengths, name constraints, weak keys, unknown extensions.

    The rules for extensions are those of RFC 5280, because private authorities follow no others."""
    authorities = ExtensionPolicy.permit_all().require_present(x509.BasicConstraints, Criticality.AGNOSTIC, None)
    try:
        policy = PolicyBuilder().store(Store(trusted)).time(now).max_chain_depth(8)
        policy = policy.extension_policies(ca_policy=authorities, ee_policy=ExtensionPolicy.permit_all())
        policy.build_client_verifier().verify(certificate, issuers)
    except (VerificationError, ValueError) as exc:
        why = str(exc).partition(" (encountered processing")[0].removeprefix("validation failed: ")
        return [Finding(ERROR, "chain_refused", f"Its chain does not hold: {why}.")]
    return []


def issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Signed by the issuer's key, and the issuer is a certification authority."""
    try:
        certificate.verify_directly_issued_by(issuer)
        return issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
