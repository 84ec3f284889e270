# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clock of the lab: it can be set, moved forward and sped up, so that an hour's replication takes a second."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta


class Clock:
    """Lab time. With ``jump`` a sleep only moves the clock, which is what a replay in one process wants."""

    def __init__(self, start: datetime | None = None, speed: float = 1.0, jump: bool = False) -> None:
        self._lock = threading.Lock()
        self._origin = start or datetime.now(UTC).replace(microsecond=0)
        self._mark = time.monotonic()
        self._speed = speed
        self.jump = jump

    @property
    def speed(self) -> float:
        return self._speed

    def now(self) -> datetime:
        with self._lock:
            return self._now()

    def _now(self) -> datetime:
        return self._origin + timedelta(seconds=(time.monotonic() - self._mark) * self._speed)

    def set(self, moment: datetime) -> None:
        with self._lock:
            self._origin, self._mark = moment.astimezone(UTC), time.monotonic()

    def set_speed(self, speed: float) -> None:
        if speed < 0:
            raise ValueError("The lab's clock cannot run backwards.")
        with self._lock:
            self._origin, self._mark, self._speed = self._now(), time.monotonic(), speed

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._origin += timedelta(seconds=seconds)

    def sleep(self, seconds: float) -> None:
        """Let lab time pass: really waiting, shortened by the speed, or by moving the clock."""
        if seconds <= 0:
            return
        if self.jump or self._speed <= 0:
            self.advance(seconds)
        else:
            time.sleep(seconds / self._speed)
