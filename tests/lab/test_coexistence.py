# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""XMPP beside Skype for Business Server 2019: 2015 and 2019 through ansible-playbook, 2013 and 2019 by replay."""

from __future__ import annotations

import csv
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.lync.xmpp_migration.lab.estate import load
from ansible_collections.lync.xmpp_migration.tests.lab.conftest import RunningLab
from ansible_collections.lync.xmpp_migration.tests.lab.transport_support import eventually, short_home
from ansible_collections.lync.xmpp_migration.tests.replay.compare import differences
from ansible_collections.lync.xmpp_migration.tests.replay.playbooks import Operator, Run
from ansible_collections.lync.xmpp_migration.tests.replay.recording import Recorded
from ansible_collections.lync.xmpp_migration.tests.replay.replay import Replay

pytestmark = pytest.mark.timeout(300)

COEXISTENCE = [{"import_playbook": "lync.xmpp_migration.coexistence"}]
ROLE = Path(__file__).parents[2] / "roles" / "coexistence"
#: Who stays in each estate, whose XMPP ends, and the policies that are made: by hand, from the estates.
STAY = {
    "sfb2019-with-2015": ["ann", "bob", "user001", "user201"],
    "sfb2019-with-2013": ["bob", "user101", "user201"],
}
GRANTED = {
    "sfb2019-with-2015": {
        "Global without XMPP": ["user002", "user003", "user004", "user005", "user006"],
        "Dublin without XMPP": ["user101", "user102", "user103"],
        "Chat without XMPP": ["user202", "user302"],
    },
    "sfb2019-with-2013": {
        "Dublin without XMPP": ["user102", "user103"],
        "Chat without XMPP": ["user202", "user301", "user302"],
    },
}
MOVED = {"sfb2019-with-2015": 13, "sfb2019-with-2013": 14}
ENDS = {"sfb2019-with-2015": ["user301"], "sfb2019-with-2013": []}


def short(sip: str) -> str:
    return sip.removeprefix("sip:").partition("@")[0]


def as_wanted(estate: str, state: dict[str, Any]) -> None:
    """The end, in the lab's own words."""
    users = {short(sip): one for sip, one in state["users"].items() if one["hosting_provider"] == "SRV:"}
    stay = sorted(name for name, one in users.items() if not one["pool"].startswith("pool2019"))
    assert stay == STAY[estate]
    assert len(users) - len(stay) == MOVED[estate]
    for policy, names in GRANTED[estate].items():
        assert sorted(n for n, one in users.items() if one["policies"].get("ExternalAccessPolicy") == policy) == names
    policies = {
        identity.removeprefix("Tag:").removeprefix("Site:"): flags(one) for identity, one in state["policies"].items()
    }
    before = {identity.removeprefix("Site:"): flags(one) for identity, one in load(estate).policies.items()}
    without = {name: before[name.removesuffix(" without XMPP")] - {"EnableXmppAccess"} for name in GRANTED[estate]}
    assert policies == {**before, **without}
    edges = {fqdn: (one["version"], one["xmpp_listening_port"]) for fqdn, one in state["edges"].items()}
    assert edges == {one.fqdn: (one.version, 5269 if one.xmpp else None) for one in load(estate).edges}


def flags(policy: dict[str, Any]) -> set[str]:
    return {name for name, value in policy.items() if value is True}


def calls(estate: str) -> list[Recorded]:
    """The role's three tasks with the estate's variables, as the playbook makes them."""
    given = load(estate).coexistence
    defaults = {"copy_name": "{name} without XMPP"}
    found = []
    legacy = next(one.inventory for one in load(estate).hosts if one.product in ("lync_2013", "sfb_2015"))
    for file, host in (("main", legacy), ("policies", legacy), ("move", "fe2019")):
        (task,) = yaml.safe_load((ROLE / "tasks" / f"{file}.yml").read_text(encoding="utf-8"))
        module = next(name for name in task if name.startswith("lync."))
        values = {**defaults, **given}
        arguments = {option: values[option] for option in task[module] if option in values}
        found.append(
            Recorded(
                module.rpartition(".")[2], host, None, "coexistence", task["name"], (), False, arguments, "ok", False
            )
        )
    return found


# --- 2013 and 2019


@pytest.mark.parametrize("estate", sorted(STAY))
def test_everybody_else_is_moved_and_the_second_run_writes_nothing(estate: str, tmp_path: Path) -> None:
    with Replay(estate, tmp_path / "lab") as replay:
        dry = replay.run(calls(estate), check=True).done()
        assert not list(replay.writes())
        real = replay.run(calls(estate)).done()
        assert differences(replay.plan(dry.run), replay.journal(real.run)) == []
        as_wanted(estate, replay.state)
        assert [one["key"] for one in replay.world.laws.violations] == [
            f"user sip:{one}@contoso.test" for one in ENDS[estate]
        ]
        start = len(replay.world.transcript)
        again = replay.run(calls(estate)).done()
        assert again.changed == [] and not list(replay.writes(start))
        moved = real.results[-1][1]
        assert sorted(short(one["user"]) for one in moved["stays_for_xmpp"]) == STAY[estate]
        assert [short(one) for one in moved["xmpp_ends"]] == ENDS[estate]


def test_the_list_of_whose_xmpp_ends_is_safe_in_a_spreadsheet(tmp_path: Path) -> None:
    with Replay("sfb2019-with-2015", tmp_path / "lab") as replay:
        (_call, seen), *_rest = replay.run(calls("sfb2019-with-2015")[:1]).done().results
        rows = list(csv.DictReader(Path(seen["file"]).read_text(encoding="utf-8-sig").splitlines()))
        same = [json.loads(line) for line in Path(seen["json_file"]).read_text(encoding="utf-8").splitlines()]
    assert sorted(short(one["user"]) for one in rows if one["verdict"] == "stays") == STAY["sfb2019-with-2015"]
    assert [short(one["user"]) for one in rows if one["verdict"] == "ends_by_name"] == ["user301"]
    assert len(rows) == len(same) == 15
    (ann,) = (one for one in rows if one["user"].startswith("sip:ann"))
    assert ann["display_name"].startswith("'=HYPERLINK") and ann["declared"] == "True"


def changed(estate: str, position: int, **options: Any) -> list[Recorded]:
    """The calls with other options in one of them."""
    made = calls(estate)
    made[position] = dataclasses.replace(made[position], arguments={**made[position].arguments, **options})
    return made


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"users": ["sip:user001@contoso.test"]}, "sip:user001@contoso.test needs XMPP, as was declared"),
        ({"users": ["sip:user002@contoso.test"]}, "grant a copy of the policy without XMPP first"),
        ({"xmpp_users": []}, "declared otherwise"),
        ({"xmpp_group": "CN=Other,DC=contoso,DC=test"}, "No user is a member of CN=Other"),
        ({"loses_xmpp": ["sip:user001@contoso.test"]}, "stands in xmpp_users and in loses_xmpp"),
    ],
)
def test_nobody_who_needs_xmpp_is_moved_by_other_options(
    options: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    estate = "sfb2019-with-2015"
    with Replay(estate, tmp_path / "lab") as replay:
        see, _policies, move = changed(estate, 2, **options)
        ended = replay.run([see, move])
        assert ended.failure is not None and sentence in ended.failure, ended.failure
        assert not list(replay.writes()) and not replay.world.laws.violations


def test_without_the_report_or_the_partner_nobody_is_moved(tmp_path: Path) -> None:
    estate = "sfb2019-with-2013"
    see, policies, move = calls(estate)
    with Replay(estate, tmp_path / "lab") as replay:
        ended = replay.run([move])
        assert "who needs XMPP has not been found out" in (ended.failure or "") or "cannot be moved" in (
            ended.failure or ""
        )
        replay.run([see, policies]).done()
        partner = {"domain": "fabrikam.test", "state": "absent"}
        gone = dataclasses.replace(see, module="xmpp_partner", arguments=partner)
        replay.run([gone]).done()
        ended = replay.run([move])
        assert "verified before something that it depends on was changed" in (ended.failure or "")
        ended = replay.run([see, move])
        assert "There is no XMPP partner" in (ended.failure or "")
        assert not [one for one in replay.writes() if one["cmdlet"] == "Move-CsUser"]


# --- 2015 and 2019


@dataclasses.dataclass
class Played:
    dry: Run
    real: Run
    again: Run
    plan: list[dict[str, Any]]
    journal: list[dict[str, Any]]
    state: dict[str, Any]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    with short_home() as home:
        lab = RunningLab(tmp_path_factory.mktemp("coexistence") / "lab", "sfb2019-with-2015")
        try:
            operator = Operator(lab, home)
            dry = operator.play(COEXISTENCE, "--diff", check=True).done()
            plan = operator.plan(dry)
            real = operator.play(COEXISTENCE).done()
            journal = [
                json.loads(one) for one in (operator.state / "journal.ndjson").read_text(encoding="utf-8").splitlines()
            ]
            again = operator.play(COEXISTENCE).done()
            yield Played(dry, real, again, plan, journal, lab.state())
            assert eventually(operator.nothing_left)
        finally:
            lab.down()


def test_the_playbook(played: Played) -> None:
    assert played.dry.writes == [] and played.again.writes == [] and played.again.changed == []
    assert differences(played.plan, played.journal) == []
    as_wanted("sfb2019-with-2015", played.state)


def test_the_replayed_calls_are_those_of_the_playbook(played: Played) -> None:
    ours = [one for one in played.real.recording if one.role == "coexistence" or "coexistence" in one.task]
    ours = [one for one in played.real.recording if one.module in {one.module for one in calls("sfb2019-with-2015")}]
    for recorded, made in zip(ours, calls("sfb2019-with-2015"), strict=True):
        given = {name: value for name, value in recorded.arguments.items() if value is not None}
        assert recorded.module == made.module and recorded.host == made.host
        assert dict(made.arguments).items() <= given.items()
