# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shell over real pywinrm and core's winrm plugin: each fault has one outcome, and a write happens at most once."""

from __future__ import annotations

import base64
import itertools
import json
import random
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import (
    AnswerTimeout,
    InDoubt,
    NeverRan,
    Unreachable,
)
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils import _pipe, _winrm
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils._shell import ONE_SHOT, Shell

sys.path.insert(0, str(Path(__file__).parent))
from transport_support import control, eventually, options_of, shell_of, transcript

SEALED = ["ntlm", "credssp"]
HOST, FQDN = "fe", "fe.contoso.test"
numbers = itertools.count(1)


@pytest.fixture(scope="module")
def running(lab: Any) -> Any:
    return lab("small")


@pytest.fixture(params=["basic", *SEALED])
def shell(running: Any, request: pytest.FixtureRequest) -> Iterator[Shell]:
    yield from opened(running, request.param)


@pytest.fixture(params=SEALED)
def sealed(running: Any, request: pytest.FixtureRequest) -> Iterator[Shell]:
    yield from opened(running, request.param)


@pytest.fixture
def basic(running: Any) -> Iterator[Shell]:
    yield from opened(running, "basic")


def opened(running: Any, transport: str) -> Iterator[Shell]:
    one = shell_of(running, HOST, transport)
    one.open()
    yield one
    control(running, "fault", clear=True)
    one.drop()
    assert eventually(lambda: open_shells(running) == 0), "a shell was left on the server"


def open_shells(running: Any) -> int:
    return int(control(running, "counts")["hosts"][HOST]["open_shells"])


def restart(running: Any) -> None:
    """As the last resort of an administrator: every shell is gone."""
    control(running, "fault", text=json.dumps({"do": "restart", "operation": "create", "host": FQDN}))
    with pytest.raises(Unreachable):
        shell_of(running, HOST).open()
    assert eventually(lambda: open_shells(running) == 0)


READ = {"cmdlet": "Get-CsSipDomain", "parameters": {}, "properties": ["Name"]}
ANSWER = [[["contoso.test"]]]


def write() -> tuple[dict[str, Any], str]:
    """A write that can be counted afterwards, and whose object can be looked for."""
    domain = f"partner{next(numbers)}.test"
    return {"cmdlet": "New-CsAllowedDomain", "parameters": {"Identity": domain, "Confirm": False}}, domain


def made(running: Any, domain: str) -> int:
    lines = transcript(running)
    return sum(one["cmdlet"] == "New-CsAllowedDomain" and one["parameters"].get("Identity") == domain for one in lines)


def reasons(shell: Shell) -> list[str]:
    return [one["reason"] for one in shell.renewals]


def test_one_process_and_two_requests_for_each_batch(running: Any, shell: Shell) -> None:
    before = control(running, "counts")["hosts"][HOST]
    for _ in range(10):
        assert shell.request([READ, READ], 30).rows == ANSWER * 2
    after = control(running, "counts")["hosts"][HOST]
    assert shell.starts == 1 and after["powershell_starts"] == before["powershell_starts"]
    assert after["requests"] - before["requests"] <= 21


def test_large_requests_and_answers(shell: Shell) -> None:
    content = base64.b64encode(random.Random(1).randbytes(400_000)).decode()
    path = r"C:\Windows\Temp\größe.bin"
    assert shell.request([{"file": path, "write": {"offset": 0, "bytes": content}}], 60).ends[0]["ok"]
    (end,) = shell.request([{"file": path, "read": {"offset": 0, "length": 400_000}}], 60).ends
    assert (end["size"], end["bytes"]) == (400_000, content)
    assert shell.starts == 1


def test_the_endpoint_restarts_between_requests(running: Any, shell: Shell) -> None:
    control(running, "fault", text=json.dumps({"do": "restart", "operation": "receive", "host": FQDN, "when": "before"}))
    call, domain = write()
    with pytest.raises(InDoubt):
        shell.request([call], 30)
    assert made(running, domain) == 1
    # and now it comes between them
    assert shell.request([READ], 30).rows == ANSWER
    control(running, "fault", text=json.dumps({"do": "kill_shell", "operation": "send", "host": FQDN}), clear=True)
    call, domain = write()
    assert shell.request([call], 30).ends[0]["ok"]
    assert made(running, domain) == 1 and reasons(shell) == ["after_doubt", "idle_closed"]


def test_the_shell_is_gone(running: Any, shell: Shell) -> None:
    control(running, "fault", text=json.dumps({"do": "kill_shell", "operation": "send", "host": FQDN}))
    call, domain = write()
    assert shell.request([call], 30).ends[0]["ok"]
    assert made(running, domain) == 1
    assert (shell.starts, reasons(shell)) == (2, ["idle_closed"])


def test_the_process_is_gone(running: Any, shell: Shell) -> None:
    control(running, "fault", text=json.dumps({"do": "kill_process", "operation": "send", "host": FQDN}))
    call, domain = write()
    assert shell.request([call], 30).ends[0]["ok"]
    assert made(running, domain) == 1
    assert (shell.starts, reasons(shell)) == (2, ["process_ended"])


@pytest.mark.parametrize("do", ["kill_process", "kill_shell"])
def test_the_process_dies_during_a_call(running: Any, shell: Shell, do: str) -> None:
    control(running, "fault", text=json.dumps({"do": do, "cmdlet": "New-CsAllowedDomain", "when": "after"}))
    call, domain = write()
    with pytest.raises(InDoubt):
        shell.request([call], 30)
    assert made(running, domain) == 1
    assert shell.request([READ], 30).rows == ANSWER


def test_the_connection_drops_after_a_request_arrived(running: Any, shell: Shell) -> None:
    control(running, "fault", text=json.dumps({"do": "drop", "operation": "send", "when": "after", "host": FQDN}))
    call, domain = write()
    assert shell.request([call], 30).ends[0]["ok"]
    assert made(running, domain) == 1 and shell.starts == 1
    assert shell.request([READ], 30).rows == ANSWER


def test_the_connection_drops_before_a_request_arrived(running: Any, shell: Shell) -> None:
    control(running, "fault", text=json.dumps({"do": "drop", "operation": "send", "when": "before", "host": FQDN}))
    call, domain = write()
    began = time.monotonic()
    with pytest.raises(InDoubt):
        shell.request([call], 60)
    assert made(running, domain) == 0
    assert time.monotonic() - began < 15, "doubt is told at once, not at the end of the request's time"
    assert shell.request([READ], 30).rows == ANSWER


def test_the_connection_drops_while_an_answer_is_awaited(running: Any, shell: Shell) -> None:
    control(running, "fault", text=json.dumps({"do": "delay", "cmdlet": "New-CsAllowedDomain", "seconds": 1}))
    control(running, "fault", text=json.dumps({"do": "drop", "operation": "receive", "when": "before", "host": FQDN}))
    call, domain = write()
    assert shell.request([call], 30).ends[0]["ok"]
    assert made(running, domain) == 1 and shell.starts == 1


def test_an_answer_is_lost_on_its_way(running: Any, shell: Shell) -> None:
    control(running, "fault", text=json.dumps({"do": "drop", "operation": "receive", "when": "after", "host": FQDN}))
    call, domain = write()
    with pytest.raises(InDoubt):
        shell.request([call], 60)
    assert made(running, domain) == 1
    assert shell.request([READ], 30).rows == ANSWER


def test_connections_that_the_server_closed_meanwhile(running: Any, shell: Shell) -> None:
    running.command("set", "limits.connection_idle", "0.5", "--host", HOST)
    try:
        fresh = shell_of(running, HOST, "ntlm")
        for one in (shell, fresh):
            one.request([READ], 30)
        time.sleep(1.2)
        call, domain = write()
        assert fresh.request([call], 30).ends[0]["ok"]
        assert made(running, domain) == 1 and fresh.starts == 1
        fresh.drop()
    finally:
        running.command("set", "limits.connection_idle", "120", "--host", HOST)


def test_idle_connections_under_encryption_are_replaced_before_use(
    running: Any, sealed: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_pipe, "IDLE", 0.0)
    call, domain = write()
    assert sealed.request([call], 30).ends[0]["ok"]
    assert made(running, domain) == 1 and sealed.starts == 1


def test_credentials_that_are_refused_once_under_encryption(running: Any, sealed: Shell) -> None:
    """As the server does it with a connection that it does not know any more."""
    control(running, "fault", text=json.dumps({"do": "refuse", "operation": "send", "host": FQDN}))
    call, domain = write()
    assert sealed.request([call], 30).ends[0]["ok"]
    assert made(running, domain) == 1 and sealed.starts == 1


def test_credentials_that_are_refused_for_good(running: Any, shell: Shell) -> None:
    control(running, "fault", text=json.dumps({"do": "refuse", "operation": "any", "host": FQDN, "times": 0}))
    call, domain = write()
    with pytest.raises(Unreachable, match="rejected the user name or the password"):
        shell.request([call], 30)
    assert made(running, domain) == 0
    control(running, "fault", clear=True)
    assert shell.request([READ], 30).rows == ANSWER
    assert open_shells(running) == 2, "who is not let in cannot clean up"
    shell.drop()
    restart(running)


def test_an_answer_past_the_limit(running: Any, shell: Shell) -> None:
    control(running, "fault", text=json.dumps({"do": "delay", "cmdlet": "New-CsAllowedDomain", "seconds": 4, "when": "after"}))
    call, domain = write()
    began = time.monotonic()
    with pytest.raises(AnswerTimeout):
        shell.request([call], 1)
    assert time.monotonic() - began < 3.5
    for _ in range(3):
        assert shell.request([READ], 30).rows == ANSWER, "no late answer meets another request"
    assert reasons(shell) == ["after_doubt"]
    assert made(running, domain) == 1


def test_silence_longer_than_the_operation_timeout(running: Any) -> None:
    one = shell_of(running, HOST, connection_timeout=1)
    control(running, "fault", text=json.dumps({"do": "delay", "cmdlet": "Get-CsSipDomain", "seconds": 3}))
    assert one.request([READ], 30).rows == ANSWER
    assert one.starts == 1
    one.drop()
    control(running, "fault", clear=True)


@pytest.mark.parametrize("code", [5, 995, 1359, 2150858823])
def test_a_fault_that_proves_nothing(running: Any, basic: Shell, code: int) -> None:
    control(running, "fault", text=json.dumps({"do": "fault", "operation": "send", "code": code, "host": FQDN}))
    call, _domain = write()
    with pytest.raises(InDoubt):
        basic.request([call], 30)
    assert basic.request([READ], 30).rows == ANSWER


def test_a_busy_server(running: Any, basic: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_pipe, "BUSY_PAUSES", (0.1, 0.1))
    control(running, "fault", text=json.dumps({"do": "fault", "operation": "send", "code": 170, "times": 2, "host": FQDN}))
    call, domain = write()
    assert basic.request([call], 30).ends[0]["ok"]
    assert made(running, domain) == 1 and basic.starts == 1


def test_no_more_shells(running: Any) -> None:
    control(running, "fault", text=json.dumps({"do": "fault", "operation": "create", "code": 2150859173, "host": FQDN}))
    one = shell_of(running, HOST)
    with pytest.raises(Unreachable, match="MaxShellsPerUser"):
        one.open()
    control(running, "fault", clear=True)
    assert one.open()["computer"] == "FE"
    one.drop()


def test_an_operations_quota_gets_another_shell(running: Any) -> None:
    control(running, "fault", text=json.dumps({"do": "fault", "operation": "command", "code": 2150859174, "host": FQDN}))
    one = shell_of(running, HOST)
    assert one.request([READ], 30).rows == ANSWER
    assert one.starts == 1
    one.drop()
    control(running, "fault", clear=True)


def test_noise_prompts_and_clixml_around_the_frames(running: Any, basic: Shell) -> None:
    running.fault(
        {
            "do": "noise", "cmdlet": "Get-CsSipDomain", "lines": ["WARNUNG: Größe", "~0123~eyJpZCI6MX0="],
            "prompt": "Kennwort: ", "clixml": True,
        }
    )  # fmt: skip
    reply = basic.request([READ], 30)
    assert reply.rows == ANSWER
    assert {"WARNUNG: Größe", "Kennwort:"} <= set(reply.output)


def test_an_idle_shell_that_the_server_closed(running: Any) -> None:
    running.command("set", "limits.idle_timeout", "1", "--host", HOST)
    try:
        one = shell_of(running, HOST)
        one.open()
        time.sleep(2.2)
        call, domain = write()
        running.command("set", "limits.idle_timeout", "7200", "--host", HOST)
        assert one.request([call], 30).ends[0]["ok"]
        assert made(running, domain) == 1 and reasons(one) == ["idle_closed"]
        one.drop()
    finally:
        running.command("set", "limits.idle_timeout", "7200", "--host", HOST)


def test_a_host_that_goes_away_for_good(running: Any, basic: Shell) -> None:
    control(running, "fault", text=json.dumps({"do": "restart", "operation": "send", "seconds": 3, "host": FQDN}))
    call, domain = write()
    with pytest.raises((InDoubt, Unreachable, NeverRan)):
        basic.request([call], 30)
    with pytest.raises(Unreachable, match="refuses the connection"):
        basic.request([READ], 30)
    assert made(running, domain) == 0
    assert eventually(lambda: _reads(basic))


def _reads(shell: Shell) -> bool:
    try:
        return shell.request([READ], 30).rows == ANSWER
    except Unreachable:
        time.sleep(0.3)
        return False


# --- one process for each request


def test_one_shot_over_the_wire(running: Any) -> None:
    one = shell_of(running, HOST, mode=ONE_SHOT)
    one.open()
    before = control(running, "counts")["hosts"][HOST]["powershell_starts"]
    call, domain = write()
    assert one.request([READ, call], 30).rows == [*ANSWER, []]
    assert one.request([READ], 30).rows == ANSWER
    assert control(running, "counts")["hosts"][HOST]["powershell_starts"] == before + 2
    assert made(running, domain) == 1
    control(running, "fault", text=json.dumps({"do": "kill_shell", "operation": "command", "host": FQDN}))
    assert one.request([READ], 30).rows == ANSWER, "the next one gets another shell"
    control(running, "fault", text=json.dumps({"do": "drop", "operation": "receive", "host": FQDN, "nth": 2}), clear=True)
    call, domain = write()
    assert one.request([call], 30).ends[0]["ok"]
    assert made(running, domain) == 1
    control(running, "fault", clear=True)
    one.drop()


# --- several at once


def test_shells_of_several_hosts_do_not_meet(running: Any) -> None:
    answers: dict[str, Any] = {}

    def ask(host: str) -> None:
        one = shell_of(running, host)
        for _ in range(20):
            answers.setdefault(host, set()).add(one.request([READ], 30) and one.scope)
        one.drop()

    threads = [threading.Thread(target=ask, args=(host,)) for host in ("fe", "edge")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert answers == {"fe": {"fe.contoso.test"}, "edge": {"edge.contoso.test"}}


# --- hosts that cannot be reached


@pytest.mark.parametrize("transport", ["basic", "ntlm", "credssp"])
def test_a_wrong_password(running: Any, transport: str) -> None:
    one = shell_of(running, HOST, transport, remote_password="CANARY-wrong")
    with pytest.raises(Unreachable) as caught:
        one.open()
    assert "rejected the user name or the password of CONTOSO\\lyncadmin" in caught.value.text
    assert "CANARY" not in caught.value.text


def test_an_authority_that_is_not_trusted(running: Any, tmp_path: Path) -> None:
    options, extras = options_of(running, HOST)
    extras["ansible_winrm_ca_trust_path"] = "legacy_requests"
    with pytest.raises(Unreachable, match=r"is not trusted.*ansible_winrm_ca_trust_path"):
        _winrm.connect(options, extras)


def test_proxies_of_the_environment_are_not_obeyed(running: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    one = shell_of(running, HOST)
    assert one.open()["computer"] == "FE"
    one.drop()
    options, extras = options_of(running, HOST)
    with pytest.raises(Unreachable, match="ansible_winrm_proxy"):
        _winrm.connect(options, {**extras, "ansible_winrm_proxy": "http://127.0.0.1:9"})
