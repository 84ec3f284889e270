# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows Fabric: the Front End service of an Enterprise pool runs where enough Front Ends of the pool are started.

# rule: fabric-quorum
# source: L:lync-server-2013 Front End pools name how many Front Ends have to run for a pool to be functional (one of
# two, two of three and four, three of five and six); # inferred: that the service stays in its start until then, that
# one which runs goes on when others stop, and that no other service waits.
"""

from __future__ import annotations

from typing import Any

from .computers import Computer
from .topology import Topology

RUNNING, STARTING = "Running", "StartPending"
#: The service that waits for the others.
SERVICE = "RTCSRV"


def quorum(machines: int) -> int:
    return (machines + 1) // 2


def _pool(world: Any, computer: Computer) -> tuple[str, ...]:
    """The Front Ends of an Enterprise pool of Lync Server 2013 or later that this computer is in; else nobody."""
    replica = world.replicas.get(computer.fqdn)
    topology: Topology | None = replica.snapshot.topology if replica and replica.snapshot else None
    cluster = topology.pool_of(computer.fqdn) if topology else None
    if topology is None or cluster is None or len(cluster.machines) < 2:
        return ()
    registrar = topology.role_on(cluster, "Registrar")
    if registrar is None or registrar.version < 6:
        return ()
    return tuple(machine.fqdn.casefold() for machine in cluster.machines)


def started(world: Any, computer: Computer, name: str) -> str:
    """The status of a service that was just started. What waited for it runs with it."""
    pool = _pool(world, computer) if name == SERVICE else ()
    if not pool:
        return RUNNING
    others = [one for fqdn in pool if (one := world.computer(fqdn)) is not None and one is not computer]
    services = [one.windows_services.get(SERVICE) for one in others]
    waiting = [s for s in services if s is not None and s.status == STARTING]
    running = [s for s in services if s is not None and s.status == RUNNING]
    if len(waiting) + len(running) + 1 < quorum(len(pool)):
        return STARTING
    for service in waiting:
        service.status = RUNNING
    return RUNNING
