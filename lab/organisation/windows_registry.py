# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HKEY_LOCAL_MACHINE of a computer: keys that tell what is installed, and those that somebody has written.

# source: names of keys and values are Windows' own (Uninstall, Instance Names, RebootPending, RebootRequired,
# PendingFileRenameOperations, Tcpip\\Parameters); that a changed primary suffix stands in "NV Domain" until the restart
# copies it to "Domain" is [inf].
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .files_of_products import PRODUCT_DIRECTORIES, deployment_directory

if TYPE_CHECKING:
    from .computers import Computer

WINDOWS = r"SOFTWARE\Microsoft\Windows\CurrentVersion"
UNINSTALL = rf"{WINDOWS}\Uninstall"
WINDOWS_NT = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion"
SQL_INSTANCES = r"SOFTWARE\Microsoft\Microsoft SQL Server\Instance Names\SQL"
COMPONENTS_PENDING = rf"{WINDOWS}\Component Based Servicing\RebootPending"
UPDATES_PENDING = rf"{WINDOWS}\WindowsUpdate\Auto Update\RebootRequired"
SESSION_MANAGER = r"SYSTEM\CurrentControlSet\Control\Session Manager"
FILE_RENAMES = "PendingFileRenameOperations"
TCPIP = r"SYSTEM\CurrentControlSet\Services\Tcpip\Parameters"
POLICIES = rf"{WINDOWS}\Policies\System"
PRODUCT = r"SOFTWARE\Microsoft\Real-Time Communications\{A593FD00-64F1-4288-A6F4-E699ED9DCA35}"

#: Keys that every Windows has; below others nothing is until somebody makes it.
ALWAYS = (
    rf"{WINDOWS}\WindowsUpdate\Auto Update",
    rf"{WINDOWS}\Component Based Servicing",
    rf"{WINDOWS}\Run",
    UNINSTALL,
    POLICIES,
    SESSION_MANAGER,
    r"SYSTEM\CurrentControlSet\Control\Lsa",
    r"SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL",
    r"SOFTWARE\Policies\Microsoft\Windows",
)
KINDS = ("String", "ExpandString", "Binary", "DWord", "MultiString", "QWord")


@dataclass
class Value:
    name: str
    kind: str
    data: Any


@dataclass
class Key:
    path: str
    values: dict[str, Value] = field(default_factory=dict)  # by lower-case name


class Registry:
    """What was written: by the estate, by set-up programs, by a caller. Names compare without regard to case."""

    def __init__(self) -> None:
        self.keys: dict[str, Key] = {}
        self.written: set[tuple[str, str]] = set()  # (key, value name) as callers wrote them, for the state

    def has(self, path: str) -> bool:
        return path.casefold() in self.keys

    def make(self, path: str) -> Key:
        return self.keys.setdefault(path.casefold(), Key(path))

    def put(self, path: str, name: str, data: Any, kind: str = "String", *, written: bool = False) -> None:
        values = self.make(path).values
        old = values.get(name.casefold())
        values[name.casefold()] = Value(old.name if old else name, kind, data)
        if written:
            self.written = {
                w for w in self.written if (w[0].casefold(), w[1].casefold()) != (path.casefold(), name.casefold())
            }
            self.written.add((self.keys[path.casefold()].path, values[name.casefold()].name))

    def get(self, path: str, name: str) -> Any:
        key = self.keys.get(path.casefold())
        value = key.values.get(name.casefold()) if key else None
        return value.data if value else None

    def drop(self, path: str, name: str) -> bool:
        key = self.keys.get(path.casefold())
        return key is not None and key.values.pop(name.casefold(), None) is not None

    def remove(self, path: str) -> bool:
        """The key and all below it."""
        wanted = path.casefold()
        gone = [name for name in self.keys if name == wanted or name.startswith(wanted + "\\")]
        for name in gone:
            del self.keys[name]
        return bool(gone)

    def set_by_callers(self) -> dict[str, Any]:
        """``KEY\\name`` -> data of what was written and is there still."""
        found = {}
        for path, name in self.written:
            data = self.get(path, name)
            if data is not None:
                found[f"{path}\\{name}"] = list(data) if isinstance(data, (list, tuple, bytes)) else data
        return dict(sorted(found.items()))


def computed(computer: Computer) -> dict[str, dict[str, Any]]:
    """Keys below HKLM:\\ that tell what the computer is and what is installed."""
    keys: dict[str, dict[str, Any]] = {path: {} for path in ALWAYS}
    keys[WINDOWS_NT] = {"CurrentVersion": computer.windows, "InstallationType": computer.installation}
    keys[r"SOFTWARE\Microsoft\PowerShell\3\PowerShellEngine"] = {"PowerShellVersion": computer.powershell}
    if computer.core_files:
        keys[PRODUCT] = {
            "InstallDir": deployment_directory(computer.core_files).removesuffix("Deployment"),
            "ProductName": PRODUCT_DIRECTORIES[computer.core_files],
        }
    if computer.sql_instances:
        keys[SQL_INSTANCES] = {name: f"MSSQL11.{name}" for name in sorted(computer.sql_instances)}
    for display_name, version in computer.packages.items():
        keys[rf"{UNINSTALL}\{display_name}"] = {"DisplayName": display_name, "DisplayVersion": version}
    if computer.restart_pending:
        keys[COMPONENTS_PENDING] = {}
    if "windows_update" in computer.pending:
        keys[UPDATES_PENDING] = {}
    if "file_rename" in computer.pending:
        keys[SESSION_MANAGER] = {FILE_RENAMES: [r"\??\C:\Windows\Temp\renamed.tmp", ""]}
    return keys


def keys_of(computer: Computer) -> dict[str, dict[str, Any]]:
    """All keys, as they are now: what was written lies over what is computed."""
    keys = computed(computer)
    names = {name.casefold(): name for name in keys}
    for folded, key in computer.registry.keys.items():
        values = keys.setdefault(names.get(folded, key.path), {})
        own = {name.casefold(): name for name in values}
        for name, value in key.values.items():
            values[own.get(name, value.name)] = value.data
    return keys


def start(computer: Computer) -> None:
    """What set-up of Windows has left: its names, and who may administer it from afar.

    # rule: token-filter
    # source: Enable-PSRemoting sets LocalAccountTokenFilterPolicy on a computer that is in no domain.
    """
    put = computer.registry.put
    for name, data in (("Hostname", computer.host), ("NV Hostname", computer.host),
                       ("Domain", computer.dns_suffix), ("NV Domain", computer.dns_suffix)):  # fmt: skip
        put(TCPIP, name, data)
    put(POLICIES, "EnableLUA", 1, "DWord")
    if not computer.joined:
        put(POLICIES, "LocalAccountTokenFilterPolicy", 1, "DWord")
