# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a probe may connect to: names become addresses here, and nobody resolves them again afterwards.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ._errors import InvalidInput
from ._xmpp import ERROR, PORT, Finding

try:
    import dns.exception
    import dns.nameserver
    import dns.resolver

    HAS_DNSPYTHON = True
except ImportError:
    HAS_DNSPYTHON = False

MAX_TARGETS = 20
LOOKUP_SECONDS = 5.0

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


class Lookup:
    """Names to addresses: by the given name servers, else by what the host itself uses."""

    def __init__(self, name_servers: Sequence[tuple[str, int]] = ()) -> None:
        self._resolver = None
        if name_servers and not HAS_DNSPYTHON:
            raise InvalidInput("name_servers needs the Python package dnspython, which is not installed here.")
        if HAS_DNSPYTHON:
            self._resolver = dns.resolver.Resolver(configure=not name_servers)
            self._resolver.lifetime = LOOKUP_SECONDS
            if name_servers:
                self._resolver.nameservers = [
                    dns.nameserver.Do53Nameserver(address, port) for address, port in name_servers
                ]
        self._own = bool(name_servers)

    def services(self, domain: str) -> list[tuple[str, int]] | None:
        """Hosts and ports of the domain's service record, the first to be used first; None where there is none."""
        if self._resolver is None:
            raise InvalidInput(
                "Service records can only be looked up with the Python package dnspython, which is not installed here: "
                "install it, or give hosts or addresses."
            )
        try:
            answer = self._resolver.resolve(f"_xmpp-server._tcp.{domain}.", "SRV")
        except (dns.resolver.NoAnswer, dns.resolver.NXDOMAIN):
            return None
        except dns.exception.DNSException as exc:
            raise LookupError(f"_xmpp-server._tcp.{domain} cannot be looked up ({type(exc).__name__})") from exc
        records = sorted(answer, key=lambda one: (one.priority, -one.weight, one.target))
        return [(one.target.to_text(omit_final_dot=True).lower(), one.port) for one in records]

    def addresses(self, host: str) -> list[str]:
        if self._own and self._resolver is not None:
            found: list[str] = []
            for kind in ("A", "AAAA"):
                try:
                    found += [one.address for one in self._resolver.resolve(f"{host}.", kind)]
                except (dns.resolver.NoAnswer, dns.resolver.NXDOMAIN):
                    continue
                except dns.exception.DNSException as exc:
                    raise LookupError(f"{host} cannot be looked up ({type(exc).__name__})") from exc
            return found
        try:
            answers = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except OSError as exc:
            raise LookupError(f"{host} cannot be looked up ({exc.strerror or 'no address'})") from exc
        return list(dict.fromkeys(str(one[4][0]) for one in answers))


def targets_of(
    domains: Sequence[str],
    hosts: Sequence[str],
    addresses: Sequence[str],
    port: int,
    lookup: Lookup,
    allow_private: bool,
) -> tuple[list[Target], list[Finding]]:
    """Each domain with each permitted address that serves it, and what stands against the others."""
    targets: list[Target] = []
    findings: list[Finding] = []
    for domain in domains:
        try:
            aims = _aims(domain, hosts, addresses, port, lookup)
        except LookupError as exc:
            findings.append(Finding("not_resolved", ERROR, f"{exc.args[0]}.", domain))
            continue
        if not aims:
            findings.append(Finding("no_service", ERROR, f"{domain} says that it has no XMPP service.", domain))
        for target in aims:
            why = _why_not(target, allow_private)
            if why is not None:
                findings.append(Finding("refused_address", ERROR, f"{target.address} {why}.", domain, target.address))
            else:
                targets.append(target)
    if len(targets) > MAX_TARGETS:
        raise InvalidInput(
            f"{len(targets)} domains and addresses were to be asked, more than {MAX_TARGETS}: name fewer at once."
        )
    return list(dict.fromkeys(targets)), findings


def _why_not(target: Target, allow_private: bool) -> str | None:
    try:
        return refusal(ipaddress.ip_address(target.address), allow_private)
    except ValueError:
        return "is not an IP address"


def _aims(domain: str, hosts: Sequence[str], addresses: Sequence[str], port: int, lookup: Lookup) -> list[Target]:
    if addresses:
        return [Target(domain, hosts[0] if hosts else "", address, port) for address in addresses]
    services: Sequence[tuple[str, int]] | None = [(host, port) for host in hosts]
    if not services:
        services = lookup.services(domain)
        if services is None:  # RFC 6120 3.2.2: no service record at all leads to the domain's own address
            services = [(domain, PORT)]
    services = [one for one in services if one[0] not in ("", ".")]
    found: list[Target] = []
    for host, number in services[: MAX_TARGETS + 1]:
        found += [Target(domain, host, address, number) for address in lookup.addresses(host)[: MAX_TARGETS + 1]]
    if services and not found:
        raise LookupError(f"{services[0][0]} has no address")
    return found
