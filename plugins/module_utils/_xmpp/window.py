# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The window of the cutover as numbers and sentences: when what may happen, how long a pause is, what is whole, which way leads on
and which back.

The order was measured with other servers (Prosody) in place of Microsoft's gateway and of the partner: an open stream outlives any
lifetime of a record, so the old gateway's service has to be stopped; a partner that dials back verifies through DNS, so what the new
Edge sends it before the old gateway is closed comes back as an error. That Lync's own gateway behaves so is inferred.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from .negotiation import MATRIX, REQUIRED, SASL_OVER_TLS

#: Replication of the partner to every server, the swap until every name server shows it, and the stop of the service.
WORKING = 120
#: After the old gateway has closed its streams a dialback partner needs a moment before it takes new ones (measured: 1 to 2 s).
SETTLING = 2

MIGRATE, ROLLBACK, ACCEPT = (f"lync.xmpp_migration.{name}" for name in ("migrate", "rollback", "accept"))


def planned_pause(ttl: int, margin: int, dialback: bool, working: int = WORKING) -> int:
    """Seconds for which messages to dialback partners come back as errors, at most: from the creation of the partner until the
    old gateway is closed and no resolver knows it any more. None are lost for a partner with SASL EXTERNAL."""
    return working + ttl + margin + SETTLING if dialback else 0


def stop_at(seen: datetime, ttl: int, margin: int) -> datetime:
    """From when on the old gateway may be stopped: when every resolver has forgotten it, and a margin later."""
    return seen + timedelta(seconds=ttl + margin)


def may_dial_back(partner: Mapping[str, Any]) -> bool:
    """Whether Lync and the partner may authenticate by dialback. What is left out is what the cmdlet takes: Required, Required,
    True, of which Microsoft's table says that dialback is never used."""
    triple = (
        str(partner.get("tls_negotiation") or REQUIRED),
        str(partner.get("sasl_negotiation") or REQUIRED),
        partner.get("support_dialback_negotiation") is not False,
    )
    return MATRIX[triple].methods != (SASL_OVER_TLS,)


#: What is declared of one window; the documentation fragment _window describes it.
WINDOW_OPTIONS: dict[str, Any] = {
    "domains": {"type": "list", "elements": "str", "required": True},
    "targets": {"type": "list", "elements": "str", "required": True},
    "external_partners": {"type": "list", "elements": "str", "default": []},
    "dialback_partners": {"type": "list", "elements": "str", "default": []},
    "ttl": {"type": "int", "default": 300},
    "margin": {"type": "int", "default": 60},
    "working": {"type": "int", "default": 120},
    "gateway_fqdn": {"type": "str"},
}


@dataclass(frozen=True)
class Window:
    """What is declared of one window."""

    domains: Sequence[str]
    edge: str
    external: Sequence[str]
    dialback: Sequence[str]
    ttl: int
    margin: int
    working: int = WORKING
    gateway: str | None = None

    @property
    def pause(self) -> int:
        return planned_pause(self.ttl, self.margin, bool(self.dialback), self.working)

    def timetable(self) -> list[str]:
        """The window in the order in which it happens. Times count from the creation of the last partners (T)."""
        steps = [
            "Before the window: the lifetimes of the service records are lowered, and the former ones have run out.",
            "Before the window: the ports, the XMPP route, the components and the certificate of the new Edge; port 5269 answers from "
            "outside. The old gateway carries all messages.",
        ]
        if self.external:
            steps.append(
                f"The partners with SASL EXTERNAL ({_listed(self.external)}) are created and seen on every server. Messages to them "
                "leave through the new Edge from now on, messages from them still come through the old gateway."
            )
        if self.dialback:
            steps.append(
                f"T: the dialback partners ({_listed(self.dialback)}) are created and seen on every server. Messages to them come back "
                "as errors from now on; messages from them still come through the old gateway."
            )
        steps += [
            f"T + {self.working} s at the latest: the service records of {_listed(self.domains)} lead to {self.edge}, on every name "
            "server.",
            f"{self.ttl} s (TTL) and {self.margin} s (margin) after that: the service of the old gateway"
            f"{f' {self.gateway}' if self.gateway else ''} is stopped, which closes the streams that are open.",
            "Then both directions are proved by name, at the new Edge.",
        ]
        return steps

    def sentences(self) -> list[str]:
        """What to tell users and partners before the window opens."""
        said = []
        if self.external:
            said.append(
                f"Planned for {_listed(self.external)} (SASL EXTERNAL): no pause. What is on its way at the stop of the old gateway "
                "may be lost, one message for each direction."
            )
        if self.dialback:
            said.append(
                f"Planned for {_listed(self.dialback)} (dialback): for {self.pause} s at most messages to them come back as errors; "
                "messages from them arrive. Nothing is lost silently beyond what is on its way at the stop of the old gateway."
            )
        return said


# --- what is whole, and the ways

BEFORE = (
    "Nothing has been switched over: no partner was created here, DNS leads to the old gateway, and all messages go the legacy way, "
    "which is whole. Mend what is missing and run the same playbook again, at any time."
)
_BACK = f"The way back: the playbook {ROLLBACK}, which goes back in the order DNS, partners, XMPP route and ports, certificate, grants, users."


def after_partners(window: Window) -> str:
    """Between the first partner and the swap."""
    whole = (
        f"Messages to {_listed(window.external)} leave through the new Edge; all that comes in, and all other partners, go through the "
        "old gateway, which is whole."
        if window.external
        else "All messages that come in go through the old gateway, which is whole."
    )
    return (
        f"The partners with SASL EXTERNAL exist on Lync Server 2013 and DNS leads to the old gateway. {whole} The way forward: mend what "
        f"is missing and run the playbook {MIGRATE} with --tags step5,step6. {_BACK}"
        if window.external
        else f"{BEFORE}"
    )


def before_swap(window: Window) -> str:
    who = f" Messages to {_listed(window.dialback)} come back as errors until it is done." if window.dialback else ""
    return (
        "Partners exist on Lync Server 2013 already (some or all of them), but DNS still leads to the old gateway, which takes all that comes in."
        f"{who} The way forward: mend what is missing and run the playbook {MIGRATE} with --tags step5,step6. {_BACK}"
    )


def after_swap(window: Window) -> str:
    who = (
        f" Messages to {_listed(window.dialback)} come back as errors until its service is stopped."
        if window.dialback
        else ""
    )
    return (
        "DNS leads to the new Edge; streams that are open still go through the old gateway, which runs on."
        f"{who} The way forward: the playbook {MIGRATE} with --tags window_end. {_BACK}"
    )


def after_stop(window: Window) -> str:
    return (
        "DNS leads to the new Edge and the old gateway is to be stopped. The way forward: mend what is missing and run the playbook "
        f"{MIGRATE} with --tags window_end. The way back: start the service of the old gateway again"
        f"{f' on {window.gateway}' if window.gateway else ''}, then the playbook {ROLLBACK}."
    )


def complete(window: Window) -> str:
    return (
        f"The window is over: the new Edge {window.edge} answers by name, and the old gateway refuses. Let two people go through the "
        f"test script, watch the event log, and accept with the playbook {ACCEPT}. Until then everything can go back: {ROLLBACK}."
    )


# --- two people

_PEOPLE = "your user", "the partner's user"


def test_script(window: Window, users: Sequence[str] = (), receivers: Mapping[str, str] | None = None) -> list[str]:
    """What two people do on the telephone with each other, in order: both directions, presence, a new contact."""
    ours = users[0].removeprefix("sip:") if users else f"{_PEOPLE[0]} of {window.domains[0]}"
    script = [
        f"{ours} signs out of the Lync client and in again, because policies come with the sign-in."
        + (f" The same for {_listed([one.removeprefix('sip:') for one in users[1:]])}." if len(users) > 1 else "")
    ]
    for partner in (*window.external, *window.dialback):
        theirs = (receivers or {}).get(partner) or f"{_PEOPLE[1]} of {partner}"
        script += [
            f"{partner}: {ours} writes «A1» to {theirs}. {_upper(theirs)} reads it within 10 seconds and answers «B1»; {ours} reads that.",
            f"{partner}: {theirs} begins: closes the conversation and writes «B2» to {ours}. {_upper(ours)} reads it and answers «A2».",
            f"{partner}: {ours} goes from Available to Busy; {theirs} sees that. Then the other way round. Presence of a contact that was "
            "there before the window may take until subscriptions are refreshed (28 800 s unless it was changed); for a contact that "
            "is added now it comes at once.",
            f"{partner}: {theirs} signs out; {ours} writes «A3» and is told, or {theirs} reads it at the next sign-in.",
        ]
    script.append(
        "Whatever failed is written down with its time, so that it can be found in the event logs and at the partner's."
    )
    return script


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:] if "@" not in text.split(" ")[0] else text


def _listed(names: Sequence[str]) -> str:
    names = list(names)
    if not names:
        return "none"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
