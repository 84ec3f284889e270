# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-playbook killed at changes of steps 1 and 2, again and again in one lab: the last run ends where one alone does."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.tests.lab.transport_support import (
    Controller,
    control,
    eventually,
    short_home,
)
from ansible_collections.lync.xmpp_migration.tests.replay.bare import USERS, Attended, points, without_servers_own
from ansible_collections.lync.xmpp_migration.tests.replay.migration import recorded
from ansible_collections.lync.xmpp_migration.tests.replay.playbooks import MIGRATE, SECONDS
from ansible_collections.lync.xmpp_migration.tests.replay.replay import Replay

pytestmark = pytest.mark.timeout(900)

ESTATE, KILLS = "lync2010-standard", 4
TAGS = {"step1", "step2", "always"}
SEED = os.environ.get("LYNC_SEED", "9")


def looked_at(state: dict[str, Any]) -> dict[str, Any]:
    """Without how far copies of the store are behind it."""
    return {name: value for name, value in without_servers_own(state).items() if name != "replicas"}


def writes(lab: Any) -> int:
    return sum(line["write"] for line in control(lab, "transcript"))


def killed_at(controller: Controller, wanted: int) -> bool:
    """Whether it was killed, with all its workers and at once, when the lab had been changed so often; else it ended."""
    process = controller.start([dict(play) for play in MIGRATE], "--tags", "step1,step2")
    began = time.monotonic()
    while process.poll() is None and writes(controller.lab) < wanted:
        assert time.monotonic() - began < SECONDS
        time.sleep(0.02)
    still = process.poll() is None
    if still:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    return still


def test_a_playbook_that_is_killed_goes_on_where_it_was(
    lab: Any, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    migration = recorded(ESTATE, USERS[ESTATE], tmp_path_factory)
    wanted = [one for one in migration.recording if TAGS & set(one.tags)]
    with Replay(ESTATE, tmp_path / "lab", users=USERS[ESTATE]) as replay:
        watch = Attended(replay)
        replay.run(wanted, before=watch).done()
        undisturbed, number = looked_at(replay.state), len(points(watch))
    chosen = sorted(random.Random(SEED).sample(range(1, number), KILLS))
    running = lab(ESTATE, "--users", str(USERS[ESTATE]))
    with short_home() as home:
        controller = Controller(running, home)
        assert [killed_at(controller, at) for at in chosen] == [True] * KILLS
        process = controller.start([dict(play) for play in MIGRATE], "--tags", "step1,step2")
        output = process.communicate(timeout=SECONDS)[0]
        assert process.returncode == 0, output[-4000:]
        assert eventually(controller.nothing_left, 60)
        state = running.state()
    assert looked_at(state) == undisturbed
    assert state["violations"] == []
