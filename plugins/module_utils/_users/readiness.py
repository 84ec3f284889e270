# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Before the first move: who cannot be moved and why, from one reading of all users and a few questions beside it.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .._engine.calls import Call, Cmdlet, Query
from .._engine.collections import ORGANISATION
from .._engine.errors import CmdletFailed, one_line
from .._engine.facts import FRESH, OLD
from .._engine.laws import touched_by
from .._engine.module import Report, Task
from .._readiness.findings import ERROR, NOT_ASKED, WARNING, Finding, Look, ask, concluded, not_known, number
from .._readiness.rights import WHOAMI, token
from .._servers.store_location import read_estate, unseen
from .._settings.names import same
from .._topology.reading import LEGACY_SITE
from . import report
from .listing import read_users
from .reading import NAMES, PROPERTIES, check_fqdns, checked_fqdn, many, read_parameters
from .reasons import FIELDS, KINDS, WANTED, Judged, Scene, judge, shown, twice

Row = Mapping[str, Any]

SHOWN = 20
"""Users in the result of the task; the files have all."""
FILE = "user_readiness"
DOMAIN_ADMINS = 512
#: Accounts that AdminSDHolder protects. -LdapFilter is for attributes that are not Lync's own.
PROTECTED = "(adminCount=1)"
REPLICATED = {"LogName": "Lync Server", "ProviderName": "LS User Replicator", "Id": 30024}
NO_EVENT = "NoMatchingEventsFound"
#: Counts of Debug-CsUnifiedContactStore for a pool, as its page shows them, of users whose contacts are or go to Exchange.
IN_EXCHANGE = ("UcsMigratedCount", "UcsMigratingCount")
_PROPERTIES = tuple(dict.fromkeys((*PROPERTIES, *NAMES)))
_BACK = "The users who go back"
_ALL = "The users who are to be moved"


class All:
    """Every user that comes: who has an address twice is known only when all have come."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def take(self, row: Row) -> None:
        self.rows.append(row)


def contact_store(pool: str) -> Call:
    """How many users of a pool have their contacts in Exchange."""
    return Cmdlet("Debug-CsUnifiedContactStore", {"PoolFqdn": pool}, ("FrontEnd", *IN_EXCHANGE))


def in_exchange(look: Look) -> int | None:
    """How many they are; None where the server does not say."""
    if not look.known or not look.rows:
        return None
    counts = [number(row.get(one)) for row in look.rows for one in IN_EXCHANGE if row.get(one) not in (None, "")]
    return None if None in counts else sum(one for one in counts if one is not None)


def run(task: Task) -> Report:
    params = task.params
    check_fqdns(params, "pools", "branch_pools")
    target, back = checked_fqdn("target_pool", params["target_pool"]), params["direction"] == "back"
    pools = sorted({one.lower() for one in params["pools"] or ()} | (set() if back else {target}))
    rows, registrars, sites, why = _read(task)
    looks: Mapping[str, Look]
    if why:
        judged, looks, there = Judged(), {}, False
    else:
        looks = ask(task, _questions(params, pools if back else []))
        there = target in {str(row.get("PoolFqdn") or "").lower() for row in registrars}
        judged = judge(rows, _scene(task, rows, looks, target, pools, back))
    found = [not_known("users", _BACK if back else _ALL, "listed", why)] if why else []
    found += _findings(task, judged, looks, there, target, back, sites)
    path = report.write(
        task.context.state_dir, task.context.run, FILE, FIELDS, (shown(row, reasons) for row, reasons in judged.rows)
    )
    value = {
        "counts": dict(sorted(judged.counts.items())),
        "users": {"movable": judged.moving, "blocked": judged.blocked, "here": judged.here, "other": judged.other},
        "rows": path,
        "shown": [shown(row, reasons) for row, reasons in judged.rows[:SHOWN]],
    }
    return concluded(task, "Moving users" if not back else "Moving users back", found, **value)


def _read(task: Task) -> tuple[Sequence[Row], Sequence[Row], Sequence[Row], str]:
    """All users, and what the topology says of pools and sites; or why nobody can tell of them yet. Before the first step there
    are no cmdlets, or is no store."""
    query = Query("user", parameters=read_parameters(task.params), properties=_PROPERTIES)
    try:
        rows = read_users(task.session, query, All).rows
        registrars, sites = read_estate(
            task.session, Query("registrar", properties=("PoolFqdn",)), Query("site", properties=("Identity",))
        )
    except CmdletFailed as exc:
        return (), (), (), one_line(exc.text).rstrip(".")
    return rows, registrars, sites, "no host can list them yet" if unseen(task.session, rows) else ""


def _questions(params: Mapping[str, Any], pools: list[str]) -> dict[str, Call]:
    protected = {"LdapFilter": PROTECTED, **read_parameters(params)}
    return {
        "protected": Cmdlet("Get-CsUser", protected, ("SipAddress", "Guid")),
        "token": WHOAMI,
        "replicated": Cmdlet("Get-WinEvent", {"FilterHashtable": REPLICATED, "MaxEvents": 1}, ("Id", "TimeCreated")),
        **{pool: contact_store(pool) for pool in pools},
    }


def _scene(
    task: Task, rows: Sequence[Row], looks: Mapping[str, Look], target: str, pools: list[str], back: bool
) -> Scene:
    held = token(looks["token"].output) if looks["token"].known else None
    return Scene(
        target,
        frozenset(pools),
        frozenset(one.lower() for one in task.params["branch_pools"]),
        twice(rows),
        frozenset(str(row.get("Guid")) for row in looks["protected"].rows),
        held is not None and held.has_domain_group(DOMAIN_ADMINS),
        back,
        frozenset(pool for pool in pools if back and in_exchange(looks[pool]) != 0),
    )


def _findings(
    task: Task,
    judged: Judged,
    looks: Mapping[str, Look],
    there: bool,
    target: str,
    back: bool,
    sites: Sequence[Row],
) -> Iterator[Finding]:
    who = _BACK if back else _ALL
    severity = ERROR if task.params["stop_for_users"] else WARNING
    for name, count in sorted(judged.counts.items()):
        if KINDS[name].severity == ERROR:
            yield Finding(
                name, severity, f"Each user who is to be moved{' back' if back else ''}", WANTED[name],
                f"not so in {count} {'case' if count == 1 else 'cases'}",
                f"{KINDS[name].do}; who it is, is in {FILE}.csv of this run",
            )  # fmt: skip
    if not judged.concerned:
        return
    if not looks["protected"].known:
        yield not_known(
            "protected",
            who,
            "free of AdminSDHolder's protection",
            looks["protected"].why,
            "compare adminCount in Active Directory",
        )
    if back:
        yield from _contacts(looks, task.params["pools"] or ())
    else:
        yield from _replication(looks["replicated"], there, target, judged, task.check_mode)
        yield from _legacy_import(task, judged, sites, there)


def _replication(look: Look, there: bool, target: str, judged: Judged, planned: bool) -> Iterator[Finding]:
    """The event is the sign that Microsoft names. Where users are homed already they were replicated, whatever a log still has."""
    what, wanted = f"The first replication of users to {target}", "finished (event 30024 of LS User Replicator)"
    if not there:
        yield not_known("replication_pending", what, wanted, "the pool is not in the published topology yet")
    elif look.rows or judged.here:
        return
    elif planned:
        yield not_known("replication_pending", what, wanted, "what comes before the moves may be planned only")
    elif any(one.name == NO_EVENT for one in look.errors) or look.known:
        yield Finding(
            "replication_pending", ERROR, what, wanted, "not seen in the log of this Front End Server",
            "wait until the event is there; where it has not come after an hour, run Update-CsUserDatabase",
        )  # fmt: skip
    else:
        yield not_known("replication_pending", what, wanted, look.why, "look for the event in the log Lync Server")


def _legacy_import(task: Task, judged: Judged, sites: Sequence[Row], there: bool) -> Iterator[Finding]:
    """Move-CsLegacyUser grants policies that Import-CsLegacyConfiguration has made. No cmdlet tells of an import, the journal does."""
    if not judged.from_ocs:
        return
    what, wanted = (
        "The configuration of Office Communications Server",
        "imported since the last merge (Import-CsLegacyConfiguration)",
    )
    do = "run the module legacy_configuration (playbook lync.xmpp_migration.migrate with --tags pool_deploy)"
    if not there:
        yield not_known(
            "legacy_import", what, wanted, "the pool that takes the users is not in the published topology yet"
        )
        return
    if not any(same(row.get("Identity"), f"Site:{LEGACY_SITE}") for row in sites):
        yield Finding(
            "legacy_import",
            ERROR,
            what,
            wanted,
            "not merged into the topology yet",
            f"merge it (legacy_topology), then {do}",
        )
        return
    found = task.facts.finding("legacy_configuration", ORGANISATION, touched_by("legacy_configuration", ORGANISATION))
    if found.status not in (FRESH, OLD):
        yield Finding("legacy_import", ERROR, what, wanted, "not, as far as the journal knows", do)


def _contacts(looks: Mapping[str, Look], pools: Sequence[str]) -> Iterator[Finding]:
    what, wanted = "The contacts of users who go back", "in Lync Server, not in the unified contact store of Exchange"
    for pool in (one.lower() for one in pools):
        look = looks.get(pool, NOT_ASKED)
        count = in_exchange(look)
        if count is None:
            yield not_known(
                "unified_contacts",
                what,
                wanted,
                f"{pool}: {look.why or 'the cmdlet says nothing'}",
                KINDS["unified_contacts"].do,
            )
        elif count:
            yield not_known(
                "unified_contacts", what, wanted, f"{many(count)} of {pool} have them in Exchange, and no cmdlet lists who",
                KINDS["unified_contacts"].do,
            )  # fmt: skip
