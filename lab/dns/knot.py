# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A private Knot DNS, behind the same proxy as a private BIND: it answers errors with other codes than that does."""

from __future__ import annotations

import os
import shutil
import typing as t

import dns.tsigkeyring

from .bind import Bind
from .sockets import ADDRESS

CONFIGURATION = """\
server:
    listen: {address}@{port}
    rundir: "{directory}"
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
    version: ""
database:
    storage: "{directory}/db"
control:
    listen: "{directory}/knot.sock"
log:
  - target: "{directory}/knot.log"
    any: info
include: "tsig.conf"
acl:
  - id: "key"
    key: "{key}"
    action: [update, transfer]
zone:
"""
ZONE = """\
  - domain: "{name}"
    storage: "{directory}"
    file: "{file}"
    acl: "key"
    semantic-checks: "off"
"""


def executable() -> str | None:
    return shutil.which("knotd") or next((p for p in ("/usr/sbin/knotd", "/sbin/knotd") if os.access(p, os.X_OK)), None)


class Knot(Bind):
    name = "knotd"

    def _write(self, zones: t.Mapping[str, str]) -> None:
        # Without its directory every update is answered with SERVFAIL.
        (self.directory / "db").mkdir(mode=0o700, parents=True, exist_ok=True)
        key = self.key.name.to_text(omit_final_dot=True)
        parts = [CONFIGURATION.format(directory=self.directory, port=self.port, address=ADDRESS, key=key)]
        for zone, text in zones.items():
            (self.directory / f"{zone}.db").write_text(text, encoding="ascii")
            parts.append(ZONE.format(name=zone, directory=self.directory, file=f"{zone}.db"))
        secret = dns.tsigkeyring.to_text({self.key.name: self.key})[self.key.name.to_text()]
        secret_text = secret[1] if isinstance(secret, tuple) else secret
        self._private("tsig.conf", f'key:\n  - id: "{key}"\n    algorithm: hmac-sha256\n    secret: "{secret_text}"\n')
        (self.directory / "knot.conf").write_text("".join(parts), encoding="ascii")

    def _command(self) -> list[str] | None:
        knotd = executable()
        return None if knotd is None else [knotd, "-c", str(self.directory / "knot.conf")]
