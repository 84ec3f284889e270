# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way from Office Communications Server 2007 R2 against the lab: directory, store, first topology, merge, import."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.lync.xmpp_migration import lab as lab_package
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import InDoubt
from ansible_collections.lync.xmpp_migration.plugins.modules import (
    active_directory,
    configuration_store_location,
    database,
    estate_baseline,
    federation_route,
    legacy_configuration,
    legacy_federation,
    legacy_topology,
    local_store,
    server_components,
    topology,
    user_move,
    users_homed,
)
from ansible_collections.lync.xmpp_migration.tests.replay.compare import differences
from ansible_collections.lync.xmpp_migration.tests.unit.lab_bench import LabBench

SERVER, OCS, OCS_EDGE = "pool2013.contoso.test", "ocspool.contoso.test", "ocsedge.contoso.test"
PLACE = {"sql_server_fqdn": SERVER, "sql_instance": "RTC"}
FIRST = {
    "source": "declared",
    "organisation": {"sip_domains": ["contoso.test", "wingtip.test"], "site": {"name": "Redmond"}},
    "pool": {"fqdn": SERVER, "site": "Redmond"},
}
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
STEPS = (
    (estate_baseline, {"source": "ocs_2007_r2"}),
    (active_directory, {}),
    (database, {**PLACE, "central_management": True}),
    (configuration_store_location, PLACE),
    (topology, FIRST),
    (legacy_topology, LEGACY),
    (legacy_configuration, {}),
)


def lab_in(directory: Path, name: str = "ocs2007r2-standard") -> LabBench:
    """The estate with Front Ends whose Windows features and packages are there already."""
    source = Path(lab_package.__file__).parent / "estates" / f"{name}.yml"
    estate: dict[str, Any] = yaml.safe_load(source.read_text())
    for host in estate["hosts"]:
        if host.pop("bare", False):
            host.update(windows="6.2", powershell="3.0", product="lync_2013")
            if "workgroup" not in host:
                host.update(packages={"OCS WMI Backward Compatibility": "1"})
            if "workgroup" not in host and name == "ocs2007r2-standard":
                host.update(sql_instances=["RTC"])
    directory.mkdir(exist_ok=True)
    path = directory / "estate.yml"
    path.write_text(yaml.safe_dump(estate))
    return LabBench(directory, str(path))


@pytest.fixture(name="lab")
def _lab(tmp_path):
    return lab_in(tmp_path)


#: Coexistence, after the merge: the site's federation and the pool lead to the legacy Edge.
WIRED = (
    *STEPS,
    (federation_route, {"site": "Redmond", "sip_edge_fqdn": OCS_EDGE}),
    (topology, {**FIRST, "pool": None, "registrar_edge": {"pool_fqdn": SERVER, "edge_fqdn": OCS_EDGE}}),
)


def test_from_the_directory_to_the_legacy_edge(lab):
    planned = [lab.done(module, options, check=True) for module, options in WIRED]
    assert all(result["changed"] for result in planned) and lab.called() == []
    made = [lab.done(module, options) for module, options in WIRED]
    assert all(result["changed"] for result in made)
    assert differences(lab.plan(), lab.journal()) == [] and lab.world.laws.violations == []
    merged = made[5]["legacy_topology"]
    assert merged == {"site": "Site:BackCompatSite", "pools": [OCS_EDGE, OCS], "edges": {OCS_EDGE: True}}
    assert planned[5]["legacy_topology"] == merged
    assert made[6]["legacy_configuration"]["conference_directories"] == ["1", "2"]
    count = len(lab.called())
    assert not any(lab.done(module, options)["changed"] for module, options in WIRED)
    assert not any(lab.done(module, options, check=True, run="run-2")["changed"] for module, options in WIRED)
    assert len(lab.called()) == count


def test_an_enterprise_pool_has_its_store_on_the_sql_server(tmp_path):
    lab = lab_in(tmp_path, "ocs2007r2-enterprise")
    place = {"sql_server_fqdn": "sql2013.contoso.test", "sql_instance": "RTC"}
    pool = {
        "fqdn": "eepool2013.contoso.test",
        "kind": "enterprise",
        "site": "Redmond",
        "machines": [f"fe{number}.contoso.test" for number in (1, 2, 3)],
        **place,
        "file_server_fqdn": "files.contoso.test",
        "file_share": "lyncshare",
    }
    own = {database: place, configuration_store_location: place, topology: {"pool": pool}}
    steps = [(module, {**options, **own.get(module, {})}) for module, options in STEPS]
    assert all(lab.done(module, options, host="fe2013a", check=True)["changed"] for module, options in steps)
    made = [lab.done(module, options, host="fe2013a") for module, options in steps]
    assert made[3]["location"].casefold() == "sql2013.contoso.test\\rtc"
    assert differences(lab.plan(), lab.journal()) == [] and lab.world.laws.violations == []
    # another machine of the pool finds all of it done
    assert not any(lab.done(module, options, host="fe2013b")["changed"] for module, options in steps)


PATH = {
    "site": "Redmond",
    "source": "ocs_2007_r2",
    "pools": [SERVER],
    "edge_fqdn": OCS_EDGE,
    "gateway_fqdn": "xmppgw.contoso.test",
    "partner_domains": ["fabrikam.test", "nwtraders.test"],
}


def served(lab):
    """The pool takes users, as after the rest of the role pool_deploy."""
    lab.done(local_store, {})
    lab.done(database, {"sql_server_fqdn": SERVER})
    lab.done(server_components, {})
    computer = lab.world.computer(SERVER)
    computer.windows_services["RTCSRV"].status = "Running"


def test_users_are_moved_by_the_edge_of_ocs(lab):
    for module, options in STEPS:
        lab.done(module, options)
    served(lab)
    for module, options in WIRED[len(STEPS) :]:
        lab.done(module, options)
    lab.prove("services_running")
    lab.world.ocs.internal_servers.append(SERVER)  # what an administrator does in the console
    result = lab.done(legacy_federation, PATH)
    assert "No cmdlet reads the Allow list" in result["warnings"][0]
    first = sorted(user.sip for user in lab.world.ad if user.counts)[0]
    pilot = {"target_pool": SERVER, "users": [first], "pilot": True}
    assert lab.done(user_move, pilot, check=True)["moved"] == [first]
    assert lab.done(user_move, pilot)["moved"] == [first]
    assert [one["cmdlet"] for one in lab.done(user_move, pilot, check=True)["calls"]] == []
    assert lab.done(legacy_federation, {**PATH, "pilot_users": [first]})["tested"] == PATH["partner_domains"]
    assert lab.run(users_homed, {"pools": [SERVER]})["error"]["kind"] == "not_ready"
    moved = lab.done(user_move, {"target_pool": SERVER})
    assert moved["changed"] is True and {one["cmdlet"] for one in moved["calls"]} == {"Move-CsLegacyUser"}
    assert lab.done(users_homed, {"pools": [SERVER]})["users"]["here"] == len(moved["moved"]) + 1
    assert lab.done(user_move, {"target_pool": SERVER})["changed"] is False
    assert lab.world.laws.violations == []


#: What the module topology leaves on the server where its own clean-up was struck.
OTHERS = ("lync_xmpp_migration-topology.xml",)


class Struck:
    """A session whose answer to one change is lost, after the change took effect or before."""

    def __init__(self, shell, at, after):
        self.shell, self.at, self.after, self.count = shell, at, after, 0

    def __getattr__(self, name):
        return getattr(self.shell, name)

    def request(self, calls, seconds):
        writes = any(
            not str(one.get("cmdlet", "Get-")).startswith(("Get-", "Test-")) or "write" in one for one in calls
        )
        self.count += writes
        if writes and self.count == self.at:
            if self.after:
                self.shell.request(calls, seconds)
            raise InDoubt("The session process of this host went away in the middle of a request.")
        return self.shell.request(calls, seconds)


def final(world):
    text = re.sub(r'Signature="[^"]*"', "", world.cms.topology.text)
    rows = {
        kind: sorted(world.cms.rows(kind)) for kind in ("external_access_policy", "conference_directory", "simple_url")
    }
    files = sorted(path for host, path in world.files if host == SERVER and path.rpartition("\\")[2] not in OTHERS)
    return text, rows, world.central.location, files


@pytest.mark.parametrize(
    ("at", "after"), [(at, at % 2 == 0) for at in range(1, 27)] + [(at, at % 2 == 1) for at in range(3, 27, 5)]
)
def test_struck_at_any_change_the_next_run_gets_there(at, after, tmp_path):
    undisturbed = lab_in(tmp_path / "whole")
    for module, options in STEPS:
        undisturbed.done(module, options)
    lab = lab_in(tmp_path / "struck")
    hosts: dict[str, Any] = lab.hosts
    struck = hosts["fe2013"] = Struck(hosts["fe2013"], at, after)
    failures = 0
    for module, options in STEPS:
        result = lab.run(module, options)
        if result.get("failed"):
            failures += 1
            assert result["error"]["kind"] == "in_doubt" and "Run the task again" in result["msg"]
            lab.done(module, options)
    assert failures == (struck.count >= struck.at)
    assert final(lab.world) == final(undisturbed.world)
    assert [lab.done(module, options)["changed"] for module, options in STEPS] == [False] * len(STEPS)
