# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the laws may know: the evidence in journal and plan, how fresh it is, and the inventory's groups.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from .calls import Change
from .journal import JOURNAL, PLAN, Journal, Ledger, Seen, touches

MAXIMUM_AGE = timedelta(hours=24)

FRESH, STALE, OLD, MISSING = "fresh", "stale", "old", "missing"


@lru_cache(maxsize=1024)
def _what(touched: tuple[str, ...]) -> frozenset[str]:
    """The collections and cmdlets, whoever's rows they are."""
    return frozenset(one.partition("@")[0] for one in touched)


@dataclass(frozen=True)
class Finding:
    """Evidence of one fact and member, judged: stale = something it depends on was changed since."""

    status: str
    value: Any = None
    at: datetime | None = None
    digest: str = ""


class Facts:
    """Reads the journal's ledger, and in check mode the plan's before it."""

    def __init__(self, journal: Journal, groups: Mapping[str, Iterable[str]], *, check: bool) -> None:
        self.journal, self.check = journal, check
        self.groups = groups
        self._real = Ledger(journal.directory, JOURNAL)
        self._planned = Ledger(journal.run_directory, PLAN) if check else None
        self._expected: set[str] = set()
        self._known: dict[tuple[str, str, tuple[str, ...]], Finding] = {}
        self._answers: dict[Hashable, bool] = {}

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.journal.clock(), UTC)

    def refresh(self) -> None:
        self._expected = set()
        self._forget()
        self._real.refresh()
        if self._planned is not None:
            self._planned.refresh()

    @property
    def groups(self) -> dict[str, tuple[str, ...]]:
        return self._groups

    @groups.setter
    def groups(self, groups: Mapping[str, Iterable[str]]) -> None:
        self._groups = {name: tuple(members) for name, members in groups.items()}
        self._members: dict[tuple[str, ...], tuple[str, ...]] = {}

    def members(self, *groups: str) -> tuple[str, ...]:
        known = self._members.get(groups)
        if known is None:
            known = tuple(dict.fromkeys(name for group in groups for name in self._groups.get(group, ())))
            self._members[groups] = known
        return known

    def expect(self, change: Change) -> None:
        """A change that is about to be made, and so is in no file yet."""
        new = _what(touches(change)) - self._expected
        if new:
            self._expected |= new
            self._forget()

    def once(self, asked: Hashable, find: Callable[[], bool]) -> bool:
        """The answer to a question about the facts, as long as they are the same: of the changes of a request most have it."""
        if asked not in self._answers:
            self._answers[asked] = find()
        return self._answers[asked]

    def _forget(self) -> None:
        self._known.clear()
        self._answers.clear()

    def finding(self, fact: str, member: str, touched: Iterable[str] = ()) -> Finding:
        """`touched`: the collections and cmdlets whose change makes the evidence stale, as the ledger names them."""
        touched = tuple(touched)
        asked = (fact, member, touched)
        if asked not in self._known:  # of many changes in one request, each needs the same
            self._known[asked] = self._found(fact, member, touched)
        return self._known[asked]

    def _found(self, fact: str, member: str, touched: tuple[str, ...]) -> Finding:
        name = (fact, member.casefold())
        if self._expected & {one.partition("@")[0] for one in touched}:
            return Finding(STALE)
        if self._planned is not None:
            changed, seen = self._planned.last_change(touched), self._planned.seen.get(name)
            if seen is not None or changed:
                return self._judged(seen or self._real.seen.get(name), changed if seen else changed + 1, bool(seen))
        seen = self._real.seen.get(name)
        return self._judged(seen, self._real.last_change(touched), True)

    def _judged(self, seen: Seen | None, changed: int, comparable: bool) -> Finding:
        if seen is None:
            return Finding(MISSING)
        value, at, digest = seen.evidence.value, seen.at, seen.evidence.digest
        if not comparable or seen.position < changed:
            return Finding(STALE, value, at, digest)
        if self.now - at > MAXIMUM_AGE:
            return Finding(OLD, value, at, digest)
        return Finding(FRESH, value, at, digest)
