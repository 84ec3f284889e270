# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The warm PowerShell on one host: requests of calls in, checked answers out, each request performed at most once.

A request is sent a second time only where the server proved that the first never ran. After any doubt the process is dropped,
so that a late answer can never meet another request, and the caller is told that it has to look.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import MAX_REQUEST
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import (
    InDoubt,
    MigrationError,
    NeverRan,
    RemoteError,
    Unreachable,
    one_line,
)
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.performer import Reply, full_name

from . import _pipe
from ._faults import OPERATIONS_QUOTA, Fate
from ._frames import Limits, Take
from ._pipe import Lost, NeverArrived
from ._talk import Talk

WARM, ONE_SHOT = "warm", "one_shot"
MODES = (WARM, ONE_SHOT)

RENEWALS = {
    "host_restarted": "the host was restarted",
    "module_path": "a new path of PowerShell modules takes effect",
    "group_membership": "a new group membership of the account takes effect",
    "idle_closed": "the server had closed the idle session",
    "process_ended": "the PowerShell process had ended",
    "connection_failed": "the server no longer took the old connection",
    "options_changed": "the options of the connection have changed",
    "after_doubt": "the process before was dropped, because an answer was in doubt",
}
_LOST_BY_THE_SERVER = {Fate.SHELL_GONE: "idle_closed", Fate.PROCESS_GONE: "process_ended"}

MODULES = (
    r"C:\Program Files\Common Files\Microsoft Lync Server 2013\Modules\Lync\Lync.psd1",
    r"C:\Program Files\Common Files\Microsoft Lync Server 2010\Modules\Lync\Lync.psd1",
    r"C:\Program Files\Common Files\Skype for Business Server 2015\Modules\SkypeForBusiness\SkypeForBusiness.psd1",
    r"C:\Program Files\Common Files\Skype for Business Server 2019\Modules\SkypeForBusiness\SkypeForBusiness.psd1",
    "Lync",
    "SkypeForBusiness",
)
"""The first of them that is there is imported. Modules are never enumerated: that takes minutes on some hosts."""
_NO_SUCH_MODULE = "Modules_ModuleNotFound"

START_SECONDS = 120
IMPORT_SECONDS = 180


class Shell:
    """Not thread-safe: the caller holds a lock."""

    def __init__(self, connect: Callable[[], Any], target: str, mode: str = WARM, limits: Limits | None = None) -> None:
        self.target = target
        self.mode = mode
        self.starts = 0
        self.renewals: list[dict[str, str]] = []
        self.said: deque[str] = deque(maxlen=1000)
        """Host output of the last requests, to be shown to who wants it."""
        self._connect = connect
        self._limits = limits or Limits()
        self._connection: Any = None
        self._talk: Talk | None = None
        self._hello: dict[str, Any] | None = None
        self._module: str | None = None
        self._why: str | None = None
        self._restarted = False

    # --- what is known of the host

    @property
    def hello(self) -> dict[str, Any]:
        return self.open()

    @property
    def seen(self) -> dict[str, Any] | None:
        """The last greeting, without opening anything."""
        return self._hello

    @property
    def is_open(self) -> bool:
        return self._connection is not None

    @property
    def way(self) -> tuple[Callable[[], Any], str, str]:
        """How this session is had: for another one beside it."""
        return self._connect, self.target, self.mode

    @property
    def scope(self) -> str:
        """The host's own name, lower-case: what its rows are filed under."""
        return full_name(self.open())

    # --- life

    def open(self) -> dict[str, Any]:
        """The greeting of the session, which is opened where there is none."""
        if self._hello is None or (self.mode == WARM and self._talk is None):
            with self._dropping():
                self._start()
        if self._hello is None:
            raise Unreachable(f"{self.target} did not greet.")
        return self._hello

    def renew(self, reason: str) -> dict[str, Any]:
        """End the process and start another one, for a reason that is counted."""
        self._leave(reason)
        self._restarted = self._restarted or reason == "host_restarted"
        self._module = None
        if self.mode == ONE_SHOT and self._hello is not None:
            with self._dropping():
                self._import()
        return self.open()

    def leave(self, reason: str) -> None:
        """End the process; the next request starts another one, for a reason that is counted.

        A computer that restarts may come back with another primary DNS suffix, and is still the same one.
        """
        self._leave(reason)
        self._module = None
        self._restarted = self._restarted or reason == "host_restarted"
        if self.mode == ONE_SHOT:
            self._hello = None

    def reconfigure(self, connect: Callable[[], Any], target: str, mode: str) -> None:
        """Other options: another session, perhaps as somebody else or on another computer."""
        self._leave("options_changed")
        self._connect, self.target, self.mode = connect, target, mode
        self._hello = self._module = None

    def _leave(self, reason: str) -> None:
        self.drop()
        if self.starts:
            self._why = reason

    def drop(self) -> None:
        """End process and shell. The next request opens others."""
        connection, talk = self._connection, self._talk
        self._connection = self._talk = None
        if connection is not None:
            _pipe.close(connection, talk.pipe if talk else None)
        if self.starts and self._why is None:
            self._why = "after_doubt"

    @contextlib.contextmanager
    def _dropping(self) -> Iterator[None]:
        """After any doubt the process goes."""
        try:
            yield
        except MigrationError:
            self.drop()
            raise
        except NeverArrived as exc:
            self.drop()
            raise NeverRan(f"{self.target} took no request: {exc}.") from exc
        except Exception as exc:
            self.drop()
            raise InDoubt(f"The session on {self.target} broke ({type(exc).__name__}: {exc}).") from exc
        except BaseException:
            self.drop()
            raise

    def _process(self) -> Talk:
        """A process in the shell; where the server has lost the shell, or counted too many in it, in another shell."""
        for attempt in (1, 2):
            if self._connection is None:
                self._connection = self._connect()
            try:
                talk = Talk(self._connection, self.target, self._limits)
            except NeverArrived as exc:
                again = exc.fault.code == OPERATIONS_QUOTA or exc.fault.fate in _LOST_BY_THE_SERVER
                if attempt == 2 or not again:
                    raise Unreachable(f"{self.target} did not start PowerShell: {exc}.") from exc
                connection, self._connection = self._connection, None
                _pipe.close(connection, None)
            else:
                break
        self.starts += 1
        if self._why is not None and self.mode == WARM:
            self.renewals.append({"reason": self._why, "text": RENEWALS[self._why]})
        self._why = None
        return talk

    def _start(self) -> None:
        try:
            if self.mode == WARM:
                self._talk = self._process()
                self._talk.begin()
                self._welcome(self._talk.greeting(time.monotonic() + START_SECONDS))
            self._import()
        except (NeverArrived, Lost) as exc:
            raise Unreachable(f"{self.target} did not take the script of the session: {exc}.") from exc

    def _welcome(self, values: dict[str, Any]) -> None:
        version = values["powershell"].split(".")[0]
        if not version.isdecimal() or int(version) < 3:
            raise Unreachable(
                f"{self.target} has Windows PowerShell {values['powershell']!r}: a session needs 3.0 or later "
                "(Windows Management Framework 3.0)."
            )
        before = self._hello or {}
        for name in ("computer",) if self._restarted else ("computer", "domain"):
            if before and before[name].lower() != values[name].lower():
                raise Unreachable(
                    f"Another computer answers on {self.target} than before ({values['computer']}, not "
                    f"{before['computer']}): address each host by itself, not a load balancer."
                )
        self._hello = {**values, "lync": before.get("lync"), "lync_error": before.get("lync_error")}

    def _import(self) -> None:
        """Load the Lync module. A host without it is normal: it is about to be set up."""
        found, refused = None, None
        for name in (self._module,) if self._module else MODULES:
            reply = self._ask([_import_of(name)], IMPORT_SECONDS)
            if reply.rows[0]:
                self._module = name
                values = [one_line(str(value)) for value in reply.rows[0][0]]
                found = dict(zip(("name", "version", "path"), values, strict=True))
                break
            for error in map(RemoteError.from_json, reply.ends[0]["errors"][:1]):
                if error.name != _NO_SUCH_MODULE:
                    refused = f"{name}: {error.shown()}"
        if self._hello is not None:
            self._hello.update(lync=found, lync_error=None if found else refused)

    # --- requests

    def stream(self, calls: Sequence[Mapping[str, Any]], seconds: float, take: Take) -> Reply:
        """A request whose rows are given to `take` as they come, and are not kept for the answer."""
        return self.request(calls, seconds, take)

    def request(self, calls: Sequence[Mapping[str, Any]], seconds: float, take: Take | None = None) -> Reply:
        size = len(json.dumps(list(calls), ensure_ascii=False))
        if size > MAX_REQUEST:
            raise NeverRan(f"A request of {size:,} characters is more than the {MAX_REQUEST:,} that {self.target} reads.")
        self.open()
        with self._dropping():
            try:
                reply = self._ask(calls, seconds, take)
            except NeverArrived as exc:
                self.drop()
                self._why = _LOST_BY_THE_SERVER.get(exc.fault.fate, "connection_failed")
                self.open()
                reply = self._ask(calls, seconds, take)
        self.said.extend(reply.output)
        return reply

    def _ask(self, calls: Sequence[Mapping[str, Any]], seconds: float, take: Take | None = None) -> Reply:
        """One request and its answer. Raises NeverArrived where the server proved that it did not run."""
        if self.mode == ONE_SHOT:
            return self._ask_once(calls, seconds, take)
        talk = self._talk
        if talk is None:
            raise NeverRan(f"There is no session on {self.target}.")
        collector = talk.send(calls, take)
        return talk.hear(collector, time.monotonic() + seconds)

    def _ask_once(self, calls: Sequence[Mapping[str, Any]], seconds: float, take: Take | None) -> Reply:
        """The same script and the same frames in a process of its own, with stdin closed behind the request."""
        talk = self._talk = self._process()
        loading = [] if self._module is None else [talk.compose([_import_of(self._module)])]
        collector, line = talk.compose(calls, take)
        talk.begin(*(load for _collector, load in loading), line, end=True)
        self._welcome(talk.greeting(time.monotonic() + START_SECONDS))
        for load, _line in loading:
            talk.hear(load, time.monotonic() + IMPORT_SECONDS)
        reply = talk.hear(collector, time.monotonic() + seconds)
        try:
            talk.finish()
            self._talk = None
        except Exception:
            # the answer is complete; a process that does not end gets no successor in its shell
            self.drop()
            self._why = None
        return reply


def _import_of(name: str) -> dict[str, Any]:
    return {
        "cmdlet": "Import-Module",
        "parameters": {"Name": name, "PassThru": True},
        "properties": ["Name", "Version", "Path"],
    }
