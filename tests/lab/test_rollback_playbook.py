# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook rollback over real WinRM: after a whole migration, after one that was broken off in step 5, and after one whose records
a Microsoft DNS server has."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible_collections.lync.xmpp_migration.lab import estate as estates
from ansible_collections.lync.xmpp_migration.lab.organisation import windows_features
from ansible_collections.lync.xmpp_migration.plugins.module_utils._rollback.plan import KINDS
from ansible_collections.lync.xmpp_migration.tests.lab.conftest import RunningLab
from ansible_collections.lync.xmpp_migration.tests.lab.transport_support import eventually, short_home
from ansible_collections.lync.xmpp_migration.tests.replay.playbooks import MIGRATE, Operator
from ansible_collections.lync.xmpp_migration.tests.replay.rollback import ACCEPTED, ROLLBACK, compared, left

pytestmark = pytest.mark.timeout(1500)

STRUCK = {"cmdlet": "New-CsXmppAllowedPartner", "nth": 1, "when": "after", "do": "kill_process"}


@pytest.mark.parametrize("broken_off", [False, True])
def test_the_playbook_brings_everything_back(broken_off: bool, tmp_path: Path) -> None:
    with short_home() as home:
        lab = RunningLab(tmp_path / "lab", "lync2010", "--users", "3")
        try:
            operator = Operator(lab, home)
            start = compared(lab.state())
            if broken_off:
                lab.fault(STRUCK)
            migrated = operator.play(MIGRATE)
            assert (migrated.code != 0) is broken_off, migrated.played.output
            lab.fault(clear=True)
            unaccepted = operator.play(ROLLBACK)
            assert unaccepted.code != 0 and "rollback_accepts" in unaccepted.played.output
            assert unaccepted.writes == []
            back = operator.play(ROLLBACK, "-e", ACCEPTED).done()
            kinds = {one for one in KINDS if f"  {one}: {KINDS[one][:40]}" in back.played.output}
            assert {"users", "undocumented", "software", "databases"} <= kinds
            assert eventually(lambda: left(start, compared(lab.state()), kinds) == []), left(
                start, compared(lab.state()), kinds
            )
            assert lab.state()["violations"] == []
            assert eventually(operator.nothing_left)
        finally:
            lab.down()


def with_dns_server(directory: Path) -> Path:
    """The estate with a Front End that is a DNS server too."""
    text = (Path(estates.__file__).parent / "estates" / "lync2010.yml").read_text(encoding="utf-8")
    document = yaml.safe_load(text)
    (front_end,) = (one for one in document["hosts"] if one.get("inventory") == "fe2013")
    front_end["features"] = ["DNS", *windows_features.wanted(front_end["windows"], False)]
    path = directory / "lync2010-microsoft-dns.yml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return path


def test_records_of_a_microsoft_dns_server_are_swapped_and_brought_back(tmp_path: Path) -> None:
    with short_home() as home:
        lab = RunningLab(tmp_path / "lab", with_dns_server(tmp_path), "--users", "3")
        try:
            variables = Path(lab.inventory).parent / "group_vars" / "all" / "lab.yml"
            declared = yaml.safe_load(variables.read_text(encoding="utf-8"))
            servers = declared["lync_migration"]["dns"]["servers"]
            times = {name: value for name, value in declared["lync_migration"]["dns"].items() if name.startswith("ttl_")}
            declared["lync_migration"]["dns"] = {
                "method": "microsoft", "server_host": "fe2013", "servers": servers, "margin": 1, "probe_allow_private": True, **times,
            }  # fmt: skip
            variables.write_text(yaml.safe_dump(declared), encoding="utf-8")
            operator = Operator(lab, home)
            start = compared(lab.state())
            migrated = operator.play(MIGRATE).done()
            assert {one["cmdlet"] for one in migrated.writes if "DnsServer" in one["cmdlet"]} == {
                "Add-DnsServerResourceRecord", "Remove-DnsServerResourceRecord", "Set-DnsServerResourceRecord",
            }  # fmt: skip
            assert lab.state()["dns"] != start["dns"]
            operator.play(ROLLBACK, "-e", ACCEPTED).done()
            assert eventually(lambda: compared(lab.state())["dns"] == start["dns"]), lab.state()["dns"]
            assert lab.state()["violations"] == []
            assert eventually(operator.nothing_left)
        finally:
            lab.down()
