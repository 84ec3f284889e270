# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Windows says of itself: Get-WmiObject, Get-Date and whoami.exe.

# source: classes and values are those of the pages of Win32_OperatingSystem, Win32_LogicalDisk, Win32_ComputerSystem;
# through WMI, moments are texts of the form yyyymmddHHMMSS.mmmmmmsUUU (CIM_DATETIME).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from ..organisation import tokens
from ..powershell.values import Psobj
from . import Call, ExecutableCall, Exit, PSError, cmdlet, executable

_VERSIONS = {"6.0": "6.0.6002", "6.1": "6.1.7601", "6.2": "6.2.9200", "6.3": "6.3.9600", "10.0": "10.0.14393"}
_CAPTIONS = {
    "6.0": "Microsoft® Windows Server® 2008 Standard ",
    "6.1": "Microsoft Windows Server 2008 R2 Standard ",
    "6.2": "Microsoft Windows Server 2012 Standard",
    "6.3": "Microsoft Windows Server 2012 R2 Standard",
    "10.0": "Microsoft Windows Server 2016 Standard",
}
_GB = 1024**3
_MANAGEMENT = "System.Management.ManagementException"
_CONDITION = re.compile(r"\s*(\w+)\s*=\s*(?:'([^']*)'|\"([^\"]*)\"|(\d+))\s*", re.IGNORECASE)


def wmi_moment(moment: datetime) -> str:
    return f"{moment:%Y%m%d%H%M%S}.{moment.microsecond:06d}+000"


def _now(call: Call) -> datetime:
    now: datetime = call.world.clock.now() + timedelta(seconds=call.computer.clock_skew)
    return now


def _operating_system(call: Call) -> list[dict[str, Any]]:
    computer, now = call.computer, _now(call)
    core = computer.installation != "Server"
    return [
        {
            "Version": _VERSIONS.get(computer.windows, computer.windows),
            "BuildNumber": _VERSIONS.get(computer.windows, "").rpartition(".")[2],
            "Caption": _CAPTIONS.get(computer.windows, "Microsoft Windows Server"),
            "ProductType": 3,
            "OperatingSystemSKU": 13 if core and computer.windows in ("6.0", "6.1") else 7,
            "OSArchitecture": "64-bit",
            "ServicePackMajorVersion": 1 if computer.windows == "6.1" else 0,
            "LastBootUpTime": wmi_moment(computer.booted_at or now),
            "LocalDateTime": wmi_moment(now),
            "CSName": computer.host[:15].upper(),
            "SystemDrive": "C:",
            "FreePhysicalMemory": 6 * 1024**2,
            "TotalVisibleMemorySize": 8 * 1024**2,
        }
    ]


def _logical_disk(call: Call) -> list[dict[str, Any]]:
    rows = [
        {"DeviceID": "C:", "DriveType": 3, "FreeSpace": int(call.computer.free_gb * _GB), "Size": 120 * _GB,
         "FileSystem": "NTFS", "VolumeName": ""},
    ]  # fmt: skip
    if call.computer.media:
        rows.append(
            {"DeviceID": "D:", "DriveType": 5, "FreeSpace": 0, "Size": 2 * _GB, "FileSystem": "UDF",
             "VolumeName": "MEDIA"}
        )  # fmt: skip
    return rows


def _computer_system(call: Call) -> list[dict[str, Any]]:
    computer = call.computer
    return [
        {
            "Name": computer.host[:15].upper(),
            "DNSHostName": computer.host,
            "Domain": call.world.estate.domain if computer.joined else "WORKGROUP",
            "PartOfDomain": computer.joined,
            "DomainRole": 3 if computer.joined else 2,
            "TotalPhysicalMemory": 8 * _GB,
            "NumberOfLogicalProcessors": 4,
            "Manufacturer": "Contoso",
            "Model": "Virtual Machine",
        }
    ]


CLASSES = {
    "win32_operatingsystem": ("Win32_OperatingSystem", _operating_system),
    "win32_logicaldisk": ("Win32_LogicalDisk", _logical_disk),
    "win32_computersystem": ("Win32_ComputerSystem", _computer_system),
}


def _error(id: str, category: str, text: str, target: str = "") -> PSError:
    return PSError(id, category, _MANAGEMENT, text, target)


@cmdlet("Get-WmiObject", class_name="Microsoft.PowerShell.Commands.GetWmiObjectCommand")
def get_wmi_object(call: Call) -> Iterator[Psobj]:
    """Of this computer. A filter may join equalities with AND."""
    wanted = str(call.p.get("Class") or "")
    known = CLASSES.get(wanted.casefold())
    if "Query" in call.p or call.p.get("List") or known is None:
        text = f'Invalid class "{wanted}"' if known is None else "The lab reads classes, no queries."
        call.write_error(_error("GetWMIManagementException", "InvalidType", text, wanted))
        return
    for name in _texts(call.p.get("ComputerName")):
        if name.casefold() not in (".", "localhost", call.computer.fqdn, call.computer.host):
            text = "The RPC server is unavailable. (Exception from HRESULT: 0x800706BA)"
            call.write_error(PSError("GetWMICOMException", "InvalidOperation",
                                     "System.Runtime.InteropServices.COMException", text, name))  # fmt: skip
            return
    conditions = _conditions(str(call.p.get("Filter") or ""))
    for row in known[1](call):
        folded = {name.casefold(): value for name, value in row.items()}
        if any(name not in folded for name, _value in conditions):
            call.write_error(_error("GetWMIManagementException", "InvalidOperation", "Invalid query", wanted))
            return
        if all(str(folded[name]).casefold() == value.casefold() for name, value in conditions):
            yield Psobj(f"System.Management.ManagementObject#root\\cimv2\\{known[0]}", known[0], row)


def _texts(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(v) for v in value] if isinstance(value, (list, tuple)) else [str(value)]


def _conditions(text: str) -> list[tuple[str, str]]:
    found = []
    for part in re.split(r"\s+and\s+", text, flags=re.IGNORECASE) if text.strip() else []:
        match = _CONDITION.fullmatch(part)
        if match is None:
            raise _error("GetWMIManagementException", "InvalidOperation", "Invalid query", text)
        found.append((match[1].casefold(), next(v for v in match.groups()[1:] if v is not None)))
    return found


@cmdlet("Get-Date", class_name="Microsoft.PowerShell.Commands.GetDateCommand")
def get_date(call: Call) -> Any:
    """The computer's clock; with -Date the moment that is given."""
    moment = call.p.get("Date") or _now(call)
    if "Format" in call.p or "UFormat" in call.p:
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06d}0Z"
    return moment


@executable("whoami.exe", writes=False)
def whoami(call: ExecutableCall) -> Exit:
    """/groups /fo csv /nh: names are in the language of Windows, SIDs are not."""
    options = [argument.casefold() for argument in call.argv]
    domain, _backslash, user = call.user.rpartition("\\")
    if not options:
        return Exit(0, f"{domain}\\{user}\r\n".casefold().encode())
    if options[0] != "/groups" or options[1:] not in (["/fo", "csv", "/nh"], ["/fo", "csv"], ["/nh", "/fo", "csv"]):
        return Exit(1, b"", b"ERROR: Invalid syntax.\r\n")
    lines = [] if "/nh" in options else ['"Group Name","Type","SID","Attributes"']
    for group in tokens.rows(call.world, call.computer, call.groups):
        lines.append(",".join(f'"{value}"' for value in group))
    return Exit(0, ("\r\n".join(lines) + "\r\n").encode("ascii", "replace"))
