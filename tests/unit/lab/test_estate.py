# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Estates: what comes with the lab reads, what contradicts itself is refused with the place, in one sentence."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from ansible_collections.lync.xmpp_migration.lab.estate import DIRECTORY, EstateError, load, loads, with_users
from ansible_collections.lync.xmpp_migration.lab.organisation.creation import create
from ansible_collections.lync.xmpp_migration.tests.unit.lab.worlds import clock

GOOD = """
name: one
domain: contoso.test
sip_domains: [contoso.test]
central_management: fe.contoso.test
certificates: {key: ec256}
sites:
  - {name: Redmond, federation_route: edge.contoso.test}
pools:
  - {fqdn: fe.contoso.test, version: 6, edge: edge.contoso.test}
edges:
  - {fqdn: edge.contoso.test, version: 6, access_fqdn: access.contoso.test, external_address: 203.0.113.40, federation: true}
users:
  - {count: 3, pool: fe.contoso.test}
  - {sip: "sip:ken@contoso.test", pool: fe.contoso.test}
"""


def test_good_one_reads() -> None:
    estate = loads(GOOD)
    assert estate.pools[0].fqdn == "fe.contoso.test"
    assert len(create(estate, clock()).ad.users) == 4


@pytest.mark.parametrize("path", sorted(DIRECTORY.glob("*.yml")), ids=lambda p: p.stem)
def test_every_estate_of_the_lab_makes_a_world(path: Path) -> None:
    world = create(load(path), clock())
    assert world.laws.violations == []


def test_demonstration_estate_is_what_everything_relies_on() -> None:
    estate = load("lync2010")
    world = create(estate, clock())
    assert estate.sip_domains == ("contoso.test", "wingtip.test")
    assert {c.inventory_name: c.fqdn for c in world.computers.values()} == {
        "fe2010": "pool2010.contoso.test",
        "edge2010": "edge2010.contoso.test",
        "xmppgw": "xmppgw.contoso.test",
        "fe2013": "pool2013.contoso.test",
        "edge2013": "edge2013.contoso.test",
    }
    assert len(world.ad.users) == 200
    users = {user.sip: user for user in world.ad}
    assert users["sip:user001@contoso.test"].registrar_pool == "pool2010.contoso.test"
    assert sum(sip.endswith("@wingtip.test") for sip in users) == 19
    assert sum(not user.enabled for user in world.ad) == 3
    assert [u.sip for u in world.ad if u.hosting_provider != "SRV:"] == ["sip:cloud001@contoso.test"]
    assert users["sip:cloud001@contoso.test"].registrar_pool is None
    assert world.gateway is not None and world.gateway.partners == ("fabrikam.test", "nwtraders.test")
    fe, edge = world.computers["pool2013.contoso.test"], world.computers["edge2013.contoso.test"]
    assert (fe.edition, fe.core_files, fe.joined, fe.powershell) == ("L13", "L13", True, "3.0")
    assert (edge.edition, edge.core_files, edge.joined) == ("L13", "L13", False)
    assert not fe.local_store_created and "RTC" in fe.sql_instances
    assert world.cms.topology.pool("pool2013.contoso.test") is None
    assert world.zones.xmpp_addresses("contoso.test") == ("203.0.113.30",)
    assert world.zones.xmpp_addresses("wingtip.test") == ("203.0.113.30",)
    assert estate.migration["topology_source"] == "declared"


def test_number_of_users_can_be_set() -> None:
    assert len(create(load("lync2010", users=25), clock()).ad.users) == 25
    with pytest.raises(EstateError, match="too few"):
        with_users(load("lync2010"), 0)
    with pytest.raises(EstateError, match="no generated users"):
        with_users(load("bare"), 5)


def test_ten_thousand_users_load_in_seconds() -> None:
    before = time.process_time()
    assert len(create(load("lync2010", users=10_000), clock()).ad.users) == 10_000
    assert time.process_time() - before < 3


def test_ten_thousand_users_written_by_hand_load_in_seconds() -> None:
    people = "\n".join(f'  - {{sip: "sip:p{n}@contoso.test", display_name: Person {n}, pool: fe.contoso.test}}' for n in range(10_000))
    before = time.process_time()
    estate = loads(GOOD + people)
    assert len(create(estate, clock()).ad.users) == 10_004
    assert time.process_time() - before < 3


WRONG = [
    ("unknown key", "version: 6, edge", "version: 6, edgy", "line 10, pools[0].edgy: this key is not known"),
    (
        "missing key",
        "{fqdn: fe.contoso.test, version: 6",
        "{fqdn: fe.contoso.test",
        "line 10, pools[0]: the required key 'version' is missing",
    ),
    ("key twice", "name: one", "name: one\nname: two", "line 3, name: this key is there twice"),
    ("wrong type", "version: 6, edge", "version: six, edge", "line 10, pools[0].version: a whole number is wanted"),
    ("bool for text", "name: one", "name: no", "line 2, name: text is wanted here; put no in quotes"),
    ("unknown version", "version: 6, edge", "version: 9, edge", "pools[0].version: 9 is not one of 5, 6, 7, 8"),
    ("not YAML", "name: one", "name: [one", "this is not YAML"),
    (
        "no such Edge",
        "edge: edge.contoso.test}",
        "edge: other.contoso.test}",
        "line 10, pools[0].edge: there is no Edge other.contoso.test",
    ),
    ("no such site", "version: 6, edge", "version: 6, site: Paris, edge", "pools[0].site: there is no site Paris"),
    (
        "no such pool for users",
        "count: 3, pool: fe.",
        "count: 3, pool: fx.",
        "line 14, users[0].pool: there is no pool fx.contoso.test",
    ),
    (
        "route without federation",
        "federation: true",
        "federation: false",
        "line 8, sites[0].federation_route: the Edge edge.contoso.test has no federation ports",
    ),
    ("no domain", "sip_domains: [contoso.test]", "sip_domains: []", "line 4, sip_domains: at least one SIP domain"),
    (
        "bad domain",
        "sip_domains: [contoso.test]",
        "sip_domains: [contoso..test]",
        "is not a fully qualified domain name",
    ),
    (
        "central management elsewhere",
        "central_management: fe.",
        "central_management: fx.",
        "central_management: there is no pool",
    ),
    (
        "foreign SIP domain",
        "sip:ken@contoso.test",
        "sip:ken@other.test",
        "line 15, users[1].sip: other.test is not a SIP domain",
    ),
    ("no SIP address", "sip:ken@contoso.test", "ken@contoso.test", "is not a SIP address"),
    ("address outside", "203.0.113.40", "192.0.2.1", "is no address in 203.0.113.0/24"),
    (
        "neither group nor person",
        "count: 3, pool",
        "container: OU=x, pool",
        "users[0]: the entry needs the key 'count' or 'sip'",
    ),
    (
        "unknown question",
        "name: one",
        "unknowns: {will_it_work: yes}\nname: one",
        "'will_it_work' is no known question",
    ),
    (
        "wrong answer",
        "name: one",
        "unknowns: {enable_computer_on_edge: maybe}\nname: one",
        "can be accepted or refused, not 'maybe'",
    ),
    (
        "own domain as partner",
        "name: one",
        "partners: [{domain: contoso.test}]\nname: one",
        "is a SIP domain of the organisation itself",
    ),
    (
        "useless negotiation",
        "name: one",
        "xmpp_partners: [{domain: f.test, tls_negotiation: NotSupported, support_dialback_negotiation: "
        "false}]\nname: one",
        "f.test can negotiate nothing",
    ),
    (
        "policy nobody has",
        "count: 3, pool",
        "policies: {ExternalAccessPolicy: X}, count: 3, pool",
        "there is no external access policy X",
    ),
    ("unknown flag", "name: one", "policies: {X: {EnableMagic: true}}\nname: one", "X.EnableMagic is not one of"),
    (
        "wrong setting",
        "name: one",
        "access_edge: {AllowFederatedUsers: 1}\nname: one",
        "is no setting of the Access Edge configuration",
    ),
    (
        "front end in a workgroup",
        "name: one",
        "hosts: [{fqdn: fe.contoso.test, workgroup: true}]\nname: one",
        "has to be a domain member",
    ),
    (
        "PowerShell of another Windows",
        "name: one",
        'hosts: [{fqdn: fe.contoso.test, windows: "6.2", powershell: "5.1"}]\nname: one',
        "Windows 6.2 has PowerShell 3.0 or 4.0",
    ),
    (
        "unknown oddity",
        'sip:ken@contoso.test"',
        'sip:ken@contoso.test", oddities: {grumpy: true}',
        "'grumpy' is no oddity",
    ),
    ("negative lag", "name: one", "replication: {lag: -1}\nname: one", "a lag cannot be negative"),
    ("bad clock", "name: one", "clock: yesterday\nname: one", "is no ISO moment"),
    (
        "XMPP on a 2010 Edge",
        "edges:\n  - {fqdn: edge.contoso.test, version: 6,",
        "edges:\n  - {fqdn: edge.contoso.test, version: 5, xmpp: true,",
        "whose Edge has no XMPP ports",
    ),
    ("unknown script", "count: 3,", "count: 3, scripts: [klingon],", "'klingon' is none of latin"),
    (
        "several standard machines",
        "version: 6, edge",
        "version: 6, machines: [a.contoso.test], edge",
        "is a Standard Edition server",
    ),
    (
        "bad SRV",
        "name: one",
        "zones: [{name: contoso.test, records: [{name: a, type: SRV, value: x}]}]\nname: one",
        "is not 'priority weight port target'",
    ),
]


@pytest.mark.parametrize(("old", "new", "sentence"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG])
def test_wrong_estates_are_refused_with_the_place(old: str, new: str, sentence: str) -> None:
    assert old in GOOD
    with pytest.raises(EstateError) as caught:
        loads(GOOD.replace(old, new, 1))
    text = str(caught.value)
    assert sentence in text
    assert text.startswith("estate.yml") and "\n" not in text and text.endswith(".")


def test_missing_file_is_one_sentence() -> None:
    with pytest.raises(EstateError, match="cannot be read"):
        load("/nowhere/estate.yml")


def test_names_are_in_many_scripts_and_always_the_same() -> None:
    first, second = (create(load("lync2010"), clock()).ad for _ in range(2))
    assert [(u.display_name, first.guid(u)) for u in first] == [(u.display_name, second.guid(u)) for u in second]
    text = "".join(u.display_name for u in first)
    for start, end in (("Ѐ", "ӿ"), ("Ͱ", "Ͽ"), ("֐", "׿"), ("؀", "ۿ"), ("一", "鿿"), ("가", "힣"), ("ァ", "ヿ")):
        assert any(start <= c <= end for c in text)
    assert any(ord(c) > 0xFFFF for c in text)
