# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The talk with one process that runs cmdlet_host.ps1: its greeting, then requests and their checked answers, in order.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import base64
import json
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import (
    AnswerTimeout,
    InDoubt,
    Unreachable,
)
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.performer import Reply

from ._clixml import messages
from ._frames import Collector, Decoder, Done, Frame, Hello, Limits, Take
from ._pipe import Lost, NeverArrived, Pipe

SCRIPT = Path(__file__).with_name("cmdlet_host.ps1")
ENOUGH = 16_000
"""Bytes that are worth an exchange."""
LAST_WORDS = 10
"""Seconds that a process has to end after its stdin was closed."""


class Ended(Exception):
    """The process ended before it had answered."""

    def __init__(self, code: int | None) -> None:
        super().__init__(f"the process ended with exit code {code}")


class Talk:
    def __init__(self, connection: Any, target: str, limits: Limits) -> None:
        """Start the process. Raises NeverArrived."""
        nonce = secrets.token_hex(16)
        self.pipe = Pipe(connection)
        self._target = target
        self._limits = limits
        self._decoder = Decoder(nonce, limits)
        self._head = base64.b64encode(SCRIPT.read_bytes()) + b"\n" + nonce.encode("ascii") + b"\n"
        self._serial = 0
        self._echo: int | None = None
        self._closed = False

    # --- out

    def compose(self, calls: Sequence[Mapping[str, Any]], take: Take | None = None) -> tuple[Collector, bytes]:
        self._serial += 1
        text = json.dumps({"id": self._serial, "calls": list(calls)}, ensure_ascii=False)
        return Collector(self._serial, calls, self._limits, take), base64.b64encode(text.encode("utf-8")) + b"\n"

    def begin(self, *lines: bytes, end: bool = False) -> None:
        """Send the script and, where stdin is to be closed behind them, all there will be of requests."""
        self._closed = end
        self.pipe.send(self._head + b"".join(lines), end=end)

    def send(self, calls: Sequence[Mapping[str, Any]], take: Take | None = None) -> Collector:
        """Send a request. Raises NeverArrived where the server proved that nothing of it ran."""
        self._decoder.begin()
        self.pipe.stderr.clear()
        collector, line = self.compose(calls, take)
        try:
            self.pipe.send(line)
        except Lost as lost:
            self._resume(lost)
        return collector

    def _resume(self, lost: Lost) -> None:
        """Go on with the same process over another connection, once for each request.

        What was on its way may have been lost in either direction. The process reads its requests in order, so an empty
        one behind them tells: what has not been answered before that one's answer will never be. Where stdin is closed, the
        end of the process tells the same.
        """
        if self._echo is not None:
            raise InDoubt(f"The connection to {self._target} was lost twice while a request was under way: {lost}.") from lost
        try:
            self.pipe.reconnect()
            if self._closed:
                self._echo = 0
                return
            echo, line = self.compose([])
            self._echo = echo.number
            # the line feed ends a line of which only a part arrived
            self.pipe.send(b"\n" + line)
        except (Lost, NeverArrived) as exc:
            raise InDoubt(
                f"The connection to {self._target} was lost while a request was under way ({lost}), and could not be "
                f"taken up again: {exc}."
            ) from exc

    # --- in

    def greeting(self, deadline: float) -> dict[str, Any]:
        try:
            frame = next(self._frames(deadline))
        except (AnswerTimeout, Lost, Ended) as exc:
            said = " ".join(self.said)[:500]
            raise Unreachable(f"PowerShell did not start on {self._target}: {exc}{': ' + said if said else ''}.") from exc
        if not isinstance(frame, Hello):
            raise Unreachable(f"What answers on {self._target} is not the session's script.")
        return frame.values

    def hear(self, collector: Collector, deadline: float) -> Reply:
        """The whole answer to a request, or the error that says how much of it is in doubt."""
        while not collector.done:
            try:
                self._collect(collector, deadline)
            except Lost as lost:
                self._resume(lost)
            except Ended as ended:
                raise InDoubt(f"PowerShell on {self._target} ended while an answer was awaited: {ended}.") from ended
        return Reply(collector.rows, collector.ends, self.said)

    def _collect(self, collector: Collector, deadline: float) -> None:
        for frame in self._frames(deadline, collector):
            if self._echo is not None and isinstance(frame, Done) and frame.id == self._echo:
                self._echo = None
                if frame.id > collector.number:
                    raise InDoubt(
                        f"The connection to {self._target} was lost while a request was under way: the request did not "
                        "arrive, or its answer did not."
                    )
                continue
            collector.take(frame)
            if collector.done:
                return

    def _frames(self, deadline: float, collector: Collector | None = None) -> Iterator[Frame]:
        yield from self._decoder.feed(b"")
        while self.pipe.exit_code is None:
            if time.monotonic() >= deadline:
                raise AnswerTimeout(f"{self._target} gave no answer in the time that the request had.")
            heard = self.pipe.receive(deadline)
            yield from self._decoder.feed(heard)
            if collector is not None and len(heard) < ENOUGH:
                time.sleep(min(collector.pause(), max(0.0, deadline - time.monotonic())))
        raise Ended(self.pipe.exit_code)

    @property
    def said(self) -> list[str]:
        """What the host printed since the last request was sent."""
        return [*self._decoder.output, *messages(bytes(self.pipe.stderr))]

    def finish(self) -> None:
        """Hear a process out whose stdin is closed, so that the server forgets it. The shell stays for the next one."""
        deadline = time.monotonic() + LAST_WORDS
        while self.pipe.exit_code is None and time.monotonic() < deadline:
            self.pipe.receive(deadline)
        self.pipe.end()
