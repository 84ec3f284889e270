# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""homed_objects_info against the lab: every kind is listed with where it is and what moves it, and nothing is touched."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible_collections.lync.xmpp_migration.lab.estate import HOMED_KINDS
from ansible_collections.lync.xmpp_migration.plugins.module_utils._readiness.homed import KINDS, quoted
from ansible_collections.lync.xmpp_migration.plugins.modules import homed_objects_info
from ansible_collections.lync.xmpp_migration.tests.unit.lab_bench import LabBench
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.lab_people import NEW, OLD, lab_with
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.lync_people import undocumented

MOVES = {
    "common_area_phone": "Move-CsCommonAreaPhone",
    "analog_device": "Move-CsAnalogDevice",
    "exchange_um_contact": "Move-CsExUmContact",
    "meeting_room": "Move-CsMeetingRoom",
    "access_number": "Move-CsApplicationEndpoint",
    "response_group_workflow": "Move-CsRgsConfiguration",
    "response_group_queue": "Move-CsRgsConfiguration",
    "response_group_agents": "Move-CsRgsConfiguration",
    "conference_directory": "Move-CsConferenceDirectory",
}


def homed(kind: str, pool: str, number: str, name: str = "It's $(here)") -> dict[str, Any]:
    return {"kind": kind, "name": name, "pool": pool, "number": number}


def look(lab: LabBench, **more: Any) -> dict[str, Any]:
    return lab.run(homed_objects_info, {"target_pool": NEW}, **more)


def test_every_kind_is_listed_with_what_moves_it(tmp_path: Path) -> None:
    objects = [
        homed(kind, pool, str(10 * place + at))
        for at, kind in enumerate(HOMED_KINDS)
        for place, pool in enumerate((OLD, NEW))
    ]
    lab = lab_with(tmp_path, homed_objects=objects)
    for check in (False, True):
        result = look(lab, check=check)
        assert not result.get("failed") and result["not_known"] == {} and result["changed"] is False
        assert {one["kind"]: one["command"].split()[0] for one in result["objects"]} == MOVES
        assert {one["pool"] for one in result["objects"]} == {OLD} and result["left"] == len(HOMED_KINDS)
        assert result["counts"] == {pool: dict.fromkeys(KINDS, 1) for pool in (OLD, NEW)}
        assert len(result["warnings"]) == 1 and "1 x analog device" in result["warnings"][0]
    assert all(f" {NEW}" in one["command"] for one in result["objects"]) and lab.called() == []
    assert undocumented(homed_objects_info, result) == []
    rows = [json.loads(one) for one in Path(result["rows"]).with_suffix(".ndjson").read_text().splitlines()]
    assert len(rows) == 2 * len(HOMED_KINDS) and sum(one["here"] for one in rows) == len(HOMED_KINDS)


def test_nothing_beside_users(tmp_path: Path) -> None:
    result = look(lab_with(tmp_path))
    assert result["left"] == 0 and result["objects"] == [] and "warnings" not in result


def test_what_cannot_be_read_is_not_known(tmp_path: Path) -> None:
    lab = lab_with(tmp_path)
    lab.world.computers[NEW].second_hop = False
    result = look(lab)
    assert set(result["not_known"]) == set(KINDS) and not result.get("failed")


def test_the_lab_and_the_module_know_the_same_kinds() -> None:
    assert set(KINDS) == set(HOMED_KINDS) == set(MOVES)


def test_a_command_is_safe_to_paste() -> None:
    assert quoted("pool.contoso.test") == "pool.contoso.test"
    assert quoted("O'Hara\u2019s $(rm)\n`x`") == "'O''Hara\u2019\u2019s $(rm) `x`'"
