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

from collections.abc import Mapping, Sequence
from typing import Any

from .._engine.calls import Change, Cmdlet, Effect, Irreversible, Query, Undo
from .._engine.collections import ORGANISATION
from .._engine.module import Report, Task
from .._servers.store_location import unseen
from . import caught as _caught
from . import force as _force
from . import movers as _user_movers
from . import unseen as _user_move_unseen
from . import xmpp_needs as _xmpp_needs
from .listing import read_users
from .moving import POLICIES, UNKNOWN_PARAMETER, unknown_parameter
from .reading import (
    UsersLeft,
    address,
    check_fqdns,
    from_ocs,
    home,
    left_out,
    many,
    name,
    ocs_pool,
    read_parameters,
    reasons,
    refused,
    registrar,
)
from .selection import NARROWED, Selection
from .wish import MOST_NAMED, Found, Wish, held_of, legacy_pools_of, query_of, see_targets, sorted_out, wish_of

Row = Mapping[str, Any]

READ_BACK = ("SipAddress", "Guid", "RegistrarPool")


def run(task: Task) -> Report:
    check_fqdns(task.params, "target_pools", "branch_pools")
    wish = wish_of(task)
    declared = _xmpp_needs.Declaration.of(task.params)
    _user_movers.check(task.params, task.context)
    entries = _caught.settled(task)
    if wish.by_source:
        wish.legacy_pools = legacy_pools_of(task)
    found = read_users(task.session, query_of(task, wish), lambda: Found(wish))
    if unseen(task.session, found.some):
        return _user_move_unseen.move(task, wish.partition.last)
    found.settle()
    if task.params["domain_controller"] is None:
        task.params["domain_controller"] = found.controllers.one
    movable, left = sorted_out(found.elsewhere, wish, found.addresses.twice)
    if movable:
        see_targets(task, movable, wish)
    held = held_of(task, movable, wish, declared)
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


# --- the calls


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


def _without(rows: Sequence[Row], left: Sequence[Mapping[str, str]]) -> list[Row]:
    names = {one["user"] for one in left}
    return [row for row in rows if name(row) not in names]


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
