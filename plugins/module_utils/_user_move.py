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
from ._errors import InvalidInput, Mismatch, NotReady
from ._module import Report, Task
from ._names import fqdn
from ._users import PROPERTIES, address, homes, immovable, name, named, read_parameters, registrar

Row = Mapping[str, Any]


def run(task: Task) -> Report:
    target = _fqdn(task.params["target_pool"])
    pools = [_fqdn(pool) for pool in task.params["target_pools"] or [target]]
    rows = task.session.read(Query("user", parameters=read_parameters(task.params), properties=PROPERTIES))[0]
    asked = task.params["users"]
    chosen = named(rows, asked) if asked is not None else rows
    found = homes(chosen, pools, task.params["branch_pools"])
    if asked is not None:
        _refuse_unmovable(chosen, pools)
    left = [row for row in found.elsewhere if immovable(row) is None]
    not_moved = [{"user": name(row), "reason": reason} for row in found.elsewhere if (reason := immovable(row))]
    failed = _move(task, left, target)
    not_moved += failed
    refused = {entry["user"] for entry in failed}
    moved = [row for row in left if name(row) not in refused]
    if moved and not task.check_mode:
        _read_back(task, moved, target)
    if not_moved:
        raise NotReady(
            f"{len(not_moved)} users were not moved to {target} ({len(moved)} were): "
            + "; ".join(f"{entry['user']} {entry['reason']}" for entry in not_moved[:10])
            + (f"; and {len(not_moved) - 10} more" if len(not_moved) > 10 else "")
            + ". Mend what is said of each, then run this again: it goes on with those that are left."
        )
    return Report(
        changed=bool(moved),
        value={"moved": [name(row) for row in moved], "already_moved": len(found.here), "not_moved": not_moved},
        before={name(row): registrar(row) for row in moved},
        after={name(row): target for row in moved},
    )


def _fqdn(text: str) -> str:
    try:
        return fqdn(text)
    except ValueError as exc:
        raise InvalidInput(f"target_pool: {exc}") from exc


def _refuse_unmovable(chosen: Sequence[Row], pools: Sequence[str]) -> None:
    """A user who was asked for by name and cannot be moved ends the task before its first move."""
    here = {pool.lower() for pool in pools}
    reasons = [f"{name(row)} {reason}" for row in chosen if registrar(row) not in here and (reason := immovable(row))]
    if reasons:
        raise InvalidInput("These users cannot be moved: " + "; ".join(reasons) + ". Nothing was changed.")


def change_of(row: Row, target: str, params: Mapping[str, Any]) -> Change:
    """The move of one user, with the way back to where the user comes from."""
    source = str(row["RegistrarPool"])
    parameters: dict[str, Any] = {"Identity": address(row), "Target": target, "Confirm": False}
    if params["move_conference_data"]:
        parameters["MoveConferenceData"] = True
    if params["domain_controller"]:
        parameters["DomainController"] = params["domain_controller"]
    return Change(
        Cmdlet("Move-CsUser", parameters),
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
                ids = ", ".join(error.name for error in outcome["errors"]) or "no error was given"
                failed.append({"user": name(row), "reason": f"was refused by Move-CsUser ({ids})"})
    return failed


def _read_back(task: Task, moved: Sequence[Row], target: str) -> None:
    """The object that was selected, by its GUID, is the one that is on the target pool now."""
    rows = task.session.read(Query("user", parameters=read_parameters(task.params), properties=PROPERTIES))[0]
    now = {str(row.get("Guid")): registrar(row) for row in rows}
    wrong = [name(row) for row in moved if now.get(str(row.get("Guid"))) != target.lower()]
    if wrong:
        raise Mismatch(
            f"Move-CsUser reported success for {', '.join(wrong[:10])}, but {'they are' if len(wrong) > 1 else 'the user is'} not homed on {target}: "
            "wait for Active Directory replication, or name one domain controller with domain_controller, and run this again."
        )
