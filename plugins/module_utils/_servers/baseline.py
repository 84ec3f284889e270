# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The organisation as it was before the migration, kept in the state directory: what a way back would be compared with.

It is made once, before the first change outside of the new hosts. The summary is written last, so where it is there all
is there, and every later run sees that none of it has changed. Certificates are listed, their keys are not asked for.

That the tools of Lync Server 2013 export the store of Lync Server 2010 is inferred from their administering it.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .._engine.calls import Change, Cmdlet, Evidence, Query
from .._engine.collections import ORGANISATION
from .._engine.errors import MigrationError, NoCmdlet, NotReady, StateError
from .._engine.files import FORMAT, read_whole, see_format, write_whole
from .._engine.module import Report, Task
from .._engine.session import Session, quietly
from .._topology.losses import URL_PROPERTIES, simple_urls
from .._users.reading import PROPERTIES, by_pool, home, name, on_premises
from .server import FOLDER, removal
from .store_location import read_location

Row = Mapping[str, Any]
Summary = dict[str, Any]

FACT = "baseline"
DIRECTORY = "baseline"
SUMMARY = "baseline.json"
LIMIT = 512_000_000
SECONDS = 1800
PLANNED = "planned"
_PREFIX = f"{FOLDER}\\lync_xmpp_migration-baseline"
#: name of the file -> what it is, the cmdlet that exports it, further parameters
EXPORTS: Mapping[str, tuple[str, str, Mapping[str, Any]]] = {
    "configuration.zip": ("exported configuration", "Export-CsConfiguration", {"Force": True}),
    "location_information.zip": ("exported location information", "Export-CsLisConfiguration", {}),
}


def run(task: Task) -> Report:
    directory = Path(task.context.state_dir) / DIRECTORY
    kept = _kept(directory)
    if kept is not None:
        summary, digest = kept
        return _report(task, False, directory, summary, digest)
    location = read_location(task)
    if location is None and task.params["source"] == "lync_2010" and not task.check_mode:
        raise NotReady(
            f"Active Directory names no Central Management store to {task.context.host}, though Lync Server 2010 has one: see "
            "that the account reaches Active Directory from inside the session (second hop), or correct the source."
        )
    exported = location is not None or task.params["source"] == "lync_2010"
    if task.check_mode:
        return _planned(task, directory, exported)
    hosts = dict.fromkeys([task.context.host, *task.params["hosts"]])
    certificates = {host: _certificates(task.session_for(host)) for host in hosts}
    contents = _export(task.session) if exported else {}
    summary = {**_summary(task, location, contents), "certificates": certificates}
    for one, content in contents.items():
        write_whole(directory, one, content)
    text = json.dumps(summary, ensure_ascii=True, indent=1, sort_keys=True).encode("ascii")
    write_whole(directory, SUMMARY, text)
    return _report(task, True, directory, summary, _digest(text))


def _report(task: Task, changed: bool, directory: Path, summary: Summary, digest: str) -> Report:
    value = {
        "directory": str(directory),
        "made": summary["made"],
        "central_management_store": summary["central_management_store"],
        "files": {one: entry["sha256"] for one, entry in summary["files"].items()},
        "users": {pool: len(users) for pool, users in summary["users"].items()},
    }
    evidence = [Evidence(FACT, ORGANISATION, digest, value=value)]
    return Report(changed, {"baseline": value}, before=None if changed else value, after=value, evidence=evidence)


def _planned(task: Task, directory: Path, exported: bool) -> Report:
    value = {
        "directory": str(directory),
        "made": None,
        "central_management_store": None,
        "files": dict.fromkeys(EXPORTS if exported else (), None),
        "users": {},
    }
    finding = task.facts.finding(FACT, ORGANISATION)
    again = finding.value == PLANNED
    if exported and not again:
        _export(task.session)
    return Report(not again, {"baseline": value}, after=value, evidence=[Evidence(FACT, ORGANISATION, value=PLANNED)])


# --- what the servers tell


def _export(session: Session) -> dict[str, bytes]:
    """Both files, made on the host, brought here, and deleted there whatever happens."""
    paths = {one: f"{_PREFIX}-{one}" for one in EXPORTS}
    left = [session.read(Query("file", path))[0] for path in paths.values()]
    leftovers = [
        removal(session, path, EXPORTS[one][0]) for (one, path), rows in zip(paths.items(), left, strict=True) if rows
    ]
    cleaning = [removal(session, path, EXPORTS[one][0]) for one, path in paths.items()]
    exporting = [
        Change(
            Cmdlet(cmdlet, {"FileName": paths[one], **more}, stop_on_error=True),
            what,
            (session.effect("file", paths[one], {"FullName": paths[one]}),),
            seconds=SECONDS,
        )
        for one, (what, cmdlet, more) in EXPORTS.items()
    ]
    contents = {}
    try:
        session.change(*leftovers, *exporting, seconds=2 * SECONDS)
        if not session.check:
            contents = {one: session.read_file(path, LIMIT) for one, path in paths.items()}
    except MigrationError:
        # They hold the organisation's configuration. What went wrong before is what is to be reported.
        with suppress(MigrationError):
            session.change(*cleaning, tolerate=True)
        raise
    session.change(*cleaning)
    return contents


def _summary(task: Task, location: str | None, contents: Mapping[str, bytes]) -> Summary:
    users: dict[str, list[str]] = {}
    urls: dict[str, Any] = {}
    if location is not None:  # without a store neither can be asked
        rows, configurations = task.session.read(
            Query("user", properties=PROPERTIES), Query("simple_url_configuration", properties=URL_PROPERTIES)
        )
        homed = [row for row in rows if on_premises(row)]
        users = {pool: sorted(name(row) for row in homed if home(row) == pool) for pool in by_pool(homed)}
        urls = {str(row["Identity"]): simple_urls(row) for row in configurations}
    return {
        "format": FORMAT,
        "made": datetime.fromtimestamp(task.journal.clock(), UTC).isoformat(timespec="seconds"),
        "run": task.context.run,
        "host": task.context.host,
        "source": task.params["source"],
        "central_management_store": location,
        "files": {one: {"sha256": _digest(data), "size": len(data)} for one, data in contents.items()},
        "simple_urls": urls,
        "users": users,
    }


def _certificates(session: Session) -> dict[str, Any]:
    """What is in the store of a host and what is assigned there, as it says; nothing of keys but whether there is one."""
    wanted = ("Thumbprint", "Subject", "Issuer", "NotBefore", "NotAfter", "SerialNumber", "HasPrivateKey")
    stored = session.read(Query("stored_certificate", properties=wanted))[0]
    try:
        # a server without a local store has nothing assigned yet, which is nothing to warn of
        (assigned,) = quietly(session, Query("certificate_use", properties=("Use", "Thumbprint"), partial=True))
    except NoCmdlet:
        assigned = []
    return {
        "stored": [_only(row, wanted) for row in stored],
        "assigned": [_only(row, ("Use", "Thumbprint")) for row in assigned],
    }


def _only(row: Row, wanted: Sequence[str]) -> dict[str, Any]:
    return {one: row.get(one) for one in wanted}


# --- what is kept


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _kept(directory: Path) -> tuple[Summary, str] | None:
    """The summary and its digest, after all files of it were seen to be as they were."""
    if not directory.exists():
        return None
    text = read_whole(directory, SUMMARY)
    if text is None:
        return None
    try:
        summary: Summary = json.loads(text)
        see_format(summary, f"{directory / SUMMARY} is")
        files = {str(one): str(entry["sha256"]) for one, entry in summary["files"].items()}
        wrong = [
            one
            for one, digest in files.items()
            if one not in EXPORTS or _digest(read_whole(directory, one) or b"") != digest
        ]
        if set(summary) < {"made", "users", "central_management_store"}:
            raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise StateError(f"{directory / SUMMARY} is not what was written: {_DAMAGED}") from exc
    if wrong:
        raise StateError(f"{', '.join(str(directory / one) for one in wrong)} is not what was written: {_DAMAGED}")
    return summary, _digest(text)


_DAMAGED = (
    "put it back from a copy of the state directory. If there is none, and nothing outside of the new hosts was changed yet, "
    "delete the folder, and the baseline is made anew."
)
