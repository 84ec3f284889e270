# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Central Management store's way to the computers: export, import, replicas, databases, Enable-CsComputer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..organisation import services
from ..organisation.deployment import SERVICE_VERSIONS, export, export_lis, product_version, read_export
from ..organisation.store import Replica
from ..organisation.topology import Service, Topology
from ..organisation.topology_view import computer_properties
from ..powershell.values import Psobj
from . import Call, central_store, cmdlet
from ._servers import (
    DEPLOYMENT,
    LYNC,
    failed,
    local_pool,
    read_file,
    report,
    store_of,
    task_output,
    write_file,
)
from ._servers import central_store as published_store

XDS = "Microsoft.Rtc.Management.Xds."
XDS_LIS = "Microsoft.Rtc.Management.Lis."
#: Databases by the role of the store that holds them. # source: names in the pages of Install-/Test-CsDatabase.
DATABASES = {
    "UserStore": ("rtcxds", "rtcshared", "rtcab"),
    "ApplicationStore": ("rgsconfig", "rgsdyn", "cpsdyn"),
    "CentralMgmtStore": ("xds", "lis"),
    "ArchivingStore": ("LcsLog",),
    "MonitoringStore": ("LcsCDR", "QoEMetrics"),
}
_TYPES = {
    "User": "UserStore",
    "Application": "ApplicationStore",
    "CentralMgmt": "CentralMgmtStore",
    "Archiving": "ArchivingStore",
    "Monitoring": "MonitoringStore",
}


# --- export and import


@cmdlet("Export-CsConfiguration", writes=True, module=LYNC, class_name=DEPLOYMENT + "ExportConfigurationCmdlet")
def export_configuration(call: Call) -> Any:
    content = export(call.world, store_of(call))
    call.writes = bool(call.p.get("FileName"))
    if call.p.get("FileName"):
        write_file(call, str(call.p["FileName"]), content)
        return None
    return content if call.p.get("AsBytes") else None


@cmdlet("Export-CsLisConfiguration", writes=True, module=LYNC, class_name=XDS_LIS + "ExportLisConfigurationCmdlet")
def export_locations(call: Call) -> Any:
    """Location Information service: the lab has no locations, so the archive is an empty one. Only this host's disk is written.
    source: C:Export-CsLisConfiguration"""
    published_store(call)
    content = export_lis(call.world)
    call.writes = bool(call.p.get("FileName"))
    if call.p.get("FileName"):
        write_file(call, str(call.p["FileName"]), content)
        return None
    return content


@cmdlet("Import-CsConfiguration", writes=True, module=LYNC, class_name=DEPLOYMENT + "ImportConfigurationCmdlet")
def import_configuration(call: Call) -> None:
    """# source: without -LocalStore it overwrites the Central Management store itself (Import-CsConfiguration)."""
    given = call.p.get("ByteInput")
    content = bytes(given) if given is not None else read_file(call, str(call.p["FileName"]))
    if not call.p.get("LocalStore"):
        published_store(call)
        call.should_continue("Central Management store")
    elif not call.computer.local_store_created:
        raise failed(call, "local-instance-missing", call.computer.fqdn)
    snapshot = read_export(call.world, content)
    if snapshot is None:
        raise failed(call, "import-unreadable", str(call.p.get("FileName", "")))
    if call.p.get("LocalStore"):
        call.world.replica(call.computer).load(snapshot)
        services.follow(call.world, call.computer)
        return
    now = call.world.clock.now()
    call.world.publish(snapshot.topology)
    for kind, rows in snapshot.settings.items():
        for identity in [i for i in call.world.cms.rows(kind) if i not in rows]:
            call.world.cms.remove(kind, identity, now)
        for identity, row in rows.items():
            call.world.cms.put(kind, identity, row, now)


# --- replicas


@cmdlet("Enable-CsReplica", writes=True, module=LYNC, class_name=DEPLOYMENT + "EnableReplicaCmdlet")
def enable_replica(call: Call) -> None:
    """# source: published installations run it before Import-CsConfiguration -LocalStore as well as after it."""
    if not call.computer.local_store_created:
        raise failed(call, "local-instance-missing", call.computer.fqdn)
    if not call.should_process(call.computer.fqdn, force=True):
        return
    call.world.tables.setdefault("enabled_replicas", set()).add(call.computer.fqdn)
    call.world.replica(call.computer)
    services.follow(call.world, call.computer)
    report(call)


@cmdlet("Test-CsReplica", module=LYNC, class_name=DEPLOYMENT + "TestReplicaCmdlet")
def test_replica(call: Call) -> Iterator[Psobj]:
    report(call)
    if call.computer.fqdn not in call.world.tables.get("enabled_replicas", ()):
        raise failed(call, "replica-not-enabled", call.computer.fqdn)
    yield task_output(call.computer.fqdn)


@cmdlet(
    "Get-CsManagementStoreReplicationStatus",
    module=LYNC,
    class_name="Microsoft.Rtc.Management.Xds.GetReplicationStatusCmdlet",
)
def replication_status(call: Call) -> Iterator[Psobj]:
    snapshot = published_store(call)
    topology: Topology = snapshot.topology
    if call.p.get("CentralManagementStoreStatus"):
        yield _store_status(call, topology)
        return
    wanted = call.p.get("ReplicaFqdn")
    found = False
    for cluster in topology.clusters:
        for machine in cluster.machines:
            if cluster.replicated and (wanted is None or machine.fqdn.casefold() == str(wanted).casefold()):
                found = True
                yield _state(call, machine.fqdn, topology.version_of(cluster))
    if wanted is not None and not found:
        raise failed(call, "replica-unknown", str(wanted))


def _state(call: Call, fqdn: str, version: int | None) -> Psobj:
    """# source: property names (reference and test mocks); everything is empty until the replica's first report."""
    replica: Replica | None = call.world.replicas.get(fqdn.casefold())
    reported = replica is not None and replica.last_report is not None
    current = call.world.cms.current
    up_to_date = replica is not None and reported and replica.version >= current.version
    return Psobj(
        XDS + "ReplicaState",
        properties={
            "UpToDate": up_to_date,
            "ReplicaFqdn": fqdn,
            "LastStatusReport": replica.last_report if replica is not None else None,
            "LastUpdateCreation": current.at if reported else None,
            "ProductVersion": (_build(call, fqdn) or product_version(version)) if reported else "",
        },
    )


def _build(call: Call, fqdn: str) -> str:
    """An update that the estate says was installed there."""
    hosts = call.world.estate.hosts
    return next((str(host.build) for host in hosts if host.fqdn.casefold() == fqdn.casefold()), "")


def _store_status(call: Call, topology: Topology) -> Psobj:
    active = next((s for s in topology.of_role("CentralMgmt") if s.detail("IsActive") == "true"), None)
    cluster = topology.cluster(active.cluster) if active is not None else None
    master = cluster.machines[0].fqdn if cluster is not None and cluster.machines else None
    now = call.world.clock.now()
    replicas = [m.fqdn for c in topology.clusters if c.replicated for m in c.machines]
    return Psobj(
        XDS + "CentralManagementStoreStatusResult",
        properties={
            "LastUpdatedOn": call.world.cms.current.at,
            "ActiveMasterFqdn": master,
            "ActiveMasterLastHeartbeat": now if master else None,
            "ActiveFileTransferAgentFqdn": master,
            "ActiveFileTransferAgentLastHeartbeat": now if master else None,
            "ActiveReplicas": replicas,
            "DeletedReplicas": [],
        },
    )


@cmdlet(
    "Invoke-CsManagementStoreReplication",
    writes=True,
    module=LYNC,
    class_name="Microsoft.Rtc.Management.Xds.InvokeReplicationCmdlet",
)
def invoke_replication(call: Call) -> None:
    """Asks for a push and returns nothing; what has not arrived arrives a replica's lag later."""
    topology: Topology = published_store(call).topology
    wanted = call.p.get("ReplicaFqdn")
    if wanted is not None and topology.pool_of(str(wanted)) is None:
        raise failed(call, "replica-unknown", str(wanted))
    now = call.world.clock.now()
    for fqdn, replica in call.world.replicas.items():
        if (wanted is None or fqdn == str(wanted).casefold()) and replica.version < call.world.cms.version:
            replica.offer(call.world.cms.current, now)


# --- databases


@cmdlet("Install-CsDatabase", writes=True, module=LYNC, class_name=DEPLOYMENT + "InstallDatabaseCmdlet")
def install_database(call: Call) -> None:
    if call.p.get("CentralManagementDatabase"):
        central_store.install(call)
        return
    topology: Topology = published_store(call).topology if call.computer.joined else local_pool(call)[0].topology
    if call.p.get("LocalDatabases"):
        for instance in _local_instances(call):
            if instance not in call.computer.sql_instances:
                raise failed(call, "sql-service-missing", call.computer.fqdn, instance=instance)
        if call.should_process(call.computer.fqdn, force=True):
            # inferred: on a Standard Edition server the pool's own databases are local ones too
            own = {services.database_of(topology, s) for s in topology.services if s.sql is not None}
            here = {d for d in own if d[0] == call.computer.fqdn and d[1] in call.computer.sql_instances}
            call.world.tables.setdefault("databases", set()).update(here)
            report(call)
        return
    wanted = _stores(call, topology)
    for host, instance, _role in wanted:
        computer = call.world.computer(host)
        if computer is not None and instance.upper() not in computer.sql_instances:
            report(call, "Failed")
            raise failed(call, "sql-service-missing", host, instance=instance)
    if not call.should_process(str(call.p.get("SqlServerFqdn", "")), force=True):
        return
    call.world.tables.setdefault("databases", set()).update(wanted)
    report(call)


def _local_instances(call: Call) -> tuple[str, ...]:
    _snapshot, cluster = local_pool(call)
    edge = _snapshot.topology.role_on(cluster, "EdgeServer") is not None
    version = SERVICE_VERSIONS.get(call.computer.core_files or "", 0)
    return ("RTCLOCAL",) if edge or version < 6 else ("RTCLOCAL", "LYNCLOCAL")


def _stores(call: Call, topology: Topology) -> list[tuple[str, str, str]]:
    """SQL host, instance and role of the stores that the parameters mean."""
    host = str(call.p.get("SqlServerFqdn") or call.computer.fqdn).casefold()
    instance = str(call.p.get("SqlInstanceName") or "").upper()
    all_stores: list[Service] = [s for s in topology.services if s.sql is not None]
    found = [services.database_of(topology, s) for s in all_stores]
    if call.p.get("DatabaseType"):
        role = _TYPES.get(str(call.p["DatabaseType"]))
        if role is None:
            raise failed(call, "database-type-unsupported", str(call.p["DatabaseType"]))
        found = [d for d in found if d[2] == role]
    found = [d for d in found if d[0] == host and (not instance or d[1] == instance)]
    if not found:
        raise failed(call, "no-database-configured", host)
    return found


@cmdlet("Test-CsDatabase", module=LYNC, class_name=DEPLOYMENT + "TestDatabaseCmdlet")
def test_database(call: Call) -> Iterator[Psobj]:
    if call.p.get("CentralManagementDatabase"):
        for host, instance, there in central_store.tested(call):
            for name in DATABASES["CentralMgmtStore"]:
                yield _database(host, instance, name, there)
        return
    topology: Topology = published_store(call).topology
    report(call)
    if call.p.get("LocalService"):
        for instance in _local_instances(call):
            yield _database(call.computer.fqdn, instance, "xds", instance in call.computer.sql_instances)
        return
    installed = call.world.tables.get("databases", set())
    for host, instance, role in _stores(call, topology):
        computer = call.world.computer(host)
        there = (host, instance, role) in installed
        if computer is not None:
            there = there and instance in computer.sql_instances
        for name in DATABASES.get(role, ()):
            yield _database(host, instance, name, there)


def _database(host: str, instance: str, name: str, there: bool) -> Psobj:
    return Psobj(
        "Microsoft.Rtc.Management.Deployment.DatabaseTestResult",
        name,
        {
            "SqlServerFqdn": host,
            "SqlInstanceName": instance.lower(),
            "DatabaseName": name,
            "InstalledVersion": "10.13.2" if there else None,
            "ExpectedVersion": "10.13.2",
            "Succeed": there,
        },
    )


# --- the computer


@cmdlet("Enable-CsComputer", writes=True, module=LYNC, class_name=DEPLOYMENT + "EnableComputerCmdlet")
def enable_computer(call: Call) -> Iterator[Psobj]:
    world, computer = call.world, call.computer
    if not computer.joined and world.unknowns.refused("enable_computer_on_edge"):
        raise failed(call, "enable-computer-on-edge", computer.fqdn)
    _snapshot, cluster = local_pool(call)
    if not any(s.lync and name != services.REPLICA for name, s in computer.windows_services.items()):
        raise failed(call, "components-missing", computer.fqdn)
    if computer.joined and cluster.fqdn.casefold() not in world.tables.get("trusted_services", ()):
        raise failed(call, "topology-not-enabled", cluster.fqdn)
    if not call.should_process(computer.fqdn, force=True):
        return
    computer.computer_enabled = True
    report(call)
    machine = {each.fqdn.casefold(): each for each in cluster.machines}[computer.fqdn]
    yield Psobj("Microsoft.Rtc.Management.Deploy.Internal.Machine", machine.fqdn, computer_properties(cluster, machine))


@cmdlet("Test-CsComputer", module=LYNC, class_name=DEPLOYMENT + "TestComputerCmdlet")
def test_computer(call: Call) -> Iterator[Psobj]:
    report(call)
    if not call.computer.computer_enabled:
        raise failed(call, "computer-not-enabled", call.computer.fqdn)
    yield task_output(call.computer.fqdn)
