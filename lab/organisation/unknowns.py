# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nobody outside Microsoft can know for sure, as switches: at most twelve, each of which changes a decision.

An estate sets them under ``unknowns:``. The default is the answer that the evidence leans to; the migration has to end
well, or stop with one sentence before harm, under either.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Switch:
    name: str
    answers: tuple[str, str]  # the first one is the default
    meaning: str
    source: str  # where the question is left open: [unv], [inf] or [conflict] and what it rests on


SWITCHES: tuple[Switch, ...] = (
    Switch(
        "xmpp_certificate_before_ports",
        ("refused", "accepted"),
        "Request-, Import- and Set-CsCertificate for the use XmppServer on an Edge that has no XMPP ports yet.",
        "[unv] AWS New-LyncEdge.ps1 assigns the use on an Edge that has the ports; nothing shows it without.",
    ),
    Switch(
        "allowed_domain_beats_partner",
        ("no", "yes"),
        "An allowed domain whose ProxyFqdn is the old gateway keeps carrying messages after the XMPP partner exists.",
        "[inf] The migration pages say that creating the partner is the switch; nothing says which entry wins.",
    ),
    Switch(
        "sip_route_cuts_legacy_path",
        ("yes", "no"),
        "Once the site's SIP FederationRoute leaves the legacy Edge, its users no longer reach the old gateway.",
        "[inf] The legacy XMPP path is SIP federation through the legacy Edge; with 5061 open from the new Edge to the "
        "gateway it may survive.",
    ),
    Switch(
        "enable_computer_on_edge",
        ("accepted", "refused"),
        "Enable-CsComputer on an Edge in a workgroup.",
        "[conflict] The cmdlet's page wants a domain member; published Edge installations call it, others leave it out.",
    ),
    Switch(
        "stream_before_partner",
        ("unanswered", "answered"),
        "What a new Edge does with an XMPP stream from a domain that is not an allowed partner.",
        "[unv] Not documented; the gateway is 'enabled' only in that a partner is on the list (Set-CsXmppGateway"
        "Configuration).",
    ),
    Switch(
        "set_edge_server_creates_xmpp_ports",
        ("no", "yes"),
        "Set-CsEdgeServer -XmppListeningPort -XmppInternalPort makes the two ports on an Edge that has none.",
        "[unv] The cmdlet's page names the parameters; it is not known to do more than change numbers.",
    ),
    Switch(
        "xmpp_route_creates_ports",
        ("no", "yes"),
        "Naming an Edge in the site's XmppFederationRoute enables XMPP on that Edge.",
        "[unv] One blog of the beta time says so (lynclog.com, July 2012).",
    ),
    Switch(
        "route_needs_federation",
        ("refused", "accepted"),
        "Set-CsSite with a route to an Edge on which federation (the port 5061) is not enabled.",
        "[inf] Topology Builder refuses it; for the cmdlet nothing is documented.",
    ),
    Switch(
        "invalid_negotiation",
        ("accepted", "refused"),
        "New- and Set-CsXmppAllowedPartner with one of the five invalid TLS, SASL and dialback combinations.",
        "[unv] The Control Panel refuses to save some; for the cmdlet nothing is documented.",
    ),
    Switch(
        "partner_beside_allowed_domain",
        ("accepted", "refused"),
        "New-CsXmppAllowedPartner for a domain that is on the list of allowed SIP domains.",
        "[unv] New-CsAllowedDomain refuses a domain that is on either list; for XMPP partners nothing is documented.",
    ),
    Switch(
        "publish_keeps_routes",
        ("yes", "no"),
        "Publish-CsTopology -FileName keeps the sites' federation routes, which no published document contains.",
        "[inf] How a route is written in the document was not found.",
    ),
    Switch(
        "move_matches_several",
        ("all", "refused"),
        "Move-CsUser with a display name or wildcard that fits several users moves them all.",
        "[inf] The page calls it a cmdlet that moves 'one or more' users, and wildcards in display names are documented.",
    ),
)
BY_NAME = {switch.name: switch for switch in SWITCHES}


class Unknowns(Mapping[str, str]):
    """The answers of one estate. ``unknowns["name"]`` is the answer's text."""

    def __init__(self, answers: Mapping[str, Any] | None = None) -> None:
        self._answers = {switch.name: switch.answers[0] for switch in SWITCHES}
        for name, answer in (answers or {}).items():
            self.set(name, answer)

    def set(self, name: str, answer: Any) -> None:
        switch = BY_NAME.get(name)
        if switch is None:
            raise ValueError(f"{name!r} is no known question; there are {', '.join(sorted(BY_NAME))}.")
        text = {True: "yes", False: "no"}.get(answer, answer) if isinstance(answer, bool) else answer
        if text not in switch.answers:
            raise ValueError(f"{name} can be {' or '.join(switch.answers)}, not {answer!r}.")
        self._answers[name] = text

    def __getitem__(self, name: str) -> str:
        return self._answers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._answers)

    def __len__(self) -> int:
        return len(self._answers)

    def yes(self, name: str) -> bool:
        """For the switches whose answers are yes and no."""
        return self._answers[name] == "yes"

    def refused(self, name: str) -> bool:
        return self._answers[name] == "refused"
