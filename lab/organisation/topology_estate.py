# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The published topology of an estate."""

from __future__ import annotations

from ..estate import Edge, Estate, Pool
from .topology import Topology
from .topology_draft import ANY_ADDRESS, Draft, signature


def machine_addresses(estate: Estate, pool: Pool) -> dict[str, str]:
    """A Front End listens on all addresses: that is how published documents of Front Ends look."""
    return dict.fromkeys(pool.machines or (pool.fqdn,), ANY_ADDRESS)


def edge_addresses(estate: Estate, edge: Edge) -> dict[str, tuple[str, str, str | None]]:
    hosts = {h.fqdn.casefold(): h for h in estate.hosts}
    machines = edge.machines or (edge.fqdn,)
    addresses: dict[str, tuple[str, str, str | None]] = {}
    written = {fqdn.casefold(): sides for fqdn, sides in edge.addresses.items()}
    for fqdn in machines:
        host = hosts.get(fqdn.casefold())
        own = (host.internal_address, host.external_address) if host and len(machines) > 1 else ("", "")
        sides = written.get(fqdn.casefold(), {})
        if sides:
            own = (sides.get("internal", ""), sides.get("external", ""))
        addresses[fqdn] = (
            own[0] or edge.internal_address or (host.internal_address if host else "") or ANY_ADDRESS,
            own[1] or edge.external_address or (host.external_address if host else "") or ANY_ADDRESS,
            sides.get("public") or edge.public_address or None,
        )
    return addresses


class EstateTopology(Draft):
    """A draft that takes pools as estates write them; a rehearsal's Topology Builder adds to it the same way."""

    def add_pool(self, estate: Estate, pool: Pool) -> str:
        site = self._site_id(pool.site)
        return self.front_end_pool(
            pool.fqdn,
            site,
            pool.version,
            machines=machine_addresses(estate, pool),
            share=pool.share or f"{pool.fqdn.split('.')[0]}-share",
            file_server=pool.file_store,
            sql_server=pool.sql,
            sql=pool.sql_instance if pool.sql else "rtc",
            web_fqdn=pool.external_web_fqdn or f"webext-{pool.fqdn}",
            internal_web_fqdn=pool.internal_web_fqdn or None,
            central_management=pool.fqdn.casefold() == estate.central_management.casefold()
            or (not estate.central_management and self._is_first()),
        )

    def _is_first(self) -> bool:
        """The first pool that Topology Builder publishes gets the Central Management store."""
        return not any(True for _service in self.topology().services)

    def add_edge(self, estate: Estate, edge: Edge) -> str:
        site = self._site_id(edge.site)
        topology = self.topology()
        hop = next(
            (
                s
                for s in topology.of_role("Registrar")
                if (
                    topology.cluster(s.cluster).fqdn.casefold() == edge.next_hop.casefold()  # type: ignore[union-attr]
                    if edge.next_hop
                    else s.site == site
                )
            ),
            None,
        )
        if hop is None:
            raise ValueError(f"Edge {edge.fqdn}: its next hop {edge.next_hop or '(a pool of its site)'} is not a pool.")
        return self.edge_pool(
            edge.fqdn,
            site,
            edge.version,
            next_hop=hop.key,
            access_fqdn=edge.access_fqdn,
            web_conferencing_fqdn=edge.web_conferencing_fqdn or edge.access_fqdn,
            av_fqdn=edge.av_fqdn or edge.access_fqdn,
            machines=edge_addresses(estate, edge),
            client_port=edge.client_port,
            federation=edge.federation,
            xmpp=edge.xmpp,
        )

    def _site_id(self, name: str) -> str:
        topology = self.topology()
        site = topology.site(name) if name else next(iter(topology.sites), None)
        if site is None:
            raise ValueError(f"There is no site {name!r} in the estate.")
        return site.id


def topology_of(estate: Estate) -> Topology:
    draft = EstateTopology.new(estate.sip_domains)
    for number, site in enumerate(estate.sites, 1):
        draft.site(site.name, str(site.id or number))
    for pool in estate.pools:
        draft.add_pool(estate, pool)
    for edge in estate.edges:
        draft.add_edge(estate, edge)
    topology = draft.topology()
    for pool in estate.pools:
        if pool.edge:
            service = topology.service(f"EdgeServer:{pool.edge}")
            if service is None:
                raise ValueError(f"Pool {pool.fqdn}: its Edge {pool.edge} is not an Edge pool of the estate.")
            draft.associate_edge(topology, pool.fqdn, service)
    return draft.topology(signature(estate.seed, 0))
