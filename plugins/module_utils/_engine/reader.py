# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of a performer that reads: collections whole or page by page, other reads, and what is read ahead.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .ahead import Ahead, Answer
from .calls import (
    MAX_REQUEST,
    Call,
    Cmdlet,
    Query,
    clean,
    contains_unknown,
    from_json,
    query_from_json,
    redact,
    scrub,
    secrets_of,
    to_json,
    to_wire,
    value_to_json,
)
from .collections import collection, properties_of, reading, row_identity
from .context import Context
from .errors import (
    COMMAND_NOT_FOUND,
    BadAnswer,
    CmdletFailed,
    InvalidRequest,
    NoCmdlet,
    NoSession,
    RemoteError,
)
from .journal import Journal
from .overlay import Overlay, chosen
from .shells import Reply, ShellLike
from .values import PLAIN
from .writes import check_read, named

PAGE = 500
"""Rows of a page, where all of them are there at once."""


class Reader:
    """Asks its shell; in check mode what is planned is laid over the answers."""

    def __init__(
        self,
        shell: ShellLike,
        journal: Journal,
        overlay: Overlay,
        context: Context,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.shell, self.journal, self.overlay, self.context = shell, journal, overlay, context
        self.clock = clock
        self._ahead = Ahead(Path(journal.path), clock)

    def _seconds(self, request: Mapping[str, Any], default: float) -> float:
        return float(request.get("seconds") or default)

    def _scope(self, check: bool) -> str:
        """Whose rows the host's own are; in check mode under the name that it will have then."""
        if not check:
            return self.shell.scope
        self.overlay.refresh()
        return self.overlay.scope(self.shell.scope)

    # --- collections

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
        if not PLAIN.issuperset(map(type, row)) and any(isinstance(value, dict) for value in row):
            raise BadAnswer(f"{self._host()} answered with a row that holds a table, which no property is.")
        # of a hundred thousand users each property passes here, and few need to be cleaned
        return [one if one is None or (isinstance(one, str) and one.isascii()) else clean(one) for one in row]

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

    # --- sending

    def _send(self, calls: Sequence[Call], seconds: float) -> list[Answer]:
        if not calls:
            return []
        wire = [to_wire(one) for one in calls]
        self._check_size(wire)
        return self._aligned(self.shell.request(wire, seconds), len(wire), secrets_of(calls))

    def _check_size(self, wire: list[dict[str, Any]]) -> None:
        size = len(json.dumps(wire))
        if size > MAX_REQUEST:
            raise InvalidRequest(
                f"A request of {size} characters is too long for the server: send fewer calls at once."
            )

    def _aligned(self, reply: Reply, count: int, secrets: frozenset[str]) -> list[Answer]:
        """Rows and end per call; an empty end where the request was given up before the call."""
        ends: dict[int, dict[str, Any]] = {}
        for position, end in enumerate(reply.ends):
            index = end.get("call", position) if isinstance(end, Mapping) else None
            if not isinstance(index, int) or not 0 <= index < count or index in ends:
                raise BadAnswer(f"{self._host()} answered a call that was not made.")
            ends[index] = dict(scrub(end, secrets)) if secrets else dict(end)
        rows = scrub(list(reply.rows), secrets) + [[]] * (count - len(reply.rows))
        return [(rows[index], ends.get(index, {})) for index in range(count)]

    def _host(self) -> str:
        return self.shell.scope or self.context.host


def _named(properties: Sequence[str], rows: Sequence[list[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(properties, one, strict=True)) for one in rows]


def _listed(properties: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
    return [[value_to_json(one.get(name)) for name in properties] for one in rows]


def remote_errors(end: Mapping[str, Any]) -> tuple[RemoteError, ...]:
    errors = end.get("errors")
    return tuple([RemoteError.from_json(clean(one)) for one in errors]) if errors else ()
