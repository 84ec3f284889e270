# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restart-Computer, and certutil.exe where Windows has no cmdlets for certificates.

# rule: restart-force
# source: pages of Restart-Computer (without -Force not while users are signed in; the local computer cannot be waited
# for) and of certutil (-addstore, -f replaces); error ids and certutil's texts are [inf].
"""

from __future__ import annotations

from typing import Any

from ..organisation import power
from ..organisation.certificate_files import UnreadableCertificate, read
from ..organisation.certificate_store import Stored
from ..organisation.certificates import certificates_of
from ..organisation.files import BadPath
from . import Call, ExecutableCall, Exit, PSError, cmdlet, executable

_INVALID = "System.InvalidOperationException"


def _names(value: Any) -> list[str]:
    if value is None:
        return ["."]
    return [str(v) for v in value] if isinstance(value, (list, tuple)) else [str(value)]


@cmdlet("Restart-Computer", writes=True, class_name="Microsoft.PowerShell.Commands.RestartComputerCommand")
def restart_computer(call: Call) -> None:
    """This computer: it answers, and is gone a moment later."""
    own = (".", "localhost", call.computer.fqdn.casefold(), call.computer.host.casefold())
    for name in _names(call.p.get("ComputerName")):
        if name.casefold() not in own:
            text = f"Failed to restart the computer {name} with the following error message: Access is denied."
            call.write_error(PSError("RestartcomputerFailed", "OperationStopped", _INVALID, text, name))
        elif call.p.get("Wait"):
            text = (
                "Cannot wait for the local computer to restart. The local computer is ignored when Wait is specified."
            )
            call.write_error(PSError("CannotWaitLocalComputer", "InvalidOperation", _INVALID, text, name))
        elif not call.p.get("Force"):
            text = (
                f"Failed to restart the computer {call.computer.host} with the following error message: The system "
                "shutdown cannot be initiated because there are other users logged on to the computer."
            )
            call.write_error(PSError("RestartcomputerFailed", "OperationStopped", _INVALID, text, name))
        elif call.should_process(call.computer.host, impact="Medium"):
            power.restart(call.world, call.computer)


_STORES = {"my": "My", "root": "Root", "ca": "CA"}


@executable("certutil.exe")
def certutil(call: ExecutableCall) -> Exit:
    """-addstore [-f] Root FILE"""
    arguments = [argument for argument in call.argv if argument.casefold() not in ("-f", "/f")]
    if len(arguments) != 3 or arguments[0].casefold() not in ("-addstore", "/addstore"):
        return _failed(0x80070057, "E_INVALIDARG")
    store = _STORES.get(arguments[1].casefold())
    if store is None:
        return _failed(0x80070002, "ERROR_FILE_NOT_FOUND")
    try:
        contents = read(call.world.files.read(call.computer, arguments[2]))
    except (FileNotFoundError, BadPath):
        return _failed(0x80070002, "ERROR_FILE_NOT_FOUND")
    except UnreadableCertificate:
        return _failed(0x8009310B, "CRYPT_E_ASN1_BADTAG")
    own = certificates_of(call.computer)
    for certificate in (contents.certificate, *contents.others):
        stored = own.find(Stored(certificate).thumbprint, store) or Stored(certificate)
        own.add(stored, store)
    text = f'{arguments[1]}\r\nCertificate "{arguments[1]}" added to store.\r\nCertUtil: -addstore command completed successfully.\r\n'
    return Exit(0, text.encode("ascii", "replace"))


def _failed(code: int, name: str) -> Exit:
    text = f"CertUtil: -addstore command FAILED: {code:#x} ({name})\r\n"
    return Exit(code - (1 << 32), text.encode("ascii"))
