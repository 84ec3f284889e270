# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Active Directory as Lync sees it: users by the hundred thousand, few bytes each."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime

NAMESPACE = uuid.UUID("6f1a3a0e-7b0c-4a53-9f0e-1d2c3b4a5968")
ON_PREMISES = "SRV:"


class User:
    """One account. What most accounts share (container, domain) is held once, in the directory."""

    __slots__ = (
        "number", "name", "sam", "upn", "first", "last", "display_name", "mail", "sip", "enabled", "ad_only",
        "container", "registrar_pool", "target_registrar_pool", "home_server", "hosting_provider", "site",
        "policies", "federation", "internet", "public_network", "enterprise_voice", "line_uri", "when_created",
        "when_changed", "oddities",
    )

    def __init__(self, number: int, name: str, container: str, **values: object) -> None:
        self.number = number
        self.name = name
        self.container = container  # "OU=Staff,DC=contoso,DC=test"
        self.sam = self.upn = self.first = self.last = self.display_name = self.mail = self.sip = ""
        self.enabled = True
        self.ad_only = False  # an account that was never enabled for Lync
        self.registrar_pool: str | None = None
        self.target_registrar_pool: str | None = None  # set while a move is in flight
        self.home_server: str | None = None
        self.hosting_provider = ON_PREMISES
        self.site: str | None = None
        self.policies: dict[str, str] = {}  # policy noun -> name without "Tag:"; e.g. {"ExternalAccessPolicy": "X"}
        self.federation = self.internet = True
        self.public_network = self.enterprise_voice = False
        self.line_uri = ""
        self.when_created: datetime | None = None
        self.when_changed: datetime | None = None
        self.oddities: dict[str, object] = {}  # from the estate: move_error, move_seconds, protected, blanks ...
        for key, value in values.items():
            setattr(self, key, value)

    @property
    def dn(self) -> str:
        return f"CN={escape_rdn(self.name)},{self.container}"


def escape_rdn(value: str) -> str:
    """RFC 4514, as Active Directory prints it."""
    text = "".join("\\" + c if c in ',\\#+<>;"=' else c for c in value)
    if text.startswith(" "):
        text = "\\" + text
    if text.endswith(" "):
        text = text[:-1] + "\\ "
    return text


class Directory:
    """Users by SIP address, DN, GUID, UPN and SAM name; identifiers are made from the estate's seed."""

    def __init__(self, domain: str, seed: int = 1) -> None:
        self.domain = domain
        self.seed = seed
        self.users: list[User] = []
        self._index: dict[str, User] | None = None

    @property
    def base(self) -> str:
        return ",".join(f"DC={label}" for label in self.domain.split("."))

    def guid(self, user: User) -> str:
        return str(uuid.uuid5(NAMESPACE, f"{self.seed}/{self.domain}/{user.number}"))

    def sid(self, user: User) -> str:
        return f"S-1-5-21-{1000000000 + self.seed}-2000478354-839522115-{1100 + user.number}"

    def add(self, user: User) -> None:
        self.users.append(user)
        self._index = None

    def __iter__(self) -> Iterator[User]:
        return iter(self.users)
