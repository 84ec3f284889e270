# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The laws of a migration, checked on every change of the lab's state, with nothing taken from the collection.

A law looks at the state before and after a call. What was so already when the lab started is nobody's fault; what a
call makes so is recorded with the call. The lab forbids nothing: it only tells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .central_store import location
from .store import Snapshot
from .topology import Topology

if TYPE_CHECKING:
    from .directory import User
    from .world import World

XMPP_SERVER = ("XmppFederationProxy", "XmppServer", "External")
TAKEN = ("EnableOutsideAccess", "EnablePublicCloudAccess", "EnablePublicCloudAudioVideoAccess")
GIVEN = "EnableFederationAccess"


@dataclass(frozen=True)
class Violation:
    law: str
    key: str  # the same fact is recorded once
    sentence: str


@dataclass
class View:
    """What the laws need to know of a moment; made after each change and kept until the next one."""

    snapshot: Snapshot
    unmoved: int = 0
    xmpp_edges: dict[str, int] = field(default_factory=dict)  # Edge pool -> version, those with XMPP ports
    addresses: dict[str, tuple[str, ...]] = field(default_factory=dict)  # SIP domain -> where partners go
    gateway_runs: bool = False
    location: tuple[str, str] | None = None  # of the Central Management store
    stores: int = 0  # databases of such stores, wherever they are
    published: bool = False  # the store has a topology


class Laws:
    def __init__(self) -> None:
        self.violations: list[dict[str, Any]] = []
        self._view: View | None = None
        self._first: View | None = None
        self._moves: list[tuple[User, str | None, str | None]] = []
        self._grants: list[tuple[User, Mapping[str, Any], Mapping[str, Any]]] = []

    # --- told by whoever changes users, because nobody can compare a hundred thousand of them after each call
    def moved(self, user: User, before: str | None, after: str | None) -> None:
        self._moves.append((user, before, after))

    def granted(self, user: User, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        """Flags of the effective external access policy before and after."""
        self._grants.append((user, before, after))

    def start(self, world: World) -> None:
        """What is so when the lab starts is taken as given."""
        self._view = self._first = view(world, None)
        self._moves.clear()
        self._grants.clear()

    def check(self, world: World, call: Any) -> None:
        before, after = self._view or view(world, None), view(world, self._view)
        moves, grants = list(self._moves), list(self._grants)
        self._view = after
        self._moves.clear()
        self._grants.clear()
        first = self._first or before
        found = [
            *_l1(world, before, after, moves),
            *_l2(world, before, after),
            *_l3(world, before, after, moves),
            *_l4(world, first, before, after, call, grants),
            *_back(world, first, before, after),
        ]
        for violation in found:
            computer = getattr(call, "computer", None)
            self.violations.append(
                {
                    "law": violation.law,
                    "what": violation.sentence,
                    "key": violation.key,
                    "cmdlet": call.cmdlet,
                    "host": computer.fqdn if computer is not None else "",
                    "at": world.clock.now().isoformat(),
                }
            )


def view(world: World, old: View | None) -> View:
    snapshot = world.cms.current
    topology: Topology = snapshot.topology
    same = old is not None and old.snapshot.topology is topology
    new = View(snapshot)
    if same and old is not None:
        new.xmpp_edges = old.xmpp_edges
    else:
        for service in topology.of_role("EdgeServer"):
            cluster = topology.cluster(service.cluster)
            if cluster is not None and service.port(*XMPP_SERVER) is not None:
                new.xmpp_edges[cluster.fqdn.casefold()] = service.version
    new.unmoved = world.ad.unmoved(_pools(topology))
    new.addresses = {domain: world.zones.xmpp_addresses(domain) for domain in world.estate.sip_domains}
    new.gateway_runs = _gateway_runs(world)
    new.location, new.stores, new.published = world.central.location, len(world.central.stores), bool(topology.sites)
    return new


def _pools(topology: Topology) -> set[str]:
    """FQDNs of Front End pools of Lync Server 2013 and later."""
    clusters = (topology.cluster(s.cluster) for s in topology.of_role("Registrar") if s.version > 5)
    return {cluster.fqdn.casefold() for cluster in clusters if cluster is not None}


def _gateway_runs(world: World) -> bool:
    from .paths import gateway_running

    return gateway_running(world)


def _route_edge(snapshot: Snapshot, site: str, route: str) -> tuple[str, int] | None:
    """Edge pool and version that a site's route names."""
    identity = (snapshot.row("site", site) or {}).get(route)
    service = snapshot.topology.service(str(identity)) if identity else None
    cluster = snapshot.topology.cluster(service.cluster) if service is not None else None
    return (cluster.fqdn.casefold(), service.version) if service is not None and cluster is not None else None


def _pool_version(topology: Topology, pool: str | None) -> int:
    cluster = topology.pool(pool) if pool else None
    return (topology.version_of(cluster) or 0) if cluster is not None else 0


def _new(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return [key for key in after if key not in before]


Moves = list[tuple["User", "str | None", "str | None"]]


# --- L1: nothing of XMPP in 2013 until every user is there ------------------------------------------------------------
def _l1(world: World, before: View, after: View, moves: Moves) -> Iterator[Violation]:
    old, new = before.snapshot, after.snapshot
    if world.gateway is None:
        return
    partners = new.rows("xmpp_allowed_partner")
    if after.unmoved:
        wait = f"{after.unmoved} enabled users are not homed on a pool of Lync Server 2013"
        for domain in _new(old.rows("xmpp_allowed_partner"), partners):
            yield Violation("L1", f"partner {domain}", f"The XMPP partner {domain} exists while {wait}.")
        for edge in _new(before.xmpp_edges, after.xmpp_edges):
            yield Violation("L1", f"ports {edge}", f"The Edge {edge} has XMPP ports while {wait}.")
        for site in new.topology.sites:
            route = _route_edge(new, site.name, "XmppFederationRoute")
            if route and route != _route_edge(old, site.name, "XmppFederationRoute"):
                yield Violation("L1", f"route {site.name}", f"The site {site.name} has an XMPP route while {wait}.")
            was, now = (_route_edge(s, site.name, "FederationRoute") for s in (old, new))
            if was and was[0] == world.gateway.edge.casefold() and (now is None or now[0] != was[0]):
                yield Violation(
                    "L1", f"sip route {site.name}", f"The SIP route of {site.name} left the legacy Edge while {wait}."
                )
    for user, source, target in moves:
        if _pool_version(new.topology, target) > 5 and _pool_version(new.topology, source) <= 5:
            yield from _first_moves(world, new, str(target))
        elif partners and _pool_version(new.topology, target) <= 5 < _pool_version(new.topology, source):
            yield Violation(
                "L1", f"back {user.sip}", f"{user.sip} went back to {target} while an XMPP partner exists in 2013."
            )


def _first_moves(world: World, new: Snapshot, target: str) -> Iterator[Violation]:
    """A moved user reaches the old gateway only by the legacy Edge: route of the site, association of the pool."""
    if world.gateway is None or new.rows("xmpp_allowed_partner"):
        return
    topology: Topology = new.topology
    cluster = topology.pool(target)
    site = topology.site_of(cluster) if cluster else None
    route = _route_edge(new, site.name, "FederationRoute") if site else None
    legacy = world.gateway.edge.casefold()
    if route is None or route[0] != legacy:
        yield Violation("L1", f"first {target}", f"Users moved to {target}, whose site has no SIP route to {legacy}.")
    registrar = topology.role_on(cluster, "Registrar") if cluster else None
    edges = [topology.by_key(key) for key in registrar.depends] if registrar else []
    names = [topology.cluster(e.cluster) for e in edges if e is not None and e.role_name == "EdgeServer"]
    if not any(name is not None and name.fqdn.casefold() == legacy for name in names):
        yield Violation("L1", f"edge {target}", f"Users moved to {target}, which is not associated with {legacy}.")
    machines = (cluster.fqdn, *(m.fqdn for m in cluster.machines)) if cluster else ()
    if world.ocs is not None and world.ocs.edge == legacy and not world.ocs.accepts(machines):
        yield Violation("L1", f"internal list {target}", f"Users moved to {target}, which the Edge {legacy} refuses.")


# --- L2: DNS last -----------------------------------------------------------------------------------------------------
def _l2(world: World, before: View, after: View) -> Iterator[Violation]:
    if world.gateway is None:
        return
    old_address = world.gateway.address
    for domain, addresses in after.addresses.items():
        if old_address in before.addresses.get(domain, ()) and old_address not in addresses:
            for sentence in _not_ready(world, after, domain, addresses):
                yield Violation("L2", f"dns {domain} {sentence}", f"DNS of {domain} moved although {sentence}.")
    with_old = [domain for domain, addresses in after.addresses.items() if old_address in addresses]
    if before.gateway_runs and not after.gateway_runs and with_old:
        yield Violation("L2", "gateway", f"The old gateway was stopped while DNS of {with_old[0]} leads to it.")
    gone = set(before.snapshot.rows("allowed_domain")) - set(after.snapshot.rows("allowed_domain"))
    for domain in sorted(gone):
        if with_old and domain.casefold() in (p.casefold() for p in world.gateway.partners):
            yield Violation(
                "L2", f"entry {domain}", f"The legacy entry {domain} was removed while DNS leads to the old gateway."
            )


def _not_ready(world: World, after: View, domain: str, addresses: tuple[str, ...]) -> Iterator[str]:
    from .certificates import names_of
    from .services import listening_ports, xmpp_certificate

    topology: Topology = after.snapshot.topology
    partners = after.snapshot.rows("xmpp_allowed_partner")
    if not partners:
        yield "no XMPP partner exists"
    edges = [c for fqdn in after.xmpp_edges if (c := topology.pool(fqdn)) is not None]
    front_ends = [c for fqdn in _pools(topology) if (c := topology.pool(fqdn)) is not None]
    for cluster in (*front_ends, *edges):
        for machine in cluster.machines:
            computer = world.computer(machine.fqdn)
            local = world.local(computer) if computer is not None else None
            if local is None or set(partners) - set(local.rows("xmpp_allowed_partner")):
                yield f"{machine.fqdn} has not yet seen every partner in its local store"
    reached = False
    for cluster in edges:
        for machine in cluster.machines:
            computer = world.computer(machine.fqdn)
            ports = listening_ports(world, computer) if computer is not None else []
            outside = {machine.address("External"), *_public(machine)}
            if not outside & set(addresses):
                continue
            reached = True
            if computer is None or not any(p.xmpp for p in ports):
                yield f"port 5269 on {machine.fqdn} does not answer"
                continue
            stored = xmpp_certificate(computer)
            names = [n.casefold() for n in names_of(stored.certificate)] if stored is not None else []
            if domain.casefold() not in names:
                yield f"the certificate of {machine.fqdn} does not carry {domain}"
    if not reached:
        yield f"{', '.join(addresses) or 'nothing'} is no address of an Edge with XMPP"


def _public(machine: Any) -> Iterator[str]:
    for interface in machine.interfaces:
        if interface.side == "External" and interface.configured:
            yield interface.configured


# --- L3: users who need XMPP stay below version 8 ---------------------------------------------------------------------
def _l3(world: World, before: View, after: View, moves: Moves) -> Iterator[Violation]:
    from .policies import effective

    old, new = before.snapshot, after.snapshot
    for user, source, target in moves:
        if _pool_version(new.topology, target) >= 8 > _pool_version(new.topology, source):
            _identity, policy = effective(new, user)
            if policy.get("EnableXmppAccess"):
                yield Violation(
                    "L3", f"user {user.sip}", f"{user.sip} needs XMPP and was moved to {target}, which has none."
                )
    for site in new.topology.sites:
        route = _route_edge(new, site.name, "XmppFederationRoute")
        if route and route[1] >= 8 and route != _route_edge(old, site.name, "XmppFederationRoute"):
            yield Violation(
                "L3", f"route {site.name}", f"The XMPP route of {site.name} leads to {route[0]}, which has no XMPP."
            )
    if new.rows("xmpp_allowed_partner"):
        last = {edge for edge, version in before.xmpp_edges.items() if version < 8}
        if last and not any(version < 8 for version in after.xmpp_edges.values()):
            yield Violation("L3", "last edge", f"The last Edge with XMPP ({', '.join(sorted(last))}) was removed.")


# --- L4: never --------------------------------------------------------------------------------------------------------
def _l4(
    world: World,
    first: View,
    before: View,
    after: View,
    call: Any,
    grants: list[tuple[User, Mapping[str, Any], Mapping[str, Any]]],
) -> Iterator[Violation]:
    check = NEVER.get(str(call.cmdlet).casefold())
    if check is not None:
        yield from check(world, getattr(call, "p", {}))
    yield from _stores(before, after, call)
    if before.location is not None and before.location == after.location:
        yield from _removed(world, first.snapshot.topology, before.snapshot, after.snapshot)
    yield from _policies(world, before.snapshot, after.snapshot)
    for user, old, new in grants:
        for flag in TAKEN:
            if old.get(flag) and not new.get(flag):
                yield Violation("L4", f"{flag} {user.sip}", f"A grant took {flag} from {user.sip}.")
        if new.get(GIVEN) and not old.get(GIVEN):
            yield Violation("L4", f"{GIVEN} {user.sip}", f"A grant gave federation to {user.sip}, who had none.")


def _stores(before: View, after: View, call: Any) -> Iterator[Violation]:
    """The first store is what a migration from Office Communications Server needs; each further one is a split."""
    p, name = getattr(call, "p", {}), str(call.cmdlet).casefold()
    made = name == "install-csdatabase" and bool(p.get("CentralManagementDatabase"))
    elsewhere = location(str(p.get("SqlServerFqdn", "")), p.get("SqlInstanceName")) != before.location
    if before.location is not None and elsewhere and (made or name == "set-csconfigurationstorelocation"):
        what = "A second Central Management store was made beside the existing one."
        yield Violation("L4", "second store", what if made else "The location of the Central Management store was changed.")
    elif after.stores > max(before.stores, 1):
        yield Violation("L4", "second store", "A second Central Management store was made before the first one was found.")
    if before.published and after.location is None:
        yield Violation("L4", "no store", "The location of the Central Management store was removed.")


def _policies(world: World, old: Snapshot, new: Snapshot) -> Iterator[Violation]:
    """A policy that is changed under the users who have it does what a grant would do."""
    from .policies import EXTERNAL_ACCESS, KIND

    if old.rows(KIND) is new.rows(KIND):
        return
    for identity, row in new.rows(KIND).items():
        was = old.rows(KIND).get(identity)
        if was is None or was == row:
            continue
        name = identity.removeprefix("Tag:").casefold()
        if identity.startswith("Tag:") and not any(
            user.policies.get(EXTERNAL_ACCESS, "").casefold() == name for user in world.ad
        ):
            continue
        for flag in TAKEN:
            if was.get(flag) and not row.get(flag):
                yield Violation(
                    "L4", f"{flag} {identity}", f"{flag} was taken from everyone with the policy {identity}."
                )
        if row.get(GIVEN) and not was.get(GIVEN):
            yield Violation(
                "L4", f"{GIVEN} {identity}", f"Federation was given to everyone with the policy {identity}."
            )


def _import(_world: World, p: Mapping[str, Any]) -> Iterator[Violation]:
    if not p.get("LocalStore"):
        yield Violation(
            "L4", "import", "Import-CsConfiguration without -LocalStore overwrites the Central Management store."
        )


def _database(_world: World, p: Mapping[str, Any]) -> Iterator[Violation]:
    if p.get("Clean"):
        yield Violation("L4", "clean", "Install-CsDatabase -Clean destroys data.")


def _move(_world: World, p: Mapping[str, Any]) -> Iterator[Violation]:
    for switch in ("Force", "IgnoreBackendStoreException"):
        if p.get(switch):
            yield Violation("L4", f"{switch} {p.get('Identity')}", f"{p.get('Identity')} was moved with -{switch}.")


NEVER: dict[str, Callable[[World, Mapping[str, Any]], Iterator[Violation]]] = {
    "import-csconfiguration": _import,
    "install-csdatabase": _database,
    "move-csuser": _move,
    "move-cslegacyuser": _move,
}


def _back(world: World, first: View, before: View, after: View) -> Iterator[Violation]:
    """The way back has an order too: a partner goes when the old gateway runs and DNS leads to it."""
    if world.gateway is None:
        return
    gone = set(before.snapshot.rows("xmpp_allowed_partner")) - set(after.snapshot.rows("xmpp_allowed_partner"))
    for domain in sorted(gone - set(first.snapshot.rows("xmpp_allowed_partner"))):
        elsewhere = [one for one, addresses in after.addresses.items() if world.gateway.address not in addresses]
        was_there = any(world.gateway.address in first.addresses.get(one, ()) for one in elsewhere)
        if was_there or not after.gateway_runs:
            yield Violation(
                "L2", f"partner gone {domain}", f"The XMPP partner {domain} was removed while the old gateway is not in its place."
            )


def _removed(world: World, first: Topology, before: Snapshot, after: Snapshot) -> Iterator[Violation]:
    """A publish may add, and take back what was not there at the start and nobody uses. What else it takes away, or changes on
    a server of Lync Server 2010, is recorded."""
    old, new = before.topology, after.topology
    if old is new:
        return
    free = not after.rows("xmpp_allowed_partner")
    homed = {str(user.registrar_pool).casefold() for user in world.ad if user.registrar_pool}
    for name in (d for d in old.domains if d not in new.domains):
        yield Violation("L4", f"domain {name}", f"A publish removed the SIP domain {name}.")
    for cluster in old.clusters:
        ours = first.pool(cluster.fqdn) is None and free and cluster.fqdn.casefold() not in homed
        if new.pool(cluster.fqdn) is None and not ours:
            yield Violation("L4", f"pool {cluster.fqdn}", f"A publish removed the pool {cluster.fqdn}.")
    for service in old.services:
        identity = old.identity(service)
        other = new.service(identity)
        if other is None:
            if service.version >= 5 and new.pool(identity.partition(":")[2]) is not None:
                yield Violation("L4", f"service {identity}", f"A publish removed the service {identity}.")
        elif service.version < 5:
            continue  # merged from Office Communications Server: the next merge says how it is there now
        elif service.version <= 5 and (set(service.ports), service.details) != (set(other.ports), other.details):
            yield Violation("L4", f"change {identity}", f"A publish changed {identity}, which it had no business with.")
        elif not set(_numbers(service)) <= set(_numbers(other)) and not (free and first.service(identity) is None):
            yield Violation("L4", f"ports {identity}", f"A publish took ports from {identity}.")


def _numbers(service: Any) -> Iterator[tuple[str, str, str, str]]:
    for port in service.ports:
        yield port.owner, port.usage, port.side, port.protocol
