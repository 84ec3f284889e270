# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls as values: what a module wants done, on its way to PowerShell, to the journal and into a result.

Three forms of the same call: `to_wire` is what cmdlet_host.ps1 reads, `to_json` what passes between module and daemon
(both hold secrets, neither is ever stored), `redact` what journals, plans and results may show.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from .codec import (
    change_from_json,
    change_to_json,
    effect_from_json,
    effect_to_json,
    evidence_from_json,
    evidence_to_json,
    from_json,
    query_from_json,
    query_to_json,
    redact,
    summary,
    to_json,
    undo_from_json,
    undo_to_json,
    value_from_json,
    value_to_json,
)  # fmt: skip
from .errors import InvalidRequest
from .quoting import quote_argv, quote_msi
from .values import (
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
    Unknown,
    WriteSlice,
    contains_unknown,
    secrets_of,
    ticks,
    utc,
)  # fmt: skip

__all__ = [
    "MAX_REQUEST", "UNKNOWN", "Bytes", "Call", "Change", "Cmdlet", "Date", "Effect", "Evidence", "Executable",
    "HashFile", "Irreversible", "Query", "ReadSlice", "Result", "Secret", "Span", "Text", "Undo", "Unknown",
    "WriteSlice", "change_from_json", "change_to_json", "clean", "contains_unknown", "effect_from_json",
    "effect_to_json", "evidence_from_json", "evidence_to_json", "from_json", "query_from_json", "query_to_json",
    "quote_argv", "quote_msi", "redact", "scrub", "secrets_of", "stopping", "summary", "to_json", "to_wire",
    "undo_from_json", "undo_to_json", "value_from_json", "value_to_json",
]  # fmt: skip

MAX_REQUEST = 1_000_000
"""Characters of one request's JSON: ConvertFrom-Json of Windows PowerShell stops at two million."""

_CMDLET = re.compile(r"[A-Z][A-Za-z]*-[A-Za-z][A-Za-z0-9]*|[a-z]+\.[a-z_]+")
_PARAMETER = re.compile(r"[A-Za-z][A-Za-z0-9]*")
# Values of the registry, which may have a blank in their names, are properties too.
_PROPERTY = re.compile(r"\.|[A-Za-z_](?:[A-Za-z0-9_ -]*[A-Za-z0-9_])?(?:\.[A-Za-z_][A-Za-z0-9_]*)*")
# PowerShell's JSON readers turn these texts into dates.
_LOOKS_LIKE_A_DATE = re.compile(r"\s*(?:\d{4}-\d\d?-\d\d?|\\?/Date\()")
_TAKEN_BY_THE_HOST = frozenset(
    "erroraction errorvariable warningaction warningvariable outvariable outbuffer pipelinevariable "
    "ea ev wa wv ov ob pv".split()
)
_HALF = re.compile("[\ud800-\udfff]")
_EPOCH = datetime(1, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=1024)
def _may_be_given(parameter: str) -> bool:
    return bool(_PARAMETER.fullmatch(parameter)) and parameter.lower() not in _TAKEN_BY_THE_HOST


def to_wire(call: Call, base: int = 0) -> dict[str, Any]:
    """The call as cmdlet_host.ps1 reads it; `base` is where the change's first call stands in the request."""
    if isinstance(call, Cmdlet):
        if not _CMDLET.fullmatch(call.name):
            raise InvalidRequest(f"{call.name!r} is not the name of a cmdlet.")
        wire: dict[str, Any] = {"cmdlet": call.name}
        parameters: dict[str, Any] = {}
        for name, value in call.parameters.items():
            if not _may_be_given(name):
                raise InvalidRequest(f"{call.name} is not called with a parameter {name!r}.")
            parameters[name] = _wire_value(value, f"{call.name} -{name}", base)
        wire["parameters"] = parameters
        for path in call.properties:
            if not _PROPERTY.fullmatch(path):
                raise InvalidRequest(f"{path!r} is not the name of a property.")
        if call.properties:
            wire["properties"] = list(call.properties)
        if call.keep:
            wire["keep"] = True
        if call.stop_on_error:
            wire["stop_on_error"] = True
        return wire
    if isinstance(call, Executable):
        quote = {"argv": quote_argv, "msi": quote_msi}.get(call.style)
        if quote is None:
            raise InvalidRequest(f"There is no way of quoting called {call.style!r}.")
        wire = {"executable": _path(call.path), "arguments": quote(call.arguments), "seconds": int(call.seconds)}
        if call.directory:
            wire["directory"] = _path(call.directory)
        return wire
    if isinstance(call, ReadSlice):
        return {"file": _path(call.path), "read": {"offset": int(call.offset), "length": int(call.length)}}
    if isinstance(call, WriteSlice):
        content = base64.b64encode(call.bytes).decode("ascii")
        return {"file": _path(call.path), "write": {"offset": int(call.offset), "bytes": content}}
    if isinstance(call, HashFile):
        return {"file": _path(call.path)}
    raise InvalidRequest(f"{type(call).__name__} is not a call.")


def _path(text: str) -> str:
    if not isinstance(text, str) or not text or any(ord(c) < 32 for c in text):
        raise InvalidRequest(f"{text!r} is not a path.")
    return text


def _whole_text(text: str, where: str) -> str:
    if not text.isascii() and _HALF.search(text):
        raise InvalidRequest(f"The value of {where} holds half a character (a lone surrogate).")
    return text


def _wire_value(value: Any, where: str, base: int) -> Any:
    if value is None:
        raise InvalidRequest(f"The value of {where} is null: leave the parameter out instead.")
    if value is UNKNOWN:
        raise InvalidRequest(f"The value of {where} is not known yet and cannot be sent.")
    if isinstance(value, str):  # most are
        text = str(_whole_text(value, where))
        return _forced(text) if _LOOKS_LIKE_A_DATE.match(text) else text
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise InvalidRequest(f"The value of {where} is too large a number.")
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise InvalidRequest(f"The value of {where} is not a number.")
        return value
    if isinstance(value, Text):
        return _forced(_whole_text(value.value, where))
    if isinstance(value, Secret):
        if value.plain:
            return _forced(_whole_text(value.value, where))
        secret = {"$": "secret", "value": _whole_text(value.value, where)}
        return {**secret, "user": value.user} if value.user is not None else secret
    if isinstance(value, Bytes):
        return {"$": "bytes", "value": base64.b64encode(value.value).decode("ascii")}
    if isinstance(value, Date):
        return {"$": "date", "ticks": ticks(utc(value.value) - _EPOCH)}
    if isinstance(value, Span):
        return {"$": "span", "ticks": ticks(value.value)}
    if isinstance(value, Result):
        result: dict[str, Any] = {"$": "result", "call": value.call + base}
        if value.index is not None:
            result["index"] = value.index
        if value.set:
            result["set"] = {name: _wire_value(v, where, base) for name, v in value.set.items()}
        return result
    if isinstance(value, Mapping):
        _check_keys(value, where)
        return {name: _wire_value(v, where, base) for name, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_wire_value(v, where, base) for v in value]
    raise InvalidRequest(f"The value of {where} is a {type(value).__name__}, which has no form on the wire.")


def _forced(text: str) -> dict[str, Any]:
    return {"$": "text", "parts": [text[:3], text[3:]]}  # neither half looks like a date, so neither becomes one


def _check_keys(value: Mapping[Any, Any], where: str) -> None:
    seen: set[str] = set()
    for name in value:
        if not isinstance(name, str) or not _PARAMETER.fullmatch(name) or name.lower() in seen:
            raise InvalidRequest(f"The value of {where} has a key {name!r}, which PowerShell could not tell apart.")
        seen.add(name.lower())


def stopping(call: Call) -> Call:
    """The call, with the rest of its request given up where it fails."""
    return replace(call, stop_on_error=True) if isinstance(call, Cmdlet) else call


def scrub(value: Any, secrets: frozenset[str]) -> Any:
    """A server's answer without the secrets of the request: an error message may repeat what it was given."""
    if not secrets:
        return value
    if isinstance(value, str):
        for one in sorted(secrets, key=len, reverse=True):
            value = value.replace(one, "********")
        return value
    if isinstance(value, Mapping):
        return {name: scrub(one, secrets) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [scrub(one, secrets) for one in value]
    return value


def clean(value: Any) -> Any:
    """A server's text as it may be written anywhere: half characters, which no UTF-8 can hold, are replaced."""
    kind = type(value)  # a hundred thousand moves pass here, most of them of these
    if kind is str:
        return value if value.isascii() else _HALF.sub("\ufffd", value)
    if kind is dict:
        return {clean(name): clean(one) for name, one in value.items()}
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return value if value.isascii() else _HALF.sub("\ufffd", value)
    if isinstance(value, Mapping):
        return {clean(name): clean(one) for name, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        return [clean(one) for one in value]
    return value
