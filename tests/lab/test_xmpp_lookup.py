# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe's way through DNS, against a name server on a socket: plain answers at once, all others by the resolver."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from ansible_collections.lync.xmpp_migration.lab.dns.sockets import Listeners
from ansible_collections.lync.xmpp_migration.plugins.module_utils._xmpp import targets
from ansible_collections.lync.xmpp_migration.plugins.module_utils._xmpp.line import Deadline

RECORDS = {
    ("_xmpp-server._tcp.a.test.", "SRV"): ["5 0 5269 x.a.test."],
    ("x.a.test.", "A"): ["192.0.2.1"],
    ("x.a.test.", "AAAA"): ["2001:db8::1"],
    ("_xmpp-server._tcp.b.test.", "SRV"): ["0 0 5269 alias.b.test."],
    ("alias.b.test.", "CNAME"): ["x.a.test."],
    ("_xmpp-server._tcp.dot.test.", "SRV"): ["0 0 0 ."],
    ("_xmpp-server._tcp.many.test.", "SRV"): ["9 0 5269 last.a.test.", "1 1 1 light.a.test.", "1 9 2 heavy.a.test."],
}

Twist = Callable[[dns.message.Message, bool], "dns.message.Message | bytes | None"]


class Zone:
    """Answers from the table above, with a twist where one is given."""

    def __init__(self, twist: Twist = lambda reply, tcp: reply) -> None:
        self.twist, self.asked = twist, Counter[tuple[str, str]]()
        self.listeners = Listeners(self.handle)
        self.listeners.start()
        self.lookup = targets.Lookup([("127.0.0.1", self.listeners.port)], 1.0)

    def handle(self, wire: bytes, tcp: bool) -> Iterator[bytes]:
        query = dns.message.from_wire(wire)
        name, kind = str(query.question[0].name), dns.rdatatype.to_text(query.question[0].rdtype)
        self.asked[name, kind] += 1
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.AA
        alias = RECORDS.get((name, "CNAME"))
        if alias and kind != "CNAME":
            reply.answer.append(dns.rrset.from_text(name, 5, "IN", "CNAME", *alias))
            name = alias[0]
        if (name, kind) in RECORDS:
            reply.answer.append(dns.rrset.from_text(name, 5, "IN", kind, *RECORDS[name, kind]))
        twisted = self.twist(reply, tcp)
        if twisted is not None:
            yield twisted if isinstance(twisted, bytes) else twisted.to_wire()


@pytest.fixture
def zone() -> Iterator[Callable[..., Zone]]:
    running: list[Zone] = []

    def start(*args: Any) -> Zone:
        running.append(Zone(*args))
        return running[-1]

    yield start
    for one in running:
        one.listeners.stop()


def test_what_there_is_and_what_there_is_not(zone: Callable[..., Zone]) -> None:
    lookup = zone().lookup
    assert lookup.services("a.test") == [("x.a.test", 5269)]
    assert lookup.addresses("x.a.test") == ["192.0.2.1", "2001:db8::1"]
    assert lookup.services("nobody.test") is None and lookup.addresses("nobody.test") == []
    assert lookup.services("dot.test") == [(".", 0)]
    assert [host for host, _port in lookup.services("many.test") or ()] == [
        "heavy.a.test",
        "light.a.test",
        "last.a.test",
    ]


def test_an_alias_is_seen_in_the_answer_without_a_question_of_its_own(zone: Callable[..., Zone]) -> None:
    bed = zone()
    found, findings = targets.targets_of(["b.test"], [], [], 5269, bed.lookup, True)
    assert [one.address for one in found] == ["192.0.2.1", "2001:db8::1"]
    assert "alias_target" in [one.id for one in findings]
    assert set(bed.asked.values()) == {1} and ("alias.b.test.", "CNAME") not in bed.asked


def test_five_questions_for_each_domain(zone: Callable[..., Zone]) -> None:
    """So the work for hundreds of them grows with their number only."""
    bed = zone()
    targets.targets_of(["a.test"], [], [], 5269, bed.lookup, True)
    assert sum(bed.asked.values()) == 5


def cut(reply: dns.message.Message, tcp: bool) -> dns.message.Message:
    if not tcp:
        reply.flags |= dns.flags.TC
        reply.answer.clear()
    return reply


def other_question(reply: dns.message.Message, tcp: bool) -> dns.message.Message:
    reply.question = dns.message.make_query("evil.test", "SRV").question
    return reply


def other_number(reply: dns.message.Message, tcp: bool) -> bytes:
    wire = reply.to_wire()
    return bytes([wire[0] ^ 1]) + wire[1:]


def failing(reply: dns.message.Message, tcp: bool) -> dns.message.Message:
    reply.set_rcode(dns.rcode.SERVFAIL)
    return reply


def test_an_answer_that_was_cut_short_is_fetched_whole(zone: Callable[..., Zone]) -> None:
    assert zone(cut).lookup.services("a.test") == [("x.a.test", 5269)]


def test_a_lost_datagram_is_sent_again(zone: Callable[..., Zone], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "QUICK_SECONDS", 0.2)
    count = Counter[str]()

    def lossy(reply: dns.message.Message, tcp: bool) -> dns.message.Message | None:
        count["all"] += 1
        return None if count["all"] == 1 else reply

    assert zone(lossy).lookup.services("a.test") == [("x.a.test", 5269)]


@pytest.mark.parametrize(
    "twist",
    [other_question, other_number, failing, lambda reply, tcp: reply.to_wire()[:14], lambda reply, tcp: b"", lambda reply, tcp: None],
    ids=["another question", "another number", "SERVFAIL", "half a question", "nothing", "silence"],
)  # fmt: skip
def test_what_is_no_answer_is_none(zone: Callable[..., Zone], monkeypatch: pytest.MonkeyPatch, twist: Twist) -> None:
    monkeypatch.setattr(targets, "QUICK_SECONDS", 0.2)
    lookup = zone(twist).lookup
    lookup._resolver.lifetime = 0.3
    found, findings = targets.targets_of(["a.test"], [], [], 5269, lookup, True)
    assert found == [] and [one.id for one in findings] == ["not_resolved"]


def test_a_lookup_is_part_of_the_time_for_all(zone: Callable[..., Zone]) -> None:
    """What is over is not begun, and what is begun gets no more than is left."""
    now = [0.0]
    server = zone()
    lookup = server.lookup
    lookup.deadline = Deadline(1.0, lambda: now[0])
    assert lookup.services("a.test") and server.asked
    now[0] = 0.75
    assert lookup._at_most(5.0) == 0.25 and lookup._at_most(0.125) == 0.125
    now[0] = 1.0
    server.asked.clear()
    with pytest.raises(LookupError, match="cannot be looked up"):
        lookup.services("a.test")
    assert not server.asked
