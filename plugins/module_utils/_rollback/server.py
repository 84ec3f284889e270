# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is on one new server: certificates as they were assigned, its services stopped, its registry and HOSTS file as they were.

Programs, Windows features, databases and certificates in the stores stay: the list of what cannot be undone names them.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._engine.calls import Change, Cmdlet, Query, WriteSlice, from_json
from .._engine.errors import Mismatch
from .._engine.groups import FRONT_ENDS
from .._engine.module import Report, Task, same_value
from .._windows.hosts_file import PATH as HOSTS_FILE
from .past import Done, Past, decoded, left_alone, read
from .topology import first_publish

Row = Mapping[str, Any]

CERTIFICATE, SERVER = "certificate", "server"
_XMPP_ROLES = ("federation_enable", "xmpp_access")
_SET_UP = ("server_components", "local_store")
REGISTRY = "registry_value"
#: The organisation's, in the Central Management store: other pools may have come to use it, so it stays.
OAUTH = "OAuthTokenIssuer"
_LIMIT = 700_000


def run(task: Task) -> Report:
    past, host = read(task), task.context.host
    if task.params["part"] == CERTIFICATE:
        made, foreign = _certificates(task, past, _XMPP_ROLES)
        left_alone(task, foreign)
        return Report(bool(made), {"brought_back": made})
    if stays(past, host, task.context.members(FRONT_ENDS)):
        return Report(False, {"brought_back": []})
    stopped = _stop(task, past)
    made, foreign = _certificates(task, past, None)
    lines, apart = _hosts_file(task, past)
    values, more = _registry(task, past)
    left_alone(task, {**foreign, **apart, **more})
    found = [*stopped, *made, *lines, *values]
    return Report(bool(found), {"brought_back": found})


def stays(past: Past, host: str, front_ends: Sequence[str]) -> bool:
    """The pool that has the organisation's only Central Management store goes on."""
    return host in front_ends and first_publish(past) is not None


# --- certificates


def _certificates(task: Task, past: Past, roles: Sequence[str] | None) -> tuple[list[str], dict[str, str]]:
    goals: dict[str, list[str | None]] = {}
    for one in past.touching("certificate_use", task.context.host):
        if one.cmdlet != "Set-CsCertificate" or (roles is not None and one.role not in roles):
            continue
        before = decoded(one.before or {})
        for use in _listed(one.parameters.get("Type")):
            if use == OAUTH:
                continue
            found = before.get(use)
            goals.setdefault(use, [str(found) if found else None]).append(str(one.parameters.get("Thumbprint")))
    if not goals:
        return [], {}
    rows = task.session.read(Query("certificate_use", properties=("Use", "Thumbprint"), partial=True))[0]
    assigned = {str(row.get("Use")).casefold(): str(row.get("Thumbprint") or "") or None for row in rows}
    due: dict[str | None, list[str]] = {}
    foreign: dict[str, str] = {}
    for use, known in goals.items():
        now = assigned.get(use.casefold())
        if _alike(now, known[0]):
            continue
        if now is not None and not any(_alike(now, one) for one in known):
            foreign[f"certificate for {use} on {task.context.host}"] = f"is {now} now"
            continue
        due.setdefault(known[0], []).append(use)
    for thumbprint, uses in due.items():
        task.session.change(_assignment(task, uses, thumbprint, {use: assigned.get(use.casefold()) for use in uses}))
    if due and not task.check_mode:
        _check(task, due)
    return [f"certificate for {use}" for uses in due.values() for use in uses], foreign


def _listed(value: Any) -> list[str]:
    return [str(one) for one in (value if isinstance(value, list) else [value])]


def _alike(one: str | None, other: str | None) -> bool:
    return (one or "").casefold() == (other or "").casefold()


def _assignment(task: Task, uses: Sequence[str], thumbprint: str | None, before: Mapping[str, str | None]) -> Change:
    session = task.session
    named: dict[str, Any] = {"Type": list(uses)}
    back = {one: value for one, value in before.items() if value}
    undo = tuple(
        Cmdlet("Set-CsCertificate", {**named, "Type": [use], "Thumbprint": value, "Confirm": False})
        for use, value in back.items()
    )
    call = (
        Cmdlet("Remove-CsCertificate", {**named, "Confirm": False})
        if thumbprint is None
        else Cmdlet("Set-CsCertificate", {**named, "Thumbprint": thumbprint, "Confirm": False})
    )
    after = None if thumbprint is None else {"Thumbprint": thumbprint}
    return Change(
        call,
        f"certificate for {', '.join(uses)}",
        tuple(session.effect("certificate_use", use, None if after is None else {"Use": use, **after}) for use in uses),
        before={**before, "Back": True},
        undo=undo,
    )


def _check(task: Task, due: Mapping[str | None, Sequence[str]]) -> None:
    rows = task.session.read(Query("certificate_use", properties=("Use", "Thumbprint"), partial=True))[0]
    now = {str(row.get("Use")).casefold(): str(row.get("Thumbprint") or "") or None for row in rows}
    wrong = [use for goal, uses in due.items() for use in uses if not _alike(now.get(use.casefold()), goal)]
    if wrong:
        raise Mismatch(
            f"The certificate for {', '.join(wrong)} on {task.context.host} was brought back without an error, but read again it is "
            "another one: see who else assigns certificates there, and run this again."
        )


# --- services


def _stop(task: Task, past: Past) -> list[str]:
    """All of Lync's, gracefully, on a server that leaves the topology."""
    if not any(one.module in _SET_UP and one.host == task.context.host for one in past.changes):
        return []
    session = task.session
    rows = [row for row in session.read("windows_service")[0] if same_value(row.get("Status"), "Running")]
    if not rows:
        return []
    effects = [
        session.effect(table, str(row["Name"]), {"Status": "Stopped"})
        for row in rows
        for table in ("windows_service", "component")
    ]
    stop = Cmdlet("Stop-CsWindowsService", {"Graceful": True, "Confirm": False})
    session.change(
        Change(
            stop,
            f"services of {task.context.host}",
            tuple(effects),
            before={"Running": [str(row["Name"]) for row in rows], "Back": True},
            undo=(Cmdlet("Start-CsWindowsService", {"Confirm": False}),),
            seconds=1800,
        )
    )
    return [f"services of {task.context.host}"]


# --- HOSTS file and registry


def _hosts_file(task: Task, past: Past) -> tuple[list[str], dict[str, str]]:
    """The lines that were added go, those that were changed are as they were; what others wrote since stays."""
    added: list[str] = []
    former: list[str] = []
    for one in past.touching("hosts_line", task.context.host):
        for effect in one.effects:
            if effect["collection"] == "hosts_line" and effect.get("properties") is not None:
                added.append(str(effect["identity"]))
        former += [line for line in (decoded(one.before or {}).get("Lines") or ()) if line not in added]
    if not added:
        return [], {}
    session = task.session
    rows = [str(row.get(".") or "") for row in session.read("hosts_line")[0]]
    mine = [line for line in rows if line in added]
    missing = [line for line in dict.fromkeys(former) if line not in rows]
    if not mine and not missing:
        return [], {}
    content = session.read_file(HOSTS_FILE, _LIMIT).decode("latin-1")
    kept = [line for line in content.splitlines(True) if line.rstrip("\r\n") not in added]
    text = "".join([*kept, *(f"{line}\r\n" for line in missing)])
    effects = [session.effect("hosts_line", line, None) for line in mine]
    effects += [session.effect("hosts_line", line, {".": line}) for line in missing]
    session.change(
        Change(
            WriteSlice(HOSTS_FILE, 0, text.encode("latin-1")),
            "HOSTS file",
            tuple(effects),
            before={"Lines": mine, "Back": True},
            undo=(),
        )
    )
    return ["HOSTS file"], {}


def _registry(task: Task, past: Past) -> tuple[list[str], dict[str, str]]:
    """Backwards, by what each change wrote down as its way back, which has passed the closed table."""
    made, foreign = [], {}
    changes = [one for one in past.of(REGISTRY) if one.host == task.context.host and isinstance(one.undo, list)]
    for one in reversed(changes):
        effect = one.effects[0]
        if effect["collection"] != "registry" or not isinstance(effect.get("properties"), Mapping):
            continue
        path, (value_name, value) = str(effect["identity"]), next(iter(effect["properties"].items()))
        rows = task.session.read(Query("registry", path, properties=("PSChildName", value_name)))[0]
        now, goal = (rows[0].get(value_name) if rows else None), decoded(one.before or {}).get(value_name)
        if same_value(now, goal):
            continue
        if not same_value(now, decoded(value)):
            foreign[one.object] = f"is {now} now"
            continue
        task.session.change(*(_undone(task, one, call, value_name, goal, now) for call in one.undo))
        made.append(one.object)
    return made, foreign


def _undone(task: Task, one: Done, call: Mapping[str, Any], value_name: str, goal: Any, now: Any) -> Change:
    return Change(
        from_json(call),
        one.object,
        (task.session.effect("registry", str(one.effects[0]["identity"]), {value_name: goal}),),
        before={value_name: now, "Back": True},
    )
