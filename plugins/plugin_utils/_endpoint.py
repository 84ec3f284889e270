# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of core's winrm connection, read as what they mean: which endpoint, how, as whom, how well protected.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ENCRYPTING = frozenset(("ntlm", "kerberos", "credssp"))
"""They seal every message over plain HTTP, unless told not to."""


def extra(extras: Mapping[str, Any], name: str, default: Any = None) -> Any:
    """One of the variables that core hands on to pywinrm as they are."""
    return extras.get(f"ansible_winrm_{name}", default)


@dataclass(frozen=True)
class Endpoint:
    scheme: str
    address: str
    port: int
    path: str
    transports: tuple[str, ...]
    user: str
    certificate: str
    """File of the client certificate, where one is the identity."""
    sealed: bool
    """Whether messages are encrypted where the scheme does not do it."""
    validated: bool

    @classmethod
    def of(cls, options: Mapping[str, Any], extras: Mapping[str, Any]) -> Endpoint:
        """As core's winrm plugin reads them, with the same defaults."""
        port = int(options.get("port") or 5986)
        scheme = str(options.get("scheme") or ("http" if port == 5985 else "https")).lower()
        user = str(options.get("remote_user") or "")
        named = options.get("transport")
        transports = tuple(str(one).lower() for one in ([named] if isinstance(named, str) else named or ()) if one)
        if not transports:
            transports = ("kerberos",) if "@" in user else ("ssl",) if scheme == "https" else ("plaintext",)
        return cls(
            scheme=scheme,
            address=str(options.get("remote_addr") or ""),
            port=port,
            path=str(options.get("path") or "/wsman"),
            transports=transports,
            user=user,
            certificate=str(extra(extras, "cert_pem") or ""),
            sealed=str(extra(extras, "message_encryption", "auto")).lower() != "never",
            validated=str(extra(extras, "server_cert_validation", "validate")).lower() != "ignore",
        )

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}{self.path}"

    @property
    def host(self) -> str:
        try:
            return f"[{ipaddress.IPv6Address(self.address)}]"
        except ValueError:
            return self.address

    @property
    def shown(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def encrypted(self) -> bool:
        """Whether nobody between can read what is sent, by whichever of its transports the connection comes about."""
        return self.scheme == "https" or (self.sealed and ENCRYPTING.issuperset(self.transports))

    @property
    def identity(self) -> list[str]:
        return [self.user, self.certificate]


def protect(endpoint: Endpoint, extras: Mapping[str, Any]) -> dict[str, Any]:
    """What pywinrm is told beyond the inventory.

    Proxies of the environment lead to nowhere near the Windows hosts of an organisation: only a named one is used.
    And pywinrm goes on in the clear where it finds itself unable to encrypt, unless it is told to always do it.
    """
    told = dict(extras)
    told.setdefault("ansible_winrm_proxy", None)
    if endpoint.scheme == "http" and endpoint.sealed and ENCRYPTING.issuperset(endpoint.transports):
        told["ansible_winrm_message_encryption"] = "always"
    return told
