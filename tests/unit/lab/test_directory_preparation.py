# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Active Directory: prepared stage by stage, replicated, with the rights of a token and a second hop."""

from __future__ import annotations

import pytest
from ansible_collections.lync.xmpp_migration.lab import consoles
from ansible_collections.lync.xmpp_migration.lab.estate import load, loads
from ansible_collections.lync.xmpp_migration.lab.estate_file import EstateError
from ansible_collections.lync.xmpp_migration.lab.organisation.state import state
from ansible_collections.lync.xmpp_migration.lab.place import LabError
from ansible_collections.lync.xmpp_migration.tests.unit.lab.ocs_steps import said
from ansible_collections.lync.xmpp_migration.tests.unit.lab.worlds import Host, world, world_of

TEXT = """
name: fresh
domain: contoso.test
sip_domains: [contoso.test]
prepared_for: none
replication: {directory: 30}
hosts: [{fqdn: fe.contoso.test, product: lync_2013, features: [RSAT-ADDS]}]
organizational_units: [{name: "OU=Staff"}, {name: "OU=Secret,OU=Staff", inheritance_broken: true}]
"""
SCHEMA = ("Get-CsAdServerSchema", "Install-CsAdServerSchema", "SCHEMA_VERSION_STATE_CURRENT")
FOREST = ("Get-CsAdForest", "Enable-CsAdForest", "LC_FORESTSETTINGS_STATE_READY")
DOMAIN = ("Get-CsAdDomain", "Enable-CsAdDomain", "LC_DOMAINSETTINGS_STATE_READY")
STAGES = (SCHEMA, FOREST, DOMAIN)


def fresh(**changes):
    text = TEXT
    for old, new in changes.items():
        text = text.replace(old, new)
    w = world_of(text)
    return w, Host(w, "fe.contoso.test")


def _state(host, cmdlet):
    [[value]] = host.call(cmdlet, ["."]).ok()
    return value


def test_each_stage_waits_for_the_one_before_to_be_replicated():
    w, fe = fresh()
    assert [_state(fe, stage[0]) for stage in STAGES] == [
        "SCHEMA_VERSION_STATE_OLD",
        "LC_FORESTSETTINGS_STATE_NOT_READY",
        "LC_DOMAINSETTINGS_STATE_NOT_READY",
    ]
    for number, (get, do, done) in enumerate(STAGES):
        for later in STAGES[number + 1 :]:
            answer = fe.call(later[1], Confirm=False)
            assert said(answer).startswith("Directory object not found")
            assert answer.errors[0]["category"] == "ObjectNotFound"
        fe.call(do, Confirm=False).ok()
        assert _state(fe, get) != done
        w.clock.advance(31)
        assert _state(fe, get) == done
        fe.call(do, Confirm=False).ok()
    assert _state(fe, "Get-CsAdDomain") == DOMAIN[2], "a stage that is done does not begin again"


def test_a_directory_of_2010_still_needs_the_schema_of_2013():
    w = world("lync2010-two-sites", 3)
    assert state(w)["directory"]["schema"] == "lync_2010"
    w = world_of(TEXT.replace("prepared_for: none", "prepared_for: lync_2010"))
    fe = Host(w, "fe.contoso.test")
    assert _state(fe, "Get-CsAdServerSchema") == "SCHEMA_VERSION_STATE_OLD"
    fe.call("Get-CsUser").ok()
    answer = fe.call(
        "Install-CsDatabase", CentralManagementDatabase=True, SqlServerFqdn="fe.contoso.test", Confirm=False
    )
    assert "schema" in said(answer)


def test_no_user_is_read_before_the_forest_is_prepared():
    _w, fe = fresh(none="ocs_2007_r2")
    for switch in ("OnOfficeCommunicationServer", "OnLyncServer"):
        assert "not prepared" in said(fe.call("Get-CsUser", **{switch: True}))


@pytest.mark.parametrize(
    ("cmdlet", "group"),
    [
        ("Install-CsAdServerSchema", "Schema Admins"),
        ("Enable-CsAdForest", "Enterprise Admins"),
        ("Enable-CsAdDomain", "Domain Admins"),
    ],
)
def test_rights_are_those_of_the_token(cmdlet, group):
    w, fe = fresh(sip_domains="operator_groups: [Domain Users]\nsip_domains")
    [error] = fe.call(cmdlet, Confirm=False).errors
    assert error["category"] == "PermissionDenied" and group in str(error)
    assert not w.preparation.schema.version


def test_groups_come_with_the_forest_and_count_from_the_next_logon_on():
    w, fe = fresh()
    assert "RTCUniversalServerAdmins" not in w.preparation.groups()
    with pytest.raises(LabError, match="that the directory has"):
        consoles.act(w, "group_member", "other=RTCUniversalServerAdmins")
    before = Host(w, "fe.contoso.test")
    process = _process(before)
    for _get, do, _done in STAGES:
        fe.call(do, Confirm=False).ok()
        w.clock.advance(31)
    assert "rtcuniversalserveradmins" in w.token(r"CONTOSO\admin")
    assert "rtcuniversalserveradmins" not in process.groups
    assert consoles.act(w, "group_member", r"CONTOSO\helper=csHelpDesk")["group_member"].count("CsHelpDesk") == 1
    assert w.tables["absent_groups"] == frozenset()


def _process(host):
    from ansible_collections.lync.xmpp_migration.lab.powershell.performer import Performer

    return Performer(host.session, lambda frame: None, lambda noise: None, lambda noise: None)


def test_global_settings_in_the_system_container_want_a_controller():
    text = TEXT.replace(
        "prepared_for: none", "prepared_for: ocs_2007_r2\nocs: {pool: o.contoso.test, global_settings: system}"
    )
    w = world_of(text)
    fe = Host(w, "fe.contoso.test")
    fe.call("Install-CsAdServerSchema", Confirm=False).ok()
    w.clock.advance(31)
    assert "System container" in said(fe.call("Enable-CsAdForest", Confirm=False))
    fe.call("Enable-CsAdForest", GlobalSettingsDomainController="dc.contoso.test", Confirm=False).ok()
    assert fe.call("Enable-CsAdDomain", Domain="other.test", Confirm=False).errors[0]["category"] == "ObjectNotFound"


def test_without_a_second_hop_directory_and_store_are_out_of_reach():
    text = "name: hop\ndomain: contoso.test\nsip_domains: [contoso.test]\ncentral_management: fe.contoso.test\n"
    text += "certificates: {key: ec256}\nsites: [{name: R}]\npools: [{fqdn: fe.contoso.test, version: 6}]\n"
    text += "hosts: [{fqdn: fe.contoso.test, product: lync_2013, second_hop: false, features: [RSAT-ADDS]}]\n"
    fe = Host(world_of(text), "fe.contoso.test")
    for cmdlet in ("Get-CsUser", "Get-CsTopology", "Get-CsAdForest", "Get-CsConfigurationStoreLocation"):
        assert "-2147016672" in said(fe.call(cmdlet)), cmdlet
    assert fe.call("Get-ADOrganizationalUnit", Filter="*").ids == ["ActiveDirectoryServer:0"]
    assert "-2147016672" in said(fe.call("Request-CsCertificate", New=True, Type=["Default"]))
    fe.call("Get-CsTopology", LocalStore=True).ok()
    fe.call("Get-CsCertificate").ok()
    fe.call("Request-CsCertificate", New=True, Type=["Default"], Output=r"C:\x.req").ok()


def test_organizational_units_tell_whether_inheritance_is_broken():
    w, fe = fresh()
    rows = fe.call(
        "Get-ADOrganizationalUnit", ["DistinguishedName", "nTSecurityDescriptor.AreAccessRulesProtected"],
        Filter="*", Properties=["nTSecurityDescriptor"],
    ).ok()  # fmt: skip
    assert rows == [["OU=Secret,OU=Staff,DC=contoso,DC=test", True], ["OU=Staff,DC=contoso,DC=test", False]]
    rows = fe.call("Get-ADOrganizationalUnit", ["nTSecurityDescriptor"], Filter="Name -like 'Sec*'").ok()
    assert rows == [[None]], "it is read only where it is asked for"
    assert (
        fe.call("Get-ADOrganizationalUnit", Identity="OU=None,DC=contoso,DC=test").errors[0]["category"]
        == "ObjectNotFound"
    )
    fe.call("Add-ADGroupMember", Identity="Domain Admins", Members=["helper"]).ok()
    assert "domain admins" in w.token(r"CONTOSO\helper")


def test_the_module_comes_with_its_feature():
    _w, fe = fresh(RSAT="Web-Server, RSATNOT")
    assert fe.call("Get-ADOrganizationalUnit", Filter="*").ids == ["CommandNotFoundException"]


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("prepared_for: lync_2099", "is not one of"),
        ("organizational_units: [{name: Staff}]", "does not begin with OU="),
        ("replication: {directory: -1}", "cannot be negative"),
        ("ocs: {pool: ocs.contoso.test, edge: e.contoso.test}", "needs the FQDN of its Access Edge"),
        ("ocs: {pool: ocs.contoso.test, global_settings: elsewhere}", "is not one of"),
    ],
)
def test_estates_are_checked(key, sentence):
    with pytest.raises(EstateError, match=sentence):
        loads("name: x\ndomain: contoso.test\nsip_domains: [contoso.test]\n" + key)


def test_three_versions_are_one_too_many():
    text = "name: x\ndomain: c.test\nsip_domains: [c.test]\nsites: [{name: R}]\ncentral_management: p.c.test\n"
    with pytest.raises(EstateError, match="one version too many"):
        loads(text + "pools: [{fqdn: p.c.test, version: 5}]\nocs: {pool: ocs.c.test}")


@pytest.mark.parametrize(
    "name", ["ocs2007r2-standard", "ocs2007r2-enterprise", "ocs2007r2-two-sites", "lync2010-two-sites"]
)
def test_estates_that_come_with_the_lab(name):
    estate = load(name, 20)
    w = world(name, 20)
    told = state(w)
    assert estate.migration["source"] == ("ocs_2007_r2" if told["ocs"] else "lync_2010")
    assert (told["central_management"]["location"] is None) == bool(told["ocs"])
    assert len(told["users"]) == 20 and not told["violations"]
    assert list(told["directory"]["groups"]) == sorted(told["directory"]["groups"])


def test_permissions_of_a_unit_that_does_not_inherit():
    _w, fe = fresh(none="lync_2013")
    secret = "OU=Secret,OU=Staff,DC=contoso,DC=test"
    assert fe.call("Test-CsOUPermission", ["."], ObjectType="User", OU="OU=Staff,DC=contoso,DC=test").ok() == [[True]]
    assert fe.call("Test-CsOUPermission", ["."], ObjectType="User", OU=secret).ok() == [[False]]
    assert fe.call("Test-CsOUPermission", ObjectType="User", OU="OU=None").errors[0]["category"] == "ObjectNotFound"
    fe.call("Grant-CsOUPermission", ObjectType="User", OU=secret, Confirm=False).ok()
    assert fe.call("Test-CsOUPermission", ["."], ObjectType="User", OU=secret).ok() == [[True]]


def test_users_of_such_a_unit_move_for_domain_administrators_only():
    text = """
name: units
domain: contoso.test
sip_domains: [contoso.test]
central_management: a.contoso.test
certificates: {key: ec256}
sites: [{name: R}]
pools: [{fqdn: a.contoso.test, version: 6}, {fqdn: b.contoso.test, version: 6}]
hosts: [{fqdn: b.contoso.test, product: lync_2013, build: 5.0.8308.1001}]
users: [{count: 1, pool: a.contoso.test, container: "OU=Secret"}]
organizational_units: [{name: "OU=Secret", inheritance_broken: true}]
operator_groups: [RTCUniversalServerAdmins]
"""
    w = world_of(text)
    fe = Host(w, "a.contoso.test")
    where = {"Identity": "sip:user001@contoso.test", "Target": "b.contoso.test", "Confirm": False}
    [error] = fe.call("Move-CsUser", **where).errors
    assert error["category"] == "PermissionDenied"
    assert "Domain Admins" in said(fe.call("Enable-CsTopology", Force=True))
    consoles.act(w, "group_member", "admin=Domain Admins")
    fe.call("Move-CsUser", **where).ok()
    rows = dict(fe.call("Get-CsManagementStoreReplicationStatus", ["ReplicaFqdn", "ProductVersion"]).ok())
    assert rows == {"a.contoso.test": "5.0.8308.0", "b.contoso.test": "5.0.8308.1001"}
