# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module dns_record_set does: read, compare, change conditionally, see it on every authoritative server.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .._engine.calls import Change, Cmdlet, Evidence, Query
from .._engine.errors import CmdletFailed, InDoubt, InvalidInput, Mismatch, NotReady, Unreachable
from .._engine.laws import moment
from .._engine.module import Report, Task
from .._engine.session import Session
from .._settings.names import shown
from .delegation import checked, parents_of
from .options import left_alone, servers_of, signer
from .records import (
    HAS_DNSPYTHON,
    RecordSet,
    Step,
    Wanted,
    earliest_cutover,
    in_order,
    instruction,
    shown_sets,
    step,
    update_parameters,
    wanted_sets,
    zone_name,
)
from .servers import UPDATE_CODES, DnsShell, same

TABLE = "dns_record_set"
FACT = "ttl_lowered"
DEFAULT_TTL = 3600
PROBED = ("Server", "Transport", "Ttl", "Values", "Serial", "NegativeTtl")
#: Codes that say: what was found before is no longer there.
OVERTAKEN = frozenset({"NXRRSET", "YXRRSET", "NXDOMAIN", "YXDOMAIN"})

Probed = list[dict[str, Any]]


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
        self.zone = zone_name(params["zone"])
        self.ttl_only = bool(params["ttl_only"])
        self.wanted = wanted_sets(self.zone, params["records"], self.ttl_only)
        if not self.wanted:
            raise InvalidInput("records is empty: name the records that are meant.")
        self.done = left_alone(self.zone, self.wanted, params["unless_values"])
        override = params["override"]
        if override is not None and override.casefold() not in {one.identity.casefold() for one in self.wanted}:
            raise InvalidInput(
                f"override names {shown(override)}, but the records are {', '.join(one.identity for one in self.wanted)}: name "
                "one of them, or leave it out."
            )
        self._connect()

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
        self._check_delegation()
        before = self._left(self._read())
        probed = self._agreed(before)
        default = min(self._negative_ttl(probed) or DEFAULT_TTL, DEFAULT_TTL)
        steps = [step(self.zone, before[one.identity], one, default) for one in self.wanted]
        made = in_order([one for one in steps if one is not None])
        self._await_lifetime(made)
        if made:
            self._make(made)
            probed = self._settled({one.identity: one.after for one in made})
        after = self._read() if made else before
        self._verify(made, after)
        evidence = self._lifetimes(made, before, after, probed) if self.ttl_only and self.wanted else []
        if self.task.params["until_expired"]:
            self._await_expiry(evidence)
        return Report(
            changed=bool(made),
            value=self._value(made, after, probed, evidence),
            before=shown_sets(self.zone, list(before.values())),
            after=shown_sets(self.zone, list(after.values())),
            evidence=evidence,
        )

    def _check_delegation(self) -> None:
        """Who resolvers are sent to has to be looked at: a server that nobody named would go on with the old records."""
        self.delegation: list[dict[str, Any]] = []
        shell, params = self._servers_shell(), self.task.params
        if shell is None or not (params["verify_delegation"] or params["parent_servers"]):
            return
        parents = servers_of(params["parent_servers"])
        rows, wrong, missing = checked(self.zone, parents or parents_of(self.zone), shell.servers, shell.each())
        self.delegation = rows
        for text in wrong:
            self.task.warn(text)
        if missing:
            raise NotReady(
                f"{', '.join(missing)} serves {self.zone} too, because the zone above delegates to it, but is not among "
                "servers: name every address that resolvers ask, or have the delegation corrected."
            )

    def _servers_shell(self) -> DnsShell | None:
        return self.shell

    def _value(
        self, made: Sequence[Step], after: Mapping[str, RecordSet | None], probed: Probed, evidence: Sequence[Evidence]
    ) -> dict[str, Any]:
        replaced = [one.before.ttl for one in made if one.before is not None]
        settled = earliest_cutover(self.now, max(replaced)).isoformat() if replaced else None
        return {
            **shown_sets(self.zone, list(after.values())),
            "servers": [
                {
                    "server": one["Server"],
                    "serial": one["Serial"],
                    "transports": self._transports(one["Server"], probed),
                }
                for one in {row["Server"]: row for row in probed}.values()
            ],
            "delegation": self.delegation,
            "earliest_cutover": evidence[0].value["earliest"] if evidence else None,
            "old_record_gone_at": settled,
            "instructions": [instruction(one) for one in made] if self.manual else [],
        }

    @staticmethod
    def _transports(server: str, probed: Probed) -> list[str]:
        return list(dict.fromkeys(row["Transport"] for row in probed if row["Server"] == server and row["Transport"]))

    def _left(self, before: Mapping[str, RecordSet | None]) -> dict[str, RecordSet | None]:
        """Without the record sets for which what was to be prepared has been done."""

        def left(one: Wanted) -> bool:
            found, done = before[one.identity], self.done.get(one.identity)
            return found is None or done is None or not found.same_values(done)

        self.wanted = [one for one in self.wanted if left(one)]
        return {one.identity: before[one.identity] for one in self.wanted}

    def _await_expiry(self, evidence: Sequence[Evidence]) -> None:
        """Go on only when no resolver can hold a record with its former lifetime; what was found is on record before."""
        earliest = moment(evidence[0].value) if evidence else None
        if earliest is None or self.task.check_mode:
            return
        left = (earliest - self.now).total_seconds()
        if left > self.wait_seconds:
            self.session.record(*evidence)
            raise NotReady(
                f"The lifetimes in {self.zone} are lowered, but resolvers may hold a record with its former one until "
                f"{earliest.strftime('%Y-%m-%d %H:%M:%S UTC')}. Run this again then: it goes on from there."
            )
        if left > 0:
            self.session.wait(lambda: self.now >= earliest, left + 2, min(left + 0.05, 5))

    # --- reading

    def _read(self) -> dict[str, RecordSet | None]:
        """As the primary server has them; in check mode with what was planned."""
        queries = [Query(TABLE, one.identity, {"zone": self.zone}) for one in self.wanted]
        found: dict[str, RecordSet | None] = {}
        for one, rows in zip(self.wanted, self.session.read(*queries), strict=True):
            found[one.identity] = (
                RecordSet(one.name, one.type, int(rows[0]["Ttl"]), tuple(sorted(rows[0]["Values"]))) if rows else None
            )
        return found

    def _probe(self, identity: str) -> Probed:
        call = Cmdlet("dns.probe", {"zone": self.zone, "name": identity}, PROBED)
        (answer,) = self.session.call(call)
        return [dict(row) for row in answer["rows"]]

    def _agreed(self, before: Mapping[str, RecordSet | None]) -> Probed:
        """All servers have to show the same before anything is changed; secondaries get the time that they need."""
        probed = [row for one in self.wanted for row in self._probe(one.identity)]
        apart = self._apart(before)
        if apart and self.task.check_mode:
            self.task.warn(apart)
        elif apart:
            self._polled(lambda: not self._apart(before), lambda: f"{self._apart(before)} Wait until they agree.")
        return probed

    def _apart(self, before: Mapping[str, RecordSet | None]) -> str:
        for one in self.wanted:
            rows = self._probe(one.identity)
            for row in rows[1:]:
                if not same(_record(one, rows[0]), _record(one, row)):
                    return f"{_where(row)} shows {_shown(row)} for {one.identity}, but {_where(rows[0])} {_shown(rows[0])}."
        return ""

    @staticmethod
    def _negative_ttl(probed: Probed) -> int | None:
        """The longest that any server tells: a resolver may have asked that one."""
        return max((int(row["NegativeTtl"]) for row in probed if row["NegativeTtl"] is not None), default=None)

    def _polled(self, probe: Callable[[], bool], sentence: Callable[[], str]) -> None:
        def quiet() -> bool:
            try:
                return probe()
            except Unreachable:
                return False

        try:
            self.session.wait(quiet, self.wait_seconds, 1.0)
        except NotReady:
            raise NotReady(sentence()) from None

    # --- changing

    def _await_lifetime(self, made: Sequence[Step]) -> None:
        """Where the old lifetime runs out within the time that the task may take, wait for it; else the laws refuse."""
        swaps = [one for one in made if one.before is not None and not one.before.same_values(one.after)]
        if self.task.check_mode or not swaps:
            return
        earliest = moment(self.task.facts.finding(FACT, self.zone).value)
        left = (earliest - self.now).total_seconds() if earliest else 0
        if earliest is not None and 0 < left <= self.wait_seconds:
            self.session.wait(lambda: self.now >= earliest, left + 2, min(left + 0.05, 5))

    def _make(self, made: Sequence[Step]) -> None:
        """One update for all of the zone: it is made whole, or not at all."""
        try:
            (outcome,) = self.session.change(self._change(made), tolerate=True)
        except InDoubt as exc:
            self._doubtful(made, exc.text)
            return
        if not outcome["ok"]:
            self._failed(made, outcome["errors"])

    def _change(self, made: Sequence[Step]) -> Change:
        before = {one.identity: self._properties(one.before) for one in made if one.before is not None}
        (first,) = before.values() if len(made) == 1 and before else (None,)
        return Change(
            Cmdlet("dns.update", update_parameters(made)),
            f"DNS record {_named(made)}",
            tuple(
                self.session.effect(TABLE, one.identity, self._properties(one.after) if one.after else None)
                for one in made
            ),
            before=first if len(made) == 1 else {"records": before},
            undo=(Cmdlet("dns.update", update_parameters([one.back for one in reversed(made)])),),
            override=self.task.params["override"],
        )

    def _properties(self, record: RecordSet) -> dict[str, Any]:
        return {"Identity": record.identity, "Zone": self.zone, "Ttl": record.ttl, "Values": list(record.values)}

    def _doubtful(self, made: Sequence[Step], why: str) -> None:
        """The update is not sent again: what the server shows now decides."""
        now, name = self._read(), _named(made)
        if all(same(now[one.identity], one.after) for one in made):
            said = f"The update of {name} was made, though its answer proved nothing: {why}"
            self.session.note(said)
            self.task.warn(said)
            return
        found = "; ".join(f"{one.identity} is {_text(now[one.identity])}" for one in made)
        if all(same(now[one.identity], one.before) for one in made):
            raise Mismatch(
                f"{name} was not changed: {why} It still is as before: {found}. See to the key and the server, and run the "
                "task again: it reads first."
            )
        raise Mismatch(f"{found} now, which nobody here asked for: {why} Look before going on.")

    def _failed(self, made: Sequence[Step], errors: Sequence[Any]) -> None:
        error = errors[0] if errors else None
        name = error.name if error else ""
        if name == "NotDoneYet":
            raise NotReady(
                f"{' '.join(instruction(one) for one in made)} Every authoritative server has to show it; after "
                f"{self.wait_seconds:g} s not all of them do. Run the task again when it is done: it goes on from there."
            )
        if name in OVERTAKEN:
            now = self._read()
            apart = [one for one in made if not same(now[one.identity], one.before)] or list(made)
            found = "; ".join(
                f"{one.identity} was {_text(one.before)} and is {_text(now[one.identity])} now" for one in apart
            )
            raise Mismatch(
                f"{_named(made)} was changed by somebody else in the meantime, so nothing was changed here: {found}. See "
                "which of the two is meant, and run the task again."
            )
        why = UPDATE_CODES.get(name, "see whether this server takes updates of the zone {zone}").format(zone=self.zone)
        raise CmdletFailed(
            f"{_named(made)} was not changed: {self.shell.primary.shown} answered {name}, because {why}.", tuple(errors)
        )

    # --- seeing it

    def _settled(self, wanted: Mapping[str, RecordSet | None]) -> Probed:
        """Wait until every authoritative server shows the change."""
        last: Probed = []

        def behind() -> list[str]:
            last.clear()
            late = []
            for one in self.wanted:
                if one.identity in wanted:
                    rows = self._probe(one.identity)
                    last.extend(rows)
                    late += [
                        f"{_where(row)} shows {_shown(row)} for {one.identity}"
                        for row in rows
                        if not same(_record(one, row), wanted[one.identity])
                    ]
            return late

        if self.task.check_mode:
            return last
        self._polled(
            lambda: not behind(),
            lambda: (
                f"The change was made, but after {self.wait_seconds:g} s not every authoritative server shows it: "
                f"{'; '.join(behind())}. See to the transfer of the zone, and run the task again."
            ),
        )
        return last

    def _verify(self, made: Sequence[Step], after: Mapping[str, RecordSet | None]) -> None:
        """Read once more after all: an update that somebody replays must not pass for ours."""
        if self.task.check_mode:
            return
        for one in made:
            if not same(after[one.identity], one.after):
                raise Mismatch(
                    f"{one.identity} was changed without an error, but is {_text(after[one.identity])} when read again "
                    f"instead of {_text(one.after)}: see who else changes it."
                )

    # --- lifetimes

    def _lifetimes(
        self,
        made: Sequence[Step],
        before: Mapping[str, RecordSet | None],
        after: Mapping[str, RecordSet | None],
        probed: Probed,
    ) -> list[Evidence]:
        """From when on no resolver holds a record with its old lifetime; nothing where a lifetime was raised."""
        if any(one.before and one.after and one.after.ttl > one.before.ttl for one in made):
            return []
        known = self.task.facts.finding(FACT, self.zone).value
        known = known if isinstance(known, Mapping) else {}
        changed = {one.identity for one in made}
        records = {name: record.ttl if record else None for name, record in after.items()}
        was = known.get("records") or {}
        if not made and any(ttl is not None and was.get(name, ttl) < ttl for name, ttl in records.items()):
            return []  # raised again since
        earliest = self.now
        for name, record in before.items():
            if name in changed and record is not None:
                earliest = max(earliest, earliest_cutover(self.now, record.ttl))
            elif name in was and was[name] == records[name] and moment(known) is not None:
                earliest = max(earliest, moment(known) or earliest)
            else:
                earliest = max(earliest, earliest_cutover(self.now, self._former(name, record, probed)))
        value = {"earliest": earliest.isoformat(), "records": records}
        digest = hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
        return [Evidence(FACT, self.zone, digest, value)]

    def _former(self, name: str, record: RecordSet | None, probed: Probed) -> int:
        """The lifetime that resolvers may still hold for a record that nobody here has lowered."""
        if record is None:
            return self._negative_ttl(probed) or DEFAULT_TTL
        former = self.task.params["former_ttl"]
        if former is None:
            self.task.warn(
                f"The TTL of {name} was {record.ttl} already when it was first read here. If it was lowered by hand not "
                "long ago, give its former value as former_ttl."
            )
        return max(record.ttl, former or 0)


def _named(made: Sequence[Step]) -> str:
    return " and ".join(one.identity for one in made)


def _record(wanted: Wanted, row: Mapping[str, Any]) -> RecordSet | None:
    if row["Ttl"] is None:
        return None
    return RecordSet(wanted.name, wanted.type, int(row["Ttl"]), tuple(sorted(row["Values"])))


def _where(row: Mapping[str, Any]) -> str:
    return f"{row['Server']} by {row['Transport']}" if row["Transport"] else str(row["Server"])


def _shown(row: Mapping[str, Any]) -> str:
    return "nothing" if row["Ttl"] is None else f"{' and '.join(row['Values'])} (TTL {row['Ttl']})"


def _text(record: RecordSet | None) -> str:
    return "not there" if record is None else f"{' and '.join(record.values)} (TTL {record.ttl})"
