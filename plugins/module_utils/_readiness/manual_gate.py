# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manual gates: the migration says what hands have to do, looks whether it was done, and waits or stops.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._engine.calls import Call, Cmdlet, Evidence, Query
from .._engine.collections import ORGANISATION, reading
from .._engine.errors import InvalidInput, MigrationError, NotReady, one_line
from .._engine.groups import EDGES, LEGACY_GATEWAY
from .._engine.module import Report, Task
from .._settings.names import address, domain, fqdn, shown, windows_path
from .._xmpp import port
from . import manual_steps as steps
from . import manual_xmpp as xmpp
from .findings import Look, ask, checked
from .manual_outside import addresses_of, outside

INTERVAL = 10
_THERE = "the partners of Lync Server 2013"


@dataclass(frozen=True)
class Seen:
    """What can be read of a gate: done, not done (and what is missing), or (None) nothing.

    `unseen` is what could not be seen of a fact, `found` what was seen for it."""

    done: bool | None
    missing: tuple[str, ...] = ()
    unseen: Mapping[str, Sequence[str]] = field(default_factory=dict)
    found: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def left(self) -> list[str]:
        """What is left to the operator's word."""
        return list(dict.fromkeys(one for said in self.unseen.values() for one in said))


@dataclass(frozen=True)
class Gate:
    title: str
    steps: Callable[[steps.Params], list[str]]
    look: Callable[[Task], Seen]
    #: what is read can fail for other reasons too, so the operator's word counts more
    indirect: bool = False
    #: the lists that say what it is about, where there are any
    about: tuple[str, ...] = ()
    #: what the laws want to see proved of a server, and what this gate proves of one that no session reaches
    facts: tuple[str, ...] = ()
    #: what it proves of the organisation
    of_all: tuple[str, ...] = ()


class GateClosed(MigrationError):
    """Something has to be done by hand before the migration can go on."""

    kind = "manual_gate"

    def __init__(self, gate: str, title: str, todo: Sequence[str], seen: Seen, confirmable: bool) -> None:
        self.gate, self.steps, self.missing, self.unseen = gate, list(todo), list(seen.missing), seen.left
        numbered = " ".join(f"{number}) {one}" for number, one in enumerate(todo, 1))
        again = "Then run this again"
        if confirmable:
            again += f", with {gate} in confirmed (lync_migration.gates_confirmed)"
        if seen.done is None:
            again += ", because nothing of it can be read from here"
        elif seen.unseen:
            again += f", because not all of it can be seen from here: {'; '.join(seen.left)}"
        missing = f" Still missing: {'; '.join(seen.missing)}." if seen.missing else ""
        super().__init__(f"To be done by hand ({gate}): {title}. {numbered} {again}.{missing}")

    def facts(self) -> dict[str, Any]:
        return {"gate": self.gate, "steps": self.steps, "missing": self.missing, "unseen": self.unseen}

    @classmethod
    def rebuild(cls, data: Mapping[str, Any]) -> GateClosed:
        error = cls.restored(data)
        error.gate = str(data.get("gate", ""))
        error.steps, error.missing, error.unseen = (
            list(data.get(name) or ()) for name in ("steps", "missing", "unseen")
        )
        return error


# --- looking


def federated(task: Task) -> Seen:
    """Whether the partners are reached through the Edge, which needs all that the gate is about."""
    edge, partners = task.params["edge_fqdn"], task.params["partner_domains"]
    if not edge or not partners:
        return Seen(None)
    calls: dict[str, Call] = {
        one: Cmdlet("Test-CsFederatedPartner", {"TargetFqdn": edge, "Domain": one}, ("Result",)) for one in partners
    }
    looks = ask(task, {**calls, _THERE: reading(Query("xmpp_partner"))})
    there = {str(row.get("Identity")).casefold() for row in looks.pop(_THERE).rows}
    if {one.casefold() for one in partners} <= there:
        return Seen(True)  # they were switched over, so nobody needs the way through that Edge any more
    if any(not look.asked or look.no_cmdlet for look in looks.values()):
        return Seen(None)
    missing = [
        f"Test-CsFederatedPartner does not reach {one} through {edge} ({look.why or one_line(str(look.first('Result') or 'no result'))})"
        for one, look in looks.items()
        if not look.known or str(look.first("Result")) != "Success"
    ]
    return Seen(not missing, tuple(missing))


def nothing(task: Task) -> Seen:
    return Seen(None)


def edge_runs(task: Task) -> Seen:
    """From a Front End Server: the Edge is in the topology and its replicas are up to date. From outside: it answers."""
    params = task.params
    looks = ask(task, {"edges": reading(Query("edge_server")), "replicas": reading(Query("replica"))})
    if not all(look.known for look in looks.values()):
        return Seen(None)
    missing = _inside(
        params["edge_fqdn"], [str(one["fqdn"]) for one in params["machines"]], looks["edges"], looks["replicas"]
    )
    ports = [443] if params["outside_ports"] is None else params["outside_ports"]
    servers = [(one["address"], one["port"]) for one in params["name_servers"]]
    where = (params["outside_addresses"], params["allow_private"], servers)
    unseen: dict[str, list[str]] = {}
    asked: list[str] = []
    if not missing and not task.check_mode:  # an Edge that has not got its configuration cannot answer yet
        missing += outside(params["access_fqdn"], where[0], ports, *where[1:])
        if params["member"] and ports:
            asked = addresses_of(params["access_fqdn"], *where)[0]
        if params["member"] and len(asked) < len(params["machines"]):
            why = f"{len(params['machines'])} machines, of which {len(asked)} were asked from outside"
            unseen["services_running"] = [f"whether the services run on all of {why}"]
    seen = [f"{address}:{port}" for address in asked for port in ports]
    return Seen(not missing, tuple(missing), unseen, {"services_running": seen})


def xmpp_runs(task: Task) -> Seen:
    """From a Front End Server: the topology has XMPP and the replicas are up to date. From outside: it listens, and with which
    certificate."""
    params = task.params
    looks = ask(task, {"edges": reading(Query("edge_server")), "replicas": reading(Query("replica"))})
    if not all(look.known for look in looks.values()):
        return Seen(None)
    edge, machines = params["edge_fqdn"], [str(one["fqdn"]) for one in params["machines"]]
    missing = _inside(edge, machines, looks["edges"], looks["replicas"])
    for row in looks["edges"].rows:
        if str(row.get("PoolFqdn")).casefold() == edge.casefold():
            missing += xmpp.ports_of(row, edge)
    if missing or task.check_mode:
        return Seen(not missing, tuple(missing))
    found = xmpp.look(params)
    return Seen(not found.missing, tuple(found.missing), found.unseen, found.seen)


def _gateway(task: Task, judge: Callable[[Mapping[str, str], list[str]], Seen]) -> Seen:
    """What the states of port 5269 at each address of the old gateway, and what is wrong with other addresses, say. Where a session
    plans to stop or start its service, a dry run takes that as done; without an address nothing can be seen."""
    params = task.params
    host = params["gateway_host"]
    if task.check_mode and host and host in task.context.sockets and task.session_open(host):
        return Seen(True)
    if not params["outside_addresses"]:
        return Seen(None)
    good, wrong = addresses_of("", params["outside_addresses"], params["allow_private"])
    return judge({one: port.state_of(one, xmpp.PORT) for one in good}, list(wrong))


def gateway_stopped(task: Task) -> Seen:
    """Whether the old gateway refuses streams."""
    return _gateway(task, _refuses)


def _refuses(states: Mapping[str, str], wrong: list[str]) -> Seen:
    is_open = [one for one, state in states.items() if state == port.OPEN]
    missing = [*wrong, *(f"port {xmpp.PORT} of {one} is still open" for one in is_open)]
    silent = [
        f"{one} does not answer at all, as if it had been switched off or unplugged, which leaves streams hanging at the partners"
        for one, state in states.items()
        if state == port.SILENT
    ]
    found = [f"{one}:{xmpp.PORT} refuses" for one, state in states.items() if state not in (port.OPEN, port.SILENT)]
    return Seen(not missing, tuple(missing), {"gateway_closed": silent} if silent else {}, {"gateway_closed": found})


def gateway_started(task: Task) -> Seen:
    """Whether the old gateway takes streams again."""
    return _gateway(task, _takes)


def _takes(states: Mapping[str, str], wrong: list[str]) -> Seen:
    shut = [f"port {xmpp.PORT} of {one} is not open" for one, state in states.items() if state != port.OPEN]
    found = [f"{one}:{xmpp.PORT} is open" for one, state in states.items() if state == port.OPEN]
    return Seen(not (wrong or shut), (*wrong, *shut), {}, {"gateway_runs": found})


def _inside(edge: str, machines: Sequence[str], edges: Look, replicas: Look) -> list[str]:
    if edge.casefold() not in {str(row.get("PoolFqdn")).casefold() for row in edges.rows}:
        return [f"the Edge pool {edge} is not in the published topology"]
    state = {str(row.get("ReplicaFqdn")).casefold(): row.get("UpToDate") for row in replicas.rows}
    missing = []
    for one in machines:
        if state.get(one.casefold()) is not True:
            known = "is not up to date" if one.casefold() in state else "is not known to the Central Management store"
            missing.append(f"the replica of {one} {known}")
    return missing


GATES = {
    "ocs_edge_internal_list": Gate(
        "let the legacy Edge of Office Communications Server 2007 R2 accept the Lync Server 2013 servers",
        steps.internal_list, federated, indirect=True, about=("servers",),
    ),
    "ocs_federation_fqdn": Gate(
        "lead federation of Office Communications Server 2007 R2 to the new Edge", steps.federation_fqdn, nothing
    ),
    "gateway_console": Gate(
        "lead the XMPP gateway to the Access Edge that federation goes through", steps.gateway_console, federated,
        indirect=True,
    ),
    "edge_without_session": Gate(
        "set up the Edge Server, which no session reaches", steps.edge_by_hand, edge_runs, about=("machines",),
        facts=("services_running",),
    ),
    "edge_xmpp_without_session": Gate(
        "enable XMPP on the Edge Server, which no session reaches", steps.xmpp_by_hand, xmpp_runs, about=("machines", "xmpp_domains"),
        facts=("components", "xmpp_listening", "certificate_names"),
    ),
    "gateway_stop": Gate(
        "stop the service of the old XMPP gateway, which closes its streams", steps.gateway_stop, gateway_stopped,
        of_all=("gateway_closed",),
    ),
    "gateway_start": Gate(
        "start the service of the old XMPP gateway again", steps.gateway_start, gateway_started, of_all=("gateway_runs",),
    ),
}  # fmt: skip


# --- the gate


def _check(task: Task) -> None:
    """Everything that is to be typed somewhere, or asked."""
    params, member = task.params, task.params["member"]
    if member and member not in task.context.members(EDGES):
        raise InvalidInput(
            f"member is {shown(member)}, which is no host of the inventory's group {EDGES}: name the Edge Server."
        )
    host = params["gateway_host"]
    if host and host not in task.context.members(LEGACY_GATEWAY):
        raise InvalidInput(
            f"gateway_host is {shown(host)}, which is no host of the inventory's group {LEGACY_GATEWAY}: name the old gateway."
        )
    for option in ("edge_fqdn", "gateway_fqdn", "access_fqdn", "web_conferencing_fqdn", "av_fqdn"):
        checked(fqdn, option, params[option])
    checked(fqdn, "servers", *params["servers"])
    for option in ("names", "sip_domains", "xmpp_domains", "srv_targets", "partner_domains"):
        checked(domain, option, *params[option])
    for one in params["machines"]:
        checked(fqdn, "machines.fqdn", one["fqdn"])
        for option in ("internal_address", "external_address", "public_address"):
            checked(address, f"machines.{option}", one[option])
    for one in params["hosts_entries"]:
        checked(address, "hosts_entries.address", one["address"])
        checked(host_name, "hosts_entries.names", *one["names"])
    checked(file_name, "trusted_roots", *params["trusted_roots"])
    for option in ("media_path", "sxs_path", "configuration_file"):
        checked(windows_path, option, params[option])
    checked(address, "outside_addresses", *params["outside_addresses"])
    checked(address, "name_servers.address", *(one["address"] for one in params["name_servers"]))
    checked(domain, "sender", params["sender"])
    for option in ("outside_ports", "inside_ports"):
        checked(_port, option, *map(str, params[option] or ()))
    checked(_thumbprint, "thumbprints", *params["thumbprints"])
    if params["ca_file"] is not None and not os.path.isfile(params["ca_file"]):
        raise InvalidInput(f"ca_file {shown(params['ca_file'])} is not there.")


def _port(text: str) -> None:
    if not 0 < int(text) < 65536:
        raise ValueError(f"A port from 1 to 65535 is wanted, not {text}.")


def _thumbprint(text: str) -> None:
    if not re.fullmatch(r"[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}", text.replace(" ", "")):
        raise ValueError(
            f"40 or 64 hexadecimal digits are wanted, as Lync shows a thumbprint, but {shown(text)} is none."
        )


def host_name(text: str) -> None:
    """A FQDN, or its first label alone."""
    fqdn(text if "." in text else f"{text}.contoso.com")


def file_name(text: str) -> None:
    """A file of the controller or of Windows, whose path is only shown."""
    if not re.fullmatch(r"[\w./\\: -]{1,240}", text, re.ASCII) or text.startswith("-"):
        raise ValueError(f"The path of a file is wanted, but {shown(text)} is none.")


def run(task: Task) -> Report:
    _check(task)
    name = task.params["gate"]
    gate, confirmed = GATES[name], name in task.params["confirmed"]
    for about in gate.about:
        if not task.params[about]:
            raise InvalidInput(f"The gate {name} needs {about}, and there is none: name what it is about.")
    todo, seen = gate.steps(task.params), gate.look(task)
    if seen.done is False and not (confirmed and gate.indirect) and not task.check_mode:
        seen = _waited(task, gate, seen)
    value: dict[str, Any] = {
        "gate": name, "title": gate.title, "steps": todo, "missing": list(seen.missing), "unseen": seen.left,
    }  # fmt: skip
    if seen.done and not seen.unseen:
        return Report(False, {**value, "passed": True, "by": "reading"}, evidence=_evidence(task, gate, seen))
    if confirmed and (seen.done is not False or gate.indirect):
        for one in seen.missing:
            task.warn(f"The manual step {name} is confirmed, but {one}.")
        if not task.check_mode:
            task.session.note(f"manual step {name} confirmed", gate=name, missing=list(seen.missing), unseen=seen.left)
        return Report(False, {**value, "passed": True, "by": "confirmation"}, evidence=_evidence(task, gate, seen))
    closed = GateClosed(name, gate.title, todo, seen, seen.done is not False or gate.indirect or bool(seen.unseen))
    if not task.check_mode:
        raise closed
    task.session.note(f"manual step {name}: {gate.title}", gate=name, steps=todo)
    task.warn(closed.text)
    return Report(False, {**value, "passed": False, "by": "plan"}, evidence=_evidence(task, gate, seen))


def _evidence(task: Task, gate: Gate, seen: Seen) -> list[Evidence]:
    """What the laws want of the member, and how it is known: by reading, or by the operator's word for what was not seen."""
    member = task.params["member"]
    made = []
    proved = [(fact, ORGANISATION) for fact in gate.of_all] + [(fact, member) for fact in gate.facts if member]
    for fact, whose in proved:
        unseen = list(seen.unseen.get(fact, ()))
        by = "confirmation" if seen.done is None or unseen else "reading"
        value = {"by": "plan" if task.check_mode else by, "seen": list(seen.found.get(fact, ())), "unseen": unseen}
        made.append(Evidence(fact, whose, value=value))
    return made


def _waited(task: Task, gate: Gate, seen: Seen) -> Seen:
    """What is seen in the end: as soon as it is done, or when the time is over."""
    latest = [seen]

    def look() -> bool:
        latest[0] = gate.look(task)
        return latest[0].done is True

    seconds = task.params["wait_seconds"]
    if seconds > 0:
        try:
            task.session.wait(look, seconds, INTERVAL)
        except NotReady:
            pass
    return latest[0]
