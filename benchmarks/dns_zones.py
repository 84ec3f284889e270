#!/usr/bin/env python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service records of many SIP domains planned, swapped and verified in one task each: updates, and how the work grows.

The name server is the lab's own, in the same process as the module. Prints one JSON document.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ansible_collections.lync.xmpp_migration.lab import dns as name_servers
from ansible_collections.lync.xmpp_migration.lab.estate import Record, Zone
from ansible_collections.lync.xmpp_migration.plugins.module_utils._dns.record_set import run
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import Evidence
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.context import Context
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.journal import Journal
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import perform
from ansible_collections.lync.xmpp_migration.plugins.modules import dns_record_set

EXPONENT = 1.1
GROUPS = {"lync_2013_front_ends": ("fe2013",), "lync_2013_edges": ("edge2013",)}
OLD = Record("_xmpp-server._tcp", "SRV", "0 0 5269 old.contoso.test.")


def prove(state: Path, zones: Iterable[str]) -> None:
    """What the laws want to have seen before a swap."""
    facts = {
        "partner_seen": ("fe2013", "edge2013"),
        "certificate_names": ("edge2013",),
        "xmpp_answers": ("organisation",),
    }
    evidence = [Evidence(fact, member) for fact, members in facts.items() for member in members]
    past = (datetime.now(UTC) - timedelta(seconds=5)).isoformat()
    evidence += [Evidence("ttl_lowered", zone, "", {"earliest": past}) for zone in zones]
    Journal(str(state), "prove").evidence(
        evidence, Context(str(state), "prove", "localhost", groups=GROUPS), check=False
    )


def measured(count: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        domains = [f"d{number}.test" for number in range(count)]
        told: Counter[str] = Counter()
        server = name_servers.start(
            [Zone(one, 3, (OLD,)) for one in domains],
            directory,
            lambda zone, _changes: told.update([zone]),
            software="builtin",
        )
        try:
            prove(directory / "state", domains)
            options = {
                "domains": domains,
                "records": [{"name": OLD.name, "type": "SRV", "targets": [{"host": "access.contoso.test"}]}],
                "servers": [{"address": server.address, "port": server.port}],
                "tsig_key_name": server.key_name,
                "tsig_secret": server.key_secret,
                "wait_seconds": 5,
            }
            seconds: dict[str, float] = {}
            for part, check in (("plan", True), ("swap", False), ("verify", False)):
                context = Context(str(directory / "state"), part, "localhost", check=check, groups=GROUPS)
                used = time.process_time()
                result = perform(dns_record_set.ARGUMENT_SPEC, run, options, context)
                seconds[part] = time.process_time() - used
                if result.get("failed") or result["changed"] is not (part != "verify"):
                    raise SystemExit(f"{part}: {result.get('msg', 'not as expected')}")
        finally:
            server.stop()
    return {
        "zones": count,
        "updates": sum(told.values()),
        "most_updates_of_a_zone": max(told.values()),
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
        "total": sum(seconds.values()),
    }


def exponent(points: list[tuple[int, float]]) -> float:
    """Of the growth, by least squares over the logarithms: 1 is linear."""
    pairs = [(math.log(x), math.log(y)) for x, y in points]
    mean_x, mean_y = (statistics.fmean(one[side] for one in pairs) for side in (0, 1))
    above = sum((x - mean_x) * (y - mean_y) for x, y in pairs)
    return above / sum((x - mean_x) ** 2 for x, _y in pairs)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--zones", type=int, nargs="+", default=[25, 50, 100, 200])
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    measured(5)  # what is loaded once
    rows, points = [], []
    for count in chosen.zones:
        row = min((measured(count) for _round in range(chosen.rounds)), key=lambda one: float(one["total"]))
        points.append((count, float(row.pop("total"))))
        rows.append({**row, "milliseconds_for_a_zone": round(points[-1][1] * 1000 / count, 2)})
    grows = exponent(points)
    one_each = all(row["most_updates_of_a_zone"] == 1 and row["updates"] == row["zones"] for row in rows)
    result = {
        "sizes": rows,
        "one_update_for_each_zone": one_each,
        "exponent": round(grows, 3),
        "bars": {"exponent": EXPONENT},
        "ok": one_each and grows <= EXPONENT,
    }
    print(json.dumps(result, indent=2))
    return 0 if result["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
