# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Grants of external access policies, and what a user would lose or gain by one.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._engine.calls import UNKNOWN, Change, Cmdlet, Effect, Query
from .._engine.collections import ORGANISATION
from .._engine.errors import InvalidInput, NotReady, Refused
from .._engine.module import Report, Task
from .._servers.store_location import unseen
from .._settings.names import BadName, policy_identity, sip_uri
from . import unseen as _user_move_unseen
from .reading import (
    PROPERTIES,
    UsersLeft,
    address,
    check_fqdns,
    homes,
    left_out,
    many,
    name,
    named,
    reasons,
    refused,
    registrar,
)

Row = Mapping[str, Any]

#: What a user may have today and must not lose by a grant.
KEPT = ("EnableOutsideAccess", "EnablePublicCloudAccess", "EnablePublicCloudAudioVideoAccess")


def bare(policy: str) -> str:
    """The name that Grant-CsExternalAccessPolicy takes: without `Tag:`."""
    return policy.partition(":")[2] if policy.lower().startswith("tag:") else policy


def effective(row: Row, policies: Mapping[str, Row], sites: Mapping[str, str]) -> Row:
    """The policy that applies to a user: the user's own, else that of the site of the user's pool, else the global one."""
    own = str(row.get("ExternalAccessPolicy") or "")
    site = sites.get(registrar(row), "")
    for identity in (f"tag:{bare(own)}".lower() if own else "", site.lower()):
        if identity and identity in policies:
            return policies[identity]
    return policies.get("global", {})


def losses(now: Row, then: Row) -> list[str]:
    """What the grant would take from a user, and federation where it would give it to one who had none.

    A dry run may not know a setting yet; what is not known is judged when it is."""
    found = [f"loses {flag}" for flag in KEPT if now.get(flag) is True and not _on(then, flag)]
    if then.get("EnableFederationAccess") is True and not _on(now, "EnableFederationAccess"):
        found.append("gains EnableFederationAccess")
    return found


def _on(policy: Row, flag: str) -> bool:
    return policy.get(flag) is True or policy.get(flag) is UNKNOWN


def _accepted(users: Sequence[str]) -> set[str]:
    try:
        return {sip_uri(one).lower() for one in users}
    except BadName as exc:
        raise InvalidInput(f"accepted_losses: {exc}") from exc


def run(task: Task) -> Report:
    try:
        policy = policy_identity(task.params["policy"])
    except BadName as exc:
        raise InvalidInput(f"policy: {exc}") from exc
    check_fqdns(task.params, "pools")
    accepted = _accepted(task.params["accepted_losses"])
    if not policy.startswith("tag:"):
        return Report(changed=False, value={"granted": [], "already_granted": 0})
    wanted = bare(policy)
    queries = (Query("external_access_policy"), Query("user", properties=PROPERTIES), Query("pool"))
    policy_rows, rows, pools = task.session.read(*queries)
    policies = {str(row["Identity"]).lower(): row for row in policy_rows}
    then = policies.get(f"tag:{wanted}".lower())
    if then is None:
        raise NotReady(
            f"There is no external access policy {wanted} for users: create it first (module external_access_policy)."
        )
    asked = task.params["users"]
    everyone = not asked or "all" in asked
    if unseen(task.session, rows):
        return _user_move_unseen.grant(task, wanted, None if everyone else asked)
    chosen = homes(rows, task.params["pools"]).here if everyone else named(rows, asked)
    without = [row for row in chosen if not _has(row, wanted)]
    sites = {str(row.get("Fqdn")).lower(): str(row.get("Site") or "") for row in pools}
    lost = {name(row): losses(effective(row, policies, sites), then) for row in without}
    _refuse_losses(lost, wanted, accepted)
    left = _grant(task, without, wanted, lost, accepted)
    granted = _others(without, left)
    if granted and not task.check_mode:
        left += _not_granted(task, granted, wanted)
        granted = _others(without, left)
    if left:
        raise UsersLeft(
            f"{many(len(left))} could not be granted the external access policy {wanted}, {len(granted)} could: "
            f"{reasons(left)}. Mend what is said of each, then run this again: it goes on with those that are left.",
            left,
            [name(row) for row in granted],
        )
    return Report(
        changed=bool(granted),
        value={"granted": [name(row) for row in granted], "already_granted": len(chosen) - len(granted)},
        before={name(row): row.get("ExternalAccessPolicy") or None for row in granted},
        after={name(row): wanted for row in granted},
    )


def _has(row: Row, policy: str) -> bool:
    return bare(str(row.get("ExternalAccessPolicy") or "")).casefold() == policy.casefold()


def _others(rows: Sequence[Row], left: Sequence[Mapping[str, str]]) -> list[Row]:
    names = {one["user"] for one in left}
    return [row for row in rows if name(row) not in names]


def _refuse_losses(lost: Mapping[str, Sequence[str]], policy: str, accepted: set[str]) -> None:
    found = [f"{user} {' and '.join(what)}" for user, what in lost.items() if what and user not in accepted]
    if found:
        more = f" (and {len(found) - 10} more)" if len(found) > 10 else ""
        raise Refused(
            [
                f"The grant of {policy} would change what these users have beyond XMPP: {'; '.join(found[:10])}{more}. "
                "Give the policy the same settings as the one they have (copy_from), or name the users in accepted_losses."
            ]
        )


def _grant(
    task: Task, users: Sequence[Row], policy: str, lost: Mapping[str, list[str]], accepted: set[str], size: int = 25
) -> list[dict[str, str]]:
    """Grant in requests of a bounded length; one user's failure does not hide the others."""
    failed = []
    for start in range(0, len(users), size):
        batch = users[start : start + size]
        changes = [_change(row, policy, lost[name(row)], accepted) for row in batch]
        for row, outcome in zip(batch, task.session.change(*changes, tolerate=True), strict=True):
            if not outcome["ok"]:
                failed.append(left_out(row, refused("Grant-CsExternalAccessPolicy", outcome)))
    return failed


def _not_granted(task: Task, granted: Sequence[Row], policy: str) -> list[dict[str, str]]:
    """The objects that were selected, by their GUIDs, are the ones that have the policy now."""
    rows = task.session.read(Query("user", properties=PROPERTIES))[0]
    now = {str(row.get("Guid")) for row in rows if _has(row, policy)}
    reason = "does not have it, though Grant-CsExternalAccessPolicy reported success (Active Directory may not have replicated)"
    return [left_out(row, reason) for row in granted if str(row.get("Guid")) not in now]


def _change(row: Row, policy: str, lost: list[str], accepted: set[str]) -> Change:
    previous = bare(str(row.get("ExternalAccessPolicy") or ""))
    back: dict[str, Any] = {"Identity": address(row), "Confirm": False}
    if previous:
        back["PolicyName"] = previous
    return Change(
        Cmdlet("Grant-CsExternalAccessPolicy", {"Identity": address(row), "PolicyName": policy, "Confirm": False}),
        object=f"user {name(row)}",
        effects=(Effect("user", ORGANISATION, address(row), {"ExternalAccessPolicy": policy}),),
        before={"ExternalAccessPolicy": previous or None, "Guid": row.get("Guid"), "Losses": lost},
        # Without -PolicyName the user falls back to the site's or the global policy: inferred from the parameter being
        # optional.
        undo=(Cmdlet("Grant-CsExternalAccessPolicy", back),),
        override=address(row) if lost and address(row) in accepted else None,
    )
