#!/usr/bin/env python3
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole crash sweep: a migration is broken off at every call that changes something, and run again.

Each call is struck twice, before it runs and when it has taken effect, by the death of the PowerShell, a restart of the
server's WinRM service and the death of the controller in turn. Prints one JSON document; the exit status is 0 when every
migration came to the end of an undisturbed one with no law broken.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from ansible.plugins.loader import init_plugin_loader

# before the first import of the collection: what was imported without it cannot be found by it afterwards
init_plugin_loader()

from ansible_collections.lync.xmpp_migration.tests.replay.bare import USERS
from ansible_collections.lync.xmpp_migration.tests.replay.migration import record
from ansible_collections.lync.xmpp_migration.tests.replay.sweep import Point, Undisturbed, timed, undisturbed

ESTATES = {"lync2010": 5, **USERS}


def one(told: Undisturbed, point: Point) -> tuple[Point, list[str], float]:
    with tempfile.TemporaryDirectory(prefix="lync-sweep-") as directory:
        return timed(told, point, Path(directory) / "lab")


def swept(estate: str, sample: int | None, seed: str, jobs: int) -> dict[str, Any]:
    users = ESTATES[estate]
    with tempfile.TemporaryDirectory(prefix="lync-sweep-") as directory:
        recording = record(Path(directory) / "recording", estate, users).recording
        told = undisturbed(estate, users, recording, Path(directory) / "undisturbed")
    points = told.points() if sample is None else told.sample(seed, sample)
    started = time.perf_counter()
    wrong: dict[str, list[str]] = {}
    kinds: Counter[str] = Counter()
    seconds = 0.0
    with concurrent.futures.ProcessPoolExecutor(jobs) as pool:
        for point, found, took in pool.map(one, [told] * len(points), points):
            kinds[point.kind] += 1
            seconds += took
            if found:
                wrong[point.shown] = found
                print(f"{estate}: {point.shown}: {'; '.join(found)}", file=sys.stderr, flush=True)
    return {
        "estate": estate,
        "calls": len(told.calls),
        "points": len(points),
        "kinds": dict(kinds),
        "wrong": wrong,
        "seconds": round(time.perf_counter() - started, 1),
        "seconds_per_point": round(seconds / max(1, len(points)), 2),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("estates", nargs="*", default=[], metavar="ESTATE", help=f"{', '.join(ESTATES)} (default: all)")
    parser.add_argument("--sample", type=int, metavar="N", help="so many points of each, instead of all")
    parser.add_argument("--seed", default="12", help="which ones (default: 12)")
    parser.add_argument("--jobs", type=int, default=2, help="migrations beside each other (default: 2)")
    options = parser.parse_args()
    unknown = set(options.estates) - set(ESTATES)
    if unknown:
        parser.error(f"there is no estate {', '.join(sorted(unknown))}")
    found = [swept(estate, options.sample, options.seed, options.jobs) for estate in options.estates or ESTATES]
    print(json.dumps({"sweep": found, "ok": not any(one["wrong"] for one in found)}, indent=1))
    return int(any(one["wrong"] for one in found))


if __name__ == "__main__":
    sys.exit(main())
