# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A message to a partner by Test-CsXmppIM: what shows that the way out works. It is sent once for a state of things.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from typing import Any

from .._engine.calls import Change, Cmdlet, Evidence, Irreversible
from .._engine.errors import CmdletFailed, InvalidInput
from .._engine.facts import FRESH, OLD
from .._engine.laws import touched_by
from .._engine.module import Report, Task
from .._settings.names import BadName, domain, fqdn, sip_uri

FACT = "im_reached"
_SECONDS = 180


def run(task: Task) -> Report:
    partner, receiver, pool = (task.params[name] for name in ("partner", "receiver", "pool_fqdn"))
    try:
        domain(partner)
        fqdn(pool)
        sip_uri(f"sip:{receiver}")
    except BadName as exc:
        raise InvalidInput(f"partner, receiver and pool_fqdn: {exc}") from exc
    found = task.facts.finding(FACT, partner, touched_by(FACT, partner))
    if found.status in (FRESH, OLD):
        return Report(False, {"im": {"receiver": receiver, "result": "Success", "latency": None, "before": True}})
    call = Cmdlet(
        "Test-CsXmppIM", {"TargetFqdn": pool, "Receiver": receiver}, ("Result", "Latency", "Error", "Diagnosis")
    )
    change = Change(
        call, f"test message to {receiver}", (), undo=Irreversible("A message that was sent is not called back.")
    )
    (outcome,) = task.session.change(change, seconds=_SECONDS)
    row: dict[str, Any] = dict(next(iter(outcome["rows"]), {}))
    result = str(row.get("Result") or ("Success" if task.check_mode else "no result"))
    if result != "Success":
        raise CmdletFailed(
            f"Test-CsXmppIM from {pool} did not reach {receiver}: {row.get('Error') or result}. See that the pool has test users, that {partner} "
            "takes the new Edge, and that its negotiation is the partner's."
        )
    value = {"receiver": receiver, "result": result, "latency": str(row.get("Latency") or "") or None, "before": False}
    return Report(True, {"im": value}, evidence=[Evidence(FACT, partner, value={"receiver": receiver})])
