# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules that set up a server, against the lab, from hosts with core files only to open XMPP ports."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._certificates import stored as _stored_certificates
from ansible_collections.lync.xmpp_migration.plugins.module_utils._servers.components import MARKER
from ansible_collections.lync.xmpp_migration.plugins.module_utils._servers.local_store import EXPORT
from ansible_collections.lync.xmpp_migration.plugins.modules import (
    local_store,
    server_components,
    topology,
)
from ansible_collections.lync.xmpp_migration.tests.replay.compare import differences
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.setup_site import (
    Site,
)
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.test_topology_module import (
    EDGE,
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


def sent(entries):
    """Object and kind of each call, in order: also of those that a plan may leave open."""
    return [(e["object"], e["call"].get("name") or e["call"]["type"]) for e in entries if e["kind"] == "intent"]


def test_a_dry_run_on_untouched_hosts_plans_what_a_real_run_does(site, tmp_path, monkeypatch):
    planned = site.migrate(check=True)
    assert all(result["changed"] for result in planned)
    assert site.bench.called() == []
    real = Site(tmp_path / "real")
    monkeypatch.setattr(_stored_certificates, "now", real.world.clock.now)
    results = real.migrate()
    assert differences(site.bench.plan(), real.bench.journal()) == []
    assert sent(site.bench.plan()) == sent(real.bench.journal())
    assert [r["changed"] for r in planned] == [r["changed"] for r in results]
    assert [[e["fact"] for e in r.get("evidence", ())] for r in planned] == [
        [e["fact"] for e in r.get("evidence", ())] for r in results
    ]
    assert real.world.laws.violations == []
    facts = {(e["fact"], e["member"]) for r in results for e in r.get("evidence", ())}
    assert {
        ("components", "fe2013"),
        ("components", "edge2013"),
        ("xmpp_listening", "edge2013"),
        ("certificate_names", "edge2013"),
        ("replicated", "fe2013"),
        ("replicated", "edge2013"),
        ("services_running", "edge2013"),
    } <= facts


def test_each_step_is_idempotent_and_reads_little(site):
    for module, options, host in site.steps(check=False):
        site.bench.done(module, options, host=host)
        start = len(site.world.transcript)
        again = site.bench.done(module, options, host=host)
        assert again["changed"] is False, module.__name__
        assert again["calls"] == []
        assert site.bench.called(start) == []


def test_nothing_of_ours_stays_on_the_servers_but_backups(migrated):
    site = migrated
    for fqdn in ("pool2013.contoso.test", "edge2013.contoso.test"):
        computer = site.world.computer(fqdn)
        folder = EXPORT.rpartition("\\")[0]
        names = [e.path.rpartition("\\")[2] for e in site.world.files.children(computer, folder)]
        left = [name for name in names if "lync_xmpp_migration" in name and "-before-" not in name]
        assert left == []


def test_no_secret_is_written_or_returned(migrated):
    site = migrated
    everything = json.dumps(site.results) + "".join(
        path.read_text(encoding="utf-8") for path in site.bench.state_dir.rglob("*") if path.is_file()
    )
    assert "CANARY" not in everything
    assert "CANARY" not in json.dumps(site.world.transcript.lines())


# --- local_store


def test_a_server_that_is_in_no_topology_has_no_local_store(site):
    result = site.bench.run(local_store, {})
    assert result["failed"] and "does not have the computer pool2013.contoso.test" in result["msg"]
    # the local instance is made by then, which does no harm
    assert "Import-CsConfiguration" not in site.bench.called()


def test_the_archive_goes_whatever_happens(site):
    site.pool()
    site.bench.done(topology, {"source": "declared", "accepts": ["simple_urls_dropped"], "edge": EDGE})
    shell = site.bench.hosts["edge2013"]
    real = shell.request

    def refuses(calls, seconds):
        if calls[0].get("cmdlet") == "Import-CsConfiguration":
            calls = [{**calls[0], "parameters": {**calls[0]["parameters"], "FileName": "C:\\none.zip"}}]
        return real(calls, seconds)

    shell.request = refuses
    result = site.bench.run(local_store, {"source_host": "fe2013"}, host="edge2013")
    assert result["failed"] and "Import-CsConfiguration on edge2013 did not succeed" in result["msg"]
    for fqdn in ("pool2013.contoso.test", "edge2013.contoso.test"):
        assert not site.world.files.exists(site.world.computer(fqdn), EXPORT)
    shell.request = real
    assert site.bench.done(local_store, {"source_host": "fe2013"}, host="edge2013")["changed"] is True


def test_a_replica_that_was_stopped_is_started_and_nothing_else(site):
    site.pool()
    site.world.computer("pool2013.contoso.test").windows_services["REPLICA"].status = "Stopped"
    result = site.bench.done(local_store, {})
    assert [c["cmdlet"] for c in result["calls"]] == ["Enable-CsReplica", "Start-CsWindowsService"]


def test_a_source_directory_has_to_be_a_path(site):
    assert "A full path on the server" in site.bench.run(local_store, {"source_directory": "..\\x"})["msg"]


# --- server_components


def test_components_need_a_local_store(site):
    result = site.bench.run(server_components, {})
    assert result["failed"] and "fill the local store first" in result["msg"]


def test_xmpp_is_waited_for(site):
    site.pool()
    start = site.world.clock.now()
    result = site.bench.run(server_components, {"xmpp": True, "wait_seconds": 90})
    assert "has no XMPP federation yet" in result["msg"]
    assert site.world.clock.now() - start >= timedelta(seconds=90)


@pytest.mark.parametrize("answer", ["accepted", "refused"])
def test_an_edge_can_do_without_enable_cscomputer(tmp_path, answer):
    site = Site(tmp_path, enable_computer_on_edge=answer)
    site.pool()
    site.edge()
    result = site.bench.done(server_components, {}, host="edge2013")
    assert any("an Edge can do without it" in text for text in result.get("warnings", ())) is (answer == "refused")
    assert site.bench.done(server_components, {}, host="edge2013")["changed"] is False


def test_set_up_that_was_interrupted_is_finished(site):
    site.pool()
    shell = site.bench.hosts["fe2013"]
    real = shell.request

    def dies(calls, seconds):
        if calls[0].get("cmdlet") == "Enable-CsComputer":
            raise RuntimeError("the server was switched off")
        return real(calls, seconds)

    shell.request = dies
    with pytest.raises(RuntimeError):
        site.bench.run(server_components, {})
    shell.request = real
    computer = site.world.computer("pool2013.contoso.test")
    assert site.world.files.exists(computer, MARKER) and not computer.computer_enabled
    result = site.bench.done(server_components, {})
    assert [c["cmdlet"] for c in result["calls"]] == ["Enable-CsComputer", "Remove-Item"]
    assert computer.computer_enabled
