# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users as Get-CsUser shows them: who is in scope, who is homed where, who cannot be moved and why.

PRIVATE to the collection: it can have breaking changes at any time.

"All moved" means that no enabled on-premises user is homed elsewhere than on a Lync Server 2013 pool. On-premises is
HostingProvider `SRV:`; a hybrid user has another provider and an empty RegistrarPool and is not ours. A user of OCS has
an empty RegistrarPool and a HomeServer. `-OnLyncServer` is no proof of either.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from .._engine.errors import InvalidInput, NotReady
from .._settings.names import fqdn, sip_uri

ON_PREMISES = "SRV:"
HERE, BRANCH, ELSEWHERE = "here", "branch", "elsewhere"
PROPERTIES = (
    "Identity",
    "Guid",
    "SipAddress",
    "DisplayName",
    "Enabled",
    "RegistrarPool",
    "HomeServer",
    "HostingProvider",
    "TargetRegistrarPool",
    "ExternalAccessPolicy",
)
#: What Move-CsLegacyUser looks at beside the display name.
NAMES = ("Name", "FirstName", "LastName")

Row = Mapping[str, Any]

OCS = "Office Communications Server"
_OCS_POOL = re.compile(r"CN=LC Services,CN=Microsoft,CN=([^,]+),CN=Pools,.+", re.IGNORECASE)


def address(row: Row) -> str:
    return str(row.get("SipAddress") or "").lower()


def registrar(row: Row) -> str:
    return str(row.get("RegistrarPool") or "").lower()


def from_ocs(row: Row) -> bool:
    """Homed on a pool of Office Communications Server, and so moved with Move-CsLegacyUser."""
    return not registrar(row) and bool(row.get("HomeServer"))


def ocs_pool(row: Row, pools: Iterable[Row] = ()) -> str | None:
    """FQDN of the OCS pool that HomeServer leads to, which has the pool by its host name; None where that is not clear."""
    match = _OCS_POOL.fullmatch(str(row.get("HomeServer") or ""))
    host = match.group(1).casefold() if match else None
    found = {
        str(pool.get("Fqdn")).lower() for pool in pools if str(pool.get("Fqdn")).casefold().partition(".")[0] == host
    }
    return found.pop() if len(found) == 1 else None


def home(row: Row) -> str:
    """Where a user is homed, for a sentence or a table."""
    if not from_ocs(row):
        return registrar(row) or "(none)"
    match = _OCS_POOL.fullmatch(str(row.get("HomeServer")))
    return f"{OCS} ({match.group(1).lower()})" if match else OCS


def name(row: Row) -> str:
    return address(row) or str(row.get("Identity"))


def on_premises(row: Row) -> bool:
    """Enabled, with a SIP address, and homed on servers of this organisation."""
    return (
        row.get("Enabled") is True
        and bool(address(row))
        and str(row.get("HostingProvider") or "").upper() == ON_PREMISES
    )


def place(row: Row, pools: Collection[str], branch_pools: Collection[str] = ()) -> str | None:
    """HERE, BRANCH or ELSEWHERE for an enabled on-premises user; None for anybody else. The pools are in lower case."""
    if not on_premises(row):
        return None
    where = registrar(row)
    return HERE if where in pools else BRANCH if where in branch_pools else ELSEWHERE


@dataclass(frozen=True)
class Homes:
    """The users in scope, by where they are homed."""

    here: tuple[Row, ...]
    elsewhere: tuple[Row, ...]
    branch: tuple[Row, ...] = ()


def homes(rows: Iterable[Row], pools: Sequence[str], branch_pools: Sequence[str] = ()) -> Homes:
    """Partition the enabled on-premises users; those on survivable branch appliances are listed apart."""
    ours, branches = {pool.lower() for pool in pools}, {pool.lower() for pool in branch_pools}
    found: dict[str | None, list[Row]] = {HERE: [], ELSEWHERE: [], BRANCH: [], None: []}
    for row in rows:
        found[place(row, ours, branches)].append(row)
    return Homes(tuple(found[HERE]), tuple(found[ELSEWHERE]), tuple(found[BRANCH]))


def named(rows: Iterable[Row], addresses: Sequence[str]) -> list[Row]:
    """The rows of these SIP addresses, in the order asked; a missing or ambiguous one is an error that names it."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(address(row), []).append(row)
    wanted = [_sip(text) for text in addresses]
    missing = [one for one in wanted if one not in found]
    if missing:
        raise InvalidInput(
            f"No user has the SIP address {', '.join(missing)}: correct the list or enable the user first."
        )
    twice = [one for one in wanted if len(found[one]) > 1]
    if twice:
        raise InvalidInput(
            f"More than one user has the SIP address {', '.join(twice)}: make the addresses unique first."
        )
    return [found[one][0] for one in dict.fromkeys(wanted)]


def _sip(text: str) -> str:
    try:
        return sip_uri(text).lower()
    except ValueError as exc:
        raise InvalidInput(str(exc)) from exc


def immovable(row: Row, target: str) -> str | None:
    """Why this user cannot be moved there as things stand, or None. Facts: Microsoft's pages on moving users and Move-CsUser.

    A move to the same pool that stopped half-way is tried again, without force."""
    if row.get("Enabled") is not True:
        return "is not enabled"
    if str(row.get("HostingProvider") or "").upper() != ON_PREMISES:
        return f"is hosted by {row.get('HostingProvider') or 'nobody'}, not on premises"
    if not registrar(row) and not from_ocs(row):
        return (
            "has neither a registrar pool nor a home server: enable the user for Lync Server anew, or disable the user"
        )
    elsewhere = str(row.get("TargetRegistrarPool") or target).lower()
    if elsewhere != target.lower():
        return f"is being moved to {elsewhere} already"
    for what in ("DisplayName", *(NAMES if from_ocs(row) else ())):
        text = str(row.get(what) or "")
        if text != text.strip():
            return f"has a name ({what}) that begins or ends with a blank: correct it in Active Directory first"
    return None


def by_pool(rows: Iterable[Row]) -> dict[str, int]:
    """How many users each pool has, the largest first."""
    counts: dict[str, int] = {}
    for row in rows:
        pool = home(row)
        counts[pool] = counts.get(pool, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def sample(rows: Sequence[Row], most: int = 5, total: int | None = None) -> str:
    """Some of these users by name, for a sentence; `total` where there are more of them than rows."""
    shown = ", ".join(name(row) for row in rows[:most])
    count = len(rows) if total is None else total
    return shown if count <= most else f"{shown} and {count - most} more"


def read_parameters(params: Row) -> dict[str, Any]:
    """Parameters of Get-CsUser and Move-CsUser that a module's options ask for."""
    controller = params.get("domain_controller")
    return {"DomainController": checked_fqdn("domain_controller", controller)} if controller else {}


@lru_cache(maxsize=256)
def checked_fqdn(option: str, text: str) -> str:
    try:
        return fqdn(text)
    except ValueError as exc:
        raise InvalidInput(f"{option}: {exc}") from exc


def check_fqdns(params: Mapping[str, Any], *options: str) -> None:
    """Pools are only compared with what servers say; a text that could never be one is a mistake all the same."""
    for option in options:
        for text in params.get(option) or ():
            checked_fqdn(option, text)


class UsersLeft(NotReady):
    """Some users were left out of a change that was made for the others. The result names all, the sentence some."""

    kind = "users_left"

    def __init__(self, text: str, left: Sequence[Mapping[str, str]] = (), done: Sequence[str] = ()) -> None:
        super().__init__(text)
        self.left, self.done = [dict(one) for one in left], list(done)

    def facts(self) -> dict[str, Any]:
        return {"left": self.left, "done": self.done}


def left_out(row: Row, reason: str) -> dict[str, str]:
    return {"user": name(row), "reason": reason}


def reasons(left: Sequence[Mapping[str, str]], most: int = 10) -> str:
    """Who was left out and why, for a sentence."""
    shown = "; ".join(f"{one['user']} {one['reason']}" for one in left[:most])
    return shown if len(left) <= most else f"{shown}; and {len(left) - most} more"


def refused(cmdlet: str, outcome: Mapping[str, Any]) -> str:
    """Why a call was not made, from its outcome."""
    said = "; ".join(one.shown() for one in outcome["errors"][:2]) or "the server gave no error"
    return f"was refused by {cmdlet}: {said.rstrip('.')}"


def many(count: int, what: str = "user") -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
