# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The laws, each by what it refuses and what it lets pass."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine import laws
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import (
    UNKNOWN,
    Call,
    Change,
    Cmdlet,
    Effect,
)
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.collections import COLLECTIONS
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.facts import (
    FRESH,
    MISSING,
    OLD,
    STALE,
    Finding,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
GROUPS = {
    "lync_2013_front_ends": ("fe2013", "fe2014"),
    "lync_2013_edges": ("edge2013", "edge2014.contoso.test"),
    "lync_legacy_front_ends": ("pool2010.contoso.test",),
    "lync_legacy_edges": ("edge2010",),
}


class Evidence:
    """Facts as a test says them: all are proved but for these."""

    def __init__(
        self, *, but: dict[tuple[str, str], str] | None = None, nothing: bool = False, check: bool = False
    ) -> None:
        self.but, self.nothing, self.check, self.now = but or {}, nothing, check, NOW
        self.groups: dict[str, tuple[str, ...]] = dict(GROUPS)
        self.values: dict[str, Any] = {"ttl_lowered": (NOW - timedelta(hours=1)).isoformat()}
        self.asked: set[tuple[str, str]] = set()

    def members(self, *groups: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(m for group in groups for m in self.groups.get(group, ())))

    def finding(self, fact: str, member: str, touched: Iterable[str] = ()) -> Finding:
        if fact in ("xmpp_stays", "xmpp_declared"):
            return Finding(MISSING)  # there is no Skype for Business Server 2019 here
        self.asked.add((fact, member))
        status = MISSING if self.nothing else self.but.get((fact, member), FRESH)
        return Finding(status, self.values.get(fact), NOW)

    def once(self, asked: Hashable, find: Callable[[], bool]) -> bool:
        return find()


def change(
    collection: str,
    identity: str,
    properties: dict[str, Any] | None,
    *,
    before: dict[str, Any] | None = None,
    call: Call | None = None,
    override: str | None = None,
    what: str = "",
) -> Change:
    scope = "dns" if collection == "dns_record_set" else "organisation"
    return Change(
        call or Cmdlet("Set-CsThing"),
        what or f"object {identity}",
        (Effect(collection, scope, identity, properties),),
        before=before,
        override=override,
    )


def facts_needed(one: Change) -> dict[str, set[str]]:
    """Which fact of which members a change asks for."""
    evidence = Evidence(nothing=True)
    reasons = laws.refusals(one, evidence)
    assert reasons or not evidence.asked
    needed: dict[str, set[str]] = {}
    for fact, member in evidence.asked:
        needed.setdefault(fact, set()).add(member)
    return needed


ORG = {"organisation"}
EDGES, ALL = {"edge2013", "edge2014.contoso.test"}, {"fe2013", "fe2014", "edge2013", "edge2014.contoso.test"}
NEW_PARTNER = change("xmpp_partner", "fabrikam.test", {"PartnerType": "Federated"}, what="XMPP partner fabrikam.test")
MOVE = Cmdlet("Move-CsUser", {"Identity": "sip:a@contoso.test", "Target": "pool2013.contoso.test"})


def move(
    target: str = "pool2013.contoso.test",
    *,
    pilot: bool = False,
    override: str | None = None,
    switches: dict[str, bool] | None = None,
) -> Change:
    return change(
        "user",
        "sip:a@contoso.test",
        {"RegistrarPool": target},
        before={
            "RegistrarPool": "pool2010.contoso.test" if "2013" in target else "pool2013.contoso.test",
            "Pilot": pilot,
            "TargetVersion": 6 if "2013" in target else 5,
        },
        call=Cmdlet("Move-CsUser", {**MOVE.parameters, "Target": target, **(switches or {})}),
        override=override,
        what="user sip:a@contoso.test",
    )


SRV = "_xmpp-server._tcp.contoso.test SRV"


def swap(**more: Any) -> Change:
    before = {"Values": ["0 0 5269 xmpp.contoso.test."], "Ttl": 2, "Zone": "contoso.test"}
    return change(
        "dns_record_set", SRV, {"Values": ["0 0 5269 access.contoso.test."], "Ttl": 2, "Zone": "contoso.test", **more},
        before=before, call=Cmdlet("dns.update"),
    )  # fmt: skip


def test_a_partner_needs_everything_before_it() -> None:
    assert facts_needed(NEW_PARTNER) == {
        "users_homed": ORG,
        "components": ALL,
        "xmpp_listening": EDGES,
        "certificate_names": EDGES,
        "replicated": ALL,
    }
    assert laws.refusals(NEW_PARTNER, Evidence()) == []


def test_a_further_domain_of_a_partner_is_a_partner_too() -> None:
    before = {"AdditionalDomains": ["a.test"]}
    more = change("xmpp_partner", "fabrikam.test", {"AdditionalDomains": ["a.test", "b.test"]}, before=before)
    less = change("xmpp_partner", "fabrikam.test", {"AdditionalDomains": []}, before=before)
    assert "users_homed" in facts_needed(more) and facts_needed(less) == {}


def test_changing_or_removing_a_partner_needs_nothing() -> None:
    row = {"PartnerType": "Federated", "AdditionalDomains": []}
    assert facts_needed(change("xmpp_partner", "f.test", {"PartnerType": "PublicVerified"}, before=row)) == {}
    assert facts_needed(change("xmpp_partner", "f.test", None, before=row)) == {}


def test_a_refusal_is_one_sentence_with_fact_members_and_what_to_run() -> None:
    evidence = Evidence(but={("components", "fe2014"): MISSING, ("components", "edge2013"): STALE})
    assert laws.refusals(NEW_PARTNER, evidence) == [
        "XMPP partner fabrikam.test is not added to the XMPP partners: that the XMPP components are installed has not been "
        "verified for fe2014 and was verified before something that it depends on was changed for edge2013. Run the "
        "playbook lync.xmpp_migration.migrate with --tags federation_enable and without --limit."
    ]


def test_old_evidence_is_said_to_be_old() -> None:
    (text,) = laws.refusals(NEW_PARTNER, Evidence(but={("users_homed", "organisation"): OLD}))
    assert "more than 24 hours ago" in text and "--tags user_move" in text


def test_an_empty_group_proves_nothing() -> None:
    evidence = Evidence()
    evidence.groups["lync_2013_edges"] = ()
    (text,) = laws.refusals(NEW_PARTNER, evidence)
    assert "no host in the group lync_2013_edges" in text


@pytest.mark.parametrize("port", ["XmppListeningPort", "XmppInternalPort"])
@pytest.mark.parametrize("value", [5269, UNKNOWN])
def test_xmpp_ports_wait_for_the_users(port: str, value: Any) -> None:
    edge = "EdgeServer:edge2013.contoso.test"
    assert facts_needed(change("edge_server", edge, {port: value})) == {"users_homed": ORG}
    assert facts_needed(change("edge_server", edge, {port: value}, before={port: 5269})) == {}
    assert facts_needed(change("edge_server", edge, {port: None}, before={port: 5269})) == {}
    assert facts_needed(change("edge_server", edge, {"AccessEdgeExternalSipPort": 5061})) == {}


def test_an_xmpp_route_waits_for_the_users() -> None:
    route = "EdgeServer:edge2013.contoso.test"
    assert facts_needed(change("site", "Site:Redmond", {"XmppFederationRoute": route})) == {"users_homed": ORG}
    assert facts_needed(change("site", "Site:Redmond", {"XmppFederationRoute": None})) == {}
    assert facts_needed(change("site", "Site:Redmond", {"Description": "x"})) == {}


# --- users


def test_users_move_after_the_edge_and_the_pilot_and_before_the_partner() -> None:
    before = {"services_running": EDGES, "legacy_route": ORG, "no_partner": ORG}
    assert facts_needed(move()) == {**before, "pilot_reached_partner": ORG}
    assert facts_needed(move(pilot=True)) == before
    assert laws.refusals(move(), Evidence()) == []


def test_a_user_who_stays_where_he_is_needs_nothing() -> None:
    same = change(
        "user", "sip:a@b", {"RegistrarPool": "POOL2013.contoso.test"}, before={"RegistrarPool": "pool2013.contoso.test"}
    )
    assert facts_needed(same) == {}
    assert facts_needed(change("user", "sip:a@b", {"DisplayName": "x"})) == {}


def test_moving_back_loses_xmpp_once_there_is_a_partner() -> None:
    back = move("pool2010.contoso.test")
    assert facts_needed(back) == {"no_partner": ORG}
    after = Evidence(but={("no_partner", "organisation"): STALE})
    (text,) = laws.refusals(back, after)
    assert "lose XMPP" in text
    assert laws.refusals(move("pool2010.contoso.test", override="sip:A@contoso.test"), after) == []


def test_the_way_back_to_a_product_or_pool_of_another_name_is_one_too() -> None:
    home_server = {"RegistrarPool": None, "HomeServer": "CN=LC Services,CN=Microsoft,CN=ocs,CN=Pools"}
    ocs = change("user", "sip:a@contoso.test", home_server, before={"RegistrarPool": "pool2013.contoso.test"})
    enterprise = change(
        "user", "sip:a@contoso.test", {"RegistrarPool": "eepool.contoso.test"},
        before={"RegistrarPool": "pool2013.contoso.test", "Back": True, "TargetVersion": 5},
    )
    for back in (ocs, enterprise):
        assert facts_needed(back) == {"no_partner": ORG}
        (text,) = laws.refusals(back, Evidence(but={("no_partner", "organisation"): STALE}))
        assert "lose XMPP" in text
    # a user of the older product who goes nowhere
    assert facts_needed(change("user", "sip:a@contoso.test", home_server, before={"RegistrarPool": None})) == {}


@pytest.mark.parametrize("switch", ["Force", "IgnoreBackendStoreException", "force"])
def test_a_forced_move_names_its_user(switch: str) -> None:
    (text,) = laws.refusals(move(switches={switch: True}), Evidence())
    assert "lose" in text
    (text,) = laws.refusals(move(switches={switch: True}, override="sip:other@contoso.test"), Evidence())
    assert laws.refusals(move(switches={switch: True}, override="sip:a@contoso.test"), Evidence()) == []
    # what accepts the loss of contacts accepts nothing else
    refused = laws.refusals(move(switches={switch: True}, override="sip:a@contoso.test"), Evidence(nothing=True))
    assert any("legacy Edge" in one for one in refused) and any("pilot user" in one for one in refused)
    assert laws.refusals(move(switches={switch: False}), Evidence()) == []


# --- DNS and acceptance


def test_dns_moves_last() -> None:
    assert facts_needed(swap()) == {
        "partner_seen": ALL,
        "certificate_names": EDGES,
        "xmpp_answers": ORG,
        "ttl_lowered": {"contoso.test"},
    }
    assert laws.refusals(swap(), Evidence()) == []


def test_a_deleted_record_is_a_moved_one() -> None:
    gone = change("dns_record_set", SRV, None, before={"Values": ["x"], "Zone": "contoso.test"})
    assert "partner_seen" in facts_needed(gone)


def test_other_records_and_lower_lifetimes_are_free() -> None:
    before = {"Values": ["0 0 5269 xmpp.contoso.test."], "Ttl": 3600, "Zone": "contoso.test"}
    assert facts_needed(change("dns_record_set", SRV, {"Ttl": 2}, before=before)) == {}
    assert facts_needed(change("dns_record_set", SRV, {"Ttl": 2, "Values": before["Values"]}, before=before)) == {}
    assert facts_needed(change("dns_record_set", "xmpp.contoso.test A", {"Values": ["203.0.113.40"]})) == {}


@pytest.mark.parametrize(
    ("value", "refused"),
    [
        ((NOW + timedelta(seconds=1)).isoformat(), True),
        ({"earliest": (NOW + timedelta(hours=1)).isoformat()}, True),
        ({"earliest": "2026-11-21T11:00:00"}, False),
        (NOW.isoformat(), False),
        (None, True),
        ("soon", True),
    ],
)
def test_the_old_lifetime_has_to_run_out(value: Any, refused: bool) -> None:
    evidence = Evidence()
    evidence.values["ttl_lowered"] = value
    assert bool(laws.refusals(swap(), evidence)) is refused
    evidence.check = True
    assert laws.refusals(swap(), evidence) == []


def test_lifetimes_are_raised_only_after_acceptance() -> None:
    before = {"Values": ["x"], "Ttl": 2, "Zone": "contoso.test"}
    raised = change(
        "dns_record_set", "xmpp.contoso.test A", {"Ttl": 3600}, before=before, override="xmpp.contoso.test A"
    )
    assert facts_needed(raised) == {"accepted": ORG}
    (text,) = laws.refusals(raised, Evidence(nothing=True))
    assert "lync.xmpp_migration.accept" in text


def test_the_legacy_entry_stays_until_acceptance_or_override() -> None:
    row = {"ProxyFqdn": "xmppgw.contoso.test"}
    assert facts_needed(change("allowed_domain", "f.test", None, before=row)) == {"accepted": ORG}
    assert facts_needed(change("allowed_domain", "f.test", {"ProxyFqdn": "x"}, before=row)) == {"accepted": ORG}
    assert facts_needed(change("allowed_domain", "f.test", {"ProxyFqdn": "x"})) == {}
    assert (
        laws.refusals(change("allowed_domain", "f.test", None, before=row, override="F.test"), Evidence(nothing=True))
        == []
    )


OLD_EDGE, NEW_EDGE = "EdgeServer:edge2010.contoso.test", "EdgeServer:edge2013.contoso.test"


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [
        (OLD_EDGE, NEW_EDGE, True),
        (OLD_EDGE, None, True),
        ("EdgeServer:nobody.knows.test", NEW_EDGE, True),
        (NEW_EDGE, OLD_EDGE, False),
        (None, OLD_EDGE, False),
        (None, NEW_EDGE, False),
        (OLD_EDGE, OLD_EDGE.upper(), False),
        (NEW_EDGE, "EdgeServer:edge2014.contoso.test", False),
    ],
)
def test_the_sip_route_leaves_the_legacy_edge_by_choice_only(before: Any, after: Any, refused: bool) -> None:
    one = change(
        "site", "Site:Redmond", {"FederationRoute": after}, before={"FederationRoute": before}, what="site Redmond"
    )
    assert bool(laws.refusals(one, Evidence(nothing=True))) is refused
    named = change(
        "site", "Site:Redmond", {"FederationRoute": after}, before={"FederationRoute": before}, override="redmond"
    )
    assert laws.refusals(named, Evidence(nothing=True)) == []


# --- L4


def call(name: str, override: str | None = None, **parameters: Any) -> Change:
    return Change(Cmdlet(name, parameters), "the thing", override=override)


@pytest.mark.parametrize(
    "never",
    [
        call("Import-CsConfiguration", FileName="C:\\cs.zip"),
        call("Import-CsConfiguration", FileName="C:\\cs.zip", LocalStore=False),
        call("Install-CsDatabase", ConfiguredDatabases=True, Clean=True),
        call("Install-CsDatabase", override="the thing", ConfiguredDatabases=True, clean=True),
    ],
)
def test_never(never: Change) -> None:
    assert len(laws.refusals(never, Evidence())) == 1


def test_their_harmless_forms_pass() -> None:
    for one in (
        call("Import-CsConfiguration", FileName="C:\\cs.zip", LocalStore=True),
        call("Install-CsDatabase", ConfiguredDatabases=True),
    ):
        assert laws.refusals(one, Evidence(nothing=True)) == []


def test_no_second_central_management_store() -> None:
    for one in (
        call("Install-CsDatabase", CentralManagementDatabase=True),
        call("Set-CsConfigurationStoreLocation", SqlServerFqdn="x"),
    ):
        assert len(laws.refusals(one, Evidence(nothing=True))) == 1 and laws.refusals(one, Evidence()) == []


def publish(*effects: Effect, override: str | None = None) -> Change:
    return Change(Cmdlet("Publish-CsTopology"), "the topology", effects, override=override)


def test_a_publish_takes_nothing_away() -> None:
    gone = Effect("edge_server", "organisation", OLD_EDGE, None)
    (text,) = laws.refusals(publish(gone), Evidence())
    assert OLD_EDGE in text
    assert laws.refusals(publish(gone, override=OLD_EDGE), Evidence()) == []
    assert laws.refusals(publish(Effect("pool", "organisation", "x", {"Fqdn": "x"})), Evidence()) == []


def grant(losses: Any, override: str | None = None) -> Change:
    return Change(
        Cmdlet("Grant-CsExternalAccessPolicy", {"Identity": "sip:a@contoso.test", "PolicyName": "XmppUsers"}),
        "user sip:a@contoso.test",
        (Effect("user", "organisation", "sip:a@contoso.test", {"ExternalAccessPolicy": "XmppUsers"}),),
        before={"ExternalAccessPolicy": None, **({} if losses is None else {"Losses": losses})},
        override=override,
    )


def test_a_grant_takes_nothing_from_a_user_who_is_not_named() -> None:
    (text,) = laws.refusals(grant(["loses EnableOutsideAccess"]), Evidence())
    assert "loses EnableOutsideAccess" in text
    assert laws.refusals(grant(["loses EnableOutsideAccess"], "sip:a@contoso.test"), Evidence()) == []
    assert laws.refusals(grant([]), Evidence()) == [] == laws.refusals(grant(UNKNOWN), Evidence())
    assert len(laws.refusals(grant(None), Evidence())) == 1


def test_an_import_from_ocs_never_overwrites() -> None:
    call = Cmdlet("Import-CsLegacyConfiguration", {"ReplaceExisting": True, "Force": True})
    (text,) = laws.refusals(Change(call, "policies"), Evidence())
    assert "-ReplaceExisting would overwrite" in text
    assert laws.refusals(Change(Cmdlet("Import-CsLegacyConfiguration", {"Force": True}), "policies"), Evidence()) == []


def test_nobody_is_moved_from_ocs_before_the_import() -> None:
    user = change("user", "sip:ann@contoso.test", {"RegistrarPool": "pool2013.contoso.test"}, before={"Pilot": True, "TargetVersion": 6})
    move = replace(user, call=Cmdlet("Move-CsLegacyUser", {"Identity": "sip:ann@contoso.test"}))
    without = {("legacy_configuration", "organisation"): MISSING}
    (text,) = laws.refusals(move, Evidence(but=without))
    assert "the configuration of Office Communications Server was imported has not been verified" in text
    assert laws.refusals(replace(user, call=Cmdlet("Move-CsUser", {"Identity": "x"})), Evidence(but=without)) == []
    assert laws.refusals(move, Evidence()) == []
    assert laws.touched_by("legacy_configuration", "organisation") == ("Merge-CsLegacyTopology",)


# --- the baseline


def test_nothing_outside_of_the_new_hosts_is_changed_without_a_baseline() -> None:
    for collection in ("topology_document", "ad_schema", "ad_forest", "ad_domain", "store_location"):
        (text,) = laws.refusals(
            change(collection, "x", {".": "y"}), Evidence(but={("baseline", "organisation"): MISSING})
        )
        assert "a record of the organisation as it was is kept has not been verified" in text and "pool_deploy" in text
        assert laws.refusals(change(collection, "x", {".": "y"}), Evidence()) == []
    for collection in ("local_topology_document", "file", "component"):
        assert laws.refusals(change(collection, "x", {".": "y"}), Evidence(nothing=True)) == []


def test_a_baseline_does_not_grow_old() -> None:
    seen = Evidence(but={("baseline", "organisation"): OLD})
    assert laws.refusals(change("topology_document", "document", {".": "y"}), seen) == []


# --- tables


def test_every_need_names_a_fact_and_every_fact_a_tag() -> None:
    needed = {need.fact for guard in laws.GUARDS for need in guard.needs} | {"ttl_lowered", "no_central_store", "xmpp_declared"}
    # what the points of the cutover ask for
    points = {"swap_seen", "gateway_closed", "xmpp_by_name", "window_over", "im_reached"}
    assert needed | points == set(laws.FACTS)
    assert {fact.tag for fact in laws.FACTS.values()} <= {
        "pool_deploy", "edge_deploy", "user_move", "xmpp_access", "federation_enable", "dns_update", "accept",
        "window_end", "rollback", "coexistence",
    }  # fmt: skip


def test_what_makes_evidence_stale_is_a_collection_or_a_cmdlet() -> None:
    assert laws.touched_by("xmpp_listening", "edge2013") == (
        "topology_document", "edge_server", "component@edge2013", "certificate_use@edge2013", "windows_service@edge2013",
    )  # fmt: skip
    assert "certificate_use" in laws.touched_by("xmpp_answers", "organisation")
    for fact in laws.FACTS.values():
        for one in fact.depends:
            assert one in COLLECTIONS or "-" in one


def test_a_module_can_ask_for_a_fact() -> None:
    assert laws.require(Evidence(), "partner_seen", ("fe2013",)) == []
    (text,) = laws.require(Evidence(nothing=True), "partner_seen", ("fe2013",), "The swap")
    assert text.startswith("The swap is not done") and "fe2013" in text


def test_calls_without_effects_that_no_law_knows_pass() -> None:
    assert laws.refusals(call("Start-CsWindowsService", Name="RTCXMPPTGW"), Evidence(nothing=True)) == []


# --- the way back

BACK = {"Back": True}


def test_dns_goes_back_when_the_old_gateway_runs() -> None:
    record = {"Zone": "contoso.test", "Ttl": 3600, "Values": ["0 0 5269 xmpp.contoso.test."]}
    now = {"Zone": "contoso.test", "Ttl": 300, "Values": ["0 0 5269 access.contoso.test."]}
    name = "_xmpp-server._tcp.contoso.test SRV"
    assert facts_needed(change("dns_record_set", name, record, before={**now, **BACK})) == {
        "gateway_runs": {"organisation"}
    }
    lifetime_alone = change("dns_record_set", name, {**now, "Ttl": 3600}, before={**now, **BACK})
    assert facts_needed(lifetime_alone) == {}


def test_a_partner_goes_when_nothing_leads_to_the_new_edge() -> None:
    gone = change("xmpp_partner", "fabrikam.test", None, before={"Domain": "fabrikam.test", **BACK})
    needed = facts_needed(gone)
    assert needed == {one: {"organisation"} for one in ("dns_back", "gateway_runs", "legacy_entries")}
    evidence = Evidence()
    evidence.values["dns_back"] = {"earliest": (NOW + timedelta(minutes=5)).isoformat()}
    (text,) = laws.refusals(gone, evidence)
    assert (
        "resolvers may lead to the new Edge until 2026-11-21 12:05:00 UTC" in text and "xmpp_migration.rollback" in text
    )
    evidence.values["dns_back"] = {"earliest": NOW.isoformat()}
    assert laws.refusals(gone, evidence) == []
    evidence.values["dns_back"] = {"earliest": "some day"}
    assert "was not recorded" in laws.refusals(gone, evidence)[0]


@pytest.mark.parametrize(
    "one",
    [
        change(
            "site",
            "Site:Redmond",
            {"XmppFederationRoute": None},
            before={"XmppFederationRoute": "EdgeServer:e", **BACK},
        ),
        change("edge_server", "EdgeServer:e", {"XmppListeningPort": None}, before={"XmppListeningPort": 5269, **BACK}),
        change("certificate_use", "XmppServer", None, before={"XmppServer": "AB", **BACK}),
        change(
            "user", "sip:a@contoso.test", {"ExternalAccessPolicy": None}, before={"ExternalAccessPolicy": "X", **BACK}
        ),
    ],
)
def test_xmpp_and_its_policies_go_when_no_partner_is_left(one: Change) -> None:
    assert facts_needed(one) == {"no_partner": {"organisation"}}


def test_a_pool_leaves_the_topology_when_nobody_is_homed_there() -> None:
    gone = change(
        "pool",
        "pool2013.contoso.test",
        None,
        before={"Signature": "x", **BACK},
        call=Cmdlet("Publish-CsTopology", {"FileName": "C:\\a"}),
    )
    assert facts_needed(gone) == {"no_partner": {"organisation"}, "users_back": {"organisation"}}
    assert laws.refusals(gone, Evidence()) == []
    (unasked, *_more) = laws.refusals(replace(gone, before={"Signature": "x"}), Evidence())
    assert "would be gone from it" in unasked


def test_every_guard_is_of_collections_that_there_are() -> None:
    """One that is not would never be asked."""
    assert {name for guard in laws.GUARDS for name in guard.of} <= COLLECTIONS.keys()
