# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The databases that the published topology puts on a SQL server, those of a server's own instances, and those of a new
Central Management store.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .._engine.calls import UNKNOWN, Change, Cmdlet, Irreversible, Query
from .._engine.errors import InvalidInput, Mismatch, NotReady, Refused
from .._engine.module import Report, Task
from .._engine.session import quietly
from .._settings.names import fqdn
from .._topology.document import TopologyError
from .._topology.reading import Topology
from .server import published_topology
from .store_location import STORE_LOCATION, Place, location_in, place, record_none, refuse_second

Row = Mapping[str, Any]

#: Creating the databases of a pool takes minutes, on SQL Server Express more of them.
SECONDS = 3600
#: What only the server will know, and what the change is made for.
_PRESENT = {"Succeed": True, "InstalledVersion": UNKNOWN}
_KEPT = Irreversible(
    "Databases are not removed by this collection, because Uninstall-CsDatabase would delete with them whatever has been "
    "stored since."
)


@dataclass(frozen=True)
class Target:
    """Databases that one call creates and one call tests."""

    what: str
    query: Query
    install: Mapping[str, Any]
    #: where a Central Management store is to be, and where Active Directory says that one is
    central: Place | None = None
    location: str | None = None
    #: what was read of it already
    found: Sequence[Row] | None = None

    @property
    def strict(self) -> Query:
        return replace(self.query, partial=False)


def run(task: Task) -> Report:
    """See that the databases are there; create those that are not."""
    targets = _central(task) if task.params["central_management"] else _targets(task)
    changed = False
    rows: list[Row] = []
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    # One after the other: the local databases may be some that were created a moment ago.
    for target in targets:
        found = _read(task, target) if target.found is None else list(target.found)
        now = found
        if not found or any(row.get("Succeed") is not True for row in found):
            now = _install(task, target, found)
            changed = True
        before[target.what], after[target.what] = _view(found, "(not known yet)"), _view(now, "present")
        rows += now
    return Report(changed, {"databases": [_shown(row) for row in _named(rows)]}, before=before, after=after)


def _central(task: Task) -> list[Target]:
    """The databases of a new Central Management store: none is made where the organisation has one elsewhere (law L4)."""
    if task.params["sql_server_fqdn"] is None or task.params["local"]:
        raise InvalidInput("central_management goes with sql_server_fqdn, and not with local.")
    wanted = place(task.params["sql_server_fqdn"], task.params["sql_instance"])
    parameters = dict(wanted.parameters)
    parameters.pop("SqlServerFqdn")
    query = Query("central_database", wanted.server, parameters=parameters, partial=True)
    said = list(task.session.warnings)
    locations, found = task.session.read(Query(STORE_LOCATION), query)
    task.session.warnings[:] = said  # that Test-CsDatabase fails where a database is missing is nothing to warn of
    location = location_in(locations)
    refuse_second(location, wanted)
    install = {"CentralManagementDatabase": True, **wanted.parameters}
    return [Target(f"Central Management store on {wanted.shown}", query, install, wanted, location, found)]


def _targets(task: Task) -> list[Target]:
    targets = []
    if task.params["sql_server_fqdn"] is not None:
        server = _fqdn(task.params["sql_server_fqdn"])
        parameters = {"ConfiguredDatabases": True, "SqlServerFqdn": server}
        targets.append(Target(f"databases on {server}", Query("database", server, partial=True), parameters))
    if task.params["local"]:
        what = f"local databases of {task.session.scope}"
        targets.append(Target(what, Query("local_database", "local", partial=True), {"LocalDatabases": True}))
    if not targets:
        raise InvalidInput("Neither sql_server_fqdn nor local says which databases are meant: give one of them.")
    task.session.read_ahead(targets[0].query)
    _see_that_the_topology_has_them(task)
    return targets


def _fqdn(text: str) -> str:
    try:
        return fqdn(text)
    except ValueError as exc:
        raise InvalidInput(f"sql_server_fqdn: {exc}") from exc


def _see_that_the_topology_has_them(task: Task) -> None:
    """Install-CsDatabase -ConfiguredDatabases creates what the published topology says, so it has to say something."""
    if task.params["sql_server_fqdn"] is None:
        return
    server = _fqdn(task.params["sql_server_fqdn"])
    (documents,) = quietly(task.session, "topology_document")
    if not documents and task.check_mode:
        return  # a host that is only a name: nothing is known of it, and nothing can be ruled out
    try:
        topology = published_topology(documents)
    except TopologyError as exc:
        raise NotReady(f"The published topology cannot be used: {exc}") from exc
    if not stores(topology, server):
        raise NotReady(
            f"The published topology puts no database on {server}: publish the pool first (topology), or name the SQL "
            "server that the pool uses."
        )


def stores(topology: Topology, server: str) -> list[str]:
    """The services of the topology whose databases are on this SQL server."""
    return [
        topology.identity(one)
        for one in topology.services
        if one.node.one("InstalledOn").all("SqlInstanceId") and topology.fqdn_of(one).casefold() == server.casefold()
    ]


def _read(task: Task, target: Target) -> list[Row]:
    """What Test-CsDatabase says. That it fails where a database is missing is not documented, but it may."""
    (rows,) = quietly(task.session, target.query)
    return list(rows)


def _install(task: Task, target: Target, found: Sequence[Row]) -> list[Row]:
    missing = [_name(row) for row in _named(found) if row.get("Succeed") is not True]
    if target.central is not None:
        _see_that_none_is_lost(target)
        record_none(task)
    task.session.change(
        Change(
            Cmdlet("Install-CsDatabase", {**target.install, "Confirm": False}),
            target.what,
            (task.session.effect(target.query.collection, str(target.query.identity), _PRESENT),),
            before={"Missing": missing},
            undo=_KEPT,
            # Where the server cannot be asked before the topology is published, its answer may make the call needless.
            conditional=task.check_mode and not found,
            seconds=SECONDS,
        ),
        seconds=SECONDS,
    )
    if task.check_mode:
        return [{**row, **_PRESENT} if row.get("Succeed") is not True else row for row in found]
    rows = task.session.read(target.strict)[0]
    wrong = [_name(row) for row in rows if row.get("Succeed") is not True]
    if wrong or not rows:
        raise Mismatch(
            f"Install-CsDatabase reported success for the {target.what}, but Test-CsDatabase "
            f"{'does not find ' + ', '.join(wrong) + ' in the expected version' if wrong else 'lists none'}: see that the "
            "SQL Server instance runs and that you may create databases there, and run the task again."
        )
    return list(rows)


def _see_that_none_is_lost(target: Target) -> None:
    """Empty databases in the place of those that Active Directory names would be an empty organisation."""
    if target.location is not None:
        raise Refused(
            [
                f"Active Directory says that the Central Management store is on {target.location}, but Test-CsDatabase does "
                "not find its databases there: see that the SQL Server instance runs, or restore them from a backup. Empty "
                "ones are not made in their place."
            ]
        )


def _named(rows: Sequence[Row]) -> list[Row]:
    """Rows of databases; one without a name only says that all will be there."""
    return [row for row in rows if row.get("DatabaseName")]


def _name(row: Row) -> str:
    return f"{row.get('SqlInstanceName') or '(default)'}\\{row.get('DatabaseName')}"


def _view(rows: Sequence[Row], nothing: str) -> Any:
    named = _named(rows)
    if not named:
        return "present" if rows else nothing
    return {_name(row): "present" if row.get("Succeed") is True else "missing" for row in named}


def _shown(row: Row) -> dict[str, Any]:
    return {
        "sql_server": row.get("SqlServerFqdn"),
        "instance": row.get("SqlInstanceName"),
        "name": row.get("DatabaseName"),
        "installed_version": _version(row.get("InstalledVersion")),
        "expected_version": _version(row.get("ExpectedVersion")),
        "present": row.get("Succeed") is True,
    }


def _version(value: Any) -> Any:
    return None if value is not UNKNOWN and not value else value
