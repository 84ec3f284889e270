#!/usr/bin/env python3
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether dry runs say what real runs do, on estates at random.

Each estate is planned, migrated and migrated again in one process; plan and journal may differ in nothing but what only
servers make. Prints one JSON document; the exit status is 0 when no estate had a difference.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from ansible.plugins.loader import init_plugin_loader

# before the first import of the collection: what was imported without it cannot be found by it afterwards
init_plugin_loader()

from ansible_collections.lync.xmpp_migration.tests.replay.bare import USERS
from ansible_collections.lync.xmpp_migration.tests.replay.fidelity import compared
from ansible_collections.lync.xmpp_migration.tests.replay.migration import record
from ansible_collections.lync.xmpp_migration.tests.replay.random_estates import BASES, base_of, random_estate
from ansible_collections.lync.xmpp_migration.tests.replay.recording import Recorded


def one(seed: int, recordings: Mapping[str, Sequence[Recorded]]) -> tuple[int, list[str]]:
    with tempfile.TemporaryDirectory(prefix="lync-fidelity-") as directory:
        return seed, compared(random_estate(seed), recordings[base_of(seed)], Path(directory) / "lab")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=50, metavar="N", help="estates (default: 50)")
    parser.add_argument("--seed", type=int, default=12, help="of the first one (default: 12)")
    parser.add_argument("--jobs", type=int, default=2, help="estates beside each other (default: 2)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lync-fidelity-") as directory:
        recordings = {base: record(Path(directory) / base, base, USERS[base]).recording for base in BASES}
    started = time.perf_counter()
    seeds = range(options.seed * 100, options.seed * 100 + options.count)
    with concurrent.futures.ProcessPoolExecutor(options.jobs) as pool:
        found = dict(pool.map(one, seeds, [recordings] * options.count))
    wrong = {seed: said for seed, said in found.items() if said}
    users = [sum(getattr(group, "count", 1) for group in random_estate(seed).users) for seed in seeds]
    shown = {
        "estates": options.count,
        "bases": list(BASES),
        "users": {"least": min(users), "most": max(users), "all": sum(users)},
        "wrong": wrong,
        "seconds": round(time.perf_counter() - started, 1),
        "ok": not wrong,
    }
    print(json.dumps(shown, indent=1))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
