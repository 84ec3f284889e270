# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Publishing a topology that was declared, or waiting for one that an operator publishes from Topology Builder.

A publish by cmdlet loses the simple URLs, which no published document contains, and might lose the federation routes,
of which nobody has seen a document. Both are noted in a file beside the document before the publish and put back in the
same request; the file goes when that is done, so a run after a crash finds what is left to do.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from ._calls import Call, Change, Cmdlet, Effect, Irreversible, Query, Result
from ._collections import ORGANISATION
from ._errors import InvalidInput, Mismatch, NotReady
from ._module import Report, Task
from ._names import BadName
from ._server import FOLDER, published_topology, removal
from ._topology import Topology, check_fresh, difference, unintended
from ._topology_document import TopologyError
from ._topology_effects import TOPOLOGY_DOCUMENT, effects
from ._topology_plan import Plan, plan, view

DOCUMENT_FILE = f"{FOLDER}\\lync_xmpp_migration-topology.xml"
NOTES_FILE = f"{FOLDER}\\lync_xmpp_migration-unfinished-publish.json"
_DOCUMENT, _NOTES = "topology document to publish", "notes of an unfinished publish"
ROUTES = ("FederationRoute", "XmppFederationRoute")
PUBLISH_SECONDS = 1800
_FORCE = {"Force": True, "Confirm": False}

_URL_PROPERTIES = (
    "Identity",
    "SimpleUrl.Component",
    "SimpleUrl.Domain",
    "SimpleUrl.ActiveUrl",
    "SimpleUrl.SimpleUrlEntry.Url",
)
_READS = (
    Query(TOPOLOGY_DOCUMENT),
    Query("simple_url_configuration", properties=_URL_PROPERTIES),
    Query("site", properties=("Identity", *ROUTES)),
    Query("file", NOTES_FILE),
)

SimpleUrl = dict[str, Any]  # Component, Domain, ActiveUrl, Urls
Notes = dict[str, Any]  # simple_urls: identity -> [SimpleUrl], routes: site -> {route: service}


def run(task: Task) -> Report:
    """Make the published topology have the pool, the Edge and the association that are wanted."""
    rows = task.session.read(*_READS)
    repaired = _finish(task, rows[1], rows[2]) if rows[3] and not task.check_mode else False
    before = _document(rows[0])
    options = task.params
    try:
        wanted = plan(before, options["pool"], options["edge"], options["registrar_edge"])
    except (TopologyError, BadName) as exc:
        raise InvalidInput(str(exc)) from exc
    for note in wanted.notes:
        task.warn(note)
    if not wanted.missing:
        return _report(task, before, before, repaired)
    if options["source"] == "builder":
        return _by_operator(task, wanted)
    if not wanted.changes:
        raise InvalidInput(
            f"{' '.join(wanted.missing)} An Enterprise pool is made in Topology Builder only: set source to builder."
        )
    _publish(task, wanted, _notes(rows[1], rows[2]))
    after = wanted.after if task.check_mode else _published(task, wanted)
    return _report(task, before, after, True)


def _document(rows: Sequence[Mapping[str, Any]]) -> Topology:
    try:
        return published_topology(rows)
    except TopologyError as exc:
        raise NotReady(f"The published topology cannot be used: {exc}") from exc


def _names(task: Task) -> list[str]:
    options = task.params
    found = [options[key]["fqdn"] for key in ("pool", "edge") if options[key]]
    if options["registrar_edge"]:
        found.append(options["registrar_edge"]["pool_fqdn"])
    return [str(one).lower() for one in found]


def _report(task: Task, before: Topology, after: Topology, changed: bool) -> Report:
    names = _names(task)
    value = {"pools": view(after, *names), "difference": difference(before, after)}
    return Report(changed, {"topology": value}, before=view(before, *names), after=view(after, *names))


# --- by the operator


def _by_operator(task: Task, wanted: Plan) -> Report:
    """Say what is missing, and wait for it where that is wanted."""
    todo = " ".join(f"{number}) {text}" for number, text in enumerate(wanted.missing, 1))
    if task.check_mode:
        task.warn(f"To be done by the operator in Topology Builder, then published from there: {todo}")
        # planned for what follows from it, never called: the operator's program does it
        call = Cmdlet("Publish-CsTopology", {"FileName": "(published by the operator from Topology Builder)"})
        task.session.change(
            Change(call, "topology", effects(wanted.before, wanted.after), undo=_BY_BUILDER, conditional=True)
        )
        return _report(task, wanted.before, wanted.after, False)
    seconds, options = task.params["wait_seconds"], task.params
    latest: list[Topology] = []

    def published() -> bool:
        found = _document(task.session.read(Query(TOPOLOGY_DOCUMENT))[0])
        latest[:] = [found]
        return not plan(found, options["pool"], options["edge"], options["registrar_edge"]).missing

    if seconds:
        task.session.note("waiting for the operator to publish from Topology Builder", missing=list(wanted.missing))
        try:
            task.session.wait(published, seconds, 10)
        except NotReady:
            pass
        except TopologyError as exc:
            raise InvalidInput(str(exc)) from exc
    if not latest or plan(latest[0], options["pool"], options["edge"], options["registrar_edge"]).missing:
        waited = f" within {seconds} s" if seconds else ""
        raise NotReady(
            f"The published topology lacks something that was not published{waited}. In Topology Builder: {todo} Publish "
            "the topology there, and run this again."
        )
    return _report(task, wanted.before, latest[0], False)


_BY_BUILDER = Irreversible("What an operator publishes from Topology Builder is taken back there.")


# --- by us


def _publish(task: Task, wanted: Plan, notes: Notes) -> None:
    session = task.session
    stray = unintended(wanted.before, wanted.after, wanted.asked)
    if stray:
        raise InvalidInput(
            f"The topology is not published, because more would change than was asked for: {' '.join(stray)}"
        )
    document = wanted.after.text.encode("utf-8")
    session.write_file(DOCUMENT_FILE, document, _DOCUMENT)
    if not task.check_mode:
        try:
            check_fresh(wanted.before, _document(session.read(Query(TOPOLOGY_DOCUMENT))[0]))
        except TopologyError as exc:
            raise NotReady(f"{exc} Run the task again.") from exc
    session.write_file(NOTES_FILE, _noted(notes), _NOTES)
    backup = f"{FOLDER}\\lync_xmpp_migration-before-{wanted.purpose}.xml"
    publish = Cmdlet(
        "Publish-CsTopology", {"FileName": DOCUMENT_FILE, "BackupFileName": backup, **_FORCE}, stop_on_error=True
    )
    routes = _route_changes(notes["routes"])
    undo: list[Call] = [Cmdlet("Publish-CsTopology", {"FileName": backup, **_FORCE}), *(one.call for one in routes)]
    for identity, urls in notes["simple_urls"].items():
        undo += _simple_url_calls(identity, urls, len(undo))
    undo.append(Cmdlet("Enable-CsTopology", _FORCE))
    changes = [
        Change(
            publish,
            "topology",
            effects(wanted.before, wanted.after),
            before={"Signature": wanted.before.signature},
            undo=tuple(undo),
        ),
        *routes,
        *_simple_url_changes(notes["simple_urls"]),
        Change(Cmdlet("Enable-CsTopology", _FORCE), "topology"),
    ]
    session.change(*changes, seconds=PUBLISH_SECONDS)
    session.change(removal(session, NOTES_FILE, _NOTES), removal(session, DOCUMENT_FILE, _DOCUMENT))


def _published(task: Task, wanted: Plan) -> Topology:
    after = _document(task.session.read(Query(TOPOLOGY_DOCUMENT))[0])
    stray = unintended(wanted.before, after, wanted.asked)
    options = task.params
    left = plan(after, options["pool"], options["edge"], options["registrar_edge"]).missing
    if stray or left:
        raise Mismatch(
            f"The topology was published without an error, but read again it is not what was wanted: "
            f"{' '.join([*stray, *left])} See who else publishes, and run the task again."
        )
    return after


# --- what a publish loses


def _listed(value: Any) -> list[Any]:
    """PowerShell gives a list's members as a list, or the one member of a list of one; lists in it are flattened."""
    if value is None:
        return []
    if not isinstance(value, (list, tuple)):
        return [value]
    return [one for part in value for one in _listed(part)]


def simple_urls(row: Mapping[str, Any]) -> list[SimpleUrl]:
    """The simple URLs of one configuration; InvalidInput where their parts cannot be put together again."""
    parts = [_listed(row.get(f"SimpleUrl.{name}")) for name in ("Component", "Domain", "ActiveUrl")]
    entries = [str(one) for one in _listed(row.get("SimpleUrl.SimpleUrlEntry.Url"))]
    count = len(parts[0])
    unclear = InvalidInput(
        f"The simple URLs of {row.get('Identity')} cannot be noted exactly, and a publish by cmdlet would lose them: publish "
        "from Topology Builder (source: builder)."
    )
    if any(len(part) != count for part in parts):
        raise unclear
    shared = list(islice(_shares([str(url) for url in parts[2]], entries), 2))
    if len(shared) != 1:
        raise unclear
    return [
        {"Component": str(component), "Domain": str(domain), "ActiveUrl": str(active), "Urls": urls}
        for component, domain, active, urls in zip(*parts, shared[0], strict=True)
    ]


def _shares(actives: Sequence[str], entries: Sequence[str]) -> Iterator[list[list[str]]]:
    """Ways to share out all entries in their order, so that each simple URL gets its active one."""
    if not actives:
        if not entries:
            yield []
        return
    for size in range(1, len(entries) - len(actives) + 2):
        own = list(entries[:size])
        if actives[0].casefold() in {one.casefold() for one in own}:
            for rest in _shares(actives[1:], entries[size:]):
                yield [own, *rest]


def _notes(configurations: Iterable[Mapping[str, Any]], sites: Iterable[Mapping[str, Any]]) -> Notes:
    urls = {str(row["Identity"]): simple_urls(row) for row in configurations}
    routes = {str(row["Identity"]): {name: row[name] for name in ROUTES if isinstance(row.get(name), str) and row[name]}
              for row in sites}  # fmt: skip
    return {
        "simple_urls": {name: found for name, found in urls.items() if found},
        "routes": {site: found for site, found in routes.items() if found},
    }


def _noted(notes: Notes) -> bytes:
    return json.dumps(notes, sort_keys=True, indent=1).encode("ascii")


def _simple_url_calls(identity: str, urls: Sequence[SimpleUrl], base: int) -> list[Cmdlet]:
    """New-CsSimpleUrlEntry and New-CsSimpleUrl make objects in memory; the last call stores them all."""
    calls: list[Cmdlet] = []
    made = []
    for url in urls:
        entries = []
        for one in url["Urls"]:
            entries.append(Result(base + len(calls), 0))
            calls.append(Cmdlet("New-CsSimpleUrlEntry", {"Url": one}, keep=True))
        parameters = {
            "Component": url["Component"],
            "Domain": url["Domain"],
            "SimpleUrlEntry": entries,
            "ActiveUrl": url["ActiveUrl"],
        }
        made.append(Result(base + len(calls), 0))
        calls.append(Cmdlet("New-CsSimpleUrl", parameters, keep=True))
    parameters = {"Identity": identity, "SimpleUrl": {"Replace": made}, "Confirm": False}
    return [*calls, Cmdlet("Set-CsSimpleUrlConfiguration", parameters)]


def _simple_url_changes(wanted: Mapping[str, Sequence[SimpleUrl]]) -> list[Change]:
    changes = []
    for identity, urls in wanted.items():
        *prepare, call = _simple_url_calls(identity, urls, 0)
        properties = {
            **{f"SimpleUrl.{name}": [url[name] for url in urls] for name in ("Component", "Domain", "ActiveUrl")},
            "SimpleUrl.SimpleUrlEntry.Url": [one for url in urls for one in url["Urls"]],
        }
        effect = Effect("simple_url_configuration", ORGANISATION, identity, properties)
        changes.append(Change(call, f"simple URLs of {identity}", (effect,), prepare=tuple(prepare)))
    return changes


def _route_changes(wanted: Mapping[str, Mapping[str, str]]) -> list[Change]:
    """The routes as they were, in the same request as the publish: where it takes them away, no server hears of that."""
    changes = []
    for site, routes in wanted.items():
        bare = site.partition(":")[2] or site
        call = Cmdlet("Set-CsSite", {"Identity": bare, **routes, "Confirm": False})
        changes.append(
            Change(call, f"site {bare}", (Effect("site", ORGANISATION, site, dict(routes)),), before=dict(routes))
        )
    return changes


def _restore_routes(task: Task, wanted: Mapping[str, Mapping[str, str]]) -> None:
    rows = {str(row["Identity"]): row for row in task.session.read(Query("site", properties=("Identity", *ROUTES)))[0]}
    for site, routes in wanted.items():
        lost = {name: route for name, route in routes.items() if not rows.get(site, {}).get(name)}
        if not lost or site not in rows:
            continue
        bare = site.partition(":")[2] or site
        task.session.change(
            Change(
                Cmdlet("Set-CsSite", {"Identity": bare, **lost, "Confirm": False}),
                f"site {bare}",
                (Effect("site", ORGANISATION, site, lost),),
                before=dict.fromkeys(lost),
            )
        )
        task.warn(
            f"The interrupted publish had taken the federation routes of the site {bare} away; they were put back."
        )


def _finish(task: Task, configurations: Iterable[Mapping[str, Any]], sites: Iterable[Mapping[str, Any]]) -> bool:
    """Put back what a publish has lost that was interrupted."""
    session = task.session
    try:
        notes: Notes = json.loads(session.read_file(NOTES_FILE, 1_000_000))
        saved = {str(name): [dict(one) for one in urls] for name, urls in notes["simple_urls"].items()}
        routes = {str(site): dict(found) for site, found in notes["routes"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise NotReady(
            f"{NOTES_FILE} on {task.context.host} was left by an interrupted publish and cannot be read: compare the simple "
            "URLs with what they were (Get-CsSimpleUrlConfiguration), then delete the file."
        ) from exc
    now = {str(row["Identity"]): simple_urls(row) for row in configurations}
    lost = {name: urls for name, urls in saved.items() if not now.get(name)}
    task.warn("A publish was interrupted earlier; what it had left to do was done now.")
    session.change(
        *_simple_url_changes(lost),
        Change(Cmdlet("Enable-CsTopology", _FORCE), "topology"),
        seconds=PUBLISH_SECONDS,
    )
    _restore_routes(task, routes)
    session.change(removal(session, NOTES_FILE, _NOTES))
    return True
