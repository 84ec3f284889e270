# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a topology lacks of what is wanted: as a document that has it, and in the words of Topology Builder.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from . import _products
from ._names import BadName, address, fqdn, same, shown, site_name
from ._topology import Asked, Cluster, Topology
from ._topology_document import TopologyError
from ._topology_edit import (
    FEDERATION_PORT,
    XMPP_PORTS,
    EdgeMachine,
    EdgePool,
    StandardPool,
    add_edge_pool,
    add_federation,
    add_standard_pool,
    add_xmpp,
    set_edge_of,
)

Options = Mapping[str, Any]

#: What an Edge pool needs to be made; an Edge that exists is known by its FQDN alone.
_TO_MAKE = ("next_hop_fqdn", "access_fqdn", "web_conferencing_fqdn", "av_fqdn")


@dataclass(frozen=True)
class Plan:
    """`after` is `before` where nothing is missing. `missing` says it to somebody in front of Topology Builder."""

    before: Topology
    after: Topology
    asked: Asked
    missing: tuple[str, ...]
    notes: tuple[str, ...]
    purpose: str

    @property
    def changes(self) -> bool:
        return self.after.text != self.before.text


def plan(before: Topology, pool: Options | None, edge: Options | None, registrar_edge: Options | None) -> Plan:
    """Add what is missing. What is there but otherwise than wanted is an error: nothing is altered or removed."""
    _check_options(pool, edge)
    after = before
    missing: list[str] = []
    notes: list[str] = []
    pools: set[str] = set()
    ports: set[tuple[str, str, str, str]] = set()
    edge_of: set[str] = set()
    purpose = ""
    if pool:
        name = fqdn(pool["fqdn"])
        purpose = name
        known = after.pool(name)
        if known is None:
            after = _new_pool(after, name, pool, missing)
            pools.add(name)
        else:
            _check_place(after, known, name, pool.get("site"))
            after = _edge_of_pool(after, name, pool.get("edge_fqdn"), missing, notes, edge_of)
    if edge:
        name = fqdn(edge["fqdn"])
        purpose = name
        known = after.pool(name)
        if known is None:
            after = _new_edge(after, name, edge, missing)
            pools.add(name)
        else:
            _check_place(after, known, name, edge.get("site"))
            _check_edge(after, name, edge)
        if edge.get("federation") or edge.get("xmpp"):
            purpose = f"xmpp-{name}" if edge.get("xmpp") else f"federation-{name}"
        after = _features(after, name, edge, missing, ports)
    if registrar_edge:
        name, target = fqdn(registrar_edge["pool_fqdn"]), fqdn(registrar_edge["edge_fqdn"])
        purpose = purpose or f"edge-of-{name}"
        if not same(after.edge_of(name), target):
            missing.append(f"In the properties of the pool {name}, associate the Edge pool {target} for media.")
            edge_of.add(name)
        after = set_edge_of(after, name, target)
    return Plan(before, after, Asked(pools, ports, edge_of), tuple(missing), tuple(notes), purpose)


#: Options of an Edge pool, or of a computer in it, by what they are.
_NAMES = ("fqdn", "next_hop_fqdn", "access_fqdn", "web_conferencing_fqdn", "av_fqdn")
_ADDRESSES = ("internal_address", "external_address", "public_address")
_SHARE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.$-]{0,79}")


def _check_options(pool: Options | None, edge: Options | None) -> None:
    """Every name that was given, also where the pool is there already and nothing is made of it."""
    for one in (edge or {}, *((edge or {}).get("machines") or ())):
        for key in _NAMES:
            _checked(fqdn, f"edge.{key}", one.get(key))
        for key in _ADDRESSES:
            _checked(address, f"edge.{key}", one.get(key))
    for key in ("edge_fqdn", "external_web_fqdn"):
        _checked(fqdn, f"pool.{key}", (pool or {}).get(key))
    share = (pool or {}).get("file_share")
    if share and not _SHARE.fullmatch(share):
        raise TopologyError(
            f"pool.file_share: the name of a file share such as LyncShare is wanted, but {shown(share)} is none."
        )


def _checked(check: Callable[[object], str], option: str, value: object) -> None:
    try:
        if value:
            check(value)
    except BadName as exc:
        raise TopologyError(f"{option}: {exc}") from exc


# --- pools


def _new_pool(topology: Topology, name: str, pool: Options, missing: list[str]) -> Topology:
    site = site_name(pool["site"])
    standard = pool["kind"] == "standard"
    kind = "Standard Edition Front End Servers" if standard else "Enterprise Edition Front End pools"
    edge = fqdn(pool["edge_fqdn"]) if pool.get("edge_fqdn") else None
    text = f"In the site {site}, under Lync Server 2013, {kind}, make a new Front End pool {name}"
    missing.append(text + (f" and associate the Edge pool {edge} for media." if edge else "."))
    if not standard:
        # Topology Builder alone makes these; the caller says so where the document was to be declared
        return topology
    return add_standard_pool(
        topology,
        StandardPool(
            name,
            site,
            edge,
            pool.get("conferencing") is not False,
            pool.get("file_share") or "LyncShare",
            fqdn(pool["external_web_fqdn"]) if pool.get("external_web_fqdn") else None,
        ),
    )


def _check_place(topology: Topology, cluster: Cluster, name: str, site: str | None) -> None:
    if site and not same(topology.site_of(cluster), site_name(site)):
        raise TopologyError(
            f"{name} is wanted in the site {site_name(site)}, but the topology has it in the site "
            f"{topology.site_of(cluster)}: correct one of the two."
        )
    version = topology.version_of(cluster)
    if version is None:
        raise TopologyError(f"{name} is in the topology without any Lync service: see what it is.")
    product = _products.by_version(version)
    if product is not _products.LYNC_2013:
        raise TopologyError(
            f"{name} is wanted as a pool of Lync Server 2013, but the topology has it with {product.name}: side by side "
            "means a new pool with an FQDN of its own."
        )


def _edge_of_pool(
    topology: Topology, name: str, wanted: str | None, missing: list[str], notes: list[str], edge_of: set[str]
) -> Topology:
    """An Edge for a pool that has none. One that it has stays: moving media is a decision of its own."""
    if not wanted:
        return topology
    wanted, current = fqdn(wanted), topology.edge_of(name)
    if current is None:
        missing.append(f"In the properties of the pool {name}, associate the Edge pool {wanted} for media.")
        edge_of.add(name)
        return set_edge_of(topology, name, wanted)
    if not same(current, wanted):
        notes.append(f"The pool {name} is associated with the Edge pool {current}, not {wanted}; that was left alone.")
    return topology


# --- Edges


def machines_of(name: str, edge: Options) -> tuple[EdgeMachine, ...]:
    listed = edge.get("machines") or [{**edge, "fqdn": name}]
    machines = []
    for one in listed:
        for key in ("internal_address", "external_address"):
            if not one.get(key):
                raise TopologyError(f"The Edge pool {name} is not in the topology yet, and making it needs edge.{key}.")
        public = address(one["public_address"]) if one.get("public_address") else None
        inside, outside = address(one["internal_address"]), address(one["external_address"])
        machines.append(EdgeMachine(fqdn(one["fqdn"]), inside, outside, public))
    return tuple(machines)


def _new_edge(topology: Topology, name: str, edge: Options, missing: list[str]) -> Topology:
    lacking = [f"edge.{key}" for key in ("site", *_TO_MAKE) if not edge.get(key)]
    if lacking:
        raise TopologyError(
            f"The Edge pool {name} is not in the topology yet, and making it needs {', '.join(lacking)}."
        )
    made = EdgePool(
        name,
        site_name(edge["site"]),
        fqdn(edge["next_hop_fqdn"]),
        machines_of(name, edge),
        fqdn(edge["access_fqdn"]),
        fqdn(edge["web_conferencing_fqdn"]),
        fqdn(edge["av_fqdn"]),
        **{key: edge[key] for key in ("access_port", "web_conferencing_port", "av_port") if edge.get(key)},
    )
    missing.append(
        f"In the site {made.site}, under Lync Server 2013, Edge pools, make a new Edge pool {name} with the next hop "
        f"{made.next_hop_fqdn}, one external address, and the FQDNs and ports {made.access_fqdn}:{made.access_port} "
        f"(Access Edge), {made.web_conferencing_fqdn}:{made.web_conferencing_port} (Web Conferencing), {made.av_fqdn}:"
        f"{made.av_port} (A/V). Leave 'Enable federation' and 'Enable XMPP federation' clear, and associate it with no pool."
    )
    return add_edge_pool(topology, made)


def _check_edge(topology: Topology, name: str, edge: Options) -> None:
    service = topology.role_on(name, "EdgeServer")
    if service is None:
        raise TopologyError(f"{name} is wanted as an Edge pool, but the topology has it as something else.")
    ports = (
        ("access_fqdn", "AccessEdge", "SipClient"),
        ("web_conferencing_fqdn", "DataEdge", "PsomClient"),
        ("av_fqdn", "MediaRelayEdge", "TURNServer"),
    )
    for option, owner, usage in ports:
        port = service.port(owner, usage, "External")
        found = port.configured_fqdn if port else None
        if edge.get(option) and found and not same(found, fqdn(edge[option])):
            raise TopologyError(
                f"The Edge pool {name} has {found} as {option} in the topology, and {edge[option]} is wanted: correct one "
                "of the two; an existing Edge is not altered."
            )


def _features(
    topology: Topology, name: str, edge: Options, missing: list[str], ports: set[tuple[str, str, str, str]]
) -> Topology:
    federation, xmpp = topology.has_federation(name), topology.has_xmpp(name)
    for option, present, words in (("federation", federation, "SIP federation"), ("xmpp", xmpp, "XMPP federation")):
        if edge.get(option) is False and present:
            raise TopologyError(
                f"{words} is enabled on the Edge pool {name} and not wanted: this module only adds. Clear it in Topology "
                "Builder, if that is what you want."
            )
    if edge.get("federation") and not federation:
        missing.append(
            f"In the properties of the Edge pool {name}, select 'Enable federation for this Edge pool (Port 5061)'."
        )
        ports.add((name, *FEDERATION_PORT))
        topology = add_federation(topology, name)
    if edge.get("xmpp") and not xmpp:
        missing.append(f"In the properties of the Edge pool {name}, select 'Enable XMPP federation (port 5269)'.")
        ports.update((name, *port) for port in XMPP_PORTS)
        topology = add_xmpp(topology, name)
    return topology


def view(topology: Topology, *fqdns: str) -> dict[str, Any]:
    """The named pools, for people: what a diff shows and a result returns."""
    found: dict[str, Any] = {}
    for name in fqdns:
        cluster = topology.pool(name)
        if cluster is None:
            continue
        version = topology.version_of(cluster)
        row: dict[str, Any] = {
            "site": topology.site_of(cluster),
            "product": _products.by_version(version).name if version else None,
            "computers": [machine.fqdn for machine in cluster.machines],
            "services": sorted(service.role for service in topology.on(cluster)),
        }
        if topology.role_on(name, "EdgeServer"):
            row["federation"], row["xmpp"] = topology.has_federation(name), topology.has_xmpp(name)
        if topology.role_on(name, "Registrar"):
            row["edge"] = topology.edge_of(name)
        found[cluster.fqdn] = row
    return found
