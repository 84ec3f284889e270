# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The door of a lab and of a rehearsal: to this machine, and nowhere else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.lync.xmpp_migration.lab import loopback

TRIES = """
import errno, json, os, socket, sys
def tried(what):
    try:
        what()
    except OSError as exc:
        return type(exc).__name__ + " " + str(exc.errno)
    return "went"
def udp(): return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server = socket.create_server(("127.0.0.1", 0))
pair = socket.socketpair()
found = {
    "tcp": tried(lambda: socket.socket().connect(("192.0.2.66", 5986))),
    "connect_ex": tried(lambda: socket.socket().connect_ex(("192.0.2.66", 5986))),
    "sendto": tried(lambda: udp().sendto(b"x", ("192.0.2.66", 53))),
    "sendmsg": tried(lambda: udp().sendmsg([b"x"], [], 0, ("192.0.2.66", 53))),
    "by name": tried(lambda: socket.socket().connect(("dc.contoso.test", 389))),
    "create_connection": tried(lambda: socket.create_connection(("dc.contoso.test", 389), 1)),
    "lookup": tried(lambda: socket.getaddrinfo("dc.contoso.test", 53)),
    "six": tried(lambda: socket.socket(socket.AF_INET6).connect(("2001:db8::1", 53))),
    "mapped": tried(lambda: socket.socket(socket.AF_INET6).connect(("::ffff:192.0.2.66", 53))),
    "here": tried(lambda: socket.create_connection(server.getsockname(), 5)),
    "localhost": tried(lambda: socket.getaddrinfo("localhost", 53)),
    "pair": tried(lambda: pair[0].send(b"x")),
    "forked": None,
}
read, write = os.pipe()
if os.fork() == 0:
    os.write(write, tried(lambda: socket.socket().connect(("192.0.2.66", 5986))).encode())
    os._exit(0)
os.wait()
found["forked"] = os.read(read, 100).decode()
print(json.dumps(found))
"""


def test_a_process_that_has_it_reaches_this_machine_only(tmp_path: Path) -> None:
    shutil.copyfile(loopback.__file__, tmp_path / "sitecustomize.py")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "LYNC_LAB_CONNECTS": str(tmp_path / "seen")}
    ended = subprocess.run([sys.executable, "-c", TRIES], env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    assert {name for name, said in found.items() if said == "went"} == {"here", "localhost", "pair"}
    seen = [json.loads(line) for line in (tmp_path / "seen").read_text().splitlines()]
    assert {one["refused"] for one in seen if "refused" in one} == {
        "192.0.2.66",
        "dc.contoso.test",
        "2001:db8::1",
        "::ffff:192.0.2.66",
    }
    assert {one["to"] for one in seen if "to" in one} == {"127.0.0.1", "localhost"}


@pytest.mark.parametrize(
    ("host", "here"),
    [("127.3.4.5", True), ("::1", True), ("localhost", True), (None, True), ("::ffff:127.0.0.1", True), (b"127.0.0.1", True),
     ("10.0.0.1", False), ("0.0.0.1", False), ("contoso.test", False), ("169.254.169.254", False), ("127.0.0.1.evil.test", False)],
)  # fmt: skip
def test_what_is_here(host: object, here: bool) -> None:
    assert loopback.is_here(host) is here
