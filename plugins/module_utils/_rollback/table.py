# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The closed table of what an undo entry of the journal may be: which cmdlets, with which parameters.

The journal is a file, and a file is no instruction (security): whatever stands in it as a way back was written by this
collection in one of these forms, or it is refused before anything is done.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .._engine.noun import Noun
from .._servers.server import FOLDER
from .._users.moving import POLICIES
from .._users.policies import NOUN as POLICY
from .._windows.hosts_file import PATH as HOSTS_FILE
from .._xmpp.legacy_entry import NOUN as ALLOWED_DOMAIN
from .._xmpp.partner import NOUN as PARTNER

COMMON = frozenset({"Confirm", "Force"})
_READ = frozenset({"DomainController"})
_ACCESS_EDGE = frozenset(
    {
        "AllowAnonymousUsers", "AllowFederatedUsers", "AllowOutsideUsers", "BeClearingHouse", "EnablePartnerDiscovery",
        "EnableArchivingDisclaimer", "EnableUserReplicator", "KeepCrlsUpToDateForPeers",
        "MarkSourceVerifiableOnOutgoingMessages", "OutgoingTlsCountForFederatedPartners", "RoutingMethod",
    }
)  # fmt: skip
_GATEWAY = frozenset(
    {
        "ConnectionLimit", "PartnerConnectionLimit", "KeepAliveInterval", "StreamEstablishmentTimeout",
        "StreamInactivityTimeout", "SubscriptionRefreshInterval", "EnableLoggingAllMessageBodies",
    }
)  # fmt: skip
_DNS = frozenset(
    {
        "ZoneName",
        "Name",
        "RRType",
        "Node",
        "RecordData",
        "TimeToLive",
        "OldInputObject",
        "NewInputObject",
        "InputObject",
    }
)
_RECORD = frozenset(
    {"A", "AAAA", "CName", "MX", "Srv", "Txt", "IPv4Address", "IPv6Address", "HostNameAlias", "Preference"}
)
_DNS_NEW = _DNS | _RECORD | {"MailExchange", "Priority", "Weight", "Port", "DomainName", "DescriptiveText"}


def _of(noun: Noun) -> dict[str, frozenset[str]]:
    fields = frozenset(one.name for one in noun.fields if not one.secret)
    return {
        f"New-{noun.noun}": fields | {"Identity"},
        f"Set-{noun.noun}": fields | {"Identity"},
        f"Remove-{noun.noun}": frozenset({"Identity"}),
    }


TABLE: Mapping[str, frozenset[str]] = {
    **_of(POLICY),
    **_of(ALLOWED_DOMAIN),
    **_of(PARTNER),
    **{f"Grant-Cs{kind}": frozenset({"Identity", "PolicyName"}) for kind in POLICIES},
    "Set-CsAccessEdgeConfiguration": _ACCESS_EDGE | {"Identity"},
    "Set-CsXmppGatewayConfiguration": _GATEWAY | {"Identity"},
    "Set-CsEdgeServer": frozenset({"Identity", "AccessEdgeExternalSipPort", "XmppListeningPort", "XmppInternalPort"}),
    "Set-CsWebServer": frozenset({"Identity", "InternalFqdn"}),
    "Set-CsSite": frozenset({"Identity", "FederationRoute", "XmppFederationRoute"}),
    "Set-CsRegistrar": frozenset({"Identity", "EdgeServer"}),
    "Publish-CsTopology": frozenset({"FileName", "BackupFileName"}),
    "Enable-CsTopology": frozenset(),
    "New-CsSimpleUrlEntry": frozenset({"Url"}),
    "New-CsSimpleUrl": frozenset({"Component", "Domain", "SimpleUrlEntry", "ActiveUrl"}),
    "Set-CsSimpleUrlConfiguration": frozenset({"Identity", "SimpleUrl"}),
    "Remove-CsConfigurationStoreLocation": frozenset(),
    "Set-CsConfigurationStoreLocation": frozenset({"SqlServerFqdn", "SqlInstanceName"}),
    "Move-CsUser": frozenset({"Identity", "Target"}) | _READ,
    "Move-CsLegacyUser": frozenset({"Identity", "Target"}) | _READ,
    "Set-CsCertificate": frozenset({"Type", "Thumbprint", "Identity"}),
    "Remove-CsCertificate": frozenset({"Type", "Identity"}),
    "Start-CsWindowsService": frozenset({"Name"}),
    "Stop-CsWindowsService": frozenset({"Name", "Graceful"}),
    "Start-Service": frozenset({"Name"}),
    "Stop-Service": frozenset({"Name"}),
    "New-Item": frozenset({"Path", "ItemType", "Value"}),
    "Remove-Item": frozenset({"LiteralPath"}),
    "New-ItemProperty": frozenset({"LiteralPath", "Name", "PropertyType", "Value"}),
    "Remove-ItemProperty": frozenset({"LiteralPath", "Name"}),
    "Set-Content": frozenset({"LiteralPath", "Value", "Encoding", "NoNewline"}),
    "dns.update": frozenset({"zone", "changes"}),
    "Get-DnsServerResourceRecord": _DNS,
    "Add-DnsServerResourceRecord": _DNS_NEW,
    "Set-DnsServerResourceRecord": _DNS,
    "Remove-DnsServerResourceRecord": _DNS,
}

_FILES = tuple(
    re.compile(one, re.IGNORECASE)
    for one in (
        r"Cert:\\LocalMachine\\(?:My|Root)\\[0-9A-F]{40,64}",
        r"[A-Z]:\\(?:[^\\/:*?\"<>|]+\\)*lync_xmpp_migration[^\\/:*?\"<>|]*",
        re.escape(FOLDER) + r"\\[^\\/:*?\"<>|]+",
        re.escape(HOSTS_FILE),
        r"HKLM:\\(?:SOFTWARE|SYSTEM)\\[^/:*?\"<>|]+",
    )
)
#: A server file may lie anywhere: what the module server_file writes it also removes.
_OWN_FILE = "server_file"
_PATHS = ("LiteralPath", "Path", "FileName", "BackupFileName")


def refused(call: Any, module: str = "") -> str:
    """What is wrong with a call that an undo entry names; empty where it is one of this collection's."""
    if not isinstance(call, Mapping):
        return "something that is no call"
    if call.get("type") == "write":
        return _path(call.get("path"), module)
    name, given = call.get("name"), call.get("parameters")
    if call.get("type") != "cmdlet" or not isinstance(name, str) or not isinstance(given, Mapping):
        return f"the call {str(call.get('path') or name)[:80]!r}"
    if name not in TABLE:
        return f"the cmdlet {name[:80]!r}"
    unknown = sorted(set(map(str, given)) - TABLE[name] - COMMON)
    if unknown:
        return f"{name} with the parameter {unknown[0][:80]!r}"
    for parameter in _PATHS:
        if parameter in given and (wrong := _path(given[parameter], module)):
            return f"{name} on {wrong}"
    return ""


def _path(path: Any, module: str) -> str:
    if isinstance(path, str) and (module == _OWN_FILE or any(one.fullmatch(path) for one in _FILES)):
        return ""
    return f"the path {str(path)[:80]!r}"
