# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the laws see in a user's move: on to Lync Server 2013, back to where the user came from, or to a pool without XMPP.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .calls import Change, Cmdlet, Effect
from .groups import FRONT_ENDS, LEGACY_FRONT_ENDS, SFB_FRONT_ENDS
from .looking import FactsLike, becomes, folded, host_in, is_set, was

#: Version of the services of Skype for Business Server 2019, the first one without XMPP.
WITHOUT_XMPP = 8
#: In `before` of a change: what the module read on the server, or `UNKNOWN` in a dry run that could not read it.
TARGET_VERSION, SOURCE_VERSION = "TargetVersion", "SourceVersion"
MOVERS = ("Move-CsUser", "Move-CsLegacyUser", "Enable-CsUser")


class Move(NamedTuple):
    """Of the pool that the user gets: its version, None where nobody found it out; and in which of these ways it leads.

    `leaves_lync`: to Office Communications Server, whose users have a home server and no registrar pool.
    `on`: to Lync Server 2013. `back`: to where the user came from. `to_2019`: to a pool without XMPP. `returns`: from there to
    Lync Server 2013 or Skype for Business Server 2015, where the user gains XMPP."""

    version: int | None
    leaves_lync: bool
    on: bool
    back: bool
    to_2019: bool
    returns: bool


def move_of(change: Change, effect: Effect, facts: FactsLike) -> Move | None:
    """None where no user gets another pool by the effect."""
    if effect.collection != "user":
        return None
    pool, former = becomes(effect, "RegistrarPool"), was(change, "RegistrarPool")
    leaves = is_set(becomes(effect, "HomeServer")) and not is_set(pool) and is_set(former)
    if not leaves and (not is_set(pool) or folded(pool) == folded(former)):
        return None
    version = _target_version(change, pool, facts)
    to_2019 = version is not None and version >= WITHOUT_XMPP
    returns = not leaves and not to_2019 and _returns(change, former, facts)
    # where the pool has another name than its servers, the module says so: it has it from the journal
    leads_back = leaves or was(change, "Back") is True or host_in(pool, facts.members(LEGACY_FRONT_ENDS))
    return Move(version, leaves, not (leads_back or to_2019 or returns), leads_back and not returns, to_2019, returns)


def _target_version(change: Change, pool: Any, facts: FactsLike) -> int | None:
    without = facts.members(SFB_FRONT_ENDS)
    if without and (host_in(pool, without) or host_in(_target(change), without)):
        return WITHOUT_XMPP
    found = number(was(change, TARGET_VERSION))
    if found is not None:
        return found
    return WITHOUT_XMPP - 1 if host_in(pool, facts.members(FRONT_ENDS, LEGACY_FRONT_ENDS)) else None


def _target(change: Change) -> Any:
    call = change.call
    return call.parameters.get("Target") if isinstance(call, Cmdlet) and call.name in MOVERS else None


def _returns(change: Change, former: Any, facts: FactsLike) -> bool:
    source = number(was(change, SOURCE_VERSION)) or 0
    if host_in(former, facts.members(SFB_FRONT_ENDS)):
        source = WITHOUT_XMPP
    return source >= WITHOUT_XMPP and number(was(change, TARGET_VERSION)) in (6, 7)


def number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
