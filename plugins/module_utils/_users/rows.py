# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One row for each user of a run, in the state directory: as CSV for a spreadsheet, as JSON lines for programs.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .._engine.files import append, append_lines, checked_name

FIELDS = ("user", "outcome", "error", "reason", "source", "target", "host", "seconds", "journal")
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""Also in their wide forms, which spreadsheets of some languages take for the narrow ones."""
_AT_ONCE = 500


def cell(value: Any) -> str:
    """A text that no spreadsheet takes for a formula, on one line."""
    if isinstance(value, str) and value.isascii() and value.isprintable() and value[:1].isalnum():
        return value  # as most are
    text = "" if value is None else str(value)
    if text.lstrip().startswith(_FORMULA) or text.startswith(("\t", "\r")):
        text = "'" + text
    return " ".join(text.splitlines())


def csv_line(values: Mapping[str, Any], fields: Sequence[str] = FIELDS) -> bytes:
    return csv_lines([values], fields)


def csv_lines(rows: Iterable[Mapping[str, Any]], fields: Sequence[str] = FIELDS) -> bytes:
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerows([[cell(one.get(name)) for name in fields] for one in rows])
    return written.getvalue().encode("utf-8", "replace")


class Rows:
    """Kept as the users come back; on the disk when `flush` returns, and some hundred at a time before that."""

    def __init__(self, state_dir: str | Path, run: str, name: str = "users", fields: Sequence[str] = FIELDS) -> None:
        self._fields = fields
        self._directory = Path(state_dir) / "runs" / checked_name(run)
        self._csv, self._json = f"{name}.csv", f"{name}.ndjson"
        self._kept: list[dict[str, Any]] = []

    @property
    def path(self) -> str:
        return str(self._directory / self._csv)

    @property
    def json_path(self) -> str:
        return str(self._directory / self._json)

    def add(self, **values: Any) -> None:
        self._kept.append({name: values.get(name) for name in self._fields})
        if len(self._kept) >= _AT_ONCE:
            self.flush()

    def flush(self) -> None:
        rows, self._kept = self._kept, []
        if not rows:
            return
        lines = [csv_lines(rows, self._fields)]
        if not (self._directory / self._csv).exists():
            # a byte order mark: without it spreadsheets read names in the code page of their own computer
            lines.insert(0, b"\xef\xbb\xbf" + csv_line({name: name for name in self._fields}, self._fields))
        append_lines(self._directory, self._csv, lines, sync=False)
        append(self._directory, self._json, rows, sync=False)
