# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The laws of the migration: which change needs which evidence first, and what is never done.

Pure functions over a change and the facts. They decide on declared effects and on parameters, never on who asks. Each
refusal is one sentence: what is refused, which evidence of which member is missing or out of date, what to run.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any

from . import coexistence
from . import transitions as on
from .calls import Change, Cmdlet, Effect
from .collections import COLLECTIONS, ORGANISATION
from .facts import FRESH, MISSING, OLD
from .groups import EDGES, FRONT_ENDS
from .looking import FactsLike
from .never import never
from .transitions import Look, looks_at


@dataclass(frozen=True)
class Fact:
    """Something that can be verified: in words, by which tag of the master playbook, and what makes it stale."""

    that: str
    tag: str
    depends: tuple[str, ...] = ()
    #: what it says does not change with time: evidence of it does not grow old
    lasting: bool = False


_TOPOLOGY = ("topology_document", "site", "pool", "computer", "edge_server", "registrar")
_EDGE = ("topology_document", "edge_server")

FACTS: Mapping[str, Fact] = {
    "legacy_route": Fact(
        "SIP federation of the site and the pool leads through the legacy Edge", "user_move",
        ("topology_document", "site", "registrar", "edge_server", "allowed_domain"),
    ),
    "no_partner": Fact("Lync Server 2013 has no XMPP partner", "user_move", ("xmpp_partner",)),
    "pilot_reached_partner": Fact(
        "a pilot user on the new pool reaches the XMPP partners through the legacy gateway", "user_move",
        ("topology_document", "site", "registrar", "edge_server", "allowed_domain", "xmpp_partner"),
    ),
    "services_running": Fact("the services of the new Edge run", "edge_deploy", ("windows_service",)),
    "users_homed": Fact(
        "every user is homed on a Lync Server 2013 pool", "user_move",
        ("Move-CsUser", "Move-CsLegacyUser", "Enable-CsUser"),
    ),
    "components": Fact("the XMPP components are installed", "federation_enable", _EDGE),
    "xmpp_listening": Fact(
        "the XMPP ports are open", "federation_enable", (*_EDGE, "component", "certificate_use", "windows_service"),
    ),
    "certificate_names": Fact(
        "the certificate for XMPP carries the names that partners look for", "federation_enable", ("certificate_use",),
    ),
    "replicated": Fact("the topology has replicated", "federation_enable", _TOPOLOGY),
    "partner_seen": Fact("the XMPP partners are in the local store", "federation_enable", ("xmpp_partner",)),
    "xmpp_answers": Fact(
        "the new Edge answers XMPP from outside", "federation_enable",
        (*_EDGE, "component", "certificate_use", "windows_service"),
    ),
    "ttl_lowered": Fact("the lifetimes of the DNS records were lowered long enough ago", "dns_update"),
    "swap_seen": Fact("every name server leads to the new Edge", "window_end", ("dns_record_set",), lasting=True),
    "swap_settled": Fact(
        "every name server has led to the new Edge for the lifetime of the records and a margin", "window_end", ("dns_record_set",),
    ),
    "gateway_closed": Fact("the old gateway refuses streams", "window_end", ("component",)),
    "xmpp_by_name": Fact(
        "the new Edge answers by name", "window_end",
        (*_EDGE, "component", "certificate_use", "windows_service", "dns_record_set"),
    ),
    "im_reached": Fact("a test message reached the partner", "federation_enable", ("xmpp_partner", "site", "edge_server"), lasting=True),
    "window_over": Fact("the window of the cutover is over", "window_end", ("dns_record_set", "xmpp_partner")),
    "accepted": Fact("the operator has accepted the migration", "accept", ("xmpp_partner",)),
    "baseline": Fact("a record of the organisation as it was is kept", "pool_deploy", lasting=True),
    "legacy_configuration": Fact(
        "the configuration of Office Communications Server was imported", "pool_deploy", ("Merge-CsLegacyTopology",),
    ),
    "gateway_runs": Fact("the old gateway takes streams", "rollback", ("Stop-Service",)),
    "legacy_entries": Fact("the legacy entries lead to the old gateway", "rollback", ("allowed_domain",)),
    "dns_back": Fact("no resolver leads partners to the new Edge any more", "rollback", ("dns_record_set",), lasting=True),
    "users_back": Fact(
        "nobody is homed on a pool that goes", "rollback", ("Move-CsUser", "Move-CsLegacyUser", "Enable-CsUser"),
    ),
    coexistence.STAYS: Fact(
        "an XMPP partner exists and the XMPP federation route leads to an older Edge with XMPP ports", "coexistence",
        (*_TOPOLOGY, "xmpp_partner"),
    ),
    coexistence.DECLARED: Fact("who needs XMPP was found out", "coexistence"),
    "no_central_store": Fact("the forest has no Central Management store yet", "pool_deploy", ("store_location",)),
}  # fmt: skip


@cache
def touched_by(fact: str, member: str) -> tuple[str, ...]:
    """What makes a member's evidence stale: changes of its own rows where each host has its own, else everybody's."""
    names = []
    for one in FACTS[fact].depends:
        table = COLLECTIONS.get(one)
        own = table is not None and table.store in ("host", "local") and member != ORGANISATION
        names.append(f"{one}@{member.casefold()}" if own else one)
    return tuple(names)


@dataclass(frozen=True)
class Need:
    """Evidence of a fact for every member of these groups, or (no group) for the organisation."""

    fact: str
    groups: tuple[str, ...] = ()


_ALL = (FRONT_ENDS, EDGES)
_USERS_HOMED = (Need("users_homed"),)
_PARTNER = (
    Need("users_homed"),
    Need("components", _ALL),
    Need("xmpp_listening", (EDGES,)),
    Need("certificate_names", (EDGES,)),
    Need("replicated", _ALL),
)
_SWAP = (
    Need("partner_seen", _ALL),
    Need("certificate_names", (EDGES,)),
    Need("xmpp_answers"),
)
_ACCEPTED = (Need("accepted"),)


# --- what has to be waited for


def _ttl_not_run_out(look: Look) -> list[str]:
    """Resolvers may keep the old record until its old lifetime has run out since it was lowered. The operator may pass that over."""
    effect, facts = look.effect, look.facts
    if overridden(look.change, effect):
        return []
    zone = str(look.becomes("Zone") or on.record_was(look, "Zone") or effect.identity.split()[0].split("_tcp.", 1)[1])
    zone = zone.rstrip(".")
    says = f"the DNS record {effect.identity} is not changed"
    reasons = _refusal(says, {"ttl_lowered": _missing("ttl_lowered", (zone,), facts)})
    if reasons or facts.check:
        return reasons
    earliest = moment(facts.finding("ttl_lowered", zone).value)
    if _over(earliest, facts):
        return []
    return [
        f"{_upper(says)}: resolvers may keep the old record of {zone} until {_when(earliest)}. Run {_playbook('dns_update')} after that."
    ]


def _resolvers_hold(look: Look) -> list[str]:
    """Partners whose resolvers hold the new record still come to the new Edge."""
    change, facts = look.change, look.facts
    earliest = moment(facts.finding("dns_back", ORGANISATION).value)
    if facts.check or _over(earliest, facts):
        return []
    return [
        f"{_upper(change.object)} is not removed: resolvers may lead to the new Edge until {_when(earliest)}. Run {_playbook('rollback')} after that."
    ]


@dataclass(frozen=True, eq=False)
class Guard:
    """A kind of effect on rows of some collections, in words, and what it needs first.

    Where `override` is set the object may be named instead. `waits` has what it needs beside evidence: that time has passed."""

    law: str
    says: str
    of: tuple[str, ...]
    applies: Callable[[Look], bool]
    needs: tuple[Need, ...]
    override: bool = False
    waits: Callable[[Look], list[str]] | None = None


GUARDS: tuple[Guard, ...] = (
    Guard(
        "L4", "{object} is not changed", ("ad_schema", "ad_forest", "ad_domain", "store_location", "topology_document"),
        on.reaches_out, (Need("baseline"),),
    ),
    Guard(
        "L1", "{object} is not moved", ("user",), on.moves_on,
        (Need("services_running", (EDGES,)), Need("legacy_route"), Need("no_partner")),
    ),
    Guard("L1", "{object} is not moved", ("user",), on.moves_without_pilot, (Need("pilot_reached_partner"),)),
    Guard("L1", "{object} is not moved", ("user",), on.moves_from_ocs, (Need("legacy_configuration"),)),
    Guard("L3", "{object} is not moved to a pool without XMPP", ("user",), on.moves_to_2019, (Need(coexistence.STAYS),)),
    Guard(
        "L1", "{object} is not moved back, because it would lose XMPP", ("user",), on.moves_back, (Need("no_partner"),), override=True,
    ),
    Guard("L1", "{object} gets no XMPP port", ("edge_server",), on.xmpp_port_appears, _USERS_HOMED),
    Guard("L1", "{object} gets no XMPP federation route", ("site",), on.xmpp_route_set, _USERS_HOMED),
    Guard("L1", "{object} is not added to the XMPP partners", ("xmpp_partner",), on.partner_appears, _PARTNER),
    Guard("L2", "the DNS record {identity} is not changed", ("dns_record_set",), on.target_swapped, _SWAP, waits=_ttl_not_run_out),
    Guard("L2", "{object} is not stopped", ("component",), on.gateway_stops, (Need("swap_settled"),)),
    Guard("L2", "the lifetime of the DNS record {identity} is not raised", ("dns_record_set",), on.ttl_raised, _ACCEPTED),
    Guard("L2", "{object} is neither changed nor removed", ("allowed_domain",), on.allowed_domain_changed, _ACCEPTED, override=True),
    Guard("L2", "the DNS record {identity} does not go back", ("dns_record_set",), on.dns_goes_back, (Need("gateway_runs"),)),
    Guard(
        "L2", "{object} is not removed", ("xmpp_partner",), on.partner_goes,
        (Need("dns_back"), Need("gateway_runs"), Need("legacy_entries")), waits=_resolvers_hold,
    ),
    Guard("L1", "XMPP is not taken from {object}", ("site", "edge_server", "certificate_use"), on.xmpp_goes, (Need("no_partner"),)),
    Guard("L1", "{object} does not get the former policy", ("user",), on.grant_goes_back, (Need("no_partner"),)),
    Guard("L1", "{identity} does not leave the topology", ("pool",), on.topology_shrinks, (Need("no_partner"), Need("users_back"))),
    Guard("L2", "SIP federation of {object} does not leave the legacy Edge", ("site",), on.sip_route_leaves, _ACCEPTED, override=True),
)  # fmt: skip
_GUARDS_OF: Mapping[str, tuple[Guard, ...]] = {
    collection: tuple(one for one in GUARDS if collection in one.of)
    for collection in {name for guard in GUARDS for name in guard.of}
}


# --- the verdict


def refusals(change: Change, facts: FactsLike) -> list[str]:
    """Why the change may not be made as things stand; empty where it may."""
    looks = looks_at(change, facts)
    reasons = [*never(change), *_central_store(change, facts), *coexistence.refusals(change, looks, facts)]
    for look in looks:
        for guard in _GUARDS_OF.get(look.effect.collection, ()):
            if guard.applies(look):
                reasons += _judged(guard, look)
    return list(dict.fromkeys(reasons))


def _judged(guard: Guard, look: Look) -> list[str]:
    change, facts = look.change, look.facts
    reasons: list[str] = []
    # of many changes of one kind each needs the same
    if not (guard.override and overridden(change, look.effect)) and not facts.once(
        guard, partial(_met, guard.needs, facts)
    ):
        says = guard.says.format(object=change.object, identity=look.effect.identity)
        reasons = _unmet(says, guard.needs, facts)
    return reasons + guard.waits(look) if guard.waits else reasons


def overridden(change: Change, effect: Effect) -> bool:
    """An option of the task named this very object, so the operator takes it on himself. It is journalled."""
    if not change.override:
        return False
    names = {effect.identity, effect.identity.partition(":")[2], change.object}
    return change.override.casefold() in {one.casefold() for one in names if one}


def require(
    facts: FactsLike, fact: str, members: Iterable[str] = (ORGANISATION,), what: str = "This step"
) -> list[str]:
    """The refusals for a fact that a module itself wants to see proved."""
    return _refusal(f"{what} is not done", {fact: _missing(fact, tuple(members), facts)})


def _met(needs: Iterable[Need], facts: FactsLike) -> bool:
    return not _unmet("", needs, facts)


def _unmet(says: str, needs: Iterable[Need], facts: FactsLike) -> list[str]:
    missing: dict[str, str] = {}
    for need in needs:
        empty = [group for group in need.groups if not facts.members(group)]
        if empty:
            return [
                f"{_upper(says)}: the inventory has no host in the group {' and '.join(empty)}, so nothing proves that "
                f"{FACTS[need.fact].that} there. Complete the inventory."
            ]
        members = facts.members(*need.groups) if need.groups else (ORGANISATION,)
        missing[need.fact] = _missing(need.fact, members, facts)
    return _refusal(says, missing)


def _missing(fact: str, members: tuple[str, ...], facts: FactsLike) -> str:
    """What evidence of a fact is not fresh, and for whom; empty where all is."""
    found: dict[str, list[str]] = {}
    for member in members:
        status = facts.finding(fact, member, touched_by(fact, member)).status
        if status != FRESH and not (FACTS[fact].lasting and status == OLD):
            found.setdefault(status, []).append(member)
    if not found:
        return ""
    how = [
        f"{_STATUS[status]}{'' if names == [ORGANISATION] else ' for ' + ', '.join(names)}"
        for status, names in found.items()
    ]
    return f"that {FACTS[fact].that} {' and '.join(how)}"


def _refusal(says: str, missing: Mapping[str, str]) -> list[str]:
    """One sentence with all that is missing, and which parts of the master playbook find it out."""
    lacking = {fact: text for fact, text in missing.items() if text}
    if not lacking:
        return []
    tags = list(dict.fromkeys(FACTS[fact].tag for fact in lacking))
    return [f"{_upper(says)}: {'; '.join(lacking.values())}. Run {_playbook(*tags)}."]


_STATUS = {
    MISSING: "has not been verified",
    OLD: "was verified more than 24 hours ago",
    "stale": "was verified before something that it depends on was changed",
}


def _playbook(*tags: str) -> str:
    for one in ("accept", "rollback", "coexistence"):
        if one in tags:
            return f"the playbook lync.xmpp_migration.{one}"
    return f"the playbook lync.xmpp_migration.migrate with --tags {','.join(tags)} and without --limit"


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _over(earliest: datetime | None, facts: FactsLike) -> bool:
    return earliest is not None and earliest <= facts.now


def _when(earliest: datetime | None) -> str:
    return earliest.strftime("%Y-%m-%d %H:%M:%S UTC") if earliest else "a time that was not recorded"


def moment(value: Any) -> datetime | None:
    """The time in the value of `ttl_lowered`: ISO 8601, by itself or under `earliest`."""
    text = value.get("earliest") if isinstance(value, Mapping) else value
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _central_store(change: Change, facts: FactsLike) -> list[str]:
    call = change.call
    if not isinstance(call, Cmdlet):
        return []
    makes_one = call.name == "Set-CsConfigurationStoreLocation" or (
        call.name == "Install-CsDatabase" and call.parameters.get("CentralManagementDatabase") is True
    )
    return require(facts, "no_central_store", what=change.object) if makes_one else []
