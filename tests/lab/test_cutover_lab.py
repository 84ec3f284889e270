# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real XMPP servers of a lab: they come and go with the services that they stand for, and with the lab."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.lab import streams
from ansible_collections.lync.xmpp_migration.lab.place import LabError
from ansible_collections.lync.xmpp_migration.lab.process import Process
from ansible_collections.lync.xmpp_migration.lab.xmpp.traffic import Direction, Message
from ansible_collections.lync.xmpp_migration.tests.lab.conftest import RunningLab
from ansible_collections.lync.xmpp_migration.tests.lab.cutover_support import DIALBACK, EXTERNAL, OLD, eventually

REAL = pytest.mark.needs("prosody", "lua-unbound")


def children(pid: int) -> list[Process]:
    """Servers that the lab started, by what they are called with."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            command = (entry / "cmdline").read_bytes()
        except (OSError, IndexError, ValueError):
            continue
        if parent == pid and b"prosody" in command:
            found.append(Process.of(int(entry.name)))
    return found


def is_open(address: str) -> bool:
    try:
        with socket.create_connection((address, 5269), 5):
            return True
    except OSError:
        return False


@REAL
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks at processes in /proc")
def test_they_follow_their_services_and_never_outlive_the_lab(tmp_path: Path) -> None:
    lab = RunningLab(tmp_path / "lab", "lync2010", "--users", "2", "--xmpp", "auto")
    try:
        assert lab.ready["xmpp"]["software"] == "prosody" and lab.ready["xmpp"]["note"] == ""
        shown = json.loads(lab.command("xmpp"))
        assert set(shown["servers"]) == {OLD, EXTERNAL, DIALBACK}  # the new Edge has no proxy yet
        assert shown["carriers"] == {EXTERNAL: "old", DIALBACK: "old"}
        gateway = shown["servers"][OLD]["address"]
        assert is_open(gateway)
        lab.command("gui", "gateway_service", "stopped")
        assert not is_open(gateway)
        assert set(json.loads(lab.command("xmpp"))["carriers"].values()) == {"path-gateway-stopped"}
        lab.command("gui", "gateway_service", "running")
        assert is_open(gateway)
        with pytest.raises(RuntimeError, match="running or stopped"):
            lab.command("gui", "gateway_service", "halted")
        with pytest.raises(RuntimeError, match="whose cable could be pulled"):
            lab.command("gui", "unplug", "edge2013.contoso.test")
        servers = children(lab.ready["pid"])
        assert len(servers) == 3
        os.kill(lab.ready["pid"], signal.SIGKILL)
        assert eventually(lambda: not any(one.alive() for one in servers))
    finally:
        lab.down()


def test_where_they_are_not_installed_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "missing", lambda: "Prosody is not installed.")
    software, note = streams._software("auto", name_servers=True, ocs=False)
    assert software == "simple" and note.startswith("Prosody is not installed. Simple listeners answer instead")
    with pytest.raises(LabError, match="not installed"):
        streams._software("prosody", name_servers=True, ocs=False)
    assert streams._software("simple", name_servers=True, ocs=False) == ("simple", "")
    assert "no DNS zones" in streams._software("auto", name_servers=False, ocs=False)[1]


def test_where_the_source_is_ocs_simple_listeners_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "missing", lambda: "")
    assert streams._software("auto", name_servers=True, ocs=False) == ("prosody", "")
    software, note = streams._software("auto", name_servers=True, ocs=True)
    assert software == "simple" and note.startswith("The gateway of Office Communications Server has no domains")
    with pytest.raises(LabError, match="has no domains before the merge"):
        streams._software("prosody", name_servers=True, ocs=True)


# --- what the benchmark makes of messages


def test_a_direction_tells_what_became_of_each_message() -> None:
    direction = Direction(
        {
            "a": Message(0.0, "old", delivered=0.1, copies=1),
            "b": Message(0.2, "old", bounced=0.3, reason="no"),
            "c": Message(0.4, "old"),
            "d": Message(0.6, "new", delivered=2.1, copies=2),
        }
    )
    assert direction.report(0.0) == {
        "sent": 4, "delivered": {"old": 1, "new": 1}, "bounced": 1, "lost": 1, "twice": 1, "longest_gap": 2.0,
        "first_through_new": 2.1, "bounced_from": 0.2, "bounced_to": 0.2, "pause": 0.0, "reasons": {"no": 1},
        "lost_at": [0.4],
    }  # fmt: skip


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    path = Path(__file__).resolve().parents[2] / "benchmarks" / "cutover.py"
    spec = importlib.util.spec_from_file_location("cutover_benchmark", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def figures(**changes: Any) -> dict[str, Any]:
    return {"delivered": {"old": 9, "new": 9}, "bounced": 0, "lost": 0, **changes}


@pytest.mark.parametrize(
    ("kind", "out", "inward", "pause", "broken"),
    [
        ("external", {}, {}, 0, set()),
        ("external", {"lost": 1}, {"lost": 1}, 0, set()),
        ("external", {"bounced": 1}, {}, 0, {"nothing_to_partner_bounced"}),
        ("external", {}, {"lost": 2}, 0, {"at_most_one_lost_per_direction"}),
        ("external", {}, {"delivered": {"old": 18, "new": 0}}, 0, {"through_new_after"}),
        ("dialback", {"bounced": 9, "pause": 30.0}, {}, 30, set()),
        ("dialback", {"bounced": 9, "pause": 30.1}, {}, 30, {"bounced_no_longer_than_printed"}),
        ("dialback", {"bounced": 9, "pause": 1.0}, {}, None, {"bounced_no_longer_than_printed"}),
        ("dialback", {}, {"bounced": 1}, 30, {"nothing_from_partner_bounced"}),
    ],
)
def test_the_bars_are_those_of_the_promise(
    benchmark: ModuleType, kind: str, out: dict[str, Any], inward: dict[str, Any], pause: int | None, broken: set[str]
) -> None:
    both = {"to_partner": figures(**out), "from_partner": figures(**inward)}
    bars = benchmark.bars_of(kind, both, pause)
    assert {name for name, holds in bars.items() if not holds} == broken


def test_the_estate_of_a_run_has_its_partner_alone(benchmark: ModuleType) -> None:
    found = benchmark.estate(["dialback"], 20)
    assert [one["domain"] for one in found["partners"]] == [DIALBACK]
    assert found["migration"]["dns"]["ttl_window"] == 20
    assert {zone["ttl"] for zone in found["zones"] if zone["name"] in found["sip_domains"]} == {24}
