# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Doubles for unit tests: servers whose answers are dictionaries, behind the real Session, Performer, laws and journal.

    bench = Bench(tmp_path, Estate())
    bench.prove("users_homed")
    result = bench.run(xmpp_partner, {"domain": "fabrikam.test"})
    bench.estate.rows["xmpp_partner"], bench.writes, bench.journal()

A FakeShell is what a session daemon's Shell is to a Performer, so whole modules run in one process and nothing that
guards or journals is left out.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.lync.xmpp_migration.lab.organisation.filters import ldap
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine import laws
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import Evidence, evidence_from_json
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.collections import (
    COLLECTIONS,
    Collection,
    key,
)
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.context import Context
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.files import parse
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.journal import Journal, entries
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import perform
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.overlay import Overlay
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.performer import (
    NoShell,
    Performer,
    Reply,
    full_name,
)
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.session import DirectTransport, Session

Row = dict[str, Any]
Rows = dict[str, Row]

GROUPS = {
    "lync_2013_front_ends": ("fe2013",),
    "lync_2013_edges": ("edge2013",),
    "lync_legacy_front_ends": ("pool2010",),
    "lync_legacy_edges": ("edge2010",),
    "lync_legacy_gateway": ("xmppgw",),
}

#: The run that has made the baseline, without which nothing outside of the new hosts is changed.
BEFORE = "before"

#: Attributes that an LDAP filter may name.
LDAP = {"msrtcsip-primaryuseraddress": "SipAddress", "displayname": "DisplayName"}

DEFAULTS: dict[str, Row] = {
    "xmpp_partner": {
        "AdditionalDomains": [],
        "PartnerType": "PublicUnverified",
        "TlsNegotiation": "Required",
        "SaslNegotiation": "Required",
        "SupportDialbackNegotiation": True,
        "EnableKeepAlive": True,
        "ConnectionLimit": 100,
        "ProxyFqdn": None,
        "Description": None,
    },
    "external_access_policy": {
        "Description": None,
        "EnableFederationAccess": False,
        "EnableXmppAccess": False,
        "EnablePublicCloudAccess": False,
        "EnablePublicCloudAudioVideoAccess": False,
        "EnableOutsideAccess": False,
    },
    "allowed_domain": {"ProxyFqdn": None, "Comment": None, "MarkForMonitoring": False},
}


class ServerError(Exception):
    """What a cmdlet of a test refuses with."""

    def __init__(self, name: str, category: str = "InvalidOperation", message: str = "") -> None:
        super().__init__(name)
        self.record = {
            "id": f"{name},Microsoft.Rtc.Management.Test",
            "category": category,
            "target": "",
            "exceptions": [{"type": "System.Exception", "hresult": -1, "message": message or f"größe 配置 {name}"}],
        }


class Estate:
    """One organisation: rows by collection, and what every host of it shares."""

    def __init__(self, **rows: Iterable[Row]) -> None:
        self.rows: dict[str, Rows] = {name: {} for name in COLLECTIONS}
        for name, given in rows.items():
            self.put(name, *given)

    def put(self, collection: str, *rows: Row) -> None:
        identity = COLLECTIONS[collection].identity
        for row in rows:
            self.rows[collection][key(row.get(identity, COLLECTIONS[collection].constant))] = dict(row)


Handler = Callable[["FakeShell", Mapping[str, Any]], "Iterable[Row] | None"]


class FakeShell:
    """The Windows PowerShell of one host. `transcript` lists every call that arrived."""

    def __init__(
        self,
        estate: Estate,
        computer: str,
        domain: str = "contoso.test",
        *,
        tools: bool = True,
        powershell: str = "3.0",
    ) -> None:
        self.estate, self.tools = estate, tools
        self._hello: dict[str, Any] = {
            "computer": computer.upper(),
            "domain": domain,
            "powershell": powershell,
            "windows": "6.2.9200.0",
            "lync": {"name": "Lync"} if tools else None,
        }
        self.own: dict[str, Rows] = {}
        self.files: dict[str, bytes] = {}
        self.handlers: dict[str, Handler] = {}
        self.failures: dict[str, Exception] = {}
        self.transcript: list[tuple[str, dict[str, Any]]] = []
        self.starts = 1

    @property
    def hello(self) -> Mapping[str, Any]:
        return self._hello

    @property
    def scope(self) -> str:
        return full_name(self._hello)

    def request(self, calls: list[dict[str, Any]], seconds: float) -> Reply:
        rows: list[list[list[Any]]] = []
        ends: list[dict[str, Any]] = []
        kept: list[list[Row]] = []
        for index, call in enumerate(calls):
            end: dict[str, Any] = {"id": 1, "call": index, "ok": True, "errors": [], "warnings": []}
            got: list[Row] = []
            try:
                got, more = self._perform(call, kept)
                end.update(more)
            except ServerError as exc:
                end.update(ok=False, errors=[exc.record], error_count=1)
            kept.append(got)
            rows.append([[row.get(name) for name in call.get("properties", ())] for row in got])
            ends.append({**end, "count": len(got)})
            if not end["ok"] and call.get("stop_on_error"):
                break
        return Reply(rows, ends)

    def _perform(self, call: Mapping[str, Any], kept: list[list[Row]]) -> tuple[list[Row], dict[str, Any]]:
        if "executable" in call:
            return self._executable(call)
        if "file" in call:
            return [], self._file(call)
        name = call["cmdlet"]
        parameters = {one: plain(value) for one, value in call.get("parameters", {}).items()}
        self.transcript.append((name, parameters))
        failure = self.failures.get(name)
        if failure is not None:
            raise failure
        if name in self.handlers:
            return list(self.handlers[name](self, parameters) or ()), {}
        if not self.tools and "-Cs" in name:
            raise ServerError("CommandNotFoundException", "ObjectNotFound")
        verb, noun = (*name.split("-", 1), "")[:2]
        if verb == "Get":
            return self._get(name, parameters), {}
        tables = [one for one in COLLECTIONS.values() if one.cmdlet == f"Get-{noun}" and one.store == "cms"]
        if verb not in ("New", "Set", "Remove") or not tables:
            raise ServerError("CommandNotFoundException", "ObjectNotFound")
        self._write(verb, tables[0], parameters)
        return [], {}

    # --- reading

    def _get(self, name: str, parameters: Mapping[str, Any]) -> list[Row]:
        fitting = [
            one
            for one in COLLECTIONS.values()
            if one.cmdlet == name and all(parameters.get(n) == v for n, v in one.parameters.items())
        ]
        if not fitting:
            raise ServerError("CommandNotFoundException", "ObjectNotFound")
        table = max(fitting, key=lambda one: len(one.parameters))
        rows = [dict(row) for row in self.rows(table).values()]
        wanted = parameters.get(table.narrow) if table.narrow else None
        if table.narrow == "LdapFilter" and wanted:
            test = ldap(wanted, LDAP)
            return [row for row in rows if test(row.get)]
        if table.narrow and wanted:
            return [row for row in rows if key(row.get(table.identity)) == key(wanted)]
        return rows

    def rows(self, table: Collection) -> Rows:
        if table.store in ("cms", "ad", "dns"):
            return self.estate.rows[table.name]
        if table.replica_of and table.name not in self.own:
            return self.estate.rows[table.replica_of]  # replicated at once, unless a test says otherwise
        return self.own.setdefault(table.name, {})

    # --- writing

    def _write(self, verb: str, table: Collection, parameters: Mapping[str, Any]) -> None:
        rows = self.estate.rows[table.name]
        identity = str(parameters["Identity"])
        tagged = table.name == "external_access_policy" and ":" not in identity and key(identity) != "global"
        name = f"Tag:{identity}" if tagged else identity
        values = {n: v for n, v in parameters.items() if n not in ("Identity", "Confirm", "Force")}
        if verb == "New":
            if key(name) in rows:
                raise ServerError("AlreadyExists", "ResourceExists")
            extra = {"Domain": identity} if "Domain" in table.properties else {}
            rows[key(name)] = {table.identity: name, **extra, **DEFAULTS.get(table.name, {}), **values}
        elif key(name) not in rows:
            raise ServerError("NoSuchThing", "ObjectNotFound")
        elif verb == "Remove":
            del rows[key(name)]
        else:
            row = rows[key(name)]
            for parameter, value in values.items():
                if isinstance(value, dict):
                    value = modified(row.get(parameter), value)
                row[parameter] = None if value == "" else value

    def _executable(self, call: Mapping[str, Any]) -> tuple[list[Row], dict[str, Any]]:
        name = call["executable"].rsplit("\\", 1)[-1]
        self.transcript.append((name, {"arguments": call["arguments"]}))
        failure = self.failures.get(name)
        if failure is not None:
            raise failure
        told = self.handlers[name](self, call) if name in self.handlers else None
        ended = {"exit": 0, "pid": 1, "stdout": "", "stderr": ""}
        return [], {**ended, **told} if isinstance(told, dict) else ended

    def _file(self, call: Mapping[str, Any]) -> dict[str, Any]:
        path = call["file"].lower()
        if "write" in call:
            self.transcript.append(("file.write", {"path": call["file"]}))
            data = base64.b64decode(call["write"]["bytes"])
            before = self.files.get(path, b"") if call["write"]["offset"] else b""
            self.files[path] = before[: call["write"]["offset"]] + data
            return {"size": len(self.files[path])}
        if path not in self.files:
            raise ServerError("FileNotFoundException", "NotSpecified")
        content = self.files[path]
        if "read" in call:
            part = content[call["read"]["offset"] :][: call["read"]["length"]]
            return {"size": len(content), "bytes": base64.b64encode(part).decode()}
        return {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def modified(before: Any, modifier: Mapping[str, Any]) -> list[Any]:
    """What PSListModifier makes of a list."""
    now = list(before or ())
    if "Replace" in modifier:
        now = list(modifier["Replace"])
    now += [one for one in modifier.get("Add", ()) if one not in now]
    return [one for one in now if one not in modifier.get("Remove", ())]


def plain(value: Any) -> Any:
    """A value of the wire as the cmdlet gets it."""
    if isinstance(value, list):
        return [plain(one) for one in value]
    if not isinstance(value, dict):
        return value
    tag = value.get("$")
    if tag == "text":
        return "".join(value["parts"])
    if tag in ("secret", "bytes"):
        return value["value"]
    if tag in ("date", "span"):
        return value["ticks"]
    return {name: plain(one) for name, one in value.items()}


class Bench:
    """A controller with its state directory, and hosts: modules run against them as an action plugin would have it."""

    def __init__(
        self,
        directory: Path,
        estate: Estate | None = None,
        hosts: Iterable[str] = ("fe2013", "edge2013"),
        groups: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        self.state_dir = directory / "state"
        self.estate = estate or Estate()
        self.groups = dict(GROUPS if groups is None else groups)
        self.hosts = {name: FakeShell(self.estate, "pool2013" if name == "fe2013" else name) for name in hosts}
        self.now = 1_700_000_000.0
        self._performers: dict[tuple[str, str], Performer] = {}
        self._record(Evidence("baseline", "organisation"), self.context(run=BEFORE))

    # --- running

    def context(self, host: str = "fe2013", *, check: bool = False, run: str = "run-1", **more: Any) -> Context:
        return Context(str(self.state_dir), run, host, check=check, groups=self.groups, operator="ann", **more)

    def connect(self, context: Context) -> Callable[[str], DirectTransport]:
        def transport(host: str) -> DirectTransport:
            where = (host, context.run)
            if where not in self._performers:
                self._performers[where] = self.performer(self.hosts.get(host) or NoShell(host), context)
            return DirectTransport(self._performers[where])

        return transport

    def performer(self, shell: Any, context: Context) -> Performer:
        journal = Journal(context.state_dir, context.run, sync=False, clock=lambda: self.now)
        return Performer(shell, journal, Overlay(journal), laws.refusals, context)

    def session(self, host: str = "fe2013", *, check: bool = False, run: str = "run-1") -> Session:
        context = self.context(host, check=check, run=run)
        return Session(self.connect(context)(host), context, sleep=lambda seconds: None)

    def run(
        self,
        module: Any,
        params: Mapping[str, Any],
        host: str = "fe2013",
        *,
        check: bool = False,
        run: str = "run-1",
        role: str = "",
        **more: Any,
    ) -> dict[str, Any]:
        """One task: the module's result, its evidence recorded."""
        context = self.context(host, check=check, run=run, role=role, module=module.__name__.rsplit(".", 1)[-1])
        constraints = getattr(module, "CONSTRAINTS", {})
        result = perform(
            module.ARGUMENT_SPEC, module.run, params, context, self.connect(context), **constraints, **more
        )
        for one in result.get("evidence", ()):
            self._record(evidence_from_json(one), context)
        return result

    def prove(self, *facts: str, check: bool = False, run: str = "run-1", value: Any = None) -> None:
        """Evidence of these facts for the organisation and every host, as if their modules had just seen it."""
        context = self.context(check=check, run=run)
        members = [name for group in self.groups.values() for name in group]
        for fact in facts:
            for member in ("organisation", *members):
                self._record(Evidence(fact, member, value=value), context)

    def _record(self, evidence: Evidence, context: Context) -> None:
        journal = Journal(self.state_dir, context.run, sync=False, clock=lambda: self.now)
        journal.evidence([evidence], context, check=context.check)

    # --- looking

    @property
    def writes(self) -> list[tuple[str, dict[str, Any]]]:
        """The calls of all hosts that changed something."""
        seen = [one for shell in self.hosts.values() for one in shell.transcript]
        return [one for one in seen if not one[0].startswith(("Get-", "Test-"))]

    def journal(self) -> list[dict[str, Any]]:
        return [one for one in entries(self.state_dir) if one.get("run") != BEFORE]

    def plan(self, run: str = "run-1") -> list[dict[str, Any]]:
        path = self.state_dir / "runs" / run / "plan.ndjson"
        return [e for line in path.read_bytes().splitlines(True) if (e := parse(line))] if path.exists() else []
