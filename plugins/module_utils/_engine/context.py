# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module knows of the run it belongs to: the action plugin tells it.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from .errors import StateError

VERSION = "0.1.0"
"""The collection's version, as journal entries carry it; a test compares it with galaxy.yml."""

_NOT_IN_JOURNAL = (
    "state_dir", "check", "sockets", "groups", "expected_computer_name", "plan", "plan_digest", "arguments",
)  # fmt: skip


@dataclass(frozen=True)
class Context:
    """One task of one run."""

    state_dir: str
    run: str
    host: str
    role: str = ""
    task: str = ""
    module: str = ""
    check: bool = False
    #: inventory name -> socket of the session that serves the host
    sockets: Mapping[str, str] = field(default_factory=dict)
    #: the inventory's groups with fixed names (lync_2013_edges, ...) -> inventory names
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    operator: str = ""
    controller: str = ""
    awx_job_id: str | None = None
    expected_computer_name: str | None = None
    #: of a real run: the run with --check whose plan was approved, and the digest that the operator gave
    plan: str = ""
    plan_digest: str = ""
    #: how the playbook was called, for the module that writes and compares plans
    arguments: Mapping[str, Any] = field(default_factory=dict)
    version: str = VERSION

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: object) -> Context:
        """Unknown keys are left alone: an action plugin may say more than a module asks."""
        if not isinstance(data, Mapping):
            raise StateError("The context of the run is not a table of values.")
        known = {one.name for one in fields(cls)}
        values = {name: value for name, value in data.items() if name in known}
        missing = [name for name in ("state_dir", "run", "host") if not isinstance(values.get(name), str)]
        if missing:
            raise StateError(f"The context of the run has no {missing[0]}.")
        values["groups"] = {str(name): tuple(members) for name, members in (values.get("groups") or {}).items()}
        values["sockets"] = dict(values.get("sockets") or {})
        values["arguments"] = dict(values.get("arguments") or {})
        values["check"] = bool(values.get("check"))
        return cls(**values)

    def for_journal(self) -> dict[str, Any]:
        """What every line of the journal says of who wrote it."""
        return {one.name: getattr(self, one.name) for one in fields(self) if one.name not in _NOT_IN_JOURNAL}

    def members(self, *groups: str) -> tuple[str, ...]:
        """The hosts of these groups, each once, in the inventory's order."""
        return tuple(dict.fromkeys(name for group in groups for name in self.groups.get(group, ())))
