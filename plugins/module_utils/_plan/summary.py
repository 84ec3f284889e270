# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan does, for somebody who has to approve it: by step, with what cannot be undone and what hands have to do.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .approved import ANYWHERE, name_of

STEPS: Mapping[str, tuple[int, str]] = {
    "preflight": (0, "Preflight"),
    "pool_deploy": (1, "Deploy the Lync Server 2013 pool"),
    "edge_deploy": (2, "Deploy the Edge Server"),
    "user_move": (3, "Move the users"),
    "xmpp_access": (4, "XMPP access policies and Edge certificates"),
    "federation_enable": (5, "Enable XMPP federation"),
    "dns_update": (6, "Update DNS"),
    "coexistence": (7, "Coexistence with Skype for Business Server 2019"),
    "rollback": (8, "Roll back"),
}
OTHER = (9, "Others")
#: Users that a summary names.
NAMED = 20


def step_of(role: str) -> tuple[int, str]:
    return STEPS.get(role.rpartition(".")[2], OTHER)


def summary(entries: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """From the lines of a plan. Users are counted, and some are named."""
    steps: dict[tuple[int, str], dict[str, Any]] = {}
    targets: dict[str, int] = {}
    named: list[str] = []
    touched: set[str] = set()
    open_ended = False
    irreversible: dict[tuple[str, str], None] = {}
    gates: dict[str, Mapping[str, Any]] = {}
    earliest: list[str] = []
    for entry in entries:
        kind = entry["kind"]
        if kind == "note" and entry.get("gate"):
            gates[str(entry["gate"])] = {
                "gate": entry["gate"],
                "what": entry["text"],
                "steps": list(entry.get("steps") or ()),
            }
        if kind == "evidence" and entry.get("fact") == "ttl_lowered" and isinstance(entry.get("value"), Mapping):
            earliest.append(str(entry["value"].get("earliest")))
        if kind != "intent":
            continue
        step = steps.setdefault(
            step_of(str(entry["role"])), {"hosts": {}, "changes": 0, "conditional": 0, "calls": {}, "objects": {}}
        )
        name = name_of(entry["call"])
        touched.update(str(one["identity"]) for one in entry.get("effects") or () if one["collection"] == "user")
        step["hosts"][entry["host"]] = None
        step["changes"] += 1
        step["conditional"] += bool(entry.get("conditional"))
        step["calls"][name] = step["calls"].get(name, 0) + 1
        if name in ANYWHERE:
            target = str((entry["call"].get("parameters") or {}).get("Target"))
            targets[target] = targets.get(target, 0) + 1
            open_ended = open_ended or bool(entry.get("conditional"))
            if len(named) < NAMED:
                named.append(str(entry["object"]))
        else:
            step["objects"][entry["object"]] = None
        undo = entry.get("undo")
        if isinstance(undo, Mapping) and undo.get("irreversible"):
            irreversible[entry["object"], str(undo["irreversible"])] = None
    return {
        "steps": [
            {"step": number, "title": title, **one, "hosts": list(one["hosts"]), "objects": list(one["objects"])}
            for (number, title), one in sorted(steps.items())
        ],
        "users": {
            "touched": len(touched),
            "moved": sum(targets.values()),
            "targets": targets,
            "named": named,
            "open_ended": open_ended,
        },
        "irreversible": [{"object": one, "why": why} for one, why in irreversible],
        "gates": list(gates.values()),
        "earliest_cutover": max(earliest, default=None),
    }
