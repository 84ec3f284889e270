# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a publish by cmdlet loses, and how it is put back: simple URLs, and the federation routes of sites.

No published document contains simple URLs; nobody has seen one that contains a federation route. Both are noted in a
file beside the document before the publish and put back in the same request; the file goes when that is done, so a run
after a crash finds what is left to do.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from .._engine.calls import Change, Cmdlet, Effect, Query, Result
from .._engine.collections import ORGANISATION
from .._engine.errors import InvalidInput, NotReady
from .._engine.module import Task
from .._servers.server import FOLDER, removal

NOTES_FILE = f"{FOLDER}\\lync_xmpp_migration-unfinished-publish.json"
NOTES = "notes of an unfinished publish"
ROUTES = ("FederationRoute", "XmppFederationRoute")
PUBLISH_SECONDS = 1800
FORCE = {"Force": True, "Confirm": False}
URL_PROPERTIES = (
    "Identity",
    "SimpleUrl.Component",
    "SimpleUrl.Domain",
    "SimpleUrl.ActiveUrl",
    "SimpleUrl.SimpleUrlEntry.Url",
)

SimpleUrl = dict[str, Any]  # Component, Domain, ActiveUrl, Urls
Notes = dict[str, Any]  # simple_urls: identity -> [SimpleUrl], routes: site -> {route: service}


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


def notes_of(configurations: Iterable[Mapping[str, Any]], sites: Iterable[Mapping[str, Any]]) -> Notes:
    urls = {str(row["Identity"]): simple_urls(row) for row in configurations}
    routes = {str(row["Identity"]): {name: row[name] for name in ROUTES if isinstance(row.get(name), str) and row[name]}
              for row in sites}  # fmt: skip
    return {
        "simple_urls": {name: found for name, found in urls.items() if found},
        "routes": {site: found for site, found in routes.items() if found},
    }


def noted(notes: Notes) -> bytes:
    # what a dry run does not know is never read back from there
    return json.dumps(notes, sort_keys=True, indent=1, default=str).encode("ascii")


def simple_url_calls(identity: str, urls: Sequence[SimpleUrl], base: int) -> list[Cmdlet]:
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


def simple_url_changes(wanted: Mapping[str, Sequence[SimpleUrl]]) -> list[Change]:
    changes = []
    for identity, urls in wanted.items():
        *prepare, call = simple_url_calls(identity, urls, 0)
        properties = {
            **{f"SimpleUrl.{name}": [url[name] for url in urls] for name in ("Component", "Domain", "ActiveUrl")},
            "SimpleUrl.SimpleUrlEntry.Url": [one for url in urls for one in url["Urls"]],
        }
        effect = Effect("simple_url_configuration", ORGANISATION, identity, properties)
        changes.append(Change(call, f"simple URLs of {identity}", (effect,), prepare=tuple(prepare)))
    return changes


def route_changes(wanted: Mapping[str, Mapping[str, str]]) -> list[Change]:
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


def finish(task: Task, configurations: Iterable[Mapping[str, Any]], sites: Iterable[Mapping[str, Any]]) -> bool:
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
        *simple_url_changes(lost),
        Change(Cmdlet("Enable-CsTopology", FORCE), "topology"),
        seconds=PUBLISH_SECONDS,
    )
    _restore_routes(task, routes)
    session.change(removal(session, NOTES_FILE, NOTES))
    return True
