# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a user cannot be moved, or is worth a look before: every reason has an id, and all of a user are found at once.

Pure functions over the rows of one reading, in time that grows with their number only.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._readiness.findings import ERROR, UNKNOWN, WARNING
from .reading import NAMES, ON_PREMISES, address, from_ocs, home, name, on_premises, registrar

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Kind:
    """A reason as the report and the documentation have it; `says` goes on after the user's name."""

    severity: str
    says: str
    do: str


#: Of one user. An error keeps the user from being moved, a warning does not.
KINDS: Mapping[str, Kind] = {
    "branch_appliance": Kind(
        WARNING, "is homed on the survivable branch appliance {pool}, stays there, and has no XMPP afterwards",
        "move the user to a pool by hand where XMPP is needed",
    ),
    "disabled": Kind(
        WARNING, "is not enabled for Lync Server and stays where the user is", "enable the user, or disable the user for good",
    ),
    "duplicate_sip": Kind(
        ERROR, "has a SIP address that another account has too", "give one of the accounts another address, or disable it for Lync",
    ),
    "half_moved": Kind(
        WARNING, "is in the middle of a move to {target} that stopped", "nothing: the same move is tried again, without force",
    ),
    "move_in_flight": Kind(
        ERROR, "is being moved to {target} already (TargetRegistrarPool)",
        "wait until that move has ended, or finish it with Move-CsUser to that pool",
    ),
    "name_blanks": Kind(
        ERROR, "has a name that begins or ends with a blank ({names})", "correct it in Active Directory",
    ),
    "no_address": Kind(ERROR, "is enabled and has no SIP address", "enable the user anew, or disable the user"),
    "protected": Kind(
        ERROR, "is protected by AdminSDHolder (adminCount is 1), so that the administrators of Lync Server cannot move the account",
        "run the moves with an account that is in Domain Admins, or take the user out of the protected groups and clear adminCount",
    ),
    "protected_by_admin": Kind(
        WARNING, "is protected by AdminSDHolder (adminCount is 1), and can be moved because this session's account is in Domain Admins",
        "nothing, as long as the moves run with this account",
    ),
    "unassigned": Kind(
        ERROR, "has neither a registrar pool nor a home server", "enable the user for Lync Server anew, or disable the user",
    ),
    "unified_contacts": Kind(
        UNKNOWN, "may have contacts in the unified contact store of Exchange, which an older server does not read",
        "run Invoke-CsUcsRollback for the user before the move back (never with -Force, which loses the contacts)",
    ),
}  # fmt: skip
#: How it should be, for the sentence on all users with one of the errors.
WANTED = {
    "duplicate_sip": "the only one with the SIP address",
    "move_in_flight": "in no move to another pool",
    "name_blanks": "named without a blank at either end",
    "no_address": "one with a SIP address",
    "protected": "free of AdminSDHolder's protection where no domain administrator moves them",
    "unassigned": "homed on a pool or a server",
}
#: Of all users at once.
OF_ALL = ("legacy_import", "protected", "replication_pending", "unified_contacts")
IDS = tuple(sorted({*KINDS, *OF_ALL}))


@dataclass(frozen=True)
class Reason:
    id: str
    severity: str
    why: str
    do: str


def reason(kind: str, **words: str) -> Reason:
    known = KINDS[kind]
    return Reason(kind, known.severity, known.says.format(**words), known.do)


@dataclass(frozen=True)
class Scene:
    """What a user is judged by, beside the user's own row."""

    target: str
    pools: frozenset[str]
    branches: frozenset[str] = frozenset()
    twice: frozenset[str] = frozenset()
    #: GUIDs of accounts with adminCount 1
    protected: frozenset[str] = frozenset()
    #: whether the session's account is in Domain Admins
    administrator: bool = False
    back: bool = False
    #: 2013 pools of which some, or nobody knows who, have contacts in Exchange
    contacts: frozenset[str] = frozenset()


@dataclass
class Judged:
    """All users of one reading: how many there are, and those with a reason."""

    moving: int = 0
    blocked: int = 0
    other: int = 0
    here: int = 0
    from_ocs: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    rows: list[tuple[Row, list[Reason]]] = field(default_factory=list)

    @property
    def concerned(self) -> int:
        return self.moving + self.blocked


class Addresses:
    """SIP addresses that more than one account has, whatever its state, as the accounts come."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self.twice: set[str] = set()

    def take(self, row: Row) -> None:
        one = address(row).strip()
        if one:
            (self.twice if one in self._seen else self._seen).add(one)


def twice(rows: Iterable[Row]) -> frozenset[str]:
    addresses = Addresses()
    for row in rows:
        addresses.take(row)
    return frozenset(addresses.twice)


def judge(rows: Sequence[Row], scene: Scene) -> Judged:
    """Every user of the reading once."""
    judged = Judged()
    for row in rows:
        pool = registrar(row)
        if str(row.get("HostingProvider") or "").upper() != ON_PREMISES:
            judged.other += 1  # hosted online: not ours
            continue
        if (pool in scene.pools) is not scene.back:
            judged.here += on_premises(row)
            continue
        if row.get("Enabled") is not True and not (pool or from_ocs(row)):
            judged.other += 1  # an account that nobody uses any more, homed nowhere
            continue
        reasons = list(of_user(row, scene))
        if pool in scene.branches or row.get("Enabled") is not True:
            judged.other += 1
        elif any(one.severity == ERROR for one in reasons):
            judged.blocked += 1
        else:
            judged.moving += 1
            judged.from_ocs += from_ocs(row)
        for one in reasons:
            judged.counts[one.id] = judged.counts.get(one.id, 0) + 1
        if reasons:
            judged.rows.append((row, reasons))
    return judged


def of_user(row: Row, scene: Scene) -> Iterator[Reason]:
    """Every reason of one user who is not where the user is to be."""
    pool = registrar(row)
    if row.get("Enabled") is not True:
        yield reason("disabled")
        return
    if pool in scene.branches:
        yield reason("branch_appliance", pool=pool)
        return
    if not address(row):
        yield reason("no_address")
    if not pool and not from_ocs(row):
        yield reason("unassigned")
    if address(row).strip() in scene.twice:
        yield reason("duplicate_sip")
    target = str(row.get("TargetRegistrarPool") or "").lower()
    if target:
        yield reason("half_moved" if target == scene.target else "move_in_flight", target=target)
    wrong = [
        one
        for one in ("DisplayName", *(NAMES if from_ocs(row) else ()))
        if str(row.get(one) or "") != str(row.get(one) or "").strip()
    ]
    if wrong:
        yield reason("name_blanks", names=", ".join(wrong))
    if str(row.get("Guid")) in scene.protected:
        yield reason("protected_by_admin" if scene.administrator else "protected")
    if scene.back and pool in scene.contacts:
        yield reason("unified_contacts")


FIELDS = ("user", "name", "source", "severity", "reasons", "why", "do")


def shown(row: Row, reasons: Sequence[Reason]) -> dict[str, str]:
    """The line of a user in the report."""
    severities = [one.severity for one in reasons]
    worst = next(one for one in (ERROR, UNKNOWN, WARNING) if one in severities)
    return {
        "user": name(row),
        "name": str(row.get("DisplayName") or ""),
        "source": home(row),
        "severity": worst,
        "reasons": " ".join(one.id for one in reasons),
        "why": "; ".join(one.why for one in reasons),
        "do": "; ".join(dict.fromkeys(one.do for one in reasons)),
    }
