# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry of what a simulated host can do: cmdlets and executables, by name.

A family is a file of this package; its handlers register themselves when the file is imported::

    @cmdlet("Get-CsSite")
    def get_site(call: Call) -> Iterable[Psobj]:
        ...

A handler returns an iterable of objects (a generator may yield some and then raise), one value, or None. It raises a
``PSError`` for a terminating error and gives non-terminating ones to ``call.write_error``.
"""

from __future__ import annotations

import importlib
import pkgutil
import threading
import typing as t
from dataclasses import dataclass, field

from ..powershell.errors import PSError, command_not_found, prompt_refused

__all__ = [
    "Call",
    "Cmdlet",
    "Executable",
    "ExecutableCall",
    "Exit",
    "PSError",
    "cmdlet",
    "command_not_found",
    "executable",
    "executables",
    "find_cmdlet",
    "find_executable",
    "load",
    "registry",
]


Names = set[str]  # a field of Call has the name of the type


@dataclass
class Call:
    """One call of a cmdlet, as its handler sees it."""

    cmdlet: str
    p: dict[str, t.Any]  # bound parameters by their own names; what was not given is absent
    set: int
    world: t.Any
    computer: t.Any
    user: str
    run: str = ""
    writes: bool = False
    errors: list[PSError] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    host_lines: list[str] = field(default_factory=list)
    modules: Names = field(default_factory=Names)  # what its process has found; Import-Module adds to it
    groups: frozenset[str] | None = None  # of the logon token, in lower case; None: as the directory has them now

    def write_error(self, error: PSError) -> None:
        """A non-terminating error: collected, and the cmdlet goes on."""
        self.errors.append(error)

    def warn(self, text: str) -> None:
        self.warnings.append(text)

    def host_line(self, text: str) -> None:
        """What a cmdlet prints past the pipeline (Write-Host): a line of stdout that is no answer."""
        self.host_lines.append(text)

    def should_process(self, target: str = "", impact: str = "High", force: bool = False) -> bool:
        """Whether to act. Fails as a prompt fails where a real cmdlet would prompt.

        ``impact`` is the cmdlet's ConfirmImpact (a prompt comes from High on); ``force`` says that its -Force silences
        the prompt. False means -WhatIf.
        """
        if self.p.get("WhatIf"):
            return False
        if force and self.p.get("Force"):
            return True
        confirm = self.p.get("Confirm")
        if bool(confirm) if confirm is not None else impact == "High":
            raise prompt_refused(target)
        return True

    def should_continue(self, target: str = "") -> None:
        """A ShouldContinue prompt: -Confirm:$false does not silence it, only the cmdlet's own -Force does."""
        if not self.p.get("Force"):
            raise prompt_refused(target)


@dataclass
class ExecutableCall:
    """One start of an executable. ``arguments`` is the one string the caller sent, ``argv`` how Windows splits it."""

    path: str
    arguments: str
    argv: list[str]
    directory: str | None
    seconds: float | None
    world: t.Any
    computer: t.Any
    user: str
    run: str = ""
    writes: bool = True
    groups: frozenset[str] = frozenset()  # of the logon that started it, in lower case

    @property
    def cmdlet(self) -> str:
        """Its file name: what transcript and laws call it by."""
        return self.path.replace("/", "\\").rpartition("\\")[2]

    @property
    def p(self) -> dict[str, t.Any]:
        return {"arguments": self.argv}


class Exit(t.NamedTuple):
    """How an executable ended. ``code`` None: it was still running when its time was up."""

    code: int | None = 0
    stdout: bytes = b""
    stderr: bytes = b""


CmdletFunction = t.Callable[[Call], t.Any]
ExecutableFunction = t.Callable[[ExecutableCall], "Exit | int | None"]


@dataclass(frozen=True)
class Cmdlet:
    name: str
    function: CmdletFunction
    writes: bool
    module: str | None  # the module that brings it; None for one that is always there
    class_name: str


@dataclass(frozen=True)
class Executable:
    name: str
    function: ExecutableFunction
    writes: bool
    detached: bool = False  # an installer: it goes on when whoever started it is gone
    at_once: t.Callable[[ExecutableCall], Exit | None] | None = None  # what it refuses before it does anything


registry: dict[str, Cmdlet] = {}
executables: dict[str, Executable] = {}


def cmdlet(
    name: str,
    *,
    writes: bool = False,
    module: str | None = None,
    class_name: str | None = None,
) -> t.Callable[[CmdletFunction], CmdletFunction]:
    """Registers a cmdlet. ``class_name`` is what follows the comma of its error ids."""

    def register(function: CmdletFunction) -> CmdletFunction:
        key = name.casefold()
        if key in registry and registry[key].function.__qualname__ != function.__qualname__:
            raise ValueError(f"{name} has two handlers: {registry[key].function.__module__} and {function.__module__}")
        registry[key] = Cmdlet(name, function, writes, module, class_name or _class_name(name, module))
        return function

    return register


def executable(
    name: str,
    *,
    writes: bool = True,
    detached: bool = False,
    at_once: t.Callable[[ExecutableCall], Exit | None] | None = None,
) -> t.Callable[[ExecutableFunction], ExecutableFunction]:
    """Registers an executable under its file name; the directory it is started from does not matter."""

    def register(function: ExecutableFunction) -> ExecutableFunction:
        executables[name.casefold()] = Executable(name, function, writes, detached, at_once)
        return function

    return register


def _class_name(name: str, module: str | None) -> str:
    bare = name.replace("-", "")
    if module and module.casefold() in ("lync", "skypeforbusiness"):
        return f"Microsoft.Rtc.Management.{bare}Cmdlet"
    return f"Microsoft.PowerShell.Commands.{bare}Command"


_loaded = False
_loading = threading.RLock()


def load() -> None:
    """Imports every family file of this package, once."""
    global _loaded
    with _loading:
        if not _loaded:
            for module in pkgutil.iter_modules(__path__):
                importlib.import_module(f"{__name__}.{module.name}")
            _loaded = True


def find_cmdlet(name: str) -> Cmdlet | None:
    load()
    return registry.get(name.casefold())


def find_executable(path: str) -> Executable | None:
    """By the last part of a Windows path."""
    load()
    return executables.get(path.replace("/", "\\").rpartition("\\")[2].casefold())
