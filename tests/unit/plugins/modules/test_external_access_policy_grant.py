# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""external_access_policy_grant: who gets it, what nobody may lose by it, and what is said of failures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import UNKNOWN
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users.grant import effective, losses
from ansible_collections.lync.xmpp_migration.plugins.modules import external_access_policy, external_access_policy_grant
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.lync_people import (
    NEW,
    OLD,
    People,
    estate,
    hybrid,
    sip,
    undocumented,
    user,
)

FLAGS = (
    "EnableFederationAccess",
    "EnableXmppAccess",
    "EnablePublicCloudAccess",
    "EnablePublicCloudAudioVideoAccess",
    "EnableOutsideAccess",
)


def policy(identity: str, *on: str) -> dict[str, Any]:
    return {"Identity": identity, "Description": None, **{one: one in on for one in FLAGS}}


XMPP = policy("Tag:XmppUsers", "EnableFederationAccess", "EnableXmppAccess", "EnableOutsideAccess")
GLOBAL = policy("Global", "EnableFederationAccess", "EnableOutsideAccess")


def people(tmp_path: Path, *users: dict[str, Any], policies: tuple[dict[str, Any], ...] = (GLOBAL, XMPP)) -> People:
    return People(tmp_path, estate(*users, external_access_policy=policies))


def run(bench: People, check: bool = False, **more: Any) -> dict[str, Any]:
    return bench.run(external_access_policy_grant, {"policy": "XmppUsers", "pools": [NEW], **more}, check=check)


def test_every_user_of_the_pools_gets_it_once(tmp_path: Path) -> None:
    has = {"ExternalAccessPolicy": "xmppusers"}
    bench = people(tmp_path, user(1, NEW), user(2, NEW, **has), user(3, OLD), user(4, NEW, Enabled=False), hybrid(5))
    result = run(bench)
    assert result["granted"] == [sip(1)] and result["already_granted"] == 1
    assert result["diff"] == {"before": {sip(1): None}, "after": {sip(1): "XmppUsers"}}
    assert bench.writes == [
        ("Grant-CsExternalAccessPolicy", {"Identity": sip(1), "PolicyName": "XmppUsers", "Confirm": False})
    ]
    assert undocumented(external_access_policy_grant, result) == []
    again = run(bench, policy="tag:XMPPUSERS")
    assert again["changed"] is False and again["already_granted"] == 2 and len(bench.writes) == 1


@pytest.mark.parametrize("users", [[], ["all"], ["all", sip(1)]])
def test_what_all_means(tmp_path: Path, users: list[str]) -> None:
    bench = people(tmp_path, user(1, NEW), user(2, NEW))
    assert run(bench, users=users)["granted"] == [sip(1), sip(2)]


def test_named_users_only(tmp_path: Path) -> None:
    bench = people(tmp_path, user(1, NEW, DisplayName=sip(2)), user(2, NEW, DisplayName=sip(1)), user(3, OLD))
    assert run(bench, users=[sip(2).upper()])["granted"] == [sip(2)]
    assert [bench.policy(one) for one in (1, 2, 3)] == [None, "XmppUsers", None]


@pytest.mark.parametrize("text", ["*", "User 1", "sip:*@contoso.test", "o'x' -or 'a' -eq 'a", "*)(objectClass=*"])
def test_texts_that_name_no_user(tmp_path: Path, text: str) -> None:
    bench = people(tmp_path, user(1, NEW))
    assert run(bench, users=[text])["error"]["kind"] == "invalid_input" and bench.writes == []
    assert run(bench, policy="Xmpp*")["error"]["kind"] == "invalid_input" and bench.writes == []


def test_check_mode_only_plans(tmp_path: Path) -> None:
    bench = people(tmp_path, user(1, NEW))
    result = run(bench, check=True)
    assert result["granted"] == [sip(1)] and bench.writes == [] and bench.policy(1) is None
    assert run(bench, check=True)["changed"] is False


def test_a_dry_run_of_the_policy_and_its_grant(tmp_path: Path) -> None:
    bench = people(tmp_path, user(1, NEW), policies=(GLOBAL,))
    assert "There is no external access policy XmppUsers" in run(bench, check=True)["msg"]
    options = {"identity": "XmppUsers", "enable_xmpp_access": True, "copy_from": "Global"}
    assert bench.run(external_access_policy, options, check=True)["changed"]
    assert run(bench, check=True)["granted"] == [sip(1)] and bench.writes == []


@pytest.mark.parametrize(
    ("flag", "says"),
    [
        ("EnableOutsideAccess", "loses EnableOutsideAccess"),
        ("EnablePublicCloudAccess", "loses EnablePublicCloudAccess"),
        ("EnablePublicCloudAudioVideoAccess", "loses EnablePublicCloudAudioVideoAccess"),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_a_loss_is_refused_and_can_be_accepted(tmp_path: Path, flag: str, says: str, check: bool) -> None:
    poor = policy("Tag:XmppUsers", "EnableFederationAccess", "EnableXmppAccess")
    rich = policy("Tag:Rich", "EnableFederationAccess", flag)
    users = [user(one, NEW, ExternalAccessPolicy="Rich") for one in (1, 2)]
    bench = people(tmp_path, *users, user(3, NEW, ExternalAccessPolicy="Plain"),
                   policies=(GLOBAL, poor, rich, policy("Tag:Plain", "EnableFederationAccess")))  # fmt: skip
    result = run(bench, check)
    assert result["error"]["kind"] == "refused" and f"{sip(1)} {says}" in result["msg"] and sip(3) not in result["msg"]
    result = run(bench, check, accepted_losses=[sip(1)])
    assert sip(1) not in result["msg"] and f"{sip(2)} {says}" in result["msg"] and bench.writes == []
    result = run(bench, check, accepted_losses=[sip(1).upper(), sip(2)])
    assert result["granted"] == [sip(1), sip(2), sip(3)]
    entries = bench.plan() if check else bench.journal()
    intents = {one["object"]: one for one in entries if one["kind"] == "intent"}
    assert [intents[f"user {sip(one)}"]["override"] for one in (1, 2, 3)] == [sip(1), sip(2), None]
    assert intents[f"user {sip(1)}"]["before"]["Losses"] == [says]


def test_federation_is_not_given_to_who_had_none(tmp_path: Path) -> None:
    bench = people(tmp_path, user(1, NEW), policies=(policy("Global", "EnableOutsideAccess"), XMPP))
    assert f"{sip(1)} gains EnableFederationAccess" in run(bench)["msg"]
    assert run(bench, accepted_losses=[sip(1)])["granted"] == [sip(1)]


def test_the_sites_policy_counts_before_the_global_one(tmp_path: Path) -> None:
    site = policy("Site:Redmond", "EnableFederationAccess", "EnablePublicCloudAccess")
    bench = people(tmp_path, user(1, NEW), policies=(GLOBAL, site, XMPP))
    assert f"{sip(1)} loses EnablePublicCloudAccess" in run(bench)["msg"]
    policies = {one["Identity"].lower(): one for one in (GLOBAL, site, XMPP)}
    sites = {NEW: "Site:Redmond"}
    assert effective(user(1, NEW), policies, sites) is site
    assert effective(user(1, OLD), policies, sites) is GLOBAL
    assert effective(user(1, NEW, ExternalAccessPolicy="Tag:xmppusers"), policies, sites) is XMPP
    assert effective(user(1, NEW, ExternalAccessPolicy="Deleted"), policies, sites) is site


def test_what_is_not_known_yet_is_no_loss() -> None:
    assert losses(GLOBAL, {"EnableOutsideAccess": UNKNOWN, "EnableFederationAccess": True}) == []
    assert losses({"EnableFederationAccess": UNKNOWN}, XMPP) == []
    assert losses(GLOBAL, {}) == ["loses EnableOutsideAccess"]


@pytest.mark.parametrize("name", ["Global", "global", "site:Redmond"])
def test_policies_that_are_not_granted(tmp_path: Path, name: str) -> None:
    bench = people(tmp_path, user(1, NEW))
    result = run(bench, policy=name)
    assert result["changed"] is False and result["granted"] == [] and bench.hosts["fe2013"].transcript == []


def test_a_failing_user_is_named_and_hides_nobody(tmp_path: Path) -> None:
    bench = people(tmp_path, *(user(number, NEW) for number in range(100, 140)))
    bench.stubborn, bench.lagging = {sip(100)}, {sip(139)}
    result = run(bench)
    assert result["error"]["kind"] == "users_left" and len(result["error"]["done"]) == 38
    assert "2 users could not be granted the external access policy XmppUsers, 38 could: " in result["msg"]
    assert f"{sip(100)} was refused by Grant-CsExternalAccessPolicy: ProcessingFailed" in result["msg"]
    assert f"{sip(139)} does not have it" in result["msg"] and undocumented(external_access_policy_grant, result) == []
    bench.stubborn, bench.lagging = set(), set()
    assert run(bench)["granted"] == [sip(100), sip(139)]


def test_the_way_back(tmp_path: Path) -> None:
    bench = people(tmp_path, user(1, NEW, ExternalAccessPolicy="Old"), user(2, NEW),
                   policies=(GLOBAL, XMPP, policy("Tag:Old", *FLAGS[:1])))  # fmt: skip
    run(bench)
    undo = {one["object"]: one["undo"] for one in bench.journal() if one["kind"] == "intent"}
    assert undo[f"user {sip(1)}"][0]["parameters"]["PolicyName"] == "Old"
    assert "PolicyName" not in undo[f"user {sip(2)}"][0]["parameters"]
