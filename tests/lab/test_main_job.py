# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job as a newcomer sees it: the demonstration from start to end, then verification and acceptance.

One lab, one migration; the tests look at it from all sides, in the order in which they stand.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.lync.xmpp_migration.lab.estate import load
from ansible_collections.lync.xmpp_migration.lab.organisation.state import state
from ansible_collections.lync.xmpp_migration.tests.unit.lab.worlds import world as world_of

pytestmark = pytest.mark.timeout(1500)

ROOT = Path(__file__).parents[2]
EXPECTED = yaml.safe_load((Path(__file__).parent / "expected" / "lync2010.yml").read_text(encoding="utf-8"))
USERS = 25
SECTIONS = ("sites", "pools", "edges", "policies", "xmpp_partners", "allowed_domains", "gateway", "replicas", "dns")
#: What the migration has no business with.
UNTOUCHED = ("name", "domain", "sip_domains", "access_edge", "xmpp_gateway", "hosting_providers", "simple_urls")


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
    return json.loads(json.dumps(state(world_of("lync2010", USERS))))


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
    assert changed((demo.directory / "did_again.log").read_text()) == {"localhost": 0, "fe2013": 0, "edge2013": 0}


@pytest.mark.parametrize("section", SECTIONS)
def test_the_end_is_the_one_that_was_written_down(end, section):
    assert end[section] == EXPECTED[section]


@pytest.mark.parametrize("section", UNTOUCHED)
def test_what_is_none_of_its_business_is_as_it_was(start, end, section):
    assert end[section] == start[section]


def test_every_user_in_scope_is_moved_and_nobody_else_touched(start, end):
    assert end["users"].keys() == start["users"].keys()
    for sip, before in start["users"].items():
        moved = before["enabled"] and before["hosting_provider"] == "SRV:"
        assert end["users"][sip] == ({**before, **EXPECTED["moved_users"]} if moved else before), sip


@pytest.mark.parametrize("fqdn", EXPECTED["computers"])
def test_the_new_servers_run_what_they_should(end, fqdn):
    wanted, found = EXPECTED["computers"][fqdn], end["computers"][fqdn]
    assert found["local_store"] == wanted["local_store"]
    assert found["restart_pending"] == wanted["restart_pending"]
    assert (
        sorted(name for name, status in found["windows_services"].items() if status == "Running") == wanted["running"]
    )
    assert {use: one["names"] for use, one in found["certificates"].items()} == wanted["certificates"]
    assert all(one["key"] for one in found["certificates"].values())
    xmpp_and_federation = [one for one in found["listening"] if re.search(r":(5061|5098|5269|23456)/tcp$", one)]
    assert xmpp_and_federation == wanted["listening"]


def test_the_old_servers_are_as_they_were(start, end):
    old = [fqdn for fqdn in start["computers"] if fqdn not in EXPECTED["computers"]]
    assert old
    assert {fqdn: end["computers"][fqdn] for fqdn in old} == {fqdn: start["computers"][fqdn] for fqdn in old}


def test_one_powershell_for_each_host_and_run_and_no_law_broken(demo, end):
    counts = json.loads(demo.lab("counts"))
    assert end["violations"] == [] and counts["violations"] == []
    assert {name: host["powershell_starts"] for name, host in counts["hosts"].items()} == {
        "fe2010": 0, "edge2010": 0, "xmppgw": 0, "fe2013": 3, "edge2013": 3,
    }  # fmt: skip


def test_every_call_was_one_that_binds(demo):
    """The lab binds each call as PowerShell and Lync do: of what failed, nothing failed for its form."""
    calls = [json.loads(line) for line in demo.lab("transcript").splitlines()]
    forms = {"NamedParameterNotFound", "MissingMandatoryParameter", "AmbiguousParameterSet", "CannotConvertArgument",
             "CannotConvertArgumentNoMessage", "ParameterBindingFailed", "CommandNotFoundException"}  # fmt: skip
    assert len(calls) > 300
    assert [one for one in calls if forms & set(re.findall(r"\w+", json.dumps(one["outcome"])))] == []


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


def test_the_estate_is_the_one_of_the_readme():
    estate = load("lync2010")
    assert len(estate.pools) == 1 and estate.gateway is not None and len(estate.partners) == 2
