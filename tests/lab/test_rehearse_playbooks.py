# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Through ansible-playbook: an organisation is assessed and nothing is written there, and its twin is migrated with poison all around."""

from __future__ import annotations

import ipaddress
import json
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.lync.xmpp_migration.lab.estate import load
from ansible_collections.lync.xmpp_migration.tests.lab.conftest import RunningLab
from ansible_collections.lync.xmpp_migration.tests.lab.test_estate_export import comparable, differences, state_of
from ansible_collections.lync.xmpp_migration.tests.lab.transport_support import PLAYBOOK, eventually, short_home
from ansible_collections.lync.xmpp_migration.tests.replay.playbooks import Operator

pytestmark = pytest.mark.timeout(900)

ASSESS = [{"import_playbook": "lync.xmpp_migration.assess"}]
REHEARSE = [{"import_playbook": "lync.xmpp_migration.rehearse"}]
#: Addresses that nobody has: whoever connects to them has read what is no part of a rehearsal.
POISON = {
    "ansible_host": "192.0.2.66", "ansible_connection": "winrm", "ansible_port": 5986, "ansible_user": "poison", "ansible_password": "poison",
    "ansible_winrm_proxy": "http://192.0.2.67:3128",
    "lync_migration": {"name": "contoso", "dns": {"servers": [{"address": "192.0.2.68", "port": 53}]}},
}  # fmt: skip
_WHERE = re.compile(r'inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"')


@pytest.fixture
def home() -> Iterator[Path]:
    with short_home() as made:
        yield made


def assessed(lab: RunningLab, operator: Operator) -> Path:
    """The exported estate. What preflight may say of it does not matter."""
    before = lab.state()
    run = operator.play(ASSESS).done()
    assert run.writes == []
    assert eventually(operator.nothing_left)
    directory = operator.state / "estate"
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    for name in ("estate.yml", "readiness.html", "readiness.json"):
        assert stat.S_IMODE((directory / name).stat().st_mode) == 0o600
    again = load(directory / "estate.yml")
    found = [
        one
        for one in differences(comparable(before, False), comparable(state_of(again), False))
        if "/listening" not in one
    ]
    assert found == []
    report = json.loads((directory / "readiness.json").read_text())
    assert report["stops"] == []
    assert report["counts"]["users"] == len(again.users) == len(before["users"])
    assert {"gateway.running", "replication"} <= {one["what"] for one in report["unread"]}
    return directory / "estate.yml"


def test_a_prepared_organisation_is_assessed_without_a_write(lab: Any, home: Path) -> None:
    running = lab("lync2010", "--users", "5")
    assessed(running, Operator(running, home))


def poisoned(home: Path) -> Path:
    """A project whose variables would lead everything elsewhere."""
    project = home / "project"
    for name in (
        "group_vars/all.yml",
        "group_vars/lync_2013_front_ends.yml",
        "host_vars/fe2013.yml",
        "host_vars/edge2013.yml",
    ):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(yaml.safe_dump(POISON))
    hosts = {
        "all": {
            "hosts": {"fe2013": POISON, "edge2013": POISON},
            "children": {"lync_2013_front_ends": {"hosts": {"fe2013": None}}},
        }
    }
    (project / "inventory.yml").write_text(yaml.safe_dump(hosts))
    (project / "site.yml").write_text(yaml.safe_dump(REHEARSE))
    return project


def tracer(trace: Path) -> list[str]:
    """The command that has the kernel's word written down, where it is installed and allowed."""
    made = ["strace", "-f", "-qq", "--seccomp-bpf", "-e", "trace=connect,sendto,sendmsg,sendmmsg", "-o", str(trace)]
    allowed = (
        shutil.which("strace") and subprocess.run([*made, "true"], capture_output=True, check=False).returncode == 0
    )
    return made if allowed else []


def addresses(trace: Path) -> set[str]:
    """All that a system call named, of every process below."""
    return {one or other for one, other in _WHERE.findall(trace.read_text(errors="replace"))}


def test_what_was_assessed_is_rehearsed_and_nothing_leaves_this_machine(lab: Any, home: Path) -> None:
    running = lab("lync2010-standard", "--users", "4")
    operator = Operator(running, home)
    assessed(running, operator)
    asked, before = len(running.transcript()), running.state()
    project, trace = poisoned(home), home / "trace"
    # Where strace may be used, the kernel tells of every connect and sendto; everywhere, the audit hook of each Python process does.
    watch = tracer(trace)
    # Without the dry run, which other tests make of the same playbook: it would take as long again.
    extra = json.dumps({"lync_migration_state_dir": str(operator.state), "rehearse_plan": False})
    command = [*watch, str(PLAYBOOK), "-i", str(project / "inventory.yml"), str(project / "site.yml"), "-e", extra]
    environment = operator.environment(
        ANSIBLE_INVENTORY=str(project / "inventory.yml"),
        ANSIBLE_REMOTE_USER="poison",
        HTTPS_PROXY="http://192.0.2.67:3128",
    )
    ended = subprocess.run(
        command, env=environment, cwd=project, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    directory = operator.state / "rehearsal"
    log = (directory / "rehearsal.log").read_text()[-3000:] if (directory / "rehearsal.log").exists() else ""
    assert ended.returncode == 0, ended.stdout + ended.stderr + log

    seen = [json.loads(line) for line in (directory / "connects.ndjson").read_text().splitlines()]
    assert [one for one in seen if "refused" in one] == []
    reached = {one["to"] for one in seen} - {"None", "localhost", os.uname().nodename}
    traced = addresses(trace) if watch else set()
    assert "127.0.0.1" in reached
    assert not watch or "127.0.0.1" in traced
    assert [one for one in reached | traced if not ipaddress.ip_address(one).is_loopback] == []
    assert len(running.transcript()) == asked  # nor was the organisation itself asked
    assert running.state()["users"] == before["users"]

    report = json.loads((directory / "rehearsal.json").read_text())
    assert report["stopped"] is None
    assert report["violations"] == []
    steps = {one["step"]: one for one in report["steps"]}
    assert steps[3]["changes"] == 3
    assert "skypeadmin" in steps[3]["source"]
    assert steps[1]["least"] is None
    assert steps[1]["source"].startswith("unknown")
    assert not (directory / "lab").exists()
    assert sorted(one.name for one in directory.iterdir() if one.is_dir()) == ["state"]
