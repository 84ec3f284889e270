# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""user_move and -Force, against the lab: only who is named, only after a refusal, only after an export or a second word."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users import movers
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users.moving import Verdict
from ansible_collections.lync.xmpp_migration.plugins.modules import user_move
from ansible_collections.lync.xmpp_migration.tests.replay.compare import differences
from ansible_collections.lync.xmpp_migration.tests.unit.lab_bench import LabBench
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.lab_people import NEW, OLD, lab_with, person
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.lync_people import undocumented

ONE, TWO, NINE, TEN = (f"sip:{name}@contoso.test" for name in ("user001", "user002", "nine", "ten"))
BROKEN = {"move_error": "the back end has broken data"}
FACTS = ("services_running", "legacy_route", "no_partner", "pilot_reached_partner")
OTHER = "other2013.contoso.test"


def ready(directory: Path, **more: Any) -> LabBench:
    """Nine and ten cannot be moved but by force."""
    lab = lab_with(directory, person(NINE, oddities=BROKEN), person(TEN, oddities=BROKEN), **more)
    lab.prove(*FACTS)
    return lab


def move(lab: LabBench, check: bool = False, **options: Any) -> dict[str, Any]:
    return lab.run(user_move, {"target_pool": NEW, **options}, check=check)


def forced(lab: Any) -> list[str]:
    """Whom the journal has with -Force, or anything like it."""
    calls = [one["call"] for one in lab.journal() if one["kind"] == "intent"]
    return [
        call["parameters"]["Identity"]
        for call in calls
        if {"Force", "IgnoreBackendStoreException"} & set(call["parameters"])
    ]


def homes(lab: LabBench) -> dict[str, str | None]:
    return {one.sip: one.registrar_pool for one in lab.world.ad}


def test_nobody_is_forced_unnamed(tmp_path: Path) -> None:
    lab = ready(tmp_path)
    assert move(lab)["error"]["kind"] == "users_left"
    assert forced(lab) == [] and homes(lab) == {ONE: NEW, TWO: NEW, NINE: OLD, TEN: OLD}
    result = move(lab, force_users=[NINE], force_without_export=[NINE])
    assert result["error"]["left"][0]["user"] == TEN and len(result["error"]["left"]) == 1
    assert forced(lab) == [NINE] and homes(lab)[NINE] == NEW and homes(lab)[TEN] == OLD
    assert [one["key"] for one in lab.world.laws.violations] == [f"Force {NINE}"]  # the lab says what it saw


def test_a_source_that_exports_nothing_wants_a_second_word(tmp_path: Path) -> None:
    lab = ready(tmp_path)
    for check in (True, False):
        result = move(lab, check, force_users=[NINE])
        assert result["error"]["kind"] == "refused" and "force_without_export" in result["msg"] and OLD in result["msg"]
    assert lab.called() == []  # not even those who need no force
    assert "who is not in force_users" in move(lab, force_users=[NINE], force_without_export=[TEN])["msg"]


def test_force_comes_after_a_refusal_only(tmp_path: Path) -> None:
    lab = ready(tmp_path)
    result = move(lab, users=[ONE], force_users=[ONE], force_without_export=[ONE])
    assert result["moved"] == [ONE] and result["forced"] == [] and forced(lab) == []
    assert undocumented(user_move, result) == []


def test_the_plan_has_what_may_come(tmp_path: Path) -> None:
    lab = ready(tmp_path)
    options = {"users": [NINE], "force_users": [NINE], "force_without_export": [NINE]}
    assert move(lab, check=True, **options)["changed"] and lab.called() == []
    start = len(lab.journal())
    result = move(lab, **options)
    assert result["moved"] == [NINE] and result["forced"] == [NINE] and result["exports"] == {}
    assert differences(lab.plan(), lab.journal()[start:]) == []
    intent = [one for one in lab.journal() if one["kind"] == "intent"][-1]
    assert intent["override"] == NINE and intent["before"]["Forced"] is True and intent["undo"]
    assert not move(lab, **options)["changed"]


def test_what_can_be_exported_is_exported_first(tmp_path: Path) -> None:
    pools = [
        {"fqdn": OLD, "version": 5, "edge": "edge2010.contoso.test"},
        {"fqdn": NEW, "version": 6, "edge": "edge2010.contoso.test"},
        {"fqdn": OTHER, "version": 6, "edge": "edge2010.contoso.test"},
    ]
    lab = lab_with(tmp_path, person(NINE, OTHER, oddities=BROKEN), pools=pools)
    lab.prove(*FACTS)
    options: dict[str, Any] = {"users": [NINE], "force_users": [NINE]}
    assert "export_directory is missing" in move(lab, **options)["msg"] and lab.called() == []
    options["export_directory"] = r"C:\Exports"
    result = move(lab, **options)  # no such folder there: so no force
    assert "was not tried, because the export" in result["error"]["left"][0]["reason"] and forced(lab) == []
    lab.world.files.make_directory(lab.world.computers[NEW], r"C:\Exports")
    start = len(lab.called())
    result = move(lab, **options)
    assert result["forced"] == [NINE] and homes(lab)[NINE] == NEW
    assert lab.called()[start:] == ["Move-CsUser", "Export-CsUserData", "Move-CsUser"]
    content = lab.world.files.read(lab.world.computers[NEW], result["exports"][NINE])
    assert b"nine@contoso.test" in content and b"user001" not in content


@pytest.mark.parametrize("name", ["nine", "*", "all", "sip:*@contoso.test", "Nine"])
def test_a_name_that_could_mean_others_forces_nobody(tmp_path: Path, name: str) -> None:
    lab = ready(tmp_path)
    assert (
        move(lab, force_users=[name], force_without_export=[name])["error"]["kind"] == "invalid_input"
        and lab.called() == []
    )


def test_force_goes_past_no_law(tmp_path: Path) -> None:
    lab = lab_with(tmp_path, person(NINE, oddities=BROKEN))
    result = move(lab, users=[NINE], force_users=[NINE], force_without_export=[NINE])
    assert result["error"]["kind"] == "refused" and lab.called() == []


def test_movers_force_nobody_unnamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What movers could not move is forced one by one, by the same rule."""

    def moved(task: Any, users: list[Any], *_: Any) -> movers.Moves:
        failed = [(row, Verdict("failed", "MoveError", "the back end has broken data")) for row in users]
        return movers.Moves(failed=failed, rows="users.csv")

    monkeypatch.setattr(movers, "move", moved)
    lab = ready(tmp_path)
    result = move(lab, movers=2, force_users=[NINE], force_without_export=[NINE])
    assert {one["user"] for one in result["error"]["left"]} == {ONE, TWO, TEN} and result["error"]["done"] == [NINE]
    assert forced(lab) == [NINE] and homes(lab)[NINE] == NEW and homes(lab)[TEN] == OLD
