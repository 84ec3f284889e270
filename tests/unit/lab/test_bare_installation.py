# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From Windows alone to services that run, in the lab's own terms: a Front End and an Edge, step by step."""

from __future__ import annotations

from ansible_collections.lync.xmpp_migration.lab.estate import Certificates, Edge, Pool
from ansible_collections.lync.xmpp_migration.lab.organisation import media
from ansible_collections.lync.xmpp_migration.lab.organisation.deployment import publish_from_builder
from ansible_collections.lync.xmpp_migration.lab.organisation.state import state
from ansible_collections.lync.xmpp_migration.lab.organisation.topology_estate import EstateTopology
from ansible_collections.lync.xmpp_migration.lab.organisation.world import World
from ansible_collections.lync.xmpp_migration.tests.unit.lab import deployment_steps as steps
from ansible_collections.lync.xmpp_migration.tests.unit.lab.bare_hosts import (
    EDGE,
    FRONT_END,
    SETUP,
    SQL,
    bare,
    code,
    features,
    msi,
)
from ansible_collections.lync.xmpp_migration.tests.unit.lab.worlds import Host
from ansible_collections.lync.xmpp_migration.tests.unit.lab.worlds import world as named

TCPIP = r"HKLM:\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters"
LATENCY = {"vcredist_x64.exe": 2.0, "msiexec.exe": 3.0, "SQLEXPR_x64.exe": 8.0, "Bootstrapper.exe": 3.0, "restart": 8.0}


def restarted(host: Host) -> Host:
    host.call("Restart-Computer", Force=True).ok()
    world = host.session.world
    world.clock.advance(9)
    return Host(world, host.session.computer.fqdn, host.session.user)


def packages(host: Host, *names: str) -> None:
    for name in names:
        folder = SETUP if name in ("ocscore.msi", "admintools.msi") else media.ROOT
        assert msi(host, rf"{folder}\{name}") == 0, name


def test_front_end_and_edge_from_bare_hosts() -> None:
    world = bare(LATENCY)
    publish_from_builder(world, lambda draft: steps.add_2013(draft, world))
    world.replicate()
    front_end = Host(world, FRONT_END)
    features(front_end)
    front_end = restarted(front_end)
    assert code(front_end, rf"{media.ROOT}\vcredist_x64.exe", "/q") == 0
    packages(front_end, "ocscore.msi", "SQLSysClrTypes.msi", "SharedManagementObjects.msi", "admintools.msi")
    assert code(front_end, rf"{media.ROOT}\SQLEXPR_x64.exe", SQL) == 0
    steps.install(world, FRONT_END)

    edge = Host(world, EDGE, r"EDGE2013\Administrator")
    edge.call("New-ItemProperty", LiteralPath=TCPIP, Name="NV Domain", Value="contoso.test", Force=True).ok()
    features(edge, edge=True)
    assert code(edge, rf"{media.ROOT}\vcredist_x64.exe", "/q") == 0
    packages(edge, "ocscore.msi", "SQLSysClrTypes.msi", "SharedManagementObjects.msi")
    assert code(edge, steps.BOOTSTRAPPER, rf"/BootstrapLocalMgmt /SourceDirectory:{media.ROOT}") == 0
    steps.copy_configuration(world, Host(world, FRONT_END), edge)
    assert code(edge, steps.BOOTSTRAPPER, rf"/SourceDirectory:{media.ROOT}") == 1603, "it goes by its host name alone"
    edge = restarted(edge)
    steps.install(world, EDGE)
    authority = steps.PrivateAuthority(world)
    authority.trust(edge)
    authority.certify(edge, ["Internal"])
    authority.certify(edge, steps.EXTERNAL)
    edge = restarted(edge)
    running = {n for n, s in edge.session.computer.windows_services.items() if s.running}
    assert not running, "nothing runs before somebody looks"
    found = state(world)["computers"][EDGE]["windows_services"]
    assert {name for name, status in found.items() if status == "Running"} == {
        "REPLICA", "RTCCLSAGT", "RTCSRV", "RTCDATAPROXY", "RTCMRAUTH", "RTCMEDIARELAY",
    }  # fmt: skip
    assert state(world)["replicas"][EDGE]["up_to_date"]


def _pool(draft: EstateTopology, world: World) -> None:
    machines = ("fe1.contoso.test", "fe2.contoso.test", "fe3.contoso.test")
    draft.add_pool(
        world.estate,
        Pool(
            "eepool2013.contoso.test", 6, kind="enterprise", machines=machines, sql="sql2013.contoso.test",
            file_store="files.contoso.test", share="lyncshare",
        ),
    )  # fmt: skip
    draft.add_edge(
        world.estate,
        Edge(
            "edgepool2013.contoso.test", 6, "access.contoso.test", next_hop="eepool2013.contoso.test",
            machines=("edge1.contoso.test", "edge2.contoso.test"), internal_address="10.0.1.41",
            external_address="203.0.113.41",
        ),
    )  # fmt: skip


def test_an_enterprise_pool_from_bare_hosts() -> None:
    """The Front End service of the first waits for a second; restarting one leaves the others alone."""
    world = named("lync2010-enterprise", 5, latency=LATENCY, certificates=Certificates(key="ec256"))
    publish_from_builder(world, lambda draft: _pool(draft, world))
    world.replicate()
    statuses = []
    for number in (1, 2, 3):
        fqdn = f"fe{number}.contoso.test"
        host = Host(world, fqdn)
        features(host)
        host = restarted(host)
        assert code(host, rf"{media.ROOT}\vcredist_x64.exe", "/q") == 0
        packages(host, "ocscore.msi", "SQLSysClrTypes.msi", "SharedManagementObjects.msi", "admintools.msi")
        steps.install(world, fqdn, source=fqdn)
        authority = steps.PrivateAuthority(world)
        authority.trust(host)
        authority.certify(host, ["Default", "WebServicesInternal", "WebServicesExternal"])
        host.call("Start-CsWindowsService", NoWait=True)
        assert host.session.computer.sql_instances == {"RTCLOCAL", "LYNCLOCAL"}
        statuses.append(host.session.computer.windows_services["RTCSRV"].status)
    assert statuses[0] == "StartPending" and statuses[1:] == ["Running", "Running"]
    assert world.computers["fe1.contoso.test"].windows_services["RTCSRV"].running
    restarted(Host(world, "fe2.contoso.test")).call("Get-Date").ok()
    running = {
        fqdn: world.computers[fqdn].windows_services["RTCSRV"].running
        for fqdn in ("fe1.contoso.test", "fe2.contoso.test", "fe3.contoso.test")
    }
    assert all(running.values()), running
