# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From Office Communications Server 2007 R2: the merge of its topology, the import of its policies and conference
directories. Its users are moved in moves.py.

source: V:merge-cslegacytopology (needs OCSWMIBC.msi, writes a file, returns nothing), V:import-cslegacyconfiguration,
C:Import-CsLegacyConferenceDirectory, C:Get-CsConferenceDirectory.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..organisation import settings
from ..organisation.central_store import is_empty
from ..organisation.legacy import Ocs, has_wmi_package, merged
from ..organisation.legacy_topology import InputError, merge, read_input
from ..organisation.policies import KIND
from ..organisation.topology import decode
from ..powershell.values import Psobj
from . import Call, cmdlet
from ._servers import DEPLOYMENT, LYNC, central_store, fail_report, failed, read_file, report, write_file
from .shared import INTERNAL, matching, snapshot

DIRECTORY = "conference_directory"


def need_ocs(call: Call) -> Ocs:
    """The WMI package on this computer, and something for it to read."""
    central_store(call)
    if not has_wmi_package(call.computer):
        raise fail_report(call, "wmi-package-missing", call.computer.fqdn)
    ocs: Ocs | None = call.world.ocs
    if ocs is None:
        raise fail_report(call, "no-legacy-deployment", call.world.ad.domain)
    return ocs


def need_merged(call: Call) -> Ocs:
    ocs = need_ocs(call)
    if not merged(call.world):
        raise fail_report(call, "legacy-not-merged", ocs.pool)
    return ocs


@cmdlet("Merge-CsLegacyTopology", writes=True, module=LYNC, class_name=DEPLOYMENT + "MergeLegacyTopologyCmdlet")
def merge_topology(call: Call) -> None:
    """It publishes nothing. Without an input file no legacy Edge is merged: Edges are not in Active Directory."""
    ocs = need_ocs(call)
    current = central_store(call).topology
    if is_empty(current):
        raise fail_report(call, "merge-needs-topology", call.world.ad.domain)
    path = str(call.p.get("UserInputFileName") or "")
    try:
        edges = read_input(decode(read_file(call, path))) if path else ()
        text = merge(current, ocs, edges)
    except (InputError, UnicodeDecodeError) as error:
        raise fail_report(call, "merge-input-invalid", path, reason=str(error)) from error
    if call.should_process(str(call.p["TopologyXmlFileName"]), impact="Medium", force=True):
        write_file(call, str(call.p["TopologyXmlFileName"]), text.encode("utf-8"))
        report(call)


@cmdlet(
    "Import-CsLegacyConfiguration", writes=True, module=LYNC, class_name=DEPLOYMENT + "ImportLegacyConfigurationCmdlet"
)
def import_configuration(call: Call) -> None:
    """# rule: import-only-new. [inf] the names that the policies get; the lab has external access policies only."""
    ocs = need_merged(call)
    if not call.should_process(ocs.pool, impact="Medium", force=True):
        return
    for name, row in ocs.policies.items():
        identity = f"Tag:{name}"
        if call.world.cms.row(KIND, identity) is None or call.p.get("ReplaceExisting"):
            call.world.put(KIND, identity, settings.external_access_policy(**row))
    ocs.configuration_imported = True
    report(call)


@cmdlet(
    "Import-CsLegacyConferenceDirectory",
    writes=True,
    module=LYNC,
    class_name=DEPLOYMENT + "ImportLegacyConferenceDirectoryCmdlet",
)
def import_directories(call: Call) -> None:
    ocs = need_merged(call)
    if not call.should_process(ocs.pool, impact="Medium", force=True):
        return
    for number in ocs.conference_directories:
        if call.world.cms.row(DIRECTORY, str(number)) is None:
            service = f"UserServer:{call.world.cms.topology.pool(ocs.pool).fqdn}"
            call.world.put(DIRECTORY, str(number), {"ServiceId": service, "Id": number, "TargetServerIfMoving": None})
    report(call)


@cmdlet("Get-CsConferenceDirectory", module=LYNC, class_name=INTERNAL + "GetConferenceDirectoryCmdlet")
def get_directory(call: Call) -> Iterator[Psobj]:
    rows = snapshot(call).rows(DIRECTORY)
    names = list(matching(str(call.p.get("Filter", "*")), rows))
    if "Identity" in call.p:
        wanted = str(call.p["Identity"]).casefold().removeprefix("global/")
        names = [name for name in rows if name.casefold() == wanted]
        if not names:
            raise failed(call, "item-not-found", str(call.p["Identity"]))
    for name in sorted(names, key=lambda text: (len(text), text)):
        row = rows[name]
        yield Psobj(
            "Microsoft.Rtc.Management.WritableConfig.Settings.PstnConf.ConferenceDirectories", name,
            {"Identity": name, **row},
        )  # fmt: skip
