# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Additions to a published topology: a Standard Edition pool, an Edge pool, federation and XMPP on an Edge.

Roles, dependencies and ports are those of published Lync Server 2013 and Skype for Business Server 2015 topologies.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from dataclasses import dataclass

from . import _products
from . import _topology_ports as _ports
from ._topology import (
    Asked,
    Service,
    ServiceKey,
    Topology,
    parse,
)
from ._topology_document import (
    NS_BASE,
    NS_ROLES,
    NS_WEB,
    Additions,
    Element,
    TopologyError,
)

VERSION = str(_products.LYNC_2013.service_version)
_TYPE = "Microsoft.Rtc.Management.Deploy.Internal.ServiceRoles."

FEDERATION_PORT = ("AccessEdge", "SipServer", "External")
XMPP_PORTS = (("XmppFederationProxy", "XmppServer", "External"), ("XmppFederationProxy", "XptServer", "Internal"))


@dataclass(frozen=True)
class StandardPool:
    """A Standard Edition pool: one Front End with its own SQL Server Express instance RTC."""

    fqdn: str
    site: str
    edge_fqdn: str | None = None
    conferencing: bool = True  # web, audio/video and application sharing conferences, not only IM
    file_share: str = "LyncShare"
    external_web_fqdn: str | None = None


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


def _service_id(key: ServiceKey) -> Element:
    return Element("ServiceId", (("SiteId", key[0]), ("RoleName", key[1]), ("Instance", str(key[2]))))


def _dependency(key: ServiceKey) -> Element:
    return Element("Dependency", (("Usage", "Default"),), (_service_id(key),))


class _Adder:
    """Collects what is appended to the three lists of a topology."""

    def __init__(self, topology: Topology, site: str) -> None:
        self.topology = topology
        self.site_id = topology.site_id(site)
        numbers = [c.key[1] for c in topology.clusters if c.key[0] == self.site_id]
        self.number = max(numbers, default=0) + 1
        self.additions = Additions(topology.data)
        self.cluster_id = Element("ClusterId", (("SiteId", self.site_id), ("Number", str(self.number))))

    def key(self, role: str) -> ServiceKey:
        used = [s.key[2] for s in self.topology.services if s.key[:2] == (self.site_id, role)]
        return (self.site_id, role, max(used, default=0) + 1)

    def cluster(self, fqdn: str, machines: tuple[Element, ...]) -> None:
        for known in self.topology.clusters:
            if fqdn.casefold() in (known.fqdn.casefold(), *(m.fqdn.casefold() for m in known.machines)):
                raise TopologyError(f"{fqdn} is in use in the topology already: it belongs to {known.fqdn}.")
        attributes = (("RequiresReplication", "true"), ("RequiresSetup", "true"), ("Fqdn", fqdn))
        element = Element("Cluster", attributes, (self.cluster_id, *machines))
        self.additions.append(self.topology.root.one("Clusters"), element)

    def sql_instance(self, name: str) -> None:
        identity = Element("SqlInstanceId", (("Name", name),), (self.cluster_id,))
        self.additions.append(self.topology.root.one("SqlInstances"), Element("SqlInstance", (), (identity,)))

    def service(
        self,
        role: str,
        role_version: str,
        depends: tuple[ServiceKey, ...] = (),
        table: str = "",
        *,
        sql: str | None = None,
        detail: Element | None = None,
        of: str = "",
    ) -> None:
        """`of` names the class of the service where it is not the general one."""
        attributes = [("RoleVersion", role_version), ("ServiceVersion", VERSION)]
        if of:
            attributes.append(("Type", _TYPE + of))
        host = self.cluster_id if sql is None else Element("SqlInstanceId", (("Name", sql),), (self.cluster_id,))
        children = [
            _service_id(self.key(role)),
            Element("DependsOn", (), tuple(_dependency(key) for key in depends)),
            Element("InstalledOn", (), (host,)),
            Element("Ports", (), _ports.ports(table), NS_ROLES),
        ]
        if detail:
            children.append(detail)
        self.additions.append(
            self.topology.root.one("Services"), Element("Service", tuple(attributes), tuple(children))
        )

    def done(self) -> Topology:
        return parse(self.additions.apply())


def _edge_service(topology: Topology, fqdn: str) -> Service:
    service = topology.role_on(fqdn, "EdgeServer")
    if service is None:
        raise TopologyError(f"The topology has no Edge pool {fqdn}.")
    return service


def add_standard_pool(topology: Topology, pool: StandardPool) -> Topology:
    """The topology with the pool added to its site."""
    add = _Adder(topology, pool.site)
    any_address = "0.0.0.0"  # noqa: S104  as published documents write it: all addresses of the server
    sides = tuple(
        Element("NetInterface", (("InterfaceSide", side), ("InterfaceNumber", "1"), ("IPAddress", any_address)))
        for side in ("Primary", "External")
    )
    domains = tuple((name, pool.fqdn) for name in ("Fqdn", "FaultDomain", "UpgradeDomain"))
    add.cluster(pool.fqdn, (Element("Machine", (("OrdinalInCluster", "1"), *domains), sides),))
    add.sql_instance("rtc")
    edge: tuple[ServiceKey, ...] = ()
    if pool.edge_fqdn:
        edge = (_edge_service(topology, pool.edge_fqdn).key,)
    user, web, conf, files = (add.key(r) for r in ("UserServices", "WebServices", "ConfServices", "FileStore"))
    add.service("UserServices", "2", (add.key("UserStore"), conf), _ports.USER_SERVICES)
    registrar = Element("RegistrarService", (("IsDirector", "false"),), (), NS_ROLES)
    add.service("Registrar", "2", (user, web, *edge), _ports.REGISTRAR, detail=registrar, of="RegistrarService")
    add.service("UserStore", "1", sql="rtc")
    share = Element("FileStoreService", (("ShareName", pool.file_share),), (), NS_ROLES)
    add.service("FileStore", "1", detail=share, of="FileStoreService")
    host = pool.external_web_fqdn or pool.fqdn
    components = tuple(Element("Component", (("ComponentName", name),)) for name in _ports.WEB_COMPONENTS)
    web_service = Element(
        "WebService",
        (),
        (
            Element("ExternalSettings", (("Host", host),), (Element("OverrideUrls"),)),
            Element("WebComponents", (), components, NS_WEB),
            Element("UpaSeparator", (), (), NS_BASE),
        ),
        NS_ROLES,
    )
    add.service("WebServices", "1", (files, user), _ports.WEB_SERVICES, detail=web_service, of="WebService")
    units: list[tuple[tuple[str, str], ...]] = [(("ComponentName", "IMConf"), ("Vendor", "Microsoft"))]
    if pool.conferencing:
        units.append((("ComponentName", "DataConf"), ("Vendor", "Microsoft"), ("MinSupportedMode", "14")))
        units += [(("ComponentName", name), ("Vendor", "Microsoft")) for name in ("AppSharingConf", "AVConf")]
    mcus = Element("MCUs", (), tuple(Element("MCU", unit) for unit in units))
    table = _ports.CONFERENCING_ALL if pool.conferencing else _ports.CONFERENCING_IM
    conf_service = Element("ConfService", (), (mcus,), NS_ROLES)
    add.service("ConfServices", "1", (files, web, user, *edge), table, detail=conf_service, of="ConfService")
    application = Element("ApplicationServerService", (), (), NS_ROLES)
    needs = (add.key("Registrar"), files, add.key("ApplicationStore"))
    add.service(
        "ApplicationServer", "1", needs, _ports.APPLICATION_SERVER, detail=application, of="ApplicationServerService"
    )
    add.service("ApplicationStore", "1", sql="rtc")
    return add.done()


def add_edge_pool(topology: Topology, edge: EdgePool) -> Topology:
    """The topology with the Edge pool added, without federation and without XMPP."""
    if not edge.machines:
        raise TopologyError(f"The Edge pool {edge.fqdn} needs at least one computer.")
    external = {edge.access_port, edge.web_conferencing_port, edge.av_port}
    if len(external) != 3:
        raise TopologyError(
            f"The Edge pool {edge.fqdn} has one external address for its three services, so their ports have to differ."
        )
    next_hop = topology.role_on(edge.next_hop_fqdn, "Registrar")
    if next_hop is None:
        raise TopologyError(
            f"The Edge pool {edge.fqdn} wants {edge.next_hop_fqdn} as next hop, but the topology has no such pool."
        )
    add = _Adder(topology, edge.site)
    machines = []
    for ordinal, machine in enumerate(edge.machines, 1):
        if machine.fqdn.casefold() != edge.fqdn.casefold() and (known := topology.pool_of(machine.fqdn)):
            raise TopologyError(f"{machine.fqdn} is in use in the topology already: it belongs to {known.fqdn}.")
        outside = [("InterfaceSide", "External"), ("InterfaceNumber", "1"), ("IPAddress", machine.external_address)]
        if machine.public_address:
            outside.append(("ConfiguredIPAddress", machine.public_address))
        inside = [("InterfaceSide", "Internal"), ("InterfaceNumber", "1"), ("IPAddress", machine.internal_address)]
        interfaces = (Element("NetInterface", tuple(inside)), Element("NetInterface", tuple(outside)))
        machines.append(Element("Machine", (("OrdinalInCluster", str(ordinal)), ("Fqdn", machine.fqdn)), interfaces))
    add.cluster(edge.fqdn, tuple(machines))
    table = _ports.EDGE_SERVER.format(
        access_port=edge.access_port,
        web_conferencing_port=edge.web_conferencing_port,
        av_port=edge.av_port,
        access_fqdn=edge.access_fqdn,
        web_conferencing_fqdn=edge.web_conferencing_fqdn,
        av_fqdn=edge.av_fqdn,
    )
    add.service("EdgeServer", "2", (next_hop.key,), table)
    add.service("ManagementServices", "1", (), _ports.MANAGEMENT_SERVICES)
    return add.done()


def _add_ports(topology: Topology, fqdn: str, table: str) -> Topology:
    additions = Additions(topology.data)
    target = _edge_service(topology, fqdn).node.one("Ports", NS_ROLES)
    for port in _ports.ports(table):
        additions.append(target, port)
    return parse(additions.apply())


def add_federation(topology: Topology, fqdn: str) -> Topology:
    """The topology with SIP federation enabled on an Edge pool; itself where it is."""
    edge = _edge_service(topology, fqdn)
    if topology.has_federation(fqdn):
        return topology
    client = edge.port("AccessEdge", "SipClient", "External")
    if client is None or not client.configured_fqdn:
        raise TopologyError(f"The Edge pool {fqdn} has no Access Edge service with an external FQDN in the topology.")
    return _add_ports(topology, fqdn, _ports.FEDERATION.format(access_fqdn=client.configured_fqdn))


def add_xmpp(topology: Topology, fqdn: str) -> Topology:
    """The topology with XMPP federation enabled on an Edge pool; itself where it is."""
    edge = _edge_service(topology, fqdn)
    product = _products.by_version(edge.version)
    if not product.has_xmpp:
        raise TopologyError(f"The Edge pool {fqdn} is of {product.name}, which has no XMPP proxy.")
    if topology.has_xmpp(fqdn):
        return topology
    return _add_ports(topology, fqdn, _ports.XMPP)


def set_edge_of(topology: Topology, pool_fqdn: str, edge_fqdn: str) -> Topology:
    """The topology in which a pool's Registrar and conferencing use the Edge pool."""
    wanted = _edge_service(topology, edge_fqdn).key
    if topology.role_on(pool_fqdn, "Registrar") is None:
        raise TopologyError(f"The topology has no pool {pool_fqdn} with a Registrar.")
    additions = Additions(topology.data)
    for role in ("Registrar", "ConfServices"):
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
            additions.append(target, _dependency(wanted))
    return parse(additions.apply())


def asked_of(pool: str | None = None, edge: str | None = None, ports_of: str | None = None,
             edge_of: str | None = None) -> Asked:  # fmt: skip
    """What `unintended` has to allow for these additions, each named by the FQDN of its pool."""
    pools = {fqdn.casefold() for fqdn in (pool, edge) if fqdn}
    wanted = {(ports_of.casefold(), *port) for port in (FEDERATION_PORT, *XMPP_PORTS)} if ports_of else set()
    return Asked(pools, wanted, {edge_of.casefold()} if edge_of else set())
