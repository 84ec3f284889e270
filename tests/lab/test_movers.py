# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users moved by movers of two Front Ends, through ansible-playbook, over real WinRM, with real signals. One lab, users of its own for each test."""

from __future__ import annotations

import csv
import json
import os
import random
import signal
import socket
import struct
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import Evidence
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.context import Context
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.journal import Journal
from ansible_collections.lync.xmpp_migration.tests.lab.conftest import RunningLab
from ansible_collections.lync.xmpp_migration.tests.lab.transport_support import (
    Controller,
    control,
    eventually,
    module,
    play,
    short_home,
)

OLD, NEW = "pool2010.contoso.test", "pool2013.contoso.test"
HOSTS, EACH, CASES = ["fe1", "fe2"], 30, 7
SEED = os.environ.get("LYNC_SEED", "10")
NAMES = ["Ann", "=cmd|' /C calc'!A0", "\u05d0\u05d1 \u202e", "名前", "😀 +1", "'; Remove-CsUser -Identity *; '"]
EDGE = {"web_conferencing_fqdn": "wc.contoso.test", "av_fqdn": "av.contoso.test"}
ESTATE = {
    "name": "movers", "domain": "contoso.test", "sip_domains": ["contoso.test"], "central_management": OLD,
    "certificates": {"key": "ec256"}, "sites": [{"name": "Redmond", "federation_route": "edge2010.contoso.test"}],
    "pools": [
        {"fqdn": OLD, "version": 5, "edge": "edge2010.contoso.test"},
        {"fqdn": NEW, "version": 6, "kind": "enterprise", "sql": "sql.contoso.test", "edge": "edge2010.contoso.test",
         "machines": [f"{one}.contoso.test" for one in HOSTS]},
    ],
    "edges": [
        {"fqdn": "edge2010.contoso.test", "version": 5, "access_fqdn": "sip.contoso.test", "internal_address": "10.0.1.20",
         "external_address": "203.0.113.20", "federation": True, **EDGE},
        {"fqdn": "edge2013.contoso.test", "version": 6, "access_fqdn": "access.contoso.test", "internal_address": "10.0.1.40",
         "external_address": "203.0.113.40", **EDGE},
    ],
    "users": [
        {"sip": f"sip:u{case}.{n}@contoso.test", "display_name": NAMES[n % len(NAMES)], "pool": OLD}
        for case in range(CASES) for n in range(EACH)
    ],
    "latency": {"Move-CsUser": 0.15},
}  # fmt: skip
PROVED = (
    Evidence("services_running", "edge2013"), Evidence("legacy_route", "organisation"), Evidence("no_partner", "organisation"),
    Evidence("pilot_reached_partner", "organisation"),
)  # fmt: skip


@pytest.fixture(scope="module")
def running(lab: Any, tmp_path_factory: pytest.TempPathFactory) -> RunningLab:
    estate = tmp_path_factory.mktemp("estate") / "movers.yml"
    estate.write_text(yaml.safe_dump(ESTATE, allow_unicode=True), encoding="utf-8")
    started: RunningLab = lab(estate)
    return started


@dataclass
class Case:
    """Some users of the lab, and a controller that moves them."""

    controller: Controller
    number: int
    start: int

    @property
    def users(self) -> list[str]:
        return [f"sip:u{self.number}.{n}@contoso.test" for n in range(EACH)]

    @property
    def plays(self) -> list[dict[str, Any]]:
        moved = module("user_move", target_pool=NEW, users=self.users, movers=3, through=HOSTS)
        return [play("fe1:fe2", module("session")), play("fe1", moved)]

    @property
    def moves(self) -> list[dict[str, Any]]:
        lines = control(self.controller.lab, "transcript", start=self.start)
        return [one for one in lines if one["cmdlet"] == "Move-CsUser" and one["write"]]

    def unheard(self) -> set[str]:
        lines = self.controller.journal()
        heard = {one["id"] for one in lines if one["kind"] == "outcome"}
        return {one["object"] for one in lines if one["kind"] == "intent" and one["id"] not in heard}

    def there(self) -> bool:
        """Whether all of them are on the target, each moved once."""
        effects = [one for one in self.moves if one["outcome"] in ("ok", "answer lost")]
        assert Counter(one["parameters"]["Identity"] for one in effects) == Counter(self.users)
        homed = control(self.controller.lab, "state")["users"]
        return {homed[one]["pool"] for one in self.users} == {NEW}


@pytest.fixture
def case(running: RunningLab, request: Any) -> Iterator[Case]:
    with short_home() as home:
        one = Controller(running, home)
        Journal(one.state, "before").evidence(PROVED, Context(str(one.state), "before", "fe1"), check=False)
        yield Case(one, request.param, len(control(running, "transcript")))
        assert eventually(one.nothing_left)


@pytest.mark.parametrize("case", [0], indirect=True)
def test_two_hosts_move_everybody_and_tell_how_far_they_are(case: Case) -> None:
    controller = case.controller
    played = controller.run(case.plays, "--diff")
    assert played.code == 0, played.output
    assert case.there()
    assert played.said(f"fe1: {EACH} moved, 0 failed, 0 of {EACH} left")
    assert played.output.count(f'"{case.users[0]}": "{NEW}"') == 1, "the difference is shown"
    lines = controller.journal()
    assert {one["host"] for one in lines if one["kind"] == "intent"} == set(HOSTS)
    path = next((controller.state / "runs").glob("*/users.csv"))
    with open(path, encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {one["user"] for one in rows} == set(case.users) and {one["outcome"] for one in rows} == {"moved"}
    assert [json.loads(line)["user"] for line in path.with_suffix(".ndjson").read_text().splitlines()] == [
        one["user"] for one in rows
    ]


# --- broken off


Break = Callable[[Case, Any], None]


def interrupted(case: Case, process: Any) -> None:
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does it


def terminated(case: Case, process: Any) -> None:
    os.kill(process.pid, signal.SIGTERM)


def killed(case: Case, process: Any) -> None:
    os.killpg(process.pid, signal.SIGKILL)


def interrupted_twice(case: Case, process: Any) -> None:
    os.killpg(process.pid, signal.SIGINT)
    time.sleep(0.2)
    os.killpg(process.pid, signal.SIGTERM)


BREAKS: list[Break] = [interrupted, terminated, killed, interrupted_twice]


@pytest.mark.parametrize(
    ("case", "broken"), list(enumerate(BREAKS, 1)), indirect=["case"], ids=[one.__name__ for one in BREAKS]
)
def test_a_run_that_is_broken_off_hears_out_its_moves_and_the_next_one_goes_on(case: Case, broken: Break) -> None:
    controller = case.controller
    process = controller.start(case.plays)
    wanted = random.Random(f"{SEED} {broken.__name__}").randint(1, 4)
    assert eventually(lambda: len(case.moves) >= wanted, 60), process
    broken(case, process)
    process.communicate(timeout=60)
    assert process.returncode != 0
    assert eventually(controller.nothing_left)
    assert case.unheard() == set(), "each call that was begun was heard to its end"
    first = len(case.moves)
    assert first == sum(one["kind"] == "intent" for one in controller.journal())
    played = controller.run(case.plays)
    assert played.code == 0, played.output
    assert case.there()
    assert len(case.moves) == EACH, "exactly those who were left"


def daemon_of(controller: Controller, host: str) -> int:
    """The process that answers on the socket of a host's session."""
    known = [json.loads(path.read_text()) for path in controller.home.glob("lync-*/*/*.host")]
    with socket.socket(socket.AF_UNIX) as end:
        end.connect(next(one["socket"] for one in known if one["host"] == host))
        pid, _user, _group = struct.unpack("3i", end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return int(pid)


@pytest.mark.parametrize("case", [5], indirect=True)
def test_a_daemon_that_is_killed_is_done_without_and_the_next_run_names_whom_it_was_moving(case: Case) -> None:
    controller = case.controller
    control(
        controller.lab, "set", name="limits.idle_timeout", value=8
    )  # a shell that nobody ends is ended by the server
    process = controller.start(case.plays)
    assert eventually(lambda: any(one["host"] == "fe2.contoso.test" for one in case.moves), 60), process
    os.kill(daemon_of(controller, "fe2"), signal.SIGKILL)
    output = process.communicate(timeout=120)[0]
    assert process.returncode == 0, output
    assert case.there(), "the other host moved all who were left"
    caught = case.unheard()
    played = controller.run(case.plays)
    assert played.code == 0, played.output
    assert caught and all(f"{one.removeprefix('user ')}: the move was made" in played.flat for one in caught), (
        played.output
    )


@pytest.mark.parametrize("case", [6], indirect=True)
def test_a_powershell_that_dies_and_an_endpoint_that_restarts_cost_nobody_a_move(case: Case) -> None:
    controller = case.controller
    chance = random.Random(f"{SEED} faults")
    specs = [
        {
            "cmdlet": "Move-CsUser",
            "do": "kill_process",
            "host": "fe1.contoso.test",
            "nth": chance.randint(1, 4),
            "when": "after",
        },
        {
            "cmdlet": "Move-CsUser",
            "do": "restart",
            "host": "fe2.contoso.test",
            "nth": chance.randint(1, 4),
            "seconds": 1,
        },
    ]
    control(controller.lab, "fault", text=json.dumps(specs))
    played = controller.run(case.plays)
    assert played.code == 0, played.output
    assert case.there()
    assert [one["struck"] for one in control(controller.lab, "fault")] == [1, 1]
