# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""xmpp_partner: the whole module over a server of dictionaries."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.modules import xmpp_partner
from ansible_collections.lync.xmpp_migration.tests.unit.doubles import Bench, Estate, FakeShell, ServerError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

READY = ("users_homed", "components", "xmpp_listening", "certificate_names", "replicated")
FABRIKAM = {
    "domain": "fabrikam.test",
    "partner_type": "Federated",
    "tls_negotiation": "Required",
    "sasl_negotiation": "Required",
    "support_dialback_negotiation": False,
}
ROW = {
    "Identity": "nwtraders.test",
    "Domain": "nwtraders.test",
    "AdditionalDomains": ["nwtraders-sales.test"],
    "PartnerType": "Federated",
    "TlsNegotiation": "Optional",
    "SaslNegotiation": "NotSupported",
    "SupportDialbackNegotiation": True,
    "EnableKeepAlive": True,
    "ConnectionLimit": 100,
    "ProxyFqdn": None,
    "Description": "北京 {{ 7*7 }}",
}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    made = Bench(
        tmp_path, Estate(xmpp_partner=[ROW], sip_domain=[{"Identity": "contoso.test", "Name": "contoso.test"}])
    )
    made.prove(*READY)
    return made


def run(bench: Bench, params: dict[str, Any], **more: Any) -> dict[str, Any]:
    return bench.run(xmpp_partner, params, **more)


def test_a_partner_is_created_and_read_back(bench: Bench) -> None:
    result = run(bench, FABRIKAM)
    assert result["changed"] and result["xmpp_partner"] == {
        **FABRIKAM, "additional_domains": [], "enable_keep_alive": True, "connection_limit": 100, "proxy_fqdn": None,
        "description": None,
    }  # fmt: skip
    assert bench.writes == [
        (
            "New-CsXmppAllowedPartner",
            {
                "Identity": "fabrikam.test",
                "PartnerType": "Federated",
                "TlsNegotiation": "Required",
                "SaslNegotiation": "Required",
                "SupportDialbackNegotiation": False,
                "Confirm": False,
            },
        )
    ]
    assert result["calls"] == [{"cmdlet": bench.writes[0][0], "parameters": bench.writes[0][1]}]
    assert result["diff"]["before"] == {} and result["diff"]["after"]["domain"] == "fabrikam.test"


def test_a_second_run_changes_nothing_and_asks_once(bench: Bench) -> None:
    run(bench, FABRIKAM)
    before = len(bench.hosts["fe2013"].transcript)
    assert run(bench, FABRIKAM)["changed"] is False
    assert [one[0] for one in bench.hosts["fe2013"].transcript[before:]] == [
        "Get-CsXmppAllowedPartner", "Get-CsSipDomain",
    ]  # fmt: skip


def test_check_mode_shows_the_same_and_sends_nothing(bench: Bench) -> None:
    planned = run(bench, FABRIKAM, check=True)
    assert bench.writes == [] and planned["changed"]
    assert run(bench, FABRIKAM, check=True)["changed"] is False
    done = run(bench, FABRIKAM)
    known = {n: v for n, v in planned["xmpp_partner"].items() if n != "connection_limit"}
    assert known == {n: v for n, v in done["xmpp_partner"].items() if n != "connection_limit"}
    assert planned["calls"] == done["calls"]
    intents = [entry for entry in bench.journal() if entry["kind"] == "intent"]
    assert [e["effects"] for e in bench.plan()] == [e["effects"] for e in intents]


def test_a_planned_partner_is_seen_in_the_local_store_of_every_server(bench: Bench) -> None:
    run(bench, FABRIKAM, check=True)
    for host in bench.hosts:
        rows = bench.session(host, check=True).read("local_xmpp_partner")[0]
        assert "fabrikam.test" in [row["Identity"] for row in rows]
    assert "fabrikam.test" not in [row["Identity"] for row in bench.session().read("local_xmpp_partner")[0]]


def test_additional_domains_are_replaced_or_removed_as_a_whole(bench: Bench) -> None:
    base = {"domain": "nwtraders.test"}
    run(bench, {**base, "additional_domains": ["NWtraders-sales.test"]})
    assert bench.writes == []
    run(bench, {**base, "additional_domains": ["a.test", "b.test"]})
    assert bench.writes[-1][1]["AdditionalDomains"] == {"Replace": ["a.test", "b.test"]}
    result = run(bench, {**base, "additional_domains": []})
    assert bench.writes[-1][1]["AdditionalDomains"] == {"Remove": ["a.test", "b.test"]}
    assert result["xmpp_partner"]["additional_domains"] == []


def test_an_option_that_is_not_given_is_left_alone(bench: Bench) -> None:
    run(bench, {"domain": "nwtraders.test", "proxy_fqdn": "XMPP.nwtraders.test"})
    assert bench.writes == [
        (
            "Set-CsXmppAllowedPartner",
            {"Identity": "nwtraders.test", "ProxyFqdn": "xmpp.nwtraders.test", "Confirm": False},
        )
    ]


def test_a_partner_is_removed_once(bench: Bench) -> None:
    gone = {"domain": "nwtraders.test", "state": "absent"}
    result = run(bench, gone)
    assert result["changed"] and result["xmpp_partner"] is None and bench.estate.rows["xmpp_partner"] == {}
    undo = next(e for e in bench.journal() if e["kind"] == "intent")["undo"][0]
    assert undo["name"] == "New-CsXmppAllowedPartner" and undo["parameters"]["Description"] == "北京 {{ 7*7 }}"
    assert run(bench, gone)["changed"] is False


def test_without_evidence_it_is_refused_and_nothing_happens(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    for check in (True, False):
        result = run(bench, FABRIKAM, check=check)
        assert result["failed"] and result["error"]["kind"] == "refused"
        assert (
            result["msg"].startswith("XMPP partner fabrikam.test is not added") and "--tags user_move" in result["msg"]
        )
    assert bench.writes == [] and bench.journal() == []


@pytest.mark.parametrize("fact", READY)
def test_each_piece_of_evidence_is_needed(tmp_path: Path, fact: str) -> None:
    bench = Bench(tmp_path)
    bench.prove(*(one for one in READY if one != fact))
    assert run(bench, FABRIKAM)["error"]["kind"] == "refused"
    bench.prove(fact)
    assert run(bench, FABRIKAM)["changed"]


@pytest.mark.parametrize(
    ("tls", "sasl", "dialback"),
    [
        ("NotSupported", "Required", False),
        ("NotSupported", "NotSupported", False),
        ("Required", "NotSupported", False),
        ("Optional", "NotSupported", False),
    ],
)
def test_impossible_negotiation_is_refused_before_anything_is_written(
    bench: Bench, tls: str, sasl: str, dialback: bool
) -> None:
    params = {
        "domain": "a.test", "tls_negotiation": tls, "sasl_negotiation": sasl, "support_dialback_negotiation": dialback,
    }  # fmt: skip
    result = run(bench, params)
    assert result["failed"] and "do not go together" in result["msg"] and bench.writes == []


def test_negotiation_is_judged_together_with_what_is_there(bench: Bench) -> None:
    # The partner has Optional, NotSupported and dialback: without dialback nothing is left.
    result = run(bench, {"domain": "nwtraders.test", "support_dialback_negotiation": False})
    assert result["failed"] and "do not go together" in result["msg"]


def test_doubtful_negotiation_is_a_warning(bench: Bench) -> None:
    assert "never used" in run(bench, {"domain": "a.test"})["warnings"][0]


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"domain": "Contoso.test"}, "SIP domain of this organisation"),
        ({"domain": "a.test", "additional_domains": ["contoso.test"]}, "SIP domain of this organisation"),
        ({"domain": "a.test", "additional_domains": ["A.test"]}, "its own domain"),
        ({"domain": "nwtraders-sales.test"}, "belongs to the partner nwtraders.test"),
        ({"domain": "a.test", "additional_domains": ["nwtraders.test"]}, "belongs to the partner"),
        ({"domain": "*.test"}, "domain: "),
        ({"domain": "fabrikam"}, "domain: "),
        ({"domain": "a.test", "proxy_fqdn": "*"}, "proxy_fqdn: "),
        ({"domain": "a.test", "additional_domains": ["$(calc)"]}, "additional_domains: "),
        ({"domain": "a.test", "description": "{{ lookup('pipe', 'id') }}"}, "description: "),
        ({"domain": "a.test", "connection_limit": -1}, "connection_limit: "),
        ({"domain": "a.test", "partner_type": "Friends"}, "partner_type"),
        ({}, "domain"),
    ],
)
def test_bad_input_is_one_sentence_and_no_write(bench: Bench, params: dict[str, Any], said: str) -> None:
    result = run(bench, params)
    assert result["failed"] and said in result["msg"] and bench.writes == [] and "intent" not in str(bench.journal())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    st.one_of(st.text(), st.sampled_from(["o'x' -or 'a' -eq 'a", "*)(objectClass=*", "a.test; calc", "{{ 7*7 }}.test"]))
)
def test_any_text_as_domain_is_refused_or_arrives_as_data(tmp_path_factory: Any, text: str) -> None:
    bench = Bench(tmp_path_factory.mktemp("any"))
    bench.prove(*READY)
    result = run(bench, {"domain": text})
    if result.get("failed"):
        assert bench.writes == []
    else:
        assert [call[1]["Identity"] for call in bench.writes] == [result["xmpp_partner"]["domain"]]
        assert result["xmpp_partner"]["domain"].isascii()


def test_international_domains_are_stored_as_dns_has_them(bench: Bench) -> None:
    assert run(bench, {"domain": "bücher.test"})["xmpp_partner"]["domain"] == "xn--bcher-kva.test"
    assert run(bench, {"domain": "xn--bcher-kva.test"})["changed"] is False


def test_what_the_server_refuses_is_said_with_its_id(bench: Bench) -> None:
    bench.hosts["fe2013"].failures["New-CsXmppAllowedPartner"] = ServerError("NeverSeenBefore")
    result = run(bench, FABRIKAM)
    assert result["failed"] and "XMPP partner fabrikam.test: New-CsXmppAllowedPartner on fe2013" in result["msg"]
    assert "NeverSeenBefore" in result["msg"] and result["error"]["errors"][0]["id"].startswith("NeverSeenBefore,")
    assert bench.journal()[-1]["ok"] is False


def test_a_write_that_did_not_take_effect_is_noticed(bench: Bench) -> None:
    def half(shell: FakeShell, parameters: Any) -> None:
        shell.estate.put("xmpp_partner", {**ROW, "Identity": "fabrikam.test", "TlsNegotiation": "Optional"})

    bench.hosts["fe2013"].handlers["New-CsXmppAllowedPartner"] = half
    result = run(bench, FABRIKAM)
    assert (
        result["error"]["kind"] == "mismatch" and "tls_negotiation is 'Optional' instead of 'Required'" in result["msg"]
    )


def test_a_host_without_the_tools_plans_on_an_empty_store(bench: Bench) -> None:
    bench.hosts["fe2013"].tools = False
    assert run(bench, FABRIKAM, check=True)["changed"]
    result = run(bench, FABRIKAM)
    assert result["error"]["kind"] == "no_cmdlet" and "management tools" in result["msg"]


def test_texts_of_the_server_pass_unchanged(bench: Bench) -> None:
    result = run(bench, {"domain": "nwtraders.test"})
    assert result["xmpp_partner"]["description"] == "北京 {{ 7*7 }}" and "ansible_facts" not in result
    json.dumps(result)
