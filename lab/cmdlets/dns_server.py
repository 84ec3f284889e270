# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records of a Microsoft DNS server: the DnsServer module, on computers with the feature DNS or its tools.

# source: parameters and their sets are Microsoft's signatures in lab/data; numbers of errors are those of winerror.h
# inferred: that they come as "WIN32 <number>,<cmdlet>"; that a record set has one lifetime, whichever record it was set on;
# that a changed copy with other record data than the old object's is refused
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from ..powershell.values import Psobj
from . import Call, PSError, cmdlet, command_not_found

FEATURES = frozenset({"DNS", "RSAT-DNS-Server"})
KIND = "Microsoft.Management.Infrastructure.CimInstance#root/Microsoft/Windows/DNS/DnsServerResourceRecord"
NO_ZONE, NO_RECORD, EXISTS, NO_NAME, ALIAS = 9601, 9701, 9711, 9714, 9709
#: type -> the switch of Add-, and the properties of RecordData in the order of a zone file
FIELDS = {
    "A": ("A", ("IPv4Address",)),
    "AAAA": ("AAAA", ("IPv6Address",)),
    "CNAME": ("CName", ("HostNameAlias",)),
    "MX": ("MX", ("Preference", "MailExchange")),
    "SRV": ("Srv", ("Priority", "Weight", "Port", "DomainName")),
    "TXT": ("Txt", ("DescriptiveText",)),
}


def _failed(call: Call, number: int, text: str, category: str = "ObjectNotFound") -> PSError:
    return PSError(
        f"WIN32 {number}",
        category,
        "Microsoft.Management.Infrastructure.CimException",
        text,
        str(call.p.get("Name", "")),
    )


def _zone(call: Call) -> str:
    """The zone that is meant, on a computer that has the cmdlets at all."""
    if not FEATURES & set(call.computer.features) or call.computer.windows in ("6.0", "6.1"):
        raise command_not_found(call.cmdlet)
    name = str(call.p["ZoneName"]).rstrip(".").casefold()
    if name not in call.world.zones.zones:
        raise _failed(call, NO_ZONE, f"The zone {name} was not found on server {call.computer.host}.")
    return name


def _object(zone: str, name: str, kind: str, ttl: int, value: str) -> Psobj:
    parts = [value.strip('"')] if kind == "TXT" else value.split()
    data = {
        field: int(part) if part.isdigit() and kind in ("MX", "SRV") else part
        for field, part in zip(FIELDS[kind][1], parts, strict=True)
    }
    return Psobj(
        KIND,
        "DnsServerResourceRecord",
        {
            "HostName": name,
            "RecordType": kind,
            "RecordClass": "IN",
            "TimeToLive": timedelta(seconds=ttl),
            "Timestamp": None,
            "RecordData": Psobj(f"{KIND}{kind.capitalize()}", f"DnsServerResourceRecord{kind.capitalize()}", data),
        },
    )


def _value(kind: str, data: Any) -> str:
    text = " ".join(str(data.get(field)) for field in FIELDS[kind][1])
    return f'"{text}"' if kind == "TXT" else text


def _of(call: Call, given: Any) -> tuple[str, str, str, int]:
    """Name, type, value and lifetime of a record object."""
    if not isinstance(given, Psobj) or not isinstance(given.get("RecordData"), Psobj):
        raise _failed(call, 87, "The parameter is incorrect.", "InvalidArgument")
    kind = str(given.get("RecordType"))
    ttl = int(given.get("TimeToLive").total_seconds())
    return str(given.get("HostName")).casefold(), kind, _value(kind, given.get("RecordData")), ttl


@cmdlet("Get-DnsServerResourceRecord", module=None, class_name="Get-DnsServerResourceRecord")
def get_record(call: Call) -> Iterator[Psobj]:
    zone = _zone(call)
    wanted, kind = str(call.p.get("Name", "")).casefold(), str(call.p.get("RRType", "")).upper()
    records = call.world.zones.zones[zone]
    own = [
        name for name, _kind in records if name == wanted or (not call.p.get("Node") and name.endswith(f".{wanted}"))
    ]
    if wanted and not own:
        raise _failed(call, NO_NAME, f"Failed to get {wanted} record in {zone} zone on {call.computer.host} server.")
    for (name, found), rrset in sorted(records.items()):
        if found in FIELDS and (not kind or found == kind) and (not wanted or name in own):
            for value in rrset.values:
                yield _object(zone, name, found, rrset.ttl, value)


@cmdlet("Add-DnsServerResourceRecord", writes=True, module=None, class_name="Add-DnsServerResourceRecord")
def add_record(call: Call) -> Iterator[Psobj]:
    zone, name = _zone(call), str(call.p.get("Name", "")).casefold()
    kind = next((one for one, (switch, _fields) in FIELDS.items() if call.p.get(switch)), None)
    if kind is None:
        raise _failed(call, 87, "The parameter is incorrect.", "InvalidArgument")
    if not call.should_process(name, impact="Medium"):
        return
    value = _value(kind, {field: call.p[field] for field in FIELDS[kind][1]})
    zones = call.world.zones
    there = {found for found_name, found in zones.zones[zone] if found_name == name}
    if (kind == "CNAME" and there) or "CNAME" in there:
        text = f"Failed to create resource record {name} in zone {zone}: an alias stands alone."
        raise _failed(call, ALIAS, text, "InvalidOperation")
    rrset = zones.get(zone, name, kind)
    values = rrset.values if rrset else ()
    if value in values:
        text = f"Failed to create resource record {name} in zone {zone} on server {call.computer.host}."
        raise _failed(call, EXISTS, text, "ResourceExists")
    ttl = call.p.get("TimeToLive")
    seconds = int(ttl.total_seconds()) if ttl is not None else rrset.ttl if rrset else zones.ttl[zone]
    zones.write(zone, name, kind, seconds, (*values, value))
    if call.p.get("PassThru"):
        yield _object(zone, name, kind, seconds, value)


@cmdlet("Set-DnsServerResourceRecord", writes=True, module=None, class_name="Set-DnsServerResourceRecord")
def set_record(call: Call) -> Iterator[Psobj]:
    zone = _zone(call)
    name, kind, value, _ttl = _of(call, call.p["OldInputObject"])
    new_name, new_kind, new_value, ttl = _of(call, call.p["NewInputObject"])
    if not call.should_process(name, impact="Medium"):
        return
    rrset = call.world.zones.get(zone, name, kind)
    if rrset is None or value not in rrset.values:
        raise _failed(call, NO_RECORD, f"Failed to get {name} record in {zone} zone on {call.computer.host} server.")
    if (name, kind, value) != (new_name, new_kind, new_value):
        raise _failed(call, 87, "The parameter is incorrect.", "InvalidArgument")
    call.world.zones.write(zone, name, kind, ttl, rrset.values)
    if call.p.get("PassThru"):
        yield _object(zone, name, kind, ttl, value)


@cmdlet("Remove-DnsServerResourceRecord", writes=True, module=None, class_name="Remove-DnsServerResourceRecord")
def remove_record(call: Call) -> None:
    zone = _zone(call)
    if "InputObject" in call.p:
        name, kind, value, _ttl = _of(call, call.p["InputObject"])
        gone = {value}
    else:
        name, kind = str(call.p["Name"]).casefold(), str(call.p["RRType"]).upper()
        given = call.p.get("RecordData")
        gone = {" ".join(str(one) for one in given)} if given else set()
    if not call.should_process(name, force=True):
        return
    rrset = call.world.zones.get(zone, name, kind)
    if rrset is None or not gone <= set(rrset.values):
        raise _failed(call, NO_RECORD, f"Failed to get {name} record in {zone} zone on {call.computer.host} server.")
    call.world.zones.write(zone, name, kind, rrset.ttl, set(rrset.values) - gone if gone else ())
