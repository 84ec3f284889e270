# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The types of parameters by their published short names.

.NET's own types and published enumerations convert as the engine does. Any other type takes what it gets: what it says
to the value is the cmdlet's business, see ``value_forms``.
"""

from __future__ import annotations

import datetime as dt
import re
import typing as t
import uuid
from decimal import Decimal
from functools import cache

from . import numbers
from .conversion import (
    ADDRESSES,
    Convert,
    ParameterType,
    Refused,
    anything,
    impossible,
    instance,
    integer,
    is_list,
    parse_address,
    parse_guid,
    parse_uri,
    parsed,
    real,
    single,
    text,
    ticked,
    to_bool,
    to_modifier,
    to_switch,
    to_text,
)
from .values import Credential, Enum, SecureString, Switch, TimeSpan, Uri, Version, date_of_ticks, span_of_ticks


def enumeration(name: str, values: tuple[str, ...]) -> ParameterType:
    folded = {value.lower(): value for value in values}

    def one(source: str) -> int:
        source = source.strip()
        if re.fullmatch(r"[+-]?\d{1,10}", source, re.ASCII):
            return int(source)
        found = folded.get(source.lower())
        if found is None:
            starts = [value for key, value in folded.items() if key.startswith(source.lower())] if source else []
            if len(starts) != 1:
                raise Refused(
                    f'Cannot convert value "{source}" to type "{name}". Specify one of the following enumerator names '
                    f"and try again: {', '.join(values)}"
                )
            found = starts[0]
        return values.index(found)

    def from_number(value: int) -> Enum:
        if not 0 <= value < len(values):
            raise Refused(f'Cannot convert value "{value}" to type "{name}": no enumeration value has this number.')
        return Enum(values[value])

    def convert(value: t.Any, culture: str) -> Enum:
        if isinstance(value, str):
            # A list of names is the sum of their numbers, of which the engine then asks whether it has a name.
            total = 0
            names = value.split(",")
            for item in names:
                if len(names) > 1 and item.strip().lower() not in folded:
                    raise Refused(f'Cannot convert value "{value}" to type "{name}".')
                total |= one(item)
            return from_number(total)
        if is_list(value):
            return convert(
                ",".join(item if isinstance(item, str) else str(convert(item, culture)) for item in value), culture
            )
        if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
            raise impossible(value, name)
        if isinstance(value, int):
            return from_number(value)
        return convert(text(value), culture)

    return ParameterType(name, convert, "value", values=values)


# --- by name

_INTEGERS = {
    "byte": ("Byte", 8, False),
    "sbyte": ("SByte", 8, True),
    "int16": ("Int16", 16, True),
    "uint16": ("UInt16", 16, False),
    "int32": ("Int32", 32, True),
    "int": ("Int32", 32, True),
    "integer": ("Int32", 32, True),
    "uint32": ("UInt32", 32, False),
    "int64": ("Int64", 64, True),
    "long": ("Int64", 64, True),
    "uint64": ("UInt64", 64, False),
}
_REALS: dict[str, tuple[str, t.Callable[[t.Any], t.Any]]] = {
    "double": ("Double", float),
    "single": ("Single", float),
    "float": ("Single", float),
    "decimal": ("Decimal", lambda value: Decimal(str(value)) if isinstance(value, float) else Decimal(value)),
}
# Published types of one value each, made by the cmdlet from what it gets: a list is no such value.
_SINGLE = frozenset(
    "xdsidentity xdsglobalrelativeidentity useridparameter ouidparameter rgsidentity adobjectid fqdn phonenumber unlimited "
    "externalapplicationidentity".split()
)


def _known(name: str) -> ParameterType | None:
    folded = name.lower()
    if folded == "string":
        return ParameterType("String", single(to_text), "text")
    if folded in ("boolean", "bool"):
        return ParameterType("Boolean", to_bool, "bool")
    if folded in ("switchparameter", "switch"):
        return ParameterType("SwitchParameter", to_switch, "switch")
    if folded in _INTEGERS:
        return ParameterType(_INTEGERS[folded][0], single(integer(*_INTEGERS[folded])), "value")
    if folded in _REALS:
        return ParameterType(_REALS[folded][0], single(real(*_REALS[folded])), "value")
    return _DOTNET.get(folded)


def _parse_span(source: str, _culture: str) -> dt.timedelta:
    return numbers.span(source)


def _parse_version(source: str, _culture: str) -> Version:
    return Version(source)


_SPAN = ticked("TimeSpan", TimeSpan, _parse_span, span_of_ticks)
_DATE = ticked("DateTime", dt.datetime, numbers.date, date_of_ticks)
_DOTNET: dict[str, ParameterType] = {
    item.name.lower().split("`")[0]: item
    for item in (
        ParameterType("TimeSpan", single(_SPAN), "value"),
        ParameterType("DateTime", single(_DATE), "value"),
        ParameterType("Guid", single(parsed("Guid", uuid.UUID, parse_guid)), "value"),
        ParameterType("Uri", single(parsed("Uri", Uri, parse_uri)), "single"),
        ParameterType("Version", single(parsed("Version", Version, _parse_version)), "single"),
        ParameterType("IPAddress", single(parsed("IPAddress", ADDRESSES, parse_address)), "single"),
        ParameterType("Hashtable", single(instance("Hashtable", dict)), "single"),
        ParameterType("IDictionary", single(instance("IDictionary", dict)), "single"),
        ParameterType("PSListModifier`1", to_modifier, "object-like"),
        ParameterType("PSCredential", single(instance("PSCredential", Credential)), "single"),
        ParameterType("SecureString", single(instance("SecureString", SecureString)), "single"),
        ParameterType("ScriptBlock", single(instance("ScriptBlock", ())), "single"),
        ParameterType("X509Certificate2", single(instance("X509Certificate2", bytes)), "single"),
        ParameterType("PSObject", anything, "object"),
        ParameterType("Object", anything, "object"),
    )
}


@cache
def parameter_type(name: str, values: tuple[str, ...] = ()) -> ParameterType:
    """The type by its published short name; ``values`` where it is a published enumeration."""
    if name.endswith("[]"):
        element = parameter_type(name[:-2], values)
        return ParameterType(f"{element.name}[]", _encoder(element), "list", element)
    if values:
        return enumeration(name, values)
    known = _known(name)
    if known is not None:
        return known
    if re.search(r"objects?$", name, re.IGNORECASE):
        # The pages print "Rule object" and the like where any object with these properties is taken.
        return ParameterType("PSObject", anything, "object")
    if name.lower() in _SINGLE:
        return ParameterType(name, single(anything), "single")
    return ParameterType(name or "Object", anything, "object" if not name else "opaque")


def _encoder(element: ParameterType) -> Convert:
    """One value is a list of one. A null stays null where the element may be null."""

    def convert(value: t.Any, culture: str) -> t.Any:
        if isinstance(value, bytes) and element.name == "Byte":
            return value
        items = []
        for item in value if is_list(value) else [value]:
            if item is not None:
                items.append(element.convert(item, culture))
            elif element.kind == "switch":
                items.append(Switch(True))
            elif element.kind == "bool":
                raise Refused("null", silent=False)
            else:
                items.append(0 if element.kind == "value" and not element.values else None)
        return bytes(items) if element.name == "Byte" else items

    return convert
