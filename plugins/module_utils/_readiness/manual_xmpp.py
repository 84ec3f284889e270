# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is seen of XMPP on an Edge that no session reaches: its topology, its ports, the certificate that it shows.

What is seen and wrong is missing. What cannot be seen is left to the operator's word: whether an Edge answers a stream
before it has a partner is not published, and its inner port may be closed to the controller.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._certificates.judging import edge_names
from .manual_outside import SECONDS, addresses_of, closed

PORT, INNER_PORT = 5269, 23456
#: With these an answer says nothing of the certificate: the server may only not know the partner yet.
_SILENT = ("timeout", "closed", "stream_error", "no_features")
#: What is wrong with a certificate, beside its names.
_WRONG = ("not_trusted", "not_valid_now", "no_server_authentication", "other_certificate")
_ALL = ("components", "xmpp_listening", "certificate_names")


@dataclass
class Outside:
    """What is wrong, what could not be seen by the evidence that it is missing for, and what was seen."""

    missing: list[str] = field(default_factory=list)
    unseen: dict[str, list[str]] = field(default_factory=dict)
    seen: dict[str, list[str]] = field(default_factory=dict)

    def not_seen(self, why: str, *facts: str) -> None:
        for fact in facts:
            self.unseen.setdefault(fact, []).append(why)

    def saw(self, what: str, *facts: str) -> None:
        for fact in facts:
            self.seen.setdefault(fact, []).append(what)


def names_of(params: Mapping[str, Any]) -> list[str]:
    """Names of the certificate with its XMPP use, the subject's first: those that a session would request."""
    subject, targets = params["access_fqdn"], [one.casefold() for one in params.get("srv_targets") or ()]
    leads = {one: f"xmpp.{one}" for one in params["xmpp_domains"] if f"xmpp.{one}".casefold() in targets}
    made = edge_names(subject, params["web_conferencing_fqdn"], params["sip_domains"], params["xmpp_domains"], leads)
    return list(dict.fromkeys(name.lower() for name in (subject, *params["names"], *made)))


def ports_of(row: Mapping[str, Any], edge: str) -> list[str]:
    """What the published topology lacks for XMPP on the Edge."""
    lacking = [
        f"{number} ({what})"
        for number, name, what in (
            (PORT, "XmppListeningPort", "to partners"),
            (INNER_PORT, "XmppInternalPort", "to the Front End Servers"),
        )
        if str(row.get(name)) != str(number)
    ]
    return [f"the published topology does not give {edge} port {' and '.join(lacking)}"] if lacking else []


def look(params: Mapping[str, Any]) -> Outside:
    found = Outside()
    ports = [PORT] if params["outside_ports"] is None else params["outside_ports"]
    if ports:
        _outside(found, params, ports)
    else:
        found.not_seen("nobody was to be asked from outside", *_ALL)
    _inside(found, params)
    return found


def _outside(found: Outside, params: Mapping[str, Any], ports: Sequence[int]) -> None:
    servers = [(one["address"], one["port"]) for one in params["name_servers"]]
    addresses, wrong = addresses_of(
        params["access_fqdn"], params["outside_addresses"], params["allow_private"], servers
    )
    found.missing += wrong
    if len(addresses) < len(params["machines"]):
        found.not_seen(
            f"{len(params['machines'])} machines are behind {len(addresses)} addresses, so not each of them was asked",
            *_ALL,
        )
    for address in addresses:
        for port in ports:
            why = closed(address, port)
            if why is not None:
                found.missing.append(why)
            else:
                _stream(found, params, address, port)


def _stream(found: Outside, params: Mapping[str, Any], address: str, port: int) -> None:
    """One address, with the probe: the stream that it opens, and the certificate that it shows."""
    from .._xmpp.answer import Rules
    from .._xmpp.line import Deadline
    from .._xmpp.probe import ask
    from .._xmpp.stream import ERROR
    from .._xmpp.targets import Target
    from .._xmpp.tls import Contexts

    rules = Rules(Contexts(params["ca_file"]), params["sender"], thumbprints=tuple(params["thumbprints"]))
    target = Target(params["xmpp_domains"][0], params["access_fqdn"], address, port)
    answer = ask(target, rules, Deadline(3 * SECONDS, step=SECONDS))
    errors = [one for one in answer.findings if one.severity == ERROR]
    where, shown = target.shown, answer.certificate
    if shown is None:
        loud = [one for one in errors if one.id not in _SILENT]
        found.missing += [one.reason.rstrip(".") for one in loud]
        if not loud:
            why = f"{where} is open, but does not say what certificate it has, perhaps because there is no partner yet"
            found.not_seen(why, *(_ALL[2:] if answer.answered else _ALL))
    else:
        found.missing += [one.reason.rstrip(".") for one in errors if one.id in _WRONG]
        present = {name.casefold() for name in shown.dns_names}
        lacking = [name for name in names_of(params) if name not in present]
        if lacking:
            found.missing.append(f"the certificate {shown.sha1} of {where} does not name {', '.join(lacking)}")
        found.saw(f"{where} {shown.sha1}", "certificate_names")
    if answer.answered:
        found.saw(where, "components", "xmpp_listening")


def _inside(found: Outside, params: Mapping[str, Any]) -> None:
    """The inner ports, from the controller: where it is not let in, that says nothing."""
    for one in params["machines"]:
        for port in params["inside_ports"]:
            address = one["internal_address"]
            why = closed(address, port) if address else f"the internal address of {one['fqdn']} is not given"
            if why is None:
                found.saw(f"{address}:{port}", "xmpp_listening")
            else:
                found.not_seen(f"port {port} of {one['fqdn']} was not seen ({why})", "xmpp_listening")
    if INNER_PORT not in params["inside_ports"]:
        found.not_seen(f"port {INNER_PORT} was not to be asked", "xmpp_listening")
