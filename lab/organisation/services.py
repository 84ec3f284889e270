# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows services of the Lync roles: which are installed, when each was started, and with which certificates.

# source: short names as in published Start-/Enable-Cs logs of a 2015 lab, display names as in the 2013 documentation;
# the Edge services start in the order RTCCLSAGT, RTCSRV, RTCDATAPROXY, RTCMRAUTH, RTCMEDIARELAY.
# inferred: the short names of the XMPP proxy and of the OCS gateway's service, which no public text has, and the list
# for Lync Server 2010, which is the 2013 one without what came later.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from . import fabric
from .certificates import Stored, certificates_of
from .computers import Computer
from .topology import Service, Topology

RUNNING, STOPPED = "Running", "Stopped"

REPLICA = "REPLICA"
XMPP_GATEWAY = "RTCXMPPTGW"
XMPP_PROXY = "RTCXMPPTGWPRX"  # inferred: select it by its display name
OCS_GATEWAY = "OCSXMPPTGW"  # inferred: select it by its display name
OCS_GATEWAY_DISPLAY_NAME = "Office Communications Server XMPP Gateway"


@dataclass(frozen=True)
class ServiceRow:
    name: str
    display: str  # without the product's name
    since: int = 5
    process: str = ""
    uses: tuple[str, ...] = ()  # certificate uses it cannot start without
    ports: tuple[str, ...] = ()  # owners of the ports it listens on


_FRONT_END: dict[str, tuple[ServiceRow, ...]] = {
    "Registrar": (
        ServiceRow("RTCCLSAGT", "Centralized Logging Service Agent", 6, "ClsAgent"),
        ServiceRow("FabricHostSvc", "Windows Fabric Host Service", 6, "FabricHost", ("Default",), ("WinFab",)),
        ServiceRow("RTCSRV", "Front-End", 5, "RTCSrv", ("Default",), ("Registrar", "QoE", "Lyss")),
    ),
    "ConfServices": (
        ServiceRow("RTCIMMCU", "IM Conferencing", 5, "IMMCUSvc", ("Default",), ("IMConf",)),
        ServiceRow("RTCDATAMCU", "Web Conferencing", 5, "DataMCUSvc", ("Default",), ("DataConf",)),
        ServiceRow("RTCAVMCU", "Audio/Video Conferencing", 5, "AVMCUSvc", ("Default",), ("AVConf",)),
        ServiceRow("RTCASMCU", "Application Sharing", 5, "ASMCUSvc", ("Default",), ("AppSharingConf",)),
    ),
    "ApplicationServer": (
        ServiceRow("RTCATS", "Audio Test Service", 5, "OcsAppServerHost", ("Default",), ("urn:application:testbot",)),
    ),
    "CentralMgmt": (
        ServiceRow("MASTER", "Master Replicator Agent", 5, "MasterReplicatorAgent"),
        ServiceRow("FTA", "File Transfer Agent", 5, "FileTransferAgent"),
    ),
    "MediationServer": (ServiceRow("RTCMEDSRV", "Mediation", 5, "MediationServerSvc", ("Default",)),),
}
_EDGE = (
    ServiceRow("RTCCLSAGT", "Centralized Logging Service Agent", 6, "ClsAgent"),
    ServiceRow("RTCSRV", "Access Edge", 5, "RTCSrv", ("Internal", "AccessEdgeExternal"), ("AccessEdge",)),
    ServiceRow(
        "RTCDATAPROXY", "Web Conferencing Edge", 5, "DataProxy", ("Internal", "DataEdgeExternal"), ("DataEdge",)
    ),
    ServiceRow(
        "RTCMRAUTH",
        "Audio/Video Authentication",
        5,
        "MRASSvc",
        ("Internal", "AudioVideoAuthentication"),
        ("MediaRelayAuthenticationEdge",),
    ),
    ServiceRow("RTCMEDIARELAY", "Audio/Video Edge", 5, "MediaRelaySvc", (), ("MediaRelayEdge",)),
)
_XMPP_GATEWAY = ServiceRow(XMPP_GATEWAY, "XMPP Translating Gateway", 6, "XmppTGW", ("Default",), ("XmppFederation",))
_XMPP_PROXY = ServiceRow(
    XMPP_PROXY, "XMPP Translating Gateway Proxy", 6, "XmppProxy", ("Internal", "XmppServer"), ("XmppFederationProxy",)
)
_REPLICA = ServiceRow(REPLICA, "Replica Replicator Agent", 5, "ReplicaReplicatorAgent", (), ("ManagementServices",))
#: Beside the roles on a Front End; not listed by Get-CsWindowsService.
_WEB = ServiceRow("W3SVC", "World Wide Web Publishing Service", 5, "w3wp", (), ("OCSWebSite",))


@dataclass
class WindowsService:
    """One installed service. What it was started with is what it serves until it is started again."""

    name: str
    display_name: str
    process: str = ""
    lync: bool = True  # listed by Get-CsWindowsService
    uses: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    status: str = STOPPED
    started_at: datetime | None = None
    started_with: dict[str, Stored] = field(default_factory=dict)  # use -> certificate at the start
    configuration: int = 0  # version of the local store at the start
    pid: int = 0

    @property
    def running(self) -> bool:
        return self.status == RUNNING


def product_name(version: int) -> str:
    return {5: "Lync Server", 6: "Lync Server"}.get(version, "Skype for Business Server")


def wanted(topology: Topology, computer: Computer) -> dict[str, tuple[ServiceRow, tuple[str, ...]]]:
    """Services that the topology puts on this computer, with the roles they come from: what Bootstrapper installs."""
    cluster = topology.pool_of(computer.fqdn)
    rows: dict[str, tuple[ServiceRow, tuple[str, ...]]] = {}
    if cluster is None:
        return rows

    def add(row: ServiceRow, role: str, version: int) -> None:
        if row.since <= version:
            rows[row.name] = (row, (*rows.get(row.name, (row, ()))[1], role))

    for service in topology.services_on(cluster):
        version = service.version
        if service.role_name == "EdgeServer":
            for row in _EDGE:
                add(row, "EdgeServer", version)
            if service.port("XmppFederationProxy", "XmppServer", "External"):
                add(_XMPP_PROXY, "EdgeServer", version)
        else:
            for row in _FRONT_END.get(service.role_name, ()):
                add(row, service.role, version)
            if service.role_name == "WebServices":
                add(_WEB, service.role, version)
            # The documentation has the setup run again on each Front End once XMPP is in the topology, so that the
            # gateway gets installed; logs of a 2015 lab without XMPP list the service all the same. [conflict]
            if service.role_name == "Registrar" and topology.xmpp_edges():
                add(_XMPP_GATEWAY, service.role, version)
    if rows and cluster.replicated:
        add(_REPLICA, "Replica", 5)
    return rows


def install(computer: Computer, row: ServiceRow, version: int, roles: tuple[str, ...]) -> None:
    existing = computer.windows_services.get(row.name)
    if existing is not None:
        existing.roles, existing.owners, existing.uses = roles, row.ports, row.uses
        return
    other = row.name in ("FabricHostSvc", "W3SVC")
    computer.windows_services[row.name] = WindowsService(
        row.name,
        row.display if other else f"{product_name(version)} {row.display}",
        row.process,
        row.name != "W3SVC",
        row.uses,
        row.ports,
        roles,
        pid=0,
    )
    if row is _WEB:
        computer.windows_services[row.name].status = RUNNING


def install_replica(computer: Computer, version: int) -> None:
    install(computer, _REPLICA, version, ("Replica",))


def bootstrap(_world: Any, computer: Computer, topology: Topology) -> tuple[list[str], list[str]]:
    """Make the installed services match the topology. Returns the names that came and went."""
    cluster = topology.pool_of(computer.fqdn)
    version = (topology.version_of(cluster) or 5) if cluster else 5
    rows = wanted(topology, computer)
    before = {name for name, service in computer.windows_services.items() if service.lync or name == "W3SVC"}
    for row, roles in rows.values():
        install(computer, row, version, roles)
    gone = sorted(before - set(rows) - {REPLICA})
    for name in gone:
        del computer.windows_services[name]
    came = sorted(set(rows) - before)
    computer.components = {name: {"Version": version, "Roles": list(roles)} for name, (_row, roles) in rows.items()}
    return came, gone


# --- starting and stopping


def cannot_start(world: Any, computer: Computer, service: WindowsService) -> str | None:
    """Why a service does not start; None when it does.

    # source: RTCMRAUTH does not start when a root or intermediate is missing (call quality connector troubleshooting);
    # a certificate in the Root store that is not self-signed breaks a Front End on Windows Server 2012 (KB2464556);
    # order of installation: databases, Enable-CsTopology, Enable-CsComputer, certificates, start.
    # inferred: that a service does not start without the certificate of each of its uses, nor a Front End without its
    # databases, its trusted service entries in Active Directory and Enable-CsComputer after its components came.
    """
    if service.name in (REPLICA, "RTCCLSAGT", "MASTER", "FTA", "W3SVC", OCS_GATEWAY):
        return None
    store, now = certificates_of(computer), world.clock.now()
    for use in service.uses:
        stored = store.assigned(use)
        if stored is None or stored.key is None:
            return f"no certificate is assigned for {use}"
        if not stored.certificate.not_valid_before_utc <= now <= stored.certificate.not_valid_after_utc:
            return f"the certificate assigned for {use} is not valid now"
        if service.name == "RTCMRAUTH" and not store.trusted(stored.certificate, now):
            return f"the certificate assigned for {use} does not end in a trusted root"
    if "Default" not in service.uses:
        return None
    if computer.windows not in ("6.0", "6.1"):
        strangers = [s for s in store.stores["Root"].values() if s.certificate.issuer != s.certificate.subject]
        if strangers:
            return "the Trusted Root store has a certificate that is not self-signed"
    return _front_end_unready(world, computer)


def _front_end_unready(world: Any, computer: Computer) -> str | None:
    replica = world.replicas.get(computer.fqdn)
    topology: Topology | None = replica.snapshot.topology if replica and replica.snapshot else None
    cluster = topology.pool_of(computer.fqdn) if topology else None
    if topology is None or cluster is None:
        return "the computer is not in the topology of its local store"
    if cluster.fqdn.casefold() not in world.tables.get("trusted_services", ()):
        return "the pool has no trusted service entries in Active Directory"
    store = topology.target(topology.role_on(cluster, "UserServices"), "UserStore")
    if store is not None and database_of(topology, store) not in world.tables.get("databases", ()):
        return "the databases of the pool are not installed"
    return None if computer.computer_enabled else "the computer is not enabled"


def database_of(topology: Topology, store: Service) -> tuple[str, str, str]:
    """SQL host, instance and role of a service that is installed on a SQL instance."""
    host = topology.cluster(store.cluster)
    return (host.fqdn.casefold() if host else "", (store.sql or "").partition("/")[2].upper(), store.role_name)


def start(world: Any, computer: Computer, service: WindowsService) -> bool:
    """Start what is not running. False: it was running already, or is being started."""
    if service.running or service.status == fabric.STARTING:
        return False
    service.status = fabric.started(world, computer, service.name)
    service.started_at = world.clock.now()
    service.started_with = {
        use: stored for use in service.uses if (stored := certificates_of(computer).assigned(use)) is not None
    }
    service.configuration = world.replicas[computer.fqdn].version if computer.fqdn in world.replicas else 0
    world.tables["pids"] = pid = world.tables.get("pids", 1200) + 4
    service.pid = pid
    if service.name == REPLICA:
        follow(world, computer)
    return True


def stop(world: Any, computer: Computer, service: WindowsService) -> bool:
    if service.status == STOPPED:
        return False
    service.status, service.started_at, service.started_with, service.pid = STOPPED, None, {}, 0
    if service.name == REPLICA:
        follow(world, computer)
    return True


def follow(world: Any, computer: Computer) -> None:
    """Whether the local store takes over changes: Enable-CsReplica was run, its service runs, the topology has it."""
    if not computer.local_store_created:
        return
    replica, service = world.replica(computer), computer.windows_services.get(REPLICA)
    marked = computer.fqdn in world.tables.get("enabled_replicas", ())
    known = world.cms.topology.pool_of(computer.fqdn) is not None
    if marked and known and service is not None and service.running:
        if not replica.enabled:
            replica.pending.clear()
        world.enable_replica(computer)
    else:
        replica.enabled = False


def prepare(world: Any) -> None:
    """What the published topology needs around it is there when the lab starts: entries, databases, replicas."""
    topology: Topology = world.cms.topology
    world.tables["trusted_services"] = {cluster.fqdn.casefold() for cluster in topology.clusters}
    world.tables["databases"] = {database_of(topology, s) for s in topology.services if s.sql is not None}
    world.tables["enabled_replicas"] = {fqdn for fqdn, replica in world.replicas.items() if replica.enabled}


def start_all(world: Any, computer: Computer) -> None:
    """For a computer that is in service when the lab starts. What cannot start stays stopped."""
    for service in computer.windows_services.values():
        if service.lync and cannot_start(world, computer, service) is None:
            start(world, computer, service)


# --- what listens


@dataclass(frozen=True)
class Listener:
    port: int
    protocol: str  # Tcp | Udp
    address: str
    side: str
    service: str
    owner: str

    @property
    def xmpp(self) -> bool:
        return self.owner == "XmppFederationProxy" and self.side == "External"


def listening_ports(world: Any, computer: Computer) -> list[Listener]:
    """Ports that running services listen on, by the topology in the computer's own store."""
    found: list[Listener] = []
    gateway = computer.windows_services.get(OCS_GATEWAY)
    if gateway is not None and gateway.running:
        # source: walk-throughs of the OCS 2007 R2 gateway: XMPP on 5269, SIP over mutual TLS on 5061, one interface
        address = next(iter((*computer.external_addresses, *computer.internal_addresses)), "0.0.0.0")  # noqa: S104
        for number, owner, side in ((5269, "XmppFederationProxy", "External"), (5061, "AccessEdge", "External")):
            found.append(Listener(number, "Tcp", address, side, gateway.name, owner))
    replica = world.replicas.get(computer.fqdn)
    topology = replica.snapshot.topology if replica and replica.snapshot else None
    cluster = topology.pool_of(computer.fqdn) if topology else None
    if topology is None or cluster is None:
        return found
    machine = next(m for m in cluster.machines if m.fqdn.casefold() == computer.fqdn.casefold())
    owners = {owner: s for s in computer.windows_services.values() if s.running for owner in s.owners}
    for service in topology.services_on(cluster):
        for port in service.ports:
            running = owners.get(port.owner)
            if running is None or port.range is not None:
                continue
            protocol = "Udp" if port.protocol == "Udp" else "Tcp"
            address = machine.address(port.side) or "0.0.0.0"  # noqa: S104  as the document says: any address
            listener = Listener(port.port, protocol, address, port.side, running.name, port.owner)
            if all((x.port, x.protocol, x.address) != (listener.port, protocol, address) for x in found):
                found.append(listener)
    return found


def xmpp_certificate(computer: Computer) -> Stored | None:
    """The certificate, with its key, that the running XMPP proxy of an Edge shows."""
    service = computer.windows_services.get(XMPP_PROXY)
    return service.started_with.get("XmppServer") if service is not None and service.running else None
