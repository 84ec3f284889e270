# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A topology in the making: what Topology Builder does by hand, and Set-CsEdgeServer and its kin by cmdlet."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Self
from xml.etree import ElementTree

from .topology import NS_ROLES, Service, Topology, parse, root_of, service_key, tag, write
from .topology_roles import FEDERATION, ROLE_TABLE, XMPP, PortRow, RoleRow

_SIGNATURES = uuid.UUID("0c9a1c1e-5e2d-4f55-9a53-3d6b6b1f6a11")
ANY_ADDRESS = "0.0.0.0"  # noqa: S104  the document's word for "all addresses"; nothing is bound to it


def signature(seed: int, count: int) -> str:
    """The Signature of the count-th publish of an estate: new each time, the same in every run."""
    return str(uuid.uuid5(_SIGNATURES, f"{seed}/{count}"))


class Draft:
    """A topology document that is being changed. What it does not know about stays as it is."""

    def __init__(self, root: ElementTree.Element) -> None:
        self.root = root

    @classmethod
    def new(cls, domains: Sequence[str], default: str | None = None) -> Self:
        root = ElementTree.Element(tag("Topology"), {"Signature": str(uuid.UUID(int=0))})
        internal = ElementTree.SubElement(
            root, tag("InternalDomains"), {"AllowAllDomains": "false", "DefaultDomain": default or domains[0]}
        )
        for name in domains:
            ElementTree.SubElement(
                internal, tag("InternalDomain"), {"Name": name, "Authoritative": "false", "AllowSubDomains": "false"}
            )
        for name in ("Sites", "Clusters", "SqlInstances", "Services"):
            ElementTree.SubElement(root, tag(name))
        return cls(root)

    @classmethod
    def of(cls, topology: Topology) -> Self:
        return cls(root_of(topology.text))

    def topology(self, signature_value: str | None = None) -> Topology:
        if signature_value is not None:
            self.root.set("Signature", signature_value)
        return parse(write(self.root))

    # --- parts

    def _part(self, name: str) -> ElementTree.Element:
        part = self.root.find(tag(name))
        if part is None:
            raise KeyError(name)
        return part

    def site(self, name: str, site_id: str | None = None) -> str:
        sites = self._part("Sites")
        site_id = site_id or str(len(sites) + 1)
        element = ElementTree.SubElement(sites, tag("CentralSite"), {"SiteId": site_id})
        ElementTree.SubElement(element, tag("Name")).text = name
        ElementTree.SubElement(element, tag("Location"))
        return site_id

    def _cluster(
        self,
        fqdn: str,
        site: str,
        machines: Mapping[str, Sequence[Mapping[str, str]]],
        *,
        setup: bool = True,
        domains: bool = False,
    ) -> str:
        """``domains``: the machines are in fault and upgrade domains of their own, as Front Ends of one pool."""
        clusters = self._part("Clusters")
        taken = [int(i.get("Number", "0")) for i in clusters.iter(tag("ClusterId")) if i.get("SiteId") == site]
        number = max(taken, default=0) + 1
        flag = "true" if setup else "false"
        cluster = ElementTree.SubElement(
            clusters, tag("Cluster"), {"RequiresReplication": flag, "RequiresSetup": flag, "Fqdn": fqdn}
        )
        ElementTree.SubElement(cluster, tag("ClusterId"), {"SiteId": site, "Number": str(number)})
        for ordinal, (machine, interfaces) in enumerate(machines.items(), 1):
            places = (f"FaultDomain{ordinal}", f"UpgradeDomain{ordinal}") if domains else (machine, machine)
            element = ElementTree.SubElement(
                cluster,
                tag("Machine"),
                {
                    "OrdinalInCluster": str(ordinal),
                    "Fqdn": machine,
                    "FaultDomain": places[0],
                    "UpgradeDomain": places[1],
                },
            )
            for interface in interfaces:
                ElementTree.SubElement(element, tag("NetInterface"), dict(interface))
        return f"{site}:{number}"

    def _sql_instance(self, cluster: str, name: str) -> str:
        for known in self._part("SqlInstances").iter(tag("SqlInstanceId")):
            place = known.find(tag("ClusterId"))
            where = f"{place.get('SiteId')}:{place.get('Number')}" if place is not None else ""
            if where == cluster and (known.get("Name") or "").casefold() == name.casefold():
                return f"{cluster}/{known.get('Name')}"
        element = ElementTree.SubElement(
            ElementTree.SubElement(self._part("SqlInstances"), tag("SqlInstance")), tag("SqlInstanceId"), {"Name": name}
        )
        self._cluster_id(element, cluster)
        return f"{cluster}/{name}"

    @staticmethod
    def _cluster_id(parent: ElementTree.Element, cluster: str) -> None:
        site, _colon, number = cluster.partition(":")
        ElementTree.SubElement(parent, tag("ClusterId"), {"SiteId": site, "Number": number})

    def _service(
        self,
        role: str,
        version: int,
        cluster: str,
        *,
        sql: str | None = None,
        depends: Iterable[str] = (),
        details: Mapping[str, str] | None = None,
    ) -> str:
        services = self._part("Services")
        row: RoleRow = ROLE_TABLE[role]
        site = cluster.partition(":")[0]
        taken = [
            int(i.get("Instance", "0"))
            for s in services
            for i in s.findall(tag("ServiceId"))
            if (i.get("SiteId"), i.get("RoleName")) == (site, role)
        ]
        instance = max(taken, default=0) + 1
        attributes = {"RoleVersion": str(row.role_version), "ServiceVersion": str(version)}
        service = ElementTree.SubElement(
            services, tag("Service"), attributes | ({"Type": row.type} if row.type else {})
        )
        ElementTree.SubElement(service, tag("ServiceId"), {"SiteId": site, "RoleName": role, "Instance": str(instance)})
        ElementTree.SubElement(service, tag("DependsOn"))
        installed = ElementTree.SubElement(service, tag("InstalledOn"))
        if sql is not None:
            installed = ElementTree.SubElement(installed, tag("SqlInstanceId"), {"Name": sql.partition("/")[2]})
        self._cluster_id(installed, cluster)
        ports = ElementTree.SubElement(service, tag("Ports", NS_ROLES))
        for port in row.ports:
            if port.since <= version:
                self._port(ports, port)
        if row.element:
            ElementTree.SubElement(service, tag(row.element, NS_ROLES), dict(details or {}))
        key = f"{site}-{role}-{instance}"
        for target in depends:
            self.depend(key, target)
        return key

    @staticmethod
    def _port(ports: ElementTree.Element, row: PortRow, **changes: str) -> None:
        ElementTree.SubElement(
            ports,
            tag("Port", NS_ROLES),
            {
                "Owner": row.owner,
                "Usage": row.usage,
                "InterfaceSide": row.side,
                "InterfaceNumber": "1",
                "Port": str(row.port),
                "Protocol": row.protocol,
                "UrlPath": row.path,
                "AuthorizesRequests": "true" if row.authorizes else "false",
                **dict(row.extra),
                **changes,
            },
        )

    def _find(self, key: str) -> ElementTree.Element:
        for service in self._part("Services"):
            identity = service.find(tag("ServiceId"))
            if identity is not None and service_key(identity) == key:
                return service
        raise KeyError(key)

    # --- pools

    def front_end_pool(
        self,
        fqdn: str,
        site: str,
        version: int,
        *,
        machines: Mapping[str, str] | None = None,
        web_fqdn: str | None = None,
        internal_web_fqdn: str | None = None,
        share: str = "share",
        file_server: str | None = None,
        sql_server: str | None = None,
        sql: str = "rtc",
        central_management: bool = False,
    ) -> str:
        """A Standard Edition server with SQL instance and share of its own, or an Enterprise pool: several machines, a
        SQL host and a file server. Returns the key of the Registrar."""
        machines = machines or {fqdn: ANY_ADDRESS}
        cluster = self._cluster(
            fqdn,
            site,
            {
                machine: [
                    {"InterfaceSide": side, "InterfaceNumber": "1", "IPAddress": address}
                    for side in ("Primary", "External")
                ]
                for machine, address in machines.items()
            },
            domains=tuple(machines) != (fqdn,),
        )
        host = self._host(sql_server, site) if sql_server else cluster
        instance = self._sql_instance(host, sql)
        keeper = self._host(file_server, site) if file_server else cluster
        files = self._service("FileStore", version, keeper, details={"ShareName": share})
        user_store = self._service("UserStore", version, host, sql=instance)
        users = self._service("UserServices", version, cluster, depends=[user_store, files])
        web = self._service("WebServices", version, cluster, depends=[files, users])
        external = ElementTree.SubElement(
            self._find(web).find(tag("WebService", NS_ROLES)),  # type: ignore[arg-type]
            tag("ExternalSettings", NS_ROLES),
            {"Host": web_fqdn or fqdn},
        )
        ElementTree.SubElement(external, tag("OverrideUrls", NS_ROLES))
        if internal_web_fqdn:
            self.set_web_fqdn(web, "InternalSettings", internal_web_fqdn)
        conferencing = self._service("ConfServices", version, cluster, depends=[files, web, users])
        self.depend(users, conferencing)
        registrar = self._service(
            "Registrar",
            version,
            cluster,
            depends=[users, web],
            details={"IsDirector": "false", "IsPoolEnabledForSAOnEdge": "false"},
        )
        applications = self._service("ApplicationStore", version, host, sql=instance)
        self._service("ApplicationServer", version, cluster, depends=[registrar, files, applications])
        if central_management:
            store = self._service("CentralMgmtStore", version, host, sql=instance)
            self._service("CentralMgmt", version, cluster, depends=[store, files], details={"IsActive": "true"})
        return registrar

    def _host(self, fqdn: str, site: str) -> str:
        """The SQL host or file server; made where the document has none of this name."""
        for cluster in self._part("Clusters"):
            identity = cluster.find(tag("ClusterId"))
            if identity is not None and (cluster.get("Fqdn") or "").casefold() == fqdn.casefold():
                return f"{identity.get('SiteId')}:{identity.get('Number')}"
        return self._cluster(fqdn, site, {fqdn: ()}, setup=False)

    def set_web_fqdn(self, key: str, element: str, fqdn: str) -> None:
        """``element``: ExternalSettings as in published documents; InternalSettings is an inference after it."""
        service = self._find(key).find(tag("WebService", NS_ROLES))
        if service is None:
            raise KeyError(key)
        settings = service.find(tag(element, NS_ROLES))
        if settings is None:
            settings = ElementTree.SubElement(service, tag(element, NS_ROLES))
        settings.set("Host", fqdn)

    def organisation(self, domains: Sequence[str], sites: Sequence[str]) -> None:
        """SIP domains and sites of a document that has none yet."""
        internal = self._part("InternalDomains")
        internal.set("DefaultDomain", domains[0])
        for name in domains:
            ElementTree.SubElement(
                internal, tag("InternalDomain"), {"Name": name, "Authoritative": "false", "AllowSubDomains": "false"}
            )
        for name in sites:
            self.site(name)

    def edge_pool(
        self,
        fqdn: str,
        site: str,
        version: int,
        *,
        next_hop: str,
        access_fqdn: str,
        web_conferencing_fqdn: str,
        av_fqdn: str,
        machines: Mapping[str, tuple[str, str, str | None]],
        client_port: int = 443,
        web_conferencing_port: int = 444,
        federation: bool = False,
        xmpp: bool = False,
    ) -> str:
        """``machines``: FQDN -> internal, external and public address (the last where it is translated).
        Returns the key of the EdgeServer service."""

        def interfaces(internal: str, external: str, public: str | None) -> list[Mapping[str, str]]:
            outer = {"InterfaceSide": "External", "InterfaceNumber": "1", "IPAddress": external}
            if public and public != external:
                outer["ConfiguredIPAddress"] = public
            return [{"InterfaceSide": "Internal", "InterfaceNumber": "1", "IPAddress": internal}, outer]

        cluster = self._cluster(fqdn, site, {name: interfaces(*addresses) for name, addresses in machines.items()})
        edge = self._service("EdgeServer", version, cluster, depends=[next_hop])
        for port in self._ports(edge):
            where = (port.get("Owner"), port.get("Usage"), port.get("InterfaceSide"))
            if where == ("urn:component:AccessEdge", "SipClient", "External"):
                port.attrib.update(Port=str(client_port), ConfiguredFqdn=access_fqdn)
            elif where == ("urn:component:DataEdge", "PsomClient", "External"):
                port.attrib.update(Port=str(web_conferencing_port), ConfiguredFqdn=web_conferencing_fqdn)
            elif where == ("urn:component:MediaRelayEdge", "TURNServer", "External"):
                port.set("ConfiguredFqdn", av_fqdn)
        if federation:
            self.enable_federation(edge, access_fqdn)
        if xmpp:
            self.enable_xmpp(edge)
        self._service("ManagementServices", version, cluster)
        return edge

    def _ports(self, key: str) -> ElementTree.Element:
        ports = self._find(key).find(tag("Ports", NS_ROLES))
        if ports is None:
            raise KeyError(key)
        return ports

    def enable_federation(self, edge: str, access_fqdn: str, port: int = 5061) -> None:
        self._port(self._ports(edge), FEDERATION[0], Port=str(port), ConfiguredFqdn=access_fqdn)

    def enable_xmpp(self, edge: str) -> None:
        for row in XMPP:
            self._port(self._ports(edge), row)

    # --- changes

    def depend(self, key: str, target: str) -> None:
        depends = self._find(key).find(tag("DependsOn"))
        if depends is None:
            raise KeyError(key)
        site, role, instance = target.split("-", 2)
        dependency = ElementTree.SubElement(depends, tag("Dependency"), {"Usage": "Default"})
        ElementTree.SubElement(dependency, tag("ServiceId"), {"SiteId": site, "RoleName": role, "Instance": instance})

    def depend_on_role(self, key: str, role: str, target: str | None) -> None:
        """Make ``target`` the one service of that role which ``key`` depends on; None clears it."""
        depends = self._find(key).find(tag("DependsOn"))
        if depends is None:
            raise KeyError(key)
        for dependency in list(depends):
            identity = dependency.find(tag("ServiceId"))
            if identity is not None and identity.get("RoleName") == role:
                depends.remove(dependency)
        if target is not None:
            self.depend(key, target)

    def associate_edge(self, topology: Topology, pool: str, edge: Service | None) -> None:
        """The pool's Edge for media and federation: a dependency of its Registrar and its conferencing service."""
        cluster = topology.pool(pool)
        if cluster is None:
            raise KeyError(pool)
        for service in topology.services_on(cluster):
            if service.role_name in ("Registrar", "ConfServices", "MediationServer"):
                self.depend_on_role(service.key, "EdgeServer", edge.key if edge else None)

    def set_port(self, key: str, owner: str, usage: str, side: str, port: int, protocol: str | None = None) -> bool:
        """Change the number of an existing port; False where the service has no such port."""
        for element in self._ports(key):
            if (element.get("Owner"), element.get("Usage"), element.get("InterfaceSide")) == (
                f"urn:component:{owner}",
                usage,
                side,
            ) and protocol in (None, element.get("Protocol")):
                element.set("Port", str(port))
                return True
        return False

    def remove_port(self, key: str, owner: str, usage: str, side: str) -> bool:
        ports = self._ports(key)
        for element in list(ports):
            if (element.get("Owner"), element.get("Usage"), element.get("InterfaceSide")) == (
                f"urn:component:{owner}",
                usage,
                side,
            ):
                ports.remove(element)
                return True
        return False

    def remove_pool(self, fqdn: str) -> None:
        topology = self.topology()
        cluster = topology.pool(fqdn)
        if cluster is None:
            raise KeyError(fqdn)
        services = self._part("Services")
        for service in topology.services_on(cluster):
            services.remove(self._find(service.key))
        instances = self._part("SqlInstances")
        for element in list(instances):
            if any(f"{i.get('SiteId')}:{i.get('Number')}" == cluster.key for i in element.iter(tag("ClusterId"))):
                instances.remove(element)
        clusters = self._part("Clusters")
        for element in list(clusters):
            if element.get("Fqdn") == cluster.fqdn:
                clusters.remove(element)
