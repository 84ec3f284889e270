# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows services: what starts, with which certificate, and what then listens."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ansible_collections.lync.xmpp_migration.lab.organisation.certificate_store import Stored
from ansible_collections.lync.xmpp_migration.lab.organisation.certificates import certificates_of, names_of
from ansible_collections.lync.xmpp_migration.lab.organisation.services import (
    OCS_GATEWAY_DISPLAY_NAME,
    listening_ports,
    xmpp_certificate,
)
from ansible_collections.lync.xmpp_migration.tests.unit.lab import deployment_steps as steps
from ansible_collections.lync.xmpp_migration.tests.unit.lab.worlds import Host

XMPP_NAMES = ["contoso.test", "wingtip.test", "xmpp.contoso.test"]


def statuses(host):
    return dict(host.call("Get-CsWindowsService", ["Name", "Status"]).ok())


def ports(world, fqdn):
    return {(x.port, x.side) for x in listening_ports(world, world.computer(fqdn)) if x.protocol == "Tcp"}


# --- Get-, Start-, Stop-CsWindowsService


def test_an_untouched_host_has_no_lync_service():
    world = steps.legacy()
    host = Host(world, steps.FRONT_END)
    assert host.call("Get-CsWindowsService", ["Name"]).ok() == []
    assert host.call("Get-CsWindowsService", Name="RTCSRV").ids == ["ProcessingFailed"]
    assert host.call("Start-CsWindowsService").errors == []


def test_an_edge_starts_in_order_and_listens_where_the_topology_says():
    world = steps.published()
    edge, _authority = steps.ready_edge(world)
    rows = edge.call("Get-CsWindowsService", ["Name", "Status", "RoleName"]).ok()
    assert [name for name, _status, _role in rows] == [
        "REPLICA", "RTCCLSAGT", "RTCSRV", "RTCDATAPROXY", "RTCMRAUTH", "RTCMEDIARELAY",
    ]  # fmt: skip
    assert {status for _name, status, _role in rows} == {"Running"}
    listening = ports(world, steps.EDGE)
    assert {(5061, "Internal"), (443, "External"), (4443, "Internal")} <= listening
    assert not listening & {(5061, "External"), (5269, "External"), (23456, "Internal")}


def test_nothing_starts_without_its_certificates_and_the_rest_starts_all_the_same():
    world = steps.published()
    edge, authority = steps.install(world, steps.EDGE), steps.PrivateAuthority(world)
    authority.trust(edge)
    authority.certify(edge, ["Internal"])
    answer = edge.call("Start-CsWindowsService")
    assert answer.ids == ["ProcessingFailed"] * 3
    state = statuses(edge)
    assert (state["RTCMEDIARELAY"], state["RTCSRV"], state["RTCMRAUTH"]) == ("Running", "Stopped", "Stopped")
    authority.certify(edge, ["AccessEdgeExternal"])
    assert edge.call("Start-CsWindowsService", Name="rtcsrv").errors == []
    assert edge.call("Start-CsWindowsService", NoWait=True).errors == [], "nobody waits, so nobody hears"
    assert statuses(edge)["RTCMRAUTH"] == "Stopped"


def test_authentication_needs_a_chain_that_ends_in_a_trusted_root():
    world = steps.published()
    edge, authority = steps.install(world, steps.EDGE), steps.PrivateAuthority(world)
    authority.certify(edge, ["Internal"])
    authority.certify(edge, steps.EXTERNAL)
    answer = edge.call("Start-CsWindowsService")
    assert answer.errors[0]["target"] == "RTCMRAUTH" and len(answer.errors) == 1
    authority.trust(edge)
    assert edge.call("Start-CsWindowsService").errors == []


@pytest.mark.parametrize("what", ["databases", "entries", "enabled", "stranger among the roots", "expired"])
def test_what_keeps_a_front_end_from_starting(what):
    world = steps.published()
    host, authority = steps.install(world, steps.FRONT_END), steps.PrivateAuthority(world)
    authority.trust(host)
    uses = ["Default", "WebServicesInternal", "WebServicesExternal"]
    authority.certify(host, uses)
    computer = host.session.computer
    if what == "databases":
        world.tables["databases"] = set()
    elif what == "entries":
        world.tables["trusted_services"] = set()
    elif what == "enabled":
        computer.computer_enabled = False
    elif what == "expired":
        world.clock.advance(timedelta(days=91).total_seconds())
    else:
        own = certificates_of(computer).assigned("Default")
        certificates_of(computer).add(Stored(own.certificate), "Root")
    assert "RTCSRV" in {e["target"] for e in host.call("Start-CsWindowsService").errors}
    assert statuses(host)["RTCSRV"] == "Stopped" and ports(world, steps.FRONT_END) == {
        (80, "Primary"), (443, "Primary"), (8080, "External"), (4443, "External"),
    }  # fmt: skip


def test_stop_leaves_what_it_is_told_to_and_a_stopped_replica_no_longer_follows():
    world = steps.published()
    edge, _authority = steps.ready_edge(world)
    edge.call("Stop-CsWindowsService", Graceful=True, LeaveClsAgentRunning=True).ok()
    state = statuses(edge)
    assert state.pop("RTCCLSAGT") == "Running" and set(state.values()) == {"Stopped"}
    assert ports(world, steps.EDGE) == set()
    version = world.replicas[steps.EDGE].version
    Host(world, steps.FRONT_END).call("New-CsAllowedDomain", Identity="later.test").ok()
    world.clock.advance(100)
    assert world.replicas[steps.EDGE].version == version
    edge.call("Start-CsWindowsService").ok()
    world.clock.advance(10)
    edge.call("Get-CsWindowsService").ok()
    assert world.replicas[steps.EDGE].version > version


def test_services_of_another_computer_and_of_one_in_a_workgroup():
    world = steps.published()
    fe = Host(world, steps.FRONT_END)
    rows = fe.call("Get-CsWindowsService", ["Name"], ComputerName="pool2010.contoso.test").ok()
    assert ["RTCSRV"] in rows
    assert fe.call("Get-CsWindowsService", ComputerName="edge2010.contoso.test").ids == ["ProcessingFailed"]
    assert fe.call("Get-CsWindowsService", ComputerName="nobody.contoso.test").ids == ["ProcessingFailed"]


def test_a_service_object_passes_from_get_to_stop():
    world = steps.published()
    edge, _authority = steps.ready_edge(world)
    edge.calls(
        [
            {"cmdlet": "Get-CsWindowsService", "parameters": {"Name": "RTCDATAPROXY"}, "keep": True},
            {"cmdlet": "Stop-CsWindowsService", "parameters": {"InputObject": {"$": "result", "call": 0, "index": 0}}},
        ]
    )
    assert [name for name, status in statuses(edge).items() if status == "Stopped"] == ["RTCDATAPROXY"]


# --- XMPP


def test_the_proxy_serves_the_certificate_it_was_started_with():
    world = steps.published()
    edge, authority = steps.ready_edge(world)
    steps.add_xmpp(world)
    steps.run(edge, steps.BOOTSTRAPPER)
    assert edge.call("Start-CsWindowsService").ids == ["ProcessingFailed"], "no certificate for XmppServer"
    authority.certify(edge, [*steps.EXTERNAL, "XmppServer"], ["contoso.test"])
    edge.call("Start-CsWindowsService").ok()
    assert {(5269, "External"), (23456, "Internal"), (5061, "External")} <= ports(world, steps.EDGE)
    computer = world.computer(steps.EDGE)
    assert names_of(xmpp_certificate(computer).certificate)[-1] == "wingtip.test"
    world.clock.advance(60)
    thumb = authority.certify(edge, [*steps.EXTERNAL, "XmppServer"], XMPP_NAMES)
    assert xmpp_certificate(computer).thumbprint != thumb, "the running service has the old one"
    rows = dict(edge.call("Get-Process", ["ProcessName", "StartTime"]).ok())
    [[updated]] = edge.call("Get-CsCertificate", ["UpdateTime"], Type=["XmppServer"]).ok()
    assert rows["XmppProxy"] < updated
    edge.call("Stop-CsWindowsService").ok()
    edge.call("Start-CsWindowsService").ok()
    assert xmpp_certificate(computer).thumbprint == thumb


def test_listeners_are_told_of_when_they_change():
    world = steps.published()
    told = []
    world.on_listeners_changed = lambda computer: told.append(
        (computer.fqdn, (5269, "External") in ports(world, computer.fqdn))
    )
    edge, authority = steps.ready_edge(world)
    steps.add_xmpp(world)
    steps.run(edge, steps.BOOTSTRAPPER)
    authority.certify(edge, [*steps.EXTERNAL, "XmppServer"])
    told.clear()
    edge.call("Start-CsWindowsService").ok()
    assert told == [(steps.EDGE, True)]
    edge.call("Get-CsWindowsService").ok()
    assert len(told) == 1
    edge.call("Stop-CsWindowsService", Name="RTCXMPPTGWPRX").ok()
    assert told[-1] == (steps.EDGE, False) and len(told) == 2


# --- Windows' own view


def test_the_old_gateway_is_found_by_its_display_name_and_can_be_stopped():
    world = steps.legacy()
    host = Host(world, "xmppgw.contoso.test")
    host.session.computer.powershell = "3.0"
    assert (5269, "External") in ports(world, "xmppgw.contoso.test")
    [[name, status]] = host.call("Get-Service", ["Name", "Status"], DisplayName="*XMPP Gateway").ok()
    assert status == "Running"
    host.call("Stop-Service", Name=name).ok()
    assert ports(world, "xmppgw.contoso.test") == set()
    assert host.call("Get-Service", ["Status"], DisplayName=OCS_GATEWAY_DISPLAY_NAME).ok() == [["Stopped"]]
    host.call("Start-Service", Name=name).ok()
    assert (5269, "External") in ports(world, "xmppgw.contoso.test")


def test_get_service_errors_only_for_plain_names():
    host = Host(steps.legacy(), steps.FRONT_END)
    assert host.call("Get-Service", ["Name"], Name="RTC*").errors == []
    missing = host.call("Get-Service", ["Name"], Name=["RTCSRV", "WinRM"])
    assert missing.ids == ["NoServiceFoundForGivenName"] and missing.rows == [["WinRM"]]
    assert host.call("Stop-Service", Name="WinRM").ids == ["CouldNotStopService"]


def test_restart_service_takes_a_new_certificate():
    world = steps.published()
    edge, authority = steps.ready_edge(world)
    thumb = authority.certify(edge, ["DataEdgeExternal"])
    edge.call("Restart-Service", Name="RTCDATAPROXY").ok()
    started = world.computer(steps.EDGE).windows_services["RTCDATAPROXY"].started_with
    assert started["DataEdgeExternal"].thumbprint == thumb


def test_netstat_and_nettcpconnection_say_the_same():
    world = steps.published()
    edge, _authority = steps.ready_edge(world)
    code, output = steps.run(edge, r"C:\Windows\System32\netstat.exe", "-an")
    lines = [line.split() for line in output.decode("cp437").splitlines() if line.startswith("  TCP")]
    assert code == 0 and all(line[3] == "LISTENING" for line in lines)
    rows = edge.call("Get-NetTCPConnection", ["LocalAddress", "LocalPort"], State="Listen").ok()
    assert sorted(line[1] for line in lines) == sorted(f"{address}:{port}" for address, port in rows)
    missing = edge.call("Get-NetTCPConnection", State="Listen", LocalPort=5269)
    assert missing.rows == [] and len(missing.errors) == 1
    assert steps.run(edge, "netstat.exe", "-x")[0] == 1
