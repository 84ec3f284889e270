# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies between a task and its movers: the hosts they work on, the options that rule them, a row for each user.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .._engine.calls import Change, Query, change_to_json, summary
from .._engine.context import Context
from .._engine.errors import InvalidInput, MigrationError, NoSession
from .._engine.module import Task
from .._engine.session import Session
from .moving import NEVER_RAN, TRANSIENT, FailureLimit, Roster, Verdict
from .moving_run import IN_THE_MIDDLE, NOT_FOUND, Ask, Drive, Way, seen_verdict
from .reading import PROPERTIES, address, home, many, name, read_parameters
from .rows import Rows
from .waves import Gate, Hours, waves

Row = Mapping[str, Any]

DEFAULTS: dict[str, Any] = {"movers": 1, "attempts": 3, "first_users": [], "wave_pause": 0, "time_zone": "UTC"}
OPTIONS = (
    "movers", "through", "attempts", "failure_count", "failure_percent", "first_users", "wave_size", "wave_pause", "hours", "wait_for_hours",
)  # fmt: skip
"""Options of a module that moves users with movers; any of them asks for them."""
MOST = 8
STOP_FILE = "stop_moves"
SHOWN = 50
"""Calls and differences in the result of a task that moves many: the rest is in the file."""


def asked_for(params: Mapping[str, Any]) -> bool:
    """Whether the options want more than one request after the other."""
    return any(params.get(name) not in (None, False, [], DEFAULTS.get(name)) for name in OPTIONS)


def check(params: Mapping[str, Any], context: Context) -> None:
    """Numbers and names that could never be meant."""
    for option, least, most in (
        ("movers", 1, MOST), ("attempts", 1, 10), ("failure_count", 0, None), ("failure_percent", 0, 100),
        ("wave_size", 1, None), ("wave_pause", 0, None),
    ):  # fmt: skip
        value = params.get(option)
        if value is not None and (value < least or (most is not None and value > most)):
            raise InvalidInput(
                f"{option} is {value}: {least} {f'to {most}' if most is not None else 'or more'} is wanted."
            )
    Hours.parse(params.get("hours") or "00:00-00:00", params["time_zone"])
    known = {context.host, *context.sockets, *(host for members in context.groups.values() for host in members)}
    strange = [host for host in params.get("through") or () if host not in known]
    if strange:
        raise InvalidInput(
            f"through names {', '.join(ascii(one) for one in strange)}, which is no host of the migration: inventory names are wanted."
        )
    if params.get("wait_for_hours") and not params.get("hours"):
        raise InvalidInput("wait_for_hours is set and hours is not: say in which hours users may be moved.")


def way(params: Mapping[str, Any], state_dir: str) -> Way:
    stop = Path(state_dir) / STOP_FILE
    percent = params.get("failure_percent")
    return Way(
        movers=params["movers"],
        limit=FailureLimit(params.get("failure_count"), None if percent is None else percent / 100),
        gate=Gate(
            Hours.parse(params["hours"], params["time_zone"]) if params.get("hours") else None,
            wait=params["wait_for_hours"],
            stopped=lambda: os.path.lexists(stop),
            stop_file=str(stop),
        ),
        pause=params["wave_pause"],
    )


def stopped(task: Task) -> str | None:
    """Why no further user may be begun, where a person said so."""
    stop = Path(task.context.state_dir) / STOP_FILE
    return f"the stop file {stop} is there" if not task.check_mode and os.path.lexists(stop) else None


@dataclass
class Moves:
    """What became of a list of users."""

    moved: list[Row] = field(default_factory=list)
    failed: list[tuple[Row, Verdict]] = field(default_factory=list)
    left: list[Row] = field(default_factory=list)
    stopped: str | None = None
    rows: str = ""
    error: MigrationError | None = None
    movers: int = 0
    retried: int = 0


def move(
    task: Task, users: Sequence[Row], target_of: Callable[[Row], str], change_of: Callable[[Row], Change]
) -> Moves:
    """Move them through the hosts of `through`; whatever ends it, everybody is moved, failed or left."""
    sessions = {host: _session(task, host) for host in task.params["through"] or [task.context.host]}
    names = [name(row) for row in users]
    roster = Roster(names, list(sessions), tries=task.params["attempts"])
    rows = Rows(task.context.state_dir, task.context.run)
    result = Moves(rows=rows.path)

    def finished(one: int, verdict: Verdict, entry: Mapping[str, Any]) -> None:
        row = users[one]
        if verdict.kind == "moved":
            result.moved.append(row)
        else:
            result.failed.append((row, verdict))
        rows.add(
            user=names[one], outcome="moved" if verdict.kind == "moved" else "failed", error=verdict.error, reason=verdict.text,
            source=row.get("RegistrarPool") or row.get("HomeServer"), target=target_of(row), host=entry.get("host"),
            seconds=entry.get("seconds"), journal=entry.get("id"),
        )  # fmt: skip

    def change(one: int) -> dict[str, Any]:
        made = change_of(users[one])
        if len(task.session.calls) < SHOWN:
            task.session.calls.append(summary(made.call))
        return change_to_json(made)

    drive = Drive(
        {host: _ask(session, host) for host, session in sessions.items()},
        roster,
        change,
        way(task.params, task.context.state_dir),
        look=lambda some: _look(task, users, some, roster, target_of),
        finished=finished,
        clock=task.session.moment,
        sleep=task.session.pause,
    )
    task.session.note(f"{many(len(users))} are moved.", moving=len(users), rows=rows.path)
    first = {one.lower().removeprefix("sip:") for one in task.params["first_users"]}
    pilots = [number for number, row in enumerate(users) if address(row).removeprefix("sip:") in first]
    try:
        result.stopped = drive.run(waves(range(len(users)), pilots, task.params["wave_size"]))
    except MigrationError as exc:
        result.error = exc
    finally:
        rows.flush()
    begun = {id(row) for row in result.moved} | {id(row) for row, _verdict in result.failed}
    result.left = [row for row in users if id(row) not in begun]
    result.movers, result.retried = drive.peak, roster.retries
    why = result.error.text if result.error is not None else result.stopped
    for row in result.left:
        rows.add(user=name(row), outcome="not_begun", reason=why, source=home(row), target=target_of(row))
    rows.flush()
    counts = {"moved": len(result.moved), "failed": len(result.failed), "left": len(result.left), "stopped": why}
    with contextlib.suppress(MigrationError):  # where the session has ended too, the error says more
        task.session.note("The moves are over.", moves_over=counts)
    return result


def _session(task: Task, host: str) -> Session:
    known = task.context.sockets
    if known and host not in known and host != task.context.host:
        raise NoSession(
            f"{host} is named in through and has no session in this run: open one first (module session) in a play that has the host."
        )
    return task.session_for(host)


def _ask(session: Session, host: str) -> Ask:
    """Messages to the host's daemon; the first one says for which task."""
    context = session.context
    told = {
        **context.for_journal(),
        "host": host,
        "groups": {group: list(members) for group, members in context.groups.items()},
    }

    def ask(op: str, **message: Any) -> dict[str, Any]:
        more = {"context": told} if op == "movers_start" else {}
        return session.transport.perform({"op": op, "check": False, **more, **message})

    return ask


def _look(
    task: Task, users: Sequence[Row], some: Sequence[int], roster: Roster, target_of: Callable[[Row], str]
) -> dict[int, Verdict]:
    """Users in doubt, each asked for by SIP address."""
    parameters = read_parameters(task.params)
    queries = [
        Query("user", identity=address(users[one]), parameters=parameters, properties=PROPERTIES, partial=True)
        for one in some
    ]
    found: dict[int, Verdict] = {}
    for start in range(0, len(queries), 20):
        part = some[start : start + 20]
        for one, rows in zip(part, task.session.read(*queries[start : start + 20]), strict=True):
            same = [row for row in rows if row.get("Guid") == users[one].get("Guid")]
            found[one] = seen_verdict(same[0] if same else None, target_of(users[one]), roster.doubtful.get(one))
    return found


def reason(verdict: Verdict, cmdlet: str) -> str:
    """Why a user could not be moved, as a result says it after his name."""
    if verdict.kind == TRANSIENT:
        return f"was refused by {cmdlet} each time it was tried: {verdict.text.rstrip('.')}"
    if verdict.kind == NEVER_RAN:
        return f"was not reached by {cmdlet}: {verdict.text.rstrip('.')}"
    return (
        verdict.text
        if verdict.error in (IN_THE_MIDDLE, NOT_FOUND)
        else f"was refused by {cmdlet}: {verdict.text.rstrip('.')}"
    )


def told(error: MigrationError, moved: int, left: int, rows: str) -> MigrationError:
    """What ended the moves, with how far they were."""
    error.text = f"{error.text} {many(moved)} had been moved by then, {many(left)} had not been begun; a row for each is in {rows}."
    return error
