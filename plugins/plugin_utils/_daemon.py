# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The session daemon: one process per Windows host and ansible-playbook run, which holds the host's warm PowerShell.

The action plugin starts it, writes its settings as one JSON line to its stdin and reads one line from its stdout. It then serves
a unix socket: one JSON line per message, one line back. It ends with the playbook, or when told.

Every way out is `Daemon.close`: no new work is taken, the calls in flight are awaited and journalled, then the shells are ended.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import resource
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

HEARTBEAT = 0.5
"""Seconds between two looks at the playbook's process."""
MEMORY = 4 << 30
"""Bytes of address space: the answer of a host that went mad ends in an error of its session, not in swap."""


def harden() -> None:
    """No core file, no debugger, no file that others can read: options and requests hold passwords."""
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError, ValueError):
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY if hard == resource.RLIM_INFINITY else min(MEMORY, hard), hard))
    if sys.platform.startswith("linux"):
        set_dumpable = 4
        ctypes.CDLL(None).prctl(set_dumpable, 0, 0, 0, 0)


class Daemon:
    """One host's shell and performer, and the messages about them. `settings` is what the action plugin sent."""

    def __init__(self, settings: Mapping[str, Any], connect: Callable[..., Any] | None = None) -> None:
        from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.context import Context
        from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.performer import make_performer

        from . import _runtime, _winrm
        from ._shell import Shell

        self._connect = connect or _winrm.connect
        self._secrets_of = _winrm.secrets_of
        self.digest = str(settings["digest"])
        self.shell = Shell(*self._session(settings))
        self.context = Context.from_json(settings["context"])
        self.performer = make_performer(self.shell, self.context)
        self.owner = _runtime.Process(*settings["owner"])
        self.socket = str(settings["socket"])
        self.guards: dict[str, Any] = {}
        self.lock = threading.Lock()
        self.connecting = threading.Lock()
        self.movers: Any = None
        self._movers_for: Mapping[str, Any] = {}
        self.ending = False
        self._claim: int | None = None

    def _session(self, settings: Mapping[str, Any]) -> tuple[Callable[[], Any], str, str]:
        """How to connect, what to call it, and which kind of session it is to be."""
        from ._endpoint import Endpoint

        options, extras = dict(settings["options"]), dict(settings["extras"])
        self.secrets = self._secrets_of(options, extras)
        kept: list[Any] = []

        def connect() -> Any:
            # A managed Kerberos ticket is named in the environment of the whole process, by whoever connected last, and its
            # file goes with that connection: so they come one after the other, and none is forgotten.
            with self.connecting:
                kept.append(self._connect(options, extras))
                return kept[-1]

        return connect, Endpoint.of(options, extras).shown, str(settings["mode"])

    # --- messages

    def answer(self, message: Mapping[str, Any], say: Callable[[Any], None] = lambda page: None) -> dict[str, Any]:
        """One message, one answer; `say` is given the pages of a long one. Messages are taken one after the other."""
        from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import (
            InDoubt,
            MigrationError,
            NeverRan,
        )

        from ._faults import scrub

        with self._turn(message):
            try:
                # a module may outlive its playbook for a while
                if self.ending or not self.owner.alive:
                    raise NeverRan(f"The session process of {self.shell.target} is ending, because its playbook has.")
                return self._pages(message, say) if message.get("op") == "pages" else self._do(message)
            except MigrationError as exc:
                error = exc.to_json()
            except Exception as exc:
                # a defect, here or in a library: whether the request ran is not known
                if not self._waits_for_nothing(message):
                    self.shell.drop()
                said = f"{type(exc).__name__}: {exc}"
                error = InDoubt(f"The session process of {self.shell.target} failed in a request ({said}).").to_json()
            return {"error": {**error, "text": scrub(str(error["text"]), self.secrets)}}

    def _waits_for_nothing(self, message: Mapping[str, Any]) -> bool:
        """Movers have a lock of their own, so that they are heard while the host's first PowerShell is busy."""
        return message.get("op") in ("movers_poll", "movers_stop")

    def _turn(self, message: Mapping[str, Any]) -> contextlib.AbstractContextManager[Any]:
        return contextlib.nullcontext() if self._waits_for_nothing(message) else self.lock

    def _do(self, message: Mapping[str, Any]) -> dict[str, Any]:
        own: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "attach": self._attach,
            "open": self._open,
            "renew": self._renew,
            "leave": self._leave,
            "inspect": self._inspect,
            "said": self._said,
            "close": self._end,
            "movers_start": self._movers_start,
            "movers_poll": self._movers_poll,
            "movers_stop": self._movers_stop,
        }
        operation = str(message.get("op"))
        if operation in own:
            return own[operation](message)
        if operation == "change":
            self._guard(message)
        reply: dict[str, Any] = self.performer.perform(message)
        return reply

    def _pages(self, message: Mapping[str, Any], say: Callable[[Any], None]) -> dict[str, Any]:
        reply: dict[str, Any] = self.performer.stream(message, say)
        return reply

    def _attach(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """An inventory host is about to use the session; with other options than before it needs another one."""
        from ._guard import Guard

        if message["digest"] != self.digest:
            settings = message.get("settings")
            if settings is None:
                return {"changed": True}
            self.shell.reconfigure(*self._session(settings))
            self.digest = str(message["digest"])
            self.guards.clear()
        guard = Guard.from_json(message["guard"])
        self.guards[guard.host] = guard
        return self._open(message) if message.get("open") else {}

    def _open(self, _message: Mapping[str, Any]) -> dict[str, Any]:
        self.shell.open()
        return self._inspect({})

    def _renew(self, message: Mapping[str, Any]) -> dict[str, Any]:
        self.shell.renew(self._reason(message))
        return self._inspect({})

    def _leave(self, message: Mapping[str, Any]) -> dict[str, Any]:
        self.shell.leave(self._reason(message))
        return {}

    def _reason(self, message: Mapping[str, Any]) -> str:
        from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import InvalidRequest

        from ._shell import RENEWALS

        if message.get("reason") not in RENEWALS:
            raise InvalidRequest(f"A session is not renewed for {message.get('reason')!r}.")
        return str(message["reason"])

    def _inspect(self, _message: Mapping[str, Any]) -> dict[str, Any]:
        shell = self.shell
        return {
            "hello": shell.seen,
            "open": shell.is_open,
            "mode": shell.mode,
            "starts": shell.starts,
            "renewals": [dict(one) for one in shell.renewals],
        }

    def _said(self, _message: Mapping[str, Any]) -> dict[str, Any]:
        """What the host printed beside its answers since this was asked last."""
        said = list(self.shell.said)
        self.shell.said.clear()
        return {"said": said}

    def _end(self, _message: Mapping[str, Any]) -> dict[str, Any]:
        self.ending = True
        return {}

    # --- movers

    def _movers_start(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """What holds for the first change of a task holds for all that its movers will make."""
        from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import InvalidRequest

        from ._movers import Movers
        from ._shell import Shell

        if message.get("check"):
            raise InvalidRequest("Movers are not started in check mode.")
        self._guard(message)
        self._movers_for = message
        if self.movers is None:
            self.movers = Movers(
                lambda: Shell(*self.shell.way),
                self._mover_performer,
                lambda hello: self._reasons(self._movers_for, hello),
            )
        status: dict[str, Any] = self.movers.start(
            int(message["movers"]), message.get("context") or {}, message.get("seconds") or (5.0, 10.0)
        )
        return status

    def _mover_performer(self, shell: Any) -> Any:
        from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.performer import make_performer

        from ._movers import MoverPerformer

        return make_performer(shell, self.context, kind=MoverPerformer, approval=self.performer.approval)

    def _movers_poll(self, message: Mapping[str, Any]) -> dict[str, Any]:
        status: dict[str, Any] = self._there().poll(message.get("users") or (), message.get("movers"))
        return status

    def _movers_stop(self, _message: Mapping[str, Any]) -> dict[str, Any]:
        status: dict[str, Any] = self._there().stop()
        return status

    def _there(self) -> Any:
        from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import InvalidRequest

        if self.movers is None:
            raise InvalidRequest("No movers have been started on this host.")
        return self.movers

    # --- before a change

    def _reasons(self, message: Mapping[str, Any], hello: Mapping[str, Any]) -> list[str]:
        """The host that a task names has its own guard; a task of another host has to satisfy those of all that share this one."""
        context = message.get("context")
        host = context.get("host") if isinstance(context, Mapping) else None
        guards = [self.guards[host]] if host in self.guards else list(self.guards.values())
        check = bool(message.get("check"))
        return [reason for guard in guards if (reason := guard.refusal(hello, check=check))]

    def _guard(self, message: Mapping[str, Any]) -> None:
        from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import Refused

        from ._claim import claim

        check = bool(message.get("check"))
        reasons = self._reasons(message, self.shell.open())
        if reasons:
            raise Refused(reasons)
        if not check and self._claim is None:
            self._claim = claim(self.context.state_dir, self.context.run, self.owner)

    # --- life

    def serve(self, server: socket.socket) -> None:
        """Until the playbook has ended or somebody says so."""
        threading.Thread(target=self._accept, args=(server,), daemon=True).start()
        while not self.ending and self.owner.alive:
            time.sleep(HEARTBEAT)
        self.close()

    def _accept(self, server: socket.socket) -> None:
        from ._runtime import same_user

        while True:
            try:
                end, _peer = server.accept()
            except OSError:
                return
            if same_user(end):
                threading.Thread(target=self._client, args=(end,), daemon=True).start()
            else:
                end.close()

    def _client(self, end: socket.socket) -> None:
        """One module. When it goes away in the middle of a request, the request is still heard to the end."""
        with contextlib.suppress(OSError, ValueError), end, end.makefile("rwb") as stream:
            gone = False

            def write(what: Mapping[str, Any]) -> None:
                stream.write(json.dumps(what).encode("ascii") + b"\n")
                stream.flush()

            def say(page: Any) -> None:
                nonlocal gone
                try:
                    if page and not gone:
                        write({"page": page})
                except (OSError, ValueError):
                    gone = True

            for line in stream:
                message = json.loads(line)
                write(self.answer(message if isinstance(message, dict) else {}, say))

    def close(self) -> None:
        self.ending = True
        if self.movers is not None:
            self.movers.stop()
        with self.lock:
            self.shell.drop()
            # one that was started meanwhile is under this lock too
            if self.movers is not None:
                self.movers.close()


def serve(settings: Mapping[str, Any]) -> None:
    """The daemon's life, in a process that has Ansible's plugin loader ready."""
    from . import _runtime

    run = _runtime.Run.of(_runtime.Process(*settings["owner"]))
    held = run.hold()
    # core keeps Kerberos tickets in a temporary file
    os.environ["TMPDIR"] = tempfile.tempdir = run.temporary()
    daemon = Daemon(settings)
    # what is loaded stays, and messages of many dictionaries come and go without a cycle: looking for cycles every 700 of
    # them costs as much as reading the messages
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    server = _runtime.listen(daemon.socket)

    def end(*_args: object) -> None:
        daemon.ending = True

    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(name, end)
    _say({"ready": True})
    try:
        daemon.serve(server)
    finally:
        run.forget(daemon.socket)
        run.leave(held)


def _say(what: Mapping[str, Any]) -> None:
    """The one line on stdout. What libraries print, before and after, goes nowhere."""
    reader = os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    os.close(nowhere)
    with os.fdopen(reader, "w", encoding="ascii") as stream:
        stream.write(json.dumps(what) + "\n")


def main() -> None:
    harden()
    settings = json.loads(sys.stdin.readline())
    try:
        sys.path[:] = settings["python_path"]
        from ansible.plugins.loader import init_plugin_loader

        init_plugin_loader(settings["collection_paths"])
        from ansible_collections.lync.xmpp_migration.plugins.plugin_utils import _daemon

        _daemon.serve(settings)
    except BaseException as exc:
        with contextlib.suppress(Exception):
            _say({"error": f"{type(exc).__name__}: {exc}"})
        raise
    finally:
        os._exit(0)


if __name__ == "__main__":
    main()
