# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the modules for DNS records in the form that the rest works with: servers and signers.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from .._engine.errors import InvalidInput
from .._settings.names import BadName, fqdn, shown
from .._settings.options import SERVER
from .gss import Kerberos
from .servers import Server, make_key

#: What is said of a host that a service record leads to.
TARGET: dict[str, Any] = {
    "host": {"type": "str", "required": True},
    "priority": {"type": "int", "default": 0},
    "weight": {"type": "int", "default": 0},
    "port": {"type": "int", "default": 5269},
    "addresses": {"type": "list", "elements": "str", "default": []},
}
#: What every module for DNS records takes; the documentation fragment _dns_records describes it.
RECORD_OPTIONS: dict[str, Any] = {
    "zone": {"type": "str"},
    "domains": {"type": "list", "elements": "str", "default": []},
    "zones": {"type": "list", "elements": "str", "default": []},
    "records": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "type": {"type": "str", "required": True, "choices": ["A", "AAAA", "CNAME", "MX", "SRV", "TXT"]},
            "values": {"type": "list", "elements": "str"},
            "targets": {"type": "list", "elements": "dict", "options": TARGET},
            "ttl": {"type": "int"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
    },
    "ttl_only": {"type": "bool", "default": False},
    "until_expired": {"type": "bool", "default": False},
    "unless_values": {"type": "list", "elements": "str", "default": []},
    "unless_targets": {"type": "list", "elements": "dict", "default": [], "options": TARGET},
    "verify_delegation": {"type": "bool", "default": False},
    "parent_servers": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": SERVER,
    },
    "override": {"type": "list", "elements": "str", "default": []},
    "former_ttl": {"type": "int"},
    "wait_seconds": {"type": "int", "default": 60},
}
#: What those take that send dynamic updates by themselves; fragment _dns_records.updates.
UPDATE_OPTIONS: dict[str, Any] = {
    "method": {"type": "str", "choices": ["rfc2136", "manual"], "default": "rfc2136"},
    "tsig_key_name": {"type": "str", "no_log": False},
    "tsig_secret": {"type": "str", "no_log": True},
    "tsig_algorithm": {
        "type": "str",
        "choices": ["hmac-sha224", "hmac-sha256", "hmac-sha384", "hmac-sha512"],
        "default": "hmac-sha256",
    },
    "gss_tsig": {"type": "bool", "default": False},
    "kerberos_server_name": {"type": "str"},
    "kerberos_principal": {"type": "str"},
    "kerberos_keytab": {"type": "path", "no_log": False},
    "kerberos_cache": {"type": "str"},
}
UPDATE_CONSTRAINTS: dict[str, Any] = {"required_together": [("tsig_key_name", "tsig_secret")]}
_SERVER = re.compile(r"[0-9A-Za-z:][0-9A-Za-z.:-]{0,252}(?:%[0-9A-Za-z]+)?")
_KEY = re.compile(r"[0-9A-Za-z_][0-9A-Za-z_.-]{0,252}")
_PRINCIPAL = re.compile(r"[0-9A-Za-z_][0-9A-Za-z_.$/-]{0,252}@[0-9A-Za-z][0-9A-Za-z.-]{0,252}")


def check_servers(servers: Sequence[Server]) -> None:
    for one in servers:
        if not one.address or not 0 < one.port < 65536:
            raise InvalidInput(
                "servers names each authoritative name server by address and port, the primary one first."
            )
        if not _SERVER.fullmatch(one.address):
            raise InvalidInput(
                f"servers: address: an IP address or a name is wanted, but {shown(one.address)} is none."
            )


def servers_of(options: Sequence[Mapping[str, Any]]) -> list[Server]:
    servers = [Server(str(one["address"]).strip(), int(one["port"])) for one in options]
    check_servers(servers)
    return servers


def signer(params: Mapping[str, Any], manual: bool) -> Any:
    """A TSIG key, a Kerberos identity, or nothing where nobody signs."""
    name, secret = params["tsig_key_name"], params["tsig_secret"]
    kerberos = _kerberos(params)
    if params["gss_tsig"] and (name or secret):
        raise InvalidInput("An update is signed by gss_tsig or by tsig_key_name and tsig_secret: give one of them.")
    if params["gss_tsig"] and not manual:
        kerberos.check()
        return kerberos
    if manual or not (name or secret):
        return None
    if not (name and secret):
        raise InvalidInput("tsig_key_name and tsig_secret go together: give both.")
    if not _KEY.fullmatch(name):
        raise InvalidInput(
            f"tsig_key_name: the name of a key such as migration.contoso.com is wanted, but {shown(name)} is none."
        )
    return make_key(name, secret, params["tsig_algorithm"])


def _kerberos(params: Mapping[str, Any]) -> Kerberos:
    """Who is to sign; what is given is looked at whether or not it is used."""
    name, principal = params["kerberos_server_name"], params["kerberos_principal"]
    keytab, cache = params["kerberos_keytab"], params["kerberos_cache"]
    try:
        name = fqdn(name or (params["servers"][0]["address"] if params["gss_tsig"] else "unused.invalid"))
    except BadName as exc:
        raise InvalidInput(
            "kerberos_server_name: the full name of the first server is wanted, as Kerberos knows it "
            f"(DNS/ns1.contoso.com), but {shown(name)} is none."
        ) from exc
    if principal is not None and not _PRINCIPAL.fullmatch(principal):
        raise InvalidInput(
            f"kerberos_principal: a name such as dnsupdate@CONTOSO.COM is wanted, but {shown(principal)} is none."
        )
    if keytab and cache:
        raise InvalidInput("kerberos_keytab and kerberos_cache exclude each other: give one of them.")
    if keytab and (not principal or not os.path.isfile(keytab)):
        raise InvalidInput(
            "kerberos_keytab is the file on the controller with the key of kerberos_principal: give both."
        )
    if cache is not None and not cache.isprintable():
        raise InvalidInput(f"kerberos_cache: a ticket cache is wanted, but {shown(cache)} is none.")
    return Kerberos(name, principal, keytab, cache)
