# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module user_move with movers against the lab's organisation in one process: hostile names, failures, kills, and runs until all is said."""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.lync.xmpp_migration.lab.estate import load
from ansible_collections.lync.xmpp_migration.lab.organisation.clock import Clock
from ansible_collections.lync.xmpp_migration.lab.organisation.creation import create
from ansible_collections.lync.xmpp_migration.lab.organisation.faults import Faults
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import Evidence
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.context import Context
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.journal import Journal
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.laws import refusals
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import Task, outcome
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.overlay import Overlay
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.performer import Performer
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.session import Session
from ansible_collections.lync.xmpp_migration.plugins.modules import user_move
from ansible_collections.lync.xmpp_migration.tests.replay.movers import MovingTransport
from ansible_collections.lync.xmpp_migration.tests.replay.shell import LabShell
from hypothesis import given, settings
from hypothesis import strategies as st

OLD, NEW, HOSTS = "pool2010.contoso.test", "pool2013.contoso.test", ["fe1", "fe2"]
NAMES = [
    "Ann", "'; Remove-CsUser -Identity *; '", "$(Get-CsUser)", "`whoami`", "*", "{{ lookup('pipe', 'touch X') }}", "a\"b", "\u05d0\u05d1 \u202e",
    "名前", "😀", "x" * 256, "-Filter {Enabled -eq $true}", "Ann",
]  # fmt: skip
EDGE = {"web_conferencing_fqdn": "wc.contoso.test", "av_fqdn": "av.contoso.test"}
ODD: list[dict[str, Any]] = [
    {},
    {},
    {},
    {"move_error": "full"},
    {"move_error": "busy", "move_error_times": 1},
    {"stuck": True},
    {"protected": True},
]
FOR_GOOD = ("move_error", "protected")


class Killed(BaseException):
    """The controller is gone in this moment."""


def estate(odd: list[int]) -> dict[str, Any]:
    persons = [
        {
            "sip": f"sip:person{n}@contoso.test",
            "display_name": NAMES[n % len(NAMES)],
            "pool": OLD,
            "oddities": ODD[which],
        }
        for n, which in enumerate(odd)
    ]
    return {
        "name": "movers", "domain": "contoso.test", "sip_domains": ["contoso.test"], "central_management": OLD,
        "certificates": {"key": "ec256"}, "sites": [{"name": "Redmond", "federation_route": "edge2010.contoso.test"}],
        "pools": [
            {"fqdn": OLD, "version": 5, "edge": "edge2010.contoso.test"},
            {"fqdn": NEW, "version": 6, "kind": "enterprise", "sql": "sql.contoso.test", "edge": "edge2010.contoso.test",
             "machines": [f"{one}.contoso.test" for one in HOSTS]},
        ],
        "edges": [
            {"fqdn": "edge2010.contoso.test", "version": 5, "access_fqdn": "sip.contoso.test", "internal_address": "10.0.1.20",
             "external_address": "203.0.113.20", "federation": True, **EDGE},
        ],
        "users": [*persons, {"sip": "sip:cloud@contoso.test", "hosting_provider": "sipfed.online.lync.com"}],
    }  # fmt: skip


class Organisation:
    def __init__(self, directory: Path, odd: list[int]) -> None:
        file = directory / "estate.yml"
        file.write_text(yaml.safe_dump(estate(odd), allow_unicode=True), encoding="utf-8")
        self.world = create(load(str(file)), Clock(speed=0, jump=True))
        self.state = str(directory / "state")
        self.transports: dict[str, MovingTransport] = {}
        self.kill_at: float | None = None
        self.runs = 0
        self.moved: Counter[str] = Counter()
        rehome = self.world.ad.rehome

        def counted(user: Any, *more: Any) -> None:
            self.moved[user.sip] += 1
            rehome(user, *more)

        self.world.ad.rehome = counted  # type: ignore[method-assign]
        facts = [
            Evidence("services_running", "edge2013"),
            *(Evidence(one, "organisation") for one in ("legacy_route", "no_partner", "pilot_reached_partner")),
        ]
        Journal(self.state, "before", sync=False, clock=self.now).evidence(facts, self.context("before"), check=False)

    def now(self) -> float:
        return float(self.world.clock.now().timestamp())

    def sleep(self, seconds: float) -> None:
        self.world.clock.advance(seconds)
        if self.kill_at is not None:
            self.kill_at -= 1
            if self.kill_at < 0:
                self.kill_at = None
                raise Killed

    def context(self, run: str) -> Context:
        groups = {
            "lync_2013_front_ends": tuple(HOSTS),
            "lync_2013_edges": ("edge2013",),
            "lync_legacy_front_ends": ("pool2010",),
        }
        return Context(self.state, run, "fe1", module="user_move", sockets=dict.fromkeys(HOSTS, "x"), groups=groups)

    def connect(self, context: Context) -> Callable[[str], MovingTransport]:
        def transport(host: str) -> MovingTransport:
            if host not in self.transports:
                computer = next(one for one in self.world.computers.values() if one.inventory_name == host)
                journal = Journal(self.state, context.run, sync=False, clock=self.now)

                def shell() -> LabShell:
                    return LabShell(self.world, computer, run=context.run)

                performer = Performer(shell(), journal, Overlay(journal), refusals, context, clock=self.now)
                self.transports[host] = MovingTransport(performer, shell, self.now)
            return self.transports[host]

        return transport

    def run(self, **params: Any) -> dict[str, Any]:
        self.runs += 1
        self.transports.clear()
        context = self.context(f"run-{self.runs}")
        defaults = {name: spec.get("default") for name, spec in user_move.ARGUMENT_SPEC.items()}
        task = TimedTask({**defaults, "target_pool": NEW, "through": HOSTS, **params}, context, self.connect(context))
        task.organisation = self
        return outcome(user_move.run, task)


class TimedTask(Task):
    organisation: Organisation

    def session_for(self, host: str) -> Session:
        if host not in self._sessions:
            assert self._connect is not None
            one = self.organisation
            self._sessions[host] = Session(self._connect(host), self.context, clock=one.now, sleep=one.sleep)
        return self._sessions[host]


FAULTS = st.fixed_dictionaries(
    {"do": st.sampled_from(["error", "kill_process", "drop"]), "nth": st.integers(1, 12), "when": st.sampled_from(["before", "after"])},
    optional={"times": st.integers(1, 3)},
).map(lambda one: {"cmdlet": "Move-CsUser", "exception": "System.TimeoutException", "id": "ProcessingFailed", **one})  # fmt: skip


@settings(max_examples=15)
@given(
    st.lists(st.integers(0, len(ODD) - 1), min_size=1, max_size=14), st.lists(FAULTS, max_size=4), st.integers(1, 4),
    st.lists(st.integers(0, 8), max_size=2), st.integers(0, 2**16),
)  # fmt: skip
def test_every_movable_user_gets_there_once_and_every_other_is_reported(
    odd: list[int], faults: list[dict[str, Any]], movers: int, kills: list[int], seed: int
) -> None:
    with tempfile.TemporaryDirectory() as place:
        organisation = Organisation(Path(place), odd)
        world = organisation.world
        world.faults = Faults(faults)
        chance = random.Random(seed)
        stay = {
            f"sip:person{n}@contoso.test"
            for n, which in enumerate(odd)
            if set(ODD[which]) & set(FOR_GOOD) and "move_error_times" not in ODD[which]
        }
        result: dict[str, Any] = {}
        for number in range(len(kills) + len(faults) + 4):
            organisation.kill_at = float(kills[number]) if number < len(kills) and chance.random() < 0.8 else None
            try:
                result = organisation.run(movers=movers)
            except Killed:
                continue
            left = {one["user"] for one in result.get("error", {}).get("left", [])}
            if left == stay:
                break
        homes = {
            user.sip: (user.registrar_pool or "").casefold() for user in world.ad if user.hosting_provider == "SRV:"
        }
        assert {sip for sip, pool in homes.items() if pool != NEW} == stay, result
        assert {one["user"] for one in result.get("error", {}).get("left", [])} == stay
        calls = [one for one in world.transcript.lines(0) if one["cmdlet"] == "Move-CsUser"]
        assert max(organisation.moved.values(), default=0) <= 1, organisation.moved
        assert not [one for one in calls if "Force" in one["parameters"]]
        assert {one["cmdlet"] for one in world.transcript.lines(0) if one["write"]} <= {"Move-CsUser"}
