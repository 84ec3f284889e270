# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""microsoft_dns_record_set on the lab's DNS server: order of calls, drift, laws, plan, undo."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._dns.microsoft import parts
from ansible_collections.lync.xmpp_migration.plugins.module_utils._dns.records import RecordSet, Step
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import Evidence, to_wire, undo_from_json
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import InDoubt
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.journal import entries
from ansible_collections.lync.xmpp_migration.plugins.modules import microsoft_dns_record_set as module
from ansible_collections.lync.xmpp_migration.tests.unit.lab_bench import LabBench

NAME = "_xmpp-server._tcp"
SRV = {"name": NAME, "type": "SRV"}
NEW = "0 0 5269 access.contoso.test."


class Dns:
    def __init__(self, directory: Path) -> None:
        self.bench = LabBench(directory)
        self.world = self.bench.world
        self.computer = next(one for one in self.world.computers.values() if one.inventory_name == "fe2013")
        self.computer.features.add("DNS")
        self.old = self.value()

    def value(self, name: str = NAME, kind: str = "SRV") -> Any:
        return self.world.zones.get("contoso.test", name, kind)

    def call(self, *records: dict, **options: Any) -> dict[str, Any]:
        bench = {name: options.pop(name) for name in ("check", "run", "host") if name in options}
        return self.bench.run(module, {"zone": "contoso.test", "records": list(records), **options}, **bench)

    def prove(self) -> None:
        for fact in ("partner_seen", "certificate_names", "xmpp_answers"):
            self.bench.prove(fact)
        at = datetime.fromtimestamp(self.bench.now, UTC) - timedelta(seconds=1)
        context = self.bench.context("fe2013")
        self.bench._record(Evidence("ttl_lowered", "contoso.test", "", {"earliest": at.isoformat()}), context)

    def written(self) -> list[str]:
        return [one["cmdlet"] for one in self.world.transcript.entries if "DnsServer" in one["cmdlet"] and one["write"]]


@pytest.fixture
def dns(tmp_path: Path) -> Dns:
    return Dns(tmp_path)


def test_a_lifetime_is_changed_in_place_and_put_back_by_its_undo(dns: Dns) -> None:
    result = dns.call({**SRV, "ttl": 1}, ttl_only=True)
    assert result.get("failed") is None and result["changed"], result
    assert dns.value().ttl == 1 and dns.value().values == dns.old.values
    assert [one["cmdlet"] for one in result["calls"]] == ["Set-DnsServerResourceRecord"]
    assert result["evidence"][0]["fact"] == "ttl_lowered" and result["earliest_cutover"]
    assert dns.call({**SRV, "ttl": 1}, ttl_only=True)["changed"] is False
    intent = next(one for one in entries(dns.bench.state_dir) if one["kind"] == "intent")
    undo(dns, intent)
    assert dns.value() == dns.old


def undo(dns: Dns, intent: dict[str, Any]) -> None:
    calls = undo_from_json(intent["undo"])
    reply = dns.bench.hosts["fe2013"].request([to_wire(one) for one in calls], 5)
    assert all(one["ok"] for one in reply.ends), reply.ends


def test_the_new_value_is_there_before_the_old_one_goes(dns: Dns) -> None:
    dns.prove()
    result = dns.call({**SRV, "values": [NEW]})
    assert result.get("failed") is None and result["changed"], result
    assert dns.value().values == (NEW,) and dns.value().ttl == dns.old.ttl
    assert [one["cmdlet"] for one in result["calls"]] == [
        "Add-DnsServerResourceRecord",
        "Remove-DnsServerResourceRecord",
    ]
    assert dns.call({**SRV, "values": [NEW]})["changed"] is False
    for intent in reversed([one for one in entries(dns.bench.state_dir) if one["kind"] == "intent"]):
        undo(dns, intent)
    assert dns.value() == dns.old


def test_the_plan_is_what_is_done_and_changes_nothing(dns: Dns) -> None:
    dns.prove()
    planned = dns.call({**SRV, "values": [NEW]}, check=True, run="plan")
    assert planned["changed"] and dns.value() == dns.old
    assert planned["diff"]["after"]["records"][0]["values"] == [NEW]
    assert dns.call({**SRV, "values": [NEW]}, check=True, run="plan")["changed"] is False
    real = dns.call({**SRV, "values": [NEW]}, run="real")
    assert real["calls"] == planned["calls"]


def test_the_laws_hold_here_too(dns: Dns) -> None:
    result = dns.call({**SRV, "values": [NEW]})
    assert result["failed"] and result["error"]["kind"] == "refused" and "answers XMPP from outside" in result["msg"]
    assert "Add-DnsServerResourceRecord" not in str(result.get("calls")) and dns.value() == dns.old
    raised = dns.call({**SRV, "ttl": 100_000}, ttl_only=True)
    assert raised["error"]["kind"] == "refused"


@pytest.mark.parametrize(
    ("record", "value"),
    [
        ({"name": "a", "type": "A"}, "192.0.2.1"),
        ({"name": "a", "type": "AAAA"}, "2001:db8::1"),
        ({"name": "a.b", "type": "CNAME"}, "x.contoso.test."),
        ({"name": "@", "type": "MX"}, "10 mail.contoso.test."),
        ({"name": "t", "type": "TXT"}, '"v=1; x y"'),
        ({"name": "_x._tcp", "type": "SRV"}, "1 2 3 x.contoso.test."),
    ],
)
def test_each_type_comes_and_goes(dns: Dns, record: dict, value: str) -> None:
    made = dns.call({**record, "values": [value], "ttl": 90_061})
    assert made.get("failed") is None and made["records"][0]["values"] == [value], made
    assert made["records"][0]["ttl"] == 90_061
    assert dns.call({**record, "values": [value], "ttl": 90_061})["changed"] is False
    assert dns.call({**record, "state": "absent"})["changed"] and dns.value(record["name"], record["type"]) is None


def test_an_alias_gives_way_first(dns: Dns) -> None:
    dns.call({"name": "a", "type": "CNAME", "values": ["x.contoso.test"]})
    result = dns.call({"name": "a", "type": "CNAME", "values": ["y.contoso.test"]})
    assert [one["cmdlet"] for one in result["calls"]] == [
        "Remove-DnsServerResourceRecord",
        "Add-DnsServerResourceRecord",
    ]
    assert dns.value("a", "CNAME").values == ("y.contoso.test.",)


def test_several_values_with_one_kept_and_another_lifetime(dns: Dns) -> None:
    record = {"name": "a", "type": "A"}
    dns.call({**record, "values": ["192.0.2.1", "192.0.2.2"], "ttl": 60})
    result = dns.call({**record, "values": ["192.0.2.2", "192.0.2.3"], "ttl": 30})
    assert result.get("failed") is None, result
    assert dns.value("a", "A").values == ("192.0.2.2", "192.0.2.3") and dns.value("a", "A").ttl == 30


class TestSomebodyElse:
    def test_a_change_in_between_wins_and_is_shown(self, dns: Dns, monkeypatch: pytest.MonkeyPatch) -> None:
        dns.prove()
        shell = dns.bench.hosts["fe2013"]
        original, told = shell.request, []

        def request(calls: list[dict[str, Any]], seconds: float) -> Any:
            reply = original(calls, seconds)
            if calls[-1]["cmdlet"] == "Add-DnsServerResourceRecord":
                dns.world.zones.put("contoso.test", NAME, "SRV", 5, ("0 0 5269 other.contoso.test.",))
            told.append(calls[-1]["cmdlet"])
            return reply

        monkeypatch.setattr(shell, "request", request)
        result = dns.call({**SRV, "values": [NEW]})
        assert result["failed"] and "somebody else" in result["msg"] and "other.contoso.test." in result["msg"]
        assert "Remove-DnsServerResourceRecord" not in told

    def test_a_lost_answer_is_looked_into_and_not_repeated(self, dns: Dns, monkeypatch: pytest.MonkeyPatch) -> None:
        shell = dns.bench.hosts["fe2013"]
        original, sent = shell.request, []

        def request(calls: list[dict[str, Any]], seconds: float) -> Any:
            reply = original(calls, seconds)
            if calls[-1]["cmdlet"] == "Set-DnsServerResourceRecord":
                sent.append(1)
                raise InDoubt("The answer was lost.")
            return reply

        monkeypatch.setattr(shell, "request", request)
        result = dns.call({**SRV, "ttl": 1}, ttl_only=True)
        assert result["changed"] and sent == [1] and "proved nothing" in result["warnings"][0]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"zone": "elsewhere.test"}, "does not have the zone elsewhere.test"),
        ({"host": "edge2013"}, "with the role DNS Server"),
        ({"servers": [{"address": "not a server"}]}, "an IP address or a name is wanted"),
    ],
)
def test_what_goes_wrong_is_said(dns: Dns, options: dict, sentence: str) -> None:
    result = dns.call({"name": "a", "type": "A", "values": ["192.0.2.1"]}, **options)
    assert result["failed"] and sentence in result["msg"], result


def test_parts_leave_no_moment_without_a_record() -> None:
    def records(*values: str, ttl: int = 5) -> RecordSet:
        return RecordSet("a.test", "A", ttl, values)

    for before, after in (
        (records("1"), records("2")), (records("1", "2"), records("2", "3", ttl=9)), (records("1"), records("1", ttl=1)),
        (records("1", ttl=9), records("2", ttl=1)), (records("1", "2"), records("1")),
    ):  # fmt: skip
        steps = parts(Step("test", before, after))
        assert steps[0].before == before and steps[-1].after is not None
        assert set(steps[-1].after.values) == set(after.values)
        assert all(one.after is not None and one.after.values for one in steps)


def test_many_domains_are_read_in_one_request_and_changed_zone_by_zone(dns: Dns) -> None:
    dns.prove()
    at = datetime.fromtimestamp(dns.bench.now, UTC) - timedelta(seconds=1)
    dns.bench._record(
        Evidence("ttl_lowered", "wingtip.test", "", {"earliest": at.isoformat()}), dns.bench.context("fe2013")
    )
    shell, requests = dns.bench.hosts["fe2013"], []
    original = shell.request

    def request(calls: list[dict[str, Any]], seconds: float) -> Any:
        requests.append([one["cmdlet"] for one in calls])
        return original(calls, seconds)

    shell.request = request
    options = {
        "zone": None,
        "domains": ["contoso.test", "sales.contoso.test", "wingtip.test"],
        "zones": ["contoso.test"],
    }
    target = {"host": "access.contoso.test", "addresses": ["203.0.113.40"]}
    result = dns.call({**SRV, "targets": [target]}, **options)
    assert result.get("failed") is None and result["changed"], result
    assert requests[0] == ["Get-DnsServerResourceRecord"] * 4
    assert [one["zone"] for one in result["zones"]] == ["contoso.test", "wingtip.test"]
    assert dns.value().values == dns.value("_xmpp-server._tcp.sales").values == (NEW,)
    assert dns.world.zones.get("wingtip.test", NAME, "SRV").values == (NEW,)
    assert dns.value("access", "A").values == ("203.0.113.40",)
    assert dns.call({**SRV, "targets": [target]}, **options)["changed"] is False
