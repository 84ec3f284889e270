# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""user_move: who is moved and who is not, the laws before it, and what is said of failures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.modules import user_move
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

BRANCH = "sba.contoso.test"


def ready(tmp_path: Path, *users: dict[str, Any], **more: Any) -> People:
    bench = People(tmp_path, estate(*users, **more))
    bench.prove("services_running", "legacy_route", "no_partner", "pilot_reached_partner")
    return bench


def run(bench: People, check: bool = False, **more: Any) -> dict[str, Any]:
    return bench.run(user_move, {"target_pool": NEW, **more}, check=check)


def test_all_who_are_elsewhere_are_moved_once(tmp_path: Path) -> None:
    bench = ready(tmp_path, user(1), user(2, NEW), user(3), user("off", Enabled=False), hybrid("cloud"))
    result = run(bench)
    assert result["moved"] == [sip(1), sip(3)] and result["already_moved"] == 1 and result["changed"] is True
    assert result["diff"] == {"before": {sip(1): OLD, sip(3): OLD}, "after": {sip(1): NEW, sip(3): NEW}}
    assert bench.writes == [("Move-CsUser", {"Identity": sip(one), "Target": NEW, "Confirm": False}) for one in (1, 3)]
    assert bench.home("off") == OLD and bench.home("cloud") is None
    assert undocumented(user_move, result) == []
    again = run(bench)
    assert again["changed"] is False and again["moved"] == [] and again["already_moved"] == 3 and len(bench.writes) == 2


def test_check_mode_only_plans(tmp_path: Path) -> None:
    bench = ready(tmp_path, user(1), user(2))
    result = run(bench, check=True)
    assert result["moved"] == [sip(1), sip(2)] and result["changed"] is True and bench.writes == []
    assert bench.home(1) == OLD and run(bench, check=True)["changed"] is False
    planned = [one for one in bench.plan() if one["kind"] == "intent"]
    assert [one["call"]["parameters"]["Identity"] for one in planned] == [sip(1), sip(2)]
    # what was planned is no reason for a real run to hold back
    assert run(bench)["moved"] == [sip(1), sip(2)]


def test_two_users_with_each_others_names(tmp_path: Path) -> None:
    bench = ready(tmp_path, user(1, DisplayName=sip(2)), user(2, DisplayName=sip(1)), user(3, DisplayName="User 1"))
    assert run(bench, users=[sip(1)])["moved"] == [sip(1)]
    assert [bench.home(one) for one in (1, 2, 3)] == [NEW, OLD, OLD]
    assert bench.journal()[-2]["before"]["Guid"] == "guid-1"


@pytest.mark.parametrize(
    "text",
    [
        "User 1",
        "*",
        "sip:*@contoso.test",
        "sip:user?@contoso.test",
        "o'x' -or 'a' -eq 'a",
        "sip:o'x' -or 'a' -eq 'a@contoso.test",
        "*)(objectClass=*",
        "$(Remove-Item C:\\)",
        "",
    ],
)
def test_texts_that_name_no_user(tmp_path: Path, text: str) -> None:
    bench = ready(tmp_path, user(1), user(2))
    result = run(bench, users=[sip(1), text])
    assert result["error"]["kind"] == "invalid_input" and "A SIP address such as" in result["msg"]
    assert bench.writes == []


def test_an_apostrophe_in_an_address_is_a_letter(tmp_path: Path) -> None:
    address = "sip:ann.o'brien@contoso.test"
    bench = ready(tmp_path, user(1), user(2, SipAddress=address))
    assert run(bench, users=["SIP:Ann.O'Brien@Contoso.test"])["moved"] == [address]
    assert bench.written("Move-CsUser") == [address]


@pytest.mark.parametrize(
    ("somebody", "reason"),
    [
        (user(9, Enabled=False), "is not enabled"),
        (hybrid(9), "is hosted by sipfed.online.lync.com"),
        (user(9, None), "has neither a registrar pool nor a home server"),
        (user(9, TargetRegistrarPool=OLD), f"is being moved to {OLD} already"),
        (user(9, DisplayName=" Blank"), "has a name (DisplayName) that begins or ends with a blank"),
        (user(9, BRANCH), "is one of branch_pools"),
    ],
)
def test_named_users_are_moved_all_or_none(tmp_path: Path, somebody: dict[str, Any], reason: str) -> None:
    bench = ready(tmp_path, user(1), somebody)
    result = run(bench, users=[sip(1), sip(9)], branch_pools=[BRANCH])
    assert result["error"]["kind"] == "invalid_input" and sip(9) in result["msg"] and reason in result["msg"]
    assert "Nothing was changed." in result["msg"] and bench.writes == []


def test_an_unknown_or_doubtful_address(tmp_path: Path) -> None:
    bench = ready(tmp_path, user(1))
    assert "No user has the SIP address sip:user7@contoso.test" in run(bench, users=[sip(1), sip(7)])["msg"]
    bench.users["twin"] = user(1, Guid="guid-twin")
    assert "More than one user has the SIP address" in run(bench, users=[sip(1)])["msg"] and bench.writes == []


def test_who_cannot_be_moved_does_not_stop_the_others(tmp_path: Path) -> None:
    bench = ready(tmp_path, user(1), user(2, TargetRegistrarPool=OLD), user(3))
    result = run(bench)
    assert result["error"]["kind"] == "users_left" and result["error"]["done"] == [sip(1), sip(3)]
    assert [one["user"] for one in result["error"]["left"]] == [sip(2)] and bench.home(3) == NEW
    assert undocumented(user_move, result) == []
    result = run(bench, check=True)
    assert f"1 user cannot be moved to {NEW}, 0 can: " in result["msg"]


def test_a_move_that_stopped_half_way_is_tried_again(tmp_path: Path) -> None:
    bench = ready(tmp_path, user(1, TargetRegistrarPool=NEW.upper()))
    assert run(bench)["moved"] == [sip(1)] and "Force" not in bench.writes[0][1]


def test_a_failing_user_is_named_and_hides_nobody(tmp_path: Path) -> None:
    bench = ready(tmp_path, *(user(one) for one in range(1, 6)))
    bench.stubborn, bench.lagging = {sip(2), sip(4)}, {sip(5)}
    result = run(bench, batch_size=2)
    assert result["error"]["done"] == [sip(1), sip(3)] and [bench.home(one) for one in (1, 2, 3)] == [NEW, OLD, NEW]
    assert f"3 users could not be moved to {NEW}, 2 could: " in result["msg"] and ".." not in result["msg"]
    assert f"{sip(2)} was refused by Move-CsUser: ProcessingFailed" in result["msg"] and sip(4) in result["msg"]
    assert f"{sip(5)} is on {OLD}, though Move-CsUser reported success" in result["msg"]
    bench.stubborn, bench.lagging = set(), set()
    assert run(bench)["moved"] == [sip(2), sip(4), sip(5)]


def test_every_failure_is_in_the_result_and_ten_in_the_sentence(tmp_path: Path) -> None:
    bench = ready(tmp_path, *(user(number) for number in range(100, 115)))
    bench.stubborn = {sip(number) for number in range(100, 115)}
    result = run(bench)
    assert len(result["error"]["left"]) == 15 and "; and 5 more" in result["msg"] and sip(112) not in result["msg"]


def test_refused_without_proof(tmp_path: Path) -> None:
    bench = People(tmp_path, estate(user(1), user(2)))
    for check in (True, False):
        result = run(bench, check)
        assert result["error"]["kind"] == "refused" and f"user {sip(1)} is not moved" in result["msg"].lower()
        assert "legacy Edge" in result["msg"] and "pilot user" in result["msg"]
    bench.prove("legacy_route", "no_partner")
    assert "edge2013. Run the playbook" in run(bench, users=[sip(1)], pilot=True)["msg"]
    bench.prove("services_running")
    assert run(bench)["error"]["kind"] == "refused" and bench.writes == []
    assert run(bench, users=[sip(1)], pilot=True)["moved"] == [sip(1)]
    assert run(bench)["error"]["kind"] == "refused"
    assert run(bench, pilot=True)["msg"].startswith("pilot is True but")


def test_a_pool_that_is_not_published(tmp_path: Path) -> None:
    bench = ready(tmp_path, user(1))
    result = run(bench, target_pool="pool2o13.contoso.test")
    assert "has no Registrar on pool2o13.contoso.test" in result["msg"] and bench.writes == []
    assert "target_pool:" in run(bench, target_pool="pool2013")["msg"]
    assert "target_pools:" in run(bench, target_pools=["*.contoso.test"])["msg"]


def test_users_of_other_new_pools_stay(tmp_path: Path) -> None:
    other = "pool2013b.contoso.test"
    bench = ready(tmp_path, user(1), user(2, other), user(3, BRANCH))
    result = run(bench, target_pools=[other], branch_pools=[BRANCH])
    assert result["moved"] == [sip(1)] and bench.home(2) == other and bench.home(3) == BRANCH
    assert run(bench, target_pools=[other], branch_pools=[BRANCH])["changed"] is False


def test_options_of_the_move(tmp_path: Path) -> None:
    bench = ready(tmp_path, user(1))
    run(bench, move_conference_data=True, domain_controller="dc1.contoso.test", batch_size=0)
    ((_, parameters),) = bench.writes
    assert parameters["MoveConferenceData"] is True and parameters["DomainController"] == "dc1.contoso.test"
    assert "Force" not in parameters
    undo = next(one for one in bench.journal() if one["kind"] == "intent")["undo"]
    assert [one["parameters"] for one in undo] == [{"Identity": sip(1), "Target": OLD, "Confirm": False}]


def test_an_empty_list_means_nobody(tmp_path: Path) -> None:
    bench = ready(tmp_path, user(1))
    assert run(bench, users=[], pilot=True)["changed"] is False and bench.writes == []


# --- Office Communications Server


OCS_POOL = "ocspool.contoso.test"


def ocs_user(number: int | str, pool: str = "ocspool", **more: Any) -> dict[str, Any]:
    server = (
        f"CN=LC Services,CN=Microsoft,CN={pool},CN=Pools,CN=RTC Service,CN=Services,CN=Configuration,DC=contoso,DC=test"
    )
    return user(number, None, **{"HomeServer": server, **more})


def from_ocs(tmp_path: Path, *users: dict[str, Any], **more: Any) -> People:
    bench = ready(tmp_path, *users, **more)
    bench.estate.put("pool", {"Identity": OCS_POOL, "Fqdn": OCS_POOL, "Site": "Site:BackCompatSite"})
    bench.prove("legacy_configuration")
    return bench


def test_users_of_ocs_are_moved_with_their_own_cmdlet(tmp_path: Path) -> None:
    bench = from_ocs(tmp_path, ocs_user(1), user(2), ocs_user(3, Enabled=False))
    result = run(bench, move_conference_data=True, domain_controller="dc1.contoso.test")
    assert result["moved"] == [sip(1), sip(2)] and result["changed"] is True
    controller = {"DomainController": "dc1.contoso.test"}
    assert bench.writes == [
        ("Move-CsLegacyUser", {"Identity": sip(1), "Target": NEW, "Confirm": False, **controller}),
        (
            "Move-CsUser",
            {"Identity": sip(2), "Target": NEW, "Confirm": False, "MoveConferenceData": True, **controller},
        ),
    ]
    assert result["diff"]["before"] == {sip(1): "Office Communications Server (ocspool)", sip(2): OLD}
    assert undocumented(user_move, result) == []
    again = run(bench)
    assert again["changed"] is False and again["already_moved"] == 2  # HomeServer stays, as users of Lync have one too


def test_the_way_back_to_ocs(tmp_path: Path) -> None:
    bench = from_ocs(tmp_path, ocs_user(1), ocs_user(2, "other"))
    run(bench)
    known, unknown = [one for one in bench.journal() if one["kind"] == "intent"]
    assert known["undo"][0]["name"] == "Move-CsUser" and known["undo"][0]["parameters"]["Target"] == OCS_POOL
    assert "is no pool of the merged topology" in str(unknown["undo"])
    assert known["before"]["HomeServer"].startswith("CN=LC Services") and known["before"]["RegistrarPool"] is None


def test_users_of_ocs_wait_for_the_import(tmp_path: Path) -> None:
    bench = ready(tmp_path, ocs_user(1))
    result = run(bench)
    assert result["error"]["kind"] == "refused" and bench.writes == []
    assert "the configuration of Office Communications Server was imported has not been verified" in result["msg"]


def test_users_of_ocs_whose_names_have_blanks_are_reported(tmp_path: Path) -> None:
    users = [
        ocs_user(2, DisplayName="Blank "),
        ocs_user(3, Name=" x"),
        ocs_user(4, FirstName="x "),
        user(5, LastName=" x"),
    ]
    bench = from_ocs(tmp_path, ocs_user(1), *users)
    result = run(bench)
    assert result["error"]["done"] == [sip(1), sip(5)]
    assert [one["user"] for one in result["error"]["left"]] == [sip(2), sip(3), sip(4)]
    assert "(FirstName) that begins or ends with a blank" in result["msg"]
    assert bench.written("Move-CsLegacyUser") == [sip(1)] and bench.written("Move-CsUser") == [sip(5)]


def test_a_refused_move_from_ocs_names_its_cmdlet(tmp_path: Path) -> None:
    bench = from_ocs(tmp_path, ocs_user(1), ocs_user(2))
    bench.stubborn, bench.lagging = {sip(1)}, {sip(2)}
    result = run(bench)
    assert (
        "was refused by Move-CsLegacyUser" in result["msg"]
        and "though Move-CsLegacyUser reported success" in result["msg"]
    )


def test_a_dry_run_of_moves_from_ocs(tmp_path: Path) -> None:
    bench = from_ocs(tmp_path, ocs_user(1))
    assert run(bench, check=True)["moved"] == [sip(1)] and bench.writes == []
    assert run(bench, check=True)["changed"] is False
