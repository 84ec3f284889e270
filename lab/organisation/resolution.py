# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a computer finds a name: its HOSTS file first, then the name servers that it can ask.

# rule: names-hosts-first
# source: an Edge in the perimeter finds servers inside by HOSTS entries or its own name servers
# (L:lync-server-2013-set-up-network-interfaces-for-edge-servers).
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .computers import Computer
    from .world import World

HOSTS = r"C:\Windows\System32\drivers\etc\hosts"
TTL_INSIDE = 1200
DEFAULT_HOSTS = (
    "# Copyright (c) 1993-2009 Microsoft Corp.\r\n"
    "#\r\n"
    "# This is a sample HOSTS file used by Microsoft TCP/IP for Windows.\r\n"
    "#\r\n"
    "# localhost name resolution is handled within DNS itself.\r\n"
    "#\t127.0.0.1       localhost\r\n"
    "#\t::1             localhost\r\n"
).encode("ascii")


@dataclass(frozen=True)
class Record:
    name: str
    type: str
    value: str
    ttl: int


def entries(world: World, computer: Computer) -> list[tuple[str, tuple[str, ...]]]:
    """Address and names of each line of the HOSTS file that says something."""
    try:
        data: bytes = world.files.read(computer, HOSTS)
    except FileNotFoundError:
        return []
    found = []
    for line in data.decode("utf-8-sig", "replace").splitlines():
        words = line.partition("#")[0].split()
        if len(words) > 1 and _is_address(words[0]):
            found.append((words[0], tuple(words[1:])))
    return found


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def from_hosts(world: World, computer: Computer, name: str, kind: str) -> list[Record]:
    if kind not in ("A", "AAAA"):
        return []
    wanted, version = name.casefold().rstrip("."), 4 if kind == "A" else 6
    return [
        Record(name, kind, address, 86400)
        for address, names in entries(world, computer)
        if wanted in (n.casefold() for n in names) and ipaddress.ip_address(address).version == version
    ]


def _inside(world: World, name: str) -> list[str]:
    wanted = name.casefold().rstrip(".")
    listed = {n.casefold(): list(addresses) for n, addresses in world.estate.internal_names.items()}
    if wanted in listed:
        return listed[wanted]
    computer = world.computers.get(wanted)
    return list(computer.internal_addresses) if computer is not None else []


def resolve(world: World, computer: Computer, name: str, kind: str, hosts: bool = True) -> list[Record] | None:
    """Records; an empty list where the name has none of this type, None where there is no such name."""
    found = from_hosts(world, computer, name, kind) if hosts else []
    if found:
        return found
    if computer.inside_names and kind == "A":
        inside = _inside(world, name)
        if inside:
            return [Record(name, "A", address, TTL_INSIDE) for address in inside]
    place = world.zones.split(name)
    if place is None:
        return None
    zone, relative = place
    records = []
    for asked in (kind, "CNAME") if kind != "CNAME" else (kind,):
        rrset = world.zones.get(zone, relative, asked)
        records += [Record(name, asked, value, rrset.ttl) for value in rrset.values] if rrset else []
    for alias in [r for r in records if r.type == "CNAME" and kind != "CNAME"]:
        records += resolve(world, computer, alias.value.rstrip("."), kind, hosts=False) or []
    exists = records or any(n == relative for n, _kind in world.zones.zones[zone]) or relative == "@"
    return records if exists else None
