# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checking a nested dictionary against a table: every problem is found, each is one sentence, nothing is guessed.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .names import BadName, forbidden, shown

_SECRET = ("password", "passphrase", "secret", "credential", "token", "private_key")


class Problems:
    """Sentences, each beginning with the path of the value that it is about."""

    def __init__(self) -> None:
        self.sentences: list[str] = []

    def add(self, path: str, text: str) -> None:
        sentence = f"{path}: {text}"
        if sentence not in self.sentences:
            self.sentences.append(sentence)


Check = Callable[[str, Any, Problems], Any]


@dataclass(frozen=True)
class Key:
    check: Check
    required: bool = False
    empty: bool = False  # null is as good as absent


def table(keys: Mapping[str, Key], hint: str = "") -> Check:
    """A dictionary with these keys and no other."""

    def check(path: str, value: Any, problems: Problems) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            problems.add(path, f"A dictionary is wanted ({hint or ', '.join(keys)}), but {shown(value)} is none.")
            return {}
        result: dict[str, Any] = {}
        for name, one in value.items():
            where = f"{path}.{name}" if isinstance(name, str) else path
            if not isinstance(name, str) or name not in keys:
                problems.add(path, _unknown(name, keys))
            elif one is None and keys[name].empty:
                result[name] = None
            elif one is None:
                problems.add(where, "A value is wanted, but it is empty: set it, or leave the key out.")
            else:
                result[name] = keys[name].check(where, one, problems)
        for name, key in keys.items():
            if key.required and name not in value:
                problems.add(path, f"The key {name!r} is wanted, but is missing.")
        return result

    return check


def _unknown(name: object, keys: Mapping[str, Key]) -> str:
    if isinstance(name, str) and any(word in name.lower() for word in _SECRET):
        return (
            f"The key {shown(name)} looks like a secret, and this dictionary is printed and stored: use the vaulted "
            "variables lync_migration_ca_key_passphrase and lync_migration_dns_tsig_secret."
        )
    close = difflib.get_close_matches(str(name), keys, 1, 0.7)
    meant = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(keys)}."
    return f"The key {shown(name)} is not known; {meant}"


def each(check: Check, *, least: int = 0, unique: bool = False, most: int = 10_000) -> Check:
    """A list; `unique` compares its texts without regard to case."""

    def checked(path: str, value: Any, problems: Problems) -> list[Any]:
        if isinstance(value, (str, Mapping)) or not isinstance(value, Sequence):
            problems.add(path, f"A list is wanted, but {shown(value)} is none.")
            return []
        if not least <= len(value) <= most:
            problems.add(path, f"A list of {least} to {most} entries is wanted, but it has {len(value)}.")
        result = [check(f"{path}[{index}]", one, problems) for index, one in enumerate(value[:most])]
        result = [one for one in result if one is not None]
        if unique:
            seen: set[str] = set()
            for one in result:
                if one.casefold() in seen:
                    problems.add(path, f"{shown(one)} stands there twice: name it once.")
                seen.add(one.casefold())
        return result

    return checked


def name(function: Callable[[object], str]) -> Check:
    """A text that one of the functions of _names takes."""

    def check(path: str, value: Any, problems: Problems) -> str | None:
        try:
            return function(value)
        except BadName as exc:
            problems.add(path, str(exc))
            return None

    return check


def one_of(*choices: str) -> Check:
    def check(path: str, value: Any, problems: Problems) -> str | None:
        if value in choices:
            return str(value)
        problems.add(path, f"One of {', '.join(choices)} is wanted, but {shown(value)} is none of them.")
        return None

    return check


def number(least: int, most: int) -> Check:
    def check(path: str, value: Any, problems: Problems) -> int | None:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            problems.add(path, f"A whole number from {least} to {most} is wanted, but {shown(value)} is not.")
            return None
        return value

    return check


def boolean(path: str, value: Any, problems: Problems) -> bool | None:
    if isinstance(value, bool):
        return value
    problems.add(path, f"true or false is wanted, but {shown(value)} is neither.")
    return None


def text(wanted: str, limit: int = 512) -> Check:
    """A text without anything that reads as a pattern or as code: a path, the name of a key."""

    def check(path: str, value: Any, problems: Problems) -> str | None:
        if not isinstance(value, str) or not value.strip():
            problems.add(path, f"{wanted} is wanted, but {shown(value)} is none.")
        elif len(value) > limit:
            problems.add(path, f"{wanted} is wanted, but {shown(value)} has more than {limit} characters.")
        elif bad := forbidden(value):
            problems.add(path, f"{wanted} is wanted, but {shown(value)} contains {bad}.")
        else:
            return value
        return None

    return check


@dataclass
class Either:
    """The first check that fits the value's type decides: a word, or else a list."""

    word: Check
    other: Check

    def __call__(self, path: str, value: Any, problems: Problems) -> Any:
        return (self.word if isinstance(value, str) else self.other)(path, value, problems)
