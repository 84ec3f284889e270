# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A request made on the server and written to a file, and the import of what answers it.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from typing import Any

from .._engine.calls import UNKNOWN, Change, Cmdlet, WriteSlice
from .._engine.errors import MigrationError
from .._engine.module import Task
from .._engine.session import Session
from .._servers.server import FOLDER, removal
from . import stored as store
from .files import Bundle, thumbprint
from .judging import XMPP_SERVER
from .origin import Case
from .stored import Stored, Wanted


def request_parameters(task: Task, wanted: Wanted) -> dict[str, Any]:
    # The use only decides which names the server would choose by itself, and XmppServer may be refused on an Edge that
    # has no XMPP ports yet: the names are given.
    types = [one for one in wanted.uses if one != XMPP_SERVER] or list(wanted.uses)
    return {
        "New": True,
        "Type": types,
        "KeySize": task.params["key_size"],
        "PrivateKeyExportable": True,
        "ClientEKU": True,
        "DomainName": ",".join(wanted.names),
        "FriendlyName": f"lync_xmpp_migration {wanted.subject}",
        "Force": True,
        "Confirm": False,
    }


def request_file(wanted: Wanted) -> str:
    return f"{FOLDER}\\lync_xmpp_migration-{wanted.uses[0]}.req"


def make_request(case: Case) -> bytes:
    """Have the request written, and read it. The key stays where it was made. A dry run has nothing to read."""
    session, path = case.session, request_file(case.wanted)
    parameters = {**request_parameters(case.task, case.wanted), "Output": path}
    effect = session.effect("file", path, {"FullName": path})
    session.change(Change(Cmdlet("Request-CsCertificate", parameters), f"request of the {case.what}", (effect,)))
    return b"" if case.task.check_mode else session.read_file(path, 100_000)


def remove_request(case: Case) -> None:
    clean(case.session, (request_file(case.wanted), f"request of the {case.what}"))


def import_answer(case: Case, answer: Bundle | None) -> Stored:
    """Import what answers the request; in a dry run there is no answer yet, and its thumbprint is a text that stands for it."""
    session, wanted = case.session, case.wanted
    content, suffix = answer.for_windows() if answer is not None else (b"", "cer")
    path = f"{FOLDER}\\lync_xmpp_migration-{wanted.uses[0]}.{suffix}"
    try:
        if case.task.check_mode or answer is None:
            identity = store.planned_thumbprint(session.scope, wanted.names)
            written = session.effect("file", path, {"FullName": path, "Length": UNKNOWN})
            session.change(Change(WriteSlice(path, 0, b""), case.what, (written,), conditional=True))
        else:
            identity = thumbprint(answer.certificate)
            session.write_file(path, content, case.what)
        call = Cmdlet(
            "Import-CsCertificate", {"Path": path, "PrivateKeyExportable": True, "Force": True, "Confirm": False}
        )
        back = Cmdlet("Remove-Item", {"LiteralPath": f"{store.MY}\\{identity}", "Confirm": False})
        effect = store.certificate_effect(session, identity, wanted.names)
        session.change(Change(call, case.what, (effect,), undo=() if case.task.check_mode else (back,)))
        case.changed = True
    finally:
        clean(session, (path, case.what))
    return store.arrived(
        case.task, identity, case.what, "The request may have been made anew meanwhile. Run the task again."
    )


def clean(session: Session, *files: tuple[str, str]) -> None:
    try:
        session.change(*(removal(session, path, what) for path, what in files), tolerate=True)
    except MigrationError:
        pass  # what went wrong before is what is to be reported
