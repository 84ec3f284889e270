# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""allowed_domain: the entry that leads to the legacy gateway, and its protection."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.modules import allowed_domain
from ansible_collections.lync.xmpp_migration.tests.unit.doubles import Bench, Estate

ROW = {
    "Identity": "fabrikam.test",
    "Domain": "fabrikam.test",
    "ProxyFqdn": "xmppgw.contoso.test",
    "Comment": "OCS gateway",
    "MarkForMonitoring": False,
}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, Estate(allowed_domain=[ROW]))


def run(bench: Bench, check: bool = False, **params: Any) -> dict[str, Any]:
    return bench.run(allowed_domain, {"domain": "fabrikam.test", **params}, check=check)


def test_a_new_entry_needs_no_leave(bench: Bench) -> None:
    result = run(bench, domain="NWtraders.test", proxy_fqdn="XMPPGW.contoso.test", comment="x")
    assert result["allowed_domain"] == {
        "domain": "nwtraders.test", "proxy_fqdn": "xmppgw.contoso.test", "comment": "x", "mark_for_monitoring": False,
    }  # fmt: skip
    assert bench.writes == [
        (
            "New-CsAllowedDomain",
            {"Identity": "nwtraders.test", "ProxyFqdn": "xmppgw.contoso.test", "Comment": "x", "Confirm": False},
        )
    ]
    assert run(bench, domain="nwtraders.test", proxy_fqdn="xmppgw.contoso.test")["changed"] is False


@pytest.mark.parametrize("params", [{"state": "absent"}, {"proxy_fqdn": "other.contoso.test"}, {"comment": ""}])
@pytest.mark.parametrize("check", [True, False])
def test_what_carries_xmpp_stays_until_acceptance(bench: Bench, params: dict[str, Any], check: bool) -> None:
    result = run(bench, check, **params)
    assert result["error"]["kind"] == "refused" and "allowed domain fabrikam.test is neither" in result["msg"].lower()
    assert "lync.xmpp_migration.accept" in result["msg"] and bench.writes == []
    bench.prove("accepted")
    assert run(bench, check, **params)["changed"]


def test_it_may_be_retired_by_name(bench: Bench) -> None:
    result = run(bench, state="absent", override="Fabrikam.test")
    assert result["changed"] and bench.estate.rows["allowed_domain"] == {}
    intent = bench.journal()[0]
    assert intent["override"] and intent["undo"][0]["parameters"]["ProxyFqdn"] == "xmppgw.contoso.test"


def test_the_name_has_to_be_the_same(bench: Bench) -> None:
    result = run(bench, state="absent", override="nwtraders.test")
    assert result["failed"] and "override names nwtraders.test" in result["msg"] and bench.writes == []


def test_what_is_so_already_asks_for_nothing(bench: Bench) -> None:
    assert run(bench, proxy_fqdn="xmppgw.contoso.test", comment="OCS gateway")["changed"] is False
    assert run(bench, domain="gone.test", state="absent")["changed"] is False
    assert bench.writes == []


def test_a_partner_after_acceptance_makes_it_stale(bench: Bench) -> None:
    from ansible_collections.lync.xmpp_migration.plugins.modules import xmpp_partner

    bench.prove("accepted", "users_homed", "components", "xmpp_listening", "certificate_names", "replicated")
    assert bench.run(xmpp_partner, {"domain": "new.test"})["changed"]
    assert "before something that it depends on was changed" in run(bench, state="absent")["msg"]


def test_check_mode_then_real(bench: Bench) -> None:
    bench.prove("accepted")
    planned, done = run(bench, True, state="absent"), run(bench, state="absent")
    assert planned == done and [one[0] for one in bench.writes] == ["Remove-CsAllowedDomain"]


@pytest.mark.parametrize(
    "params", [{"domain": "*"}, {"domain": "a b"}, {"proxy_fqdn": "gw"}, {"comment": "$(x)"}, {"override": "*"}]
)
def test_bad_input(bench: Bench, params: dict[str, Any]) -> None:
    result = run(bench, **params)
    assert result["failed"] and result["msg"].startswith(f"{next(iter(params))}: ") and bench.writes == []


def test_a_planned_entry_is_seen_by_later_tasks(bench: Bench) -> None:
    run(bench, True, domain="a.test")
    assert "a.test" in [row["Domain"] for row in bench.session(check=True).read("allowed_domain")[0]]
