# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Record sets of DNS zones: their one form, what a change of them is, and the conditional update that makes it.

Nothing here speaks to a name server. Names and values are absolute and in ASCII, so two that are equal are the same text.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from .._engine.errors import InvalidInput
from .._settings.names import BadName, domain, shown

try:
    import dns.exception
    import dns.name
    import dns.rdata
    import dns.rdataclass
    import dns.rdatatype
    import dns.rrset
    import dns.update

    HAS_DNSPYTHON = True
except ImportError:
    HAS_DNSPYTHON = False

TYPES = ("A", "AAAA", "CNAME", "MX", "SRV", "TXT")
MAX_TTL = 2**31 - 1
WEEK = 7 * 24 * 3600

_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]{1,5}")


@dataclass(frozen=True)
class RecordSet:
    """All records of one name and type. ``name`` is absolute, in lower case, without the last dot."""

    name: str
    type: str
    ttl: int
    values: tuple[str, ...]

    @property
    def identity(self) -> str:
        return identity(self.name, self.type)

    def same_values(self, other: RecordSet | None) -> bool:
        return other is not None and set(self.values) == set(other.values)


@dataclass(frozen=True)
class Wanted:
    """What one item of the option ``records`` asks for. ``ttl`` None: as it is. ``values`` None: as they are."""

    name: str
    type: str
    present: bool = True
    ttl: int | None = None
    values: tuple[str, ...] | None = None

    @property
    def identity(self) -> str:
        return identity(self.name, self.type)


@dataclass(frozen=True)
class Step:
    """One record set from what it is to what it shall be; None: not there."""

    zone: str
    before: RecordSet | None
    after: RecordSet | None

    @property
    def record(self) -> RecordSet:
        found = self.after or self.before
        if found is None:
            raise ValueError("a step without a record set")
        return found

    @property
    def identity(self) -> str:
        return self.record.identity

    @property
    def back(self) -> Step:
        return Step(self.zone, self.after, self.before)


def identity(name: str, kind: str) -> str:
    return f"{name} {kind}"


# --- names and values


def absolute_name(name: object, zone: str) -> str:
    """The absolute form of a name in a zone: relative, absolute, or "@" for the zone itself."""
    text = name if isinstance(name, str) else ""
    bare = text.lower().rstrip(".")
    if text in ("@", f"{zone}."):
        return zone
    if text.endswith(".") and not (bare == zone or bare.endswith(f".{zone}")):
        raise InvalidInput(f"The record name {shown(name)} is not in the zone {zone}.")
    if bare != zone and not bare.endswith(f".{zone}"):
        bare = f"{bare}.{zone}"
    labels = bare[: -len(zone) - 1].split(".") if bare != zone else []
    try:
        checked = [label if label.isascii() else domain(f"{label}.test")[: -len(".test")] for label in labels]
    except BadName as exc:
        raise InvalidInput(f"The record name {shown(name)} cannot be: {exc}") from exc
    wrong = [label for label in checked if not _LABEL.fullmatch(label)]
    if wrong or len(".".join([*checked, zone])) > 253:
        raise InvalidInput(
            f"A name in the zone {zone} such as _xmpp-server._tcp is wanted, but {shown(name)} is not one."
        )
    return ".".join([*checked, zone])


def zone_name(zone: object) -> str:
    text = zone[:-1] if isinstance(zone, str) and zone.endswith(".") else zone
    try:
        return domain(text, "A DNS zone such as contoso.com")
    except BadName as exc:
        raise InvalidInput(str(exc)) from exc


def canonical(kind: str, value: object) -> str:
    """A value as a zone file would hold it, with absolute names whether or not they were written with the last dot."""
    text = value.strip() if isinstance(value, str) else ""
    try:
        return {"A": _ipv4, "AAAA": _ipv6, "CNAME": _host, "MX": _mx, "SRV": _srv, "TXT": _txt}[kind](text)
    except (BadName, ValueError) as exc:
        raise InvalidInput(f"{shown(value)} is not the value of a record of type {kind}: {exc}") from exc


def _ipv4(text: str) -> str:
    return str(ipaddress.IPv4Address(text))


def _ipv6(text: str) -> str:
    return str(ipaddress.IPv6Address(text))


def _host(text: str) -> str:
    if text == ".":
        return text
    bare = text.removesuffix(".")
    if bare.isascii() and "_" in bare:
        labels = bare.lower().split(".")
        if len(labels) > 1 and all(_LABEL.fullmatch(label) for label in labels):
            return ".".join(labels) + "."
    return domain(bare, "The full name of a host such as access.contoso.com") + "."


def _numbers(texts: Sequence[str], names: str) -> list[str]:
    for text in texts:
        if not _NUMBER.fullmatch(text) or int(text) > 65535:
            raise ValueError(f"{names} are numbers from 0 to 65535.")
    return [str(int(text)) for text in texts]


def _mx(text: str) -> str:
    parts = text.split()
    if len(parts) != 2:
        raise ValueError("preference and host are wanted.")
    return " ".join([*_numbers(parts[:1], "Preferences"), _host(parts[1])])


def _srv(text: str) -> str:
    parts = text.split()
    if len(parts) != 4:
        raise ValueError("priority, weight, port and host are wanted, such as 0 0 5269 access.contoso.com.")
    return " ".join([*_numbers(parts[:3], "Priority, weight and port"), _host(parts[3])])


def _txt(text: str) -> str:
    if not text.startswith('"'):
        text = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if not HAS_DNSPYTHON:
        return text
    try:
        return str(dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.TXT, text).to_text())
    except dns.exception.DNSException as exc:
        raise ValueError("a text is wanted, in quotation marks where it has several parts.") from exc


def wanted_sets(zone: str, records: Sequence[Mapping[str, Any]], ttl_only: bool) -> list[Wanted]:
    """The option ``records`` in its one form. Raises InvalidInput for what cannot be."""
    found: dict[str, Wanted] = {}
    for item in records:
        wanted = _wanted(zone, item, ttl_only)
        if wanted.identity in found:
            raise InvalidInput(f"The record {wanted.identity} is named twice: put all its values into one item.")
        found[wanted.identity] = wanted
    aliases = {wanted.name for wanted in found.values() if wanted.type == "CNAME" and wanted.present}
    for wanted in found.values():
        if wanted.name in aliases and wanted.type != "CNAME" and wanted.present:
            raise InvalidInput(f"{wanted.name} cannot be an alias (CNAME) and have a record of type {wanted.type} too.")
    return list(found.values())


def _wanted(zone: str, item: Mapping[str, Any], ttl_only: bool) -> Wanted:
    kind, present = str(item["type"]), item.get("state", "present") == "present"
    name = absolute_name(item["name"], zone)
    ttl, values = item.get("ttl"), item.get("values")
    what = identity(name, kind)
    if ttl is not None and not 0 <= ttl <= MAX_TTL:
        raise InvalidInput(f"The TTL of {what} is {ttl}, but is to be from 0 to {MAX_TTL} seconds.")
    if ttl_only:
        if values is not None or not present or ttl is None:
            raise InvalidInput(f"With ttl_only the record {what} is given with a ttl, and neither values nor state.")
        return Wanted(name, kind, ttl=ttl)
    if not present:
        if values is not None or ttl is not None:
            raise InvalidInput(f"The record {what} shall be absent: give neither values nor ttl.")
        return Wanted(name, kind, present=False)
    if not values:
        raise InvalidInput(f"The record {what} has no values: give them, or state: absent.")
    canonical_values = tuple(sorted({canonical(kind, value) for value in values}))
    if kind == "CNAME" and len(canonical_values) > 1:
        raise InvalidInput(f"{name} can be an alias (CNAME) of one name only.")
    return Wanted(name, kind, ttl=ttl, values=canonical_values)


# --- steps


def step(zone: str, found: RecordSet | None, wanted: Wanted, default_ttl: int) -> Step | None:
    """From what was found to what is wanted; None where that is the same."""
    if not wanted.present:
        return None if found is None else Step(zone, found, None)
    if wanted.values is None:
        if found is None or found.ttl == wanted.ttl:
            return None
        return Step(zone, found, replace(found, ttl=wanted.ttl if wanted.ttl is not None else found.ttl))
    ttl = wanted.ttl if wanted.ttl is not None else (found.ttl if found else default_ttl)
    after = RecordSet(wanted.name, wanted.type, ttl, wanted.values)
    if found is not None and found.ttl == ttl and found.same_values(after):
        return None
    return Step(zone, found, after)


def in_order(steps: Sequence[Step]) -> list[Step]:
    """New record sets first, removed ones last: nothing ever points at a name that is not there."""
    return sorted(steps, key=lambda one: (one.before is not None) + (one.after is None))


def state(record: RecordSet | None) -> dict[str, Any]:
    """A record set as it stands in calls: empty for none."""
    return {} if record is None else {"ttl": record.ttl, "values": list(record.values)}


def from_state(name: str, kind: str, data: Mapping[str, Any]) -> RecordSet | None:
    if not data:
        return None
    return RecordSet(name, kind, int(data["ttl"]), tuple(sorted(str(one) for one in data["values"])))


def update_parameters(steps: Sequence[Step]) -> dict[str, Any]:
    """Steps of one zone as they stand in the call of an update."""
    changes = [
        {"name": one.record.name, "type": one.record.type, "before": state(one.before), "after": state(one.after)}
        for one in steps
    ]
    return {"zone": steps[0].zone, "changes": changes}


def steps_of(parameters: Mapping[str, Any]) -> list[Step]:
    """Back again."""
    found = []
    for one in parameters["changes"]:
        name, kind = str(one["name"]), str(one["type"])
        before, after = (from_state(name, kind, one[side]) for side in ("before", "after"))
        found.append(Step(str(parameters["zone"]), before, after))
    return found


def shown_sets(zone: str, records: Sequence[RecordSet | None]) -> dict[str, Any]:
    """One side of a diff, and what a module returns."""
    return {
        "zone": zone,
        "records": [
            {"name": one.name, "type": one.type, "ttl": one.ttl, "values": list(one.values)}
            for one in sorted(filter(None, records), key=lambda one: one.identity)
        ],
    }


def update_message(made: Sequence[Step], **tsig: Any) -> dns.update.UpdateMessage:
    """One conditional update of one zone: exactly the values that were found, or nobody's, give way to the new ones.

    All of it is made, or nothing. A lifetime is no part of a prerequisite (RFC 2136 2.4); the answer is read again for it.
    """
    message = dns.update.UpdateMessage(f"{made[0].zone}.", **tsig)
    for one in made:
        name, kind = dns.name.from_text(f"{one.record.name}."), dns.rdatatype.from_text(one.record.type)
        if one.before is None:
            message.absent(name, kind)
        else:
            message.present(name, *_rdatas(one.before))
    for one in made:
        name, kind = dns.name.from_text(f"{one.record.name}."), dns.rdatatype.from_text(one.record.type)
        if one.before is not None:
            message.delete(name, kind)
        if one.after is not None:
            message.add(name, one.after.ttl, *_rdatas(one.after))
    return message


def _rdatas(record: RecordSet) -> list[Any]:
    kind = dns.rdatatype.from_text(record.type)
    return [dns.rdata.from_text(dns.rdataclass.IN, kind, value) for value in record.values]


def instruction(made: Step) -> str:
    """What somebody has to do by hand, in one sentence."""
    if made.before is None and made.after is not None:
        return f"In the zone {made.zone} create {_written(made.after)}."
    if made.after is None and made.before is not None:
        return f"In the zone {made.zone} remove {_written(made.before)}."
    if made.before is None or made.after is None:
        return ""
    if made.before.same_values(made.after):
        return (
            f"In the zone {made.zone} set the TTL of {made.record.name} {made.record.type} from {made.before.ttl} to "
            f"{made.after.ttl} seconds; leave its values as they are."
        )
    return (
        f"In the zone {made.zone} change {_written(made.before)} into {_written(made.after)}, in place: never delete the "
        "old record before the new one is there."
    )


def _written(record: RecordSet) -> str:
    values = " and ".join(record.values)
    return f"{record.name}. {record.ttl} IN {record.type} {values}"


# --- lifetimes


def earliest_cutover(seen: datetime, old_ttl: int) -> datetime:
    """When no resolver can hold a record with the old lifetime any more, if the new one was seen everywhere at ``seen``."""
    return (seen + timedelta(seconds=min(old_ttl, WEEK))).astimezone(UTC).replace(microsecond=0) + timedelta(seconds=1)
