# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What PowerShell has and Python lacks: the typed values that handlers receive and return, and how they look in a row.

Python's own types stand for the rest: str, bool, int, float, Decimal, list, dict (a hashtable), bytes (Byte[]),
datetime, timedelta (TimeSpan), uuid.UUID (Guid) and None. ``render`` turns any of them into what ``cmdlet_host.ps1``
writes for it.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import typing as t
import uuid
from decimal import Decimal
from urllib.parse import urlsplit

from .errors import PSError

TimeSpan = dt.timedelta

EPOCH = dt.datetime(1, 1, 1, tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)


class Enum(str):
    """A member of a .NET enumeration: text on both sides, and comparable with text."""

    __slots__ = ()


class Uri(str):
    """A System.Uri. Its text is what it was made from."""

    __slots__ = ()


class Switch:
    """A SwitchParameter. Not a bool, so that a handler can tell ``-Force:$false`` from a Boolean parameter."""

    __slots__ = ("present",)

    def __init__(self, present: bool = True) -> None:
        self.present = bool(present)

    def __bool__(self) -> bool:
        return self.present

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (Switch, bool)) and bool(other) is self.present

    def __hash__(self) -> int:
        return hash(self.present)

    def __repr__(self) -> str:
        return f"Switch({self.present})"


class SecureString:
    """A SecureString. ``value`` is for handlers that compare; nothing prints it."""

    __slots__ = ("value",)

    def __init__(self, value: str) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecureString) and other.value == self.value

    def __hash__(self) -> int:
        return hash(self.value)

    def __repr__(self) -> str:
        return "SecureString(…)"


class Credential:
    """A PSCredential."""

    __slots__ = ("user", "value")

    def __init__(self, user: str, value: str) -> None:
        self.user = user
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Credential) and (other.user, other.value) == (
            self.user,
            self.value,
        )

    def __hash__(self) -> int:
        return hash((self.user, self.value))

    def __repr__(self) -> str:
        return f"Credential({self.user!r}, …)"


class Version:
    """A System.Version: two to four numbers."""

    __slots__ = ("parts",)

    def __init__(self, text: str) -> None:
        if not re.fullmatch(r"\s*\d+(\s*\.\s*\d+){1,3}\s*", text, re.ASCII):
            raise ValueError(f"{text!r} is not a version")
        self.parts = tuple(int(part) for part in text.split("."))
        if any(part > 0x7FFFFFFF for part in self.parts):
            raise ValueError(f"{text!r} is not a version")

    def __str__(self) -> str:
        return ".".join(str(part) for part in self.parts)

    def __repr__(self) -> str:
        return f"Version({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and other.parts == self.parts

    def __lt__(self, other: Version) -> bool:
        return self.parts < other.parts

    def __hash__(self) -> int:
        return hash(self.parts)


class Psobj:
    """An object of a .NET type: what it is called, its text, and its properties by name.

    ``text`` may be a function, for an object whose text is computed, or whose ``ToString`` throws (a PSError).
    """

    __slots__ = ("_text", "properties", "type_name")

    def __init__(
        self,
        type_name: str = "System.Management.Automation.PSCustomObject",
        text: str | t.Callable[[], str] | None = None,
        properties: t.Mapping[str, t.Any] | None = None,
    ) -> None:
        self.type_name = type_name
        self._text = text
        self.properties: dict[str, t.Any] = dict(properties or {})

    @property
    def text(self) -> str:
        if self._text is None:
            return self.type_name
        return self._text() if callable(self._text) else self._text

    def copy(self) -> Psobj:
        """What ``.PSObject.Copy()`` gives: another object with the same values, not copies of these."""
        return Psobj(self.type_name, self._text, self.properties)

    def name_of(self, name: str) -> str | None:
        """The property's name as the type writes it; names are compared without regard to case."""
        if name in self.properties:
            return name
        folded = name.casefold()
        return next((known for known in self.properties if known.casefold() == folded), None)

    def get(self, name: str, default: t.Any = None) -> t.Any:
        known = self.name_of(name)
        return default if known is None else self.properties[known]

    def set(self, name: str, value: t.Any) -> None:
        known = self.name_of(name)
        if known is None:
            raise PSError(
                "PropertyAssignmentException",
                "NotSpecified",
                "System.Management.Automation.SetValueInvocationException",
                f"The property '{name}' cannot be found on this object. Verify that it exists and can be set.",
            )
        self.properties[known] = value

    def __getitem__(self, name: str) -> t.Any:
        known = self.name_of(name)
        if known is None:
            raise KeyError(name)
        return self.properties[known]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Psobj) and (self.type_name, self.properties) == (
            other.type_name,
            other.properties,
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Psobj({self.type_name!r}, {self.properties!r})"


# --- text of a value, as .ToString() under the invariant culture


def ticks_of_span(span: dt.timedelta) -> int:
    """Ticks of 100 ns."""
    return span // MICROSECOND * 10


def span_of_ticks(ticks: int) -> dt.timedelta:
    """A timedelta holds microseconds: the tenth of one is lost, which no product setting uses."""
    return dt.timedelta(microseconds=ticks / 10)


def date_of_ticks(ticks: int) -> dt.datetime:
    return EPOCH + dt.timedelta(microseconds=ticks // 10)


def ticks_of_date(date: dt.datetime) -> int:
    return (utc(date) - EPOCH) // MICROSECOND * 10


def utc(date: dt.datetime) -> dt.datetime:
    """A date without a zone is taken as UTC: the lab's hosts keep UTC."""
    return date.replace(tzinfo=dt.UTC) if date.tzinfo is None else date.astimezone(dt.UTC)


def iso_text(date: dt.datetime) -> str:
    """What ``ToString('o')`` writes for a UTC date: seven digits and Z."""
    return utc(date).isoformat(timespec="microseconds").replace("+00:00", "0Z")


def span_text(span: dt.timedelta) -> str:
    """``[-][d.]hh:mm:ss[.fffffff]``, as TimeSpan writes itself."""
    sign = "-" if span < dt.timedelta(0) else ""
    span = abs(span)
    hours, rest = divmod(span.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    days = f"{span.days}." if span.days else ""
    fraction = f".{span.microseconds:06d}0" if span.microseconds else ""
    return f"{sign}{days}{hours:02d}:{minutes:02d}:{seconds:02d}{fraction}"


def type_name(value: t.Any) -> str:
    """The short .NET type name (``GetType().Name``) of a value."""
    if isinstance(value, Psobj):
        return value.type_name.rpartition(".")[2]
    for python, name in _TYPE_NAMES:
        if isinstance(value, python):
            return name
    if isinstance(value, int):
        return "Int32" if -(2**31) <= value < 2**31 else "Int64"
    return "Object"


_TYPE_NAMES: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "Boolean"),
    (Switch, "SwitchParameter"),
    (Uri, "Uri"),
    (str, "String"),
    (float, "Double"),
    (Decimal, "Decimal"),
    (bytes, "Byte[]"),
    ((list, tuple), "Object[]"),
    (dict, "Hashtable"),
    (SecureString, "SecureString"),
    (Credential, "PSCredential"),
    (Version, "Version"),
    (dt.datetime, "DateTime"),
    (dt.timedelta, "TimeSpan"),
    (uuid.UUID, "Guid"),
)


def text_of(value: t.Any) -> str:
    """The text that PowerShell makes of a value in a string (``"$value"``)."""
    if value is None:
        return ""
    if isinstance(value, Psobj):
        return value.text
    if isinstance(value, (bool, Switch)):
        return "True" if value else "False"
    if isinstance(value, str):
        return str(value)
    if isinstance(value, dt.timedelta):
        return span_text(value)
    if isinstance(value, dt.datetime):
        return utc(value).strftime("%m/%d/%Y %H:%M:%S")
    if isinstance(value, (list, tuple, bytes)):
        return " ".join(text_of(item) for item in value)
    if isinstance(value, dict):
        return "System.Collections.Hashtable"
    if isinstance(value, SecureString):
        return "System.Security.SecureString"
    if isinstance(value, Credential):
        return "System.Management.Automation.PSCredential"
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value)


# --- a value in a row


def render(value: t.Any) -> t.Any:
    """The JSON value that ``cmdlet_host.ps1`` writes: null, text, bool and number pass, dates as UTC ISO 8601, lists
    element by element, all else its text."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Psobj):
        return value.text
    if isinstance(value, Switch):
        return value.present
    if isinstance(value, dt.datetime):
        return iso_text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, (list, tuple, bytes)):
        return [render(item) for item in value]
    if isinstance(value, dict):
        # foreach does not enumerate a hashtable: it yields the table itself, so the script calls itself without end.
        raise PSError(
            "CallDepthOverflow",
            "InvalidOperation",
            "System.Management.Automation.ScriptCallDepthException",
            "The script failed due to call depth overflow.",
        )
    return text_of(value)


def member(value: t.Any, name: str) -> t.Any:
    """``$value.$name``: a property, of each element where the value is a list; None where there is no such thing."""
    found, result = _own_member(value, name)
    if found or not isinstance(value, (list, tuple)):
        return result
    values: list[t.Any] = []
    for item in value:
        found, result = _own_member(item, name)
        if found:  # lists among the results are flattened, as in a pipeline
            values += result if isinstance(result, (list, tuple)) else [result]
    if not values:
        return None
    return values[0] if len(values) == 1 else values


def _own_member(value: t.Any, name: str) -> tuple[bool, t.Any]:
    folded = name.casefold()
    if isinstance(value, Psobj):
        known = value.name_of(name)
        return (False, None) if known is None else (True, value.properties[known])
    if isinstance(value, dict):
        for key, item in value.items():
            if str(key).casefold() == folded:
                return True, item
        return (True, len(value)) if folded == "count" else (False, None)
    if isinstance(value, Uri):
        parts = urlsplit(value)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, -1)
        known_parts: dict[str, t.Any] = {
            "host": parts.hostname or "",
            "scheme": parts.scheme,
            "port": port,
            "absoluteuri": str(value),
            "originalstring": str(value),
        }
        return (True, known_parts[folded]) if folded in known_parts else (False, None)
    if isinstance(value, Version):
        names = ("major", "minor", "build", "revision")
        if folded in names:
            place = names.index(folded)
            return True, value.parts[place] if place < len(value.parts) else -1
        return False, None
    if isinstance(value, Credential):
        return {
            "username": (True, value.user),
            "password": (True, SecureString(value.value)),
        }.get(folded, (False, None))
    if isinstance(value, dt.timedelta):
        seconds = value.total_seconds()
        return {
            "ticks": (True, ticks_of_span(value)),
            "totalseconds": (True, seconds),
        }.get(folded, (False, None))
    if isinstance(value, dt.datetime):
        return (True, ticks_of_date(value)) if folded == "ticks" else (False, None)
    if isinstance(value, (list, tuple, bytes)):
        return (True, len(value)) if folded in ("count", "length") else (False, None)
    if isinstance(value, str):
        return (True, len(value.encode("utf-16-le")) // 2) if folded == "length" else (False, None)
    return False, None
