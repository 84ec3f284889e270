# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module xmpp_probe does: who is to be asked, asking until it is right or time is over, the verdict.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeAlias

from .._engine.calls import Evidence
from .._engine.collections import ORGANISATION
from .._engine.errors import InvalidInput, MigrationError
from .._engine.module import Report, Task
from .._settings.names import BadName, address, domain, shown
from .answer import Answer, Rules
from .dialback import Authoritative, self_signed
from .judge import advice_for, configured, table
from .line import Deadline
from .negotiation import check_triple
from .probe import ask
from .stream import ERROR, INFO, Finding
from .targets import Aims, Lookup, Target, aims_of, check_count
from .tls import Contexts, Identity

FACT = "xmpp_answers"
#: of each domain that was asked for by its service record
BY_NAME = "xmpp_by_name"
MAX_SECONDS = 600
AGAIN_SECONDS = 2.0
#: Conversations wait most of the time, so many go on beside each other.
MAX_BESIDE = 250
#: What a failed probe tells beside its sentence.
_TOLD = ("findings", "answers", "advice", "table")
#: An answer, and what the result tells of it.
Told: TypeAlias = tuple[Answer, dict[str, Any]]
_THUMBPRINT = re.compile(r"[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}")


class ProbeFailed(MigrationError):
    """Something is wrong with what answered, or nothing did."""

    kind = "probe_failed"

    def __init__(self, text: str, value: Mapping[str, Any]) -> None:
        super().__init__(text)
        self.value = dict(value)

    def facts(self) -> dict[str, Any]:
        return {name: self.value[name] for name in _TOLD}

    @classmethod
    def rebuild(cls, data: Mapping[str, Any]) -> ProbeFailed:
        error = cls.restored(data)
        error.value = {name: data.get(name) for name in _TOLD}
        return error


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
    triple = _triple(params["negotiation"])
    _check_listener(params["dialback_listen"], rules)
    addresses = _addresses(params["addresses"], "addresses")
    _addresses([one["address"] for one in params["name_servers"]], "name_servers")
    if task.check_mode:
        planned = {"ok": True, "answers": [], "findings": [], "advice": [], "table": []}
        if hosts or addresses:
            return Report(False, planned, evidence=[Evidence(FACT, ORGANISATION, value={"domains": domains})])
        return Report(False, planned, evidence=[Evidence(BY_NAME, name) for name in domains])
    lookup = Lookup([(one["address"], one["port"]) for one in params["name_servers"]])
    until = clock() + params["wait_seconds"]
    pool = ThreadPoolExecutor(min(MAX_BESIDE, max(4, len(domains) * 2)))
    try:
        while True:
            deadline = Deadline(params["seconds"], clock)
            with _listening(params["dialback_listen"], rules, deadline) as armed:
                aims, told = _asked(pool, domains, hosts, addresses, params, lookup, armed, deadline)
            answers = [answer for answer, _shown in told]
            findings = [one for aim in aims for one in aim.findings] + [
                one for answer in answers for one in answer.findings
            ]
            by_domain: dict[str, list[Answer]] = {name: [] for name in domains}
            for answer in answers:
                by_domain[answer.target.domain].append(answer)
            if triple is not None:
                findings += [one for name, own in by_domain.items() for one in configured(name, own, triple)]
            errors = [one for one in findings if one.severity == ERROR]
            if not errors or clock() >= until:
                break
            sleep(min(AGAIN_SECONDS, max(until - clock(), 0.05)))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # they have nothing left to do: to join hundreds of threads takes as long as a round trip
    value = {
        "ok": not errors,
        "answers": [one for _answer, one in told],
        "findings": [one.shown() for one in findings],
        "advice": [{"domain": name, **advice_for(name, own).shown()} for name, own in by_domain.items()],
        "table": table(answers),
    }
    if errors and params["fail_on_error"]:
        raise ProbeFailed(_sentence(errors), value)
    asked = (
        [_evidence(FACT, ORGANISATION, domains, answers)]
        if hosts or addresses
        else [_evidence(BY_NAME, name, [name], own) for name, own in by_domain.items()]
    )
    return Report(
        changed=False,
        value=value,
        evidence=[] if errors else asked,
        warnings=[one.reason for one in findings if one.severity != INFO],
    )


def _asked(
    pool: ThreadPoolExecutor,
    domains: Sequence[str],
    hosts: Sequence[str],
    addresses: Sequence[str],
    params: Mapping[str, Any],
    lookup: Lookup,
    rules: Rules,
    deadline: Deadline,
) -> tuple[list[Aims], list[Told]]:
    """All domains beside each other: as soon as one is looked up, its addresses are asked. Answers in the domains' order."""
    check_count(len(domains), "domains")
    lookup.deadline = deadline
    count = itertools.count(1)

    def answered(target: Target) -> Told:
        answer = ask(target, rules, deadline)
        return answer, answer.shown()  # now, while others are waited for

    def aimed(name: str) -> tuple[Aims, list[Told], list[Future[Told]]]:
        aims = aims_of(name, hosts, addresses, params["port"], lookup, params["allow_private"])
        for _target in aims.targets:
            check_count(next(count), "domains and addresses")
        others = [pool.submit(answered, target) for target in aims.targets[1:]]
        return aims, [answered(target) for target in aims.targets[:1]], others

    found = list(pool.map(aimed, domains))
    told = [one for _aims, first, others in found for one in (*first, *(other.result() for other in others))]
    return [aims for aims, _first, _others in found], told


def _check_listener(options: Mapping[str, Any] | None, rules: Rules) -> None:
    if not options:
        return
    if rules.sender is None:
        raise InvalidInput("dialback_listen needs sender: the domain whose authoritative server is to be listened as.")
    if _addresses([options["address"]], "dialback_listen")[0] in ("0.0.0.0", "::"):  # noqa: S104 - refused
        raise InvalidInput("dialback_listen: name the one address that the sender's service record leads to.")
    if not 0 <= options["port"] < 65536:
        raise InvalidInput(f"dialback_listen: port is {options['port']}, but is to be from 1 to 65535.")


@contextmanager
def _listening(options: Mapping[str, Any] | None, rules: Rules, deadline: Deadline) -> Iterator[Rules]:
    """While the rules last, the sender's authoritative server, where one is asked for."""
    if not options:
        yield rules
        return
    sender, where = str(rules.sender), _addresses([options["address"]], "dialback_listen")[0]
    tls = rules.contexts.listening() if rules.own_certificate else self_signed(sender)
    with Authoritative(where, options["port"], sender, deadline, tls, rules.own_certificate) as authoritative:
        yield replace(rules, authoritative=authoritative)


def _names(values: Sequence[str], option: str) -> list[str]:
    found = []
    for value in values:
        try:
            found.append(domain(value))
        except BadName as exc:
            raise InvalidInput(f"{option}: {exc}") from exc
    return list(dict.fromkeys(found))


def _rules(params: Mapping[str, Any]) -> Rules:
    for name in ("ca_file", "certificate", "key"):
        if params[name] is not None and not os.path.isfile(params[name]):
            raise InvalidInput(f"{name} {params[name]} is not there.")
    if (params["certificate"] is None) != (params["key"] is None):
        raise InvalidInput("certificate and key go together: give both.")
    sender = params["sender"]
    identity = None
    if params["certificate"] is not None:
        if not sender:
            raise InvalidInput("certificate needs sender: the domain that it is of.")
        identity = Identity(params["certificate"], params["key"], params["key_passphrase"])
    return Rules(
        Contexts(params["ca_file"], identity),
        _names([sender], "sender")[0] if sender else None,
        params["require_tls"],
        params["validate_certs"],
        _thumbprints(params["thumbprints"]),
        identity is not None,
        None,
        params["tls_versions"],
    )


def _triple(options: Mapping[str, Any] | None) -> tuple[str, str, bool] | None:
    if not options:
        return None
    triple = (
        str(options["tls_negotiation"]),
        str(options["sasl_negotiation"]),
        bool(options["support_dialback_negotiation"]),
    )
    check_triple(*triple)
    return triple


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
    said = list(dict.fromkeys(one.reason for one in errors))
    more = f" And {len(said) - 3} more." if len(said) > 3 else ""
    return " ".join(said[:3]) + more


def _evidence(fact: str, member: str, domains: Sequence[str], answers: Sequence[Answer]) -> Evidence:
    """Who answered for which domains: the addresses, and the certificates that they showed."""
    seen = sorted({(one.target.shown, one.certificate.sha256 if one.certificate else "") for one in answers})
    shown_there = {one.target.shown: one.certificate.sha1 if one.certificate else "" for one in answers}
    value = {"domains": list(domains), "answered": [list(one) for one in seen], "thumbprints": shown_there}
    return Evidence(fact, member, hashlib.sha256(json.dumps(value).encode()).hexdigest(), value)
