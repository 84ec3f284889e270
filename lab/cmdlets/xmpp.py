# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""XMPP partners and the gateway's configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..organisation import settings
from ..powershell.errors import PSError
from ..powershell.values import Psobj
from . import Call, cmdlet
from .nouns import Noun
from .shared import INTERNAL, fail

TYPE = "Microsoft.Rtc.Management.WritableConfig.Settings.XmppFederation."
LABELS = "abcdefghijklmnopqrstuvwxyz0123456789-_"


def bad_setter(call: Call, name: str, reason: str) -> PSError:
    """Validation in a property's setter, as settings cmdlets report it."""
    return fail(call, "setter-refused", name, reason=reason)


def is_domain(text: str) -> bool:
    labels = text.split(".")
    return len(text) <= 253 and all(
        0 < len(x) <= 63 and (set(x.lower()) <= set(LABELS) or not x.isascii()) for x in labels
    )


def check_partner(call: Call, identity: str, row: Mapping[str, Any], new: bool) -> None:
    domain = str(row["Domain"])
    extra = [str(item) for item in row["AdditionalDomains"]]
    for name in (domain, *extra):
        if not name or not is_domain(name):
            raise bad_setter(call, "Domain" if name == domain else "AdditionalDomains", name)
    taken = {
        str(name).casefold()
        for key, other in call.world.cms.rows("xmpp_allowed_partner").items()
        if key.casefold() != identity.casefold()
        for name in (other["Domain"], *other["AdditionalDomains"])
    }
    for name in (domain, *extra):
        if name.casefold() in taken:
            raise fail(call, "item-exists", name)
    usable = "NotSupported" not in (row["TlsNegotiation"], row["SaslNegotiation"])
    if not row["SupportDialbackNegotiation"] and not usable and call.world.unknowns.refused("invalid_negotiation"):
        raise fail(call, "negotiation-invalid", domain)
    if new and not call.p.get("InMemory") and call.world.unknowns.refused("partner_beside_allowed_domain"):
        for name in (domain, *extra):
            if call.world.cms.row("allowed_domain", name) is not None:
                raise fail(call, "partner-beside-allowed-domain", name)


PARTNER = Noun(
    "xmpp_allowed_partner", TYPE + "XmppAllowedPartner#Decorated", settings.xmpp_partner, ("Key",), check_partner,
    key="Domain",
)


@cmdlet("Get-CsXmppAllowedPartner", module="Lync", class_name=INTERNAL + "GetXmppAllowedPartnerCmdlet")
def get_partner(call: Call) -> Iterator[Psobj]:
    return PARTNER.get(call)


@cmdlet("New-CsXmppAllowedPartner", writes=True, module="Lync", class_name=INTERNAL + "NewXmppAllowedPartnerCmdlet")
def new_partner(call: Call) -> Iterator[Psobj]:
    return PARTNER.new(call)


@cmdlet("Set-CsXmppAllowedPartner", writes=True, module="Lync", class_name=INTERNAL + "SetXmppAllowedPartnerCmdlet")
def set_partner(call: Call) -> None:
    PARTNER.set(call)


@cmdlet(
    "Remove-CsXmppAllowedPartner", writes=True, module="Lync", class_name=INTERNAL + "RemoveXmppAllowedPartnerCmdlet"
)
def remove_partner(call: Call) -> None:
    PARTNER.remove(call)


def check_gateway(call: Call, identity: str, row: Mapping[str, Any], new: bool) -> None:
    for name, value in row.items():
        if isinstance(value, int) and not isinstance(value, bool) and value < 0:
            raise bad_setter(call, name, str(value))


GATEWAY = Noun(
    "xmpp_gateway_configuration", TYPE + "XmppGatewaySettings", lambda _identity: settings.xmpp_gateway_defaults(),
    ("Global",), check_gateway, secret=("DialbackPassphrase",),
)


@cmdlet("Get-CsXmppGatewayConfiguration", module="Lync", class_name=INTERNAL + "GetXmppGatewaySettingsCmdlet")
def get_gateway(call: Call) -> Iterator[Psobj]:
    return GATEWAY.get(call)


@cmdlet(
    "Set-CsXmppGatewayConfiguration", writes=True, module="Lync", class_name=INTERNAL + "SetXmppGatewaySettingsCmdlet"
)
def set_gateway(call: Call) -> None:
    GATEWAY.set(call)
