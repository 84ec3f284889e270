# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The topology that Merge-CsLegacyTopology writes.

# rule: merged-document. The whole form is an inference: that site, pool and Edges come to the published document as
# elements like those of Lync Server, without setup and replication, with a version of their own. Nothing may depend
# on it. # source: learn gg398097 and gg398264 for the input file, whose names and types are checked here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from .legacy import BACK_COMPAT_SITE, VERSION, Ocs
from .topology import Topology, TopologyError, root_of, tag
from .topology_draft import ANY_ADDRESS, Draft

if TYPE_CHECKING:
    from collections.abc import Iterator

INPUT = "urn:schema:Microsoft.Rtc.Management.Deploy.LegacyUserInput.2008"
LIKE = 5  # roles and ports are taken from this version, then get their own number
FLAGS = {"true": True, "false": False, "1": True, "0": False}
VERSIONS = ("OCS2007", "OCS2007R2")


class InputError(Exception):
    """What is wrong with the input file, as one sentence."""


@dataclass(frozen=True)
class InputEdge:
    fqdn: str
    machines: tuple[str, ...]
    next_hop: str
    federation: bool
    web_conferencing_fqdn: str
    access_port: int = 5061
    external_web_conferencing_port: int = 443


def _flag(element: ElementTree.Element, name: str, default: str | None = None) -> bool:
    value = element.get(name, default)
    if value is None or value.strip() not in FLAGS:
        raise InputError(f"The '{name}' attribute of '{_local(element)}' is missing or is no Boolean.")
    return FLAGS[value.strip()]


def _port(element: ElementTree.Element | None, name: str, default: int) -> int:
    text = (element.get(name, str(default)) if element is not None else str(default)).strip()
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise InputError(f"The '{name}' attribute is no port: '{text}'.")
    return int(text)


def _local(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _fqdn(element: ElementTree.Element | None, name: str) -> str:
    value = (element.get(name) or "").strip() if element is not None else ""
    if "." not in value:
        raise InputError(f"The '{name}' attribute is missing or is no fully qualified domain name: '{value}'.")
    return value


def read_input(text: str) -> tuple[InputEdge, ...]:
    """The Edges of an input file."""
    try:
        root = root_of(text)
    except TopologyError as error:
        raise InputError(str(error)) from error
    if root.tag != tag("TopologyInput", INPUT):
        raise InputError(f"The root element is not TopologyInput of {INPUT}.")
    return tuple(
        _edge(element) for element in root.iterfind(f"{tag('EdgeClusters', INPUT)}/{tag('EdgeCluster', INPUT)}")
    )


def _edge(element: ElementTree.Element) -> InputEdge:
    def child(name: str) -> ElementTree.Element | None:
        return element.find(tag(name, INPUT))

    roles = [_flag(element, name) for name in ("AP", "MR", "DP")]
    if not roles[0]:
        raise InputError("An Edge without the Access Edge role is an expanded one, which is not supported.")
    if element.get("Version") not in VERSIONS:
        raise InputError(f"The 'Version' attribute is '{element.get('Version')}', not OCS2007 or OCS2007R2.")
    machines = tuple(
        _fqdn(m, "InternalFqdn") for m in element.iterfind(f"{tag('Machines', INPUT)}/{tag('Machine', INPUT)}")
    )
    balancer = child("LoadBalancer")
    if not machines:
        raise InputError("An EdgeCluster has no Machine.")
    return InputEdge(
        _fqdn(balancer, "InternalFqdn") if balancer is not None else machines[0],
        machines,
        _fqdn(child("DirectorOrEdgeNextHop"), "Fqdn"),
        _flag(element, "FederationEnabled", "false"),  # source: a page of the wizard: who misses it has to merge again
        (balancer.get("ExternalDPFqdn") or "").strip() if balancer is not None else "",
        _port(child("Ports"), "InternalAPPort", 5061),
        _port(child("Ports"), "ExternalDPPort", 443),
    )


class LegacyDraft(Draft):
    """A published document to which OCS is added."""

    def legacy_pool(self, fqdn: str, machines: tuple[str, ...], site: str) -> str:
        interfaces = [{"InterfaceSide": "Primary", "InterfaceNumber": "1", "IPAddress": ANY_ADDRESS}]
        cluster = self._cluster(fqdn, site, dict.fromkeys(machines, interfaces), setup=False)
        users = self._service("UserServices", LIKE, cluster)
        return self._service("Registrar", LIKE, cluster, depends=[users], details={"IsDirector": "false"})

    def legacy_edge(self, edge: InputEdge, ocs: Ocs, site: str, next_hop: str) -> None:
        own = edge.fqdn.casefold() == ocs.edge  # the console knows more of it than the file says
        access = ocs.access_fqdn if own else edge.fqdn
        key = self.edge_pool(
            edge.fqdn, site, LIKE, next_hop=next_hop, access_fqdn=access,
            web_conferencing_fqdn=edge.web_conferencing_fqdn or access, av_fqdn=access,
            machines=dict.fromkeys(edge.machines, (ANY_ADDRESS, (ocs.external_address if own else "") or ANY_ADDRESS, None)),
            web_conferencing_port=edge.external_web_conferencing_port,
            federation=edge.federation,
        )  # fmt: skip
        self.set_port(key, "AccessEdge", "SipServer", "Internal", edge.access_port)
        services = self._part("Services")
        for service in self._of_site(services, "Service", site):
            identity = service.find(tag("ServiceId"))
            if identity is not None and identity.get("RoleName") == "ManagementServices":
                services.remove(service)

    def _of_site(self, part: ElementTree.Element, name: str, site: str) -> Iterator[ElementTree.Element]:
        inner = {"Service": "ServiceId", "Cluster": "ClusterId"}[name]
        for element in list(part):
            identity = element.find(tag(inner))
            if identity is not None and identity.get("SiteId") == site:
                yield element

    def clear(self, site: str) -> None:
        for name in ("Services", "Clusters"):
            part = self._part(name)
            for element in self._of_site(part, name.removesuffix("s"), site):
                part.remove(element)

    def mark(self, site: str) -> None:
        """Of OCS, and not to be set up by Lync Server."""
        for service in self._of_site(self._part("Services"), "Service", site):
            service.set("ServiceVersion", str(VERSION))
        for cluster in self._of_site(self._part("Clusters"), "Cluster", site):
            cluster.attrib.update(RequiresReplication="false", RequiresSetup="false")


def merge(current: Topology, ocs: Ocs, edges: tuple[InputEdge, ...]) -> str:
    """Text of the merged document. A second merge of the same servers gives the same ones their old numbers."""
    draft = LegacyDraft.of(current)
    known = current.site(BACK_COMPAT_SITE)
    site = known.id if known is not None else draft.site(BACK_COMPAT_SITE, _free_id(current))
    draft.clear(site)
    pools: dict[str, str] = {}
    for fqdn, machines in ocs.pools.items():
        registrar = draft.legacy_pool(fqdn, machines, site)
        pools |= {name.casefold(): registrar for name in (fqdn, *machines)}
    for edge in edges:
        if edge.next_hop.casefold() not in pools:
            raise InputError(f"The next hop '{edge.next_hop}' is no server of Office Communications Server.")
        draft.legacy_edge(edge, ocs, site, pools[edge.next_hop.casefold()])
    draft.mark(site)
    merged = draft.topology()
    if known is not None and _servers(merged) == _servers(current):
        return current.text
    return merged.text


def _free_id(topology: Topology) -> str:
    return str(max((int(site.id) for site in topology.sites if site.id.isdigit()), default=0) + 1)


def _servers(topology: Topology) -> tuple[frozenset[object], ...]:
    return frozenset(topology.clusters), frozenset(topology.services)
