# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs: Bootstrapper.exe and netstat.exe. How long they take is a latency of the estate, under their file names.

# rules: bootstrapper-sql-express, bootstrapper-prerequisites
"""

from __future__ import annotations

import re

from ..organisation import installations, windows_features
from ..organisation.deployment import SERVICE_VERSIONS, create_local_store, install_components
from ..organisation.files import deployment_directory
from ..organisation.services import listening_ports
from ..organisation.topology import Topology
from ..powershell.errors import cannot_start
from . import ExecutableCall, Exit, executable
from .packages import OK, RESTART_REQUIRED, install_instance

#: Exit codes of a failed set-up are not published: any but 0 says that it failed. # inferred
FAILED = 1603
BAD_ARGUMENTS = 87
_ARGUMENT = re.compile(r"[/-](?P<name>[A-Za-z]+)(:(?P<value>.*))?")
_KNOWN = {"bootstraplocalmgmt", "sourcedirectory", "bootstrapsqlexpress"}


def _edition(call: ExecutableCall) -> str:
    edition: str | None = call.computer.core_files
    if edition is None or call.path.replace("/", "\\").casefold() != _path(edition).casefold():
        raise cannot_start("The system cannot find the file specified")
    return edition


def _busy(call: ExecutableCall) -> Exit | None:
    """# inferred: it runs Windows Installer itself, so it fails where that has something else to do."""
    _edition(call)
    if installations.busy(call.world, call.computer):
        return _exit(FAILED, "Another installation is in progress.")
    return None


@executable("Bootstrapper.exe", detached=True, at_once=_busy)
def bootstrapper(call: ExecutableCall) -> Exit:
    """# source: /BootstrapLocalMgmt makes the instance RTCLOCAL; without a switch for roles it installs and removes
    # components so that they match the topology in the *local* store (setting up XMPP federation, Lync Server 2013);
    # /BootstrapSqlExpress makes the instance RTC (R:ibenbouzid V3 l.121)."""
    edition = _edition(call)
    names = set()
    for argument in call.argv:
        found = _ARGUMENT.fullmatch(argument)
        if found is None or found["name"].casefold() not in _KNOWN:
            return _exit(BAD_ARGUMENTS, f"Unknown argument: {argument}")
        names.add(found["name"].casefold())
    if "bootstrapsqlexpress" in names:
        return _sql_express(call)
    if "bootstraplocalmgmt" in names:
        create_local_store(call.computer, SERVICE_VERSIONS[edition])
        return _exit(0, "Bootstrapping local management: complete.")
    return _components(call, edition)


def _sql_express(call: ExecutableCall) -> Exit:
    """# inferred: an instance that is there is kept, and that is a success; on the media it looks for the installer."""
    if "RTC" in call.computer.sql_instances:
        return _exit(0, "SQL Server Express is installed already.")
    source = next((a.partition(":")[2] for a in call.argv if a[1:].casefold().startswith("sourcedirectory:")), "")
    if not source or not call.world.files.exists(call.computer, source.rstrip("\\") + r"\SQLEXPR_x64.exe"):
        return _exit(FAILED, "Cannot find SQLEXPR_x64.exe.")
    ended = install_instance(call, "RTC")
    if ended.code in (OK, RESTART_REQUIRED):
        return _exit(0, "Installing SQL Server Express: complete.")
    return _exit(FAILED, "Installing SQL Server Express failed.")


def _path(edition: str) -> str:
    return deployment_directory(edition) + r"\Bootstrapper.exe"


def _components(call: ExecutableCall, edition: str) -> Exit:
    replica = call.world.replicas.get(call.computer.fqdn)
    if not call.computer.local_store_created or replica is None or replica.snapshot is None:
        return _exit(FAILED, "The local configuration store is not there.")
    topology: Topology = replica.snapshot.topology
    cluster = topology.pool_of(call.computer.fqdn)
    if call.computer.dns_suffix != call.computer.suffix:
        return _exit(FAILED, "The topology does not have this computer: look at its primary DNS suffix.")
    edge = cluster is not None and topology.role_on(cluster, "EdgeServer") is not None
    lacking = windows_features.missing(call.computer.windows, edge, call.computer.features)
    if cluster is not None and lacking:
        return _exit(FAILED, f"Prerequisite not satisfied: {', '.join(lacking)}.")
    if cluster is not None and topology.version_of(cluster) != SERVICE_VERSIONS[edition]:
        return _exit(FAILED, "The topology has another version of the product for this computer.")
    install_components(call.world, call.computer, topology)
    return _exit(0, "Checking prerequisites: complete.\r\nInstalling components: complete.")


def _exit(code: int, text: str) -> Exit:
    return Exit(code, f"{text}\r\n".encode("ascii", "replace"))


@executable("netstat.exe", writes=False)
def netstat(call: ExecutableCall) -> Exit:
    """-a and -n: what listens, and the XMPP streams where they are real. Other options are accepted and change nothing."""
    options = {c for argument in call.argv for c in argument.casefold().lstrip("-/")}
    if not options <= set("anop"):
        return Exit(1, b"Displays protocol statistics and current TCP/IP network connections.\r\n")
    lines = ["", "Active Connections", "", "  Proto  Local Address          Foreign Address        State"]
    pids = {s.name: s.pid for s in call.computer.windows_services.values()}
    if "a" in options:
        for listener in sorted(listening_ports(call.world, call.computer), key=lambda x: (x.protocol, x.port)):
            local = f"{listener.address}:{listener.port}"
            state, foreign = ("LISTENING", "0.0.0.0:0") if listener.protocol == "Tcp" else ("", "*:*")
            line = f"  {listener.protocol.upper():<6} {local:<22} {foreign:<22} {state:<15}"
            lines.append(f"{line} {pids.get(listener.service, 0)}" if "o" in options else line.rstrip())
    owner = next((x.service for x in listening_ports(call.world, call.computer) if x.xmpp), "")
    for local, foreign in call.world.streams(call.computer.fqdn) if call.world.streams is not None else ():
        line = f"  {'TCP':<6} {local:<22} {foreign:<22} {'ESTABLISHED':<15}"
        lines.append(f"{line} {pids.get(owner, 0)}" if "o" in options else line.rstrip())
    return Exit(0, ("\r\n".join(lines) + "\r\n").encode("ascii"))
