#!/usr/bin/env python3
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Windows server that is none: it takes any command and all its input, runs nothing, and gives one answer at once.

The lab refuses what is foreign, so a task loop of other people's modules would end at its first message. Here such a loop
goes through every exchange that it has with a server, and what is left is what it costs the controller.

    python benchmarks/answering.py DIRECTORY       writes DIRECTORY/inventory.yml, says `ready`, serves until its stdin ends
"""

from __future__ import annotations

import json
import secrets
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from lab.wsman import soap
from lab.wsman.auth import Account, Accounts
from lab.wsman.authority import Authority
from lab.wsman.endpoint import Endpoint
from lab.wsman.service import Service
from lab.wsman.shells import Process

HOST, FQDN = "fe1", "fe1.contoso.test"
ANSWER = json.dumps({"changed": True, "rc": 0, "stdout": "", "stdout_lines": [], "stderr": "", "stderr_lines": [],
                     "cmd": "Move-CsUser", "start": "", "end": "", "delta": ""})  # fmt: skip


class Answering(Process):
    """Reads its input to the end, where there is one, and has answered."""

    def __init__(self) -> None:
        super().__init__()
        self._fed = False

    def send(self, data: bytes, end: bool) -> None:
        self._fed = True
        if end:
            self._answered()

    def receive(self, seconds: float, at_most: int) -> tuple[bytes, bytes, int | None, Any] | None:
        if not self._fed:
            self._fed = True
            self._answered()
        return super().receive(seconds, at_most)

    def _answered(self) -> None:
        self.write_out(ANSWER.encode("ascii") + b"\r\n")
        self.end(0)


class AnsweringService(Service):
    def _command(self, request: soap.Request, user: str) -> bytes:
        process = Answering()
        self._shell(request, user).processes[process.id] = process
        self.counts.add("powershell_starts")
        return soap.answer(
            request, f"<rsp:CommandResponse><rsp:CommandId>{process.id}</rsp:CommandId></rsp:CommandResponse>"
        )


def main(directory: Path) -> None:
    password = secrets.token_urlsafe(12)
    authority = Authority()
    accounts = Accounts([Account("lyncadmin", password, "CONTOSO", "contoso.test")], directory / "ntlm")
    world: Any = SimpleNamespace(faults=None, transcript=None)
    service = AnsweringService(world, SimpleNamespace(powershell="5.1", fqdn=FQDN))
    endpoint = Endpoint(service, accounts, authority.server_context(FQDN, directory))
    endpoint.start()
    host = {
        "ansible_connection": "winrm", "ansible_host": "127.0.0.1", "ansible_port": endpoint.http_port,
        "ansible_winrm_scheme": "http", "ansible_winrm_transport": "ntlm", "ansible_shell_type": "powershell",
        "ansible_user": "CONTOSO\\lyncadmin", "ansible_password": password,
    }  # fmt: skip
    inventory = {"all": {"hosts": {HOST: host}}}
    (directory / "inventory.yml").write_text(yaml.safe_dump(inventory), encoding="utf-8")
    print("ready", flush=True)
    sys.stdin.read()
    print(json.dumps(service.counts.get()), flush=True)
    endpoint.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
