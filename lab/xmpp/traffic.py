# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages in both directions between an organisation's users and their partners, while somebody moves the gateway.

Every so often one is written to each partner, and one by each partner. The users' leave through the gateway that Lync would
take at that moment, which the lab knows; the partners' through the server that their own server finds or has a stream with.
"""

from __future__ import annotations

import functools
import itertools
import threading
import time
import typing as t
from collections import Counter
from dataclasses import dataclass, field
from xml.etree import ElementTree

from .component import NAMESPACE, Component

OLD, NEW = "old", "new"
SIDES = {"gateway": OLD, "edge": NEW}
OUT, IN = "to_partner", "from_partner"
LOOK = 0.1
Look = t.Callable[[], t.Mapping[str, t.Any]]
STANDS_IN = (
    "Prosody stands in for the gateways and for the partner: the mechanics of XMPP and DNS are real, Lync's own timers and its "
    "reuse of streams may differ."
)


@dataclass
class Message:
    sent: float
    side: str = ""  # what it left through (to a partner) or came out of (from one)
    delivered: float | None = None
    bounced: float | None = None
    reason: str = ""
    copies: int = 0


@dataclass
class Direction:
    """What was written one way between the users and one partner."""

    messages: dict[str, Message] = field(default_factory=dict)

    @property
    def open(self) -> int:
        return sum(one.delivered is None and one.bounced is None for one in self.messages.values())

    def report(self, start: float) -> dict[str, t.Any]:
        every = list(self.messages.values())
        delivered = sorted(one.delivered for one in every if one.delivered is not None)
        bounced = [one for one in every if one.delivered is None and one.bounced is not None]
        lost = [one for one in every if one.delivered is None and one.bounced is None]
        gaps = [after - before for before, after in itertools.pairwise(delivered)]
        found: dict[str, t.Any] = {
            "sent": len(every),
            "delivered": {side: self._delivered(side) for side in (OLD, NEW)},
            "bounced": len(bounced),
            "lost": len(lost),
            "twice": sum(one.copies > 1 for one in every),
            "longest_gap": round(max(gaps, default=0.0), 2),
        }
        first = min((one.delivered for one in every if one.side == NEW and one.delivered is not None), default=None)
        found["first_through_new"] = None if first is None else round(first - start, 1)
        if bounced:
            times = [one.sent for one in bounced]
            found["bounced_from"], found["bounced_to"] = round(min(times) - start, 1), round(max(times) - start, 1)
            found["pause"] = round(max(times) - min(times), 1)
            found["reasons"] = dict(Counter(one.reason for one in bounced))
        if lost:
            found["lost_at"] = [round(one.sent - start, 1) for one in lost]
        return found

    def _delivered(self, side: str) -> int:
        return sum(one.delivered is not None and one.side == side for one in self.messages.values())


class Traffic:
    """``look`` tells what the lab's command ``xmpp`` does; ``secret`` is that of the components."""

    def __init__(self, look: Look, secret: str, domain: str, partners: t.Sequence[str], every: float = 0.2) -> None:
        self._look, self._secret, self.domain, self.every = look, secret, domain, every
        self.directions = {(partner, way): Direction() for partner in partners for way in (OUT, IN)}
        self.partners = tuple(partners)
        self._components: dict[str, Component] = {}  # by the name of a partner, or by side
        self._addresses: dict[str, str] = {}
        self._carriers: dict[str, str] = {}
        self._lock = threading.Lock()
        self._ended, self._written = threading.Event(), threading.Event()
        self.start = time.monotonic()
        self._threads = [
            threading.Thread(target=run, name=name, daemon=True)
            for name, run in (("traffic looks", self._watch), ("traffic", self._write))
        ]

    # --- life

    def begin(self, seconds: float = 20.0) -> Traffic:
        """Returns when each direction has had its first message delivered, which opens the streams."""
        self._threads[0].start()
        self._threads[1].start()
        end = time.monotonic() + seconds
        while time.monotonic() < end and not all(self._has_delivered(one) for one in self.directions.values()):
            time.sleep(0.05)
        return self

    def _has_delivered(self, direction: Direction) -> bool:
        with self._lock:
            return any(one.delivered is not None for one in direction.messages.values())

    def finish(self, settle: float) -> dict[str, t.Any]:
        """Write no more, wait until all has come to its end or for so many seconds, and tell."""
        self._written.set()
        end = time.monotonic() + settle
        while time.monotonic() < end and self.open:
            time.sleep(0.1)
        self.stop()
        return self.report()

    def stop(self) -> None:
        self._written.set()
        self._ended.set()
        for thread in self._threads:
            thread.join(10)
        for component in self._components.values():
            component.stop()

    @property
    def open(self) -> int:
        with self._lock:
            return sum(direction.open for direction in self.directions.values())

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.start

    def carriers(self) -> dict[str, str]:
        return dict(self._carriers)

    def report(self) -> dict[str, t.Any]:
        with self._lock:
            return {
                partner: {way: self.directions[partner, way].report(self.start) for way in (OUT, IN)}
                for partner in self.partners
            }

    # --- looking

    def _watch(self) -> None:
        while not self._ended.is_set():
            try:
                seen = self._look()
            except Exception:  # the lab is busy, or gone: then nothing is known anew
                seen = {}
            self._carriers = dict(seen.get("carriers", self._carriers))
            for name, server in seen.get("servers", {}).items():
                key = SIDES.get(server["kind"], name)
                if key not in self._addresses:
                    domain = name if key == name else self.domain
                    self._addresses[key] = server["address"]
                    self._components[key] = Component(
                        server["address"], domain, self._secret, functools.partial(self._received, key)
                    )
            self._ended.wait(LOOK)

    # --- writing

    def _write(self) -> None:
        number = 0
        while not self._written.is_set():
            for partner in self.partners:
                self._one(number, partner, OUT)
                self._one(number, partner, IN)
            number += 1
            # By the clock of the start, so that what a busy machine delays is made up for.
            self._written.wait(max(0.0, self.start + number * self.every - time.monotonic()))

    def _one(self, number: int, partner: str, way: str) -> None:
        side = self._carriers.get(partner, "") if way == OUT else partner
        component = self._components.get(side)
        if (component is None or not component.connected.is_set()) and not self._opened(partner, way):
            return  # the lab is not there yet
        name = f"{way}.{number}.{partner}"
        ours, theirs = f"user001@{self.domain}", f"friend@{partner}"
        sender, to = (ours, theirs) if way == OUT else (theirs, ours)
        message = Message(time.monotonic(), side if way == OUT else "")
        with self._lock:
            self.directions[partner, way].messages[name] = message
        text = f"<message type='chat' id='{name}' from='{sender}' to='{to}'><body>{number}</body></message>"
        if component is None or not component.send(text):
            with self._lock:
                message.bounced, message.reason = time.monotonic(), side if component is None else f"{side} is away"

    def _opened(self, partner: str, way: str) -> bool:
        with self._lock:
            return bool(self.directions[partner, way].messages)

    def _received(self, key: str, stanza: ElementTree.Element) -> None:
        if stanza.tag != f"{{{NAMESPACE}}}message":
            return
        way, _number, partner = stanza.get("id", "").split(".", 2)
        now = time.monotonic()
        with self._lock:
            direction = self.directions.get((partner, way))
            message = direction.messages.get(stanza.get("id", "")) if direction else None
            if message is None:
                return
            if stanza.get("type") == "error":
                message.bounced, message.reason = now, _reason(stanza)
                return
            message.copies += 1
            if message.delivered is None:
                message.delivered = now
            if way == IN:
                message.side = key


def _reason(stanza: ElementTree.Element) -> str:
    error = stanza.find(f"{{{NAMESPACE}}}error")
    if error is None:
        return "an error"
    names = [child.tag.rpartition("}")[2] for child in error]
    text = next((child.text or "" for child in error if child.tag.endswith("}text")), "")
    return ": ".join(part for part in (names[0] if names else "an error", text) if part)
