# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Speaking to authoritative name servers: queries to all of them, conditional updates to the first.

An update is sent once. Whatever leaves open whether it was made (no answer, an unsigned one, a bad signature) is
InDoubt: the caller reads again, and nobody sends it again.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from .._engine.errors import BadAnswer, InDoubt, InvalidInput, InvalidRequest, NeverRan, Unreachable
from .._engine.performer import Reply
from .gss import Kerberos, negotiated
from .records import RecordSet, Step, canonical, instruction, steps_of, update_message

try:
    import dns.exception
    import dns.flags
    import dns.message
    import dns.name
    import dns.query
    import dns.rcode
    import dns.rdataclass
    import dns.rdatatype
    import dns.tsig
except ImportError:
    pass  # _dns.HAS_DNSPYTHON says so, and the module refuses

ALGORITHMS = ("hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512")
UDP_SECONDS = 2.0
QUERY_SECONDS = 5.0
POLL_SECONDS = 1.0
#: Questions to name servers at a time.
MAX_BESIDE = 16

T = TypeVar("T")


@dataclass(frozen=True)
class Server:
    address: str
    port: int = 53

    @property
    def shown(self) -> str:
        address = f"[{self.address}]" if ":" in self.address else self.address
        return address if self.port == 53 else f"{address}:{self.port}"


@dataclass(frozen=True)
class Found:
    """A server's answer: the record set, None where there is none; what it says of the zone."""

    record: RecordSet | None
    serial: int | None = None
    negative_ttl: int | None = None


def make_key(name: str, secret: str, algorithm: str) -> dns.tsig.Key:
    """The TSIG key. Its texts are never part of an error."""
    try:
        raw = base64.b64decode(secret, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) < 16:
        raise InvalidInput("tsig_secret is not the base64 of a key of at least 16 bytes.")
    if algorithm not in ALGORITHMS:
        raise InvalidInput(f"tsig_algorithm is {algorithm!r}: one of {', '.join(ALGORITHMS)} is wanted.")
    try:
        key_name = dns.name.from_text(name)
    except dns.exception.DNSException as exc:
        raise InvalidInput("tsig_key_name is not a name that a key can have.") from exc
    return dns.tsig.Key(key_name, raw, algorithm)


def addresses(server: Server) -> list[str]:
    """The server's addresses; a name is looked up by the controller's own resolver, and each of its addresses counts."""
    try:
        return [str(ipaddress.ip_address(server.address))]
    except ValueError:
        pass
    try:
        found = socket.getaddrinfo(server.address, server.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as exc:
        raise Unreachable(
            f"The name server {server.address} has no address that the controller can find: give its IP address."
        ) from exc
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def resolved(server: Server) -> str:
    return addresses(server)[0]


#: What a code means for who asked a question. Other codes have a sentence too, only a general one.
QUERY_CODES: Mapping[str, str] = {
    "REFUSED": "it does not serve the zone {zone}, or not for this controller: name a server that does",
    "SERVFAIL": "it has the zone {zone}, but cannot read or transfer it: see its log",
    "FORMERR": "it does not understand the question, so something on the way changes DNS messages",
    "NOTIMP": "it does not know this kind of question: name a name server",
    "NOTAUTH": "it does not serve the zone {zone}: name a server that does",
}
#: And for who wanted a change: nothing was changed.
UPDATE_CODES: Mapping[str, str] = {
    "REFUSED": "its policy does not let this key change these records of the zone {zone}",
    "NOTAUTH": "it does not serve the zone {zone} as its primary server, or does not let this key change it",
    "NOTZONE": "a record is not in the zone {zone} as this server has it: name the zone that is cut there",
    "SERVFAIL": "it could not write the zone {zone}: see its log, its disk, and the rights on the zone's journal",
    "NOTIMP": "it takes no dynamic updates: choose method: manual",
    "FORMERR": "it does not understand the update: choose method: manual",
}


def _exchange(query: dns.message.Message, where: str, port: int, tcp: bool) -> dns.message.Message:
    if tcp:
        return dns.query.tcp(query, where, QUERY_SECONDS, port)
    try:
        return dns.query.udp(query, where, UDP_SECONDS, port)
    except dns.exception.Timeout:  # a datagram may be lost, two rarely are
        return dns.query.udp(query, where, UDP_SECONDS, port)


def ask(server: Server, zone: str, name: str, kind: str, tcp: bool | None = None) -> Found:
    """One authoritative answer; by UDP, and where that is cut short or does not come by TCP, unless one is asked for.

    Recursion is not asked for.
    """
    query = dns.message.make_query(f"{name}.", kind, flags=0)
    where, by = resolved(server), "by TCP" if tcp else "by UDP" if tcp is False else "by UDP and TCP"
    try:
        if tcp is not None:
            reply = _exchange(query, where, server.port, tcp)
        else:
            try:
                reply = _exchange(query, where, server.port, False)
            except dns.exception.Timeout:
                reply = _exchange(query, where, server.port, True)
        if reply.flags & dns.flags.TC:
            by = "by TCP, after it had cut its answer by UDP short"
            reply = _exchange(query, where, server.port, True)
    except (OSError, EOFError, ValueError, IndexError, dns.exception.DNSException) as exc:
        raise Unreachable(
            f"The name server {server.shown} does not answer {by} for {name}: {said(exc)}. See that it runs, that its "
            "address is right, and that the controller may reach it by UDP and TCP."
        ) from exc
    rcode = reply.rcode()
    if rcode not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        code = dns.rcode.to_text(rcode)
        why = QUERY_CODES.get(code, "see whether it serves the zone {zone}").format(zone=zone)
        raise Unreachable(f"The name server {server.shown} answers {code} for {name}: {why}.")
    if not reply.flags & dns.flags.AA:
        raise Unreachable(
            f"The name server {server.shown} is not authoritative for the zone {zone}: name the servers that are, "
            "not a resolver."
        )
    return _read(reply, server, name, kind)


def _read(reply: dns.message.Message, server: Server, name: str, kind: str) -> Found:
    owner = dns.name.from_text(f"{name}.")
    for rrset in reply.answer:
        if rrset.name == owner and rrset.rdtype == dns.rdatatype.CNAME != dns.rdatatype.from_text(kind):
            raise Unreachable(
                f"{name} is an alias of {rrset[0].target} on {server.shown}, so it has no records of type {kind} of "
                "its own: name the record that is meant."
            )
    serial = minimum = None
    for rrset in reply.authority:
        if rrset.rdtype == dns.rdatatype.SOA:
            serial, minimum = rrset[0].serial, min(rrset.ttl, rrset[0].minimum)
    found = reply.get_rrset(reply.answer, owner, dns.rdataclass.IN, dns.rdatatype.from_text(kind))
    if found is None:
        return Found(None, serial, minimum)
    values = tuple(sorted(_text(kind, rdata.to_text()) for rdata in found))
    return Found(RecordSet(name, kind, found.ttl, values), serial, minimum)


def _text(kind: str, text: str) -> str:
    try:
        return canonical(kind, text)
    except InvalidInput:
        return text  # a value that we would not write may still stand there


def said(exc: BaseException) -> str:
    if isinstance(exc, dns.exception.Timeout):
        return "no answer in time"
    if isinstance(exc, OSError) and exc.strerror:
        return exc.strerror
    return type(exc).__name__


class DnsShell:
    """A performer's end at the name servers: ``dns.query``, ``dns.probe`` (all servers) and ``dns.update`` (the first)."""

    scope = "dns"
    hello: Mapping[str, Any] = {}

    def __init__(
        self,
        servers: Sequence[Server],
        key: dns.tsig.Key | Kerberos | None = None,
        *,
        manual: bool = False,
        wait_seconds: float = 60,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.servers, self._key, self._manual = list(servers), key, manual
        self._wait, self._clock, self._sleep = wait_seconds, clock, sleep
        self._agreed: dict[str, Any] | None = None
        self._until = 0.0
        self._addresses: list[Server] | None = None

    @property
    def primary(self) -> Server:
        return self.servers[0]

    def request(self, calls: list[dict[str, Any]], seconds: float) -> Reply:
        """Questions are asked beside each other; changes are made one after the other, and never beside a question."""
        operations = {"dns.query": self._query, "dns.probe": self._probe, "dns.update": self._update}
        for call in calls:
            if call.get("cmdlet") not in operations:
                raise InvalidRequest(f"A name server is not asked to do {call.get('cmdlet')!r}.")
        self._until = self._clock() + self._wait

        def made(call: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any] | None]:
            return operations[call["cmdlet"]](plain(call["parameters"]), list(call.get("properties") or ()))

        reply = Reply([], [])
        for index, (rows, error) in enumerate(self._each(made, calls)):
            reply.rows.append(rows)
            end: dict[str, Any] = {"call": index, "ok": error is None, "count": len(rows), "warnings": []}
            end["errors"] = [] if error is None else [error]
            reply.ends.append(end)
        return reply

    def _each(self, made: Callable[[Mapping[str, Any]], T], calls: Sequence[Mapping[str, Any]]) -> Iterator[T]:
        if len(calls) < 2 or any(one["cmdlet"] == "dns.update" for one in calls):
            yield from map(made, calls)
            return
        self.each()  # looked up once, before several want to
        with ThreadPoolExecutor(min(MAX_BESIDE, len(calls))) as pool:
            yield from pool.map(made, calls)

    # --- reading

    def _query(self, parameters: Mapping[str, Any], properties: list[str]) -> tuple[list[list[Any]], None]:
        name, _blank, kind = str(parameters["name"]).rpartition(" ")
        record = ask(self.primary, str(parameters["zone"]), name, kind).record
        if record is None:
            return [], None
        row = {
            "Identity": record.identity,
            "Zone": parameters["zone"],
            "Ttl": record.ttl,
            "Values": list(record.values),
        }
        return [[row.get(name) for name in properties]], None

    def _probe(self, parameters: Mapping[str, Any], properties: list[str]) -> tuple[list[list[Any]], None]:
        name, _blank, kind = str(parameters["name"]).rpartition(" ")
        rows = []
        for server in self.each():
            for tcp in (False, True):
                found = ask(server, str(parameters["zone"]), name, kind, tcp)
                record = found.record
                row = {
                    "Server": server.shown,
                    "Transport": "TCP" if tcp else "UDP",
                    "Ttl": record.ttl if record else None,
                    "Values": list(record.values) if record else None,
                    "Serial": found.serial,
                    "NegativeTtl": found.negative_ttl,
                }
                rows.append([row.get(name) for name in properties])
        return rows, None

    def each(self) -> list[Server]:
        """Every address of every server, looked up once."""
        if self._addresses is None:
            found = [Server(one, server.port) for server in self.servers for one in addresses(server)]
            self._addresses = list(dict.fromkeys(found))
        return self._addresses

    # --- changing

    def _update(self, parameters: Mapping[str, Any], properties: list[str]) -> tuple[list[Any], dict[str, Any] | None]:
        steps = steps_of(parameters)
        return [], self._wait_for_somebody(steps) if self._manual else self._send(steps)

    def _wait_for_somebody(self, steps: Sequence[Step]) -> dict[str, Any] | None:
        """The change is made by hand: it counts as made once every server shows it."""
        while True:
            if all(self._shows(server, made) for server in self.each() for made in steps):
                return None
            if self._clock() >= self._until:
                return _error("NotDoneYet", "OperationTimeout", " ".join(instruction(made) for made in steps))
            self._sleep(min(POLL_SECONDS, max(self._until - self._clock(), 0.01)))

    def _shows(self, server: Server, made: Step) -> bool:
        found = ask(server, made.zone, made.record.name, made.record.type).record
        return same(found, made.after)

    def _send(self, steps: Sequence[Step]) -> dict[str, Any] | None:
        if self._key is None:
            raise InvalidInput(
                f"{' and '.join(one.identity for one in steps)} is to be changed by an update, which needs a key: give tsig_key_name and tsig_secret, "
                "or gss_tsig, or choose method: manual."
            )
        where = (resolved(self.primary), self.primary.port)
        message = update_message(steps, **self._signing(where))
        wire = message.to_wire()
        try:
            stream = socket.create_connection(where, QUERY_SECONDS)
        except OSError as exc:
            raise NeverRan(
                f"The name server {self.primary.shown} cannot be reached by TCP ({said(exc)}), so nothing was changed."
            ) from exc
        with stream:
            return self._exchanged(stream, message, wire)

    def _signing(self, where: tuple[str, int]) -> dict[str, Any]:
        key: Any = self._key
        if not isinstance(key, Kerberos):
            return {"keyring": {key.name: key}, "keyname": key.name, "keyalgorithm": key.algorithm}
        if self._agreed is None:  # one agreement serves all updates of the task

            def exchange(query: dns.message.Message) -> dns.message.Message:
                return dns.query.tcp(query, where[0], QUERY_SECONDS, where[1])

            self._agreed = negotiated(key, exchange, self.primary.shown)
        return self._agreed

    def _exchanged(self, stream: socket.socket, message: dns.message.Message, wire: bytes) -> dict[str, Any] | None:
        deadline = time.time() + QUERY_SECONDS * 2
        try:
            dns.query.send_tcp(stream, wire, deadline)
            answer, _received = dns.query.receive_tcp(
                stream, deadline, keyring=message.keyring, request_mac=message.mac
            )
        except (OSError, EOFError, dns.exception.DNSException, ValueError) as exc:
            kind = InDoubt if isinstance(exc, (OSError, EOFError, dns.exception.Timeout)) else BadAnswer
            raise kind(f"{self.primary.shown} gave no answer that proves what it did: {self._doubt(exc)}.") from exc
        if answer.id != message.id or not message.is_response(answer):
            raise BadAnswer(f"{self.primary.shown} gave an answer to something else than the update.")
        if not answer.had_tsig:
            code = dns.rcode.to_text(answer.rcode())
            raise BadAnswer(f"{self.primary.shown} answered {code} without a signature, which anybody could have sent.")
        if answer.rcode() == dns.rcode.NOERROR:
            return None
        code = dns.rcode.to_text(answer.rcode())
        return _error(code, "InvalidResult", f"{self.primary.shown} answered {code}")

    @staticmethod
    def _doubt(exc: BaseException) -> str:
        if isinstance(exc, dns.tsig.PeerBadKey):
            return "it says that it does not know the key"
        if isinstance(exc, dns.tsig.PeerBadSignature):
            return "it says that the signature is wrong, so the secret or the algorithm is not the server's"
        if isinstance(exc, dns.tsig.PeerBadTime):
            return "it says that the clocks of controller and server differ by more than five minutes"
        if isinstance(exc, dns.tsig.PeerBadTruncation):
            return "it says that it takes no signature as short as ours"
        if isinstance(exc, (dns.tsig.BadSignature, dns.tsig.BadTime)):
            return "the signature of its answer is wrong"
        if isinstance(exc, dns.exception.FormError) and "TSIG" in str(exc):
            return "its answer is not signed, as some servers answer for a key or a zone that they do not have"
        return said(exc)


def same(one: RecordSet | None, other: RecordSet | None) -> bool:
    if one is None or other is None:
        return one is other
    return one.ttl == other.ttl and one.same_values(other)


def plain(value: Any) -> Any:
    """Wire values as they were meant: a text that looks like a date travels in parts."""
    if isinstance(value, Mapping):
        if value.get("$") == "text":
            return "".join(str(part) for part in value.get("parts") or ())
        return {name: plain(one) for name, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list) else value


def _error(name: str, category: str, message: str) -> dict[str, Any]:
    return {
        "id": name,
        "category": category,
        "target": "",
        "exceptions": [{"type": "", "hresult": None, "message": message}],
    }
