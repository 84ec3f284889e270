# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is appended to a published topology: clusters, SQL Server instances and services, each under a free identity.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from . import ports as _ports
from . import products as _products
from .document import NS_ROLES, Additions, Element, TopologyError
from .reading import Cluster, ClusterKey, Service, ServiceKey, Topology, parse

VERSION = str(_products.LYNC_2013.service_version)
_TYPE = "Microsoft.Rtc.Management.Deploy.Internal.ServiceRoles."
_KINDS = (
    ("Registrar", "the Front End pool"),
    ("EdgeServer", "the Edge pool"),
    ("UserStore", "the SQL Server"),
    ("CentralMgmtStore", "the SQL Server"),
    ("FileStore", "the file server"),
    ("PstnGateway", "the gateway"),
)


def kind_of(topology: Topology, cluster: Cluster) -> str:
    """What a cluster is, in the words of an administrator."""
    roles = {service.role_name for service in topology.on(cluster)}
    what = next((words for role, words in _KINDS if role in roles), "the pool or server")
    product = product_of(topology, cluster)
    return f"{what} {cluster.fqdn}" + (
        f" of {product}" if product and (cluster.replicated or topology.is_legacy(cluster)) else ""
    )


def product_of(topology: Topology, cluster: Cluster) -> str | None:
    """The name of the product that a pool runs."""
    if topology.is_legacy(cluster):
        return "Office Communications Server"
    version = topology.version_of(cluster)
    try:
        return _products.by_version(version).name if version else None
    except ValueError:
        return f"an unknown product (version {version})"


def in_use(topology: Topology, fqdn: str, but: Cluster | None = None) -> str | None:
    """What has this FQDN already, beside the cluster that may have it."""
    wanted = fqdn.casefold()
    for known in topology.clusters:
        if known is but:
            continue
        if known.fqdn.casefold() == wanted:
            return kind_of(topology, known)
        if any(machine.fqdn.casefold() == wanted for machine in known.machines):
            return f"a computer of {kind_of(topology, known)}"
    return "in a part of the topology that this collection does not know" if wanted in topology.reserved else None


def need_free(topology: Topology, fqdn: str) -> None:
    used = in_use(topology, fqdn)
    if used:
        raise TopologyError(f"{fqdn} is in use in the topology already: it is {used}. Choose another FQDN.")


def edge_service(topology: Topology, fqdn: str) -> Service:
    service = topology.role_on(fqdn, "EdgeServer")
    if service is None:
        raise TopologyError(f"The topology has no Edge pool {fqdn}.")
    return service


def service_id(key: ServiceKey) -> Element:
    return Element("ServiceId", (("SiteId", key[0]), ("RoleName", key[1]), ("Instance", str(key[2]))))


def dependency(key: ServiceKey) -> Element:
    return Element("Dependency", (("Usage", "Default"),), (service_id(key),))


def cluster_id(key: ClusterKey) -> Element:
    return Element("ClusterId", (("SiteId", key[0]), ("Number", str(key[1]))))


def interface(side: str, address: str, public: str | None = None) -> Element:
    attributes = [("InterfaceSide", side), ("InterfaceNumber", "1"), ("IPAddress", address)]
    if public:
        attributes.append(("ConfiguredIPAddress", public))
    return Element("NetInterface", tuple(attributes))


class Adder:
    """Collects what is appended to the three lists of a topology."""

    def __init__(self, topology: Topology, site: str) -> None:
        self.topology = topology
        self.site_id = topology.site_id(site)
        numbers = [c.key[1] for c in topology.clusters if c.key[0] == self.site_id]
        self._number = max(numbers, default=0)
        self._taken: dict[str, int] = {}
        self.additions = Additions(topology.data)

    def key(self, role: str) -> ServiceKey:
        """The identity of the next service of this role."""
        used = [s.key[2] for s in self.topology.services if s.key[:2] == (self.site_id, role)]
        return (self.site_id, role, max(used, default=0) + 1)

    def cluster(self, fqdn: str, machines: tuple[Element, ...], *, lync: bool = True) -> ClusterKey:
        """`lync`: its servers run Lync, and have a copy of the Central Management store."""
        need_free(self.topology, fqdn)
        self._number += 1
        key = (self.site_id, self._number)
        flag = "true" if lync else "false"
        attributes = (("RequiresReplication", flag), ("RequiresSetup", flag), ("Fqdn", fqdn))
        self.additions.append(
            self.topology.root.one("Clusters"), Element("Cluster", attributes, (cluster_id(key), *machines))
        )
        return key

    def sql_instance(self, cluster: ClusterKey, name: str) -> None:
        if (cluster, name.casefold()) in self.topology.instances:
            return
        identity = Element("SqlInstanceId", (("Name", name),), (cluster_id(cluster),))
        self.additions.append(self.topology.root.one("SqlInstances"), Element("SqlInstance", (), (identity,)))

    def service(
        self,
        role: str,
        on: ClusterKey,
        depends: tuple[ServiceKey, ...] = (),
        table: str = "",
        *,
        role_version: str = "1",
        sql: str | None = None,
        detail: Element | None = None,
        of: str = "",
        version: str = VERSION,
    ) -> ServiceKey:
        """`of` names the class of the service where it is not the general one."""
        attributes = [("RoleVersion", role_version), ("ServiceVersion", version)]
        if of:
            attributes.append(("Type", _TYPE + of))
        host = cluster_id(on) if sql is None else Element("SqlInstanceId", (("Name", sql),), (cluster_id(on),))
        key = self.key(role)
        children = [
            service_id(key),
            Element("DependsOn", (), tuple(dependency(one) for one in depends)),
            Element("InstalledOn", (), (host,)),
            Element("Ports", (), _ports.ports(table), NS_ROLES),
        ]
        if detail:
            children.append(detail)
        self.additions.append(
            self.topology.root.one("Services"), Element("Service", tuple(attributes), tuple(children))
        )
        return key

    def done(self) -> Topology:
        return parse(self.additions.apply())
