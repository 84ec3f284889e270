# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The world: the one object that a running lab changes. Handlers get it through ``Call.world``, one call at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..estate import Estate
from .clock import Clock
from .computers import Computer
from .directory import Directory
from .store import Replica, Snapshot, Store


class World:
    """State of one organisation. Hold ``lock`` (``with world.turn():``) around whatever reads or writes more than once."""

    def __init__(self, estate: Estate, clock: Clock | None = None) -> None:
        self.estate = estate
        self.lock = threading.RLock()
        self.clock = clock or Clock()
        self.language = estate.language
        self.latency: dict[str, float] = dict(estate.latency)
        self.computers: dict[str, Computer] = {}  # by lower-case FQDN
        self.ad = Directory(estate.domain, estate.seed)
        self.cms: Store  # set by create()
        self.replicas: dict[str, Replica] = {}  # by lower-case FQDN of the computer
        self.files: Any = {}  # (computer FQDN, lower-case path) -> bytes; organisation.files
        self.dns: Any = None  # zones as data; lab.dns serves and changes them
        self.ca: Any = None  # the private authority; organisation.certificates
        self.gateway: Any = None
        self.unknowns: Any = None
        self.laws: Any = None
        self.transcript: Any = None  # .append(line)
        self.faults: Any = None
        self.tables: dict[str, Any] = {}  # state of a handler family that has no other place, by family name

    @contextmanager
    def turn(self) -> Iterator[World]:
        """One call's turn: nothing else changes meanwhile, and what has been replicated by now has arrived."""
        with self.lock:
            self.settle()
            yield self

    # --- the Central Management store and its replicas -------------------------------------------------------------
    def settle(self) -> None:
        now = self.clock.now()
        for replica in self.replicas.values():
            replica.settle(now)

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
        replica = self.replicas.get(computer.fqdn)
        return replica.snapshot if replica else None

    # --- hooks -----------------------------------------------------------------------------------------------------
    def after_change(self, call: Any) -> None:
        """After each handler that writes: replication starts and the laws are checked."""
        self.replicate()
        self.settle()
        if self.laws is not None:
            self.laws.check(self, call)
