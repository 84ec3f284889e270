# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many movers work at once: as many as bring something, because the back end behind them is shared.

The number is doubled while that moves more users in a second, then the best one is looked for between those that were
tried, and the smallest that does nearly as well as the best is kept. Errors and quotas of the servers lower it.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Mapping

GAIN = 0.04
"""A doubling that brings less than this brings nothing."""
FALL = 0.9
"""Below this part of the best, more movers are in each other's way."""
NEARLY = 0.96
"""As good as the best: fewer movers are kinder to the servers."""
STRAIN = 0.1
"""Share of moves that fail for reasons of the servers, from which on they are under strain."""
RECOVERY = 10
"""Measurements without strain after which one mover more is allowed again."""
DRIFT = 0.75
"""Where the throughput falls below this part of what was settled on, three times on end, all is measured anew."""


class Steering:
    """`wanted` movers, never more than `maximum`. Each `learn` is a measurement with just that many at work.

    `least` is the number of hosts: each of them has a share of the users, which needs one mover.
    """

    def __init__(self, maximum: int, least: int = 1) -> None:
        if not 1 <= least <= maximum:
            raise ValueError("At least one mover is needed for each host.")
        self.maximum = self._ceiling = maximum
        self.wanted = self._least = least
        self._rates: dict[int, float] = {}
        self._settled = False
        self._poor = self._clean = self._flat = 0

    @property
    def settled(self) -> bool:
        return self._settled

    @property
    def rates(self) -> Mapping[int, float]:
        """Users per second by number of movers, as last measured."""
        return dict(self._rates)

    def refused(self, running: int) -> None:
        """A server's quota lets no more be started than these."""
        self._ceiling = max(self._least, min(self._ceiling, running))
        self._rates = {number: rate for number, rate in self._rates.items() if number <= self._ceiling}
        self.wanted = min(self.wanted, self._ceiling)
        self._clean = 0

    def limit(self, maximum: int, least: int = 1) -> None:
        """A host went."""
        self.maximum, self._least = max(least, maximum), least
        self._ceiling = min(self._ceiling, self.maximum)
        self.wanted = min(self.wanted, self._ceiling)

    def learn(self, rate: float, strain: float = 0.0) -> None:
        """Users per second with `wanted` movers, and the share of moves that the servers failed."""
        if not self._settled or self.wanted not in self._rates:
            self._rates[self.wanted] = rate
        if strain > STRAIN:
            self._ease()
        elif self._settled:
            self._hold(rate)
        else:
            self._climb(rate)

    # --- steps

    def _ease(self) -> None:
        """Half of them: what the servers cannot take is no throughput."""
        self._clean = 0
        self._ceiling = max(self._least, self.wanted // 2)
        self._rates = {number: rate for number, rate in self._rates.items() if number <= self._ceiling}
        self.wanted, self._settled = self._ceiling, True

    def _climb(self, rate: float) -> None:
        tried = sorted(self._rates)
        best = max(self._rates.values())
        lower = [number for number in tried if number < self.wanted]
        if self.wanted == tried[-1] and lower:
            gain = rate / max(self._rates[lower[-1]], 1e-9) - 1
            self._flat = self._flat + 1 if gain < GAIN else 0
        done = self.wanted < tried[-1] or rate < FALL * best or self._flat >= 2 or tried[-1] >= self._ceiling
        self.wanted = self._between() if done else min(self.wanted * 2, self._ceiling)

    def _between(self) -> int:
        """A number beside the best one that was not tried yet; where none is worth it, the one to stay with."""
        tried = sorted(one for one in self._rates if one <= self._ceiling)
        peak = max(tried, key=lambda number: self._rates[number])
        at = tried.index(peak)
        for other in (tried[at + 1] if at + 1 < len(tried) else None, tried[at - 1] if at else None):
            if other is not None and abs(other - peak) > max(1, peak // 4):
                return (other + peak) // 2
        return self._stay()

    def _stay(self) -> int:
        tried = [one for one in self._rates if one <= self._ceiling]
        best = max(self._rates[one] for one in tried)
        self._settled, self._poor, self._clean = True, 0, 0
        return min(one for one in tried if self._rates[one] >= NEARLY * best)

    def _hold(self, rate: float) -> None:
        self._clean += 1
        self._poor = self._poor + 1 if rate < DRIFT * self._rates[self.wanted] else 0
        if self._poor >= 3:
            self._again()
        elif self._clean >= RECOVERY and self._ceiling < self.maximum:
            self._clean = 0
            self._ceiling += 1
            self.wanted = min(self.wanted + 1, self._ceiling)

    def _again(self) -> None:
        """The servers are not what they were."""
        self._rates, self._settled, self._flat, self._poor = {}, False, 0, 0
        self.wanted = self._least


class Gauge:
    """Measures what a number of movers does: only requests that began after all of them were at work count.

    The rate is made of what requests took, not of what was finished in a stretch of time: answers come in lumps.
    """

    def __init__(self, requests: int = 2) -> None:
        self._requests = requests
        self.reset(1, 0.0)

    def reset(self, movers: int, now: float) -> None:
        self.movers, self.since = movers, now
        self._moves = self._strained = self._count = 0
        self._seconds = 0.0

    def add(self, began: float, moves: int, seconds: float, strained: int = 0) -> None:
        """One request that has ended."""
        if began >= self.since and moves > 0:
            self._count += 1
            self._moves += moves
            self._strained += strained
            self._seconds += max(seconds, 1e-6)

    def measured(self) -> tuple[float, float] | None:
        """Users per second of all movers together and the share of strained moves, once enough is known."""
        if self._count < self._requests * self.movers:
            return None
        return self.movers * self._moves / self._seconds, self._strained / self._moves


def allot(wanted: int, caps: Mapping[str, int]) -> dict[str, int]:
    """So many movers on hosts that can take so many each, as evenly as it goes, always in the same way."""
    given = dict.fromkeys(caps, 0)
    for _turn in range(min(wanted, sum(caps.values()))):
        free = [host for host in caps if given[host] < caps[host]]
        given[min(free, key=lambda host: given[host])] += 1
    return given
