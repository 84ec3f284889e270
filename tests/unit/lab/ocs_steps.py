# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps of a migration from Office Communications Server, so that a test can start in the middle of one."""

from __future__ import annotations

from ansible_collections.lync.xmpp_migration.lab.estate import Edge, Pool
from ansible_collections.lync.xmpp_migration.lab.organisation.topology_estate import EstateTopology
from ansible_collections.lync.xmpp_migration.lab.organisation.world import World
from ansible_collections.lync.xmpp_migration.tests.unit.lab.worlds import Answer, Host, world_of

FE, EDGE, OCS, OCS_EDGE = (
    "pool2013.contoso.test",
    "edge2013.contoso.test",
    "ocspool.contoso.test",
    "ocsedge.contoso.test",
)
FIRST, INPUT, MERGED = r"C:\first.xml", r"C:\edges.xml", r"C:\merged.xml"
ESTATE = """
name: ocs
domain: contoso.test
sip_domains: [contoso.test]
prepared_for: ocs_2007_r2
certificates: {key: ec256}
replication: {directory: 20}
ocs:
  pool: ocspool.contoso.test
  edge: ocsedge.contoso.test
  access_fqdn: sip.contoso.test
  policies: {LegacyFederation: {EnableFederationAccess: true}}
  conference_directories: [1, 10]
gateway: {fqdn: xmppgw.contoso.test, edge: ocsedge.contoso.test, address: 203.0.113.30}
partners: [{domain: fabrikam.test, address: 203.0.113.50}]
hosts:
  - {fqdn: pool2013.contoso.test, groups: [lync_2013_front_ends], product: lync_2013, sql_instances: [RTC],
     packages: {"Microsoft Lync Server 2013, WMI Backward Compatibility": 5.0.8308.0}}
  - {fqdn: edge2013.contoso.test, product: lync_2013, workgroup: true}
users:
  - {count: 3, pool: ocspool.contoso.test, policies: {ExternalAccessPolicy: LegacyFederation}}
  - {sip: "sip:blank@contoso.test", display_name: Blank, pool: ocspool.contoso.test, oddities: {name: " Blank"}}
"""


def estate(**changes: str) -> World:
    text = ESTATE
    for old, new in changes.items():
        text = text.replace(old, new)
    return world_of(text)


def prepare(w: World, fe: Host) -> None:
    for cmdlet in ("Install-CsAdServerSchema", "Enable-CsAdForest", "Enable-CsAdDomain"):
        fe.call(cmdlet, Confirm=False).ok()
        w.clock.advance(21)


def make_store(fe: Host, host: str = FE) -> None:
    where = {"SqlServerFqdn": host, "SqlInstanceName": "RTC"}
    fe.call("Install-CsDatabase", CentralManagementDatabase=True, Confirm=False, **where).ok()
    fe.call("Set-CsConfigurationStoreLocation", Force=True, **where).ok()


def first_document(w: World) -> bytes:
    draft = EstateTopology.new(["contoso.test"])
    draft.site("Redmond", "1")
    estate = type("E", (), {"central_management": FE, "hosts": ()})()
    draft.add_pool(estate, Pool(FE, 6))
    draft.add_edge(estate, Edge(EDGE, 6, "access.contoso.test", next_hop=FE))
    return draft.topology("5d0a0000-0000-0000-0000-000000000000").text.encode()


def publish(w: World, fe: Host, path: str, content: bytes | None = None) -> None:
    if content is not None:
        w.files.write(fe.session.computer, path, content)
    fe.call("Publish-CsTopology", FileName=path, Force=True).ok()
    fe.call("Enable-CsTopology", Force=True).ok()


def edges_file(federation: str = "true", **changes: str) -> bytes:
    text = f"""<?xml version="1.0" encoding="utf-8"?>
<TopologyInput xmlns="urn:schema:Microsoft.Rtc.Management.Deploy.LegacyUserInput.2008">
 <EdgeClusters><EdgeCluster AP="true" MR="true" DP="true" Version="OCS2007R2" FederationEnabled="{federation}">
  <LoadBalancer InternalFqdn="ocsedge.contoso.test" ExternalDPFqdn="webconf.contoso.test" />
  <Machines><Machine InternalFqdn="ocsedge.contoso.test" /></Machines>
  <Ports InternalAPPort="5061" InternalDPPort="8057" ExternalDPPort="443" />
  <DirectorOrEdgeNextHop Fqdn="ocspool.contoso.test" />
 </EdgeCluster></EdgeClusters>
 <RegistrarClusterPort EnableAutoDiscoveryOfPorts="true" Port="5061" />
</TopologyInput>"""
    for old, new in changes.items():
        text = text.replace(old, new)
    return text.encode()


def merge(w: World, fe: Host, federation: str = "true") -> None:
    w.files.write(fe.session.computer, INPUT, edges_file(federation))
    fe.call("Merge-CsLegacyTopology", TopologyXmlFileName=MERGED, UserInputFileName=INPUT, Confirm=False).ok()
    publish(w, fe, MERGED)


def coexisting(**changes: str) -> tuple[World, Host]:
    """Store, pool and Edge of 2013 published, OCS merged and imported; the pool's Front End service runs."""
    w = estate(**changes)
    fe = Host(w, FE)
    prepare(w, fe)
    make_store(fe)
    publish(w, fe, FIRST, first_document(w))
    merge(w, fe)
    fe.call("Import-CsLegacyConfiguration", Confirm=False).ok()
    run_front_end(w)
    return w, fe


def run_front_end(w: World) -> None:
    from ansible_collections.lync.xmpp_migration.lab.organisation.services import WindowsService

    w.computers[FE].windows_services["RTCSRV"] = WindowsService("RTCSRV", "Lync Server Front-End", status="Running")


def wire(w: World, fe: Host) -> None:
    """The pool federates through the OCS Edge, whose console knows it."""
    from ansible_collections.lync.xmpp_migration.lab import consoles

    fe.call("Set-CsSite", Identity="Redmond", FederationRoute=f"EdgeServer:{OCS_EDGE}").ok()
    fe.call("Set-CsRegistrar", Identity=f"Registrar:{FE}", EdgeServer=f"EdgeServer:{OCS_EDGE}").ok()
    consoles.act(w, "ocs_edge_internal_list", FE)


def said(answer: Answer) -> str:
    """The message of the first error."""
    return str(answer.errors[0]["exceptions"][0]["message"])


def broken(w: World) -> list[str]:
    return [f"{v['law']} {v['key']}" for v in w.laws.violations]
