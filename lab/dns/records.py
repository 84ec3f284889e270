# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Zone data between an estate and name servers: texts of zone files, snapshots, and what differs between two of them."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.zone

from ..estate import Zone
from ..organisation.zones import RRset

AddressMap = t.Callable[[str], str]
#: By relative name ("@" is the zone itself, lower case) and type.
Records = dict[tuple[str, str], RRset]

#: What a name server needs for itself; neither estates nor updates have it.
OWN_TYPES = frozenset({"SOA", "NS"})
OWN_NAME = "ns"


@dataclass(frozen=True)
class Change:
    """An RRset before and after an update. None: it was or is not there."""

    name: str
    type: str
    before: RRset | None
    after: RRset | None

    @property
    def added(self) -> tuple[str, ...]:
        return tuple(value for value in self._values(self.after) if value not in self._values(self.before))

    @property
    def removed(self) -> tuple[str, ...]:
        return tuple(value for value in self._values(self.before) if value not in self._values(self.after))

    @staticmethod
    def _values(rrset: RRset | None) -> tuple[str, ...]:
        return rrset.values if rrset else ()


class Addresses:
    """External addresses of the estate and the loopback addresses that are served for them, in both directions."""

    def __init__(self, zones: t.Iterable[Zone], address_map: AddressMap) -> None:
        self._served = {
            record.value: address_map(record.value) for zone in zones for record in zone.records if record.type == "A"
        }
        self._map = address_map
        self._own = {served: own for own, served in self._served.items()}

    def served(self, kind: str, value: str) -> str:
        if kind != "A":
            return value
        served = self._served.setdefault(value, self._map(value))
        self._own.setdefault(served, value)
        return served

    def own(self, kind: str, value: str) -> str:
        return self._own.get(value, value) if kind == "A" else value


def zone_text(zone: Zone, addresses: Addresses) -> str:
    """The zone as a file: its own SOA and name server, and the estate's records."""
    lines = [
        f"$ORIGIN {zone.name}.",
        f"$TTL {zone.ttl}",
        # The last number is how long resolvers may remember that a name is not there.
        f"@ IN SOA {OWN_NAME} hostmaster 1 3600 600 86400 {min(zone.ttl, 60)}",
        f"@ IN NS {OWN_NAME}",
        f"{OWN_NAME} IN A 127.0.0.1",
    ]
    for record in zone.records:
        ttl = zone.ttl if record.ttl is None else record.ttl
        lines.append(f"{record.name} {ttl} IN {record.type} {addresses.served(record.type, record.value)}")
    return "\n".join(lines) + "\n"


def parse_zone(zone: Zone, addresses: Addresses) -> dns.zone.Zone:
    return dns.zone.from_text(zone_text(zone, addresses), origin=f"{zone.name}.", relativize=False)


def snapshot(zone: dns.zone.Zone, addresses: Addresses | None = None) -> Records:
    """All records but the server's own; with ``addresses`` as the estate writes them."""
    origin = zone.origin or dns.name.root
    result: Records = {}
    for name, rdataset in zone.iterate_rdatasets():
        kind = dns.rdatatype.to_text(rdataset.rdtype)
        relative = relative_name(name, origin)
        if kind in OWN_TYPES or (relative, kind) == (OWN_NAME, "A"):
            continue
        values = [rdata.to_text(origin=origin, relativize=False) for rdata in rdataset]
        if addresses is not None:
            values = [addresses.own(kind, value) for value in values]
        result[relative, kind] = RRset(rdataset.ttl, tuple(sorted(values)))
    return result


def relative_name(name: dns.name.Name, origin: dns.name.Name) -> str:
    return name.derelativize(origin).relativize(origin).to_text().lower()


def differences(before: Records, after: Records) -> list[Change]:
    keys = sorted(before.keys() | after.keys())
    return [Change(*key, before.get(key), after.get(key)) for key in keys if before.get(key) != after.get(key)]
