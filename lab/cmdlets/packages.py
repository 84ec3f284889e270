# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Installers from the media: the Visual C++ runtime, msiexec.exe with the product's packages, and SQL Server Express.

# rules: installer-codes, installer-quiet, sql-express
# source: exit codes of Windows Installer (MsiExec.exe and InstMsi.exe error messages); SQL Server's set-up parameters
# (Install SQL Server from the command prompt); its exit code for a pending restart is 0x84BE0BC2.
# inferred: the general code of a failed SQL Server set-up; that a package without a switch for a quiet set-up waits for
# a user who is not there.
"""

from __future__ import annotations

import re

from ..organisation import installations, media
from ..organisation.files import BadPath
from ..organisation.media import Package
from ..organisation.power import restart
from ..powershell.errors import cannot_start
from . import ExecutableCall, Exit, executable

OK, FAILED, BUSY, RESTART_INITIATED, RESTART_REQUIRED = 0, 1603, 1618, 1641, 3010
UNKNOWN_PRODUCT, NO_PACKAGE, BAD_PACKAGE, BAD_COMMAND_LINE = 1605, 1619, 1620, 1639
SQL_FAILED, SQL_RESTART_FIRST = -2068578304, -2067919934  # 0x84B40000, 0x84BE0BC2

_QUIET = re.compile(r"/(q|qn|qb[-+!]*|quiet|passive)", re.IGNORECASE)
_PROPERTY = re.compile(r"[A-Z_][A-Za-z0-9_.]*=.*", re.DOTALL)
_NO_RESTART = ("/norestart", "reboot=reallysuppress", "reboot=suppress")


def installed(call: ExecutableCall, package: Package) -> bool:
    return all(name in call.computer.packages for name, _version in package.leaves)


def _ready(call: ExecutableCall, package: Package) -> bool:
    """Whether what it builds on is there. # inferred: Windows 2008 R2 has Identity Foundation as an update"""
    computer = call.computer
    old = computer.windows in ("6.0", "6.1")
    features = [f for f in package.features if not (old and f == "Windows-Identity-Foundation")]
    return all(p in computer.packages for p in package.packages) and set(features) <= computer.features


def _read(call: ExecutableCall, path: str) -> Package | None:
    """The package in a file, wherever it was copied to. FileNotFoundError where there is no file."""
    try:
        return media.package_of(call.world.files.read(call.computer, path))
    except BadPath as error:
        raise FileNotFoundError(path) from error


def _install(call: ExecutableCall, package: Package, restarts: bool) -> Exit:
    """``restarts``: the caller lets the installer restart the computer."""
    if not _ready(call, package):
        return Exit(FAILED)
    computer = call.computer
    computer.packages.update(package.leaves)
    if package.core:
        computer.core_files = "L13"
        computer.modules = {**computer.modules, "Lync": "L13"}
    if package.file.casefold() not in computer.restart_after:
        return Exit(OK)
    computer.pending.add("file_rename")
    if not restarts:
        return Exit(RESTART_REQUIRED)
    restart(call.world, computer)
    return Exit(RESTART_INITIATED)


# --- Windows Installer


class _BadCommandLine(Exception):
    pass


def _command(call: ExecutableCall) -> tuple[str, str, bool, bool]:
    """Action, package, whether it is quiet, and whether it may restart the computer."""
    action = target = ""
    quiet, restarts = False, True
    rest = iter(call.argv)
    for argument in rest:
        folded = argument.casefold().replace("-", "/", 1) if argument.startswith("-") else argument.casefold()
        if folded in ("/i", "/package", "/x", "/uninstall"):
            if action:
                raise _BadCommandLine
            action, target = ("x" if folded in ("/x", "/uninstall") else "i"), next(rest, "")
        elif _QUIET.fullmatch(folded):
            quiet = True
        elif folded in _NO_RESTART:
            restarts = False
        elif re.match(r"/l", folded):
            next(rest, None)
        elif folded not in ("/forcerestart", "/promptrestart") and not _PROPERTY.fullmatch(argument):
            raise _BadCommandLine
    if not action or not target:
        raise _BadCommandLine
    return action, target, quiet, restarts


def _refuse_msi(call: ExecutableCall) -> Exit | None:
    try:
        _action, target, quiet, _restarts = _command(call)
    except _BadCommandLine:
        return Exit(BAD_COMMAND_LINE)
    try:
        package = _read(call, target)
    except FileNotFoundError:
        return Exit(NO_PACKAGE)
    if package is None or not package.file.endswith(".msi"):
        return Exit(BAD_PACKAGE)
    if not quiet:
        return Exit(None)
    return Exit(BUSY) if installations.busy(call.world, call.computer) else None


@executable("msiexec.exe", detached=True, at_once=_refuse_msi)
def msiexec(call: ExecutableCall) -> Exit:
    action, target, _quiet, restarts = _command(call)
    try:
        package = _read(call, target)
    except FileNotFoundError:
        return Exit(NO_PACKAGE)
    if package is None:
        return Exit(BAD_PACKAGE)
    if action == "i":
        return _install(call, package, restarts)
    return _remove(call, package)


def _remove(call: ExecutableCall, package: Package) -> Exit:
    if not installed(call, package):
        return Exit(UNKNOWN_PRODUCT)
    computer = call.computer
    if any(name in p.packages and installed(call, p) for p in media.PACKAGES for name, _version in package.leaves):
        return Exit(FAILED)
    for name, _version in package.leaves:
        computer.packages.pop(name, None)
    if package.core:
        computer.core_files = None
        computer.modules = {name: e for name, e in computer.modules.items() if name != "Lync"}
    return Exit(OK)


# --- executables of the media


def _from_media(call: ExecutableCall, file: str) -> Package:
    """The package that the started file is; Windows does not start what is not there, or no program."""
    try:
        package = _read(call, call.path)
    except FileNotFoundError:
        raise cannot_start("The system cannot find the file specified") from None
    if package is None or package.file.casefold() != file:
        raise cannot_start("The specified executable is not a valid application for this OS platform")
    return package


def _refuse_runtime(call: ExecutableCall) -> Exit | None:
    _from_media(call, "vcredist_x64.exe")
    known = ("/install", "/norestart", "/quiet", "/q", "/passive", "/repair")
    if any(argument.casefold() not in known for argument in call.argv):
        return Exit(BAD_COMMAND_LINE)
    if not any(argument.casefold() in ("/q", "/quiet", "/passive") for argument in call.argv):
        return Exit(None)
    return Exit(BUSY) if installations.busy(call.world, call.computer) else None


@executable("vcredist_x64.exe", detached=True, at_once=_refuse_runtime)
def visual_c(call: ExecutableCall) -> Exit:
    restarts = "/norestart" not in (argument.casefold() for argument in call.argv)
    return _install(call, _from_media(call, "vcredist_x64.exe"), restarts)


_SQL = re.compile(r"/(?P<name>[A-Za-z]+)(=(?P<value>.*))?", re.DOTALL)
_SQL_PARAMETERS = frozenset(
    "q qs hideconsole iacceptsqlserverlicenseterms action features instancename instanceid tcpenabled npenabled "
    "updateenabled sqlsvcaccount sqlsvcstartuptype sqlsysadminaccounts browsersvcstartuptype agtsvcaccount "
    "agtsvcstartuptype instancedir sqlcollation errorreporting indicateprogress addcurrentuserassqladmin "
    "skiprules enu".split()
)  # fmt: skip


def _sql_parameters(call: ExecutableCall) -> dict[str, str] | None:
    found = {}
    for argument in call.argv:
        match = _SQL.fullmatch(argument)
        if match is None or match["name"].casefold() not in _SQL_PARAMETERS:
            return None
        found[match["name"].casefold()] = match["value"] or ""
    return found


def _refuse_sql(call: ExecutableCall) -> Exit | None:
    _from_media(call, "sqlexpr_x64.exe")
    given = _sql_parameters(call)
    if given is None or "iacceptsqlserverlicenseterms" not in given or given.get("action", "").casefold() != "install":
        return Exit(SQL_FAILED)
    if "q" not in given and "qs" not in given:
        return Exit(None)
    if call.computer.wants_restart:
        return Exit(SQL_RESTART_FIRST)
    return Exit(SQL_FAILED) if installations.busy(call.world, call.computer) else None


@executable("SQLEXPR_x64.exe", detached=True, at_once=_refuse_sql)
def sql_express(call: ExecutableCall) -> Exit:
    given = _sql_parameters(call) or {}
    return install_instance(call, given.get("instancename", "SQLEXPRESS"))


def install_instance(call: ExecutableCall, name: str) -> Exit:
    """A SQL Server instance; one of that name must not be there yet."""
    package = next(p for p in media.PACKAGES if p.file == "SQLEXPR_x64.exe")
    if not name or name.upper() in call.computer.sql_instances:
        return Exit(SQL_FAILED)
    ended = _install(call, package, restarts=False)
    if ended.code in (OK, RESTART_REQUIRED):
        call.computer.sql_instances.add(name.upper())
        return ended
    return Exit(SQL_FAILED)
