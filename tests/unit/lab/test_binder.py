# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The binder against calls that a real PowerShell answered, and the rules behind them."""

from __future__ import annotations

import datetime as dt
import io
import json
import lzma
import uuid
from pathlib import Path

import pytest
from ansible_collections.lync.xmpp_migration.lab.powershell import binder, signatures
from ansible_collections.lync.xmpp_migration.lab.powershell.binder import BindError, Edition, bind
from ansible_collections.lync.xmpp_migration.lab.powershell.conversion import ListModifier
from ansible_collections.lync.xmpp_migration.lab.powershell.values import Credential, Enum, SecureString, Switch
from hypothesis import given, settings
from hypothesis import strategies as st

LYNC_2013 = Edition("L13", "3.0", "6.2")
CASES = Path(__file__).parents[2] / "data" / "binder_cases.ndjson.xz"


def refused(cmdlet: str, parameters: dict, edition: Edition = LYNC_2013, culture: str = "en-US") -> str:
    with pytest.raises(BindError) as caught:
        bind(cmdlet, parameters, edition, culture)
    return caught.value.id


def test_every_measured_call_agrees() -> None:
    cases = [json.loads(line) for line in lzma.open(CASES, "rt", encoding="utf-8")]
    assert len(cases) == 4436
    lines = io.StringIO()
    questions = "".join(json.dumps({"cmdlet": c["cmdlet"], "parameters": c["parameters"]}) + "\n" for c in cases)
    assert binder.main(io.StringIO(questions), lines) == 0
    answers = [json.loads(line) for line in lines.getvalue().splitlines()]
    differences = []
    for case, answer in zip(cases, answers, strict=True):
        if "bound" in answer:
            answer["bound"] = {name: answer["bound"].get(name) for name in case.get("bound", {})}
        wanted = {key: case[key] for key in ("set", "error", "category", "exception") if key in case}
        if "set" in wanted:
            wanted["bound"] = case.get("bound", {})
        if wanted != answer:
            differences.append((case, answer))
    assert differences == []


def test_typed_values_reach_the_handler() -> None:
    bound = bind(
        "New-CsXmppAllowedPartner",
        {
            "domain": "fabrikam.test",
            "TlsNeg": "required",
            "EnableKeepAlive": 0,
            "AdditionalDomains": ["a.test", "b.test"],
            "Confirm": False,
            "ConnectionLimit": "0x10",
        },
        LYNC_2013,
    )
    assert bound.set == 1
    assert bound.parameters == {
        "Domain": "fabrikam.test",
        "TlsNegotiation": "Required",
        "EnableKeepAlive": False,
        "AdditionalDomains": {"Replace": ["a.test", "b.test"]},
        "Confirm": False,
        "ConnectionLimit": 16,
    }
    assert isinstance(bound.parameters["TlsNegotiation"], Enum)
    assert isinstance(bound.parameters["Confirm"], Switch)
    assert list(bound.parameters)[:3] == ["Domain", "TlsNegotiation", "EnableKeepAlive"]


@pytest.mark.parametrize(
    ("modifier", "after"),
    [
        (ListModifier(), ["a.test", "b.test"]),
        (ListModifier(Add=["C.test", "A.TEST"]), ["a.test", "b.test", "C.test"]),
        (ListModifier(Remove=["B.test"]), ["a.test"]),
        (ListModifier(Add=["c.test"], Remove=["a.test"]), ["b.test", "c.test"]),
        (ListModifier(Replace=["x.test"]), ["x.test"]),
    ],
)
def test_list_modifier_changes_a_list(modifier: ListModifier, after: list) -> None:
    assert modifier.apply(["a.test", "b.test"]) == after


class TestNames:
    def test_alias_of_a_later_page(self) -> None:
        assert (
            "OutLoggerVariable"
            in bind(
                "Test-CsXmppIM", {"t": "pool.contoso.test", "Receiver": "sip:a@b.test", "olv": "x"}, LYNC_2013
            ).parameters
        )

    def test_ambiguous_beginning_names_the_candidates(self) -> None:
        with pytest.raises(BindError) as caught:
            bind("New-CsXmppAllowedPartner", {"D": "x"}, LYNC_2013)
        assert caught.value.id == "AmbiguousParameter"
        assert "-Domain" in caught.value.message
        assert "-Description" in caught.value.message

    def test_own_parameter_wins_over_a_common_one(self) -> None:
        parameters = {"TargetFqdn": "x", "Receiver": "y", "OutV": "z"}  # -OutVariable is a common one
        assert bind("Test-CsXmppIM", parameters, LYNC_2013).parameters["OutVerboseVariable"] == "z"

    def test_bound_twice_under_two_names(self) -> None:
        assert refused("Get-CsSite", {"Identity": "Redmond", "Ident": "Redmond"}) == "ParameterAlreadyBound"

    def test_names_are_found_whatever_their_case(self) -> None:
        assert list(bind("get-cssite", {"IDENTITY": "Redmond"}, LYNC_2013).parameters) == ["Identity"]


class TestOrderOfErrors:
    def test_conversion_comes_before_unknown_names(self) -> None:
        parameters = {"NoSuch": 1, "Identity": "x", "ConnectionLimit": -1}
        assert refused("New-CsXmppAllowedPartner", parameters) == "CannotConvertArgumentNoMessage"

    def test_two_sets_come_before_unknown_names(self) -> None:
        assert (
            refused("New-CsXmppAllowedPartner", {"NoSuch": 1, "Identity": "x", "Domain": "x"})
            == "AmbiguousParameterSet"
        )

    def test_unknown_names_come_before_missing_ones(self) -> None:
        assert refused("New-CsXmppAllowedPartner", {"NoSuch": 1}) == "NamedParameterNotFound"


class TestEditions:
    def test_lync_2010_knows_no_xmpp(self) -> None:
        lync_2010 = Edition("L10", "2.0", "6.1")
        assert refused("Get-CsXmppAllowedPartner", {}, lync_2010) == "CommandNotFoundException"
        assert (
            refused("Set-CsSite", {"Identity": "x", "XmppFederationRoute": "x"}, lync_2010) == "NamedParameterNotFound"
        )
        assert bind("Set-CsSite", {"Identity": "x", "FederationRoute": "x"}, lync_2010).set == 1

    def test_2010_moves_users_one_by_one(self) -> None:
        assert refused("Move-CsUser", {"UserList": "x", "Target": "y"}, Edition("L10", "2.0", "6.1")) == (
            "NamedParameterNotFound"
        )
        assert bind("Move-CsUser", {"UserList": "x", "Target": "y"}, Edition("S19", "5.1", "10.0")).set == 2

    def test_host_without_lync_tools(self) -> None:
        assert refused("Get-CsSite", {}, Edition(None)) == "CommandNotFoundException"
        assert bind("Get-Date", {}, Edition(None)).set == 1

    @pytest.mark.parametrize(
        ("cmdlet", "parameters", "edition", "there"),
        [
            ("ConvertTo-Json", {"InputObject": 1}, Edition("L10", "2.0", "6.1"), False),
            ("ConvertTo-Json", {"InputObject": 1}, Edition("L10", "3.0", "6.1"), True),
            ("Get-NetTCPConnection", {}, Edition("L10", "3.0", "6.1"), False),
            ("Get-NetTCPConnection", {}, Edition("L13", "3.0", "6.2"), True),
            ("Add-WindowsFeature", {"Name": "x"}, Edition("L10", "3.0", "6.1"), True),
            ("Install-WindowsFeature", {"Name": "x"}, Edition("L10", "3.0", "6.1"), False),
            ("Install-WindowsFeature", {"Name": "x"}, Edition("L13", "3.0", "6.2"), True),
            ("Install-WindowsFeature", {"Name": "x"}, Edition("S19", "5.1", "10.0"), True),
            ("Get-FileHash", {"LiteralPath": "x"}, Edition("L13", "3.0", "6.2"), False),
            ("Get-FileHash", {"LiteralPath": "x"}, Edition("L13", "4.0", "6.3"), True),
        ],
    )
    def test_windows_cmdlets_by_windows_and_powershell(
        self, cmdlet: str, parameters: dict, edition: Edition, there: bool
    ) -> None:
        if there:
            assert set(bind(cmdlet, parameters, edition).parameters) == set(parameters)
        else:
            assert refused(cmdlet, parameters, edition) == "CommandNotFoundException"

    def test_an_edition_that_nobody_has(self) -> None:
        with pytest.raises(ValueError, match="L12"):
            Edition("L12")
        with pytest.raises(ValueError, match="Windows"):
            Edition("L13", "3.0", "5.2")


class TestConversion:
    @pytest.mark.parametrize(
        ("text", "culture", "day"),
        [
            ("02/03/2013", "en-US", (2013, 2, 3)),
            ("02/03/2013", "en-GB", (2013, 3, 2)),
            ("22.02.2013", "de-DE", (2013, 2, 22)),
            ("22.02.2013", "en-US", None),
            ("02/22/2013", "de-DE", None),
            ("2013/02/22", "ja-JP", (2013, 2, 22)),
            ("2013-02-22", "de-DE", (2013, 2, 22)),
            ("2013-02-22", "ja-JP", (2013, 2, 22)),
            ("2013-02-30", "en-US", None),
        ],
    )
    def test_dates_are_read_in_the_servers_culture(self, text: str, culture: str, day: tuple | None) -> None:
        parameters = {"Identity": "x", "Path": "x", "Type": "Default", "EffectiveDate": text}
        if day is None:
            assert refused("Set-CsCertificate", parameters, culture=culture) == "CannotConvertArgumentNoMessage"
        else:
            date = bind("Set-CsCertificate", parameters, LYNC_2013, culture).parameters["EffectiveDate"]
            assert (date.year, date.month, date.day) == day

    def test_a_number_is_ticks_and_a_text_days(self) -> None:
        bound = bind("New-CsRgsTimeRange", {"OpenTime": 300, "CloseTime": "300"}, LYNC_2013)
        assert bound.parameters == {"OpenTime": dt.timedelta(microseconds=30), "CloseTime": dt.timedelta(days=300)}

    def test_tagged_values(self) -> None:
        bound = bind(
            "Move-CsUser",
            {"Identity": "sip:a@b.test", "Target": "pool.b.test", "Credential": Credential("b\\c", "CANARY")},
            LYNC_2013,
        )
        assert isinstance(bound.parameters["Credential"], Credential)
        assert bind("Import-CsConfiguration", {"ByteInput": b"\x01"}, LYNC_2013).parameters["ByteInput"] == b"\x01"

    def test_a_secret_text_for_a_credential_is_not_repeated(self) -> None:
        with pytest.raises(BindError) as caught:
            bind("Move-CsUser", {"Identity": "x", "Target": "y", "Credential": "CANARY-1"}, LYNC_2013)
        assert caught.value.id == "CannotConvertArgumentNoMessage"
        assert "CANARY" not in caught.value.message

    def test_a_secure_text_for_a_plain_one_becomes_its_types_name(self) -> None:
        bound = bind("Import-CsCertificate", {"Path": "x", "Password": SecureString("CANARY")}, LYNC_2013)
        assert bound.parameters["Password"] == "System.Security.SecureString"

    def test_one_certificate_use_or_many(self) -> None:
        def uses(value: object) -> list:
            return bind("Get-CsCertificate", {"Type": value}, LYNC_2013).parameters["Type"]

        assert uses("xmppserver") == ["XMPPServer"]
        assert uses(["Default", "WebServicesI"]) == ["Default", "WebServicesInternal"]

    def test_identities_are_one_value(self) -> None:
        assert refused("Get-CsUser", {"Identity": ["a", "b"]}) == "CannotConvertArgument"

    def test_guid(self) -> None:
        text = "6f9619ff-8b86-d011-b42d-00c04fc964ff"
        for form in (text, text.replace("-", ""), "{" + text + "}", f" ({text.upper()}) "):
            bound = bind("Get-CsHostedVoicemailPolicy", {"Identity": "x", "Tenant": form}, LYNC_2013)
            assert bound.parameters["Tenant"] == uuid.UUID(text)


class TestDefaultSet:
    def test_a_set_that_would_swallow_anothers_calls_is_none(self) -> None:
        assert signatures.default_set([(["A", "B"], []), (["A"], [])]) == 1

    def test_the_first_listed_where_all_can_be_reached(self) -> None:
        assert signatures.default_set([(["Domain"], []), (["Identity"], [])]) == 0

    def test_calling_with_nothing_must_be_possible(self) -> None:
        assert signatures.default_set([(["Fqdn", "Force"], []), ([], ["Restore"])]) == 1

    def test_an_instance_is_always_given(self) -> None:
        assert signatures.default_set([(["Identity"], ["Enabled"]), ([], ["Instance"])]) == 0

    def test_the_set_that_microsofts_examples_use(self) -> None:
        assert bind("Test-CsXmppIM", {"TargetFqdn": "x", "Receiver": "y"}, LYNC_2013).set == 2


def test_the_program_answers_each_line_and_survives_bad_ones() -> None:
    lines = [
        {"cmdlet": "Get-CsSite", "parameters": {"Identity": "Redmond"}},
        {"cmdlet": "Get-CsXmppAllowedPartner", "edition": "L10"},
        {"cmdlet": "Get-NetTCPConnection", "edition": {"lync": "L10", "powershell": "3.0", "windows": "6.1"}},
        {"cmdlet": "Get-CsSite", "edition": "L99"},
        {"cmdlet": 5},
        {
            "cmdlet": "Move-CsUser",
            "parameters": {"Identity": "x", "Target": "y", "Credential": {"$": "secret", "user": "u"}},
        },
        {"cmdlet": "Set-CsSite", "parameters": {"Description": {"$": "text", "parts": ["2013-", "02-22"]}}},
    ]
    out = io.StringIO()
    binder.main(io.StringIO("\n\n".join(map(json.dumps, lines)) + "\nnot json\n[]\n"), out)
    answers = [json.loads(line) for line in out.getvalue().splitlines()]
    assert len(answers) == len(lines) + 2
    assert answers[0] == {"set": 1, "bound": {"Identity": ["XdsGlobalRelativeIdentity", "Redmond"]}}
    assert [answer.get("error") for answer in answers[1:]] == [
        "CommandNotFoundException",
        "CommandNotFoundException",
        "InvalidInput",
        "InvalidInput",
        None,
        None,
        "InvalidInput",
        "InvalidInput",
    ]
    assert answers[6]["bound"] == {"Description": ["String", "2013-02-22"]}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=4,
)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_any_value_is_bound_or_refused_in_powershells_way(data: st.DataObject) -> None:
    known = signatures.signature(data.draw(st.sampled_from(signatures.cmdlets(LYNC_2013))), LYNC_2013)
    assert known is not None
    names = st.sampled_from(sorted(parameter.name for parameter in known.parameters.values()))
    parameters = data.draw(st.dictionaries(names, JSON, max_size=4))
    try:
        bound = bind(known.cmdlet, parameters, LYNC_2013)
    except BindError as error:
        assert error.category in ("InvalidArgument", "InvalidData", "WriteError")
    else:
        assert set(bound.parameters) == set(parameters)
        json.dumps(bound.shown())
