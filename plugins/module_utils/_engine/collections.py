# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The typed collections that modules read: which cmdlet lists them, what identifies a row, which properties it has.

Only what a published Lync Server 2013 knows is asked for. Rows are never looked up by a server's own search for an
identity, because what a server answers where there is none has no published error id: collections are read whole and
filtered here, where that is affordable, and else by what answers with no row (an LDAP filter, `Get-Module`).

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .calls import Cmdlet, Query
from .errors import InvalidRequest

ORGANISATION = "organisation"
#: Where Windows keeps its primary DNS suffix: the one to be, and the one in force since the last start.
TCPIP, KEPT_SUFFIX, SUFFIX = r"HKLM:\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters", "NV Domain", "Domain"


@dataclass(frozen=True)
class Collection:
    name: str
    cmdlet: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    identity: str = "Identity"
    properties: tuple[str, ...] = ()
    #: cms | ad: one for the organisation; host | local: each host has its own; dns: the name servers' zones
    store: str = "cms"
    #: the collection whose changes arrive here by replication
    replica_of: str | None = None
    #: the parameter that takes a query's identity; None: read whole, filter here
    narrow: str | None = None
    #: the identity of the only row, where the row has none of its own; "" = that of the query
    constant: str | None = None
    #: error ids that say: there is no such row
    absent: frozenset[str] = frozenset()


def _table(*collections: Collection) -> dict[str, Collection]:
    return {one.name: one for one in collections}


_LOCAL = {"LocalStore": True}
_XMPP_PARTNER = (
    "Identity", "Domain", "AdditionalDomains", "PartnerType", "TlsNegotiation", "SaslNegotiation",
    "SupportDialbackNegotiation", "EnableKeepAlive", "ConnectionLimit", "ProxyFqdn", "Description",
)  # fmt: skip

_DATABASE = (
    "SqlServerFqdn", "SqlInstanceName", "DatabaseName", "InstalledVersion", "ExpectedVersion", "Succeed",
)  # fmt: skip

COLLECTIONS: Mapping[str, Collection] = _table(
    Collection(
        "site", "Get-CsSite",
        properties=("Identity", "SiteId", "SiteType", "DisplayName", "Description", "ParentSite", "Services", "Pools",
                    "FederationRoute", "XmppFederationRoute"),
    ),
    Collection(
        "pool", "Get-CsPool",
        properties=("Identity", "Fqdn", "Site", "Computers", "Services", "BackupPoolFqdn"),
    ),
    Collection("computer", "Get-CsComputer", properties=("Identity", "Fqdn", "Pool")),
    Collection(
        "edge_server", "Get-CsService", {"EdgeServer": True},
        properties=("Identity", "PoolFqdn", "SiteId", "Version", "ServiceId", "Registrar", "AccessEdgeInternalSipPort",
                    "AccessEdgeExternalSipPort", "AccessEdgeClientSipPort", "AccessEdgeExternalFqdn",
                    "DataEdgeExternalFqdn", "AVEdgeExternalFqdn", "InternalInterfaceFqdn", "XmppListeningPort",
                    "XmppInternalPort", "DependentServiceList"),
    ),
    Collection(
        "registrar", "Get-CsService", {"Registrar": True},
        properties=("Identity", "PoolFqdn", "SiteId", "Version", "ServiceId", "EdgeServer", "XmppGatewaySipPort",
                    "DependentServiceList"),
    ),
    Collection(
        "web_server", "Get-CsService", {"WebServer": True},
        properties=("Identity", "PoolFqdn", "InternalFqdn", "ExternalFqdn"),
    ),
    Collection(
        "front_end_service", "Get-CsService",
        properties=("Identity", "PoolFqdn", "SiteId", "Version", "ServiceId", "Role", "DependentServiceList"),
    ),
    Collection("sip_domain", "Get-CsSipDomain", properties=("Identity", "Name", "IsDefault")),
    Collection(
        "user", "Get-CsUser", store="ad", identity="SipAddress", narrow="LdapFilter",
        properties=("SipAddress", "Identity", "Guid", "DisplayName", "SamAccountName", "Enabled", "RegistrarPool",
                    "HomeServer", "HostingProvider", "ExternalAccessPolicy"),
    ),
    Collection(
        "external_access_policy", "Get-CsExternalAccessPolicy",
        properties=("Identity", "Description", "EnableFederationAccess", "EnableXmppAccess", "EnablePublicCloudAccess",
                    "EnablePublicCloudAudioVideoAccess", "EnableOutsideAccess"),
    ),
    Collection(
        "access_edge_configuration", "Get-CsAccessEdgeConfiguration",
        properties=("Identity", "AllowAnonymousUsers", "AllowFederatedUsers", "AllowOutsideUsers", "BeClearingHouse",
                    "EnablePartnerDiscovery", "EnableArchivingDisclaimer", "EnableUserReplicator",
                    "KeepCrlsUpToDateForPeers", "MarkSourceVerifiableOnOutgoingMessages",
                    "OutgoingTlsCountForFederatedPartners", "RoutingMethod"),
    ),
    Collection("xmpp_partner", "Get-CsXmppAllowedPartner", properties=_XMPP_PARTNER),
    Collection(
        "local_xmpp_partner", "Get-CsXmppAllowedPartner", _LOCAL, properties=_XMPP_PARTNER, store="local",
        replica_of="xmpp_partner",
    ),
    Collection(
        "xmpp_gateway_configuration", "Get-CsXmppGatewayConfiguration",
        properties=("Identity", "ConnectionLimit", "PartnerConnectionLimit", "KeepAliveInterval",
                    "StreamEstablishmentTimeout", "StreamInactivityTimeout", "SubscriptionRefreshInterval",
                    "EnableLoggingAllMessageBodies"),
    ),
    Collection(
        "allowed_domain", "Get-CsAllowedDomain",
        properties=("Identity", "Domain", "ProxyFqdn", "Comment", "MarkForMonitoring"),
    ),
    Collection(
        "simple_url_configuration", "Get-CsSimpleUrlConfiguration",
        properties=("Identity", "SimpleUrl", "UseBackendDatabase"),
    ),
    Collection(
        "certificate_use", "Get-CsCertificate", store="host", identity="Use",
        properties=("Use", "Thumbprint", "Subject", "Issuer", "AlternativeNames", "NotBefore", "NotAfter",
                    "SerialNumber", "EffectiveDate", "PreviousThumbprint", "UpdateTime", "SourceScope"),
    ),
    Collection(
        "stored_certificate", "Get-ChildItem", {"LiteralPath": "Cert:\\LocalMachine\\My"}, store="host",
        identity="Thumbprint",
        properties=("Thumbprint", "Subject", "Issuer", "NotBefore", "NotAfter", "SerialNumber", "HasPrivateKey",
                    "RawData"),
    ),
    Collection(
        "windows_service", "Get-CsWindowsService", store="host", identity="Name",
        properties=("Name", "DisplayName", "Status", "ActivityLevel", "RoleName"),
    ),
    Collection(
        "replica", "Get-CsManagementStoreReplicationStatus", identity="ReplicaFqdn",
        properties=("ReplicaFqdn", "UpToDate", "LastStatusReport", "LastUpdateCreation", "ProductVersion"),
    ),
    Collection("topology_document", "Get-CsTopology", {"AsXml": True}, properties=(".",), constant="document"),
    Collection(
        "local_topology_document", "Get-CsTopology", {"AsXml": True, **_LOCAL}, properties=(".",), constant="document",
        store="local", replica_of="topology_document",
    ),
    Collection("store_location", "Get-CsConfigurationStoreLocation", properties=("BackEndServer",), constant="store"),
    Collection(
        "effective_policy", "Get-CsEffectivePolicy", store="ad", narrow="Identity", constant="",
        properties=("ExternalAccessPolicy",),
    ),
    Collection(
        "component", "Get-Service", store="host", identity="Name", properties=("Name", "DisplayName", "Status"),
    ),
    # Processes of services: when they were started is known nowhere else.
    Collection("process", "Get-Process", store="host", identity="ProcessName", properties=("ProcessName", "StartTime")),
    Collection(
        "listening_port", "Get-NetTCPConnection", {"State": "Listen"}, store="host", identity="LocalPort",
        properties=("LocalPort", "LocalAddress", "OwningProcess"),
    ),
    Collection(
        "file", "Get-Item", store="host", identity="FullName", narrow="LiteralPath",
        properties=("FullName", "Length", "LastWriteTimeUtc"), absent=frozenset({"PathNotFound", "DriveNotFound"}),
    ),
    Collection(
        "module", "Get-Module", {"ListAvailable": True}, store="host", identity="Name", narrow="Name",
        properties=("Name", "Version", "Path"),
    ),
    # Each reads the databases of one SQL server, so what identifies them is the server that was asked about.
    Collection(
        "database", "Test-CsDatabase", {"ConfiguredDatabases": True}, narrow="SqlServerFqdn", constant="",
        properties=_DATABASE,
    ),
    Collection(
        "local_database", "Test-CsDatabase", {"LocalService": True}, store="host", constant="local",
        properties=_DATABASE,
    ),
    # Test-CsDatabase of the Central Management store itself, which no topology has to name.
    Collection(
        "central_database", "Test-CsDatabase", {"CentralManagementDatabase": True}, narrow="SqlServerFqdn", constant="",
        properties=_DATABASE,
    ),
    # The cmdlets answer with the name of a state, so the row is that name.
    Collection("ad_schema", "Get-CsAdServerSchema", store="ad", constant="schema", properties=(".",)),
    Collection("ad_forest", "Get-CsAdForest", store="ad", constant="forest", properties=(".",)),
    Collection("ad_domain", "Get-CsAdDomain", store="ad", constant="domain", properties=(".",)),
    Collection("conference_directory", "Get-CsConferenceDirectory", properties=("Identity", "ServiceId")),
    # Windows itself. On Windows Server 2008 R2 a feature has no InstallState.
    Collection(
        "windows_feature", "Get-WindowsFeature", store="host", identity="Name",
        properties=("Name", "Installed", "InstallState"),
    ),
    # The values of one key: a query asks for them by their names.
    Collection(
        "registry", "Get-ItemProperty", store="host", narrow="LiteralPath", constant="", properties=("PSChildName",),
        absent=frozenset({"PathNotFound"}),
    ),
    # Get-ItemProperty says nothing of a key that has no value; this says that it is there.
    Collection(
        "registry_key", "Get-Item", store="host", narrow="LiteralPath", constant="", properties=("Name",),
        absent=frozenset({"PathNotFound"}),
    ),
    # What is listed under Programs and Features, programs of 32 bits too.
    Collection(
        "installed_program", "Get-ItemProperty",
        {"Path": ["HKLM:\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\*",
                  "HKLM:\\SOFTWARE\\WOW6432Node\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\*"]},
        store="host", identity="DisplayName", properties=("DisplayName", "DisplayVersion"),
    ),
    # One row whose properties are the names of instances: a query asks for those it means.
    Collection(
        "sql_instance", "Get-ItemProperty",
        {"LiteralPath": "HKLM:\\SOFTWARE\\Microsoft\\Microsoft SQL Server\\Instance Names\\SQL"},
        store="host", constant="instances", properties=("RTC",), absent=frozenset({"PathNotFound"}),
    ),
    Collection(
        "root_certificate", "Get-ChildItem", {"LiteralPath": "Cert:\\LocalMachine\\Root"}, store="host",
        identity="Thumbprint", properties=("Thumbprint", "Subject", "Issuer", "NotAfter", "RawData"),
    ),
    # The lines of the HOSTS file, each of which is its own identity.
    Collection(
        "hosts_line", "Get-Content", {"LiteralPath": "C:\\Windows\\System32\\drivers\\etc\\hosts"}, store="host",
        identity=".", properties=(".",),
    ),
    # Get-WmiObject is in every Windows PowerShell; times are texts of WMI (20261121080000.000000+060).
    Collection(
        "operating_system", "Get-WmiObject", {"Class": "Win32_OperatingSystem"}, store="host", constant="system",
        properties=("Version", "Caption", "ProductType", "OperatingSystemSKU", "LastBootUpTime", "LocalDateTime"),
    ),
    Collection(
        "computer_system", "Get-WmiObject", {"Class": "Win32_ComputerSystem"}, store="host", constant="system",
        properties=("PartOfDomain", "Domain"),
    ),
    Collection(
        "disk", "Get-WmiObject", {"Class": "Win32_LogicalDisk", "Filter": "DriveType=3"}, store="host",
        identity="DeviceID", properties=("DeviceID", "FreeSpace", "Size"),
    ),
    # Limits of a remote shell: a query asks for one by its path on the drive WSMan:.
    Collection(
        "winrm_quota", "Get-Item", store="host", narrow="LiteralPath", constant="", properties=("Name", "Value"),
    ),
    # Of the module ActiveDirectory, which comes with a feature of the Front End Servers.
    Collection(
        "organizational_unit", "Get-ADOrganizationalUnit", {"Filter": "*", "Properties": ["nTSecurityDescriptor"]},
        store="ad", identity="DistinguishedName",
        properties=("DistinguishedName", "nTSecurityDescriptor.AreAccessRulesProtected"),
    ),
    Collection(
        "ou_permission", "Test-CsOUPermission", {"ObjectType": "User"}, store="ad", narrow="OU", constant="",
        properties=(".",),
    ),
    # Not a cmdlet: record sets of the name servers, read and written by the DNS module's own shell.
    Collection(
        "dns_record_set", "dns.query", store="dns", narrow="name", properties=("Identity", "Zone", "Ttl", "Values"),
    ),
)  # fmt: skip


def collection(name: str) -> Collection:
    try:
        return COLLECTIONS[name]
    except KeyError:
        raise InvalidRequest(f"There is no collection {name!r}.") from None


def scope_of(name: str, host_scope: str) -> str:
    """Whose row it is: the organisation's, the name servers', or that of the host whose session is asked."""
    store = collection(name).store
    return {"cms": ORGANISATION, "ad": ORGANISATION, "dns": "dns"}.get(store, host_scope)


def told_by_others(name: str) -> bool:
    """Whether a server of the older product can be asked for it. Of the directory's preparation it knows its own only."""
    return collection(name).store in ("cms", "ad") and not name.startswith("ad_")


def key(identity: object) -> str:
    """Identities are compared without regard to case throughout Lync."""
    return str(identity).casefold()


def ldap_escape(text: str) -> str:
    """A value inside an LDAP filter (RFC 4515)."""
    return "".join(f"\\{byte:02x}" if byte in b"*()\\" or byte < 32 or byte > 126 else chr(byte) for byte in text.encode())


def properties_of(query: Query) -> tuple[str, ...]:
    """The properties to ask for: the query's own, with what identifies the row always among them."""
    table = collection(query.collection)
    wanted = query.properties or table.properties
    if table.constant is None and table.identity not in wanted:
        wanted = (table.identity, *wanted)
    return wanted


def reading(query: Query) -> Cmdlet:
    """The call that answers a query."""
    table = collection(query.collection)
    parameters = {**table.parameters, **query.parameters}
    if query.identity is not None and table.narrow is not None:
        value = query.identity
        if table.narrow == "LdapFilter":
            value = f"(msRTCSIP-PrimaryUserAddress={ldap_escape(value)})"
        parameters[table.narrow] = value
    elif query.identity is None and table.narrow == "LiteralPath":
        raise InvalidRequest(f"The collection {table.name} can only be read by identity.")
    return Cmdlet(table.cmdlet, parameters, properties_of(query))


def row_identity(query: Query, row: Mapping[str, Any]) -> str:
    table = collection(query.collection)
    if table.constant is not None:
        return table.constant or str(query.identity)
    return str(row.get(table.identity))
