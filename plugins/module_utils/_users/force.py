# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last resort for a user whose move was refused: -Force, which discards what belongs to the account.

Nobody is forced who was not named, nobody before the move without it was refused in the same task, and nobody whose data was
not exported before, unless the operator has named the user a second time.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .._engine.calls import UNKNOWN, Change, Cmdlet, Irreversible, Query
from .._engine.errors import InvalidInput, Refused
from .._engine.module import Task
from .._readiness.findings import number
from .._servers.store_location import read_estate
from .._settings.names import BadName, sip_uri, windows_path
from .reading import address, from_ocs, home, left_out, name, refused, registrar

Row = Mapping[str, Any]

EXPORTS_SINCE = 6
"""Version of the services of Lync Server 2013, which has brought Export-CsUserData."""


@dataclass
class Force:
    """Who may be forced in this task, and for whom the data can be exported before."""

    asked: bool = False
    users: frozenset[str] = frozenset()
    exported: frozenset[str] = frozenset()
    directory: str = ""
    forced: list[str] = field(default_factory=list)
    exports: dict[str, str] = field(default_factory=dict)

    @property
    def result(self) -> dict[str, Any]:
        return {"forced": self.forced, "exports": self.exports} if self.asked else {}


def prepare(task: Task, movable: Sequence[Row]) -> Force:
    """What was said of forcing, held against who is to be moved, before anybody is."""
    asked = _addresses("force_users", task.params.get("force_users"))
    twice = _addresses("force_without_export", task.params.get("force_without_export"))
    directory = _directory(task.params.get("export_directory"))
    if twice - asked:
        raise InvalidInput(
            f"force_without_export names {_listed(twice - asked)}, who is not in force_users: name the user in both."
        )
    if not asked:
        return Force()
    rows = [row for row in movable if address(row) in asked]
    if not rows:
        return Force(True)
    versions = {
        str(row.get("PoolFqdn") or "").lower(): number(row.get("Version"))
        for row in read_estate(task.session, Query("registrar", properties=("PoolFqdn", "Version")))[0]
    }
    known = {address(row) for row in rows if not from_ocs(row) and (versions.get(registrar(row)) or 0) >= EXPORTS_SINCE}
    lost = [row for row in rows if address(row) not in known | twice]
    if lost:
        said = ", ".join(f"{name(row)} (on {home(row)})" for row in lost[:10])
        raise Refused(
            [
                f"Nobody is moved yet: force_users names {said}, whose data cannot be exported before a forced move, because "
                "Export-CsUserData is documented for Lync Server 2013 and later only. A move with -Force discards the user's contacts and "
                "meetings for good. Whoever may lose them is named in force_without_export too."
            ]
        )
    if known and not directory:
        raise InvalidInput(
            "export_directory is missing: users of force_users have data that is exported before they are forced. Name a folder on the "
            "server that only administrators can read."
        )
    return Force(True, frozenset(address(row) for row in rows), frozenset(known), directory)


def _directory(given: str | None) -> str:
    try:
        return "" if given is None else windows_path(given).rstrip("\\")
    except BadName as exc:
        raise InvalidInput(f"export_directory: {exc}") from exc


def _addresses(option: str, users: Sequence[str] | None) -> frozenset[str]:
    try:
        return frozenset(sip_uri(one).lower() for one in users or ())
    except BadName as exc:
        raise InvalidInput(f"{option}: {exc}") from exc


def _listed(users: frozenset[str]) -> str:
    return ", ".join(sorted(users))


Failed = list[dict[str, str]]


def rescue(
    task: Task, force: Force, movable: Sequence[Row], failed: Failed, change_of: Callable[[Row], Change]
) -> tuple[list[Row], Failed]:
    """Force those of the refused who were named; who was moved by it, and who is left now. A plan has them as what may come."""
    if not force.users:
        return [], failed
    reasons = {one["user"]: one["reason"] for one in failed}
    wanted = [row for row in movable if address(row) in force.users and (task.check_mode or name(row) in reasons)]
    moved: list[Row] = []
    left = {one["user"]: one for one in failed}
    for row in wanted:
        reason = _forced(task, force, row, change_of(row))
        if task.check_mode:
            continue
        if reason is None:
            moved.append(row)
            force.forced.append(name(row))
            left.pop(name(row), None)
        else:
            left[name(row)] = left_out(row, f"{reasons[name(row)]}; by force it {reason}")
    return moved, list(left.values())


def _forced(task: Task, force: Force, row: Row, change: Change) -> str | None:
    """One user: the export, then the move. Why it failed, or None."""
    user = address(row)
    if user in force.exported:
        path = f"{force.directory}\\lync_xmpp_migration-{task.context.run}-{row.get('Guid')}.zip"
        (outcome,) = task.session.change(_export(task, row, path), tolerate=True)
        if not outcome["ok"]:
            return f"was not tried, because the export {refused('Export-CsUserData', outcome)}"
        if not task.check_mode:
            force.exports[name(row)] = path
    call = change.call
    if not isinstance(call, Cmdlet):
        return "is not known"
    before = {**(change.before or {}), "Forced": True, "Export": force.exports.get(name(row))}
    made = replace(
        change,
        call=replace(call, parameters={**call.parameters, "Force": True}),
        before=before,
        override=user,
        conditional=task.check_mode,
    )
    (outcome,) = task.session.change(made, tolerate=True)
    return None if outcome["ok"] else refused(call.name, outcome)


def _export(task: Task, row: Row, path: str) -> Change:
    """source: C:Export-CsUserData: -UserFilter takes the SIP address without its scheme, -PoolFqdn the pool that has the data."""
    return Change(
        Cmdlet(
            "Export-CsUserData",
            {"PoolFqdn": registrar(row), "FileName": path, "UserFilter": address(row).removeprefix("sip:")},
        ),
        object=f"data of user {name(row)}",
        effects=(task.session.effect("file", path, {"FullName": path, "Length": UNKNOWN}),),
        undo=Irreversible("The export is kept: remove it once nobody needs it."),
        conditional=task.check_mode,
    )
