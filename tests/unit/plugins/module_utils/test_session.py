# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Session: what a module sees of a host."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import (
    Change,
    Cmdlet,
    Effect,
    Evidence,
    HashFile,
    Query,
)
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.context import Context
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import (
    CmdletFailed,
    InDoubt,
    NeverRan,
    NoSession,
    NotReady,
    Refused,
    RemoteError,
    StateError,
    Unreachable,
)
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.session import (
    SLICE,
    Session,
    SocketTransport,
    session_of,
)
from ansible_collections.lync.xmpp_migration.tests.unit.doubles import Bench, Estate, ServerError


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, Estate(allowed_domain=[{"Identity": "a.test", "Domain": "a.test"}]))


def allow(domain: str) -> Change:
    return Change(
        Cmdlet("New-CsAllowedDomain", {"Identity": domain}),
        f"allowed domain {domain}",
        (Effect("allowed_domain", "organisation", domain, {"Identity": domain}),),
    )


def test_reading_by_name_or_query(bench: Bench) -> None:
    session = bench.session()
    assert session.scope == "pool2013.contoso.test" and session.hello["computer"] == "POOL2013" and not session.check
    ((row,), rows) = session.read("allowed_domain", Query("allowed_domain", "none"))
    assert row["Identity"] == "a.test" and rows == []


def test_a_change_that_fails_is_an_error_with_object_server_and_what_to_do(bench: Bench) -> None:
    with pytest.raises(CmdletFailed) as caught:
        bench.session().change(allow("a.test"))
    text = caught.value.text
    assert text.startswith(
        "allowed domain a.test: New-CsAllowedDomain on fe2013 did not succeed: AlreadyExists (Resource"
    )
    assert "größe 配置" in text and "run the task again" in text
    assert caught.value.errors[0].name == "AlreadyExists" and caught.value.call["cmdlet"] == "New-CsAllowedDomain"


def test_outcomes_can_be_tolerated(bench: Bench) -> None:
    session = bench.session()
    bad, good = session.change(allow("a.test"), allow("b.test"), tolerate=True)
    assert isinstance(bad["errors"][0], RemoteError) and good["ok"] and good["object"] == "allowed domain b.test"
    assert [one["cmdlet"] for one in session.calls] == ["New-CsAllowedDomain"] * 2
    assert session.change() == []


def test_what_was_not_reached_says_so(bench: Bench) -> None:
    shell = bench.hosts["fe2013"]
    original = shell.request
    shell.request = lambda calls, seconds: original([{**calls[0], "stop_on_error": True}, *calls[1:]], seconds)  # type: ignore
    second = bench.session().change(allow("a.test"), allow("b.test"), tolerate=True)[1]
    assert (second["ok"], second["ran"]) == (False, False)


def test_only_calls_that_were_made_or_may_have_been_are_listed(bench: Bench) -> None:
    session = bench.session()
    gone = Change(
        Cmdlet("Remove-CsAllowedDomain", {"Identity": "a.test"}),
        "a",
        (Effect("allowed_domain", "organisation", "a.test", None),),
    )
    with pytest.raises(Refused):
        session.change(gone)
    assert session.calls == []

    def drop(calls: Any, seconds: float) -> Any:
        raise InDoubt("dropped")

    bench.hosts["fe2013"].request = drop  # type: ignore[method-assign]
    with pytest.raises(InDoubt):
        session.change(allow("b.test"))
    assert [one["cmdlet"] for one in session.calls] == ["New-CsAllowedDomain"]


def test_effects_are_scoped_by_the_session(bench: Bench) -> None:
    session = bench.session("edge2013")
    assert session.effect("certificate_use", "Default", {}).scope == "edge2013.contoso.test"
    assert session.effect("xmpp_partner", "a", None).scope == "organisation"


def test_a_host_without_session_is_its_inventory_name_in_check_mode(tmp_path: Path) -> None:
    context = Context(str(tmp_path / "s"), "r", "edge2013", check=True)
    session = session_of(context)
    assert session.scope == "edge2013" and session.hello == {} and session.read("xmpp_partner") == [[]]
    with pytest.raises(NoSession):
        session_of(Context(str(tmp_path / "s"), "r", "edge2013")).read("xmpp_partner")


def test_evidence_and_notes(bench: Bench) -> None:
    session = bench.session()
    session.record(Evidence("users_homed", "organisation"))
    session.note("window begins", by="ann")
    assert [(e["kind"], e.get("by")) for e in bench.journal()] == [("evidence", None), ("note", "ann")]


# --- files


def test_a_file_goes_there_in_slices_and_comes_back(bench: Bench) -> None:
    session, content = bench.session(), os.urandom(2 * SLICE + 5)
    assert session.write_file("C:\\größe x.zip", content) is True
    assert [one[0] for one in bench.writes] == ["file.write"] * 3
    assert session.read_file("C:\\größe X.zip") == content
    assert session.write_file("C:\\größe x.zip", content) is False and len(bench.writes) == 3
    assert session.write_file("C:\\größe x.zip", b"") is True and session.read_file("C:\\größe x.zip") == b""


def test_a_file_is_planned_in_check_mode(bench: Bench) -> None:
    session = bench.session(check=True)
    assert session.write_file("C:\\new.zip", b"CANARY-file") is True
    assert bench.writes == [] and b"CANARY" not in (bench.state_dir / "runs/run-1/plan.ndjson").read_bytes()
    bench.hosts["fe2013"].handlers["Get-Item"] = lambda shell, parameters: []
    ((row,),) = session.read(Query("file", "C:\\new.zip"))
    assert row["Length"] == 11


def test_a_missing_file_is_an_error(bench: Bench) -> None:
    with pytest.raises(CmdletFailed, match="cannot be read"):
        bench.session().read_file("C:\\none")
    (answer,) = bench.session().call(HashFile("C:\\none"))
    assert not answer["ok"] and answer["errors"][0].name == "FileNotFoundException"


def test_five_megabytes_go_there_and_back_in_few_requests(bench: Bench) -> None:
    """Requests of the session and calls on the wire are counted by what carries them."""
    shell, sizes = bench.hosts["fe2013"], []  # type: Any, list[int]
    request = shell.request

    def counted(calls: list[dict[str, Any]], seconds: float) -> Any:
        sizes.append(len(json.dumps({"id": 1, "calls": calls})))
        return request(calls, seconds)

    shell.request = counted
    session, content = bench.session(), os.urandom(5 * 2**20)
    path = "C:\\" + "\u00e4" * 235  # the longest path, in letters that JSON makes longer
    assert session.write_file(path, content) is True
    assert session.read_file(path) == content
    assert len(sizes) <= 20 and max(sizes) <= 1_000_000


def test_a_byte_that_was_changed_on_the_way_is_found(bench: Bench) -> None:
    shell, content = bench.hosts["fe2013"], os.urandom(2 * SLICE)
    request = shell.request

    def spoilt(calls: list[dict[str, Any]], seconds: float) -> Any:
        reply = request(calls, seconds)
        if any("write" in call for call in calls):
            held = shell.files["c:\\a"]
            shell.files["c:\\a"] = held[:100] + bytes([held[100] ^ 1]) + held[101:]
        return reply

    shell.request = spoilt  # an even number of slices puts the byte right again: three make it wrong
    with pytest.raises(CmdletFailed, match="does not have the content that was written"):
        bench.session().write_file("C:\\a", content + b"x")

    shell.request = request
    bench.session().write_file("C:\\a", content)
    slices = 0

    def changed(calls: list[dict[str, Any]], seconds: float) -> Any:
        nonlocal slices
        reply = request(calls, seconds)
        slices += 1
        if slices == 1:
            shell.files["c:\\a"] = content[:-1] + bytes([content[-1] ^ 1])
        return reply

    shell.request = changed
    with pytest.raises(CmdletFailed, match="was changed while it was read"):
        # the first slice is of the file before, so what is read together is neither
        shell.files["c:\\a"] = bytes([content[0] ^ 1]) + content[1:]
        bench.session().read_file("C:\\a")


def test_a_file_that_is_too_large_or_changes_is_an_error(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.hosts["fe2013"].files["c:\\a"] = b"x" * 10
    with pytest.raises(CmdletFailed, match="more than 5"):
        bench.session().read_file("C:\\a", limit=5)
    session = bench.session()
    asked = session.call

    def changed_between(*calls: Any, **more: Any) -> Any:
        answers = asked(*calls[:1], **more)
        bench.hosts["fe2013"].files["c:\\a"] = b"y" * 10
        return [*answers, *asked(*calls[1:], **more)]

    monkeypatch.setattr(session, "call", changed_between)
    with pytest.raises(CmdletFailed, match="changed while"):
        session.read_file("C:\\a")


# --- waiting


class Clock:
    def __init__(self) -> None:
        self.now, self.slept = 0.0, []  # type: tuple[float, list[float]]

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def waiting(bench: Bench, clock: Clock, *, check: bool = False) -> Session:
    context = bench.context(check=check)
    return Session(bench.connect(context)("fe2013"), context, clock=lambda: clock.now, sleep=clock.sleep)


def test_waiting_ends_with_the_first_something(bench: Bench) -> None:
    clock, answers = Clock(), iter([None, [], ["row"]])
    assert waiting(bench, clock).wait(lambda: next(answers), 60, 5) == ["row"] and clock.slept == [1, 2]


def test_waiting_ends_with_a_sentence(bench: Bench) -> None:
    clock = Clock()
    with pytest.raises(NotReady, match=r"The replica of edge2013 has not come true on fe2013 within 12 s"):
        waiting(bench, clock).wait(lambda: None, 12, 5, "The replica of edge2013")
    assert clock.slept == [1, 2, 4, 5], "soon at first, then ever more seldom"


def test_a_planned_wait_is_instant(bench: Bench) -> None:
    clock = Clock()
    assert waiting(bench, clock, check=True).wait(lambda: None, 600) is None and clock.slept == []


# --- the socket


class Daemon(threading.Thread):
    """Answers each line with the next of its replies; None = hang up."""

    def __init__(self, path: Path, replies: list[Any]) -> None:
        super().__init__(daemon=True)
        self.replies, self.requests = replies, []  # type: tuple[list[Any], list[Any]]
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(path))
        path.chmod(0o600)
        self.socket.listen()

    def run(self) -> None:
        connection = self.socket.accept()[0]
        with connection, connection.makefile("rwb") as stream:
            for reply in self.replies:
                self.requests.append(json.loads(stream.readline()))
                if reply is None:
                    return
                stream.write(json.dumps(reply).encode() + b"\n")
                stream.flush()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    directory = tmp_path / "d"
    directory.mkdir(mode=0o700)
    yield directory / "s"


def test_a_request_is_a_line_there_and_back(place: Path, tmp_path: Path) -> None:
    daemon = Daemon(
        place,
        [{"hello": {"computer": "X"}, "scope": "x"}, {"results": [{"rows": [], "errors": [], "warnings": ["w"]}]}],
    )
    daemon.start()
    context = Context(str(tmp_path), "r", "h", role="role", groups={"g": ("m",)}, sockets={"h": str(place)})
    session = session_of(context)
    assert session.scope == "x" and session.read("pool") == [[]] and session.warnings == ["w"]
    assert daemon.requests[1]["op"] == "read" and daemon.requests[1]["context"]["role"] == "role"
    assert daemon.requests[1]["context"]["groups"] == {"g": ["m"]}


def test_an_error_of_the_daemon_keeps_its_type(place: Path) -> None:
    Daemon(place, [{"error": Unreachable("The host is down.").to_json()}]).start()
    with pytest.raises(Unreachable, match="is down"):
        SocketTransport(str(place)).perform({"op": "hello"})


def test_a_daemon_that_goes_away_leaves_a_doubt(place: Path) -> None:
    Daemon(place, [None]).start()
    with pytest.raises(InDoubt):
        SocketTransport(str(place)).perform({"op": "hello"})


def test_no_daemon_never_ran_anything(place: Path) -> None:
    with pytest.raises(NeverRan):
        SocketTransport(str(place)).perform({"op": "hello"})
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(place))
    listener.close()
    place.chmod(0o600)
    with pytest.raises(NeverRan):
        SocketTransport(str(place)).perform({"op": "hello"})


@pytest.mark.parametrize("mode", [0o777, 0o750])
def test_a_socket_that_others_could_have_planted_gets_no_byte(place: Path, mode: int) -> None:
    daemon = Daemon(place, [{}])
    place.parent.chmod(mode)
    with pytest.raises(StateError, match="somebody else"):
        SocketTransport(str(place)).perform({"secret": "CANARY"})
    place.parent.chmod(0o700)
    place.chmod(0o666)
    with pytest.raises(StateError):
        SocketTransport(str(place)).perform({"secret": "CANARY"})
    place.unlink()
    place.symlink_to("/dev/null")
    with pytest.raises(StateError):
        SocketTransport(str(place)).perform({"secret": "CANARY"})
    assert daemon.requests == []


def test_a_shell_error_reaches_the_module_typed(bench: Bench) -> None:
    bench.hosts["fe2013"].failures["Get-CsPool"] = ServerError("ProcessingFailed")
    with pytest.raises(CmdletFailed, match=r"Get-CsPool failed on pool2013\.contoso\.test: ProcessingFailed"):
        bench.session().read("pool")
