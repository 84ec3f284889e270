# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module migration_report: one page for the change request, and the same as JSON.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .._engine.calls import clean
from .._engine.files import FORMAT, read_whole, see_format, write_whole
from .._engine.journal import entries, stamp
from .._engine.module import Report, Task
from .._plan.options import looked_at
from .afterwards import afterwards
from .live import certificates, records
from .page import report_page
from .story import story

PAGE, DATA, PROBE = "report.html", "report.json", "probe.json"


def run(task: Task) -> Report:
    context, params = task.context, task.params
    now = datetime.fromtimestamp(task.journal.clock(), UTC)
    hosts, servers, domains = looked_at(params)
    hosts = [one for one in hosts if one in context.sockets]
    told = story(entries(context.state_dir))
    accepted = next((one["at"] for one in told["laws"] if one["fact"] == "accepted"), None)
    data: dict[str, Any] = {
        "format": FORMAT,
        "name": params["settings"].get("name") or "?",
        "at": stamp(now.timestamp()),
        "controller": context.controller,
        "version": context.version,
        "state_dir": context.state_dir,
        "accepted": accepted,
        "live": bool(hosts),
        **told,
        "certificates": certificates(task, hosts, now),
        "records": records(servers, domains),
        "probe": _probe(Path(context.state_dir)),
        "afterwards": afterwards(params["settings"]),
    }
    directory = Path(context.state_dir)
    value = {"page": str(directory / PAGE), "data": str(directory / DATA), "steps": data["steps"], "accepted": accepted}
    if not task.check_mode:
        write_whole(directory, PAGE, report_page(data).encode("utf-8", "replace"))
        write_whole(directory, DATA, _json(data))
    return Report(False, {**value, "say": [f"The report is in {directory / PAGE}."]} if not task.check_mode else value)


def _json(data: Mapping[str, Any]) -> bytes:
    """Nothing in it ends a script element, should somebody put it into a page."""
    text = json.dumps(clean(dict(data)), ensure_ascii=True, indent=1)
    return text.replace("<", "\\u003c").encode("ascii")


def _probe(state_dir: Path) -> dict[str, Any] | None:
    """What the last probe of a run found; the action plugin keeps it beside the run's plan."""
    runs = state_dir / "runs"
    found: dict[str, Any] | None = None
    for directory in sorted(runs.iterdir()) if runs.is_dir() else ():
        text = read_whole(directory, PROBE) if (directory / PROBE).is_file() else None
        if text:
            one = json.loads(text)
            see_format(one, f"{directory / PROBE} is")
            if found is None or one["at"] > found["at"]:
                found = one
    return found
