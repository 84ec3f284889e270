# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Move-CsUser: who it takes for the user, what it refuses, and how a move can end half-way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from ..organisation.directory import ON_PREMISES, User
from ..organisation.files import user_name
from ..organisation.legacy import Ocs, home_server, merged
from ..organisation.policies import KIND
from ..organisation.services import RUNNING
from ..powershell.errors import PSError
from ..powershell.values import Psobj
from . import Call, cmdlet, rights
from .legacy import need_merged
from .shared import fail, need_store
from .users import AD, find_users, user_object


def refused(call: Call, user: User, reason: str) -> PSError:
    return fail(call, "user-move-failed", f"{user.dn}", reason=reason)


def ocs_target(call: Call) -> str | None:
    """The merged pool of Office Communications Server that -Target names. # rule: move-back-to-ocs"""
    ocs = call.world.ocs
    names = (ocs.pool, *ocs.more_pools) if ocs is not None and merged(call.world) else ()
    return next((name for name in names if name.casefold() == str(call.p["Target"]).casefold()), None)


def target_pool(call: Call) -> str:
    """The Registrar pool that -Target names, as the topology spells it."""
    wanted = str(call.p["Target"])
    topology = call.world.cms.topology
    cluster = topology.pool(wanted)
    if cluster is None or topology.role_on(cluster, "Registrar") is None:
        raise fail(call, "move-target-unknown", wanted)
    return str(cluster.fqdn)


def pool_serves(world: Any, fqdn: str) -> bool:
    """Whether the Front End service runs on a machine of the pool: it takes the users' data."""
    cluster = world.cms.topology.pool(fqdn)
    for machine in cluster.machines if cluster else ():
        computer = world.computer(machine.fqdn)
        service = computer.windows_services.get("RTCSRV") if computer else None
        if service is not None and service.status == RUNNING:
            return True
    return False


@cmdlet("Move-CsUser", writes=True, module="Lync", class_name=AD + "MoveOcsUserCmdlet")
def move_user(call: Call) -> Iterator[Psobj]:
    need_store(call)
    several = call.world.unknowns["move_matches_several"] == "all"
    back = ocs_target(call)
    target = back or target_pool(call)
    for user in find_users(call, str(call.p["Identity"]), several):
        # rule: move-prompts
        if not call.should_process(user.dn, impact="High"):
            continue
        try:
            move_back(call, user, back) if back else move(call, user, target)
        except PSError as error:
            call.write_error(error)
            continue
        if call.p.get("PassThru"):
            yield user_object(call, user)


@cmdlet("Move-CsLegacyUser", writes=True, module="Lync", class_name=AD + "MoveOcsLegacyUserCmdlet")
def move_legacy_user(call: Call) -> Iterator[Psobj]:
    """From Office Communications Server. Its policies come along, as far as they were imported and are not excluded."""
    ocs = need_merged(call)
    target = target_pool(call)
    for user in find_users(call, str(call.p["Identity"]), call.world.unknowns["move_matches_several"] == "all"):
        # rule: move-prompts
        if not call.should_process(user.dn, impact="High"):
            continue
        try:
            check_legacy(call, user, ocs)
            move(call, user, target, legacy=True)
        except PSError as error:
            call.write_error(error)
            continue
        if not call.p.get("ExcludeExternalAccessPolicy"):
            grant_imported(call, user)
        if call.p.get("PassThru"):
            yield user_object(call, user)


def check_legacy(call: Call, user: User, ocs: Ocs) -> None:
    if not ocs.configuration_imported:
        raise fail(call, "legacy-policies-not-imported", user.dn)
    if user.registrar_pool or not user.home_server:
        raise fail(call, "move-not-legacy", user.dn)
    if any(name != name.strip() for name in (user.name, user.display_name, user.first, user.last)):
        raise fail(call, "move-name-with-blanks", user.dn)


def grant_imported(call: Call, user: User) -> None:
    for noun, name in user.legacy_policies.items():
        if call.world.cms.row(KIND, f"Tag:{name}") is not None:
            call.world.ad.assign(user, noun, name, call.world.clock.now())


def move(call: Call, user: User, target: str, legacy: bool = False) -> None:
    world, now = call.world, call.world.clock.now()
    source = user.registrar_pool
    if (source or "").casefold() == target.casefold() and not user.target_registrar_pool:
        return  # rule: move-to-same-pool
    if user.hosting_provider != ON_PREMISES and "Credential" not in call.p:
        raise fail(call, "move-needs-credential", user.dn)
    if user.home_server and not source and not legacy:
        raise fail(call, "move-legacy-user", user.dn)
    admins = {name.casefold() for name in world.estate.domain_admins}
    if user.oddities.get("protected") and user_name(call.user).casefold() not in admins:
        raise fail(call, "insufficient-rights", user.dn)
    rights.need_on_unit(call, user.container, user.dn)
    if not pool_serves(world, target):
        raise refused(call, user, f"the pool {target} does not answer")
    hindrance(call, user, target)
    lag = float(user.oddities.get("move_lag") or 0)  # type: ignore[arg-type]
    if lag:
        # The move is done where it was made; the domain controller that is read shows it later.
        world.ad.target(user, target, now)
        world.arrivals.append((now + timedelta(seconds=lag), user, target))
    else:
        world.ad.rehome(user, target, now)
    cluster = world.cms.topology.pool(target)
    if cluster is not None and world.cms.topology.version_of(cluster) < 6:
        lose_contacts(world, user)
    world.laws.moved(user, source, target)


def move_back(call: Call, user: User, pool: str) -> None:
    """To Office Communications Server. # rule: move-back-to-ocs"""
    world, source = call.world, user.registrar_pool
    if not source:
        return  # rule: move-to-same-pool
    rights.need_on_unit(call, user.container, user.dn)
    hindrance(call, user, pool)
    lose_contacts(world, user)
    world.ad.rehome(user, None, world.clock.now())
    user.home_server = home_server(pool, world.ad.base)
    world.laws.moved(user, source, pool)


def lose_contacts(world: Any, user: User) -> None:
    """# rule: move-back-loses-contacts"""
    if user.oddities.get("ucs"):
        world.tables.setdefault("lost_contacts", []).append(user.sip)


def hindrance(call: Call, user: User, target: str) -> None:
    """Oddities of the estate that make a move fail."""
    world = call.world
    reason = user.oddities.get("move_error")
    times = user.oddities.get("move_error_times")
    failed = world.tables.setdefault("failed_moves", {})
    if user.oddities.get("stuck") and not user.target_registrar_pool:
        world.ad.target(user, target, world.clock.now())
        raise refused(call, user, str(reason or "the back end did not answer in time"))
    if reason and (times is None or failed.get(user.number, 0) < int(str(times))):
        failed[user.number] = failed.get(user.number, 0) + 1
        if not call.p.get("Force"):
            raise refused(call, user, str(reason))
