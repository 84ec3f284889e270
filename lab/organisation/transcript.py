# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was asked of the lab: one line of NDJSON per call, in the order in which the calls ended."""

from __future__ import annotations

import json
import os
import threading
import typing as t
from pathlib import Path

Line = dict[str, t.Any]

ORDER = ("time", "host", "run", "cmdlet", "parameters", "outcome", "write")


class Transcript:
    """Lines in memory, and in a file where there is one. Whoever appends has replaced every secret before."""

    def __init__(self, path: Path | None = None) -> None:
        self._lock = threading.Lock()
        self._lines: list[Line] = []
        self._file: int | None = None
        if path is not None:
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)

    def append(self, line: t.Mapping[str, t.Any]) -> None:
        defaults: Line = {"run": "", "parameters": {}, "outcome": "ok", "write": False}
        merged = {**defaults, **line}
        ordered = {key: merged.pop(key, "") for key in ORDER} | merged
        text = json.dumps(ordered, ensure_ascii=True, separators=(",", ":"))
        with self._lock:
            self._lines.append(ordered)
            if self._file is not None:
                os.write(self._file, text.encode("ascii") + b"\n")

    def lines(self, start: int = 0) -> list[Line]:
        with self._lock:
            return self._lines[start:]

    def __len__(self) -> int:
        with self._lock:
            return len(self._lines)

    def writes(self) -> list[Line]:
        return [line for line in self.lines() if line["write"]]

    def close(self) -> None:
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None
