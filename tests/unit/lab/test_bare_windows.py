# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Registry, restarts, names, certificates, signatures and what Windows says of itself, on hosts that are Windows alone."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from ansible_collections.lync.xmpp_migration.lab.estate import EstateError
from ansible_collections.lync.xmpp_migration.lab.organisation import media, power, services
from ansible_collections.lync.xmpp_migration.lab.organisation.certificates import certificates_of
from ansible_collections.lync.xmpp_migration.lab.organisation.resolution import HOSTS
from ansible_collections.lync.xmpp_migration.lab.organisation.state import state
from ansible_collections.lync.xmpp_migration.lab.powershell.performer import ProcessGone
from ansible_collections.lync.xmpp_migration.lab.powershell.standin import StandIn
from ansible_collections.lync.xmpp_migration.tests.unit.lab import deployment_steps as steps
from ansible_collections.lync.xmpp_migration.tests.unit.lab.bare_hosts import (
    EDGE,
    FRONT_END,
    bare,
    code,
    executed,
    said,
)
from ansible_collections.lync.xmpp_migration.tests.unit.lab.test_bare_hosts import OLD
from ansible_collections.lync.xmpp_migration.tests.unit.lab.worlds import Host, world_of
from ansible_collections.lync.xmpp_migration.tests.unit.lab.worlds import world as named
from cryptography.hazmat.primitives.serialization import Encoding

TCPIP = r"HKLM:\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters"
SCHANNEL = r"HKLM:\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL"
WHOAMI = r"C:\Windows\System32\whoami.exe"
CERTUTIL = r"C:\Windows\System32\certutil.exe"
RESTART = {"Force": True}


@pytest.fixture
def host() -> Host:
    return Host(bare(), FRONT_END)


@pytest.fixture
def edge() -> Host:
    return Host(bare(), EDGE, r"EDGE2013\Administrator")


# --- registry


def test_values_are_written_read_and_removed(host: Host) -> None:
    wanted = {"LiteralPath": SCHANNEL, "Name": "EnableSessionTicket"}
    host.call("New-ItemProperty", **wanted, PropertyType="DWord", Value=2).ok()
    assert host.call("Get-ItemProperty", ["EnableSessionTicket"], **wanted).ok() == [[2]]
    assert host.call("New-ItemProperty", **wanted, PropertyType="DWord", Value=3).ids == ["System.IO.IOException"]
    host.call("New-ItemProperty", **wanted, PropertyType="DWord", Value="3", Force=True).ok()
    host.call("Set-ItemProperty", **wanted, Value=4).ok()
    found = state(host.session.world)["hosts"][FRONT_END]["registry"]
    assert found == {SCHANNEL.removeprefix("HKLM:\\") + r"\EnableSessionTicket": 4}
    host.call("Remove-ItemProperty", **wanted).ok()
    assert host.call("Remove-ItemProperty", **wanted).ids == ["System.Management.Automation.PSArgumentException"]
    assert state(host.session.world)["hosts"][FRONT_END]["registry"] == {}


def test_what_the_registry_refuses(host: Host) -> None:
    key = {"LiteralPath": SCHANNEL, "Name": "X"}
    assert host.call("New-ItemProperty", **key, PropertyType="DWord", Value="many").ids == ["System.ArgumentException"]
    assert host.call("New-ItemProperty", **key, PropertyType="Number", Value=1).ids == ["System.ArgumentException"]
    nowhere = {"LiteralPath": r"HKLM:\SOFTWARE\Nowhere", "Name": "X"}
    assert host.call("New-ItemProperty", **nowhere, Value="a").ids == ["PathNotFound"]
    assert host.call("New-ItemProperty", LiteralPath=r"C:\Windows", Name="X", Value="a").ids == ["NotSupported"]
    assert host.call("Set-ItemProperty", LiteralPath=SCHANNEL, Name="X", Value="a", Type="DWord").ids == [
        "NamedParameterNotFound"
    ], "a parameter that only the registry's own provider adds is not published"


def test_keys_are_made_anew_with_force(host: Host) -> None:
    key = r"HKLM:\SOFTWARE\Contoso\Lync"
    assert host.call("New-Item", Path=key).ids == ["System.ArgumentException"], "its parent is not there"
    host.call("New-Item", Path=key, Force=True).ok()
    host.call("New-ItemProperty", LiteralPath=key, Name="A", PropertyType="MultiString", Value=["x", "y"]).ok()
    assert host.call("Get-ItemProperty", ["a"], LiteralPath=key.upper()).ok() == [[["x", "y"]]]
    assert host.call("New-Item", Path=key).ids == ["System.IO.IOException"]
    host.call("New-Item", Path=key, Force=True).ok()
    assert host.call("Get-ItemProperty", LiteralPath=key, Name="A").errors, "what was in it is gone"
    assert host.call("Remove-Item", LiteralPath=r"HKLM:\SOFTWARE\Contoso").ids == ["InvalidOperation"]
    host.call("Remove-Item", LiteralPath=r"HKLM:\SOFTWARE\Contoso", Recurse=True).ok()
    assert host.call("Test-Path", ["."], LiteralPath=key).ok() == [[False]]
    assert host.call("Remove-Item", LiteralPath=SCHANNEL).ids == ["System.Security.SecurityException"]


def test_an_estate_may_say_what_is_in_the_registry() -> None:
    world = world_of(
        OLD
        + r"""
  - fqdn: set.contoso.test
    bare: true
    registry:
      'HKLM:\SOFTWARE\Contoso': {Level: 3, Name: x}
      'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System': {EnableLUA: null}
"""
    )
    host = Host(world, "set.contoso.test")
    assert host.call("Get-ItemProperty", ["Level", "Name"], LiteralPath=r"HKLM:\SOFTWARE\Contoso").ok() == [[3, "x"]]
    policies = r"HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System"
    assert host.call("Get-ItemProperty", LiteralPath=policies, Name="EnableLUA").errors


def test_remote_administration_of_a_workgroup_is_allowed(edge: Host, host: Host) -> None:
    policies = r"HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System"
    wanted = {"LiteralPath": policies, "Name": "LocalAccountTokenFilterPolicy"}
    assert edge.call("Get-ItemProperty", ["LocalAccountTokenFilterPolicy"], **wanted).ok() == [[1]]
    assert host.call("Get-ItemProperty", **wanted).errors


# --- restarts


def test_a_suffix_is_in_force_after_the_restart(edge: Host) -> None:
    world = edge.session.world
    hello = StandIn(edge.session).hello()
    assert (hello["computer"], hello["domain"]) == ("EDGE2013", "")
    for name in ("NV Domain", "Domain"):
        edge.call("New-ItemProperty", LiteralPath=TCPIP, Name=name, Value="contoso.test", Force=True).ok()
    assert StandIn(edge.session).hello()["domain"] == ""
    assert state(world)["hosts"][EDGE]["suffix_pending"] is True
    edge.call("Restart-Computer", **RESTART).ok()
    world.clock.advance(31)
    after = Host(world, EDGE)
    assert StandIn(after.session).hello()["domain"] == "contoso.test"
    found = state(world)["hosts"][EDGE]
    assert (found["name"], found["suffix_pending"]) == (EDGE, False)
    assert after.call("Get-ItemProperty", ["Domain"], LiteralPath=TCPIP).ok() == [["contoso.test"]]


def test_a_wrong_suffix_makes_another_name(edge: Host) -> None:
    edge.call("New-ItemProperty", LiteralPath=TCPIP, Name="NV Domain", Value="fabrikam.test", Force=True).ok()
    edge.call("Restart-Computer", **RESTART).ok()
    edge.session.world.clock.advance(31)
    assert StandIn(Host(edge.session.world, EDGE).session).hello()["domain"] == "fabrikam.test"


def test_a_restart_ends_processes_and_brings_the_host_back_with_nothing_pending(host: Host) -> None:
    world, computer = host.session.world, host.session.computer
    computer.restart_pending = True
    computer.pending |= {"windows_update", "file_rename"}
    before = computer.booted_at
    [[old]] = host.call("Get-WmiObject", ["LastBootUpTime"], Class="Win32_OperatingSystem").ok()
    host.call("Restart-Computer", **RESTART).ok()
    with pytest.raises(ProcessGone):
        host.call("Get-Date")
    assert computer.away_until is not None
    world.clock.advance(31)
    again = Host(world, FRONT_END)
    [[new]] = again.call("Get-WmiObject", ["LastBootUpTime"], Class="Win32_OperatingSystem").ok()
    assert new > old and computer.booted_at - before >= timedelta(seconds=30)
    assert computer.away_until is None and not computer.wants_restart
    assert state(world)["server_made"]["restarts"] == {FRONT_END: 1}


def test_restart_needs_force_and_is_for_this_computer(host: Host) -> None:
    assert host.call("Restart-Computer").ids == ["RestartcomputerFailed"]
    assert host.call("Restart-Computer", ComputerName=[EDGE], **RESTART).ids == ["RestartcomputerFailed"]
    assert host.call("Restart-Computer", Wait=True, **RESTART).ids == ["CannotWaitLocalComputer"]
    assert host.session.computer.boots == 0


def test_services_start_by_themselves() -> None:
    world = steps.legacy()
    computer = world.computer("pool2010.contoso.test")
    host, gateway = Host(world, steps.FRONT_END), world.computer("xmppgw.contoso.test")
    running = {name for name, s in computer.windows_services.items() if s.running}
    with world.turn():
        power.restart(world, computer)
        power.restart(world, gateway)
        assert not any(s.running for s in computer.windows_services.values())
    world.clock.advance(31)
    host.call("Get-Date").ok()
    assert {name for name, s in computer.windows_services.items() if s.running} == running
    assert gateway.windows_services[services.OCS_GATEWAY].running


@pytest.mark.parametrize(
    ("what", "key"),
    [
        ("windows_update", r"HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired"),
        ("features", r"HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending"),
    ],
)
def test_who_wants_a_restart_stands_in_the_registry(what: str, key: str) -> None:
    host = Host(world_of(OLD.replace("[windows_update, file_rename]", f"[{what}]")), "core.contoso.test")
    assert host.call("Test-Path", ["."], LiteralPath=key).ok() == [[True]]
    assert state(host.session.world)["hosts"]["core.contoso.test"]["restart_pending"] == [what]
    assert state(host.session.world)["computers"]["core.contoso.test"]["restart_pending"] is True


def test_files_to_be_replaced_stand_in_the_registry() -> None:
    host = Host(world_of(OLD), "core.contoso.test")
    manager = r"HKLM:\SYSTEM\CurrentControlSet\Control\Session Manager"
    [[renames]] = host.call("Get-ItemProperty", ["PendingFileRenameOperations"], LiteralPath=manager).ok()
    assert renames


# --- names


def lookup(host: Host, name: str, **more: object) -> list[list[str]]:
    return host.call("Resolve-DnsName", ["Type", "IPAddress"], Name=name, **more).ok()


def test_names_are_found_in_hosts_then_inside_then_in_zones(host: Host, edge: Host) -> None:
    assert lookup(host, "pool2010.contoso.test", Type="A") == [["A", "10.0.0.10"]]
    assert lookup(host, "access.contoso.test") == [["A", "203.0.113.40"]]
    rows = host.call("Resolve-DnsName", ["NameTarget", "Port"], Name="_xmpp-server._tcp.contoso.test", Type="SRV").ok()
    assert rows == [["xmpp.contoso.test", 5269]]
    assert host.call("Resolve-DnsName", Name="nothing.contoso.test").ids == ["DNS_ERROR_RCODE_NAME_ERROR"]
    assert edge.call("Resolve-DnsName", Name="pool2013.contoso.test").ids == ["DNS_ERROR_RCODE_NAME_ERROR"]
    world, line = edge.session.world, b"10.9.9.9  pool2013.contoso.test POOL2013 # inside\r\n"
    old = world.files.read(edge.session.computer, HOSTS)
    assert b"sample HOSTS file" in old
    write = {"offset": 0, "bytes": base64.b64encode(old + line).decode()}
    frames = StandIn(edge.session).perform({"id": 1, "calls": [{"file": HOSTS, "write": write}]})
    assert frames[0]["ok"]
    assert lookup(edge, "pool2013.contoso.test") == [["A", "10.9.9.9"]] == lookup(edge, "POOL2013")
    assert edge.call("Resolve-DnsName", Name="pool2013.contoso.test", DnsOnly=True).errors
    assert state(world)["hosts"][EDGE]["hosts_file"] == ["10.9.9.9 pool2013.contoso.test POOL2013"]


def test_a_prepared_edge_asks_name_servers_that_know_the_inside() -> None:
    assert lookup(Host(steps.legacy(), steps.EDGE), "pool2010.contoso.test") == [["A", "10.0.0.10"]]


def test_2008_r2_has_no_such_cmdlet() -> None:
    assert Host(world_of(OLD), "fe.contoso.test").call("Resolve-DnsName", Name="x.test").ids == [
        "CommandNotFoundException"
    ]


# --- certificates and signatures


@pytest.mark.parametrize("switch", ["-f ", ""])
def test_certutil_adds_roots(edge: Host, switch: str) -> None:
    world = edge.session.world
    path = r"C:\Windows\Temp\root.cer"
    world.files.write(edge.session.computer, path, world.ca.certificate.public_bytes(Encoding.PEM))
    assert certificates_of(edge.session.computer).stores["Root"] == {}
    assert code(edge, CERTUTIL, f"-addstore {switch}Root {path}") == 0
    rows = edge.call("Get-ChildItem", ["Subject"], LiteralPath=r"Cert:\LocalMachine\Root").ok()
    assert rows == [["CN=Contoso Lab Root CA"]]
    assert state(world)["hosts"][EDGE]["trusted_roots"] == ["Contoso Lab Root CA"]
    assert code(edge, CERTUTIL, r"-addstore Root C:\nowhere.cer") == -2147024894
    assert code(edge, CERTUTIL, rf"-addstore Root {HOSTS}") not in (0, None)
    assert code(edge, CERTUTIL, "-delstore Root x") not in (0, None)


def test_signatures_are_those_of_the_content(host: Host) -> None:
    world, computer = host.session.world, host.session.computer
    fields = ["Status", "SignerCertificate.Subject"]
    installer = rf"{media.ROOT}\vcredist_x64.exe"
    assert host.call("Get-AuthenticodeSignature", fields, FilePath=[installer]).ok() == [["Valid", media.SIGNER]]
    content = media.content(installer)
    world.files.write(computer, r"C:\Windows\Temp\copy.exe", content)
    world.files.write(computer, r"C:\Windows\Temp\bad.exe", content[:-1] + b"!")
    world.files.write(computer, r"C:\Windows\Temp\own.exe", b"MZ")
    world.files.write(computer, r"C:\Windows\Temp\own.txt", b"text")
    found = {
        name: host.call("Get-AuthenticodeSignature", ["Status"], LiteralPath=[rf"C:\Windows\Temp\{name}"]).ok()
        for name in ("copy.exe", "bad.exe", "own.exe", "own.txt")
    }
    assert found == {
        "copy.exe": [["Valid"]], "bad.exe": [["HashMismatch"]], "own.exe": [["NotSigned"]],
        "own.txt": [["UnknownError"]],
    }  # fmt: skip
    assert host.call("Get-AuthenticodeSignature", FilePath=[r"C:\no.exe"]).ids == ["PathNotFound"]


# --- what Windows says of itself


def test_wmi_tells_of_the_system_in_its_own_form(host: Host) -> None:
    fields = ["Version", "ProductType", "OperatingSystemSKU", "LastBootUpTime", "LocalDateTime"]
    [[version, kind, sku, boot, now]] = host.call("Get-WmiObject", fields, Class="Win32_OperatingSystem").ok()
    assert (version, kind, sku, boot) == ("6.2.9200", 3, 7, "20261121080000.000000+000") and now >= boot
    disks = host.call("Get-WmiObject", ["DeviceID", "FreeSpace"], Class="Win32_LogicalDisk", Filter="DriveType=3").ok()
    assert disks == [["C:", 60 * 1024**3]]
    assert len(host.call("Get-WmiObject", ["DeviceID"], Class="win32_logicaldisk").ok()) == 2
    [[domain, member]] = host.call("Get-WmiObject", ["Domain", "PartOfDomain"], Class="Win32_ComputerSystem").ok()
    assert (domain, member) == ("contoso.test", True)
    assert host.call("Get-WmiObject", Class="Win32_Nothing").ids == ["GetWMIManagementException"]
    assert host.call("Get-WmiObject", Class="Win32_LogicalDisk", Filter="DriveType>3").errors
    assert host.call("Get-WmiObject", Class="Win32_LogicalDisk", ComputerName=["other"]).ids == ["GetWMICOMException"]


def test_server_core_and_full_disks_show() -> None:
    host = Host(world_of(OLD), "core.contoso.test")
    key = r"HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
    assert host.call("Get-ItemProperty", ["InstallationType"], LiteralPath=key).ok() == [["Server Core"]]
    [[free]] = host.call("Get-WmiObject", ["FreeSpace"], Class="Win32_LogicalDisk", Filter="DeviceID='C:'").ok()
    assert free == int(3.5 * 1024**3)


def test_the_clock_is_the_labs(host: Host) -> None:
    [[now]] = host.call("Get-Date", ["."]).ok()
    assert now.startswith("2026-11-21T08:00:0")
    host.session.computer.clock_skew = -600
    [[behind]] = host.call("Get-Date", ["."]).ok()
    [[local]] = host.call("Get-WmiObject", ["LocalDateTime"], Class="Win32_OperatingSystem").ok()
    assert behind.startswith("2026-11-21T07:50:0") and local.startswith("202611210750")


def groups(host: Host) -> dict[str, str]:
    lines = said(host, WHOAMI, "/groups /fo csv /nh").splitlines()
    rows = [[cell.strip('"') for cell in line.split('","')] for line in lines]
    return {row[2]: row[0] for row in rows}


def test_the_token_is_that_of_the_logon(host: Host, edge: Host) -> None:
    world = host.session.world
    world.memberships(r"CONTOSO\admin")[:] = ["Domain Admins"]
    found = groups(host)
    assert "S-1-5-32-544" in found and any(sid.endswith("-512") for sid in found)
    assert r"CONTOSO\RTCUniversalServerAdmins" not in found.values()
    world.memberships(r"CONTOSO\admin").append("RTCUniversalServerAdmins")
    assert r"CONTOSO\RTCUniversalServerAdmins" in groups(Host(world, FRONT_END)).values()
    local = groups(edge)
    assert {"S-1-5-32-544", "S-1-5-114", "S-1-16-12288"} <= set(local)
    assert not any(sid.startswith("S-1-5-21-") for sid in local)
    assert executed(host, WHOAMI, "/all")["exit"] == 1
    assert said(edge, WHOAMI) == "edge2013\\administrator\r\n"


def test_quotas_of_winrm(host: Host) -> None:
    rows = dict(host.call("Get-Item", ["Name", "Value"], Path=r"WSMan:\localhost\Shell\*").ok())
    assert rows["MaxShellsPerUser"] == "30" and rows["MaxMemoryPerShellMB"] == "1024" and len(rows) == 7
    one = host.call("Get-Item", ["Value"], LiteralPath=r"WSMan:\localhost\Shell\idletimeout").ok()
    assert one == [["7200000"]]
    assert host.call("Get-Item", ["Value"], Path=r"WSMan:\localhost\MaxEnvelopeSizekb").ok() == [["500"]]
    assert host.call("Get-Item", Path=r"WSMan:\localhost\Shell\Nothing").ids == ["PathNotFound"]
    names = [row[0] for row in host.call("Get-ChildItem", ["Name"], Path=r"WSMan:\localhost\Service").ok()]
    assert "MaxConnections" in names
    host.session.computer.quotas[r"shell\MaxShellsPerUser"] = "3"
    assert host.call("Get-Item", ["Value"], Path=r"WSMan:\localhost\Shell\MaxShellsPerUser").ok() == [["3"]]


# --- estates

BARE = """
name: one
domain: contoso.test
sip_domains: [contoso.test]
hosts:
  - {fqdn: fe.contoso.test, bare: true}
"""


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("bare: true", "bare: true, product: lync_2013", "product: fe.contoso.test is bare"),
        ("bare: true", "bare: true, sql: {instances: [RTC]}", "sql: fe.contoso.test is bare"),
        ("bare: true", 'bare: true, windows: "10.0", powershell: "5.1"', "windows: .* needs 2012 R2 or older"),
        ("bare: true", "installation: Nano", "installation: 'Nano' is not one of"),
        ("bare: true", "restart_pending: [moon]", "restart_pending: 'moon' is none of"),
        ("bare: true", "restart_after: [setup.exe]", "restart_after: 'setup.exe' is none of the installers"),
        ("hosts:", "internal_names: {pool: [10.0.0.1]}\nhosts:", "internal_names: 'pool' is not a fully"),
        ("hosts:", "internal_names: {p.test: [x]}\nhosts:", "internal_names: 'x' is no IPv4 address"),
    ],
)
def test_estates_that_contradict_themselves_are_refused(old: str, new: str, sentence: str) -> None:
    assert world_of(BARE).computers["fe.contoso.test"].bare
    with pytest.raises(EstateError, match=sentence):
        world_of(BARE.replace(old, new))


def test_the_enterprise_estate_has_what_is_there_before() -> None:
    world = named("lync2010-enterprise", 5)
    assert world.computers["sql2013.contoso.test"].sql_instances == {"RTC"}
    assert world.computers["files.contoso.test"].shares == ("lyncshare",)
    bare_ones = {c.inventory_name for c in world.computers.values() if c.bare}
    assert bare_ones == {"fe2013a", "fe2013b", "fe2013c", "edge2013a", "edge2013b"}
    pool = lookup(Host(world, "fe1.contoso.test"), "eepool2013.contoso.test")
    assert [address for _type, address in pool] == ["10.0.0.31", "10.0.0.32", "10.0.0.33"]
