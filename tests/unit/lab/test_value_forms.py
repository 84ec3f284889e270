# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Forms of values, after binding."""

from __future__ import annotations

import pytest
from ansible_collections.lync.xmpp_migration.lab.powershell import value_forms
from ansible_collections.lync.xmpp_migration.lab.powershell.binder import Edition, bind
from ansible_collections.lync.xmpp_migration.lab.powershell.errors import PSError

LYNC_2010 = Edition("L10", "2.0", "6.1")
LYNC_2013 = Edition("L13", "3.0", "6.2")
EDGE = "EdgeServer:edge2013.contoso.test"
HEX = "0123456789ABCDEF0123456789ABCDEF01234567"


def checked(cmdlet: str, parameters: dict, edition: Edition = LYNC_2013) -> str | None:
    """The error id, or None where the call passes."""
    bound = bind(cmdlet, parameters, edition)
    try:
        value_forms.check(cmdlet, bound.parameters, edition)
    except PSError as error:
        return error.id
    return None


@pytest.mark.parametrize(
    ("cmdlet", "parameters"),
    [
        ("Set-CsSite", {"Identity": "Redmond", "XmppFederationRoute": EDGE}),
        ("Set-CsSite", {"Identity": "Redmond", "FederationRoute": ""}),
        ("set-cssite", {"identity": "Redmond", "federationroute": "edgeserver:edge.contoso.test"}),
        ("Set-CsEdgeServer", {"Identity": EDGE, "XmppListeningPort": 5269, "XmppInternalPort": 23456}),
        ("Set-CsRegistrar", {"Identity": "Registrar:pool.contoso.test", "EdgeServer": EDGE}),
        ("Move-CsUser", {"Identity": "sip:user001@contoso.test", "Target": "pool2013.contoso.test"}),
        ("Move-CsUser", {"Identity": "CN=Анна,OU=Users,DC=contoso,DC=test", "Target": "pool2013.contoso.test"}),
        ("Set-CsExternalAccessPolicy", {"Identity": "Global"}),
        ("Set-CsExternalAccessPolicy", {"Identity": "site:Redmond"}),
        ("Set-CsExternalAccessPolicy", {"Identity": "Tag:XmppUsers"}),
        ("New-CsExternalAccessPolicy", {"Identity": "XmppUsers"}),
        ("Set-CsXmppGatewayConfiguration", {"Identity": "global", "KeepAliveInterval": 300}),
        ("New-CsXmppAllowedPartner", {"Domain": "xn--bcher-kva.test", "AdditionalDomains": {"Remove": "anything"}}),
        ("New-CsAllowedDomain", {"Domain": "fabrikam.test", "ProxyFqdn": ""}),
        ("Set-CsCertificate", {"Type": ["AccessEdgeExternal", "XmppServer"], "Thumbprint": HEX}),
        ("Enable-CsUser", {"Identity": "ken", "RegistrarPool": "p.contoso.test", "SipAddress": "sip:ken@contoso.test"}),
        ("Grant-CsExternalAccessPolicy", {"Identity": "sip:ken@contoso.test", "PolicyName": "XmppUsers"}),
        ("Get-ChildItem", {"LiteralPath": "Cert:\\LocalMachine\\My"}),
    ],
)
def test_what_lync_takes(cmdlet: str, parameters: dict) -> None:
    assert checked(cmdlet, parameters) is None


@pytest.mark.parametrize(
    ("cmdlet", "parameters", "error"),
    [
        ("Set-CsSite", {"Identity": "site:Redmond"}, "ProcessingFailed"),
        ("Set-CsSite", {"Identity": "Redmond", "XmppFederationRoute": "edge2013.contoso.test"}, "ProcessingFailed"),
        ("Set-CsSite", {"Identity": "Redmond", "XmppFederationRoute": "Registrar:a.b.test"}, "ProcessingFailed"),
        ("Set-CsEdgeServer", {"Identity": "edge2013.contoso.test"}, "ProcessingFailed"),
        ("Set-CsRegistrar", {"Identity": "Registrar:pool.contoso.test", "EdgeServer": "x"}, "ProcessingFailed"),
        ("Move-CsUser", {"Identity": "sip:nobody", "Target": "p.contoso.test"}, "CannotConvertArgumentNoMessage"),
        ("Move-CsUser", {"Identity": "", "Target": "p.contoso.test"}, "CannotConvertArgumentNoMessage"),
        ("Move-CsUser", {"Identity": "x", "Target": "https://pool"}, "CannotConvertArgumentNoMessage"),
        ("Move-CsUser", {"Identity": "x", "Target": "10.0.0.1"}, "CannotConvertArgumentNoMessage"),
        ("Set-CsExternalAccessPolicy", {"Identity": "service:Registrar:a.b"}, "CannotConvertArgumentNoMessage"),
        ("Set-CsXmppGatewayConfiguration", {"Identity": "site:Redmond"}, "CannotConvertArgumentNoMessage"),
        ("New-CsXmppAllowedPartner", {"Domain": "*.fabrikam.test"}, "ParameterBindingFailed"),
        ("New-CsXmppAllowedPartner", {"Domain": "bücher.test"}, "ParameterBindingFailed"),
        ("New-CsXmppAllowedPartner", {"Domain": "a.test", "AdditionalDomains": ["b c"]}, "ParameterBindingFailed"),
        ("New-CsXmppAllowedPartner", {"Domain": "a.test", "ProxyFqdn": "x"}, "CannotConvertArgumentNoMessage"),
        ("Enable-CsUser", {"Identity": "ken", "SipAddress": "ken@contoso.test", "RegistrarPool": "p.contoso.test"},
         "ParameterBindingFailed"),
        ("Set-CsCertificate", {"Type": "Default", "Thumbprint": "12 34"}, "ProcessingFailed"),
        ("Set-CsCertificate", {"Type": "PICWebService", "Thumbprint": HEX}, "ProcessingFailed"),
    ],
)  # fmt: skip
def test_what_lync_refuses(cmdlet: str, parameters: dict, error: str) -> None:
    assert checked(cmdlet, parameters) == error


def test_lync_2010_has_no_xmpp_certificate() -> None:
    parameters = {"Type": "XMPPServer", "Thumbprint": HEX}
    assert checked("Set-CsCertificate", parameters, LYNC_2010) == "ProcessingFailed"
    assert checked("Set-CsCertificate", {**parameters, "Type": "AccessEdgeExternal"}, LYNC_2010) is None


def test_a_refusal_speaks_the_servers_language() -> None:
    texts = set()
    for language in ("en", "de", "ja", "fi"):
        with pytest.raises(PSError) as caught:
            value_forms.check("Set-CsSite", {"Identity": "site:Redmond"}, LYNC_2013, language)
        texts.add(caught.value.message)
        assert "site:Redmond" in caught.value.message
    assert len(texts) == 3


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("GLOBAL", "Global"),
        ("site:Redmond", "Site:Redmond"),
        ("XmppUsers", "Tag:XmppUsers"),
        ("TAG:XmppUsers", "Tag:XmppUsers"),
        ("service:Registrar:p.contoso.test", "Service:Registrar:p.contoso.test"),
        ("", None),
        ("else:where", None),
    ],
)
def test_scopes_in_their_printed_form(text: str, printed: str | None) -> None:
    assert value_forms.scope_identity(text) == printed
