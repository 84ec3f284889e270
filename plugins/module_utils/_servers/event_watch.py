# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event log of Lync after the cutover: what it says of errors, by level, source and number. Texts are never decided on.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .._engine.calls import Cmdlet, Date
from .._engine.errors import CmdletFailed, InvalidInput, NotReady
from .._engine.module import Report, Task

LOG = "Lync Server"
#: Levels of Windows: critical and error.
LEVELS = {1: "critical", 2: "error"}
NOTHING = "NoMatchingEventsFound"
MOST = 500
INTERVAL = 60

Row = Mapping[str, Any]


def run(task: Task) -> Report:
    params = task.params
    if not 0 <= params["minutes"] <= 240:
        raise InvalidInput(f"minutes is {params['minutes']}, but is to be from 0 to 240.")
    if task.check_mode:
        return Report(False, {"events": [], "since": None, "minutes": 0})
    since = _now(task)
    if params["minutes"]:
        try:
            task.session.wait(lambda: False, params["minutes"] * 60, INTERVAL)
        except NotReady:
            pass  # the time is over, which is what was waited for
    ignored = set(params["ignore_ids"])
    rows = [row for row in _events(task, since) if int(row.get("Id") or 0) not in ignored]
    counted = Counter(
        (int(row.get("Level") or 0), str(row.get("ProviderName")), int(row.get("Id") or 0)) for row in rows
    )
    events = [
        {"level": LEVELS.get(level, str(level)), "source": source, "id": number, "count": count}
        for (level, source, number), count in sorted(counted.items())
    ]
    said = [f"{one['source']} {one['id']} ({one['level']}, {one['count']} times)" for one in events]
    if said and params["fail_on_error"]:
        raise CmdletFailed(
            f"The event log '{LOG}' of {task.context.host} has new errors: {', '.join(said[:10])}. Look at them there."
        )
    if said:
        task.warn(f"The event log '{LOG}' of {task.context.host} has new errors: {', '.join(said[:10])}.")
    return Report(False, {"events": events, "since": since.isoformat(), "minutes": params["minutes"]})


def _now(task: Task) -> datetime:
    """The host's own clock, which its events are dated by."""
    (answer,) = task.session.call(Cmdlet("Get-Date", {}, (".",)))
    found = answer["rows"][0]["."] if answer["rows"] else None
    if isinstance(found, datetime):
        return found
    if isinstance(found, Date):
        return found.value
    try:
        return datetime.fromisoformat(str(found).replace("Z", "+00:00"))
    except ValueError:
        raise CmdletFailed(
            f"{task.context.host} does not say what time it is (Get-Date).", tuple(answer["errors"])
        ) from None


def _events(task: Task, since: datetime) -> list[Row]:
    table = {"LogName": LOG, "Level": list(LEVELS), "StartTime": Date(since)}
    wanted = ("Id", "Level", "ProviderName", "TimeCreated")
    (answer,) = task.session.call(Cmdlet("Get-WinEvent", {"FilterHashtable": table, "MaxEvents": MOST}, wanted))
    errors = [one for one in answer["errors"] if one.name != NOTHING]
    if errors:
        raise CmdletFailed(
            f"The event log '{LOG}' of {task.context.host} cannot be read: {errors[0].shown()}", tuple(errors)
        )
    return list(answer["rows"])
