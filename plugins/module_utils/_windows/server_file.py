# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file of the controller, or a text, on a Windows host: carried in slices, compared by its SHA-256.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

from .._engine.calls import Cmdlet, HashFile, Query
from .._engine.errors import CmdletFailed, InvalidInput, NoSession
from .._engine.module import Report, Task
from .._engine.session import Session
from .._settings.names import BadName, windows_path
from .._settings.names import shown as quoted

LIMIT = 64_000_000
_SHA256 = re.compile(r"[0-9a-f]{64}")


def run(task: Task) -> Report:
    session, path = task.session, _destination(task.params["dest"])
    content = _content(task)
    wanted = hashlib.sha256(content).hexdigest()
    _checked(task, wanted)
    if task.check_mode and _is_planned(session, path, wanted):
        return _report(False, path, content, wanted, wanted)
    former = hash_of(session, path)
    changed = former != wanted
    if changed:
        remove = Cmdlet("Remove-Item", {"LiteralPath": path, "Force": True, "Confirm": False})
        try:
            session.write_file(path, content, undo=() if former else (remove,), planned={"Sha256": wanted})
        except CmdletFailed as exc:
            raise _explained(exc, path) from exc
    return _report(changed, path, content, former, wanted)


def _report(changed: bool, path: str, content: bytes, former: str | None, wanted: str) -> Report:
    after = {"path": path, "sha256": wanted, "size": len(content)}
    before = {"path": path, "sha256": former} if changed else after
    return Report(changed, {"file": after}, before=before if former else {}, after=after)


def _destination(text: str) -> str:
    try:
        return windows_path(text)
    except BadName as exc:
        raise InvalidInput(f"dest: {exc}") from exc


def sha256_option(text: str | None) -> str | None:
    if text is None:
        return None
    digest = text.strip().lower()
    if not _SHA256.fullmatch(digest):
        raise InvalidInput(f"sha256: 64 hexadecimal digits are wanted, but {quoted(text)} is something else.")
    return digest


def _checked(task: Task, found: str) -> None:
    wanted = sha256_option(task.params["sha256"])
    if wanted is not None and wanted != found:
        raise InvalidInput(
            f"sha256: {task.params['src'] or 'content'} has the SHA-256 {found}, not the {wanted} that is wanted: the file "
            "was changed, or is another one. Nothing was sent."
        )


def _content(task: Task) -> bytes:
    if task.params["content"] is not None:
        try:
            return str(task.params["content"]).encode("utf-8")
        except UnicodeEncodeError as exc:
            raise InvalidInput("content: the text holds half a character (a lone surrogate).") from exc
    path = task.params["src"]
    try:
        with open(path, "rb") as stream:
            content = stream.read(LIMIT + 1)
    except (OSError, ValueError) as exc:
        why = getattr(exc, "strerror", None) or str(exc)
        raise InvalidInput(f"src: {quoted(path)} on the controller cannot be read: {why}.") from exc
    if len(content) > LIMIT:
        raise InvalidInput(
            f"src: {quoted(path)} has more than {LIMIT} bytes: put it on a share that the server reaches."
        )
    return content


def _is_planned(session: Session, path: str, wanted: str) -> bool:
    """Whether an earlier task of the dry run has planned this content. No file of Windows has a property of that name."""
    (rows,) = session.read(Query("file", path, properties=("FullName", "Sha256"), partial=True))
    return any(row.get("Sha256") == wanted for row in rows)


def hash_of(session: Session, path: str) -> str | None:
    """The SHA-256 of a file of the host; None where there is no such file, or nothing is known of the host yet."""
    try:
        (answer,) = session.call(HashFile(path))
    except NoSession:
        if session.check:
            return None
        raise
    if answer["ok"]:
        return str(answer["sha256"])
    errors = answer["errors"]
    if _is_absent(errors):
        return None
    said = "; ".join(one.shown() for one in errors[:3])
    raise CmdletFailed(f"{path} on {session.context.host} cannot be read: {said}.", tuple(errors))


def _is_absent(errors: Any) -> bool:
    gone = ("FileNotFoundException", "DirectoryNotFoundException", "DriveNotFoundException")
    return any(one.has_type(*gone) or one.name in gone for one in errors)


def _explained(exc: CmdletFailed, path: str) -> CmdletFailed:
    if any(one.has_type("DirectoryNotFoundException") for one in exc.errors):
        folder = path.rpartition("\\")[0]
        return CmdletFailed(
            f"dest: the folder {folder} is not there: make it first, or name another.", exc.errors, exc.call
        )
    return exc
