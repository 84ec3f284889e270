# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is a write, and what a write may be made to."""

from __future__ import annotations

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import (
    Call,
    Cmdlet,
    Executable,
    HashFile,
    ReadSlice,
    WriteSlice,
)
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import InvalidRequest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.writes import (
    check_read,
    check_write,
    is_write,
)
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("call", "write"),
    [
        (Cmdlet("Get-CsUser"), False),
        (Cmdlet("Test-CsTopology"), False),
        (Cmdlet("Get-Item"), False),
        (Cmdlet("Test-CsXmppIM"), True),
        (Cmdlet("Test-CsFederatedPartner"), False),
        (Cmdlet("New-CsXmppAllowedPartner", {"Identity": "a"}), True),
        (Cmdlet("New-CsXmppAllowedPartner", {"Identity": "a", "InMemory": True}), False),
        (Cmdlet("New-CsXmppAllowedPartner", {"Identity": "a", "InMemory": False}), True),
        (Cmdlet("New-CsSimpleUrl"), False),
        (Cmdlet("Set-CsSite"), True),
        (Cmdlet("Request-CsCertificate", {"New": True}), True),
        (Cmdlet("Request-CsCertificate", {"List": True}), False),
        (Cmdlet("Export-CsConfiguration", {"AsBytes": True}), False),
        (Cmdlet("Export-CsConfiguration", {"FileName": "C:\\x.zip"}), True),
        (Cmdlet("Merge-CsLegacyTopology"), True),
        (Cmdlet("Invoke-CsManagementStoreReplication"), True),
        (Cmdlet("Restart-Computer"), True),
        (Cmdlet("Frobnicate-CsThing"), True),
        (Cmdlet("dns.query"), False),
        (Cmdlet("dns.update"), True),
        (Cmdlet("certificate.sign"), True),
        (ReadSlice("C:\\a", 0, 1), False),
        (HashFile("C:\\a"), False),
        (WriteSlice("C:\\a", 0, b""), True),
        (Executable("C:\\Lync\\Bootstrapper.exe"), True),
        (Executable("C:\\Windows\\System32\\netstat.exe"), False),
    ],
)
def test_what_is_a_write(call: Call, write: bool) -> None:
    assert is_write(call) is write


def test_a_write_sent_as_a_read_is_refused_and_the_other_way_round() -> None:
    with pytest.raises(InvalidRequest, match="Set-CsSite changes something"):
        check_read([Cmdlet("Get-CsSite"), Cmdlet("Set-CsSite")])
    with pytest.raises(InvalidRequest, match="only reads"):
        check_write(Cmdlet("Get-CsSite"))


@pytest.mark.parametrize(
    "path",
    [
        "cmd.exe",
        "C:\\Windows\\System32\\cmd.exe",
        "\\\\server\\share\\Bootstrapper.exe",
        "Bootstrapper.exe",
        "C:\\x\\Bootstrapper.exe & calc.exe",
        "C:/x/Bootstrapper.exe",
        "",
    ],
)
def test_only_programs_of_the_list_are_started(path: str) -> None:
    with pytest.raises(InvalidRequest, match="programs"):
        is_write(Executable(path))


@pytest.mark.parametrize("value", ["*", "Tag:Xmpp*", "pool?.contoso.test", "[ab]", "a`b"])
@pytest.mark.parametrize("parameter", ["Identity", "Name", "Path", "Target", "PolicyName", "identity"])
def test_no_wildcard_says_what_a_write_is_made_to(parameter: str, value: str) -> None:
    with pytest.raises(InvalidRequest, match="wildcard"):
        check_write(Cmdlet("Set-CsThing", {parameter: value}))


def test_a_wildcard_elsewhere_is_a_letter() -> None:
    check_write(Cmdlet("Set-CsThing", {"Identity": "a", "Description": "what? [all] *"}))


@pytest.mark.parametrize(
    "cmdlet", ["Move-CsUser", "Move-CsLegacyUser", "Grant-CsExternalAccessPolicy", "Enable-CsUser"]
)
@pytest.mark.parametrize("name", ["Ken Myer", "ken", "KENMYER\\contoso", "", "sip:", "CN=Ken"])
def test_users_are_named_by_address_or_distinguished_name(cmdlet: str, name: str) -> None:
    with pytest.raises(InvalidRequest, match="display name"):
        check_write(Cmdlet(cmdlet, {"Identity": name}))


@pytest.mark.parametrize("name", ["sip:ken@contoso.test", "CN=Ken Myer,OU=Users,DC=contoso,DC=test"])
def test_these_names_of_users_are_taken(name: str) -> None:
    check_write(Cmdlet("Move-CsUser", {"Identity": name, "Target": "pool2013.contoso.test"}))


HOSTILE = [
    "$(Remove-Item C:\\)",
    "o'x' -or 'a' -eq 'a",
    "*)(objectClass=*",
    "{{ lookup('pipe', 'touch X') }}",
    "`whoami`",
]


@given(st.one_of(st.sampled_from(HOSTILE), st.text()))
def test_hostile_identities_are_refused_or_stay_whole(text: str) -> None:
    from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import to_wire

    call = Cmdlet("Set-CsThing", {"Identity": text})
    try:
        check_write(call)
        sent = to_wire(call)["parameters"]["Identity"]
    except InvalidRequest:
        return
    assert ("".join(sent["parts"]) if isinstance(sent, dict) else sent) == text
    assert not set(text) & set("*?[]`")
