# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From bare servers to the end of the migration, for each source and edition: planned, done, done again, and killed.

The dry run is made by ansible-playbook over WinRM, and its recording is replayed in this process. All estates have the same
tests; a class is one estate, so that they share two cores.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users.moving import share
from ansible_collections.lync.xmpp_migration.tests.replay.bare import (
    ROLES,
    USERS,
    Attended,
    Point,
    end_unlike,
    points,
    without_servers_own,
)
from ansible_collections.lync.xmpp_migration.tests.replay.compare import differences
from ansible_collections.lync.xmpp_migration.tests.replay.migration import Migration, recorded
from ansible_collections.lync.xmpp_migration.tests.replay.replay import Ended, Replay

pytestmark = pytest.mark.timeout(900)

#: Which calls are killed depends on nothing else; another number tries others.
SEED = int(os.environ.get("LYNC_SEED", "9"))


@dataclass
class Story:
    """An undisturbed run, then the same again, then a dry run; and what was there before and after the first."""

    migration: Migration
    replay: Replay
    watch: Attended
    start: dict[str, Any]
    real: Ended
    end: dict[str, Any]
    points: list[Point]
    again: Ended
    written_again: list[Any]
    dry: Ended


def tell(migration: Migration, estate: str, directory: Path) -> Iterator[Story]:
    with Replay(estate, directory / "lab", users=USERS[estate]) as replay:
        watch, start = Attended(replay), replay.state
        real = replay.run(migration.recording, before=watch).done()
        watch()
        end, found, lines = replay.state, points(watch), len(replay.world.transcript)
        again = replay.run(migration.recording).done()
        written_again = list(replay.writes(lines))
        dry = replay.run(migration.recording, check=True).done()
        yield Story(migration, replay, watch, start, real, end, found, again, written_again, dry)


@pytest.fixture(scope="class")
def story(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    name = request.cls.name
    migration = recorded(name, USERS[name], tmp_path_factory)
    yield from tell(migration, name, tmp_path_factory.mktemp("replay"))


class Estate:
    """The tests of one estate."""

    name: ClassVar[str]
    kills: ClassVar[int] = 3

    def test_a_dry_run_writes_nothing_and_plans_all_six_steps(self, story: Story) -> None:
        assert story.migration.writes == []
        assert {(one.check, one.outcome) for one in story.migration.recording} == {(True, "ok")}
        planned = {one["role"].rpartition(".")[2] for one in story.migration.plan if one["kind"] == "intent"}
        assert planned >= set(ROLES)

    def test_the_plan_is_what_the_real_run_does(self, story: Story) -> None:
        journal = story.replay.place.estate(story.replay.journal(story.real.run))
        assert differences(story.migration.plan, journal) == []

    def test_the_end_is_the_one_that_was_written_down(self, story: Story) -> None:
        assert end_unlike(self.name, story.start, story.end) == []
        done = {
            one["role"].rpartition(".")[2] for one in story.replay.journal(story.real.run) if one["kind"] == "intent"
        }
        assert done >= set(ROLES)

    def test_nobody_is_cut_off_and_no_law_broken(self, story: Story) -> None:
        assert story.watch.violations == []
        assert story.watch.lost == {}

    def test_a_second_run_writes_nothing_and_a_dry_run_after_it_plans_nothing(self, story: Story) -> None:
        assert story.again.changed == [] and story.written_again == []
        assert [one for one in story.replay.journal(story.again.run) if one["kind"] in ("intent", "outcome")] == []
        assert story.dry.changed == []
        assert [one for one in story.replay.plan(story.dry.run) if one["kind"] == "intent"] == []
        assert without_servers_own(story.replay.state) == without_servers_own(story.end)

    def test_a_run_after_a_kill_ends_where_an_undisturbed_one_does(self, story: Story, tmp_path: Path) -> None:
        """The session's process is killed at a call of steps 1 and 2, before it or when it has taken effect. What an
        installer does goes on."""
        chance = random.Random(f"{SEED} {self.name}")
        survived = []
        chosen = [(point, chance.choice(("before", "after"))) for point in chance.sample(story.points, self.kills)]
        # the set-up goes on without its session, and a second one beside it would fail
        chosen += [(point, "after") for point in story.points if point[1] == "Bootstrapper.exe"][:1]
        for number, ((host, cmdlet, nth), when) in enumerate(chosen):
            fault = {"cmdlet": cmdlet, "host": host, "nth": nth, "do": "kill_process", "when": when}
            directory = tmp_path / str(number)
            with Replay(self.name, directory, users=USERS[self.name], faults=[fault]) as replay:
                watch = Attended(replay)
                struck = replay.run(story.migration.recording, before=watch)
                assert replay.world.faults.entries()[0]["struck"] == 1, fault
                survived += [] if struck.failure else [fault]
                replay.run(story.migration.recording, before=watch).done()
                watch()
                assert without_servers_own(replay.state) == without_servers_own(story.end), fault
                assert watch.violations == [] and watch.lost == {}, fault
        # some go on by themselves: a restart whose answer is lost, and what only tidies up
        assert len(survived) < len(chosen), survived


class TestLync2010Standard(Estate):
    name = "lync2010-standard"
    kills = 4


class TestLync2010Enterprise(Estate):
    name = "lync2010-enterprise"

    def test_all_front_ends_of_the_pool_move_users_each_its_share(self, story: Story, tmp_path: Path) -> None:
        with Replay(self.name, tmp_path / "lab", users=30) as replay:
            real = replay.run(story.migration.recording, before=Attended(replay)).done()
            moves = [
                one for one in replay.journal(real.run) if one["kind"] == "intent" and one["object"].startswith("user ")
            ]
            moves = [one for one in moves if one["call"]["name"] == "Move-CsUser" and not one["before"]["Pilot"]]
            hosts = ["fe2013a", "fe2013b", "fe2013c"]
            assert {one["host"] for one in moves} == set(hosts)
            assert len({one["object"] for one in moves}) == len(moves) > 20
            # but for the last few, with which a host that is done helps another one
            assert (
                sum(one["host"] == share(one["object"].removeprefix("user "), hosts) for one in moves) > len(moves) / 2
            )


class TestLync2010TwoSites(Estate):
    name = "lync2010-two-sites"


class TestOcs2007R2Standard(Estate):
    name = "ocs2007r2-standard"
    kills = 4


class TestOcs2007R2Enterprise(Estate):
    name = "ocs2007r2-enterprise"


class TestOcs2007R2TwoSites(Estate):
    name = "ocs2007r2-two-sites"
