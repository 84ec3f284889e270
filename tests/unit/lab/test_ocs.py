# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From Office Communications Server 2007 R2: a store where there was none, the merge, the imports, the moves, the way
of a message, and the laws. Nothing here depends on the form of a merged document, only on what the cmdlets show of it."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.lync.xmpp_migration.lab import consoles
from ansible_collections.lync.xmpp_migration.lab.organisation.paths import user_reaches
from ansible_collections.lync.xmpp_migration.lab.organisation.state import state
from ansible_collections.lync.xmpp_migration.lab.place import LabError
from ansible_collections.lync.xmpp_migration.tests.unit.lab import ocs_steps as steps
from ansible_collections.lync.xmpp_migration.tests.unit.lab.ocs_steps import broken, said
from ansible_collections.lync.xmpp_migration.tests.unit.lab.worlds import Host

WHERE = {"SqlServerFqdn": steps.FE, "SqlInstanceName": "RTC"}
USER = "sip:user001@contoso.test"
_WORLDS: dict[str, object] = {}


def coexisting():
    """Made once; each test gets a world of its own."""
    if "coexisting" not in _WORLDS:
        _WORLDS["coexisting"] = steps.coexisting()[0]
    w = _WORLDS["coexisting"].copy()
    return w, Host(w, steps.FE)


def prepared():
    w = steps.estate()
    fe = Host(w, steps.FE)
    steps.prepare(w, fe)
    return w, fe


# --- the store


def test_there_is_no_store_until_it_is_made():
    w, fe = prepared()
    assert fe.call("Get-CsConfigurationStoreLocation", ["BackEndServer"]).ok() == []
    for cmdlet in ("Get-CsTopology", "Get-CsSite", "Get-CsAllowedDomain", "Get-CsManagementStoreReplicationStatus"):
        assert "Cannot find the Central Management store" in said(fe.call(cmdlet)), cmdlet
    test = fe.call("Test-CsDatabase", ["DatabaseName", "Succeed"], CentralManagementDatabase=True, **WHERE).ok()
    assert test == [["xds", False], ["lis", False]]
    assert len(fe.call("Get-CsUser", OnOfficeCommunicationServer=True).errors) == 0
    steps.make_store(fe)
    assert fe.call("Get-CsConfigurationStoreLocation", ["BackEndServer"]).ok() == [[rf"{steps.FE}\rtc"]]
    test = fe.call("Test-CsDatabase", ["Succeed"], CentralManagementDatabase=True, **WHERE).ok()
    assert test == [[True], [True]]
    assert fe.call("Get-CsTopology", ["Signature"]).ok() == []
    assert fe.call("Get-CsExternalAccessPolicy", ["Identity"]).ok() == [["Global"]]
    assert broken(w) == []


def test_a_database_needs_its_instance_and_a_location_its_database():
    w, fe = prepared()
    answer = fe.call("Install-CsDatabase", CentralManagementDatabase=True, SqlServerFqdn=steps.FE, SqlInstanceName="X",
                     Confirm=False)  # fmt: skip
    assert answer.ids == ["ProcessingFailed"] and not w.central.stores
    assert "no Central Management database" in said(fe.call("Set-CsConfigurationStoreLocation", Force=True, **WHERE))
    fe.call("Set-CsConfigurationStoreLocation", Force=True, SkipLookup=True, **WHERE).ok()
    assert "cannot" in said(fe.call("Get-CsTopology")).casefold()


def test_a_location_is_only_set_with_force():
    _w, fe = prepared()
    fe.call("Install-CsDatabase", CentralManagementDatabase=True, Confirm=False, **WHERE).ok()
    for parameters in ({}, {"Confirm": False}):
        assert fe.call("Set-CsConfigurationStoreLocation", **WHERE, **parameters).errors
    assert fe.call("Get-CsConfigurationStoreLocation").ok() == []
    fe.call("Set-CsConfigurationStoreLocation", Force=True, Confirm=False, **WHERE).ok()
    assert fe.call("Remove-CsConfigurationStoreLocation", Confirm=False).errors
    fe.call("Remove-CsConfigurationStoreLocation", Force=True, Confirm=False).ok()
    assert fe.call("Get-CsConfigurationStoreLocation").ok() == []
    fe.call("Set-CsConfigurationStoreLocation", Force=True, Confirm=False, **WHERE).ok()
    assert fe.call("Get-CsExternalAccessPolicy", ["Identity"]).ok() == [["Global"]], "the store was kept"


def test_a_second_store_is_possible_and_a_violation():
    w, fe = coexisting()
    fe.session.computer.sql_instances.add("RTC2")
    second = {"SqlServerFqdn": steps.FE, "SqlInstanceName": "RTC2"}
    fe.call("Install-CsDatabase", CentralManagementDatabase=True, Confirm=False, **WHERE).ok()
    assert broken(w) == []
    fe.call("Install-CsDatabase", CentralManagementDatabase=True, Confirm=False, **second).ok()
    assert broken(w) == ["L4 second store"]
    fe.call("Set-CsConfigurationStoreLocation", Force=True, **second).ok()
    assert broken(w) == ["L4 second store"] * 2
    assert fe.call("Get-CsSite").ok() == [], "the new one is empty"
    fe.call("Set-CsConfigurationStoreLocation", Force=True, **WHERE).ok()
    assert fe.call("Get-CsSite", ["Identity"]).ok() == [["Site:Redmond"], ["Site:BackCompatSite"]]


def test_the_first_publish_needs_no_old_signature_and_the_second_does():
    w, fe = prepared()
    steps.make_store(fe)
    document = steps.first_document(w)
    steps.publish(w, fe, steps.FIRST, document)
    assert [row[0] for row in fe.call("Get-CsPool", ["Fqdn"]).ok()] == [steps.FE, steps.EDGE]
    fe.call("Test-CsTopology").ok()
    assert "signature" in said(fe.call("Publish-CsTopology", FileName=steps.FIRST, Force=True))
    fe.call("Install-CsDatabase", ConfiguredDatabases=True, SqlServerFqdn=steps.FE, Confirm=False).ok()
    assert all(
        row[0] for row in fe.call("Test-CsDatabase", ["Succeed"], ConfiguredDatabases=True, SqlServerFqdn=steps.FE).ok()
    )
    assert broken(w) == []


def test_configurations_are_exported_to_a_file():
    w, fe = coexisting()
    for cmdlet in ("Export-CsConfiguration", "Export-CsLisConfiguration"):
        version = w.cms.version
        fe.call(cmdlet, FileName=rf"C:\{cmdlet}.zip").ok()
        assert w.files.read(fe.session.computer, rf"C:\{cmdlet}.zip")[:2] == b"PK"
        assert w.cms.version == version


def test_patch_versions_came_with_2015():
    _w, fe = coexisting()
    assert fe.call("Get-CsServerPatchVersion").ids == ["CommandNotFoundException"]


# --- users of OCS


def test_users_of_ocs_have_a_home_server_and_no_pool():
    w, fe = coexisting()
    rows = fe.call("Get-CsUser", ["SipAddress", "RegistrarPool", "HomeServer"], OnOfficeCommunicationServer=True).ok()
    assert len(rows) == 4
    assert all(pool is None and home.startswith("CN=LC Services,CN=Microsoft,CN=ocspool,") for _sip, pool, home in rows)
    assert fe.call("Get-CsUser", OnLyncServer=True).ok() == []
    assert fe.call("Get-CsUser", UnassignedUser=True).ok() == []
    assert state(w)["ocs"]["users"] == 4


# --- merge and imports


def test_a_merge_writes_a_file_and_nothing_else():
    w, fe = prepared()
    steps.make_store(fe)
    assert "no published topology" in said(
        fe.call("Merge-CsLegacyTopology", TopologyXmlFileName=steps.MERGED, Confirm=False)
    )
    steps.publish(w, fe, steps.FIRST, steps.first_document(w))
    before = w.cms.version
    fe.call("Merge-CsLegacyTopology", TopologyXmlFileName=steps.MERGED, Confirm=False).ok()
    assert w.cms.version == before and fe.call("Get-CsSite", ["Identity"]).ok() == [["Site:Redmond"]]
    steps.publish(w, fe, steps.MERGED)
    assert fe.call("Get-CsSite", ["Identity"]).ok() == [["Site:Redmond"], ["Site:BackCompatSite"]]
    pools = {row[0] for row in fe.call("Get-CsPool", ["Fqdn"]).ok()}
    assert steps.OCS in pools and steps.OCS_EDGE not in pools, "without the input file no Edge is merged"
    steps.merge(w, fe)
    assert steps.OCS_EDGE in {row[0] for row in fe.call("Get-CsPool", ["Fqdn"]).ok()}
    assert broken(w) == []


def test_the_same_merge_once_more_changes_nothing_and_another_follows_the_console():
    w, fe = coexisting()
    keys = {c.fqdn: c.key for c in w.cms.topology.clusters}
    steps.wire(w, fe)
    services = set(w.cms.topology.services)
    steps.merge(w, fe)
    assert set(w.cms.topology.services) == services
    steps.merge(w, fe, federation="false")
    [[port]] = fe.call("Get-CsService", ["AccessEdgeExternalSipPort"], Identity=f"EdgeServer:{steps.OCS_EDGE}").ok()
    assert port is None
    assert {c.fqdn: c.key for c in w.cms.topology.clusters} == keys
    registrar = fe.call("Get-CsService", ["EdgeServer"], Identity=f"Registrar:{steps.FE}").ok()
    assert registrar == [[f"EdgeServer:{steps.OCS_EDGE}"]], "who refers to the merged Edge still does"
    assert broken(w) == []


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("LegacyUserInput.2008", "LegacyUserInput.2007", "root element"),
        ('AP="true"', 'AP="false"', "expanded"),
        ('MR="true"', 'MR="perhaps"', "Boolean"),
        ('DP="true" ', "", "Boolean"),
        ("OCS2007R2", "OCS2010", "OCS2007R2"),
        ('InternalAPPort="5061"', 'InternalAPPort="0"', "no port"),
        ('<Machine InternalFqdn="ocsedge.contoso.test" />', "", "no Machine"),
        ('Fqdn="ocspool.contoso.test"', 'Fqdn="other.contoso.test"', "next hop"),
        ("</TopologyInput>", "", "well-formed"),
    ],
)
def test_the_input_file_is_read_strictly(old, new, reason):
    w, fe = coexisting()
    w.files.write(fe.session.computer, steps.INPUT, steps.edges_file(**{old: new}))
    answer = fe.call(
        "Merge-CsLegacyTopology", TopologyXmlFileName=steps.MERGED, UserInputFileName=steps.INPUT, Confirm=False
    )
    assert reason in said(answer)


def test_the_package_has_to_be_there():
    _w, fe = coexisting()
    fe.session.computer.packages.clear()
    for cmdlet, parameters in (
        ("Merge-CsLegacyTopology", {"TopologyXmlFileName": steps.MERGED}),
        ("Import-CsLegacyConfiguration", {}),
        ("Import-CsLegacyConferenceDirectory", {}),
        ("Move-CsLegacyUser", {"Identity": USER, "Target": steps.FE}),
    ):
        assert "OCSWMIBC" in said(fe.call(cmdlet, Confirm=False, **parameters)), cmdlet


def test_imports_come_after_the_merge_and_bring_only_what_is_new():
    w, fe = prepared()
    steps.make_store(fe)
    steps.publish(w, fe, steps.FIRST, steps.first_document(w))
    assert "Merge-CsLegacyTopology" in said(fe.call("Import-CsLegacyConfiguration", Confirm=False))
    steps.merge(w, fe)
    fe.call("Import-CsLegacyConfiguration", Confirm=False).ok()
    fe.call("Set-CsExternalAccessPolicy", Identity="LegacyFederation", Description="ours").ok()
    fe.call("Import-CsLegacyConfiguration", Confirm=False).ok()
    rows = fe.call(
        "Get-CsExternalAccessPolicy", ["Description", "EnableFederationAccess"], Identity="LegacyFederation"
    ).ok()
    assert rows == [["ours", True]]
    fe.call("Import-CsLegacyConfiguration", ReplaceExisting=True, Confirm=False).ok()
    assert fe.call("Get-CsExternalAccessPolicy", ["Description"], Identity="LegacyFederation").ok() == [[None]]
    assert fe.call("Get-CsConferenceDirectory").ok() == []
    fe.call("Import-CsLegacyConferenceDirectory", Confirm=False).ok()
    rows = fe.call("Get-CsConferenceDirectory", ["Identity", "ServiceId"]).ok()
    assert rows == [["1", f"UserServer:{steps.OCS}"], ["10", f"UserServer:{steps.OCS}"]]
    fe.call("Get-CsConferenceDirectory", Identity="10").ok()
    assert fe.call("Get-CsConferenceDirectory", Identity="2").errors
    assert broken(w) == []


# --- moves


def move(fe, user=USER, **parameters):
    return fe.call("Move-CsLegacyUser", Identity=user, Target=steps.FE, Confirm=False, **parameters)


def test_a_user_moves_with_the_policy_that_was_imported():
    w, fe = coexisting()
    steps.wire(w, fe)
    assert fe.call("Move-CsLegacyUser", Identity=USER, Target=steps.FE).errors, "it asks"
    assert "Move-CsLegacyUser" in said(fe.call("Move-CsUser", Identity=USER, Target=steps.FE, Confirm=False))
    move(fe).ok()
    [[pool, policy]] = fe.call("Get-CsUser", ["RegistrarPool", "ExternalAccessPolicy"], Identity=USER).ok()
    assert (pool, policy) == (steps.FE, "LegacyFederation")
    assert "Move-CsUser" in said(move(fe))
    move(fe, "sip:user002@contoso.test", ExcludeExternalAccessPolicy=True).ok()
    [[policy]] = fe.call("Get-CsUser", ["ExternalAccessPolicy"], Identity="sip:user002@contoso.test").ok()
    assert policy is None
    assert broken(w) == []


def test_a_name_with_blanks_at_its_ends_is_refused():
    w, fe = coexisting()
    assert "space" in said(move(fe, "sip:blank@contoso.test"))
    assert w.ad.by_key("sip:blank@contoso.test").registrar_pool is None


def test_a_move_needs_the_imported_policies():
    w, fe = coexisting()
    w.ocs.configuration_imported = False
    assert "Import-CsLegacyConfiguration" in said(move(fe))


def test_first_moves_need_the_route_the_association_and_the_internal_list():
    w, fe = coexisting()
    move(fe).ok()
    assert broken(w) == [f"L1 first {steps.FE}", f"L1 edge {steps.FE}", f"L1 internal list {steps.FE}"]
    w, fe = coexisting()
    steps.wire(w, fe)
    w.ocs.internal_servers.remove(steps.FE)
    move(fe).ok()
    assert broken(w) == [f"L1 internal list {steps.FE}"]


def test_a_partner_before_the_last_user_is_a_violation():
    w, fe = coexisting()
    steps.wire(w, fe)
    fe.call("New-CsXmppAllowedPartner", Identity="fabrikam.test").ok()
    assert broken(w) == ["L1 partner fabrikam.test"]


# --- the way of a message


def reaches(w, user=USER):
    return user_reaches(w, w.ad.by_key(user), "fabrikam.test")


def test_users_reach_the_partner_before_and_after_their_move():
    w, fe = coexisting()
    steps.wire(w, fe)
    assert reaches(w) is None
    move(fe).ok()
    assert reaches(w) is None
    rows = fe.call("Test-CsFederatedPartner", ["Result"], TargetFqdn=steps.FE, Domain="fabrikam.test").ok()
    assert rows == [["Success"]]


def test_what_cuts_the_way():
    w, fe = coexisting()
    steps.wire(w, fe)
    move(fe).ok()
    other = "sip:user002@contoso.test"
    ocs = copy.deepcopy(w.ocs)
    w.ocs.internal_servers.remove(steps.FE)
    assert (reaches(w), reaches(w, other)) == ("path-edge-internal-list", None)
    rows = fe.call("Test-CsFederatedPartner", ["Result"], TargetFqdn=steps.FE, Domain="fabrikam.test").ok()
    assert rows == [["Failure"]]
    w.ocs = copy.deepcopy(ocs)
    w.ocs.allowed_domains = ()
    assert {reaches(w), reaches(w, other)} == {"path-no-allowed-domain"}
    w.ocs = copy.deepcopy(ocs)
    consoles.act(w, "ocs_federation_fqdn", steps.EDGE)
    assert (reaches(w), reaches(w, other)) == (None, "path-ocs-federation")
    w.ocs = copy.deepcopy(ocs)
    consoles.act(w, "gateway_console", "stop")
    assert {reaches(w), reaches(w, other)} == {"path-gateway-stopped"}
    consoles.act(w, "gateway_console", "start")
    consoles.act(w, "gateway_console", "access.contoso.test")
    assert w.gateway.edge == steps.EDGE
    assert {reaches(w), reaches(w, other)} == {"path-route-left-legacy-edge"}
    consoles.act(w, "gateway_console", "sip.contoso.test")
    assert {reaches(w), reaches(w, other)} == {None}
    fe.call("Grant-CsExternalAccessPolicy", Identity=USER, PolicyName=None).errors.clear()
    fe.call("New-CsXmppAllowedPartner", Identity="fabrikam.test").ok()
    assert reaches(w) != None and reaches(w, other) is None  # noqa: E711  which reason it is, the policy decides
    w.computers[steps.OCS_EDGE].windows_services["RTCSRV"].status = "Stopped"
    assert reaches(w, other) == "path-edge-stopped"


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("ocs_edge", "x", "there are .*edge_without_session"),
        ("ocs_edge_internal_list", "no name", "not a fully qualified"),
        ("gateway_console", "other.contoso.test", "start or stop"),
        ("group_member", "nobody", "ACCOUNT=GROUP"),
        ("edge_without_session", "other.contoso.test", "not a machine of an Edge pool"),
        ("edge_xmpp_without_session", "other.contoso.test", "no Edge Server that was set up"),
    ],
)
def test_the_operator_is_told_what_he_got_wrong(name, value, sentence):
    w, _fe = coexisting()
    with pytest.raises(LabError, match=sentence):
        consoles.act(w, name, value)


def test_consoles_are_in_the_transcript():
    w, _fe = coexisting()
    assert consoles.act(w, "ocs_edge_internal_list", steps.FE)["ocs_edge_internal_list"] == [steps.OCS, steps.FE]
    assert w.transcript.lines(0)[-1]["cmdlet"] == "gui.ocs_edge_internal_list"


# --- the certificate of the organisation


def test_the_certificate_for_tokens_goes_with_the_store_to_every_front_end():
    from ansible_collections.lync.xmpp_migration.tests.unit.lab.worlds import world_of

    text = """
name: ee
domain: contoso.test
sip_domains: [contoso.test]
central_management: ee.contoso.test
certificates: {key: ec256}
sites: [{name: Redmond}]
pools:
  - {fqdn: ee.contoso.test, version: 6, kind: enterprise, machines: [fe1.contoso.test, fe2.contoso.test], sql: sql.contoso.test}
"""
    w = world_of(text)
    one, two = Host(w, "fe1.contoso.test"), Host(w, "fe2.contoso.test")
    kept = one.call("Request-CsCertificate", ["Thumbprint"], New=True, Type=["OAuthTokenIssuer"]).ok()[0][0]
    answer = one.call("Set-CsCertificate", Identity="Global", Type=["OAuthTokenIssuer"], Thumbprint=kept, Confirm=False)
    assert "exported" in said(answer)
    thumb = one.call(
        "Request-CsCertificate", ["Thumbprint"], New=True, Type=["OAuthTokenIssuer"], PrivateKeyExportable=True
    ).ok()[0][0]
    for host in (one, two):
        assert host.call("Get-CsCertificate", ["Thumbprint"], Type=["OAuthTokenIssuer"]).ok() != [[thumb]]
    answer = one.call("Set-CsCertificate", Identity="Global", Type=["Default"], Thumbprint=thumb, Confirm=False)
    assert answer.errors
    one.call("Set-CsCertificate", Identity="Global", Type=["OAuthTokenIssuer"], Thumbprint=thumb, Confirm=False).ok()
    w.clock.advance(60)
    for host in (one, two):
        assert host.call("Get-CsCertificate", ["Thumbprint"], Type=["OAuthTokenIssuer"]).ok() == [[thumb]]
