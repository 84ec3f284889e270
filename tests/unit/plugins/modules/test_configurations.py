# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""access_edge_configuration and xmpp_gateway_configuration: what comes with the product and is only ever set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.modules import (
    access_edge_configuration,
    xmpp_gateway_configuration,
)
from ansible_collections.lync.xmpp_migration.tests.unit.doubles import Bench, Estate, FakeShell, ServerError

EDGE = {
    "Identity": "Global",
    "AllowFederatedUsers": False,
    "AllowOutsideUsers": True,
    "AllowAnonymousUsers": False,
    "EnablePartnerDiscovery": True,
    "EnableArchivingDisclaimer": False,
    "KeepCrlsUpToDateForPeers": True,
    "MarkSourceVerifiableOnOutgoingMessages": True,
    "OutgoingTlsCountForFederatedPartners": 4,
}
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
CANARY = "CANARY-passphrase"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, Estate(access_edge_configuration=[EDGE], xmpp_gateway_configuration=[GATEWAY]))


def edge(bench: Bench, **params: Any) -> dict[str, Any]:
    check = params.pop("check", False)
    return bench.run(access_edge_configuration, params, check=check)


def gateway(bench: Bench, **params: Any) -> dict[str, Any]:
    check = params.pop("check", False)
    return bench.run(xmpp_gateway_configuration, params, check=check)


def test_federation_is_allowed_and_nothing_else_is_touched(bench: Bench) -> None:
    result = edge(bench, allow_federated_users=True)
    assert bench.writes == [
        ("Set-CsAccessEdgeConfiguration", {"Identity": "Global", "AllowFederatedUsers": True, "Confirm": False})
    ]
    assert result["access_edge_configuration"]["allow_federated_users"] is True
    assert result["diff"]["before"]["allow_federated_users"] is False
    assert edge(bench, allow_federated_users=True)["changed"] is False


def test_the_way_back_is_in_the_journal(bench: Bench) -> None:
    edge(bench, allow_federated_users=True, outgoing_tls_count_for_federated_partners=8)
    (undo,) = bench.journal()[0]["undo"]
    assert undo["name"] == "Set-CsAccessEdgeConfiguration" and undo["parameters"] == {
        "Identity": "Global", "AllowFederatedUsers": False, "OutgoingTlsCountForFederatedPartners": 4, "Confirm": False,
    }  # fmt: skip


def test_without_options_it_only_reads(bench: Bench) -> None:
    assert edge(bench)["changed"] is False and gateway(bench)["changed"] is False and bench.writes == []


def test_check_mode_writes_a_plan_and_sends_nothing(bench: Bench) -> None:
    planned = edge(bench, allow_federated_users=True, check=True)
    assert planned["changed"] and bench.writes == [] and len(bench.plan()) == 1
    assert edge(bench, allow_federated_users=True, check=True)["changed"] is False
    assert edge(bench, allow_federated_users=True) == planned


def test_where_no_store_is_yet_a_dry_run_takes_the_documented_defaults(bench: Bench) -> None:
    bench.hosts["fe2013"].tools = False
    assert edge(bench, allow_federated_users=True, check=True)["changed"]
    assert gateway(bench, keep_alive_interval=300, check=True)["changed"] is False
    assert bench.plan()[0]["conditional"] is False
    assert edge(bench, allow_federated_users=True)["error"]["kind"] == "no_cmdlet"


def test_a_configuration_that_is_not_there_is_an_error(bench: Bench) -> None:
    bench.estate.rows["access_edge_configuration"].clear()
    result = edge(bench, allow_federated_users=True)
    assert result["failed"] and "Access Edge configuration Global does not exist" in result["msg"]


def test_numbers_and_switches_of_the_gateway(bench: Bench) -> None:
    result = gateway(bench, keep_alive_interval=120, connection_limit=1000, enable_logging_all_message_bodies=False)
    assert bench.writes == [
        ("Set-CsXmppGatewayConfiguration", {"Identity": "Global", "KeepAliveInterval": 120, "Confirm": False})
    ]
    assert result["xmpp_gateway_configuration"]["keep_alive_interval"] == 120
    assert gateway(bench, keep_alive_interval=-1)["failed"] and len(bench.writes) == 1


def test_the_passphrase_is_set_only_on_demand(bench: Bench) -> None:
    assert gateway(bench, dialback_passphrase=CANARY)["changed"] is False and bench.writes == []
    for writes in (1, 2):
        result = gateway(bench, dialback_passphrase=CANARY, update_dialback_passphrase=True)
        assert result["changed"] and len(bench.writes) == writes
        assert bench.writes[-1][1]["DialbackPassphrase"] == CANARY
    assert gateway(bench, update_dialback_passphrase=True)["failed"]


@pytest.mark.parametrize("check", [True, False])
def test_the_passphrase_is_nowhere_but_in_the_call(bench: Bench, check: bool) -> None:
    def complain(shell: FakeShell, parameters: Any) -> None:
        raise ServerError("ProcessingFailed", message=f"'{parameters['DialbackPassphrase']}' is too short")

    bench.hosts["fe2013"].handlers["Set-CsXmppGatewayConfiguration"] = complain
    result = gateway(bench, dialback_passphrase=CANARY, update_dialback_passphrase=True, check=check)
    written = "".join(path.read_text("utf-8") for path in bench.state_dir.rglob("*") if path.is_file())
    assert result.get("failed", False) is not check
    assert CANARY not in json.dumps(result) + written


def test_the_passphrase_is_never_read_back(bench: Bench) -> None:
    bench.estate.rows["xmpp_gateway_configuration"]["global"]["DialbackPassphrase"] = CANARY
    assert CANARY not in json.dumps(gateway(bench, keep_alive_interval=1))
