# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What PowerShell's binder makes of an argument, by the parameter's type.

The rules are the engine's (coercion of an argument, then the language's conversions), seen through what a call can
carry: null, text, bool, number, list, hashtable, and the tagged values of the wire format. The types themselves are in
``parameter_types``.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
import socket
import typing as t
import uuid
from decimal import Decimal

from . import numbers
from .values import Psobj, Switch, Uri
from .values import text_of as plain_text
from .values import type_name as runtime_type

MAX_TICKS = 2**63


class Refused(Exception):
    """The value does not become the type. ``silent`` selects between the engine's two error ids for it."""

    def __init__(self, text: str, silent: bool = True) -> None:
        super().__init__(text)
        self.text = text
        self.silent = silent


class ListModifier(dict[str, list[t.Any]]):
    """A PSListModifier: Add, Remove and Replace, those that were given. Empty: changes nothing."""

    __slots__ = ()

    def apply(self, existing: t.Iterable[t.Any]) -> list[t.Any]:
        """The list after it; texts are compared without regard to case, as Lync's lists of domains and FQDNs are."""
        if "Replace" in self:
            return list(self["Replace"])
        gone = {_fold(item) for item in self.get("Remove", ())}
        result = [item for item in existing if _fold(item) not in gone]
        present = {_fold(item) for item in result}
        return result + [item for item in self.get("Add", ()) if _fold(item) not in present]


def _fold(value: t.Any) -> t.Any:
    return value.casefold() if isinstance(value, str) else repr(value)


Convert = t.Callable[[t.Any, str], t.Any]


class ParameterType(t.NamedTuple):
    """A parameter's type as the binder sees it. ``convert(value, culture)`` never gets a null."""

    name: str
    convert: Convert
    kind: str  # text, switch, bool, value, object, single, list
    element: ParameterType | None = None
    values: tuple[str, ...] = ()

    def shown(self, value: t.Any) -> str:
        """The type's name with a value bound to it."""
        if value is None:
            return "null"
        return self.name if self.kind != "object" or self.name == "PSObject" else runtime_type(value)


def is_list(value: t.Any) -> bool:
    return isinstance(value, (list, tuple, bytes))


def described(value: t.Any) -> str:
    """How an error message names a value's type."""
    name = runtime_type(value)
    return f"System.Collections.{name}" if name == "Hashtable" else f"System.{name}"


def impossible(value: t.Any, name: str) -> Refused:
    return Refused(f'Cannot convert the value of type "{described(value)}" to type "{name}".')


def single(convert: Convert) -> Convert:
    """A list never becomes one value: the engine says so with the other error id."""

    def checked(value: t.Any, culture: str) -> t.Any:
        if is_list(value):
            raise Refused("Specified method is not supported.", silent=False)
        return convert(value, culture)

    return checked


# --- text, truth, numbers


def to_text(value: t.Any, _culture: str) -> str:
    return value if isinstance(value, str) else text(value)


def text(value: t.Any) -> str:
    """Like PowerShell's own text of a value, with the year in four digits whatever the C library does."""
    if isinstance(value, dt.datetime):
        return f"{value:%m/%d}/{value.year:04d} {value:%H:%M:%S}"
    if isinstance(value, (list, tuple, bytes)):
        return " ".join(text(item) for item in value)
    return plain_text(value)


def _truth(value: t.Any) -> bool:
    if isinstance(value, Switch):
        return value.present
    if isinstance(value, (bool, int, float, Decimal)):
        return bool(value)
    raise Refused(f'Cannot convert value "{described(value)}" to a Boolean: use $true, $false, 1 or 0.', silent=False)


def to_bool(value: t.Any, _culture: str) -> bool:
    return _truth(value)


def to_switch(value: t.Any, _culture: str) -> Switch:
    return Switch(_truth(value))


def integer(name: str, bits: int, signed: bool) -> Convert:
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)

    def convert(value: t.Any, _culture: str) -> int:
        found: t.Any
        try:
            if isinstance(value, str):
                found = numbers.number(value)
                if signed and "x" in value.lower() and high < found < 1 << bits:
                    found -= 1 << bits
            elif isinstance(value, (bool, int, float, Decimal)):
                found = value
            else:
                raise impossible(value, name)
            # round() is half to even, as Convert is.
            whole = round(found)
        except (ValueError, OverflowError) as error:
            raise Refused(f'Cannot convert value "{text(value)}" to type "System.{name}". {error}') from error
        if not low <= whole <= high:
            raise Refused(f'Cannot convert value "{text(value)}" to type "System.{name}": too large or too small.')
        return whole

    return convert


def real(name: str, make: t.Callable[[t.Any], t.Any]) -> Convert:
    def convert(value: t.Any, _culture: str) -> t.Any:
        try:
            if isinstance(value, str):
                return make(numbers.number(value))
            if isinstance(value, (bool, int, float, Decimal)):
                return make(value)
        except (ValueError, OverflowError, ArithmeticError) as error:
            raise Refused(f'Cannot convert value "{value}" to type "System.{name}". {error}') from error
        raise impossible(value, name)

    return convert


# --- .NET types that are made from a text or from ticks


def parsed(name: str, types: type | tuple[type, ...], parse: t.Callable[[str, str], t.Any]) -> Convert:
    """From a text; a number goes through its text."""

    def convert(value: t.Any, culture: str) -> t.Any:
        if isinstance(value, types):
            return value
        if isinstance(value, bool) or not isinstance(value, (str, int, float, Decimal)):
            raise impossible(value, name)
        source = value if isinstance(value, str) else text(value)
        try:
            return parse(source, culture)
        except (ValueError, OverflowError) as error:
            raise Refused(f'Cannot convert value "{source}" to type "System.{name}". {error}') from error

    return convert


def ticked(name: str, kind: type, parse: t.Callable[[str, str], t.Any], make: t.Callable[[int], t.Any]) -> Convert:
    """As ``parsed``, but a whole number is ticks of 100 ns: 300 for a TimeSpan is 30 µs."""
    from_text = parsed(name, kind, parse)

    def convert(value: t.Any, culture: str) -> t.Any:
        if isinstance(value, bool) or not isinstance(value, int):
            return from_text(value, culture)
        try:
            if not -MAX_TICKS <= value < MAX_TICKS:
                raise OverflowError("Value was either too large or too small for an Int64.")
            return make(value)
        except OverflowError as error:
            raise Refused(f'Cannot convert value "{value}" to type "System.{name}". {error}') from error

    return convert


_GUID = re.compile(r"[0-9a-f]{8}(-?)(?:[0-9a-f]{4}\1){3}[0-9a-f]{12}", re.IGNORECASE)


def parse_guid(source: str, _culture: str) -> uuid.UUID:
    bare = source.strip()
    if bare[:1] + bare[-1:] in ("{}", "()"):
        bare = bare[1:-1]
    if not _GUID.fullmatch(bare):
        raise ValueError("Guid should contain 32 digits with 4 dashes (xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx).")
    return uuid.UUID(bare)


def parse_address(source: str, _culture: str) -> t.Any:
    try:
        return ipaddress.ip_address(source.strip().partition("%")[0].strip("[]"))
    except ValueError:
        # .NET reads the short forms of old, too: "1" is 0.0.0.1.
        if not re.fullmatch(r"[0-9a-fx.]+", source, re.IGNORECASE):
            raise
    try:
        return ipaddress.IPv4Address(socket.inet_aton(source))
    except OSError as error:
        raise ValueError("An invalid IP address was specified.") from error


ADDRESSES = (ipaddress.IPv4Address, ipaddress.IPv6Address)


def parse_uri(source: str, _culture: str) -> Uri:
    # Relative ones are Uris too, so nearly every text is one; these are not.
    if re.match(r"[a-z][a-z0-9+.-]*://(?:[/?#]|$)", source, re.IGNORECASE) and not source.lower().startswith("file:"):
        raise ValueError("Invalid URI: The hostname could not be parsed.")
    return Uri(source)


# --- classes


def instance(name: str, types: type | tuple[type, ...]) -> Convert:
    """Only an object of the type itself will do, or one that a cmdlet returned."""

    def convert(value: t.Any, _culture: str) -> t.Any:
        if isinstance(value, types) or (isinstance(value, Psobj) and value.type_name.endswith(name)):
            return value
        raise impossible(value, name)

    return convert


def to_modifier(value: t.Any, _culture: str) -> ListModifier:
    if isinstance(value, ListModifier):
        return value
    if isinstance(value, dict):
        result = ListModifier()
        for key, items in value.items():
            action = str(key).capitalize()
            if action not in ("Add", "Remove", "Replace"):
                raise Refused("The hash table passed as an argument contains other keys than Add, Remove and Replace.")
            result.setdefault(action, []).extend(items if is_list(items) else [items])
        return result
    items = list(value) if is_list(value) else [value]
    return ListModifier(Replace=items) if items else ListModifier()


def anything(value: t.Any, _culture: str) -> t.Any:
    return value
