# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The points of the cutover, the stop of the old gateway, and what is looked at beside them."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import Evidence
from ansible_collections.lync.xmpp_migration.plugins.module_utils._xmpp import points as _points
from ansible_collections.lync.xmpp_migration.plugins.module_utils._xmpp import port as _port
from ansible_collections.lync.xmpp_migration.plugins.modules import (
    cutover_plan,
    event_watch,
    go_no_go,
    legacy_gateway_service,
    manual_gate,
    outbound_reach,
    outside_port,
    xmpp_im,
)
from ansible_collections.lync.xmpp_migration.tests.unit.doubles import Bench, ServerError
from ansible_collections.lync.xmpp_migration.tests.unit.lab_bench import LabBench
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.lync_people import undocumented

WINDOW: dict[str, Any] = {
    "domains": ["contoso.test"], "targets": ["access.contoso.test"], "external_partners": ["fabrikam.test"],
    "dialback_partners": ["nwtraders.test"], "ttl": 2, "margin": 1, "gateway_fqdn": "xmppgw.contoso.test",
}  # fmt: skip
SERVER = {"address": "127.0.0.1", "port": 9}
READY = ("users_homed", "components", "xmpp_listening", "certificate_names", "replicated")
PAST = "2026-01-01T00:00:00+00:00"


class Names:
    """What the name servers show, instead of asking them."""

    shown: str | None = "access.contoso.test"

    def __init__(self, servers: Any) -> None:
        self.servers = servers

    def services(self, name: str) -> list[tuple[str, int]] | None:
        return [(self.shown, 5269)] if self.shown else None


@pytest.fixture(name="bench")
def _bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(_points, "Lookup", type("Lookup", (Names,), {}))
    bench = Bench(tmp_path)
    bench.now = time.time()
    return bench


def show(monkeypatch: pytest.MonkeyPatch, name: str | None) -> None:
    monkeypatch.setattr(_points, "Lookup", type("Lookup", (Names,), {"shown": name}))


def point(bench: Bench, name: str, **more: Any) -> dict[str, Any]:
    return bench.run(go_no_go, {**WINDOW, "point": name, "name_servers": [SERVER], **more})


def record(bench: Bench, fact: str, member: str, value: Any = None, digest: str = "") -> None:
    bench._record(Evidence(fact, member, digest, value), bench.context())


def test_the_plan_is_computed_in_a_dry_run_too(bench: Bench) -> None:
    record(bench, "ttl_lowered", "contoso.test", {"earliest": PAST})
    for check in (False, True):
        result = bench.run(cutover_plan, {**WINDOW, "working": 10}, check=check)
        assert result["window"]["pause"] == 15 and result["window"]["earliest_swap"] == PAST and not result["changed"]
    assert undocumented(cutover_plan, result) == []


def test_nothing_is_switched_over_where_something_is_missing(bench: Bench) -> None:
    result = point(bench, "partners")
    assert result["failed"] and result["error"]["kind"] == "no_go"
    assert result["msg"].startswith("No go (partners): ") and "the legacy way, which is whole" in result["msg"]
    assert len(result["error"]["reasons"]) == len(READY)
    bench.prove(*READY)
    assert point(bench, "partners")["go"] is True
    assert undocumented(go_no_go, point(bench, "partners")) == []


def test_partners_that_are_there_are_not_decided_about_again(bench: Bench) -> None:
    bench.prove("partner_seen", value=["fabrikam.test", "nwtraders.test"])
    assert point(bench, "partners")["passed_before"] is True
    assert point(bench, "dialback")["passed_before"] is True


def test_dialback_partners_wait_for_the_lifetimes(bench: Bench) -> None:
    bench.prove("certificate_names", "xmpp_answers")
    bench.prove("partner_seen", value=["fabrikam.test"])
    result = point(bench, "dialback")
    assert "not on record as lowered" in result["msg"] and "--tags dns_prepare" in result["msg"]
    assert "lync.xmpp_migration.rollback" in result["msg"]
    record(bench, "ttl_lowered", "contoso.test", {"earliest": "2100-01-01T00:00:00+00:00"})
    assert "until 2100-01-01 00:00:00 UTC" in point(bench, "dialback")["msg"]
    record(bench, "ttl_lowered", "contoso.test", {"earliest": PAST})
    assert point(bench, "dialback")["go"] is True
    # where nobody dials back, nobody waits
    assert point(bench, "dialback", dialback_partners=[])["go"] is True


@pytest.mark.parametrize("shown_there", ["AB" * 20, "CD" * 20])
def test_another_server_is_not_taken_for_the_new_edge(
    bench: Bench, shown_there: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    show(monkeypatch, "xmpp.contoso.test")
    bench.prove("partner_seen", value=["fabrikam.test", "nwtraders.test"])
    record(bench, "certificate_names", "edge2013", [], "AB" * 20)
    record(bench, "xmpp_answers", "organisation", {"thumbprints": {"203.0.113.40:5269": shown_there}})
    result = point(bench, "swap")
    assert result.get("go", False) is (shown_there == "AB" * 20)
    if result.get("failed"):
        assert "assigned by Set-CsCertificate" in result["msg"] and "203.0.113.40:5269" in result["msg"]


def test_a_swap_that_was_made_is_not_decided_about_again(bench: Bench) -> None:
    assert point(bench, "swap")["passed_before"] is True


def test_the_old_gateway_goes_on_until_every_name_server_leads_away(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    show(monkeypatch, "xmpp.contoso.test")
    assert "127.0.0.1:9 leads contoso.test to xmpp.contoso.test" in point(bench, "stop")["msg"]
    show(monkeypatch, None)
    assert "leads contoso.test to nothing" in point(bench, "stop")["msg"]


def test_the_old_gateway_goes_on_for_lifetime_and_margin(bench: Bench) -> None:
    result = point(bench, "stop", ttl=3600)
    assert "the old gateway goes on until" in result["msg"] and "--tags window_end" in result["msg"]
    (first,) = [one for one in bench.journal() if one["kind"] == "evidence" and one["fact"] == "swap_seen"]
    assert first["value"]["since"]
    slept: list[float] = []
    clock = lambda: sum(slept)  # noqa: E731
    result = bench.run(
        _with(clock, slept.append), {**WINDOW, "point": "stop", "name_servers": [SERVER], "ttl": 30, "wait_seconds": 60}
    )
    assert result["go"] is True and 28 < sum(slept) < 32, "from when it was first seen on"
    facts = [one["fact"] for one in result["evidence"]]
    assert facts == ["swap_seen", "swap_settled"]
    seen = [one for one in bench.journal() if one["kind"] == "evidence" and one["fact"] == "swap_seen"]
    assert {one["value"]["since"] for one in seen} == {first["value"]["since"]}


def _with(clock: Any, sleep: Any) -> Any:
    """The module with a clock of its own, as a replay gives it."""

    class Module:
        __name__ = "go_no_go"
        ARGUMENT_SPEC = go_no_go.ARGUMENT_SPEC

        @staticmethod
        def run(task: Any) -> Any:
            return go_no_go.run(task, clock=clock, sleep=sleep)

    return Module


def test_a_dry_run_waits_for_nothing(bench: Bench) -> None:
    result = bench.run(go_no_go, {**WINDOW, "point": "stop", "ttl": 86400}, check=True)
    assert result["go"] is True and [one["fact"] for one in result["evidence"]] == ["swap_seen", "swap_settled"]


def test_the_window_is_over_when_both_are_seen(bench: Bench) -> None:
    record(bench, "certificate_names", "edge2013", [], "AB" * 20)
    bench.prove("swap_settled")
    result = point(bench, "complete")
    assert "the old gateway refuses streams has not been verified" in result["msg"]
    assert "start the service of the old gateway again on xmppgw.contoso.test" in result["msg"]
    bench.prove("gateway_closed")
    record(bench, "xmpp_by_name", "contoso.test", {"thumbprints": {"203.0.113.30:5269": ""}})
    assert "203.0.113.30:5269 (no certificate)" in point(bench, "complete")["msg"], "the old gateway answered"
    record(bench, "xmpp_by_name", "contoso.test", {"thumbprints": {"203.0.113.40:5269": "AB" * 20}})
    result = point(bench, "complete", users=["sip:ann@contoso.test"], receivers={"fabrikam.test": "bob@fabrikam.test"})
    assert any("bob@fabrikam.test" in one for one in result["script"])
    assert [one["fact"] for one in result["evidence"]] == ["window_over"]
    assert result["asked_from"] == "controller" and "Nobody outside was asked" in result["warnings"][0]
    assert "No test message was seen to reach fabrikam.test, nwtraders.test" in result["warnings"][1]
    bench.groups["lync_vantage"] = ("outside1",)
    record(bench, "im_reached", "fabrikam.test")
    record(bench, "im_reached", "nwtraders.test")
    result = point(bench, "complete")
    assert result["asked_from"] == "outside1" and "warnings" not in result


# --- the old gateway


@pytest.fixture(name="lab")
def _lab(tmp_path: Path) -> LabBench:
    bench = LabBench(tmp_path)
    bench.world.clock.advance(max(0.0, time.time() - bench.now))
    return bench


def service(lab: LabBench) -> str:
    return str(lab.world.computer("xmppgw.contoso.test").windows_services["OCSXMPPTGW"].status)


def test_the_old_gateway_is_stopped_only_after_the_swap_and_once(lab: LabBench) -> None:
    refused = lab.run(legacy_gateway_service, {}, host="xmppgw")
    assert refused["failed"] and "is not stopped: that every name server has led to the new Edge" in refused["msg"]
    assert service(lab) == "Running"
    lab.prove("swap_settled")
    planned = lab.run(legacy_gateway_service, {}, host="xmppgw", check=True, run="dry")
    assert planned.get("failed") or planned["changed"]
    result = lab.done(legacy_gateway_service, {}, host="xmppgw")
    assert result["changed"] and service(lab) == "Stopped" and result["gateway"]["streams"] == 0
    assert undocumented(legacy_gateway_service, result) == []
    assert lab.done(legacy_gateway_service, {}, host="xmppgw")["changed"] is False
    assert lab.done(legacy_gateway_service, {"state": "started"}, host="xmppgw")["changed"] is True
    assert service(lab) == "Running"


def test_an_old_gateway_without_a_session_is_left_to_the_gate(bench: Bench) -> None:
    result = bench.run(legacy_gateway_service, {}, host="xmppgw")
    assert result["gateway"]["session"] is False and result["gateway"]["why"] and not result["changed"]


def test_the_gate_says_how_and_sees_the_refusal(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    options = {"gate": "gateway_stop", "gateway_fqdn": "xmppgw.contoso.test", "allow_private": True}
    result = bench.run(manual_gate, options)
    assert "right-click 'Office Communications Server XMPP Gateway' and click Stop" in result["msg"]
    assert "Do not switch it off" in result["msg"] and "nothing of it can be read" in result["msg"]
    assert bench.run(manual_gate, {**options, "confirmed": ["gateway_stop"]})["by"] == "confirmation"
    for state, ends in ((_port.OPEN, "still open"), (_port.SILENT, "switched off or unplugged"), (_port.REFUSED, "")):
        monkeypatch.setattr(_port, "state_of", lambda where, number, said=state: said)
        result = bench.run(manual_gate, {**options, "outside_addresses": ["127.0.0.1"]})
        assert ends in result["msg"] if ends else result["by"] == "reading"
        word = bench.run(manual_gate, {**options, "outside_addresses": ["127.0.0.1"], "confirmed": ["gateway_stop"]})
        assert bool(word.get("failed")) is (state == _port.OPEN), (
            "the operator's word never stands against what was seen"
        )
    assert [(one["fact"], one["member"]) for one in result["evidence"]] == [("gateway_closed", "organisation")]


# --- ports


def test_a_port_is_open_or_refuses(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
        asked = {"addresses": ["127.0.0.1"], "port": number, "allow_private": True}
        assert bench.run(outside_port, {**asked, "state": "open"})["ports"][0]["state"] == "open"
        assert "is still open" in bench.run(outside_port, {**asked, "state": "closed"})["msg"]
    assert "refuses: nothing listens there" in bench.run(outside_port, {**asked, "state": "open"})["msg"]
    result = bench.run(outside_port, {**asked, "state": "closed"})
    assert [one["fact"] for one in result["evidence"]] == ["gateway_closed"] and undocumented(
        outside_port, result
    ) == []
    monkeypatch.setattr(_port, "state_of", lambda where, number: _port.SILENT)
    assert "switched off or unplugged" in bench.run(outside_port, {**asked, "state": "closed"})["msg"]
    assert bench.run(outside_port, {**asked, "state": "closed", "silence": True})["ports"][0]["state"] == "silent"
    assert "is a loopback address" in bench.run(outside_port, {**asked, "allow_private": False, "state": "open"})["msg"]


# --- what a server reaches


def test_what_the_edge_reaches_and_what_nobody_knows(bench: Bench) -> None:
    edge = bench.hosts["edge2013"]
    asked = {"partner_domains": ["fabrikam.test"], "connections": [{"host": "edge2013.contoso.test", "port": 23456}]}
    result = bench.run(outbound_reach, asked, host="edge2013")
    assert {one["reached"] for one in result["paths"]} == {None} and len(result["warnings"]) == 3
    edge.handlers["Resolve-DnsName"] = lambda _s, p: [{"NameTarget": "xmpp.fabrikam.test", "Port": 5269}]
    edge.handlers["Test-NetConnection"] = lambda _s, p: [{"TcpTestSucceeded": p["Port"] == 5269}]
    result = bench.run(outbound_reach, asked, host="edge2013")
    assert (
        "TCP edge2013.contoso.test:23456: no connection comes about" in result["msg"]
        and "Nothing was changed" in result["msg"]
    )
    result = bench.run(outbound_reach, {**asked, "fail_on_closed": False}, host="edge2013")
    assert [one["reached"] for one in result["paths"]] == [True, True, False] and undocumented(
        outbound_reach, result
    ) == []

    def missing(_shell: Any, _parameters: Any) -> list[dict[str, Any]]:
        raise ServerError("DNS_ERROR_RCODE_NAME_ERROR", "ResourceUnavailable")

    edge.handlers["Resolve-DnsName"] = missing
    assert (
        "The service record of fabrikam.test: DNS_ERROR_RCODE_NAME_ERROR"
        in bench.run(outbound_reach, asked, host="edge2013")["msg"]
    )
    assert bench.run(outbound_reach, asked, host="edge2013", check=True)["paths"] == []


# --- the event log


def test_errors_of_the_event_log_by_number(bench: Bench) -> None:
    front = bench.hosts["fe2013"]
    front.handlers["Get-Date"] = lambda _s, p: [{".": "2026-11-21T20:00:00Z"}]
    row = {"Id": 61001, "Level": 2, "ProviderName": "LS XMPP Translating Gateway", "TimeCreated": None}
    front.handlers["Get-WinEvent"] = lambda _s, p: [row, row, {**row, "Id": 7}]
    result = bench.run(event_watch, {"minutes": 0, "ignore_ids": [7]})
    assert result["events"] == [{"level": "error", "source": "LS XMPP Translating Gateway", "id": 61001, "count": 2}]
    assert "61001" in result["warnings"][0] and undocumented(event_watch, result) == []
    assert bench.run(event_watch, {"minutes": 0, "fail_on_error": True})["failed"]

    def nothing(_shell: Any, _parameters: Any) -> list[dict[str, Any]]:
        raise ServerError("NoMatchingEventsFound", "ObjectNotFound")

    front.handlers["Get-WinEvent"] = nothing
    assert bench.run(event_watch, {"minutes": 0, "fail_on_error": True})["events"] == []
    assert bench.run(event_watch, {}, check=True)["minutes"] == 0


# --- a message


def test_a_test_message_is_sent_once(bench: Bench) -> None:
    sent: list[Any] = []
    front = bench.hosts["fe2013"]

    def send(_shell: Any, parameters: Any) -> list[dict[str, Any]]:
        sent.append(parameters)
        return [
            {
                "Result": "Success" if len(sent) > 1 else "Failure",
                "Latency": "00:00:01",
                "Error": "503",
                "Diagnosis": "",
            }
        ]

    front.handlers["Test-CsXmppIM"] = send
    asked = {"partner": "fabrikam.test", "receiver": "bob@fabrikam.test", "pool_fqdn": "pool2013.contoso.test"}
    assert "did not reach bob@fabrikam.test: 503" in bench.run(xmpp_im, asked)["msg"]
    result = bench.run(xmpp_im, asked)
    assert result["changed"] and undocumented(xmpp_im, result) == []
    assert bench.run(xmpp_im, asked)["changed"] is False and len(sent) == 2
    assert sent[0] == {"TargetFqdn": "pool2013.contoso.test", "Receiver": "bob@fabrikam.test"}
