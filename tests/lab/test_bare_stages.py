# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each stage of the deployment by itself: check, look, do, look, do again. Who looks is the lab, not the collection.

The stages are cut from the recording of a whole dry run by the tags that an operator would name, in their order.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.tests.replay.bare import USERS, Attended, without_servers_own
from ansible_collections.lync.xmpp_migration.tests.replay.compare import differences
from ansible_collections.lync.xmpp_migration.tests.replay.migration import recorded
from ansible_collections.lync.xmpp_migration.tests.replay.recording import Recorded
from ansible_collections.lync.xmpp_migration.tests.replay.replay import Replay

pytestmark = pytest.mark.timeout(900)

Stage = tuple[str, str]

#: What of an organisation a stage may change, as `lab state` names it; it has to change something of it. The exception is
#: trust in the authority, which some of these servers have from the directory, or get with their certificates.
TOUCHES: dict[Stage, set[str]] = {
    ("pool_deploy", "trust"): {"hosts"},
    ("edge_deploy", "trust"): {"hosts"},
    ("pool_deploy", "features"): {"hosts", "computers"},
    ("pool_deploy", "packages"): {"hosts", "computers"},
    ("pool_deploy", "ad"): {"directory"},
    ("pool_deploy", "store"): {"central_management", "policies", "access_edge", "xmpp_gateway"},
    ("pool_deploy", "topology"): {"sites", "pools", "services", "central_management", "computers", "simple_urls",
                                  "sip_domains"},
    ("pool_deploy", "legacy"): {"sites", "pools", "edges", "services", "central_management", "policies", "ocs", "users",
                                "conference_directories", "computers"},
    ("pool_deploy", "databases"): {"central_management"},
    ("pool_deploy", "local_store"): {"hosts", "computers"},
    ("pool_deploy", "components"): {"hosts", "computers"},
    ("pool_deploy", "certificates"): {"hosts", "computers"},
    ("pool_deploy", "services"): {"computers"},
    ("edge_deploy", "topology"): {"edges", "services", "central_management", "computers", "simple_urls"},
    ("edge_deploy", "host"): {"hosts"},
    ("edge_deploy", "features"): {"hosts", "computers"},
    ("edge_deploy", "packages"): {"hosts", "computers"},
    ("edge_deploy", "local_store"): {"hosts", "computers"},
    ("edge_deploy", "components"): {"hosts", "computers"},
    ("edge_deploy", "certificates"): {"hosts", "computers"},
    ("edge_deploy", "services"): {"computers"},
}  # fmt: skip
#: The stages that an estate with a Central Management store does not have.
OF_OCS = {("pool_deploy", "store"), ("pool_deploy", "legacy")}


def stage_of(one: Recorded) -> Stage | None:
    """The first of its stages: the baseline belongs to several."""
    role = one.role.rpartition(".")[2]
    return next((stage for stage in TOUCHES if stage[0] == role and stage[1] in one.tags), None)


def stages(recording: list[Recorded]) -> Iterator[tuple[Stage, str, list[Recorded]]]:
    """Each with the host that it is done on, where an Edge pool is done one server after the other."""
    kept = [one for one in recording if one.role.rpartition(".")[2] in ("pool_deploy", "edge_deploy") and stage_of(one)]
    for (stage, host), calls in itertools.groupby(kept, key=lambda one: (stage_of(one), one.host)):
        yield stage, host, list(calls)  # type: ignore[misc]


def merged(found: Iterator[tuple[Stage, str, list[Recorded]]]) -> list[tuple[Stage, list[Recorded]]]:
    """The calls of a stage on several hosts are one stage; an Edge server after another repeats all of them."""
    told: list[tuple[Stage, list[Recorded]]] = []
    for stage, _host, calls in found:
        if told and told[-1][0] == stage:
            told[-1][1].extend(calls)
        else:
            told.append((stage, calls))
    return told


def changed_sections(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    return {name for name in after if before[name] != after[name]}


def always(recording: list[Recorded]) -> list[Recorded]:
    """What a run of any tags does first; it opens the sessions, too."""
    return [one for one in recording if "always" in one.tags and one.role.rpartition(".")[2] == "preflight"]


def look(replay: Replay) -> dict[str, Any]:
    """All but what comes to a server with its copy of the Central Management store, sooner or later."""
    seen = {name: value for name, value in without_servers_own(replay.state).items() if name != "replicas"}
    for computer in seen["computers"].values():
        computer["certificates"].pop("OAuthTokenIssuer", None)
    return seen


class Stages:
    name: str

    def test_check_look_do_look_do_again(self, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> None:
        migration = recorded(self.name, USERS[self.name], tmp_path_factory)
        seen = set()
        with Replay(self.name, tmp_path / "lab", users=USERS[self.name]) as replay:
            watch = Attended(replay)
            for stage, own in merged(stages(migration.recording)):
                seen.add(stage)
                calls = [*always(migration.recording), *own]
                before, lines = look(replay), len(replay.world.transcript)
                dry = replay.run(calls, check=True).done()
                assert look(replay) == before and list(replay.writes(lines)) == [], stage
                # what only an operator does is done by hand between the two
                real = replay.run(calls, before=watch).done()
                after = look(replay)
                assert differences(replay.plan(dry.run), replay.journal(real.run)) == [], stage
                # a restart that only the server can say whether it is wanted is planned and may not be made
                assert set(real.changed) <= set(dry.changed), stage
                moved = changed_sections(before, after)
                assert moved <= TOUCHES[stage], (stage, moved)
                assert bool(moved) is bool(real.changed) and (moved or stage[1] == "trust"), stage
                lines = len(replay.world.transcript)
                again = replay.run(calls).done()
                assert again.changed == [] and list(replay.writes(lines)) == [] and look(replay) == after, stage
            watch()
            assert watch.violations == [] and watch.lost == {}
        assert seen == self.expected()

    @classmethod
    def expected(cls) -> set[Stage]:
        return set(TOUCHES) - (OF_OCS if cls.name.startswith("lync") else set())


class TestLync2010Standard(Stages):
    name = "lync2010-standard"


class TestOcs2007R2Enterprise(Stages):
    name = "ocs2007r2-enterprise"
