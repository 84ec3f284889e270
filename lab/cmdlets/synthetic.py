# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Synthetic transactions: whether a partner is reached, by federation and by XMPP.

source: the pages on Test-CsFederatedPartner and Test-CsXmppIM: -TargetFqdn, and a result with Result, Latency, Error
and Diagnosis. They answer by the paths of the model (organisation.paths).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from ..organisation.paths import edge_of_route, gateway_path, user_reaches, xmpp_path
from ..organisation.rules import message
from ..powershell.values import Enum, Psobj
from . import Call, cmdlet
from .shared import fail, need_store

SYNTHETIC = "Microsoft.Rtc.SyntheticTransactions."


def result(call: Call, target: str, why: str | None) -> Psobj:
    error = message(call.world, why) if why else ""
    return Psobj(
        SYNTHETIC + "TaskOutput", None,
        {
            "TargetFqdn": target,
            "TargetUri": "",
            "Result": Enum("Failure" if why else "Success"),
            "Latency": timedelta(0) if why else timedelta(milliseconds=412),
            "Error": error,
            "Diagnosis": "",
        },
    )


@cmdlet("Test-CsFederatedPartner", module="Lync", class_name=SYNTHETIC + "TestFederatedPartnerCmdlet")
def test_federated_partner(call: Call) -> Iterator[Psobj]:
    """Through the Edge that -TargetFqdn names; where it names a pool, through that of its site's route."""
    need_store(call)
    world, target = call.world, str(call.p["TargetFqdn"])
    current = world.cms.topology
    cluster = current.pool(target) or current.pool_of(target)
    if cluster is None:
        raise fail(call, "item-not-found", target)
    edge = current.role_on(cluster, "EdgeServer")
    if edge is None:
        site = current.site_of(cluster)
        edge = edge_of_route(world, site.name if site else "", "FederationRoute")
    # At an Edge it is the computer itself that connects, and the Edge's list of internal servers counts.
    own = current.pool_of(call.computer.fqdn)
    pool = (own.fqdn if own else "") if current.role_on(cluster, "EdgeServer") is not None else cluster.fqdn
    yield result(call, target, gateway_path(world, edge, str(call.p["Domain"]), pool))


@cmdlet("Test-CsXmppIM", writes=True, module="Lync", class_name=SYNTHETIC + "TestXmppImCmdlet")
def test_xmpp_im(call: Call) -> Iterator[Psobj]:
    """It sends a message. Without credentials it needs the pool's test users (health monitoring configuration)."""
    need_store(call)
    world = call.world
    target = str(call.p.get("TargetFqdn", ""))
    receiver = str(call.p["Receiver"]).removeprefix("sip:")
    domain = receiver.rpartition("@")[2]
    if not domain or "@" not in receiver:
        raise fail(call, "setter-refused", "Receiver", reason=receiver)
    pool = next((p for p in world.estate.pools if p.fqdn.casefold() == target.casefold()), None)
    address = str(call.p.get("UserSipAddress") or (pool.test_users[0] if pool and pool.test_users else ""))
    if not address:
        raise fail(call, "no-test-users", target)
    user = world.ad.by_key(address)
    if user is None:
        raise fail(call, "user-not-found", address)
    home = user.registrar_pool or ""
    why = xmpp_path(world, target or home, domain) if target else None
    yield result(call, target or home, why or user_reaches(world, user, domain))
