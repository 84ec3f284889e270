# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read of an organisation for its estate: through the sessions that there are, each collection in one look.

Nothing but reads is asked for. What a host does not know is in `unread`, with the reason.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .._engine.calls import Call, Cmdlet, Query
from .._engine.collections import reading
from .._engine.errors import MigrationError, RemoteError, one_line
from .._engine.module import Task
from .._readiness.findings import Look, Row, ask
from .._readiness.homed import KINDS
from .._topology.document import TopologyError
from .._topology.losses import URL_PROPERTIES
from .._topology.reading import Topology, parse
from .._users.listing import users
from .._users.reading import PROPERTIES

#: Of the organisation, from one host that has the cmdlets.
ORGANISATION: Mapping[str, Query] = {
    "topology": Query("topology_document"),
    "sites": Query("site", properties=("Identity", "SiteId", "Description", "FederationRoute", "XmppFederationRoute")),
    "sip_domains": Query("sip_domain"),
    "policies": Query("external_access_policy"),
    "access_edge": Query("access_edge_configuration"),
    "allowed_domains": Query("allowed_domain"),
    "xmpp_partners": Query("xmpp_partner"),
    "simple_urls": Query("simple_url_configuration", properties=URL_PROPERTIES),
    "web": Query("web_server"),
    "ad_schema": Query("ad_schema"),
    "ad_forest": Query("ad_forest"),
    "ad_domain": Query("ad_domain"),
    "replicas": Query("replica"),
}
#: What a user has, whatever it is called after the scope.
POLICIES = (
    "VoicePolicy", "MobilityPolicy", "ConferencingPolicy", "PresencePolicy", "DialPlan", "LocationPolicy", "ClientPolicy",
    "ClientVersionPolicy", "ArchivingPolicy", "PinPolicy", "ExternalAccessPolicy", "HostedVoicemailPolicy",
)  # fmt: skip
USER = tuple(dict.fromkeys((*PROPERTIES, *POLICIES)))
PROTECTED = Cmdlet("Get-CsUser", {"LdapFilter": "(adminCount=1)"}, ("SipAddress", "Guid"))
_HOST: Mapping[str, Query] = {
    "system": Query("operating_system"),
    "computer": Query("computer_system"),
    "disks": Query("disk"),
    "programs": Query("installed_program"),
    "instances": Query("sql_instance", properties=("RTC", "RTCLOCAL", "LYNCLOCAL")),
    "certificates": Query("certificate_use"),
}


@dataclass
class Found:
    """What was read, by host where it is a host's."""

    looks: dict[str, Look] = field(default_factory=dict)
    by: str = ""  # inventory name of the host that told of the organisation
    product: str = ""  # whose cmdlets it has
    topology: Topology | None = None
    hosts: dict[str, dict[str, Look]] = field(default_factory=dict)
    hellos: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    homed: dict[str, Look] = field(default_factory=dict)
    addresses: dict[str, list[str]] = field(default_factory=dict)  # of hosts inside, as one of them resolves them
    protected: frozenset[str] = frozenset()
    unread: dict[str, str] = field(default_factory=dict)

    def rows(self, name: str) -> tuple[Row, ...]:
        look = self.looks.get(name)
        return look.rows if look is not None and look.known else ()


def on(task: Task, host: str, params: Mapping[str, Any] | None = None) -> Task:
    """The same task at another host, or with other options: sessions and what they say are shared."""
    other = copy.copy(task)
    other.context = replace(task.context, host=host)
    if params is not None:
        other.params = dict(params)
    return other


def open_hosts(task: Task, hosts: tuple[str, ...]) -> list[str]:
    return [one for one in hosts if one in task.context.sockets and task.session_open(one)]


def teller(task: Task, hosts: list[str]) -> str:
    """Who is asked of the organisation: a Lync Server 2013 Front End that has the cmdlets, else a legacy one."""
    front_ends = task.context.members("lync_2013_front_ends", "lync_legacy_front_ends")
    able = [one for one in front_ends if one in hosts and task.session_for(one).hello.get("lync")]
    return next(iter(able), "")


def read(task: Task, names: Iterable[str] = ()) -> Found:
    """`names` are hosts whose addresses inside are wanted beside those of the topology."""
    found = Found()
    context = task.context
    hosts = open_hosts(task, context.members(*(one for one in context.groups if one != "lync_vantage")))
    for host in hosts:
        found.hellos[host] = dict(task.session_for(host).hello)
        found.hosts[host] = _asked(on(task, host), {name: reading(one) for name, one in _HOST.items()})
    found.by = teller(task, hosts)
    if not found.by:
        found.unread["organisation"] = (
            "no Front End Server with Lync cmdlets has a session: topology, users, policies and partners are not known"
        )
        found.addresses = _resolved(task, found, names)
        return found
    here = on(task, found.by)
    found.product = "lync_2013" if found.by in context.members("lync_2013_front_ends") else "lync_2010"
    calls: dict[str, Call] = {name: reading(one) for name, one in ORGANISATION.items()}
    homed = {f"homed {name}": _homed(name) for name in KINDS}
    looks = _asked(here, {**calls, **homed, "protected": PROTECTED})
    found.homed = {name: looks.pop(f"homed {name}") for name in KINDS}
    protected = looks.pop("protected")
    found.protected = frozenset(str(row.get("Guid")) for row in protected.rows)
    found.looks = looks
    found.unread |= {name: look.why for name, look in {**looks, "users.protected": protected}.items() if not look.known}
    if found.rows("topology"):
        try:
            found.topology = parse(str(found.looks["topology"].first(".")))
        except (TopologyError, ValueError) as exc:
            found.unread["topology"] = one_line(str(exc))
    found.addresses = _resolved(task, found, names)
    return found


def _homed(name: str) -> Cmdlet:
    kind = KINDS[name]
    return Cmdlet(
        kind.cmdlet,
        {},
        tuple(dict.fromkeys(("Identity", *kind.also, "LineURI" if "SipAddress" in kind.also else "Identity"))),
    )


def _asked(task: Task, calls: Mapping[str, Call]) -> dict[str, Look]:
    """One request; a host that breaks off says nothing, which is told as what it did not say."""
    try:
        return ask(task, calls)
    except MigrationError as exc:
        return dict.fromkeys(calls, Look(errors=(RemoteError(exc.kind, "NotSpecified"),)))


def _resolved(task: Task, found: Found, more: Iterable[str]) -> dict[str, list[str]]:
    """Addresses of servers inside, as a server of Windows Server 2012 or later resolves them."""
    able = [host for host, hello in found.hellos.items() if not str(hello.get("windows") or "6.1").startswith("6.1")
            and host in task.context.members("lync_2013_front_ends")]  # fmt: skip
    clusters = found.topology.clusters if found.topology is not None else ()
    names = sorted(
        {one.fqdn.casefold() for cluster in clusters for one in cluster.machines} | {one.casefold() for one in more}
    )
    if not able or not names:
        return {}
    calls = {one: Cmdlet("Resolve-DnsName", {"Name": one, "Type": "A"}, ("Name", "IPAddress")) for one in names[:200]}
    looks = _asked(on(task, able[0]), calls)
    found_of = {
        name: [str(row["IPAddress"]) for row in look.rows if row.get("IPAddress")] for name, look in looks.items()
    }
    return {name: one for name, one in found_of.items() if one}


def all_users(task: Task, found: Found) -> Iterator[Row]:
    """Every user, as the pages come."""
    if not found.by:
        return
    yield from users(task.session_for(found.by), Query("user", properties=USER))
