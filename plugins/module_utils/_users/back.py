# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moving users back to where they came from: who is meant, what they lose, the moves, and the policies they had.

The journal says where a user came from, the directory where the user is now: both have to mean the same account.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .._engine.calls import Change, Cmdlet, Effect, Evidence, Query
from .._engine.coexistence import ENDS
from .._engine.collections import ORGANISATION
from .._engine.errors import InvalidInput, NotReady
from .._engine.module import Report, Task
from .._engine.user_moves import WITHOUT_XMPP
from .._readiness.findings import ask
from .._servers.store_location import read_estate
from .._settings.names import BadName, shown, sip_uri
from . import report
from .listing import read_users
from .manifest import Origin, read
from .moving import POLICIES
from .policies import Policies
from .readiness import contact_store, in_exchange
from .reading import (
    PROPERTIES,
    UsersLeft,
    address,
    checked_fqdn,
    from_ocs,
    home,
    left_out,
    many,
    name,
    read_parameters,
    reasons,
    refused,
    registrar,
)
from .restoring import grant, losses_of_grant
from .selection import NARROWED, Selection
from .xmpp_needs import moved_between, versions

Row = Mapping[str, Any]

FILE, FIELDS, SHOWN = "user_move_back", ("user", "name", "source", "target", "losses"), 50
_PROPERTIES = tuple(dict.fromkeys((*PROPERTIES, *POLICIES)))
EVERYBODY = "all"
LOSS = {
    "functions": "functions and data that Office Communications Server does not have",
    "meetings": "meetings that were made on Lync Server 2013, which have to be scheduled anew",
    "meeting_content": "the content of meetings, which is not moved",
    "unified_contacts": "contacts that are in the unified contact store of Exchange (run Invoke-CsUcsRollback first)",
    "xmpp": "XMPP, because a partner exists in Lync Server 2013",
}


class LossesNotAccepted(NotReady):
    """Users would lose something by going back, and nobody has said yet that they may. Nothing was changed."""

    kind = "losses_not_accepted"

    def __init__(self, text: str, losses: Sequence[Mapping[str, Any]] = (), rows: str = "") -> None:
        super().__init__(text)
        self.losses, self.rows = [dict(one) for one in losses], rows

    def facts(self) -> dict[str, Any]:
        return {"losses": self.losses, "rows": self.rows}


@dataclass
class Way:
    """The way back of one user."""

    row: Row
    origin: Origin
    target: str
    there: bool
    losses: list[str] = field(default_factory=list)
    versions: Mapping[str, int | None] = field(default_factory=dict)

    @property
    def gains_xmpp(self) -> bool:
        """Back from Skype for Business Server 2019, which has none."""
        source, target = (self.versions.get(one) or 0 for one in (registrar(self.row), self.target))
        return source >= WITHOUT_XMPP > target > 5

    @property
    def shown(self) -> dict[str, Any]:
        return {
            "user": name(self.row), "name": str(self.row.get("DisplayName") or ""), "source": home(self.row),
            "target": self.target, "losses": "; ".join(self.losses),
        }  # fmt: skip


def run(task: Task) -> Report:
    params = task.params
    accepted = _addresses("accept_losses", params["accept_losses"])
    without_xmpp = _addresses("loses_xmpp", params["loses_xmpp"], everybody=False)
    if not (params["users"] or params["of_run"] or params["all_moved"]):
        raise InvalidInput("Say who goes back: users, of_run, or all_moved.")
    read_parameters(params)  # a name that could never be one is said before the journal is read
    found = _Found(task)
    if params["all_moved"] and found.nobody:
        return Report(False, {"moved_back": [], "already_back": 0, "policies": {}, "rows": None})
    ways, left = found.ways()
    going = [one for one in ways if not one.there]
    partners, policies, pools, registrars = read_estate(
        task.session, Query("xmpp_partner"), Query("external_access_policy"), Query("pool"), Query("registrar")
    )
    _see_targets(going, pools)
    for one in ways:
        one.versions = versions(registrars)
    known = Policies.read(policies, pools)
    _find_losses(task, ways, known, bool(partners))
    concerned = [one for one in ways if one.losses or not one.there]
    path = _told(task, concerned)
    _demand(concerned, accepted, path)
    _demand_xmpp(going, without_xmpp, [str(one["Identity"]) for one in partners], path)
    if going and not partners:
        task.session.record(Evidence("no_partner", ORGANISATION))
    moved, failed = _move(task, going, without_xmpp if partners else frozenset())
    left += failed
    restored: dict[str, dict[str, Any]] = {}
    if params["restore_policies"]:
        here = [*(one for one in ways if one.there), *moved]
        restored, failed = grant(task, [(one.row, one.origin) for one in here], known, accepted, EVERYBODY)
        left += failed
    if left:
        raise UsersLeft(
            f"{many(len(left))} {'cannot' if task.check_mode else 'could not'} be moved back, or not be given their policies, "
            f"{len(moved)} could: {reasons(left)}. Mend what is said of each, then run this again: it goes on with those that are left.",
            left,
            [name(one.row) for one in moved],
        )
    return Report(
        changed=bool(moved or restored),
        value={
            "moved_back": [name(one.row) for one in moved],
            "already_back": sum(one.there for one in ways),
            "policies": restored,
            "rows": path,
        },
        before={name(one.row): home(one.row) for one in moved[:SHOWN]},
        after={name(one.row): one.target for one in moved[:SHOWN]},
    )


def _addresses(option: str, users: Iterable[str], everybody: bool = True) -> frozenset[str]:
    try:
        return frozenset(EVERYBODY if everybody and one == EVERYBODY else sip_uri(one).lower() for one in users)
    except BadName as exc:
        raise InvalidInput(f"{option}: {exc}") from exc


def _moment(option: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as exc:
        raise InvalidInput(f"{option}: a time such as 2026-11-21T22:00:00+01:00 is wanted.") from exc
    return at if at.tzinfo else at.replace(tzinfo=UTC)


# --- who is meant


class _Found:
    """Those who are meant, by the journal and by the directory."""

    def __init__(self, task: Task) -> None:
        params = task.params
        self._task = task
        self._origins = read(task.context.state_dir)
        self._users = None if params["users"] is None else _addresses("users", params["users"], everybody=False)
        self._ocs = checked_fqdn("ocs_pool", params["ocs_pool"]) if params["ocs_pool"] else None
        after, before = (_moment(one, params[one]) for one in ("moved_after", "moved_before"))
        self._meant = {
            one.guid: one
            for one in self._origins.values()
            if (params["of_run"] is None or one.run == params["of_run"])
            and (after is None or one.at >= after)
            and (before is None or one.at < before)
        }
        if params["of_run"] is not None and not self._meant:
            raise InvalidInput(
                f"of_run: the journal has no move of the run {shown(params['of_run'])}: see the runs in {task.context.state_dir}."
            )
        self.nobody = not self._meant
        self.by_guid: dict[str, Row] = {}
        self.by_address: dict[str, list[Row]] = {}

    def take(self, row: Row) -> None:
        guid, own = str(row.get("Guid")), address(row)
        if guid in self._meant:
            self.by_guid[guid] = row
        if self._users is not None and own in self._users:
            self.by_address.setdefault(own, []).append(row)

    def ways(self) -> tuple[list[Way], list[dict[str, str]]]:
        parameters = read_parameters(self._task.params)
        if self._users is not None and len(self._users) <= NARROWED:
            parameters.update(Selection(addresses=self._users).parameters())
        read_users(self._task.session, Query("user", parameters=parameters, properties=_PROPERTIES), lambda: self)
        if self._users is None:
            chosen = list(self._meant.values())
        else:
            chosen = self._named()
        ways, left = [], []
        for origin in chosen:
            row = self.by_guid.get(origin.guid)
            reason = self._hindrance(row, origin)
            if reason or row is None:
                left.append({"user": origin.user, "reason": reason})
            else:
                target = origin.pool or self._ocs or ""
                ways.append(Way(row, origin, target, _is_back(row, origin)))
        if left and self._users is not None:
            raise InvalidInput(f"These users cannot be moved back: {reasons(left)}. Nothing was changed.")
        return ways, left

    def _named(self) -> list[Origin]:
        """All who are named were moved by this collection, and are the accounts that they were."""
        chosen, wrong = [], []
        for user in sorted(self._users or ()):
            rows = self.by_address.get(user, [])
            moved = [self._meant[str(row.get("Guid"))] for row in rows if str(row.get("Guid")) in self._meant]
            others = [one for one in self._meant.values() if one.user == user]
            if moved:
                chosen.append(moved[0])
            elif rows and others:
                wrong.append(f"{user} is another account now than the one that was moved")
            elif others:
                wrong.append(f"no user has the SIP address {user} any more")
            else:
                wrong.append(f"the journal knows no such move of {user}")
        if wrong:
            raise InvalidInput(f"These users cannot be moved back: {'; '.join(wrong)}. Nothing was changed.")
        return chosen

    def _hindrance(self, row: Row | None, origin: Origin) -> str:
        if row is None:
            return "is no longer found in the directory"
        if _is_back(row, origin):
            return ""
        if origin.pool is None and self._ocs is None:
            return f"was homed on {origin.home_server}, whose pool the topology did not name: name it in ocs_pool"
        moving = str(row.get("TargetRegistrarPool") or "").lower()
        if moving and moving != origin.pool:
            return f"is in the middle of a move to {moving}"
        if registrar(row) != origin.target:
            return f"is on {home(row)}, not on {origin.target}, to which the journal says the user was moved"
        return ""


def _is_back(row: Row, origin: Origin) -> bool:
    if origin.ocs:
        return from_ocs(row)
    return registrar(row) == origin.pool and not row.get("TargetRegistrarPool")


def _see_targets(going: Sequence[Way], pools: Sequence[Row]) -> None:
    """A pool that was taken down since would refuse each user."""
    missing = {one.target for one in going} - {str(row.get("Fqdn") or "").lower() for row in pools}
    if missing:
        raise NotReady(
            f"The published topology has no pool {', '.join(sorted(missing))}, so nobody can go back to it. Nothing was changed."
        )


# --- what they lose


def _find_losses(task: Task, ways: Sequence[Way], known: Policies, partners: bool) -> None:
    sources = sorted({registrar(one.row) for one in ways if not one.there and registrar(one.row)})
    looks = ask(task, {pool: contact_store(pool) for pool in sources})
    contacts = {pool for pool, look in looks.items() if in_exchange(look) != 0}
    for one in ways:
        if not one.there:
            one.losses += [LOSS["functions"], LOSS["meetings"]] if one.origin.ocs else [LOSS["meeting_content"]]
            if registrar(one.row) in contacts:
                one.losses.append(LOSS["unified_contacts"])
            if partners and not one.gains_xmpp:
                one.losses.append(LOSS["xmpp"])
        if task.params["restore_policies"]:
            one.losses += losses_of_grant(one.row, one.origin, known)


def _told(task: Task, concerned: Sequence[Way]) -> str:
    """What everybody loses, on disk and on the screen, before anything is done."""
    rows = (one.shown for one in concerned)
    path = report.write(task.context.state_dir, task.context.run, FILE, FIELDS, rows)
    if concerned:
        task.warn(f"By going back may be lost {_summary(concerned)}. Who loses what is in {path}.")
    return path


def _summary(concerned: Sequence[Way]) -> str:
    counts: dict[str, int] = {}
    for one in concerned:
        for loss in one.losses:
            counts[loss] = counts.get(loss, 0) + 1
    return "; ".join(f"for {many(count)}: {loss}" for loss, count in counts.items())


def _demand(concerned: Sequence[Way], accepted: frozenset[str], path: str) -> None:
    open_ones = [one for one in concerned if EVERYBODY not in accepted and address(one.row) not in accepted]
    if open_ones:
        raise LossesNotAccepted(
            f"Nobody is moved back yet, because by going back may be lost {_summary(open_ones)}. "
            f"Read who loses what in {path}, then name the users in accept_losses, "
            f"or say {EVERYBODY} there. Nothing was changed.",
            [one.shown for one in open_ones[:SHOWN]],
            path,
        )


def _demand_xmpp(going: Sequence[Way], without_xmpp: frozenset[str], partners: Sequence[str], path: str) -> None:
    """Law L1: each one is named, nobody is meant by `all`."""
    unnamed = [name(one.row) for one in going if address(one.row) not in without_xmpp and not one.gains_xmpp]
    if partners and unnamed:
        shown = ", ".join(unnamed[:10]) + (f" and {len(unnamed) - 10} more" if len(unnamed) > 10 else "")
        raise LossesNotAccepted(
            f"Lync Server 2013 has the XMPP partners {', '.join(partners)}, so whoever goes back loses XMPP: {shown}. Remove the partners "
            "first (xmpp_partner with state: absent), or name each of these users in loses_xmpp. Nothing was changed.",
            [one.shown for one in going[:SHOWN]],
            path,
        )


# --- the moves


def change_of(way: Way, params: Mapping[str, Any], without_xmpp: frozenset[str]) -> Change:
    row, user = way.row, address(way.row)
    after: dict[str, Any] = {"RegistrarPool": way.target}
    if way.origin.ocs:
        after = {"RegistrarPool": None, "HomeServer": way.origin.home_server}
    again = "Move-CsLegacyUser" if way.origin.ocs else "Move-CsUser"
    return Change(
        Cmdlet("Move-CsUser", {"Identity": user, "Target": way.target, "Confirm": False, **read_parameters(params)}),
        object=f"user {name(row)}",
        effects=(Effect("user", ORGANISATION, user, after),),
        before={
            "RegistrarPool": row.get("RegistrarPool"),
            "Guid": row.get("Guid"),
            "Back": True,
            **moved_between(way.versions, registrar(row), way.target),
            ENDS: user if user in without_xmpp else None,
            **{one: row[one] for one in POLICIES if row.get(one)},
        },
        undo=(Cmdlet(again, {"Identity": user, "Target": registrar(row), "Confirm": False}),),
        override=user if user in without_xmpp else None,
    )


def _move(task: Task, going: Sequence[Way], without_xmpp: frozenset[str]) -> tuple[list[Way], list[dict[str, str]]]:
    """In requests of a bounded length; who was moved is read back by the GUID of the account."""
    moved: list[Way] = []
    left: list[dict[str, str]] = []
    size = max(1, min(task.params["batch_size"], NARROWED))
    for start in range(0, len(going), size):
        batch = going[start : start + size]
        outcomes = task.session.change(*(change_of(one, task.params, without_xmpp) for one in batch), tolerate=True)
        done = []
        for one, outcome in zip(batch, outcomes, strict=True):
            if outcome["ok"]:
                done.append(one)
            else:
                left.append(left_out(one.row, refused("Move-CsUser", outcome)))
        for one, row in zip(done, _again(task, done), strict=True):
            if row is None or not _is_back(row, one.origin):
                where = home(row) if row else "no pool"
                left.append(left_out(one.row, f"is on {where}, though Move-CsUser reported success"))
            else:
                moved.append(Way(row, one.origin, one.target, True) if task.check_mode else _seen(one, row))
    return moved, left


def _seen(way: Way, row: Row) -> Way:
    """As the user was when the move began, with the policies that the user has now."""
    return Way(
        {**way.row, **{one: row.get(one) for one in POLICIES}}, way.origin, way.target, False, way.losses, way.versions
    )


def _again(task: Task, done: Sequence[Way]) -> list[Row | None]:
    if not done:
        return []
    parameters = {
        **read_parameters(task.params),
        **Selection(addresses=frozenset(address(one.row) for one in done)).parameters(),
    }
    seen: dict[str, Row] = {}

    class Seen:
        def take(self, row: Row) -> None:
            seen[str(row.get("Guid"))] = row

    read_users(task.session, Query("user", parameters=parameters, properties=_PROPERTIES), Seen)
    return [seen.get(one.origin.guid) for one in done]
