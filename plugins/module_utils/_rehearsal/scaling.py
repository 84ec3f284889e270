# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An estate for a rehearsal: real-life times divided by the speed, and nothing that waits for a clock on the wall. Pure.

The clock of the twin runs as the controller's does, because certificates and evidence are compared with it.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from typing import Any

from .durations import CURVE

#: Seconds for which a restarted server is away, where the estate does not say [inf].
RESTART = 30.0
_LEAST_TTL = 2


def scaled(estate: Mapping[str, Any], speed: float) -> dict[str, Any]:
    made = copy.deepcopy({name: value for name, value in estate.items() if name != "users"})
    latency = {"restart": RESTART, **(made.get("latency") or {})}
    made["latency"] = {name: round(float(value) / speed, 4) for name, value in latency.items()}
    curve = made.get("moves_per_second") or [list(one) for one in CURVE]
    made["moves_per_second"] = [[at, rate * speed] for at, rate in curve]
    if made.get("replication"):
        made["replication"] = _divided(made["replication"], speed)
    for zone in made.get("zones") or ():
        for row in (zone, *zone.get("records", ())):
            if "ttl" in row:
                row["ttl"] = _ttl(row["ttl"], speed)
    settings = made.get("migration") or {}
    dns = settings.get("dns") or {}
    defaults = {"ttl_window": 300, "ttl_final": 3600, "margin": 60}
    for name, default in defaults.items():
        dns[name] = (
            _ttl(dns.get(name, default), speed) if name != "margin" else math.ceil(dns.get(name, default) / speed)
        )
    if "ttl_former" in dns:
        dns["ttl_former"] = math.ceil(dns["ttl_former"] / speed)
    users = settings.get("users") or {}
    for name in ("hours", "time_zone", "wait_for_hours"):
        users.pop(name, None)
    if "wave_pause" in users:
        users["wave_pause"] = math.ceil(users["wave_pause"] / speed)
    made["migration"] = {**settings, "dns": dns, **({"users": users} if users else {})}
    return made


def _ttl(value: Any, speed: float) -> int:
    return min(int(value), max(_LEAST_TTL, math.ceil(int(value) / speed)))


def _divided(value: Any, speed: float) -> Any:
    if isinstance(value, Mapping):
        return {name: _divided(one, speed) for name, one in value.items()}
    return round(float(value) / speed, 4)


def longest_ttl(estate: Mapping[str, Any]) -> int:
    """Of the XMPP records of the own domains."""
    own = {str(one).casefold() for one in estate.get("sip_domains") or ()}
    return max(
        (
            int(row.get("ttl", zone.get("ttl", 3600)))
            for zone in estate.get("zones") or ()
            if str(zone["name"]).casefold() in own
            for row in zone.get("records") or ()
            if str(row["name"]).startswith("_xmpp-server._tcp")
        ),
        default=3600,
    )


def movable(estate: Mapping[str, Any]) -> dict[str, int]:
    """How many enabled users on premises there are to move, by the product that has them."""
    ocs = {str((estate.get("ocs") or {}).get("pool") or "").casefold()}
    new = {str(one["fqdn"]).casefold() for one in estate.get("pools") or () if int(one.get("version", 0)) >= 6}
    counts = {"lync": 0, "ocs": 0}
    for one in estate.get("users") or ():
        pool = str(one.get("pool") or "").casefold()
        if "count" in one:
            every = int(one.get("disabled_every") or 0)
            number = int(one["count"]) - (int(one["count"]) // every if every else 0)
        else:
            number = int(one.get("enabled", True) and not one.get("ad_only") and bool(pool or one.get("home_server")))
        if pool not in new:
            counts["ocs" if pool in ocs or one.get("home_server") else "lync"] += number
    return counts
