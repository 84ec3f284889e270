# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's laws: each is broken once and kept once, and nothing of the collection takes part."""

from __future__ import annotations

import types

import pytest
from ansible_collections.lync.xmpp_migration.lab.organisation.topology_draft import Draft
from ansible_collections.lync.xmpp_migration.lab.organisation.world import World
from ansible_collections.lync.xmpp_migration.tests.unit.lab.worlds import MIDWAY, Host, midway, world, world_of

OLD, NEW = "pool2010.contoso.test", "pool2013.contoso.test"
OLD_EDGE, NEW_EDGE = "edge2010.contoso.test", "edge2013.contoso.test"


def broken(w: World) -> list[str]:
    return [f"{v['law']} {v['key']}" for v in w.laws.violations]


def move_all(w: World, target: str = NEW) -> None:
    host = Host(w, NEW)
    for user in list(w.ad):
        host.call("Move-CsUser", Identity=user.sip, Target=target, Confirm=False).ok()


def dns(w: World, address: str, name: str = "xmpp") -> None:
    with w.turn():
        w.zones.put("contoso.test", name, "A", 60, [address])
        w.after_change(types.SimpleNamespace(cmdlet="dns.update", p={}, computer=None))


class TestL1:
    def test_moving_everybody_first_is_right(self) -> None:
        w = midway("unknowns: {route_needs_federation: accepted}")
        move_all(w)
        host = Host(w, NEW)
        host.call("New-CsXmppAllowedPartner", Identity="fabrikam.test").ok()
        host.call("Set-CsSite", Identity="Redmond", XmppFederationRoute=f"EdgeServer:{NEW_EDGE}").ok()
        assert broken(w) == []

    def test_partner_too_early(self) -> None:
        w = midway()
        Host(w, NEW).call("New-CsXmppAllowedPartner", Identity="fabrikam.test").ok()
        assert broken(w) == ["L1 partner fabrikam.test"]
        assert w.laws.violations[0]["cmdlet"] == "New-CsXmppAllowedPartner"
        assert w.laws.violations[0]["host"] == NEW
        assert "4 enabled users" in w.laws.violations[0]["what"]

    def test_ports_and_route_too_early(self) -> None:
        w = midway("unknowns: {route_needs_federation: accepted, set_edge_server_creates_xmpp_ports: yes}")
        host = Host(w, NEW)
        host.call("Set-CsEdgeServer", Identity=f"EdgeServer:{NEW_EDGE}", XmppListeningPort=5269).ok()
        host.call("Set-CsSite", Identity="Redmond", XmppFederationRoute=f"EdgeServer:{NEW_EDGE}").ok()
        assert broken(w) == [f"L1 ports {NEW_EDGE}", "L1 route Redmond"]

    def test_sip_route_left_too_early(self) -> None:
        w = midway("unknowns: {route_needs_federation: accepted}")
        Host(w, NEW).call("Set-CsSite", Identity="Redmond", FederationRoute=f"EdgeServer:{NEW_EDGE}").ok()
        assert broken(w) == ["L1 sip route Redmond"]

    def test_first_user_moved_to_a_pool_that_does_not_lead_to_the_legacy_edge(self) -> None:
        w = midway()
        host = Host(w, NEW)
        host.call("Set-CsRegistrar", Identity=f"Registrar:{NEW}", EdgeServer=f"EdgeServer:{NEW_EDGE}").ok()
        host.call("Move-CsUser", Identity="sip:user001@contoso.test", Target=NEW, Confirm=False).ok()
        assert broken(w) == [f"L1 edge {NEW}"]

    def test_moved_back_after_the_partner_exists(self) -> None:
        w = midway()
        move_all(w)
        host = Host(w, NEW)
        host.call("New-CsXmppAllowedPartner", Identity="fabrikam.test").ok()
        host.call("Move-CsUser", Identity="sip:user001@contoso.test", Target=OLD, Confirm=False).ok()
        assert broken(w) == ["L1 back sip:user001@contoso.test"]

    @pytest.mark.parametrize("change", ["enabled: false", "hosting_provider: sipfed.online.lync.com"])
    def test_users_out_of_scope_do_not_count(self, change: str) -> None:
        person = f'  - {{sip: "sip:out@contoso.test", {change}}}\npolicies:'
        w = world_of(MIDWAY.replace("policies:", person, 1))
        for user in list(w.ad)[:4]:
            Host(w, NEW).call("Move-CsUser", Identity=user.sip, Target=NEW, Confirm=False).ok()
        Host(w, NEW).call("New-CsXmppAllowedPartner", Identity="fabrikam.test").ok()
        assert broken(w) == []

    def test_what_was_so_from_the_start_is_nobodys_fault(self) -> None:
        w = world_of(MIDWAY + "xmpp_partners: [{domain: fabrikam.test}]\n")
        Host(w, NEW).call("Set-CsXmppAllowedPartner", Identity="fabrikam.test", Description="x").ok()
        assert broken(w) == []


DONE = MIDWAY.replace("count: 4, pool: pool2010", "count: 4, pool: pool2013").replace(
    "next_hop: pool2013.contoso.test}", "next_hop: pool2013.contoso.test, federation: true, xmpp: true}"
).replace("federation_route: edge2010.contoso.test}", "federation_route: edge2010.contoso.test, xmpp_route: edge2013.contoso.test}")


class TestL2:
    def test_dns_last_is_right(self) -> None:
        w = world_of(DONE + "xmpp_partners: [{domain: fabrikam.test}]\n")
        dns(w, "203.0.113.40")
        w.computers["xmppgw.contoso.test"].windows_services["OCSXMPPTGW"].status = "Stopped"
        dns(w, "203.0.113.40")
        assert broken(w) == []

    def test_dns_before_anything(self) -> None:
        w = midway()
        dns(w, "203.0.113.40")
        keys = " ".join(broken(w))
        assert "no XMPP partner exists" in keys and "is no address of an Edge with XMPP" in keys

    def test_dns_before_the_replica_has_the_partner(self) -> None:
        w = world_of(DONE)
        w.replicas[NEW_EDGE].lag = 600
        Host(w, NEW).call("New-CsXmppAllowedPartner", Identity="fabrikam.test").ok()
        dns(w, "203.0.113.40")
        assert [v["what"] for v in w.laws.violations if v["law"] == "L2"] == [
            f"DNS of {d} moved although {NEW_EDGE} has not yet seen every partner in its local store."
            for d in ("contoso.test", "wingtip.test")
        ]

    def test_dns_while_nothing_answers(self) -> None:
        w = world_of(DONE + "xmpp_partners: [{domain: fabrikam.test}]\n")
        w.computers[NEW_EDGE].windows_services["RTCXMPPTGWPRX"].status = "Stopped"
        dns(w, "203.0.113.40")
        assert all("port 5269" in v["what"] for v in w.laws.violations) and len(w.laws.violations) == 2

    def test_dns_to_a_stranger(self) -> None:
        w = world_of(DONE + "xmpp_partners: [{domain: fabrikam.test}]\n")
        dns(w, "203.0.113.99")
        assert "is no address of an Edge with XMPP" in w.laws.violations[0]["what"]

    def test_gateway_stopped_and_entry_removed_too_early(self) -> None:
        w = world_of(DONE + "xmpp_partners: [{domain: fabrikam.test}]\n")
        Host(w, NEW).call("Remove-CsAllowedDomain", Identity="fabrikam.test", Confirm=False).ok()
        w.computers["xmppgw.contoso.test"].windows_services["OCSXMPPTGW"].status = "Stopped"
        dns(w, "203.0.113.30")
        assert broken(w) == ["L2 entry fabrikam.test", "L2 gateway"]


class TestL3:
    TEXT = MIDWAY.replace("version: 5", "version: 6").replace(
        "{fqdn: pool2013.contoso.test, version: 6", "{fqdn: pool2019.contoso.test, version: 8"
    ).replace("{fqdn: edge2013.contoso.test, version: 6", "{fqdn: edge2019.contoso.test, version: 8").replace(
        "next_hop: pool2013", "next_hop: pool2019"
    ).replace("gateway:", "x:").replace("x: {fqdn: xmppgw.contoso.test, edge: edge2010.contoso.test, address: 203.0.113.30}", "")
    TEXT = TEXT.replace("federation: true}", "federation: true, xmpp: true}") + "xmpp_partners: [{domain: fabrikam.test}]\n"

    def test_who_needs_xmpp_stays(self) -> None:
        w = world_of(self.TEXT)
        host = Host(w, OLD)
        host.call("Grant-CsExternalAccessPolicy", Identity="sip:user001@contoso.test", PolicyName="XmppUsers").ok()
        for n in (1, 2):
            host.call("Move-CsUser", Identity=f"sip:user00{n}@contoso.test", Target="pool2019.contoso.test", Confirm=False).ok()
        assert broken(w) == ["L3 user sip:user001@contoso.test"]

    def test_route_and_last_edge(self) -> None:
        w = world_of(self.TEXT + "unknowns: {route_needs_federation: accepted}\n")
        Host(w, OLD).call("Set-CsSite", Identity="Redmond", XmppFederationRoute="EdgeServer:edge2019.contoso.test").ok()
        draft = Draft.of(w.cms.topology)
        draft.remove_port("1-EdgeServer-1", "XmppFederationProxy", "XmppServer", "External")
        with w.turn():
            w.publish(draft.topology("x"))
            w.after_change(types.SimpleNamespace(cmdlet="Publish-CsTopology", p={}, computer=None))
        assert broken(w)[:2] == ["L3 route Redmond", "L3 last edge"]


class TestL4:
    @pytest.mark.parametrize(
        ("cmdlet", "parameters", "keys"),
        [
            ("Import-CsConfiguration", {"FileName": "x"}, ["L4 import"]),
            ("Import-CsConfiguration", {"FileName": "x", "LocalStore": True}, []),
            ("Install-CsDatabase", {"ConfiguredDatabases": True, "Clean": True}, ["L4 clean"]),
            ("Install-CsDatabase", {"ConfiguredDatabases": True}, []),
            ("Install-CsDatabase", {"CentralManagementDatabase": True}, ["L4 second store"]),
            ("Set-CsConfigurationStoreLocation", {}, ["L4 second store"]),
            ("Move-CsUser", {"Identity": "u", "Force": True}, ["L4 Force u"]),
            ("Move-CsLegacyUser", {"Identity": "u", "IgnoreBackendStoreException": True}, ["L4 IgnoreBackendStoreException u"]),
        ],
    )
    def test_never(self, cmdlet: str, parameters: dict[str, object], keys: list[str]) -> None:
        w = midway()
        w.after_change(types.SimpleNamespace(cmdlet=cmdlet, p=parameters, computer=w.computers[NEW]))
        assert broken(w) == keys

    def test_publish_that_takes_away(self) -> None:
        w = midway()
        draft = Draft.of(w.cms.topology)
        draft.remove_pool(NEW_EDGE)
        draft.set_port("1-EdgeServer-1", "AccessEdge", "SipClient", "External", 5061)
        with w.turn():
            w.publish(draft.topology("x"))
            w.after_change(types.SimpleNamespace(cmdlet="Publish-CsTopology", p={}, computer=None))
        assert broken(w) == [f"L4 pool {NEW_EDGE}", f"L4 change EdgeServer:{OLD_EDGE}"]

    def test_grants(self) -> None:
        w = midway()
        host = Host(w, NEW)

        def grant(policy: str) -> None:
            host.call("Grant-CsExternalAccessPolicy", Identity="sip:user001@contoso.test", PolicyName=policy).ok()

        grant("XmppUsers")
        assert broken(w) == []
        grant("Nothing")
        assert broken(w) == ["L4 EnableOutsideAccess sip:user001@contoso.test"]
        grant("XmppUsers")
        assert broken(w)[1:] == ["L4 EnableFederationAccess sip:user001@contoso.test"]

    def test_policy_changed_under_its_users(self) -> None:
        w = world()
        host = Host(w, "fe.contoso.test")
        host.call("Set-CsExternalAccessPolicy", Identity="Global", EnableXmppAccess=True).ok()
        assert broken(w) == []
        host.call("Set-CsExternalAccessPolicy", Identity="Global", EnableFederationAccess=True).ok()
        assert broken(w) == ["L4 EnableFederationAccess Global"]


def test_reads_break_nothing_and_cost_nothing() -> None:
    w = midway()
    Host(w, NEW).call("Get-CsUser", ["SipAddress"]).ok()
    assert broken(w) == []
