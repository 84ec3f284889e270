# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Central Management store made: its database, and where Active Directory says that it is.

source: procedure of a first Lync Server 2013 pool as R:ibenbouzid V3 l.121-127 scripts it; C:Install-CsDatabase,
C:Set-CsConfigurationStoreLocation, C:Remove-CsConfigurationStoreLocation.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..organisation.central_store import Location, location, no_store
from . import Call, cmdlet, rights
from ._servers import LYNC, report
from .shared import fail, need_directory

XDS = "Microsoft.Rtc.Management.Xds."


def named(call: Call) -> Location:
    """SQL host and instance of the parameters. # [inf] without an instance it is the default one, which the lab calls RTC"""
    return location(
        str(call.p.get("SqlServerFqdn") or call.computer.fqdn), str(call.p.get("SqlInstanceName") or "") or None
    )


def shown(where: Location) -> str:
    return f"{where[0]}\\{where[1].lower()}"


def has_instance(call: Call, where: Location) -> bool:
    """Whether the SQL Server instance is there, and answers this computer."""
    host, instance = where
    computer = call.world.computer(host)
    return computer is not None and instance in {name.upper() for name in computer.sql_instances}


def install(call: Call) -> None:
    """Install-CsDatabase -CentralManagementDatabase. A database that is there is kept, unless -Clean destroys it."""
    need_directory(call)
    rights.need_prepared(call)
    rights.need(call, (rights.SERVER_ADMINS,))
    where, world = named(call), call.world
    if not has_instance(call, where):
        report(call, "Failed")
        raise fail(call, "sql-service-missing", where[0], instance=where[1])
    if not call.should_process(shown(where), force=True):
        return
    now = world.clock.now()
    if not world.central.make(where, now) and call.p.get("Clean"):
        world.central.clean(where, now)
    world.tables.setdefault("databases", set()).add((*where, "CentralMgmtStore"))
    report(call)


def tested(call: Call) -> Iterator[tuple[str, str, bool]]:
    """Test-CsDatabase -CentralManagementDatabase, which needs no store to say that there is none."""
    need_directory(call)
    where = named(call) if "SqlServerFqdn" in call.p else call.world.central.location
    report(call)
    if where is None:
        raise fail(call, "no-store-location", call.world.ad.domain)
    yield where[0], where[1], has_instance(call, where) and where in call.world.central.stores


def lead_to(call: Call, where: Location | None) -> None:
    """From now on every cmdlet works with the store there."""
    world = call.world
    world.central.location = where
    world.cms = world.central.found or no_store(world.clock.now())


@cmdlet(
    "Set-CsConfigurationStoreLocation", writes=True, module=LYNC, class_name=XDS + "SetConfigurationStoreLocationCmdlet"
)
def set_location(call: Call) -> None:
    need_directory(call)
    rights.need_prepared(call)
    rights.need(call, (rights.SERVER_ADMINS,))
    where = named(call)
    if not call.p.get("SkipLookup") and (where not in call.world.central.stores or not has_instance(call, where)):
        raise fail(call, "store-location-without-database", shown(where))
    if not call.should_process(shown(where), impact="Medium", force=True):
        return
    call.should_continue(shown(where))  # rule: store-location-prompts
    lead_to(call, where)
    report(call)


@cmdlet(
    "Remove-CsConfigurationStoreLocation",
    writes=True,
    module=LYNC,
    class_name=XDS + "RemoveConfigurationStoreLocationCmdlet",
)
def remove_location(call: Call) -> None:
    need_directory(call)
    rights.need(call, (rights.SERVER_ADMINS,))
    if call.world.central.location is None:
        raise fail(call, "no-store-location", call.world.ad.domain)
    if not call.should_process("", impact="Medium", force=True):
        return
    call.should_continue("")  # rule: store-location-prompts
    lead_to(call, None)
