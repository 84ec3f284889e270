# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module dns_record_set against real name servers on loopback: changes, doubt, somebody faster, journal, laws."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dns.message
import dns.opcode
import dns.query
import dns.tsig
import dns.tsigkeyring
import dns.update
import pytest
from ansible_collections.lync.xmpp_migration.lab import dns as name_servers
from ansible_collections.lync.xmpp_migration.lab.dns.sockets import Listeners
from ansible_collections.lync.xmpp_migration.lab.estate import Record, Zone
from ansible_collections.lync.xmpp_migration.plugins.module_utils._dns.servers import DnsShell, Server, make_key
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import Evidence, undo_from_json
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.context import Context
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.journal import Journal, entries
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import perform
from ansible_collections.lync.xmpp_migration.plugins.modules import dns_record_set as module

NAME, IDENTITY = "_xmpp-server._tcp.contoso.test", "_xmpp-server._tcp.contoso.test SRV"
OLD, NEW = "0 0 5269 xmpp.contoso.test.", "0 0 5269 access.contoso.test."
SRV = {"name": "_xmpp-server._tcp", "type": "SRV"}
ZONES = (
    Zone(
        "contoso.test",
        3,
        (
            Record("_xmpp-server._tcp", "SRV", OLD),
            Record("xmpp", "A", "203.0.113.30"),
            Record("alias", "CNAME", "xmpp.contoso.test."),
        ),
    ),
)


class Bed:
    def __init__(self, directory: Path, software: str = "builtin") -> None:
        self.directory, self.told = directory / "state", []
        self.server = name_servers.start(
            ZONES, directory, lambda zone, changes: self.told.extend(changes), software=software
        )
        self.where = [{"address": self.server.address, "port": self.server.port}]
        self.runs = 0

    def context(self, check: bool = False, run: str | None = None) -> Context:
        self.runs += 1
        return Context(
            str(self.directory),
            run or f"run{self.runs}",
            "localhost",
            check=check,
            groups={"lync_2013_front_ends": ("fe2013",), "lync_2013_edges": ("edge2013",)},
        )

    def call(self, *records: dict, check: bool = False, run: str | None = None, **options: Any) -> dict[str, Any]:
        params = {
            "zone": "contoso.test",
            "records": list(records),
            "servers": self.where,
            "tsig_key_name": self.server.key_name,
            "tsig_secret": self.server.key_secret,
            "wait_seconds": 2,
            **options,
        }
        return perform(module.ARGUMENT_SPEC, module.run, params, self.context(check, run))

    def prove(self, *, lowered: bool = True) -> None:
        """All that a swap needs is on record."""
        members = {
            "partner_seen": ("fe2013", "edge2013"),
            "certificate_names": ("edge2013",),
            "xmpp_answers": ("organisation",),
        }
        evidence = [Evidence(fact, member) for fact, names in members.items() for member in names]
        if lowered:
            moment = datetime.now(UTC) - timedelta(seconds=1)
            evidence.append(Evidence("ttl_lowered", "contoso.test", "", {"earliest": moment.isoformat()}))
        Journal(self.directory, "prove").evidence(evidence, self.context(), check=False)

    def journal(self, kind: str = "") -> list[dict[str, Any]]:
        return [one for one in entries(self.directory) if kind in ("", one["kind"])]

    def value(self) -> dict[str, Any]:
        return self.server.records()["contoso.test"].get("_xmpp-server._tcp SRV", {})


@pytest.fixture(params=["builtin", "bind", "knot"])
def bed(request: pytest.FixtureRequest, tmp_path: Path, needs: Callable[..., None]) -> Iterator[Bed]:
    if request.param != "builtin":
        needs({"bind": "named", "knot": "knotd"}[request.param])
    bed = Bed(tmp_path, request.param)
    yield bed
    bed.server.stop()


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Bed]:
    """The built-in server alone, where BIND would show nothing else."""
    bed = Bed(tmp_path)
    yield bed
    bed.server.stop()


def swapped(**more: Any) -> dict[str, Any]:
    return {**SRV, "values": ["0 0 5269 access.contoso.test"], **more}


class TestChanges:
    def test_swap_is_conditional_journalled_and_not_repeated(self, bed: Bed) -> None:
        bed.prove()
        result = bed.call(swapped())
        assert result.get("failed") is None, result
        assert result["changed"] is True
        assert bed.value() == {"ttl": 3, "values": [NEW]}
        assert result["records"] == [{"name": NAME, "type": "SRV", "ttl": 3, "values": [NEW]}]
        assert result["diff"]["before"]["records"][0]["values"] == [OLD]
        assert [one["cmdlet"] for one in result["calls"]] == ["dns.update"]
        assert len(bed.told) == 1
        (intent,), (outcome,) = bed.journal("intent"), bed.journal("outcome")
        assert intent["effects"][0]["identity"] == IDENTITY and outcome["ok"] is True
        again = bed.call(swapped())
        assert again["changed"] is False and again["calls"] == []
        assert len(bed.journal("intent")) == 1

    def test_the_journals_undo_puts_the_exact_former_records_back(self, bed: Bed) -> None:
        bed.prove()
        bed.call(swapped(ttl=2))
        (undo,) = undo_from_json(bed.journal("intent")[0]["undo"])
        key = make_key(bed.server.key_name, bed.server.key_secret, "hmac-sha256")
        shell = DnsShell([Server(bed.server.address, bed.server.port)], key)
        reply = shell.request([{"cmdlet": undo.name, "parameters": dict(undo.parameters)}], 5)
        assert reply.ends[0]["ok"], reply.ends
        assert bed.value() == {"ttl": 3, "values": [OLD]}

    def test_new_and_removed_records(self, bed: Bed) -> None:
        made = bed.call({"name": "access", "type": "A", "values": ["192.0.2.1", "192.0.2.2"], "ttl": 7})
        assert made["changed"] and made["diff"]["before"]["records"] == []
        assert bed.server.records()["contoso.test"]["access A"] == {"ttl": 7, "values": ["192.0.2.1", "192.0.2.2"]}
        gone = bed.call({"name": "access", "type": "A", "state": "absent"})
        assert gone["changed"] and gone["diff"]["after"]["records"] == []
        assert bed.call({"name": "access", "type": "A", "state": "absent"})["changed"] is False

    def test_several_records_new_ones_before_those_that_point_at_them(self, quick: Bed) -> None:
        quick.prove()
        result = quick.call(swapped(), {"name": "access", "type": "A", "values": ["192.0.2.1"]})
        assert result["changed"]
        assert sorted(change.type for change in quick.told) == ["A", "SRV"] and len(quick.journal("intent")) == 1


class TestCheckMode:
    def test_nothing_is_sent_and_later_tasks_see_the_plan(self, bed: Bed) -> None:
        bed.prove()
        first = bed.call(swapped(), check=True, run="plan")
        assert first["changed"] and first["diff"]["after"]["records"][0]["values"] == [NEW]
        second = bed.call(swapped(), check=True, run="plan")
        assert second["changed"] is False
        assert bed.told == [] and bed.value()["values"] == [OLD]
        assert bed.journal("intent") == []
        plan = list(entries(bed.directory / "runs" / "plan", "plan.ndjson"))
        assert [one["call"]["name"] for one in plan if one["kind"] == "intent"] == ["dns.update"]

    def test_plan_and_journal_are_the_same_calls(self, quick: Bed) -> None:
        quick.prove()
        quick.call(swapped(), check=True, run="plan")
        quick.call(swapped(), run="real")
        plan = [one for one in entries(quick.directory / "runs" / "plan", "plan.ndjson") if one["kind"] == "intent"]
        real = quick.journal("intent")
        assert [one["call"] for one in plan] == [one["call"] for one in real]


class TestLifetimes:
    def test_lowering_is_evidence_with_the_earliest_cutover(self, quick: Bed) -> None:
        before = datetime.now(UTC)
        result = quick.call({**SRV, "ttl": 1}, ttl_only=True)
        assert result["changed"] and quick.value() == {"ttl": 1, "values": [OLD]}
        earliest = datetime.fromisoformat(result["earliest_cutover"])
        assert before + timedelta(seconds=3) <= earliest <= datetime.now(UTC) + timedelta(seconds=5)
        (evidence,) = result["evidence"]
        assert (evidence["fact"], evidence["member"]) == ("ttl_lowered", "contoso.test")

    def test_the_operator_is_told_when(self, quick: Bed) -> None:
        told: list[str] = []
        params = {
            "zone": "contoso.test", "records": [{**SRV, "ttl": 1}], "ttl_only": True, "servers": quick.where,
            "tsig_key_name": quick.server.key_name, "tsig_secret": quick.server.key_secret,
        }  # fmt: skip
        result = perform(module.ARGUMENT_SPEC, module.run, params, quick.context(), tell=told.append)
        assert told == [
            f"Earliest safe cutover: {result['earliest_cutover']}. From then on no resolver holds a former lifetime."
        ]
        told.clear()
        quick.prove()
        params |= {"records": [swapped()], "ttl_only": False, "override": [IDENTITY]}
        result = perform(module.ARGUMENT_SPEC, module.run, params, quick.context(), tell=told.append)
        assert told == [f"Until {result['old_record_gone_at']} resolvers may hold the records as they were."]

    def test_again_the_same_moment_stays(self, quick: Bed) -> None:
        first = quick.call({**SRV, "ttl": 1}, ttl_only=True)
        self.record(quick, first)
        time.sleep(1.1)
        again = quick.call({**SRV, "ttl": 1}, ttl_only=True)
        assert again["changed"] is False
        assert again["earliest_cutover"] == first["earliest_cutover"]
        assert "warnings" not in again

    def test_lowered_by_hand_the_former_lifetime_is_asked_for(self, quick: Bed) -> None:
        result = quick.call({**SRV, "ttl": 3}, ttl_only=True)
        assert "former_ttl" in result["warnings"][0]
        later = quick.call({**SRV, "ttl": 3}, ttl_only=True, former_ttl=7200)
        assert datetime.fromisoformat(later["earliest_cutover"]) > datetime.now(UTC) + timedelta(seconds=7100)

    def test_a_swap_waits_for_the_old_lifetime_where_it_may(self, quick: Bed) -> None:
        quick.prove(lowered=False)
        self.record(quick, quick.call({**SRV, "ttl": 1}, ttl_only=True))
        refused = quick.call(swapped(), wait_seconds=0)
        assert refused["error"]["kind"] == "refused" and "until" in refused["msg"]
        assert quick.value()["values"] == [OLD]
        started = time.monotonic()
        assert quick.call(swapped(), wait_seconds=10)["changed"]
        assert time.monotonic() - started > 1.5

    def test_a_window_is_not_opened_before_it_can_be_closed(self, quick: Bed) -> None:
        """Resolvers may hold the record for 3 s, and the task may take none: lowered, on record, and refused till then."""
        refused = quick.call({**SRV, "ttl": 1}, ttl_only=True, until_expired=True, wait_seconds=0)
        assert refused["failed"] and "Run this again then" in refused["msg"]
        assert quick.value()["ttl"] == 1
        assert [one["fact"] for one in quick.journal("evidence")] == ["ttl_lowered"]
        later = quick.call({**SRV, "ttl": 1}, ttl_only=True, until_expired=True, wait_seconds=10)
        assert later.get("failed") is None and later["changed"] is False

    def test_what_was_swapped_is_not_prepared_again(self, quick: Bed) -> None:
        quick.prove()
        quick.call(swapped())
        result = quick.call({**SRV, "ttl": 1}, ttl_only=True, unless_values=[NEW])
        assert result.get("failed") is None and result["changed"] is False
        assert quick.value() == {"ttl": 3, "values": [NEW]}
        other = quick.call({**SRV, "ttl": 1}, ttl_only=True, unless_values=[OLD])
        assert other["changed"] is True and quick.value()["ttl"] == 1

    def test_values_that_are_none_are_refused(self, quick: Bed) -> None:
        assert quick.call({**SRV, "ttl": 1}, ttl_only=True, unless_values=["access"])["msg"].startswith(
            "unless_values: "
        )

    def test_raising_needs_the_acceptance_and_is_no_evidence(self, quick: Bed) -> None:
        refused = quick.call({**SRV, "ttl": 60}, ttl_only=True)
        assert refused["error"]["kind"] == "refused"
        Journal(quick.directory, "x").evidence([Evidence("accepted", "organisation")], quick.context(), check=False)
        raised = quick.call({**SRV, "ttl": 60}, ttl_only=True)
        assert raised["changed"] and raised["earliest_cutover"] is None and "evidence" not in raised
        assert quick.value() == {"ttl": 60, "values": [OLD]}

    def record(self, bed: Bed, result: dict[str, Any]) -> None:
        """What the action plugin does with the evidence of a module."""
        evidence = [Evidence(one["fact"], one["member"], one["digest"], one["value"]) for one in result["evidence"]]
        Journal(bed.directory, "x").evidence(evidence, bed.context(), check=False)


class TestLaws:
    def test_the_service_record_waits_for_its_evidence(self, quick: Bed) -> None:
        result = quick.call(swapped())
        assert result["failed"] and result["error"]["kind"] == "refused"
        assert "answers XMPP from outside" in result["msg"]
        assert quick.told == [] and quick.journal("intent") == []

    def test_earlier_than_resolvers_forget_only_by_the_records_name(self, quick: Bed) -> None:
        quick.prove(lowered=False)
        assert quick.call(swapped(), wait_seconds=0)["error"]["kind"] == "refused"
        assert "override names" in quick.call(swapped(), override="something else")["msg"]
        result = quick.call(swapped(), override=IDENTITY)
        assert result.get("failed") is None and result["changed"], result
        assert quick.journal("intent")[-1]["override"] == IDENTITY

    def test_an_override_proves_nothing_else(self, quick: Bed) -> None:
        refused = quick.call(swapped(), override=IDENTITY)
        assert refused["error"]["kind"] == "refused" and "answers XMPP from outside" in refused["msg"]

    def test_in_one_update_with_others_too(self, quick: Bed) -> None:
        """Several record sets go in one update: each is judged by what it was itself."""
        other = {"name": "access", "type": "A", "values": ["192.0.2.1"]}
        assert quick.call(swapped(), other)["error"]["kind"] == "refused"
        assert quick.call({"name": "xmpp", "type": "A", "ttl": 60}, {**SRV, "ttl": 60}, ttl_only=True)["failed"]
        assert quick.told == []


class Counted:
    """A bed of many zones on the built-in server that counts questions and updates by zone."""

    def __init__(self, directory: Path, names: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        zones = [Zone(name, 3, (Record("_xmpp-server._tcp", "SRV", OLD),)) for name in names]
        server = name_servers.start(zones, directory / "zones", software="builtin")
        self.questions, self.updates = Counter[str](), Counter[str]()
        original = server._engine.handle

        def handle(wire: bytes, tcp: bool) -> Any:
            message = dns.message.from_wire(wire, ignore_trailing=True, keyring=dns.tsigkeyring.from_text(
                {server.key_name: server.key_secret}
            ))  # fmt: skip
            update = message.opcode() == dns.opcode.UPDATE
            name = str(message.question[0].name).rstrip(".")
            (self.updates if update else self.questions)[next(one for one in names if name.endswith(one))] += 1
            return original(wire, tcp)

        server._listeners._handler = handle
        self.bed = Bed(directory / "bed")
        self.bed.server.stop()
        self.bed.server, self.bed.where = server, [{"address": server.address, "port": server.port}]
        self.bed.prove(lowered=False)
        moment = datetime.now(UTC) - timedelta(seconds=1)
        evidence = [Evidence("ttl_lowered", name, "", {"earliest": moment.isoformat()}) for name in names]
        Journal(self.bed.directory, "prove").evidence(evidence, self.bed.context(), check=False)


class TestManyZones:
    @pytest.fixture
    def many(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], Counted]]:
        running: list[Counted] = []

        def start(count: int) -> Counted:
            running.append(Counted(tmp_path / str(count), [f"d{i}.test" for i in range(count)], monkeypatch))
            return running[-1]

        yield start
        for one in running:
            one.bed.server.stop()

    def test_fifty_domains_in_one_task_cost_one_update_each_and_the_same_questions(
        self, many: Callable[[int], Counted]
    ) -> None:
        """Planned, swapped and verified in time linear in zones: what is counted is the same for each of 50 as of 10."""
        each = set()
        for count in (10, 50):
            counted = many(count)
            names = list(counted.questions) or [f"d{i}.test" for i in range(count)]
            target = {"host": "access.contoso.test"}
            planned = counted.bed.call({**SRV, "targets": [target]}, zone=None, domains=names, check=True, run="plan")
            assert planned["changed"] and counted.updates == {}
            result = counted.bed.call({**SRV, "targets": [target]}, zone=None, domains=names)
            assert result.get("failed") is None and len(result["records"]) == count, result
            assert counted.updates == dict.fromkeys(names, 1)
            each |= set(counted.questions.values())
            assert len(counted.bed.journal("intent")) == count
            plan = entries(counted.bed.directory / "runs" / "plan", "plan.ndjson")
            assert [one["call"] for one in plan if one["kind"] == "intent"] == [
                one["call"] for one in counted.bed.journal("intent")
            ]
        assert len(each) == 1

    def test_lifetimes_of_all_are_lowered_and_put_on_record_by_zone(self, many: Callable[[int], Counted]) -> None:
        counted = many(3)
        names = ["d0.test", "d1.test", "d2.test"]
        result = counted.bed.call({**SRV, "ttl": 1}, ttl_only=True, zone=None, domains=names)
        assert [one["member"] for one in result["evidence"]] == names
        assert [one["zone"] for one in result["zones"]] == names
        assert result["earliest_cutover"] == max(one["earliest_cutover"] for one in result["zones"])
        counted.bed.call(
            {**SRV, "targets": [{"host": "new.d0.test"}]},
            zone=None,
            domains=names[:1],
            override=[f"{SRV['name']}.d0.test SRV"],
        )
        again = counted.bed.call(
            {**SRV, "ttl": 1}, ttl_only=True, zone=None, domains=names, unless_targets=[{"host": "new.d0.test"}]
        )
        assert [one["member"] for one in again["evidence"]] == names[1:]

    def test_one_zone_that_cannot_be_changed_keeps_no_other_from_it(
        self, many: Callable[[int], Counted], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        counted = many(3)
        original = DnsShell._send

        def refused(shell: DnsShell, steps: Any) -> Any:
            if steps[0].zone == "d1.test":
                return {"id": "REFUSED", "category": "", "target": "", "exceptions": []}
            return original(shell, steps)

        monkeypatch.setattr(DnsShell, "_send", refused)
        domains = ["d0.test", "d1.test", "d2.test"]
        result = counted.bed.call(swapped(), zone=None, domains=domains)
        assert result["failed"] and "does not let this key change these records of the zone d1.test" in result["msg"]
        assert result["msg"].endswith("Done as planned: d0.test, d2.test.")
        assert set(counted.updates) == {"d0.test", "d2.test"}

    def test_a_domain_inside_a_zone_and_addresses_of_its_target(self, bed: Bed) -> None:
        """One update for the zone: the service records of two domains, and where they lead."""
        bed.prove()
        targets = [
            {"host": "access.contoso.test", "weight": 5, "addresses": ["192.0.2.40", "2001:db8::40"]},
            {"host": "xmpp.contoso.test", "priority": 10},
        ]
        options = {"zone": None, "domains": ["contoso.test", "sales.contoso.test"], "zones": ["contoso.test"]}
        result = bed.call({**SRV, "targets": targets, "ttl": 2}, **options)
        assert result.get("failed") is None and result["changed"], result
        wanted = ["0 5 5269 access.contoso.test.", "10 0 5269 xmpp.contoso.test."]
        there = bed.server.records()["contoso.test"]
        assert sorted(there["_xmpp-server._tcp SRV"]["values"]) == wanted
        assert sorted(there["_xmpp-server._tcp.sales SRV"]["values"]) == wanted
        assert there["access A"] == {"ttl": 2, "values": ["192.0.2.40"]}
        assert there["access AAAA"] == {"ttl": 2, "values": ["2001:db8::40"]}
        assert len(bed.journal("intent")) == 1
        assert bed.call({**SRV, "targets": targets, "ttl": 2}, **options)["changed"] is False

    def test_by_hand_all_is_said_before_anything_is_waited_for(self, many: Callable[[int], Counted]) -> None:
        counted, told = many(3), []
        params = {
            "domains": ["d0.test", "d1.test", "d2.test"], "records": [swapped()], "servers": counted.bed.where,
            "method": "manual", "wait_seconds": 0,
        }  # fmt: skip
        result = perform(module.ARGUMENT_SPEC, module.run, params, counted.bed.context(), tell=told.append)
        assert len(told) == 3 and all(text in result["msg"] for text in told)
        assert result["error"]["kind"] == "not_ready" and counted.updates == {}


class TestSomebodyElse:
    def test_a_change_in_between_wins_and_is_reported(self, bed: Bed, monkeypatch: pytest.MonkeyPatch) -> None:
        bed.prove()
        ring = dns.tsigkeyring.from_text({bed.server.key_name: bed.server.key_secret})
        original = DnsShell._send

        def beaten(shell: DnsShell, made: Any) -> Any:
            rival = dns.update.UpdateMessage(
                "contoso.test", keyring=ring, keyname=bed.server.key_name, keyalgorithm=dns.tsig.HMAC_SHA256
            )
            rival.replace("_xmpp-server._tcp", 9, "SRV", "0 0 5269 other.contoso.test.")
            dns.query.tcp(rival, bed.server.address, port=bed.server.port, timeout=5)
            return original(shell, made)

        monkeypatch.setattr(DnsShell, "_send", beaten)
        result = bed.call(swapped())
        assert result["failed"] and result["error"]["kind"] == "mismatch"
        assert "somebody else" in result["msg"] and "other.contoso.test." in result["msg"]
        assert bed.value()["values"] == ["0 0 5269 other.contoso.test."]
        assert bed.journal("outcome")[0]["ok"] is False


class Middle:
    """A man in the middle who may do something to the answers of updates."""

    def __init__(self, port: int, twist: Callable[[bytes], bytes | None]) -> None:
        self.port, self.twist, self.updates = port, twist, 0
        self.listeners = Listeners(self.handle)
        self.listeners.start()

    def handle(self, wire: bytes, tcp: bool) -> Iterator[bytes]:
        update = (wire[2] >> 3) & 0xF == 5
        self.updates += update
        kind = socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM
        with socket.socket(socket.AF_INET, kind) as upstream:
            upstream.settimeout(5)
            upstream.connect(("127.0.0.1", self.port))
            upstream.sendall(struct.pack("!H", len(wire)) + wire if tcp else wire)
            answer = upstream.recv(65535)
            answer = answer[2:] if tcp else answer
        twisted = self.twist(answer) if update else answer
        if twisted is None:
            raise OSError("the connection is cut")
        yield twisted


class TestDoubt:
    @pytest.fixture(params=["stripped", "tampered", "cut"])
    def middle(self, request: pytest.FixtureRequest, quick: Bed) -> Iterator[Middle]:
        twist = {
            "stripped": lambda answer: answer[:4] + b"\0" * 8,
            "tampered": lambda answer: answer[:-20] + bytes(byte ^ 0x55 for byte in answer[-20:-10]) + answer[-10:],
            "cut": lambda answer: None,
        }[request.param]
        middle = Middle(quick.server.port, twist)
        quick.where = [{"address": "127.0.0.1", "port": middle.listeners.port}]
        yield middle
        middle.listeners.stop()

    def test_made_but_not_proved_is_seen_by_reading_and_never_sent_again(self, quick: Bed, middle: Middle) -> None:
        quick.prove()
        result = quick.call(swapped())
        assert result["changed"] and "failed" not in result, result
        assert "proved nothing" in result["warnings"][0]
        assert middle.updates == 1
        assert [one["ran"] for one in quick.journal("outcome")] == [None]
        assert any("proved nothing" in one["text"] for one in quick.journal("note"))

    def test_a_wrong_secret_changes_nothing_and_says_so(self, quick: Bed) -> None:
        quick.prove()
        result = quick.call(swapped(), tsig_secret="Q0FOQVJZLUNBTkFSWS1DQU5BUlktQ0FOQVJZ")
        assert result["failed"] and "was not changed" in result["msg"]
        assert quick.value()["values"] == [OLD]
        text = json.dumps(result) + "".join(p.read_text() for p in quick.directory.rglob("*.ndjson"))
        assert "CANARY" not in text and "Q0FOQVJZ" not in text

    def test_a_wrong_secret_at_bind(self, tmp_path: Path, needs: Callable[..., None]) -> None:
        needs("named")
        bed = Bed(tmp_path, "bind")
        try:
            bed.prove()
            result = bed.call(swapped(), tsig_secret="Q0FOQVJZLUNBTkFSWS1DQU5BUlktQ0FOQVJZ")
            assert "signature is wrong" in result["msg"] and "was not changed" in result["msg"]
            assert bed.value()["values"] == [OLD]
        finally:
            bed.server.stop()

    def test_a_key_that_the_server_does_not_have(self, bed: Bed) -> None:
        """A real server says so under TSIG's own code, ours answers without a signature: nothing was changed either way."""
        bed.prove()
        result = bed.call(swapped(), tsig_key_name="elsewhere")
        unsigned = "is not signed, as some servers answer for a key"
        said = unsigned if bed.server.software == "builtin" else "does not know the key"
        assert said in result["msg"] and "was not changed" in result["msg"], result
        assert bed.value()["values"] == [OLD]

    def test_a_server_that_cannot_be_reached(self, quick: Bed) -> None:
        quick.where = [{"address": "127.0.0.1", "port": 1}]
        result = quick.call(swapped())
        assert result["error"]["kind"] == "unreachable" and "127.0.0.1:1" in result["msg"]


class TestServers:
    def test_a_secondary_that_lags_is_waited_for(self, tmp_path: Path, bed: Bed) -> None:
        second = name_servers.start(ZONES, tmp_path / "second", software=bed.server.software)
        bed.where = [*bed.where, {"address": second.address, "port": second.port}]
        bed.prove()

        def transfer() -> None:
            while not bed.told:
                time.sleep(0.05)
            time.sleep(0.5)
            ring = dns.tsigkeyring.from_text({second.key_name: second.key_secret})
            message = dns.update.UpdateMessage(
                "contoso.test", keyring=ring, keyname=second.key_name, keyalgorithm=dns.tsig.HMAC_SHA256
            )
            message.replace("_xmpp-server._tcp", 3, "SRV", NEW)
            dns.query.tcp(message, second.address, port=second.port, timeout=5)

        thread = threading.Thread(target=transfer)
        thread.start()
        result = bed.call(swapped(), wait_seconds=10)
        thread.join()
        second.stop()
        assert result["changed"], result
        assert len(result["servers"]) == 2

    def test_one_that_never_follows_is_named(self, tmp_path: Path, bed: Bed) -> None:
        second = name_servers.start(ZONES, tmp_path / "second", software=bed.server.software)
        bed.where = [*bed.where, {"address": second.address, "port": second.port}]
        bed.prove()
        result = bed.call(swapped(), wait_seconds=1)
        again = bed.call(swapped(), wait_seconds=0)
        second.stop()
        assert result["error"]["kind"] == "not_ready" and str(second.port) in result["msg"]
        assert "Wait until they agree" in again["msg"]

    def test_a_resolver_or_a_strange_zone_is_refused(self, quick: Bed) -> None:
        assert "does not serve the zone" in quick.call({**SRV, "ttl": 1}, ttl_only=True, zone="elsewhere.test")["msg"]
        assert "alias" in quick.call({"name": "alias", "type": "A", "values": ["192.0.2.1"]})["msg"]


class TestByHand:
    def test_it_says_what_to_do_and_goes_on_from_there(self, quick: Bed) -> None:
        quick.prove()
        options = {"method": "manual", "tsig_key_name": None, "tsig_secret": None, "wait_seconds": 0}
        result = quick.call(swapped(), **options)
        assert result["error"]["kind"] == "not_ready"
        assert f"{NAME}. 3 IN SRV {NEW}" in result["msg"]
        timer = threading.Timer(0.7, lambda: quick.call(swapped()))
        timer.start()
        waited = quick.call(swapped(), **{**options, "wait_seconds": 10})
        timer.join()
        assert waited["changed"] and waited["instructions"]
        assert quick.call(swapped(), **options)["changed"] is False

    def test_planned_too(self, quick: Bed) -> None:
        quick.prove()
        result = quick.call(swapped(), check=True, method="manual", tsig_key_name=None, tsig_secret=None)
        assert result["changed"] and "in place" in result["instructions"][0]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"tsig_secret": None}, "go together"),
        ({"tsig_secret": "no base64!"}, "base64"),
        ({"tsig_secret": "c2hvcnQ="}, "16 bytes"),
        ({"tsig_algorithm": "hmac-md5"}, "tsig_algorithm"),
        ({"servers": []}, "servers"),
        ({"servers": [{"address": "127.0.0.1", "port": 0}]}, "servers"),
        ({"zone": None}, "Give zone or domains"),
        ({"zone": None, "domains": ["a b"]}, "DNS zone"),
        ({"zone": None, "domains": [f"d{i}.test" for i in range(1001)]}, "more than 1000"),
        ({"records": [{"name": "x", "type": "A", "targets": [{"host": "a.b.test"}]}]}, "of type SRV"),
        ({"records": [{**SRV, "targets": [{"host": "a b"}]}]}, "is not the value of a record"),
        ({"records": [{**SRV, "targets": [{"host": "a.contoso.test", "addresses": ["x"]}]}]}, "cannot be"),
        ({"records": [{**SRV, "targets": [{"host": "a.b.test", "addresses": ["192.0.2.1"]}]}]}, "in none of the zones"),
        ({"zone": "not a zone"}, "DNS zone"),
        ({"records": []}, "records is empty"),
        ({"tsig_key_name": None, "tsig_secret": None}, "needs a key"),
    ],
)
def test_bad_options_change_nothing(quick: Bed, options: dict, sentence: str) -> None:
    quick.prove()
    result = quick.call(swapped(), **options)
    assert result["failed"] and sentence in result["msg"], result
    assert quick.told == []
