# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A private BIND: one process, its own directory, 127.0.0.1 only, no control port.

Clients speak to a proxy of ours that passes messages on unread. Only updates go one at a time: after each that BIND
accepted the zone is transferred and compared, so that each change is seen before its answer is.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
import time
import typing as t
from pathlib import Path

import dns.exception
import dns.message
import dns.opcode
import dns.query
import dns.rcode
import dns.tsig
import dns.tsigkeyring
import dns.zone

from .builtin import Changed
from .records import Records, snapshot
from .sockets import ADDRESS, bound_pair, read_message, write_message

UPSTREAM_SECONDS = 10.0
START_SECONDS = 10.0

CONFIGURATION = """\
include "tsig.key";
options {{
  directory "{directory}"; pid-file "named.pid"; session-keyfile "session.key"; managed-keys-directory "{directory}";
  listen-on port {port} {{ {address}; }}; listen-on-v6 {{ none; }};
  recursion no; allow-recursion {{ none; }}; forwarders {{ }}; empty-zones-enable no;
  dnssec-validation no; notify no; minimal-responses yes; version none;
  allow-query {{ any; }}; allow-transfer {{ key "{key}"; }};
}};
controls {{ }};
logging {{ channel file {{ file "named.log" size 5m; severity info; print-time yes; }}; category default {{ file; }}; }};
"""
ZONE = 'zone "{name}" {{ type primary; file "{file}"; allow-update {{ key "{key}"; }}; }};\n'


class BindFailed(Exception):
    """named is there but does not serve: a security profile, a missing directory, an option it does not know."""


def executable() -> str | None:
    return shutil.which("named") or next((p for p in ("/usr/sbin/named", "/sbin/named") if os.access(p, os.X_OK)), None)


class Bind:
    """The process and the proxy's handler. ``zones`` are texts of zone files by name."""

    name = "named"

    def __init__(self, zones: t.Mapping[str, str], directory: Path, key: dns.tsig.Key, changed: Changed) -> None:
        self.directory, self.key, self._changed = directory, key, changed
        self.names = list(zones)
        self._lock = threading.Lock()
        self.port = self._free_port()
        self._write(zones)
        self._process = self._run()
        try:
            self._wait()
            self._records = {name: self._transferred(name) for name in self.names}
        except BaseException:
            self.stop()
            raise

    # --- the process

    @staticmethod
    def _free_port() -> int:
        stream, datagrams = bound_pair()
        port: int = stream.getsockname()[1]
        stream.close()
        datagrams.close()
        return port

    def _write(self, zones: t.Mapping[str, str]) -> None:
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = self.key.name.to_text(omit_final_dot=True)
        parts = [CONFIGURATION.format(directory=self.directory, port=self.port, address=ADDRESS, key=name)]
        for zone, text in zones.items():
            file = f"{zone}.db"
            (self.directory / f"{file}.jnl").unlink(missing_ok=True)  # a journal of an earlier run would be replayed
            (self.directory / file).write_text(text, encoding="ascii")
            parts.append(ZONE.format(name=zone, file=file, key=name))
        secret = dns.tsigkeyring.to_text({self.key.name: self.key})[self.key.name.to_text()]
        secret_text = secret[1] if isinstance(secret, tuple) else secret
        key_text = f'key "{name}" {{ algorithm hmac-sha256; secret "{secret_text}"; }};\n'
        self._private("tsig.key", key_text)
        (self.directory / "named.conf").write_text("".join(parts), encoding="ascii")

    def _private(self, name: str, text: str) -> None:
        descriptor = os.open(self.directory / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file_object:
            file_object.write(text)

    def _command(self) -> list[str] | None:
        named = executable()
        return None if named is None else [named, "-f", "-n", "1", "-c", str(self.directory / "named.conf")]

    def _run(self) -> subprocess.Popen[bytes]:
        command = self._command()
        if command is None:
            raise BindFailed(f"{self.name} is not installed.")
        with (self.directory / "named.out").open("wb") as said:
            process = subprocess.Popen(
                command,
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
            )
        # Its input ends when this process does, however that comes about: then named must not stay behind.
        self._watchdog = subprocess.Popen(
            ["/bin/sh", "-c", 'read -r _; kill "$1"', "watchdog", str(process.pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return process

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        query = dns.message.make_query(self.names[0], "SOA")
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                said = (self.directory / "named.out").read_bytes()[-400:].decode("utf-8", "replace").strip()
                raise BindFailed(f"{self.name} ended with code {self._process.returncode}: {said}")
            try:
                if dns.query.tcp(query, ADDRESS, timeout=1, port=self.port).rcode() == dns.rcode.NOERROR:
                    return
            except (OSError, dns.exception.DNSException, EOFError):
                pass
            time.sleep(0.05)
        raise BindFailed(f"{self.name} did not answer within {START_SECONDS:g} s.")

    def stop(self) -> None:
        self._watchdog.kill()
        self._watchdog.communicate()
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    # --- the proxy

    def records(self) -> dict[str, Records]:
        with self._lock:
            return dict(self._records)

    def handle(self, wire: bytes, tcp: bool) -> t.Iterable[bytes]:
        if len(wire) < 12 or wire[2] & 0x80:
            return ()  # no header, or an answer: BIND would say nothing, and the proxy wait for it
        if (wire[2] >> 3) & 0xF == dns.opcode.UPDATE:
            return self._update(wire)
        return self._over_tcp(wire) if tcp else self._over_udp(wire)

    def _over_udp(self, wire: bytes) -> t.Iterable[bytes]:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as upstream:
            upstream.settimeout(UPSTREAM_SECONDS)
            upstream.connect((ADDRESS, self.port))
            upstream.send(wire)
            return [upstream.recv(65535)]

    def _over_tcp(self, wire: bytes) -> t.Iterator[bytes]:
        """All messages of the answer: a transfer has several, and ends where BIND has nothing more to say."""
        with socket.create_connection((ADDRESS, self.port), UPSTREAM_SECONDS) as upstream:
            write_message(upstream, wire)
            upstream.shutdown(socket.SHUT_WR)
            while (answer := read_message(upstream)) is not None:
                yield answer

    def _update(self, wire: bytes) -> t.Iterable[bytes]:
        with self._lock:
            answers = list(self._over_tcp(wire))
            if answers and answers[0][3] & 0xF == dns.rcode.NOERROR:
                zone = _zone_of_update(wire)
                if zone in self._records:
                    before, self._records[zone] = self._records[zone], self._transferred(zone)
                    if self._records[zone] != before:
                        self._changed(zone, before, self._records[zone])
        return answers

    def _transferred(self, zone: str) -> Records:
        keyring = {self.key.name: self.key}
        transfer = dns.query.xfr(
            ADDRESS, zone, port=self.port, timeout=UPSTREAM_SECONDS, relativize=False, keyring=keyring,
            keyname=self.key.name, keyalgorithm=self.key.algorithm,
        )  # fmt: skip
        return snapshot(dns.zone.from_xfr(transfer, relativize=False))


def _zone_of_update(wire: bytes) -> str:
    """The name in the zone section, which is the first thing after the header and never compressed."""
    labels, position = [], 12
    while position < len(wire) and 0 < wire[position] < 64:
        end = position + 1 + wire[position]
        labels.append(wire[position + 1 : end].decode("ascii", "replace").lower())
        position = end
    return ".".join(labels)
