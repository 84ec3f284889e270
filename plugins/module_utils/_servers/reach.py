# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server reaches: service records of the partners and their port from an Edge, the inner port of the Edge from a Front End.

Asked with the cmdlets that Windows has: Resolve-DnsName since Windows Server 2012, Test-NetConnection since 2012 R2. Where a cmdlet
is not there, that is said, and nobody guesses.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._engine.calls import Call, Cmdlet
from .._engine.errors import InvalidInput, NotReady
from .._engine.module import Report, Task
from .._readiness.findings import Look, ask
from .._settings.names import BadName, domain, fqdn

XMPP_PORT = 5269
_SECONDS = 300
_DONE = "TcpTestSucceeded"


@dataclass(frozen=True)
class Path:
    """One thing to reach, and what is known: True, False, or None with the reason."""

    what: str
    reached: bool | None
    why: str

    def shown(self) -> dict[str, Any]:
        return {"what": self.what, "reached": self.reached, "why": self.why}


def run(task: Task) -> Report:
    params = task.params
    _checked(params)
    paths = [] if task.check_mode else [*_services(task), *_connections(task)]
    wrong = [one for one in paths if one.reached is False]
    for one in paths:
        if one.reached is None:
            task.warn(f"{one.what} from {task.context.host}: not known ({one.why}). See it by hand.")
    if wrong and params["fail_on_closed"]:
        said = " ".join(f"{one.what}: {one.why}." for one in wrong)
        raise NotReady(
            f"{task.context.host} does not reach what it needs: {said} Nothing was changed: see to the firewalls and name servers, and run this "
            "again."
        )
    for one in wrong:
        task.warn(f"{one.what} is not reached from {task.context.host}: {one.why}.")
    return Report(False, {"paths": [one.shown() for one in paths]})


def _checked(params: Mapping[str, Any]) -> None:
    try:
        for one in params["partner_domains"]:
            domain(one)
        for one in params["connections"]:
            fqdn(one["host"])
            if not 0 < one["port"] < 65536:
                raise InvalidInput(f"connections: port is {one['port']}, but is to be from 1 to 65535.")
    except BadName as exc:
        raise InvalidInput(str(exc)) from exc


def _services(task: Task) -> list[Path]:
    """The service record of each partner, and then its port."""
    names = list(task.params["partner_domains"])
    calls: dict[str, Call] = {
        one: Cmdlet("Resolve-DnsName", {"Name": f"_xmpp-server._tcp.{one}", "Type": "SRV"}, ("NameTarget", "Port"))
        for one in names
    }
    looks = ask(task, calls, _SECONDS)
    paths, targets = [], []
    for one in names:
        look, what = looks[one], f"The service record of {one}"
        found = [
            (str(row["NameTarget"]), int(row["Port"])) for row in look.rows if row.get("NameTarget") and row.get("Port")
        ]
        if look.no_cmdlet or not look.asked:
            paths.append(
                Path(
                    what,
                    None,
                    "Resolve-DnsName is not there before Windows Server 2012" if look.no_cmdlet else look.why,
                )
            )
            targets.append((one, XMPP_PORT))
        elif found:
            paths.append(Path(what, True, ", ".join(f"{host}:{port}" for host, port in found)))
            targets += found
        elif look.errors:
            paths.append(Path(what, False, look.why))
        else:
            paths.append(Path(what, False, "it does not resolve"))
    return [*paths, *_tested(task, list(dict.fromkeys(targets)))]


def _connections(task: Task) -> list[Path]:
    return _tested(task, [(str(one["host"]), int(one["port"])) for one in task.params["connections"]])


def _tested(task: Task, wanted: list[tuple[str, int]]) -> list[Path]:
    calls: dict[str, Call] = {
        f"{host}:{port}": Cmdlet("Test-NetConnection", {"ComputerName": host, "Port": port}, (_DONE,))
        for host, port in wanted
    }
    return [_tcp(name, look) for name, look in ask(task, calls, _SECONDS).items()]


def _tcp(name: str, look: Look) -> Path:
    what = f"TCP {name}"
    if look.no_cmdlet:
        return Path(what, None, "Test-NetConnection is not there before Windows Server 2012 R2")
    if not look.known:
        return Path(what, None, look.why)
    if look.first(_DONE) is True:
        return Path(what, True, "connected")
    return Path(what, False, "no connection comes about")
