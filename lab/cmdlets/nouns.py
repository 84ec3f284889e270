# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nouns of the configuration store that all behave alike: Get, New, Set, Remove over rows of one kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..organisation.store import Snapshot
from ..powershell.values import Psobj
from . import Call
from .shared import fail, given, instance_identity, matching, merged, need_store, snapshot, stored_object

Defaults = Callable[[str], dict[str, Any]]
Check = Callable[[Call, str, Mapping[str, Any], bool], None]


def no_check(call: Call, identity: str, row: Mapping[str, Any], new: bool) -> None:
    """Nothing beside what binding has refused."""


@dataclass(frozen=True)
class Noun:
    kind: str
    type_name: str
    defaults: Defaults  # identity -> the row that New- makes without other parameters
    scopes: tuple[str, ...] = ("Global",)  # Global, Site, Tag; or "Key" for collections whose identity is a name
    check: Check = no_check
    key: str = "Identity"  # property that -Identity stands for, e.g. Domain
    secret: tuple[str, ...] = ()  # stored, never shown

    # --- identities
    def canonical(self, call: Call, text: str, state: Snapshot) -> str:
        """The identity as the store has it: scope prefix in its own spelling, a bare name is a per-user policy."""
        if "Key" in self.scopes:
            # source: [inf] the identity of an item below Global is its name, with or without the prefix
            return text.partition("/")[2] if text.casefold().startswith("global/") else text
        scope, _colon, name = text.rpartition(":")
        folded = scope.casefold()
        if folded == "" and name.casefold() == "global":
            return "Global"
        if folded == "site" and "Site" in self.scopes:
            site = state.topology.site(name)
            if site is None:
                raise fail(call, "no-such-site", name)
            return f"Site:{site.name}"
        if folded in ("", "tag") and "Tag" in self.scopes and name:
            return f"Tag:{name}"
        raise fail(call, "identity-invalid", text)

    def object(self, call: Call, identity: str, row: Mapping[str, Any]) -> Psobj:
        drop = (*self.secret, *(hidden_2010(self.kind) if call.computer.edition == "L10" else ()))
        return stored_object(self.type_name, identity, row, drop)

    # --- verbs
    def get(self, call: Call) -> Iterator[Psobj]:
        state = snapshot(call)
        rows = state.rows(self.kind)
        if "Identity" in call.p:
            identity = self.canonical(call, str(call.p["Identity"]), state)
            key = state.key(self.kind, identity)
            if key is None:
                raise fail(call, "item-not-found", identity)
            yield self.object(call, key, rows[key])
            return
        for identity in matching(str(call.p.get("Filter", "*")), rows):
            yield self.object(call, identity, rows[identity])

    def new(self, call: Call) -> Iterator[Psobj]:
        need_store(call)
        state = call.world.cms.current
        text = str(call.p[self.key] if self.key in call.p else call.p["Identity"])
        identity = self.canonical(call, text, state)
        row = self.defaults(identity)
        row = merged(row, given(call, [name for name in row if name != self.key] + list(self.secret)))
        if not call.p.get("InMemory"):
            if identity == "Global":
                raise fail(call, "global-exists", identity)
            if state.key(self.kind, identity) is not None:
                raise fail(call, "item-exists", identity)
        self.check(call, identity, row, True)
        if not call.p.get("InMemory"):
            if not call.should_process(identity, impact="Medium"):
                return
            call.world.put(self.kind, identity, row)
        yield self.object(call, identity, row)

    def set(self, call: Call) -> None:
        need_store(call)
        state = call.world.cms.current
        identity = self.canonical(call, instance_identity(call, "Global"), state)
        key = state.key(self.kind, identity)
        if key is None and "Instance" not in call.p:  # rule: instance-of-memory
            raise fail(call, "item-not-found", identity)
        old = self.defaults(identity) if key is None else state.rows(self.kind)[key]
        row = merged(old, given(call, [name for name in old if name != self.key] + list(self.secret)))
        self.check(call, key or identity, row, key is None)
        if call.should_process(identity, impact="Medium"):
            call.world.put(self.kind, key or identity, row)

    def remove(self, call: Call) -> None:
        need_store(call)
        state = call.world.cms.current
        identity = self.canonical(call, str(call.p["Identity"]), state)
        key = state.key(self.kind, identity)
        if key is None:
            raise fail(call, "item-not-found", identity)
        # source: [inf] whether Remove- prompts is not documented; a caller that is ready for it is on the safe side
        if not call.should_process(key, impact="High", force=True):
            return
        if key == "Global":
            # rule: remove-global-resets
            call.world.put(self.kind, key, self.defaults(key))
        else:
            call.world.remove(self.kind, key)


def hidden_2010(kind: str) -> tuple[str, ...]:
    """Properties that the cmdlets of Lync Server 2010 do not have."""
    return {"external_access_policy": ("EnableXmppAccess",)}.get(kind, ())
