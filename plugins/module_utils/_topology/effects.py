# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a topology document means for everything that is read out of it: Get-CsPool, Get-CsService and their kin.

Property names and forms are those that the cmdlets print; a port that is not in use is null, not 0. What is kept beside
the document (federation routes, display names) is not said here, so a reader keeps what it knows of it.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._engine.calls import UNKNOWN, Effect
from .._engine.collections import ORGANISATION
from .reading import Cluster, Service, Topology

Rows = dict[str, dict[str, dict[str, Any]]]

TOPOLOGY_DOCUMENT = "topology_document"
DOCUMENT = "document"


def _number(service: Service, owner: str, usage: str, side: str, protocol: str | None = None) -> int | None:
    port = service.port(owner, usage, side, protocol)
    return port.port if port else None


def _fqdn(service: Service, owner: str, usage: str) -> str | None:
    port = service.port(owner, usage, "External")
    return port.configured_fqdn if port else None


def _target(topology: Topology, service: Service, role_name: str) -> str | None:
    for key in service.depends:
        if key[1] == role_name and (target := topology.by_key(key)):
            return topology.identity(target)
    return None


def _edge(topology: Topology, service: Service) -> dict[str, Any]:
    return {
        "Registrar": _target(topology, service, "Registrar"),
        "AccessEdgeInternalSipPort": _number(service, "AccessEdge", "SipServer", "Internal"),
        "AccessEdgeExternalSipPort": _number(service, "AccessEdge", "SipServer", "External"),
        "AccessEdgeClientSipPort": _number(service, "AccessEdge", "SipClient", "External"),
        "AccessEdgeExternalFqdn": _fqdn(service, "AccessEdge", "SipClient"),
        "DataEdgeExternalFqdn": _fqdn(service, "DataEdge", "PsomClient"),
        "AVEdgeExternalFqdn": _fqdn(service, "MediaRelayEdge", "TURNServer"),
        "InternalInterfaceFqdn": topology.fqdn_of(service),
        "XmppListeningPort": _number(service, "XmppFederationProxy", "XmppServer", "External"),
        "XmppInternalPort": _number(service, "XmppFederationProxy", "XptServer", "Internal"),
    }


def _registrar(topology: Topology, service: Service) -> dict[str, Any]:
    return {
        "EdgeServer": _target(topology, service, "EdgeServer"),
        "XmppGatewaySipPort": _number(service, "XmppFederation", "SipServer", "Primary"),
    }


def _service(topology: Topology, service: Service) -> dict[str, Any]:
    return {
        "Identity": topology.identity(service),
        "PoolFqdn": topology.fqdn_of(service),
        "SiteId": f"Site:{topology.sites.get(service.key[0], service.key[0])}",
        "Version": service.version,
        "ServiceId": "-".join(map(str, service.key)),
        "DependentServiceList": [topology.identity(s) for s in topology.services if service.key in s.depends],
    }


def _pool(topology: Topology, cluster: Cluster) -> dict[str, Any]:
    return {
        "Identity": cluster.fqdn,
        "Fqdn": cluster.fqdn,
        "Site": f"Site:{topology.site_of(cluster)}",
        "Computers": [machine.fqdn for machine in cluster.machines],
        "Services": [topology.identity(service) for service in topology.on(cluster)],
    }


#: Collections that are read out of the document.
_DERIVED = ("site", "sip_domain", "pool", "computer", "edge_server", "registrar", "web_server", "front_end_service")
#: What a sketch cannot tell of a row: numbers, and what else belongs to it.
_UNTOLD = frozenset({"ServiceId", "SiteId", "DependentServiceList", "Services", "Pools"})


def derive(topology: Topology) -> Rows:
    """collection -> identity -> properties, for all that a document says."""
    rows: Rows = {name: {} for name in _DERIVED}
    for name in topology.domains:
        default = name.casefold() == topology.default_domain.casefold()
        rows["sip_domain"][name] = {"Identity": name, "Name": name, "IsDefault": default}
    for site_id, name in topology.sites.items():
        rows["site"][f"Site:{name}"] = {
            "Identity": f"Site:{name}",
            "SiteId": site_id,
            "Services": [topology.identity(s) for s in topology.services if s.key[0] == site_id],
            "Pools": [cluster.fqdn for cluster in topology.clusters if cluster.key[0] == site_id],
        }
    for cluster in topology.clusters:
        rows["pool"][cluster.fqdn] = _pool(topology, cluster)
        for machine in cluster.machines:
            rows["computer"][machine.fqdn] = {"Identity": machine.fqdn, "Fqdn": machine.fqdn, "Pool": cluster.fqdn}
    for service in topology.services:
        row = _service(topology, service)
        rows["front_end_service"][row["Identity"]] = {**row, "Role": service.role}
        if service.role_name == "EdgeServer":
            rows["edge_server"][row["Identity"]] = {**row, **_edge(topology, service)}
        elif service.role_name == "Registrar":
            rows["registrar"][row["Identity"]] = {**row, **_registrar(topology, service)}
        elif service.role_name == "WebServices":
            rows["web_server"][row["Identity"]] = {"Identity": row["Identity"], "PoolFqdn": row["PoolFqdn"]}
    return rows


def _replicas(topology: Topology) -> set[str]:
    return {machine.fqdn for cluster in topology.clusters if cluster.replicated for machine in cluster.machines}


def effects(before: Topology | None, after: Topology) -> tuple[Effect, ...]:
    """What publishing `after` in place of `before`, or of nothing, changes, row by row. The signature is the server's to
    make. Of a sketch only what was asked for is told."""
    if before is not None and before.text == after.text:
        return ()
    found = [Effect(TOPOLOGY_DOCUMENT, ORGANISATION, DOCUMENT, {".": after.text})]
    old: Rows = derive(before) if before is not None else {name: {} for name in _DERIVED}
    for collection, rows in derive(after).items():
        for identity, properties in rows.items():
            known: Mapping[str, Any] = old[collection].get(identity, {})
            changed = {name: value for name, value in properties.items() if name not in known or known[name] != value}
            if changed and after.is_sketch:
                changed = _told(collection, changed, bool(known))
            if changed:
                found.append(Effect(collection, ORGANISATION, identity, changed))
        found += [
            Effect(collection, ORGANISATION, identity, None) for identity in old[collection] if identity not in rows
        ]
    there = _replicas(before) if before is not None else set()
    for fqdn in sorted(_replicas(after) - there):
        found.append(Effect("replica", ORGANISATION, fqdn, {"ReplicaFqdn": fqdn, "UpToDate": UNKNOWN}))
    return tuple(found)


def _told(collection: str, changed: Mapping[str, Any], known: bool) -> dict[str, Any]:
    """Of a row that was there, only the sketch's own properties; of a new one all but its number."""
    unknown = _UNTOLD if known or collection == "site" else ("ServiceId",)
    return {name: UNKNOWN if name in unknown else value for name, value in changed.items()}
