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

from ._calls import Change, Cmdlet, Effect, Query
from ._collections import ORGANISATION
from ._errors import NotReady, Refused
from ._module import Report, Task
from ._users import PROPERTIES, address, homes, name, named, registrar

Row = Mapping[str, Any]

#: What a user may have today and must not lose by a grant.
KEPT = ("EnableOutsideAccess", "EnablePublicCloudAccess", "EnablePublicCloudAudioVideoAccess")


def scope(policy: str) -> str:
    """`Global`, `site` or `user`: only the last kind is granted."""
    kind = policy.partition(":")[0].lower()
    return {"global": "Global", "site": "site"}.get(kind, "user")


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
    """What the grant would take from a user, and federation where it would give it to one who had none."""
    found = [f"loses {flag}" for flag in KEPT if now.get(flag) is True and then.get(flag) is not True]
    if now.get("EnableFederationAccess") is not True and then.get("EnableFederationAccess") is True:
        found.append("gains EnableFederationAccess")
    return found


def run(task: Task) -> Report:
    policy = task.params["policy"]
    if scope(policy) != "user":
        return Report(changed=False, value={"granted": [], "already_granted": 0})
    wanted = bare(policy)
    policies = {str(row["Identity"]).lower(): row for row in task.session.read(Query("external_access_policy"))[0]}
    then = policies.get(f"tag:{wanted}".lower())
    if then is None:
        raise NotReady(
            f"There is no external access policy {wanted} for users: create it first (module external_access_policy)."
        )
    rows = task.session.read(Query("user", properties=PROPERTIES))[0]
    asked = [one for one in task.params["users"] if one != "all"]
    chosen = named(rows, asked) if asked else homes(rows, task.params["pools"]).here
    left = [row for row in chosen if bare(str(row.get("ExternalAccessPolicy") or "")).lower() != wanted.lower()]
    accepted = {one.lower() for one in task.params["accepted_losses"]}
    sites = _sites(task)
    lost = {name(row): losses(effective(row, policies, sites), then) for row in left}
    _refuse_losses(lost, str(then.get("Identity")), accepted)
    _grant(task, left, wanted, lost, accepted)
    return Report(
        changed=bool(left),
        value={"granted": [name(row) for row in left], "already_granted": len(chosen) - len(left)},
        before={name(row): row.get("ExternalAccessPolicy") or None for row in left},
        after={name(row): wanted for row in left},
    )


def _sites(task: Task) -> dict[str, str]:
    """Pool -> identity of its site (`Site:Redmond`)."""
    return {str(row.get("Fqdn")).lower(): str(row.get("Site") or "") for row in task.session.read(Query("pool"))[0]}


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
) -> None:
    for start in range(0, len(users), size):
        task.session.change(*(_change(row, policy, lost[name(row)], accepted) for row in users[start : start + size]))


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
        override=address(row) if address(row) in accepted else None,
    )
