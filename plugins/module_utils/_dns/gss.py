# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""GSS-TSIG (RFC 3645): updates signed by way of Kerberos, as secure zones of Active Directory want them.

Both sides prove who they are, in a bounded number of rounds; all of it happens before anything can be changed.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .._engine.errors import InvalidInput, NeverRan, one_line

try:
    import dns.exception
    import dns.message
    import dns.name
    import dns.query
    import dns.rcode
    import dns.rdataclass
    import dns.rdatatype
    import dns.rdtypes.ANY.TKEY
    import dns.tsig
except ImportError:
    pass  # _dns.HAS_DNSPYTHON says so, and the module refuses

try:
    import gssapi
    import gssapi.exceptions

    HAS_GSSAPI = True
except ImportError:
    HAS_GSSAPI = False

MAX_ROUNDS = 8
GSS_API_MODE = 3


@dataclass(frozen=True)
class Kerberos:
    """Who signs: a principal with its keytab, or what a cache holds (without one the process's own)."""

    server_name: str
    principal: str | None = None
    keytab: str | None = None
    cache: str | None = None

    def check(self) -> None:
        if not HAS_GSSAPI:
            raise InvalidInput(
                "The Python package gssapi is not installed for the controller's ansible-playbook: install it with python3 "
                "-m pip install gssapi (it needs the Kerberos headers of the system, libkrb5-dev or krb5-devel)."
            )


Exchange = Callable[[Any], Any]
"""Sends a message, and returns its answer."""


def negotiated(kerberos: Kerberos, exchange: Exchange, shown: str) -> dict[str, Any]:
    """What an update is signed with, once the server and we agree. NeverRan where we do not: nothing was changed."""
    kerberos.check()
    try:
        context = _context(kerberos)
        token = context.step(None)
    except gssapi.exceptions.GSSError as exc:
        raise NeverRan(
            f"Kerberos gives no ticket for DNS/{kerberos.server_name} ({_said(exc)}), so nothing was changed. See the "
            "principal, its keytab or cache, and whether the server is known by this name."
        ) from exc
    name = dns.name.from_text(f"{uuid.uuid4()}.{kerberos.server_name}.")
    ring = dns.tsig.GSSTSigAdapter({name: dns.tsig.Key(name, context, dns.tsig.GSS_TSIG)})
    for _round in range(MAX_ROUNDS):
        if context.complete and not token:
            break
        answer = _round_trip(exchange, name, ring, token or b"", shown)
        if context.complete:  # the answer's own signature has brought it to its end
            break
        try:
            token = context.step(answer.key)
        except gssapi.exceptions.GSSError as exc:
            raise NeverRan(
                f"{shown} did not prove that it is DNS/{kerberos.server_name} ({_said(exc)}), so nothing was changed."
            ) from exc
    if not context.complete:
        raise NeverRan(
            f"{shown} and the controller did not agree on a key in {MAX_ROUNDS} rounds: nothing was changed."
        )
    if not context.actual_flags & gssapi.RequirementFlag.mutual_authentication:
        raise NeverRan(f"{shown} did not prove who it is, so nothing was changed.")
    return {"keyring": ring, "keyname": name, "keyalgorithm": dns.tsig.GSS_TSIG}


def _context(kerberos: Kerberos) -> Any:
    store = {}
    if kerberos.keytab:
        # The tickets of a keytab stay in memory, and nobody else's are taken.
        store = {"client_keytab": kerberos.keytab, "ccache": f"MEMORY:{uuid.uuid4()}"}
    elif kerberos.cache:
        store = {"ccache": kerberos.cache}
    who = gssapi.Name(kerberos.principal, gssapi.NameType.kerberos_principal) if kerberos.principal else None
    credentials = gssapi.Credentials(name=who, usage="initiate", store=store) if store or who else None
    flags = gssapi.RequirementFlag.mutual_authentication | gssapi.RequirementFlag.integrity
    service = gssapi.Name(f"DNS@{kerberos.server_name}", gssapi.NameType.hostbased_service)
    return gssapi.SecurityContext(name=service, creds=credentials, usage="initiate", flags=int(flags))


def _round_trip(exchange: Exchange, name: Any, ring: Any, token: bytes, shown: str) -> Any:
    now = int(time.time())
    key = dns.rdtypes.ANY.TKEY.TKEY(
        dns.rdataclass.ANY, dns.rdatatype.TKEY, dns.tsig.GSS_TSIG, now, now, GSS_API_MODE, dns.rcode.NOERROR, token, b""
    )
    query = dns.message.make_query(name, dns.rdatatype.TKEY, dns.rdataclass.ANY)
    query.keyring = ring
    query.find_rrset(query.additional, name, dns.rdataclass.ANY, dns.rdatatype.TKEY, create=True).add(key)
    try:
        reply = exchange(query)
    except (OSError, EOFError, ValueError, dns.exception.DNSException, gssapi.exceptions.GSSError) as exc:
        why = "the signature of its answer is wrong" if isinstance(exc, dns.tsig.BadSignature) else type(exc).__name__
        raise NeverRan(f"{shown} did not agree on a key for the update ({why}), so nothing was changed.") from exc
    code = dns.rcode.to_text(reply.rcode())
    found = next((one for rrset in reply.answer for one in rrset if one.rdtype == dns.rdatatype.TKEY), None)
    if reply.rcode() != dns.rcode.NOERROR or found is None or found.error:
        if found is not None and found.error:
            code = dns.rcode.to_text(found.error, tsig=True)
        raise NeverRan(
            f"{shown} refuses to agree on a key for GSS-TSIG ({code}), so nothing was changed. See whether the zone takes "
            "secure updates there, and whether the server has the key of its own service."
        )
    return found


def _said(exc: Exception) -> str:
    return one_line(str(getattr(exc, "min_message", "") or exc) or type(exc).__name__, 200)
