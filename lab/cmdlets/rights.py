# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a call needs of the logon token that it runs with, and of the directory's preparation.

source: L:lync-server-2013-group-membership-requirements and the cmdlets' own pages ("Who can run this cmdlet").
"""

from __future__ import annotations

from collections.abc import Iterable

from ..organisation.preparation import EDITIONS, STAGES
from ..organisation.rules import refusal
from . import Call

SERVER_ADMINS, USER_ADMINS = "RTCUniversalServerAdmins", "RTCUniversalUserAdmins"
READERS = (SERVER_ADMINS, USER_ADMINS, "RTCUniversalReadOnlyAdmins")
#: All of these. # source: V:publish-cstopology; Enable-CsTopology writes trusted services into Active Directory
ALL_OF = {
    "publish-cstopology": ("Domain Admins", SERVER_ADMINS),
    "enable-cstopology": ("Domain Admins", SERVER_ADMINS),
}
#: Cmdlets of users, by the beginning of their names. # source: C:Move-CsUser, C:Grant-CsExternalAccessPolicy
OF_USERS = ("move-csuser", "move-cslegacyuser", "grant-", "set-csuser", "enable-csuser", "disable-csuser")
#: They read, although the lab notes them as writes: of a file, or of a message.
READS = ("export-", "test-")
#: They make servers of their own version, which the directory has to know. # [inf] which of them look at it
FOR_NEW_SERVERS = (
    "publish-cstopology", "enable-cstopology", "install-csdatabase", "enable-cscomputer", "merge-cslegacytopology",
    "import-cslegacyconfiguration", "import-cslegacyconferencedirectory",
)  # fmt: skip


def token(call: Call) -> frozenset[str]:
    groups: frozenset[str] = call.world.token(call.user) if call.groups is None else call.groups
    return groups


def need(call: Call, groups: Iterable[str], every: bool = True) -> None:
    wanted, own = list(groups), token(call)
    missing = [name for name in wanted if name.casefold() not in own]
    if missing and (every or len(missing) == len(wanted)):
        raise refusal(call.world, "rights-missing", call.user, groups=(" + " if every else " / ").join(missing))


def need_prepared(call: Call, version: int | None = None) -> None:
    """Schema, forest and domain, as every domain controller has them by now."""
    wanted = version or EDITIONS.get(call.computer.edition or "", 6)
    now = call.world.clock.now()
    for name in STAGES:
        if call.world.preparation.stage(name).seen(now) < wanted:
            raise refusal(call.world, "directory-not-prepared", call.world.ad.domain, stage=name)


def need_for_store(call: Call) -> None:
    """For a cmdlet that works with the Central Management store."""
    name = call.cmdlet.casefold()
    if name in FOR_NEW_SERVERS:
        need_prepared(call)
    if name in ALL_OF:
        need(call, ALL_OF[name])
    elif not call.writes or name.startswith(READS):
        need(call, READERS, every=False)
    elif name.startswith(OF_USERS):
        need(call, (SERVER_ADMINS, USER_ADMINS), every=False)
    else:
        need(call, (SERVER_ADMINS,))


def above(unit: str) -> list[str]:
    """The DN of an organizational unit, and those of the ones that it is in, in lower case."""
    parts = unit.casefold().split(",")
    return [",".join(parts[i:]) for i, part in enumerate(parts) if part.startswith("ou=")]


def closed_units(call: Call) -> set[str]:
    """Organizational units to which the permissions of the domain's preparation do not come down."""
    granted = call.world.tables.get("granted_units", set())
    return {name.casefold() for name, broken in call.world.units().items() if broken and name.casefold() not in granted}


def need_on_unit(call: Call, container: str, target: str) -> None:
    """# rule: unit-permission. A domain administrator needs none of them."""
    if "domain admins" not in token(call) and closed_units(call) & set(above(container)):
        raise refusal(call.world, "unit-permission", target)
