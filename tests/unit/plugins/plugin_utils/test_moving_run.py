# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Driving movers over one or several hosts: no user lost, none moved twice, whatever fails or is killed, and every way to stop."""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import (
    AnswerTimeout,
    InDoubt,
    MigrationError,
    NeverRan,
    Refused,
    Unreachable,
)
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.journal import entries
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users.moving import FailureLimit, Roster, Verdict
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users.moving_run import Drive, Way, seen_verdict
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users.waves import Gate, Hours
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils._movers import Movers
from hypothesis import given, settings
from hypothesis import strategies as st
from moving_doubles import Host, move_of

NOON = datetime(2026, 1, 10, 12, 0, tzinfo=UTC)


class Killed(BaseException):
    """The controller is gone in this moment."""


def error(name: str, kind: str = "System.InvalidOperationException") -> dict[str, Any]:
    chain = [{"type": kind, "hresult": 1, "message": "größe 配置"}]
    return {"id": f"{name},X", "category": "NotSpecified", "target": "", "exceptions": chain}


class World:
    """The organisation: where each user is, how often each was moved; and a controller's side of the run."""

    def __init__(self, directory: Path, count: int, hosts: Sequence[str]) -> None:
        self.names = [f"sip:user{n}@contoso.test" for n in range(count)]
        self.pool = dict.fromkeys(self.names, "old")
        self.effects: Counter[str] = Counter()
        self.time = 0.0
        self.hosts = {name: Host(directory) for name in hosts}
        self.movers: dict[str, Movers] = {}
        self.finished: dict[str, Verdict] = {}
        self.stop = False
        self.on_sleep: Callable[[], None] = lambda: None
        for host in self.hosts.values():
            host.moved = Effects(self)  # type: ignore[assignment]

    def clock(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds
        self.on_sleep()

    def ask(self, name: str) -> Callable[..., dict[str, Any]]:
        movers = self.movers[name] = self.hosts[name].movers(clock=self.clock, threads=False)

        def act(op: str, **message: Any) -> dict[str, Any]:
            if op == "movers_start":
                return movers.start(message["movers"], {"host": name})
            return movers.stop() if op == "movers_stop" else movers.poll(message.get("users", ()), message["movers"])

        return act

    def look(self, roster: Roster, users: Sequence[int]) -> Mapping[int, Verdict]:
        rows = {one: {"RegistrarPool": self.pool[roster.names[one]]} for one in users}
        return {one: seen_verdict(rows[one], "new", roster.doubtful[one]) for one in users}

    def run(
        self, tries: int = 3, waves: Sequence[Sequence[int]] | None = None, **way: Any
    ) -> tuple[str | None, Roster]:
        """A new run: it reads the organisation first and moves who is left."""
        left = [name for name in self.names if self.pool[name] != "new"]
        roster = Roster(left, list(self.hosts), tries=tries)
        drive = Drive(
            {name: self.ask(name) for name in self.hosts},
            roster,
            lambda one: move_of(left[one]),
            Way(**{"movers": 2, **way}),
            look=lambda users: self.look(roster, users),
            finished=lambda one, verdict, _entry: self.finished.__setitem__(left[one], verdict),
            clock=self.clock,
            sleep=self.sleep,
            now=lambda: NOON + timedelta(seconds=self.time),
        )
        self.drive = drive
        return drive.run([range(len(left))] if waves is None else waves), roster

    def die(self) -> None:
        """What a kill leaves: the daemons drain by themselves, and end their shells."""
        for movers in self.movers.values():
            movers.close()
        self.movers.clear()

    @property
    def open_shells(self) -> int:
        return sum(host.open_shells for host in self.hosts.values())


class Effects(list[str]):
    """Takes the place of a host's list of the moved: an effect changes the organisation."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world

    def __iadd__(self, users: Any) -> Any:
        return self.take(users)

    def take(self, users: Any) -> Effects:
        for user in users:
            self.world.pool[user] = "new"
            self.world.effects[user] += 1
            self.append(user)
        return self


class Passing(dict[str, Any]):
    """What a host refuses: some users for good, others once."""

    passing: dict[str, Any]

    def get(self, user: str, default: Any = None) -> Any:
        return super().get(user) or self.passing.pop(user, default)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "state", 60, ["fe1", "fe2"])


def test_all_users_are_moved_by_all_hosts(world: World) -> None:
    reason, roster = world.run()
    assert reason is None and roster.moved == 60 and set(world.pool.values()) == {"new"}
    assert max(world.effects.values()) == 1 and all(host.moved for host in world.hosts.values())
    assert world.open_shells == 0 and len(world.finished) == 60
    assert world.run()[1].moved == 0, "a second run has nobody left"


def test_one_who_cannot_be_moved_is_reported_and_the_others_are_moved(world: World) -> None:
    world.hosts["fe1"].refuses = world.hosts["fe2"].refuses = {
        world.names[3]: error("ProcessingFailed"), world.names[4]: error("ProcessingFailed", "System.TimeoutException"),
    }  # fmt: skip
    reason, roster = world.run(tries=3)
    assert reason is None and roster.moved == 58
    assert {name: world.finished[name].kind for name in world.names[3:5]} == {
        world.names[3]: "failed", world.names[4]: "transient",
    }  # fmt: skip
    lines = [one["object"] for one in entries(world.hosts["fe1"].directory) if one["kind"] == "intent"]
    assert (lines.count(f"user {world.names[3]}"), lines.count(f"user {world.names[4]}")) == (1, 3)


@pytest.mark.parametrize(
    ("limit", "said"),
    [(FailureLimit(count=5), "at most 5 may fail"), (FailureLimit(share=0.25), "at most 25% may fail")],
)
def test_a_failure_limit_stops_new_moves_and_lets_running_ones_finish(
    world: World, limit: FailureLimit, said: str
) -> None:
    for host in world.hosts.values():
        host.refuses = {name: error("ProcessingFailed") for name in world.names[:30]}
    reason, roster = world.run(limit=limit)
    assert reason is not None and said in reason
    assert roster.on_the_way == 0 and roster.left() and world.open_shells == 0
    assert roster.moved + len(roster.failed) + len(roster.left()) == 60


def test_a_stop_file_stops(world: World) -> None:
    def tick() -> None:
        world.stop = world.stop or len(world.finished) >= 10

    world.on_sleep = tick
    reason, roster = world.run(gate=Gate(stopped=lambda: world.stop, stop_file="/state/stop_moves"))
    assert reason == "the stop file /state/stop_moves is there" and 10 <= roster.moved < 60
    assert roster.on_the_way == 0 and world.open_shells == 0


def test_outside_of_the_hours_the_run_ends_or_waits(world: World) -> None:
    hours = Hours.parse("22:00-05:00", "UTC")
    reason, roster = world.run(gate=Gate(hours))
    assert reason == "users are moved at 22:00-05:00 UTC only" and len(roster.left()) == 60
    reason, roster = world.run(gate=Gate(hours, wait=True))
    assert reason is None and roster.moved == 60 and world.time >= 10 * 3600


def test_hours_that_end_in_the_middle_leave_the_rest_for_the_next_night(tmp_path: Path) -> None:
    world = World(tmp_path / "state", 600, ["fe1"])
    world.time = 17 * 3600 - 0.7  # a moment before five in the morning
    world.on_sleep = lambda: setattr(world, "time", world.time + 0.3)
    reason, roster = world.run(gate=Gate(Hours.parse("22:00-05:00", "UTC")))
    assert reason is not None and 0 < roster.moved < 600 and world.open_shells == 0


def test_waves_come_one_after_the_other_with_a_pause(world: World) -> None:
    seen: list[tuple[float, int]] = []
    world.on_sleep = lambda: seen.append((world.time, sum(world.effects.values())))
    reason, _roster = world.run(waves=[[0, 1], range(2, 60)], pause=3600)
    assert reason is None and min(time for time, moved in seen if moved > 2) >= 3600
    assert any(moved == 2 and world.open_shells == 0 for _time, moved in seen)


def test_a_law_ends_the_run(world: World) -> None:
    for host in world.hosts.values():
        host.laws = lambda change, facts: ["No pilot has reached the partner."]
    with pytest.raises(Refused, match="No pilot"):
        world.run()
    assert not world.effects and world.open_shells == 0


def test_a_host_that_goes_away_is_done_without(world: World) -> None:
    original = world.ask

    def ask(name: str) -> Callable[..., dict[str, Any]]:
        act, times = original(name), Counter[str]()

        def lost(op: str, **message: Any) -> dict[str, Any]:
            times[op] += 1
            if name == "fe1" and times["movers_poll"] == 2:
                raise InDoubt("The session process went away.")
            return act(op, **message)

        return lost

    world.ask = ask  # type: ignore[method-assign]
    reason, roster = world.run()
    assert reason is None and roster.moved == 60 and max(world.effects.values()) == 1
    assert roster.hosts == ("fe2",)


def test_a_host_that_cannot_be_had_ends_the_run_if_it_is_the_only_one(tmp_path: Path) -> None:
    world = World(tmp_path / "state", 5, ["fe1"])
    world.hosts["fe1"].quota = 0
    with pytest.raises(Unreachable):
        world.run()
    assert world.time >= 60 and not world.effects
    both = World(tmp_path / "state", 5, ["fe1", "fe2"])
    both.hosts["fe1"].quota = 0
    assert both.run()[1].moved == 5


def test_an_interrupt_leaves_nothing_begun(world: World) -> None:
    def interrupt() -> None:
        if len(world.finished) >= 5:
            raise KeyboardInterrupt

    world.on_sleep = interrupt
    with pytest.raises(KeyboardInterrupt):
        world.run()
    world.die()
    assert world.open_shells == 0 and max(world.effects.values()) == 1


def test_one_in_doubt_is_looked_for_and_never_moved_twice(world: World) -> None:
    lost = {world.names[7]: "after", world.names[9]: "before"}

    def trouble(users: list[str]) -> None:
        for user in users:
            if when := lost.pop(user, None):
                if when == "after":
                    world.hosts["fe1"].moved += users
                raise AnswerTimeout("late")

    for host in world.hosts.values():
        host.trouble = trouble
    reason, roster = world.run()
    assert reason is None and roster.moved == 60 and set(world.effects.values()) == {1} and not lost


def test_who_got_there_though_the_server_said_no_is_moved_and_not_tried_again(world: World) -> None:
    """A time-out may come after the effect."""
    late = {world.names[3]: "System.TimeoutException", world.names[4]: "System.InvalidOperationException"}
    for host in world.hosts.values():
        host.refuses = {name: error("ProcessingFailed", kind) for name, kind in late.items()}
        host.trouble = lambda users: [world.pool.__setitem__(one, "new") for one in users if one in late]  # type: ignore[assignment]
    reason, roster = world.run()
    assert reason is None and roster.moved == 60 and not roster.failed
    sent = Counter(one["object"] for one in entries(world.hosts["fe1"].directory) if one["kind"] == "intent")
    assert max(sent.values()) == 1


def test_a_look_waits_for_what_may_go_on_unheard_and_for_a_host_that_restarts(world: World) -> None:
    began: list[float] = []
    looked: list[float] = []
    look = world.look

    def trouble(users: list[str]) -> None:
        if not began:
            began.append(world.time)
            raise AnswerTimeout("late")

    def restarting(roster: Roster, users: Sequence[int]) -> Mapping[int, Verdict]:
        looked.append(world.time)
        if len(looked) < 4:
            raise Unreachable("The server restarts.")
        return look(roster, users)

    world.hosts["fe1"].trouble = trouble
    world.look = restarting  # type: ignore[method-assign]
    reason, roster = world.run()
    assert reason is None and roster.moved == 60 and len(looked) == 4
    assert looked[0] >= began[0] + 15 and world.time < 60


def test_who_is_caught_in_the_middle_is_told_of() -> None:
    verdict = seen_verdict(
        {"RegistrarPool": "old", "TargetRegistrarPool": "new"}, "new", Verdict("doubt", "answer_timeout")
    )
    assert (verdict.kind, verdict.error) == ("failed", "in_the_middle") and "without force" in verdict.text
    assert seen_verdict(None, "new").kind == "failed"


TROUBLES = ("timeout_before", "timeout_after", "never_ran", "restart", "killed_before", "killed_after", "defect")


@settings(max_examples=300)
@given(
    st.integers(1, 14), st.integers(1, 3), st.integers(1, 4), st.sets(st.integers(0, 13), max_size=4),
    st.lists(st.none() | st.sampled_from(TROUBLES), max_size=12), st.integers(0, 3), st.integers(0, 2**32),
)  # fmt: skip
def test_whatever_fails_every_user_is_moved_once_or_reported(
    count: int, hosts: int, most: int, stubborn: set[int], troubles: list[str | None], quota: int, seed: int
) -> None:
    with tempfile.TemporaryDirectory() as place:
        world = World(Path(place) / "state", count, [f"fe{n}" for n in range(hosts)])
        order, chance = list(troubles), random.Random(seed)
        permanent = {world.names[one] for one in stubborn if one < count}

        def trouble(users: list[str]) -> None:
            what = order.pop(0) if order else None
            if what is None:
                return
            some = [one for one in users if one not in permanent][: chance.randint(0, len(users))]
            if what.endswith("_after"):
                effects.take(some)
            if what.startswith("timeout"):
                raise AnswerTimeout("late")
            if what.startswith("killed"):
                raise Killed
            if what == "never_ran":
                raise NeverRan("no")
            if what == "restart":
                raise Unreachable("the service restarts")
            if what == "defect":
                raise ZeroDivisionError

        effects = Effects(world)
        for host in world.hosts.values():
            host.trouble = trouble
            host.refuses = Passing({name: error("ProcessingFailed") for name in permanent})
            host.refuses.passing = {chance.choice(world.names): error("ProcessingFailed", "System.TimeoutException")}
        world.hosts["fe0"].quota = quota or 99
        ended = False
        for _run in range(len(troubles) + 2):
            world.finished.clear()
            try:
                _reason, roster = world.run(movers=most)
            except (Killed, MigrationError):
                world.die()
                continue
            finally:
                assert max(world.drive.peak, 0) <= most * hosts
            ended = not [one for one in roster.failed.values() if one.kind != "failed"]
            if ended:
                break
        assert ended and world.open_shells == 0
        assert max(world.effects.values(), default=0) <= 1, "nobody is moved twice"
        assert {name for name, pool in world.pool.items() if pool == "old"} == permanent
        assert permanent == {name for name, verdict in world.finished.items() if verdict.kind == "failed"}
        sent = [one for one in entries(world.hosts["fe0"].directory) if one["kind"] == "intent"]
        assert not [one for one in sent if one["call"]["parameters"].get("Force")]


def test_movers_that_stopped_because_nobody_asked_are_started_again(world: World) -> None:
    original = world.ask

    def ask(name: str) -> Callable[..., dict[str, Any]]:
        act, times = original(name), Counter[str]()

        def forgotten(op: str, **message: Any) -> dict[str, Any]:
            times[op] += 1
            if op == "movers_poll" and times[op] == 2:
                world.movers[name]._ending = True
            return act(op, **message)

        return forgotten

    world.ask = ask  # type: ignore[method-assign]
    reason, roster = world.run()
    assert reason is None and roster.moved == 60 and max(world.effects.values()) == 1
