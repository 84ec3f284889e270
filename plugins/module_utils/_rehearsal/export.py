# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module estate_export: the organisation as an estate of the lab, and what would stop its migration.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from .._engine.calls import clean
from .._engine.errors import InvalidInput
from .._engine.files import write_parts, write_whole
from .._engine.journal import stamp
from .._engine.module import Report, Task
from .._readiness.findings import ERROR
from . import readiness, records
from .addresses import Addresses
from .estate_yaml import chunks
from .hosts_users import Hosts, Persons, full_name
from .organisation import organisation
from .pseudonyms import Pseudonyms
from .readiness_page import readiness_page
from .reading import Found, all_users, read
from .twin_settings import TwinSettings, ocs_of, partners_of

DIRECTORY, ESTATE, PAGE, DATA = "estate", "estate.yml", "readiness.html", "readiness.json"
#: What nobody can read, whatever the organisation: the twin has its defaults there.
NEVER_READ = {
    "gateway.running": "the service of the old gateway is taken to run",
    "partners": "servers of partners are taken to do what is declared of them",
    "hosts.features, hosts.packages": "what Windows has beside the product",
    "hosts.registry, hosts.winrm, hosts.restart_pending, hosts.clock_skew": "settings of Windows; the readiness report has what matters of them",
    "replication": "how long copies of the store and the directory take",
    "latency, moves_per_second": "how long cmdlets take; a rehearsal takes what has been published",
    "users without an account for Lync": "they have nothing that is moved",
    "users.oddities": "moves that would fail on the servers, contacts in Exchange",
    "organizational_units": "those without users, and broken inheritance (see the findings)",
    "operator_groups, domain_admins": "memberships; the twin's operator has all that are needed",
}  # fmt: skip


def run(task: Task, clock: Callable[[], float] = time.time) -> Report:
    settings = task.params["settings"]
    for name in ("name", "source", "pool", "edge", "legacy"):
        if not settings.get(name):
            raise InvalidInput(f"settings has no {name}: give the dictionary lync_migration as it was validated.")
    addresses = Addresses()
    found = read(task, _known_names(settings))
    export = Export(task, found, settings, addresses)
    rows = readiness.collected(task, found, settings, clock) if task.params["report"] else []
    value = {**export.counts_known, "unread": export.shown_unread(), "assumed": export.assumed}
    if task.check_mode:
        return Report(False, {**value, "estate": None, "page": None, "data": None})
    directory = Path(task.context.state_dir) / DIRECTORY
    head = [
        "An organisation as it was read, for a rehearsal: lync.xmpp_migration.rehearse. It holds personal data.",
        *(f"not read: {one['what']}: {one['why']}" for one in export.shown_unread()),
        *(f"assumed: {one}" for one in export.assumed),
    ]
    names = Pseudonyms() if task.params["pseudonyms"] else None
    if names is not None:
        head = ["An organisation with other names, for a rehearsal: lync.xmpp_migration.rehearse."]
    document = export.document if names is None else names.estate(export.document)
    write_parts(directory, ESTATE, chunks(head, document, export.users(names)))
    value |= {"estate": str(directory / ESTATE), "users": export.count, "unread": export.shown_unread()}
    if task.params["report"]:
        value |= _reported(task, export, rows, directory, clock)
        stops = sum(one["severity"] == ERROR for one in rows)
        said = (
            f"{stops} things would stop the migration" if stops else "Nothing was found that would stop the migration"
        )
        value["say"] = [
            f"{said}: {directory / PAGE}",
            f"The estate for a rehearsal, with {export.count} users: {directory / ESTATE}",
        ]
    return Report(False, value)


def _known_names(settings: Mapping[str, Any]) -> list[str]:
    legacy, pool, edge = settings["legacy"], settings["pool"], settings["edge"]
    machines = [one["fqdn"] for one in (*(pool.get("machines") or ()), *(edge.get("machines") or ()))]
    servers = [(pool.get(one) or {}).get("server_fqdn") for one in ("sql", "file_store")]
    names = [
        pool["fqdn"],
        pool.get("internal_web_fqdn"),
        edge["fqdn"],
        legacy.get("pool_fqdn"),
        legacy.get("edge_fqdn"),
    ]
    return [str(one) for one in (*names, *machines, *servers) if one]


class Export:
    """The parts of the file, in their order, and what was counted on the way."""

    def __init__(self, task: Task, found: Found, settings: Mapping[str, Any], addresses: Addresses) -> None:
        self._task, self._found, self._settings = task, found, settings
        self._ocs = settings["source"] == "ocs_2007_r2"
        self.count = 0
        self.unread = {**NEVER_READ, **found.unread}
        made = organisation(found, addresses)
        dns = records.read(settings, made, addresses)
        self.unread |= dns.unread
        twin = TwinSettings(settings, addresses)
        self.assumed = list(twin.assumed)
        known = Hosts(task.context, found, settings, made)
        hosts = [*known.rows(addresses), *known.others(addresses)]
        legacy = settings["legacy"]
        self.domain = _domain(found, settings)
        document: dict[str, Any] = {"name": _name(settings["name"]), "domain": self.domain}
        document["sip_domains"] = made.pop("sip_domains", None) or [
            one.casefold() for one in settings.get("sip_domains") or [self.domain]
        ]
        document |= made
        if self._ocs and not _merged(found):
            document["ocs"] = ocs_of(settings, dns.addresses, addresses)
            self.assumed.append("Office Communications Server answers no session: its pool and Edge are as declared")
            document.setdefault("prepared_for", "ocs_2007_r2")
        partners = partners_of(settings, dns.addresses, addresses)
        edges = {one["fqdn"] for one in made.get("edges") or ()} | {(document.get("ocs") or {}).get("edge")}
        if str(legacy["edge_fqdn"]).casefold() in edges:
            document["gateway"] = _gateway(settings, addresses, partners)
        issuer = _issuer(found)
        if issuer:
            document["certificates"] = {"ca": issuer}
        document["internal_names"] = known.shared(addresses)
        document |= {
            "hosts": [_inside_domain(one, self.domain) for one in hosts],
            "partners": partners,
            "zones": dns.zones,
        }
        document["migration"] = twin.made
        self.document = {name: value for name, value in document.items() if value not in (None, [], {})}
        if addresses.left_out:
            self.unread["addresses"] = f"{', '.join(addresses.left_out[:20])} have no place in an estate"

    # --- users

    def users(self, names: Pseudonyms | None) -> Iterator[dict[str, Any]]:
        pools = {one["fqdn"] for one in self.document.get("pools") or ()}
        ocs = [one for one in ((self.document.get("ocs") or {}).get("pool"),) if one]
        policies = {*(self.document.get("policies") or ()), *((self.document.get("ocs") or {}).get("policies") or ())}
        persons = Persons(self.domain, pools, ocs, self._found.protected, policies)
        domains = {str(one).casefold() for one in self.document["sip_domains"]}
        for row in all_users(self._task, self._found):
            one = persons.of(row)
            if one is not None and one["sip"].rpartition("@")[2].casefold() not in domains:
                persons.left_out["users of a SIP domain that is none of the organisation's"] = (
                    persons.left_out.get("users of a SIP domain that is none of the organisation's", 0) + 1
                )
            elif one is not None:
                self.count += 1
                yield one if names is None else names.person(one)
        if not self.count:
            yield from self._named(ocs, names)
        self.unread |= {what: f"{count} of them" for what, count in persons.left_out.items()}

    def _named(self, ocs: list[str], names: Pseudonyms | None) -> Iterator[dict[str, Any]]:
        """Of an organisation whose users nobody can list yet: those that the settings name."""
        users, policy = self._settings.get("users") or {}, self._settings.get("access_policy") or {}
        granted = policy.get("grant_to") if isinstance(policy.get("grant_to"), list) else ()
        home = {"pool": ocs[0]} if ocs else {}
        for sip in dict.fromkeys((*(users.get("pilot") or ()), *(users.get("first_users") or ()), *(granted or ()))):
            self.count += 1
            one = (
                {"sip": sip, **home, "policies": {"ExternalAccessPolicy": policy["copy_from"]}}
                if policy.get("copy_from") and home
                else {"sip": sip, **home}
            )
            yield one if names is None else names.person(one)
        if self.count:
            self.unread["users"] = "no server lists them yet; the estate has those that the settings name"

    # --- what is told

    def shown_unread(self) -> list[dict[str, str]]:
        return [{"what": what, "why": why} for what, why in self.unread.items()]

    @property
    def counts_known(self) -> dict[str, Any]:
        return {
            "counts": {
                name: len(self.document.get(name) or ())
                for name in (
                    "sites",
                    "pools",
                    "edges",
                    "hosts",
                    "policies",
                    "allowed_domains",
                    "partners",
                    "homed_objects",
                )
            }
        }


def _gateway(settings: Mapping[str, Any], addresses: Addresses, partners: list[dict[str, Any]]) -> dict[str, Any]:
    legacy = settings["legacy"]
    known = {one["domain"] for one in partners}
    made = {"fqdn": str(legacy["gateway_fqdn"]).casefold(), "edge": str(legacy["edge_fqdn"]).casefold()}
    given = next(iter(legacy.get("gateway_addresses") or ()), None)
    if given:
        made["address"] = addresses.outside(given)
    listed = [str(one).casefold() for one in legacy.get("gateway_allow_list") or () if str(one).casefold() in known]
    return {**made, "partners": listed} if listed else made


def _merged(found: Found) -> bool:
    """Whether Lync Server has users or pools already, so that what it says counts."""
    return found.topology is not None and bool(found.topology.legacy_sites)


def _name(text: str) -> str:
    return re.sub("[^a-z0-9_-]", "-", str(text).casefold())[:64]


def _domain(found: Found, settings: Mapping[str, Any]) -> str:
    """Of Active Directory, as its members say it; else what the new pool is in."""
    for host, hello in found.hellos.items():
        looks = found.hosts[host]
        if looks["computer"].known and looks["computer"].first("PartOfDomain") is True and hello.get("domain"):
            return str(hello["domain"]).casefold()
    return str(settings["pool"]["fqdn"]).partition(".")[2].casefold()


def _inside_domain(host: dict[str, Any], domain: str) -> dict[str, Any]:
    """A computer whose name lies elsewhere can only be in a workgroup of the twin."""
    if not host["workgroup"] and not host["fqdn"].endswith("." + domain):
        return {**host, "workgroup": True}
    return host


def _issuer(found: Found) -> str:
    for looks in found.hosts.values():
        for row in looks["certificates"].rows:
            said = re.fullmatch(r"CN=([^,\n]+)(?:,[^\n]*)?", str(row.get("Issuer") or ""))
            if said:
                return said[1]
    return ""


def _certificates(found: Found) -> list[dict[str, Any]]:
    return [
        {
            "host": full_name(found.hellos[host]) or host,
            "use": str(row.get("Use")),
            "subject": str(row.get("Subject")),
            "names": [str(one) for one in row.get("AlternativeNames") or ()],
            "until": str(row.get("NotAfter")),
        }
        for host, looks in found.hosts.items()
        for row in looks["certificates"].rows
    ]


def _reported(
    task: Task, export: Export, rows: list[dict[str, Any]], directory: Path, clock: Callable[[], float]
) -> dict[str, Any]:
    found, settings = export._found, export._settings
    data: dict[str, Any] = {
        "format": 1,
        "name": settings["name"],
        "at": stamp(clock()),
        "controller": task.context.controller,
        "version": task.context.version,
        "stops": [one for one in rows if one["severity"] == ERROR],
        "others": [one for one in rows if one["severity"] != ERROR],
        "gates": readiness.gates(task, found, settings),
        "counts": {**export.counts_known["counts"], "users": export.count},
        "certificates": _certificates(found),
        "estate": str(directory / ESTATE),
        "pseudonymised": bool(task.params["pseudonyms"]),
        "unread": export.shown_unread(),
        "assumed": export.assumed,
    }
    told = json.dumps(clean(data), ensure_ascii=True, indent=1).replace("<", "\\u003c")
    write_whole(directory, PAGE, readiness_page(data).encode("utf-8", "replace"))
    write_whole(directory, DATA, told.encode("ascii"))
    return {
        "page": str(directory / PAGE),
        "data": str(directory / DATA),
        "stops": data["stops"],
        "gates": data["gates"],
    }
