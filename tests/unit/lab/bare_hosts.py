# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that are Windows alone, for tests: two of the estate lync2010-standard, and ways to look at them."""

from __future__ import annotations

import base64
import typing as t

from ansible_collections.lync.xmpp_migration.lab.estate import Certificates
from ansible_collections.lync.xmpp_migration.lab.organisation import media, windows_features
from ansible_collections.lync.xmpp_migration.lab.organisation.world import World
from ansible_collections.lync.xmpp_migration.tests.unit.lab.worlds import Host, world

FRONT_END, EDGE = "pool2013.contoso.test", "edge2013.contoso.test"
MSIEXEC = r"C:\Windows\System32\msiexec.exe"
SETUP = rf"{media.ROOT}\Setup"
SQL = "/Q /IACCEPTSQLSERVERLICENSETERMS /ACTION=Install /FEATURES=SQLEngine,Tools /INSTANCENAME=RTC /TCPENABLED=1"


def bare(latency: dict[str, float] | None = None, **changes: t.Any) -> World:
    changes.setdefault("certificates", Certificates(key="ec256"))
    return world("lync2010-standard", 5, latency=latency or {}, **changes)


def executed(host: Host, path: str, arguments: str = "", **call: t.Any) -> dict[str, t.Any]:
    """The frame in which the call ends. ProcessGone where the process ends first."""
    from ansible_collections.lync.xmpp_migration.lab.powershell.standin import StandIn

    request = {"id": 1, "calls": [{"executable": path, "arguments": arguments, "seconds": 600, **call}]}
    return next(f for f in StandIn(host.session).perform(request) if "call" in f)


def code(host: Host, path: str, arguments: str = "", **call: t.Any) -> int | None:
    frame = executed(host, path, arguments, **call)
    exited: int | None = frame.get("exit")
    return exited


def said(host: Host, path: str, arguments: str = "") -> str:
    return base64.b64decode(executed(host, path, arguments)["stdout"]).decode()


def msi(host: Host, package: str, more: str = "/qn /norestart") -> int | None:
    return code(host, MSIEXEC, f'/i "{package}" {more}')


def features(host: Host, edge: bool = False) -> None:
    names = windows_features.EDGE if edge else windows_features.FRONT_END
    host.call("Install-WindowsFeature", Name=list(names), Source=[media.SXS]).ok()


def core(host: Host) -> None:
    """All that a Front End needs before its local store."""
    features(host)
    host.session.computer.restart_pending = False
    assert code(host, rf"{media.ROOT}\vcredist_x64.exe", "/q") == 0
    assert msi(host, rf"{SETUP}\ocscore.msi") == 0
