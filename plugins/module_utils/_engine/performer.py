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
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from .ahead import Ahead, Answer
from .calls import (
    MAX_REQUEST,
    Call,
    Change,
    Cmdlet,
    Query,
    change_from_json,
    clean,
    contains_unknown,
    evidence_from_json,
    from_json,
    query_from_json,
    redact,
    scrub,
    secrets_of,
    stopping,
    to_json,
    to_wire,
    value_from_json,
    value_to_json,
)
from .collections import collection, properties_of, reading, row_identity
from .context import Context
from .errors import (
    COMMAND_NOT_FOUND,
    BadAnswer,
    CmdletFailed,
    InDoubt,
    InvalidRequest,
    MigrationError,
    NoCmdlet,
    NoSession,
    Refused,
    RemoteError,
)
from .facts import Facts
from .journal import Journal
from .overlay import Overlay, chosen
from .writes import check_read, check_write, named


@dataclass
class Reply:
    """Of one request: per call its rows, the ends of the calls that were made, and host output."""

    rows: list[list[list[Any]]]
    ends: list[dict[str, Any]]
    output: list[str] = field(default_factory=list)


class ShellLike(Protocol):
    """The end that performs: a warm PowerShell, a name server's connection, a test's dictionaries."""

    @property
    def hello(self) -> Mapping[str, Any]: ...

    @property
    def scope(self) -> str: ...

    def request(self, calls: list[dict[str, Any]], seconds: float) -> Reply: ...


class NoShell:
    """A host that is only a name in this run: in check mode it looks empty, otherwise it cannot be asked."""

    def __init__(self, host: str) -> None:
        self.host = host

    @property
    def hello(self) -> Mapping[str, Any]:
        return {}

    @property
    def scope(self) -> str:
        return self.host

    def request(self, calls: list[dict[str, Any]], seconds: float) -> Reply:
        raise NoSession(f"{self.host} has no session in this run, so it cannot be asked or changed.")


def full_name(hello: Mapping[str, Any]) -> str:
    """The FQDN of a host as it says itself, in lower case: whose rows of a host's own collections are."""
    computer, domain = str(hello.get("computer") or ""), str(hello.get("domain") or "")
    return f"{computer}.{domain}".strip(".").lower()


Laws = Callable[[Change, Facts], Sequence[str]]


class ApprovalLike(Protocol):
    """Whether the changes are in the plan that the run was tied to, where it was tied to one."""

    def refusals(self, changes: Sequence[Change], context: Context) -> list[str]: ...


PAGE = 500
"""Rows of a page, where all of them are there at once."""
#: Exit codes of success: none, as of a cmdlet; 0; and those of Windows Installer for "done, a restart is wanted" and
#: "done, a restart was begun".
SUCCEEDED = (None, 0, 3010, 1641)


class Performer:
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
        self.shell, self.journal, self.overlay, self.laws, self.context = shell, journal, overlay, laws, context
        self.approval = approval
        self.clock = clock
        self._facts: dict[bool, Facts] = {}
        self._ahead = Ahead(Path(journal.path), clock)

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
        facts.groups = dict(context.groups)
        facts.refresh()
        return facts

    def _seconds(self, request: Mapping[str, Any], default: float) -> float:
        return float(request.get("seconds") or default)

    def _hello(self, request: Mapping[str, Any]) -> dict[str, Any]:
        return {"hello": dict(self.shell.hello), "scope": self._scope(bool(request.get("check")))}

    def _scope(self, check: bool) -> str:
        """Whose rows the host's own are; in check mode under the name that it will have then."""
        if not check:
            return self.shell.scope
        self.overlay.refresh()
        return self.overlay.scope(self.shell.scope)

    def _leave(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """End the process on the host, where the shell has one that can be followed by another."""
        leave = getattr(self.shell, "leave", None)
        if leave is None:
            raise InvalidRequest("This end has no process that could be left.")
        self._ahead.forget()
        leave(str(request.get("reason")))
        return {}

    # --- reading

    def _read(self, request: Mapping[str, Any]) -> dict[str, Any]:
        check = bool(request.get("check"))
        queries = [query_from_json(one) for one in request.get("queries") or ()]
        later = [query_from_json(one) for one in request.get("ahead") or ()]
        calls: list[Call] = [reading(one) for one in (*queries, *later)]
        check_read(calls)
        scope = self._scope(check) if check else ""
        sent = self._read_ahead(calls, len(queries), check, self._seconds(request, 120))
        results = []
        for query, call, (rows, end) in zip(queries, calls[: len(queries)], sent, strict=True):
            errors = self._errors_of_read(query, call, end, check)
            base = [self._row(properties_of(query), row) for row in rows]
            if check:
                base = self.overlay.rows(query, scope, base)
            else:
                base = chosen(query, [(row_identity(query, one), one) for one in base])
            results.append(
                {
                    "rows": [value_to_json(one) for one in base] if check else base,
                    "errors": [one.to_json() for one in errors],
                    "warnings": clean(list(end.get("warnings") or ())),
                }
            )
        return {"results": results}

    def stream(self, request: Mapping[str, Any], say: Callable[[list[list[Any]]], None]) -> dict[str, Any]:
        """A collection that may be long: its rows go to `say` page by page, as lists of the values of its properties.

        Only when this returns is the answer known to be whole."""
        check = bool(request.get("check"))
        query = query_from_json(request.get("query") or {})
        call = reading(query)
        check_read([call])
        if query.identity is not None or collection(query.collection).replica_of:
            raise InvalidRequest(f"The collection {query.collection} is not read page by page.")
        properties, secrets = properties_of(query), secrets_of(call)
        planned = self.overlay.pages(query, self._scope(check)) if check else None

        def take(_call: int, rows: list[list[Any]]) -> None:
            made = [self._values(properties, scrub(one, secrets)) for one in rows]
            say(made if planned is None else _listed(properties, planned.page(_named(properties, made))))

        end = self._streamed(call, check, self._seconds(request, 3600), take)
        errors = self._errors_of_read(query, call, end, check)
        if planned is not None:
            say(_listed(properties, planned.rest()))
        warnings = clean(list(end.get("warnings") or ()))
        return {"errors": [one.to_json() for one in errors], "warnings": warnings}

    def _streamed(
        self, call: Cmdlet, check: bool, seconds: float, take: Callable[[int, list[list[Any]]], None]
    ) -> dict[str, Any]:
        """The end of one call whose rows were taken as they came."""
        if check and contains_unknown(call):
            return {"ok": True}
        wire = [to_wire(call)]
        self._check_size(wire)
        stream = getattr(self.shell, "stream", None)
        try:
            reply = stream(wire, seconds, take) if stream else self.shell.request(wire, seconds)
        except NoSession:
            if not check:
                raise
            return {"ok": True}
        ((rows, end),) = self._aligned(reply, 1, secrets_of(call))
        for start in range(0, len(rows), PAGE):
            take(0, rows[start : start + PAGE])
        return end

    def _read_ahead(self, calls: Sequence[Call], wanted: int, check: bool, seconds: float) -> list[Answer]:
        """Answers of the first calls, which are wanted now. The others are for the next task, and are asked for only where
        something is asked anyway."""
        names = [json.dumps(to_json(one), sort_keys=True) for one in calls]
        known = {name: answer for name in names[:wanted] if (answer := self._ahead.take(name)) is not None}
        if any(name not in known for name in names[:wanted]):
            new = {name: one for name, one in zip(names, calls, strict=True) if name not in known}
            known.update(zip(new, self._asked(list(new.values()), check, seconds), strict=True))
            self._ahead.keep({name: known[name] for name in names[wanted:]})
        return [known[name] for name in names[:wanted]]

    def _asked(self, calls: Sequence[Call], check: bool, seconds: float) -> list[Answer]:
        """Rows and end of each read. A host without a session is empty in check mode; unknown identities ask nobody."""
        nothing: Answer = ([], {"ok": True})
        asked = [index for index, one in enumerate(calls) if not (check and contains_unknown(one))]
        answers = dict.fromkeys(range(len(calls)), nothing)
        if asked:
            try:
                reply = self._send([calls[index] for index in asked], seconds)
            except NoSession:
                if not check:
                    raise
                return [nothing] * len(calls)
            for index, answer in zip(asked, reply, strict=True):
                answers[index] = answer
        return [answers[index] for index in range(len(calls))]

    def _errors_of_read(self, query: Query, call: Call, end: Mapping[str, Any], check: bool) -> tuple[RemoteError, ...]:
        if end.get("ok"):
            return ()
        errors = remote_errors(end)
        absent = collection(query.collection).absent
        errors = tuple(one for one in errors if not (query.identity is not None and one.name in absent))
        missing = [one for one in errors if one.name == COMMAND_NOT_FOUND]
        if missing and check:  # the tools come with a step that is only planned so far
            return ()
        if missing:
            raise NoCmdlet(
                f"{self._host()} does not know the cmdlet {named(call)}: its Lync Server management tools are missing, "
                "or are those of another version.",
                errors,
                redact(call),
            )
        if errors and not query.partial:
            said = "; ".join(one.shown() for one in errors[:3])
            raise CmdletFailed(f"{named(call)} failed on {self._host()}: {said}.", errors, redact(call))
        return errors

    def _row(self, properties: Sequence[str], row: object) -> dict[str, Any]:
        return dict(zip(properties, self._values(properties, row), strict=True))

    def _values(self, properties: Sequence[str], row: object) -> list[Any]:
        if not isinstance(row, list) or len(row) != len(properties):
            raise BadAnswer(f"{self._host()} answered with a row that has not the properties that were asked for.")
        if any(isinstance(value, dict) for value in row):
            raise BadAnswer(f"{self._host()} answered with a row that holds a table, which no property is.")
        return [clean(value) for value in row]

    def _call(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Reads that are no collection. Errors of the calls are part of the answer."""
        calls = [from_json(one) for one in request.get("calls") or ()]
        check_read(calls)
        replies = []
        for call, (rows, end) in zip(calls, self._send(calls, self._seconds(request, 120)), strict=True):
            answer = {**clean(end), "errors": [one.to_json() for one in remote_errors(end)]}
            if isinstance(call, Cmdlet) and call.properties:
                answer["rows"] = [value_to_json(self._row(call.properties, row)) for row in rows]
            replies.append(answer)
        return {"replies": replies}

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
        # looking through every part of thousands of changes takes longer than to look for the mark of a secret
        secrets = secrets_of(changes) if '"secret"' in json.dumps(request["changes"]) else frozenset()
        return {"outcomes": self._made(changes, wire, ids, context, seconds, secrets)}

    def _bound(self, change: Change, check: bool) -> Change:
        check_write(change.call)
        check_read(change.prepare)
        for call in (*change.prepare, change.call):
            if not check:
                continue  # it is put on the wire next, which sees all of this
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

    def _check_size(self, wire: list[dict[str, Any]]) -> None:
        size = len(json.dumps(wire))
        if size > MAX_REQUEST:
            raise InvalidRequest(
                f"A request of {size} characters is too long for the server: send fewer calls at once."
            )

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
        errors = remote_errors(end) or tuple(error for answer in made[:-1] for error in remote_errors(answer[1]))
        outcome: dict[str, Any] = {
            "id": one,
            "ok": bool(end.get("ok")) and end.get("exit") in SUCCEEDED,
            "ran": bool(end),
            "errors": [error.to_json() for error in errors],
            "warnings": clean(list(end.get("warnings") or ())),
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

    # --- sending

    def _send(self, calls: Sequence[Call], seconds: float) -> list[Answer]:
        if not calls:
            return []
        wire = [to_wire(one) for one in calls]
        self._check_size(wire)
        return self._aligned(self.shell.request(wire, seconds), len(wire), secrets_of(calls))

    def _aligned(self, reply: Reply, count: int, secrets: frozenset[str]) -> list[Answer]:
        """Rows and end per call; an empty end where the request was given up before the call."""
        ends: dict[int, dict[str, Any]] = {}
        for position, end in enumerate(reply.ends):
            index = end.get("call", position) if isinstance(end, Mapping) else None
            if not isinstance(index, int) or not 0 <= index < count or index in ends:
                raise BadAnswer(f"{self._host()} answered a call that was not made.")
            ends[index] = dict(scrub(end, secrets))
        rows = scrub(list(reply.rows), secrets) + [[]] * (count - len(reply.rows))
        return [(rows[index], ends.get(index, {})) for index in range(count)]

    def _host(self) -> str:
        return self.shell.scope or self.context.host


def _named(properties: Sequence[str], rows: Sequence[list[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(properties, one, strict=True)) for one in rows]


def _listed(properties: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
    return [[value_to_json(one.get(name)) for name in properties] for one in rows]


def remote_errors(end: Mapping[str, Any]) -> tuple[RemoteError, ...]:
    return tuple(RemoteError.from_json(clean(one)) for one in end.get("errors") or ())


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
