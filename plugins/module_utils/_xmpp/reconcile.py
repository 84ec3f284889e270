# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three lists of partners made to agree: the old gateway's own, the allowed domains that lead to it, and those that are declared.

A partner of the old gateway that nobody declared would be lost at the cutover, and nobody would be told.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._engine.calls import Query
from .._engine.errors import CmdletFailed, InvalidInput, MigrationError, NoCmdlet
from .._engine.module import Report, Task
from .._engine.session import Session, quietly
from .._servers.store_location import has_store
from .._settings.names import BadName, domain, fqdn

Row = Mapping[str, Any]

ALLOW_LIST, ALLOWED_DOMAIN = "the Allow List of the gateway", "an allowed domain with the gateway as its proxy"
_ADD = (
    "Add them to the partners (lync_migration.partners), or accept by name that they are lost (dropped, "
    "lync_migration.partners_dropped)."
)


class PartnersLost(MigrationError):
    """Partners of the old gateway are neither declared nor given up."""

    kind = "partners_lost"

    def __init__(self, lost: Mapping[str, Sequence[str]]) -> None:
        self.lost = [{"domain": one, "seen_in": list(seen)} for one, seen in lost.items()]
        said = "; ".join(f"{one} (in {' and '.join(seen)})" for one, seen in lost.items())
        super().__init__(
            f"XMPP partners of the old gateway are not declared, so they would be lost at the cutover without a word: {said}. {_ADD}"
        )

    def facts(self) -> dict[str, Any]:
        return {"lost": self.lost}

    @classmethod
    def rebuild(cls, data: Mapping[str, Any]) -> PartnersLost:
        error = cls.restored(data)
        error.lost = [dict(one) for one in data.get("lost") or ()]
        return error


@dataclass(frozen=True)
class Lists:
    """The partners' domains by where they stand. None: not told, or not to be read."""

    declared: Sequence[str]
    allow_list: Sequence[str] | None
    #: domain -> its proxy, of all allowed domains
    allowed: Mapping[str, str] | None
    gateway: str
    dropped: Sequence[str] = field(default=())

    @property
    def through_gateway(self) -> list[str]:
        return [one for one, proxy in (self.allowed or {}).items() if proxy == self.gateway]

    @property
    def legacy(self) -> dict[str, list[str]]:
        """Every partner of the old gateway, with where it was seen."""
        seen: dict[str, list[str]] = {one: [ALLOW_LIST] for one in self.allow_list or ()}
        for one in self.through_gateway:
            seen.setdefault(one, []).append(ALLOWED_DOMAIN)
        return seen

    @property
    def lost(self) -> dict[str, list[str]]:
        known = {*self.declared, *self.dropped}
        return {one: seen for one, seen in self.legacy.items() if one not in known}

    def warnings(self) -> Iterator[str]:
        if self.allow_list is None:
            yield (
                f"No cmdlet reads the Allow List of the gateway {self.gateway}: type its domains into allow_list "
                "(lync_migration.legacy.gateway_allow_list), so that none of them is lost unseen."
            )
        if self.allowed is None:
            yield f"Which allowed domains lead to the gateway {self.gateway} is not known yet: no server has the cmdlet for it."
        legacy = self.legacy
        for one in self.dropped:
            if one not in legacy and self.allowed is not None and self.allow_list is not None:
                yield f"{one} is given up as a partner, but the old gateway does not have it: see whether the name is right."
        if self.allow_list is not None and self.through_gateway:
            told, led = set(self.allow_list), set(self.through_gateway)
            for one in sorted(led - told):
                yield f"The allowed domain {one} leads to the gateway {self.gateway}, whose Allow List does not have it: one of the two is out of date."
            for one in sorted(told - led):
                yield f"{one} is on the Allow List of the gateway {self.gateway}, but no allowed domain leads to it there: users do not reach it today."
        for one in self.declared:
            proxy = (self.allowed or {}).get(one)
            if proxy is not None and proxy != self.gateway:
                yield f"The partner {one} is an allowed domain with {proxy or 'no proxy'} instead of the gateway {self.gateway}: see which way leads to it."

    def shown(self) -> list[dict[str, Any]]:
        legacy = self.legacy
        return [
            {
                "domain": one,
                "declared": one in self.declared,
                "allow_list": None if self.allow_list is None else one in self.allow_list,
                "allowed_domain": None if self.allowed is None else one in self.through_gateway,
                "dropped": one in self.dropped,
            }
            for one in dict.fromkeys((*self.declared, *legacy, *self.dropped))
        ]


def run(task: Task) -> Report:
    params = task.params
    gateway = _checked(fqdn, "gateway_fqdn", params["gateway_fqdn"])
    told = params["allow_list"]
    lists = Lists(
        declared=list(_declared(params["partners"])),
        allow_list=None if told is None else [_checked(domain, "allow_list", one) for one in told],
        allowed=_allowed(task),
        gateway=gateway,
        dropped=[_checked(domain, "dropped", one) for one in params["dropped"]],
    )
    both = sorted({*lists.declared} & {*lists.dropped})
    if both:
        raise InvalidInput(f"{', '.join(both)} is both a partner and dropped: take it out of one.")
    for warning in lists.warnings():
        task.warn(warning)
    if lists.lost:
        raise PartnersLost(lists.lost)
    legacy = lists.legacy
    return Report(
        changed=False,
        value={
            "partners": lists.shown(),
            "new": [one for one in lists.declared if one not in legacy],
            "dropped": [one for one in lists.dropped if one in legacy],
        },
    )


def _checked(check: Any, option: str, value: str) -> str:
    try:
        return str(check(value))
    except BadName as exc:
        raise InvalidInput(f"{option}: {exc}") from exc


def _declared(partners: Iterable[Row]) -> Iterator[str]:
    for partner in partners:
        for one in (partner.get("domain"), *(partner.get("additional_domains") or ())):
            yield _checked(domain, "partners", one)


def _allowed(task: Task) -> dict[str, str] | None:
    """All allowed domains with their proxies: from this server, or while it has no cmdlets from a legacy Front End."""
    sessions: list[Session] = [task.session]
    if not task.session.hello.get("lync") and (legacy := task.legacy_session(task.context.host)) is not None:
        sessions.insert(0, legacy)
    if task.check_mode and not any(one.hello.get("lync") for one in sessions):
        return None
    for session in sessions:
        try:
            rows = quietly(session, Query("allowed_domain"))[0]
        except NoCmdlet:
            continue
        except CmdletFailed:
            if has_store(session):
                raise
            continue  # the new servers' cmdlets before there is a Central Management store
        return {
            str(row.get("Domain") or row.get("Identity")).lower(): str(row.get("ProxyFqdn") or "").lower()
            for row in rows
        }
    return None
