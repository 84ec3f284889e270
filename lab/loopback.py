# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No way out: a process that has this connects to this machine only, and asks nobody for names.

A lab has it from its start on. A rehearsal gives every Python process of its own this file as ``sitecustomize``, so that
neither a variable nor a record that somebody left can lead to a server of the organisation. Where LYNC_LAB_CONNECTS names
a file, each address that was connected to, or refused, is written there once by each process.
"""

from __future__ import annotations

import errno
import ipaddress
import json
import os
import socket
import sys
from typing import Any

#: Events of the interpreter that name an address, and where it stands among their arguments.
_ADDRESSES = {"socket.connect": 1, "socket.sendto": 1, "socket.sendmsg": 1}
_NAMES = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}
_seen: set[tuple[str, str]] = set()
installed = False


def is_here(host: object) -> bool:
    """Whether a host, as a socket takes it, is this machine. A name is not, but for localhost."""
    if isinstance(host, bytes | bytearray):
        host = bytes(host).decode("ascii", "replace")
    if host is None or host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(str(host).partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _note(what: str, host: object, allowed: bool) -> None:
    path = os.environ.get("LYNC_LAB_CONNECTS")
    key = ("to" if allowed else "refused", str(host))
    if not path or key in _seen:
        return
    _seen.add(key)
    line = json.dumps({key[0]: key[1], "by": what, "pid": os.getpid()}).encode("ascii") + b"\n"
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        os.write(handle, line)
    finally:
        os.close(handle)


def _look(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _ADDRESSES:
        address = arguments[_ADDRESSES[event]]
        if not isinstance(address, tuple) or arguments[0].family not in (socket.AF_INET, socket.AF_INET6):
            return  # a path, or nothing: a connected socket has been looked at
        if not _allowed(event, address[0]):
            raise OSError(errno.ENETUNREACH, f"a rehearsal connects to this machine only, and not to {address[0]}")
    elif event in _NAMES and not _allowed(event, arguments[0] if arguments else None):
        raise socket.gaierror(socket.EAI_NONAME, f"a rehearsal asks nobody for names, and not for {arguments[0]}")


def _allowed(event: str, host: object) -> bool:
    allowed = not host or is_here(host) or (event in _NAMES and str(host) == socket.gethostname())
    _note(event, host, allowed)
    return allowed


def _before_names(method: Any) -> Any:
    """The interpreter tells of a connect only after it has asked for the name in it."""

    def connect(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6) and isinstance(address, tuple):
            _look("socket.connect", (self, address))
        return method(self, address)

    return connect


def install() -> None:
    """For the rest of this process and for what it forks; there is no way back."""
    global installed
    if not installed:
        installed = True
        sys.addaudithook(_look)
        socket.socket.connect = _before_names(socket.socket.connect)  # type: ignore[method-assign]
        socket.socket.connect_ex = _before_names(socket.socket.connect_ex)  # type: ignore[method-assign]


if __name__ == "sitecustomize":
    install()
