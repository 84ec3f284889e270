# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The topology as it was: the document that the first publish replaced is published again.

It is done where the published topology is what this collection has published, or what was there before. Where somebody else has
published since, that would be lost, so it is named instead. A document that is published carries the signature of the one that it
replaces: [inf], as a publish of an older one is refused as stale.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._engine.calls import Change, Cmdlet, Evidence, Query
from .._engine.collections import ORGANISATION
from .._engine.errors import CmdletFailed, Mismatch, NotReady
from .._engine.module import Report, Task
from .._servers.server import published_topology, removal
from .._topology.compare import difference
from .._topology.document import TopologyError
from .._topology.effects import TOPOLOGY_DOCUMENT, effects
from .._topology.losses import (
    FORCE,
    NOTES,
    NOTES_FILE,
    PUBLISH_SECONDS,
    ROUTES,
    URL_PROPERTIES,
    finish,
    noted,
    notes_of,
    route_changes,
    simple_url_changes,
)
from .._topology.publish import DOCUMENT_FILE
from .._topology.reading import Topology, parse
from .._users.listing import users as users_of
from .._users.reading import PROPERTIES, name, registrar
from .past import Done, Past, decoded, left_alone, read
from .settings import site_routes

Row = Mapping[str, Any]

XMPP, SERVERS = "xmpp", "servers"
_ROLES = {XMPP: ("federation_enable",), SERVERS: ("pool_deploy", "edge_deploy", "federation_enable")}
BACKUP = "\\lync_xmpp_migration-before-rollback-{part}.xml"
_READS = (
    Query(TOPOLOGY_DOCUMENT),
    Query("simple_url_configuration", properties=URL_PROPERTIES),
    Query("site", properties=("Identity", *ROUTES)),
    Query("file", NOTES_FILE),
)


@dataclass(frozen=True)
class Published:
    """One publish of the migration: what it published, and what it replaced."""

    done: Done
    after: Topology
    former: Topology


def run(task: Task) -> Report:
    past, part = read(task), task.params["part"]
    made: list[str] = []
    if part == XMPP or first_publish(past) is None:  # the pool that stays keeps its way through the legacy Edge
        made, foreign = site_routes(task, past, "XmppFederationRoute" if part == XMPP else "FederationRoute")
        left_alone(task, foreign)
    publishes = [one for one in past.calls("Publish-CsTopology") if one.module == "topology"]
    if not any(one.role in _ROLES[part] for one in publishes):
        return _report(task, made, None, None)
    rows = task.session.read(*_READS)
    if rows[3] and not task.check_mode:
        finish(task, rows[1], rows[2])
        rows = task.session.read(*_READS)
    current = _parsed(published_topology, rows[0])
    known = [found for one in publishes if (found := _published(task, one)) is not None]
    target = next((one.former for one in known if one.done.role in _ROLES[part]), None)
    if target is None or any(_same(current, one.former) for one in known if known.index(one) <= _place(known, target)):
        return _report(task, made, current, None)
    _check_ours(task, current, known)
    wanted = parse(target.text.replace(target.signature, current.signature, 1))
    _see_nobody(task, current, wanted)
    _publish(task, current, wanted, rows, known[0].done)
    if not task.check_mode:
        after = _parsed(published_topology, task.session.read(_READS[0])[0])
        if not _same(after, target):
            raise Mismatch(
                "The former topology was published without an error, but read again it is another one: see who else publishes, "
                "and run the playbook lync.xmpp_migration.rollback again."
            )
    return _report(task, [*made, "topology"], current, wanted)


def first_publish(past: Past) -> Done | None:
    """The first topology of a forest, with the first pool and the Central Management store: nothing was there before it."""
    for one in past.calls("Publish-CsTopology"):
        if one.module == "topology" and "BackupFileName" not in one.parameters and isinstance(one.undo, Mapping):
            return one
    return None


def _parsed(function: Any, value: Any) -> Topology:
    try:
        found: Topology = function(value)
    except TopologyError as exc:
        raise NotReady(f"A topology document cannot be used: {exc}") from exc
    return found


def _published(task: Task, done: Done) -> Published | None:
    """With the document that the server kept of what was there before; nothing where there was none, or nothing was done."""
    path = done.parameters.get("BackupFileName")
    text = next((one["properties"] for one in done.effects if one["collection"] == TOPOLOGY_DOCUMENT), None)
    if path is None or not isinstance(text, Mapping) or not isinstance(decoded(text.get(".")), str):
        return None
    try:
        former = _parsed(parse, task.session_for(done.host).read_file(str(path)))
    except CmdletFailed:
        if any(one.cmdlet == "Publish-CsTopology" and one.line > done.line for one in read(task).changes):
            return None  # nothing had been published when it ended: it was made anew
        _unmade(task, done)
        return None
    signature = str((done.before or {}).get("Signature"))
    if former.signature.casefold() != signature.casefold():
        raise NotReady(
            f"The topology that {path} on {done.host} keeps has the signature {former.signature}, and what was published before had "
            f"{signature}: it is another one. Take the servers out with Topology Builder, and name the topology in rollback_leave."
        )
    return Published(done, _parsed(parse, decoded(text["."])), former)


def _unmade(task: Task, done: Done) -> None:
    """Its backup is not there. Where the published topology is the one before it, it was never made."""
    rows = task.session.read(_READS[0])[0]
    current = _parsed(published_topology, rows)
    if current.signature.casefold() == str((done.before or {}).get("Signature")).casefold():
        return
    left_alone(
        task,
        {
            "topology": f"cannot be brought back, because {done.parameters['BackupFileName']} is not on {done.host} any more"
        },
    )


def _place(known: Sequence[Published], target: Topology) -> int:
    return next(at for at, one in enumerate(known) if one.former is target)


def _essence(topology: Topology) -> Any:
    root = topology.root
    attributes = sorted((one, value) for one, value in root.attributes.items() if one != "Signature")
    return attributes, [child.canonical() for child in root.children]


def _same(one: Topology, other: Topology) -> bool:
    return bool(_essence(one) == _essence(other))


def _check_ours(task: Task, current: Topology, known: Sequence[Published]) -> None:
    """Only the ports and the route of the migration's own Edge may have come beside what was published."""
    documents = [document for one in known for document in (one.after, one.former)]
    if any(_same(current, one) for one in documents):
        return
    last = known[-1].after
    ours = {one.fqdn.casefold() for one in last.clusters} - {one.fqdn.casefold() for one in known[0].former.clusters}
    apart = []
    for service in _services_apart(current, last):
        if service.partition(":")[2].casefold() not in ours:
            apart.append(service)
    if apart or _others(current) != _others(last):
        shown = ", ".join(apart[:5]) or "sites, SIP domains or pools"
        left_alone(task, {"topology": f"was published by somebody else since ({shown})"})


def _services_apart(one: Topology, other: Topology) -> list[str]:
    mine = {one.identity(service): service.node.canonical() for service in one.services}
    theirs = {other.identity(service): service.node.canonical() for service in other.services}
    return [key for key in sorted({*mine, *theirs}) if mine.get(key) != theirs.get(key)]


def _others(topology: Topology) -> Any:
    return [child.canonical() for child in topology.root.children if child.name != "Services"]


def _see_nobody(task: Task, current: Topology, wanted: Topology) -> None:
    """Nobody is homed on a pool that goes, and no partner needs an Edge that goes: the laws want it proved."""
    gone = {one.fqdn.casefold() for one in current.clusters} - {one.fqdn.casefold() for one in wanted.clusters}
    partners = [str(one["Identity"]) for one in task.session.read("xmpp_partner")[0]]
    if partners:
        raise NotReady(
            f"Lync Server 2013 has the XMPP partners {', '.join(partners)}, which nobody here has made or which are there again: "
            "remove them (xmpp_partner with state: absent) before XMPP is taken from the topology."
        )
    evidence = [Evidence("no_partner", ORGANISATION)]
    if gone:
        homed = [
            name(row) for row in users_of(task.session, Query("user", properties=PROPERTIES)) if registrar(row) in gone
        ]
        if homed:
            raise NotReady(
                f"{len(homed)} users are homed on a pool that would go from the topology: {', '.join(homed[:10])}. Move them to "
                "another pool first (user_move_back, or Move-CsUser)."
            )
        evidence.append(Evidence("users_back", ORGANISATION))
    task.session.record(*evidence)


def _publish(task: Task, current: Topology, wanted: Topology, rows: Sequence[Sequence[Row]], first: Done) -> None:
    session = task.session
    notes = notes_of(rows[1], task.session.read(_READS[2])[0])
    going = {f"EdgeServer:{one.fqdn}".casefold() for one in current.clusters if wanted.pool(one.fqdn) is None}
    notes["routes"] = {
        site: kept
        for site, found in notes["routes"].items()
        if (kept := {route: value for route, value in found.items() if value.casefold() not in going})
    }
    session.write_file(DOCUMENT_FILE, wanted.text.encode("utf-8"), "topology document to publish")
    session.write_file(NOTES_FILE, noted(notes), NOTES)
    backup = str(first.parameters["BackupFileName"]).rpartition("\\")[0] + BACKUP.format(part=task.params["part"])
    changes = [
        Change(
            Cmdlet(
                "Publish-CsTopology", {"FileName": DOCUMENT_FILE, "BackupFileName": backup, **FORCE}, stop_on_error=True
            ),
            "topology",
            effects(current, wanted),
            before={"Signature": current.signature, "Back": True},
            undo=(Cmdlet("Publish-CsTopology", {"FileName": backup, **FORCE}),),
        ),
        *route_changes(notes["routes"]),
        *simple_url_changes(notes["simple_urls"]),
        Change(Cmdlet("Enable-CsTopology", FORCE), "topology"),
    ]
    session.change(*changes, seconds=PUBLISH_SECONDS)
    session.change(removal(session, NOTES_FILE, NOTES), removal(session, DOCUMENT_FILE, "topology document to publish"))


def _report(task: Task, made: Sequence[str], current: Topology | None, wanted: Topology | None) -> Report:
    changed = difference(current, wanted) if current is not None and wanted is not None else ""
    return Report(bool(made), {"brought_back": list(made), "difference": changed})
