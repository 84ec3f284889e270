# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Office Communications Server 2007 R2: what its consoles know, and what Lync Server takes over from it.

source: V:merge-cslegacytopology, V:import-cslegacyconfiguration, V:move-cslegacyuser; the Edge's Allow list and
Internal tab from F:11483220050 and L:authorize-connection-to-office-communications-server-2007-r2-edge-server.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..estate import Estate
    from .computers import Computer
    from .world import World

#: RTCSRV is the short name that the product kept from its beginnings. # [inf] for the display names
SERVICE = "RTCSRV"
FRONT_END_DISPLAY_NAME = "Office Communications Server Front-End"
EDGE_DISPLAY_NAME = "Office Communications Server Access Edge"
BACK_COMPAT_SITE = "BackCompatSite"
#: ServiceVersion of what the merge makes. # [inf] nobody has published a merged document
VERSION = 4


@dataclass
class Ocs:
    pool: str
    machines: tuple[str, ...]
    edge: str
    access_fqdn: str
    external_address: str
    allowed_domains: tuple[str, ...]  # on the Edge's Allow list, with the gateway as their Access Edge
    internal_servers: list[str]  # servers that the Edge takes connections from
    federation_fqdn: str  # where the OCS pools send federation
    policies: dict[str, dict[str, Any]] = field(default_factory=dict)
    conference_directories: tuple[int, ...] = ()
    more_pools: tuple[str, ...] = ()
    configuration_imported: bool = False

    @property
    def pools(self) -> dict[str, tuple[str, ...]]:
        """Each pool with its servers."""
        return {self.pool: self.machines, **{name: (name,) for name in self.more_pools}}

    def accepts(self, machines: tuple[str, ...]) -> bool:
        """Whether the Edge takes connections from all of these servers, or from the pool that they are in."""
        known = {name.casefold() for name in self.internal_servers}
        return all(name.casefold() in known for name in machines)


def from_estate(estate: Estate, gateway_domains: tuple[str, ...]) -> Ocs | None:
    ocs = estate.ocs
    if ocs is None:
        return None
    machines = ocs.machines or (ocs.pool,)
    return Ocs(
        ocs.pool.casefold(),
        machines,
        ocs.edge.casefold(),
        ocs.access_fqdn,
        ocs.external_address,
        ocs.allowed_domains or gateway_domains,
        list(dict.fromkeys((ocs.pool, *machines, *ocs.more_pools, *ocs.internal_servers))),
        (ocs.federation_fqdn or ocs.edge).casefold(),
        {name: dict(row) for name, row in ocs.policies.items()},
        ocs.conference_directories,
        ocs.more_pools,
    )


def home_server(pool: str, base: str) -> str:
    """DN that users of an OCS pool have in HomeServer. # [inf] the pool goes by its host name there"""
    return f"CN=LC Services,CN=Microsoft,CN={pool.partition('.')[0]},CN=Pools,CN=RTC Service,CN=Services,CN=Configuration,{base}"


def merged(world: World) -> bool:
    """Whether the published topology has the OCS pool: Merge-CsLegacyTopology was run and its result published."""
    return world.ocs is not None and world.cms.topology.pool(world.ocs.pool) is not None


def has_wmi_package(computer: Computer) -> bool:
    """OCSWMIBC.msi. # [inf] the display name, which no public text has, is known by its letters only"""
    return any("wmi" in name.casefold() for name in computer.packages)
