# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a topology lacks of what is wanted: as a document that has it, and in the words of Topology Builder.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._settings.names import fqdn, same, site_name
from . import products as _products
from .adder import kind_of, product_of
from .compare import Asked
from .document import TopologyError
from .edit import (
    FEDERATION_PORT,
    XMPP_PORTS,
    EdgePool,
    EnterprisePool,
    StandardPool,
    add_edge_pool,
    add_enterprise_pool,
    add_federation,
    add_standard_pool,
    add_xmpp,
    set_edge_of,
)
from .front_end import unc
from .options import check, new_edge, new_pool
from .reading import Cluster, Topology
from .view import pool_of, view

__all__ = ["Plan", "plan", "view"]

Options = Mapping[str, Any]


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


def plan(
    before: Topology,
    pool: Options | None,
    edge: Options | None,
    registrar_edge: Options | None,
    *,
    first: bool = False,
) -> Plan:
    """Add what is missing. What is there but otherwise than wanted is an error: nothing is altered or removed.

    `first`: nobody has published in this forest yet, so a new pool gets the Central Management store."""
    check(pool, edge, registrar_edge)
    after = before
    missing: list[str] = []
    notes: list[str] = []
    pools: set[str] = set()
    ports: set[tuple[str, str, str, str]] = set()
    edge_of: set[str] = set()
    hosts: set[str] = set()
    purpose = ""
    if pool:
        name = fqdn(pool["fqdn"])
        purpose = name
        known = after.pool(name)
        if known is None:
            made = new_pool(name, pool, first)
            after = _add_pool(after, made, missing)
            pools.add(name)
            if isinstance(made, EnterprisePool):
                hosts |= {made.sql_server_fqdn, made.file_server_fqdn}
        else:
            _check_place(after, known, name, pool.get("site"))
            if not before.is_sketch:
                _check_pool(after, known, pool)
            after = _edge_of_pool(after, name, pool.get("edge_fqdn"), missing, notes, edge_of)
    if edge:
        name = fqdn(edge["fqdn"])
        purpose = name
        known = after.pool(name)
        if known is None:
            after = _add_edge(after, new_edge(name, edge), missing)
            pools.add(name)
        else:
            _check_place(after, known, name, edge.get("site"))
            if not before.is_sketch:
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
    return Plan(before, after, Asked(pools, ports, edge_of, hosts), tuple(missing), tuple(notes), purpose)


# --- pools


def _add_pool(topology: Topology, pool: StandardPool | EnterprisePool, missing: list[str]) -> Topology:
    standard = isinstance(pool, StandardPool)
    kind = "Standard Edition Front End Servers" if standard else "Enterprise Edition Front End pools"
    text = f"In the site {pool.site}, under Lync Server 2013, {kind}, make a new Front End pool {pool.fqdn}"
    if isinstance(pool, EnterprisePool):
        text += (
            f" with the computers {', '.join(pool.machines)}, the SQL Server instance "
            f"{pool.sql_server_fqdn}\\{pool.sql_instance or '(default)'} and the file share "
            f"{unc(pool.file_server_fqdn, pool.file_share)}"
        )
    if pool.external_web_fqdn:
        text += f", with the external base URL {pool.external_web_fqdn}"
    if pool.central_management:
        text += ", with the Central Management Server"
    missing.append(text + (f" and associate the Edge pool {pool.edge_fqdn} for media." if pool.edge_fqdn else "."))
    if isinstance(pool, StandardPool):
        return add_standard_pool(topology, pool)
    return add_enterprise_pool(topology, pool)


def _check_place(topology: Topology, cluster: Cluster, name: str, site: str | None) -> None:
    if topology.is_legacy(cluster):
        raise TopologyError(
            f"{name} is in use in the topology already: it is {kind_of(topology, cluster)}. Side by side means a new pool "
            "with an FQDN of its own."
        )
    if site and not same(topology.site_of(cluster), site_name(site)):
        raise TopologyError(
            f"{name} is wanted in the site {site_name(site)}, but the topology has it in the site "
            f"{topology.site_of(cluster)}: correct one of the two."
        )
    version = topology.version_of(cluster)
    if version is None:
        raise TopologyError(f"{name} is in the topology without any Lync service: see what it is.")
    if version != _products.LYNC_2013.service_version:
        raise TopologyError(
            f"{name} is wanted as a pool of Lync Server 2013, but the topology has it with "
            f"{product_of(topology, cluster)}: side by side means a new pool with an FQDN of its own."
        )


def _check_pool(topology: Topology, cluster: Cluster, pool: Options) -> None:
    """A pool that is there is compared with what was said of it; nothing of it is altered."""
    name = cluster.fqdn
    if topology.role_on(name, "Registrar") is None:
        raise TopologyError(
            f"{name} is wanted as a Front End pool, but it is in use in the topology already: it is "
            f"{kind_of(topology, cluster)}."
        )
    found = pool_of(topology, cluster)
    wanted: dict[str, Any] = {}
    if pool.get("kind"):
        wanted["kind"] = pool["kind"]
    if pool.get("machines"):
        wanted["computers"] = sorted(fqdn(one) for one in pool["machines"])
    if pool.get("sql_server_fqdn") and pool.get("sql_instance"):
        instance = "" if str(pool["sql_instance"]).upper() == "MSSQLSERVER" else str(pool["sql_instance"])
        wanted["sql"] = f"{fqdn(pool['sql_server_fqdn'])}\\{instance}".rstrip("\\")
    if pool.get("file_server_fqdn") and pool.get("file_share"):
        wanted["file_share"] = unc(fqdn(pool["file_server_fqdn"]), str(pool["file_share"]))
    if pool.get("external_web_fqdn"):
        wanted["external_web_fqdn"] = fqdn(pool["external_web_fqdn"])
    for key, value in wanted.items():
        present = found.get(key)
        if _folded(present) != _folded(value):
            raise TopologyError(
                f"The pool {name} has {_said(present)} as {key} in the topology, and {_said(value)} is wanted: correct one "
                "of the two; an existing pool is not altered."
            )


def _folded(value: Any) -> Any:
    return sorted(one.casefold() for one in value) if isinstance(value, list) else str(value).casefold()


def _said(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


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


def _add_edge(topology: Topology, made: EdgePool, missing: list[str]) -> Topology:
    several = f", with the computers {', '.join(one.fqdn for one in made.machines)}" if len(made.machines) > 1 else ""
    nat = "".join(
        f", {one.external_address} of {one.fqdn} translated to {one.public_address}"
        for one in made.machines
        if one.public_address
    )
    missing.append(
        f"In the site {made.site}, under Lync Server 2013, Edge pools, make a new Edge pool {made.fqdn}{several} with the "
        f"next hop {made.next_hop_fqdn}, one external address{nat}, and the FQDNs and ports {made.access_fqdn}:"
        f"{made.access_port} (Access Edge), {made.web_conferencing_fqdn}:{made.web_conferencing_port} (Web Conferencing), "
        f"{made.av_fqdn}:{made.av_port} (A/V). Leave 'Enable federation' and 'Enable XMPP federation' clear, and associate "
        "it with no pool."
    )
    return add_edge_pool(topology, made)


def _check_edge(topology: Topology, name: str, edge: Options) -> None:
    service = topology.role_on(name, "EdgeServer")
    cluster = topology.pool(name)
    if service is None or cluster is None:
        what = f": it is {kind_of(topology, cluster)}" if cluster else ""
        raise TopologyError(f"{name} is wanted as an Edge pool, but the topology has it as something else{what}.")
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
    there = sorted(machine.fqdn.casefold() for machine in cluster.machines)
    listed = sorted(fqdn(one["fqdn"]) for one in edge.get("machines") or ())
    if listed and listed != there:
        raise TopologyError(
            f"The Edge pool {name} has the computers {', '.join(there)} in the topology, and {', '.join(listed)} are "
            "wanted: correct one of the two; an existing Edge is not altered."
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
