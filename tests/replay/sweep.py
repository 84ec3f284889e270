# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A migration broken off at one call and run again: does it end where an undisturbed one does?

It is broken off in three ways: the PowerShell on the server is killed, the WinRM service of the server restarts, or the
controller is gone (playbook, session processes and all, as after SIGKILL or a cancelled job). Each before the call runs, or
when it has taken effect and before the answer is back. After that the whole recording is run again, until it comes to its
end; the laws are looked at by the lab at every change of state.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.lync.xmpp_migration.tests.replay.bare import ROLES, Attended, points, without_servers_own
from ansible_collections.lync.xmpp_migration.tests.replay.recording import Recorded
from ansible_collections.lync.xmpp_migration.tests.replay.replay import Replay

UPDATE = "dns.update"
PROCESS, ENDPOINT, CONTROLLER = "process", "endpoint", "controller"
KINDS = (PROCESS, ENDPOINT, CONTROLLER)
WHENS = ("before", "after")
#: Runs after the one that was struck: an installer that goes on without its session may refuse the first of them.
AGAIN = 3
#: Seconds of the lab between them.
REST = 300.0


@dataclass(frozen=True)
class Point:
    """The nth call of a cmdlet on a host, and how and when it is struck. DNS updates are the controller's own."""

    host: str
    cmdlet: str
    nth: int
    kind: str
    when: str

    @property
    def shown(self) -> str:
        return f"{self.kind} killed {self.when} {self.cmdlet} {self.nth} on {self.host}"

    @property
    def faults(self) -> list[dict[str, Any]]:
        if self.cmdlet == UPDATE:
            return []
        do = {"do": "restart", "seconds": 0} if self.kind == ENDPOINT else {"do": "kill_process"}
        return [{"cmdlet": self.cmdlet, "host": self.host, "nth": self.nth, "when": self.when, **do}]


@dataclass(frozen=True)
class Undisturbed:
    """A run that nothing happened to: its end, and all calls that changed something."""

    estate: str
    users: int
    recording: Sequence[Recorded]
    end: dict[str, Any]
    calls: Sequence[tuple[str, str, int]]

    def points(self) -> list[Point]:
        """Each call before and after, the three ways in turn: a full sweep has each call in two of them."""
        made = []
        for number, (host, cmdlet, nth) in enumerate(self.calls):
            for side, when in enumerate(WHENS):
                kind = CONTROLLER if cmdlet == UPDATE else KINDS[(number + side) % len(KINDS)]
                made.append(Point(host, cmdlet, nth, kind, when))
        return made

    def sample(self, seed: object, count: int) -> list[Point]:
        return random.Random(f"{seed} {self.estate}").sample(self.points(), count)


def undisturbed(estate: str, users: int, recording: Sequence[Recorded], directory: Path) -> Undisturbed:
    with Replay(estate, directory, users=users) as replay:
        watch = Attended(replay)
        replay.run(recording, before=watch).done()
        updates = sum(one["kind"] == "intent" and one["call"].get("name") == UPDATE for one in replay.journal())
        calls = [*points(watch, ROLES), *(("controller", UPDATE, nth + 1) for nth in range(updates))]
        return Undisturbed(estate, users, recording, without_servers_own(replay.state), calls)


def strike(told: Undisturbed, point: Point, directory: Path) -> list[str]:
    """What is wrong after a migration that was struck there and run again; nothing where all is well."""
    with Replay(
        told.estate, directory, users=told.users, faults=point.faults, mortal=point.kind == CONTROLLER
    ) as replay:
        if point.cmdlet == UPDATE:
            replay.kill_update = (point.nth, point.when)
        watch = Attended(replay)
        replay.run(told.recording, before=watch)
        if point.faults and replay.world.faults.entries()[0]["struck"] != 1:
            return ["it was never struck"]
        replay.mortal, replay.dead, replay.kill_update = False, False, None
        failure: str | None = "not run again"
        for _ in range(AGAIN):
            failure = replay.run(told.recording, before=watch).failure
            if failure is None:
                break
            replay.world.clock.advance(REST)  # a server that is being restarted comes back meanwhile
        watch()
        return list(_wrong(told, replay, watch, failure))


def _wrong(told: Undisturbed, replay: Replay, watch: Attended, failure: str | None) -> Iterator[str]:
    if failure is not None:
        yield f"it does not come to its end: {failure}"
        return
    end = without_servers_own(replay.state)
    for section in sorted({*end, *told.end}):
        if end.get(section) != told.end.get(section):
            yield f"{section} is not as after an undisturbed run"
    for one in watch.violations:
        yield f"a law was broken: {one}"
    for when, lost in watch.lost.items():
        yield f"users were cut off after {when}: {sorted(lost)}"


def timed(told: Undisturbed, point: Point, directory: Path) -> tuple[Point, list[str], float]:
    started = time.perf_counter()
    return point, strike(told, point, directory), time.perf_counter() - started
