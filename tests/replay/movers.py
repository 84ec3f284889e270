# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Movers in a test's own process: what a session daemon adds to a performer, each poll a turn of every mover."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.performer import Performer
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.session import DirectTransport
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils._movers import MoverPerformer, Movers


class MoverShell:
    """A shell of a test, with the beginning and the end that a mover's own one has."""

    def __init__(self, shell: Any) -> None:
        self._shell, self.starts = shell, 1
        self.hello, self.scope = shell.hello, shell.scope

    def open(self) -> Mapping[str, Any]:
        hello: Mapping[str, Any] = self.hello
        return hello

    def drop(self) -> None:
        """The stand-in has no process."""

    def request(self, calls: list[dict[str, Any]], seconds: float) -> Any:
        return self._shell.request(calls, seconds)


class MovingTransport(DirectTransport):
    """A DirectTransport that knows the messages about movers too."""

    def __init__(self, performer: Performer, make_shell: Callable[[], Any], clock: Callable[[], float]) -> None:
        super().__init__(performer)
        self.movers = Movers(lambda: MoverShell(make_shell()), self._performer, clock=clock, threads=False)

    def _performer(self, shell: Any) -> MoverPerformer:
        one = self.performer
        return MoverPerformer(shell, one.journal, one.overlay, one.laws, one.context, one.clock, one.approval)

    def perform(self, request: Mapping[str, Any]) -> dict[str, Any]:
        told = json.loads(json.dumps(request))
        if told.get("op") == "movers_start":
            reply = self.movers.start(told["movers"], told["context"], told["seconds"])
        elif told.get("op") == "movers_poll":
            reply = self.movers.poll(told.get("users") or (), told.get("movers"))
        elif told.get("op") == "movers_stop":
            reply = self.movers.stop()
        else:
            return super().perform(request)
        answer: dict[str, Any] = json.loads(json.dumps(reply))
        return answer
