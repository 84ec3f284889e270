# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules of the way back: rollback_plan, rollback_settings, rollback_server, rollback_topology, rollback_dns and
rollback_microsoft_dns judge the whole journal before the first call, and leave alone what somebody else has changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._rollback.table import TABLE, refused
from ansible_collections.lync.xmpp_migration.plugins.modules import (
    external_access_policy,
    rollback_dns,
    rollback_microsoft_dns,
    rollback_plan,
    rollback_server,
    rollback_settings,
    rollback_topology,
    xmpp_gateway_configuration,
)
from ansible_collections.lync.xmpp_migration.tests.unit.doubles import Bench, Estate

HOSTS = ["fe2013", "edge2013", "pool2010", "edge2010", "xmppgw"]
GATEWAY = {
    "Identity": "Global",
    "ConnectionLimit": 1000,
    "PartnerConnectionLimit": 20,
    "KeepAliveInterval": 300,
    "StreamEstablishmentTimeout": 60,
    "StreamInactivityTimeout": 600,
    "SubscriptionRefreshInterval": 28800,
    "EnableLoggingAllMessageBodies": False,
}
MODULES: list[tuple[Any, dict[str, Any]]] = [
    (rollback_plan, {}),
    (rollback_settings, {"part": "partners"}),
    (rollback_settings, {"part": "policies"}),
    (rollback_topology, {"part": "xmpp"}),
    (rollback_topology, {"part": "servers"}),
    (rollback_server, {"part": "certificate"}),
    (rollback_server, {"part": "server"}),
    (rollback_dns, {}),
    (rollback_microsoft_dns, {}),
]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, Estate(xmpp_gateway_configuration=[GATEWAY]))


def migrated(bench: Bench) -> None:
    """A policy was made, and a limit raised."""
    bench.run(external_access_policy, {"identity": "tag:XmppUsers", "enable_xmpp_access": True, "enable_federation_access": True},
              role="lync.xmpp_migration.xmpp_access")  # fmt: skip
    bench.run(xmpp_gateway_configuration, {"connection_limit": 2000}, role="lync.xmpp_migration.federation_enable")
    assert len(bench.writes) == 2


def back(bench: Bench, module: Any, check: bool = False, **params: Any) -> dict[str, Any]:
    return bench.run(module, {"hosts": HOSTS, **params}, check=check, role="lync.xmpp_migration.rollback")


def altered(bench: Bench, change: Callable[[dict[str, Any]], None]) -> None:
    """Somebody has written into the journal."""
    path = bench.state_dir / "journal.ndjson"
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    change(next(one for one in lines if one["kind"] == "intent" and one["undo"]))
    path.write_bytes(b"".join(json.dumps(one).encode() + b"\n" for one in lines))


def cmdlet(entry: dict[str, Any]) -> None:
    entry["undo"][0]["name"] = "Remove-CsAdUser"


def parameter(entry: dict[str, Any]) -> None:
    entry["undo"][0]["parameters"]["Filter"] = "*"


def host(entry: dict[str, Any]) -> None:
    entry["host"] = "dc1"


def program(entry: dict[str, Any]) -> None:
    entry["undo"] = [{"type": "executable", "path": "C:\\Windows\\System32\\cmd.exe", "arguments": []}]


def nothing(entry: dict[str, Any]) -> None:
    entry["undo"] = "Remove-Item C:\\"


@pytest.mark.parametrize("change", [cmdlet, parameter, host, program, nothing])
@pytest.mark.parametrize(("module", "params"), MODULES)
def test_an_altered_journal_is_refused_before_the_first_call(
    bench: Bench, module: Any, params: dict[str, Any], change: Callable[[dict[str, Any]], None]
) -> None:
    migrated(bench)
    altered(bench, change)
    result = back(bench, module, **params)
    assert result["failed"] and "Nothing was rolled back" in result["msg"]
    assert len(bench.writes) == 2


@pytest.mark.parametrize(("module", "params"), MODULES)
@pytest.mark.parametrize("torn", [b'{"format":1,"kind":"int', b'{"format":1,"kind":"int\n'])
def test_a_torn_line_is_refused_before_the_first_call(
    bench: Bench, module: Any, params: dict[str, Any], torn: bytes
) -> None:
    migrated(bench)
    path = bench.state_dir / "journal.ndjson"
    number = len(path.read_bytes().splitlines()) + 1
    with path.open("ab") as file:
        file.write(torn)
    result = back(bench, module, **params)
    assert result["failed"] and f"Line {number}" in result["msg"] and len(bench.writes) == 2


def test_somebody_has_looked_at_a_torn_line(bench: Bench) -> None:
    migrated(bench)
    path = bench.state_dir / "journal.ndjson"
    number = len(path.read_bytes().splitlines()) + 1
    with path.open("ab") as file:
        file.write(b'{"kind\n')
    assert not back(bench, rollback_plan, damaged_lines=[number]).get("failed")


@pytest.mark.parametrize(
    "call",
    [
        {"type": "cmdlet", "name": "Remove-Item", "parameters": {"LiteralPath": "C:\\Windows"}},
        {
            "type": "cmdlet",
            "name": "Remove-Item",
            "parameters": {"LiteralPath": "C:\\Users\\x\\..\\lync_xmpp_migration\\..\\a"},
        },
        {"type": "cmdlet", "name": "Set-Content", "parameters": {"LiteralPath": "C:\\boot.ini", "Value": ""}},
        {"type": "cmdlet", "name": "Remove-Item", "parameters": {"Path": "C:\\*"}},
        {"type": "cmdlet", "name": "Uninstall-CsDatabase", "parameters": {}},
        {"type": "write", "path": "C:\\Windows\\System32\\cmd.exe"},
        {"type": "cmdlet", "name": ["Set-CsSite"], "parameters": {}},
        {"type": "cmdlet", "name": "Set-CsSite"},
        "Set-CsSite",
        None,
    ],
)
def test_what_is_not_in_the_closed_table(call: Any) -> None:
    assert refused(call)


def test_the_closed_table_takes_nothing_that_destroys() -> None:
    assert not [one for one in TABLE if one.startswith(("Uninstall-", "Disable-", "Clear-", "Invoke-", "Install-"))]
    assert (
        refused({"type": "cmdlet", "name": "Set-CsSite", "parameters": {"Identity": "Redmond", "Confirm": False}}) == ""
    )


def test_what_was_made_goes_and_what_was_set_is_as_before(bench: Bench) -> None:
    migrated(bench)
    planned = back(bench, rollback_settings, part="policies", check=True)
    assert planned["changed"] and len(bench.writes) == 2
    assert back(bench, rollback_settings, part="policies")["brought_back"] == ["external access policy Tag:XmppUsers"]
    bench.prove("gateway_runs", "dns_back")
    assert back(bench, rollback_settings, part="partners")["brought_back"] == ["XMPP gateway configuration Global"]
    assert bench.estate.rows["xmpp_gateway_configuration"]["global"]["ConnectionLimit"] == 1000
    for part in ("partners", "policies"):
        assert back(bench, rollback_settings, part=part)["changed"] is False


def test_what_somebody_else_has_changed_is_named_and_left(bench: Bench) -> None:
    migrated(bench)
    bench.estate.rows["xmpp_gateway_configuration"]["global"]["ConnectionLimit"] = 5000
    name = "XMPP gateway configuration Global"
    result = back(bench, rollback_settings, part="partners")
    assert result["failed"] and name in result["msg"] and "5000" in result["msg"] and len(bench.writes) == 2
    assert back(bench, rollback_settings, part="partners", leave=[name])["changed"] is False


@pytest.mark.parametrize(("module", "params"), MODULES)
def test_after_acceptance_nobody_goes_back_by_accident(bench: Bench, module: Any, params: dict[str, Any]) -> None:
    migrated(bench)
    bench.prove("accepted")
    result = back(bench, module, **params)
    assert result["failed"] and "was accepted" in result["msg"] and len(bench.writes) == 2


def test_losses_are_listed_and_accepted_before_anything_is_touched(bench: Bench) -> None:
    migrated(bench)
    path = bench.state_dir / "journal.ndjson"
    entry = next(json.loads(line) for line in path.read_bytes().splitlines() if b'"intent"' in line)
    kept = {
        **entry,
        "id": "k",
        "module": "database",
        "object": "databases on x",
        "undo": {"irreversible": "They are kept."},
    }
    with path.open("ab") as file:
        file.write(json.dumps(kept).encode() + b"\n")
    refused_run = back(bench, rollback_plan)
    assert refused_run["failed"] and "rollback_accepts: [databases]" in refused_run["msg"]
    assert list(back(bench, rollback_plan, check=True)["kept"]) == ["databases"]
    accepted = back(bench, rollback_plan, accepts=["databases"])
    assert accepted["changed"] is False and accepted["kept"]["databases"] == [
        "databases on x on fe2013: They are kept."
    ]
    assert back(bench, rollback_plan, state="finished")["changed"]
    assert back(bench, rollback_plan, state="finished")["changed"] is False
    assert back(bench, rollback_settings, part="policies")["changed"] is False
