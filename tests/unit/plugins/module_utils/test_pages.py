# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Long collections page by page: from the frames of a host to a module, and what an error on the way makes of them."""

from __future__ import annotations

import json
import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import Change, Cmdlet, Effect, Query
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.collections import properties_of
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import (
    BadAnswer,
    CmdletFailed,
    InDoubt,
    InvalidRequest,
)
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.performer import PAGE, Reply
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.session import (
    DirectTransport,
    Session,
    SocketTransport,
)
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users.listing import UserRow, read_users, users
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils._frames import Collector, End, Rows
from ansible_collections.lync.xmpp_migration.tests.unit.doubles import ServerError
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.lync_people import (
    OLD,
    People,
    estate,
    sip,
    user,
)

QUERY = Query("user", properties=("SipAddress", "RegistrarPool", "Guid"))


@pytest.fixture
def bench(tmp_path: Path) -> People:
    return People(tmp_path, estate(*(user(n) for n in range(2 * PAGE + 7))))


def connected(bench: People, check: bool = False) -> Session:
    context = bench.context("fe2013", check=check)
    return Session(DirectTransport(bench.performer(bench.hosts["fe2013"], context)), context)


def test_all_rows_come_in_pages(bench: People) -> None:
    pages = list(connected(bench).pages(QUERY))
    assert [len(one) for one in pages] == [PAGE, PAGE, 7]
    assert pages[0][0] == [sip(0), OLD, "guid-0"] and properties_of(QUERY) == QUERY.properties
    rows = list(users(connected(bench), QUERY))
    assert rows[3] == {"SipAddress": sip(3), "RegistrarPool": OLD, "Guid": "guid-3"} and rows[3].get("Enabled") is None
    assert rows[0]["RegistrarPool"] is rows[1000]["RegistrarPool"], "what many have in common is kept once"
    assert isinstance(rows[0], UserRow) and not hasattr(rows[0], "__dict__")


def test_a_plan_is_seen_through_the_pages(bench: People) -> None:
    seer = connected(bench, check=True)
    moved, new = sip(PAGE + 1), sip("new")
    seer.change(*(
        Change(Cmdlet("Set-CsUser", {"Identity": one}), one, (Effect("user", "organisation", one, {"ExternalAccessPolicy": "x"}),))
        for one in (moved, new)
    ))  # fmt: skip
    rows = list(users(seer, Query("user", properties=("SipAddress", "ExternalAccessPolicy"))))
    assert [one["SipAddress"] for one in rows if one["ExternalAccessPolicy"]] == [moved, new] and len(rows) == 2 * PAGE + 8


def test_only_whole_collections_are_read_so(bench: People) -> None:
    for query in (Query("user", sip(1)), Query("local_topology_document")):
        with pytest.raises(InvalidRequest, match="page by page"):
            list(connected(bench).pages(query))


class Half:
    """A shell that gives some rows, and then an error."""

    def __init__(self, bench: People) -> None:
        self._shell = bench.hosts["fe2013"]
        self.hello, self.scope = self._shell.hello, self._shell.scope
        self.streamed = 0

    def request(self, calls: list[dict[str, Any]], seconds: float) -> Reply:
        return self._shell.request(calls, seconds)

    def stream(self, calls: list[dict[str, Any]], seconds: float, take: Any) -> Reply:
        self.streamed += 1
        take(0, [[sip(1), OLD, "guid-1"]])
        end = {"ok": False, "call": 0, "count": 1, "errors": [ServerError("ProcessingFailed").record], "warnings": []}
        return Reply([[]], [end])


def test_half_an_answer_is_none(bench: People) -> None:
    taken: list[Any] = []

    class Taker:
        def take(self, row: Any) -> None:
            taken.append(row["SipAddress"])

    context = bench.context("fe2013")
    shell = Half(bench)
    reader = Session(DirectTransport(bench.performer(shell, context)), context)
    with pytest.raises(CmdletFailed, match="ProcessingFailed"):
        read_users(reader, QUERY, Taker)
    assert shell.streamed == 1


# --- the socket


@pytest.fixture
def daemon() -> Iterator[Any]:
    """A daemon that answers each line with the lines that it was given for it."""
    directory = tempfile.mkdtemp(prefix="p", dir="/tmp")
    path = os.path.join(directory, "socket")
    server = socket.socket(socket.AF_UNIX)
    before = os.umask(0o077)
    server.bind(path)
    os.umask(before)
    server.listen(4)
    answers: list[list[bytes]] = []

    def serve() -> None:
        while True:
            try:
                end, _peer = server.accept()
            except OSError:
                return
            with end, end.makefile("rwb") as stream:
                for _line in stream:
                    said = b"".join(answers.pop(0))
                    try:
                        stream.write(said.removesuffix(GONE))
                        stream.flush()
                    except OSError:
                        break
                    if said.endswith(GONE):
                        break

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield path, answers
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join(5)
    shutil.rmtree(directory)


GONE = b"(gone)"


def lines(*answers: Any) -> list[bytes]:
    return [json.dumps(one).encode() + b"\n" for one in answers]


def test_pages_over_a_socket_end_with_the_answer(daemon: Any) -> None:
    path, answers = daemon
    transport = SocketTransport(path)
    answers += [lines({"page": [[1]]}, {"page": [[2]]}, {"errors": [], "warnings": []}), lines({"scope": "x"})]
    pages = transport.stream({"op": "pages"})
    assert [next(pages), next(pages)] == [[[1]], [[2]]]
    with pytest.raises(StopIteration) as ended:
        next(pages)
    assert ended.value.value == {"errors": [], "warnings": []} and transport.perform({"op": "hello"}) == {"scope": "x"}


def test_who_does_not_hear_the_pages_out_is_not_given_them_for_another_answer(daemon: Any) -> None:
    path, answers = daemon
    transport = SocketTransport(path)
    answers += [lines({"page": [[1]]}, {"page": [[2]]}, {"errors": []}), lines({"scope": "x"})]
    pages = transport.stream({"op": "pages"})
    next(pages)
    pages.close()
    assert transport.perform({"op": "hello"}) == {"scope": "x"}


def test_errors_behind_pages(daemon: Any) -> None:
    path, answers = daemon
    transport = SocketTransport(path)
    answers += [lines({"page": [[1]]}, {"error": BadAnswer("no").to_json()}), [*lines({"page": [[1]]}), b'{"pa', GONE]]
    with pytest.raises(BadAnswer):
        list(transport.stream({"op": "pages"}))
    with pytest.raises(InDoubt, match="went away"):
        list(transport.stream({"op": "pages"}))


# --- frames


def test_rows_are_given_away_and_still_counted() -> None:
    taken: list[Any] = []
    call = {"cmdlet": "Get-CsUser", "properties": ["a"]}
    values = {"count": 3, "error_count": 0, "errors": [], "warnings": []}
    collector = Collector(1, [call], take=lambda number, rows: taken.extend(rows))
    collector.take(Rows(1, 0, [["x"], ["y"]]))
    with pytest.raises(BadAnswer, match="counts 3 rows, 2 arrived"):
        collector.take(End(1, 0, True, values))
    collector = Collector(1, [call], take=lambda number, rows: taken.extend(rows))
    collector.take(Rows(1, 0, [["x"], ["y"]]))
    collector.take(End(1, 0, True, {**values, "count": 2}))
    assert taken == [["x"], ["y"]] * 2 and collector.rows == [[]]


def test_many_answers_are_waited_for_and_few_are_not() -> None:
    calls = [{"cmdlet": "Move-CsUser"}] * 100
    collector = Collector(1, calls)
    assert collector.pause() == 0
    end = {"count": 0, "error_count": 0, "errors": [], "warnings": []}
    for number in range(85):
        collector.take(End(1, number, True, end))
        assert 0 <= collector.pause() <= 0.2 and (number < 81 or collector.pause() == 0)
