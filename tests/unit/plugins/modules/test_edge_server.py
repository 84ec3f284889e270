# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""edge_server: ports of an Edge pool that is there, and the one that may only come late."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.modules import edge_server
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.lync_people import (
    EDGE_NEW,
    EDGE_OLD,
    People,
    estate,
    undocumented,
)

XMPP: dict[str, Any] = {"xmpp_listening_port": 5269, "xmpp_internal_port": 23456}


@pytest.fixture(name="bench")
def _bench(tmp_path: Path) -> People:
    return People(tmp_path, estate())


def run(bench: People, check: bool = False, **more: Any) -> dict[str, Any]:
    return bench.run(edge_server, {"fqdn": EDGE_NEW, **more}, check=check)


def test_xmpp_ports_wait_for_the_users(bench: People) -> None:
    for check in (True, False):
        result = run(bench, check, **XMPP)
        assert result["error"]["kind"] == "refused" and "gets no XMPP port" in result["msg"]
    assert bench.writes == []
    bench.prove("users_homed")
    result = run(bench, **XMPP)
    assert result["edge_server"] == {
        "identity": f"EdgeServer:{EDGE_NEW}",
        "access_edge_external_sip_port": None,
        **XMPP,
    }
    assert bench.writes == [
        (
            "Set-CsEdgeServer",
            {
                "Identity": f"EdgeServer:{EDGE_NEW}",
                "XmppListeningPort": 5269,
                "XmppInternalPort": 23456,
                "Confirm": False,
            },
        )
    ]
    assert undocumented(edge_server, result) == []
    assert run(bench, **XMPP)["changed"] is False and len(bench.writes) == 1


def test_check_mode_only_plans(bench: People) -> None:
    bench.prove("users_homed")
    result = run(bench, True, **XMPP)
    assert result["changed"] and result["edge_server"]["xmpp_listening_port"] == 5269 and bench.writes == []
    assert result["diff"]["before"]["xmpp_listening_port"] is None
    assert run(bench, True, **XMPP)["changed"] is False


def test_only_what_differs_is_sent_and_can_go_back(bench: People) -> None:
    result = run(bench, fqdn=EDGE_OLD.upper(), access_edge_external_sip_port=443)
    assert result["changed"] and bench.writes[0][1] == {
        "Identity": f"EdgeServer:{EDGE_OLD}",
        "AccessEdgeExternalSipPort": 443,
        "Confirm": False,
    }
    (undo,) = next(one for one in bench.journal() if one["kind"] == "intent")["undo"]
    assert undo["parameters"]["AccessEdgeExternalSipPort"] == 5061


def test_another_number_for_a_port_that_is_there(bench: People) -> None:
    bench.estate.rows["edge_server"][f"edgeserver:{EDGE_NEW}"]["XmppListeningPort"] = 5268
    assert run(bench, xmpp_listening_port=5269)["changed"] is True  # XMPP is on already


def test_nothing_asked_for_is_nothing_done(bench: People) -> None:
    assert run(bench)["changed"] is False and bench.writes == []


def test_an_edge_pool_that_is_not_published(bench: People) -> None:
    result = run(bench, fqdn="edge.fabrikam.test", **XMPP)
    assert result["error"]["kind"] == "invalid_input" and "does not exist" in result["msg"]
    assert "this module does not create it" in result["msg"].replace("\n", " ") and bench.writes == []


@pytest.mark.parametrize(
    "options",
    [
        {"fqdn": "edge2013"},
        {"fqdn": "*.contoso.test"},
        {"fqdn": "edge'.contoso.test"},
        {"xmpp_listening_port": 0},
        {"xmpp_listening_port": 65536},
        {"xmpp_internal_port": -1},
    ],
)
def test_what_cannot_be(bench: People, options: dict[str, Any]) -> None:
    result = run(bench, **options)
    assert result["error"]["kind"] == "invalid_input" and result["msg"].startswith(f"{next(iter(options))}: ")
    assert bench.writes == []


def test_a_port_that_did_not_stick(bench: People) -> None:
    """Whether the cmdlet can give XMPP ports to an Edge pool is documented nowhere."""
    bench.prove("users_homed")
    bench.hosts["fe2013"].handlers["Set-CsEdgeServer"] = lambda shell, parameters: None
    result = run(bench, **XMPP)
    assert result["error"]["kind"] == "mismatch" and "xmpp_listening_port is None instead of 5269" in result["msg"]
