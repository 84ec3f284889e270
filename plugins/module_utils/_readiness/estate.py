# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is the organisation one that can be migrated? Checks of what its stores say, and the reading.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from .._engine.calls import Call, Query
from .._engine.collections import reading
from .._engine.module import Report, Task
from .._settings.names import domain, fqdn, shown
from .._topology.products import LYNC_2013, PRODUCTS, by_version
from .._users.reading import PROPERTIES, on_premises, registrar
from .findings import (
    ERROR,
    NOT_ASKED,
    UNKNOWN,
    WARNING,
    Finding,
    Look,
    Row,
    ask,
    checked,
    concluded,
    not_known,
    number,
)

OCS, LYNC_2010 = "ocs_2007_r2", "lync_2010"
#: Every id that a finding of this module can have.
IDS = (
    "source_combination", "edge_one_fqdn", "federated_edges", "ou_inheritance", "lync_2010_update", "xmpp_partner",
    "xmpp_route",
)  # fmt: skip
LEGACY_GROUPS = ("lync_legacy_front_ends", "lync_legacy_edges", "lync_legacy_gateway")

#: The central site that a merged OCS topology gets.
_BACK_COMPAT = "backcompatsite"
#: What the version of a product file of Lync Server 2010 begins with.
_BUILD_2010 = "4."
_TESTED_OUS = 20
_THE_ORGANISATION = "The organisation"


@dataclass(frozen=True)
class Estate:
    """What was read of an organisation, and what the operator says of it."""

    looks: Mapping[str, Look]
    source: str
    edges: Sequence[Row] = ()  # declared: of OCS, whose Edge is in no topology before the merge
    legacy_edge: str = ""
    partners: Sequence[str] = ()
    least_2010: str = ""
    permissions: Mapping[str, Look] = field(default_factory=dict)  # of an OU, whose inheritance is broken

    @property
    def versions(self) -> dict[str, int]:
        """The version of each pool."""
        found: dict[str, int] = {}
        for row in self.looks["services"].rows:
            pool, version = str(row.get("PoolFqdn") or "").lower(), number(row.get("Version"))
            if pool and version is not None:
                found[pool] = max(version, found.get(pool, 0))
        return found

    @property
    def products(self) -> frozenset[str]:
        """What serves users here, by the versions of pools, the site of a merge and the homes of users."""
        found: set[str] = set()
        for version in self.versions.values():
            try:
                found.add(by_version(version).key)
            except ValueError:
                found.add(OCS)  # a merged pool has a version below that of Lync Server 2010 [inf]
        if any(_BACK_COMPAT in str(row.get("Identity")).casefold() for row in self.looks["sites"].rows):
            found.add(OCS)
        if any(on_premises(row) and not registrar(row) and row.get("HomeServer") for row in self.looks["users"].rows):
            found.add(OCS)
        return frozenset(found)

    @property
    def left(self) -> list[Row]:
        """Users who are not homed on Lync Server 2013 or later."""
        new = {pool for pool, version in self.versions.items() if version >= int(LYNC_2013.service_version or 0)}
        return [row for row in self.looks["users"].rows if on_premises(row) and registrar(row) not in new]


# --- the checks


def source_combination(estate: Estate) -> Iterator[Finding]:
    """One source at a time, and never three versions at once."""
    look, wanted = estate.looks["services"], f"{PRODUCTS[estate.source].name} and {LYNC_2013.name} and nothing else"
    if not look.known:
        yield not_known("source_combination", _THE_ORGANISATION, wanted, look.why)
        return
    others = sorted(PRODUCTS[key].name for key in estate.products - {estate.source, LYNC_2013.key})
    if others:
        yield Finding(
            "source_combination", ERROR, _THE_ORGANISATION, wanted, f"one with {' and '.join(others)} too",
            "migrate away from that first, or correct source: Microsoft supports one source at a time, never three versions",
        )  # fmt: skip


def edge_one_fqdn(estate: Estate) -> Iterator[Finding]:
    """The transition from such an Edge is not supported before it is decommissioned."""
    look = estate.looks["edges"]
    rows = [
        (str(row.get("InternalInterfaceFqdn") or row.get("PoolFqdn")),
         [row.get("AccessEdgeExternalFqdn"), row.get("DataEdgeExternalFqdn"), row.get("AVEdgeExternalFqdn")])
        for row in look.rows
        if (number(row.get("Version")) or 0) < int(LYNC_2013.service_version or 0)
        or str(row.get("PoolFqdn")).casefold() == estate.legacy_edge.casefold()
    ]  # fmt: skip
    rows += [
        (str(row.get("fqdn") or row.get("access_fqdn")),
         [row.get("access_fqdn"), row.get("web_conferencing_fqdn"), row.get("av_fqdn")])
        for row in estate.edges
    ]  # fmt: skip
    wanted = "different FQDNs for Access Edge, Web Conferencing Edge and A/V Edge"
    if not rows and (estate.source == OCS or not look.known):
        why = look.why or "the Edge of Office Communications Server is in no topology: give it in edges"
        yield not_known("edge_one_fqdn", "The names of the legacy Edge", wanted, why)
    for edge, names in rows:
        if names[0] and len({str(one).casefold() for one in names}) == 1:
            yield Finding(
                "edge_one_fqdn", ERROR, f"What the legacy Edge {edge} has", wanted, f"{names[0]} for all three",
                "move all users and decommission that Edge before federation moves to the new one, which Microsoft "
                "supports in no other order",
            )  # fmt: skip


def federated_edges(estate: Estate) -> Iterator[Finding]:
    look, what = estate.looks["sites"], "The Edges that sites federate through"
    if not look.known:
        yield not_known("federated_edges", what, "one", look.why)
        return
    routes = sorted({str(row["FederationRoute"]) for row in look.rows if row.get("FederationRoute")})
    if len(routes) > 1:
        yield Finding(
            "federated_edges", WARNING, what, "one", f"{len(routes)}: {', '.join(routes)}",
            "name in legacy.edge_fqdn the one that leads to the XMPP gateway; the others are left alone",
        )  # fmt: skip


def ou_inheritance(estate: Estate) -> Iterator[Finding]:
    """Lync's permissions on users are inherited from the domain: where that is cut off, users cannot be moved."""
    look, wanted = estate.looks["ous"], "open to the permissions that Lync Server inherits from the domain"
    if not look.known:
        yield not_known("ou_inheritance", "Organizational units with users", wanted, look.why)
        return
    for unit, people in closed(look.rows, estate.looks["users"].rows).items():
        test = estate.permissions.get(unit, NOT_ASKED)
        if test.known and test.first(".") is True:
            continue
        missing = test.known and test.rows
        quoted = "'" + unit.replace("'", "''") + "'"  # somebody may paste it
        yield Finding(
            "ou_inheritance", ERROR if missing else WARNING, f"The organizational unit {unit}", wanted,
            f"closed to inheritance, with {_users(people)} in it"
            + ("" if missing else f" (whether the permissions were granted there is not known: {_why_untested(test)})"),
            f"inherit permissions there again, or run Grant-CsOUPermission -ObjectType User -OU {quoted}",
        )  # fmt: skip


def _why_untested(test: Look) -> str:
    return (
        test.why if test.asked else f"only the first {_TESTED_OUS} are tested"
    ) or "Test-CsOUPermission says nothing"


def closed(units: Sequence[Row], users: Sequence[Row]) -> dict[str, int]:
    """Organizational units that do not inherit, with the number of Lync users in or below them; none where nobody is."""
    found = {}
    people = [str(row.get("Identity")).casefold() for row in users if on_premises(row)]
    for row in units:
        unit = str(row.get("DistinguishedName"))
        if row.get("nTSecurityDescriptor.AreAccessRulesProtected") is True:
            count = sum(1 for one in people if one.endswith("," + unit.casefold()))
            if count:
                found[unit] = count
    return found


def lync_2010_update(estate: Estate) -> Iterator[Finding]:
    """Which update is the least for coexistence is published nowhere that is known here: the operator may name it."""
    if estate.source != LYNC_2010:
        return
    look, what = estate.looks["replicas"], "The update level of Lync Server 2010"
    wanted = estate.least_2010 or "the newest cumulative update, the same on all servers"
    versions: dict[str, list[str]] = {}
    for row in look.rows:
        version = str(row.get("ProductVersion") or "")
        if version.startswith(_BUILD_2010):
            versions.setdefault(version, []).append(str(row.get("ReplicaFqdn")))
    if not versions:
        yield not_known("lync_2010_update", what, wanted, look.why or "no replica shows a version of it")
        return
    told = "; ".join(f"{version} on {', '.join(hosts[:5])}" for version, hosts in sorted(versions.items()))
    old = [one for one in versions if estate.least_2010 and _parts(one) < _parts(estate.least_2010)]
    do = "install the newest cumulative update of Lync Server 2010 on every legacy server, databases included"
    if old:
        yield Finding("lync_2010_update", ERROR, what, f"{wanted} or later", told, do)
    elif len(versions) > 1:
        yield Finding("lync_2010_update", WARNING, what, wanted, f"not the same everywhere ({told})", do)
    elif not estate.least_2010:
        yield Finding(
            "lync_2010_update", UNKNOWN, what, wanted,
            f"{told}, and whether that is enough is not known, because no least update level is documented",
            "compare it with the newest, and say it in lync_2010_minimum where it is to be checked",
        )  # fmt: skip


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(one) for one in re.findall(r"\d+", version))


def xmpp_before_its_time(estate: Estate) -> Iterator[Finding]:
    """A partner of Lync Server 2013 cuts the legacy gateway off, so it is in place only when all users have moved."""
    partners, users, sites = (estate.looks[one] for one in ("partners", "users", "sites"))
    what, wanted = "The XMPP partners of Lync Server 2013", "none as long as users are on the legacy pools"
    if not partners.known or not users.known or not estate.looks["services"].known:
        why = partners.why or users.why or estate.looks["services"].why
        yield not_known("xmpp_partner", what, wanted, why)
        return
    left = len(estate.left)
    if not left:
        return
    ours = {one.casefold() for one in estate.partners}
    there = [
        str(row.get("Identity"))
        for row in partners.rows
        if not ours
        or ours & {str(one).casefold() for one in (row.get("Identity"), *(row.get("AdditionalDomains") or ()))}
    ]
    if there:
        yield Finding(
            "xmpp_partner", ERROR, what, wanted, f"{', '.join(there)} with {_users(left)} left",
            "remove the partner (Remove-CsXmppAllowedPartner): until all users have moved it keeps them from the legacy gateway",
        )  # fmt: skip
    routes = [str(row.get("Identity")) for row in sites.rows if row.get("XmppFederationRoute")]
    if routes:
        yield Finding(
            "xmpp_route", WARNING, "The XMPP federation route of a site", "empty until the cutover",
            f"set already in {', '.join(routes)}, with {_users(left)} on the legacy pools",
            "see who set it; it cuts nobody off as long as there is no XMPP partner",
        )  # fmt: skip


def _users(count: int) -> str:
    return "1 user" if count == 1 else f"{count} users"


CHECKS: tuple[Callable[[Estate], Iterator[Finding]], ...] = (
    source_combination, edge_one_fqdn, federated_edges, ou_inheritance, lync_2010_update, xmpp_before_its_time,
)  # fmt: skip


def findings(estate: Estate) -> list[Finding]:
    return [one for check in CHECKS for one in check(estate)]


# --- the reading


def calls() -> dict[str, Call]:
    return {
        "services": reading(Query("front_end_service", properties=("Identity", "PoolFqdn", "Version"))),
        "edges": reading(Query("edge_server")),
        "sites": reading(Query("site", properties=("Identity", "FederationRoute", "XmppFederationRoute"))),
        "users": reading(Query("user", properties=PROPERTIES)),
        "replicas": reading(Query("replica", properties=("ReplicaFqdn", "ProductVersion"))),
        "partners": reading(Query("xmpp_partner", properties=("Identity", "AdditionalDomains"))),
        "ous": reading(Query("organizational_unit")),
    }


def _tested(task: Task, looks: Mapping[str, Look]) -> dict[str, Look]:
    """Whether Lync's permissions were granted directly where they are not inherited."""
    units = list(closed(looks["ous"].rows, looks["users"].rows))[:_TESTED_OUS]
    return ask(task, {unit: reading(Query("ou_permission", unit)) for unit in units})


def legacy_hosts(task: Task) -> dict[str, list[str]]:
    """Which legacy hosts of the inventory have a session in this run; the others are only names."""
    found: dict[str, list[str]] = {"session": [], "no_session": []}
    for host in task.context.members(*LEGACY_GROUPS):
        found["session" if host in task.context.sockets else "no_session"].append(host)
    return found


def _version(text: str) -> None:
    if not re.fullmatch(r"\d{1,5}(?:\.\d{1,5}){1,3}", text):
        raise ValueError(f"A product version such as 4.0.7577.205 is wanted, but {shown(text)} is none.")


def run(task: Task) -> Report:
    params = task.params
    checked(fqdn, "legacy_edge_fqdn", params["legacy_edge_fqdn"])
    checked(domain, "partner_domains", *params["partner_domains"])
    checked(_version, "lync_2010_minimum", params["lync_2010_minimum"])
    for edge in params["edges"]:
        for name, value in edge.items():
            checked(fqdn, f"edges.{name}", value)
    looks = ask(task, calls())
    estate = Estate(
        looks, params["source"], params["edges"], params["legacy_edge_fqdn"] or "", params["partner_domains"],
        params["lync_2010_minimum"] or "", _tested(task, looks),
    )  # fmt: skip
    return concluded(
        task, _THE_ORGANISATION, findings(estate), products=sorted(estate.products), legacy_hosts=legacy_hosts(task)
    )
