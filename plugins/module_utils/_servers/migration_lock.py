# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock against a second controller: a file on the Central Management host that says who is migrating.

The laws go by a journal, and a journal is one controller's. Two of them at once would each believe what the other has
changed since. The file has no secret in it, and nothing releases it but its owner or whoever names its owner.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from .._engine.calls import Call, Change, Cmdlet, HashFile, Irreversible, Query, ReadSlice
from .._engine.collections import collection
from .._engine.errors import InvalidInput, Mismatch, NotReady, Refused, one_line
from .._engine.module import Report, Task
from .._settings.names import BadName, plain_text
from .server import moment, removal

Lock = dict[str, str]

#: Everybody who administers the server can see who holds it.
LOCK_FILE = r"C:\ProgramData\lync_xmpp_migration-lock.json"
FORMAT = 1
_WHAT = "lock of the migration"
_FIELDS = ("owner", "operator", "controller", "run", "time")
_LIMIT = 10_000
#: After that a lock is called old in what is said of it. It holds all the same.
OLD_HOURS = 24


def run(task: Task) -> Report:
    owner = _owner(task)
    lock = _read(task)
    if task.params["state"] == "released":
        return _release(task, lock, owner)
    if lock is not None and _same(lock["owner"], owner):
        return _report(task, False, lock, lock)
    if lock is not None:
        _see_takeover(task, lock, owner)
    mine = _mine(task, owner)
    task.session.change(_taking(task, lock, mine))
    now = _read(task) if not task.check_mode else mine
    if now is None or not _same(now["owner"], owner):
        raise Mismatch(
            f"{LOCK_FILE} on {task.context.host} was written without an error, but is held by "
            f"{now['owner'] if now else 'nobody'} when read again: somebody else took it at the same time. Agree on who "
            "migrates, and run this again."
        )
    return _report(task, True, lock, now)


def _owner(task: Task) -> str:
    """Who holds it: as named, else this operator on this controller."""
    named = task.params["owner"]
    if named is None:
        return f"{task.context.operator}@{task.context.controller}"
    try:
        return plain_text(named, "The name of an owner such as ann@controller1", 200)
    except BadName as exc:
        raise InvalidInput(f"owner: {exc}") from exc


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


# --- the file


def _mine(task: Task, owner: str) -> Lock:
    context = task.context
    now = datetime.fromtimestamp(task.journal.clock(), UTC).isoformat(timespec="seconds")
    return {
        "owner": owner,
        "operator": context.operator,
        "controller": context.controller,
        "run": context.run,
        "time": now,
    }


def _written(lock: Lock) -> str:
    return json.dumps({"format": FORMAT, **lock}, ensure_ascii=True, sort_keys=True)


def _read(task: Task) -> Lock | None:
    """The lock that is held, or in check mode the one that is planned: its text is known to the plan alone."""
    if task.check_mode:
        rows = task.session.read(Query("file", LOCK_FILE, properties=("FullName", "Lock")))[0]
        if not rows:
            return None
        if rows[0].get("Lock"):
            return _parsed(task, rows[0]["Lock"].encode())
    look = Cmdlet("Get-Item", {"LiteralPath": LOCK_FILE}, ("FullName",))
    found, content, whole = task.session.call(look, ReadSlice(LOCK_FILE, 0, _LIMIT), HashFile(LOCK_FILE))
    if any(error.name in collection("file").absent for error in found["errors"]):
        return None
    data = base64.b64decode(content["bytes"]) if content["ok"] else b""
    if not whole["ok"] or hashlib.sha256(data).hexdigest() != whole["sha256"]:
        said = "; ".join(error.shown() for one in (found, content, whole) for error in one["errors"][:1])
        raise NotReady(
            f"{LOCK_FILE} on {task.context.host} cannot be read: {said or 'it is being written'}. Run this again."
        )
    return _parsed(task, data)


def _parsed(task: Task, content: bytes) -> Lock:
    try:
        data: Any = json.loads(content.decode("utf-8-sig"))
        if data["format"] != FORMAT:
            raise ValueError
        return {name: str(data[name]) for name in _FIELDS}
    except (ValueError, KeyError, TypeError) as exc:
        raise NotReady(
            f"{LOCK_FILE} on {task.context.host} is no lock that this version of the collection wrote: see who runs the "
            "migration from another controller. If nobody does, delete the file."
        ) from exc


def _taking(task: Task, held: Lock | None, mine: Lock) -> Change:
    """New-Item makes a file only where there is none, so of two controllers at once one fails."""
    parameters: dict[str, Any] = {"Path": LOCK_FILE, "ItemType": "File", "Value": _written(mine), "Confirm": False}
    undo: tuple[Call, ...] | Irreversible = (
        Cmdlet("Remove-Item", {"LiteralPath": LOCK_FILE, "Force": True, "Confirm": False}),
    )
    if held is not None:
        parameters["Force"] = True
        undo = Irreversible(f"The lock was taken over from {held['owner']}, who was named for it.")
    row = {"FullName": LOCK_FILE, "Lock": _written(mine)}
    return Change(
        Cmdlet("New-Item", parameters), _WHAT, (task.session.effect("file", LOCK_FILE, row),), before=held, undo=undo
    )


def _see_takeover(task: Task, lock: Lock, owner: str) -> None:
    takeover = task.params["takeover"]
    if takeover is not None and _same(takeover, lock["owner"]):
        return
    wrong = f" takeover names {one_line(takeover)}, who does not hold it." if takeover is not None else ""
    raise Refused([f"{_held(task, lock)}{wrong} {_what_to_do(lock, owner)}"])


def _held(task: Task, lock: Lock) -> str:
    since = moment(lock["time"])
    age = ""
    if since is not None:
        hours = (datetime.fromtimestamp(task.journal.clock(), UTC) - since).total_seconds() / 3600
        if hours > OLD_HOURS:
            age = f", which is {hours / 24:.0f} days ago" if hours >= 48 else f", which is {hours:.0f} hours ago"
    return (
        f"The migration is locked by {lock['owner']} (operator {lock['operator']} on the controller {lock['controller']}, run "
        f"{lock['run']}, since {lock['time']}{age})."
    )


def _what_to_do(lock: Lock, owner: str) -> str:
    return (
        "Two controllers at once would each go by a journal that the other one makes wrong. Ask that owner to release it "
        f"(state: released). If the owner is gone, continue with the owner's state directory, and take the lock over with "
        f"takeover: {json.dumps(lock['owner'], ensure_ascii=False)}; or, if that owner is you, set owner to that name instead "
        f"of {owner}."
    )


# --- releasing


def _release(task: Task, lock: Lock | None, owner: str) -> Report:
    if lock is None:
        return _report(task, False, None, None)
    if not _same(lock["owner"], owner):
        _see_takeover(task, lock, owner)
    task.session.change(removal(task.session, LOCK_FILE, _WHAT))
    return _report(task, True, lock, None)


def _report(task: Task, changed: bool, before: Mapping[str, str] | None, after: Mapping[str, str] | None) -> Report:
    value = {"held": after is not None, **{name: (after or {}).get(name) for name in _FIELDS}}
    return Report(changed, {"lock": value}, before=before or {"held": False}, after=after or {"held": False})
