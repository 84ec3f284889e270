# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fault table, through ansible-playbook and pywinrm: each fault has one outcome, and a run after it completes.

One playbook makes two changes on each of many hosts, and each host has a fault of its own: it comes between the two, or at
the second. What the operator reads, what stands in the journal, what is true on the server, and what the next run still
has to do, are all part of a row.
"""

from __future__ import annotations

import importlib.resources
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.lync.xmpp_migration import lab as lab_files
from ansible_collections.lync.xmpp_migration.tests.lab.transport_support import eventually, module, play, short_home
from ansible_collections.lync.xmpp_migration.tests.replay.playbooks import Operator, Run

STRIKE = Path(__file__).parent / "recording" / "strike.py"
SECOND = "New-CsExternalAccessPolicy"
OK, FAILED, UNREACHABLE = "ok", "failed", "unreachable"

Fault = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """One host and its fault. `journal` has what became of the second change there: ok, and ran (None: nobody knows)."""

    host: str
    faults: tuple[Fault, ...]
    outcome: str
    journal: list[tuple[bool, bool | None]]
    #: whether the second change is true on the server before the next run
    made: bool
    says: str = ""

    @property
    def fqdn(self) -> str:
        return f"{self.host}.contoso.test"


def at(do: str, when: str = "before", **more: Any) -> Fault:
    return {"do": do, "cmdlet": SECOND, "when": when, **more}


def on(do: str, operation: str, **more: Any) -> Fault:
    return {"do": do, "operation": operation, **more}


DOUBT, DONE, REFUSED, NEVER = (False, None), (True, True), (False, True), (False, False)
AGAIN = "was changed is not known. Run the task again: it reads the present state first."
QUOTA = on("fault", "create", code=2150859173, times=0)
IDLE = "restart-idle"  # struck while no request is under way, see `strike`
# The module of the second change reads first: the second message to a host is the change itself.
TABLE = [
    Row(IDLE, (on("restart", "identify"),), OK, [DONE], True),
    Row("restart-call", (at("restart", "after"),), FAILED, [DOUBT], True, AGAIN),
    Row("shell-idle", (on("kill_shell", "send", nth=2),), OK, [DONE], True),
    Row("shell-call", (at("kill_shell"),), FAILED, [DOUBT], False, AGAIN),
    Row("process-idle", (on("kill_process", "send", nth=2),), OK, [DONE], True),
    Row("process-call", (at("kill_process"),), FAILED, [DOUBT], False, AGAIN),
    Row("process-effect", (at("kill_process", "after"),), FAILED, [DOUBT], True, AGAIN),
    Row("drop-waiting", (at("drop", "after"),), OK, [DONE], True),
    Row("drop-answer", (on("drop", "receive", when="after", nth=2),), FAILED, [DOUBT], True, AGAIN),
    Row("operations", (on("kill_shell", "send", nth=2), on("fault", "command", code=2150859174)), OK, [DONE], True),
    Row("quota", (on("kill_shell", "send", nth=2), QUOTA), UNREACHABLE, [NEVER], False, "MaxShellsPerUser"),
    Row(
        "password", (on("refuse", "any", nth=3, times=0),), UNREACHABLE, [NEVER], False, "rejected the user name or the"
    ),
    Row(
        "password-read",
        (on("refuse", "any", times=0),),
        UNREACHABLE,
        [],
        False,
        "rejected the user name or the password",
    ),
    Row(
        "no-cmdlet", (at("error", id="CommandNotFoundException"),), FAILED, [REFUSED], False, "CommandNotFoundException"
    ),
    Row(
        "unknown-error", (at("error", id="ProcessingFailed"),), FAILED, [REFUSED], False, "ProcessingFailed (InvalidOp"
    ),
    Row("slow", (at("delay", seconds=5),), FAILED, [DONE], True, "Timed out after 3 second(s)"),
]
#: And one that waits for a replica to which nothing comes.
WAITING, STALL = "fe", {"do": "stall_replication", "host": "edge.contoso.test"}
BY_HOST = {row.host: row for row in TABLE}


def estate(directory: Path) -> Path:
    """The lab's small one, and beside it a management host for each row."""
    small = yaml.safe_load(importlib.resources.files(lab_files).joinpath("estates", "small.yml").read_text())
    hosts = [{"fqdn": row.fqdn, "groups": ["lync_2013_front_ends"], "product": "lync_2013"} for row in TABLE]
    path = directory / "faults.yml"
    path.write_text(yaml.safe_dump({**small, "hosts": hosts}))
    return path


def strike(operator: Operator) -> dict[str, Any]:
    """A task that strikes all hosts at once, run on the controller between two others."""
    inventory = Path(operator.lab.inventory)
    faults = [STALL, *({**fault, "host": row.fqdn} for row in TABLE for fault in row.faults)]
    known = yaml.safe_load((inventory.parent / "host_vars" / IDLE / "credentials.yml").read_text())
    url = f"https://127.0.0.1:{operator.lab.ready['hosts'][IDLE]['https']}/wsman"
    return {
        "ansible.builtin.command": {
            "argv": [
                sys.executable,
                str(STRIKE),
                operator.lab.ready["control"],
                json.dumps(faults),
                url,
                known["ansible_user"],
            ]
        },
        "delegate_to": "localhost",
        "run_once": True,
        "environment": {"LAB_PASSWORD": known["ansible_password"], "LAB_CA": str(inventory.with_name("ca.pem"))},
    }


def two_changes(*between: dict[str, Any]) -> list[dict[str, Any]]:
    second = module("external_access_policy", identity="{{ inventory_hostname }}", enable_xmpp_access=True)
    return [
        play(
            ":".join(BY_HOST),
            module("allowed_domain", domain="{{ inventory_hostname }}.test"),
            *between,
            {**second, "timeout": "{{ 3 if inventory_hostname == 'slow' else 0 }}"},
        ),
        play(WAITING, module("store_replication", wait_seconds=3)),
    ]


@dataclass(frozen=True)
class Story:
    """A run with all faults, and the run after it."""

    struck: Run
    left: bool  # whether a process, socket or shell was left after the first
    journal: list[dict[str, Any]]  # after the first
    again: Run
    transcript: list[dict[str, Any]]
    policies: set[str]


@pytest.fixture(scope="module")
def story(lab: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with short_home() as home:
        operator = Operator(lab(estate(tmp_path_factory.mktemp("estate"))), home)
        struck = operator.play(two_changes(strike(operator)))
        operator.lab.fault(clear=True)
        left = not eventually(lambda: not operator.daemons())
        journal = operator.journal()
        again = operator.play(two_changes())
        policies = set(operator.lab.state()["policies"])
        yield Story(struck, left, journal, again, operator.lab.transcript(), policies)


def outcomes(story: Story, row: Row) -> list[tuple[bool, bool | None]]:
    """Of the second change of a host: ok and ran, once for each attempt."""
    ids = [one["id"] for one in story.journal if one["kind"] == "intent" and one["object"].endswith(f"tag:{row.host}")]
    return [(one["ok"], one["ran"]) for one in story.journal if one["kind"] == "outcome" and one["id"] in ids]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.host)
def test_fault(story: Story, row: Row) -> None:
    recap = story.struck.played.recap(row.host)
    expected = {OK: (0, 0), FAILED: (1, 0), UNREACHABLE: (0, 1)}[row.outcome]
    said = " ".join(str(one.msg) for one in story.struck.failed if one.host == row.host)
    assert (recap["failed"], recap["unreachable"]) == expected, story.struck.played.output
    assert row.says in said
    assert outcomes(story, row) == row.journal


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.host)
def test_the_next_run_completes(story: Story, row: Row) -> None:
    recap = story.again.played.recap(row.host)
    assert (recap["failed"], recap["unreachable"], recap["ok"]) == (0, 0, 2), story.again.played.output
    assert recap["changed"] == (0 if row.made else 1)
    assert f"Tag:{row.host}" in story.policies
    made = [one for one in story.transcript if one["cmdlet"] == SECOND and one["host"] == row.fqdn]
    assert sum(one["outcome"] in ("ok", "answer lost") for one in made) == 1, "a change was made twice, or never"


def test_replication_that_never_comes(story: Story) -> None:
    assert story.struck.played.recap(WAITING)["failed"] == 1, story.struck.played.output
    (failed,) = [one for one in story.struck.failed if one.host == WAITING]
    assert "edge.contoso.test" in str(failed.msg)
    made = {
        one["id"]: one["call"]["name"] for one in story.journal if one["kind"] == "intent" and one["host"] == WAITING
    }
    assert set(made.values()) == {"Invoke-CsManagementStoreReplication"}
    assert all(one["ok"] for one in story.journal if one["kind"] == "outcome" and one["id"] in made)
    assert not [one for one in story.journal if one["kind"] == "evidence" and one["host"] == WAITING]
    assert story.again.played.recap(WAITING)["failed"] == 0, story.again.played.output


def test_nothing_is_left_behind(story: Story) -> None:
    assert not story.left
