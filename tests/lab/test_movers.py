# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users moved by movers of two Front Ends, through ansible-playbook, over real WinRM, with real signals."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import Evidence
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.context import Context
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.journal import Journal
from ansible_collections.lync.xmpp_migration.tests.lab.conftest import RunningLab
from ansible_collections.lync.xmpp_migration.tests.lab.transport_support import (
    Controller,
    control,
    eventually,
    module,
    play,
    short_home,
    transcript,
)

OLD, NEW = "pool2010.contoso.test", "pool2013.contoso.test"
USERS, HOSTS = 60, ["fe1", "fe2"]
EDGE = {"web_conferencing_fqdn": "wc.contoso.test", "av_fqdn": "av.contoso.test"}
ESTATE = {
    "name": "movers", "domain": "contoso.test", "sip_domains": ["contoso.test"], "central_management": OLD,
    "certificates": {"key": "ec256"}, "sites": [{"name": "Redmond", "federation_route": "edge2010.contoso.test"}],
    "pools": [
        {"fqdn": OLD, "version": 5, "edge": "edge2010.contoso.test"},
        {"fqdn": NEW, "version": 6, "kind": "enterprise", "sql": "sql.contoso.test", "edge": "edge2010.contoso.test",
         "machines": [f"{one}.contoso.test" for one in HOSTS]},
    ],
    "edges": [
        {"fqdn": "edge2010.contoso.test", "version": 5, "access_fqdn": "sip.contoso.test", "internal_address": "10.0.1.20",
         "external_address": "203.0.113.20", "federation": True, **EDGE},
        {"fqdn": "edge2013.contoso.test", "version": 6, "access_fqdn": "access.contoso.test", "internal_address": "10.0.1.40",
         "external_address": "203.0.113.40", **EDGE},
    ],
    "users": [{"count": USERS, "pool": OLD, "scripts": ["latin", "arabic", "chinese", "emoji"]}],
    "latency": {"Move-CsUser": 0.15},
}  # fmt: skip
PROVED = (
    Evidence("services_running", "edge2013"), Evidence("legacy_route", "organisation"), Evidence("no_partner", "organisation"),
    Evidence("pilot_reached_partner", "organisation"),
)  # fmt: skip
PLAYS = [
    play("fe1:fe2", module("session")),
    play("fe1", module("user_move", target_pool=NEW, movers=3, through=HOSTS)),
]


@pytest.fixture
def controller(lab: Any, tmp_path: Path) -> Iterator[Controller]:
    estate = tmp_path / "movers.yml"
    estate.write_text(yaml.safe_dump(ESTATE), encoding="utf-8")
    running: RunningLab = lab(estate)
    with short_home() as home:
        one = Controller(running, home)
        Journal(one.state, "before").evidence(PROVED, Context(str(one.state), "before", "fe1"), check=False)
        yield one
        assert eventually(one.nothing_left)


def moves(controller: Controller) -> list[str]:
    return [str(one["parameters"]["Identity"]) for one in transcript(controller.lab) if one["cmdlet"] == "Move-CsUser"]


def homes(controller: Controller) -> Counter[str]:
    state = control(controller.lab, "state")
    return Counter({pool: int(count) for pool, count in state["users"]["homed"].items()})


def test_two_hosts_move_everybody_and_tell_how_far_they_are(controller: Controller) -> None:
    played = controller.run(PLAYS)
    assert played.code == 0, played.output
    done = Counter(moves(controller))
    assert len(done) == USERS and set(done.values()) == {1}
    assert played.said(f"{USERS} moved, 0 failed, 0 of {USERS} left")
    lines = controller.journal()
    assert {one["host"] for one in lines if one["kind"] == "intent"} == set(HOSTS)
    rows = next((controller.state / "runs").glob("*/users.csv")).read_text(encoding="utf-8-sig").splitlines()
    assert len(rows) == USERS + 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda one: one.name)
def test_a_run_that_is_broken_off_hears_out_its_moves_and_the_next_one_goes_on(controller: Controller, number: signal.Signals) -> None:
    process = controller.start(PLAYS)
    assert eventually(lambda: len(moves(controller)) >= 8, 60), process
    os.kill(process.pid, number)
    process.communicate(timeout=60)
    assert eventually(controller.nothing_left)
    lines = controller.journal()
    begun = {one["id"] for one in lines if one["kind"] == "intent"}
    assert begun == {one["id"] for one in lines if one["kind"] == "outcome"}, "each call that was begun was heard to its end"
    first = moves(controller)
    assert len(first) == len(set(first)) == len(begun) < USERS
    played = controller.run(PLAYS)
    assert played.code == 0, played.output
    assert Counter(moves(controller)) == Counter(set(first)) + Counter(set(moves(controller)) - set(first))
    assert len(set(moves(controller))) == USERS
