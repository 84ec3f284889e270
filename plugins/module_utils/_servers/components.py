# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Server components: what Bootstrapper.exe installs so that a server has the roles its local store gives it.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from .._engine.calls import Change, Cmdlet, Evidence, Executable, Irreversible, Query
from .._engine.errors import Mismatch, NotReady
from .._engine.module import Report, Task
from .._engine.session import Session
from .._topology import products as _products
from .local_store import bootstrapper_arguments, waited
from .server import FOLDER, Expected, Server, read_server, removal, row_of

INSTALL_SECONDS = 3600
#: Left on the server by a set-up that was interrupted before the computer was enabled.
MARKER = f"{FOLDER}\\lync_xmpp_migration-unfinished-setup.txt"
_MARK = "note of an unfinished set-up"


def run(task: Task) -> Report:
    """Install what is missing, and enable the computer for it."""
    session = task.session
    bootstrapper_arguments(task.params["source_directory"])  # refuses before anything is asked
    server = _ready(task)
    missing = _missing(server)
    if missing and waited(task):
        server = _ready(task)
        missing = _missing(server)
    unfinished = bool(server.more[0])
    if missing:
        session.write_file(MARKER, b"Enable-CsComputer has not been run since Bootstrapper.exe.\r\n", _MARK)
        session.change(_installation(session, server, missing, task.params["source_directory"]))
        after = read_server(session)
        left = _missing(after)
        if left and not task.check_mode:
            raise Mismatch(
                f"Bootstrapper.exe on {task.context.host} ended without an error, but {_named(left)} were not installed: see "
                r"the logs in C:\Windows\Temp and %TEMP% there, and run the task again."
            )
    else:
        after = server
    if missing or unfinished:
        _enable(task, session, server)
        session.change(removal(session, MARKER, _MARK))
    value = {"components": sorted(one.name for one in after.expected), "installed": [one.name for one in missing]}
    return Report(
        bool(missing or unfinished),
        {"server": value},
        before={"components": _present(server)},
        after={"components": _present(after)},
        evidence=_evidence(task, after),
    )


def _ready(task: Task) -> Server:
    """The server as its local store has it; with `xmpp`, once XMPP has come there."""
    session, wanted = task.session, task.params["xmpp"]
    latest: list[Server] = []

    def arrived() -> bool:
        latest[:] = [read_server(session, Query("file", MARKER))]
        return not wanted or latest[0].has_xmpp

    try:
        session.wait(arrived, task.params["wait_seconds"] if wanted else 0)
    except NotReady:
        pass
    server = latest[0]
    if server.cluster is None:
        raise NotReady(
            f"The local store of {task.context.host} does not have the computer {server.fqdn}, so there is nothing to "
            "install: fill the local store first (local_store)."
        )
    if wanted and not server.has_xmpp:
        raise NotReady(
            f"The local store of {task.context.host} has no XMPP federation yet: enable it on the Edge pool (topology) and "
            "wait until that has replicated (store_replication)."
        )
    return server


def _missing(server: Server) -> list[Expected]:
    return [one for one in server.expected if row_of(one, server.services) is None]


def _present(server: Server) -> list[str]:
    return sorted(one.name for one in server.expected if row_of(one, server.services) is not None)


def _named(components: list[Expected]) -> str:
    return ", ".join(one.name for one in components)


def _installation(session: Session, server: Server, missing: list[Expected], source_directory: str | None) -> Change:
    version = server.topology.version_of(server.cluster) if server.topology and server.cluster else None
    product = _products.by_version(version or 0)
    prefix = "Lync Server" if product is _products.LYNC_2013 else product.name
    effects = []
    for one in missing:
        row = {"Name": one.name, "DisplayName": f"{prefix} {one.display}", "Status": "Stopped"}
        effects += [session.effect("component", one.name, row), session.effect("windows_service", one.name, row)]
    return Change(
        Executable(str(product.bootstrapper), bootstrapper_arguments(source_directory), seconds=INSTALL_SECONDS),
        f"server components of {server.fqdn}",
        tuple(effects),
        before={"Components": _present(server)},
        undo=Irreversible(
            "Bootstrapper.exe removes components by itself, when it is run after the topology has lost them."
        ),
        seconds=INSTALL_SECONDS + 100,
    )


def _enable(task: Task, session: Session, server: Server) -> None:
    """Enable-CsComputer. On an Edge it may be refused: its page wants a domain member, and published Edge installations
    do with and without it."""
    change = Change(Cmdlet("Enable-CsComputer", {"Force": True, "Confirm": False}), f"computer {server.fqdn}")
    (outcome,) = session.change(change, seconds=INSTALL_SECONDS, tolerate=server.is_edge)
    if not outcome["ok"]:
        said = "; ".join(one.shown() for one in outcome["errors"][:2])
        task.warn(f"Enable-CsComputer was refused on the Edge {task.context.host} ({said}); an Edge can do without it.")


def _evidence(task: Task, server: Server) -> list[Evidence]:
    """That the XMPP components are there, once the local store says that they have to be."""
    if not server.has_xmpp or _missing(server):
        return []
    return [Evidence("components", task.context.host, value=_present(server))]
