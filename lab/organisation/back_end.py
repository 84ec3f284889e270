# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The back end that all moves share: the more are made at once, the longer each one takes."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


class BackEnd:
    """Seconds of a move by how many are under way, from measured points: moves at once, users per second.

    Between two points the seconds of one move grow evenly with the number of moves, as they do where each one waits its
    turn for what is shared; after the last point they go on growing so.
    """

    def __init__(self, points: Sequence[Sequence[float]] = ()) -> None:
        self._points = sorted((float(at_once), at_once / rate) for at_once, rate in points)
        self._lock = threading.Lock()
        self.at_once = 0

    def __bool__(self) -> bool:
        return bool(self._points)

    def seconds(self, at_once: int) -> float:
        # rule: move-back-end
        points = self._points
        if len(points) == 1:
            return points[0][1] * at_once / points[0][0]
        last = next((index for index in range(1, len(points)) if at_once <= points[index][0]), len(points) - 1)
        (left, low), (right, high) = points[last - 1], points[last]
        return max(0.0, low + (high - low) * (at_once - left) / (right - left))

    @contextmanager
    def move(self) -> Iterator[float]:
        """One move, with the seconds that it takes as things stand when it begins."""
        with self._lock:
            self.at_once += 1
            seconds = self.seconds(self.at_once)
        try:
            yield seconds
        finally:
            with self._lock:
                self.at_once -= 1


def wrong(points: Sequence[Sequence[float]]) -> str | None:
    """Why these are no points of a curve, or None."""
    if any(len(one) != 2 or one[0] < 1 or one[1] <= 0 for one in points):
        return "each point is two numbers: moves at once, from 1 on, and users per second, more than 0."
    if len({one[0] for one in points}) != len(points):
        return "two points have the same number of moves at once."
    return None
