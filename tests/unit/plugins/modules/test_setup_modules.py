# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules that set up a server, against the lab, from hosts with core files only to open XMPP ports."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils import _stored_certificates
from ansible_collections.lync.xmpp_migration.plugins.module_utils._local_store import EXPORT
from ansible_collections.lync.xmpp_migration.plugins.module_utils._server_components import MARKER
from ansible_collections.lync.xmpp_migration.plugins.modules import (
    certificate,
    certificate_assignment,
    local_store,
    lync_service,
    server_components,
    store_replication,
    topology,
)
from ansible_collections.lync.xmpp_migration.tests.replay.compare import differences
from ansible_collections.lync.xmpp_migration.tests.unit.lab_bench import LabBench
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.test_topology_module import (
    EDGE,
    FEATURES,
    POOL,
    home_everybody,
)
from cryptography.hazmat.primitives.serialization import Encoding

PASSPHRASE = "CANARY-ca-passphrase"
EXTERNAL = ["AccessEdgeExternal", "DataEdgeExternal", "AudioVideoAuthentication"]
DOMAINS = ["contoso.test", "wingtip.test"]
FRONT_END = {
    "uses": ["Default", "WebServicesInternal", "WebServicesExternal"],
    "subject": "pool2013.contoso.test",
    "sip_domains": DOMAINS,
}
INTERNAL = {"uses": ["Internal"], "subject": "edge2013.contoso.test"}
OUTSIDE = {"uses": EXTERNAL, "subject": "access.contoso.test", "names": ["webcon.contoso.test"], "sip_domains": DOMAINS}
XMPP = {**OUTSIDE, "uses": [*EXTERNAL, "XmppServer"], "xmpp_domains": DOMAINS}
REPLICATED = {"wait_seconds": 60}


class Site:
    """A LabBench with the authority's files, and the steps of the migration that these modules make."""

    def __init__(self, directory, **unknowns):
        self.results: list[dict[str, Any]] = []
        self.bench = LabBench(directory, **unknowns)
        self.world = self.bench.world
        directory.mkdir(exist_ok=True)
        pem, key = directory / "ca.pem", directory / "ca.key"
        pem.write_bytes(self.world.ca.certificate.public_bytes(Encoding.PEM))
        key.write_bytes(self.world.ca.key_pem(PASSPHRASE))
        key.chmod(0o600)
        self.authority = {
            "authority": {"certificate": str(pem), "key": str(key)},
            "authority_passphrase": PASSPHRASE,
        }

    def pool(self, **how):
        self.bench.done(topology, {"source": "declared", "pool": POOL}, **how)
        self.bench.done(local_store, {}, **how)

    def databases(self, check):
        if not check:
            parameters = {"ConfiguredDatabases": True, "SqlServerFqdn": "pool2013.contoso.test", "Confirm": False}
            reply = self.bench.hosts["fe2013"].request([{"cmdlet": "Install-CsDatabase", "parameters": parameters}], 60)
            assert reply.ends[0]["ok"]

    def edge(self, **how):
        self.bench.done(topology, {"source": "declared", "edge": EDGE}, **how)
        self.bench.done(local_store, {"source_host": "fe2013"}, host="edge2013", **how)

    def steps(self, check):
        """(module, options, host) in the order of the roles; topology steps included."""
        yield topology, {"source": "declared", "pool": POOL}, "fe2013"
        yield local_store, {}, "fe2013"
        yield server_components, {}, "fe2013"
        self.databases(check)
        yield certificate, {**FRONT_END, **self.authority}, "fe2013"
        yield certificate_assignment, FRONT_END, "fe2013"
        yield lync_service, {}, "fe2013"
        yield store_replication, REPLICATED, "fe2013"
        yield topology, {"source": "declared", "edge": EDGE}, "fe2013"
        yield local_store, {"source_host": "fe2013"}, "edge2013"
        yield server_components, {}, "edge2013"
        yield certificate, {**INTERNAL, **self.authority}, "edge2013"
        yield certificate, {**OUTSIDE, **self.authority}, "edge2013"
        yield certificate_assignment, INTERNAL, "edge2013"
        yield certificate_assignment, OUTSIDE, "edge2013"
        yield lync_service, {}, "edge2013"
        yield store_replication, REPLICATED, "fe2013"
        if check:
            self.bench.prove("users_homed", check=True)
        else:
            home_everybody(self.bench)
        yield certificate, {**XMPP, **self.authority}, "edge2013"
        yield topology, {"source": "declared", "edge": FEATURES}, "fe2013"
        yield store_replication, REPLICATED, "fe2013"
        yield server_components, {"xmpp": True}, "fe2013"
        yield lync_service, {}, "fe2013"
        yield server_components, {"xmpp": True}, "edge2013"
        yield certificate_assignment, XMPP, "edge2013"
        yield lync_service, {"listening_ports": [5269, 23456]}, "edge2013"

    def migrate(self, check=False, until=None):
        results = []
        for module, options, host in self.steps(check):
            results.append(self.bench.done(module, options, host=host, check=check))
            if module is until:
                break
        return results


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
    site.bench.done(topology, {"source": "declared", "edge": EDGE})
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


# --- certificates


def test_a_certificate_is_made_for_the_key_on_the_server(site):
    site.pool()
    result = site.bench.done(certificate, {**FRONT_END, **site.authority})
    shown = result["certificate"]
    assert shown["obtained"] is True and shown["names"][0] == "pool2013.contoso.test"
    assert {"sip.contoso.test", "sip.wingtip.test"} <= set(shown["names"])
    store = site.world.computer("pool2013.contoso.test").certificates
    assert store.find(shown["thumbprint"]).key is not None


def test_an_edge_is_made_to_trust_the_authority(site):
    site.pool()
    site.edge()
    edge = site.world.computer("edge2013.contoso.test")
    result = site.bench.done(certificate, {**INTERNAL, **site.authority}, host="edge2013")
    assert [c["cmdlet"] for c in result["calls"]].count("Import-Certificate") == 1
    assert len(edge.certificates.stores["Root"]) == 1


def test_a_certificate_that_ends_soon_is_obtained_anew(site):
    site.pool()
    first = site.bench.done(certificate, {**FRONT_END, **site.authority})
    site.world.clock.advance(86400 * 710)
    second = site.bench.done(certificate, {**FRONT_END, **site.authority})
    assert second["changed"] is True
    assert first["certificate"]["thumbprint"] != second["certificate"]["thumbprint"]


@pytest.mark.parametrize(
    "change, said",
    [
        ({"authority_passphrase": "wrong"}, "The passphrase does not open"),
        ({"authority_passphrase": None}, "no passphrase is given"),
        ({"authority": None}, "has no certificate with its private key for Default"),
        ({"subject": "*.contoso.test"}, "contains a wildcard"),
        ({"names": ["webcon.contoso.test, evil.test"]}, "The certificate cannot be as wanted"),
        ({"uses": ["Everything"]}, "'Everything' is none of them"),
        ({"uses": []}, "uses is empty"),
    ],
)
def test_what_keeps_a_certificate_from_being_made(site, change, said):
    site.pool()
    start = len(site.world.transcript)
    options = {**FRONT_END, **site.authority, **change}
    result = site.bench.run(certificate, {k: v for k, v in options.items() if v is not None})
    assert result["failed"] and said in result["msg"], result["msg"]
    assert site.bench.called(start) == []


def test_a_key_that_others_can_read_signs_nothing(site, tmp_path):
    site.pool()
    (tmp_path / "ca.key").chmod(0o640)
    assert "can be read by others" in site.bench.run(certificate, {**FRONT_END, **site.authority})["msg"]


def test_nothing_is_assigned_that_lacks_a_name(site):
    site.pool()
    site.edge()
    site.bench.done(certificate, {**OUTSIDE, **site.authority}, host="edge2013")
    result = site.bench.run(certificate_assignment, {**OUTSIDE, "xmpp_domains": DOMAINS}, host="edge2013")
    assert result["failed"] and "contoso.test is not among its alternative names" in result["msg"]
    assert "Set-CsCertificate" not in site.bench.called()


def test_an_assignment_is_undone_to_what_was_there(site):
    site.pool()
    site.edge()
    old = site.bench.done(certificate, {**OUTSIDE, **site.authority}, host="edge2013")["certificate"]["thumbprint"]
    site.bench.done(certificate_assignment, OUTSIDE, host="edge2013")
    site.bench.done(certificate, {**XMPP, "uses": EXTERNAL, **site.authority}, host="edge2013")
    site.bench.done(certificate_assignment, {**XMPP, "uses": EXTERNAL}, host="edge2013")
    undo = [
        e["undo"]
        for e in site.bench.journal()
        if e["kind"] == "intent" and e["call"].get("name") == "Set-CsCertificate"
    ]
    assert [call["name"] for call in undo[0]] == ["Remove-CsCertificate"]
    assert undo[1][0]["parameters"]["Thumbprint"] == old


@pytest.mark.parametrize("answer", ["refused", "accepted"])
def test_a_request_names_xmpp_domains_before_the_ports_are_there(tmp_path, monkeypatch, answer):
    site = Site(tmp_path, xmpp_certificate_before_ports=answer)
    monkeypatch.setattr(_stored_certificates, "now", site.world.clock.now)
    site.pool()
    site.edge()
    names = site.bench.done(certificate, {**XMPP, **site.authority}, host="edge2013")["certificate"]["names"]
    assert set(DOMAINS) <= set(names)


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


def test_the_xmpp_proxy_waits_for_its_certificate(site):
    for module, options, host in site.steps(check=False):
        site.bench.done(module, options, host=host)
        if module is server_components and host == "edge2013" and options:
            break
    result = site.bench.done(lync_service, {}, host="edge2013")
    assert result["changed"] is False and "is not started yet" in result["warnings"][0]
    assert [e["fact"] for e in result.get("evidence", ())] == []
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
    shell.hello = {**shell.hello, "windows": "6.1.7601.65536"}
    result = site.bench.done(lync_service, {"listening_ports": [5269, 23456]}, host="edge2013")
    assert result["lync"]["listening"] == [5269, 23456]
    assert any(line["cmdlet"] == "netstat.exe" for line in site.world.transcript.lines())


# --- replication


def test_replication_that_never_comes_is_said_with_what_to_look_at(site):
    site.pool()
    site.edge()
    site.world.replicas["edge2013.contoso.test"].lag = 86_400
    change = {"pool_fqdn": POOL["fqdn"], "edge_fqdn": EDGE["fqdn"]}
    site.bench.done(topology, {"source": "declared", "registrar_edge": change})
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
    site.bench.done(topology, {"source": "declared", "registrar_edge": change})
    site.world.clock.advance(60)
    result = site.bench.done(store_replication, REPLICATED)
    assert [c["cmdlet"] for c in result["calls"]] == ["Invoke-CsManagementStoreReplication"]
