# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A running lab: the world of an estate with everything around it that listens, from its start to its end."""

from __future__ import annotations

import json
import logging
import os
import resource
import signal
import sys
import threading
import time
import typing as t
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from . import builder, consoles, control, inventory, loopback, parts
from .estate import load
from .organisation import faults as fault_files
from .organisation.clock import Clock
from .organisation.creation import create
from .organisation.faults import Faults
from .organisation.state import state
from .organisation.transcript import Transcript
from .place import Place, Running, clean, random_prefix
from .powershell.values import iso_text
from .process import Process
from .streams import Streams
from .wsman.auth import KERBEROS, Account, Accounts
from .wsman.authority import Authority
from .wsman.endpoint import SCHEMES, Endpoint
from .wsman.kdc import Kdc
from .wsman.service import Service

log = logging.getLogger(__name__)


FAREWELL = 0.3  # seconds: the answer to whoever had a computer restarted goes out first


@dataclass(frozen=True)
class Options:
    """How a lab is started; every field is an option of ``up``."""

    estate: str
    state_dir: str
    users: int | None = None
    prefix: str = ""
    speed: float = 1.0
    kerberos: bool = False
    transport: str = "basic"
    faults: str | None = None
    secret_prefix: str = ""
    xmpp: str = "simple"
    owner: int | None = None


class Lab:
    def __init__(self, options: Options) -> None:
        self.options = options
        self.place = Place(Path(options.state_dir), options.prefix or random_prefix(), options.secret_prefix)
        self.ended = threading.Event()
        self.hosts: list[inventory.Host] = []
        self._parts: dict[str, Running] = {}
        self._control: control.Server | None = None
        self._transcript: Transcript | None = None

    # --- start and end

    def start(self) -> dict[str, t.Any]:
        """Everything up; gives what the caller of ``up`` is told."""
        options, place = self.options, self.place
        estate = place.real(load(options.estate, options.users))
        begin = datetime.fromisoformat(estate.clock).astimezone(UTC) if estate.clock else None
        self.world = create(estate, Clock(begin, options.speed))
        self.world.faults = Faults(fault_files.read_file(Path(options.faults)) if options.faults else ())
        self._transcript = self.world.transcript = Transcript(place.directory / "transcript.ndjson")
        kerberos = options.kerberos or options.transport == KERBEROS
        if kerberos:
            self._parts[KERBEROS] = self._kdc()
        if estate.zones:
            self._parts["dns"] = parts.Dns(self.world, place)
        dns = self._parts["dns"].facts if "dns" in self._parts else None
        name_server = (str(dns["address"]), int(dns["port"])) if dns else None
        self._streams = self._parts["xmpp"] = Streams(self.world, place, options.xmpp, name_server)
        self._parts["certification_authority"] = parts.PrivateAuthority(self.world, place)
        authority = Authority()
        ca = place.write("ca.pem", authority.pem().decode())
        schemes = SCHEMES | {KERBEROS} if kerberos else SCHEMES
        for computer in self.world.computers.values():
            self._serve(computer, authority, schemes)
        variables: dict[str, t.Any] = {}
        if estate.coexistence:
            variables["lync_coexistence"] = dict(estate.coexistence)
        if estate.migration:
            variables["lync_migration"] = dict(estate.migration)
            for part in self._parts.values():
                variables = inventory.merge(variables, part.variables)
        self.world.on_restart = self._restart
        paths = inventory.write(place, self.hosts, variables, options.transport, ca)
        place.write_json("secrets.json", place.secrets)
        self._control = control.Server(place.directory, self._commands())
        told = self._told(*paths)
        place.write_json("lab.json", told)
        self._control.start()
        return told

    def _kdc(self) -> Kdc:
        kdc = Kdc(self.place, self.world.estate.domain)
        joined = [computer.fqdn for computer in self.world.computers.values() if computer.joined]
        account = self._account(True, "")
        kdc.start({account.user: account.password}, joined)
        return kdc

    def _account(self, joined: bool, host: str) -> Account:
        domain = self.world.estate.domain
        if joined:
            return Account("lyncadmin", self.place.secret("lyncadmin"), domain.partition(".")[0].upper(), domain)
        return Account("Administrator", self.place.secret(f"Administrator of {host}"), host[:15].upper())

    def _serve(self, computer: t.Any, authority: Authority, schemes: frozenset[str]) -> None:
        account = self._account(computer.joined, computer.host)
        endpoint = None
        if computer.reachable:
            private = self.place.private("secrets")
            accounts = Accounts([account], private / f"{computer.fqdn}.ntlm")
            service = Service(self.world, computer)
            endpoint = Endpoint(service, accounts, authority.server_context(computer.fqdn, private), schemes=schemes)
            endpoint.start()
        name = computer.inventory_name or computer.host
        self.hosts.append(
            inventory.Host(
                name, computer.fqdn, tuple(computer.groups), account, endpoint, computer.joined, computer.dns_suffix
            )
        )

    def _restart(self, computer: t.Any, seconds: float) -> None:
        """A computer that restarts: its endpoint is gone for as long, once the answer is out."""
        speed = self.world.clock.speed
        for host in self.hosts:
            if host.fqdn == computer.fqdn and host.endpoint is not None:
                host.endpoint.restart(seconds / speed if speed > 0 else 0.0, FAREWELL)

    def _told(self, path: Path, variables: Path) -> dict[str, t.Any]:
        own = Process.of(os.getpid())
        environment: dict[str, str] = {}
        for part in self._parts.values():
            environment |= part.facts.get("environment", {})
        return {
            "inventory": str(path),
            "vars": str(variables),
            "state_dir": str(self.place.directory),
            "control": str(self._control.path) if self._control else "",
            "pid": own.pid,
            "started": own.started,
            "prefix": self.place.prefix,
            "environment": environment,
            "hosts": {
                host.name: {
                    "fqdn": host.fqdn,
                    "https": host.endpoint.https_port if host.endpoint else None,
                    "http": host.endpoint.http_port if host.endpoint else None,
                }
                for host in self.hosts
            },
            **{name: part.facts for name, part in self._parts.items()},
        }

    def stop(self) -> None:
        if self._control is not None:
            self._control.stop()
        for host in self.hosts:
            if host.endpoint is not None:
                host.endpoint.stop()
        for part in reversed(self._parts.values()):
            part.stop()
        if self._transcript is not None:
            self._transcript.close()
        clean(self.place.directory)

    # --- commands of the control socket

    def _commands(self) -> dict[str, control.Command]:
        return {
            "state": lambda request: self.place.estate(state(self.world)),
            "transcript": lambda request: self.world.transcript.lines(int(request.get("start", 0))),
            "counts": lambda request: self.counts(),
            "fault": self._fault,
            "clock": self._clock,
            "set": self._set,
            "publish": lambda request: builder.publish(self.world, self.place, str(request["text"])),
            "gui": lambda request: consoles.act(self.world, str(request["name"]), str(request["value"]), self._streams),
            "xmpp": lambda request: self._streams.shown(),
            "down": lambda request: self.ended.set(),
        }

    def counts(self) -> dict[str, t.Any]:
        with self.world.turn():
            violations = [dict(violation) for violation in self.world.laws.violations]
        hosts = {
            host.name: {"fqdn": host.fqdn, "open_shells": len(host.endpoint.service.shells)}
            | host.endpoint.service.counts.get()
            for host in self.hosts
            if host.endpoint is not None
        }
        total: dict[str, int] = {}
        for counted in hosts.values():
            for name, number in counted.items():
                if isinstance(number, int):
                    total[name] = total.get(name, 0) + number
        return {"violations": violations, "hosts": hosts, "total": total}

    def _fault(self, request: dict[str, t.Any]) -> list[dict[str, t.Any]]:
        if request.get("clear"):
            self.world.faults.clear()
        if request.get("text"):
            self.world.faults.add(fault_files.read_specs(request["text"]))
        return self.world.faults.entries()

    def _clock(self, request: dict[str, t.Any]) -> dict[str, t.Any]:
        clock = self.world.clock
        if request.get("set"):
            clock.set(datetime.fromisoformat(request["set"]).astimezone(UTC))
        if request.get("speed") is not None:
            clock.set_speed(float(request["speed"]))
        if request.get("advance"):
            clock.advance(float(request["advance"]))
        return {"now": iso_text(clock.now()), "speed": clock.speed}

    def _set(self, request: dict[str, t.Any]) -> dict[str, t.Any]:
        """A switch of ``unknowns``, ``latency.CMDLET``, or ``limits.NAME`` (of one host, where it is named)."""
        name, value = str(request["name"]), request["value"]
        kind, _dot, rest = name.partition(".")
        if kind == "latency" and rest:
            self.world.latency[rest] = float(value)
        elif kind == "limits" and rest:
            for host in self.hosts:
                if host.endpoint is not None and request.get("host") in (None, host.name, host.fqdn):
                    shells = host.endpoint.service.shells
                    shells.limits = shells.limits.with_values({rest: value})
        else:
            self.world.unknowns.set(name, value)
        return {name: value}


def serve(options: Options, tell: t.Callable[[dict[str, t.Any]], None]) -> None:
    """A lab in this process, until it is told to end: SIGTERM, SIGINT, ``down``, or its owner's end."""
    os.umask(0o077)
    loopback.install()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    lab = Lab(options)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: lab.ended.set())
    owner = Process.of(options.owner) if options.owner else None
    try:
        tell(lab.start())
        while not lab.ended.wait(1.0):
            if owner is not None and not owner.alive():
                log.info("the owner, process %s, has ended", owner.pid)
                break
            for host in lab.hosts:
                if host.endpoint is not None:
                    host.endpoint.service.shells.sweep()
        time.sleep(0.05)  # the answer to "down" goes out first
    finally:
        lab.stop()


def options_json(options: Options) -> str:
    return json.dumps(asdict(options))
