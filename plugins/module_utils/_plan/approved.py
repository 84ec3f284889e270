# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan that was approved: which calls it holds, and that it is the one that the operator named.

A plan is three files of a dry run: `plan.ndjson` (its calls), `world.ndjson` (what was there when it was made) and
`plan.json` (how it was made, and the digests of the other two). The digest of `plan.json` is what the operator gives: it
is never read from beside the plan.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .._engine.calls import Change, effect_to_json, redact
from .._engine.context import Context
from .._engine.errors import Refused, StateError
from .._engine.files import FORMAT, Follower, checked_name, line_of, parse, read_whole, see_format
from .._engine.journal import PLAN
from .match import fits, general, general_call, has_unknown

HEADER, WORLD, APPROVED = "plan.json", "world.ndjson", "approved.json"
#: Who is moved through which Front End is settled while the users are moved.
ANYWHERE = frozenset({"Move-CsUser", "Move-CsLegacyUser"})
#: What decides about a publish is the document, which is in no parameter.
DECISIVE = frozenset({"topology_document"})
_AGAIN = "Make a new plan with --check, have it approved, and run that."


def digest_of(header: Mapping[str, Any]) -> str:
    """Of the header, which holds the digests of all that belongs to the plan."""
    return hashlib.sha256(line_of(dict(sorted(header.items())))).hexdigest()


def file_digest(directory: Path, name: str) -> str:
    """Of the whole lines of a file."""
    found = hashlib.sha256()
    for line in Follower(directory, name).lines():
        found.update(line)
    return found.hexdigest()


def run_directory(state_dir: str, run: str) -> Path:
    return Path(state_dir) / "runs" / checked_name(run)


def header_of(state_dir: str, run: str, digest: str) -> dict[str, Any]:
    """The header of the plan, if it is the one that was approved and all its parts are as they were."""
    directory = run_directory(state_dir, run)
    try:
        header = json.loads(read_whole(directory, HEADER) or b"")
    except ValueError:
        raise StateError(
            f"There is no plan of the run {run} in {directory}: lync_migration_plan wants the name of a run with --check that "
            "came to its end, as it was printed there."
        ) from None
    see_format(header if isinstance(header, dict) else {}, f"The plan of the run {run} is")
    if not hmac.compare_digest(digest_of(header), digest.strip().lower()):
        raise Refused(
            [
                f"The plan of the run {run} has the digest {digest_of(header)}, and {digest!r} was approved "
                f"(lync_migration_plan_digest): another plan was meant, or this one was altered. {_AGAIN}"
            ]
        )
    for name in (PLAN, WORLD):
        if file_digest(directory, name) != header["files"].get(name):
            raise Refused([f"{directory / name} is not what it was when the plan was approved. {_AGAIN}"])
    return header


@dataclass
class Approved:
    """The calls of an approved plan, by host and name. Most are known by a digest alone, so that many cost little."""

    run: str
    digest: str
    exact: dict[tuple[str, str], set[bytes]] = field(default_factory=dict)
    #: those of which the plan did not know all
    loose: dict[tuple[str, str], list[list[Any]]] = field(default_factory=dict)

    @classmethod
    def load(cls, state_dir: str, run: str, digest: str) -> Approved:
        header_of(state_dir, run, digest)
        found = cls(run, digest)
        for entry in planned(state_dir, run):
            found._add(entry)
        return found

    def _add(self, entry: Mapping[str, Any]) -> None:
        form = _form(entry["object"], entry.get("prepare") or (), entry["call"], entry.get("effects") or ())
        where = _where(entry["host"], entry["call"])
        if entry.get("conditional") or has_unknown(form):
            self.loose.setdefault(where, []).append(form)
        else:
            self.exact.setdefault(where, set()).add(_short(form))

    def has(self, change: Change, host: str) -> bool:
        call = redact(change.call)
        effects = [effect_to_json(one, redacted=True) for one in change.effects if one.collection in DECISIVE]
        form = _form(change.object, [redact(one) for one in change.prepare], call, effects)
        where = _where(host, call)
        if _short(form) in self.exact.get(where, ()):
            return True
        subject, _prepare, made, effects = form
        return any(
            fits(one[0], subject) and fits(one[2], made) and fits(one[3], effects) for one in self.loose.get(where, ())
        )


def planned(state_dir: str, run: str) -> Iterable[dict[str, Any]]:
    """The intents of a plan, in order."""
    for line in Follower(run_directory(state_dir, run), PLAN).lines():
        entry = parse(line)
        if entry is not None and entry["kind"] == "intent":
            yield entry


def name_of(call: Mapping[str, Any]) -> str:
    """A cmdlet's name, a program's file name, or what is done to a file."""
    if "name" in call:
        return str(call["name"])
    path = str(call.get("path") or "").rsplit("\\", 1)[-1]
    return path if call.get("type") == "executable" else f"file.{call.get('type')}"


def _where(host: str, call: Mapping[str, Any]) -> tuple[str, str]:
    name = name_of(call)
    return ("" if name in ANYWHERE else host.casefold(), name)


def _form(
    subject: str, prepare: Sequence[Any], call: Mapping[str, Any], effects: Sequence[Mapping[str, Any]]
) -> list[Any]:
    decisive = [general(one) for one in effects if one["collection"] in DECISIVE]
    return [general(subject), [general_call(one) for one in prepare], general_call(call), decisive]


def _short(form: Any) -> bytes:
    text = json.dumps(form, sort_keys=True, ensure_ascii=True)
    return hashlib.blake2b(text.encode("ascii"), digest_size=12).digest()


class Approval:
    """What a performer asks before each change of a run that was tied to a plan."""

    def __init__(self) -> None:
        self._plan: Approved | None = None

    def refusals(self, changes: Iterable[Change], context: Context) -> list[str]:
        if not context.plan:
            return []
        plan = self._plan
        if plan is None or (plan.run, plan.digest) != (context.plan, context.plan_digest):
            _see_compared(context)
            plan = self._plan = Approved.load(context.state_dir, context.plan, context.plan_digest)
        return [
            f"{change.object} is not changed with {name_of(redact(change.call))} on {context.host}, because the approved plan of the "
            f"run {context.plan} does not have that. {_AGAIN}"
            for change in changes
            if not plan.has(change, context.host)
        ]


def _see_compared(context: Context) -> None:
    """The plan is worth nothing before somebody looked whether the world is still the one that it was made for."""
    try:
        found = json.loads(read_whole(run_directory(context.state_dir, context.run), APPROVED) or b"")
    except ValueError:
        found = None
    if found != {"format": FORMAT, "plan": context.plan, "digest": context.plan_digest}:
        raise Refused(
            [
                f"Nothing is changed under the plan of the run {context.plan}, because this run has not compared the organisation "
                "with it: run the playbook lync.xmpp_migration.migrate, whose play for that has the tag always, without a "
                "--limit that leaves out the first Front End Server."
            ]
        )
