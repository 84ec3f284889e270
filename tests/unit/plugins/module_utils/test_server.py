# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._certificates.stored import stored
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import Effect, Query
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.overlay import Overlay
from ansible_collections.lync.xmpp_migration.plugins.module_utils._servers import server as s
from ansible_collections.lync.xmpp_migration.plugins.module_utils._topology import edit
from ansible_collections.lync.xmpp_migration.plugins.module_utils._topology import reading as t
from ansible_collections.lync.xmpp_migration.plugins.module_utils._topology.losses import simple_urls
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.module_utils.topology_samples import EDGE, POOL, TEXT


def services(topology, fqdn):
    """Names of the services that are expected on a pool."""
    pool = topology.pool(fqdn)
    return [one.name for one in s.expected(topology, pool)]


def migrated():
    return edit.add_edge_pool(edit.add_standard_pool(t.parse(TEXT), POOL), EDGE)


@pytest.mark.parametrize(
    "name, pool",
    [
        ("pool2013.contoso.test", "pool2013.contoso.test"),
        ("POOL2013.CONTOSO.TEST", "pool2013.contoso.test"),
        ("edge2013", "edge2013.contoso.test"),  # a host without a session
        ("pool2013.other.test", None),
        ("pool201", None),
    ],
)
def test_the_pool_of_a_computer(name, pool):
    found = s.pool_of(migrated(), name)
    assert (found.fqdn if found else None) == pool


def test_windows_cuts_long_names():
    machine = edit.EdgeMachine("averyverylongedge01.contoso.test", "10.0.0.1", "203.0.113.1")
    longer = edit.EdgePool("edges.contoso.test", "Redmond", POOL.fqdn, (machine,), "a.test", "b.test", "c.test")
    topology = edit.add_edge_pool(edit.add_standard_pool(t.parse(TEXT), POOL), longer)
    found = s.pool_of(topology, "averyverylonged.contoso.test")
    assert found is not None and found.fqdn == "edges.contoso.test"


def test_services_that_the_topology_brings():
    topology = migrated()
    names = services(topology, POOL.fqdn)
    assert names == ["RTCSRV", "RTCIMMCU", "RTCDATAMCU", "RTCAVMCU", "RTCASMCU"]
    assert services(topology, EDGE.fqdn) == [
        "RTCSRV",
        "RTCDATAPROXY",
        "RTCMRAUTH",
        "RTCMEDIARELAY",
    ]
    topology = edit.add_xmpp(edit.add_federation(topology, EDGE.fqdn), EDGE.fqdn)
    assert "RTCXMPPTGW" in services(topology, POOL.fqdn)
    assert s.PLANNED_PROXY in services(topology, EDGE.fqdn)
    # the 2010 pool beside it has no XMPP of its own
    assert "RTCXMPPTGW" not in services(topology, "pool2010.contoso.test")


def test_the_proxy_is_known_by_its_display_name():
    row = {"Name": "WHATEVER", "DisplayName": "Lync Server XMPP Translating Gateway Proxy", "Status": "Running"}
    gateway = {"Name": "RTCXMPPTGW", "DisplayName": "Lync Server XMPP Translating Gateway", "Status": "4"}
    assert s.is_proxy(row) and not s.is_proxy(gateway)
    assert s.is_running(row) and s.is_running(gateway) and not s.is_running({"Status": "Stopped"})


def test_moments():
    assert s.moment("2026-11-21T08:00:00.1234567Z") == datetime(2026, 11, 21, 8, 0, 0, 123456, tzinfo=UTC)
    assert s.moment(None) is None and s.moment("21.11.2026") is None
    later = s.moment(s.later_than("2999-01-01T00:00:00Z", None, "nothing"))
    assert later is not None and later > datetime(2999, 1, 1, tzinfo=UTC)


def test_what_is_planned_for_the_original_reaches_its_copies():
    overlay = Overlay()
    query = Query("local_topology_document")
    overlay.apply(Effect("topology_document", "organisation", "document", {".": "first"}))
    overlay.apply(Effect("local_topology_document", "edge.test", "document", {".": "imported"}))
    assert overlay.rows(query, "edge.test", []) == [{".": "imported"}]
    overlay.apply(Effect("topology_document", "organisation", "document", {".": "second"}))
    assert overlay.rows(query, "edge.test", []) == [{".": "second"}]
    assert overlay.rows(query, "edge.test", [{".": "old"}]) == [{".": "second"}]


def urls(components, domains, active, entries):
    row = {"SimpleUrl.Component": components, "SimpleUrl.Domain": domains, "SimpleUrl.ActiveUrl": active}
    return simple_urls({"Identity": "Global", **row, "SimpleUrl.SimpleUrlEntry.Url": entries})


def test_simple_urls_are_put_together_from_what_powershell_gives():
    meet, old, dial = "https://meet.contoso.test", "https://old.contoso.test/meet", "https://dial.contoso.test"
    assert urls(None, None, None, None) == []
    (one,) = urls("Meet", "contoso.test", meet, [old, meet])
    assert one == {"Component": "Meet", "Domain": "contoso.test", "ActiveUrl": meet, "Urls": [old, meet]}
    two = urls(["Meet", "Dialin"], ["contoso.test", "*"], [meet, dial], [[old, meet], [dial]])
    assert [url["Urls"] for url in two] == [[old, meet], [dial]]


@pytest.mark.parametrize(
    "parts",
    [
        (["Meet", "Dialin"], ["contoso.test"], ["https://a", "https://b"], ["https://a", "https://b"]),
        (["Meet"], ["contoso.test"], ["https://a"], ["https://b"]),
        # nobody could tell whose the middle one is
        (
            ["Meet", "Dialin"],
            ["contoso.test", "*"],
            ["https://a", "https://c"],
            ["https://a", "https://b", "https://c"],
        ),
    ],
)
def test_simple_urls_that_cannot_be_told_apart_are_not_guessed(parts):
    with pytest.raises(Exception, match="publish from Topology Builder"):
        urls(*parts)


def test_rows_of_a_certificate_store_are_taken_as_they_are():
    rows: list[dict[str, Any]] = [
        {"Thumbprint": "ab", "HasPrivateKey": True, "Issuer": None, "RawData": [1, 2, 300]},
        {"Thumbprint": None, "HasPrivateKey": "True", "Issuer": "CN=x", "RawData": "text"},
    ]
    first, second = stored(rows)
    assert (first.thumbprint, first.has_key, first.der) == ("AB", True, None)
    assert (second.has_key, second.issuer) == (False, "CN=x")
    assert first.findings(["a.test"], "Default", datetime.now(UTC))[0].code == "unreadable"
