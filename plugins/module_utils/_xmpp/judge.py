# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an answer of an XMPP server means: the certificate, what is offered, and what that makes of a partner.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from .answer import Answer, Rules
from .certificate import CLIENT_AUTH, SERVER_AUTH
from .negotiation import MATRIX, Advice, Partner, advise, may_come_about, methods_of
from .stream import ERROR, INFO, WARNING, Finding

DAYS_LEFT = 30


def judge(answer: Answer, rules: Rules, now: datetime) -> None:
    where, domain = answer.target.shown, answer.target.domain
    said = answer.stream_from
    if answer.answered and said and said.lower() != domain:
        answer.found("other_domain", WARNING, f"{where} answers as {said}, not as {domain}.")
    if answer.before.mechanisms:
        names = ", ".join(answer.before.mechanisms[:8])
        answer.found(
            "sasl_before_tls", WARNING, f"{where} offers SASL ({names}) before TLS, where everybody can read along."
        )
    if answer.certificate is not None:
        _certificate(answer, rules, now)
    offers = answer.after
    if offers is not None and "EXTERNAL" not in offers.mechanisms and not offers.dialback:
        answer.found("no_authentication", INFO, f"{where} offers neither SASL EXTERNAL nor dialback to a stranger.")
    _authentication(answer, rules)


def _certificate(answer: Answer, rules: Rules, now: datetime) -> None:
    seen, domain, where = answer.certificate, answer.target.domain, answer.target.shown
    if seen is None:
        return
    verdicts = seen.verdicts(domain)
    if not verdicts["rfc9525"]["matches"]:
        names = ", ".join(seen.dns_names[:8]) or "no name"
        older = verdicts["older_rules"]
        also = f" Older servers take it all the same, because {older['reason']}." if older["matches"] else ""
        answer.found(
            "name_mismatch",
            ERROR,
            f"The certificate of {where} does not name {domain}; it names {names}.{also}",
            **{rule: one["reason"] for rule, one in verdicts.items()},
        )
    days = (seen.not_after - now).days
    until = {"not_before": seen.not_before.isoformat(), "not_after": seen.not_after.isoformat(), "days_left": days}
    if now < seen.not_before:
        text = f"The certificate of {where} is valid from {seen.not_before:%Y-%m-%d %H:%M} UTC only."
        answer.found("not_valid_now", ERROR, text, **until)
    elif now > seen.not_after:
        text = f"The certificate of {where} is valid until {seen.not_after:%Y-%m-%d} only."
        answer.found("not_valid_now", ERROR, text, **until)
    elif seen.not_after - now < timedelta(days=DAYS_LEFT):
        text = f"The certificate of {where} is valid until {seen.not_after:%Y-%m-%d} only."
        answer.found("ends_soon", WARNING, text, **until)
    if not seen.allows(SERVER_AUTH):
        answer.found(
            "no_server_authentication",
            ERROR,
            f"The certificate of {where} is not for server authentication, so partners refuse it.",
            extended_key_usage=list(seen.uses),
        )
    if not seen.allows(CLIENT_AUTH):
        answer.found(
            "no_client_authentication",
            WARNING,
            f"The certificate of {where} is not for client authentication, so partners may not take it for SASL EXTERNAL.",
            extended_key_usage=list(seen.uses),
        )
    wanted = {one.replace(" ", "").upper() for one in rules.thumbprints}
    if wanted and not wanted & {seen.sha1, seen.sha256}:
        answer.found(
            "other_certificate",
            ERROR,
            f"{where} shows the certificate {seen.sha1}, not the one that is wanted.",
            shown=seen.sha1,
            wanted=sorted(wanted),
        )


def _authentication(answer: Answer, rules: Rules) -> None:
    where = answer.target.shown
    if rules.own_certificate and answer.after is not None:
        if answer.external.done:
            answer.found("external_done", INFO, f"{where} took the given certificate for SASL EXTERNAL.")
        elif answer.external.done is None:
            answer.found(
                "external_not_offered",
                WARNING,
                f"{where} does not offer SASL EXTERNAL to who shows the given certificate: it does not trust it, or does "
                "not do SASL.",
            )
        else:
            answer.found(
                "external_refused",
                ERROR,
                f"{where} offers SASL EXTERNAL and does not take the given certificate ({answer.external.said}).",
                said=answer.external.said,
            )
    if answer.dialback.done:
        answer.found("dialback_done", INFO, f"{where} asked for the dialback key and took it.")
    elif answer.dialback.done is False:
        answer.found(
            "dialback_failed",
            ERROR if answer.offers.dialback and not answer.external.done else WARNING,
            f"Dialback with {where} did not come about: {answer.dialback.said}. See whether the service record of the "
            "sender's domain leads to this host.",
            said=answer.dialback.said,
        )
    if answer.ping is False:
        answer.found(
            "ping_not_answered", WARNING, f"{where} was pinged over an authenticated stream and did not answer."
        )


# --- the partner


def partner_of(answers: Sequence[Answer]) -> Partner | None:
    """What all addresses of a domain have in common: a partner may be reached at any of them."""
    heard = [one for one in answers if one.answered]
    if not heard:
        return None
    tries = [_external(one) for one in heard]
    return Partner(
        tls=all(one.before.starttls or one.certificate is not None for one in heard),
        tls_works=all(one.certificate is not None and not one.lowered for one in heard),
        tls_required=any(one.before.starttls_required for one in heard),
        certificate=all(_lync_takes(one) for one in heard),
        external=False if False in tries else None if None in tries else True,
        dialback=all(_dialback(one) for one in heard),
    )


def _external(answer: Answer) -> bool | None:
    if answer.after is None:
        # TLS came about and nothing after it: a server that wants a certificate of who asks may say no more to a stranger
        return None if answer.certificate is not None and not answer.asked_with_certificate else False
    if answer.external.done is not None:
        return answer.external.done
    if answer.asked_with_certificate:
        return False  # it saw a certificate, and offered nothing
    return True if "EXTERNAL" in answer.after.mechanisms else None


def _dialback(answer: Answer) -> bool:
    """Carried through where that was tried. A server of before XEP-0220's feature does it without saying so."""
    return answer.dialback.done if answer.dialback.done is not None else answer.offers.dialback


def _lync_takes(answer: Answer) -> bool:
    seen = answer.certificate
    return bool(
        seen is not None
        and answer.trusted
        and seen.identifies(answer.target.domain)
        and seen.allows(CLIENT_AUTH)
        and seen.allows(SERVER_AUTH)
    )


def advice_for(domain: str, answers: Sequence[Answer]) -> Advice:
    partner = partner_of(answers)
    if partner is None:
        return Advice(None, f"No server of {domain} answered, so nothing can be recommended.")
    return advise(partner)


def configured(domain: str, answers: Sequence[Answer], triple: tuple[str, str, bool]) -> list[Finding]:
    """Whether the combination that the partner is configured with suits what was found of it."""
    partner, verdict = partner_of(answers), MATRIX[triple]
    if partner is None:
        return []
    shown = f"{triple[0]}, {triple[1]}, {'dialback' if triple[2] else 'no dialback'}"
    evidence: Mapping[str, Any] = {"methods": list(verdict.methods), "possible": sorted(may_come_about(partner))}
    advice = advise(partner)
    if not verdict.valid:
        text = f"{domain} is configured with {shown}, which is no valid combination. {verdict.reason}"
        return [Finding("negotiation_invalid", ERROR, text, domain, evidence=evidence)]
    if advice.triple == triple:
        return []
    if not set(verdict.methods) & may_come_about(partner):
        better = f" Recommended: {', '.join(map(str, advice.triple))}." if advice.triple else ""
        text = f"{domain} is configured with {shown}, and none of the methods that this permits is possible.{better}"
        return [Finding("negotiation_will_fail", ERROR, text, domain, evidence=evidence)]
    if not set(verdict.methods) & methods_of(partner):
        text = (
            f"{domain} is configured with {shown}, which needs SASL EXTERNAL. Whether the partner takes our certificate was not tried, "
            f"because no certificate and key were given. {advice.reason}"
        )
        return [Finding("negotiation_untried", WARNING, text, domain, evidence=evidence)]
    text = f"{domain} is configured with {shown}, which is not the strictest combination that works. {advice.reason}"
    return [Finding("negotiation_not_strictest", WARNING, text, domain, evidence=evidence)]


# --- for people


def table(answers: Sequence[Answer]) -> list[str]:
    """One line for each answer, in columns."""
    heads = (
        "DOMAIN",
        "ADDRESS",
        "ANSWERS",
        "TLS",
        "CERTIFICATE",
        "RFC 9525",
        "OLDER RULES",
        "EXTERNAL",
        "DIALBACK",
        "PING",
    )
    rows = [heads, *(_row(one) for one in answers)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _row(answer: Answer) -> tuple[str, ...]:
    seen = answer.certificate
    verdicts = seen.verdicts(answer.target.domain) if seen else {}

    def yes(value: object) -> str:
        return "-" if value is None else "yes" if value else "no"

    def tried(done: bool | None, offered: bool) -> str:
        return "done" if done else "failed" if done is False else "offered" if offered else "no"

    return (
        answer.target.domain,
        answer.target.shown,
        yes(answer.answered),
        f"{answer.tls_version}{' (lowered)' if answer.lowered else ''}" if answer.tls_version else "no",
        "-" if seen is None else f"{'trusted' if answer.trusted else 'not trusted'}, to {seen.not_after:%Y-%m-%d}",
        *(yes(verdicts[rule]["matches"]) if verdicts else "-" for rule in ("rfc9525", "older_rules")),
        tried(answer.external.done, "EXTERNAL" in answer.offers.mechanisms),
        tried(answer.dialback.done, answer.offers.dialback),
        yes(answer.ping),
    )
