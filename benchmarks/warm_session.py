#!/usr/bin/env python3
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task costs on a warm session: beside a plain local module, and beside the same calls through core's winrm.

One run of ansible-playbook against a lab of its own measures all of it, and one JSON document says what was measured.
Figures of time are of this machine at this moment; only their ratio, and the counts, can be held against a bar.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
HOST, FQDN = "fe", "fe.contoso.test"
MODULE, PLAIN, RAW = "lync.xmpp_migration.xmpp_partner_info", "ansible.builtin.ping", "ansible.builtin.raw"
COMMAND = "Import-Module Lync; Get-CsXmppAllowedPartner"

BAR_RATIO, BAR_REQUESTS, BAR_STARTS = 1.25, 2, 1

STAND_IN = (
    "Time and WS-Management traffic of core's winrm connection alone. The lab runs nothing that is foreign: it takes the command, starts no "
    "process, and ends it at once with exit code 1. On a real server each of these tasks also waits for a new powershell.exe and "
    "for Import-Module Lync; neither is in these figures, so they are a lower bound."
)


class Broken(Exception):
    """The run did not measure what it was to measure."""


def lab(*arguments: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "lab", *arguments], cwd=ROOT, check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise Broken(f"The lab said: {done.stderr.strip()}")
    return json.loads(done.stdout) if done.stdout.strip() else None


# --- the playbook


def play(hosts: str, *tasks: dict[str, Any], **keywords: Any) -> dict[str, Any]:
    return {"hosts": hosts, "gather_facts": False, **keywords, "tasks": list(tasks)}


def playbook(directory: Path, calls: int, rounds: int) -> list[dict[str, Any]]:
    """Rounds of each kind in turn, so that what else the machine does strikes all of them."""
    warm: dict[str, Any] = {"name": "warm", MODULE: {}}
    local: dict[str, Any] = {"name": "local", PLAIN: {}}
    pipelined: dict[str, Any] = {"name": "pipelined", PLAIN: {}, "vars": {"ansible_pipelining": True}}
    raw: dict[str, Any] = {"name": "raw", RAW: COMMAND, "failed_when": False, "changed_when": False}
    count: dict[str, Any] = {
        "name": "count",
        "ansible.builtin.command": {
            "argv": [sys.executable, "-m", "lab", "counts", "--state-dir", str(directory / "lab")],
            "chdir": str(ROOT),
        },
        "changed_when": False,
    }
    controller = {"connection": "local", "vars": {"ansible_python_interpreter": sys.executable}}
    plays = [
        # What only the first task pays is not measured: the session, and the modules that core packs once in a run.
        play(HOST, {"name": "open", "lync.xmpp_migration.session": {}}, {**warm, "name": "first"}),
        play("localhost", {**local, "name": "first"}, count, **controller),
    ]
    for _ in range(rounds):
        plays += [play(HOST, *[warm] * calls), play("localhost", *[local] * calls, *[pipelined] * calls, **controller)]
    plays += [
        play("localhost", count, **controller),
        play(HOST, *[raw] * calls),
        play("localhost", count, **controller),
    ]
    return plays


def run(directory: Path, inventory: str, plays: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines of benchmarks/callback/task_times.py."""
    times, file = directory / "times.ndjson", directory / "playbook.yml"
    file.write_text(yaml.dump(plays, Dumper=NoAliases, sort_keys=False), encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "XDG_"))}
    environment = {
        **kept,
        "HOME": str(directory),
        "TMPDIR": str(directory),
        "XDG_RUNTIME_DIR": str(directory),
        "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "benchmarks" / "callback"),
        "ANSIBLE_CALLBACKS_ENABLED": "task_times",
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_HOST_PATTERN_MISMATCH": "error",
        "ANSIBLE_NOCOLOR": "1",
        "LYNC_TASK_TIMES": str(times),
    }
    told = json.dumps({"lync_migration_state_dir": str(directory / "migration")})
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", inventory, "-e", told, str(file)]
    done = subprocess.run(
        command,
        cwd=directory,
        env=environment,
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode:
        raise Broken(f"ansible-playbook ended with {done.returncode}:\n{done.stdout}")
    return [json.loads(line) for line in times.read_text(encoding="ascii").splitlines()]


class NoAliases(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


# --- what it shows


def seconds(lines: Sequence[dict[str, Any]], task: str, expected: int) -> dict[str, Any]:
    taken = [line["seconds"] for line in lines if line["task"] == task and line["outcome"] == "ok"]
    if len(taken) != expected:
        raise Broken(f"{expected} tasks «{task}» were to end well, not {len(taken)}.")
    return {
        "tasks": expected,
        "seconds_per_task": round(statistics.median(taken), 4),
        "fastest": round(min(taken), 4),
        "slowest": round(max(taken), 4),
    }


OPERATIONS = ("create", "command", "send", "receive", "signal", "delete")


def traffic(before: dict[str, Any], after: dict[str, Any], tasks: int) -> dict[str, Any]:
    """What the endpoint counted between two moments, for each task."""
    grown = {name: after.get(name, 0) - before.get(name, 0) for name in ("requests", "shells", *OPERATIONS)}
    return {
        "requests_per_call": round(grown["requests"] / tasks, 2),
        "shells_per_call": round(grown["shells"] / tasks, 2),
        "operations_per_call": {name: round(grown[name] / tasks, 2) for name in OPERATIONS if grown[name]},
    }


def bar(limit: float, measured: float) -> dict[str, Any]:
    return {"bar": limit, "measured": measured, "met": measured <= limit}


def report(lines: Sequence[dict[str, Any]], calls: int, rounds: int) -> dict[str, Any]:
    counted = [json.loads(line["stdout"])["hosts"][HOST] for line in lines if line["task"] == "count"]
    if len(counted) != 3:
        raise Broken(f"The lab was to be asked three times, not {len(counted)}.")
    opened, warmed, ended = counted
    tasks = calls * rounds
    warm = {"module": MODULE, **seconds(lines, "warm", tasks), **traffic(opened, warmed, tasks)}
    warm |= {"powershell_starts": warmed["powershell_starts"], "shells": warmed["shells"]}
    local = {"module": PLAIN, **seconds(lines, "local", tasks)}
    pipelined = {"module": PLAIN, **seconds(lines, "pipelined", tasks)}
    raw = {"module": RAW, "command": COMMAND, "measured": STAND_IN, **seconds(lines, "raw", calls)}
    raw |= traffic(warmed, ended, calls)
    raw["exit_codes"] = sorted({line["rc"] for line in lines if line["task"] == "raw"})
    ratio = round(warm["seconds_per_task"] / local["seconds_per_task"], 3)
    return {
        "benchmark": "warm_session",
        "machine": {
            "cores": os.cpu_count(),
            "load": round(os.getloadavg()[0], 2),
            "python": platform.python_version(),
        },
        "calls": calls,
        "rounds": rounds,
        "warm_session": warm,
        "local_module": local,
        "local_module_pipelined": pipelined,
        "core_winrm_raw": raw,
        "ratio_to_local_module": ratio,
        "ratio_to_local_module_pipelined": round(warm["seconds_per_task"] / pipelined["seconds_per_task"], 3),
        "ratio_to_core_winrm_raw": round(warm["seconds_per_task"] / raw["seconds_per_task"], 3),
        "bars": {
            "ratio_to_local_module": bar(BAR_RATIO, ratio),
            "requests_per_call": bar(BAR_REQUESTS, warm["requests_per_call"]),
            "powershell_starts": bar(BAR_STARTS, warm["powershell_starts"]),
        },
    }


def measure(calls: int, rounds: int) -> dict[str, Any]:
    # A socket's path is short: not below the checkout, whose path may be long.
    directory = Path(tempfile.mkdtemp(prefix="lync-bench-", dir="/tmp"))
    place = str(directory / "lab")
    try:
        ready = lab("up", "--estate", "small", "--state-dir", place, "--owner", str(os.getpid()))
        try:
            return report(run(directory, ready["inventory"], playbook(directory, calls, rounds)), calls, rounds)
        finally:
            lab("down", "--state-dir", place)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Measures what a task costs on a warm session; prints JSON.")
    parser.add_argument(
        "--calls", type=int, default=10, metavar="N", help="tasks of each kind in a round (default: 10)"
    )
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="rounds; core's raw has one (default: 3)")
    options = parser.parse_args(arguments)
    if options.calls < 1 or options.rounds < 1:
        parser.error("--calls and --rounds are at least 1")
    try:
        print(json.dumps(measure(options.calls, options.rounds), indent=2))
    except Broken as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
