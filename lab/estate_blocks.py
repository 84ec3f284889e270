# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every check of an estate is made of: names, addresses, references, and the sentence with the place of the key."""

from __future__ import annotations

import ipaddress
import re
import typing as t
from collections.abc import Iterable

from .estate import Estate
from .estate_file import Document

LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", re.IGNORECASE)
EXTERNAL = ipaddress.ip_network("203.0.113.0/24")
INTERNAL = ipaddress.ip_network("10.0.0.0/8")


def is_name(name: str, labels: int = 2) -> bool:
    parts = name.split(".")
    return len(name) <= 253 and len(parts) >= labels and all(LABEL.fullmatch(part) for part in parts)


class Checks:
    def __init__(self, estate: Estate, document: Document) -> None:
        self.e = estate
        self.d = document
        self.pools = {pool.fqdn.casefold(): pool for pool in estate.pools}
        self.edges = {edge.fqdn.casefold(): edge for edge in estate.edges}
        self.sites = {site.name.casefold(): site for site in estate.sites}

    def fail(self, owner: t.Any, key: str, sentence: str) -> t.NoReturn:
        raise self.d.place(owner, key).error(sentence)

    def one_of(self, owner: t.Any, key: str, allowed: Iterable[t.Any]) -> None:
        value = getattr(owner, key)
        if value not in tuple(allowed):
            self.fail(owner, key, f"{value!r} is not one of {', '.join(str(a) for a in allowed)}.")

    def name(self, owner: t.Any, *keys: str) -> None:
        for key in keys:
            value = getattr(owner, key)
            for item in value if isinstance(value, tuple) else (value,):
                if item and not is_name(item):
                    self.fail(owner, key, f"{item!r} is not a fully qualified domain name.")

    def unique(self, owners: Iterable[t.Any], key: str, what: str) -> None:
        seen: set[t.Any] = set()
        for owner in owners:
            value = getattr(owner, key)
            folded = value.casefold() if isinstance(value, str) else value
            if folded in seen:
                self.fail(owner, key, f"{what} {value} is there twice.")
            seen.add(folded)

    def address(self, owner: t.Any, key: str, external: bool) -> None:
        value = getattr(owner, key)
        if not value:
            return
        network = EXTERNAL if external else INTERNAL
        try:
            inside = ipaddress.ip_address(value) in network
        except ValueError:
            inside = False
        if not inside:
            side = "external" if external else "internal"
            self.fail(owner, key, f"{value!r} is no address in {network}, where an estate's {side} addresses are.")

    def reference(self, owner: t.Any, key: str, known: t.Mapping[str, t.Any], what: str) -> None:
        value = getattr(owner, key)
        if value and value.casefold() not in known:
            self.fail(owner, key, f"there is no {what} {value}.")
