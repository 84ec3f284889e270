# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows features, installers from the media, and what they leave behind on a host that had nothing."""

from __future__ import annotations

import base64
import json

import pytest
from ansible_collections.lync.xmpp_migration.lab.organisation import installations, media, windows_features
from ansible_collections.lync.xmpp_migration.lab.organisation.faults import Faults
from ansible_collections.lync.xmpp_migration.lab.organisation.state import state
from ansible_collections.lync.xmpp_migration.lab.powershell.performer import Performer, ProcessGone
from ansible_collections.lync.xmpp_migration.tests.unit.lab import deployment_steps as steps
from ansible_collections.lync.xmpp_migration.tests.unit.lab.bare_hosts import (
    EDGE,
    FRONT_END,
    SETUP,
    SQL,
    bare,
    code,
    core,
    executed,
    features,
    msi,
)
from ansible_collections.lync.xmpp_migration.tests.unit.lab.worlds import Host, world, world_of

VCREDIST, SQLEXPR = rf"{media.ROOT}\vcredist_x64.exe", rf"{media.ROOT}\SQLEXPR_x64.exe"
UNINSTALL = r"HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\*"
INSTANCES = r"HKLM:\SOFTWARE\Microsoft\Microsoft SQL Server\Instance Names\SQL"
RESULT = ["Success", "RestartNeeded", "ExitCode"]


@pytest.fixture
def host() -> Host:
    return Host(bare(), FRONT_END)


def programs(host: Host) -> list[str]:
    return sorted(row[0] for row in host.call("Get-ItemProperty", ["DisplayName"], Path=UNINSTALL).ok())


# --- a host with nothing


def test_a_bare_host_has_no_product_at_all(host: Host) -> None:
    computer = host.session.computer
    assert (computer.edition, computer.core_files, computer.sql_instances, computer.packages) == (None, None, set(), {})
    assert host.call("Get-CsSite").ids == ["CommandNotFoundException"]
    assert host.call("Get-Module", ["Name"], ListAvailable=True, Name="Lync").ok() == []
    assert programs(host) == []
    assert host.call("Get-ItemProperty", LiteralPath=INSTANCES).ids == ["PathNotFound"]
    assert not executed(host, steps.BOOTSTRAPPER, "/BootstrapLocalMgmt")["ok"]
    wanted = host.call("Get-WindowsFeature", ["Name", "Installed"], Name=["Web-Server", "NET-Framework-45-Core"]).ok()
    assert wanted == [["Web-Server", False], ["NET-Framework-45-Core", True]]


def test_a_prepared_host_has_all_that_installers_leave() -> None:
    world = steps.legacy()
    for fqdn, edge in ((steps.FRONT_END, False), (steps.EDGE, True)):
        host = Host(world, fqdn)
        assert windows_features.missing("6.2", edge, host.session.computer.features) == []
        assert set(media.prepared(not edge)) == set(programs(host))
        assert host.call("Test-Path", ["."], LiteralPath=rf"{SETUP}\ocscore.msi").ok() == [[True]]
    assert media.ADMIN_TOOLS not in programs(Host(world, steps.EDGE))


def test_the_media_are_read_only(host: Host) -> None:
    path = rf"{SETUP}\ocscore.msi"
    assert host.call("Get-Item", ["Name", "Length"], LiteralPath=path).ok() == [["ocscore.msi", 24008]]
    assert host.call("Get-ChildItem", ["Name"], LiteralPath="D:\\").ok() == [["Setup"], ["sources"]]
    assert host.call("New-Item", Path=r"D:\Setup\x.txt", ItemType="File").ids == ["NewItemIOError"]
    assert host.call("Remove-Item", LiteralPath=path).errors
    plain = Host(world("bare"), "plain.contoso.test")
    assert plain.call("Get-Item", LiteralPath=path).ids == ["DriveNotFound"]


# --- features


def test_features_come_with_what_they_need(host: Host) -> None:
    [[success, restart, ended]] = host.call("Install-WindowsFeature", RESULT, Name=["Web-Asp-Net45", "BITS"]).ok()
    assert (success, restart, ended) == (True, "No", "Success")
    names = {n for [n, there] in host.call("Get-WindowsFeature", ["Name", "Installed"]).ok() if there}
    assert {"Web-Asp-Net45", "Web-Server", "Web-Net-Ext45", "NET-Framework-45-ASPNET", "BITS"} <= names
    again = host.call("Install-WindowsFeature", RESULT, Name=["Web-Asp-Net45"]).ok()
    assert again == [[True, "No", "NoChangeNeeded"]]


def test_an_unknown_feature_is_an_error_and_changes_nothing(host: Host) -> None:
    before = set(host.session.computer.features)
    assert host.call("Install-WindowsFeature", Name=["BITS", "Web-Nonsense"]).ids == ["NameDoesNotExist"]
    assert host.session.computer.features == before
    assert host.call("Get-WindowsFeature", ["Name"], Name="Web-Nonsense").ok() == []


@pytest.mark.parametrize("source", [None, r"D:\nowhere", r"D:\Setup"])
def test_framework_3_5_comes_from_a_source_only(host: Host, source: str | None) -> None:
    more = {} if source is None else {"Source": [source]}
    answer = host.call("Install-WindowsFeature", RESULT, Name=["Web-Net-Ext"], **more)
    assert answer.ids == ["DISMAPI_Error__Failed_To_Enable_Updates"]
    assert answer.rows == [[False, "No", "Failed"]]
    assert "Web-Net-Ext" not in host.session.computer.features
    [[state_of]] = host.call("Get-WindowsFeature", ["InstallState"], Name="NET-Framework-Core").ok()
    assert state_of == "Removed"
    assert host.call("Install-WindowsFeature", ["Success"], Name=["Web-Net-Ext"], Source=[media.SXS]).ok() == [[True]]


def test_the_desktop_wants_a_restart(host: Host) -> None:
    answer = host.call("Install-WindowsFeature", RESULT, Name=["Desktop-Experience"])
    assert answer.ok() == [[True, "Yes", "SuccessRestartRequired"]] and answer.warnings
    key = r"HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending"
    assert host.call("Test-Path", ["."], LiteralPath=key).ok() == [[True]]
    shown = host.call("Get-WindowsFeature", ["Installed", "InstallState"], Name="Server-Media-Foundation").ok()
    assert shown == [[True, "InstallPending"]]


OLD = """
name: old
domain: contoso.test
sip_domains: [contoso.test]
certificates: {key: ec256}
hosts:
  - {fqdn: fe.contoso.test, windows: "6.1", powershell: "3.0", bare: true}
  - {fqdn: core.contoso.test, windows: "6.2", bare: true, installation: Server Core, free_gb: 3.5,
     restart_pending: [windows_update, file_rename], restart_after: [ocscore.msi, vcredist_x64.exe]}
"""


def test_windows_2008_r2_has_another_cmdlet_and_other_names() -> None:
    host = Host(world_of(OLD), "fe.contoso.test")
    assert host.call("Install-WindowsFeature", Name=["BITS"]).ids == ["CommandNotFoundException"]
    assert host.call("Add-WindowsFeature", Name=["Windows-Identity-Foundation"]).ids == ["NameDoesNotExist"]
    assert host.call("Add-WindowsFeature", ["Success"], Name=["Web-Net-Ext"]).ok() == [[True]], "it is on the disk"
    assert host.call("Add-WindowsFeature", Name=["BITS"], Source=[media.SXS]).ids == ["NamedParameterNotFound"]


def test_from_2012_on_there_is_no_cmdlet_of_the_old_name(host: Host) -> None:
    assert host.call("Add-WindowsFeature", Name=["BITS"]).ids == ["CommandNotFoundException"]


# --- installers


def test_the_product_in_its_order(host: Host) -> None:
    computer = host.session.computer
    assert msi(host, rf"{SETUP}\ocscore.msi") == 1603, "there is no Visual C++ runtime"
    assert code(host, VCREDIST, "/q") == 0
    assert msi(host, rf"{SETUP}\ocscore.msi") == 1603, "there is no Identity Foundation"
    features(host)
    assert msi(host, rf"{SETUP}\ocscore.msi") == 0
    assert msi(host, rf"{media.ROOT}\SharedManagementObjects.msi") == 1603
    assert msi(host, rf"{SETUP}\admintools.msi", "ADDLOCAL=Feature_AdminTools REBOOT=ReallySuppress /qn") == 1603
    for package in (rf"{media.ROOT}\SQLSysClrTypes.msi", rf"{media.ROOT}\SharedManagementObjects.msi"):
        assert msi(host, package) == 0
    assert msi(host, rf"{SETUP}\admintools.msi", r"/quiet /l*v C:\Windows\Temp\tools.log") == 0
    assert msi(host, rf"{SETUP}\OCSWMIBC.msi") == 0
    assert code(host, SQLEXPR, SQL) == -2067919934, "the desktop waits for a restart"
    computer.restart_pending = False
    assert code(host, SQLEXPR, SQL) == 0
    assert set(programs(host)) == set(media.prepared(True))
    assert host.call("Get-ItemProperty", ["RTC"], LiteralPath=INSTANCES).ok() == [["MSSQL11.RTC"]]
    assert host.call("Get-Service", ["Status"], Name="MSSQL$RTC").ok() == [["Running"]]
    assert host.call("Test-Path", ["."], LiteralPath=steps.BOOTSTRAPPER).ok() == [[True]]
    assert msi(host, rf"{SETUP}\ocscore.msi") == 0, "once more changes nothing"
    assert code(host, SQLEXPR, SQL) == -2068578304, "an instance of that name is there"


def test_cmdlets_are_there_for_a_new_process_or_after_an_import_by_path(host: Host) -> None:
    core(host)
    host.session.computer.modules = {}
    old = Performer(host.session, lambda text: None, lambda data: None, lambda data: None)
    host.session.computer.modules = {"Lync": "L13"}
    assert "lync" not in old.modules, "a process has read PSModulePath once"
    assert host.call("Get-CsSite", ["Identity"]).ok() == [["Site:Redmond"]], "a new one finds the module"
    answers = []
    old.emit = answers.append

    def ask(cmdlet: str, **parameters: object) -> str:
        answers.clear()
        call = {"cmdlet": cmdlet, "parameters": parameters, "properties": ["Name"]}
        old.line(base64.b64encode(json.dumps({"id": 1, "calls": [call]}).encode()))
        return "".join(answers)

    assert "CommandNotFoundException" in ask("Get-CsSite")
    assert "Modules_ModuleNotFound" in ask("Import-Module", Name="Lync")
    path = r"C:\Program Files\Common Files\Microsoft Lync Server 2013\Modules\Lync\Lync.psd1"
    assert '"ok":true' in ask("Import-Module", Name=path, PassThru=True)
    assert '"ok":true' in ask("Get-CsSite")


def test_without_the_features_no_roles_are_installed() -> None:
    world = bare()
    steps.publish_from_builder(world, lambda draft: steps.add_2013(draft, world))
    host = Host(world, FRONT_END)
    core(host)
    assert code(host, steps.BOOTSTRAPPER, rf"/BootstrapSqlExpress /SourceDirectory:{media.ROOT}") == 0
    assert "RTC" in host.session.computer.sql_instances
    assert code(host, steps.BOOTSTRAPPER, rf"/BootstrapLocalMgmt /SourceDirectory:{media.ROOT}") == 0
    world.replica(host.session.computer).load(world.cms.current)
    host.session.computer.features.discard("Web-Dyn-Compression")
    assert code(host, steps.BOOTSTRAPPER, rf"/SourceDirectory:{media.ROOT}") == 1603
    host.session.computer.features.add("Web-Dyn-Compression")
    assert code(host, steps.BOOTSTRAPPER, rf"/SourceDirectory:{media.ROOT}") == 0
    assert "RTCSRV" in host.session.computer.windows_services


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (r"/i D:\Setup\amd64\Setup\nothing.msi /qn", 1619),
        (r"/i C:\Windows\System32\drivers\etc\hosts /qn", 1620),
        (r"/i D:\Setup\amd64\vcredist_x64.exe /qn", 1620),
        (r"/qn", 1639),
        (r"/i D:\Setup\amd64\SQLSysClrTypes.msi /nonsense", 1639),
        (r"/x D:\Setup\amd64\SQLSysClrTypes.msi /qn", 1605),
        (r"/i D:\Setup\amd64\SQLSysClrTypes.msi", None),
    ],
)
def test_what_windows_installer_refuses(host: Host, arguments: str, wanted: int | None) -> None:
    assert code(host, r"C:\Windows\System32\msiexec.exe", arguments) == wanted
    assert programs(host) == []


def test_a_package_is_removed_unless_another_needs_it(host: Host) -> None:
    core(host)
    assert code(host, r"C:\Windows\System32\msiexec.exe", rf"/x {SETUP}\ocscore.msi /qn") == 0
    assert host.call("Get-CsSite").ids == ["CommandNotFoundException"]
    assert (
        msi(host, rf"{media.ROOT}\SQLSysClrTypes.msi") == 0 == msi(host, rf"{media.ROOT}\SharedManagementObjects.msi")
    )
    assert code(host, r"C:\Windows\System32\msiexec.exe", rf"/x {media.ROOT}\SQLSysClrTypes.msi /qn") == 1603


@pytest.mark.parametrize(
    "arguments", ["", SQL.replace("/ACTION=Install", ""), "/Q /NONSENSE=1", SQL.replace("/IACC", "/X")]
)
def test_sql_server_refuses_what_it_does_not_know(host: Host, arguments: str) -> None:
    features(host)
    host.session.computer.restart_pending = False
    assert code(host, SQLEXPR, arguments) == -2068578304


def test_what_is_no_program_does_not_start(host: Host) -> None:
    world, computer = host.session.world, host.session.computer
    world.files.write(computer, r"C:\Windows\Temp\vcredist_x64.exe", b"MZ something else")
    assert not executed(host, r"C:\Windows\Temp\vcredist_x64.exe", "/q")["ok"]
    assert not executed(host, r"C:\nowhere\vcredist_x64.exe", "/q")["ok"]
    world.files.write(computer, r"C:\Windows\Temp\vcredist_x64.exe", media.content(VCREDIST))
    assert code(host, r"C:\Windows\Temp\vcredist_x64.exe", "/install /quiet /norestart") == 0


def test_packages_that_want_a_restart_say_so_or_do_it() -> None:
    host = Host(world_of(OLD), "core.contoso.test")
    computer = host.session.computer
    computer.pending.clear()
    assert code(host, VCREDIST, "/q /norestart") == 3010
    assert computer.wants_restart and computer.boots == 0
    host.call("Install-WindowsFeature", Name=["Windows-Identity-Foundation"]).ok()
    assert msi(host, rf"{SETUP}\ocscore.msi", "/qn") == 1641
    assert computer.boots == 1 and computer.away_until is not None


# --- what goes on when its caller is gone


@pytest.fixture
def slow() -> Host:
    world = bare({"msiexec.exe": 60, "vcredist_x64.exe": 20})
    world.faults = Faults()
    return Host(world, FRONT_END)


def test_an_installer_goes_on_when_its_caller_is_killed(slow: Host) -> None:
    world = slow.session.world
    world.faults.add([{"do": "kill_process", "cmdlet": "msiexec.exe", "when": "after"}])
    with pytest.raises(ProcessGone):
        msi(slow, rf"{media.ROOT}\SQLSysClrTypes.msi")
    next_one = Host(world, FRONT_END)
    assert programs(next_one) == []
    assert msi(next_one, rf"{SETUP}\OCSWMIBC.msi") == 1618, "another installation is running"
    assert code(next_one, VCREDIST, "/q") == 1618
    world.clock.advance(61)
    assert programs(next_one) == [media.CLR_TYPES]
    assert msi(next_one, rf"{SETUP}\OCSWMIBC.msi") == 0
    outcomes = [line["outcome"] for line in world.transcript.lines() if line["cmdlet"] == "msiexec.exe"]
    assert outcomes == ["left running", "exit 1618", "late, exit 0", "ok"]


def test_a_caller_killed_before_has_started_nothing(slow: Host) -> None:
    world = slow.session.world
    world.faults.add([{"do": "kill_process", "cmdlet": "msiexec.exe"}])
    with pytest.raises(ProcessGone):
        msi(slow, rf"{media.ROOT}\SQLSysClrTypes.msi")
    world.clock.advance(600)
    assert programs(Host(world, FRONT_END)) == []
    assert [line["outcome"] for line in world.transcript.lines() if line["write"]] == ["never ran"]


def test_a_world_that_is_copied_keeps_what_is_under_way(slow: Host) -> None:
    world = slow.session.world
    world.faults.add([{"do": "kill_process", "cmdlet": "msiexec.exe", "when": "after"}])
    with pytest.raises(ProcessGone):
        msi(slow, rf"{media.ROOT}\SQLSysClrTypes.msi")
    other = world.copy()
    other.clock.advance(61)
    assert programs(Host(other, FRONT_END)) == [media.CLR_TYPES] and programs(Host(world, FRONT_END)) == []


def test_windows_own_installations_are_in_the_way_for_a_while(slow: Host) -> None:
    world, computer = slow.session.world, slow.session.computer
    installations.begin(world, computer, 30)
    assert msi(slow, rf"{media.ROOT}\SQLSysClrTypes.msi") == 1618
    assert msi(Host(world, "pool2013.contoso.test"), rf"{media.ROOT}\SQLSysClrTypes.msi") == 1618
    world.clock.advance(31)
    assert msi(slow, rf"{media.ROOT}\SQLSysClrTypes.msi") == 0
    world.faults.add([{"do": "installation_running", "host": FRONT_END}])
    assert msi(slow, rf"{media.ROOT}\SQLSysClrTypes.msi") == 1618
    assert Host(world, EDGE).session.computer is not computer


def test_the_state_tells_what_is_on_a_host(host: Host) -> None:
    assert state(host.session.world)["hosts"][FRONT_END]["packages"] == {}
    core(host)
    found = state(host.session.world)["hosts"][FRONT_END]
    assert found["packages"][media.CORE] == media.BUILD and "Web-Server" in found["features"]
    assert found["name"] == FRONT_END and found["sql_instances"] == [] and found["registry"] == {}
    assert state(host.session.world)["hosts"][EDGE]["name"] == "edge2013"
