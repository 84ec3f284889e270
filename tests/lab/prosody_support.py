# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real XMPP server (Prosody) on a loopback address of its own, for as long as a test lasts."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

MODULES = ("roster", "disco", "ping", "iq", "admin_shell")

CONFIGURATION = """\
run_as_root = true
pidfile = "{directory}/prosody.pid"
data_path = "{directory}"
log = {{ debug = "{directory}/prosody.log" }}
interfaces = {{ "{address}" }}
s2s_ports = {{ {port} }}
c2s_ports = {{ }}
http_ports = {{ }}
https_ports = {{ }}
admin_socket = "{directory}/admin.sock"
modules_enabled = {{ {modules} }}
modules_disabled = {{ "s2s_bidi", {disabled} }}
authentication = "internal_hashed"
s2s_require_encryption = {required}
s2s_secure_auth = {secure}
unbound = {{
  resolvconf = false; hoststxt = false; forward = {{ "127.0.0.1@{dns}" }};
  options = {{ ["do-not-query-localhost:"] = "no"; ["local-zone:"] = "test. transparent" }};
}}
{ssl}
VirtualHost "{domain}"
"""


class Prosody:
    """``modules`` are those of the negotiation: tls, saslauth, dialback."""

    def __init__(
        self,
        directory: Path,
        domain: str,
        address: str,
        dns: int,
        modules: Sequence[str] = ("tls", "saslauth", "dialback"),
        *,
        port: int = 5269,
        required: bool = False,
        secure: bool = False,
        certificate: dict[str, bytes] | None = None,
        ca_file: Path | None = None,
    ) -> None:
        self.directory, self.domain, self.address, self.port = directory, domain, address, port
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        ssl = ""
        if certificate is not None:
            for name in ("certificate", "key"):
                (directory / f"{name}.pem").write_bytes(certificate[name])
            trusted = f' cafile = "{ca_file}";' if ca_file else ""
            ssl = f'ssl = {{ certificate = "{directory}/certificate.pem"; key = "{directory}/key.pem";{trusted} }}'
        off = [one for one in ("tls", "saslauth", "dialback") if one not in modules]
        text = CONFIGURATION.format(
            directory=directory,
            address=address,
            port=port,
            modules=", ".join(f'"{one}"' for one in (*MODULES, *modules)),
            disabled=", ".join(f'"{one}"' for one in off),
            required=str(required).lower(),
            secure=str(secure).lower(),
            dns=dns,
            ssl=ssl,
            domain=domain,
        )
        self.configuration = directory / "prosody.cfg.lua"
        self.configuration.write_text(text, encoding="ascii")

    def __enter__(self) -> Prosody:
        program = shutil.which("prosody")
        assert program is not None
        with (self.directory / "out").open("wb") as said:
            self.process = subprocess.Popen(
                [program, "-F", "--config", str(self.configuration)],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            with contextlib.suppress(OSError), socket.create_connection((self.address, self.port), 1):
                return self
            time.sleep(0.05)
        self.__exit__()
        raise AssertionError(f"Prosody does not serve: {self.log()}")

    def __exit__(self, *_: Any) -> None:
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def shell(self, command: str) -> str:
        """What the server's own console answers."""
        program = shutil.which("prosodyctl")
        assert program is not None
        done = subprocess.run(
            [program, "--root", "--config", str(self.configuration), "shell", command],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        return done.stdout + done.stderr

    def log(self) -> str:
        texts = [
            path.read_text("utf-8", "replace")
            for name in ("out", "prosody.log")
            if (path := self.directory / name).exists()
        ]
        return "".join(texts)[-4000:]


@contextlib.contextmanager
def serving(*servers: Prosody) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        for one in servers:
            stack.enter_context(one)
        yield
