# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every shape of pool in documents of every form: what is added, what is refused, and that nothing else changes."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import UNKNOWN
from ansible_collections.lync.xmpp_migration.plugins.module_utils._topology import compare, edit, first
from ansible_collections.lync.xmpp_migration.plugins.module_utils._topology import reading as t
from ansible_collections.lync.xmpp_migration.plugins.module_utils._topology.document import TopologyError
from ansible_collections.lync.xmpp_migration.plugins.module_utils._topology.effects import derive, effects
from ansible_collections.lync.xmpp_migration.plugins.module_utils._topology.plan import plan, view
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.module_utils.topology_samples import POOL, TEXT
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

MACHINES = ("fe1.contoso.test", "fe2.contoso.test", "fe3.contoso.test")
ENTERPRISE = edit.EnterprisePool(
    "eepool.contoso.test", "Redmond", MACHINES, "sql.contoso.test", "RTC", "files.contoso.test", "lyncshare"
)
HOSTS = ("sql.contoso.test", "files.contoso.test")
EE_OPTIONS = {
    "fqdn": "eepool.contoso.test",
    "site": "Redmond",
    "kind": "enterprise",
    "machines": list(MACHINES),
    "sql_server_fqdn": "sql.contoso.test",
    "sql_instance": "RTC",
    "file_server_fqdn": "files.contoso.test",
    "file_share": "lyncshare",
}
EDGE_OPTIONS = {
    "fqdn": "edgepool.contoso.test",
    "site": "Redmond",
    "next_hop_fqdn": "eepool.contoso.test",
    "access_fqdn": "access.contoso.test",
    "web_conferencing_fqdn": "webcon.contoso.test",
    "av_fqdn": "av.contoso.test",
    "machines": [
        {"fqdn": f"edge{n}.contoso.test", "internal_address": f"10.0.1.4{n}", "external_address": f"10.0.2.4{n}",
         "public_address": f"203.0.113.4{n}"} for n in (1, 2)
    ],
}  # fmt: skip
NS = "{urn:schema:Microsoft.Rtc.Management.Deploy.Topology.2008}"
ORGANISATION = first.Organisation(("contoso.test", "wingtip.test"), "Redmond", "Redmond", "WA", "US")


def there(found):
    assert found is not None
    return found


def legacy(text=TEXT, site='<CentralSite SiteId="9"><Name>BackCompatSite</Name><Location /></CentralSite>', more=""):
    """A document with servers of Office Communications Server, of a form that nobody has published."""
    text = text.replace("</Sites>", f"{site}</Sites>")
    text = text.replace(
        "</Clusters>",
        '<Cluster RequiresReplication="false" Fqdn="ocspool.contoso.test"><ClusterId SiteId="9" Number="1" /></Cluster>'
        '<OcsCluster Fqdn="ocsedge.contoso.test" Secret=\'kept\'><ClusterId  SiteId="9" Number="2"/></OcsCluster></Clusters>',
    )
    return text.replace(
        "</Services>",
        '<Service ServiceVersion="4"><ServiceId SiteId="9" RoleName="OcsHome" Instance="1" /><InstalledOn><ClusterId '
        'SiteId="9" Number="1"/></InstalledOn></Service><LegacyService what="?"/>' + more + "</Services>",
    )


def test_an_enterprise_pool_is_added_with_its_sql_server_and_file_server():
    before = t.parse(TEXT)
    after = edit.add_enterprise_pool(before, ENTERPRISE)
    pool = there(after.pool(ENTERPRISE.fqdn))
    assert [m.fqdn for m in pool.machines] == list(MACHINES) and pool.replicated
    assert [m.node.get("UpgradeDomain") for m in pool.machines] == [
        "UpgradeDomain1",
        "UpgradeDomain2",
        "UpgradeDomain3",
    ]
    assert {s.role_name for s in after.on(pool)} == {
        "ApplicationServer", "ConfServices", "Registrar", "UserServices", "WebServices",
    }  # fmt: skip
    sql, files = there(after.pool("sql.contoso.test")), there(after.pool("files.contoso.test"))
    assert not sql.replicated and not files.replicated
    assert {(s.role_name, s.sql) for s in after.on(sql)} == {("UserStore", "RTC"), ("ApplicationStore", "RTC")}
    assert [s.role_name for s in after.on(files)] == ["FileStore"] and (sql.key, "rtc") in after.instances
    users = there(after.role_on(pool.fqdn, "UserServices"))
    assert {key[1] for key in users.depends} == {"UserStore", "FileStore", "ConfServices"}
    assert compare.unintended(before, after, edit.asked_of(ENTERPRISE.fqdn, hosts=HOSTS)) == []
    assert compare.unintended(before, after, edit.asked_of(ENTERPRISE.fqdn)) == [
        "The pool or server sql.contoso.test would be added.",
        "The pool or server files.contoso.test would be added.",
        "A SQL instance would be added to the topology.",
        "The service UserDatabase:sql.contoso.test would be added.",
        "The service FileStore:files.contoso.test would be added.",
        "The service ApplicationDatabase:sql.contoso.test would be added.",
    ]
    shown = view(after, ENTERPRISE.fqdn)[ENTERPRISE.fqdn]
    assert shown["sql"] == r"sql.contoso.test\RTC" and shown["file_share"] == r"\\files.contoso.test\lyncshare"
    assert shown["kind"] == "enterprise" and shown["external_web_fqdn"] == ENTERPRISE.fqdn


def test_hosts_that_are_there_get_another_instance_and_share():
    before = edit.add_enterprise_pool(t.parse(TEXT), ENTERPRISE)
    other = replace(
        ENTERPRISE, fqdn="second.contoso.test", machines=("fe4.contoso.test",), sql_instance="LYNC", file_share="other"
    )
    after = edit.add_enterprise_pool(before, other)
    assert len(after.clusters) == len(before.clusters) + 1
    assert {s.sql for s in after.on(there(after.pool("sql.contoso.test")))} == {"RTC", "LYNC"}
    assert compare.unintended(before, after, edit.asked_of(other.fqdn, hosts=HOSTS)) == []
    one_host = replace(other, sql_server_fqdn="both.contoso.test", file_server_fqdn="both.contoso.test")
    after = edit.add_enterprise_pool(before, one_host)
    assert {s.role_name for s in after.on(there(after.pool("both.contoso.test")))} == {
        "UserStore", "ApplicationStore", "FileStore",
    }  # fmt: skip


def test_the_default_instance_has_no_name():
    made = plan(t.parse(TEXT), {**EE_OPTIONS, "sql_instance": "MSSQLSERVER"}, None, None)
    assert '<SqlInstanceId Name="">' in made.after.text
    again = plan(made.after, {**EE_OPTIONS, "sql_instance": "MSSQLSERVER"}, None, None)
    assert not again.missing and not again.changes


def test_an_enterprise_pool_and_an_edge_pool_of_two_in_one_plan():
    made = plan(t.parse(TEXT), EE_OPTIONS, {**EDGE_OPTIONS, "federation": True, "xmpp": True}, None)
    assert compare.unintended(made.before, made.after, made.asked) == []
    assert "the computers fe1.contoso.test, fe2" in made.missing[0] and r"sql.contoso.test\RTC" in made.missing[0]
    assert r"\\files.contoso.test\lyncshare" in made.missing[0]
    assert "10.0.2.41 of edge1.contoso.test translated to 203.0.113.41" in made.missing[1]
    edge = view(made.after, "edgepool.contoso.test")["edgepool.contoso.test"]
    assert edge["addresses"]["edge2.contoso.test"] == {
        "internal": "10.0.1.42", "external": "10.0.2.42", "public": "203.0.113.42",
    }  # fmt: skip
    assert edge["external_names"]["access"] == "access.contoso.test:5061" and edge["xmpp"] is True
    rows = derive(made.after)
    assert rows["pool"]["eepool.contoso.test"]["Computers"] == list(MACHINES)
    assert rows["computer"]["edge2.contoso.test"]["Pool"] == "edgepool.contoso.test"
    replicas = {one.identity for one in effects(made.before, made.after) if one.collection == "replica"}
    assert replicas == {*MACHINES, "edge1.contoso.test", "edge2.contoso.test"}


# --- the first document


def test_the_first_document_of_a_forest():
    nothing = first.first_document(ORGANISATION)
    assert nothing.signature == first.UNPUBLISHED and nothing.domains == ORGANISATION.sip_domains
    assert 'City="Redmond" State="WA" CountryCode="US"' in nothing.text and "\r\n" in nothing.text
    made = plan(nothing, EE_OPTIONS, None, None, first=True)
    assert compare.unintended(nothing, made.after, made.asked) == []
    central = there(made.after.role_on("eepool.contoso.test", "CentralMgmt"))
    assert {key[1] for key in central.depends} == {"CentralMgmtStore", "FileStore"}
    assert there(made.after.target(central, "CentralMgmtStore")).sql == "RTC"
    assert "with the Central Management Server" in made.missing[0]
    told = {(one.collection, one.identity) for one in effects(None, made.after)}
    assert {("sip_domain", "wingtip.test"), ("site", "Site:Redmond"), ("pool", "eepool.contoso.test")} <= told
    standard = edit.add_standard_pool(nothing, replace(POOL, edge_fqdn=None, central_management=True))
    assert there(standard.role_on(POOL.fqdn, "CentralMgmtStore")).sql == "rtc"
    second = plan(made.after, {"fqdn": "se.contoso.test", "site": "Redmond"}, None, None)
    assert second.after.role_on("se.contoso.test", "CentralMgmt") is None


def test_what_the_organisation_is_to_have_is_compared_with_what_is_there():
    first.check_organisation(t.parse(TEXT), ORGANISATION)
    with pytest.raises(TopologyError, match=r"has no SIP domain fabrikam\.test: add it with New-CsSipDomain"):
        first.check_organisation(t.parse(TEXT), replace(ORGANISATION, sip_domains=("contoso.test", "fabrikam.test")))
    with pytest.raises(TopologyError, match="no site named 'Dublin'"):
        first.check_organisation(t.parse(TEXT), replace(ORGANISATION, site="Dublin"))
    with pytest.raises(TopologyError, match="the first SIP domain is the default one"):
        first.organisation_of({"sip_domains": [], "site": {"name": "Redmond"}})
    with pytest.raises(TopologyError, match="a SIP domain twice"):
        first.organisation_of({"sip_domains": ["a.test", "A.test"], "site": {"name": "Redmond"}})


# --- one sentence each


def refused(sentence, document=TEXT, pool=None, edge=None, registrar_edge=None):
    with pytest.raises(TopologyError) as caught:
        plan(t.parse(document), pool, edge, registrar_edge)
    said = str(caught.value)
    assert re.search(sentence, said), said
    assert "\n" not in said and len(said) < 400


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"machines": None}, r"making it needs pool\.machines\.$"),
        ({"sql_server_fqdn": None, "sql_instance": None}, r"making it needs pool\.sql_server_fqdn, pool\.sql_instance\."),
        ({"file_server_fqdn": None, "file_share": None}, r"making it needs pool\.file_server_fqdn, pool\.file_share\."),
        ({"fqdn": "eepool"}, r"^pool\.fqdn: .* 'eepool' has no dot in it"),
        ({"machines": ["fe1.contoso.test", "fe2"]}, r"^pool\.machines\[1\]: .* 'fe2' has no dot in it"),
        ({"sql_server_fqdn": "sql"}, r"^pool\.sql_server_fqdn: .* 'sql' has no dot in it"),
        ({"file_server_fqdn": "files"}, r"^pool\.file_server_fqdn: .* 'files' has no dot in it"),
        ({"sql_instance": "R T C"}, r"^pool\.sql_instance: the name of a SQL Server instance such as RTC"),
        ({"file_share": r"a\b"}, r"^pool\.file_share: the name of a file share"),
        ({"machines": ["fe1.contoso.test", "FE1.contoso.test"]}, r"^pool\.machines has fe1\.contoso\.test twice"),
        ({"machines": ["eepool.contoso.test", "fe2.contoso.test"]}, "but that is the FQDN of the pool itself"),
        ({"sql_server_fqdn": "fe1.contoso.test"}, "wants fe1.contoso.test as its SQL Server, but that is a Front End"),
        ({"file_server_fqdn": "eepool.contoso.test"}, "as its file server, but that is the FQDN of the pool itself"),
        ({"fqdn": "edge2010.contoso.test"}, "wanted as a pool of Lync Server 2013, but the topology has it with Lync"),
        ({"machines": ["pool2010.contoso.test"]},
         r"pool2010\.contoso\.test is in use in the topology already: it is the Front End pool pool2010\.contoso\.test of "
         "Lync Server 2010. Choose another"),
        ({"machines": ["edge2010.contoso.test"]}, r"it is the Edge pool edge2010\.contoso\.test of Lync Server 2010"),
        ({"sql_server_fqdn": "edge2010.contoso.test"},
         "is wanted as the SQL Server of a pool, but it is in use in the topology already: it is the Edge pool"),
        ({"file_server_fqdn": "pool2010.contoso.test"}, "is wanted as the file server of a pool, but it is in use"),
        ({"kind": "standard"}, "only an Enterprise pool has that"),
        ({"edge_fqdn": "none.contoso.test"}, r"no Edge pool none\.contoso\.test"),
    ],
)  # fmt: skip
def test_what_cannot_be_of_an_enterprise_pool(changes, sentence):
    refused(sentence, pool={**EE_OPTIONS, **changes})


def test_a_computer_is_in_one_pool_only():
    both = {**EDGE_OPTIONS, "machines": [{**EDGE_OPTIONS["machines"][0], "fqdn": "fe2.contoso.test"}]}
    refused("fe2.contoso.test is wanted both in the Front End pool eepool.contoso.test and in the Edge pool edgepool",
            pool=EE_OPTIONS, edge=both)  # fmt: skip
    with_pool = edit.add_enterprise_pool(t.parse(TEXT), ENTERPRISE).text
    other = {**EE_OPTIONS, "fqdn": "second.contoso.test", "sql_instance": "X", "file_share": "x"}
    refused("fe1.contoso.test is in use in the topology already: it is a computer of the Front End pool eepool",
            with_pool, other)  # fmt: skip
    in_edge = {**EDGE_OPTIONS, "machines": [{**EDGE_OPTIONS["machines"][0], "fqdn": "fe3.contoso.test"}]}
    refused(
        "fe3.contoso.test is in use in the topology already: it is a computer of the Front End", with_pool, edge=in_edge
    )
    refused("fe1.contoso.test is in use in the topology already: it is a computer of the Front End pool eepool", with_pool,
            {"fqdn": "fe1.contoso.test", "site": "Redmond"})  # fmt: skip


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"machines": ["fe1.contoso.test"]}, "has fe1.contoso.test, fe2.contoso.test, fe3.contoso.test as computers"),
        (
            {"sql_instance": "OTHER"},
            r"has sql.contoso.test\\RTC as sql in the topology, and sql.contoso.test\\OTHER is",
        ),
        ({"file_share": "other"}, r"has \\\\files.contoso.test\\lyncshare as file_share in the topology"),
        (
            {"external_web_fqdn": "web.contoso.test"},
            "as external_web_fqdn in the topology, and web.contoso.test is wanted",
        ),
        ({"site": "Dublin"}, "is wanted in the site Dublin, but the topology has it in the site Redmond"),
    ],
)
def test_a_pool_that_is_there_but_otherwise_is_not_altered(changes, sentence):
    text = edit.add_enterprise_pool(t.parse(TEXT), ENTERPRISE).text
    refused(
        re.escape(sentence).replace(r"\\\\", r"\\") if "\\" in sentence else sentence, text, {**EE_OPTIONS, **changes}
    )


def test_an_instance_and_a_share_belong_to_one_pool():
    text = edit.add_enterprise_pool(t.parse(TEXT), ENTERPRISE).text
    other = {**EE_OPTIONS, "fqdn": "second.contoso.test", "machines": ["fe9.contoso.test"]}
    refused("The SQL Server instance RTC on sql.contoso.test is in use in the topology already: it has the databases of the "
            "pool eepool.contoso.test. Each pool needs", text, other)  # fmt: skip
    refused(r"The file share \\\\files.contoso.test\\lyncshare is in use in the topology already", text,
            {**other, "sql_instance": "NEXT"})  # fmt: skip


def test_the_edge_pool_of_two_has_no_computer_of_its_own_name():
    machines = [{**one} for one in EDGE_OPTIONS["machines"]]
    edge = {**EDGE_OPTIONS, "next_hop_fqdn": "pool2010.contoso.test"}
    named = [{**machines[0], "fqdn": edge["fqdn"]}, machines[1]]
    refused("has several computers, so its FQDN cannot be that of one of them", edge={**edge, "machines": named})
    refused("has the computer edge1.contoso.test twice", edge={**edge, "machines": [machines[0], machines[0]]})
    same = [machines[0], {**machines[1], "internal_address": "10.0.1.41"}]
    refused("has the address 10.0.1.41 on edge1.contoso.test and on edge2", edge={**edge, "machines": same})
    text = plan(t.parse(TEXT), None, edge, None).after.text
    refused("has the computers edge1.contoso.test, edge2.contoso.test in the topology, and edge1.contoso.test are wanted",
            text, edge={**edge, "machines": machines[:1]})  # fmt: skip


@pytest.mark.parametrize(
    "old, new, message",
    [
        (r'(<InstalledOn>\s*<SqlInstanceId Name=)"rtc"', r'\1"gone"', "on the SQL Server instance gone, which it does not"),
        (r'(<SqlInstanceId Name="rtc">\s*<ClusterId SiteId="1" Number=)"1"', r'\1"8"', "instance rtc on the cluster 1:8"),
        (r'(OrdinalInCluster="1" Fqdn=)"edge2010', r'\1"x"/><Machine OrdinalInCluster="2" Fqdn="pool2010',
         "both as a computer of edge2010|the computer pool2010.contoso.test more than once"),
    ],
)  # fmt: skip
def test_references_that_lead_nowhere(old, new, message):
    text = re.sub(old, new, TEXT, count=1)
    assert text != TEXT
    with pytest.raises(TopologyError, match=message):
        t.parse(text)


# --- what Office Communications Server left


def test_servers_of_ocs_stay_byte_for_byte_and_their_names_are_taken():
    text = legacy()
    before = t.parse(text)
    made = plan(before, EE_OPTIONS, EDGE_OPTIONS, None)
    assert compare.unintended(before, made.after, made.asked) == []
    for part in re.findall(
        r"<OcsCluster.*?</OcsCluster>|<LegacyService[^>]*>|<Service ServiceVersion=\"4\".*?</Service>", text
    ):
        assert part in made.after.text
    for name, words in (
        ("ocspool.contoso.test", "the pool or server ocspool.contoso.test of Office Communications Server"),
        ("ocsedge.contoso.test", "in a part of the topology that this collection does not know"),
    ):
        refused(f"{name} is in use in the topology already: it is {words}", text, {**EE_OPTIONS, "machines": [name]})
    refused(
        "ocspool.contoso.test is in use in the topology already",
        text,
        {"fqdn": "ocspool.contoso.test", "site": "Redmond"},
    )
    refused(
        "ocsedge.contoso.test is in use in the topology already",
        text,
        {"fqdn": "ocsedge.contoso.test", "site": "Redmond"},
    )
    for part, other in (
        ("Secret='kept'", "Secret='lost'"),
        ('<LegacyService what="?"/>', ""),
        ('RoleName="OcsHome"', 'RoleName="X"'),
    ):
        assert compare.unintended(before, t.parse(text.replace(part, other)), made.asked) != []


def test_an_edge_of_ocs_that_looks_like_others_is_a_pool_s_edge():
    ports = '<Ports xmlns="urn:schema:Microsoft.Rtc.Management.Deploy.ServiceRoles.2008"/>'
    more = (
        '<Service ServiceVersion="4"><ServiceId SiteId="9" RoleName="EdgeServer" Instance="1"/><DependsOn/><InstalledOn>'
        f'<ClusterId SiteId="9" Number="1"/></InstalledOn>{ports}</Service>'
    )
    before = edit.add_standard_pool(t.parse(legacy(more=more)), replace(POOL, edge_fqdn=None))
    made = plan(before, None, None, {"pool_fqdn": POOL.fqdn, "edge_fqdn": "ocspool.contoso.test"})
    assert made.after.edge_of(POOL.fqdn) == "ocspool.contoso.test"
    assert compare.unintended(before, made.after, made.asked) == []
    with pytest.raises(TopologyError, match="of Office Communications Server, which has no XMPP proxy"):
        edit.add_xmpp(made.after, "ocspool.contoso.test")


def test_a_site_element_of_another_name_is_kept_as_well():
    text = legacy(site='<BackCompatSite SiteId="9" odd="1"><Name>x</Name></BackCompatSite>')
    made = plan(t.parse(text), {"fqdn": POOL.fqdn, "site": "Redmond"}, None, None)
    assert '<BackCompatSite SiteId="9" odd="1"><Name>x</Name></BackCompatSite>' in made.after.text
    assert compare.unintended(made.before, made.after, made.asked) == []


# --- sketches


def test_a_sketch_has_what_the_options_refer_to_and_tells_no_more():
    known = first.Known()
    pool = {**EE_OPTIONS, "edge_fqdn": "edge2010.contoso.test"}
    before = first.sketch(None, None, pool, None, None, known, merged=False)
    assert before.is_sketch and before.pool("edge2010.contoso.test") and not before.pool("eepool.contoso.test")
    made = plan(before, pool, None, None)
    told = {(one.collection, one.identity): one.properties for one in effects(before, made.after)}
    assert told["registrar", "Registrar:eepool.contoso.test"]["EdgeServer"] == "EdgeServer:edge2010.contoso.test"
    assert told["registrar", "Registrar:eepool.contoso.test"]["ServiceId"] is UNKNOWN
    assert told["edge_server", "EdgeServer:edge2010.contoso.test"] == {"DependentServiceList": UNKNOWN}
    assert told["site", "Site:Redmond"] == {"Services": UNKNOWN, "Pools": UNKNOWN}
    # the next task of the same dry run goes on from there
    after = first.sketch(made.after, None, None, EDGE_OPTIONS, None, known, merged=False)
    assert after.text == made.after.text
    more = plan(after, None, {**EDGE_OPTIONS, "federation": True}, None)
    assert more.after.has_federation("edgepool.contoso.test")


def test_a_sketch_after_a_merge_is_made_of_the_rows_that_are_known():
    rows = derive(plan(first.first_document(ORGANISATION), EE_OPTIONS, EDGE_OPTIONS, None, first=True).after)
    known = first.Known(
        tuple(rows["pool"].values()), tuple(rows["registrar"].values()), tuple(rows["edge_server"].values())
    )
    wanted = {"pool_fqdn": "eepool.contoso.test", "edge_fqdn": "ocsedge.contoso.test"}
    before = first.sketch(None, ORGANISATION, None, None, wanted, known, merged=True)
    assert [m.fqdn for m in there(before.pool("eepool.contoso.test")).machines] == list(MACHINES)
    assert len(there(before.pool("edgepool.contoso.test")).machines) == 2
    assert before.is_legacy(there(before.pool("ocsedge.contoso.test")))
    made = plan(before, None, None, wanted)
    told = {(one.collection, one.identity): one.properties for one in effects(before, made.after)}
    assert told["registrar", "Registrar:eepool.contoso.test"] == {"EdgeServer": "EdgeServer:ocsedge.contoso.test"}


# --- nothing but what was asked for, in any document

_label = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)
_names = st.lists(_label.map(lambda text: f"{text}.test"), min_size=12, max_size=12, unique=True)
_word = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="<>&\"'"), max_size=12)
_strange = st.sampled_from(
    [
        "",
        "<!-- a remark -->",
        '<Unknown xmlns="urn:other" a="1"><b/>text</Unknown>',
        "<Unknown\n  b=\"2\"\ta='1'  />",
        "<![CDATA[<not an element>]]>",
        "<?instruction data?>",
    ]
)


def _without(after, gone):
    """The document without the clusters of these FQDNs and what is installed on them, as another reader takes it."""
    tree = ElementTree.fromstring(after.text)  # noqa: S314
    keys = {c.key for c in after.clusters if c.fqdn in gone}
    for group in ("Clusters", "SqlInstances", "Services"):
        parent = there(tree.find(f"{NS}{group}"))
        for item in list(parent):
            way = item.find(f"{NS}InstalledOn") if group == "Services" else item
            cluster = next(way.iter(f"{NS}ClusterId"), None) if way is not None else None
            if cluster is not None and (cluster.get("SiteId"), int(cluster.get("Number"))) in keys:
                parent.remove(item)
    return ElementTree.canonicalize(ElementTree.tostring(tree, encoding="unicode"), strip_text=True)


def _pieces(text):
    return [piece.strip() for piece in re.split(r"(?<=>)|(?=<)", text) if piece.strip()]


@settings(max_examples=40, deadline=None, phases=(Phase.explicit, Phase.generate))
@given(
    names=_names,
    shape=st.sampled_from(["standard", "enterprise", "enterprise on hosts that are there"]),
    fronts=st.integers(1, 4),
    edges=st.integers(0, 3),
    nat=st.booleans(),
    more=st.booleans(),
    ocs=st.booleans(),
    word=_word,
    strange=st.tuples(_strange, _strange, _strange, _strange),
    newline=st.sampled_from(["\n", "\r\n"]),
)  # fmt: skip
def test_no_addition_of_any_shape_alters_anything_in_any_document(
    names, shape, fronts, edges, nat, more, ocs, word, strange, newline
):
    text = legacy() if ocs else TEXT
    for group, extra in zip(("</Topology>", "</Sites>", "</Clusters>", "</Services>"), strange, strict=True):
        text = text.replace(group, ("" if "CDATA" in extra and group != "</Topology>" else extra) + group)
    text = text.replace('CountryCode="US"', f'CountryCode="US" Note="{word}"').replace("\n", newline)
    before = t.parse(text)
    pool_name, edge_name, sql, files, *rest = names
    machines, edge_machines = rest[:fronts], rest[4 : 4 + edges]
    if shape != "standard" and shape != "enterprise":
        other = edit.EnterprisePool("z.z", "Redmond", ("zz.z",), sql, "FIRST", files, "first")
        before = edit.add_enterprise_pool(before, other)
    pool = {"fqdn": pool_name, "site": "Redmond", "edge_fqdn": "edge2010.contoso.test"}
    if shape != "standard":
        pool |= {
            "kind": "enterprise", "machines": machines, "sql_server_fqdn": sql, "sql_instance": "RTC",
            "file_server_fqdn": files, "file_share": "lync",
        }  # fmt: skip
    edge = None
    if edges:
        edge = {**EDGE_OPTIONS, "fqdn": edge_name, "next_hop_fqdn": pool_name, "federation": more, "xmpp": more}
        edge["machines"] = [
            {"fqdn": one, "internal_address": f"10.0.0.{n}", "external_address": f"10.0.1.{n}",
             "public_address": f"203.0.113.{n}" if nat else None} for n, one in enumerate(edge_machines)
        ]  # fmt: skip
    made = plan(before, pool, edge, None)
    assert compare.unintended(before, made.after, made.asked) == []
    assert plan(made.after, pool, edge, None).after.text == made.after.text
    # to the letter: every tag and text of the old document comes in the new one, in order
    kept = iter(_pieces(made.after.text))
    empty_list = re.compile(r"^<(\w+:)?(DependsOn|Ports)\b[^>]*/>$")  # may become one with a start and an end
    assert all(piece in kept for piece in _pieces(before.text) if not empty_list.match(piece))
    # and to another reader: without the new pools the document says what it said, but for what existing hosts got
    if shape != "enterprise on hosts that are there":
        gone = {pool_name, edge_name, sql, files}
        assert _without(made.after, gone) == _without(before, ())
