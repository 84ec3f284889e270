# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""legacy_configuration: imported once after each merge, by what the servers show and what the journal knows."""

from __future__ import annotations

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import Change, Cmdlet
from ansible_collections.lync.xmpp_migration.plugins.modules import legacy_configuration as module
from ansible_collections.lync.xmpp_migration.tests.unit.doubles import Bench, Estate, ServerError
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.lync_people import undocumented

OCS = "ocspool.contoso.test"
FORCE = {"Force": True, "Confirm": False}
IMPORTS = [("Import-CsLegacyConfiguration", FORCE), ("Import-CsLegacyConferenceDirectory", FORCE)]


@pytest.fixture(name="bench")
def _bench(tmp_path):
    estate = Estate(
        site=[{"Identity": "Site:Redmond"}, {"Identity": "Site:BackCompatSite"}],
        pool=[
            {"Identity": OCS, "Fqdn": OCS, "Site": "Site:BackCompatSite"},
            {"Identity": "pool2013.contoso.test", "Fqdn": "pool2013.contoso.test", "Site": "Site:Redmond"},
        ],
        external_access_policy=[{"Identity": "Global"}],
        conference_directory=[{"Identity": 1, "ServiceId": "UserServer:pool2013.contoso.test"}],
    )
    bench = Bench(tmp_path, estate)
    bench.directories = True

    def policies(_shell, _parameters):
        estate.put("external_access_policy", {"Identity": "Tag:Default"})

    def directories(_shell, _parameters):
        if bench.directories:
            estate.put("conference_directory", {"Identity": 7, "ServiceId": f"UserServer:{OCS}"})

    bench.hosts["fe2013"].handlers.update(
        {
            "Import-CsLegacyConfiguration": policies,
            "Import-CsLegacyConferenceDirectory": directories,
            "Merge-CsLegacyTopology": lambda _s, _p: None,
        }
    )
    return bench


def merge(bench):
    bench.session().change(Change(Cmdlet("Merge-CsLegacyTopology", {"TopologyXmlFileName": "C:\\x.xml"}), "merge"))


def test_imported_once(bench):
    result = bench.run(module, {})
    assert result["changed"] is True and bench.writes == IMPORTS
    assert result["legacy_configuration"] == {
        "conference_directories": ["7"],
        "external_access_policies": ["Global", "Tag:Default"],
    }
    assert result["diff"]["before"]["conference_directories"] == []
    assert undocumented(module, result) == []
    assert bench.run(module, {})["changed"] is False and bench.writes == IMPORTS
    assert bench.run(module, {"again": True})["changed"] is True and bench.writes == IMPORTS * 2


def test_without_directories_the_journal_knows(bench):
    bench.directories = False
    bench.run(module, {})
    assert bench.run(module, {})["changed"] is False and len(bench.writes) == 2
    bench.now += 3 * 86400
    assert bench.run(module, {})["changed"] is False and len(bench.writes) == 2


def test_without_a_journal_the_directories_tell(bench, tmp_path):
    bench.run(module, {})
    other = Bench(tmp_path / "other", bench.estate)
    result = other.run(module, {})
    assert result["changed"] is False and other.writes == []
    assert [one["fact"] for one in other.journal()] == ["legacy_configuration"]


def test_after_another_merge_it_is_imported_again(bench):
    bench.run(module, {})
    merge(bench)
    assert bench.run(module, {})["changed"] is True
    assert bench.run(module, {})["changed"] is False


def test_an_import_that_failed_half_way(bench):
    bench.hosts["fe2013"].failures["Import-CsLegacyConferenceDirectory"] = ServerError("ProcessingFailed")
    result = bench.run(module, {})
    assert result["failed"] and "conference directories of Office Communications Server" in result["msg"]
    bench.hosts["fe2013"].failures.clear()
    assert bench.run(module, {})["changed"] is True and bench.run(module, {})["changed"] is False


def test_an_import_of_policies_that_failed_stops_the_other(bench):
    bench.hosts["fe2013"].failures["Import-CsLegacyConfiguration"] = ServerError("ProcessingFailed")
    assert bench.run(module, {})["failed"] and bench.writes == IMPORTS[:1]


def test_the_merge_comes_first(bench):
    del bench.estate.rows["site"]["site:backcompatsite"]
    result = bench.run(module, {})
    assert result["error"]["kind"] == "not_ready" and "(legacy_topology)" in result["msg"] and bench.writes == []


def test_a_dry_run(bench):
    result = bench.run(module, {}, check=True)
    assert not result.get("failed"), result["msg"]
    assert result["changed"] is True and bench.writes == []
    assert result["legacy_configuration"]["conference_directories"] == ["(those of Office Communications Server)"]
    intents = [one for one in bench.plan() if one["kind"] == "intent"]
    assert [one["call"]["name"] for one in intents] == [name for name, _ in IMPORTS]
    assert bench.run(module, {}, check=True)["changed"] is False
    assert bench.run(module, {})["changed"] is True


def test_what_cannot_be_undone_says_why(bench):
    bench.run(module, {})
    undo = [str(one["undo"]) for one in bench.journal() if one["kind"] == "intent"]
    assert "compare Get-Cs*Policy" in undo[0] and "telephone codes" in undo[1]
