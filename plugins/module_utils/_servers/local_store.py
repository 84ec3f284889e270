# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The local configuration store of a server: made, filled for the first time, and kept by replication from then on.

An exported configuration passes through the memory of the controller, never through a file of it.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from .._engine.calls import UNKNOWN, Change, Cmdlet, Executable, Irreversible, Query, WriteSlice
from .._engine.errors import InvalidInput, MigrationError, Mismatch, NotReady
from .._engine.module import Report, Task
from .._engine.session import Session, quietly
from .._settings.names import BadName, windows_path
from .._topology.document import TopologyError
from .._topology.products import LYNC_2013
from .._topology.reading import Topology
from .server import (
    FOLDER,
    LOCAL_INSTANCE,
    REPLICA,
    RUNNING,
    Server,
    is_running,
    pool_of,
    published_topology,
    read_server,
    removal,
    stored_topology,
)

EXPORT = f"{FOLDER}\\lync_xmpp_migration-configuration.zip"
BOOTSTRAPPER = str(LYNC_2013.bootstrapper)
_WHAT = "exported configuration"
INSTALL_SECONDS = 3600


def bootstrapper_arguments(source_directory: str | None, *arguments: str) -> tuple[str, ...]:
    if not source_directory:
        return arguments
    try:
        return (*arguments, f"/SourceDirectory:{windows_path(source_directory)}")
    except BadName as exc:
        raise InvalidInput(f"source_directory: {exc}") from exc


def run(task: Task) -> Report:
    """Have a local store with this server in it, that is replicated to."""
    session = task.session
    bootstrapper_arguments(task.params["source_directory"])  # refuses before anything is asked
    server = read_server(session)
    if server.service(LOCAL_INSTANCE) is None and waited(task):
        server = read_server(session)
    before = _shown(server)
    made = server.service(LOCAL_INSTANCE) is not None
    replica = server.service(REPLICA)
    replicated = replica is not None and is_running(replica)
    filled = made and server.cluster is not None
    if task.check_mode and not replicated:
        # what is planned for the organisation arrives by replication, which is not there yet
        stored = stored_topology(session)
        filled = stored is not None and pool_of(stored, server.fqdn) is not None
    changed = not (made and filled and replicated)
    making = None if made else _making(session, task.params["source_directory"])
    # whether there is something to fill the store with is seen before the store is made
    source = None if filled else _source(task, session)
    if making is not None:
        session.change(making)
    if source is not None:
        _fill(task, session, *source)
    if changed:
        session.change(*_replica(session))
    after = read_server(session) if changed else server
    if changed and not task.check_mode:
        _check(after, task.context.host)
    return Report(changed, {"local_store": _shown(after)}, before=before, after=_shown(after))


def waited(task: Task) -> bool:
    """A Bootstrapper.exe goes on when the run that started it has lost its session: whether its end was waited for."""

    def ended() -> bool:
        rows = quietly(task.session, Query("process", partial=True))[0]
        return all(str(row.get("ProcessName")).casefold() != "bootstrapper" for row in rows)

    if task.check_mode or ended():
        return False
    task.session.wait(ended, INSTALL_SECONDS, 5, what="The end of Bootstrapper.exe, which is running already,")
    return True


def _shown(server: Server) -> dict[str, object]:
    replica = server.service(REPLICA)
    return {
        "instance": server.service(LOCAL_INSTANCE) is not None,
        "pool": server.cluster.fqdn if server.cluster else None,
        "replica": "running" if replica is not None and is_running(replica) else "not running",
    }


def _making(session: Session, source_directory: str | None) -> Change:
    arguments = bootstrapper_arguments(source_directory, "/BootstrapLocalMgmt")
    names = {
        LOCAL_INSTANCE: ("SQL Server (RTCLOCAL)", RUNNING),
        REPLICA: ("Lync Server Replica Replicator Agent", "Stopped"),
    }
    return Change(
        Executable(BOOTSTRAPPER, arguments, seconds=3600),
        "local configuration store",
        tuple(
            session.effect("component", name, {"Name": name, "DisplayName": display, "Status": status})
            for name, (display, status) in names.items()
        ),
        undo=Irreversible("The local store is removed with the product, from Programs and Features."),
        seconds=3700,
    )


def _source(task: Task, session: Session) -> tuple[Session, Topology]:
    """Where the Central Management store can be reached, and the topology there, which has this computer."""
    other = task.params["source_host"]
    source = task.session_for(other) if other and other != task.context.host else session
    topology = _source_topology(source, other or task.context.host)
    if pool_of(topology, session.scope) is None:
        raise NotReady(
            f"The published topology does not have the computer {session.scope}: define its pool and publish it first "
            "(topology), or correct the computer's name and its primary DNS suffix."
        )
    return source, topology


def _fill(task: Task, session: Session, source: Session, topology: Topology) -> None:
    """Export-CsConfiguration there, Import-CsConfiguration here."""
    try:
        source.change(
            Change(
                Cmdlet("Export-CsConfiguration", {"FileName": EXPORT, "Force": True}),
                _WHAT,
                (source.effect("file", EXPORT, {"FullName": EXPORT}),),
            )
        )
        if source is not session:
            _carry(task, source, session)
        session.change(
            Change(
                Cmdlet("Import-CsConfiguration", {"FileName": EXPORT, "LocalStore": True, "Force": True}),
                "local configuration store",
                (session.effect("local_topology_document", "document", {".": topology.text}),),
                undo=Irreversible("The local store follows the Central Management store; nothing is to be taken back."),
            )
        )
    finally:
        _clean(source, session)


def _source_topology(source: Session, host: str) -> Topology:
    rows = source.read(Query("topology_document"))[0]
    try:
        return published_topology(rows)
    except TopologyError as exc:
        raise NotReady(f"The published topology cannot be used on {host}: {exc}") from exc


def _carry(task: Task, source: Session, session: Session) -> None:
    if task.check_mode:  # what it will hold only the server knows
        effect = session.effect("file", EXPORT, {"FullName": EXPORT, "Length": UNKNOWN})
        session.change(Change(WriteSlice(EXPORT, 0, b""), _WHAT, (effect,), conditional=True))
    else:
        session.write_file(EXPORT, source.read_file(EXPORT), _WHAT)


def _clean(source: Session, session: Session) -> None:
    """The archive holds the organisation's configuration: it does not stay, whatever has happened."""
    for one in dict.fromkeys((source, session)):
        try:
            one.change(removal(one, EXPORT, _WHAT), tolerate=True)
        except MigrationError:
            pass  # what went wrong before is what is to be reported


def _replica(session: Session) -> tuple[Change, ...]:
    running = {"Status": RUNNING}
    return (
        Change(
            Cmdlet("Enable-CsReplica", {"Force": True, "Confirm": False}, stop_on_error=True),
            "replica of the Central Management store",
            undo=Irreversible("There is no cmdlet that disables a replica."),
        ),
        Change(
            Cmdlet("Start-CsWindowsService", {"Name": REPLICA, "Confirm": False}),
            f"service {REPLICA}",
            (
                session.effect("component", REPLICA, running),
                session.effect("windows_service", REPLICA, {"Name": REPLICA, "DisplayName": "Lync Server Replica Replicator Agent", **running}),
            ),
        ),
    )  # fmt: skip


def _check(server: Server, host: str) -> None:
    replica = server.service(REPLICA)
    if server.cluster is None or replica is None or not is_running(replica):
        raise Mismatch(
            f"The local store of {host} was filled without an error, but read again it "
            f"{'does not have this computer' if server.cluster is None else 'is not replicated to'}: see the event log "
            "'Lync Server' there, and run the task again."
        )
