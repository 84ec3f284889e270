# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""user_move_back against the lab: what is lost is told first, XMPP above all; then users are where they came from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users.manifest import read
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users.moving import POLICIES
from ansible_collections.lync.xmpp_migration.plugins.modules import user_move, user_move_back, xmpp_partner
from ansible_collections.lync.xmpp_migration.tests.replay.compare import differences
from ansible_collections.lync.xmpp_migration.tests.unit.lab_bench import LabBench
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.lab_people import NEW, OLD, lab_with, person
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.lync_people import undocumented
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.test_from_ocs import (
    OCS,
    STEPS,
    WIRED,
    lab_in,
    served,
)

ONE, TWO, NINE = "sip:user001@contoso.test", "sip:user002@contoso.test", "sip:nine@contoso.test"
ALL = {"accept_losses": ["all"]}
FACTS = ("services_running", "legacy_route", "no_partner", "pilot_reached_partner")


def moved(directory: Path, *people: dict[str, Any], run: str = "run-1", **more: Any) -> LabBench:
    """Everybody is on the new pool."""
    lab = lab_with(directory, *people, **more)
    lab.prove(*FACTS)
    lab.done(user_move, {"target_pool": NEW}, run=run)
    return lab


def homes(lab: LabBench) -> dict[str, str | None]:
    return {one.sip: one.registrar_pool or one.home_server for one in lab.world.ad}


def back(lab: LabBench, check: bool = False, run: str = "run-2", **options: Any) -> dict[str, Any]:
    return lab.run(user_move_back, options, check=check, run=run)


def test_nothing_is_done_before_the_losses_are_accepted(tmp_path: Path) -> None:
    lab = moved(tmp_path)
    count = len(lab.called())
    for check in (False, True):
        result = back(lab, check, users=[ONE])
        assert result["error"]["kind"] == "losses_not_accepted" and "the content of meetings" in result["msg"]
        assert result["error"]["losses"][0]["user"] == ONE and OLD in Path(result["error"]["rows"]).read_text()
        assert "accept_losses" in result["msg"] and len(lab.called()) == count
    assert "Nothing was changed." in back(lab, users=[ONE], accept_losses=[TWO])["msg"]


def test_a_user_goes_back_once(tmp_path: Path) -> None:
    lab = moved(tmp_path)
    planned = back(lab, check=True, users=[ONE], **ALL)
    assert planned["moved_back"] == [ONE] and planned["changed"] and homes(lab)[ONE] == NEW
    start = len(lab.journal())
    result = back(lab, users=[ONE], accept_losses=[ONE])
    assert result["moved_back"] == [ONE] and homes(lab) == {ONE: OLD, TWO: NEW}
    assert undocumented(user_move_back, result) == [] and result["diff"] == {"before": {ONE: NEW}, "after": {ONE: OLD}}
    assert differences(lab.plan("run-2"), lab.journal()[start:]) == []
    assert lab.world.laws.violations == []
    again = back(lab, users=[ONE], **ALL)
    assert not again["changed"] and again["already_back"] == 1 and again["moved_back"] == []
    # and forth again: the last move counts
    lab.prove(*FACTS)
    lab.done(user_move, {"target_pool": NEW}, run="run-3")
    assert back(lab, users=[ONE], **ALL)["moved_back"] == [ONE]


def test_a_run_or_a_wave_goes_back(tmp_path: Path) -> None:
    lab = lab_with(tmp_path, person())
    lab.prove(*FACTS)
    lab.done(user_move, {"target_pool": NEW, "users": [ONE]}, run="first")
    lab.world.clock.advance(3600)
    middle = lab.world.clock.now().isoformat()
    lab.done(user_move, {"target_pool": NEW}, run="second")
    assert back(lab, of_run="first", **ALL)["moved_back"] == [ONE]
    assert back(lab, of_run="second", moved_before=middle, **ALL)["error"]["kind"] == "invalid_input"
    assert back(lab, of_run="second", users=[ONE], **ALL)["error"]["kind"] == "invalid_input"
    assert sorted(back(lab, of_run="second", moved_after=middle, **ALL)["moved_back"]) == [NINE, TWO]
    assert set(homes(lab).values()) == {OLD}


def test_policies_are_as_they_were(tmp_path: Path) -> None:
    policies = {"ExternalAccessPolicy": "XmppUsers", "VoicePolicy": "Loud", "DialPlan": "Redmond"}
    lab = moved(tmp_path, person(policies=policies), person("sip:ten@contoso.test"))
    user = next(one for one in lab.world.ad if one.sip == NINE)
    ten = next(one for one in lab.world.ad if one.sip == "sip:ten@contoso.test")
    now = lab.world.clock.now()
    for kind, name in {"ExternalAccessPolicy": None, "VoicePolicy": "Quiet", "ClientPolicy": "New"}.items():
        lab.world.ad.assign(user, kind, name, now)
    lab.world.ad.assign(ten, "ExternalAccessPolicy", "XmppUsers", now)
    result = back(lab, of_run="run-1", **ALL)
    assert not result.get("failed"), result
    assert user.policies == policies and ten.policies == {}
    assert result["policies"][NINE] == {
        "ExternalAccessPolicy": "XmppUsers",
        "VoicePolicy": "Loud",
        "ClientPolicy": None,
    }
    assert result["policies"]["sip:ten@contoso.test"] == {"ExternalAccessPolicy": None}
    assert not back(lab, of_run="run-1", **ALL)["changed"]


def test_policies_may_be_left_alone(tmp_path: Path) -> None:
    lab = moved(tmp_path, person(policies={"VoicePolicy": "Loud"}))
    user = next(one for one in lab.world.ad if one.sip == NINE)
    lab.world.ad.assign(user, "VoicePolicy", "Quiet", lab.world.clock.now())
    assert back(lab, users=[NINE], restore_policies=False, **ALL)["policies"] == {} and user.policies == {
        "VoicePolicy": "Quiet"
    }


def test_what_a_policy_of_before_takes_is_a_loss_too(tmp_path: Path) -> None:
    lab = moved(tmp_path, person(policies={"ExternalAccessPolicy": "Nothing"}))
    user = next(one for one in lab.world.ad if one.sip == NINE)
    lab.world.ad.assign(user, "ExternalAccessPolicy", "XmppUsers", lab.world.clock.now())
    assert "EnableOutsideAccess" in back(lab, users=[NINE])["error"]["losses"][0]["losses"]
    assert not back(lab, users=[NINE], accept_losses=[NINE]).get("failed")
    assert user.policies == {"ExternalAccessPolicy": "Nothing"}


def test_contacts_in_exchange_are_told(tmp_path: Path) -> None:
    lab = moved(tmp_path, person(oddities={"ucs": True}))
    assert "unified contact store" in back(lab, users=[NINE])["error"]["losses"][0]["losses"]
    back(lab, users=[NINE], **ALL)
    assert lab.world.tables["lost_contacts"] == [NINE]


def test_nobody_loses_xmpp_unnamed(tmp_path: Path) -> None:
    lab = moved(tmp_path)
    lab.prove("users_homed", "components", "xmpp_listening", "certificate_names", "replicated")
    lab.done(xmpp_partner, {"domain": "fabrikam.test"})
    lab.world.laws.violations.clear()
    lab.prove("no_partner")  # an old one does not help: the partners themselves are read
    for named in ([], [TWO]):
        result = back(lab, users=[ONE], loses_xmpp=named, **ALL)
        assert (
            result["error"]["kind"] == "losses_not_accepted"
            and "loses XMPP" in result["msg"]
            and "fabrikam.test" in result["msg"]
        )
    assert back(lab, users=[ONE], loses_xmpp=["all"], **ALL)["error"]["kind"] == "invalid_input"
    assert homes(lab)[ONE] == NEW
    result = back(lab, users=[ONE], loses_xmpp=[ONE], **ALL)
    assert result["moved_back"] == [ONE] and homes(lab) == {ONE: OLD, TWO: NEW}
    intents = [one for one in lab.journal() if one["kind"] == "intent" and one["module"] == "user_move_back"]
    assert [one["override"] for one in intents] == [ONE]


def test_another_account_with_the_address_stays(tmp_path: Path) -> None:
    lab = moved(tmp_path)
    one, two = (next(user for user in lab.world.ad if user.sip == sip) for sip in (ONE, TWO))
    one.sip, two.sip = "sip:renamed@contoso.test", ONE
    lab.world.ad._index.clear()
    for user in list(lab.world.ad.users):
        lab.world.ad._index[user.sip] = user
    result = back(lab, users=[TWO], **ALL)
    assert result["error"]["kind"] == "invalid_input" and "no user has the SIP address" in result["msg"]
    # by the address that the account has now
    assert back(lab, users=["sip:renamed@contoso.test"], **ALL)["moved_back"] == ["sip:renamed@contoso.test"]
    assert one.registrar_pool == OLD and two.registrar_pool == NEW
    two.number = 99  # the account was made anew under the same address
    lab.world.ad._guids.clear()
    result = back(lab, users=[ONE], **ALL)
    assert "another account now" in result["msg"] or "no such move" in result["msg"]
    assert two.registrar_pool == NEW


def test_users_who_cannot_go_back(tmp_path: Path) -> None:
    lab = moved(tmp_path, person("sip:never@contoso.test", enabled=False))
    assert "the journal knows no such move" in back(lab, users=["sip:never@contoso.test"], **ALL)["msg"]
    one = next(user for user in lab.world.ad if user.sip == ONE)
    lab.world.ad.target(one, "other.contoso.test", lab.world.clock.now())
    assert "in the middle of a move to other.contoso.test" in back(lab, users=[ONE], **ALL)["msg"]
    result = back(lab, of_run="run-1", **ALL)  # of a run, the others go
    assert result["error"]["kind"] == "users_left" and result["error"]["done"] == [TWO]
    assert [left["user"] for left in result["error"]["left"]] == [ONE]


@pytest.mark.parametrize(
    "options", [{"users": ["user 1"]}, {"of_run": "nonsense"}, {"of_run": "run-1", "moved_after": "soon"}]
)
def test_input_that_means_nothing(tmp_path: Path, options: dict[str, Any]) -> None:
    lab = moved(tmp_path)
    assert back(lab, **options, **ALL)["error"]["kind"] == "invalid_input"


def test_a_move_that_the_server_refuses(tmp_path: Path) -> None:
    lab = moved(tmp_path)
    one = next(user for user in lab.world.ad if user.sip == ONE)
    one.oddities["move_error"] = "the back end is busy"
    result = back(lab, of_run="run-1", batch_size=1, **ALL)
    assert (
        result["error"]["kind"] == "users_left"
        and result["error"]["done"] == [TWO]
        and homes(lab) == {ONE: NEW, TWO: OLD}
    )
    del one.oddities["move_error"]
    assert back(lab, of_run="run-1", **ALL)["moved_back"] == [ONE]


def test_back_to_office_communications_server(tmp_path: Path) -> None:
    lab = lab_in(tmp_path)
    for module, options in STEPS:
        lab.done(module, options)
    served(lab)
    for module, options in WIRED[len(STEPS) :]:
        lab.done(module, options)
    lab.prove(*FACTS)
    user = next(one for one in lab.world.ad if one.enabled)
    before = user.home_server
    lab.done(user_move, {"target_pool": NEW, "users": [user.sip]})
    result = back(lab, users=[user.sip])
    assert "scheduled anew" in result["msg"] and "functions and data" in result["msg"]
    planned = back(lab, check=True, users=[user.sip], **ALL)
    assert planned["moved_back"] == [user.sip]
    start = len(lab.journal())
    result = back(lab, users=[user.sip], **ALL)
    assert not result.get("failed"), result
    assert result["calls"] == [
        {"cmdlet": "Move-CsUser", "parameters": {"Identity": user.sip, "Target": OCS, "Confirm": False}}
    ]
    assert user.registrar_pool is None and user.home_server == before
    assert differences(lab.plan("run-2"), lab.journal()[start:]) == []
    assert not back(lab, users=[user.sip], **ALL)["changed"]


def test_the_journal_is_a_manifest(tmp_path: Path) -> None:
    had = {kind: f"{kind} of nine" for kind in POLICIES if kind != "ExternalAccessPolicy"} | {
        "ExternalAccessPolicy": "XmppUsers"
    }
    lab = moved(tmp_path, person(policies=had))
    origins = {one.user: one for one in read(lab.state_dir).values()}
    assert set(origins) == {ONE, TWO, NINE}
    assert {one.pool for one in origins.values()} == {OLD} and {one.target for one in origins.values()} == {NEW}
    assert origins[NINE].policies == had and origins[ONE].policies == {}
