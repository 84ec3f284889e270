# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where Active Directory says that the Central Management store is. An organisation has one, and never gets a second.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._engine.calls import Change, Cmdlet, Effect, Evidence, Query
from .._engine.collections import ORGANISATION
from .._engine.errors import CmdletFailed, InvalidInput, Mismatch, Refused
from .._engine.module import Report, Task
from .._engine.session import Session, quietly
from .._settings.names import BadName, fqdn

Row = Mapping[str, Any]

FACT = "no_central_store"
STORE_LOCATION, STORE = "store_location", "store"
# Microsoft's rules for names of SQL Server instances: a letter or an underscore first, at most 16 characters.
_INSTANCE = re.compile(r"[A-Za-z_][A-Za-z0-9_$#]{0,15}")


@dataclass(frozen=True)
class Place:
    """A SQL Server instance; an empty name is the default instance."""

    server: str
    instance: str

    @property
    def shown(self) -> str:
        """As Get-CsConfigurationStoreLocation prints it."""
        return f"{self.server}\\{self.instance}" if self.instance else self.server

    @property
    def parameters(self) -> dict[str, str]:
        named = {"SqlInstanceName": self.instance} if self.instance else {}
        return {"SqlServerFqdn": self.server, **named}

    def is_at(self, location: str) -> bool:
        return self.shown.casefold() == location.casefold().rstrip("\\")


def place(server: str, instance: str) -> Place:
    try:
        checked = fqdn(server)
    except BadName as exc:
        raise InvalidInput(f"sql_server_fqdn: {exc}") from exc
    if instance and not _INSTANCE.fullmatch(instance):
        raise InvalidInput(
            f"sql_instance: the name of a SQL Server instance such as RTC is wanted, but this is {instance[:80]!r}."
        )
    return Place(checked, instance)


def location_in(rows: Sequence[Row]) -> str | None:
    """The location that Active Directory names, or nothing where the forest has no Central Management store."""
    found = rows[0].get("BackEndServer") if rows else None
    return str(found) if found else None


def read_location(task: Task) -> str | None:
    return location_in(task.session.read(Query(STORE_LOCATION))[0])


def read_estate(session: Session, *queries: Query | str) -> list[list[dict[str, Any]]]:
    """Rows of the organisation. A dry run may come before there is a store to ask: then what is planned is all there is."""
    try:
        return session.read(*queries)
    except CmdletFailed:
        if not session.check or has_store(session):
            raise
        return quietly(session, *queries)


def unseen(session: Session, users: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a dry run comes before anybody can list the users: no cmdlets, or no store yet. Planned moves are no list."""
    listed = any(row.get("Enabled") is not None for row in users)
    return session.check and not listed and (session.blind or not has_store(session))


def has_store(session: Session) -> bool:
    """As things are, whatever is planned."""
    (answer,) = session.call(Cmdlet("Get-CsConfigurationStoreLocation", {}, ("BackEndServer",)))
    return not answer["ok"] or location_in(answer["rows"]) is not None


def refuse_second(location: str | None, wanted: Place) -> None:
    """Law L4, said by whoever sees the existing store. The law itself asks for the evidence."""
    if location is not None and not wanted.is_at(location):
        raise Refused(
            [
                f"The Central Management store of this organisation is on {location}: a second one on {wanted.shown} would "
                "split its configuration, and is never made. Extend the existing one (source lync_2010), or correct "
                "sql_server_fqdn and sql_instance."
            ]
        )


def record_none(task: Task) -> None:
    """It was just read that there is none; the law wants that on record before the change."""
    task.session.record(Evidence(FACT, ORGANISATION))


def run(task: Task) -> Report:
    """Have Active Directory name this place, where it names none yet."""
    wanted = place(task.params["sql_server_fqdn"], task.params["sql_instance"])
    before = read_location(task)
    refuse_second(before, wanted)
    if before is not None:
        return _report(False, before, before)
    if not task.check_mode:
        _see_database(task, wanted)
    record_none(task)
    task.session.change(
        Change(
            Cmdlet("Set-CsConfigurationStoreLocation", {**wanted.parameters, "Force": True, "Confirm": False}),
            "location of the Central Management store",
            (Effect(STORE_LOCATION, ORGANISATION, STORE, {"BackEndServer": wanted.shown}),),
            before={"BackEndServer": None},
            undo=(Cmdlet("Remove-CsConfigurationStoreLocation", {"Force": True, "Confirm": False}),),
        )
    )
    after = read_location(task)
    if after is None or not wanted.is_at(after):
        raise Mismatch(
            f"Set-CsConfigurationStoreLocation reported success, but the location that is read back is {after or 'none'} "
            f"instead of {wanted.shown}: see to the replication of Active Directory, and run the task again."
        )
    return _report(True, before, after)


def _see_database(task: Task, wanted: Place) -> None:
    """A location without a database behind it would stop everything that reads the configuration."""
    query = Query("central_database", wanted.server, parameters=_instance(wanted), partial=True)
    (rows,) = quietly(task.session, query)
    if not rows or any(row.get("Succeed") is not True for row in rows):
        raise Refused(
            [
                f"Active Directory is not told that the Central Management store is on {wanted.shown}, because "
                "Test-CsDatabase does not find its databases there: create them first (database with "
                "central_management: true)."
            ]
        )


def _instance(wanted: Place) -> dict[str, str]:
    return {name: value for name, value in wanted.parameters.items() if name == "SqlInstanceName"}


def _report(changed: bool, before: str | None, after: str) -> Report:
    return Report(
        changed,
        {"location": after},
        before={"location": before},
        after={"location": after},
    )
