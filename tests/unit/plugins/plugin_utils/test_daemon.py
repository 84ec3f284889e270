# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The session daemon: in this process over a server in memory, and as the process that it is."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import (
    Change,
    Cmdlet,
    Secret,
    change_to_json,
    to_json,
)
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import (
    InDoubt,
    InvalidRequest,
    NeverRan,
    NotReady,
    Refused,
    Unreachable,
)
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.journal import entries
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.session import SocketTransport
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils import _client, _daemon, _runtime
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils._claim import claim
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils._daemon import Daemon
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils._guard import Guard
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils._runtime import Process, Run
from fake_winrs import Process as HostProcess
from fake_winrs import Server, ended

PASSWORD = "CANARY-password"
OPTIONS = {"remote_addr": "pool2013", "port": 5986, "remote_user": "admin", "remote_password": PASSWORD}


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="d", dir="/tmp"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(path))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def server() -> Server:
    return Server(module="Lync")


@pytest.fixture
def run() -> Run:
    return Run.current()


def settings(run: Run, home: Path, **more: Any) -> dict[str, Any]:
    return {
        "options": OPTIONS,
        "extras": {},
        "mode": "warm",
        "digest": "one",
        "context": {"state_dir": str(home / "state"), "run": run.name, "host": "fe"},
        "socket": run.socket("key"),
        "owner": [run.owner.pid, run.owner.started],
        **more,
    }


@pytest.fixture
def daemon(server: Server, run: Run, home: Path) -> Iterator[Daemon]:
    one = Daemon(settings(run, home), connect=lambda options, extras: server.connect())
    listening = _runtime.listen(one.socket)
    thread = threading.Thread(target=one.serve, args=(listening,), daemon=True)
    thread.start()
    yield one
    one.ending = True
    thread.join(20)
    listening.close()
    if one._claim is not None:
        os.close(one._claim)
    assert not thread.is_alive() and not server.shells


def attach(daemon: Daemon, guard: Guard | None = None, digest: str = "one", **more: Any) -> dict[str, Any]:
    guard = guard or Guard("pool2013", "10.0.0.1")
    return _client.ask(daemon.socket, {"op": "attach", "digest": digest, "guard": guard.to_json(), "open": True, **more})


def read(value: Any) -> dict[str, Any]:
    return {"op": "call", "calls": [to_json(Cmdlet("Get-Echo", {"Value": value}, ("Value",)))]}


def write(host: str = "pool2013", check: bool = False, **parameters: Any) -> dict[str, Any]:
    change = Change(Cmdlet("Set-CsThing", {"Identity": "one", **parameters}), "thing one")
    return {"op": "change", "check": check, "changes": [change_to_json(change)], "context": {"host": host}}


def kinds(home: Path) -> list[str]:
    return [one["kind"] for one in entries(home / "state")] if (home / "state").exists() else []


# --- messages


def test_attach_greets_and_counts(daemon: Daemon) -> None:
    reply = attach(daemon)
    assert reply["hello"]["computer"] == "POOL2013"
    assert (reply["starts"], reply["renewals"], reply["open"], reply["mode"]) == (1, [], True, "warm")
    assert attach(daemon)["starts"] == 1


def test_attach_need_not_open(daemon: Daemon, server: Server) -> None:
    assert attach(daemon, open=False) == {}
    inspected = _client.ask(daemon.socket, {"op": "inspect"})
    assert (inspected["hello"], inspected["open"], inspected["starts"]) == (None, False, 0)
    assert server.starts == 0


def test_the_modules_transport_speaks_the_same(daemon: Daemon) -> None:
    attach(daemon)
    transport = SocketTransport(daemon.socket)
    assert transport.perform(read("x"))["replies"][0]["rows"] == [{"Value": "x"}]
    assert transport.perform({"op": "hello"})["scope"] == "pool2013.contoso.test"
    with pytest.raises(InvalidRequest):
        transport.perform({"op": "destroy"})
    assert transport.perform(read("y"))["replies"][0]["ok"], "an error does not end the conversation"


def test_changed_options_open_the_session_anew(daemon: Daemon, server: Server, run: Run, home: Path) -> None:
    attach(daemon)
    assert attach(daemon, digest="two") == {"changed": True}
    assert server.starts == 1, "not before the new options are told"
    reply = attach(daemon, digest="two", settings=settings(run, home, digest="two", mode="one_shot"))
    assert reply["mode"] == "one_shot" and server.starts > 1
    assert attach(daemon, digest="two")["open"]


def test_renewals(daemon: Daemon) -> None:
    attach(daemon)
    reply = _client.ask(daemon.socket, {"op": "renew", "reason": "module_path"})
    assert (reply["starts"], [one["reason"] for one in reply["renewals"]]) == (2, ["module_path"])
    with pytest.raises(InvalidRequest):
        _client.ask(daemon.socket, {"op": "renew", "reason": "boredom"})


def test_a_module_has_the_process_left(daemon: Daemon, server: Server) -> None:
    attach(daemon)
    transport = SocketTransport(daemon.socket)
    assert transport.perform({"op": "leave", "reason": "host_restarted"}) == {}
    assert not server.shells
    assert transport.perform(read("x"))["replies"][0]["rows"] == [{"Value": "x"}]
    inspected = _client.ask(daemon.socket, {"op": "inspect"})
    assert [one["reason"] for one in inspected["renewals"]] == ["host_restarted"]
    with pytest.raises(InvalidRequest):
        transport.perform({"op": "leave", "reason": "boredom"})


def test_host_output_is_told_once(daemon: Daemon, server: Server) -> None:
    def noisy(process: HostProcess, number: int, index: int, call: dict[str, Any]) -> dict[str, Any]:
        process.print(b"Hallo\n")
        process.frame({"id": number, "call": index, "rows": [[1]]})
        return ended(1)

    server.cmdlets["Get-Echo"] = noisy
    attach(daemon)
    _client.ask(daemon.socket, read(1))
    assert _client.ask(daemon.socket, {"op": "said"}) == {"said": ["Hallo"]}
    assert _client.ask(daemon.socket, {"op": "said"}) == {"said": []}


@pytest.mark.parametrize("line", [b"[]\n", b'"x"\n', b"{}\n", b'{"op": null}\n'])
def test_messages_that_are_none(daemon: Daemon, line: bytes) -> None:
    with _runtime.connect(daemon.socket) as end, end.makefile("rwb") as stream:
        stream.write(line)
        stream.flush()
        assert json.loads(stream.readline())["error"]["kind"] == "invalid_request"


def test_a_message_that_is_no_json_ends_the_conversation_only(daemon: Daemon) -> None:
    with _runtime.connect(daemon.socket) as end, end.makefile("rwb") as stream:
        stream.write(b"{\n")
        stream.flush()
        assert stream.readline() == b""
    assert attach(daemon)["open"]


def test_a_failure_tells_no_password(run: Run, home: Path) -> None:
    def connect(options: Any, extras: Any) -> Any:
        raise Unreachable(f"cannot log on with {options['remote_password']}")

    one = Daemon(settings(run, home), connect=connect)
    reply = one.answer({"op": "open"})
    assert reply["error"] == {"kind": "unreachable", "text": "cannot log on with ********"}


def test_a_defect_is_doubt_and_tells_no_password(run: Run, home: Path, server: Server) -> None:
    one = Daemon(settings(run, home), connect=lambda options, extras: server.connect())
    one.answer({"op": "open"})
    one.performer.perform = lambda request: 1 / 0 if request else PASSWORD  # type: ignore[method-assign, assignment, return-value]
    reply = one.answer(read(1))
    assert reply["error"]["kind"] == InDoubt.kind and "ZeroDivisionError" in reply["error"]["text"]
    assert not server.shells, "the process is dropped"


# --- before a change


def test_a_change_is_journalled_and_made(daemon: Daemon, server: Server, home: Path) -> None:
    attach(daemon)
    outcome = _client.ask(daemon.socket, write())["outcomes"][0]
    assert outcome["ok"] and server.calls("Set-CsThing") == 1
    assert kinds(home) == ["intent", "outcome"]


def test_the_wrong_computer_is_not_changed_but_may_be_read(daemon: Daemon, server: Server, home: Path) -> None:
    attach(daemon, Guard("edge2013", "edge2013.contoso.test"))
    with pytest.raises(Refused, match=r"pool2013\.contoso\.test answers"):
        _client.ask(daemon.socket, write("edge2013"))
    with pytest.raises(Refused):
        _client.ask(daemon.socket, write("edge2013", check=True))
    assert server.calls("Set-CsThing") == 0 and kinds(home) == []
    assert _client.ask(daemon.socket, read(1))["replies"][0]["ok"]


def test_two_names_behind_one_address(daemon: Daemon, server: Server) -> None:
    attach(daemon, Guard("fe-a", "nat", "pool2013"))
    attach(daemon, Guard("fe-b", "nat", "pool2014"))
    assert _client.ask(daemon.socket, write("fe-a"))["outcomes"][0]["ok"]
    with pytest.raises(Refused):
        _client.ask(daemon.socket, write("fe-b"))
    with pytest.raises(Refused, match="pool2014"):
        _client.ask(daemon.socket, write("a task of another host"))
    assert server.calls("Set-CsThing") == 1


def test_what_the_playbook_forbids(daemon: Daemon, server: Server) -> None:
    attach(daemon, Guard("pool2013", "x", never="strategy: free"))
    with pytest.raises(Refused, match="strategy: free"):
        _client.ask(daemon.socket, write(check=True))
    attach(daemon, Guard("pool2013", "x", not_really="execution environment"))
    assert _client.ask(daemon.socket, write(check=True))["outcomes"][0]["planned"]
    with pytest.raises(Refused, match="execution environment"):
        _client.ask(daemon.socket, write())
    assert server.calls("Set-CsThing") == 0


def test_the_first_real_change_claims_the_state_directory(daemon: Daemon, server: Server, home: Path, run: Run) -> None:
    state = str(home / "state")
    other = claim(state, "other", Process.of(os.getpid()), 0)
    attach(daemon)
    assert _client.ask(daemon.socket, write(check=True))["outcomes"][0]["planned"]
    with pytest.raises(NotReady, match="Another run"):
        _client.ask(daemon.socket, write())
    assert server.calls("Set-CsThing") == 0
    os.close(other)
    assert _client.ask(daemon.socket, write())["outcomes"][0]["ok"]
    with pytest.raises(NotReady, match=run.name):
        claim(state, "other", Process.of(os.getpid()), 0)


def test_no_secret_stays_in_the_state_directory(daemon: Daemon, home: Path) -> None:
    attach(daemon)
    _client.ask(daemon.socket, write(Password=Secret("CANARY-secret")))
    text = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert b"Set-CsThing" in text and b"CANARY" not in text


# --- one request at a time, each to its end


def slow(server: Server, gate: threading.Event) -> threading.Event:
    arrived = threading.Event()

    def wait(process: HostProcess, number: int, index: int, call: dict[str, Any]) -> dict[str, Any]:
        arrived.set()
        gate.wait(20)
        return ended()

    server.cmdlets["Set-CsThing"] = wait
    return arrived


def in_background(act: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    got: list[Any] = []

    def call() -> None:
        try:
            got.append(act())
        except Exception as exc:
            got.append(exc)

    thread = threading.Thread(target=call)
    thread.start()
    return thread, got


def test_requests_of_two_modules_are_taken_one_after_the_other(daemon: Daemon, server: Server) -> None:
    gate = threading.Event()
    arrived = slow(server, gate)
    attach(daemon)
    first, _ = in_background(lambda: _client.ask(daemon.socket, write()))
    assert arrived.wait(5)
    second, got = in_background(lambda: _client.ask(daemon.socket, read("own")))
    time.sleep(0.1)
    assert got == []
    gate.set()
    first.join(5)
    second.join(5)
    assert got[0]["replies"][0]["rows"] == [{"Value": "own"}]
    assert server.starts == 1


def test_a_module_that_dies_is_heard_to_the_end(daemon: Daemon, server: Server, home: Path) -> None:
    gate = threading.Event()
    arrived = slow(server, gate)
    attach(daemon)
    module = _runtime.connect(daemon.socket)
    module.sendall(json.dumps(write()).encode() + b"\n")
    assert arrived.wait(5)
    module.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    module.close()
    gate.set()
    assert _client.ask(daemon.socket, read("next"))["replies"][0]["rows"] == [{"Value": "next"}]
    assert kinds(home) == ["intent", "outcome"] and server.starts == 1


def test_ending_awaits_the_call_in_flight_and_takes_no_more(daemon: Daemon, server: Server, home: Path) -> None:
    gate = threading.Event()
    arrived = slow(server, gate)
    attach(daemon)
    flying, got = in_background(lambda: _client.ask(daemon.socket, write()))
    assert arrived.wait(5)
    daemon.ending = True
    late, refused = in_background(lambda: _client.ask(daemon.socket, read(1)))
    time.sleep(_daemon.HEARTBEAT + 0.2)
    assert server.shells, "the shell is there as long as the call is"
    gate.set()
    flying.join(5)
    late.join(5)
    assert got[0]["outcomes"][0]["ok"] and kinds(home) == ["intent", "outcome"]
    assert isinstance(refused[0], NeverRan)


def test_it_ends_with_the_playbook(server: Server, home: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as playbook:
        run = Run.of(Process.of(playbook.pid))
        one = Daemon(settings(run, home), connect=lambda options, extras: server.connect())
        with _runtime.listen(one.socket) as listening:
            thread = threading.Thread(target=one.serve, args=(listening,), daemon=True)
            thread.start()
            attach(one)
            assert server.shells
            playbook.kill()
            playbook.wait()
            thread.join(5)
            assert not thread.is_alive() and not server.shells


def test_a_module_that_outlives_its_playbook_gets_no_more_work(server: Server, home: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as playbook:
        run = Run.of(Process.of(playbook.pid))
        one = Daemon(settings(run, home), connect=lambda options, extras: server.connect())
        assert one.answer(read(1))["replies"]
        playbook.kill()
    # no watchdog has looked yet
    assert one.answer(read(1))["error"]["kind"] == NeverRan.kind
    one.close()


# --- movers


def moves(*numbers: int) -> list[list[Any]]:
    return [[n, change_to_json(Change(Cmdlet("Set-CsThing", {"Identity": f"n{n}"}), f"thing {n}"))] for n in numbers]


def start_movers(daemon: Daemon, movers: int, host: str = "pool2013", **more: Any) -> dict[str, Any]:
    return _client.ask(daemon.socket, {"op": "movers_start", "movers": movers, "context": {"host": host}, **more})


def poll_until(daemon: Daemon, done: Callable[[dict[str, Any]], bool], **more: Any) -> dict[str, Any]:
    deadline, finished = time.monotonic() + 10, []
    while True:
        reply = _client.ask(daemon.socket, {"op": "movers_poll", **more})
        finished += reply["finished"]
        reply["finished"] = finished
        more.pop("users", None)
        if done(reply):
            return reply
        assert time.monotonic() < deadline, reply
        time.sleep(0.02)


def test_movers_have_shells_of_their_own_and_import_the_module_once(daemon: Daemon, server: Server, home: Path) -> None:
    attach(daemon)
    start_movers(daemon, 3)
    poll_until(daemon, lambda one: one["running"] == 3)
    reply = poll_until(daemon, lambda one: len(one["finished"]) == 30, users=moves(*range(30)))
    assert all(one["ok"] for one in reply["finished"]) and server.calls("Set-CsThing") == 30
    assert (server.starts, len(server.shells), reply["starts"]) == (4, 4, 3)
    imported = [call for call in server.performed if call.get("cmdlet") == "Import-Module" and call["parameters"]["Name"] == "Lync"]
    assert len(imported) == 4
    _client.ask(daemon.socket, {"op": "movers_stop"})
    poll_until(daemon, lambda one: one["alive"] == 0)
    assert len(server.shells) == 1 and sorted(set(kinds(home))) == ["intent", "outcome"]


def test_movers_are_heard_while_the_first_powershell_is_busy(daemon: Daemon, server: Server) -> None:
    gate = threading.Event()
    arrived = slow(server, gate)
    attach(daemon)
    start_movers(daemon, 1)
    poll_until(daemon, lambda one: one["running"] == 1)
    flying, _got = in_background(lambda: _client.ask(daemon.socket, write()))
    assert arrived.wait(5)
    began = time.monotonic()
    _client.ask(daemon.socket, {"op": "movers_poll"})
    _client.ask(daemon.socket, {"op": "movers_stop"})
    assert time.monotonic() - began < 1
    gate.set()
    flying.join(5)


def test_movers_are_refused_where_a_change_is(daemon: Daemon, server: Server) -> None:
    attach(daemon, Guard("pool2013", "x", never="strategy: free"))
    with pytest.raises(Refused, match="strategy: free"):
        start_movers(daemon, 1)
    with pytest.raises(InvalidRequest):
        start_movers(daemon, 1, check=True)
    with pytest.raises(InvalidRequest):
        _client.ask(daemon.socket, {"op": "movers_poll"})


def test_ending_awaits_the_movers_too(daemon: Daemon, server: Server, home: Path) -> None:
    gate = threading.Event()
    arrived = slow(server, gate)
    attach(daemon)
    start_movers(daemon, 2)
    poll_until(daemon, lambda one: one["running"] == 2)
    _client.ask(daemon.socket, {"op": "movers_poll", "users": moves(*range(40))})
    assert arrived.wait(5)
    daemon.ending = True
    time.sleep(_daemon.HEARTBEAT + 0.2)
    assert server.shells, "the shells are there as long as the calls are"
    gate.set()
    deadline = time.monotonic() + 10
    while server.shells:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    seen = kinds(home)
    assert 0 < seen.count("intent") == seen.count("outcome") < 40


# --- the process


@pytest.fixture
def started(run: Run, home: Path) -> Iterator[tuple[str, int]]:
    """A real one. Nothing listens where its host should be."""
    with socket.socket() as end:
        end.bind(("127.0.0.1", 0))
        port = end.getsockname()[1]
    told = settings(run, home, options={**OPTIONS, "remote_addr": "127.0.0.1", "port": port, "transport": ["basic"]})
    path = run.socket("key")
    _client.start(run, path, {name: value for name, value in told.items() if name not in ("socket", "owner")})
    pid = peer(path)
    yield path, pid
    if _runtime.started(pid) is not None:
        os.kill(pid, signal.SIGKILL)


def peer(path: str) -> int:
    with _runtime.connect(path) as end:
        return int.from_bytes(end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 4), sys.byteorder)


def gone(pid: int, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while _runtime.started(pid) is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_the_process_is_hardened_and_detached(started: tuple[str, int]) -> None:
    _path, pid = started
    limits = Path(f"/proc/{pid}/limits").read_text()
    assert "Max core file size        0                    0" in limits
    status = Path(f"/proc/{pid}/status").read_text()
    assert "Umask:\t0077" in status
    # what is not dumpable belongs to root, and to nobody else's debugger
    assert Path(f"/proc/{pid}/environ").stat().st_uid == 0
    command = Path(f"/proc/{pid}/cmdline").read_bytes()
    assert b"CANARY" not in command and b"_daemon.py" in command
    assert os.getsid(pid) == pid
    assert {os.readlink(f"/proc/{pid}/fd/{number}") for number in (0, 1, 2)} == {"/dev/null"}


def test_an_unreachable_host_has_its_sentence(started: tuple[str, int]) -> None:
    with pytest.raises(Unreachable, match="refuses the connection"):
        _client.ask(started[0], {"op": "open"})


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_end_it_in_order(started: tuple[str, int], number: signal.Signals) -> None:
    path, pid = started
    os.kill(pid, number)
    assert gone(pid) and not os.path.exists(path)


def test_it_ends_when_told(started: tuple[str, int]) -> None:
    path, pid = started
    assert _client.ask(path, {"op": "close"}) == {}
    assert gone(pid) and not os.path.exists(path)


def test_a_socket_that_nobody_serves_is_replaced(started: tuple[str, int], run: Run, home: Path) -> None:
    path, pid = started
    os.kill(pid, signal.SIGKILL)
    assert gone(pid) and os.path.exists(path)
    told = settings(run, home)
    reply, new = _client.attach(run, "key", told, {"guard": Guard("fe", "x").to_json(), "open": False})
    assert new and reply == {}
    _again, new = _client.attach(run, "key", told, {"guard": Guard("fe", "x").to_json(), "open": False})
    assert not new and peer(path) != pid
    _client.ask(path, {"op": "close"})


def test_workers_that_come_together_start_one(run: Run, home: Path) -> None:
    told = settings(run, home)
    message = {"guard": Guard("fe", "x").to_json(), "open": False}
    results = [in_background(lambda: _client.attach(run, "key", told, message)) for _ in range(4)]
    for thread, _ in results:
        thread.join(30)
    assert sorted(new for _, got in results for _reply, new in got) == [False, False, False, True]
    _client.ask(run.socket("key"), {"op": "close"})


def test_one_that_cannot_start_says_why(run: Run, home: Path) -> None:
    told = {name: value for name, value in settings(run, home).items() if name != "context"}
    with pytest.raises(Exception, match=r"did not start: KeyError: 'context'"):
        _client.start(run, run.socket("key"), told)
