# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Active Directory as Lync sees it: users by the hundred thousand, few bytes each."""

from __future__ import annotations

import fnmatch
import re
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime

NAMESPACE = uuid.UUID("6f1a3a0e-7b0c-4a53-9f0e-1d2c3b4a5968")
ON_PREMISES = "SRV:"
NO_POLICIES: dict[str, str] = {}


class User:
    """One account. Change it through the Directory, which keeps count of who is homed where."""

    __slots__ = (
        "ad_only",
        "container",
        "display_name",
        "enabled",
        "enterprise_voice",
        "federation",
        "first",
        "home_server",
        "hosting_provider",
        "internet",
        "last",
        "legacy_policies",
        "line_uri",
        "mail",
        "name",
        "number",
        "oddities",
        "policies",
        "public_network",
        "registrar_pool",
        "sam",
        "sip",
        "target_registrar_pool",
        "upn",
        "when_changed",
        "when_created",
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
        self.home_server: str | None = None  # only written down for OCS users; see Directory.home_server
        self.hosting_provider = ON_PREMISES
        self.legacy_policies: dict[str, str] = NO_POLICIES  # OCS: what Move-CsLegacyUser grants once it is imported
        self.policies: dict[str, str] = NO_POLICIES  # noun -> name without "Tag:", {"ExternalAccessPolicy": "X"}
        self.federation = self.internet = True
        self.public_network = self.enterprise_voice = False
        self.line_uri = ""
        self.when_created: datetime | None = None
        self.when_changed: datetime | None = None
        self.oddities: dict[str, object] = {}  # see population.ODDITIES
        for key, value in values.items():
            setattr(self, key, value)

    @property
    def dn(self) -> str:
        return f"CN={escape_rdn(self.name)},{self.container}"

    @property
    def counts(self) -> bool:
        """Whether the laws look at this user: enabled, and on premises."""
        return self.enabled and not self.ad_only and self.hosting_provider == ON_PREMISES


def escape_rdn(value: str) -> str:
    """RFC 4514, as Active Directory prints it."""
    text = "".join("\\" + c if c in ',\\+<>;"=' else c for c in value)
    if text.startswith((" ", "#")):
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
        self.homed: Counter[str] = Counter()  # enabled on-premises users by RegistrarPool; "" for none
        self.generation = 0  # goes up with each change
        self._index: dict[str, User] = {}
        self._guids: dict[str, User] = {}
        self._display: dict[str, list[User]] = {}

    @property
    def base(self) -> str:
        return ",".join(f"DC={label}" for label in self.domain.split("."))

    @property
    def netbios(self) -> str:
        return self.domain.partition(".")[0].upper()[:15]

    def __iter__(self) -> Iterator[User]:
        return iter(self.users)

    def guid(self, user: User) -> str:
        return str(uuid.uuid5(NAMESPACE, f"{self.seed}/{self.domain}/{user.number}"))

    def sid(self, user: User) -> str:
        return f"S-1-5-21-{1000000000 + self.seed}-2000478354-839522115-{1100 + user.number}"

    def add(self, user: User) -> None:
        self.users.append(user)
        if user.counts:
            self.homed[_pool(user)] += 1
        for key in (user.sip, user.upn, f"{self.netbios}\\{user.sam}", user.dn):
            self._index.setdefault(key.casefold(), user)
        self._display.setdefault(user.display_name.casefold(), []).append(user)

    # --- finding -----------------------------------------------------------------------------------------------------
    def by_key(self, identity: str) -> User | None:
        """By SIP address (with or without ``sip:``), UPN, domain\\logon, DN or GUID. A SAM name alone is no identity."""
        key = identity.casefold()
        user = self._index.get(key) or (self._index.get(f"sip:{key}") if "@" in key else None)
        if user is None and re.fullmatch(r"\{?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?", key):
            if len(self._guids) != len(self.users):
                self._guids = {self.guid(known): known for known in self.users}
            user = self._guids.get(key.strip("{}"))
        return user

    def find(self, identity: str) -> list[User]:
        """All users that an identity of a user cmdlet means; display names may fit several and may have wildcards."""
        user = self.by_key(identity)
        if user is not None:
            return [user]
        if "*" in identity:
            pattern = re.compile(fnmatch.translate(identity.replace("[", "[[]").replace("?", "[?]").casefold()))
            return [u for u in self.users if pattern.match(u.display_name.casefold())]
        return list(self._display.get(identity.casefold(), ()))

    # --- changing ----------------------------------------------------------------------------------------------------
    def rehome(self, user: User, pool: str | None, at: datetime) -> None:
        if user.counts:
            self.homed[_pool(user)] -= 1
        user.registrar_pool = pool
        user.target_registrar_pool = None
        user.home_server = None
        if user.counts:
            self.homed[_pool(user)] += 1
        self._touch(user, at)

    def target(self, user: User, pool: str | None, at: datetime) -> None:
        user.target_registrar_pool = pool
        self._touch(user, at)

    def assign(self, user: User, noun: str, name: str | None, at: datetime) -> None:
        policies = {key: value for key, value in user.policies.items() if key != noun}
        user.policies = policies | {noun: name} if name else policies
        self._touch(user, at)

    def _touch(self, user: User, at: datetime) -> None:
        user.when_changed = at
        self.generation += 1

    def unmoved(self, pools: Iterable[str]) -> int:
        """How many enabled on-premises users are not homed on any of these pools."""
        known = {pool.casefold() for pool in pools}
        return sum(count for pool, count in self.homed.items() if pool not in known)


def _pool(user: User) -> str:
    return (user.registrar_pool or "").casefold()
