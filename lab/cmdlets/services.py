# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows services: Get-, Start- and Stop-CsWindowsService, and Windows' own Get-, Start-, Stop- and Restart-Service.

# source: errors as in a published failed deployment log ("Service X was not found on computer 'Y'.", "Cannot start
# service X on computer 'Y'."); Start-CsWindowsService is silent about what already runs (cmdlet page).
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Iterator
from typing import Any

from ..organisation import services
from ..organisation.computers import Computer
from ..organisation.services import WindowsService
from ..powershell.values import Enum, Psobj
from . import Call, PSError, cmdlet
from ._servers import DEPLOYMENT, LYNC, failed, other_computer, report

#: Services of Windows itself that an administrator of these hosts looks for.
WINDOWS_SERVICES = {"WinRM": "Windows Remote Management (WS-Management)", "W32Time": "Windows Time"}
_MICROSOFT = "Microsoft.PowerShell.Commands."


def lync_services(computer: Computer) -> list[WindowsService]:
    order = {row: place for place, row in enumerate(_ORDER)}
    own = [s for s in computer.windows_services.values() if s.lync]
    return sorted(own, key=lambda s: order.get(s.name, len(order)))


#: Start order. # source: an Edge's log; Front Ends start their store's and logging services first as well.
_ORDER = (
    "REPLICA",
    "MASTER",
    "FTA",
    "RTCCLSAGT",
    "FabricHostSvc",
    "RTCSRV",
    "RTCDATAPROXY",
    "RTCMRAUTH",
    "RTCMEDIARELAY",
)


def _object(service: WindowsService, activity: bool = True) -> Psobj:
    return Psobj(
        DEPLOYMENT + "Core.NTService",
        service.name,
        {
            "Name": service.name,
            "DisplayName": service.display_name,
            "Status": Enum(service.status),
            "ActivityLevel": "" if activity and service.running else None,
            "RoleName": list(service.roles),
        },
    )


def _chosen(call: Call, computer: Computer) -> list[WindowsService]:
    own = lync_services(computer)
    given = call.p.get("InputObject")
    name = given.get("Name") if isinstance(given, Psobj) else call.p.get("Name")
    if name is None:
        return own
    found = [s for s in own if s.name.casefold() == str(name).casefold()]
    if not found:
        raise failed(call, "service-not-found", str(name), computer=computer.fqdn)
    return found


@cmdlet("Get-CsWindowsService", module=LYNC, class_name=DEPLOYMENT + "GetWindowsServiceCmdlet")
def get_windows_service(call: Call) -> Iterator[Psobj]:
    computer = other_computer(call, call.p.get("ComputerName"))
    for service in _chosen(call, computer):
        yield _object(service, not call.p.get("ExcludeActivityLevel"))
    report(call)


@cmdlet("Start-CsWindowsService", writes=True, module=LYNC, class_name=DEPLOYMENT + "StartWindowsServiceCmdlet")
def start_windows_service(call: Call) -> None:
    computer = other_computer(call, call.p.get("ComputerName"))
    chosen = _chosen(call, computer)
    if not call.should_process(computer.fqdn, impact="Medium"):
        return
    for service in chosen:
        if service.running:
            continue
        reason = services.cannot_start(call.world, computer, service)
        if reason is None:
            services.start(call.world, computer, service)
        elif not call.p.get("NoWait"):  # without waiting nobody hears how it ended: inferred
            call.write_error(failed(call, "service-not-started", service.name, computer=computer.fqdn, reason=reason))
    report(call, "Failed" if call.errors else "Completed")


@cmdlet("Stop-CsWindowsService", writes=True, module=LYNC, class_name=DEPLOYMENT + "StopWindowsServiceCmdlet")
def stop_windows_service(call: Call) -> None:
    """-Graceful lets running sessions end: how long that takes is a latency of the estate."""
    computer = other_computer(call, call.p.get("ComputerName"))
    chosen = _chosen(call, computer)
    if not call.should_process(computer.fqdn, impact="Medium"):
        return
    for service in reversed(chosen):
        if service.name == "RTCCLSAGT" and call.p.get("LeaveClsAgentRunning"):
            continue
        services.stop(call.world, computer, service)
    report(call)


# --- Windows' own view of services


def _windows_services(computer: Computer) -> list[WindowsService]:
    own = list(computer.windows_services.values())
    running = services.RUNNING
    own += [WindowsService(n, d, lync=False, status=running) for n, d in WINDOWS_SERVICES.items()]
    own += [
        WindowsService(f"MSSQL${name}", f"SQL Server ({name})", lync=False, status=running)
        for name in sorted(computer.sql_instances)
    ]
    return sorted(own, key=lambda s: s.name.casefold())


def _service_object(service: WindowsService) -> Psobj:
    return Psobj(
        "System.ServiceProcess.ServiceController",
        service.name,
        {
            "Name": service.name,
            "ServiceName": service.name,
            "DisplayName": service.display_name,
            "Status": Enum(service.status),
            "CanStop": service.running,
            "MachineName": ".",
        },
    )


def _texts(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(v) for v in value] if isinstance(value, (list, tuple)) else [str(value)]


def _select(call: Call, computer: Computer) -> Iterator[WindowsService]:
    """By -Name or -DisplayName with wildcards; a plain name that fits nothing is an error, as in Windows."""
    everything = _windows_services(computer)
    given = call.p.get("InputObject")
    if given:
        names = [str(g.get("Name")) if isinstance(g, Psobj) else str(g) for g in _list(given)]
        patterns, by = names, "name"
    elif "DisplayName" in call.p:
        patterns, by = _texts(call.p["DisplayName"]), "display_name"
    else:
        patterns, by = _texts(call.p.get("Name")) or ["*"], "name"
    for pattern in patterns:
        found = [s for s in everything if fnmatch.fnmatchcase(getattr(s, by).casefold(), pattern.casefold())]
        if not found and not any(c in pattern for c in "*?["):
            call.write_error(_no_service(pattern, by))
        yield from found


def _list(value: Any) -> Iterable[Any]:
    return value if isinstance(value, (list, tuple)) else [value]


def _no_service(name: str, by: str) -> PSError:
    word = "NoServiceFoundForGivenName" if by == "name" else "NoServiceFoundForGivenDisplayName"
    kind = "service name" if by == "name" else "display name"
    text = f"Cannot find any service with {kind} '{name}'."
    return PSError(word, "ObjectNotFound", f"{_MICROSOFT}ServiceCommandException", text, name)


@cmdlet("Get-Service")
def get_service(call: Call) -> Iterator[Psobj]:
    names = _texts(call.p.get("ComputerName"))
    for computer in [other_computer(call, n) for n in names] or [call.computer]:
        for service in _select(call, computer):
            yield _service_object(service)


def _change(call: Call, how: str) -> Iterator[Psobj]:
    for chosen in list(_select(call, call.computer)):
        service = call.computer.windows_services.get(chosen.name, chosen)
        if not call.should_process(service.name, impact="Medium"):
            continue
        if chosen.name not in call.computer.windows_services:
            call.write_error(_cannot(service, how, "Access is denied"))
            continue
        if how in ("stop", "restart"):
            services.stop(call.world, call.computer, service)
        if how in ("start", "restart"):
            reason = services.cannot_start(call.world, call.computer, service)
            if reason is not None:
                call.write_error(_cannot(service, how, reason))
                continue
            services.start(call.world, call.computer, service)
        if call.p.get("PassThru"):
            yield _service_object(service)


def _cannot(service: WindowsService, how: str, reason: str) -> PSError:
    verb, done = ("Stop", "stopped") if how == "stop" else ("Start", "started")
    text = f"Service '{service.display_name} ({service.name})' cannot be {done}: {reason}."
    error = f"CouldNot{verb}Service"
    return PSError(error, "OpenError", f"{_MICROSOFT}ServiceCommandException", text, service.name)


@cmdlet("Start-Service", writes=True)
def start_service(call: Call) -> Iterator[Psobj]:
    return _change(call, "start")


@cmdlet("Stop-Service", writes=True)
def stop_service(call: Call) -> Iterator[Psobj]:
    return _change(call, "stop")


@cmdlet("Restart-Service", writes=True)
def restart_service(call: Call) -> Iterator[Psobj]:
    return _change(call, "restart")
