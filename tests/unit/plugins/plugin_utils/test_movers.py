# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Movers: several processes of one host that move users from one queue, and how they end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import (
    AnswerTimeout,
    NeverRan,
    Unreachable,
)
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.journal import entries
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils import _movers
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils._faults import quota_reached
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils._movers import Movers
from moving_doubles import Host, move_of


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path / "state")


@pytest.fixture
def movers(host: Host) -> Iterator[Movers]:
    one = host.movers()
    yield one
    host.gate.set()
    one.close()
    assert host.open_shells == 0


def users(*numbers: int) -> list[tuple[int, dict[str, Any]]]:
    return [(number, move_of(f"sip:user{number}@contoso.test")) for number in numbers]


def until(movers: Movers, done: Callable[[dict[str, Any]], Any], wanted: int | None = None) -> dict[str, Any]:
    """Poll until it is so; the last answer, with all that was finished and given back on the way."""
    finished: list[Any] = []
    returned: list[Any] = []
    deadline = time.monotonic() + 10
    while True:
        answer = movers.poll((), wanted)
        finished += answer["finished"]
        returned += answer["returned"]
        answer = {**answer, "finished": finished, "returned": returned}
        if done(answer):
            return answer
        assert time.monotonic() < deadline, answer
        time.sleep(0.01)


def test_all_are_moved_once_and_each_has_its_lines(host: Host, movers: Movers) -> None:
    movers.start(3, {"host": "fe"})
    movers.poll(users(*range(40)))
    answer = until(movers, lambda one: len(one["finished"]) == 40)
    assert sorted(one["user"] for one in answer["finished"]) == list(range(40))
    assert all(one["ok"] and one["seconds"] == 0.5 for one in answer["finished"])
    assert len(set(host.moved)) == len(host.moved) == 40
    lines = list(entries(host.directory))
    intents = [one for one in lines if one["kind"] == "intent"]
    outcomes = {one["id"]: one for one in lines if one["kind"] == "outcome"}
    assert len(intents) == 40 and {one["id"] for one in intents} == set(outcomes)
    assert {one["before"]["RegistrarPool"] for one in intents} == {"old"}
    for intent in intents:
        before = [line.get("id") for line in lines[: lines.index(outcomes[intent["id"]])]]
        assert intent["id"] in before


def test_movers_come_and_go_as_wanted(host: Host, movers: Movers) -> None:
    movers.start(1, {})
    assert until(movers, lambda one: one["running"] == 1)["starts"] == 1
    assert until(movers, lambda one: one["running"] == 4, wanted=4)["alive"] == 4
    assert until(movers, lambda one: one["running"] == 2, wanted=2)["starts"] == 4
    assert host.open_shells == 2
    assert until(movers, lambda one: one["running"] == 8, wanted=99)["alive"] == 8, "never more than eight"


def test_a_mover_of_its_own_works_beside_the_others(host: Host, movers: Movers) -> None:
    host.gate.clear()
    movers.start(4, {})
    until(movers, lambda one: one["running"] == 4)
    movers.poll(users(*range(16)))
    until(movers, lambda one: host.at_once == 4)
    host.gate.set()
    until(movers, lambda one: len(one["finished"]) == 16)
    assert host.most_at_once == 4


def test_stopping_takes_no_new_users_and_gives_back_who_was_not_begun(host: Host, movers: Movers) -> None:
    host.gate.clear()
    movers.start(1, {})
    movers.poll(users(*range(10)))
    until(movers, lambda one: host.at_once == 1)
    began = time.monotonic()
    answer = movers.stop()
    assert time.monotonic() - began < 1
    assert sorted([*answer["returned"], *range(answer["on_the_way"])]) == list(range(10))
    assert movers.poll(users(99))["returned"] == [99]
    host.gate.set()
    answer = until(movers, lambda one: one["alive"] == 0)
    assert len(answer["finished"]) == len(host.moved) == 4 and host.open_shells == 0
    movers.start(1, {})
    movers.poll(users(11))
    until(movers, lambda one: len(one["finished"]) == 1)


def test_closing_awaits_and_journals_what_is_under_way(host: Host) -> None:
    movers = host.movers()
    host.gate.clear()
    movers.start(2, {})
    movers.poll(users(*range(30)))
    until(movers, lambda one: host.at_once == 2)
    threading.Timer(0.3, host.gate.set).start()
    movers.close()
    assert host.open_shells == 0 and 0 < len(host.moved) < 30
    kinds = [one["kind"] for one in entries(host.directory)]
    assert kinds.count("intent") == kinds.count("outcome") == len(host.moved)


def test_movers_that_nobody_asks_after_stop(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_movers, "ORPHANED", 0.2)
    movers = host.movers()
    movers.start(2, {})
    deadline = time.monotonic() + 10
    while host.open_shells != 2:
        assert time.monotonic() < deadline
    while host.open_shells:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    movers.close()


def test_a_quota_lowers_the_number(host: Host, movers: Movers) -> None:
    host.quota = 2
    movers.start(5, {})
    answer = until(movers, lambda one: one["quota"] is not None and one["running"] == 2)
    assert (answer["quota"], answer["trouble"]) == (2, None)
    movers.poll(users(*range(20)))
    assert len(until(movers, lambda one: len(one["finished"]) == 20)["finished"]) == 20


def test_a_quota_of_nothing_is_trouble(host: Host, movers: Movers) -> None:
    host.quota = 0
    movers.start(2, {})
    assert until(movers, lambda one: one["trouble"])["trouble"]["kind"] == "unreachable"


def test_quotas_are_known_by_their_codes() -> None:
    core = RuntimeError("failed: {'wsmanfault_code': 2150859173, 'reason': 'übermäßig'}")
    wrapped = Unreachable("no")
    wrapped.__cause__ = core
    assert quota_reached(wrapped) and not quota_reached(Unreachable("2150859173"))


def test_the_wrong_host_gets_no_user(host: Host, movers: Movers) -> None:
    host.reasons = ["This is another computer."]
    movers.start(2, {})
    answer = until(movers, lambda one: one["trouble"] and one["alive"] == 0)
    assert answer["trouble"]["kind"] == "refused" and host.open_shells == 0


def test_a_law_stops_all_movers_before_anything_is_sent(host: Host, movers: Movers) -> None:
    host.laws = lambda change, facts: ["The user is not moved: no pilot."]
    movers.start(2, {})
    movers.poll(users(*range(12)))
    answer = until(movers, lambda one: one["alive"] == 0)
    assert answer["trouble"]["reasons"] == ["The user is not moved: no pilot."]
    assert host.moved == [] and list(entries(host.directory)) == []
    assert {one["ran"] for one in answer["finished"]} == {False}
    assert sorted([*answer["returned"], *(one["user"] for one in answer["finished"])]) == list(range(12))


@pytest.mark.parametrize(
    ("error", "ran"), [(AnswerTimeout("late"), None), (NeverRan("no"), False), (Unreachable("away"), False)]
)
def test_a_lost_answer_is_doubt_and_what_never_ran_is_not(
    host: Host, movers: Movers, error: Exception, ran: bool | None
) -> None:
    lost: list[list[str]] = []

    def trouble(users: list[str]) -> None:
        if not lost:
            lost.append(users)
            raise error

    host.trouble = trouble
    movers.start(1, {})
    movers.poll(users(*range(8)))
    answer = until(movers, lambda one: len(one["finished"]) == 8)
    odd = [one for one in answer["finished"] if not one["ok"]]
    assert [one["ran"] for one in odd] == [ran] * len(lost[0]) and answer["trouble"] is None
    ids = {one["id"] for one in entries(host.directory) if one["kind"] == "intent"}
    assert ids == {one["id"] for one in entries(host.directory) if one["kind"] == "outcome"}


def test_a_defect_is_doubt_and_stops(host: Host, movers: Movers) -> None:
    def trouble(users: list[str]) -> None:
        raise ZeroDivisionError

    host.trouble = trouble
    movers.start(1, {})
    movers.poll(users(1))
    answer = until(movers, lambda one: one["alive"] == 0)
    assert answer["finished"][0]["ran"] is None and answer["trouble"]["kind"] == "in_doubt"


def test_one_user_does_not_hide_the_others(host: Host, movers: Movers) -> None:
    host.refuses["sip:user1@contoso.test"] = {
        "id": "ProcessingFailed,X", "category": "NotSpecified", "target": "",
        "exceptions": [{"type": "System.TimeoutException", "hresult": 1, "message": "Zeit"}],
    }  # fmt: skip
    movers.start(1, {})
    movers.poll(users(0, 1, 2))
    seen: list[list[float]] = []
    finished: list[Any] = []
    while len(finished) < 3:
        answer = movers.poll()
        seen += answer["requests"]
        finished += answer["finished"]
    assert [one["ok"] for one in finished] == [True, False, True]
    assert [one[3] for one in seen] == [1], "one move was strained"


def test_without_threads_a_poll_is_a_turn_of_each(host: Host) -> None:
    movers = host.movers(threads=False)
    movers.start(2, {})
    answer = movers.poll(users(*range(6)))
    assert (len(answer["finished"]), answer["queued"], answer["running"]) == (5, 1, 2)
    assert len(movers.poll()["finished"]) == 1
    movers.close()
    assert host.open_shells == 0
