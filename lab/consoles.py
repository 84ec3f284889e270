# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator at the consoles: what no cmdlet does, by the names that the migration gives its manual steps.

source: L:authorize-connection-to-office-communications-server-2007-r2-edge-server (Edge console, Internal tab),
V:configure-federation-routes-and-media-traffic_1 (global properties, Federation tab), L:verify-lync-server-2010-
environment (the gateway's service); Active Directory Users and Computers for a membership.
"""

from __future__ import annotations

import typing as t
from types import SimpleNamespace

from . import certificate_desk, hands
from .estate_blocks import is_name
from .organisation.legacy import Ocs
from .organisation.services import OCS_GATEWAY, start, stop
from .place import LabError
from .powershell.values import iso_text

HOST = "consoles"


def _ocs(world: t.Any) -> Ocs:
    ocs: Ocs | None = world.ocs
    if ocs is None or not ocs.edge:
        raise LabError("There is no Edge of Office Communications Server in this estate.")
    return ocs


def _fqdn(value: str) -> str:
    if not is_name(value):
        raise LabError(f"{value!r} is not a fully qualified domain name.")
    return value


def edge_internal_list(world: t.Any, value: str) -> t.Any:
    """A server that the OCS Edge is to take connections from, added on its Internal tab."""
    ocs, name = _ocs(world), _fqdn(value)
    if name.casefold() not in (known.casefold() for known in ocs.internal_servers):
        ocs.internal_servers.append(name)
    return sorted(ocs.internal_servers)


def federation_fqdn(world: t.Any, value: str) -> t.Any:
    """Where OCS pools send federation: forest properties, Federation tab."""
    ocs = _ocs(world)
    ocs.federation_fqdn = _fqdn(value).casefold()
    return ocs.federation_fqdn


def gateway_console(world: t.Any, value: str) -> t.Any:
    """start or stop: the old gateway's service. An FQDN: the Access Edge that the gateway works with."""
    computer = world.computer(world.gateway.fqdn) if world.gateway is not None else None
    service = computer.windows_services.get(OCS_GATEWAY) if computer is not None else None
    if computer is None or service is None:
        raise LabError("There is no XMPP gateway in this estate.")
    if value in ("start", "stop"):
        (start if value == "start" else stop)(world, computer, service)
    else:
        world.gateway.edge = _edge(world, value)
    return {"service": service.status, "edge": world.gateway.edge}


def gateway_service(world: t.Any, value: str) -> t.Any:
    """running or stopped: the old gateway's service, as the Services console of its host shows it."""
    if value not in ("running", "stopped"):
        raise LabError("The service of the old gateway is told running or stopped.")
    return gateway_console(world, "start" if value == "running" else "stop")


def _edge(world: t.Any, value: str) -> str:
    """The Edge pool whose own FQDN or whose Access Edge FQDN this is."""
    wanted = _fqdn(value).casefold()
    if world.ocs is not None and wanted in (world.ocs.edge, world.ocs.access_fqdn.casefold()):
        return str(world.ocs.edge)
    topology = world.cms.topology
    for service in topology.of_role("EdgeServer"):
        fqdn = str(topology.cluster(service.cluster).fqdn).casefold()
        client = service.port("AccessEdge", "SipClient", "External")
        if wanted in (fqdn, (client.configured_fqdn or "").casefold() if client is not None else fqdn):
            return fqdn
    raise LabError(f"There is no Access Edge {value}; the gateway's service can also be told start or stop.")


def group_member(world: t.Any, value: str) -> t.Any:
    """ACCOUNT=GROUP: a membership, which counts in logons made from then on."""
    account, _equals, group = value.partition("=")
    known = {name.casefold(): name for name in world.preparation.groups()}
    if not account or group.casefold() not in known:
        raise LabError(f"ACCOUNT=GROUP is wanted, with a group that the directory has, not {value!r}.")
    own = world.memberships(account)
    if known[group.casefold()] not in own:
        own.append(known[group.casefold()])
    return sorted(own)


ACTS: dict[str, t.Callable[[t.Any, str], t.Any]] = {
    "certificate_answer": certificate_desk.answer,
    "ocs_edge_internal_list": edge_internal_list,
    "ocs_federation_fqdn": federation_fqdn,
    "gateway_console": gateway_console,
    "gateway_service": gateway_service,
    "group_member": group_member,
}
#: They are sequences of calls, between which the rest of the lab goes on.
LONG: dict[str, t.Callable[[t.Any, str], t.Any]] = {
    "edge_without_session": hands.edge,
    "edge_xmpp_without_session": hands.xmpp,
}
CABLES = {"unplug": True, "plug_in": False}
NAMES = tuple(sorted({**ACTS, **LONG, **CABLES}))


def act(world: t.Any, name: str, value: str, streams: t.Any = None) -> dict[str, t.Any]:
    """Do one of them, and tell what the console shows then. ``streams`` are the XMPP servers that have a cable."""
    if name in CABLES:
        if streams is None or not streams.unplug(_fqdn(value), CABLES[name]):
            raise LabError(f"There is no real XMPP server {value} here whose cable could be pulled.")
        return {name: value}
    if name in LONG:
        return {name: LONG[name](world, _fqdn(value))}
    doing = ACTS.get(name)
    if doing is None:
        raise LabError(f"{name!r} is nothing that the operator can do; there are {', '.join(NAMES)}.")
    with world.turn():
        shown = doing(world, value)
        world.transcript.append(
            {
                "time": iso_text(world.clock.now()),
                "host": HOST,
                "cmdlet": f"gui.{name}",
                "parameters": {"value": value},
                "outcome": "ok",
                "write": True,
            }
        )
        world.after_change(SimpleNamespace(cmdlet=f"gui.{name}", p={"value": value}, computer=None))
    return {name: shown}
