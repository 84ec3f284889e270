# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows features: which names a Windows has, what each brings with it, and which want a restart or a source.

# rules: feature-brings, feature-restart
# source: the list for Front Ends is L:lync-server-2013-additional-software-requirements, which gives -Source sxs; names are
# those of Server Manager; the payload of .NET Framework 3.5 is not on the disk from 2012 on (Microsoft's page on it).
# inferred: which features bring which others, and that only media and desktop features want a restart.
"""

from __future__ import annotations

#: The list for a Front End on Windows Server 2012, with the one that the page requires and its command leaves out.
FRONT_END = tuple(
    "RSAT-ADDS Web-Server Web-Static-Content Web-Default-Doc Web-Http-Errors Web-Asp-Net Web-Net-Ext Web-ISAPI-Ext "
    "Web-ISAPI-Filter Web-Http-Logging Web-Log-Libraries Web-Request-Monitor Web-Http-Tracing Web-Basic-Auth "
    "Web-Windows-Auth Web-Client-Auth Web-Filtering Web-Stat-Compression Web-Dyn-Compression "
    "NET-WCF-HTTP-Activation45 Web-Asp-Net45 Web-Mgmt-Tools Web-Scripting-Tools Web-Mgmt-Compat Desktop-Experience "
    "Telnet-Client BITS Server-Media-Foundation Windows-Identity-Foundation".split()
)
EDGE = ("Windows-Identity-Foundation",)

_BOTH = tuple(
    "RSAT RSAT-Role-Tools RSAT-AD-Tools RSAT-ADDS RSAT-ADDS-Tools RSAT-AD-AdminCenter RSAT-AD-PowerShell Web-Server "
    "Web-WebServer Web-Common-Http Web-Static-Content Web-Default-Doc Web-Dir-Browsing Web-Http-Errors "
    "Web-Http-Redirect Web-App-Dev Web-Asp-Net Web-Net-Ext Web-ISAPI-Ext Web-ISAPI-Filter Web-Health Web-Http-Logging "
    "Web-Log-Libraries Web-Request-Monitor Web-Http-Tracing Web-Security Web-Basic-Auth Web-Windows-Auth "
    "Web-Client-Auth Web-Filtering Web-Performance Web-Stat-Compression Web-Dyn-Compression Web-Mgmt-Tools "
    "Web-Mgmt-Console Web-Scripting-Tools Web-Mgmt-Service Web-Mgmt-Compat Web-Metabase Web-WMI NET-Framework-Core "
    "NET-HTTP-Activation Desktop-Experience Ink-Handwriting Telnet-Client BITS Windows-Server-Backup "
    "DNS AD-Domain-Services SMTP-Server SNMP-Service".split()
)
_SINCE_2012 = tuple(
    "NET-Framework-Features NET-Framework-45-Features NET-Framework-45-Core NET-Framework-45-ASPNET "
    "NET-WCF-Services45 NET-WCF-HTTP-Activation45 NET-WCF-TCP-PortSharing45 Web-Net-Ext45 Web-Asp-Net45 "
    "Server-Media-Foundation Windows-Identity-Foundation InkAndHandwritingServices User-Interfaces-Infra "
    "Server-Gui-Mgmt-Infra Server-Gui-Shell PowerShellRoot PowerShell WoW64-Support WAS WAS-Process-Model "
    "WAS-Config-APIs FileAndStorage-Services Storage-Services".split()
)
_ONLY_2008_R2 = ("NET-Framework", "NET-Win-CFAC", "PowerShell-ISE", "WAS", "WAS-Process-Model", "WAS-Config-APIs")

#: Installed by Windows itself.
_OWN = tuple(
    "NET-Framework-45-Features NET-Framework-45-Core NET-WCF-Services45 NET-WCF-TCP-PortSharing45 "
    "User-Interfaces-Infra Server-Gui-Mgmt-Infra Server-Gui-Shell PowerShellRoot PowerShell WoW64-Support "
    "FileAndStorage-Services Storage-Services".split()
)
_NEEDS: dict[str, tuple[str, ...]] = {
    "RSAT-ADDS": ("RSAT", "RSAT-Role-Tools", "RSAT-AD-Tools", "RSAT-ADDS-Tools", "RSAT-AD-AdminCenter"),
    "RSAT-AD-AdminCenter": ("RSAT-AD-PowerShell",),
    "Web-Server": ("Web-WebServer",),
    "Web-Asp-Net": ("Web-Net-Ext", "Web-ISAPI-Ext", "Web-ISAPI-Filter"),
    "Web-Net-Ext": ("NET-Framework-Core", "Web-Filtering"),
    "Web-Asp-Net45": ("Web-Net-Ext45", "Web-ISAPI-Ext", "Web-ISAPI-Filter", "NET-Framework-45-ASPNET"),
    "Web-Net-Ext45": ("NET-Framework-45-ASPNET", "Web-Filtering"),
    "NET-WCF-HTTP-Activation45": ("Web-Net-Ext45", "WAS", "WAS-Process-Model", "WAS-Config-APIs"),
    "Web-Mgmt-Compat": ("Web-Metabase",),
    "Desktop-Experience": ("InkAndHandwritingServices", "Server-Media-Foundation"),
    "NET-HTTP-Activation": ("NET-Framework-Core",),
}
_PARENTS = {
    "Web-Common-Http": "Static-Content Default-Doc Dir-Browsing Http-Errors Http-Redirect",
    "Web-App-Dev": "Asp-Net Net-Ext ISAPI-Ext ISAPI-Filter Asp-Net45 Net-Ext45",
    "Web-Health": "Http-Logging Log-Libraries Request-Monitor Http-Tracing",
    "Web-Security": "Basic-Auth Windows-Auth Client-Auth Filtering",
    "Web-Performance": "Stat-Compression Dyn-Compression",
    "Web-Mgmt-Tools": "Mgmt-Console Scripting-Tools Mgmt-Service Mgmt-Compat",
}
_PARENT = {f"Web-{name}": parent for parent, names in _PARENTS.items() for name in names.split()}
#: Not on the disk of a new server from 2012 on: they come from the media.
REMOVED = frozenset({"NET-Framework-Core", "NET-HTTP-Activation"})
#: In use as soon as they are installed, so only a restart brings them.
RESTART = frozenset({"Desktop-Experience", "Server-Media-Foundation", "Server-Gui-Shell"})


def known(windows: str) -> tuple[str, ...]:
    """Names of features in this Windows, in its own order."""
    if windows in ("6.0", "6.1"):
        return (*_BOTH, *_ONLY_2008_R2)
    names = (*(n for n in _BOTH if n != "Ink-Handwriting"), *_SINCE_2012)
    return tuple(n for n in names if n != "Desktop-Experience") if windows == "10.0" else names


def own(windows: str) -> set[str]:
    """What a new server has."""
    return {name for name in _OWN if name in known(windows)}


def canonical(windows: str, name: str) -> str | None:
    return next((n for n in known(windows) if n.casefold() == name.casefold()), None)


def closure(windows: str, names: tuple[str, ...] | list[str]) -> list[str]:
    """The features with all that they bring, the needed ones first."""
    available = set(known(windows))
    found: list[str] = []

    def add(name: str) -> None:
        if name in found or name not in available:
            return
        parent = _PARENT.get(name)
        if name.startswith("Web-") and name not in ("Web-Server", "Web-WebServer"):
            add("Web-Server" if parent is None else parent)
        for needed in _NEEDS.get(name, ()):
            add(needed)
        if name not in found:
            found.append(name)

    for name in names:
        add(name)
    return found


def wanted(windows: str, edge: bool) -> list[str]:
    """What the product asks for, with what comes with it: for prepared hosts, and for Bootstrapper to look at."""
    names = EDGE if edge else FRONT_END
    return closure(windows, [n for n in names if n in known(windows)])


def missing(windows: str, edge: bool, installed: set[str]) -> list[str]:
    asked = EDGE if edge else FRONT_END
    return [n for n in asked if n in known(windows) and n not in installed]
