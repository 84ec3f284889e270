# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The published topology as Lync administrators see it: sites, pools, computers, services and their ports.

Reading only; additions are made by _topology_edit, what they mean for other reads is said by _topology_effects.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from .document import NS, NS_ROLES, Node, TopologyError, decode, read
from .model import (
    LEGACY_SITE,
    ROLES,
    SKETCH,
    Cluster,
    ClusterKey,
    InstanceKey,
    Machine,
    Port,
    Service,
    ServiceKey,
    Topology,
    inside,
)

__all__ = [
    "LEGACY_SITE", "ROLES", "SKETCH", "Cluster", "ClusterKey", "InstanceKey", "Machine", "Port", "Service", "ServiceKey",
    "Topology", "check_fresh", "cluster_key", "parse", "service_key",
]  # fmt: skip


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
    host = next(one for one in inside(installed) if one.name == "ClusterId")
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
        keys = (one for one in inside(node) if one.name in ("ClusterId", "ServiceId"))
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
