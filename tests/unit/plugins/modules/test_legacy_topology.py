# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""legacy_topology: the list of Edges, the merge, its publish, and what is planned of a document that nobody knows."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._topology import legacy
from ansible_collections.lync.xmpp_migration.plugins.module_utils._topology.losses import NOTES_FILE
from ansible_collections.lync.xmpp_migration.plugins.modules import federation_route
from ansible_collections.lync.xmpp_migration.plugins.modules import legacy_topology as module
from ansible_collections.lync.xmpp_migration.tests.unit.doubles import Bench, Estate, ServerError
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.module_utils.topology_samples import TEXT
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.lync_people import undocumented

OCS, OCS_EDGE = "ocspool.contoso.test", "ocsedge.contoso.test"
EDGE = {
    "internal_fqdn": OCS_EDGE,
    "web_conferencing_fqdn": "webconf.contoso.test",
    "next_hop_fqdn": OCS,
    "federation": True,
}
OPTIONS = {"pools": [OCS], "edges": [EDGE]}
NS = {"i": legacy.NS}
FORCE = {"Force": True, "Confirm": False}
URL = {
    "Identity": "Global",
    "SimpleUrl.Component": ["meet"],
    "SimpleUrl.Domain": ["contoso.test"],
    "SimpleUrl.ActiveUrl": ["https://meet.contoso.test"],
    "SimpleUrl.SimpleUrlEntry.Url": ["https://meet.contoso.test"],
}


class Server:
    """A Front End that merges, publishes, and loses simple URLs by it."""

    def __init__(self, bench: Bench) -> None:
        self.bench, self.shell = bench, bench.hosts["fe2013"]
        self.merged = TEXT
        self.brings = [OCS, OCS_EDGE]
        files = self.shell.files
        self.shell.handlers.update(
            {
                "Get-Item": lambda _s, p: [{"FullName": p["LiteralPath"]}] if p["LiteralPath"].lower() in files else [],
                "Remove-Item": lambda _s, p: files.pop(p["LiteralPath"].lower(), None) and None,
                "Merge-CsLegacyTopology": self._merge,
                "Publish-CsTopology": self._publish,
                "Enable-CsTopology": lambda _s, _p: None,
                "New-CsSimpleUrlEntry": lambda _s, p: [p],
                "New-CsSimpleUrl": lambda _s, p: [p],
                "Set-CsSimpleUrlConfiguration": self._set_urls,
                "Set-CsSite": self._set_site,
            }
        )

    def _merge(self, shell: Any, parameters: Any) -> None:
        assert parameters["UserInputFileName"].lower() in shell.files
        shell.files[parameters["TopologyXmlFileName"].lower()] = self.merged.encode()

    def _publish(self, shell: Any, parameters: Any) -> None:
        assert parameters["FileName"].lower() in shell.files
        estate = self.bench.estate
        estate.rows["simple_url_configuration"] = {}
        estate.put("site", {"Identity": "Site:BackCompatSite"})
        for name in self.brings:
            estate.put("pool", {"Identity": name, "Fqdn": name, "Site": "Site:BackCompatSite"})
        if OCS_EDGE in self.brings:
            port = {"AccessEdgeExternalSipPort": 5061}
            estate.put("edge_server", {"Identity": f"EdgeServer:{OCS_EDGE}", "PoolFqdn": OCS_EDGE, **port})

    def _set_urls(self, _shell: Any, _parameters: Any) -> None:
        self.bench.estate.put("simple_url_configuration", URL)

    def _set_site(self, _shell: Any, parameters: Any) -> None:
        row = self.bench.estate.rows["site"][f"site:{parameters['Identity'].lower()}"]
        row.update({name: value for name, value in parameters.items() if name.endswith("Route")})


@pytest.fixture(name="bench")
def _bench(tmp_path):
    estate = Estate(
        site=[{"Identity": "Site:Redmond", "FederationRoute": None, "XmppFederationRoute": None}],
        topology_document=[{".": TEXT}],
        simple_url_configuration=[URL],
    )
    bench = Bench(tmp_path, estate)
    bench.server = Server(bench)
    return bench


def names(bench):
    return [name for name, _ in bench.writes]


def test_ocs_is_merged_once(bench):
    result = bench.run(module, OPTIONS)
    assert result["changed"] is True
    assert result["legacy_topology"] == {
        "site": "Site:BackCompatSite",
        "pools": [OCS_EDGE, OCS],
        "edges": {OCS_EDGE: True},
    }
    assert names(bench) == [
        "file.write", "Merge-CsLegacyTopology", "file.write", "Publish-CsTopology", "New-CsSimpleUrlEntry", "New-CsSimpleUrl",
        "Set-CsSimpleUrlConfiguration", "Enable-CsTopology", "Remove-Item", "Remove-Item", "Remove-Item",
    ]  # fmt: skip
    merge, publish = (dict(bench.writes)[name] for name in ("Merge-CsLegacyTopology", "Publish-CsTopology"))
    assert merge == {"TopologyXmlFileName": legacy.MERGED_FILE, "UserInputFileName": legacy.INPUT_FILE, **FORCE}
    assert publish == {"FileName": legacy.MERGED_FILE, "BackupFileName": legacy.BACKUP_FILE, **FORCE}
    assert bench.hosts["fe2013"].files == {}  # nothing of ours stays
    assert bench.estate.rows["simple_url_configuration"]  # put back
    assert undocumented(module, result) == []
    count = len(bench.writes)
    again = bench.run(module, OPTIONS)
    assert again["changed"] is False and again["legacy_topology"] == result["legacy_topology"]
    assert len(bench.writes) == count


def test_the_merge_is_made_again_when_asked(bench):
    bench.run(module, OPTIONS)
    assert bench.run(module, {**OPTIONS, "again": True})["changed"] is True
    assert names(bench).count("Publish-CsTopology") == 2


def test_a_new_edge_is_a_reason_to_merge(bench):
    bench.server.brings = [OCS]
    bench.run(module, {"pools": [OCS]})
    bench.server.brings = [OCS, OCS_EDGE]
    assert bench.run(module, OPTIONS)["changed"] is True


def test_the_way_back_and_the_routes_that_are_kept(bench):
    bench.estate.put(
        "site", {"Identity": "Site:Redmond", "FederationRoute": f"EdgeServer:{OCS_EDGE}", "XmppFederationRoute": None}
    )
    bench.run(module, OPTIONS)
    route = {"Identity": "Redmond", "FederationRoute": f"EdgeServer:{OCS_EDGE}", "Confirm": False}
    assert dict(bench.writes)["Set-CsSite"] == route
    intent = next(e for e in bench.journal() if e.get("call", {}).get("name") == "Publish-CsTopology")
    assert intent["undo"][0]["parameters"] == {"FileName": legacy.BACKUP_FILE, **FORCE}
    assert [one["name"] for one in intent["undo"]][-2:] == ["Set-CsSimpleUrlConfiguration", "Enable-CsTopology"]
    assert "Set-CsSite" in [one["name"] for one in intent["undo"]]


def test_the_list_of_edges(bench):
    edge = {
        **EDGE,
        "internal_fqdn": "Edges.contoso.test",
        "machines": ["e1.contoso.test", "e2.contoso.test"],
        "federation": False,
        "av_edge": False,
        "access_port": 5062,
    }
    written: dict[str, bytes] = {}
    merge = bench.hosts["fe2013"].handlers["Merge-CsLegacyTopology"]

    def keep(shell, parameters):
        written.update(shell.files)
        merge(shell, parameters)

    bench.hosts["fe2013"].handlers["Merge-CsLegacyTopology"] = keep
    bench.run(module, {"pools": [OCS], "edges": [EDGE, edge], "registrar_port": 5070})
    text = written[legacy.INPUT_FILE.lower()]
    assert text.startswith(b'<?xml version="1.0" encoding="utf-8"?>')
    root = ElementTree.fromstring(text)  # noqa: S314 - our own file
    assert root.tag == f"{{{legacy.NS}}}TopologyInput"
    first, second = root.findall("i:EdgeClusters/i:EdgeCluster", NS)
    assert first.attrib == {
        "AP": "true", "MR": "true", "DP": "true", "Version": "OCS2007R2", "FederationEnabled": "true",
    }  # fmt: skip
    assert second.get("FederationEnabled") == "false" and second.get("MR") == "false"
    assert second.find("i:LoadBalancer", NS).attrib == {
        "InternalFqdn": "edges.contoso.test",
        "ExternalDPFqdn": "webconf.contoso.test",
    }
    machines = [one.get("InternalFqdn") for one in second.findall("i:Machines/i:Machine", NS)]
    assert machines == ["e1.contoso.test", "e2.contoso.test"]
    assert second.find("i:Ports", NS).attrib == {
        "InternalAPPort": "5062", "InternalDPPort": "8057", "ExternalDPPort": "443",
    }  # fmt: skip
    assert second.find("i:DirectorOrEdgeNextHop", NS).attrib == {"Fqdn": OCS}
    assert root.find("i:RegistrarClusterPort", NS).attrib == {"EnableAutoDiscoveryOfPorts": "false", "Port": "5070"}


def test_a_dry_run_on_a_bare_host_says_what_is_not_known(tmp_path):
    bench = Bench(tmp_path)
    bench.hosts["fe2013"].tools = False
    result = bench.run(module, OPTIONS, check=True)
    assert result["changed"] is True and result["legacy_topology"]["pools"] == [OCS_EDGE, OCS]
    assert result["legacy_topology"]["edges"] == {OCS_EDGE: True} and bench.writes == []
    publish = next(e for e in bench.plan() if e.get("call", {}).get("name") == "Publish-CsTopology")
    rows = {(one["collection"], one["identity"]): one["properties"] for one in publish["effects"]}
    unknown = {"$": "unknown"}
    assert rows["topology_document", "document"] == {legacy.LEGACY_PART: unknown}
    assert rows["site", "Site:BackCompatSite"]["Services"] == unknown
    assert rows["edge_server", f"EdgeServer:{OCS_EDGE}"]["Version"] == unknown
    assert rows["edge_server", f"EdgeServer:{OCS_EDGE}"]["AccessEdgeExternalSipPort"] == 5061
    assert bench.run(module, OPTIONS, check=True)["changed"] is False


def test_a_dry_run_leaves_the_known_topology_to_those_who_read_it_next(bench):
    bench.run(module, OPTIONS, check=True)
    session = bench.session(check=True)
    assert session.read("topology_document")[0] == [{".": TEXT}]
    route = {"site": "Redmond", "sip_edge_fqdn": OCS_EDGE}
    result = bench.run(federation_route, route, check=True)
    assert result["site"]["federation_route"] == f"EdgeServer:{OCS_EDGE}" and bench.writes == []


def test_dry_run_and_real_run_declare_the_same(bench):
    bench.run(module, OPTIONS, check=True)
    bench.run(module, OPTIONS)
    kinds = [
        [(e["call"].get("name") or e["call"]["type"], e["effects"]) for e in entries if e["kind"] == "intent"]
        for entries in (bench.plan(), bench.journal())
    ]
    assert kinds[0] == kinds[1]


def test_a_merged_document_without_a_published_pool(bench):
    bench.server.merged = TEXT.replace('Fqdn="pool2010.contoso.test"', 'Fqdn="other.contoso.test"')
    result = bench.run(module, OPTIONS)
    assert result["error"]["kind"] == "not_ready" and "pool2010.contoso.test of the published topology" in result["msg"]
    assert "Publish-CsTopology" not in names(bench)


@pytest.mark.parametrize("text", ["", "<Topology", "<TopologyBuilder/>", "\udcff"])
def test_a_merged_document_that_is_none(bench, text):
    def merge(shell, parameters):
        shell.files[parameters["TopologyXmlFileName"].lower()] = text.encode("utf-8", "surrogateescape")

    bench.hosts["fe2013"].handlers["Merge-CsLegacyTopology"] = merge
    result = bench.run(module, OPTIONS)
    assert "cannot be published" in result["msg"] and "Publish-CsTopology" not in names(bench)


def test_a_merge_that_does_not_bring_what_was_named(bench):
    bench.server.brings = [OCS]
    result = bench.run(module, OPTIONS)
    assert result["error"]["kind"] == "mismatch" and f"lacks the Edge {OCS_EDGE}" in result["msg"]
    assert "OCSWMIBC.msi" in result["msg"]


def test_a_merge_that_fails(bench):
    bench.hosts["fe2013"].failures["Merge-CsLegacyTopology"] = ServerError("ProcessingFailed")
    result = bench.run(module, OPTIONS)
    assert result["failed"] and "Merge-CsLegacyTopology on fe2013 did not succeed" in result["msg"]
    assert "Publish-CsTopology" not in names(bench)


def test_an_interrupted_publish_is_finished_first(bench):
    bench.hosts["fe2013"].failures["Enable-CsTopology"] = ServerError("ProcessingFailed")
    assert bench.run(module, OPTIONS)["failed"] and NOTES_FILE.lower() in bench.hosts["fe2013"].files
    bench.estate.rows["simple_url_configuration"] = {}
    del bench.hosts["fe2013"].failures["Enable-CsTopology"]
    result = bench.run(module, OPTIONS)
    assert result["changed"] is True and "A publish was interrupted earlier" in result["warnings"][0]
    assert bench.estate.rows["simple_url_configuration"] and NOTES_FILE.lower() not in bench.hosts["fe2013"].files
    assert bench.run(module, OPTIONS)["changed"] is False


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "Neither edges nor pools"),
        ({"pools": ["ocspool"]}, "pools:"),
        ({"edges": [{**EDGE, "internal_fqdn": 'a"/><x'}]}, "edges[0].internal_fqdn:"),
        ({"edges": [{**EDGE, "next_hop_fqdn": "*"}]}, "edges[0].next_hop_fqdn:"),
        ({"edges": [{**EDGE, "machines": ["x"]}]}, "edges[0].machines:"),
        ({"edges": [{**EDGE, "access_port": 0}]}, "edges[0].access_port:"),
        ({"edges": [EDGE, EDGE]}, "listed more than once"),
    ],
)
def test_bad_options(bench, options, says):
    result = bench.run(module, options)
    assert result["error"]["kind"] == "invalid_input" and says in result["msg"] and bench.writes == []
