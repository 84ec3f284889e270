# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Record sets in their one form, steps, conditional updates, instructions, lifetimes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import dns.rcode
import dns.rdataclass
import dns.update
import dns.zone
import pytest
from ansible_collections.lync.xmpp_migration.lab.dns import update as server_side
from ansible_collections.lync.xmpp_migration.plugins.module_utils._dns import records as _dns
from ansible_collections.lync.xmpp_migration.plugins.module_utils._dns.records import RecordSet, Step, Wanted
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import InvalidInput
from hypothesis import given
from hypothesis import strategies as st

ZONE = "contoso.test"
NAME = "_xmpp-server._tcp.contoso.test"
OLD = RecordSet(NAME, "SRV", 3600, ("0 0 5269 xmpp.contoso.test.",))
NEW = RecordSet(NAME, "SRV", 300, ("0 0 5269 access.contoso.test.",))


@pytest.mark.parametrize(
    ("name", "absolute"),
    [
        ("_xmpp-server._tcp", NAME),
        ("_XMPP-Server._tcp.Contoso.Test.", NAME),
        ("_xmpp-server._tcp.contoso.test", NAME),
        ("@", ZONE),
        ("contoso.test.", ZONE),
        ("bücher", "xn--bcher-kva.contoso.test"),
        ("a.b", "a.b.contoso.test"),
    ],
)
def test_names_become_absolute(name: str, absolute: str) -> None:
    assert _dns.absolute_name(name, ZONE) == absolute


@pytest.mark.parametrize("name", ["", "a b", "*", "x.other.test.", "a..b", "-a", "a" * 64, "a.b\n", None])
def test_names_that_cannot_be(name: object) -> None:
    with pytest.raises(InvalidInput, match=r"contoso\.test|cannot be"):
        _dns.absolute_name(name, ZONE)


@pytest.mark.parametrize(
    ("kind", "value", "canonical"),
    [
        ("SRV", "0 0 5269 Access.Contoso.Test", "0 0 5269 access.contoso.test."),
        ("SRV", " 00  0 05269 access.contoso.test. ", "0 0 5269 access.contoso.test."),
        ("SRV", "0 0 0 .", "0 0 0 ."),
        ("SRV", "0 5 5269 bücher.test", "0 5 5269 xn--bcher-kva.test."),
        ("A", "192.0.2.1", "192.0.2.1"),
        ("AAAA", "2001:DB8:0::1", "2001:db8::1"),
        ("CNAME", "xmpp.contoso.test", "xmpp.contoso.test."),
        ("MX", "10 mail.contoso.test", "10 mail.contoso.test."),
        ("TXT", "v=1; x", '"v=1; x"'),
        ("TXT", '"a" "b"', '"a" "b"'),
    ],
)
def test_values_have_one_form(kind: str, value: str, canonical: str) -> None:
    assert _dns.canonical(kind, value) == canonical
    assert _dns.canonical(kind, canonical) == canonical


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("SRV", "0 0 5269 access"),
        ("SRV", "0 0 70000 access.contoso.test"),
        ("SRV", "0 5269 access.contoso.test"),
        ("SRV", "-1 0 5269 access.contoso.test"),
        ("A", "access.contoso.test"),
        ("A", "::1"),
        ("AAAA", "192.0.2.1"),
        ("CNAME", "192.0.2.1"),
        ("MX", "mail.contoso.test"),
        ("TXT", '"open'),
        ("A", None),
    ],
)
def test_values_that_cannot_be(kind: str, value: object) -> None:
    with pytest.raises(InvalidInput, match=f"of type {kind}"):
        _dns.canonical(kind, value)


def wanted(*records: dict, ttl_only: bool = False) -> list[Wanted]:
    return _dns.wanted_sets(ZONE, records, ttl_only)


SRV = {"name": "_xmpp-server._tcp", "type": "SRV", "values": ["0 0 5269 access.contoso.test"]}


@pytest.mark.parametrize(
    ("records", "ttl_only", "sentence"),
    [
        ([SRV, {**SRV, "name": NAME}], False, "named twice"),
        ([{**SRV, "values": []}], False, "has no values"),
        ([{**SRV, "values": None, "ttl": 5}], False, "has no values"),
        ([{**SRV, "state": "absent"}], False, "neither values nor ttl"),
        ([{**SRV, "ttl": -1}], False, "TTL"),
        ([{**SRV, "ttl": 2**31}], False, "TTL"),
        ([{**SRV, "ttl": 5}], True, "neither values"),
        ([{**SRV, "values": None}], True, "with a ttl"),
        (
            [{"name": "x", "type": "CNAME", "values": ["a.test"]}, {"name": "x", "type": "A", "values": ["192.0.2.1"]}],
            False,
            "alias",
        ),
        ([{"name": "x", "type": "CNAME", "values": ["a.test", "b.test"]}], False, "one name only"),
    ],
)
def test_contradictions_are_named(records: list, ttl_only: bool, sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        wanted(*records, ttl_only=ttl_only)


class TestSteps:
    def test_nothing_to_do(self) -> None:
        (one,) = wanted({**SRV, "ttl": 300})
        assert _dns.step(ZONE, NEW, one, 60) is None

    def test_without_a_ttl_the_present_one_stays(self) -> None:
        (one,) = wanted(SRV)
        made = _dns.step(ZONE, OLD, one, 60)
        assert made is not None and made.after is not None and made.after.ttl == 3600

    def test_a_new_record_gets_the_zones(self) -> None:
        (one,) = wanted(SRV)
        made = _dns.step(ZONE, None, one, 60)
        assert made is not None and made.before is None and made.after is not None and made.after.ttl == 60

    def test_ttl_only_keeps_the_values(self) -> None:
        (one,) = wanted({**SRV, "values": None, "ttl": 300}, ttl_only=True)
        made = _dns.step(ZONE, OLD, one, 60)
        assert made is not None and made.after == RecordSet(NAME, "SRV", 300, OLD.values)
        assert _dns.step(ZONE, None, one, 60) is None

    def test_removal(self) -> None:
        (one,) = wanted({"name": NAME, "type": "SRV", "state": "absent"})
        made = _dns.step(ZONE, OLD, one, 60)
        assert made == Step(ZONE, OLD, None)
        assert _dns.step(ZONE, None, one, 60) is None

    def test_new_ones_first_removed_ones_last(self) -> None:
        create, change, remove = Step(ZONE, None, NEW), Step(ZONE, OLD, NEW), Step(ZONE, OLD, None)
        assert _dns.in_order([remove, change, create]) == [create, change, remove]

    def test_the_way_back(self) -> None:
        assert Step(ZONE, OLD, NEW).back == Step(ZONE, NEW, OLD)


class TestUpdate:
    def zone(self, *values: str) -> dns.zone.Zone:
        lines = "".join(f"_xmpp-server._tcp 3600 IN SRV {value}\n" for value in values)
        text = f"$TTL 60\n@ IN SOA ns hostmaster 1 1 1 1 1\n@ IN NS ns\n{lines}"
        return dns.zone.from_text(text, origin=f"{ZONE}.", relativize=False)

    def made(self, zone: dns.zone.Zone, step: Step) -> str:
        wire = _dns.update_message([step]).to_wire()
        message = dns.message.from_wire(wire, one_rr_per_rrset=True)
        try:
            server_side.apply(zone, message)
        except server_side.Rejected as rejected:
            return dns.rcode.to_text(rejected.rcode)
        return "NOERROR"

    def values(self, zone: dns.zone.Zone) -> list[str]:
        found = zone.get_rdataset(f"{NAME}.", "SRV")
        return [f"{found.ttl} {rdata}" for rdata in found] if found else []

    def test_exactly_what_was_found_gives_way(self) -> None:
        zone = self.zone(*OLD.values)
        assert self.made(zone, Step(ZONE, OLD, NEW)) == "NOERROR"
        assert self.values(zone) == ["300 0 0 5269 access.contoso.test."]
        assert self.made(zone, Step(ZONE, OLD, NEW)) == "NXRRSET"

    def test_one_value_more_is_somebody_elses_change(self) -> None:
        zone = self.zone(*OLD.values, "5 0 5269 other.contoso.test.")
        assert self.made(zone, Step(ZONE, OLD, NEW)) == "NXRRSET"
        assert len(self.values(zone)) == 2

    def test_new_only_where_nothing_is(self) -> None:
        assert self.made(self.zone(*OLD.values), Step(ZONE, None, NEW)) == "YXRRSET"
        zone = self.zone()
        assert self.made(zone, Step(ZONE, None, NEW)) == "NOERROR"
        assert self.made(zone, Step(ZONE, None, NEW).back) == "NOERROR"
        assert self.values(zone) == []

    def test_a_lifetime_alone(self) -> None:
        zone = self.zone(*OLD.values)
        lowered = RecordSet(NAME, "SRV", 300, OLD.values)
        assert self.made(zone, Step(ZONE, OLD, lowered)) == "NOERROR"
        assert self.values(zone) == ["300 0 0 5269 xmpp.contoso.test."]


def test_instructions_say_exactly_what() -> None:
    lowered = RecordSet(NAME, "SRV", 300, OLD.values)
    assert "from 3600 to 300 seconds" in _dns.instruction(Step(ZONE, OLD, lowered))
    swap = _dns.instruction(Step(ZONE, OLD, NEW))
    assert f"{NAME}. 3600 IN SRV 0 0 5269 xmpp.contoso.test." in swap
    assert f"{NAME}. 300 IN SRV 0 0 5269 access.contoso.test." in swap
    assert "in place" in swap
    assert "create" in _dns.instruction(Step(ZONE, None, NEW))
    assert "remove" in _dns.instruction(Step(ZONE, OLD, None))


def test_earliest_cutover_is_an_old_lifetime_later() -> None:
    seen = datetime(2026, 11, 21, 12, 0, 0, 500000, tzinfo=UTC)
    assert _dns.earliest_cutover(seen, 3600) == datetime(2026, 11, 21, 13, 0, 1, tzinfo=UTC)
    assert _dns.earliest_cutover(seen, 10**9) < seen + timedelta(days=8)


NUMBERS = st.integers(0, 65535)
HOSTS = st.from_regex(r"[a-z][a-z0-9]{0,10}\.(test|example)", fullmatch=True)


@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS, HOSTS), min_size=1, max_size=4))
def test_states_survive_the_way_through_a_call(values: list) -> None:
    record = RecordSet(NAME, "SRV", 5, tuple(sorted({_dns.canonical("SRV", " ".join(map(str, v))) for v in values})))
    assert _dns.from_state(NAME, "SRV", _dns.state(record)) == record
    assert _dns.from_state(NAME, "SRV", _dns.state(None)) is None
