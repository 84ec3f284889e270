# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users whose move was begun and of whom nothing was heard: a later run says by name what became of each.

The journal tells who they are (an intent without an outcome), the directory what became of them. It is said once.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from .._engine.calls import Query
from .._engine.files import Follower, parse, see_line
from .._engine.journal import JOURNAL
from .._engine.module import Task
from .moving_run import GRACE
from .reading import PROPERTIES, name, read_parameters

Row = Mapping[str, Any]

EXPLAINED = "explained"
"""Key of the note that says of which intents it was told."""
MOVED, NOT_MOVED, BETWEEN, GONE = "moved", "not_moved", "in_the_middle", "not_found"
SAID = {
    MOVED: "the move was made",
    NOT_MOVED: "the move was not made",
    BETWEEN: "the move stopped half-way, and the same move can be tried again without force",
    GONE: "the user is no longer found",
}
AT_ONCE = 20
SHOWN = 50

_ID = re.compile(rb'"id":"([0-9A-Za-z-]+)"')
_MOVES = (b'"name":"Move-CsUser"', b'"name":"Move-CsLegacyUser"')


def unheard(state_dir: str | Path) -> list[dict[str, Any]]:
    """Intents to move users that have no outcome and were not explained, in order. The rest of a long journal is not parsed."""
    waiting: dict[bytes, bytes] = {}
    for line in Follower(state_dir, JOURNAL).lines():
        see_line(line)
        head = line[:60]
        if b'"kind":"outcome"' in head:
            found = _ID.search(line)
            if found:
                waiting.pop(found[1], None)
        elif b'"kind":"intent"' in head:
            found = _ID.search(line)
            if found and any(one in line for one in _MOVES):
                waiting[found[1]] = line
        elif b'"kind":"note"' in head and f'"{EXPLAINED}":'.encode() in line:
            for one in (parse(line) or {}).get(EXPLAINED) or ():
                waiting.pop(str(one).encode(), None)
    return [entry for line in waiting.values() if (entry := parse(line)) is not None]


def settled(task: Task) -> list[dict[str, Any]]:
    """Those intents, once the server must have done with them: a PowerShell goes on for a while when nobody hears it any more."""
    if task.check_mode:
        return []
    entries = unheard(task.context.state_dir)
    last = max((datetime.fromisoformat(one["at"]).timestamp() for one in entries), default=0.0)
    wait = last + GRACE - task.session.moment() if entries else 0.0
    if 0 < wait <= GRACE:
        task.session.pause(wait)
    return entries


def explain(task: Task, entries: Sequence[Mapping[str, Any]], movable: Sequence[Row] = ()) -> list[dict[str, str]]:
    """What became of each of them, as a warning and as data; and of those whom the directory shows half-way without a journal."""
    found: list[dict[str, str]] = []
    for start in range(0, len(entries), AT_ONCE):
        part = entries[start : start + AT_ONCE]
        queries = [
            Query(
                "user",
                identity=_user(one),
                parameters=read_parameters(task.params),
                properties=PROPERTIES,
                partial=True,
            )
            for one in part
        ]
        for entry, rows in zip(part, task.session.read(*queries), strict=True):
            found.append(_what(entry, rows))
    if entries:
        said = [f"{one['user']}: {SAID[one['found']]}" for one in found[:SHOWN]]
        rest = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        runs = ", ".join(dict.fromkeys(one["run"] for one in found))
        task.warn(f"Nothing was heard of these moves when run {runs} ended. {'; '.join(said)}{rest}.")
        task.session.note(
            "It was said what became of moves without an outcome.", **{EXPLAINED: [one["id"] for one in entries]}
        )
    known = {one["user"].lower() for one in found}
    for row in movable:
        if row.get("TargetRegistrarPool") and name(row).lower() not in known:
            found.append({"user": name(row), "run": "", "target": str(row["TargetRegistrarPool"]), "found": BETWEEN})
    others = [one["user"] for one in found if not one["run"]]
    if others:
        more = f" and {len(others) - SHOWN} more" if len(others) > SHOWN else ""
        task.warn(
            f"These users are in the middle of a move that was begun before: {', '.join(others[:SHOWN])}{more}. The same move is tried "
            "again, without force."
        )
    return found


def _user(entry: Mapping[str, Any]) -> str:
    return str(entry["call"]["parameters"]["Identity"])


def _what(entry: Mapping[str, Any], rows: Sequence[Row]) -> dict[str, str]:
    """The GUID decides: an address may be another user's by now."""
    guid, target = (entry.get("before") or {}).get("Guid"), str(entry["call"]["parameters"]["Target"])
    same = [row for row in rows if guid is None or row.get("Guid") == guid]
    if not same:
        what = GONE
    elif str(same[0].get("RegistrarPool") or "").lower() == target.lower():
        what = MOVED
    else:
        what = BETWEEN if same[0].get("TargetRegistrarPool") else NOT_MOVED
    return {"user": _user(entry), "run": str(entry.get("run")), "target": target, "found": what}
