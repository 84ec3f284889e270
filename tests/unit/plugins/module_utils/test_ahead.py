# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers read ahead: used once, soon, and not after a change of any host."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.ahead import SECONDS, Ahead, Answer
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import Change, Cmdlet, Query
from ansible_collections.lync.xmpp_migration.tests.unit.doubles import Bench

ANSWER: Answer = ([["row"]], {"ok": True})


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_an_answer_is_used_once(tmp_path: Path) -> None:
    ahead = Ahead(tmp_path / "journal.ndjson", Clock())
    ahead.keep({"a": ANSWER})
    assert ahead.take("a") is ANSWER and ahead.take("a") is None and ahead.take("b") is None


def test_an_answer_is_not_used_late(tmp_path: Path) -> None:
    clock = Clock()
    ahead = Ahead(tmp_path / "journal.ndjson", clock)
    ahead.keep({"a": ANSWER})
    clock.now += SECONDS + 0.1
    assert ahead.take("a") is None


@pytest.mark.parametrize(("line", "used"), [('{"format":1,"kind":"evidence"}', True), ('{"format":1,"kind":"intent"}', False)])
def test_an_answer_is_not_used_after_a_change_of_any_host(tmp_path: Path, line: str, used: bool) -> None:
    journal = tmp_path / "journal.ndjson"
    journal.write_text('{"format":1,"kind":"intent"}\n')
    ahead = Ahead(journal, Clock())
    ahead.keep({"a": ANSWER})
    with journal.open("a") as file:
        file.write(line + "\n")
    assert (ahead.take("a") is not None) is used


def test_what_the_process_was_told_goes_with_it(tmp_path: Path) -> None:
    ahead = Ahead(tmp_path / "journal.ndjson", Clock())
    ahead.keep({"a": ANSWER})
    ahead.forget()
    assert ahead.take("a") is None


def test_a_session_asks_once_for_two_tasks(bench: Bench) -> None:
    session = bench.session()
    session.read_ahead("allowed_domain")
    session.read("site")
    asked = len(bench.hosts["fe2013"].transcript)
    assert [name for name, _ in bench.hosts["fe2013"].transcript] == ["Get-CsSite", "Get-CsAllowedDomain"]
    again = bench.session()
    again.read("allowed_domain")
    assert len(bench.hosts["fe2013"].transcript) == asked, "it was there already"
    again.read("allowed_domain")
    assert len(bench.hosts["fe2013"].transcript) == asked + 1, "an answer is used once"


def test_a_change_between_them_makes_it_ask_again(bench: Bench) -> None:
    session = bench.session()
    session.read_ahead("allowed_domain")
    session.read("site")
    session.change(Change(Cmdlet("New-CsAllowedDomain", {"Identity": "a.test", "Confirm": False}), "a.test"))
    asked = len(bench.hosts["fe2013"].transcript)
    session.read(Query("allowed_domain"))
    assert len(bench.hosts["fe2013"].transcript) == asked + 1


def test_nobody_is_asked_only_for_what_comes_later(bench: Bench) -> None:
    session = bench.session()
    session.read_ahead("site")
    session.read("site")
    asked = len(bench.hosts["fe2013"].transcript)
    session.read_ahead("allowed_domain")
    session.read("site")
    assert len(bench.hosts["fe2013"].transcript) == asked
