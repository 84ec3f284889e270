# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What users have beside their account: their data on a pool, their contacts in Exchange, policies of other kinds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..powershell.values import Psobj
from . import Call, cmdlet
from ._servers import write_file
from .shared import fail, need_store
from .users import AD, POLICIES, find_users, user_object


@cmdlet(
    "Export-CsUserData",
    writes=True,
    module="Lync",
    class_name="Microsoft.Rtc.Management.BlobStore.ExportUserDataCmdlet",
)
def export_user_data(call: Call) -> None:
    """# rule: user-data-export"""
    need_store(call)
    pool = str(call.p.get("PoolFqdn") or call.p.get("Identity"))
    cluster = call.world.cms.topology.pool(pool)
    if cluster is None or call.world.cms.topology.version_of(cluster) < 6:
        raise fail(call, "user-data-export", pool)
    wanted = str(call.p.get("UserFilter") or "").casefold()
    names = [
        user.sip.removeprefix("sip:")
        for user in call.world.ad
        if (user.registrar_pool or "").casefold() == pool.casefold()
        and wanted in ("", user.sip.removeprefix("sip:").casefold())
    ]
    write_file(call, str(call.p["FileName"]), b"PK\x05\x06" + "\n".join(names).encode("utf-8"))


@cmdlet(
    "Debug-CsUnifiedContactStore", module="Lync", class_name="Microsoft.Rtc.Management.Presence.Cmdlets.DebugUcsCmdlet"
)
def debug_unified_contact_store(call: Call) -> Iterator[Psobj]:
    """# rule: ucs-counts"""
    need_store(call)
    if "PoolFqdn" in call.p:
        pool = str(call.p["PoolFqdn"])
        users = [user for user in call.world.ad if (user.registrar_pool or "").casefold() == pool.casefold()]
        migrated = sum(1 for user in users if user.oddities.get("ucs"))
        cluster = call.world.cms.topology.pool(pool)
        for number, machine in enumerate(cluster.machines if cluster else ()):
            counts = {
                "UcsDisabledCount": len(users) - migrated,
                "UcsAllowedCount": 0,
                "UcsMigratingCount": 0,
                "UcsMigratedCount": migrated,
            }
            yield Psobj(
                "Microsoft.Rtc.Management.Presence.Cmdlets.GetUcsFrontEndData", machine.fqdn,
                {"FrontEnd": machine.fqdn, **(counts if number == 0 else dict.fromkeys(counts, 0)), "FailedUserData": ""},
            )  # fmt: skip


def _grant(noun: str) -> Any:
    def grant(call: Call) -> Iterator[Psobj]:
        """# rule: other-policies-are-names"""
        need_store(call)
        name = str(call.p.get("PolicyName") or "").rpartition(":")[2]
        for user in find_users(call, str(call.p["Identity"])):
            if call.should_process(user.dn, impact="Medium"):
                call.world.ad.assign(user, noun, name or None, call.world.clock.now())
            if call.p.get("PassThru"):
                yield user_object(call, user)

    grant.__qualname__ = f"grant_{noun}"
    return grant


for _noun in POLICIES:
    if _noun != "ExternalAccessPolicy":
        cmdlet(f"Grant-Cs{_noun}", writes=True, module="Lync", class_name=f"{AD}Grant{_noun}Cmdlet")(_grant(_noun))
