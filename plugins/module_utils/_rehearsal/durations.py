# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the steps take on real servers: what has been published, with its source, and "unknown" where nothing has. Pure.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

MOVES = "http://www.skypeadmin.com/2015/10/19/move-your-lyncskype-users-faster/"
#: Moves at once, users per second: one pipeline of 35 000 users (projected to just under 8 hours), and 24 in under 2 hours.
CURVE = ((1.0, 1.2), (24.0, 4.9))
UNKNOWN = "unknown: nobody has published how long this takes"
STEPS = {
    0: "Preflight",
    1: "Deploy the Lync Server 2013 pool",
    2: "Deploy the Edge Server",
    3: "Move the users",
    4: "XMPP access policies and Edge certificates",
    5: "Enable XMPP federation",
    6: "Update DNS",
}


def at_once(movers: float) -> float:
    """Users per second: the seconds of one move grow evenly between the two points."""
    (few, slow), (many, quick) = CURVE
    low, high = few / slow, many / quick
    seconds = low + (high - low) * (min(max(movers, few), many) - few) / (many - few)
    return movers / seconds


def estimates(settings: Mapping[str, Any], users: Mapping[str, int], ttl: int) -> dict[int, dict[str, Any]]:
    """For each step: seconds at least and at most (None: unknown), and where the figure comes from.

    `users` counts the users to be moved by their product (`lync`, `ocs`); `ttl` is the longest lifetime of a record to be swapped.
    """
    made: dict[int, dict[str, Any]] = {step: {"least": None, "most": None, "source": UNKNOWN} for step in STEPS}
    count, ocs = users.get("lync", 0), users.get("ocs", 0)
    if ocs:
        made[3]["source"] = "unknown: no published figure was found for Move-CsLegacyUser"
    else:
        movers = (settings.get("users") or {}).get("movers") or 4
        least, most = (math.ceil(count / at_once(one)) for one in (movers, 1))
        said = f"{count} users at 1.2 a second with one mover and about {at_once(movers):.1f} with {movers}, as measured for moves between other versions"
        made[3] = {"least": least, "most": most, "source": f"{said}: {MOVES}"}
    dns = settings.get("dns") or {}
    window, margin = int(dns.get("ttl_window", 300)), int(dns.get("margin", 60))
    made[6] = {
        "least": window + margin, "most": ttl + window + margin,
        "source": f"the lifetimes of the records: {ttl} s as they are now, unless they were lowered before, {window} s in the window, and "
        f"a margin of {margin} s; without what partners' resolvers keep longer",
    }  # fmt: skip
    return made


def shown(seconds: float | None) -> str:
    if seconds is None:
        return "unknown"
    whole = math.ceil(seconds)
    if whole < 120:
        return f"{whole} s"
    return f"{math.ceil(whole / 60)} min" if whole < 7200 else f"{whole / 3600:.1f} h"
