# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manual gates: the migration says what hands have to do, looks whether it was done, and waits or stops.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from . import _manual_steps as steps
from ._calls import Cmdlet, Query
from ._collections import reading
from ._errors import InvalidInput, MigrationError, NotReady, one_line
from ._manual_outside import outside
from ._module import Report, Task
from ._names import address, domain, fqdn, shown, windows_path
from ._readiness import Look, ask, checked

INTERVAL = 10


@dataclass(frozen=True)
class Seen:
    """What can be read of a gate: done, not done (and what is missing), or (None) nothing."""

    done: bool | None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Gate:
    title: str
    steps: Callable[[steps.Params], list[str]]
    look: Callable[[Task], Seen]
    #: what is read can fail for other reasons too, so the operator's word counts more
    indirect: bool = False
    #: the list that says what it is about, where there is one
    about: str = ""


class GateClosed(MigrationError):
    """Something has to be done by hand before the migration can go on."""

    kind = "manual_gate"

    def __init__(self, gate: str, title: str, todo: Sequence[str], seen: Seen, confirmable: bool) -> None:
        self.gate, self.steps, self.missing = gate, list(todo), list(seen.missing)
        numbered = " ".join(f"{number}) {one}" for number, one in enumerate(todo, 1))
        again = "Then run this again"
        if confirmable:
            again += f", with {gate} in confirmed (lync_migration.gates_confirmed)"
        if seen.done is None:
            again += ", because nothing of it can be read from here"
        missing = f" Still missing: {'; '.join(seen.missing)}." if seen.missing else ""
        super().__init__(f"To be done by hand ({gate}): {title}. {numbered} {again}.{missing}")

    def facts(self) -> dict[str, Any]:
        return {"gate": self.gate, "steps": self.steps, "missing": self.missing}


# --- looking


def federated(task: Task) -> Seen:
    """Whether the partners are reached through the Edge, which needs all that the gate is about."""
    edge, partners = task.params["edge_fqdn"], task.params["partner_domains"]
    if not edge or not partners:
        return Seen(None)
    looks = ask(
        task,
        {one: Cmdlet("Test-CsFederatedPartner", {"TargetFqdn": edge, "Domain": one}, ("Result",)) for one in partners},
    )
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
    if not missing and not task.check_mode:  # an Edge that has not got its configuration cannot answer yet
        missing += outside(
            params["access_fqdn"], params["outside_addresses"], params["outside_ports"], params["allow_private"]
        )
    return Seen(not missing, tuple(missing))


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
        steps.internal_list, federated, indirect=True, about="servers",
    ),
    "ocs_federation_fqdn": Gate(
        "lead federation of Office Communications Server 2007 R2 to the new Edge", steps.federation_fqdn, nothing
    ),
    "gateway_console": Gate(
        "lead the XMPP gateway to the Access Edge that federation goes through", steps.gateway_console, federated,
        indirect=True,
    ),
    "edge_without_session": Gate(
        "set up the Edge Server, which no session reaches", steps.edge_by_hand, edge_runs, about="machines"
    ),
}  # fmt: skip


# --- the gate


def _check(params: steps.Params) -> None:
    """Everything that is to be typed somewhere."""
    for option in ("edge_fqdn", "gateway_fqdn", "access_fqdn", "web_conferencing_fqdn", "av_fqdn"):
        checked(fqdn, option, params[option])
    checked(fqdn, "servers", *params["servers"])
    for option in ("sip_domains", "partner_domains"):
        checked(domain, option, *params[option])
    for one in params["machines"]:
        checked(fqdn, "machines.fqdn", one["fqdn"])
        for option in ("internal_address", "external_address"):
            checked(address, f"machines.{option}", one[option])
    for one in params["hosts_entries"]:
        checked(address, "hosts_entries.address", one["address"])
        checked(host_name, "hosts_entries.names", *one["names"])
    checked(file_name, "trusted_roots", *params["trusted_roots"])
    for option in ("media_path", "sxs_path", "configuration_file"):
        checked(windows_path, option, params[option])
    checked(address, "outside_addresses", *params["outside_addresses"])


def host_name(text: str) -> None:
    """A FQDN, or its first label alone."""
    fqdn(text if "." in text else f"{text}.contoso.com")


def file_name(text: str) -> None:
    """A file of the controller or of Windows, whose path is only shown."""
    if not re.fullmatch(r"[\w./\\: -]{1,240}", text, re.ASCII) or text.startswith("-"):
        raise ValueError(f"The path of a file is wanted, but {shown(text)} is none.")


def run(task: Task) -> Report:
    _check(task.params)
    name = task.params["gate"]
    gate, confirmed = GATES[name], name in task.params["confirmed"]
    if gate.about and not task.params[gate.about]:
        raise InvalidInput(f"The gate {name} needs {gate.about}, and there is none: name what it is about.")
    todo, seen = gate.steps(task.params), gate.look(task)
    if seen.done is False and not confirmed and not task.check_mode:
        seen = _waited(task, gate, seen)
    value: dict[str, Any] = {"gate": name, "title": gate.title, "steps": todo, "missing": list(seen.missing)}
    if seen.done:
        return Report(False, {**value, "passed": True, "by": "reading"})
    if confirmed and (seen.done is None or gate.indirect):
        for one in seen.missing:
            task.warn(f"The manual step {name} is confirmed, but {one}.")
        if not task.check_mode:
            task.session.note(f"manual step {name} confirmed", gate=name, missing=list(seen.missing))
        return Report(False, {**value, "passed": True, "by": "confirmation"})
    closed = GateClosed(name, gate.title, todo, seen, seen.done is None or gate.indirect)
    if not task.check_mode:
        raise closed
    task.session.note(f"manual step {name}: {gate.title}", gate=name, steps=todo)
    task.warn(closed.text)
    return Report(False, {**value, "passed": False, "by": "plan"})


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
