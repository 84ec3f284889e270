# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users: Get-CsUser, Get-CsUserPoolInfo, Move-CsUser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from ..organisation.directory import Directory, User
from ..organisation.filters import FilterError, Test, ldap, opath
from ..powershell.values import Enum, Psobj
from . import Call, cmdlet, rights
from .shared import fail, need_directory, snapshot

AD = "Microsoft.Rtc.Management.AD.Cmdlets."
TYPE = "Microsoft.Rtc.Management.ADConnect.Schema."
POLICIES = (
    "VoicePolicy", "MobilityPolicy", "ConferencingPolicy", "PresencePolicy", "DialPlan", "LocationPolicy",
    "ClientPolicy", "ClientVersionPolicy", "ArchivingPolicy", "PinPolicy", "ExternalAccessPolicy",
    "HostedVoicemailPolicy", "UserServicesPolicy", "PersistentChatPolicy",
)


@lru_cache(maxsize=1024)
def policy_object(noun: str, name: str) -> Psobj:
    """A policy, or a pool, as a user has it: an object whose text is its friendly name."""
    return Psobj("Microsoft.Rtc.Management.ADConnect.Collections.UserPolicy", name, {"FriendlyName": name, "Name": name})


def _pool(name: str | None) -> Psobj | None:
    return policy_object("RegistrarPool", name) if name else None


def home_server(world: Any, user: User) -> str | None:
    """DN of the pool's services container: OCS users have nothing else, Lync users have both."""
    if user.home_server:
        return user.home_server
    cluster = world.cms.topology.pool(user.registrar_pool) if user.registrar_pool else None
    if cluster is None:
        return None
    return (
        f"CN=Lc Services,CN=Microsoft,CN={cluster.key},CN=Pools,CN=RTC Service,CN=Services,CN=Configuration,"
        f"{world.ad.base}"
    )


Getter = Callable[[User, Any], Any]


def _policy(noun: str) -> Getter:
    def get(user: User, _world: Any) -> Any:
        name = user.policies.get(noun)
        return policy_object(noun, name) if name else None

    return get


def _constant(value: Any) -> Getter:
    return lambda _user, _world: value


#: In the order in which a real export has them.
GETTERS: dict[str, Getter] = {
    "SamAccountName": lambda u, w: u.sam,
    "UserPrincipalName": lambda u, w: u.upn,
    "FirstName": lambda u, w: u.first,
    "LastName": lambda u, w: u.last,
    "WindowsEmailAddress": lambda u, w: u.mail,
    "Sid": lambda u, w: w.ad.sid(u),
    "LineServerURI": _constant(""),
    "OriginatorSid": _constant(None),
    "AudioVideoDisabled": _constant(False),
    "IPPBXSoftPhoneRoutingEnabled": _constant(False),
    "RemoteCallControlTelephonyEnabled": _constant(False),
    "PrivateLine": _constant(None),
    "AcpInfo": _constant([]),
    "HostedVoiceMail": _constant(None),
    "DisplayName": lambda u, w: u.display_name,
    "HomeServer": lambda u, w: home_server(w, u),
    "TargetServerIfMoving": lambda u, w: None,
    "EnabledForFederation": lambda u, w: u.federation,
    "EnabledForInternetAccess": lambda u, w: u.internet,
    "PublicNetworkEnabled": lambda u, w: u.public_network,
    "EnterpriseVoiceEnabled": lambda u, w: u.enterprise_voice,
    "EnabledForRichPresence": _constant(True),
    "ExchangeArchivingPolicy": _constant(Enum("Uninitialized")),
    "LineURI": lambda u, w: u.line_uri,
    "SipAddress": lambda u, w: u.sip,
    "Enabled": lambda u, w: u.enabled,
    "TenantId": _constant("00000000-0000-0000-0000-000000000000"),
    "TargetRegistrarPool": lambda u, w: _pool(u.target_registrar_pool),
    "VoicePolicy": _policy("VoicePolicy"),
    "MobilityPolicy": _policy("MobilityPolicy"),
    "ConferencingPolicy": _policy("ConferencingPolicy"),
    "PresencePolicy": _policy("PresencePolicy"),
    "RegistrarPool": lambda u, w: _pool(u.registrar_pool),
    **{noun: _policy(noun) for noun in POLICIES[4:]},  # [inf] the last two, which published exports do not have
    "HostingProvider": lambda u, w: u.hosting_provider,
    "Name": lambda u, w: u.name,
    "DistinguishedName": lambda u, w: u.dn,
    "Identity": lambda u, w: Psobj("Microsoft.Rtc.Management.ADConnect.ADObjectId", u.dn, {"DistinguishedName": u.dn}),
    "Guid": lambda u, w: w.ad.guid(u),
    "ObjectCategory": lambda u, w: f"CN=Person,CN=Schema,CN=Configuration,{w.ad.base}",
    "WhenChanged": lambda u, w: u.when_changed,
    "WhenCreated": lambda u, w: u.when_created,
    "OriginatingServer": lambda u, w: f"dc.{w.ad.domain}",
    "IsValid": _constant(True),
    "ObjectState": _constant(Enum("Unchanged")),
}
FILTERABLE = {name.casefold(): name for name in GETTERS}
#: Attributes of the account itself, which -LdapFilter finds and no property shows. # rule: ldap-generic-attributes
ATTRIBUTES: dict[str, Getter] = {
    "adminCount": lambda u, w: 1 if u.oddities.get("protected") else None,
    "memberOf": lambda u, w: list(u.oddities.get("member_of", ())),  # type: ignore[call-overload]
}
#: Finds members of groups in a group too. # source: Microsoft's page "Search Filter Syntax" on LDAP_MATCHING_RULE_IN_CHAIN
IN_CHAIN = "memberof:1.2.840.113556.1.4.1941:"
LDAP = {
    "cn": "Name", "name": "Name", "displayname": "DisplayName", "givenname": "FirstName", "sn": "LastName",
    "samaccountname": "SamAccountName", "userprincipalname": "UserPrincipalName", "mail": "WindowsEmailAddress",
    "distinguishedname": "DistinguishedName", "msrtcsip-primaryuseraddress": "SipAddress",
    "msrtcsip-userenabled": "Enabled", "msrtcsip-primaryhomeserver": "HomeServer", "msrtcsip-line": "LineURI",
    "admincount": "adminCount", IN_CHAIN: "memberOf",
}


class UserProperties(dict[str, Any]):
    """Properties of one user, made when they are asked for: a listing of a hundred thousand wants eight of them."""

    def __init__(self, user: User, world: Any) -> None:
        super().__init__()
        self._user, self._world = user, world

    def __missing__(self, name: str) -> Any:
        getter = GETTERS.get(name) or ATTRIBUTES.get(name)
        if getter is None:
            raise KeyError(name)
        value = self[name] = getter(self._user, self._world)
        return value

    def __contains__(self, name: object) -> bool:
        return name in GETTERS or super().__contains__(name)

    def __iter__(self) -> Iterator[str]:
        return iter(GETTERS)

    def __len__(self) -> int:
        return len(GETTERS)

    def keys(self) -> Any:
        return GETTERS.keys()

    def items(self) -> Any:
        return [(name, self[name]) for name in GETTERS]

    def values(self) -> Any:
        return [self[name] for name in GETTERS]


class UserObject(Psobj):
    """An ADUser. Its text is its DN."""

    __slots__ = ()

    def __init__(self, user: User, world: Any) -> None:
        super().__init__(TYPE + "ADUser", lambda: user.dn)
        self.properties = UserProperties(user, world)

    def copy(self) -> Psobj:
        return Psobj(self.type_name, self.text, dict(self.properties.items()))


def user_object(call: Call, user: User) -> Psobj:
    return UserObject(user, call.world)


# --- finding ----------------------------------------------------------------------------------------------------------


def find_users(call: Call, identity: str, several: bool = True) -> list[User]:
    """Users that a UserIdParameter means. Writes the error and gives none where there is none."""
    need_users(call)
    check_controller(call)
    ad: Directory = call.world.ad
    users = [user for user in ad.find(identity) if not user.ad_only]
    if not users and "*" not in identity:
        call.write_error(fail(call, "user-not-found", identity))
    if len(users) > 1 and not several:
        call.write_error(fail(call, "user-ambiguous", identity, count=len(users)))
        return []
    return users


def need_users(call: Call) -> None:
    """The attributes and the permissions by which Lync reads users come with the preparation of the directory."""
    need_directory(call)
    rights.need_prepared(call, 5)


def check_controller(call: Call) -> None:
    controller = str(call.p.get("DomainController", ""))
    domain = call.world.ad.domain.casefold()
    if controller and controller.casefold().partition(".")[2] not in ("", domain):
        raise fail(call, "no-such-controller", controller)


def result_size(call: Call) -> float:
    size = call.p.get("ResultSize", "Unlimited")
    if str(size).casefold() == "unlimited":
        return float("inf")
    if not str(size).isdigit() or int(str(size)) > 2147483647:
        raise fail(call, "result-size-invalid", str(size))
    return int(str(size))


def _test(call: Call) -> Test | None:
    tests: list[Test] = []
    try:
        if call.p.get("Filter"):
            tests.append(opath(_unbraced(str(call.p["Filter"]).strip()), FILTERABLE))
        if call.p.get("LdapFilter"):
            tests.append(ldap(str(call.p["LdapFilter"]), LDAP))
    except FilterError as error:
        text = str(call.p.get("Filter") or call.p.get("LdapFilter"))
        raise fail(call, "filter-invalid", text, reason=str(error)) from error
    if not tests:
        return None
    return tests[0] if len(tests) == 1 else lambda get: all(test(get) for test in tests)


def _unbraced(text: str) -> str:
    """A script block written as text keeps its braces."""
    return text[1:-1] if text.startswith("{") and text.endswith("}") else text


def _switches(call: Call) -> Callable[[User], bool]:
    """source: -OnLyncServer and -OnOfficeCommunicationServer select by RegistrarPool and HomeServer; an empty
    RegistrarPool is what -UnassignedUser selects."""
    unassigned = call.p.get("UnassignedUser") or call.p.get("UnAssignedUser")
    lync = call.p.get("OnLyncServer") or call.p.get("OnModernServer")
    legacy = call.p.get("OnOfficeCommunicationServer")
    container = str(call.p.get("OU", "")).casefold()

    def fits(user: User) -> bool:
        if user.ad_only or (lync and not user.registrar_pool):
            return False
        if legacy and (user.registrar_pool or not user.home_server):
            return False
        if unassigned and (user.registrar_pool or user.home_server):
            return False
        own = user.container.casefold()
        return not container or own == container or own.endswith("," + container)

    return fits


@cmdlet("Get-CsUser", module="Lync", class_name=AD + "GetOcsUserCmdlet")
def get_user(call: Call) -> Iterator[Psobj]:
    need_users(call)
    check_controller(call)
    limit, test, fits = result_size(call), _test(call), _switches(call)
    ad: Directory = call.world.ad
    users = find_users(call, str(call.p["Identity"])) if "Identity" in call.p else list(ad)
    count = 0
    for user in users:
        if count >= limit:
            return
        if not fits(user):
            continue
        made = UserObject(user, call.world)
        if test is None or test(made.properties.__getitem__):
            count += 1
            yield made


@cmdlet("Get-CsUserPoolInfo", module="Lync", class_name="Microsoft.Rtc.Management.Xds.GetOCsUserPoolInfoCmdlet")
def get_user_pool_info(call: Call) -> Iterator[Psobj]:
    need_directory(call)
    topology = snapshot(call).topology
    for user in find_users(call, str(call.p["Identity"])):
        cluster = topology.pool(user.registrar_pool) if user.registrar_pool else None
        if cluster is None:
            call.write_error(fail(call, "user-not-homed", user.dn))
            continue
        machines = [
            Psobj("Microsoft.Rtc.Management.Xds.MachineId", f"{cluster.key}-{m.ordinal}", {"Fqdn": m.fqdn})
            for m in cluster.machines
        ]
        yield Psobj(
            "Microsoft.Rtc.Management.Xds.UserPoolInfo", user.dn,
            {
                "Identity": user.dn,
                "PrimaryPoolFqdn": cluster.fqdn,
                "PrimaryPoolPrimaryRegistrar": f"Registrar:{cluster.fqdn}",
                "PrimaryPoolBackupRegistrars": [],
                "PrimaryPoolPrimaryUserService": f"UserServer:{cluster.fqdn}",
                "PrimaryPoolBackupUserServices": [],
                "PrimaryPoolMachinesInPreferredOrder": machines,
                "BackupPoolFqdn": None,
                "BackupPoolPrimaryRegistrar": None,
                "BackupPoolBackupRegistrars": [],
                "BackupPoolPrimaryUserService": None,
                "BackupPoolBackupUserServices": [],
                "BackupPoolMachinesInPreferredOrder": [],
            },
        )
