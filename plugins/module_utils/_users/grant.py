# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Grants of external access policies, and what a user would lose or gain by one.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .._engine.calls import UNKNOWN, Change, Cmdlet, Effect, Query
from .._engine.collections import ORGANISATION
from .._engine.errors import InvalidInput, NotReady
from .._engine.module import Report, Task
from .._servers.store_location import unseen
from . import unseen as _user_move_unseen
from .listing import read_users
from .listing import users as users_of
from .policies import (
    Chosen,
    Copies,
    Policies,
    accepted_users,
    allows_xmpp,
    bare,
    effective,
    losses,
    named_policy,
    refuse_losses,
)
from .reading import (
    PROPERTIES,
    UsersLeft,
    address,
    left_out,
    many,
    name,
    reasons,
    refused,
)
from .rows import Rows

__all__ = ["effective", "losses", "run"]

Row = Mapping[str, Any]

#: So many calls a result shows; the journal has all.
SHOWN = 50
_CONFIRM: Mapping[str, Any] = {"Confirm": False}
#: Microsoft's page of the cmdlet has no -Confirm for Skype for Business Server 2015 and 2019; without it nothing asks, because the
#: impact of a grant is medium [inf].
UNCONFIRMED: Mapping[str, Any] = {}
FIELDS = ("user", "outcome", "reason", "before", "after")
SIGN_IN = "Clients get the external access policy when their users sign in again (in-band provisioning)."
_ADVICE = "Give the policy the same settings as the one they have (copy_from, or module xmpp_access_policies)"


def run(task: Task) -> Report:
    params = task.params
    Chosen(params)  # what it says of the options comes before the server is asked
    accepted, copies = accepted_users(params["accepted_losses"]), Copies.of(params)
    single = None if params["policy"] is None else named_policy("policy", params["policy"])
    if (single is None) == (copies is None):
        raise InvalidInput("Either policy is wanted, or copies and copy_name: say which policy users get.")
    if single is not None and not single.startswith("tag:"):
        return Report(changed=False, value={"granted": [], "already_granted": 0, "notice": [], "file": None})
    policy_rows, pools = task.session.read("external_access_policy", "pool")
    policies = Policies.read(policy_rows, pools)
    wanted_of = _single(policies, bare(single)) if single is not None else _by_policy(policies, copies or Copies({}))
    taken = read_users(task.session, Query("user", properties=PROPERTIES), lambda: Chosen(params))
    if unseen(task.session, taken.some):
        return _unseen(task, None if single is None else bare(single), None if taken.everyone else params["users"])
    users = taken.rows
    wanted = {name(row): target for row in users if (target := wanted_of(row)) is not None}
    without = [row for row in users if name(row) in wanted]
    lost = {
        name(row): what
        for row in without
        if (what := losses(policies.of(row), policies.find(f"tag:{wanted[name(row)]}") or {}))
    }
    refuse_losses(lost, f"The grant of {_list(wanted.values())}", accepted, _ADVICE)
    left = grant_users(task, without, wanted, lost, accepted)
    granted = _others(without, left)
    if granted and not task.check_mode:
        left += not_granted(task, granted, wanted)
        granted = _others(without, left)
    file = _file(task, without, wanted, left)
    if left:
        raise UsersLeft(
            f"{many(len(left))} could not be granted the external access policy {_list(wanted.values())}, {len(granted)} could: "
            f"{reasons(left)}. Mend what is said of each, then run this again: it goes on with those that are left.",
            left,
            [name(row) for row in granted],
        )
    shown = granted[:SHOWN]
    return Report(
        changed=bool(granted),
        value={
            "granted": [name(row) for row in granted],
            "already_granted": len(users) - len(granted),
            "notice": [SIGN_IN] if granted else [],
            "file": file,
        },
        before={name(row): row.get("ExternalAccessPolicy") or None for row in shown},
        after={name(row): wanted[name(row)] for row in shown},
    )


def _single(policies: Policies, policy: str) -> Callable[[Row], str | None]:
    """Everybody gets this one."""

    def wanted(row: Row) -> str | None:
        if policies.find(f"tag:{policy}") is None:
            raise NotReady(
                f"There is no external access policy {policy} for users: create it first (module external_access_policy)."
            )
        return None if _has(row, policy) else policy

    return wanted


def _by_policy(policies: Policies, copies: Copies) -> Callable[[Row], str | None]:
    """Each gets the copy of what the user has, unless that allows XMPP already."""

    def wanted(row: Row) -> str | None:
        policy = policies.of(row)
        if allows_xmpp(policy):
            return None
        identity = str(policy.get("Identity") or "Global")
        target = copies.targets([identity])[identity]
        if target.lower() == identity.lower() or policies.find(target) is None:
            raise NotReady(
                f"{name(row)} has the external access policy {bare(identity)}, and {bare(target)}, which is to allow XMPP, "
                "is not there or does not: make it first (module xmpp_access_policies)."
            )
        return bare(target)

    return wanted


def _unseen(task: Task, policy: str | None, users: Sequence[str] | None) -> Report:
    report = _user_move_unseen.grant(task, UNKNOWN if policy is None else policy, users)
    return Report(report.changed, {**report.value, "notice": [], "file": None}, after=report.after)


def _list(policies: Any) -> str:
    return ", ".join(dict.fromkeys(policies))


def _file(task: Task, users: Sequence[Row], wanted: Mapping[str, str], left: Sequence[Mapping[str, str]]) -> str | None:
    """A row for each user whose policy was to be changed, with the one the user had before."""
    if task.check_mode or not users:
        return None
    why = {one["user"]: one["reason"] for one in left}
    rows = Rows(task.context.state_dir, task.context.run, "grants", FIELDS)
    for row in users:
        user = name(row)
        outcome = "left" if user in why else "granted"
        previous = bare(str(row.get("ExternalAccessPolicy") or "")) or None
        rows.add(user=user, outcome=outcome, reason=why.get(user), before=previous, after=wanted[user])
    rows.flush()
    return rows.path


def _has(row: Row, policy: str) -> bool:
    return bare(str(row.get("ExternalAccessPolicy") or "")).casefold() == policy.casefold()


def _others(rows: Sequence[Row], left: Sequence[Mapping[str, str]]) -> list[Row]:
    names = {one["user"] for one in left}
    return [row for row in rows if name(row) not in names]


def grant_users(
    task: Task,
    users: Sequence[Row],
    wanted: Mapping[str, str],
    lost: Mapping[str, list[str]],
    accepted: set[str],
    size: int = 25,
    confirm: Mapping[str, Any] | None = None,
) -> list[dict[str, str]]:
    """Grant in requests of a bounded length; one user's failure does not hide the others. The journal has every call."""
    failed = []
    for start in range(0, len(users), size):
        batch = users[start : start + size]
        changes = [
            _change(row, wanted[name(row)], lost.get(name(row), []), accepted, _CONFIRM if confirm is None else confirm)
            for row in batch
        ]
        for row, outcome in zip(batch, task.session.change(*changes, tolerate=True), strict=True):
            if not outcome["ok"]:
                failed.append(left_out(row, refused("Grant-CsExternalAccessPolicy", outcome)))
        del task.session.calls[SHOWN:]
    return failed


def not_granted(task: Task, granted: Sequence[Row], wanted: Mapping[str, str]) -> list[dict[str, str]]:
    """The objects that were selected, by their GUIDs, are the ones that have the policy now."""
    left = {str(row.get("Guid")): row for row in granted}
    for seen in users_of(task.session, Query("user", properties=("SipAddress", "Guid", "ExternalAccessPolicy"))):
        row = left.get(str(seen.get("Guid")))
        if row is not None and _has(seen, wanted[name(row)]):
            del left[str(seen.get("Guid"))]
    reason = "does not have it, though Grant-CsExternalAccessPolicy reported success (Active Directory may not have replicated)"
    return [left_out(row, reason) for row in left.values()]


def _change(row: Row, policy: str, lost: list[str], accepted: set[str], confirm: Mapping[str, Any]) -> Change:
    previous = bare(str(row.get("ExternalAccessPolicy") or ""))
    back: dict[str, Any] = {"Identity": address(row), **confirm}
    if previous:
        back["PolicyName"] = previous
    return Change(
        Cmdlet("Grant-CsExternalAccessPolicy", {"Identity": address(row), "PolicyName": policy, **confirm}),
        object=f"user {name(row)}",
        effects=(Effect("user", ORGANISATION, address(row), {"ExternalAccessPolicy": policy}),),
        before={"ExternalAccessPolicy": previous or None, "Guid": row.get("Guid"), "Losses": lost},
        # Without -PolicyName the user falls back to the site's or the global policy: inferred from the parameter being
        # optional.
        undo=(Cmdlet("Grant-CsExternalAccessPolicy", back),),
        override=address(row) if lost and address(row) in accepted else None,
    )
