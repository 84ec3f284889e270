# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the families of cmdlets share: which store a call reads, wildcards, and objects of the configuration store."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from ..organisation.rules import message, refusal
from ..organisation.store import Snapshot
from ..powershell.conversion import ListModifier
from ..powershell.errors import PSError
from ..powershell.values import Enum, Psobj
from . import Call, rights

INTERNAL = "Microsoft.Rtc.Management.Internal."
#: Members of every object of the store that published exporters leave out by name.
HIDDEN = ("Element", "Anchor", "Key", "ScopeClass", "TypedIdentity", "XsAnyElements", "XsAnyAttributes")
#: Values that are members of .NET enumerations, by property.
ENUMERATIONS = {
    "PartnerType", "TlsNegotiation", "SaslNegotiation", "RoutingMethod", "VerificationLevel",
    "DiscoveredPartnerVerificationLevel",
}
COMMON = {"Identity", "Instance", "Confirm", "WhatIf", "Force", "InMemory", "LocalStore", "Filter", "Tenant", "PassThru"}


def fail(call: Call, rule: str, target: str = "", **fields: Any) -> PSError:
    """The error of a rule, to be raised or written."""
    return refusal(call.world, rule, target, **fields)


def warn(call: Call, rule: str, **fields: Any) -> None:
    call.warn(message(call.world, rule, **fields))


def need_directory(call: Call) -> None:
    """Active Directory is only there for members of the domain, and for credentials that reach it."""
    if not call.computer.joined:
        raise fail(call, "no-directory", call.computer.fqdn)
    if not call.computer.second_hop:
        raise fail(call, "no-second-hop", call.world.ad.domain)


def snapshot(call: Call) -> Snapshot:
    """What the call reads: the Central Management store, or with -LocalStore the computer's replica of it."""
    if call.p.get("LocalStore"):
        local: Snapshot | None = call.world.local(call.computer)
        if local is None:
            raise fail(call, "no-local-store", call.computer.fqdn)
        return local
    need_store(call)
    current: Snapshot = call.world.cms.current
    return current


def need_store(call: Call) -> None:
    """The Central Management store is found through Active Directory and lies on a SQL Server inside."""
    need_directory(call)
    world = call.world
    if world.central.location is None:
        raise fail(call, "no-store-location", world.ad.domain)
    faults = world.faults
    down = faults is not None and faults.active("central_management_down", call.computer.fqdn) is not None
    if down or world.central.found is None:
        raise fail(call, "store-unreachable", world.central.location[0])
    rights.need_for_store(call)


@lru_cache(maxsize=256)
def wildcard(pattern: str) -> re.Pattern[str]:
    """A PowerShell wildcard: * ? [abc] [a-z], without regard to case; ` takes the meaning away."""
    out, i = "", 0
    while i < len(pattern):
        c = pattern[i]
        end = pattern.find("]", i + 2) if c == "[" else -1
        if c == "`" and i + 1 < len(pattern):
            i += 1
            out += re.escape(pattern[i])
        elif c == "*":
            out += ".*"
        elif c == "?":
            out += "."
        elif end > 0:
            out += "[" + pattern[i + 1 : end].replace("\\", "\\\\").replace("^", "\\^") + "]"
            i = end
        else:
            out += re.escape(c)
        i += 1
    return re.compile(out, re.IGNORECASE | re.DOTALL)


def matching(pattern: str, names: Iterable[str]) -> Iterator[str]:
    fits = wildcard(pattern).fullmatch
    return (name for name in names if fits(name))


def typed(name: str, value: Any) -> Any:
    if isinstance(value, tuple):
        return [typed(name, item) for item in value]
    return Enum(value) if name in ENUMERATIONS and isinstance(value, str) else value


def stored_object(type_name: str, identity: str, row: Mapping[str, Any], drop: Iterable[str] = ()) -> Psobj:
    """An object of the configuration store as Get- prints it, with the members that nobody should dump."""
    gone = set(drop)
    properties: dict[str, Any] = {"Identity": identity}
    properties |= {name: typed(name, value) for name, value in row.items() if name not in gone}
    scope, _colon, rest = identity.partition(":")
    for name in HIDDEN:
        properties[name] = Psobj(f"Microsoft.Rtc.Management.Xds.{name}", f"[{{urn:schema:{type_name}}},{identity}]")
    properties["ScopeClass"] = Enum(scope if rest else "Global")
    return Psobj(type_name, type_name, properties)


def given(call: Call, names: Iterable[str]) -> dict[str, Any]:
    """Values of the row that the call names, by -Parameter or from the object in -Instance."""
    values: dict[str, Any] = {}
    instance = call.p.get("Instance")
    for name in names:
        if name in call.p:
            values[name] = call.p[name]
        elif isinstance(instance, Psobj) and instance.name_of(name) is not None:
            values[name] = instance.get(name)
    return values


def merged(row: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """A row with new values; list modifiers change the list that is there."""
    result = dict(row)
    for name, value in values.items():
        if isinstance(value, ListModifier):
            result[name] = tuple(value.apply(result.get(name) or ()))
        elif isinstance(value, list):
            result[name] = tuple(value)
        else:
            result[name] = str(value) if isinstance(value, Enum) else value
    return result


def instance_identity(call: Call, default: str) -> str:
    """-Identity, or the Identity of the object in -Instance."""
    instance = call.p.get("Instance")
    if isinstance(instance, Psobj) and "Identity" not in call.p:
        return str(instance.get("Identity") or default)
    return str(call.p.get("Identity", default))
