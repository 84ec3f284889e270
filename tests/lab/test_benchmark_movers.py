# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark of movers still measures, each process for itself. What a user costs is judged where there are many of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "movers.py"


def test_a_user_costs_the_controller_little() -> None:
    done = subprocess.run(
        [sys.executable, str(BENCHMARK), "cost", "--users", "300"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout)["cost"]
    (run,) = measured["runs"]
    assert run["users"] == 300 and set(run["memory_mb"]) == {"ansible_playbook", "daemon", "worker"}
    assert measured["bars"]["memory_mb"]["met"], measured["bars"]
    # with so few users, starting the movers is most of it
    assert measured["bars"]["controller_ms_per_user"]["measured"] <= 10, measured["bars"]
