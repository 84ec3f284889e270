# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What deployment cmdlets and Bootstrapper.exe do to the world: publish, local stores, exported configurations."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

from . import services
from .computers import Computer
from .store import Snapshot
from .topology import Topology
from .topology_draft import Draft, signature
from .topology_estate import EstateTopology
from .topology_model import VERSIONS

#: Edition of the core files -> ServiceVersion of the pools that it can serve.
SERVICE_VERSIONS = {"L10": 5, "L13": 6, "S15": 7, "S19": 8}
_EXPORT = "DocItemSet.xml"


def publish(world: Any, draft: Draft) -> Topology:
    """Put a changed document in force: with a new Signature, for every replica that the topology has."""
    count = world.tables["publishes"] = world.tables.get("publishes", 0) + 1
    topology = draft.topology(signature(world.estate.seed, count))
    world.publish(topology)
    for computer in world.computers.values():
        services.follow(world, computer)
    return topology


def publish_from_builder(world: Any, change: Callable[[EstateTopology], None], databases: bool = True) -> Topology:
    """What an operator does in Topology Builder: publish, with databases and simple URLs, and enable.

    # source: Topology Builder's publish offers to create databases, and keeps the simple URLs, which it has in its own
    # file (L:lync-server-2013-publish-your-topology).
    """
    draft = EstateTopology.of(world.cms.topology)
    change(draft)
    topology = publish(world, draft)
    world.tables["trusted_services"] = {cluster.fqdn.casefold() for cluster in topology.clusters}
    if databases:
        wanted = {services.database_of(topology, s) for s in topology.services if s.sql is not None}
        world.tables.setdefault("databases", set()).update(wanted)
    return topology


def create_local_store(computer: Computer, version: int) -> None:
    """Bootstrapper.exe /BootstrapLocalMgmt: the instance RTCLOCAL and the replica's service."""
    computer.local_store_created = True
    computer.sql_instances.add("RTCLOCAL")
    services.install_replica(computer, version)


def install_components(world: Any, computer: Computer, topology: Topology) -> None:
    """Bootstrapper.exe: components as the local store's topology has them. New ones are stopped and not yet enabled."""
    cluster = topology.pool_of(computer.fqdn)
    front_end = cluster is not None and topology.role_on(cluster, "Registrar") is not None
    if front_end and SERVICE_VERSIONS.get(computer.core_files or "", 0) > 5:
        computer.sql_instances.add("LYNCLOCAL")
    came, gone = services.bootstrap(world, computer, topology)
    if came or gone:
        computer.computer_enabled = False
        # What ran before runs on: only what has come has to be enabled and started.
    computer.role = ("front_end" if front_end else "edge") if cluster is not None else computer.role


# --- exported configurations


def export(world: Any, snapshot: Snapshot) -> bytes:
    """An archive that only Import-CsConfiguration understands. What it stands for stays in the lab."""
    exports: dict[str, Snapshot] = world.tables.setdefault("exports", {})
    token = f"{world.estate.seed}-{snapshot.version}-{snapshot.topology.signature}"
    exports[token] = snapshot
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        at = snapshot.at
        stamp = (max(at.year, 1980), at.month, at.day, at.hour, at.minute, at.second)
        parts = {
            _EXPORT: f'<DocItemSet Token="{token}" Version="{snapshot.version}" />',
            "Topology.xml": snapshot.topology.text,
            "Settings.json": json.dumps(
                {kind: {k: dict(row) for k, row in rows.items()} for kind, rows in snapshot.settings.items()},
                default=_plain,
                sort_keys=True,
            ),
        }
        for name, text in parts.items():
            archive.writestr(zipfile.ZipInfo(name, stamp), text.encode("utf-8"))
    return content.getvalue()


def export_lis(world: Any) -> bytes:
    """What Export-CsLisConfiguration writes. # [inf] its form, which only its own import reads"""
    content = io.BytesIO()
    at = world.cms.current.at
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        stamp = (max(at.year, 1980), at.month, at.day, at.hour, at.minute, at.second)
        archive.writestr(zipfile.ZipInfo("Lis.xml", stamp), b"<LisConfiguration />")
    return content.getvalue()


def _plain(value: Any) -> Any:
    try:
        return dict(value)
    except (TypeError, ValueError):
        return str(value)


def read_export(world: Any, data: bytes) -> Snapshot | None:
    """The snapshot an archive stands for; None where it is no whole archive of this organisation."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if archive.testzip() is not None:
                return None
            text = archive.read(_EXPORT).decode("utf-8")
    except (zipfile.BadZipFile, KeyError, UnicodeDecodeError, OSError, ValueError, EOFError):
        return None
    token = text.partition('Token="')[2].partition('"')[0]
    exports: dict[str, Snapshot] = world.tables.get("exports", {})
    return exports.get(token)


def product_version(version: int | None) -> str:
    """Build string of a pool's product. # source: cumulative update pages (5.0.8308), test mocks (7.0.2046);
    # inferred: 4.0.7577.0 and 6.0.9319.0, which are general knowledge."""
    builds = {5: "4.0.7577.0", 6: "5.0.8308.0", 7: "6.0.9319.0", 8: "7.0.2046.0"}
    return builds.get(version or 0, "") if version in VERSIONS else ""


def notify_listeners(world: Any) -> None:
    """Tell whoever serves real sockets which computers listen otherwise than before, or with another certificate."""
    hook = world.on_listeners_changed
    known: dict[str, Any] = world.tables.setdefault("listeners", {})
    for computer in world.computers.values():
        replica = world.replicas.get(computer.fqdn)
        running = tuple((s.name, s.pid) for s in computer.windows_services.values() if s.running)
        signature_now = (replica.version if replica else 0, running)
        if known.get(computer.fqdn) == signature_now:
            continue
        known[computer.fqdn] = signature_now
        if hook is not None:
            hook(computer)
