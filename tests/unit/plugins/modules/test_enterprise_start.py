# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Front Ends of an Enterprise pool one after the other: started first, then seen to run."""

from __future__ import annotations

import pytest
from ansible_collections.lync.xmpp_migration.lab.organisation import services
from ansible_collections.lync.xmpp_migration.plugins.modules import lync_service
from ansible_collections.lync.xmpp_migration.tests.unit.lab.test_topology_shapes_lab import ESTATE
from ansible_collections.lync.xmpp_migration.tests.unit.lab_bench import LabBench

FRONTS = ("fe1", "fe2", "fe3")


@pytest.fixture(name="bench")
def _bench(tmp_path):
    path = tmp_path / "estate.yml"
    path.write_text(ESTATE)
    bench = LabBench(tmp_path, str(path), users=None)
    for host in FRONTS:
        computer = bench.world.computer(f"{host}.contoso.test")
        for service in computer.windows_services.values():
            if service.lync:
                services.stop(bench.world, computer, service)
    return bench


def test_one_front_end_alone_does_not_come_up(bench):
    result = bench.run(lync_service, {"wait_seconds": 10}, "fe1")
    assert result["failed"] and "StartPending" in result["msg"]


def test_all_are_started_and_then_seen_to_run(bench):
    first = [bench.done(lync_service, {"may_be_stopped": ["RTCSRV"], "wait_seconds": 0}, host) for host in FRONTS]
    assert all(one["changed"] for one in first)
    assert [bench.done(lync_service, {}, host)["changed"] for host in FRONTS] == [False] * 3
    for host in FRONTS:
        running = bench.world.computer(f"{host}.contoso.test").windows_services
        assert all(service.running for service in running.values() if service.lync)
