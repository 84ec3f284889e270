# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Obtaining a certificate: requested on the server, where its key stays, answered by the private authority here.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from typing import Any

from .._engine.calls import UNKNOWN, Change, Cmdlet, Query, WriteSlice
from .._engine.errors import InvalidInput, MigrationError, Mismatch, NotReady
from .._engine.module import Report, Task
from .._engine.session import Session
from .._servers.server import FOLDER, removal
from .._settings.names import BadName, plain_text
from . import assignment as _certificate_assignment
from . import share as _certificate_share
from . import stored as store
from .authority import Authority, Plan, issue, load_authority, read_request, thumbprint
from .judging import XMPP_SERVER, CertificateError, load
from .stored import Stored, Wanted, stored, suitable

try:
    from cryptography.hazmat.primitives.serialization import Encoding
except ImportError:  # load_authority says so
    pass


def run(task: Task) -> Report:
    """Have a certificate, and assign it where that is asked for. Found done, both together are one request."""
    if not task.params["assign"]:
        return obtain(task)
    with task.session.remembering():
        looked_at = (*queries(task.session), *_certificate_assignment.queries(task.session))
        task.session.read_ahead(*looked_at)  # the next certificate of this server is looked for among the same ones
        task.session.read(*looked_at)
        obtained = obtain(task)
        assigned = _certificate_assignment.run(task)
    return Report(
        obtained.changed or assigned.changed,
        {**obtained.value, **assigned.value},
        before={**obtained.before, "uses": assigned.before},
        after={**obtained.after, "uses": assigned.after},
        evidence=assigned.evidence,
    )


def queries(session: Session) -> tuple[Query, Query]:
    """The server's own certificates, and those of the authorities that it trusts."""
    return store.query(session), Query("root_certificate", properties=("Thumbprint",))


def obtain(task: Task) -> Report:
    """Have a certificate with its key in the server's store that carries the wanted names. It is not assigned."""
    holder = _holder(task.params["shared_from"])
    session, wanted, at = task.session, store.wanted_of(task.params, task.session), store.now()
    mine, roots = session.read(*queries(session))
    have = stored(mine)
    found = suitable(have, wanted, wanted.uses, at)
    fresh = found is not None and not _ends_soon(found, wanted, at)
    authority = _authority(task, at, needed=not fresh)
    trusted = {str(row.get("Thumbprint")).upper() for row in roots}
    trust = authority is not None and task.params["trust_authority"] and authority.thumbprint not in trusted
    if trust and authority is not None:
        _trust(task, session, authority)
    if not fresh and holder and holder != task.context.host:
        found = _certificate_share.take(task, wanted, holder)
    elif not fresh:
        if authority is None:
            raise NotReady(_lacking(task, wanted, have, at))
        found = _obtain(task, session, authority, wanted)
    shown = found.shown() if found else {}
    before = {"certificate": shown if fresh else None}
    value = {"certificate": {**shown, "obtained": not fresh}}
    return Report(not fresh or trust, value, before=before, after={"certificate": shown})


def _holder(name: str | None) -> str | None:
    try:
        return None if name is None else plain_text(name, "The inventory name of a server")
    except BadName as exc:
        raise InvalidInput(f"shared_from: {exc}") from exc


def _ends_soon(one: Stored, wanted: Wanted, at: Any) -> bool:
    codes = {finding.code for finding in one.findings(wanted.names, wanted.uses[0], at)}
    return "expires_soon" in codes


def _authority(task: Task, at: Any, *, needed: bool) -> Authority | None:
    given = task.params["authority"]
    if not given:
        return None
    try:
        return load_authority(given["certificate"], given["key"], task.params["authority_passphrase"], at)
    except CertificateError as exc:
        if not needed:  # nothing is to be signed: that the key is not at hand today does no harm
            return None
        raise InvalidInput(str(exc)) from exc


def _lacking(task: Task, wanted: Wanted, have: list[Stored], at: Any) -> str:
    near = max(
        (one for one in have if one.has_key), key=lambda one: len(set(one.names) & set(wanted.names)), default=None
    )
    why = ""
    if near is not None:
        texts = [finding.text for finding in near.findings(wanted.names, wanted.uses[0], at)]
        why = f" The nearest one, {near.thumbprint}, is not it: {' '.join(texts[:5])}"
    return (
        f"{task.context.host} has no certificate with its private key for {', '.join(wanted.uses)} that carries "
        f"{', '.join(wanted.names)}.{why} Import one (Request-CsCertificate -Output, then Import-CsCertificate, on that "
        "server), or give the private authority."
    )


# --- trust


def _trust(task: Task, session: Session, authority: Authority) -> None:
    """A self-signed authority belongs into the Root store, and no other certificate does: it breaks a Front End."""
    certificate = authority.certificate
    is_root = certificate.issuer == certificate.subject
    location = store.ROOT if is_root else store.INTERMEDIATE
    if not is_root:
        known = session.read(
            Query("stored_certificate", parameters={"LiteralPath": location}, properties=("Thumbprint",))
        )[0]
        if any(str(row.get("Thumbprint")).upper() == authority.thumbprint for row in known):
            return
    if str(session.hello.get("windows") or "").startswith("6.1"):
        raise NotReady(
            f"{task.context.host} does not trust the authority {certificate.subject.rfc4514_string()}, and its Windows has no "
            f"Import-Certificate: import the authority's certificate there (certutil -addstore {'Root' if is_root else 'CA'} FILE)."
        )
    path = f"{FOLDER}\\lync_xmpp_migration-authority.cer"
    session.write_file(path, authority.pem, "certificate of the authority")
    item = f"{location}\\{authority.thumbprint}"
    row = {"Thumbprint": authority.thumbprint}
    session.change(
        Change(
            Cmdlet("Import-Certificate", {"FilePath": path, "CertStoreLocation": location, "Confirm": False}),
            f"trust in {certificate.subject.rfc4514_string()}",
            (session.effect("root_certificate" if is_root else "stored_certificate", authority.thumbprint, row),),
            undo=(Cmdlet("Remove-Item", {"LiteralPath": item, "Confirm": False}),),
        ),
        removal(session, path, "certificate of the authority"),
    )


# --- request and answer


def _obtain(task: Task, session: Session, authority: Authority, wanted: Wanted) -> Stored:
    stem = f"{FOLDER}\\lync_xmpp_migration-{wanted.uses[0]}"
    request_file, answer_file = f"{stem}.req", f"{stem}.cer"
    what = f"certificate for {', '.join(wanted.uses)}"
    session.change(_request(task, session, wanted, request_file, what))
    try:
        if task.check_mode:
            effect = store.certificate_effect(session, store.planned_thumbprint(session.scope, wanted.names), wanted.names)
            written = session.effect("file", answer_file, {"FullName": answer_file, "Length": UNKNOWN})
            session.change(Change(WriteSlice(answer_file, 0, b""), what, (written,), conditional=True))
        else:
            der, pem = _answer(task, authority, wanted, session.read_file(request_file, 100_000))
            effect = store.certificate_effect(session, thumbprint_of(der), wanted.names)
            session.write_file(answer_file, pem, what)
        undo = (
            ()
            if task.check_mode
            else (Cmdlet("Remove-Item", {"LiteralPath": f"{store.MY}\\{effect.identity}", "Confirm": False}),)
        )
        call = Cmdlet(
            "Import-CsCertificate", {"Path": answer_file, "PrivateKeyExportable": True, "Force": True, "Confirm": False}
        )
        session.change(Change(call, what, (effect,), undo=undo))
    finally:
        _clean(session, (request_file, f"request of the {what}"), (answer_file, what))
    found = next(
        (one for one in stored(session.read(store.query(session))[0]) if one.thumbprint == effect.identity), None
    )
    if found is None or not found.has_key:
        raise Mismatch(
            f"The {what} was imported on {task.context.host} without an error, but is not in its store with a private key: the "
            "request may have been made anew meanwhile. Run the task again."
        )
    return found


def _request(task: Task, session: Session, wanted: Wanted, path: str, what: str) -> Change:
    # The use only decides which names the server would choose by itself, and XmppServer may be refused on an Edge that
    # has no XMPP ports yet: the names are given.
    types = [one for one in wanted.uses if one != XMPP_SERVER] or list(wanted.uses)
    parameters = {
        "New": True,
        "Type": types,
        "Output": path,
        "KeySize": task.params["key_size"],
        "PrivateKeyExportable": True,
        "ClientEKU": True,
        "DomainName": ",".join(wanted.names),
        "FriendlyName": f"lync_xmpp_migration {wanted.subject}",
        "Force": True,
        "Confirm": False,
    }
    effect = session.effect("file", path, {"FullName": path})
    return Change(Cmdlet("Request-CsCertificate", parameters), f"request of the {what}", (effect,))


def _answer(task: Task, authority: Authority, wanted: Wanted, request: bytes) -> tuple[bytes, bytes]:
    plan = Plan(wanted.subject, wanted.names, task.params["authority"].get("days") or 730)
    try:
        certificate = issue(authority, read_request(request), plan, store.now())
    except CertificateError as exc:
        raise InvalidInput(f"The request of {task.context.host} is not answered: {exc}") from exc
    return certificate.public_bytes(Encoding.DER), certificate.public_bytes(Encoding.PEM)


def thumbprint_of(der: bytes) -> str:
    return thumbprint(load(der))


def _clean(session: Session, *files: tuple[str, str]) -> None:
    try:
        session.change(*(removal(session, path, what) for path, what in files), tolerate=True)
    except MigrationError:
        pass  # what went wrong before is what is to be reported
