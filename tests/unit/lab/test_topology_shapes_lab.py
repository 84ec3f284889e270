# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Enterprise pools, Edge pools and first topologies in the lab: documents, rows, services per machine, the quorum."""

from __future__ import annotations

import re

import pytest
import yaml
from ansible_collections.lync.xmpp_migration.lab import builder
from ansible_collections.lync.xmpp_migration.lab.organisation import fabric, services
from ansible_collections.lync.xmpp_migration.lab.organisation.central_store import CentralManagement, location
from ansible_collections.lync.xmpp_migration.lab.organisation.topology import parse
from ansible_collections.lync.xmpp_migration.lab.organisation.topology_rules import problems
from ansible_collections.lync.xmpp_migration.lab.place import LabError
from ansible_collections.lync.xmpp_migration.tests.unit.lab.worlds import Host, world_of

EE, EDGES = "eepool.contoso.test", "edgepool.contoso.test"
FRONTS = ("fe1.contoso.test", "fe2.contoso.test", "fe3.contoso.test")
SQL, FILES = "sql.contoso.test", "files.contoso.test"
ESTATE = f"""
name: shapes
domain: contoso.test
sip_domains: [contoso.test, wingtip.test]
central_management: {EE}
certificates: {{key: ec256}}
sites: [{{name: Redmond}}]
pools:
  - {{fqdn: {EE}, version: 6, kind: enterprise, machines: [{", ".join(FRONTS)}], sql: {SQL}, file_store: {FILES}, share: lync,
     external_web_fqdn: webext.contoso.test, internal_web_fqdn: webint.contoso.test, edge: {EDGES}}}
edges:
  - {{fqdn: {EDGES}, version: 6, access_fqdn: access.contoso.test, machines: [edge1.contoso.test, edge2.contoso.test],
     federation: true}}
hosts:
  - {{fqdn: {SQL}, sql: {{instances: [RTC]}}}}
  - {{fqdn: {FILES}, shares: [lync]}}
"""
EMPTY = """
name: nothing
domain: contoso.test
sip_domains: [contoso.test, wingtip.test]
certificates: {key: ec256}
prepared_for: lync_2013
hosts:
  - {fqdn: fe1.contoso.test, product: lync_2013}
  - {fqdn: se.contoso.test, product: lync_2013, sql_instances: [RTC]}
  - {fqdn: sql.contoso.test, sql: {instances: [RTC]}}
  - {fqdn: files.contoso.test, shares: [lync]}
"""


class Here:
    """Addresses as the estate writes them."""

    def real(self, additions):
        return additions


@pytest.fixture(name="world")
def _world():
    return world_of(ESTATE)


@pytest.fixture(name="fe")
def _fe(world):
    return Host(world, FRONTS[0])


def test_the_document_of_an_enterprise_pool(world):
    topology = world.cms.topology
    assert problems(topology, None) == []
    sql, files = topology.pool(SQL), topology.pool(FILES)
    assert not sql.setup and not files.setup
    assert {s.role_name for s in topology.services_on(sql)} == {"UserStore", "ApplicationStore", "CentralMgmtStore"}
    assert [s.detail("ShareName") for s in topology.services_on(files)] == ["lync"]
    assert {s.sql for s in topology.services_on(sql)} == {f"{sql.key}/RTC"}


def test_rows_of_an_enterprise_pool_and_an_edge_pool(fe):
    pools = {row[0]: row[1:] for row in fe.call("Get-CsPool", ["Identity", "Computers", "Services"]).ok()}
    assert pools[EE][0] == list(FRONTS) and f"Registrar:{EE}" in pools[EE][1]
    assert pools[EDGES][0] == ["edge1.contoso.test", "edge2.contoso.test"]
    assert pools[SQL][1] == [f"UserDatabase:{SQL}", f"ApplicationDatabase:{SQL}", f"CentralManagementDatabase:{SQL}"]
    computers = dict(fe.call("Get-CsComputer", ["Identity", "Pool"]).ok())
    assert computers[FRONTS[2]] == EE and computers["edge2.contoso.test"] == EDGES
    [[inside, outside]] = fe.call("Get-CsService", ["InternalFqdn", "ExternalFqdn"], WebServer=True).ok()
    assert (inside, outside) == ("webint.contoso.test", "webext.contoso.test")
    [[unc]] = fe.call("Get-CsService", ["UncPath"], FileStore=True).ok()
    assert unc == r"\\files.contoso.test\lync"
    databases = fe.call("Get-CsService", ["Identity", "SqlInstanceName"], UserDatabase=True).ok()
    assert databases == [[f"UserDatabase:{SQL}", "RTC"]]
    [[site_pools]] = fe.call("Get-CsSite", ["Pools"]).ok()
    assert set(site_pools) == {EE, EDGES, SQL, FILES}
    [[active]] = fe.call("Get-CsService", ["Active"], CentralManagement=True).ok()
    assert active is True


def test_set_web_server(world, fe):
    fe.call("Set-CsWebServer", Identity=f"WebServer:{EE}", InternalFqdn="other.contoso.test", Confirm=False).ok()
    assert fe.call("Get-CsService", ["InternalFqdn"], WebServer=True).ok() == [["other.contoso.test"]]
    assert fe.call("Set-CsWebServer", Identity="WebServer:none.contoso.test", InternalFqdn="x.contoso.test").errors


def test_each_machine_has_the_services_of_its_pool(world):
    for fqdn in FRONTS:
        computer = world.computer(fqdn)
        assert {"RTCSRV", "RTCIMMCU", "FabricHostSvc", "MASTER", "FTA", "REPLICA"} <= set(computer.windows_services)
        assert all(s.running for s in computer.windows_services.values() if s.lync), fqdn
        assert "RTC" not in computer.sql_instances
    edge = set(world.computer("edge2.contoso.test").windows_services)
    assert {"RTCSRV", "RTCMRAUTH", "RTCMEDIARELAY"} <= edge and "RTCIMMCU" not in edge
    assert not world.computer(SQL).windows_services


@pytest.mark.parametrize("machines, enough", [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (6, 3)])
def test_the_quorum(machines, enough):
    assert fabric.quorum(machines) == enough


def test_front_ends_run_when_enough_of_them_are_started(world):
    hosts = [Host(world, fqdn) for fqdn in FRONTS]
    for host in hosts:
        host.call("Stop-CsWindowsService", Confirm=False).ok()

    def status(host):
        return host.call("Get-CsWindowsService", ["Status"], Name="RTCSRV").ok()[0][0]

    hosts[0].call("Start-CsWindowsService", Confirm=False).ok()
    assert status(hosts[0]) == "StartPending"
    assert hosts[0].call("Get-CsWindowsService", ["Status"], Name="RTCIMMCU").ok() == [["Running"]]
    assert not [x for x in services.listening_ports(world, hosts[0].session.computer) if x.port == 5061]
    hosts[0].call("Start-CsWindowsService", Confirm=False).ok()
    assert status(hosts[0]) == "StartPending"
    hosts[1].call("Start-CsWindowsService", Confirm=False).ok()
    assert [status(host) for host in hosts] == ["Running", "Running", "Stopped"]
    hosts[2].call("Start-CsWindowsService", Confirm=False).ok()
    hosts[0].call("Stop-CsWindowsService", Confirm=False).ok()
    hosts[0].call("Start-CsWindowsService", Confirm=False).ok()
    assert [status(host) for host in hosts] == ["Running"] * 3


def test_a_service_that_waits_can_be_stopped(world):
    for fqdn in FRONTS:
        Host(world, fqdn).call("Stop-CsWindowsService", Confirm=False).ok()
    host = Host(world, FRONTS[0])
    host.call("Start-CsWindowsService", Name="RTCSRV", Confirm=False).ok()
    host.call("Stop-CsWindowsService", Name="RTCSRV", Confirm=False).ok()
    assert host.call("Get-CsWindowsService", ["Status"], Name="RTCSRV").ok() == [["Stopped"]]


def test_databases_of_an_enterprise_pool_are_on_its_sql_server(world, fe):
    computer = world.computer(FRONTS[0])
    world.tables["databases"] = set()
    assert services.cannot_start(world, computer, computer.windows_services["RTCSRV"]) is not None
    fe.call("Install-CsDatabase", ConfiguredDatabases=True, SqlServerFqdn=SQL, Confirm=False).ok()
    assert services.cannot_start(world, computer, computer.windows_services["RTCSRV"]) is None


@pytest.mark.parametrize(
    "old, new, sentence",
    [
        (f'Fqdn="{SQL}"', 'Fqdn="sql"', "name of one label"),
        ('Fqdn="fe1.contoso.test"', f'Fqdn="{EE}"', "that of a pool of several machines and of one of them"),
        ('Fqdn="fe1.contoso.test"', 'Fqdn="edge1.contoso.test"', "used more than once"),
        ('<SqlInstanceId Name="RTC">', '<SqlInstanceId Name="GONE">', "is not defined"),
    ],
)
def test_what_a_document_of_these_shapes_must_not_have(world, old, new, sentence):
    text = world.cms.topology.text
    assert old in text
    found = problems(parse(text.replace(old, new, 1)), None)
    assert any(sentence in one for one in found), found


# --- Topology Builder


def empty(store: bool = True):
    """A forest that is prepared, with or without a store that nobody has published to."""
    world = world_of(EMPTY)
    world.central = CentralManagement()
    if store:
        where = location("se.contoso.test", "RTC")
        world.central.make(where, world.clock.now())
        world.central.location = where
        world.cms = world.central.found
    return world


STANDARD = {"fqdn": "se.contoso.test", "version": 6}


def publish(world, **additions):
    return builder.publish(world, Here(), yaml.safe_dump(additions))


def test_the_first_publish_from_topology_builder():
    world = empty()
    assert publish(world, sites=[{"name": "Redmond"}], pools=[STANDARD])["clusters"] == ["se.contoso.test"]
    topology = world.cms.topology
    assert topology.domains == ("contoso.test", "wingtip.test") and [s.name for s in topology.sites] == ["Redmond"]
    assert topology.role_on(topology.pool("se.contoso.test"), "CentralMgmt").detail("IsActive") == "true"
    enterprise = {
        "fqdn": EE, "version": 6, "kind": "enterprise", "machines": ["fe1.contoso.test"], "sql": SQL, "file_store": FILES,
        "share": "lync",
    }  # fmt: skip
    edge = {
        "fqdn": EDGES, "version": 6, "access_fqdn": "access.contoso.test", "next_hop": EE,
        "machines": ["edge1.contoso.test", "edge2.contoso.test"],
        "addresses": {
            "edge2.contoso.test": {"internal": "10.0.1.42", "external": "10.0.2.42", "public": "203.0.113.42"}
        },
    }  # fmt: skip
    publish(world, pools=[enterprise], edges=[edge])
    topology = world.cms.topology
    assert topology.role_on(topology.pool(EE), "CentralMgmt") is None
    first, second = topology.pool(EDGES).machines
    assert (second.address("Internal"), second.address("External")) == ("10.0.1.42", "10.0.2.42")
    assert second.interfaces[1].configured == "203.0.113.42" and first.interfaces[1].configured is None
    assert problems(topology, None) == []
    publish(world, edges=[{**edge, "federation": True, "xmpp": True}])
    publish(world, edges=[{**edge, "federation": True, "xmpp": True}])
    assert problems(world.cms.topology, None) == [] and len(list(world.cms.topology.xmpp_edges())) == 1


@pytest.mark.parametrize(
    "store, additions, sentence",
    [
        (False, {"sites": [{"name": "Redmond"}], "pools": [STANDARD]}, "no Central Management store yet"),
        (True, {"pools": [STANDARD]}, "the first topology needs sites"),
    ],
)
def test_what_topology_builder_cannot_begin_with(store, additions, sentence):
    with pytest.raises(LabError, match=re.escape(sentence)):
        publish(empty(store), **additions)


def test_a_first_topology_is_there_once():
    world = empty()
    publish(world, sites=[{"name": "Redmond"}], pools=[STANDARD])
    with pytest.raises(LabError, match="there is one already"):
        publish(world, sites=[{"name": "Dublin"}], pools=[{**STANDARD, "fqdn": "other.contoso.test"}])
