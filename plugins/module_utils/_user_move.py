# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moving users: who is to be moved, who cannot, and one journalled call for each.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ._calls import Change, Cmdlet, Effect, Query
from ._collections import ORGANISATION
from ._errors import InvalidInput, NotReady
from ._module import Report, Task
from ._users import (
    PROPERTIES,
    UsersLeft,
    address,
    check_fqdns,
    checked_fqdn,
    homes,
    immovable,
    left_out,
    many,
    name,
    named,
    read_parameters,
    reasons,
    refused,
    registrar,
)

Row = Mapping[str, Any]


def run(task: Task) -> Report:
    target = checked_fqdn("target_pool", task.params["target_pool"])
    check_fqdns(task.params, "branch_pools")
    pools = [target, *(checked_fqdn("target_pools", pool) for pool in task.params["target_pools"] or ())]
    rows, registrars = task.session.read(_users(task), Query("registrar"))
    asked, branches = task.params["users"], task.params["branch_pools"]
    chosen = named(rows, asked) if asked is not None else rows
    found = homes(chosen, pools, branches)
    if asked is not None:
        _refuse_unmovable(chosen, target, pools, branches)
    movable = [row for row in found.elsewhere if immovable(row, target) is None]
    left = [left_out(row, reason) for row in found.elsewhere if (reason := immovable(row, target))]
    if movable:
        _see_target(target, registrars)
    left += _move(task, movable, target)
    if movable and not task.check_mode:
        left += _not_there(task, _without(movable, left), target)
    moved = _without(movable, left)
    if left:
        raise _users_left(task, target, left, moved)
    return Report(
        changed=bool(moved),
        value={"moved": [name(row) for row in moved], "already_moved": len(found.here)},
        before={name(row): registrar(row) for row in moved},
        after={name(row): target for row in moved},
    )


def _users(task: Task) -> Query:
    return Query("user", parameters=read_parameters(task.params), properties=PROPERTIES)


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


def change_of(row: Row, target: str, params: Mapping[str, Any]) -> Change:
    """The move of one user, with the way back to where the user comes from."""
    source = str(row["RegistrarPool"])
    parameters: dict[str, Any] = {"Identity": address(row), "Target": target, "Confirm": False}
    if params["move_conference_data"]:
        parameters["MoveConferenceData"] = True
    return Change(
        Cmdlet("Move-CsUser", {**parameters, **read_parameters(params)}),
        object=f"user {name(row)}",
        effects=(Effect("user", ORGANISATION, address(row), {"RegistrarPool": target}),),
        before={"RegistrarPool": source, "Guid": row.get("Guid"), "Pilot": params["pilot"]},
        undo=(Cmdlet("Move-CsUser", {"Identity": address(row), "Target": source, "Confirm": False}),),
    )


def _move(task: Task, users: Sequence[Row], target: str) -> list[dict[str, str]]:
    """Move in requests of a bounded length; one user's failure does not hide the others."""
    failed: list[dict[str, str]] = []
    size = max(1, task.params["batch_size"])
    for start in range(0, len(users), size):
        batch = users[start : start + size]
        changes = [change_of(row, target, task.params) for row in batch]
        for row, outcome in zip(batch, task.session.change(*changes, tolerate=True), strict=True):
            if not outcome["ok"]:
                failed.append(left_out(row, refused("Move-CsUser", outcome)))
    return failed


def _not_there(task: Task, moved: Sequence[Row], target: str) -> list[dict[str, str]]:
    """The object that was selected, by its GUID, is the one that is on the target pool now."""
    now = {str(row.get("Guid")): registrar(row) for row in task.session.read(_users(task))[0]}
    return [
        left_out(
            row,
            f"is on {now.get(str(row.get('Guid'))) or 'no pool'}, though Move-CsUser reported success (Active Directory may "
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
