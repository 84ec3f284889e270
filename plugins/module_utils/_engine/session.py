# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Session: a module's end of the way to a server. Typed calls in, rows and typed errors out.

What carries a request is a Transport: the socket of the host's daemon, or a Performer in the same process.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

from .calls import (
    Call,
    Change,
    Cmdlet,
    Effect,
    Evidence,
    HashFile,
    Irreversible,
    Query,
    ReadSlice,
    Undo,
    WriteSlice,
    change_to_json,
    clean,
    evidence_to_json,
    query_to_json,
    summary,
    to_json,
    value_from_json,
    value_to_json,
)
from .collections import scope_of, told_by_others
from .context import Context
from .errors import (
    CmdletFailed,
    InDoubt,
    InvalidRequest,
    MigrationError,
    NotReady,
    RemoteError,
)
from .transport import DirectTransport, Page, SocketTransport, Transport

__all__ = ["DirectTransport", "Page", "Session", "SocketTransport", "Transport", "failed", "quietly", "session_of"]

SLICE = 720_000
"""Bytes of a file in one request: with base64 they stay below the limit of a request."""

T = TypeVar("T")


class Session:
    """One host. `warnings` and `calls` gather what the module's result will show."""

    def __init__(
        self,
        transport: Transport,
        context: Context,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.transport, self.context = transport, context
        self.warnings: list[str] = []
        self.calls: list[dict[str, Any]] = []
        #: what was being changed when the answer to the last change was lost
        self.doubtful: tuple[str, ...] = ()
        self._clock, self._sleep = clock, sleep
        self._greeting: dict[str, Any] | None = None
        self._later: list[Query] = []
        #: what was read since the last change, while it is remembered
        self._memory: dict[str, list[dict[str, Any]]] | None = None
        #: who else may know the organisation, see `_reader`
        self.reader: Callable[[], Session | None] | None = None

    @property
    def check(self) -> bool:
        return self.context.check

    @property
    def hello(self) -> dict[str, Any]:
        """What the host said of itself: powershell, windows, culture, computer, domain; empty without a session."""
        return dict(self._greeted()["hello"])

    @property
    def scope(self) -> str:
        """Whose rows the host's own collections are: its FQDN, or its inventory name where it has no session."""
        return str(self._greeted()["scope"])

    def _greeted(self) -> dict[str, Any]:
        if self._greeting is None:
            self._greeting = self._perform("hello")
        return self._greeting

    def _perform(self, op: str, **request: Any) -> dict[str, Any]:
        return self.transport.perform(self._request(op, **request))

    def _request(self, op: str, **request: Any) -> dict[str, Any]:
        # The daemon knows the run; what it is told is the task.
        context = {**self.context.for_journal(), "groups": {name: list(m) for name, m in self.context.groups.items()}}
        return {"op": op, "check": self.check, "context": context, **request}

    def effect(self, collection: str, identity: str, properties: Mapping[str, Any] | None) -> Effect:
        """An effect on a row of the collection, in the scope where this host's session finds it."""
        return Effect(collection, scope_of(collection, self.scope), identity, properties)

    # --- reading

    def read(self, *queries: Query | str, seconds: float = 120) -> list[list[dict[str, Any]]]:
        """The rows of each query, all in one request; in check mode as they would be after what was planned."""
        asked = [Query(one) if isinstance(one, str) else one for one in queries]
        if self._memory is None:
            return self._asked(asked, seconds)
        memory = self._memory
        keys = [json.dumps(query_to_json(one), sort_keys=True) for one in asked]
        new = {name: one for name, one in zip(keys, asked, strict=True) if name not in memory}
        memory.update(zip(new, self._asked(list(new.values()), seconds) if new else (), strict=True))
        return [[dict(row) for row in memory[name]] for name in keys]

    @contextmanager
    def remembering(self) -> Iterator[None]:
        """Within, what was read is not read again, until something is changed."""
        self._memory = {}
        try:
            yield
        finally:
            self._memory = None

    def _asked(self, asked: Sequence[Query], seconds: float) -> list[list[dict[str, Any]]]:
        elsewhere = [told_by_others(one.collection) for one in asked]
        reader = self._reader() if self.check and any(elsewhere) else None
        if reader is None:
            return self._read(asked, seconds)
        theirs = iter(reader._read([one for one, away in zip(asked, elsewhere, strict=True) if away], seconds))
        own = [one for one, away in zip(asked, elsewhere, strict=True) if not away]
        ours = iter(self._read(own, seconds) if own else ())
        self.warnings += [one for one in reader.warnings if one not in self.warnings]
        return [next(theirs if away else ours) for away in elsewhere]

    def read_ahead(self, *queries: Query | str) -> None:
        """Have these read together with what is read next, for the task that will ask for them after this one."""
        self._later += [Query(one) if isinstance(one, str) else one for one in queries]

    def _reader(self) -> Session | None:
        """Who is asked about the organisation in a dry run while this host has no Lync cmdlet yet: a legacy Front End."""
        return None if self.hello.get("lync") or self.reader is None else self.reader()

    @property
    def blind(self) -> bool:
        """In a dry run: nobody can tell of the organisation, so what follows from its state is planned as unknown."""
        return self.check and not self.hello.get("lync") and self._reader() is None

    def _read(self, asked: Sequence[Query], seconds: float) -> list[list[dict[str, Any]]]:
        later, self._later = self._later, []
        more = {"ahead": [query_to_json(one) for one in later]} if later else {}
        reply = self._perform("read", queries=[query_to_json(one) for one in asked], seconds=seconds, **more)
        for result in reply["results"]:
            self.warnings += result["warnings"]
            self.warnings += [f"Left out: {RemoteError.from_json(one).shown()}" for one in result["errors"]]
        return [[value_from_json(row) for row in result["rows"]] for result in reply["results"]]

    def pages(self, query: Query, seconds: float = 3600) -> Iterator[Page]:
        """The rows of a collection that may be long, page by page, as values in the order of `properties_of(query)`.

        What came before an error is no answer: whoever keeps it throws it away then."""
        elsewhere = self.check and told_by_others(query.collection)
        reader = (self._reader() if elsewhere else None) or self
        request = reader._request("pages", query=query_to_json(query), seconds=seconds)
        reply = yield from reader.transport.stream(request)
        self._said(reply)

    def _said(self, result: Mapping[str, Any]) -> None:
        more = [*result["warnings"], *(f"Left out: {RemoteError.from_json(one).shown()}" for one in result["errors"])]
        self.warnings += [one for one in more if one not in self.warnings]

    def call(self, *calls: Call, seconds: float = 120) -> list[dict[str, Any]]:
        """Reads that are no collection: per call ok, rows, errors (of RemoteError), warnings, and what files answer."""
        reply = self._perform("call", calls=[to_json(one) for one in calls], seconds=seconds)
        answers = []
        for answer in reply["replies"]:
            errors = [RemoteError.from_json(one) for one in answer.get("errors") or ()]
            rows = [value_from_json(row) for row in answer.get("rows") or ()]
            answers.append({**answer, "errors": errors, "rows": rows})
        return answers

    # --- changing

    def change(self, *changes: Change, seconds: float | None = None, tolerate: bool = False) -> list[dict[str, Any]]:
        """Make the changes in one request, or plan them. An outcome that is not ok is an error, unless tolerated."""
        if not changes:
            return []
        if self._memory is not None:
            self._memory.clear()
        request: dict[str, Any] = {"changes": [change_to_json(one) for one in changes]}
        if seconds is not None:
            request["seconds"] = seconds
        try:
            self.doubtful = ()
            outcomes = self._perform("change", **request)["outcomes"]
        except InDoubt:
            self.calls += [summary(one.call) for one in changes]
            self.doubtful = tuple(dict.fromkeys(one.object for one in changes))
            raise
        for change, outcome in zip(changes, outcomes, strict=True):
            if outcome["ran"] or outcome.get("planned"):
                self.calls.append(summary(change.call))
            outcome["errors"] = [RemoteError.from_json(one) for one in outcome["errors"]]
            outcome["rows"] = [value_from_json(row) for row in outcome["rows"]]
            outcome["object"] = change.object
            self.warnings += [f"{change.object}: {one}" for one in outcome["warnings"]]
        if not tolerate:
            for change, outcome in zip(changes, outcomes, strict=True):
                if not outcome["ok"]:
                    raise failed(change, outcome, self.context.host)
        return list(outcomes)

    def record(self, *evidence: Evidence) -> None:
        """Evidence that must be on record before the module's next change; all else the action plugin records."""
        self._perform("evidence", evidence=[evidence_to_json(one) for one in evidence])

    def note(self, text: str, **more: Any) -> None:
        self._perform("note", text=text, more=value_to_json(more))

    # --- files

    def read_file(self, path: str, limit: int = 64_000_000) -> bytes:
        """A file of the host, in slices; it must not change on the way."""
        content, size, digest = bytearray(), None, None
        while size is None or len(content) < size:
            calls: list[Call] = [ReadSlice(path, len(content), SLICE)]
            if size is None or size - len(content) <= SLICE:  # this may be, or is, the last one
                calls.append(HashFile(path))
            answer, *hashed = self.call(*calls)
            self._checked_file(path, answer)
            size = int(answer["size"])
            if size > limit:
                raise CmdletFailed(f"{path} on {self.context.host} has {size} bytes, more than {limit}.")
            got = base64.b64decode(answer["bytes"], validate=True)
            content += got
            if not got and len(content) < size:
                raise CmdletFailed(f"{path} on {self.context.host} was changed while it was read.")
            for one in hashed:
                self._checked_file(path, one)
                digest = one["sha256"]
        if digest != hashlib.sha256(content).hexdigest():
            raise CmdletFailed(f"{path} on {self.context.host} was changed while it was read.")
        return bytes(content)

    def write_file(
        self,
        path: str,
        content: bytes,
        what: str | None = None,
        override: str | None = None,
        *,
        undo: Undo = (),
        planned: Mapping[str, Any] | None = None,
    ) -> bool:
        """Make a file of the host have this content; False where it has it already.

        `undo` is for a file that was not there, or one whose former content is kept; `planned` is what a plan shall know
        of it beside its length.
        """
        wanted = hashlib.sha256(content).hexdigest()
        (answer,) = self.call(HashFile(path)) if not self._absent() else [{"ok": False}]
        if answer["ok"] and answer.get("sha256") == wanted:
            return False
        row = {"FullName": path, "Length": len(content), **(planned or {})}
        name, effect = what or f"file {path}", self.effect("file", path, row)
        kept = undo or (Irreversible("the file's former content is not kept") if answer["ok"] else ())
        for offset in range(0, max(len(content), 1), SLICE):
            self.change(
                Change(
                    WriteSlice(path, offset, content[offset : offset + SLICE]),
                    name,
                    (effect,),
                    undo=kept,
                    override=override,
                )
            )
        if not self.check and self._hash(path) != wanted:
            raise CmdletFailed(f"{path} on {self.context.host} does not have the content that was written.")
        return True

    def _absent(self) -> bool:
        return self.check and not self.hello

    def _hash(self, path: str) -> str:
        (answer,) = self.call(HashFile(path))
        self._checked_file(path, answer)
        return str(answer["sha256"])

    def _checked_file(self, path: str, answer: Mapping[str, Any]) -> None:
        if not answer["ok"]:
            said = "; ".join(one.shown() for one in answer["errors"][:3])
            raise CmdletFailed(f"{path} on {self.context.host} cannot be read: {said}.", tuple(answer["errors"]))

    # --- the process on the host

    def leave(self, reason: str) -> None:
        """End the PowerShell on the host; the next request starts another one, which is counted for this named reason.

        Windows gives some things to new processes only. A plan has no process to end.
        """
        if self.check:
            return
        try:
            self._perform("leave", reason=reason)
        except InvalidRequest:
            pass  # whoever performs has no process of its own
        self._greeting = None

    # --- waiting

    def moment(self) -> float:
        """Seconds on the clock that waiting goes by; only differences mean anything."""
        return self._clock()

    def pause(self, seconds: float) -> None:
        if not self.check:
            self._sleep(seconds)

    def wait(self, probe: Callable[[], T], seconds: float, interval: float = 5, what: str = "") -> T:
        """What the probe says as soon as that is something. In check mode it is asked once and believed.

        It is asked again after a second, then ever more seldom, at last once in `interval` seconds."""
        deadline, pause = self._clock() + seconds, min(1.0, interval)
        while True:
            if self._memory is not None:
                self._memory.clear()
            found = probe()
            if found or self.check:
                return found
            left = deadline - self._clock()
            if left <= 0:
                raise NotReady(
                    f"{what or 'What was waited for'} has not come true on {self.context.host} within {seconds:g} s."
                )
            self._sleep(min(pause, left))
            pause = min(interval, pause * 2)


def quietly(session: Session, *queries: Query | str) -> list[list[dict[str, Any]]]:
    """Rows of reads that may fail for a reason: a server without a local store has nothing to tell, and that is known.

    In a real run only the queries marked partial may fail; in check mode all, because what they need may be planned."""
    asked = [Query(one) if isinstance(one, str) else one for one in queries]
    if session.check:
        asked = [replace(one, partial=True) for one in asked]
    said = list(session.warnings)
    rows = session.read(*asked)
    session.warnings[:] = said
    return rows


def failed(change: Change, outcome: Mapping[str, Any], host: str) -> MigrationError:
    """The error of a change that was not ok: which object, what was wanted, what the server said, what to do."""
    errors: Sequence[RemoteError] = tuple(outcome["errors"])
    name = change.call.name if isinstance(change.call, Cmdlet) else str(summary(change.call)["cmdlet"])
    if errors:
        said = "; ".join(one.shown() for one in errors[:3])
    elif not outcome.get("ran"):
        said = "it was not called, because a call before it had failed"
    else:
        said = f"it ended with exit code {outcome.get('exit')}"
    return CmdletFailed(
        f"{change.object}: {name} on {host} did not succeed: {clean(said)}. See what the server says, and run the task again: "
        "it reads the present state first.",
        tuple(errors),
        summary(change.call),
    )


def session_of(context: Context, host: str | None = None) -> Session:
    """The session of a host of this run. In check mode a host that is only a name gets one that finds nothing there."""
    host = host or context.host
    path = context.sockets.get(host)
    if path is not None:
        return Session(SocketTransport(path), context)
    from .performer import NoShell, make_performer

    return Session(DirectTransport(make_performer(NoShell(host), context)), context)
