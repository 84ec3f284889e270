# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re
import time
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._topology import compare, edit
from ansible_collections.lync.xmpp_migration.plugins.module_utils._topology import reading as t
from ansible_collections.lync.xmpp_migration.plugins.module_utils._topology.document import (
    MAXIMUM_BYTES,
    TopologyError,
)
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.module_utils.topology_samples import EDGE, POOL, TEXT
from hypothesis import given, settings
from hypothesis import strategies as st


def there(found):
    """What has to be there, without a None for the type checker."""
    assert found is not None
    return found


def migrated():
    topology = edit.add_standard_pool(t.parse(TEXT), POOL)
    return edit.add_edge_pool(topology, EDGE)


def test_the_view():
    topology = t.parse(TEXT)
    assert topology.signature == "b2af3192-c411-44c8-93e5-30bced09eba1"
    assert topology.domains == ("contoso.test", "wingtip.test") and topology.default_domain == "contoso.test"
    assert [c.fqdn for c in topology.clusters] == ["pool2010.contoso.test", "edge2010.contoso.test"]
    assert topology.version_of(there(topology.pool("POOL2010.contoso.test"))) == 5
    assert topology.edge_of("pool2010.contoso.test") == "edge2010.contoso.test"
    assert topology.has_federation("edge2010.contoso.test") and not topology.has_xmpp("edge2010.contoso.test")
    assert there(topology.pool_of("edge2010.contoso.test")).fqdn == "edge2010.contoso.test"


def test_a_standard_edition_pool_is_added():
    before = t.parse(TEXT)
    after = edit.add_standard_pool(before, POOL)
    pool = there(after.pool("pool2013.contoso.test"))
    assert pool.key == ("1", 3) and after.version_of(pool) == 6
    assert sorted(s.role_name for s in after.on(pool)) == [
        "ApplicationServer", "ApplicationStore", "ConfServices", "FileStore", "Registrar", "UserServices", "UserStore",
        "WebServices",
    ]  # fmt: skip
    registrar = there(after.role_on(pool.fqdn, "Registrar"))
    assert registrar.key == ("1", "Registrar", 2)
    assert there(registrar.port("XmppFederation", "SipServer", "Primary")).port == 5098
    assert after.edge_of(pool.fqdn) == "edge2010.contoso.test"
    assert compare.unintended(before, after, edit.asked_of(pool=POOL.fqdn)) == []
    assert after.signature == before.signature


def test_the_names_and_ports_are_those_of_a_published_2013_registrar():
    after = edit.add_standard_pool(t.parse(TEXT), POOL)
    # ports of the Registrar in the published Lync Server 2013 file of c0ns0le/EIC, in its order
    expected = [
        ("Registrar", 5061), ("Registrar", 444), ("WinFab", 5090), ("WinFab", 5091), ("WinFab", 5092), ("WinFab", 5093),
        ("WinFab", 5094), ("QoE", 5061), ("Lyss", 5077), ("XmppFederation", 5098),
    ]  # fmt: skip
    assert [(p.owner, p.port) for p in there(after.role_on(POOL.fqdn, "Registrar")).ports] == expected
    assert len(there(after.role_on(POOL.fqdn, "WebServices")).ports) == 13
    components = re.findall(r"ComponentName=\"(\w+)\" />", after.text)
    assert len(components) == 27


def test_conferences_can_be_left_out():
    only_im = edit.add_standard_pool(t.parse(TEXT), replace(POOL, conferencing=False))
    assert {p.owner for p in there(only_im.role_on(POOL.fqdn, "ConfServices")).ports} == {"IMConf"}


def test_an_edge_pool_is_added_without_federation_and_xmpp():
    middle = edit.add_standard_pool(t.parse(TEXT), POOL)
    after = edit.add_edge_pool(middle, EDGE)
    edge = there(after.role_on("edge2013.contoso.test", "EdgeServer"))
    assert {(p.owner, p.usage, p.side, p.port, p.protocol) for p in edge.ports} == {
        ("AccessEdge", "SipServer", "Internal", 5061, "Mtls"),
        ("AccessEdge", "SipClient", "External", 5061, "Tls"),
        ("DataEdge", "PsomServer", "Internal", 8057, "Mtls"),
        ("DataEdge", "PsomClient", "External", 444, "Tls"),
        ("MediaRelayAuthenticationEdge", "SipServer", "Internal", 5062, "Mtls"),
        ("MediaRelayEdge", "TURNServer", "Internal", 443, "Tcp"),
        ("MediaRelayEdge", "TURNServer", "External", 443, "Tcp"),
        ("MediaRelayEdge", "TURNServer", "Internal", 3478, "Udp"),
        ("MediaRelayEdge", "TURNServer", "External", 3478, "Udp"),
        ("MediaRelayEdge", "MediaCommunication", "External", 50000, "TcpOrUdp"),
    }
    assert there(edge.port("DataEdge", "PsomClient", "External")).configured_fqdn == "webcon.contoso.test"
    assert after.by_key(edge.depends[0]) == there(after.role_on(POOL.fqdn, "Registrar"))
    assert {s.role_name for s in after.on(there(after.pool(EDGE.fqdn)))} == {"EdgeServer", "ManagementServices"}
    assert not after.has_federation(EDGE.fqdn) and not after.has_xmpp(EDGE.fqdn)
    assert compare.unintended(middle, after, edit.asked_of(edge=EDGE.fqdn)) == []


def test_an_edge_pool_of_three_behind_nat():
    machines = tuple(
        edit.EdgeMachine(f"edge{n}.contoso.test", f"10.0.1.4{n}", f"10.0.2.4{n}", f"203.0.113.4{n}") for n in (1, 2, 3)
    )
    after = edit.add_edge_pool(
        edit.add_standard_pool(t.parse(TEXT), POOL), replace(EDGE, fqdn="edgepool.contoso.test", machines=machines)
    )
    pool = there(after.pool("edgepool.contoso.test"))
    assert [m.fqdn for m in pool.machines] == ["edge1.contoso.test", "edge2.contoso.test", "edge3.contoso.test"]
    assert 'IPAddress="10.0.2.42" ConfiguredIPAddress="203.0.113.42"' in after.text


def test_federation_and_xmpp_come_to_the_edge_later():
    before = migrated()
    after = edit.add_xmpp(edit.add_federation(before, EDGE.fqdn), EDGE.fqdn)
    edge = there(after.role_on(EDGE.fqdn, "EdgeServer"))
    assert edge.port("AccessEdge", "SipServer", "External") == t.Port(
        "AccessEdge", "SipServer", "External", 5061, "Mtls", None, "access.contoso.test"
    )
    assert there(edge.port("XmppFederationProxy", "XmppServer", "External")).port == 5269
    assert there(edge.port("XmppFederationProxy", "XptServer", "Internal")).port == 23456
    assert after.xmpp_edges() == (EDGE.fqdn,)
    assert compare.unintended(before, after, edit.asked_of(ports_of=EDGE.fqdn)) == []
    again = edit.add_xmpp(edit.add_federation(after, EDGE.fqdn), EDGE.fqdn)
    assert again.text == after.text


def test_a_2010_edge_has_no_xmpp():
    with pytest.raises(TopologyError, match="of Lync Server 2010, which has no XMPP proxy"):
        edit.add_xmpp(t.parse(TEXT), "edge2010.contoso.test")


def test_the_edge_of_a_pool_changes_in_place():
    before = migrated()
    after = edit.set_edge_of(before, POOL.fqdn, EDGE.fqdn)
    assert after.edge_of(POOL.fqdn) == EDGE.fqdn and after.edge_of("pool2010.contoso.test") == "edge2010.contoso.test"
    assert compare.unintended(before, after, edit.asked_of(edge_of=POOL.fqdn)) == []
    assert compare.unintended(before, after, edit.asked_of()) == [
        "The service Registrar:pool2013.contoso.test would be altered.",
        "The service ConferencingServer:pool2013.contoso.test would be altered.",
    ]
    assert edit.set_edge_of(after, POOL.fqdn, EDGE.fqdn).text == after.text


def test_the_edge_of_a_pool_that_has_none():
    before = edit.add_edge_pool(edit.add_standard_pool(t.parse(TEXT), replace(POOL, edge_fqdn=None)), EDGE)
    after = edit.set_edge_of(before, POOL.fqdn, EDGE.fqdn)
    assert before.edge_of(POOL.fqdn) is None and after.edge_of(POOL.fqdn) == EDGE.fqdn


def test_the_text_around_an_addition_stays_to_the_letter():
    text = TEXT.replace("\n", "\r\n")
    after = edit.add_edge_pool(edit.add_standard_pool(t.parse(text), POOL), EDGE).text
    assert "\n" not in after.replace("\r\n", "")
    kept = iter(after.split("\r\n"))
    assert all(line in kept for line in text.split("\r\n"))  # in order: every line of the old text
    added = compare.difference(t.parse(text), t.parse(after))
    assert not [line for line in added.splitlines() if line.startswith("-") and not line.startswith("---")]


def test_empty_lists_and_prefixes_are_written_as_well():
    text = TEXT.replace("<Topology xmlns=", "<x:Topology xmlns:x=").replace("</Topology>", "</x:Topology>")
    text = re.sub(r"<(/?)(?!x:|/?Topology|Port|RegistrarS|CentralMgmtS|FutureT)(\w+)", r"<\1x:\2", text)
    prefixed = t.parse(text)
    after = edit.add_edge_pool(edit.add_standard_pool(prefixed, POOL), EDGE)
    assert compare.unintended(prefixed, after, edit.asked_of(POOL.fqdn, EDGE.fqdn)) == []
    assert ElementTree.canonicalize(after.text, rewrite_prefixes=True, strip_text=True) == ElementTree.canonicalize(
        migrated().text, rewrite_prefixes=True, strip_text=True
    )
    bare = edit.set_edge_of(
        t.parse(re.sub(r"<DependsOn>\s*<Dep.*?</DependsOn>", "<DependsOn />", TEXT, count=1, flags=re.S)),
        "pool2010.contoso.test",
        "edge2010.contoso.test",
    )
    assert bare.edge_of("pool2010.contoso.test") == "edge2010.contoso.test"


# --- errors


@pytest.mark.parametrize(
    "old, new, message",
    [
        (r"\A", "<!DOCTYPE x [<!ENTITY a 'b'>]>", "has a DOCTYPE"),
        (r"\A", "<!DOCTYPE Topology SYSTEM 'file:///etc/passwd'>", "has a DOCTYPE"),
        (r"</Services>", "", "not well-formed"),
        (r"\A[\s\S]*\Z", "", "not well-formed XML"),
        (r"\A[\s\S]*\Z", "<a/>", "its root element is a"),
        (
            r"\A[\s\S]*\Z",
            '<TopologyBuilder xmlns="urn:schema:Microsoft.Rtc.Management.Deploy.TopologyBuilder.2008"/>',
            r"\.tbxml",
        ),
        (r' Signature="[^"]*"', "", "without the attribute Signature"),
        (r'Fqdn="edge2010', 'Fqdn="pool2010', "the pool or server pool2010.contoso.test more than once"),
        (r'(OrdinalInCluster="1" Fqdn=")edge2010', r"\1pool2010", "the computer pool2010.contoso.test more than once"),
        (r'RoleName="Registrar" Instance="1"', 'RoleName="Registrar" Instance="7"', "depend on 1-Registrar-1"),
        (r'<ClusterId SiteId="1" Number="1" />\s*</InstalledOn>', '<ClusterId SiteId="1" Number="9" /></InstalledOn>',
         "on the cluster 1:9, which it does not have"),
        (r'ServiceVersion="5"', 'ServiceVersion="five"', "which is not a number"),
        (r"<Sites>[\s\S]*</Sites>", "", "0 elements Sites"),
    ],
)  # fmt: skip
def test_a_document_that_cannot_be_is_refused_in_one_sentence(old, new, message):
    text = re.sub(old, new, TEXT, count=1)
    with pytest.raises(TopologyError, match=message) as caught:
        t.parse(text)
    assert str(caught.value).count("\n") == 0 and str(caught.value).endswith((".", ").", ":"))


def test_a_huge_a_deep_and_a_binary_document_are_refused_quickly():
    start = time.monotonic()
    with pytest.raises(TopologyError, match="larger than"):
        t.parse(" " * (MAXIMUM_BYTES + 1))
    with pytest.raises(TopologyError, match="nested deeper"):
        t.parse("<a>" * 200_000)
    with pytest.raises(TopologyError, match="neither UTF-8 nor UTF-16"):
        t.parse(b"\xff\xff\xff")
    with pytest.raises(TopologyError, match="no text"):
        t.parse("<a>\ud800</a>")
    assert time.monotonic() - start < 1


def test_utf_16_is_read():
    assert t.parse(TEXT.encode("utf-16")).text == TEXT


def test_what_is_in_use_or_missing_is_named():
    topology = migrated()
    with pytest.raises(TopologyError, match=r"pool2013\.contoso\.test is in use in the topology already"):
        edit.add_standard_pool(topology, POOL)
    with pytest.raises(TopologyError, match=r"edge2010\.contoso\.test is in use in the topology already"):
        edit.add_edge_pool(
            topology,
            replace(EDGE, fqdn="p.contoso.test", machines=(edit.EdgeMachine("edge2010.contoso.test", "a", "b"),)),
        )
    with pytest.raises(TopologyError, match="no site named 'Dublin'; it has 'Redmond'"):
        edit.add_standard_pool(t.parse(TEXT), replace(POOL, site="Dublin"))
    with pytest.raises(TopologyError, match=r"no Edge pool nothing\.contoso\.test"):
        edit.add_standard_pool(t.parse(TEXT), replace(POOL, edge_fqdn="nothing.contoso.test"))
    with pytest.raises(TopologyError, match="as next hop, but the topology has no such pool"):
        edit.add_edge_pool(t.parse(TEXT), EDGE)
    with pytest.raises(TopologyError, match="at least one computer"):
        edit.add_edge_pool(topology, replace(EDGE, machines=()))
    with pytest.raises(TopologyError, match="their ports have to differ"):
        edit.add_edge_pool(topology, replace(EDGE, access_port=443))


def test_a_stale_signature_is_noticed():
    now = TEXT.replace("b2af3192", "ffffffff")
    with pytest.raises(TopologyError, match="somebody has published since"):
        t.check_fresh(t.parse(TEXT), t.parse(now))
    t.check_fresh(t.parse(TEXT), t.parse(TEXT))


# --- nothing but what was asked for


@pytest.mark.parametrize(
    "old, new, message",
    [
        (r'DefaultDomain="contoso.test"', 'DefaultDomain="wingtip.test"', "SIP domains, sites or other general parts"),
        (r"as it is", "no longer", "SIP domains, sites or other general parts"),
        (r'IPAddress="10.0.1.20"', 'IPAddress="10.0.1.21"', "edge2010.contoso.test would be altered"),
        (r'Port="5061" Protocol="Tls"', 'Port="443" Protocol="Tls"', "EdgeServer:edge2010.contoso.test would be alt"),
        (r'<Port Owner="urn:component:AccessEdge" Usage="SipServer" InterfaceSide="Ext[^>]*>', "",
         "EdgeServer:edge2010.contoso.test would be altered"),
        (r'<Service RoleVersion="1" ServiceVersion="5">[\s\S]*?</Service>', "", "UserDatabase:pool2010.contoso.test wo"),
        (r'IsActive="true"', 'IsActive="false"', "CentralManagement:pool2010.contoso.test would be altered"),
        (r"<SqlInstance>", '<SqlInstance AlwaysOnPrimaryNodeFqdn="sql.contoso.test">', "A SQL instance"),
    ],
)  # fmt: skip
def test_what_was_not_asked_for_is_found(old, new, message):
    before, after = t.parse(TEXT), t.parse(re.sub(old, new, TEXT, count=1))
    found = compare.unintended(before, after, edit.asked_of(POOL.fqdn, EDGE.fqdn, EDGE.fqdn, POOL.fqdn))
    assert any(message in sentence for sentence in found), found
    assert compare.unintended(after, before, edit.asked_of()) != []


def test_ports_of_another_edge_are_not_what_was_asked_for():
    before = migrated()
    after = edit.add_federation(before, EDGE.fqdn)
    assert compare.unintended(before, after, edit.asked_of(ports_of="edge2010.contoso.test")) == [
        "The service EdgeServer:edge2013.contoso.test would be altered."
    ]
    assert compare.unintended(before, t.parse(TEXT), edit.asked_of())[0].startswith("The pool or server pool2013")


_label = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)
_fqdn = st.builds(lambda host: f"{host}.test", _label.filter(lambda text: text not in ("sip",)))


@settings(max_examples=60, deadline=None)
@given(
    site=st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=20).map(str.strip),
    note=st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=20),
    fqdns=st.lists(_fqdn, min_size=3, max_size=6, unique=True),
    conferencing=st.booleans(),
    newline=st.sampled_from(["\n", "\r\n"]),
    more=st.booleans(),
)
def test_an_addition_adds_and_alters_nothing_else(site, note, fqdns, conferencing, newline, more):
    if not site:
        return
    pool_fqdn, edge_fqdn, *machine_fqdns = fqdns
    root = ElementTree.fromstring(TEXT)  # noqa: S314
    ns = "{urn:schema:Microsoft.Rtc.Management.Deploy.Topology.2008}"
    there(root.find(f"{ns}Sites/{ns}CentralSite/{ns}Name")).text = site
    there(root.find(f"{ns}Sites/{ns}CentralSite/{ns}Location")).set("City", note)
    text = ElementTree.tostring(root, encoding="unicode").replace("\n", newline)
    before = t.parse(text)
    after = edit.add_standard_pool(before, edit.StandardPool(pool_fqdn, site, None, conferencing))
    machines = tuple(
        edit.EdgeMachine(fqdn, f"10.0.0.{n}", f"203.0.113.{n}", note or None) for n, fqdn in enumerate(machine_fqdns)
    )
    edge = replace(EDGE, fqdn=edge_fqdn, site=site, next_hop_fqdn=pool_fqdn, machines=machines)
    after = edit.add_edge_pool(after, edge)
    if more:
        after = edit.set_edge_of(edit.add_xmpp(edit.add_federation(after, edge_fqdn), edge_fqdn), pool_fqdn, edge_fqdn)
    assert compare.unintended(before, after, edit.asked_of(pool_fqdn, edge_fqdn)) == []

    # and by another way: without the two pools, the new document says what the old one says
    tree = ElementTree.fromstring(after.text)  # noqa: S314
    gone = {("1", c.key[1]) for c in after.clusters if c.fqdn in (pool_fqdn, edge_fqdn)}
    for group in ("Clusters", "SqlInstances", "Services"):
        parent = there(tree.find(f"{ns}{group}"))
        for item in list(parent):
            cluster = item.find(f"{ns}ClusterId")
            if cluster is None:
                cluster = next(iter(item.iter(f"{ns}ClusterId")))
            if (there(cluster.get("SiteId")), int(there(cluster.get("Number")))) in gone:
                parent.remove(item)
    left, right = (
        ElementTree.canonicalize(ElementTree.tostring(x, encoding="unicode"), rewrite_prefixes=True, strip_text=True)
        for x in (ElementTree.fromstring(text), tree)  # noqa: S314
    )
    assert left == right
