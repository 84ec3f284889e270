# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From when on no resolver holds a record with its old lifetime: what was seen, and what is on record, decide.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Optional

from .._engine.calls import Evidence
from .._engine.laws import moment
from .records import RecordSet, Step, earliest_cutover

FACT = "ttl_lowered"
DEFAULT_TTL = 3600

Sets = Mapping[str, Optional[RecordSet]]  # noqa: UP045 - pylint judges the operator by an older Python


def negative_ttl(probed: Sequence[Mapping[str, Any]]) -> int | None:
    """The longest that any server tells: a resolver may have asked that one."""
    return max((int(row["NegativeTtl"]) for row in probed if row["NegativeTtl"] is not None), default=None)


def lowered(
    zone: str,
    made: Sequence[Step],
    before: Sets,
    after: Sets,
    known: Any,
    now: datetime,
    former: Callable[[str, RecordSet | None], int],
) -> Evidence | None:
    """What is put on record of a zone; nothing where a lifetime was raised.

    ``known`` is what was on record before, ``former`` the lifetime that resolvers may hold of what nobody here lowered.
    """
    if any(one.before and one.after and one.after.ttl > one.before.ttl for one in made):
        return None
    known = known if isinstance(known, Mapping) else {}
    changed = {one.identity for one in made}
    records = {name: record.ttl if record else None for name, record in after.items()}
    was = known.get("records") or {}
    if not made and any(ttl is not None and was.get(name, ttl) < ttl for name, ttl in records.items()):
        return None  # raised again since
    earliest = now
    for name, record in before.items():
        if name in changed and record is not None:
            earliest = max(earliest, earliest_cutover(now, record.ttl))
        elif name in was and was[name] == records[name] and moment(known) is not None:
            earliest = max(earliest, moment(known) or earliest)
        else:
            earliest = max(earliest, earliest_cutover(now, former(name, record)))
    value = {"earliest": earliest.isoformat(), "records": records}
    digest = hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
    return Evidence(FACT, zone, digest, value)
