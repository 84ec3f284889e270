# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes what updates change into the world: its zones, its transcript, its laws."""

from __future__ import annotations

import typing as t
from types import SimpleNamespace

from ..organisation.zones import RRset
from ..powershell.values import iso_text
from .records import Change

HOST = "dns"


def follow(world: t.Any) -> t.Callable[[str, list[Change]], None]:
    """The ``on_change`` of a world. The world lives in the estate's addresses, and so do the changes."""

    def on_change(zone: str, changes: list[Change]) -> None:
        parameters = {"zone": zone, "changes": [shown(change) for change in changes]}
        with world.turn():
            for change in changes:
                after = change.after or RRset(0, ())
                world.zones.put(zone, change.name, change.type, after.ttl, after.values)
            world.transcript.append(
                {
                    "time": iso_text(world.clock.now()),
                    "host": HOST,
                    "cmdlet": "dns.update",
                    "parameters": parameters,
                    "outcome": "ok",
                    "write": True,
                }
            )
            world.after_change(SimpleNamespace(cmdlet="dns.update", p=parameters, computer=None))

    return on_change


def shown(change: Change) -> dict[str, t.Any]:
    return {
        "name": change.name,
        "type": change.type,
        "before": _rrset(change.before),
        "after": _rrset(change.after),
    }


def _rrset(rrset: RRset | None) -> dict[str, t.Any] | None:
    return None if rrset is None else {"ttl": rrset.ttl, "values": list(rrset.values)}
