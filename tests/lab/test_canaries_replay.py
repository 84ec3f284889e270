# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that repeat in their errors what they were given: no result, journal, plan or page has a secret of it.

The estate has an Edge pool, so that one certificate travels with its key from server to server, under a password that is made
on the way. Each call that carries a secret fails once, and some others do; after each failure the migration is run again.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.context import Context
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.performer import Reply
from ansible_collections.lync.xmpp_migration.tests.lab.canaries import found_in, leaks
from ansible_collections.lync.xmpp_migration.tests.replay.bare import USERS, Attended
from ansible_collections.lync.xmpp_migration.tests.replay.migration import recorded
from ansible_collections.lync.xmpp_migration.tests.replay.recording import Recorded
from ansible_collections.lync.xmpp_migration.tests.replay.replay import Replay
from ansible_collections.lync.xmpp_migration.tests.replay.shell import LabShell

pytestmark = pytest.mark.timeout(900)

ESTATE = "lync2010-enterprise"
SEED = os.environ.get("LYNC_SEED", "12")
#: Which of the calls fail that have no secret.
OTHERS = 4
REFUSED, KILLED = {"do": "error"}, {"do": "kill_process", "when": "after"}


def secrets_of(value: Any) -> Iterator[str]:
    """Every secret in a request as it is on the wire."""
    if isinstance(value, dict):
        if value.get("$") == "secret":
            yield str(value["value"])
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from secrets_of(one)


class Telling(LabShell):
    """Keeps the secrets that pass, and has a call fail whose error repeats all of the request."""

    replay: ReplayOfTelling

    def request(self, calls: list[dict[str, Any]], seconds: float) -> Reply:
        found = list(secrets_of(calls))
        self.replay.seen.update(found)
        for call in calls:
            kind = self.replay.wanted.pop(str(call.get("cmdlet")), None)
            if kind is not None:
                told = {"message": json.dumps(calls)} if kind is REFUSED else {}
                fault = {"cmdlet": call["cmdlet"], "host": self.computer.fqdn, **kind, **told}
                self.world.faults.add([fault])
                self.replay.struck.append((call["cmdlet"], bool(found)))
                break
        return super().request(calls, seconds)


class ReplayOfTelling(Replay):
    def __init__(self, *arguments: Any, **more: Any) -> None:
        self.seen: set[str] = set()
        self.wanted: dict[str, dict[str, Any]] = {}
        self.struck: list[tuple[str, bool]] = []
        super().__init__(*arguments, **more)

    def new_shell(self, host: str, context: Context) -> LabShell:
        shell = Telling(self.world, self.hosts[host], run=context.run)
        shell.replay = self
        return shell


def report(replay: Replay, run: str) -> dict[str, Any]:
    options = {
        "settings": {"name": "contoso", "source": "lync_2010", "legacy": {}},
        "hosts": [],
        "domains": [],
        "dns_servers": [],
    }
    task = Recorded(
        "migration_report", "localhost", None, "migration_report", "Report", (), False, options, "ok", False
    )
    return replay.call(task, check=False, run=run)


def test_what_servers_repeat_is_written_nowhere(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    recording = recorded(ESTATE, USERS[ESTATE], tmp_path_factory).recording
    with ReplayOfTelling(ESTATE, tmp_path / "lab", users=USERS[ESTATE]) as replay:
        watch = Attended(replay)
        ended = [replay.run(recording, check=True).done()]
        calls = {
            one["call"]["name"]
            for one in replay.plan(ended[0].run)
            if one["kind"] == "intent" and one["call"].get("name")
        }
        carrying = {"Export-PfxCertificate", "Import-PfxCertificate"}
        assert carrying <= calls
        rest = sorted(one for one in calls - carrying if "-Cs" in one)
        for number, cmdlet in enumerate([*sorted(carrying), *random.Random(SEED).sample(rest, OTHERS)]):
            replay.wanted[cmdlet] = KILLED if number % 2 and cmdlet not in carrying else REFUSED
        for _ in range(len(replay.wanted) + 3):
            ended.append(replay.run(recording, before=watch))
            if ended[-1].failure is None:
                break
        ended[-1].done()
        assert len(ended) > 3 and {name for name, secret in replay.struck if secret} >= carrying
        written = report(replay, ended[-1].run)
        assert replay.seen
        everything = json.dumps([[one for _, one in run.results] for run in ended] + [[written]])
        kept = {str(number): one for number, one in enumerate([*replay.seen, *replay.secrets.values()])}
        assert found_in(everything.encode(), kept) == []
        assert "********" in everything  # the errors were there, without the secrets
        assert leaks(replay.state_dir, kept) == []
        names = {path.name for path in replay.state_dir.rglob("*")}
        assert names >= {"journal.ndjson", "plan.ndjson", "plan.html", "report.html", "report.json"}
