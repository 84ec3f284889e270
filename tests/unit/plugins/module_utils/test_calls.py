# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls as values: what goes to the server, what is stored, and what can be neither."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine import calls
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import (
    UNKNOWN,
    Bytes,
    Change,
    Cmdlet,
    Date,
    Effect,
    Evidence,
    Executable,
    HashFile,
    Irreversible,
    Query,
    ReadSlice,
    Result,
    Secret,
    Span,
    Text,
    WriteSlice,
    to_wire,
)
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import InvalidRequest
from hypothesis import given
from hypothesis import strategies as st

CANARY = "CANARY-7Zq"


def wire(value: Any) -> Any:
    return to_wire(Cmdlet("Set-CsThing", {"Value": value}))["parameters"]["Value"]


# --- the wire


def test_a_cmdlet_on_the_wire() -> None:
    call = Cmdlet("Get-CsUser", {"Identity": "x", "Confirm": False}, ("SipAddress", "A.B", "."), True, True)
    assert to_wire(call) == {
        "cmdlet": "Get-CsUser",
        "parameters": {"Identity": "x", "Confirm": False},
        "properties": ["SipAddress", "A.B", "."],
        "keep": True,
        "stop_on_error": True,
    }


def test_without_properties_nothing_is_asked_back() -> None:
    assert "properties" not in to_wire(Cmdlet("Get-CsUser"))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, True),
        (7, 7),
        (1.5, 1.5),
        ("text", "text"),
        (["a", 1], ["a", 1]),
        ({"Replace": ["a"]}, {"Replace": ["a"]}),
        (Span(timedelta(minutes=5)), {"$": "span", "ticks": 3_000_000_000}),
        (Date(datetime(2013, 2, 22, tzinfo=UTC)), {"$": "date", "ticks": 634970880000000000}),
        (Bytes(bytes(range(5))), {"$": "bytes", "value": base64.b64encode(bytes(range(5))).decode()}),
        (Secret(CANARY), {"$": "secret", "value": CANARY}),
        (Secret(CANARY, "contoso\\u"), {"$": "secret", "value": CANARY, "user": "contoso\\u"}),
        (Result(0), {"$": "result", "call": 0}),
        (Result(1, 2, {"A": 1}), {"$": "result", "call": 1, "index": 2, "set": {"A": 1}}),
    ],
)
def test_values(value: Any, expected: Any) -> None:
    assert wire(value) == expected


def test_a_date_in_another_zone_is_sent_in_utc() -> None:
    here = datetime(2013, 2, 22, 1, tzinfo=timezone(timedelta(hours=1)))
    assert wire(Date(here))["ticks"] == 634970880000000000
    with pytest.raises(InvalidRequest, match="time zone"):
        wire(Date(datetime(2013, 2, 22)))


@pytest.mark.parametrize("text", ["2013-02-22T22:00:00Z", "2013-02-22", "/Date(1361570400000)/", " 2013-02-22T01:00"])
def test_texts_that_look_like_dates_are_forced_to_stay_texts(text: str) -> None:
    forced = wire(text)
    assert forced["$"] == "text" and "".join(forced["parts"]) == text
    assert not any(re.match(r"\s*\d{4}-\d", part) or part.startswith("/Date(") for part in forced["parts"])
    assert wire(Text("plain"))["$"] == "text"


def test_a_plain_secret_travels_as_text() -> None:
    assert "".join(wire(Secret(CANARY, plain=True))["parts"]) == CANARY


@pytest.mark.parametrize(
    "value",
    [
        None,
        [None],
        {"Add": None},
        UNKNOWN,
        [UNKNOWN],
        float("nan"),
        float("inf"),
        2**63,
        "half \ud83d",
        {"$": "secret"},
        {"": 1},
        {"a": 1, "A": 2},
        {1: 2},
        object(),
        b"raw",
    ],
)
def test_what_has_no_form_on_the_wire(value: Any) -> None:
    with pytest.raises(InvalidRequest):
        wire(value)


@pytest.mark.parametrize("name", ["Get-Date; Get-Date", "Get-Dat*", "echo", "", "get-csuser", "Get-CsUser\n", "& 'x'"])
def test_only_exact_names_of_cmdlets(name: str) -> None:
    with pytest.raises(InvalidRequest):
        to_wire(Cmdlet(name))


@pytest.mark.parametrize("name", ["ErrorAction", "ea", "WarningVariable", "Not Good", "A.B", ""])
def test_parameters_that_the_host_needs_itself(name: str) -> None:
    with pytest.raises(InvalidRequest):
        to_wire(Cmdlet("Get-CsUser", {name: "x"}))


def test_a_result_counts_from_the_first_call_of_its_change() -> None:
    assert to_wire(Cmdlet("Set-X", {"A": Result(0, 0)}), base=3)["parameters"]["A"]["call"] == 3


def test_files_and_programs() -> None:
    assert to_wire(ReadSlice("C:\\a", 5, 10)) == {"file": "C:\\a", "read": {"offset": 5, "length": 10}}
    assert to_wire(WriteSlice("C:\\a", 0, b"x")) == {"file": "C:\\a", "write": {"offset": 0, "bytes": "eA=="}}
    assert to_wire(HashFile("C:\\a")) == {"file": "C:\\a"}
    sent = to_wire(Executable("C:\\b.exe", ("/a b",), directory="C:\\d", seconds=5))
    assert sent == {"executable": "C:\\b.exe", "arguments": '"/a b"', "directory": "C:\\d", "seconds": 5}
    for bad in ("", "C:\\a\nb"):
        with pytest.raises(InvalidRequest):
            to_wire(HashFile(bad))


VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary().map(Bytes), st.just(UNKNOWN),
        st.text().map(Text), st.text().map(Secret),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=4), inner, max_size=4),
        st.dictionaries(st.sampled_from(["Add", "Remove", "$"]), inner, max_size=3),
    ),
    max_leaves=12,
)  # fmt: skip


def holds_null(value: Any) -> bool:
    if isinstance(value, dict):
        return any(holds_null(one) for one in value.values())
    return any(holds_null(one) for one in value) if isinstance(value, list) else value is None


@given(VALUES)
def test_the_wire_never_holds_a_null_and_is_always_json(value: Any) -> None:
    try:
        sent = wire(value)
    except InvalidRequest:
        return
    assert not holds_null(sent)
    json.dumps(sent, allow_nan=False).encode("utf-8")


@given(st.text())
def test_a_text_arrives_as_itself_whatever_it_looks_like(text: str) -> None:
    try:
        sent = wire(text)
    except InvalidRequest:
        assert any("\ud800" <= c <= "\udfff" for c in text)
        return
    assert ("".join(sent["parts"]) if isinstance(sent, dict) else sent) == text


# --- JSON forms


CHANGE = Change(
    Cmdlet("Set-CsThing", {"A": Secret(CANARY), "B": Date(datetime(2013, 2, 22, tzinfo=UTC)), "C": Span(timedelta(1))}),
    "thing A",
    (Effect("xmpp_partner", "organisation", "a", {"X": UNKNOWN}), Effect("file", "h", "C:\\a", None)),
    before={"X": None, "Y": [1, Text("t")]},
    undo=(Cmdlet("Remove-CsThing", {"P": Secret(CANARY, plain=True)}), WriteSlice("C:\\a", 0, CANARY.encode())),
    prepare=(Cmdlet("Get-CsThing", keep=True), Executable("C:\\x.exe", ("a", "b"), "msi", "C:\\", 3)),
    conditional=True,
    override="thing A",
    seconds=7,
)


def test_a_change_passes_the_socket_whole() -> None:
    assert calls.change_from_json(json.loads(json.dumps(calls.change_to_json(CHANGE)))) == CHANGE


@pytest.mark.parametrize("call", [ReadSlice("C:\\a", 0, 1), HashFile("C:\\a"), WriteSlice("C:\\a", 1, b"\x00\xff")])
def test_other_calls_pass_too(call: Any) -> None:
    assert calls.from_json(json.loads(json.dumps(calls.to_json(call)))) == call


def test_queries_evidence_and_undo_pass() -> None:
    query = Query("user", "sip:a@b", {"DomainController": "dc"}, ("Guid",), True)
    assert calls.query_from_json(json.loads(json.dumps(calls.query_to_json(query)))) == query
    evidence = Evidence("users_homed", "organisation", "d", {"here": 3})
    assert calls.evidence_from_json(json.loads(json.dumps(calls.evidence_to_json(evidence)))) == evidence
    assert calls.undo_from_json(calls.undo_to_json(Irreversible("gone"))) == Irreversible("gone")


@given(VALUES)
def test_values_of_properties_pass(value: Any) -> None:
    try:
        sent = calls.value_to_json(value)
    except InvalidRequest:
        return
    back = calls.value_from_json(sent)
    assert calls.value_to_json(back) == sent or "nan" in repr(sent)


@pytest.mark.parametrize(
    "data",
    [
        {"type": "nothing"},
        {"type": "cmdlet"},
        {"type": "write", "path": "x", "offset": 0},
        {"type": "cmdlet", "name": "Get-X", "parameters": {"A": {"$": "secret"}}},
        {"type": "cmdlet", "name": "Get-X", "parameters": {"A": {"$": "invented"}}},
        {"type": "cmdlet", "name": "Get-X", "surplus": 1},
        {"type": "read", "path": "x"},
    ],
)
def test_what_is_not_a_call_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        calls.from_json(data)


# --- what may be stored and shown


def test_nothing_secret_is_left_after_redaction() -> None:
    stored = json.dumps(
        [calls.change_to_json(CHANGE, redacted=True), *(calls.redact(one) for one in CHANGE.undo), repr(CHANGE)]  # type: ignore[union-attr]
    )
    assert CANARY not in stored and base64.b64encode(CANARY.encode()).decode() not in stored
    assert {"$": "secret"} == calls.redact(CHANGE.call)["parameters"]["A"]


def test_a_summary_names_what_was_called() -> None:
    assert calls.summary(Cmdlet("Set-X", {"A": Secret("s")})) == {
        "cmdlet": "Set-X",
        "parameters": {"A": {"$": "secret"}},
    }
    assert calls.summary(Executable("C:\\a\\Bootstrapper.exe", ("/x",)))["cmdlet"] == "Bootstrapper.exe"
    assert calls.summary(WriteSlice("C:\\a", 0, b"abc"))["cmdlet"] == "file.write"


def test_secrets_are_scrubbed_from_what_the_server_says() -> None:
    said = {"errors": [{"message": f"bad password {CANARY}!"}], "ok": False, "n": 3}
    assert calls.secrets_of(CHANGE) == {CANARY}
    cleaned = calls.scrub(said, calls.secrets_of(CHANGE))
    assert CANARY not in json.dumps(cleaned) and cleaned["n"] == 3


def test_half_characters_are_replaced_before_they_are_written() -> None:
    assert calls.clean({"a\ud800": ["\udfff", "😀"]}) == {"a\ufffd": ["\ufffd", "😀"]}


def test_texts_that_ansible_has_marked_are_texts() -> None:
    class Marked(str):
        pass

    assert calls.clean({"a": [Marked("größe")]}) == {"a": ["größe"]}
    assert calls.value_from_json(calls.value_to_json(Marked("a"))) == "a"


def test_unknown_is_one_and_decides_nothing() -> None:
    assert calls.Unknown() is UNKNOWN and calls.contains_unknown(CHANGE)
    assert not calls.contains_unknown(Cmdlet("Get-X", {"A": [1, {"b": None}]}))
    with pytest.raises(InvalidRequest):
        bool(UNKNOWN)
