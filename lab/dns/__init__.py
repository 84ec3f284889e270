# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Name servers of the lab: an estate's zones, authoritative, on 127.0.0.1 and a free port.

``start`` takes BIND where it is installed and works, else the built-in server. Both accept updates under a TSIG key made
for this start, tell of each change before they answer it, and neither forward nor recurse.
"""

from __future__ import annotations

import base64
import logging
import secrets
import typing as t
from pathlib import Path

import dns.name
import dns.query
import dns.tsig
import dns.update

from ..estate import Zone
from ..organisation.zones import RRset
from .bind import UPSTREAM_SECONDS, Bind, BindFailed, executable
from .builtin import Authority
from .knot import Knot
from .records import Addresses, AddressMap, Change, Records, differences, parse_zone, zone_text
from .sockets import ADDRESS, Listeners

__all__ = ["Change", "NameServer", "start"]

log = logging.getLogger(__name__)

OnChange = t.Callable[[str, list[Change]], None]
KEY_NAME = "lab-key"


class Engine(t.Protocol):
    def handle(self, wire: bytes, tcp: bool) -> t.Iterable[bytes]: ...
    def records(self) -> dict[str, Records]: ...


class NameServer:
    """A running name server. ``key_secret`` is base64, as clients and key files write it."""

    address = ADDRESS
    algorithm = "hmac-sha256"

    def __init__(self, software: str, key_name: str, key_secret: str, addresses: Addresses) -> None:
        self.software, self.key_name, self.key_secret = software, key_name, key_secret
        self._addresses = addresses
        self._expected: list[tuple[str, Change]] = []
        self._engine: Engine
        self._listeners: Listeners

    @property
    def port(self) -> int:
        return self._listeners.port

    def serve(self, engine: Engine) -> None:
        self._engine = engine
        self._listeners = Listeners(engine.handle)
        self._listeners.start()

    def records(self, served: bool = False) -> dict[str, dict[str, dict[str, t.Any]]]:
        """``{zone: {"name TYPE": {"ttl": …, "values": […]}}}`` in a stable order; addresses as the estate writes them."""
        return {
            zone: {
                f"{name} {kind}": {"ttl": rrset.ttl, "values": sorted(self._shown(kind, rrset.values, served))}
                for (name, kind), rrset in sorted(records.items())
            }
            for zone, records in sorted(self._engine.records().items())
        }

    def _shown(self, kind: str, values: t.Iterable[str], served: bool) -> t.Iterable[str]:
        return values if served else [self._addresses.own(kind, value) for value in values]

    def put(self, zone: str, name: str, kind: str, rrset: RRset | None) -> None:
        """Serve this record set (None: none) from now on, as if somebody had changed it at the server itself."""
        key = dns.tsig.Key(dns.name.from_text(self.key_name), self.key_secret, self.algorithm)
        message = dns.update.UpdateMessage(zone, keyring={key.name: key}, keyname=key.name, keyalgorithm=key.algorithm)
        message.delete(name, kind)
        if rrset is not None:
            for value in rrset.values:
                message.add(name, rrset.ttl, kind, self._addresses.served(kind, value))
        before = self.records().get(zone, {}).get(f"{name} {kind}")
        was = RRset(before["ttl"], tuple(before["values"])) if before else None
        self._expected.append((zone, Change(name, kind, was, rrset)))
        dns.query.tcp(message, self.address, port=self.port, timeout=UPSTREAM_SECONDS)

    def news(self, zone: str, changes: list[Change]) -> list[Change]:
        """Changes that did not begin at the server itself."""
        left = []
        for change in changes:
            if (zone, change) in self._expected:
                self._expected.remove((zone, change))
            else:
                left.append(change)
        return left

    def stop(self) -> None:
        self._listeners.stop()
        if isinstance(self._engine, Bind):
            self._engine.stop()


def start(
    zones: t.Sequence[Zone],
    directory: Path,
    on_change: OnChange = lambda zone, changes: None,
    address_map: AddressMap = lambda address: address,
    software: str | None = None,
) -> NameServer:
    """Serve the zones. ``software`` is "bind", "knot" or "builtin"; None takes BIND where it can be had."""
    addresses = Addresses(zones, address_map)
    secret = base64.b64encode(secrets.token_bytes(32)).decode("ascii")
    key = dns.tsig.Key(dns.name.from_text(KEY_NAME), secret, dns.tsig.HMAC_SHA256)

    running: list[NameServer] = []

    def changed(zone: str, before: Records, after: Records) -> None:
        changes = differences(_own(before, addresses), _own(after, addresses))
        left = running[0].news(zone, changes) if running else changes
        if left:
            on_change(zone, left)

    def serving(software: str, engine: Engine) -> NameServer:
        running.append(_serving(software, secret, addresses, engine))
        return running[0]

    if software != "builtin" and zones and (software or executable()):
        try:
            texts = {zone.name.lower(): zone_text(zone, addresses) for zone in zones}
            engine = (Knot if software == "knot" else Bind)(texts, directory / (software or "bind"), key, changed)
        except BindFailed as error:
            if software:
                raise
            log.warning("BIND does not serve here (%s): the built-in name server does.", error)
        else:
            return serving(software or "bind", engine)
    parsed = {zone.name.lower(): parse_zone(zone, addresses) for zone in zones}
    return serving("builtin", Authority(parsed, key, changed))


def _serving(software: str, secret: str, addresses: Addresses, engine: Engine) -> NameServer:
    server = NameServer(software, KEY_NAME, secret, addresses)
    try:
        server.serve(engine)
    except OSError:
        if isinstance(engine, Bind):
            engine.stop()
        raise
    return server


def _own(records: Records, addresses: Addresses) -> Records:
    """Records with the estate's addresses in place of those that are served for them."""
    return {
        (name, kind): type(rrset)(rrset.ttl, tuple(sorted(addresses.own(kind, value) for value in rrset.values)))
        for (name, kind), rrset in records.items()
    }
