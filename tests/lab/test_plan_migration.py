# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The master playbook's dry run, over real WinRM: it changes nothing, and says what the real run does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.tests.replay.compare import differences
from ansible_collections.lync.xmpp_migration.tests.replay.migration import (  # noqa: F401
    ESTATE,
    SECTIONS,
    USERS,
    Migration,
    Watch,
    expected_end,
    migration,
)
from ansible_collections.lync.xmpp_migration.tests.replay.replay import Ended, Replay

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def replayed(
    migration: Migration,  # noqa: F811
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Replay, Ended, Watch]]:
    """The real run after the dry one, in one process."""
    with Replay(ESTATE, tmp_path_factory.mktemp("replay") / "lab", users=USERS) as replay:
        watch = Watch(replay)
        real = replay.run(migration.recording, before=watch)
        watch()
        yield replay, real.done(), watch


def test_a_dry_run_changes_nothing(migration: Migration) -> None:  # noqa: F811
    assert migration.writes == []
    assert len([one for one in migration.plan if one["kind"] == "intent"]) > 80


def test_every_module_was_called_in_check_mode(migration: Migration) -> None:  # noqa: F811
    assert {(one.check, one.outcome) for one in migration.recording} == {(True, "ok")}


def test_the_plan_is_what_the_real_run_does(migration: Migration, replayed: tuple[Replay, Ended, Watch]) -> None:  # noqa: F811
    replay, real, _watch = replayed
    assert differences(migration.plan, replay.place.estate(replay.journal(real.run))) == []


def test_evidence_is_planned_as_it_is_found(migration: Migration, replayed: tuple[Replay, Ended, Watch]) -> None:  # noqa: F811
    def facts(lines: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
        found = [(one["fact"], one["member"], one["module"]) for one in lines if one["kind"] == "evidence"]
        return sorted(set(found))

    replay, real, _watch = replayed
    assert facts(migration.plan) == facts(replay.journal(real.run))


def test_the_real_run_ends_as_it_was_written_down(replayed: tuple[Replay, Ended, Watch]) -> None:
    replay, _real, watch = replayed
    end, expected = replay.state, expected_end()
    assert {name: end[name] for name in SECTIONS} == {name: expected[name] for name in SECTIONS}
    assert watch.violations == []
    assert watch.lost == {}, "somebody could not reach a partner on the way"


def test_a_second_run_writes_nothing(migration: Migration, replayed: tuple[Replay, Ended, Watch]) -> None:  # noqa: F811
    replay, _real, _watch = replayed
    start, lines = len(replay.world.transcript), len(replay.journal())
    again = replay.run(migration.recording).done()
    assert again.changed == []
    assert list(replay.writes(start)) == []
    assert [one["kind"] for one in replay.journal()[lines:] if one["kind"] != "evidence"] == []
    dry = replay.run(migration.recording, check=True).done()
    assert dry.changed == []
    assert [one for one in replay.plan(dry.run) if one["kind"] == "intent"] == []


def test_how_long_a_migrated_estate_takes(
    migration: Migration,  # noqa: F811
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    started = time.process_time()
    with Replay(ESTATE, tmp_path / "lab", users=USERS) as replay:
        real = replay.run(migration.recording).done()
    used = time.process_time() - started
    record_property(
        "figure", f"replay: one migrated estate in {real.seconds:.1f} s, {used:.1f} s of processor time with its lab"
    )
    assert used < 10
