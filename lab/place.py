# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a running lab lives: its directory, its addresses, its secrets, and the programs that it starts."""

from __future__ import annotations

import dataclasses
import ipaddress
import json
import os
import re
import secrets
import shutil
import socket
import stat
import subprocess
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

EXTERNAL = re.compile(r"\b203\.0\.113\.(\d{1,3})\b")
#: What is left of a lab when it has ended.
KEPT = frozenset({"transcript.ndjson", "lab.log"})
SYSTEM_PATH = ("/usr/local/sbin", "/usr/sbin", "/sbin")


class LabError(Exception):
    """What the person who started the lab has to know, in one sentence."""


class Running(t.Protocol):
    """A part of the lab that serves something: name servers, XMPP servers, a KDC.

    ``facts`` go into lab.json and the answer of ``up``; ``variables`` into the inventory's group_vars, where a mapping
    is merged into one of the same name (``lync_migration``), so that a part can say which port it got.
    """

    @property
    def facts(self) -> dict[str, t.Any]: ...

    @property
    def variables(self) -> dict[str, t.Any]: ...

    def stop(self) -> None: ...


@dataclass
class Place:
    """``prefix`` are the first three numbers of the loopback network that stands for 203.0.113.0/24."""

    directory: Path
    prefix: str = "127.77.3"
    secret_prefix: str = ""
    secrets: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        try:
            loopback = ipaddress.ip_address(f"{self.prefix}.1").is_loopback
        except ValueError:
            loopback = False
        if not loopback:
            raise LabError(f"The prefix {self.prefix} is not that of a loopback network such as 127.77.3.")
        if not re.fullmatch(r"[A-Za-z0-9-]*", self.secret_prefix):
            raise LabError("The prefix of the secrets has letters, digits and hyphens only.")

    def real(self, value: t.Any) -> t.Any:
        """Estate form to sockets: 203.0.113.N is served on this machine as PREFIX.N, wherever it is written.

        A lab translates its estate when it starts, and its state when it tells it: all between has real addresses.
        """
        return translate(value, EXTERNAL, self.prefix)

    def estate(self, value: t.Any) -> t.Any:
        """The way back."""
        return translate(value, re.compile(rf"\b{re.escape(self.prefix)}\.(\d{{1,3}})\b"), "203.0.113")

    def secret(self, name: str) -> str:
        """A random password or key, made once per start."""
        if name not in self.secrets:
            self.secrets[name] = self.secret_prefix + secrets.token_urlsafe(18).replace("-", "x").replace("_", "y")
        return self.secrets[name]

    def private(self, name: str) -> Path:
        """A directory for a part's own files."""
        path = self.directory / name
        path.mkdir(mode=0o700, exist_ok=True)
        return path

    def write(self, name: str, text: str) -> Path:
        """A file of the lab's, readable for nobody else."""
        path = self.directory / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        temporary.rename(path)
        return path

    def write_json(self, name: str, value: t.Any) -> Path:
        return self.write(name, json.dumps(value, indent=2, sort_keys=True) + "\n")


def random_prefix() -> str:
    """A network for a lab that was given none, so that two of them do not meet."""
    return f"127.{64 + secrets.randbelow(128)}.{1 + secrets.randbelow(250)}"


def translate(value: t.Any, pattern: re.Pattern[str], network: str) -> t.Any:
    """The same value with the addresses in its texts on another network."""
    if isinstance(value, str):
        return pattern.sub(lambda found: f"{network}.{found[1]}", value)
    if isinstance(value, dict):
        return {key: translate(item, pattern, network) for key, item in value.items()}
    if isinstance(value, list):
        return [translate(item, pattern, network) for item in value]
    if isinstance(value, tuple):
        return tuple(translate(item, pattern, network) for item in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changes = {f.name: translate(getattr(value, f.name), pattern, network) for f in dataclasses.fields(value)}
        return dataclasses.replace(value, **changes)
    return value


def prepare(directory: Path) -> Path:
    """The state directory, made or checked: ours alone."""
    directory = Path(os.path.abspath(directory))
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = os.lstat(directory)
    except OSError as exc:
        raise LabError(f"The state directory {directory} cannot be made: {exc.strerror}.") from exc
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        raise LabError(f"The state directory {directory} is not a directory of yours.")
    if status.st_mode & 0o077:
        raise LabError(f"The state directory {directory} is open to others; make it 0700 or name another.")
    return directory


def clean(directory: Path) -> None:
    """Takes away what a lab leaves that is secret or of no use without it."""
    for path in directory.iterdir():
        if path.name in KEPT:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def program(name: str) -> str | None:
    """A server program, also where only root has its directory on PATH."""
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", os.defpath), *SYSTEM_PATH]))


def spawn(command: t.Sequence[str], log: Path, **options: t.Any) -> subprocess.Popen[bytes]:
    """A child that ends with the lab, however the lab ends. Call it from the main thread: the child follows that."""
    setpriv = program("setpriv")
    follow = [setpriv, "--pdeathsig", "TERM"] if setpriv else []
    with log.open("ab") as output:
        return subprocess.Popen(
            [*follow, *command], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, **options
        )


def end(child: subprocess.Popen[bytes], seconds: float = 5.0) -> None:
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def free_port(address: str = "127.0.0.1") -> int:
    """A port that is free for TCP and for UDP."""
    for _attempt in range(50):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind((address, 0))
            port: int = tcp.getsockname()[1]
            try:
                udp.bind((address, port))
            except OSError:
                continue
            return port
    raise LabError("There is no free port on this machine.")
