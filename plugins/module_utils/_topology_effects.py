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

from ._calls import UNKNOWN, Effect
from ._collections import ORGANISATION
from ._topology import Cluster, Service, Topology

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


def derive(topology: Topology) -> Rows:
    """collection -> identity -> properties, for all that a document says."""
    rows: Rows = {name: {} for name in ("site", "pool", "computer", "edge_server", "registrar", "front_end_service")}
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
    return rows


def _replicas(topology: Topology) -> set[str]:
    return {machine.fqdn for cluster in topology.clusters if cluster.replicated for machine in cluster.machines}


def effects(before: Topology, after: Topology) -> tuple[Effect, ...]:
    """What publishing `after` in place of `before` changes, row by row. The signature is the server's to make."""
    if before.text == after.text:
        return ()
    found = [Effect(TOPOLOGY_DOCUMENT, ORGANISATION, DOCUMENT, {".": after.text})]
    old, new = derive(before), derive(after)
    for collection, rows in new.items():
        for identity, properties in rows.items():
            known: Mapping[str, Any] = old[collection].get(identity, {})
            changed = {name: value for name, value in properties.items() if name not in known or known[name] != value}
            if changed:
                found.append(Effect(collection, ORGANISATION, identity, changed))
        found += [
            Effect(collection, ORGANISATION, identity, None) for identity in old[collection] if identity not in rows
        ]
    for fqdn in sorted(_replicas(after) - _replicas(before)):
        found.append(Effect("replica", ORGANISATION, fqdn, {"ReplicaFqdn": fqdn, "UpToDate": UNKNOWN}))
    return tuple(found)
