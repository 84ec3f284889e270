# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moving many users, without any server: who moves through which host, how many at once, what is tried again, when to stop.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._engine.errors import NotReady, RemoteError

# --- shares


def share(user: str, hosts: Sequence[str]) -> str:
    """The host that moves this user: the same one each time, and only the users of a host that goes away change theirs."""
    folded = user.casefold()

    def weight(host: str) -> tuple[bytes, str]:
        return hashlib.blake2b(f"{host}\0{folded}".encode("utf-8", "replace"), digest_size=8).digest(), host

    return max(hosts, key=weight)


# --- the size of a request


class Sizer:
    """How many moves go into the next request, so that it takes five to ten seconds as the last ones went."""

    FIRST, GROWTH, MOST = 4, 4, 400

    def __init__(self, low: float = 5.0, high: float = 10.0) -> None:
        self._aim = (low + high) / 2
        self._each: float | None = None
        self.size = self.FIRST

    def learn(self, moves: int, seconds: float) -> None:
        if moves < 1 or seconds < 0:
            return
        now = seconds / moves
        self._each = now if self._each is None else (self._each + now) / 2
        wanted = self.MOST if self._each * self.MOST <= self._aim else round(self._aim / self._each)
        self.size = max(1, min(wanted, self.size * self.GROWTH, self.MOST))


# --- what became of a move

MOVED, TRANSIENT, FAILED, DOUBT, NEVER_RAN = "moved", "transient", "failed", "doubt", "never_ran"

TRANSIENT_TYPES = frozenset(
    "TimeoutException SocketException IOException CommunicationException EndpointNotFoundException "
    "ServerTooBusyException SqlException LdapException ADTransientException DataSourceTransientException".split()
)
"""Last parts of the names of .NET exceptions that tell of the network, the back end or the directory, not of the user.

Inferred from the libraries that the cmdlets use: Microsoft publishes no list. What is not here is not tried again.
"""
TRANSIENT_CATEGORIES = frozenset({"OperationTimeout", "ResourceBusy", "ConnectionError"})
_SAYS_NOTHING = frozenset({"", "ProcessingFailed", "InvalidOperation"})


@dataclass(frozen=True)
class Verdict:
    kind: str
    error: str = ""
    """The class of the error: its id and, where that says nothing, the type of the innermost exception."""
    text: str = ""


UNKNOWN_PARAMETER = "NamedParameterNotFound"
"""What PowerShell calls a parameter that this version of a cmdlet has not: it is the same for every user."""


def unknown_parameter(said: str) -> NotReady:
    return NotReady(
        f"The server's version of the cmdlet that moves users does not have a parameter that it was called with: {said.rstrip('.')}. "
        "Leave out the option that asks for it (move_conference_data, domain_controller), or move users through a server with the "
        "management tools of Lync Server 2013. No further user was begun."
    )


def error_class(error: RemoteError) -> str:
    if error.name not in _SAYS_NOTHING or not error.exceptions:
        return error.name or error.category
    return f"{error.name or error.category}/{error.exceptions[-1].type.rsplit('.', 1)[-1]}"


def is_transient(error: RemoteError) -> bool:
    """By type and category, never by text, which is in the server's language."""
    return error.category in TRANSIENT_CATEGORIES or error.has_type(*TRANSIENT_TYPES)


def judge(outcome: Mapping[str, Any]) -> Verdict:
    """The verdict on one outcome of a change, as a performer gives it."""
    if outcome.get("ok"):
        return Verdict(MOVED)
    errors = [
        one if isinstance(one, RemoteError) else RemoteError.from_json(one) for one in outcome.get("errors") or ()
    ]
    name = error_class(errors[0]) if errors else "no_error"
    text = errors[0].shown() if errors else "the server gave no error"
    ran = outcome.get("ran", True)
    if ran is None:
        return Verdict(DOUBT, name, text)
    if ran is False:
        return Verdict(NEVER_RAN, name, text)
    passing = bool(errors) and all(is_transient(one) for one in errors)
    return Verdict(TRANSIENT if passing else FAILED, name, text)


# --- when to stop


@dataclass(frozen=True)
class FailureLimit:
    """No further move begins once so many users have failed for good, or such a share of those that are finished."""

    count: int | None = None
    share: float | None = None
    least: int = 20
    """A share says nothing of the first few."""

    def reached(self, failed: int, finished: int) -> str | None:
        """The sentence that stops, or None."""
        if self.count is not None and failed > self.count:
            return f"{failed} users could not be moved, and at most {self.count} may fail"
        if self.share is not None and finished >= self.least and failed > self.share * finished:
            return f"{failed} of {finished} users could not be moved, and at most {self.share:.0%} may fail"
        return None


# --- who is where


class Roster:
    """Every user exactly once: waiting in the share of a host, on the way, in doubt, or finished. A user is a number."""

    def __init__(self, names: Sequence[str], hosts: Sequence[str], tries: int = 3, pause: float = 30.0) -> None:
        if not hosts:
            raise ValueError("There is no host to move users with.")
        self.names, self.tries, self.pause = names, max(1, tries), pause
        self._waiting: dict[str, deque[int]] = {host: deque() for host in hosts}
        self._later: list[tuple[float, int]] = []
        self._tried: dict[int, int] = {}
        self._on_the_way: dict[int, str] = {}
        self._busy: Counter[str] = Counter()
        self.doubtful: dict[int, Verdict] = {}
        self.failed: dict[int, Verdict] = {}
        self.moved = 0
        self.retries = 0

    def add(self, users: Iterable[int]) -> None:
        """The next wave."""
        hosts = list(self._waiting)
        for one in users:
            self._waiting[share(self.names[one], hosts)].append(one)

    # --- out

    def take(self, host: str, most: int, now: float) -> list[int]:
        """The next users of a host's share; those that are tried again go last. A host that is done helps the one that is not."""
        while self._later and self._later[0][0] <= now:
            self.add([heapq.heappop(self._later)[1]])
        queue = self._waiting[host]
        if not queue and most > 0:
            fullest = max(self._waiting.values(), key=len)
            queue.extendleft(fullest.pop() for _turn in range(min(most, len(fullest) // 2)))
        taken = [queue.popleft() for _turn in range(min(max(0, most), len(queue)))]
        for one in taken:
            self._on_the_way[one] = host
        self._busy[host] += len(taken)
        return taken

    def drop_host(self, host: str) -> None:
        """The host takes part no more: the others share its users, as they would have from the beginning."""
        if len(self._waiting) > 1:
            self.add(self._waiting.pop(host))

    # --- back

    def settle(self, user: int, verdict: Verdict, now: float) -> str:
        """What becomes of a user who was on the way: moved, waiting (again), doubtful or failed."""
        self._busy[self._on_the_way.pop(user)] -= 1
        return self._placed(user, verdict, now, self.pause)

    def doubt(self, user: int, verdict: Verdict) -> None:
        """Was on the way, and only the directory knows whether he got there."""
        self._busy[self._on_the_way.pop(user)] -= 1
        self.doubtful[user] = verdict

    def returned(self, user: int) -> None:
        """Was taken but not begun."""
        self._busy[self._on_the_way.pop(user)] -= 1
        self.add([user])

    def seen(self, user: int, verdict: Verdict, now: float) -> str:
        """What a look at the directory says of a user in doubt. Who was not moved has waited for it already."""
        del self.doubtful[user]
        return self._placed(user, verdict, now, 0.0 if verdict.kind == NEVER_RAN else self.pause)

    def _placed(self, user: int, verdict: Verdict, now: float, pause: float) -> str:
        if verdict.kind == MOVED:
            self._tried.pop(user, None)
            self.moved += 1
            return "moved"
        if verdict.kind == DOUBT:
            self.doubtful[user] = verdict
            return "doubtful"
        tried = self._tried.get(user, 0) + 1
        if verdict.kind in (TRANSIENT, NEVER_RAN) and tried < self.tries:
            self._tried[user] = tried
            self.retries += 1
            heapq.heappush(self._later, (now + pause * tried, user))
            return "waiting"
        self._tried.pop(user, None)
        self.failed[user] = verdict
        return "failed"

    # --- counts

    def users_of(self, host: str) -> list[int]:
        """Who is on the way on a host."""
        return [user for user, where in self._on_the_way.items() if where == host]

    def has_work(self, host: str) -> bool:
        return bool(self._waiting[host] or self._busy[host])

    @property
    def hosts(self) -> tuple[str, ...]:
        return tuple(self._waiting)

    @property
    def waiting(self) -> int:
        return sum(map(len, self._waiting.values())) + len(self._later)

    @property
    def on_the_way(self) -> int:
        return len(self._on_the_way)

    @property
    def failing(self) -> int:
        """Who has failed for good, as far as is known."""
        return len(self.failed) + sum(one.kind == FAILED for one in self.doubtful.values())

    @property
    def finished(self) -> int:
        return self.moved + len(self.failed)

    def left(self) -> list[int]:
        """Who was not begun, in the order of the list."""
        return sorted([one for queue in self._waiting.values() for one in queue] + [one for _due, one in self._later])


# --- the manifest for going back

POLICIES = (
    "VoicePolicy", "MobilityPolicy", "ConferencingPolicy", "PresencePolicy", "DialPlan", "LocationPolicy", "ClientPolicy",
    "ClientVersionPolicy", "ArchivingPolicy", "PinPolicy", "ExternalAccessPolicy", "HostedVoicemailPolicy",
    "UserServicesPolicy", "PersistentChatPolicy",
)  # fmt: skip
"""Properties of a user that a move, above all one from Office Communications Server, can change.

The first twelve are in published exports of Get-CsUser. The last two came with Lync Server 2013; that the property has the name
of the policy, as with the others, is inferred from Grant-CsUserServicesPolicy and Grant-CsPersistentChatPolicy."""
