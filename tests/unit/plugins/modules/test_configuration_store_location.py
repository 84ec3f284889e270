# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new Central Management store: its databases, the place that Active Directory names, and never a second one."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import Change, Cmdlet
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import Refused
from ansible_collections.lync.xmpp_migration.plugins.modules import configuration_store_location as module
from ansible_collections.lync.xmpp_migration.plugins.modules import database
from ansible_collections.lync.xmpp_migration.tests.unit.doubles import Bench, ServerError
from ansible_collections.lync.xmpp_migration.tests.unit.lab_bench import LabBench
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.lync_people import undocumented

SERVER = "pool2013.contoso.test"
HERE = rf"{SERVER}\RTC"
PLACE = {"sql_server_fqdn": SERVER}
DATABASES = {"sql_server_fqdn": SERVER, "central_management": True}


class Store:
    """SQL Server and Active Directory of the doubles."""

    def __init__(self, bench: Bench, location: str | None = None, databases: bool = False) -> None:
        self.location, self.databases = location, databases
        shell = bench.hosts["fe2013"]
        shell.handlers.update(
            {
                "Get-CsConfigurationStoreLocation": self._get,
                "Set-CsConfigurationStoreLocation": self._set,
                "Test-CsDatabase": self._test,
                "Install-CsDatabase": self._install,
            }
        )

    def _get(self, _shell: Any, _parameters: Any) -> list[dict[str, Any]]:
        return [{"BackEndServer": self.location}] if self.location else []

    def _set(self, _shell: Any, parameters: Any) -> None:
        self.location = parameters["SqlServerFqdn"] + (
            "\\" + parameters["SqlInstanceName"].lower() if "SqlInstanceName" in parameters else ""
        )

    def _test(self, _shell: Any, parameters: Any) -> list[dict[str, Any]]:
        assert parameters["CentralManagementDatabase"] is True
        version = "5.13.2" if self.databases else None
        return [
            {
                "SqlServerFqdn": SERVER,
                "SqlInstanceName": parameters.get("SqlInstanceName", ""),
                "DatabaseName": name,
                "InstalledVersion": version,
                "ExpectedVersion": "5.13.2",
                "Succeed": self.databases,
            }
            for name in ("xds", "lis")
        ]

    def _install(self, _shell: Any, parameters: Any) -> None:
        assert parameters["CentralManagementDatabase"] is True and "Clean" not in parameters
        self.databases = True


@pytest.fixture(name="bench")
def _bench(tmp_path):
    return Bench(tmp_path)


def names(bench):
    return [name for name, _ in bench.writes]


def test_a_new_store(bench):
    store = Store(bench)
    result = bench.run(database, DATABASES)
    assert result["changed"] is True and [one["name"] for one in result["databases"]] == ["xds", "lis"]
    assert bench.writes == [
        (
            "Install-CsDatabase",
            {
                "CentralManagementDatabase": True,
                "SqlServerFqdn": SERVER,
                "SqlInstanceName": "RTC",
                "Confirm": False,
            },
        )
    ]
    assert undocumented(database, result) == []
    result = bench.run(module, PLACE)
    assert result["changed"] is True and result["location"].casefold() == HERE.casefold()
    assert bench.writes[1:] == [
        (
            "Set-CsConfigurationStoreLocation",
            {"SqlServerFqdn": SERVER, "SqlInstanceName": "RTC", "Force": True, "Confirm": False},
        )
    ]
    assert undocumented(module, result) == [] and store.location == rf"{SERVER}\rtc"
    assert bench.run(database, DATABASES)["changed"] is False
    assert bench.run(module, PLACE)["changed"] is False and len(bench.writes) == 2


def test_the_evidence_comes_before_the_change_and_the_way_back_is_kept(bench):
    Store(bench, databases=True)
    bench.run(module, PLACE)
    evidence, intent = bench.journal()[:2]
    assert (evidence["fact"], evidence["member"], intent["kind"]) == ("no_central_store", "organisation", "intent")
    assert "Remove-CsConfigurationStoreLocation" in str(intent["undo"])


def test_never_a_second_store(bench):
    Store(bench, r"pool2010.contoso.test\rtc", databases=True)
    for one, options in ((module, PLACE), (database, DATABASES)):
        for check in (False, True):
            result = bench.run(one, options, check=check)
            assert result["error"]["kind"] == "refused" and r"is on pool2010.contoso.test\rtc" in result["msg"]
            assert rf"a second one on {HERE} would split" in result["msg"]
    assert bench.writes == [] and bench.plan() == []


def test_the_law_holds_for_whoever_asks(bench):
    Store(bench)
    session = bench.session()
    for call in (
        Cmdlet("Set-CsConfigurationStoreLocation", {"SqlServerFqdn": SERVER, "Force": True}),
        Cmdlet("Install-CsDatabase", {"CentralManagementDatabase": True, "SqlServerFqdn": SERVER}),
    ):
        with pytest.raises(Refused, match="the forest has no Central Management store yet has not been verified"):
            session.change(Change(call, "Central Management store"))
    assert bench.writes == []


def test_lost_databases_are_not_replaced_by_empty_ones(bench):
    Store(bench, HERE)
    result = bench.run(database, DATABASES)
    assert result["error"]["kind"] == "refused" and "Empty ones are not made in their place" in result["msg"]
    assert bench.writes == []


def test_no_location_without_databases(bench):
    Store(bench)
    result = bench.run(module, PLACE)
    assert result["error"]["kind"] == "refused" and "create them first (database with" in result["msg"]
    assert bench.writes == []


def test_databases_of_an_interrupted_run_are_kept(bench):
    Store(bench, databases=True)
    assert bench.run(database, DATABASES)["changed"] is False and bench.writes == []


def test_a_location_that_cannot_be_read(bench):
    Store(bench)
    bench.hosts["fe2013"].failures["Get-CsConfigurationStoreLocation"] = ServerError("ProcessingFailed")
    for one, options in ((module, PLACE), (database, DATABASES)):
        assert "Get-CsConfigurationStoreLocation failed" in bench.run(one, options)["msg"]
    assert bench.writes == []


def test_a_location_that_is_not_read_back(bench):
    store = Store(bench, databases=True)
    bench.hosts["fe2013"].handlers["Set-CsConfigurationStoreLocation"] = lambda _shell, _parameters: None
    result = bench.run(module, PLACE)
    assert result["error"]["kind"] == "mismatch" and "is none instead of" in result["msg"] and store.location is None


def test_the_default_instance(bench):
    Store(bench)
    options = {"sql_server_fqdn": SERVER, "sql_instance": ""}
    bench.run(database, {**options, "central_management": True})
    bench.run(module, options)
    assert all("SqlInstanceName" not in parameters for _, parameters in bench.writes) and len(bench.writes) == 2
    assert bench.run(module, options)["location"] == SERVER


def test_a_dry_run_on_a_host_without_management_tools(tmp_path):
    bench = Bench(tmp_path)
    bench.hosts["fe2013"].tools = False
    assert bench.run(database, DATABASES, check=True)["changed"] is True
    result = bench.run(module, PLACE, check=True)
    assert result["changed"] is True and result["location"] == HERE
    intents = [entry for entry in bench.plan() if entry["kind"] == "intent"]
    assert [entry["call"]["name"] for entry in intents] == ["Install-CsDatabase", "Set-CsConfigurationStoreLocation"]
    assert bench.run(database, DATABASES, check=True)["changed"] is False
    assert bench.run(module, PLACE, check=True)["changed"] is False
    other = {**PLACE, "sql_server_fqdn": "sql2.contoso.test"}
    assert bench.run(module, other, check=True)["error"]["kind"] == "refused"


@pytest.mark.parametrize(
    ("one", "options", "says"),
    [
        (module, {"sql_server_fqdn": "pool2013"}, "sql_server_fqdn:"),
        (module, {**PLACE, "sql_instance": "RTC;drop"}, "sql_instance:"),
        (module, {**PLACE, "sql_instance": "1RTC"}, "sql_instance:"),
        (database, {"central_management": True}, "goes with sql_server_fqdn"),
        (database, {**DATABASES, "local": True}, "not with local"),
    ],
)
def test_bad_options(bench, one, options, says):
    Store(bench)
    result = bench.run(one, options)
    assert result["error"]["kind"] == "invalid_input" and says in result["msg"] and bench.writes == []


def test_against_the_lab_of_lync_server_2010(tmp_path):
    lab = LabBench(tmp_path)
    for one, options in ((module, PLACE), (database, DATABASES)):
        result = lab.run(one, options)
        assert result["error"]["kind"] == "refused" and "pool2010.contoso.test" in result["msg"]
    assert lab.called() == [] and lab.world.laws.violations == []
