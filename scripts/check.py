# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the tests and gates of C(./check), all or the parts that are named, and counts.

A part that fails does not hide the others. The gates that only look at files run two at a time; what watches the clock
or opens ports runs alone.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from gates import GATES, Finding, Gate
from project import CACHE, ROOT, end_all, run

PARTS = ("lint", "unit", "docs", "package", "sanity", "newest", "molecule", "lab")


@dataclass(frozen=True)
class Result:
    part: str
    name: str
    passed: int
    failed: int
    seconds: float
    remark: str = ""


def prepare_environment() -> None:
    """What every test and gate finds: the tools of this environment first, and none of the user's own Ansible."""
    binaries = Path(sys.executable).parent
    path = [str(binaries), os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"]
    os.environ["PATH"] = os.pathsep.join(path)
    os.environ["VIRTUAL_ENV"] = str(binaries.parent)
    os.environ["ANSIBLE_HOME"] = str(CACHE / "ansible")
    for name in ("ANSIBLE_CONFIG", "ANSIBLE_COLLECTIONS_PATH", "ANSIBLE_INVENTORY", "PYTHONPATH"):
        os.environ.pop(name, None)


def judge(gate: Gate) -> Result:
    started = time.monotonic()
    try:
        remark = gate.judge() or ""
    except Finding as finding:
        return Result(gate.part, gate.name, 0, 1, time.monotonic() - started, str(finding))
    except Exception as problem:  # a gate that breaks down is closed
        return Result(gate.part, gate.name, 0, 1, time.monotonic() - started, f"{type(problem).__name__}: {problem}")
    return Result(gate.part, gate.name, 1, 0, time.monotonic() - started, remark)


def judge_all(gates: Sequence[Gate], workers: int) -> list[Result]:
    results = []
    with ThreadPoolExecutor(max_workers=workers) as pool:
        try:
            for future in as_completed([pool.submit(judge, gate) for gate in gates]):
                result = future.result()
                results.append(result)
                outcome = "FAILED" if result.failed else "passed"
                print(f"{outcome}  {result.part}: {result.name} ({result.seconds:.1f} s)", flush=True)
                if result.remark:
                    print(result.remark.rstrip(), flush=True)
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            end_all()
            raise
    return results


def pytest(part: str, folder: str, *options: str) -> Result | None:
    """Runs a folder of tests beside each other; None where there is none yet."""
    if not any((ROOT / folder).rglob("test_*.py")):
        print(f"{part}: there are no tests in {folder} yet", flush=True)
        return None
    report = CACHE / "reports" / f"{part}.xml"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    print(f"-- {part}", flush=True)
    settings = ["-q", "-n", "2", "--durations=5", "--durations-min=2", f"--junit-xml={report}"]
    ended = run([sys.executable, "-m", "pytest", *settings, *options, folder], live=True)
    return count(part, folder, report, ended.code, ended.seconds)


def count(part: str, name: str, report: Path, code: int, seconds: float) -> Result:
    """What the report says; a run that ended badly is at least one failure, whatever the report says."""
    passed = failed = 0
    if report.exists():
        for suite in ET.parse(report).getroot().iter("testsuite"):  # noqa: S314 - as above
            bad = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
            failed += bad
            passed += max(0, int(suite.get("tests", 0)) - bad - int(suite.get("skipped", 0)))
    if code != 0:
        failed = max(failed, 1)
    return Result(part, name, passed, failed, seconds)


def molecule() -> list[Result]:
    """All scenarios in one run: C(default) starts the lab for the others and stops it after them."""
    scenarios = sorted(path.parent.name for path in (ROOT / "extensions" / "molecule").glob("*/molecule.yml"))
    if not scenarios:
        print("molecule: there are no scenarios yet", flush=True)
        return []
    # Without this a play whose hosts pattern fits no host is skipped, and molecule takes that for a success. It has to be
    # in the environment: the configuration of the scenarios is not read when molecule is run from elsewhere.
    # The lab ends with its owner, so that a run that is broken off leaves none.
    env = {"ANSIBLE_HOST_PATTERN_MISMATCH": "error", "LYNC_LAB_OWNER": str(os.getpid())}
    print(f"-- molecule: {', '.join(scenarios)}", flush=True)
    ended = run(["molecule", "test", "--all"], env=env)
    if ended.code != 0:
        print(ended.output, flush=True)
    failed = failed_scenarios(scenarios, ended.output, ended.code)
    return [Result("molecule", "scenarios", len(scenarios) - len(failed), len(failed), ended.seconds)]


def failed_scenarios(scenarios: Sequence[str], output: str, code: int) -> list[str]:
    """The scenarios without a good line in molecule's recap; C(default) has two, for before and after the others."""
    recap: dict[str, bool] = {}
    for name, failures in re.findall(
        r"^(\S+) *: actions=.* failed=(\d+)$", re.sub(r"\x1b\[[0-9;]*m", "", output), re.MULTILINE
    ):
        recap[name] = recap.get(name, True) and failures == "0"
    failed = [name for name in scenarios if not recap.get(name)]
    return failed or (list(scenarios[:1]) if code != 0 else [])


def run_parts(parts: Sequence[str]) -> list[Result]:
    gates = [gate for gate in GATES if gate.part in parts]
    results = judge_all([gate for gate in gates if not gate.alone], workers=2)
    results += judge_all([gate for gate in gates if gate.alone], workers=1)
    if "unit" in parts:
        results += filter(None, [pytest("unit", "tests/unit")])
    if "molecule" in parts:
        results += molecule()
    if "lab" in parts:
        # A module's tests stay on one core, because they share the servers that they started.
        # half of a lab test is waiting for the lab's clock, so a third worker finds time
        results += filter(None, [pytest("lab", "tests/lab", "--dist", "loadscope", "-n", "3")])
    return results


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="./check", description="Runs every test and gate of the project, or the parts that are named."
    )
    parser.add_argument(
        "--install", action="store_true", help="install missing system packages first (also done where CI=true)"
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"one of {', '.join(PARTS)}; all, where none is named")
    parts = parser.parse_args(arguments).parts or list(PARTS)
    if unknown := sorted(set(parts) - set(PARTS)):
        parser.error(f"there is no part {', '.join(unknown)}; there are {', '.join(PARTS)}")

    prepare_environment()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        results = run_parts(parts)
    except KeyboardInterrupt:
        end_all()
        print("broken off", file=sys.stderr)
        return 130

    print()
    for result in sorted(results, key=lambda each: PARTS.index(each.part)):
        counts = f"{result.passed} passed, {result.failed} failed"
        print(f"{result.part:10} {result.name:22} {result.seconds:7.1f} s   {counts}")
    print(f"{sum(r.passed for r in results)} passed, {sum(r.failed for r in results)} failed")
    return 1 if any(result.failed for result in results) or not results else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
