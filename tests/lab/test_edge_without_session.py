# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole migration with an Edge that no WinRM reaches: planned at once, stopped at each gate, done in the end.

One lab, one migration; the tests look at it from all sides, in the order in which they stand.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.lync.xmpp_migration.lab import estate as estates
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.journal import entries
from ansible_collections.lync.xmpp_migration.plugins.module_utils._rollback.plan import KINDS
from ansible_collections.lync.xmpp_migration.tests.lab.conftest import RunningLab
from ansible_collections.lync.xmpp_migration.tests.lab.transport_support import short_home
from ansible_collections.lync.xmpp_migration.tests.replay.playbooks import MIGRATE, Operator, Run
from ansible_collections.lync.xmpp_migration.tests.replay.rollback import ACCEPTED, ROLLBACK, compared, left

pytestmark = pytest.mark.timeout(1500)

EDGE, FQDN = "edge2013", "edge2013.contoso.test"
SET_UP, XMPP = "edge_without_session", "edge_xmpp_without_session"
FACTS = {
    "services_running": SET_UP, "components": XMPP, "xmpp_listening": XMPP, "certificate_names": XMPP,
    "replicated": None, "partner_seen": None,
}  # fmt: skip


def derived(directory: Path) -> Path:
    """The estate with bare servers, its Edge out of reach. What the lab has no sockets for is not asked for: TLS of the Access Edge, and
    addresses inside."""
    document = yaml.safe_load(
        (Path(estates.__file__).parent / "estates" / "lync2010-standard.yml").read_text(encoding="utf-8")
    )
    for host in document["hosts"]:
        if host.get("inventory") == EDGE:
            host["reachable"] = False
    document["migration"]["edge_access"] = "manual"
    path = directory / "lync2010-standard-edge-without-session.yml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return path


@dataclass
class Migrated:
    """Each run by its name, and the lab with its operator."""

    lab: RunningLab
    operator: Operator
    start: dict[str, Any]
    runs: dict[str, Run] = field(default_factory=dict)
    journal: list[dict[str, Any]] = field(default_factory=list)

    def evidence(self, member: str) -> dict[str, Any]:
        """The newest of each fact."""
        return {
            one["fact"]: one["value"]
            for one in self.journal
            if one.get("kind") == "evidence" and one["member"] == member
        }


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Migrated]:
    base = tmp_path_factory.mktemp("edge")
    directory = base / "lab"
    directory.mkdir(mode=0o700)
    with short_home() as home:
        lab = RunningLab(directory, derived(base), "--users", "3")
        try:
            found = Migrated(lab, Operator(lab, home), compared(lab.state()))
            asked = ["-e", '{"edge_deploy_outside_ports": [], "federation_enable_inside_ports": []}']
            words = [[], [SET_UP], [SET_UP], [SET_UP, XMPP], [SET_UP, XMPP]]
            for name, confirmed in zip(("planned", "first", "second", "third", "again"), words, strict=True):
                if name == "second":
                    lab.command("gui", SET_UP, FQDN)
                if name == "third":
                    lab.command("gui", XMPP, FQDN)
                roles = ("edge_deploy", "federation_enable")
                said = ["-e", json.dumps({f"{role}_gates_confirmed": confirmed for role in roles})]
                found.runs[name] = found.operator.play(MIGRATE, *asked, *said, check=name == "planned")
            found.journal = list(entries(found.operator.state))
            yield found
        finally:
            lab.down()


def test_a_dry_run_plans_the_gates_as_notes(migrated: Migrated) -> None:
    run = migrated.runs["planned"].done()
    assert run.writes == []
    notes = [one for one in migrated.operator.plan(run) if one["kind"] == "note" and one.get("gate")]
    assert [one["gate"] for one in notes] == [SET_UP, XMPP, XMPP]
    assert all(len(one["steps"]) >= 6 for one in notes)


def test_it_stops_before_the_edge_is_set_up_and_says_what_to_do(migrated: Migrated) -> None:
    run = migrated.runs["first"]
    (failed,) = run.failed
    assert run.code != 0 and failed.module == "manual_gate" and failed.host == EDGE and failed.where == "fe2013"
    text = str(failed.msg)
    assert f"To be done by hand ({SET_UP})" in text and "Enable-CsReplica -Confirm:$false" in text
    assert f"the replica of {FQDN} is not up to date" in text


def test_it_stops_in_the_window_and_says_what_to_do(migrated: Migrated) -> None:
    run = migrated.runs["second"]
    (failed,) = run.failed
    text = str(failed.msg)
    assert run.code != 0 and f"To be done by hand ({XMPP})" in text and failed.role.endswith("federation_enable")
    names = "access.contoso.test, webcon.contoso.test, sip.contoso.test, sip.wingtip.test, contoso.test, wingtip.test"
    assert f"its alternative names are exactly these or more: {names}." in text
    assert "Set-CsCertificate -Type AccessEdgeExternal,DataEdgeExternal,AudioVideoAuthentication,XmppServer" in text
    assert "Stop-CsWindowsService -Graceful" in text and ":5269 cannot be reached from the controller" in text


def test_then_it_is_done_and_nothing_is_left_to_do(migrated: Migrated) -> None:
    migrated.runs["third"].done()
    again = migrated.runs["again"].done()
    assert again.changed == []
    assert migrated.lab.counts().get("violations") in ([], None, 0)
    end = migrated.lab.state()
    assert sorted(end["xmpp_partners"]) == ["fabrikam.test", "nwtraders.test"]
    assert any(one.endswith(":5269/tcp") for one in end["computers"][FQDN]["listening"])
    srv = [one for zone in end["dns"].values() for one in str(zone).split("\n") if "access.contoso.test" in one]
    assert srv


@pytest.mark.parametrize("fact", FACTS)
def test_the_laws_have_their_evidence_of_the_edge(migrated: Migrated, fact: str) -> None:
    value = migrated.evidence(EDGE)[fact]
    if fact in ("services_running", "xmpp_listening"):
        assert value["by"] == "confirmation" and value["unseen"]
    elif fact in ("components", "certificate_names"):  # seen once the Edge knows its partners
        assert value["by"] == "reading" and value["seen"]


def test_no_task_opened_a_session_to_the_edge(migrated: Migrated) -> None:
    for run in migrated.runs.values():
        assert [one.shown for one in run.recording if one.where == EDGE] == []
        assert "UNREACHABLE" not in run.played.output


def test_the_way_back_leaves_to_hands_what_hands_did(migrated: Migrated) -> None:
    """Everything else is as it was before, and the list says so first."""
    back = migrated.operator.play(ROLLBACK, "-e", ACCEPTED).done()
    kinds = {one for one in KINDS if f"  {one}: {KINDS[one][:40]}" in back.played.output}
    assert "operator" in kinds
    assert [one.shown for one in back.recording if one.where == EDGE] == []
    end = compared(migrated.lab.state())
    others = [one for one in left(migrated.start, end, kinds) if f"/{FQDN}/" not in f"{one}/"]
    assert others == [] and end["xmpp_partners"] == migrated.start["xmpp_partners"] == {}
    assert migrated.lab.state()["violations"] == []
