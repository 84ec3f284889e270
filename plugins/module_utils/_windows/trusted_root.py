# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Root certificates in a computer's store: those that are wanted are there, and nothing that is none is unseen.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

try:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding
except ImportError:  # said by require_cryptography
    pass

from .._certificates.judging import CertificateError, require_cryptography
from .._engine.calls import Change, Cmdlet, Executable, Query
from .._engine.errors import InvalidInput, MigrationError, Mismatch, NotReady
from .._engine.module import Report, Task
from .._engine.session import Session, quietly
from .._settings.names import shown as quoted
from .feature import is_2008_r2

Row = Mapping[str, Any]

STORE = "Cert:\\LocalMachine\\Root"
#: Where only administrators can write, on every Windows.
FOLDER = "C:\\Windows"
#: Schannel sends the names of the roots to clients, and cuts the list where it gets too long (KB2464556).
MANY = 100
_LIMIT = 1_000_000
_ROWS = Query("root_certificate", properties=("Thumbprint", "Subject", "Issuer", "NotAfter"))


@dataclass(frozen=True)
class Root:
    thumbprint: str
    subject: str
    der: bytes

    @property
    def what(self) -> str:
        return f"root certificate {self.subject}"

    @property
    def file(self) -> str:
        """Where it lies on the host while it is imported."""
        return f"{FOLDER}\\lync_xmpp_migration-{self.thumbprint}.cer"

    @property
    def row(self) -> dict[str, Any]:
        return {"Thumbprint": self.thumbprint, "Subject": self.subject, "Issuer": self.subject}


def run(task: Task) -> Report:
    wanted = _wanted(task.params["certificates"])
    session = task.session
    rows, *files = quietly(session, _ROWS, *(Query("file", one.file) for one in wanted))
    known = {str(row.get("Thumbprint")).upper() for row in rows}
    misplaced = [row for row in rows if _is_misplaced(row)]
    _judge(task, rows, misplaced)
    missing = [one for one in wanted if one.thumbprint not in known]
    left = [one for one, found in zip(wanted, files, strict=True) if found and one not in missing]
    for one in missing:
        _import(session, one)
    for one in left:  # by a run that was interrupted
        session.change(_removal(session, one))
    if missing and not task.check_mode:
        lost = {one.thumbprint for one in missing} - {str(r.get("Thumbprint")).upper() for r in session.read(_ROWS)[0]}
        if lost:
            raise Mismatch(
                f"The import on {task.context.host} ended without an error, but {', '.join(sorted(lost))} is not in {STORE}: "
                "see whether a group policy keeps the store, and run the task again."
            )
    value = {
        "roots": [{"thumbprint": one.thumbprint, "subject": one.subject} for one in wanted],
        "misplaced": [_shown(row) for row in misplaced],
    }
    before = {one.thumbprint: one.subject for one in wanted if one not in missing}
    return Report(bool(missing or left), value, before=before, after={one.thumbprint: one.subject for one in wanted})


def _shown(row: Row) -> dict[str, Any]:
    return {"thumbprint": row.get("Thumbprint"), "subject": row.get("Subject"), "issuer": row.get("Issuer")}


# --- what is wanted


def _wanted(paths: Sequence[str]) -> list[Root]:
    if not paths:
        return []
    try:
        require_cryptography()
    except CertificateError as exc:
        raise NotReady(str(exc)) from exc
    found: dict[str, Root] = {}
    for path in paths:
        for certificate in _certificates(path):
            root = _root(certificate, path)
            found.setdefault(root.thumbprint, root)
    return list(found.values())


def _certificates(path: str) -> list[x509.Certificate]:
    try:
        with open(path, "rb") as stream:
            content = stream.read(_LIMIT)
    except (OSError, ValueError) as exc:
        why = getattr(exc, "strerror", None) or str(exc)
        raise InvalidInput(f"certificates: {quoted(path)} on the controller cannot be read: {why}.") from exc
    try:
        return x509.load_pem_x509_certificates(content)
    except ValueError as exc:
        raise InvalidInput(f"certificates: {quoted(path)} holds no certificate in PEM form.") from exc


def _root(certificate: x509.Certificate, path: str) -> Root:
    subject = certificate.subject.rfc4514_string()
    if certificate.subject != certificate.issuer:
        raise InvalidInput(
            f"certificates: {quoted(path)} holds {subject}, which {certificate.issuer.rfc4514_string()} has issued. Only a "
            "root, which is issued by itself, belongs among the trusted roots: another certificate there keeps a Front End "
            "from starting. Give the root's file."
        )
    if certificate.not_valid_after_utc <= datetime.now(UTC):
        raise InvalidInput(f"certificates: {subject} in {quoted(path)} has expired: give the root that is valid now.")
    der = certificate.public_bytes(Encoding.DER)
    # the thumbprint by which Windows names certificates
    return Root(hashlib.sha1(der, usedforsecurity=False).hexdigest().upper(), subject, der)


# --- what is there


def _is_misplaced(row: Row) -> bool:
    subject, issuer = row.get("Subject"), row.get("Issuer")
    return isinstance(subject, str) and isinstance(issuer, str) and subject != issuer


def _judge(task: Task, rows: Sequence[Row], misplaced: Sequence[Row]) -> None:
    if misplaced:
        names = "; ".join(f"{row.get('Subject')} ({row.get('Thumbprint')})" for row in misplaced[:5])
        text = (
            f"Among the trusted roots of {task.context.host} {'are' if len(misplaced) > 1 else 'is'} {len(misplaced)} that "
            f"{'are none' if len(misplaced) > 1 else 'is none'}, because another authority has issued them: {names}. On "
            "Windows Server 2012 and later they can keep a Front End from starting: move them to the intermediate "
            "authorities (Cert:\\LocalMachine\\CA)."
        )
        if task.params["misplaced"] == "refuse":
            raise NotReady(text)
        task.warn(text)
    if len(rows) > MANY:
        task.warn(
            f"{task.context.host} has {len(rows)} trusted roots. Windows cuts the list of their names, which it sends to "
            f"clients, where it gets too long (KB2464556): more than {MANY} can make connections with certificates fail."
        )


# --- import


def _import(session: Session, root: Root) -> None:
    path = root.file
    session.write_file(path, root.der, f"file of the {root.what}")
    call: Cmdlet | Executable
    if is_2008_r2(session):  # Import-Certificate came with Windows Server 2012
        call = Executable("C:\\Windows\\System32\\certutil.exe", ("-addstore", "-f", "Root", path), seconds=120)
    else:
        call = Cmdlet("Import-Certificate", {"FilePath": path, "CertStoreLocation": STORE, "Confirm": False})
    try:
        session.change(
            Change(
                call,
                root.what,
                (session.effect("root_certificate", root.thumbprint, root.row),),
                undo=(Cmdlet("Remove-Item", {"LiteralPath": f"{STORE}\\{root.thumbprint}", "Confirm": False}),),
            )
        )
    finally:
        _remove(session, root)


def _remove(session: Session, root: Root) -> None:
    try:
        session.change(_removal(session, root), tolerate=True)
    except MigrationError:
        return  # what went wrong before is what is to be reported, and a public certificate does no harm


def _removal(session: Session, root: Root) -> Change:
    return Change(
        Cmdlet("Remove-Item", {"LiteralPath": root.file, "Force": True, "Confirm": False}),
        f"file of the {root.what}",
        (session.effect("file", root.file, None),),
    )
