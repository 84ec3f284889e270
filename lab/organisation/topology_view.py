# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Get-CsPool, Get-CsService, Get-CsSite and Get-CsComputer read out of a topology, as property tables.

# source: property names and value forms as printed by Get-CsService -EdgeServer and its kin (OnPremDiag test mocks,
Lync 2013 operations documentation); a port that is not in use is empty, not 0.
"""

from __future__ import annotations

from typing import Any

from .topology import Cluster, Machine, Port, Service, Site, Topology

Properties = dict[str, Any]


def _n(port: Port | None) -> int | None:
    return port.port if port else None


def _identity(topology: Topology, service: Service, role_name: str) -> str | None:
    """Identity of the first service of that role that ``service`` depends on."""
    for key in service.depends:
        target = topology.by_key(key)
        if target is not None and target.role_name == role_name:
            return topology.identity(target)
    return None


def site_name(topology: Topology, cluster_or_service: Cluster | Service) -> str:
    site = next((s for s in topology.sites if s.id == cluster_or_service.site), None)
    return f"Site:{site.name}" if site else f"Site:{cluster_or_service.site}"


def service_properties(topology: Topology, service: Service) -> Properties:
    """Properties of one service, in the order that Get-CsService prints them: the role's own, then the common tail."""
    cluster = topology.cluster(service.cluster)
    fqdn = cluster.fqdn if cluster else ""
    properties: Properties = {"Identity": topology.identity(service)}
    own = _OWN.get(service.role_name)
    if own is not None:
        properties |= own(topology, service, fqdn)
    dependents = [topology.identity(s) for s in topology.services if service.key in s.depends]
    return properties | {
        "DependentServiceList": dependents,
        "ServiceId": service.key,
        "SiteId": site_name(topology, service),
        "PoolFqdn": fqdn,
        "Version": service.version,
        "Role": service.role,
    }


def _edge(topology: Topology, service: Service, fqdn: str) -> Properties:
    port = service.port
    media = port("MediaRelayEdge", "MediaCommunication", "External")
    client = port("AccessEdge", "SipClient", "External")
    psom = port("DataEdge", "PsomClient", "External")
    turn = port("MediaRelayEdge", "TURNServer", "External", "Tcp")
    return {
        "Registrar": _identity(topology, service, "Registrar"),
        "AccessEdgeInternalSipPort": _n(port("AccessEdge", "SipServer", "Internal")),
        "AccessEdgeExternalSipPort": _n(port("AccessEdge", "SipServer", "External")),
        "AccessEdgeClientSipPort": _n(client),
        "DataPsomServerPort": _n(port("DataEdge", "PsomServer", "Internal")),
        "DataPsomClientPort": _n(psom),
        "MediaRelayAuthEdgePort": _n(port("MediaRelayAuthenticationEdge", "SipServer", "Internal")),
        "MediaRelayInternalTurnTcpPort": _n(port("MediaRelayEdge", "TURNServer", "Internal", "Tcp")),
        "MediaRelayExternalTurnTcpPort": _n(turn),
        "MediaRelayInternalTurnUdpPort": _n(port("MediaRelayEdge", "TURNServer", "Internal", "Udp")),
        "MediaRelayExternalTurnUdpPort": _n(port("MediaRelayEdge", "TURNServer", "External", "Udp")),
        "MediaCommunicationPortStart": _n(media),
        "MediaCommunicationPortCount": media.range if media else None,
        "AccessEdgeExternalFqdn": client.configured_fqdn if client else None,
        "DataEdgeExternalFqdn": psom.configured_fqdn if psom else None,
        "AVEdgeExternalFqdn": turn.configured_fqdn if turn else None,
        "InternalInterfaceFqdn": fqdn,
        "ExternalMrasFqdn": turn.configured_fqdn if turn else None,  # inferred: no printed value names another
        "XmppInternalPort": _n(port("XmppFederationProxy", "XptServer", "Internal")),
        "XmppListeningPort": _n(port("XmppFederationProxy", "XmppServer", "External")),
    }


def _registrar(topology: Topology, service: Service, _fqdn: str) -> Properties:
    port = service.port
    return {  # inferred: names of the parameters of Set-CsRegistrar; no full print is published
        "SipPort": _n(port("Registrar", "SipServer", "Primary")),
        "WebPort": _n(port("Registrar", "WebServer", "Primary")),
        "LyssWcfMtlsPort": _n(port("Lyss", "WcfMtls", "Primary")),
        "XmppGatewaySipPort": _n(port("XmppFederation", "SipServer", "Primary")),
        "UserServer": _identity(topology, service, "UserServices"),
        "WebServer": _identity(topology, service, "WebServices"),
        "EdgeServer": _identity(topology, service, "EdgeServer"),
        "ArchivingDatabase": _identity(topology, service, "ArchivingStore"),
        "MonitoringDatabase": _identity(topology, service, "MonitoringStore"),
        "IsDirector": service.detail("IsDirector") == "true",
    }


def _users(topology: Topology, service: Service, _fqdn: str) -> Properties:
    return {
        "UserDatabase": _identity(topology, service, "UserStore"),
        "McuFactorySipPort": _n(service.port("McuFactory", "WebServer", "Primary")),
        "UserPinManagementWcfHttpPort": _n(service.port("PresenceFocus", "UserPinManagement", "Primary")),
    }


def _web(topology: Topology, service: Service, fqdn: str) -> Properties:
    def site(side: str, protocol: str) -> Port | None:
        return service.port("OCSWebSite", "WebSite", side, protocol)

    def published(port: Port | None) -> int | None:
        return (port.configured_port or port.port) if port else None

    sharing = service.port("MediaComp", "AppSharingCommunication", "Primary")
    return {
        "FileStore": _identity(topology, service, "FileStore"),
        "UserServer": _identity(topology, service, "UserServices"),
        "PrimaryHttpPort": _n(site("Primary", "Http")),
        "PrimaryHttpsPort": _n(site("Primary", "Https")),
        "ExternalHttpPort": _n(site("External", "Http")),
        "ExternalHttpsPort": _n(site("External", "Https")),
        "PublishedPrimaryHttpPort": published(site("Primary", "Http")),
        "PublishedPrimaryHttpsPort": published(site("Primary", "Https")),
        "PublishedExternalHttpPort": published(site("External", "Http")),
        "PublishedExternalHttpsPort": published(site("External", "Https")),
        "ReachPrimaryPsomServerPort": _n(service.port("Reach", "PsomServer", "Primary")),
        "ReachExternalPsomServerPort": _n(service.port("Reach", "PsomServer", "External")),
        "AppSharingPortStart": _n(sharing),
        "AppSharingPortCount": sharing.range if sharing else None,
        "ExternalFqdn": service.detail("ExternalSettings.Host") or fqdn,
        "InternalFqdn": service.detail("InternalSettings.Host") or fqdn,
    }


def _conferencing(topology: Topology, service: Service, _fqdn: str) -> Properties:
    return {
        "WebServer": _identity(topology, service, "WebServices"),
        "UserServer": _identity(topology, service, "UserServices"),
        "FileStore": _identity(topology, service, "FileStore"),
        "EdgeServer": _identity(topology, service, "EdgeServer"),
    }


def _files(_topology: Topology, service: Service, fqdn: str) -> Properties:
    share = service.detail("ShareName") or ""
    return {"ShareName": share, "UncPath": rf"\\{fqdn}\{share}", "IsDfsShare": False}


def _management(_topology: Topology, service: Service, _fqdn: str) -> Properties:
    return {"Active": service.detail("IsActive") == "true"}


def _database(topology: Topology, service: Service, _fqdn: str) -> Properties:
    return {"SqlInstanceName": (service.sql or "").partition("/")[2]}


_OWN = {
    "EdgeServer": _edge,
    "Registrar": _registrar,
    "UserServices": _users,
    "WebServices": _web,
    "ConfServices": _conferencing,
    "FileStore": _files,
    "CentralMgmt": _management,
    "UserStore": _database,
    "ApplicationStore": _database,
    "CentralMgmtStore": _database,
    "ArchivingStore": _database,
    "MonitoringStore": _database,
}


def pool_properties(topology: Topology, cluster: Cluster) -> Properties:
    return {
        "Identity": cluster.fqdn,
        "Services": [topology.identity(s) for s in topology.services_on(cluster)],
        "Computers": [m.fqdn for m in cluster.machines],
        "Fqdn": cluster.fqdn,
        "BackupPoolFqdn": None,
        "Site": site_name(topology, cluster),
    }


def computer_properties(cluster: Cluster, machine: Machine) -> Properties:
    return {"Identity": machine.fqdn, "Pool": cluster.fqdn, "Fqdn": machine.fqdn}


def site_properties(topology: Topology, site: Site) -> Properties:
    """Without the routes and texts, which the store keeps beside the document."""
    return {
        "Identity": f"Site:{site.name}",
        "SiteId": site.id,
        "Services": [topology.identity(s) for s in topology.services if s.site == site.id],
        "Pools": [c.fqdn for c in topology.clusters if c.site == site.id],
        "SiteType": "CentralSite",
        "ParentSite": None,
    }
