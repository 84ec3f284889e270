# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The master playbook where an operator publishes from Topology Builder: it stops, says what is missing, and goes on.

The same runs show two things more, because a whole migration takes its time: whoever writes into Active Directory or the
Central Management store gets nothing executed and nobody else moved, and no secret stays anywhere.
"""

from __future__ import annotations

import importlib.resources
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.lync.xmpp_migration import lab as lab_files
from ansible_collections.lync.xmpp_migration.plugins.module_utils._rollback.plan import KINDS
from ansible_collections.lync.xmpp_migration.tests.lab.canaries import found_in, inner_parts
from ansible_collections.lync.xmpp_migration.tests.lab.transport_support import (
    Controller,
    Played,
    eventually,
    short_home,
)
from ansible_collections.lync.xmpp_migration.tests.replay.playbooks import MIGRATE
from ansible_collections.lync.xmpp_migration.tests.replay.rollback import ACCEPTED, ROLLBACK

#: Four playbooks, one of them a migration from its third step to its end.
pytestmark = pytest.mark.timeout(1200)

NEW, OLD = "pool2013.contoso.test", "pool2010.contoso.test"
POOL = {"pools": [{"fqdn": NEW, "version": 6, "edge": "edge2010.contoso.test"}]}
EDGE: dict[str, Any] = {
    "fqdn": "edge2013.contoso.test",
    "version": 6,
    "next_hop": NEW,
    "access_fqdn": "access.contoso.test",
    "web_conferencing_fqdn": "webcon.contoso.test",
    "av_fqdn": "av.contoso.test",
    "internal_address": "10.0.1.40",
    "external_address": "203.0.113.40",
}
PUBLISHED = [POOL, {"edges": [EDGE]}, {"edges": [{**EDGE, "federation": True, "xmpp": True}]}]
SAID = [
    "make a new Front End pool pool2013.contoso.test",
    "make a new Edge pool edge2013.contoso.test",
    "edge2013.contoso.test",
]


def texts(directory: Path) -> list[str]:
    """What somebody could write into a directory to have it executed; each would make a file of its own."""
    return [
        "*",
        "?[a-z]",
        "o'x' -or 'a' -eq 'a",
        "*)(objectClass=*",
        f"{{{{ lookup('pipe', 'touch {directory}/jinja') }}}}",
        f"{{% set x = lookup('pipe', 'touch {directory}/block') %}}{{{{ x }}}}",
        f"$(New-Item {directory}/subexpression)",
        f"`touch {directory}/backtick`",
        f"'; touch {directory}/semicolon; '",
        f"!unsafe \"{{{{ lookup('pipe', 'touch {directory}/tag') }}}}\"",
        '{"$": "secret", "value": "x"}',
        "<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]>&y;",
    ]


def estate(directory: Path) -> Path:
    known = yaml.safe_load(importlib.resources.files(lab_files).joinpath("estates", "lync2010.yml").read_text())
    known["migration"]["topology_source"] = "builder"
    hostile = texts(directory)
    people: list[dict[str, Any]] = [
        {"sip": f"sip:hostile{number:02}@contoso.test", "display_name": text, "pool": OLD}
        for number, text in enumerate(hostile)
    ]
    # two users who go by each other's address, and one who goes by the name of another
    people += [
        {"sip": "sip:one@contoso.test", "display_name": "sip:two@contoso.test", "pool": OLD},
        {"sip": "sip:two@contoso.test", "display_name": "sip:one@contoso.test", "pool": OLD},
        {"sip": "sip:o'brien@contoso.test", "display_name": "sip:cloud001@contoso.test", "pool": OLD},
        # who stays, and bears the name of everybody
        {"sip": "sip:off@contoso.test", "display_name": "*", "pool": OLD, "enabled": False},
    ]
    generated = {**known["users"][0], "count": 4, "disabled_every": 0}
    known["users"] = [generated, *known["users"][1:], *people]
    for entry, text in zip(known["allowed_domains"], hostile[4:], strict=False):
        entry["comment"] = text
    known["sites"][0]["description"] = hostile[4]
    known["policies"]["Global"]["Description"] = hostile[5]
    known["certificates"] = {"key": "ec256"}
    path = directory / "builder.yml"
    path.write_text(yaml.safe_dump(known, allow_unicode=True))
    return path


@dataclass
class Story:
    lab: Any
    controller: Controller
    directory: Path
    before: dict[str, Any]
    runs: list[Played] = field(default_factory=list)
    #: state-changing calls of each run that the operator had still to publish something for
    topology_calls: list[list[str]] = field(default_factory=list)


def played_to_its_end(process: subprocess.Popen[str]) -> Played:
    output = process.communicate(timeout=400)[0]
    return Played(process.returncode, output)


@pytest.fixture(scope="module")
def story(lab: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    directory = tmp_path_factory.mktemp("hostile")
    (directory / "made").mkdir()
    running = lab(estate(directory / "made"), "--secret-prefix", "CANARY-")
    with short_home() as home:
        one = Story(running, Controller(running, home), directory / "made", running.state())
        for topology in [*PUBLISHED, None]:
            start = len(running.transcript())
            process = one.controller.start([dict(play) for play in MIGRATE], "-vvv")
            one.runs.append(played_to_its_end(process))
            one.topology_calls.append(
                [
                    line["cmdlet"]
                    for line in running.transcript()[start:]
                    if line["write"] and "Topology" in line["cmdlet"]
                ]
            )
            if topology:
                running.command("publish", json.dumps(topology))
        assert eventually(one.controller.nothing_left), one.controller.daemons()
        yield one


def test_each_stop_says_what_the_operator_has_to_publish(story: Story) -> None:
    for played, sentence in zip(story.runs, SAID, strict=False):
        assert played.code == 2, played.output[-4000:]
        assert played.said("In Topology Builder: 1)", sentence, "Publish the topology there, and run this again.")
        assert played.recap("fe2013")["failed"] == 1
    assert story.runs[2].said("XMPP", "5061")


def test_the_collection_publishes_nothing_by_itself(story: Story) -> None:
    assert not any("Publish-CsTopology" in calls for calls in story.topology_calls)


def test_the_last_run_comes_to_the_end(story: Story) -> None:
    assert story.runs[-1].code == 0, story.runs[-1].output[-4000:]
    state = story.lab.state()
    assert state["violations"] == []
    assert state["edges"]["edge2013.contoso.test"]["xmpp_listening_port"] == 5269
    assert set(state["xmpp_partners"]) == {"fabrikam.test", "nwtraders.test"}
    # what Topology Builder keeps and a publish by cmdlet would have lost
    assert state["simple_urls"] == story.before["simple_urls"]


def test_nothing_of_a_server_was_executed(story: Story) -> None:
    assert [path.name for path in story.directory.iterdir()] == ["builder.yml"]


def test_texts_of_servers_are_what_they_were(story: Story) -> None:
    state = story.lab.state()
    for sip, before in story.before["users"].items():
        assert state["users"][sip]["display_name"] == before["display_name"]
    assert state["allowed_domains"] == story.before["allowed_domains"]
    assert state["sites"]["Redmond"]["description"] == story.before["sites"]["Redmond"]["description"]


def test_the_right_users_were_moved_each_by_address(story: Story) -> None:
    state = story.lab.state()
    assert state["users"].keys() == story.before["users"].keys()
    for sip, before in story.before["users"].items():
        in_scope = before["enabled"] and before["hosting_provider"] == "SRV:"
        assert state["users"][sip]["pool"] == (NEW if in_scope else before["pool"]), sip
    moves = [line["parameters"]["Identity"] for line in story.lab.transcript() if line["cmdlet"] == "Move-CsUser"]
    assert len(moves) == len(set(moves)) and all(one.startswith("sip:") for one in moves)
    objects = {
        one["call"]["parameters"]["Identity"]: one["before"]["Guid"]
        for one in story.controller.journal()
        if one["kind"] == "intent" and one["call"].get("name") == "Move-CsUser"
    }
    assert objects.keys() == set(moves) and len(set(objects.values())) == len(moves)


def test_the_way_back_leaves_the_topology_to_the_builder(story: Story) -> None:
    """Users, partners and DNS are as before; what was published from Topology Builder is taken back there, and the list says so."""
    start = len(story.lab.transcript())
    process = story.controller.start([dict(play) for play in ROLLBACK], "-vvv", "-e", ACCEPTED)
    story.runs.append(played_to_its_end(process))
    assert story.runs[-1].code == 0, story.runs[-1].output[-4000:]
    assert story.runs[-1].said(f"operator: {KINDS['operator']}")
    calls = {line["cmdlet"] for line in story.lab.transcript()[start:] if line["write"]}
    assert "Publish-CsTopology" not in calls and "Move-CsUser" in calls
    state = story.lab.state()
    assert {sip: one["pool"] for sip, one in state["users"].items()} == {
        sip: one["pool"] for sip, one in story.before["users"].items()
    }
    assert state["xmpp_partners"] == {} and state["dns"] == story.before["dns"] and state["violations"] == []


def test_no_secret_stays_anywhere(story: Story) -> None:
    """Not in the output at -vvv of runs that failed and of one that did not, nor in a file of either side."""
    secrets = inner_parts(story.lab)
    assert len(secrets) >= 4  # passwords, the CA's passphrase, the key for DNS
    for played in story.runs:
        assert found_in(played.output.encode(), secrets) == []
    own = [path for path in story.controller.home.rglob("*") if path.is_file()]
    assert any(path.name == "journal.ndjson" for path in own)
    told = [story.lab.directory / name for name in ("transcript.ndjson", "lab.log", "lab.json")]
    for path in [*own, *told]:
        assert found_in(path.read_bytes(), secrets) == [], path
