# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What computers have when the lab starts: the private authority's root, certificates in use, services that run.

source: certificate requirements for internal servers and for external user access (Lync 2013): names by role.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .certificates import Authority, Keys, Stored, certificates_of, subject
from .computers import Computer
from .legacy import EDGE_DISPLAY_NAME, FRONT_END_DISPLAY_NAME
from .legacy import SERVICE as OCS_SERVICE
from .services import OCS_GATEWAY, OCS_GATEWAY_DISPLAY_NAME, WindowsService, prepare, start, start_all
from .topology import Topology

if TYPE_CHECKING:
    from .world import World

KEYS = {"rsa2048": ("RSA", 2048), "ec256": ("ECDH_P256", 256)}
FRONT_END_USES = ("Default", "WebServicesInternal", "WebServicesExternal")
EDGE_USES = ("AccessEdgeExternal", "DataEdgeExternal", "AudioVideoAuthentication")


def equip(world: World) -> None:
    """Before services start: an authority, and its root on members of the domain and on whatever is in service."""
    keys = Keys()
    world.tables["keys"] = keys
    world.ca = Authority(world.estate.certificates.ca, keys, world.clock.now(), f"ca.{world.estate.domain}")
    for computer in world.computers.values():
        if computer.joined or computer.fqdn in world.replicas or computer.role == "gateway":
            certificates_of(computer).add(world.ca.stored(), "Root")


def equip_computer(world: World, computer: Computer, topology: Topology) -> None:
    """Certificates that a computer in service has, each assigned to its uses."""
    cluster = topology.pool_of(computer.fqdn)
    if cluster is None:
        return
    edge = topology.role_on(cluster, "EdgeServer")
    if edge is None:
        domains = [f"sip.{d}" for d in topology.domains]
        _assign(world, computer, cluster.fqdn, [cluster.fqdn, computer.fqdn, *domains], FRONT_END_USES)
        if (topology.version_of(cluster) or 0) > 5:
            _assign(world, computer, topology.default_domain, [topology.default_domain], ("OAuthTokenIssuer",))
        return
    _assign(world, computer, cluster.fqdn, [cluster.fqdn], ("Internal",))
    access, *others = _outside_names(edge)
    uses: tuple[str, ...] = EDGE_USES
    names = [access, *others, *(f"sip.{d}" for d in topology.domains)]
    if edge.port("XmppFederationProxy", "XmppServer", "External"):
        uses, names = (*uses, "XmppServer"), [*names, *topology.domains]
    _assign(world, computer, access, names, uses)


def _outside_names(edge: object) -> list[str]:
    ports = getattr(edge, "ports", ())
    names = [p.configured_fqdn for p in ports if p.side == "External" and p.configured_fqdn]
    return list(dict.fromkeys(names)) or ["edge"]


def _assign(world: World, computer: Computer, name: str, names: list[str], uses: tuple[str, ...]) -> None:
    now = world.clock.now()
    key = world.tables["keys"].next(*KEYS[world.estate.certificates.key])
    certificate = world.ca.issue(key.public, subject(name), names, now, days=world.estate.certificates.days)
    store = certificates_of(computer)
    thumbprint = store.add(Stored(certificate, key, exportable=True, friendly_name=f"{computer.host} {uses[0]}"))
    for use in uses:
        store.assign(use, thumbprint, now)


def start_services(world: World) -> None:
    """Everything that is in service runs; the old gateway's service too, unless the estate says otherwise."""
    prepare(world)
    for computer in world.computers.values():
        if computer.role == "gateway":
            service = WindowsService(OCS_GATEWAY, OCS_GATEWAY_DISPLAY_NAME, "TGWServer", lync=False)
            computer.windows_services[OCS_GATEWAY] = service
            if world.estate.gateway is not None and world.estate.gateway.running:
                start(world, computer, service)
        elif computer.fqdn in world.replicas:
            start_all(world, computer)
    for fqdn, display in _ocs_servers(world):
        ocs_server = world.computer(fqdn)
        if ocs_server is not None:
            service = WindowsService(OCS_SERVICE, display, "RTCSrv", lync=False)
            ocs_server.windows_services[OCS_SERVICE] = service
            start(world, ocs_server, service)


def _ocs_servers(world: World) -> list[tuple[str, str]]:
    if world.ocs is None:
        return []
    pool = [(fqdn, FRONT_END_DISPLAY_NAME) for machines in world.ocs.pools.values() for fqdn in machines]
    return [*pool, (world.ocs.edge, EDGE_DISPLAY_NAME)] if world.ocs.edge else pool
