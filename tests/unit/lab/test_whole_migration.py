# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole migration by hand, cmdlet by cmdlet: no law is broken, and users reach their partners all the way."""

from __future__ import annotations

import types

import pytest
from ansible_collections.lync.xmpp_migration.lab.organisation.paths import answers_stream, user_reaches
from ansible_collections.lync.xmpp_migration.lab.organisation.services import OCS_GATEWAY, stop
from ansible_collections.lync.xmpp_migration.lab.organisation.state import state
from ansible_collections.lync.xmpp_migration.lab.organisation.world import World
from ansible_collections.lync.xmpp_migration.tests.unit.lab.deployment_steps import (
    BOOTSTRAPPER,
    EDGE,
    EXTERNAL,
    FRONT_END,
    PrivateAuthority,
    add_xmpp,
    install,
    published,
    ready_edge,
    run,
)
from ansible_collections.lync.xmpp_migration.tests.unit.lab.worlds import Host

PARTNERS = {
    "fabrikam.test": {"SupportDialbackNegotiation": False},
    "nwtraders.test": {"TlsNegotiation": "Optional", "SaslNegotiation": "NotSupported"},
}
OUTSIDE = [*EXTERNAL, "XmppServer"]
NAMES = ["access.contoso.test", "contoso.test", "wingtip.test", "sip.contoso.test", "sip.wingtip.test"]


def reach(w: World, *domains: str) -> set[str | None]:
    return {user_reaches(w, u, d) for u in w.ad if u.counts and u.registrar_pool for d in domains or PARTNERS}


def ready_front_end(w: World) -> Host:
    front_end = Host(w, FRONT_END)
    front_end.call("Enable-CsTopology", Confirm=False).ok()
    front_end.call("Install-CsDatabase", ConfiguredDatabases=True, SqlServerFqdn=FRONT_END, Confirm=False).ok()
    install(w, FRONT_END)
    PrivateAuthority(w).trust(front_end)
    authority = PrivateAuthority(w)
    authority.trust(front_end)
    authority.certify(front_end, ["Default", "WebServicesInternal", "WebServicesExternal"], [FRONT_END])
    authority.certify(front_end, ["OAuthTokenIssuer"], ["contoso.test"])
    front_end.call("Start-CsWindowsService").ok()
    return front_end


def dns(w: World, address: str) -> None:
    with w.turn():
        for zone in ("contoso.test", "wingtip.test"):
            w.zones.put(zone, "xmpp", "A", 2, [address])
        w.after_change(types.SimpleNamespace(cmdlet="dns.update", p={}, computer=None))


def migrate(w: World) -> None:
    front_end = ready_front_end(w)
    edge, authority = ready_edge(w)
    assert reach(w) == {None}
    for user in list(w.ad):
        if user.registrar_pool:
            front_end.call("Move-CsUser", Identity=user.sip, Target=FRONT_END, Confirm=False).ok()
            assert reach(w) == {None}  # some on either pool, all by the old gateway
    flags = {"EnableFederationAccess": True, "EnableXmppAccess": True, "EnableOutsideAccess": True}
    front_end.call("New-CsExternalAccessPolicy", Identity="XmppUsers", **flags).ok()
    for user in list(w.ad):
        front_end.call("Grant-CsExternalAccessPolicy", Identity=user.sip, PolicyName="XmppUsers").ok()
    add_xmpp(w)
    front_end.call("Set-CsSite", Identity="Redmond", XmppFederationRoute=f"EdgeServer:{EDGE}").ok()
    w.clock.advance(10)
    for host in (front_end, edge):
        assert run(host, BOOTSTRAPPER)[0] == 0
        host.call("Enable-CsComputer", Confirm=False).ok()
    authority.certify(edge, OUTSIDE, NAMES)
    for host in (front_end, edge):
        host.call("Stop-CsWindowsService").ok()
        host.call("Start-CsWindowsService").ok()
    assert not answers_stream(w, edge.session.computer, "fabrikam.test")
    assert reach(w) == {None}  # still by the old gateway
    for domain, values in PARTNERS.items():
        front_end.call("New-CsXmppAllowedPartner", Identity=domain, PartnerType="Federated", **values).ok()
    w.clock.advance(10)
    assert answers_stream(w, edge.session.computer, "fabrikam.test")
    dns(w, "203.0.113.40")
    gateway = w.computers["xmppgw.contoso.test"]
    with w.turn():
        stop(w, gateway, gateway.windows_services[OCS_GATEWAY])
        w.after_change(types.SimpleNamespace(cmdlet="Stop-Service", p={}, computer=gateway))


@pytest.mark.parametrize(
    "unknowns",
    [
        {},
        {"sip_route_cuts_legacy_path": "no"},
        {"route_needs_federation": "accepted", "xmpp_route_creates_ports": "yes"},
        {"set_edge_server_creates_xmpp_ports": "yes"},
        {"allowed_domain_beats_partner": "yes"},
        {"invalid_negotiation": "refused"},
        {"publish_keeps_routes": "yes"},
    ],
    ids=lambda unknowns: next(iter(unknowns), "defaults"),
)
def test_whole_migration(unknowns: dict[str, str]) -> None:
    w = published(unknowns=unknowns)
    migrate(w)
    assert w.laws.violations == []
    assert reach(w) == {None}
    made = state(w)
    assert made["edges"][EDGE]["xmpp_listening_port"] == 5269
    assert set(made["xmpp_partners"]) == set(PARTNERS)
    assert {user["pool"] for user in made["users"].values()} == {FRONT_END, None}
    assert made["sites"]["Redmond"]["federation_route"] == "EdgeServer:edge2010.contoso.test"
    assert not made["gateway"]["running"]


def test_partner_before_everything_cuts_the_legacy_path() -> None:
    w = published()
    front_end = ready_front_end(w)
    front_end.call("New-CsXmppAllowedPartner", Identity="fabrikam.test").ok()
    assert reach(w, "fabrikam.test") != {None}
    assert {v["law"] for v in w.laws.violations} == {"L1"}
    front_end.call("Remove-CsXmppAllowedPartner", Identity="fabrikam.test", Confirm=False).ok()
    assert reach(w, "fabrikam.test") == {None}  # until then everything can go back
