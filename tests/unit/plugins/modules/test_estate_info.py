# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""estate_info: what a host knows of the deployment, and what it does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.performer import NoShell
from ansible_collections.lync.xmpp_migration.plugins.module_utils._servers.estate_info import KINDS
from ansible_collections.lync.xmpp_migration.plugins.modules import estate_info, user_move
from ansible_collections.lync.xmpp_migration.tests.unit.doubles import FakeShell, ServerError
from ansible_collections.lync.xmpp_migration.tests.unit.lab_bench import LabBench
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.lync_people import (
    EDGE_OLD,
    NEW,
    OLD,
    People,
    estate,
    hybrid,
    undocumented,
    user,
)


@pytest.fixture(name="bench")
def _bench(tmp_path: Path) -> People:
    return People(tmp_path, estate(user(1), user(2), user(3, NEW), user(4, Enabled=False), hybrid(5)))


def run(bench: Any, check: bool = False, host: str = "fe2013", **more: Any) -> dict[str, Any]:
    result: dict[str, Any] = bench.run(estate_info, more, check=check, host=host)
    return result


def test_everything(bench: People) -> None:
    result = run(bench)
    assert result["changed"] is False and set(result["estate"]) == set(KINDS) and result["unread"] == {}
    assert result["estate"]["users"] == {OLD: 2, NEW: 1}
    assert result["estate"]["sites"][0]["FederationRoute"] == f"EdgeServer:{EDGE_OLD}"
    assert undocumented(estate_info, result) == [] and bench.writes == []


def test_only_what_is_asked_for(bench: People) -> None:
    assert set(run(bench, gather=["sites", "pools"])["estate"]) == {"sites", "pools"}
    assert [name for name, _ in bench.hosts["fe2013"].transcript] == ["Get-CsSite", "Get-CsPool"]
    assert "gather" in run(bench, gather=["everything"])["msg"]


def test_names_that_the_documentation_knows() -> None:
    assert estate_info.ARGUMENT_SPEC["gather"]["choices"] == sorted(KINDS)


def test_a_host_without_the_cmdlets(bench: People) -> None:
    bench.hosts["fe2013"] = FakeShell(bench.estate, "pool2013", tools=False)
    result = run(bench)
    assert result["estate"] == {} and set(result["unread"]) == set(KINDS)
    assert all(text.startswith("CommandNotFoundException") for text in result["unread"].values())
    result = run(bench, check=True)  # the tools may be planned: nothing is known, and nothing is wrong
    assert result["unread"] == {} and result["estate"]["sites"] == [] and result["estate"]["users"] == {}


def test_one_thing_that_cannot_be_read_hides_no_other(bench: People) -> None:
    bench.hosts["fe2013"].failures["Get-CsUser"] = ServerError("AccessDenied")
    result = run(bench)
    assert (
        result["unread"] == {"users": "AccessDenied,Microsoft.Rtc.Management.Test"}
        and len(result["estate"]) == len(KINDS) - 1
    )


def test_a_dry_run_sees_what_is_planned(bench: People) -> None:
    bench.prove("services_running", "legacy_route", "no_partner", "pilot_reached_partner")
    bench.run(user_move, {"target_pool": NEW}, check=True)
    assert run(bench, True, gather=["users"])["estate"]["users"] == {NEW: 3}
    assert run(bench, gather=["users"])["estate"]["users"] == {OLD: 2, NEW: 1}


def test_a_host_that_is_only_a_name(bench: People) -> None:
    hosts: dict[str, Any] = bench.hosts
    hosts["fe2013"] = NoShell("fe2013")
    assert run(bench, check=True)["estate"]["users"] == {}
    assert run(bench)["error"]["kind"] == "no_session"


def test_an_edge_of_the_lab_knows_little(tmp_path: Path) -> None:
    lab = LabBench(tmp_path)
    front_end, edge = run(lab), run(lab, host="edge2013")
    assert front_end["unread"] == {} and edge["estate"] == {}
    assert len(edge["unread"]) == len(KINDS) and lab.called() == []
