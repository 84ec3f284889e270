# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moving users with movers: what the options do, and what the task says in the end."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.context import Context
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.journal import Journal
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import Task, outcome
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.session import Session
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users.move import change_of
from ansible_collections.lync.xmpp_migration.plugins.modules import user_move
from ansible_collections.lync.xmpp_migration.tests.replay.movers import MovingTransport
from ansible_collections.lync.xmpp_migration.tests.unit.doubles import Estate, FakeShell, ServerError
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.lync_people import (
    NEW,
    OLD,
    People,
    estate,
    sip,
    user,
)

PROVED = ("services_running", "legacy_route", "no_partner", "pilot_reached_partner")


class Time:
    """A clock that only waiting moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Movers:
    """Two Front Ends, with movers where a session daemon has them."""

    def __init__(self, directory: Path, estate: Estate) -> None:
        self.bench = People(directory, estate)
        self.bench.hosts["fe2013b"] = FakeShell(estate, "fe2013b")
        self.bench.hosts["fe2013b"].handlers.update(self.bench.hosts["fe2013"].handlers)
        self.bench.prove(*PROVED)
        self.time = Time()
        self.transports: dict[str, MovingTransport] = {}
        self.context = self.bench.context("fe2013", module="user_move", sockets={"fe2013": "x", "fe2013b": "y"})

    def connect(self, context: Context) -> Callable[[str], MovingTransport]:
        def transport(host: str) -> MovingTransport:
            if host not in self.transports:
                performer = self.bench.performer(self.bench.hosts[host], context)
                self.transports[host] = MovingTransport(performer, lambda: self.bench.hosts[host], lambda: self.time.now)
            return self.transports[host]

        return transport

    def run(self, **params: Any) -> dict[str, Any]:
        defaults = {name: spec.get("default") for name, spec in user_move.ARGUMENT_SPEC.items()}
        task = TimedTask({**defaults, "target_pool": NEW, **params}, self.context, self.connect(self.context))
        task.time = self.time
        return outcome(user_move.run, task)

    @property
    def moves(self) -> Counter[str]:
        return Counter(str(parameters["Identity"]) for name, parameters in self.bench.writes if name == "Move-CsUser")

    def rows(self) -> list[dict[str, str]]:
        with open(self.bench.state_dir / "runs" / "run-1" / "users.csv", encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))


class TimedTask(Task):
    time: Time

    def session_for(self, host: str) -> Session:
        if host not in self._sessions:
            assert self._connect is not None
            self._sessions[host] = Session(
                self._connect(host), self.context, clock=lambda: self.time.now, sleep=self.time.sleep
            )
        return self._sessions[host]


def movers(directory: Path, count: int = 12, **more: Any) -> Movers:
    return Movers(directory, estate(*(user(n) for n in range(count)), **more))


def refusing(bench: Movers, *addresses: str, times: int = 99, name: str = "ProcessingFailed", kind: str = "System.Exception") -> None:
    """Some users' moves fail, so often."""
    left = dict.fromkeys(addresses, times)
    for shell in bench.bench.hosts.values():
        original = shell.handlers["Move-CsUser"]

        def move(shell: FakeShell, p: Mapping[str, Any], original: Any = original) -> Any:
            if left.get(p["Identity"], 0) > 0:
                left[p["Identity"]] -= 1
                problem = ServerError(name)
                problem.record["exceptions"][0]["type"] = kind  # type: ignore[index]
                raise problem
            return original(shell, p)

        shell.handlers["Move-CsUser"] = move


def test_users_are_moved_through_all_hosts_once(tmp_path: Path) -> None:
    bench = movers(tmp_path, 30)
    result = bench.run(movers=3, through=["fe2013", "fe2013b"])
    assert result["changed"] and len(result["moved"]) == 30 and result["movers"] <= 6
    assert bench.moves == Counter(sip(n) for n in range(30))
    assert {one["host"] for one in bench.rows()} == {"fe2013", "fe2013b"}
    assert {(one["outcome"], one["source"], one["target"]) for one in bench.rows()} == {("moved", OLD, NEW)}
    again = bench.run(movers=3)
    assert not again["changed"] and again["already_moved"] == 30


def test_the_journal_has_the_way_back_and_the_policies(tmp_path: Path) -> None:
    bench = Movers(tmp_path, estate(user(1, VoicePolicy="Tag:Voice", ConferencingPolicy="Tag:Meet")))
    bench.run(movers=2)
    (intent,) = [one for one in bench.bench.journal() if one["kind"] == "intent"]
    assert intent["before"]["RegistrarPool"] == OLD
    assert (intent["before"]["VoicePolicy"], intent["before"]["ConferencingPolicy"]) == ("Tag:Voice", "Tag:Meet")
    assert intent["undo"][0]["parameters"]["Target"] == OLD and "Force" not in intent["call"]["parameters"]
    (note,) = [one for one in bench.bench.journal() if one["kind"] == "note" and "moving" in one]
    assert note["moving"] == 1


def test_a_passing_failure_is_tried_again_and_another_is_not(tmp_path: Path) -> None:
    bench = movers(tmp_path, 6)
    refusing(bench, sip(1), times=2, kind="System.TimeoutException")
    refusing(bench, sip(2))
    result = bench.run(movers=2, attempts=3)
    assert result["failed"] and result["error"]["kind"] == "users_left"
    assert [one["user"] for one in result["error"]["left"]] == [sip(2)]
    assert "was refused by Move-CsUser: ProcessingFailed" in result["msg"] and len(result["error"]["done"]) == 5
    assert bench.moves == {sip(0): 1, sip(1): 3, sip(2): 1, sip(3): 1, sip(4): 1, sip(5): 1}
    assert bench.time.now >= 90, "with a pause before each"


@pytest.mark.parametrize("movers_", [1, 2])
def test_a_parameter_that_the_server_does_not_have_is_tried_once(tmp_path: Path, movers_: int) -> None:
    bench = movers(tmp_path, 60)
    refusing(bench, *(sip(n) for n in range(60)), name="NamedParameterNotFound")
    result = bench.run(movers=movers_, move_conference_data=True)
    assert result["error"]["kind"] == "not_ready" and "does not have a parameter that it was called with" in result["msg"]
    assert sum(bench.moves.values()) < 60


def test_a_failure_limit_leaves_the_rest(tmp_path: Path) -> None:
    bench = movers(tmp_path, 60)
    refusing(bench, *(sip(n) for n in range(40)))
    result = bench.run(movers=1, failure_count=2)
    assert "was not begun: " in result["msg"] or any("was not begun" in one["reason"] for one in result["error"]["left"])
    reasons = Counter("begun" if "was not begun" not in one["reason"] else "left" for one in result["error"]["left"])
    assert reasons["left"] > 0 and sum(bench.moves.values()) < 60


@pytest.mark.parametrize("options", [{"movers": 2}, {}, {"users": [sip(1)], "pilot": True}])
def test_the_stop_file_ends_a_task_before_it_begins(tmp_path: Path, options: dict[str, Any]) -> None:
    bench = movers(tmp_path)
    (bench.bench.state_dir / "stop_moves").touch()
    result = bench.run(**options)
    assert "stop file" in result["msg"] and not bench.moves


def test_a_law_is_told_with_how_far_it_was(tmp_path: Path) -> None:
    bench = movers(tmp_path)
    bench.bench.groups["lync_2013_edges"] = ()
    bench.context = bench.bench.context("fe2013", module="user_move")
    result = bench.run(movers=2)
    assert result["error"]["kind"] == "refused" and "0 users had been moved by then" in result["msg"] and not bench.moves


def test_waves_begin_with_who_goes_first(tmp_path: Path) -> None:
    bench = movers(tmp_path, 8)
    result = bench.run(first_users=[sip(5), sip(7)], wave_size=3, wave_pause=60)
    order = [parameters["Identity"] for name, parameters in bench.bench.writes if name == "Move-CsUser"]
    assert order[:2] == [sip(5), sip(7)] and result["changed"] and bench.time.now >= 120


def test_a_dry_run_plans_each_move(tmp_path: Path) -> None:
    bench = movers(tmp_path, 4)
    bench.bench.prove(*PROVED, check=True)
    bench.context = bench.bench.context("fe2013", check=True, module="user_move")
    result = bench.run(movers=4)
    assert len(result["moved"]) == 4 and not bench.moves
    assert len([one for one in bench.bench.plan() if one["kind"] == "intent"]) == 4


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"movers": 0}, "movers is 0: 1 to 8"), ({"movers": 9}, "movers is 9"), ({"attempts": 0}, "attempts"),
        ({"failure_percent": 101}, "failure_percent"), ({"wave_size": 0}, "wave_size"), ({"wave_pause": -1}, "wave_pause"),
        ({"hours": "22"}, "time window"), ({"hours": "22:00-05:00", "time_zone": "Nowhere"}, "time zone"),
        ({"wait_for_hours": True}, "hours is not"), ({"through": ["other"]}, "no host of the migration"),
        ({"through": ["edge2013"]}, "no session in this run"), ({"first_users": ["sip:nobody@contoso.test"]}, "No user has"),
    ],
)  # fmt: skip
def test_options_that_cannot_be(tmp_path: Path, params: dict[str, Any], said: str) -> None:
    bench = movers(tmp_path, 2)
    result = bench.run(**params)
    assert result["failed"] and said in result["msg"] and not bench.moves


def test_who_was_caught_in_the_middle_by_a_crash_is_explained_by_name_once(tmp_path: Path) -> None:
    bench = movers(tmp_path, 6)
    numbers = {0: "moved", 1: "not_moved", 2: "in_the_middle", 3: "not_found"}
    journal = Journal(bench.bench.state_dir, "run-0")
    people = bench.bench.users
    params = {"move_conference_data": False, "pilot": False, "domain_controller": None}
    for number in numbers:
        row = people[sip(number)] if number != 3 else user(3, Guid="another user's")
        journal.intents([change_of(row, NEW, params)], replace(bench.context, run="run-0"), "fe2013", check=False)
    people[sip(0)]["RegistrarPool"] = NEW
    people[sip(2)]["TargetRegistrarPool"] = people[sip(4)]["TargetRegistrarPool"] = NEW
    result = bench.run(movers=2)
    told = {one["user"]: (one["run"], one["found"]) for one in result["caught"]}
    assert told == {**{sip(n): ("run-0", what) for n, what in numbers.items()}, sip(4): ("", "in_the_middle")}
    said = " ".join(result["warnings"])
    assert f"{sip(0)}: the move was made" in said and f"{sip(2)}: the move stopped half-way" in said
    assert f"begun before: {sip(4)}. The same move is tried again, without force" in said
    assert bench.moves == Counter(sip(n) for n in range(1, 6)), "each of those who are left, once"
    assert bench.run(movers=2)["caught"] == []


def test_the_difference_of_many_users_is_capped_and_says_where_the_rest_is(tmp_path: Path) -> None:
    result = movers(tmp_path, 70).run(movers=2)
    assert len(result["moved"]) == 70 and len(result["diff"]["before"]) == 50 and len(result["calls"]) <= 50
    assert list(result["diff"]["after"].items())[50:] == [("and 20 users more", f"see {result['rows']}")]


def test_who_was_not_begun_has_a_row_too(tmp_path: Path) -> None:
    bench = movers(tmp_path, 12)
    (bench.bench.state_dir / "stop_moves").touch()
    bench.run(movers=2)
    assert {(one["outcome"], one["source"], one["target"]) for one in bench.rows()} == {("not_begun", OLD, NEW)}
    assert len(bench.rows()) == 12 and "stop file" in bench.rows()[0]["reason"]
