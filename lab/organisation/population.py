# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The users of an estate, put into the directory."""

from __future__ import annotations

from datetime import datetime
from itertools import accumulate

from ..estate import Estate, Person, Users
from .directory import Directory, User
from .legacy import home_server
from .names import name

#: Keys of a user's ``oddities`` in an estate, with what they do.
ODDITIES = {
    "move_error": "every move fails for this reason",
    "move_error_times": "only so many moves fail, then they succeed",
    "stuck": "a move fails half-way: the target stays in TargetRegistrarPool",
    "move_lag": "seconds of lab time for which a moved user still shows the old pool",
    "protected": "the account is protected by AdminSDHolder, so only a domain administrator can move it",
    "survivable_branch": "homed on a survivable branch appliance",
    "name": "the account's name (CN), where it is not the display name",
    "moving_to": "a move to this pool is in flight: it is in TargetRegistrarPool",
    "same_sip_as": "the account has another user's SIP address, written past the cmdlets",
    "member_of": "distinguished names of the groups that have the account as a member, or have a group that has it",
    "ucs": "the contacts are in the unified contact store of Exchange",
}


def populate(directory: Directory, estate: Estate, at: datetime) -> None:
    number = 0
    for entry in estate.users:
        if isinstance(entry, Users):
            for user in _group(directory, estate, entry, number, at):
                directory.add(user)
            number += entry.count
        else:
            directory.add(_person(directory, estate, entry, number, at))
            number += 1


def _group(directory: Directory, estate: Estate, group: Users, offset: int, at: datetime) -> list[User]:
    shares = group.domains or dict.fromkeys(estate.sip_domains[:1], 1)
    names, ends = list(shares), list(accumulate(shares.values()))
    cycle = [next(n for n, end in zip(names, ends, strict=True) if place < end) for place in range(ends[-1])]
    container = f"{group.container},{directory.base}"
    users = []
    for index in range(group.count):
        n = group.first + index
        first, last, display = name(group.scripts[index % len(group.scripts)], index // len(group.scripts))
        login = f"{group.prefix}{n:03d}"
        address = f"{login}@{cycle[index % len(cycle)]}"
        users.append(
            User(
                offset + index,
                f"{display} {n:03d}",
                container,
                first=first,
                last=last,
                display_name=display,
                sam=login,
                upn=f"{login}@{directory.domain}",
                mail=address,
                sip=f"sip:{address}",
                **_home(directory, estate, group.pool, group.policies),
                enabled=not (group.disabled_every and (index + 1) % group.disabled_every == 0),
                when_created=at,
                when_changed=at,
            )
        )
    return users


def _home(directory: Directory, estate: Estate, pool: str | None, policies: dict[str, str]) -> dict[str, object]:
    """Where a user is homed. One of an OCS pool has no RegistrarPool, and no policy of Lync Server yet."""
    known = (estate.ocs.pool, *estate.ocs.more_pools) if estate.ocs is not None else ()
    if pool is not None and pool.casefold() in (name.casefold() for name in known):
        return {"home_server": home_server(pool, directory.base), "legacy_policies": dict(policies)}
    return {"registrar_pool": pool, "policies": dict(policies)}


def _person(directory: Directory, estate: Estate, person: Person, number: int, at: datetime) -> User:
    login = person.sip.partition(":")[2].partition("@")[0]
    display = person.display_name or login
    return User(
        number,
        str(person.oddities.get("name", display)),
        f"{person.container},{directory.base}",
        first=display.partition(" ")[0],
        last=display.partition(" ")[2],
        display_name=display,
        sam=login[:20],
        upn=f"{login}@{directory.domain}",
        mail=person.sip.partition(":")[2],
        sip=str(person.oddities.get("same_sip_as", person.sip)),
        target_registrar_pool=person.oddities.get("moving_to"),
        enabled=person.enabled,
        ad_only=person.ad_only,
        hosting_provider=person.hosting_provider,
        **({"home_server": person.home_server} | _home(directory, estate, person.pool, person.policies)),
        oddities=dict(person.oddities),
        when_created=at,
        when_changed=at,
    )
