# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moving users: who is to be moved, who cannot, and one journalled call for each.

A user of Office Communications Server has a home server and no registrar pool, and is moved with Move-CsLegacyUser. Its
documented examples pipe users into it, and it is documented to take no input: so it is called for each by identity.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._engine.calls import Change, Cmdlet, Effect, Irreversible, Query, Undo
from .._engine.collections import ORGANISATION
from .._engine.errors import InvalidInput, NotReady
from .._engine.module import Report, Task
from .._engine.user_moves import WITHOUT_XMPP
from .._servers.store_location import read_estate, unseen
from . import caught as _caught
from . import force as _force
from . import movers as _user_movers
from . import unseen as _user_move_unseen
from . import xmpp_needs as _xmpp_needs
from .listing import CONTROLLER, Controllers, read_users
from .moving import POLICIES, UNKNOWN_PARAMETER, unknown_parameter
from .reading import (
    ELSEWHERE,
    HERE,
    NAMES,
    PROPERTIES,
    UsersLeft,
    address,
    check_fqdns,
    checked_fqdn,
    from_ocs,
    home,
    immovable,
    left_out,
    many,
    name,
    named,
    ocs_pool,
    place,
    read_parameters,
    reasons,
    refused,
    registrar,
)
from .reasons import KINDS, Addresses
from .selection import NARROWED, Partition, Selection

Row = Mapping[str, Any]

MOST_NAMED = 1000
"""Users and calls that a result lists: the journal, and the file of a task with movers, have all."""
READ_BACK = ("SipAddress", "Guid", "RegistrarPool")


def run(task: Task) -> Report:
    check_fqdns(task.params, "target_pools", "branch_pools")
    wish = wish_of(task)
    declared = _xmpp_needs.Declaration.of(task.params)
    _user_movers.check(task.params, task.context)
    entries = _caught.settled(task)
    if wish.by_source:
        wish.legacy_pools = _pools(task)
    found = read_users(task.session, _query(task, wish), lambda: Found(wish))
    if unseen(task.session, found.some):
        return _user_move_unseen.move(task, wish.partition.last)
    found.settle()
    if task.params["domain_controller"] is None:
        task.params["domain_controller"] = found.controllers.one
    movable, left = _sorted_out(found.elsewhere, wish, found.addresses.twice)
    if movable:
        _see_targets(task, movable, wish)
    held = _held(task, movable, wish, declared)
    movable, left = held.movable, left + held.left
    wish.force = _force.prepare(task, movable)
    caught = _caught.explain(task, entries, movable)
    if movable and not task.check_mode and _user_movers.asked_for(task.params):
        return _moved_by_movers(task, movable, left, wish, found.here, caught)
    left += _rescued(task, movable, _move(task, movable, wish), wish)[1]
    if movable and not task.check_mode:
        left += _not_there(task, _without(movable, left), wish)
    moved = _without(movable, left)
    if left:
        raise _users_left(task, wish, left, moved)
    before, after = _difference(moved, wish, "the plan" if task.check_mode else "the journal")
    return Report(
        changed=bool(moved),
        value={
            "moved": [name(row) for row in moved[:MOST_NAMED]],
            "moved_count": len(moved),
            "already_moved": found.here,
            **wish.stays,
            **wish.force.result,
            "caught": caught,
        },
        before=before,
        after=after,
    )


def _rescued(
    task: Task, users: Sequence[Row], failed: list[dict[str, str]], wish: Wish
) -> tuple[list[Row], list[dict[str, str]]]:
    """Those who were refused and may be forced."""
    return _force.rescue(task, wish.force, users, failed, lambda row: _change(row, task, wish))


# --- who is meant


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


def _query(task: Task, wish: Wish) -> Query:
    names = dict.fromkeys((*PROPERTIES, *NAMES, *POLICIES, CONTROLLER))
    everybody = {*(wish.users or ()), *wish.first} if wish.users is not None else None
    narrow = wish.selection if wish.users is not None or not wish.first else Selection()
    parameters = {**read_parameters(task.params), **narrow.parameters(everybody and sorted(everybody))}
    return Query("user", parameters=parameters, properties=tuple(names))


def _sorted_out(rows: Sequence[Row], wish: Wish, twice: Collection[str]) -> tuple[list[Row], list[dict[str, str]]]:
    movable, left = [], []
    for row in rows:
        reason = KINDS["duplicate_sip"].says if address(row) in twice else immovable(row, wish.target(row))
        if reason:
            left.append(left_out(row, reason))
        else:
            movable.append(row)
    return movable, left


def _without(rows: Sequence[Row], left: Sequence[Mapping[str, str]]) -> list[Row]:
    names = {one["user"] for one in left}
    return [row for row in rows if name(row) not in names]


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


def _see_targets(task: Task, users: Sequence[Row], wish: Wish) -> None:
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


def _held(task: Task, users: Sequence[Row], wish: Wish, declared: _xmpp_needs.Declaration) -> _xmpp_needs.Held:
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


def mover(row: Row) -> str:
    """The cmdlet that moves this user."""
    return "Move-CsLegacyUser" if from_ocs(row) else "Move-CsUser"


def _change(row: Row, task: Task, wish: Wish) -> Change:
    return change_of(row, wish.target(row), task.params, wish.legacy_pools, wish.told(row))


def change_of(
    row: Row,
    target: str,
    params: Mapping[str, Any],
    legacy_pools: Sequence[Row] = (),
    told: Mapping[str, Any] | None = None,
) -> Change:
    """The move of one user, with the way back to where the user comes from. `told` is what the laws want to know."""
    parameters: dict[str, Any] = {"Identity": address(row), "Target": target, "Confirm": False}
    if params["move_conference_data"] and not from_ocs(row):
        parameters["MoveConferenceData"] = True
    before = {"RegistrarPool": row.get("RegistrarPool"), "Guid": row.get("Guid"), "Pilot": params["pilot"]}
    if from_ocs(row):
        before["HomeServer"] = row.get("HomeServer")
    before.update({one: row[one] for one in POLICIES if row.get(one)})
    before.update(told or {})
    return Change(
        Cmdlet(mover(row), {**parameters, **read_parameters(params)}),
        object=f"user {name(row)}",
        effects=(Effect("user", ORGANISATION, address(row), {"RegistrarPool": target}),),
        before=before,
        undo=_way_back(row, legacy_pools),
    )


def _way_back(row: Row, legacy_pools: Sequence[Row]) -> Undo:
    """Move-CsUser moves back to Office Communications Server too, where the pool can be named."""
    source = ocs_pool(row, legacy_pools) if from_ocs(row) else str(row["RegistrarPool"])
    if source is None:
        return Irreversible(
            f"The user was homed on {row.get('HomeServer')}, which is no pool of the merged topology: move the user back "
            "with Move-CsUser, naming the pool of Office Communications Server."
        )
    return (Cmdlet("Move-CsUser", {"Identity": address(row), "Target": source, "Confirm": False}),)


_POOLS = Query("pool", properties=("Identity", "Fqdn", "Site"))


def _pools(task: Task) -> list[Row]:
    return list(read_estate(task.session, _POOLS)[0])


def _move(task: Task, users: Sequence[Row], wish: Wish) -> list[dict[str, str]]:
    """Move in requests of a bounded length; one user's failure does not hide the others."""
    failed: list[dict[str, str]] = []
    size = max(1, task.params["batch_size"])
    for start in range(0, len(users), size):
        if (stopped := _user_movers.stopped(task)) is not None:
            return failed + [left_out(row, f"was not begun: {stopped}") for row in users[start:]]
        batch = users[start : start + size]
        changes = [_change(row, task, wish) for row in batch]
        for row, outcome in zip(batch, task.session.change(*changes, tolerate=True), strict=True):
            if not outcome["ok"]:
                if outcome["errors"] and outcome["errors"][0].name == UNKNOWN_PARAMETER:
                    raise unknown_parameter(outcome["errors"][0].shown())
                failed.append(left_out(row, refused(mover(row), outcome)))
        del task.session.calls[MOST_NAMED:]
    return failed


def _moved_by_movers(
    task: Task, users: Sequence[Row], left: list[dict[str, str]], wish: Wish, here: int, caught: list[dict[str, str]]
) -> Report:
    """Several at once, in waves, within hours: what a task of many users wants. Its result shows some, the file has all."""
    ended = _user_movers.move(task, users, wish.target, lambda row: _change(row, task, wish))
    failed = [left_out(row, _user_movers.reason(verdict, mover(row))) for row, verdict in ended.failed]
    rescued, failed = _rescued(task, users, failed, wish) if ended.error is None else ([], failed)
    left += failed
    moved = [*ended.moved, *rescued]
    if moved:
        away = _not_there(task, moved, wish)
        moved, left = _without(moved, away), left + away
    because = "was not begun" + (f": {ended.stopped}" if ended.stopped else "")
    more = len(ended.left)
    left += [left_out(row, because) for row in ended.left[:MOST_NAMED]]
    more -= min(more, MOST_NAMED)
    if left:
        task.warn(f"A row for each user is in {ended.rows}.")
    if ended.error is not None:
        raise _user_movers.told(ended.error, len(moved), len(ended.left), ended.rows)
    if left:
        raise _users_left(task, wish, left, moved, more)
    before, after = _difference(moved, wish, ended.rows)
    return Report(
        changed=bool(moved),
        value={
            "moved": [name(row) for row in moved[:MOST_NAMED]],
            "moved_count": len(moved),
            "already_moved": here,
            **wish.stays,
            **wish.force.result,
            "caught": caught,
            "movers": ended.movers,
            "retried": ended.retried,
            "rows": ended.rows,
        },
        before=before,
        after=after,
    )


def _difference(moved: Sequence[Row], wish: Wish, where: str) -> tuple[dict[str, str], dict[str, str]]:
    """What --diff shows: some, and where the others stand."""
    shown, more = moved[: _user_movers.SHOWN], len(moved) - _user_movers.SHOWN
    before = {name(row): home(row) for row in shown}
    after = {name(row): wish.target(row) for row in shown}
    return before, {**after, **({f"and {many(more)} more": f"see {where}"} if more > 0 else {})}


def _not_there(task: Task, moved: Sequence[Row], wish: Wish) -> list[dict[str, str]]:
    """The object that was selected, by its GUID, is the one that is on its target pool now."""
    addresses = [address(row) for row in moved]
    narrow = Selection(addresses=frozenset(addresses)).parameters() if len(addresses) <= NARROWED else {}
    query = Query("user", parameters={**read_parameters(task.params), **narrow}, properties=READ_BACK)
    away = read_users(task.session, query, lambda: Away(moved, wish)).away
    return [
        left_out(
            row,
            f"is on {where or 'no pool'}, though {mover(row)} reported success (Active Directory may "
            "not have replicated: name one domain controller with domain_controller)",
        )
        for row, where in away.values()
    ]


class Away:
    """Those who were moved, until they are seen where they were moved to."""

    def __init__(self, moved: Sequence[Row], wish: Wish) -> None:
        self.away: dict[str, tuple[Row, str]] = {str(row.get("Guid")): (row, "") for row in moved}
        self._wish = wish

    def take(self, row: Row) -> None:
        known = self.away.get(guid := str(row.get("Guid")))
        if known is None:
            return
        where = registrar(row)
        if where == self._wish.target(known[0]):
            del self.away[guid]
        else:
            self.away[guid] = known[0], where


def _users_left(
    task: Task, wish: Wish, left: Sequence[Mapping[str, str]], moved: Sequence[Row], more: int = 0
) -> UsersLeft:
    """`more` are left beside those who are listed."""
    how = ("cannot", "can") if task.check_mode else ("could not", "could")
    return UsersLeft(
        f"{many(len(left) + more)} {how[0]} be moved to {' or '.join(wish.partition.pools)}, {len(moved)} {how[1]}: "
        f"{reasons(left)}. Mend what is said of each, then run this again: it goes on with those that are left.",
        left[:MOST_NAMED],
        [name(row) for row in moved[:MOST_NAMED]],
    )
