# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Active Directory prepared: schema, forest, domain; and what the Active Directory module tells of it.

source: C:Get-CsAdServerSchema, C:Get-CsAdForest, C:Get-CsAdDomain: each returns one value, of which the READY ones,
SCHEMA_VERSION_STATE_CURRENT and the two NOT_READY are printed there. # [inf] SCHEMA_VERSION_STATE_OLD: "any other value"
"""

from __future__ import annotations

from collections.abc import Iterator

from ..organisation.preparation import EDITIONS, Stage
from ..powershell.values import Enum, Psobj
from . import Call, cmdlet, rights
from ._servers import report
from .shared import fail, need_directory, wildcard

DEPLOY = "Microsoft.Rtc.Management.Deployment."
ACTIVE_DIRECTORY = "Microsoft.ActiveDirectory.Management.Commands."


def version(call: Call) -> int:
    """What these tools prepare for."""
    return EDITIONS.get(call.computer.edition or "", 6)


def state(call: Call, name: str, ready: str, other: str) -> Enum:
    need_directory(call)
    need_domain(call)
    report(call)
    seen = call.world.preparation.stage(name).seen(call.world.clock.now())
    return Enum(ready if seen >= version(call) else other)


def need_domain(call: Call) -> None:
    for name in ("Domain", "GroupDomain"):
        if name in call.p and str(call.p[name]).casefold() != call.world.ad.domain.casefold():
            raise fail(call, "other-domain", str(call.p[name]))
    for name in ("GlobalSettingsDomainController", "GlobalCatalog", "RootDomainController", "DomainController"):
        domain = str(call.p.get(name, "")).partition(".")[2].casefold()
        if name in call.p and domain != call.world.ad.domain.casefold():
            raise fail(call, "other-domain", str(call.p[name]))


def builds_on(call: Call, stage: Stage, what: str) -> None:
    """The stage before has to be where this one looks for it."""
    if stage.seen(call.world.clock.now()) < version(call):
        raise fail(call, "directory-object-not-found", call.world.ad.domain, missing=what)


@cmdlet("Get-CsAdServerSchema", module="Lync", class_name=DEPLOY + "GetAdServerSchemaCmdlet")
def get_schema(call: Call) -> Enum:
    return state(call, "schema", "SCHEMA_VERSION_STATE_CURRENT", "SCHEMA_VERSION_STATE_OLD")


@cmdlet("Get-CsAdForest", module="Lync", class_name=DEPLOY + "GetAdForestCmdlet")
def get_forest(call: Call) -> Enum:
    return state(call, "forest", "LC_FORESTSETTINGS_STATE_READY", "LC_FORESTSETTINGS_STATE_NOT_READY")


@cmdlet("Get-CsAdDomain", module="Lync", class_name=DEPLOY + "GetAdDomainCmdlet")
def get_domain(call: Call) -> Enum:
    return state(call, "domain", "LC_DOMAINSETTINGS_STATE_READY", "LC_DOMAINSETTINGS_STATE_NOT_READY")


def run(call: Call, name: str) -> None:
    """Where it was done already, nothing changes. # [inf] facts gate each of them on its state all the same"""
    if call.should_process(call.world.ad.domain, impact="Medium", force=True):
        call.world.prepare(name, version(call))
        report(call)


@cmdlet("Install-CsAdServerSchema", writes=True, module="Lync", class_name=DEPLOY + "InstallAdServerSchemaCmdlet")
def install_schema(call: Call) -> None:
    need_directory(call)
    need_domain(call)
    rights.need(call, ("Schema Admins",))
    run(call, "schema")


@cmdlet("Enable-CsAdForest", writes=True, module="Lync", class_name=DEPLOY + "EnableAdForestCmdlet")
def enable_forest(call: Call) -> None:
    need_directory(call)
    need_domain(call)
    rights.need(call, ("Enterprise Admins",))
    preparation = call.world.preparation
    if preparation.in_system_container and "GlobalSettingsDomainController" not in call.p:
        raise fail(call, "global-settings-in-system", call.world.ad.domain)
    builds_on(call, preparation.schema, "ms-RTC-SIP-SchemaVersion")
    run(call, "forest")


@cmdlet("Enable-CsAdDomain", writes=True, module="Lync", class_name=DEPLOY + "EnableAdDomainCmdlet")
def enable_domain(call: Call) -> None:
    need_directory(call)
    need_domain(call)
    rights.need(call, ("Domain Admins",))
    builds_on(call, call.world.preparation.schema, "ms-RTC-SIP-SchemaVersion")
    builds_on(call, call.world.preparation.forest, "RTCUniversalConfigReplicator")
    run(call, "domain")


# --- permissions on organizational units ------------------------------------------------------------------------------


def unit_named(call: Call) -> str:
    wanted = str(call.p["OU"]).casefold()
    base = f",{call.world.ad.base}".casefold()
    wanted = wanted if wanted.endswith(base) else wanted + base
    found = next((name for name in units(call) if name.casefold() == wanted), None)
    if found is None:
        raise fail(call, "directory-object-not-found", call.world.ad.domain, missing=str(call.p["OU"]))
    return found


@cmdlet("Test-CsOUPermission", module="Lync", class_name=DEPLOY + "TestOUPermissionCmdlet")
def test_unit(call: Call) -> bool:
    """# rule: unit-permission"""
    need_directory(call)
    name = unit_named(call)
    report(call)
    return not rights.closed_units(call) & set(rights.above(name))


@cmdlet("Grant-CsOUPermission", writes=True, module="Lync", class_name=DEPLOY + "GrantOUPermissionCmdlet")
def grant_unit(call: Call) -> None:
    need_directory(call)
    rights.need(call, ("Domain Admins",))
    name = unit_named(call)
    if call.should_process(name, impact="Medium", force=True):
        call.world.tables.setdefault("granted_units", set()).add(name.casefold())
        report(call)


# --- the Active Directory module --------------------------------------------------------------------------------------


def need_web_service(call: Call) -> None:
    if not call.computer.joined or not call.computer.second_hop:
        raise fail(call, "ad-server-down", call.world.ad.domain)


def units(call: Call) -> dict[str, bool]:
    """DN of each organizational unit -> whether inheritance of permissions is broken there."""
    world = call.world
    named = world.units()
    folded = {name.casefold() for name in named}
    for user in world.ad:
        if user.container.casefold() not in folded and user.container[:3].casefold() == "ou=":
            named[user.container] = False
            folded.add(user.container.casefold())
    return dict(sorted(named.items()))


def unit_object(call: Call, name: str, broken: bool) -> Psobj:
    properties: dict[str, object] = {
        "DistinguishedName": name,
        "Name": name.partition("=")[2].partition(",")[0],
        "ObjectClass": "organizationalUnit",
    }
    wanted = {str(p).casefold() for p in call.p.get("Properties") or ()}
    if wanted & {"*", "ntsecuritydescriptor"}:
        properties["nTSecurityDescriptor"] = Psobj(
            "System.DirectoryServices.ActiveDirectorySecurity",
            "System.DirectoryServices.ActiveDirectorySecurity",
            {"AreAccessRulesProtected": broken, "AreAuditRulesProtected": False},
        )
    return Psobj("Microsoft.ActiveDirectory.Management.ADOrganizationalUnit", name, properties)


@cmdlet(
    "Get-ADOrganizationalUnit", module="ActiveDirectory", class_name=ACTIVE_DIRECTORY + "GetADOrganizationalUnit"
)  # fmt: skip
def get_unit(call: Call) -> Iterator[Psobj]:
    """-Filter takes * and Name -like 'pattern'. # source: Get-ADOrganizationalUnit (Windows PowerShell documentation)"""
    need_web_service(call)
    known = units(call)
    if "Identity" in call.p:
        wanted = str(call.p["Identity"]).casefold()
        found = [name for name in known if name.casefold() == wanted]
        if not found:
            raise fail(call, "ad-object-not-found", str(call.p["Identity"]))
    else:
        base = str(call.p.get("SearchBase") or call.world.ad.base).casefold()
        found = [name for name in known if name.casefold() == base or name.casefold().endswith("," + base)]
        pattern = str(call.p.get("Filter") or "*")
        _property, _like, value = pattern.partition("-like")
        fits = wildcard(value.strip().strip("'\"") if value else "*").fullmatch
        found = [name for name in found if fits(name.partition("=")[2].partition(",")[0])]
    for name in found:
        yield unit_object(call, name, known[name])


def group_named(call: Call) -> str:
    wanted = str(call.p["Identity"])
    name = wanted.partition("=")[2].partition(",")[0] if wanted[:3].casefold() == "cn=" else wanted
    found = next((g for g in call.world.preparation.groups() if g.casefold() == name.casefold()), None)
    if found is None:
        raise fail(call, "ad-object-not-found", wanted)
    return str(found)


@cmdlet("Get-ADGroup", module="ActiveDirectory", class_name=ACTIVE_DIRECTORY + "GetADGroup")
def get_group(call: Call) -> Iterator[Psobj]:
    need_web_service(call)
    names = [group_named(call)] if "Identity" in call.p else list(call.world.preparation.groups())
    for name in names:
        dn = f"CN={name},CN=Users,{call.world.ad.base}"
        properties = {"DistinguishedName": dn, "Name": name, "SamAccountName": name, "GroupScope": Enum("Universal")}
        yield Psobj("Microsoft.ActiveDirectory.Management.ADGroup", dn, properties)


@cmdlet("Add-ADGroupMember", writes=True, module="ActiveDirectory", class_name=ACTIVE_DIRECTORY + "AddADGroupMember")
def add_member(call: Call) -> None:
    """The membership is in the directory at once; a token that was made before does not have it."""
    need_web_service(call)
    rights.need(call, ("Domain Admins",))
    group = group_named(call)
    members = call.p.get("Members") or ()
    if call.should_process(group, impact="Medium"):
        for member in members if isinstance(members, (list, tuple)) else (members,):
            own = call.world.memberships(str(member))
            if group not in own:
                own.append(group)
