# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a TCP port is open or refuses, from where the module runs: controller, or a host outside.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any

from .._engine.calls import Evidence
from .._engine.collections import ORGANISATION
from .._engine.errors import InvalidInput, NotReady
from .._engine.module import Report, Task
from .._settings.names import BadName, address, fqdn
from .targets import Lookup, refusal

OPEN, REFUSED, SILENT = "open", "refused", "silent"
SECONDS = 5.0
AGAIN = 2.0
MOST = 50

Ask = Callable[[str, int], str]


def state_of(where: str, port: int) -> str:
    """open, refused (the host is there, and nothing listens), or silent (nobody answers at all)."""
    try:
        with socket.create_connection((where, port), SECONDS):
            return OPEN
    except ConnectionRefusedError:
        return REFUSED
    except OSError:
        return SILENT


def run(
    task: Task,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Report:
    params, wanted = task.params, task.params["state"]
    _checked(params)
    if not params["addresses"] and not params["hosts"]:
        raise InvalidInput("addresses or hosts is wanted: whose port is meant.")
    proved = [Evidence("gateway_closed", ORGANISATION, value={"by": "plan"})] if wanted == "closed" else []
    if task.check_mode:
        return Report(False, {"ports": []}, evidence=proved)
    until = clock() + params["wait_seconds"]
    while True:
        rows = _ask(params)
        wrong = [text for row in rows if (text := _wrong(row, wanted, params["silence"]))]
        if not wrong or clock() >= until:
            break
        sleep(min(AGAIN, max(until - clock(), 0.05)))
    if wrong:
        raise NotReady(" ".join(wrong))
    if proved:
        seen = [f"{row['address']}:{row['port']} {row['state']}" for row in rows]
        proved = [Evidence("gateway_closed", ORGANISATION, value={"by": "reading", "seen": seen})]
    return Report(False, {"ports": rows}, evidence=proved)


def _checked(params: dict[str, Any]) -> None:
    if not 0 < params["port"] < 65536:
        raise InvalidInput(f"port is {params['port']}, but is to be from 1 to 65535.")
    for option, check, values in (
        ("addresses", address, params["addresses"]),
        ("hosts", fqdn, params["hosts"]),
        ("name_servers", address, [one["address"] for one in params["name_servers"]]),
    ):
        for value in values:
            try:
                check(value)
            except BadName as exc:
                raise InvalidInput(f"{option}: {exc}") from exc


def _ask(params: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"address": one, "port": params["port"], "state": state_of(one, params["port"])} for one in _addresses(params)
    ]


def _addresses(params: dict[str, Any]) -> Sequence[str]:
    """The addresses that may be asked. Nobody resolves a name again afterwards."""
    found = list(params["addresses"])
    if params["hosts"]:
        lookup = Lookup([(one["address"], one["port"]) for one in params["name_servers"]])
        for host in params["hosts"]:
            try:
                found += lookup.addresses(host)
            except LookupError as exc:
                raise NotReady(f"{exc.args[0]}.") from exc
    if not found:
        raise NotReady(f"{', '.join(params['hosts'])} has no address.")
    for one in found[:MOST]:
        why = refusal(ipaddress.ip_address(one), params["allow_private"])
        if why is not None:
            raise InvalidInput(f"{one} {why}.")
    return list(dict.fromkeys(found[:MOST]))


def _wrong(row: dict[str, Any], wanted: str, silence: bool) -> str:
    where = f"{row['address']}:{row['port']}"
    if wanted == "open":
        return {
            OPEN: "",
            REFUSED: f"{where} refuses: nothing listens there, so see that the service runs and that the address is translated to it.",
            SILENT: f"{where} does not answer within {SECONDS:g} s: see that the firewalls let TCP {row['port']} through.",
        }[str(row["state"])]
    return {
        OPEN: f"{where} is still open: streams go on through it. Stop its service, and see that nothing else listens there.",
        REFUSED: "",
        SILENT: ""
        if silence
        else f"{where} does not answer at all: a host that was switched off or unplugged leaves streams hanging at the partners, which lose "
        "messages for many minutes without a word. Start it again and stop its service, or, where a firewall only drops what "
        "comes, say so with silence.",
    }[str(row["state"])]
