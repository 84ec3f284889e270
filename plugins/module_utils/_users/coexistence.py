# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""XMPP beside Skype for Business Server 2019: what carries it, who needs it, whose XMPP would end, and policies without it.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._engine.calls import UNKNOWN, Evidence, Query
from .._engine.coexistence import DECLARED, STAYS
from .._engine.collections import ORGANISATION
from .._engine.errors import CmdletFailed, InvalidInput, NotReady
from .._engine.groups import SFB_EDGES
from .._engine.looking import host_in
from .._engine.module import Report, Task
from .._engine.noun import ensure
from .._engine.user_moves import WITHOUT_XMPP
from .._settings.names import same
from .grant import SIGN_IN, UNCONFIRMED, grant_users, not_granted
from .listing import read_users
from .moving import UNKNOWN_PARAMETER
from .policies import FLAGS, NOUN, Copies, Policies, bare, copied_flags
from .reading import (
    PROPERTIES,
    UsersLeft,
    address,
    checked_fqdn,
    many,
    name,
    named,
    on_premises,
    read_parameters,
    reasons,
    registrar,
)
from .rows import Rows
from .xmpp_needs import ENDS_BY_NAME, FLAG, MOVES, POLICY_FIRST, Declaration, Judge, members, version, versions
from .xmpp_needs import STAYS as STAYS_THERE

Row = Mapping[str, Any]

MOST_NAMED = 1000
FILE = "xmpp_coexistence"
FIELDS = (
    "user", "display_name", "pool", "policy", "policy_at_target", "xmpp", "xmpp_at_target", "declared", "verdict", "reason",
)  # fmt: skip
_PORTS = ("XmppListeningPort", "XmppInternalPort")
_READS = ("registrar", "edge_server", "site", "xmpp_partner", "external_access_policy", "pool")
#: A parameter of New-CsExternalAccessPolicy that Skype for Business Server 2015 and 2019 are no longer documented to have.
_GONE = "enable_public_cloud_access"


# --- what carries XMPP


@dataclass
class Carriers:
    """What XMPP hangs on: the older Edges with its ports, the routes to them, the partners."""

    edges: list[dict[str, Any]] = field(default_factory=list)
    routes: dict[str, str] = field(default_factory=dict)
    partners: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def carriers(edges: Iterable[Row], sites: Iterable[Row], partners: Iterable[Row], newest: Sequence[str]) -> Carriers:
    """`newest`: inventory names of the Edges of Skype for Business Server 2019."""
    found = Carriers(partners=[str(row["Identity"]) for row in partners])
    carrying: dict[str, bool] = {}
    for row in edges:
        identity = str(row["Identity"])
        own = WITHOUT_XMPP if host_in(identity, newest) else version(row)
        ports = [bool(row.get(one)) for one in _PORTS]
        found.edges.append({"edge": identity.partition(":")[2], "version": own, "xmpp": any(ports)})
        carrying[identity.lower()] = own is not None and own < WITHOUT_XMPP and all(ports)
        if any(ports) and own is None:
            found.problems.append(f"The version of {identity} is not known, and it has XMPP ports.")
        elif any(ports) and own is not None and own >= WITHOUT_XMPP:
            found.problems.append(
                f"{identity} has XMPP ports, and Skype for Business Server 2019 has no XMPP: take them away in Topology Builder."
            )
    for row in sites:
        if route := str(row.get("XmppFederationRoute") or ""):
            site = str(row["Identity"]).partition(":")[2]
            found.routes[site] = route.partition(":")[2]
            if not carrying.get(route.lower(), False):
                found.problems.append(
                    f"The XMPP federation route of the site {site} leads to {route}, which is no Edge of Lync Server 2013 or Skype "
                    "for Business Server 2015 with both XMPP ports."
                )
    if not found.routes:
        found.problems.append("No site has an XMPP federation route to an older Edge.")
    if not found.partners:
        found.problems.append(
            "There is no XMPP partner: users keep XMPP on the older pool only while the partner is configured there (New-CsXmppAllowedPartner)."
        )
    return found


# --- who stays


class Everybody:
    """Takes every user; keeps those who would lose something, and counts the others."""

    def __init__(self, judge: Judge, target: str) -> None:
        self._judge, self._target = judge, target
        self._known = {*judge.declared.users, *judge.declared.ends}
        self.named: list[Row] = []
        self.concerned: list[tuple[Row, str]] = []
        self.moves, self.there = 0, 0
        self.cut_off: list[str] = []

    def take(self, row: Row) -> None:
        if address(row) in self._known:
            self.named.append(row)
        if not on_premises(row):
            return
        pool = registrar(row)
        if self._judge.without_xmpp(pool):
            self.there += 1
            if self._judge.has_access(row):
                self.cut_off.append(name(row))
            return
        verdict = self._judge.verdict(row, self._target)
        if verdict == MOVES:
            self.moves += 1
        else:
            self.concerned.append((row, verdict))


def see(task: Task) -> Report:
    """See that XMPP stays with the older Edge, and who has to stay with it; the evidence that moves to 2019 are made by."""
    params = task.params
    target, declared = checked_fqdn("target_pool", params["target_pool"]), Declaration.of(params)
    controller = read_parameters(params)
    registrars, edges, sites, partners, policies, pools = task.session.read(*_READS)
    known = versions(registrars)
    if (known.get(target) or 0) < WITHOUT_XMPP:
        raise NotReady(
            f"{target} (target_pool) is {'of version ' + str(known[target]) if known.get(target) else 'no pool of the published topology'}, and a pool "
            "of Skype for Business Server 2019 (version 8) is wanted: deploy it first, or correct the name."
        )
    found = carriers(edges, sites, partners, task.context.members(SFB_EDGES))
    judge = Judge(Policies.read(policies, pools), declared, members(task.session, declared, controller), known)
    query = Query("user", parameters=controller, properties=PROPERTIES)
    everybody = read_users(task.session, query, lambda: Everybody(judge, target))
    named(everybody.named, sorted({*declared.users, *declared.ends}))  # one whom nobody knows is a mistake
    file = _file(task, everybody.concerned, judge, target)
    if found.problems:
        kept = f" Whose XMPP would end is in {file}." if file else ""
        raise NotReady(f"XMPP does not stay with the older Edge: {' '.join(found.problems)}{kept}")
    evidence = [
        Evidence(STAYS, ORGANISATION, value={"partners": found.partners, "routes": found.routes}),
        Evidence(
            DECLARED,
            ORGANISATION,
            digest=declared.digest,
            value={"users": len(declared.users), "group": declared.group},
        ),
    ]
    return Report(False, _value(judge, everybody, found, file), evidence=evidence)


def _value(judge: Judge, everybody: Everybody, found: Carriers, file: str | None) -> dict[str, Any]:
    by: dict[str, list[str]] = {one: [] for one in (STAYS_THERE, POLICY_FIRST, ENDS_BY_NAME)}
    for row, verdict in everybody.concerned:
        by[verdict].append(name(row))
    return {
        "stays": by[STAYS_THERE][:MOST_NAMED],
        "stays_count": len(by[STAYS_THERE]),
        "policy_first": by[POLICY_FIRST][:MOST_NAMED],
        "policy_first_count": len(by[POLICY_FIRST]),
        "ends_by_name": by[ENDS_BY_NAME],
        "moves_count": everybody.moves,
        "already_there": everybody.there,
        "cut_off": everybody.cut_off[:MOST_NAMED],
        "cut_off_count": len(everybody.cut_off),
        "edges": found.edges,
        "routes": found.routes,
        "partners": found.partners,
        "file": file,
        "json_file": None if file is None else file.removesuffix(".csv") + ".ndjson",
        "say": _said(by, everybody, file),
    }


def _said(by: Mapping[str, Sequence[str]], everybody: Everybody, file: str | None) -> list[str]:
    lines = [
        f"{many(len(by[STAYS_THERE]))} stay on the older pools for the sake of XMPP, {many(everybody.moves)} can be moved as they are, "
        f"{many(len(by[POLICY_FIRST]))} once their policy has no XMPP."
        + (f" XMPP ends for {many(len(by[ENDS_BY_NAME]))} by name." if by[ENDS_BY_NAME] else "")
        + (f" The list is {file}." if file else "")
    ]
    if everybody.cut_off:
        lines.append(
            f"{many(len(everybody.cut_off))} on pools of Skype for Business Server 2019 still have a policy with XMPP, which does nothing "
            f"there: {', '.join(everybody.cut_off[:10])}."
        )
    return lines


def _file(task: Task, concerned: Sequence[tuple[Row, str]], judge: Judge, target: str) -> str | None:
    if task.check_mode or not concerned:
        return None
    rows = Rows(task.context.state_dir, task.context.run, FILE, FIELDS)
    for row, verdict in concerned:
        rows.add(
            user=name(row), display_name=row.get("DisplayName"), pool=registrar(row), policy=judge.policy(row),
            policy_at_target=judge.policy(row, target), xmpp=judge.has_access(row), xmpp_at_target=judge.has_access(row, target),
            declared=judge.is_needed(row), verdict=verdict, reason=judge.reason(row, target),
        )  # fmt: skip
    rows.flush()
    return rows.path


# --- policies without XMPP for those who do not need it


class Others:
    """Takes every user; keeps those on older pools who have XMPP and do not need it."""

    def __init__(self, judge: Judge, target: str) -> None:
        self._judge, self._target = judge, target
        self.rows: list[Row] = []
        self.named: list[Row] = []

    def take(self, row: Row) -> None:
        if address(row) in self._judge.declared.users:
            self.named.append(row)
        older = on_premises(row) and not self._judge.without_xmpp(registrar(row))
        if older and self._judge.verdict(row, self._target) == POLICY_FIRST:
            self.rows.append(row)


def withdraw(task: Task) -> Report:
    """Each who has XMPP and does not need it gets a copy of the policy that counts for him, without XMPP and else the same."""
    params, declared, controller = task.params, Declaration.of(task.params), read_parameters(task.params)
    target, copies = checked_fqdn("target_pool", params["target_pool"]), Copies.of(params)
    if copies is None:
        raise InvalidInput("copies or copy_name is wanted: say what the policies without XMPP are called.")
    nothing = {"policies": [], "granted": [], "granted_count": 0, "notice": [], "file": None}
    if not declared.made:
        return Report(False, nothing)
    policy_rows, pools, registrars = task.session.read("external_access_policy", "pool", "registrar")
    policies = Policies.read(policy_rows, pools)
    judge = Judge(policies, declared, members(task.session, declared, controller), versions(registrars))
    found = read_users(
        task.session, Query("user", parameters=controller, properties=PROPERTIES), lambda: Others(judge, target)
    )
    named(found.named, sorted(declared.users))
    due: dict[str, list[Row]] = {}
    for row in found.rows:
        due.setdefault(str(policies.of(row).get("Identity") or "Global"), []).append(row)
    targets = copies.targets(due)
    if not targets:
        return Report(False, nothing)
    for identity, copy in targets.items():
        _check_copy(policies, identity, copy)
    made = [_copy(task, policies, identity, copy) for identity, copy in targets.items()]
    wanted = {name(row): bare(targets[identity]) for identity, rows in due.items() for row in rows}
    rows = [row for one in due.values() for row in one]
    left = grant_users(task, rows, wanted, {}, set(), confirm=UNCONFIRMED)
    away = {one["user"] for one in left}
    granted = [row for row in rows if name(row) not in away]
    if granted and not task.check_mode:
        left += not_granted(task, granted, wanted)
    if left:
        raise UsersLeft(
            f"{many(len(left))} could not be given a policy without XMPP: {reasons(left)}. Mend what is said of each, then run this again.",
            left[:MOST_NAMED],
            [name(row) for row in granted][:MOST_NAMED],
        )
    shown = rows[:50]
    return Report(
        True,
        {
            "policies": [
                {"of": bare(identity), "identity": bare(copy), "users": len(due[identity]), "created": one.changed}
                for (identity, copy), one in zip(targets.items(), made, strict=True)
            ],
            "granted": [name(row) for row in rows[:MOST_NAMED]],
            "granted_count": len(rows),
            "notice": [SIGN_IN],
            "file": _grants(task, rows, wanted),
        },
        before={name(row): row.get("ExternalAccessPolicy") or None for row in shown},
        after={name(row): wanted[name(row)] for row in shown},
    )


def _grants(task: Task, rows: Sequence[Row], wanted: Mapping[str, str]) -> str | None:
    if task.check_mode:
        return None
    file = Rows(
        task.context.state_dir, task.context.run, "xmpp_withdrawn", ("user", "display_name", "pool", "before", "after")
    )
    for row in rows:
        before = bare(str(row.get("ExternalAccessPolicy") or "")) or None
        file.add(
            user=name(row),
            display_name=row.get("DisplayName"),
            pool=registrar(row),
            before=before,
            after=wanted[name(row)],
        )
    file.flush()
    return file.path


def _check_copy(policies: Policies, identity: str, target: str) -> None:
    """A policy that is there already is taken only where it is that copy: who has it now would else get another one."""
    if same(identity, target) or not target.lower().startswith("tag:"):
        raise InvalidInput(
            f"The copy of {bare(identity)} is called {bare(target)}: a name of its own is wanted, because who needs XMPP keeps the policy."
        )
    there, model = policies.find(target), policies.find(identity) or {}
    if there is None:
        return
    other = [
        one.property
        for one in FLAGS
        if one.property != FLAG and bool(there.get(one.property)) != bool(model.get(one.property))
    ]
    if there.get(FLAG) is not False:
        other.insert(0, FLAG)
    known = UNKNOWN not in (*there.values(), *model.values())
    if other and known:
        raise NotReady(
            f"The external access policy {bare(target)} is there and is no copy of {bare(identity)} without XMPP: {', '.join(other)} "
            f"{'is' if len(other) == 1 else 'are'} not as wanted. Choose another name in copies or copy_name. Nothing was changed."
        )


def _copy(task: Task, policies: Policies, identity: str, target: str) -> Report:
    settings = copied_flags(policies.find(identity) or {})
    if not settings.get(_GONE):
        settings.pop(_GONE, None)  # False is what a new policy has, and newer servers do not take the parameter
    if policies.find(target) is not None:
        return Report(False, {})
    try:
        return ensure(task, NOUN, target, {**settings, "enable_xmpp_access": False})
    except CmdletFailed as exc:
        if not any(one.name == UNKNOWN_PARAMETER for one in exc.errors):
            raise
        raise NotReady(
            f"The server's New-CsExternalAccessPolicy does not take EnablePublicCloudAccess, which {bare(identity)} has, so a copy would "
            "take it from users: run this on a Front End of Lync Server 2013, or make the policy by hand and name it in copies."
        ) from exc
