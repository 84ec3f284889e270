# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module xmpp_probe does: who is to be asked, asking until it is right or time is over, the verdict.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ._calls import Evidence
from ._collections import ORGANISATION
from ._errors import InvalidInput, MigrationError
from ._module import Report, Task
from ._names import BadName, address, domain, shown
from ._xmpp import ERROR, Finding
from ._xmpp_probe import Answer, Deadline, Rules, ask
from ._xmpp_targets import Lookup, targets_of

FACT = "xmpp_answers"
MAX_SECONDS = 600
AGAIN_SECONDS = 2.0
_THUMBPRINT = re.compile(r"[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}")


class ProbeFailed(MigrationError):
    """Something is wrong with what answered, or nothing did."""

    kind = "probe_failed"

    def __init__(self, text: str, findings: Sequence[Finding] = (), answers: Sequence[Answer] = ()) -> None:
        super().__init__(text)
        self.findings, self.answers = tuple(findings), tuple(answers)

    def facts(self) -> dict[str, Any]:
        return {
            "findings": [one.shown() for one in self.findings],
            "answers": [one.shown() for one in self.answers],
        }


def run(task: Task, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep) -> Report:
    params = task.params
    domains = _names(params["domains"], "domains")
    hosts = _names(params["hosts"], "hosts")
    if not domains:
        raise InvalidInput("domains is empty: name the XMPP domains that are to be answered for.")
    if not 0 < params["port"] < 65536:
        raise InvalidInput(f"port is {params['port']}, but is to be from 1 to 65535.")
    if not 0 < params["seconds"] <= MAX_SECONDS or not 0 <= params["wait_seconds"] <= MAX_SECONDS:
        raise InvalidInput(f"seconds and wait_seconds are to be at most {MAX_SECONDS}.")
    rules = _rules(params)
    addresses = _addresses(params["addresses"], "addresses")
    _addresses([one["address"] for one in params["name_servers"]], "name_servers")
    if task.check_mode:
        planned = {"ok": True, "answers": [], "findings": []}
        return Report(False, planned, evidence=[Evidence(FACT, ORGANISATION, value={"domains": domains})])
    lookup = Lookup([(one["address"], one["port"]) for one in params["name_servers"]])
    until = clock() + params["wait_seconds"]
    while True:
        deadline = Deadline(params["seconds"], clock)
        targets, findings = targets_of(domains, hosts, addresses, params["port"], lookup, params["allow_private"])
        answers = [ask(target, rules, deadline) for target in targets]
        findings += [one for answer in answers for one in answer.findings]
        errors = [one for one in findings if one.severity == ERROR]
        if not errors or clock() >= until:
            break
        sleep(min(AGAIN_SECONDS, max(until - clock(), 0.05)))
    if errors and params["fail_on_error"]:
        raise ProbeFailed(_sentence(errors), findings, answers)
    aimed = bool(hosts or addresses)
    return Report(
        changed=False,
        value={
            "ok": not errors,
            "answers": [one.shown() for one in answers],
            "findings": [one.shown() for one in findings],
        },
        evidence=[_evidence(domains, answers)] if aimed and not errors else [],
        warnings=[one.text for one in findings if one.severity != "info"],
    )


def _names(values: Sequence[str], option: str) -> list[str]:
    found = []
    for value in values:
        try:
            found.append(domain(value))
        except BadName as exc:
            raise InvalidInput(f"{option}: {exc}") from exc
    return list(dict.fromkeys(found))


def _rules(params: Mapping[str, Any]) -> Rules:
    ca_file = params["ca_file"]
    if ca_file is not None and not os.path.isfile(ca_file):
        raise InvalidInput(f"ca_file {ca_file} is not there.")
    sender = params["sender"]
    return Rules(
        _names([sender], "sender")[0] if sender else None,
        params["require_tls"],
        params["validate_certs"],
        ca_file,
        _thumbprints(params["thumbprints"]),
    )


def _thumbprints(texts: Sequence[str]) -> tuple[str, ...]:
    for text in texts:
        if not _THUMBPRINT.fullmatch(text.replace(" ", "")):
            raise InvalidInput(
                f"thumbprints: 40 or 64 hexadecimal digits are wanted, as Lync shows a thumbprint, but {shown(text)} is none."
            )
    return tuple(texts)


def _addresses(texts: Sequence[str], option: str) -> list[str]:
    try:
        return [address(str(text).strip()) for text in texts]
    except BadName as exc:
        raise InvalidInput(f"{option}: {exc}") from exc


def _sentence(errors: Sequence[Finding]) -> str:
    said = list(dict.fromkeys(one.text for one in errors))
    more = f" And {len(said) - 3} more." if len(said) > 3 else ""
    return " ".join(said[:3]) + more


def _evidence(domains: Sequence[str], answers: Sequence[Answer]) -> Evidence:
    """Who answered for which domains: the addresses, and the certificates that they showed."""
    seen = sorted({(one.target.shown, one.certificate.sha256 if one.certificate else "") for one in answers})
    value = {"domains": list(domains), "answered": [list(one) for one in seen]}
    return Evidence(FACT, ORGANISATION, hashlib.sha256(json.dumps(value).encode()).hexdigest(), value)
