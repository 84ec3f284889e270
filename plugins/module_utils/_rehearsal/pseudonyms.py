# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other names for users, hosts and domains, the same wherever they stand, by a key that nobody keeps.

Labels of names are replaced one by one, so that what lies in a domain still does. Free text is dropped.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import secrets
from collections.abc import Mapping
from typing import Any

_NAME = re.compile(
    r"(?:\*\.)?[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9])?)+\.?"
)
_SIP = re.compile(r"(sip:)?([^@\s]+)@([A-Za-z0-9.-]+)")
#: Last labels that say nothing of who it is.
_PUBLIC = frozenset("test com net org edu gov mil int info biz local lan corp example internal".split())
_SERVICES = frozenset("_tcp _udp _tls _xmpp-server _xmpp-client _sipfederationtls _sip _sipinternaltls".split())
#: Values of these keys are words of the product and of this collection.
WORDS = frozenset({
    "EnableFederationAccess", "groups", "windows", "powershell", "culture", "product", "kind", "version", "type", "prepared_for",
    "hosting_provider", "partner_type", "tls_negotiation", "sasl_negotiation", "source", "topology_source", "topology_accepts",
    "sip_federation_route", "edge_access", "pilot_proof", "method", "restart_pending", "gates_confirmed", "preflight_accepts",
    "instance", "sql_instance", "sql_instances", "path", "sxs", "installation", "build", "hours", "time_zone", "RoutingMethod",
    "tls_versions", "registry", "language", "key", "clock", "unknowns", "replication", "latency", "oddities.protected",
})  # fmt: skip
#: Texts that somebody wrote: nobody knows what is in them.
FREE = frozenset({
    "comment", "description", "Description", "contacts", "window", "drop_streams_at", "ldap_filter", "file", "template", "ca",
    "number",
})  # fmt: skip
_PATH = frozenset({"OU", "CN", "DC"})


class Pseudonyms:
    """One set of other names. The key lives as long as this object."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def _digest(self, kind: str, text: str, size: int = 10) -> str:
        said = f"{kind}\0{text.casefold()}".encode("utf-8", "surrogatepass")
        return hmac.new(self._key, said, hashlib.sha256).hexdigest()[:size]

    def label(self, text: str, last: bool = False) -> str:
        folded = text.casefold()
        if not folded or folded in ("*", "@") or folded in _SERVICES or (last and folded in _PUBLIC):
            return folded
        return f"n{self._digest('label', folded)}"

    def name(self, text: str) -> str:
        """A host or domain, whole or relative to a zone."""
        parts, dot = text.rstrip(".").split("."), "." if text.endswith(".") else ""
        return ".".join(self.label(one, last=at == len(parts) - 1 and at > 0) for at, one in enumerate(parts)) + dot

    def relative(self, text: str) -> str:
        """A name in a zone, whose last label is no public one."""
        return ".".join(self.label(one) for one in text.split("."))

    def address(self, text: str) -> str:
        found = _SIP.fullmatch(text)
        if found is None:
            return f"sip:u{self._digest('user', text)}"
        return f"{found[1] or ''}u{self._digest('user', found[2], 12)}@{self.name(found[3])}"

    def word(self, kind: str, text: str) -> str:
        return f"{kind}-{self._digest(kind, text, 8)}"

    def path(self, text: str) -> str:
        """A distinguished name: its domain components are labels like others."""
        made = []
        for at, part in enumerate(re.split(r"(?<!\\),", text)):
            kind, _is, value = part.partition("=")
            mapped = self.label(value, last=at > 0) if kind.upper() == "DC" else self.word(kind.lower(), value)
            made.append(f"{kind}={mapped}")
        return ",".join(made)

    def url(self, text: str) -> str:
        """https://meet.contoso.com/site/meet: the host, and whatever somebody wrote after it."""
        scheme, _sep, rest = text.partition("://")
        host, slash, path = rest.partition("/")
        host, colon, port = host.partition(":")
        parts = [self.word("path", one) for one in path.split("/") if one]
        return f"{scheme}://{self.name(host)}{colon}{port}{slash}{'/'.join(parts)}"

    def record(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A DNS record: names in its value too."""
        value = str(row["value"])
        if row["type"] == "SRV":
            numbers, _blank, target = value.rpartition(" ")
            value = f"{numbers} {self.name(target)}"
        elif row["type"] == "CNAME":
            value = self.name(value)
        return {**row, "name": self.relative(str(row["name"])), "value": value}

    def person(self, row: Mapping[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = self.table({name: one for name, one in row.items() if name != "oddities"})
        odd = dict(row.get("oddities") or {})
        for name, other in (("moving_to", self.name), ("same_sip_as", self.address)):
            if name in odd:
                odd[name] = other(str(odd[name]))
        odd.pop("name", None)
        if row.get("home_server"):
            made["home_server"] = self.path(str(row["home_server"]))
        return {**made, **({"oddities": odd} if odd else {})}

    def estate(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """An estate without its users, who are too many to be held at once."""
        special = {"name", "sites", "zones", "simple_urls", "homed_objects", "migration"}
        made: dict[str, Any] = self.table({name: one for name, one in document.items() if name not in special})
        made["name"] = "estate"
        made["sites"] = [
            {**self.table({k: v for k, v in one.items() if k != "name"}), "name": self.word("site", str(one["name"]))}
            for one in document.get("sites") or ()
        ]
        made["zones"] = [
            {**zone, "name": self.name(str(zone["name"])), "records": [self.record(one) for one in zone["records"]]}
            for zone in document.get("zones") or ()
        ]
        made["simple_urls"] = {k: [self.url(one) for one in v] for k, v in (document.get("simple_urls") or {}).items()}
        made["homed_objects"] = [
            {"kind": one["kind"], "pool": self.name(one["pool"]), "name": self.word("object", str(one["name"]))}
            | ({"number": one["number"]} if one["kind"] == "conference_directory" else {})
            for one in document.get("homed_objects") or ()
        ]
        made["migration"] = {**self.table(document.get("migration") or {}), "name": "estate"}
        return made

    # --- whole tables

    def table(self, value: Any, key: str = "") -> Any:
        """The same table with other names; `key` is where it stands."""
        if isinstance(value, Mapping):
            return {
                self._key_of(str(name), key): self.table(one, str(name))
                for name, one in value.items()
                if str(name) not in FREE
            }
        if isinstance(value, (list, tuple)):
            return [self.table(one, key) for one in value]
        return self._text(value, key) if isinstance(value, str) else value

    def _key_of(self, name: str, key: str) -> str:
        if key in ("policies",):  # of the organisation by identity, and of a user by kind
            return name if name.endswith("Policy") or name == "DialPlan" else self.policy(name)
        if key in ("domains", "internal_names", "addresses", "replicas"):
            return self.name(name)
        return name

    def policy(self, identity: str) -> str:
        scope, colon, name = identity.rpartition(":")
        if identity == "Global":
            return identity
        return f"{scope}{colon}{self.word('site' if scope == 'Site' else 'policy', name)}"

    def _text(self, value: str, key: str) -> Any:
        if not value or key in WORDS:
            return value
        if key == "display_name":
            return f"User {self._digest('person', value, 8)}"
        if key == "site":
            return self.word("site", value)
        if key in ("inventory", "through", "names") and "." not in value:
            return self.label(value)
        if key in ("identity", "copy_from", "of") or key.endswith("Policy"):
            return self.policy(value)
        if key == "grant_to" and value == "all":
            return value
        if "@" in value:
            return self.address(value)
        try:
            return str(ipaddress.ip_address(value))
        except ValueError:
            pass
        if "=" in value.partition(",")[0] and value.partition("=")[0].upper() in _PATH:
            return self.path(value)
        if _NAME.fullmatch(value):
            return self.name(value)
        return self.word(key or "text", value)
