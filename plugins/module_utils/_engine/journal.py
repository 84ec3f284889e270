# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal: what was done, what would be done (the plan), how to undo it, and what was seen (evidence).

One file for real runs, `journal.ndjson`; one per dry run, `runs/<run>/plan.ndjson`. The same lines in both: an intent
before a change, its outcome after it, evidence, notes. `Ledger` keeps of either file what the laws ask for.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from .calls import (
    Change,
    Cmdlet,
    Evidence,
    clean,
    contains_unknown,
    effect_to_json,
    evidence_from_json,
    evidence_to_json,
    redact,
    undo_to_json,
    value_to_json,
)  # fmt: skip
from .context import Context
from .files import FORMAT, Follower, append_lines, checked_name, encode, line_of, parse
from .writes import named

JOURNAL = "journal.ndjson"
PLAN = "plan.ndjson"


def touches(change: Change) -> tuple[str, ...]:
    """What a change makes stale: the collections of its effects, each with whose rows they are, and its cmdlet."""
    call = change.call
    name = call.name if isinstance(call, Cmdlet) else named(call).rsplit("\\", 1)[-1]
    return _touches(name, tuple([(one.collection, one.scope) for one in change.effects]))


@lru_cache(maxsize=1024)
def _touches(name: str, rows: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*(f"{collection}@{scope}" for collection, scope in rows), name]))


@lru_cache(maxsize=1024)
def _encoded(names: tuple[str, ...]) -> str:
    return encode(clean(names))


def stamp(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="microseconds")


class Journal:
    """Writes the journal of a state directory, or the plan of one dry run in it."""

    def __init__(
        self, directory: str | Path, run: str, *, sync: bool = True, clock: Callable[[], float] = time.time
    ) -> None:
        self.directory, self.run, self.sync, self.clock = Path(directory), checked_name(run), sync, clock

    @property
    def run_directory(self) -> Path:
        return self.directory / "runs" / self.run

    @property
    def path(self) -> Path:
        return self.directory / JOURNAL

    @property
    def plan_path(self) -> Path:
        return self.run_directory / PLAN

    def _append(self, lines: Sequence[bytes], check: bool) -> None:
        if check:  # a plan that did not reach the disk is planned again
            append_lines(self.run_directory, PLAN, lines, sync=False)
        else:
            append_lines(self.directory, JOURNAL, lines, sync=self.sync)

    def intents(self, changes: Sequence[Change], context: Context, scope: str, *, check: bool) -> list[str]:
        """One line for each change about to be made or planned, on disk before anything is sent; their ids."""
        ids = _ids(len(changes))
        # What all lines of a request have in common is written as JSON once. `touches` and the host come first and in this
        # order: the ledger reads them without parsing the rest of the line.
        host = encode(clean(context.host))
        told = {name: value for name, value in context.for_journal().items() if name != "host"}
        common = {"at": stamp(self.clock()), "scope": scope, "check": check, **told}
        middle = encode(clean(common))[1:-1]
        lines = [
            f'{{"format":{FORMAT},"kind":"intent","touches":{_encoded(touches(change))},"host":{host},"id":"{one}",'
            f"{middle},{_encoded_clean(_intent(change))[1:]}\n".encode("ascii")
            for one, change in zip(ids, changes, strict=True)
        ]
        self._append(lines, check)
        return ids

    def outcomes(self, outcomes: Iterable[Mapping[str, Any]], context: Context) -> None:
        """What became of the intents, in one go."""
        at = stamp(self.clock())
        head = encode({"format": FORMAT, "kind": "outcome", "host": context.host, "at": at, "run": context.run})[:-1]
        self._append([f"{head},{_encoded_clean(dict(one))[1:]}\n".encode("ascii") for one in outcomes], False)

    def evidence(self, evidence: Iterable[Evidence], context: Context, *, check: bool) -> None:
        """What a task verified. The action plugin calls this for every module that returns evidence."""
        at = stamp(self.clock())
        head = {"format": FORMAT, "kind": "evidence"}
        tail = {"at": at, "check": check, **context.for_journal()}
        self._append([line_of({**head, **clean(evidence_to_json(one)), **tail}) for one in evidence], check)

    def note(self, text: str, context: Context, *, check: bool, **more: Any) -> None:
        tail = {"at": stamp(self.clock()), "check": check, **context.for_journal()}
        self._append([line_of({"format": FORMAT, "kind": "note", "text": clean(text), **clean(more), **tail})], check)


def _intent(change: Change) -> dict[str, Any]:
    """What is journalled of the change itself."""
    return {
        "object": change.object,
        "call": redact(change.call),
        "prepare": [redact(one) for one in change.prepare],
        "effects": [effect_to_json(one, redacted=True) for one in change.effects],
        "before": None if change.before is None else value_to_json(change.before, redacted=True),
        "undo": undo_to_json(change.undo, redacted=True),
        "conditional": change.conditional or contains_unknown(change.call),
        "override": change.override,
    }


def _ids(count: int) -> list[str]:
    """As many new names, each by itself at random, for one question to the system."""
    text = secrets.token_hex(8 * count)
    return [text[start : start + 16] for start in range(0, len(text), 16)]


def _encoded_clean(entry: dict[str, Any]) -> str:
    """As JSON, without half characters. Few entries have any, and all that could be one is written so in JSON."""
    text = encode(entry)
    return encode(clean(entry)) if "\\ud" in text else text


def entries(directory: str | Path, name: str = JOURNAL) -> Iterable[dict[str, Any]]:
    """All whole lines of a journal or plan, in order."""
    for line in Follower(directory, name).lines():
        entry = parse(line)
        if entry is not None:
            yield entry


_INTENT = re.compile(rb'\{"format":1,"kind":"intent","touches":(\[[^\]]*\]),"host":("(?:[^"\\]|\\.)*"),')
_OUTCOME = b'{"format":1,"kind":"outcome",'


@lru_cache(maxsize=1024)
def _made_stale(touched: bytes, host: bytes) -> tuple[str, ...]:
    """Names of what an intent touched, from its line: as changed by anyone, by this host, and by whose row it is."""
    names, by = [], json.loads(host).casefold()
    for touch in json.loads(touched):
        what, scope = (*touch.split("@", 1), "")[:2]
        names += [what, f"{what}@{by}", f"{what}@{scope.casefold()}"]
    return tuple(names)


@dataclass(frozen=True)
class Seen:
    """A piece of evidence where it stands in its file."""

    evidence: Evidence
    position: int
    at: datetime


@dataclass
class Ledger:
    """Of one file: the last change of each collection and cmdlet, and the last evidence of each fact and member."""

    directory: Path
    name: str
    position: int = 0
    changes: dict[str, int] = field(default_factory=dict)
    seen: dict[tuple[str, str], Seen] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._follower = Follower(self.directory, self.name)

    def refresh(self) -> None:
        for line in self._follower.lines():
            if self._follower.restarted:
                self._follower.restarted = False
                self.position, self.changes, self.seen = 0, {}, {}
            self.position += 1
            if line.startswith(_OUTCOME):
                continue
            intent = _INTENT.match(line)
            if intent:
                self.changes.update(dict.fromkeys(_made_stale(*intent.groups()), self.position))
                continue
            entry = parse(line)
            if entry is None or entry["kind"] != "evidence":
                continue
            evidence = evidence_from_json(entry)
            at = datetime.fromisoformat(entry["at"])
            self.seen[evidence.fact, evidence.member.casefold()] = Seen(evidence, self.position, at)

    def last_change(self, touched: Iterable[str]) -> int:
        return max((self.changes.get(one, 0) for one in touched), default=0)
