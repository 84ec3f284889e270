# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""XMPP servers that follow the world: what listens on 5269 in the model answers on a socket, and nothing else does.

Edges and the old gateway answer while their services run, partners always, each on its own loopback address. They are real
servers (Prosody), through which messages pass, or simple listeners, which answer a probe and no more.
"""

from __future__ import annotations

import errno
import functools
import ipaddress
import logging
import threading
import typing as t
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from .organisation.certificate_authority import subject
from .organisation.certificate_store import Key, Keys
from .organisation.paths import carrier, local_partners, partner_of
from .organisation.services import listening_ports, xmpp_certificate
from .place import LabError, Place
from .xmpp import Listener, Negotiation, Prosody, Setup, missing
from .xmpp.connections import Connection, connections

log = logging.getLogger(__name__)

TICK = 0.25  # what comes with time (a replica's new snapshot) is seen so late at most
AUTO, PROSODY, SIMPLE = "auto", "prosody", "simple"
COMPONENTS = "xmpp component"
Accept = t.Callable[[str, str], bool]


@dataclass(frozen=True)
class Server:
    """An XMPP server as it should be now. A change of what is compared here opens it anew."""

    name: str  # the computer, or a partner's domain
    kind: str  # partner, gateway, edge
    address: str
    port: int
    domains: frozenset[str]
    certificate: str = ""
    key: bytes = field(default=b"", repr=False)
    external: bool = field(default=False, compare=False)
    dialback: bool = field(default=True, compare=False)
    tls_required: bool = field(default=False, compare=False)
    accept: Accept = field(default=lambda sender, to: True, compare=False, repr=False)
    partners: t.Mapping[str, Negotiation] = field(default_factory=dict, compare=False)
    silent: bool = field(default=True, compare=False)

    def listener(self) -> Listener:
        listener = Listener(
            self.address,
            self.port,
            self.domains,
            self.certificate or None,
            self.key or None,
            external=self.external,
            dialback=self.dialback,
            tls_required=self.tls_required,
            accept=self.accept,
        )
        return listener.start()

    def setup(self, authorities: str) -> Setup:
        """As a real server. A gateway can do all, and each partner's settings say what it does with that one."""
        modules = {"tls": bool(self.certificate), "saslauth": self.external, "dialback": self.dialback}
        own = self.kind == "partner"
        return Setup(
            self.address,
            self.port,
            tuple(sorted(self.domains)),
            self.certificate,
            self.key,
            authorities,
            tuple(name for name, has in modules.items() if has or not own),
            tls_required=own and self.tls_required,
            secure=own and self.external and not self.dialback,
            gateway=not own,
        )


Running = Listener | Prosody


class Streams:
    """The XMPP servers of a running lab. ``name_server`` is where a real one asks for other domains."""

    def __init__(
        self, world: t.Any, place: Place, software: str = SIMPLE, name_server: tuple[str, int] | None = None
    ) -> None:
        self._world, self._place, self._name_server = world, place, name_server
        self.software, self.note = _software(
            software, name_servers=name_server is not None, ocs=world.estate.ocs is not None
        )
        self._open: dict[tuple[str, int], tuple[Server, Running]] = {}
        self._failed: dict[tuple[str, int], OSError] = {}
        self._unplugged: set[str] = set()
        self._lock = threading.RLock()
        self._ended = threading.Event()
        self._authorities = _pem(world.ca.certificate)
        self._partners = [self._partner(partner) for partner in world.estate.partners if partner.address]
        self.follow()
        if self._failed:
            self._close()
            (address, port), why = min(self._failed.items(), key=lambda one: one[0])
            if why.errno == errno.EADDRINUSE:
                raise LabError(f"{address}:{port} is taken, by another lab perhaps: give this one another --prefix.")
            raise LabError(f"The XMPP server on {address}:{port} does not start: {why}")
        self.variables: dict[str, t.Any] = {}
        world.streams = self.of
        self._after_change = world.after_change
        world.after_change = self._changed  # in the same call: who started a service finds its port open
        threading.Thread(target=self._run, name="xmpp", daemon=True).start()

    @property
    def facts(self) -> dict[str, t.Any]:
        with self._lock:
            listening = sorted(f"{address}:{port}" for address, port in self._open)
        return {"software": self.software, "note": self.note, "listening": listening}

    def shown(self) -> dict[str, t.Any]:
        """What there is now: servers, streams between them, and which way messages to each partner leave."""
        self.follow()  # whom a gateway is said to carry messages to, its server knows
        with self._lock:
            servers = {
                server.name: {
                    "kind": server.kind,
                    "address": server.address,
                    "port": server.port,
                    "domains": sorted(server.domains),
                    "unplugged": server.name in self._unplugged,
                }
                for server, _running in self._open.values()
            }
        domains = sorted(partner.domain for partner in self._world.estate.partners)
        with self._world.turn():
            carriers = {domain: carrier(self._world, domain) for domain in domains}
        streams = [{"server": one.server, "peer": one.peer, "direction": one.direction} for one in self.connections()]
        return {**self.facts, "servers": servers, "streams": streams, "carriers": carriers}

    def connections(self) -> list[Connection]:
        """Between servers, as they are now; simple listeners have none."""
        with self._lock:
            real = {server.name: (server, one) for server, one in self._open.values() if isinstance(one, Prosody)}
            processes = {name: one.pid for name, (_server, one) in real.items()}
            return connections(processes, {name: server.address for name, (server, _one) in real.items()})

    def of(self, name: str) -> list[tuple[str, str]]:
        """Both ends of each stream of a server, as its own system shows them."""
        own = [one for one in self.connections() if one.server.casefold() == name.casefold()]
        address = next(
            (server.address for server, _one in self._open.values() if server.name.casefold() == name.casefold()), ""
        )
        return [(f"{address or one.local[0]}:{one.local[1]}", f"{one.remote[0]}:{one.remote[1]}") for one in own]

    def unplug(self, name: str, unplugged: bool) -> bool:
        """A server's network cable. Only a real server has streams that could be left open."""
        with self._lock:
            for server, one in self._open.values():
                if server.name.casefold() == name.casefold() and isinstance(one, Prosody):
                    one.unplug(unplugged)
                    (self._unplugged.add if unplugged else self._unplugged.discard)(server.name)
                    return True
        return False

    def stop(self) -> None:
        self._ended.set()
        self._world.after_change = self._after_change
        self._world.streams = None
        self._close()

    def _close(self) -> None:
        with self._lock:
            for _server, one in self._open.values():
                _stop(one, at_once=True)
            self._open.clear()

    def _changed(self, call: t.Any) -> None:
        self._after_change(call)
        self.follow()

    def _run(self) -> None:
        while not self._ended.wait(TICK):
            try:
                self.follow()
            except Exception:
                log.exception("the XMPP servers do not follow the world")

    def follow(self) -> None:
        """Opens, closes and changes servers until they are as the world says."""
        with self._world.turn(), self._lock:
            if self._ended.is_set():
                return
            wanted = {(server.address, server.port): server for server in self._servers()}
            for key in [key for key, (server, _one) in self._open.items() if wanted.get(key) != server]:
                server, one = self._open.pop(key)
                self._unplugged.discard(server.name)
                _stop(one)
            new = [(key, server) for key, server in wanted.items() if key not in self._open]
            for key, server in wanted.items():
                if key in self._open:
                    self._open[key] = (server, _changed_to(self._open[key][1], server))
            for key, server in new:
                self._start(key, server)
            for key, _server in new:
                self._started(key)

    def _start(self, key: tuple[str, int], server: Server) -> None:
        try:
            if self.software == PROSODY and self._name_server is not None:
                directory = self._place.private("xmpp") / server.name
                real = Prosody(
                    server.setup(self._authorities), directory, self._name_server, self._place.secret(COMPONENTS)
                )
                _changed_to(real, server)
                self._open[key] = (server, real.start())
            else:
                self._open[key] = (server, server.listener())
            self._failed.pop(key, None)
        except OSError as exc:
            self._cannot(key, exc)

    def _started(self, key: tuple[str, int]) -> None:
        """Several start at the same time, and then each is waited for."""
        _server, one = self._open.get(key, (None, None))
        if isinstance(one, Prosody):
            try:
                one.wait()
            except OSError as exc:
                del self._open[key]
                self._cannot(key, exc)

    def _cannot(self, key: tuple[str, int], exc: OSError) -> None:
        if key not in self._failed:
            log.warning("%s:%s does not listen: %s", *key, exc)
        self._failed[key] = exc

    # --- what there should be

    def _servers(self) -> t.Iterator[Server]:
        yield from self._partners
        for computer in self._world.computers.values():
            for port in listening_ports(self._world, computer):
                if port.xmpp and self._is_served(port.address):
                    yield self._gateway(port) if computer.role == "gateway" else self._edge(computer, port)

    def _is_served(self, address: str) -> bool:
        try:
            return ipaddress.ip_address(address).is_loopback
        except ValueError:
            return False

    def _edge(self, computer: t.Any, port: t.Any) -> Server:
        """Shows to a stranger what its partners are configured for: nothing public says how the real proxy chooses."""
        shown = xmpp_certificate(computer)
        local = self._world.local(computer)
        partners = list(local.rows("xmpp_allowed_partner").values()) if local else []
        secured = shown is not None and shown.key is not None
        return Server(
            computer.fqdn,
            "edge",
            port.address,
            port.port,
            frozenset(domain.casefold() for domain in (local.topology.domains if local else ())),
            _pem(shown.certificate) if shown is not None and secured else "",
            _key_pem(shown.key) if shown is not None and secured else b"",
            external=any(row["SaslNegotiation"] != "NotSupported" for row in partners),
            dialback=any(row["SupportDialbackNegotiation"] for row in partners),
            tls_required=bool(partners) and all(row["TlsNegotiation"] == "Required" for row in partners),
            accept=lambda sender, to: self._accepts(computer, sender),
            # rule: xmpp-out-by-front-end
            partners=_by_domain(local_partners(self._world), incoming=False) | _by_domain(partners, incoming=True),
            silent=self._world.unknowns["stream_before_partner"] != "answered",
        )

    def _accepts(self, computer: t.Any, sender: str) -> bool:
        with self._world.turn():
            local = self._world.local(computer)
            known = local is not None and partner_of(local, sender) is not None
            return known or self._world.unknowns["stream_before_partner"] == "answered"

    def _gateway(self, port: t.Any) -> Server:
        """The OCS 2007 R2 gateway, set up for TCP, as the walk-throughs do; to a real partner that dials no one back, for TLS.

        rule: xmpp-gateway-fits-partners
        """
        gateway = self._world.gateway
        allowed = {domain.casefold() for domain in (gateway.partners if gateway else ())}
        certificate, key = self._gateway_certificate if self.software == PROSODY else ("", b"")
        return Server(
            gateway.fqdn,
            "gateway",
            port.address,
            port.port,
            frozenset(domain.casefold() for domain in self._world.cms.topology.domains),
            certificate,
            key,
            accept=lambda sender, to: sender in allowed,
            partners={
                partner.domain.casefold(): Negotiation("NotSupported", "NotSupported", True)
                if partner.dialback
                else Negotiation("Required", "Required", False)
                for partner in self._world.estate.partners
                if partner.domain.casefold() in allowed
            },
        )

    @functools.cached_property
    def _gateway_certificate(self) -> tuple[str, bytes]:
        if all(partner.dialback for partner in self._world.estate.partners):
            return "", b""
        return self._issued(self._world.gateway.fqdn, [self._world.gateway.fqdn, *self._world.cms.topology.domains])

    def _issued(self, name: str, names: list[str]) -> tuple[str, bytes]:
        made = _partner_keys().next()
        now = self._world.clock.now()
        certificate = self._world.ca.issue(made.public, subject(name), names, now, client=True)
        return _pem(certificate), _key_pem(made)

    def _partner(self, partner: t.Any) -> Server:
        certificate, key = self._issued(partner.domain, [partner.domain]) if partner.tls else ("", b"")
        return Server(
            partner.domain.casefold(),
            "partner",
            partner.address,
            5269,
            frozenset({partner.domain.casefold()}),
            certificate,
            key,
            external=partner.sasl_external,
            dialback=partner.dialback,
            tls_required=partner.tls and not partner.dialback,
        )


def _software(wanted: str, *, name_servers: bool, ocs: bool) -> tuple[str, str]:
    """Which servers there will be, and where they are not those that were asked for, why."""
    if wanted == SIMPLE:
        return SIMPLE, ""
    lacks = missing() if name_servers else "The estate has no DNS zones, by which XMPP servers find each other."
    if ocs:
        lacks = "The gateway of Office Communications Server has no domains before the merge that a real server could serve."
    if lacks and wanted == PROSODY:
        raise LabError(lacks)
    return (
        (SIMPLE, f"{lacks} Simple listeners answer instead: no message passes through them.")
        if lacks
        else (PROSODY, "")
    )


def _changed_to(one: Running, server: Server) -> Running:
    """A server that is there takes over what may change while it runs."""
    if isinstance(one, Listener):
        one.external, one.dialback = server.external, server.dialback
        one.tls_required = server.tls_required
    elif server.kind != "partner":
        one.serve(server.partners, server.silent)
    return one


def _stop(one: Running, *, at_once: bool = False) -> None:
    if isinstance(one, Prosody):
        one.stop(at_once=at_once)
    else:
        one.stop()


def _by_domain(rows: t.Iterable[t.Mapping[str, t.Any]], *, incoming: bool) -> dict[str, Negotiation]:
    return {
        name.casefold(): Negotiation(
            str(row["TlsNegotiation"]),
            str(row["SaslNegotiation"]),
            bool(row["SupportDialbackNegotiation"]),
            incoming,
        )
        for row in rows
        for name in (row["Domain"], *row["AdditionalDomains"])
    }


@functools.cache
def _partner_keys() -> Keys:
    return Keys("ECDH_P256", 256)


@functools.lru_cache(maxsize=64)
def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")


@functools.lru_cache(maxsize=64)
def _key_pem(key: Key) -> bytes:
    return key.private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
