# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Installations under way: they go on when whoever started them is gone, and two at a time there are not.

# rule: installer-goes-on
# source: Windows Installer's exit code 1618 (another installation is in progress).
# inferred: that an installer outlives the PowerShell that started it; a restart of the computer ends it with nothing done.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..cmdlets import ExecutableCall, Exit
    from .computers import Computer
    from .world import World

log = logging.getLogger(__name__)


@dataclass
class Installation:
    """Plain data, so that a world that is copied keeps it."""

    fqdn: str
    due: datetime
    path: str = ""  # of the executable; empty: something of Windows' own that leaves nothing here
    arguments: str = ""
    argv: list[str] = field(default_factory=list)
    directory: str | None = None
    user: str = ""
    run: str = ""
    attended: bool = True  # somebody waits for its end and tells of it
    done: bool = False
    exit: Any = None

    @property
    def process(self) -> str:
        """What Windows calls its process."""
        return self.path.replace("/", "\\").rpartition("\\")[2].rpartition(".")[0]


def _all(world: World) -> list[Installation]:
    under_way: list[Installation] = world.tables.setdefault("installations", [])
    return under_way


def begin(world: World, computer: Computer, seconds: float, call: ExecutableCall | None = None) -> Installation:
    """It will be done in so many seconds of lab time, whoever waits for it."""
    due = world.clock.now() + timedelta(seconds=seconds)
    found = Installation(computer.fqdn, due, attended=call is not None)
    if call is not None:
        found.path, found.arguments, found.argv = call.path, call.arguments, list(call.argv)
        found.directory, found.user, found.run = call.directory, call.user, call.run
    _all(world).append(found)
    return found


def under_way(world: World, computer: Computer) -> list[Installation]:
    """What has not ended on this computer."""
    now = world.clock.now()
    return [i for i in _all(world) if i.fqdn == computer.fqdn and i.due > now and not i.done]


def busy(world: World, computer: Computer) -> bool:
    """Whether the computer's Windows Installer has something to do."""
    if world.faults is not None and world.faults.active("installation_running", computer.fqdn) is not None:
        return True
    return bool(under_way(world, computer))


def settle(world: World) -> None:
    """What nobody waits for any more is done when its time has come."""
    if not world.tables.get("installations"):
        return
    now = world.clock.now()
    for installation in [i for i in _all(world) if i.due <= now and not i.attended]:
        finish(world, installation)


def finish(world: World, installation: Installation) -> Exit:
    """Let it take effect now. Raises what its handler raises."""
    from ..cmdlets import ExecutableCall, Exit, find_executable

    if installation in _all(world):
        _all(world).remove(installation)
    installation.done = True
    computer, handler = world.computers.get(installation.fqdn), find_executable(installation.path)
    if computer is None or handler is None:
        return Exit(0)
    call = ExecutableCall(
        installation.path, installation.arguments, installation.argv, installation.directory, None, world, computer,
        installation.user, installation.run, handler.writes,
    )  # fmt: skip
    try:
        ended = handler.function(call)
        result = ended if isinstance(ended, Exit) else Exit(ended or 0)
    except Exception as exc:
        if installation.attended:
            raise
        log.error("the handler of %s failed on %s", installation.path, installation.fqdn, exc_info=exc)
        result = Exit(1)
    finally:
        if handler.writes:
            world.after_change(call)
    if not installation.attended:
        _record(world, installation, f"late, exit {result.code}")
    return result


def cancel(world: World, computer: Computer) -> None:
    """The computer goes down: what is not done by now is not done at all."""
    settle(world)
    for installation in [i for i in _all(world) if i.fqdn == computer.fqdn]:
        _all(world).remove(installation)
        installation.done = True
        if not installation.attended and installation.path:
            _record(world, installation, "ended by a restart")


def _record(world: World, installation: Installation, outcome: str) -> None:
    from ..powershell.values import iso_text

    if world.transcript is not None:
        world.transcript.append(
            {
                "time": iso_text(world.clock.now()),
                "host": installation.fqdn,
                "run": installation.run,
                "cmdlet": installation.path.replace("/", "\\").rpartition("\\")[2],
                "parameters": {"path": installation.path, "arguments": installation.arguments},
                "outcome": outcome,
                "write": True,
            }
        )
