# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites, pools, computers and services, and the cmdlets that change the published topology a little."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..organisation.deployment import publish
from ..organisation.topology import Service, Topology
from ..organisation.topology_draft import Draft
from ..organisation.topology_view import (
    computer_properties,
    pool_properties,
    service_properties,
    site_name,
    site_properties,
)
from ..powershell.values import Psobj
from . import Call, cmdlet
from .shared import fail, matching, need_directory, need_store

DEPLOY = "Microsoft.Rtc.Management.Deploy.Internal."
XDS = "Microsoft.Rtc.Management.Xds."
#: Set-CsEdgeServer's parameters -> the port they number.
EDGE_PORTS = {
    "AccessEdgeInternalSipPort": ("AccessEdge", "SipServer", "Internal", None),
    "AccessEdgeExternalSipPort": ("AccessEdge", "SipServer", "External", None),
    "AccessEdgeClientSipPort": ("AccessEdge", "SipClient", "External", None),
    "DataPsomServerPort": ("DataEdge", "PsomServer", "Internal", None),
    "DataPsomClientPort": ("DataEdge", "PsomClient", "External", None),
    "MediaRelayAuthEdgePort": ("MediaRelayAuthenticationEdge", "SipServer", "Internal", None),
    "MediaRelayInternalTurnTcpPort": ("MediaRelayEdge", "TURNServer", "Internal", "Tcp"),
    "MediaRelayExternalTurnTcpPort": ("MediaRelayEdge", "TURNServer", "External", "Tcp"),
    "MediaRelayInternalTurnUdpPort": ("MediaRelayEdge", "TURNServer", "Internal", "Udp"),
    "MediaRelayExternalTurnUdpPort": ("MediaRelayEdge", "TURNServer", "External", "Udp"),
    "XmppInternalPort": ("XmppFederationProxy", "XptServer", "Internal", None),
    "XmppListeningPort": ("XmppFederationProxy", "XmppServer", "External", None),
}
REGISTRAR_PORTS = {
    "SipPort": ("Registrar", "SipServer", "Primary", None),
    "WebPort": ("Registrar", "WebServer", "Primary", None),
    "LyssWcfMtlsPort": ("Lyss", "WcfMtls", "Primary", None),
    "XmppGatewaySipPort": ("XmppFederation", "SipServer", "Primary", None),
}
REGISTRAR_TARGETS = {"EdgeServer": "EdgeServer", "UserServer": "UserServices", "WebServer": "WebServices"}
#: Properties that came with Lync Server 2013.
SINCE_2013 = ("XmppInternalPort", "XmppListeningPort", "XmppGatewaySipPort", "LyssWcfMtlsPort")


def topology(call: Call) -> Topology:
    need_store(call)
    current: Topology = call.world.cms.topology
    return current


def selected(call: Call, names: list[str], strip: str = "") -> list[str]:
    """Names by -Identity (exact) or -Filter (a wildcard); all of them without either."""
    if "Identity" in call.p:
        wanted = str(call.p["Identity"]).casefold()
        known = [n for n in names if wanted in (n.casefold(), n.casefold().removeprefix(strip))]
        if not known:
            raise fail(call, "item-not-found", str(call.p["Identity"]))
        return known
    return list(matching(str(call.p.get("Filter", "*")), names))


# --- sites ------------------------------------------------------------------------------------------------------------


def site_object(call: Call, current: Topology, name: str) -> Psobj:
    site = current.site(name)
    row = call.world.cms.row("site", name) or {}
    properties = site_properties(current, site) if site else {"Identity": f"Site:{name}"}
    order = (
        "Identity",
        "SiteId",
        "Services",
        "Pools",
        "FederationRoute",
        "XmppFederationRoute",
        "DefaultPersistentChatPool",
        "Description",
        "DisplayName",
        "SiteType",
        "ParentSite",
    )
    values = {**properties, **row}
    old = call.computer.edition == "L10"
    dropped = ("XmppFederationRoute", "DefaultPersistentChatPool") if old else ()
    return Psobj(DEPLOY + "Site", f"Site:{name}", {n: values.get(n) for n in order if n not in dropped})


@cmdlet("Get-CsSite", module="Lync", class_name=XDS + "GetOcsSiteCmdlet")
def get_site(call: Call) -> Iterator[Psobj]:
    current = topology(call)
    names = [f"Site:{site.name}" for site in current.sites]
    for name in selected(call, names, "site:"):
        yield site_object(call, current, name.partition(":")[2])


def route_target(call: Call, current: Topology, text: str) -> Service:
    service = current.service(text) if text.casefold().startswith("edgeserver:") else None
    if service is None or service.role_name != "EdgeServer":
        raise fail(call, "route-no-edge", text)
    federates = service.port("AccessEdge", "SipServer", "External") is not None
    if not federates and call.world.unknowns.refused("route_needs_federation"):
        raise fail(call, "route-no-federation", text)
    return service


@cmdlet("Set-CsSite", writes=True, module="Lync", class_name=XDS + "SetOcsSiteCmdlet")
def set_site(call: Call) -> None:
    current = topology(call)
    wanted = str(call.p.get("Identity", ""))
    # source: Set-CsSite wants the bare name of the site, without "site:"
    site = next((s for s in current.sites if s.name.casefold() == wanted.casefold()), None)
    if site is None:
        raise fail(call, "no-such-site", wanted)
    row = dict(call.world.cms.row("site", site.name) or {})
    enable: Service | None = None
    for name in ("FederationRoute", "XmppFederationRoute"):
        if name not in call.p:
            continue
        text = str(call.p[name] or "")
        if not text:  # rule: route-cleared
            row[name] = None
            continue
        service = route_target(call, current, text)
        row[name] = current.identity(service)
        # rule: xmpp-route-creates-ports
        if name == "XmppFederationRoute" and call.world.unknowns.yes("xmpp_route_creates_ports"):
            enable = service
    for name in ("Description", "DisplayName", "DefaultPersistentChatPool"):
        if name in call.p:
            row[name] = str(call.p[name]) or None
    if not call.should_process(site.name, impact="Medium"):
        return
    if enable is not None and enable.port("XmppFederationProxy", "XmppServer", "External") is None:
        draft = Draft.of(current)
        draft.enable_xmpp(enable.key)
        publish(call.world, draft)
    call.world.put("site", site.name, row)


# --- pools, computers, services ---------------------------------------------------------------------------------------


@cmdlet("Get-CsPool", module="Lync", class_name=XDS + "GetOcsPoolCmdlet")
def get_pool(call: Call) -> Iterator[Psobj]:
    current = topology(call)
    site = str(call.p.get("Site", "")).casefold().removeprefix("site:")
    for name in selected(call, [c.fqdn for c in current.clusters]):
        cluster = current.pool(name)
        if cluster is None or (site and site_name(current, cluster).casefold() != f"site:{site}"):
            continue
        yield Psobj(DEPLOY + "Cluster", cluster.fqdn, pool_properties(current, cluster))


@cmdlet("Get-CsComputer", module="Lync", class_name=XDS + "GetOcsComputerCmdlet")
def get_computer(call: Call) -> Iterator[Psobj]:
    current = topology(call)
    machines = {m.fqdn: (c, m) for c in current.clusters for m in c.machines}
    names = selected(call, list(machines))
    if call.p.get("Local"):
        names = [name for name in names if name.casefold() == call.computer.fqdn]
        if not names:
            raise fail(call, "item-not-found", call.computer.fqdn)
    pool = str(call.p.get("Pool", "")).casefold()
    for name in names:
        cluster, machine = machines[name]
        if not pool or cluster.fqdn.casefold() == pool:
            yield Psobj(DEPLOY + "Machine", machine.fqdn, computer_properties(cluster, machine))


ROLES = {
    "ApplicationDatabase",
    "ApplicationServer",
    "ArchivingDatabase",
    "ArchivingServer",
    "BackupServer",
    "CentralManagement",
    "CentralManagementDatabase",
    "ConferencingServer",
    "EdgeServer",
    "FileStore",
    "LegalInterceptServer",
    "ManagementServer",
    "MediationServer",
    "MonitoringDatabase",
    "MonitoringServer",
    "PersistentChatComplianceDatabase",
    "PersistentChatDatabase",
    "PersistentChatServer",
    "PstnGateway",
    "Registrar",
    "TrustedApplicationPool",
    "UserDatabase",
    "UserServer",
    "WacServer",
    "WebServer",
}


@cmdlet("Get-CsService", module="Lync", class_name=XDS + "GetOcsServiceCmdlet")
def get_service(call: Call) -> Iterator[Psobj]:
    current = topology(call)
    services = {current.identity(s): s for s in current.services}
    names = selected(call, list(services))
    wanted = next((role for role in (*ROLES, "Director") if call.p.get(role)), None)
    pool = str(call.p.get("PoolFqdn", "")).casefold()
    for name in names:
        service = services[name]
        if pool and name.casefold().partition(":")[2] != pool:
            continue
        director = service.role_name == "Registrar" and service.detail("IsDirector") == "true"
        if wanted is not None and (director if wanted == "Director" else service.role == wanted) is False:
            continue
        properties = service_properties(current, service)
        if call.computer.edition == "L10":
            properties = {key: value for key, value in properties.items() if key not in SINCE_2013}
        yield Psobj(f"{XDS}Display{service.role}", name, properties)


Ports = Mapping[str, tuple[str, str, str, "str | None"]]


def the_service(call: Call, current: Topology, role: str) -> Service:
    """The service that -Identity names; the only one of its role where nothing is named."""
    text = str(call.p.get("Identity", ""))
    known = [s for s in current.services if s.role_name == role]
    if not text and len(known) == 1:
        return known[0]
    service = current.service(text if ":" in text else f"{role}:{text}")
    if service is None or service.role_name != role:
        raise fail(call, "item-not-found", text)
    return service


def change_ports(call: Call, current: Topology, service: Service, table: Ports) -> Draft:
    draft = Draft.of(current)
    for parameter, (owner, usage, side, protocol) in table.items():
        if parameter not in call.p:
            continue
        number = int(call.p[parameter])
        if not 0 < number < 65536:
            raise fail(call, "setter-refused", parameter, reason=str(number))
        if draft.set_port(service.key, owner, usage, side, number, protocol):
            continue
        xmpp = owner == "XmppFederationProxy"
        if not xmpp or not call.world.unknowns.yes("set_edge_server_creates_xmpp_ports"):
            raise fail(call, "port-not-there", current.identity(service), port=parameter)
        draft.enable_xmpp(service.key)
        draft.set_port(service.key, owner, usage, side, number, protocol)
    return draft


def depend(call: Call, current: Topology, draft: Draft, service: Service, targets: dict[str, str]) -> None:
    for parameter, role in targets.items():
        if parameter not in call.p:
            continue
        text = str(call.p[parameter] or "")
        target = current.service(text) if text else None
        if text and (target is None or target.role_name != role):
            raise fail(call, "item-not-found", text)
        draft.depend_on_role(service.key, role, target.key if target else None)


@cmdlet("Set-CsEdgeServer", writes=True, module="Lync", class_name=XDS + "SetOcsEdgeServerCmdlet")
def set_edge_server(call: Call) -> None:
    current = topology(call)
    service = the_service(call, current, "EdgeServer")
    draft = change_ports(call, current, service, EDGE_PORTS)
    depend(call, current, draft, service, {"Registrar": "Registrar"})
    if call.should_process(current.identity(service), impact="Medium"):
        publish(call.world, draft)


@cmdlet("Set-CsRegistrar", writes=True, module="Lync", class_name=XDS + "SetOcsRegistrarCmdlet")
def set_registrar(call: Call) -> None:
    current = topology(call)
    service = the_service(call, current, "Registrar")
    draft = change_ports(call, current, service, REGISTRAR_PORTS)
    depend(call, current, draft, service, REGISTRAR_TARGETS)
    if call.should_process(current.identity(service), impact="Medium"):
        publish(call.world, draft)


@cmdlet("Get-CsSipDomain", module="Lync", class_name=XDS + "GetOcsSipDomainCmdlet")
def get_sip_domain(call: Call) -> Iterator[Psobj]:
    current = topology(call)
    for name in selected(call, list(current.domains)):
        default = name.casefold() == current.default_domain.casefold()
        yield Psobj(DEPLOY + "SipDomain", name, {"Identity": name, "Name": name, "IsDefault": default})


# --- the store itself -------------------------------------------------------------------------------------------------


def back_end(world: Any) -> tuple[str, str] | None:
    """SQL host and instance that the service connection point in Active Directory names."""
    where = world.central.location
    return (where[0], where[1].lower()) if where is not None else None


@cmdlet("Get-CsConfigurationStoreLocation", module="Lync", class_name=XDS + "GetConfigurationStoreLocationCmdlet")
def get_store_location(call: Call) -> Iterator[Psobj]:
    """Nothing where there is none. source: C:Get-CsConfigurationStoreLocation"""
    need_directory(call)
    found = back_end(call.world)
    if found is not None:
        host, instance = found
        yield Psobj(XDS + "ConfigurationStoreLocation", rf"{host}\{instance}", {"BackEndServer": rf"{host}\{instance}"})


@cmdlet("Get-CsManagementConnection", module="Lync", class_name=XDS + "GetManagementConnectionCmdlet")
def get_management_connection(call: Call) -> Iterator[Psobj]:
    need_store(call)
    host, instance = back_end(call.world) or ("", "")
    connection = f"Data Source={host}\\{instance};Initial Catalog=xds;Integrated Security=True"
    yield Psobj(
        XDS + "ManagementConnection",
        connection,
        {
            "StoreProvider": "Sql",
            "Connection": connection,
            "ReadOnly": False,
            "SqlServer": host,
            "SqlInstance": instance,
            "MirrorSqlServer": None,
            "MirrorSqlInstance": None,
        },
    )


VERSIONS = {
    "L10": "Microsoft Lync Server 2010 (4.0.7577.0)",
    "L13": "Microsoft Lync Server 2013 (5.0.8308.0)",
    "S15": "Microsoft Skype for Business Server 2015 (6.0.9319.0)",
    "S19": "Skype for Business Server 2019 (7.0.2046.0)",
}


@cmdlet("Get-CsServerVersion", module="Lync", class_name="Microsoft.Rtc.Management.Deployment.GetServerVersionCmdlet")
def get_server_version(call: Call) -> Iterator[str]:
    """A text, not an object. source: test mocks of Microsoft's own analyser."""
    yield f"{VERSIONS[call.computer.edition]}: Volume license key installed."


@cmdlet(
    "Get-CsServerPatchVersion",
    module="Lync",
    class_name="Microsoft.Rtc.Management.Deployment.GetServerPatchVersionCmdlet",
)
def get_patch_version(call: Call) -> Iterator[Psobj]:
    """Came with Skype for Business Server 2015: the signatures of 2013 do not have it. # [inf] its properties"""
    version = VERSIONS[call.computer.edition].partition("(")[2].partition(")")[0]
    for name in sorted(name for name in call.computer.packages if "Server" in name) or ["Core Components"]:
        yield Psobj("System.Object", name, {"ComponentName": name, "Version": version})
