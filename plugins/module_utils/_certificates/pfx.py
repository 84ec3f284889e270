# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A certificate with its key that the operator has as a PFX file.

It is opened and judged here. What travels is another PFX file with the server's certificate and key alone, encrypted
with a password made for this one journey: the operator's passphrase never leaves the controller, and nothing is
written here. A server without a cmdlet for it gets it by the operator's own hands.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from .._engine.calls import Secret
from .._engine.errors import InvalidInput, NotReady
from . import stored as store
from .files import (
    Bundle,
    chain_file,
    der_of,
    findings,
    public_bytes,
    read_file,
    refuse,
    relying_on_external,
    seal,
    thumbprint,
)
from .judging import CertificateError, require_cryptography
from .origin import Case
from .share import bring
from .stored import Stored
from .trust import trust

try:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import PrivateFormat, pkcs12
except ImportError:  # require_cryptography says so
    pass


@dataclass(frozen=True)
class Pfx:
    bundle: Bundle
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey = field(repr=False)

    def sealed(self, password: str) -> bytes:
        """Certificate and key alone. Older Windows opens Triple DES with SHA-1 only; the password's 256 bits of chance are
        what protects it, not the derivation."""
        encryption = (
            PrivateFormat.PKCS12.encryption_builder()
            .kdf_rounds(20_000)
            .key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
            .hmac_hash(hashes.SHA1())  # noqa: S303
            .build(password.encode())
        )
        return pkcs12.serialize_key_and_certificates(None, self.key, self.bundle.certificate, None, encryption)


def load(path: str, passphrase: str | None) -> Pfx:
    """The file opened, or a sentence that says why it cannot be used."""
    require_cryptography()
    seal()
    data = read_file(path, "PFX file", private=True)
    if not passphrase:
        raise CertificateError(f"The PFX file {path} is given without a passphrase: put it into the vaulted variable.")
    try:
        found = pkcs12.load_pkcs12(data, passphrase.encode())
    except Exception:
        raise CertificateError(f"The passphrase does not open the PFX file {path}, or it is no PFX file.") from None
    if found.cert is None or found.key is None:
        lacking = "certificate" if found.key is not None else "private key"
        raise CertificateError(f"The PFX file {path} has no {lacking}: export it anew, with its key.")
    certificate = found.cert.certificate
    if not isinstance(found.key, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey)):
        raise CertificateError(f"The key in the PFX file {path} is neither RSA nor of an elliptic curve.")
    if public_bytes(found.key.public_key()) != public_bytes(certificate.public_key()):
        raise CertificateError(f"The key in the PFX file {path} does not belong to its certificate.")
    return Pfx(Bundle(certificate, tuple(one.certificate for one in found.additional_certs)), found.key)


def obtain(case: Case) -> Stored | None:
    """The certificate of the file; None where it is the one that the server has already."""
    what = f"PFX file {case.origin.file}"
    try:
        pfx = load(case.origin.file, case.task.params.get("pfx_passphrase"))
        given = chain_file(case.origin.chain)
    except CertificateError as exc:
        raise InvalidInput(f"{exc} Nothing was imported.") from exc
    bundle = pfx.bundle
    if case.found is not None and thumbprint(bundle.certificate) == case.found.thumbprint:
        case.task.warn(
            f"The {case.what} of {case.host} ends on {case.found.until:%Y-%m-%d}, and the {what} has no newer one: put a renewed "
            "one there, and run this again."
        )
        return None
    more, trusted = case.chain_of([*bundle.others, *given])
    partners = relying_on_external(case.task.params.get("partners"))
    found = findings(bundle, case.wanted.names, case.wanted.uses, case.at, [*given, *more], trusted, partners)
    for text in refuse(found, what):
        case.task.warn(f"The {what}: {text}")
    if case.old_windows:
        raise NotReady(by_hand(case.host, f"the {what}, which was judged and is good"))
    for one in {thumbprint(one): one for one in (*bundle.intermediates, *given) if one.issuer != one.subject}.values():
        trust(case.task, case.session, one, case.trusted)
    case.changed = True
    password = secrets.token_urlsafe(32)
    identity = thumbprint(bundle.certificate)
    names = Stored(identity, True, der_of(bundle.certificate), "").names
    bring(
        case.session,
        identity,
        names,
        Secret(password),
        b"" if case.task.check_mode else pfx.sealed(password),
        case.what,
    )
    return store.arrived(case.task, identity, case.what, "Run the task again.")


def by_hand(host: str, what: str) -> str:
    return (
        f"{host} runs Windows Server 2008 R2, where no cmdlet takes a certificate with its key out or in, and certutil would want "
        f"the password on its command line: import {what}, by hand on that server (MMC, Certificates of the computer, Personal; "
        "mark the key as exportable), then run this again."
    )
