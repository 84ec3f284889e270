# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pools of a topology for people: what a diff shows and a result returns.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from typing import Any

from .adder import product_of
from .document import NS_ROLES
from .front_end import share_of, unc
from .reading import Cluster, Service, Topology


def view(topology: Topology, *fqdns: str) -> dict[str, Any]:
    """The named pools by their FQDN."""
    found: dict[str, Any] = {}
    for name in fqdns:
        cluster = topology.pool(name)
        if cluster is None:
            continue
        row: dict[str, Any] = {
            "site": topology.site_of(cluster),
            "product": product_of(topology, cluster),
            "computers": [machine.fqdn for machine in cluster.machines],
            "services": sorted(service.role for service in topology.on(cluster)),
        }
        edge = topology.role_on(name, "EdgeServer")
        if edge:
            row["federation"], row["xmpp"] = topology.has_federation(name), topology.has_xmpp(name)
            row |= _edge(cluster, edge)
        if topology.role_on(name, "Registrar"):
            row["edge"] = topology.edge_of(name)
            row |= {key: value for key, value in pool_of(topology, cluster).items() if key != "computers"}
        found[cluster.fqdn] = row
    return found


def _edge(cluster: Cluster, edge: Service) -> dict[str, Any]:
    names = {}
    for key, owner, usage in (
        ("access", "AccessEdge", "SipClient"),
        ("web_conferencing", "DataEdge", "PsomClient"),
        ("av", "MediaRelayEdge", "TURNServer"),
    ):
        port = edge.port(owner, usage, "External")
        names[key] = f"{port.configured_fqdn}:{port.port}" if port else None
    addresses = {}
    for machine in cluster.machines:
        sides = {one.attributes.get("InterfaceSide"): one.attributes for one in machine.node.all("NetInterface")}
        outside = sides.get("External", {})
        addresses[machine.fqdn] = {
            "internal": sides.get("Internal", {}).get("IPAddress"),
            "external": outside.get("IPAddress"),
            "public": outside.get("ConfiguredIPAddress"),
        }
    return {"external_names": names, "addresses": addresses}


def pool_of(topology: Topology, cluster: Cluster) -> dict[str, Any]:
    """What a Front End pool consists of beside its services."""
    users = topology.role_on(cluster.fqdn, "UserServices")
    web = topology.role_on(cluster.fqdn, "WebServices")
    store = topology.target(users, "UserStore")
    files = topology.target(web, "FileStore") or topology.target(users, "FileStore")
    machines = [machine.fqdn for machine in cluster.machines]
    single = len(machines) == 1 and machines[0].casefold() == cluster.fqdn.casefold()
    found: dict[str, Any] = {"kind": "standard" if single else "enterprise", "computers": machines}
    if store:
        found["sql"] = f"{topology.fqdn_of(store)}\\{store.sql or ''}".rstrip("\\")
    share = share_of(files.node) if files else None
    if files and share:
        found["file_share"] = unc(topology.fqdn_of(files), share)
    host = _external_web(web) if web else None
    if host:
        found["external_web_fqdn"] = host
    if topology.role_on(cluster.fqdn, "CentralMgmt"):
        found["central_management"] = True
    return found


def _external_web(web: Service) -> str | None:
    for service in web.node.all("WebService", NS_ROLES):
        for settings in service.all("ExternalSettings", NS_ROLES):
            return settings.attributes.get("Host")
    return None
