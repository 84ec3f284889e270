# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real XMPP server, Prosody, in the place of a gateway or of a partner: one process on a loopback address of its own.

It serves its domains as external components (XEP-0114), so that whoever knows the secret can send and take their messages:
nobody has to sign in. It finds other servers through the lab's name servers. Prosody is not Lync's gateway: what it shows
of one is the mechanics of XMPP and DNS.
"""

from __future__ import annotations

import contextlib
import glob
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import typing as t
from dataclasses import dataclass, field
from pathlib import Path

PORT, COMPONENT_PORT = 5269, 5347
START_SECONDS, STOP_SECONDS = 60.0, 8.0
MODULES = Path(__file__).parent / "prosody_modules"
BACKLOG = 16
NEGOTIATION = ("tls", "saslauth", "dialback")

CONFIGURATION = """\
run_as_root = true
pidfile = {directory}.."/prosody.pid"
data_path = {directory}
plugin_paths = {{ {plugins} }}
log = {{ info = {directory}.."/prosody.log" }}
interfaces = {{ {address} }}
s2s_ports = {{ {port} }}
component_interfaces = {{ {address} }}
component_ports = {{ {component_port} }}
c2s_ports = {{ }}
http_ports = {{ }}
https_ports = {{ }}
modules_enabled = {{ "disco"; "iq"; {modules} }}
modules_disabled = {{ "s2s_bidi"; "c2s"; "offline"; "register"; {disabled} }}
network_settings = {{ tcp_backlog = {backlog} }}
s2s_require_encryption = {required}
s2s_secure_auth = {secure}
lync_partners_file = {directory}.."/partners"
unbound = {{
  resolvconf = false; hoststxt = false; forward = {{ {forward} }};
  options = {{ ["do-not-query-localhost:"] = "no"; ["local-zone:"] = "test. transparent" }};
}}
{ssl}
VirtualHost "nobody.invalid"
modules_disabled = {{ "s2s"; "tls"; "saslauth"; "dialback" }}
"""
COMPONENT = """
Component {domain}
component_secret = {secret}
modules_enabled = {{ "ping"; {gateway} }}
"""


def missing() -> str | None:
    """What this machine lacks for it, in a sentence; nothing where it can be started."""
    if shutil.which("prosody") is None:
        return "Prosody is not installed."
    # Its own resolver knows only port 53: with this library it asks the name server that it is told.
    places = ("/usr/lib/*/lua/*/lunbound.so", "/usr/local/lib/lua/*/lunbound.so", "/usr/lib/lua/*/lunbound.so")
    if not any(glob.glob(place) for place in places):
        return "lua-unbound is not installed, so Prosody could not ask the name servers of the lab."
    return None


@dataclass(frozen=True)
class Negotiation:
    """How a gateway deals with one partner. ``incoming`` is False while only messages to it are let through.

    rule: xmpp-settings-both-ways
    """

    tls: str
    sasl: str
    dialback: bool
    incoming: bool = True


@dataclass(frozen=True)
class Setup:
    """``partners`` are those of a gateway: nobody else is served. A partner's own server has None."""

    address: str
    port: int
    domains: tuple[str, ...]
    certificate: str = ""
    key: bytes = field(default=b"", repr=False)
    authorities: str = ""
    modules: tuple[str, ...] = NEGOTIATION
    tls_required: bool = False
    secure: bool = False
    gateway: bool = False


class Prosody:
    """Runs from ``start`` to ``stop``, and never longer than this process."""

    def __init__(self, setup: Setup, directory: Path, name_server: tuple[str, int], secret: str) -> None:
        self.setup, self.directory = setup, directory
        self._process: subprocess.Popen[bytes] | None = None
        self._watchdog: subprocess.Popen[bytes] | None = None
        self._partners = ""
        self._held: list[socket.socket] = []
        (directory / "certs").mkdir(mode=0o700, parents=True, exist_ok=True)  # where it looks for more of them
        self._write("prosody.cfg.lua", self._configuration(name_server, secret))

    # --- files

    def _write(self, name: str, text: str | bytes) -> Path:
        """Whole or not at all: it may be read meanwhile."""
        path, new = self.directory / name, self.directory / f".{name}.new"
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode() if isinstance(text, str) else text)
        new.rename(path)
        return path

    def _configuration(self, name_server: tuple[str, int], secret: str) -> str:
        setup, ssl = self.setup, ""
        modules = [one for one in setup.modules if one != "tls" or setup.certificate]
        if setup.certificate:
            self._write("certificate.pem", setup.certificate)
            self._write("key.pem", setup.key)
            self._write("authorities.pem", setup.authorities)
            files = {"certificate": "certificate.pem", "key": "key.pem", "cafile": "authorities.pem"}
            ssl = "; ".join(f"{name} = {_lua(str(self.directory / file))}" for name, file in files.items())
            ssl = f"ssl = {{ {ssl} }}"
        text = CONFIGURATION.format(
            directory=_lua(str(self.directory)),
            plugins=_lua(str(MODULES)),
            address=_lua(setup.address),
            port=setup.port,
            component_port=COMPONENT_PORT,
            modules="; ".join(map(_lua, modules)),
            disabled="; ".join(_lua(one) for one in NEGOTIATION if one not in modules),
            backlog=BACKLOG,
            required=_lua(setup.tls_required),
            secure=_lua(setup.secure),
            forward=_lua(f"{name_server[0]}@{name_server[1]}"),
            ssl=ssl,
        )
        gateway = _lua("lync_partners") if setup.gateway else ""
        return text + "".join(
            COMPONENT.format(domain=_lua(domain), secret=_lua(secret), gateway=gateway) for domain in setup.domains
        )

    def serve(self, partners: t.Mapping[str, Negotiation], silent: bool) -> None:
        """The partners from now on; strangers are told nothing at all, or are answered and then refused."""
        lines = [f"strangers {'silent' if silent else 'answered'}"]
        for domain, one in sorted(partners.items()):
            way = "both" if one.incoming else "out"
            lines.append(f"{domain} {one.tls} {one.sasl} {_lua(one.dialback)} {way}")
        text = "".join(f"{line}\n" for line in lines)
        if text != self._partners:
            self._write("partners", text)
            self._partners = text

    # --- life

    def start(self) -> Prosody:
        program = shutil.which("prosody")
        if program is None:
            raise OSError("Prosody is not installed.")
        with socket.socket() as tried:  # it would start without the port, and say so in its log only
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind((self.setup.address, self.setup.port))
        with (self.directory / "out").open("wb") as said:
            self._process = subprocess.Popen(
                [program, "-F", "--config", str(self.directory / "prosody.cfg.lua")],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
            )
        # Its input ends when this process does, however that comes about: then Prosody must not stay behind.
        self._watchdog = subprocess.Popen(
            ["/bin/sh", "-c", 'read -r _; kill -9 "$1"', "watchdog", str(self._process.pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return self

    def wait(self) -> Prosody:
        """Until it listens. OSError where it does not."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.running:
            with contextlib.suppress(OSError), socket.create_connection((self.setup.address, self.setup.port), 1):
                return self
            time.sleep(0.02)
        said = self.log()[-400:].strip()
        self.stop(at_once=True)
        raise OSError(f"Prosody does not serve: {said}")

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._process.pid if self._process is not None else 0

    def stop(self, *, at_once: bool = False) -> None:
        """As a service is stopped: it refuses streams, closes those that are open, and ends. ``at_once`` just ends it."""
        process, watchdog = self._process, self._watchdog
        if watchdog is not None:
            watchdog.kill()
            watchdog.communicate()
            self._watchdog = None
        if process is None or process.poll() is not None:
            return
        if self._held:
            self.unplug(False)
        if at_once:
            process.kill()
        else:
            process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def unplug(self, unplugged: bool) -> None:
        """Streams stay open and nobody answers, as with the network gone; or it is plugged in again.

        The process is stopped. New connections would still be taken by the system, until the queue of those that the process
        has not accepted is full: so it is filled.
        """
        if not self.running:
            return
        for one in self._held:
            one.close()
        self._held.clear()
        os.kill(self.pid, signal.SIGSTOP if unplugged else signal.SIGCONT)
        for _number in range(2 * BACKLOG if unplugged else 0):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex((self.setup.address, self.setup.port))
            self._held.append(one)

    def log(self) -> str:
        texts = []
        for name in ("out", "prosody.log"):
            with contextlib.suppress(OSError):
                texts.append((self.directory / name).read_text("utf-8", "replace"))
        return "".join(texts)


def _lua(value: str | bool) -> str:
    """As Lua writes it: its escapes are those of JSON where no character is beyond ASCII's."""
    return json.dumps(value, ensure_ascii=False)
