# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services and replication of a server that is being set up, against the lab."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._certificates import stored as _stored_certificates
from ansible_collections.lync.xmpp_migration.plugins.modules import (
    lync_service,
    server_components,
    store_replication,
    topology,
)
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.setup_site import (
    REPLICATED,
    Site,
)
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.test_topology_module import (
    EDGE,
    POOL,
)


@pytest.fixture(name="site")
def _site(tmp_path, monkeypatch):
    site = Site(tmp_path)
    monkeypatch.setattr(_stored_certificates, "now", site.world.clock.now)
    return site


@pytest.fixture(name="migrated", scope="module")
def _migrated(tmp_path_factory):
    """One site for tests that look at it, or change it in ways that do not matter to each other."""
    site = Site(tmp_path_factory.mktemp("migrated"))
    real = _stored_certificates.now
    _stored_certificates.now = site.world.clock.now
    site.results = site.migrate()
    yield site
    _stored_certificates.now = real


# --- services


def test_services_older_than_their_certificate_are_restarted(migrated):
    site = migrated
    edge = site.world.computer("edge2013.contoso.test")
    site.world.clock.advance(60)
    store, at = edge.certificates, site.world.clock.now()
    store.assign("AccessEdgeExternal", store.assignments["accessedgeexternal"].thumbprint, at)
    store.assign("XmppServer", store.assignments["xmppserver"].thumbprint, at)
    site.world.clock.advance(60)
    planned = [site.bench.done(lync_service, {}, host="edge2013", check=True, run="dry") for _ in range(2)]
    assert [(r["changed"], len(r["calls"])) for r in planned] == [(True, 2), (False, 0)]
    result = site.bench.done(lync_service, {"listening_ports": [5269]}, host="edge2013")
    assert result["lync"]["restarted"] == ["RTCSRV", "XMPP proxy"]
    assert [c["cmdlet"] for c in result["calls"]] == ["Stop-CsWindowsService", "Start-CsWindowsService"]
    assert site.bench.done(lync_service, {}, host="edge2013")["changed"] is False


def test_a_plan_starts_each_service_once_even_those_that_only_the_host_names(migrated):
    site = migrated
    computer = site.world.computer("edge2013.contoso.test")
    computer.windows_services["RTCCLSAGT"].status = "Stopped"
    planned = [site.bench.done(lync_service, {}, host="edge2013", check=True, run="once") for _ in range(2)]
    assert [one["changed"] for one in planned] == [True, False]
    assert site.bench.done(lync_service, {}, host="edge2013")["changed"]


def test_the_xmpp_proxy_waits_for_its_certificate(site):
    for module, options, host in site.steps(check=False):
        site.bench.done(module, options, host=host)
        if module is server_components and host == "edge2013" and options:
            break
    result = site.bench.done(lync_service, {}, host="edge2013")
    assert result["changed"] is False and "is not started yet" in result["warnings"][0]
    # all that steps 1 to 4 ask of the Edge runs; that the proxy listens is a fact of its own
    assert [e["fact"] for e in result.get("evidence", ())] == ["services_running"]
    missing = site.bench.run(lync_service, {"listening_ports": [5269], "wait_seconds": 10}, host="edge2013")
    assert "does not listen on port 5269" in missing["msg"]


def test_a_service_that_does_not_start_is_named_with_what_the_server_says(site):
    site.pool()
    site.bench.done(server_components, {})
    result = site.bench.run(lync_service, {"wait_seconds": 5})
    assert result["failed"] and "Lync Server Front-End (Stopped)" in result["msg"]
    assert "The server says: ProcessingFailed" in result["msg"]
    names = [s.name for s in site.world.computer("pool2013.contoso.test").windows_services.values()]
    allowed = site.bench.done(lync_service, {"wait_seconds": 5, "may_be_stopped": names})
    assert "evidence" not in allowed


def test_netstat_is_asked_where_windows_has_nothing_better(migrated):
    site = migrated
    shell = site.bench.hosts["edge2013"]
    shell._hello = {**shell.hello, "windows": "6.1.7601.65536"}
    result = site.bench.done(lync_service, {"listening_ports": [5269, 23456]}, host="edge2013")
    assert result["lync"]["listening"] == [5269, 23456]
    assert any(line["cmdlet"] == "netstat.exe" for line in site.world.transcript.lines())


# --- replication


def test_replication_that_never_comes_is_said_with_what_to_look_at(site):
    site.pool()
    site.edge()
    site.world.replicas["edge2013.contoso.test"].lag = 86_400
    change = {"pool_fqdn": POOL["fqdn"], "edge_fqdn": EDGE["fqdn"]}
    site.bench.done(topology, {"source": "declared", "accepts": ["simple_urls_dropped"], "registrar_edge": change})
    start = site.world.clock.now()
    result = site.bench.run(store_replication, {"wait_seconds": 120})
    assert result["failed"] and "has not replicated to edge2013.contoso.test within 120 s" in result["msg"]
    assert site.world.clock.now() - start >= timedelta(seconds=120)
    only = site.bench.done(store_replication, {"replicas": ["pool2013.contoso.test"]})
    assert [row["fqdn"] for row in only["replicas"]] == ["pool2013.contoso.test"]


def test_a_replica_has_to_be_known(site):
    result = site.bench.run(store_replication, {"replicas": ["edge2013.contoso.test"]})
    assert "is no replica of the Central Management store" in result["msg"]
    assert "contains a wildcard" in site.bench.run(store_replication, {"replicas": ["*"]})["msg"]


def test_a_change_is_followed_by_a_push_although_replicas_say_they_are_up_to_date(migrated):
    site = migrated
    assert site.bench.done(store_replication, REPLICATED)["changed"] is False
    change = {"pool_fqdn": POOL["fqdn"], "edge_fqdn": EDGE["fqdn"]}
    site.bench.done(topology, {"source": "declared", "accepts": ["simple_urls_dropped"], "registrar_edge": change})
    site.world.clock.advance(60)
    result = site.bench.done(store_replication, REPLICATED)
    assert [c["cmdlet"] for c in result["calls"]] == ["Invoke-CsManagementStoreReplication"]
