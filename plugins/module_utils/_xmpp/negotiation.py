# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which combinations of TLS, SASL and dialback an XMPP partner can have, and which of them suits what was found of one.

Microsoft publishes the 18 combinations of Lync Server 2013 in "Negotiation settings for XMPP federated partners"
(lync-server-2013-negotiation-settings-for-xmpp-federated-partners); its complete table is followed here. The shorter
table on the same page contradicts it in one row (Required, Optional, True), where it adds TCP dialback.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

REQUIRED, OPTIONAL, NOT_SUPPORTED = "Required", "Optional", "NotSupported"
LEVELS = (REQUIRED, OPTIONAL, NOT_SUPPORTED)

SASL_OVER_TLS = "SASL over TLS"
TLS_DIALBACK = "TLS dialback"
TCP_DIALBACK = "TCP dialback"

INVALID, WARNED, CLEAN = "invalid", "warned", "clean"

Triple = tuple[str, str, bool]

_NEVER_USED = "Dialback is never used where both TLS and SASL are required."
_MAY_FAIL = "SASL needs TLS: where TLS is not required, the negotiation of a session may fail."
_NOBODY = "SASL is not supported and dialback is off, so no partner could authenticate: allow one of the two."
_NO_TLS = "SASL needs TLS, which is not supported, and dialback is off: allow TLS or dialback."
_ALL = (SASL_OVER_TLS, TLS_DIALBACK, TCP_DIALBACK)

_R, _O, _N = REQUIRED, OPTIONAL, NOT_SUPPORTED


@dataclass(frozen=True)
class Verdict:
    """What becomes of a combination. `reason` is a sentence where it is invalid, `warnings` are those of Microsoft's notes."""

    level: str
    methods: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    reason: str = ""

    @property
    def valid(self) -> bool:
        return self.level != INVALID


#: TlsNegotiation, SaslNegotiation, SupportDialbackNegotiation -> what Microsoft's complete table says, row by row.
MATRIX: Mapping[Triple, Verdict] = {
    (_R, _R, True): Verdict(WARNED, (SASL_OVER_TLS,), (_NEVER_USED,)),
    (_R, _R, False): Verdict(CLEAN, (SASL_OVER_TLS,)),
    (_O, _R, True): Verdict(WARNED, _ALL, (_MAY_FAIL,)),
    (_O, _R, False): Verdict(WARNED, (SASL_OVER_TLS,), (_MAY_FAIL,)),
    (_N, _R, True): Verdict(WARNED, (TCP_DIALBACK,), (_MAY_FAIL,)),
    (_N, _R, False): Verdict(INVALID, (), (_MAY_FAIL,), _NO_TLS),
    (_R, _O, True): Verdict(CLEAN, (SASL_OVER_TLS, TLS_DIALBACK)),
    (_R, _O, False): Verdict(CLEAN, (SASL_OVER_TLS,)),
    (_O, _O, True): Verdict(WARNED, _ALL, (_MAY_FAIL,)),
    (_O, _O, False): Verdict(WARNED, (SASL_OVER_TLS,), (_MAY_FAIL,)),
    (_N, _O, True): Verdict(WARNED, (TCP_DIALBACK,), (_MAY_FAIL,)),
    (_N, _O, False): Verdict(INVALID, (), (_MAY_FAIL,), _NO_TLS),
    (_R, _N, True): Verdict(CLEAN, (TLS_DIALBACK,)),
    (_R, _N, False): Verdict(INVALID, (), (), _NOBODY),
    (_O, _N, True): Verdict(CLEAN, (TLS_DIALBACK, TCP_DIALBACK)),
    (_O, _N, False): Verdict(INVALID, (), (), _NOBODY),
    (_N, _N, True): Verdict(CLEAN, (TCP_DIALBACK,)),
    (_N, _N, False): Verdict(INVALID, (), (), _NOBODY),
}


def check_triple(tls: str, sasl: str, dialback: bool) -> Verdict:
    """Judge TlsNegotiation, SaslNegotiation and SupportDialbackNegotiation of one partner together."""
    for name, value in (("TlsNegotiation", tls), ("SaslNegotiation", sasl)):
        if value not in LEVELS:
            raise ValueError(f"{name} has to be one of {', '.join(LEVELS)}, but is {value!r}.")
    if not isinstance(dialback, bool):
        raise ValueError(f"SupportDialbackNegotiation has to be true or false, but is {dialback!r}.")
    return MATRIX[tls, sasl, dialback]


@dataclass(frozen=True)
class Partner:
    """What a probe found of a partner's server. None: it was not found out."""

    #: the server offered or started TLS
    tls: bool
    #: and TLS came about, with a version that Windows Server can speak
    tls_works: bool
    tls_required: bool
    #: its certificate is trusted, in date, names the domain, and is for clients too: Lync can take it for SASL EXTERNAL
    certificate: bool
    #: it took our certificate for SASL EXTERNAL, or offered to
    external: bool | None
    dialback: bool


@dataclass(frozen=True)
class Advice:
    """The strictest combination that will work with a partner; without a triple none will, and `reason` says why."""

    triple: Triple | None
    reason: str

    def shown(self) -> dict[str, Any]:
        tls, sasl, dialback = self.triple or (None, None, None)
        verdict = MATRIX[self.triple].level if self.triple else None
        return {
            "tls_negotiation": tls,
            "sasl_negotiation": sasl,
            "support_dialback_negotiation": dialback,
            "verdict": verdict,
            "reason": self.reason,
        }


def methods_of(partner: Partner) -> frozenset[str]:
    """The methods by which both sides could be authenticated."""
    found = set()
    if partner.tls_works and partner.external and partner.certificate:
        found.add(SASL_OVER_TLS)
    if partner.tls_works and partner.dialback:
        found.add(TLS_DIALBACK)
    if partner.dialback and not partner.tls_required:
        found.add(TCP_DIALBACK)
    return frozenset(found)


def may_come_about(partner: Partner) -> frozenset[str]:
    """Those, and SASL where nothing but a certificate of ours, which was not shown, would tell."""
    untried = partner.tls_works and partner.external is None and partner.certificate
    return methods_of(partner) | ({SASL_OVER_TLS} if untried else frozenset())


def advise(partner: Partner) -> Advice:
    """The strictest of the clean rows that suits what was found."""
    methods = methods_of(partner)
    if SASL_OVER_TLS in methods:
        return Advice(
            (REQUIRED, REQUIRED, False),
            "The partner starts TLS, takes SASL EXTERNAL, and shows a certificate that Lync can take in return: nothing "
            "weaker is needed. (The cmdlet's own default adds dialback, which is never used then.)",
        )
    if TLS_DIALBACK in methods and partner.external is not False:
        why = (
            "whether it takes SASL EXTERNAL shows only to who has a certificate and key"
            if partner.external is None
            else "it takes SASL EXTERNAL, but its own certificate cannot be taken in return"
        )
        return Advice(
            (REQUIRED, OPTIONAL, True),
            f"The partner starts TLS, and {why}: dialback over TLS serves where SASL does not come about.",
        )
    if TLS_DIALBACK in methods:
        return Advice(
            (REQUIRED, NOT_SUPPORTED, True),
            "The partner starts TLS and does dialback, but does not take SASL EXTERNAL: dialback over TLS is what it does.",
        )
    if partner.tls_works and partner.external is None and partner.certificate:
        return Advice(
            (REQUIRED, REQUIRED, False),
            "The partner starts TLS, does no dialback, and shows a certificate that Lync can take: only SASL EXTERNAL is "
            "left. Whether it takes ours was not tried, because no certificate and key were given.",
        )
    if TCP_DIALBACK in methods and partner.tls:
        return Advice(
            (NOT_SUPPORTED, NOT_SUPPORTED, True),
            "TLS with the partner does not come about though it is offered: only dialback over plain TCP is left. See to "
            "its TLS before, because everybody on the way can read what is sent.",
        )
    if TCP_DIALBACK in methods:
        return Advice(
            (OPTIONAL, NOT_SUPPORTED, True),
            "The partner starts no TLS and does dialback: TLS cannot be required, but is used once the partner has it.",
        )
    return Advice(None, _why_none(partner))


def _why_none(partner: Partner) -> str:
    if not partner.tls_works and partner.dialback:
        return "The partner requires TLS, which does not come about: see to its TLS versions and its certificate."
    if partner.external and not partner.certificate:
        return (
            "The partner takes SASL EXTERNAL and does no dialback, but its own certificate cannot be taken in return: it "
            "needs another certificate, or dialback."
        )
    if partner.tls_works and partner.external is None:
        return (
            "The partner does no dialback, and its certificate cannot be taken for SASL: it needs another certificate, or "
            "dialback."
        )
    return (
        "The partner offers neither SASL EXTERNAL over TLS nor dialback, so neither side could authenticate the other."
    )
