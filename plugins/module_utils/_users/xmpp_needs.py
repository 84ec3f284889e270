# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who has to stay on an older pool for the sake of XMPP, and what a mover tells the laws of a user.

PRIVATE to the collection: it can have breaking changes at any time.

A user has XMPP where EnableXmppAccess of the policy that counts for the user is anything but False: what is not known counts as
on. It is looked at where the user is and where the user would be, because sites have policies of their own. Where the operator
declares who needs XMPP, those stay, and nobody else is moved before XMPP is off for him at both. Where nothing is declared,
everybody stays for whom it is on at one of them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._engine.calls import Query
from .._engine.coexistence import ACCESS, DECLARATION, ENDS, NEEDED
from .._engine.collections import ldap_escape, reading
from .._engine.errors import InvalidInput, NotReady
from .._engine.session import Session
from .._engine.user_moves import SOURCE_VERSION, TARGET_VERSION, WITHOUT_XMPP
from .._settings.names import BadName, dn, sip_uri
from .policies import Policies, bare
from .reading import address, left_out, name, reasons, registrar

Row = Mapping[str, Any]

FLAG = "EnableXmppAccess"
OPTIONS = ("xmpp_users", "xmpp_group", "loses_xmpp")
#: Options of a module that moves users, or tells who has to stay.
ARGUMENTS: dict[str, dict[str, Any]] = {
    "xmpp_users": {"type": "list", "elements": "str", "default": []},
    "xmpp_group": {"type": "str"},
    "loses_xmpp": {"type": "list", "elements": "str", "default": []},
}
#: LDAP_MATCHING_RULE_IN_CHAIN: members of groups in the group too.
_IN_CHAIN = "memberOf:1.2.840.113556.1.4.1941:"

STAYS, ENDS_BY_NAME, POLICY_FIRST, MOVES = "stays", "ends_by_name", "policy_first", "moves"


def version(row: Row) -> int | None:
    """Version of a service as Get-CsService shows it: 5 is Lync Server 2010, 8 Skype for Business Server 2019."""
    value = row.get("Version")
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def versions(registrars: Iterable[Row]) -> dict[str, int | None]:
    """Version of each pool by its FQDN in lower case. Where rows disagree it is not known."""
    found: dict[str, int | None] = {}
    for row in registrars:
        pool, own = str(row.get("PoolFqdn") or "").lower(), version(row)
        found[pool] = own if found.get(pool, own) == own else None
    return found


# --- what the operator declares


@dataclass(frozen=True)
class Declaration:
    """Who needs XMPP, as the operator says it, and whose XMPP may end."""

    users: frozenset[str] = frozenset()
    group: str | None = None
    ends: frozenset[str] = frozenset()

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> Declaration:
        users, ends = (_addresses(one, params.get(one) or ()) for one in ("xmpp_users", "loses_xmpp"))
        both = sorted(users & ends)
        if both:
            raise InvalidInput(f"{', '.join(both)} stands in xmpp_users and in loses_xmpp: one of them is wrong.")
        group = params.get("xmpp_group") or None
        try:
            return cls(users, None if group is None else dn(group), ends)
        except BadName as exc:
            raise InvalidInput(f"xmpp_group: {exc}") from exc

    @property
    def made(self) -> bool:
        return bool(self.users) or self.group is not None

    @property
    def digest(self) -> str:
        """Of who needs XMPP: the laws compare what was looked at with what a mover goes by."""
        said = json.dumps({"users": sorted(self.users), "group": (self.group or "").lower()}, ensure_ascii=False)
        return hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()


def _addresses(option: str, users: Iterable[str]) -> frozenset[str]:
    try:
        return frozenset(sip_uri(one).lower() for one in users)
    except BadName as exc:
        raise InvalidInput(f"{option}: {exc}") from exc


def members(session: Session, declared: Declaration, controller: Mapping[str, Any]) -> frozenset[str]:
    """SIP addresses of the users who are in the group, or in a group of it."""
    if declared.group is None:
        return frozenset()
    parameters = {"LdapFilter": f"({_IN_CHAIN}={ldap_escape(declared.group)})", **controller}
    # The server decides, also in a dry run: what is planned for users says nothing of their groups.
    (answer,) = session.call(reading(Query("user", parameters=parameters, properties=("SipAddress",))), seconds=600)
    if answer["errors"]:
        raise NotReady(
            f"The members of {declared.group} (xmpp_group) could not be read: {answer['errors'][0].shown()}."
        )
    found = {address(row) for row in answer["rows"]}
    if not found - {""}:
        raise NotReady(
            f"No user is a member of {declared.group} (xmpp_group), or there is no such group: correct the name. Nothing was changed."
        )
    return frozenset(found - {""})


# --- who stays


@dataclass(frozen=True)
class Judge:
    """Who has XMPP, who needs it, and what follows for a move to a pool without it."""

    policies: Policies
    declared: Declaration
    members: frozenset[str] = frozenset()
    versions: Mapping[str, int | None] = field(default_factory=dict)

    def without_xmpp(self, pool: str) -> bool:
        found = self.versions.get(pool.lower())
        return found is not None and found >= WITHOUT_XMPP

    def has_access(self, row: Row, pool: str | None = None) -> bool:
        """Whether the policy that counts for the user where the user is, or would be on this pool, has XMPP."""
        at = row if pool is None else {**row, "RegistrarPool": pool}
        own = bare(str(row.get("ExternalAccessPolicy") or ""))
        if own and self.policies.find(f"tag:{own}") is None:
            return True  # which settings the user has is not known
        return self.policies.of(at).get(FLAG) is not False

    def policy(self, row: Row, pool: str | None = None) -> str:
        at = row if pool is None else {**row, "RegistrarPool": pool}
        return bare(str(self.policies.of(at).get("Identity") or "Global"))

    def is_needed(self, row: Row) -> bool:
        return address(row) in self.declared.users or address(row) in self.members

    def counts(self, row: Row, pool: str) -> bool:
        """Whether the user has XMPP, or would seem to on this pool."""
        return self.has_access(row) or self.has_access(row, pool)

    def verdict(self, row: Row, pool: str) -> str:
        """What becomes of a user who is to go to this pool, which has no XMPP."""
        access, needed = self.counts(row, pool), self.is_needed(row)
        if address(row) in self.declared.ends:
            return ENDS_BY_NAME if access or needed else MOVES
        if needed or (access and not self.declared.made):
            return STAYS
        return POLICY_FIRST if access else MOVES

    def reason(self, row: Row, pool: str) -> str:
        """Why the user is not moved, or what the move ends, after the user's name."""
        policy, here = self.policy(row), self.has_access(row)
        if self.is_needed(row):
            return "needs XMPP, as was declared" + ("" if here else f", but the policy {policy} does not allow it")
        has = (
            f"has XMPP by the policy {policy}"
            if here
            else f"would have XMPP by the policy {self.policy(row, pool)} there"
        )
        if self.verdict(row, pool) == POLICY_FIRST:
            return f"is not among those who need XMPP, and {has}: grant a copy of the policy without XMPP first (xmpp_coexistence_policies)"
        return has

    def told(self, row: Row, pool: str) -> dict[str, Any]:
        """What the laws want to know of the move of this user."""
        ends = address(row) if address(row) in self.declared.ends else None
        return {
            **moved_between(self.versions, registrar(row), pool),
            ACCESS: self.counts(row, pool), NEEDED: self.is_needed(row), DECLARATION: self.declared.digest, ENDS: ends,
        }  # fmt: skip


def moved_between(known: Mapping[str, int | None], source: str, target: str) -> dict[str, Any]:
    return {SOURCE_VERSION: known.get(source.lower()), TARGET_VERSION: known.get(target.lower())}


def judge_of(
    session: Session, declared: Declaration, known: Mapping[str, int | None], controller: Mapping[str, Any]
) -> Judge:
    policies, pools = session.read("external_access_policy", "pool")
    return Judge(Policies.read(policies, pools), declared, members(session, declared, controller), known)


@dataclass
class Held:
    """Of the users who were to be moved: who may be, who stays, who cannot be moved yet."""

    movable: list[Row]
    stays: list[dict[str, str]] = field(default_factory=list)
    left: list[dict[str, str]] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)


def hold(judge: Judge, users: Sequence[Row], target_of: Any, asked_for: bool) -> Held:
    """Sort out who is to go to a pool without XMPP. Whoever was asked for by name and stays ends the task before its first move."""
    held = Held([])
    for row in users:
        pool = target_of(row)
        if not judge.without_xmpp(pool):
            held.movable.append(row)
            continue
        verdict = judge.verdict(row, pool)
        if verdict == STAYS:
            held.stays.append(left_out(row, judge.reason(row, pool)))
        elif verdict == POLICY_FIRST:
            held.left.append(left_out(row, judge.reason(row, pool)))
        else:
            held.movable.append(row)
            if verdict == ENDS_BY_NAME:
                held.ends.append(name(row))
    stopped = [*held.stays, *held.left]
    if asked_for and stopped:
        raise InvalidInput(
            f"These users are not moved to a pool of Skype for Business Server 2019, which has no XMPP: {reasons(stopped)}. Take them "
            "off users, or name those whose XMPP may end in loses_xmpp. Nothing was changed."
        )
    return held
