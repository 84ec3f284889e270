# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The estate: an organisation written down in YAML, as plain values. ``lab/README.md`` documents every key."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .estate_file import Document, EstateError

#: All that a migration needs. Those that the directory does not have yet count once it has them.
OPERATOR_GROUPS = (
    "Domain Admins",
    "Enterprise Admins",
    "Schema Admins",
    "RTCUniversalServerAdmins",
    "RTCUniversalUserAdmins",
    "CsAdministrator",
)


@dataclass(frozen=True)
class Site:
    name: str
    id: int = 0  # 0: numbered in the order of the file
    description: str = ""
    federation_route: str | None = None  # FQDN of an Edge pool
    xmpp_route: str | None = None


@dataclass(frozen=True)
class Pool:
    fqdn: str
    version: int  # 5 Lync 2010, 6 Lync 2013, 7 Skype for Business 2015, 8 Skype for Business 2019
    site: str = ""  # empty: the only site
    kind: str = "standard"  # standard | enterprise
    machines: tuple[str, ...] = ()  # empty: the pool's own FQDN (Standard Edition)
    edge: str | None = None  # the Edge pool its Registrar uses
    sql: str | None = None  # SQL host; None: local on a Standard Edition server
    sql_instance: str = "RTC"  # on the SQL host
    file_store: str | None = None  # file server; None: the pool itself
    share: str = ""  # empty: the first label of the pool, then -share
    external_web_fqdn: str = ""  # empty: webext- before the pool's FQDN
    internal_web_fqdn: str = ""  # empty: the pool's FQDN
    director: bool = False
    test_users: tuple[str, ...] = ()  # SIP addresses in its health monitoring configuration


@dataclass(frozen=True)
class Edge:
    fqdn: str
    version: int
    access_fqdn: str
    site: str = ""
    machines: tuple[str, ...] = ()
    next_hop: str = ""  # empty: the first pool of its site
    web_conferencing_fqdn: str = ""  # empty: as access_fqdn
    av_fqdn: str = ""
    internal_address: str = ""
    external_address: str = ""
    public_address: str = ""
    addresses: dict[str, dict[str, str]] = field(default_factory=dict)  # machine -> internal, external, public
    client_port: int = 443
    federation: bool = False  # AccessEdgeExternalSipPort 5061 exists
    xmpp: bool = False  # the two XMPP ports exist


@dataclass(frozen=True)
class Gateway:
    """The OCS 2007 R2 XMPP gateway: beside the topology, reached by federation through an Edge."""

    fqdn: str
    edge: str
    address: str = ""
    partners: tuple[str, ...] = ()  # domains on its XMPP Allow List; empty: every partner of the estate
    running: bool = True


@dataclass(frozen=True)
class Ocs:
    """An Office Communications Server 2007 R2 pool and its Edge: in Active Directory and in its own consoles only."""

    pool: str
    machines: tuple[str, ...] = ()  # empty: the pool's own FQDN
    more_pools: tuple[str, ...] = ()  # Standard Edition servers beside it, in other places
    edge: str = ""  # internal FQDN of its Access Edge; empty: it has none
    access_fqdn: str = ""
    web_conferencing_fqdn: str = ""
    av_fqdn: str = ""
    internal_address: str = ""
    external_address: str = ""
    allowed_domains: tuple[str, ...] = ()  # on the Edge's Allow list, to the gateway; empty: all of the gateway's
    internal_servers: tuple[str, ...] = ()  # on the Edge's Internal tab, beside the pool itself
    federation_fqdn: str = ""  # global properties, Federation tab; empty: the Edge
    global_settings: str = "configuration"  # configuration | system: the container in Active Directory
    policies: dict[str, dict[str, Any]] = field(default_factory=dict)  # what Import-CsLegacyConfiguration makes of them
    conference_directories: tuple[int, ...] = ()


@dataclass(frozen=True)
class OrganizationalUnit:
    name: str  # "OU=Staff", below the domain
    inheritance_broken: bool = False


@dataclass(frozen=True)
class Sql:
    """A SQL Server that is there already, for a pool that is to come."""

    instances: tuple[str, ...] = ("RTC",)


@dataclass(frozen=True)
class Host:
    """A Windows computer. Machines of pools and Edges that are not listed get one with defaults."""

    fqdn: str
    inventory: str = ""  # name in the inventory; empty: the host part
    groups: tuple[str, ...] = ()
    windows: str = "6.2"
    powershell: str = "3.0"
    culture: str = "en-US"
    workgroup: bool = False
    product: str | None = None  # lync_2010 | lync_2013 | sfb_2015 | sfb_2019 | ocs_xmpp_gateway
    tools: bool = True  # the product's Management Shell is installed
    sql_instances: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    packages: dict[str, str] = field(default_factory=dict)
    internal_address: str = ""
    external_address: str = ""
    in_service: bool | None = None  # None: yes, when the topology has it: store, components, services, certificates
    reachable: bool = True
    build: str = ""  # of the product, as its replica reports it: 4.0.7577.230; empty: as released
    second_hop: bool = True  # False: a session's credentials end here, as over plain WinRM; no directory, no SQL
    bare: bool = False  # Windows alone, with the product's media in drive D:
    sql: Sql | None = None
    shares: tuple[str, ...] = ()
    shares_granted: bool = True  # False: the product's groups have no access to them
    installation: str = "Server"  # or "Server Core"
    free_gb: float = 60.0
    clock_skew: float = 0.0  # seconds that its clock is ahead
    restart_pending: tuple[str, ...] = ()  # features, windows_update, file_rename
    restart_after: tuple[str, ...] = ()  # installers that want a restart here, by file name
    registry: dict[str, dict[str, Any]] = field(default_factory=dict)  # key below HKLM: -> values; null: not there
    winrm: dict[str, str] = field(default_factory=dict)  # Shell\MaxShellsPerUser: "5"
    inside_names: bool | None = None  # None: not on a bare host in a workgroup


@dataclass(frozen=True)
class AllowedDomain:
    domain: str
    proxy: str | None = None
    comment: str | None = None


@dataclass(frozen=True)
class Partner:
    """An XMPP organisation outside: what its server really can do."""

    domain: str
    address: str = ""
    tls: bool = True
    sasl_external: bool = True
    dialback: bool = True


@dataclass(frozen=True)
class XmppPartner:
    """An XMPP partner in the Central Management store."""

    domain: str
    additional_domains: tuple[str, ...] = ()
    partner_type: str = "PublicUnverified"  # Federated | PublicVerified | PublicUnverified
    tls_negotiation: str = "Required"
    sasl_negotiation: str = "Required"
    support_dialback_negotiation: bool = True
    proxy_fqdn: str | None = None


@dataclass(frozen=True)
class Record:
    name: str  # relative to the zone; "@" is the zone itself
    type: str
    value: str  # as a zone file writes it
    ttl: int | None = None


@dataclass(frozen=True)
class Zone:
    name: str
    ttl: int = 3600
    records: tuple[Record, ...] = ()


@dataclass(frozen=True)
class Replication:
    lag: float = 0.0  # seconds of lab time from a change to a replica
    replicas: dict[str, float] = field(default_factory=dict)  # other values, by replica FQDN
    directory: float = 0.0  # seconds of lab time until every domain controller has a preparation


@dataclass(frozen=True)
class Certificates:
    """How the lab's certificates are made. Every in-service computer gets what its role needs, from one private CA."""

    ca: str = "Contoso Lab Root CA"
    key: str = "rsa2048"  # rsa2048 | ec256 (quick, for tests)
    days: int = 730


@dataclass(frozen=True)
class Users:
    """A list entry that makes many users."""

    count: int
    pool: str
    first: int = 1
    prefix: str = "user"
    domains: dict[str, int] = field(default_factory=dict)  # {contoso.test: 9, wingtip.test: 1}: nine, then one, again
    scripts: tuple[str, ...] = ("latin",)  # organisation.names lists them; used in turn
    container: str = "OU=Staff"
    policies: dict[str, str] = field(default_factory=dict)
    disabled_every: int = 0  # 50: each fiftieth is disabled


@dataclass(frozen=True)
class Person:
    """A user written down by hand."""

    sip: str
    display_name: str = ""
    pool: str | None = None  # RegistrarPool; None with home_server: an OCS user; None alone: not assigned
    home_server: str | None = None
    enabled: bool = True
    ad_only: bool = False
    hosting_provider: str = "SRV:"
    container: str = "OU=Staff"
    policies: dict[str, str] = field(default_factory=dict)
    oddities: dict[str, Any] = field(default_factory=dict)


HOMED_KINDS = (
    "common_area_phone", "analog_device", "exchange_um_contact", "meeting_room", "access_number",
    "response_group_workflow", "response_group_queue", "response_group_agents", "conference_directory",
)  # fmt: skip


@dataclass(frozen=True)
class HomedObject:
    """Something that is homed on a pool and is no user; one of HOMED_KINDS."""

    kind: str
    name: str
    pool: str
    number: str = ""  # tel:+1425...; of a conference directory, its number


@dataclass(frozen=True)
class Estate:
    name: str
    domain: str  # Active Directory domain
    sip_domains: tuple[str, ...]  # the first is the default
    sites: tuple[Site, ...] = ()
    central_management: str = ""  # pool FQDN
    pools: tuple[Pool, ...] = ()
    edges: tuple[Edge, ...] = ()
    gateway: Gateway | None = None
    ocs: Ocs | None = None
    hosts: tuple[Host, ...] = ()
    users: tuple[Users | Person, ...] = ()
    homed_objects: tuple[HomedObject, ...] = ()
    policies: dict[str, dict[str, Any]] = field(default_factory=dict)  # external access policies by identity
    access_edge: dict[str, Any] = field(default_factory=dict)
    allowed_domains: tuple[AllowedDomain, ...] = ()
    xmpp_partners: tuple[XmppPartner, ...] = ()
    partners: tuple[Partner, ...] = ()
    simple_urls: dict[str, tuple[str, ...]] = field(default_factory=dict)  # Meet, Dialin, Cscp
    certificates: Certificates = field(default_factory=Certificates)
    zones: tuple[Zone, ...] = ()
    replication: Replication = field(default_factory=Replication)
    latency: dict[str, float] = field(default_factory=dict)  # cmdlet -> seconds of lab time
    moves_per_second: tuple[tuple[float, ...], ...] = ()  # moves at once, users per second: points of a curve
    internal_names: dict[str, tuple[str, ...]] = field(default_factory=dict)  # FQDN -> addresses, beside the hosts'
    domain_admins: tuple[str, ...] = ()  # logon names that may move protected accounts
    prepared_for: str = ""  # product that Active Directory is prepared for; empty: the newest of the estate
    operator_groups: tuple[str, ...] = OPERATOR_GROUPS  # of the domain's accounts that sign in
    organizational_units: tuple[OrganizationalUnit, ...] = ()  # beside those in which the users are
    language: str = "en"  # en | de | ja
    seed: int = 1
    clock: str | None = None  # ISO moment at which the lab's clock starts
    unknowns: dict[str, Any] = field(default_factory=dict)
    migration: dict[str, Any] = field(default_factory=dict)  # the lync_migration variable for this estate
    coexistence: dict[str, Any] = field(default_factory=dict)  # lync_coexistence, for one with Skype for Business 2019


DIRECTORY = Path(__file__).resolve().parent / "estates"


def load(source: str | Path, users: int | None = None) -> Estate:
    """An estate from a file, or by the name of one that comes with the lab. EstateError says what is wrong, and where."""
    from .estate_checks import check

    path = Path(source)
    if not path.suffix and not path.exists():
        path = DIRECTORY / f"{source}.yml"
    document = Document.open(path)
    estate: Estate = document.read(Estate)
    check(estate, document)
    return estate if users is None else with_users(estate, users)


def loads(text: str, name: str = "estate.yml") -> Estate:
    """An estate from YAML text."""
    from .estate_checks import check

    document = Document(text, name)
    estate: Estate = document.read(Estate)
    check(estate, document)
    return estate


def with_users(estate: Estate, total: int) -> Estate:
    """The same estate with so many users in all: the first generated group grows or shrinks."""
    others = sum(entry.count if isinstance(entry, Users) else 1 for entry in estate.users)
    group = next((entry for entry in estate.users if isinstance(entry, Users)), None)
    if group is None:
        raise EstateError(f"The estate {estate.name} has no generated users, so their number cannot be set.")
    count = total - (others - group.count)
    if count < 0:
        raise EstateError(
            f"The estate {estate.name} has {others - group.count} users beside the generated ones; {total} is too few."
        )
    return replace(estate, users=tuple(replace(e, count=count) if e is group else e for e in estate.users))
