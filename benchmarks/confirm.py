#!/usr/bin/env python3
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What it costs to confirm that nothing has to be done: WS-Management requests per stage and host of a deployed estate.

The whole migration is run once, then ansible-playbook confirms its steps 1 and 2, and the endpoint counts task by task. What
opens and closes the session is counted apart: a run pays it once, whatever it confirms.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BAR = 2
STAGES = ("host", "trust", "features", "packages", "ad", "store", "topology", "legacy", "databases", "local_store", "components",
          "certificates", "services")  # fmt: skip
ROLES = ("pool_deploy", "edge_deploy")


class Broken(Exception):
    """The run did not measure what it was to measure."""


def lab(*arguments: str) -> Any:
    command = [sys.executable, "-m", "lab", *arguments]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    if done.returncode:
        raise Broken(f"The lab said: {done.stderr.strip()}")
    return json.loads(done.stdout) if done.stdout.strip() else None


def play(directory: Path, inventory: str, *options: str, **more: str) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "XDG_"))}
    environment = {
        **kept,
        "HOME": str(directory),
        "TMPDIR": str(directory),
        "XDG_RUNTIME_DIR": str(directory),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_NOCOLOR": "1",
        **more,
    }
    told = json.dumps({"lync_migration_state_dir": str(directory / "migration")})
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", inventory, "-e", told]
    command += ["lync.xmpp_migration.migrate", *options]
    done = subprocess.run(
        command, cwd=directory, env=environment, check=False, text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    if done.returncode:
        raise Broken(f"ansible-playbook ended with {done.returncode}:\n{done.stdout[-4000:]}")
    return done.stdout


def requests(counts: Mapping[str, Any]) -> dict[str, int]:
    return {host: int(one["requests"]) for host, one in counts["hosts"].items()}


def table(lines: Sequence[Mapping[str, Any]]) -> tuple[dict[str, dict[str, int]], list[dict[str, Any]]]:
    """Stage -> host -> requests; and the tasks that had any, in their order. Edges pass a stage one after the other, and
    each of them asks Front Ends, and the first of them for its key: each passing counts by itself, and the dearest is told."""
    passed: dict[tuple[str, int], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    tasks = []
    for before, line in zip([{}, *lines], lines, strict=False):
        spent = {
            host: number - before.get("requests", {}).get(host, 0)
            for host, number in line["requests"].items()
            if number - before.get("requests", {}).get(host, 0)
        }
        role = str(line["role"]).rpartition(".")[2]
        tag = next((one for one in STAGES if one in line["tags"]), "")
        stage = f"{role}: {tag}" if role in ROLES and tag else role or "(no role)"
        for host, number in spent.items():
            passed[stage, int(line.get("batch", 0))][host] += number
        if spent:
            tasks.append({"stage": stage, "task": line["task"], "requests": spent})
    stages: dict[str, dict[str, int]] = {}
    for (stage, _batch), hosts in passed.items():
        told = stages.setdefault(stage, {})
        told.update({host: max(number, told.get(host, 0)) for host, number in hosts.items()})
    return stages, tasks


def measure(estate: str, users: int) -> dict[str, Any]:
    # A socket's path is short: not below the checkout, whose path may be long.
    directory = Path(tempfile.mkdtemp(prefix="lync-confirm-", dir="/tmp"))
    place = str(directory / "lab")
    try:
        ready = lab("up", "--estate", estate, "--state-dir", place, "--owner", str(os.getpid()), "--users", str(users))
        try:
            play(directory, ready["inventory"])
            start, told = lab("counts", "--state-dir", place), directory / "counts.ndjson"
            output = play(
                directory,
                ready["inventory"],
                "--tags",
                "step1,step2",
                ANSIBLE_CALLBACK_PLUGINS=str(ROOT / "benchmarks" / "callback"),
                ANSIBLE_CALLBACKS_ENABLED="task_requests",
                LYNC_LAB_CONTROL=ready["control"],
                LYNC_TASK_REQUESTS=str(told),
            )
            changed = {
                host: int(n) for host, n in re.findall(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)", output, re.MULTILINE)
            }
            lines = [json.loads(line) for line in told.read_text(encoding="ascii").splitlines()]
            stages, tasks = table([{"requests": requests(start), "role": "", "task": "", "tags": []}, *lines])
        finally:
            lab("down", "--state-dir", place)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    stages.pop("(no role)", None)
    own = {stage: hosts for stage, hosts in stages.items() if ":" in stage}
    most = max((number for hosts in own.values() for number in hosts.values()), default=0)
    return {
        "benchmark": "confirm",
        "estate": estate,
        "changed": changed,
        "stages": stages,
        "tasks": tasks,
        "bars": {"requests_per_stage_and_host": {"bar": BAR, "measured": most, "met": most <= BAR}},
    }


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Counts what confirming a deployed estate costs; prints JSON.")
    parser.add_argument("--estate", default="lync2010-standard", metavar="NAME", help="default: lync2010-standard")
    parser.add_argument("--users", type=int, default=5, metavar="N", help="of the estate (default: 5)")
    options = parser.parse_args(arguments)
    try:
        print(json.dumps(measure(options.estate, options.users), indent=2))
    except Broken as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
