# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No playbook of the collection says or keeps a secret, whether it comes to its end or is made to fail.

One lab has a canary in every secret that there is, and all playbooks run in it one after the other at `-vvv` with a log: the
failures move the migration on, too.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.lync.xmpp_migration.tests.lab.canaries import found_in, inner_parts, leaks
from ansible_collections.lync.xmpp_migration.tests.lab.transport_support import (
    Controller,
    Played,
    eventually,
    short_home,
)
from ansible_collections.lync.xmpp_migration.tests.replay.playbooks import SECONDS

pytestmark = pytest.mark.timeout(1200)

#: Secrets that only some estates have; here they are given where nobody needs them.
GIVEN = (
    "lync_migration_front_end_pfx_passphrase",
    "lync_migration_oauth_pfx_passphrase",
    "lync_migration_edge_internal_pfx_passphrase",
    "lync_migration_edge_external_pfx_passphrase",
    "lync_migration_partner_key_passphrase",
)
#: A typing error in a secret is a secret as well: it is mostly right.
WRONG = {
    "ansible_password": "CANARY-wrong-password",
    "lync_migration_ca_key_passphrase": "CANARY-wrong-passphrase",
    "lync_migration_dns_tsig_secret": base64.b64encode(b"CANARY-wrong-secret-of-a-name-server").decode(),
}
FAULT = {
    "do": "error",
    "cmdlet": "Set-CsCertificate",
    "id": "CertificateFailed",
    "message": "The certificate is not taken.",
}
STATE_FILES = {"journal.ndjson", "plan.ndjson", "plan.html", "plan.json", "world.ndjson", "baseline.json", "users.csv",
               "users.ndjson", "report.html", "report.json"}  # fmt: skip


@dataclass
class Story:
    lab: Any
    home: Path
    controller: Controller
    secrets: dict[str, str]
    ended: dict[str, Played] = field(default_factory=dict)
    #: what was found in the files of the controller after the last playbook but the purge, and their names then
    kept: list[str] = field(default_factory=list)
    files: set[str] = field(default_factory=set)

    def start(self, playbook: str, *options: str, **values: Any) -> Any:
        path = self.home / "values.json"
        path.write_text(json.dumps(values))
        plays = [{"import_playbook": f"lync.xmpp_migration.{playbook}"}]
        log = str(self.home / "ansible.log")
        told = self.controller.start(plays, "-vvv", *options, "-e", f"@{path}", ANSIBLE_LOG_PATH=log)
        return told

    def play(self, name: str, playbook: str, *options: str, **values: Any) -> None:
        process = self.start(playbook, *options, **values)
        output = process.communicate(timeout=SECONDS)[0]
        (self.home / "values.json").unlink()  # the operator's own file
        self.ended[name] = Played(process.returncode, output)

    def kill(self, name: str, playbook: str, cmdlet: str) -> None:
        """With all its workers and session processes at once, as a cancelled job, when that was set out to be called."""
        process = self.start(playbook)
        with ThreadPoolExecutor(1) as reader:
            output = reader.submit(process.communicate, timeout=SECONDS)
            while process.poll() is None and not any(
                one["kind"] == "intent" and one["call"].get("name") == cmdlet for one in self.controller.journal()
            ):
                time.sleep(0.05)
            for group in (process.pid, *self.controller.daemons()):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(group, signal.SIGKILL)
        (self.home / "values.json").unlink()
        self.ended[name] = Played(process.returncode, output.result()[0])


def wrong(name: str) -> Mapping[str, str]:
    return {name: WRONG[name]}


@pytest.fixture(scope="module")
def story(lab: Any) -> Iterator[Story]:
    running = lab("lync2010", "--users", "3", "--secret-prefix", "CANARY-")
    variables = Path(running.inventory).parent / "group_vars" / "all"
    (variables / "canaries.yml").write_text(yaml.safe_dump({name: f"CANARY-{name}" for name in GIVEN}))
    with short_home() as home:
        one = Story(running, home, Controller(running, home), {**inner_parts(running), **WRONG})
        one.play("assess", "assess")
        one.play("plan", "migrate", "--check", "--diff")
        one.play("wrong password", "migrate", **wrong("ansible_password"))
        one.play("wrong passphrase", "migrate", "--tags", "step1", **wrong("lync_migration_ca_key_passphrase"))
        running.fault(FAULT)
        one.play("terminating error", "migrate", "--tags", "step1")
        one.play("rollback", "rollback", "--check", "--diff")
        one.kill("killed", "migrate", "Move-CsUser")
        later = ("--tags", "step3,step4,step5,step6")
        one.play("refused by DNS", "migrate", *later, **wrong("lync_migration_dns_tsig_secret"))
        one.play("migrate", "migrate", *later)
        one.play("verify", "verify", "--diff")
        one.play("accept", "accept", federation_enable_accepted=True)
        one.play("report", "report")
        one.kept = leaks(home, one.secrets)
        one.files = {path.name for path in one.controller.state.rglob("*")} | {path.name for path in home.iterdir()}
        settings = yaml.safe_load((variables / "lab.yml").read_text())
        name = settings.get("lync_migration", {}).get("name") or "default"
        one.play("purge", "purge", migration_report_purge_confirmed=name)
        assert eventually(lambda: not one.controller.daemons(), 60)
        yield one


SUCCEED = ("assess", "plan", "migrate", "verify", "rollback", "accept", "report", "purge")
FAIL = ("wrong password", "wrong passphrase", "terminating error", "killed", "refused by DNS")


def test_each_ended_as_it_was_to(story: Story) -> None:
    """Else it would not have come to where it handles the secret."""
    codes = {name: played.code for name, played in story.ended.items()}
    assert {name for name, code in codes.items() if code == 0} == set(SUCCEED), {
        name: played.output[-3000:] for name, played in story.ended.items() if (played.code == 0) != (name in SUCCEED)
    }
    assert codes.keys() == {*SUCCEED, *FAIL} and codes["killed"] == -signal.SIGKILL
    assert len(story.secrets) >= 5 + len(GIVEN) + len(WRONG)


@pytest.mark.parametrize("name", [*SUCCEED, *FAIL])
def test_no_output_has_a_secret(story: Story, name: str) -> None:
    assert found_in(story.ended[name].output.encode(), story.secrets) == []


def test_no_file_of_the_controller_has_a_secret(story: Story) -> None:
    """Journal, plans, pages, rows, packs, baseline, Ansible's log and what the killed run left in sockets' directories."""
    assert story.kept == []
    assert story.files >= {*STATE_FILES, "ansible.log"}, STATE_FILES - story.files
    assert leaks(story.home, story.secrets) == []  # nor has what is left after the purge


def test_no_file_of_the_lab_has_a_secret(story: Story) -> None:
    told = [story.lab.directory / name for name in ("transcript.ndjson", "lab.log", "lab.json")]
    assert {path.name: found_in(path.read_bytes(), story.secrets) for path in told} == {path.name: [] for path in told}
