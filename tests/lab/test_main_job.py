# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job as a newcomer sees it: the demonstration from start to end, then verification and acceptance.

One lab, one migration from bare servers; the tests look at it from all sides, in the order in which they stand. Of the four
demonstrations one is run, each commit another; LYNC_DEMO names one (ocs2007r2-enterprise).
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.lab.organisation.state import state
from ansible_collections.lync.xmpp_migration.tests.replay.bare import end_unlike, written
from ansible_collections.lync.xmpp_migration.tests.unit.lab.worlds import world as world_of

pytestmark = pytest.mark.timeout(1500)

ROOT = Path(__file__).parents[2]
DEMOS = ("lync2010-standard", "ocs2007r2-standard", "lync2010-enterprise", "ocs2007r2-enterprise")
USERS = 12
#: What the migration has no business with. A Central Management store that is made anew has its own of some.
UNTOUCHED = {
    "lync2010": ("name", "domain", "sip_domains", "access_edge", "xmpp_gateway", "hosting_providers", "simple_urls"),
    "ocs2007r2": ("name", "domain"),
}


def in_turn() -> str:
    """The number of the commit decides; what is no checkout takes the day."""
    command = ["git", "-C", str(ROOT), "rev-list", "--count", "HEAD"]
    try:
        number = int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    except (OSError, ValueError, subprocess.CalledProcessError):
        number = int(time.time() // 86400)
    return DEMOS[number % len(DEMOS)]


NAME = os.environ.get("LYNC_DEMO") or in_turn()
SOURCE, _dash, EDITION = NAME.partition("-")
NEW = [fqdn for names in written(NAME)["servers"].values() for fqdn in names]


@dataclass
class Demo:
    directory: Path
    code: int
    output: str

    def lab(self, command: str) -> str:
        told = [sys.executable, "-m", "ansible_collections.lync.xmpp_migration.lab", command]
        told += ["--state-dir", str(self.directory / "lab")]
        return subprocess.run(told, capture_output=True, text=True, check=True).stdout

    def state(self) -> dict[str, Any]:
        return json.loads(self.lab("state"))

    def play(self, playbook: str, *options: str) -> subprocess.CompletedProcess[str]:
        told = [
            "ansible-playbook",
            f"lync.xmpp_migration.{playbook}",
            "-i",
            str(self.directory / "lab" / "inventory.yml"),
        ]
        told += ["-e", json.dumps({"lync_migration_state_dir": str(self.directory / "migration")}), *options]
        environment = {**os.environ, "ANSIBLE_NOCOLOR": "1"}
        return subprocess.run(
            told, capture_output=True, text=True, check=False, env=environment, stdin=subprocess.DEVNULL
        )


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    directory = tmp_path_factory.mktemp("demo")
    told = [
        sys.executable,
        str(ROOT / "scripts" / "demo.py"),
        "--source",
        SOURCE,
        "--edition",
        EDITION,
        "--users",
        str(USERS),
        "--keep",
        "--directory",
        str(directory),
    ]
    demo = Demo(directory, 0, "")
    try:
        done = subprocess.run(told, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        demo.code, demo.output = done.returncode, done.stdout + done.stderr
        yield demo
    finally:
        demo.lab("down")


@pytest.fixture(scope="module")
def start() -> dict[str, Any]:
    """What the lab was before the migration: the estate's own world."""
    return json.loads(json.dumps(state(world_of(NAME, USERS))))


@pytest.fixture(scope="module")
def end(demo) -> dict[str, Any]:
    return demo.state()


def changed(output: str) -> dict[str, int]:
    return {host: int(count) for host, count in re.findall(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)", output, re.MULTILINE)}


def test_the_demonstration_ends_well(demo):
    assert demo.code == 0, demo.output
    rows = re.findall(r"^[1-6]  .+?\s+(\d+)\s+(\d+)\s+(\d+)$", demo.output, re.MULTILINE)
    assert len(rows) == 6
    assert all(int(planned) > 0 and int(did) > 0 and int(again) == 0 for planned, did, again in rows), demo.output


def test_the_second_real_run_changes_nothing(demo):
    counted = changed((demo.directory / "did_again.log").read_text())
    assert len(counted) == len(NEW) + 1 and set(counted.values()) == {0}


def test_the_end_is_the_one_that_was_written_down(start, end):
    assert end_unlike(NAME, start, end) == []


@pytest.mark.parametrize("section", UNTOUCHED[SOURCE])
def test_what_is_none_of_its_business_is_as_it_was(start, end, section):
    assert end[section] == start[section]


def test_one_powershell_for_each_host_and_run_and_no_law_broken(demo, end):
    counts = json.loads(demo.lab("counts"))
    assert end["violations"] == [] and counts["violations"] == []
    restarts = end["server_made"]["restarts"]
    for host in counts["hosts"].values():
        # one for each of three runs and each restart, one after a module was installed that needs a new process, and the
        # process of the mover, which each Front End has for itself
        most = 3 + (restarts.get(host["fqdn"], 0) + 2 if host["fqdn"] in NEW else 0)
        assert host["powershell_starts"] <= most, host


def test_every_call_was_one_that_binds(demo):
    """The lab binds each call as PowerShell and Lync do: of what failed, nothing failed for its form. A look at a bare
    server asks for cmdlets that are not there yet; nothing that changes something does."""
    calls = [json.loads(line) for line in demo.lab("transcript").splitlines()]
    forms = {"NamedParameterNotFound", "MissingMandatoryParameter", "AmbiguousParameterSet", "CannotConvertArgument",
             "CannotConvertArgumentNoMessage", "ParameterBindingFailed"}  # fmt: skip
    missing = {"CommandNotFoundException"}
    assert len(calls) > 300

    def badly(call: dict[str, Any]) -> bool:
        said = set(re.findall(r"\w+", json.dumps(call["outcome"])))
        return bool(said & (forms | missing if call["write"] else forms))

    assert [one for one in calls if badly(one)] == []


def test_verification_finds_nothing_to_do(demo):
    done = demo.play("verify")
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(changed(done.stdout).values()) == {0}


def test_nothing_is_retired_before_the_acceptance(demo, end):
    done = demo.play("accept")
    assert done.returncode != 0
    assert "not accepted" in done.stdout
    assert demo.state()["dns"] == end["dns"]


def test_acceptance_restores_lifetimes_and_retires_the_old_entries(demo):
    done = demo.play("accept", "-e", "federation_enable_accepted=true")
    assert done.returncode == 0, done.stdout + done.stderr
    state = demo.state()
    assert state["allowed_domains"] == {}
    for zone in ("contoso.test", "wingtip.test"):
        assert state["dns"][zone]["_xmpp-server._tcp SRV"]["ttl"] == 6
    assert state["violations"] == []
