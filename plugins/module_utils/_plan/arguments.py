# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a playbook was called: what a plan was made for, and where a later call differs from it.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

#: They say which plan is meant, so they are no part of one.
OWN = frozenset({"lync_migration_plan", "lync_migration_plan_digest"})
_SECRET = re.compile(r"pass|secret|key|token|pin|pfx", re.IGNORECASE)
_LISTS = {"tags": "--tags", "skip_tags": "--skip-tags"}


def kept(arguments: Mapping[str, Any], salt: str) -> dict[str, Any]:
    """What is stored of them. Of an extra variable it is no more than a keyed digest, of one that may be secret its name."""
    extra = {
        str(name): "" if _SECRET.search(str(name)) else _digest(value, salt)
        for name, value in (arguments.get("extra_vars") or {}).items()
        if name not in OWN
    }
    return {
        "limit": arguments.get("limit") or None,
        **{name: sorted(map(str, arguments.get(name) or ())) for name in _LISTS},
        "extra_vars": extra,
        "salt": salt,
    }


def _digest(value: Any, salt: str) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return hmac.new(salt.encode("ascii"), text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def differences(before: Mapping[str, Any], arguments: Mapping[str, Any]) -> Iterator[str]:
    now = kept(arguments, str(before["salt"]))
    if now["limit"] != before["limit"]:
        yield f"--limit was {before['limit'] or 'not given'} and is {now['limit'] or 'not given'}"
    for name, option in _LISTS.items():
        if now[name] != before[name]:
            was, this = (", ".join(one) or "not given" for one in (before[name], now[name]))
            yield f"{option} was {was} and is {this}"
    ours, theirs = before["extra_vars"], now["extra_vars"]
    for one in sorted({*ours, *theirs}):
        if one not in theirs:
            yield f"the extra variable {one} was given and is not"
        elif one not in ours:
            yield f"the extra variable {one} was not given and is"
        elif ours[one] != theirs[one]:
            yield f"the extra variable {one} has another value"


def settings_differ(before: Any, now: Any, where: str = "lync_migration") -> Iterator[str]:
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for name in sorted({*before, *now}, key=str):
            yield from settings_differ(before.get(name), now.get(name), f"{where}.{name}")
    elif before != now:
        yield f"{where} was {_text(before)} and is {_text(now)}"


def _text(value: Any) -> str:
    return "not set" if value is None else json.dumps(value, ensure_ascii=False, default=str)
