# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Front End pools added to a published topology: Standard and Enterprise Edition, and the first pool of a forest.

Roles, dependencies and ports are those of published Lync Server 2013 and Skype for Business Server 2015 topologies.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

from . import ports as _ports
from .adder import Adder, edge_service, in_use, interface, kind_of, need_free
from .compare import STORES
from .document import NS_BASE, NS_ROLES, NS_WEB, Element, TopologyError
from .reading import Cluster, ClusterKey, ServiceKey, Topology

ANY_ADDRESS = "0.0.0.0"  # noqa: S104  as published documents write it: all addresses of the server
#: What Topology Builder proposes for the SQL Server Express of a Standard Edition server.
EXPRESS = "rtc"


@dataclass(frozen=True)
class StandardPool:
    """A Standard Edition pool: one Front End with its own SQL Server Express instance RTC."""

    fqdn: str
    site: str
    edge_fqdn: str | None = None
    conferencing: bool = True  # web, audio/video and application sharing conferences, not only IM
    file_share: str = "LyncShare"
    external_web_fqdn: str | None = None
    central_management: bool = False  # the first pool of a forest has the Central Management store


@dataclass(frozen=True)
class EnterprisePool:
    """An Enterprise Edition pool: several Front Ends, a SQL Server and a file share."""

    fqdn: str
    site: str
    machines: tuple[str, ...]
    sql_server_fqdn: str
    sql_instance: str  # empty: the default instance
    file_server_fqdn: str
    file_share: str
    edge_fqdn: str | None = None
    conferencing: bool = True
    external_web_fqdn: str | None = None
    central_management: bool = False


Pool = Union[StandardPool, EnterprisePool]  # noqa: UP007 - pylint judges the operator by an older Python


def unc(server: str, share: str) -> str:
    return rf"\\{server}\{share}"


def add_standard_pool(topology: Topology, pool: StandardPool) -> Topology:
    """The topology with the pool added to its site."""
    add = Adder(topology, pool.site)
    cluster = add.cluster(pool.fqdn, (_front_end(1, pool.fqdn, pool.fqdn, pool.fqdn),))
    add.sql_instance(cluster, EXPRESS)
    _services(add, pool, cluster, (cluster, EXPRESS), cluster)
    return add.done()


def add_enterprise_pool(topology: Topology, pool: EnterprisePool) -> Topology:
    """The topology with the pool added to its site, and its SQL Server and file server where they are new."""
    _check_machines(topology, pool)
    add = Adder(topology, pool.site)
    machines = tuple(
        _front_end(number, fqdn, f"FaultDomain{number}", f"UpgradeDomain{number}")
        for number, fqdn in enumerate(pool.machines, 1)
    )
    cluster = add.cluster(pool.fqdn, machines)
    sql = _sql_server(add, pool)
    if pool.file_server_fqdn.casefold() == pool.sql_server_fqdn.casefold():
        files = sql
    else:
        files = _file_server(add, pool)
    add.sql_instance(sql, pool.sql_instance)
    _services(add, pool, cluster, (sql, pool.sql_instance), files)
    return add.done()


def _front_end(ordinal: int, fqdn: str, fault: str, upgrade: str) -> Element:
    attributes = (
        ("OrdinalInCluster", str(ordinal)), ("Fqdn", fqdn), ("FaultDomain", fault), ("UpgradeDomain", upgrade),
    )  # fmt: skip
    return Element("Machine", attributes, (interface("Primary", ANY_ADDRESS), interface("External", ANY_ADDRESS)))


def _check_machines(topology: Topology, pool: EnterprisePool) -> None:
    seen = {pool.fqdn.casefold(): "the FQDN of the pool itself"}
    for what, fqdns in (
        ("a Front End of the pool", pool.machines),
        ("its SQL Server", (pool.sql_server_fqdn,)),
        ("its file server", (pool.file_server_fqdn,)),
    ):
        for fqdn in fqdns:
            other = seen.get(fqdn.casefold())
            if other and {other, what} != {"its SQL Server", "its file server"}:
                raise TopologyError(
                    f"The Enterprise pool {pool.fqdn} wants {fqdn} as {what}, but that is {other}: each needs an FQDN of "
                    "its own."
                )
            seen[fqdn.casefold()] = what
    for fqdn in pool.machines:
        need_free(topology, fqdn)


def _host(add: Adder, fqdn: str, what: str) -> Cluster | None:
    """The SQL Server or file server where the topology has it; None where it has to be added."""
    topology = add.topology
    known = topology.pool(fqdn)
    if known is None:
        return None
    roles = {service.role_name for service in topology.on(known)}
    if known.replicated or topology.is_legacy(known) or not roles <= STORES | {"ArchivingStore", "MonitoringStore"}:
        raise TopologyError(
            f"{fqdn} is wanted as {what}, but it is in use in the topology already: it is {kind_of(topology, known)}."
        )
    if known.key[0] != add.site_id:
        raise TopologyError(
            f"{fqdn} is wanted as {what}, but the topology has it in the site {topology.site_of(known)}: a server of the "
            "pool's own site is wanted."
        )
    return known


def _sql_server(add: Adder, pool: EnterprisePool) -> ClusterKey:
    known = _host(add, pool.sql_server_fqdn, "the SQL Server of a pool")
    if known is None:
        return _single(add, pool.sql_server_fqdn, domains=True)
    for service in add.topology.on(known):
        taken = service.sql is not None and service.sql.casefold() == pool.sql_instance.casefold()
        if taken and service.role_name in ("UserStore", "ApplicationStore"):
            users = [s for s in add.topology.services if service.key in s.depends]
            whose = f" of the pool {add.topology.fqdn_of(users[0])}" if users else ""
            raise TopologyError(
                f"The SQL Server instance {pool.sql_instance or '(default)'} on {pool.sql_server_fqdn} is in use in the "
                f"topology already: it has the databases{whose}. Each pool needs an instance of its own."
            )
    return known.key


def _file_server(add: Adder, pool: EnterprisePool) -> ClusterKey:
    known = _host(add, pool.file_server_fqdn, "the file server of a pool")
    if known is None:
        return _single(add, pool.file_server_fqdn, domains=False)
    for service in add.topology.on(known):
        share = share_of(service.node) if service.role_name == "FileStore" else None
        if share and share.casefold() == pool.file_share.casefold():
            raise TopologyError(
                f"The file share {unc(pool.file_server_fqdn, pool.file_share)} is in use in the topology already: the pool "
                f"{pool.fqdn} needs a share of its own."
            )
    return known.key


def share_of(node: object) -> str | None:
    found = node.all("FileStoreService", NS_ROLES) if hasattr(node, "all") else ()
    return next((one.attributes.get("ShareName") for one in found), None)


def _single(add: Adder, fqdn: str, *, domains: bool) -> ClusterKey:
    used = in_use(add.topology, fqdn)
    if used:
        raise TopologyError(f"{fqdn} is in use in the topology already: it is {used}. Choose another FQDN.")
    more = (("FaultDomain", fqdn), ("UpgradeDomain", fqdn)) if domains else ()
    machine = Element("Machine", (("OrdinalInCluster", "1"), ("Fqdn", fqdn), *more))
    return add.cluster(fqdn, (machine,), lync=False)


def _services(add: Adder, pool: Pool, front: ClusterKey, sql: tuple[ClusterKey, str], share: ClusterKey) -> None:
    """The services of a pool: on its Front Ends, in its SQL Server instance and on its file server."""
    edge: tuple[ServiceKey, ...] = ()
    if pool.edge_fqdn:
        edge = (edge_service(add.topology, pool.edge_fqdn).key,)
    enterprise = isinstance(pool, EnterprisePool)
    user, web, conf, files = (add.key(r) for r in ("UserServices", "WebServices", "ConfServices", "FileStore"))
    needs: tuple[ServiceKey, ...] = (add.key("UserStore"), *((files,) if enterprise else ()), conf)
    add.service("UserServices", front, needs, _ports.USER_SERVICES, role_version="2")
    detail = Element("RegistrarService", (("IsDirector", "false"),), (), NS_ROLES)
    add.service(
        "Registrar", front, (user, web, *edge), _ports.REGISTRAR, role_version="2", detail=detail, of="RegistrarService"
    )
    add.service("UserStore", sql[0], sql=sql[1])
    detail = Element("FileStoreService", (("ShareName", pool.file_share),), (), NS_ROLES)
    add.service("FileStore", share, detail=detail, of="FileStoreService")
    detail = _web_service(pool.external_web_fqdn or pool.fqdn)
    add.service("WebServices", front, (files, user), _ports.WEB_SERVICES, detail=detail, of="WebService")
    table = _ports.CONFERENCING_ALL if pool.conferencing else _ports.CONFERENCING_IM
    detail = _conferencing(pool.conferencing)
    add.service("ConfServices", front, (files, web, user, *edge), table, detail=detail, of="ConfService")
    detail = Element("ApplicationServerService", (), (), NS_ROLES)
    needs = (add.key("Registrar"), files, add.key("ApplicationStore"))
    add.service(
        "ApplicationServer", front, needs, _ports.APPLICATION_SERVER, detail=detail, of="ApplicationServerService"
    )
    add.service("ApplicationStore", sql[0], sql=sql[1])
    if pool.central_management:
        detail = Element("CentralMgmtService", (("IsActive", "true"),), (), NS_ROLES)
        needs = (add.key("CentralMgmtStore"), files)
        add.service("CentralMgmt", front, needs, detail=detail, of="CentralMgmtService")
        add.service("CentralMgmtStore", sql[0], sql=sql[1])


def _web_service(host: str) -> Element:
    components = tuple(Element("Component", (("ComponentName", name),)) for name in _ports.WEB_COMPONENTS)
    return Element(
        "WebService",
        (),
        (
            Element("ExternalSettings", (("Host", host),), (Element("OverrideUrls"),)),
            Element("WebComponents", (), components, NS_WEB),
            Element("UpaSeparator", (), (), NS_BASE),
        ),
        NS_ROLES,
    )


def _conferencing(everything: bool) -> Element:
    units: list[tuple[tuple[str, str], ...]] = [(("ComponentName", "IMConf"), ("Vendor", "Microsoft"))]
    if everything:
        units.append((("ComponentName", "DataConf"), ("Vendor", "Microsoft"), ("MinSupportedMode", "14")))
        units += [(("ComponentName", name), ("Vendor", "Microsoft")) for name in ("AppSharingConf", "AVConf")]
    mcus = Element("MCUs", (), tuple(Element("MCU", unit) for unit in units))
    return Element("ConfService", (), (mcus,), NS_ROLES)
