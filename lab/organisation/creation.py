# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A world made from an estate: everything that is in service when the lab starts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from ..estate import Edge, Estate, Host, Pool
from . import legacy, media, services, windows_features, windows_registry
from .central_store import CentralManagement, empty_topology, location, new_store, no_store
from .clock import Clock
from .computers import EDITIONS, Computer
from .equipment import equip, equip_computer, start_services
from .population import populate
from .preparation import EDITIONS as EDITION_VERSIONS
from .preparation import PRODUCTS, Preparation
from .resolution import DEFAULT_HOSTS, HOSTS
from .settings import (
    access_edge_defaults,
    allowed_domain,
    external_access_policy,
    hosting_provider,
    site,
    xmpp_gateway_defaults,
    xmpp_partner,
)
from .store import Snapshot, Store
from .topology import Topology
from .topology_estate import topology_of
from .world import Gateway, World

#: What a machine of a pool is that the estate does not list among its hosts: Windows, PowerShell, product.
DEFAULTS = {
    5: ("6.1", "2.0", "lync_2010"),
    6: ("6.2", "3.0", "lync_2013"),
    7: ("6.3", "4.0", "sfb_2015"),
    8: ("10.0", "5.1", "sfb_2019"),
}


def create(estate: Estate, clock: Clock | None = None) -> World:
    """The world of an estate. Reading an estate has refused what contradicts itself, so this does not fail."""
    if clock is None:
        clock = Clock(datetime.fromisoformat(estate.clock).astimezone(UTC) if estate.clock else None)
    world = World(estate, clock)
    now = clock.now()
    topology = topology_of(estate)
    world.preparation = _prepared(estate)
    if estate.pools:
        world.cms = Store(Snapshot(1, now, topology, _settings(estate, topology)))
        where = _store_location(estate)
        world.central = CentralManagement(where, {where: world.cms})
    elif estate.ocs is None and world.preparation.forest.version > PRODUCTS["ocs_2007_r2"]:
        # A forest of Lync Server without any pool: a store that nobody has published to.
        where = location(f"sql.{estate.domain}", "RTC")
        world.cms = Store(replace(new_store(now).current, settings=_settings(estate, empty_topology())))
        world.central = CentralManagement(where, {where: world.cms})
        topology = world.cms.topology
    else:
        world.cms = no_store(now)
        topology = world.cms.topology
    world.tables["absent_groups"] = world.preparation.absent()
    populate(world.ad, estate, now)
    if estate.gateway is not None:
        g = estate.gateway
        partners = g.partners or tuple(p.domain for p in estate.partners)
        world.gateway = Gateway(g.fqdn.casefold(), g.edge.casefold(), g.address, partners)
    world.ocs = legacy.from_estate(estate, world.gateway.partners if world.gateway is not None else ())
    for host in _hosts(estate, topology):
        computer = _computer(estate, host, topology)
        computer.booted_at = now
        _outfit(world, computer, host)
        world.computers[computer.fqdn] = computer
    serving = [
        world.computers[host.fqdn.casefold()]
        for host in _hosts(estate, topology)
        if topology.pool_of(host.fqdn) is not None and host.in_service is not False
    ]
    for computer in serving:
        _in_service(world, computer)
    equip(world)
    for computer in serving:
        equip_computer(world, computer, topology)
    services.prepare(world)
    start_services(world)
    world.laws.start(world)
    return world


def _store_location(estate: Estate) -> tuple[str, str]:
    pool = next(p for p in estate.pools if p.fqdn.casefold() == estate.central_management.casefold())
    return location(pool.sql or pool.fqdn, pool.sql_instance if pool.sql else "RTC")


def _prepared(estate: Estate) -> Preparation:
    """For what the estate says, or for the newest product that it has."""
    ocs = estate.ocs
    version = PRODUCTS.get(estate.prepared_for, -1)
    if version < 0:
        products = [EDITION_VERSIONS[EDITIONS[h.product]] for h in estate.hosts if h.product in EDITIONS]
        version = max([PRODUCTS["ocs_2007_r2"] if ocs else 6, *products, *(p.version for p in estate.pools)])
    return Preparation.of(version, estate.replication.directory, ocs is not None and ocs.global_settings == "system")


def _hosts(estate: Estate, topology: Topology) -> list[Host]:
    """The estate's hosts, and those of pools and Edges that it leaves to the defaults."""
    listed = {host.fqdn.casefold() for host in estate.hosts}
    hosts = list(estate.hosts)
    both: tuple[Pool | Edge, ...] = (*estate.pools, *estate.edges)
    for pool in both:
        edge = isinstance(pool, Edge)
        windows, powershell, product = DEFAULTS[pool.version]
        groups = _groups(pool.version, edge)
        for fqdn in pool.machines or (pool.fqdn,):
            if fqdn.casefold() not in listed:
                hosts.append(
                    Host(fqdn, groups=groups, windows=windows, powershell=powershell, workgroup=edge, product=product)
                )
    hosts += [host for host in _ocs_hosts(estate) if host.fqdn.casefold() not in listed]
    if estate.gateway is not None and estate.gateway.fqdn.casefold() not in listed:
        hosts.append(
            Host(
                estate.gateway.fqdn,
                groups=("lync_legacy_gateway",),
                windows="6.1",
                powershell="2.0",
                workgroup=True,
                product="ocs_xmpp_gateway",
                external_address=estate.gateway.address,
            )
        )
    return hosts


def _ocs_hosts(estate: Estate) -> list[Host]:
    """[inf] servers of that time answer no session."""
    ocs = estate.ocs
    if ocs is None:
        return []
    common: dict[str, Any] = {"windows": "6.1", "powershell": "2.0", "product": "ocs_2007_r2", "reachable": False}
    hosts = [Host(m, groups=("lync_legacy_front_ends",), **common) for m in (*(ocs.machines or (ocs.pool,)), *ocs.more_pools)]
    if ocs.edge:
        hosts.append(
            Host(
                ocs.edge,
                groups=("lync_legacy_edges",),
                workgroup=True,
                internal_address=ocs.internal_address,
                external_address=ocs.external_address,
                **common,
            )
        )
    return hosts


def _groups(version: int, edge: bool) -> tuple[str, ...]:
    kind = "edges" if edge else "front_ends"
    return {5: (f"lync_legacy_{kind}",), 6: (f"lync_2013_{kind}",), 8: (f"sfb_2019_{kind}",)}.get(version, ())


def _computer(estate: Estate, host: Host, topology: Topology) -> Computer:
    edition = EDITIONS.get(host.product or "")
    cluster = topology.pool_of(host.fqdn)
    edge = cluster is not None and topology.role_on(cluster, "EdgeServer") is not None
    module = "SkypeForBusiness" if edition in ("S15", "S19") else "Lync"
    role = "server"
    if host.product == "ocs_xmpp_gateway":
        role = "gateway"
    elif cluster is not None:
        role = "edge" if edge else "front_end"
    internal, external = [host.internal_address], [host.external_address]
    if edge and cluster is not None:
        machine = next(m for m in cluster.machines if m.fqdn.casefold() == host.fqdn.casefold())
        internal.append(machine.address("Internal") or "")
        external.append(machine.address("External") or "")
    return Computer(
        host.fqdn.casefold(),
        role,
        not host.workgroup,
        host.windows,
        host.powershell,
        host.culture,
        inventory_name=host.inventory or host.fqdn.partition(".")[0],
        groups=host.groups,
        internal_addresses=_addresses(internal),
        external_addresses=_addresses(external),
        modules={module: edition} if edition and host.tools else {},
        core_files=edition,
        features=set(host.features),
        packages=dict(host.packages),
        sql_instances={name.upper() for name in host.sql_instances},
        reachable=host.reachable,
        second_hop=host.second_hop,
    )


def _outfit(world: World, computer: Computer, host: Host) -> None:
    """What Windows has, and what the installers of a product that is prepared have left."""
    prepared = computer.core_files is not None
    edge = computer.role == "edge" or not computer.joined
    computer.features |= windows_features.own(computer.windows)
    if prepared and not host.features:
        computer.features |= set(windows_features.wanted(computer.windows, edge))
    if computer.core_files == "L13":
        computer.packages = {**media.prepared(not edge), **computer.packages}
        if not host.tools:
            computer.packages.pop(media.ADMIN_TOOLS, None)
    computer.bare, computer.media = host.bare, host.bare or computer.core_files == "L13"
    computer.shares, computer.installation, computer.free_gb = host.shares, host.installation, host.free_gb
    computer.shares_granted = host.shares_granted
    computer.clock_skew = host.clock_skew
    computer.restart_pending = "features" in host.restart_pending
    computer.pending = set(host.restart_pending) - {"features"}
    computer.restart_after = frozenset(name.casefold() for name in host.restart_after)
    computer.quotas = dict(host.winrm)
    computer.inside_names = host.inside_names if host.inside_names is not None else not (host.bare and host.workgroup)
    if host.sql is not None:
        computer.sql_instances |= {name.upper() for name in host.sql.instances}
    if host.bare and host.workgroup:
        computer.suffix_in_force = ""
    windows_registry.start(computer)
    for key, values in host.registry.items():
        for name, data in values.items():
            path = key.removeprefix("HKLM:\\")
            if data is None:
                computer.registry.drop(path, name)
            else:
                computer.registry.put(path, name, data, "DWord" if isinstance(data, int) else "String")
    world.files.write(computer, HOSTS, DEFAULT_HOSTS)


def _addresses(values: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(v for v in values if v and v != "0.0.0.0"))  # noqa: S104  no address of its own


def _in_service(world: World, computer: Computer) -> None:
    """A computer as it is after a finished installation."""
    snapshot = world.cms.current
    cluster = snapshot.topology.pool_of(computer.fqdn)
    version = (snapshot.topology.version_of(cluster) or 5) if cluster else 5
    computer.local_store_created = True
    computer.sql_instances |= {"RTCLOCAL"} | ({"LYNCLOCAL"} if version > 5 else set())
    if cluster is not None and snapshot.topology.role_on(cluster, "UserStore") is not None:
        computer.sql_instances.add("RTC")
    computer.computer_enabled = True
    replica = world.replica(computer)
    replica.load(snapshot)
    replica.enabled = True
    replica.last_report = world.clock.now()
    services.bootstrap(world, computer, snapshot.topology)


def _settings(estate: Estate, topology: Topology) -> MappingProxyType[str, Any]:
    policies = {"Global": external_access_policy()}
    for name, row in estate.policies.items():
        identity = name if name == "Global" or ":" in name else f"Tag:{name}"
        policies[identity] = external_access_policy(**row)
    sites = {}
    routes = {s.name: s for s in estate.sites}
    for entry in topology.sites:
        own = routes[entry.name]
        sites[entry.name] = site(
            FederationRoute=_route(topology, own.federation_route),
            XmppFederationRoute=_route(topology, own.xmpp_route),
            Description=own.description or None,
            DisplayName=own.name,
        )
    kinds: dict[str, dict[str, dict[str, Any]]] = {
        "access_edge_configuration": {"Global": access_edge_defaults(**estate.access_edge)},
        "allowed_domain": {
            d.domain: allowed_domain(d.domain, ProxyFqdn=d.proxy, Comment=d.comment) for d in estate.allowed_domains
        },
        "external_access_policy": policies,
        "conference_directory": {
            one.number: {"ServiceId": f"UserServer:{one.pool}", "Id": int(one.number), "TargetServerIfMoving": None}
            for one in estate.homed_objects
            if one.kind == "conference_directory"
        },
        "hosting_provider": {
            "LyncOnline": hosting_provider(
                "LyncOnline",
                ProxyFqdn="sipfed.online.lync.com",
                Enabled=True,
                EnabledSharedAddressSpace=True,
                HostsOCSUsers=True,
            )
        }
        if any(getattr(user, "hosting_provider", "SRV:") != "SRV:" for user in estate.users)
        else {},
        "simple_url_configuration": {"Global": {"SimpleUrl": simple_urls(estate)}},
        "site": sites,
        "xmpp_allowed_partner": {
            p.domain: xmpp_partner(
                p.domain,
                AdditionalDomains=p.additional_domains,
                PartnerType=p.partner_type,
                TlsNegotiation=p.tls_negotiation,
                SaslNegotiation=p.sasl_negotiation,
                SupportDialbackNegotiation=p.support_dialback_negotiation,
                ProxyFqdn=p.proxy_fqdn,
            )
            for p in estate.xmpp_partners
        },
        "xmpp_gateway_configuration": {"Global": xmpp_gateway_defaults()},
    }
    return MappingProxyType(
        {
            kind: MappingProxyType({identity: MappingProxyType(row) for identity, row in rows.items()})
            for kind, rows in kinds.items()
        }
    )


def _route(topology: Topology, edge: str | None) -> str | None:
    service = topology.service(f"EdgeServer:{edge}") if edge else None
    return topology.identity(service) if service is not None else None


def simple_urls(estate: Estate) -> tuple[MappingProxyType[str, Any], ...]:
    """One simple URL per component and domain: the first URL of a component belongs to the default SIP domain.

    source: New-CsSimpleUrl (component, domain, entries, active URL); Dialin and Cscp have the domain "*".
    """
    rows = []
    for component, urls in estate.simple_urls.items():
        for number, url in enumerate(urls):
            domain = "*" if component != "Meet" else estate.sip_domains[min(number, len(estate.sip_domains) - 1)]
            rows.append(
                MappingProxyType({"Component": component, "Domain": domain, "SimpleUrlEntry": (url,), "ActiveUrl": url})
            )
    return tuple(rows)
