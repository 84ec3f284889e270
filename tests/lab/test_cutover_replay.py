# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The window of the cutover, struck at each of its calls: what fails before the first partner leaves the legacy path whole, what
fails after it is made up for by the next run, and nobody is cut off at any time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.tests.replay.migration import (  # noqa: F401
    ESTATE,
    SECTIONS,
    USERS,
    Migration,
    Watch,
    expected_end,
    migration,
    operator,
)
from ansible_collections.lync.xmpp_migration.tests.replay.recording import Recorded
from ansible_collections.lync.xmpp_migration.tests.replay.replay import Replay

pytestmark = pytest.mark.timeout(900)

ROLES = ("federation_enable", "dns_update")
PARTNER = "New-CsXmppAllowedPartner"
SRV = "_xmpp-server._tcp SRV"


@dataclass(frozen=True)
class Strike:
    host: str
    cmdlet: str
    nth: int
    before_partner: bool


def strikes(replay: Replay, starts: list[tuple[Recorded, int]]) -> Iterator[Strike]:
    """The calls of the window that changed something, but for name servers, which have no faults here."""
    lines = replay.world.transcript.lines()
    seen: dict[tuple[str, str], int] = {}
    partner = False
    for (recorded, start), end in zip(starts, [*(one for _recorded, one in starts[1:]), len(lines)], strict=True):
        for line in lines[start:end]:
            if line["outcome"].startswith(("late", "ended by")) or not line["write"]:
                continue
            call = (line["host"], line["cmdlet"])
            seen[call] = seen.get(call, 0) + 1
            partner = partner or line["cmdlet"] == PARTNER
            if recorded.role in ROLES and not line["cmdlet"].startswith(("dns.", "file.")):
                yield Strike(*call, seen[call], not partner)


def test_a_failure_before_the_partner_leaves_the_legacy_path_whole(
    migration: Migration,  # noqa: F811
    tmp_path: Path,
) -> None:
    starts: list[tuple[Recorded, int]] = []
    with Replay(ESTATE, tmp_path / "whole", users=USERS) as replay:
        old = replay.state["dns"]["contoso.test"][SRV]["values"]
        replay.run(migration.recording, before=lambda one: starts.append((one, len(replay.world.transcript)))).done()
        found = list(strikes(replay, starts))
    assert sum(one.before_partner for one in found) >= 8 and any(one.cmdlet == "Stop-Service" for one in found), found
    chance = random.Random(11)
    before = [one for one in found if one.before_partner]
    # each takes three seconds of processor time, so not all of them; another number tries others
    chosen = [*chance.sample(before, 5), *chance.sample([one for one in found if not one.before_partner], 3)]
    for number, strike in enumerate(chosen):
        fault = {
            "cmdlet": strike.cmdlet,
            "host": strike.host,
            "nth": strike.nth,
            "do": "kill_process",
            "when": "before",
        }
        with Replay(ESTATE, tmp_path / str(number), users=USERS, faults=[fault]) as replay:
            watch = Watch(replay)
            struck = replay.run(migration.recording, before=watch)
            watch()
            assert struck.failure is not None and watch.lost == {} and watch.violations == [], strike
            if strike.before_partner:
                state = replay.state
                assert state["xmpp_partners"] == {} and state["gateway"]["running"], strike
                assert state["dns"]["contoso.test"][SRV]["values"] == old, strike
            replay.run(migration.recording, before=watch).done()
            watch()
            assert {name: replay.state[name] for name in SECTIONS} == {name: expected_end()[name] for name in SECTIONS}
            assert watch.lost == {} and watch.violations == [], strike


def test_an_old_gateway_without_a_session_ends_at_its_gate(migration: Migration, tmp_path: Path) -> None:  # noqa: F811
    with Replay(ESTATE, tmp_path / "lab", users=USERS) as replay:
        replay.hosts["xmppgw"].powershell = "2.0"
        watch = Watch(replay)
        ended = replay.run(migration.recording, before=watch)
        assert ended.failure is not None and "To be done by hand (gateway_stop)" in ended.failure
        assert "port 5269 of" in ended.failure and "is still open" in ended.failure
        assert replay.state["gateway"]["running"] and set(replay.state["xmpp_partners"]) == {
            "fabrikam.test",
            "nwtraders.test",
        }
        told: list[str] = []

        def attended(recorded: Recorded) -> None:
            watch(recorded)
            operator(replay, recorded)
            told.append(recorded.task)

        replay.run(migration.recording, before=attended).done()
        watch()
        assert not replay.state["gateway"]["running"] and watch.lost == {} and watch.violations == []
        assert replay.run(migration.recording).done().changed == []


def only(recording: list[Recorded], left_out: str, kept: str) -> list[Recorded]:
    """The recording as it would be without one of the two partners."""
    option = {"fabrikam.test": "external_partners", "nwtraders.test": "dialback_partners"}[left_out]
    made = []
    for one in recording:
        arguments: dict[str, Any] = {**one.arguments}
        if one.module == "xmpp_partner" and arguments["domain"] == left_out:
            continue
        if option in arguments:
            arguments[option] = []
        if one.module == "xmpp_partner_info":
            arguments["expect"] = [name for name in arguments["expect"] if name != left_out]
        if one.module == "xmpp_probe":
            if left_out == "fabrikam.test" and one.role == "federation_enable" and arguments["hosts"]:
                continue  # nobody is there yet in whose name the Edge could be asked
            arguments["sender"] = kept
        made.append(replace(one, arguments=arguments))
    return made


@pytest.mark.parametrize(
    ("left_out", "kept"), [("nwtraders.test", "fabrikam.test"), ("fabrikam.test", "nwtraders.test")]
)
def test_a_window_with_partners_of_one_kind(
    left_out: str,
    kept: str,
    migration: Migration,  # noqa: F811
    tmp_path: Path,
) -> None:
    recording = only(migration.recording, left_out, kept)
    with Replay(ESTATE, tmp_path / "lab", users=USERS) as replay:
        dry = replay.run(recording, check=True).done()
        assert [one for one in replay.plan(dry.run) if one["kind"] == "intent"]
        real = replay.run(recording).done()
        assert set(replay.state["xmpp_partners"]) == {kept} and not replay.state["gateway"]["running"]
        plans = [result for one, result in real.results if one.module == "cutover_plan"]
        assert [bool(one["window"]["pause"]) for one in plans] == [kept == "nwtraders.test"]
        assert replay.run(recording).done().changed == []
        assert list(replay.world.laws.violations) == []
