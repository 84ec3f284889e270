# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host of movers in memory: what its shells have in common, and what goes wrong in them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import (
    Change,
    Cmdlet,
    Effect,
    change_to_json,
)
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.context import Context
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import Unreachable
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.journal import Journal
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.overlay import Overlay
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.performer import Reply
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils._faults import Fate, Fault
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils._movers import MoverPerformer, Movers
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils._pipe import NeverArrived

HELLO = {"computer": "FE", "domain": "contoso.test", "powershell": "3.0", "windows": "6.2"}


class Host:
    """What the shells of the movers have in common: who was moved, by whom, and what goes wrong."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.moved: list[str] = []
        self.open_shells = 0
        self.most_at_once = self.at_once = 0
        self.gate = threading.Event()
        self.gate.set()
        self.quota = 99
        self.refuses: dict[str, Any] = {}
        self.trouble: Callable[[list[str]], None] = lambda users: None
        self.reasons: list[str] = []
        self.laws: Callable[[Any, Any], list[str]] = lambda change, facts: []
        self.lock = threading.Lock()

    def performer(self, shell: Any) -> MoverPerformer:
        journal = Journal(self.directory, "run-1", sync=False)
        context = Context(str(self.directory), "run-1", "fe")
        return MoverPerformer(shell, journal, Overlay(journal), lambda change, facts: self.laws(change, facts), context)

    def movers(self, **more: Any) -> Movers:
        return Movers(lambda: Shell(self), self.performer, lambda hello: self.reasons, **more)


class Shell:
    def __init__(self, host: Host) -> None:
        self.host, self.starts, self.is_open = host, 0, False
        self.hello: Mapping[str, Any] = HELLO
        self.scope = "fe.contoso.test"

    def open(self) -> Mapping[str, Any]:
        with self.host.lock:
            if not self.is_open:
                if self.host.open_shells >= self.host.quota:
                    fault = NeverArrived(Fault(Fate.DOUBT, "zu viele", 2150859174))
                    raise Unreachable("no more") from fault
                self.host.open_shells += 1
                self.is_open, self.starts = True, self.starts + 1
        return HELLO

    def drop(self) -> None:
        with self.host.lock:
            self.host.open_shells -= self.is_open
            self.is_open = False

    def request(self, calls: list[dict[str, Any]], seconds: float) -> Reply:
        host, users = self.host, [str(call["parameters"]["Identity"]) for call in calls]
        with host.lock:
            host.at_once += 1
            host.most_at_once = max(host.most_at_once, host.at_once)
        try:
            host.gate.wait(10)
            host.trouble(users)
            ends = []
            with host.lock:
                for index, user in enumerate(users):
                    error = host.refuses.get(user)
                    host.moved += [] if error else [user]
                    ends.append({"call": index, "ok": not error, "errors": [error] if error else [], "seconds": 0.5})
            return Reply([[] for _ in calls], ends)
        finally:
            with host.lock:
                host.at_once -= 1


def move_of(user: str, source: str = "old", target: str = "new") -> dict[str, Any]:
    call = Cmdlet("Move-CsUser", {"Identity": user, "Target": target, "Confirm": False})
    effect = Effect("user", "organisation", user, {"RegistrarPool": target})
    return change_to_json(Change(call, f"user {user}", (effect,), before={"RegistrarPool": source}))
