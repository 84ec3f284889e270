# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in the Central Management store beside the topology, and what was granted to users, as it was before.

The legacy entries and the SIP route come before the partners go, so that users never have no way to a partner.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from .._engine.calls import UNKNOWN, Change, Cmdlet, Effect, Evidence, Query
from .._engine.collections import ORGANISATION
from .._engine.errors import Mismatch
from .._engine.module import Report, Task, same_value
from .._engine.noun import Noun, ensure, removal
from .._servers.nouns import ACCESS_EDGE, GATEWAY
from .._users.listing import users as users_of
from .._users.policies import NOUN as POLICY
from .._users.policies import Policies, bare, losses
from .._users.reading import PROPERTIES, address, name, refused
from .._xmpp.legacy_entry import NOUN as ALLOWED_DOMAIN
from .._xmpp.partner import NOUN as PARTNER
from .past import Done, Past, decoded, left_alone, read

Row = Mapping[str, Any]
GRANT = "Grant-CsExternalAccessPolicy"
_AT_ONCE = 25
SHOWN = 50


def run(task: Task) -> Report:
    past = read(task)
    parts = {"partners": _partners, "policies": _policies}
    made, foreign, evidence = parts[task.params["part"]](task, past)
    if evidence:
        task.session.record(*evidence)
    left_alone(task, foreign)
    return Report(bool(made), {"brought_back": made[:SHOWN], "count": len(made)})


Part = tuple[list[str], dict[str, str], list[Evidence]]


def _partners(task: Task, past: Past) -> Part:
    made, foreign = objects(task, past, ALLOWED_DOMAIN)
    routes, apart = site_routes(task, past, "FederationRoute", filled=True)
    left_alone(task, {**foreign, **apart})
    task.session.record(Evidence("legacy_entries", ORGANISATION))
    for noun in (PARTNER, ACCESS_EDGE, GATEWAY):
        more, apart = objects(task, past, noun)
        made, foreign = [*made, *more], {**foreign, **apart}
    evidence = []
    # where nothing was published yet there may be no store, and nobody made a partner either
    published = any(past.touching(one) for one in ("topology_document", PARTNER.collection, "user", "certificate_use"))
    if published and not task.session.read(Query(PARTNER.collection))[0]:
        evidence.append(Evidence("no_partner", ORGANISATION))
    return [*made, *routes], foreign, evidence


def _policies(task: Task, past: Past) -> Part:
    granted, foreign = _grants(task, past)
    left_alone(task, foreign)  # a policy that somebody has yet is not removed
    made, foreign = objects(task, past, POLICY)
    return [*granted, *made], foreign, []


# --- objects of a noun


def objects(task: Task, past: Past, noun: Noun) -> tuple[list[str], dict[str, str]]:
    """Each object that was made, set or removed, as it was before the first of these."""
    entries: dict[str, list[Done]] = {}
    for one in past.touching(noun.collection):
        if one.cmdlet.partition("-")[2] == noun.noun:
            entries.setdefault(str(one.effects[0]["identity"]), []).append(one)
    made, foreign = [], {}
    rows = task.session.read(Query(noun.collection))[0] if entries else []
    for identity, changes in entries.items():
        now = noun.find(identity, rows)
        why = _changed_since(noun, changes, now)
        if why:
            foreign[noun.label.format(identity=identity)] = why
        elif _restore(task, noun, identity, changes, now):
            made.append(noun.label.format(identity=identity))
    return made, foreign


def _restore(task: Task, noun: Noun, identity: str, changes: Sequence[Done], now: Row | None) -> bool:
    first = changes[0]
    if first.cmdlet.startswith("New-"):
        return now is not None and _removed(task, noun, identity, dict(now))
    before = decoded(first.before or {})
    if first.cmdlet.startswith("Remove-"):
        kept = {one.option: one.read(before) for one in noun.fields if one.worth_keeping(before)}
        return now is None and ensure(task, noun, identity, kept).changed
    wanted: dict[str, Any] = {}
    for one in changes:
        known = decoded(one.before or {})
        for each in noun.fields:
            if each.property in known and each.can_restore(known[each.property]):
                wanted.setdefault(each.option, "" if each.read(known) is None else each.read(known))
    return now is not None and ensure(task, noun, identity, wanted).changed


def _removed(task: Task, noun: Noun, identity: str, now: dict[str, Any]) -> bool:
    change = removal(task, noun, now)
    task.session.change(replace(change, before={**(change.before or {}), "Back": True}))
    if not task.check_mode and noun.find(identity, task.session.read(Query(noun.collection))[0]) is not None:
        raise Mismatch(
            f"{change.object} still exists, though the server reported success: see whether somebody else makes it, and run this "
            "again."
        )
    return True


def _changed_since(noun: Noun, changes: Sequence[Done], now: Row | None) -> str:
    """What nobody here made of it; nothing where it is as it was before, or as it was left."""
    first, last = changes[0], changes[-1]
    if now is None:
        gone = first.cmdlet.startswith("New-") or last.cmdlet.startswith("Remove-")
        return "" if gone else "is not there any more"
    if last.cmdlet.startswith("Remove-"):
        known = decoded(last.before or {})
        apart = [
            one.property
            for one in noun.fields
            if one.worth_keeping(known) and not one.same(one.read(known), now.get(one.property))
        ]
        return f"is there again with another {apart[0]} ({now.get(apart[0])})" if apart else ""
    values_of: dict[str, list[Any]] = {}
    for one in changes:
        for row in (decoded(one.before or {}), decoded(one.effects[0]["properties"]) or {}):
            for prop, value in row.items():
                values_of.setdefault(prop, []).append(value)
    for each in noun.fields:
        values = values_of.get(each.property, [])
        if not values or UNKNOWN in values or each.secret:
            continue
        if not any(each.same(each.option_value(value), now.get(each.property)) for value in values):
            return f"has {now.get(each.property)} as {each.property} now"
    return ""


# --- federation routes of sites


def site_routes(task: Task, past: Past, route: str, *, filled: bool = False) -> tuple[list[str], dict[str, str]]:
    """A route as it was. Where there was none it is cleared by an empty value, which no page documents: [inf]. With `filled` such
    a route stays: as long as users are on the new pool they need the way through the legacy Edge."""
    goals: dict[str, list[str]] = {}
    for one in past.of("federation_route", "legacy_federation", "legacy_topology"):
        if route in one.parameters and one.touches("site") and one.cmdlet == "Set-CsSite":
            site = str(one.parameters["Identity"])
            goals.setdefault(site, [str(decoded(one.before or {}).get(route) or "")]).append(str(one.parameters[route]))
    made, foreign = [], {}
    rows = task.session.read(Query("site"))[0] if goals else []
    for site, known in goals.items():
        row = next((one for one in rows if same_value(one.get("Identity"), f"Site:{site}")), None)
        now = str((row or {}).get(route) or "")
        if row is None or now.casefold() == known[0].casefold() or (filled and not known[0]):
            continue
        if now.casefold() not in {one.casefold() for one in known}:
            foreign[f"{route} of the site {site}"] = f"is {now or 'empty'} now"
            continue
        task.session.change(_route(site, row, route, known[0]))
        after = next(
            (one for one in task.session.read(Query("site"))[0] if same_value(one.get("Identity"), f"Site:{site}")), {}
        )
        task.verify(f"{route} of the site {site}", {route: known[0] or None}, after)
        made.append(f"{route} of the site {site}")
    return made, foreign


def _route(site: str, row: Row, route: str, goal: str) -> Change:
    def call(value: str) -> Cmdlet:
        return Cmdlet("Set-CsSite", {"Identity": site, route: value, "Confirm": False})

    return Change(
        call(goal),
        f"site {site}",
        (Effect("site", ORGANISATION, f"Site:{site}", {route: goal or None}),),
        before={route: row.get(route), "Back": True},
        undo=(call(str(row.get(route) or "")),),
    )


# --- grants


def _grants(task: Task, past: Past) -> tuple[list[str], dict[str, str]]:
    goals: dict[str, tuple[str | None, set[str]]] = {}
    for one in past.calls(GRANT):
        before = decoded(one.before or {})
        policy = str(before.get("ExternalAccessPolicy") or "")
        known = goals.setdefault(str(before.get("Guid")), (bare(policy) or None, {bare(policy).casefold()}))
        known[1].add(bare(str(one.parameters.get("PolicyName") or "")).casefold())
    if not goals:
        return [], {}
    policies, pools = task.session.read("external_access_policy", "pool")
    known_policies = Policies.read(policies, pools)
    due: list[tuple[Row, str | None, list[str]]] = []
    foreign = {}
    for row in users_of(task.session, Query("user", properties=PROPERTIES)):
        goal = goals.get(str(row.get("Guid")))
        now = bare(str(row.get("ExternalAccessPolicy") or ""))
        if goal is None or now.casefold() == (goal[0] or "").casefold():
            continue
        if now.casefold() not in goal[1]:
            foreign[name(row)] = f"has the external access policy {now} now"
        else:
            lost = losses(known_policies.of(row), known_policies.of({**row, "ExternalAccessPolicy": goal[0]}))
            due.append((row, goal[0], lost))
    failed = {}
    for start in range(0, len(due), _AT_ONCE):
        batch = due[start : start + _AT_ONCE]
        outcomes = task.session.change(*(_grant(*one) for one in batch), tolerate=True)
        for (granted, _goal, _lost), outcome in zip(batch, outcomes, strict=True):
            if not outcome["ok"]:
                failed[name(granted)] = refused(GRANT, outcome)
        del task.session.calls[SHOWN:]
    return [name(row) for row, _goal, _lost in due if name(row) not in failed], {**foreign, **failed}


def _grant(row: Row, goal: str | None, lost: Sequence[str]) -> Change:
    """What the user had before; what goes with it the list of losses has told, and the operator has accepted."""
    user, now = address(row), bare(str(row.get("ExternalAccessPolicy") or "")) or None

    def call(policy: str | None) -> Cmdlet:
        return Cmdlet(GRANT, {"Identity": user, **({"PolicyName": policy} if policy else {}), "Confirm": False})

    return Change(
        call(goal),
        f"user {name(row)}",
        (Effect("user", ORGANISATION, user, {"ExternalAccessPolicy": goal}),),
        before={"ExternalAccessPolicy": now, "Guid": row.get("Guid"), "Losses": list(lost), "Back": True},
        undo=(call(now),),
        override=user if lost else None,
    )
