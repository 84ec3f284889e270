# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module migration_plan: what a dry run leaves to be approved, and what a real run is held to.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from .._engine.errors import InvalidInput, NotReady, Refused
from .._engine.files import FORMAT, Follower, append, line_of, parse, write_whole
from .._engine.journal import PLAN, stamp
from .._engine.module import Report, Task
from .approved import APPROVED, HEADER, WORLD, digest_of, file_digest, header_of, planned, run_directory
from .arguments import differences, kept, settings_differ
from .options import Looked, looked_at
from .page import plan_page
from .summary import summary
from .world import World, drift, read

PAGE = "plan.html"
#: Differences that one message names.
SHOWN = 20


def run(task: Task) -> Report:
    looked = looked_at(task.params)
    if bool(task.context.plan) != bool(task.context.plan_digest):
        raise InvalidInput(
            "lync_migration_plan and lync_migration_plan_digest belong together: the run whose plan was approved, and the digest "
            "that was printed for it."
        )
    if task.params["state"] == "compared":
        return _noted(task, looked) if task.check_mode else _compared(task, looked)
    return _written(task) if task.check_mode else Report(False, {"plan": task.context.plan or None})


# --- at the beginning


def _world(task: Task, looked: Looked) -> World:
    hosts, servers, domains = looked
    there = [one for one in hosts if one in task.context.sockets or one == task.context.host]
    return read(task, there, servers, domains)


def _noted(task: Task, looked: Looked) -> Report:
    """Of a dry run: what is there, before anything is planned."""
    directory = run_directory(task.context.state_dir, task.context.run)
    lines = ({"format": FORMAT, **one} for one in _world(task, looked).lines())
    append(directory, WORLD, lines, sync=False)
    return Report(False, {"plan": None})


def _compared(task: Task, looked: Looked) -> Report:
    """Of a real run: whether the world is still the one that the approved plan was made for."""
    run_name, digest = task.context.plan, task.context.plan_digest
    if not run_name:
        return Report(False, {"plan": None})
    header = header_of(task.context.state_dir, run_name, digest)
    found = [
        *differences(header["arguments"], task.context.arguments),
        *settings_differ(header["settings"], task.params["settings"]),
    ]
    before = World.of(_entries(task.context.state_dir, run_name, WORLD))
    found += drift(before, _world(task, looked), planned(task.context.state_dir, run_name))
    if found:
        more = f" (and {len(found) - SHOWN} more)" if len(found) > SHOWN else ""
        raise Refused(
            [
                f"The plan of the run {run_name} is not carried out, because it was made for something else: {'; '.join(found[:SHOWN])}"
                f"{more}. Nothing was changed. Make a new plan with --check and have it approved."
            ]
        )
    mark = {"format": FORMAT, "plan": run_name, "digest": digest}
    write_whole(run_directory(task.context.state_dir, task.context.run), APPROVED, line_of(mark))
    task.session.note(f"plan of the run {run_name} approved", plan=run_name, digest=digest)
    return Report(False, {"plan": run_name, "digest": digest})


def _entries(state_dir: str, run_name: str, file: str) -> Iterator[Mapping[str, Any]]:
    for line in Follower(run_directory(state_dir, run_name), file).lines():
        entry = parse(line)
        if entry is not None:
            yield entry


# --- at the end


def _written(task: Task) -> Report:
    """Of a dry run that came to its end: the page, and the header whose digest is what is approved."""
    context = task.context
    directory = run_directory(context.state_dir, context.run)
    told = summary(_entries(context.state_dir, context.run, PLAN))
    unread = [
        f"{one['collection']} of {one['scope']}: {one['why']}"
        for one in _entries(context.state_dir, context.run, WORLD)
        if one["kind"] == "unread"
    ]
    header = {
        "format": FORMAT,
        "run": context.run,
        "operator": context.operator,
        "controller": context.controller,
        "version": context.version,
        "at": stamp(task.journal.clock()),
        "arguments": kept(context.arguments, secrets.token_hex(16)),
        "settings": task.params["settings"],
        "files": {name: file_digest(directory, name) for name in (PLAN, WORLD)},
    }
    problem = _problem(task, told, header)
    digest = "" if problem else digest_of(header)
    data = {
        **header,
        **told,
        "unread": unread,
        "digest": digest,
        "problem": problem,
        "name": task.params["settings"].get("name") or "?",
    }
    write_whole(directory, PAGE, plan_page(data).encode("utf-8", "replace"))
    if problem:
        raise NotReady(f"The plan cannot be approved: {problem} It is shown in {directory / PAGE}.")
    write_whole(directory, HEADER, line_of(header))
    return Report(
        False,
        {
            **told,
            "plan": context.run,
            "digest": digest,
            "page": str(directory / PAGE),
            "say": _say(context.run, digest, told, directory),
        },
    )


def _problem(task: Task, told: Mapping[str, Any], header: Mapping[str, Any]) -> str:
    most, touched = task.params["users_at_most"], told["users"]["touched"]
    if most is not None and touched > most:
        return f"It touches {touched} users, and at most {most} may be (lync_migration.users.at_most)."
    if header["files"][WORLD] == hashlib.sha256().hexdigest():
        return (
            "What was there when the run began was not noted, so nobody could tell later whether it is still so: leave the first "
            "Front End Server in --limit."
        )
    return ""


def _say(run_name: str, digest: str, told: Mapping[str, Any], directory: Any) -> list[str]:
    changes = sum(one["changes"] for one in told["steps"])
    return [
        f"Plan {run_name}: {changes} changes, {told['users']['moved']} users moved, {len(told['irreversible'])} things that cannot be undone, "
        f"{len(told['gates'])} manual steps. To read: {directory / PAGE}",
        f"To have it carried out as it is: -e lync_migration_plan={run_name} -e lync_migration_plan_digest={digest}",
    ]
