# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The master playbook with bad settings, and entered at the wrong end of an organisation where nothing was done yet.

Each run is refused with what is missing, and no step is taken out of its order. The tests share one organisation, and
stand in the order in which it changes least.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.lync.xmpp_migration.tests.lab.transport_support import Controller, eventually, short_home
from ansible_collections.lync.xmpp_migration.tests.replay.playbooks import MIGRATE


@pytest.fixture(scope="module")
def running(lab: Any) -> Any:
    return lab("lync2010", "--users", "3")


@pytest.fixture
def controller(running: Any) -> Iterator[Controller]:
    with short_home() as home:
        one = Controller(running, home)
        yield one
        assert eventually(one.nothing_left), one.daemons()
        assert running.state()["violations"] == []


@pytest.fixture
def writes(running: Any) -> Any:
    """What was changed on a server or in DNS since the test began, but the lock that holds off a second controller."""
    start = len(running.transcript())

    def made() -> list[dict[str, Any]]:
        lines = [line for line in running.transcript()[start:] if line["write"]]
        return [line for line in lines if "lync_xmpp_migration-lock" not in json.dumps(line)]

    return made


def settings(running: Any, **changes: Any) -> str:
    """The lab's own dictionary with other keys, as an extra variable: it replaces, and does not merge."""
    for path in Path(running.inventory).parent.glob("group_vars/**/*.yml"):
        known = yaml.safe_load(path.read_text()) or {}
        if "lync_migration" in known:
            return json.dumps({"lync_migration": {**known["lync_migration"], **changes}})
    raise AssertionError("the lab wrote no lync_migration")


def test_a_typing_error_ends_the_first_play_with_one_sentence(
    running: Any, controller: Controller, writes: Any
) -> None:
    requests = running.counts()["total"]["requests"]
    played = controller.run(MIGRATE, "-e", settings(running, topology_sorce="declared"))
    assert played.code == 2, played.output
    assert played.said("lync_migration and the inventory have one problem; nothing was changed."), played.output
    assert played.said("'topology_sorce'", "did you mean 'topology_source'?")
    assert played.output.count("PLAY [") == 1 and played.recap("localhost")["failed"] == 1
    # no server was even asked
    assert running.counts()["total"]["requests"] == requests and writes() == [] and controller.journal() == []


def test_the_cutover_by_its_tag(controller: Controller, writes: Any) -> None:
    played = controller.run(MIGRATE, "--tags", "federation_enable")
    assert played.code == 2 and played.recap("fe2013")["failed"] == 1, played.output
    assert played.said("The Edge pool edge2013.contoso.test is not in the topology yet"), played.output
    assert writes() == []


def test_the_partner_by_its_task(controller: Controller, writes: Any) -> None:
    played = controller.run(MIGRATE, "--start-at-task", "Create the XMPP partner")
    assert played.code == 2, played.output
    assert played.said(
        "XMPP partner fabrikam.test is not added to the XMPP partners",
        "that every user is homed on a Lync Server 2013 pool has not been verified",
        "Run the playbook lync.xmpp_migration.migrate with --tags user_move,federation_enable and without --limit",
    ), played.output
    assert writes() == []


def test_dns_by_its_tag(running: Any, controller: Controller, writes: Any) -> None:
    """Lifetimes may be lowered at any time; what the records say stays."""
    before = running.state()["dns"]
    played = controller.run(MIGRATE, "--tags", "dns_update", "-e", "dns_update_wait_seconds=1")
    assert played.code == 2 and played.recap("fe2013")["failed"] == 1, played.output
    assert played.said("--tags federation_enable") or played.said("5269"), played.output
    assert {line["cmdlet"] for line in writes()} <= {"dns.update"}
    after = running.state()["dns"]
    assert {zone: {name: one["values"] for name, one in records.items()} for zone, records in after.items()} == {
        zone: {name: one["values"] for name, one in records.items()} for zone, records in before.items()
    }


def test_one_front_end_alone(running: Any, controller: Controller, writes: Any) -> None:
    """What comes before the Edge is done in its order; whatever comes after it waits for it."""
    played = controller.run(MIGRATE, "--limit", "fe2013")
    assert played.code == 2 and played.recap("fe2013")["failed"] == 1, played.output
    assert played.said(
        "is not moved: that the services of the new Edge run has not been verified for edge2013",
        "with --tags edge_deploy and without --limit",
    ), played.output
    assert "Publish-CsTopology" in {line["cmdlet"] for line in writes()}
    assert {line["host"] for line in writes()} == {"pool2013.contoso.test"}
    late = ("Move-Cs", "Grant-Cs", "New-CsExternal", "New-CsXmpp", "Set-CsEdgeServer", "dns.update")
    assert [line["cmdlet"] for line in writes() if line["cmdlet"].startswith(late)] == []
    assert all(user["pool"] != "pool2013.contoso.test" for user in running.state()["users"].values())
