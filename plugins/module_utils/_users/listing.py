# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading all users, of whom there may be a hundred thousand: page by page, each a small row, kept only where wanted.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Protocol, TypeVar

from .._engine.calls import Query, value_from_json
from .._engine.collections import properties_of
from .._engine.errors import CmdletFailed
from .._engine.session import Session
from .._servers.store_location import has_store

CONTROLLER = "OriginatingServer"
"""The property that names the domain controller which answered [inf: Microsoft's page only lists it]."""
_OWN = frozenset({"Identity", "Guid", "SipAddress", "DisplayName", "Name", "FirstName", "LastName"})
"""Properties whose values few users have in common; of all others one copy is kept."""


class UserRow(Mapping[str, Any]):
    """The properties of one user, in a tenth of a dictionary's memory: their names are kept once for all."""

    __slots__ = ("_index", "_values")

    def __init__(self, index: Mapping[str, int], values: tuple[Any, ...]) -> None:
        self._index, self._values = index, values

    def __getitem__(self, key: str) -> Any:
        return self._values[self._index[key]]

    def get(self, key: str, default: Any = None) -> Any:
        at = self._index.get(key)
        return default if at is None else self._values[at]

    def __iter__(self) -> Iterator[str]:
        return iter(self._index)

    def __len__(self) -> int:
        return len(self._index)


def users(session: Session, query: Query) -> Iterator[UserRow]:
    """Each user, as the pages come. What came before an error is no answer."""
    names = properties_of(query)
    index = {name: at for at, name in enumerate(names)}
    shared = [at for at, name in enumerate(names) if name not in _OWN]
    known: dict[Any, Any] = {}
    for page in session.pages(query):
        for values in page:
            for at in shared:
                value = values[at]
                if isinstance(value, str):
                    values[at] = known.setdefault(value, value)
            if session.check:  # what is planned may hold what JSON has no form for
                values = [value_from_json(one) for one in values]
            yield UserRow(index, tuple(values))


class Taker(Protocol):
    def take(self, row: Mapping[str, Any]) -> None: ...


T = TypeVar("T", bound=Taker)


def read_users(session: Session, query: Query, make: Callable[[], T]) -> T:
    """Hand every user to a taker. A dry run may come before there is a store to ask: then what is planned is all there is."""
    try:
        return _taken(session, query, make())
    except CmdletFailed:
        if not session.check or has_store(session):
            raise
    said = list(session.warnings)
    taker = _taken(session, replace(query, partial=True), make())
    session.warnings[:] = said
    return taker


def _taken(session: Session, query: Query, taker: T) -> T:
    for row in users(session, query):
        taker.take(row)
    return taker


class Controllers:
    """Which domain controller answered, and whether it is that of all users: then the moves and the reading after them
    are to be its own too, and no replication is waited for."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._foreign = False

    def take(self, row: Mapping[str, Any]) -> None:
        name = row.get(CONTROLLER)
        if not isinstance(name, str) or not name:
            self._foreign = True
            return
        if name not in self._seen:
            self._seen.add(name)
        suffix = "".join(f",dc={part}" for part in name.lower().split(".")[1:])
        identity = str(row.get("Identity")).lower()
        self._foreign = self._foreign or not suffix or identity[identity.find(",dc=") :] != suffix

    @property
    def one(self) -> str | None:
        return next(iter(self._seen)).lower() if len(self._seen) == 1 and not self._foreign else None
