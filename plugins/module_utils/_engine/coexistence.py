# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Law L3: beside Skype for Business Server 2019, which has no XMPP, whoever needs XMPP stays on an older pool.

Decides on effects, whoever asks. What a change does not say is taken for the worst: a pool or an Edge whose version nobody found
out, a user of whom nobody found out whether XMPP is needed.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .calls import UNKNOWN, Change, Cmdlet
from .facts import FRESH, MISSING
from .groups import EDGES, LEGACY_EDGES, SFB_EDGES, SFB_FRONT_ENDS
from .looking import FactsLike, folded, host_in, is_set, was
from .transitions import XMPP_PORTS, Look
from .user_moves import MOVERS, TARGET_VERSION, WITHOUT_XMPP, number

# What a mover says of a user in `before`, beside the pools and their versions.
#: EnableXmppAccess of the policy that counts for the user where the user is
ACCESS = "XmppAccess"
#: whether the operator has declared that the user needs XMPP
NEEDED = "XmppNeeded"
#: of what declaration that is the answer
DECLARATION = "XmppDeclaration"
#: the user's SIP address, where the operator has named the user as one whose XMPP may end
ENDS = "XmppEnds"
#: version of the Edge that an XMPP federation route will lead to
EDGE_VERSION = "XmppEdgeVersion"
#: versions of Edges by identity, of a change of many
EDGE_VERSIONS = "EdgeVersions"

STAYS, DECLARED = "xmpp_stays", "xmpp_declared"
_PLAYBOOK = "Run the playbook lync.xmpp_migration.coexistence."


# --- the law


def refusals(change: Change, looks: Sequence[Look], facts: FactsLike) -> list[str]:
    """Why the change may not be made for the sake of XMPP beside Skype for Business Server 2019."""
    reasons = _unseen_move(change, facts)
    for look in looks:
        judge = _JUDGES.get(look.effect.collection)
        reasons += judge(look) if judge else []
    return reasons


def _unseen_move(change: Change, facts: FactsLike) -> list[str]:
    """A move that does not say whom it moves where could be of anybody. A dry run may not know yet."""
    call = change.call
    if facts.check or not isinstance(call, Cmdlet) or call.name not in MOVERS:
        return []
    users = [one for one in change.effects if one.collection == "user"]
    if not users or any(one.properties is None for one in users):
        return [f"{change.object} is not moved, because it is not said who gets which pool."]
    return []


def _user(look: Look) -> list[str]:
    change, move, facts = look.change, look.move, look.facts
    if move is None:
        return []
    if move.version is None:
        if move.leaves_lync or (facts.check and look.was(TARGET_VERSION) is UNKNOWN):
            return []
        pool = folded(look.becomes("RegistrarPool")) or "(unknown)"
        return [
            f"{change.object} is not moved, because the version of the pool {pool} was not found out, and a pool of Skype for "
            "Business Server 2019 has no XMPP: read the Registrars of the topology again."
        ]
    if not move.to_2019:
        return []
    named = folded(look.was(ENDS))
    if named and named == look.effect.identity.casefold():
        return []
    return [*_declaration(change, facts), *_need(change)]


def _declaration(change: Change, facts: FactsLike) -> list[str]:
    """Who needs XMPP was declared to the report; another declaration would have another answer."""
    finding = facts.finding(DECLARED, "organisation")
    if finding.status != FRESH:
        how = "has not been found out" if finding.status == MISSING else "was found out more than 24 hours ago"
        return [f"{change.object} is not moved to a pool without XMPP: who needs XMPP {how}. {_PLAYBOOK}"]
    if finding.digest != was(change, DECLARATION):
        return [
            f"{change.object} is not moved to a pool without XMPP: those who need XMPP were declared otherwise when they were last "
            f"looked at (xmpp_users, xmpp_group). {_PLAYBOOK}"
        ]
    return []


def _need(change: Change) -> list[str]:
    access, needed = was(change, ACCESS), was(change, NEEDED)
    if access is False and needed is False:
        return []
    if needed is True:
        why = "the user needs XMPP, as was declared"
    elif access is True:
        why = "the user's external access policy has EnableXmppAccess"
    else:
        why = "whether the user needs XMPP was not found out"
    return [
        f"{change.object} is not moved to a pool of Skype for Business Server 2019, which has no XMPP, because {why}: leave the user "
        "on the older pool, or name the user in the option that lets XMPP end (loses_xmpp)."
    ]


def _route(look: Look) -> list[str]:
    change, facts = look.change, look.facts
    route = look.becomes("XmppFederationRoute")
    if not is_set(route) or folded(route) == folded(look.was("XmppFederationRoute")) != "":
        return []
    if route is UNKNOWN and facts.check:
        return []
    version = _edge_version(route, look.was(EDGE_VERSION), facts)
    if version is None:
        return [
            f"{change.object} gets no XMPP federation route, because the version of {route} was not found out: read the Edges of the "
            "topology again."
        ]
    if version >= WITHOUT_XMPP:
        return [
            f"{change.object} gets no XMPP federation route to {route}, because Skype for Business Server 2019 has no XMPP: leave the "
            "route on the older Edge."
        ]
    return []


def _edge_version(identity: Any, found: Any, facts: FactsLike) -> int | None:
    if host_in(identity, facts.members(SFB_EDGES)):
        return WITHOUT_XMPP
    version = number(found)
    if version is not None:
        return version
    if found is UNKNOWN and facts.check:
        return 0
    older = facts.members(EDGES, LEGACY_EDGES)
    return WITHOUT_XMPP - 1 if host_in(identity, older) else None


def _edge(look: Look) -> list[str]:
    """No XMPP on an Edge of 2019; and where 2019 is, no Edge goes away or loses XMPP."""
    change, effect, facts = look.change, look.effect, look.facts
    known = (look.was(EDGE_VERSIONS) or {}).get(effect.identity, look.was("Version"))
    reasons = []
    if any(is_set(look.becomes(one)) for one in XMPP_PORTS):
        version = _edge_version(effect.identity, (effect.properties or {}).get("Version", known), facts)
        if version is None:
            reasons.append(
                f"{change.object}: {effect.identity} gets no XMPP port, because its version was not found out: read the Edges of the "
                "topology again."
            )
        elif version >= WITHOUT_XMPP:
            reasons.append(
                f"{change.object}: {effect.identity} gets no XMPP port, because an Edge of Skype for Business Server 2019 has no XMPP."
            )
    if _taken(look) and _coexists(facts):
        reasons.append(
            f"{change.object}: {effect.identity} is neither removed nor replaced, and keeps its XMPP ports, because the older Edge "
            "carries XMPP beside Skype for Business Server 2019, and both Edges stay: take it down yourself when nobody needs XMPP."
        )
    return reasons


def _coexists(facts: FactsLike) -> bool:
    return bool(facts.members(SFB_FRONT_ENDS, SFB_EDGES)) or facts.finding(STAYS, "organisation").status != MISSING


def _taken(look: Look) -> bool:
    """The whole Edge, one of its XMPP ports, or its version: a row that is new says its identity too."""
    if look.goes:
        return True
    if look.names("Identity"):
        return False
    version = number(look.becomes("Version"))
    cleared = any(look.names(one) and not is_set(look.becomes(one)) for one in XMPP_PORTS)
    return cleared or (version is not None and version >= WITHOUT_XMPP)


def _registrar(look: Look) -> list[str]:
    """A pool that becomes one of 2019 takes all its users along."""
    version = number(look.becomes("Version"))
    if version is None or version < WITHOUT_XMPP or look.names("Identity"):
        return []
    return [
        f"{look.change.object}: {look.effect.identity} does not become a pool of Skype for Business Server 2019 with the users who are on "
        "it, because those of them who need XMPP would lose it: make a pool beside it, and move users."
    ]


_JUDGES = {"user": _user, "site": _route, "edge_server": _edge, "registrar": _registrar}
