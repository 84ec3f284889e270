# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of the migration for the twin: nothing in them leads out of it, and nothing is a file of somebody's. Pure.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from .addresses import Addresses

MEDIA = {"path": "D:\\", "sxs": "D:\\sources\\sxs"}
_INSIDE = frozenset({"internal_address"})
_DNS = ("ttl_window", "ttl_final", "ttl_former", "margin", "wait_seconds", "targets", "zones")
#: Keys that the twin has its own for, or that would lead somewhere else.
_DROPPED = ("trusted_roots", "partner_probe", "certificates", "dns", "media")


class TwinSettings:
    """The dictionary of the twin, and what in it is not as declared."""

    def __init__(self, settings: Mapping[str, Any], addresses: Addresses) -> None:
        self._addresses = addresses
        self.assumed: list[str] = []
        made = {name: self._mapped(value, name) for name, value in settings.items() if name not in _DROPPED}
        self._certificates(settings, made)
        self._dns(settings, made)
        if settings.get("media"):
            made["media"] = {name: MEDIA[name] for name in settings["media"]}
        if made.get("topology_source") != "declared":
            made["topology_source"] = "declared"
            self.assumed.append(
                "the topology is published by the migration itself, in place of somebody at Topology Builder"
            )
        users = made.get("users") or {}
        for name in ("domain_controller",):
            users.pop(name, None)
        select = users.get("select") or {}
        if select.pop("file", None) is not None:
            self.assumed.append("users.select.file is not read: the selection is rehearsed without it")
            if not select:
                users.pop("select", None)
        pack = made.get("partner_pack") or {}
        pack.pop("chain", None)
        if "partner_pack" in made and not pack:
            made.pop("partner_pack")
        self.made = made

    def _certificates(self, settings: Mapping[str, Any], made: dict[str, Any]) -> None:
        given = settings.get("certificates") or {}
        kept: dict[str, Any] = {}
        for name, value in given.items():
            if name == "authority":
                continue
            if not isinstance(value, Mapping):
                kept[name] = value
                continue
            if value.get("source") not in (None, "private_ca"):
                self.assumed.append(
                    f"the certificate {name} comes from the twin's own private authority instead of {value['source']}"
                )
            if value.get("names"):
                kept[name] = {"names": list(value["names"])}
        if kept:
            made["certificates"] = kept

    def _dns(self, settings: Mapping[str, Any], made: dict[str, Any]) -> None:
        given = settings.get("dns") or {}
        kept = {name: self._mapped(given[name], name) for name in _DNS if name in given}
        if given.get("method", "rfc2136") != "rfc2136" or given.get("gss_tsig"):
            how = "gss_tsig" if given.get("gss_tsig") else given["method"]
            self.assumed.append(f"DNS is updated by RFC 2136 with a key of the twin's instead of {how}")
        kept["probe_allow_private"] = True  # the twin is on loopback
        made["dns"] = kept

    def _mapped(self, value: Any, key: str) -> Any:
        if isinstance(value, Mapping):
            return {name: self._mapped(one, str(name)) for name, one in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._mapped(one, key) for one in value]
        if not isinstance(value, str):
            return value
        try:
            ipaddress.ip_address(value)
        except ValueError:
            return value
        return self._addresses.inside(value) if key in _INSIDE else self._addresses.of(value)


def ocs_of(settings: Mapping[str, Any], real: Mapping[str, str], addresses: Addresses) -> dict[str, Any]:
    """Office Communications Server as the operator declares it: it answers no session."""
    legacy = settings.get("legacy") or {}
    made: dict[str, Any] = {"pool": str(legacy.get("pool_fqdn") or "").casefold()}
    edges = (settings.get("ocs") or {}).get("edges") or ()
    wanted = str(legacy.get("edge_fqdn") or "").casefold()
    edge = next((one for one in edges if str(one["internal_fqdn"]).casefold() == wanted), next(iter(edges), None))
    if edge:
        made["edge"] = str(edge["internal_fqdn"]).casefold()
        for name in ("access_fqdn", "web_conferencing_fqdn", "av_fqdn"):
            if edge.get(name):
                made[name] = str(edge[name]).casefold()
        outside = addresses.outside(real.get(made.get("access_fqdn", ""), ""))
        if outside:
            made["external_address"] = outside
    copied = (settings.get("access_policy") or {}).get("copy_from")
    names = [copied, *(one["of"] for one in (settings.get("access_policy") or {}).get("copies") or ())]
    policies = {
        name: {"EnableFederationAccess": True, "EnableOutsideAccess": True}
        for name in names
        if name and name != "Global"
    }
    return made | ({"policies": policies} if policies else {})


def partners_of(settings: Mapping[str, Any], real: Mapping[str, str], addresses: Addresses) -> list[dict[str, Any]]:
    """The partners outside, doing what is declared of them."""
    made = []
    for one in settings.get("partners") or ():
        domain = str(one["domain"]).casefold()
        tls = one.get("tls_negotiation", "Required") != "NotSupported"
        sasl = tls and one.get("sasl_negotiation", "Required") != "NotSupported"
        dialback = bool(one.get("support_dialback_negotiation", True)) or not sasl
        row = {"domain": domain, "address": addresses.outside(real.get(domain, "")), "tls": tls, "sasl_external": sasl,
               "dialback": dialback}  # fmt: skip
        made.append({name: value for name, value in row.items() if value != ""})
    return made
