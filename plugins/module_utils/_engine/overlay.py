# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The overlay: what the organisation would look like after the changes planned so far in this dry run.

The plan file is the overlay; every performer of the run follows it, so the changes that one host's tasks plan are
seen by the next host's. Rows of a collection are merged here and filtered in Python.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .calls import Effect, Query, effect_from_json
from .collections import (
    COLLECTIONS,
    ORGANISATION,
    SUFFIX,
    TCPIP,
    collection,
    key,
    properties_of,
    row_identity,
    scope_of,
)
from .files import Follower, parse
from .journal import PLAN, Journal


@dataclass
class _Patch:
    """What became of one row. `whole`: the row as it was before does not shine through."""

    identity: str
    whole: bool = False
    gone: bool = False
    properties: dict[str, Any] = field(default_factory=dict)


class Overlay:
    def __init__(self, journal: Journal | None = None) -> None:
        self._patches: dict[tuple[str, str], dict[str, _Patch]] = {}
        self._names: dict[str, str] = {}
        self._follower = Follower(journal.run_directory, PLAN) if journal else None

    def refresh(self) -> None:
        """Take in what was planned since, by whomever."""
        if self._follower is None:
            return
        for line in self._follower.lines():
            if self._follower.restarted:
                self._follower.restarted = False
                self._patches, self._names = {}, {}
            entry = parse(line)
            if entry is not None and entry["kind"] == "intent":
                for effect in entry.get("effects") or ():
                    self.apply(effect_from_json(effect))

    def apply(self, effect: Effect) -> None:
        patches = self._patches.setdefault((effect.collection, effect.scope.casefold()), {})
        patch = patches.setdefault(key(effect.identity), _Patch(effect.identity))
        if effect.properties is None:
            patches[key(effect.identity)] = _Patch(effect.identity, whole=True, gone=True)
            return
        patch.gone = False
        patch.properties.update(effect.properties)
        self._replicate(effect)
        self._rename(effect)

    def _rename(self, effect: Effect) -> None:
        """A computer whose restart is planned comes back with the primary DNS suffix that is planned for it."""
        suffix = (effect.properties or {}).get(SUFFIX)
        if effect.collection != "registry" or key(effect.identity) != key(TCPIP) or not isinstance(suffix, str):
            return
        old = effect.scope.casefold()
        new = f"{old.partition('.')[0]}.{suffix}".strip(".").casefold()
        if new == old:
            return
        self._names[old] = new
        for name, scope in [one for one in self._patches if one[1] == old]:
            self._patches.setdefault((name, new), {}).update(self._patches.pop((name, scope)))

    def scope(self, host: str) -> str:
        """What a host calls itself after what was planned for it."""
        return self._names.get(host.casefold(), host)

    def _replicate(self, effect: Effect) -> None:
        """What is planned for the original after something was planned for a copy arrives in the copy as well."""
        copies = [name for name, table in COLLECTIONS.items() if table.replica_of == effect.collection]
        for (name, _scope), patches in self._patches.items():
            patch = patches.get(key(effect.identity)) if name in copies else None
            if patch is not None:
                for one in effect.properties or ():
                    patch.properties.pop(one, None)

    def rows(self, query: Query, host: str, base: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The server's rows with what was planned for them, or for what they copy, as a session of this host reads it."""
        table = collection(query.collection)
        rows = [(row_identity(query, one), dict(one)) for one in base]
        if table.replica_of:
            rows = self._merged(query, rows, self._patches.get((table.replica_of, ORGANISATION), {}))
        rows = self._merged(query, rows, self._patches.get((table.name, scope_of(table.name, host).casefold()), {}))
        return chosen(query, rows)

    def pages(self, query: Query, host: str) -> Pages:
        """The same for rows that come page by page."""
        scope = scope_of(query.collection, host).casefold()
        return Pages(self, query, self._patches.get((query.collection, scope), {}))

    def _merged(
        self, query: Query, rows: list[tuple[str, dict[str, Any]]], patches: Mapping[str, _Patch]
    ) -> list[tuple[str, dict[str, Any]]]:
        met: set[str] = set()
        return [*self._patched(query, rows, patches, met), *self._planned(query, patches, met)]

    def _patched(
        self, query: Query, rows: list[tuple[str, dict[str, Any]]], patches: Mapping[str, _Patch], met: set[str]
    ) -> list[tuple[str, dict[str, Any]]]:
        """The server's rows; those that are planned to be otherwise are `met`."""
        if not patches:
            return rows
        wanted = properties_of(query)
        merged = []
        for identity, row in rows:
            patch = patches.get(key(identity))
            if patch is None:
                merged.append((identity, row))
            elif not patch.whole:
                met.add(key(identity))
                merged.append((identity, {**row, **{n: v for n, v in patch.properties.items() if n in wanted}}))
        return merged

    def _planned(
        self, query: Query, patches: Mapping[str, _Patch], met: set[str]
    ) -> list[tuple[str, dict[str, Any]]]:
        """Rows that the server does not have yet."""
        wanted = properties_of(query)
        return [
            (patch.identity, self._new_row(query, patch, wanted))
            for name, patch in patches.items()
            if not patch.gone and name not in met
        ]

    def _new_row(self, query: Query, patch: _Patch, wanted: Iterable[str]) -> dict[str, Any]:
        row = {name: patch.properties.get(name) for name in wanted}
        table = collection(query.collection)
        if table.constant is None:
            row[table.identity] = patch.properties.get(table.identity, patch.identity)
        return row


class Pages:
    """One reading of a collection, page by page, with what was planned for it."""

    def __init__(self, overlay: Overlay, query: Query, patches: Mapping[str, _Patch]) -> None:
        self._overlay, self._query, self._patches = overlay, query, patches
        self._met: set[str] = set()

    def page(self, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        known = [(row_identity(self._query, one), one) for one in rows]
        return [row for _identity, row in self._overlay._patched(self._query, known, self._patches, self._met)]

    def rest(self) -> list[dict[str, Any]]:
        return [row for _identity, row in self._overlay._planned(self._query, self._patches, self._met)]


def chosen(query: Query, rows: Iterable[tuple[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    """The rows that a query means: a server's filter may have narrowed, this decides."""
    return [row for identity, row in rows if query.identity is None or key(identity) == key(query.identity)]
