# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The world: the one object that a running lab changes. Handlers get it through ``Call.world``, one call at a time."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ..estate import Estate
from . import installations, power
from .back_end import BackEnd
from .central_store import CentralManagement
from .clock import Clock
from .computers import Computer
from .deployment import notify_listeners
from .directory import Directory, User
from .files import Files
from .laws import Laws
from .legacy import Ocs
from .preparation import Preparation, bare
from .store import Replica, Snapshot, Store
from .transcript import Transcript
from .unknowns import Unknowns
from .zones import Zones


@dataclass
class Gateway:
    """The OCS 2007 R2 XMPP gateway beside the topology."""

    fqdn: str
    edge: str  # the Edge pool through which federation reaches it
    address: str
    partners: tuple[str, ...]  # domains on its XMPP Allow List


class World:
    """State of one organisation.

    Hold ``lock`` (``with world.turn():``) around whatever reads or writes more than once. ``create`` in
    ``organisation.creation`` makes a world from an estate.
    """

    def __init__(self, estate: Estate, clock: Clock | None = None) -> None:
        self.estate = estate
        self.lock = threading.RLock()
        self.clock = clock or Clock()
        self.language = estate.language
        self.latency: dict[str, float] = dict(estate.latency)  # cmdlet -> seconds of lab time
        self.back_end = BackEnd(estate.moves_per_second)
        self.computers: dict[str, Computer] = {}  # by lower-case FQDN
        self.ad = Directory(estate.domain, estate.seed)
        self.preparation = Preparation()
        self.central = CentralManagement()
        self.ocs: Ocs | None = None  # Office Communications Server 2007 R2, where that is the source
        self.cms: Store  # set by create(); the store that the directory leads to, see organisation.central_store
        self.replicas: dict[str, Replica] = {}  # by lower-case FQDN of the computer
        self.files = Files()
        self.zones = Zones(estate.zones)
        self.ca: Any = None  # the private authority: organisation.certificates
        self.gateway: Gateway | None = None
        self.unknowns = Unknowns(estate.unknowns)
        self.laws = Laws()
        self.transcript = Transcript()
        self.faults: Any = None  # organisation.faults; asked for standing conditions
        self.tables: dict[str, Any] = {}  # state of a handler family that has no other place, by family name
        self.arrivals: list[tuple[Any, User, str]] = []  # moves that the directory shows later: due, user, pool
        #: Called with each computer whose ports or certificates have changed; organisation.deployment calls it.
        self.on_listeners_changed: Callable[[Computer], None] | None = None
        #: Called with a computer that restarts, and for how many seconds it is away.
        self.on_restart: Callable[[Computer, float], None] | None = None
        #: Both ends of the XMPP streams that a computer has, where real servers stand for it.
        self.streams: Callable[[str], list[tuple[str, str]]] | None = None

    @contextmanager
    def turn(self) -> Iterator[World]:
        """One call's turn: nothing else changes meanwhile, and what has been replicated by now has arrived."""
        with self.lock:
            self.settle()
            yield self

    def copy(self) -> World:
        """A world of its own with the same state: what a crash sweep or a what-if starts from. No transcript file."""
        with self.turn():
            memo: dict[int, Any] = {id(self.estate): self.estate}
            return _twin(self, memo, ("on_listeners_changed", "on_restart", "streams"))

    def computer(self, fqdn: str) -> Computer | None:
        return self.computers.get(fqdn.casefold())

    def memberships(self, user: str) -> list[str]:
        """Groups of an account as the directory has them now; the list is the directory's own."""
        table: dict[str, list[str]] = self.tables.setdefault("groups", {})
        return table.setdefault(bare(user), list(self.estate.operator_groups))

    def token(self, user: str) -> frozenset[str]:
        """Groups that a logon made now has for its whole life, in lower case."""
        with self.lock:
            there = {name.casefold() for name in self.preparation.groups()}
            return frozenset(there & {name.casefold() for name in self.memberships(user)})

    def units(self) -> dict[str, bool]:
        """DN of each organizational unit that the estate names -> whether inheritance of permissions is broken there."""
        return {f"{unit.name},{self.ad.base}": unit.inheritance_broken for unit in self.estate.organizational_units}

    def prepare(self, stage: str, version: int) -> None:
        """A stage of the directory's preparation is run; groups may come with it."""
        self.preparation.run(stage, version, self.clock.now())
        self.tables["absent_groups"] = self.preparation.absent()

    # --- the Central Management store and its replicas -------------------------------------------------------------
    def settle(self) -> None:
        now = self.clock.now()
        power.settle(self)
        installations.settle(self)
        for replica in self.replicas.values():
            stalled = self.faults is not None and self.faults.active("stall_replication", replica.fqdn) is not None
            if not stalled:
                replica.settle(now)
        if self.arrivals:
            due = [arrival for arrival in self.arrivals if arrival[0] <= now]
            self.arrivals = [arrival for arrival in self.arrivals if arrival[0] > now]
            for _moment, user, pool in due:
                self.ad.rehome(user, pool, now)
        if self.on_listeners_changed is not None:
            notify_listeners(self)

    def replicate(self) -> None:
        """Offer the store's newest snapshot to every replica. after_change does it; nobody else need."""
        now = self.clock.now()
        for replica in self.replicas.values():
            replica.offer(self.cms.current, now)

    def put(self, kind: str, identity: str, row: dict[str, Any]) -> None:
        self.cms.put(kind, identity, row, self.clock.now())

    def remove(self, kind: str, identity: str) -> None:
        self.cms.remove(kind, identity, self.clock.now())

    def publish(self, topology: Any) -> None:
        self.cms.publish(topology, self.clock.now())

    def local(self, computer: Computer) -> Snapshot | None:
        """What -LocalStore reads on this computer; None where there is no local store or it is empty."""
        with self.turn():
            replica = self.replicas.get(computer.fqdn)
            return replica.snapshot if replica else None

    def enable_replica(self, computer: Computer) -> Replica:
        """Make the computer's replica follow the Central Management store from now on."""
        replica = self.replica(computer)
        if not replica.enabled:
            replica.enabled = True
            replica.offer(self.cms.current, self.clock.now())
        return replica

    def replica(self, computer: Computer) -> Replica:
        """The computer's replica, made when it is first asked for."""
        lag = self.estate.replication.lag
        for fqdn, seconds in self.estate.replication.replicas.items():
            lag = seconds if fqdn.casefold() == computer.fqdn else lag
        return self.replicas.setdefault(computer.fqdn, Replica(computer.fqdn, lag))

    # --- hooks -----------------------------------------------------------------------------------------------------
    def after_change(self, call: Any) -> None:
        """After each handler that writes, and after each change of DNS: replication starts, the laws are checked.

        ``call`` has ``cmdlet`` (``dns.update`` for DNS), ``p`` and ``computer`` (None for DNS).
        """
        self.replicate()
        self.settle()
        self.laws.check(self, call)


LOCKS = (type(threading.Lock()), type(threading.RLock()))


def _twin(thing: Any, memo: dict[int, Any], left: tuple[str, ...] = ()) -> Any:
    """A deep copy of an object that holds a lock, or holds one that does; the copy gets locks of its own."""
    made: Any = object.__new__(type(thing))
    memo[id(thing)] = made
    for name, value in vars(thing).items():
        if isinstance(value, LOCKS):
            made.__dict__[name] = threading.Lock() if isinstance(value, LOCKS[0]) else threading.RLock()
        elif name in left or name == "_file":
            made.__dict__[name] = None
        elif any(isinstance(inner, LOCKS) for inner in getattr(value, "__dict__", {}).values()):
            made.__dict__[name] = _twin(value, memo)
        else:
            made.__dict__[name] = copy.deepcopy(value, memo)
    return made
