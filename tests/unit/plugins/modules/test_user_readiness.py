# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""user_readiness against the lab: every reason for which a user cannot be moved is read from an estate that has it."""

from __future__ import annotations

import csv
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users.reasons import (
    IDS,
    KINDS,
    WANTED,
    Scene,
    judge,
    twice,
)
from ansible_collections.lync.xmpp_migration.plugins.modules import user_move, user_readiness
from ansible_collections.lync.xmpp_migration.tests.unit.lab_bench import LabBench
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.lab_people import NEW, OLD, lab_with, person
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.lync_people import undocumented
from hypothesis import given, settings
from hypothesis import strategies as st

WHO = "sip:nine@contoso.test"


def look(lab: LabBench, **more: Any) -> dict[str, Any]:
    return lab.run(user_readiness, {"target_pool": NEW, **more})


def rows_of_all(result: dict[str, Any]) -> list[dict[str, str]]:
    return [
        json.loads(one) for one in Path(result["rows"]).with_suffix(".ndjson").read_text(encoding="ascii").splitlines()
    ]


def rows_of(result: dict[str, Any]) -> dict[str, dict[str, str]]:
    lines = rows_of_all(result)
    table = list(csv.DictReader(Path(result["rows"]).read_text(encoding="utf-8-sig").splitlines()))
    assert len(table) == len(lines) == len({one["user"] for one in lines})
    return {one["user"]: one for one in lines}


REASONS: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("name_blanks", person(display_name="Ann "), {}, "(DisplayName)"),
    ("protected", person(oddities={"protected": True}), {"operator_groups": ["CsAdministrator", "RTCUniversalServerAdmins"]}, "adminCount is 1"),
    ("protected_by_admin", person(oddities={"protected": True}), {}, "account is in Domain Admins"),
    ("move_in_flight", person(oddities={"moving_to": "other.contoso.test"}), {}, "to other.contoso.test already"),
    ("half_moved", person(oddities={"moving_to": NEW}), {}, f"a move to {NEW} that stopped"),
    ("disabled", person(enabled=False), {}, "is not enabled"),
    ("unassigned", person(pool=None), {}, "neither a registrar pool nor a home server"),
    ("duplicate_sip", person("sip:ten@contoso.test", oddities={"same_sip_as": "sip:user001@contoso.test"}), {}, "another account has too"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "somebody", "more", "sentence"), REASONS, ids=[one[0] for one in REASONS])
def test_a_reason_is_read_from_the_lab(
    tmp_path: Path, kind: str, somebody: dict[str, Any], more: dict[str, Any], sentence: str
) -> None:
    lab = lab_with(tmp_path, somebody, **more)
    result = look(lab)
    assert not result.get("failed"), result
    count = 2 if kind == "duplicate_sip" else 1
    assert result["counts"] == {kind: count} and result["changed"] is False and lab.called() == []
    user = "sip:user001@contoso.test" if kind == "duplicate_sip" else WHO
    one = next(row for row in result["shown"] if row["user"] == user)
    assert one["reasons"] == kind and sentence in one["why"] and one["do"] and one["source"] in (OLD, "(none)")
    blocks = KINDS[kind].severity == "error"
    assert result["users"]["blocked"] == (count if blocks else 0)
    assert [found["id"] for found in result["findings"]] == ([kind] if blocks else [])
    assert undocumented(user_readiness, result) == []
    stopped = look(lab, stop_for_users=True)
    assert bool(stopped.get("failed")) is blocks
    if blocks:
        assert kind in stopped["msg"] and not look(lab, stop_for_users=True, accept=[kind]).get("failed")


def test_users_of_a_branch_appliance_stay(tmp_path: Path) -> None:
    lab = lab_with(tmp_path, person(oddities={"survivable_branch": True}))
    result = look(lab, branch_pools=[OLD])
    assert result["counts"] == {"branch_appliance": 3} and result["users"] == {
        "movable": 0,
        "blocked": 0,
        "here": 0,
        "other": 3,
    }
    assert "has no XMPP afterwards" in result["shown"][0]["why"]


def test_replication_that_has_not_finished(tmp_path: Path) -> None:
    lab = lab_with(tmp_path, person())
    lab.world.computers[NEW].windows_services["RTCSRV"].status = "Stopped"  # what has not run has replicated nobody
    result = look(lab)
    assert result["failed"] and [one["id"] for one in result["error"]["findings"]] == ["replication_pending"]
    assert "30024" in result["msg"] and not look(lab, accept=["replication_pending"]).get("failed")
    assert lab.run(user_readiness, {"target_pool": NEW}, check=True)["not_known"] == ["replication_pending"]
    lab.world.ad.rehome(next(iter(lab.world.ad)), NEW, lab.world.clock.now())
    assert not look(lab).get("failed")  # somebody was moved: so it has finished, whatever the log still has


def test_an_import_that_is_missing(tmp_path: Path) -> None:
    from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.test_from_ocs import STEPS, lab_in

    lab = lab_in(tmp_path)
    for module, options in STEPS[:-2]:
        lab.done(module, options)
    found = {one["id"]: one for one in look(lab)["error"]["findings"]}
    assert "not merged into the topology yet" in found["legacy_import"]["found"]
    lab.done(*STEPS[-2])
    found = {one["id"]: one for one in look(lab)["error"]["findings"]}
    assert "not, as far as the journal knows" in found["legacy_import"]["found"]
    lab.done(*STEPS[-1])
    result = look(lab, accept=["replication_pending"])
    assert not result.get("failed") and "legacy_import" not in {one["id"] for one in result["findings"]}


def test_names_that_only_the_older_product_refuses(tmp_path: Path) -> None:
    from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.test_from_ocs import STEPS, lab_in

    lab = lab_in(tmp_path)
    for module, options in STEPS[:-2]:
        lab.done(module, options)
    somebody = next(iter(lab.world.ad))
    somebody.first = "Ann "
    result = look(lab, accept=["legacy_import", "replication_pending"])
    assert "(FirstName)" in rows_of(result)[somebody.sip]["why"]


@pytest.mark.parametrize("contacts", [False, True])
def test_contacts_in_exchange_on_the_way_back(tmp_path: Path, contacts: bool) -> None:
    lab = lab_with(tmp_path, person(pool=NEW, oddities={"ucs": True} if contacts else {}))
    result = look(lab, direction="back", target_pool=OLD, pools=[NEW])
    assert not result.get("failed") and result["users"]["movable"] == 1
    assert result["counts"] == ({"unified_contacts": 1} if contacts else {})
    assert ("unified_contacts" in result["not_known"]) is contacts


def test_what_the_server_does_not_say_is_not_known(tmp_path: Path) -> None:
    lab = lab_with(tmp_path, person())
    shell: Any = lab.hosts["fe2013"]
    real = shell.request

    def request(calls: list[dict[str, Any]], seconds: float) -> Any:
        reply = real(calls, seconds)
        for call, end, rows in zip(calls, reply.ends, reply.rows, strict=True):
            if "LdapFilter" in call.get("parameters", {}) or call.get("cmdlet") == "Get-WinEvent":
                rows.clear()
                error = {"id": "AccessDenied,Test", "category": "PermissionDenied", "target": "", "exceptions": []}
                end.update(ok=False, errors=[error], error_count=1)
        return reply

    shell.request = request
    result = look(lab)
    assert not result.get("failed") and result["not_known"] == ["protected", "replication_pending"]


def test_nobody_is_moved_by_an_address_that_two_accounts_have(tmp_path: Path) -> None:
    """One of them is not enabled, so the moves alone would not see him."""
    twin = person("sip:ten@contoso.test", enabled=False, oddities={"same_sip_as": "sip:user001@contoso.test"})
    lab = lab_with(tmp_path, twin, person())
    lab.prove("services_running", "legacy_route", "no_partner", "pilot_reached_partner")
    result = lab.run(user_move, {"target_pool": NEW})
    assert result["error"]["kind"] == "users_left" and sorted(result["error"]["done"]) == [
        WHO,
        "sip:user002@contoso.test",
    ]
    assert [one["user"] for one in result["error"]["left"]] == ["sip:user001@contoso.test"]
    assert "another account has too" in result["msg"]


@pytest.mark.parametrize("estate", ["lync2010-standard", "ocs2007r2-standard"])
@pytest.mark.parametrize("check", [False, True])
def test_before_the_first_step_nobody_can_tell(tmp_path: Path, estate: str, check: bool) -> None:
    result = LabBench(tmp_path, estate).run(user_readiness, {"target_pool": NEW}, check=check)
    assert not result.get("failed") and result["not_known"] == ["users"] and rows_of(result) == {}, result
    assert "users" in user_readiness.DOCUMENTATION


def test_several_reasons_are_one_row_and_cells_are_safe(tmp_path: Path) -> None:
    lab = lab_with(
        tmp_path,
        person(
            "sip:=cmd@contoso.test",
            display_name='=HYPERLINK("http://x") ',
            oddities={"moving_to": "other.contoso.test"},
        ),
        person("sip:+1@contoso.test", display_name="@sum", enabled=False),
        person("sip:fine@contoso.test", display_name="עברית 漢字 🙂"),
    )
    result = look(lab)
    rows = rows_of(result)
    assert set(rows) == {"sip:=cmd@contoso.test", "sip:+1@contoso.test"}
    assert rows["sip:=cmd@contoso.test"]["reasons"] == "move_in_flight name_blanks"
    table = Path(result["rows"]).read_text(encoding="utf-8-sig")
    assert "'=HYPERLINK" in table and "'@sum" in table and rows["sip:+1@contoso.test"]["name"] == "@sum"


def test_check_mode_reads_the_same(tmp_path: Path) -> None:
    lab = lab_with(tmp_path, person(display_name="Ann "))
    planned = lab.run(user_readiness, {"target_pool": NEW}, check=True)
    assert planned["counts"] == look(lab)["counts"] == {"name_blanks": 1}


def test_one_reading_whatever_the_number(tmp_path: Path) -> None:
    lab = lab_with(tmp_path, person(oddities={"protected": True}))
    before = len(list(lab.world.transcript.lines(0)))
    look(lab)
    reads = [one["cmdlet"] for one in lab.world.transcript.lines(before)]
    assert reads.count("Get-CsUser") == 2 and len(reads) <= 6  # all users, and the protected ones


def test_the_judge_is_linear() -> None:
    def user(number: int) -> dict[str, Any]:
        return {"SipAddress": f"sip:u{number}@contoso.test", "Guid": str(number), "Enabled": True, "RegistrarPool": OLD,
                "HostingProvider": "SRV:", "DisplayName": f"U {number}" + " " * (number % 7 == 0)}  # fmt: skip

    rows = [user(number) for number in range(100_000)]
    started = time.process_time()
    judged = judge(rows, Scene(NEW, frozenset({NEW}), twice=twice(rows)))
    assert judged.counts == {"name_blanks": 14286} and judged.moving == 100_000 - 14286
    assert time.process_time() - started < 60  # no bar, but a square would not end


def test_every_reason_is_tested_and_documented() -> None:
    tested = {one[0] for one in REASONS} | {
        "branch_appliance",
        "legacy_import",
        "replication_pending",
        "unified_contacts",
        "no_address",
    }
    assert tested == set(IDS)
    assert set(WANTED) == {name for name, kind in KINDS.items() if kind.severity == "error"}
    assert all(f"V({name})" in user_readiness.DOCUMENTATION for name in IDS)
    bare = {"SipAddress": "", "Enabled": True, "RegistrarPool": OLD, "HostingProvider": "SRV:", "Guid": "1"}
    assert judge([bare], Scene(NEW, frozenset({NEW}))).counts == {"no_address": 1}


PEOPLE = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "display_name": st.sampled_from(["Ann", " Ann", "Ann\t", "名前", "O'Hara $(x)", "=1+1 "]),
            "enabled": st.just(False),
            "pool": st.sampled_from([None, NEW]),
            "oddities": st.sampled_from(
                [
                    {"protected": True},
                    {"moving_to": "other.contoso.test"},
                    {"moving_to": NEW},
                    {"same_sip_as": "sip:p0@contoso.test"},
                ]
            ),
        },
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(people=PEOPLE, administrator=st.booleans())
def test_who_is_said_to_stay_stays_and_all_others_are_moved(people: list[dict[str, Any]], administrator: bool) -> None:
    """What the report says of each user is what step 3 does with him."""
    groups = ["CsAdministrator", "RTCUniversalServerAdmins", *(["Domain Admins"] if administrator else [])]
    more = {"operator_groups": groups, "domain_admins": ["admin"] if administrator else []}
    with tempfile.TemporaryDirectory() as directory:
        written = [{"pool": OLD, "sip": f"sip:p{number}@contoso.test", **one} for number, one in enumerate(people)]
        lab = lab_with(Path(directory) / "lab", *written, **more)
        lab.prove("services_running", "legacy_route", "no_partner", "pilot_reached_partner")
        result = look(lab)
        rows = rows_of_all(result)
        blocked = sorted(one["user"] for one in rows if one["severity"] == "error")
        assert len(blocked) == result["users"]["blocked"]
        ended = lab.run(user_move, {"target_pool": NEW})
        left = sorted(one["user"] for one in ended["error"]["left"]) if ended.get("failed") else []
        assert left == blocked, (rows, ended)
        done = ended["error"]["done"] if ended.get("failed") else ended["moved"]
        assert len(done) == result["users"]["movable"]
        assert not look(lab).get("failed") and look(lab)["users"]["movable"] == 0
