# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A logon's token as whoami.exe lists it: well-known groups, and those of the domain at the moment of the logon.

# source: well-known SIDs (Microsoft's list of them).
# inferred: relative identifiers of the product's own groups, which the directory gives out as they are made.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection

    from .computers import Computer
    from .world import World

_RELATIVE = {"domain admins": 512, "domain users": 513, "schema admins": 518, "enterprise admins": 519}
_ENABLED = "Mandatory group, Enabled by default, Enabled group"


class Group(NamedTuple):
    name: str
    kind: str
    sid: str
    attributes: str = _ENABLED


EVERYONE = Group("Everyone", "Well-known group", "S-1-1-0")
ADMINISTRATORS = Group("BUILTIN\\Administrators", "Alias", "S-1-5-32-544", f"{_ENABLED}, Group owner")
USERS = Group("BUILTIN\\Users", "Alias", "S-1-5-32-545")
NETWORK = Group("NT AUTHORITY\\NETWORK", "Well-known group", "S-1-5-2")
AUTHENTICATED = Group("NT AUTHORITY\\Authenticated Users", "Well-known group", "S-1-5-11")
LOCAL_ADMINISTRATOR = Group(
    "NT AUTHORITY\\Local account and member of Administrators group", "Well-known group", "S-1-5-114"
)
HIGH = Group("Mandatory Label\\High Mandatory Level", "Label", "S-1-16-12288", "")


def domain_sid(world: World) -> str:
    """The same for each estate of the same domain and seed."""
    parts = [zlib.crc32(f"{world.estate.domain}/{world.estate.seed}/{n}".encode()) for n in range(3)]
    return "S-1-5-21-" + "-".join(str(part) for part in parts)


def rows(world: World, computer: Computer, groups: Collection[str]) -> tuple[Group, ...]:
    """``groups`` are names of domain groups in lower case, as the logon has them."""
    first = (EVERYONE, USERS, NETWORK, AUTHENTICATED)
    if not computer.joined:
        return (*first, ADMINISTRATORS, LOCAL_ADMINISTRATOR, HIGH)
    domain, base = world.estate.domain.partition(".")[0].upper(), domain_sid(world)
    own = [
        Group(f"{domain}\\{name}", "Group", f"{base}-{_RELATIVE.get(name.casefold()) or _identifier(name)}")
        for name in world.preparation.groups()
        if name.casefold() in groups or name == "Domain Users"
    ]
    # Domain Admins are administrators of each member; so is whoever administers the lab's servers at all.
    return (*first, ADMINISTRATORS, *own, HIGH)


def _identifier(name: str) -> int:
    return 1100 + zlib.crc32(name.casefold().encode()) % 800
