# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The warm PowerShell of a simulated computer in the test's own process: what a session daemon's Shell is to a Performer."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.lync.xmpp_migration.lab.organisation.faults import Fault
from ansible_collections.lync.xmpp_migration.lab.powershell.performer import ComputerSession, ProcessGone
from ansible_collections.lync.xmpp_migration.lab.powershell.standin import StandIn
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import InDoubt, Unreachable
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.performer import Reply, full_name


class Killed(BaseException):
    """The controller is gone: nothing of it comes to know what the server did, and nothing is written any more."""


class LabShell:
    """Requests and answers pass through JSON, as they would on the wire; a connection that is struck leaves a doubt."""

    def __init__(self, world: Any, computer: Any, user: str = r"CONTOSO\lyncadmin", run: str = "") -> None:
        self.computer, self.world = computer, world
        self.starts = 0
        #: what becomes of a request whose connection is struck
        self.lost: Callable[[str], BaseException] = InDoubt
        self._user, self._run = user, run
        self._struck: list[Fault] = []
        self._left = False
        self._start()

    def _start(self) -> None:
        with self.world.turn():
            if self.computer.away_until is not None:
                raise Unreachable(f"{self.computer.fqdn} does not answer: it is being restarted.")
        if not self.computer.reachable or int(self.computer.powershell.partition(".")[0]) < 3:
            raise Unreachable(f"{self.computer.fqdn} holds no session.")
        self._session = ComputerSession(self.world, self.computer, self._user, strike=self._strike, run=self._run)
        self._standin = StandIn(self._session)
        self.starts += 1
        module = next(iter(self.computer.modules), None)
        self._hello: Mapping[str, Any] = {**self._standin.hello(), "lync": {"name": module} if module else None}
        self._left = False

    def _strike(self, fault: Fault) -> None:
        self._struck.append(fault)
        if fault.do == "restart":
            self._session.stop.set()  # the service takes its processes with it

    @property
    def struck(self) -> tuple[Fault, ...]:
        """What the last request was struck by."""
        return tuple(self._struck)

    def leave(self, _reason: str) -> None:
        """The next request is one to another process, which sees what Windows gives to new processes only."""
        self._left = True

    def _open(self) -> None:
        if self._session.gone or self._left:
            self._start()

    @property
    def hello(self) -> Mapping[str, Any]:
        self._open()
        return self._hello

    @property
    def scope(self) -> str:
        return full_name(self.hello)

    def request(self, calls: list[dict[str, Any]], seconds: float) -> Reply:
        self._open()
        self._struck.clear()
        try:
            frames = self._standin.perform({"id": 1, "calls": json.loads(json.dumps(calls))})
        except ProcessGone as exc:
            raise self.lost(f"The PowerShell on {self.computer.fqdn} ended in the middle of a request.") from exc
        if self._struck:
            raise self.lost(f"The connection to {self.computer.fqdn} was lost before the answer.")
        rows: list[list[list[Any]]] = [[] for _ in calls]
        ends = []
        for frame in frames:
            if "rows" in frame:
                rows[frame["call"]] += frame["rows"]
            elif "call" in frame:
                ends.append(frame)
            elif not frame.get("done"):
                raise AssertionError(f"the stand-in refused a request: {frame}")
        return Reply(rows, ends)


class UpdatingShell:
    """Tells of each DNS update, before it is sent and when it was answered."""

    def __init__(self, shell: Any, tell: Callable[[str], None]) -> None:
        self._shell, self._tell = shell, tell

    def __getattr__(self, name: str) -> Any:
        return getattr(self._shell, name)

    @property
    def hello(self) -> Mapping[str, Any]:
        return dict(self._shell.hello)

    @property
    def scope(self) -> str:
        return str(self._shell.scope)

    def request(self, calls: list[dict[str, Any]], seconds: float) -> Reply:
        updates = sum(one.get("name") == "dns.update" for one in calls)
        for _ in range(updates):
            self._tell("before")
        reply: Reply = self._shell.request(calls, seconds)
        for _ in range(updates):
            self._tell("after")
        return reply
