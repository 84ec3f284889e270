# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which certificate serves a use on a server, and for how long.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from .judging import ERROR
from .stored import Stored, Wanted

Row = Mapping[str, Any]


def assigned(use: str, rows: Sequence[Row]) -> str | None:
    row = next((row for row in rows if str(row.get("Use")).casefold() == use.casefold()), None)
    return str(row["Thumbprint"]).upper() if row and row.get("Thumbprint") else None


def serves(one: Stored | None, wanted: Wanted, use: str, at: datetime) -> bool:
    return one is not None and one.has_key and not any(f.severity == ERROR for f in one.findings(wanted.names, use, at))


def outlived(one: Stored | None, newest: Stored | None, days: int, at: datetime) -> bool:
    """It serves yet, but ends within the window, and one that lasts longer is there."""
    if one is None or newest is None or newest.thumbprint == one.thumbprint:
        return False
    return one.ends_within(days, at) and newest.until > one.until
