# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What WinRM allows a client, by its version."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, fields, replace

CMD_LINE = 8191  # cmd.exe
PROCESS_LINE = 32767  # CreateProcess, without cmd.exe


@dataclass(frozen=True)
class Limits:
    """The defaults of WinRM 3.0 and later."""

    max_shells_per_user: int = 30
    max_processes_per_shell: int = 25
    max_operations_per_user: int = 1500
    max_envelope: int = 500 * 1024
    idle_timeout: float = 7200.0
    max_timeout: float = 60.0
    connection_idle: float = 120.0  # HTTP.sys closes what has been silent for two minutes
    max_connections: int = 100

    def with_values(self, values: t.Mapping[str, t.Any]) -> Limits:
        known = {item.name: item.type for item in fields(self)}
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"There is no limit {name!r}, only {', '.join(sorted(known))}.")
            if isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0:
                raise ValueError(f"The limit {name} is a number above 0, not {value!r}.")
        return replace(self, **values)


WINRM_2 = Limits(
    max_shells_per_user=5,
    max_processes_per_shell=15,
    max_operations_per_user=15,
    max_envelope=150 * 1024,
    idle_timeout=180.0,
)


def limits_of(powershell: str) -> Limits:
    """WinRM comes with PowerShell: 2.0 with 2.0, 3.0 with Windows Management Framework 3.0 and later."""
    return WINRM_2 if powershell.startswith("2") else Limits()
