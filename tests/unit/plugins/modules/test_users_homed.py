# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""users_homed: who counts, who is listed apart, and what goes on record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import Query
from ansible_collections.lync.xmpp_migration.plugins.modules import user_move, users_homed
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.lync_people import (
    NEW,
    OLD,
    People,
    estate,
    hybrid,
    sip,
    undocumented,
    user,
)

BRANCH = "sba.contoso.test"


def run(bench: People, **more: Any) -> dict[str, Any]:
    check = more.pop("check", False)
    return bench.run(users_homed, {"pools": [NEW], **more}, check=check)


def seen(bench: People) -> list[dict[str, Any]]:
    return [one for one in bench.journal() if one["kind"] == "evidence" and one["fact"] == "users_homed"]


def test_all_are_homed(tmp_path: Path) -> None:
    bench = People(tmp_path, estate(user(1, NEW), user(2, NEW.upper())))
    result = run(bench)
    assert result["changed"] is False and result["users"] == {"here": 2, "branch": 0, "other": 0}
    assert len(seen(bench)) == 1 and undocumented(users_homed, result) == []


@pytest.mark.parametrize(
    "somebody",
    [
        user("off", OLD, Enabled=False),
        hybrid("cloud"),
        user("contact", OLD, SipAddress=None),
        user("nobody", None, HostingProvider=None),
    ],
)
def test_who_does_not_count(tmp_path: Path, somebody: dict[str, Any]) -> None:
    bench = People(tmp_path, estate(user(1, NEW), somebody))
    assert run(bench)["users"] == {"here": 1, "branch": 0, "other": 1}


@pytest.mark.parametrize(
    "somebody",
    [user("old"), user("none", None), user("case", OLD, HostingProvider="srv:")],
)
def test_who_is_left_is_named_with_the_pool(tmp_path: Path, somebody: dict[str, Any]) -> None:
    bench = People(tmp_path, estate(user(1, NEW), somebody))
    result = run(bench)
    assert result["error"]["kind"] == "not_ready" and somebody["SipAddress"] in result["msg"]
    assert f"1 on {somebody['RegistrarPool'] or '(none)'}" in result["msg"]
    assert "role user_move" in result["msg"] and seen(bench) == []


def test_users_of_office_communications_server_are_left(tmp_path: Path) -> None:
    server = (
        "CN=LC Services,CN=Microsoft,CN=OcsPool,CN=Pools,CN=RTC Service,CN=Services,CN=Configuration,DC=contoso,DC=test"
    )
    bench = People(tmp_path, estate(user(1, NEW), user(2, None, HomeServer=server), user(3, None, HomeServer="odd")))
    result = run(bench)
    assert result["error"]["kind"] == "not_ready" and seen(bench) == []
    assert "1 on Office Communications Server, 1 on Office Communications Server (ocspool)" in result["msg"]
    for number in (2, 3):
        bench.users[sip(number)]["RegistrarPool"] = (
            NEW  # Move-CsLegacyUser leaves HomeServer, as users of Lync have one too
        )
    assert run(bench)["users"] == {"here": 3, "branch": 0, "other": 0}


def test_users_of_branch_appliances_are_listed_apart(tmp_path: Path) -> None:
    bench = People(tmp_path, estate(user(1, NEW), user(2, BRANCH)))
    assert run(bench)["error"]["kind"] == "not_ready"
    result = run(bench, branch_pools=[BRANCH.upper()])
    assert result["users"] == {"here": 1, "branch": 1, "other": 0} and result["branch_users"] == [sip(2)]
    assert "survivable branch appliances have no XMPP" in result["warnings"][0]


def test_a_long_list_is_cut(tmp_path: Path) -> None:
    bench = People(tmp_path, estate(*(user(number) for number in range(100, 112))))
    text = run(bench)["msg"]
    assert "12 enabled users" in text and "and 7 more" in text and sip(105) not in text


def test_a_dry_run_sees_planned_moves(tmp_path: Path) -> None:
    bench = People(tmp_path, estate(user(1)))
    bench.prove("services_running", "legacy_route", "no_partner", "pilot_reached_partner")
    assert run(bench, check=True)["failed"]
    assert bench.run(user_move, {"target_pool": NEW}, check=True)["changed"]
    assert run(bench, check=True)["users"]["here"] == 1
    assert seen(bench) == [] and [e["fact"] for e in bench.plan() if e["kind"] == "evidence"] == ["users_homed"]
    assert bench.writes == [] and run(bench)["failed"]


def test_the_domain_controller_is_asked(tmp_path: Path) -> None:
    bench = People(tmp_path, estate(user(1, NEW)))
    run(bench, domain_controller="DC1.contoso.test")
    assert bench.hosts["fe2013"].transcript == [("Get-CsUser", {"DomainController": "dc1.contoso.test"})]
    assert "domain_controller:" in run(bench, domain_controller="dc*")["msg"]


def test_pools_that_are_patterns_mean_nothing(tmp_path: Path) -> None:
    bench = People(tmp_path, estate(user(1, NEW)))
    for text in ("*", "*.contoso.test", "pool2013*", f"{OLD}' -or 'a' -eq 'a"):
        assert bench.run(users_homed, {"pools": [text]})["failed"]


def test_a_user_is_found_by_one_address_only(tmp_path: Path) -> None:
    bench = People(tmp_path, estate(user(1)))
    for text in ("*)(objectClass=*", "sip:user1@*", "*"):
        assert bench.session().read(Query("user", text)) == [[]]
        _, parameters = bench.hosts["fe2013"].transcript[-1]
        assert parameters["LdapFilter"].count("(") == parameters["LdapFilter"].count(")") == 1
        assert "*" not in parameters["LdapFilter"]
