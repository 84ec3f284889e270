# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on purpose: what a client sees of each, and what has happened on the host."""

from __future__ import annotations

import time

import pytest
import requests
import winrm.exceptions
from ansible_collections.lync.xmpp_migration.lab.organisation.faults import Faults, read_specs
from ansible_collections.lync.xmpp_migration.tests.lab.endpoint_support import Warm, serving
from ansible_collections.lync.xmpp_migration.tests.unit.lab.standin_world import wait_for
from winrm.exceptions import WSManFaultError

WRITE = {"cmdlet": "Set-Stub"}
LOST = (requests.exceptions.ConnectionError, winrm.exceptions.WinRMTransportError)


@pytest.fixture
def server(tmp_path):
    with serving(tmp_path) as server:
        yield server


@pytest.fixture
def warm(server):
    return Warm(server.protocol()).begin()


def changes(server) -> list[str]:
    return server.world.changes


# --- at an exchange


@pytest.mark.parametrize(("when", "effect"), [("before", []), ("after", ["Set-Stub"])])
def test_a_dropped_send(server, warm, when, effect):
    server.faults({"do": "drop", "operation": "send", "when": when})
    with pytest.raises(LOST):
        warm.ask(WRITE)
    time.sleep(0.1)
    assert changes(server) == effect


def test_a_dropped_receive_loses_only_the_connection(server, warm):
    server.faults({"do": "drop", "operation": "receive"})
    with pytest.raises(LOST):
        warm.ask(WRITE)
    assert len(warm.answer()[1]) == 1
    assert changes(server) == ["Set-Stub"]


def test_a_fault_code(server, warm):
    server.faults({"do": "fault", "operation": "send", "code": 2150859174, "subcode": "w:InternalError", "nth": 2})
    assert warm.echo(1) == 1
    with pytest.raises(WSManFaultError) as caught:
        warm.ask(WRITE)
    assert (caught.value.wsman_fault_code, caught.value.fault_subcode) == (2150859174, "w:InternalError")
    assert changes(server) == []


def test_a_401_in_mid_run(server, warm):
    server.faults({"do": "refuse", "operation": "send"})
    with pytest.raises(winrm.exceptions.InvalidCredentialsError):
        warm.ask(WRITE)
    assert warm.echo(2) == 2


def test_a_delay(server, warm):
    server.faults({"do": "delay", "operation": "any", "seconds": 0.3})
    started = time.monotonic()
    warm.echo(1)
    assert time.monotonic() - started >= 0.3


def test_a_killed_shell(server, warm):
    server.faults({"do": "kill_shell", "operation": "send"})
    with pytest.raises(WSManFaultError) as caught:
        warm.ask(WRITE)
    assert caught.value.wsman_fault_code == 2150858843
    assert changes(server) == []


def test_a_killed_process(server, warm):
    server.faults({"do": "kill_process", "operation": "send"})
    with pytest.raises(WSManFaultError) as caught:
        warm.ask(WRITE)
    assert caught.value.wsman_fault_code == 232
    assert changes(server) == []


def test_a_restart_between_calls(server, warm):
    ports = server.endpoint.https_port, server.endpoint.http_port
    server.endpoint.restart(0.1)
    wait_for(lambda: len(server.service.shells) == 0)
    with pytest.raises((*LOST, WSManFaultError)):
        warm.ask(WRITE)
    wait_for(lambda: _answers(server))
    assert (server.endpoint.https_port, server.endpoint.http_port) == ports
    assert Warm(server.protocol()).begin().echo(1) == 1
    assert changes(server) == []


def _answers(server) -> bool:
    try:
        return server.post("").status_code == 200
    except requests.exceptions.ConnectionError:
        return False


# --- at a cmdlet


def test_the_connection_drops_before_a_cmdlet_runs(server, warm):
    server.faults({"do": "drop", "cmdlet": "Set-Stub"})
    with pytest.raises((*LOST, EOFError)):
        warm.ask(WRITE)
    assert changes(server) == []


def test_the_connection_drops_after_a_write_took_effect(server, warm):
    server.faults({"do": "drop", "cmdlet": "Set-*", "when": "after"})
    with pytest.raises(LOST):
        warm.ask(WRITE)
    assert changes(server) == ["Set-Stub"]


def test_a_fault_instead_of_an_answer(server, warm):
    server.faults({"do": "fault", "cmdlet": "Set-Stub", "when": "after", "code": 2150859173})
    with pytest.raises(WSManFaultError) as caught:
        warm.ask(WRITE)
    assert caught.value.wsman_fault_code == 2150859173
    assert changes(server) == ["Set-Stub"]


@pytest.mark.parametrize(("when", "effect"), [("before", []), ("after", ["Set-Stub"])])
def test_the_process_dies_in_a_call(server, warm, when, effect):
    server.faults({"do": "kill_process", "cmdlet": "Set-Stub", "when": when})
    with pytest.raises((EOFError, WSManFaultError)):
        warm.ask(WRITE, {"cmdlet": "Get-Text"})
    assert changes(server) == effect
    assert [line["cmdlet"] for line in server.world.transcript.lines()] == ["Set-Stub"]


@pytest.mark.parametrize("do", ["kill_shell", "restart"])
def test_shell_or_service_die_after_a_write(server, warm, do):
    server.faults({"do": do, "cmdlet": "Set-Stub", "when": "after"})
    with pytest.raises((*LOST, EOFError, WSManFaultError)):
        warm.ask(WRITE)
    assert changes(server) == ["Set-Stub"]
    wait_for(lambda: len(server.service.shells) == 0)


def test_the_answer_comes_past_the_timeout(server, warm):
    server.faults({"do": "delay", "cmdlet": "Set-Stub", "when": "after", "seconds": 0.5})
    started = time.monotonic()
    warm.ask(WRITE)
    assert time.monotonic() - started >= 0.5


def test_an_error_of_a_cmdlet(server, warm):
    server.faults({"do": "error", "cmdlet": "Set-Stub", "id": "Busy", "exception": "System.TimeoutException"})
    error = warm.ask(WRITE)[1][0]["errors"][0]
    assert (error["id"], error["exceptions"][0]["type"]) == ("Busy", "System.TimeoutException")


# --- the list


@pytest.mark.parametrize(
    "spec",
    [
        "do: nothing\ncmdlet: X",
        "do: refuse\ncmdlet: X",
        "do: noise\noperation: send",
        "do: drop\noperation: teleport",
        "do: drop\ncmdlet: X\noperation: send",
        "do: drop\noperation: send\nwhen: during",
        "do: drop\noperation: send\nnth: 0",
        "cmdlet: X",
        "do: drop\nunknown: 1",
        "do: 'rm -rf'",
        "just text",
        "[1]",
        "{",
    ],
)
def test_a_wrong_fault_is_refused_with_a_sentence(spec):
    with pytest.raises(ValueError) as caught:
        Faults(read_specs(spec))
    assert str(caught.value).endswith(".")


def test_faults_are_told_one_by_one_or_in_a_list_in_yaml_or_json():
    assert Faults(read_specs("do: stall_replication\nhost: edge*")).active("stall_replication", "EDGE.contoso.test")
    assert Faults(read_specs('{"faults": [{"do": "drop", "operation": "any"}]}')).for_operation("x", "send")
    assert not Faults(read_specs("- do: stall_replication\n  host: fe*")).active(
        "stall_replication", "edge.contoso.test"
    )


def test_a_fault_strikes_as_often_as_it_says():
    faults = Faults(
        [{"do": "drop", "operation": "send", "nth": 2, "times": 2}, {"do": "delay", "operation": "any", "times": 0}]
    )
    assert [len(faults.for_operation("h", "send")) for _ in range(5)] == [1, 2, 2, 1, 1]
    assert faults.entries()[0]["struck"] == 2
