# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Record sets of a Microsoft DNS server through its own cmdlets, over the host's session.

The cmdlets know no prerequisite, so the record set is read again right before each change, and after it. A lifetime is
changed in place with a changed copy of the record object. Values are inside that object, where a copy cannot be changed:
the new record is added first, and the old one removed once the new one is there.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

from .._engine.calls import Change, Cmdlet, Result, Span
from .._engine.errors import (
    COMMAND_NOT_FOUND,
    CmdletFailed,
    InDoubt,
    InvalidInput,
    InvalidRequest,
    Mismatch,
    NoSession,
    RemoteError,
    one_line,
)
from .._engine.module import Report, Task
from .._engine.performer import Reply
from .._engine.session import Session
from .domains import Zone
from .options import servers_of
from .record_set import TABLE, RecordSets
from .records import RecordSet, Step, canonical
from .sentences import text
from .servers import DnsShell, plain, same

GET, ADD = "Get-DnsServerResourceRecord", "Add-DnsServerResourceRecord"
SET, REMOVE = "Set-DnsServerResourceRecord", "Remove-DnsServerResourceRecord"

#: Windows' own numbers (winerror.h); that they come as the id of the error is inferred from published transcripts.
NO_RECORD = frozenset({"WIN32 9714", "WIN32 9701"})  # DNS_ERROR_NAME_DOES_NOT_EXIST, DNS_ERROR_RECORD_DOES_NOT_EXIST
NO_ZONE = "WIN32 9601"

#: type -> the switch of Add-, and (parameter of Add-, property of RecordData) in the order of a zone file
FORMS: Mapping[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "A": ("A", (("IPv4Address", "IPv4Address"),)),
    "AAAA": ("AAAA", (("IPv6Address", "IPv6Address"),)),
    "CNAME": ("CName", (("HostNameAlias", "HostNameAlias"),)),
    "MX": ("MX", (("Preference", "Preference"), ("MailExchange", "MailExchange"))),
    "SRV": ("Srv", tuple((name, name) for name in ("Priority", "Weight", "Port", "DomainName"))),
    "TXT": ("Txt", (("DescriptiveText", "DescriptiveText"),)),
}
_SPAN = re.compile(r"(?:(\d+)\.)?(\d+):(\d+):(\d+)(?:\.\d+)?")


def run(task: Task) -> Report:
    return MicrosoftRecordSets(task).ensure()


def reading(zone: str, name: str, kind: str) -> Cmdlet:
    """The records of a name; -Node leaves out those of the names below it."""
    properties = ("HostName", "TimeToLive", *(f"RecordData.{one}" for _label, one in FORMS[kind][1]))
    parameters = {"ZoneName": zone, "Name": relative(zone, name), "RRType": kind, "Node": True}
    return Cmdlet(GET, parameters, properties, keep=True)


def relative(zone: str, name: str) -> str:
    return "@" if name == zone else name[: -len(zone) - 1]


def adding(zone: str, record: RecordSet, value: str) -> Cmdlet:
    switch, fields = FORMS[record.type]
    parts = [value.strip('"')] if record.type == "TXT" else value.split()
    given: dict[str, Any] = {
        parameter: int(part) if part.isdigit() and record.type in ("MX", "SRV") else part
        for (parameter, _property), part in zip(fields, parts, strict=True)
    }
    where = {"ZoneName": zone, "Name": relative(zone, record.name), switch: True}
    return Cmdlet(ADD, {**where, **given, "TimeToLive": _span(record.ttl), "Confirm": False})


def _span(seconds: int) -> Span:
    return Span(timedelta(seconds=seconds))


def records_of(zone: str, name: str, kind: str, rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, int] | None]:
    """Value and lifetime of each row in its place; None for those of another name."""
    fields = [f"RecordData.{one}" for _label, one in FORMS[kind][1]]
    found: list[tuple[str, int] | None] = []
    for row in rows:
        if str(row["HostName"]).casefold() != relative(zone, name):
            found.append(None)
            continue
        text = " ".join(str(row[field]) for field in fields)
        try:
            value = canonical(kind, text)
        except InvalidInput:
            value = text  # a value that we would not write may still stand there
        found.append((value, _seconds(row["TimeToLive"])))
    return found


def _seconds(text: object) -> int:
    found = _SPAN.fullmatch(str(text))
    if found is None:
        raise CmdletFailed(
            f"{GET} answered with {one_line(str(text), 40)!r} where the lifetime of a record was expected."
        )
    days, hours, minutes, seconds = (int(one or 0) for one in found.groups())
    return days * 86400 + hours * 3600 + minutes * 60 + seconds


def record_set(name: str, kind: str, found: Sequence[tuple[str, int] | None]) -> RecordSet | None:
    """Records of one set may have different lifetimes there: what resolvers keep longest counts."""
    own = [one for one in found if one is not None]
    if not own:
        return None
    return RecordSet(name, kind, max(ttl for _value, ttl in own), tuple(sorted({value for value, _ttl in own})))


class Reader:
    """The end of a local session that reads: the cmdlets' view first, then that of every name server that was named."""

    scope = "dns"
    hello: Mapping[str, Any] = {}

    def __init__(self, session: Callable[[], Session], host: str, servers: DnsShell | None) -> None:
        self._session, self.host, self.servers = session, host, servers

    @property
    def primary(self) -> Any:
        return self

    @property
    def shown(self) -> str:
        return self.host

    def request(self, calls: list[dict[str, Any]], seconds: float) -> Reply:
        for call in calls:
            if call["cmdlet"] not in ("dns.query", "dns.probe"):
                raise InvalidRequest(f"This end only reads, and was asked to do {call['cmdlet']!r}.")
        asked = [plain(call["parameters"]) for call in calls]
        names = [str(one["name"]).rpartition(" ") for one in asked]
        records = self.read_all(
            [(str(one["zone"]), name, kind) for one, (name, _blank, kind) in zip(asked, names, strict=True)]
        )
        probes = [call for call in calls if call["cmdlet"] == "dns.probe"]
        others = iter(self.servers.request(probes, seconds).rows if self.servers is not None and probes else ())
        reply = Reply([], [])
        for index, (call, parameters, record) in enumerate(zip(calls, asked, records, strict=True)):
            row = {"Identity": parameters["name"], "Zone": parameters["zone"], "Server": self.host, "Transport": ""}
            row |= {"Ttl": record.ttl, "Values": list(record.values)} if record else {}
            own = [[row.get(one) for one in call.get("properties") or ()]]
            if call["cmdlet"] == "dns.query":
                rows = own if record else []
            else:
                rows = own + next(others, [])
            reply.rows.append(rows)
            reply.ends.append({"call": index, "ok": True, "count": len(rows), "warnings": [], "errors": []})
        return reply

    def all_rows(self, wanted: Sequence[tuple[str, str, str]]) -> list[list[tuple[str, int] | None]]:
        """Value and lifetime of the records of many names, in one request."""
        answers = self._session().call(*(reading(*one) for one in wanted))
        found = []
        for one, answer in zip(wanted, answers, strict=True):
            errors: Sequence[RemoteError] = answer["errors"]
            if not answer["ok"] and not (errors and all(error.name in NO_RECORD for error in errors)):
                raise CmdletFailed(self._why(one[0], errors), tuple(errors))
            found.append(records_of(*one, answer["rows"]))
        return found

    def rows(self, zone: str, name: str, kind: str) -> list[tuple[str, int] | None]:
        return self.all_rows([(zone, name, kind)])[0]

    def read_all(self, wanted: Sequence[tuple[str, str, str]]) -> list[RecordSet | None]:
        try:
            found = self.all_rows(wanted)
        except NoSession:
            if self._session().check:
                return [None] * len(wanted)
            raise
        return [record_set(name, kind, rows) for (_zone, name, kind), rows in zip(wanted, found, strict=True)]

    def read(self, zone: str, name: str, kind: str) -> RecordSet | None:
        return self.read_all([(zone, name, kind)])[0]

    def _why(self, zone: str, errors: Sequence[RemoteError]) -> str:
        names = {one.name for one in errors}
        if COMMAND_NOT_FOUND in names:
            return (
                f"{self.host} does not know {GET}: name a host with the role DNS Server, or with its tools "
                "(RSAT-DNS-Server), on Windows Server 2012 or later."
            )
        if NO_ZONE in names:
            return f"{self.host} does not have the zone {zone}: name a DNS server that writes to it."
        return f"{GET} failed on {self.host}: {'; '.join(one.shown() for one in errors[:3]) or 'no error was given'}."


class MicrosoftRecordSets(RecordSets):
    """The same way as a dynamic update's; only reading and changing are the cmdlets'."""

    shell: Any

    def _connect(self) -> None:
        params = self.task.params
        self.manual = False
        found = servers_of(params["servers"])
        servers = DnsShell(found) if found else None
        self.shell = Reader(lambda: self.task.session, self.task.context.host, servers)
        self.session = self.task.local(self.shell, "dns")

    def _servers_shell(self) -> DnsShell | None:
        servers: DnsShell | None = self.shell.servers
        return servers

    # --- changing

    def _update(self, zone: Zone) -> None:
        for one in zone.steps:
            for part in parts(one):
                self._unchanged(part.before, one)
                for change in self._changes(zone, part):
                    self._send(zone, change, one, part)

    def _unchanged(self, before: RecordSet | None, made: Step) -> None:
        """What a prerequisite would do: somebody else's change wins, and is shown."""
        if self.task.check_mode:
            return
        record = made.record
        found = self.shell.read(made.zone, record.name, record.type)
        if not same(found, before):
            raise Mismatch(
                f"{made.identity} was changed by somebody else in the meantime, so nothing more was changed here: it was to "
                f"be {text(before)} and is {text(found)} now. See which of the two is meant, and run the task again."
            )

    def _changes(self, zone: Zone, part: Step) -> list[Change]:
        """The calls of one part; each finds its record by the place where it is read right before."""
        record = part.record
        effect = self.session.effect(TABLE, part.identity, self._properties(zone, part.after) if part.after else None)
        before = self._properties(zone, part.before) if part.before else None
        named = f"DNS record {part.identity}"

        def change(call: Cmdlet, undo: Any, *prepare: Cmdlet) -> Change:
            return Change(
                call,
                named,
                (effect,),
                before=before,
                undo=undo,
                prepare=prepare,
                override=self._override([part], named),
            )

        get = reading(zone.zone, record.name, record.type)
        had, has = set(part.before.values if part.before else ()), set(part.after.values if part.after else ())
        if has - had and part.after is not None:
            return [
                change(adding(zone.zone, part.after, value), (get, self._removal(zone, 0, 0)))
                for value in sorted(has - had)
            ]
        places = self._places(part)
        if had - has and part.before is not None:
            return [
                change(self._removal(zone, 0, place), (adding(zone.zone, part.before, value),), get)
                for value, place in reversed(places)
                if value not in has
            ]
        ttl = part.after.ttl if part.after else 0
        former = part.before.ttl if part.before else 0
        return [
            change(self._lifetime(zone, place, ttl), (get, self._lifetime(zone, place, former)), get)
            for _value, place in places
        ]

    def _places(self, part: Step) -> list[tuple[str, int]]:
        """Where the records stand in what Get- lists; in check mode as they would be listed if they were all alone."""
        record = part.record
        if self.task.check_mode:
            return [(value, place) for place, value in enumerate(part.before.values if part.before else ())]
        rows = self.shell.rows(part.zone, record.name, record.type)
        return [(one[0], place) for place, one in enumerate(rows) if one is not None]

    def _removal(self, zone: Zone, call: int, place: int) -> Cmdlet:
        return Cmdlet(
            REMOVE, {"ZoneName": zone.zone, "InputObject": Result(call, place), "Force": True, "Confirm": False}
        )

    def _lifetime(self, zone: Zone, place: int, ttl: int) -> Cmdlet:
        changed = Result(0, place, {"TimeToLive": _span(ttl)})
        return Cmdlet(
            SET,
            {"ZoneName": zone.zone, "OldInputObject": Result(0, place), "NewInputObject": changed, "Confirm": False},
        )

    def _send(self, zone: Zone, change: Change, made: Step, part: Step) -> None:
        """One request for each: a removal must never be made where the addition before it was not."""
        try:
            (outcome,) = self.task.session.change(change, tolerate=True)
        except InDoubt as exc:
            self._doubtful(zone, [part], exc.text)
            return
        if not outcome["ok"]:
            errors = tuple(outcome["errors"])
            found = self.shell.read(zone.zone, made.record.name, made.record.type)
            said = "; ".join(one.shown() for one in errors[:3]) or "no error was given"
            name = change.call.name if isinstance(change.call, Cmdlet) else ""
            raise CmdletFailed(
                f"{made.identity} was not changed as planned: {name} failed on {self.shell.host}: {said}. It is "
                f"{text(found)} now. See whether the account may change the zone {zone.zone}, and run the task again: it "
                "goes on from there.",
                errors,
            )


def parts(made: Step) -> list[Step]:
    """Add, then remove, then the lifetimes of what stays: nothing is ever missing in between.

    Only an alias cannot stand beside another one: it goes first.
    """
    before, after = made.before, made.after
    if before is None or after is None:
        return [made]
    kept = set(before.values) & set(after.values)
    states: list[RecordSet | None] = [before]
    if made.record.type == "CNAME" and not kept:
        states += [None, after]
    else:
        if set(after.values) - kept:
            both = tuple(sorted({*before.values, *after.values}))
            states.append(replace(before, values=both, ttl=max(before.ttl, after.ttl)))
        if set(before.values) - kept:
            last = states[-1] or before
            left = last.ttl if kept else after.ttl
            states.append(replace(last, values=tuple(sorted(after.values)), ttl=left))
        if (states[-1] or before).ttl != after.ttl:
            states.append(after)
    return [Step(made.zone, one, other) for one, other in pairwise(states)]
