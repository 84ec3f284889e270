# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is a write, as data: the verb of a cmdlet, a short reviewed list of exceptions, a closed list of programs.

A cmdlet that is not known to only read is a write: it is journalled, guarded, and never sent in check mode.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from .calls import Call, Cmdlet, Executable, HashFile, ReadSlice
from .errors import InvalidRequest

READING_VERBS = frozenset({"Get", "Test", "Search", "Find", "Show", "Resolve", "Measure", "Select", "Compare"})

#: They look like readers, but something happens out there: a message is sent, a user signs in.
WRITES_IN_SPITE_OF_THEIR_VERB = frozenset(
    {
        "Test-CsXmppIM", "Test-CsIM", "Test-CsGroupIM", "Test-CsPersistentChatMessage", "Test-CsExUMVoiceMail",
        "Test-CsPstnOutboundCall", "Test-CsPstnPeerToPeerCall", "Test-CsMcxPushNotification",
    }
)  # fmt: skip

#: They only make an object in the memory of the shell, or load what the shell needs.
READS_IN_SPITE_OF_THEIR_VERB = frozenset(
    {
        "New-CsSimpleUrl", "New-CsSimpleUrlEntry", "New-Object", "New-TimeSpan", "Import-Module", "Where-Object",
        "Debug-CsUnifiedContactStore",
    }
)  # fmt: skip

#: With this switch the cmdlet changes nothing.
READS_WITH = {"Request-CsCertificate": "List", "Export-CsConfiguration": "AsBytes"}

#: Installers that the module package starts, by file name.
INSTALLERS = (
    "dotnetfx45_full_x86_x64.exe", "lyncserverupdateinstaller.exe", "sqlexpr_x64.exe", "vcredist_x64.exe",
)  # fmt: skip
#: Programs that may be started at all, by file name: True = it changes something.
PROGRAMS = {
    "bootstrapper.exe": True, "msiexec.exe": True, "netstat.exe": False, "whoami.exe": False, "certutil.exe": True,
    **dict.fromkeys(INSTALLERS, True),
}  # fmt: skip

_PROGRAM_PATH = re.compile(r"[A-Za-z]:\\(?:[^\\/:*?\"<>|]+\\)*([^\\/:*?\"<>|]+)")
_READING_OPERATION = re.compile(r"[a-z]+\.(?:query|read|list|probe)")
_WILDCARDS = re.compile(r"[*?\[\]`]")
#: Parameters of a write that say which object is meant: a wildcard there could mean several.
_NAMING = frozenset(
    {"identity", "name", "path", "filename", "target", "policyname", "computername", "poolfqdn", "domain"}
)
_NAMES_A_USER = re.compile(r"(?:Move-Cs(?:Legacy)?User|Grant-Cs[A-Za-z]+Policy|(?:Set|Enable|Disable)-CsUser)")
_USER = re.compile(r"sip:[^@]+@[^@]+|CN=.+,DC=.+", re.IGNORECASE | re.DOTALL)


def is_write(call: Call) -> bool:
    if isinstance(call, Cmdlet):
        if "." in call.name:
            return not _READING_OPERATION.fullmatch(call.name)
        if call.name in WRITES_IN_SPITE_OF_THEIR_VERB:
            return True
        if call.name in READS_IN_SPITE_OF_THEIR_VERB or call.name.split("-")[0] in READING_VERBS:
            return False
        switch = READS_WITH.get(call.name)
        if switch is not None and call.parameters.get(switch) is True:
            return False
        return not (call.name.startswith("New-") and call.parameters.get("InMemory") is True)
    if isinstance(call, Executable):
        return PROGRAMS[program(call)]
    return not isinstance(call, (ReadSlice, HashFile))


def program(call: Executable) -> str:
    """The file name of a program that may be started; any other is refused."""
    found = _PROGRAM_PATH.fullmatch(call.path)
    name = found.group(1).lower() if found else ""
    if name not in PROGRAMS:
        raise InvalidRequest(f"{call.path!r} is not one of the programs that this collection starts.")
    return name


def check_read(calls: Iterable[Call]) -> None:
    for call in calls:
        if is_write(call):
            raise InvalidRequest(f"{named(call)} changes something and was sent as a read.")


def check_write(call: Call) -> None:
    """The form of a write: it names one object, and a user by SIP address or distinguished name."""
    if not is_write(call):
        raise InvalidRequest(f"{named(call)} only reads and was sent as a change.")
    if not isinstance(call, Cmdlet):
        return
    for name, value in call.parameters.items():
        if name.lower() in _NAMING and isinstance(value, str) and _WILDCARDS.search(value):
            raise InvalidRequest(
                f"{call.name} was to be called with -{name} {value!r}: a wildcard in what a change is made to could "
                "mean several objects. Name the object itself."
            )
    if _NAMES_A_USER.fullmatch(call.name) and isinstance(call.parameters.get("Identity"), str):
        if not _USER.fullmatch(call.parameters["Identity"]):
            raise InvalidRequest(
                f"{call.name} was to be called for {call.parameters['Identity']!r}: a display name can belong to two "
                "users. Name the user by SIP address (sip:...) or distinguished name."
            )


def named(call: Call) -> str:
    if isinstance(call, Cmdlet):
        return call.name
    return getattr(call, "path", type(call).__name__)
