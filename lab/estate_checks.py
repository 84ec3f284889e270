# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an estate must not contradict. Each check raises one sentence with the place of the key that is wrong."""

from __future__ import annotations

import ipaddress
import re
import typing as t
from datetime import datetime

from .estate import HOMED_KINDS, Edge, Estate, Host, Person, Pool, Users
from .estate_blocks import Checks, is_name
from .estate_file import Document, EstateError
from .organisation.back_end import wrong as wrong_curve
from .organisation.media import PACKAGES
from .organisation.names import SCRIPTS
from .organisation.population import ODDITIES
from .organisation.preparation import PRODUCTS as PREPARATIONS
from .organisation.settings import POLICY_FLAGS, access_edge_defaults
from .organisation.unknowns import Unknowns

VERSIONS = (5, 6, 7, 8)
PRODUCTS = ("lync_2010", "lync_2013", "sfb_2015", "sfb_2019", "ocs_xmpp_gateway", "ocs_2007_r2")
GROUPS = (
    "lync_2013_front_ends",
    "lync_2013_edges",
    "lync_legacy_front_ends",
    "lync_legacy_edges",
    "lync_legacy_gateway",
    "sfb_2019_front_ends",
    "sfb_2019_edges",
    "lync_vantage",
)
WINDOWS = {"6.1": ("2.0", "3.0", "4.0"), "6.2": ("3.0", "4.0"), "6.3": ("4.0", "5.0", "5.1"), "10.0": ("5.1",)}
LANGUAGES = ("en", "de", "ja")
RECORDS = ("A", "AAAA", "CNAME", "MX", "NS", "SRV", "TXT", "TLSA")
URLS = ("Meet", "Dialin", "Cscp")
PARTNER_TYPES = ("Federated", "PublicVerified", "PublicUnverified")
NEGOTIATIONS = ("Required", "Optional", "NotSupported")


class Checker(Checks):
    def check(self) -> None:
        for step in (
            self.names,
            self.structure,
            self.routes,
            self.directory,
            self.ocs,
            self.gateway,
            self.hosts,
            self.internal_names,
            self.domains,
            self.users,
            self.policies,
            self.zones,
            self.rest,
        ):
            step()

    # --- checks ----------------------------------------------------------------------------------------------------
    def names(self) -> None:
        e = self.e
        self.name(e, "domain", "sip_domains")
        if not e.sip_domains:
            self.fail(e, "sip_domains", "at least one SIP domain is needed; the first one is the default.")
        if len({d.casefold() for d in e.sip_domains}) != len(e.sip_domains):
            self.fail(e, "sip_domains", "a SIP domain is there twice.")
        self.one_of(e, "language", LANGUAGES)
        if not re.fullmatch(r"[a-z0-9_-]{1,64}", e.name):
            self.fail(e, "name", f"{e.name!r} is not made of lower-case letters, digits, '-' and '_'.")

    def structure(self) -> None:
        e = self.e
        self.unique(e.sites, "name", "the site")
        self.unique([s for s in e.sites if s.id], "id", "the SiteId")
        self.unique([*e.pools, *e.edges], "fqdn", "the pool")
        if e.pools and not e.sites:
            self.fail(e, "pools", "a pool needs a site; list one under 'sites'.")
        machines: dict[str, str] = {}
        both: tuple[Pool | Edge, ...] = (*e.pools, *e.edges)
        for pool in both:
            self.name(pool, "fqdn", "machines")
            self.one_of(pool, "version", VERSIONS)
            if not pool.site and len(e.sites) > 1:
                self.fail(pool, "site", f"{pool.fqdn} needs its site, because there are several.")
            self.reference(pool, "site", self.sites, "site")
            for machine in pool.machines or (pool.fqdn,):
                if machine.casefold() in machines:
                    self.fail(pool, "machines", f"{machine} is already a machine of {machines[machine.casefold()]}.")
                machines[machine.casefold()] = pool.fqdn
        self.machines = machines
        for pool in e.pools:
            self.one_of(pool, "kind", ("standard", "enterprise"))
            self.name(pool, "sql", "file_store", "external_web_fqdn", "internal_web_fqdn")
            if pool.kind == "standard" and (pool.machines not in ((), (pool.fqdn,)) or pool.sql):
                self.fail(
                    pool, "kind", f"{pool.fqdn} is a Standard Edition server: no machines of its own, no SQL host."
                )
            if pool.kind == "enterprise" and not (pool.machines and pool.sql):
                self.fail(pool, "kind", f"the Enterprise pool {pool.fqdn} needs 'machines' and 'sql'.")
            self.reference(pool, "edge", self.edges, "Edge")
        for edge in e.edges:
            self.name(edge, "access_fqdn", "web_conferencing_fqdn", "av_fqdn", "next_hop")
            self.address(edge, "internal_address", False)
            self.address(edge, "external_address", True)
            self.address(edge, "public_address", True)
            known = {machine.casefold() for machine in edge.machines or (edge.fqdn,)}
            for machine, sides in edge.addresses.items():
                if machine.casefold() not in known or not sides.keys() <= {"internal", "external", "public"}:
                    self.fail(
                        edge, "addresses", f"{machine} is no machine of {edge.fqdn} with internal, external, public."
                    )
            self.reference(edge, "next_hop", self.pools, "pool")
            if not edge.next_hop and not self.pools:
                self.fail(edge, "next_hop", f"the Edge {edge.fqdn} needs a pool as its next hop, and there is none.")
            if not 0 < edge.client_port < 65536:
                self.fail(edge, "client_port", f"{edge.client_port} is no TCP port.")
            if edge.xmpp and edge.version < 6:
                self.fail(edge, "xmpp", f"{edge.fqdn} is Lync Server 2010, whose Edge has no XMPP ports.")
        self.reference(e, "central_management", self.pools, "pool")
        if e.pools and not e.central_management:
            self.fail(e, "central_management", "name the pool that holds the Central Management store.")

    def routes(self) -> None:
        for site in self.e.sites:
            for key, flag, what in (("federation_route", "federation", "federation"), ("xmpp_route", "xmpp", "XMPP")):
                self.reference(site, key, self.edges, "Edge")
                route = getattr(site, key)
                if route and not getattr(self.edges[route.casefold()], flag):
                    self.fail(site, key, f"the Edge {route} has no {what} ports, so no route can lead to it.")
        names = {key for key, site in self.sites.items()}
        if "backcompatsite" in names and len(names) == 1:
            self.fail(self.e, "sites", "BackCompatSite is only ever beside another site.")

    def directory(self) -> None:
        e = self.e
        if e.prepared_for:
            self.one_of(e, "prepared_for", PREPARATIONS)
        for unit in e.organizational_units:
            if not re.match(r"(?i)(OU|CN)=", unit.name):
                self.fail(unit, "name", f"{unit.name!r} does not begin with OU= or CN=.")
        if e.replication.directory < 0:
            self.fail(e.replication, "directory", "a delay cannot be negative.")

    def ocs(self) -> None:
        ocs = self.e.ocs
        if ocs is None:
            return
        self.name(
            ocs, "pool", "machines", "more_pools", "edge", "access_fqdn", "web_conferencing_fqdn", "av_fqdn", "allowed_domains",
            "internal_servers", "federation_fqdn",
        )  # fmt: skip
        self.address(ocs, "internal_address", False)
        self.address(ocs, "external_address", True)
        self.one_of(ocs, "global_settings", ("configuration", "system"))
        if any(pool.version < 6 for pool in self.e.pools):
            self.fail(ocs, "", "Office Communications Server beside Lync Server 2010 is one version too many.")
        if ocs.edge and not ocs.access_fqdn:
            self.fail(ocs, "access_fqdn", f"the Edge {ocs.edge} needs the FQDN of its Access Edge.")
        if ocs.pool.casefold() in self.pools or ocs.edge.casefold() in self.edges:
            self.fail(ocs, "pool", f"{ocs.pool} or its Edge is one of Lync Server as well.")

    def gateway(self) -> None:
        gateway = self.e.gateway
        if gateway is None:
            return
        self.name(gateway, "fqdn", "partners")
        ocs = {self.e.ocs.edge.casefold(): self.e.ocs} if self.e.ocs is not None and self.e.ocs.edge else {}
        self.reference(gateway, "edge", {**self.edges, **ocs}, "Edge")
        self.address(gateway, "address", True)
        known = {partner.domain.casefold() for partner in self.e.partners}
        for domain in gateway.partners:
            if domain.casefold() not in known:
                self.fail(gateway, "partners", f"{domain} is not one of the estate's partners.")

    def hosts(self) -> None:
        e = self.e
        self.unique(e.hosts, "fqdn", "the host")
        self.unique([h for h in e.hosts if h.inventory], "inventory", "the inventory name")
        edges = {m.casefold() for edge in e.edges for m in edge.machines or (edge.fqdn,)}
        for host in e.hosts:
            self.name(host, "fqdn")
            self.one_of(host, "windows", WINDOWS)
            if host.powershell not in WINDOWS[host.windows]:
                self.fail(
                    host,
                    "powershell",
                    f"Windows {host.windows} has PowerShell {' or '.join(WINDOWS[host.windows])},"
                    f" not {host.powershell!r}.",
                )
            if host.product is not None:
                self.one_of(host, "product", PRODUCTS)
            for group in host.groups:
                if group not in GROUPS:
                    self.fail(host, "groups", f"{group!r} is none of the inventory groups {', '.join(GROUPS)}.")
            if host.build and not re.fullmatch(r"\d+(\.\d+){3}", host.build):
                self.fail(host, "build", f"{host.build!r} is no build such as 4.0.7577.230.")
            self.address(host, "internal_address", False)
            self.address(host, "external_address", True)
            folded = host.fqdn.casefold()
            if host.workgroup and folded in self.machines and folded not in edges:
                self.fail(host, "workgroup", f"{host.fqdn} is a Front End server, which has to be a domain member.")
            if not host.workgroup and not folded.endswith("." + e.domain.casefold()):
                self.fail(
                    host,
                    "fqdn",
                    f"{host.fqdn} is not in the domain {e.domain}; say 'workgroup: true' if it is in none.",
                )
            self._outfit(host)
            if host.in_service and folded not in self.machines:
                self.fail(host, "in_service", f"{host.fqdn} is not a machine of any pool or Edge.")

    def _outfit(self, host: Host) -> None:
        if host.bare:
            for key in ("product", "features", "packages", "sql_instances", "in_service", "sql"):
                if getattr(host, key):
                    self.fail(host, key, f"{host.fqdn} is bare: nothing is installed on it yet.")
            if host.windows == "10.0":
                self.fail(host, "windows", f"{host.fqdn} is to have Lync Server 2013, which needs 2012 R2 or older.")
            if host.fqdn.casefold() in self.machines:
                self.fail(host, "bare", f"{host.fqdn} is in the topology already, so something is installed on it.")
        self.one_of(host, "installation", ("Server", "Server Core"))
        for what in host.restart_pending:
            if what not in ("features", "windows_update", "file_rename"):
                self.fail(host, "restart_pending", f"{what!r} is none of features, windows_update, file_rename.")
        for name in host.restart_after:
            if name.casefold() not in {p.file.casefold() for p in PACKAGES}:
                self.fail(host, "restart_after", f"{name!r} is none of the installers on the media.")

    def internal_names(self) -> None:
        for name, addresses in self.e.internal_names.items():
            if not is_name(name):
                self.fail(self.e, "internal_names", f"{name!r} is not a fully qualified domain name.")
            for address in addresses:
                try:
                    ipaddress.IPv4Address(address)
                except ValueError:
                    self.fail(self.e, "internal_names", f"{address!r} is no IPv4 address.")

    def domains(self) -> None:
        e = self.e
        own = {d.casefold() for d in e.sip_domains}
        for entries, what in (
            (e.allowed_domains, "the allowed domain"),
            (e.xmpp_partners, "the XMPP partner"),
            (e.partners, "the partner"),
        ):
            self.unique(entries, "domain", what)
            for entry in entries:
                self.name(entry, "domain")
                if entry.domain.casefold() in own:
                    self.fail(entry, "domain", f"{entry.domain} is a SIP domain of the organisation itself.")
        for entry in e.allowed_domains:
            self.name(entry, "proxy")
        for partner in e.partners:
            self.address(partner, "address", True)
            if not ((partner.tls and partner.sasl_external) or partner.dialback):
                self.fail(
                    partner, "dialback", f"{partner.domain} could authenticate nobody: no dialback, no SASL over TLS."
                )
        if e.xmpp_partners and not any(pool.version > 5 for pool in e.pools):
            self.fail(e.xmpp_partners[0], "", "an XMPP partner needs a pool of Lync Server 2013 or later.")
        for row in e.xmpp_partners:
            self.name(row, "additional_domains", "proxy_fqdn")
            self.one_of(row, "partner_type", PARTNER_TYPES)
            self.one_of(row, "tls_negotiation", NEGOTIATIONS)
            self.one_of(row, "sasl_negotiation", NEGOTIATIONS)
            usable = "NotSupported" not in (row.tls_negotiation, row.sasl_negotiation)
            if not row.support_dialback_negotiation and not usable:
                self.fail(row, "", f"{row.domain} can negotiate nothing: without dialback it needs SASL and TLS.")

    def users(self) -> None:
        own = {d.casefold() for d in self.e.sip_domains}
        per_user = {name.removeprefix("Tag:").casefold() for name in self.e.policies if not name.startswith("Site:")}
        seen: set[str] = set()
        pools: dict[str, t.Any] = {**self.pools}
        if self.e.ocs is not None:
            pools |= {name.casefold(): self.e.ocs for name in (self.e.ocs.pool, *self.e.ocs.more_pools)}
            per_user |= {name.casefold() for name in self.e.ocs.policies}
        for one in self.e.homed_objects:
            self.one_of(one, "kind", HOMED_KINDS)
            self.reference(one, "pool", pools, "pool")
        for entry in self.e.users:
            self.reference(entry, "pool", pools, "pool")
            if not re.match(r"(?i)(OU|CN)=", entry.container):
                self.fail(entry, "container", f"{entry.container!r} does not begin with OU= or CN=.")
            for kind, name in entry.policies.items():
                if kind == "ExternalAccessPolicy" and name.casefold() not in per_user - {"global"}:
                    self.fail(entry, "policies", f"there is no external access policy {name} that can be granted.")
            if isinstance(entry, Users):
                if entry.count < 0 or entry.first < 0 or entry.disabled_every < 0:
                    self.fail(entry, "count", "counts cannot be negative.")
                for script in entry.scripts:
                    if script not in SCRIPTS:
                        self.fail(entry, "scripts", f"{script!r} is none of {', '.join(SCRIPTS)}.")
                for domain, weight in entry.domains.items():
                    if domain.casefold() not in own or weight < 0:
                        self.fail(
                            entry,
                            "domains",
                            f"{domain} is not a SIP domain of the organisation, or its share is negative.",
                        )
                if not entry.scripts or (entry.domains and not sum(entry.domains.values())):
                    self.fail(entry, "scripts" if not entry.scripts else "domains", "the list must not be empty.")
            else:
                self.person(entry, own, seen)

    def person(self, person: Person, own: set[str], seen: set[str]) -> None:
        scheme, _colon, address = person.sip.partition(":")
        user, _at, domain = address.rpartition("@")
        if scheme != "sip" or not user or "@" in user:
            self.fail(person, "sip", f"{person.sip!r} is not a SIP address such as sip:name@{self.e.sip_domains[0]}.")
        if domain.casefold() not in own:
            self.fail(person, "sip", f"{domain} is not a SIP domain of the organisation.")
        if person.sip.casefold() in seen:
            self.fail(person, "sip", f"{person.sip} is there twice.")
        seen.add(person.sip.casefold())
        for oddity in person.oddities:
            if oddity not in ODDITIES:
                self.fail(person, "oddities", f"{oddity!r} is no oddity; there are {', '.join(ODDITIES)}.")
        if person.pool and person.hosting_provider != "SRV:":
            self.fail(person, "pool", f"{person.sip} is online, so it has no pool here.")

    def policies(self) -> None:
        for identity, row in self.e.policies.items():
            scope, _colon, name = identity.rpartition(":")
            if identity != "Global" and scope not in ("", "Tag", "Site"):
                self.fail(self.e, "policies", f"{identity!r} is not Global, Site:<name>, Tag:<name> or a name.")
            if scope == "Site" and name.casefold() not in self.sites:
                self.fail(self.e, "policies", f"there is no site {name} for the policy {identity}.")
            for flag, value in row.items():
                if flag == "Description" and isinstance(value, str):
                    continue
                if flag not in POLICY_FLAGS or not isinstance(value, bool):
                    self.fail(
                        self.e, "policies", f"{identity}.{flag} is not one of {', '.join(POLICY_FLAGS)} with yes or no."
                    )
        known = access_edge_defaults()
        for key, value in self.e.access_edge.items():
            if key not in known or type(value) is not type(known[key]):
                self.fail(
                    self.e, "access_edge", f"{key} with {value!r} is no setting of the Access Edge configuration."
                )

    def zones(self) -> None:
        self.unique(self.e.zones, "name", "the zone")
        for zone in self.e.zones:
            self.name(zone, "name")
            if zone.ttl < 0:
                self.fail(zone, "ttl", "a TTL cannot be negative.")
            for record in zone.records:
                self.one_of(record, "type", RECORDS)
                if record.name != "@" and not is_name(record.name.removeprefix("*."), 1):
                    self.fail(record, "name", f"{record.name!r} is no name relative to {zone.name}.")
                if record.type == "SRV" and not re.fullmatch(r"\d+ \d+ \d+ \S+", record.value):
                    self.fail(record, "value", f"{record.value!r} is not 'priority weight port target'.")
                if record.type == "A":
                    try:
                        ipaddress.IPv4Address(record.value)
                    except ValueError:
                        self.fail(record, "value", f"{record.value!r} is no IPv4 address.")

    def rest(self) -> None:
        e = self.e
        for name, answer in e.unknowns.items():
            try:
                Unknowns({name: answer})
            except ValueError as error:
                self.fail(e, "unknowns", str(error))
        for cmdlet, seconds in e.latency.items():
            if seconds < 0:
                self.fail(e, "latency", f"{cmdlet} cannot take less than no time.")
        curve = wrong_curve(e.moves_per_second)
        if curve:
            self.fail(e, "moves_per_second", curve)
        if e.replication.lag < 0 or any(value < 0 for value in e.replication.replicas.values()):
            self.fail(e, "replication", "a lag cannot be negative.")
        if e.clock is not None:
            try:
                datetime.fromisoformat(e.clock)
            except ValueError:
                self.fail(e, "clock", f"{e.clock!r} is no ISO moment such as 2026-11-21T08:00:00+00:00.")
        for url in e.simple_urls:
            if url not in URLS:
                self.fail(e, "simple_urls", f"{url!r} is none of {', '.join(URLS)}.")
        if e.certificates.key not in ("rsa2048", "ec256"):
            self.fail(e, "certificates", f"{e.certificates.key!r} is neither rsa2048 nor ec256.")


def check(estate: Estate, document: Document) -> None:
    Checker(estate, document).check()


__all__ = ["EstateError", "check", "is_name"]
