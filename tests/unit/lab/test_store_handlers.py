# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the Central Management store to the computers: local stores, replication, components, databases."""

from __future__ import annotations

import io
import zipfile

import pytest
from ansible_collections.lync.xmpp_migration.lab.estate import Replication
from ansible_collections.lync.xmpp_migration.lab.organisation.faults import Faults
from ansible_collections.lync.xmpp_migration.tests.unit.lab import deployment_steps as steps
from ansible_collections.lync.xmpp_migration.tests.unit.lab.worlds import Host

ZIP = r"C:\Windows\Temp\cs.zip"


@pytest.fixture
def world():
    return steps.published(replication=Replication(2.0, {steps.EDGE: 8.0}))


@pytest.fixture
def fe(world):
    return Host(world, steps.FRONT_END)


@pytest.fixture
def edge(world):
    return Host(world, steps.EDGE)


def up_to_date(host, replica=None):
    parameters = {"ReplicaFqdn": replica} if replica else {}
    rows = host.call("Get-CsManagementStoreReplicationStatus", ["ReplicaFqdn", "UpToDate"], **parameters).ok()
    return {fqdn.partition(".")[0]: state for fqdn, state in rows}


# --- the local store


def test_nothing_local_works_before_the_local_instance(world, fe):
    fe.call("Export-CsConfiguration", FileName=ZIP).ok()
    assert fe.call("Import-CsConfiguration", FileName=ZIP, LocalStore=True).ids == ["ProcessingFailed"]
    assert fe.call("Enable-CsReplica", Confirm=False).ids == ["ProcessingFailed"]
    assert fe.call("Get-CsTopology", LocalStore=True).ids == ["ProcessingFailed"]
    assert fe.call("Enable-CsComputer", Confirm=False).ids == ["ProcessingFailed"]
    assert steps.run(fe, steps.BOOTSTRAPPER)[0] == 1603


def test_bootstrapper_makes_the_instance_and_takes_only_what_it_knows(world, fe):
    assert steps.run(fe, steps.BOOTSTRAPPER, "/BootstrapSqlExpres")[0] == 87
    assert steps.run(fe, steps.BOOTSTRAPPER, r'/BootstrapLocalMgmt "/SourceDirectory:C:\a b\amd64"')[0] == 0
    assert "RTCLOCAL" in fe.session.computer.sql_instances
    rows = fe.call("Get-Service", ["Name", "Status"], Name=["REPLICA", "MSSQL$RTCLOCAL"]).ok()
    assert rows == [["REPLICA", "Stopped"], ["MSSQL$RTCLOCAL", "Running"]]


def test_bootstrapper_is_where_the_product_is(world, fe):
    elsewhere = steps.run(fe, steps.BOOTSTRAPPER.replace("Lync Server 2013", "Lync Server 2010"), "/BootstrapLocalMgmt")
    assert elsewhere[0] is None
    fe.session.computer.core_files = None
    assert steps.run(fe, steps.BOOTSTRAPPER, "/BootstrapLocalMgmt")[0] is None
    assert not fe.session.computer.local_store_created


def test_a_configuration_travels_as_bytes_within_one_request(world, fe):
    steps.run(fe, steps.BOOTSTRAPPER, "/BootstrapLocalMgmt")
    answers = fe.calls(
        [
            {"cmdlet": "Export-CsConfiguration", "parameters": {"AsBytes": True}, "keep": True},
            {"cmdlet": "Import-CsConfiguration",
             "parameters": {"ByteInput": {"$": "result", "call": 0, "index": 0}, "LocalStore": True}},
        ]
    )  # fmt: skip
    assert [a.errors for a in answers] == [[], []]
    [[local]] = fe.call("Get-CsTopology", ["Signature"], LocalStore=True).ok()
    assert local == world.cms.topology.signature
    entries = [line for line in world.transcript.lines() if line["cmdlet"] == "Export-CsConfiguration"]
    assert [line["write"] for line in entries] == [False]


def test_the_archive_is_a_zip_that_only_import_understands(world, fe, edge):
    fe.call("Export-CsConfiguration", FileName=ZIP).ok()
    content = world.files.read(fe.session.computer, ZIP)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
    steps.run(edge, steps.BOOTSTRAPPER, "/BootstrapLocalMgmt")
    damaged = bytearray(content)
    damaged[len(damaged) // 2] ^= 1
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("DocItemSet.xml", '<DocItemSet Token="none" />')
    for bad in (content[:-100], bytes(damaged), b"", b"text", other.getvalue()):
        world.files.write(edge.session.computer, ZIP, bad)
        assert edge.call("Import-CsConfiguration", FileName=ZIP, LocalStore=True).ids == ["ProcessingFailed"]
    assert edge.call("Import-CsConfiguration", FileName=r"C:\no.zip", LocalStore=True).ids == ["ProcessingFailed"]
    world.files.write(edge.session.computer, ZIP, content)
    edge.call("Import-CsConfiguration", FileName=ZIP, LocalStore=True).ok()
    assert world.local(edge.session.computer).version == world.cms.version


def test_import_without_local_store_overwrites_the_central_store_and_breaks_the_law(world, fe):
    fe.call("Export-CsConfiguration", FileName=ZIP).ok()
    fe.call("New-CsAllowedDomain", Identity="later.test").ok()
    assert fe.call("Import-CsConfiguration", FileName=ZIP).ids == ["InvalidOperation"]
    assert fe.call("Import-CsConfiguration", FileName=ZIP, Force=True).ok() == []
    assert world.cms.row("allowed_domain", "later.test") is None
    assert {v["law"] for v in world.laws.violations} == {"L4"}


# --- replication


def test_a_new_replica_reports_only_once_it_is_enabled_and_its_lag_has_passed(world, fe):
    assert up_to_date(fe) == {"pool2010": False, "edge2010": False, "pool2013": False, "edge2013": False}
    world.clock.advance(3)
    assert up_to_date(fe) == {"pool2010": True, "edge2010": True, "pool2013": False, "edge2013": False}
    steps.run(fe, steps.BOOTSTRAPPER, "/BootstrapLocalMgmt")
    assert fe.call("Test-CsReplica").ids == ["ProcessingFailed"]
    assert fe.call("Enable-CsReplica").ids == ["InvalidOperation"]
    fe.call("Enable-CsReplica", Confirm=False).ok()
    fe.call("Test-CsReplica", ["Result"]).ok()
    world.clock.advance(100)
    assert not up_to_date(fe, steps.FRONT_END)["pool2013"], "its service does not run"
    fe.call("Start-CsWindowsService", Name="REPLICA").ok()
    assert not up_to_date(fe, steps.FRONT_END)["pool2013"]
    world.clock.advance(3)
    assert up_to_date(fe, steps.FRONT_END)["pool2013"]
    [row] = fe.call(
        "Get-CsManagementStoreReplicationStatus", ["ProductVersion", "LastStatusReport"], ReplicaFqdn=steps.FRONT_END
    ).ok()
    assert row[0] == "5.0.8308.0" and row[1].startswith("2026-11-21T08:0")


def test_every_change_makes_replicas_late_and_the_edge_is_later_than_the_rest(world, fe):
    host = steps.install(world, steps.FRONT_END)
    steps.install(world, steps.EDGE)
    assert all(up_to_date(host).values())
    fe.call("New-CsAllowedDomain", Identity="later.test").ok()
    fe.call("Invoke-CsManagementStoreReplication").ok()
    assert not any(up_to_date(host).values())
    world.clock.advance(3)
    assert up_to_date(host) == {"pool2010": True, "edge2010": True, "pool2013": True, "edge2013": False}
    world.clock.advance(6)
    assert all(up_to_date(host).values())


def test_a_stalled_replica_and_an_unknown_one(world, fe):
    steps.install(world, steps.EDGE)
    world.faults = Faults([{"do": "stall_replication", "host": steps.EDGE}])
    fe.call("New-CsAllowedDomain", Identity="later.test").ok()
    fe.call("Invoke-CsManagementStoreReplication", ReplicaFqdn=steps.EDGE).ok()
    world.clock.advance(3600)
    assert not up_to_date(fe, steps.EDGE)["edge2013"]
    assert fe.call("Invoke-CsManagementStoreReplication", ReplicaFqdn="x.test").ids == ["ProcessingFailed"]
    assert fe.call("Get-CsManagementStoreReplicationStatus", ReplicaFqdn="x.test").ids == ["ProcessingFailed"]


def test_an_edge_that_is_not_yet_published_gets_nothing(fe):
    world = steps.legacy()
    edge = Host(world, steps.EDGE)
    steps.run(edge, steps.BOOTSTRAPPER, "/BootstrapLocalMgmt")
    edge.call("Enable-CsReplica", Confirm=False).ok()
    edge.call("Start-CsWindowsService", Name="REPLICA").ok()
    world.clock.advance(100)
    assert edge.call("Get-CsTopology", LocalStore=True).ids == ["ProcessingFailed"]
    steps.publish_from_builder(world, lambda draft: steps.add_2013(draft, world))
    world.clock.advance(100)
    assert edge.call("Get-CsTopology", LocalStore=True).errors == []


def test_status_of_the_central_store(world, fe, edge):
    properties = ["ActiveMasterFqdn", "ActiveReplicas", "DeletedReplicas"]
    [row] = fe.call("Get-CsManagementStoreReplicationStatus", properties, CentralManagementStoreStatus=True).ok()
    assert row[0] == "pool2010.contoso.test" and len(row[1]) == 4 and row[2] == []
    assert edge.call("Get-CsManagementStoreReplicationStatus").ids == ["ProcessingFailed"]


# --- components, computers


def test_components_follow_the_topology_of_the_local_store(world):
    edge = steps.install(world, steps.EDGE)
    names = {row[0] for row in edge.call("Get-CsWindowsService", ["Name"]).ok()}
    assert names == {"REPLICA", "RTCCLSAGT", "RTCSRV", "RTCDATAPROXY", "RTCMRAUTH", "RTCMEDIARELAY"}
    steps.publish_from_builder(world, steps.enable_xmpp)
    world.replicate()
    steps.run(edge, steps.BOOTSTRAPPER)
    assert {row[0] for row in edge.call("Get-CsWindowsService", ["Name"]).ok()} == names, "not yet replicated"
    world.clock.advance(10)
    steps.run(edge, steps.BOOTSTRAPPER)
    displays = {row[0] for row in edge.call("Get-CsWindowsService", ["DisplayName"]).ok()}
    assert "Lync Server XMPP Translating Gateway Proxy" in displays and len(displays) == 7
    front_end = steps.install(world, steps.FRONT_END)
    assert ["RTCXMPPTGW", "Lync Server XMPP Translating Gateway"] in front_end.call(
        "Get-CsWindowsService", ["Name", "DisplayName"]
    ).ok()
    steps.publish_from_builder(world, _without_xmpp)
    world.replicate()
    world.clock.advance(10)
    steps.run(edge, steps.BOOTSTRAPPER)
    assert {row[0] for row in edge.call("Get-CsWindowsService", ["Name"]).ok()} == names


def _without_xmpp(draft):
    edge = draft.topology().service(f"EdgeServer:{steps.EDGE}")
    draft.remove_port(edge.key, "XmppFederationProxy", "XmppServer", "External")
    draft.remove_port(edge.key, "XmppFederationProxy", "XptServer", "Internal")


@pytest.mark.parametrize(("answer", "ids"), [("accepted", []), ("refused", ["ProcessingFailed"])])
def test_enable_computer_on_an_edge(answer, ids):
    world = steps.published(unknowns={"enable_computer_on_edge": answer})
    edge, fe = Host(world, steps.EDGE), Host(world, steps.FRONT_END)
    steps.run(edge, steps.BOOTSTRAPPER, "/BootstrapLocalMgmt")
    steps.copy_configuration(world, fe, edge)
    assert edge.call("Enable-CsComputer", Confirm=False).ids == ["ProcessingFailed"], "no component"
    steps.run(edge, steps.BOOTSTRAPPER)
    assert edge.call("Enable-CsComputer", ["Fqdn"], Confirm=False).ids == ids
    assert edge.call("Test-CsComputer").ids == ids


def test_a_front_end_is_enabled_only_once_its_topology_is(world, fe):
    world.tables["trusted_services"] = {"pool2010.contoso.test"}
    steps.run(fe, steps.BOOTSTRAPPER, "/BootstrapLocalMgmt")
    steps.copy_configuration(world, fe, fe)
    steps.run(fe, steps.BOOTSTRAPPER)
    assert fe.call("Enable-CsComputer", Confirm=False).ids == ["ProcessingFailed"]
    fe.call("Enable-CsTopology", Confirm=False).ok()
    assert fe.call("Enable-CsComputer").ids == ["InvalidOperation"]
    assert fe.call("Enable-CsComputer", ["."], Confirm=False).ok() == [[steps.FRONT_END]]


# --- databases


def test_databases_need_their_instance_and_can_be_tested(world, fe):
    world.tables["databases"] = set()
    tested = ("Test-CsDatabase", ["DatabaseName", "Succeed"])
    where = {"ConfiguredDatabases": True, "SqlServerFqdn": steps.FRONT_END}
    assert {ok for _name, ok in fe.call(*tested, **where).ok()} == {False}
    assert fe.call("Install-CsDatabase", **where).ids == ["InvalidOperation"]
    fe.session.computer.sql_instances.clear()
    missing = fe.call("Install-CsDatabase", Confirm=False, **where)
    assert missing.errors[0]["exceptions"][0]["type"].endswith("DbSetupSqlServiceNotInstalledException")
    fe.session.computer.sql_instances.add("RTC")
    fe.call("Install-CsDatabase", Confirm=False, **where).ok()
    assert ["rtcxds", True] in fe.call(*tested, **where).ok()
    nowhere = where | {"SqlServerFqdn": "sql.contoso.test"}
    assert fe.call("Install-CsDatabase", Confirm=False, **nowhere).ids == ["ProcessingFailed"]
    assert world.laws.violations == []


@pytest.mark.parametrize("parameters", [{"Clean": True}, {"CentralManagementDatabase": True}])
def test_what_must_never_be_done_to_databases_is_recorded(world, fe, parameters):
    which = {} if "CentralManagementDatabase" in parameters else {"ConfiguredDatabases": True}
    fe.call("Install-CsDatabase", Confirm=False, SqlServerFqdn=steps.FRONT_END, **which, **parameters).ok()
    assert {v["law"] for v in world.laws.violations} == {"L4"}


def test_local_databases_and_one_type(world, fe):
    host = steps.install(world, steps.FRONT_END)
    world.tables["databases"] = set()
    host.call("Install-CsDatabase", LocalDatabases=True, Confirm=False).ok()
    assert host.call("Test-CsDatabase", ["SqlInstanceName", "Succeed"], LocalService=True).ok() == [
        ["rtclocal", True], ["lynclocal", True],
    ]  # fmt: skip
    one = host.call(
        "Test-CsDatabase", ["DatabaseName", "Succeed"], DatabaseType="User", SqlServerFqdn=steps.FRONT_END
    ).ok()
    assert [["rtcxds", True], ["rtcshared", True], ["rtcab", True]] == one
    other = host.call("Test-CsDatabase", DatabaseType="PersistentChat", SqlServerFqdn=steps.FRONT_END)
    assert other.ids == ["ProcessingFailed"]
