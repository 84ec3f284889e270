# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The XMPP partner of Lync Server 2013: its table, and what a partner cannot be.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .._engine.calls import UNKNOWN, Change, Query
from .._engine.errors import CmdletFailed, InvalidInput
from .._engine.module import Report, Task
from .._engine.noun import Field, Noun, Situation, ensure
from .._settings.names import BadName, domain
from .legacy_entry import beside_entry, put_back, retirements
from .negotiation import check_triple

NOUN = Noun(
    noun="CsXmppAllowedPartner",
    collection="xmpp_partner",
    label="XMPP partner {identity}",
    identity_option="domain",
    repeated=("Domain",),
    verbs={"get", "new", "set", "remove"},
    # Defaults: Microsoft's page of New-CsXmppAllowedPartner (2013-02-21).
    fields=(
        Field("additional_domains", "AdditionalDomains", kind="list", default=None),
        Field("partner_type", "PartnerType", kind="enum", default="PublicUnverified"),
        Field("tls_negotiation", "TlsNegotiation", kind="enum", default="Required"),
        Field("sasl_negotiation", "SaslNegotiation", kind="enum", default="Required"),
        Field("support_dialback_negotiation", "SupportDialbackNegotiation", kind="bool", default=True),
        Field("enable_keep_alive", "EnableKeepAlive", kind="bool", default=True),
        Field("connection_limit", "ConnectionLimit", kind="int"),
        Field("proxy_fqdn", "ProxyFqdn", kind="fqdn", default=None),
        Field("description", "Description", default=None),
    ),
)


def from_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A partner as the options of the module xmpp_partner."""
    return NOUN.shown(row) or {}


def run(task: Task) -> Report:
    try:
        name = domain(task.params["domain"])
    except BadName as exc:
        raise InvalidInput(f"domain: {exc}") from exc
    state = task.params["state"]
    retire = state == "present" and task.params["retire_allowed_domain"]
    retired: list[Change] = []

    def check(situation: Situation) -> None:
        if state == "present":
            partners, sip_domains = situation.rows[:2]
            _check_negotiation(task, name, situation.after or {})
            _check_domains(name, situation.after or {}, partners, sip_domains)

    def beside(situation: Situation) -> list[Change]:
        if retire:
            more = (situation.after or {}).get("additional_domains") or ()
            retired.extend(retirements(task, (name, *map(str, more)), situation.rows[2]))
        return retired

    also = [Query("sip_domain"), *([Query("allowed_domain")] if retire else [])]
    try:
        report = ensure(task, NOUN, name, task.params, state, also=also, check=check, beside=beside)
    except CmdletFailed as exc:
        if state != "present":
            raise
        raise put_back(task, retired, exc) if retired else beside_entry(task, name, exc) from exc
    gone = [str((one.before or {}).get("Identity")) for one in retired]
    return replace(report, value={**report.value, "retired": gone})


def _check_negotiation(task: Task, name: str, partner: Mapping[str, Any]) -> None:
    triple = [partner.get(one) for one in ("tls_negotiation", "sasl_negotiation", "support_dialback_negotiation")]
    if any(one is None or one is UNKNOWN for one in triple):
        return  # the server did not say, so nothing can be judged
    tls, sasl, dialback = triple
    try:
        verdict = check_triple(str(tls), str(sasl), dialback is True)
    except ValueError as exc:
        raise InvalidInput(f"XMPP partner {name}: {exc}") from exc
    if not verdict.valid:
        raise InvalidInput(
            f"XMPP partner {name}: tls_negotiation {tls}, sasl_negotiation {sasl} and support_dialback_negotiation "
            f"{str(dialback).lower()} do not go together. {verdict.reason}"
        )
    for warning in verdict.warnings:
        task.warn(f"XMPP partner {name}: {warning}")


def _check_domains(
    name: str, partner: Mapping[str, Any], partners: list[dict[str, Any]], sip_domains: list[dict[str, Any]]
) -> None:
    """A domain is federated once, and an own SIP domain never."""
    more = [str(one).casefold() for one in partner.get("additional_domains") or ()]
    if name in more:
        raise InvalidInput(f"XMPP partner {name}: its own domain is among additional_domains. Leave it out there.")
    own = {str(row.get("Name") or row.get("Identity")).casefold() for row in sip_domains}
    for one in (name, *more):
        if one in own:
            raise InvalidInput(
                f"XMPP partner {name}: {one} is a SIP domain of this organisation, so it cannot be a partner's domain."
            )
    for row in partners:
        other = str(row.get("Identity")).casefold()
        if other == name:
            continue
        taken = {other, *(str(one).casefold() for one in row.get("AdditionalDomains") or ())}
        both = sorted(taken & {name, *more})
        if both:
            raise InvalidInput(
                f"XMPP partner {name}: {', '.join(both)} belongs to the partner {other} already. Remove it there first."
            )
