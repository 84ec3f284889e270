# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wire format of ``cmdlet_host.ps1`` from the host's side: requests in, tagged values, JSON text out."""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
import json
import re
import typing as t
from pathlib import Path

from . import values as v
from .errors import PSError, method_failed, plain

# ConvertFrom-Json of Windows PowerShell 3.0 to 5.1 stops at 2 MB; the format promises 1 MB and callers are held to it.
MAX_JSON = 1024 * 1024
MAX_DEPTH = 100

REDACTED = "********"
SECRET_PARAMETERS = frozenset({"password", "capassword", "dialbackpassphrase", "passphrase", "pfxpassword", "pin"})

_NEEDS_ESCAPE = re.compile("[\u2028\u2029\ud800-\udfff\U00010000-\U0010ffff]")


@functools.cache
def script() -> bytes:
    """The lab's own copy of the one script that a client may send: the file that the collection ships."""
    return (Path(__file__).parents[2] / "plugins" / "plugin_utils" / "cmdlet_host.ps1").read_bytes()


# --- out


def json_text(value: t.Any) -> str:
    """JSON as the script writes it: ready for UTF-8 whatever the text holds."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text if text.isascii() else _NEEDS_ESCAPE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    units = match.group().encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


# --- in


def parse_line(line: bytes) -> t.Any:
    """A request line as ConvertFrom-Json reads it. Raises a PSError where the request cannot be read."""
    try:
        raw = base64.b64decode(re.sub(rb"\s", b"", line), validate=True)
    except (binascii.Error, ValueError) as exc:
        raise method_failed("System.FormatException", str(exc)) from exc
    return parse_json(raw.decode("utf-8", "replace"))


def parse_json(text: str) -> t.Any:
    if len(text) > MAX_JSON:
        raise _bad_json("Error during serialization or deserialization: the string exceeds maxJsonLength.")
    if _depth(text) > MAX_DEPTH:
        raise _bad_json("RecursionLimit exceeded.")
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
    except ValueError as exc:
        raise _bad_json(f"Invalid JSON primitive: {exc}") from exc


def _bad_json(message: str) -> PSError:
    error = plain("System.ArgumentException", message)
    error.id = "System.ArgumentException,Microsoft.PowerShell.Commands.ConvertFromJsonCommand"
    return error


def _depth(text: str) -> int:
    depth = deepest = 0
    for mark in re.findall(r'"(?:[^"\\]|\\.)*+"|[\[{\]}]', text):
        if mark in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif mark in "]}":
            depth -= 1
    return deepest


def _constant(name: str) -> t.Any:
    raise ValueError(name)


def _object(pairs: list[tuple[str, t.Any]]) -> dict[str, t.Any]:
    """Names that differ only in case, and empty ones, cannot become properties of one object."""
    result: dict[str, t.Any] = {}
    seen: set[str] = set()
    for name, value in pairs:
        if not name or name.casefold() in seen:
            raise ValueError(f"the key {name!r} is empty or there twice")
        seen.add(name.casefold())
        result[name] = value
    return result


# --- tagged values


def from_wire(value: t.Any, results: t.Mapping[int, list[t.Any]] | None = None) -> t.Any:
    """A parameter's value: plain JSON passes, tagged values become what JSON lacks."""
    if isinstance(value, list):
        return [from_wire(item, results) for item in value]
    if not isinstance(value, dict):
        return value
    maker = _TAGS.get(str(value.get("$")).casefold()) if "$" in value else None
    if maker is not None:
        return maker(value, results or {})
    return {name: from_wire(item, results) for name, item in value.items()}


def _text(value: dict[str, t.Any], _results: t.Mapping[int, list[t.Any]]) -> str:
    parts = value.get("parts")
    return "".join(v.text_of(part) for part in (parts if isinstance(parts, list) else [parts]))


def _secret(value: dict[str, t.Any], _results: t.Mapping[int, list[t.Any]]) -> t.Any:
    if not isinstance(value.get("value"), str):
        raise _null("InvokeMethodOnNull", "You cannot call a method on a null-valued expression.")
    if value.get("user"):
        return v.Credential(str(value["user"]), value["value"])
    return v.SecureString(value["value"])


def _bytes(value: dict[str, t.Any], _results: t.Mapping[int, list[t.Any]]) -> bytes:
    try:
        return base64.b64decode(str(value.get("value")), validate=True)
    except (binascii.Error, ValueError) as exc:
        raise plain("System.FormatException", str(exc)) from exc


def _ticks(value: dict[str, t.Any]) -> int:
    ticks = value.get("ticks")
    if isinstance(ticks, bool) or not isinstance(ticks, (int, float, str)):
        return 0
    try:
        return int(ticks)
    except (ValueError, OverflowError) as exc:
        raise PSError(
            "InvalidCastFromStringToInteger",
            "InvalidArgument",
            "System.Management.Automation.PSInvalidCastException",
            f'Cannot convert value "{ticks}" to type "System.Int64".',
        ) from exc


def _date(value: dict[str, t.Any], _results: t.Mapping[int, list[t.Any]]) -> t.Any:
    try:
        return v.date_of_ticks(_ticks(value))
    except OverflowError as exc:
        raise plain("System.ArgumentOutOfRangeException", "The ticks are beyond DateTime.MaxValue.") from exc


def _span(value: dict[str, t.Any], _results: t.Mapping[int, list[t.Any]]) -> t.Any:
    try:
        return v.span_of_ticks(_ticks(value))
    except OverflowError as exc:
        raise plain("System.OverflowException", "The duration is too long.") from exc


def _null(id: str, message: str) -> PSError:
    return PSError(id, "InvalidOperation", "System.Management.Automation.RuntimeException", message)


def _result(value: dict[str, t.Any], results: t.Mapping[int, list[t.Any]]) -> t.Any:
    """What an earlier call of this request returned; with "set" a changed copy of it."""
    kept = results.get(int(value.get("call") or 0))
    if value.get("index") is None:
        return kept
    if kept is None:
        raise _null("NullArray", "Cannot index into a null array.")
    index = int(value["index"])
    item = kept[index] if -len(kept) <= index < len(kept) else None
    changes = value.get("set")
    if not changes:
        return item
    if not isinstance(item, v.Psobj):
        raise _null("InvokeMethodOnNull", "You cannot call a method on a null-valued expression.")
    copy = item.copy()
    for name, change in changes.items():
        copy.set(name, from_wire(change, results))
    return copy


_TAGS: dict[str, t.Callable[[dict[str, t.Any], t.Mapping[int, list[t.Any]]], t.Any]] = {
    "text": _text,
    "secret": _secret,
    "bytes": _bytes,
    "date": _date,
    "span": _span,
    "result": _result,
}


# --- for the transcript


def redact(value: t.Any, name: str = "") -> t.Any:
    """The same shape without secrets: it can be bound once more, and tells nobody anything."""
    if name.casefold() in SECRET_PARAMETERS and isinstance(value, str):
        return REDACTED
    if isinstance(value, list):
        return [redact(item, name) for item in value]
    if not isinstance(value, dict):
        return value
    tag = str(value.get("$")).casefold() if "$" in value else ""
    if tag == "secret":
        return {**value, "value": REDACTED}
    if tag == "bytes":
        data = str(value.get("value"))
        return {"$": "bytes", "value": "", "length": len(data) * 3 // 4, "sha256": _digest(data)}
    return {key: redact(item, key) for key, item in value.items()}


def _digest(data: str) -> str:
    """Of the text as it came: enough to tell two values apart."""
    return hashlib.sha256(data.encode("utf-8", "replace")).hexdigest()
