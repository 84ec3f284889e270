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

from .calls import UNKNOWN, Change, Cmdlet, Effect, Irreversible, Query
from .collections import collection, key
from .errors import InvalidInput, Mismatch
from .fields import Field
from .module import Report, Task

__all__ = ["Field", "Noun", "Situation", "ensure", "removal"]

Row = dict[str, Any]


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
    #: identities that come with the product, in lower case: never created, never removed
    given: frozenset[str] = frozenset()
    #: properties that are no options, by which the laws judge a change
    judged_by: tuple[str, ...] = ()
    #: what the module's options call the identity
    identity_option: str = "identity"

    def field_of(self, option: str) -> Field:
        return next(one for one in self.fields if one.option == option)

    def shown(self, row: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """A row as the module's options."""
        if row is None:
            return None
        identity = row.get(collection(self.collection).identity)
        return {self.identity_option: identity, **{one.option: one.read(row) for one in self.fields if not one.secret}}

    def find(self, identity: str, rows: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
        name = collection(self.collection).identity
        return next((row for row in rows if key(row.get(name)) == key(self.row_identity(identity))), None)

    def new_row(self, identity: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """The row of an object with these options, and Microsoft's defaults for the others."""
        row: dict[str, Any] = {collection(self.collection).identity: self.row_identity(identity)}
        for one in self.fields:
            if one.option in values:
                row[one.property] = one.result(values[one.option])
            else:
                row[one.property] = one.result(one.default) if one.known_default else UNKNOWN
        return row


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
    on_create: Callable[[list[dict[str, Any]]], Mapping[str, Any]] | None = None,
    always_send: Iterable[str] = (),
    beside: Callable[[Situation], Iterable[Change]] | None = None,
) -> Report:
    """Make the object so.

    `also` is read in the same request, for `check`, which may raise before anything is written. `on_create` says, given
    the rows that are there, what a new object gets where `wanted` says nothing. `always_send` are secrets to set anew.
    `beside` are changes of other objects that belong to it: they go before it in the same request, so that the laws judge all
    of them before the first is made.
    """
    one = _Object(task, noun, identity, override)
    rows = task.session.read(Query(noun.collection), *also)
    before = one.before(rows[0], state)
    given = {name: value for name, value in wanted.items() if value is not None}
    if before is None and state == "present" and on_create is not None:
        given = {**on_create(rows[0]), **given}
    values = {each.option: each.value(given[each.option]) for each in noun.fields if each.option in given}
    change, after = one.planned(before, values, state, frozenset(always_send))
    situation = Situation(noun.shown(before), noun.shown(after), tuple(rows))
    if check is not None:
        check(situation)
    first = [] if beside is None else list(beside(situation))
    if change is None:
        task.session.change(*first)
        return _report(noun, bool(first), before, before)
    task.session.change(*first, change)
    if task.check_mode:
        return _report(noun, True, before, after)
    found = noun.find(identity, task.session.read(Query(noun.collection))[0])
    one.compare(change, found, values)
    return _report(noun, True, before, found)


def removal(task: Task, noun: Noun, row: Row, override: str | None = None) -> Change:
    """The change that removes an object, with the way back, for who makes it together with another one."""
    identity = str(row.get(collection(noun.collection).identity))
    return _Object(task, noun, identity, override).removal(row)


def _report(noun: Noun, changed: bool, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> Report:
    value = noun.shown(after)
    return Report(changed, {noun.collection: value}, before=noun.shown(before) or {}, after=value or {})


@dataclass(frozen=True)
class _Object:
    """One object of a noun, and the changes that can be made to it."""

    task: Task
    noun: Noun
    identity: str
    override: str | None

    @property
    def label(self) -> str:
        return self.noun.label.format(identity=self.identity)

    @property
    def _is_given(self) -> bool:
        return self.noun.row_identity(self.identity).casefold() in self.noun.given

    def before(self, rows: Iterable[Row], state: str) -> Row | None:
        """The object as it is. Of what comes with the product, a dry run takes Microsoft's defaults until it is there."""
        found = self.noun.find(self.identity, rows)
        if found is None and self._is_given and self.task.check_mode:
            return self.noun.new_row(self.identity, {})
        if found is None and state == "present" and (self._is_given or "new" not in self.noun.verbs):
            raise InvalidInput(
                f"{self.label} does not exist on the server that {self.task.context.host} asks, and this module does not "
                "create it: see that the name is right and that the step that makes it was run."
            )
        return found

    def planned(
        self, before: Row | None, values: Mapping[str, Any], state: str, always: frozenset[str]
    ) -> tuple[Change | None, Row | None]:
        """What is to be done, if anything, and the object after it."""
        if state == "absent":
            return (None if before is None else self.removal(before)), None
        if before is None:
            repeated = {one: self.noun.parameter_identity(self.identity) for one in self.noun.repeated}
            after = {**self.noun.new_row(self.identity, values), **repeated}
            return self._creation(values, after), after
        changed = self._differing(values, before, always)
        results = {self.noun.field_of(name).property: self.noun.field_of(name).result(v) for name, v in changed.items()}
        return (self._setting(changed, before) if changed else None), {**before, **results}

    def _differing(self, values: Mapping[str, Any], before: Row, always: frozenset[str]) -> dict[str, Any]:
        differing = {}
        for one in self.noun.fields:
            if one.option not in values:
                continue
            if one.secret:
                if one.option in always:
                    differing[one.option] = values[one.option]
            elif not one.same(values[one.option], before.get(one.property)):
                if one.on_create_only:
                    raise InvalidInput(
                        f"{self.label}: {one.option} is {one.read(before)!r} and cannot be changed to "
                        f"{values[one.option]!r} afterwards. Remove the object and create it anew, if that is wanted."
                    )
                differing[one.option] = values[one.option]
        return differing

    def _cmdlet(self, verb: str, more: Mapping[str, Any]) -> Cmdlet:
        identity = {"Identity": self.noun.parameter_identity(self.identity)}
        return Cmdlet(f"{verb}-{self.noun.noun}", {**identity, **more, **self.noun.always})

    def _effect(self, before: Row | None, properties: Mapping[str, Any] | None) -> tuple[Effect, ...]:
        """On the row under the name that the server has for it."""
        name = str(
            (before or {}).get(collection(self.noun.collection).identity) or self.noun.row_identity(self.identity)
        )
        if properties is not None:
            secret = {one.property for one in self.noun.fields if one.secret}
            properties = {one: value for one, value in properties.items() if one not in secret}
        return (self.task.session.effect(self.noun.collection, name, properties),)

    def _creation(self, values: Mapping[str, Any], after: Row) -> Change:
        sent = {
            self.noun.field_of(name).name: self.noun.field_of(name).for_new(value) for name, value in values.items()
        }
        return Change(
            self._cmdlet("New", sent),
            self.label,
            self._effect(None, after),
            conditional=any(value is UNKNOWN for value in sent.values()),
            undo=(self._cmdlet("Remove", {}),) if "remove" in self.noun.verbs else (),
            override=self.override,
        )

    def _setting(self, changed: Mapping[str, Any], before: Row) -> Change:
        fields = {name: self.noun.field_of(name) for name in changed}
        results = {one.property: one.result(changed[name]) for name, one in fields.items()}
        sent = {one.name: one.for_set(changed[name], before.get(one.property)) for name, one in fields.items()}
        back = {
            one.name: one.for_set(one.read(before), results[one.property])
            for one in fields.values()
            if one.can_restore(before.get(one.property))
        }
        known = {one.property: before.get(one.property) for one in fields.values() if not one.secret}
        judged = {one: before.get(one) for one in self.noun.judged_by}
        return Change(
            self._cmdlet("Set", sent),
            self.label,
            self._effect(before, results),
            before={**judged, **known},
            undo=(self._cmdlet("Set", back),) if back else Irreversible("what was there before was not readable"),
            conditional=any(value is UNKNOWN for value in known.values()),
            override=self.override,
        )

    def removal(self, before: Row) -> Change:
        if "remove" not in self.noun.verbs or self._is_given:
            raise InvalidInput(f"{self.label} cannot be removed: it comes with the product.")
        kept = {one.name: one.for_new(one.read(before)) for one in self.noun.fields if one.worth_keeping(before)}
        return Change(
            self._cmdlet("Remove", {}),
            self.label,
            self._effect(before, None),
            before=dict(before),
            undo=(self._cmdlet("New", kept),),
            override=self.override,
        )

    def compare(self, change: Change, found: Row | None, values: Mapping[str, Any]) -> None:
        """The declared effect against what the server has now; a documented default that is another only warns."""
        declared = change.effects[0].properties
        if declared is None or found is None:
            if (declared is None) != (found is None):
                raise Mismatch(
                    f"{self.label} {'still exists' if found else 'does not exist'}, though the server reported success: "
                    "see whether somebody else changes it, and run the task again."
                )
            return
        wrong = []
        for one in self.noun.fields:
            effect = declared.get(one.property, UNKNOWN)
            if effect is UNKNOWN or one.same(one.option_value(effect), found.get(one.property)):
                continue
            text = f"{one.option} is {one.read(found)!r} instead of {one.option_value(effect)!r}"
            if one.option in values:
                wrong.append(text)
            else:
                self.task.warn(f"{self.label}: {text}, the documented default. Set the option if it matters.")
        if wrong:
            raise Mismatch(
                f"{self.label} was changed without an error, but read again {'; '.join(wrong)}: see whether somebody else "
                "changes it, and run the task again."
            )
