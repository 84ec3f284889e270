# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._settings import names
from hypothesis import example, given
from hypothesis import strategies as st

HOSTILE = [
    "*", "pool*.contoso.com", "po?l.contoso.com", "[p]ool.contoso.com", "o'x' -or 'a' -eq 'a", "*)(objectClass=*",
    "$(calc).contoso.com", "contoso.com\n", "contoso.com\x00", "\ncontoso.com", 'a"b.contoso.com', "a`b.contoso.com",
    "{{ lookup('pipe', 'touch X') }}", "contoso.com; Remove-Item C:\\", "\u2018a.contoso.com", "", " contoso.com",
    "con\u202etoso.com", None, 5, ["contoso.com"], True,
]  # fmt: skip
ALL = [names.fqdn, names.domain, names.sip_uri, names.site_name, names.policy_identity, names.dn, names.address,
       names.thumbprint, names.windows_path]  # fmt: skip


@pytest.mark.parametrize("function", ALL, ids=lambda f: f.__name__)
@pytest.mark.parametrize("value", HOSTILE, ids=repr)
def test_what_reads_as_a_pattern_or_as_code_is_refused_with_a_sentence(function, value):
    with pytest.raises(names.BadName) as caught:
        function(value)
    text = str(caught.value)
    assert "is wanted, but" in text and text.endswith(".") and "\n" not in text and "\x00" not in text


@pytest.mark.parametrize(
    "value, expected",
    [
        ("Pool2013.Contoso.TEST", "pool2013.contoso.test"),
        ("a.b", "a.b"),
        ("x-1.contoso.test", "x-1.contoso.test"),
        ("a" * 63 + ".test", "a" * 63 + ".test"),
    ],
)
def test_fqdn(value, expected):
    assert names.fqdn(value) == expected


@pytest.mark.parametrize(
    "value, word",
    [
        ("pool", "no dot"),
        ("pool.contoso.test.", "ends with a dot"),
        ("10.0.0.1", "IP address"),
        ("fe80::1", "IP address"),
        ("-a.test", "hyphen"),
        ("a..test", "hyphen"),
        ("a_b.test", "letters, digits"),
        ("a" * 64 + ".test", "1 to 63"),
        ("pöol.contoso.test", "outside ASCII"),
        ("a.1", "ends with a number"),
    ],
)
def test_fqdn_says_what_is_wrong(value, word):
    with pytest.raises(names.BadName, match=word):
        names.fqdn(value)


@pytest.mark.parametrize(
    "value, expected",
    [
        ("Contoso.Test", "contoso.test"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
    ],
)
def test_domain_is_returned_as_it_stands_in_dns(value, expected):
    assert names.domain(value) == expected


@pytest.mark.parametrize(
    "value", ["xn--a.example", "xn--zzzzzzzz99999.example", "a\u200db.example", "-ü.example", "contoso"]
)
def test_what_only_looks_like_a_domain_is_refused(value):
    with pytest.raises(names.BadName):
        names.domain(value)


def test_without_idna_a_domain_outside_ascii_is_refused_by_name(monkeypatch):
    monkeypatch.setattr(names, "idna", None)
    assert names.domain("contoso.test") == "contoso.test"
    with pytest.raises(names.BadName, match="install idna"):
        names.domain("bücher.example")


@pytest.mark.parametrize(
    "value, expected",
    [
        ("sip:user001@contoso.test", "sip:user001@contoso.test"),
        ("SIP:User001@Contoso.Test", "sip:User001@contoso.test"),
        ("sip:sean.o'brien@contoso.test", "sip:sean.o'brien@contoso.test"),
        ("sip:a@bücher.example", "sip:a@xn--bcher-kva.example"),
    ],
)
def test_sip_uri(value, expected):
    assert names.sip_uri(value) == expected


@pytest.mark.parametrize(
    "value",
    ["user001@contoso.test", "sip:contoso.test", "sip:@contoso.test", "sip:a b@contoso.test", "sip:a@b@c.test", "sip:'a@contoso.test",
     "sip:a''b@contoso.test", "sip:a@contoso", "sip:a;b@contoso.test", "sips:a@contoso.test"]
)  # fmt: skip
def test_what_is_no_sip_address_is_refused(value):
    with pytest.raises(names.BadName):
        names.sip_uri(value)


def test_site_and_policy_identities():
    assert names.site_name("Redmond") == names.site_name("Site:Redmond") == "Redmond"
    assert names.policy_identity("GLOBAL") == "Global"
    assert names.policy_identity("Site:North America") == "site:North America"
    assert names.policy_identity("XmppUsers") == names.policy_identity("Tag:XmppUsers") == "tag:XmppUsers"
    assert [names.policy_parameter(i) for i in ("Global", "site:Redmond", "tag:XmppUsers")] == [
        "Global",
        "site:Redmond",
        "XmppUsers",
    ]
    for bad in ("Global:x", "tag:", "tag:a:b", "site:Global", "user:x"):
        with pytest.raises(names.BadName):
            names.policy_identity(bad)
    for bad in ("Global", "Service:Redmond", "a:b"):
        with pytest.raises(names.BadName):
            names.site_name(bad)


@pytest.mark.parametrize(
    "value",
    [
        "CN=Ken Myer,OU=Sales,DC=contoso,DC=test",
        "CN=Myer\\, Ken,DC=contoso,DC=test",
        "CN=O'Brien,DC=test",
        "CN=山田 太郎,DC=test",
    ],
)
def test_dn(value):
    assert names.dn(value) == value


@pytest.mark.parametrize("value", ["Ken Myer", "CN=a,b", "CN=", "CN=a,", 'CN="a",DC=test', "CN=a*,DC=test"])
def test_what_is_no_dn_is_refused(value):
    with pytest.raises(names.BadName):
        names.dn(value)


def test_addresses_thumbprints_and_paths():
    assert names.address("10.0.1.40") == "10.0.1.40"
    assert names.address("2001:DB8::0001") == "2001:db8::1"
    assert names.thumbprint("ab" * 20) == "AB" * 20
    assert names.windows_path("C:\\ProgramData\\Lync\\topology.xml") == "C:\\ProgramData\\Lync\\topology.xml"
    for bad in ("10.0.1", "10.0.1.400", "10.0.1.40/24"):
        with pytest.raises(names.BadName):
            names.address(bad)
    for bad in ("file.xml", "\\\\server\\share\\x", "C:\\a\\..\\b", "C:/a", "C:\\a|b", "C:\\a.", "\\\\?\\C:\\a"):
        with pytest.raises(names.BadName):
            names.windows_path(bad)


def test_free_text_keeps_letters_and_refuses_line_ends():
    assert (
        names.free_text("Partner (since 2009) *important* don't remove")
        == "Partner (since 2009) *important* don't remove"
    )
    assert names.free_text("") == ""
    for bad in ("a\nb", "a\x00b", "x $(calc)", "{{ x }}"):
        with pytest.raises(names.BadName):
            names.free_text(bad)


@given(st.text())
@example("\ud800")
def test_every_text_is_taken_whole_or_refused_in_one_sentence(text):
    for function in ALL:
        try:
            result = function(text)
        except names.BadName as exc:
            assert "\n" not in str(exc) and len(str(exc)) < 600
            str(exc).encode("utf-8")
        else:
            assert names.forbidden(result, quotes=False) is None


def test_distinct_ignores_case():
    assert names.distinct(["A.test", "b.test", "a.TEST"]) == ["A.test", "b.test"]
