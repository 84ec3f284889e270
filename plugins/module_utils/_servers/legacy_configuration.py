# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies, settings and conference directories of Office Communications Server 2007 R2, imported after the merge.

No cmdlet says whether the import was made. The conference directories come last, so where one of a legacy pool is there,
all of it is; where Office Communications Server has none, the journal knows. To import again does no harm: what is there
already is left as it is.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._engine.calls import UNKNOWN, Change, Cmdlet, Effect, Evidence, Irreversible, Query
from .._engine.collections import ORGANISATION
from .._engine.errors import NotReady
from .._engine.facts import MISSING, STALE
from .._engine.laws import touched_by
from .._engine.module import Report, Task
from .._settings.names import same
from .._topology.legacy import SITE
from .store_location import read_estate

Row = Mapping[str, Any]

FACT = "legacy_configuration"
SECONDS = 1800
#: How a plan calls the conference directories that only the import will reveal.
IMPORTED = "(those of Office Communications Server)"
_READS = (
    Query("conference_directory"),
    Query("pool", properties=("Identity", "Fqdn", "Site")),
    Query("site", properties=("Identity",)),
    Query("external_access_policy", properties=("Identity",)),
)


def run(task: Task) -> Report:
    """Have the legacy configuration and the legacy conference directories imported, since the last merge."""
    rows = read_estate(task.session, *_READS)
    _see_the_merge(rows[2])
    before = _view(rows)
    status = task.facts.finding(FACT, ORGANISATION, touched_by(FACT, ORGANISATION)).status
    done = status not in (MISSING, STALE) or (status == MISSING and bool(before["conference_directories"]))
    if done and not task.params["again"]:
        return _report(False, before, before)
    task.session.change(*_changes(), seconds=2 * SECONDS)
    return _report(True, before, _view(read_estate(task.session, *_READS)))


def _report(changed: bool, before: Mapping[str, Any], after: Mapping[str, Any]) -> Report:
    evidence = [Evidence(FACT, ORGANISATION, value=dict(after))]
    return Report(changed, {"legacy_configuration": after}, before=before, after=after, evidence=evidence)


def _see_the_merge(sites: Sequence[Row]) -> None:
    if not any(same(row.get("Identity"), SITE) for row in sites):
        raise NotReady(
            f"The published topology has no site {SITE.partition(':')[2]}: merge Office Communications Server into it first "
            "(legacy_topology)."
        )


def _view(rows: Sequence[Sequence[Row]]) -> dict[str, Any]:
    """What can be read of the import: directories of legacy pools, and the policies that there are."""
    legacy = {str(row.get("Fqdn")).casefold() for row in rows[1] if same(row.get("Site"), SITE)}
    directories = [str(row["Identity"]) for row in rows[0] if _pool_of(row) in legacy or row["Identity"] == IMPORTED]
    return {
        "conference_directories": sorted(directories),
        "external_access_policies": sorted(str(row["Identity"]) for row in rows[3]),
    }


def _pool_of(directory: Row) -> str:
    """The pool of a conference directory: ServiceId is `UserServer:fqdn`."""
    service = directory.get("ServiceId")
    return service.rpartition(":")[2].casefold() if isinstance(service, str) else ""


def _changes() -> tuple[Change, Change]:
    """In this order: where the second was made, the first was too."""
    force = {"Force": True, "Confirm": False}
    return (
        Change(
            Cmdlet("Import-CsLegacyConfiguration", force, stop_on_error=True),
            "policies and settings of Office Communications Server",
            undo=Irreversible(
                "Which policies an import has made is not told by it: compare Get-Cs*Policy with the baseline, and remove "
                "those that nobody needs."
            ),
            seconds=SECONDS,
        ),
        Change(
            Cmdlet("Import-CsLegacyConferenceDirectory", force),
            "conference directories of Office Communications Server",
            (Effect("conference_directory", ORGANISATION, IMPORTED, {"ServiceId": UNKNOWN}),),
            undo=Irreversible(
                "A conference directory is not removed, because meetings would lose their telephone codes."
            ),
            seconds=SECONDS,
        ),
    )
