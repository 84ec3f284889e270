# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replication of the Central Management store: asked for where something was changed, and waited for.

A replica may still report that it is up to date just after a change. So it is not the report alone that decides whether
to ask for a push, but also whether the journal has a change since the last time that all replicas were seen up to date.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._engine.calls import Change, Cmdlet, Evidence
from .._engine.collections import COLLECTIONS
from .._engine.errors import InvalidInput, MigrationError, NotReady
from .._engine.facts import MISSING, STALE
from .._engine.module import Report, Task
from .._settings.names import BadName, fqdn, shown

Row = Mapping[str, Any]

FACT = "replicated"
GROUPS = ("lync_2013_front_ends", "lync_2013_edges")
#: What lies in the Central Management store, so that a change of it has to replicate.
_STORED = tuple(
    name for name, table in COLLECTIONS.items() if table.store == "cms" and name not in ("replica", "store_location")
)


def run(task: Task) -> Report:
    """Have all replicas, or the named ones, up to date."""
    _check_member(task)
    wanted = _wanted(task.params["replicas"]) + [_fqdn_of(task, name) for name in task.params["hosts"]]
    rows = _rows(task, wanted)
    members = _members(task, rows)
    before = _shown(rows)
    behind = [row for row in rows if row.get("UpToDate") is not True]
    facts = task.facts
    changed = [name for name in members.values() if facts.finding(FACT, name, _STORED).status in (STALE, MISSING)]
    ask = bool(behind or changed)
    if ask:
        task.session.change(_push(task, rows, wanted))
        rows = _arrived(task, wanted)
    evidence = [Evidence(FACT, name, value=host) for host, name in members.items() if name != task.params["member"]]
    if task.params["member"]:
        evidence.append(Evidence(FACT, task.params["member"], value=wanted))
    value = {"replicas": _shown(rows)}
    return Report(ask, value, before=before, after=_shown(rows), evidence=evidence)


def _check_member(task: Task) -> None:
    member = task.params["member"]
    if member and member not in task.context.members(*GROUPS):
        raise InvalidInput(f"member is {shown(member)}, which is no host of {' and '.join(GROUPS)} in the inventory.")
    if member and not task.params["replicas"]:
        raise InvalidInput(f"member is {shown(member)}, and replicas is empty: name the FQDNs that are its own.")


def _wanted(names: Iterable[str]) -> list[str]:
    try:
        return [fqdn(name) for name in names]
    except BadName as exc:
        raise InvalidInput(f"replicas: {exc}") from exc


def _rows(task: Task, wanted: Sequence[str]) -> list[Row]:
    rows: list[Row] = list(task.session.read("replica")[0])
    if not wanted:
        if not rows:
            raise NotReady(
                f"{task.context.host} knows no replica of the Central Management store: publish a topology first."
            )
        return rows
    known = {str(row.get("ReplicaFqdn")).casefold(): row for row in rows}
    # a host that says no domain of itself is known by its first label
    short = {name.partition(".")[0]: row for name, row in known.items()}
    known = {**{name: row for name, row in short.items() if name in wanted}, **known}
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise NotReady(
            f"{', '.join(unknown)} is no replica of the Central Management store: the published topology does not have the "
            "server. Publish it first (topology)."
        )
    return [known[name] for name in wanted]


def _shown(rows: Iterable[Row]) -> list[dict[str, Any]]:
    return [
        {
            "fqdn": row.get("ReplicaFqdn"),
            "up_to_date": row.get("UpToDate"),
            "product_version": row.get("ProductVersion"),
        }
        for row in rows
    ]


def _push(task: Task, rows: Sequence[Row], wanted: Sequence[str]) -> Change:
    """One call for all of them; a named replica alone is asked alone."""
    parameters = {"ReplicaFqdn": wanted[0]} if len(wanted) == 1 else {}
    up = {"UpToDate": True}
    effects = tuple(task.session.effect("replica", str(row["ReplicaFqdn"]), up) for row in rows)
    return Change(
        Cmdlet("Invoke-CsManagementStoreReplication", parameters),
        "replication of the Central Management store",
        effects,
    )


def _arrived(task: Task, wanted: Sequence[str]) -> list[Row]:
    latest: list[Row] = []

    def all_up() -> bool:
        latest[:] = _rows(task, wanted)
        return all(row.get("UpToDate") is True for row in latest)

    seconds = task.params["wait_seconds"]
    try:
        task.session.wait(all_up, seconds)
    except NotReady:
        pass
    late = [str(row.get("ReplicaFqdn")) for row in latest if row.get("UpToDate") is not True]
    if late:
        raise NotReady(
            f"The Central Management store has not replicated to {', '.join(late)} within {seconds} s: see that the service "
            "'Lync Server Replica Replicator Agent' runs there, that its name resolves, and for an Edge that port 4443 is open "
            "from the Central Management server; then run this again."
        )
    return latest


def _members(task: Task, rows: Sequence[Row]) -> dict[str, str]:
    """FQDN of a replica -> the inventory's name of that host, for the hosts that the laws ask about."""
    replicas = {str(row.get("ReplicaFqdn")).casefold() for row in rows}
    found: dict[str, str] = {}
    if task.params["member"]:
        return dict.fromkeys(replicas, task.params["member"])
    for name in task.context.members(*GROUPS):
        host = _fqdn_of(task, name)
        for replica in replicas:
            if replica == host or replica.partition(".")[0] == host or replica == name.casefold():
                found[replica] = name
    return found


def _fqdn_of(task: Task, name: str) -> str:
    """What the host says of itself; a host without a session is known by its inventory name alone."""
    try:
        return task.session_for(name).scope.casefold()
    except MigrationError:
        return name.casefold()
