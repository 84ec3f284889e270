# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Active Directory prepared for Lync Server 2013: schema, forest, domain, each gated on what its Get- cmdlet says.

Between two of them Active Directory has to replicate. Until it has, the next cmdlet may fail because it does not find
what the one before has made, so it is called again for as long as the wait lasts; but only where it answered with an
error and its state is still not the wanted one, and each time after twice the wait. A call whose answer was lost is
never repeated.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._engine.calls import Change, Cmdlet, Effect, Irreversible, Query
from .._engine.collections import ORGANISATION, collection
from .._engine.errors import CmdletFailed, InvalidInput, NotReady, RemoteError
from .._engine.module import Report, Task
from .._engine.session import failed as failure
from .._engine.session import quietly
from .._settings.names import BadName, fqdn, windows_path

Row = Mapping[str, Any]

#: Extending the schema of a large forest takes its time.
SECONDS = 3600
INTERVAL = 15
#: What replication does not mend.
_HOPELESS = frozenset({"PermissionDenied", "SecurityError", "AuthenticationError"})


@dataclass(frozen=True)
class Stage:
    """One of the three, in words, with the state that says that it is done."""

    name: str
    collection: str
    what: str
    done: str
    cmdlet: str
    #: option -> parameter
    options: Mapping[str, str]
    kept: str
    #: what its cmdlet may not find until Active Directory has replicated
    awaits: str = ""

    @property
    def probe(self) -> str:
        return collection(self.collection).cmdlet


_CONTROLLER = {"global_settings_domain_controller": "GlobalSettingsDomainController"}

STAGES: tuple[Stage, ...] = (
    Stage(
        "schema", "ad_schema", "schema of Active Directory", "SCHEMA_VERSION_STATE_CURRENT", "Install-CsAdServerSchema",
        {"ldf_path": "Ldf", **_CONTROLLER}, "Active Directory does not take back an extension of its schema.",
    ),
    Stage(
        "forest", "ad_forest", "forest in Active Directory", "LC_FORESTSETTINGS_STATE_READY", "Enable-CsAdForest",
        {"group_domain": "GroupDomain", **_CONTROLLER},
        "Disable-CsAdForest would also take away the groups and settings that the legacy servers use.", "the schema",
    ),
    Stage(
        "domain", "ad_domain", "domain in Active Directory", "LC_DOMAINSETTINGS_STATE_READY", "Enable-CsAdDomain",
        _CONTROLLER, "Disable-CsAdDomain would also take away the permissions that the legacy servers use.",
        "the settings of the forest",
    ),
)  # fmt: skip


def run(task: Task) -> Report:
    """Have the stages that are asked for done, in their order."""
    wanted = [stage for stage in STAGES if stage.name in task.params["stages"]]
    if not wanted:
        raise InvalidInput("No stage is named: name schema, forest or domain.")
    options = _options(task)
    found = quietly(task.session, *(Query(stage.collection, partial=True) for stage in wanted))
    before = {stage.name: _state(rows) for stage, rows in zip(wanted, found, strict=True)}
    after = dict(before)
    changed = False
    for stage in wanted:
        if before[stage.name] == stage.done:
            continue
        if not changed and not task.check_mode:
            # That it cannot be read is no reason to prepare it; once the stage before it was made, it may be.
            after[stage.name] = _state(task.session.read(Query(stage.collection))[0])
        if after[stage.name] != stage.done:
            after[stage.name] = _prepare(task, stage, options)
            changed = True
    return Report(changed, {"active_directory": after}, before=before, after=after)


def _options(task: Task) -> dict[str, str]:
    checks = {"group_domain": fqdn, "global_settings_domain_controller": fqdn, "ldf_path": windows_path}
    found = {}
    for name, check in checks.items():
        if task.params[name] is not None:
            try:
                found[name] = check(task.params[name])
            except BadName as exc:
                raise InvalidInput(f"{name}: {exc}") from exc
    return found


def _state(rows: Sequence[Row]) -> str | None:
    """The name of a state as the cmdlet prints it."""
    return str(rows[0].get(".")) if rows and rows[0].get(".") is not None else None


def _change(stage: Stage, options: Mapping[str, str]) -> Change:
    given = {parameter: options[option] for option, parameter in stage.options.items() if option in options}
    return Change(
        Cmdlet(stage.cmdlet, {**given, "Confirm": False}),
        stage.what,
        (Effect(stage.collection, ORGANISATION, stage.name, {".": stage.done}),),
        undo=Irreversible(stage.kept),
        seconds=SECONDS,
    )


def _prepare(task: Task, stage: Stage, options: Mapping[str, str]) -> str:
    """Call the cmdlet, and wait until its state is read back as done."""
    session, change = task.session, _change(stage, options)
    latest: dict[str, Any] = {"state": None, "outcome": None, "looks": -1}

    def call() -> None:
        latest["outcome"] = session.change(change, seconds=SECONDS, tolerate=True)[0]
        errors: Sequence[RemoteError] = latest["outcome"]["errors"]
        hopeless = not stage.awaits or any(error.category in _HOPELESS for error in errors)
        if not latest["outcome"]["ok"] and hopeless:
            raise failure(change, latest["outcome"], task.context.host)

    def done() -> bool:
        (rows,) = quietly(session, Query(stage.collection, partial=True))
        latest["state"] = _state(rows)
        return bool(latest["state"] == stage.done)

    def prepared() -> bool:
        if done():
            return True
        latest["looks"] += 1  # the first comes at once
        looks = latest["looks"]
        if looks and not latest["outcome"]["ok"] and not looks & (looks + 1):  # at the looks 1, 3, 7, 15, ...
            call()
            return done()
        return False

    call()
    seconds = task.params["wait_seconds"]
    try:
        session.wait(prepared, seconds, INTERVAL)
    except NotReady as exc:
        raise _late(task, stage, latest) from exc
    return str(latest["state"])


def _late(task: Task, stage: Stage, latest: Mapping[str, Any]) -> Exception:
    outcome, seconds = latest["outcome"], task.params["wait_seconds"]
    if not outcome["ok"]:
        said = "; ".join(one.shown() for one in outcome["errors"][:3]) or "the server gave no error"
        return CmdletFailed(
            f"{stage.what}: {stage.cmdlet} on {task.context.host} did not succeed within {seconds} s: {said}. Where it did "
            f"not find {stage.awaits}, Active Directory has not replicated them yet: see to its replication (repadmin "
            "/replsummary), or raise wait_seconds, and run this again.",
            tuple(outcome["errors"]),
        )
    return NotReady(
        f"{stage.what}: {stage.cmdlet} succeeded, but {stage.probe} still says {latest['state'] or 'nothing'} instead of "
        f"{stage.done} after {seconds} s: see to the replication of Active Directory (repadmin /replsummary), or raise "
        "wait_seconds, and run this again."
    )
