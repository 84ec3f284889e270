# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""External access policies: scopes, grants, and which one counts."""

from __future__ import annotations

import pytest
from ansible_collections.lync.xmpp_migration.tests.unit.lab.worlds import Host, midway, world

FE, NEW = "fe.contoso.test", "pool2013.contoso.test"
FLAGS = ["Identity", "EnableFederationAccess", "EnableXmppAccess", "EnableOutsideAccess"]


@pytest.fixture
def host() -> Host:
    return Host(world(), FE)


def test_identities_and_scopes(host: Host) -> None:
    assert host.call("Get-CsExternalAccessPolicy", FLAGS).ok() == [
        ["Global", False, False, False],
        ["Tag:XmppUsers", True, True, False],
    ]
    for identity in ("XmppUsers", "tag:xmppusers", "TAG:XmppUsers"):
        assert host.call("Get-CsExternalAccessPolicy", ["Identity"], Identity=identity).ok() == [["Tag:XmppUsers"]]
    assert host.call("Get-CsExternalAccessPolicy", ["Identity"], Filter="Tag:*").ok() == [["Tag:XmppUsers"]]
    assert host.call("Get-CsExternalAccessPolicy", Identity="Nobody").ids == ["ProcessingFailed"]


def test_new_set_remove(host: Host) -> None:
    host.call("New-CsExternalAccessPolicy", Identity="site:redmond", EnableXmppAccess=True).ok()
    assert host.call("Get-CsExternalAccessPolicy", FLAGS, Identity="Site:Redmond").ok() == [
        ["Site:Redmond", False, True, False]
    ]
    host.call("Set-CsExternalAccessPolicy", Identity="Site:Redmond", EnableOutsideAccess=True).ok()
    host.call("Set-CsExternalAccessPolicy", EnableFederationAccess=True).ok()  # without an identity: Global
    assert host.call("Get-CsExternalAccessPolicy", FLAGS).ok()[:1] == [["Global", True, False, False]]
    assert host.call("New-CsExternalAccessPolicy", Identity="Global").ids == ["ProcessingFailed"]
    assert host.call("New-CsExternalAccessPolicy", Identity="xmppusers").ids == ["ProcessingFailed"]
    assert host.call("New-CsExternalAccessPolicy", Identity="Site:Paris").ids == ["ProcessingFailed"]
    host.call("Remove-CsExternalAccessPolicy", Identity="Site:Redmond", Confirm=False).ok()
    host.call("Remove-CsExternalAccessPolicy", Identity="Global", Confirm=False).ok()  # resets it
    assert host.call("Get-CsExternalAccessPolicy", FLAGS, Identity="Global").ok() == [["Global", False, False, False]]


def test_grant_and_what_counts(host: Host) -> None:
    def effective() -> object:
        return host.call("Get-CsEffectivePolicy", ["ExternalAccessPolicy"], Identity="sip:ken@contoso.test").ok()[0][0]

    def grant(name: str) -> list[str]:
        return host.call("Grant-CsExternalAccessPolicy", Identity="sip:ken@contoso.test", PolicyName=name).ids

    assert effective() == "Global"
    host.call("New-CsExternalAccessPolicy", Identity="Site:Redmond").ok()
    assert effective() == "Site:Redmond"
    assert grant("XMPPUSERS") == [] and effective() == "XmppUsers"
    assert host.call("Get-CsUser", ["ExternalAccessPolicy"], Identity="sip:ken@contoso.test").ok() == [["XmppUsers"]]
    for wrong in ("Nobody", "Global", "Site:Redmond"):
        assert grant(wrong) == ["ProcessingFailed"]
    assert grant("") == [] and effective() == "Site:Redmond"
    assert host.call("Grant-CsExternalAccessPolicy", Identity="sip:ghost@contoso.test", PolicyName="XmppUsers").ids == [
        "Identity"
    ]


def test_pass_through_gives_the_user(host: Host) -> None:
    row = host.call(
        "Grant-CsExternalAccessPolicy", ["SipAddress"], Identity="sip:ken@contoso.test", PolicyName="XmppUsers", PassThru=True
    )
    assert row.ok() == [["sip:ken@contoso.test"]]


def test_tools_of_2010_do_not_show_the_flag() -> None:
    w = midway()
    old = w.computers["pool2010.contoso.test"]
    old.powershell = "3.0"  # the real one has 2.0, on which the script cannot run
    host = Host(w, old.fqdn)
    assert host.call("Get-CsExternalAccessPolicy", ["EnableXmppAccess", "EnableFederationAccess"], Identity="Global").ok() == [
        [None, True]
    ]


def test_hidden_members_are_there_but_are_only_text(host: Host) -> None:
    row = host.call("Get-CsExternalAccessPolicy", ["Element", "Anchor", "ScopeClass"], Identity="Global").ok()[0]
    assert all(isinstance(value, str) and value for value in row)
