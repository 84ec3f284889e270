# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The primary DNS suffix of a computer in a workgroup: set in the registry, in force after a restart.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .._engine.calls import UNKNOWN, Change, Query
from .._engine.collections import KEPT_SUFFIX, SUFFIX, TCPIP
from .._engine.errors import InvalidInput
from .._engine.module import Report, Task
from .._engine.session import Session, quietly
from .._settings.names import BadName, fqdn
from .registry import Value, writing


def run(task: Task) -> Report:
    """Set the suffix, unless it is set; say whether a restart is needed for it."""
    session = task.session
    try:
        suffix = fqdn(task.params["suffix"], "A primary DNS suffix such as contoso.com")
    except BadName as exc:
        raise InvalidInput(f"suffix: {exc}") from exc
    session.read_ahead(Query("hosts_line", partial=True))  # which the next task of the role asks for
    in_force = str(session.hello.get("domain") or "").casefold()
    tcpip, system = quietly(
        session, Query("registry", TCPIP, properties=(KEPT_SUFFIX, SUFFIX)), Query("operating_system")
    )
    row = tcpip[0] if tcpip else {}
    restarted = bool(system) and system[0].get("LastBootUpTime") is UNKNOWN  # as far as it is planned
    kept, now = row.get(KEPT_SUFFIX), row.get(SUFFIX)
    if kept is None and in_force == suffix:
        return Report(False, _value(suffix, restart=False))
    if _is(kept, suffix) and (now is UNKNOWN or _is(now, suffix)):
        waits = now is UNKNOWN or not (restarted or not session.hello or in_force == suffix)
        return Report(False, _value(suffix, restart=waits))
    wanted = [Value(TCPIP, name, "string", suffix) for name in (KEPT_SUFFIX, SUFFIX)]
    changes = writing(session, wanted, [kept, now])
    session.change(*(_until_the_restart(session, one) for one in changes))
    if not task.check_mode:
        rows = session.read(Query("registry", TCPIP, properties=(KEPT_SUFFIX, SUFFIX)))[0]
        after = rows[0] if rows else {}
        task.verify(f"The primary DNS suffix of {task.context.host}", {KEPT_SUFFIX: suffix}, after)
    return Report(
        True,
        _value(suffix, restart=True),
        before={"suffix": str(kept or in_force)},
        after={"suffix": suffix},
    )


def _is(found: Any, suffix: str) -> bool:
    return found is not UNKNOWN and str(found or "").casefold() == suffix


def _until_the_restart(session: Session, change: Change) -> Change:
    """Before Windows was restarted nobody knows what the suffix in force is: a plan has to see that it is to come."""
    if all(SUFFIX not in (effect.properties or ()) for effect in change.effects):
        return change
    return replace(change, effects=(session.effect("registry", TCPIP, {SUFFIX: UNKNOWN}),))


def _value(suffix: str, *, restart: bool) -> dict[str, Any]:
    return {"suffix": suffix, "restart_required": restart}
