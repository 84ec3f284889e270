# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report of a run in the state directory: as CSV for a spreadsheet, as JSON lines for programs. A later one takes its place.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .._engine.calls import clean
from .._engine.files import checked_name, line_of, write_whole
from .rows import cell


def write(state_dir: str, run: str, name: str, fields: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Path of the CSV file; the JSON lines, which are exact, are beside it under the same name."""
    directory = Path(state_dir) / "runs" / checked_name(run)
    table, lines = io.StringIO(), []
    writer = csv.writer(table, lineterminator="\r\n")
    writer.writerow(fields)
    for row in rows:
        writer.writerow([cell(row.get(one)) for one in fields])
        lines.append(line_of({one: clean(row.get(one)) for one in fields}))
    # a byte order mark: without it spreadsheets read names in the code page of their own computer
    write_whole(directory, f"{name}.csv", b"\xef\xbb\xbf" + table.getvalue().encode("utf-8", "replace"))
    write_whole(directory, f"{name}.ndjson", b"".join(lines))
    return str(directory / f"{name}.csv")
