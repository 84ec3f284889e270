# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The limits of WinRM, and envelopes that nobody should have sent."""

from __future__ import annotations

import base64
import socket
import ssl
import statistics
import time

import pytest
import requests
import winrm.exceptions
from ansible_collections.lync.xmpp_migration.lab.wsman import soap
from ansible_collections.lync.xmpp_migration.tests.lab.endpoint_support import (
    ARGUMENTS,
    LOADER_BASE64,
    PASSWORD,
    Warm,
    serving,
    session,
)
from winrm.exceptions import WinRMOperationTimeoutError, WSManFaultError


@pytest.fixture
def server(tmp_path):
    with serving(tmp_path) as server:
        yield server


@pytest.fixture
def limited(tmp_path):
    """``limited(idle_timeout=1)``: a server with other limits."""
    contexts = []

    def start(**options):
        context = serving(tmp_path, **options)
        contexts.append(context)
        return context.__enter__()

    yield start
    for context in contexts:
        context.__exit__(None, None, None)


def fault_code(call, *arguments, **options) -> int:
    with pytest.raises(WSManFaultError) as caught:
        call(*arguments, **options)
    return caught.value.wsman_fault_code


# --- one exchange


def test_a_batch_of_calls_takes_two_requests_and_next_to_no_time(server):
    warm = Warm(server.protocol()).begin()
    calls = [{"cmdlet": "Get-Echo", "parameters": {"Value": i}, "properties": ["Value"]} for i in range(20)]
    before = server.counts["requests"]
    times = []
    for _ in range(100):
        started = time.perf_counter()
        assert len(warm.ask(*calls)[0]) == 20
        times.append(time.perf_counter() - started)
    assert server.counts["requests"] - before == 200
    assert statistics.median(times) < 0.05
    assert server.counts["powershell_starts"] == 1
    warm.close()


def test_a_large_answer_streams_below_the_envelope(server):
    warm = Warm(server.protocol()).begin()
    sizes = []
    send = warm.protocol.transport.send_message

    def measured(message):
        answer = send(message)
        sizes.append(len(answer))
        return answer

    warm.protocol.transport.send_message = measured
    names = ["Identity", "SipAddress", "Pool", "Enabled", "When"]
    rows, ends = warm.ask({"cmdlet": "Get-Many", "parameters": {"Count": 10000}, "properties": names})
    assert (len(rows), ends[0]["count"]) == (10000, 10000)
    assert max(sizes) <= 153600
    assert len(sizes) > 5
    warm.close()


def test_stdin_that_is_closed_ends_the_process(server):
    warm = Warm(server.protocol()).begin()
    warm.protocol.send_command_input(warm.shell, warm.command, b"", end=True)
    with pytest.raises(EOFError, match="0"):
        warm.frame()


def test_another_protocol_of_the_same_user_goes_on_with_the_shell(server):
    warm = Warm(server.protocol()).begin()
    warm.protocol = server.protocol("ntlm", "http")
    assert warm.echo(1) == 1
    warm.close()


# --- quotas and timeouts


@pytest.mark.parametrize(("powershell", "shells"), [("2.0", 5), ("3.0", 30), ("5.1", 30)])
def test_a_user_has_so_many_shells(limited, powershell, shells):
    server = limited(powershell=powershell)
    protocol = server.protocol()
    opened = [protocol.open_shell() for _ in range(shells)]
    assert fault_code(protocol.open_shell) == soap.MAX_SHELLS == 2150859173
    protocol.close_shell(opened[0], close_session=False)
    protocol.open_shell()
    server.protocol(username="CONTOSO\\other").open_shell()


def test_a_shell_has_so_many_processes(limited):
    server = limited(max_processes_per_shell=2)
    protocol = server.protocol()
    first = Warm(protocol)
    Warm(protocol, first.shell)
    assert fault_code(Warm, protocol, first.shell) == soap.MAX_COMMANDS
    protocol.cleanup_command(first.shell, first.command)
    Warm(protocol, first.shell)


def test_an_idle_shell_is_closed(limited):
    server = limited(idle_timeout=0.2)
    warm = Warm(server.protocol()).begin()
    time.sleep(0.4)
    assert fault_code(warm.echo, 1) == soap.UNEXPECTED_SELECTORS == 2150858843


def test_a_client_may_ask_for_less_idle_time(server):
    protocol = server.protocol()
    shell = protocol.open_shell(idle_timeout="PT0.2S")
    time.sleep(0.4)
    assert fault_code(Warm, protocol, shell) == 2150858843


def test_no_output_within_the_operation_timeout_is_a_fault_of_its_own(server):
    warm = Warm(server.protocol(operation_timeout_sec=1, read_timeout_sec=10)).begin()
    started = time.monotonic()
    with pytest.raises(WinRMOperationTimeoutError):
        warm.protocol.get_command_output_raw(warm.shell, warm.command)
    assert 0.9 < time.monotonic() - started < 5
    assert warm.echo(1) == 1


def test_a_slow_call_is_heard_to_the_end(server):
    server.world.latency["Get-Text"] = 1.5
    warm = Warm(server.protocol(operation_timeout_sec=1, read_timeout_sec=10)).begin()
    assert warm.ask({"cmdlet": "Get-Text", "properties": ["."]})[0] == [["a text\nin two lines"]]


def test_shells_and_commands_that_are_not_there(server):
    warm = Warm(server.protocol()).begin()
    protocol = warm.protocol
    assert fault_code(protocol.send_command_input, "no-shell", warm.command, b"x") == 2150858843
    assert fault_code(protocol.send_command_input, warm.shell, "no-command", b"x") == 2150858843
    protocol.close_shell(warm.shell, close_session=False)
    assert fault_code(protocol.close_shell, warm.shell) == 2150858843


def test_input_for_a_process_that_has_ended(server):
    warm = Warm(server.protocol()).begin()
    warm.protocol.send_command_input(warm.shell, warm.command, b"", end=True)
    with pytest.raises(EOFError):
        warm.frame()
    assert fault_code(warm.send, b"x") == 232


def test_a_shell_belongs_to_its_user(server):
    warm = Warm(server.protocol()).begin()
    warm.protocol = server.protocol(username="CONTOSO\\other")
    assert fault_code(warm.send, b"x") == 5


def test_the_command_line_of_cmd_is_short(server):
    protocol = server.protocol()
    shell = protocol.open_shell()
    command = protocol.run_command(shell, "powershell.exe", ["-EncodedCommand", "A" * 8191])
    out, err, code = protocol.get_command_output(shell, command)
    assert (out, err, code) == (b"", b"The command line is too long.\r\n", 1)
    (line,) = server.world.transcript.lines()
    assert (line["cmdlet"], line["outcome"]) == ("powershell.exe", "too long")


# --- what runs: one command, one script


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("ipconfig", ["/all"]),
        ("powershell.exe", ["-Command", "Restart-Computer"]),
        (
            "powershell.exe",
            ["-EncodedCommand", base64.b64encode("Remove-Item C:\\ CANARY".encode("utf-16-le")).decode()],
        ),
        ("powershell.exe", ["-EncodedCommand", LOADER_BASE64, "; ipconfig"]),
        ("cmd.exe", ["/c", "powershell.exe", *ARGUMENTS, "-EncodedCommand", LOADER_BASE64]),
        ("powershell.exe", ["-File", "x.ps1", "-EncodedCommand", LOADER_BASE64]),
    ],
)
def test_any_other_command_reaches_only_the_transcript(server, command, arguments):
    protocol = server.protocol()
    shell = protocol.open_shell()
    identifier = protocol.run_command(shell, command, arguments)
    out, err, code = protocol.get_command_output(shell, identifier)
    assert (out, code) == (b"", 1)
    assert b"nothing but" in err
    (line,) = server.world.transcript.lines()
    assert (line["cmdlet"], line["outcome"], line["write"]) == (command, "refused", False)
    assert "CANARY" not in str(line) and "Restart" not in str(line)
    assert server.counts["powershell_starts"] == 0


def test_any_other_first_line_reaches_only_the_transcript(server):
    warm = Warm(server.protocol())
    warm.send(base64.b64encode(b"Restart-Computer -Force") + b"\nnonce\n")
    with pytest.raises(EOFError, match="1"):
        warm.frame()
    assert [line["outcome"] for line in server.world.transcript.lines()] == ["refused"]


# --- hostile requests


def envelope(action: str = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Create", body: str = "", **headers) -> str:
    resource = headers.pop("resource", soap.CMD_SHELL)
    more = "".join(f"<w:{name}>{value}</w:{name}>" for name, value in headers.items())
    return (
        f'<s:Envelope xmlns:s="{soap.S}" xmlns:a="{soap.A}" xmlns:w="{soap.W}" xmlns:rsp="{soap.RSP}"><s:Header>'
        f"<a:Action>{action}</a:Action><a:MessageID>uuid:1</a:MessageID><w:ResourceURI>{resource}</w:ResourceURI>"
        f"{more}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    )


SHELL = "<rsp:Shell><rsp:InputStreams>stdin</rsp:InputStreams></rsp:Shell>"
DOCTYPE = '<!DOCTYPE s [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'


def test_the_envelope_of_these_tests_is_a_good_one(server):
    assert server.post(envelope(body=SHELL)).status_code == 200


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (DOCTYPE + envelope(body="&b;"), 2150858817),
        (envelope(body=SHELL).encode("utf-16"), 2150858817),
        ('<?xml version="1.0" encoding="utf-7"?>' + DOCTYPE + envelope(body=SHELL), 2150858817),
        ("<s", 2150858817),
        (b"\xff\xfe\x00", 2150858817),
        ("<a/>", 2150858817),
        (envelope(body="<x/>" * 3000), 2150858817),
        ("<a>" * 100_000, 2150858817),
        (envelope(), 2150858817),
        (envelope(action="http://schemas.xmlsoap.org/ws/2004/09/transfer/Put"), 2150858753),
        (envelope(body=SHELL, resource="http://schemas.microsoft.com/powershell/Microsoft.PowerShell"), 2150858752),
        (envelope(body=SHELL + " " * 513_000), 2150858825),
    ],
    ids=[
        "document type", "utf-16", "declared encoding", "torn", "bytes", "no envelope", "many elements", "deep",
        "no shell", "unknown action", "PSRP", "too large",
    ],
)  # fmt: skip
def test_bad_envelopes_are_answered_with_a_fault(server, body, code):
    started = time.monotonic()
    response = server.post(body)
    assert time.monotonic() - started < 2
    assert response.status_code == 500
    assert f'Code="{code}"' in response.text
    assert len(server.service.shells) == 0


def test_a_client_that_takes_no_more_than_a_tiny_envelope(server):
    warm = Warm(server.protocol()).begin()
    text = envelope(
        action=f"{soap.RSP}/Receive",
        body=f'<rsp:Receive><rsp:DesiredStream CommandId="{warm.command}">stdout</rsp:DesiredStream></rsp:Receive>',
        MaxEnvelopeSize="1000",
        SelectorSet=f'<w:Selector Name="ShellId">{warm.shell}</w:Selector>',
    )
    assert 'Code="2150858823"' in server.post(text).text


def test_an_identify_request(server):
    text = f'<s:Envelope xmlns:s="{soap.S}" xmlns:i="{soap.IDENTITY}"><s:Header/><s:Body><i:Identify/></s:Body></s:Envelope>'
    assert "Microsoft Corporation" in server.post(text).text


def test_sizes_are_limited_before_anyone_has_signed_in(server):
    """What is too large is not read: the client hears of it, or finds the connection closed under its hands."""
    started = time.monotonic()
    with session() as client:
        try:
            response = client.post(server.https, data=b"x" * 8_000_000, verify=str(server.ca), timeout=10)
        except requests.exceptions.ConnectionError:
            pass
        else:
            assert response.status_code == 413
    assert time.monotonic() - started < 1


def test_a_dripped_envelope_is_parsed_once_and_in_time(server):
    """A parser that is fed in drips takes quadratic time: this one waits for the end, within the limit."""
    text = envelope(body=SHELL.replace("stdin", "x" * 480_000)).encode()
    head = (
        f"POST /wsman HTTP/1.1\r\nHost: x\r\nContent-Length: {len(text)}\r\nConnection: close\r\n"
        f"Authorization: Basic {base64.b64encode(b'lyncadmin:' + PASSWORD.encode()).decode()}\r\n\r\n"
    )
    context = ssl.create_default_context(cafile=str(server.ca))
    with (
        socket.create_connection(("127.0.0.1", server.endpoint.https_port), timeout=5) as raw,
        context.wrap_socket(raw, server_hostname="127.0.0.1") as connection,
    ):
        started = time.monotonic()
        connection.sendall(head.encode())
        for i in range(0, len(text), 1000):
            connection.sendall(text[i : i + 1000])
        assert b" 200 " in connection.recv(4096).split(b"\r\n")[0]
        assert time.monotonic() - started < 1


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        (b"POST /wsman HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", b"411"),
        (b"POST /wsman HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n", b"413"),
        (b"POST /wsman HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", b"411"),
        (b"POST /other HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", b"404"),
        (b"GET /wsman HTTP/1.1\r\nHost: x\r\n\r\n", b"405"),
        (b"POST /wsman HTTP/1.1\r\n" + b"X: " + b"y" * 70_000 + b"\r\n\r\n", b"431"),
        (b"POST /wsman HTTP/1.1\r\nAuthorization: Negotiate !!!\r\nContent-Length: 0\r\n\r\n", b"401"),
        (b"POST /wsman HTTP/1.1\r\nAuthorization: Negotiate TlRMTVNTUAADAAAA\r\nContent-Length: 0\r\n\r\n", b"401"),
        (b"POST /wsman HTTP/1.1\r\nAuthorization: CredSSP AAAA\r\nContent-Length: 0\r\n\r\n", b"401"),
    ],
    ids=["chunked", "huge", "negative", "other path", "GET", "header", "token", "torn NTLM", "torn CredSSP"],
)
def test_bad_http_is_refused_and_survived(server, request_text, status):
    with socket.create_connection(("127.0.0.1", server.endpoint.http_port), timeout=5) as connection:
        connection.sendall(request_text)
        assert status in connection.recv(4096).split(b"\r\n")[0]
    assert server.post(envelope(body=SHELL)).status_code == 200


def test_silent_clients_stop_nobody(limited):
    server = limited(max_connections=4)
    silent = [socket.create_connection(("127.0.0.1", server.endpoint.https_port)) for _ in range(3)]
    assert server.post(envelope(body=SHELL)).status_code == 200
    more = [socket.create_connection(("127.0.0.1", server.endpoint.https_port)) for _ in range(3)]
    more[-1].settimeout(5)
    assert more[-1].recv(1) == b""  # there are enough of them
    for connection in silent + more:
        connection.close()


def test_a_defect_of_the_lab_is_answered(server, monkeypatch):
    monkeypatch.setattr(server.service, "_perform", lambda *_: 1 // 0)
    with pytest.raises((WSManFaultError, winrm.exceptions.WinRMTransportError)) as caught:
        server.protocol().open_shell()
    assert "ZeroDivisionError" in str(caught.value.reason)
