# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Office Communications Server 2007 R2 in the published topology: merged from Active Directory and a list of its Edges.

OCS Edge servers are in no directory, so Merge-CsLegacyTopology is told of them in a file. What it writes is opaque:
nobody has published a merged document. It is published as it is, after seeing that nothing of the topology is missing
in it; a plan names what is known of the merged servers and says of the rest that only the merge will reveal it.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from .._engine.calls import UNKNOWN, Call, Change, Cmdlet, Effect, Irreversible, Query
from .._engine.collections import ORGANISATION
from .._engine.errors import InvalidInput, Mismatch, NotReady
from .._engine.module import Report, Task
from .._engine.session import Session
from .._servers.server import FOLDER, published_topology, removal
from .._servers.store_location import read_estate
from .._settings.names import BadName, fqdn
from .document import Element, TopologyError, read
from .effects import DOCUMENT, TOPOLOGY_DOCUMENT
from .losses import (
    FORCE,
    NOTES,
    NOTES_FILE,
    PUBLISH_SECONDS,
    ROUTES,
    URL_PROPERTIES,
    Notes,
    finish,
    noted,
    notes_of,
    route_changes,
    simple_url_calls,
    simple_url_changes,
)
from .reading import Topology, parse

Row = Mapping[str, Any]
Edge = dict[str, Any]

NS = "urn:schema:Microsoft.Rtc.Management.Deploy.LegacyUserInput.2008"
#: The site that the merge makes; Microsoft's documentation names it.
SITE = "Site:BackCompatSite"
INPUT_FILE = f"{FOLDER}\\lync_xmpp_migration-legacy-edges.xml"
MERGED_FILE = f"{FOLDER}\\lync_xmpp_migration-merged-topology.xml"
BACKUP_FILE = f"{FOLDER}\\lync_xmpp_migration-before-merge.xml"
_INPUT, _MERGED = "list of legacy Edge servers", "merged topology document"
_FILES = {MERGED_FILE: _MERGED, INPUT_FILE: _INPUT}
#: In a plan: the part of the document that only the merge will reveal. What is known of the rest stays as it is.
LEGACY_PART = "LegacyPart"
MERGE_SECONDS = 1800
_NOT_KEPT = Irreversible("It is a file of this collection, which is deleted in the end.")

_READS = (
    Query("simple_url_configuration", properties=URL_PROPERTIES),
    Query("site", properties=("Identity", *ROUTES)),
    Query("pool", properties=("Identity", "Fqdn", "Site")),
    Query("edge_server", properties=("Identity", "PoolFqdn", "AccessEdgeExternalSipPort")),
    Query("file", NOTES_FILE),
    Query(TOPOLOGY_DOCUMENT, partial=True),
    Query("file", MERGED_FILE),
    Query("file", INPUT_FILE),
)


def run(task: Task) -> Report:
    """Have the legacy pools and Edges in the published topology."""
    edges, pools = _edges(task.params["edges"]), _fqdns(task.params["pools"], "pools")
    if not edges and not pools:
        raise InvalidInput("Neither edges nor pools names a legacy server: name those that the merge has to bring.")
    session = task.session
    rows = read_estate(session, *_READS)
    repaired = finish(task, rows[0], rows[1]) if rows[4] and not task.check_mode else False
    before = _view(rows)
    missing = _missing(before, edges, pools)
    if not missing and not task.params["again"]:
        left = [path for path, found in ((MERGED_FILE, rows[6]), (INPUT_FILE, rows[7])) if found]
        session.change(*(removal(session, path, _FILES[path]) for path in left))  # of an interrupted run
        return _report(repaired or bool(left), before, before)
    _merge(task, edges, rows[5])
    _publish(task, edges, pools, notes_of(rows[0], rows[1]))
    after = _view(read_estate(session, *_READS[:4]))
    lacking = _missing(after, edges, pools)
    if lacking:
        raise Mismatch(
            f"The merged topology was published without an error, but read again it lacks {', '.join(lacking)}: see that "
            "OCSWMIBC.msi is installed on this server, that the names are those of Office Communications Server, and run the "
            "task again."
        )
    return _report(True, before, after)


def _report(changed: bool, before: Mapping[str, Any], after: Mapping[str, Any]) -> Report:
    return Report(changed, {"legacy_topology": after}, before=before, after=after)


# --- what is wanted


def _checked(check: Callable[[object], str], option: str, value: object) -> str:
    try:
        return check(value)
    except BadName as exc:
        raise InvalidInput(f"{option}: {exc}") from exc


def _fqdns(names: Iterable[str], option: str) -> list[str]:
    return [_checked(fqdn, option, name) for name in names]


def _edges(given: Sequence[Row]) -> list[Edge]:
    edges = []
    for number, one in enumerate(given):
        where = f"edges[{number}]"
        edge = dict(one)
        for name in ("internal_fqdn", "web_conferencing_fqdn", "next_hop_fqdn"):
            edge[name] = _checked(fqdn, f"{where}.{name}", one[name])
        for name in ("access_fqdn", "av_fqdn"):
            edge[name] = _checked(fqdn, f"{where}.{name}", one[name]) if one[name] else None
        edge["machines"] = _fqdns(one["machines"] or (), f"{where}.machines") or [edge["internal_fqdn"]]
        for name in ("access_port", "web_conferencing_port", "external_web_conferencing_port"):
            if not 0 < edge[name] < 65536:
                raise InvalidInput(f"{where}.{name}: a port from 1 to 65535 is wanted, but this is {edge[name]}.")
        edges.append(edge)
    names = [edge["internal_fqdn"] for edge in edges]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidInput(f"edges: {', '.join(twice)} is listed more than once.")
    return edges


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _element(name: str, *children: Element, **attributes: object) -> Element:
    return Element(name, tuple((key, _text(value)) for key, value in attributes.items()), children)


def user_input(edges: Sequence[Edge], registrar_port: int | None) -> bytes:
    """The file for -UserInputFileName, in the schema of Microsoft's deployment guide."""
    clusters = [
        _element(
            "EdgeCluster",
            _element("LoadBalancer", InternalFqdn=edge["internal_fqdn"], ExternalDPFqdn=edge["web_conferencing_fqdn"]),
            _element("Machines", *(_element("Machine", InternalFqdn=one) for one in edge["machines"])),
            _element(
                "Ports",
                InternalAPPort=edge["access_port"],
                InternalDPPort=edge["web_conferencing_port"],
                ExternalDPPort=edge["external_web_conferencing_port"],
            ),
            _element("DirectorOrEdgeNextHop", Fqdn=edge["next_hop_fqdn"]),
            AP=edge["access_edge"],
            MR=edge["av_edge"],
            DP=edge["web_conferencing_edge"],
            Version=edge["version"],
            FederationEnabled=edge["federation"],
        )
        for edge in edges
    ]
    discovered = registrar_port is None
    port = _element(
        "RegistrarClusterPort",
        EnableAutoDiscoveryOfPorts=discovered,
        Port=5061 if registrar_port is None else registrar_port,
    )
    root = Element("TopologyInput", (), (_element("EdgeClusters", *clusters), port), NS)
    text = '<?xml version="1.0" encoding="utf-8"?>\r\n' + root.render("", "\r\n", "", "") + "\r\n"
    return text.encode("utf-8")


# --- what is there


def _view(rows: Sequence[Sequence[Row]]) -> dict[str, Any]:
    """The merged part of the topology, as the cmdlets show it."""
    sites, pools, edges = rows[1], rows[2], rows[3]
    there = any(str(row.get("Identity")).casefold() == SITE.casefold() for row in sites)
    of_site = sorted(str(row["Fqdn"]) for row in pools if str(row.get("Site")).casefold() == SITE.casefold())
    known = {name.casefold() for name in of_site}
    federated = {
        str(row.get("PoolFqdn")): bool(row.get("AccessEdgeExternalSipPort"))
        for row in edges
        if str(row.get("PoolFqdn")).casefold() in known
    }
    return {"site": SITE if there else None, "pools": of_site, "edges": dict(sorted(federated.items()))}


def _missing(found: Mapping[str, Any], edges: Sequence[Edge], pools: Sequence[str]) -> list[str]:
    lacking = [] if found["site"] else [f"the site {SITE.partition(':')[2]}"]
    there = {name.casefold() for name in found["pools"]}
    lacking += [f"the pool {name}" for name in pools if name not in there]
    federated = {name.casefold() for name in found["edges"]}
    lacking += [f"the Edge {edge['internal_fqdn']}" for edge in edges if edge["internal_fqdn"] not in federated]
    return lacking


# --- the merge


def _merge(task: Task, edges: Sequence[Edge], documents: Sequence[Row]) -> None:
    """Have the merged document on the server, and see that it can be published."""
    session = task.session
    session.write_file(INPUT_FILE, user_input(edges, task.params["registrar_port"]), _INPUT)
    effect = session.effect("file", MERGED_FILE, {"FullName": MERGED_FILE, "Length": UNKNOWN})
    parameters = {"TopologyXmlFileName": MERGED_FILE, "UserInputFileName": INPUT_FILE, **FORCE}
    session.change(
        Change(Cmdlet("Merge-CsLegacyTopology", parameters), _MERGED, (effect,), undo=_NOT_KEPT, seconds=MERGE_SECONDS),
        seconds=MERGE_SECONDS,
    )
    if not task.check_mode:
        _see_that_nothing_is_lost(task, session, documents)


def _see_that_nothing_is_lost(task: Task, session: Session, documents: Sequence[Row]) -> None:
    try:
        text = session.read_file(MERGED_FILE).decode("utf-8-sig")
        read(text)
    except (TopologyError, UnicodeDecodeError) as exc:
        raise NotReady(
            f"What Merge-CsLegacyTopology wrote to {MERGED_FILE} on {task.context.host} cannot be published: {exc}"
        ) from exc
    published = _published(documents)
    if published is None:
        return
    try:
        merged = parse(text)
    except TopologyError as exc:
        task.warn(f"That the merged topology keeps all of the published one was not checked: {exc}")
        return
    kept = {cluster.fqdn.casefold() for cluster in merged.clusters}
    gone = [cluster.fqdn for cluster in published.clusters if cluster.fqdn.casefold() not in kept]
    gone = [name for name in gone if not _is_legacy(published, name)]
    if gone:
        raise NotReady(
            f"The merged topology is not published, because {', '.join(gone[:5])} of the published topology is missing in "
            f"it: compare {MERGED_FILE} on {task.context.host} with the document of Get-CsTopology -AsXml."
        )


def _published(documents: Sequence[Row]) -> Topology | None:
    """A new Central Management store may have no topology yet."""
    try:
        return published_topology(documents)
    except (NotReady, TopologyError):
        return None


def _is_legacy(topology: Topology, name: str) -> bool:
    """Legacy servers that are gone from Office Communications Server leave the topology with the next merge."""
    cluster = topology.pool(name)
    return cluster is not None and f"Site:{topology.site_of(cluster)}".casefold() == SITE.casefold()


# --- the publish


def _publish(task: Task, edges: Sequence[Edge], pools: Sequence[str], notes: Notes) -> None:
    """As the module topology publishes: what a publish by cmdlet loses is noted before it and put back with it."""
    session = task.session
    session.write_file(NOTES_FILE, noted(notes), NOTES)
    routes = route_changes(notes["routes"])
    undo: list[Call] = [Cmdlet("Publish-CsTopology", {"FileName": BACKUP_FILE, **FORCE})]
    undo += [one.call for one in routes]
    for identity, urls in notes["simple_urls"].items():
        undo += simple_url_calls(identity, urls, len(undo))
    undo.append(Cmdlet("Enable-CsTopology", FORCE))
    publish = Cmdlet(
        "Publish-CsTopology", {"FileName": MERGED_FILE, "BackupFileName": BACKUP_FILE, **FORCE}, stop_on_error=True
    )
    session.change(
        Change(publish, "topology", effects(edges, pools), undo=tuple(undo)),
        *routes,
        *simple_url_changes(notes["simple_urls"]),
        Change(Cmdlet("Enable-CsTopology", FORCE), "topology"),
        seconds=PUBLISH_SECONDS,
    )
    session.change(
        removal(session, NOTES_FILE, NOTES),
        removal(session, MERGED_FILE, _MERGED),
        removal(session, INPUT_FILE, _INPUT),
    )


def effects(edges: Sequence[Edge], pools: Sequence[str]) -> tuple[Effect, ...]:
    """What the merge is known to bring, by name, and what only it will reveal."""

    def row(collection: str, identity: str, **properties: object) -> Effect:
        return Effect(collection, ORGANISATION, identity, {"Identity": identity, **properties})

    found = [
        Effect(TOPOLOGY_DOCUMENT, ORGANISATION, DOCUMENT, {LEGACY_PART: UNKNOWN}),
        row("site", SITE, SiteId=UNKNOWN, Services=UNKNOWN, Pools=UNKNOWN),
    ]
    found += [row("pool", one, Fqdn=one, Site=SITE, Computers=UNKNOWN, Services=UNKNOWN) for one in pools]
    for edge in edges:
        name = edge["internal_fqdn"]
        found.append(row("pool", name, Fqdn=name, Site=SITE, Computers=list(edge["machines"]), Services=UNKNOWN))
        found += [row("computer", one, Fqdn=one, Pool=name) for one in edge["machines"]]
        found.append(
            row(
                "edge_server",
                f"EdgeServer:{name}",
                PoolFqdn=name,
                SiteId=SITE,
                Version=UNKNOWN,
                ServiceId=UNKNOWN,
                Registrar=UNKNOWN,
                AccessEdgeInternalSipPort=edge["access_port"],
                AccessEdgeExternalSipPort=5061 if edge["federation"] else None,
                AccessEdgeExternalFqdn=edge["access_fqdn"] or UNKNOWN,
                DataEdgeExternalFqdn=edge["web_conferencing_fqdn"],
                AVEdgeExternalFqdn=edge["av_fqdn"] or UNKNOWN,
                InternalInterfaceFqdn=name,
                XmppListeningPort=None,
                XmppInternalPort=None,
            )
        )
    return tuple(found)
