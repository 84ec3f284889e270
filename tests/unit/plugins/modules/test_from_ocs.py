# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way from Office Communications Server 2007 R2 against the lab: directory, store, first topology, merge, import."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.lync.xmpp_migration import lab as lab_package
from ansible_collections.lync.xmpp_migration.plugins.modules import (
    active_directory,
    configuration_store_location,
    database,
    estate_baseline,
    legacy_configuration,
    legacy_topology,
    topology,
)
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


@pytest.fixture(name="lab")
def _lab(tmp_path):
    """The estate with a Front End whose Windows features and packages are there already."""
    source = Path(lab_package.__file__).parent / "estates" / "ocs2007r2-standard.yml"
    estate: dict[str, Any] = yaml.safe_load(source.read_text())
    for host in estate["hosts"]:
        if host.pop("bare", False):
            host.update(windows="6.2", powershell="3.0", product="lync_2013")
            if "workgroup" not in host:
                host.update(sql_instances=["RTC"], packages={"OCS WMI Backward Compatibility": "1"})
    path = tmp_path / "estate.yml"
    path.write_text(yaml.safe_dump(estate))
    return LabBench(tmp_path, str(path))


def calls(entries):
    return [one["call"].get("name") or one["call"]["type"] for one in entries if one["kind"] == "intent"]


def test_from_the_directory_to_the_import(lab):
    planned = [lab.done(module, options, check=True) for module, options in STEPS]
    assert all(result["changed"] for result in planned) and lab.called() == []
    made = [lab.done(module, options) for module, options in STEPS]
    assert all(result["changed"] for result in made)
    assert calls(lab.plan()) == calls(lab.journal())
    assert lab.world.laws.violations == []
    merged = made[5]["legacy_topology"]
    assert merged == {"site": "Site:BackCompatSite", "pools": [OCS_EDGE, OCS], "edges": {OCS_EDGE: True}}
    assert planned[5]["legacy_topology"] == merged
    assert made[6]["legacy_configuration"]["conference_directories"] == ["1", "2"]
    count = len(lab.called())
    assert [lab.done(module, options)["changed"] for module, options in STEPS] == [False] * len(STEPS)
    assert [lab.done(module, options, check=True, run="run-2")["changed"] for module, options in STEPS] == [False] * 7
    assert len(lab.called()) == count
