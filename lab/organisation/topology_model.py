# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of a topology, and how they are found: immutable, so that replicas and snapshots can share them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

#: RoleName in the document -> role in service identities (Role:pool).
ROLES = {
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
VERSIONS = {
    4: "Office Communications Server 2007 R2",  # [inf] in a merged document only: organisation.legacy_topology
    5: "Lync Server 2010",
    6: "Lync Server 2013",
    7: "Skype for Business Server 2015",
    8: "Skype for Business Server 2019",
}


@dataclass(frozen=True)
class Interface:
    side: str
    number: int
    address: str
    configured: str | None = None


@dataclass(frozen=True)
class Machine:
    fqdn: str
    ordinal: int
    interfaces: tuple[Interface, ...]

    def address(self, side: str) -> str | None:
        return next((i.address for i in self.interfaces if i.side == side), None)


@dataclass(frozen=True)
class Cluster:
    """A pool, a SQL host, a file server, a gateway: whatever services are installed on."""

    key: str  # "1:1", SiteId:Number
    site: str
    fqdn: str
    replicated: bool
    setup: bool
    machines: tuple[Machine, ...]


@dataclass(frozen=True)
class SqlInstance:
    key: str  # "1:1/rtc"
    cluster: str
    name: str


@dataclass(frozen=True)
class Port:
    owner: str  # without "urn:component:"
    usage: str
    side: str
    number: int
    port: int
    protocol: str
    url_path: str = "/"
    authorizes: bool = False
    range: int | None = None
    configured_port: int | None = None
    configured_fqdn: str | None = None


@dataclass(frozen=True)
class Service:
    key: str  # "1-EdgeServer-1", as the ServiceId property prints it
    site: str
    role_name: str
    instance: int
    role_version: int
    version: int
    cluster: str  # key of the cluster, also for what is installed on one of its SQL instances
    sql: str | None
    depends: tuple[str, ...]
    ports: tuple[Port, ...]
    details: tuple[tuple[str, str], ...] = ()  # attributes of the role element

    @property
    def role(self) -> str:
        return ROLES.get(self.role_name, self.role_name)

    def port(self, owner: str, usage: str, side: str, protocol: str | None = None) -> Port | None:
        return next(
            (
                p
                for p in self.ports
                if (p.owner, p.usage, p.side) == (owner, usage, side) and protocol in (None, p.protocol)
            ),
            None,
        )

    def detail(self, name: str) -> str | None:
        return dict(self.details).get(name)


@dataclass(frozen=True)
class Site:
    id: str
    name: str


@dataclass(frozen=True)
class Topology:
    text: str
    signature: str
    default_domain: str
    domains: tuple[str, ...]
    sites: tuple[Site, ...]
    clusters: tuple[Cluster, ...]
    instances: tuple[SqlInstance, ...]
    services: tuple[Service, ...]

    def __str__(self) -> str:
        return self.text

    def __deepcopy__(self, memo: dict[int, Any]) -> Topology:
        return self

    @cached_property
    def _clusters(self) -> dict[str, Cluster]:
        return {c.key: c for c in self.clusters}

    @cached_property
    def _services(self) -> dict[str, Service]:
        return {s.key: s for s in self.services}

    @cached_property
    def _pools(self) -> dict[str, Cluster]:
        return {c.fqdn.casefold(): c for c in self.clusters}

    @cached_property
    def _machines(self) -> dict[str, Cluster]:
        return {m.fqdn.casefold(): c for c in self.clusters for m in c.machines}

    def cluster(self, key: str) -> Cluster | None:
        return self._clusters.get(key)

    def pool(self, fqdn: str) -> Cluster | None:
        return self._pools.get(fqdn.casefold())

    def pool_of(self, computer: str) -> Cluster | None:
        """The cluster that has this computer as a machine."""
        return self._machines.get(computer.casefold())

    def site(self, id_or_name: str) -> Site | None:
        wanted = id_or_name.casefold().removeprefix("site:")
        return next((s for s in self.sites if wanted in (s.id.casefold(), s.name.casefold())), None)

    def site_of(self, cluster: Cluster) -> Site | None:
        return next((s for s in self.sites if s.id == cluster.site), None)

    def services_on(self, cluster: Cluster) -> tuple[Service, ...]:
        return tuple(s for s in self.services if s.cluster == cluster.key)

    def by_key(self, key: str) -> Service | None:
        return self._services.get(key)

    def identity(self, service: Service) -> str:
        cluster = self._clusters.get(service.cluster)
        return f"{service.role}:{cluster.fqdn if cluster else service.cluster}"

    def service(self, identity: str) -> Service | None:
        """By identity ("EdgeServer:edge.contoso.test") or by ServiceId ("1-EdgeServer-1")."""
        if identity in self._services:
            return self._services[identity]
        wanted = identity.casefold()
        return next((s for s in self.services if self.identity(s).casefold() == wanted), None)

    def role_on(self, cluster: Cluster, role_name: str) -> Service | None:
        return next((s for s in self.services_on(cluster) if s.role_name == role_name), None)

    def target(self, service: Service | None, role_name: str) -> Service | None:
        """The service of this role that a service depends on."""
        found = (self._services.get(key) for key in (service.depends if service else ()))
        return next((s for s in found if s is not None and s.role_name == role_name), None)

    def of_role(self, role_name: str) -> Iterator[Service]:
        return (s for s in self.services if s.role_name == role_name)

    def version_of(self, cluster: Cluster) -> int | None:
        return max((s.version for s in self.services_on(cluster)), default=None)

    def xmpp_edges(self) -> tuple[Service, ...]:
        """Edge pools on which XMPP federation is enabled: those with a listening port for it."""
        return tuple(s for s in self.of_role("EdgeServer") if s.port("XmppFederationProxy", "XmppServer", "External"))
