# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole migration with a fault at each kind of change: the run stops, nobody is harmed, and the next run completes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.tests.replay.migration import (  # noqa: F401
    ESTATE,
    SECTIONS,
    USERS,
    Migration,
    Watch,
    expected_end,
    migration,
)
from ansible_collections.lync.xmpp_migration.tests.replay.replay import Replay

pytestmark = pytest.mark.timeout(900)

POOL, EDGE = "pool2013.contoso.test", "edge2013.contoso.test"
LOST: dict[str, Any] = {"do": "drop", "when": "after"}  # done, and the answer lost
KILLED: dict[str, Any] = {"do": "kill_process", "when": "before"}
REFUSED: dict[str, Any] = {"do": "error"}
#: host, cmdlet, which of its calls, fault: in the order of the migration
FAULTS = [
    (POOL, "Publish-CsTopology", 1, LOST),
    (POOL, "Set-CsSite", 1, KILLED),
    (POOL, "Enable-CsTopology", 1, LOST),
    (POOL, "Install-CsDatabase", 1, KILLED),
    (POOL, "Bootstrapper.exe", 2, LOST),
    (POOL, "Enable-CsComputer", 1, KILLED),
    (POOL, "Import-CsCertificate", 1, LOST),
    (POOL, "Start-CsWindowsService", 2, KILLED),
    (POOL, "Publish-CsTopology", 2, REFUSED),
    (EDGE, "Import-CsConfiguration", 1, LOST),
    (EDGE, "Enable-CsReplica", 1, REFUSED),
    (EDGE, "Request-CsCertificate", 2, LOST),
    (EDGE, "Set-CsCertificate", 1, KILLED),
    (POOL, "Move-CsUser", 1, LOST),
    (POOL, "Move-CsUser", 3, KILLED),
    (POOL, "New-CsExternalAccessPolicy", 1, LOST),
    (POOL, "Grant-CsExternalAccessPolicy", 2, KILLED),
    (POOL, "Publish-CsTopology", 3, LOST),
    (EDGE, "Set-CsCertificate", 3, LOST),
    (EDGE, "Stop-CsWindowsService", 1, LOST),
    (POOL, "New-CsXmppAllowedPartner", 1, LOST),
    (POOL, "New-CsXmppAllowedPartner", 2, REFUSED),
]


GOES_ON = {("Move-CsUser", 3)}


def _name(fault: tuple[str, str, int, dict[str, Any]]) -> str:
    host, cmdlet, number, what = fault
    return f"{host.partition('.')[0]}-{cmdlet}-{number}-{what['do']}"


@pytest.mark.parametrize("fault", FAULTS, ids=_name)
def test_a_fault_stops_the_run_and_the_next_one_completes(
    fault: tuple[str, str, int, dict[str, Any]],
    migration: Migration,  # noqa: F811
    tmp_path: Path,
) -> None:
    host, cmdlet, number, what = fault
    with Replay(
        ESTATE, tmp_path / "lab", users=USERS, faults=[{"cmdlet": cmdlet, "host": host, "nth": number, **what}]
    ) as replay:
        watch = Watch(replay)
        struck = replay.run(migration.recording, before=watch)
        watch()
        # a mover looks whether the user was moved, and goes on
        assert (struck.failure is None) is ((cmdlet, number) in GOES_ON)
        # what tidies up afterwards may still succeed
        failed = [one for one in replay.journal() if one["kind"] == "outcome" and not one["ok"]]
        assert failed and {one["ran"] for one in failed} <= ({True, False} if what is REFUSED else {None})
        if what is not REFUSED and struck.failure is not None:
            assert "Run the task again: it reads the present state first." in struck.failure
        replay.run(migration.recording, before=watch).done()
        watch()
        assert {name: replay.state[name] for name in SECTIONS} == {name: expected_end()[name] for name in SECTIONS}
        assert replay.run(migration.recording).done().changed == []
        assert watch.violations == [] and watch.lost == {}
