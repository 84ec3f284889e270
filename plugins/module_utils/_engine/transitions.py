# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an effect is, as the guards name it: a user who is moved, a partner who appears, a record that is swapped.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from .calls import UNKNOWN, Change, Cmdlet, Effect
from .groups import EDGES, LEGACY_EDGES
from .looking import FactsLike, becomes, folded, host_in, is_set, was
from .user_moves import Move, move_of

#: Display name of the service of the OCS 2007 R2 XMPP gateway, in small letters. No published page gives its own name.
GATEWAY_SERVICE = "office communications server xmpp gateway"
XMPP_PORTS = ("XmppListeningPort", "XmppInternalPort")


class Look(NamedTuple):
    """One effect of a change, with the facts beside it."""

    change: Change
    effect: Effect
    facts: FactsLike
    move: Move | None

    @property
    def goes(self) -> bool:
        return self.effect.properties is None

    @property
    def goes_back(self) -> bool:
        """The module says so: it has what was there before from the journal."""
        return was(self.change, "Back") is True

    def was(self, name: str) -> Any:
        return was(self.change, name)

    def becomes(self, name: str) -> Any:
        return becomes(self.effect, name)

    def names(self, name: str) -> bool:
        """Whether the effect says anything of a property."""
        return name in (self.effect.properties or {})


def looks_at(change: Change, facts: FactsLike) -> list[Look]:
    return [Look(change, effect, facts, move_of(change, effect, facts)) for effect in change.effects]


# --- users


def moves_on(look: Look) -> bool:
    return look.move is not None and look.move.on


def moves_back(look: Look) -> bool:
    return look.move is not None and look.move.back


def moves_to_2019(look: Look) -> bool:
    return look.move is not None and look.move.to_2019


def moves_without_pilot(look: Look) -> bool:
    return moves_on(look) and look.was("Pilot") is not True


def moves_from_ocs(look: Look) -> bool:
    """Move-CsLegacyUser grants the imported policies, so they have to be there."""
    call = look.change.call
    return look.move is not None and isinstance(call, Cmdlet) and call.name == "Move-CsLegacyUser"


def grant_goes_back(look: Look) -> bool:
    return look.goes_back and look.names("ExternalAccessPolicy")


# --- the topology


def reaches_out(look: Look) -> bool:
    """What first changes something outside of the new hosts: Active Directory, and the published topology."""
    return True


def topology_shrinks(look: Look) -> bool:
    return look.goes


def xmpp_port_appears(look: Look) -> bool:
    return any(is_set(look.becomes(one)) and not is_set(look.was(one)) for one in XMPP_PORTS)


def xmpp_route_set(look: Look) -> bool:
    route = look.becomes("XmppFederationRoute")
    return is_set(route) and folded(route) != folded(look.was("XmppFederationRoute"))


def xmpp_goes(look: Look) -> bool:
    """The route, a port or the certificate of XMPP."""
    if look.effect.collection == "certificate_use":
        return look.goes and folded(look.effect.identity) == "xmppserver"
    names = XMPP_PORTS if look.effect.collection == "edge_server" else ("XmppFederationRoute", "FederationRoute")
    values = [look.becomes(one) for one in names if look.names(one)]
    return look.goes_back and any(one is not UNKNOWN and not is_set(one) for one in values)


def sip_route_leaves(look: Look) -> bool:
    route, before = look.becomes("FederationRoute"), look.was("FederationRoute")
    if not look.names("FederationRoute") or not is_set(before):
        return False
    if look.goes_back and not is_set(route):  # to none, as before the migration: judged as XMPP's own route is
        return False
    if folded(route) == folded(before) or host_in(route, look.facts.members(LEGACY_EDGES)):
        return False
    return not host_in(before, look.facts.members(EDGES))


# --- partners and federation


def partner_appears(look: Look) -> bool:
    """A new partner, or another domain of one: both switch a domain over."""
    if look.goes:
        return False
    if look.change.before is None:
        return True
    more, had = look.becomes("AdditionalDomains"), look.was("AdditionalDomains")
    if more is UNKNOWN:
        return True
    return bool(
        {folded(one) for one in more or ()} - {folded(one) for one in (had if had is not UNKNOWN else ()) or ()}
    )


def partner_goes(look: Look) -> bool:
    """On the way back users have the old gateway only. At other times a partner is taken away as ever."""
    return look.goes and look.goes_back


def allowed_domain_changed(look: Look) -> bool:
    return look.goes or look.change.before is not None


def gateway_stops(look: Look) -> bool:
    """The service of the old gateway, which is known by its display name only."""
    return folded(look.becomes("DisplayName")).startswith(GATEWAY_SERVICE) and look.becomes("Status") == "Stopped"


# --- DNS records


def record_was(look: Look, name: str) -> Any:
    """Of the record set that the effect is about: one update may change several of a zone."""
    before: Mapping[str, Any] = look.change.before or {}
    records = before.get("records")
    if isinstance(records, Mapping):
        before = records.get(look.effect.identity) or {}
    return before.get(name)


def record_swapped(look: Look) -> bool:
    if not look.effect.identity.casefold().startswith("_xmpp-server._tcp."):
        return False
    if look.goes:
        return True
    return look.names("Values") and as_set(look.becomes("Values")) != as_set(record_was(look, "Values"))


def target_swapped(look: Look) -> bool:
    return not look.goes_back and record_swapped(look)


def dns_goes_back(look: Look) -> bool:
    return look.goes_back and record_swapped(look)


def ttl_raised(look: Look) -> bool:
    now, before = look.becomes("Ttl"), record_was(look, "Ttl")
    return not look.goes_back and isinstance(now, int) and isinstance(before, int) and now > before


def as_set(values: Any) -> set[str]:
    return {folded(one) for one in values} if isinstance(values, (list, tuple)) else {folded(values)}
