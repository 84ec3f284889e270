# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in as a process: what it refuses, what it records, and how it goes wrong on purpose."""

from __future__ import annotations

import base64
import time

import pytest
from ansible_collections.lync.xmpp_migration.lab.cmdlets import cmdlet, registry
from ansible_collections.lync.xmpp_migration.tests.unit.lab.standin_caller import StandInCaller, error_ids
from ansible_collections.lync.xmpp_migration.tests.unit.lab.standin_world import (
    StubWorld,
    failure,
    stub_handlers,
    wait_for,
)


@pytest.fixture(autouse=True)
def _handlers():
    with stub_handlers():
        yield


@pytest.fixture
def world():
    return StubWorld()


@pytest.fixture
def host(world):
    caller = StandInCaller(world)
    caller.begin()
    yield caller
    caller.process.terminate()
    caller.process.join(5)


def record(world) -> list[tuple]:
    return [(line["cmdlet"], line["outcome"], line["write"]) for line in world.transcript.lines()]


def test_another_script_is_refused_and_recorded_by_its_digest(world):
    caller = StandInCaller(world)
    caller.line(b"Restart-Computer -Force")
    with pytest.raises(EOFError):
        caller.frame()
    assert caller.codes == [1]
    assert b"no script but" in caller.errors
    (line,) = world.transcript.lines()
    assert (line["cmdlet"], line["outcome"], line["parameters"]["length"]) == ("powershell.exe", "refused", 23)
    assert "Restart" not in str(line)


def test_one_request_and_a_closed_stdin_is_the_one_shot_mode(host):
    assert host.echo("x", "Value") == [["x"]]
    assert host.close() == 0


def test_an_answer_needs_the_nonce_of_its_process(world):
    first, second = StandInCaller(world), StandInCaller(world)
    first.begin()
    second.mark = b"~other~"
    second.begin()
    assert first.mark != second.mark
    assert first.echo(1, "Value") == second.echo(1, "Value")


def test_calls_are_recorded_without_secrets(host, world):
    secret = {"$": "secret", "value": "CANARY"}
    host.ask({"cmdlet": "get-echo", "parameters": {"Value": {"Password": "CANARY", "List": [secret]}}})
    host.ask(
        {"cmdlet": "Get-Echo", "parameters": {"Value": {"$": "bytes", "value": base64.b64encode(b"CANARY").decode()}}}
    )
    host.ask({"cmdlet": "Set-Stub", "parameters": {"How": "terminate"}})
    host.ask({"cmdlet": "Remove-Item", "parameters": {"Path": "x"}})
    host.ask({"executable": "C:\\Windows\\System32\\shutdown.exe", "arguments": "/r"})
    assert record(world) == [
        ("get-echo", "ok", False),
        ("Get-Echo", "ok", False),
        ("Set-Stub", "ProcessingFailed", True),
        ("Remove-Item", "CommandNotFoundException", False),
        ("shutdown.exe", "InvalidOperationException", False),
    ]
    assert "CANARY" not in str(world.transcript.lines())
    assert base64.b64encode(b"CANARY").decode() not in str(world.transcript.lines())


def test_a_cmdlet_that_the_lab_does_not_simulate_is_said_so(host, world):
    assert error_ids(host.ask({"cmdlet": "Get-Unwritten"})) == ["NotSimulated"]
    assert record(world) == [("Get-Unwritten", "NotSimulated", False)]


def test_a_handler_that_fails_in_python_is_the_labs_defect(host):
    assert error_ids(host.ask({"cmdlet": "Get-Defect"})) == ["LabDefect"]
    assert host.echo(1, "Value") == [[1]]


def test_changes_are_told_to_the_world_whatever_came_of_them(host, world):
    for how in ("collect", "terminate"):
        host.ask({"cmdlet": "Set-Stub", "parameters": {"How": how}})
    host.ask({"cmdlet": "Get-Text"})
    assert world.changes == ["Set-Stub", "Set-Stub"]


def test_a_module_that_is_not_installed_has_no_cmdlets(world):
    registry.pop("get-text")
    cmdlet("Get-Text", module="Lync")(lambda call: "again")
    before = StandInCaller(world)
    before.begin()
    world.computer.modules["Lync"] = "L13"
    assert error_ids(before.ask({"cmdlet": "Get-Text"})) == ["CommandNotFoundException"]
    after = StandInCaller(world)
    after.begin()
    assert after.ask({"cmdlet": "Get-Text", "properties": ["."]})[0] == [["again"]]


def test_powershell_2_says_who_it_is_and_reads_no_request():
    caller = StandInCaller(StubWorld(powershell="2.0"))
    caller.begin()
    assert caller.hello["powershell"] == "2.0"
    caller.line(b'{"id": 1, "calls": []}')
    frame = caller.frame()
    assert (frame["id"], frame["done"]) == (None, False)
    assert frame["error"]["id"] == "CommandNotFoundException"


@pytest.mark.parametrize(
    "request_text",
    [
        b'{"id": 1, "calls": [' + b" " * (1 << 20) + b"]}",
        b'{"id": 1, "calls": ' + b"[" * 200 + b"]" * 200 + b"}",
        b'{"id": 1, "ID": 2, "calls": []}',
        b'{"id": 1, "": 2, "calls": []}',
        b'{"id": NaN, "calls": []}',
        b'{"id": {}, "calls": []}',
    ],
    ids=["too long", "too deep", "keys differ in case", "empty key", "no number", "no id"],
)
def test_a_request_that_windows_powershell_cannot_read(host, request_text):
    host.line(request_text)
    frame = host.frame()
    assert (frame["id"], frame["done"]) == (None, False)
    assert host.echo(1, "Value") == [[1]]


def test_at_most_fifty_errors_are_told(host):
    registry.pop("get-text")
    cmdlet("Get-Text")(lambda call: [call.write_error(failure(f"E{i}")) for i in range(70)] and None)
    end = host.ask({"cmdlet": "Get-Text"})[1][0]
    assert (end["error_count"], len(end["errors"]), end["ok"]) == (70, 50, False)
    assert end["errors"][0]["id"] == "E0,Microsoft.PowerShell.Commands.GetTextCommand"


def test_the_same_common_parameter_twice_is_refused(host):
    assert error_ids(host.ask({"cmdlet": "Get-Text", "parameters": {"ErrorAction": "Stop"}})) == [
        "ParameterAlreadyBound"
    ]


# --- faults


def test_an_injected_error_strikes_the_nth_call_only(host, world):
    world.faults.add([{"do": "error", "cmdlet": "Set-*", "nth": 2, "id": "Replaced"}])
    ids = [error_ids(host.ask({"cmdlet": "Set-Stub"})) for _ in range(3)]
    assert ids == [[], ["Replaced"], []]
    assert world.changes == ["Set-Stub", "Set-Stub"]


def test_noise_and_clixml_between_the_frames(host, world):
    noise = {"do": "noise", "cmdlet": "Get-Text", "lines": ["a line"], "prompt": "User: ", "clixml": True}
    world.faults.add([noise])
    host.noise.clear()
    assert host.ask({"cmdlet": "Get-Text", "properties": ["."]})[1][0]["ok"]
    assert host.noise == ["a line", "User: "]
    assert host.errors.startswith(b"#< CLIXML")


def test_a_process_killed_before_the_effect(host, world):
    world.faults.add([{"do": "kill_process", "cmdlet": "Set-Stub"}])
    with pytest.raises(EOFError):
        host.ask({"cmdlet": "Set-Stub"})
    assert (world.changes, record(world)) == ([], [("Set-Stub", "never ran", True)])


def test_a_process_killed_after_the_effect(host, world):
    world.faults.add([{"do": "kill_process", "cmdlet": "Set-Stub", "when": "after"}])
    with pytest.raises(EOFError):
        host.ask({"cmdlet": "Set-Stub"})
    assert (world.changes, record(world)) == (["Set-Stub"], [("Set-Stub", "answer lost", True)])


def test_a_terminated_process_does_not_begin_what_waits(host, world):
    world.latency["Set-Stub"] = 30
    host.line(b'{"id": 1, "calls": [{"cmdlet": "Set-Stub"}]}')
    wait_for(lambda: host.process.busy)
    time.sleep(0.05)
    host.process.terminate()
    wait_for(lambda: host.codes == [1])
    assert world.changes == []


def test_cmdlets_can_be_as_slow_as_real_ones_or_a_fraction():
    world = StubWorld(speed=100.0)
    world.latency["get-text"] = 10
    caller = StandInCaller(world)
    caller.begin()
    started = time.monotonic()
    caller.ask({"cmdlet": "Get-Text"})
    assert 0.09 < time.monotonic() - started < 2


def test_an_executable_that_is_left_running_ends_later(world):
    world.clock.set_speed(10)
    world.latency["sleep"] = 10
    caller = StandInCaller(world)
    caller.begin()
    assert caller.ask({"executable": "sleep", "seconds": 0.1})[1][0]["exit"] is None
    assert world.changes == []
    wait_for(lambda: world.changes == ["sleep"])
    wait_for(lambda: record(world) == [("sleep", "late, exit 0", True)])


def test_a_replay_performs_a_request_in_its_own_process(host, world):
    request = {"id": 7, "calls": [{"cmdlet": "Get-Text", "properties": ["."]}]}
    assert host.process.perform(request) == [
        {"id": 7, "call": 0, "rows": [["a text\nin two lines"]]},
        {"id": 7, "call": 0, "ok": True, "count": 1, "error_count": 0, "errors": [], "warnings": []},
        {"id": 7, "done": True},
    ]
