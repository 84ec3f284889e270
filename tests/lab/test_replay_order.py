# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps left out, begun with, or cut off: refused with what is missing, or harmless. Never a step out of order."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.lync.xmpp_migration.tests.replay.migration import (  # noqa: F401
    ESTATE,
    SECTIONS,
    USERS,
    Migration,
    Watch,
    expected_end,
    migration,
)
from ansible_collections.lync.xmpp_migration.tests.replay.replay import Replay

pytestmark = pytest.mark.timeout(900)

ROLES = ("pool_deploy", "edge_deploy", "user_move", "xmpp_access", "federation_enable", "dns_update")


@pytest.mark.parametrize("role", ROLES)
def test_a_run_that_begins_late_does_no_harm(role: str, migration: Migration, tmp_path: Path) -> None:  # noqa: F811
    """As with --start-at-task, or --tags of one step and all after it."""
    first = next(n for n, one in enumerate(migration.recording) if one.role == role)
    with Replay(ESTATE, tmp_path / "lab", users=USERS) as replay:
        watch = Watch(replay)
        ended = replay.run(migration.recording[first:], before=watch)
        watch()
        assert watch.violations == [] and watch.lost == {}
        assert (ended.failure is None) is (role == "pool_deploy"), ended.failure


@pytest.mark.parametrize("role", ROLES)
def test_a_role_that_is_left_out_stops_the_rest(role: str, migration: Migration, tmp_path: Path) -> None:  # noqa: F811
    """As with --skip-tags."""
    with Replay(ESTATE, tmp_path / "lab", users=USERS) as replay:
        watch = Watch(replay)
        ended = replay.run([one for one in migration.recording if one.role != role], before=watch)
        watch()
        assert watch.violations == [] and watch.lost == {}
        assert ended.failure is not None
        # without the records prepared, the partners that dial back are not created, because the swap could not follow
        if role == "dns_update":
            assert "No go (dialback)" in ended.failure and set(replay.state["xmpp_partners"]) == {"fabrikam.test"}
        ended = replay.run(migration.recording).done()
        assert {name: replay.state[name] for name in SECTIONS} == {name: expected_end()[name] for name in SECTIONS}


def test_a_user_who_cannot_be_moved_holds_everything_back(migration: Migration, tmp_path: Path) -> None:  # noqa: F811
    with Replay(ESTATE, tmp_path / "lab", users=USERS) as replay:
        user = next(one for one in replay.world.ad if one.sip == "sip:user003@contoso.test")
        user.oddities["move_error"] = "This operation can only be performed by a domain administrator."
        watch = Watch(replay)
        ended = replay.run(migration.recording, before=watch)
        watch()
        recorded, result = ended.results[-1]
        assert recorded.module == "user_move"
        assert "sip:user003@contoso.test" in result["msg"]
        moved = [one.sip for one in replay.world.ad if one.registrar_pool == "pool2013.contoso.test"]
        assert sorted(moved) == [f"sip:user00{n}@contoso.test" for n in (1, 2, 4)], (
            "one bad user does not hide the others"
        )
        assert watch.violations == [] and watch.lost == {}
        user.oddities.clear()
        replay.run(migration.recording, before=watch).done()
        watch()
        assert watch.violations == [] and watch.lost == {}


def test_these_tests_would_see_harm(migration: Migration, tmp_path: Path) -> None:  # noqa: F811
    """Without the collection's laws the same omissions cut users off, and the lab's own laws say so."""
    # the points of the window ask for the same, so they are left out too
    kept = [one for one in migration.recording if one.role != "user_move" and one.module != "go_no_go"]
    with Replay(ESTATE, tmp_path / "lab", users=USERS, laws=lambda change, facts: []) as replay:
        watch = Watch(replay)
        replay.run(kept, before=watch)
        watch()
        assert {one["law"] for one in watch.violations} >= {"L1"}
        assert watch.lost != {}
