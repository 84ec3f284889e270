# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A private Kerberos realm: an MIT KDC of the lab's own, on a free port of loopback."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import typing as t
from pathlib import Path

from ..place import LabError, Place, end, free_port, program, spawn

PROGRAMS = ("krb5kdc", "kdb5_util", "kadmin.local")


class Kdc:
    """Realm, user principals and the endpoints' service principals. ``environment`` is what clients need."""

    def __init__(self, place: Place, realm: str) -> None:
        missing = [name for name in PROGRAMS if program(name) is None]
        if missing:
            raise LabError(f"Kerberos needs {', '.join(missing)}: install krb5-kdc and krb5-admin-server.")
        self.realm = realm.upper()
        self._place = place
        self._directory = place.private("kdc")
        self._port = free_port()
        self._child: subprocess.Popen[bytes] | None = None
        self.configuration = self._directory / "krb5.conf"
        self.keytab = self._directory / "http.keytab"
        self.environment = {"KRB5_CONFIG": str(self.configuration)}
        self.facts: dict[str, t.Any] = {"realm": self.realm, "port": self._port, "environment": self.environment}
        self.variables: dict[str, t.Any] = {}

    def start(self, users: t.Mapping[str, str], hosts: t.Iterable[str]) -> None:
        self._write()
        master = self._place.secret("kdc master key")
        self._run("kdb5_util", ["create", "-s", "-r", self.realm], f"{master}\n{master}\n")
        commands = [f"addprinc -pw {password} {user}@{self.realm}" for user, password in users.items()]
        for host in hosts:
            commands += [
                f"addprinc -randkey HTTP/{host}@{self.realm}",
                f"ktadd -k {self.keytab} HTTP/{host}@{self.realm}",
            ]
        # By standard input, so that no password is in the list of processes.
        self._run("kadmin.local", ["-r", self.realm], "\n".join(commands) + "\nquit\n")
        kdc = program("krb5kdc")
        self._child = spawn(
            [str(kdc), "-n", "-r", self.realm, "-P", str(self._directory / "kdc.pid")],
            self._directory / "kdc.log",
            env=self._environment(),
        )
        self._wait()
        # The acceptor in this process finds the realm and its keys here.
        os.environ["KRB5_CONFIG"] = str(self.configuration)
        os.environ["KRB5_KTNAME"] = f"FILE:{self.keytab}"

    def stop(self) -> None:
        if self._child is not None:
            end(self._child)
            self._child = None

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "KRB5_CONFIG": str(self.configuration),
            "KRB5_KDC_PROFILE": str(self._directory / "kdc.conf"),
        }

    def _run(self, name: str, arguments: list[str], text: str) -> None:
        done = subprocess.run(
            [str(program(name)), *arguments],
            input=text,
            capture_output=True,
            text=True,
            env=self._environment(),
            check=False,
        )
        if done.returncode:
            last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
            raise LabError(f"{name} failed: {' '.join(last)}")

    def _write(self) -> None:
        domain, directory = self.realm.lower(), self._directory
        # krb5 1.20 does not understand "kdc = tcp/…"; the preference limit says TCP.
        self._text(
            self.configuration,
            f"""[libdefaults]
  default_realm = {self.realm}
  dns_lookup_kdc = false
  dns_lookup_realm = false
  dns_canonicalize_hostname = false
  rdns = false
  udp_preference_limit = 0
[realms]
  {self.realm} = {{
    kdc = 127.0.0.1:{self._port}
  }}
[domain_realm]
  .{domain} = {self.realm}
  {domain} = {self.realm}
""",
        )
        self._text(
            directory / "kdc.conf",
            f"""[kdcdefaults]
  kdc_listen = 127.0.0.1:{self._port}
  kdc_tcp_listen = 127.0.0.1:{self._port}
[realms]
  {self.realm} = {{
    database_name = {directory}/principal
    key_stash_file = {directory}/stash
    acl_file = {directory}/kadm5.acl
    max_life = 12h
  }}
""",
        )
        self._text(directory / "kadm5.acl", "")

    def _text(self, path: Path, text: str) -> None:
        self._place.write(str(path.relative_to(self._place.directory)), text)

    def _wait(self) -> None:
        limit = time.monotonic() + 10
        while time.monotonic() < limit:
            if self._child is not None and self._child.poll() is not None:
                break
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self._port)) == 0:
                    return
            time.sleep(0.02)
        raise LabError(f"The KDC did not start: see {self._directory / 'kdc.log'}.")
