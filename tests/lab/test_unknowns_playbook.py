# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The master playbook for real, over WinRM, where two open questions have the answer that nobody leans to.

Its dry run was made where they have the other one: the plan holds all the same, as it may not rest on such an answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.lab.place import Place
from ansible_collections.lync.xmpp_migration.tests.lab.transport_support import eventually, short_home
from ansible_collections.lync.xmpp_migration.tests.replay.compare import differences
from ansible_collections.lync.xmpp_migration.tests.replay.migration import (  # noqa: F401
    ESTATE,
    SECTIONS,
    USERS,
    Migration,
    expected_end,
    migration,
)
from ansible_collections.lync.xmpp_migration.tests.replay.playbooks import MIGRATE, Operator, Run

pytestmark = pytest.mark.timeout(900)

ANSWERS = {"publish_keeps_routes": "no", "enable_computer_on_edge": "refused"}


@dataclass(frozen=True)
class Story:
    run: Run
    journal: list[dict[str, Any]]
    state: dict[str, Any]
    counts: dict[str, Any]


@pytest.fixture(scope="module")
def story(lab: Any) -> Iterator[Story]:
    running = lab(ESTATE, "--users", str(USERS))
    for name, answer in ANSWERS.items():
        running.command("set", name, answer)
    with short_home() as home:
        operator = Operator(running, home)
        run = operator.play(MIGRATE).done()
        place = Place(running.directory, running.ready["prefix"])
        assert eventually(operator.nothing_left)
        yield Story(run, place.estate(operator.journal()), running.state(), running.counts())


def test_it_ends_as_it_was_written_down(story: Story) -> None:
    end, expected = story.state, expected_end()
    assert {name: end[name] for name in SECTIONS} == {name: expected[name] for name in SECTIONS}
    assert {name: end["unknowns"][name] for name in ANSWERS} == ANSWERS


def test_the_answers_were_met(story: Story) -> None:
    refused = [one for one in story.run.writes if one["cmdlet"] == "Enable-CsComputer" and one["outcome"] != "ok"]
    assert {one["host"] for one in refused} == {"edge2013.contoso.test"}
    # what the publish took away was there again with the next call, and nothing else broke a law
    assert {one["cmdlet"] for one in story.counts["violations"]} == {"Publish-CsTopology"}
    writes = [one["cmdlet"] for one in story.run.writes]
    assert all(writes[at + 1] == "Set-CsSite" for at, name in enumerate(writes) if name == "Publish-CsTopology")


def test_the_plan_of_the_other_answers_holds(story: Story, migration: Migration) -> None:  # noqa: F811
    assert differences(migration.plan, story.journal) == []


def test_the_dry_run_called_the_same_modules_with_the_same_options(story: Story, migration: Migration) -> None:  # noqa: F811
    # hosts that do the same task at the same time come in any order
    for host in ("localhost", "fe2013", "edge2013"):
        real, dry = (
            [one.essence for one in run if one.host == host] for run in (story.run.recording, migration.recording)
        )
        assert real == dry


def test_one_powershell_for_each_host(story: Story) -> None:
    starts = {name: one["powershell_starts"] for name, one in story.counts["hosts"].items()}
    # the second one of the Front End is the mover's
    # whether a legacy Front End and the old gateway hold a session is found by trying; the Front End's PowerShell is too old
    assert starts == {"fe2010": 1, "edge2010": 0, "xmppgw": 1, "fe2013": 2, "edge2013": 1}
