# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a real run did what the dry run before it said: plan against journal, both as the lines of their files.

They are equal if, on each host, the same calls with the same declared effects come in the same order, where

- the calls that move users, one after the other, are a set: who is moved first is nobody's concern;
- a call that failed and was made again counts once;
- what only a server makes (thumbprints, serial numbers, GUIDs, lengths of what holds them) are symbols: any value may
  stand for one, as long as the same value stands for the same one everywhere;
- which domain controller is named in a move is not compared;
- what a server makes anew each time (times, the signature of a published topology) may be any other of its kind;
- who runs it, from where and when, which the lock of the migration says, may be anybody;
- what the plan did not know may be anything; one call for users whom nobody can list yet stands for any number of them;
- what the plan did not know to be there need not be there to be removed;
- a call that the plan marked conditional may be missing, and it and what it makes may turn out to have properties that
  the plan does not name.

`differences` gives a sentence for each difference, and nothing where there is none. It reads no file and changes nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.lync.xmpp_migration.plugins.module_utils._plan.match import (
    MOMENTS,
    OF_THE_RUN,
    SERVER_MADE,
    SIGNATURE,
    SKETCHED,
    SYMBOLS,
    UNKNOWN,
    WRITTEN_BY_SERVER,
)
from ansible_collections.lync.xmpp_migration.plugins.module_utils._topology.products import PLANNED_PROXY

#: What a plan calls that which the server will name, and what a server has named already.
SERVER_NAMED = re.compile(rf"PLANNED-[0-9A-F]+|[0-9A-F]{{40}}|{re.escape(PLANNED_PROXY)}")
Entry = Mapping[str, Any]
Row = tuple[str, str, str]

MOVERS = frozenset({"Move-CsUser", "Move-CsLegacyUser"})
ANEW = frozenset({"time", "stamp"})
#: Of these a host may have more than the plan can know.
HOSTS_OWN = frozenset({"windows_service", "component", "process", "listening_port"})


@dataclass(frozen=True)
class Step:
    """One call of one host, as it was planned or made."""

    host: str
    object: str
    calls: tuple[Any, ...]  # those that prepare it, and the call
    effects: tuple[Any, ...]
    conditional: bool
    ok: bool = True
    id: str = ""
    unsure: frozenset[Row] = frozenset()  # of which the plan does not know, before it, whether they are there

    @property
    def name(self) -> str:
        return _name(self.calls[-1])

    @property
    def moves(self) -> bool:
        return self.name in MOVERS

    @property
    def shown(self) -> str:
        return f"{self.name} ({self.object})"

    @property
    def for_anybody(self) -> bool:
        """Whether it is the plan's one call for users whom nobody can list yet."""
        return self.conditional and (self.calls[-1].get("parameters") or {}).get("Identity") == UNKNOWN

    def stands_for(self, made: Step) -> bool:
        return self.for_anybody and _for_nobody(self.calls[-1]) == _for_nobody(made.calls[-1])

    def same_call(self, other: Step) -> bool:
        return (self.host, self.object, self.calls) == (other.host, other.object, other.calls)


@dataclass
class Symbols:
    """Which value of the plan stands for which of the journal. A step that does not fit leaves no trace."""

    there: dict[str, str] = field(default_factory=dict)
    back: dict[str, str] = field(default_factory=dict)

    def bind(self, planned: str, made: str) -> bool:
        if planned == made and made.startswith("PLANNED-"):
            return True  # what the real run could not name either before its call was made
        if self.there.get(planned, made) != made or self.back.get(made, planned) != planned:
            return False
        self.there[planned], self.back[made] = made, planned
        return True

    def copy(self) -> Symbols:
        return Symbols(dict(self.there), dict(self.back))

    def take(self, other: Symbols) -> None:
        self.there, self.back = other.there, other.back


def differences(plan: Iterable[Entry], journal: Iterable[Entry], *, effects: bool = True) -> list[str]:
    """What the plan says and the journal does not, or the other way round. `effects`: the declared effects too."""
    intended = _doubted(_steps(plan))
    planned, made = _by_host(intended), _by_host(_at_home(_folded(_steps(journal), intended), intended))
    symbols = Symbols()
    found = []
    for host in dict.fromkeys([*planned, *made]):
        found += _host(planned.get(host, []), made.get(host, []), symbols, effects)
    return found


# --- lines as steps


def _steps(entries: Iterable[Entry]) -> list[Step]:
    steps: dict[str, Step] = {}
    for entry in entries:
        if entry["kind"] == "intent":
            steps[entry["id"]] = Step(
                entry["host"],
                entry["object"],
                (*(entry.get("prepare") or ()), _from_anywhere(entry["call"])),
                tuple(entry.get("effects") or ()),
                bool(entry.get("conditional")),
                bool(entry.get("check")),  # of a real one only its outcome says so
                entry["id"],
            )
        elif entry["kind"] == "outcome" and entry["id"] in steps:
            steps[entry["id"]] = replace(steps[entry["id"]], ok=bool(entry["ok"]))
    return _whole_files(list(steps.values()))


def _from_anywhere(call: Entry) -> Entry:
    """A move names the domain controller that the users were read from, which a plan may not have seen yet."""
    if call.get("name") not in MOVERS:
        return call
    parameters = {name: value for name, value in call["parameters"].items() if name != "DomainController"}
    return {**call, "parameters": parameters}


def _doubted(steps: Sequence[Step]) -> list[Step]:
    """With what each of them finds that the plan does not know to be there."""
    doubted: list[Step] = []
    unsure: frozenset[Row] = frozenset()
    for step in steps:
        doubted.append(replace(step, unsure=unsure))
        named = {_row(one): (one["properties"] or {}).get("Name") for one in step.effects}
        unsure = (unsure - set(named)) | {row for row, name in named.items() if name == UNKNOWN}
    return doubted


def _for_nobody(call: Entry) -> Entry:
    parameters = {name: value for name, value in (call.get("parameters") or {}).items() if name != "Identity"}
    return {**call, "parameters": parameters}


def _whole_files(steps: Sequence[Step]) -> list[Step]:
    """The slices of one file are one call: how many there are depends on its length, which servers' values decide."""
    whole: list[Step] = []
    for step in steps:
        call = step.calls[-1]
        if call.get("type") == "write":
            step = replace(step, calls=(*step.calls[:-1], {"type": "write", "path": call["path"]}))
            if whole and whole[-1].same_call(step):
                whole[-1] = replace(step, ok=whole[-1].ok and step.ok)
                continue
        whole.append(step)
    return whole


def _folded(steps: Sequence[Step], planned: Sequence[Step]) -> list[Step]:
    """Without the attempts that failed and were made again: what was made more often than planned."""
    kept: list[Step] = []
    for position, step in enumerate(steps):
        if not step.ok:
            rest = sum(later.same_call(step) for later in (*kept, *steps[position + 1 :]))
            if rest and rest >= sum(one.same_call(step) for one in planned):
                continue
        kept.append(step)
    return kept


def _at_home(steps: Sequence[Step], planned: Sequence[Step]) -> list[Step]:
    """A plan has all moves on the host of the task; movers of several hosts make them, each those of its share."""
    homes = {step.host for step in planned if step.moves}
    if len(homes) != 1:
        return list(steps)
    return [replace(step, host=next(iter(homes))) if step.moves else step for step in steps]


def _by_host(steps: Iterable[Step]) -> dict[str, list[Step]]:
    hosts: dict[str, list[Step]] = {}
    for step in steps:
        hosts.setdefault(step.host, []).append(step)
    return hosts


def _name(call: Mapping[str, Any]) -> str:
    if "name" in call:
        return str(call["name"])
    path = str(call.get("path") or "").rsplit("\\", 1)[-1]
    return path if call.get("type") == "executable" else f"file.{call.get('type')} {path}"


# --- one host


def _host(planned: list[Step], made: list[Step], symbols: Symbols, effects: bool) -> list[str]:
    found: list[str] = []
    left, right = 0, 0
    while left < len(planned) or right < len(made):
        if left < len(planned) and right < len(made) and planned[left].moves and made[right].moves:
            ends = _end_of_moves(planned, left), _end_of_moves(made, right)
            found += _moves(planned[left : ends[0]], made[right : ends[1]])
            left, right = ends
        elif left < len(planned) and planned[left].for_anybody:
            while right < len(made) and planned[left].stands_for(made[right]):
                right += 1
            left += 1
        elif left < len(planned) and right < len(made) and not _unlike(planned[left], made[right], symbols, effects):
            left, right = left + 1, right + 1
        elif left < len(planned) and planned[left].conditional and not _meant(planned[left], made[right:], symbols):
            left += 1
        else:
            return [*found, *_apart(planned[left:], made[right:], symbols, effects)]
    return found


def _meant(planned: Step, made: Sequence[Step], symbols: Symbols) -> bool:
    """Whether the next call is the one that was planned, if with other effects."""
    return bool(made) and not _unlike(planned, made[0], symbols.copy(), False)


def _end_of_moves(steps: Sequence[Step], start: int) -> int:
    return next((at for at in range(start, len(steps)) if not steps[at].moves), len(steps))


def _moves(planned: Sequence[Step], made: Sequence[Step]) -> list[str]:
    """The same users to the same pools, in whatever order."""
    anybody = [step for step in planned if step.for_anybody]
    planned = [step for step in planned if not step.for_anybody]
    named = [step.calls for step in planned]
    made = [step for step in made if step.calls in named or not any(one.stands_for(step) for one in anybody)]
    if not planned and not made:
        return []
    wanted, done = (sorted((_comparable(step) for step in steps), key=repr) for steps in (planned, made))
    host = (planned or made)[0].host
    return [
        *(f"{host}: planned and not made: {one[0]}" for one in wanted if one not in done),
        *(f"{host}: made and not planned: {one[0]}" for one in done if one not in wanted),
        *(f"{host}: moved more than once: {one[0]}" for one in wanted if done.count(one) > wanted.count(one)),
    ]


def _comparable(step: Step) -> tuple[str, Any]:
    return step.shown, step.calls


def _apart(planned: Sequence[Step], made: Sequence[Step], symbols: Symbols, effects: bool) -> list[str]:
    """The first pair that differs; all after it would only repeat it."""
    if not planned:
        return [f"{step.host}: made and not planned: {step.shown}" for step in made]
    host = planned[0].host
    if not made:
        return [f"{host}: planned and not made: {step.shown}" for step in planned if not step.conditional]
    said = _unlike(planned[0], made[0], symbols, effects)
    return [f"{host}: planned {planned[0].shown}, made {made[0].shown}: {said}"]


# --- one step


def _unlike(planned: Step, made: Step, symbols: Symbols, effects: bool) -> str:
    """Where the two differ, or nothing. What stands for what is remembered only where they do not."""
    trial = symbols.copy()
    said = _differs(planned.object, made.object, "object", trial)
    said = said or _differs(*_comparable_calls(planned, made), "call", trial)
    if effects and not said:
        said = _effects_differ(planned, made, trial)
    if not said:
        symbols.take(trial)
    return said


def _comparable_calls(planned: Step, made: Step) -> tuple[list[Any], list[Any]]:
    """What prepares a call is not compared where the plan did not know what the call is given."""
    unknown = any(value == UNKNOWN for value in (planned.calls[-1].get("parameters") or {}).values())
    if planned.conditional and unknown and made.calls:
        return [planned.calls[-1]], [made.calls[-1]]
    return list(planned.calls), list(made.calls)


def _effects_differ(planned: Step, made: Step, symbols: Symbols) -> str:
    """Each row that was to change, in whatever order, and no other but those that only the host could name."""
    left = {_row(one): one for one in made.effects}
    for one in planned.effects:
        other = left.pop(_row(one), None)
        named = other is not None
        if other is None and SERVER_NAMED.search(str(one["identity"])):
            other = left.pop(_of_server(one, left, symbols), None)
        if other is None and one["properties"] is None and _row(one) in planned.unsure:
            continue
        if other is None:
            return f"effects: {' '.join(_row(one))} planned, not made"
        if planned.conditional or not named:
            one, other = _in_common(one, other)
        if said := _differs(one["properties"], other["properties"], f"effects: {' '.join(_row(one))}", symbols):
            return said
    more = [row for row in left if row[0] not in HOSTS_OWN]
    return f"effects: {' '.join(more[0])} made, not planned" if more else ""


def _row(effect: Entry) -> Row:
    return str(effect["collection"]), str(effect["scope"]), str(effect["identity"])


def _of_server(planned: Entry, left: Mapping[Row, Entry], symbols: Symbols) -> Row:
    """The row that a planned one stands for: the one that it stands for elsewhere, or one that nothing stands for."""
    collection, scope, identity = _row(planned)
    there = [row for row in left if row[:2] == (collection, scope)]
    if SERVER_NAMED.fullmatch(identity):
        return next((row for row in reversed(there) if symbols.bind(identity, row[2])), ("", "", ""))
    # a name that has a thumbprint in it
    return next((row for row in there if not _texts_differ(identity, row[2], "", symbols)), ("", "", ""))


def _in_common(one: Entry, other: Entry) -> tuple[Entry, ...]:
    """Two effects with the properties that both of them name."""
    ours, theirs = one["properties"], other["properties"]
    if ours is None or theirs is None:
        return one, other
    names = set(ours) & set(theirs)
    return tuple({**each, "properties": {name: each["properties"][name] for name in names}} for each in (one, other))


def _differs(planned: Any, made: Any, where: str, symbols: Symbols) -> str:
    if planned == UNKNOWN:
        return ""
    if isinstance(planned, Mapping) and isinstance(made, Mapping):
        return _tables_differ(planned, made, where, symbols)
    if isinstance(planned, (list, tuple)) and isinstance(made, (list, tuple)):
        if len(planned) != len(made):
            return f"{where}: {len(planned)} planned, {len(made)} made"
        parts = (
            _differs(one, other, f"{where}[{at}]", symbols)
            for at, (one, other) in enumerate(zip(planned, made, strict=True))
        )
        return next(filter(None, parts), "")
    if isinstance(planned, str) and isinstance(made, str):
        return _texts_differ(planned, made, where, symbols)
    return "" if planned == made and type(planned) is type(made) else f"{where}: {planned!r} planned, {made!r} made"


def _tables_differ(planned: Mapping[str, Any], made: Mapping[str, Any], where: str, symbols: Symbols) -> str:
    if set(planned) != set(made):
        return f"{where}: {sorted(set(planned) ^ set(made))} only in one of them"
    for name, value in planned.items():
        at = f"{where}.{name}"
        if name in SYMBOLS | MOMENTS:
            if (value is None) != (made[name] is None):
                return f"{at}: {value!r} planned, {made[name]!r} made"
            texts = isinstance(value, str) and isinstance(made[name], str)
            if name in SYMBOLS and texts and not symbols.bind(value, made[name]):
                return f"{at}: {made[name]!r} stands for another value elsewhere"
            continue
        if said := _differs(value, made[name], at, symbols):
            return said
    return ""


def _texts_differ(planned: str, made: str, where: str, symbols: Symbols) -> str:
    if SKETCHED in planned or _locks(planned, made):
        return ""
    planned, made = (WRITTEN_BY_SERVER.sub("", SIGNATURE.sub("", text)) for text in (planned, made))
    ours, theirs = list(SERVER_MADE.finditer(planned)), list(SERVER_MADE.finditer(made))
    if SERVER_MADE.sub("\0", planned) != SERVER_MADE.sub("\0", made):
        return f"{where}: {_excerpt(planned, made)}"
    for one, other in zip(ours, theirs, strict=True):
        kind = one.lastgroup
        if kind != other.lastgroup or (kind not in ANEW and not symbols.bind(one[0], other[0])):
            return f"{where}: {other[0]} in the place of {one[0]} stands for another value elsewhere"
    return ""


def _locks(planned: str, made: str) -> bool:
    """Whether both are the lock of a migration, the same but for the run that made it."""
    if not (planned.startswith("{") and made.startswith("{")):
        return False
    try:
        ours, theirs = json.loads(planned), json.loads(made)
    except ValueError:
        return False
    return set(ours) == set(theirs) >= OF_THE_RUN and all(
        value == theirs[name] for name, value in ours.items() if name not in OF_THE_RUN
    )


def _excerpt(planned: str, made: str) -> str:
    """Of long texts the place where they part."""
    at = next((n for n, (a, b) in enumerate(zip(planned, made, strict=False)) if a != b), min(len(planned), len(made)))
    start = max(0, at - 40)
    shown = [
        f"{'…' if start else ''}{text[start : at + 80]}{'…' if len(text) > at + 80 else ''}" for text in (planned, made)
    ]
    return f"{shown[0]!r} planned, {shown[1]!r} made"
