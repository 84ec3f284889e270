# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DNS records as they were before the migration, in one conditional update for each zone.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from .._dns.domains import Zone
from .._dns.microsoft import MicrosoftRecordSets
from .._dns.options import servers_of, signer
from .._dns.record_set import TABLE, RecordSets
from .._dns.records import RecordSet, Step, Wanted, zone_name
from .._dns.sentences import text
from .._engine.calls import Change, Evidence
from .._engine.collections import ORGANISATION
from .._engine.errors import NotReady, StateError
from .._engine.laws import moment
from .._engine.module import Report, Task
from .._settings.options import SERVER
from .past import Done, decoded, left_alone, read

FACT = "dns_back"
#: Of the modules that bring DNS records back; documentation fragment _rollback.dns.
DNS_OPTIONS: dict[str, Any] = {
    "servers": {"type": "list", "elements": "dict", "default": [], "options": SERVER},
    "wait_seconds": {"type": "int", "default": 60},
    "margin": {"type": "int", "default": 60},
}
#: What the options of dns_record_set have that is not asked for here.
_UNASKED: Mapping[str, Any] = {
    "ttl_only": False, "until_expired": False, "override": (), "former_ttl": None, "verify_delegation": False,
    "parent_servers": (), "records": (), "zone": None, "domains": (), "zones": (),
}  # fmt: skip


def run(task: Task) -> Report:
    return _run(task, _Back)


def run_microsoft(task: Task) -> Report:
    return _run(task, _MicrosoftBack)


def _run(task: Task, kind: type[_Back] | type[_MicrosoftBack]) -> Report:
    servers_of(task.params["servers"])
    if "method" in task.params:
        signer(task.params, task.params["method"] == "manual")
    entries = read(task).touching(TABLE)
    if not entries:  # nothing led anywhere else, so nothing has to be waited for
        return Report(False, {"zones": [], "partners_back_at": None}, evidence=[_evidence(task, None)])
    task.params.update({name: value for name, value in _UNASKED.items() if name not in task.params})
    task.params["known"] = _known(entries)
    return kind(task).back()


Known = dict[str, dict[str, tuple[Wanted, list[RecordSet | None]]]]


def _known(entries: Sequence[Done]) -> Known:
    """Of each record set of each zone: what it was before all, and every form that it was given since."""
    found: Known = {}
    for entry in entries:
        for effect in entry.effects:
            if effect["collection"] != TABLE:
                continue
            identity, before = str(effect["identity"]), _before(entry, str(effect["identity"]))
            after = _record(identity, decoded(effect["properties"]))
            zone = _zone(entry, effect, before)
            sets = found.setdefault(zone, {})
            if identity not in sets:
                sets[identity] = (_wanted(identity, _record(identity, before)), [])
            sets[identity][1].append(after)
    return found


def _before(entry: Done, identity: str) -> Mapping[str, Any] | None:
    before = decoded(entry.before) if entry.before is not None else None
    records = before.get("records") if before else None
    found = records.get(identity) if isinstance(records, Mapping) else before
    return found if isinstance(found, Mapping) and found.get("Values") is not None else None


def _record(identity: str, row: Mapping[str, Any] | None) -> RecordSet | None:
    if row is None:
        return None
    name, _blank, kind = identity.rpartition(" ")
    try:
        return RecordSet(name, kind, int(row["Ttl"]), tuple(str(one) for one in row["Values"]))
    except (KeyError, TypeError, ValueError) as exc:
        raise StateError(
            f"The journal has the DNS record {identity} in no form that this collection writes. Nothing was rolled back."
        ) from exc


def _wanted(identity: str, record: RecordSet | None) -> Wanted:
    name, _blank, kind = identity.rpartition(" ")
    if record is None:
        return Wanted(name, kind, present=False)
    return Wanted(name, kind, ttl=record.ttl, values=record.values)


def _zone(entry: Done, effect: Mapping[str, Any], before: Mapping[str, Any] | None) -> str:
    for row in (effect.get("properties"), before, entry.parameters):
        named = (row or {}).get("Zone") or (row or {}).get("zone") or (row or {}).get("ZoneName")
        if named:
            return zone_name(str(named))
    raise StateError(
        f"Line {entry.line} of the journal does not say in which zone {effect['identity']} is. Nothing was rolled back."
    )


class _Way:
    """What both ways of changing records have in common."""

    task: Task
    zones: list[Zone]
    foreign: dict[str, str]

    def _asked(self) -> list[Zone]:
        self.foreign = {}
        known: Known = self.task.params["known"]
        return [Zone(zone, [wanted for wanted, _made in sets.values()]) for zone, sets in known.items()]

    def _alone(self, zone: Zone, found: Mapping[str, RecordSet | None]) -> None:
        known: Known = self.task.params["known"]
        for wanted in list(zone.wanted):
            record, made = found[wanted.identity], known[zone.zone][wanted.identity][1]
            before = (
                RecordSet(wanted.name, wanted.type, wanted.ttl or 0, wanted.values or ()) if wanted.present else None
            )
            if not any(_alike(record, one) for one in (before, *made)):
                self.foreign[wanted.identity] = f"is {text(record)} now"
                zone.wanted.remove(wanted)
        zone.before = {one.identity: found[one.identity] for one in zone.wanted}

    def back(self) -> Report:
        report: Report = self.ensure()  # type: ignore[attr-defined]
        left_alone(self.task, self.foreign)
        steps = [one for zone in self.zones for one in zone.steps]
        seconds = max((one.before.ttl for one in steps if _leads_elsewhere(one) and one.before), default=None)
        evidence = _evidence(self.task, seconds)
        earliest = moment(evidence.value)
        value = {
            "zones": [zone.zone for zone in self.zones],
            "partners_back_at": (evidence.value or {}).get("earliest"),
        }
        self.task.session.record(evidence)
        self._wait(earliest)
        return replace(report, value=value, evidence=[])

    def _wait(self, earliest: datetime | None) -> None:
        """The new Edge goes on serving whoever still asks it."""
        now: datetime = self.now  # type: ignore[attr-defined]
        if self.task.check_mode or earliest is None or earliest <= now:
            return
        if (earliest - now).total_seconds() > self.wait_seconds:  # type: ignore[attr-defined]
            raise NotReady(
                f"The DNS records are as they were before the migration, but resolvers may hold the new ones until "
                f"{earliest.strftime('%Y-%m-%d %H:%M:%S UTC')}. Run the playbook lync.xmpp_migration.rollback again then: it goes "
                "on from there."
            )
        self._wait_until(earliest)  # type: ignore[attr-defined]


def _alike(one: RecordSet | None, other: RecordSet | None) -> bool:
    return one is other or (one is not None and one.same_values(other))


def _leads_elsewhere(step: Step) -> bool:
    return step.before is not None and not step.before.same_values(step.after)


def _evidence(task: Task, seconds: int | None) -> Evidence:
    """From when on no resolver holds a record that leads to the new Edge. A run that finds all done keeps what was known."""
    at = datetime.fromtimestamp(task.journal.clock(), UTC)
    if seconds is None:
        known = task.facts.finding(FACT, ORGANISATION).value
        if isinstance(known, Mapping) and moment(known) is not None:
            return Evidence(FACT, ORGANISATION, value=dict(known))
    earliest = at + timedelta(seconds=(seconds or 0) + (task.params["margin"] if seconds else 0))
    return Evidence(FACT, ORGANISATION, value={"earliest": earliest.isoformat()})


class _Back(_Way, RecordSets):
    def _asked(self) -> list[Zone]:
        return _Way._asked(self)

    def _leave_alone(self, zone: Zone, found: Mapping[str, RecordSet | None]) -> None:
        self._alone(zone, found)

    def _change(self, zone: Zone) -> Change:
        made = super()._change(zone)
        return replace(made, before={**(made.before or {}), "Back": True})


class _MicrosoftBack(_Way, MicrosoftRecordSets):
    def _asked(self) -> list[Zone]:
        return _Way._asked(self)

    def _leave_alone(self, zone: Zone, found: Mapping[str, RecordSet | None]) -> None:
        self._alone(zone, found)

    def _changes(self, zone: Zone, part: Step) -> list[Change]:
        return [replace(one, before={**(one.before or {}), "Back": True}) for one in super()._changes(zone, part)]
