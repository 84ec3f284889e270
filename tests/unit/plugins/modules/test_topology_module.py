# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module against the lab: its own rules judge what is published."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.lab.organisation.deployment import publish
from ansible_collections.lync.xmpp_migration.lab.organisation.topology_draft import Draft
from ansible_collections.lync.xmpp_migration.plugins.module_utils._topology.losses import NOTES_FILE
from ansible_collections.lync.xmpp_migration.plugins.modules import topology as module
from ansible_collections.lync.xmpp_migration.tests.unit.lab_bench import LabBench

POOL: dict[str, Any] = {"fqdn": "pool2013.contoso.test", "site": "Redmond", "edge_fqdn": "edge2010.contoso.test"}
EDGE: dict[str, Any] = {
    "fqdn": "edge2013.contoso.test",
    "site": "Redmond",
    "next_hop_fqdn": "pool2013.contoso.test",
    "access_fqdn": "access.contoso.test",
    "web_conferencing_fqdn": "webcon.contoso.test",
    "av_fqdn": "av.contoso.test",
    "internal_address": "10.0.1.40",
    "external_address": "203.0.113.40",
}
FEATURES: dict[str, Any] = {"fqdn": "edge2013.contoso.test", "site": "Redmond", "federation": True, "xmpp": True}
STEPS: list[dict[str, Any]] = [{"pool": POOL}, {"edge": EDGE}, {"edge": FEATURES}]
PUBLISH = ["Publish-CsTopology", "Set-CsSite", "Set-CsSimpleUrlConfiguration", "Enable-CsTopology"]


@pytest.fixture(name="bench")
def _bench(tmp_path):
    return LabBench(tmp_path)


def declared(**options):
    return {"source": "declared", "accepts": ["simple_urls_dropped"], **options}


def urls(bench):
    return bench.world.cms.rows("simple_url_configuration")["Global"]["SimpleUrl"]


def home_everybody(bench):
    """As after the third step."""
    for user in bench.world.ad:
        if user.registrar_pool:
            bench.world.ad.rehome(user, "pool2013.contoso.test", bench.world.clock.now())
    bench.prove("users_homed")


def test_the_three_additions_of_a_migration(bench):
    before = urls(bench)
    for step in STEPS:
        if step.get("edge") is FEATURES:
            assert bench.world.laws.violations == []
            home_everybody(bench)
        start = len(bench.world.transcript)
        result = bench.done(module, declared(**step))
        assert result["changed"] is True
        assert [name for name in bench.called(start) if "-Cs" in name] == PUBLISH
        assert bench.done(module, declared(**step))["changed"] is False
    topology = bench.world.cms.topology
    assert topology.version_of(topology.pool("pool2013.contoso.test")) == 6
    assert [topology.identity(s) for s in topology.xmpp_edges()] == ["EdgeServer:edge2013.contoso.test"]
    assert urls(bench) == before
    assert bench.world.laws.violations == []
    assert result["topology"]["pools"]["edge2013.contoso.test"]["xmpp"] is True
    assert "XmppFederationProxy" in result["topology"]["difference"]


def test_a_dry_run_of_all_steps_plans_what_a_real_run_does(bench):
    bench.prove("users_homed", check=True, run="dry")
    for step in STEPS:
        result = bench.done(module, declared(**step), check=True, run="dry")
        assert result["changed"] is True and result["calls"]
    assert bench.called() == []
    planned = [
        (e["call"].get("name") or e["call"].get("path"), e["object"])
        for e in bench.plan("dry")
        if e["kind"] == "intent"
    ]
    bench.prove("users_homed")
    for step in STEPS:
        bench.done(module, declared(**step))
    made = [
        (e["call"].get("name") or e["call"].get("path"), e["object"]) for e in bench.journal() if e["kind"] == "intent"
    ]
    assert planned == made and len(planned) == 24


def test_xmpp_ports_wait_for_the_users(bench):
    for step in STEPS[:2]:
        bench.done(module, declared(**step))
    result = bench.run(module, declared(edge=FEATURES))
    assert result["failed"] and result["error"]["kind"] == "refused"
    assert "gets no XMPP port" in result["msg"]
    assert not bench.world.cms.topology.xmpp_edges()


def test_undo_is_a_publish_of_the_backup_with_its_simple_urls(bench):
    bench.done(module, declared(pool=POOL))
    entry = next(e for e in bench.journal() if e["kind"] == "intent" and e["call"].get("name") == "Publish-CsTopology")
    backup = entry["call"]["parameters"]["BackupFileName"]
    names = [call["name"] for call in entry["undo"]]
    assert names[0] == "Publish-CsTopology" and names[-1] == "Enable-CsTopology"
    assert entry["undo"][0]["parameters"]["FileName"] == backup
    assert names.count("Set-CsSimpleUrlConfiguration") == 1 and names.count("New-CsSimpleUrl") == 3
    computer = bench.world.computer("pool2013.contoso.test")
    assert b"pool2013" not in bench.world.files.read(computer, backup)


@pytest.mark.parametrize(
    "step, said",
    [
        ({"pool": {**POOL, "site": "Dublin"}}, "no site named 'Dublin'"),
        ({"pool": {**POOL, "fqdn": "pool2010.contoso.test"}}, "the topology has it with Lync Server 2010"),
        ({"pool": {**POOL, "edge_fqdn": "none.contoso.test"}}, "no Edge pool none.contoso.test"),
        ({"pool": {**POOL, "fqdn": "pool*"}}, "contains a wildcard"),
        ({"pool": {**POOL, "kind": "enterprise"}}, "making it needs pool.machines, pool.sql_server_fqdn, pool.sql_in"),
        ({"edge": {"fqdn": "edge2013.contoso.test"}}, "making it needs edge.site, edge.next_hop_fqdn"),
        ({"edge": EDGE}, "as next hop, but the topology has no such pool"),
        ({"edge": {**FEATURES, "fqdn": "edge2010.contoso.test"}}, "wanted as a pool of Lync Server 2013"),
        (
            {"registrar_edge": {"pool_fqdn": "x.contoso.test", "edge_fqdn": "edge2010.contoso.test"}},
            "no pool x.contoso",
        ),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_written(bench, step, said):
    result = bench.run(module, declared(**step))
    assert result["failed"] and said in result["msg"], result["msg"]
    assert bench.called() == []


def test_an_existing_edge_that_is_otherwise_is_not_altered(bench):
    for step in STEPS[:2]:
        bench.done(module, declared(**step))
    result = bench.run(module, declared(edge={**EDGE, "access_fqdn": "other.contoso.test"}))
    assert "has access.contoso.test as access_fqdn in the topology" in result["msg"]
    bench.prove("users_homed")
    bench.done(module, declared(edge=FEATURES))
    result = bench.run(module, declared(edge={"fqdn": EDGE["fqdn"], "xmpp": False}))
    assert "this module only adds" in result["msg"]


def test_the_association_with_an_edge(bench):
    for step in STEPS[:2]:
        bench.done(module, declared(**step))
    result = bench.done(module, declared(pool={**POOL, "edge_fqdn": EDGE["fqdn"]}))
    assert result["changed"] is False and "that was left alone" in result["warnings"][0]
    change = {"pool_fqdn": POOL["fqdn"], "edge_fqdn": EDGE["fqdn"]}
    assert bench.done(module, declared(registrar_edge=change))["changed"] is True
    assert bench.done(module, declared(registrar_edge=change))["changed"] is False


def test_the_operator_is_told_what_to_do_in_topology_builder(bench):
    result = bench.run(module, {"source": "builder", "pool": POOL})
    assert result["failed"] and result["error"]["kind"] == "not_ready"
    assert "make a new Front End pool pool2013.contoso.test and associate the Edge pool edge2010" in result["msg"]
    assert bench.called() == []
    planned = bench.done(module, {"source": "builder", "pool": POOL}, check=True)
    assert planned["changed"] is False and "To be done by the operator" in planned["warnings"][0]
    intents = [e for e in bench.plan() if e["kind"] == "intent"]
    assert [e["conditional"] for e in intents] == [True]
    # what follows sees the pool that the operator will have published
    edge = bench.done(module, {"source": "builder", "edge": EDGE}, check=True)
    assert edge["topology"]["pools"]["edge2013.contoso.test"]["product"] == "Lync Server 2013"


def test_waiting_for_the_operator(bench, tmp_path):
    twin = LabBench(tmp_path / "twin")
    twin.done(module, declared(pool=POOL))
    text = twin.world.cms.topology
    advance = bench.world.clock.advance

    def publish_meanwhile(seconds):
        advance(seconds)
        if bench.world.clock.now().minute >= 5:
            bench.world.publish(text)

    bench.world.clock.advance = publish_meanwhile
    result = bench.done(module, {"source": "builder", "pool": POOL, "wait_seconds": 600})
    assert result["changed"] is False
    assert result["topology"]["pools"]["pool2013.contoso.test"]["edge"] == "edge2010.contoso.test"
    late = LabBench(tmp_path / "late").run(module, {"source": "builder", "pool": POOL, "wait_seconds": 60})
    assert "was not published within 60 s" in late["msg"]


def test_somebody_else_publishes_meanwhile(bench):
    shell = bench.hosts["fe2013"]
    real = shell.request

    def meanwhile(calls, seconds):
        answer = real(calls, seconds)
        if calls[0].get("file", "").endswith(".xml") and "write" in calls[0]:
            publish(bench.world, Draft.of(bench.world.cms.topology))
        return answer

    shell.request = meanwhile
    result = bench.run(module, declared(pool=POOL))
    assert result["failed"] and "somebody has published since it was read" in result["msg"]
    assert "Publish-CsTopology" not in bench.called()
    shell.request = real
    assert bench.done(module, declared(pool=POOL))["changed"] is True


@pytest.mark.parametrize("keeps", ["yes", "no"])
def test_federation_routes_survive(tmp_path, keeps):
    bench = LabBench(tmp_path, publish_keeps_routes=keeps)
    before = bench.world.cms.rows("site")["Redmond"]["FederationRoute"]
    result = bench.done(module, declared(pool=POOL))
    assert before and bench.world.cms.rows("site")["Redmond"]["FederationRoute"] == before
    assert not any("put back" in text for text in result.get("warnings", ()))
    called = bench.called()
    assert called.index("Set-CsSite") == called.index("Publish-CsTopology") + 1, "nothing comes between loss and repair"


def test_a_publish_that_was_interrupted_is_finished(bench):
    before = urls(bench)
    shell = bench.hosts["fe2013"]
    real = shell.request

    def dies_after_publish(calls, seconds):
        names = [call.get("cmdlet") for call in calls]
        if "Publish-CsTopology" in names:
            real(calls[: names.index("Publish-CsTopology") + 1], seconds)
            raise RuntimeError("the server was switched off")
        return real(calls, seconds)

    shell.request = dies_after_publish
    with pytest.raises(RuntimeError):
        bench.run(module, declared(pool=POOL))
    assert urls(bench) == ()
    shell.request = real
    result = bench.done(module, declared(pool=POOL))
    assert result["changed"] is True and "was interrupted earlier" in result["warnings"][0]
    assert urls(bench) == before
    assert bench.done(module, declared(pool=POOL))["changed"] is False
    computer = bench.world.computer("pool2013.contoso.test")
    assert not bench.world.files.exists(computer, NOTES_FILE)


def test_a_server_that_refuses_is_quoted(bench):
    bench.world.computer("pool2013.contoso.test").joined = False
    result = bench.run(module, declared(pool=POOL))
    assert result["failed"]
    assert bench.world.cms.topology.pool("pool2013.contoso.test") is None
