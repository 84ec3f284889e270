# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The entry of SIP federation that leads to an XMPP partner through the old gateway: it stays until acceptance, or goes in the
window where it is seen to win over the partner, or where the server takes no partner beside it.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._engine.calls import Change, Query
from .._engine.errors import CmdletFailed
from .._engine.module import Task
from .._engine.noun import Field, Noun, ensure, removal

Row = Mapping[str, Any]

NOUN = Noun(
    noun="CsAllowedDomain",
    collection="allowed_domain",
    label="allowed domain {identity}",
    identity_option="domain",
    repeated=("Domain",),
    verbs={"get", "new", "set", "remove"},
    fields=(
        Field("proxy_fqdn", "ProxyFqdn", kind="fqdn", default=None),
        Field("comment", "Comment", default=None),
        Field("mark_for_monitoring", "MarkForMonitoring", kind="bool", default=False),
    ),
)


def retirements(task: Task, domains: Iterable[str], rows: Iterable[Row]) -> list[Change]:
    """The removal of the entries of these domains, each named so that the law lets it go before acceptance."""
    wanted = {one.casefold() for one in domains}
    found = [dict(row) for row in rows if str(row.get("Domain") or row.get("Identity")).casefold() in wanted]
    return [removal(task, NOUN, row, str(row["Identity"])) for row in found]


def put_back(task: Task, retired: Sequence[Change], trouble: CmdletFailed) -> CmdletFailed:
    """Without the partner the entry is the only way to it, so what was removed for a partner that did not come goes back."""
    there = {str(row["Identity"]).casefold() for row in task.session.read(Query(NOUN.collection))[0]}
    back = []
    for change in retired:
        row = change.before or {}
        if str(row.get("Identity")).casefold() not in there:
            ensure(task, NOUN, str(row["Identity"]), NOUN.shown(row) or {})
            back.append(str(row["Identity"]))
    said = f" The legacy entry of {', '.join(back)} was put back, so the legacy path is whole." if back else ""
    return CmdletFailed(f"{trouble.text}{said}", trouble.errors, trouble.call)


def beside_entry(task: Task, name: str, trouble: CmdletFailed) -> CmdletFailed:
    """What may help where a partner is refused that still has its entry: whether both can be is documented nowhere."""
    if not any(str(row.get("Identity")).casefold() == name for row in task.session.read(Query(NOUN.collection))[0]):
        return trouble
    return CmdletFailed(
        f"{trouble.text} The allowed domain {name} is still there. If the server takes no partner beside it, have it go in the same "
        f"request: retire_allowed_domain (lync_migration.legacy.entries_retired_in_window: [{name}]).",
        trouble.errors,
        trouble.call,
    )
