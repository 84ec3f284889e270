# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The private directory, the sockets in it, and which process they belong to."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import StateError
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils import _runtime
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils._runtime import Process, Run

fork = multiprocessing.get_context("fork")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="a second user id can only be had as root")
NOBODY = 65534


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A short one: pytest's own directories are longer than a socket's path may be."""
    path = Path(tempfile.mkdtemp(prefix="r", dir="/tmp"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(path))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def run() -> Run:
    return Run.current()


def ended() -> Process:
    with subprocess.Popen(["sleep", "60"]) as process:
        known = Process.of(process.pid)
        process.kill()
    return known


# --- processes


def test_a_process_is_known_by_pid_and_start_time() -> None:
    me = Process.of(os.getpid())
    assert me.alive
    assert not Process(me.pid, "0").alive
    assert not ended().alive


def test_a_process_that_nobody_waited_for_is_gone() -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        known = Process.of(process.pid)
        process.kill()
        for _ in range(100):
            if not known.alive:
                break
            time.sleep(0.02)
        assert Path(f"/proc/{process.pid}").exists() and not known.alive


def test_the_playbook_is_the_process_that_forked() -> None:
    receive, send = fork.Pipe(duplex=False)

    def child() -> None:
        send.send((_runtime.playbook(), Run.current().name))

    worker = fork.Process(target=child)
    worker.start()
    owner, name = receive.recv()
    worker.join()
    assert owner == Process.of(os.getpid()) == _runtime.playbook()
    assert name == Run.current().name


def test_the_name_of_a_run_tells_when_and_which(run: Run) -> None:
    assert re.fullmatch(rf"\d{{8}}T\d{{6}}Z-{os.getpid()}", run.name)
    begun = time.strptime(run.name.split("-")[0], "%Y%m%dT%H%M%SZ")
    assert abs(time.mktime(begun) - time.timezone - _runtime.start_clock(os.getpid())) < 2


def test_the_name_stays_the_same_though_the_clock_is_set(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_runtime, "start_clock", lambda pid: 0.0)
    assert Run.current().name == run.name


def test_on_a_system_without_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    real = subprocess.run

    def ps(arguments: list[str], **more: object) -> subprocess.CompletedProcess[str]:
        # each with an -o of its own: behind = the rest of an argument is the text of a heading
        assert arguments[:5] == ["/bin/ps", "-o", "stat=", "-o", "lstart="]
        out = {"7": "Ss   Sat Nov 21 13:43:01 2026    \n", "8": "Z    Sat Nov 21 13:43:01 2026\n"}.get(arguments[-1], "")
        return real(["printf", "%s", out], capture_output=True, text=True, check=False)

    monkeypatch.setattr(_runtime.sys, "platform", "darwin")
    monkeypatch.setattr(_runtime.subprocess, "run", ps)
    assert _runtime.started(7) == "Sat Nov 21 13:43:01 2026"
    assert _runtime.started(8) is None and _runtime.started(9) is None
    assert time.localtime(_runtime.start_clock(7))[:6] == (2026, 11, 21, 13, 43, 1)


# --- the directory


@pytest.mark.parametrize("umask", [0o000, 0o002, 0o022, 0o077])
def test_it_is_private_under_any_umask(home: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        run = Run.current()
        run.remember("fe", "x")
        with _runtime.listen(run.socket("key")):
            paths = [home / f"lync-{os.geteuid()}", *(home / f"lync-{os.geteuid()}").rglob("*")]
            assert len(paths) > 4
            for path in paths:
                assert path.lstat().st_mode & 0o077 == 0, path
    finally:
        os.umask(before)


def test_a_planted_link_is_refused(home: Path) -> None:
    (home / "elsewhere").mkdir(mode=0o700)
    (home / f"lync-{os.geteuid()}").symlink_to(home / "elsewhere")
    with pytest.raises(StateError, match="link"):
        Run.current()
    assert not list((home / "elsewhere").iterdir())


def test_a_planted_file_is_refused(home: Path) -> None:
    (home / f"lync-{os.geteuid()}").touch()
    with pytest.raises(StateError):
        Run.current()


@pytest.mark.parametrize("mode", [0o777, 0o750, 0o701])
def test_a_directory_open_to_others_is_refused(home: Path, mode: int) -> None:
    path = home / f"lync-{os.geteuid()}"
    path.mkdir()
    path.chmod(mode)
    with pytest.raises(StateError, match=f"mode {mode:04o}"):
        Run.current()


@as_root
def test_a_directory_of_another_user_is_refused(home: Path) -> None:
    path = home / f"lync-{os.geteuid()}"
    path.mkdir(mode=0o700)
    os.chown(path, NOBODY, NOBODY)
    with pytest.raises(StateError, match="belongs to user id 65534"):
        Run.current()


def test_a_link_in_place_of_a_file_is_refused(run: Run, home: Path) -> None:
    (home / "victim").touch()
    (Path(run.path) / "alive").symlink_to(home / "victim")
    with pytest.raises(StateError):
        run.hold()


def test_a_runtime_directory_that_others_may_write_is_passed_by(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.chmod(0o777)
    other = home / "tmp"
    other.mkdir(mode=0o700)
    monkeypatch.setattr(tempfile, "tempdir", str(other))
    assert Run.current().path.startswith(str(other))


def test_a_sticky_one_is_taken(home: Path) -> None:
    home.chmod(0o1777)
    assert Run.current().path.startswith(str(home))


@as_root
def test_the_runtime_directory_of_another_user_is_passed_by(home: Path) -> None:
    os.chown(home, NOBODY, NOBODY)
    assert not Run.current().path.startswith(str(home))


def test_paths_stay_short_enough_for_a_socket(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = home / ("x" * 90)
    long.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(long))
    monkeypatch.setattr(tempfile, "tempdir", str(home))
    run = Run.current()
    assert len(run.socket("k" * _runtime.NAME_LENGTH)) <= _runtime.SOCKET_PATH_LIMIT
    # the longest place that is taken leaves room for every name
    edge = home / ("y" * (_runtime.SOCKET_PATH_LIMIT - _runtime._NAMES_LENGTH - len(str(home)) - 1))
    edge.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(edge))
    path = Run.current().socket("k" * _runtime.NAME_LENGTH)
    assert path.startswith(str(edge))
    with _runtime.listen(path):
        pass


# --- sockets


def test_the_name_of_a_socket_holds_no_secret_and_tells_hosts_and_runs_apart() -> None:
    me = Process(1, "2")
    key = _runtime.socket_key(me, "https://fe:5986/wsman", ["ntlm"], ["user", ""], "/state")
    assert re.fullmatch(r"[0-9a-f]{16}", key)
    others = [
        _runtime.socket_key(Process(1, "3"), "https://fe:5986/wsman", ["ntlm"], ["user", ""], "/state"),
        _runtime.socket_key(me, "https://fe:5985/wsman", ["ntlm"], ["user", ""], "/state"),
        _runtime.socket_key(me, "https://fe:5986/wsman", ["basic"], ["user", ""], "/state"),
        _runtime.socket_key(me, "https://fe:5986/wsman", ["ntlm"], ["other", ""], "/state"),
        _runtime.socket_key(me, "https://fe:5986/wsman", ["ntlm"], ["user", "cert.pem"], "/state"),
        _runtime.socket_key(me, "https://fe:5986/wsman", ["ntlm"], ["user", ""], "/other"),
    ]
    assert len({key, *others}) == 7
    assert key == _runtime.socket_key(me, "https://FE:5986/wsman", ["ntlm"], ["user", ""], "/state")


def test_nobody_there(run: Run) -> None:
    with pytest.raises(ConnectionRefusedError):
        _runtime.connect(run.socket("none"))
    _runtime.listen(run.socket("dead")).close()
    with pytest.raises(ConnectionRefusedError):
        _runtime.connect(run.socket("dead"))


@pytest.mark.parametrize("plant", ["link", "open", "file"])
def test_a_planted_socket_gets_no_byte(run: Run, home: Path, plant: str) -> None:
    victim = socket.socket(socket.AF_UNIX)
    victim.bind(str(home / "victim"))
    victim.listen()
    victim.settimeout(0.2)
    path = Path(run.socket("key"))
    if plant == "link":
        path.symlink_to(home / "victim")
    elif plant == "file":
        path.touch(mode=0o600)
    else:
        os.rename(home / "victim", path)
        path.chmod(0o777)
    with pytest.raises(StateError):
        _runtime.connect(str(path))
    with pytest.raises(TimeoutError):
        victim.accept()
    victim.close()


@as_root
def test_a_socket_of_another_user_gets_no_byte(run: Run) -> None:
    server = _runtime.listen(run.socket("key"))
    os.chown(run.socket("key"), NOBODY, NOBODY)
    with pytest.raises(StateError, match="belongs to user id"):
        _runtime.connect(run.socket("key"))
    server.close()


@as_root
def test_a_second_user_is_recognised() -> None:
    path = Path(tempfile.mkdtemp(prefix="u", dir="/tmp"))
    path.chmod(0o755)
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path / "s"))
    (path / "s").chmod(0o777)
    server.listen()

    def visit() -> None:
        os.setuid(NOBODY)
        with socket.socket(socket.AF_UNIX) as end:
            end.connect(str(path / "s"))
            end.recv(1)

    visitor = fork.Process(target=visit)
    visitor.start()
    end, _ = server.accept()
    assert not _runtime.same_user(end)
    end.close()
    visitor.join()
    with socket.socket(socket.AF_UNIX) as mine:
        mine.connect(str(path / "s"))
        end, _ = server.accept()
        assert _runtime.same_user(end)
        end.close()
    server.close()
    shutil.rmtree(path)


# --- the index and the ways out


def test_hosts_find_each_others_sockets(run: Run) -> None:
    run.remember("fe2013", "/a")
    run.remember("../edge 2013/..", "/b")
    run.remember("fe2013", "/c")
    assert Run.current().sockets() == {"../edge 2013/..": "/b", "fe2013": "/c"}
    assert {path.parent for path in Path(run.path).iterdir()} == {Path(run.path)}
    run.forget("/c")
    assert run.sockets() == {"../edge 2013/..": "/b"}


def test_one_worker_at_a_time_starts_a_daemon(run: Run) -> None:
    order: list[str] = []

    def other() -> None:
        with run.starting("key"):
            order.append("second")

    with run.starting("key"):
        thread = threading.Thread(target=other)
        thread.start()
        time.sleep(0.1)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_what_killed_runs_left_is_swept(home: Path) -> None:
    dead = Run.of(ended())
    (Path(dead.temporary()) / "krb5cc").write_text("ticket")
    Path(dead.path, "tmp", "link").symlink_to("/etc/passwd")
    alive = Run.of(Process.of(os.getppid()))
    draining = Run.of(ended())
    held = draining.hold()
    Run.current()
    assert not Path(dead.path).exists()
    assert Path(alive.path).exists() and Path(draining.path).exists()
    os.close(held)
    assert Path("/etc/passwd").exists()


def test_the_last_daemon_takes_the_directory_away() -> None:
    run = Run.of(ended())
    first, second = run.hold(), run.hold()
    run.leave(first)
    assert Path(run.path).exists()
    run.leave(second)
    assert not Path(run.path).exists()


def test_the_directory_stays_while_the_playbook_lives(run: Run) -> None:
    run.leave(run.hold())
    assert Path(run.path).exists()


def test_a_damaged_record_is_told(run: Run) -> None:
    Path(run.path, "run.json").write_text("[")
    with pytest.raises(StateError, match="damaged"):
        Run.current()


def test_locks_go_with_the_process(run: Run) -> None:
    program = (
        "import sys;sys.path[:0]=eval(sys.argv[1])\n"
        "from ansible_collections.lync.xmpp_migration.plugins.plugin_utils._runtime import Process,Run\n"
        "Run.of(Process(int(sys.argv[2]),sys.argv[3])).hold();print('held',flush=True);sys.stdin.read()"
    )
    arguments = [sys.executable, "-c", program, repr(sys.path), str(run.owner.pid), run.owner.started]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"held\n"
        fd = os.open(os.path.join(run.path, "alive"), os.O_RDWR)
        with pytest.raises(BlockingIOError):
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        process.kill()
        process.wait()
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(fd)


def test_files_are_ours_alone(run: Run) -> None:
    run.remember("fe", "/a")
    run.hold()
    for path in Path(run.path).iterdir():
        seen = path.lstat()
        assert stat.S_IMODE(seen.st_mode) == 0o600 and seen.st_uid == os.geteuid()
