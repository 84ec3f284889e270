# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is a host fit to become a Lync Server 2013? Checks of what was read, and the reading: one request for all of it.

Sources of what is wanted: Microsoft's pages on operating systems and on additional software for Lync Server 2013. The
limits of WinRM are inferred from what a long-lived process needs.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from .._engine.calls import Call, Cmdlet, Executable, Query
from .._engine.collections import reading
from .._engine.module import Report, Task
from .._settings.names import fqdn, windows_path
from . import rights
from .findings import ERROR, WARNING, Finding, Look, ask, checked, concluded, not_known, number

FRONT_END, EDGE = "front_end", "edge"
#: Ports that the role listens on itself and that another program could hold.
PORTS = {FRONT_END: (444, 4443, 5061, 8080), EDGE: (443, 4443, 5061, 5062, 5269, 8057, 23456)}

_WINDOWS = {"6.1": "Windows Server 2008 R2", "6.2": "Windows Server 2012", "6.3": "Windows Server 2012 R2"}
_SP1 = 7601
_WORKSTATION, _DOMAIN_CONTROLLER = 1, 2
#: SKUs of Server Core. Windows Server 2012 and later tell it by InstallationType instead.
_CORE = frozenset({12, 13, 14, 29, 39, 40, 41, 46})
_INSTALLATION = r"HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
_HOTFIX = "KB2842230"
_SKEW = timedelta(minutes=5)
_ROOTS = 100
_LISTENING = re.compile(r"^\s*TCP\s+\S+:(\d+)\s+(?:0\.0\.0\.0|\[::\]):0\s", re.MULTILINE)
_DMTF = re.compile(r"(\d{14})\.(\d{6})([+-])(\d{3})")
_NO_SUCH_FILE = frozenset({"PathNotFound", "DriveNotFound", "ItemNotFound"})


@dataclass(frozen=True)
class Quota:
    id: str
    name: str
    least: int
    unit: str
    why: str


QUOTAS = (
    Quota("winrm_memory", "MaxMemoryPerShellMB", 1024, "MB", "the cmdlets of a whole run share one shell"),
    Quota("winrm_idle", "IdleTimeout", 180_000, "ms", "a shell must outlive the pauses between tasks"),
    Quota("winrm_shells", "MaxShellsPerUser", 5, "shells", "a run that was killed leaves one until its time is over"),
    Quota("winrm_processes", "MaxProcessesPerShell", 10, "processes", "installers start others of their own"),
)

_Rights = (
    "administrator", "token_filter", "account", "schema_admin", "forest_admin", "domain_admin",
    "token_rtcuniversalserveradmins", "token_csadministrator", "second_hop_ad", "second_hop_sql",
)  # fmt: skip
#: Every id that a finding of this module can have.
IDS = (
    "windows_version", "windows_kind", "server_core", "powershell", "membership", *_Rights, "disk",
    *(one.id for one in QUOTAS), "winrm_hotfix", "media", "names", "ports", "time_skew", "root_certificates",
    "root_count",
)  # fmt: skip


@dataclass(frozen=True)
class Host:
    """What a host was asked, and what it said."""

    name: str
    role: str
    hello: Mapping[str, Any]
    looks: Mapping[str, Look]
    names: Sequence[str] = ()
    ports: Sequence[int] = ()
    media: Sequence[str] = ()
    disk_gb: int = 32
    workgroup: bool = False
    source: str = ""
    now: datetime = datetime(1, 1, 1, tzinfo=UTC)

    @property
    def installed(self) -> bool:
        """Lync Server's services are there, so ports are its own and the disk has been used for it."""
        return any(str(row.get("Name")).upper().startswith("RTC") for row in self.looks["services"].rows)


# --- the checks


def windows(host: Host) -> Iterator[Finding]:
    """Version and service pack; a server that is no domain controller; not Server Core."""
    system, what = host.looks["system"], f"Windows on {host.name}"
    version = str(system.first("Version") or host.hello.get("windows") or "")
    wanted = f"{_WINDOWS['6.1']} with Service Pack 1, {_WINDOWS['6.2']} or {_WINDOWS['6.3']}"
    parts = [int(one) for one in re.findall(r"\d+", version)[:3]]
    if len(parts) < 2:
        yield not_known("windows_version", what, wanted, system.why or "no version was shown")
    else:
        short = f"{parts[0]}.{parts[1]}"
        old = short == "6.1" and (parts[2] if len(parts) > 2 else 0) < _SP1
        if short not in _WINDOWS or old:
            found = str(system.first("Caption") or "") or (_WINDOWS.get(short) or "Windows")
            yield Finding(
                "windows_version", ERROR, what, wanted, f"{found} ({version})",
                "install Service Pack 1" if old else "take a host with one of these",
            )  # fmt: skip
    if not system.known:
        yield not_known("windows_kind", what, "a member server or a host in a workgroup", system.why)
    else:
        kind = system.first("ProductType")
        if kind in (_WORKSTATION, _DOMAIN_CONTROLLER):
            found = "a workstation" if kind == _WORKSTATION else "a domain controller"
            yield Finding(
                "windows_kind", ERROR, what, "a server that is no domain controller", found, "take another host"
            )
    kind = host.looks["installation"].first("InstallationType")
    sku = system.first("OperatingSystemSKU")
    if kind is None and sku is None:
        yield not_known("server_core", what, "a full installation", host.looks["installation"].why or system.why)
    elif str(kind).casefold() == "server core" or sku in _CORE:
        yield Finding(
            "server_core", ERROR, what, "a full installation", "Server Core, which Lync Server refuses",
            "install the graphical shell (Install-WindowsFeature Server-Gui-Mgmt-Infra, Server-Gui-Shell) or Windows anew",
        )  # fmt: skip


def powershell(host: Host) -> Iterator[Finding]:
    version = str(host.hello.get("powershell") or "")
    what = f"Windows PowerShell on {host.name}"
    if not version:
        yield not_known("powershell", what, "3.0 or later", "there is no session with the host yet")
    elif (number(version) or 0) < 3:
        yield Finding("powershell", ERROR, what, "3.0 or later", version, "install Windows Management Framework 3.0")


def membership(host: Host) -> Iterator[Finding]:
    look, what = host.looks["computer"], host.name
    if not look.known or look.first("PartOfDomain") is None:
        wanted = "in a workgroup" if host.workgroup else "a member of the domain"
        yield not_known("membership", what, wanted, look.why or "it was not shown")
    elif look.first("PartOfDomain") is True and host.workgroup:
        yield Finding(
            "membership", WARNING, what, "in a workgroup", f"a member of {look.first('Domain')}",
            "leave the domain, or say workgroup: false where the perimeter network has a domain of its own",
        )  # fmt: skip
    elif look.first("PartOfDomain") is False and not host.workgroup:
        found = f"in the workgroup {look.first('Domain')}"
        yield Finding("membership", ERROR, what, "a member of the domain", found, "join the domain and restart")


def disk(host: Host) -> Iterator[Finding]:
    look, what, wanted = host.looks["disks"], f"Free space on C: of {host.name}", f"{host.disk_gb} GB or more"
    row = next((one for one in look.rows if str(one.get("DeviceID")).upper() == "C:"), None)
    try:
        free = int(str(row["FreeSpace"])) if row is not None else None
    except ValueError:
        free = None
    if free is None:
        yield not_known("disk", what, wanted, look.why or "no such volume was shown")
    elif free < host.disk_gb * 1024**3 and not host.installed:
        yield Finding("disk", ERROR, what, wanted, f"{free / 1024**3:.1f} GB", "free space or enlarge the volume")


def quotas(host: Host) -> Iterator[Finding]:
    for quota in QUOTAS:
        look, what = host.looks[quota.id], f"{quota.name} of WinRM on {host.name}"
        wanted = f"{quota.least} {quota.unit} or more, because {quota.why}"
        text = str(look.first("Value") or "")
        if not look.known or not re.fullmatch(r"\d{1,18}", text):
            yield not_known(quota.id, what, wanted, look.why or "it was not shown")
        elif 0 < int(text) < quota.least:  # 0 is without limit
            severity = ERROR if int(text) < quota.least // 2 else WARNING
            yield Finding(
                quota.id, severity, what, wanted, f"{text} {quota.unit}",
                rf"run there: Set-Item WSMan:\localhost\Shell\{quota.name} {quota.least}, then Restart-Service WinRM",
            )  # fmt: skip
    hotfix = host.looks.get("hotfix")
    if hotfix is not None and hotfix.known and not hotfix.rows:
        yield Finding(
            "winrm_hotfix", WARNING, f"Hotfix {_HOTFIX} on {host.name}", "installed with Windows PowerShell 3.0",
            "missing, so that a shell ends at 150 MB whatever MaxMemoryPerShellMB says",
            f"install {_HOTFIX}, or a later Windows Management Framework",
        )  # fmt: skip


def media(host: Host) -> Iterator[Finding]:
    for path in host.media:
        look, what = host.looks[f"media {path}"], f"{path} on {host.name}"
        if look.rows:
            continue
        if not look.asked or not all(one.name in _NO_SUCH_FILE for one in look.errors):
            yield not_known("media", what, "there", look.why)
        else:
            do = "put the installation media of Lync Server 2013 in, or correct media.path"
            yield Finding("media", ERROR, what, "there", "missing", do)


def names(host: Host) -> Iterator[Finding]:
    for name in host.names:
        look, what = host.looks[f"name {name}"], f"The address of {name}, looked up on {host.name},"
        if any(row.get("IPAddress") or row.get("PrimaryAddressResolutionStatus") == 0 for row in look.rows):
            continue
        if not look.asked or look.no_cmdlet:
            yield not_known("names", what, "found", look.why)
        else:
            where = "DNS, or the HOSTS file of the Edge (hosts_file)" if host.role == EDGE else "DNS"
            yield Finding(
                "names", ERROR, what, "found", f"not found ({look.why or 'no address'})", f"add it to {where}"
            )


def ports(host: Host) -> Iterator[Finding]:
    """Nobody else's. Once Lync Server is installed they are its own."""
    look = host.looks["listening"]
    if host.installed or not host.ports:
        return
    if not look.known:
        yield not_known("ports", f"The ports {_listed(host.ports)} on {host.name}", "free", look.why)
        return
    if look.output:
        taken: dict[int, str] = {int(one): "" for one in _LISTENING.findall(look.output)}
    else:
        programs = {str(row.get("Id")): str(row.get("ProcessName")) for row in host.looks["processes"].rows}
        numbered = [row for row in look.rows if str(row.get("LocalPort")).isdigit()]
        taken = {int(row["LocalPort"]): programs.get(str(row.get("OwningProcess")), "") for row in numbered}
    for port in host.ports:
        if port in taken:
            by = f"held by {taken[port]}" if taken[port] else "held by another program"
            do = "stop or move what listens there (netstat -a -n -o -b names it)"
            yield Finding("ports", ERROR, f"Port {port} on {host.name}", "free", by, do)


def time_skew(host: Host) -> Iterator[Finding]:
    look, what = host.looks["system"], f"The clock of {host.name}"
    wanted = "within five minutes of the controller's"
    at = moment(str(look.first("LocalDateTime") or ""))
    if at is None:
        yield not_known("time_skew", what, wanted, look.why or "the time was not shown")
    elif abs(at - host.now) > _SKEW:
        by = "ahead" if at > host.now else "behind"
        found = f"{int(abs(at - host.now).total_seconds())} seconds {by}"
        do = "set both clocks by a time server (w32tm /resync): Kerberos and certificates depend on them"
        yield Finding("time_skew", ERROR, what, wanted, found, do)


def roots(host: Host) -> Iterator[Finding]:
    """Certificates that are not self-signed among the trusted roots keep a Front End from starting on Windows Server 2012."""
    look, what = host.looks["roots"], f"The store of trusted roots on {host.name}"
    if not look.known:
        yield not_known("root_certificates", what, "without intermediate certificates", look.why)
        return
    wrong = [row for row in look.rows if row.get("Subject") != row.get("Issuer")]
    if wrong:
        some = "; ".join(f"{row.get('Subject')} ({row.get('Thumbprint')})" for row in wrong[:3])
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        yield Finding(
            "root_certificates", ERROR, what, "without certificates that are not self-signed", f"with {some}{more}",
            "move them to the store Intermediate Certification Authorities (and see to the Group Policy that put them there)",
        )  # fmt: skip
    if len(look.rows) > _ROOTS:
        yield Finding(
            "root_count", WARNING, what, f"at most {_ROOTS} certificates long", f"{len(look.rows)} long",
            "remove what is not needed: Schannel sends a shortened list, and partners may be refused",
        )  # fmt: skip


def account(host: Host) -> Iterator[Finding]:
    who = rights.Account(str(host.hello.get("user") or ""), str(host.hello.get("computer") or ""))
    return rights.findings(host.name, who, host.looks, host.role == FRONT_END, host.source)


CHECKS: tuple[Callable[[Host], Iterator[Finding]], ...] = (
    windows, powershell, membership, account, disk, quotas, media, names, ports, time_skew, roots,
)  # fmt: skip


def findings(host: Host) -> list[Finding]:
    return [one for check in CHECKS for one in check(host)]


def moment(text: str) -> datetime | None:
    """A time as WMI writes it (local, with its distance from UTC in minutes), or as the session renders dates."""
    found = _DMTF.fullmatch(text)
    try:
        if found is None:
            at = datetime.fromisoformat(text)
            return at if at.tzinfo else at.replace(tzinfo=UTC)
        local = datetime.strptime(found.group(1), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    away = timedelta(minutes=int(found.group(3) + found.group(4)))
    return local - away


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(str(one) for one in numbers)


# --- the reading


def calls(hello: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Call]:
    """Everything that a host is asked, by name."""
    asked: dict[str, Call] = {
        "system": reading(Query("operating_system")),
        "computer": reading(Query("computer_system")),
        "disks": reading(Query("disk")),
        "installation": reading(Query("registry", _INSTALLATION, properties=("InstallationType",))),
        "services": reading(Query("component", properties=("Name",))),
        "roots": reading(Query("root_certificate", properties=("Thumbprint", "Subject", "Issuer"))),
    }
    for quota in QUOTAS:
        asked[quota.id] = reading(Query("winrm_quota", rf"WSMan:\localhost\Shell\{quota.name}"))
    if str(hello.get("powershell") or "").startswith("3"):
        where = {"Class": "Win32_QuickFixEngineering", "Filter": f"HotFixID='{_HOTFIX}'"}
        asked["hotfix"] = Cmdlet("Get-WmiObject", where, ("HotFixID",))
    for path in params["media"]:
        asked[f"media {path}"] = reading(Query("file", path, properties=("FullName",)))
    old = str(hello.get("windows") or "").startswith("6.1")  # has no cmdlets for DNS and connections
    for name in params["names"]:
        where = {"Class": "Win32_PingStatus", "Filter": f"Address='{name}' and Timeout=1000"}
        ping = Cmdlet("Get-WmiObject", where, ("PrimaryAddressResolutionStatus",))
        asked[f"name {name}"] = ping if old else Cmdlet("Resolve-DnsName", {"Name": name}, ("Name", "IPAddress"))
    if ports_of(params):
        listening = reading(Query("listening_port", properties=("LocalPort", "OwningProcess")))
        netstat = Executable(r"C:\Windows\System32\netstat.exe", ("-a", "-n", "-o"), seconds=60)
        asked["listening"] = netstat if old else listening
        asked["processes"] = reading(Query("process", properties=("Id", "ProcessName")))
    asked.update(rights.calls(params["role"] == FRONT_END, str(hello.get("domain") or "")))
    return asked


def ports_of(params: Mapping[str, Any]) -> Sequence[int]:
    given = params["ports"]
    return PORTS[params["role"]] if given is None else given


def run(task: Task, clock: Callable[[], float] = time.time) -> Report:
    params, hello = task.params, task.session.hello
    checked(fqdn, "names", *params["names"])
    checked(windows_path, "media", *params["media"])
    looks = ask(task, calls(hello, params))
    workgroup = params["role"] == EDGE if params["workgroup"] is None else params["workgroup"]
    host = Host(
        task.session.scope if hello else task.context.host, params["role"], hello,
        {"listening": Look(), "processes": Look(), **looks},
        params["names"], ports_of(params), params["media"], params["disk_gb"], workgroup, params["source"] or "", datetime.fromtimestamp(clock(), UTC),
    )  # fmt: skip
    return concluded(task, host.name, findings(host))
