# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drives: files, certificates, the registry and the environment, as PowerShell's own item cmdlets show them.

# source: error ids are the engine's (PathNotFound, DriveNotFound, ItemExistsUnauthorizedAccessError ...), its own code.
"""

from __future__ import annotations

import ntpath
from collections.abc import Iterator
from typing import Any

from ..organisation.certificate_store import Stored
from ..organisation.certificates import certificates_of, names_of, windows_name
from ..organisation.files import BadPath, Entry, normalise, temp_directory
from ..organisation.windows_registry import keys_of
from ..powershell.values import Psobj
from . import Call, PSError, cmdlet, registry_keys, winrm_items
from .shared import matching

COMMANDS = "Microsoft.PowerShell.Commands."
_STORES = {"my": "My", "root": "Root", "ca": "CA"}


# --- paths


def paths(call: Call) -> Iterator[tuple[str, bool]]:
    """Each path of the call, and whether it may hold wildcards."""
    for name, literal in (("LiteralPath", True), ("Path", False)):
        value = call.p.get(name)
        for path in value if isinstance(value, (list, tuple)) else [value] if value is not None else []:
            yield str(path), not literal


def drive_of(path: str) -> tuple[str, str]:
    """Drive and rest: ``Cert:\\LocalMachine\\My`` -> ("cert", "LocalMachine\\My")."""
    drive, colon, rest = path.replace("/", "\\").partition(":")
    if not colon or "\\" in drive:
        return "c", path
    return drive.casefold().removeprefix("microsoft.powershell.security\\certificate:"), rest.strip("\\")


def not_found(path: str) -> PSError:
    text = f"Cannot find path '{path}' because it does not exist."
    return PSError("PathNotFound", "ObjectNotFound", "System.Management.Automation.ItemNotFoundException", text, path)


def no_drive(path: str) -> PSError:
    drive = path.partition(":")[0]
    text = f"Cannot find drive. A drive with the name '{drive}' does not exist."
    kind = "System.Management.Automation.DriveNotFoundException"
    return PSError("DriveNotFound", "ObjectNotFound", kind, text, drive)


def on_disk(call: Call, drive: str) -> bool:
    return drive == "c" or (drive == "d" and call.computer.media)


def items(call: Call, path: str, wildcards: bool) -> list[Psobj]:
    """The items that a path means; a PSError where a path without wildcards means none."""
    if path.casefold().rstrip("\\") == rf"\\{call.world.ad.domain}\sysvol".casefold() and call.computer.joined:
        return [_sysvol(call, path)]
    drive, rest = drive_of(path)
    provider = {
        "cert": _certificate_items,
        "hklm": _registry_items,
        "env": _environment_items,
        "wsman": winrm_items.items,
    }
    disk = on_disk(call, drive)
    find = _file_items if disk else provider.get(drive)
    if find is None:
        raise no_drive(path)
    pattern = wildcards and any(c in rest for c in "*?[")
    found = find(call, path if disk else rest, pattern)
    if not found and not pattern:
        raise not_found(path)
    return found


def _sysvol(call: Call, path: str) -> Psobj:
    """The share of the domain, which credentials that end at this computer do not open."""
    if not call.computer.second_hop:
        kind = "System.UnauthorizedAccessException"
        raise PSError("ItemExistsUnauthorizedAccessError", "PermissionDenied", kind, "Access is denied", path)
    return Psobj("System.IO.DirectoryInfo", path, {"Name": "SYSVOL", "FullName": path, "PSIsContainer": True})


# --- files


def file_object(entry: Entry) -> Psobj:
    kind = "DirectoryInfo" if entry.directory else "FileInfo"
    properties: dict[str, Any] = {
        "Name": entry.name,
        "FullName": entry.path,
        "PSIsContainer": entry.directory,
        "Exists": True,
        "LastWriteTimeUtc": entry.written,
        "LastWriteTime": entry.written,
        "PSPath": f"Microsoft.PowerShell.Core\\FileSystem::{entry.path}",
    }
    if not entry.directory:
        properties |= {"Length": entry.length, "DirectoryName": ntpath.dirname(entry.path)}
    return Psobj(f"System.IO.{kind}", entry.path, properties)


def _file_items(call: Call, path: str, pattern: bool) -> list[Psobj]:
    files = call.world.files
    try:
        if pattern:
            folder, _slash, name = path.replace("/", "\\").rpartition("\\")
            if any(c in folder for c in "*?["):
                return []
            return [file_object(entry) for entry in files.children(call.computer, folder or "C:\\", name)]
        entry = files.entry(call.computer, path)
    except BadPath:
        return []
    return [file_object(entry)] if entry is not None else []


# --- certificates


def certificate_object(stored: Stored, store: str) -> Psobj:
    certificate = stored.certificate
    serial = f"{certificate.serial_number:X}"
    return Psobj(
        "System.Security.Cryptography.X509Certificates.X509Certificate2",
        f"[Subject]\r\n  {windows_name(certificate.subject)}\r\n\r\n[Thumbprint]\r\n  {stored.thumbprint}\r\n",
        {
            "Thumbprint": stored.thumbprint,
            "Subject": windows_name(certificate.subject),
            "Issuer": windows_name(certificate.issuer),
            "NotBefore": certificate.not_valid_before_utc,
            "NotAfter": certificate.not_valid_after_utc,
            "SerialNumber": serial if len(serial) % 2 == 0 else f"0{serial}",
            "HasPrivateKey": stored.key is not None,
            "FriendlyName": stored.friendly_name,
            "RawData": stored.der,
            "Version": 3,
            "DnsNameList": names_of(certificate),
            "PSParentPath": f"Microsoft.PowerShell.Security\\Certificate::LocalMachine\\{store}",
            "PSIsContainer": False,
        },
    )


def _certificate_items(call: Call, path: str, pattern: bool) -> list[Psobj]:
    """A store, or a certificate in one, of the computer; the user's own stores are empty."""
    location, _slash, rest = path.partition("\\")
    store_name, _slash, thumb = rest.partition("\\")
    if location.casefold() not in ("localmachine", "currentuser"):
        return [] if location else [_container("Certificate", "")]
    if not store_name:
        return [_container("Certificate", location)]
    store = _STORES.get(store_name.casefold())
    if store is None:
        return []
    if not thumb:
        return [_container("X509Store", store)]
    own = certificates_of(call.computer).stores[store] if location.casefold() == "localmachine" else {}
    chosen = matching(thumb, own) if pattern else (name for name in own if name.casefold() == thumb.casefold())
    return [certificate_object(own[name], store) for name in sorted(chosen)]


def _container(kind: str, name: str) -> Psobj:
    return Psobj(f"System.Security.Cryptography.X509Certificates.{kind}", name, {"Name": name, "PSIsContainer": True})


# --- registry and environment


def _registry_items(call: Call, path: str, pattern: bool) -> list[Psobj]:
    known = keys_of(call.computer)
    parents = {p for name in known for p in _parents(name)}
    wanted = path.casefold()
    if pattern:
        names = sorted({*matching(path, [n for n in (*known, *parents) if n.count("\\") == path.count("\\")])})
    else:
        names = [next((n for n in (*known, *parents) if n.casefold() == wanted), "")]
    return [
        Psobj(
            "Microsoft.Win32.RegistryKey", f"HKEY_LOCAL_MACHINE\\{name}",
            {"Name": f"HKEY_LOCAL_MACHINE\\{name}", "PSChildName": ntpath.basename(name), "PSIsContainer": True,
             "PSPath": f"Microsoft.PowerShell.Core\\Registry::HKEY_LOCAL_MACHINE\\{name}", **known.get(name, {})},
        )
        for name in names if name
    ]  # fmt: skip


def _parents(name: str) -> Iterator[str]:
    while name := ntpath.dirname(name):
        yield name


def _environment_items(call: Call, path: str, pattern: bool) -> list[Psobj]:
    values = {
        "COMPUTERNAME": call.computer.host[:15].upper(),
        "ProgramFiles": r"C:\Program Files",
        "CommonProgramFiles": r"C:\Program Files\Common Files",
        "SystemRoot": r"C:\Windows",
        "SystemDrive": "C:",
        "ProgramData": r"C:\ProgramData",
        "TEMP": temp_directory(call.user),
        "TMP": temp_directory(call.user),
    }
    names = matching(path, values) if pattern else [n for n in values if not path or n.casefold() == path.casefold()]
    return [
        Psobj("System.Collections.DictionaryEntry", properties={"Name": n, "Key": n, "Value": values[n]}) for n in names
    ]


# --- cmdlets


@cmdlet("Get-Item", class_name=COMMANDS + "GetItemCommand")
def get_item(call: Call) -> Iterator[Psobj]:
    for path, wildcards in paths(call):
        try:
            yield from items(call, path, wildcards)
        except PSError as error:
            call.write_error(error)


@cmdlet("Get-ChildItem", class_name=COMMANDS + "GetChildItemCommand")
def get_child_item(call: Call) -> Iterator[Psobj]:
    for path, wildcards in list(paths(call)) or [("C:\\", False)]:
        try:
            for item in items(call, path, wildcards):
                yield from _children(call, path, item)
        except PSError as error:
            call.write_error(error)


def _children(call: Call, path: str, item: Psobj) -> Iterator[Psobj]:
    drive, rest = drive_of(path)
    if not item.get("PSIsContainer"):
        yield item
    elif on_disk(call, drive):
        for entry in call.world.files.children(call.computer, str(item.get("FullName")), call.p.get("Filter") or "*"):
            if (entry.directory and call.p.get("File")) or (not entry.directory and call.p.get("Directory")):
                continue
            yield file_object(entry)
    elif drive == "cert":
        rest = rest or "LocalMachine"
        deeper = "*" if rest.count("\\") else None
        if deeper:
            yield from _certificate_items(call, f"{rest}\\*", True)
        else:
            for store in _STORES.values():
                yield _container("X509Store", store)
    elif drive == "wsman":
        yield from winrm_items.items(call, f"{rest}\\*", True)
    else:
        yield from _registry_items(call, f"{rest}\\*", True)


@cmdlet("Test-Path", class_name=COMMANDS + "TestPathCommand")
def test_path(call: Call) -> Iterator[bool]:
    wanted = str(call.p.get("PathType") or "Any").casefold()
    for path, wildcards in paths(call):
        try:
            found = items(call, path, wildcards)
        except PSError:
            found = []
        kinds = {bool(i.get("PSIsContainer")) for i in found}
        yield bool(kinds) if wanted == "any" else (wanted == "container") in kinds


@cmdlet("New-Item", writes=True, class_name=COMMANDS + "NewItemCommand")
def new_item(call: Call) -> Iterator[Psobj]:
    for path, _wildcards in paths(call):
        full = path if "Name" not in call.p else f"{path}\\{call.p['Name']}"
        drive, rest = drive_of(full)
        if drive == "hklm":
            yield from registry_keys.new_key(call, full, rest)
            continue
        if not on_disk(call, drive):
            raise no_drive(full)
        kind = str(call.p.get("ItemType") or "File").casefold()
        yield from _new(call, full, kind)


def _new(call: Call, path: str, kind: str) -> Iterator[Psobj]:
    files = call.world.files
    exists = files.entry(call.computer, path)
    if exists is not None and not call.p.get("Force"):
        error, what = ("DirectoryExist", "directory") if kind == "directory" else ("NewItemIOError", "file")
        text = f"An item with the specified name {exists.path} already exists."
        raise PSError(
            error, "ResourceExists" if what == "directory" else "WriteError", "System.IO.IOException", text, path
        )
    if not call.should_process(path, impact="Medium"):
        return
    if kind == "directory":
        files.make_directory(call.computer, path)
    else:
        value = str(call.p.get("Value") or "").encode("utf-8")
        try:
            files.write(call.computer, path, value, call.world.clock.now())
        except OSError as error:
            raise PSError("NewItemIOError", "WriteError", "System.IO.IOException", str(error), path) from error
    entry = files.entry(call.computer, path)
    if entry is not None:
        yield file_object(entry)


@cmdlet("Remove-Item", writes=True, class_name=COMMANDS + "RemoveItemCommand")
def remove_item(call: Call) -> None:
    for path, wildcards in paths(call):
        try:
            found = items(call, path, wildcards)
        except PSError as error:
            call.write_error(error)
            continue
        for item in found:
            if call.should_process(path, impact="Medium"):
                _remove(call, path, item)


def _remove(call: Call, path: str, item: Psobj) -> None:
    drive, rest = drive_of(path)
    if drive == "cert" and not item.get("PSIsContainer"):
        store = _STORES[rest.split("\\")[1].casefold()]
        del certificates_of(call.computer).stores[store][str(item.get("Thumbprint"))]
        return
    if drive == "hklm":
        return registry_keys.remove_key(call, path, rest)
    if not on_disk(call, drive):
        raise PSError("NotSupported", "InvalidOperation", "System.NotSupportedException", "Not supported.", path)
    files, full = call.world.files, normalise(str(item.get("FullName")))
    inside = files.children(call.computer, full) if item.get("PSIsContainer") else []
    if inside and not call.p.get("Recurse"):
        raise PSError(  # PowerShell asks, and nobody answers
            "InvalidOperation", "InvalidOperation", "System.Management.Automation.PSInvalidOperationException",
            "Windows PowerShell is in NonInteractive mode. Read and Prompt functionality is not available.", path,
        )  # fmt: skip
    for entry in inside:
        _remove(call, entry.path, file_object(entry))
    return _remove_entry(call, files, full)


def _remove_entry(call: Call, files: Any, full: str) -> None:
    try:
        files.remove(call.computer, full)
    except FileNotFoundError:
        text = f"Access to the path '{full}' is denied."
        error = PSError("RemoveFileSystemItemUnAuthorizedAccess", "PermissionDenied",
                        "System.UnauthorizedAccessException", text, full)  # fmt: skip
        call.write_error(error)


@cmdlet("Get-ItemProperty", class_name=COMMANDS + "GetItemPropertyCommand")
def get_item_property(call: Call) -> Iterator[Psobj]:
    wanted = call.p.get("Name")
    names = [str(n) for n in (wanted if isinstance(wanted, (list, tuple)) else [wanted])] if wanted else []
    for path, wildcards in paths(call):
        try:
            for item in items(call, path, wildcards):
                missing = [n for n in names if item.name_of(n) is None]
                if missing:
                    text = f"Property {missing[0]} does not exist at path {item.text}."
                    raise PSError("System.Management.Automation.PSArgumentException", "InvalidArgument",
                                  "System.Management.Automation.PSArgumentException", text, missing[0])  # fmt: skip
                yield item
        except PSError as error:
            call.write_error(error)
