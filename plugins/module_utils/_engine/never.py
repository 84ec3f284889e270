# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is never done, whatever the evidence (law L4): calls that lose data or take something from users unasked.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .calls import UNKNOWN, Change, Cmdlet

_FORCED_MOVES = ("Move-CsUser", "Move-CsLegacyUser")
_FORCE = ("Force", "IgnoreBackendStoreException")
#: The rows of the topology that a publish may add and change, but not take away.
_TOPOLOGY_ROWS = ("site", "pool", "computer", "edge_server", "registrar", "front_end_service")


def never(change: Change) -> list[str]:
    """The refusals of a change by its parameters alone."""
    call = change.call
    if not isinstance(call, Cmdlet):
        return []
    given = {name.casefold(): value for name, value in call.parameters.items()}
    reasons = []
    if call.name == "Import-CsConfiguration" and given.get("localstore") is not True:
        reasons.append(
            f"{change.object}: Import-CsConfiguration without -LocalStore would overwrite the Central Management store of "
            "the whole organisation, and is never called."
        )
    if call.name == "Install-CsDatabase" and given.get("clean") is True:
        reasons.append(
            f"{change.object}: Install-CsDatabase -Clean would delete existing databases, and is never called."
        )
    if call.name == "Import-CsLegacyConfiguration" and given.get("replaceexisting") is True:
        reasons.append(
            f"{change.object}: Import-CsLegacyConfiguration -ReplaceExisting would overwrite what was changed in Lync Server "
            "since, and is never called."
        )
    if call.name in _FORCED_MOVES and not _names_the_user(change, _identity(given)):
        forced = [f"-{name}" for name in _FORCE if given.get(name.casefold()) is True]
        if forced:
            reasons.append(
                f"{change.object} is not moved with {' '.join(forced)}, which can lose the user's contacts and meetings: "
                "move the user without it, or name the user in the option that accepts the loss."
            )
    if call.name == "Publish-CsTopology":
        gone = [one.identity for one in change.effects if one.properties is None and one.collection in _TOPOLOGY_ROWS]
        gone = [one for one in gone if not change.override or change.override.casefold() != one.casefold()]
        if (change.before or {}).get("Back") is True:  # the topology before the migration; the laws judge what goes with it
            gone = []
        if gone:
            reasons.append(
                f"{change.object} is not published, because {', '.join(gone[:5])} would be gone from it: this collection "
                "only adds. Remove it with Topology Builder, if that is what you want."
            )
    if call.name == "Grant-CsExternalAccessPolicy":
        reasons += _grant(change, _identity(given))
    return reasons


def _identity(given: Mapping[str, Any]) -> str:
    """Whom the call names; a plan may not know yet."""
    identity = given.get("identity")
    return "" if identity is UNKNOWN or not identity else str(identity)


def _grant(change: Change, user: str) -> list[str]:
    """What a grant takes is for the module to find out, from the policies that apply before and after: `before["Losses"]`."""
    losses = (change.before or {}).get("Losses")
    if losses is UNKNOWN or losses == [] or _names_the_user(change, user):
        return []
    if losses is None:
        return [
            f"{change.object} gets no other external access policy, because what it would take from the user was not "
            "found out: read the policies again."
        ]
    return [
        f"{change.object} gets no other external access policy, because the user {' and '.join(map(str, losses))} by it: "
        "give the policy the same settings as the one before, or name the user in the option that accepts the loss."
    ]


def _names_the_user(change: Change, user: str) -> bool:
    return bool(user) and (change.override or "").casefold() == user.casefold()
