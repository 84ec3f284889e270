# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module calls of a playbook, as `callback/record.py` wrote them, freed of the lab that they were recorded in.

What belongs to that one lab (its directory, its loopback addresses, its name server, its secrets) is replaced by marks
when a recording is read, and by what belongs to another lab when it is performed there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

CENSORED = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
NAME_SERVER = {"$lab": "name server"}
DIRECTORY = "{lab}"


@dataclass(frozen=True)
class Recorded:
    """One call of one module: as an item of a loop, or the whole task."""

    module: str
    host: str
    delegated: str | None
    role: str
    task: str
    tags: tuple[str, ...]
    check: bool
    arguments: Mapping[str, Any]
    outcome: str
    changed: bool
    msg: str | None = None

    @property
    def where(self) -> str:
        """Whose session it uses."""
        return self.delegated or self.host

    @property
    def shown(self) -> str:
        return f"{self.host}: {self.role}: {self.task} ({self.module})"

    @property
    def essence(self) -> tuple[str, ...]:
        """What it was asked to do, whether it was planned or done."""
        return self.module, self.host, self.where, self.task, json.dumps(self.arguments, sort_keys=True)


Mark = Callable[[Any], Any]


def walk(value: Any, change: Mark) -> Any:
    """The value with `change` applied to each part of it, the whole before its parts."""
    value = change(value)
    if isinstance(value, Mapping):
        return {name: walk(one, change) for name, one in value.items()}
    if isinstance(value, list):
        return [walk(one, change) for one in value]
    return value


def read(path: Path, ready: Mapping[str, Any]) -> list[Recorded]:
    """The recording of a run in the lab that said `ready` of itself."""
    directory, external = str(ready["state_dir"]), re.compile(rf"\b{re.escape(ready['prefix'])}\.(\d{{1,3}})\b")
    server = {name: ready.get("dns", {}).get(name) for name in ("address", "port")}

    def mark(value: Any) -> Any:
        if value == server:
            return dict(NAME_SERVER)
        if isinstance(value, str):
            return external.sub(r"203.0.113.\1", value).replace(directory, DIRECTORY)
        return value

    lines = [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]
    return [_recorded(walk(line, mark)) for line in lines]


def _recorded(line: Mapping[str, Any]) -> Recorded:
    return Recorded(**{**line, "tags": tuple(line["tags"]), "arguments": line["arguments"] or {}})


def bound(
    recorded: Recorded, directory: Path, server: Mapping[str, Any] | None, secrets: Mapping[tuple[str, str], str]
) -> dict[str, Any]:
    """The options for a lab of its own. What a task left out is left out again; a secret that nobody has is an error."""

    def fill(value: Any) -> Any:
        if value == NAME_SERVER:
            return dict(server or {})
        if isinstance(value, str):
            return value.replace(DIRECTORY, str(directory))
        if isinstance(value, Mapping):
            return {name: one for name, one in value.items() if one is not None}
        return value

    arguments: dict[str, Any] = walk(dict(recorded.arguments), fill)
    for option, value in arguments.items():
        if value == CENSORED:
            arguments[option] = secrets[recorded.module, option]
    return arguments


def without(recording: Iterable[Recorded], *modules: str) -> list[Recorded]:
    return [one for one in recording if one.module not in modules]


def checking(recording: Iterable[Recorded], check: bool) -> list[Recorded]:
    return [replace(one, check=check) for one in recording]
