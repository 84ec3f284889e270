# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From Windows alone to services that run, in the lab's own terms: a Front End and an Edge, step by step."""

from __future__ import annotations

from ansible_collections.lync.xmpp_migration.lab.organisation import media
from ansible_collections.lync.xmpp_migration.lab.organisation.deployment import publish_from_builder
from ansible_collections.lync.xmpp_migration.lab.organisation.state import state
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
