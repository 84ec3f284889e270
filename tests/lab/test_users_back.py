# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users judged, moved by movers, and moved back by the role, through ansible-playbook over real WinRM: one journal for all of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.context import Context
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.journal import Journal
from ansible_collections.lync.xmpp_migration.tests.lab.conftest import RunningLab
from ansible_collections.lync.xmpp_migration.tests.lab.test_movers import ESTATE, HOSTS, NEW, OLD, PROVED
from ansible_collections.lync.xmpp_migration.tests.lab.transport_support import (
    Controller,
    control,
    eventually,
    module,
    play,
    short_home,
)

USERS = [f"sip:u{n}@contoso.test" for n in range(8)]


@pytest.fixture(scope="module")
def running(lab: Any, tmp_path_factory: pytest.TempPathFactory) -> RunningLab:
    people = [{"sip": sip, "display_name": f"=1+{sip} ", "pool": OLD} for sip in USERS[:1]]
    people += [{"sip": sip, "pool": OLD, "policies": {"VoicePolicy": "Loud"}} for sip in USERS[1:]]
    estate = tmp_path_factory.mktemp("estate") / "back.yml"
    estate.write_text(yaml.safe_dump({**ESTATE, "users": people, "latency": {}}), encoding="utf-8")
    started: RunningLab = lab(estate)
    return started


def back(**options: Any) -> dict[str, Any]:
    role = {"name": "lync.xmpp_migration.user_move", "tasks_from": "back"}
    return {
        "ansible.builtin.import_role": role,
        "vars": {f"user_move_back_{name}": value for name, value in options.items()},
    }


def homes(running: RunningLab) -> dict[str, str]:
    return {sip: row["pool"] for sip, row in control(running, "state")["users"].items()}


def test_users_go_forth_and_back(running: RunningLab) -> None:
    with short_home() as home:
        one = Controller(running, home)
        Journal(one.state, "before").evidence(PROVED, Context(str(one.state), "before", "fe1"), check=False)
        session = play("fe1:fe2", module("session"))
        played = one.run(
            [
                session,
                play(
                    "fe1",
                    module("user_readiness", target_pool=NEW),
                    module("user_move", target_pool=NEW, movers=2, through=HOSTS),
                ),
            ]
        )
        assert played.said(f"{USERS[0]} has a name (DisplayName) that begins or ends with a blank"), played.output
        assert homes(running) == {sip: OLD if sip == USERS[0] else NEW for sip in USERS}
        report = next((one.state / "runs").glob("*/user_readiness.ndjson"))
        assert [json.loads(line)["reasons"] for line in report.read_text().splitlines()] == ["name_blanks"]
        assert f"'=1+{USERS[0]} " in report.with_suffix(".csv").read_text(encoding="utf-8-sig")
        run = report.parent.name
        played = one.run([session, play("fe1", back(of_run=run))])
        assert played.code != 0 and played.said("for 7 users: the content of meetings"), played.output
        assert set(list(homes(running).values())[1:]) == {NEW}
        played = one.run([session, play("fe1", back(of_run=run, accept_losses=["all"]))])
        assert played.code == 0 and played.said("changed=1"), played.output
        assert set(homes(running).values()) == {OLD}
        assert eventually(one.nothing_left)
