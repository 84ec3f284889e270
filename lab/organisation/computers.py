# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Windows computer of the lab, as far as Lync and its administrators can tell."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .windows_registry import Registry

#: Editions of the Lync tools, as binder signatures name them.
EDITIONS = {"lync_2010": "L10", "lync_2013": "L13", "sfb_2015": "S15", "sfb_2019": "S19"}


@dataclass
class Computer:
    """``fqdn`` is lower-case: host name and domain, or host name and primary DNS suffix in a workgroup."""

    fqdn: str
    role: str = "server"  # front_end | edge | gateway | server
    joined: bool = True  # member of the forest's domain; False is a workgroup
    windows: str = "6.2"
    powershell: str = "3.0"
    culture: str = "en-US"
    oem_code_page: int = 437
    inventory_name: str = ""
    groups: tuple[str, ...] = ()  # fixed inventory groups it is a member of
    internal_addresses: tuple[str, ...] = ()
    external_addresses: tuple[str, ...] = ()
    #: PowerShell module name -> edition, e.g. {"Lync": "L13"}. Empty: the host has no Lync cmdlet at all.
    modules: dict[str, str] = field(default_factory=dict)
    core_files: str | None = None  # edition of the installed core files (Bootstrapper.exe, services later)
    features: set[str] = field(default_factory=set)  # installed Windows features
    packages: dict[str, str] = field(default_factory=dict)  # display name -> version, as the registry lists them
    sql_instances: set[str] = field(default_factory=set)  # RTC, RTCLOCAL, LYNCLOCAL
    local_store_created: bool = False  # Bootstrapper /BootstrapLocalMgmt was run
    components: dict[str, Any] = field(default_factory=dict)  # what the last Bootstrapper run installed: role -> detail
    computer_enabled: bool = False  # Enable-CsComputer was run since the last topology change that matters
    windows_services: dict[str, Any] = field(default_factory=dict)  # organisation.services
    certificates: Any = None  # organisation.certificates
    booted_at: datetime | None = None
    restart_pending: bool = False  # Windows wants a restart for its own components
    pending: set[str] = field(default_factory=set)  # who else wants one: windows_update, file_rename
    away_until: datetime | None = None  # restarting; nobody answers until then
    boots: int = 0  # restarts so far: what a process that was started before one can be told by
    bare: bool = False  # nothing but Windows: no feature, package or product yet
    #: Primary DNS suffix in force. None: the one that ``fqdn`` has.
    suffix_in_force: str | None = None
    registry: Registry = field(default_factory=Registry)  # beside the keys that tell what is installed
    media: bool = False  # the product's installation media are in drive D:
    shares: tuple[str, ...] = ()
    shares_granted: bool = True  # the groups of the forest's preparation have full control of them
    installation: str = "Server"  # or "Server Core"
    free_gb: float = 60.0  # on drive C:
    clock_skew: float = 0.0  # seconds that its clock is ahead of the lab's
    quotas: dict[str, str] = field(default_factory=dict)  # WSMan: items that are not the default
    inside_names: bool = True  # its name servers know the names of the inner network
    restart_after: frozenset[str] = frozenset()  # installers that want a restart here, by file name
    reachable: bool = True  # False: no WinRM endpoint is served
    second_hop: bool = True  # False: what a session has cannot be shown to another computer
    accounts: tuple[str, ...] = ()  # secrets are with the endpoint, never here

    @property
    def edition(self) -> str | None:
        """Edition of the Lync cmdlets on this host, or None."""
        return next(iter(self.modules.values()), None)

    @property
    def host(self) -> str:
        return self.fqdn.split(".", 1)[0]

    @property
    def suffix(self) -> str:
        return self.fqdn.split(".", 1)[1] if "." in self.fqdn else ""

    @property
    def dns_suffix(self) -> str:
        """The suffix that the computer itself goes by: in a workgroup one that has been set, after a restart."""
        return self.suffix if self.suffix_in_force is None else self.suffix_in_force

    @property
    def wants_restart(self) -> bool:
        return self.restart_pending or bool(self.pending)
