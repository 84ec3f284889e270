# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine for anything that has Get-, New-, Set- and Remove- cmdlets: read, compare, plan, change, read back.

A noun is data; the engine knows nothing of any of them.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ._calls import UNKNOWN, Change, Cmdlet, Query
from ._collections import collection, key
from ._errors import InvalidInput, Mismatch
from ._fields import Field
from ._module import Report, Task

__all__ = ["Field", "Noun", "Situation", "ensure"]


@dataclass(frozen=True)
class Noun:
    noun: str
    collection: str
    label: str
    fields: tuple[Field, ...]
    verbs: frozenset[str] | set[str] = frozenset({"get", "set"})
    always: Mapping[str, Any] = field(default_factory=lambda: {"Confirm": False})
    #: how an identity reads back, where that is not how it was given (Tag:Name for Name)
    row_identity: Callable[[str], str] = str
    #: how New-, Set- and Remove- take it
    parameter_identity: Callable[[str], str] = str
    #: properties that repeat the identity as New- takes it
    repeated: tuple[str, ...] = ()
    #: what the module's options call the identity
    identity_option: str = "identity"

    def field(self, option: str) -> Field:
        return next(one for one in self.fields if one.option == option)

    def shown(self, row: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """A row as the module's options."""
        if row is None:
            return None
        identity = row.get(collection(self.collection).identity)
        return {self.identity_option: identity, **{one.option: one.read(row) for one in self.fields if not one.secret}}


@dataclass(frozen=True)
class Situation:
    """What a check before the change may look at: the object as it is, as it will be, and all rows that were read."""

    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    rows: tuple[list[dict[str, Any]], ...]


def ensure(
    task: Task,
    noun: Noun,
    identity: str,
    wanted: Mapping[str, Any],
    state: str = "present",
    *,
    override: str | None = None,
    also: Iterable[Query] = (),
    check: Callable[[Situation], None] | None = None,
    always_send: Iterable[str] = (),
) -> Report:
    """Make the object so. `also` is read in the same request, for `check`, which may raise before anything is written."""
    label = noun.label.format(identity=identity)
    rows = task.session.read(Query(noun.collection), *also)
    before = _find(noun, identity, rows[0])
    if before is None and not {"new"} & noun.verbs:
        before = _documented(task, noun, identity, label)
    values = {
        one.option: one.value(wanted.get(one.option)) for one in noun.fields if wanted.get(one.option) is not None
    }
    row = noun.row_identity(identity)
    if state == "absent":
        change, after = _removal(task, noun, identity, label, before, override), None
    elif before is None:
        after = {**_created(noun, row, values), **{one: noun.parameter_identity(identity) for one in noun.repeated}}
        change = _creation(task, noun, identity, label, values, after, override)
    else:
        changed = _differing(noun, values, before, frozenset(always_send), label)
        after = {**before, **{noun.field(name).property: noun.field(name).result(v) for name, v in changed.items()}}
        change = _setting(task, noun, identity, label, changed, before, override) if changed else None
    if check is not None:
        check(Situation(noun.shown(before), noun.shown(after), tuple(rows)))
    if change is None:
        return _report(noun, False, before, before)
    task.session.change(change)
    found = after if task.check_mode else _find(noun, identity, task.session.read(Query(noun.collection))[0])
    if not task.check_mode:
        _compare(task, noun, label, change, found, values)
    return _report(noun, True, before, found)


def _report(noun: Noun, changed: bool, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> Report:
    value = noun.shown(after)
    return Report(changed, {noun.collection: value}, before=noun.shown(before) or {}, after=value or {})


def _find(noun: Noun, identity: str, rows: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    name = collection(noun.collection).identity
    return next((row for row in rows if key(row.get(name)) == key(noun.row_identity(identity))), None)


def _documented(task: Task, noun: Noun, identity: str, label: str) -> dict[str, Any]:
    """An object that comes with the product: where the server has none yet, a dry run takes Microsoft's defaults."""
    if not task.check_mode:
        raise InvalidInput(
            f"{label} does not exist on the server that {task.context.host} asks, and no cmdlet creates it: see that the "
            "name is right and that the step that makes it was run."
        )
    row = {one.property: one.result(one.default) if one.known_default else UNKNOWN for one in noun.fields}
    return {collection(noun.collection).identity: noun.row_identity(identity), **row}


def _created(noun: Noun, row_identity: str, values: Mapping[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {collection(noun.collection).identity: row_identity}
    for one in noun.fields:
        if one.option in values:
            row[one.property] = one.result(values[one.option])
        else:
            row[one.property] = one.result(one.default) if one.known_default else UNKNOWN
    return row


def _differing(
    noun: Noun, values: Mapping[str, Any], before: Mapping[str, Any], always: frozenset[str], label: str
) -> dict[str, Any]:
    differing = {}
    for one in noun.fields:
        if one.option not in values:
            continue
        if one.secret:
            if one.option in always:
                differing[one.option] = values[one.option]
        elif not one.same(values[one.option], before.get(one.property)):
            if one.on_create_only:
                raise InvalidInput(
                    f"{label}: {one.option} is {one.read(before)!r} and cannot be changed to {values[one.option]!r} "
                    "afterwards. Remove the object and create it anew, if that is what you want."
                )
            differing[one.option] = values[one.option]
    return differing


def _parameters(noun: Noun, identity: str, more: Mapping[str, Any]) -> dict[str, Any]:
    return {"Identity": noun.parameter_identity(identity), **more, **noun.always}


def _creation(
    task: Task,
    noun: Noun,
    identity: str,
    label: str,
    values: Mapping[str, Any],
    after: Mapping[str, Any],
    override: str | None,
) -> Change:
    sent = {noun.field(name).name: noun.field(name).for_new(value) for name, value in values.items()}
    return Change(
        Cmdlet(f"New-{noun.noun}", _parameters(noun, identity, sent)),
        label,
        (task.session.effect(noun.collection, noun.row_identity(identity), _declared(noun, after)),),
        undo=(Cmdlet(f"Remove-{noun.noun}", _parameters(noun, identity, {})),) if "remove" in noun.verbs else (),
        override=override,
    )


def _setting(
    task: Task,
    noun: Noun,
    identity: str,
    label: str,
    changed: Mapping[str, Any],
    before: Mapping[str, Any],
    override: str | None,
) -> Change:
    fields = {name: noun.field(name) for name in changed}
    sent = {one.name: one.for_set(changed[name], before.get(one.property)) for name, one in fields.items()}
    back = {
        one.name: one.for_set(one.read(before), one.result(changed[name]))
        for name, one in fields.items()
        if one.can_restore(before.get(one.property))
    }
    known = {one.property: before.get(one.property) for one in fields.values() if not one.secret}
    return Change(
        Cmdlet(f"Set-{noun.noun}", _parameters(noun, identity, sent)),
        label,
        (
            task.session.effect(
                noun.collection,
                noun.row_identity(identity),
                {one.property: one.result(changed[name]) for name, one in fields.items() if not one.secret},
            ),
        ),
        before=known,
        undo=(Cmdlet(f"Set-{noun.noun}", _parameters(noun, identity, back)),) if back else (),
        conditional=any(value is UNKNOWN for value in known.values()),
        override=override,
    )


def _removal(
    task: Task, noun: Noun, identity: str, label: str, before: Mapping[str, Any] | None, override: str | None
) -> Change | None:
    if before is None:
        return None
    if "remove" not in noun.verbs:
        raise InvalidInput(f"{label} cannot be removed: it comes with the product.")
    kept = {one.name: one.for_new(one.read(before)) for one in noun.fields if one.worth_keeping(before)}
    return Change(
        Cmdlet(f"Remove-{noun.noun}", _parameters(noun, identity, {})),
        label,
        (task.session.effect(noun.collection, noun.row_identity(identity), None),),
        before=dict(before),
        undo=(Cmdlet(f"New-{noun.noun}", _parameters(noun, identity, kept)),) if "new" in noun.verbs else (),
        override=override,
    )


def _declared(noun: Noun, row: Mapping[str, Any]) -> dict[str, Any]:
    secret = {one.property for one in noun.fields if one.secret}
    return {name: value for name, value in row.items() if name not in secret}


def _compare(
    task: Task,
    noun: Noun,
    label: str,
    change: Change,
    found: Mapping[str, Any] | None,
    values: Mapping[str, Any],
) -> None:
    """The declared effect against what the server has now; where only a documented default differs, a warning does."""
    declared = change.effects[0].properties
    if declared is None or found is None:
        if (declared is None) != (found is None):
            raise Mismatch(
                f"{label} {'still exists' if found else 'does not exist'}, though the server reported success: see "
                "whether somebody else changes it, and run the task again."
            )
        return
    wrong = []
    for one in noun.fields:
        effect = declared.get(one.property, UNKNOWN)
        if effect is UNKNOWN or one.same(one.option_value(effect), found.get(one.property)):
            continue
        text = f"{one.option} is {one.read(found)!r} instead of {one.option_value(effect)!r}"
        if one.option in values:
            wrong.append(text)
        else:
            task.warn(f"{label}: {text}, which is the documented default. Set the option if it matters.")
    if wrong:
        raise Mismatch(
            f"{label} was changed without an error, but read again {'; '.join(wrong)}: see whether somebody else changes "
            "it, and run the task again."
        )
