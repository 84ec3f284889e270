# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""External access policies: the policies, who has which, and which one counts."""

from __future__ import annotations

from collections.abc import Iterator

from ..organisation import settings
from ..organisation.policies import EXTERNAL_ACCESS, KIND, effective, flags
from ..powershell.values import Psobj
from . import Call, cmdlet
from .nouns import Noun
from .shared import INTERNAL, fail, need_directory, need_store
from .users import find_users, policy_object, result_size, user_object

POLICY = Noun(
    KIND, "Microsoft.Rtc.Management.WritableConfig.Policy.ExternalAccess.ExternalAccessPolicy",
    lambda _identity: settings.external_access_policy(), ("Global", "Site", "Tag"),
)


@cmdlet("Get-CsExternalAccessPolicy", module="Lync", class_name=INTERNAL + "GetExternalAccessPolicyCmdlet")
def get_policy(call: Call) -> Iterator[Psobj]:
    return POLICY.get(call)


@cmdlet("New-CsExternalAccessPolicy", writes=True, module="Lync", class_name=INTERNAL + "NewExternalAccessPolicyCmdlet")
def new_policy(call: Call) -> Iterator[Psobj]:
    return POLICY.new(call)


@cmdlet("Set-CsExternalAccessPolicy", writes=True, module="Lync", class_name=INTERNAL + "SetExternalAccessPolicyCmdlet")
def set_policy(call: Call) -> None:
    POLICY.set(call)


@cmdlet(
    "Remove-CsExternalAccessPolicy", writes=True, module="Lync",
    class_name=INTERNAL + "RemoveExternalAccessPolicyCmdlet",
)
def remove_policy(call: Call) -> None:
    POLICY.remove(call)


@cmdlet(
    "Grant-CsExternalAccessPolicy", writes=True, module="Lync", class_name=INTERNAL + "GrantExternalAccessPolicyCmdlet"
)
def grant_policy(call: Call) -> Iterator[Psobj]:
    """Without a policy name the assignment is taken away, and the site's or the global policy counts again."""
    need_store(call)
    world, state = call.world, call.world.cms.current
    wanted = str(call.p.get("PolicyName") or "")
    name = wanted.partition(":")[2] if wanted.casefold().startswith("tag:") else wanted
    key = state.key(KIND, f"Tag:{name}") if name else None
    if name and key is None:
        raise fail(call, "not-a-user-policy", wanted)
    for user in find_users(call, str(call.p["Identity"])):
        before = flags(effective(state, user)[1])
        if call.should_process(user.dn, impact="Medium"):
            world.ad.assign(user, EXTERNAL_ACCESS, key.removeprefix("Tag:") if key else None, world.clock.now())
            world.laws.granted(user, before, flags(effective(state, user)[1]))
        if call.p.get("PassThru"):
            yield user_object(call, user)


@cmdlet("Get-CsEffectivePolicy", module="Lync", class_name="Microsoft.Rtc.Management.AD.Cmdlets.GetEffectivePolicyCmdlet")
def get_effective(call: Call) -> Iterator[Psobj]:
    """source: the page says that it names the policy, the global one included; that it does so under
    ExternalAccessPolicy is [inf]."""
    need_directory(call)
    state = call.world.cms.current
    for number, user in enumerate(find_users(call, str(call.p["Identity"]))):
        if number >= result_size(call):
            return
        identity, _row = effective(state, user)
        name = identity.removeprefix("Tag:")
        others = {noun: policy_object(noun, user.policies.get(noun) or "Global") for noun in ("ClientPolicy", "VoicePolicy")}
        yield Psobj(
            "Microsoft.Rtc.Management.AD.Cmdlets.EffectivePolicies", None,
            {"Identity": user.dn, "ExternalAccessPolicy": policy_object("ExternalAccessPolicy", name), **others},
        )
