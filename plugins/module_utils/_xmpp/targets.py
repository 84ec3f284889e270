# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a probe may connect to: names become addresses here, and nobody resolves them again afterwards.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import ipaddress
import secrets
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from .._engine.errors import InvalidInput, one_line
from .._settings.names import BadName
from .._settings.names import domain as domain_name
from .line import Deadline
from .stream import ERROR, INFO, PORT, WARNING, Finding

try:
    import dns.exception
    import dns.message
    import dns.name
    import dns.nameserver
    import dns.rcode
    import dns.rdataclass
    import dns.rdatatype
    import dns.resolver

    HAS_DNSPYTHON = True
except ImportError:
    HAS_DNSPYTHON = False

#: Addresses of one domain, and of all that are asked for at once.
MAX_TARGETS = 20
MAX_IN_ALL = 1000
LOOKUP_SECONDS = 5.0
#: For the first try, of a datagram that may be lost.
QUICK_SECONDS = 2.0
NOTHING = object()

Address: TypeAlias = "ipaddress.IPv4Address | ipaddress.IPv6Address"


@dataclass(frozen=True)
class Target:
    """An XMPP domain and one address to ask for it."""

    domain: str
    host: str
    address: str
    port: int = PORT

    @property
    def shown(self) -> str:
        address = f"[{self.address}]" if ":" in self.address else self.address
        return f"{address}:{self.port}"


def refusal(address: Address, allow_private: bool) -> str | None:
    """Why an address is not connected to; None where it may be. What an IPv6 address carries inside counts too."""
    inner: list[Address] = [address]
    if isinstance(address, ipaddress.IPv6Address):
        teredo = address.teredo or ()
        carried = [address.ipv4_mapped, address.sixtofour, *teredo]
        if address in ipaddress.ip_network("64:ff9b::/96"):
            carried.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        inner += [one for one in carried if one is not None]
    for one in inner:
        if one.is_unspecified or one.is_multicast or one == ipaddress.IPv4Address("255.255.255.255"):
            return "is no address of a server"
    if not allow_private:
        for one in inner:
            for name in ("loopback", "link_local", "private", "reserved"):
                if getattr(one, f"is_{name}"):
                    return f"is a {name.replace('_', '-')} address, and allow_private is not set"
            if not one.is_global:
                return "is not an address of the public internet, and allow_private is not set"
    return None


def plain_answer(wire: bytes, number: bytes, question: bytes) -> Any:
    """The chain of records in an answer to this question; NOTHING where there are none, None where it is no plain answer."""
    if len(wire) < 12 + len(question) or wire[:2] != number:
        return None
    if wire[12 : 12 + len(question)].lower() != question.lower():
        return None
    flags, code, questions, answers = wire[2], wire[3] & 15, wire[4:6], wire[6:8]
    if flags & 0xFA != 0x80 or questions != b"\0\1" or code not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return None  # no answer to a question, one that was cut short, or a refusal
    if answers == b"\0\0":
        return NOTHING
    try:
        chain = dns.message.from_wire(wire).resolve_chaining()
    except (dns.exception.DNSException, ValueError, IndexError):
        return None
    return chain if chain.answer is not None else None


class Lookup:
    """Names to addresses: by the given name servers, else by what the host itself uses."""

    def __init__(self, name_servers: Sequence[tuple[str, int]] = (), seconds: float = LOOKUP_SECONDS) -> None:
        self._resolver = None
        #: of what the lookups are a part, where that has one
        self.deadline: Deadline | None = None
        self._seconds = seconds
        self._aliases: dict[str, str] = {}
        #: the server that is asked without ceremony, as long as it answers
        self._first: tuple[str, int] | None = None
        if name_servers and not HAS_DNSPYTHON:
            raise InvalidInput("name_servers needs the Python package dnspython, which is not installed here.")
        if HAS_DNSPYTHON:
            try:
                self._resolver = dns.resolver.Resolver(configure=not name_servers)
            except dns.exception.DNSException:  # a host without resolv.conf can still be aimed with
                self._resolver = dns.resolver.Resolver(configure=False)
            if name_servers:
                self._resolver.nameservers = [dns.nameserver.Do53Nameserver(one, port) for one, port in name_servers]
            known = [(one, self._resolver.port) for one in self._resolver.nameservers if isinstance(one, str)]
            self._first = next(iter(name_servers or known), None)
        self._own = bool(name_servers)

    def _asked(self, name: str, kind: str) -> Any:
        """The records; None where there are none."""
        if self._resolver is None:
            raise LookupError(f"{name} cannot be looked up without the Python package dnspython")
        try:
            owner = dns.name.from_text(f"{name}.")
            chain = self._quickly(owner, dns.rdatatype.from_text(kind))
            if chain is NOTHING:
                return None
            chain = chain or self._resolver.resolve(owner, kind, lifetime=self._at_most(self._seconds)).chaining_result
        except (dns.resolver.NoAnswer, dns.resolver.NXDOMAIN):
            return None
        except (dns.exception.DNSException, OSError, EOFError, ValueError, IndexError) as exc:
            raise LookupError(f"{name} cannot be looked up ({type(exc).__name__})") from exc
        aliases = chain.cnames
        self._aliases[name] = aliases[0][0].target.to_text(omit_final_dot=True).lower() if aliases else ""
        return chain.answer

    def _at_most(self, seconds: float) -> float:
        return seconds if self.deadline is None else min(seconds, self.deadline.step())

    def _quickly(self, owner: Any, kind: int) -> Any:
        """A plain answer of the first name server; None where it is anything else, which is the resolver's to deal with.

        Of hundreds of domains asked at once, the resolver's care for each question would be most of the work.
        """
        if self._first is None:
            return None
        seconds, number = self._at_most(QUICK_SECONDS), secrets.token_bytes(2)
        question = owner.to_wire() + struct.pack("!2H", kind, dns.rdataclass.IN)
        address, port = self._first
        try:
            with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as line:
                line.settimeout(seconds)
                line.connect((address, port))  # so nobody else's datagrams come
                line.send(number + b"\1\0\0\1\0\0\0\0\0\0" + question)
                wire = line.recv(65535)
        except OSError:
            self._first = None
            return None
        return plain_answer(wire, number, question)

    def services(self, domain: str, service: str = "_xmpp-server") -> list[tuple[str, int]] | None:
        """Hosts and ports of the domain's service record, the first to be used first; None where there is none."""
        if self._resolver is None:
            raise InvalidInput(
                "Service records can only be looked up with the Python package dnspython, which is not installed here: "
                "install it, or give hosts or addresses."
            )
        answer = self._asked(f"{service}._tcp.{domain}", "SRV")
        if answer is None:
            return None
        records = sorted(answer, key=lambda one: (one.priority, -one.weight, one.target))
        return [(one.target.to_text(omit_final_dot=True).lower(), one.port) for one in records]

    def alias(self, host: str) -> str:
        """The name that a host's name is an alias (CNAME) of; empty where it is none. What told the addresses told that too."""
        if host in self._aliases:
            return self._aliases[host]
        answer = self._asked(host, "CNAME") if self._resolver is not None else None
        return str(answer[0].target.to_text(omit_final_dot=True)).lower() if answer else ""

    def addresses(self, host: str) -> list[str]:
        if self._own and self._resolver is not None:
            found: list[str] = []
            for kind in ("A", "AAAA"):
                found += [one.address for one in self._asked(host, kind) or ()]
            return found
        try:
            answers = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as exc:
            said = exc.strerror if isinstance(exc, OSError) else ""
            raise LookupError(f"{host} cannot be looked up ({said or 'no address'})") from exc
        return list(dict.fromkeys(str(one[4][0]) for one in answers))


@dataclass
class Aims:
    """Where one domain leads, and what stands against it."""

    domain: str
    targets: list[Target] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def found(self, id: str, severity: str, reason: str, address: str = "", **evidence: Any) -> None:
        self.findings.append(Finding(id, severity, one_line(reason), self.domain, address, evidence))


def targets_of(
    domains: Sequence[str],
    hosts: Sequence[str],
    addresses: Sequence[str],
    port: int,
    lookup: Lookup,
    allow_private: bool,
) -> tuple[list[Target], list[Finding]]:
    """Each domain with each permitted address that serves it, and what stands against the others."""
    check_count(len(domains), "domains")
    found = [aims_of(one, hosts, addresses, port, lookup, allow_private) for one in domains]
    targets = [target for one in found for target in one.targets]
    check_count(len(targets), "domains and addresses")
    return targets, [one for aims in found for one in aims.findings]


def check_count(count: int, what: str) -> None:
    if count > MAX_IN_ALL:
        raise InvalidInput(f"{count} {what} were to be asked, more than {MAX_IN_ALL}: name fewer at once.")


def aims_of(
    domain: str, hosts: Sequence[str], addresses: Sequence[str], port: int, lookup: Lookup, allow_private: bool
) -> Aims:
    """Where one domain leads."""
    aims = Aims(domain)
    by_dns = not hosts and not addresses
    try:
        wanted = _wanted(aims, hosts, addresses, port, lookup)
        if by_dns:
            _strays(aims, lookup)
    except LookupError as exc:
        aims.found("not_resolved", ERROR, f"{exc.args[0]}.")
        return aims
    if len(wanted) > MAX_TARGETS:
        raise InvalidInput(
            f"{len(wanted)} addresses were to be asked for {domain}, more than {MAX_TARGETS}: name those that are meant."
        )
    for target in wanted:
        why = _why_not(target, allow_private)
        if why is not None:
            aims.found("refused_address", ERROR, f"{target.address} {why}.", target.address)
            continue
        if target not in aims.targets:
            aims.targets.append(target)
        if by_dns and _why_not(target, False) is not None:
            text = f"The service record of {domain} leads to {target.address}, which is not of the public internet."
            aims.found("private_target", INFO, text, target.address, host=target.host)
    return aims


def _why_not(target: Target, allow_private: bool) -> str | None:
    try:
        return refusal(ipaddress.ip_address(target.address), allow_private)
    except ValueError:
        return "is not an IP address"


def _wanted(aims: Aims, hosts: Sequence[str], addresses: Sequence[str], port: int, lookup: Lookup) -> list[Target]:
    domain = aims.domain
    if addresses:
        return [Target(domain, hosts[0] if hosts else "", address, port) for address in addresses]
    services = [(host, port) for host in hosts] or _services(aims, lookup)
    found: list[Target] = []
    for host, number in services[: MAX_TARGETS + 1]:
        there = lookup.addresses(host)[: MAX_TARGETS + 1]
        if not there:
            aims.found(
                "target_without_address", WARNING, f"{host}, which {domain} leads to, has no address.", host=host
            )
        alias = "" if hosts or host == domain else lookup.alias(host)
        if alias:
            text = f"The service record of {domain} leads to {host}, which is an alias (CNAME) of {alias}: RFC 2782 forbids it."
            aims.found("alias_target", WARNING, text, host=host, alias=alias)
        found += [Target(domain, host, address, number) for address in there]
    if services and not found:
        aims.findings.clear()
        raise LookupError(f"{services[0][0]} has no address")
    return found


def _services(aims: Aims, lookup: Lookup) -> list[tuple[str, int]]:
    """Hosts and ports by the service record, with what is wrong about them."""
    domain = aims.domain
    services = lookup.services(domain)
    if services is None:  # RFC 6120 3.2.2: no service record at all leads to the domain's own address
        aims.found(
            "no_service_record", WARNING, f"{domain} has no record _xmpp-server._tcp, so partners try its own address."
        )
        return [(domain, PORT)]
    left = [one for one in services if one[0] not in ("", ".")]
    if not left:
        aims.found("no_service", ERROR, f"{domain} says that it has no XMPP service.", target=".")
    kept = []
    for host, number in left[: MAX_TARGETS + 1]:
        try:
            domain_name(host)
        except BadName:
            aims.found(
                "bad_target", ERROR, f"The service record of {domain} leads to a name that no host has.", host=host
            )
            continue
        kept.append((host, number))
    return kept


def _strays(aims: Aims, lookup: Lookup) -> None:
    """Records beside the service record that lead partners past it."""
    domain = aims.domain
    for service, id, severity, why in (
        ("_xmpps-server", "stray_direct_tls", WARNING, "servers that know it connect there with TLS from the first byte, where Lync does not listen"),
        ("_jabber", "stray_jabber", INFO, "only servers of before 2004 use it"),
    ):  # fmt: skip
        found = [f"{host}:{port}" for host, port in lookup.services(domain, service) or () if host not in ("", ".")]
        if found:
            text = f"{domain} has a record {service}._tcp to {', '.join(found[:5])}: {why}. Remove it."
            aims.found(id, severity, text, targets=found[:MAX_TARGETS])
