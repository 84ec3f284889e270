# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the families topology, store, certificates and services have in common."""

from __future__ import annotations

from typing import Any

from ..organisation.computers import Computer
from ..organisation.files import BadPath, normalise, temp_directory
from ..organisation.store import Snapshot
from ..organisation.topology import Cluster, Topology
from ..powershell.values import Psobj
from . import Call, PSError
from .shared import fail as failed
from .shared import need_store, warn
from .shared import snapshot as store_of

LYNC = "Lync"
__all__ = [
    "DEPLOYMENT",
    "LYNC",
    "central_store",
    "fail_report",
    "failed",
    "full_path",
    "local_pool",
    "local_store",
    "other_computer",
    "read_file",
    "report",
    "store_of",
    "task_output",
    "temporary",
    "warn",
    "write_file",
]
DEPLOYMENT = "Microsoft.Rtc.Management.Deployment."


def central_store(call: Call) -> Snapshot:
    """The Central Management store. An Edge in a workgroup cannot reach it, nor Active Directory."""
    need_store(call)
    current: Snapshot = call.world.cms.current
    return current


def local_store(call: Call) -> Snapshot:
    stored: Snapshot | None = call.world.local(call.computer)
    if stored is None:
        raise failed(call, "no-local-store", call.computer.fqdn)
    return stored


def local_pool(call: Call) -> tuple[Snapshot, Cluster]:
    """The local store and this computer's pool in its topology."""
    snapshot = local_store(call)
    topology: Topology = snapshot.topology
    cluster = topology.pool_of(call.computer.fqdn)
    if cluster is None:
        raise failed(call, "computer-not-in-topology", call.computer.fqdn)
    return snapshot, cluster


def read_file(call: Call, path: str) -> bytes:
    try:
        content: bytes = call.world.files.read(call.computer, path)
    except (FileNotFoundError, BadPath) as error:
        raise failed(call, "file-not-found", path) from error
    return content


def write_file(call: Call, path: str, content: bytes) -> str:
    try:
        written: str = call.world.files.write(call.computer, path, content, call.world.clock.now())
    except (OSError, BadPath) as error:
        raise failed(call, "file-not-written", path, reason=str(error)) from error
    return written


def report(call: Call, outcome: str = "Completed") -> None:
    """The log that -Report asks for: XML of nested actions. # source: logs of published deployments."""
    if path := call.p.get("Report"):
        name = call.cmdlet
        moment = call.world.clock.now().isoformat()
        text = f'<CsMgmtLog Name="{name}"><Action Name="{name}" Time="{moment}"><Complete /></Action></CsMgmtLog>'
        write_file(call, str(path), text.encode("utf-8"))


def fail_report(call: Call, rule: str, target: str = "", **fields: Any) -> PSError:
    """The error of a rule, which also goes into the log that -Report asks for."""
    report(call, "Failed")
    return failed(call, rule, target, **fields)


def temporary(call: Call, name: str) -> str:
    return rf"{temp_directory(call.user)}\{name}"


def task_output(target: str, result: str = "Success", error: str = "") -> Psobj:
    """What Test-Cs* cmdlets return."""
    return Psobj(
        "Microsoft.Rtc.SyntheticTransactions.TaskOutput",
        properties={"TargetFqdn": target, "Result": result, "Error": error, "Diagnosis": ""},
    )


def other_computer(call: Call, fqdn: Any) -> Computer:
    """The computer that -ComputerName names; this one by default. One in a workgroup answers only itself."""
    if not fqdn:
        own: Computer = call.computer
        return own
    found = call.world.computer(str(fqdn))
    if found is None or (
        found is not call.computer and not (found.joined and call.computer.joined and found.reachable)
    ):
        raise failed(call, "computer-unreachable", str(fqdn))
    other: Computer = found
    return other


def full_path(call: Call, path: str) -> str:
    try:
        return normalise(path)
    except BadPath as error:
        raise failed(call, "file-not-found", path) from error
