# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Additions to a published topology beside Front End pools: Edge pools, federation and XMPP, a pool's Edge.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from dataclasses import dataclass

from . import ports as _ports
from . import products as _products
from .adder import Adder, dependency, edge_service, interface, need_free, product_of
from .compare import Asked
from .document import NS_ROLES, Additions, Element, TopologyError
from .front_end import EnterprisePool, StandardPool, add_enterprise_pool, add_standard_pool
from .reading import Topology, parse

__all__ = [
    "FEDERATION_PORT", "XMPP_PORTS", "EdgeMachine", "EdgePool", "EnterprisePool", "StandardPool", "add_edge_pool",
    "add_enterprise_pool", "add_federation", "add_standard_pool", "add_xmpp", "asked_of", "set_edge_of",
]  # fmt: skip

FEDERATION_PORT = ("AccessEdge", "SipServer", "External")
XMPP_PORTS = (("XmppFederationProxy", "XmppServer", "External"), ("XmppFederationProxy", "XptServer", "Internal"))


@dataclass(frozen=True)
class EdgeMachine:
    fqdn: str
    internal_address: str
    external_address: str
    public_address: str | None = None  # what the external address is translated to


@dataclass(frozen=True)
class EdgePool:
    """An Edge pool whose three services share one external address, hence three ports."""

    fqdn: str
    site: str
    next_hop_fqdn: str
    machines: tuple[EdgeMachine, ...]
    access_fqdn: str
    web_conferencing_fqdn: str
    av_fqdn: str
    access_port: int = 5061
    web_conferencing_port: int = 444
    av_port: int = 443


def add_edge_pool(topology: Topology, edge: EdgePool) -> Topology:
    """The topology with the Edge pool added, without federation and without XMPP."""
    _check(topology, edge)
    next_hop = topology.role_on(edge.next_hop_fqdn, "Registrar")
    if next_hop is None:
        raise TopologyError(
            f"The Edge pool {edge.fqdn} wants {edge.next_hop_fqdn} as next hop, but the topology has no such pool."
        )
    add = Adder(topology, edge.site)
    machines = tuple(
        Element(
            "Machine",
            (("OrdinalInCluster", str(ordinal)), ("Fqdn", machine.fqdn)),
            (
                interface("Internal", machine.internal_address),
                interface("External", machine.external_address, machine.public_address),
            ),
        )
        for ordinal, machine in enumerate(edge.machines, 1)
    )
    cluster = add.cluster(edge.fqdn, machines)
    table = _ports.EDGE_SERVER.format(
        access_port=edge.access_port,
        web_conferencing_port=edge.web_conferencing_port,
        av_port=edge.av_port,
        access_fqdn=edge.access_fqdn,
        web_conferencing_fqdn=edge.web_conferencing_fqdn,
        av_fqdn=edge.av_fqdn,
    )
    add.service("EdgeServer", cluster, (next_hop.key,), table, role_version="2")
    add.service("ManagementServices", cluster, (), _ports.MANAGEMENT_SERVICES)
    return add.done()


def _check(topology: Topology, edge: EdgePool) -> None:
    if not edge.machines:
        raise TopologyError(f"The Edge pool {edge.fqdn} needs at least one computer.")
    external = {edge.access_port, edge.web_conferencing_port, edge.av_port}
    if len(external) != 3:
        raise TopologyError(
            f"The Edge pool {edge.fqdn} has one external address for its three services, so their ports have to differ."
        )
    seen: set[str] = set()
    addresses: dict[str, str] = {}
    for machine in edge.machines:
        if machine.fqdn.casefold() in seen:
            raise TopologyError(f"The Edge pool {edge.fqdn} has the computer {machine.fqdn} twice.")
        seen.add(machine.fqdn.casefold())
        if len(edge.machines) > 1 and machine.fqdn.casefold() == edge.fqdn.casefold():
            raise TopologyError(
                f"The Edge pool {edge.fqdn} has several computers, so its FQDN cannot be that of one of them."
            )
        for one in (machine.internal_address, machine.external_address):
            if one in addresses:
                raise TopologyError(
                    f"The Edge pool {edge.fqdn} has the address {one} on {addresses[one]} and on {machine.fqdn}: each "
                    "interface has an address of its own."
                )
            addresses[one] = machine.fqdn
        need_free(topology, machine.fqdn)


def _add_ports(topology: Topology, fqdn: str, table: str) -> Topology:
    additions = Additions(topology.data)
    target = edge_service(topology, fqdn).node.one("Ports", NS_ROLES)
    for port in _ports.ports(table):
        additions.append(target, port)
    return parse(additions.apply())


def add_federation(topology: Topology, fqdn: str) -> Topology:
    """The topology with SIP federation enabled on an Edge pool; itself where it is."""
    edge = edge_service(topology, fqdn)
    if topology.has_federation(fqdn):
        return topology
    client = edge.port("AccessEdge", "SipClient", "External")
    if client is None or not client.configured_fqdn:
        raise TopologyError(f"The Edge pool {fqdn} has no Access Edge service with an external FQDN in the topology.")
    return _add_ports(topology, fqdn, _ports.FEDERATION.format(access_fqdn=client.configured_fqdn))


def add_xmpp(topology: Topology, fqdn: str) -> Topology:
    """The topology with XMPP federation enabled on an Edge pool; itself where it is."""
    edge = edge_service(topology, fqdn)
    products = [one for one in _products.PRODUCTS.values() if one.service_version == edge.version]
    cluster = topology.pool(fqdn)
    if cluster is None or topology.is_legacy(cluster) or not all(one.has_xmpp for one in products) or not products:
        product = product_of(topology, cluster) if cluster else None
        raise TopologyError(f"The Edge pool {fqdn} is of {product or 'an unknown product'}, which has no XMPP proxy.")
    if topology.has_xmpp(fqdn):
        return topology
    return _add_ports(topology, fqdn, _ports.XMPP)


def set_edge_of(topology: Topology, pool_fqdn: str, edge_fqdn: str) -> Topology:
    """The topology in which a pool's Registrar and conferencing use the Edge pool."""
    wanted = edge_service(topology, edge_fqdn).key
    if topology.role_on(pool_fqdn, "Registrar") is None:
        raise TopologyError(f"The topology has no pool {pool_fqdn} with a Registrar.")
    additions = Additions(topology.data)
    for role in ("Registrar", "ConfServices", "MediationServer"):
        service = topology.role_on(pool_fqdn, role)
        if service is None or wanted in service.depends:
            continue
        target = service.node.one("DependsOn")
        identities = [d.one("ServiceId") for d in target.all("Dependency")]
        current = [node for node in identities if node.get("RoleName") == "EdgeServer"]
        if current:
            additions.set_attribute(current[0], "SiteId", wanted[0])
            additions.set_attribute(current[0], "Instance", str(wanted[2]))
        else:
            additions.append(target, dependency(wanted))
    return parse(additions.apply())


def asked_of(pool: str | None = None, edge: str | None = None, ports_of: str | None = None,
             edge_of: str | None = None, hosts: tuple[str, ...] = ()) -> Asked:  # fmt: skip
    """What `unintended` has to allow for these additions, each named by the FQDN of its pool."""
    pools = {fqdn.casefold() for fqdn in (pool, edge) if fqdn}
    wanted = {(ports_of.casefold(), *port) for port in (FEDERATION_PORT, *XMPP_PORTS)} if ports_of else set()
    return Asked(pools, wanted, {edge_of.casefold()} if edge_of else set(), {fqdn.casefold() for fqdn in hosts})
