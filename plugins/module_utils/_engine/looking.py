# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the laws look at a change: what an effect makes of a property, and what it was before.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable, Iterable
from datetime import datetime
from typing import Any, Protocol

from .calls import UNKNOWN, Change, Effect
from .facts import Finding


class FactsLike(Protocol):
    """What the laws may ask beside the change: the evidence on record, and the inventory's groups."""

    check: bool

    @property
    def now(self) -> datetime: ...

    def members(self, *groups: str) -> tuple[str, ...]: ...

    def finding(self, fact: str, member: str, touched: Iterable[str] = ()) -> Finding: ...

    def once(self, asked: Hashable, find: Callable[[], bool]) -> bool: ...


def was(change: Change, name: str) -> Any:
    return (change.before or {}).get(name)


def becomes(effect: Effect, name: str) -> Any:
    return (effect.properties or {}).get(name)


def is_set(value: Any) -> bool:
    return value is UNKNOWN or value not in (None, "", 0, [])


def folded(value: Any) -> str:
    return "" if value is None or value is UNKNOWN else str(value).casefold()


def host_in(name: Any, members: Iterable[str]) -> bool:
    """Whether a pool or service belongs to a host of a group: inventory names are FQDNs or their first labels."""
    fqdn = folded(name).rpartition(":")[2]
    return bool(fqdn) and _belongs(fqdn, tuple(members))


@functools.lru_cache(maxsize=1024)  # of a hundred thousand moves each asks the same, many times
def _belongs(fqdn: str, members: tuple[str, ...]) -> bool:
    return any(fqdn == one.casefold() or fqdn.split(".")[0] == one.casefold() for one in members)
