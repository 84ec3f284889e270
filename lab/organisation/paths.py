# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a message gets through: the legacy path by federation and the old gateway, and the new one by the 2013 Edge.

Both answer with None (it does) or with the id of the rule that says why it does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .policies import effective
from .services import OCS_GATEWAY, XMPP_GATEWAY, listening_ports
from .store import Snapshot
from .topology import Cluster, Service

if TYPE_CHECKING:
    from .computers import Computer
    from .directory import User
    from .world import World

FEDERATION_PORT = ("AccessEdge", "SipServer", "External")
OLD, NEW = "old", "new"
XMPP_PORT = ("XmppFederationProxy", "XmppServer", "External")


def site_row(world: World, name: str) -> dict[str, object]:
    return dict(world.cms.row("site", name) or {})


def edge_of_route(world: World, site: str, route: str) -> Service | None:
    """The Edge service that a site's route names, or that of another site where this one has none."""
    names = [site, *(s.name for s in world.cms.topology.sites if s.name != site)]
    for name in names:
        identity = site_row(world, name).get(route)
        if identity:
            service: Service | None = world.cms.topology.service(str(identity))
            return service
    return None


def edge_name(world: World, service: Service) -> str:
    cluster: Cluster | None = world.cms.topology.cluster(service.cluster)
    return cluster.fqdn.casefold() if cluster else ""


def partner_of(snapshot: Snapshot, domain: str) -> str | None:
    """Identity of the XMPP partner that a domain belongs to, as its own domain or an additional one."""
    wanted = domain.casefold()
    for identity, row in snapshot.rows("xmpp_allowed_partner").items():
        if wanted in (str(row["Domain"]).casefold(), *(str(d).casefold() for d in row["AdditionalDomains"])):
            return identity
    return None


def has_partner(world: World, domain: str) -> bool:
    return partner_of(world.cms.current, domain) is not None


def running(world: World, pool: str, service: str) -> bool:
    """Whether a Windows service runs on a machine of a pool."""
    cluster = world.cms.topology.pool(pool)
    for machine in cluster.machines if cluster else ():
        computer = world.computer(machine.fqdn)
        if computer is None:
            continue
        for name, entry in computer.windows_services.items():
            if name.casefold() == service.casefold() and entry.running:
                return True
    return False


def gateway_running(world: World) -> bool:
    computer = world.computer(world.gateway.fqdn) if world.gateway else None
    service = computer.windows_services.get(OCS_GATEWAY) if computer else None
    return service is not None and service.running


def legacy_path(world: World, pool: str, domain: str) -> str | None:
    """From users of a pool to an XMPP domain as a federated SIP domain: the site's Edge, then the old gateway."""
    topology = world.cms.topology
    cluster = topology.pool(pool)
    site = topology.site_of(cluster) if cluster else None
    return gateway_path(world, edge_of_route(world, site.name if site else "", "FederationRoute"), domain, pool)


def gateway_path(world: World, edge: Service | None, domain: str, pool: str = "") -> str | None:
    """From an Edge to an XMPP domain by the old gateway: allowed domain, Access Edge, gateway. ``pool``: from where."""
    gateway = world.gateway
    if gateway is None or domain.casefold() not in (d.casefold() for d in gateway.partners):
        return "path-no-gateway"
    if edge is None or edge.port(*FEDERATION_PORT) is None:
        return "path-no-federation-route"
    if world.ocs is not None and edge_name(world, edge) == world.ocs.edge:
        return _ocs_path(world, edge, domain, pool)
    if not (world.cms.row("access_edge_configuration", "Global") or {}).get("AllowFederatedUsers"):
        return "path-federation-off"
    entry = world.cms.row("allowed_domain", domain)
    if entry is None or str(entry["ProxyFqdn"] or "").casefold() != gateway.fqdn.casefold():
        return "path-no-allowed-domain"
    if has_partner(world, domain) and not world.unknowns.yes("allowed_domain_beats_partner"):
        return "path-partner-took-over"
    if edge_name(world, edge) != gateway.edge.casefold() and world.unknowns.yes("sip_route_cuts_legacy_path"):
        return "path-route-left-legacy-edge"
    if not running(world, edge_name(world, edge), "RTCSRV"):
        return "path-edge-stopped"
    if not gateway_running(world):
        return "path-gateway-stopped"
    return None


def _ocs_path(world: World, edge: Service, domain: str, pool: str) -> str | None:
    """By the Access Edge of Office Communications Server, which goes by its own console's lists, not by the store."""
    ocs, cluster = world.ocs, world.cms.topology.pool(pool)
    if ocs is not None and cluster is not None and not ocs.accepts((cluster.fqdn, *(m.fqdn for m in cluster.machines))):
        return "path-edge-internal-list"
    if has_partner(world, domain) and not world.unknowns.yes("allowed_domain_beats_partner"):
        return "path-partner-took-over"
    return _ocs_edge_to_gateway(world, domain)


def _ocs_edge_to_gateway(world: World, domain: str) -> str | None:
    ocs, gateway = world.ocs, world.gateway
    if ocs is not None and gateway is not None and gateway.edge != ocs.edge:
        return "path-route-left-legacy-edge"
    if ocs is None or domain.casefold() not in (d.casefold() for d in ocs.allowed_domains):
        return "path-no-allowed-domain"
    if not serving(world, ocs.edge, "RTCSRV"):
        return "path-edge-stopped"
    return None if gateway_running(world) else "path-gateway-stopped"


def ocs_user_path(world: World, domain: str) -> str | None:
    """From users who are still on Office Communications Server: its pool, its Edge, the gateway."""
    ocs, gateway = world.ocs, world.gateway
    if ocs is None:
        return "path-user-not-homed"
    if gateway is None or domain.casefold() not in (d.casefold() for d in gateway.partners):
        return "path-no-gateway"
    if ocs.federation_fqdn != ocs.edge:
        return "path-ocs-federation"
    return _ocs_edge_to_gateway(world, domain)


def serving(world: World, fqdn: str, service: str) -> bool:
    """Whether a Windows service runs on one computer."""
    computer = world.computer(fqdn)
    entry = computer.windows_services.get(service) if computer is not None else None
    return entry is not None and bool(entry.running)


def xmpp_path(world: World, pool: str, domain: str) -> str | None:
    """From users of a pool to an XMPP partner by the gateway on the Front End and the proxy on the Edge."""
    topology = world.cms.topology
    cluster = topology.pool(pool)
    if cluster is None or (topology.version_of(cluster) or 0) < 6:
        return "path-pool-too-old"
    if not has_partner(world, domain):
        return "path-no-partner"
    if legacy_path(world, pool, domain) is None and world.unknowns.yes("allowed_domain_beats_partner"):
        return "path-allowed-domain-wins"
    site = topology.site_of(cluster)
    edge = edge_of_route(world, site.name if site else "", "XmppFederationRoute")
    if edge is None or edge.port(*XMPP_PORT) is None:
        return "path-no-xmpp-route"
    if not running(world, pool, XMPP_GATEWAY):
        return "path-xmpp-gateway-stopped"
    if not xmpp_listening(world, edge):
        return "path-xmpp-proxy-stopped"
    return None


def xmpp_listening(world: World, edge: Service) -> bool:
    """Whether the XMPP proxy answers from outside on every machine of an Edge pool."""
    cluster = world.cms.topology.cluster(edge.cluster)
    computers = [world.computer(machine.fqdn) for machine in cluster.machines] if cluster else []
    return bool(computers) and all(
        computer is not None and any(listener.xmpp for listener in listening_ports(world, computer))
        for computer in computers
    )


def user_reaches(world: World, user: User, domain: str) -> str | None:
    """Whether a user can write to an XMPP contact now, whichever way."""
    if user.enabled and user.home_server and not user.registrar_pool:
        return ocs_user_path(world, domain) if user.federation else "path-policy"
    if not user.enabled or not user.registrar_pool:
        return "path-user-not-homed"
    _identity, policy = effective(world.cms.current, user)
    by_gateway = legacy_path(world, user.registrar_pool, domain)
    if by_gateway is None:
        return None if policy.get("EnableFederationAccess") else "path-policy"
    by_edge = xmpp_path(world, user.registrar_pool, domain)
    if by_edge is None:
        return None if policy.get("EnableXmppAccess") else "path-policy"
    return by_edge if has_partner(world, domain) else by_gateway


def answers_stream(world: World, computer: Computer, domain: str) -> bool:
    """Whether the XMPP proxy of this Edge answers a stream that comes from a domain. By its own store, as it is now."""
    if not any(listener.xmpp for listener in listening_ports(world, computer)):
        return False
    local = world.local(computer)
    if local is not None and partner_of(local, domain):
        return True
    # rule: stream-before-partner
    return world.unknowns["stream_before_partner"] == "answered"


# --- which way, for messages that really flow


def local_partners(world: World) -> list[Mapping[str, Any]]:
    """The XMPP partners that the Front Ends of the users' pool know by now."""
    pool = _homes(world)
    cluster = world.cms.topology.pool(pool) if pool else None
    found: dict[str, Mapping[str, Any]] = {}
    for machine in cluster.machines if cluster else ():
        computer = world.computer(machine.fqdn)
        local = world.local(computer) if computer is not None else None
        found |= local.rows("xmpp_allowed_partner") if local is not None else {}
    return list(found.values())


def carrier(world: World, domain: str) -> str:
    """Through which gateway messages of the users to an XMPP domain leave: old, new, or the rule that stops them.

    rules: path-partner-took-over, xmpp-out-by-front-end
    """
    pool = _homes(world)
    if not pool:
        return "path-user-not-homed"
    legacy = legacy_path(world, pool, domain)
    if legacy is None:
        return OLD
    wanted = domain.casefold()
    known = any(
        wanted in (str(row["Domain"]).casefold(), *(str(one).casefold() for one in row["AdditionalDomains"]))
        for row in local_partners(world)
    )
    if known:
        return xmpp_path(world, pool, domain) or NEW
    if legacy == "path-partner-took-over":
        return OLD if gateway_running(world) else "path-gateway-stopped"
    return legacy


def _homes(world: World) -> str:
    """The pool of the users, who are all in one place when partners are switched over."""
    return next((user.registrar_pool for user in world.ad if user.enabled and user.registrar_pool), "")
