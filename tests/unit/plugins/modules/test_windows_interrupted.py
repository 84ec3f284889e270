# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each change of a host's preparation struck before it was made and after it, and run again: always the same host."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.lync.xmpp_migration.lab.organisation.certificates import certificates_of
from ansible_collections.lync.xmpp_migration.lab.organisation.resolution import HOSTS
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import InDoubt, NeverRan
from ansible_collections.lync.xmpp_migration.plugins.modules import (
    hosts_file,
    package,
    primary_dns_suffix,
    registry_value,
    restart,
    server_file,
    trusted_root,
    windows_feature,
)
from ansible_collections.lync.xmpp_migration.tests.replay.compare import differences
from ansible_collections.lync.xmpp_migration.tests.unit.lab_bench import LabBench
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

EDGE = "edge2013"
SCHANNEL = r"HKLM:\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL"
PSD1 = r"C:\Program Files\Common Files\Microsoft Lync Server 2013\Modules\Lync\Lync.psd1"
VISUAL_C = "Microsoft Visual C++ 2012 Redistributable (x64) - 11.0.50727"
PACKAGES = [
    {
        "name": "Visual C++ runtime",
        "path": r"D:\Setup\amd64\vcredist_x64.exe",
        "arguments": ["/q", "/norestart"],
        "provides": {"display_name": VISUAL_C},
    },
    {"name": "core components", "path": r"D:\Setup\amd64\Setup\ocscore.msi", "provides": {"file": PSD1}},
]
VALUES = [
    {"path": SCHANNEL, "name": "EnableSessionTicket", "type": "dword", "data": 2},
    {"path": r"HKLM:\SOFTWARE\Contoso\New", "name": "One", "data": "two"},
]


@pytest.fixture(scope="module", name="root")
def _root(tmp_path_factory):
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Contoso Root")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=9))
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("root") / "root.pem"
    path.write_bytes(made.public_bytes(Encoding.PEM))
    return str(path)


def steps(root):
    return [
        (hosts_file, {"entries": [{"address": "10.0.0.20", "names": ["pool2013.contoso.test"]}]}),
        (windows_feature, {"names": ["Windows-Identity-Foundation", "Server-Media-Foundation"]}),
        (primary_dns_suffix, {"suffix": "contoso.test"}),
        (restart, {}),
        (package, {"packages": PACKAGES}),
        (registry_value, {"values": VALUES}),
        (trusted_root, {"certificates": [root]}),
        (server_file, {"content": "x" * 1_500_000, "dest": r"C:\ProgramData\large.txt"}),
    ]


def state(lab):
    host = next(one for one in lab.world.computers.values() if one.inventory_name == EDGE)
    files = lab.world.files
    left = [entry.name for entry in files.children(host, "C:\\Windows") if "lync_xmpp" in entry.name]
    return {
        "hosts": files.read(host, HOSTS),
        "features": sorted(host.features),
        "packages": dict(host.packages),
        "suffix": host.dns_suffix,
        "pending": (host.restart_pending, sorted(host.pending)),
        "registry": host.registry.set_by_callers(),
        "roots": sorted(certificates_of(host).stores["Root"]),
        "file": files.read(host, r"C:\ProgramData\large.txt"),
        "left": left,
    }


class Struck(Exception):
    """The playbook is gone."""


def strike(lab, number, when):
    """Lose the answer to the so-manieth request that changes something, which was made (after) or not (before)."""
    shell, seen = lab.hosts[EDGE], [0]
    request = shell.request

    def struck(calls, seconds):
        writes = any("executable" in c or "write" in c or c.get("cmdlet", "").startswith(_VERBS) for c in calls)
        seen[0] += writes
        if not writes or seen[0] != number:
            return request(calls, seconds)
        if when == "after":
            request(calls, seconds)
            raise InDoubt("The connection was lost.")
        raise NeverRan("No connection came about.")

    shell.request = struck
    return seen


_VERBS = ("New-", "Install-", "Import-", "Remove-", "Restart-", "Set-")


def ran(lab, root, run):
    """Until something fails, as a playbook does it."""
    for module, params in steps(root):
        result = lab.run(module, params, EDGE, run=run)
        if result.get("failed"):
            return result["msg"]
    return None


@pytest.fixture(scope="module", name="undisturbed")
def _undisturbed(tmp_path_factory, root):
    lab = LabBench(tmp_path_factory.mktemp("whole") / "lab", "lync2010-standard", users=1)
    seen = strike(lab, 0, "")
    assert ran(lab, root, "run-1") is None
    return state(lab), seen[0]


@pytest.mark.parametrize("when", ["before", "after"])
def test_each_change_struck(tmp_path, root, undisturbed, when):
    wanted, count = undisturbed
    assert count >= 12
    for number in range(1, count + 1):
        lab = LabBench(tmp_path / str(number), "lync2010-standard", users=1)
        strike(lab, number, when)
        said = ran(lab, root, "run-1")
        # of a restart a lost answer is no failure; nor is it of the removal of a file of ours
        host = lab.hosts[EDGE]
        del host.request
        host.leave("after_doubt")
        lab.world.clock.advance(60)
        assert ran(lab, root, "run-2") is None, (number, said)
        assert state(lab) == wanted, (number, said)
        start = len(lab.called())
        assert ran(lab, root, "run-3") is None and len(lab.called()) == start


def test_the_dry_run_plans_what_the_real_run_does(tmp_path, root):
    """Calls and declared effects, in their order; what follows the restart under the host's new name."""
    lab = LabBench(tmp_path, "lync2010-standard", users=1)
    for module, params in steps(root):
        lab.done(module, params, EDGE, check=True)
    assert lab.called() == []
    assert ran(lab, root, "run-2") is None
    assert differences(lab.plan("run-1"), lab.journal()) == []
    assert {entry["scope"] for entry in lab.journal() if entry["kind"] == "intent"} == {EDGE, f"{EDGE}.contoso.test"}


def test_what_is_found_done_costs_one_request(tmp_path, root):
    lab = LabBench(tmp_path, "lync2010-standard", users=1)
    assert ran(lab, root, "run-1") is None
    shell, asked = lab.hosts[EDGE], []
    request = shell.request
    shell.request = lambda calls, seconds: asked.append(calls) or request(calls, seconds)
    for module, params in steps(root):
        asked.clear()
        assert lab.done(module, params, EDGE, run="run-2")["changed"] is False
        assert len(asked) <= 1, module  # none where the task before it has read ahead
