# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Estates at random through ansible-playbook and WinRM: the plan is approved, carried out, and equals the journal."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.lab.place import Place
from ansible_collections.lync.xmpp_migration.tests.lab.transport_support import short_home
from ansible_collections.lync.xmpp_migration.tests.replay.compare import differences
from ansible_collections.lync.xmpp_migration.tests.replay.playbooks import MIGRATE, Operator
from ansible_collections.lync.xmpp_migration.tests.replay.random_estates import write

pytestmark = pytest.mark.timeout(900)

SEED = int(os.environ.get("LYNC_SEED", "12"))
APPROVED = re.compile(r"-e lync_migration_plan=(\S+) -e lync_migration_plan_digest=([0-9a-f]{64})")


@pytest.mark.parametrize("number", range(3))
def test_what_was_approved_is_what_is_done(number: int, lab: Any, tmp_path: Path) -> None:
    running = lab(str(write(SEED * 100 + number, tmp_path, base="lync2010", most=12)))
    with short_home() as home:
        operator = Operator(running, home)
        place = Place(running.directory, running.ready["prefix"])
        dry = operator.play(MIGRATE, check=True).done()
        assert dry.writes == []
        approved = APPROVED.search(dry.played.output)
        assert approved, dry.played.output[-3000:]
        plan = place.estate(operator.plan(dry))
        real = operator.play(
            MIGRATE, "-e", f"lync_migration_plan={approved[1]}", "-e", f"lync_migration_plan_digest={approved[2]}"
        )
        real.done()
        assert differences(plan, place.estate(operator.journal())) == []
        assert running.state()["violations"] == []
        refused = operator.play(
            MIGRATE,
            "--tags",
            "step3",
            "-e",
            f"lync_migration_plan={approved[1]}",
            "-e",
            f"lync_migration_plan_digest={approved[2]}",
        )
        assert refused.code != 0 and refused.writes == []
        assert "--tags was not given and is step3" in refused.played.output
