# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the daemons of one ansible-playbook process live: a private directory, sockets, an index by inventory host.

    <XDG_RUNTIME_DIR or the temporary directory>/lync-<uid>/    0700, ours, or it is not used
        <run>/                                                  one ansible-playbook process, by pid and start time
            run.json    its pid, start time and name
            alive       every daemon holds a shared lock on it
            <key>       the socket of a daemon: key of endpoint, transport and identity, without any secret
            <key>.lock  held by the worker that starts that daemon
            <host>.host which socket an inventory host has
            tmp/        temporary files of the daemons (Kerberos tickets)

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import multiprocessing
import os
import re
import secrets
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import StateError

SOCKET_PATH_LIMIT = 103
"""Bytes of a socket's path: macOS ends at 104 with the zero, Linux at 108."""
NAME_LENGTH = 16
_NAMES_LENGTH = len("/lync-4294967295/") + NAME_LENGTH + len("/") + NAME_LENGTH
_YOUNG = 60
"""Seconds for which a directory without run.json is taken to be in the making."""


# --- processes


def started(pid: int) -> str | None:
    """When a process started, as the system tells it, or None where there is none: with the pid it names it for good."""
    if sys.platform.startswith("linux"):
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
                fields = file.read().rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            return None
        # one that has ended and was not yet waited for is gone
        return None if fields[0] in "ZX" else fields[19]
    try:
        environment = {**os.environ, "LC_ALL": "C"}
        seen = subprocess.run(
            ["/bin/ps", "-o", "stat=", "-o", "lstart=", "-p", str(pid)],
            capture_output=True, text=True, check=False, env=environment,
        ).stdout.split(None, 1)  # fmt: skip
    except OSError:
        return None
    return None if len(seen) != 2 or seen[0].startswith("Z") else " ".join(seen[1].split())


def start_clock(pid: int) -> float:
    """About when a process started, in seconds since 1970. Good for a name, not for comparing."""
    if sys.platform.startswith("linux"):
        ticks = started(pid)
        with contextlib.suppress(OSError, ValueError, StopIteration), open("/proc/stat", encoding="ascii") as file:
            boot = next(int(line.split()[1]) for line in file if line.startswith("btime "))
            return boot + int(ticks or "") / os.sysconf("SC_CLK_TCK")
        return time.time()
    try:
        return time.mktime(time.strptime(started(pid) or "", "%a %b %d %H:%M:%S %Y"))
    except ValueError:
        return time.time()


@dataclass(frozen=True)
class Process:
    pid: int
    started: str

    @property
    def alive(self) -> bool:
        return started(self.pid) == self.started

    @classmethod
    def of(cls, pid: int) -> Process:
        when = started(pid)
        if when is None:
            raise StateError(f"The ansible-playbook process {pid} has ended.")
        return cls(pid, when)


def playbook() -> Process:
    """The ansible-playbook process. Tasks run in forks of it, which know it even when it is gone."""
    parent = multiprocessing.parent_process()
    pid = parent.pid if parent is not None else None
    return Process.of(pid if pid is not None else os.getpid())


# --- directories


def refuse_unless_private(path: str) -> None:
    """A directory or socket that is ours alone. What it is, not what it points at."""
    try:
        seen = os.lstat(path)
    except OSError as exc:
        raise StateError(f"{path} cannot be looked at: {exc.strerror}.") from exc
    kind = "directory" if stat.S_ISDIR(seen.st_mode) else "socket" if stat.S_ISSOCK(seen.st_mode) else "other"
    if kind == "other":
        raise StateError(f"{path} is neither a directory nor a socket (a link?): remove it.")
    if seen.st_uid != os.geteuid():
        raise StateError(f"{path} belongs to user id {seen.st_uid}, not to you: remove it or have it removed.")
    if seen.st_mode & 0o077:
        raise StateError(
            f"{path} can be used by others (mode {stat.S_IMODE(seen.st_mode):04o}): remove it, or chmod 0700 it."
        )


def make_private(path: str) -> bool:
    """Make a directory that only we can enter, or check the one that is there. Whether it is new."""
    try:
        os.mkdir(path, 0o700)
        new = True
    except FileExistsError:
        new = False
    except OSError as exc:
        raise StateError(f"{path} cannot be made: {exc.strerror}.") from exc
    refuse_unless_private(path)
    return new


def _safe_parent(path: str) -> bool:
    """Nobody else may put another directory in place of ours: the parent is ours or root's, and sticky where all write."""
    try:
        seen = os.stat(path)
    except OSError:
        return False
    if not stat.S_ISDIR(seen.st_mode) or seen.st_uid not in (0, os.geteuid()) or not os.access(path, os.W_OK | os.X_OK):
        return False
    return not seen.st_mode & 0o022 or bool(seen.st_mode & stat.S_ISVTX)


def base_directory() -> str:
    """The first place that is safe and short enough for a socket below it."""
    places = dict.fromkeys(filter(None, (os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir(), "/tmp")))  # noqa: S108
    refused = []
    for place in places:
        place = os.path.abspath(place)
        if not _safe_parent(place):
            refused.append(f"{place} is missing or open to others")
        elif len(os.fsencode(place)) + _NAMES_LENGTH > SOCKET_PATH_LIMIT:
            refused.append(f"{place} is too long for a socket")
        else:
            path = os.path.join(place, f"lync-{os.geteuid()}")
            make_private(path)
            return path
    raise StateError(
        f"There is no private place for a socket ({'; '.join(refused)}): set XDG_RUNTIME_DIR to a short directory of yours."
    )


def open_private(path: str, flags: int = os.O_RDWR | os.O_CREAT, dir_fd: int | None = None) -> int:
    """A file of ours in a directory of ours, never through a link."""
    try:
        fd = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=dir_fd)
    except OSError as exc:
        raise StateError(f"{path} cannot be opened: {exc.strerror}.") from exc
    seen = os.fstat(fd)
    if not stat.S_ISREG(seen.st_mode) or seen.st_uid != os.geteuid():
        os.close(fd)
        raise StateError(f"{path} is not a file of yours: remove it.")
    return fd


def _write_new(path: str, content: Any) -> None:
    """Whole or not at all, and what is there already stays."""
    draft = f"{path}.{secrets.token_hex(4)}"
    fd = open_private(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        json.dump(content, file)
    try:
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        os.unlink(draft)


def _replace(path: str, content: Any) -> None:
    draft = f"{path}.{secrets.token_hex(4)}"
    fd = open_private(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        json.dump(content, file)
    os.replace(draft, path)


def _read(path: str) -> dict[str, Any]:
    fd = open_private(path, os.O_RDONLY)
    with os.fdopen(fd, encoding="utf-8") as file:
        try:
            content = json.load(file)
        except ValueError as exc:
            raise StateError(f"{path} is damaged: remove it.") from exc
    if not isinstance(content, dict):
        raise StateError(f"{path} is damaged: remove it.")
    return content


def digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()


def _name(*parts: object) -> str:
    return digest(*parts)[:NAME_LENGTH]


# --- one run


@dataclass(frozen=True)
class Run:
    """One ansible-playbook process, and the directory of its daemons."""

    owner: Process
    name: str
    path: str

    @classmethod
    def current(cls) -> Run:
        return cls.of(playbook())

    @classmethod
    def of(cls, owner: Process) -> Run:
        base = base_directory()
        path = os.path.join(base, _name(owner.pid, owner.started))
        if make_private(path):
            sweep(base, path)
        record = os.path.join(path, "run.json")
        if not os.path.lexists(record):
            name = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(start_clock(owner.pid))) + f"-{owner.pid}"
            _write_new(record, {"pid": owner.pid, "started": owner.started, "name": name})
        return cls(owner, str(_read(record)["name"]), path)

    def socket(self, key: str) -> str:
        return os.path.join(self.path, key)

    def temporary(self) -> str:
        path = os.path.join(self.path, "tmp")
        make_private(path)
        return path

    @contextlib.contextmanager
    def starting(self, key: str) -> Iterator[None]:
        """One worker at a time looks for that daemon and starts it; the others then find it."""
        fd = open_private(os.path.join(self.path, f"{key}.lock"))
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            yield
        finally:
            os.close(fd)

    def hold(self) -> int:
        """Keep the directory while a daemon is at work in it: the lock goes with the process."""
        fd = open_private(os.path.join(self.path, "alive"))
        fcntl.flock(fd, fcntl.LOCK_SH)
        return fd

    def remember(self, host: str, path: str) -> None:
        _replace(os.path.join(self.path, f"{_name(host)}.host"), {"host": host, "socket": path})

    def forget(self, path: str) -> None:
        """A daemon ends: its socket and what points at it go."""
        with contextlib.suppress(OSError):
            os.unlink(path)
        for host, known in self.sockets().items():
            if known == path:
                with contextlib.suppress(OSError):
                    os.unlink(os.path.join(self.path, f"{_name(host)}.host"))

    def leave(self, held: int) -> None:
        """The last daemon of a playbook that has ended takes the directory away; the others only their lock."""
        for _attempt in range(10):
            with contextlib.suppress(OSError):
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if not self.owner.alive:
                    shutil.rmtree(self.path)
                break
            fcntl.flock(held, fcntl.LOCK_UN)
            time.sleep(0.05)
        os.close(held)

    def sockets(self) -> dict[str, str]:
        """Inventory host to socket, of every session that this run has opened."""
        found = {}
        for entry in os.listdir(self.path):
            if entry.endswith(".host"):
                # a daemon that ends takes its entries away at any moment
                with contextlib.suppress(StateError, KeyError):
                    record = _read(os.path.join(self.path, entry))
                    found[str(record["host"])] = str(record["socket"])
        return dict(sorted(found.items()))


def socket_key(owner: Process, endpoint: str, transports: Sequence[str], identity: Sequence[str], state_dir: str) -> str:
    """The name of a daemon's socket: which endpoint, how and as whom, in which run. Nothing of it is a secret."""
    return _name(owner.pid, owner.started, endpoint.lower(), transports, identity, state_dir)


def sweep(base: str, keep: str) -> None:
    """Take away what runs left that were killed. A daemon that still drains holds a lock."""
    for entry in os.listdir(base):
        path = os.path.join(base, entry)
        if path == keep or not re.fullmatch(f"[0-9a-f]{{{NAME_LENGTH}}}", entry):
            continue
        with contextlib.suppress(StateError, OSError, KeyError, TypeError, ValueError):
            refuse_unless_private(path)
            try:
                record = _read(os.path.join(path, "run.json"))
            except StateError:
                if time.time() - os.lstat(path).st_mtime < _YOUNG:
                    continue
            else:
                if Process(int(record["pid"]), str(record["started"])).alive:
                    continue
            fd = open_private(os.path.join(path, "alive"))
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path)
            finally:
                os.close(fd)


# --- sockets


def connect(path: str) -> socket.socket:
    """A connection to a daemon. What is not a socket of ours gets no byte."""
    refuse_unless_private(os.path.dirname(path))
    try:
        os.lstat(path)
    except FileNotFoundError as exc:
        raise ConnectionRefusedError(path) from exc
    refuse_unless_private(path)
    end = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        end.connect(path)
    except BaseException:
        end.close()
        raise
    return end


def listen(path: str) -> socket.socket:
    refuse_unless_private(os.path.dirname(path))
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # the umask of the process decides on the socket's mode; it is tightened where a caller forgot
        before = os.umask(0o177)
        try:
            server.bind(path)
        finally:
            os.umask(before)
        refuse_unless_private(path)
        server.listen(64)
    except BaseException:
        server.close()
        raise
    return server


def same_user(end: socket.socket) -> bool:
    """Whether who is at the other end is us. Where the system does not tell, the directory's mode has to do."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True
    credentials = end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    return int.from_bytes(credentials[4:8], sys.byteorder) == os.geteuid()
