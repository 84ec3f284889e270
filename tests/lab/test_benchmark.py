# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark measures what it says, and its counts keep their bars. Times are never judged: machines are busy."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "warm_session.py"
CALLS, ROUNDS = 2, 2


@pytest.fixture(scope="module")
def measured() -> dict[str, Any]:
    command = [sys.executable, str(SCRIPT), "--calls", str(CALLS), "--rounds", str(ROUNDS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_it_says_what_was_measured(measured: dict[str, Any]) -> None:
    tasks = CALLS * ROUNDS
    kinds = {"warm_session": tasks, "local_module": tasks, "local_module_pipelined": tasks, "core_winrm_raw": CALLS}
    for kind, number in kinds.items():
        one = measured[kind]
        assert one["tasks"] == number
        assert 0 < one["fastest"] <= one["seconds_per_task"] <= one["slowest"]
    warm, local = measured["warm_session"]["seconds_per_task"], measured["local_module"]["seconds_per_task"]
    assert measured["ratio_to_local_module"] == pytest.approx(warm / local, abs=0.001)
    assert set(measured["bars"]) == {"ratio_to_local_module", "requests_per_call", "powershell_starts"}
    assert all(one["met"] == (one["measured"] <= one["bar"]) for one in measured["bars"].values())


def test_a_batch_is_two_requests_and_a_run_one_powershell(measured: dict[str, Any]) -> None:
    warm = measured["warm_session"]
    assert warm["requests_per_call"] == 2
    assert warm["operations_per_call"] == {"send": 1, "receive": 1}
    assert (warm["powershell_starts"], warm["shells"]) == (1, 1)
    assert measured["bars"]["requests_per_call"]["met"]
    assert measured["bars"]["powershell_starts"]["met"]


def test_cores_raw_pays_for_a_shell_each_time_and_is_said_to_have_run_nothing(measured: dict[str, Any]) -> None:
    raw = measured["core_winrm_raw"]
    assert raw["operations_per_call"] == {"create": 1, "command": 1, "receive": 1, "signal": 1, "delete": 1}
    assert raw["requests_per_call"] == 5
    assert raw["shells_per_call"] == 1
    assert raw["exit_codes"] == [1]
    assert "starts no process" in raw["measured"]


@pytest.mark.parametrize("option", [["--calls", "0"], ["--rounds", "0"]])
def test_nothing_to_measure_is_refused(option: list[str]) -> None:
    done = subprocess.run([sys.executable, str(SCRIPT), *option], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "at least 1" in done.stderr
