# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""XMPP servers that follow the world: what listens on 5269 in the model answers on a socket, and nothing else does.

Edges and the old gateway answer while their services run, partners always, each on its own loopback address.
"""

from __future__ import annotations

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
from .organisation.paths import partner_of
from .organisation.services import listening_ports, xmpp_certificate
from .place import LabError, Place
from .xmpp import Listener

log = logging.getLogger(__name__)

TICK = 0.25  # what comes with time (a replica's new snapshot) is seen so late at most
Accept = t.Callable[[str, str], bool]


@dataclass(frozen=True)
class Server:
    """An XMPP server as it should be now. A change of what is compared here opens it anew."""

    address: str
    port: int
    domains: frozenset[str]
    certificate: str = ""
    key: bytes = field(default=b"", repr=False)
    external: bool = field(default=False, compare=False)
    dialback: bool = field(default=True, compare=False)
    tls_required: bool = field(default=False, compare=False)
    accept: Accept = field(default=lambda sender, to: True, compare=False, repr=False)

    def open(self) -> Listener:
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


class Streams:
    """The XMPP servers of a running lab."""

    def __init__(self, world: t.Any, place: Place) -> None:
        self._world, self._place = world, place
        self._open: dict[tuple[str, int], tuple[Server, Listener]] = {}
        self._failed: set[tuple[str, int]] = set()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._partners = [self._partner(partner) for partner in world.estate.partners if partner.address]
        self.follow()
        if self._failed:
            self._close()
            address, port = min(self._failed)
            raise LabError(f"{address}:{port} is taken, by another lab perhaps: give this one another --prefix.")
        self.variables: dict[str, t.Any] = {}
        self._after_change = world.after_change
        world.after_change = self._changed  # in the same call: who started a service finds its port open
        threading.Thread(target=self._run, name="xmpp", daemon=True).start()

    @property
    def facts(self) -> dict[str, t.Any]:
        with self._lock:
            return {"listening": sorted(f"{address}:{port}" for address, port in self._open)}

    def stop(self) -> None:
        self._ended.set()
        self._world.after_change = self._after_change
        self._close()

    def _close(self) -> None:
        with self._lock:
            for _server, listener in self._open.values():
                listener.stop()
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
            for key in [key for key, (server, _stream) in self._open.items() if wanted.get(key) != server]:
                self._open.pop(key)[1].stop()
            for key, server in wanted.items():
                if key in self._open:
                    listener = self._open[key][1]
                    listener.external, listener.dialback = server.external, server.dialback
                    listener.tls_required = server.tls_required
                else:
                    self._start(key, server)

    def _start(self, key: tuple[str, int], server: Server) -> None:
        try:
            self._open[key] = (server, server.open())
            self._failed.discard(key)
        except OSError as exc:
            if key not in self._failed:
                log.warning("%s:%s does not listen: %s", *key, exc)
            self._failed.add(key)

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
            port.address,
            port.port,
            frozenset(domain.casefold() for domain in (local.topology.domains if local else ())),
            _pem(shown.certificate) if shown is not None and secured else "",
            _key_pem(shown.key) if shown is not None and secured else b"",
            external=any(row["SaslNegotiation"] != "NotSupported" for row in partners),
            dialback=any(row["SupportDialbackNegotiation"] for row in partners),
            tls_required=bool(partners) and all(row["TlsNegotiation"] == "Required" for row in partners),
            accept=lambda sender, to: self._accepts(computer, sender),
        )

    def _accepts(self, computer: t.Any, sender: str) -> bool:
        with self._world.turn():
            local = self._world.local(computer)
            known = local is not None and partner_of(local, sender) is not None
            return known or self._world.unknowns["stream_before_partner"] == "answered"

    def _gateway(self, port: t.Any) -> Server:
        """The OCS 2007 R2 gateway, set up for TCP, as the walk-throughs do."""
        gateway = self._world.gateway
        allowed = {domain.casefold() for domain in (gateway.partners if gateway else ())}
        domains = frozenset(domain.casefold() for domain in self._world.cms.topology.domains)
        return Server(port.address, port.port, domains, accept=lambda sender, to: sender in allowed)

    def _partner(self, partner: t.Any) -> Server:
        certificate, key = "", b""
        if partner.tls:
            made = _partner_keys().next()
            names = [partner.domain]
            now = self._world.clock.now()
            certificate = _pem(self._world.ca.issue(made.public, subject(partner.domain), names, now, client=True))
            key = _key_pem(made)
        return Server(
            partner.address,
            5269,
            frozenset({partner.domain.casefold()}),
            certificate,
            key,
            external=partner.sasl_external,
            dialback=partner.dialback,
            tls_required=partner.tls and not partner.dialback,
        )


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
