# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Get-, Publish-, Enable- and Test-CsTopology.

# source: Publish-CsTopology (Lync 2013 reference) takes what Get-CsTopology -AsXml prints, no .tbxml, writes a backup
# of the topology it replaces to %TEMP% or -BackupFileName, and leaves the simple URLs to be made again.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from ..organisation.central_store import is_empty
from ..organisation.deployment import SERVICE_VERSIONS, publish
from ..organisation.topology import Topology, TopologyError, parse
from ..organisation.topology_draft import Draft
from ..organisation.topology_rules import problems
from ..organisation.topology_view import computer_properties, pool_properties, service_properties, site_properties
from ..powershell.values import Psobj, text_of
from . import Call, cmdlet
from ._servers import (
    DEPLOYMENT,
    LYNC,
    central_store,
    failed,
    full_path,
    read_file,
    report,
    store_of,
    task_output,
    temporary,
    warn,
    write_file,
)

_BACKUPS = uuid.UUID("f9f3c8b4-8d0c-4f5e-8c3d-5b8a1d0d5b0e")


@cmdlet("Get-CsTopology", module=LYNC, class_name="Microsoft.Rtc.Management.Deployment.GetTopologyCmdlet")
def get_topology(call: Call) -> Psobj | None:
    topology: Topology = store_of(call).topology
    if is_empty(topology):  # [inf] nothing was published yet, so there is nothing to print
        return None
    if call.p.get("AsXml"):
        return Psobj("System.Xml.Linq.XDocument", topology.text)
    return describe(topology)


def describe(topology: Topology) -> Psobj:
    """# source: members of DefaultTopology as published scripts use them; their ids as Get-CsTopology prints them."""

    def part(kind: str, text: str, **properties: object) -> Psobj:
        return Psobj(f"Microsoft.Rtc.Management.Deploy.Internal.{kind}", text, properties)

    clusters = [
        part(
            "Cluster",
            c.fqdn,
            ClusterId=c.key,
            **pool_properties(topology, c),
            Machines=[m.fqdn for m in c.machines],
            InstalledServices=[s.key for s in topology.services_on(c)],
        )
        for c in topology.clusters
    ]
    machines = [
        part("Machine", m.fqdn, MachineId=f"{c.key}-{m.ordinal}", Cluster=c.fqdn, **computer_properties(c, m))
        for c in topology.clusters
        for m in c.machines
    ]
    sites = [
        part("Site", s.name, Name=s.name, Kind="CentralSite", **site_properties(topology, s)) for s in topology.sites
    ]
    services = [part("Service", s.key, **service_properties(topology, s)) for s in topology.services]
    return part(
        "DefaultTopology",
        "Microsoft.Rtc.Management.Deploy.Internal.DefaultTopology",
        Signature=topology.signature,
        InternalDomains=list(topology.domains),
        Sites=sites,
        Clusters=clusters,
        Machines=machines,
        Services=services,
        SqlInstances=[i.key for i in topology.instances],
    )


@cmdlet("Publish-CsTopology", writes=True, module=LYNC, class_name=DEPLOYMENT + "PublishTopologyCmdlet")
def publish_topology(call: Call) -> Iterator[Psobj]:
    current: Topology = central_store(call).topology
    if call.p.get("FinalizeUninstall"):
        raise failed(call, "topology-refused", reason="The topology still has pools, so it cannot be uninstalled.")
    new = _document(call)  # rule: former-topology
    _check(call, new, current)
    if not call.should_process(new.signature, force=True):
        return
    name = f"Publish-CSTopology-Backup-{uuid.uuid5(_BACKUPS, current.signature)}.xml"
    write_file(call, str(call.p.get("BackupFileName") or temporary(call, name)), current.text.encode("utf-8"))
    published = publish(call.world, Draft.of(new))
    _forget(call, published)
    report(call)
    yield describe(published)


def _document(call: Call) -> Topology:
    if call.p.get("FileName"):
        path = str(call.p["FileName"])
        document: bytes | str = read_file(call, path)
        if full_path(call, path).lower().endswith(".tbxml"):
            raise failed(call, "topology-refused", reason="A Topology Builder file (.tbxml) cannot be published.")
    else:
        document = text_of(call.p["Document"])
    try:
        return parse(document)
    except TopologyError as error:
        raise failed(call, "topology-refused", reason=str(error)) from error


def _check(call: Call, new: Topology, current: Topology) -> None:
    homed = {pool for user in call.world.ad if (pool := user.registrar_pool)}
    routes = [
        str(row[route])
        for row in call.world.cms.rows("site").values()
        for route in ("FederationRoute", "XmppFederationRoute")
        if row.get(route)
    ]
    # rule: first-publish
    found = problems(new, None if is_empty(current) else current, homed, routes) + _computers(call, new, current)
    found += _hosts(call, new, current)
    own = SERVICE_VERSIONS.get(call.computer.edition or "", 0)
    newest = max((s.version for s in new.services), default=0)
    if newest > own:  # source: tools of one version cannot manage objects of the next (administering after migration)
        found.append(f"The topology has services of version {newest}, which these tools do not know.")
    if found:
        report(call, "Failed")
        raise failed(call, "topology-refused", call.p.get("FileName", ""), reason=" ".join(found))


def _computers(call: Call, new: Topology, current: Topology) -> list[str]:
    """# source: the computers of a topology, Edges apart, are members of the domain before it is published."""
    missing = []
    for cluster in new.clusters:
        if (
            not cluster.setup
            or current.pool(cluster.fqdn) is not None
            or new.role_on(cluster, "EdgeServer") is not None
        ):
            continue
        for machine in cluster.machines:
            computer = call.world.computer(machine.fqdn)
            if computer is None or not computer.joined:
                missing.append(f"The computer '{machine.fqdn}' does not exist in Active Directory.")
    return missing


def _hosts(call: Call, new: Topology, current: Topology) -> list[str]:
    """# rule: share-and-instance
    # source: V:publish-cstopology and L:lync-server-2013-publish-your-topology: the file share is there, with full
    # control for the groups of the forest's preparation, and the SQL Server is reached; the texts are [inf]. A share of a
    # Standard Edition server is only looked at where the estate lists the shares of that server.
    """
    missing = []
    for service in new.services:
        cluster = new.cluster(service.cluster)
        if cluster is None or current.by_key(service.key) is not None:
            continue
        host = call.world.computer(cluster.fqdn)
        if service.role_name == "FileStore":
            share = str(service.detail("ShareName"))
            listed = {name.casefold() for name in host.shares} if host is not None else set()
            if share.casefold() not in listed and (not cluster.setup or listed):
                missing.append(f"The file share '\\\\{cluster.fqdn}\\{share}' cannot be found.")
            elif host is not None and not host.shares_granted:
                missing.append(f"Access to the file share '\\\\{cluster.fqdn}\\{share}' is denied.")
        elif service.sql is not None and not cluster.setup:
            instance = service.sql.partition("/")[2]
            known = host.sql_instances if host is not None else set()
            if (instance or "MSSQLSERVER").upper() not in known:
                missing.append(f"The SQL Server instance '{instance}' on '{cluster.fqdn}' cannot be found.")
    return list(dict.fromkeys(missing))


@cmdlet("Set-CsWebServer", writes=True, module=LYNC, class_name="Microsoft.Rtc.Management.Xds.SetOcsWebServerCmdlet")
def set_web_server(call: Call) -> None:
    """The FQDNs of a pool's web services. # rule: internal-web-fqdn"""
    current: Topology = central_store(call).topology
    text = str(call.p.get("Identity", ""))
    service = current.service(text if ":" in text else f"WebServer:{text}")
    if service is None or service.role_name != "WebServices":
        raise failed(call, "item-not-found", text)
    draft = Draft.of(current)
    for parameter, element in (("InternalFqdn", "InternalSettings"), ("ExternalFqdn", "ExternalSettings")):
        if parameter in call.p:
            draft.set_web_fqdn(service.key, element, str(call.p[parameter]))
    if call.should_process(current.identity(service), impact="Medium"):
        publish(call.world, draft)


def _forget(call: Call, published: Topology) -> None:
    """What the document does not hold and a publish loses."""
    world = call.world
    for identity, row in world.cms.rows("simple_url_configuration").items():
        if row.get("SimpleUrl"):
            world.put("simple_url_configuration", identity, {**row, "SimpleUrl": ()})
            warn(call, "publish-drops-simple-urls")
    if not world.unknowns.yes("publish_keeps_routes"):
        for identity, row in world.cms.rows("site").items():
            if row.get("FederationRoute") or row.get("XmppFederationRoute"):
                world.put("site", identity, {**row, "FederationRoute": None, "XmppFederationRoute": None})
    for site in list(world.cms.rows("site")):
        if published.site(site) is None:
            world.remove("site", site)


@cmdlet("Enable-CsTopology", writes=True, module=LYNC, class_name=DEPLOYMENT + "EnableTopologyCmdlet")
def enable_topology(call: Call) -> Iterator[Psobj]:
    topology: Topology = central_store(call).topology
    if not call.should_process(topology.signature, force=True):
        return
    call.world.tables["trusted_services"] = {cluster.fqdn.casefold() for cluster in topology.clusters}
    call.world.tables["enabled_signature"] = topology.signature
    if not any(row.get("SimpleUrl") for row in call.world.cms.rows("simple_url_configuration").values()):
        warn(call, "enable-without-simple-urls")
    report(call)
    yield describe(topology)


@cmdlet("Test-CsTopology", module=LYNC, class_name=DEPLOYMENT + "TestTopologyCmdlet")
def test_topology(call: Call) -> Iterator[Psobj]:
    topology: Topology = central_store(call).topology
    wanted = {cluster.fqdn.casefold() for cluster in topology.clusters}
    missing = sorted(wanted - set(call.world.tables.get("trusted_services", ())))
    report(call)
    if missing:
        raise failed(call, "topology-not-enabled", missing[0])
    yield task_output(topology.default_domain)
