# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""partner_reconciliation: no partner of the old gateway is lost; and the legacy entry that goes with the partner."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.modules import partner_reconciliation, xmpp_partner
from ansible_collections.lync.xmpp_migration.tests.unit.doubles import Bench, Estate, FakeShell, ServerError
from ansible_collections.lync.xmpp_migration.tests.unit.lab_bench import LabBench
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.lync_people import undocumented

GATEWAY = "xmppgw.contoso.test"


def entry(domain: str, proxy: str | None = GATEWAY) -> dict[str, Any]:
    return {"Identity": domain, "Domain": domain, "ProxyFqdn": proxy, "Comment": None, "MarkForMonitoring": False}


def partners(*domains: str, **more: Any) -> list[dict[str, Any]]:
    return [{"domain": one, "partner_type": "Federated", **more} for one in domains]


def run(bench: Bench, declared: list[dict[str, Any]], check: bool = False, **more: Any) -> dict[str, Any]:
    options = {"gateway_fqdn": "XMPPGW.contoso.test", "partners": declared, **more}
    return bench.run(partner_reconciliation, options, check=check)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    rows = [
        entry("fabrikam.test"),
        entry("Old.test", GATEWAY.upper()),
        entry("sip.test", "edge.sip.test"),
        entry("open.test", None),
    ]
    return Bench(tmp_path, Estate(allowed_domain=rows))


@pytest.mark.parametrize("check", [True, False])
def test_who_would_be_lost_is_named_with_where_it_was_seen(bench: Bench, check: bool) -> None:
    result = run(bench, partners("fabrikam.test"), check, allow_list=["FABRIKAM.test", "old.test", "typed.test"])
    assert result["error"]["kind"] == "partners_lost" and bench.writes == []
    assert result["error"]["lost"] == [
        {"domain": "old.test", "seen_in": ["the Allow List of the gateway", "an allowed domain with the gateway as its proxy"]},
        {"domain": "typed.test", "seen_in": ["the Allow List of the gateway"]},
    ]  # fmt: skip
    assert "lync_migration.partners_dropped" in result["msg"] and "sip.test" not in result["msg"]


def test_lists_that_agree(bench: Bench) -> None:
    declared = partners("fabrikam.test", additional_domains=["typed.test"]) + partners("new.test")
    result = run(bench, declared, allow_list=["fabrikam.test", "typed.test", "old.test"], dropped=["OLD.test"])
    assert undocumented(partner_reconciliation, result) == [] and result["changed"] is False
    assert result["new"] == ["new.test"] and result["dropped"] == ["old.test"]
    (fabrikam, typed, new, old) = result["partners"]
    assert fabrikam == {
        "domain": "fabrikam.test",
        "declared": True,
        "allow_list": True,
        "allowed_domain": True,
        "dropped": False,
    }
    assert (typed["allowed_domain"], new["allow_list"], old["dropped"]) == (False, False, True)
    assert result["warnings"] == [
        f"typed.test is on the Allow List of the gateway {GATEWAY}, but no allowed domain leads to it there: users do not reach it today."
    ]


@pytest.mark.parametrize(
    ("declared", "more", "says"),
    [
        (["fabrikam.test", "old.test"], {}, "No cmdlet reads the Allow List"),
        (
            ["fabrikam.test", "old.test"],
            {"allow_list": ["fabrikam.test"]},
            "The allowed domain old.test leads to the gateway",
        ),
        (
            ["fabrikam.test", "old.test", "sip.test"],
            {"allow_list": []},
            "sip.test is an allowed domain with edge.sip.test",
        ),
        (
            ["fabrikam.test", "old.test"],
            {"allow_list": [], "dropped": ["typo.test"]},
            "typo.test is given up as a partner, but",
        ),
    ],
)
def test_other_differences_are_warnings(bench: Bench, declared: list[str], more: dict[str, Any], says: str) -> None:
    assert any(says in one for one in run(bench, partners(*declared), **more)["warnings"])


def test_what_cannot_be(bench: Bench) -> None:
    assert "is both a partner and dropped" in run(bench, partners("old.test"), dropped=["old.test"])["msg"]
    for more in ({"allow_list": ["*.test"]}, {"dropped": ["a b.test"]}):
        assert run(bench, partners("old.test"), **more)["error"]["kind"] == "invalid_input"
    assert "gateway_fqdn" in bench.run(partner_reconciliation, {"gateway_fqdn": "xmppgw", "partners": []})["msg"]


@pytest.mark.parametrize("check", [True, False])
def test_before_the_cmdlets_are_there_the_typed_list_counts(tmp_path: Path, check: bool) -> None:
    bench = Bench(tmp_path, Estate(allowed_domain=[entry("old.test")]))
    bench.hosts["fe2013"] = FakeShell(bench.estate, "pool2013", tools=False)
    result = run(bench, partners("fabrikam.test"), check, allow_list=["fabrikam.test"])
    assert any("is not known yet" in one for one in result["warnings"])
    assert result["partners"][0]["allowed_domain"] is None
    assert run(bench, partners("fabrikam.test"), check, allow_list=["old.test"])["error"]["kind"] == "partners_lost"
    bench.hosts["pool2010"] = FakeShell(bench.estate, "pool2010")  # a legacy Front End knows them
    bench._performers.clear()
    assert (
        run(bench, partners("fabrikam.test"), check, allow_list=["fabrikam.test"])["error"]["kind"] == "partners_lost"
    )


def test_the_lab_agrees(tmp_path: Path) -> None:
    lab = LabBench(tmp_path)
    result = lab.run(partner_reconciliation, {"gateway_fqdn": GATEWAY, "partners": partners("fabrikam.test")})
    assert [one["domain"] for one in result["error"]["lost"]] == ["nwtraders.test"] and lab.called() == []


# --- the legacy entry goes with the partner


READY = ("users_homed", "components", "xmpp_listening", "certificate_names", "replicated")


@pytest.fixture
def ready(bench: Bench) -> Bench:
    bench.prove(*READY)
    return bench


def make(bench: Bench, check: bool = False, **more: Any) -> dict[str, Any]:
    return bench.run(xmpp_partner, {"domain": "fabrikam.test", **more}, check=check)


def refuses_beside(shell: FakeShell, parameters: Mapping[str, Any]) -> None:
    if parameters["Identity"] in shell.estate.rows["allowed_domain"]:
        raise ServerError("ProcessingFailed", message="on the list of allowed domains")
    shell.handlers.pop("New-CsXmppAllowedPartner")
    shell._perform({"cmdlet": "New-CsXmppAllowedPartner", "parameters": parameters}, [])


def test_it_stays_by_default_and_the_refusal_says_what_helps(ready: Bench) -> None:
    ready.hosts["fe2013"].handlers["New-CsXmppAllowedPartner"] = refuses_beside
    result = make(ready)
    assert (
        "entries_retired_in_window: [fabrikam.test]" in result["msg"]
        and "fabrikam.test" in ready.estate.rows["allowed_domain"]
    )
    result = make(ready, retire_allowed_domain=True)
    assert result["changed"] and result["retired"] == ["fabrikam.test"] and undocumented(xmpp_partner, result) == []
    assert (
        "fabrikam.test" not in ready.estate.rows["allowed_domain"]
        and "fabrikam.test" in ready.estate.rows["xmpp_partner"]
    )
    intent = next(one for one in ready.journal() if one.get("object") == "allowed domain fabrikam.test")
    assert intent["override"] == "fabrikam.test" and intent["undo"][0]["parameters"]["ProxyFqdn"] == GATEWAY
    again = make(ready, retire_allowed_domain=True)
    assert not again["changed"] and again["retired"] == []


def test_an_entry_that_is_seen_to_win_goes_later(ready: Bench) -> None:
    assert make(ready)["retired"] == [] and "fabrikam.test" in ready.estate.rows["allowed_domain"]
    planned = make(ready, retire_allowed_domain=True, check=True)
    assert planned["retired"] == ["fabrikam.test"] and "fabrikam.test" in ready.estate.rows["allowed_domain"]
    result = make(ready, retire_allowed_domain=True)
    assert result["changed"] and [one for one, _ in ready.writes] == [
        "New-CsXmppAllowedPartner",
        "Remove-CsAllowedDomain",
    ]


def test_it_does_not_go_where_the_partner_may_not_come(bench: Bench) -> None:
    result = make(bench, retire_allowed_domain=True)
    assert result["error"]["kind"] == "refused" and bench.writes == []


def test_it_comes_back_where_the_partner_does_not_come(ready: Bench) -> None:
    ready.hosts["fe2013"].failures["New-CsXmppAllowedPartner"] = ServerError("ProcessingFailed")
    before = dict(ready.estate.rows["allowed_domain"]["fabrikam.test"])
    result = make(ready, retire_allowed_domain=True)
    assert result["error"]["kind"] == "cmdlet_failed" and "was put back, so the legacy path is whole" in result["msg"]
    assert ready.estate.rows["allowed_domain"]["fabrikam.test"] == before
    assert [one for one, _ in ready.writes] == [
        "Remove-CsAllowedDomain",
        "New-CsXmppAllowedPartner",
        "New-CsAllowedDomain",
    ]
