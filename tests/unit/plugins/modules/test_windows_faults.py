# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules for Windows itself where servers answer otherwise than the lab's, answers are lost, or nothing is known."""

from __future__ import annotations

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import InDoubt, NeverRan, Unreachable
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import Task, outcome
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.session import Session
from ansible_collections.lync.xmpp_migration.plugins.module_utils._windows import package_source as source
from ansible_collections.lync.xmpp_migration.plugins.module_utils._windows import restart as restarts
from ansible_collections.lync.xmpp_migration.plugins.modules import (
    hosts_file,
    package,
    primary_dns_suffix,
    registry_value,
    restart,
    server_file,
    trusted_root,
    windows_feature,
)
from ansible_collections.lync.xmpp_migration.tests.unit.doubles import Bench, Estate, ServerError

SQL = {
    "name": "SQL Server Express",
    "path": r"D:\Setup\amd64\SQLEXPR_x64.exe",
    "arguments": ["/Q"],
    "provides": {"sql_instance": "RTC"},
    "sha256": "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881",  # of "x"
}
PACKAGES = {"packages": [SQL], "seconds": 60}
BOOT = {"LastBootUpTime": "20261121080000.000000+060"}
LATER = {"LastBootUpTime": "20261121090000.500000+060"}


@pytest.fixture(name="bench")
def _bench(tmp_path):
    bench = Bench(tmp_path, Estate())
    shell = bench.hosts["fe2013"]
    shell.files[SQL["path"].lower()] = b"x"
    shell.handlers["Get-Item"] = lambda _shell, _parameters: ()
    return bench


def run(bench, module, params, *, check=False):
    """A task whose waiting takes no time."""
    from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

    validated = ArgumentSpecValidator(dict(module.ARGUMENT_SPEC)).validate(dict(params))
    assert not validated.error_messages
    context = bench.context(check=check)
    task = Task(validated.validated_parameters, context, bench.connect(context))
    now = [0.0]

    def sleep(seconds):
        now[0] += seconds

    task._sessions["fe2013"] = Session(bench.connect(context)("fe2013"), context, clock=lambda: now[0], sleep=sleep)
    return outcome(module.run, task)


def installing(bench, *codes, instance=True):
    """An installer that ends with each of these; with None it is left running."""
    left = list(codes)

    def ends(shell, _call):
        code = left.pop(0)
        if isinstance(code, Exception):
            raise code
        if instance and code in (0, 3010, 1641):
            shell.own["sql_instance"] = {"instances": {"RTC": "MSSQL11.RTC"}}
        return {"exit": code, "ok": code is not None}

    bench.hosts["fe2013"].handlers["SQLEXPR_x64.exe"] = ends
    return left


def started(bench):
    return [name for name, _ in bench.writes if name == "SQLEXPR_x64.exe"]


# --- packages


@pytest.mark.parametrize(("code", "wants"), [(0, False), (3010, True), (1641, True)])
def test_exit_codes_of_success(bench, code, wants):
    installing(bench, code)
    result = run(bench, package, PACKAGES)
    assert result["changed"] is True and result["restart_required"] is wants
    assert bool(result.get("warnings")) is (code == 1641)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (1603, "exit code 1603"),
        (None, "is left running"),
        (-2068578304, "exit code -2068578304"),
        (-2067919934, "before Windows was restarted"),
    ],
)
def test_exit_codes_of_failure(bench, code, said):
    installing(bench, code)
    result = run(bench, package, PACKAGES)
    assert result["failed"] and said in result["msg"] and "run the task again" in result["msg"].lower()
    assert len(started(bench)) == 1


def test_an_installer_that_leaves_nothing(bench):
    installing(bench, 0, instance=False)
    result = run(bench, package, PACKAGES)
    assert result["failed"] and result["error"]["kind"] == "mismatch" and "the SQL Server instance RTC" in result["msg"]


def test_an_installer_is_not_started_again_in_doubt(bench):
    left = installing(bench, InDoubt("The connection was lost."), 0)
    result = run(bench, package, PACKAGES)
    assert result["failed"] and "Run the task again" in result["msg"] and len(started(bench)) == 1
    # it is at work still when the next run looks, and has ended when it looks once more
    processes = iter([[{"ProcessName": "SQLEXPR_x64"}], [{"ProcessName": "sqlexpr_X64"}], []])

    def listed(shell, _parameters):
        rows = next(processes)
        if not rows:
            shell.own["sql_instance"] = {"instances": {"RTC": "MSSQL11.RTC"}}
        return rows

    bench.hosts["fe2013"].handlers["Get-Process"] = listed
    result = run(bench, package, PACKAGES)
    assert not result.get("failed") and result["changed"] is False and len(started(bench)) == 1 and left == [0]


def test_another_installation_is_waited_for_within_bounds(bench):
    installing(bench, 1618, 1618, 0)
    assert run(bench, package, PACKAGES)["changed"] is True and len(started(bench)) == 3
    bench.hosts["fe2013"].own.clear()
    installing(bench, *[1618] * 10)
    result = run(bench, package, PACKAGES)
    assert result["failed"] and "1618" in result["msg"] and len(started(bench)) == 3 + 60 // 15


def test_common_names():
    assert source.common_name("CN=Microsoft Corporation, OU=MOPR, O=Microsoft Corporation") == "Microsoft Corporation"
    assert source.common_name('O=X, CN="Contoso, Inc. ""A""", C=US') == 'Contoso, Inc. "A"'
    assert source.common_name("O=CN Microsoft Corporation") == ""


# --- restart


def starting(bench, *times):
    left = list(times)

    def system(_shell, _parameters):
        now = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(now, Exception):
            raise now
        return [now]

    shell = bench.hosts["fe2013"]
    shell.handlers["Get-WmiObject"] = system
    shell.handlers["Restart-Computer"] = lambda _shell, _parameters: ()
    return shell


ALWAYS = {"state": "always", "reason": "test"}


def test_the_answer_to_a_restart_may_be_lost(bench):
    shell = starting(bench, BOOT, BOOT, Unreachable("refused"), NeverRan("gone"), InDoubt("lost"), LATER)
    shell.failures["Restart-Computer"] = InDoubt("The connection was lost.")
    left = []
    shell.leave = left.append
    result = run(bench, restart, ALWAYS)
    assert not result.get("failed"), result
    assert result["restart"]["started"] == "2026-11-21T08:00:00+00:00"  # minutes east of UTC are taken off
    assert [name for name, _ in bench.writes] == ["Restart-Computer"]
    assert set(left) == {"host_restarted"} and len(left) == 4
    assert "lost" in next(one for one in bench.journal() if one["kind"] == "note")["text"]


def test_a_restart_that_was_refused(bench):
    shell = starting(bench, BOOT)
    shell.failures["Restart-Computer"] = ServerError("RestartcomputerFailed", "OperationStopped")
    result = run(bench, restart, ALWAYS)
    assert result["failed"] and "RestartcomputerFailed" in result["msg"]


def test_a_request_that_never_ran_is_no_restart(bench):
    shell = starting(bench, BOOT)
    shell.failures["Restart-Computer"] = NeverRan("It took no request.")
    assert run(bench, restart, ALWAYS)["error"]["kind"] == "never_ran"


def test_a_clock_that_is_set_is_no_restart(bench):
    starting(bench, BOOT, {"LastBootUpTime": "20261121080003.000000+060"})
    result = run(bench, restart, {**ALWAYS, "wait_seconds": 30})
    assert result["failed"] and "has not come back" in result["msg"]


def test_a_restart_that_stays_pending(bench):
    starting(bench, BOOT, LATER)
    renames = {"Identity": restarts.SESSION_MANAGER, restarts.RENAMES: ["x", ""]}
    bench.hosts["fe2013"].own["registry"] = {restarts.SESSION_MANAGER.casefold(): renames}
    result = run(bench, restart, {})
    assert result["restart"]["restarted"] and any("file_renames in ignored" in one for one in result["warnings"])
    assert run(bench, restart, {"ignored": ["file_renames"]})["changed"] is False


def test_moments_of_wmi():
    assert restarts.moment("20261121080000.000000-060").isoformat() == "2026-11-21T09:00:00+00:00"
    assert restarts.moment("2026-11-21T08:00:00Z").isoformat() == "2026-11-21T08:00:00+00:00"
    assert restarts.moment(None) is None


# --- hosts of which nothing is known


BARE = [
    (windows_feature, {"names": ["Web-Server"]}, ["Install-WindowsFeature"]),
    (package, PACKAGES, ["SQLEXPR_x64.exe"]),
    (server_file, {"content": "x", "dest": "C:\\ProgramData\\x"}, ["file.write"]),
    (
        registry_value,
        {"values": [{"path": "HKLM:\\SOFTWARE\\X", "name": "a", "data": "b"}]},
        ["New-ItemProperty"],
    ),
    (hosts_file, {"entries": [{"address": "10.0.0.1", "names": ["a"]}]}, ["file.write"]),
    (primary_dns_suffix, {"suffix": "contoso.test"}, ["New-ItemProperty"] * 2),
]


@pytest.mark.parametrize(("module", "params", "calls"), BARE, ids=[one[0].__name__.rsplit(".", 1)[-1] for one in BARE])
def test_a_dry_run_for_a_host_that_has_no_session_yet(tmp_path, module, params, calls):
    bench = Bench(tmp_path, Estate(), hosts=())
    result = bench.run(module, params, "edge2013", check=True)
    assert result["changed"] is True, result
    assert [one["cmdlet"] for one in result["calls"]] == calls
    assert bench.run(module, params, "edge2013", check=True)["changed"] is False  # it sees what was planned
    result = bench.run(module, params, "edge2013")
    assert result["failed"] and result["error"]["kind"] in ("no_session", "unreachable")


def test_a_dry_run_of_the_rest_for_such_a_host(tmp_path):
    bench = Bench(tmp_path, Estate(), hosts=())
    assert bench.run(restart, {}, "edge2013", check=True)["changed"] is False
    bench.run(primary_dns_suffix, {"suffix": "contoso.test"}, "edge2013", check=True)
    assert bench.run(restart, {}, "edge2013", check=True)["changed"] is True
    assert bench.run(restart, {}, "edge2013", check=True)["changed"] is False
    assert bench.run(trusted_root, {}, "edge2013", check=True)["changed"] is False


# --- features that answer otherwise


def test_features_without_success(bench):
    shell = bench.hosts["fe2013"]
    shell.own["windows_feature"] = {"web-server": {"Name": "Web-Server", "Installed": False}}
    shell.handlers["Install-WindowsFeature"] = lambda _s, _p: [{"Success": False, "ExitCode": "Failed"}]
    result = run(bench, windows_feature, {"names": ["web-server"]})
    assert result["failed"] and "ended with Failed" in result["msg"] and "option source" in result["msg"]
    shell.handlers["Install-WindowsFeature"] = lambda _s, _p: [{"Success": True, "ExitCode": "Success"}]
    result = run(bench, windows_feature, {"names": ["web-server"]})
    assert result["failed"] and result["error"]["kind"] == "mismatch"
