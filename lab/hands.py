# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator in front of an Edge Server that no session reaches: the steps of its installation, by hand.

source: the order of published Edge installations (F:10270213427; ibenbouzid V3 EDGE-Install.ps1); certificates come from
the lab's private authority, as an operator would bring them.
"""

from __future__ import annotations

import typing as t

from .organisation import media, power
from .organisation.certificates import Stored, certificates_of, names_for, subject
from .organisation.deployment import export
from .organisation.windows_features import EDGE
from .place import LabError
from .powershell.performer import ComputerSession
from .powershell.standin import StandIn

TCPIP = r"HKLM:\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters"
BOOTSTRAPPER = r"C:\Program Files\Microsoft Lync Server 2013\Deployment\Bootstrapper.exe"
FILE = r"C:\Windows\Temp\configuration.zip"
MSIEXEC = r"C:\Windows\System32\msiexec.exe"
PACKAGES = (
    rf"{media.ROOT}\Setup\ocscore.msi",
    rf"{media.ROOT}\SQLSysClrTypes.msi",
    rf"{media.ROOT}\SharedManagementObjects.msi",
)
EXTERNAL = ("AccessEdgeExternal", "DataEdgeExternal", "AudioVideoAuthentication")
XMPP = (*EXTERNAL, "XmppServer")


class Hands:
    """One logon of a local administrator. Each step is a call as a session would make it."""

    def __init__(self, world: t.Any, computer: t.Any) -> None:
        self.world, self.computer = world, computer

    def _do(self, call: dict[str, t.Any]) -> dict[str, t.Any]:
        session = ComputerSession(
            self.world, self.computer, rf"{self.computer.host.upper()}\Administrator", run="by hand"
        )
        frames = StandIn(session).perform({"id": 1, "calls": [call]})
        return next(frame for frame in frames if "call" in frame and "rows" not in frame)

    def cmdlet(self, name: str, **parameters: t.Any) -> None:
        end = self._do({"cmdlet": name, "parameters": parameters})
        if not end["ok"]:
            raise LabError(f"{name} on {self.computer.fqdn}: {end['errors'][0]['exceptions'][0]['message']}")

    def program(self, path: str, arguments: str) -> None:
        end = self._do({"executable": path, "arguments": arguments, "seconds": 600})
        if end.get("exit") not in (0, 3010):
            raise LabError(f"{path} on {self.computer.fqdn} ended with {end.get('exit')}.")

    def restart(self) -> None:
        with self.world.turn():
            power.boot(self.world, self.computer)


def edge(world: t.Any, fqdn: str) -> dict[str, t.Any]:
    """Install, certify and start the Edge as the published topology has it. What is there already is left."""
    computer = world.computer(fqdn)
    topology = world.cms.topology
    cluster = topology.pool_of(fqdn)
    if computer is None or cluster is None or topology.role_on(cluster, "EdgeServer") is None:
        raise LabError(f"{fqdn} is not a machine of an Edge pool in the published topology.")
    hands = Hands(world, computer)
    if not computer.core_files:
        suffix = cluster.machines[0].fqdn.partition(".")[2]
        hands.cmdlet("New-ItemProperty", LiteralPath=TCPIP, Name="NV Domain", Value=suffix, Force=True)
        hands.cmdlet("Install-WindowsFeature", Name=list(EDGE), Source=[media.SXS])
        hands.restart()
        hands.program(rf"{media.ROOT}\vcredist_x64.exe", "/q")
        for path in PACKAGES:
            hands.program(MSIEXEC, f'/i "{path}" /qn /norestart')
    if not computer.local_store_created:
        hands.program(BOOTSTRAPPER, rf"/BootstrapLocalMgmt /SourceDirectory:{media.ROOT}")
    with world.turn():
        world.files.write(computer, FILE, export(world, world.cms.current), world.clock.now())
    hands.cmdlet("Import-CsConfiguration", FileName=FILE, LocalStore=True)
    hands.cmdlet("Remove-Item", LiteralPath=FILE, Force=True)
    hands.cmdlet("Enable-CsReplica", Confirm=False)
    hands.cmdlet("Start-CsWindowsService", Name="Replica")
    hands.program(BOOTSTRAPPER, rf"/SourceDirectory:{media.ROOT}")
    with world.turn():
        for uses in (("Internal",), EXTERNAL):
            _certify(world, computer, cluster, uses)
    hands.cmdlet("Start-CsWindowsService")
    return {name: service.status for name, service in sorted(computer.windows_services.items()) if service.lync}


def xmpp(world: t.Any, fqdn: str) -> dict[str, t.Any]:
    """Enable XMPP on an Edge whose own copy of the topology has it: Setup once more, the certificate, a graceful restart."""
    computer = world.computer(fqdn)
    local = world.local(computer) if computer is not None else None
    cluster = local.topology.pool_of(fqdn) if local is not None else None
    role = local.topology.role_on(cluster, "EdgeServer") if local is not None and cluster is not None else None
    if computer is None or cluster is None or role is None:
        raise LabError(f"{fqdn} is no Edge Server that was set up.")
    if role.port("XmppFederationProxy", "XmppServer", "External") is None:
        raise LabError(f"The local store of {fqdn} has no XMPP yet: wait until it has replicated.")
    hands = Hands(world, computer)
    hands.program(BOOTSTRAPPER, rf"/SourceDirectory:{media.ROOT}")
    with world.turn():
        _certify(world, computer, cluster, XMPP)
    hands.cmdlet("Stop-CsWindowsService", Graceful=True)
    hands.cmdlet("Start-CsWindowsService")
    return {name: service.status for name, service in sorted(computer.windows_services.items()) if service.lync}


def _certify(world: t.Any, computer: t.Any, cluster: t.Any, uses: tuple[str, ...]) -> None:
    store, now = certificates_of(computer), world.clock.now()
    store.add(world.ca.stored(), "Root")
    if all(store.assigned(use) is not None for use in uses):
        return
    name, names = names_for(world.local(computer), cluster, computer, uses, all_sip_domains=True)
    key = world.ca.keys.next("RSA", 2048)
    certificate = world.ca.issue(key.public, subject(name), list(dict.fromkeys([name, *names])), now)
    thumbprint = store.add(Stored(certificate, key, exportable=True, friendly_name=f"{computer.host} by hand"))
    for use in uses:
        store.assign(use, thumbprint, now)
