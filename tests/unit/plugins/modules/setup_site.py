# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts of the lab with core files only, and the steps that make Lync servers of them."""

from __future__ import annotations

from typing import Any

from ansible_collections.lync.xmpp_migration.plugins.modules import (
    certificate,
    certificate_assignment,
    local_store,
    lync_service,
    server_components,
    store_replication,
    topology,
)
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
        self.bench.done(topology, {"source": "declared", "accepts": ["simple_urls_dropped"], "pool": POOL}, **how)
        self.bench.done(local_store, {}, **how)

    def databases(self, check):
        if not check:
            parameters = {"ConfiguredDatabases": True, "SqlServerFqdn": "pool2013.contoso.test", "Confirm": False}
            reply = self.bench.hosts["fe2013"].request([{"cmdlet": "Install-CsDatabase", "parameters": parameters}], 60)
            assert reply.ends[0]["ok"]

    def edge(self, **how):
        self.bench.done(topology, {"source": "declared", "accepts": ["simple_urls_dropped"], "edge": EDGE}, **how)
        self.bench.done(local_store, {"source_host": "fe2013"}, host="edge2013", **how)

    def steps(self, check):
        """(module, options, host) in the order of the roles; topology steps included."""
        yield topology, {"source": "declared", "accepts": ["simple_urls_dropped"], "pool": POOL}, "fe2013"
        yield local_store, {}, "fe2013"
        yield server_components, {}, "fe2013"
        self.databases(check)
        yield certificate, {**FRONT_END, **self.authority}, "fe2013"
        yield certificate_assignment, FRONT_END, "fe2013"
        yield lync_service, {}, "fe2013"
        yield store_replication, REPLICATED, "fe2013"
        yield topology, {"source": "declared", "accepts": ["simple_urls_dropped"], "edge": EDGE}, "fe2013"
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
        yield topology, {"source": "declared", "accepts": ["simple_urls_dropped"], "edge": FEATURES}, "fe2013"
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
