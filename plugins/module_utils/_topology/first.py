# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Topology documents that are made from nothing: the first one of a forest, and the sketch of one that is not known yet.

A sketch stands in a dry run for a document that only a server will have: on hosts that have no Lync cmdlet yet, or after
a merge of Office Communications Server was planned. It has what the plan knows and what is asked for, nothing else.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._settings.names import BadName, domain, fqdn, same, site_name
from . import ports as _ports
from . import products as _products
from .adder import Adder
from .document import NS, Additions, Element, TopologyError
from .edit import EdgeMachine, EdgePool, add_edge_pool, add_federation, add_xmpp
from .front_end import EnterprisePool, StandardPool, add_enterprise_pool, add_standard_pool
from .reading import LEGACY_SITE, SKETCH, Topology, parse

#: Of a topology that was never published. # source: the working file of a Topology Builder before its first publish
UNPUBLISHED = "00000000-0000-0000-0000-000000000000"

Row = Mapping[str, Any]
Options = Mapping[str, Any]


@dataclass(frozen=True)
class Organisation:
    sip_domains: tuple[str, ...]  # the first is the default
    site: str
    city: str | None = None
    state: str | None = None
    country: str | None = None


def organisation_of(options: Options | None) -> Organisation | None:
    """The option `organisation`, checked."""
    if not options:
        return None
    site = options["site"]
    domains = tuple(domain(one) for one in options["sip_domains"])
    if not domains:
        raise TopologyError("organisation.sip_domains is empty: the first SIP domain is the default one.")
    if len({one.casefold() for one in domains}) != len(domains):
        raise TopologyError("organisation.sip_domains has a SIP domain twice.")
    for key in ("city", "state", "country"):
        try:
            if site.get(key):
                site_name(site[key], "The name of a place")
        except BadName as exc:
            raise TopologyError(f"organisation.site.{key}: {exc}") from exc
    return Organisation(domains, site_name(site["name"]), site.get("city"), site.get("state"), site.get("country"))


def first_document(organisation: Organisation, signature: str = UNPUBLISHED) -> Topology:
    """A topology with SIP domains and a site, and without any server."""
    domains = tuple(
        Element("InternalDomain", (("Name", one), ("Authoritative", "false"), ("AllowSubDomains", "false")))
        for one in organisation.sip_domains
    )
    internal = (("AllowAllDomains", "false"), ("DefaultDomain", organisation.sip_domains[0]))
    children = (
        Element("InternalDomains", internal, domains),
        Element("Sites", (), (_site("1", organisation),)),
        *(Element(name) for name in ("Clusters", "SqlInstances", "Services")),
    )
    root = Element("Topology", (("Signature", signature),), children, NS)
    return parse(root.render("", "\r\n", "", ""))


def _site(site_id: str, organisation: Organisation) -> Element:
    place = (("City", organisation.city), ("State", organisation.state), ("CountryCode", organisation.country))
    location = Element("Location", tuple((name, value) for name, value in place if value))
    return Element("CentralSite", (("SiteId", site_id),), (Element("Name", text=organisation.site), location))


def is_nothing(topology: Topology) -> bool:
    """The store has a document without anything in it: nobody has published yet."""
    return not (topology.sites or topology.clusters or topology.services or topology.unread)


def check_organisation(topology: Topology, organisation: Organisation) -> None:
    """What the first document would have had is compared with a topology that is there already."""
    missing = [one for one in organisation.sip_domains if not any(same(one, known) for known in topology.domains)]
    if missing:
        raise TopologyError(
            f"The topology is there already and has no SIP domain {', '.join(missing)}: add it with New-CsSipDomain or in "
            "Topology Builder, or correct organisation.sip_domains."
        )
    topology.site_id(organisation.site)


# --- sketches


@dataclass(frozen=True)
class Known:
    """Rows that the dry run knows: those that it planned, and of real servers what could be read."""

    pools: Sequence[Row] = ()
    registrars: Sequence[Row] = ()
    edges: Sequence[Row] = ()


def sketch(
    start: Topology | None,
    organisation: Organisation | None,
    pool: Options | None,
    edge: Options | None,
    registrar_edge: Options | None,
    known: Known,
    merged: bool,
) -> Topology:
    """The topology as far as it is known, with places for whatever the options refer to.

    `merged`: servers that nothing is known of are of Office Communications Server, and not of Lync Server 2010."""
    sites = [organisation.site] if organisation else []
    sites += [site_name(one["site"]) for one in (pool, edge) if one and one.get("site")]
    topology = start
    if topology is None:
        first = organisation or Organisation(("unknown.invalid",), sites[0] if sites else "Unknown")
        topology = first_document(first, SKETCH)
    elif not topology.is_sketch:
        additions = Additions(topology.data)
        additions.set_attribute(topology.root, "Signature", SKETCH)
        topology = parse(additions.apply())
    home = next(iter(topology.sites.values()))
    if merged:
        topology = _with_site(topology, LEGACY_SITE)
    for name in sites:
        topology = _with_site(topology, name)
    for row in known.registrars:
        topology = _with_known_pool(topology, row, known, sites[0] if sites else home)
    for row in known.edges:
        topology = _with_known_edge(topology, row, known)
    made = {str(one["fqdn"]).casefold() for one in (pool, edge) if one}
    new_edge = edge is not None and bool(edge.get("access_fqdn"))
    if edge is not None and not new_edge:
        made -= {str(edge["fqdn"]).casefold()}
        topology = _with_edge(topology, fqdn(edge["fqdn"]), sites[0] if sites else home)
    for hop in ((edge or {}).get("next_hop_fqdn"), (registrar_edge or {}).get("pool_fqdn")):
        if hop and topology.pool(fqdn(hop)) is None and fqdn(hop) not in made:
            topology = add_standard_pool(topology, StandardPool(fqdn(hop), sites[0] if sites else home))
    for one in ((pool or {}).get("edge_fqdn"), (registrar_edge or {}).get("edge_fqdn")):
        if one and topology.pool(fqdn(one)) is None and fqdn(one) not in made:
            topology = _with_legacy_edge(topology, fqdn(one), sites[0] if sites else home, merged)
    return topology


def _with_site(topology: Topology, name: str) -> Topology:
    if any(same(name, known) for known in topology.sites.values()):
        return topology
    numbers = [int(key) for key in topology.sites if key.isdigit()]
    additions = Additions(topology.data)
    additions.append(topology.root.one("Sites"), _site(str(max(numbers, default=0) + 1), Organisation((), name)))
    return parse(additions.apply())


def _bare(identity: object) -> str:
    return str(identity).partition(":")[2]


def _with_known_pool(topology: Topology, row: Row, known: Known, site: str) -> Topology:
    name = str(row.get("PoolFqdn") or _bare(row["Identity"]))
    if topology.pool(name) is not None or row.get("Version") != _products.LYNC_2013.service_version:
        return topology
    where = str(row.get("SiteId") or "")
    place = _bare(where) if ":" in where else site
    topology = _with_site(topology, place)
    computers = _computers(known, name)
    if computers == (name,):
        return add_standard_pool(topology, StandardPool(name, place))
    # what its databases and its share are on is nobody's concern in what is planned from here
    host = f"store-of-{name}"
    return add_enterprise_pool(topology, EnterprisePool(name, place, computers, host, "rtc", host, "share"))


def _computers(known: Known, pool: str) -> tuple[str, ...]:
    found = next((one for one in known.pools if same(one.get("Identity"), pool)), {})
    listed = found.get("Computers") or [pool]
    return tuple(str(one) for one in (listed if isinstance(listed, (list, tuple)) else [listed]))


def _with_known_edge(topology: Topology, row: Row, known: Known) -> Topology:
    name = str(row.get("PoolFqdn") or _bare(row["Identity"]))
    if topology.pool(name) is not None or row.get("Version") != _products.LYNC_2013.service_version:
        return topology
    names = [
        str(row.get(key) or name) for key in ("AccessEdgeExternalFqdn", "DataEdgeExternalFqdn", "AVEdgeExternalFqdn")
    ]
    hop, place = _bare(row.get("Registrar") or ""), _bare(row.get("SiteId") or "")
    topology = _edge_place(topology, name, place, hop, names, _computers(known, name))
    if row.get("AccessEdgeExternalSipPort"):
        topology = add_federation(topology, name)
    return add_xmpp(topology, name) if row.get("XmppListeningPort") else topology


def _with_edge(topology: Topology, name: str, site: str) -> Topology:
    if topology.pool(name) is not None:
        return topology
    return _edge_place(topology, name, site, "", [name] * 3)


def _edge_place(
    topology: Topology, name: str, site: str, hop: str, names: Sequence[str], computers: Sequence[str] = ()
) -> Topology:
    place = site or next(iter(topology.sites.values()))
    topology = _with_site(topology, place)
    hops = (topology.fqdn_of(one) for one in topology.services if one.role_name == "Registrar")
    next_hop = hop if topology.role_on(hop, "Registrar") else next(hops, "")
    if not next_hop:
        next_hop = hop or f"next-hop-of-{name}"
        topology = add_standard_pool(topology, StandardPool(next_hop, place))
    machines = tuple(
        EdgeMachine(one, f"unknown-{number}-inside", f"unknown-{number}-outside")
        for number, one in enumerate(computers or (name,), 1)
    )
    return add_edge_pool(topology, EdgePool(name, place, next_hop, machines, names[0], names[1], names[2]))


def _with_legacy_edge(topology: Topology, name: str, site: str, merged: bool) -> Topology:
    """An Edge that federates, of the product that is migrated from."""
    place = LEGACY_SITE if merged else site
    topology = _with_site(topology, place)
    add = Adder(topology, place)
    machine = Element("Machine", (("OrdinalInCluster", "1"), ("Fqdn", name)))
    cluster = add.cluster(name, (machine,))
    table = _ports.EDGE_SERVER.format(
        access_port=443,
        web_conferencing_port=444,
        av_port=442,
        access_fqdn=name,
        web_conferencing_fqdn=name,
        av_fqdn=name,
    ) + _ports.FEDERATION.format(access_fqdn=name)
    add.service("EdgeServer", cluster, (), table, role_version="2", version="0" if merged else "5")
    return add.done()
