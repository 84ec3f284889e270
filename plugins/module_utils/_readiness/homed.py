# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is homed on pools beside users, and has to leave a pool before the pool is taken down. It is listed, and left alone.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .._engine.calls import Cmdlet
from .._engine.module import Report, Task
from .._settings.names import BadName, fqdn
from .._users import report
from .findings import Look, Row, ask, checked

FILE, SHOWN = "homed_objects", 50
FIELDS = ("kind", "name", "identity", "pool", "here", "command")
#: Shown as one object for each pool: the cmdlet moves all of a pool at once.
_SERVICE = re.compile(r"service:ApplicationServer:([^/\s]+)\s*/.*", re.IGNORECASE)


def _contact(row: Row) -> str:
    return str(row.get("RegistrarPool") or "")


def _number(row: Row) -> str:
    return str(row.get("Pool") or "")


def _group(row: Row) -> str:
    """source: C:Get-CsRgsWorkflow: the identity is that of the service, and a GUID."""
    found = _SERVICE.fullmatch(str(row.get("Identity") or ""))
    return found.group(1) if found else ""


def _directory(row: Row) -> str:
    """`UserServer:fqdn`"""
    return str(row.get("ServiceId") or "").rpartition(":")[2]


@dataclass(frozen=True)
class Kind:
    """How objects of a kind are read, where they are homed, and the command that moves one."""

    cmdlet: str
    name: str
    pool: Callable[[Row], str]
    command: str
    also: tuple[str, ...] = ()
    identity: str = "Identity"


_PHONE = ("RegistrarPool", "SipAddress", "DisplayName")
_RGS = "Move-CsRgsConfiguration -Source {source} -Destination {target}"
#: Names of properties are those of Microsoft's pages where a page has them; of contacts' RegistrarPool and of the Pool of an
#: access number they are inferred from the cmdlets that make such objects.
KINDS: Mapping[str, Kind] = {
    "common_area_phone": Kind("Get-CsCommonAreaPhone", "DisplayName", _contact, "Move-CsCommonAreaPhone -Identity {identity} -Target {target}", _PHONE),
    "analog_device": Kind("Get-CsAnalogDevice", "DisplayName", _contact, "Move-CsAnalogDevice -Identity {identity} -Target {target}", _PHONE),
    "exchange_um_contact": Kind("Get-CsExUmContact", "DisplayName", _contact, "Move-CsExUmContact -Identity {identity} -Target {target}", _PHONE),
    "meeting_room": Kind("Get-CsMeetingRoom", "DisplayName", _contact, "Move-CsMeetingRoom -Identity {identity} -Target {target}", _PHONE),
    "access_number": Kind(
        "Get-CsDialInConferencingAccessNumber", "DisplayName", _number,
        "Move-CsApplicationEndpoint -Identity {identity} -TargetApplicationPool {target}", ("Pool", "PrimaryUri", "DisplayName"), "PrimaryUri",
    ),
    "response_group_workflow": Kind("Get-CsRgsWorkflow", "Name", _group, _RGS, ("Name",)),
    "response_group_queue": Kind("Get-CsRgsQueue", "Name", _group, _RGS, ("Name",)),
    "response_group_agents": Kind("Get-CsRgsAgentGroup", "Name", _group, _RGS, ("Name",)),
    "conference_directory": Kind(
        "Get-CsConferenceDirectory", "Identity", _directory, "Move-CsConferenceDirectory -Identity {identity} -TargetPool {target}", ("ServiceId",),
    ),
}  # fmt: skip


def run(task: Task) -> Report:
    target = task.params["target_pool"]
    checked(fqdn, "target_pool", target)
    checked(fqdn, "pools", *(task.params["pools"] or ()))
    here = {one.lower() for one in (target, *(task.params["pools"] or ()))}
    looks = ask(task, {name: Cmdlet(kind.cmdlet, {}, ("Identity", *kind.also)) for name, kind in KINDS.items()})
    objects = [one for name, look in looks.items() for one in _objects(name, look, target.lower(), here)]
    unknown = {name: look.why for name, look in looks.items() if not look.known}
    left = [one for one in objects if not one["here"]]
    path = report.write(task.context.state_dir, task.context.run, FILE, FIELDS, objects)
    if left:
        task.warn(
            f"Beside users, {_counted(left)} are homed elsewhere than on {', '.join(sorted(here))}. Nothing of it is moved here; the "
            f"command for each is in {path}."
        )
    counts: dict[str, dict[str, int]] = {}
    for one in objects:
        kinds = counts.setdefault(str(one["pool"]) or "(none)", {})
        kinds[str(one["kind"])] = kinds.get(str(one["kind"]), 0) + 1
    return Report(
        False, {"objects": left[:SHOWN], "left": len(left), "counts": counts, "not_known": unknown, "rows": path}
    )


def _objects(name: str, look: Look, target: str, here: set[str]) -> Iterator[dict[str, Any]]:
    kind = KINDS[name]
    for row in look.rows:
        pool = kind.pool(row).lower()
        identity = str(row.get(kind.identity) or row.get("Identity") or "")
        words = {"identity": quoted(identity), "target": quoted(target), "source": quoted(pool)}
        yield {
            "kind": name,
            "name": str(row.get(kind.name) or ""),
            "identity": identity,
            "pool": pool,
            "here": pool in here,
            "command": "" if pool in here else kind.command.format(**words),
        }


def quoted(text: str) -> str:
    """A text that PowerShell takes as it is, whatever is in it: somebody may paste it."""
    try:
        return fqdn(text)
    except BadName:
        return "'" + re.sub("(['\u2018\u2019\u201a\u201b])", r"\1\1", " ".join(text.splitlines())) + "'"


def _counted(objects: list[dict[str, Any]]) -> str:
    counts: dict[str, int] = {}
    for one in objects:
        counts[one["kind"]] = counts.get(one["kind"], 0) + 1
    return ", ".join(f"{count} x {kind.replace('_', ' ')}" for kind, count in sorted(counts.items()))
