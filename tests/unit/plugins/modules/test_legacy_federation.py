# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""legacy_federation: that moved users keep the old gateway, step by step, and what says so."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.modules import legacy_federation, user_move
from ansible_collections.lync.xmpp_migration.tests.unit.doubles import ServerError
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.lync_people import (
    EDGE_NEW,
    EDGE_OLD,
    GATEWAY,
    NEW,
    OLD,
    People,
    edge,
    estate,
    hybrid,
    registrar,
    sip,
    undocumented,
    user,
)

OPTIONS = {
    "site": "Redmond",
    "pools": [NEW],
    "edge_fqdn": EDGE_OLD,
    "gateway_fqdn": GATEWAY,
    "partner_domains": ["fabrikam.test"],
}


def people(tmp_path: Path, *users: dict[str, Any], **more: Any) -> People:
    bench = People(tmp_path, estate(*users, **more))
    results: dict[str, Any] = {}

    def test(_shell: Any, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        answer = results.get(parameters["Domain"], "Success")
        if isinstance(answer, Exception):
            raise answer
        return [{"Result": answer}]

    bench.hosts["fe2013"].handlers["Test-CsFederatedPartner"] = test
    bench.results = results  # type: ignore[attr-defined]
    return bench


def run(bench: People, check: bool = False, **more: Any) -> dict[str, Any]:
    return bench.run(legacy_federation, {**OPTIONS, **more}, check=check)


def facts(bench: People, check: bool = False) -> list[str]:
    return [one["fact"] for one in (bench.plan() if check else bench.journal()) if one["kind"] == "evidence"]


def asked_about(bench: People) -> list[dict[str, Any]]:
    return [parameters for name, parameters in bench.hosts["fe2013"].transcript if name == "Test-CsFederatedPartner"]


def test_before_the_first_move(tmp_path: Path) -> None:
    bench = people(tmp_path, user(1))
    result = run(bench)
    assert result["changed"] is False and result["needed"] is True and result["tested"] == []
    assert facts(bench) == ["no_partner", "legacy_route"] and bench.writes == [] and asked_about(bench) == []
    assert undocumented(legacy_federation, result) == []
    bench.prove("services_running")
    assert bench.run(user_move, {"target_pool": NEW, "users": [sip(1)], "pilot": True})["moved"] == [sip(1)]


def test_the_pilot_proves_the_way(tmp_path: Path) -> None:
    bench = people(tmp_path, user(1, NEW), user(2))
    result = run(bench, pilot_users=[sip(1)])
    assert result["tested"] == ["fabrikam.test"] and facts(bench)[-1] == "pilot_reached_partner"
    assert asked_about(bench) == [{"TargetFqdn": EDGE_OLD, "Domain": "fabrikam.test"}]
    bench.prove("services_running")
    assert bench.run(user_move, {"target_pool": NEW})["moved"] == [sip(2)]
    # nobody needs it any more, and nothing is tested
    result = run(bench, pilot_users=[sip(1)])
    assert result["needed"] is False and result["tested"] == [] and len(asked_about(bench)) == 1


@pytest.mark.parametrize(
    "pilot", [user(1), user(1, NEW, Enabled=False), hybrid(1)], ids=["elsewhere", "disabled", "hybrid"]
)
def test_pilots_who_prove_nothing(tmp_path: Path, pilot: dict[str, Any]) -> None:
    bench = people(tmp_path, pilot, user(2))
    result = run(bench, pilot_users=[sip(1)])
    assert result["error"]["kind"] == "not_ready" and f"not homed on {NEW}, or not enabled: {sip(1)}" in result["msg"]
    assert facts(bench) == []
    assert "No user has the SIP address" in run(bench, pilot_users=[sip(7)])["msg"]
    assert "A SIP address such as" in run(bench, pilot_users=["*"])["msg"]


def test_partners_that_are_not_reached_are_all_named(tmp_path: Path) -> None:
    domains = ["fabrikam.test", "nwtraders.test", "tailspin.test"]
    allowed = [{"Identity": one, "Domain": one, "ProxyFqdn": GATEWAY} for one in domains]
    bench = people(tmp_path, user(1, NEW), user(2), allowed_domain=allowed)
    bench.results.update({"fabrikam.test": "Failure", "tailspin.test": ServerError("NoRoute")})  # type: ignore[attr-defined]
    result = run(bench, pilot_users=[sip(1)], partner_domains=domains)
    assert "did not reach fabrikam.test (Failure), tailspin.test (NoRoute" in result["msg"]
    assert "nwtraders.test" not in result["msg"] and facts(bench) == []


def test_the_operators_word(tmp_path: Path) -> None:
    bench = people(tmp_path, user(1, NEW), user(2))
    result = run(bench, pilot_users=[sip(1)], proof="declared")
    assert result["tested"] == [] and asked_about(bench) == []
    assert bench.journal()[-1]["value"] == {"proof": "declared", "pilots": [sip(1)]}


def test_a_dry_run_of_the_whole_step(tmp_path: Path) -> None:
    bench = people(tmp_path, user(1), user(2))
    bench.prove("services_running", check=True)
    assert run(bench, True)["needed"] is True
    assert bench.run(user_move, {"target_pool": NEW, "users": [sip(1)], "pilot": True}, check=True)["changed"]
    assert run(bench, True, pilot_users=[sip(1)])["tested"] == [] and asked_about(bench) == []
    assert bench.run(user_move, {"target_pool": NEW}, check=True)["moved"] == [sip(2)]
    assert run(bench, True)["needed"] is False
    assert "pilot_reached_partner" in facts(bench, True) and facts(bench) == [] and bench.writes == []


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ({"site": [{"Identity": "Site:Redmond", "FederationRoute": None}]}, "leads to no Edge, not to the legacy Edge"),
        (
            {"site": [{"Identity": "Site:Redmond", "FederationRoute": f"EdgeServer:{EDGE_NEW}"}]},
            f"leads to {EDGE_NEW}, not to the legacy Edge",
        ),
        ({"registrar": [registrar(OLD, EDGE_OLD)]}, f"no Registrar on {NEW}"),
        ({"registrar": [registrar(NEW, None)]}, "is associated with no Edge"),
        ({"registrar": [registrar(NEW, EDGE_NEW)]}, f"is associated with {EDGE_NEW}"),
        ({"allowed_domain": []}, "fabrikam.test is not an allowed domain"),
        (
            {"allowed_domain": [{"Identity": "fabrikam.test", "Domain": "fabrikam.test", "ProxyFqdn": None}]},
            "proxy (none)",
        ),
        ({"xmpp_partner": [{"Identity": "fabrikam.test"}]}, "has the XMPP partners fabrikam.test already"),
    ],
)
def test_what_would_cost_moved_users_their_xmpp(tmp_path: Path, rows: dict[str, Any], says: str) -> None:
    bench = people(tmp_path, user(1), **rows)
    for check in (True, False):
        result = run(bench, check)
        assert result["error"]["kind"] == "not_ready" and says in result["msg"]
    assert facts(bench) == facts(bench, True) == []


def test_all_problems_in_one_sentence(tmp_path: Path) -> None:
    bench = people(tmp_path, user(1), allowed_domain=[], registrar=[], xmpp_partner=[{"Identity": "fabrikam.test"}])
    text = run(bench)["msg"]
    assert all(one in text for one in ("no Registrar", "not an allowed domain", "already"))


def test_users_of_branch_appliances_do_not_need_the_way(tmp_path: Path) -> None:
    bench = people(tmp_path, user(1, NEW), user(2, "sba.contoso.test"), xmpp_partner=[{"Identity": "fabrikam.test"}])
    assert run(bench)["failed"]
    assert run(bench, branch_pools=["SBA.contoso.test"])["needed"] is False


@pytest.mark.parametrize("option", ["edge_fqdn", "gateway_fqdn", "partner_domains", "site"])
def test_names_that_cannot_be(tmp_path: Path, option: str) -> None:
    bench = people(tmp_path, user(1))
    bad: Any = ["a'b.test"] if option == "partner_domains" else "*.contoso.test"
    result = run(bench, **{option: bad})
    assert result["error"]["kind"] == "invalid_input" and result["msg"].startswith(f"{option}: ")


def test_names_are_compared_without_regard_to_case(tmp_path: Path) -> None:
    bench = people(tmp_path, user(1))
    result = run(
        bench,
        pools=[NEW.upper()],
        edge_fqdn=EDGE_OLD.upper(),
        gateway_fqdn=GATEWAY.upper(),
        partner_domains=["Fabrikam.TEST"],
    )
    assert result["needed"] is True


def test_a_route_that_the_operator_moved_already_is_tested_where_it_leads_now(tmp_path: Path) -> None:
    bench = people(tmp_path, user(1, NEW), user(2))
    bench.estate.rows["site"]["site:redmond"]["FederationRoute"] = f"EdgeServer:{EDGE_NEW}"
    assert "not to the legacy Edge" in run(bench)["msg"]
    result = run(bench, route_edge_fqdn=EDGE_NEW, pilot_users=[sip(1)])
    assert result["tested"] == ["fabrikam.test"]
    assert asked_about(bench) == [{"TargetFqdn": EDGE_NEW, "Domain": "fabrikam.test"}]


def test_a_route_that_was_said_to_be_moved_and_is_not(tmp_path: Path) -> None:
    bench = people(tmp_path, user(1))
    assert f"not to the Edge {EDGE_NEW} that it was moved to" in run(bench, route_edge_fqdn=EDGE_NEW)["msg"]
    assert facts(bench) == []


# --- Office Communications Server


OCS_EDGE = "ocsedge.contoso.test"
FROM_OCS = {"source": "ocs_2007_r2", "edge_fqdn": OCS_EDGE}


def from_ocs(tmp_path: Path, *users: dict[str, Any], **more: Any) -> People:
    rows = {
        "registrar": [registrar(NEW, OCS_EDGE)],
        "edge_server": [edge(OCS_EDGE)],
        "site": [
            {"Identity": "Site:Redmond", "FederationRoute": f"EdgeServer:{OCS_EDGE}", "XmppFederationRoute": None}
        ],
        "allowed_domain": [],
    }
    return people(tmp_path, *users, **{**rows, **more})


def test_ocs_has_its_allow_list_where_no_cmdlet_reads_it(tmp_path: Path) -> None:
    bench = from_ocs(tmp_path, user(1, None, HomeServer="CN=LC Services"))
    result = run(bench, **FROM_OCS)
    assert result["needed"] is True and facts(bench) == ["no_partner", "legacy_route"]
    assert f"that {OCS_EDGE} has fabrikam.test with the gateway {GATEWAY} there" in result["warnings"][0]
    assert not any(name == "Get-CsAllowedDomain" for name, _ in bench.hosts["fe2013"].transcript)


def test_the_pilot_proves_the_way_through_the_edge_of_ocs(tmp_path: Path) -> None:
    bench = from_ocs(tmp_path, user(1, NEW), user(2, None, HomeServer="CN=LC Services"))
    result = run(bench, **FROM_OCS, pilot_users=[sip(1)])
    assert result["tested"] == ["fabrikam.test"] and facts(bench)[-1] == "pilot_reached_partner"
    assert asked_about(bench) == [{"TargetFqdn": OCS_EDGE, "Domain": "fabrikam.test"}] and "warnings" not in result
    bench.results["fabrikam.test"] = "Failure"  # type: ignore[attr-defined]
    assert "did not reach fabrikam.test" in run(bench, **FROM_OCS, pilot_users=[sip(1)])["msg"]


def test_the_edge_of_ocs_has_to_be_merged_and_led_to(tmp_path: Path) -> None:
    nowhere = {"Identity": "Site:Redmond", "FederationRoute": None, "XmppFederationRoute": None}
    bench = from_ocs(tmp_path, user(1, None, HomeServer="CN=LC Services"), edge_server=[], site=[nowhere])
    result = run(bench, **FROM_OCS)
    assert result["error"]["kind"] == "not_ready" and facts(bench) == []
    assert f"has no Edge {OCS_EDGE}: merge Office Communications Server" in result["msg"]
    assert f"leads to no Edge, not to the legacy Edge {OCS_EDGE}" in result["msg"]
