# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another user of the controller, under every umask that a playbook may have been started with."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.context import Context
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import StateError
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.journal import Journal
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils import _runtime
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils._runtime import Run

NOBODY = 65534
OURS = f"lync-{os.geteuid()}"
fork = multiprocessing.get_context("fork")
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="a second user id can only be had as root")


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Everybody may enter it, as /tmp."""
    path = Path(tempfile.mkdtemp(prefix="s", dir="/tmp"))
    path.chmod(0o1777)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(path))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(params=[0o000, 0o002, 0o022], ids=lambda umask: f"umask {umask:03o}")
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def as_nobody(what: Callable[[], Any]) -> Any:
    """What the other user gets to see, or the name of the error."""
    receive, send = fork.Pipe(duplex=False)

    def child() -> None:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        try:
            send.send(what())
        except OSError as exc:
            send.send(type(exc).__name__)

    process = fork.Process(target=child)
    process.start()
    found = receive.recv()
    process.join()
    return found


def reach(path: str) -> str:
    with socket.socket(socket.AF_UNIX) as end:
        end.connect(path)
        end.sendall(b'{"op":"hello"}\n')
        return "reached"


@pytest.mark.usefixtures("umask")
def test_no_socket_can_be_found_or_reached(home: Path) -> None:
    run = Run.current()
    path = run.socket("key")
    with _runtime.listen(path) as server:
        server.settimeout(0.2)
        assert as_nobody(lambda: os.listdir(home / OURS)) == "PermissionError"
        assert as_nobody(lambda: os.listdir(run.path)) == "PermissionError"
        assert as_nobody(lambda: reach(path)) == "PermissionError"
        with pytest.raises(TimeoutError):
            server.accept()


@pytest.mark.usefixtures("umask")
def test_journal_and_plan_can_be_neither_read_nor_entered(home: Path) -> None:
    context = Context(str(home / "state"), "run-1", "fe2013")
    journal = Journal(context.state_dir, context.run, sync=False)
    for check in (False, True):
        journal.note("a note", context, check=check)
    files = [path for path in (home / "state").rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert as_nobody(path.read_text) == "PermissionError", path
        assert path.stat().st_mode & 0o077 == 0
    assert as_nobody(lambda: os.listdir(home / "state")) == "PermissionError"
    assert as_nobody(lambda: (home / "state" / "planted").touch()) == "PermissionError"


@pytest.mark.usefixtures("umask")
def test_what_the_other_user_has_made_before_us_is_not_used(home: Path) -> None:
    """The names are known beforehand, so another user can be first."""
    as_nobody(lambda: (home / OURS).mkdir(mode=0o777))
    with pytest.raises(StateError, match="belongs to user id 65534"):
        Run.current()
    as_nobody(lambda: (home / "state").mkdir(mode=0o777))
    with pytest.raises(StateError):
        Journal(str(home / "state"), "run-1", sync=False).note(
            "a note", Context(str(home / "state"), "run-1", "fe2013"), check=False
        )
    assert list((home / "state").iterdir()) == []
