# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts and users of an estate, from what was read of them. Pure.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from .._engine.context import Context
from .._readiness.findings import Look, Row
from .._users.reading import ocs_pool
from .addresses import Addresses
from .reading import POLICIES, Found

#: Windows, PowerShell and product of what no session tells of, by the version of its pool.
DEFAULTS = {
    5: ("6.1", "2.0", "lync_2010"),
    6: ("6.2", "3.0", "lync_2013"),
    7: ("6.3", "4.0", "sfb_2015"),
    8: ("10.0", "5.1", "sfb_2019"),
}
#: The versions of PowerShell that the twin has for a Windows.
POWERSHELL = {"6.1": ("2.0", "3.0", "4.0"), "6.2": ("3.0", "4.0"), "6.3": ("4.0", "5.0", "5.1"), "10.0": ("5.1",)}
_PRODUCTS = (
    ("Skype for Business Server 2019", "sfb_2019"), ("Skype for Business Server 2015", "sfb_2015"),
    ("Lync Server 2013", "lync_2013"), ("Lync Server 2010", "lync_2010"),
)  # fmt: skip
_GROUPS = {
    "lync_2013_front_ends": 6, "lync_2013_edges": 6, "lync_legacy_front_ends": 5, "lync_legacy_edges": 5,
    "sfb_2019_front_ends": 8, "sfb_2019_edges": 8,
}  # fmt: skip
_CN = re.compile(r"CN=((?:\\.|[^,\\])*),(.+)", re.IGNORECASE)
_FLAT = re.compile(r"\\(.)")


def full_name(hello: Mapping[str, Any]) -> str:
    computer, domain = str(hello.get("computer") or "").casefold(), str(hello.get("domain") or "").casefold()
    return f"{computer}.{domain}".rstrip(".")


class Hosts:
    """Which FQDN each host of the inventory has, and what is known of it."""

    def __init__(self, context: Context, found: Found, settings: Mapping[str, Any], estate: Mapping[str, Any]) -> None:
        self._context, self._found, self._settings = context, found, settings
        both = (*(estate.get("pools") or ()), *(estate.get("edges") or ()))
        self._versions = {machine: one["version"] for one in both for machine in one.get("machines") or [one["fqdn"]]}
        self._ocs = settings.get("source") == "ocs_2007_r2"

    def _declared(self) -> dict[str, list[str]]:
        """Machines by group, as the settings name them."""
        pool, edge, legacy = (self._settings.get(one) or {} for one in ("pool", "edge", "legacy"))
        found = {
            "lync_2013_front_ends": [one["fqdn"] for one in pool.get("machines") or [pool]] if pool else [],
            "lync_2013_edges": [one["fqdn"] for one in edge.get("machines") or [edge]] if edge else [],
            "lync_legacy_front_ends": [legacy.get("pool_fqdn")],
            "lync_legacy_edges": [legacy.get("edge_fqdn")],
            "lync_legacy_gateway": [legacy.get("gateway_fqdn")],
        }
        for group, version in _GROUPS.items():
            if version == 5 and not self._ocs:
                known = [one for one, its in self._versions.items() if its == 5]
                named = {*found[group]}
                found[group] += [one for one in known if one not in named]
        return {group: [str(one).casefold() for one in names if one] for group, names in found.items()}

    def names(self) -> dict[str, str]:
        """FQDN of each host of the inventory: as it says itself, else as its name or its place in the group tells."""
        found: dict[str, str] = {}
        declared = self._declared()
        for group in (*_GROUPS, "lync_legacy_gateway"):
            members = self._context.members(group)
            choice = declared.get(group) or []
            for at, host in enumerate(members):
                hello = self._found.hellos.get(host) or {}
                said = full_name(hello)
                by_label = [
                    one
                    for one in choice
                    if one == said or one.partition(".")[0] == (said or host.casefold()).partition(".")[0]
                ]
                alone = len(members) == len(choice) and choice[at]
                name = (said if "." in said else "") or next(iter(by_label), "") or (alone or "")
                if name and name not in found.values():
                    found.setdefault(host, name)
        return found

    def rows(self, addresses: Addresses) -> Iterator[dict[str, Any]]:
        entries = {
            str(name).casefold(): one["address"]
            for one in self._settings.get("edge_hosts_entries") or ()
            for name in one["names"]
        }
        edge = self._settings.get("edge") or {}
        machines = {one["fqdn"].casefold(): one for one in edge.get("machines") or [edge] if one.get("fqdn")}
        for host, fqdn in self.names().items():
            groups = [one for one, members in self._context.groups.items() if host in members]
            made: dict[str, Any] = {"fqdn": fqdn, "inventory": host, "groups": groups}
            made |= self._windows(host, fqdn, groups)
            inside = entries.get(fqdn) or next(iter(self._found.addresses.get(fqdn, ())), None)
            own = machines.get(fqdn, {})
            if own.get("internal_address") or inside:
                made["internal_address"] = addresses.inside(own.get("internal_address") or inside)
            outside = own.get("external_address")
            if "lync_legacy_gateway" in groups:
                outside = next(iter((self._settings.get("legacy") or {}).get("gateway_addresses") or ()), None)
                made.pop("internal_address", None)
            if outside:
                made["external_address"] = addresses.outside(outside)
            yield {name: value for name, value in made.items() if value not in ("", [], None)}

    def others(self, addresses: Addresses) -> Iterator[dict[str, Any]]:
        """Servers that are only declared: those with the databases and the file share of the pool to be."""
        pool = self._settings.get("pool") or {}
        sql, files = pool.get("sql") or {}, pool.get("file_store") or {}
        made: dict[str, dict[str, Any]] = {}
        if sql:
            made[sql["server_fqdn"].casefold()] = {"sql": {"instances": [sql.get("instance") or "RTC"]}}
        if files:
            made.setdefault(files["server_fqdn"].casefold(), {})["shares"] = [files["share"]]
        known = {*self.names().values(), *self._versions}
        for fqdn, own in made.items():
            if fqdn not in known:
                inside = addresses.inside(next(iter(self._found.addresses.get(fqdn, ())), None))
                yield {"fqdn": fqdn, **own, "reachable": False, "workgroup": False} | (
                    {"internal_address": inside} if inside else {}
                )

    def shared(self, addresses: Addresses) -> dict[str, list[str]]:
        """Names inside that are no host's own, such as that of a pool."""
        pool, edge = self._settings.get("pool") or {}, self._settings.get("edge") or {}
        hosts = {*self.names().values(), *self._versions}
        names = [pool.get("fqdn"), pool.get("internal_web_fqdn"), edge.get("fqdn")]
        found: dict[str, list[str]] = {}
        for name in (str(one).casefold() for one in names if one):
            mapped = [one for one in (addresses.inside(text) for text in self._found.addresses.get(name, ())) if one]
            if mapped and name not in hosts:
                found[name] = mapped
        return found

    def _windows(self, host: str, fqdn: str, groups: Sequence[str]) -> dict[str, Any]:
        hello, looks = self._found.hellos.get(host), self._found.hosts.get(host, {})
        version = self._versions.get(fqdn) or next((_GROUPS[one] for one in groups if one in _GROUPS), 0)
        perimeter = any("edge" in one or one == "lync_legacy_gateway" for one in groups)
        windows, powershell, product = DEFAULTS.get(version, ("6.1", "2.0", "lync_2010"))
        if "lync_legacy_gateway" in groups:
            windows, powershell, product = "6.1", "2.0", "ocs_xmpp_gateway"
        elif self._ocs and version == 5:
            windows, powershell, product = "6.1", "2.0", "ocs_2007_r2"
        made: dict[str, Any] = {"workgroup": perimeter, "windows": windows, "powershell": powershell}
        if hello:
            said = ".".join(str(hello.get("windows") or "").split(".")[:2])
            made["windows"] = said if said in POWERSHELL else windows
            known = POWERSHELL[made["windows"]]
            made["powershell"] = hello.get("powershell") if hello.get("powershell") in known else known[-1]
            if re.fullmatch(r"[a-z]{2}-[A-Z]{2}", str(hello.get("culture"))) and hello["culture"] != "en-US":
                made["culture"] = hello["culture"]
            member = looks["computer"].first("PartOfDomain") if looks["computer"].known else None
            made["workgroup"] = perimeter if member is None else not member
            installed = _product(looks["programs"])
            if fqdn in self._versions or product in ("ocs_xmpp_gateway", "ocs_2007_r2"):
                made["product"] = product
            elif installed:
                made["product"] = installed
            else:
                made["bare"] = True
            made |= _disk(looks["disks"])
            instances = [name for name in ("RTC", "RTCLOCAL", "LYNCLOCAL") if looks["instances"].first(name)]
            if instances and fqdn not in self._versions and not made.get("bare"):
                made["sql_instances"] = instances
        elif fqdn in self._versions or version != 6:
            made["product"] = product
            if product == "ocs_2007_r2":
                made["reachable"] = False
        else:
            made["bare"] = True
        return made


def _product(programs: Look) -> str:
    names = [str(row.get("DisplayName")) for row in programs.rows]
    return next(
        (ours for text, ours in _PRODUCTS if any(text in one and "Core Components" in one for one in names)), ""
    )


def _disk(disks: Look) -> dict[str, Any]:
    for row in disks.rows:
        free = str(row.get("FreeSpace") or "")
        if str(row.get("DeviceID")) == "C:" and free.isdigit():
            return {"free_gb": round(int(free) / 2**30, 1)}
    return {}


class Persons:
    """Users one by one: an address that a second user has too is kept as what it is."""

    def __init__(
        self,
        domain: str,
        pools: Collection[str],
        ocs: Collection[str],
        protected: Collection[str],
        policies: Collection[str],
    ) -> None:
        self._base = ",".join(f"DC={one}" for one in domain.split("."))
        self._pools, self._ocs, self._protected = pools, ocs, protected
        self._policies = {one.casefold() for one in policies}
        self._seen: set[str] = set()
        self.left_out: dict[str, int] = {}

    def of(self, row: Row) -> dict[str, Any] | None:
        sip = str(row.get("SipAddress") or "")
        if not sip.lower().startswith("sip:") or "@" not in sip:
            self._leave("users without a SIP address")
            return None
        odd: dict[str, Any] = {}
        made: dict[str, Any] = {"sip": f"sip:{sip[4:]}"}
        if sip.casefold() in self._seen:
            local, _at, domain = sip[4:].partition("@")
            made["sip"], odd["same_sip_as"] = f"sip:{local}.again{len(self._seen)}@{domain}", sip
        self._seen.add(str(made["sip"]).casefold())
        display = str(row.get("DisplayName") or "")
        if display:
            made["display_name"] = display
        found = _CN.fullmatch(str(row.get("Identity") or ""))
        if found:
            name = _FLAT.sub(r"\1", found[1])
            if name != display:
                odd["name"] = name
            container = found[2]
            if container.casefold().endswith("," + self._base.casefold()):
                made["container"] = container[: -len(self._base) - 1]
        made |= self._home(row)
        if row.get("Enabled") is not True:
            made["enabled"] = False
        provider = str(row.get("HostingProvider") or "SRV:")
        if provider.upper() != "SRV:":
            made["hosting_provider"] = provider
            made.pop("pool", None)
        target = str(row.get("TargetRegistrarPool") or "")
        if target:
            odd["moving_to"] = target
        if str(row.get("Guid")) in self._protected:
            odd["protected"] = True
        policies = {name: _tag(row[name]) for name in POLICIES if row.get(name)}
        if policies.get("ExternalAccessPolicy", "").casefold() not in self._policies:
            policies.pop("ExternalAccessPolicy", None)
        return made | ({"policies": policies} if policies else {}) | ({"oddities": odd} if odd else {})

    def _home(self, row: Row) -> dict[str, Any]:
        pool = str(row.get("RegistrarPool") or "")
        if pool.casefold() in self._pools:
            return {"pool": pool.casefold()}
        if pool:
            self._leave(f"the home of users on {pool}, which is no pool of the estate (a survivable branch appliance?)")
            return {}
        home = str(row.get("HomeServer") or "")
        if not home:
            return {}
        ocs = ocs_pool(row, [{"Fqdn": one} for one in self._ocs])
        return {"pool": ocs} if ocs else {"home_server": home}

    def _leave(self, what: str) -> None:
        self.left_out[what] = self.left_out.get(what, 0) + 1


def _tag(value: object) -> str:
    return str(value).removeprefix("Tag:")
