# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""migration_lock: one owner at a time, nothing expires, and whoever is kept out is told by whom."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.performer import NoShell
from ansible_collections.lync.xmpp_migration.plugins.module_utils._servers.migration_lock import LOCK_FILE
from ansible_collections.lync.xmpp_migration.plugins.modules import migration_lock as module
from ansible_collections.lync.xmpp_migration.tests.unit.doubles import Bench, ServerError
from ansible_collections.lync.xmpp_migration.tests.unit.lab_bench import LabBench
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.lync_people import undocumented

ANN, BEN = {"owner": "ann@one"}, {"owner": "Ben@two"}
PATH = LOCK_FILE.lower()


@pytest.fixture(name="bench")
def _bench(tmp_path):
    bench = Bench(tmp_path)
    shell = bench.hosts["fe2013"]

    def new(_shell: Any, parameters: Any) -> None:
        if PATH in shell.files and not parameters.get("Force"):
            raise ServerError("NewItemIOError", "WriteError")
        shell.files[PATH] = parameters["Value"].encode()

    def item(_shell: Any, parameters: Any) -> list[dict[str, Any]]:
        if parameters["LiteralPath"].lower() not in shell.files:
            raise ServerError("PathNotFound", "ObjectNotFound")
        return [{"FullName": LOCK_FILE}]

    shell.handlers.update(
        {
            "Get-Item": item,
            "New-Item": new,
            "Remove-Item": lambda _s, p: shell.files.pop(p["LiteralPath"].lower()) and None,
        }
    )
    return bench


def held(bench):
    return json.loads(bench.hosts["fe2013"].files[PATH])["owner"] if PATH in bench.hosts["fe2013"].files else None


def names(bench):
    return [name for name, _ in bench.writes]


def test_held_once_and_released(bench):
    result = bench.run(module, ANN)
    assert result["changed"] is True and held(bench) == "ann@one" and names(bench) == ["New-Item"]
    assert result["lock"]["held"] is True and result["lock"]["operator"] == "ann" and result["lock"]["run"] == "run-1"
    assert result["diff"]["before"] == {"held": False}
    assert undocumented(module, result) == []
    content = bench.hosts["fe2013"].files[PATH]
    again = bench.run(module, {"owner": "ANN@one"}, run="run-2")
    assert again["changed"] is False and bench.hosts["fe2013"].files[PATH] == content
    assert set(json.loads(content)) == {"format", "owner", "operator", "controller", "run", "time"}
    released = bench.run(module, {**ANN, "state": "released"})
    assert released["changed"] is True and held(bench) is None and released["lock"]["held"] is False
    assert undocumented(module, released) == []
    assert bench.run(module, {**ANN, "state": "released"})["changed"] is False


def test_it_is_looked_at_in_one_request(bench):
    bench.run(module, ANN)
    shell = bench.hosts["fe2013"]
    asked: list[Any] = []
    request = shell.request
    shell.request = lambda calls, seconds: asked.append(calls) or request(calls, seconds)
    assert bench.run(module, ANN)["changed"] is False and len(asked) == 1


def test_a_lock_that_cannot_be_read_is_held(bench):
    bench.run(module, ANN)
    bench.hosts["fe2013"].failures["Get-Item"] = ServerError("AccessDenied", "PermissionDenied")
    assert bench.run(module, BEN)["error"]["kind"] == "refused"
    del bench.hosts["fe2013"].failures["Get-Item"]
    bench.hosts["fe2013"].handlers["Get-Item"] = lambda _s, _p: [{"FullName": LOCK_FILE}]
    bench.hosts["fe2013"].files.clear()
    result = bench.run(module, BEN)
    assert result["error"]["kind"] == "not_ready" and "cannot be read: FileNotFoundException" in result["msg"]


def test_another_owner_is_kept_out_and_told_by_whom(bench):
    bench.run(module, ANN)
    for options in (BEN, {**BEN, "state": "released"}, {**BEN, "takeover": "carl@three"}):
        result = bench.run(module, options)
        assert result["error"]["kind"] == "refused" and held(bench) == "ann@one"
        assert "is locked by ann@one (operator ann on the controller" in result["msg"] and "run run-1" in result["msg"]
        assert 'takeover: "ann@one"' in result["msg"] and "set owner to that name instead of Ben@two" in result["msg"]
    assert "takeover names carl@three, who does not hold it." in result["msg"]
    assert names(bench) == ["New-Item"]


def test_taken_over_by_naming_the_owner(bench):
    bench.run(module, ANN)
    result = bench.run(module, {**BEN, "takeover": "Ann@one"})
    assert result["changed"] is True and held(bench) == "Ben@two" and result["diff"]["before"]["owner"] == "ann@one"
    intent = [one for one in bench.journal() if one["kind"] == "intent"][-1]
    assert "taken over from ann@one" in str(intent["undo"]) and intent["before"]["owner"] == "ann@one"
    assert bench.run(module, {**BEN, "takeover": "Ann@one"})["changed"] is False
    assert bench.run(module, ANN)["error"]["kind"] == "refused"


def test_an_old_lock_says_how_old_and_holds(bench):
    bench.run(module, ANN)
    lock = json.loads(bench.hosts["fe2013"].files[PATH])
    bench.hosts["fe2013"].files[PATH] = json.dumps({**lock, "time": "2020-01-01T00:00:00+00:00"}).encode()
    result = bench.run(module, BEN)
    assert result["error"]["kind"] == "refused" and "days ago" in result["msg"] and held(bench) == "ann@one"


def test_by_default_operator_and_controller_own_it(bench):
    assert bench.run(module, {})["lock"]["owner"] == "ann@"


def test_two_controllers_at_the_same_time(bench):
    shell = bench.hosts["fe2013"]
    new = shell.handlers["New-Item"]

    def lost(one: Any, parameters: Any) -> None:
        other = {**json.loads(parameters["Value"]), "owner": "Ben@two"}
        shell.files[PATH] = json.dumps(other).encode()
        new(one, parameters)

    shell.handlers["New-Item"] = lost
    result = bench.run(module, ANN)
    assert result["failed"] and "NewItemIOError" in result["msg"] and held(bench) == "Ben@two"
    shell.handlers["New-Item"] = lambda _s, _p: None  # says that it was made, and it is another's
    del shell.files[PATH]
    assert "is held by nobody when read again" in bench.run(module, ANN)["msg"]


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff\xfe", b'{"format": 9, "owner": "x"}'])
def test_a_file_that_is_no_lock(bench, content):
    bench.hosts["fe2013"].files[PATH] = content
    for options in (ANN, {**ANN, "takeover": "x"}, {**ANN, "state": "released"}):
        result = bench.run(module, options)
        assert result["error"]["kind"] == "not_ready" and "delete the file" in result["msg"]
    assert bench.writes == []


def test_a_dry_run_plans_and_sees_its_plan(bench):
    assert bench.run(module, ANN, check=True)["changed"] is True and bench.writes == []
    assert bench.run(module, ANN, check=True)["changed"] is False
    assert bench.run(module, BEN, check=True)["error"]["kind"] == "refused"
    assert bench.run(module, {**ANN, "state": "released"}, check=True)["changed"] is True
    assert bench.run(module, BEN, check=True)["changed"] is True
    bench.run(module, ANN)
    assert bench.run(module, BEN, check=True, run="run-3")["error"]["kind"] == "refused"


def test_plan_and_journal_declare_the_same(bench):
    bench.run(module, ANN, check=True)
    bench.run(module, ANN)
    planned, made = ([e for e in some if e["kind"] == "intent"] for some in (bench.plan(), bench.journal()))
    effects = [one[0]["effects"][0]["properties"]["Lock"] for one in (planned, made)]
    assert [sorted(json.loads(text)) for text in effects] == [sorted(json.loads(effects[0]))] * 2
    assert [one[0]["object"] for one in (planned, made)] == ["lock of the migration"] * 2


def test_a_host_that_is_only_a_name(tmp_path):
    bench = Bench(tmp_path, hosts=())
    hosts: dict[str, Any] = bench.hosts
    hosts["fe2013"] = NoShell("fe2013")
    assert bench.run(module, ANN, check=True)["changed"] is True
    assert bench.run(module, ANN, check=True)["changed"] is False
    assert bench.run(module, ANN)["error"]["kind"] == "no_session"


@pytest.mark.parametrize(
    "options",
    [{"owner": ""}, {"owner": " "}, {"owner": "a\nb"}, {"owner": "$(x)"}, {"owner": "*"}, {"owner": "x" * 300}],
)
def test_bad_owners(bench, options):
    result = bench.run(module, options)
    assert result["error"]["kind"] == "invalid_input" and result["msg"].startswith("owner:") and bench.writes == []


def test_against_the_lab(tmp_path):
    lab = LabBench(tmp_path)
    assert lab.done(module, ANN, check=True)["changed"] is True and lab.called() == []
    assert lab.done(module, ANN)["changed"] is True
    assert lab.done(module, ANN)["changed"] is False
    assert lab.run(module, BEN)["error"]["kind"] == "refused"
    assert lab.done(module, {**BEN, "takeover": "ann@one"})["changed"] is True
    assert lab.done(module, {**BEN, "state": "released"})["changed"] is True
    assert lab.done(module, ANN, check=True, run="run-2")["changed"] is True
