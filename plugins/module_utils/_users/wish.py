# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is to be moved where: what the options say, who of the users is meant by it, and who stays.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._engine.calls import Query
from .._engine.errors import InvalidInput, NotReady
from .._engine.module import Task
from .._engine.user_moves import WITHOUT_XMPP
from .._servers.store_location import read_estate
from . import force as _force
from . import xmpp_needs as _xmpp_needs
from .listing import CONTROLLER, Controllers
from .moving import POLICIES
from .reading import (
    ELSEWHERE,
    HERE,
    NAMES,
    PROPERTIES,
    address,
    checked_fqdn,
    from_ocs,
    immovable,
    left_out,
    many,
    named,
    place,
    read_parameters,
    reasons,
    registrar,
)
from .reasons import KINDS, Addresses
from .selection import Partition, Selection

Row = Mapping[str, Any]

MOST_NAMED = 1000
"""Users and calls that a result lists: the journal, and the file of a task with movers, have all."""


@dataclass
class Wish:
    """What the options say: who is meant, where each of them goes, who is there already or stays."""

    selection: Selection
    partition: Partition
    pools: tuple[str, ...]
    branch_pools: tuple[str, ...]
    users: tuple[str, ...] | None
    first: tuple[str, ...]
    legacy_pools: Sequence[Row] = ()
    force: _force.Force = field(default_factory=_force.Force)
    versions: Mapping[str, int | None] = field(default_factory=dict)
    judge: _xmpp_needs.Judge | None = None
    """Where a pool without XMPP is among the targets."""
    stays: dict[str, Any] = field(default_factory=dict)

    def told(self, row: Row) -> dict[str, Any]:
        """What the laws want to know of a move, beside what it is."""
        if self.judge is not None:
            return self.judge.told(row, self.target(row))
        return _xmpp_needs.moved_between(self.versions, registrar(row), self.target(row))

    @property
    def by_source(self) -> bool:
        return bool(self.selection.pools) or self.partition.by_source

    def target(self, row: Row) -> str:
        return self.partition.pool(row, self.legacy_pools)


def wish_of(task: Task) -> Wish:
    params = task.params
    last = checked_fqdn("target_pool", params["target_pool"])
    partition = Partition.of(params.get("targets") or (), last)
    pools = [*partition.pools, *(pool.lower() for pool in params["target_pools"] or ())]
    asked = params["users"]
    return Wish(
        Selection.of(params),
        partition,
        tuple(dict.fromkeys(pools)),
        tuple(pool.lower() for pool in params["branch_pools"]),
        None if asked is None else tuple(asked),
        tuple(params["first_users"]),
    )


class Found:
    """The users as they come. Kept are those who are to be moved, and those who are named; of the others the number."""

    def __init__(self, wish: Wish) -> None:
        self._wish = wish
        self.elsewhere: list[Row] = []
        self.here = 0
        self.some: list[Row] = []
        self.controllers = Controllers()
        self.addresses = Addresses()
        named_ones = wish.selection.addresses if wish.users is None else wish.users
        self._named = {one.lower() for one in (*(named_ones or ()), *wish.first)}
        self._kept: dict[str, list[Row]] = {}

    def take(self, row: Row) -> None:
        wish = self._wish
        if not self.some and row.get("Enabled") is not None:
            self.some.append(row)
        self.controllers.take(row)
        self.addresses.take(row)
        if self._named and (own := address(row)) in self._named:
            self._kept.setdefault(own, []).append(row)
        if wish.users is None and wish.selection.has(row, wish.legacy_pools):
            self._sort(row)

    def _sort(self, row: Row) -> None:
        where = place(row, self._wish.pools, self._wish.branch_pools)
        if where == HERE:
            self.here += 1
        elif where == ELSEWHERE:
            self.elsewhere.append(row)

    def settle(self) -> None:
        """All have come: whoever is named is there, once, and can be moved where nobody else may be in his stead."""
        wish = self._wish
        rows = [row for same in self._kept.values() for row in same]
        if wish.users is not None:
            chosen = named(rows, wish.users)
            for row in chosen:
                self._sort(row)
            _refuse_unmovable(chosen, wish)
        elif wish.selection.addresses is not None:
            named(rows, sorted(wish.selection.addresses))
        named(rows, wish.first)  # one who is not there is a mistake, one who was moved is not


def query_of(task: Task, wish: Wish) -> Query:
    names = dict.fromkeys((*PROPERTIES, *NAMES, *POLICIES, CONTROLLER))
    everybody = {*(wish.users or ()), *wish.first} if wish.users is not None else None
    narrow = wish.selection if wish.users is not None or not wish.first else Selection()
    parameters = {**read_parameters(task.params), **narrow.parameters(everybody and sorted(everybody))}
    return Query("user", parameters=parameters, properties=tuple(names))


def sorted_out(rows: Sequence[Row], wish: Wish, twice: Collection[str]) -> tuple[list[Row], list[dict[str, str]]]:
    movable, left = [], []
    for row in rows:
        reason = KINDS["duplicate_sip"].says if address(row) in twice else immovable(row, wish.target(row))
        if reason:
            left.append(left_out(row, reason))
        else:
            movable.append(row)
    return movable, left


def _refuse_unmovable(chosen: Sequence[Row], wish: Wish) -> None:
    """A user who was asked for by name and cannot be moved ends the task before its first move."""
    left = []
    for row in chosen:
        reason = immovable(row, wish.target(row))
        if reason is None and registrar(row) in wish.branch_pools:
            reason = f"is homed on {registrar(row)}, which is one of branch_pools, whose users stay"
        if reason and registrar(row) not in wish.pools:
            left.append(left_out(row, reason))
    if left:
        raise InvalidInput(f"These users cannot be moved: {reasons(left)}. Nothing was changed.")


def see_targets(task: Task, users: Sequence[Row], wish: Wish) -> None:
    """A wrong name would fail once for each user. The pools that HomeServer may mean are asked for only where somebody is
    moved from Office Communications Server."""
    ocs = any(from_ocs(row) for row in users) and not wish.legacy_pools
    registrars, *pools = read_estate(task.session, Query("registrar"), *((_POOLS,) if ocs else ()))
    if pools:
        wish.legacy_pools = pools[0]
    wish.versions = _xmpp_needs.versions(registrars)
    missing = [pool for pool in wish.partition.pools if pool not in wish.versions]
    if missing:
        option = "target_pool" if missing == [wish.partition.last] else "targets"
        raise NotReady(
            f"The published topology has no Registrar on {', '.join(missing)}: deploy the pool first (pool_deploy), or correct "
            f"{option}. Nothing was changed."
        )


def held_of(task: Task, users: Sequence[Row], wish: Wish, declared: _xmpp_needs.Declaration) -> _xmpp_needs.Held:
    """Users who stay for the sake of XMPP, where a target is a pool without it (law L3)."""
    newest = [one or 0 for pool, one in wish.versions.items() if pool in wish.partition.pools]
    if max(newest, default=0) < WITHOUT_XMPP:
        return _xmpp_needs.Held(list(users))
    wish.judge = _xmpp_needs.judge_of(task.session, declared, wish.versions, read_parameters(task.params))
    held = _xmpp_needs.hold(wish.judge, users, wish.target, wish.users is not None)
    wish.stays = {
        "stays_for_xmpp": held.stays[:MOST_NAMED], "stays_count": len(held.stays), "xmpp_ends": held.ends[:MOST_NAMED],
    }  # fmt: skip
    if held.stays:
        task.warn(f"{many(len(held.stays))} stay for the sake of XMPP: {reasons(held.stays)}.")
    if held.ends:
        task.warn(f"XMPP ends for {many(len(held.ends))}, named in loses_xmpp: {', '.join(held.ends[:10])}.")
    return held


_POOLS = Query("pool", properties=("Identity", "Fqdn", "Site"))


def legacy_pools_of(task: Task) -> list[Row]:
    return list(read_estate(task.session, _POOLS)[0])
