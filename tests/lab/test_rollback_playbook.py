# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook rollback over real WinRM: after a whole migration, and after one that was broken off in step 5."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._rollback.plan import KINDS
from ansible_collections.lync.xmpp_migration.tests.lab.conftest import RunningLab
from ansible_collections.lync.xmpp_migration.tests.lab.transport_support import eventually, short_home
from ansible_collections.lync.xmpp_migration.tests.replay.playbooks import MIGRATE, Operator
from ansible_collections.lync.xmpp_migration.tests.replay.rollback import ACCEPTED, ROLLBACK, compared, left

pytestmark = pytest.mark.timeout(1500)

STRUCK = {"cmdlet": "New-CsXmppAllowedPartner", "nth": 1, "when": "after", "do": "kill_process"}


@pytest.mark.parametrize("broken_off", [False, True])
def test_the_playbook_brings_everything_back(broken_off: bool, tmp_path: Path) -> None:
    with short_home() as home:
        lab = RunningLab(tmp_path / "lab", "lync2010", "--users", "3")
        try:
            operator = Operator(lab, home)
            start = compared(lab.state())
            if broken_off:
                lab.fault(STRUCK)
            migrated = operator.play(MIGRATE)
            assert (migrated.code != 0) is broken_off, migrated.played.output
            lab.fault(clear=True)
            unaccepted = operator.play(ROLLBACK)
            assert unaccepted.code != 0 and "rollback_accepts" in unaccepted.played.output
            assert unaccepted.writes == []
            back = operator.play(ROLLBACK, "-e", ACCEPTED).done()
            kinds = {one for one in KINDS if f"  {one}: {KINDS[one][:40]}" in back.played.output}
            assert {"users", "undocumented", "software", "databases"} <= kinds
            assert eventually(lambda: left(start, compared(lab.state()), kinds) == []), left(
                start, compared(lab.state()), kinds
            )
            assert lab.state()["violations"] == []
            assert eventually(operator.nothing_left)
        finally:
            lab.down()
