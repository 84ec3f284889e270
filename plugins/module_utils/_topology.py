# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The published topology as Lync administrators see it: sites, pools, computers, services and their ports.

Reading only; additions are made by _topology_edit, what they mean for other reads is said by _topology_effects.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ._topology_document import (
    NS,
    NS_ROLES,
    Node,
    TopologyError,
    decode,
    read,
)

#: RoleName in the document -> the role in the identity of a service, as Get-CsService prints it.
ROLES: Mapping[str, str] = {
    "UserServices": "UserServer",
    "Registrar": "Registrar",
    "UserStore": "UserDatabase",
    "FileStore": "FileStore",
    "WebServices": "WebServer",
    "ConfServices": "ConferencingServer",
    "ApplicationServer": "ApplicationServer",
    "ApplicationStore": "ApplicationDatabase",
    "CentralMgmt": "CentralManagement",
    "CentralMgmtStore": "CentralManagementDatabase",
    "MediationServer": "MediationServer",
    "PstnGateway": "PstnGateway",
    "EdgeServer": "EdgeServer",
    "ManagementServices": "ManagementServer",
    "WacService": "WacServer",
    "ArchivingStore": "ArchivingDatabase",
    "MonitoringStore": "MonitoringDatabase",
}

ClusterKey = tuple[str, int]
ServiceKey = tuple[str, str, int]


@dataclass(frozen=True)
class Port:
    owner: str  # without "urn:component:"
    usage: str
    side: str
    port: int
    protocol: str
    range: int | None = None
    configured_fqdn: str | None = None


@dataclass(frozen=True)
class Machine:
    fqdn: str
    node: Node = field(repr=False, compare=False)


@dataclass(frozen=True)
class Cluster:
    """A pool, a SQL host, a file server, a gateway: whatever services are installed on."""

    key: ClusterKey
    fqdn: str
    replicated: bool
    machines: tuple[Machine, ...]
    node: Node = field(repr=False, compare=False)


@dataclass(frozen=True)
class Service:
    key: ServiceKey
    version: int
    cluster: ClusterKey
    depends: tuple[ServiceKey, ...]
    ports: tuple[Port, ...]
    node: Node = field(repr=False, compare=False)

    @property
    def role_name(self) -> str:
        return self.key[1]

    @property
    def role(self) -> str:
        return ROLES.get(self.key[1], self.key[1])

    def port(self, owner: str, usage: str, side: str, protocol: str | None = None) -> Port | None:
        for port in self.ports:
            if (port.owner, port.usage, port.side) == (owner, usage, side) and protocol in (None, port.protocol):
                return port
        return None


@dataclass(frozen=True)
class Topology:
    text: str
    signature: str
    domains: tuple[str, ...]
    default_domain: str
    sites: Mapping[str, str]  # SiteId -> name
    clusters: tuple[Cluster, ...]
    services: tuple[Service, ...]
    root: Node = field(repr=False, compare=False)
    data: bytes = field(repr=False, compare=False)

    @cached_property
    def _by_key(self) -> dict[ClusterKey, Cluster]:
        return {cluster.key: cluster for cluster in self.clusters}

    def pool(self, fqdn: str) -> Cluster | None:
        return next((c for c in self.clusters if c.fqdn.casefold() == fqdn.casefold()), None)

    def pool_of(self, computer: str) -> Cluster | None:
        """The pool that a computer is in."""
        wanted = computer.casefold()
        return next((c for c in self.clusters if any(m.fqdn.casefold() == wanted for m in c.machines)), None)

    def site_id(self, name: str) -> str:
        found = [key for key, value in self.sites.items() if value.casefold() == name.casefold()]
        if len(found) != 1:
            raise TopologyError(
                f"The topology has no site named {name!r}; it has {', '.join(map(repr, self.sites.values())) or 'none'}."
            )
        return found[0]

    def site_of(self, cluster: Cluster) -> str:
        return self.sites.get(cluster.key[0], cluster.key[0])

    def on(self, cluster: Cluster) -> tuple[Service, ...]:
        return tuple(service for service in self.services if service.cluster == cluster.key)

    def role_on(self, fqdn: str, role_name: str) -> Service | None:
        cluster = self.pool(fqdn)
        if cluster is None:
            return None
        return next((service for service in self.on(cluster) if service.role_name == role_name), None)

    def version_of(self, cluster: Cluster) -> int | None:
        return max((service.version for service in self.on(cluster)), default=None)

    def by_key(self, key: ServiceKey) -> Service | None:
        return next((service for service in self.services if service.key == key), None)

    def fqdn_of(self, service: Service) -> str:
        return self._by_key[service.cluster].fqdn

    def identity(self, service: Service) -> str:
        """As Get-CsService prints it: EdgeServer:edge.contoso.com"""
        return f"{service.role}:{self.fqdn_of(service)}"

    def edge_of(self, pool_fqdn: str) -> str | None:
        """FQDN of the Edge pool that a pool's Registrar uses."""
        registrar = self.role_on(pool_fqdn, "Registrar")
        for key in registrar.depends if registrar else ():
            if key[1] == "EdgeServer":
                edge = self.by_key(key)
                return self.fqdn_of(edge) if edge else None
        return None

    def has_federation(self, edge_fqdn: str) -> bool:
        edge = self.role_on(edge_fqdn, "EdgeServer")
        return edge is not None and edge.port("AccessEdge", "SipServer", "External") is not None

    def has_xmpp(self, edge_fqdn: str) -> bool:
        edge = self.role_on(edge_fqdn, "EdgeServer")
        return edge is not None and edge.port("XmppFederationProxy", "XmppServer", "External") is not None

    def xmpp_edges(self) -> tuple[str, ...]:
        """FQDNs of the Edge pools on which XMPP federation is enabled."""
        edges = (self.fqdn_of(service) for service in self.services if service.role_name == "EdgeServer")
        return tuple(fqdn for fqdn in edges if self.has_xmpp(fqdn))


def _flag(node: Node, name: str) -> bool:
    value = node.get(name)
    if value not in ("true", "false", "0", "1"):
        raise TopologyError(f"The topology document has {name}={value[:40]!r} in {node.name}, which is no Boolean.")
    return value in ("true", "1")


def cluster_key(node: Node) -> ClusterKey:
    return (node.get("SiteId"), node.number("Number"))


def service_key(node: Node) -> ServiceKey:
    return (node.get("SiteId"), node.get("RoleName"), node.number("Instance"))


def _cluster(node: Node) -> Cluster:
    machines = tuple(Machine(machine.get("Fqdn"), machine) for machine in node.all("Machine"))
    key = cluster_key(node.one("ClusterId"))
    return Cluster(key, node.get("Fqdn"), _flag(node, "RequiresReplication"), machines, node)


def _port(node: Node) -> Port:
    return Port(
        node.get("Owner").removeprefix("urn:component:"),
        node.get("Usage"),
        node.get("InterfaceSide"),
        node.number("Port"),
        node.get("Protocol"),
        node.number("Range") if "Range" in node.attributes else None,
        node.attributes.get("ConfiguredFqdn"),
    )


def _service(node: Node) -> Service:
    installed = node.one("InstalledOn")
    instances = installed.all("SqlInstanceId")
    host = (instances[0] if instances else installed).one("ClusterId")
    depends = tuple(service_key(d.one("ServiceId")) for d in node.one("DependsOn").all("Dependency"))
    ports = tuple(_port(port) for port in node.one("Ports", NS_ROLES).all("Port", NS_ROLES))
    key = service_key(node.one("ServiceId"))
    return Service(key, node.number("ServiceVersion"), cluster_key(host), depends, ports, node)


def parse(document: bytes | str) -> Topology:
    """Read a published topology; TopologyError with one sentence where it is not a whole one."""
    text = decode(document)
    root, data = read(text)
    domains = root.one("InternalDomains")
    topology = Topology(
        text,
        root.get("Signature"),
        tuple(domain.get("Name") for domain in domains.all("InternalDomain")),
        domains.get("DefaultDomain"),
        {s.get("SiteId"): s.one("Name").text.strip() for s in root.one("Sites").all("CentralSite")},
        tuple(_cluster(node) for node in root.one("Clusters").all("Cluster")),
        tuple(_service(node) for node in root.one("Services").all("Service")),
        root,
        data,
    )
    _check(topology)
    return topology


def _once(values: list[Any], what: str) -> None:
    seen = set()
    for value in values:
        if value in seen:
            shown = value if isinstance(value, str) else "-".join(map(str, value))
            raise TopologyError(f"The topology document has {what} {shown} more than once.")
        seen.add(value)


def _check(topology: Topology) -> None:
    _once([cluster.key for cluster in topology.clusters], "the cluster")
    _once([service.key for service in topology.services], "the service")
    _once([cluster.fqdn.casefold() for cluster in topology.clusters], "the pool or server")
    _once([m.fqdn.casefold() for cluster in topology.clusters for m in cluster.machines], "the computer")
    clusters = {cluster.key for cluster in topology.clusters}
    services = {service.key for service in topology.services}
    for service in topology.services:
        name = "-".join(map(str, service.key))
        if service.cluster not in clusters:
            raise TopologyError(
                f"The topology document installs the service {name} on the cluster {service.cluster[0]}:"
                f"{service.cluster[1]}, which it does not have."
            )
        for key in service.depends:
            if key not in services:
                raise TopologyError(
                    f"The topology document makes the service {name} depend on {'-'.join(map(str, key))}, "
                    "which it does not have."
                )


def check_fresh(document: Topology, published: Topology) -> None:
    """A document that was not made from the published one would take back what others published since."""
    if document.signature.casefold() != published.signature.casefold():
        raise TopologyError(
            f"The topology document has the signature {document.signature}, but the published topology has "
            f"{published.signature}: somebody has published since it was read; read it again."
        )


def difference(before: Topology, after: Topology) -> str:
    """What changes, for people to read."""
    lines = difflib.unified_diff(
        before.text.splitlines(), after.text.splitlines(), "published topology", "declared topology", lineterm="", n=2
    )
    return "".join(line + "\n" for line in lines)


# --- what must not happen


@dataclass(frozen=True)
class Asked:
    """What a change may do to a topology; all else is unintended. FQDNs are lower-case."""

    pools: Collection[str] = ()  # pools that may appear, with all that is installed on them
    edge_ports: Collection[tuple[str, str, str, str]] = ()  # (Edge FQDN, owner, usage, side) of ports that may appear
    edge_of: Collection[str] = ()  # pools whose services may get another Edge


def _items(root: Node, group: str, item: str, identity: str) -> dict[tuple[Any, ...], Node]:
    return {node.one(identity).canonical(): node for node in root.one(group).all(item)}


def _rest(service: Service) -> tuple[Any, ...]:
    """The service without its dependencies and ports, which are compared one by one."""
    parts: list[Any] = [sorted(service.node.attributes.items())]
    for child in service.node.children:
        if (child.namespace, child.name) in ((NS, "DependsOn"), (NS_ROLES, "Ports")):
            parts.append((child.namespace, child.name, sorted(child.attributes.items()), child.text.strip()))
        else:
            parts.append(child.canonical())
    return tuple(parts)


def _altered(service: Service, other: Service, fqdn: str, asked: Asked) -> bool:
    if _rest(service) != _rest(other):
        return True
    depends, depends_now = (
        [d.canonical() for d in one.node.one("DependsOn").children if not _edge_dependency(d, fqdn, asked)]
        for one in (service, other)
    )
    if depends != depends_now:
        return True
    ports = [port.canonical() for port in service.node.one("Ports", NS_ROLES).children]
    for port in other.node.one("Ports", NS_ROLES).children:
        if port.canonical() in ports:
            ports.remove(port.canonical())
            continue
        owner = port.attributes.get("Owner", "").removeprefix("urn:component:")
        if (fqdn, owner, port.attributes.get("Usage"), port.attributes.get("InterfaceSide")) not in asked.edge_ports:
            return True
    return bool(ports)


def _edge_dependency(node: Node, fqdn: str, asked: Asked) -> bool:
    return fqdn in asked.edge_of and service_key(node.one("ServiceId"))[1] == "EdgeServer"


def unintended(before: Topology, after: Topology, asked: Asked) -> list[str]:
    """What differs between two documents although nobody asked for it, one sentence each."""
    found: list[str] = []
    old, new = before.root, after.root
    for name in sorted({*old.attributes, *new.attributes} - {"Signature"}):
        if old.attributes.get(name) != new.attributes.get(name):
            found.append(f"The attribute {name} of the topology would change.")
    tracked = {(NS, name) for name in ("Clusters", "SqlInstances", "Services")}
    rest_old = [c.canonical() for c in old.children if (c.namespace, c.name) not in tracked]
    rest_new = [c.canonical() for c in new.children if (c.namespace, c.name) not in tracked]
    if rest_old != rest_new:
        found.append("SIP domains, sites or other general parts of the topology would change.")

    clusters_old, clusters_new = {c.key: c for c in before.clusters}, {c.key: c for c in after.clusters}
    for key, cluster in clusters_old.items():
        if key not in clusters_new:
            found.append(f"The pool or server {cluster.fqdn} would be removed.")
        elif clusters_new[key].node.canonical() != cluster.node.canonical():
            found.append(f"The pool or server {cluster.fqdn} would be altered.")
    for key, cluster in clusters_new.items():
        if key not in clusters_old and cluster.fqdn.casefold() not in asked.pools:
            found.append(f"The pool or server {cluster.fqdn} would be added.")
    fresh = {key for key, c in clusters_new.items() if key not in clusters_old and c.fqdn.casefold() in asked.pools}

    instances_old = _items(old, "SqlInstances", "SqlInstance", "SqlInstanceId")
    instances_new = _items(new, "SqlInstances", "SqlInstance", "SqlInstanceId")
    for identity, node in instances_old.items():
        if identity not in instances_new or instances_new[identity].canonical() != node.canonical():
            found.append("A SQL instance of the topology would be altered or removed.")
    for identity, node in instances_new.items():
        if identity not in instances_old and cluster_key(node.one("SqlInstanceId").one("ClusterId")) not in fresh:
            found.append("A SQL instance would be added to the topology.")

    services_old, services_new = {s.key: s for s in before.services}, {s.key: s for s in after.services}
    for service_id, service in services_old.items():
        name = before.identity(service)
        if service_id not in services_new:
            found.append(f"The service {name} would be removed.")
            continue
        if _altered(service, services_new[service_id], before.fqdn_of(service).casefold(), asked):
            found.append(f"The service {name} would be altered.")
    for service_id, service in services_new.items():
        if service_id not in services_old and service.cluster not in fresh:
            found.append(f"The service {after.identity(service)} would be added.")
    return found
