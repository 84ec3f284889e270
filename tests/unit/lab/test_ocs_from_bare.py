# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Office Communications Server to Lync Server 2013 in the lab's own terms, from Windows alone to a moved pilot."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.lync.xmpp_migration.lab import consoles
from ansible_collections.lync.xmpp_migration.lab.estate import Certificates, Edge, Pool, load
from ansible_collections.lync.xmpp_migration.lab.organisation import media
from ansible_collections.lync.xmpp_migration.lab.organisation.creation import create
from ansible_collections.lync.xmpp_migration.lab.organisation.paths import user_reaches
from ansible_collections.lync.xmpp_migration.lab.organisation.state import state
from ansible_collections.lync.xmpp_migration.lab.organisation.topology_estate import EstateTopology
from ansible_collections.lync.xmpp_migration.tests.unit.lab import deployment_steps, ocs_steps
from ansible_collections.lync.xmpp_migration.tests.unit.lab.bare_hosts import SETUP, SQL, code, features, msi
from ansible_collections.lync.xmpp_migration.tests.unit.lab.worlds import Host, clock

STANDARD = Pool("pool2013.contoso.test", 6, site="Redmond")
ENTERPRISE = Pool(
    "eepool2013.contoso.test", 6, site="Redmond", kind="enterprise",
    machines=("fe1.contoso.test", "fe2.contoso.test", "fe3.contoso.test"), sql="sql2013.contoso.test",
    file_store="files.contoso.test", share="lyncshare",
)  # fmt: skip
USES = ["Default", "WebServicesInternal", "WebServicesExternal"]
USER = "sip:user001@contoso.test"


def made(name):
    return create(dataclasses.replace(load(name, 10), certificates=Certificates(key="ec256"), latency={}), clock())


def equipped(world, fqdn, pool):
    """Features, a restart, and the product's packages."""
    host = Host(world, fqdn)
    features(host)
    host.call("Restart-Computer", Force=True).ok()
    world.clock.advance(120)
    host = Host(world, fqdn)
    assert code(host, rf"{media.ROOT}\vcredist_x64.exe", "/q") == 0
    for path in (rf"{SETUP}\ocscore.msi", rf"{media.ROOT}\SQLSysClrTypes.msi", rf"{media.ROOT}\SharedManagementObjects.msi",
                 rf"{SETUP}\admintools.msi", rf"{SETUP}\OCSWMIBC.msi"):  # fmt: skip
        assert msi(host, path) == 0, path
    if pool.kind == "standard":
        assert code(host, rf"{media.ROOT}\SQLEXPR_x64.exe", SQL) == 0
    return Host(world, fqdn)


def document(world, pool, edge):
    draft = EstateTopology.new(world.estate.sip_domains)
    draft.site("Redmond", "1")
    estate = dataclasses.replace(world.estate, central_management=pool.fqdn)
    draft.add_pool(estate, pool)
    draft.add_edge(estate, edge)
    return draft.topology("11111111-0000-0000-0000-000000000000").text.encode()


def deploy(world, host, pool, first):
    """Local store, components, databases, certificates."""
    fqdn = host.session.computer.fqdn
    assert deployment_steps.run(host, deployment_steps.BOOTSTRAPPER, "/BootstrapLocalMgmt")[0] == 0
    if not first:
        path = r"C:\Windows\Temp\cs.zip"
        host.call("Export-CsConfiguration", FileName=path).ok()
        host.call("Import-CsConfiguration", FileName=path, LocalStore=True).ok()
    else:
        deployment_steps.copy_configuration(world, host, host)
    host.call("Enable-CsReplica", Confirm=False).ok()
    host.call("Start-CsWindowsService", Name="Replica").ok()
    world.clock.advance(10)
    assert deployment_steps.run(host, deployment_steps.BOOTSTRAPPER)[0] == 0
    host.call("Install-CsDatabase", LocalDatabases=True, Confirm=False).ok()
    host.call("Enable-CsComputer", Confirm=False).ok()
    authority = deployment_steps.PrivateAuthority(world)
    authority.trust(host)
    authority.certify(host, USES, [pool.fqdn, fqdn])
    if first:
        [[thumb]] = host.call(
            "Request-CsCertificate", ["Thumbprint"], New=True, Type=["OAuthTokenIssuer"], PrivateKeyExportable=True
        ).ok()
        host.call(
            "Set-CsCertificate", Identity="Global", Type=["OAuthTokenIssuer"], Thumbprint=thumb, Confirm=False
        ).ok()


@pytest.mark.parametrize(("name", "pool"), [("ocs2007r2-standard", STANDARD), ("ocs2007r2-enterprise", ENTERPRISE)])
def test_from_bare_hosts_to_a_moved_pilot(name, pool):
    world = made(name)
    machines = pool.machines or (pool.fqdn,)
    sql = pool.sql or pool.fqdn
    assert Host(world, machines[0]).call("Get-CsAdForest").ids == ["CommandNotFoundException"]
    hosts = [equipped(world, fqdn, pool) for fqdn in machines]
    fe = hosts[0]
    ocs_steps.prepare(world, fe)
    ocs_steps.make_store(fe, sql)
    edges = (world.estate.migration["edge"]["fqdn"],)
    names = tuple(one["fqdn"] for one in world.estate.migration["edge"].get("machines", ()))
    edge = Edge(edges[0], 6, "access.contoso.test", next_hop=pool.fqdn, machines=names)
    ocs_steps.publish(world, fe, ocs_steps.FIRST, document(world, pool, edge))
    fe.call("Install-CsDatabase", ConfiguredDatabases=True, SqlServerFqdn=sql, Confirm=False).ok()
    ocs_steps.merge(world, fe)
    fe.call("Import-CsLegacyConfiguration", Confirm=False).ok()
    fe.call("Import-CsLegacyConferenceDirectory", Confirm=False).ok()
    for number, host in enumerate(hosts):
        deploy(world, host, pool, number == 0)
    for host in hosts:
        host.call("Start-CsWindowsService").ok()
    world.clock.advance(30)
    told = state(world)
    for fqdn in machines:
        assert told["computers"][fqdn]["windows_services"]["RTCSRV"] == "Running"
        assert told["replicas"][fqdn]["up_to_date"]
    last = hosts[-1].call("Get-CsCertificate", ["Use"], Type=["OAuthTokenIssuer"]).ok()
    assert last == [["OAuthTokenIssuer"]]

    route = f"EdgeServer:{ocs_steps.OCS_EDGE}"
    fe.call("Set-CsSite", Identity="Redmond", FederationRoute=route).ok()
    fe.call("Set-CsRegistrar", Identity=f"Registrar:{pool.fqdn}", EdgeServer=route).ok()
    for fqdn in dict.fromkeys((pool.fqdn, *machines)):
        consoles.act(world, "ocs_edge_internal_list", fqdn)
    fe.call("Move-CsLegacyUser", Identity=USER, Target=pool.fqdn, Confirm=False).ok()
    assert fe.call("Test-CsFederatedPartner", ["Result"], TargetFqdn=pool.fqdn, Domain="fabrikam.test").ok() == [
        ["Success"]
    ]
    users = [world.ad.by_key(f"sip:user{n:03d}@contoso.test") for n in (1, 2)]
    assert [user_reaches(world, user, "nwtraders.test") for user in users] == [None, None]
    for fqdn in names or edges:
        done = consoles.act(world, "edge_without_session", fqdn)["edge_without_session"]
        assert set(done.values()) == {"Running"}
        world.clock.advance(10)
        assert state(world)["replicas"][fqdn]["up_to_date"]
        assert consoles.act(world, "edge_without_session", fqdn)["edge_without_session"] == done
    assert ocs_steps.broken(world) == []
    copied = world.copy()
    assert state(copied) == state(world)
