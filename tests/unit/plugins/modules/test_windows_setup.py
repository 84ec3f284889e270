# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules for Windows itself against the lab: check, look, do, look, do again, on hosts that have Windows alone."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.lync.xmpp_migration.lab.cmdlets import ExecutableCall
from ansible_collections.lync.xmpp_migration.lab.organisation import installations, media
from ansible_collections.lync.xmpp_migration.lab.organisation.certificate_store import Stored
from ansible_collections.lync.xmpp_migration.lab.organisation.certificates import certificates_of
from ansible_collections.lync.xmpp_migration.lab.organisation.resolution import DEFAULT_HOSTS, HOSTS
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
from ansible_collections.lync.xmpp_migration.tests.unit.lab_bench import LabBench
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.lync_people import undocumented
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

EDGE, FRONT_END = "edge2013", "fe2013"
SCHANNEL = r"HKLM:\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL"
CORE = r"C:\Program Files\Common Files\Microsoft Lync Server 2013\Modules\Lync\Lync.psd1"
FEATURES = {"names": ["Windows-Identity-Foundation", "NET-Framework-45-Core"], "source": r"D:\sources\sxs"}
RUNTIME = {
    "name": "Visual C++ runtime",
    "path": r"D:\Setup\amd64\vcredist_x64.exe",
    "arguments": ["/q", "/norestart"],
    "provides": {"display_name": media.VISUAL_C},
}
CORE_FILES = {
    "name": "core components",
    "path": r"D:\Setup\amd64\Setup\ocscore.msi",
    "provides": {"file": CORE},
}
PACKAGES = {"packages": [RUNTIME, CORE_FILES]}
VALUE = {"values": [{"path": SCHANNEL, "name": "EnableSessionTicket", "type": "dword", "data": 2}]}
ENTRY = {"entries": [{"address": "10.0.0.20", "names": ["pool2013.contoso.test"]}]}


@pytest.fixture(name="lab")
def _lab(tmp_path):
    return LabBench(tmp_path, "lync2010-standard")


def computer(lab, host=EDGE):
    return next(one for one in lab.world.computers.values() if one.inventory_name == host)


def old_windows(lab):
    host = computer(lab)
    host.windows = "6.1"
    lab.hosts[EDGE].leave("process_ended")
    return host


def rhythm(lab, module, params, host=EDGE, *, looks):
    """Check (twice), look, do, look, do again, check again; the result of doing it."""
    before = looks()
    planned = lab.done(module, params, host, check=True)
    assert planned["changed"] is True and lab.called() == [] and looks() == before
    assert undocumented(module, planned) == []
    assert lab.done(module, params, host, check=True)["changed"] is False  # it sees what was planned
    done = lab.done(module, params, host)
    assert done["changed"] is True and looks() != before
    assert undocumented(module, done) == []
    calls, after = lab.called(), looks()
    assert [one["cmdlet"] for one in done["calls"]] == [one["cmdlet"] for one in planned["calls"]]
    again = lab.done(module, params, host)
    assert again["changed"] is False and again["calls"] == [] and lab.called() == calls and looks() == after
    assert lab.done(module, params, host, check=True, run="run-2")["changed"] is False
    return done


def intents(entries):
    return [one for one in entries if one["kind"] == "intent"]


# --- Windows features


def test_features_are_added_with_one_call(lab):
    done = rhythm(lab, windows_feature, FEATURES, looks=lambda: sorted(computer(lab).features))
    assert lab.called() == ["Install-WindowsFeature"]  # what Windows has itself is not asked for
    assert done["calls"][0]["parameters"]["Name"] == ["Windows-Identity-Foundation"]
    assert done["restart_required"] is False
    assert "not removed" in intents(lab.journal())[0]["undo"]["irreversible"]


def test_a_feature_that_needs_a_restart(lab):
    wanted = {"names": ["Desktop-Experience"]}
    assert lab.done(windows_feature, wanted, FRONT_END, check=True)["restart_required"] is True
    planned = lab.done(restart, {}, FRONT_END, check=True)
    assert planned["changed"] is True and intents(lab.plan())[-1]["conditional"] is False
    assert lab.done(restart, {}, FRONT_END, check=True)["changed"] is False
    done = lab.done(windows_feature, wanted, FRONT_END)
    assert done["restart_required"] is True and done["features"][0]["state"] == "installed"
    again = lab.done(windows_feature, wanted, FRONT_END)
    assert again["changed"] is False and again["restart_required"] is True
    assert again["features"][0]["state"] == "installed, a restart is needed"
    assert lab.done(restart, {}, FRONT_END)["restart"]["reasons"] == ["Windows features or components were installed"]
    assert lab.done(restart, {}, FRONT_END)["changed"] is False


def test_a_feature_whose_files_are_missing_or_that_is_not_known(lab):
    result = lab.run(windows_feature, {"names": ["NET-Framework-Core"]}, EDGE)
    assert result["failed"] and "Windows features NET-Framework-Core" in result["msg"]
    result = lab.run(windows_feature, {"names": ["Web-Servr"]}, EDGE)
    assert result["failed"] and "no feature Web-Servr" in result["msg"] and "Get-WindowsFeature" in result["msg"]
    assert lab.done(windows_feature, {"names": ["NET-Framework-Core"], "source": r"D:\sources\sxs"}, EDGE)["changed"]


def test_features_on_windows_2008_r2(lab):
    old_windows(lab).features = set()
    done = lab.done(windows_feature, {"names": ["Web-Server"], "source": r"D:\sources\sxs"}, EDGE)
    assert lab.called() == ["Add-WindowsFeature"] and "Source" not in done["calls"][0]["parameters"]


# --- packages


def test_packages_are_installed_in_order_and_bring_the_cmdlets(lab):
    lab.done(windows_feature, FEATURES, EDGE)
    shell = lab.hosts[EDGE]
    assert shell.hello["lync"] is None
    start = len(lab.called())
    planned = lab.done(package, PACKAGES, EDGE, check=True)
    assert [one["installed"] for one in planned["packages"]] == [True, True] and len(lab.called()) == start
    assert lab.done(package, PACKAGES, EDGE, check=True)["changed"] is False
    done = lab.done(package, PACKAGES, EDGE)
    assert lab.called()[start:] == ["vcredist_x64.exe", "msiexec.exe"] and undocumented(package, done) == []
    assert done["calls"][1]["parameters"]["arguments"][:2] == ["/i", CORE_FILES["path"]]
    assert shell.left == ["module_path"] and shell.hello["lync"] is not None
    again = lab.done(package, PACKAGES, EDGE)
    assert again["changed"] is False and again["calls"] == [] and shell.left == ["module_path"]
    assert [intent["undo"] for intent in intents(lab.journal())[-2:]] == [
        {"irreversible": intents(lab.journal())[-1]["undo"]["irreversible"]}
    ] * 2


def test_an_installer_that_is_not_what_it_has_to_be(lab):
    host = computer(lab)
    data = bytearray(lab.world.files.read(host, RUNTIME["path"]))
    other = {**RUNTIME, "sha256": hashlib.sha256(data).hexdigest()}
    lab.world.files.write(host, r"C:\Windows\vcredist_x64.exe", bytes(data), lab.world.clock.now())
    data[-1] ^= 1
    lab.world.files.write(host, r"C:\Windows\Temp\vcredist_x64.exe", bytes(data), lab.world.clock.now())
    for changed, said in (
        ({**RUNTIME, "path": r"C:\Windows\Temp\vcredist_x64.exe"}, "no valid signature"),
        ({**other, "path": r"C:\Windows\Temp\vcredist_x64.exe"}, "is wanted: it was changed"),
        ({**RUNTIME, "signer": "Contoso"}, "signed by 'Microsoft Corporation', not by 'Contoso'"),
        ({**RUNTIME, "path": r"E:\vcredist_x64.exe"}, "see that the media are there"),
        ({**RUNTIME, "path": r"D:\Setup\amd64\Setup.exe"}, "not one of the installers"),
        ({**RUNTIME, "path": r"C:\Windows\System32\certutil.exe"}, "not one of the installers"),
        ({**RUNTIME, "provides": {}}, "one of display_name, file, service, sql_instance"),
    ):
        for check in (True, False):
            result = lab.run(package, {"packages": [changed]}, EDGE, check=check)
            assert result["failed"] and said in result["msg"], result["msg"]
    assert lab.called() == []
    assert lab.done(package, {"packages": [{**other, "path": r"C:\Windows\vcredist_x64.exe"}]}, EDGE)["changed"]


def test_an_installer_that_asks_for_a_restart(lab):
    computer(lab).restart_after = {"vcredist_x64.exe"}
    planned = lab.done(package, {"packages": [RUNTIME]}, EDGE, check=True)
    assert planned["restart_required"] is False  # only the installer knows
    lab.done(restart, {}, EDGE, check=True)
    assert intents(lab.plan())[-1]["conditional"] is True
    done = lab.done(package, {"packages": [RUNTIME]}, EDGE)
    assert done["restart_required"] is True and done["packages"][0]["present"] is True
    assert [one["ok"] for one in lab.journal() if one["kind"] == "outcome"] == [True]
    assert lab.done(restart, {}, EDGE)["restart"]["reasons"] == ["files in use are to be replaced"]


def test_another_installation_is_waited_for(lab):
    lab.done(windows_feature, FEATURES, EDGE)
    lab.done(package, {"packages": [RUNTIME]}, EDGE)
    start = len(lab.called())
    installations.begin(lab.world, computer(lab), 40)
    done = lab.done(package, {"packages": [CORE_FILES]}, EDGE)
    assert done["changed"] and set(lab.called()[start:]) == {"msiexec.exe"}
    codes = [one.get("exit") for one in lab.journal() if one["kind"] == "outcome" and "exit" in one]
    assert codes[-4:] == [1618, 1618, 1618, 0]


def test_another_installation_that_does_not_end(lab):
    installations.begin(lab.world, computer(lab), 4000)
    result = lab.run(package, {"packages": [RUNTIME], "seconds": 60}, EDGE)
    assert result["failed"] and "1618" in result["msg"] and "has not ended within 60 s" in result["msg"]


def test_an_installer_that_is_left_running_is_waited_for_by_the_next_run(lab):
    lab.done(windows_feature, {"names": ["NET-Framework-Core"], "source": r"D:\sources\sxs"}, FRONT_END)
    sql = {
        "name": "SQL Server Express",
        "path": r"D:\Setup\amd64\SQLEXPR_x64.exe",
        "arguments": ["/Q", "/IACCEPTSQLSERVERLICENSETERMS", "/ACTION=Install", "/INSTANCENAME=RTC"],
        "provides": {"sql_instance": "RTC"},
    }
    host = computer(lab, FRONT_END)
    call = ExecutableCall(sql["path"], "", sql["arguments"], None, None, lab.world, host, "", "", True)
    installations.begin(lab.world, host, 300, call).attended = False  # of a run that was killed
    done = lab.done(package, {"packages": [sql], "seconds": 600}, FRONT_END, run="run-2")
    assert done["packages"][0]["present"] is True and "RTC" in computer(lab, FRONT_END).sql_instances
    assert done["calls"] == [] and done["packages"][0]["installed"] is False  # it was not started again


# --- registry


def test_a_registry_value(lab):
    key = SCHANNEL.partition("\\")[2]
    rhythm(lab, registry_value, VALUE, looks=lambda: computer(lab).registry.get(key, "EnableSessionTicket"))
    assert computer(lab).registry.get(key, "EnableSessionTicket") == 2
    (first,) = intents(lab.journal())
    assert first["undo"][0]["name"] == "Remove-ItemProperty"
    other = {"values": [{**VALUE["values"][0], "data": "0xFFFFFFFF"}]}
    assert lab.done(registry_value, other, EDGE)["changed"] is True
    assert lab.done(registry_value, other, EDGE)["changed"] is False  # PowerShell says -1
    undo = intents(lab.journal())[-1]["undo"]
    assert undo[0]["name"] == "New-ItemProperty" and undo[0]["parameters"]["Value"] == 2


def test_registry_values_of_each_type_below_a_new_key(lab):
    path = r"HKLM:\SOFTWARE\Contoso\Deep"
    values = [
        {"path": path, "name": "A text", "data": "2013-02-22"},
        {"path": path, "name": "Many", "type": "multi_string", "data": ["a", "b"]},
        {"path": path, "name": "Bytes", "type": "binary", "data": [0, 255]},
        {"path": path, "name": "Large", "type": "qword", "data": 2**63},
    ]
    done = lab.done(registry_value, {"values": values}, EDGE)
    assert [one["cmdlet"] for one in done["calls"]] == ["New-Item"] * 2 + ["New-ItemProperty"] * 4
    assert lab.done(registry_value, {"values": values}, EDGE)["changed"] is False
    # a key that is there is never made anew, which would empty it
    assert lab.done(registry_value, {"values": [{"path": path, "name": "More", "data": "x"}]}, EDGE)["changed"]
    assert computer(lab).registry.get(r"SOFTWARE\Contoso\Deep", "A text") == "2013-02-22"
    assert intents(lab.journal())[0]["undo"][0]["name"] == "Remove-Item"


# --- suffix and restart


def test_a_primary_dns_suffix_and_its_restart(lab):
    host = computer(lab)
    params = {"suffix": "contoso.test"}
    assert lab.hosts[EDGE].hello["domain"] == ""
    planned = lab.done(primary_dns_suffix, params, EDGE, check=True)
    assert planned["changed"] and planned["restart_required"] and lab.called() == []
    assert lab.done(primary_dns_suffix, params, EDGE, check=True)["restart_required"] is True
    assert lab.done(restart, {}, EDGE, check=True)["restart"]["reasons"] == ["another primary DNS suffix was set"]
    assert lab.done(restart, {}, EDGE, check=True)["changed"] is False
    after = lab.done(primary_dns_suffix, params, EDGE, check=True)
    assert after["changed"] is False and after["restart_required"] is False
    # what is planned from here on is planned for the computer by its new name
    lab.done(hosts_file, ENTRY, EDGE, check=True)
    assert lab.done(hosts_file, ENTRY, EDGE, check=True)["changed"] is False
    assert [one["scope"] for one in intents(lab.plan())] == ["edge2013"] * 3 + ["edge2013.contoso.test"]

    done = lab.done(primary_dns_suffix, params, EDGE)
    assert done["changed"] and done["restart_required"] and host.dns_suffix == ""
    assert undocumented(primary_dns_suffix, done) == []
    again = lab.done(primary_dns_suffix, params, EDGE)
    assert again["changed"] is False and again["restart_required"] is True
    boots = host.boots
    restarted = lab.done(restart, {}, EDGE)
    assert restarted["restart"]["restarted"] is True and undocumented(restart, restarted) == []
    assert host.boots == boots + 1 and host.dns_suffix == "contoso.test"
    assert lab.hosts[EDGE].left[0] == "host_restarted" and lab.hosts[EDGE].hello["domain"] == "contoso.test"
    assert lab.done(primary_dns_suffix, params, EDGE)["restart_required"] is False
    assert lab.done(restart, {}, EDGE)["changed"] is False and host.boots == boots + 1
    lab.done(hosts_file, ENTRY, EDGE)
    assert [one["scope"] for one in intents(lab.journal())] == [one["scope"] for one in intents(lab.plan())]
    assert lab.done(primary_dns_suffix, params, FRONT_END)["changed"] is False  # a member has that of its domain


def test_a_restart_for_a_reason_of_its_own(lab):
    result = lab.done(restart, {"state": "always", "reason": "New group membership"}, EDGE)
    assert result["restart"]["reasons"] == ["New group membership"] and result["diff"]["after"]["started"]
    assert lab.called() == ["Restart-Computer"]


def test_a_host_that_does_not_come_back(lab):
    lab.world.latency["restart"] = 3600
    result = lab.run(restart, {"state": "always", "reason": "test", "wait_seconds": 60}, EDGE)
    assert result["failed"] and "has not come back from its restart within 60 s" in result["msg"]


# --- files


def test_a_file(lab, tmp_path):
    (tmp_path / "input.xml").write_bytes(b"<x/>" * 1000)
    params = {"src": str(tmp_path / "input.xml"), "dest": r"C:\ProgramData\input.xml"}
    host = computer(lab)
    done = rhythm(lab, server_file, params, looks=lambda: lab.world.files.exists(host, params["dest"]))
    assert lab.world.files.read(host, params["dest"]) == b"<x/>" * 1000 and done["file"]["size"] == 4000
    assert intents(lab.journal())[0]["undo"][0]["name"] == "Remove-Item"
    assert lab.done(server_file, {"content": "ä\n", "dest": params["dest"]}, EDGE)["changed"] is True
    assert lab.world.files.read(host, params["dest"]) == "ä\n".encode()
    assert "not kept" in intents(lab.journal())[-1]["undo"]["irreversible"]


def test_a_file_that_cannot_be(lab, tmp_path):
    for params, said in (
        ({"src": str(tmp_path / "none"), "dest": r"C:\ProgramData\x"}, "cannot be read: No such file"),
        ({"content": "x", "dest": r"C:\ProgramData\x", "sha256": "0" * 64}, "Nothing was sent"),
        ({"content": "x", "dest": r"C:\Nowhere\x"}, "the folder C:\\Nowhere is not there"),
        ({"content": "x", "dest": "x"}, "dest: "),
    ):
        result = lab.run(server_file, params, EDGE)
        assert result["failed"] and said in result["msg"], result["msg"]


# --- roots


def authority(name, *, issuer=None, days=365):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    of, by = issuer or (subject, key)
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(of)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=400))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(True, None), True)
        .sign(by, hashes.SHA256())
    )
    return made, (subject, key)


def pem(path, *certificates):
    path.write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in certificates))
    return str(path)


@pytest.mark.parametrize("windows", ["6.2", "6.1"])
def test_a_root(lab, tmp_path, windows):
    root, _own = authority("Contoso Root")
    host = old_windows(lab) if windows == "6.1" else computer(lab)
    params = {"certificates": [pem(tmp_path / "root.pem", root)]}
    looks = lambda: sorted(certificates_of(host).stores["Root"])  # noqa: E731
    done = rhythm(lab, trusted_root, params, looks=looks)
    assert done["roots"][0]["thumbprint"] in looks() and done["misplaced"] == []
    names = [one["cmdlet"] for one in done["calls"]]
    assert names == ["file.write", "certutil.exe" if windows == "6.1" else "Import-Certificate", "Remove-Item"]
    undo = next(one for one in intents(lab.journal()) if "root_certificate" in str(one["effects"]))["undo"]
    assert undo[0]["parameters"]["LiteralPath"] == f"Cert:\\LocalMachine\\Root\\{done['roots'][0]['thumbprint']}"


def test_roots_that_are_none(lab, tmp_path):
    root, own = authority("Contoso Root")
    middle, _key = authority("Contoso Issuing", issuer=own)
    old, _key = authority("Old Root", days=-1)
    for name, made, said in (("m", middle, "which CN=Contoso Root has issued"), ("o", old, "has expired")):
        result = lab.run(trusted_root, {"certificates": [pem(tmp_path / name, made)]}, EDGE)
        assert result["failed"] and said in result["msg"]
    (tmp_path / "x").write_text("x")
    result = lab.run(trusted_root, {"certificates": [str(tmp_path / "x")]}, EDGE)
    assert result["failed"] and "no certificate in PEM form" in result["msg"]
    certificates_of(computer(lab)).add(Stored(middle), "Root")
    result = lab.done(trusted_root, {"certificates": [pem(tmp_path / "r", root)]}, EDGE)
    assert result["misplaced"][0]["subject"] == "CN=Contoso Issuing"
    assert any("can keep a Front End from starting" in one for one in result["warnings"])
    result = lab.run(trusted_root, {"misplaced": "refuse"}, EDGE)
    assert result["failed"] and "move them to the intermediate" in result["msg"]


def test_too_many_roots(lab):
    for number in range(101):
        certificates_of(computer(lab)).add(Stored(authority(f"Root {number}")[0]), "Root")
    result = lab.done(trusted_root, {}, EDGE)
    assert result["changed"] is False and any("KB2464556" in one for one in result["warnings"])


# --- HOSTS


def hosts(lab):
    return lab.world.files.read(computer(lab), HOSTS)


def test_the_hosts_file(lab):
    rhythm(lab, hosts_file, ENTRY, looks=lambda: hosts(lab))
    line = b"10.0.0.20\tpool2013.contoso.test\t# lync.xmpp_migration\r\n"
    assert hosts(lab) == DEFAULT_HOSTS + line
    (first,) = intents(lab.journal())
    assert first["undo"][0]["name"] == "Set-Content"
    assert first["undo"][0]["parameters"]["Value"].encode() + b"\r\n" == DEFAULT_HOSTS
    moved = {"entries": [{"address": "10.0.0.21", "names": ["pool2013.contoso.test", "FE"]}]}
    lab.done(hosts_file, moved, EDGE)
    assert hosts(lab) == DEFAULT_HOSTS + line.replace(b".20\tpool2013.contoso.test", b".21\tpool2013.contoso.test fe")


def test_the_lines_of_others_in_the_hosts_file(lab):
    theirs = b"\xe4 1.2.3.4\n10.9.9.9 pool2013.contoso.test other # ours\r\n\r\nfe80::1%3 x\r10.0.0.20\tx"
    lab.world.files.write(computer(lab), HOSTS, theirs, lab.world.clock.now())
    for check in (True, False):
        result = lab.run(hosts_file, ENTRY, EDGE, check=check)
        assert result["failed"] and "10.9.9.9 in a line that is not ours" in result["msg"]
    assert hosts(lab) == theirs
    lab.done(hosts_file, {**ENTRY, "replace": True}, EDGE)
    assert hosts(lab) == (
        theirs.replace(b"10.9.9.9 pool2013.contoso.test other # ours", b"10.9.9.9\tother\t# ours")
        + b"\r\n10.0.0.20\tpool2013.contoso.test\t# lync.xmpp_migration\r\n"
    )
    assert "not kept" in intents(lab.journal())[-1]["undo"]["irreversible"]
    assert lab.done(hosts_file, ENTRY, EDGE)["changed"] is False


def test_hosts_entries_that_cannot_be(lab):
    for entries, said in (
        ([{"address": "10.0.0.1", "names": ["a"]}, {"address": "10.0.0.2", "names": ["A"]}], "a is wanted at 10.0.0.1"),
        ([{"address": "10.0.0.1", "names": [f"n{i}" for i in range(10)]}], "reads 1 to 9"),
        ([{"address": "nowhere", "names": ["a"]}], "entries: "),
    ):
        result = lab.run(hosts_file, {"entries": entries}, EDGE)
        assert result["failed"] and said in result["msg"]
    both = [{"address": "10.0.0.1", "names": ["a"]}, {"address": "fe80::1", "names": ["a"]}]
    assert lab.done(hosts_file, {"entries": both}, EDGE)["changed"] is True
