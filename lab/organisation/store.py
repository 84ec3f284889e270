# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Central Management store and its replicas: immutable snapshots, a version counter, and lag."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

Row = Mapping[str, Any]

#: Kinds of settings that the store holds, and which cmdlet noun shows them. Identities are as the cmdlet prints them.
KINDS = (
    "access_edge_configuration",
    "allowed_domain",
    "conference_directory",
    "external_access_policy",
    "global_certificate",  # the thumbprint of OAuthTokenIssuer; its key comes with it
    "hosting_provider",
    "simple_url_configuration",
    "site",  # FederationRoute, XmppFederationRoute, Description: what the topology document does not hold
    "xmpp_allowed_partner",
    "xmpp_gateway_configuration",
)


@dataclass(frozen=True)
class Snapshot:
    """What the store held at one version. Never changed in place: a replica keeps a reference to it."""

    version: int
    at: datetime
    topology: Any  # organisation.topology.Topology, immutable as well
    settings: Mapping[str, Mapping[str, Row]]

    def __deepcopy__(self, memo: dict[int, Any]) -> Snapshot:
        return self

    def rows(self, kind: str) -> Mapping[str, Row]:
        return self.settings.get(kind, MappingProxyType({}))

    def row(self, kind: str, identity: str) -> Row | None:
        """The row whose identity is the same to Lync, which does not look at case."""
        rows = self.rows(kind)
        if identity in rows:
            return rows[identity]
        wanted = identity.casefold()
        return next((row for name, row in rows.items() if name.casefold() == wanted), None)

    def key(self, kind: str, identity: str) -> str | None:
        wanted = identity.casefold()
        return next((name for name in self.rows(kind) if name.casefold() == wanted), None)


class Store:
    """The Central Management store. Every write makes a new snapshot with the next version."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.current = snapshot

    @property
    def version(self) -> int:
        return self.current.version

    @property
    def topology(self) -> Any:
        return self.current.topology

    def rows(self, kind: str) -> Mapping[str, Row]:
        return self.current.rows(kind)

    def row(self, kind: str, identity: str) -> Row | None:
        return self.current.row(kind, identity)

    def put(self, kind: str, identity: str, row: Row, at: datetime) -> None:
        rows = dict(self.current.rows(kind))
        rows[self.current.key(kind, identity) or identity] = MappingProxyType(dict(row))
        self._next(kind, rows, at)

    def remove(self, kind: str, identity: str, at: datetime) -> None:
        rows = dict(self.current.rows(kind))
        key = self.current.key(kind, identity)
        if key is None:
            raise KeyError(identity)
        del rows[key]
        self._next(kind, rows, at)

    def _next(self, kind: str, rows: Mapping[str, Row], at: datetime) -> None:
        settings = dict(self.current.settings)
        settings[kind] = MappingProxyType(dict(rows))
        self.current = replace(self.current, version=self.version + 1, at=at, settings=MappingProxyType(settings))

    def publish(self, topology: Any, at: datetime) -> None:
        self.current = replace(self.current, version=self.version + 1, at=at, topology=topology)


@dataclass
class Replica:
    """One computer's local copy. It exists once the local store was created, and follows once it is enabled."""

    fqdn: str
    lag: float = 0.0
    snapshot: Snapshot | None = None  # None: the local store is empty
    enabled: bool = False  # Enable-CsReplica was run and the replica service runs
    stalled: bool = False  # set by a fault: nothing arrives any more
    last_report: datetime | None = None
    pending: list[tuple[datetime, Snapshot]] = field(default_factory=list)

    @property
    def version(self) -> int:
        return self.snapshot.version if self.snapshot else 0

    def load(self, snapshot: Snapshot) -> None:
        """Import-CsConfiguration -LocalStore."""
        self.snapshot = snapshot

    def offer(self, snapshot: Snapshot, at: datetime) -> None:
        """The master has something new; it arrives a lag later."""
        due = at + timedelta(seconds=self.lag)
        if self.pending and self.pending[-1][1].version == snapshot.version:
            return
        self.pending.append((due, snapshot))

    def settle(self, at: datetime) -> None:
        """Take over all that has arrived by now."""
        if self.stalled or not self.enabled:
            return
        while self.pending and self.pending[0][0] <= at:
            due, snapshot = self.pending.pop(0)
            if snapshot.version > self.version:
                self.snapshot = snapshot
            self.last_report = due
