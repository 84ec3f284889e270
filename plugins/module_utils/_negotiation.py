# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which combinations of TLS, SASL and dialback an XMPP partner can have.

Microsoft publishes the 18 combinations of Lync Server 2013 in "Negotiation settings for XMPP federated partners"
(lync-server-2013-negotiation-settings-for-xmpp-federated-partners); its complete table is followed here. The shorter
table on the same page contradicts it in one row (Required, Optional, True), where it adds TCP dialback.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from dataclasses import dataclass

REQUIRED, OPTIONAL, NOT_SUPPORTED = "Required", "Optional", "NotSupported"
LEVELS = (REQUIRED, OPTIONAL, NOT_SUPPORTED)

SASL_OVER_TLS = "SASL over TLS"
TLS_DIALBACK = "TLS dialback"
TCP_DIALBACK = "TCP dialback"


@dataclass(frozen=True)
class Verdict:
    """What becomes of a combination; `reason` is a sentence where it is not valid, else empty."""

    valid: bool
    methods: tuple[str, ...]
    warnings: tuple[str, ...]
    reason: str


def check_triple(tls: str, sasl: str, dialback: bool) -> Verdict:
    """Judge TlsNegotiation, SaslNegotiation and SupportDialbackNegotiation of one partner together."""
    for name, value in (("TlsNegotiation", tls), ("SaslNegotiation", sasl)):
        if value not in LEVELS:
            raise ValueError(f"{name} has to be one of {', '.join(LEVELS)}, but is {value!r}.")
    if not isinstance(dialback, bool):
        raise ValueError(f"SupportDialbackNegotiation has to be true or false, but is {dialback!r}.")

    methods = []
    if tls != NOT_SUPPORTED and sasl != NOT_SUPPORTED:
        methods.append(SASL_OVER_TLS)
    if dialback and tls != NOT_SUPPORTED and not (tls == REQUIRED and sasl == REQUIRED):
        methods.append(TLS_DIALBACK)
    if dialback and tls != REQUIRED:
        methods.append(TCP_DIALBACK)

    warnings = []
    if (tls, sasl, dialback) == (REQUIRED, REQUIRED, True):
        warnings.append("Dialback is never used where both TLS and SASL are required.")
    if sasl != NOT_SUPPORTED and tls != REQUIRED:
        warnings.append("SASL needs TLS: where TLS is not required, the negotiation of a session may fail.")

    if methods:
        return Verdict(True, tuple(methods), tuple(warnings), "")
    if sasl == NOT_SUPPORTED:
        reason = "SASL is not supported and dialback is off, so no partner could authenticate: allow one of the two."
    else:
        reason = "SASL needs TLS, which is not supported, and dialback is off: allow TLS or dialback."
    return Verdict(False, (), tuple(warnings), reason)
