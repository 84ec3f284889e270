# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What calls are made of: markers for values that JSON lacks, the calls themselves, changes, effects, evidence.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Union

from .errors import InvalidRequest


class Unknown:
    """What only the server will know: the answer of a certification authority, the merge of a topology."""

    _one: Unknown | None = None

    def __new__(cls) -> Unknown:
        if cls._one is None:
            cls._one = super().__new__(cls)
        return cls._one

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __bool__(self) -> bool:
        raise InvalidRequest("A value that is not known yet was used in a decision.")


UNKNOWN = Unknown()


@dataclass(frozen=True)
class Secret:
    """A SecureString; with `user` a credential; `plain` where the cmdlet takes a password only as a plain string."""

    value: str = field(repr=False)
    user: str | None = None
    plain: bool = False


@dataclass(frozen=True)
class Text:
    """A text that must stay one, whatever it looks like."""

    value: str


@dataclass(frozen=True)
class Bytes:
    value: bytes = field(repr=False)


@dataclass(frozen=True)
class Date:
    value: datetime


@dataclass(frozen=True)
class Span:
    value: timedelta


@dataclass(frozen=True)
class Result:
    """What an earlier call of the same change returned (0 = its first prepared call); `set` asks for a changed copy."""

    call: int
    index: int | None = None
    set: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Cmdlet:
    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    properties: tuple[str, ...] = ()
    keep: bool = False
    stop_on_error: bool = False


@dataclass(frozen=True)
class Executable:
    path: str
    arguments: tuple[str, ...] = ()
    style: str = "argv"
    directory: str | None = None
    seconds: int = 600


@dataclass(frozen=True)
class ReadSlice:
    path: str
    offset: int
    length: int


@dataclass(frozen=True)
class WriteSlice:
    path: str
    offset: int
    bytes: bytes = field(repr=False)


@dataclass(frozen=True)
class HashFile:
    path: str


Call = Union[Cmdlet, Executable, ReadSlice, WriteSlice, HashFile]  # noqa: UP007 - pylint judges the operator by an older Python


@dataclass(frozen=True)
class Query:
    """A read of a typed collection. `identity` narrows it; `partial` takes the rows that came in spite of errors."""

    collection: str
    identity: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    properties: tuple[str, ...] = ()
    partial: bool = False


@dataclass(frozen=True)
class Effect:
    """What a change makes of one row: these properties, or gone (None)."""

    collection: str
    scope: str
    identity: str
    properties: Mapping[str, Any] | None


@dataclass(frozen=True)
class Irreversible:
    reason: str


Undo = Union[tuple[Call, ...], Irreversible]  # noqa: UP007


@dataclass(frozen=True)
class Change:
    """A write with all that is to be known of it before it is made. `object` is what people call the thing."""

    call: Call
    object: str
    effects: tuple[Effect, ...] = ()
    before: Mapping[str, Any] | None = None
    undo: Undo = ()
    prepare: tuple[Call, ...] = ()
    conditional: bool = False
    override: str | None = None
    seconds: int = 600


@dataclass(frozen=True)
class Evidence:
    """Something that was verified on a member of the inventory, or of the whole organisation."""

    fact: str
    member: str
    digest: str = ""
    value: Any = None


# A hundred thousand moves pass here, and most of what they are made of is this.
PLAIN = frozenset({str, int, float, bool, type(None)})


def is_plain(table: dict[str, Any]) -> bool:
    """Whether a dictionary holds nothing but texts, numbers and the like: then none of it needs to be looked at by itself."""
    return PLAIN.issuperset(map(type, table.values()))


_NONE: frozenset[str] = frozenset()


_FIELDS: dict[type, tuple[str, ...]] = {}
#: As they stand in the classes above: nothing is in these but a text, a number or nothing.
_PLAIN_TYPES = frozenset({"str", "str | None", "int", "int | None", "bool"})


def _names(kind: type) -> tuple[str, ...]:
    """The fields of a dataclass that may be made of something, none of anything else."""
    known = _FIELDS.get(kind)
    if known is None:
        known = tuple(one.name for one in fields(kind) if one.type not in _PLAIN_TYPES) if is_dataclass(kind) else ()
        _FIELDS[kind] = known
    return known


def secrets_of(value: Any) -> frozenset[str]:
    """The secret texts in a call, a change or anything made of them."""
    kind = type(value)
    if kind in PLAIN or (kind is dict and is_plain(value)):
        return _NONE
    if isinstance(value, Secret):
        return frozenset({value.value}) if value.value else frozenset()
    if isinstance(value, Mapping):
        return frozenset().union(*(secrets_of(one) for one in value.values()))
    if kind is Cmdlet:  # only its parameters can hold one
        return secrets_of(value.parameters)
    parts = value if kind is list or kind is tuple else [getattr(value, name) for name in _names(kind)]
    found = _NONE
    for one in parts:
        if type(one) not in PLAIN and (more := secrets_of(one)):
            found |= more
    return found


def contains_unknown(value: Any) -> bool:
    """Whether anything in a value, a call or a change hangs on what only the server will know."""
    kind = type(value)
    if kind is Cmdlet:  # only its parameters can be of anything else
        return contains_unknown(value.parameters)
    if kind in PLAIN or (kind is dict and is_plain(value)):
        return False
    if value is UNKNOWN:
        return True
    if isinstance(value, Mapping):
        return any(contains_unknown(one) for one in value.values())
    if isinstance(value, (list, tuple)):
        return any(contains_unknown(one) for one in value)
    return any(contains_unknown(getattr(value, name)) for name in _names(type(value)))


def ticks(span: timedelta) -> int:
    return (span.days * 86400 + span.seconds) * 10_000_000 + span.microseconds * 10


def utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise InvalidRequest("A date without a time zone cannot be sent.")
    return moment.astimezone(UTC)
