# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is declared of the negotiation with each partner, against the strictest that will work with what answers today.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from .._engine.errors import InvalidInput, NotReady, one_line
from .._engine.module import Report, Task
from .._settings.names import BadName, address, domain, fqdn
from .answer import Answer, Rules
from .judge import advice_for, configured, partner_of
from .line import Deadline
from .negotiation import MATRIX, Triple, check_triple
from .pack import triple_of
from .probe import ask
from .stream import ERROR, Finding
from .targets import Lookup, targets_of
from .tls import Contexts, Identity

PORT = 5269
MOST_SECONDS = 600
MOST_BESIDE = 100
_VERDICTS = {"negotiation_not_strictest": "not_strictest", "negotiation_untried": "untried"}
_HEADS = ("PARTNER", "DECLARED", "RECOMMENDED", "VERDICT")


def run(task: Task, clock: Callable[[], float] = time.monotonic) -> Report:
    params = task.params
    partners = [_partner(one) for one in params["partners"]]
    if not 0 < params["seconds"] <= MOST_SECONDS:
        raise InvalidInput(f"seconds is {params['seconds']}, but is to be from 1 to {MOST_SECONDS}.")
    if not partners:
        return _report(task, [])
    rules = _rules(params)
    servers = [(_checked(address, "name_servers", one["address"]), one["port"]) for one in params["name_servers"]]
    lookup = Lookup(servers)
    deadline = lookup.deadline = Deadline(params["seconds"], clock)
    with ThreadPoolExecutor(min(MOST_BESIDE, len(partners))) as pool:
        asked = partial(_asked, lookup=lookup, rules=rules, deadline=deadline, params=params)
        return _report(task, list(pool.map(asked, partners)))


def _checked(check: Callable[[Any], str], option: str, value: Any) -> str:
    try:
        return check(value)
    except BadName as exc:
        raise InvalidInput(f"{option}: {exc}") from exc


def _partner(partner: Mapping[str, Any]) -> tuple[str, Triple, str | None]:
    name, triple = _checked(domain, "partners", partner.get("domain")), triple_of(partner)
    try:
        check_triple(*triple)
    except ValueError as exc:
        raise InvalidInput(f"XMPP partner {name}: {exc}") from exc
    proxy = partner.get("proxy_fqdn")
    return name, triple, _checked(fqdn, "proxy_fqdn", proxy) if proxy else None


def _rules(params: Mapping[str, Any]) -> Rules:
    for option in ("ca_file", "certificate", "key"):
        if params[option] is not None and not os.path.isfile(params[option]):
            raise InvalidInput(f"{option} {params[option]} is not there.")
    identity = None
    if params["certificate"] is not None:
        identity = Identity(params["certificate"], params["key"], params["key_passphrase"])
    sender = None if params["sender"] is None else _checked(domain, "sender", params["sender"])
    return Rules(Contexts(params["ca_file"], identity), sender, False, False, (), identity is not None, None, False)


def _asked(
    partner: tuple[str, Triple, str | None], lookup: Lookup, rules: Rules, deadline: Deadline, params: Mapping[str, Any]
) -> dict[str, Any]:
    name, triple, proxy = partner
    targets, found = targets_of([name], [proxy] if proxy else [], [], params["port"], lookup, params["allow_private"])
    answers = [ask(one, rules, deadline) for one in targets]
    return _row(name, triple, answers, found)


def _row(name: str, triple: Triple, answers: Sequence[Answer], found: Sequence[Finding]) -> dict[str, Any]:
    advice, verdict = advice_for(name, answers), MATRIX[triple]
    said = configured(name, answers, triple)
    if partner_of(answers) is None:
        why = next((one.reason for one in found if one.severity == ERROR), "")
        level, reason = "unknown", f"{advice.reason} {why}".strip()
    elif not said:
        level, reason = "as_recommended", advice.reason
    else:
        level = _VERDICTS.get(said[0].id, "impossible")
        reason = said[0].reason
    return {
        "domain": name,
        "declared": _shown(triple),
        "declared_level": verdict.level,
        "recommended": _shown(advice.triple) if advice.triple else None,
        "verdict": level,
        "reason": one_line(" ".join([reason, *verdict.warnings])),
    }


def _shown(triple: Triple) -> dict[str, Any]:
    return dict(zip(("tls_negotiation", "sasl_negotiation", "support_dialback_negotiation"), triple, strict=True))


def _report(task: Task, rows: Sequence[Mapping[str, Any]]) -> Report:
    for one in rows:
        if one["verdict"] != "as_recommended" or one["declared_level"] != "clean":
            task.warn(f"XMPP partner {one['domain']}: {one['reason']}")
    wrong = [one for one in rows if one["verdict"] == "impossible"]
    if wrong and task.params["fail_when_impossible"]:
        raise NotReady(" ".join(str(one["reason"]) for one in wrong))
    lines = table(rows)
    return Report(changed=False, value={"advice": list(rows), "table": lines, "say": lines})


def table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line for each partner, in columns: what is declared, what is recommended, and whether it is the same."""
    cells = [
        _HEADS,
        *((str(r["domain"]), _brief(r["declared"]), _brief(r["recommended"]), str(r["verdict"])) for r in rows),
    ]
    widths = [max(len(row[column]) for row in cells) for column in range(len(_HEADS))]
    told = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return told if rows else []


def _brief(triple: Mapping[str, Any] | None) -> str:
    if triple is None:
        return "-"
    tls, sasl, dialback = triple.values()
    return f"TLS {tls}, SASL {sasl}, dialback {'on' if dialback else 'off'}"
