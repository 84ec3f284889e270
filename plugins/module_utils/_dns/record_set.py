# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module dns_record_set does: read, compare, change conditionally, see it on every authoritative server.

Many zones go side by side: all are read and compared before the first is changed, each is changed by one update of its
own, and all are waited for together.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from .._engine.calls import Change, Cmdlet, Evidence, Query
from .._engine.errors import (
    CmdletFailed,
    InDoubt,
    InvalidInput,
    MigrationError,
    Mismatch,
    NeverRan,
    NotReady,
    StateError,
    Unreachable,
)
from .._engine.laws import moment
from .._engine.module import Report, Task
from .._engine.session import Session
from .._settings.names import shown
from . import sentences as say
from .delegation import checked, parents_of
from .domains import Zone, asked
from .lifetimes import DEFAULT_TTL, FACT, lowered, negative_ttl
from .options import servers_of, signer
from .records import (
    HAS_DNSPYTHON,
    RecordSet,
    Step,
    in_order,
    instruction,
    step,
    update_parameters,
)
from .report import result, shown_side
from .servers import DnsShell, same

TABLE = "dns_record_set"
PROBED = ("Server", "Transport", "Ttl", "Values", "Serial", "NegativeTtl")
#: Questions in one request.
AT_ONCE = 100
#: Where this goes wrong for one zone it would for the others too.
FOR_ALL = (NeverRan, Unreachable, StateError, InvalidInput)

Row = dict[str, Any]


def run(task: Task) -> Report:
    return RecordSets(task).ensure()


@dataclass
class RecordSets:
    task: Task

    def __post_init__(self) -> None:
        params = self.task.params
        if not HAS_DNSPYTHON:
            raise InvalidInput(
                "The Python package dnspython is not installed for the controller's ansible-playbook: "
                "install it with python3 -m pip install dnspython."
            )
        self.ttl_only = bool(params["ttl_only"])
        self.zones = self._asked()
        known = {one.identity.casefold() for zone in self.zones for one in zone.wanted}
        for override in params["override"]:
            if override.casefold() not in known:
                raise InvalidInput(
                    f"override names {shown(override)}, but the records are {say.listed(sorted(known))}: name one of them, or "
                    "leave it out."
                )
        self.overridden = {one.casefold() for one in params["override"]}
        self._connect()

    def _asked(self) -> list[Zone]:
        return asked(self.task.params)

    def _connect(self) -> None:
        params = self.task.params
        servers = servers_of(params["servers"])
        if not servers:
            raise InvalidInput(
                "servers names each authoritative name server by address and port, the primary one first."
            )
        self.manual = params["method"] == "manual"
        self.shell = DnsShell(
            servers, signer(params, self.manual), manual=self.manual, wait_seconds=float(params["wait_seconds"])
        )
        self.session: Session = self.task.local(self.shell, "dns")

    @property
    def wait_seconds(self) -> float:
        return float(self.task.params["wait_seconds"])

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.task.journal.clock(), UTC)

    # --- the way

    def ensure(self) -> Report:
        for zone in self.zones:
            self._check_delegation(zone)
        found = self._read(self.zones)
        for zone in self.zones:
            self._leave_alone(zone, found[zone.zone])
        self._agree()
        for zone in self.zones:
            default = min(negative_ttl(zone.rows) or DEFAULT_TTL, DEFAULT_TTL)
            steps = [step(zone.zone, zone.before[one.identity], one, default) for one in zone.wanted]
            zone.steps = in_order([one for one in steps if one is not None])
            zone.after = dict(zone.before)
        changed = [zone for zone in self.zones if zone.steps]
        self._await_lifetime(changed)
        if changed:
            self._make(changed)
            self._settle([zone for zone in changed if zone.trouble is None])
            self._verify([zone for zone in changed if zone.trouble is None])
        evidence = self._lifetimes() if self.ttl_only else []
        self._report_trouble(evidence)
        value = result(self.zones, self.now, manual=self.manual)
        if not self.task.check_mode:
            for text in say.moments(value):
                self.task.tell(text)
        if self.task.params["until_expired"]:
            self._await_expiry(evidence)
        return Report(
            changed=bool(changed),
            value=value,
            before=shown_side(self.zones, "before"),
            after=shown_side(self.zones, "after"),
            evidence=evidence,
        )

    def _check_delegation(self, zone: Zone) -> None:
        """Who resolvers are sent to has to be looked at: a server that nobody named would go on with the old records."""
        shell, params = self._servers_shell(), self.task.params
        if shell is None or not (params["verify_delegation"] or params["parent_servers"]):
            return
        parents = servers_of(params["parent_servers"])
        rows, wrong, missing = checked(zone.zone, parents or parents_of(zone.zone), shell.servers, shell.each())
        zone.delegation = rows
        for text in wrong:
            self.task.warn(text)
        if missing:
            raise NotReady(
                f"{', '.join(missing)} serves {zone.zone} too, because the zone above delegates to it, but is not among "
                "servers: name every address that resolvers ask, or have the delegation corrected."
            )

    def _servers_shell(self) -> DnsShell | None:
        return self.shell

    def _leave_alone(self, zone: Zone, found: Mapping[str, RecordSet | None]) -> None:
        """Go on without the record sets for which what was to be prepared has been done."""

        def left(identity: str) -> bool:
            record, done = found[identity], zone.done.get(identity)
            return record is None or done is None or not record.same_values(done)

        zone.wanted = [one for one in zone.wanted if left(one.identity)]
        zone.before = {one.identity: found[one.identity] for one in zone.wanted}

    # --- reading

    def _read(self, zones: Sequence[Zone]) -> dict[str, dict[str, RecordSet | None]]:
        """As the primary server has them; in check mode with what was planned."""
        found: dict[str, dict[str, RecordSet | None]] = {zone.zone: {} for zone in zones}
        wanted = [(zone, one) for zone in zones for one in zone.wanted]
        for start in range(0, len(wanted), AT_ONCE):
            some = wanted[start : start + AT_ONCE]
            answers = self.session.read(*(Query(TABLE, one.identity, {"zone": zone.zone}) for zone, one in some))
            for (zone, one), rows in zip(some, answers, strict=True):
                found[zone.zone][one.identity] = say.record(one, rows[0] if rows else None)
        return found

    def _probe(self, zones: Iterable[Zone]) -> None:
        """Every server by UDP and by TCP."""
        wanted = [(zone, one.identity) for zone in zones for one in zone.wanted]
        for start in range(0, len(wanted), AT_ONCE):
            some = wanted[start : start + AT_ONCE]
            calls = [Cmdlet("dns.probe", {"zone": zone.zone, "name": name}, PROBED) for zone, name in some]
            for (zone, name), answer in zip(some, self.session.call(*calls), strict=True):
                zone.probed[name] = [dict(row) for row in answer["rows"]]

    def _agree(self) -> None:
        """All servers have to show the same before anything is changed; secondaries get the time that they need."""
        self._probe(self.zones)
        apart = [zone for zone in self.zones if say.apart(zone.wanted, zone.probed)]
        if apart and self.task.check_mode:
            for zone in apart:
                self.task.warn(say.apart(zone.wanted, zone.probed))
        elif apart:

            def agreed() -> bool:
                self._probe(apart)
                apart[:] = [zone for zone in apart if say.apart(zone.wanted, zone.probed)]
                return not apart

            self._polled(agreed)
            if apart:
                said = " ".join(say.apart(zone.wanted, zone.probed) for zone in apart[: say.SHOWN])
                raise NotReady(f"{said} Wait until they agree.")

    def _polled(self, probe: Callable[[], bool]) -> None:
        """Until it is so, or time is over."""

        def quiet() -> bool:
            try:
                return probe()
            except Unreachable:
                return False

        try:
            self.session.wait(quiet, self.wait_seconds, 1.0)
        except NotReady:
            pass

    # --- changing

    def _await_lifetime(self, zones: Sequence[Zone]) -> None:
        """Where an old lifetime runs out within the time that the task may take, wait for it; else the laws refuse."""
        swapped = [zone for zone in zones if any(self._waits(one) for one in zone.steps)]
        if self.task.check_mode or not swapped:
            return
        facts = self.task.facts
        moments = [moment(facts.finding(FACT, zone.zone).value) for zone in swapped]
        now = self.now
        due = [one for one in moments if one is not None and 0 < (one - now).total_seconds() <= self.wait_seconds]
        if due:
            self._wait_until(max(due))

    def _waits(self, one: Step) -> bool:
        swap = one.before is not None and not one.before.same_values(one.after)
        return swap and one.identity.casefold() not in self.overridden

    def _wait_until(self, earliest: datetime) -> None:
        left = (earliest - self.now).total_seconds()
        if left > 0:
            self.session.wait(lambda: self.now >= earliest, left + 2, min(left + 0.05, 5))

    def _make(self, zones: Sequence[Zone]) -> None:
        """One update for all of a zone: it is made whole, or not at all. A zone where it is not keeps no other from its own."""
        if self.manual:
            self._have_made(zones)
            return
        for zone in zones:
            try:
                self._update(zone)
            except FOR_ALL as exc:
                zone.trouble = exc
                return self._left_out(zones)
            except MigrationError as exc:
                zone.trouble = exc

    def _left_out(self, zones: Sequence[Zone]) -> None:
        """What nobody tried: what went wrong would go wrong there too."""
        tried = False
        for zone in zones:
            if tried:
                zone.trouble = NeverRan(f"{zone.zone} was not tried.")
            tried = tried or isinstance(zone.trouble, FOR_ALL)

    def _update(self, zone: Zone) -> None:
        try:
            (outcome,) = self.session.change(self._change(zone), tolerate=True)
        except InDoubt as exc:
            self._doubtful(zone, zone.steps, exc.text)
            return
        if not outcome["ok"]:
            self._failed(zone, outcome["errors"])

    def _have_made(self, zones: Sequence[Zone]) -> None:
        """By somebody's hand: all is said before it is waited for, and waited for together."""
        if not self.task.check_mode:
            for text in [instruction(one) for zone in zones for one in zone.steps]:
                self.task.tell(text)
        outcomes = self.session.change(*(self._change(zone) for zone in zones), tolerate=True)
        left = [zone for zone, outcome in zip(zones, outcomes, strict=True) if not outcome["ok"]]
        for zone in left:
            zone.trouble = NotReady(" ".join(instruction(one) for one in zone.steps))
        if left and left[0].trouble is not None:
            left[0].trouble.text += (
                f" Every authoritative server has to show it; after {self.wait_seconds:g} s not all of them do. Run the task "
                "again when it is done: it goes on from there."
            )

    def _change(self, zone: Zone) -> Change:
        made = zone.steps
        before = {one.identity: self._properties(zone, one.before) for one in made if one.before is not None}
        (first,) = before.values() if len(made) == 1 and before else (None,)
        named = f"DNS record {say.named(made)}"
        return Change(
            Cmdlet("dns.update", update_parameters(made)),
            named,
            tuple(
                self.session.effect(TABLE, one.identity, self._properties(zone, one.after) if one.after else None)
                for one in made
            ),
            before=first if len(made) == 1 else {"records": before},
            undo=(Cmdlet("dns.update", update_parameters([one.back for one in reversed(made)])),),
            override=self._override(made, named),
        )

    def _override(self, made: Sequence[Step], named: str) -> str | None:
        """The record of this change that the operator named; where he named all that are swapped, the change as a whole."""
        mine = [one.identity for one in made if one.identity.casefold() in self.overridden]
        return mine[0] if len(mine) == 1 else named if mine and len(mine) == len(made) else None

    def _properties(self, zone: Zone, record: RecordSet) -> dict[str, Any]:
        return {"Identity": record.identity, "Zone": zone.zone, "Ttl": record.ttl, "Values": list(record.values)}

    def _doubtful(self, zone: Zone, made: Sequence[Step], why: str) -> None:
        """The update is not sent again: what the server shows now decides."""
        now, name = self._read([zone])[zone.zone], say.named(made)
        if all(same(now[one.identity], one.after) for one in made):
            said = f"The update of {name} was made, though its answer proved nothing: {why}"
            self.session.note(said)
            self.task.warn(said)
            return
        found = "; ".join(f"{one.identity} is {say.text(now[one.identity])}" for one in made)
        if all(same(now[one.identity], one.before) for one in made):
            raise Mismatch(
                f"{name} was not changed: {why} It still is as before: {found}. See to the key and the server, and run the "
                "task again: it reads first."
            )
        raise Mismatch(f"{found} now, which nobody here asked for: {why} Look before going on.")

    def _failed(self, zone: Zone, errors: Sequence[Any]) -> None:
        made, name = zone.steps, errors[0].name if errors else ""
        if name in say.OVERTAKEN:
            raise say.overtaken(made, self._read([zone])[zone.zone])
        why = say.UPDATE_CODES.get(name, "see whether this server takes updates of the zone {zone}")
        raise CmdletFailed(
            f"{say.named(made)} was not changed: {self.shell.primary.shown} answered {name}, because "
            f"{why.format(zone=zone.zone)}.",
            tuple(errors),
        )

    # --- seeing it

    def _settle(self, zones: Sequence[Zone]) -> None:
        """Wait until every authoritative server shows the changes."""
        late = list(zones)
        if self.task.check_mode or not late:
            return

        def settled() -> bool:
            self._probe(late)
            late[:] = [zone for zone in late if say.behind(zone.steps, zone.probed)]
            return not late

        self._polled(settled)
        for zone in late:
            zone.trouble = NotReady(
                f"The change was made, but after {self.wait_seconds:g} s not every authoritative server shows it: "
                f"{'; '.join(say.behind(zone.steps, zone.probed)) or 'one does not answer'}. See to the transfer of the zone, "
                "and run the task again."
            )

    def _verify(self, zones: Sequence[Zone]) -> None:
        """Read once more after all: an update that somebody replays must not pass for ours."""
        found = self._read(zones)
        for zone in zones:
            zone.after = found[zone.zone]
            for one in () if self.task.check_mode else zone.steps:
                if not same(zone.after[one.identity], one.after):
                    zone.trouble = Mismatch(
                        f"{one.identity} was changed without an error, but is {say.text(zone.after[one.identity])} when read "
                        f"again instead of {say.text(one.after)}: see who else changes it."
                    )

    def _report_trouble(self, evidence: Sequence[Evidence]) -> None:
        """What went wrong in some zones, and that it went right in others."""
        wrong = [zone for zone in self.zones if zone.trouble is not None]
        if not wrong:
            return
        if evidence:
            self.session.record(*evidence)
        raise say.together(
            [(zone.zone, zone.trouble) for zone in wrong if zone.trouble],
            [zone.zone for zone in self.zones if zone.steps and zone.trouble is None],
        )

    # --- lifetimes

    def _lifetimes(self) -> list[Evidence]:
        """From when on no resolver holds a record with its old lifetime, for each zone that was brought to its end."""
        facts, now = self.task.facts, self.now
        for zone in self.zones:
            if zone.wanted and zone.trouble is None:
                known = facts.finding(FACT, zone.zone).value
                zone.evidence = lowered(
                    zone.zone, zone.steps, zone.before, zone.after, known, now, partial(self._former, zone)
                )
        return [zone.evidence for zone in self.zones if zone.evidence is not None]

    def _former(self, zone: Zone, name: str, record: RecordSet | None) -> int:
        """The lifetime that resolvers may still hold for a record that nobody here has lowered."""
        if record is None:
            return negative_ttl(zone.rows) or DEFAULT_TTL
        former = self.task.params["former_ttl"]
        if former is None:
            self.task.warn(
                f"The TTL of {name} was {record.ttl} already when it was first read here. If it was lowered by hand not "
                "long ago, give its former value as former_ttl."
            )
        return max(record.ttl, former or 0)

    def _await_expiry(self, evidence: Sequence[Evidence]) -> None:
        """Go on only when no resolver can hold a record with its former lifetime; what was found is on record before."""
        moments = [one for one in (moment(each.value) for each in evidence) if one is not None]
        if not moments or self.task.check_mode:
            return
        earliest = max(moments)
        if (earliest - self.now).total_seconds() > self.wait_seconds:
            self.session.record(*evidence)
            raise NotReady(
                f"The lifetimes in {say.listed([one.zone for one in self.zones])} are lowered, but resolvers may hold a record "
                f"with its former one until {earliest.strftime('%Y-%m-%d %H:%M:%S UTC')}. Run this again then: it goes on from "
                "there."
            )
        self._wait_until(earliest)
