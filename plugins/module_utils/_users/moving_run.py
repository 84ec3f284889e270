# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drives the movers of one or several hosts: fills their queues, takes what is finished, steers their number, knows when to stop.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .._engine.errors import InDoubt, MigrationError, NeverRan, StateError, Unreachable, from_json
from .moving import (
    DOUBT,
    FAILED,
    MOVED,
    NEVER_RAN,
    TRANSIENT,
    UNKNOWN_PARAMETER,
    FailureLimit,
    Roster,
    Verdict,
    judge,
    unknown_parameter,
)
from .steering import Gauge, Steering, allot
from .waves import GO, STOP, Gate

MOST_AT_ONCE = 1000
"""Users in one message to a host."""
DOUBTS = 200
"""So many users in doubt are looked for in the directory before more are moved."""
PATIENCE = 60.0
"""Seconds for which a host may be without movers before the others do without it, or the directory without an answer."""
GRACE = 15.0
"""Seconds after which a request of which nothing was heard has come to its end on the server: none is made longer than ten."""
BUSY, QUIET, LONG = 0.02, 0.5, 10.0

IN_THE_MIDDLE, NOT_FOUND = "in_the_middle", "not_found"
"""What a look at the directory may find of a user in doubt, beside where he is homed."""

Ask = Callable[..., dict[str, Any]]
"""One message to a host's daemon: `ask("movers_poll", users=[...])`."""


@dataclass(frozen=True)
class Way:
    """How to move: at most so many movers on each host, how failures are taken, when new moves may begin."""

    movers: int = 1
    limit: FailureLimit = field(default_factory=FailureLimit)
    gate: Gate = field(default_factory=Gate)
    pause: float = 0.0
    """Seconds between two waves."""
    seconds: tuple[float, float] = (5.0, 10.0)
    """How long one request may take: what a lost answer puts in doubt, and how soon a stop takes effect."""
    steered: bool = True
    """Whether the number of movers is found out; otherwise it is what was given, from the beginning."""


@dataclass
class _Host:
    name: str
    ask: Ask
    cap: int
    running: int = 0
    alive: int = 0
    queued: int = 0
    size: int = 4
    bare_since: float | None = None
    ended: bool = False
    starts: int = 0


class Drive:
    """One run over a roster. `look` reads users in doubt; `finished` is told of each user once."""

    def __init__(
        self,
        asks: Mapping[str, Ask],
        roster: Roster,
        change_of: Callable[[int], Mapping[str, Any]],
        way: Way,
        *,
        look: Callable[[Sequence[int]], Mapping[int, Verdict]],
        finished: Callable[[int, Verdict, Mapping[str, Any]], None] = lambda user, verdict, entry: None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.roster, self.way = roster, way
        most = way.movers * len(asks)
        self.steering = Steering(most, len(asks) if way.steered else most)
        self.peak = 0
        self._hosts = {name: _Host(name, ask, way.movers) for name, ask in asks.items()}
        self._change_of, self._look, self._finished = change_of, look, finished
        self._clock, self._sleep, self._now = clock, sleep, now
        self._gauge = Gauge()
        self._gauge.reset(0, clock())
        self._entries: dict[int, Mapping[str, Any]] = {}
        self._look_from = float("-inf")
        self._working = False
        self._trouble: MigrationError | None = None

    @property
    def starts(self) -> int:
        return sum(one.starts for one in self._hosts.values())

    # --- the run

    def run(self, waves: Iterable[Sequence[int]]) -> str | None:
        """Move them wave by wave; the reason why it ended before all were finished, or None. Errors stop it too."""
        try:
            for number, wave in enumerate(waves):
                reason = self._pause(self.way.pause) if number else None
                reason = reason or self._wave(wave)
                if reason:
                    return reason
            return None
        except Exception:
            self._quietly_stop()
            raise
        except BaseException:
            # interrupted: the daemon hears out what is under way; nobody here waits for it
            self._quietly_stop(wait=False)
            raise
        finally:
            if self._working:
                self._halt()

    def _wave(self, wave: Sequence[int]) -> str | None:
        roster = self.roster
        roster.add(wave)
        while True:
            if roster.doubtful and (len(roster.doubtful) >= DOUBTS or not roster.waiting) and not roster.on_the_way:
                self._resolve()
            if not (roster.waiting or roster.on_the_way or roster.doubtful):
                return None
            reason = self._may_not()
            if reason:
                self._halt()
                self._resolve()
                return reason
            if not self._working:
                self._begin()
            self._sleep(BUSY if self._cycle() else QUIET)
            if self._trouble is not None:
                raise self._trouble

    def _may_not(self) -> str | None:
        """Why no further user may be begun, after waiting where that is wanted."""
        failing = self.roster.failing
        reason = self.way.limit.reached(failing, self.roster.moved + failing)
        while reason is None:
            signal = self.way.gate.look(self._now())
            if signal.what == GO:
                return None
            if signal.what == STOP:
                return signal.reason
            self._halt()
            self._sleep(min(LONG, signal.seconds))
        return reason

    def _pause(self, seconds: float) -> str | None:
        """Between two waves no process waits idle on a server."""
        if seconds > LONG:
            self._halt()
        until = self._clock() + seconds
        while (left := until - self._clock()) > 0:
            signal = self.way.gate.look(self._now())
            if signal.what == STOP:
                return signal.reason
            self._sleep(min(LONG, left))
        return None

    # --- one look at every host

    def _begin(self) -> None:
        given = allot(self.steering.wanted, self._caps())
        for host in list(self._hosts.values()):
            self._start(host, given.get(host.name, 0))
        self._working = True
        self._gauge.reset(0, self._clock())

    def _start(self, host: _Host, movers: int) -> None:
        self._heard(host, "movers_start", movers=movers, seconds=list(self.way.seconds))

    def _caps(self) -> dict[str, int]:
        """How many movers each host can have. One whose share is done keeps one, for who is tried again."""
        return {
            host.name: host.cap if self.roster.has_work(host.name) else min(1, host.cap)
            for host in self._hosts.values()
        }

    def _cycle(self) -> int:
        """Fill and empty every host's queue; how many users came back."""
        given = allot(self.steering.wanted, self._caps())
        full = len(self.roster.doubtful) >= DOUBTS
        came = 0
        for host in list(self._hosts.values()):
            room = 0 if full else max(50, 2 * host.size * max(1, host.running)) - host.queued
            users = self.roster.take(host.name, min(room, MOST_AT_ONCE), self._clock())
            told = [[one, self._change_of(one)] for one in users]
            came += self._heard(host, "movers_poll", users=told, movers=given[host.name])
            if host.ended and host.name in self._hosts and not host.alive and self._trouble is None:
                # nobody asked after them for too long: the directory was slow to tell of users in doubt
                self._start(host, given[host.name])
        self._steer(given)
        return came

    def _heard(self, host: _Host, op: str, **message: Any) -> int:
        sent = [one[0] for one in message.get("users") or ()]
        try:
            reply = host.ask(op, **message)
        except NeverRan as exc:
            for one in sent:
                self.roster.returned(one)
            self._lost(host, exc)
            return 0
        except InDoubt as exc:
            self._lost(host, exc)
            return 0
        host.running, host.alive, host.queued = reply["running"], reply["alive"], reply["queued"]
        host.size, host.starts, host.ended = reply["size"], reply["starts"], reply["ending"]
        quota = reply.get("quota")
        host.cap = self.way.movers if quota is None else min(self.way.movers, quota)
        for began, moves, seconds, strained in reply["requests"]:
            self._gauge.add(began, int(moves), seconds, int(strained))
        for one in reply["returned"]:
            self.roster.returned(one)
        for entry in reply["finished"]:
            self._settle(int(entry["user"]), judge(entry), {**entry, "host": host.name})
        self._mind(host, reply.get("trouble"))
        return len(reply["finished"])

    def _settle(self, user: int, verdict: Verdict, entry: Mapping[str, Any]) -> None:
        if verdict.error == UNKNOWN_PARAMETER:
            self._trouble = self._trouble or unknown_parameter(verdict.text)
        if verdict.kind in (DOUBT, TRANSIENT, FAILED):
            # an error may come after the effect: before a user is tried again or reported, the directory is asked
            self._doubted(user, verdict)
            self._entries[user] = entry
            return
        place = self.roster.settle(user, verdict, self._clock())
        if place in ("moved", "failed"):
            self._finished(user, verdict, entry)

    def _doubted(self, user: int, verdict: Verdict) -> None:
        self.roster.doubt(user, verdict)
        if verdict.kind == DOUBT:
            self._look_from = self._clock() + GRACE

    def _mind(self, host: _Host, trouble: Mapping[str, Any] | None) -> None:
        """A host without movers is done without after a while; what stops one stops all, where it is not the host's fault."""
        if trouble is None or host.alive:
            host.bare_since = None
            return
        error = from_json(trouble)
        if not isinstance(error, Unreachable):
            self._trouble = self._trouble or error
            return
        now = self._clock()
        host.bare_since = now if host.bare_since is None else host.bare_since
        if now - host.bare_since >= PATIENCE:
            host.bare_since = None
            self._heard(host, "movers_stop")  # who waits in its queue is given back
            self._without(host, error)

    def _lost(self, host: _Host, error: MigrationError) -> None:
        """The host's daemon went away: whether its users were moved, the directory knows."""
        for user in self.roster.users_of(host.name):
            self._doubted(user, Verdict(DOUBT, error.kind, error.text))
        host.running = host.alive = host.queued = 0
        self._without(host, error)

    def _without(self, host: _Host, error: MigrationError) -> None:
        if host.name not in self._hosts:
            return
        if len(self._hosts) == 1:
            self._trouble = self._trouble or error
            return
        del self._hosts[host.name]
        self.roster.drop_host(host.name)
        self.steering.limit(self.way.movers * len(self._hosts), len(self._hosts))

    def _steer(self, given: Mapping[str, int]) -> None:
        possible = sum(host.cap for host in self._hosts.values())
        if 0 < possible < self.steering.wanted:
            self.steering.refused(possible)
        running = sum(host.running for host in self._hosts.values())
        self.peak = max(self.peak, running)
        wanted = self.steering.wanted
        if self._gauge.movers != wanted:
            if running == wanted == sum(given.values()):
                self._gauge.reset(wanted, self._clock())
            return
        measured = self._gauge.measured() if self.roster.waiting else None
        if measured is not None:
            self.steering.learn(*measured)
            again = self.steering.wanted == wanted
            self._gauge.reset(wanted if again else 0, self._clock())

    # --- ends

    def _halt(self) -> None:
        """No user is begun any more; wait until all that were are finished and the processes are gone."""
        if not self._working:
            return
        for host in list(self._hosts.values()):
            self._heard(host, "movers_stop")
        while any(host.alive for host in self._hosts.values()):
            self._sleep(BUSY)
            for host in list(self._hosts.values()):
                if host.alive:
                    self._heard(host, "movers_poll", movers=0)
        self._working = False

    def _quietly_stop(self, *, wait: bool = True) -> None:
        """On the way out with an error, which is not to be hidden by another one."""
        if not self._working:
            return
        try:
            if wait:
                self._halt()
            else:
                for host in self._hosts.values():
                    host.ask("movers_stop")
        except (MigrationError, OSError):
            pass
        self._working = False

    def _resolve(self) -> None:
        """What the directory says of those in doubt. Who is where he came from may be tried again, within bounds."""
        doubtful = list(self.roster.doubtful)
        if not doubtful:
            return
        seen = self._seen(doubtful)
        for user in doubtful:
            before = self.roster.doubtful[user]
            entry = self._entries.pop(user, {})
            verdict = seen.get(user) or Verdict(FAILED, NOT_FOUND, "is no longer found in the directory")
            if verdict.kind == DOUBT:
                raise StateError("A look at the directory leaves no doubt.")
            place = self.roster.seen(user, verdict, self._clock())
            if place in ("moved", "failed"):
                self._finished(user, verdict, {**entry, "ok": verdict.kind == MOVED, "doubt": before.error})

    def _seen(self, users: Sequence[int]) -> Mapping[int, Verdict]:
        """As the directory shows them. A host that restarts is given time: without a look nobody goes on."""
        while (wait := self._look_from - self._clock()) > 0:
            self._sleep(min(wait, QUIET))
        until = self._clock() + PATIENCE
        while True:
            try:
                return self._look(users)
            except Unreachable:
                if self._clock() >= until:
                    raise
            self._sleep(QUIET)


def seen_verdict(row: Mapping[str, Any] | None, target: str, before: Verdict | None = None) -> Verdict:
    """Of a user whose move was not reported as done, as the directory shows him now."""
    said = before or Verdict(DOUBT)
    if row is None:
        return Verdict(FAILED, NOT_FOUND, "is no longer found in the directory")
    home = str(row.get("RegistrarPool") or "").lower()
    if home == target.lower():
        return Verdict(MOVED)
    between = row.get("TargetRegistrarPool")
    if between and said.kind == FAILED:
        return Verdict(FAILED, said.error, f"{said.text.rstrip('.')}; the user {_stopped(between)}")
    if said.kind in (TRANSIENT, FAILED):
        return said
    if between:
        return Verdict(FAILED, IN_THE_MIDDLE, f"{_stopped(between)}; the answer was lost while it was made")
    return Verdict(NEVER_RAN, said.error, said.text)


def _stopped(pool: object) -> str:
    return f"is in the middle of a move to {pool}: run this again, which tries the same move again without force"
