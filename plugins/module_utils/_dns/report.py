# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module for DNS records returns of its zones.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from .domains import Zone
from .records import earliest_cutover, instruction, shown_sets


def shown_side(zones: Sequence[Zone], side: str) -> dict[str, Any]:
    """``before`` or ``after``: one side of a diff."""
    shown = [shown_sets(zone.zone, list(getattr(zone, side).values())) for zone in zones]
    if len(shown) == 1:
        return shown[0]
    return {"zone": None, "records": [one for each in shown for one in each["records"]]}


def result(zones: Sequence[Zone], now: datetime, *, manual: bool) -> dict[str, Any]:
    each = [
        {
            "zone": zone.zone,
            "earliest_cutover": zone.evidence.value["earliest"] if zone.evidence else None,
            "old_record_gone_at": _gone_at(zone, now),
            "delegation": zone.delegation,
        }
        for zone in zones
    ]
    return {
        **shown_side(zones, "after"),
        "zones": each,
        "servers": _servers(zones),
        "delegation": [row for zone in zones for row in zone.delegation],
        "earliest_cutover": _latest(each, "earliest_cutover"),
        "old_record_gone_at": _latest(each, "old_record_gone_at"),
        "instructions": [instruction(one) for zone in zones for one in zone.steps] if manual else [],
    }


def _latest(each: Iterable[Mapping[str, Any]], name: str) -> str | None:
    return max((one[name] for one in each if one[name]), default=None)


def _gone_at(zone: Zone, now: datetime) -> str | None:
    replaced = [one.before.ttl for one in zone.steps if one.before is not None]
    return earliest_cutover(now, max(replaced)).isoformat() if replaced else None


def _servers(zones: Sequence[Zone]) -> list[dict[str, Any]]:
    """Each address once, with the serial of the zone where there is only one."""
    found: dict[str, dict[str, Any]] = {}
    for zone in zones:
        for row in zone.rows:
            one = found.setdefault(row["Server"], {"server": row["Server"], "serial": None, "transports": []})
            one["serial"] = row["Serial"] if len(zones) == 1 else None
            if row["Transport"] and row["Transport"] not in one["transports"]:
                one["transports"].append(row["Transport"])
    return list(found.values())
