# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A replayed migration up to the window, and then real XMPP servers, real time and messages in both directions.

What comes before the window takes no time (the lab's clock jumps); in the window a second is a second, because resolvers and
XMPP servers know no other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from ansible_collections.lync.xmpp_migration.lab import consoles
from ansible_collections.lync.xmpp_migration.lab.organisation.clock import Clock
from ansible_collections.lync.xmpp_migration.lab.streams import COMPONENTS, PROSODY, Streams
from ansible_collections.lync.xmpp_migration.lab.xmpp.traffic import Traffic
from ansible_collections.lync.xmpp_migration.tests.replay.recording import Recorded
from ansible_collections.lync.xmpp_migration.tests.replay.replay import Ended, Replay

ESTATE, USERS = "lync2010", 5
DOMAIN = "contoso.test"
EXTERNAL, DIALBACK = "fabrikam.test", "nwtraders.test"
OLD, NEW = "xmppgw.contoso.test", "edge2013.contoso.test"


class RealClock(Clock):
    """Who waits, waits."""

    def advance(self, seconds: float) -> None:
        time.sleep(max(0.0, seconds))


class Cutover:
    """A lab at the edge of its window. ``rest`` are the calls that are still to come."""

    def __init__(self, directory: Path, recording: Sequence[Recorded]) -> None:
        self.replay = Replay(ESTATE, directory, users=USERS)
        self.rest = list(recording)
        self.traffic: Traffic | None = None

    def until(self, wanted: Callable[[Recorded], bool]) -> Ended:
        """Performs calls up to the first that is wanted, which is left."""
        number = next((n for n, one in enumerate(self.rest) if wanted(one)), len(self.rest))
        now, self.rest = self.rest[:number], self.rest[number:]
        return self.replay.run(now).done()

    def go_live(self) -> None:
        """Real servers and real time from now on."""
        replay = self.replay
        replay.world.clock = RealClock(replay.world.clock.now())
        if replay._streams is not None:
            replay._streams.stop()
        server = replay._server
        assert server is not None
        replay._streams = Streams(replay.world, replay.place, PROSODY, (server.address, server.port))

    @property
    def streams(self) -> Streams:
        assert self.replay._streams is not None
        return self.replay._streams

    def write(self, *partners: str) -> Traffic:
        secret = self.replay.place.secret(COMPONENTS)
        self.traffic = Traffic(self.streams.shown, secret, DOMAIN, partners).begin()
        return self.traffic

    def console(self, name: str, value: str) -> None:
        consoles.act(self.replay.world, name, value, self.streams)

    def address(self, name: str) -> str:
        return str(self.streams.shown()["servers"][name]["address"])

    def streams_of(self, name: str) -> list[dict[str, str]]:
        return [one for one in self.streams.shown()["streams"] if one["server"] == name]

    def ask(self, wanted: Callable[[Recorded], bool], module: str = "", **options: Any) -> str:
        """What a check that is still to come says now, with these options beside its own; or another module in its place."""
        like = next(one for one in self.rest if wanted(one))
        arguments = options if module else {**like.arguments, **options}
        result = self.replay.call(
            replace(like, module=module or like.module, arguments=arguments), check=False, run="asked"
        )
        return str(result.get("msg", "")) if result.get("failed") else ""

    def close(self) -> None:
        if self.traffic is not None:
            self.traffic.stop()
        self.replay.close()


@contextmanager
def cutover(directory: Path, recording: Sequence[Recorded]) -> Iterator[Cutover]:
    made = Cutover(directory, recording)
    try:
        yield made
    finally:
        made.close()


def eventually(true: Callable[[], bool], seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.05)
    return true()
