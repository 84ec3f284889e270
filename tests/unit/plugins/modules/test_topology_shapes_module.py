# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module against the lab in every shape: Enterprise and Edge pools, the first topology of a forest, bare hosts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.lync.xmpp_migration import lab as lab_package
from ansible_collections.lync.xmpp_migration.plugins.module_utils._topology.losses import NOTES_FILE
from ansible_collections.lync.xmpp_migration.plugins.modules import (
    configuration_store_location,
    database,
    edge_server,
    federation_route,
    legacy_topology,
)
from ansible_collections.lync.xmpp_migration.plugins.modules import topology as module
from ansible_collections.lync.xmpp_migration.tests.replay.compare import differences
from ansible_collections.lync.xmpp_migration.tests.unit.lab_bench import LabBench

POOL: dict[str, Any] = {
    "fqdn": "eepool2013.contoso.test",
    "site": "Redmond",
    "kind": "enterprise",
    "machines": ["fe1.contoso.test", "fe2.contoso.test", "fe3.contoso.test"],
    "sql_server_fqdn": "sql2013.contoso.test",
    "sql_instance": "RTC",
    "file_server_fqdn": "files.contoso.test",
    "file_share": "lyncshare",
    "internal_web_fqdn": "webint.contoso.test",
    "external_web_fqdn": "webext.contoso.test",
}
EDGE: dict[str, Any] = {
    "fqdn": "edgepool2013.contoso.test",
    "site": "Redmond",
    "next_hop_fqdn": "eepool2013.contoso.test",
    "access_fqdn": "access.contoso.test",
    "web_conferencing_fqdn": "webcon.contoso.test",
    "av_fqdn": "av.contoso.test",
    "machines": [
        {"fqdn": f"edge{n}.contoso.test", "internal_address": f"10.0.1.4{n}", "external_address": f"10.0.2.4{n}",
         "public_address": f"203.0.113.4{n}"} for n in (1, 2)
    ],
}  # fmt: skip
ACCEPTED = {"source": "declared", "accepts": ["simple_urls_dropped"]}
ORGANISATION = {
    "sip_domains": ["contoso.test", "wingtip.test"],
    "site": {"name": "Redmond", "city": "Redmond", "state": "WA", "country": "US"},
}
EE_FQDN = "eepool2013.contoso.test"
HOST, OCS, OCS_EDGE = "fe2013a", "ocspool.contoso.test", "ocsedge.contoso.test"
LEGACY = {
    "pools": [OCS],
    "edges": [
        {
            "internal_fqdn": OCS_EDGE,
            "access_fqdn": "sip.contoso.test",
            "web_conferencing_fqdn": "webconf.contoso.test",
            "av_fqdn": "avedge.contoso.test",
            "next_hop_fqdn": OCS,
        }
    ],
}
STORE = {"sql_server_fqdn": "sql2013.contoso.test", "sql_instance": "RTC"}


def prepared(tmp_path, name, **changes):
    """An estate of bare hosts whose features and packages are there already."""
    source = Path(lab_package.__file__).parent / "estates" / f"{name}.yml"
    estate: dict[str, Any] = yaml.safe_load(source.read_text())
    for host in estate["hosts"]:
        if host.pop("bare", False):
            host.update(windows="6.2", powershell="3.0", product="lync_2013")
            host["packages"] = {"OCS WMI Backward Compatibility": "1"}
        host.update(changes.get(host["fqdn"].partition(".")[0], {}))
    estate["prepared_for"] = "lync_2013"
    path = tmp_path / "estate.yml"
    path.write_text(yaml.safe_dump(estate))
    return LabBench(tmp_path, str(path))


@pytest.fixture(name="bench")
def _bench(tmp_path):
    return prepared(tmp_path, "lync2010-enterprise")


@pytest.fixture(name="ocs")
def _ocs(tmp_path):
    lab = prepared(tmp_path, "ocs2007r2-enterprise")
    lab.done(database, {**STORE, "central_management": True}, HOST)
    lab.done(configuration_store_location, STORE, HOST)
    return lab


def cs(bench, start=0):
    return [name for name in bench.called(start) if "-Cs" in name]


def test_an_enterprise_pool_and_an_edge_pool_with_nat(bench):
    urls = bench.world.cms.rows("simple_url_configuration")["Global"]["SimpleUrl"]
    steps = [{"pool": {**POOL, "edge_fqdn": "edge2010.contoso.test"}}, {"edge": EDGE}]
    planned = [bench.done(module, {**ACCEPTED, **step}, HOST, check=True) for step in steps]
    assert all(one["changed"] for one in planned) and bench.called() == []
    made = [bench.done(module, {**ACCEPTED, **step}, HOST) for step in steps]
    assert all(one["changed"] for one in made)
    assert differences(bench.plan(), bench.journal()) == []
    assert cs(bench)[:5] == [
        "Publish-CsTopology", "Set-CsSite", "Set-CsSimpleUrlConfiguration", "Set-CsWebServer", "Enable-CsTopology",
    ]  # fmt: skip
    assert bench.world.cms.rows("simple_url_configuration")["Global"]["SimpleUrl"] == urls and urls
    pool = made[0]["topology"]["pools"]["eepool2013.contoso.test"]
    assert (pool["sql"], pool["file_share"]) == (r"sql2013.contoso.test\RTC", r"\\files.contoso.test\lyncshare")
    assert pool["computers"] == POOL["machines"] and pool["edge"] == "edge2010.contoso.test"
    edge = made[1]["topology"]["pools"]["edgepool2013.contoso.test"]
    assert edge["addresses"]["edge1.contoso.test"]["public"] == "203.0.113.41" and not edge["xmpp"]
    assert [bench.done(module, {**ACCEPTED, **step}, HOST)["changed"] for step in steps] == [False, False]
    assert bench.world.laws.violations == []


def test_the_cost_is_accepted_by_name_or_nothing_is_published(bench):
    result = bench.run(module, {"source": "declared", "pool": POOL}, HOST)
    assert result["failed"] and "accepts: [simple_urls_dropped]" in result["msg"]
    assert "drops the simple URLs of the whole organisation until this same task has put them back" in result["msg"]
    assert "no document with a Lync Server 2013 Edge has ever been published" in result["msg"]
    assert bench.run(module, {"source": "declared", "pool": POOL}, HOST, check=True)["msg"] == result["msg"]
    assert bench.called() == []
    bench.done(module, {**ACCEPTED, "pool": POOL}, HOST)
    # where nothing is missing nothing is published, so nothing has to be accepted
    assert bench.done(module, {"source": "declared", "pool": POOL}, HOST)["changed"] is False


def test_the_internal_web_fqdn_is_set_where_the_publish_was_interrupted(bench):
    without = {key: value for key, value in POOL.items() if key != "internal_web_fqdn"}
    bench.done(module, {**ACCEPTED, "pool": without}, HOST)
    start = len(bench.world.transcript)
    assert bench.done(module, {**ACCEPTED, "pool": POOL}, HOST)["changed"] is True
    assert cs(bench, start) == ["Set-CsWebServer", "Enable-CsTopology"]
    assert bench.done(module, {**ACCEPTED, "pool": POOL}, HOST)["changed"] is False
    result = bench.run(module, {**ACCEPTED, "pool": {**POOL, "internal_web_fqdn": "other.contoso.test"}}, HOST)
    assert "has webint.contoso.test as the internal FQDN of its web services" in result["msg"]


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"file_share": "absent"}, r"The file share '\\files.contoso.test\absent' cannot be found"),
        ({"sql_instance": "ABSENT"}, "The SQL Server instance 'ABSENT' on 'sql2013.contoso.test' cannot be found"),
        ({"file_server_fqdn": "absent.contoso.test"}, r"The file share '\\absent.contoso.test\lyncshare' cannot"),
        ({"machines": ["absent.contoso.test", "fe1.contoso.test"]}, "'absent.contoso.test' does not exist in Active"),
    ],
)
def test_what_the_server_looks_for_is_quoted(bench, changes, said):
    result = bench.run(module, {**ACCEPTED, "pool": {**POOL, **changes}}, HOST)
    assert result["failed"] and said in result["msg"], result["msg"]
    assert bench.world.cms.topology.pool(POOL["fqdn"]) is None


def test_a_share_without_rights(tmp_path):
    bench = prepared(tmp_path, "lync2010-enterprise", files={"shares_granted": False})
    result = bench.run(module, {**ACCEPTED, "pool": POOL}, HOST)
    assert result["failed"] and "is denied" in result["msg"]


# --- the first topology of a forest


def test_the_first_topology_of_a_forest(ocs):
    step = {"source": "declared", "organisation": ORGANISATION, "pool": POOL}
    start = len(ocs.world.transcript)
    assert ocs.done(module, step, HOST, check=True)["changed"] is True
    result = ocs.done(module, step, HOST)
    assert cs(ocs, start) == ["Publish-CsTopology", "Set-CsWebServer", "Enable-CsTopology"]
    intent = next(e for e in ocs.journal() if e["kind"] == "intent" and e["call"].get("name") == "Publish-CsTopology")
    assert "BackupFileName" not in intent["call"]["parameters"] and "FinalizeUninstall" in str(intent["undo"])
    assert result["topology"]["pools"][POOL["fqdn"]]["central_management"] is True
    topology = ocs.world.cms.topology
    assert topology.domains == ("contoso.test", "wingtip.test") and topology.sites[0].name == "Redmond"
    central = topology.role_on(topology.pool(POOL["fqdn"]), "CentralMgmt")
    assert topology.target(central, "CentralMgmtStore").sql.endswith("/RTC")
    assert ocs.done(module, step, HOST)["changed"] is False
    assert ocs.done(module, {"source": "declared", "edge": EDGE}, HOST)["changed"] is True
    other = {**ORGANISATION, "sip_domains": ["contoso.test", "fabrikam.test"]}
    assert "has no SIP domain fabrikam.test" in ocs.run(module, {**step, "organisation": other}, HOST)["msg"]


@pytest.mark.parametrize("after", [False, True], ids=["before the publish", "after it took effect"])
def test_a_first_publish_that_was_interrupted(ocs, after):
    step = {"source": "declared", "organisation": ORGANISATION, "pool": POOL}
    shell = ocs.hosts[HOST]
    real = shell.request

    def dies(calls, seconds):
        names = [call.get("cmdlet") for call in calls]
        if "Publish-CsTopology" in names:
            if after:
                real(calls[: names.index("Publish-CsTopology") + 1], seconds)
            raise RuntimeError("the server was switched off")
        return real(calls, seconds)

    shell.request = dies
    with pytest.raises(RuntimeError):
        ocs.run(module, step, HOST)
    shell.request = real
    assert ocs.done(module, step, HOST)["changed"] is True
    assert ocs.done(module, step, HOST)["changed"] is False
    assert EE_FQDN in ocs.world.tables["trusted_services"]
    service = ocs.world.cms.topology.service(f"WebServer:{EE_FQDN}")
    assert service.detail("InternalSettings.Host") == "webint.contoso.test"
    assert not ocs.world.files.exists(ocs.world.computer("fe1.contoso.test"), NOTES_FILE)


def test_nothing_published_and_nothing_said_of_the_organisation(ocs):
    result = ocs.run(module, {"source": "declared", "pool": POOL}, HOST)
    assert result["failed"] and result["error"]["kind"] == "not_ready"


def test_the_operator_publishes_the_first_topology(ocs):
    step = {"source": "builder", "organisation": ORGANISATION, "pool": POOL}
    result = ocs.run(module, step, HOST)
    assert "with the Central Management Server" in result["msg"] and "'Override FQDN'" in result["msg"]
    planned = ocs.done(module, step, HOST, check=True)
    assert planned["changed"] is False
    from ansible_collections.lync.xmpp_migration.lab import builder

    class Here:
        def real(self, additions):
            return additions

    text = {
        "sites": [{"name": "Redmond"}],
        "pools": [
            {
                "fqdn": POOL["fqdn"], "version": 6, "kind": "enterprise", "machines": POOL["machines"],
                "sql": POOL["sql_server_fqdn"], "file_store": POOL["file_server_fqdn"], "share": "lyncshare",
                "external_web_fqdn": "webext.contoso.test", "internal_web_fqdn": "webint.contoso.test",
            }
        ],
    }  # fmt: skip
    builder.publish(ocs.world, Here(), yaml.safe_dump(text))
    assert ocs.done(module, step, HOST)["changed"] is False
    assert ocs.done(module, {**step, "source": "declared"}, HOST)["changed"] is False


# --- what a dry run cannot know


def test_a_dry_run_on_bare_hosts_plans_what_the_real_run_does(tmp_path):
    for name in ("bare", "real"):
        (tmp_path / name).mkdir()
    bare = LabBench(tmp_path / "bare", "lync2010-enterprise")
    route = {"site": "Redmond", "sip_edge_fqdn": "edge2010.contoso.test", "keep_routes_to": [EDGE["fqdn"]]}
    steps: list[dict[str, Any]] = [
        {"pool": {**POOL, "edge_fqdn": "edge2010.contoso.test"}},
        {"edge": EDGE},
        {"registrar_edge": {"pool_fqdn": POOL["fqdn"], "edge_fqdn": EDGE["fqdn"]}},
    ]
    for step in steps:
        result = bare.done(module, {**ACCEPTED, **step}, HOST, check=True)
        assert result["changed"] is True and "is not known on fe2013a" in result["warnings"][0]
        assert bare.done(module, {**ACCEPTED, **step}, HOST, check=True)["changed"] is False
        bare.done(federation_route, route, HOST, check=True)
    assert bare.called() == []
    real = prepared(tmp_path / "real", "lync2010-enterprise")
    for step in steps:
        assert real.done(module, {**ACCEPTED, **step}, HOST)["changed"] is True
        assert real.done(federation_route, route, HOST)["changed"] is False
    assert differences(bare.plan(), real.journal()) == []


def test_after_a_planned_merge_only_what_is_asked_for_is_planned(ocs):
    steps: list[tuple[Any, dict[str, Any]]] = [
        (module, {"source": "declared", "organisation": ORGANISATION, "pool": POOL}),
        (legacy_topology, LEGACY),
        (module, {"source": "declared", "registrar_edge": {"pool_fqdn": POOL["fqdn"], "edge_fqdn": OCS_EDGE}}),
        (module, {"source": "declared", "edge": EDGE}),
        (module, {"source": "declared", "edge": {"fqdn": EDGE["fqdn"], "federation": True}}),
    ]
    start = len(ocs.journal())
    for one, options in steps:
        planned = ocs.done(one, options, HOST, check=True)
        assert planned["changed"] is True
    assert "not known after the merge that is planned" in planned["warnings"][0]
    assert planned["topology"]["pools"][EDGE["fqdn"]]["computers"] == ["edge1.contoso.test", "edge2.contoso.test"]
    for one, options in steps:
        assert ocs.done(one, options, HOST)["changed"] is True
    topology = ocs.world.cms.topology
    registrar = topology.role_on(topology.pool(POOL["fqdn"]), "Registrar")
    assert topology.identity(topology.target(registrar, "EdgeServer")) == f"EdgeServer:{OCS_EDGE}"
    assert differences(ocs.plan(), ocs.journal()[start:]) == []
    assert [ocs.done(one, options, HOST)["changed"] for one, options in steps] == [False] * 5


def test_a_dry_run_of_all_topology_steps_on_bare_hosts(tmp_path):
    for name in ("bare", "real"):
        (tmp_path / name).mkdir()
    bare = LabBench(tmp_path / "bare", "lync2010-enterprise")
    real = prepared(tmp_path / "real", "lync2010-enterprise")
    edge = EDGE["fqdn"]
    ports = {"access_edge_external_sip_port": 5061, "xmpp_listening_port": 5269, "xmpp_internal_port": 23456}
    for bench, check in ((bare, True), (real, False)):
        bench.done(module, {**ACCEPTED, "pool": {**POOL, "edge_fqdn": "edge2010.contoso.test"}}, HOST, check=check)
        bench.done(module, {**ACCEPTED, "edge": EDGE}, HOST, check=check)
        for user in () if check else bench.world.ad:
            if user.registrar_pool:
                bench.world.ad.rehome(user, POOL["fqdn"], bench.world.clock.now())
        bench.prove("users_homed", check=check)
        features = {"fqdn": edge, "site": "Redmond", "federation": True, "xmpp": True}
        bench.done(module, {**ACCEPTED, "edge": features}, HOST, check=check)
        assert bench.done(edge_server, {"fqdn": edge, **ports}, HOST, check=check)["changed"] is False
        bench.done(federation_route, {"site": "Redmond", "xmpp_edge_fqdn": edge}, HOST, check=check)
        association = {"pool_fqdn": POOL["fqdn"], "edge_fqdn": edge}
        bench.done(module, {**ACCEPTED, "registrar_edge": association}, HOST, check=check)
    assert differences(bare.plan(), real.journal()) == []
    assert real.world.laws.violations == []
