# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Publish-CsTopology checks before it publishes, and what a publish changes.

# source: names of the checks as in published deployment logs (schema, new topology, cluster IDs, orphaned users,
service version); # inferred: the texts, and that a document whose Signature is not the
published one is refused as stale.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from .topology import ROLES, VERSIONS, Cluster, Service, Topology

_FQDN = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*")
_SIDES = ("Primary", "Internal", "External", "Pstn")
_PROTOCOLS = ("Tcp", "Udp", "Tls", "Mtls", "Http", "Https", "TcpOrUdp", "TcpOrTls")


def problems(
    new: Topology, current: Topology | None, homed: Iterable[str] = (), routes: Iterable[str] = ()
) -> list[str]:
    """Why ``new`` cannot be published over ``current``; empty when it can.

    ``homed``: FQDNs of pools that still have users; ``routes``: identities of services that sites' routes name."""
    found = [*_schema(new), *_unique(new), *_references(new)]
    if current is not None:
        if new.signature != current.signature:
            found.append(
                f"The topology document has the signature {new.signature}, the published topology has "
                f"{current.signature}: somebody else has published since the document was read."
            )
        found += _removed(new, current, homed, routes)
    return found


def _schema(new: Topology) -> Iterable[str]:
    names = [c.fqdn for c in new.clusters] + [m.fqdn for c in new.clusters for m in c.machines]
    for name in names:
        if len(name) > 255 or not _FQDN.fullmatch(name):
            yield f"The 'Fqdn' attribute is invalid: '{name}' is not a fully qualified domain name."
    if new.default_domain.casefold() not in (d.casefold() for d in new.domains):
        yield f"The default SIP domain '{new.default_domain}' is not one of the internal domains."
    for service in new.services:
        if service.role_name not in ROLES:
            yield f"The 'RoleName' attribute is invalid: '{service.role_name}' is not a known role."
        if service.version not in VERSIONS:
            yield f"Service '{service.key}' has ServiceVersion {service.version}, which no supported product has."
        for port in service.ports:
            if port.port == 0 or port.side not in _SIDES or port.protocol not in _PROTOCOLS:
                yield f"Service '{service.key}' has an invalid port: {port.owner} {port.usage} {port.side} {port.port}."


def _unique(new: Topology) -> Iterable[str]:
    def twice(what: str, values: Iterable[str]) -> Iterable[str]:
        return (f"{what} '{value}' is used more than once." for value, count in Counter(values).items() if count > 1)

    yield from twice("SiteId", (s.id for s in new.sites))
    yield from twice("Site name", (s.name.casefold() for s in new.sites))
    yield from twice("ClusterId", (c.key for c in new.clusters))
    yield from twice("FQDN", (c.fqdn.casefold() for c in new.clusters))
    yield from twice("Machine FQDN", (m.fqdn.casefold() for c in new.clusters for m in c.machines))
    yield from twice("ServiceId", (s.key for s in new.services))
    yield from twice("SqlInstanceId", (i.key.casefold() for i in new.instances))
    yield from twice("SIP domain", (d.casefold() for d in new.domains))
    for cluster in new.clusters:
        for machine in cluster.machines:
            other = new.pool(machine.fqdn)
            if other is not None and other.key != cluster.key:
                yield f"FQDN '{machine.fqdn}' is a machine of '{cluster.fqdn}' and a pool of its own."
    for service in new.services:
        where: Counter[tuple[str, str, str, str]] = Counter(
            (p.owner, p.usage, p.side, p.protocol + p.url_path) for p in service.ports
        )
        for (owner, usage, side, _protocol), count in where.items():
            if count > 1:
                yield f"Port {owner} {usage} {side} of service '{service.key}' is defined more than once."


def _references(new: Topology) -> Iterable[str]:
    sites = {s.id for s in new.sites}
    clusters = {c.key for c in new.clusters}
    instances = {i.key.casefold() for i in new.instances}
    services = {s.key for s in new.services}
    for cluster in new.clusters:
        if cluster.site not in sites:
            yield f"ClusterId '{cluster.key}' refers to SiteId '{cluster.site}', which is not defined."
        if cluster.setup and not cluster.machines:
            yield f"Cluster '{cluster.fqdn}' has no machine."
    for cluster in new.clusters:
        names = [m.fqdn.casefold() for m in cluster.machines]
        if any("." not in name for name in (cluster.fqdn, *names)):
            yield f"Cluster '{cluster.fqdn}' has a name of one label, where a fully qualified domain name is wanted."
        if len(names) > 1 and cluster.fqdn.casefold() in names:
            yield f"FQDN '{cluster.fqdn}' is that of a pool of several machines and of one of them."
    for instance in new.instances:
        if instance.cluster not in clusters:
            yield f"SqlInstanceId '{instance.name}' refers to ClusterId '{instance.cluster}', which is not defined."
    for service in new.services:
        if service.site not in sites:
            yield f"ServiceId '{service.key}' refers to SiteId '{service.site}', which is not defined."
        if service.cluster not in clusters:
            yield f"Service '{service.key}' is installed on ClusterId '{service.cluster}', which is not defined."
        if service.sql is not None and service.sql.casefold() not in instances:
            yield f"Service '{service.key}' is installed on SqlInstanceId '{service.sql}', which is not defined."
        for target in service.depends:
            if target not in services:
                yield f"Service '{service.key}' depends on ServiceId '{target}', which is not defined."
        if service.role_name == "EdgeServer" and not any(t.split("-", 2)[1] == "Registrar" for t in service.depends):
            yield f"Edge service '{service.key}' has no next hop pool."


def _removed(new: Topology, current: Topology, homed: Iterable[str], routes: Iterable[str]) -> Iterable[str]:
    kept = {s.id for s in new.sites}
    for site in current.sites:
        if site.id not in kept and any(c.site == site.id for c in current.clusters):
            yield f"Site '{site.name}' is removed from the topology while it is in use."
    for fqdn in homed:
        if new.pool(fqdn) is None and current.pool(fqdn) is not None:
            yield f"Pool '{fqdn}' is removed from the topology while users are homed on it (orphaned users)."
    for route in routes:
        if new.service(route) is None and current.service(route) is not None:
            yield f"Service '{route}' is removed from the topology while a site's federation route leads to it."
    now = {m.fqdn.casefold(): c.fqdn for c in new.clusters for m in c.machines}
    for cluster in current.clusters:
        for machine in cluster.machines:
            pool = now.get(machine.fqdn.casefold())
            if pool is not None and pool.casefold() != cluster.fqdn.casefold():
                yield f"Machine '{machine.fqdn}' is moved from pool '{cluster.fqdn}' to pool '{pool}'."


@dataclass(frozen=True)
class TopologyChange:
    """What one document has that another has not. ``altered``: services or clusters in both, but not the same."""

    added_pools: tuple[Cluster, ...]
    removed_pools: tuple[Cluster, ...]
    added_services: tuple[Service, ...]
    removed_services: tuple[Service, ...]
    altered: tuple[tuple[Service | Cluster, Service | Cluster], ...]
    sites: bool  # sites or SIP domains differ

    @property
    def additive(self) -> bool:
        """Nothing that was there is gone. Ports and dependencies may have come to existing services."""
        return not (self.removed_pools or self.removed_services) and all(
            set(before.ports) <= set(after.ports)
            for before, after in self.altered
            if isinstance(before, Service) and isinstance(after, Service)
        )


def change(current: Topology, new: Topology) -> TopologyChange:
    before = {c.key: c for c in current.clusters}
    after = {c.key: c for c in new.clusters}
    services_before = {s.key: s for s in current.services}
    services_after = {s.key: s for s in new.services}
    altered: list[tuple[Service | Cluster, Service | Cluster]] = []
    altered += [(c, after[k]) for k, c in before.items() if k in after and after[k] != c]
    altered += [
        (s, services_after[k]) for k, s in services_before.items() if k in services_after and services_after[k] != s
    ]
    return TopologyChange(
        tuple(c for k, c in after.items() if k not in before),
        tuple(c for k, c in before.items() if k not in after),
        tuple(s for k, s in services_after.items() if k not in services_before),
        tuple(s for k, s in services_before.items() if k not in services_after),
        tuple(altered),
        (current.sites, current.domains, current.default_domain) != (new.sites, new.domains, new.default_domain),
    )
