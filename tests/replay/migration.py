# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The master playbook, recorded once for a whole test session: a dry run over real WinRM on a pristine estate.

Which modules are called with which options depends on inventory and variables only: no task feeds one module's result to
another. So the recording of a dry run is that of a real one. Import the fixture where it is used:

    from ansible_collections.lync.xmpp_migration.tests.replay.migration import migration  # noqa: F401

`recorded` does the same for any estate by name; `operator` is who does in a replay what no cmdlet does.
"""

from __future__ import annotations

import dataclasses
import fcntl
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.lync.xmpp_migration.lab import consoles
from ansible_collections.lync.xmpp_migration.lab.organisation.paths import user_reaches
from ansible_collections.lync.xmpp_migration.lab.place import Place
from ansible_collections.lync.xmpp_migration.tests.lab.conftest import RunningLab
from ansible_collections.lync.xmpp_migration.tests.lab.transport_support import eventually, short_home
from ansible_collections.lync.xmpp_migration.tests.replay.playbooks import MIGRATE, Operator
from ansible_collections.lync.xmpp_migration.tests.replay.recording import Recorded
from ansible_collections.lync.xmpp_migration.tests.replay.replay import Replay

ESTATE, USERS = "lync2010", 5
GATE = "ocs_edge_internal_list"
STOP, START = "gateway_stop", "gateway_start"
EXPECTED = Path(__file__).parents[1] / "lab" / "expected" / "lync2010.yml"
SECTIONS = ("sites", "pools", "edges", "policies", "xmpp_partners", "allowed_domains", "gateway", "dns")


@dataclass(frozen=True)
class Migration:
    """The recording, and what else that dry run left: what the lab was asked to change, its plan in estate form."""

    recording: list[Recorded]
    writes: list[dict[str, Any]]
    plan: list[dict[str, Any]]


def _record(directory: Path, file: Path, estate: str, users: int) -> None:
    directory.mkdir(mode=0o700)
    with short_home() as home:
        lab = RunningLab(directory, estate, "--users", str(users))
        try:
            operator = Operator(lab, home)
            # What is confirmed is what `operator` does, in a replay, just before it is asked for.
            gates = json.dumps({"pool_deploy_gates_confirmed": [GATE]})
            dry = operator.play(MIGRATE, "--diff", "-e", gates, check=True).done()
            place = Place(directory, lab.ready["prefix"])
            found = {
                "recording": [dataclasses.asdict(one) for one in dry.recording],
                "writes": dry.writes,
                "plan": place.estate(operator.plan(dry)),
            }
            assert eventually(operator.nothing_left)
        finally:
            lab.down()
    temporary = file.with_suffix(".new")
    temporary.write_text(json.dumps(found), encoding="ascii")
    temporary.rename(file)


def recorded(estate: str, users: int, tmp_path_factory: pytest.TempPathFactory) -> Migration:
    """Made by the first worker that asks; the others wait for it. It lies in the session's temporary directory."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    file = shared / f"{estate}-{users}.json"
    with open(file.with_suffix(".lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.exists():
            _record(tmp_path_factory.mktemp("recording") / "lab", file, estate, users)
    return _read(file)


def record(directory: Path, estate: str, users: int) -> Migration:
    """Made anew, for who has no session of tests to share it with."""
    directory.mkdir(mode=0o700)
    _record(directory / "lab", directory / "recording.json", estate, users)
    return _read(directory / "recording.json")


def _read(file: Path) -> Migration:
    found = json.loads(file.read_text(encoding="ascii"))
    recording = [Recorded(**{**one, "tags": tuple(one["tags"])}) for one in found["recording"]]
    return Migration(recording, found["writes"], found["plan"])


@pytest.fixture(scope="session")
def migration(tmp_path_factory: pytest.TempPathFactory) -> Migration:
    return recorded(ESTATE, USERS, tmp_path_factory)


def operator(replay: Replay, recorded: Recorded) -> None:
    """Somebody who does by hand what the next task asks for, before it does."""
    if recorded.module == "manual_gate" and recorded.arguments["gate"] == GATE:
        for server in recorded.arguments["servers"]:
            consoles.act(replay.world, GATE, server)
    if recorded.module == "manual_gate" and recorded.arguments["gate"] in (STOP, START):
        gateway = replay.hosts[recorded.arguments["gateway_host"]]
        if int(gateway.powershell.partition(".")[0]) < 3:  # else its session has done it
            wanted = "stopped" if recorded.arguments["gate"] == STOP else "running"
            consoles.act(replay.world, "gateway_service", wanted)


def cut_off(world: Any) -> set[str]:
    """Who cannot write to which XMPP partner now, and why: empty as long as nobody loses anything."""
    with world.turn():
        return {
            f"{user.sip} -> {partner.domain}: {why}"
            for user in world.ad
            if user.enabled and user.registrar_pool
            for partner in world.estate.partners
            if (why := user_reaches(world, user, partner.domain))
        }


class Watch:
    """Looks at a replay before each of its calls: whether users keep XMPP, and what the lab's laws say."""

    def __init__(self, replay: Replay) -> None:
        self.replay = replay
        self.lost: dict[str, set[str]] = {}
        self._last: Recorded | None = None

    def __call__(self, recorded: Recorded | None = None) -> None:
        lost = cut_off(self.replay.world)
        if lost:
            self.lost[self._last.shown if self._last else "at the start"] = lost
        self._last = recorded

    @property
    def violations(self) -> list[dict[str, Any]]:
        return list(self.replay.world.laws.violations)


def expected_end() -> dict[str, Any]:
    """What the estate is after the migration and before its acceptance, written by hand."""
    return dict(yaml.safe_load(EXPECTED.read_text(encoding="utf-8")))
