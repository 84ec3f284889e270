# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which record sets of which zones are asked for: of one zone, or of each of many domains in the zones that hold them.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._engine.calls import Evidence
from .._engine.errors import InvalidInput, MigrationError
from .._settings.names import BadName, domain, fqdn, shown
from .records import RecordSet, Step, Wanted, wanted_sets, zone_name

MAX_DOMAINS = 1000


@dataclass
class Zone:
    """One zone on its way: what is asked for, what was found, what is done."""

    zone: str
    wanted: list[Wanted]
    #: how a record set looks that is left alone
    done: dict[str, RecordSet] = field(default_factory=dict)
    before: dict[str, RecordSet | None] = field(default_factory=dict)
    after: dict[str, RecordSet | None] = field(default_factory=dict)
    #: what every server said of each record set, last
    probed: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    delegation: list[dict[str, Any]] = field(default_factory=list)
    evidence: Evidence | None = None
    #: why it was not changed as planned
    trouble: MigrationError | None = None

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [row for rows in self.probed.values() for row in rows]


def asked(params: Mapping[str, Any]) -> list[Zone]:
    """The options of a module as what is to be done in each zone, in the order in which the zones are named."""
    if not (params["zone"] or params["domains"]):
        raise InvalidInput("Give zone or domains: the records of one zone, or of each of many domains.")
    if not params["records"]:
        raise InvalidInput("records is empty: name the records that are meant.")
    own = [zone_name(params["zone"])] if params["zone"] else []
    zones = [*own, *(zone_name(one) for one in params["zones"])]
    domains = _domains(params["domains"]) or own
    held = {one: _holding(one, zones) or one for one in domains}
    items = _items(params, held, list(dict.fromkeys([*zones, *held.values()])))
    _addresses(params["unless_targets"])  # not looked at, but what cannot be is refused
    hosts = {
        f"{one['name'].rstrip('.')} {one['type']}"
        for item in params["records"]
        for one in _addresses(item.get("targets") or ())
    }
    parts = []
    for zone, records in items.items():
        wanted = wanted_sets(zone, records, bool(params["ttl_only"]))
        left = [*params["unless_values"], *_values(params["unless_targets"])]
        parts.append(Zone(zone, wanted, _left_alone(zone, [one for one in wanted if one.identity not in hosts], left)))
    # a host has its address before anything leads there
    return sorted(parts, key=lambda zone: not any(one.identity in hosts for one in zone.wanted))


def _domains(names: Sequence[str]) -> list[str]:
    if len(names) > MAX_DOMAINS:
        raise InvalidInput(f"domains has {len(names)} names, more than {MAX_DOMAINS}: name fewer at once.")
    return list(dict.fromkeys(zone_name(one) for one in names))


def _holding(name: str, zones: Iterable[str]) -> str | None:
    """The zone that is cut nearest to the name."""
    above = [one for one in zones if name == one or name.endswith(f".{one}")]
    return max(above, key=len, default=None)


def _items(params: Mapping[str, Any], held: Mapping[str, str], zones: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """The option records for each zone, with names relative to it or absolute, and targets as values."""
    found: dict[str, list[dict[str, Any]]] = {}
    for item in params["records"]:
        plain, name = _plain(item), str(item["name"])
        if params["domains"] and name.endswith("."):
            found.setdefault(_zone_of(name, zones), []).append(plain)
            continue
        for below, zone in held.items():
            found.setdefault(zone, []).append(plain if below == zone else {**plain, "name": _below(name, below)})
    for item in params["records"]:
        for address in _addresses(item.get("targets") or ()):
            mine = found.setdefault(_zone_of(address["name"], zones), [])
            if address not in mine:
                mine.append({**address, "ttl": item.get("ttl")})
    return found


def _below(name: str, parent: str) -> str:
    """The name in a domain that is no zone of its own, in absolute form."""
    bare = name.lower().rstrip(".")
    if name == "@" or bare == parent:
        return f"{parent}."
    return f"{bare}." if bare.endswith(f".{parent}") else f"{bare}.{parent}."


def _zone_of(name: str, zones: Sequence[str]) -> str:
    bare = name.lower().rstrip(".")
    try:
        found = _holding(bare if bare.isascii() else domain(bare), zones)
    except BadName:
        found = None
    if found is None:
        raise InvalidInput(
            f"{shown(name)} is in none of the zones that are changed here ({', '.join(zones[:5])}): name its zone in zones, or "
            "have its records made where it is."
        )
    return found


def _plain(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item with its targets as values: those of a service record, in a form that is easier to give."""
    rest = {name: value for name, value in item.items() if name != "targets"}
    targets = item.get("targets")
    if not targets:
        return rest
    if item["type"] != "SRV":
        raise InvalidInput(
            f"{shown(item['name'])}: targets is for a record of type SRV, and this one is of type {item['type']}."
        )
    return {**rest, "values": [*(item.get("values") or ()), *_values(targets)]}


def _values(targets: Sequence[Mapping[str, Any]]) -> list[str]:
    return [f"{one['priority']} {one['weight']} {one['port']} {str(one['host']).rstrip('.')}." for one in targets]


def _addresses(targets: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The record sets A and AAAA of the targets that are to have addresses."""
    found: dict[tuple[str, str], list[str]] = {}
    for one in targets:
        for text in one.get("addresses") or ():
            try:
                name, address = fqdn(str(one["host"]).rstrip(".")), ipaddress.ip_address(str(text).strip())
            except (BadName, ValueError) as exc:
                raise InvalidInput(
                    f"targets: {shown(one['host'])} with the address {shown(text)} cannot be: {exc}"
                ) from exc
            found.setdefault((name, "A" if address.version == 4 else "AAAA"), []).append(str(address))
    return [
        {"name": f"{name}.", "type": kind, "values": values, "state": "present"}
        for (name, kind), values in found.items()
    ]


def _left_alone(zone: str, wanted: Sequence[Wanted], values: Sequence[str]) -> dict[str, RecordSet]:
    """Record sets that are left alone, should they be found so."""
    if not values:
        return {}
    same = [{"name": f"{one.name}.", "type": one.type, "values": values, "state": "present"} for one in wanted]
    try:
        there = wanted_sets(zone, same, False)
    except InvalidInput as exc:
        raise InvalidInput(f"unless_values: {exc.text}") from exc
    return {one.identity: RecordSet(one.name, one.type, 0, tuple(one.values or ())) for one in there}
