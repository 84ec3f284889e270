# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One certificate with its key on every server of an Edge pool, as A/V authentication wants it.

The key travels as a PFX file that is encrypted with a password made for this one journey: from server to server, through
the memory of this process. Neither file nor password is kept anywhere.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from .._engine.calls import UNKNOWN, Change, Cmdlet, Query, Secret, WriteSlice
from .._engine.errors import InvalidInput, MigrationError, NotReady, Unreachable
from .._engine.module import Task
from .._engine.session import Session, quietly
from .._servers.server import FOLDER, removal
from .._settings.names import BadName, plain_text
from . import stored as store
from .files import public_bytes
from .judging import SHARED, load
from .serving import assigned, outlived, serves
from .stored import Stored, Wanted, by_thumbprint, stored, suitable

FILE = f"{FOLDER}\\lync_xmpp_migration-shared.pfx"


def take(task: Task, wanted: Wanted, holder: str, found: Stored | None = None) -> Stored | None:
    """Bring the certificate here that another server of the pool has; None where it is the one that is here already."""
    source, session = task.session_for(holder), task.session
    for one, host in ((source, holder), (session, task.context.host)):
        if str(one.hello.get("windows") or "").startswith("6.1"):
            raise NotReady(
                f"{host} runs Windows Server 2008 R2, where no cmdlet takes a certificate with its key out or in, and certutil "
                "would want the password on its command line: export the certificate on one server of the Edge pool and "
                "import it on the others by hand (MMC, Certificates), then run this again."
            )
    theirs = theirs_of(task, source, wanted)
    if theirs is None:
        raise NotReady(
            f"{holder} has no certificate with its key for {', '.join(wanted.uses)} that carries {', '.join(wanted.names)}, and "
            "all servers of the Edge pool have to have the same one: run this on that server first."
        )
    if found is not None and found.thumbprint == theirs.thumbprint:
        return None
    what = f"certificate for {', '.join(wanted.uses)}, as {holder} has it,"
    password = Secret(secrets.token_urlsafe(32))
    try:
        content = _export(source, theirs, password, what)
        bring(session, theirs.thumbprint, theirs.names, password, content, what)
    finally:
        _clean(what, source)
    return theirs if task.check_mode else store.arrived(task, theirs.thumbprint, what, "Run the task again.")


def holder_of(task: Task) -> str | None:
    """The server of the pool that has the certificate first."""
    name = task.params["shared_from"]
    try:
        return None if name is None else plain_text(name, "The inventory name of a server")
    except BadName as exc:
        raise InvalidInput(f"shared_from: {exc}") from exc


def pool_key(task: Task, wanted: Wanted) -> bytes | None:
    """The key that all servers of the Edge pool have to have, as the first of them has it; None where there is none to go by."""
    holder = holder_of(task)
    if not holder or holder == task.context.host or SHARED not in wanted.uses:
        return None
    try:
        theirs = theirs_of(task, task.session_for(holder), wanted)
    except Unreachable:
        task.warn(
            f"Whether {task.context.host} has the same key for A/V authentication as {holder} cannot be seen: there is no session with it."
        )
        return None
    return None if theirs is None or theirs.der is None else _key_of(theirs.der)


def theirs_of(task: Task, source: Session, wanted: Wanted) -> Stored | None:
    """Of the certificates of another server the one that serves there, or is going to: when it ends soon, the one that lasts longer.

    The newest would not do. After step 4 two serve what step 2 wants, of which the first one was assigned before."""
    rows, uses = quietly(source, store.query(source), Query("certificate_use", partial=True))
    have, at = stored(rows), store.now()
    newest = suitable(have, wanted, wanted.uses, at)
    first = SHARED if SHARED in wanted.uses else wanted.uses[0]
    serving = by_thumbprint(assigned(first, uses), have)
    if not all(serves(serving, wanted, one, at) for one in wanted.uses):
        return newest
    return newest if outlived(serving, newest, task.params["renew_days"], at) else serving


def with_key(have: Sequence[Stored], key: bytes | None) -> list[Stored]:
    """Of these the ones with that key; all of them where there is none to go by. A planned one has whatever it was planned with."""
    return [
        one
        for one in have
        if key is None or one.planned is not None or (one.der is not None and _key_of(one.der) == key)
    ]


def _key_of(der: bytes) -> bytes:
    return public_bytes(load(der).public_key())


def bring(session: Session, identity: str, names: Sequence[str], password: Secret, content: bytes, what: str) -> None:
    """Import a PFX file that was made for this one journey."""
    try:
        _import(session, identity, names, password, content, what)
    finally:
        _clean(what, session)


def _export(source: Session, theirs: Stored, password: Secret, what: str) -> bytes:
    parameters = {
        "Cert": f"{store.MY}\\{theirs.thumbprint}",
        "FilePath": FILE,
        "Password": password,
        "Force": True,
        "Confirm": False,
    }
    effect = source.effect("file", FILE, {"FullName": FILE, "Length": UNKNOWN})
    source.change(Change(Cmdlet("Export-PfxCertificate", parameters), what, (effect,)))
    return b"" if source.check else source.read_file(FILE, 1_000_000)


def _import(session: Session, identity: str, names: Sequence[str], password: Secret, content: bytes, what: str) -> None:
    if session.check:
        written = session.effect("file", FILE, {"FullName": FILE, "Length": UNKNOWN})
        session.change(Change(WriteSlice(FILE, 0, b""), what, (written,)))
    else:
        session.write_file(FILE, content, what)
    parameters = {
        "FilePath": FILE,
        "CertStoreLocation": store.MY,
        "Password": password,
        "Exportable": True,
        "Confirm": False,
    }
    undo = Cmdlet("Remove-Item", {"LiteralPath": f"{store.MY}\\{identity}", "Confirm": False})
    session.change(
        Change(
            Cmdlet("Import-PfxCertificate", parameters),
            what,
            (store.certificate_effect(session, identity, names),),
            undo=(undo,),
        )
    )


def _clean(what: str, *sessions: Session) -> None:
    for one in sessions:
        try:
            one.change(removal(one, FILE, what), tolerate=True)
        except MigrationError:
            pass  # what went wrong before is what is to be reported; the next run writes the file anew and removes it
