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
from .._engine.errors import InvalidInput, NotReady
from .._engine.module import Report, Task
from .._servers.store_location import read_estate, unseen
from . import movers as _user_movers
from . import unseen as _user_move_unseen
from .moving import POLICIES
from .reading import (
    NAMES,
    PROPERTIES,
    UsersLeft,
    address,
    check_fqdns,
    checked_fqdn,
    from_ocs,
    home,
    homes,
    immovable,
    left_out,
    many,
    name,
    named,
    ocs_pool,
    read_parameters,
    reasons,
    refused,
    registrar,
)

Row = Mapping[str, Any]


def run(task: Task) -> Report:
    target = checked_fqdn("target_pool", task.params["target_pool"])
    check_fqdns(task.params, "branch_pools")
    _user_movers.check(task.params, task.context)
    pools = [target, *(checked_fqdn("target_pools", pool) for pool in task.params["target_pools"] or ())]
    rows, registrars = read_estate(task.session, _users(task), Query("registrar"))
    if unseen(task.session, rows):
        return _user_move_unseen.move(task, target)
    asked, branches = task.params["users"], task.params["branch_pools"]
    chosen = named(rows, asked) if asked is not None else rows
    named(rows, task.params["first_users"])  # one who is not there is a mistake, one who was moved is not
    found = homes(chosen, pools, branches)
    if asked is not None:
        _refuse_unmovable(chosen, target, pools, branches)
    movable = [row for row in found.elsewhere if immovable(row, target) is None]
    left = [left_out(row, reason) for row in found.elsewhere if (reason := immovable(row, target))]
    if movable:
        _see_target(target, registrars)
    if movable and not task.check_mode and _user_movers.asked_for(task.params):
        return _moved_by_movers(task, movable, left, target, len(found.here))
    left += _move(task, movable, target)
    if movable and not task.check_mode:
        left += _not_there(task, _without(movable, left), target)
    moved = _without(movable, left)
    if left:
        raise _users_left(task, target, left, moved)
    return Report(
        changed=bool(moved),
        value={"moved": [name(row) for row in moved], "already_moved": len(found.here)},
        before={name(row): home(row) for row in moved},
        after={name(row): target for row in moved},
    )


def _users(task: Task) -> Query:
    names = dict.fromkeys((*PROPERTIES, *NAMES, *POLICIES))
    return Query("user", parameters=read_parameters(task.params), properties=tuple(names))


def _without(rows: Sequence[Row], left: Sequence[Mapping[str, str]]) -> list[Row]:
    names = {one["user"] for one in left}
    return [row for row in rows if name(row) not in names]


def _refuse_unmovable(chosen: Sequence[Row], target: str, pools: Sequence[str], branches: Sequence[str]) -> None:
    """A user who was asked for by name and cannot be moved ends the task before its first move."""
    here, stay = {pool.lower() for pool in pools}, {pool.lower() for pool in branches}
    left = []
    for row in chosen:
        reason = immovable(row, target)
        if reason is None and registrar(row) in stay:
            reason = f"is homed on {registrar(row)}, which is one of branch_pools, whose users stay"
        if reason and registrar(row) not in here:
            left.append(left_out(row, reason))
    if left:
        raise InvalidInput(f"These users cannot be moved: {reasons(left)}. Nothing was changed.")


def _see_target(target: str, registrars: Sequence[Row]) -> None:
    """A wrong name would fail once for each user."""
    if target not in {str(row.get("PoolFqdn") or "").lower() for row in registrars}:
        raise NotReady(
            f"The published topology has no Registrar on {target}: deploy the pool first (pool_deploy), or correct "
            "target_pool. Nothing was changed."
        )


def mover(row: Row) -> str:
    """The cmdlet that moves this user."""
    return "Move-CsLegacyUser" if from_ocs(row) else "Move-CsUser"


def change_of(row: Row, target: str, params: Mapping[str, Any], legacy_pools: Sequence[Row] = ()) -> Change:
    """The move of one user, with the way back to where the user comes from."""
    parameters: dict[str, Any] = {"Identity": address(row), "Target": target, "Confirm": False}
    if params["move_conference_data"] and not from_ocs(row):
        parameters["MoveConferenceData"] = True
    before = {"RegistrarPool": row.get("RegistrarPool"), "Guid": row.get("Guid"), "Pilot": params["pilot"]}
    if from_ocs(row):
        before["HomeServer"] = row.get("HomeServer")
    before.update({one: row[one] for one in POLICIES if row.get(one)})
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


def _legacy_pools(task: Task, users: Sequence[Row]) -> list[Row]:
    """The pools that HomeServer may mean; asked for only where somebody is moved from Office Communications Server."""
    if not any(from_ocs(row) for row in users):
        return []
    return list(read_estate(task.session, Query("pool", properties=("Identity", "Fqdn", "Site")))[0])


def _move(task: Task, users: Sequence[Row], target: str) -> list[dict[str, str]]:
    """Move in requests of a bounded length; one user's failure does not hide the others."""
    failed: list[dict[str, str]] = []
    legacy_pools = _legacy_pools(task, users)
    size = max(1, task.params["batch_size"])
    for start in range(0, len(users), size):
        batch = users[start : start + size]
        changes = [change_of(row, target, task.params, legacy_pools) for row in batch]
        for row, outcome in zip(batch, task.session.change(*changes, tolerate=True), strict=True):
            if not outcome["ok"]:
                failed.append(left_out(row, refused(mover(row), outcome)))
    return failed


def _moved_by_movers(task: Task, users: Sequence[Row], left: list[dict[str, str]], target: str, here: int) -> Report:
    """Several at once, in waves, within hours: what a task of many users wants. Its result shows some, the file has all."""
    legacy_pools = _legacy_pools(task, users)
    ended = _user_movers.move(task, users, target, lambda row: change_of(row, target, task.params, legacy_pools))
    left += [left_out(row, _user_movers.reason(verdict, mover(row))) for row, verdict in ended.failed]
    moved = list(ended.moved)
    if moved:
        away = _not_there(task, moved, target)
        moved, left = _without(moved, away), left + away
    because = "was not begun" + (f": {ended.stopped}" if ended.stopped else "")
    left += [left_out(row, because) for row in ended.left]
    if left:
        task.warn(f"A row for each user is in {ended.rows}.")
    if ended.error is not None:
        raise _user_movers.told(ended.error, len(moved), len(ended.left), ended.rows)
    if left:
        raise _users_left(task, target, left, moved)
    shown = moved[: _user_movers.SHOWN]
    return Report(
        changed=bool(moved),
        value={
            "moved": [name(row) for row in moved],
            "already_moved": here,
            "movers": ended.movers,
            "retried": ended.retried,
            "rows": ended.rows,
        },
        before={name(row): home(row) for row in shown},
        after={name(row): target for row in shown},
    )


def _not_there(task: Task, moved: Sequence[Row], target: str) -> list[dict[str, str]]:
    """The object that was selected, by its GUID, is the one that is on the target pool now."""
    now = {str(row.get("Guid")): registrar(row) for row in task.session.read(_users(task))[0]}
    return [
        left_out(
            row,
            f"is on {now.get(str(row.get('Guid'))) or 'no pool'}, though {mover(row)} reported success (Active Directory may "
            "not have replicated: name one domain controller with domain_controller)",
        )
        for row in moved
        if now.get(str(row.get("Guid"))) != target
    ]


def _users_left(task: Task, target: str, left: Sequence[Mapping[str, str]], moved: Sequence[Row]) -> UsersLeft:
    how = ("cannot", "can") if task.check_mode else ("could not", "could")
    return UsersLeft(
        f"{many(len(left))} {how[0]} be moved to {target}, {len(moved)} {how[1]}: {reasons(left)}. Mend what is said of "
        "each, then run this again: it goes on with those that are left.",
        left,
        [name(row) for row in moved],
    )
