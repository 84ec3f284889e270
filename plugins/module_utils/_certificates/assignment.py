# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Assigning certificates to their uses: only one that carries the wanted names, and only where none does yet.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from .._engine.calls import Call, Change, Cmdlet, Evidence, Query
from .._engine.errors import Mismatch, NotReady
from .._engine.module import Report, Task
from .._engine.session import Session, quietly
from .._servers.server import later_than
from . import stored as store
from .files import relying_on_external
from .judging import ERROR, WARNING, XMPP_SERVER
from .serving import assigned, outlived, serves
from .share import pool_key, with_key
from .stored import Stored, Wanted, by_thumbprint, stored, suitable

Row = Mapping[str, Any]
_OAUTH = "OAuthTokenIssuer"


def run(task: Task) -> Report:
    return assign(task, pool_key(task, store.wanted_of(task.params, task.session)))


def assign(task: Task, key: bytes | None) -> Report:
    """Only what has the key of the pool, where there is one."""
    session, wanted, at = task.session, store.wanted_of(task.params, task.session), store.now()
    uses, processes, mine, *others = quietly(session, *queries(session))
    have = with_key(stored(mine), key)
    before = {one: assigned(one, uses) for one in wanted.uses}
    serving = {one: by_thumbprint(thumb, have) for one, thumb in before.items()}
    days = task.params["renew_days"]
    newest = suitable(have, wanted, wanted.uses, at)
    left = [
        one
        for one in wanted.uses
        if not serves(serving[one], wanted, one, at) or outlived(serving[one], newest, days, at)
    ]
    chosen = suitable(have, wanted, left, at) if left else None
    if left:
        if chosen is None:
            raise NotReady(_lacking(task, wanted, left, have, at))
        at_least = [row.get("UpdateTime") for row in uses] + [row.get("StartTime") for row in processes]
        session.change(*_changes(session, chosen, wanted.names, left, before, later_than(*at_least)))
        serving.update(dict.fromkeys(left, chosen))
        if not task.check_mode:
            _check(task, session, left, chosen)
    _warn(task, serving, wanted, at, others)
    after = {one: found.thumbprint if found else None for one, found in serving.items()}
    value = {"uses": {one: found.shown() if found else None for one, found in serving.items()}}
    return Report(
        bool(left), {"certificates": value}, before=dict(before), after=after, evidence=_evidence(task, serving, wanted)
    )


def queries(session: Session) -> tuple[Query, ...]:
    """What is assigned, since when services run, the server's certificates, and the authorities that it knows.

    In a dry run each may fail, as nothing may be installed yet."""
    known = ("Thumbprint", "Subject")
    asked = [
        Query("certificate_use"),
        Query("process"),
        store.query(session),
        Query("root_certificate", properties=known),
    ]
    asked.append(Query("stored_certificate", parameters={"LiteralPath": store.INTERMEDIATE}, properties=known))
    return tuple(replace(one, partial=True) for one in asked) if session.check else tuple(asked)


def _lacking(task: Task, wanted: Wanted, left: Sequence[str], have: Sequence[Stored], at: datetime) -> str:
    near = max(
        (one for one in have if one.has_key), key=lambda one: len(set(one.names) & set(wanted.names)), default=None
    )
    why = ""
    if near is not None:
        texts = [f.text for f in near.findings(wanted.names, left[0], at) if f.severity == ERROR]
        why = f" The nearest one, {near.thumbprint}, is not it: {' '.join(texts[:5])}"
    return (
        f"No certificate in the store of {task.context.host} can be assigned for {', '.join(left)}: wanted is one with its private "
        f"key that carries {', '.join(wanted.names)}.{why} Obtain it first (certificate), or import it there."
    )


def _changes(
    session: Session,
    chosen: Stored,
    names: Sequence[str],
    left: Sequence[str],
    before: Mapping[str, str | None],
    at: str,
) -> list[Change]:
    """One call for the uses of the server; the certificate for OAuth is the organisation's and says so.

    Whoever issues a certificate may put more names into it; those that are wanted are known before."""
    groups = [[one for one in left if one != _OAUTH], [one for one in left if one == _OAUTH]]
    changes = []
    for group in groups:
        if not group:
            continue
        identity = {"Identity": "Global"} if group == [_OAUTH] else {}
        effects = tuple(
            session.effect(
                "certificate_use",
                one,
                {"Use": one, "Thumbprint": chosen.thumbprint, "AlternativeNames": list(names), "UpdateTime": at},
            )
            for one in group
        )
        call = Cmdlet(
            "Set-CsCertificate", {"Type": group, "Thumbprint": chosen.thumbprint, **identity, "Confirm": False}
        )
        changes.append(
            Change(
                call,
                f"certificate for {', '.join(group)}",
                effects,
                before={one: before[one] for one in group},
                undo=_undo(group, before, identity),
            )
        )
    return changes


def _undo(group: Sequence[str], before: Mapping[str, str | None], identity: Mapping[str, str]) -> tuple[Call, ...]:
    """Back to what each use had, or to nothing."""
    calls: list[Call] = []
    for thumbprint in dict.fromkeys(before[one] for one in group):
        uses = [one for one in group if before[one] == thumbprint]
        if thumbprint is None:
            calls.append(Cmdlet("Remove-CsCertificate", {"Type": uses, **identity, "Confirm": False}))
        else:
            calls.append(
                Cmdlet("Set-CsCertificate", {"Type": uses, "Thumbprint": thumbprint, **identity, "Confirm": False})
            )
    return tuple(calls)


def _check(task: Task, session: Session, left: Sequence[str], chosen: Stored) -> None:
    rows = session.read("certificate_use")[0]
    wrong = [one for one in left if assigned(one, rows) != chosen.thumbprint]
    if wrong:
        raise Mismatch(
            f"The certificate {chosen.thumbprint} was assigned for {', '.join(wrong)} on {task.context.host} without an error, but read "
            "again another one is: see who else assigns certificates there, and run the task again."
        )


def _warn(
    task: Task, serving: Mapping[str, Stored | None], wanted: Wanted, at: datetime, stores: Sequence[Sequence[Row]]
) -> None:
    known = {str(row.get("Subject")).casefold() for rows in stores for row in rows}
    for use, one in serving.items():
        if one is None:
            continue
        for finding in one.findings(wanted.names, use, at, relying_on_external(task.params["partners"])):
            early = finding.code == "expires_soon" and not one.ends_within(task.params["renew_days"], at)
            if finding.severity == WARNING and not early:
                task.warn(f"The certificate {one.thumbprint} for {use}: {finding.text}")
        if one.issuer and one.issuer.casefold() not in known:
            task.warn(
                f"The certificate {one.thumbprint} for {use}: {task.context.host} has no certificate of its issuer {one.issuer}, so "
                "nobody can follow its chain from there."
            )


def _evidence(task: Task, serving: Mapping[str, Stored | None], wanted: Wanted) -> list[Evidence]:
    """That the certificate which XMPP partners will see carries the names they look for."""
    one = serving.get(XMPP_SERVER)
    if one is None:
        return []
    return [Evidence("certificate_names", task.context.host, digest=one.thumbprint, value=list(wanted.names))]
