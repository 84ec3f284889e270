#!/usr/bin/env python3
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All four demonstrations from bare servers, one after the other: each source with each edition, planned, done, done again.

Prints one JSON document. Exit status 0 means that each of them ended with all six steps done, that its second real run
changed nothing, and that no law was broken.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SOURCES, EDITIONS = ("lync2010", "ocs2007r2"), ("standard", "enterprise")
RUNS = ("planned", "did", "did again")
NUMBERS = r"\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)$"


def read(output: str, code: int) -> dict[str, Any]:
    """What ./demo printed: the changes that each step planned and made, and the seconds of each run."""
    steps = re.findall(rf"^([1-6])  .+?{NUMBERS}", output, re.MULTILINE)
    changed = re.search(rf"^tasks that changed something{NUMBERS}", output, re.MULTILINE)
    seconds = re.search(rf"^seconds{NUMBERS}", output, re.MULTILINE)
    found: dict[str, Any] = {
        "changes": {f"step {step}": dict(zip(RUNS, map(int, numbers), strict=True)) for step, *numbers in steps},
        "tasks_that_changed": dict(zip(RUNS, map(int, changed.groups()), strict=True)) if changed else {},
        "seconds": dict(zip(RUNS, map(float, seconds.groups()), strict=True)) if seconds else {},
    }
    whole = len(steps) == 6 and all(int(planned) and int(did) for _step, planned, did, _again in steps)
    found["ok"] = code == 0 and whole and found["tasks_that_changed"].get("did again") == 0
    if not found["ok"]:
        found["output"] = output.splitlines()[-30:]
    return found


def demo(source: str, edition: str, users: int | None) -> dict[str, Any]:
    directory = Path(tempfile.mkdtemp(prefix="lync-demo-", dir="/tmp"))
    command = [sys.executable, str(ROOT / "scripts" / "demo.py"), "--source", source, "--edition", edition]
    command += ["--directory", str(directory), *(["--users", str(users)] if users else [])]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        return {"source": source, "edition": edition, **read(done.stdout, done.returncode)}
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Runs all four demonstrations from bare servers; prints JSON.")
    parser.add_argument("--users", type=int, metavar="N", help="instead of the estates' own number")
    parser.add_argument("--source", choices=SOURCES, action="append", help="only this one")
    parser.add_argument("--edition", choices=EDITIONS, action="append", help="only this one")
    options = parser.parse_args(arguments)
    demos = [
        demo(source, edition, options.users)
        for source in options.source or SOURCES
        for edition in options.edition or EDITIONS
    ]
    machine = {"cores": os.cpu_count(), "load": round(os.getloadavg()[0], 2), "python": platform.python_version()}
    print(json.dumps({"benchmark": "demos", "machine": machine, "demos": demos}, indent=2))
    return 0 if all(one["ok"] for one in demos) else 1


if __name__ == "__main__":
    sys.exit(main())
