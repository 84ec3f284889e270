# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that were read together with another task's, because the task after it will ask for them.

Confirming that nothing has to be done would else cost a request for each task. An answer is used once, within seconds, and
not after any change of any host of this migration: the journal has them all.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

SECONDS = 10.0
_INTENT = b'"kind":"intent"'

Answer = tuple[list[list[Any]], dict[str, Any]]


class Ahead:
    def __init__(self, journal: Path, clock: Callable[[], float]) -> None:
        self._journal, self._clock = journal, clock
        self._kept: dict[str, tuple[float, int, Answer]] = {}

    def keep(self, answers: Mapping[str, Answer]) -> None:
        now, end = self._clock(), self._end()
        self._kept.update({name: (now, end, answer) for name, answer in answers.items()})

    def take(self, name: str) -> Answer | None:
        """The answer, if it may still be used; it is gone then."""
        found = self._kept.pop(name, None)
        if found is None:
            return None
        at, end, answer = found
        return answer if self._clock() - at <= SECONDS and not self._changed_since(end) else None

    def forget(self) -> None:
        self._kept.clear()

    def _end(self) -> int:
        try:
            return self._journal.stat().st_size
        except OSError:
            return 0

    def _changed_since(self, end: int) -> bool:
        """Evidence and notes change nothing."""
        if self._end() == end:
            return False
        try:
            with self._journal.open("rb") as file:
                file.seek(end)
                return _INTENT in file.read()
        except OSError:
            return True
