# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys below HKLM: and the cmdlets that write their values.

# rule: registry-force
# source: about the registry provider (New-Item -Force makes a key anew: what was in it is gone; New-ItemProperty -Force
# replaces a value, without it one that is there is an error), pages of New-Item and New-ItemProperty.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..organisation.windows_registry import KINDS, computed, keys_of
from ..powershell.values import Psobj
from . import Call, PSError, cmdlet

_CLASSES = "Microsoft.PowerShell.Commands."
_IO = "System.IO.IOException"


def _names(call: Call) -> dict[str, str]:
    """Lower-case path -> path, of every key that is there."""
    found: dict[str, str] = {}
    for name in keys_of(call.computer):
        parts = name.split("\\")
        for count in range(1, len(parts) + 1):
            path = "\\".join(parts[:count])
            found.setdefault(path.casefold(), path)
    return found


def _no_path(path: str) -> PSError:
    text = f"Cannot find path '{path}' because it does not exist."
    return PSError("PathNotFound", "ObjectNotFound", "System.Management.Automation.ItemNotFoundException", text, path)


def _key_of(call: Call, path: str) -> str:
    """The key that a path names, in its own spelling."""
    drive, colon, rest = path.replace("/", "\\").partition(":")
    if not colon or drive.casefold() != "hklm":
        text = "Cannot use interface. The IPropertyCmdletProvider interface is not supported by this provider."
        raise PSError("NotSupported", "NotImplemented", "System.NotSupportedException", text, path)
    found = _names(call).get(rest.strip("\\").casefold())
    if found is None:
        raise _no_path(path)
    return found


def _key_object(path: str) -> Psobj:
    full = f"HKEY_LOCAL_MACHINE\\{path}"
    properties = {"Name": full, "PSChildName": path.rpartition("\\")[2], "PSIsContainer": True}
    return Psobj("Microsoft.Win32.RegistryKey", full, properties)


def new_key(call: Call, path: str, rest: str) -> Iterator[Psobj]:
    known = _names(call)
    here = known.get(rest.casefold())
    force = bool(call.p.get("Force"))
    if here is not None and not force:
        raise PSError(_IO, "ResourceExists", _IO, "A key in this path already exists.", path)
    parent = rest.rpartition("\\")[0]
    if here is None and parent and parent.casefold() not in known and not force:
        text = "The registry key at the specified path does not exist."
        raise PSError("System.ArgumentException", "InvalidArgument", "System.ArgumentException", text, path)
    if not call.should_process(path, impact="Medium"):
        return
    call.computer.registry.remove(here or rest)
    call.computer.registry.make(
        here or f"{known.get(parent.casefold(), parent)}\\{rest.rpartition(chr(92))[2]}".lstrip("\\")
    )
    yield _key_object(here or rest)


def remove_key(call: Call, path: str, rest: str) -> None:
    if rest.casefold() in {name.casefold() for name in computed(call.computer)}:
        text = "Cannot delete a subkey tree: Requested registry access is not allowed."
        raise PSError("System.Security.SecurityException", "PermissionDenied", "System.Security.SecurityException",
                      text, path)  # fmt: skip
    below = [name for name in _names(call) if name.startswith(rest.casefold() + "\\")]
    if below and not call.p.get("Recurse"):
        text = "Windows PowerShell is in NonInteractive mode. Read and Prompt functionality is not available."
        raise PSError("InvalidOperation", "InvalidOperation",
                      "System.Management.Automation.PSInvalidOperationException", text, path)  # fmt: skip
    call.computer.registry.remove(rest)


# --- values


def _paths(call: Call) -> list[str]:
    value = call.p.get("LiteralPath", call.p.get("Path"))
    return [str(v) for v in value] if isinstance(value, (list, tuple)) else [str(value)]


def _converted(kind: str, value: Any, name: str) -> Any:
    """The data as the registry keeps it; what does not fit is refused."""
    try:
        if kind in ("DWord", "QWord"):
            number, bits = int(value or 0), 32 if kind == "DWord" else 64
            if not -(1 << (bits - 1)) <= number < 1 << bits:
                raise ValueError
            return number
        if kind == "MultiString":
            return [str(v) for v in value] if isinstance(value, (list, tuple)) else [str(value or "")]
        if kind == "Binary":
            return bytes(value or b"")
    except (TypeError, ValueError) as error:
        text = "The type of the value object did not match the specified RegistryValueKind or the object could not be properly converted."
        raise PSError("System.ArgumentException", "InvalidArgument", "System.ArgumentException", text, name) from error
    return "" if value is None else str(value)


def _kind(call: Call) -> str:
    wanted = str(call.p.get("PropertyType") or "String")
    found = next((kind for kind in KINDS if kind.casefold() == wanted.casefold()), None)
    if found is None:
        text = f'Cannot bind parameter \'PropertyType\'. Cannot convert value "{wanted}" to type "RegistryValueKind".'
        raise PSError("System.ArgumentException", "InvalidArgument", "System.ArgumentException", text, wanted)
    return found


def _value_object(key: str, name: str, data: Any) -> Psobj:
    return Psobj(
        "System.Management.Automation.PSCustomObject",
        properties={name: data, "PSPath": f"Microsoft.PowerShell.Core\\Registry::HKEY_LOCAL_MACHINE\\{key}"},
    )


def _own_name(call: Call, key: str, name: str) -> str | None:
    return next((n for n in keys_of(call.computer).get(key, {}) if n.casefold() == name.casefold()), None)


@cmdlet("New-ItemProperty", writes=True, class_name=_CLASSES + "NewItemPropertyCommand")
def new_item_property(call: Call) -> Iterator[Psobj]:
    kind, name = _kind(call), str(call.p["Name"])
    for path in _paths(call):
        key = _key_of(call, path)
        if _own_name(call, key, name) is not None and not call.p.get("Force"):
            raise PSError(_IO, "WriteError", _IO, "The property already exists.", path)
        data = _converted(kind, call.p.get("Value"), name)
        if call.should_process(path, impact="Medium"):
            call.computer.registry.put(key, name, data, kind, written=True)
            yield _value_object(key, name, data)


@cmdlet("Set-ItemProperty", writes=True, class_name=_CLASSES + "SetItemPropertyCommand")
def set_item_property(call: Call) -> Iterator[Psobj]:
    """A value keeps its type; a new one gets that of what it is given."""
    name, value = str(call.p["Name"]), call.p.get("Value")
    for path in _paths(call):
        key = _key_of(call, path)
        own = call.computer.registry.keys.get(key.casefold())
        old = own.values.get(name.casefold()) if own else None
        kind = old.kind if old else "DWord" if isinstance(value, int) else "String"
        if isinstance(value, (list, tuple)) and old is None:
            kind = "MultiString"
        data = _converted(kind, value, name)
        if call.should_process(path, impact="Medium"):
            call.computer.registry.put(key, name, data, kind, written=True)
            if call.p.get("PassThru"):
                yield _value_object(key, name, data)


@cmdlet("Remove-ItemProperty", writes=True, class_name=_CLASSES + "RemoveItemPropertyCommand")
def remove_item_property(call: Call) -> None:
    names = call.p["Name"]
    for path in _paths(call):
        key = _key_of(call, path)
        for name in [str(n) for n in (names if isinstance(names, (list, tuple)) else [names])]:
            if _own_name(call, key, name) is None:
                text = f"Property {name} does not exist at path HKEY_LOCAL_MACHINE\\{key}."
                call.write_error(PSError("System.Management.Automation.PSArgumentException", "InvalidArgument",
                                         "System.Management.Automation.PSArgumentException", text, name))  # fmt: skip
            elif call.should_process(path, impact="Medium") and not call.computer.registry.drop(key, name):
                text = "Requested registry access is not allowed."
                call.write_error(PSError("System.Security.SecurityException", "PermissionDenied",
                                         "System.Security.SecurityException", text, name))  # fmt: skip
