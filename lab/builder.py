# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator at Topology Builder: what he adds to the topology, written as an estate writes pools and Edges."""

from __future__ import annotations

import typing as t
from dataclasses import asdict, dataclass
from types import SimpleNamespace

from .estate import Edge, Pool, Site
from .estate_file import Document, EstateError
from .organisation.central_store import is_empty
from .organisation.deployment import publish_from_builder
from .organisation.topology_estate import EstateTopology
from .place import LabError, Place
from .powershell.values import iso_text

HOST = "topology builder"


@dataclass(frozen=True)
class Additions:
    """A pool that is there already is associated with its Edge; an Edge that is there gets federation and XMPP.

    The first topology of a forest has ``sites``, and the SIP domains of the estate or those that are named."""

    pools: tuple[Pool, ...] = ()
    edges: tuple[Edge, ...] = ()
    sites: tuple[Site, ...] = ()
    sip_domains: tuple[str, ...] = ()


def read(text: str) -> Additions:
    """LabError says what is wrong with the text, and where."""
    try:
        additions: Additions = Document(text, "topology").read(Additions)
    except EstateError as exc:
        raise LabError(str(exc)) from exc
    if not additions.pools and not additions.edges:
        raise LabError("Nothing is to be published: name pools or edges.")
    return additions


def publish(world: t.Any, place: Place, text: str) -> dict[str, t.Any]:
    """Publish from Topology Builder, and tell what the topology has now."""
    additions = place.real(read(text))

    def change(draft: EstateTopology) -> None:
        _begin(world, draft, additions)
        for pool in additions.pools:
            _pool(world, draft, pool)
        for edge in additions.edges:
            _edge(world, draft, edge)

    with world.turn():
        try:
            topology = publish_from_builder(world, change)
        except (ValueError, KeyError) as exc:
            raise LabError(f"Topology Builder cannot publish this: {exc.args[0]}") from exc
        told = asdict(additions)
        world.transcript.append(
            {
                "time": iso_text(world.clock.now()),
                "host": HOST,
                "cmdlet": "topology.publish",
                "parameters": {name: [one["fqdn"] for one in told[name]] for name in ("pools", "edges")},
                "outcome": "ok",
                "write": True,
            }
        )
        world.after_change(SimpleNamespace(cmdlet="topology.publish", p=told, computer=None))
        return {"clusters": [cluster.fqdn for cluster in topology.clusters]}


def _begin(world: t.Any, draft: EstateTopology, additions: Additions) -> None:
    """The first topology of a forest; the store for it has to be there."""
    empty = is_empty(draft.topology())
    if not empty and (additions.sites or additions.sip_domains):
        raise ValueError("sites and sip_domains are those of a first topology, and there is one already.")
    if not empty:
        return
    if world.central.found is None:
        raise ValueError("there is no Central Management store yet.")
    if not additions.sites:
        raise ValueError("the first topology needs sites.")
    draft.organisation(additions.sip_domains or world.estate.sip_domains, [site.name for site in additions.sites])


def _pool(world: t.Any, draft: EstateTopology, pool: Pool) -> None:
    if draft.topology().pool(pool.fqdn) is None:
        draft.add_pool(world.estate, pool)
    if pool.edge:
        topology = draft.topology()
        edge = topology.service(f"EdgeServer:{pool.edge}")
        if edge is None:
            raise ValueError(f"the Edge {pool.edge} of the pool {pool.fqdn} is not in the topology.")
        draft.associate_edge(topology, pool.fqdn, edge)


def _edge(world: t.Any, draft: EstateTopology, edge: Edge) -> None:
    service = draft.topology().service(f"EdgeServer:{edge.fqdn}")
    if service is None:
        draft.add_edge(world.estate, edge)
        return
    if edge.federation and service.port("AccessEdge", "SipServer", "External") is None:
        draft.enable_federation(service.key, edge.access_fqdn)
    if edge.xmpp and service.port("XmppFederationProxy", "XmppServer", "External") is None:
        draft.enable_xmpp(service.key)
