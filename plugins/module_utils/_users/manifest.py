# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal as the manifest for going back: where each user came from, and which policies the user had then.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .._engine.files import Follower, parse, see_line
from .._engine.journal import JOURNAL
from .moving import POLICIES

_MOVERS = ("Move-CsUser", "Move-CsLegacyUser")
_MODULE = "user_move"
_INTENT, _OUTCOME = b'{"format":1,"kind":"intent"', b'{"format":1,"kind":"outcome"'


@dataclass(frozen=True)
class Origin:
    """Where one user came from by one move."""

    user: str
    guid: str
    run: str
    at: datetime
    target: str
    #: FQDN of the pool to go back to; None where Office Communications Server's could not be named
    pool: str | None
    home_server: str | None = None
    policies: Mapping[str, str] = field(default_factory=dict)

    @property
    def ocs(self) -> bool:
        return self.home_server is not None


def read(directory: Any) -> dict[str, Origin]:
    """The last move of each user, by the GUID of the account, as far as it was not refused. One whose answer was lost counts:
    where the user is, the directory tells."""
    pending: dict[str, Origin] = {}
    for line in Follower(directory, JOURNAL).lines():
        see_line(line)
        if line.startswith(_INTENT):
            if b'"Move-Cs' in line:
                entry = parse(line)
                origin = entry and _origin(entry)
                if entry and origin:
                    pending[str(entry["id"])] = origin
        elif line.startswith(_OUTCOME) and b'"ok":false' in line:
            entry = parse(line)
            if entry and entry.get("ran") is not None:
                pending.pop(str(entry.get("id")), None)
    return {one.guid: one for one in pending.values()}


def _origin(entry: Mapping[str, Any]) -> Origin | None:
    call, before = entry.get("call") or {}, entry.get("before") or {}
    parameters = call.get("parameters") or {}
    guid, user = before.get("Guid"), parameters.get("Identity")
    if call.get("name") not in _MOVERS or entry.get("module") != _MODULE or entry.get("check"):
        return None
    if not isinstance(guid, str) or not isinstance(user, str):
        return None
    pool = before.get("RegistrarPool")
    home_server = before.get("HomeServer") if not pool else None
    if home_server:
        pool = _way_back(entry.get("undo"))
    return Origin(
        user.lower(),
        guid,
        str(entry.get("run")),
        datetime.fromisoformat(str(entry["at"])),
        str(parameters.get("Target") or "").lower(),
        str(pool).lower() if pool else None,
        str(home_server) if home_server else None,
        {one: str(before[one]) for one in POLICIES if isinstance(before.get(one), str) and before[one]},
    )


def _way_back(undo: Any) -> str | None:
    """The pool of Office Communications Server that the move back was written down with."""
    calls: Iterable[Any] = undo if isinstance(undo, list) else ()
    for one in calls:
        target = (one.get("parameters") or {}).get("Target") if isinstance(one, Mapping) else None
        if isinstance(target, str):
            return target
    return None
