# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An endpoint in the test's own process, and a client of it that is pywinrm."""

from __future__ import annotations

import base64
import contextlib
import functools
import json
import secrets
import threading
from pathlib import Path

import requests
from ansible_collections.lync.xmpp_migration.lab.powershell import frames
from ansible_collections.lync.xmpp_migration.lab.powershell.performer import ComputerSession
from ansible_collections.lync.xmpp_migration.lab.powershell.standin import LOADER
from ansible_collections.lync.xmpp_migration.lab.wsman.auth import Account, Accounts
from ansible_collections.lync.xmpp_migration.lab.wsman.authority import Authority
from ansible_collections.lync.xmpp_migration.lab.wsman.endpoint import SCHEMES, Endpoint
from ansible_collections.lync.xmpp_migration.lab.wsman.service import Service
from ansible_collections.lync.xmpp_migration.tests.unit.lab.standin_world import StubWorld, bind, stub_handlers
from winrm.exceptions import WinRMOperationTimeoutError
from winrm.protocol import Protocol

PASSWORD = "Lab-Passw0rd"
ARGUMENTS = ("-NoProfile", "-NonInteractive", "-NoLogo", "-ExecutionPolicy", "Bypass", "-InputFormat", "None")
LOADER_BASE64 = base64.b64encode(LOADER.encode("utf-16-le")).decode()


def session() -> requests.Session:
    """Without what the environment says of proxies and authorities."""
    client = requests.Session()
    client.trust_env = False
    return client


class Server:
    """One computer with the stubs of the stand-in's tests behind it."""

    def __init__(self, directory: Path, powershell: str = "3.0", schemes: frozenset[str] = SCHEMES, **limits) -> None:
        self.world = StubWorld(powershell=powershell)
        self.fqdn = self.world.computer.fqdn
        self.authority = Authority()
        self.ca = directory / "ca.pem"
        self.ca.write_bytes(self.authority.pem())
        accounts = [
            Account("lyncadmin", PASSWORD, "CONTOSO", "contoso.test"),
            Account("other", PASSWORD, "CONTOSO", "contoso.test"),
        ]
        session = functools.partial(ComputerSession, bind=bind)
        self.service = Service(self.world, self.world.computer, session=session)
        self.service.shells.limits = self.service.limits.with_values(limits)
        tls = self.authority.server_context(self.fqdn, directory)
        self.endpoint = Endpoint(self.service, Accounts(accounts, directory / "ntlm"), tls, schemes=schemes)
        self.endpoint.start()

    @property
    def https(self) -> str:
        return f"https://127.0.0.1:{self.endpoint.https_port}/wsman"

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.endpoint.http_port}/wsman"

    def protocol(self, transport: str = "basic", scheme: str = "https", **options) -> Protocol:
        settings = {
            "username": "CONTOSO\\lyncadmin",
            "password": PASSWORD,
            "endpoint": self.https if scheme == "https" else self.http,
            "transport": transport,
            "ca_trust_path": str(self.ca),
            "proxy": None,
        }
        if transport == "kerberos":
            settings |= {"username": "lyncadmin@CONTOSO.TEST", "kerberos_hostname_override": self.fqdn}
        return Protocol(**{**settings, **options})

    def post(self, body: bytes | str, user: str = "CONTOSO\\lyncadmin", **options) -> requests.Response:
        """A request by hand, signed in with Basic."""
        settings = {
            "auth": (user, PASSWORD),
            "verify": str(self.ca),
            "headers": {"Content-Type": "application/soap+xml;charset=UTF-8"},
            "timeout": 30,
        }
        with session() as client:
            return client.post(self.https, data=body, **{**settings, **options})

    @property
    def counts(self) -> dict[str, int]:
        return self.service.counts.get()

    def faults(self, *faults: dict) -> None:
        self.world.faults.add(faults)


@contextlib.contextmanager
def serving(directory: Path, **options):
    with stub_handlers():
        server = Server(directory, **options)
        try:
            yield server
        finally:
            server.endpoint.stop()


class Warm:
    """A warm PowerShell over pywinrm, as the session daemon holds one."""

    def __init__(self, protocol: Protocol, shell: str | None = None, loader: str = LOADER_BASE64) -> None:
        self.protocol = protocol
        self.shell = shell or protocol.open_shell(codepage=65001)
        arguments = [*ARGUMENTS, "-EncodedCommand", loader]
        self.command = protocol.run_command(self.shell, "powershell.exe", arguments, console_mode_stdin=False)
        self.mark = b"~" + secrets.token_hex(16).encode() + b"~"
        self.buffer = b""
        self.serial = 0
        self.exit: int | None = None

    def begin(self) -> Warm:
        self.send(base64.b64encode(frames.script()) + b"\n" + self.mark.strip(b"~") + b"\n")
        self.hello = self.frame()["hello"]
        return self

    def send(self, data: bytes) -> None:
        for i in range(0, len(data), 60000):
            self.protocol.send_command_input(self.shell, self.command, data[i : i + 60000], end=False)

    def frame(self) -> dict:
        while True:
            while b"\n" in self.buffer:
                line, self.buffer = self.buffer.split(b"\n", 1)
                if self.mark in line:
                    return json.loads(base64.b64decode(line.partition(self.mark)[2], validate=True))
            if self.exit is not None:
                raise EOFError(self.exit)
            try:
                out, _, code, done = self.protocol.get_command_output_raw(self.shell, self.command)
            except WinRMOperationTimeoutError:
                continue
            self.buffer += out
            if done:
                self.exit = code

    def ask(self, *calls: dict) -> tuple[list, list]:
        self.serial += 1
        self.send(base64.b64encode(json.dumps({"id": self.serial, "calls": list(calls)}).encode()) + b"\n")
        return self.answer()

    def answer(self) -> tuple[list, list]:
        rows: list = []
        ends: list = []
        while "done" not in (frame := self.frame()):
            if "rows" in frame:
                rows += frame["rows"]
            else:
                ends.append(frame)
        assert frame["id"] == self.serial
        return rows, ends

    def echo(self, value) -> object:
        return self.ask({"cmdlet": "Get-Echo", "parameters": {"Value": value}, "properties": ["Value"]})[0][0][0]

    def close(self) -> None:
        self.protocol.cleanup_command(self.shell, self.command)
        self.protocol.close_shell(self.shell)


def powershell_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("powershell-")]
