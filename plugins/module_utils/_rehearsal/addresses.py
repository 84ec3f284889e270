# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of an organisation as those that an estate may have: 203.0.113.0/24 outside, 10.0.0.0/8 inside.

Nothing that a rehearsal could connect to is left: the twin serves the outside ones on the loopback network.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import ipaddress

OUTSIDE = ipaddress.IPv4Network("203.0.113.0/24")
INSIDE = ipaddress.IPv4Network("10.0.0.0/8")
_PRIVATE = tuple(ipaddress.ip_network(one) for one in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))


class Addresses:
    """Each real address has one in the estate, the same wherever it is written."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._taken: set[str] = set()
        #: addresses that have none, because the estate has no more of them or knows none of their kind
        self.left_out: list[str] = []

    def of(self, text: object) -> str:
        """Of an address of which nobody says on which side it is: private ones are inside."""
        try:
            known = ipaddress.ip_address(str(text or ""))
        except ValueError:
            return ""
        return self.inside(text) if any(known in one for one in _PRIVATE) else self.outside(text)

    def outside(self, text: object) -> str:
        return self._of(text, OUTSIDE, "203.0.113.{2}", range(1, 255))

    def inside(self, text: object) -> str:
        return self._of(text, INSIDE, "10.254.{1}.{2}", range(1, 255))

    def _of(self, text: object, network: ipaddress.IPv4Network, pattern: str, numbers: range) -> str:
        try:
            address = ipaddress.ip_address(str(text or ""))
        except ValueError:
            return ""
        if int(address) == 0:
            return ""  # a server that listens on all of its addresses
        name = str(address)
        if name in self._known:
            return self._known[name]
        if address.version != 4:
            self._leave(name)
            return ""
        if address in network:
            return self._keep(name, name)
        last = name.split(".")
        wanted = pattern.format(*last[1:])
        if wanted not in self._taken and int(last[3]) in numbers:
            return self._keep(name, wanted)
        for number in numbers:
            found = pattern.format(last[1], last[2], number)
            if found not in self._taken:
                return self._keep(name, found)
        self._leave(name)
        return ""

    def _keep(self, name: str, found: str) -> str:
        self._known[name] = found
        self._taken.add(found)
        return found

    def _leave(self, name: str) -> None:
        if name not in self.left_out:
            self.left_out.append(name)
