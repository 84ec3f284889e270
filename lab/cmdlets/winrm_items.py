# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The WSMan: drive, as far as a long-lived process depends on it: quotas of shells and of the service.

# rule: winrm-quotas
# source: "Installation and configuration for Windows Remote Management" (defaults of WinRM 2.0 and 3.0).
"""

from __future__ import annotations

from typing import Any

from ..powershell.values import Psobj
from . import Call
from .shared import matching

_3 = {
    "MaxEnvelopeSizekb": "500",
    "MaxTimeoutms": "60000",
    "MaxBatchItems": "32000",
    r"Shell\AllowRemoteShellAccess": "true",
    r"Shell\IdleTimeout": "7200000",
    r"Shell\MaxConcurrentUsers": "10",
    r"Shell\MaxShellRunTime": "2147483647",
    r"Shell\MaxProcessesPerShell": "25",
    r"Shell\MaxMemoryPerShellMB": "1024",
    r"Shell\MaxShellsPerUser": "30",
    r"Service\MaxConcurrentOperations": "4294967295",
    r"Service\MaxConcurrentOperationsPerUser": "1500",
    r"Service\EnumerationTimeoutms": "240000",
    r"Service\MaxConnections": "300",
    r"Service\MaxPacketRetrievalTimeSeconds": "120",
    r"Service\AllowUnencrypted": "false",
    r"Service\AllowRemoteAccess": "true",
}
_2 = {
    **_3,
    "MaxEnvelopeSizekb": "150",
    r"Shell\IdleTimeout": "180000",
    r"Shell\MaxConcurrentUsers": "5",
    r"Shell\MaxProcessesPerShell": "15",
    r"Shell\MaxMemoryPerShellMB": "150",
    r"Shell\MaxShellsPerUser": "5",
    r"Service\MaxConcurrentOperationsPerUser": "15",
    r"Service\MaxConnections": "25",
}


def values(computer: Any) -> dict[str, str]:
    """Path below WSMan:\\localhost -> value, all of them texts."""
    found = dict(_2 if computer.powershell.startswith("2") else _3)
    names = {name.casefold(): name for name in found}
    for name, value in computer.quotas.items():
        found[names.get(name.casefold(), name)] = str(value)
    return found


def _leaf(path: str, value: str) -> Psobj:
    name = path.rpartition("\\")[2]
    properties = {"Name": name, "Value": value, "Type": "System.String", "PSIsContainer": False}
    return Psobj("Microsoft.WSMan.Management.WSManConfigLeafElement", name, properties)


def _container(name: str) -> Psobj:
    properties = {"Name": name, "Type": "Container", "PSIsContainer": True}
    return Psobj("Microsoft.WSMan.Management.WSManConfigContainerElement", name, properties)


def items(call: Call, path: str, pattern: bool) -> list[Psobj]:
    """``path`` without the drive: localhost, a container in it, or a value."""
    host, _slash, rest = path.strip("\\").partition("\\")
    if not host:
        return [_container("WSMan:")]
    if host.casefold() not in ("localhost", "*"):
        return []
    known = values(call.computer)
    containers = sorted({name.partition("\\")[0] for name in known if "\\" in name})
    if not rest:
        return [_container("localhost")]
    if pattern:
        depth = rest.count("\\")
        found = [_leaf(n, known[n]) for n in sorted(matching(rest, [n for n in known if n.count("\\") == depth]))]
        return found + ([_container(n) for n in sorted(matching(rest, containers))] if not depth else [])
    folded = rest.casefold()
    leaf = next((n for n in known if n.casefold() == folded), None)
    if leaf is not None:
        return [_leaf(leaf, known[leaf])]
    return [_container(n) for n in containers if n.casefold() == folded]
