# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An authoritative name server of our own, for machines without BIND: queries, AXFR and updates under TSIG."""

from __future__ import annotations

import threading
import typing as t

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.rrset
import dns.tsig
import dns.update
import dns.zone

from . import update
from .records import Records, snapshot

UDP_SIZE = 1232
RECORDS_IN_A_MESSAGE = 200
MAX_ALIASES = 8

Changed = t.Callable[[str, Records, Records], None]
"""Zone, records before, records after; called before the update is answered."""


class Authority:
    """Answers for its zones and refuses everything else: it neither forwards nor recurses."""

    def __init__(self, zones: t.Mapping[str, dns.zone.Zone], key: dns.tsig.Key, changed: Changed) -> None:
        self.zones = {dns.name.from_text(name): zone for name, zone in zones.items()}
        self.keyring = {key.name: key}
        self._changed = changed
        self._lock = threading.RLock()

    def records(self) -> dict[str, Records]:
        with self._lock:
            return {name.to_text(omit_final_dot=True): snapshot(zone) for name, zone in self.zones.items()}

    def handle(self, wire: bytes, tcp: bool) -> t.Iterable[bytes]:
        try:
            message = dns.message.from_wire(wire, keyring=self.keyring, one_rr_per_rrset=_is_update(wire))
        except dns.message.UnknownTSIGKey:
            return self._unread(wire, dns.rcode.NOTAUTH)
        except (dns.tsig.BadSignature, dns.tsig.BadTime, dns.tsig.BadKey, dns.tsig.BadAlgorithm):
            return self._unread(wire, dns.rcode.NOTAUTH)
        except (dns.exception.DNSException, ValueError):
            return self._unread(wire, dns.rcode.FORMERR)
        if message.flags & dns.flags.QR:
            return ()  # an answer: two servers would talk to each other without end
        with self._lock:
            if isinstance(message, dns.update.UpdateMessage):
                return [self._update(message).to_wire()]
            if message.opcode() != dns.opcode.QUERY:
                return [self._reply(message, dns.rcode.NOTIMP).to_wire()]
            return self._query(message, tcp)

    @staticmethod
    def _unread(wire: bytes, rcode: dns.rcode.Rcode) -> t.Iterable[bytes]:
        """An answer to a message that could not be read or trusted: the header and a code, unsigned."""
        if len(wire) < 12 or wire[2] & 0x80:
            return ()
        return [wire[:2] + bytes([0x80 | (wire[2] & 0x78), rcode & 0xF]) + b"\0" * 8]

    @staticmethod
    def _reply(message: dns.message.Message, rcode: dns.rcode.Rcode) -> dns.message.Message:
        reply = dns.message.make_response(message)
        reply.set_rcode(rcode)
        return reply

    def _zone_of(self, name: dns.name.Name) -> dns.zone.Zone | None:
        holding = [origin for origin in self.zones if name.is_subdomain(origin)]
        return self.zones[max(holding, key=len)] if holding else None

    # --- updates

    def _update(self, message: dns.update.UpdateMessage) -> dns.message.Message:
        if not message.had_tsig:
            return self._reply(message, dns.rcode.REFUSED)
        if len(message.zone) != 1 or message.zone[0].rdtype != dns.rdatatype.SOA:
            return self._reply(message, dns.rcode.FORMERR)
        zone = self.zones.get(message.zone[0].name)
        if zone is None:
            return self._reply(message, dns.rcode.NOTAUTH)
        before = snapshot(zone)
        try:
            update.apply(zone, message)
        except update.Rejected as rejected:
            return self._reply(message, rejected.rcode)
        after = snapshot(zone)
        if after != before:
            self._changed(message.zone[0].name.to_text(omit_final_dot=True).lower(), before, after)
        return self._reply(message, dns.rcode.NOERROR)

    # --- queries

    def _query(self, message: dns.message.Message, tcp: bool) -> t.Iterable[bytes]:
        if len(message.question) != 1:
            return [self._reply(message, dns.rcode.FORMERR).to_wire()]
        question = message.question[0]
        zone = self._zone_of(question.name)
        if zone is None or question.rdclass != dns.rdataclass.IN:
            return [self._reply(message, dns.rcode.REFUSED).to_wire()]
        if question.rdtype in (dns.rdatatype.AXFR, dns.rdatatype.IXFR):
            if not tcp or not message.had_tsig or question.name != zone.origin:
                return [self._reply(message, dns.rcode.REFUSED).to_wire()]
            return self._transfer(message, zone)
        reply = self._reply(message, dns.rcode.NOERROR)
        reply.flags |= dns.flags.AA
        self._answer(reply, zone, question.name, question.rdtype)
        try:
            size = 65535 if tcp else max(512, min(message.payload or 512, UDP_SIZE))
            return [reply.to_wire(max_size=size)]
        except dns.exception.TooBig:
            short = self._reply(message, dns.rcode.NOERROR)
            short.flags |= dns.flags.AA | dns.flags.TC
            return [short.to_wire()]

    def _answer(
        self, reply: dns.message.Message, zone: dns.zone.Zone, name: dns.name.Name, kind: dns.rdatatype.RdataType
    ) -> None:
        for _alias in range(MAX_ALIASES):
            node = zone.get_node(name)
            if node is None:
                below = any(other.is_subdomain(name) for other in zone.nodes)
                if not below and not reply.answer:
                    reply.set_rcode(dns.rcode.NXDOMAIN)
                break
            found = [one for one in node.rdatasets if kind in (one.rdtype, dns.rdatatype.ANY)]
            if found:
                reply.answer += [_rrset(name, rdataset) for rdataset in found]
                return
            alias = node.get_rdataset(dns.rdataclass.IN, dns.rdatatype.CNAME)
            if alias is None:
                break
            reply.answer.append(_rrset(name, alias))
            name = alias[0].target
            if self._zone_of(name) is not zone:
                return
        origin = zone.origin or dns.name.root
        soa = zone.find_rdataset(origin, dns.rdatatype.SOA)
        negative = _rrset(origin, soa)
        negative.ttl = min(soa.ttl, soa[0].minimum)
        reply.authority.append(negative)

    def _transfer(self, message: dns.message.Message, zone: dns.zone.Zone) -> t.Iterable[bytes]:
        origin = zone.origin or dns.name.root
        soa = _rrset(origin, zone.find_rdataset(origin, dns.rdatatype.SOA))
        rest = [_rrset(name, one) for name, one in zone.iterate_rdatasets() if one.rdtype != dns.rdatatype.SOA]
        everything = [soa, *rest, soa]
        wires, context = [], None
        for start in range(0, len(everything), RECORDS_IN_A_MESSAGE):
            reply = self._reply(message, dns.rcode.NOERROR)
            reply.flags |= dns.flags.AA
            if start:
                reply.question = []
            reply.answer = everything[start : start + RECORDS_IN_A_MESSAGE]
            wires.append(reply.to_wire(multi=True, tsig_ctx=context))
            context = reply.tsig_ctx
        return wires


def _is_update(wire: bytes) -> bool:
    """Whether the order of single records matters: in an update it does."""
    return len(wire) > 2 and (wire[2] >> 3) & 0xF == dns.opcode.UPDATE


def _rrset(name: dns.name.Name, rdataset: dns.rdataset.Rdataset) -> dns.rrset.RRset:
    return dns.rrset.from_rdata_list(name, rdataset.ttl, list(rdataset))
