# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configurations of the organisation that come with the product: the Access Edge's and the XMPP gateway's.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from .._engine.noun import Field, Noun

# Parameters of the set that leaves the routing alone. Defaults: "Manage Access Edge configuration for your organization", Lync Server 2013.
ACCESS_EDGE = Noun(
    noun="CsAccessEdgeConfiguration",
    collection="access_edge_configuration",
    label="Access Edge configuration {identity}",
    given=frozenset({"global"}),
    fields=(
        Field("allow_federated_users", "AllowFederatedUsers", kind="bool", default=False),
        Field("allow_outside_users", "AllowOutsideUsers", kind="bool", default=False),
        Field("allow_anonymous_users", "AllowAnonymousUsers", kind="bool", default=False),
        Field("enable_archiving_disclaimer", "EnableArchivingDisclaimer", kind="bool", default=False),
        Field("keep_crls_up_to_date_for_peers", "KeepCrlsUpToDateForPeers", kind="bool", default=True),
        Field(
            "mark_source_verifiable_on_outgoing_messages",
            "MarkSourceVerifiableOnOutgoingMessages",
            kind="bool",
            default=True,
        ),
        Field(
            "outgoing_tls_count_for_federated_partners", "OutgoingTlsCountForFederatedPartners", kind="int", default=4
        ),
    ),
)

# Defaults: Microsoft's page of Set-CsXmppGatewayConfiguration (2013-02-21). Times are plain numbers of seconds there.
GATEWAY = Noun(
    noun="CsXmppGatewayConfiguration",
    collection="xmpp_gateway_configuration",
    label="XMPP gateway configuration {identity}",
    given=frozenset({"global"}),
    fields=(
        Field("connection_limit", "ConnectionLimit", kind="int", default=1000),
        Field("partner_connection_limit", "PartnerConnectionLimit", kind="int", default=20),
        Field("keep_alive_interval", "KeepAliveInterval", kind="int", default=300),
        Field("stream_establishment_timeout", "StreamEstablishmentTimeout", kind="int", default=60),
        Field("stream_inactivity_timeout", "StreamInactivityTimeout", kind="int", default=600),
        Field("subscription_refresh_interval", "SubscriptionRefreshInterval", kind="int", default=28800),
        Field("enable_logging_all_message_bodies", "EnableLoggingAllMessageBodies", kind="bool", default=False),
        Field("dialback_passphrase", "DialbackPassphrase", secret=True),
    ),
)
