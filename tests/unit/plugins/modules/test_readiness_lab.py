# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""server_readiness and migration_readiness against the lab's hosts: bare, prepared, and each with one thing wrong."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.lab.estate import OrganizationalUnit
from ansible_collections.lync.xmpp_migration.plugins.module_utils._readiness import host as _readiness_host
from ansible_collections.lync.xmpp_migration.plugins.modules import manual_gate, migration_readiness, server_readiness
from ansible_collections.lync.xmpp_migration.tests.unit.lab_bench import LabBench

MEDIA = [r"D:\Setup\amd64\Setup\ocscore.msi", r"D:\Setup\amd64\vcredist_x64.exe"]
SOURCES = {"lync2010": "lync_2010", "lync2010-standard": "lync_2010", "ocs2007r2-standard": "ocs_2007_r2"}


def judge(lab: LabBench, estate: str, host: str = "fe2013", **more: Any) -> dict[str, Any]:
    """In the lab's time."""
    run = functools.partial(_readiness_host.run, clock=lambda: lab.now)
    module = SimpleNamespace(__name__="server_readiness", ARGUMENT_SPEC=server_readiness.ARGUMENT_SPEC, run=run)
    role = "edge" if host.startswith("edge") else "front_end"
    return lab.run(module, {"role": role, "source": SOURCES[estate], **more}, host)


@pytest.mark.parametrize("estate", ["lync2010-standard", "ocs2007r2-standard"])
def test_bare_hosts_are_ready_as_far_as_they_can_tell(tmp_path: Path, estate: str) -> None:
    lab = LabBench(tmp_path, estate)
    for check in (False, True):
        front_end = judge(lab, estate, media=MEDIA, names=["pool2013.contoso.test"])
        assert not front_end.get("failed"), (front_end["msg"], check)
    assert "second_hop_ad" not in front_end["not_known"] and "second_hop_sql" in front_end["not_known"]
    edge = judge(lab, estate, "edge2013", media=MEDIA)
    assert not edge.get("failed") and edge["not_known"] == [], edge
    assert lab.called() == []


def test_prepared_hosts_have_nothing_unknown(tmp_path: Path) -> None:
    lab = LabBench(tmp_path)
    for host in ("fe2013", "edge2013"):
        result = judge(lab, "lync2010", host)
        assert not result.get("failed") and result["findings"] == [], result


def core(lab: LabBench, computer: Any) -> None:
    computer.installation = "Server Core"


def full(lab: LabBench, computer: Any) -> None:
    computer.free_gb = 2.5


def small(lab: LabBench, computer: Any) -> None:
    computer.quotas[r"Shell\MaxMemoryPerShellMB"] = "150"


def empty(lab: LabBench, computer: Any) -> None:
    computer.media = False


def alone(lab: LabBench, computer: Any) -> None:
    computer.second_hop = False


def outside(lab: LabBench, computer: Any) -> None:
    computer.joined = False


def late(lab: LabBench, computer: Any) -> None:
    lab.__class__ = type("Ahead", (LabBench,), {"now": property(lambda self: self.world.clock.now().timestamp() + 900)})


WRONG: list[tuple[str, Callable[[LabBench, Any], None], str]] = [
    ("server_core", core, "should be a full installation, but is Server Core"),
    ("disk", full, "should be 32 GB or more, but is 2.5 GB"),
    (
        "winrm_memory",
        small,
        "should be 1024 MB or more, because the cmdlets of a whole run share one shell, but is 150 MB",
    ),
    ("media", empty, r"D:\Setup\amd64\Setup\ocscore.msi on pool2013.contoso.test should be there, but is missing"),
    ("second_hop_ad", alone, "set ansible_winrm_transport to credssp for this host"),
    ("membership", outside, "should be a member of the domain, but is in the workgroup"),
    ("time_skew", late, "but is 900 seconds behind"),
]


@pytest.mark.parametrize(("name", "change", "sentence"), WRONG, ids=[name for name, *_ in WRONG])
def test_one_thing_wrong_with_a_bare_host(
    tmp_path: Path, name: str, change: Callable[[LabBench, Any], None], sentence: str
) -> None:
    lab = LabBench(tmp_path, "lync2010-standard")
    change(lab, lab.world.computers["pool2013.contoso.test"])
    result = judge(lab, "lync2010-standard", media=MEDIA)
    assert result["failed"] and name in {one["id"] for one in result["error"]["findings"]}, result
    assert sentence in result["msg"] and lab.called() == []


def test_a_second_hop_that_is_missing_where_the_cmdlets_are(tmp_path: Path) -> None:
    lab = LabBench(tmp_path)
    lab.world.computers["pool2013.contoso.test"].second_hop = False
    result = judge(lab, "lync2010")
    assert {one["id"] for one in result["error"]["findings"]} == {"second_hop_ad"}
    assert "set ansible_winrm_transport to credssp for this host (or to kerberos, with" in result["msg"]


def test_an_organizational_unit_that_is_closed(tmp_path: Path) -> None:
    lab = LabBench(tmp_path)
    container = next(iter(lab.world.ad)).container
    unit = OrganizationalUnit(container.partition(",")[0], True)
    lab.world.estate = replace(lab.world.estate, organizational_units=(unit,))
    result = lab.run(migration_readiness, {"source": "lync_2010", "accept": ["ou_inheritance"]})
    assert not result.get("failed"), result
    assert any(f"The organizational unit {container} should be open" in one for one in result["warnings"]), result


def test_a_source_that_is_not_this_one(tmp_path: Path) -> None:
    lab = LabBench(tmp_path)
    result = lab.run(migration_readiness, {"source": "ocs_2007_r2"})
    assert [one["id"] for one in result["error"]["findings"]] == ["source_combination"]
    assert (
        "Office Communications Server 2007 R2 and Lync Server 2013 and nothing else, but is one with Lync Server 2010"
        in (result["msg"])
    )


def test_an_organisation_of_the_older_source_is_not_known_before_the_merge(tmp_path: Path) -> None:
    lab = LabBench(tmp_path, "ocs2007r2-standard")
    edge = {"fqdn": "ocsedge.contoso.test", "access_fqdn": "sip.contoso.test", "web_conferencing_fqdn": "webconf.contoso.test",
            "av_fqdn": "avedge.contoso.test"}  # fmt: skip
    result = lab.run(migration_readiness, {"source": "ocs_2007_r2", "edges": [edge]})
    assert not result.get("failed") and "edge_one_fqdn" not in result["not_known"], result
    same = dict.fromkeys(("access_fqdn", "web_conferencing_fqdn", "av_fqdn"), "sip.contoso.test")
    result = lab.run(migration_readiness, {"source": "ocs_2007_r2", "edges": [same]})
    assert [one["id"] for one in result["error"]["findings"]] == ["edge_one_fqdn"]


def test_gates_in_the_lab(tmp_path: Path) -> None:
    """Partners are reached through the legacy Edge before and not through an Edge that is not there; nothing is changed."""
    lab = LabBench(tmp_path)
    console = {"gate": "gateway_console", "gateway_fqdn": "xmppgw.contoso.test", "access_fqdn": "sip.contoso.test",
               "partner_domains": ["fabrikam.test"]}  # fmt: skip
    assert lab.done(manual_gate, {**console, "edge_fqdn": "edge2010.contoso.test"})["by"] == "reading"
    assert lab.run(manual_gate, {**console, "edge_fqdn": "edge2013.contoso.test"})["error"]["kind"] == "manual_gate"
    hand = {"gate": "edge_without_session", "access_fqdn": "access.contoso.test", "outside_ports": []}
    old = {**hand, "edge_fqdn": "edge2010.contoso.test", "machines": [{"fqdn": "edge2010.contoso.test"}]}
    assert lab.done(manual_gate, old)["by"] == "reading"
    new = {**hand, "edge_fqdn": "edge2013.contoso.test", "machines": [{"fqdn": "edge2013.contoso.test"}]}
    start = lab.now
    result = lab.run(manual_gate, {**new, "wait_seconds": 60})
    assert result["error"]["missing"] == ["the Edge pool edge2013.contoso.test is not in the published topology"]
    assert lab.now - start >= 60
    assert lab.done(manual_gate, new, check=True)["by"] == "plan"
    assert lab.called() == []
