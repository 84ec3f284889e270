# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of authorities in a server's stores.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Collection

from .._engine.calls import Change, Cmdlet, Query
from .._engine.errors import NotReady
from .._engine.module import Task
from .._engine.session import Session
from .._servers.server import FOLDER, removal
from . import stored as store
from .files import thumbprint

try:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding
except ImportError:  # whoever read the certificate said so
    pass


def trust(task: Task, session: Session, certificate: x509.Certificate, trusted: Collection[str]) -> bool:
    """A self-signed authority belongs into the Root store, and no other certificate does: it breaks a Front End."""
    is_root, identity = certificate.issuer == certificate.subject, thumbprint(certificate)
    location = store.ROOT if is_root else store.INTERMEDIATE
    if is_root and identity in trusted:
        return False
    if not is_root:
        known = session.read(
            Query("stored_certificate", parameters={"LiteralPath": location}, properties=("Thumbprint",))
        )[0]
        if any(str(row.get("Thumbprint")).upper() == identity for row in known):
            return False
    if str(session.hello.get("windows") or "").startswith("6.1"):
        raise NotReady(
            f"{task.context.host} does not trust the authority {certificate.subject.rfc4514_string()}, and its Windows has no "
            f"Import-Certificate: import the authority's certificate there (certutil -addstore {'Root' if is_root else 'CA'} FILE)."
        )
    path = f"{FOLDER}\\lync_xmpp_migration-authority.cer"
    session.write_file(path, certificate.public_bytes(Encoding.PEM), "certificate of the authority")
    item = f"{location}\\{identity}"
    row = {"Thumbprint": identity}
    session.change(
        Change(
            Cmdlet("Import-Certificate", {"FilePath": path, "CertStoreLocation": location, "Confirm": False}),
            f"trust in {certificate.subject.rfc4514_string()}",
            (session.effect("root_certificate" if is_root else "stored_certificate", identity, row),),
            undo=(Cmdlet("Remove-Item", {"LiteralPath": item, "Confirm": False}),),
        ),
        removal(session, path, "certificate of the authority"),
    )
    return True
