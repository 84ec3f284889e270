# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From any point everything is brought back, and what is not was announced. `tests/replay/rollback.py` says what may differ."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.lync.xmpp_migration.tests.replay.bare import USERS
from ansible_collections.lync.xmpp_migration.tests.replay.migration import recorded
from ansible_collections.lync.xmpp_migration.tests.replay.random_estates import base_of, random_estate
from ansible_collections.lync.xmpp_migration.tests.replay.replay import Replay
from ansible_collections.lync.xmpp_migration.tests.replay.rollback import faults_of, round_trip, stop_of
from ansible_collections.lync.xmpp_migration.tests.replay.rollback import recorded as rollback_of

pytestmark = pytest.mark.timeout(900)

SEED = int(os.environ.get("LYNC_SEED", "12"))
COUNT = 20


@pytest.mark.parametrize("number", range(COUNT))
def test_a_migration_that_ended_anywhere_is_rolled_back(
    number: int, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    seed = SEED * 100 + number
    base = base_of(seed)
    migrate = recorded(base, USERS[base], tmp_path_factory).recording
    rollback = rollback_of(base, USERS[base], tmp_path_factory)
    faults = faults_of(seed)
    stop = None if faults else stop_of(seed, migrate)
    with Replay(random_estate(seed, most=40), tmp_path / "lab", faults=faults) as replay:
        assert round_trip(replay, migrate, rollback, stop) == []


def test_a_whole_migration_is_rolled_back_and_made_again(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    base = "lync2010-standard"
    migrate, rollback = (
        recorded(base, USERS[base], tmp_path_factory).recording,
        rollback_of(base, USERS[base], tmp_path_factory),
    )
    with Replay(base, tmp_path / "lab", users=USERS[base]) as replay:
        assert round_trip(replay, migrate, rollback, again=True) == []
