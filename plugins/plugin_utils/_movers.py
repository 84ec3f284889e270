# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Movers: several PowerShell processes of one host at once, each moving users from one queue.

They are threads of the host's daemon. Whoever moves users starts them, fills their queue and takes what is finished, in
messages that wait for nothing. Each call goes through the same door as any other change: laws, intents, call, outcomes.

No way out leaves a call unheard: `stop` takes no new users, `close` also awaits what is under way, which is journalled,
and only then are the processes ended. Movers that nobody asks after for a while stop by themselves.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import (
    InDoubt,
    MigrationError,
    NeverRan,
    Refused,
    RemoteError,
    StateError,
    Unreachable,
)
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.performer import Performer
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users.moving import TRANSIENT, Sizer, judge

from ._faults import quota_reached

MOST = 8
"""Movers of one host. The servers' own limit for one user is 5 (WinRM 2.0) or 30 shells."""
QUEUE = 4000
ORPHANED = 60.0
"""Seconds without a message after which no new user is begun: the task that had them moved is gone."""
QUOTA_SECONDS = 300.0
"""For so long a quota that was met is believed."""
AGAIN_SECONDS = 15.0
"""After a process that did not start no other one is tried for so long."""
CHARACTERS = 600_000
"""Of the calls of one request: far below what a server reads at once."""


class Door:
    """What all movers of a host share of the performer's door: the laws are asked by one of them at a time.

    They all see the same facts, so the journal is followed once and not once for each.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.facts: dict[bool, Any] = {}


class MoverPerformer(Performer):
    """The performer of one mover."""

    def through(self, door: Door) -> MoverPerformer:
        self._door, self._facts = door, door.facts
        return self

    def _guard(self, changes: Any, context: Any, check: bool) -> None:
        with self._door.lock:
            super()._guard(changes, context, check)


@dataclass
class Mover:
    shell: Any
    performer: MoverPerformer
    sizer: Sizer = field(default_factory=Sizer)
    open: bool = False
    leaving: bool = False
    working: int = 0


class Movers:
    """The movers of one host. `threads=False`: nobody works by himself, `poll` lets each take one turn (for replays)."""

    def __init__(
        self,
        make_shell: Callable[[], Any],
        make_performer: Callable[[Any], MoverPerformer],
        admit: Callable[[Mapping[str, Any]], Sequence[str]] = lambda hello: (),
        *,
        clock: Callable[[], float] = time.monotonic,
        threads: bool = True,
    ) -> None:
        self._make_shell, self._make_performer, self._admit = make_shell, make_performer, admit
        self._clock, self._threads = clock, threads
        self._door = Door()
        self._changed = threading.Condition()
        self._movers: list[Mover] = []
        self._queue: deque[tuple[Any, Mapping[str, Any]]] = deque()
        self._finished: list[dict[str, Any]] = []
        self._requests: list[list[float]] = []
        self._context: Mapping[str, Any] | None = None
        self._wanted = 0
        self._seconds = (5.0, 10.0)
        self._heard = clock()
        self._ending = True
        self._quota: int | None = None
        self._quota_until = self._again_at = float("-inf")
        self._trouble: MigrationError | None = None
        self._starts = 0

    # --- messages

    def start(self, movers: int, context: Mapping[str, Any], seconds: Sequence[float] = (5.0, 10.0)) -> dict[str, Any]:
        """So many movers, for the task of this context, with requests of so many seconds. Their processes start by themselves."""
        with self._changed:
            self._seconds = (float(seconds[0]), float(seconds[1]))
            self._context, self._ending, self._trouble = dict(context), False, None
            self._again_at = float("-inf")
            self._told(movers)
            return self._status()

    def poll(self, users: Sequence[Sequence[Any]] = (), movers: int | None = None) -> dict[str, Any]:
        """Users to move, as pairs of a key and a change; how many movers there shall be; what has been finished."""
        with self._changed:
            if not self._ending:
                self._queue.extend((one[0], one[1]) for one in users)
                returned: list[Any] = []
            else:
                returned = [one[0] for one in users]
            self._told(self._wanted if movers is None else movers)
        if not self._threads:
            self._turns()
        with self._changed:
            answer = self._status()
        return {**answer, "returned": returned + answer["returned"]}

    def stop(self) -> dict[str, Any]:
        """No user is begun any more; those who were not begun are given back. What is under way goes on."""
        with self._changed:
            self._stop()
            return self._status()

    def close(self) -> None:
        """The same, and wait: when this returns, all is journalled and no process is left."""
        with self._changed:
            self._stop()
            while self._movers and self._threads:
                self._changed.wait(1.0)
        for mover in self._movers:
            mover.shell.drop()
        self._movers.clear()

    # --- all below holds the lock, where not said otherwise

    def _told(self, movers: int) -> None:
        self._heard = self._clock()
        self._wanted = max(0, min(movers, MOST, QUEUE))
        self._staff()
        self._changed.notify_all()

    def _status(self) -> dict[str, Any]:
        finished, self._finished = self._finished, []
        requests, self._requests = self._requests, []
        returned = [key for key, _change in self._queue] if self._ending else []
        if self._ending:
            self._queue.clear()
        at_work = [one for one in self._movers if one.open]
        return {
            "finished": finished,
            "requests": requests,
            "returned": returned,
            "ending": self._ending,
            "running": len(at_work),
            "alive": len(self._movers),
            "queued": len(self._queue),
            "on_the_way": sum(one.working for one in self._movers),
            "size": max((one.sizer.size for one in at_work), default=Sizer.FIRST),
            "quota": self._quota if self._clock() < self._quota_until else None,
            "trouble": self._trouble.to_json() if self._trouble else None,
            "starts": self._starts + sum(one.shell.starts for one in self._movers),
        }

    def _stop(self) -> None:
        self._ending, self._wanted = True, 0
        self._changed.notify_all()

    def _staff(self) -> None:
        """Start who is missing, send home who is too many."""
        now = self._clock()
        if self._ending:
            return
        wanted = self._wanted
        if self._quota is not None and now < self._quota_until:
            wanted = min(wanted, self._quota)
        here = [one for one in self._movers if not one.leaving]
        for mover in here[wanted:]:
            mover.leaving = True
        if now < self._again_at:
            return
        for _turn in range(wanted - len(here)):
            shell = self._make_shell()
            mover = Mover(shell, self._make_performer(shell).through(self._door), Sizer(*self._seconds))
            self._movers.append(mover)
            if self._threads:
                threading.Thread(target=self._life, args=(mover,), name="mover", daemon=True).start()

    def _batch(self, mover: Mover) -> list[tuple[Any, Mapping[str, Any]]]:
        """The mover's next users. Near the end of the queue each mover takes a part of it."""
        fair = -(-len(self._queue) // max(1, len(self._movers)))
        size = max(1, min(mover.sizer.size, fair, len(self._queue)))
        batch = [self._queue.popleft() for _turn in range(size)]
        # half of those that are too long for one request, and half of these again; nearly none ever are
        while len(batch) > 1 and len(json.dumps([change.get("call") for _key, change in batch])) > CHARACTERS:
            half = len(batch) // 2
            self._queue.extendleft(reversed(batch[half:]))
            del batch[half:]
        mover.working = len(batch)
        return batch

    def _orphaned(self) -> bool:
        return self._threads and self._clock() - self._heard > ORPHANED

    # --- a mover's own thread, without the lock

    def _life(self, mover: Mover) -> None:
        try:
            while self._opened(mover) and self._turn(mover, wait=True):
                pass
        except BaseException as exc:
            with self._changed:
                self._trouble = InDoubt(f"A mover failed ({type(exc).__name__}: {exc}).")
        finally:
            self._home(mover)

    def _home(self, mover: Mover) -> None:
        """End the mover's process; only then is it counted out."""
        mover.open = False
        try:
            mover.shell.drop()
        finally:
            with self._changed:
                self._starts += mover.shell.starts
                if mover in self._movers:
                    self._movers.remove(mover)
                self._changed.notify_all()

    def _turns(self) -> None:
        """Without threads: each mover that is there takes one batch."""
        for mover in list(self._movers):
            if not (self._opened(mover) and self._turn(mover, wait=False)):
                self._home(mover)

    def _opened(self, mover: Mover) -> bool:
        """Whether the mover has its process, on the right host. Where a quota forbids it, there are to be fewer."""
        if self._ending or mover.leaving:
            return False
        try:
            hello = mover.shell.open()
            reasons = () if mover.open else self._admit(hello)
            if reasons:
                raise Refused(list(reasons))
        except MigrationError as exc:
            self._not_opened(exc)
            return False
        except Exception as exc:
            self._not_opened(Unreachable(f"A mover could not be started ({type(exc).__name__}: {exc})."))
            return False
        mover.open = True
        return True

    def _not_opened(self, exc: MigrationError) -> None:
        with self._changed:
            now = self._clock()
            others = sum(one.open for one in self._movers)
            if quota_reached(exc):
                self._quota, self._quota_until = others, now + QUOTA_SECONDS
            self._again_at = now + AGAIN_SECONDS
            if not others or not quota_reached(exc):
                self._trouble = exc

    def _turn(self, mover: Mover, *, wait: bool) -> bool:
        """One request, where there are users; False where the mover is to go home."""
        with self._changed:
            while not self._queue and not self._ending and not mover.leaving and not self._orphaned():
                if not wait:
                    return True
                self._changed.wait(1.0)
            if self._orphaned():
                self._stop()
            if self._ending or mover.leaving:
                return False
            batch = self._batch(mover)
        began = self._clock()
        outcomes = self._moved(mover, [change for _key, change in batch])
        took = max(self._clock() - began, 0.0)
        strained = sum(judge(one).kind == TRANSIENT for one in outcomes)
        with self._changed:
            mover.working = 0
            mover.sizer.learn(len(batch), took)
            self._requests.append([began, len(batch), took, strained])
            for (key, _change), outcome in zip(batch, outcomes, strict=True):
                self._finished.append({"user": key, "seconds": round(took / len(batch), 3), **outcome})
            self._changed.notify_all()
        return True

    def _moved(self, mover: Mover, changes: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """An outcome for each, whatever happens: what is not known is said to be not known."""
        request = {"op": "change", "check": False, "changes": changes, "context": self._context}
        try:
            outcomes = mover.performer.perform(request)["outcomes"]
        except (Refused, StateError) as exc:
            # nobody else could do better
            with self._changed:
                self._trouble = exc
                self._stop()
            return _all(changes, False, exc)
        except InDoubt as exc:
            return _all(changes, None, exc)
        except (NeverRan, Unreachable) as exc:
            return _all(changes, False, exc)
        except MigrationError as exc:
            with self._changed:
                self._trouble = exc
                self._stop()
            return _all(changes, False, exc)
        except Exception as exc:
            mover.shell.drop()
            doubt = InDoubt(f"A request of a mover failed ({type(exc).__name__}: {exc}).")
            with self._changed:
                self._trouble = doubt
                self._stop()
            return _all(changes, None, doubt)
        return [_short(one) for one in outcomes]


def _short(outcome: Mapping[str, Any]) -> dict[str, Any]:
    """What a poll tells of an outcome; the journal has all of it."""
    told = {name: outcome[name] for name in ("id", "ok", "ran", "seconds") if outcome.get(name) is not None}
    more = {"errors": list(outcome["errors"])[:3], "warnings": list(outcome["warnings"])[:3]}
    return {"ran": None, **told, **{name: value for name, value in more.items() if value}}


def _all(changes: Sequence[Any], ran: bool | None, exc: MigrationError) -> list[dict[str, Any]]:
    error = RemoteError(exc.kind, "NotSpecified").to_json()
    return [{"ok": False, "ran": ran, "errors": [error]} for _change in changes]
