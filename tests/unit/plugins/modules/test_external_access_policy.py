# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""external_access_policy: the whole module over a server of dictionaries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.modules import external_access_policy
from ansible_collections.lync.xmpp_migration.tests.unit.doubles import DEFAULTS, Bench, Estate, FakeShell

FLAGS = DEFAULTS["external_access_policy"]
GLOBAL = {**FLAGS, "Identity": "Global", "EnableOutsideAccess": True, "Description": "for all"}
XMPP = {"enable_xmpp_access": True, "enable_federation_access": True}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, Estate(external_access_policy=[GLOBAL]))


def run(bench: Bench, params: dict[str, Any], **more: Any) -> dict[str, Any]:
    return bench.run(external_access_policy, params, **more)


@pytest.mark.parametrize("identity", ["XmppUsers", "tag:XmppUsers", "Tag:XmppUsers"])
def test_a_policy_for_users(bench: Bench, identity: str) -> None:
    result = run(bench, {"identity": identity, **XMPP})
    assert result["changed"] and result["external_access_policy"]["identity"] == "Tag:XmppUsers"
    assert bench.writes == [
        (
            "New-CsExternalAccessPolicy",
            {"Identity": "XmppUsers", "EnableXmppAccess": True, "EnableFederationAccess": True, "Confirm": False},
        )
    ]
    assert run(bench, {"identity": "xmppusers", **XMPP})["changed"] is False


def test_a_new_policy_takes_over_what_the_other_allows(bench: Bench) -> None:
    result = run(bench, {"identity": "XmppUsers", **XMPP, "copy_from": "global"})
    policy = result["external_access_policy"]
    assert policy["enable_outside_access"] and policy["enable_xmpp_access"] and policy["description"] is None
    again = run(bench, {"identity": "XmppUsers", **XMPP, "copy_from": "Global"})
    assert again["changed"] is False


def test_what_the_options_say_wins_over_the_model(bench: Bench) -> None:
    run(bench, {"identity": "XmppUsers", "copy_from": "Global", "enable_outside_access": False})
    assert bench.writes[0][1]["EnableOutsideAccess"] is False


def test_a_model_that_is_not_there(bench: Bench) -> None:
    result = run(bench, {"identity": "XmppUsers", "copy_from": "Nobody"})
    assert result["failed"] and "copy_from: there is no" in result["msg"] and bench.writes == []


def test_an_older_server_says_nothing_of_xmpp_and_nothing_is_copied(bench: Bench) -> None:
    del bench.estate.rows["external_access_policy"]["global"]["EnableXmppAccess"]
    run(bench, {"identity": "XmppUsers", "copy_from": "Global", "enable_federation_access": True})
    assert "EnableXmppAccess" not in bench.writes[0][1]


def test_the_global_policy_is_changed_not_created(bench: Bench) -> None:
    run(bench, {"identity": "Global", **XMPP})
    assert [one[0] for one in bench.writes] == ["Set-CsExternalAccessPolicy"]
    assert bench.writes[0][1]["Identity"] == "Global"
    result = run(bench, {"identity": "global", "state": "absent"})
    assert result["failed"] and "comes with the product" in result["msg"]


def test_the_policy_of_a_site(bench: Bench) -> None:
    result = run(bench, {"identity": "Site:Redmond", **XMPP})
    assert bench.writes[0][1]["Identity"] == "site:Redmond"
    assert result["external_access_policy"]["identity"].lower() == "site:redmond"
    assert run(bench, {"identity": "site:Redmond", **XMPP})["changed"] is False


def test_a_dry_run_where_no_server_is_yet(bench: Bench) -> None:
    bench.hosts["fe2013"].tools = False
    result = run(bench, {"identity": "XmppUsers", "copy_from": "Global", **XMPP}, check=True)
    assert result["changed"] and result["external_access_policy"]["enable_outside_access"] is False
    assert run(bench, {"identity": "Global", **XMPP}, check=True)["changed"]
    assert run(bench, {"identity": "Other", "copy_from": "XmppUsers"}, check=True)["external_access_policy"][
        "enable_xmpp_access"
    ]
    assert "there is no" in run(bench, {"identity": "Other2", "copy_from": "site:X"}, check=True)["msg"]
    assert bench.writes == []


def test_check_mode_then_real(bench: Bench) -> None:
    params = {"identity": "XmppUsers", **XMPP, "copy_from": "Global"}
    planned, done = run(bench, params, check=True), run(bench, params)
    assert planned == done and len(bench.writes) == 1
    assert run(bench, params, check=True, run="run-2")["changed"] is False


def test_a_policy_is_removed(bench: Bench) -> None:
    run(bench, {"identity": "XmppUsers", **XMPP, "description": "x"})
    result = run(bench, {"identity": "XmppUsers", "state": "absent"})
    assert result["changed"] and result["external_access_policy"] is None
    assert bench.writes[-1] == ("Remove-CsExternalAccessPolicy", {"Identity": "XmppUsers", "Confirm": False})


@pytest.mark.parametrize("identity", ["", "*", "site:", "user:x", "tag:a:b", "a`b", "{{ x }}"])
def test_identities_that_cannot_be(bench: Bench, identity: str) -> None:
    result = run(bench, {"identity": identity, **XMPP})
    assert result["failed"] and result["msg"].startswith("identity: ") and bench.writes == []


def test_a_flag_that_the_server_ignores_is_noticed(bench: Bench) -> None:
    def ignore(shell: FakeShell, parameters: Any) -> None:
        shell.estate.put("external_access_policy", {**FLAGS, "Identity": "Tag:XmppUsers"})

    bench.hosts["fe2013"].handlers["New-CsExternalAccessPolicy"] = ignore
    result = run(bench, {"identity": "XmppUsers", **XMPP})
    assert result["error"]["kind"] == "mismatch" and "enable_xmpp_access is False instead of True" in result["msg"]
