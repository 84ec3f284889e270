# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an effect is, as the guards name it: a user who is moved, a partner who appears, a record that is swapped.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import coexistence
from .calls import UNKNOWN, Change, Cmdlet, Effect
from .looking import FactsLike, becomes, folded, host_in, is_set, leaves_lync, moves, was

FRONT_ENDS, EDGES = "lync_2013_front_ends", "lync_2013_edges"
LEGACY_FRONT_ENDS, LEGACY_EDGES = "lync_legacy_front_ends", "lync_legacy_edges"
#: Display name of the service of the OCS 2007 R2 XMPP gateway, in small letters. No published page gives its own name.
GATEWAY_SERVICE = "office communications server xmpp gateway"


def record_was(change: Change, effect: Effect, name: str) -> Any:
    """Of the record set that the effect is about: one update may change several of a zone."""
    before = change.before or {}
    records = before.get("records")
    if isinstance(records, Mapping):
        before = records.get(effect.identity) or {}
    return before.get(name)


def leads_back(change: Change, effect: Effect, facts: FactsLike) -> bool:
    """Where the pool has another name than its servers, the module says so: it has it from the journal."""
    named = host_in(becomes(effect, "RegistrarPool"), facts.members(LEGACY_FRONT_ENDS))
    return named or leaves_lync(change, effect) or goes_back(change)


def is_of_2019(change: Change, effect: Effect, facts: FactsLike) -> bool:
    """There the partner has to exist (law L3), and on the way back the user does not lose XMPP but gains it."""
    return coexistence.moves_to_2019(change, effect, facts) or coexistence.returns(change, effect, facts)


def moves_back(change: Change, effect: Effect, facts: FactsLike) -> bool:
    return (
        moves(change, effect) and leads_back(change, effect, facts) and not coexistence.returns(change, effect, facts)
    )


def moves_on(change: Change, effect: Effect, facts: FactsLike) -> bool:
    return moves(change, effect) and not leads_back(change, effect, facts) and not is_of_2019(change, effect, facts)


def moves_without_pilot(change: Change, effect: Effect, facts: FactsLike) -> bool:
    return was(change, "Pilot") is not True and moves_on(change, effect, facts)


def moves_from_ocs(change: Change, effect: Effect, facts: FactsLike) -> bool:
    """Move-CsLegacyUser grants the imported policies, so they have to be there."""
    call = change.call
    return isinstance(call, Cmdlet) and call.name == "Move-CsLegacyUser" and moves(change, effect)


def xmpp_port_appears(change: Change, effect: Effect, facts: FactsLike) -> bool:
    return effect.collection == "edge_server" and any(
        is_set(becomes(effect, one)) and not is_set(was(change, one))
        for one in ("XmppListeningPort", "XmppInternalPort")
    )


def xmpp_route_set(change: Change, effect: Effect, facts: FactsLike) -> bool:
    route = becomes(effect, "XmppFederationRoute")
    return effect.collection == "site" and is_set(route) and folded(route) != folded(was(change, "XmppFederationRoute"))


def partner_appears(change: Change, effect: Effect, facts: FactsLike) -> bool:
    """A new partner, or another domain of one: both switch a domain over."""
    if effect.collection != "xmpp_partner" or effect.properties is None:
        return False
    if change.before is None:
        return True
    more, had = becomes(effect, "AdditionalDomains"), was(change, "AdditionalDomains")
    if more is UNKNOWN:
        return True
    return bool(
        {folded(one) for one in more or ()} - {folded(one) for one in (had if had is not UNKNOWN else ()) or ()}
    )


def goes_back(change: Change) -> bool:
    """The module says so: it has what was there before from the journal."""
    return was(change, "Back") is True


def partner_goes(change: Change, effect: Effect, facts: FactsLike) -> bool:
    """On the way back users have the old gateway only. At other times a partner is taken away as ever."""
    return effect.collection == "xmpp_partner" and effect.properties is None and goes_back(change)


def xmpp_goes(change: Change, effect: Effect, facts: FactsLike) -> bool:
    """The route, a port or the certificate of XMPP."""
    if effect.collection == "certificate_use" and effect.properties is None:
        return folded(effect.identity) == "xmppserver"
    names = {
        "site": ("XmppFederationRoute", "FederationRoute"),
        "edge_server": ("XmppListeningPort", "XmppInternalPort"),
    }.get(effect.collection, ())
    return goes_back(change) and any(
        one in (effect.properties or {}) and becomes(effect, one) is not UNKNOWN and not is_set(becomes(effect, one))
        for one in names
    )


def grant_goes_back(change: Change, effect: Effect, facts: FactsLike) -> bool:
    return effect.collection == "user" and goes_back(change) and "ExternalAccessPolicy" in (effect.properties or {})


def dns_goes_back(change: Change, effect: Effect, facts: FactsLike) -> bool:
    return goes_back(change) and record_swapped(change, effect)


def topology_shrinks(change: Change, effect: Effect, facts: FactsLike) -> bool:
    return effect.collection == "pool" and effect.properties is None


def is_xmpp_srv(effect: Effect) -> bool:
    return effect.collection == "dns_record_set" and effect.identity.casefold().startswith("_xmpp-server._tcp.")


def target_swapped(change: Change, effect: Effect, facts: FactsLike) -> bool:
    return record_swapped(change, effect) and not goes_back(change)


def record_swapped(change: Change, effect: Effect) -> bool:
    if not is_xmpp_srv(effect):
        return False
    if effect.properties is None:
        return True
    return "Values" in effect.properties and as_set(effect.properties["Values"]) != as_set(
        record_was(change, effect, "Values")
    )


def as_set(values: Any) -> set[str]:
    return {folded(one) for one in values} if isinstance(values, (list, tuple)) else {folded(values)}


def ttl_raised(change: Change, effect: Effect, facts: FactsLike) -> bool:
    now, before = becomes(effect, "Ttl"), record_was(change, effect, "Ttl")
    if goes_back(change):
        return False
    return effect.collection == "dns_record_set" and isinstance(now, int) and isinstance(before, int) and now > before


def allowed_domain_changed(change: Change, effect: Effect, facts: FactsLike) -> bool:
    return effect.collection == "allowed_domain" and (effect.properties is None or change.before is not None)


def sip_route_leaves(change: Change, effect: Effect, facts: FactsLike) -> bool:
    route, before = becomes(effect, "FederationRoute"), was(change, "FederationRoute")
    if effect.collection != "site" or "FederationRoute" not in (effect.properties or {}) or not is_set(before):
        return False
    if goes_back(change) and not is_set(route):  # to none, as before the migration: judged as XMPP's own route is
        return False
    if folded(route) == folded(before) or host_in(route, facts.members(LEGACY_EDGES)):
        return False
    return not host_in(before, facts.members(EDGES))


def gateway_stops(change: Change, effect: Effect, facts: FactsLike) -> bool:
    """The service of the old gateway, which is known by its display name only."""
    name = folded(becomes(effect, "DisplayName"))
    return (
        effect.collection == "component" and name.startswith(GATEWAY_SERVICE) and becomes(effect, "Status") == "Stopped"
    )


def reaches_out(change: Change, effect: Effect, facts: FactsLike) -> bool:
    """What first changes something outside of the new hosts: Active Directory, and the published topology."""
    return effect.collection in ("ad_schema", "ad_forest", "ad_domain", "store_location", "topology_document")
