# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks against a lab in a process of its own, over real WinRM, with every module call written down."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.lync.xmpp_migration.tests.lab.transport_support import Controller, Played
from ansible_collections.lync.xmpp_migration.tests.replay.recording import Recorded, read

CALLBACKS = str(Path(__file__).parent / "callback")
MIGRATE = [{"import_playbook": "lync.xmpp_migration.migrate"}]

SECONDS = 900
"""For one playbook on a machine that has much else to do."""

Plays = Sequence[Mapping[str, Any]]


@dataclass
class Run:
    """One ansible-playbook: what it printed, which modules it called, and what the lab was asked meanwhile."""

    played: Played
    recording: list[Recorded]
    transcript: list[dict[str, Any]]
    name: str = ""

    @property
    def code(self) -> int:
        return self.played.code

    @property
    def writes(self) -> list[dict[str, Any]]:
        return [line for line in self.transcript if line["write"]]

    @property
    def failed(self) -> list[Recorded]:
        return [one for one in self.recording if one.outcome != "ok"]

    @property
    def changed(self) -> list[str]:
        return [one.shown for one in self.recording if one.changed]

    def done(self) -> Run:
        assert self.code == 0, self.played.output
        return self


class Operator(Controller):
    """Somebody who runs playbooks in a lab: a home, a state directory, journal and plans."""

    def play(self, plays: Plays, *arguments: str, check: bool = False, **environment: str) -> Run:
        self._number += 1
        path = self.home / f"recording{self._number}.ndjson"
        told = {
            "ANSIBLE_CALLBACK_PLUGINS": CALLBACKS,
            "ANSIBLE_CALLBACKS_ENABLED": "record",
            "LYNC_REPLAY_RECORD": str(path),
            **environment,
        }
        start, runs = len(self.lab.transcript()), self._plans()
        process = self.start([dict(one) for one in plays], *(["--check"] if check else []), *arguments, **told)
        played = Played(0, process.communicate(timeout=SECONDS)[0])
        played.code = process.returncode
        recording = read(path, self.lab.ready) if path.exists() else []
        new = sorted(self._plans() - runs)
        return Run(played, recording, self.lab.transcript()[start:], new[-1] if new else "")

    def _plans(self) -> set[str]:
        return {one.parent.name for one in self.state.glob("runs/*/plan.ndjson")}

    def plan(self, run: Run) -> list[dict[str, Any]]:
        """The plan of a dry run."""
        path = self.state / "runs" / run.name / "plan.ndjson"
        return [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]
