# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module against the lab, and against servers that answer in other ways than the lab's."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.performer import NoShell
from ansible_collections.lync.xmpp_migration.plugins.modules import database as module
from ansible_collections.lync.xmpp_migration.plugins.modules import topology
from ansible_collections.lync.xmpp_migration.tests.unit.doubles import Bench, Estate, ServerError
from ansible_collections.lync.xmpp_migration.tests.unit.lab_bench import LabBench
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.lync_people import undocumented

FQDN = "pool2013.contoso.test"
POOL = {"source": "declared", "accepts": ["simple_urls_dropped"], "pool": {"fqdn": FQDN, "site": "Redmond", "edge_fqdn": "edge2010.contoso.test"}}
CONFIGURED = {"sql_server_fqdn": FQDN}


@pytest.fixture(name="lab")
def _lab(tmp_path):
    return LabBench(tmp_path)


def row(name="rtcxds", there=True, server=FQDN):
    version = "10.13.2" if there else None
    return {
        "SqlServerFqdn": server,
        "SqlInstanceName": "rtc",
        "DatabaseName": name,
        "InstalledVersion": version,
        "ExpectedVersion": "10.13.2",
        "Succeed": there,
    }


@pytest.fixture(name="bench")
def _bench(lab, tmp_path):
    """A server of dictionaries that has the lab's published topology."""
    lab.done(topology, POOL)
    return Bench(tmp_path / "plain", Estate(topology_document=lab.session().read("topology_document")[0]))


def answering(bench, tested, installed=()):
    """Test-CsDatabase answers each time with the next of these, and then with the last."""
    answers = list(tested)

    def test(_shell, _parameters):
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    shell = bench.hosts["fe2013"]
    shell.handlers.update({"Test-CsDatabase": test, "Install-CsDatabase": lambda _shell, _parameters: installed})


def intents(entries):
    return [one for one in entries if one["kind"] == "intent"]


# --- against the lab


def test_the_databases_of_a_new_pool(lab):
    lab.done(topology, POOL)
    start = len(lab.world.transcript)
    result = lab.done(module, CONFIGURED)
    assert result["changed"] is True and lab.called(start) == ["Install-CsDatabase"]
    assert result["calls"] == [
        {
            "cmdlet": "Install-CsDatabase",
            "parameters": {"ConfiguredDatabases": True, "SqlServerFqdn": FQDN, "Confirm": False},
        }
    ]
    assert undocumented(module, result) == []
    assert {one["present"] for one in result["databases"]} == {True}
    assert "rtcxds" in {one["name"] for one in result["databases"]}
    assert result["diff"]["before"][f"databases on {FQDN}"]["rtc\\rtcxds"] == "missing"
    assert result["diff"]["after"][f"databases on {FQDN}"]["rtc\\rtcxds"] == "present"
    again = lab.done(module, CONFIGURED)
    assert again["changed"] is False and again["calls"] == [] and again["databases"] == result["databases"]
    assert lab.called(start) == ["Install-CsDatabase"] and lab.world.laws.violations == []


def test_a_dry_run_before_the_pool_is_published(lab):
    lab.done(topology, POOL, check=True)
    result = lab.done(module, CONFIGURED, check=True)
    assert result["changed"] is True and result["databases"] == [] and "warnings" not in result
    (intent,) = [one for one in intents(lab.plan()) if one["call"].get("name") == "Install-CsDatabase"]
    assert intent["conditional"] is True  # the server could not be asked
    assert lab.done(module, CONFIGURED, check=True)["changed"] is False  # it sees what the first one planned
    assert lab.called() == []


def test_a_dry_run_after_the_pool_was_published(lab):
    lab.done(topology, POOL)
    start = len(lab.world.transcript)
    result = lab.done(module, CONFIGURED, check=True)
    assert result["changed"] is True and lab.called(start) == []
    assert {one["present"] for one in result["databases"]} == {True}
    assert {one["installed_version"] for one in result["databases"]} == {"(not known before it is done)"}
    assert intents(lab.plan())[-1]["conditional"] is False
    assert lab.done(module, CONFIGURED, check=True)["changed"] is False


def test_the_topology_has_to_put_databases_there(lab):
    result = lab.run(module, CONFIGURED)
    assert result["failed"] and f"puts no database on {FQDN}" in result["msg"]
    result = lab.run(module, CONFIGURED, check=True)
    assert result["failed"] and "publish the pool first" in result["msg"]
    assert lab.called() == []


def test_an_instance_that_is_missing(lab):
    lab.done(topology, POOL)
    lab.world.computer(FQDN).sql_instances.discard("RTC")
    result = lab.run(module, CONFIGURED)
    assert result["failed"] and f"databases on {FQDN}: Install-CsDatabase on fe2013 did not succeed" in result["msg"]


# --- against answers of other kinds


def test_a_host_that_is_only_a_name(tmp_path):
    bench = Bench(tmp_path, hosts=())
    hosts: dict[str, Any] = bench.hosts
    hosts["fe2013"] = NoShell("fe2013")
    assert bench.run(module, CONFIGURED, check=True)["changed"] is True
    assert bench.run(module, CONFIGURED, check=True)["changed"] is False
    result = bench.run(module, {"local": True}, check=True)
    assert result["changed"] is True and result["calls"][0]["parameters"]["LocalDatabases"] is True
    assert bench.run(module, {"local": True}, check=True)["changed"] is False
    assert bench.run(module, CONFIGURED)["error"]["kind"] == "no_session"


def test_a_server_that_fails_instead_of_saying_that_they_are_missing(bench):
    answering(bench, [ServerError("ProcessingFailed"), [row()]])
    result = bench.run(module, CONFIGURED)
    assert result["changed"] is True and "warnings" not in result
    assert [name for name, _ in bench.writes] == ["Install-CsDatabase"]


def test_databases_that_are_still_missing_afterwards(bench):
    answering(bench, [[row(), row("rtcshared", there=False)]])
    result = bench.run(module, CONFIGURED)
    assert result["failed"] and result["error"]["kind"] == "mismatch"
    assert "does not find rtc\\rtcshared in the expected version" in result["msg"]
    answering(bench, [[]])
    assert "lists none" in bench.run(module, CONFIGURED)["msg"]


def test_the_journal_says_that_there_is_no_way_back(bench):
    answering(bench, [[row(there=False)], [row()]])
    bench.run(module, CONFIGURED)
    (intent,) = intents(bench.journal())
    assert "Uninstall-CsDatabase would delete" in str(intent["undo"])
    assert intent["before"] == {"Missing": ["rtc\\rtcxds"]}
    assert "Clean" not in intent["call"]["parameters"]


def test_local_databases(bench):
    answering(bench, [[row("xds", there=False)], [row("xds")]])
    result = bench.run(module, {"local": True})
    assert result["changed"] is True
    assert bench.writes == [("Install-CsDatabase", {"LocalDatabases": True, "Confirm": False})]
    tested = [parameters for name, parameters in bench.hosts["fe2013"].transcript if name == "Test-CsDatabase"]
    assert tested == [{"LocalService": True}] * 2
    assert bench.run(module, {"local": True})["changed"] is False


def test_both_kinds_in_one_task(bench):
    answering(bench, [[row(there=False)], [row()], [row("xds")]])
    result = bench.run(module, {**CONFIGURED, "local": True})
    assert len(bench.writes) == 1 and [one["name"] for one in result["databases"]] == ["rtcxds", "xds"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "Neither sql_server_fqdn nor local"),
        ({"sql_server_fqdn": "pool2013"}, "sql_server_fqdn: A fully qualified domain name"),
        ({"sql_server_fqdn": "pool2013.contoso.test;drop"}, "sql_server_fqdn:"),
        ({"sql_server_fqdn": "*.contoso.test"}, "wildcard"),
    ],
)
def test_what_is_meant_has_to_be_said(bench, options, says):
    result = bench.run(module, options)
    assert result["failed"] and says in result["msg"] and bench.writes == []


def test_a_topology_that_cannot_be_read(bench):
    bench.estate.put("topology_document", {".": "<Topology/>"})
    answering(bench, [[row()]])
    result = bench.run(module, CONFIGURED)
    assert result["failed"] and "The published topology cannot be used" in result["msg"]
