# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One external access policy as it should be, and the policies that users need for XMPP: changed in place, or copied whole.

PRIVATE to the collection: it can have breaking changes at any time.

A policy that counts by itself (the global one, that of a site, one that users have) changes its users at once, so what they
would lose or gain is found out before it is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._engine.calls import UNKNOWN, Query
from .._engine.errors import InvalidInput
from .._engine.module import Report, Task
from .._engine.noun import Situation, ensure
from .._servers.store_location import unseen
from .._settings.names import same
from .listing import read_users
from .policies import (
    ALLOWING,
    FLAGS,
    NOUN,
    Chosen,
    Copies,
    Losers,
    Policies,
    accepted_users,
    allows_xmpp,
    bare,
    copied_flags,
    losses,
    named_policy,
    refuse_losses,
)
from .reading import PROPERTIES, name

Row = Mapping[str, Any]

USERS = Query("user", properties=PROPERTIES)
_ADVICE = "Leave these users out, by naming those who are to have XMPP and granting them a policy of their own"


# --- one policy


def run(task: Task) -> Report:
    identity, params = named_policy("identity", task.params["identity"]), task.params
    accepted = accepted_users(params["accepted_losses"])

    def settings_of_model(rows: list[dict[str, Any]]) -> dict[str, Any]:
        return _model(task, params["copy_from"], rows) if params["copy_from"] is not None else {}

    def check(situation: Situation) -> None:
        if _counts(identity, situation, params["state"]):
            _see_users(task, identity, situation, accepted)

    return ensure(task, NOUN, identity, params, params["state"], on_create=settings_of_model, check=check)


def _model(task: Task, copy_from: str, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The settings of the policy that a new one is a copy of."""
    model = named_policy("copy_from", copy_from)
    row = next((row for row in rows if same(row.get("Identity"), model)), None)
    if row is None and task.check_mode and model == "Global":
        row = NOUN.new_row(model, {})  # it comes with the product, which is only planned so far
    if row is None and task.check_mode and not any(same(one.get("Identity"), "Global") for one in rows):
        # no policy can be read yet: what the model says is not known, and what is made of it is planned as unknown
        return {one.option: UNKNOWN for one in FLAGS}
    if row is None:
        raise InvalidInput(f"copy_from: there is no external access policy {copy_from}. Name one that exists.")
    return copied_flags(row)


def _counts(identity: str, situation: Situation, state: str) -> bool:
    """Whether somebody may have another policy at once: not by a new one for users, which nobody has yet."""
    before, after = situation.before, situation.after
    if state == "absent":
        return before is not None
    if before is None:
        return not identity.startswith("tag:")
    return any(before.get(one.option) != (after or {}).get(one.option) for one in FLAGS)


def _see_users(task: Task, identity: str, situation: Situation, accepted: set[str]) -> None:
    (pools,) = task.session.read("pool")
    now = Policies.read(situation.rows[0], pools)
    if situation.after is None:
        then = Policies({name: row for name, row in now.rows.items() if not same(name, identity)}, now.sites)
    else:
        values = {one.option: situation.after.get(one.option) for one in FLAGS}
        then = now.with_row(NOUN.new_row(identity, values))
    losers = read_users(task.session, USERS, lambda: Losers(now, then))
    if not unseen(task.session, losers.some):  # else a dry run that can list nobody
        refuse_losses(losers.lost, f"The change of the external access policy {identity}", accepted, _ADVICE)


# --- the policies that users need


def needed(task: Task) -> Report:
    """For each policy that counts for a user and does not allow XMPP: the same policy with it, or a copy that has it."""
    params = task.params
    Chosen(params)  # what it says of the options comes before the server is asked
    copies = Copies.of(params)
    if copies is None:
        raise InvalidInput("Neither copies nor copy_name is given: say which policy users get for XMPP.")
    accepted = accepted_users(params["accepted_losses"])
    policy_rows, pools = task.session.read("external_access_policy", "pool")
    chosen = read_users(task.session, USERS, lambda: Chosen(params))
    if unseen(task.session, chosen.some):
        return _unseen(task, copies)
    now = Policies.read(policy_rows, pools)
    due = _due(chosen.rows, now)
    targets = copies.targets(due)
    _refuse(task, due, targets, now, accepted)
    changed = False
    made = {}
    for identity, target in targets.items():
        model = now.find(identity) or {}
        settings = {} if same(identity, target) else copied_flags(model)
        report = ensure(task, NOUN, target, ALLOWING, on_create=lambda _rows, settings=settings: settings)  # type: ignore[misc]
        changed |= report.changed
        made[target] = report
    return Report(
        changed,
        {"policies": [_shown(one, targets[one], due[one], now) for one in targets]},
        before={bare(name): dict(one.before) for name, one in made.items() if one.changed},
        after={bare(name): dict(one.after) for name, one in made.items() if one.changed},
    )


def _due(users: Iterable[Row], now: Policies) -> dict[str, list[Row]]:
    """The policies that count for these users and do not allow XMPP, the most frequent one first."""
    found: dict[str, list[Row]] = {}
    for row in users:
        policy = now.of(row)
        if not allows_xmpp(policy):
            found.setdefault(str(policy.get("Identity") or "Global"), []).append(row)
    return dict(sorted(found.items(), key=lambda one: (-len(one[1]), one[0])))


def _refuse(
    task: Task,
    due: Mapping[str, list[Row]],
    targets: Mapping[str, str],
    now: Policies,
    accepted: set[str],
) -> None:
    """Before anything is written: a policy in place is everybody's who has it, a copy is theirs who will be granted it."""
    lost: dict[str, list[str]] = {}
    changed = now
    for identity, target in targets.items():
        model = now.find(identity) or {"Identity": identity}
        there = now.find(NOUN.row_identity(target)) or NOUN.new_row(target, copied_flags(model))
        then = {**there, **dict.fromkeys(("EnableXmppAccess", "EnableFederationAccess"), True)}
        if same(identity, target):
            changed = changed.with_row(then)
            continue
        for row in due[identity]:
            if what := losses(model, then):
                lost[name(row)] = what
    if changed is not now:
        lost |= read_users(task.session, USERS, lambda: Losers(now, changed)).lost
    refuse_losses(lost, "The policies for XMPP", accepted, _ADVICE)


def _shown(identity: str, target: str, users: Sequence[Row], now: Policies) -> dict[str, Any]:
    return {
        "of": bare(identity),
        "identity": bare(target),
        "in_place": same(identity, target),
        "users": len(users),
        "existed": now.find(NOUN.row_identity(target)) is not None,
    }


def _unseen(task: Task, copies: Copies) -> Report:
    """A dry run that can list nobody plans what is declared by name; what it is a copy of is not known."""
    unknown = {one.option: UNKNOWN for one in FLAGS}
    rows = []
    for identity, target in copies.declared.items():
        ensure(task, NOUN, target, ALLOWING, on_create=lambda _rows: unknown)
        shown = {"of": bare(identity), "identity": bare(target), "in_place": same(identity, target)}
        rows.append({**shown, "users": 0, "existed": False})
    task.warn(
        "Which policies users have is not known yet, so "
        + ("only what copies declares can be planned." if rows else "no copy of one can be planned.")
    )
    return Report(bool(rows), {"policies": rows})
