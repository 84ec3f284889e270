# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of a lab beside its Windows hosts, each as ``up`` starts it and as the inventory needs to know it."""

from __future__ import annotations

import typing as t

from cryptography.hazmat.primitives import serialization

from . import dns
from .dns.follow import Pusher, follow
from .place import Place


class Dns:
    """The name servers of the estate's zones."""

    def __init__(self, world: t.Any, place: Place) -> None:
        server = dns.start(world.estate.zones, place.private("dns"), follow(world))
        self._server, self._pusher = server, Pusher(world, server)
        self.facts: dict[str, t.Any] = {
            "address": server.address,
            "port": server.port,
            "software": server.software,
            "key_name": server.key_name,
            "algorithm": server.algorithm,
        }
        place.secrets["dns tsig key"] = server.key_secret
        settings = {
            "servers": [{"address": server.address, "port": server.port}],
            "tsig_key_name": server.key_name,
            "tsig_algorithm": server.algorithm,
        }
        self.variables: dict[str, t.Any] = {
            "lync_migration": {"dns": settings, "partner_probe": {"name_servers": settings["servers"]}},
            "lync_migration_dns_tsig_secret": server.key_secret,
        }

    def stop(self) -> None:
        self._pusher.stop()
        self._server.stop()


class PrivateAuthority:
    """The organisation's private certification authority, as files on the controller: its key has a passphrase."""

    def __init__(self, world: t.Any, place: Place) -> None:
        passphrase = place.secret("certification authority")
        pem = world.ca.certificate.public_bytes(serialization.Encoding.PEM)
        certificate = place.write("pki/authority.pem", pem.decode("ascii"))
        key = place.write("pki/authority.key", world.ca.key_pem(passphrase).decode("ascii"))
        authority = {"certificate": str(certificate), "key": str(key)}
        self.facts: dict[str, t.Any] = {"certificate": str(certificate)}
        self.variables: dict[str, t.Any] = {
            "lync_migration": {
                "certificates": {"authority": authority},
                "trusted_roots": [str(certificate)],
                "partner_probe": {"ca_file": str(certificate)},
            },
            "lync_migration_ca_key_passphrase": passphrase,
        }

    def stop(self) -> None:
        """Its files go with the lab's directory."""
