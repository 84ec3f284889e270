# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Session daemons and their shells in a test's own process: quotas, restarts and counts of shells are those of the lab's WinRM.

What is left out of the way of a request is HTTP and the socket. A shell is opened by the lab's service, counted there, and
gone when the service or its computer restarts; a daemon that is killed leaves its shells behind, as the real one does.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.lync.xmpp_migration.lab.wsman import soap
from ansible_collections.lync.xmpp_migration.lab.wsman.limits import Limits
from ansible_collections.lync.xmpp_migration.lab.wsman.service import Service
from ansible_collections.lync.xmpp_migration.lab.wsman.shells import Shell as RemoteShell
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.context import Context
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import (
    InDoubt,
    NeverRan,
    Unreachable,
)
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.journal import Journal
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.laws import refusals
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.overlay import Overlay
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.performer import Performer
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.session import DirectTransport
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils._faults import Fate, Fault
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils._movers import Movers
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils._pipe import NeverArrived
from ansible_collections.lync.xmpp_migration.tests.replay.movers import MovingTransport
from ansible_collections.lync.xmpp_migration.tests.replay.shell import LabShell

OURS, OTHERS = (
    r"CONTOSO\lyncadmin",
    r"CONTOSO\lyncadmin",
)  # a quota is a user's, whoever else is at work as the same one
CODE_PAGE = 65001

Watch = Callable[[str, Callable[[], Any]], None]
"""Told of a request of a mover `before` it is sent and `after` it was answered, with what performs it."""


class DaemonKilled(BaseException):
    """The daemon of a host is gone in this moment, by a signal that it cannot see."""


class Killed(BaseException):
    """So is the controller, with or without its daemons."""


class Endpoint:
    """WinRM of one computer of a lab."""

    def __init__(self, world: Any, computer: Any, now: Callable[[], float], shells: int = 30) -> None:
        self.world, self.computer, self.now = world, computer, now
        self.service = Service(world, computer, Limits(max_shells_per_user=shells))
        self.most = 0
        self._down_until = float("-inf")
        self._others: list[RemoteShell] = []

    @property
    def open_shells(self) -> int:
        """Of ours, as the lab counts them."""
        there = {one.id for one in self.service.shells.all()}
        return len(there - {one.id for one in self._others})

    def others_take(self, number: int) -> None:
        """Somebody else works there with the same account."""
        for shell in self._others:
            self.service.shells.remove(shell)
        self._others = [self.service.shells.create(OTHERS, 0, CODE_PAGE) for _turn in range(number)]

    def create(self) -> RemoteShell:
        if self.now() < self._down_until:
            raise Unreachable(f"{self.computer.fqdn} refuses the connection.")
        try:
            shell = self.service.shells.create(OURS, 0, CODE_PAGE)
        except soap.WsmanFault as exc:
            fault = NeverArrived(Fault(Fate.DOUBT, str(exc), exc.code))
            raise Unreachable(f"{self.computer.fqdn} opens no more shells.") from fault
        self.service.counts.add("shells")
        self.most = max(self.most, self.open_shells)
        return shell

    def restart(self, seconds: float) -> None:
        others = len(self._others)
        self.service.shells.clear()
        self._others = []
        self.others_take(others)
        self._down_until = self.now() + seconds

    def forget_idle(self) -> None:
        """So much time goes by that the server closes what nobody used."""
        for shell in self.service.shells.all():
            shell.used = float("-inf")
        self.service.shells.sweep()
        self._others = []


class EndpointShell:
    """A shell of a daemon: opened when it is needed, and again where the server says that it is gone."""

    def __init__(self, endpoint: Endpoint, run: str, watch: Watch = lambda when, perform: None) -> None:
        self.endpoint, self.starts = endpoint, 0
        self._run, self._watch = run, watch
        self._remote: RemoteShell | None = None
        self._lab: Any = None

    def open(self) -> Mapping[str, Any]:
        if self._remote is None or not self.endpoint.service.shells.has(self._remote):
            self.drop()
            self._remote = self.endpoint.create()
            self._lab = LabShell(self.endpoint.world, self.endpoint.computer, run=self._run)
            self.starts += 1
        hello: Mapping[str, Any] = self._lab.hello
        return hello

    @property
    def hello(self) -> Mapping[str, Any]:
        return self.open()

    @property
    def scope(self) -> str:
        self.open()
        return str(self._lab.scope)

    def request(self, calls: list[dict[str, Any]], seconds: float) -> Any:
        self.open()  # what the server has forgotten never got the request
        try:
            perform = functools.partial(self._lab.request, calls, seconds)
            self._watch("before", perform)
            reply = perform()
            self._watch("after", perform)
            return reply
        except Exception:
            restarts = [one for one in self._lab.struck if one.do == "restart"]
            if restarts:
                self.endpoint.restart(restarts[0].seconds)
            self.drop()
            raise

    def drop(self) -> None:
        if self._remote is not None:
            self.endpoint.service.shells.remove(self._remote)
        self._remote = self._lab = None


class Daemon(MovingTransport):
    """The session daemon of one host and run, as a transport. `watch` is told of each request of a mover."""

    def __init__(
        self, endpoint: Endpoint, state_dir: str, context: Context, watch: Watch = lambda when, perform: None
    ) -> None:
        self.endpoint, self.alive = endpoint, True
        self.shell = EndpointShell(endpoint, context.run)
        journal = Journal(state_dir, context.run, sync=False, clock=endpoint.now)
        performer = Performer(self.shell, journal, Overlay(journal), refusals, context, clock=endpoint.now)  # type: ignore[arg-type]
        DirectTransport.__init__(self, performer)
        self.movers = Movers(
            lambda: EndpointShell(endpoint, context.run, watch), self._performer, clock=endpoint.now, threads=False
        )

    def perform(self, request: Mapping[str, Any]) -> dict[str, Any]:
        if not self.alive:
            raise NeverRan("The session process of this host has ended.")
        try:
            return super().perform(request)
        except DaemonKilled as exc:
            self.alive = False
            raise InDoubt("The session process of this host went away.") from exc

    def kill(self) -> None:
        """Its shells stay on the server."""
        self.alive = False

    def close(self) -> None:
        """What a daemon does when its playbook has ended, however that did."""
        if self.alive:
            self.alive = False
            self.movers.close()
            self.shell.drop()
