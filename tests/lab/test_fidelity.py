# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a dry run says is what the real run does, on estates at random: nothing differs but what only servers make."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.lync.xmpp_migration.tests.replay.bare import USERS
from ansible_collections.lync.xmpp_migration.tests.replay.fidelity import compared
from ansible_collections.lync.xmpp_migration.tests.replay.migration import recorded
from ansible_collections.lync.xmpp_migration.tests.replay.random_estates import base_of, random_estate

pytestmark = pytest.mark.timeout(900)

SEED = int(os.environ.get("LYNC_SEED", "12"))
COUNT = 10


@pytest.mark.parametrize("number", range(COUNT))
def test_the_plan_of_a_random_estate_is_what_its_real_run_does(
    number: int, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    seed = SEED * 100 + number
    base = base_of(seed)
    recording = recorded(base, USERS[base], tmp_path_factory).recording
    assert compared(random_estate(seed, most=60), recording, tmp_path / "lab") == []


def test_estates_differ_and_come_again() -> None:
    made = [random_estate(number) for number in range(8)]
    assert len({repr(one.users) for one in made}) == 8
    assert random_estate(3) == made[3]
