# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waves of users: the pilots first, then batches, with a pause between them, only at some hours, and until a stop file is there.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from .._engine.errors import InvalidInput

_HOURS = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\s*-\s*([01]?\d|2[0-3]):([0-5]\d)")

GO, WAIT, STOP = "go", "wait", "stop"


@dataclass(frozen=True)
class Hours:
    """From this time of day to that one, in a named time zone; over midnight where the end is not after the beginning."""

    begins: time
    ends: time
    zone: ZoneInfo

    @classmethod
    def parse(cls, text: str, zone: str) -> Hours:
        found = _HOURS.fullmatch(text.strip())
        if found is None:
            raise InvalidInput(f"{text!r} is not a time window: two times of day are wanted, as in '22:00-05:00'.")
        try:
            known = ZoneInfo(zone)
        except (KeyError, ValueError, OSError) as exc:
            raise InvalidInput(
                f"{zone!r} is not the name of a time zone: one such as 'Europe/Berlin' is wanted, and the controller has to "
                "have the tz database (package tzdata)."
            ) from exc
        hour, minute, to_hour, to_minute = map(int, found.groups())
        return cls(time(hour, minute), time(to_hour, to_minute), known)

    def open(self, moment: datetime) -> bool:
        at = moment.astimezone(self.zone).time().replace(tzinfo=None)
        if self.begins < self.ends:
            return self.begins <= at < self.ends
        return at >= self.begins or at < self.ends

    def opens_in(self, moment: datetime) -> float:
        """Seconds until moves may begin; 0 where they may now. Clocks that are put forward or back are minded."""
        if self.open(moment):
            return 0.0
        local = moment.astimezone(self.zone)
        for days in range(4):
            opening = datetime.combine(local.date() + timedelta(days=days), self.begins, self.zone).astimezone(UTC)
            # where clocks are put forward, a short window may not exist on that day
            if opening > moment and self.open(opening):
                return (opening - moment).total_seconds()
        return 86400.0

    @property
    def shown(self) -> str:
        return f"{self.begins:%H:%M}-{self.ends:%H:%M} {self.zone.key}"


def waves(users: Sequence[int], pilots: Iterable[int] = (), batch: int | None = None) -> list[list[int]]:
    """The pilots in the order of the list, then all others in batches of that size, or at once."""
    first = set(pilots)
    others = [one for one in users if one not in first]
    size = batch if batch and batch > 0 else max(1, len(others))
    made = [[one for one in users if one in first], *(others[at : at + size] for at in range(0, len(others), size))]
    return [wave for wave in made if wave]


@dataclass(frozen=True)
class Signal:
    what: str
    seconds: float = 0.0
    reason: str = ""


@dataclass(frozen=True)
class Gate:
    """Whether a new move may begin now. `stopped` says whether the stop file is there."""

    hours: Hours | None = None
    wait: bool = False
    """Wait for the time window; otherwise the run ends where it is closed, and the next one goes on."""
    stopped: Callable[[], bool] = lambda: False
    stop_file: str = ""

    def look(self, moment: datetime) -> Signal:
        if self.stopped():
            return Signal(STOP, reason=f"the stop file {self.stop_file} is there")
        if self.hours is not None:
            seconds = self.hours.opens_in(moment)
            if seconds:
                reason = f"users are moved at {self.hours.shown} only"
                return Signal(WAIT, seconds, reason) if self.wait else Signal(STOP, reason=reason)
        return Signal(GO)
