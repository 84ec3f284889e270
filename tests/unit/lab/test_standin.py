# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The case table of cmdlet_host.ps1: what a real PowerShell answers, the stand-in answers too."""

from __future__ import annotations

import base64
import hashlib
import json
import pathlib
import shutil
import statistics
import time

import pytest
from ansible_collections.lync.xmpp_migration.tests.unit.lab.standin_caller import (
    PowerShellCaller,
    StandInCaller,
    error_ids,
)
from ansible_collections.lync.xmpp_migration.tests.unit.lab.standin_world import StubWorld, stub_handlers

STUBS = pathlib.Path(__file__).parent / "data" / "host_stubs.psm1"


@pytest.fixture(scope="module", params=["stand-in", "pwsh"])
def host(request, tmp_path_factory, needs):
    if request.param == "stand-in":
        with stub_handlers():
            world = StubWorld()
            world.latency["sleep"] = 5
            caller = StandInCaller(world)
            caller.begin()
            yield caller
            assert caller.close() == 0
    else:
        needs("pwsh")
        caller = PowerShellCaller(str(shutil.which("pwsh")), str(tmp_path_factory.mktemp("files")))
        caller.begin()
        assert caller.ask({"cmdlet": "Import-Module", "parameters": {"Name": str(STUBS)}})[1][0]["ok"]
        yield caller
        assert caller.close() == 0
    assert b"CANARY" not in bytes(caller.errors) + "\n".join(caller.noise).encode()


HARD = "a'b`$(1);\"é 日本語 😀 \u200f עברית\n\t\\ \x01 \u2028 $x `n"
DATE = "2013-02-22T22:00:00Z"

ECHOES = [
    ("hard text", HARD, (), [["String", HARD, HARD]]),
    ("a date that stays text", {"$": "text", "parts": [DATE[:11], DATE[11:]]}, (), [["String", DATE, DATE]]),
    ("true", True, ("Value",), [[True]]),
    ("false", False, ("Value",), [[False]]),
    ("number", 7, ("Value",), [[7]]),
    ("fraction", 1.5, ("Value",), [[1.5]]),
    ("large number", 3000000000, ("Value",), [[3000000000]]),
    ("list", [1, "a", None], ("Type", "Value"), [["Object[]", [1, "a", None]]]),
    ("one-element list", [1], ("Type", "Value"), [["Object[]", [1]]]),
    ("empty list", [], ("Type", "Value"), [["Object[]", []]]),
    ("table", {"Add": ["x"], "Remove": ["y"]}, ("Type", "Keys"), [["Hashtable", "Add,Remove"]]),
    (
        "secret",
        {"$": "secret", "value": "CANARY"},
        ("Type", "Text"),
        [["SecureString", "System.Security.SecureString"]],
    ),
    (
        "credential",
        {"$": "secret", "user": "contoso\\u", "value": "CANARY"},
        ("Type", "User"),
        [["PSCredential", "contoso\\u"]],
    ),
    ("bytes", {"$": "bytes", "value": "AAECAwQ="}, ("Type", "Value"), [["Byte[]", [0, 1, 2, 3, 4]]]),
    (
        "date",
        {"$": "date", "ticks": 634970880000000000},
        ("Type", "Value"),
        [["DateTime", "2013-02-22T00:00:00.0000000Z"]],
    ),
    ("span", {"$": "span", "ticks": 3000000000}, ("Type", "Text"), [["TimeSpan", "00:05:00"]]),
]


@pytest.mark.parametrize(("value", "properties", "expected"), [e[1:] for e in ECHOES], ids=[e[0] for e in ECHOES])
def test_values_arrive(host, value, properties, expected):
    assert host.echo(value, *properties) == expected


def test_values_that_json_would_spoil(host):
    names = "Enum Span Version Address Uri Guid Nested Missing Nothing Char Dec Nan Switch".split()
    guid = "00000000-0000-0000-0000-000000000000"
    expected = ["Monday", "00:05:00", "1.2", "::1", "http://pool01/", guid, [["a", "b"], []]]
    expected += [None, None, "x", 1.25, None, True]
    assert host.ask({"cmdlet": "Get-Things", "properties": names})[0] == [expected]


def test_a_result_is_kept_for_a_later_call(host):
    kept = {"$": "result", "call": 0, "index": 0}
    echo = {"cmdlet": "Get-Echo", "parameters": {"Value": kept}, "properties": ["Type"]}
    assert host.ask({"cmdlet": "Get-Things", "keep": True}, echo)[0] == [["PSCustomObject"]]


def test_non_terminating_errors_are_collected_and_the_rest_arrives(host):
    answer = host.ask({"cmdlet": "Set-Stub", "parameters": {"How": "collect"}, "properties": ["Identity"]})
    assert answer[0] == [["one"], ["two"]]
    assert error_ids(answer) == ["First", "Second"]
    assert (answer[1][0]["ok"], answer[1][0]["count"]) == (False, 2)


def test_a_terminating_error_comes_with_its_inner_one(host):
    answer = host.ask({"cmdlet": "Set-Stub", "parameters": {"How": "terminate"}})
    assert error_ids(answer) == ["ProcessingFailed"]
    types = [exception["type"] for exception in answer[1][0]["errors"][0]["exceptions"]]
    assert types == ["System.InvalidOperationException", "System.ArgumentException"]
    assert answer[1][0]["errors"][0]["target"] == "target"


def test_a_prompt_is_refused(host):
    answer = host.ask({"cmdlet": "Set-Stub", "parameters": {"How": "prompt"}})
    exception = answer[1][0]["errors"][0]["exceptions"][-1]["type"]
    assert exception == "System.Management.Automation.PSInvalidOperationException"


def test_confirm_false_needs_no_prompt(host):
    assert host.ask({"cmdlet": "Set-Stub", "parameters": {"How": "prompt", "Confirm": False}})[1][0]["ok"]


def test_warnings_arrive(host):
    assert host.ask({"cmdlet": "Set-Stub", "parameters": {"How": "warn"}})[1][0]["warnings"] == ["größe 配置"]


@pytest.mark.parametrize("name", ["Get-NoSuch", "Get-Stub*", "Get-Date; Get-Date", "/bin/echo", "echo"])
def test_only_an_exact_cmdlet_name_is_called(host, name):
    assert error_ids(host.ask({"cmdlet": name})) == ["CommandNotFoundException"]


def test_a_value_without_a_text_leaves_no_half_row(host):
    answer = host.ask({"cmdlet": "Get-HalfBad", "properties": ["Identity", "Bad"]})
    assert (answer[0], answer[1][0]["ok"], len(answer[1][0]["errors"])) == ([["one", "fine"]], False, 1)


def test_an_unknown_parameter_is_refused(host):
    assert error_ids(host.ask({"cmdlet": "Set-Stub", "parameters": {"Nope": 1}})) == ["NamedParameterNotFound"]


def test_noise_around_frames_is_no_answer(host):
    host.noise.clear()
    answer = host.ask({"cmdlet": "Set-Stub", "parameters": {"How": "noise"}, "properties": ["Identity"]})
    assert (answer[0], answer[1][0]["ok"]) == ([["noisy"]], True)
    assert "host line" in host.noise


def test_a_forged_answer_is_noise(host):
    frame = base64.b64encode(json.dumps({"id": host.serial + 2, "call": 0, "ok": True}).encode()).decode()
    forged = f"\n~LXM~{frame}\n"
    assert host.echo(forged, "Value") == [[forged]]
    answer = host.ask({"cmdlet": "Set-Stub", "parameters": {"How": "print", "Text": forged}})
    assert (len(answer[1]), answer[2]["done"]) == (1, True)


def test_stop_on_error_skips_the_rest(host):
    stop = {"cmdlet": "Set-Stub", "parameters": {"How": "terminate"}, "stop_on_error": True}
    assert len(host.ask(stop, {"cmdlet": "Get-Things"})[1]) == 1


def test_an_executable_has_its_own_stdin_both_streams_and_an_exit_code(host):
    arguments = '-c "cat; echo out; echo err >&2; exit 3"'
    end = host.ask({"executable": "/bin/sh", "arguments": arguments})[1][0]
    assert (end["ok"], end["exit"]) == (True, 3)
    assert (base64.b64decode(end["stdout"]), base64.b64decode(end["stderr"])) == (b"out\n", b"err\n")


def test_an_executable_that_takes_too_long_is_left_running(host):
    end = host.ask({"executable": "/bin/sleep", "arguments": "5", "seconds": 1})[1][0]
    assert (end["ok"], end["exit"]) == (False, None)


def test_an_executable_that_is_not_there(host):
    end = host.ask({"executable": "/no/such"})[1][0]
    assert (end["ok"], end["error_count"]) == (False, 1)


def test_paths_and_the_object_itself(host):
    paths = ["Uri.Host", "Deep.Inner.Name", "Deep.List.Name", "Nothing.At.All"]
    rows, _, _ = host.ask(
        {"cmdlet": "Get-Things", "keep": True, "properties": paths}, {"cmdlet": "Get-Text", "properties": ["."]}
    )
    assert rows == [["pool01", "in", ["a", "b"], None], ["a text\nin two lines"]]


def test_a_changed_copy_leaves_the_original(host):
    kept = {"$": "result", "call": 0, "index": 0}
    changed = {**kept, "set": {"Span": {"$": "span", "ticks": 6000000000}, "Nothing": "new"}}

    def echo(value, *names):
        return {"cmdlet": "Get-Echo", "parameters": {"Value": value}, "properties": [f"Value.{name}" for name in names]}

    answer = host.ask(
        {"cmdlet": "Get-Things", "keep": True}, echo(changed, "Span", "Nothing", "Enum"), echo(kept, "Span", "Nothing")
    )
    assert answer[0] == [["00:10:00", "new", "Monday"], ["00:05:00", None]]


def test_a_file_travels_in_slices(host):
    content, slice_size = bytes(range(256)) * 6000, 700_000
    path = host.temporary + "größe x.zip"
    offsets = range(0, len(content), slice_size)
    for offset in offsets:
        data = base64.b64encode(content[offset : offset + slice_size]).decode()
        assert host.ask({"file": path, "write": {"offset": offset, "bytes": data}})[1][0]["ok"]
    assert host.ask({"file": path})[1][0]["sha256"] == hashlib.sha256(content).hexdigest()
    ends = [host.ask({"file": path, "read": {"offset": offset, "length": slice_size}})[1][0] for offset in offsets]
    assert b"".join(base64.b64decode(end["bytes"]) for end in ends) == content
    assert {end["size"] for end in ends} == {len(content)}


def test_a_file_that_is_not_there(host):
    end = host.ask({"file": host.temporary + "none"})[1][0]
    assert not end["ok"]
    assert end["errors"][0]["exceptions"][-1]["type"] == "System.IO.FileNotFoundException"


def test_a_garbage_request_is_answered_and_survived(host):
    host.line(b"{ no json")
    frame = host.frame()
    assert (frame["id"], frame["done"]) == (None, False)
    assert host.echo(1, "Value") == [[1]]


def test_many_rows_stream_in_frames(host):
    names = ["Identity", "SipAddress", "Pool", "Enabled", "When"]
    started = time.monotonic()
    host.serial += 1
    call = {"cmdlet": "Get-Many", "parameters": {"Count": 20000}, "properties": names}
    host.line(json.dumps({"id": host.serial, "calls": [call]}).encode())
    sizes = []
    while "done" not in (frame := host.frame()):
        if "rows" in frame:
            sizes.append(len(frame["rows"]))
            assert len(json.dumps(frame)) < 80_000
    assert sum(sizes) == 20000
    assert len(sizes) > 20
    assert time.monotonic() - started < 20


def test_an_exchange_takes_no_time(host):
    times = []
    for _ in range(300):
        started = time.perf_counter()
        host.echo(1, "Value")
        times.append(time.perf_counter() - started)
    assert statistics.median(times[100:]) < 0.02


def test_the_hello_says_who_answers(host):
    assert {"powershell", "clr", "windows", "culture", "oem_code_page", "pid", "computer", "domain", "user"} == set(
        host.hello
    )
