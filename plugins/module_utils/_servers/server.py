# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Lync server as the modules see it that set it up: its Windows services, and its place in its own local store.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from .._engine.calls import Change, Cmdlet, Query
from .._engine.errors import NoSession, NotReady
from .._engine.session import Session, quietly
from .._topology import products as _products
from .._topology.document import TopologyError
from .._topology.reading import Cluster, Topology, parse

Row = Mapping[str, Any]

#: Files of ours on a server lie where only administrators can write.
FOLDER = str(_products.LYNC_2013.deployment_path)
#: Made by Bootstrapper.exe /BootstrapLocalMgmt; without it there is no local store.
LOCAL_INSTANCE = "MSSQL$RTCLOCAL"
REPLICA = "REPLICA"
RUNNING = "Running"
PLANNED_PROXY = _products.PLANNED_PROXY


@dataclass(frozen=True)
class Expected:
    """A Windows service that a role in the topology brings: its name, or what its display name ends with."""

    name: str
    display: str
    process: str
    uses: tuple[str, ...] = ()  # certificate uses that it reads when it starts


# Services by role. Processes as in Microsoft's list of antivirus exclusions for Lync Server 2013.
_FRONT_END = Expected("RTCSRV", "Front-End", "RTCSrv", ("Default",))
_CONFERENCING = {
    "IMConf": Expected("RTCIMMCU", "IM Conferencing", "IMMCUSvc", ("Default",)),
    "DataConf": Expected("RTCDATAMCU", "Web Conferencing", "DataMCUSvc", ("Default",)),
    "AVConf": Expected("RTCAVMCU", "Audio/Video Conferencing", "AVMCUSvc", ("Default",)),
    "AppSharingConf": Expected("RTCASMCU", "Application Sharing", "ASMCUSvc", ("Default",)),
}
_EDGE = (
    Expected("RTCSRV", "Access Edge", "RTCSrv", ("Internal", "AccessEdgeExternal")),
    Expected("RTCDATAPROXY", "Web Conferencing Edge", "DataProxy", ("Internal", "DataEdgeExternal")),
    Expected("RTCMRAUTH", "Audio/Video Authentication", "MRASSvc", ("Internal", "AudioVideoAuthentication")),
    Expected("RTCMEDIARELAY", "Audio/Video Edge", "MediaRelaySvc", ("Internal",)),
)
_GATEWAY = Expected(_products.XMPP_GATEWAY_SERVICE, "XMPP Translating Gateway", "XmppTGW", ("Default",))
_PROXY = Expected(PLANNED_PROXY, _products.XMPP_PROXY_DISPLAY_NAME, "XmppProxy", ("Internal", "XmppServer"))


def expected(topology: Topology, cluster: Cluster) -> tuple[Expected, ...]:
    """The services that the topology's roles bring to a computer of this pool, as far as their names are known."""
    found: list[Expected] = []
    for service in topology.on(cluster):
        if service.role_name == "EdgeServer":
            found += _EDGE
            if topology.has_xmpp(cluster.fqdn):
                found.append(_PROXY)
        elif service.role_name == "Registrar":
            found.append(_FRONT_END)
            # the gateway comes with the set-up that is run once an Edge has XMPP in the topology
            if topology.xmpp_edges() and _products.by_version(service.version).has_xmpp:
                found.append(_GATEWAY)
        elif service.role_name == "ConfServices":
            owners = {port.owner for port in service.ports}
            found += [one for owner, one in _CONFERENCING.items() if owner in owners]
    return tuple(found)


def row_of(one: Expected, rows: Iterable[Row]) -> Row | None:
    """The Windows service that this is: by its name, the XMPP proxy by its display name."""
    for row in rows:
        if one is _PROXY:
            if is_proxy(row):
                return row
        elif str(row.get("Name")).casefold() == one.name.casefold():
            return row
    return None


def identity_of(one: Expected, row: Row) -> str:
    """What effects call the service: the same in a plan, where the XMPP proxy has no name yet, and in a real run."""
    return PLANNED_PROXY if one is _PROXY else str(row.get("Name"))


def reconciled(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Rows of services, the XMPP proxy of the server with what was planned for it under its planned name."""
    listed = list(rows)
    planned = next((row for row in listed if row.get("Name") == PLANNED_PROXY), None)
    real = next((row for row in listed if is_proxy(row) and row is not planned), None)
    if planned is None or real is None:
        return tuple(listed)
    merged = {**real, "Status": planned.get("Status") or real.get("Status")}
    return tuple(merged if row is real else row for row in listed if row is not planned)


def is_proxy(row: Row) -> bool:
    display = str(row.get("DisplayName") or "").casefold()
    return display.endswith(_products.XMPP_PROXY_DISPLAY_NAME.casefold())


def is_running(row: Row) -> bool:
    """Rendered as text; as a number, 4 is Running."""
    return str(row.get("Status")) in (RUNNING, "4")


@dataclass(frozen=True)
class Server:
    fqdn: str
    services: tuple[Row, ...]  # of Windows: Name, DisplayName, Status
    topology: Topology | None  # of the local store
    cluster: Cluster | None  # the pool that the local store has this computer in
    more: tuple[list[dict[str, Any]], ...] = ()  # what else was asked for

    def service(self, name: str) -> Row | None:
        return next((row for row in self.services if str(row.get("Name")).casefold() == name.casefold()), None)

    @property
    def is_edge(self) -> bool:
        return bool(self.topology and self.cluster and self.topology.role_on(self.cluster.fqdn, "EdgeServer"))

    @property
    def expected(self) -> tuple[Expected, ...]:
        return expected(self.topology, self.cluster) if self.topology and self.cluster else ()

    @property
    def has_xmpp(self) -> bool:
        """The local store has XMPP where this server takes part in it."""
        if self.topology is None or self.cluster is None:
            return False
        return self.topology.has_xmpp(self.cluster.fqdn) if self.is_edge else bool(self.topology.xmpp_edges())


SERVER = (Query("component"), Query("local_topology_document", partial=True))


def read_server(session: Session, *more: Query | str) -> Server:
    """In one request: the services of Windows, the topology in the local store where there is one, and what else is
    asked for."""
    services, documents, *others = quietly(session, *SERVER, *more)
    topology = topology_in(documents)
    fqdn = session.scope
    cluster = pool_of(topology, fqdn) if topology else None
    return Server(fqdn, reconciled(services), topology, cluster, tuple(others))


def stored_topology(session: Session) -> Topology | None:
    """The local store's topology as it is now, in check mode without what is planned for the organisation."""
    try:
        (answer,) = session.call(Cmdlet("Get-CsTopology", {"AsXml": True, "LocalStore": True}, (".",)))
    except NoSession:
        return None
    return topology_in(answer["rows"])


def topology_in(documents: Iterable[Row]) -> Topology | None:
    text = next((row.get(".") for row in documents), None)
    try:
        return parse(text) if isinstance(text, str) else None
    except TopologyError:
        return None


def published_topology(rows: Sequence[Mapping[str, Any]]) -> Topology:
    """The topology in the rows of the collection topology_document."""
    text = rows[0].get(".") if rows else None
    if not isinstance(text, str):
        raise NotReady(
            "The published topology cannot be read: run this on a server that has the Lync Server 2013 management tools "
            "and reaches the Central Management store."
        )
    return parse(text)


def pool_of(topology: Topology, computer: str) -> Cluster | None:
    """The pool of a computer, by its FQDN. Windows cuts computer names after 15 characters, and a host without a
    session is known by its inventory name, which may be the first label only."""
    exact = topology.pool_of(computer)
    if exact is not None:
        return exact
    host, dot, domain = computer.casefold().partition(".")
    for cluster in topology.clusters:
        for machine in cluster.machines:
            other, _dot, other_domain = machine.fqdn.casefold().partition(".")
            if other[:15] == host[:15] and (not dot or other_domain == domain):
                return cluster
    return None


def moment(value: object) -> datetime | None:
    """A date as the host renders it: UTC, ISO 8601."""
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def later_than(*values: object) -> str:
    """A time for the plan: now, and after everything that was seen, because the clocks of servers differ."""
    seen = [at for at in map(moment, values) if at is not None]
    return max([datetime.now(UTC), *(at + timedelta(seconds=1) for at in seen)]).isoformat()


def removal(session: Session, path: str, what: str) -> Change:
    """Delete a file of ours."""
    return Change(
        Cmdlet("Remove-Item", {"LiteralPath": path, "Force": True, "Confirm": False}),
        what,
        (session.effect("file", path, None),),
    )
