# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""XMPP for users whose external access policies differ: a policy for each, the grants, and who has XMPP afterwards."""

from __future__ import annotations

import csv
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users.access import sample
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users.policies import Policies
from ansible_collections.lync.xmpp_migration.plugins.modules import (
    external_access_policy,
    external_access_policy_grant,
    xmpp_access_info,
    xmpp_access_policies,
)
from ansible_collections.lync.xmpp_migration.tests.unit.doubles import Bench, FakeShell
from ansible_collections.lync.xmpp_migration.tests.unit.lab_bench import LabBench
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.lync_people import (
    NEW,
    People,
    estate,
    sip,
    undocumented,
    user,
)

FE = "fe"
ALL = {"pools": ["fe.contoso.test", "paris.contoso.test"]}
COPIES = {"copy_name": "{name} XMPP", **ALL}
INSIDE = ["sip:user301@contoso.test", "sip:user302@contoso.test"]


@pytest.fixture
def lab(tmp_path: Path) -> LabBench:
    return LabBench(tmp_path, "mixed-policies", None)  # type: ignore[arg-type]


def flags(lab: LabBench, identity: str) -> set[str]:
    row = lab.world.cms.current.row("external_access_policy", identity) or {}
    return {name for name, value in row.items() if name.startswith("Enable") and value}


def test_one_copy_for_each_policy_that_counts(lab: LabBench) -> None:
    accepted = {**COPIES, "accepted_losses": INSIDE}
    planned = lab.done(xmpp_access_policies, accepted, FE, check=True)
    assert lab.called() == []
    made = lab.done(xmpp_access_policies, accepted, FE)
    assert made["policies"] == planned["policies"] and undocumented(xmpp_access_policies, made) == []
    assert [(one["of"], one["identity"], one["users"]) for one in made["policies"]] == [
        ("Global", "Global XMPP", 7),
        ("Site:Paris", "Paris XMPP", 4),
        ("Sales", "Sales XMPP", 3),
        ("Inside", "Inside XMPP", 2),
    ]
    for model in ("Global", "Site:Paris", "Tag:Sales", "Tag:Inside"):
        copy = f"Tag:{model.rpartition(':')[2]} XMPP"
        assert flags(lab, copy) == flags(lab, model) | {"EnableXmppAccess", "EnableFederationAccess"}
    granted = lab.done(external_access_policy_grant, accepted, FE)
    assert len(granted["granted"]) == 16 and granted["already_granted"] == 2  # who has Chat has XMPP
    assert "sign in again" in granted["notice"][0]
    assert not [one for one in lab.world.laws.violations if not any(user in one["what"] for user in INSIDE)]
    rows = list(csv.DictReader(Path(granted["file"]).read_text(encoding="utf-8-sig").splitlines()))
    assert len(rows) == 16 and [one["before"] for one in rows if one["user"] == sip(201)] == ["Sales"]
    count = len(lab.called())
    assert not lab.done(xmpp_access_policies, COPIES, FE)["changed"]
    assert not lab.done(external_access_policy_grant, COPIES, FE)["changed"] and len(lab.called()) == count


def test_federation_is_not_given_in_passing(lab: LabBench) -> None:
    for module in (xmpp_access_policies, external_access_policy_grant):
        if module is external_access_policy_grant:
            lab.done(xmpp_access_policies, {**COPIES, "accepted_losses": INSIDE}, FE)
        before = lab.called()
        refused = lab.run(module, COPIES, FE)
        assert refused["error"]["kind"] == "refused" and lab.called() == before
        assert all(f"{one} gains EnableFederationAccess" in refused["msg"] for one in INSIDE)
        assert refused["msg"].count("sip:") == 2


def test_declared_names_and_a_policy_changed_in_place(lab: LabBench) -> None:
    copies = [
        {"of": "site:paris", "identity": "site:Paris"},
        {"of": "Global", "identity": "XmppUsers"},
        {"of": "Sales", "identity": "tag:SalesXmpp"},
    ]
    options = {"copies": copies, **ALL, "users": [sip("001"), sip(101), sip(201), sip(401)]}
    made = lab.done(xmpp_access_policies, options, FE)
    assert {(one["of"], one["identity"], one["in_place"]) for one in made["policies"]} == {
        ("Global", "XmppUsers", False), ("Site:Paris", "site:Paris", True), ("Sales", "SalesXmpp", False),
    }  # fmt: skip
    assert sorted(lab.called()) == [
        "New-CsExternalAccessPolicy",
        "New-CsExternalAccessPolicy",
        "Set-CsExternalAccessPolicy",
    ]
    assert lab.done(external_access_policy_grant, options, FE)["granted"] == [sip("001"), sip(201)]
    seen = lab.done(xmpp_access_info, {**ALL, "sample": 50}, FE)
    # 101 to 104 by their site, two by grants, two had it
    assert seen["with_xmpp"] == 8 and seen["without_xmpp"] == 10 and len(seen["verified"]) == 18


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"copies": [{"of": "Global", "identity": "X"}]}, "copies does not say which one"),
        ({"copy_name": "XMPP"}, "a text with {name} in it"),
        ({"copy_name": "{name}"}, "a text with {name} in it"),
        ({"copy_name": "{name}*"}, "a wildcard"),
        ({"copies": [{"of": "Global", "identity": "site:Paris"}]}, "cannot be granted to users"),
        ({"copies": [{"of": "Sales", "identity": "X"}, {"of": "tag:sales", "identity": "Y"}]}, "stands there twice"),
        ({}, "Neither copies nor copy_name"),
    ],
)
def test_what_copies_cannot_be(lab: LabBench, options: dict[str, Any], says: str) -> None:
    result = lab.run(xmpp_access_policies, {**ALL, **options}, FE)
    assert result["error"]["kind"] == "invalid_input" and says in result["msg"] and lab.called() == []


def test_two_policies_do_not_become_one_by_accident(lab: LabBench) -> None:
    lab.done(external_access_policy, {"identity": "Paris", "enable_federation_access": True}, FE)
    lab.world.ad.assign(next(one for one in lab.world.ad if one.sip == sip("001")), "ExternalAccessPolicy", "Paris", lab.world.clock.now())  # fmt: skip
    result = lab.run(xmpp_access_policies, {**COPIES, "accepted_losses": INSIDE}, FE)
    assert "would be the copy of both" in result["msg"]


def test_a_grant_without_the_copies(lab: LabBench) -> None:
    result = lab.run(external_access_policy_grant, {**COPIES, "users": [sip("001")]}, FE)
    assert result["error"]["kind"] == "not_ready" and "make it first (module xmpp_access_policies)" in result["msg"]
    assert "Either policy is wanted" in lab.run(external_access_policy_grant, {**COPIES, "policy": "Chat"}, FE)["msg"]


# --- a policy that counts for its users at once


def test_a_policy_in_place_is_judged_by_its_users(lab: LabBench) -> None:
    change = {"identity": "Inside", "enable_federation_access": True, "enable_xmpp_access": True}
    refused = lab.run(external_access_policy, change, FE)
    assert all(f"{one} gains EnableFederationAccess" in refused["msg"] for one in INSIDE) and lab.called() == []
    assert lab.done(external_access_policy, {**change, "accepted_losses": INSIDE}, FE)["changed"]
    taken = lab.run(external_access_policy, {"identity": "Sales", "enable_outside_access": False}, FE)
    assert f"{sip(201)} loses EnableOutsideAccess" in taken["msg"]
    refused = lab.run(external_access_policy, {"identity": "site:Redmond", "enable_xmpp_access": True}, FE)
    assert f"{sip('001')} loses EnableOutsideAccess" in refused["msg"] and sip(201) not in refused["msg"]
    copied = {"identity": "site:Redmond", "enable_xmpp_access": True, "copy_from": "Global"}
    assert lab.done(external_access_policy, copied, FE)["changed"]


# --- who has XMPP


def test_the_list_is_kept_for_people_and_programs(lab: LabBench) -> None:
    seen = lab.done(xmpp_access_info, ALL, FE)
    assert "2 of 18 users may talk to XMPP partners (listed in " in seen.pop("say")[0]  # printed, not returned
    assert undocumented(xmpp_access_info, seen) == [] and lab.called() == []
    assert seen["users_with_xmpp"] == [sip(401), sip(402)] and len(seen["verified"]) == 10
    # every policy has somebody in the sample
    assert {one[:10] for one in seen["verified"]} >= {
        "sip:user00",
        "sip:user10",
        "sip:user20",
        "sip:user30",
        "sip:user40",
    }
    assert any("28800 seconds" in one for one in seen["notice"])
    text = Path(seen["file"]).read_text(encoding="utf-8-sig")
    assert "\"'=HYPERLINK(" in text  # no formula for a spreadsheet
    lines = [json.loads(one) for one in Path(seen["json_file"]).read_text().splitlines()]
    assert len(lines) == 18 and {one["policy"] for one in lines if one["xmpp"]} == {"Chat"}
    assert {one["policy"] for one in lines} == {"Global", "Site:Paris", "Sales", "Inside", "Chat"}
    planned = lab.done(xmpp_access_info, ALL, FE, check=True)
    assert planned["file"] is None and planned["with_xmpp"] == 2


def test_a_difference_names_the_user(lab: LabBench, monkeypatch: pytest.MonkeyPatch) -> None:
    from ansible_collections.lync.xmpp_migration.lab.cmdlets import policies as handlers

    genuine = handlers.effective
    monkeypatch.setattr(
        handlers, "effective", lambda state, one: ("Tag:Chat", {}) if one.sip == sip(301) else genuine(state, one)
    )
    for check in (False, True):
        result = lab.run(xmpp_access_info, {**ALL, "sample": 18}, FE, check=check)
        assert result["error"]["kind"] == "mismatch" and f"{sip(301)} has Chat instead of Inside" in result["msg"]
        assert result["msg"].count("sip:") == 1
    assert lab.done(xmpp_access_info, {**ALL, "sample": 0}, FE)["verified"] == []
    assert "from 0 to 200" in lab.run(xmpp_access_info, {**ALL, "sample": 201}, FE)["msg"]


def test_a_dry_run_counts_what_is_planned_and_asks_for_what_is(lab: LabBench) -> None:
    accepted = {**COPIES, "accepted_losses": INSIDE}
    for module in (xmpp_access_policies, external_access_policy_grant):
        assert lab.done(module, accepted, FE, check=True)["changed"]
    seen = lab.done(xmpp_access_info, {**ALL, "sample": 18}, FE, check=True)
    assert seen["without_xmpp"] == 0 and len(seen["verified"]) == 18 and lab.called() == []


@pytest.mark.parametrize(("size", "expected"), [(0, 0), (1, 1), (2, 2), (3, 3), (7, 7), (500, 105)])
def test_the_sample_is_as_large_as_asked(size: int, expected: int) -> None:
    policies = Policies({one: {"Identity": one} for one in ("global", "tag:a", "tag:b")})
    users = [user(number) for number in range(100)]
    users += [user(200 + number, ExternalAccessPolicy="a") for number in range(4)] + [
        user(300, ExternalAccessPolicy="b")
    ]
    taken = sample(users, policies, size)
    assert len(taken) == expected == len({one["SipAddress"] for one in taken})
    if size >= 3:
        assert {one["ExternalAccessPolicy"] for one in taken} == {None, "a", "b"}


def test_many_grants_cost_requests_and_memory_in_proportion(tmp_path: Path) -> None:
    on = {"EnableFederationAccess": True, "EnableOutsideAccess": True}
    told: list[tuple[int, int]] = []
    for count in (100, 400):
        rows = [user(number, NEW) for number in range(count)]
        policies = [{"Identity": "Global", **on}, {"Identity": "Tag:Global XMPP", "EnableXmppAccess": True, **on}]
        bench = People(tmp_path / str(count), estate(*rows, external_access_policy=policies))
        requests: list[int] = []
        genuine = bench.hosts["fe2013"].request
        bench.hosts["fe2013"].request = lambda calls, seconds: (requests.append(len(calls)), genuine(calls, seconds))[1]  # type: ignore[method-assign]  # noqa: B023
        bench.hosts["fe2013"].handlers["Grant-CsExternalAccessPolicy"] = lambda _shell, told: bench.users[told["Identity"]].update(ExternalAccessPolicy=told["PolicyName"])  # noqa: B023, E501  # fmt: skip
        tracemalloc.start()
        result = bench.run(external_access_policy_grant, {"copy_name": "{name} XMPP", "pools": [NEW]})
        told.append((len(requests), tracemalloc.get_traced_memory()[1]))
        tracemalloc.stop()
        assert len(result["granted"]) == count and len(result["calls"]) == 50
    (few, small), (many, large) = told
    assert many - 3 == 4 * (few - 3) == 16 and large < 4.5 * small and large < 400 * 12_000, told


def test_a_dry_run_before_anybody_can_be_listed(tmp_path: Path) -> None:
    bench = Bench(tmp_path, hosts=())
    bench.hosts["fe2013"] = FakeShell(bench.estate, "pool2013", tools=False)
    options = {"copies": [{"of": "Global", "identity": "XmppUsers"}], "copy_name": "{name} XMPP", "pools": [NEW]}
    made = bench.run(xmpp_access_policies, options, check=True)
    assert made["changed"] and [one["identity"] for one in made["policies"]] == ["XmppUsers"]
    assert "is not known yet, so only what copies declares can be planned" in made["warnings"][0]
    granted = bench.run(external_access_policy_grant, options, check=True)
    assert granted["granted"] == [] and "Who is to be granted which policy is not known yet" in granted["warnings"][0]
    assert [one["object"] for one in bench.plan() if one["kind"] == "intent"][-1] == "all users of the new pool"
    seen = bench.run(xmpp_access_info, {"pools": [NEW]}, check=True)
    assert seen["with_xmpp"] == 0 and seen["file"] is None and bench.writes == []
