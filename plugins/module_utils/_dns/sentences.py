# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of record sets: what servers show, what went another way than planned, and why.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._engine.errors import MigrationError, Mismatch
from .records import RecordSet, Step, Wanted
from .servers import UPDATE_CODES, same

__all__ = [
    "OVERTAKEN",
    "SHOWN",
    "UPDATE_CODES",
    "apart",
    "behind",
    "listed",
    "moments",
    "named",
    "overtaken",
    "record",
    "text",
    "together",
]

#: Codes that say: what was found before is no longer there.
OVERTAKEN = frozenset({"NXRRSET", "YXRRSET", "NXDOMAIN", "YXDOMAIN"})
#: Of many things that are alike, so many are named.
SHOWN = 5

Rows = Mapping[str, Sequence[Mapping[str, Any]]]


def listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def named(made: Iterable[Step]) -> str:
    return " and ".join(one.identity for one in made)


def text(record: RecordSet | None) -> str:
    return "not there" if record is None else f"{' and '.join(record.values)} (TTL {record.ttl})"


def record(wanted: Wanted | RecordSet, row: Mapping[str, Any] | None) -> RecordSet | None:
    """The record set in a row; None where there is none."""
    if row is None or row["Ttl"] is None:
        return None
    return RecordSet(wanted.name, wanted.type, int(row["Ttl"]), tuple(sorted(row["Values"])))


def _where(row: Mapping[str, Any]) -> str:
    return f"{row['Server']} by {row['Transport']}" if row["Transport"] else str(row["Server"])


def _shown(row: Mapping[str, Any]) -> str:
    return "nothing" if row["Ttl"] is None else f"{' and '.join(row['Values'])} (TTL {row['Ttl']})"


def apart(wanted: Iterable[Wanted], probed: Rows) -> str:
    """In what two servers, or the two ways to one, differ; empty where they do not."""
    for one in wanted:
        first, *others = probed[one.identity]
        for row in others:
            if not same(record(one, first), record(one, row)):
                return f"{_where(row)} shows {_shown(row)} for {one.identity}, but {_where(first)} {_shown(first)}."
    return ""


def behind(made: Iterable[Step], probed: Rows) -> list[str]:
    """Who does not show what was made."""
    return [
        f"{_where(row)} shows {_shown(row)} for {one.identity}"
        for one in made
        for row in probed[one.identity]
        if not same(record(one.record, row), one.after)
    ]


def overtaken(made: Sequence[Step], now: Mapping[str, RecordSet | None]) -> Mismatch:
    different = [one for one in made if not same(now[one.identity], one.before)] or list(made)
    found = "; ".join(
        f"{one.identity} was {text(one.before)} and is {text(now[one.identity])} now" for one in different
    )
    return Mismatch(
        f"{named(made)} was changed by somebody else in the meantime, so nothing was changed here: {found}. See "
        "which of the two is meant, and run the task again."
    )


def together(wrong: Sequence[tuple[str, MigrationError]], done: Sequence[str]) -> MigrationError:
    """The first error with what was wrong elsewhere, and with the zones where all went well."""
    first = wrong[0][1]
    said = [first.text, *(error.text for _zone, error in wrong[1:SHOWN])]
    if len(wrong) > SHOWN:
        said.append(f"And {len(wrong) - SHOWN} more zones: {listed([zone for zone, _error in wrong[SHOWN:]])}.")
    if done:
        said.append(f"Done as planned: {listed(done)}.")
    first.text = " ".join(said)
    return first


def moments(value: Mapping[str, Any]) -> list[str]:
    """What the operator has to know of the time, from what a module returns."""
    found = []
    if value["earliest_cutover"]:
        found.append(
            f"Earliest safe cutover: {value['earliest_cutover']}. From then on no resolver holds a former lifetime."
        )
    elif value["old_record_gone_at"]:
        found.append(f"Until {value['old_record_gone_at']} resolvers may hold the records as they were.")
    return found
