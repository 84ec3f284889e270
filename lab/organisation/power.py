# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A computer's restart: its processes end, it is away for a while, and comes back with what waited for that.

# rules: suffix-after-restart, restart-services
# source: a changed primary DNS suffix takes effect after a restart (L:lync-server-2013-configure-dns-for-edge-support);
# published scripts restart a new Edge instead of starting its services, so they start by themselves.
# inferred: half a minute, which the estate may set as the latency of ``restart``.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from . import installations, services
from .windows_registry import TCPIP

if TYPE_CHECKING:
    from .computers import Computer
    from .world import World

LATENCY, SECONDS = "restart", 30.0


def restart(world: World, computer: Computer) -> None:
    """Everything on it ends now; ``settle`` brings it back."""
    seconds = next((s for name, s in world.latency.items() if name.casefold() == LATENCY), SECONDS)
    installations.cancel(world, computer)
    computer.boots += 1
    running = [s for s in computer.windows_services.values() if s.status != services.STOPPED]
    world.tables.setdefault("to_start", {})[computer.fqdn] = [s.name for s in running if not s.lync]
    for service in running:
        services.stop(world, computer, service)
    computer.away_until = world.clock.now() + timedelta(seconds=seconds)
    if world.on_restart is not None:
        world.on_restart(computer, seconds)


def settle(world: World) -> None:
    now = world.clock.now()
    for computer in world.computers.values():
        if computer.away_until is not None and computer.away_until <= now:
            boot(world, computer)


def boot(world: World, computer: Computer) -> None:
    computer.booted_at = computer.away_until or world.clock.now()
    computer.away_until = None
    computer.restart_pending = False
    computer.pending.clear()
    if computer.suffix_in_force is not None:
        suffix = str(computer.registry.get(TCPIP, "NV Domain") or "").casefold()
        computer.suffix_in_force = None if suffix == computer.suffix else suffix
    computer.registry.put(TCPIP, "Domain", computer.dns_suffix)
    others = world.tables.get("to_start", {}).pop(computer.fqdn, [])
    for name in others:
        service = computer.windows_services.get(name)
        if service is not None:
            services.start(world, computer, service)
    services.start_all(world, computer)


def suffix_pending(computer: Computer) -> bool:
    """A primary DNS suffix that has been set and is not yet in force."""
    wanted = str(computer.registry.get(TCPIP, "NV Domain") or "").casefold()
    return wanted != computer.dns_suffix
