# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Defaults of the settings that the Central Management store holds, in the property order the cmdlets print."""

from __future__ import annotations

from typing import Any

POLICY_FLAGS = (
    "EnableFederationAccess",
    "EnableXmppAccess",
    "EnablePublicCloudAccess",
    "EnablePublicCloudAudioVideoAccess",
    "EnableOutsideAccess",
)
#: Flags that Lync Server 2010 did not have: its own cmdlets do not show them.
POLICY_FLAGS_2013 = ("EnableXmppAccess",)


def external_access_policy(**values: Any) -> dict[str, Any]:
    """source: all flags are False on a fresh Global policy (manage external access policy, Lync 2013)."""
    return {"Description": None, **dict.fromkeys(POLICY_FLAGS, False), **values}


def access_edge_defaults(**values: Any) -> dict[str, Any]:
    """source: printed sample in 'manage Access Edge configuration' (Lync 2013)."""
    return {
        "AllowAnonymousUsers": False,
        "AllowFederatedUsers": False,
        "AllowOutsideUsers": False,
        "BeClearingHouse": False,
        "EnablePartnerDiscovery": False,
        "EnableArchivingDisclaimer": False,
        "EnableUserReplicator": True,
        "KeepCrlsUpToDateForPeers": True,
        "MarkSourceVerifiableOnOutgoingMessages": True,
        "OutgoingTlsCountForFederatedPartners": 4,
        "DiscoveredPartnerStandardRate": 20,
        "EnableDiscoveredPartnerContactsLimit": True,
        "MaxContactsPerDiscoveredPartner": 1000,
        "DiscoveredPartnerReportPeriodMinutes": 60,
        "MaxAcceptedCertificatesStored": 1000,
        "MaxRejectedCertificatesStored": 500,
        "CertificatesDeletedPercentage": 20,
        "RoutingMethod": "UseDnsSrvRouting",
        **values,
    }


def xmpp_gateway_defaults() -> dict[str, Any]:
    """source: parameter descriptions of Set-CsXmppGatewayConfiguration (Lync 2013)."""
    return {
        "ConnectionLimit": 1000,
        "PartnerConnectionLimit": 20,
        "KeepAliveInterval": 300,
        "StreamEstablishmentTimeout": 60,
        "StreamInactivityTimeout": 600,
        "SubscriptionRefreshInterval": 28800,
        "EnableLoggingAllMessageBodies": False,
    }


def xmpp_partner(domain: str, **values: Any) -> dict[str, Any]:
    """source: defaults of New-CsXmppAllowedPartner's parameters (Lync 2013)."""
    return {
        "Domain": domain,
        "ProxyFqdn": None,
        "Description": None,
        "AdditionalDomains": (),
        "PartnerType": "PublicUnverified",
        "ConnectionLimit": None,
        "TlsNegotiation": "Required",
        "SaslNegotiation": "Required",
        "SupportDialbackNegotiation": True,
        "EnableKeepAlive": True,
        **values,
    }


def allowed_domain(domain: str, **values: Any) -> dict[str, Any]:
    return {
        "Domain": domain,
        "ProxyFqdn": None,
        "VerificationLevel": "UseSourceVerification",
        "Comment": None,
        "MarkForMonitoring": False,
        **values,
    }


def hosting_provider(name: str, **values: Any) -> dict[str, Any]:
    return {
        "Name": name,
        "ProxyFqdn": None,
        "VerificationLevel": "UseSourceVerification",
        "Enabled": False,
        "EnabledSharedAddressSpace": False,
        "HostsOCSUsers": False,
        "IsLocal": False,
        **values,
    }


def site(**values: Any) -> dict[str, Any]:
    return {
        "FederationRoute": None,
        "XmppFederationRoute": None,
        "DefaultPersistentChatPool": None,
        "Description": None,
        "DisplayName": None,
        **values,
    }
