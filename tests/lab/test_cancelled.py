# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A migration whose playbook is killed again and again, in each of its six steps: the last run ends where one alone does.

It is killed as AWX cancels a job whose time is up: the playbook, its workers and the session processes, all at once, with
nothing left that could tidy up.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.tests.lab.transport_support import Controller, eventually, short_home
from ansible_collections.lync.xmpp_migration.tests.replay.bare import ROLES, Attended, without_servers_own
from ansible_collections.lync.xmpp_migration.tests.replay.migration import recorded
from ansible_collections.lync.xmpp_migration.tests.replay.playbooks import MIGRATE, SECONDS
from ansible_collections.lync.xmpp_migration.tests.replay.replay import Replay

pytestmark = pytest.mark.timeout(1500)

ESTATE, PEOPLE = "lync2010", 5
#: How often in each of the six steps, in their order.
KILLS = dict(zip(ROLES, (2, 2, 1, 1, 1, 1), strict=True))
SEED = os.environ.get("LYNC_SEED", "9")


def looked_at(state: dict[str, Any]) -> dict[str, Any]:
    """Without how far copies of the store are behind it."""
    return {name: value for name, value in without_servers_own(state).items() if name != "replicas"}


def changes(journal: list[dict[str, Any]]) -> Counter[str]:
    """How many each role had set out to make."""
    return Counter(str(one["role"]).rpartition(".")[2] for one in journal if one["kind"] == "intent")


def steps(*roles: str) -> tuple[str, str]:
    """Only these: what was done before them need not be confirmed each time."""
    return "--tags", ",".join(f"step{ROLES.index(one) + 1}" for one in roles)


def killed_at(controller: Controller, before: str, role: str, wanted: int) -> bool:
    """Whether it was killed when that role had set out to make so many changes, and this run at least one; else it ended. The
    one that was killed before has its step to finish."""
    start = changes(controller.journal()).total()
    process = controller.start([dict(play) for play in MIGRATE], *steps(before, role))
    began = time.monotonic()
    while process.poll() is None and ((now := changes(controller.journal()))[role] < wanted or now.total() == start):
        assert time.monotonic() - began < SECONDS
        time.sleep(0.05)
    still = process.poll() is None
    if still:
        everything_killed(controller, process.pid)
    process.communicate(timeout=60)
    return still


def everything_killed(controller: Controller, playbook: int) -> None:
    daemons = controller.daemons()
    for group in (playbook, *daemons):
        with contextlib.suppress(ProcessLookupError):  # a session process may have ended in between
            os.killpg(group, signal.SIGKILL)


def chosen(role: str, number: int) -> list[tuple[str, int]]:
    return [(role, at) for at in sorted(random.Random(f"{SEED} {role}").sample(range(1, number + 1), KILLS[role]))]


def test_a_migration_that_is_killed_in_each_step_goes_on_where_it_was(
    lab: Any, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    migration = recorded(ESTATE, PEOPLE, tmp_path_factory)
    with Replay(ESTATE, tmp_path / "lab", users=PEOPLE) as replay:
        replay.run(migration.recording, before=Attended(replay)).done()
        undisturbed, made = looked_at(replay.state), changes(replay.journal())
    points = [point for role in ROLES for point in chosen(role, made[role])]
    running = lab(ESTATE, "--users", str(PEOPLE))
    with short_home() as home:
        controller = Controller(running, home)
        before = [role for role, _ in points]
        ended = [
            killed_at(controller, *one) for one in zip(before[:1] + before, *zip(*points, strict=True), strict=False)
        ]
        assert ended == [True] * len(points)
        process = controller.start([dict(play) for play in MIGRATE], *steps(*ROLES[4:]))
        output = process.communicate(timeout=SECONDS)[0]
        assert process.returncode == 0, output[-4000:]
        assert eventually(lambda: not controller.daemons(), 60)
        state = running.state()
    assert looked_at(state) == undisturbed
    assert state["violations"] == []
