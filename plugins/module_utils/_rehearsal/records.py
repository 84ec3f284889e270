# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records that matter to the migration, as the authoritative servers of the own zones have them, and the partners' as their world does.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from .._dns.options import servers_of
from .._dns.servers import Server, ask
from .._engine.errors import MigrationError
from .._settings.names import fqdn
from .._xmpp.targets import Lookup
from .addresses import Addresses

SERVICES = ("_xmpp-server._tcp", "_sipfederationtls._tcp", "_sip._tls", "_xmpp-client._tcp")
#: What clients of Lync look for, beside the names that the topology has.
HOSTS = ("sip", "sipexternal", "sipinternal", "lyncdiscover", "lyncdiscoverinternal", "xmpp")


@dataclass
class Records:
    zones: list[dict[str, Any]] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)
    #: the first A record of a name, real
    addresses: dict[str, str] = field(default_factory=dict)


def names_of(estate: Mapping[str, Any], settings: Mapping[str, Any]) -> set[str]:
    """Host names that a record may be there for."""
    found = set()
    for edge in (
        *(estate.get("edges") or ()),
        settings.get("edge") or {},
        *((settings.get("ocs") or {}).get("edges") or ()),
    ):
        found |= {str(edge.get(one) or "") for one in ("access_fqdn", "web_conferencing_fqdn", "av_fqdn")}
    for pool in (*(estate.get("pools") or ()), settings.get("pool") or {}):
        found.add(str(pool.get("external_web_fqdn") or ""))
    found |= {str(urlsplit(url).hostname or "") for urls in (estate.get("simple_urls") or {}).values() for url in urls}
    found |= {str(one["host"]) for one in (settings.get("dns") or {}).get("targets") or ()}
    return {one.casefold() for one in found if _is_name(one)}


def _is_name(text: str) -> bool:
    try:
        return bool(fqdn(text))
    except ValueError:
        return False


def read(settings: Mapping[str, Any], estate: Mapping[str, Any], addresses: Addresses) -> Records:
    found = Records()
    dns = settings.get("dns") or {}
    domains = [*(settings.get("sip_domains") or ()), *(settings.get("xmpp_domains") or ())]
    wanted = [str(one).casefold() for one in (*(dns.get("zones") or ()), *domains)]
    zones = list(dict.fromkeys(wanted))
    servers = servers_of([{"port": 53, **one} for one in dns.get("servers") or ()])
    if servers:
        for zone in sorted(zones, key=len, reverse=True):
            _own(found, servers[0], zone, zones, names_of(estate, settings), addresses)
    else:
        found.unread["dns"] = "lync_migration.dns.servers names no authoritative server"
    _partners(found, settings, addresses)
    found.zones.sort(key=lambda one: wanted.index(one["name"]) if one["name"] in wanted else len(wanted))
    return found


def _own(
    found: Records, server: Server, zone: str, zones: Sequence[str], names: Iterable[str], addresses: Addresses
) -> None:
    services = [f"{one}.{zone}" for one in SERVICES]
    hosts = {f"{one}.{zone}" for one in HOSTS} | {one for one in names if _holder(one, zones) == zone}
    rows: list[dict[str, Any]] = []
    try:
        for name in services:
            for row in _rows(found, server, zone, name, "SRV", addresses):
                rows.append(row)
                target = row["value"].rpartition(" ")[2].rstrip(".").casefold()
                if _holder(target, zones) == zone:
                    hosts.add(target)
        for name in sorted(hosts):
            rows += _rows(found, server, zone, name, "A", addresses)
    except MigrationError as exc:
        found.unread[f"dns {zone}"] = exc.text
    if rows:
        found.zones.append({"name": zone, "ttl": min(row["ttl"] for row in rows), "records": rows})


def _holder(name: str, zones: Sequence[str]) -> str:
    held = [one for one in zones if name == one or name.endswith("." + one)]
    return max(held, key=len, default="")


def _rows(
    found: Records, server: Server, zone: str, name: str, kind: str, addresses: Addresses
) -> Iterator[dict[str, Any]]:
    try:
        record = ask(server, zone, name, kind).record
    except MigrationError as exc:
        if " is an alias of " not in exc.text:
            raise
        found.unread[f"dns {name}"] = exc.text
        return
    for value in record.values if record else ():
        shown = value
        if kind == "A":
            found.addresses.setdefault(name, value)
            shown = addresses.of(value)
        if shown:
            relative = "@" if name == zone else name[: -len(zone) - 1]
            yield {"name": relative, "type": kind, "value": shown, "ttl": record.ttl if record else 3600}


def _partners(found: Records, settings: Mapping[str, Any], addresses: Addresses) -> None:
    """What partners have in DNS is asked as everybody asks it; a partner that has nothing gets a name of its own in the twin."""
    given = (settings.get("partner_probe") or {}).get("name_servers") or ()
    servers = [(str(one["address"]), int(one.get("port") or 53)) for one in given]
    lookup = Lookup(servers, 2.0)
    for one in settings.get("partners") or ():
        domain = str(one["domain"]).casefold()
        if servers and _authoritative(found, Server(*servers[0]), domain, addresses):
            continue
        records: list[dict[str, Any]] = []
        why = ""
        try:
            for target, port in (lookup.services(domain) or ())[:5]:
                records.append(
                    {"name": "_xmpp-server._tcp", "type": "SRV", "value": f"0 0 {port} {target.rstrip('.')}."}
                )
                for address in lookup.addresses(target)[:5]:
                    mapped, host = addresses.outside(address), target.rstrip(".").casefold()
                    if mapped and host.endswith("." + domain):
                        found.addresses.setdefault(domain, address)
                        records.append({"name": host[: -len(domain) - 1], "type": "A", "value": mapped})
        except (MigrationError, OSError, ValueError) as exc:
            why = str(exc)
        if not any(row["type"] == "A" for row in records):
            found.unread[f"dns {domain}"] = (
                why or "it has no XMPP service record with an address below itself; the twin makes one up"
            )
            mapped = addresses.outside(f"192.0.2.{100 + len(found.zones) % 100}")
            found.addresses[domain] = mapped
            records = [{"name": "_xmpp-server._tcp", "type": "SRV", "value": f"0 0 5269 xmpp.{domain}."},
                       {"name": "xmpp", "type": "A", "value": mapped}]  # fmt: skip
        found.zones.append({"name": domain, "ttl": 3600, "records": records})


def _authoritative(found: Records, server: Server, domain: str, addresses: Addresses) -> bool:
    """Where the name server that is named has the partner's zone itself, lifetimes are known too."""
    tried = Records()
    _own(tried, server, domain, [domain], (), addresses)
    if tried.unread or not any(row["type"] == "A" for zone in tried.zones for row in zone["records"]):
        return False
    found.zones += tried.zones
    target = next(row["value"] for row in tried.zones[0]["records"] if row["type"] == "SRV").rpartition(" ")[2]
    found.addresses[domain] = tried.addresses.get(target.rstrip(".").casefold()) or next(iter(tried.addresses.values()))
    return True
