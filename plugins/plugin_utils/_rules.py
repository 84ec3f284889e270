# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a playbook cannot have from a session, each with the one sentence that says what to set instead.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ._context import PERIMETER
from ._endpoint import Endpoint

LINEAR = frozenset(("linear", "debug", "ansible.builtin.linear", "ansible.builtin.debug"))
"""`debug` is linear with a debugger."""

_INSTEAD = {
    "psrp": "set ansible_connection: winrm, and ansible_winrm_* in place of the ansible_psrp_* variables",
    "ssh": "set ansible_connection: winrm and enable WinRM on the host",
    "local": "set ansible_connection: winrm on the host, and do not delegate the task to localhost",
}
_SECRET_OPTION = re.compile(r"pass|secret|key|token|pin|pfx", re.IGNORECASE)


def wrong_transport(module: str, host: str, transport: str) -> str | None:
    if transport == "winrm":
        return None
    instead = _INSTEAD.get(transport, "set ansible_connection: winrm")
    return f"{module} needs a session over WinRM, and {host} has ansible_connection: {transport}: {instead}."


def become(module: str, host: str) -> str:
    return (
        f"{module} cannot become another user on {host}: set become: false. Where the Lync cmdlets have to reach a second "
        "server (Active Directory, SQL Server), set ansible_winrm_transport: credssp, or kerberos with "
        "ansible_winrm_kerberos_delegation: true."
    )


def become_on_controller(module: str) -> str:
    return f"{module} runs on the controller as the user who started the playbook and cannot become another: set become: false."


def strategy(name: str) -> str | None:
    """The order of the steps is what the guards rely on."""
    if name in LINEAR:
        return None
    return f"Nothing is changed under strategy: {name}, which lets hosts run ahead of each other: set strategy: linear."


def unencrypted(endpoint: Endpoint, host: str, allowed: bool) -> str | None:
    if endpoint.encrypted or allowed:
        return None
    return (
        f"The connection to {host} ({endpoint.url}, {', '.join(endpoint.transports)}) would not be encrypted, password included: "
        "use HTTPS (ansible_port: 5986), or ansible_winrm_transport: kerberos or ntlm; lync_allow_unencrypted: true allows it "
        "for this host."
    )


def not_validated(endpoint: Endpoint, host: str) -> str | None:
    if endpoint.scheme != "https" or endpoint.validated:
        return None
    return (
        f"The certificate of {host} is not validated, so anybody in between can pose as the host: set "
        "ansible_winrm_server_cert_validation: validate, and ansible_winrm_ca_trust_path to your authority's PEM file."
    )


def exposed_account(
    endpoint: Endpoint, host: str, groups: Mapping[str, Iterable[str]], accounts: Mapping[str, str]
) -> str | None:
    """CredSSP hands the password itself to the host: on a perimeter host it must not open any other door."""
    perimeter = {name for group in PERIMETER for name in groups.get(group) or ()}
    if "credssp" not in endpoint.transports or host not in perimeter:
        return None
    user = _plain(endpoint.user)
    others = sorted(name for name, account in accounts.items() if name != host and account and _plain(account) == user)
    if not others:
        return None
    return (
        f"CredSSP would leave the password of {endpoint.user} on {host}, a perimeter host, and {others[0]} uses the same account: "
        "give the perimeter host an account of its own, or set ansible_winrm_transport: ntlm for it."
    )


def _plain(account: str) -> str:
    """CONTOSO\\admin, admin@contoso.test and .\\admin are compared by the part that they share: better once too often."""
    return account.rsplit("\\", 1)[-1].split("@", 1)[0].strip().casefold()


def secrets_in(arguments: Any, name: str = "") -> list[str]:
    """Texts of options whose names say that they are secret."""
    if isinstance(arguments, Mapping):
        return [text for key, value in arguments.items() for text in secrets_in(value, str(key) if not _secret(name) else name)]
    if isinstance(arguments, (list, tuple)):
        return [text for value in arguments for text in secrets_in(value, name)]
    return [arguments] if isinstance(arguments, str) and arguments and _secret(name) else []


def _secret(name: str) -> bool:
    return bool(_SECRET_OPTION.search(name))


def scrubbed(value: Any, secrets: Iterable[str]) -> Any:
    """A failed result without any of these texts: what a module prints when it breaks passes by no mask of its own."""
    known = sorted({one for one in secrets if len(one) > 3}, key=len, reverse=True)
    if isinstance(value, str):
        for one in known:
            value = value.replace(one, "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER")
        return value
    if isinstance(value, dict):
        return {name: scrubbed(one, known) for name, one in value.items()}
    if isinstance(value, list):
        return [scrubbed(one, known) for one in value]
    return value
