# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The partner pack: a letter for each partner with what changes for them, when, and what two people do to try it.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .negotiation import MATRIX, NOT_SUPPORTED, OPTIONAL, REQUIRED, Triple
from .window import may_dial_back

_INVISIBLE = ("Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp")
_MARKUP = frozenset("\\`*_{}[]<>#|!~")


def plain(value: object, limit: int = 500) -> str:
    """The one way by which a text that is not ours gets into a pack: on one line, and nothing in it works - no control character,
    no escape sequence of a terminal, no direction mark, no markup."""
    told = []
    for character in str(value)[:limit]:
        if unicodedata.category(character) in _INVISIBLE:
            told.append(f"\\\\u{ord(character):04x}")
        else:
            told.append(f"\\{character}" if character in _MARKUP else character)
    return "".join(told)


def code(value: object, limit: int = 500) -> str:
    """The same as something to be typed or compared letter by letter."""
    told = "".join(
        f"\\u{ord(one):04x}" if unicodedata.category(one) in _INVISIBLE or one == "`" else one
        for one in str(value)[:limit]
    )
    return f"`{told}`"


@dataclass(frozen=True)
class Authority:
    """One certificate of the chain that ours is issued under."""

    subject: str
    sha256: str
    until: str


@dataclass(frozen=True)
class Ours:
    """What all partners are told alike."""

    domains: Sequence[str]
    host: str
    addresses: Sequence[str]
    old_host: str | None = None
    old_addresses: Sequence[str] = ()
    chain: Sequence[Authority] = ()
    thumbprints: Sequence[str] = ()
    names: Sequence[str] = ()
    tls_versions: Sequence[str] = ()
    window: str | None = None
    drop_at: str | None = None
    pause: int | None = None
    contacts: Sequence[str] = ()


def triple_of(partner: Mapping[str, Any]) -> Triple:
    """What is declared of a partner; what is left out is what New-CsXmppAllowedPartner takes."""
    return (
        str(partner.get("tls_negotiation") or REQUIRED),
        str(partner.get("sasl_negotiation") or REQUIRED),
        partner.get("support_dialback_negotiation") is not False,
    )


def pack(ours: Ours, partner: Mapping[str, Any]) -> str:
    """The letter to one partner, in Markdown that reads as plain text too."""
    domain = str(partner["domain"])
    sections = (
        [
            f"# XMPP federation with {_list(ours.domains)}: what changes for {plain(domain)}",
            "",
            _opening(ours, partner),
        ],
        ["## What changes", "", *_changes(ours)],
        ["## When", "", *_when(ours, partner)],
        ["## What we ask you to do", "", *_asks(ours, domain)],
        ["## Our certificate", "", *_certificate(ours)],
        ["## TLS and authentication between our servers", "", *_negotiation(ours, partner)],
        ["## Trying it: two people on the telephone", "", *_script(ours, domain)],
        *([["## Whom to ask", "", *(f"- {plain(one)}" for one in ours.contacts)]] if ours.contacts else []),
    )
    return "\n\n".join("\n".join(one) for one in sections) + "\n"


def _list(values: Iterable[object], how: Any = plain) -> str:
    return ", ".join(how(one) for one in values)


def _opening(ours: Ours, partner: Mapping[str, Any]) -> str:
    more = partner.get("additional_domains") or ()
    also = f" and {_list(more)}" if more else ""
    return (
        f"Instant messages and presence between {_list(ours.domains)} and {plain(partner['domain'])}{also} go through another server of ours "
        "from the window on. Addresses of users stay as they are. Nobody has to be added anew."
    )


def _changes(ours: Ours) -> list[str]:
    old = []
    if ours.old_host or ours.old_addresses:
        old = [_list([*([ours.old_host] if ours.old_host else []), *ours.old_addresses], code)]
    rows = [("Server", *(old or ["the server you know"]), code(ours.host))]
    rows.append(("Addresses that our streams come from and go to", "see above", _list(ours.addresses, code)))
    rows.append(("Port", "5269/TCP, both directions", "5269/TCP, both directions"))
    return [
        "| | until the window | from the window on |",
        "|---|---|---|",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]


def _when(ours: Ours, partner: Mapping[str, Any]) -> list[str]:
    told = [f"- The window: {plain(ours.window)}." if ours.window else "- The window: agreed with you in writing."]
    if may_dial_back(partner):
        length = (
            f"for at most {ours.pause} seconds"
            if ours.pause is not None
            else "for a time that we tell you before the window"
        )
        told.append(
            f"- A planned pause: {length} messages **from us to you** come back to their senders as errors. Messages from you to us arrive. "
            "That is because your server checks ours by dialback, through DNS, and down the streams that it has open to the old server."
        )
    else:
        told.append(
            "- No pause is planned. What is on its way in the second in which the old server stops may be lost."
        )
    return told


def _asks(ours: Ours, domain: str) -> list[str]:
    at = plain(ours.drop_at) if ours.drop_at else "hh:mm (we tell you the time in the window)"
    records = _list([f"_xmpp-server._tcp.{one}" for one in ours.domains], code)
    return [
        "1. Before the window: open 5269/TCP in both directions between your servers and the new addresses above, and leave the old ones open "
        "until we tell you.",
        "2. Before the window: see that your server trusts the chain below, where it looks at certificates.",
        f"3. **At {at}: drop s2s streams and DNS cache** - close the server-to-server streams to {_list(ours.domains, code)}, and forget what your "
        f"resolvers know of {records} and {code(ours.host)}. An open stream goes on to the old server whatever DNS says.",
        "4. Where your server has us by a fixed address or host name: change it at the same time.",
    ]


def _certificate(ours: Ours) -> list[str]:
    told = [
        f"It names {_list([ours.host, *ours.names], code)}. The domain of the addresses is the name that counts (RFC 6120)."
    ]
    for one in ours.thumbprints:
        told.append(f"- thumbprint of the certificate: {code(one)}")
    for link in ours.chain:
        told.append(
            f"- issued under: {plain(link.subject)}, valid until {plain(link.until)}, SHA-256 {code(link.sha256)}"
        )
    if not ours.chain:
        told.append("- the chain that it is issued under: we send it to you before the window.")
    return told


_LEVELS = {
    "tls": {REQUIRED: "we speak with you over TLS only", OPTIONAL: "we speak TLS where you offer it", NOT_SUPPORTED: "we do not start TLS"},
    "sasl": {
        REQUIRED: "your server and ours authenticate each other by certificate (SASL EXTERNAL), and in no other way",
        OPTIONAL: "your server and ours authenticate each other by certificate (SASL EXTERNAL) where you offer it",
        NOT_SUPPORTED: "we do not authenticate by certificate (SASL EXTERNAL)",
    },
}  # fmt: skip


def _negotiation(ours: Ours, partner: Mapping[str, Any]) -> list[str]:
    tls, sasl, dialback = triple_of(partner)
    verdict = MATRIX[tls, sasl, dialback]
    told = [
        f"- TLS: {_LEVELS['tls'][tls]}."
        + (f" Versions: {_list(ours.tls_versions)}." if ours.tls_versions and tls != NOT_SUPPORTED else ""),
        f"- Certificates: {_LEVELS['sasl'][sasl]}."
        + (
            " Yours has to be for server and client authentication, and to name your domain."
            if sasl != NOT_SUPPORTED
            else ""
        ),
        f"- Dialback (XEP-0220): {'we do it' if dialback and may_dial_back(partner) else 'we do not'}.",
        f"- So what comes about between us is one of: {', '.join(verdict.methods)}.",
    ]
    return [*told, "", "If that is not what your server does, tell us before the window."]


def _script(ours: Ours, domain: str) -> list[str]:
    us, you = f"our user of {plain(ours.domains[0])}", f"your user of {plain(domain)}"
    steps = (
        f"{us} signs out and in again, because clients get what they may do when they sign in.",
        f"{you} writes «one» to {us}, in a new conversation. It is read within 10 seconds, and answered «two».",
        f"{us} closes the conversation, opens a new one and writes «three». It is read, and answered «four».",
        f"{us} goes to Busy; {you} sees that. Then the other way round. Presence of contacts who were there before may take up to 8 hours.",
        "Each adds the other anew as a contact, and sees the presence of the other.",
        "Whatever fails is written down with its time to the second, and told to the other side at once.",
    )  # fmt: skip
    return [f"{number}. {step[:1].upper()}{step[1:]}" for number, step in enumerate(steps, 1)]
