# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The published topology as Lync administrators see it: sites, pools, computers, services and their ports.

Reading only; additions are made by _topology_edit, what they mean for other reads is said by _topology_effects.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

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
#: SQL host and name of the instance in lower case; the default instance has none.
InstanceKey = tuple[ClusterKey, str]

#: The site that Merge-CsLegacyTopology makes for servers of Office Communications Server. Nobody has published what a
#: document has for them, so whatever it is stays as it is, and is understood as far as it looks like the rest.
LEGACY_SITE = "BackCompatSite"
#: Signature of a document that a dry run made up for one that is not known yet; see _topology_first.
SKETCH = "planned"


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
    version: int  # 0 where a server of BackCompatSite has none
    cluster: ClusterKey
    depends: tuple[ServiceKey, ...]
    ports: tuple[Port, ...]
    node: Node = field(repr=False, compare=False)
    sql: str | None = None  # name of the SQL Server instance that it is installed on

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
    instances: tuple[InstanceKey, ...]
    legacy_sites: frozenset[str]  # SiteIds of BackCompatSite
    unread: tuple[Node, ...] = field(repr=False, compare=False)  # servers, instances and services of unknown form
    root: Node = field(repr=False, compare=False)
    data: bytes = field(repr=False, compare=False)

    @property
    def is_sketch(self) -> bool:
        return self.signature == SKETCH

    @cached_property
    def reserved(self) -> frozenset[str]:
        """FQDNs in what is not understood."""
        return frozenset(
            value.casefold()
            for node in self.unread
            for one in _inside(node)
            for name, value in one.attributes.items()
            if name.casefold().endswith("fqdn")
        )

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
        return max((service.version for service in self.on(cluster)), default=0) or None

    def by_key(self, key: ServiceKey) -> Service | None:
        return next((service for service in self.services if service.key == key), None)

    def fqdn_of(self, service: Service) -> str:
        cluster = self._by_key.get(service.cluster)
        return cluster.fqdn if cluster else ":".join(map(str, service.cluster))

    def is_legacy(self, cluster: Cluster) -> bool:
        """It is a server of Office Communications Server."""
        return cluster.key[0] in self.legacy_sites

    def target(self, service: Service | None, role_name: str) -> Service | None:
        """The service of this role that a service depends on."""
        keys = service.depends if service else ()
        return next((found for key in keys if key[1] == role_name and (found := self.by_key(key))), None)

    def identity(self, service: Service) -> str:
        """As Get-CsService prints it: EdgeServer:edge.contoso.com"""
        return f"{service.role}:{self.fqdn_of(service)}"

    def edge_of(self, pool_fqdn: str) -> str | None:
        """FQDN of the Edge pool that a pool's Registrar uses."""
        edge = self.target(self.role_on(pool_fqdn, "Registrar"), "EdgeServer")
        return self.fqdn_of(edge) if edge else None

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
    return Service(
        service_key(node.one("ServiceId")),
        node.number("ServiceVersion"),
        cluster_key(host),
        depends,
        ports,
        node,
        instances[0].get("Name") if instances else None,
    )


def _instance(node: Node) -> InstanceKey:
    identity = node.one("SqlInstanceId")
    return cluster_key(identity.one("ClusterId")), identity.get("Name").casefold()


def _legacy_cluster(node: Node) -> Cluster:
    machines = tuple(Machine(m.get("Fqdn"), m) for m in node.all("Machine") if "Fqdn" in m.attributes)
    return Cluster(cluster_key(node.one("ClusterId")), node.get("Fqdn"), False, machines, node)


def _legacy_service(node: Node) -> Service:
    installed = node.one("InstalledOn")
    host = next(one for one in _inside(installed) if one.name == "ClusterId")
    version = node.attributes.get("ServiceVersion", "")
    ports = node.all("Ports", NS_ROLES)
    return Service(
        service_key(node.one("ServiceId")),
        int(version) if version.isascii() and version.isdigit() and len(version) < 4 else 0,
        cluster_key(host),
        (),
        tuple(_port(port) for part in ports for port in part.all("Port", NS_ROLES)),
        node,
    )


def _inside(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _inside(child)


_Item = TypeVar("_Item")


@dataclass
class _Reader:
    """Reads the items of one list. Those of BackCompatSite may have any form: what cannot be read is kept unread."""

    native: frozenset[str]
    legacy: bool  # there is a BackCompatSite, or something that could be one
    unread: list[Node] = field(default_factory=list)

    def items(
        self, group: Node, name: str, strict: Callable[[Node], _Item], lenient: Callable[[Node], _Item]
    ) -> tuple[_Item, ...]:
        found = []
        for node in group.children:
            ours = (node.namespace, node.name) == (NS, name)
            if ours and (not self.legacy or self._site(node) in self.native):
                found.append(strict(node))
                continue
            try:
                if not ours:
                    raise TopologyError("")
                found.append(lenient(node))
            except (TopologyError, StopIteration):
                self.unread.append(node)
        return tuple(found)

    def _site(self, node: Node) -> str | None:
        """SiteId of an item: that of its own identity, which stands before those that it refers to."""
        keys = (one for one in _inside(node) if one.name in ("ClusterId", "ServiceId"))
        return next((one.attributes["SiteId"] for one in keys if "SiteId" in one.attributes), None)


def parse(document: bytes | str) -> Topology:
    """Read a published topology; TopologyError with one sentence where it is not a whole one."""
    text = decode(document)
    root, data = read(text)
    domains, places = root.one("InternalDomains"), root.one("Sites")
    sites = {s.get("SiteId"): s.one("Name").text.strip() for s in places.all("CentralSite")}
    legacy = frozenset(key for key, name in sites.items() if name.casefold() == LEGACY_SITE.casefold())
    known = (NS, "InternalDomains"), (NS, "Sites"), (NS, "Clusters"), (NS, "SqlInstances"), (NS, "Services")
    strange = len(sites) < len(places.children) or any((c.namespace, c.name) not in known for c in root.children)
    reader = _Reader(frozenset(sites) - legacy, bool(legacy) or strange)
    topology = Topology(
        text,
        root.get("Signature"),
        tuple(domain.get("Name") for domain in domains.all("InternalDomain")),
        domains.get("DefaultDomain"),
        sites,
        reader.items(root.one("Clusters"), "Cluster", _cluster, _legacy_cluster),
        reader.items(root.one("Services"), "Service", _service, _legacy_service),
        reader.items(root.one("SqlInstances"), "SqlInstance", _instance, _instance),
        legacy,
        tuple(reader.unread),
        root,
        data,
    )
    _check(topology, reader.native, reader.legacy)
    return topology


def _once(values: list[Any], what: str) -> None:
    seen = set()
    for value in values:
        if value in seen:
            shown = value if isinstance(value, str) else "-".join(map(str, value))
            raise TopologyError(f"The topology document has {what} {shown} more than once.")
        seen.add(value)


def _check(topology: Topology, native: frozenset[str], legacy: bool) -> None:
    """What a document of Topology Builder never has. Of what came from a merge only the identities are looked at."""
    own = [cluster for cluster in topology.clusters if not legacy or cluster.key[0] in native]
    _once([cluster.key for cluster in topology.clusters], "the cluster")
    _once([service.key for service in topology.services], "the service")
    _once([cluster.fqdn.casefold() for cluster in own], "the pool or server")
    _once([m.fqdn.casefold() for cluster in own for m in cluster.machines], "the computer")
    clusters = {cluster.key for cluster in topology.clusters}
    pools = {cluster.fqdn.casefold(): cluster for cluster in own}
    for cluster in own:
        if cluster.key[0] not in topology.sites:
            raise TopologyError(
                f"The topology document has {cluster.fqdn} in the site with the SiteId {cluster.key[0]}, which it does "
                "not have."
            )
        for machine in cluster.machines:
            other = pools.get(machine.fqdn.casefold())
            if other is not None and other is not cluster:
                raise TopologyError(
                    f"The topology document has {machine.fqdn} both as a computer of {cluster.fqdn} and as a pool or "
                    "server of its own."
                )
    for host, name in topology.instances:
        if host not in clusters:
            raise TopologyError(
                f"The topology document has the SQL Server instance {name or '(default)'} on the cluster {host[0]}:"
                f"{host[1]}, which it does not have."
            )
    instances, services = set(topology.instances), {service.key for service in topology.services}
    for service in topology.services:
        if legacy and service.key[0] not in native:
            continue
        name = "-".join(map(str, service.key))
        if service.cluster not in clusters:
            raise TopologyError(
                f"The topology document installs the service {name} on the cluster {service.cluster[0]}:"
                f"{service.cluster[1]}, which it does not have."
            )
        if service.sql is not None and (service.cluster, service.sql.casefold()) not in instances:
            raise TopologyError(
                f"The topology document installs the service {name} on the SQL Server instance "
                f"{service.sql or '(default)'}, which it does not have."
            )
        for key in service.depends:
            if key not in services and not (legacy and key[0] not in native):
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
