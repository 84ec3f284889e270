# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""active_directory: each stage gated on its state, waited for, and repeated only where nothing is in doubt."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import InDoubt
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.performer import NoShell
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.session import Session
from ansible_collections.lync.xmpp_migration.plugins.modules import active_directory as module
from ansible_collections.lync.xmpp_migration.tests.unit.doubles import Bench, ServerError
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.lync_people import undocumented

DONE = {
    "schema": "SCHEMA_VERSION_STATE_CURRENT",
    "forest": "LC_FORESTSETTINGS_STATE_READY",
    "domain": "LC_DOMAINSETTINGS_STATE_READY",
}
GETS = {"schema": "Get-CsAdServerSchema", "forest": "Get-CsAdForest", "domain": "Get-CsAdDomain"}
SETS = {"schema": "Install-CsAdServerSchema", "forest": "Enable-CsAdForest", "domain": "Enable-CsAdDomain"}


class Forest:
    """Active Directory with replication: what a stage makes is seen `lag` seconds later, by its Get- and the next stage."""

    def __init__(self, bench: Bench, *done: str, lag: float = 0) -> None:
        self.now, self.lag = 0.0, lag
        self.seen_at: dict[str, float] = dict.fromkeys(done, 0.0)
        self.failing: dict[str, Exception] = {}
        self.unreadable: set[str] = set()
        shell = bench.hosts["fe2013"]
        for stage in DONE:
            shell.handlers[GETS[stage]] = self._get(stage)
            shell.handlers[SETS[stage]] = self._set(stage)

    def done(self, stage: str) -> bool:
        return stage in self.seen_at and self.seen_at[stage] <= self.now

    def _get(self, stage: str) -> Any:
        def get(_shell: Any, _parameters: Any) -> list[dict[str, Any]]:
            if stage in self.unreadable:
                raise ServerError("ProcessingFailed")
            return [{".": DONE[stage] if self.done(stage) else "STATE_NOT_READY"}]

        return get

    def _set(self, stage: str) -> Any:
        before = {"forest": "schema", "domain": "forest"}.get(stage)

        def make(_shell: Any, _parameters: Any) -> None:
            if stage in self.failing:
                raise self.failing[stage]
            if before and not self.done(before):
                raise ServerError("ProcessingFailed", message="directory object not found")
            self.seen_at.setdefault(stage, self.now + self.lag)

        return make

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture(name="bench")
def _bench(tmp_path):
    return Bench(tmp_path)


def forest(bench, monkeypatch, *done, lag=0):
    one = Forest(bench, *done, lag=lag)
    monkeypatch.setitem(Session.__init__.__kwdefaults__, "sleep", one.sleep)
    monkeypatch.setitem(Session.__init__.__kwdefaults__, "clock", lambda: one.now)
    return one


def names(bench):
    return [name for name, _ in bench.writes]


def test_all_three_in_their_order(bench, monkeypatch):
    forest(bench, monkeypatch)
    result = bench.run(module, {"stages": ["domain", "schema", "forest"]})
    assert result["changed"] is True and result["active_directory"] == DONE
    assert bench.writes == [(SETS[stage], {"Confirm": False}) for stage in ("schema", "forest", "domain")]
    assert result["diff"]["before"] == dict.fromkeys(DONE, "STATE_NOT_READY") and result["diff"]["after"] == DONE
    assert undocumented(module, result) == []
    again = bench.run(module, {})
    assert again["changed"] is False and again["active_directory"] == DONE and len(bench.writes) == 3


def test_what_is_done_is_read_in_one_request_and_left_alone(bench, monkeypatch):
    forest(bench, monkeypatch, "schema", "forest", "domain")
    assert bench.run(module, {})["changed"] is False
    assert [name for name, _ in bench.hosts["fe2013"].transcript] == list(GETS.values())


def test_only_what_is_left(bench, monkeypatch):
    forest(bench, monkeypatch, "schema")
    result = bench.run(module, {})
    assert names(bench) == ["Enable-CsAdForest", "Enable-CsAdDomain"] and result["active_directory"] == DONE


def test_replication_is_waited_for(bench, monkeypatch):
    one = forest(bench, monkeypatch, lag=200)
    result = bench.run(module, {"wait_seconds": 600})
    assert result["active_directory"] == DONE and names(bench) == list(SETS.values())  # each once
    assert one.now >= 600


def test_replication_that_takes_too_long(bench, monkeypatch):
    one = forest(bench, monkeypatch, lag=10_000)
    result = bench.run(module, {"wait_seconds": 60})
    assert result["error"]["kind"] == "not_ready" and names(bench) == ["Install-CsAdServerSchema"]
    assert "Get-CsAdServerSchema still says STATE_NOT_READY instead of SCHEMA_VERSION_STATE_CURRENT" in result["msg"]
    assert "repadmin" in result["msg"]
    one.now = 20_000
    assert bench.run(module, {"stages": ["schema"]})["changed"] is False


def test_a_call_that_failed_is_repeated_until_the_stage_before_it_has_replicated(bench, monkeypatch):
    one = forest(bench, monkeypatch, "schema")
    one.seen_at["schema"] = -1.0

    made = one._set("forest")

    def not_yet(_shell, _parameters):
        if one.now < 40:
            raise ServerError("ProcessingFailed", message="directory object not found")
        made(_shell, _parameters)

    bench.hosts["fe2013"].handlers["Enable-CsAdForest"] = not_yet
    result = bench.run(module, {"wait_seconds": 300})
    assert result["active_directory"] == DONE
    assert names(bench) == ["Enable-CsAdForest"] * 4 + ["Enable-CsAdDomain"]
    outcomes = [entry["ok"] for entry in bench.journal() if entry["kind"] == "outcome"]
    assert outcomes == [False, False, False, True, True]


def test_a_call_that_fails_to_the_end(bench, monkeypatch):
    one = forest(bench, monkeypatch, "schema")
    one.failing["forest"] = ServerError("ProcessingFailed", message="directory object not found")
    result = bench.run(module, {"wait_seconds": 30})
    assert result["error"]["kind"] == "cmdlet_failed" and names(bench) == ["Enable-CsAdForest"] * 3
    assert "did not succeed within 30 s" in result["msg"] and "directory object not found" in result["msg"]
    assert "Where it did not find the schema" in result["msg"]
    bench.run(module, {"wait_seconds": 1800})
    assert len(names(bench)) == 3 + 7  # seldom enough for a server that will never do it


@pytest.mark.parametrize(
    ("stage", "error"),
    [
        ("schema", ServerError("ProcessingFailed", message="größe")),
        ("forest", ServerError("Denied", "PermissionDenied")),
    ],
)
def test_what_waiting_does_not_mend_is_not_repeated(bench, monkeypatch, stage, error):
    one = forest(bench, monkeypatch, *(["schema"] if stage == "forest" else []))
    one.failing[stage] = error
    result = bench.run(module, {})
    assert result["failed"] and names(bench) == [SETS[stage]] and one.now == 0


def test_a_call_in_doubt_is_never_repeated(bench, monkeypatch):
    forest(bench, monkeypatch, "schema")
    bench.hosts["fe2013"].failures["Enable-CsAdForest"] = InDoubt("The answer was lost.")
    result = bench.run(module, {})
    assert result["error"]["kind"] == "in_doubt" and names(bench) == ["Enable-CsAdForest"]
    assert "Whether forest in Active Directory was changed is not known." in result["msg"]


def test_a_state_that_cannot_be_read_is_no_reason_to_prepare(bench, monkeypatch):
    one = forest(bench, monkeypatch, "schema")
    one.unreadable.add("forest")
    result = bench.run(module, {})
    assert result["failed"] and "Get-CsAdForest failed" in result["msg"] and bench.writes == []


def test_a_dry_run_on_a_host_without_management_tools(tmp_path):
    bench = Bench(tmp_path)
    bench.hosts["fe2013"].tools = False
    result = bench.run(module, {}, check=True)
    assert result["changed"] is True and result["active_directory"] == DONE and bench.writes == []
    intents = [entry for entry in bench.plan() if entry["kind"] == "intent"]
    assert [entry["call"]["name"] for entry in intents] == list(SETS.values())
    assert [entry["effects"][0]["properties"] for entry in intents] == [{".": state} for state in DONE.values()]
    assert all("irreversible" in str(entry["undo"]).lower() for entry in intents)
    assert bench.run(module, {}, check=True)["changed"] is False
    assert bench.run(module, {})["error"]["kind"] == "no_cmdlet"


def test_a_dry_run_on_a_host_that_is_only_a_name(tmp_path):
    bench = Bench(tmp_path, hosts=())
    hosts: dict[str, Any] = bench.hosts
    hosts["fe2013"] = NoShell("fe2013")
    assert bench.run(module, {}, check=True)["changed"] is True
    assert bench.run(module, {}, check=True)["changed"] is False


def test_options_go_where_they_belong(bench, monkeypatch):
    forest(bench, monkeypatch)
    controller = "dc1.contoso.test"
    options = {
        "group_domain": "Contoso.test",
        "global_settings_domain_controller": controller,
        "ldf_path": r"D:\Support\Schema",
    }
    bench.run(module, options)
    assert bench.writes == [
        (SETS["schema"], {"Ldf": r"D:\Support\Schema", "GlobalSettingsDomainController": controller, "Confirm": False}),
        (
            SETS["forest"],
            {"GroupDomain": "contoso.test", "GlobalSettingsDomainController": controller, "Confirm": False},
        ),
        (SETS["domain"], {"GlobalSettingsDomainController": controller, "Confirm": False}),
    ]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"group_domain": "contoso"}, "group_domain:"),
        ({"ldf_path": "schema.ldf"}, "ldf_path:"),
        ({"global_settings_domain_controller": "*"}, "global_settings_domain_controller:"),
        ({"stages": []}, "No stage is named"),
        ({"stages": ["site"]}, "value of stages"),
    ],
)
def test_bad_options(bench, monkeypatch, options, says):
    forest(bench, monkeypatch)
    result = bench.run(module, options)
    assert result["failed"] and says in result["msg"] and bench.writes == []
