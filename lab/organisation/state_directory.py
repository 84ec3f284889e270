# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The printed state: Active Directory, the Central Management store, Office Communications Server."""

from __future__ import annotations

from typing import Any

from .preparation import STAGES, product
from .world import World


def ocs(world: World) -> dict[str, Any] | None:
    known = world.ocs
    if known is None:
        return None
    return {
        "pool": known.pool,
        "edge": known.edge,
        "internal_servers": sorted(known.internal_servers),
        "federation_fqdn": known.federation_fqdn,
        "allowed_domains": sorted(known.allowed_domains),
        "users": sum(1 for user in world.ad if user.home_server and not user.registrar_pool),
        "configuration_imported": known.configuration_imported,
    }


def directory(world: World) -> dict[str, Any]:
    """What each stage was run for, whether or not every domain controller has it by now."""
    stages: dict[str, Any] = {name: product(world.preparation.stage(name).version) for name in STAGES}
    units = sorted(world.estate.organizational_units, key=lambda unit: unit.name)
    return stages | {
        "groups": sorted(world.preparation.groups()),
        "organizational_units": {unit.name: unit.inheritance_broken for unit in units},
    }


def central(world: World) -> dict[str, Any]:
    where, databases = world.central.location, world.tables.get("databases", ())
    return {
        "location": f"{where[0]}\\{where[1].lower()}" if where is not None else None,
        "stores": sorted(f"{host}\\{instance.lower()}" for host, instance in world.central.stores),
        "databases": sorted(f"{host}\\{instance.lower()} {role}" for host, instance, role in databases),
        "trusted_pools": sorted(world.tables.get("trusted_services", ())),
    }
