# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Federation as such: the Access Edge configuration, allowed domains, hosting providers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..organisation import settings
from ..powershell.values import Psobj
from . import Call, cmdlet
from .nouns import Noun
from .shared import INTERNAL, fail, merged, need_store, snapshot, stored_object
from .xmpp import bad_setter, is_domain

EDGE = "Microsoft.Rtc.Management.WritableConfig.Settings.Edge."
ACCESS_EDGE = "access_edge_configuration"


def access_edge_object(row: Mapping[str, Any]) -> Psobj:
    """source: the type depends on the routing method; only default routing shows the route's FQDN."""
    default = row["RoutingMethod"] == "UseDefaultRouting"
    kind = "DefaultRoute" if default else "DnsSrvRouting"
    drop = ("BeClearingHouse", "EnablePartnerDiscovery") if default else ("DefaultRouteFqdn",)
    return stored_object(EDGE + "DisplayAccessEdgeSettings" + kind, "Global", row, drop)


@cmdlet("Get-CsAccessEdgeConfiguration", module="Lync", class_name=INTERNAL + "GetAccessEdgeSettingsCmdlet")
def get_access_edge(call: Call) -> Iterator[Psobj]:
    row = snapshot(call).row(ACCESS_EDGE, "Global")
    if str(call.p.get("Identity", "Global")).casefold() != "global" or row is None:
        raise fail(call, "item-not-found", str(call.p.get("Identity")))
    yield access_edge_object(row)


@cmdlet("Set-CsAccessEdgeConfiguration", writes=True, module="Lync", class_name=INTERNAL + "SetAccessEdgeSettingsCmdlet")
def set_access_edge(call: Call) -> None:
    need_store(call)
    if str(call.p.get("Identity", "Global")).casefold() != "global":
        raise fail(call, "item-not-found", str(call.p["Identity"]))
    instance = call.p.get("Instance")
    source = dict(instance.properties) if isinstance(instance, Psobj) else {}
    old = call.world.cms.row(ACCESS_EDGE, "Global") or settings.access_edge_defaults()
    names = [*old, "DiscoveredPartnerVerificationLevel", "IsPublicProvider", "VerificationLevel"]
    values = {name: {**source, **call.p}[name] for name in names if name in source or name in call.p}
    row = merged(old, values)
    if call.p.get("UseDefaultRouting"):
        route = str(call.p.get("DefaultRouteFqdn", ""))
        if not is_domain(route) or not route:
            raise bad_setter(call, "DefaultRouteFqdn", route)
        row |= {"RoutingMethod": "UseDefaultRouting", "DefaultRouteFqdn": route}
    elif call.p.get("UseDnsSrvRouting"):
        row["RoutingMethod"] = "UseDnsSrvRouting"
        row.pop("DefaultRouteFqdn", None)
    if call.should_process("Global", impact="Medium"):
        call.world.put(ACCESS_EDGE, "Global", row)


def check_allowed_domain(call: Call, identity: str, row: Mapping[str, Any], new: bool) -> None:
    if not is_domain(str(row["Domain"])) or not row["Domain"]:
        raise bad_setter(call, "Domain", str(row["Domain"]))
    if row["ProxyFqdn"] and not is_domain(str(row["ProxyFqdn"])):
        raise bad_setter(call, "ProxyFqdn", str(row["ProxyFqdn"]))


ALLOWED_DOMAIN = Noun(
    "allowed_domain", EDGE + "AllowedDomain#Decorated", settings.allowed_domain, ("Key",), check_allowed_domain,
    key="Domain",
)


@cmdlet("Get-CsAllowedDomain", module="Lync", class_name=INTERNAL + "GetAllowedDomainCmdlet")
def get_allowed_domain(call: Call) -> Iterator[Psobj]:
    return ALLOWED_DOMAIN.get(call)


@cmdlet("New-CsAllowedDomain", writes=True, module="Lync", class_name=INTERNAL + "NewAllowedDomainCmdlet")
def new_allowed_domain(call: Call) -> Iterator[Psobj]:
    return ALLOWED_DOMAIN.new(call)


@cmdlet("Set-CsAllowedDomain", writes=True, module="Lync", class_name=INTERNAL + "SetAllowedDomainCmdlet")
def set_allowed_domain(call: Call) -> None:
    ALLOWED_DOMAIN.set(call)


@cmdlet("Remove-CsAllowedDomain", writes=True, module="Lync", class_name=INTERNAL + "RemoveAllowedDomainCmdlet")
def remove_allowed_domain(call: Call) -> None:
    ALLOWED_DOMAIN.remove(call)


HOSTING_PROVIDER = Noun(
    "hosting_provider", EDGE + "DisplayHostingProvider", settings.hosting_provider, ("Key",), key="Name"
)


@cmdlet("Get-CsHostingProvider", module="Lync", class_name=INTERNAL + "GetHostingProviderCmdlet")
def get_hosting_provider(call: Call) -> Iterator[Psobj]:
    return HOSTING_PROVIDER.get(call)
