# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Bench whose servers are the lab's: modules, session, laws and journal as in a run, the stand-in in the same process.

    bench = LabBench(tmp_path, users=10)
    bench.run(topology, {...}, host="fe2013")
    bench.world.cms.topology, bench.world.transcript

Time passes in the lab only where a session sleeps.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.lync.xmpp_migration.lab.estate import load
from ansible_collections.lync.xmpp_migration.lab.organisation.clock import Clock
from ansible_collections.lync.xmpp_migration.lab.organisation.creation import create
from ansible_collections.lync.xmpp_migration.lab.powershell.performer import ComputerSession
from ansible_collections.lync.xmpp_migration.lab.powershell.standin import StandIn
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import evidence_from_json
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import Unreachable
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import Task, outcome
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.performer import NoShell, Reply, full_name
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.session import Session
from ansible_collections.lync.xmpp_migration.tests.unit.doubles import GROUPS, Bench

START = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


class LabShell:
    """The stand-in of one simulated computer, as a session daemon's Shell would reach it."""

    starts = 1

    def __init__(self, world: Any, computer: Any) -> None:
        self.world, self.computer = world, computer
        self.standin: Any = None
        self.left: list[str] = []
        self._greet()

    def _greet(self) -> None:
        """A new process: it sees what Windows gives to new processes only."""
        self.standin = StandIn(ComputerSession(self.world, self.computer, r"CONTOSO\admin"))
        self._hello: Mapping[str, Any] = {**self.standin.hello(), "lync": self.standin_has_lync()}
        self._boots = self.computer.boots

    def standin_has_lync(self) -> dict[str, Any] | None:
        """As a Shell does it, which imports the module when its process has started."""
        wanted = {"cmdlet": "Import-Module", "parameters": {"Name": "Lync", "PassThru": True}, "properties": ["Name"]}
        frames = list(self.standin.perform({"id": 1, "calls": [wanted]}))
        return {"name": "Lync"} if any("rows" in frame for frame in frames) else None

    def leave(self, reason: str) -> None:
        self.left.append(reason)
        self.standin = None

    def _open(self) -> None:
        with self.world.turn():
            away = self.computer.away_until is not None
        if away:
            self.standin = None
            raise Unreachable(f"{self.computer.fqdn} refuses the connection.")
        if self.standin is None or self._boots != self.computer.boots:
            self._greet()

    @property
    def hello(self) -> Mapping[str, Any]:
        self._open()
        return self._hello

    @property
    def scope(self) -> str:
        return full_name(self.hello)

    def request(self, calls: list[dict[str, Any]], seconds: float) -> Reply:
        self._open()
        rows: list[list[list[Any]]] = [[] for _ in calls]
        ends = []
        for frame in self.standin.perform({"id": 1, "calls": json.loads(json.dumps(calls))}):
            if "rows" in frame:
                rows[frame["call"]] += frame["rows"]
            elif "call" in frame:
                ends.append(frame)
        return Reply(rows, ends)


class LabTask(Task):
    """A task whose waiting moves the lab's clock."""

    world: Any = None

    def session_for(self, host: str) -> Session:
        if host not in self._sessions:
            assert self._connect is not None
            clock = self.world.clock
            self._sessions[host] = Session(
                self._connect(host), self.context, clock=lambda: clock.now().timestamp(), sleep=clock.advance
            )
        return self._sessions[host]


class LabBench(Bench):
    """The estate's computers by their inventory names; a PowerShell that is too old to be driven has no session."""

    def __init__(self, directory: Path, estate: str = "lync2010", users: int = 5, **unknowns: str) -> None:
        self.world = create(load(estate, users), Clock(START, speed=0, jump=True))
        for name, answer in unknowns.items():
            self.world.unknowns.set(name, answer)
        super().__init__(directory, hosts=(), groups=GROUPS)
        for computer in self.world.computers.values():
            old = computer.powershell.startswith("2")
            hosts: dict[str, Any] = self.hosts
            hosts[computer.inventory_name] = NoShell(computer.inventory_name) if old else LabShell(self.world, computer)

    @property
    def now(self) -> float:
        return float(self.world.clock.now().timestamp())

    @now.setter
    def now(self, value: float) -> None:
        """The lab's clock decides."""

    def run(
        self,
        module: Any,
        params: Mapping[str, Any],
        host: str = "fe2013",
        *,
        check: bool = False,
        run: str = "run-1",
        **more: Any,
    ) -> dict[str, Any]:
        context = self.context(host, check=check, run=run, module=module.__name__.rsplit(".", 1)[-1])
        constraints = getattr(module, "CONSTRAINTS", {})
        checked = ArgumentSpecValidator(dict(module.ARGUMENT_SPEC), **constraints).validate(dict(params))
        assert not checked.error_messages, checked.error_messages
        task = LabTask(checked.validated_parameters, context, self.connect(context))
        task.world = self.world
        result: dict[str, Any] = json.loads(json.dumps(outcome(module.run, task)))
        for one in result.get("evidence", ()):
            self._record(evidence_from_json(one), context)
        return result

    def done(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """`run`, which has to succeed."""
        result = self.run(*args, **kwargs)
        assert not result.get("failed"), result["msg"]
        return result

    def called(self, start: int = 0) -> list[str]:
        """Names of the calls that changed the lab, in order."""
        return [str(line["cmdlet"]) for line in self.world.transcript.lines(start) if line["write"]]
