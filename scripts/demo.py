#!/usr/bin/env python3
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Migrate a whole organisation in the lab: dry run, real run, and the real run again.

Started by ./demo, which sets up the environment first. Exit status 0 means that the dry run changed nothing, that the
real run ended well, that running it again changed nothing, and that no law was broken on the way.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("lync2010", "ocs2007r2")
STEPS = {
    "pool_deploy": "1  deploy the pool",
    "edge_deploy": "2  deploy the Edge server",
    "user_move": "3  move all users",
    "xmpp_access": "4  access policies and certificates",
    "federation_enable": "5  enable XMPP federation",
    "dns_update": "6  update DNS",
}


@dataclass
class Run:
    """One ansible-playbook run: its exit status, what it changed by host, and its lines of plan or journal."""

    title: str
    status: int = 0
    seconds: float = 0.0
    changed: dict[str, int] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    log: Path = Path()


def lines(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="ascii").split("\n") if line]


def lab(*arguments: str) -> str:
    command = [sys.executable, "-m", "lab", *arguments]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"The lab said: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def play(title: str, inventory: Path, state: Path, log: Path, *options: str) -> Run:
    """Run the master playbook, its output going to `log`; journal and plan tell what it did."""
    run = Run(title, log=log)
    journal = state / "journal.ndjson"
    before = len(lines(journal))
    known = {path.name for path in (state / "runs").glob("*")}
    environment = dict(
        os.environ,
        ANSIBLE_NOCOLOR="1",
        ANSIBLE_RETRY_FILES_ENABLED="0",
        ANSIBLE_DEPRECATION_WARNINGS="0",
        ANSIBLE_LOCALHOST_WARNING="0",
        ANSIBLE_INVENTORY_UNPARSED_WARNING="0",
    )
    command = [
        str(Path(sys.executable).parent / "ansible-playbook"),
        "lync.xmpp_migration.migrate",
        "-i",
        str(inventory),
        "-e",
        json.dumps({"lync_migration_state_dir": str(state)}),
        *options,
    ]
    started = time.monotonic()
    with log.open("w", encoding="utf-8") as output:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=environment
        )
        try:
            run.status = child.wait()
        except KeyboardInterrupt:
            child.wait()
            raise
    run.seconds = time.monotonic() - started
    for host, changed in re.findall(
        r"^(\S+)\s+: ok=\d+\s+changed=(\d+)", log.read_text(encoding="utf-8"), re.MULTILINE
    ):
        run.changed[host] = int(changed)
    written = lines(journal)[before:]
    for path in (state / "runs").glob("*"):
        if path.name not in known:
            written += lines(path / "plan.ndjson")
    # A role is called by its full name in a playbook, and by its short one elsewhere.
    run.calls.update(str(line.get("role")).rpartition(".")[2] for line in written if line.get("kind") == "intent")
    return run


def show(runs: list[Run]) -> None:
    print(f"\n{'step':40}" + "".join(f"{run.title:>14}" for run in runs))
    for role, label in STEPS.items():
        print(f"{label:40}" + "".join(f"{run.calls[role]:>14}" for run in runs))
    print(f"{'tasks that changed something':40}" + "".join(f"{sum(run.changed.values()):>14}" for run in runs))
    print(f"{'seconds':40}" + "".join(f"{run.seconds:>14.1f}" for run in runs))


def tail(path: Path) -> str:
    return "\n".join(path.read_text(encoding="utf-8").splitlines()[-25:])


def by_hand(directory: Path, migration: dict[str, Any]) -> list[str]:
    """What a person does at a console that has no cmdlets: the gates that have to be confirmed, for the real runs."""
    if migration.get("source") != "ocs_2007_r2":
        return []
    pool = migration["pool"]
    servers = [pool["fqdn"], *(one["fqdn"] for one in pool.get("machines") or ())]
    gate = "ocs_edge_internal_list"
    print(f"By hand:  {', '.join(servers)} entered on the tab Internal of the OCS Edge, as the gate {gate} asks for")
    for server in servers:
        lab("gui", "--state-dir", str(directory / "lab"), gate, server)
    return ["-e", json.dumps({"pool_deploy_gates_confirmed": [gate]})]


def migrate(directory: Path, inventory: Path, check_only: bool, migration: dict[str, Any]) -> list[str]:
    """The runs, shown; what went wrong, as sentences."""
    state = directory / "migration"
    wrong: list[str] = []
    confirmed: list[str] = []
    plan = ["planned"] if check_only else ["planned", "did", "did again"]
    runs: list[Run] = []
    for title in plan:
        options = ["--check", "--diff"] if title == "planned" else confirmed
        print(
            f"{'Dry run' if title == 'planned' else 'Real run'}: ansible-playbook lync.xmpp_migration.migrate -i {inventory} {' '.join(options)}",
            flush=True,
        )
        runs.append(play(title, inventory, state, directory / f"{title.replace(' ', '_')}.log", *options))
        if runs[-1].status:
            wrong.append(
                f"The run «{title}» ended with {runs[-1].status}; its last lines ({runs[-1].log}):\n{tail(runs[-1].log)}"
            )
            break
        if title == "planned" and any(
            line.get("write")
            for line in map(json.loads, lab("transcript", "--state-dir", str(directory / "lab")).splitlines())
        ):
            wrong.append("The dry run made a call that changes state.")
        if title == "planned" and not check_only:
            confirmed = by_hand(directory, migration)
    show(runs)
    if not wrong and not check_only and any(runs[-1].changed.values()):
        wrong.append(f"The second real run changed something: {runs[-1].changed}.")
    counts = json.loads(lab("counts", "--state-dir", str(directory / "lab")))
    if counts.get("violations"):
        wrong.append(f"The lab saw a law broken: {counts['violations']}.")
    print(
        f"\njournal   {state / 'journal.ndjson'}\nplan      {next(iter(sorted((state / 'runs').glob('*/plan.ndjson'))), '-')}\noutput    {directory}/*.log"
    )
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="demo", description="Migrate a whole organisation in the lab: dry run, real run, and again."
    )
    parser.add_argument("--check", action="store_true", help="dry run only")
    parser.add_argument("--users", type=int, metavar="N", help="number of users instead of the estate's own")
    parser.add_argument(
        "--source",
        default="lync2010",
        metavar="NAME",
        help="lync2010 (default) or ocs2007r2, from bare servers; or the name of any other estate in lab/estates",
    )
    parser.add_argument(
        "--edition", choices=["standard", "enterprise"], default="standard", help="of the new pool (default: standard)"
    )
    parser.add_argument(
        "--directory", type=Path, default=ROOT / ".lab" / "demo", help="where the lab and the migration's state lie"
    )
    parser.add_argument("--keep", action="store_true", help="leave the lab running and say how to reach it")
    options = parser.parse_args()
    name = f"{options.source}-{options.edition}" if options.source in SOURCES else options.source
    estate = ROOT / "lab" / "estates" / f"{name}.yml"
    if not estate.is_file():
        known = ", ".join(sorted(path.stem for path in estate.parent.glob("*.yml")))
        parser.error(f"there is no estate {name}; there are: {known}")
    directory = options.directory.resolve()
    if (directory / "lab").exists():
        subprocess.run(
            [sys.executable, "-m", "lab", "down", "--state-dir", str(directory / "lab")],
            cwd=ROOT,
            check=False,
            capture_output=True,
        )
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True, mode=0o700)
    more = ["--users", str(options.users)] if options.users else []
    # Without --keep the lab ends with this process, however that ends.
    more += [] if options.keep else ["--owner", str(os.getpid())]
    ready = json.loads(lab("up", "--estate", str(estate), "--state-dir", str(directory / "lab"), *more))
    inventory = Path(ready["inventory"])
    wrong = ["interrupted"]
    try:
        migration = yaml.safe_load(estate.read_text(encoding="utf-8"))["migration"]
        wrong = migrate(directory, inventory, options.check, migration)
    except KeyboardInterrupt:
        print("\nInterrupted; nothing is left running but what --keep keeps.")
    finally:
        if options.keep:
            print(
                f"\nThe lab goes on. Reach it with:\n  ansible-playbook lync.xmpp_migration.migrate -i {inventory} --check --diff\n"
                f"  python -m lab state --state-dir {directory / 'lab'} --json\nEnd it with:\n  python -m lab down --state-dir {directory / 'lab'}"
            )
        else:
            lab("down", "--state-dir", str(directory / "lab"))
    for sentence in wrong:
        print(f"\n{sentence}", file=sys.stderr)
    print("\n" + ("The migration did not end as it should." if wrong else "Done."))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
