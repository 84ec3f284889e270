# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Get-CsUser, Get-CsUserPoolInfo and Move-CsUser of the lab."""

from __future__ import annotations

import time
import tracemalloc
import typing

import pytest
from ansible_collections.lync.xmpp_migration.lab.cmdlets import Call
from ansible_collections.lync.xmpp_migration.lab.cmdlets.users import get_user
from ansible_collections.lync.xmpp_migration.lab.organisation.directory import escape_rdn
from ansible_collections.lync.xmpp_migration.lab.organisation.filters import FilterError, ldap, opath
from ansible_collections.lync.xmpp_migration.tests.unit.lab.worlds import MIDWAY, Host, midway, world, world_of

OLD, NEW = "pool2010.contoso.test", "pool2013.contoso.test"


def sips(host: Host, **parameters: object) -> list[str]:
    return [row[0].partition(":")[2].partition("@")[0] for row in host.call("Get-CsUser", ["SipAddress"], **parameters).ok()]


class TestReading:
    def test_properties_have_both_text_and_friendly_name(self) -> None:
        host = Host(world(), "fe.contoso.test")
        wanted = ["RegistrarPool", "RegistrarPool.FriendlyName", "ExternalAccessPolicy", "HostingProvider", "Enabled"]
        assert host.call("Get-CsUser", wanted, Identity="sip:user001@contoso.test").ok() == [
            ["fe.contoso.test", "fe.contoso.test", "XmppUsers", "SRV:", True]
        ]
        assert host.call("Get-CsUser", ["ExternalAccessPolicy"], Identity="sip:ken@contoso.test").ok() == [[None]]

    def test_identity_forms(self) -> None:
        host = Host(world(), "fe.contoso.test")
        guid, dn = host.call("Get-CsUser", ["Guid", "Identity"], Identity="sip:user002@contoso.test").ok()[0]
        for identity in (guid, dn, "SIP:USER002@CONTOSO.TEST", "user002@contoso.test", r"CONTOSO\user002", "Анна Иванова"):
            assert sips(host, Identity=identity) == ["user002"], identity

    def test_display_name_may_fit_several_and_have_wildcards(self) -> None:
        host = Host(world(), "fe.contoso.test")
        assert sips(host, Identity="Ken Myer") == ["user001", "ken"]
        assert sips(host, Identity="* Myer") == ["user001", "ken"]
        assert sips(host, Identity="*nobody*") == []

    def test_sam_name_alone_is_no_identity(self) -> None:
        assert Host(world(), "fe.contoso.test").call("Get-CsUser", Identity="user001").ids == ["Identity"]

    def test_unknown_user_is_an_error_of_its_own(self) -> None:
        answer = Host(world(), "fe.contoso.test").call("Get-CsUser", Identity="sip:ghost@contoso.test")
        assert answer.errors[0]["id"] == "Identity,Microsoft.Rtc.Management.AD.Cmdlets.GetOcsUserCmdlet"
        assert answer.errors[0]["target"] == "sip:ghost@contoso.test"

    @pytest.mark.parametrize("language", ["de", "ja"])
    def test_texts_change_with_the_language_and_ids_do_not(self, language: str) -> None:
        english = Host(world(), "fe.contoso.test").call("Get-CsUser", Identity="sip:ghost@contoso.test")
        other = Host(world(language=language), "fe.contoso.test").call("Get-CsUser", Identity="sip:ghost@contoso.test")
        assert english.ids == other.ids
        assert english.errors[0]["exceptions"][0]["message"] != other.errors[0]["exceptions"][0]["message"]

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ('RegistrarPool -eq "fe.contoso.test"', 5),
            ("RegistrarPool -ne 'FE.contoso.test'", 0),
            ('{SipAddress -like "sip:user*" -and Enabled -eq $True}', 4),
            ('-not (SipAddress -like "*user*")', 1),
            ("ExternalAccessPolicy -eq $Null", 1),
            ("ExternalAccessPolicy -ne $Null -or DisplayName -eq 'Ken Myer'", 5),
            ("(DisplayName -eq 'Ken Myer') -and (ExternalAccessPolicy -eq $Null)", 1),
            ('Enabled -eq "false"', 0),
            ('WhenChanged -gt "2026-11-21T07:00:00"', 5),
        ],
    )
    def test_filter(self, text: str, expected: int) -> None:
        assert len(sips(Host(world(), "fe.contoso.test"), Filter=text)) == expected

    @pytest.mark.parametrize("text", ["Nonsense -eq 1", "Enabled -is True", "(Enabled -eq True", "Enabled", "-and", "a b c"])
    def test_wrong_filter(self, text: str) -> None:
        assert Host(world(), "fe.contoso.test").call("Get-CsUser", Filter=text).ids == ["ProcessingFailed"]

    def test_other_selections(self) -> None:
        host = Host(world("lync2010"), OLD)
        assert host.session.computer.powershell == "2.0"  # which cannot run the script, so another host is asked
        host = Host(world("lync2010"), NEW)
        assert len(sips(host, OnLyncServer=True)) == 199
        assert sips(host, OnOfficeCommunicationServer=True) == []
        assert sips(host, UnassignedUser=True) == ["cloud001"]
        assert len(sips(host, ResultSize=7)) == 7
        assert sips(host, ResultSize=0) == []
        assert len(sips(host, OU="OU=Staff,DC=contoso,DC=test")) == 200
        assert sips(host, OU="OU=Nobody,DC=contoso,DC=test") == []
        assert sips(host, LdapFilter="(&(msRTCSIP-PrimaryUserAddress=sip:user00*)(!(sAMAccountName=user003)))") == [
            f"user00{n}" for n in (1, 2, 4, 5, 6, 7, 8, 9)
        ]

    def test_edge_has_no_directory(self) -> None:
        assert Host(world(), "edge.contoso.test").call("Get-CsUser").ids == ["ProcessingFailed"]

    def test_host_without_the_tools_has_no_such_cmdlet(self) -> None:
        assert Host(world("bare"), "plain.contoso.test").call("Get-CsUser").ids == ["CommandNotFoundException"]

    def test_pool_info(self) -> None:
        host = Host(world("lync2010"), NEW)
        wanted = ["PrimaryPoolFqdn", "PrimaryPoolPrimaryRegistrar"]
        assert host.call("Get-CsUserPoolInfo", wanted, Identity="sip:user001@contoso.test").ok() == [
            [OLD, f"Registrar:{OLD}"]
        ]
        assert host.call("Get-CsUserPoolInfo", Identity="sip:cloud001@contoso.test").ids == ["ProcessingFailed"]


class TestMoving:
    def test_move_and_no_prompt(self) -> None:
        w = midway()
        host = Host(w, NEW)
        assert host.call("Move-CsUser", Identity="sip:user001@contoso.test", Target=NEW).ids == ["InvalidOperation"]
        assert w.ad.users[0].registrar_pool == OLD
        host.call("Move-CsUser", Identity="sip:user001@contoso.test", Target=NEW, Confirm=False).ok()
        assert w.ad.users[0].registrar_pool == NEW
        assert w.ad.unmoved([NEW]) == 3

    def test_what_if_moves_nobody(self) -> None:
        w = midway()
        Host(w, NEW).call("Move-CsUser", Identity="sip:user001@contoso.test", Target=NEW, WhatIf=True).ok()
        assert w.ad.users[0].registrar_pool == OLD

    def test_unknown_target(self) -> None:
        host = Host(midway(), NEW)
        for target in ("nowhere.contoso.test", "edge2013.contoso.test"):
            answer = host.call("Move-CsUser", Identity="sip:user001@contoso.test", Target=target, Confirm=False)
            assert answer.ids == ["MoveError"]

    def test_pool_that_does_not_serve_takes_nobody(self) -> None:
        w = midway()
        w.computers[NEW].windows_services["RTCSRV"].status = "Stopped"
        answer = Host(w, NEW).call("Move-CsUser", Identity="sip:user001@contoso.test", Target=NEW, Confirm=False)
        assert answer.errors[0]["id"] == "MoveError,Microsoft.Rtc.Management.AD.Cmdlets.MoveOcsUserCmdlet"

    def test_name_that_fits_several_moves_all_unless_the_switch_says_otherwise(self) -> None:
        people = """  - {sip: "sip:a@contoso.test", display_name: Same Name, pool: pool2010.contoso.test}
  - {sip: "sip:b@contoso.test", display_name: Same Name, pool: pool2010.contoso.test}
policies:"""
        text = MIDWAY.replace("policies:", people, 1)
        w = world_of(text)
        Host(w, NEW).call("Move-CsUser", Identity="Same Name", Target=NEW, Confirm=False).ok()
        assert w.ad.homed[NEW] == 2
        w = world_of(text + "unknowns: {move_matches_several: refused}")
        answer = Host(w, NEW).call("Move-CsUser", Identity="Same Name", Target=NEW, Confirm=False)
        assert answer.ids == ["ProcessingFailed"] and w.ad.homed[NEW] == 0

    def test_oddities(self) -> None:
        people = """  - {sip: "sip:bad@contoso.test", pool: pool2010.contoso.test, oddities: {move_error: the disk is full}}
  - {sip: "sip:later@contoso.test", pool: pool2010.contoso.test, oddities: {move_error: try again, move_error_times: 1}}
  - {sip: "sip:stuck@contoso.test", pool: pool2010.contoso.test, oddities: {stuck: true}}
  - {sip: "sip:slow@contoso.test", pool: pool2010.contoso.test, oddities: {move_lag: 30}}
  - {sip: "sip:boss@contoso.test", pool: pool2010.contoso.test, oddities: {protected: true}}
  - {sip: "sip:cloud@contoso.test", hosting_provider: sipfed.online.lync.com}
  - {sip: "sip:ocs@contoso.test", home_server: "CN=Lc Services,CN=Microsoft,CN=ocs"}
policies:"""
        w = world_of(MIDWAY.replace("policies:", people, 1))
        host = Host(w, NEW)

        def move(name: str) -> list[str]:
            return host.call("Move-CsUser", Identity=f"sip:{name}@contoso.test", Target=NEW, Confirm=False).ids

        def pools(name: str) -> list[str | None]:
            row = host.call("Get-CsUser", ["RegistrarPool", "TargetRegistrarPool"], Identity=f"sip:{name}@contoso.test")
            return row.ok()[0]

        assert move("bad") == ["MoveError"] and move("bad") == ["MoveError"] and pools("bad") == [OLD, None]
        assert move("later") == ["MoveError"] and move("later") == [] and pools("later") == [NEW, None]
        assert move("stuck") == ["MoveError"] and pools("stuck") == [OLD, NEW]
        assert move("stuck") == [] and pools("stuck") == [NEW, None]
        assert move("slow") == [] and pools("slow") == [OLD, NEW]
        w.clock.advance(31)
        assert pools("slow") == [NEW, None]
        assert move("boss") == ["ProcessingFailed"]
        assert move("cloud") == ["MoveError"] and move("ocs") == ["MoveError"]
        assert sips(host, OnOfficeCommunicationServer=True) == ["ocs"]

    def test_one_bad_user_does_not_hide_the_others(self) -> None:
        w = midway()
        calls = [
            {"cmdlet": "Move-CsUser", "parameters": {"Identity": f"sip:{n}@contoso.test", "Target": NEW, "Confirm": False}}
            for n in ("user001", "ghost", "user002")
        ]
        assert [a.ids for a in Host(w, NEW).calls(calls)] == [[], ["Identity"], []]
        assert w.ad.homed[NEW] == 2


def listing(count: int) -> tuple[int, float]:
    """Users listed with two of their properties, and the seconds it took."""
    w = world("lync2010", users=count)
    call = Call("Get-CsUser", {}, 1, w, w.computers[NEW], "admin")
    before = time.process_time()
    listed = sum(1 for user in get_user(call) if user["SipAddress"] and user["RegistrarPool"] is not user["Guid"])
    return listed, time.process_time() - before


def test_a_hundred_thousand_users_stream_quickly() -> None:
    count, seconds = listing(100_000)
    assert count == 100_000 and seconds < 5, seconds


def test_a_listing_needs_no_memory_to_speak_of() -> None:
    w = world("lync2010", users=20_000)
    call = Call("Get-CsUser", {}, 1, w, w.computers[NEW], "admin")
    tracemalloc.start()
    assert sum(1 for user in get_user(call) if user["SipAddress"]) == 20_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000, peak


class TestFilters:
    PROPERTIES: typing.ClassVar = {"a": "A", "b": "B"}

    @pytest.mark.parametrize(
        ("text", "row", "expected"),
        [
            ("A -eq 'x' -or A -eq 'y' -and B -eq 'z'", {"A": "x", "B": ""}, True),  # -and binds closer
            ("(A -eq 'x' -or A -eq 'y') -and B -eq 'z'", {"A": "x", "B": ""}, False),
            ("A -like '*[x]*'", {"A": "a[X]b", "B": None}, True),
            ('A -eq "say ""hi"""', {"A": 'say "hi"'}, True),
            ("A -notlike 'x*'", {"A": None}, True),
            ("A -gt 5", {"A": None}, False),
        ],
    )
    def test_opath(self, text: str, row: dict[str, object], expected: bool) -> None:
        assert opath(text, self.PROPERTIES)(row.get) is expected

    @pytest.mark.parametrize("text", ["(" * 80 + "A -eq 1" + ")" * 80, "A -eq", "A 'x'", "A -eq 'x' B"])
    def test_opath_refuses(self, text: str) -> None:
        with pytest.raises(FilterError):
            opath(text, self.PROPERTIES)

    def test_ldap(self) -> None:
        assert ldap(r"(a=\28x\29)", self.PROPERTIES)({"A": "(X)"}.get)
        assert ldap("(|(a=1)(b=*))", self.PROPERTIES)({"B": "q"}.get)
        assert not ldap("(!(b=*))", self.PROPERTIES)({"B": "q"}.get)
        for text in ("a=1", "(a=1", "(&)", "(c=1)", "(a>=1)", "(a=1)x", "(" * 90):
            with pytest.raises(FilterError):
                ldap(text, self.PROPERTIES)


@pytest.mark.parametrize(
    ("name", "expected"), [("Myer, Ken", r"Myer\, Ken"), (" x ", r"\ x\ "), ("#1", r"\#1"), ('a"b', r"a\"b")]
)
def test_escape_rdn(name: str, expected: str) -> None:
    assert escape_rdn(name) == expected


def test_skype_for_business_hosts_have_the_cmdlets_under_their_own_module() -> None:
    w = world_of(MIDWAY.replace("{fqdn: pool2013.contoso.test, version: 6", "{fqdn: pool2013.contoso.test, version: 8"))
    assert w.computers[NEW].modules == {"SkypeForBusiness": "S19"}
    assert len(sips(Host(w, NEW))) == 4
