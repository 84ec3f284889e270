# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a call that is about to be made is one that was planned.

What only a server makes (thumbprints, GUIDs, moments, the signature of a topology) was not known to the plan, so any value
of the same kind stands for it; what the plan marked unknown may be anything. Everything else has to be the same.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from .._topology.model import SKETCH
from .._topology.products import PLANNED_PROXY

UNKNOWN = {"$": "unknown"}
#: Parts of texts that a server makes. The longest form comes first.
SERVER_MADE = re.compile(
    r"(?P<guid>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
    r"|(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?)"
    r"|(?P<digest>\b(?:[0-9A-F]{40}|PLANNED-[0-9A-F]+)\b)"
    r"|(?P<stamp>\b\d{8}T\d{6}Z?\b)",
    re.IGNORECASE,
)
SIGNATURE = re.compile(r'(?<=\bSignature=")[^"]*')
#: A topology of which a plan knows no more than what was asked for stands for any.
SKETCHED = f'Signature="{SKETCH}"'
#: What Set-CsWebServer -InternalFqdn leaves in a topology: nobody has published how it is written there.
WRITTEN_BY_SERVER = re.compile(r'\s*<InternalSettings Host="[^"]*" ?/>')
#: Properties and parameters that only a server makes, whatever they look like.
SYMBOLS = frozenset({"Thumbprint", "SerialNumber", "Signature", "RequestId", "Length"})
#: Moments: two that were planned apart may be made at the same one, and the other way round.
MOMENTS = frozenset({"StartTime"})
#: What the lock of the migration says of the run that made it.
OF_THE_RUN = frozenset({"controller", "operator", "owner", "run", "time"})

_ANY = "\0"


def general(value: Any, name: str = "") -> Any:
    """The value with a mark for each part that a server makes; two values that only differ there become the same."""
    if name in SYMBOLS or name in MOMENTS:
        return None if value is None else _ANY
    if isinstance(value, Mapping):
        return {str(key): general(one, str(key)) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [general(one) for one in value]
    if isinstance(value, str):
        return _general_text(value)
    return value


def _general_text(text: str) -> str:
    lock = _lock(text)
    if lock is not None:
        return json.dumps({name: "" if name in OF_THE_RUN else value for name, value in lock.items()}, sort_keys=True)
    if SKETCHED in text:
        return _ANY
    text = WRITTEN_BY_SERVER.sub("", SIGNATURE.sub("", text))
    return SERVER_MADE.sub(_ANY, text.replace(PLANNED_PROXY, _ANY))


def _lock(text: str) -> Mapping[str, Any] | None:
    """The table of a migration's lock, where the text is one."""
    if not text.startswith("{"):
        return None
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, Mapping) and set(found) >= OF_THE_RUN else None


def general_call(call: Mapping[str, Any]) -> Any:
    """Of a file that is written only which: its length depends on what servers make, and it may take several calls."""
    if call.get("type") == "write":
        return {"type": "write", "path": general(call["path"])}
    return general(call)


def has_unknown(value: Any) -> bool:
    if value in (UNKNOWN, _ANY):
        return True
    if isinstance(value, Mapping):
        return any(has_unknown(one) for one in value.values())
    return isinstance(value, list) and any(has_unknown(one) for one in value)


def fits(planned: Any, made: Any) -> bool:
    """Both in their general form. What the plan did not know may be anything."""
    if planned in (UNKNOWN, _ANY):
        return True
    if isinstance(planned, Mapping) and isinstance(made, Mapping):
        return set(planned) == set(made) and all(fits(value, made[name]) for name, value in planned.items())
    if isinstance(planned, list) and isinstance(made, list):
        return len(planned) == len(made) and all(fits(one, other) for one, other in zip(planned, made, strict=True))
    return bool(planned == made) and type(planned) is type(made)
