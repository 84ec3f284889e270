# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files, certificates, registry, environment, modules, events and processes of a Windows host."""

from __future__ import annotations

import base64

import pytest
from ansible_collections.lync.xmpp_migration.lab.organisation.certificate_store import Keys
from ansible_collections.lync.xmpp_migration.lab.organisation.certificates import certificates_of
from ansible_collections.lync.xmpp_migration.lab.organisation.files import BadPath, Files, normalise
from ansible_collections.lync.xmpp_migration.lab.powershell.standin import StandIn
from ansible_collections.lync.xmpp_migration.tests.unit.lab import deployment_steps as steps
from ansible_collections.lync.xmpp_migration.tests.unit.lab.worlds import Host
from cryptography.hazmat.primitives.serialization import Encoding

LYNC = r"C:\Program Files\Common Files\Microsoft Lync Server 2013\Modules\Lync\Lync.psd1"


@pytest.fixture
def host():
    return Host(steps.legacy(), steps.FRONT_END)


def file_call(host, **call):
    frames = StandIn(host.session).perform({"id": 1, "calls": [call]})
    return next(f for f in frames if "call" in f)


# --- files


@pytest.mark.parametrize(
    ("path", "full"),
    [
        ("C:/a/../b/./c.txt", r"C:\b\c.txt"),
        ("C:\\", "C:\\"),
        (r"C:\dir\ "[:-1], r"C:\dir"),
        ("x.txt", r"C:\Windows\System32\x.txt"),
        (r"C:\..\..\x", r"C:\x"),
    ],
)
def test_paths_are_those_of_windows(path, full):
    assert normalise(path) == full


@pytest.mark.parametrize("path", ["", "C:\\a*b", "C:\\a\0b", 'C:\\"', "C:\\a:stream", "C:\\" + "x" * 300, "C:\\<"])
def test_what_is_no_path_is_refused(path):
    with pytest.raises(BadPath):
        normalise(path)


def test_files_are_written_in_slices_and_read_back(host):
    path = rf"{steps.TEMP}\Data.bin"
    for offset, part in ((0, b"abc"), (3, b"def")):
        written = file_call(host, file=path, write={"offset": offset, "bytes": base64.b64encode(part).decode()})
        assert written["ok"], written
    read = file_call(host, file=path.upper(), read={"offset": 2, "length": 3})
    assert base64.b64decode(read["bytes"]) == b"cde"
    [[name, full, length, folder]] = host.call(
        "Get-Item", ["Name", "FullName", "Length", "PSIsContainer"], LiteralPath=path.lower()
    ).ok()
    assert (name, full, length, folder) == ("Data.bin", path, 6, False)
    host.call("Remove-Item", LiteralPath=path).ok()
    assert host.call("Get-Item", LiteralPath=path).ids == ["PathNotFound"]
    assert host.call("Remove-Item", LiteralPath=path).ids == ["PathNotFound"]


def test_nothing_is_written_where_there_is_no_directory(host):
    answer = file_call(host, file=r"C:\nowhere\x", write={"offset": 0, "bytes": "YQ=="})
    assert not answer["ok"] and host.call("Test-Path", ["."], LiteralPath=r"C:\nowhere").ok() == [[False]]
    host.call("New-Item", Path=r"C:\nowhere", ItemType="Directory").ok()
    assert host.call("New-Item", Path=r"C:\nowhere", ItemType="Directory").ids == ["DirectoryExist"]
    assert file_call(host, file=r"C:\nowhere\x", write={"offset": 0, "bytes": "YQ=="})["ok"]
    assert host.call("Test-Path", ["."], LiteralPath=r"C:\nowhere\x", PathType="Container").ok() == [[False]]
    assert host.call("Remove-Item", LiteralPath=r"C:\nowhere").ids == ["InvalidOperation"], "it asks whether to recurse"
    host.call("Remove-Item", LiteralPath=r"C:\nowhere", Recurse=True).ok()
    assert host.call("Test-Path", ["."], LiteralPath=r"C:\nowhere\x").ok() == [[False]]


def test_wildcards_count_in_path_and_not_in_literalpath(host):
    files, computer = host.session.world.files, host.session.computer
    for name in ("a1.log", "a2.log", "b.log"):
        files.write(computer, rf"C:\Windows\Temp\{name}", b"x")
    found = host.call("Get-Item", ["Name"], Path=r"C:\Windows\Temp\a*.log").ok()
    assert found == [["a1.log"], ["a2.log"]]
    assert host.call("Get-Item", Path=r"C:\Windows\Temp\z*").ok() == []
    assert host.call("Get-Item", LiteralPath=r"C:\Windows\Temp\a*.log").ids == ["PathNotFound"]
    assert host.call("Get-ChildItem", ["Name"], LiteralPath=r"C:\Windows\Temp", Filter="b*").ok() == [["b.log"]]
    host.call("Remove-Item", Path=r"C:\Windows\Temp\a*").ok()
    assert host.call("Get-ChildItem", ["Name"], LiteralPath=r"C:\Windows\Temp").ok() == [["b.log"]]
    other = Host(host.session.world, steps.EDGE)
    assert other.call("Get-ChildItem", ["Name"], LiteralPath=r"C:\Windows\Temp").ok() == []


def test_installed_products_are_there_and_cannot_be_removed(host):
    assert host.call("Test-Path", ["."], LiteralPath=LYNC).ok() == [[True]]
    assert host.call("Test-Path", ["."], LiteralPath=steps.BOOTSTRAPPER).ok() == [[True]]
    assert host.call("Test-Path", ["."], LiteralPath=r"C:\Program Files\Microsoft Lync Server 2010").ok() == [[False]]
    assert host.call("Remove-Item", LiteralPath=LYNC).ids == ["RemoveFileSystemItemUnAuthorizedAccess"]
    host.session.computer.modules, host.session.computer.core_files = {}, None
    assert host.call("Test-Path", ["."], LiteralPath=LYNC).ok() == [[False]]


def test_a_disk_is_full_at_some_point(monkeypatch, host):
    monkeypatch.setattr("ansible_collections.lync.xmpp_migration.lab.organisation.files.MAXIMUM_TOTAL", 100)
    files = Files()
    files.write(host.session.computer, r"C:\Windows\Temp\x", b"x" * 90)
    files.write(host.session.computer, r"C:\Windows\Temp\x", b"x" * 100)
    with pytest.raises(OSError, match="space"):
        files.write(host.session.computer, r"C:\Windows\Temp\y", b"y")


# --- other drives


def test_certificates_are_items(host):
    world = host.session.world
    authority = steps.PrivateAuthority(world)
    path = r"C:\Windows\Temp\root.cer"
    world.files.write(host.session.computer, path, authority.authority.certificate.public_bytes(Encoding.DER))
    [[thumb]] = host.call(
        "Import-Certificate", ["Thumbprint"], FilePath=path, CertStoreLocation="Cert:\\LocalMachine\\Root"
    ).ok()
    item = rf"Cert:\LocalMachine\Root\{thumb.lower()}"
    [[found, issuer, has_key]] = host.call("Get-Item", ["Thumbprint", "Issuer", "HasPrivateKey"], LiteralPath=item).ok()
    assert (found, issuer, has_key) == (thumb, "CN=Operator CA", False)
    roots = host.call("Get-ChildItem", ["Thumbprint"], Path="Cert:\\LocalMachine\\Root").ok()
    assert [thumb] in roots and len(roots) == 2
    stores = host.call("Get-ChildItem", ["Name"], LiteralPath="Cert:\\LocalMachine").ok()
    assert [["My"], ["Root"], ["CA"]] == stores
    host.call("Remove-Item", LiteralPath=item).ok()
    assert host.call("Test-Path", ["."], LiteralPath=item).ok() == [[False]]
    assert host.call("Get-ChildItem", LiteralPath="Cert:\\LocalMachine\\Nothing").ids == ["PathNotFound"]
    assert host.call("Import-Certificate", FilePath=r"C:\no", CertStoreLocation="Cert:\\LocalMachine\\My").errors
    assert certificates_of(host.session.computer).stores["My"] == {}


def test_names_are_printed_as_windows_prints_them(host):
    from ansible_collections.lync.xmpp_migration.lab.organisation.certificate_authority import Authority
    from ansible_collections.lync.xmpp_migration.lab.organisation.certificate_store import Stored

    authority = Authority('Häfner, "Lab" CA', Keys("ECDH_P256", 0), host.session.world.clock.now())
    certificates_of(host.session.computer).add(Stored(authority.certificate), "CA")
    [[name]] = host.call("Get-ChildItem", ["Subject"], LiteralPath="Cert:\\LocalMachine\\CA").ok()
    assert name == 'CN="Häfner, ""Lab"" CA"'


def test_registry_and_environment(host):
    host.session.computer.packages["Microsoft Lync Server 2013, Core"] = "5.0.8308.0"
    uninstall = r"HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall"
    rows = host.call("Get-ItemProperty", ["DisplayName", "DisplayVersion"], Path=uninstall + r"\*").ok()
    assert ["Microsoft Lync Server 2013, Core", "5.0.8308.0"] in rows
    assert host.call("Get-ItemProperty", Path=uninstall, Name="Nope").ids == [
        "System.Management.Automation.PSArgumentException"
    ]
    pending = r"HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending"
    assert host.call("Test-Path", ["."], LiteralPath=pending).ok() == [[False]]
    host.session.computer.restart_pending = True
    assert host.call("Test-Path", ["."], LiteralPath=pending).ok() == [[True]]
    [[temp]] = host.call("Get-Item", ["Value"], LiteralPath="Env:\\TEMP").ok()
    assert temp == steps.TEMP
    assert host.call("Get-Item", LiteralPath="Z:\\x").ids == ["DriveNotFound"]


# --- modules, events, processes


def test_modules_by_name_and_by_path(host):
    assert host.call("Import-Module", Name="Lync").errors == []
    assert host.call("Import-Module", ["Name"], Name=LYNC.upper(), PassThru=True).ok() == [["Lync"]]
    missing = host.call("Import-Module", Name=LYNC.replace("2013", "2010"))
    assert missing.ids == ["Modules_ModuleNotFound"]
    assert missing.errors[0]["exceptions"][0]["type"] == "System.IO.FileNotFoundException"
    [[name, path]] = host.call("Get-Module", ["Name", "Path"], ListAvailable=True, Name="lync").ok()
    assert (name, path) == ("Lync", LYNC)
    host.session.computer.modules = {}
    assert host.call("Import-Module", Name="Lync").ids == ["Modules_ModuleNotFound"]
    assert host.call("Get-Module", ["Name"], ListAvailable=True, Name="Lync").ok() == []


def test_user_replication_is_an_event_of_a_running_front_end():
    world = steps.legacy()
    wanted = {"FilterHashtable": {"LogName": "Lync Server", "ProviderName": "LS User Replicator", "Id": 30024}}
    assert Host(world, steps.FRONT_END).call("Get-WinEvent", **wanted).ids == ["NoMatchingEventsFound"]
    world.computer("pool2010.contoso.test").powershell = "3.0"
    fe = Host(world, "pool2010.contoso.test")
    assert fe.call("Get-WinEvent", ["Id", "ProviderName"], MaxEvents=1, **wanted).ok() == [
        [30024, "LS User Replicator"]
    ]
    wanted["FilterHashtable"]["Id"] = 30025
    assert fe.call("Get-WinEvent", **wanted).ids == ["NoMatchingEventsFound"]


def test_processes_are_those_of_running_services():
    world = steps.legacy()
    world.computer("pool2010.contoso.test").powershell = "3.0"
    fe = Host(world, "pool2010.contoso.test")
    [[number, started]] = fe.call("Get-Process", ["Id", "StartTime"], Name="RTCSrv").ok()
    assert fe.call("Get-Process", ["ProcessName"], Id=[number]).ok() == [["RTCSrv"]]
    assert started == "2026-11-21T08:00:00.0000000Z"
    assert fe.call("Get-Process", Name="XmppProxy").ids == ["NoProcessFoundForGivenName"]
