# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Publishing a topology that was declared, or waiting for one that an operator publishes from Topology Builder.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .._engine.calls import UNKNOWN, Call, Change, Cmdlet, Effect, Irreversible, Query, Undo
from .._engine.coexistence import EDGE_VERSIONS
from .._engine.collections import ORGANISATION
from .._engine.errors import InvalidInput, Mismatch, NotReady
from .._engine.module import Report, Task
from .._engine.session import quietly
from .._servers.server import FOLDER, published_topology, removal
from .._settings.names import BadName, fqdn, same
from .compare import difference, unintended
from .document import TopologyError
from .effects import TOPOLOGY_DOCUMENT, effects
from .first import (
    Known,
    Organisation,
    check_organisation,
    first_document,
    is_nothing,
    organisation_of,
    sketch,
)
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
from .plan import Plan, plan, view
from .reading import LEGACY_SITE, Topology, check_fresh

DOCUMENT_FILE = f"{FOLDER}\\lync_xmpp_migration-topology.xml"
_DOCUMENT = "topology document to publish"
#: The cost of a declared topology on a store of Lync Server 2010, by the name that accepts it.
COST = "simple_urls_dropped"
_OLD_VERSION = 5
#: What a planned merge is known to bring.
_LEGACY = f"Site:{LEGACY_SITE}"

_READS = (
    Query(TOPOLOGY_DOCUMENT),
    Query("simple_url_configuration", properties=URL_PROPERTIES),
    Query("site", properties=("Identity", *ROUTES)),
    Query("file", NOTES_FILE),
)
_WEB = Query("web_server", properties=("Identity", "InternalFqdn"))
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Start:
    """What there is before. `first`: nobody has published yet; a sketch stands for what a dry run cannot know."""

    topology: Topology
    first: bool = False

    @property
    def known(self) -> Topology | None:
        return None if self.first else self.topology


def run(task: Task) -> Report:
    """Make the published topology have the pool, the Edge and the association that are wanted."""
    organisation = _organisation(task)
    planned = task.check_mode and organisation is not None  # the store itself may be planned only
    task.session.read_ahead("site")  # whose routes the next task of the role looks at
    if (task.params["pool"] or {}).get("internal_web_fqdn"):
        task.session.read_ahead(_WEB)
    rows = quietly(task.session, *_READS) if planned else task.session.read(*_READS)
    # notes of a first publish that never took effect have nothing to finish: it is made anew, and they with it
    unfinished = bool(rows[3] and rows[0] and rows[0][0].get(".")) and not task.check_mode
    repaired = finish(task, rows[1], rows[2]) if unfinished else False
    start = _start(task, organisation, rows[0], rows[2])
    wanted = _plan(task, start, organisation)
    web = _internal_web(task, wanted)
    for note in wanted.notes:
        task.warn(note)
    if not wanted.missing and web is None:
        return _report(task, wanted.before, wanted.before, repaired)
    if task.params["source"] == "builder":
        return _by_operator(task, start, wanted, organisation, web)
    _check_cost(task, wanted.before)
    if not wanted.missing and web is not None:  # the publish was, and what follows it was not
        task.session.change(web, Change(Cmdlet("Enable-CsTopology", FORCE), "topology"), seconds=PUBLISH_SECONDS)
        return _report(task, wanted.before, wanted.before, True)
    _publish(task, start, wanted, _notes(start.topology, rows), web)
    after = wanted.after if task.check_mode else _published(task, wanted, organisation)
    return _report(task, wanted.before, after, True)


def _organisation(task: Task) -> Organisation | None:
    try:
        return organisation_of(task.params.get("organisation"))
    except (TopologyError, BadName) as exc:
        raise InvalidInput(str(exc)) from exc


def _plan(task: Task, start: Start, organisation: Organisation | None) -> Plan:
    options = task.params
    try:
        if organisation and not start.first and not start.topology.is_sketch:
            check_organisation(start.topology, organisation)
        return plan(start.topology, options["pool"], options["edge"], options["registrar_edge"], first=start.first)
    except (TopologyError, BadName) as exc:
        raise InvalidInput(str(exc)) from exc


def _start(task: Task, organisation: Organisation | None, documents: Sequence[Row], sites: Sequence[Row]) -> Start:
    text = documents[0].get(".") if documents else None
    if task.check_mode and (text is UNKNOWN or (not text and organisation is None)):
        return Start(_sketch(task, None, organisation, merged=text is UNKNOWN))
    if not text:
        if organisation is None:
            published_topology(documents)
        return _first(organisation, sites)
    topology = _document(documents)
    if topology.is_sketch and task.check_mode:
        return Start(_sketch(task, topology, organisation, merged=bool(topology.legacy_sites)))
    if is_nothing(topology):
        return _first(organisation, sites, topology.signature)
    if task.check_mode and not topology.legacy_sites and any(same(row["Identity"], _LEGACY) for row in sites):
        return Start(_sketch(task, topology, organisation, merged=True))
    return Start(topology)


def _first(organisation: Organisation | None, sites: Sequence[Row], signature: str | None = None) -> Start:
    if organisation is None:
        raise NotReady(
            "Nothing has been published in this forest yet. Say what its first topology is to have with the option "
            "organisation: the SIP domains and the site."
        )
    if sites:
        raise NotReady(
            f"Get-CsTopology gives no document, but Get-CsSite lists {', '.join(str(row['Identity']) for row in sites)}: the "
            "first topology is only published where there is none. See why the document cannot be read."
        )
    return Start(first_document(organisation, *([signature] if signature else [])), True)


def _sketch(task: Task, start: Topology | None, organisation: Organisation | None, *, merged: bool) -> Topology:
    options = task.params
    pools, registrars, edges = quietly(task.session, "pool", "registrar", "edge_server")
    why = "after the merge that is planned" if merged else f"on {task.context.host}, which has no Lync cmdlets yet"
    task.warn(f"The published topology is not known {why}: what is planned here follows from the options alone.")
    try:
        return sketch(
            start, organisation, options["pool"], options["edge"], options["registrar_edge"],
            Known(pools, registrars, edges), merged,
        )  # fmt: skip
    except (TopologyError, BadName) as exc:
        raise InvalidInput(str(exc)) from exc


def _check_cost(task: Task, before: Topology) -> None:
    if COST in (task.params.get("accepts") or ()):
        return
    if any(service.version == _OLD_VERSION for service in before.services):
        raise InvalidInput(
            "The topology has servers of Lync Server 2010, and a declared topology has a known cost there: publishing it "
            "drops the simple URLs of the whole organisation until this same task has put them back, and no document with "
            f"a Lync Server 2013 Edge has ever been published. Accept that by name (accepts: [{COST}]), or publish from "
            "Topology Builder (source: builder)."
        )


def _document(rows: Sequence[Row]) -> Topology:
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


# --- the internal FQDN of the web services, which has no published form in a document


def _internal_web(task: Task, wanted: Plan) -> Change | None:
    """The setting where it is missing. # source: Set-CsWebServer -InternalFqdn; the document's form is not published."""
    pool = task.params["pool"] or {}
    if not pool.get("internal_web_fqdn"):
        return None
    host, name = fqdn(pool["internal_web_fqdn"]), fqdn(pool["fqdn"])
    identity = f"WebServer:{name}"
    rows = quietly(task.session, _WEB)[0]
    row = next((one for one in rows if same(one.get("Identity"), identity)), {})
    found = row.get("InternalFqdn")
    if same(found, host):
        return None
    if wanted.before.pool(name) is not None and isinstance(found, str) and found and not same(found, name):
        raise InvalidInput(
            f"The pool {name} has {found} as the internal FQDN of its web services, and {host} is wanted: correct one of the "
            "two; an existing pool is not altered."
        )

    def setting(value: str) -> Cmdlet:
        return Cmdlet("Set-CsWebServer", {"Identity": identity, "InternalFqdn": value, "Confirm": False})

    effect = Effect("web_server", ORGANISATION, identity, {"InternalFqdn": host})
    return Change(
        setting(host), f"web services of {name}", (effect,), before={"InternalFqdn": found}, undo=(setting(name),)
    )


def _said(wanted: Plan, web: Change | None) -> list[str]:
    """What is missing, for somebody in front of Topology Builder."""
    told = list(wanted.missing)
    if web is not None and isinstance(web.call, Cmdlet):
        told.append(
            f"In the properties of the pool's {web.object}, select 'Override FQDN' and enter "
            f"{web.call.parameters['InternalFqdn']} as the internal web services FQDN."
        )
    return told


# --- by the operator


def _by_operator(
    task: Task, start: Start, wanted: Plan, organisation: Organisation | None, web: Change | None
) -> Report:
    """Say what is missing, and wait for it where that is wanted."""
    todo = " ".join(f"{number}) {text}" for number, text in enumerate(_said(wanted, web), 1))
    if task.check_mode:
        task.warn(f"To be done by the operator in Topology Builder, then published from there: {todo}")
        # planned for what follows from it, never called: the operator's program does it
        call = Cmdlet("Publish-CsTopology", {"FileName": "(published by the operator from Topology Builder)"})
        task.session.change(
            Change(
                call,
                "topology",
                (*effects(start.known, wanted.after), *(web.effects if web else ())),
                before=_judged(wanted.after),
                undo=_BY_BUILDER,
                conditional=True,
            )
        )
        return _report(task, wanted.before, wanted.after, False)
    seconds = task.params["wait_seconds"]
    latest: list[Plan] = []
    left: list[str] = list(_said(wanted, web))

    def published() -> bool:
        documents, sites = task.session.read(_READS[0], _READS[2])
        now = _plan(task, _start(task, organisation, documents, sites), organisation)
        latest[:], left[:] = [now], _said(now, _internal_web(task, now))
        return not left

    if seconds:
        task.session.note("waiting for the operator to publish from Topology Builder", missing=list(left))
        try:
            task.session.wait(published, seconds, 10)
        except NotReady:
            pass
    if left or not latest:
        waited = f" within {seconds} s" if seconds else ""
        raise NotReady(
            f"The published topology lacks something that was not published{waited}. In Topology Builder: {todo} Publish "
            "the topology there, and run this again."
        )
    return _report(task, wanted.before, latest[0].before, False)


_BY_BUILDER = Irreversible("What an operator publishes from Topology Builder is taken back there.")


def _judged(topology: Topology) -> dict[str, Any]:
    """What the laws want to know of Edges that are changed."""
    edges = (one for one in topology.services if one.role_name == "EdgeServer")
    return {EDGE_VERSIONS: {topology.identity(one): one.version for one in edges}}


# --- by us


def _publish(task: Task, start: Start, wanted: Plan, notes: Notes, web: Change | None) -> None:
    session = task.session
    stray = unintended(wanted.before, wanted.after, wanted.asked)
    if stray:
        raise InvalidInput(
            f"The topology is not published, because more would change than was asked for: {' '.join(stray)}"
        )
    document = wanted.after.text.encode("utf-8")
    session.write_file(DOCUMENT_FILE, document, _DOCUMENT)
    if not task.check_mode:
        _check_fresh(task, start)
    session.write_file(NOTES_FILE, noted(notes), NOTES)
    changes = _changes(start, wanted, notes, web)
    if wanted.before.is_sketch:
        changes = [replace(one, conditional=True) for one in changes]
    session.change(*changes, seconds=PUBLISH_SECONDS)
    session.change(removal(session, NOTES_FILE, NOTES), removal(session, DOCUMENT_FILE, _DOCUMENT))


def _check_fresh(task: Task, start: Start) -> None:
    """Somebody else may have published since."""
    rows = task.session.read(Query(TOPOLOGY_DOCUMENT))[0]
    if start.first and not (rows and rows[0].get(".")):
        return
    now = _document(rows)
    if start.first and is_nothing(now):
        return
    try:
        check_fresh(start.topology, now)
    except TopologyError as exc:
        raise NotReady(f"{exc} Run the task again.") from exc


_FIRST = Irreversible(
    "The first topology of a forest has nothing before it that could be published again: it goes with the last pool "
    "(Publish-CsTopology -FinalizeUninstall)."
)


def _changes(start: Start, wanted: Plan, notes: Notes, web: Change | None) -> list[Change]:
    """The publish and, in the same request, all that has to follow it."""
    backup = f"{FOLDER}\\lync_xmpp_migration-before-{wanted.purpose}.xml"
    parameters = {"FileName": DOCUMENT_FILE, **({} if start.first else {"BackupFileName": backup}), **FORCE}
    routes = route_changes(notes["routes"])
    calls: list[Call] = [Cmdlet("Publish-CsTopology", {"FileName": backup, **FORCE}), *(one.call for one in routes)]
    for identity, urls in notes["simple_urls"].items():
        calls += simple_url_calls(identity, urls, len(calls))
    calls.append(Cmdlet("Enable-CsTopology", FORCE))
    undo: Undo = _FIRST if start.first else tuple(calls)
    return [
        Change(
            Cmdlet("Publish-CsTopology", parameters, stop_on_error=True),
            "topology",
            effects(start.known, wanted.after),
            before={"Signature": wanted.before.signature, **_judged(wanted.after)},
            undo=undo,
        ),
        *routes,
        *simple_url_changes(notes["simple_urls"]),
        *_unknown_losses(wanted.before, notes),
        *([web] if web else []),
        Change(Cmdlet("Enable-CsTopology", FORCE), "topology"),
    ]


def _notes(before: Topology, rows: Sequence[Sequence[Row]]) -> Notes:
    """What is to be put back. A dry run cannot know all of it."""
    if not before.is_sketch:
        return notes_of(rows[1], rows[2])
    routes: dict[str, dict[str, Any]] = {}
    for row in rows[2]:
        found = {route: row.get(route) for route in ROUTES}
        routes[str(row["Identity"])] = {n: v for n, v in found.items() if v is UNKNOWN or (isinstance(v, str) and v)}
    return {"simple_urls": {}, "routes": {site: found for site, found in routes.items() if found}}


def _unknown_losses(before: Topology, notes: Notes) -> list[Change]:
    """In a dry run on hosts without cmdlets: the routes and simple URLs that an organisation of Lync Server 2010 has."""
    if not before.is_sketch or before.legacy_sites:
        return []
    changes = []
    for name in before.sites.values():
        if f"Site:{name}" not in notes["routes"]:
            call = Cmdlet("Set-CsSite", {"Identity": name, ROUTES[0]: UNKNOWN, "Confirm": False})
            effect = Effect("site", ORGANISATION, f"Site:{name}", {ROUTES[0]: UNKNOWN})
            changes.append(Change(call, f"site {name}", (effect,), conditional=True))
    call = Cmdlet("Set-CsSimpleUrlConfiguration", {"Identity": "Global", "SimpleUrl": UNKNOWN, "Confirm": False})
    unknown: dict[str, Any] = dict.fromkeys(URL_PROPERTIES[1:], UNKNOWN)
    effect = Effect("simple_url_configuration", ORGANISATION, "Global", unknown)
    return [*changes, Change(call, "simple URLs of Global", (effect,), conditional=True)]


def _published(task: Task, wanted: Plan, organisation: Organisation | None) -> Topology:
    after = _document(task.session.read(Query(TOPOLOGY_DOCUMENT))[0])
    stray = unintended(wanted.before, after, wanted.asked)
    left = _plan(task, Start(after), organisation).missing
    if stray or left:
        raise Mismatch(
            f"The topology was published without an error, but read again it is not what was wanted: "
            f"{' '.join([*stray, *left])} See who else publishes, and run the task again."
        )
    return after
