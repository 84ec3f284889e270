# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Performer: bind, guard, journal, overlay, send. Inside the daemon for a host's calls, inside a module for its own.

The order for a change: its form is checked, the laws are asked, the intents are on disk, the calls are sent, the
outcomes are on disk, the answer goes back. In check mode it is planned instead of sent.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from .ahead import Answer
from .calls import (
    Change,
    Cmdlet,
    change_from_json,
    clean,
    contains_unknown,
    evidence_from_json,
    secrets_of,
    stopping,
    to_wire,
    value_from_json,
    value_to_json,
)
from .collections import collection
from .context import Context
from .errors import InDoubt, InvalidRequest, MigrationError, Refused, RemoteError
from .facts import Facts
from .journal import Journal
from .overlay import Overlay
from .reader import PAGE, Reader, remote_errors
from .shells import NoShell, Reply, ShellLike, full_name
from .writes import check_read, check_write

__all__ = [
    "PAGE", "SUCCEEDED", "ApprovalLike", "Laws", "NoShell", "Performer", "Reply", "ShellLike", "full_name", "make_performer",
    "remote_errors", "text_of",
]  # fmt: skip

Laws = Callable[[Change, Facts], Sequence[str]]


class ApprovalLike(Protocol):
    """Whether the changes are in the plan that the run was tied to, where it was tied to one."""

    def refusals(self, changes: Sequence[Change], context: Context) -> list[str]: ...


#: Exit codes of success: none, as of a cmdlet; 0; and those of Windows Installer for "done, a restart is wanted" and
#: "done, a restart was begun".
SUCCEEDED = (None, 0, 3010, 1641)


class Performer(Reader):
    def __init__(
        self,
        shell: ShellLike,
        journal: Journal,
        overlay: Overlay,
        laws: Laws,
        context: Context,
        clock: Callable[[], float] = time.monotonic,
        approval: ApprovalLike | None = None,
    ) -> None:
        super().__init__(shell, journal, overlay, context, clock)
        self.laws, self.approval = laws, approval
        self._facts: dict[bool, Facts] = {}

    def perform(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Answer one request of a Session, both as JSON. Errors are raised; whoever owns the socket encodes them."""
        operations = {
            "hello": self._hello,
            "read": self._read,
            "call": self._call,
            "change": self._change,
            "evidence": self._evidence,
            "note": self._note,
            "leave": self._leave,
        }
        try:
            operation = operations[str(request.get("op"))]
        except KeyError:
            raise InvalidRequest(f"A session is not asked to {request.get('op')!r}.") from None
        return operation(request)

    # --- what belongs to a request

    def _task(self, request: Mapping[str, Any]) -> Context:
        """The daemon serves many tasks: each request says for which it is."""
        told = request.get("context")
        return Context.from_json({**self.context.to_json(), **told}) if told else self.context

    def facts(self, context: Context, check: bool) -> Facts:
        facts = self._facts.setdefault(check, Facts(self.journal, context.groups, check=check))
        facts.groups = context.groups
        facts.refresh()
        return facts

    def _hello(self, request: Mapping[str, Any]) -> dict[str, Any]:
        return {"hello": dict(self.shell.hello), "scope": self._scope(bool(request.get("check")))}

    def _leave(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """End the process on the host, where the shell has one that can be followed by another."""
        leave = getattr(self.shell, "leave", None)
        if leave is None:
            raise InvalidRequest("This end has no process that could be left.")
        self._ahead.forget()
        leave(str(request.get("reason")))
        return {}

    # --- changing

    def _change(self, request: Mapping[str, Any]) -> dict[str, Any]:
        check, context = bool(request.get("check")), self._task(request)
        changes = [self._bound(change_from_json(one), check) for one in request.get("changes") or ()]
        if not changes:
            return {"outcomes": []}
        wire = [] if check else self._wired(changes)
        self._guard(changes, context, check)
        ids = self.journal.intents(changes, context, self._scope(check), check=check)
        if check:
            planned = {"ok": True, "ran": False, "planned": True, "errors": [], "warnings": [], "rows": []}
            return {"outcomes": [{"id": one, **planned} for one in ids]}
        seconds = self._seconds(request, max(one.seconds for one in changes))
        return {"outcomes": self._made(changes, wire, ids, context, seconds, secrets_of(changes))}

    def _bound(self, change: Change, check: bool) -> Change:
        check_write(change.call)
        check_read(change.prepare)
        # otherwise it is put on the wire next, which sees all of this
        for call in (*change.prepare, change.call) if check else ():
            if contains_unknown(call):
                change = replace(change, conditional=True)
            else:
                to_wire(call)  # refuses nulls, reserved names and what has no form on the wire
        for effect in change.effects:
            collection(effect.collection)
        return change

    def _wired(self, changes: Sequence[Change]) -> list[dict[str, Any]]:
        wire: list[dict[str, Any]] = []
        for change in changes:
            base = len(wire)
            wire += [to_wire(stopping(one), base) for one in change.prepare]
            wire.append(to_wire(change.call, base))
        self._check_size(wire)
        return wire

    def _guard(self, changes: Sequence[Change], context: Context, check: bool) -> None:
        facts = self.facts(context, check)
        reasons: list[str] = []
        for change in changes:
            reasons += self.laws(change, facts)
            facts.expect(change)  # what one change of a request makes stale is stale for the next
        if self.approval is not None and not check:
            reasons += self.approval.refusals(changes, context)
        if reasons:
            raise Refused(list(dict.fromkeys(reasons)))

    def _made(
        self,
        changes: Sequence[Change],
        wire: list[dict[str, Any]],
        ids: Sequence[str],
        context: Context,
        seconds: float,
        secrets: frozenset[str],
    ) -> list[dict[str, Any]]:
        """Send, and journal what became of each change, whatever happens on the way."""
        started = self.clock()
        trouble: MigrationError | None = None
        try:
            answers = self._aligned(self.shell.request(wire, seconds), len(wire), secrets)
            outcomes, position = [], 0
            for change, one in zip(changes, ids, strict=True):
                made = answers[position : position + len(change.prepare) + 1]
                outcomes.append(self._outcome(one, change, made))
                position += len(made)
        except MigrationError as exc:
            trouble = exc
            outcomes = [self._lost(one, exc) for one in ids]
        took = {"seconds": round(self.clock() - started, 3), "starts": getattr(self.shell, "starts", None)}
        self.journal.outcomes(
            [{**took, **{name: value for name, value in one.items() if name != "rows"}} for one in outcomes], context
        )
        if trouble is not None:
            raise trouble
        return outcomes

    def _lost(self, one: str, trouble: MigrationError) -> dict[str, Any]:
        error = RemoteError(trouble.kind, "ConnectionError").to_json()
        ran = None if isinstance(trouble, InDoubt) else False
        return {"id": one, "ok": False, "ran": ran, "errors": [error], "warnings": [], "rows": []}

    def _outcome(self, one: str, change: Change, made: Sequence[Answer]) -> dict[str, Any]:
        """Of the last call, which is the change; where it was not reached, the errors of the one that failed before it."""
        rows, end = made[-1]
        errors = remote_errors(end) or tuple([error for answer in made[:-1] for error in remote_errors(answer[1])])
        warnings = end.get("warnings")
        outcome: dict[str, Any] = {
            "id": one,
            "ok": bool(end.get("ok")) and end.get("exit") in SUCCEEDED,
            "ran": bool(end),
            "errors": [error.to_json() for error in errors],
            "warnings": clean(list(warnings)) if warnings else [],
            "rows": [],
        }
        if isinstance(change.call, Cmdlet) and change.call.properties:
            outcome["rows"] = [value_to_json(self._row(change.call.properties, row)) for row in rows]
        taken = [answer[1].get("seconds") for answer in made if answer[1]]
        known = [float(one) for one in taken if isinstance(one, float)]
        if known and len(known) == len(taken):
            outcome["seconds"] = round(sum(known), 3)
        for name in ("exit", "stdout", "stderr", "size"):
            if name in end:
                outcome[name] = text_of(end[name]) if name in ("stdout", "stderr") else end[name]
        return outcome

    # --- evidence and notes of a module

    def _evidence(self, request: Mapping[str, Any]) -> dict[str, Any]:
        evidence = [evidence_from_json(one) for one in request.get("evidence") or ()]
        self.journal.evidence(evidence, self._task(request), check=bool(request.get("check")))
        return {"recorded": len(evidence)}

    def _note(self, request: Mapping[str, Any]) -> dict[str, Any]:
        more = value_from_json(request.get("more") or {})
        self.journal.note(str(request.get("text")), self._task(request), check=bool(request.get("check")), **more)
        return {}


def text_of(content: object) -> str:
    """What a program printed: base64 of bytes in a code page that is not ours to know, shown as far as it is ASCII."""
    try:
        return base64.b64decode(str(content), validate=True).decode("ascii", "replace")
    except ValueError:
        return str(content)


def make_performer(
    shell: ShellLike,
    context: Context,
    *,
    sync: bool = True,
    kind: type[Performer] = Performer,
    approval: ApprovalLike | None = None,
) -> Performer:
    """The performer of a session daemon, or of a module that has no Windows host behind it."""
    from .._plan.approved import Approval  # here, so that readers of replies need not load the laws
    from .laws import refusals

    journal = Journal(context.state_dir, context.run, sync=sync)
    return kind(shell, journal, Overlay(journal), refusals, context, approval=approval or Approval())
