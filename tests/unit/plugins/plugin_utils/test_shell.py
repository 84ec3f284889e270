# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The warm PowerShell: each request performed at most once, whatever the connection does."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import (
    AnswerTimeout,
    BadAnswer,
    InDoubt,
    NeverRan,
    Unreachable,
)
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils import _pipe
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils._shell import MODULES, ONE_SHOT, Shell
from fake_winrs import Process, Server, dropped, ended, http, not_found, rejected, wsman_fault

WRITE = {"cmdlet": "Set-Thing", "parameters": {"Identity": "one"}}


def echo(value: Any) -> dict[str, Any]:
    return {"cmdlet": "Get-Echo", "parameters": {"Value": value}, "properties": ["."]}


@pytest.fixture
def server() -> Server:
    return Server(module=MODULES[0])


@pytest.fixture
def shell(server: Server) -> Shell:
    return Shell(server.connect, "fe:5986")


def reasons(shell: Shell) -> list[str]:
    return [one["reason"] for one in shell.renewals]


# --- opening


def test_the_greeting_and_the_module_that_was_loaded(shell: Shell, server: Server) -> None:
    hello = shell.open()
    assert hello["computer"] == "POOL2013"
    assert hello["lync"] == {"name": "Lync", "version": "5.0", "path": MODULES[0]}
    assert shell.scope == "pool2013.contoso.test"
    assert (shell.starts, shell.renewals, server.calls("Import-Module")) == (1, [], 1)
    assert server.processes[0].script == (Path(_pipe.__file__).with_name("cmdlet_host.ps1")).read_bytes()


def test_a_host_without_the_lync_module_is_normal(server: Server) -> None:
    server.module = None
    hello = Shell(server.connect, "fe").open()
    assert (hello["lync"], hello["lync_error"]) == (None, None)
    assert server.calls("Import-Module") == len(MODULES)


def test_a_module_that_is_there_and_cannot_be_loaded_is_told(server: Server) -> None:
    server.cmdlets["Import-Module"] = lambda *_: ended(errors=[not_found("FormatXmlUpdateException")])
    hello = Shell(server.connect, "fe").open()
    assert hello["lync"] is None and "FormatXmlUpdateException" in hello["lync_error"]


def test_the_module_is_imported_once_for_all_requests(shell: Shell, server: Server) -> None:
    for number in range(5):
        assert shell.request([echo(number)], 5).rows == [[[number]]]
    assert (server.starts, server.calls("Import-Module")) == (1, 1)


def test_windows_powershell_2_is_refused(server: Server) -> None:
    server.hello["powershell"] = "2.0"
    with pytest.raises(Unreachable, match=r"PowerShell '2\.0'.*3\.0 or later"):
        Shell(server.connect, "fe").open()
    assert not server.shells


def test_a_process_that_ends_at_once_is_unreachable(server: Server) -> None:
    class Dead(Process):
        def feed(self, data: bytes, end: bool) -> None:
            self.err, self.exit = b"Zugriff verweigert", 1

    server_module = sys.modules["fake_winrs"]
    real, server_module.Process = server_module.Process, Dead
    try:
        with pytest.raises(Unreachable, match=r"did not start.*Zugriff verweigert"):
            Shell(server.connect, "fe").open()
    finally:
        server_module.Process = real
    assert not server.shells


def test_an_operations_quota_gets_another_shell(shell: Shell, server: Server) -> None:
    server.fault("run_command", lambda: wsman_fault(None, 2150859174))
    shell.open()
    assert (server.operations.count("open_shell"), len(server.shells), shell.starts) == (2, 1, 1)


# --- requests


def test_an_answer_in_pieces(shell: Shell, server: Server) -> None:
    server.piece = 7
    assert shell.request([echo("größe 日本 😀"), WRITE], 5).rows == [[["größe 日本 😀"]], []]


def test_silence_is_waited_through(shell: Shell, server: Server) -> None:
    shell.open()
    from winrm.exceptions import WinRMOperationTimeoutError

    server.fault("receive", WinRMOperationTimeoutError, times=5)
    assert shell.request([echo(1)], 5).rows == [[[1]]]
    assert server.starts == 1


def test_large_requests_go_in_chunks(shell: Shell, server: Server) -> None:
    text = "x" * 300_000
    assert shell.request([echo(text)], 5).rows == [[[text]]]
    assert max(server.sends) <= 60_000 and len(server.sends) > 6


def test_a_request_beyond_the_limit_is_not_sent(shell: Shell, server: Server) -> None:
    shell.open()
    before = len(server.sends)
    with pytest.raises(NeverRan, match="1,000,000"):
        shell.request([echo("x" * 1_000_001)], 5)
    assert len(server.sends) == before


def test_host_output_and_stderr_are_kept_for_people(shell: Shell, server: Server) -> None:
    def noisy(process: Process, number: int, index: int, call: dict[str, Any]) -> dict[str, Any]:
        process.print(b"Hallo\nno line end: ")
        process.err = b'#< CLIXML\r\n<Objs Version="1.1.0.1"><S S="Warning">achtung_x000D__x000A_</S></Objs>'
        return ended()

    server.cmdlets["Set-Thing"] = noisy
    assert shell.request([WRITE], 5).output == ["Hallo", "no line end:", "achtung"]
    assert list(shell.said) == ["Hallo", "no line end:", "achtung"]
    assert shell.request([echo(1)], 5).output == []


# --- what proves that a request never ran


@pytest.mark.parametrize(
    ("fault", "reason"),
    [(lambda: wsman_fault(2150858843), "idle_closed"), (lambda: wsman_fault(232), "process_ended"), (lambda: wsman_fault(109), "process_ended")],
)
def test_a_request_that_the_server_did_not_take_is_sent_once_more(shell: Shell, server: Server, fault: Any, reason: str) -> None:
    shell.open()
    server.fault("send", fault)
    assert shell.request([WRITE], 5).ends[0]["ok"]
    assert server.calls("Set-Thing") == 1
    assert (shell.starts, reasons(shell)) == (2, [reason])


def test_a_shell_that_is_gone_is_opened_again(shell: Shell, server: Server) -> None:
    shell.open()
    server.shells.clear()
    assert shell.request([echo(1)], 5).rows == [[[1]]]
    assert reasons(shell) == ["idle_closed"]


def test_a_server_that_never_takes_it(shell: Shell, server: Server) -> None:
    shell.open()
    server.fault("send", lambda: wsman_fault(2150858843))
    server.fault("send", lambda: wsman_fault(2150858843), skip=2)  # the script and the import of the new process pass
    with pytest.raises(NeverRan):
        shell.request([WRITE], 5)
    assert server.calls("Set-Thing") == 0 and not server.shells


def test_a_fault_on_a_later_chunk_proves_nothing(shell: Shell, server: Server) -> None:
    shell.open()
    server.fault("send", lambda: wsman_fault(2150858843), skip=1)
    with pytest.raises(InDoubt):
        shell.request([echo("x" * 100_000)], 5)


def test_another_computer_behind_the_address_gets_no_request(shell: Shell, server: Server) -> None:
    shell.open()
    server.shells.clear()
    server.hello["computer"] = "EDGE2013"
    with pytest.raises(Unreachable, match="Another computer answers"):
        shell.request([WRITE], 5)
    assert server.calls("Set-Thing") == 0 and not server.shells


def test_a_busy_server_is_asked_again(shell: Shell, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_pipe, "BUSY_PAUSES", (0.0, 0.0))
    shell.open()
    server.fault("send", lambda: wsman_fault(170), times=2)
    assert shell.request([WRITE], 5).ends[0]["ok"]
    assert (server.calls("Set-Thing"), shell.starts) == (1, 1)


# --- doubt


def test_the_connection_is_lost_after_the_request_arrived(shell: Shell, server: Server) -> None:
    shell.open()
    server.fault("send", dropped, after=True)
    assert shell.request([WRITE], 5).ends[0]["ok"]
    assert (server.calls("Set-Thing"), shell.starts, server.connections) == (1, 1, 2)
    assert shell.request([echo(2)], 5).rows == [[[2]]], "the answer to the empty request is no answer to the next one"


def test_the_connection_is_lost_before_the_request_arrived(shell: Shell, server: Server) -> None:
    shell.open()
    server.fault("send", dropped)
    with pytest.raises(InDoubt, match="did not arrive"):
        shell.request([WRITE], 30)
    assert server.calls("Set-Thing") == 0 and not server.shells
    assert shell.request([echo(2)], 5).rows == [[[2]]]
    assert reasons(shell) == ["after_doubt"]


def test_a_part_of_a_request_arrived(shell: Shell, server: Server) -> None:
    shell.open()
    server.fault("send", dropped, skip=1)
    with pytest.raises(InDoubt):
        shell.request([echo("x" * 100_000)], 30)
    assert server.calls("Get-Echo") == 0 and not server.shells


def test_all_of_a_request_arrived_but_its_line_end(shell: Shell, server: Server) -> None:
    shell.open()
    frame = len(json.dumps({"id": 2, "calls": [echo("")]}))
    text = "x" * (_pipe.CHUNK // 4 * 3 - frame)
    server.fault("send", dropped, skip=1)
    assert shell.request([echo(text)], 5).rows == [[[text]]], "what ends the line completes it"
    assert server.sends[-2] == _pipe.CHUNK and server.calls("Get-Echo") == 1


def test_the_connection_is_lost_while_an_answer_is_awaited(shell: Shell, server: Server) -> None:
    shell.open()
    server.fault("receive", dropped)
    assert shell.request([WRITE], 5).ends[0]["ok"]
    assert (server.calls("Set-Thing"), shell.starts) == (1, 1)


@pytest.mark.parametrize("skip", [0, 1, 2])
def test_a_part_of_an_answer_is_lost(shell: Shell, server: Server, skip: int) -> None:
    shell.open()
    server.fault("receive", dropped, after=True, skip=skip)
    with pytest.raises(InDoubt):
        shell.request([echo(1)], 30)
    assert not server.shells


def test_the_connection_is_lost_twice(shell: Shell, server: Server) -> None:
    shell.open()
    server.fault("receive", dropped, times=2)
    with pytest.raises(InDoubt, match="twice"):
        shell.request([WRITE], 5)
    assert not server.shells


def test_an_answer_past_the_limit_never_meets_the_next_request(shell: Shell, server: Server) -> None:
    late: list[Process] = []

    def slow(process: Process, number: int, index: int, call: dict[str, Any]) -> dict[str, Any]:
        late.append(process)
        process.out.clear()
        process.frame = lambda *_args, **_more: None  # type: ignore[method-assign]
        return ended()

    server.cmdlets["Set-Slow"] = slow
    with pytest.raises(AnswerTimeout):
        shell.request([{"cmdlet": "Set-Slow"}], 0.2)
    assert not server.shells
    assert shell.request([echo("own")], 5).rows == [[["own"]]]
    assert (shell.starts, reasons(shell)) == (2, ["after_doubt"])


def test_a_process_that_ends_in_the_middle(shell: Shell, server: Server) -> None:
    def die(process: Process, number: int, index: int, call: dict[str, Any]) -> dict[str, Any]:
        process.exit = 1
        process.frame = lambda *_args, **_more: None  # type: ignore[method-assign]
        return ended()

    server.cmdlets["Set-Thing"] = die
    with pytest.raises(InDoubt, match="exit code 1"):
        shell.request([WRITE], 5)


@pytest.mark.parametrize("exc", [AssertionError, KeyError("content-type"), StopIteration, ValueError("MIC"), OSError(104, "reset")])
def test_whatever_pywinrm_raises_is_judged(shell: Shell, server: Server, exc: Any) -> None:
    shell.open()
    server.fault("receive", lambda: exc() if isinstance(exc, type) else exc, times=2)
    with pytest.raises(InDoubt):
        shell.request([WRITE], 5)
    assert not server.shells


# --- message encryption: pywinrm cannot carry it over to another TCP connection


@pytest.mark.parametrize("refusal", [lambda: http(400), lambda: http(401), rejected])
def test_a_dropped_connection_under_encryption(server: Server, refusal: Any) -> None:
    server.sealed = True
    shell = Shell(server.connect, "fe")
    shell.open()
    server.fault("send", refusal)
    assert shell.request([WRITE], 5).ends[0]["ok"]
    assert (server.calls("Set-Thing"), shell.starts, server.connections) == (1, 1, 2)


def test_idle_connections_are_renewed_before_they_are_used(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_pipe, "IDLE", -1.0)
    server.sealed = True
    shell = Shell(server.connect, "fe")
    shell.open()
    before = server.connections
    shell.request([WRITE], 5)
    assert (server.connections, shell.starts) == (before + 1, 1)


def test_credentials_that_are_rejected_in_the_middle_of_a_run(shell: Shell, server: Server) -> None:
    shell.open()
    server.fault("send", rejected)
    server.fault("connect", lambda: Unreachable("fe rejected the user name or the password"))
    with pytest.raises(Unreachable, match="rejected"):
        shell.request([WRITE], 5)
    assert server.calls("Set-Thing") == 0


# --- life


def test_renewals_are_named_and_counted(shell: Shell, server: Server) -> None:
    shell.open()
    shell.renew("module_path")
    shell.renew("group_membership")
    assert (shell.starts, reasons(shell)) == (3, ["module_path", "group_membership"])
    assert len(server.processes) == 1


def test_renewing_looks_for_the_module_again(server: Server) -> None:
    server.module = None
    shell = Shell(server.connect, "fe")
    assert shell.open()["lync"] is None
    server.module = "Lync"
    assert shell.renew("module_path")["lync"]["path"] == "Lync"


@pytest.mark.parametrize("mode", ["warm", ONE_SHOT])
def test_a_process_that_is_left_is_followed_by_another_with_the_next_request(server: Server, mode: str) -> None:
    server.module = None
    shell = Shell(server.connect, "fe", mode)
    assert shell.open()["lync"] is None
    starts = server.starts
    shell.leave("module_path")
    assert (server.starts, shell.is_open) == (starts, False)
    server.module = "Lync"
    assert shell.request([echo(1)], 5).rows == [[[1]]] and shell.hello["lync"]["path"] == "Lync"
    assert reasons(shell) == (["module_path"] if mode == "warm" else [])


def test_a_computer_that_was_restarted_may_have_another_suffix(shell: Shell, server: Server) -> None:
    shell.open()
    server.hello["domain"] = "fabrikam.test"
    shell.leave("module_path")
    with pytest.raises(Unreachable, match="Another computer answers"):
        shell.open()
    shell.leave("host_restarted")
    assert shell.open()["domain"] == "fabrikam.test" and shell.scope == "pool2013.fabrikam.test"
    assert reasons(shell)[-1] == "host_restarted"
    server.hello["computer"] = "EDGE2013"
    shell.leave("host_restarted")
    with pytest.raises(Unreachable, match="Another computer answers"):
        shell.open()


def test_other_options_open_another_session(shell: Shell, server: Server) -> None:
    shell.open()
    other = Server(module="Lync")
    other.hello["computer"] = "EDGE2013"
    shell.reconfigure(other.connect, "edge:5986", "warm")
    assert shell.request([echo(1)], 5).rows == [[[1]]]
    assert not server.shells and other.starts == 1
    assert reasons(shell) == ["options_changed"]


def test_dropping_leaves_no_shell_even_over_a_dead_connection(shell: Shell, server: Server) -> None:
    shell.open()
    server.fault("signal", dropped)
    server.fault("delete", dropped)
    shell.drop()
    assert not server.shells


# --- one process for each request


def test_one_shot(server: Server) -> None:
    shell = Shell(server.connect, "fe", ONE_SHOT)
    shell.open()
    starts = server.starts
    for number in range(3):
        assert shell.request([echo(number), WRITE], 5).rows == [[[number]], []]
    assert server.starts == starts + 3
    assert not server.processes, "each process has ended"
    assert len(server.shells) == 1
    assert shell.renewals == []
    # the module is there in each of them
    assert server.calls("Import-Module") == starts + 3


def test_one_shot_stops_at_doubt(server: Server) -> None:
    shell = Shell(server.connect, "fe", ONE_SHOT)
    shell.open()
    server.fault("receive", dropped, after=True, skip=1)
    with pytest.raises(InDoubt):
        shell.request([WRITE], 5)
    assert server.calls("Set-Thing") == 1 and not server.shells
    assert shell.request([echo(1)], 5).rows == [[[1]]]


def test_one_shot_goes_on_after_the_server_forgot_the_shell(server: Server) -> None:
    shell = Shell(server.connect, "fe", ONE_SHOT)
    shell.open()
    server.shells.clear()
    assert shell.request([echo(1)], 5).rows == [[[1]]]


# --- forgeries


def test_frames_that_a_cmdlet_prints_change_nothing(shell: Shell, server: Server) -> None:
    def forge(process: Process, number: int, index: int, call: dict[str, Any]) -> dict[str, Any]:
        process.frame({"id": number, "call": 0, **ended()}, nonce=b"0" * 32)
        process.frame({"id": number, "done": True}, nonce=b"LXM")
        process.frame({"id": number, "call": index, "rows": [["true one"]]})
        return ended(1)

    server.cmdlets["Get-Echo"] = forge
    assert shell.request([echo("asked")], 5).rows == [[["true one"]]]


@pytest.mark.parametrize("number", [0, 99, -1])
def test_an_answer_with_another_id_ends_the_session(shell: Shell, server: Server, number: int) -> None:
    def forge(process: Process, _number: int, index: int, call: dict[str, Any]) -> dict[str, Any]:
        process.frame({"id": number, "call": 0, **ended()})
        return ended()

    server.cmdlets["Set-Thing"] = forge
    with pytest.raises(BadAnswer):
        shell.request([WRITE], 5)
    assert not server.shells
