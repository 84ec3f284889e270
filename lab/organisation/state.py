# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole state of a world as plain JSON values, in a stable order.

Everything outside ``server_made`` can be known before and written by hand; what only the servers make (signatures,
store versions, thumbprints, serial numbers, times, identifiers) is in there. ``lab/README.md`` documents the shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..powershell.values import SecureString
from .certificates import CertificateStore, common_name, names_of
from .computers import Computer
from .power import suffix_pending
from .resolution import entries
from .services import listening_ports
from .state_directory import central, directory, ocs
from .store import Row
from .topology import Cluster, Service, Topology
from .topology_view import service_properties
from .world import World

SECRET = ("DialbackPassphrase",)


def state(world: World) -> dict[str, Any]:
    with world.turn():
        topology: Topology = world.cms.topology
        pools = [c for c in topology.clusters if topology.role_on(c, "Registrar") is not None]
        edges = [c for c in topology.clusters if topology.role_on(c, "EdgeServer") is not None]
        return {
            "name": world.estate.name,
            "domain": world.estate.domain,
            "sip_domains": {d: d.casefold() == topology.default_domain.casefold() for d in sorted(topology.domains)},
            "sites": {s.name: _site(world, s.name) for s in sorted(topology.sites, key=lambda s: s.name)},
            "pools": {c.fqdn: _pool(topology, c) for c in sorted(pools, key=lambda c: c.fqdn)},
            "edges": {c.fqdn: _edge(topology, c) for c in sorted(edges, key=lambda c: c.fqdn)},
            "computers": {c.fqdn: _computer(world, c) for c in sorted(world.computers.values(), key=lambda c: c.fqdn)},
            "hosts": {c.fqdn: _host(world, c) for c in sorted(world.computers.values(), key=lambda c: c.fqdn)},
            "services": sorted(topology.identity(s) for s in topology.services),
            "users": {u.sip: _user(u) for u in sorted(world.ad, key=lambda u: u.sip) if not u.ad_only},
            "policies": _rows(world, "external_access_policy"),
            "access_edge": _plain(world.cms.row("access_edge_configuration", "Global") or {}),
            "xmpp_gateway": _plain(world.cms.row("xmpp_gateway_configuration", "Global") or {}),
            "xmpp_partners": _rows(world, "xmpp_allowed_partner"),
            "allowed_domains": _rows(world, "allowed_domain"),
            "hosting_providers": _rows(world, "hosting_provider"),
            "simple_urls": sorted(
                (
                    [
                        _plain(url)
                        for url in (world.cms.row("simple_url_configuration", "Global") or {}).get("SimpleUrl") or ()
                    ]
                ),
                key=lambda url: (url["Component"], url["Domain"]),
            ),
            "gateway": _gateway(world),
            "ocs": ocs(world),
            "directory": directory(world),
            "central_management": central(world),
            "conference_directories": _rows(world, "conference_directory"),
            "replicas": {fqdn: _replica(world, fqdn) for fqdn in sorted(world.replicas)},
            "dns": _dns(world),
            "unknowns": dict(sorted(world.unknowns.items())),
            "violations": [{k: v for k, v in violation.items() if k != "at"} for violation in world.laws.violations],
            "server_made": _server_made(world),
        }


def _plain(row: Row) -> dict[str, Any]:
    return {key: _value(value) for key, value in row.items() if key not in SECRET}


def _value(value: Any) -> Any:
    if isinstance(value, SecureString):
        return "(secret)"
    if isinstance(value, Mapping):
        return _plain(value)
    if isinstance(value, tuple | list):
        return [_value(item) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value if not isinstance(value, str) else str(value)
    return str(value)


def _rows(world: World, kind: str) -> dict[str, Any]:
    return {identity: _plain(row) for identity, row in sorted(world.cms.rows(kind).items())}


def _site(world: World, name: str) -> dict[str, Any]:
    row = world.cms.row("site", name) or {}
    return {
        "federation_route": row.get("FederationRoute"),
        "xmpp_route": row.get("XmppFederationRoute"),
        "description": row.get("Description"),
    }


def _site_name(topology: Topology, cluster: Cluster) -> str:
    site = topology.site_of(cluster)
    return site.name if site else ""


def _pool(topology: Topology, cluster: Cluster) -> dict[str, Any]:
    registrar = topology.role_on(cluster, "Registrar")
    edge = service_properties(topology, registrar).get("EdgeServer") if registrar else None
    return {
        "site": _site_name(topology, cluster),
        "version": topology.version_of(cluster),
        "computers": sorted(m.fqdn for m in cluster.machines),
        "edge": edge.partition(":")[2] if edge else None,
        "roles": sorted({s.role for s in topology.services_on(cluster)}),
    }


def _edge(topology: Topology, cluster: Cluster) -> dict[str, Any]:
    service = topology.role_on(cluster, "EdgeServer")
    if not isinstance(service, Service):
        return {}
    p = service_properties(topology, service)
    return {
        "site": _site_name(topology, cluster),
        "version": service.version,
        "next_hop": (p["Registrar"] or "").partition(":")[2] or None,
        "access_fqdn": p["AccessEdgeExternalFqdn"],
        "web_conferencing_fqdn": p["DataEdgeExternalFqdn"],
        "av_fqdn": p["AVEdgeExternalFqdn"],
        "federation_port": p["AccessEdgeExternalSipPort"],
        "xmpp_listening_port": p["XmppListeningPort"],
        "xmpp_internal_port": p["XmppInternalPort"],
        "computers": {
            m.fqdn: {
                "internal": m.address("Internal"),
                "external": m.address("External"),
                "public": next((i.configured for i in m.interfaces if i.side == "External" and i.configured), None),
            }
            for m in sorted(cluster.machines, key=lambda m: m.fqdn)
        },
    }


def _computer(world: World, computer: Computer) -> dict[str, Any]:
    listeners = listening_ports(world, computer)
    return {
        "role": computer.role,
        "joined": computer.joined,
        "tools": computer.edition,
        "local_store": computer.local_store_created,
        "components": sorted(computer.components),
        "windows_services": {name: s.status for name, s in sorted(computer.windows_services.items())},
        "certificates": _assigned(computer),
        "listening": sorted({f"{x.address}:{x.port}/{x.protocol.lower()}" for x in listeners}),
        "restart_pending": computer.wants_restart,
    }


def _host(world: World, computer: Computer) -> dict[str, Any]:
    """Windows itself: what is installed on it and what was set."""
    roots = computer.certificates.stores["Root"] if isinstance(computer.certificates, CertificateStore) else {}
    return {
        "name": f"{computer.host}.{computer.dns_suffix}".rstrip("."),
        "features": sorted(computer.features),
        "packages": dict(sorted(computer.packages.items())),
        "sql_instances": sorted(computer.sql_instances),
        "registry": computer.registry.set_by_callers(),
        "hosts_file": [f"{address} {' '.join(names)}" for address, names in entries(world, computer)],
        "trusted_roots": sorted(common_name(s.certificate) for s in roots.values()),
        "restart_pending": sorted(computer.pending | ({"features"} if computer.restart_pending else set())),
        "suffix_pending": suffix_pending(computer),
    }


def _assigned(computer: Computer) -> dict[str, Any]:
    store = computer.certificates
    if not isinstance(store, CertificateStore):
        return {}
    found: dict[str, Any] = {}
    for assignment in sorted(store.assignments.values(), key=lambda a: a.use):
        stored = store.find(assignment.thumbprint)
        if stored is not None:
            certificate = stored.certificate
            found[assignment.use] = {
                "subject": common_name(certificate),
                "names": sorted(names_of(certificate)),
                "issuer": certificate.issuer.rfc4514_string(),
                "key": stored.key is not None,
            }
    return found


def _user(user: Any) -> dict[str, Any]:
    return {
        "display_name": user.display_name,
        "enabled": user.enabled,
        "pool": user.registrar_pool,
        "moving_to": user.target_registrar_pool,
        "hosting_provider": user.hosting_provider,
        "policies": dict(sorted(user.policies.items())),
    } | ({"home_server": user.home_server} if user.home_server else {})


def _gateway(world: World) -> dict[str, Any] | None:
    from .paths import gateway_running

    if world.gateway is None:
        return None
    return {
        "fqdn": world.gateway.fqdn,
        "address": world.gateway.address,
        "edge": world.gateway.edge,
        "partners": sorted(world.gateway.partners),
        "running": gateway_running(world),
    }


def _replica(world: World, fqdn: str) -> dict[str, Any]:
    replica = world.replicas[fqdn]
    return {"enabled": replica.enabled, "up_to_date": replica.version == world.cms.version}


def _dns(world: World) -> dict[str, Any]:
    return {
        zone: {
            f"{name} {kind}": {"ttl": rrset.ttl, "values": list(rrset.values)}
            for (name, kind), rrset in sorted(records.items())
        }
        for zone, records in sorted(world.zones.zones.items())
    }


def _server_made(world: World) -> dict[str, Any]:
    thumbprints = {
        computer.fqdn: {
            a.use: a.thumbprint for a in sorted(computer.certificates.assignments.values(), key=lambda a: a.use)
        }
        for computer in sorted(world.computers.values(), key=lambda c: c.fqdn)
        if isinstance(computer.certificates, CertificateStore)
    }
    return {
        "time": world.clock.now().isoformat(),
        "topology_signature": world.cms.topology.signature,
        "store_version": world.cms.version,
        "replica_versions": {fqdn: replica.version for fqdn, replica in sorted(world.replicas.items())},
        "thumbprints": thumbprints,
        "restarts": {c.fqdn: c.boots for c in sorted(world.computers.values(), key=lambda c: c.fqdn) if c.boots},
        "cluster_ids": {c.fqdn: c.key for c in world.cms.topology.clusters},
    }
