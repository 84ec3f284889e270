# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real listeners for the world's XMPP services: they come and go with the services, and show their certificates."""

from __future__ import annotations

import ipaddress
import logging
import typing as t

from cryptography.hazmat.primitives import serialization

from ..organisation.certificate_store import Stored
from ..organisation.paths import answers_stream
from ..organisation.services import OCS_GATEWAY, listening_ports, xmpp_certificate
from .listener import Listener

log = logging.getLogger(__name__)


class Wanted(t.NamedTuple):
    """What a computer should listen with; two that are equal need no change."""

    address: str
    port: int
    gateway: bool
    thumbprint: str


class Endpoints:
    """A part of a running lab. ``failed`` says which listeners could not be had, and why."""

    def __init__(self, world: t.Any) -> None:
        self._world = world
        self._running: dict[str, dict[Wanted, Listener]] = {}
        self.failed: dict[str, str] = {}
        self.facts: dict[str, t.Any] = {}
        # The lab's Edges have loopback addresses, which a probe refuses unless it is told.
        self.variables: dict[str, t.Any] = {"lync_migration": {"dns": {"probe_allow_private": True}}}
        with world.turn():
            world.on_listeners_changed = self.changed
            for computer in world.computers.values():
                self.changed(computer)

    def changed(self, computer: t.Any) -> None:
        """Bring a computer's listeners into line with its services. Called with the world's lock held."""
        wanted = {} if self._world.on_listeners_changed is None else self._wanted(computer)
        running = self._running.setdefault(computer.fqdn, {})
        for key in [key for key in running if key not in wanted]:
            running.pop(key).stop()
        for key in wanted:
            if key not in running:
                self._start(computer, key, running)

    def _wanted(self, computer: t.Any) -> dict[Wanted, None]:
        found: dict[Wanted, None] = {}
        for port in listening_ports(self._world, computer):
            if not port.xmpp:
                continue
            gateway = port.service == OCS_GATEWAY
            stored = None if gateway else xmpp_certificate(computer)
            own = ipaddress.ip_address(port.address)
            for address in computer.external_addresses if own.is_unspecified else [port.address]:
                if ipaddress.ip_address(address).is_loopback:  # else a world that is not on real sockets
                    found[Wanted(address, port.port, gateway, stored.thumbprint if stored else "")] = None
        return found

    def _start(self, computer: t.Any, key: Wanted, running: dict[Wanted, Listener]) -> None:
        where = f"{key.address}:{key.port}"
        stored = xmpp_certificate(computer) if key.thumbprint else None
        certificate, private = _pem(stored) if stored is not None else (None, None)
        listener = Listener(
            key.address,
            key.port,
            self._world.estate.sip_domains,
            certificate,
            private,
            accept=(lambda sender, to: True) if key.gateway else self._accepts(computer),
        )
        try:
            running[key] = listener.start()
            self.failed.pop(where, None)
        except OSError as error:
            self.failed[where] = str(error.strerror)
            log.error("%s cannot listen for XMPP at %s: %s", computer.fqdn, where, error.strerror)

    def _accepts(self, computer: t.Any) -> t.Callable[[str, str], bool]:
        def accepts(sender: str, to: str) -> bool:
            with self._world.turn():
                return answers_stream(self._world, computer, sender)

        return accepts

    def stop(self) -> None:
        with self._world.turn():
            self._world.on_listeners_changed = None
            for running in self._running.values():
                for listener in running.values():
                    listener.stop()
                running.clear()


def _pem(stored: Stored) -> tuple[bytes | None, bytes | None]:
    """A stored certificate and its key, as OpenSSL reads them."""
    if stored.key is None:
        return None, None
    key = stored.key.private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return stored.certificate.public_bytes(serialization.Encoding.PEM), key
