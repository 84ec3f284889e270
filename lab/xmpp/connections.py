# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which XMPP servers of the lab have a connection to each other now, by what Linux says of their processes."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import typing as t
from dataclasses import dataclass

ESTABLISHED = "01"
End = tuple[str, int]


@dataclass(frozen=True)
class Connection:
    """``server`` and ``peer`` are names of servers; a peer that is none of the lab's goes by its address."""

    server: str
    peer: str
    direction: str  # out: the server opened it
    local: End
    remote: End


def connections(processes: t.Mapping[str, int], addresses: t.Mapping[str, str], port: int = 5269) -> list[Connection]:
    """``processes`` and ``addresses`` are ids and addresses of servers by name. Empty where the system does not tell."""
    sockets = dict(_table())
    held = {name: {sockets[one] for one in _inodes(pid) if one in sockets} for name, pid in processes.items()}
    opened_by = {local: name for name, pairs in held.items() for local, _remote in pairs}
    served = {address: name for name, address in addresses.items()}
    found = []
    for name, pairs in held.items():
        for local, remote in pairs:
            if local == (addresses[name], port):
                found.append(Connection(name, opened_by.get(remote, remote[0]), "in", local, remote))
            elif remote[1] == port:
                found.append(Connection(name, served.get(remote[0], remote[0]), "out", local, remote))
    return sorted(found, key=lambda one: (one.server, one.peer, one.direction, one.local))


def _table() -> t.Iterator[tuple[str, tuple[End, End]]]:
    with contextlib.suppress(OSError), open("/proc/net/tcp", encoding="ascii") as file:
        for line in file:
            parts = line.split()
            if len(parts) > 9 and parts[3] == ESTABLISHED:
                yield parts[9], (_end(parts[1]), _end(parts[2]))


def _end(text: str) -> End:
    address, _colon, port = text.partition(":")
    return socket.inet_ntoa(struct.pack("=I", int(address, 16))), int(port, 16)


def _inodes(pid: int) -> t.Iterator[str]:
    directory = f"/proc/{pid}/fd"
    with contextlib.suppress(OSError):
        for name in os.listdir(directory):
            with contextlib.suppress(OSError):
                target = os.readlink(f"{directory}/{name}")
                if target.startswith("socket:["):
                    yield target[8:-1]
