# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sample of the crash sweep: a migration from either source, broken off anywhere, ends where an undisturbed one does.

`benchmarks/crash_sweep.py` tries every call. Which ones are tried here depends on LYNC_SEED alone.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.lync.xmpp_migration.tests.replay.migration import recorded
from ansible_collections.lync.xmpp_migration.tests.replay.sweep import CONTROLLER, KINDS, UPDATE, strike, undisturbed

pytestmark = pytest.mark.timeout(900)

SEED = os.environ.get("LYNC_SEED", "12")


@pytest.mark.parametrize(("estate", "users", "count"), [("lync2010", 5, 13), ("ocs2007r2-standard", 5, 12)])
def test_a_migration_that_is_broken_off_anywhere_comes_to_the_same_end(
    estate: str, users: int, count: int, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    told = undisturbed(estate, users, recorded(estate, users, tmp_path_factory).recording, tmp_path / "undisturbed")
    points = told.sample(SEED, count)
    assert len({one.kind for one in points} & set(KINDS)) > 1
    wrong = {
        one.shown: found for number, one in enumerate(points) if (found := strike(told, one, tmp_path / str(number)))
    }
    assert wrong == {}


def test_every_call_is_a_point(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    told = undisturbed("lync2010", 5, recorded("lync2010", 5, tmp_path_factory).recording, tmp_path / "undisturbed")
    updates = [one for one in told.points() if one.cmdlet == UPDATE]
    assert len(told.points()) == 2 * len(told.calls) > 150
    assert {one.kind for one in updates} == {CONTROLLER} and len(updates) >= 4
    assert {one.cmdlet for one in told.points()} >= {
        "Publish-CsTopology",
        "Move-CsUser",
        "New-CsXmppAllowedPartner",
        "Set-CsCertificate",
    }
