# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An Edge server to be, from Windows alone to a host with the Lync Server cmdlets, by ansible-playbook."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from transport_support import Controller, control, eventually, module, short_home, transcript

HOST, FQDN = "edge2013", "edge2013.contoso.test"
PSD1 = r"C:\Program Files\Common Files\Microsoft Lync Server 2013\Modules\Lync\Lync.psd1"
VISUAL_C = "Microsoft Visual C++ 2012 Redistributable (x64) - 11.0.50727"
PACKAGES = [
    {
        "name": "Visual C++ runtime",
        "path": r"D:\Setup\amd64\vcredist_x64.exe",
        "arguments": ["/q", "/norestart"],
        "provides": {"display_name": VISUAL_C},
    },
    {"name": "core components", "path": r"D:\Setup\amd64\Setup\ocscore.msi", "provides": {"file": PSD1}},
]
TASKS = [
    module("hosts_file", entries=[{"address": "10.0.0.20", "names": ["pool2013.contoso.test"]}]),
    module("windows_feature", names=["Windows-Identity-Foundation", "Server-Media-Foundation"]),
    module("primary_dns_suffix", suffix="contoso.test"),
    module("restart"),
    module("package", packages=PACKAGES),
    # a cmdlet of Lync that needs neither a store nor a topology
    module("session"),
]
WRITES = ["file.write", "Install-WindowsFeature", "New-ItemProperty", "New-ItemProperty", "Restart-Computer",
          "vcredist_x64.exe", "msiexec.exe"]  # fmt: skip


@pytest.fixture(scope="module")
def running(lab: Any) -> Any:
    return lab("lync2010-standard", "--users", "2", "--speed", "20")


@pytest.fixture
def controller(running: Any) -> Iterator[Controller]:
    with short_home() as home:
        one = Controller(running, home)
        yield one
        assert eventually(lambda: not one.daemons())


def plays() -> list[dict[str, Any]]:
    return [{"hosts": HOST, "gather_facts": False, "any_errors_fatal": True, "tasks": TASKS}]


def written(running: Any, start: int) -> list[str]:
    return [str(one["cmdlet"]) for one in transcript(running)[start:] if one.get("write")]


def test_an_edge_server_to_be(running: Any, controller: Controller) -> None:
    start = len(transcript(running))
    played = controller.run(plays(), "--check")
    assert played.code == 0, played.output
    assert written(running, start) == []
    played = controller.run(plays(), "-vv")
    assert played.code == 0, played.output
    assert written(running, start) == WRITES
    assert '"reason": "host_restarted"' in played.output and '"reason": "module_path"' in played.output
    assert json.dumps(PSD1) in played.output  # the session has the module
    host = control(running, "state")["hosts"][FQDN]
    assert host["name"].lower() == FQDN and host["restart_pending"] == [] and host["suffix_pending"] is False
    assert "Windows-Identity-Foundation" in host["features"] and VISUAL_C in host["packages"]
    again = len(transcript(running))
    played = controller.run(plays())
    assert played.code == 0 and "changed=0" in played.output, played.output
    assert written(running, again) == []


def test_a_restart_whose_answer_is_lost_and_installers_that_outlive_their_session(
    running: Any, controller: Controller
) -> None:
    """On the Front End, with the process killed after it took effect, and SQL Server's set-up with the session gone."""
    sql = {
        "name": "SQL Server Express",
        "path": r"D:\Setup\amd64\SQLEXPR_x64.exe",
        "arguments": ["/Q", "/IACCEPTSQLSERVERLICENSETERMS", "/ACTION=Install", "/INSTANCENAME=RTC"],
        "provides": {"sql_instance": "RTC"},
    }
    tasks = [
        module("windows_feature", names=["Desktop-Experience", "NET-Framework-Core"], source=r"D:\sources\sxs"),
        module("restart"),
        module("package", packages=[sql]),
    ]
    play = [{"hosts": "fe2013", "gather_facts": False, "any_errors_fatal": True, "tasks": tasks}]
    start = len(transcript(running))
    running.fault(
        {"do": "drop", "cmdlet": "Restart-Computer", "when": "after"},
        {"do": "kill_process", "cmdlet": "SQLEXPR_x64.exe", "when": "after"},
    )
    played = controller.run(play)
    assert played.code == 2 and played.said("SQL Server Express", "was changed is not known"), played.output
    assert written(running, start)[:2] == ["Install-WindowsFeature", "Restart-Computer"]
    played = controller.run(play)
    assert played.code == 0 and "changed=0" in played.output, played.output  # it has ended by now
    calls = [one["cmdlet"] for one in transcript(running)[start:] if not str(one["outcome"]).startswith("late")]
    assert calls.count("Restart-Computer") == 1 and calls.count("SQLEXPR_x64.exe") == 1
    assert control(running, "state")["hosts"]["pool2013.contoso.test"]["sql_instances"] == ["RTC"]
