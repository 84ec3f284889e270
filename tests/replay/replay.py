# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module calls of a recorded playbook, performed in one process against a lab of its own.

    with Replay("lync2010", tmp_path, users=5, unknowns={"publish_keeps_routes": "no"}) as replay:
        dry = replay.run(recording, check=True)
        real = replay.run(recording)
        replay.world, real.failure, replay.journal(), replay.plan(dry.run)

Modules, sessions, performers, laws, journal and overlay are the real ones; the stand-in for PowerShell, the name server
and the XMPP servers (both on sockets) are the lab's. What is left out is Ansible (templates, loops, the order of hosts:
the recording has them), the session daemon and WS-Management. Waiting moves the lab's clock, and evidence is put on record as the action plugin does.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import json
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.lync.xmpp_migration.lab import dns
from ansible_collections.lync.xmpp_migration.lab.dns.follow import follow
from ansible_collections.lync.xmpp_migration.lab.estate import Estate, load
from ansible_collections.lync.xmpp_migration.lab.organisation.clock import Clock
from ansible_collections.lync.xmpp_migration.lab.organisation.creation import create
from ansible_collections.lync.xmpp_migration.lab.organisation.faults import Faults
from ansible_collections.lync.xmpp_migration.lab.organisation.state import state
from ansible_collections.lync.xmpp_migration.lab.organisation.world import World
from ansible_collections.lync.xmpp_migration.lab.parts import PrivateAuthority
from ansible_collections.lync.xmpp_migration.lab.place import Place
from ansible_collections.lync.xmpp_migration.lab.streams import Streams
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine import laws as _laws
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import evidence_from_json
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.context import Context
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import Unreachable
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.files import parse
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.journal import Journal, entries
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import Task, outcome
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.overlay import Overlay
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.performer import (
    Laws,
    NoShell,
    Performer,
    ShellLike,
)
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.session import DirectTransport, Session
from ansible_collections.lync.xmpp_migration.plugins.module_utils._plan.approved import Approval
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils import _context
from ansible_collections.lync.xmpp_migration.tests.replay.movers import MovingTransport
from ansible_collections.lync.xmpp_migration.tests.replay.recording import Recorded, bound
from ansible_collections.lync.xmpp_migration.tests.replay.shell import Killed, LabShell, UpdatingShell

OURS = "ansible_collections.lync.xmpp_migration.plugins.modules"


def definition(module: str) -> tuple[Mapping[str, Any], Callable[[Task], Any], Mapping[str, Any]]:
    """Argument spec, `run` and constraints of a module, where the action plugin finds them too."""
    imported = importlib.import_module(f"{OURS}.{module}")
    return imported.ARGUMENT_SPEC, imported.run, getattr(imported, "CONSTRAINTS", {})


class ReplayTask(Task):
    """A task whose time is the lab's: it waits without waiting."""

    def __init__(self, params: Mapping[str, Any], context: Context, replay: Replay) -> None:
        super().__init__(params, context)
        self._replay = replay

    def session_for(self, host: str) -> Session:
        if host not in self._sessions:
            self._sessions[host] = self._session(self._replay.transport(host, self.context))
            self._sessions[host].reader = functools.partial(self.legacy_session, host)
        return self._sessions[host]

    def _is_open(self, host: str) -> bool:
        """What no shell could be had of answers nothing, as a daemon does that has none."""
        try:
            return bool(self.session_for(host).hello)
        except Unreachable:
            return False

    def local(self, shell: ShellLike, name: str = "") -> Session:
        performer = self._replay.new_performer(self._replay.updating(shell), self.context)
        session = self._session(DirectTransport(performer))
        self._sessions[f"local {name}"] = session
        return session

    def _session(self, transport: DirectTransport) -> Session:
        clock = self._replay.world.clock
        return Session(transport, self.context, clock=self._replay.now, sleep=clock.advance)

    @property
    def journal(self) -> Journal:
        return self._replay.new_journal(self.context)


@dataclass
class Ended:
    """A replayed run: each call with its result, up to the first that failed."""

    run: str
    results: list[tuple[Recorded, dict[str, Any]]] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def failure(self) -> str | None:
        """The sentence that ended the run, or nothing where it came to its end."""
        if not self.results or not self.results[-1][1].get("failed"):
            return None
        recorded, result = self.results[-1]
        return f"{recorded.shown}: {result['msg']}"

    @property
    def changed(self) -> list[str]:
        return [recorded.shown for recorded, result in self.results if result.get("changed")]

    def done(self) -> Ended:
        assert self.failure is None, self.failure
        return self


class Replay:
    """A lab in this process with a controller beside it: its state directory is below `directory`."""

    def __init__(
        self,
        estate: str | Estate | World,
        directory: Path,
        *,
        users: int | None = None,
        unknowns: Mapping[str, str] | None = None,
        faults: Iterable[Mapping[str, Any]] = (),
        laws: Laws = _laws.refusals,
        mortal: bool = False,
    ) -> None:
        self._laws = laws
        #: whether a struck connection means that the controller is gone, and not only the connection
        self.mortal, self.dead = mortal, False
        self.kill_update: tuple[int, str] | None = None  # at which DNS update, before or after it
        self._updates = 0
        directory.mkdir(mode=0o700, exist_ok=True)
        # Loopback has room for the labs of all tests at once.
        self.place = Place(directory, prefix=f"127.{random.randrange(64, 250)}.{random.randrange(1, 250)}")
        self.world = estate if isinstance(estate, World) else self._world(estate, users)
        for name, answer in (unknowns or {}).items():
            self.world.unknowns.set(name, answer)
        self.world.faults = Faults(faults)
        self.directory = directory
        self.state_dir = directory / "state"
        authority = PrivateAuthority(self.world, self.place)
        self.secrets = {
            ("certificate", "authority_passphrase"): str(authority.variables["lync_migration_ca_key_passphrase"])
        }
        self._server = self._name_server()
        self._streams: Streams | None = Streams(self.world, self.place)
        self.hosts = {self._name(one): one for one in self.world.computers.values()}
        self.groups = self._groups()
        self._opened: dict[str, set[str]] = {}  # by run: the hosts that a task had a session with
        self._performers: dict[tuple[str, str], Performer] = {}
        self._serial = 0
        #: the plan that real runs are tied to, with its digest, and how the playbook was called
        self.approved = ("", "")
        self.arguments: dict[str, Any] = {}
        self._approval = Approval()

    def _world(self, estate: str | Estate, users: int | None) -> World:
        """Its clock starts now, because certificates are made by programs that know no other time, and never runs."""
        loaded = load(estate, users) if isinstance(estate, str) else estate
        return create(self.place.real(loaded), Clock(datetime.now(UTC), speed=0, jump=True))

    def _name_server(self) -> dns.NameServer | None:
        if not self.world.estate.zones:
            return None
        server = dns.start(self.world.estate.zones, self.place.private("dns"), follow(self.world), software="builtin")
        for module in ("dns_record_set", "rollback_dns"):
            self.secrets[module, "tsig_secret"] = server.key_secret
        return server

    @staticmethod
    def _name(computer: Any) -> str:
        return str(computer.inventory_name or computer.host)

    def _groups(self) -> dict[str, tuple[str, ...]]:
        groups: dict[str, tuple[str, ...]] = {}
        for name, computer in self.hosts.items():
            for group in computer.groups:
                groups[group] = (*groups.get(group, ()), name)
        return groups

    # --- life

    def __enter__(self) -> Replay:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        if self._streams is not None:
            self._streams.stop()
            self._streams = None
        if self._server is not None:
            self._server.stop()
            self._server = None

    # --- time, journal, performers

    def now(self) -> float:
        return float(self.world.clock.now().timestamp())

    def new_journal(self, context: Context) -> Journal:
        return Journal(context.state_dir, context.run, sync=False, clock=self.now)

    def new_performer(self, shell: ShellLike, context: Context) -> Performer:
        journal = self.new_journal(context)
        return Performer(shell, journal, Overlay(journal), self._laws, context, clock=self.now, approval=self._approval)

    def performer(self, host: str, context: Context) -> Performer:
        """One for a host and run, as a session daemon has it; a host that no task has a session with is only a name."""
        opened = host in self._opened.get(context.run, ())
        where = (host if opened else f"{host} (a name)", context.run)
        if where not in self._performers:
            shell = self.new_shell(host, context) if opened else NoShell(host)
            self._performers[where] = self.new_performer(shell, context)
        return self._performers[where]

    def transport(self, host: str, context: Context) -> MovingTransport:
        """To a host's performer, with the movers that a session daemon has beside it."""
        return MovingTransport(
            self.performer(host, context), lambda: self.new_shell(host, context), self.now
        )

    def new_shell(self, host: str, context: Context) -> LabShell:
        shell = LabShell(self.world, self.hosts[host], run=context.run)
        if self.mortal:
            shell.lost = self._killed
        return shell

    def _killed(self, text: str) -> BaseException:
        self.dead = True
        return Killed(text)

    def updating(self, shell: ShellLike) -> ShellLike:
        """A shell of the controller's own, whose DNS updates are counted so that the controller can be killed at one."""
        return UpdatingShell(shell, self._update)

    def _update(self, when: str) -> None:
        self._updates += when == "before"
        if self.kill_update == (self._updates, when):
            raise self._killed("The controller was killed at a DNS update.")

    # --- running

    def run(
        self,
        recording: Sequence[Recorded],
        *,
        check: bool = False,
        name: str | None = None,
        before: Callable[[Recorded], None] = lambda recorded: None,
    ) -> Ended:
        """All calls in their order, up to the first that fails. `before` is told of each."""
        self._serial += 1
        ended = Ended(name or f"run-{self._serial}")
        started = time.perf_counter()
        for recorded in recording:
            before(recorded)
            try:
                result = self.call(recorded, check=check, run=ended.run)
            except Killed as exc:
                result = {"failed": True, "changed": False, "msg": str(exc), "killed": True}
            ended.results.append((recorded, result))
            if result.get("failed"):
                break
        ended.seconds = time.perf_counter() - started
        return ended

    def call(self, recorded: Recorded, *, check: bool, run: str) -> dict[str, Any]:
        """One module's result, as `execute` would return it; its evidence is on record."""
        spec, function, constraints = definition(recorded.module)
        server = {"address": self._server.address, "port": self._server.port} if self._server else None
        params = self.place.real(bound(recorded, self.directory, server, self.secrets))
        validated = ArgumentSpecValidator(dict(spec), **constraints).validate(params)
        if validated.error_messages:
            return {"failed": True, "changed": False, "msg": "; ".join(validated.error_messages)}
        context = self._context(recorded, check, run)
        task = ReplayTask(validated.validated_parameters, context, self)
        result: dict[str, Any] = json.loads(json.dumps(outcome(self._in_lab_time(function), task)))
        if result.get("evidence") and not result.get("failed"):
            evidence = [evidence_from_json(one) for one in result["evidence"]]
            self.new_journal(context).evidence(evidence, context, check=check)
        return result

    def _in_lab_time(self, function: Callable[..., Any]) -> Callable[[Task], Any]:
        """A module that waits by itself, not for a session, or asks for the time, takes its clock as an argument."""
        known = inspect.signature(function).parameters
        own = {"clock": self.now, "sleep": self.world.clock.advance}
        return functools.partial(function, **{name: value for name, value in own.items() if name in known})

    def _context(self, recorded: Recorded, check: bool, run: str) -> Context:
        opened = self._opened.setdefault(run, set())
        if recorded.where in self.hosts and _context.place_of(recorded.module, "winrm") == "session":
            opened.add(recorded.where)
        return Context(
            str(self.state_dir),
            run,
            recorded.where,
            role=recorded.role,
            task=recorded.task,
            module=recorded.module,
            check=check,
            sockets=dict.fromkeys(opened, ""),
            groups=self.groups,
            operator="replay",
            plan="" if check else self.approved[0],
            plan_digest="" if check else self.approved[1],
            arguments=self.arguments,
        )

    # --- looking

    def journal(self, run: str | None = None) -> list[dict[str, Any]]:
        return [one for one in entries(self.state_dir) if run is None or one.get("run") == run]

    def plan(self, run: str) -> list[dict[str, Any]]:
        path = self.state_dir / "runs" / run / "plan.ndjson"
        return [entry for line in path.read_bytes().splitlines(True) if (entry := parse(line))] if path.exists() else []

    @property
    def state(self) -> dict[str, Any]:
        return dict(self.place.estate(state(self.world)))

    def writes(self, start: int = 0) -> Iterator[dict[str, Any]]:
        """What the lab was asked to change, from this line of its transcript on."""
        return (line for line in self.world.transcript.lines(start) if line["write"])
