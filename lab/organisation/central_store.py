# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the Central Management store is: the service connection point in Active Directory, and the databases.

source: Install-CsDatabase -CentralManagementDatabase makes the database, Set-CsConfigurationStoreLocation writes the
service connection point by which every cmdlet finds it (both pages of the Lync Server 2013 reference).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from .settings import access_edge_defaults, external_access_policy, xmpp_gateway_defaults
from .store import Snapshot, Store
from .topology import NS, Topology, parse

Location = tuple[str, str]  # SQL host in lower case, instance in upper case
NOTHING = (
    f'<Topology xmlns="{NS}" Signature="00000000-0000-0000-0000-000000000000">'
    '<InternalDomains AllowAllDomains="false" DefaultDomain="" /><Sites /><Clusters /><SqlInstances /><Services />'
    "</Topology>"
)


def empty_topology() -> Topology:
    """[inf] what a store holds before the first publish; Get-CsTopology prints nothing then."""
    return parse(NOTHING)


def is_empty(topology: Topology) -> bool:
    return not topology.sites


def new_store(at: datetime) -> Store:
    """[inf] a new store has the global settings with their documented defaults, and no topology."""
    rows: dict[str, dict[str, dict[str, Any]]] = {
        "access_edge_configuration": {"Global": access_edge_defaults()},
        "external_access_policy": {"Global": external_access_policy()},
        "simple_url_configuration": {"Global": {"SimpleUrl": ()}},
        "xmpp_gateway_configuration": {"Global": xmpp_gateway_defaults()},
    }
    settings = {
        kind: MappingProxyType({identity: MappingProxyType(row) for identity, row in entries.items()})
        for kind, entries in rows.items()
    }
    return Store(Snapshot(1, at, empty_topology(), MappingProxyType(settings)))


def no_store(at: datetime) -> Store:
    """Stands for the store where there is none: whoever asks a cmdlet is told so before it is looked at."""
    return Store(Snapshot(0, at, empty_topology(), MappingProxyType({})))


def location(host: str, instance: str | None) -> Location:
    return host.casefold(), (instance or "RTC").upper()


@dataclass
class CentralManagement:
    """``stores`` are the databases that there are; ``location`` says which one counts."""

    location: Location | None = None
    stores: dict[Location, Store] = field(default_factory=dict)

    @property
    def found(self) -> Store | None:
        return self.stores.get(self.location) if self.location is not None else None

    def make(self, where: Location, at: datetime) -> bool:
        """A database that is there keeps what it holds."""
        if where in self.stores:
            return False
        self.stores[where] = new_store(at)
        return True

    def clean(self, where: Location, at: datetime) -> None:
        self.stores[where].current = replace(new_store(at).current, version=self.stores[where].version + 1)
