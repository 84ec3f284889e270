# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the journal says was done, as far as it is to be brought back: whole lines only, known calls, known hosts.

An intent counts where its outcome is ok or in doubt: whether it took effect, the real state tells. What a finished rollback
has brought back counts no more.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._engine.calls import value_from_json
from .._engine.collections import ORGANISATION
from .._engine.errors import InvalidInput, NotReady, StateError
from .._engine.facts import MISSING
from .._engine.files import parse, read_whole
from .._engine.journal import JOURNAL
from .._engine.module import Task
from .._settings.names import shown
from .table import refused

FINISHED = "rolled_back"
#: What takes users back by itself, and what was done by hand with it.
_BACK = ("user_move_back",)
#: Roles whose changes are the migration; the lock of the preflight is released, not undone.
ROLES = ("pool_deploy", "edge_deploy", "user_move", "xmpp_access", "federation_enable", "dns_update")
_MOVES = ("Move-CsUser", "Move-CsLegacyUser")
_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}")
_CONTROLLER = ("localhost", "127.0.0.1", "controller")

OPTIONS: dict[str, Any] = {
    "hosts": {"type": "list", "elements": "str", "required": True},
    "damaged_lines": {"type": "list", "elements": "int", "default": []},
    "despite_acceptance": {"type": "bool", "default": False},
    "leave": {"type": "list", "elements": "str", "default": []},
}


@dataclass(frozen=True)
class Done:
    """One change that was made, or may have been."""

    line: int
    at: str
    run: str
    host: str
    role: str
    module: str
    object: str
    call: Mapping[str, Any]
    effects: tuple[Mapping[str, Any], ...]
    before: Mapping[str, Any] | None
    undo: Any

    @property
    def cmdlet(self) -> str:
        return str(self.call.get("name") or "")

    @property
    def parameters(self) -> Mapping[str, Any]:
        found = self.call.get("parameters")
        return found if isinstance(found, Mapping) else {}

    def touches(self, collection: str) -> bool:
        return any(one["collection"] == collection for one in self.effects)


@dataclass
class Past:
    """The changes in their order. Users who were moved are only named: the module that moves them back reads on its own."""

    changes: list[Done] = field(default_factory=list)
    moved: dict[str, str] = field(default_factory=dict)  # GUID -> SIP address
    #: what cannot be undone, of all runs, by host and object
    kept: dict[tuple[str, str], Done] = field(default_factory=dict)
    #: whether a rollback has been finished since which nothing was done
    finished: bool = False

    def of(self, *modules: str) -> list[Done]:
        return [one for one in self.changes if one.module in modules]

    def calls(self, *cmdlets: str) -> list[Done]:
        return [one for one in self.changes if one.cmdlet in cmdlets]

    def touching(self, collection: str, host: str | None = None) -> list[Done]:
        return [one for one in self.changes if one.touches(collection) and host in (None, one.host)]


def read(task: Task) -> Past:
    """The whole journal, judged before anything is done with it."""
    for one in task.params["hosts"]:
        if not _HOST.fullmatch(one):
            raise InvalidInput(f"hosts: a name of the inventory is wanted, but {shown(one)} is none.")
    refuse_accepted(task)
    known = {one.casefold() for one in (*task.params["hosts"], *_CONTROLLER)}
    passed_over = set(task.params["damaged_lines"])
    past = Past()
    waiting: dict[str, Done] = {}
    for number, entry in _lines(task, passed_over):
        kind = entry["kind"]
        if kind == "note" and entry.get(FINISHED) is True:
            _remember(past, waiting)
            past.finished, waiting = True, {}
        elif kind == "outcome" and not entry.get("ok") and entry.get("ran") is not None:
            waiting.pop(str(entry.get("id")), None)  # what was refused was not done
        elif kind == "intent":
            done = _intent(number, entry, known)
            if done is not None:
                past.finished = False
                waiting[str(entry.get("id"))] = done
    past.changes = [done for done in waiting.values() if done.cmdlet not in _MOVES]
    _moves(past, waiting)
    _remember(past, waiting)
    return past


def refuse_accepted(task: Task) -> None:
    """After recorded acceptance nobody goes back by accident."""
    found = task.facts.finding("accepted", ORGANISATION)
    if found.status != MISSING and not task.params["despite_acceptance"]:
        at = found.at.strftime("%Y-%m-%d %H:%M UTC") if found.at else "before"
        raise NotReady(
            f"The migration was accepted ({at}), and what is retired after that cannot all be brought back: nothing is rolled "
            "back. If it has to be, say so by the name of the migration (rollback_despite_acceptance)."
        )


def _lines(task: Task, passed_over: set[int]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    content = read_whole(task.context.state_dir, JOURNAL)
    for number, line in enumerate(io.BytesIO(content or b""), 1):
        entry = parse(line) if line.endswith(b"\n") else None
        if entry is not None:
            yield number, entry
        elif number not in passed_over:
            raise StateError(
                f"Line {number} of {task.context.state_dir}/{JOURNAL} is not whole, so it is not known what was done there: put "
                "the journal back from a copy, or look what that line was about, and name its number in "
                "rollback_damaged_lines. Nothing was rolled back."
            )


def _intent(number: int, entry: Mapping[str, Any], known: set[str]) -> Done | None:
    role = str(entry.get("role") or "").rpartition(".")[2]
    module = str(entry.get("module") or "")
    if entry.get("check") or module in _BACK or role not in ROLES:
        return None
    host, undo = str(entry.get("host") or ""), entry.get("undo")
    where = f"Line {number} of the journal"
    if host.casefold() not in known:
        raise StateError(
            f"{where} is about the host {host[:80]!r}, which is not in the inventory: use the inventory of the migration. "
            "Nothing was rolled back."
        )
    call, effects, before = entry.get("call"), entry.get("effects"), entry.get("before")
    if not isinstance(call, Mapping) or not isinstance(effects, list) or not isinstance(before, (Mapping, type(None))):
        raise StateError(f"{where} is not what this collection writes. Nothing was rolled back.")
    if not isinstance(undo, (list, Mapping)):
        raise StateError(f"{where} has no way back in a form that this collection writes. Nothing was rolled back.")
    for one in undo if isinstance(undo, list) else ():
        if wrong := refused(one, module):
            raise StateError(
                f"{where} would undo {str(entry.get('object'))[:80]!r} by {wrong}, which this collection never writes there: "
                "somebody has changed the journal. Put it back from a copy. Nothing was rolled back."
            )
    if any(not isinstance(one, Mapping) or "collection" not in one for one in effects):
        raise StateError(f"{where} is not what this collection writes. Nothing was rolled back.")
    return Done(
        number, str(entry.get("at")), str(entry.get("run")), host, role, module, str(entry.get("object")), call,
        tuple(effects), before, undo,
    )  # fmt: skip


def _remember(past: Past, waiting: Mapping[str, Done]) -> None:
    """What stays, stays after a rollback too."""
    for done in waiting.values():
        if isinstance(done.undo, Mapping):
            past.kept.setdefault((done.host, done.object), done)


def _moves(past: Past, waiting: Mapping[str, Done]) -> None:
    for done in waiting.values():
        if done.cmdlet in _MOVES and done.before is not None and done.before.get("Guid"):
            past.moved[str(done.before["Guid"])] = str(done.parameters.get("Identity"))


def decoded(value: Any) -> Any:
    """A value as it was before it was written down."""
    return value_from_json(value)


def left_alone(task: Task, found: Mapping[str, str]) -> None:
    """What somebody else changed since is not overwritten: it is named, and the run ends unless the operator leaves it so."""
    leave = {one.casefold() for one in task.params["leave"]}
    for name, why in found.items():
        if name.casefold() in leave:
            task.warn(f"{name} is left as it is: {why}.")
    rest = {name: why for name, why in found.items() if name.casefold() not in leave}
    if rest:
        said = "; ".join(f"{name} {why}" for name, why in list(rest.items())[:10])
        raise NotReady(
            f"Somebody else has changed what is to be brought back: {said}. It was not overwritten. Put it as it has to be, or name "
            "it in rollback_leave, and run the playbook lync.xmpp_migration.rollback again: it goes on from there."
        )
