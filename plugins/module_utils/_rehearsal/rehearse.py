# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module rehearsal: the whole migration in the twin of an exported estate.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .._engine.calls import clean
from .._engine.errors import InvalidInput, NotReady
from .._engine.files import open_directory, read_whole, write_parts, write_whole
from .._engine.journal import entries, stamp
from .._engine.module import Report, Task
from .._plan.summary import step_of, summary
from .._settings.names import shown
from . import durations
from .estate_yaml import chunks
from .export import DIRECTORY, ESTATE
from .rehearsal_page import rehearsal_page
from .scaling import longest_ttl, movable, scaled
from .twin import Twin

try:
    import yaml
except ImportError:
    pass  # ansible-core needs it itself

OWN, PAGE, DATA, PLAN = "rehearsal", "rehearsal.html", "rehearsal.json", "plan.html"
#: Runs in all: each gate that hands open ends one.
ATTEMPTS = 12


class Stopped(NotReady):
    """The rehearsal came to something that would stop the migration too."""

    kind = "rehearsal_stopped"


def run(task: Task) -> Report:
    params = task.params
    if not 1 <= params["speed"] <= 10_000:
        raise InvalidInput("speed is a number from 1 (as slow as real servers) to 10000.")
    source = Path(params["estate"] or Path(task.context.state_dir) / DIRECTORY / ESTATE).expanduser()
    if not source.is_absolute() or not source.is_file():
        raise NotReady(
            f"There is no estate {shown(str(source), 200)}: run the playbook lync.xmpp_migration.assess first, or name the file with its full path."
        )
    estate = _read(source)
    users = movable(estate)
    told = {"estate": str(source), "users": sum(users.values()), "speed": params["speed"]}
    if task.check_mode:
        text = (
            f"Would load {source} ({told['users']} users to move) into the lab, plan the migration there and carry it out, with real-life "
            f"times divided by {params['speed']:g}. Nothing would be connected to but this machine."
        )
        return Report(False, {**told, "page": None, "data": None, "finished": None, "say": [text]})
    directory = _empty(Path(task.context.state_dir) / OWN)
    rehearsal = Rehearsal(task, directory, estate, params["speed"])
    data = {
        **told,
        **rehearsal.run(),
        "name": str(estate.get("name")),
        "at": stamp(time.time()),
        "version": task.context.version,
    }
    data["steps"] = _steps(data, estate, users)
    data["totals"] = _totals(data["steps"])
    write_whole(directory, PAGE, rehearsal_page(data).encode("utf-8", "replace"))
    whole = json.dumps(clean({"format": 1, **data}), ensure_ascii=True, indent=1).replace("<", "\\u003c")
    write_whole(directory, DATA, whole.encode("ascii"))
    value = {
        **told, "page": str(directory / PAGE), "data": str(directory / DATA), "plan": data["plan_page"], "finished": data["stopped"] is None,
        "steps": data["steps"], "gates": data["gates"], "refused": data["refused"], "violations": data["violations"],
    }  # fmt: skip
    if data["stopped"] is not None:
        one = data["stopped"]
        raise Stopped(
            f"The rehearsal stopped in the task '{one['task']}' on {one['host']}: {one['said']} The report is {directory / PAGE}."
        )
    gates = f", with {len(data['gates'])} manual step{'s' * (len(data['gates']) > 1)}" if data["gates"] else ""
    return Report(False, {**value, "say": [f"The rehearsal came to its end{gates}: {directory / PAGE}"]})


def _read(source: Path) -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        made = yaml.load(source.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 - both are safe ones
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as exc:
        raise InvalidInput(f"The estate {source} cannot be read: {exc}") from exc
    if not isinstance(made, dict) or not isinstance(made.get("migration"), dict):
        raise InvalidInput(f"The estate {source} has no migration, so there is nothing to rehearse.")
    return made


def _empty(directory: Path) -> Path:
    """Its own directory, without what an earlier rehearsal left."""
    os.close(open_directory(directory))
    for one in directory.iterdir():
        if one.is_dir() and not one.is_symlink():
            shutil.rmtree(one)
        else:
            one.unlink()
    return directory


class Rehearsal:
    def __init__(self, task: Task, directory: Path, estate: Mapping[str, Any], speed: float) -> None:
        self._task, self._directory, self._estate, self._speed = task, directory, estate, speed
        self.gates: list[dict[str, Any]] = []

    def run(self) -> dict[str, Any]:
        document = scaled(self._estate, self._speed)
        write_parts(
            self._directory, ESTATE, chunks(("Scaled for a rehearsal.",), document, self._estate.get("users") or ())
        )
        # ansible-playbook writes it, and whoever reads it is we alone
        before = os.umask(0o077)
        twin = Twin(self._directory, "lync.xmpp_migration.migrate")
        try:
            with twin:
                twin.up(self._directory / ESTATE)
                return self._played(twin)
        finally:
            os.umask(before)
            (self._directory / ESTATE).unlink(missing_ok=True)

    def _played(self, twin: Twin) -> dict[str, Any]:
        made: dict[str, Any] = {"plan_page": None, "plan": None, "planned": None}
        if self._task.params["plan"]:
            self._task.tell("The twin is up; its migration is planned.")
            code, tasks = twin.play("--check")
            made |= {"planned": _stop(tasks) if code else None, **self._plan(twin)}
        self._task.tell("The migration is carried out in the twin.")
        stopped, ended = self._carried_out(twin)
        journal = list(entries(twin.state)) if twin.state.is_dir() else []
        return {
            **made,
            "stopped": stopped,
            "gates": self.gates,
            "done": summary(journal),
            "seconds": _seconds(ended),
            "violations": twin.violations(),
            "refused": twin.refused(),
            "end": twin.lab_state() if self._task.params["keep_state"] else None,
        }

    def _plan(self, twin: Twin) -> dict[str, Any]:
        runs = sorted((twin.state / "runs").glob("*/plan.ndjson"), key=lambda one: one.stat().st_mtime)
        if not runs:
            return {}
        where = runs[-1].parent
        lines = (json.loads(line) for line in runs[-1].read_bytes().splitlines() if line.endswith(b"}"))
        page = read_whole(where, PLAN) if (where / PLAN).is_file() else None
        if page is not None:
            write_whole(self._directory, PLAN, page)
        return {"plan": summary(lines), "plan_page": str(self._directory / PLAN) if page is not None else None}

    def _carried_out(self, twin: Twin) -> tuple[dict[str, Any] | None, list[Mapping[str, Any]]]:
        """Until the end, or something that nobody at a console can do."""
        done: list[Mapping[str, Any]] = []
        for _attempt in range(ATTEMPTS):
            code, tasks = twin.play()
            done += tasks
            if code == 0:
                return None, done
            stop = _stop(tasks)
            gate = (stop.get("error") or {}).get("gate")
            if (stop.get("error") or {}).get("kind") != "manual_gate" or gate in [one["gate"] for one in self.gates]:
                return stop, done
            self.gates.append(
                {
                    "gate": gate,
                    "what": str((stop["error"] or {}).get("steps", [""])[0]),
                    "steps": stop["error"].get("steps") or [],
                }
            )
            self._task.tell(f"The twin's operator does the manual step {gate}.")
            try:
                _by_hand(twin, str(gate), stop.get("arguments") or {})
            except NotReady as exc:
                return {**stop, "said": exc.text}, done
            twin.confirm(str(gate))
        return {"task": "?", "host": "?", "said": f"It did not come to its end in {ATTEMPTS} runs."}, done


def _by_hand(twin: Twin, gate: str, arguments: Mapping[str, Any]) -> None:
    """What the manual step says, at the twin's consoles."""
    machines = [str(one["fqdn"]) for one in arguments.get("machines") or ()]
    done: dict[str, list[tuple[str, str]]] = {
        "ocs_edge_internal_list": [("ocs_edge_internal_list", str(one)) for one in arguments.get("servers") or ()],
        "ocs_federation_fqdn": [("ocs_federation_fqdn", str(arguments.get("edge_fqdn")))],
        "gateway_console": [("gateway_console", str(arguments.get("edge_fqdn")))],
        "gateway_stop": [("gateway_service", "stopped")],
        "edge_without_session": [("edge_without_session", one) for one in machines],
        "edge_xmpp_without_session": [("edge_xmpp_without_session", one) for one in machines],
    }
    if gate not in done:
        raise NotReady(f"The twin has no console for the manual step {gate}.")
    for name, value in done[gate]:
        twin.gui(name, value)


def _stop(tasks: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The first task that failed, in its own words."""
    for one in tasks:
        if one["outcome"] in ("failed", "unreachable"):
            return {**one, "said": one["msg"], "step": step_of(str(one["role"]))[0]}
    return {
        "task": "?",
        "host": "?",
        "said": "ansible-playbook ended without a task that failed: see rehearsal.log.",
        "step": None,
    }


def _seconds(tasks: Iterable[Mapping[str, Any]]) -> dict[int, float]:
    """From the first to the last task of each step, in the twin."""
    found: dict[int, list[tuple[float, float]]] = {}
    for one in tasks:
        found.setdefault(step_of(str(one["role"]))[0], []).append((float(one["from"]), float(one["to"])))
    return {step: round(sum(to - begun for begun, to in spans), 1) for step, spans in found.items()}


def _steps(data: Mapping[str, Any], estate: Mapping[str, Any], users: Mapping[str, int]) -> list[dict[str, Any]]:
    known = durations.estimates(estate["migration"], users, longest_ttl(estate))
    planned = {one["step"]: one for one in (data["plan"] or {}).get("steps", ())}
    done = {one["step"]: one for one in data["done"]["steps"]}
    stopped = (data["stopped"] or {}).get("step")
    return [
        {
            "step": step,
            "title": title,
            "planned": planned.get(step, {}).get("changes", 0),
            "changes": done.get(step, {}).get("changes", 0),
            "calls": done.get(step, {}).get("calls", {}),
            "least": known[step]["least"],
            "most": known[step]["most"],
            "shown": _range(known[step]),
            "source": known[step]["source"],
            "twin_seconds": data["seconds"].get(step),
            "stopped": step == stopped,
        }
        for step, title in durations.STEPS.items()
    ]


def _range(known: Mapping[str, Any]) -> str:
    low, high = durations.shown(known["least"]), durations.shown(known["most"])
    return low if low == high else f"{low} to {high}"


def _totals(steps: Iterable[Mapping[str, Any]]) -> str:
    known = [one for one in steps if one["most"] is not None]
    missing = [str(one["step"]) for one in steps if one["most"] is None]
    said = (
        f"{durations.shown(sum(one['least'] for one in known))} to {durations.shown(sum(one['most'] for one in known))}"
    )
    return (
        f"{said} for what is known, and on top of it the steps of which nothing is known ({', '.join(missing)})"
        if missing
        else said
    )
