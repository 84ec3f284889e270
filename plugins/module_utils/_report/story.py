# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the journal tells of a migration: its steps, its users over time, its failures, what was verified, what was undone.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._engine.errors import RemoteError
from .._engine.laws import FACTS
from .._plan.approved import ANYWHERE
from .._plan.summary import STEPS, step_of
from .._users.moving import error_class

DONE, FAILED, DOUBT, BEGUN, NOT_BEGUN = "done", "failed", "in doubt", "begun", "not begun"
ROLLBACK = "rollback"


@dataclass
class _Step:
    """What is known of one of the six steps. Of an object only its last change counts: a run may have come back to it."""

    first: str = ""
    last: str = ""
    made: int = 0
    runs: dict[str, None] = field(default_factory=dict)
    state: dict[tuple[str, str], str] = field(default_factory=dict)

    @property
    def outcome(self) -> str:
        states = set(self.state.values())
        if not states:
            return NOT_BEGUN
        return next((one for one in (DOUBT, FAILED, BEGUN) if one in states), DONE)


@dataclass
class Story:
    """Read line by line: of a migration of a hundred thousand users no more is kept than what is shown."""

    steps: dict[int, _Step] = field(default_factory=lambda: {number: _Step() for number, _title in STEPS.values()})
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    failures: dict[str, dict[str, Any]] = field(default_factory=dict)
    moved: list[str] = field(default_factory=list)
    evidence: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    undone: dict[str, dict[str, Any]] = field(default_factory=dict)
    overrides: list[dict[str, Any]] = field(default_factory=list)
    notes: list[dict[str, Any]] = field(default_factory=list)
    _open: dict[str, tuple[int, str, str, bool]] = field(default_factory=dict)

    def take(self, entry: Mapping[str, Any]) -> None:
        taker = {"intent": self._intent, "outcome": self._outcome, "evidence": self._evidence, "note": self._note}
        if entry["kind"] in taker:
            taker[entry["kind"]](entry)

    def _run(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        empty = {
            "run": entry["run"],
            "operator": entry.get("operator") or "",
            "from": entry["at"],
            "made": 0,
            "failed": 0,
            "in_doubt": 0,
        }
        run = self.runs.setdefault(entry["run"], empty)
        run["to"] = entry["at"]
        return run

    def _intent(self, entry: Mapping[str, Any]) -> None:
        self._run(entry)
        role = str(entry.get("role") or "")
        number = step_of(role)[0]
        step = self.steps.setdefault(number, _Step())
        step.first = step.first or entry["at"]
        step.runs[entry["run"]] = None
        step.state[entry["host"], entry["object"]] = BEGUN
        move = entry["call"].get("name") in ANYWHERE
        self._open[entry["id"]] = (number, entry["host"], entry["object"], move)
        if entry.get("override"):
            self.overrides.append({"at": entry["at"], "object": entry["object"], "named": entry["override"]})
        if role.endswith(ROLLBACK):
            self.undone[entry["id"]] = {**{name: entry[name] for name in ("at", "host", "object")}, "ok": None}

    def _outcome(self, entry: Mapping[str, Any]) -> None:
        number, host, subject, move = self._open.pop(entry["id"], (None, "", "", False))
        if number is None:
            return
        run, step = self._run(entry), self.steps[number]
        step.last = entry["at"]
        if entry["ok"]:
            run["made"] += 1
            step.made += 1
            step.state[host, subject] = DONE
            if move:
                self.moved.append(entry["at"])
        else:
            doubt = entry.get("ran") is None
            run["in_doubt" if doubt else "failed"] += 1
            step.state[host, subject] = DOUBT if doubt else FAILED
            self._failed(entry, subject)
        if entry["id"] in self.undone:
            self.undone[entry["id"]]["ok"] = bool(entry["ok"])

    def _failed(self, entry: Mapping[str, Any], subject: str) -> None:
        errors = [RemoteError.from_json(one) for one in entry.get("errors") or ()]
        name = error_class(errors[0]) if errors else "no error id"
        known = self.failures.setdefault(name, {"class": name, "count": 0, "example": subject, "said": ""})
        known["count"] += 1
        known["said"] = known["said"] or (errors[0].message if errors else "")

    def _evidence(self, entry: Mapping[str, Any]) -> None:
        fact = FACTS.get(entry["fact"])
        self.evidence[entry["fact"], entry["member"]] = {
            "fact": entry["fact"],
            "that": fact.that if fact else entry["fact"],
            "member": entry["member"],
            "at": entry["at"],
            "value": entry.get("value"),
        }

    def _note(self, entry: Mapping[str, Any]) -> None:
        self.notes.append({"at": entry["at"], "text": entry["text"]})

    # --- as data

    def told(self) -> dict[str, Any]:
        titles = dict(STEPS.values())
        steps = []
        for number, step in sorted(self.steps.items()):
            if number in range(1, 7) or step.state:
                steps.append(
                    {
                        "step": number,
                        "title": titles.get(number, "Others"),
                        "outcome": step.outcome,
                        "from": step.first or None,
                        "to": step.last or None,
                        "changes": step.made,
                        "runs": len(step.runs),
                        "open": [
                            f"{subject} on {host}: {state}"
                            for (host, subject), state in step.state.items()
                            if state != DONE
                        ][:20],
                    }
                )
        return {
            "steps": steps,
            "runs": list(self.runs.values()),
            "users": curve(self.moved),
            "failures": sorted(self.failures.values(), key=lambda one: -one["count"]),
            "laws": list(self.evidence.values()),
            "undone": list(self.undone.values()),
            "overrides": self.overrides,
            "notes": self.notes,
        }


def story(entries: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    told = Story()
    for entry in entries:
        told.take(entry)
    return told.told()


POINTS = 200


def curve(moments: list[str]) -> dict[str, Any]:
    """How many users had been moved when: at most POINTS points, the last one always."""
    moments = sorted(moments)
    step = max(1, len(moments) // POINTS)
    points = [{"at": moments[at], "moved": at + 1} for at in range(0, len(moments), step)]
    if moments and points[-1]["moved"] != len(moments):
        points.append({"at": moments[-1], "moved": len(moments)})
    return {"moved": len(moments), "points": points}
