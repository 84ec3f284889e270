# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must be true of an inventory host and its session before anything is written there.

The action plugin knows the inventory and the playbook, the daemon knows which computer answers: a guard carries what the one
knows to the other.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.performer import full_name

_NETBIOS = 15
"""Characters that [Environment]::MachineName has at most."""
_NO_NAMES = frozenset(("", "localhost", "localhost.localdomain"))


@dataclass(frozen=True)
class Guard:
    """One inventory host of a session."""

    host: str
    address: str = ""
    expected: str | None = None
    never: str | None = None
    """Why nothing may be changed, and nothing planned either."""
    not_really: str | None = None
    """Why nothing may be changed in a real run."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Guard:
        return cls(
            str(data["host"]), str(data["address"]), data.get("expected"), data.get("never"), data.get("not_really")
        )

    def refusal(self, hello: Mapping[str, Any], *, check: bool) -> str | None:
        """The sentence that stops a change, or None."""
        return self.never or (None if check else self.not_really) or wrong_host(self, hello)


def wrong_host(guard: Guard, hello: Mapping[str, Any]) -> str | None:
    """Whether the computer that answers is the one that the inventory means; the sentence where it is not, or may not be."""
    says = full_name(hello)
    if guard.expected:
        if _same(guard.expected, hello, whole=True):
            return None
        return (
            f"Nothing is changed on {guard.host}: {says} answers at {guard.address}, and expected_computer_name says "
            f"{guard.expected}. Correct the address or the name."
        )
    names = [name for name in dict.fromkeys((guard.host, guard.address)) if is_name(name)]
    if any(_same(name, hello, whole=False) for name in names):
        return None
    told = " nor ".join(names) or "an address"
    return (
        f"Nothing is changed on {guard.host}: {says} answers at {guard.address}, and the inventory does not say that this is "
        f"the right computer (it says {'neither ' if len(names) > 1 else ''}{told}). If it is, set "
        f"expected_computer_name: {says} for {guard.host}."
    )


def is_name(text: str) -> bool:
    """Whether a text could name a computer; an IP address does not."""
    bare = text.strip("[]").rstrip(".").lower()
    if bare in _NO_NAMES:
        return False
    try:
        ipaddress.ip_address(bare)
    except ValueError:
        return True
    return False


def _same(name: str, hello: Mapping[str, Any], *, whole: bool) -> bool:
    """Compare a name with the computer: the short one as far as NetBIOS carries it, the domain where both sides have one.

    `whole`: the name was given to be compared, so its domain counts even where the computer has none.
    """
    short, _dot, domain = name.strip().rstrip(".").lower().partition(".")
    computer, suffix = str(hello.get("computer") or "").lower(), str(hello.get("domain") or "").lower()
    if not computer or short[:_NETBIOS] != computer[:_NETBIOS]:
        return False
    if not domain or (not suffix and not whole):
        return True
    return domain == suffix
