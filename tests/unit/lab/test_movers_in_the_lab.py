# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module user_move with movers against the lab in one process: random estates, failures and kills, and runs until all is said.

The module, its movers, performers, laws and journal are the real ones; the stand-in for PowerShell, the organisation behind it
and the service that opens, counts and limits remote shells are the lab's.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.lync.xmpp_migration.lab.estate import load
from ansible_collections.lync.xmpp_migration.lab.organisation.clock import Clock
from ansible_collections.lync.xmpp_migration.lab.organisation.creation import create
from ansible_collections.lync.xmpp_migration.lab.organisation.faults import Faults
from ansible_collections.lync.xmpp_migration.lab.organisation.world import World
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import Evidence
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.context import Context
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import AnswerTimeout, MigrationError
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.journal import Journal
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import Task, outcome
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.session import Session
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users.caught import unheard
from ansible_collections.lync.xmpp_migration.plugins.modules import user_move
from ansible_collections.lync.xmpp_migration.tests.replay.endpoints import Daemon, DaemonKilled, Endpoint, Killed
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

OLD, NEW, HOSTS = "pool2010.contoso.test", "pool2013.contoso.test", ["fe1", "fe2", "fe3"]
NAMES = [
    "Ann", "'; Remove-CsUser -Identity *; '", "$(Get-CsUser)", "`whoami`", "*", "{{ lookup('pipe', 'touch X') }}", "a\"b", "\u05d0\u05d1 \u202e",
    "名前", "😀", "x" * 256, "-Filter {Enabled -eq $true}", "Ann",
]  # fmt: skip
MOST = len(NAMES)
EDGE = {"web_conferencing_fqdn": "wc.contoso.test", "av_fqdn": "av.contoso.test"}

#: What is odd about a user, and what the report says of one who therefore stays.
ODD: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({}, ""),
    "fails once": ({"move_error": "busy", "move_error_times": 1}, ""),
    "stops half-way once": ({"stuck": True}, ""),
    "fails each time": ({"move_error": "full"}, "was refused by Move-CsUser"),
    "is protected": ({"protected": True}, "Insufficient access rights"),
    "is being moved elsewhere": ({}, "is being moved to pool2007.contoso.test already"),
    "has a blank": ({}, "begins or ends with a blank"),
    "is there already": ({}, ""),
    "is disabled": ({}, ""),
}
NOT_OURS = ("is there already", "is disabled")


@functools.cache
def prepared() -> World:
    persons = [
        {"sip": f"sip:person{n}@contoso.test", "display_name": name, "pool": OLD} for n, name in enumerate(NAMES)
    ]
    estate = {
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
    with tempfile.TemporaryDirectory() as place:
        file = Path(place, "estate.yml")
        file.write_text(yaml.safe_dump(estate, allow_unicode=True), encoding="utf-8")
        return create(load(str(file)), Clock(speed=0, jump=True))


@dataclass
class Plan:
    """What goes wrong, each thing once."""

    faults: list[dict[str, Any]] = field(default_factory=list)
    """Of the lab, at calls of Move-CsUser."""
    requests: dict[int, str] = field(default_factory=dict)
    """At which request of a mover, counted over all runs, what happens."""
    messages: dict[int, str] = field(default_factory=dict)
    """At which message to a daemon the controller is killed, before or after the daemon has it."""
    busy: dict[str, int] = field(default_factory=dict)
    """How many of a host's shells others have, until the third run."""

    @property
    def troubles(self) -> int:
        return sum(one.get("times", 1) for one in self.faults) + len(self.requests) + len(self.messages) + 3


class Organisation:
    def __init__(self, directory: Path, odd: list[str], plan: Plan, shells: int = 30) -> None:
        self.world, self.plan = prepared().copy(), plan
        self.world.faults = Faults(plan.faults)
        self.state = str(directory / "state")
        self.moved: Counter[str] = Counter()
        self.done_at: dict[str, int] = {}
        self.daemons: dict[str, Daemon] = {}
        self.runs, self.pause = 0, 300.0
        self._requests, self._messages = itertools.count(), itertools.count()
        self._now = ""
        self.abandoned = False
        self.unheard: list[tuple[float, Callable[[], Any]]] = []
        self._people(odd)
        computers = {one.inventory_name: one for one in self.world.computers.values()}
        self.endpoints = {host: Endpoint(self.world, computers[host], self.now, shells) for host in HOSTS}
        for host, number in plan.busy.items():
            self.endpoints[host].others_take(min(number, shells))
        facts = [
            Evidence("services_running", "edge2013"),
            *(Evidence(one, "organisation") for one in ("legacy_route", "no_partner", "pilot_reached_partner")),
        ]
        Journal(self.state, "before", sync=False, clock=self.now).evidence(facts, self.context("before"), check=False)

    def _people(self, odd: list[str]) -> None:
        ad, now = self.world.ad, self.world.clock.now()
        persons = [user for user in ad if user.sip.startswith("sip:person")]
        self.kind = {user.sip: what for user, what in zip(persons, odd, strict=False)}
        for user in persons[len(odd) :]:
            ad.homed[OLD] -= 1
            user.enabled = False
        for user in persons[: len(odd)]:
            what = self.kind[user.sip]
            user.oddities = dict(ODD[what][0])
            if what == "is there already":
                ad.rehome(user, NEW, now)
            elif what == "is being moved elsewhere":
                ad.target(user, "pool2007.contoso.test", now)
            elif what == "has a blank":
                user.display_name += " "
            elif what == "is disabled":
                ad.homed[OLD] -= 1
                user.enabled = False
        rehome = ad.rehome

        def counted(user: Any, *more: Any) -> None:
            self.moved[user.sip] += 1
            self.done_at.setdefault(user.sip, len(self.world.transcript))
            rehome(user, *more)

        ad.rehome = counted

    @property
    def stay(self) -> dict[str, str]:
        """Who cannot be moved, with what has to be said of each."""
        return {sip: ODD[what][1] for sip, what in self.kind.items() if ODD[what][1]}

    @property
    def movable(self) -> set[str]:
        return {sip for sip, what in self.kind.items() if not ODD[what][1] and what not in NOT_OURS}

    def home(self, sip: str) -> str:
        return next((user.registrar_pool or "").casefold() for user in self.world.ad if user.sip == sip)

    # --- time and trouble

    def now(self) -> float:
        return float(self.world.clock.now().timestamp())

    def sleep(self, seconds: float) -> None:
        self.world.clock.advance(max(seconds, 5.0))  # nobody waits here: fewer looks do
        self.go_on()

    def go_on(self) -> None:
        """What goes on at the servers when nobody hears it."""
        for due, perform in self.unheard[:]:
            if due <= self.now():
                self.unheard.remove((due, perform))
                with contextlib.suppress(MigrationError):  # it may be struck too
                    perform()

    def watch(self, when: str, perform: Callable[[], Any]) -> None:
        if when == "before":
            self._now = self.plan.requests.pop(next(self._requests), "")
        what = self._now
        if what == "slow" and when == "before":
            self.world.clock.advance(45)
        elif what == "late" and when == "after":
            self.world.clock.advance(7200)
            raise AnswerTimeout("The answer did not come in time.")
        elif what.endswith("unheard"):
            self.unheard.append((self.now() + 9, perform))
        if what in (f"daemon {when}", "daemon unheard"):
            self.abandoned = True
            raise DaemonKilled
        if what in (f"power {when}", "power unheard"):
            self.abandoned = True
            for daemon in self.daemons.values():
                daemon.kill()
            raise Killed

    # --- runs

    def context(self, run: str) -> Context:
        groups = {
            "lync_2013_front_ends": tuple(HOSTS),
            "lync_2013_edges": ("edge2013",),
            "lync_legacy_front_ends": ("pool2010",),
        }
        return Context(self.state, run, "fe1", module="user_move", sockets=dict.fromkeys(HOSTS, "x"), groups=groups)

    def connect(self, context: Context) -> Callable[[str], Any]:
        def transport(host: str) -> Any:
            if host not in self.daemons:
                self.daemons[host] = Daemon(self.endpoints[host], self.state, context, self.watch)
            return Messages(self, self.daemons[host])

        return transport

    def run(self, **params: Any) -> dict[str, Any] | None:
        """The result of one run; None where the controller was killed. Then its daemons, where they live, end by themselves."""
        self.runs += 1
        self.daemons.clear()
        self.world.clock.advance(self.pause if self.runs == 2 else 300.0)  # the second run may follow at once
        self.go_on()
        if self.runs >= 3:
            for endpoint in self.endpoints.values():
                endpoint.forget_idle()
        context = self.context(f"run-{self.runs}")
        defaults = {name: spec.get("default") for name, spec in user_move.ARGUMENT_SPEC.items()}
        task = TimedTask({**defaults, "target_pool": NEW, "through": HOSTS, **params}, context, self.connect(context))
        task.organisation = self
        try:
            return outcome(user_move.run, task)
        except Killed:
            return None
        finally:
            for daemon in self.daemons.values():
                daemon.close()


@dataclass
class Messages:
    """The way to a daemon, on which the controller may be killed."""

    organisation: Organisation
    daemon: Daemon

    def perform(self, request: Mapping[str, Any]) -> dict[str, Any]:
        what = self.organisation.plan.messages.pop(next(self.organisation._messages), "")
        if what == "before":
            raise Killed
        reply = self.daemon.perform(request)
        if what == "after":
            raise Killed
        return reply

    def stream(self, request: Mapping[str, Any]) -> Any:
        return self.daemon.stream(request)


class TimedTask(Task):
    organisation: Organisation

    def session_for(self, host: str) -> Session:
        if host not in self._sessions:
            assert self._connect is not None
            one = self.organisation
            self._sessions[host] = Session(self._connect(host), self.context, clock=one.now, sleep=one.sleep)
        return self._sessions[host]


FAULTS = st.fixed_dictionaries(
    {
        "do": st.sampled_from(["error", "error", "kill_process", "kill_shell", "restart", "drop"]),
        "nth": st.integers(1, 12), "when": st.sampled_from(["before", "after"]), "seconds": st.sampled_from([0.0, 20.0, 200.0]),
        "exception": st.sampled_from(["System.TimeoutException", "System.InvalidOperationException"]),
    },
    optional={"times": st.integers(1, 3)},
).map(lambda one: {"cmdlet": "Move-CsUser", "id": "ProcessingFailed", **one})  # fmt: skip
#: Explaining a failure takes many times longer than finding it.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)
AT_REQUESTS = st.sampled_from(
    ["slow", "late", "daemon before", "daemon after", "daemon unheard", "power before", "power after", "power unheard"]
)
PLANS = st.builds(
    Plan,
    st.lists(FAULTS, max_size=3),
    st.dictionaries(st.integers(0, 8), AT_REQUESTS, max_size=2),
    st.dictionaries(st.integers(0, 25), st.sampled_from(["before", "after"]), max_size=2),
    st.dictionaries(st.sampled_from(HOSTS), st.integers(1, 6), max_size=2),
)


@settings(max_examples=300, phases=PHASES, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.sampled_from(list(ODD)), min_size=1, max_size=MOST - 1), PLANS, st.integers(1, 3), st.integers(2, 6),
    st.none() | st.integers(1, 5), st.sampled_from([1.0, 300.0]),
)  # fmt: skip
def test_every_movable_user_gets_there_once_and_every_other_is_reported(
    odd: list[str], plan: Plan, movers: int, shells: int, wave: int | None, pause: float
) -> None:
    with tempfile.TemporaryDirectory() as place:
        organisation = Organisation(Path(place), odd, plan, shells)
        world, stay, organisation.pause = organisation.world, organisation.stay, pause
        result: dict[str, Any] | None = None
        for _run in range(plan.troubles + 3):
            result = organisation.run(movers=movers, wave_size=wave)
            left = {one["user"]: one["reason"] for one in (result or {}).get("error", {}).get("left", [])}
            if result is not None and bool(left) == bool(result.get("failed")) and said(left, stay):
                break
        event(f"{organisation.runs} runs")
        assert result is not None
        assert said(left, stay), result
        assert {sip for sip in organisation.kind if organisation.home(sip) == NEW} == organisation.movable | {
            sip for sip, what in organisation.kind.items() if what == "is there already"
        }
        assert organisation.moved == Counter(organisation.movable), "each one once"
        calls = [one for one in world.transcript.lines(0) if one["write"]]
        assert {one["cmdlet"] for one in calls} <= {"Move-CsUser"}
        assert not [one for one in calls if "Force" in one["parameters"]]
        for sip, at in organisation.done_at.items():
            after = [one for one in world.transcript.lines(at) if one["parameters"].get("Identity") == sip]
            assert len([one for one in after if one["cmdlet"] == "Move-CsUser"]) == 1, "nobody is moved who is there"
        pending = {one["call"]["parameters"]["Identity"] for one in unheard(organisation.state)}
        organisation.plan, world.faults = Plan(), Faults()
        once_more = organisation.run(movers=movers) or {}
        said_of = " ".join(once_more["warnings"]) if pending else ""
        assert not once_more["changed"] and all(f"{sip}: the move was " in said_of for sip in pending), once_more
        nothing_is_left(organisation)


def said(left: Mapping[str, str], stay: Mapping[str, str]) -> bool:
    """Whether just these are reported, each with the reason that is his own."""
    return set(left) == set(stay) and all(stay[sip] in reason for sip, reason in left.items())


def nothing_is_left(organisation: Organisation) -> None:
    """No shell but those of daemons that were killed, until the server finds them idle; and no user about whom nothing is known."""
    for endpoint in organisation.endpoints.values():
        assert endpoint.most <= endpoint.service.limits.max_shells_per_user
        assert endpoint.open_shells == 0 or organisation.abandoned
        endpoint.forget_idle()
        assert endpoint.open_shells == 0
    assert unheard(organisation.state) == []
