# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that is restarted through its own WinRM: it answers, is gone for a while, and comes back as another start."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import MigrationError
from ansible_collections.lync.xmpp_migration.tests.lab.transport_support import eventually, shell_of

TCPIP = r"HKLM:\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters"
BOOT = {"cmdlet": "Get-WmiObject", "parameters": {"Class": "Win32_OperatingSystem"}, "properties": ["LastBootUpTime"]}
SUFFIX = {"LiteralPath": TCPIP, "Name": "NV Domain", "Value": "contoso.test", "Force": True}


def test_an_edge_comes_back_with_its_suffix(lab):
    running = lab("lync2010-standard", "--users", "1", "--speed", "10")
    hosts = yaml.safe_load(Path(running.inventory).read_text())["all"]["hosts"]
    assert hosts["edge2013"]["expected_computer_name"] == "edge2013"
    assert hosts["fe2013"]["expected_computer_name"] == "pool2013.contoso.test"
    shell = shell_of(running, "edge2013")
    hello = shell.open()
    assert (hello["computer"], hello["domain"], hello["lync"]) == ("EDGE2013", "", None)
    old = shell.request([BOOT], 30).rows[0]
    calls = [
        {"cmdlet": "New-ItemProperty", "parameters": SUFFIX},
        {"cmdlet": "Restart-Computer", "parameters": {"Force": True}},
    ]
    assert [end["ok"] for end in shell.request(calls, 30).ends] == [True, True]
    time.sleep(0.5)
    with pytest.raises(MigrationError):
        shell.request([BOOT], 30)
    shell.drop()
    again = shell_of(running, "edge2013")

    def back() -> bool:
        try:
            return again.open()["domain"] == "contoso.test"
        except MigrationError:
            again.drop()
            return False

    assert eventually(back)
    assert again.request([BOOT], 30).rows[0] > old
    again.drop()
    found = running.state()
    assert found["hosts"]["edge2013.contoso.test"]["name"] == "edge2013.contoso.test"
    assert found["server_made"]["restarts"] == {"edge2013.contoso.test": 1}
