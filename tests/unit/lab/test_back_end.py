# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The back end that all moves share."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from ansible_collections.lync.xmpp_migration.lab.estate import load
from ansible_collections.lync.xmpp_migration.lab.estate_file import EstateError
from ansible_collections.lync.xmpp_migration.lab.organisation.back_end import BackEnd
from ansible_collections.lync.xmpp_migration.lab.organisation.creation import create
from ansible_collections.lync.xmpp_migration.lab.powershell.performer import ComputerSession
from ansible_collections.lync.xmpp_migration.lab.powershell.standin import StandIn

MEASURED = ((24, 4.9), (1, 1.2))


def test_the_curve_goes_through_what_was_measured_and_flattens_between() -> None:
    back_end = BackEnd(MEASURED)
    assert 1 / back_end.seconds(1) == pytest.approx(1.2) and 24 / back_end.seconds(24) == pytest.approx(4.9)
    rates = [n / back_end.seconds(n) for n in range(1, 49)]
    gains = [after - before for before, after in itertools.pairwise(rates)]
    assert all(one > 0 for one in gains) and gains == sorted(gains, reverse=True)
    assert 4.0 < rates[11] < 4.6


def test_one_point_is_a_limit() -> None:
    assert [n / BackEnd([[4, 2.0]]).seconds(n) for n in (1, 4, 9)] == [2.0, 2.0, 2.0]
    assert not BackEnd()


def test_each_move_takes_as_long_as_those_beside_it_make_it() -> None:
    back_end = BackEnd(MEASURED)
    with back_end.move() as first, back_end.move() as second:
        assert first == back_end.seconds(1) and second == back_end.seconds(2) > first
    assert back_end.at_once == 0


@pytest.mark.parametrize("curve", ["[[1]]", "[[0, 1]]", "[[1, 0]]", "[[1, 2], [1, 3]]"])
def test_a_wrong_curve_is_refused_with_its_line(tmp_path: Path, curve: str) -> None:
    text = (Path(__file__).parents[3] / "lab" / "estates" / "small.yml").read_text(encoding="utf-8")
    (tmp_path / "e.yml").write_text(f"{text}\nmoves_per_second: {curve}\n", encoding="utf-8")
    with pytest.raises(EstateError, match="moves_per_second"):
        load(str(tmp_path / "e.yml"))


def test_a_move_takes_lab_time_and_a_copy_of_the_world_has_its_own() -> None:
    world = create(load("lync2010", 3))
    world.clock.jump = True
    world.back_end = BackEnd([[1, 0.1]])
    computer = next(one for one in world.computers.values() if one.inventory_name == "fe2013")
    standin = StandIn(ComputerSession(world, computer, r"CONTOSO\lyncadmin"))
    standin.hello()
    before = world.clock.now()
    call = {
        "cmdlet": "Move-CsUser",
        "parameters": {"Identity": "sip:user001@contoso.test", "Target": "pool2013.contoso.test", "Confirm": False},
    }
    standin.perform({"id": 1, "calls": [call]})
    assert 10 <= (world.clock.now() - before).total_seconds() < 11
    assert world.copy().back_end is not world.back_end
