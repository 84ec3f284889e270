# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One estate planned, done, planned again and done again, in this process; and what did not fit together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ansible_collections.lync.xmpp_migration.lab.estate import Estate
from ansible_collections.lync.xmpp_migration.tests.replay.bare import Attended
from ansible_collections.lync.xmpp_migration.tests.replay.compare import differences
from ansible_collections.lync.xmpp_migration.tests.replay.recording import Recorded
from ansible_collections.lync.xmpp_migration.tests.replay.replay import Replay


def compared(estate: Estate, recording: Sequence[Recorded], directory: Path) -> list[str]:
    with Replay(estate, directory) as replay:
        dry = replay.run(recording, check=True)
        if dry.failure is not None:
            return [f"the dry run ends with: {dry.failure}"]
        wrong = [f"the dry run wrote: {line['cmdlet']} on {line['host']}" for line in replay.writes()]
        watch = Attended(replay)
        real = replay.run(recording, before=watch)
        watch()
        if real.failure is not None:
            return [*wrong, f"the real run ends with: {real.failure}"]
        wrong += differences(replay.plan(dry.run), replay.journal(real.run))
        wrong += [f"a law was broken: {one}" for one in watch.violations]
        wrong += [f"users were cut off after {when}: {sorted(lost)}" for when, lost in watch.lost.items()]
        start = len(replay.world.transcript)
        again = replay.run(recording)
        wrong += [f"the second run ends with: {again.failure}"] if again.failure else []
        return wrong + [f"the second run wrote: {line['cmdlet']} on {line['host']}" for line in replay.writes(start)]
