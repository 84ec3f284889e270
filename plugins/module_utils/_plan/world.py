# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was there when a plan was made, and what of it is different now.

Kept are the rows that the plan was made from and that somebody else may change meanwhile: users, policies, partners,
allowed domains, routes, Edge ports, the certificates in use, the DNS records of XMPP. What differs because the plan itself
has been carried out in part is no drift.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._dns.records import identity
from .._dns.servers import Server, ask
from .._engine.calls import Query
from .._engine.collections import ORGANISATION, reading, row_identity
from .._engine.errors import MigrationError
from .._engine.module import Task
from .._engine.session import Session
from .match import fits, general

Key = tuple[str, str, str]
#: It follows the registrar pool: it counts of users of Office Communications Server only, who have none.
HOME_SERVER = "HomeServer"
DNS = "dns_record_set"
#: A collection -> the properties that count, beside what identifies a row.
ORGANISATION_WIDE: Mapping[str, tuple[str, ...]] = {
    "user": ("SipAddress", "Guid", "Enabled", "RegistrarPool", HOME_SERVER, "ExternalAccessPolicy"),
    "external_access_policy": ("Identity", "EnableFederationAccess", "EnableXmppAccess", "EnablePublicCloudAccess",
                               "EnablePublicCloudAudioVideoAccess", "EnableOutsideAccess"),
    "xmpp_partner": ("Identity", "Domain", "AdditionalDomains", "PartnerType", "TlsNegotiation", "SaslNegotiation",
                     "SupportDialbackNegotiation"),
    "allowed_domain": ("Identity", "ProxyFqdn"),
    "site": ("Identity", "FederationRoute", "XmppFederationRoute"),
    "edge_server": ("Identity", "AccessEdgeExternalSipPort", "XmppListeningPort", "XmppInternalPort"),
    "registrar": ("Identity", "PoolFqdn", "EdgeServer"),
}  # fmt: skip
OF_A_HOST: Mapping[str, tuple[str, ...]] = {"certificate_use": ("Use", "Thumbprint")}
SHOWN: Mapping[str, str] = {
    "user": "user", "external_access_policy": "external access policy", "xmpp_partner": "XMPP partner", "allowed_domain": "allowed domain",
    "site": "site", "edge_server": "Edge", "registrar": "Registrar", "certificate_use": "certificate for", DNS: "DNS record",
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    collection: str
    scope: str
    identity: str
    properties: Mapping[str, Any]

    @property
    def key(self) -> Key:
        return self.collection, self.scope.casefold(), self.identity.casefold()

    @property
    def shown(self) -> str:
        where = "" if self.scope in (ORGANISATION, "dns") else f" on {self.scope}"
        return f"{SHOWN[self.collection]} {self.identity}{where}"

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": "row",
            "collection": self.collection,
            "scope": self.scope,
            "identity": self.identity,
            "properties": dict(self.properties),
        }


@dataclass(frozen=True)
class World:
    """Rows, and what could not be read, with the reason: `(collection, scope)` -> text."""

    rows: Mapping[Key, Row]
    unread: Mapping[tuple[str, str], str]

    @classmethod
    def of(cls, entries: Iterable[Mapping[str, Any]]) -> World:
        rows: dict[Key, Row] = {}
        unread: dict[tuple[str, str], str] = {}
        for one in entries:
            if one["kind"] == "row":
                row = Row(one["collection"], one["scope"], one["identity"], one["properties"])
                rows[row.key] = row
            else:
                unread[one["collection"], one["scope"]] = one["why"]
        return cls(rows, unread)

    def lines(self) -> Iterator[dict[str, Any]]:
        for row in self.rows.values():
            yield row.to_json()
        for (name, scope), why in self.unread.items():
            yield {"kind": "unread", "collection": name, "scope": scope, "why": why}


# --- reading


def read(task: Task, hosts: Sequence[str], servers: Sequence[Server], domains: Sequence[str]) -> World:
    """The organisation through the task's host, or a legacy Front End where that has no Lync tools yet."""
    entries: list[Mapping[str, Any]] = []
    entries += _rows(_reader(task), ORGANISATION_WIDE, ORGANISATION)
    for host in hosts:
        entries += _rows(task.session_for(host), OF_A_HOST, "")
    for server in servers[:1]:
        entries += [_record(server, one) for one in domains]
    return World.of(entries)


def _reader(task: Task) -> Session:
    try:
        if task.session.hello.get("lync"):
            return task.session
    except MigrationError:
        pass
    return task.legacy_session() or task.session


def _rows(session: Session, wanted: Mapping[str, tuple[str, ...]], scope: str) -> Iterator[dict[str, Any]]:
    """All in one request. What a host cannot tell is told as unread."""
    queries = [Query(name, properties=properties) for name, properties in wanted.items()]
    try:
        scope = scope or session.scope
        answers = session.call(*(reading(one) for one in queries))
    except MigrationError as exc:
        for query in queries:
            yield {"kind": "unread", "collection": query.collection, "scope": scope, "why": exc.text}
        return
    for query, answer in zip(queries, answers, strict=True):
        if not answer["ok"]:
            why = ", ".join(error.id for error in answer["errors"]) or "no answer"
            yield {"kind": "unread", "collection": query.collection, "scope": scope, "why": why}
            continue
        for row in answer["rows"]:
            name = row_identity(query, row)
            kept = {one: value for one, value in row.items() if one != HOME_SERVER or not row.get("RegistrarPool")}
            if name:
                yield Row(query.collection, scope, name, kept).to_json()


def _record(server: Server, domain: str) -> dict[str, Any]:
    """As the first name server has it: the others are held to it when the record is changed."""
    name = f"_xmpp-server._tcp.{domain}"
    try:
        found = ask(server, domain, name, "SRV").record
    except MigrationError as exc:
        return {"kind": "unread", "collection": DNS, "scope": "dns", "why": exc.text}
    properties = {"Ttl": found.ttl, "Values": sorted(found.values)} if found else {"Ttl": None, "Values": []}
    return Row(DNS, "dns", identity(name, "SRV"), properties).to_json()


# --- comparing


def drift(before: World, now: World, planned: Iterable[Mapping[str, Any]]) -> list[str]:
    """A sentence for each row that is not as it was, unless the plan says that it becomes what it is."""
    effects = _effects(planned)
    found = []
    for key, row in before.rows.items():
        if _unread(now, row):
            continue
        then = now.rows.get(key)
        if then is None:
            if not _gone(effects.get(key)):
                found.append(f"{row.shown} was there and is gone")
            continue
        found += _changed(row, then, effects.get(key) or ({},))
    for key, row in now.rows.items():
        if key not in before.rows and not _unread(before, row) and not any(effects.get(key) or ()):
            found.append(f"{row.shown} has been added")
    return found


def _unread(world: World, row: Row) -> bool:
    return (row.collection, row.scope) in world.unread


def _effects(planned: Iterable[Mapping[str, Any]]) -> dict[Key, tuple[Mapping[str, Any] | None, ...]]:
    """All that the plan makes of a row on its way: a run may have been broken off anywhere."""
    found: dict[Key, tuple[Mapping[str, Any] | None, ...]] = {}
    for entry in planned:
        for one in entry.get("effects") or ():
            key = (one["collection"], str(one["scope"]).casefold(), str(one["identity"]).casefold())
            found[key] = (*found.get(key, ()), one["properties"])
    return found


def _gone(effects: Sequence[Mapping[str, Any] | None] | None) -> bool:
    return any(one is None for one in effects or ())


def _changed(row: Row, then: Row, effects: Sequence[Mapping[str, Any] | None]) -> Iterator[str]:
    moved = any("RegistrarPool" in (one or ()) for one in effects)
    for name, value in row.properties.items():
        now = then.properties.get(name)
        if (
            _same(value, now)
            or (name == HOME_SERVER and moved)
            or any(
                one is not None and name in one and fits(_folded(general(one[name], name)), _folded(general(now, name)))
                for one in effects
            )
        ):
            continue
        yield f"{row.shown}: {name} was {_text(value)} and is {_text(now)}"


def _folded(value: Any) -> Any:
    """Case and order say nothing in Lync and DNS."""
    if isinstance(value, str):
        return value.casefold() or None
    if isinstance(value, list):
        return sorted((_folded(one) for one in value), key=repr) or None
    return value


def _same(one: Any, other: Any) -> bool:
    return bool(_folded(one) == _folded(other))


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "nothing"
    return "nothing" if value in (None, "") else str(value)
