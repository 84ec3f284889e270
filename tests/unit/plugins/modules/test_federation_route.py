# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""federation_route: the routes of a site, when they may be set, and how they read back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.modules import federation_route
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.lync_people import (
    EDGE_NEW,
    EDGE_OLD,
    People,
    estate,
    undocumented,
)

ROUTE_OLD, ROUTE_NEW = f"EdgeServer:{EDGE_OLD}", f"EdgeServer:{EDGE_NEW}"


@pytest.fixture(name="bench")
def _bench(tmp_path: Path) -> People:
    return People(tmp_path, estate())


def run(bench: People, check: bool = False, **more: Any) -> dict[str, Any]:
    return bench.run(federation_route, {"site": "Redmond", **more}, check=check)


def site(bench: People, **values: Any) -> dict[str, Any]:
    bench.estate.rows["site"]["site:redmond"].update(values)
    return bench.estate.rows["site"]["site:redmond"]


def test_the_xmpp_route_waits_for_the_users(bench: People) -> None:
    for check in (True, False):
        result = run(bench, check, xmpp_edge_fqdn=EDGE_NEW)
        assert result["error"]["kind"] == "refused" and "XMPP federation route" in result["msg"]
    assert bench.writes == []
    bench.prove("users_homed")
    result = run(bench, xmpp_edge_fqdn=EDGE_NEW.upper())
    assert result["site"] == {
        "identity": "Site:Redmond",
        "federation_route": ROUTE_OLD,
        "xmpp_federation_route": ROUTE_NEW,
    }
    assert bench.writes == [("Set-CsSite", {"Identity": "Redmond", "XmppFederationRoute": ROUTE_NEW, "Confirm": False})]
    assert result["diff"]["before"]["xmpp_federation_route"] is None and undocumented(federation_route, result) == []
    assert run(bench, xmpp_edge_fqdn=EDGE_NEW)["changed"] is False and len(bench.writes) == 1


def test_check_mode_only_plans(bench: People) -> None:
    bench.prove("users_homed")
    result = run(bench, True, xmpp_edge_fqdn=EDGE_NEW)
    assert result["changed"] and result["site"]["xmpp_federation_route"] == ROUTE_NEW and bench.writes == []
    assert run(bench, True, xmpp_edge_fqdn=EDGE_NEW)["changed"] is False
    assert run(bench, xmpp_edge_fqdn=EDGE_NEW)["changed"] is True


@pytest.mark.parametrize("name", ["Site:Redmond", "redmond", "SITE:REDMOND"])
def test_the_site_is_sent_by_its_bare_name(bench: People, name: str) -> None:
    bench.prove("users_homed")
    assert run(bench, site=name, xmpp_edge_fqdn=EDGE_NEW)["changed"]
    assert bench.written("Set-CsSite") == ["Redmond"]


def test_the_sip_route_stays_on_the_legacy_edge(bench: People) -> None:
    for check in (True, False):
        result = run(bench, check, sip_edge_fqdn=EDGE_NEW)
        assert result["error"]["kind"] == "refused" and "does not leave the legacy Edge" in result["msg"]
    assert bench.writes == []
    assert run(bench, sip_edge_fqdn=EDGE_NEW, leave_legacy_edge=True)["changed"]
    assert next(one for one in bench.journal() if one["kind"] == "intent")["override"] == "Redmond"
    # and back, which needs nobody's leave
    assert run(bench, sip_edge_fqdn=EDGE_OLD)["changed"] and site(bench)["FederationRoute"] == ROUTE_OLD


def test_a_first_sip_route_needs_no_leave(bench: People) -> None:
    site(bench, FederationRoute=None)
    assert run(bench, sip_edge_fqdn=EDGE_OLD)["changed"]
    assert "clears a federation route" in str(next(one for one in bench.journal() if one["kind"] == "intent")["undo"])


def test_a_route_that_may_stay(bench: People) -> None:
    site(bench, FederationRoute=ROUTE_NEW)
    assert run(bench, sip_edge_fqdn=EDGE_OLD, keep_routes_to=[EDGE_NEW.upper()])["changed"] is False
    assert run(bench, sip_edge_fqdn=EDGE_OLD)["changed"] is True


def test_both_routes_in_one_call_and_the_way_back(bench: People) -> None:
    bench.prove("users_homed", "accepted")
    site(bench, XmppFederationRoute=ROUTE_OLD)
    run(bench, sip_edge_fqdn=EDGE_NEW, xmpp_edge_fqdn=EDGE_NEW)
    assert len(bench.writes) == 1
    (undo,) = next(one for one in bench.journal() if one["kind"] == "intent")["undo"]
    assert undo["parameters"] == {
        "Identity": "Redmond",
        "FederationRoute": ROUTE_OLD,
        "XmppFederationRoute": ROUTE_OLD,
        "Confirm": False,
    }


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"site": "Berlin"}, "There is no site Berlin"),
        ({"site": "Red*"}, "site: The name of a Lync site"),
        ({"site": "$(whoami)"}, "site:"),
        ({"sip_edge_fqdn": "edge2010"}, "sip_edge_fqdn: A fully qualified"),
        ({"sip_edge_fqdn": "edge.fabrikam.test"}, "has no EdgeServer:edge.fabrikam.test"),
    ],
)
def test_what_cannot_be_a_route(bench: People, options: dict[str, Any], says: str) -> None:
    result = run(bench, **{"sip_edge_fqdn": EDGE_OLD, **options})
    assert result["failed"] and says in result["msg"] and bench.writes == []


def test_a_route_has_to_be_asked_for(bench: People) -> None:
    assert "one of the following is required" in run(bench)["msg"]


def test_a_route_that_did_not_stick(bench: People) -> None:
    bench.prove("users_homed")
    bench.hosts["fe2013"].handlers["Set-CsSite"] = lambda shell, parameters: None
    result = run(bench, xmpp_edge_fqdn=EDGE_NEW)
    assert result["error"]["kind"] == "mismatch" and "XmppFederationRoute is None instead of" in result["msg"]
