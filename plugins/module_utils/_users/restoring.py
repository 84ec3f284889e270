# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The policies that users had before they were moved, granted again.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from .._engine.calls import Change, Cmdlet, Effect
from .._engine.collections import ORGANISATION
from .._engine.module import Task
from .manifest import Origin
from .moving import POLICIES
from .policies import Policies, bare, losses
from .reading import address, left_out, name, refused

Row = Mapping[str, Any]

EXTERNAL_ACCESS = "ExternalAccessPolicy"
_AT_ONCE = 25


def differences(row: Row, origin: Origin) -> dict[str, tuple[str | None, str | None]]:
    """Kinds of policies that the user has otherwise than before the move: now, then. A user of Office Communications Server
    had none of Lync Server's, and what a server of that product makes of them is not known."""
    if origin.ocs:
        return {}
    found = {}
    for kind in POLICIES:
        now, then = (bare(str(one)) or None if one else None for one in (row.get(kind), origin.policies.get(kind)))
        if (now or "").casefold() != (then or "").casefold():
            found[kind] = now, then
    return found


def losses_of_grant(row: Row, origin: Origin, known: Policies) -> list[str]:
    """What the user loses or gains beyond XMPP by the external access policy of before."""
    changed = differences(row, origin).get(EXTERNAL_ACCESS)
    if changed is None:
        return []
    after = {**row, EXTERNAL_ACCESS: changed[1], "RegistrarPool": origin.pool}
    return [
        f"what the external access policy of before has otherwise ({one})"
        for one in losses(known.of(row), known.of(after))
    ]


def grant(
    task: Task, users: Sequence[tuple[Row, Origin]], known: Policies, accepted: Collection[str], everybody: str
) -> tuple[dict[str, dict[str, Any]], list[dict[str, str]]]:
    """What was granted to whom, and who is left. One user's failure does not hide the others."""
    due = [(row, origin, kind, *pair) for row, origin in users for kind, pair in differences(row, origin).items()]
    restored: dict[str, dict[str, Any]] = {}
    left: list[dict[str, str]] = []
    for start in range(0, len(due), _AT_ONCE):
        batch = due[start : start + _AT_ONCE]
        changes = [
            _change(
                row,
                kind,
                now,
                then,
                losses_of_grant(row, origin, known),
                everybody in accepted or address(row) in accepted,
            )
            for row, origin, kind, now, then in batch
        ]
        for (row, _origin, kind, _now, then), outcome in zip(
            batch, task.session.change(*changes, tolerate=True), strict=True
        ):
            if outcome["ok"]:
                restored.setdefault(name(row), {})[kind] = then
            else:
                left.append(left_out(row, f"was moved back, but {kind} {refused(f'Grant-Cs{kind}', outcome)}"))
    return restored, left


def _change(row: Row, kind: str, now: str | None, then: str | None, lost: Sequence[str], accepted: bool) -> Change:
    user = address(row)

    def call(policy: str | None) -> Cmdlet:
        # Without -PolicyName the site's or the global policy counts again: inferred from the parameter being optional.
        named = {"PolicyName": policy} if policy else {}
        return Cmdlet(f"Grant-Cs{kind}", {"Identity": user, **named, "Confirm": False})

    before: dict[str, Any] = {kind: now, "Guid": row.get("Guid")}
    if kind == EXTERNAL_ACCESS:
        before["Losses"] = list(lost)
    return Change(
        call(then),
        object=f"user {name(row)}",
        effects=(Effect("user", ORGANISATION, user, {kind: then}),),
        before=before,
        undo=(call(now),),
        override=user if lost and accepted else None,
    )
