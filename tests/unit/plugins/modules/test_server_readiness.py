# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""server_readiness: each finding is provoked and its sentence read; a host that is as it should be has none."""

from __future__ import annotations

import base64
import functools
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.performer import NoShell
from ansible_collections.lync.xmpp_migration.plugins.module_utils._readiness import estate as _readiness_estate
from ansible_collections.lync.xmpp_migration.plugins.module_utils._readiness import host as _readiness_host
from ansible_collections.lync.xmpp_migration.plugins.module_utils._readiness.host import IDS, PORTS, QUOTAS, moment
from ansible_collections.lync.xmpp_migration.plugins.module_utils._readiness.manual_gate import GATES
from ansible_collections.lync.xmpp_migration.plugins.module_utils._readiness.rights import token
from ansible_collections.lync.xmpp_migration.plugins.modules import server_readiness
from ansible_collections.lync.xmpp_migration.tests.unit.doubles import Bench, Estate, FakeShell, Row, ServerError
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.lync_people import undocumented

NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
GIB = 1024**3
MEDIA = r"D:\Setup\amd64\Setup\ocscore.msi"
FILE_SERVER = "files.contoso.test"
#: What only reads although it is no Get- and no Test-.
READERS = {"whoami.exe", "netstat.exe", "Resolve-DnsName"}
DOMAIN = "S-1-5-21-1004336348-1177238915-682003330"
READY = {
    "ad_schema": "SCHEMA_VERSION_STATE_CURRENT",
    "ad_forest": "LC_FORESTSETTINGS_STATE_READY",
    "ad_domain": "LC_DOMAINSETTINGS_STATE_READY",
}
GROUPS = {
    r"VORDEFINIERT\Administratoren": "S-1-5-32-544",
    r"CONTOSO\Domänen-Admins": f"{DOMAIN}-512",
    r"CONTOSO\RTCUniversalServerAdmins": f"{DOMAIN}-1104",
    r"CONTOSO\CsAdministrator": f"{DOMAIN}-1105",
    r"Verbindliche Beschriftung\Hohe Verbindlichkeitsstufe": "S-1-16-12288",
}


class Windows(FakeShell):
    """A host as it should be; each test changes one thing of it."""

    def __init__(self, estate: Estate, computer: str, **more: Any) -> None:
        super().__init__(estate, computer, **more)
        self._hello["user"] = r"CONTOSO\lyncadmin"
        self._hello["powershell"] = more.get("powershell", "4.0")
        self.groups: dict[str, str] = dict(GROUPS)
        self.paths: dict[str, Row | Exception] = {
            MEDIA: {"FullName": MEDIA},
            r"\\contoso.test\SYSVOL": {"FullName": r"\\contoso.test\SYSVOL"},
        }
        self.quotas: dict[str, Any] = {
            "MaxMemoryPerShellMB": "1024", "IdleTimeout": "7200000", "MaxShellsPerUser": "30", "MaxProcessesPerShell": "25",
        }  # fmt: skip
        self.registry: dict[str, Any] = {"InstallationType": "Server"}
        self.addresses: dict[str, str] = {FILE_SERVER: "10.0.1.5"}
        self.hotfixes: list[Row] = []
        self.put("operating_system", Version="6.2.9200", Caption="Windows Server 2012", ProductType=3,
                 OperatingSystemSKU=7, LocalDateTime="20261121090000.000000+060")  # fmt: skip
        self.put("computer_system", PartOfDomain=True, Domain="contoso.test")
        self.put("disk", DeviceID="C:", FreeSpace=str(40 * GIB))
        self.put("root_certificate", Thumbprint="AA", Subject="CN=Root", Issuer="CN=Root")
        self.handlers.update(
            {
                "Get-Item": lambda _s, p: self.item(str(p["LiteralPath"])),
                "Get-ItemProperty": lambda _s, p: [self.registry],
                "Resolve-DnsName": lambda _s, p: self.resolved(str(p["Name"])),
                "Get-WmiObject": lambda _s, p: self.wmi(p),
            }
        )

    def put(self, name: str, **row: Any) -> None:
        self.own.setdefault(name, {})[str(row.get("DeviceID") or row.get("Thumbprint") or row.get("Name") or name)] = (
            row
        )

    def item(self, path: str) -> list[Row]:
        quota = self.quotas.get(path.rpartition("\\")[2])
        if path.startswith("WSMan:") and quota is not None:
            return [{"Name": path.rpartition("\\")[2], "Value": quota}]
        found = self.paths.get(path, ServerError("PathNotFound", "ObjectNotFound"))
        if isinstance(found, Exception):
            raise found
        return [found]

    def resolved(self, name: str) -> list[Row]:
        if name not in self.addresses:
            raise ServerError("DNS_ERROR_RCODE_NAME_ERROR", "ResourceUnavailable")
        return [{"Name": name, "IPAddress": self.addresses[name]}]

    def wmi(self, parameters: Mapping[str, Any]) -> list[Row]:
        if parameters["Class"] == "Win32_PingStatus":
            name = parameters["Filter"].split("'")[1]
            return [{"PrimaryAddressResolutionStatus": 0 if name in self.addresses else 11001}]
        if parameters["Class"] == "Win32_QuickFixEngineering":
            return self.hotfixes
        return self._get("Get-WmiObject", parameters)

    def _executable(self, call: Mapping[str, Any]) -> tuple[list[Row], dict[str, Any]]:
        rows, end = super()._executable(call)
        text = "".join(f'"{name}","Gruppe","{sid}","Verbindliche Gruppe"\r\n' for name, sid in self.groups.items())
        if call["executable"].endswith("netstat.exe"):
            text = "  Proto  Lokale Adresse  Remoteadresse  Status  PID\r\n  TCP    0.0.0.0:5061    0.0.0.0:0    ABH\x99REN    712\r\n"
        return rows, {**end, "stdout": base64.b64encode(text.encode("cp850", "replace")).decode()}


@pytest.fixture(name="bench", autouse=True)
def _bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(server_readiness, "run", functools.partial(_readiness_host.run, clock=NOW.timestamp))
    estate = Estate(site=[{"Identity": "Site:Redmond"}], store_location=[{"BackEndServer": r"sql2013\rtc"}])
    for name, state in READY.items():
        estate.put(name, {".": state})
    bench = Bench(tmp_path, estate)
    bench.hosts = {"fe2013": Windows(estate, "pool2013"), "edge2013": edge_host(estate)}
    return bench


def edge_host(estate: Estate) -> Windows:
    host = Windows(estate, "edge2013", tools=False)
    host._hello["user"] = r"EDGE2013\installer"
    host.put("computer_system", PartOfDomain=False, Domain="WORKGROUP")
    return host


def run(bench: Bench, host: str = "fe2013", check: bool = False, **more: Any) -> dict[str, Any]:
    role = "edge" if host == "edge2013" else "front_end"
    params = {"role": role, "names": [FILE_SERVER], "media": [MEDIA], **more}
    return bench.run(server_readiness, params, host, check=check)


def set_row(name: str, **values: Any) -> Callable[[Windows], None]:
    def change(host: Windows) -> None:
        for row in host.own[name].values():
            row.update(values)

    return change


def hello(**values: Any) -> Callable[[Windows], None]:
    return lambda host: host._hello.update(values)


def quota(name: str, value: str) -> Callable[[Windows], None]:
    return lambda host: host.quotas.update({name: value})


def without(*groups: str) -> Callable[[Windows], None]:
    def change(host: Windows) -> None:
        host.groups = {name: sid for name, sid in host.groups.items() if not name.endswith(groups)}

    return change


def state(name: str, value: str, *groups: str) -> Callable[[Windows], None]:
    def change(host: Windows) -> None:
        without(*groups)(host)
        host.estate.put(name, {".": value})

    return change


def fails(cmdlet: str, error: str = "SqlException", category: str = "NotSpecified") -> Callable[[Windows], None]:
    return lambda host: host.failures.update({cmdlet: ServerError(error, category, "access denied")})


def both(*changes: Callable[[Windows], None]) -> Callable[[Windows], None]:
    def change(host: Windows) -> None:
        for one in changes:
            one(host)

    return change


def listening(host: Windows) -> None:
    host.own["listening_port"] = {"5061": {"LocalPort": 5061, "OwningProcess": 712}}
    host.own["process"] = {"nginx": {"ProcessName": "nginx", "Id": 712}}


def bare(host: Windows) -> None:
    host.tools = False


def no_sysvol(host: Windows) -> None:
    host.tools = False
    host.paths[r"\\contoso.test\SYSVOL"] = ServerError("ItemExistsUnauthorizedAccessError", "PermissionDenied", "no")


def no_share(host: Windows) -> None:
    del host.paths[r"\\contoso.test\SYSVOL"]


def filtered(host: Windows) -> None:
    without("Hohe Verbindlichkeitsstufe")(host)
    host.groups["Mittel"] = "S-1-16-8192"


def no_media(host: Windows) -> None:
    del host.paths[MEDIA]


def many_roots(host: Windows) -> None:
    for number in range(101):
        host.put("root_certificate", Thumbprint=f"{number:040X}", Subject=f"CN=R{number}", Issuer=f"CN=R{number}")


FE = "pool2013.contoso.test"
WHO = rf"The logon of CONTOSO\lyncadmin on {FE} should be"
CASES: list[tuple[str, str, Callable[[Windows], None], str]] = [
    ("windows_version", "error", set_row("operating_system", Version="10.0.14393", Caption="Windows Server 2016"),
     "Server 2012 or Windows Server 2012 R2, but is Windows Server 2016 (10.0.14393): take a host with one of these."),
    ("windows_version", "error", set_row("operating_system", Version="6.1.7600", Caption="Windows Server 2008 R2"),
     "but is Windows Server 2008 R2 (6.1.7600): install Service Pack 1."),
    ("windows_kind", "error", set_row("operating_system", ProductType=2), "is a domain controller: take another host."),
    ("windows_kind", "error", set_row("operating_system", ProductType=1), "is a workstation: take another host."),
    ("server_core", "error", lambda host: host.registry.update(InstallationType="Server Core"),
     f"Windows on {FE} should be a full installation, but is Server Core, which Lync Server refuses: install the"),
    ("server_core", "error", set_row("operating_system", OperatingSystemSKU=13), "is Server Core, which Lync Server refuses"),
    ("powershell", "error", hello(powershell="2.0"),
     f"Windows PowerShell on {FE} should be 3.0 or later, but is 2.0: install Windows Management Framework 3.0."),
    ("membership", "error", set_row("computer_system", PartOfDomain=False, Domain="WORKGROUP"),
     f"{FE} should be a member of the domain, but is in the workgroup WORKGROUP: join the domain and restart."),
    ("administrator", "error", without("Administratoren"),
     f"{WHO} that of a local administrator (S-1-5-32-544), but is one without that group: add the account to the local "
     f"group Administrators of {FE}, then open a new logon"),
    ("administrator", "error", filtered,
     f"{WHO} that of a local administrator (S-1-5-32-544), but is one with the rights of an administrator filtered away"),
    ("account", "error", hello(user=r"POOL2013\setup"),
     rf"The account of the session on {FE} should be one of the domain, but is POOL2013\setup, an account of the host"),
    ("schema_admin", "error", state("ad_schema", "SCHEMA_VERSION_STATE_NONE"),
     f"{WHO} one with Schema Admins for the preparation of the schema, but is without that group, and the schema is "
     "SCHEMA_VERSION_STATE_NONE: add the account to Schema Admins until the stage is done"),
    ("forest_admin", "error", state("ad_forest", "LC_FORESTSETTINGS_STATE_PRE_INSTALL"),
     f"{WHO} one with Enterprise Admins for the preparation of the forest"),
    ("domain_admin", "error", state("ad_domain", "LC_DOMAINSETTINGS_STATE_NONE", "-Admins"),
     f"{WHO} one with Domain Admins for the preparation of the domain"),
    ("token_rtcuniversalserveradmins", "error", without("RTCUniversalServerAdmins"),
     f"{WHO} one with the group RTCUniversalServerAdmins, but is without it: add the account to"),
    ("token_csadministrator", "error", without("CsAdministrator"),
     f"{WHO} one with the group CsAdministrator, but is without it: add the account to"),
    ("second_hop_ad", "error", both(fails("Get-CsConfigurationStoreLocation", "DirectoryOperationException"), no_share),
     f"Active Directory, asked from within the session on {FE}, should be readable, but is out of reach "
     "(DirectoryOperationException (NotSpecified): access denied): set ansible_winrm_transport to credssp for this host"),
    ("second_hop_ad", "error", no_sysvol, "out of reach (ItemExistsUnauthorizedAccessError (PermissionDenied): no)"),
    ("second_hop_sql", "error", fails("Get-CsSite"),
     r"should be readable, but is out of reach on sql2013\rtc (SqlException (NotSpecified): access denied): set "
     "ansible_winrm_transport to credssp"),
    ("disk", "error", set_row("disk", FreeSpace=str(3 * GIB)),
     f"Free space on C: of {FE} should be 32 GB or more, but is 3.0 GB: free space or enlarge the volume."),
    ("winrm_memory", "error", quota("MaxMemoryPerShellMB", "150"), "but is 150 MB: run there: Set-Item WSMan:"),
    ("winrm_memory", "warning", quota("MaxMemoryPerShellMB", "600"),
     f"MaxMemoryPerShellMB of WinRM on {FE} should be 1024 MB or more, because the cmdlets of a whole run share one "
     r"shell, but is 600 MB: run there: Set-Item WSMan:\localhost\Shell\MaxMemoryPerShellMB 1024, then Restart-Service"),
    ("winrm_idle", "error", quota("IdleTimeout", "60000"), f"IdleTimeout of WinRM on {FE} should be 180000 ms or more"),
    ("winrm_shells", "warning", quota("MaxShellsPerUser", "3"), "should be 5 shells or more"),
    ("winrm_processes", "warning", quota("MaxProcessesPerShell", "5"), "installers start others of their own, but is 5"),
    ("winrm_hotfix", "warning", hello(powershell="3.0"),
     f"Hotfix KB2842230 on {FE} should be installed with Windows PowerShell 3.0, but is missing, so that a shell ends"),
    ("media", "error", no_media,
     f"{MEDIA} on {FE} should be there, but is missing: put the installation media of Lync Server 2013 in"),
    ("names", "error", lambda host: host.addresses.clear(),
     f"The address of {FILE_SERVER}, looked up on {FE}, should be found, but is not found (DNS_ERROR_RCODE_NAME_ERROR"),
    ("names", "error", both(hello(windows="6.1.7601"), lambda host: host.addresses.clear()),
     "should be found, but is not found (no address): add it to DNS."),
    ("ports", "error", listening, f"Port 5061 on {FE} should be free, but is held by nginx: stop or move what listens"),
    ("ports", "error", hello(windows="6.1.7601"), f"Port 5061 on {FE} should be free, but is held by another program"),
    ("time_skew", "error", set_row("operating_system", LocalDateTime="20261121091001.000000+060"),
     f"The clock of {FE} should be within five minutes of the controller's, but is 601 seconds ahead: set both clocks"),
    ("time_skew", "error", set_row("operating_system", LocalDateTime="20261121074000.000000+000"), "1200 seconds behind"),
    ("root_certificates", "error", set_row("root_certificate", Issuer="CN=Other", Subject="CN=Sub"),
     f"The store of trusted roots on {FE} should be without certificates that are not self-signed, but is with CN=Sub (AA)"),
    ("root_count", "warning", many_roots, "should be at most 100 certificates long, but is 102 long: remove what"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "severity", "change", "sentence"), CASES)
def test_each_finding(bench: Bench, name: str, severity: str, change: Callable[[Windows], None], sentence: str) -> None:
    host: Any = bench.hosts["fe2013"]
    change(host)
    result = run(bench, source="lync_2010")
    assert {one for one, _ in bench.writes} <= READERS
    if severity == "warning":
        assert not result.get("failed"), result["msg"]
        assert [one for one in result["findings"] if one["id"] == name and one["severity"] == "warning"]
        assert any(sentence in one for one in result["warnings"]), result["warnings"]
        return
    assert result["failed"] and result["error"]["kind"] == "not_prepared"
    assert name in {one["id"] for one in result["error"]["findings"]}
    assert sentence in result["msg"], result["msg"]
    accepted = run(bench, source="lync_2010", accept=sorted({one["id"] for one in result["error"]["findings"]}))
    assert not accepted.get("failed") and any(sentence in one for one in accepted["warnings"])


def test_every_id_is_provoked_here() -> None:
    elsewhere = {"token_filter"}
    assert {name for name, *_ in CASES} | elsewhere == set(IDS)
    assert server_readiness.ARGUMENT_SPEC["accept"]["choices"] == sorted(IDS)  # type: ignore[index]


def test_a_host_that_is_ready(bench: Bench) -> None:
    result = run(bench, source="lync_2010")
    assert result["findings"] == [] and result["ready"] is True and result["not_known"] == []
    assert result["changed"] is False and "warnings" not in result and undocumented(server_readiness, result) == []
    assert run(bench, "edge2013")["findings"] == []


def test_all_errors_are_told_at_once(bench: Bench) -> None:
    host: Any = bench.hosts["fe2013"]
    both(set_row("disk", FreeSpace="5"), quota("IdleTimeout", "1"), listening)(host)
    result = run(bench)
    assert [one["id"] for one in result["error"]["findings"]] == ["disk", "winrm_idle", "ports"]
    assert result["msg"].startswith(
        f"{FE} is not ready: 3 things are not as needed, and nothing was changed. Free space"
    )
    assert result["msg"].endswith("(What you take the risk of goes by its id into accept: disk, winrm_idle, ports.)")
    result = run(bench, accept=["disk", "ports"])
    assert [one["id"] for one in result["error"]["findings"]] == ["winrm_idle"] and len(result["warnings"]) == 2


def test_a_bare_host_is_not_wrong_where_nothing_can_be_known(bench: Bench) -> None:
    host: Any = bench.hosts["fe2013"]
    bare(host)
    without("-Admins", "CsAdministrator")(host)
    result = run(bench, source="ocs_2007_r2")
    assert not result.get("failed"), result["msg"]
    assert result["not_known"] == [
        "schema_admin",
        "forest_admin",
        "domain_admin",
        "token_csadministrator",
        "second_hop_sql",
    ]
    unknown = {one["id"]: one["sentence"] for one in result["findings"]}
    assert "not known (the host has no cmdlet for it yet)" in unknown["second_hop_sql"]
    assert "whether that is still to be done: the host has no cmdlet for it yet" in unknown["schema_admin"]


def test_groups_that_the_source_brought_are_needed_on_a_bare_host_too(bench: Bench) -> None:
    host: Any = bench.hosts["fe2013"]
    bare(host)
    without("RTCUniversalServerAdmins", "CsAdministrator")(host)
    assert [one["id"] for one in run(bench, source="lync_2010")["error"]["findings"]] == [
        "token_rtcuniversalserveradmins", "token_csadministrator",
    ]  # fmt: skip
    assert [one["id"] for one in run(bench, source="ocs_2007_r2")["error"]["findings"]] == [
        "token_rtcuniversalserveradmins"
    ]


def test_a_cmdlet_that_fails_where_the_directory_can_be_reached(bench: Bench) -> None:
    fails("Get-CsConfigurationStoreLocation")(bench.hosts["fe2013"])  # type: ignore[arg-type]
    result = run(bench)
    assert not result.get("failed") and result["not_known"] == ["second_hop_sql"]


def test_a_store_that_the_account_may_not_read_is_told_as_a_missing_group(bench: Bench) -> None:
    host: Any = bench.hosts["fe2013"]
    both(fails("Get-CsSite", "AccessDenied", "PermissionDenied"), without("CsAdministrator"))(host)
    assert [one["id"] for one in run(bench)["error"]["findings"]] == ["token_csadministrator"]
    host.groups.update(GROUPS)
    assert [one["id"] for one in run(bench)["error"]["findings"]] == ["second_hop_sql"]


def test_a_forest_without_a_central_store_has_no_sql_server_to_ask(bench: Bench) -> None:
    bench.estate.rows["store_location"].clear()
    assert run(bench)["not_known"] == ["second_hop_sql"]


def test_the_token_of_a_local_administrator_on_an_edge(bench: Bench) -> None:
    host: Any = bench.hosts["edge2013"]
    filtered(host)
    result = run(bench, "edge2013")
    assert [one["id"] for one in result["error"]["findings"]] == ["token_filter"]
    assert (
        r"LocalAccountTokenFilterPolicy on edge2013.contoso.test should be 1, but is not set, so that EDGE2013\installer has "
        "no administrator's rights over WinRM: as an administrator at its console run: New-ItemProperty"
    ) in result["msg"]
    host.registry["LocalAccountTokenFilterPolicy"] = 1  # set, and still filtered: another reason
    assert [one["id"] for one in run(bench, "edge2013")["error"]["findings"]] == ["administrator"]
    host.groups["Hoch"] = "S-1-16-12288"
    del host.registry["LocalAccountTokenFilterPolicy"]  # the built-in Administrator needs none
    assert run(bench, "edge2013")["findings"] == []


def test_an_edge_in_a_domain(bench: Bench) -> None:
    host: Any = bench.hosts["edge2013"]
    host.put("computer_system", PartOfDomain=True, Domain="perimeter.test")
    result = run(bench, "edge2013")
    assert result["warnings"] == [
        "edge2013.contoso.test should be in a workgroup, but is a member of perimeter.test: leave the domain, or say "
        "workgroup: false where the perimeter network has a domain of its own."
    ]
    assert "warnings" not in run(bench, "edge2013", workgroup=False)


def test_ports_and_disk_of_a_server_that_is_installed_are_its_own(bench: Bench) -> None:
    host: Any = bench.hosts["fe2013"]
    both(listening, set_row("disk", FreeSpace="5"))(host)
    host.own["component"] = {"RTCSRV": {"Name": "RTCSRV"}}
    assert run(bench)["findings"] == []


def test_other_ports_and_none(bench: Bench) -> None:
    host: Any = bench.hosts["fe2013"]
    listening(host)
    assert run(bench, ports=[443])["findings"] == [] and run(bench, ports=[])["findings"] == []
    assert {5269, 23456} <= set(PORTS["edge"])


def test_what_the_host_does_not_tell(bench: Bench) -> None:
    host: Any = bench.hosts["fe2013"]
    for cmdlet in ("Get-WmiObject", "Get-Item", "Get-ItemProperty", "Get-ChildItem", "Get-NetTCPConnection",
                   "Get-CsSite", "Get-CsConfigurationStoreLocation", "whoami.exe", "Resolve-DnsName"):  # fmt: skip
        host.failures[cmdlet] = ServerError("CommandNotFoundException", "ObjectNotFound")
    result = run(bench)
    assert not result.get("failed"), result["msg"]
    assert {"windows_kind", "server_core", "membership", "administrator", "disk", "media", "names", "ports", "time_skew",
            "root_certificates", "second_hop_ad", *(one.id for one in QUOTAS)} <= set(result["not_known"])  # fmt: skip


def test_a_host_that_is_only_a_name(bench: Bench) -> None:
    hosts: dict[str, Any] = bench.hosts
    hosts["fe2013"] = NoShell("fe2013")
    result = run(bench, check=True)
    assert not result.get("failed") and {one["severity"] for one in result["findings"]} == {"unknown"}
    assert "not known (there is no session with the host yet)" in result["findings"][0]["sentence"]
    assert run(bench)["error"]["kind"] == "no_session"


def test_a_name_that_is_none(bench: Bench) -> None:
    result = run(bench, names=["x' or '1'='1"])
    assert result["failed"] and "names" in result["msg"] and bench.hosts["fe2013"].transcript == []


def test_everything_is_one_request(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    request = bench.hosts["fe2013"].request

    def counted(calls: list[dict[str, Any]], seconds: float) -> Any:
        seen.append(len(calls))
        return request(calls, seconds)

    monkeypatch.setattr(bench.hosts["fe2013"], "request", counted)
    run(bench)
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20261121090000.000000+060", NOW),
        ("20261121030000.000000-300", NOW),
        ("2026-11-21T08:00:00.0000000Z", NOW),
        ("20261321090000.000000+060", None),
        ("", None),
    ],
)
def test_times_of_wmi(text: str, expected: datetime | None) -> None:
    assert moment(text) == expected


def test_tokens() -> None:
    assert token("") is None and token("ERROR: no logon\r\n") is None
    held = token(
        '"Everyone","Well-known group","S-1-1-0","Mandatory group"\n"BUILTIN\\Administrators","Alias","S-1-5-32-544",""\n'
    )
    assert held is not None and held.administrator and not held.filtered and held.has("EVERYONE")
    assert not held.has_domain_group(512)


def test_the_guide_explains_every_finding_and_gate() -> None:
    root = Path(__file__).resolve().parents[4]
    guide = (root / "docs" / "docsite" / "rst" / "troubleshooting.rst").read_text(encoding="utf-8")
    for name in (*IDS, *_readiness_estate.IDS, *GATES):
        assert f"``{name}``" in guide, name
