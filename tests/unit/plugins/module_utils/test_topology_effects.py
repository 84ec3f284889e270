# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import UNKNOWN
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.collections import COLLECTIONS
from ansible_collections.lync.xmpp_migration.plugins.module_utils._topology import edit
from ansible_collections.lync.xmpp_migration.plugins.module_utils._topology import reading as t
from ansible_collections.lync.xmpp_migration.plugins.module_utils._topology.effects import derive, effects
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.module_utils.topology_samples import EDGE, POOL, TEXT

OLD_EDGE = "EdgeServer:edge2010.contoso.test"
NEW_EDGE = "EdgeServer:edge2013.contoso.test"


def table(found):
    return {(e.collection, e.identity): e.properties for e in found}


def test_rows_of_a_2010_topology():
    rows = derive(t.parse(TEXT))
    assert rows["site"]["Site:Redmond"]["Pools"] == ["pool2010.contoso.test", "edge2010.contoso.test"]
    assert rows["pool"]["pool2010.contoso.test"] == {
        "Identity": "pool2010.contoso.test",
        "Fqdn": "pool2010.contoso.test",
        "Site": "Site:Redmond",
        "Computers": ["pool2010.contoso.test"],
        "Services": [
            "Registrar:pool2010.contoso.test",
            "UserDatabase:pool2010.contoso.test",
            "CentralManagement:pool2010.contoso.test",
        ],
    }
    edge = rows["edge_server"][OLD_EDGE]
    assert (edge["AccessEdgeExternalSipPort"], edge["AccessEdgeExternalFqdn"]) == (5061, "sip.contoso.test")
    assert (edge["XmppListeningPort"], edge["XmppInternalPort"], edge["Version"]) == (None, None, 5)
    assert edge["Registrar"] == "Registrar:pool2010.contoso.test" and edge["ServiceId"] == "1-EdgeServer-1"
    assert rows["registrar"]["Registrar:pool2010.contoso.test"]["EdgeServer"] == OLD_EDGE


def test_only_properties_that_are_read_are_said():
    for collection, rows in derive(edit.add_standard_pool(t.parse(TEXT), POOL)).items():
        for row in rows.values():
            assert set(row) <= set(COLLECTIONS[collection].properties), collection


def test_effects_of_adding_a_pool_and_an_edge():
    before = t.parse(TEXT)
    middle = edit.add_standard_pool(before, POOL)
    found = table(effects(before, middle))
    assert found["topology_document", "document"] == {".": middle.text}
    assert found["pool", POOL.fqdn]["Computers"] == [POOL.fqdn]
    assert found["computer", POOL.fqdn]["Pool"] == POOL.fqdn
    assert found["registrar", "Registrar:pool2013.contoso.test"]["EdgeServer"] == OLD_EDGE
    assert found["replica", POOL.fqdn] == {"ReplicaFqdn": POOL.fqdn, "UpToDate": UNKNOWN}
    assert set(found["edge_server", OLD_EDGE]) == {"DependentServiceList"}
    assert ("pool", "pool2010.contoso.test") not in found
    assert set(found["site", "Site:Redmond"]) == {"Services", "Pools"}

    after = edit.add_edge_pool(middle, EDGE)
    found = table(effects(middle, after))
    assert found["edge_server", NEW_EDGE]["XmppListeningPort"] is None
    ports = table(effects(after, edit.add_xmpp(edit.add_federation(after, EDGE.fqdn), EDGE.fqdn)))
    assert ports["edge_server", NEW_EDGE] == {
        "AccessEdgeExternalSipPort": 5061,
        "XmppListeningPort": 5269,
        "XmppInternalPort": 23456,
    }
    assert set(ports) == {("edge_server", NEW_EDGE), ("topology_document", "document")}


def test_what_goes_is_gone():
    before = edit.add_standard_pool(t.parse(TEXT), POOL)
    found = table(effects(before, t.parse(TEXT)))
    assert found["pool", POOL.fqdn] is None and found["registrar", "Registrar:pool2013.contoso.test"] is None


def test_the_same_document_has_no_effects():
    assert effects(t.parse(TEXT), t.parse(TEXT)) == ()
