# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of the registry below HKEY_LOCAL_MACHINE: compared by kind and content, keys made where they are missing.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._engine.calls import UNKNOWN, Bytes, Call, Change, Cmdlet, Effect, Irreversible, Query
from .._engine.errors import InvalidInput
from .._engine.module import Report, Task
from .._engine.session import Session, quietly
from .._settings.names import forbidden
from .._settings.names import shown as quoted

#: A text with variables in it is read with their values in their place, so what is in the registry could not be told.
TYPES = {"string": "String", "dword": "DWord", "qword": "QWord", "multi_string": "MultiString", "binary": "Binary"}
_BITS = {"dword": 32, "qword": 64}
_KEY = re.compile(r"(?:HKLM:|HKEY_LOCAL_MACHINE)\\([^\\/]{1,255}(?:\\[^\\/]{1,255})+)", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z_](?:[A-Za-z0-9_ -]{0,253}[A-Za-z0-9_])?")


@dataclass(frozen=True)
class Value:
    """One value as it is wanted."""

    path: str
    name: str
    type: str
    data: Any

    @property
    def shown(self) -> str:
        return f"{self.path}\\{self.name}"


def run(task: Task) -> Report:
    wanted = [_value(one) for one in task.params["values"]]
    _refuse_twice(wanted)
    former = read_values(task.session, wanted)
    old = [one for one, found in zip(wanted, former, strict=True) if not same(one, found)]
    changes = writing(task.session, wanted, former)
    if changes:
        task.session.change(*changes)
        for one, found in zip(old, read_values(task.session, old) if not task.check_mode else [], strict=False):
            task.verify(f"The registry value {one.shown}", {one.name: one.data}, {one.name: _read_as(one, found)})
    return Report(
        bool(changes),
        {"values": [{"path": o.path, "name": o.name, "type": o.type, "data": o.data} for o in wanted]},
        before={one.shown: found for one, found in zip(wanted, former, strict=True)},
        after={one.shown: one.data for one in wanted},
    )


# --- what is wanted


def key_path(text: object) -> str:
    """A key below HKEY_LOCAL_MACHINE as PowerShell's drive HKLM: has it."""
    found = _KEY.fullmatch(text) if isinstance(text, str) else None
    if found is None or forbidden(str(text)) or "$" in str(text):
        raise InvalidInput(
            f"path: a key below HKEY_LOCAL_MACHINE such as HKLM:\\SOFTWARE\\Contoso is wanted, but {quoted(text)} is none."
        )
    return f"HKLM:\\{found.group(1)}"


def _value(given: Mapping[str, Any]) -> Value:
    path, name, kind = key_path(given["path"]), given["name"], given["type"]
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            f"name: the name of a registry value made of letters, digits, blanks, hyphens and underscores is wanted, but "
            f"{quoted(name)} is none."
        )
    return Value(path, name, kind, _data(kind, given["data"], name))


def _data(kind: str, data: Any, name: str) -> Any:
    """The data in the form in which it is compared."""
    if kind in _BITS:
        try:
            number = int(str(data), 0)
        except ValueError:
            number = -1
        if isinstance(data, bool) or not 0 <= number < 2 ** _BITS[kind]:
            raise InvalidInput(
                f"data: {name} is a {kind}, so a whole number from 0 is wanted, but {quoted(data)} is none."
            )
        return number
    if kind == "string":
        return _text(data if isinstance(data, str) else str(data) if isinstance(data, (int, float)) else data, name)
    items = data if isinstance(data, list) else [data]
    if kind == "multi_string":
        return [_text(one, name) for one in items]
    if not all(isinstance(one, int) and not isinstance(one, bool) and 0 <= one < 256 for one in items):
        raise InvalidInput(f"data: {name} is binary, so a list of numbers from 0 to 255 is wanted.")
    return list(items)


def _text(data: Any, name: str) -> str:
    if not isinstance(data, str) or any(ord(c) < 32 or "\ud800" <= c <= "\udfff" for c in data):
        raise InvalidInput(f"data: {name} is a text, so a text on one line is wanted, but {quoted(data)} is none.")
    return data


def _refuse_twice(wanted: Sequence[Value]) -> None:
    seen: set[str] = set()
    for one in wanted:
        if one.shown.casefold() in seen:
            raise InvalidInput(f"values: {one.shown} is wanted twice.")
        seen.add(one.shown.casefold())


# --- what is there


def read_values(session: Session, wanted: Sequence[Value]) -> list[Any]:
    """The data of each value, in one request; None where there is none."""
    names: dict[str, dict[str, None]] = {}
    for one in wanted:
        names.setdefault(one.path.casefold(), {})[one.name] = None
    paths = {one.path.casefold(): one.path for one in wanted}
    answers = quietly(session, *(Query("registry", paths[k], properties=tuple(v)) for k, v in names.items()))
    rows = {path: (answer[0] if answer else {}) for path, answer in zip(names, answers, strict=True)}
    return [rows[one.path.casefold()].get(one.name) for one in wanted]


def _read_as(one: Value, found: Any) -> Any:
    """Data as PowerShell renders it, in the form in which it is wanted: it counts a DWORD from below zero."""
    if one.type in _BITS and isinstance(found, int) and not isinstance(found, bool):
        return found % 2 ** _BITS[one.type]
    if one.type in ("multi_string", "binary") and isinstance(found, (list, tuple)):
        return list(found)
    return found


def same(one: Value, found: Any) -> bool:
    """Of the same kind, as far as that can be told, and the same content."""
    if found is UNKNOWN:
        return False
    now = _read_as(one, found)
    return type(now) is type(one.data) and bool(now == one.data)


# --- writing


def writing(session: Session, wanted: Sequence[Value], former: Sequence[Any]) -> list[Change]:
    """The changes that make the values what is wanted: missing keys first, each with the value before it as its undo."""
    old = [(one, found) for one, found in zip(wanted, former, strict=True) if not same(one, found)]
    if not old:
        return []
    changes = [_new_key(session, path) for path in _missing_keys(session, [one for one, found in old if found is None])]
    return changes + [_new_value(session, one, found) for one, found in old]


def _missing_keys(session: Session, values: Sequence[Value]) -> list[str]:
    """Keys to be made, parents first. New-Item -Force would empty a key that exists, so each is made by itself."""
    wanted: dict[str, str] = {}
    for one in values:
        parts = one.path.split("\\")
        for end in range(3, len(parts) + 1):
            path = "\\".join(parts[:end])
            wanted.setdefault(path.casefold(), path)
    # of a host that cannot be asked yet no key is planned: most values belong into keys that every Windows has
    if not wanted or not session.hello:
        return []
    rows = quietly(session, *(Query("registry_key", path) for path in wanted.values()))
    return [path for path, found in zip(wanted.values(), rows, strict=True) if not found]


def _new_key(session: Session, path: str) -> Change:
    return Change(
        Cmdlet("New-Item", {"Path": path, "Confirm": False}, stop_on_error=True),
        f"registry key {path}",
        (session.effect("registry_key", path, {"Name": path}),),
        undo=(Cmdlet("Remove-Item", {"LiteralPath": path, "Confirm": False}),),
    )


def _new_value(session: Session, one: Value, found: Any, *more: Effect) -> Change:
    """New-ItemProperty -Force replaces a value that exists."""
    undo: tuple[Call, ...] | Irreversible
    if found is None:
        undo = (
            Cmdlet("Remove-ItemProperty", {"LiteralPath": one.path, "Name": one.name, "Force": True, "Confirm": False}),
        )
    elif found is UNKNOWN:
        undo = Irreversible("what it was before is not known")
    else:
        undo = (_put(one.path, one.name, _kind_of(one, found), found),)
    return Change(
        _put(one.path, one.name, one.type, one.data),
        f"registry value {one.shown}",
        (session.effect("registry", one.path, {one.name: one.data}), *more),
        before={one.name: found},
        undo=undo,
    )


def _kind_of(one: Value, found: Any) -> str:
    """The kind of a former value, as far as its data tells."""
    if isinstance(found, int):
        number = "dword" if -(2**31) <= found < 2**32 else "qword"
        return one.type if one.type in _BITS else number
    if isinstance(found, (list, tuple)):
        return "binary" if found and all(isinstance(item, int) for item in found) else "multi_string"
    return "string"


def _put(path: str, name: str, kind: str, data: Any) -> Cmdlet:
    return Cmdlet(
        "New-ItemProperty",
        {
            "LiteralPath": path,
            "Name": name,
            "PropertyType": TYPES[kind],
            "Value": _sent(kind, data),
            "Force": True,
            "Confirm": False,
        },
    )


def _sent(kind: str, data: Any) -> Any:
    """Numbers of .NET's registry have a sign; bytes are bytes."""
    if kind in _BITS:
        bits = _BITS[kind]
        number = int(data) % 2**bits
        return number - 2**bits if number >= 2 ** (bits - 1) else number
    if kind == "binary":
        return Bytes(bytes(data))
    return list(data) if isinstance(data, (list, tuple)) else data
