# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""XMPP partners, the gateway's configuration, allowed domains, the Access Edge, sites and services, simple URLs."""

from __future__ import annotations

import pytest
from ansible_collections.lync.xmpp_migration.lab.organisation.world import World
from ansible_collections.lync.xmpp_migration.tests.unit.lab.worlds import Host, midway, world

FE, EDGE = "fe.contoso.test", "edge.contoso.test"
OLD, NEW = "pool2010.contoso.test", "pool2013.contoso.test"


@pytest.fixture
def small() -> World:
    return world()


@pytest.fixture
def host(small: World) -> Host:
    return Host(small, FE)


PARTNER = [
    "Identity", "Domain", "AdditionalDomains", "PartnerType", "TlsNegotiation", "SaslNegotiation",
    "SupportDialbackNegotiation", "EnableKeepAlive", "ProxyFqdn",
]


class TestPartners:
    def test_defaults_of_a_new_one(self, host: Host) -> None:
        host.call("New-CsXmppAllowedPartner", Identity="nwtraders.test").ok()
        assert host.call("Get-CsXmppAllowedPartner", PARTNER, Identity="nwtraders.test").ok() == [
            ["nwtraders.test", "nwtraders.test", [], "PublicUnverified", "Required", "Required", True, True, None]
        ]

    def test_domain_instead_of_identity(self, host: Host) -> None:
        host.call("New-CsXmppAllowedPartner", Domain="nwtraders.test", PartnerType="Federated").ok()
        assert host.call("Get-CsXmppAllowedPartner", ["PartnerType"], Filter="NW*").ok() == [["Federated"]]

    def test_list_modifiers(self, host: Host) -> None:
        def domains() -> object:
            return host.call("Get-CsXmppAllowedPartner", ["AdditionalDomains"], Identity="fabrikam.test").ok()[0][0]

        def change(value: object) -> None:
            host.call("Set-CsXmppAllowedPartner", Identity="fabrikam.test", AdditionalDomains=value).ok()

        change(["a.test", "b.test"])
        assert domains() == ["a.test", "b.test"]
        change({"Add": ["c.test"], "Remove": ["A.test"]})
        assert domains() == ["b.test", "c.test"]
        change({"Replace": ["d.test"]})
        assert domains() == ["d.test"]
        change([])
        assert domains() == ["d.test"]  # an empty list changes nothing

    def test_set_changes_only_what_is_named(self, host: Host) -> None:
        host.call("Set-CsXmppAllowedPartner", Identity="FABRIKAM.test", TlsNegotiation="Optional").ok()
        assert host.call("Get-CsXmppAllowedPartner", PARTNER).ok() == [
            ["fabrikam.test", "fabrikam.test", [], "Federated", "Optional", "Required", False, True, None]
        ]

    def test_refusals(self, host: Host) -> None:
        assert host.call("New-CsXmppAllowedPartner", Identity="Fabrikam.test").ids == ["ProcessingFailed"]
        assert host.call("Get-CsXmppAllowedPartner", Identity="ghost.test").ids == ["ProcessingFailed"]
        assert host.call("Set-CsXmppAllowedPartner", Identity="ghost.test", Description="x").ids == ["ProcessingFailed"]
        assert host.call("Remove-CsXmppAllowedPartner", Identity="ghost.test", Confirm=False).ids == ["ProcessingFailed"]
        assert host.call("New-CsXmppAllowedPartner", Identity="x.test", PartnerType="Friend").ids == [
            "CannotConvertArgumentNoMessage"
        ]
        answer = host.call("New-CsXmppAllowedPartner", Identity="x.test", AdditionalDomains=["fabrikam.test"])
        assert answer.ids == ["ProcessingFailed"]

    def test_in_memory_changes_nothing_until_it_is_set(self, small: World, host: Host) -> None:
        version = small.cms.version
        host.call("New-CsXmppAllowedPartner", Identity="nwtraders.test", InMemory=True).ok()
        assert small.cms.version == version
        calls = [
            {"cmdlet": "New-CsXmppAllowedPartner", "parameters": {"Identity": "nwtraders.test", "InMemory": True}, "keep": True},
            {"cmdlet": "Set-CsXmppAllowedPartner", "parameters": {"Instance": {"$": "result", "call": 0, "index": 0}}},
        ]
        assert [a.ids for a in host.calls(calls)] == [[], []]
        assert small.cms.row("xmpp_allowed_partner", "nwtraders.test") is not None

    def test_remove_needs_a_confirmation(self, small: World, host: Host) -> None:
        assert host.call("Remove-CsXmppAllowedPartner", Identity="fabrikam.test").ids == ["InvalidOperation"]
        host.call("Remove-CsXmppAllowedPartner", Identity="fabrikam.test", Confirm=False).ok()
        assert not small.cms.rows("xmpp_allowed_partner")

    @pytest.mark.parametrize("answer", ["accepted", "refused"])
    def test_invalid_negotiation_by_switch(self, answer: str) -> None:
        host = Host(world(unknowns={"invalid_negotiation": answer}), FE)
        wrong = {"TlsNegotiation": "NotSupported", "SaslNegotiation": "NotSupported", "SupportDialbackNegotiation": False}
        made = host.call("New-CsXmppAllowedPartner", Identity="x.test", **wrong)
        assert made.ids == ([] if answer == "accepted" else ["ProcessingFailed"])

    @pytest.mark.parametrize("answer", ["accepted", "refused"])
    def test_partner_beside_allowed_domain_by_switch(self, answer: str) -> None:
        host = Host(midway(f"unknowns: {{partner_beside_allowed_domain: {answer}}}"), NEW)
        made = host.call("New-CsXmppAllowedPartner", Identity="fabrikam.test")
        assert made.ids == ([] if answer == "accepted" else ["ProcessingFailed"])

    def test_2010_tools_have_no_such_cmdlet(self) -> None:
        w = midway()
        w.computers[OLD].powershell = "3.0"
        assert Host(w, OLD).call("Get-CsXmppAllowedPartner").ids == ["CommandNotFoundException"]


class TestStores:
    def test_replicas_follow_with_their_lag(self) -> None:
        w = world()
        w.replicas[FE].lag, w.replicas[EDGE].lag = 5, 60
        fe, edge = Host(w, FE), Host(w, EDGE)

        def seen(host: Host) -> int:
            return len(host.call("Get-CsXmppAllowedPartner", ["Identity"], LocalStore=True).ok())

        fe.call("New-CsXmppAllowedPartner", Identity="nwtraders.test").ok()
        assert len(fe.call("Get-CsXmppAllowedPartner", ["Identity"]).ok()) == 2
        assert (seen(fe), seen(edge)) == (1, 1)
        w.clock.advance(10)
        assert (seen(fe), seen(edge)) == (2, 1)
        w.clock.advance(60)
        assert (seen(fe), seen(edge)) == (2, 2)

    def test_a_stalled_replica_sees_nothing(self) -> None:
        from ansible_collections.lync.xmpp_migration.lab.organisation.faults import Faults

        w = world()
        w.faults = Faults([{"do": "stall_replication", "host": EDGE}])
        Host(w, FE).call("New-CsXmppAllowedPartner", Identity="nwtraders.test").ok()
        w.clock.advance(3600)
        edge = Host(w, EDGE)
        assert len(edge.call("Get-CsXmppAllowedPartner", ["Identity"], LocalStore=True).ok()) == 1
        w.faults.clear()
        assert len(edge.call("Get-CsXmppAllowedPartner", ["Identity"], LocalStore=True).ok()) == 2

    def test_edge_reads_only_its_own_store(self) -> None:
        w = world()
        edge = Host(w, EDGE)
        assert edge.call("Get-CsXmppAllowedPartner").ids == ["ProcessingFailed"]
        assert edge.call("New-CsXmppAllowedPartner", Identity="x.test").ids == ["ProcessingFailed"]
        assert edge.call("Get-CsSite").ids == ["ProcessingFailed"]

    def test_no_local_store(self) -> None:
        host = Host(world("lync2010"), NEW)
        assert host.call("Get-CsXmppAllowedPartner", LocalStore=True).ids == ["ProcessingFailed"]
        assert host.call("Get-CsXmppAllowedPartner").ok() == []

    def test_store_that_is_down(self) -> None:
        from ansible_collections.lync.xmpp_migration.lab.organisation.faults import Faults

        w = world()
        w.faults = Faults([{"do": "central_management_down"}])
        assert Host(w, FE).call("Get-CsXmppAllowedPartner").ids == ["ProcessingFailed"]
        assert Host(w, FE).call("Get-CsXmppAllowedPartner", LocalStore=True).ok() is not None


def test_gateway_configuration_hides_its_passphrase(small: World, host: Host) -> None:
    wanted = ["Identity", "ConnectionLimit", "KeepAliveInterval", "StreamInactivityTimeout", "EnableLoggingAllMessageBodies"]
    assert host.call("Get-CsXmppGatewayConfiguration", wanted).ok() == [["Global", 1000, 300, 600, False]]
    host.call("Set-CsXmppGatewayConfiguration", KeepAliveInterval=120, DialbackPassphrase="CANARY-1").ok()
    row = host.call("Get-CsXmppGatewayConfiguration", ["KeepAliveInterval", "DialbackPassphrase"]).ok()
    assert row == [[120, None]]
    from ansible_collections.lync.xmpp_migration.lab.organisation.state import state

    assert "CANARY" not in str(state(small)) and "CANARY" not in str(small.transcript.lines())


def test_access_edge_changes_only_what_is_named(host: Host) -> None:
    wanted = ["AllowFederatedUsers", "AllowOutsideUsers", "RoutingMethod", "EnablePartnerDiscovery", "DefaultRouteFqdn"]
    host.call("Set-CsAccessEdgeConfiguration", AllowOutsideUsers=True).ok()
    assert host.call("Get-CsAccessEdgeConfiguration", wanted).ok() == [[True, True, "UseDnsSrvRouting", False, None]]
    host.call("Set-CsAccessEdgeConfiguration", UseDefaultRouting=True, DefaultRouteFqdn="hub.contoso.test").ok()
    assert host.call("Get-CsAccessEdgeConfiguration", wanted).ok() == [
        [True, True, "UseDefaultRouting", None, "hub.contoso.test"]
    ]


def test_allowed_domains(host: Host) -> None:
    host.call("New-CsAllowedDomain", Identity="a.test", ProxyFqdn="gw.contoso.test").ok()
    assert host.call("New-CsAllowedDomain", Domain="A.test").ids == ["ProcessingFailed"]
    host.call("Set-CsAllowedDomain", Identity="a.test", Comment="here").ok()
    assert host.call("Get-CsAllowedDomain", ["Domain", "ProxyFqdn", "Comment"]).ok() == [
        ["a.test", "gw.contoso.test", "here"]
    ]
    host.call("Remove-CsAllowedDomain", Identity="a.test", Confirm=False).ok()
    assert host.call("Get-CsAllowedDomain").ok() == []


class TestSitesAndServices:
    def test_site(self, host: Host) -> None:
        wanted = ["Identity", "SiteId", "FederationRoute", "XmppFederationRoute", "SiteType"]
        edge = f"EdgeServer:{EDGE}"
        assert host.call("Get-CsSite", wanted).ok() == [["Site:Redmond", "1", edge, edge, "CentralSite"]]
        assert host.call("Get-CsSite", ["Identity"], Identity="Redmond").ok() == [["Site:Redmond"]]

    def test_set_site_wants_the_bare_name_and_an_edge(self) -> None:
        w = midway()
        host = Host(w, NEW)
        right = "EdgeServer:edge2010.contoso.test"
        assert host.call("Set-CsSite", Identity="site:Redmond", FederationRoute=right).errors
        assert host.call("Set-CsSite", Identity="Paris", FederationRoute=right).ids == ["ProcessingFailed"]
        for wrong in ("edge2010.contoso.test", "EdgeServer:nowhere.contoso.test", f"Registrar:{NEW}"):
            assert host.call("Set-CsSite", Identity="Redmond", XmppFederationRoute=wrong).errors, wrong
        assert w.cms.row("site", "Redmond")["XmppFederationRoute"] is None  # type: ignore[index]
        host.call("Set-CsSite", Identity="Redmond", FederationRoute="").ok()
        assert w.cms.row("site", "Redmond")["FederationRoute"] is None  # type: ignore[index]

    @pytest.mark.parametrize("answer", ["refused", "accepted"])
    def test_route_to_an_edge_without_federation_by_switch(self, answer: str) -> None:
        host = Host(midway(f"unknowns: {{route_needs_federation: {answer}}}"), NEW)
        made = host.call("Set-CsSite", Identity="Redmond", XmppFederationRoute="EdgeServer:edge2013.contoso.test")
        assert made.ids == ([] if answer == "accepted" else ["ProcessingFailed"])

    @pytest.mark.parametrize("answer", [True, False])
    def test_route_creates_ports_by_switch(self, answer: bool) -> None:
        text = f"unknowns: {{xmpp_route_creates_ports: {str(answer).lower()}, route_needs_federation: accepted}}"
        w = midway(text)
        host = Host(w, NEW)
        host.call("Set-CsSite", Identity="Redmond", XmppFederationRoute="EdgeServer:edge2013.contoso.test").ok()
        ports = host.call("Get-CsService", ["XmppListeningPort"], Identity="EdgeServer:edge2013.contoso.test").ok()
        assert ports == [[5269 if answer else None]]

    @pytest.mark.parametrize("answer", [True, False])
    def test_set_edge_server_creates_ports_by_switch(self, answer: bool) -> None:
        w = midway(f"unknowns: {{set_edge_server_creates_xmpp_ports: {str(answer).lower()}}}")
        host, before = Host(w, NEW), w.cms.topology.signature
        made = host.call(
            "Set-CsEdgeServer", Identity="EdgeServer:edge2013.contoso.test", XmppListeningPort=5269, XmppInternalPort=23456
        )
        assert made.ids == ([] if answer else ["ProcessingFailed"])
        assert (w.cms.topology.signature != before) is answer

    def test_numbers_of_ports_and_the_pools_edge(self) -> None:
        w = midway()
        host = Host(w, NEW)
        host.call("Set-CsEdgeServer", Identity="EdgeServer:edge2013.contoso.test", AccessEdgeClientSipPort=5061).ok()
        assert host.call("Get-CsService", ["AccessEdgeClientSipPort"], Identity="EdgeServer:edge2013.contoso.test").ok() == [[5061]]
        host.call("Set-CsRegistrar", Identity=f"Registrar:{NEW}", EdgeServer="EdgeServer:edge2013.contoso.test").ok()
        assert host.call("Get-CsService", ["EdgeServer"], Identity=f"Registrar:{NEW}").ok() == [
            ["EdgeServer:edge2013.contoso.test"]
        ]

    def test_services_pools_computers(self) -> None:
        host = Host(midway(), NEW)
        assert host.call("Get-CsService", ["Identity"], EdgeServer=True, PoolFqdn="edge2013.contoso.test").ok() == [
            ["EdgeServer:edge2013.contoso.test"]
        ]
        assert {row[0] for row in host.call("Get-CsService", ["Version"], Registrar=True).ok()} == {5, 6}
        assert host.call("Get-CsService", Identity="EdgeServer:x.test").ids == ["ProcessingFailed"]
        assert len(host.call("Get-CsPool", ["Identity"], Site="Site:Redmond").ok()) == 4
        assert host.call("Get-CsPool", ["Computers", "Site"], Identity=NEW).ok() == [[[NEW], "Site:Redmond"]]
        assert host.call("Get-CsComputer", ["Identity", "Pool"], Local=True).ok() == [[NEW, NEW]]
        assert host.call("Get-CsSipDomain", ["Name", "IsDefault"]).ok() == [["contoso.test", True], ["wingtip.test", False]]
        assert host.call("Get-CsConfigurationStoreLocation", ["BackEndServer"]).ok() == [[rf"{OLD}\rtc"]]
        assert "2013" in host.call("Get-CsServerVersion", ["."]).ok()[0][0]
        assert host.call("Get-CsManagementConnection", ["SqlServer", "SqlInstance"]).ok() == [[OLD, "rtc"]]


def test_simple_urls_are_put_together_in_one_request(small: World, host: Host) -> None:
    calls = [
        {"cmdlet": "New-CsSimpleUrlEntry", "parameters": {"Url": "https://meet.contoso.test"}, "keep": True},
        {
            "cmdlet": "New-CsSimpleUrl",
            "parameters": {
                "Component": "Meet", "Domain": "contoso.test", "ActiveUrl": "https://meet.contoso.test",
                "SimpleUrlEntry": {"$": "result", "call": 0},
            },
            "keep": True,
        },
        {
            "cmdlet": "Set-CsSimpleUrlConfiguration",
            "parameters": {"Identity": "Global", "SimpleUrl": {"Add": [{"$": "result", "call": 1, "index": 0}]}},
        },
    ]
    assert [a.ids for a in host.calls(calls)] == [[], [], []]
    wanted = ["SimpleUrl.Component", "SimpleUrl.ActiveUrl", "SimpleUrl.SimpleUrlEntry.Url"]
    assert host.call("Get-CsSimpleUrlConfiguration", wanted).ok() == [
        ["Meet", "https://meet.contoso.test", "https://meet.contoso.test"]
    ]


class TestReaching:
    def test_legacy_path_of_users_on_either_pool(self) -> None:
        w = midway()
        host = Host(w, NEW)

        def reached(target: str) -> str:
            row = host.call("Test-CsFederatedPartner", ["Result"], TargetFqdn=target, Domain="fabrikam.test").ok()
            return str(row[0][0])

        assert {reached(t) for t in (OLD, NEW, "edge2010.contoso.test")} == {"Success"}
        assert reached("edge2013.contoso.test") == "Failure"
        host.call("New-CsXmppAllowedPartner", Identity="fabrikam.test").ok()
        assert reached("edge2010.contoso.test") == "Failure"  # the partner is the switch
        host.call("Remove-CsXmppAllowedPartner", Identity="fabrikam.test", Confirm=False).ok()
        assert reached("edge2010.contoso.test") == "Success"
        w.computers["xmppgw.contoso.test"].windows_services["OCSXMPPTGW"].status = "Stopped"
        assert reached("edge2010.contoso.test") == "Failure"

    def test_allowed_domain_that_wins(self) -> None:
        host = Host(midway("unknowns: {allowed_domain_beats_partner: yes}"), NEW)
        host.call("New-CsXmppAllowedPartner", Identity="fabrikam.test").ok()
        row = host.call("Test-CsFederatedPartner", ["Result"], TargetFqdn=NEW, Domain="fabrikam.test").ok()
        assert row == [["Success"]]

    def test_xmpp(self) -> None:
        w = world()
        host = Host(w, FE)

        def reached(**more: object) -> list[object]:
            answer = host.call("Test-CsXmppIM", ["Result"], TargetFqdn=FE, Receiver="joe@fabrikam.test", **more)
            return [*answer.rows, *answer.ids]

        assert reached() == [["Success"]]
        assert reached(UserSipAddress="sip:ken@contoso.test") == [["Failure"]]  # his policy does not allow XMPP
        w.computers[EDGE].windows_services["RTCXMPPTGWPRX"].status = "Stopped"
        assert reached() == [["Failure"]]

    def test_without_test_users(self) -> None:
        assert Host(midway(), NEW).call("Test-CsXmppIM", TargetFqdn=NEW, Receiver="a@fabrikam.test").ids == ["ProcessingFailed"]
