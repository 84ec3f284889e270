# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The points of the window at which it is decided whether to go on: what has to be on record there, what is whole, the ways.

What is proved was put on record by the tasks that proved it. A point looks at the records, and at the name servers where the next
step depends on what they show now.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from .._engine.calls import Evidence
from .._engine.collections import ORGANISATION
from .._engine.errors import InvalidInput, MigrationError
from .._engine.facts import FRESH, MISSING, OLD, STALE
from .._engine.groups import EDGES, FRONT_ENDS
from .._engine.laws import FACTS, moment, require, touched_by
from .._engine.module import Report, Task
from .._settings.names import BadName, address, domain, fqdn, sip_uri
from . import window as ways
from .targets import Lookup
from .window import Window

POINTS = ("partners", "dialback", "swap", "stop", "complete")
SEEN, SETTLED, BY_NAME, CLOSED, OVER = "swap_seen", "swap_settled", "xmpp_by_name", "gateway_closed", "window_over"
IM, VANTAGE = "im_reached", "lync_vantage"
INTERVAL = 5

_FROM_OUTSIDE: tuple[tuple[str, tuple[str, ...]], ...] = (("certificate_names", (EDGES,)), ("xmpp_answers", ()))
#: What each point wants to see on record, of every member of the groups, or (no group) of the organisation.
NEEDS: Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "partners": (
        ("users_homed", ()), ("components", (FRONT_ENDS, EDGES)), ("xmpp_listening", (EDGES,)), ("certificate_names", (EDGES,)),
        ("replicated", (FRONT_ENDS, EDGES)),
    ),
    "dialback": (),
    "swap": (("partner_seen", (FRONT_ENDS, EDGES)), ("certificate_names", (EDGES,))),
    "stop": (),
    "complete": ((SETTLED, ()), (CLOSED, ())),
}  # fmt: skip


class NoGo(MigrationError):
    """A point of the window that may not be passed: what is missing, what is whole, the way forward and the way back."""

    kind = "no_go"

    def __init__(self, point: str, reasons: Sequence[str], ways: str) -> None:
        self.point, self.reasons, self.ways = point, list(reasons), ways
        super().__init__(f"No go ({point}): {' '.join(self.reasons)} {ways}")

    def facts(self) -> dict[str, Any]:
        return {"point": self.point, "reasons": self.reasons, "ways": self.ways}

    @classmethod
    def rebuild(cls, data: Mapping[str, Any]) -> NoGo:
        error = cls.restored(data)
        error.point, error.ways = str(data.get("point", "")), str(data.get("ways", ""))
        error.reasons = list(data.get("reasons") or ())
        return error


def window_of(params: Mapping[str, Any]) -> Window:
    """The declared window, every name of it checked."""
    _checked(domain, "domains", params["domains"])
    _checked(domain, "external_partners", params["external_partners"])
    _checked(domain, "dialback_partners", params["dialback_partners"])
    _checked(fqdn, "targets", params["targets"])
    _checked(fqdn, "gateway_fqdn", [params["gateway_fqdn"]] if params["gateway_fqdn"] else [])
    for option in ("ttl", "margin", "working"):
        if not 0 <= params[option] <= 604_800:
            raise InvalidInput(f"{option} is {params[option]} seconds, but is to be from 0 to 604800.")
    if not params["domains"] or not params["targets"]:
        raise InvalidInput("domains and targets are wanted: whose service records lead where.")
    twice = {_key(one) for one in params["external_partners"]} & {_key(one) for one in params["dialback_partners"]}
    if twice:
        raise InvalidInput(f"{', '.join(sorted(twice))} is both an EXTERNAL and a dialback partner: name it once.")
    return Window(
        [_key(one) for one in params["domains"]],
        _key(params["targets"][0]),
        params["external_partners"],
        params["dialback_partners"],
        params["ttl"],
        params["margin"],
        params["working"],
        params["gateway_fqdn"],
    )


def _checked(check: Callable[[str], object], option: str, values: Iterable[str]) -> None:
    for value in values:
        try:
            check(value)
        except BadName as exc:
            raise InvalidInput(f"{option}: {exc}") from exc


def _key(name: str) -> str:
    return str(name).casefold().rstrip(".")


# --- the plan


def plan(task: Task) -> Report:
    """The window before it opens: its timetable, the planned pause, and the earliest time of the swap."""
    window = window_of(task.params)
    earliest = {one: _earliest(task, one) for one in window.domains}
    known = [at for at in earliest.values() if at is not None]
    first = max(known).isoformat() if known and len(known) == len(earliest) else None
    value = {
        "pause": window.pause,
        "timetable": window.timetable(),
        "sentences": window.sentences(),
        "external_partners": list(window.external),
        "dialback_partners": list(window.dialback),
        "earliest_swap": first,
    }
    return Report(False, {"window": value})


def _earliest(task: Task, name: str) -> datetime | None:
    """From when on no resolver holds the record of a domain with its former lifetime, as it is on record for its zone."""
    labels = name.split(".")
    for zone in (".".join(labels[number:]) for number in range(len(labels))):
        found = task.facts.finding("ttl_lowered", zone, touched_by("ttl_lowered", zone))
        if found.status != MISSING:
            return moment(found.value)
    return None


# --- the points


def decide(
    task: Task, clock: Callable[[], float] | None = None, sleep: Callable[[float], None] | None = None
) -> Report:
    """Go on, or stop with what is missing and the ways."""
    window, point = window_of(task.params), task.params["point"]
    _checked(sip_uri, "users", task.params["users"])
    _checked(domain, "receivers", task.params["receivers"])
    _checked(sip_uri, "receivers", (f"sip:{one}" for one in task.params["receivers"].values()))
    _checked(address, "name_servers", [one["address"] for one in task.params["name_servers"]])
    doing = _Point(task, window, clock, sleep)
    reasons, evidence = doing.look(point)
    whole = {
        "partners": ways.BEFORE,
        "dialback": ways.after_partners(window),
        "swap": ways.before_swap(window),
        "stop": ways.after_swap(window),
        "complete": ways.after_stop(window),
    }[point]
    if reasons:
        raise NoGo(point, reasons, whole)
    if point == "complete" and not task.check_mode:
        _say(task, doing.unproved())
    value = {
        "point": point,
        "go": True,
        "asked_from": asked_from(task),
        "passed_before": doing.passed,
        "pause": window.pause,
        "ways": ways.complete(window) if point == "complete" else whole,
        "script": ways.test_script(window, task.params["users"], task.params["receivers"])
        if point == "complete"
        else [],
    }
    return Report(False, value, evidence=evidence)


def asked_from(task: Task) -> str:
    """The host outside that asked, or the controller in its place."""
    return next(iter(task.context.members(VANTAGE)), "controller")


def _say(task: Task, unproved: Sequence[str]) -> None:
    """What was not proved, or not by whom it should have been."""
    if asked_from(task) == "controller":
        task.warn(
            f"Nobody outside was asked, because the group {VANTAGE} has no host: that the new Edge answers and the old gateway refuses is what the "
            "controller sees."
        )
    if unproved:
        task.warn(
            f"No test message was seen to reach {', '.join(unproved)} (test_receiver of the partner): that messages leave is for the two people to say."
        )


class _Point:
    def __init__(
        self, task: Task, window: Window, clock: Callable[[], float] | None, sleep: Callable[[float], None] | None
    ) -> None:
        self.task, self.window, self.passed = task, window, False
        self.servers = [(str(one["address"]), int(one["port"])) for one in task.params["name_servers"]]
        self._clock, self._sleep = clock, sleep

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.task.journal.clock(), UTC)

    def look(self, point: str) -> tuple[list[str], list[Evidence]]:
        if point in ("partners", "dialback") and self._partners_are_there(point):
            self.passed = True
            return [], []
        if point == "swap" and not self.task.check_mode and not self._elsewhere():
            self.passed = True
            return [], []
        reasons = self._missing(NEEDS[point])
        if point == "dialback":
            reasons += self._missing(_FROM_OUTSIDE if self.window.external else ())
            reasons += self._missing((("partner_seen", (FRONT_ENDS, EDGES)),) if self.window.external else ())
            reasons += self._lifetimes() if self.window.dialback else []
            reasons += self._other_certificate("xmpp_answers") if self.window.external and not reasons else []
        if point == "swap" and self.window.external:
            # else nobody was there in whose name the Edge could be asked: it is asked right before the swap
            reasons += self._missing((("xmpp_answers", ()),))
            reasons += self._other_certificate("xmpp_answers") if not reasons else []
        if point == "stop":
            return self._settled()
        if point == "complete":
            reasons += require(self.task.facts, BY_NAME, self.window.domains, "The end of the window")
            reasons += self._other_certificate(BY_NAME) if not reasons else []
            value = {
                "domains": list(self.window.domains),
                "edge": self.window.edge,
                "gateway_closed": self.task.facts.finding(CLOSED, ORGANISATION).value,
                "asked_from": asked_from(self.task),
                "outbound_unproved": self.unproved(),
            }
            return reasons, [] if reasons else [Evidence(OVER, ORGANISATION, value=value)]
        return reasons, []

    def _missing(self, needs: Iterable[tuple[str, tuple[str, ...]]]) -> list[str]:
        reasons = []
        for fact, groups in needs:
            members = self.task.context.members(*groups) if groups else (ORGANISATION,)
            if not members:
                reasons.append(
                    f"The inventory has no host in {' and '.join(groups)}, so nothing proves that {FACTS[fact].that}."
                )
            reasons += require(self.task.facts, fact, members, "The next step of the window") if members else []
        return reasons

    def unproved(self) -> list[str]:
        """Partners that no test message was seen to reach: two people have to say so."""
        facts = self.task.facts
        return [
            one
            for one in (*self.window.external, *self.window.dialback)
            if facts.finding(IM, one, touched_by(IM, one)).status in (MISSING, STALE)
        ]

    def _partners_are_there(self, point: str) -> bool:
        """Whether every server was seen to have these partners, and none was changed since: then nothing is decided here."""
        wanted = {_key(one) for one in self.window.external}
        if point == "dialback" or not wanted:
            wanted |= {_key(one) for one in self.window.dialback}
        facts = self.task.facts
        members = facts.members(FRONT_ENDS, EDGES)
        for one in members:
            found = facts.finding("partner_seen", one, touched_by("partner_seen", one))
            value = found.value.get("partners") if isinstance(found.value, Mapping) else found.value
            if found.status in (MISSING, STALE) or not wanted <= {_key(name) for name in value or ()}:
                return False
        return bool(members)

    def _lifetimes(self) -> list[str]:
        """A dialback partner is created only where the swap can follow at once."""
        reasons = []
        for name in self.window.domains:
            earliest = _earliest(self.task, name)
            if earliest is None:
                reasons.append(
                    f"The lifetime of the service record of {name} is not on record as lowered, so the swap could not follow at once: run "
                    f"{ways.MIGRATE} with --tags dns_prepare."
                )
            elif earliest > self.now and not self.task.check_mode:
                reasons.append(
                    f"Resolvers may hold the service record of {name} with its former lifetime until "
                    f"{earliest.strftime('%Y-%m-%d %H:%M:%S UTC')}, so the swap could not follow at once."
                )
        return reasons

    def _other_certificate(self, fact: str) -> list[str]:
        """What answered with another certificate than the one that was assigned on an Edge for XMPP: then it is another server."""
        if self.task.check_mode:
            return []
        facts = self.task.facts
        thumbs = {facts.finding("certificate_names", one).digest.upper() for one in facts.members(EDGES)}
        shown_there: dict[str, Any] = {}
        for member in self.window.domains if fact == BY_NAME else (ORGANISATION,):
            value = facts.finding(fact, member).value
            shown_there.update((value.get("thumbprints") if isinstance(value, Mapping) else None) or {})
        if not thumbs or "" in thumbs:
            return []  # an Edge that no session reaches: its gate has looked at the certificate
        wrong = [
            f"{where} ({one or 'no certificate'})" for where, one in sorted(shown_there.items()) if one not in thumbs
        ]
        if not wrong:
            return []
        return [
            f"The certificate that was shown is not the one that was assigned by Set-CsCertificate ({', '.join(sorted(thumbs))}), "
            f"so another server answered: {', '.join(wrong)}. See where the address leads (NAT, load balancer, the old gateway)."
        ]

    # --- what the name servers show

    def _elsewhere(self) -> list[str]:
        """Where a name server does not lead to the new Edge."""
        targets = {_key(one) for one in self.task.params["targets"]}
        wrong = []
        asked: list[tuple[str, int] | None] = [*self.servers] or [None]
        for server in asked:
            lookup, where = (
                Lookup([server] if server else []),
                f"{server[0]}:{server[1]}" if server else "the controller's name server",
            )
            for name in self.window.domains:
                try:
                    found = {host for host, _port in lookup.services(name) or ()}
                except LookupError as exc:
                    wrong.append(f"{where}: {exc.args[0]}.")
                    continue
                if not found or not found <= targets:
                    wrong.append(
                        f"{where} leads {name} to {', '.join(sorted(found)) or 'nothing'}, not to {', '.join(sorted(targets))}."
                    )
        return wrong

    def _settled(self) -> tuple[list[str], list[Evidence]]:
        """Every name server leads to the new Edge, and has done so for the lifetime and the margin."""
        if self.task.check_mode:
            seen = [Evidence(SEEN, name, value={"since": self.now.isoformat()}) for name in self.window.domains]
            return [], [*seen, Evidence(SETTLED, ORGANISATION, value={"planned": True})]
        wrong = self._elsewhere()
        if wrong:
            return wrong, []
        seen = [self._since(name) for name in self.window.domains]
        latest = max(moment(one.value["since"]) or self.now for one in seen)
        until = ways.stop_at(latest, self.window.ttl, self.window.margin)
        left = (until - self.now).total_seconds()
        if left > self.task.params["wait_seconds"]:
            self._record(seen)
            return [
                f"The service records lead to the new Edge, but the old gateway goes on until {until.strftime('%Y-%m-%d %H:%M:%S UTC')} "
                f"({self.window.ttl} s lifetime and {self.window.margin} s margin after {latest.strftime('%H:%M:%S')}). Run this again then: it goes "
                "on from there."
            ], []
        if left > 0:
            self._record(seen)
            self._wait(until, left)
        value = {"since": latest.isoformat(), "until": until.isoformat()}
        return [], [*seen, Evidence(SETTLED, ORGANISATION, value=value)]

    def _since(self, name: str) -> Evidence:
        """When it was first seen so, as long as no record was changed since."""
        found = self.task.facts.finding(SEEN, name, touched_by(SEEN, name))
        known = found.value if isinstance(found.value, Mapping) and found.status in (FRESH, OLD) else {}
        same = known.get("targets") == sorted(self.task.params["targets"])
        since = known.get("since") if same and moment(known.get("since")) else self.now.isoformat()
        return Evidence(SEEN, name, value={"since": since, "targets": sorted(self.task.params["targets"])})

    def _record(self, evidence: Sequence[Evidence]) -> None:
        """At once, because the task may fail or wait long: it goes on from there the next time."""
        self.task.journal.evidence(evidence, self.task.context, check=False)

    def _wait(self, until: datetime, left: float) -> None:
        clock, sleep = self._clock or time.time, self._sleep or time.sleep
        end = clock() + left
        while (rest := end - clock()) > 0:
            sleep(min(rest, INTERVAL))
