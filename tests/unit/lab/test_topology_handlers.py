# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The topology document: made, read, checked, published."""

from __future__ import annotations

import re

import pytest
from ansible_collections.lync.xmpp_migration.lab.organisation import topology as documents
from ansible_collections.lync.xmpp_migration.lab.organisation.topology import TopologyError, parse
from ansible_collections.lync.xmpp_migration.lab.organisation.topology_draft import Draft, signature
from ansible_collections.lync.xmpp_migration.lab.organisation.topology_estate import EstateTopology
from ansible_collections.lync.xmpp_migration.lab.organisation.topology_rules import change, problems
from ansible_collections.lync.xmpp_migration.lab.organisation.topology_view import service_properties
from ansible_collections.lync.xmpp_migration.tests.unit.lab import deployment_steps as steps
from ansible_collections.lync.xmpp_migration.tests.unit.lab.worlds import Host
from hypothesis import given
from hypothesis import strategies as st

FILE = rf"{steps.TEMP}\topology.xml"


@pytest.fixture
def world():
    return steps.legacy()


@pytest.fixture
def fe(world):
    return Host(world, steps.FRONT_END)


def document(world) -> str:
    draft = EstateTopology.of(world.cms.topology)
    steps.add_2013(draft, world)
    return draft.topology().text


def put(host, text: str | bytes, path: str = FILE) -> str:
    content = text.encode() if isinstance(text, str) else text
    host.session.world.files.write(host.session.computer, path, content)
    return path


def publish(host, text, **parameters):
    return host.call("Publish-CsTopology", ["Signature"], FileName=put(host, text), Force=True, **parameters)


# --- the document


def test_the_document_of_the_estate_reads_back_and_has_nothing_to_refuse(world):
    topology = world.cms.topology
    assert problems(topology, topology) == []
    assert Draft.of(topology).topology().text == topology.text
    assert [s.name for s in topology.sites] == ["Redmond"]
    edge = service_properties(topology, topology.service("EdgeServer:edge2010.contoso.test"))
    assert (edge["AccessEdgeExternalSipPort"], edge["XmppListeningPort"], edge["Version"]) == (5061, None, 5)
    assert edge["Registrar"] == "Registrar:pool2010.contoso.test"
    registrar = service_properties(topology, topology.service("Registrar:pool2010.contoso.test"))
    assert registrar["EdgeServer"] == "EdgeServer:edge2010.contoso.test"
    assert registrar["XmppGatewaySipPort"] is None


def test_a_2013_edge_is_made_without_federation_and_xmpp_and_gets_both_by_ports(world):
    draft = EstateTopology.of(world.cms.topology)
    steps.add_2013(draft, world)
    before = draft.topology()
    edge = service_properties(before, before.service(f"EdgeServer:{steps.EDGE}"))
    assert (edge["AccessEdgeExternalSipPort"], edge["XmppListeningPort"], edge["XmppInternalPort"]) == (None,) * 3
    assert (edge["AccessEdgeExternalFqdn"], edge["AVEdgeExternalFqdn"]) == ("access.contoso.test", "av.contoso.test")
    registrar = service_properties(before, before.service(f"Registrar:{steps.FRONT_END}"))
    assert (registrar["EdgeServer"], registrar["XmppGatewaySipPort"]) == ("EdgeServer:edge2010.contoso.test", 5098)
    steps.enable_xmpp(draft)
    after = draft.topology()
    edge = service_properties(after, after.service(f"EdgeServer:{steps.EDGE}"))
    assert (edge["AccessEdgeExternalSipPort"], edge["XmppListeningPort"], edge["XmppInternalPort"]) == (
        5061,
        5269,
        23456,
    )
    difference = change(before, after)
    assert difference.additive and len(difference.altered) == 1 and not difference.added_services
    assert not change(after, before).additive


def test_a_redirected_document_is_utf16_with_a_byte_order_mark(world):
    text = world.cms.topology.text
    assert parse(text.encode("utf-16")).text == text
    assert parse(b"\xef\xbb\xbf" + text.encode()).text == text


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("<Topology", "not well-formed"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', "DTD is prohibited"),
        ("<Topology/>", "not the Topology element"),
        ('<TopologyBuilder xmlns="urn:schema:Microsoft.Rtc.Management.Deploy.TopologyBuilder.2008"/>', "tbxml"),
        (f'<Topology xmlns="{documents.NS}"/>', "'InternalDomains'"),
        (b"\xff\xfe\x00", "invalid characters"),
        (b"<Topology>\xff</Topology>", "invalid characters"),
    ],
)
def test_what_is_no_published_topology_is_refused_in_one_sentence(text, sentence):
    with pytest.raises(TopologyError, match=sentence):
        parse(text)


ESTATE = steps.legacy().cms.topology.text


@given(st.integers(0, len(ESTATE) - 1), st.integers(1, 60), st.text("<>/\"'=&; xX09", max_size=6))
def test_a_damaged_document_is_read_or_refused_but_never_breaks_the_reader(start, length, instead):
    try:
        topology = parse(ESTATE[:start] + instead + ESTATE[start + length :])
        problems(topology, None)
    except TopologyError as error:
        assert str(error).count("\n") == 0


def test_a_signature_is_new_for_each_publish_and_the_same_in_each_run():
    assert signature(1, 1) == signature(1, 1)
    assert len({signature(seed, count) for seed in range(3) for count in range(3)}) == 9


# --- what a publish refuses

DAMAGES = {
    "dangling cluster": (lambda t: t.replace('<ClusterId SiteId="1" Number="4" />\n', "", 1), "not defined|no 'ClusterId'"),
    "unknown cluster": (lambda t: re.sub(r'(<InstalledOn>\s*<ClusterId SiteId="1" Number=)"3"', r'\1"9"', t, count=1), "'1:9'"),
    "unknown dependency": (
        lambda t: t.replace('RoleName="ConfServices" Instance="2" />\n        </Dependency>',
                            'RoleName="ConfServices" Instance="7" />\n        </Dependency>', 1), "1-ConfServices-7"),
    "same FQDN twice": (
        lambda t: t.replace('RequiresSetup="true" Fqdn="edge2013.contoso.test"',
                            'RequiresSetup="true" Fqdn="Edge2010.contoso.test"'), "used more than once"),
    "same machine twice": (lambda t: t.replace('Fqdn="edge2013.contoso.test" Fault', 'Fqdn="edge2010.contoso.test" Fault'),
                           "used more than once|moved"),
    "unknown role": (lambda t: t.replace('RoleName="ManagementServices" Instance="2"', 'RoleName="Xmpp" Instance="1"'), "'Xmpp'"),
    "unknown version": (lambda t: t.replace('ServiceVersion="6"', 'ServiceVersion="9"', 1), "ServiceVersion 9"),
    "port out of range": (lambda t: t.replace('Port="5098"', 'Port="70000"'), "'Port' attribute"),
    "port twice": (
        lambda t: re.sub(r'(<Port Owner="urn:component:AccessEdge" Usage="SipServer" InterfaceSide="Internal".*?/>)',
                         r"\1\1", t, count=1), "more than once"),
    "default domain unknown": (lambda t: t.replace('DefaultDomain="contoso.test"', 'DefaultDomain="x.test"'), "x.test"),
    "no domain name": (lambda t: t.replace('Fqdn="pool2013.contoso.test" Fault', 'Fqdn="pool 2013" Fault'), "pool 2013"),
    "other site": (lambda t: t.replace('<CentralSite SiteId="1">', '<CentralSite SiteId="2">'), "SiteId '1'|in use"),
    "other signature": (lambda t: re.sub(r'Signature="[^"]+"', f'Signature="{signature(9, 9)}"', t), "somebody else"),
    "newer than the tools": (lambda t: t.replace('ServiceVersion="6"', 'ServiceVersion="8"'), "version 8"),
    "machine nobody knows": (lambda t: t.replace('pool2013.contoso.test', 'nobody.contoso.test'), "Active Directory"),
    "pool with users removed": (
        lambda t: _without(t, "pool2010.contoso.test"), "orphaned users|not defined"),
    "Edge of a route removed": (lambda t: _without(t, "edge2010.contoso.test"), "route leads to it|not defined"),
}  # fmt: skip


def _without(text: str, pool: str) -> str:
    draft = Draft.of(parse(text))
    draft.remove_pool(pool)
    return draft.topology().text


@pytest.mark.parametrize("damage", DAMAGES, ids=str)
def test_publish_refuses_and_changes_nothing(world, fe, damage):
    how, sentence = DAMAGES[damage]
    text = document(world).replace("\r\n", "\n")
    assert how(text) != text
    before = world.cms.current
    answer = publish(fe, how(text))
    assert answer.ids == ["ProcessingFailed"]
    assert re.search(sentence, answer.errors[0]["exceptions"][0]["message"])
    assert world.cms.current is before


def test_publish_refuses_a_file_that_is_not_there_and_a_builder_file(world, fe):
    assert fe.call("Publish-CsTopology", FileName=r"C:\none.xml", Force=True).ids == ["ProcessingFailed"]
    path = put(fe, document(world), FILE.replace(".xml", ".tbxml"))
    assert fe.call("Publish-CsTopology", FileName=path, Force=True).ids == ["ProcessingFailed"]
    assert fe.call("Publish-CsTopology", FinalizeUninstall=True, Force=True).ids == ["ProcessingFailed"]


def test_2010_tools_and_an_edge_cannot_publish_a_2013_pool(world):
    assert Host(world, steps.EDGE).call("Get-CsTopology", AsXml=True).ids == ["ProcessingFailed"]
    computer = world.computer("pool2013.contoso.test")
    computer.modules = {"Lync": "L10"}
    answer = publish(Host(world, computer.fqdn), document(world))
    assert "which these tools do not know" in answer.errors[0]["exceptions"][0]["message"]


# --- what it does


def test_publish_asks_unless_forced_and_does_nothing_with_whatif(world, fe):
    path, before = put(fe, document(world)), world.cms.current
    assert fe.call("Publish-CsTopology", FileName=path).ids == ["InvalidOperation"]
    assert fe.call("Publish-CsTopology", ["Signature"], FileName=path, Force=True, WhatIf=True).ok() == []
    assert world.cms.current is before
    assert fe.call("Publish-CsTopology", FileName=path, Confirm=False).ok() == []
    assert world.cms.topology.pool(steps.FRONT_END)


def test_publish_gives_a_new_signature_keeps_routes_loses_simple_urls_and_leaves_a_backup(world, fe):
    before = world.cms.topology
    answer = publish(fe, document(world).encode("utf-16"))
    [[new]] = answer.ok()
    assert new != before.signature and world.cms.topology.signature == new
    assert len(answer.warnings) == 1
    assert world.cms.row("simple_url_configuration", "Global")["SimpleUrl"] == ()
    assert world.cms.row("site", "Redmond")["FederationRoute"] == "EdgeServer:edge2010.contoso.test"
    backups = [p for _host, p in world.files if "publish-cstopology-backup" in p]
    assert len(backups) == 1 and backups[0].startswith(steps.TEMP.lower())
    assert world.files[(steps.FRONT_END, backups[0])].decode() == before.text
    assert world.laws.violations == []


def test_a_second_publish_of_the_same_file_is_stale(world, fe):
    text = document(world)
    publish(fe, text).ok()
    assert publish(fe, text).ids == ["ProcessingFailed"]
    [[fresh]] = fe.call("Get-CsTopology", ["."], AsXml=True).ok()
    assert publish(fe, fresh, BackupFileName=r"C:\Windows\Temp\own.xml").errors == []
    assert world.files.exists(fe.session.computer, r"C:\windows\temp\OWN.xml")


def test_publish_loses_routes_where_the_estate_says_so():
    world = steps.legacy(unknowns={"publish_keeps_routes": "no"})
    publish(Host(world, steps.FRONT_END), document(world)).ok()
    assert world.cms.row("site", "Redmond")["FederationRoute"] is None


def test_a_document_passes_from_call_to_call_as_an_object(world, fe):
    answers = fe.calls(
        [
            {"cmdlet": "Get-CsTopology", "parameters": {"AsXml": True}, "keep": True},
            {"cmdlet": "Publish-CsTopology", "properties": ["Signature"],
             "parameters": {"Document": {"$": "result", "call": 0, "index": 0}, "Force": True}},
        ]
    )  # fmt: skip
    assert answers[1].ok() == [[world.cms.topology.signature]]


def test_get_topology_shows_its_parts(world, fe):
    properties = ["Clusters.Fqdn", "Machines.Fqdn", "Sites.Name", "SqlInstances", "InternalDomains"]
    [row] = fe.call("Get-CsTopology", properties).ok()
    assert row[0] == row[1] == ["pool2010.contoso.test", "edge2010.contoso.test"]
    assert row[2:] == ["Redmond", ["1:1/rtc"], ["contoso.test", "wingtip.test"]]


def test_enable_makes_entries_for_new_pools_and_test_says_when_they_are_missing(world, fe):
    fe.call("Test-CsTopology", ["Result"]).ok()
    publish(fe, document(world)).ok()
    assert fe.call("Test-CsTopology").ids == ["ProcessingFailed"]
    assert fe.call("Enable-CsTopology").ids == ["InvalidOperation"]
    assert fe.call("Enable-CsTopology", Confirm=False).warnings  # the simple URLs are gone
    assert fe.call("Test-CsTopology", ["Result"]).ok() == [["Success"]]


def test_report_leaves_a_log(world, fe):
    fe.call("Enable-CsTopology", Confirm=False, Report=r"C:\Windows\Temp\log.xml").ok()
    assert b'CsMgmtLog Name="Enable-CsTopology"' in world.files.read(fe.session.computer, r"C:\Windows\Temp\log.xml")


def test_errors_are_in_the_language_of_the_server(world, fe):
    world.language = "ja"
    message = fe.call("Publish-CsTopology", FileName=r"C:\none.xml", Force=True).errors[0]["exceptions"][0]["message"]
    assert "コマンドの実行に失敗しました" in message
