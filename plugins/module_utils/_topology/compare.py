# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two topology documents side by side: their difference for people, and what differs although nobody asked for it.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from .document import NS, NS_ROLES, Node
from .reading import ClusterKey, Service, Topology, cluster_key, service_key

#: Services that are databases and shares: they may come to a host that is there already.
STORES = frozenset({"UserStore", "ApplicationStore", "CentralMgmtStore", "FileStore"})


def difference(before: Topology, after: Topology) -> str:
    """What changes, for people to read."""
    lines = difflib.unified_diff(
        before.text.splitlines(), after.text.splitlines(), "published topology", "declared topology", lineterm="", n=2
    )
    return "".join(line + "\n" for line in lines)


@dataclass(frozen=True)
class Asked:
    """What a change may do to a topology; all else is unintended. FQDNs are lower-case."""

    pools: Collection[str] = ()  # pools that may appear, with all that is installed on them
    edge_ports: Collection[tuple[str, str, str, str]] = ()  # (Edge FQDN, owner, usage, side) of ports that may appear
    edge_of: Collection[str] = ()  # pools whose services may get another Edge
    hosts: Collection[str] = ()  # SQL Servers and file servers that may appear, and get instances and stores


def _items(root: Node, group: str, item: str, identity: str) -> dict[tuple[Any, ...], Node]:
    return {node.one(identity).canonical(): node for node in root.one(group).all(item) if node.all(identity)}


def _rest(service: Service) -> tuple[Any, ...]:
    """The service without its dependencies and ports, which are compared one by one."""
    parts: list[Any] = [sorted(service.node.attributes.items())]
    for child in service.node.children:
        if (child.namespace, child.name) in ((NS, "DependsOn"), (NS_ROLES, "Ports")):
            parts.append((child.namespace, child.name, sorted(child.attributes.items()), child.text.strip()))
        else:
            parts.append(child.canonical())
    return tuple(parts)


def _altered(service: Service, other: Service, fqdn: str, asked: Asked) -> bool:
    if _rest(service) != _rest(other):
        return True
    depends, depends_now = (
        [d.canonical() for d in one.node.one("DependsOn").children if not _edge_dependency(d, fqdn, asked)]
        for one in (service, other)
    )
    if depends != depends_now:
        return True
    ports = [port.canonical() for port in service.node.one("Ports", NS_ROLES).children]
    for port in other.node.one("Ports", NS_ROLES).children:
        if port.canonical() in ports:
            ports.remove(port.canonical())
            continue
        owner = port.attributes.get("Owner", "").removeprefix("urn:component:")
        if (fqdn, owner, port.attributes.get("Usage"), port.attributes.get("InterfaceSide")) not in asked.edge_ports:
            return True
    return bool(ports)


def _edge_dependency(node: Node, fqdn: str, asked: Asked) -> bool:
    return fqdn in asked.edge_of and service_key(node.one("ServiceId"))[1] == "EdgeServer"


def unintended(before: Topology, after: Topology, asked: Asked) -> list[str]:
    """What differs between two documents although nobody asked for it, one sentence each."""
    return [
        *_general(before, after),
        *_clusters(before, after, asked),
        *_instances(before, after, asked),
        *_services(before, after, asked),
    ]


def _general(before: Topology, after: Topology) -> Iterator[str]:
    old, new = before.root, after.root
    for name in sorted({*old.attributes, *new.attributes} - {"Signature"}):
        if old.attributes.get(name) != new.attributes.get(name):
            yield f"The attribute {name} of the topology would change."
    tracked = {(NS, name) for name in ("Clusters", "SqlInstances", "Services")}
    rest_old = [c.canonical() for c in old.children if (c.namespace, c.name) not in tracked]
    rest_new = [c.canonical() for c in new.children if (c.namespace, c.name) not in tracked]
    if rest_old != rest_new:
        yield "SIP domains, sites or other general parts of the topology would change."
    if [node.canonical() for node in before.unread] != [node.canonical() for node in after.unread]:
        yield "A part of the topology that this collection does not know would change."


def _clusters(before: Topology, after: Topology, asked: Asked) -> Iterator[str]:
    old, new = {c.key: c for c in before.clusters}, {c.key: c for c in after.clusters}
    for key, cluster in old.items():
        if key not in new:
            yield f"The pool or server {cluster.fqdn} would be removed."
        elif new[key].node.canonical() != cluster.node.canonical():
            yield f"The pool or server {cluster.fqdn} would be altered."
    for key, cluster in new.items():
        wanted = asked.pools if cluster.replicated else (*asked.pools, *asked.hosts)
        if key not in old and cluster.fqdn.casefold() not in wanted:
            yield f"The pool or server {cluster.fqdn} would be added."


def _fresh(before: Topology, after: Topology, asked: Asked) -> tuple[set[ClusterKey], set[ClusterKey]]:
    """Pools that were asked for and are new, and hosts that may get stores whether they are new or not."""
    known = {cluster.key for cluster in before.clusters}
    pools = {c.key for c in after.clusters if c.key not in known and c.fqdn.casefold() in asked.pools}
    return pools, {c.key for c in after.clusters if c.fqdn.casefold() in asked.hosts}


def _instances(before: Topology, after: Topology, asked: Asked) -> Iterator[str]:
    pools, hosts = _fresh(before, after, asked)
    old = _items(before.root, "SqlInstances", "SqlInstance", "SqlInstanceId")
    new = _items(after.root, "SqlInstances", "SqlInstance", "SqlInstanceId")
    for identity, node in old.items():
        if identity not in new or new[identity].canonical() != node.canonical():
            yield "A SQL instance of the topology would be altered or removed."
    for identity, node in new.items():
        if identity not in old and cluster_key(node.one("SqlInstanceId").one("ClusterId")) not in pools | hosts:
            yield "A SQL instance would be added to the topology."


def _services(before: Topology, after: Topology, asked: Asked) -> Iterator[str]:
    pools, hosts = _fresh(before, after, asked)
    old, new = {s.key: s for s in before.services}, {s.key: s for s in after.services}
    for key, service in old.items():
        if key not in new:
            yield f"The service {before.identity(service)} would be removed."
        elif key[0] in before.legacy_sites or key[0] not in before.sites:
            if new[key].node.canonical() != service.node.canonical():
                yield f"The service {before.identity(service)} would be altered."
        elif _altered(service, new[key], before.fqdn_of(service).casefold(), asked):
            yield f"The service {before.identity(service)} would be altered."
    for key, service in new.items():
        store = service.role_name in STORES and service.cluster in hosts
        if key not in old and service.cluster not in pools and not store:
            yield f"The service {after.identity(service)} would be added."
