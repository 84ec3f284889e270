# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DNS zones as data. Name servers of the lab serve them and write back what updates change; the laws read them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ..estate import Zone


@dataclass(frozen=True)
class RRset:
    ttl: int
    values: tuple[str, ...]  # as a zone file writes them, sorted


class Zones:
    """Records by zone, relative name ("@" for the zone itself) and type. Names are compared in lower case."""

    def __init__(self, zones: Iterable[Zone] = ()) -> None:
        self.zones: dict[str, dict[tuple[str, str], RRset]] = {}
        self.ttl: dict[str, int] = {}
        for zone in zones:
            name = zone.name.casefold()
            self.ttl[name] = zone.ttl
            self.zones[name] = {}
            for record in zone.records:
                key = (record.name.casefold(), record.type)
                old = self.zones[name].get(key)
                values = (*old.values, record.value) if old else (record.value,)
                ttl = zone.ttl if record.ttl is None else record.ttl
                self.zones[name][key] = RRset(ttl, tuple(sorted(set(values))))

        #: told of what is written here and not by a name server: zone, relative name, type
        self.on_write: Callable[[str, str, str], None] | None = None

    def __deepcopy__(self, memo: dict[int, Any]) -> Zones:
        """No name server serves a copy."""
        twin = Zones()
        twin.zones, twin.ttl = copy.deepcopy(self.zones, memo), dict(self.ttl)
        return twin

    def write(self, zone: str, name: str, kind: str, ttl: int, values: Iterable[str]) -> None:
        """As a DNS server's own cmdlets do it: the name servers have it a moment later."""
        self.put(zone, name, kind, ttl, values)
        if self.on_write is not None:
            self.on_write(zone.casefold(), name.casefold(), kind)

    def get(self, zone: str, name: str, kind: str) -> RRset | None:
        return self.zones.get(zone.casefold(), {}).get((name.casefold(), kind))

    def put(self, zone: str, name: str, kind: str, ttl: int, values: Iterable[str]) -> None:
        """Replace an RRset; no values take it away."""
        records = self.zones[zone.casefold()]
        key = (name.casefold(), kind)
        rrset = RRset(ttl, tuple(sorted(set(values))))
        if rrset.values:
            records[key] = rrset
        else:
            records.pop(key, None)

    def split(self, fqdn: str) -> tuple[str, str] | None:
        """Zone and relative name of a full name; None where no zone here holds it."""
        name = fqdn.casefold().rstrip(".")
        zone = max((z for z in self.zones if name == z or name.endswith("." + z)), key=len, default=None)
        if zone is None:
            return None
        return zone, name[: -len(zone) - 1] or "@"

    def lookup(self, fqdn: str, kind: str) -> tuple[str, ...]:
        place = self.split(fqdn)
        rrset = self.get(*place, kind) if place else None
        return rrset.values if rrset else ()

    def xmpp_addresses(self, domain: str) -> tuple[str, ...]:
        """Where a partner's server goes for a domain: the SRV with the lowest priority, and its targets' addresses."""
        records = []
        for value in self.lookup(f"_xmpp-server._tcp.{domain}", "SRV"):
            priority, _weight, _port, target = value.split()
            records.append((int(priority), target))
        if not records:
            return self.lookup(domain, "A")
        first = min(priority for priority, _target in records)
        return tuple(sorted({a for priority, target in records if priority == first for a in self.lookup(target, "A")}))
