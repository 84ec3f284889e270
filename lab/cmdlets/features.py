# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows features: Get-, Install- and Add-WindowsFeature of Server Manager.

# rules: feature-unknown, feature-source, feature-restart
# source: pages of Install-WindowsFeature and Get-WindowsFeature (result objects; payloads that are not on the disk come
# from -Source); error ids as in published transcripts.
# inferred: a feature that wants a restart is shown as installed with the state InstallPending before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..organisation import windows_features
from ..organisation.files import BadPath
from ..organisation.power import restart
from ..powershell.values import Enum, Psobj, Switch
from . import Call, PSError, cmdlet
from .shared import matching

_CLASS = "Microsoft.Windows.ServerManager.Commands."
_MODULE = "Microsoft.Windows.ServerManager.Commands.AddWindowsFeatureCommand"


def _texts(value: Any) -> list[str]:
    if value is None:
        return []
    values = value if isinstance(value, (list, tuple)) else [value]
    return [str(v.get("Name")) if isinstance(v, Psobj) else str(v) for v in values]


def _state(call: Call, name: str) -> str:
    if name in call.computer.features:
        pending = call.computer.restart_pending and name in windows_features.RESTART
        return "InstallPending" if pending else "Installed"
    old = call.computer.windows in ("6.0", "6.1")
    return "Removed" if name in windows_features.REMOVED and not old else "Available"


def _feature(call: Call, name: str) -> Psobj:
    return Psobj(
        _CLASS + "Feature",
        name,
        {"Name": name, "DisplayName": name.replace("-", " "), "Installed": name in call.computer.features,
         "InstallState": Enum(_state(call, name)), "FeatureType": "Feature", "Path": name},
    )  # fmt: skip


@cmdlet("Get-WindowsFeature", class_name=_CLASS + "GetWindowsFeatureCommand")
def get_windows_feature(call: Call) -> Iterator[Psobj]:
    """A name that fits nothing gives nothing."""
    known = windows_features.known(call.computer.windows)
    seen: set[str] = set()
    for pattern in _texts(call.p.get("Name")) or ["*"]:
        for name in matching(pattern, known):
            if name not in seen:
                seen.add(name)
                yield _feature(call, name)


def _wanted(call: Call) -> list[str]:
    known = windows_features.known(call.computer.windows)
    found: list[str] = []
    for given in _texts(call.p.get("Name")):
        names = list(matching(given, known))
        if not names:
            text = (
                f"ArgumentNotValid: The role, role service, or feature name is not valid: '{given}'. "
                "The name was not found."
            )
            raise PSError("NameDoesNotExist", "InvalidArgument", "System.Exception", text, given)
        found += names
    return found


def _source(call: Call) -> bool:
    """Whether what -Source names is there and has the payload."""
    for path in _texts(call.p.get("Source")):
        try:
            inside = call.world.files.children(call.computer, path, "*netfx3*")
        except BadPath:
            continue
        if inside:
            return True
    return False


def _install(call: Call) -> Iterator[Psobj]:
    computer = call.computer
    names = windows_features.closure(computer.windows, _wanted(call))
    missing = [name for name in names if name not in computer.features]
    if not call.should_process(computer.fqdn, impact="Medium"):
        return
    old = computer.windows in ("6.0", "6.1")
    if not old and set(missing) & windows_features.REMOVED and not _source(call):
        text = (
            "The request to add or remove features on the specified server failed. Installation of one or more roles, "
            "role services, or features failed. The source files could not be found. Error: 0x800f081f"
        )
        call.write_error(PSError("DISMAPI_Error__Failed_To_Enable_Updates", "InvalidOperation", "System.Exception",
                                 text, "@{Vhd=; Credential=; Reboot=False}", hresult=-2146498529))  # fmt: skip
        yield _result(False, False, "Failed", [])
        return
    computer.features |= set(missing)
    wants = bool(set(missing) & windows_features.RESTART)
    computer.restart_pending = computer.restart_pending or wants
    code = "SuccessRestartRequired" if wants else "Success" if missing else "NoChangeNeeded"
    yield _result(True, wants, code, missing)
    if wants and call.p.get("Restart"):
        restart(call.world, computer)
    elif wants:
        call.warn("You must restart this server to finish the installation process.")


def _result(success: bool, wants: bool, code: str, names: list[str]) -> Psobj:
    features = [
        Psobj(
            _CLASS + "FeatureResult",
            name,
            {"Name": name, "Success": True,
             "RestartNeeded": Enum("Yes" if name in windows_features.RESTART else "No")},
        )
        for name in names
    ]  # fmt: skip
    return Psobj(
        _CLASS + "FeatureOperationResult",
        properties={"Success": success, "RestartNeeded": Enum("Yes" if wants else "No"), "ExitCode": Enum(code),
                    "FeatureResult": features},
    )  # fmt: skip


@cmdlet("Install-WindowsFeature", writes=True, class_name=_MODULE)
def install_windows_feature(call: Call) -> Iterator[Psobj]:
    return _install(call)


@cmdlet("Add-WindowsFeature", writes=True, class_name=_MODULE)
def add_windows_feature(call: Call) -> Iterator[Psobj]:
    """Of Windows Server 2008 R2; from 2012 on the name is an alias, which no caller here uses."""
    call.p.setdefault("Restart", Switch(False))
    return _install(call)
