# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is meant and who goes where: by the values of a user, whatever is written in them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.lab.organisation.filters import ldap
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import InvalidInput
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users.selection import (
    Partition,
    Selection,
    addresses_in,
    below,
    checked_filter,
    drawn,
    either,
    rdns,
)
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.lync_people import NEW, OLD, user
from hypothesis import given
from hypothesis import strategies as st

STAFF = "OU=Staff,DC=contoso,DC=test"
HOSTILE = [
    "'; Remove-CsUser -Identity *; '", "$(Get-CsUser)", "`whoami`", "*", "a;b\nc", "{{ 7 * 7 }}", 'a"b', "\u05d0\u202e\u05d1", "名前", "😀",
    "x" * 256, "*)(objectClass=*", "\\2a", "-Filter {Enabled -eq $true}", "a\x00b", "(&(a=b))", "\\",
]  # fmt: skip


@given(st.sampled_from(HOSTILE) | st.text(), st.sampled_from(HOSTILE) | st.text())
def test_a_value_in_a_filter_means_itself_alone(text: str, other: str) -> None:
    test = ldap(checked_filter(either("displayName", [text])), {"displayname": "DisplayName"})
    assert not text or test({"DisplayName": text}.get)
    if text and text.casefold() != other.casefold() and len(text) != len(other):
        assert not test({"DisplayName": other}.get)


@pytest.mark.parametrize(
    "text", ["(a=b)", "(&(a=b)(|(c=*)(d=e*f)))", "(!(a=b))", "(objectClass:1.2.840.113556.1.4.803:=2)", r"(cn=\28x\29)", "(cn=Jürgen 名)"]
)
def test_filters_are_taken_as_they_are(text: str) -> None:
    assert checked_filter(text) == text


@pytest.mark.parametrize(
    "text",
    ["", "a=b", "(a=b", "(a=b))", "(a=b)(c=d)", "()", "(&)", "(!(a=b)(c=d))", "(a=b\\x)", "(a=(b))", "(=b)", "(a b=c)", "(a=\0)",
     "(!" * 40 + "(a=b)" + ")" * 40, "(a=" + "b" * 5000 + ")", "$(whoami)", "{Enabled -eq $true}"],
)  # fmt: skip
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="ldap_filter"):
        checked_filter(text)


@pytest.mark.parametrize(
    ("identity", "unit", "inside"),
    [
        ("CN=Ann,OU=Staff,DC=contoso,DC=test", STAFF, True),
        ("CN=Ann,OU=North,OU=Staff,DC=contoso,DC=test", "ou=staff, dc=CONTOSO, dc=test", True),
        ("CN=Ann,OU=Staff2,DC=contoso,DC=test", STAFF, False),
        ("CN=Ann,OU=Staff,DC=other,DC=test", STAFF, False),
        # the comma is a part of the name, so the user is in no unit at all
        (r"CN=Ann\,OU=Staff,DC=contoso,DC=test", STAFF, False),
        (r"CN=Ann\\,OU=Staff,DC=contoso,DC=test", STAFF, True),
        (r"CN=Ann,OU=K\C3\B6ln,DC=contoso,DC=test", "OU=Köln,DC=contoso,DC=test", True),
        (r"CN=Ann,OU=A\,B,DC=contoso,DC=test", r"OU=A\2CB,DC=contoso,DC=test", True),
        (STAFF, STAFF, False),
    ],
)
def test_units(identity: str, unit: str, inside: bool) -> None:
    assert below(identity, rdns(unit)) is inside


def test_all_that_is_given_has_to_be_true() -> None:
    selection = Selection.of({"organizational_units": [STAFF], "sip_domains": ["CONTOSO.test"], "source_pools": [OLD.upper()]})
    assert selection.has(user(1)) and not selection.has(user(1, NEW))
    assert not selection.has(user(1, Identity="CN=x,DC=contoso,DC=test"))
    assert not selection.has(user(1, SipAddress="sip:a@contoso.test.evil.test"))
    assert Selection.of({}).has(user(1)) and Selection.of({}).parameters() == {}


def test_less_is_read_where_the_directory_can_tell() -> None:
    parameters = Selection.of({"organizational_units": [STAFF], "ldap_filter": "(department=Sales)", "sip_domains": ["b.test"]}).parameters()
    assert parameters == {"OU": STAFF, "LdapFilter": "(&(department=Sales)(msRTCSIP-PrimaryUserAddress=*@b.test))"}
    assert "OU" not in Selection.of({"organizational_units": [STAFF, "OU=x,DC=contoso,DC=test"]}).parameters()
    named = Selection().parameters(["sip:o'x@a.test"])
    assert named == {"LdapFilter": "(msRTCSIP-PrimaryUserAddress=sip:o'x@a.test)"}
    assert Selection().parameters([f"sip:u{n}@a.test" for n in range(51)]) == {}


@pytest.mark.parametrize("name", ["organizational_units", "sip_domains", "source_pools"])
@pytest.mark.parametrize("value", [[], ["*"], ["$(x)"], [""]])
def test_lists_that_could_mean_something_else(name: str, value: list[str]) -> None:
    with pytest.raises(InvalidInput, match=name):
        Selection.of({name: value})


def test_a_file_of_addresses(tmp_path: Path) -> None:
    file = tmp_path / "users.txt"
    file.write_bytes("\ufeff# pilots\r\n\r\nsip:Ann@Contoso.test\r\n sip:bob@contoso.test \nsip:ann@contoso.test".encode())
    assert addresses_in(str(file)) == ("sip:ann@contoso.test", "sip:bob@contoso.test")
    assert Selection.of({"users_file": str(file)}).addresses == {"sip:ann@contoso.test", "sip:bob@contoso.test"}
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "latin").write_bytes(b"sip:j\xfcrgen@contoso.test")
    (tmp_path / "code").write_text("sip:a@contoso.test\nsip:*@contoso.test", encoding="utf-8")
    for name, said in (("none", "cannot be read"), ("pipe", "is no file"), ("latin", "UTF-8"), ("code", "line 2"), (".", "cannot be read|is no file")):
        with pytest.raises(InvalidInput, match=said):
            addresses_in(str(tmp_path / name))


RULES: list[dict[str, Any]] = [
    {"pool": "a.test.test", "sip_domains": ["a.test"]},
    {"pool": "b.test.test", "organizational_units": [STAFF], "share": 50},
    {"pool": "c.test.test", "source_pools": [OLD], "share": 50},
]


@given(st.lists(st.tuples(st.sampled_from(["a.test", "b.test"]), st.sampled_from([OLD, NEW]), st.booleans()), max_size=30))
def test_everybody_goes_to_one_pool_the_same_each_time(people: list[tuple[str, str, bool]]) -> None:
    partition = Partition.of(RULES, NEW)
    for number, (domain, pool, staff) in enumerate(people):
        row = user(number, pool, SipAddress=f"sip:u{number}@{domain}", Identity=f"CN=x,{STAFF if staff else 'DC=contoso,DC=test'}")
        chosen = partition.pool(row)
        assert chosen == Partition.of(RULES, NEW).pool(dict(row)) and chosen in partition.pools
        takes = [rule.pool for rule in partition.rules if rule.takes(row)]
        assert chosen == (takes[0] if takes else NEW) and (domain != "a.test" or chosen == "a.test.test")


def test_shares_are_about_what_they_say() -> None:
    numbers = [drawn("a.test", f"sip:user{n}@contoso.test") for n in range(2000)]
    assert 900 < sum(one < 50 for one in numbers) < 1100 and 140 < sum(one < 10 for one in numbers) < 260


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ([{"pool": "x"}], "rule 1: pool"), ([{"pool": "a.test.test", "share": 0}], "1 to 100"), ([{"pool": "a.test.test", "share": 101}], "1 to 100"),
        ([{"pool": "a.test.test"}, {"pool": "b.test.test"}], "put it last"), ([{"pool": "a.test.test", "sip_domains": []}], "rule 1: sip_domains"),
    ],
)  # fmt: skip
def test_rules_that_cannot_be_meant(rules: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        Partition.of(rules, NEW)
