# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The delegation of a zone: which name servers its parent sends resolvers to, and whether those are all looked at.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._engine.errors import Unreachable
from .servers import QUERY_SECONDS, UDP_SECONDS, Server, ask, resolved, said

try:
    import dns.exception
    import dns.message
    import dns.name
    import dns.query
    import dns.rcode
    import dns.rdatatype
    import dns.resolver
except ImportError:
    pass  # _dns.HAS_DNSPYTHON says so, and the module refuses

MAX_SERVERS = 30


@dataclass(frozen=True)
class Delegation:
    """What one server says: the names of the zone's name servers, and the addresses that came with them."""

    names: tuple[str, ...]
    addresses: Mapping[str, tuple[str, ...]]


def parents_of(zone: str) -> list[Server]:
    """The name servers of the zone above, as the controller's own resolver knows them."""
    try:
        above = dns.resolver.zone_for_name(dns.name.from_text(f"{zone}.").parent())
        names = [str(one.target) for one in dns.resolver.resolve(above, "NS", lifetime=QUERY_SECONDS)]
    except (dns.exception.DNSException, OSError) as exc:
        raise Unreachable(
            f"The zone above {zone} cannot be found ({type(exc).__name__}): name its name servers as parent_servers."
        ) from exc
    return [Server(name.rstrip(".")) for name in sorted(names)][:MAX_SERVERS]


def told(server: Server, zone: str) -> Delegation:
    """The zone's NS records, as a referral of the parent or an answer of the zone itself."""
    query = dns.message.make_query(f"{zone}.", "NS", flags=0)
    try:
        reply, _tcp = dns.query.udp_with_fallback(query, resolved(server), UDP_SECONDS, server.port)
    except (OSError, EOFError, ValueError, IndexError, dns.exception.DNSException) as exc:
        raise Unreachable(f"The name server {server.shown} does not say who serves {zone}: {said(exc)}.") from exc
    owner, names, glue = dns.name.from_text(f"{zone}."), set(), dict[str, set[str]]()
    for rrset in (*reply.answer, *reply.authority):
        if rrset.name == owner and rrset.rdtype == dns.rdatatype.NS:
            names |= {str(one.target).lower().rstrip(".") for one in rrset}
    for rrset in reply.additional:
        if rrset.rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA):
            glue.setdefault(str(rrset.name).lower().rstrip("."), set()).update(one.address for one in rrset)
    if not names:
        code = dns.rcode.to_text(reply.rcode())
        raise Unreachable(
            f"The name server {server.shown} does not delegate {zone} (it answers {code} and names no name server): see "
            "whether it serves the zone above, and whether that delegates this one."
        )
    return Delegation(tuple(sorted(names)), {name: tuple(sorted(found)) for name, found in glue.items()})


def _inside(server: Server, zone: str, name: str) -> tuple[str, ...]:
    """The addresses of a name server in the zone itself, where nobody sent them along."""
    if not name.endswith(f".{zone}"):
        return ()
    found = [ask(server, zone, name, kind).record for kind in ("A", "AAAA")]
    return tuple(sorted(value for one in found if one is not None for value in one.values))


def _looked_up(name: str) -> tuple[str, ...]:
    try:
        found = socket.getaddrinfo(name, 53, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return tuple(sorted({str(one[4][0]) for one in found}))


def checked(
    zone: str,
    parents: Sequence[Server],
    own: Sequence[Server],
    known: Sequence[Server],
    look_up: Callable[[str], tuple[str, ...]] = _looked_up,
) -> tuple[list[dict[str, Any]], list[str], list[str]]:
    """Each delegated name with its addresses; what is wrong; and which of its addresses nobody looks at.

    ``known`` are all addresses that are looked at, ``own`` the servers that were named.
    """
    wrong: list[str] = []
    said_by = {server: told(server, zone) for server in parents}
    inside = told(own[0], zone)
    names = sorted({name for one in said_by.values() for name in one.names})
    for server, one in said_by.items():
        if one.names != inside.names:
            wrong.append(
                f"{server.shown} delegates {zone} to {', '.join(one.names)}, but the zone itself names "
                f"{', '.join(inside.names)}: resolvers may use either."
            )
    rows, missing = [], []
    looked_at = {ipaddress.ip_address(one.address) for one in known}
    for name in names[:MAX_SERVERS]:
        glue = {address for one in (*said_by.values(), inside) for address in one.addresses.get(name, ())}
        addresses = tuple(sorted(glue)) or _inside(own[0], zone, name) or look_up(name)
        rows.append({"name": name, "addresses": list(addresses)})
        if not addresses:
            wrong.append(f"{name}, which {zone} is delegated to, has no address.")
        missing += [f"{name} ({one})" for one in addresses if ipaddress.ip_address(one) not in looked_at]
    return rows, wrong, missing
