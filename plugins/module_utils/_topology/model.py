# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of a published topology, and how they are found. Documents are read by _topology.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from .document import Node, TopologyError

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
            for one in inside(node)
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


def inside(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from inside(child)
