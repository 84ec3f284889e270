# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a dry run plans for users whom nobody can list yet: those who are named by name, all others as one unknown.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._engine.calls import UNKNOWN, Change, Cmdlet, Effect, Irreversible
from .._engine.collections import ORGANISATION
from .._engine.module import Report, Task
from .._engine.session import quietly
from .._engine.user_moves import TARGET_VERSION
from .._settings.names import same, sip_uri
from .._topology.reading import LEGACY_SITE
from .reading import read_parameters
from .xmpp_needs import versions

#: what a grant takes from a user is found out, and refused, when it is made
_UNJUDGED = {"Losses": UNKNOWN}
_UNSEEN = Irreversible("Where a user comes from is journalled when the user is moved.")


def move(task: Task, target: str) -> Report:
    """The moves, with the cmdlet of the product that the planned topology says is migrated from."""
    sites, registrars = quietly(task.session, "site", "registrar")
    known = versions(registrars).get(target.lower())
    ocs = any(same(row.get("Identity"), f"Site:{LEGACY_SITE}") for row in sites)
    cmdlet = "Move-CsLegacyUser" if ocs else "Move-CsUser"
    conference_data = {"MoveConferenceData": True} if task.params["move_conference_data"] and not ocs else {}

    # which domain controller answers is seen with the users
    controller = read_parameters(task.params) or {"DomainController": UNKNOWN}

    def parameters(identity: Any) -> dict[str, Any]:
        return {"Identity": identity, "Target": target, "Confirm": False, **conference_data, **controller}

    pilots = [sip_uri(one).lower() for one in task.params["users"] or ()]
    changes = [
        Change(
            Cmdlet(cmdlet, parameters(one)),
            f"user {one}",
            (Effect("user", ORGANISATION, one, {"RegistrarPool": target}),),
            before={
                "RegistrarPool": UNKNOWN,
                "Pilot": task.params["pilot"],
                TARGET_VERSION: UNKNOWN if known is None else known,
            },
            undo=_UNSEEN,
            conditional=True,
        )
        for one in pilots
    ]
    if task.params["users"] is None:
        changes.append(
            Change(Cmdlet(cmdlet, parameters(UNKNOWN)), "all users who are elsewhere", undo=_UNSEEN, conditional=True)
        )
        _tell(task, f"moved to {target}")
    task.session.change(*changes)
    return Report(
        bool(changes),
        {"moved": pilots, "moved_count": len(pilots), "already_moved": 0},
        after=dict.fromkeys(pilots, target),
    )


def grant(task: Task, policy: Any, users: Sequence[str] | None) -> Report:
    """Grants of an external access policy, which may be unknown too: to those who are named, or to all as one unknown."""
    named = [sip_uri(one).lower() for one in users or ()]
    call = "Grant-CsExternalAccessPolicy"
    changes = [
        Change(
            Cmdlet(call, {"Identity": one, "PolicyName": policy, "Confirm": False}),
            f"user {one}",
            (Effect("user", ORGANISATION, one, {"ExternalAccessPolicy": policy}),),
            before=_UNJUDGED,
            undo=_UNSEEN,
            conditional=True,
        )
        for one in named
    ]
    if not named:
        parameters = {"Identity": UNKNOWN, "PolicyName": policy, "Confirm": False}
        changes.append(
            Change(
                Cmdlet(call, parameters), "all users of the new pool", before=_UNJUDGED, undo=_UNSEEN, conditional=True
            )
        )
        _tell(task, "granted which policy" if policy is UNKNOWN else f"granted {policy}")
    task.session.change(*changes)
    return Report(bool(changes), {"granted": named, "already_granted": 0}, after=dict.fromkeys(named, policy))


def _tell(task: Task, what: str) -> None:
    task.warn(
        f"Who is to be {what} is not known yet: {task.context.host} has no Lync cmdlets, and no legacy Front End has a session."
    )
