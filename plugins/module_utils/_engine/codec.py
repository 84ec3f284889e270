# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls, changes, effects and evidence as JSON: with secrets between module and daemon, without in journal and result.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from .errors import InvalidRequest
from .values import (
    PLAIN,
    UNKNOWN,
    Bytes,
    Call,
    Change,
    Cmdlet,
    Date,
    Effect,
    Evidence,
    Executable,
    HashFile,
    Irreversible,
    Query,
    ReadSlice,
    Result,
    Secret,
    Span,
    Text,
    Undo,
    WriteSlice,
    is_plain,
    ticks,
    utc,
)  # fmt: skip

_VALUES: dict[str, type] = {
    "text": Text, "date": Date, "span": Span, "bytes": Bytes, "secret": Secret, "result": Result,
}  # fmt: skip
_CALLS: dict[str, type] = {
    "cmdlet": Cmdlet, "executable": Executable, "read": ReadSlice, "write": WriteSlice, "hash": HashFile,
}  # fmt: skip
_TEXT = frozenset({str})
_FIELDS = {cls: tuple(one.name for one in fields(cls)) for cls in _CALLS.values()}
_CALL_NAMES = {cls: name for name, cls in _CALLS.items()}
_TEXT_TUPLES = ("properties", "arguments")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def value_to_json(value: Any, *, redacted: bool = False) -> Any:
    """Any value of a parameter, an effect or a property as plain JSON; what JSON lacks becomes {"$": ...}."""
    kind = type(value)
    if kind in PLAIN:
        return value
    if kind is dict and "$" not in value and is_plain(value) and _TEXT.issuperset(map(type, value)):
        return dict(value)
    if value is UNKNOWN:
        return {"$": "unknown"}
    if isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Text):
        return {"$": "text", "value": value.value}
    if isinstance(value, Date):
        return {"$": "date", "value": utc(value.value).isoformat()}
    if isinstance(value, Span):
        return {"$": "span", "ticks": ticks(value.value)}
    if isinstance(value, Secret):
        secret: dict[str, Any] = {"$": "secret"}
        if not redacted:
            secret["value"] = value.value
            secret["plain"] = value.plain
        if value.user is not None:
            secret["user"] = value.user
        return secret
    if isinstance(value, Bytes):
        if redacted:
            return {"$": "bytes", "length": len(value.value)}
        return {"$": "bytes", "value": _base64(value.value)}
    if isinstance(value, Result):
        result: dict[str, Any] = {"$": "result", "call": value.call, "index": value.index}
        if value.set is not None:
            result["set"] = value_to_json(dict(value.set), redacted=redacted)
        return result
    if isinstance(value, Mapping):
        if "$" in value:
            raise InvalidRequest("A table cannot have a key '$'.")
        return {str(name): value_to_json(v, redacted=redacted) for name, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        items = sorted(value) if isinstance(value, (set, frozenset)) else value
        return [value_to_json(one, redacted=redacted) for one in items]
    raise InvalidRequest(f"A {type(value).__name__} is not a value of a call.")


def value_from_json(data: Any) -> Any:
    kind = type(data)
    if kind in PLAIN:
        return data
    if kind is dict and "$" not in data and is_plain(data):
        return dict(data)
    if isinstance(data, list):
        return [value_from_json(one) for one in data]
    if not isinstance(data, Mapping):
        return data
    tag = data.get("$")
    if tag is None:
        return {name: value_from_json(one) for name, one in data.items()}
    try:
        if tag == "unknown":
            return UNKNOWN
        if tag == "text":
            return Text(data["value"])
        if tag == "date":
            return Date(datetime.fromisoformat(data["value"]))
        if tag == "span":
            return Span(timedelta(microseconds=data["ticks"] // 10))
        if tag == "secret":
            return Secret(data["value"], data.get("user"), bool(data.get("plain")))
        if tag == "bytes":
            return Bytes(base64.b64decode(data["value"], validate=True))
        if tag == "result":
            return Result(data["call"], data.get("index"), value_from_json(data["set"]) if data.get("set") else None)
    except (KeyError, TypeError, ValueError) as exc:
        raise InvalidRequest(f"A {tag} of a call has no value: it was never stored, or the text was changed.") from exc
    raise InvalidRequest(f"A value of a call has an unknown tag {tag!r}.")


def to_json(call: Call, *, redacted: bool = False) -> dict[str, Any]:
    try:
        data: dict[str, Any] = {"type": _CALL_NAMES[type(call)]}
    except KeyError:
        raise InvalidRequest(f"{type(call).__name__} is not a call.") from None
    if isinstance(call, WriteSlice):
        data.update(path=call.path, offset=call.offset)
        data.update(length=len(call.bytes)) if redacted else data.update(bytes=_base64(call.bytes))
        return data
    for one in _FIELDS[type(call)]:
        value = getattr(call, one)
        if one == "parameters":
            data[one] = value_to_json(value, redacted=redacted)
        else:
            data[one] = list(value) if isinstance(value, tuple) else value
    return data


def from_json(data: Mapping[str, Any]) -> Call:
    """The call of `to_json`; what cannot be one is refused, for journals and sockets are input, not instructions."""
    values = dict(data)
    cls = _CALLS.get(str(values.pop("type", None)))
    if cls is None:
        raise InvalidRequest("A call of an unknown type was read.")
    try:
        if cls is WriteSlice:
            values["bytes"] = base64.b64decode(values["bytes"], validate=True)
        if "parameters" in values:
            values["parameters"] = value_from_json(values["parameters"])
        for name in _TEXT_TUPLES:
            if name in values:
                values[name] = tuple(map(str, values[name]))
        call: Call = cls(**values)
    except (KeyError, TypeError, ValueError) as exc:
        raise InvalidRequest(f"A call of type {data.get('type')} was read that is not whole.") from exc
    return call


def redact(call: Call) -> dict[str, Any]:
    """The call without any secret and without the content of files: what may be stored and shown."""
    return to_json(call, redacted=True)


def summary(call: Call) -> dict[str, Any]:
    """The call as a module's result lists it."""
    shown = redact(call)
    if isinstance(call, Cmdlet):
        return {"cmdlet": call.name, "parameters": shown["parameters"]}
    if isinstance(call, Executable):
        program = call.path.replace("/", "\\").rsplit("\\", 1)[-1]
        return {"cmdlet": program, "parameters": {"arguments": shown["arguments"]}}
    return {"cmdlet": f"file.{shown.pop('type')}", "parameters": shown}


# --- changes and queries


def query_to_json(query: Query) -> dict[str, Any]:
    return {
        "collection": query.collection,
        "identity": query.identity,
        "parameters": value_to_json(dict(query.parameters)),
        "properties": list(query.properties),
        "partial": query.partial,
    }


def query_from_json(data: Mapping[str, Any]) -> Query:
    try:
        return Query(
            str(data["collection"]),
            data.get("identity"),
            value_from_json(data.get("parameters") or {}),
            tuple(data.get("properties") or ()),
            bool(data.get("partial")),
        )
    except (KeyError, TypeError) as exc:
        raise InvalidRequest("A query was read that is not whole.") from exc


def effect_to_json(effect: Effect, *, redacted: bool = False) -> dict[str, Any]:
    properties = None if effect.properties is None else value_to_json(effect.properties, redacted=redacted)
    return {
        "collection": effect.collection,
        "scope": effect.scope,
        "identity": effect.identity,
        "properties": properties,
    }


def effect_from_json(data: Mapping[str, Any]) -> Effect:
    try:
        properties = data["properties"]
        return Effect(
            str(data["collection"]), str(data["scope"]), str(data["identity"]),
            None if properties is None else value_from_json(properties),
        )  # fmt: skip
    except (KeyError, TypeError) as exc:
        raise InvalidRequest("An effect was read that is not whole.") from exc


def undo_to_json(undo: Undo, *, redacted: bool = False) -> Any:
    if isinstance(undo, Irreversible):
        return {"irreversible": undo.reason}
    return [to_json(one, redacted=redacted) for one in undo]


def undo_from_json(data: Any) -> Undo:
    if isinstance(data, Mapping):
        return Irreversible(str(data.get("irreversible", "")))
    return tuple(from_json(one) for one in data or ())


def change_to_json(change: Change, *, redacted: bool = False) -> dict[str, Any]:
    return {
        "call": to_json(change.call, redacted=redacted),
        "object": change.object,
        "effects": [effect_to_json(one, redacted=redacted) for one in change.effects],
        "before": None if change.before is None else value_to_json(change.before, redacted=redacted),
        "undo": undo_to_json(change.undo, redacted=redacted),
        "prepare": [to_json(one, redacted=redacted) for one in change.prepare],
        "conditional": change.conditional,
        "override": change.override,
        "seconds": change.seconds,
    }


def change_from_json(data: Mapping[str, Any]) -> Change:
    try:
        before = data.get("before")
        return Change(
            call=from_json(data["call"]),
            object=str(data["object"]),
            effects=tuple(effect_from_json(one) for one in data.get("effects") or ()),
            before=None if before is None else value_from_json(before),
            undo=undo_from_json(data.get("undo")),
            prepare=tuple(from_json(one) for one in data.get("prepare") or ()),
            conditional=bool(data.get("conditional")),
            override=data.get("override"),
            seconds=int(data.get("seconds") or 600),
        )
    except (KeyError, TypeError) as exc:
        raise InvalidRequest("A change was read that is not whole.") from exc


def evidence_to_json(evidence: Evidence) -> dict[str, Any]:
    return {
        "fact": evidence.fact, "member": evidence.member, "digest": evidence.digest,
        "value": value_to_json(evidence.value, redacted=True),
    }  # fmt: skip


def evidence_from_json(data: Mapping[str, Any]) -> Evidence:
    try:
        value = value_from_json(data.get("value"))
        return Evidence(str(data["fact"]), str(data["member"]), str(data.get("digest") or ""), value)
    except (KeyError, TypeError) as exc:
        raise InvalidRequest("A piece of evidence was read that is not whole.") from exc
