# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes what updates change into the world: its zones, its transcript, its laws."""

from __future__ import annotations

import logging
import queue
import threading
import typing as t
from types import SimpleNamespace

from ..organisation.zones import RRset
from ..powershell.values import iso_text
from .records import Change

log = logging.getLogger(__name__)

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


class Pusher:
    """The other way: what a DNS server's cmdlets write into the world is served a moment later."""

    def __init__(self, world: t.Any, server: t.Any) -> None:
        self._world, self._server = world, server
        self._waiting: queue.SimpleQueue[tuple[str, str, str] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, daemon=True, name="dns cmdlets")
        self._thread.start()
        world.zones.on_write = lambda zone, name, kind: self._waiting.put((zone, name, kind))

    def stop(self) -> None:
        self._world.zones.on_write = None
        self._waiting.put(None)
        self._thread.join(5)

    def _run(self) -> None:
        while (one := self._waiting.get()) is not None:
            with self._world.turn():  # the call that wrote it has ended
                rrset = self._world.zones.get(*one)
            try:
                self._server.put(*one, rrset)
            except Exception:
                log.exception("%s was written by a cmdlet, but is not served.", " ".join(one))


def shown(change: Change) -> dict[str, t.Any]:
    return {
        "name": change.name,
        "type": change.type,
        "before": _rrset(change.before),
        "after": _rrset(change.after),
    }


def _rrset(rrset: RRset | None) -> dict[str, t.Any] | None:
    return None if rrset is None else {"ttl": rrset.ttl, "values": list(rrset.values)}
