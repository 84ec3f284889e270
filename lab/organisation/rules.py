# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's rules, read from ``lab/rules.yml``: what is simulated, where that is known from, and what a refusal says.

``refusal(world, "rule-id", target, field=...)`` makes the error a handler raises; the text is in the world's language,
so a client that reads texts instead of ids is caught.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ..powershell.errors import PSError

FILE = Path(__file__).resolve().parent.parent / "rules.yml"
LANGUAGES = ("en", "de", "ja")


@dataclass(frozen=True)
class Rule:
    id: str
    rule: str
    source: str | None = None
    switch: str | None = None
    error: dict[str, str] = field(default_factory=dict)  # id, category, type
    text: dict[str, str] = field(default_factory=dict)  # by language


@cache
def rules() -> dict[str, Rule]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    entries = yaml.load(FILE.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506  a safe loader, in C where it is
    found: dict[str, Rule] = {}
    for entry in entries:
        rule = Rule(**entry)
        if rule.id in found:
            raise ValueError(f"The rule {rule.id} is in {FILE.name} twice.")
        found[rule.id] = rule
    return found


def message(world: Any, rule_id: str, **fields: Any) -> str:
    """The text of a refusal or a warning, in the language of the lab's servers."""
    texts = rules()[rule_id].text
    return texts.get(world.language, texts["en"]).format(**fields)


def refusal(world: Any, rule_id: str, target: str = "", **fields: Any) -> PSError:
    error = rules()[rule_id].error
    return PSError(
        error.get("id", "ProcessingFailed"),
        error.get("category", "InvalidOperation"),
        error.get("type", "System.InvalidOperationException"),
        message(world, rule_id, target=target, **fields),
        target,
    )
