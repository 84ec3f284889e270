# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RFC 2136 on a zone: prerequisites, the check of the update section, and the changes, all or none."""

from __future__ import annotations

import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.rrset
import dns.transaction
import dns.update
import dns.zone


class Rejected(Exception):
    """The update is answered with this code, and nothing was changed."""

    def __init__(self, rcode: dns.rcode.Rcode) -> None:
        super().__init__(dns.rcode.to_text(rcode))
        self.rcode = rcode


_META = frozenset({dns.rdatatype.ANY, dns.rdatatype.AXFR, dns.rdatatype.IXFR, dns.rdatatype.MAILA, dns.rdatatype.MAILB})
_APEX = frozenset({dns.rdatatype.SOA, dns.rdatatype.NS})


def apply(zone: dns.zone.Zone, message: dns.update.UpdateMessage) -> None:
    """Change the zone as the message says. Raises Rejected where it may not be."""
    origin = zone.origin
    if origin is None:
        raise Rejected(dns.rcode.SERVFAIL)
    with zone.writer() as transaction:
        _prerequisites(transaction, origin, message.prerequisite)
        for rrset in message.update:
            _scan(origin, rrset)
        before = _content(transaction)
        for rrset in message.update:
            _change(transaction, origin, rrset)
        if _content(transaction) != before:
            transaction.update_serial(relative=True, value=1, name=origin)


def _content(transaction: dns.transaction.Transaction) -> dict[tuple[dns.name.Name, int], tuple[int, frozenset[str]]]:
    return {
        (name, rdataset.rdtype): (rdataset.ttl, frozenset(rdata.to_text() for rdata in rdataset))
        for name, rdataset in transaction
        if rdataset.rdtype != dns.rdatatype.SOA
    }


def _inside(name: dns.name.Name, origin: dns.name.Name) -> None:
    if not name.is_subdomain(origin):
        raise Rejected(dns.rcode.NOTZONE)


def _prerequisites(
    transaction: dns.transaction.Transaction, origin: dns.name.Name, section: list[dns.rrset.RRset]
) -> None:
    wanted: dict[tuple[dns.name.Name, dns.rdatatype.RdataType], set[dns.rdata.Rdata]] = {}
    for rrset in section:
        if rrset.ttl:
            raise Rejected(dns.rcode.FORMERR)
        _inside(rrset.name, origin)
        if rrset.deleting is None:
            wanted.setdefault((rrset.name, rrset.rdtype), set()).update(rrset)
            continue
        if len(rrset):
            raise Rejected(dns.rcode.FORMERR)
        present = rrset.deleting == dns.rdataclass.ANY
        if rrset.rdtype == dns.rdatatype.ANY:
            if transaction.name_exists(rrset.name) != present:
                raise Rejected(dns.rcode.NXDOMAIN if present else dns.rcode.YXDOMAIN)
        elif (transaction.get(rrset.name, rrset.rdtype) is not None) != present:
            raise Rejected(dns.rcode.NXRRSET if present else dns.rcode.YXRRSET)
    for (name, kind), rdatas in wanted.items():
        found = transaction.get(name, kind)
        if found is None or set(found) != rdatas:
            raise Rejected(dns.rcode.NXRRSET)


def _scan(origin: dns.name.Name, rrset: dns.rrset.RRset) -> None:
    _inside(rrset.name, origin)
    deletes_all = rrset.deleting == dns.rdataclass.ANY
    if rrset.rdtype in _META and not (deletes_all and rrset.rdtype == dns.rdatatype.ANY):
        raise Rejected(dns.rcode.FORMERR)
    if (deletes_all and len(rrset)) or (rrset.deleting is not None and rrset.ttl):
        raise Rejected(dns.rcode.FORMERR)


def _change(transaction: dns.transaction.Transaction, origin: dns.name.Name, rrset: dns.rrset.RRset) -> None:
    name, kind = rrset.name, rrset.rdtype
    kept = _APEX if name == origin else frozenset()
    if rrset.deleting == dns.rdataclass.ANY:
        for found in _kinds(transaction, name) if kind == dns.rdatatype.ANY else [kind]:
            if found not in kept:
                transaction.delete(name, found)
    elif rrset.deleting == dns.rdataclass.NONE:
        found_set = transaction.get(name, kind)
        if kind == dns.rdatatype.SOA or found_set is None or (kind in kept and len(found_set) == 1):
            return
        transaction.delete(name, dns.rdataset.from_rdata_list(0, list(rrset)))
    else:
        others = [found for found in _kinds(transaction, name) if found != kind]
        alias = dns.rdatatype.CNAME in others if kind != dns.rdatatype.CNAME else bool(others)
        if alias or kind == dns.rdatatype.SOA:
            return  # RFC 2136 3.4.2.2: ignored without an error
        old = transaction.get(name, kind)
        rdatas = [*(old or ()), *(rdata for rdata in rrset if old is None or rdata not in old)]
        if kind == dns.rdatatype.CNAME:
            rdatas = list(rrset)[-1:]
        transaction.replace(name, dns.rdataset.from_rdata_list(rrset.ttl, rdatas))


def _kinds(transaction: dns.transaction.Transaction, name: dns.name.Name) -> list[dns.rdatatype.RdataType]:
    return [rdataset.rdtype for found, rdataset in transaction if found == name]
