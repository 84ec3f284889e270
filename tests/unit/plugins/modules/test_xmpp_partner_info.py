# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""xmpp_partner_info: what the store and its copies have, waiting for it, and dry runs on servers without a copy yet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.modules import xmpp_partner, xmpp_partner_info
from ansible_collections.lync.xmpp_migration.tests.unit.doubles import DEFAULTS, Bench, Estate, ServerError
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.lync_people import undocumented

PARTNER = {"Identity": "fabrikam.test", "Domain": "fabrikam.test", **DEFAULTS["xmpp_partner"]}
ALL = ("users_homed", "components", "xmpp_listening", "certificate_names", "replicated")


@pytest.fixture(name="bench")
def _bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, Estate(xmpp_partner=[PARTNER]))


def run(bench: Bench, host: str = "edge2013", check: bool = False, **more: Any) -> dict[str, Any]:
    return bench.run(xmpp_partner_info, more, host=host, check=check)


def evidence(bench: Bench, check: bool = False) -> list[tuple[str, str, Any]]:
    entries = bench.plan() if check else bench.journal()
    return [(one["fact"], one["member"], one["value"]) for one in entries if one["kind"] == "evidence"]


def test_the_store(bench: Bench) -> None:
    result = run(bench, "fe2013")
    assert result["changed"] is False and result["partners"][0]["domain"] == "fabrikam.test"
    assert undocumented(xmpp_partner_info, result) == [] and evidence(bench) == []
    assert set(result["partners"][0]) == set(xmpp_partner.ARGUMENT_SPEC) - {"state", "retire_allowed_domain"}
    assert bench.hosts["fe2013"].transcript == [("Get-CsXmppAllowedPartner", {})]


@pytest.mark.parametrize("local", [True, False])
def test_no_partners_at_all(tmp_path: Path, local: bool) -> None:
    assert run(Bench(tmp_path), "fe2013", local_store=local)["partners"] == []


def test_the_servers_own_copy(bench: Bench) -> None:
    bench.hosts["edge2013"].own["local_xmpp_partner"] = {}
    assert run(bench, local_store=True)["partners"] == []
    result = run(bench, local_store=True, expect=["fabrikam.test"])
    assert result["error"]["kind"] == "not_ready" and evidence(bench) == []
    assert "local store of edge2013 has the XMPP partners fabrikam.test" in result["msg"]
    assert bench.hosts["edge2013"].transcript[-1] == ("Get-CsXmppAllowedPartner", {"LocalStore": True})


def test_seeing_them_goes_on_record(bench: Bench) -> None:
    result = run(bench, local_store=True, expect=["FABRIKAM.test"])
    assert evidence(bench) == [("partner_seen", "edge2013", ["fabrikam.test"])]
    assert undocumented(xmpp_partner_info, result) == []
    run(bench, "fe2013", expect=["fabrikam.test"])  # the store proves nothing of a server
    assert len(evidence(bench)) == 1


def test_waiting_until_they_arrive(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    own = bench.hosts["edge2013"].own
    own["local_xmpp_partner"] = {}
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            own["local_xmpp_partner"] = {"fabrikam.test": PARTNER}

    monkeypatch.setattr("time.sleep", sleep)
    session = bench.session("edge2013")
    monkeypatch.setattr(type(session).__init__, "__kwdefaults__", {"clock": lambda: sum(waited), "sleep": sleep})
    result = run(bench, local_store=True, expect=["fabrikam.test"], wait_seconds=60)
    assert result["partners"][0]["domain"] == "fabrikam.test" and waited == [1, 2, 2]
    own["local_xmpp_partner"] = {}
    result = run(bench, local_store=True, expect=["fabrikam.test"], wait_seconds=5)
    assert "within 5 s" in result["msg"]


def test_a_dry_run_sees_planned_partners_in_every_copy(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.prove(*ALL)
    for shell in bench.hosts.values():
        shell.own["local_xmpp_partner"] = {}
    expect: dict[str, Any] = {"local_store": True, "expect": ["fabrikam.test"]}
    assert "It is not planned that the local store of edge2013 gets" in run(bench, check=True, **expect)["msg"]
    assert bench.run(xmpp_partner, {"domain": "fabrikam.test"}, check=True)["changed"]
    for host in bench.hosts:
        assert [one["domain"] for one in run(bench, host, True, **expect)["partners"]] == ["fabrikam.test"]
    assert len(evidence(bench, check=True)) == 2
    assert bench.writes == [] and run(bench, **expect)["failed"]


def test_a_dry_run_on_a_server_without_a_local_store(tmp_path: Path) -> None:
    bench = Bench(tmp_path, hosts=("fe2013", "edge2013"))
    bench.prove(*ALL)
    bench.hosts["edge2013"].failures["Get-CsXmppAllowedPartner"] = ServerError("NoLocalStore")
    bench.run(xmpp_partner, {"domain": "fabrikam.test"}, check=True)
    result = run(bench, check=True, local_store=True, expect=["fabrikam.test"])
    assert result["partners"] and "warnings" not in result
    assert run(bench, local_store=True)["error"]["kind"] == "cmdlet_failed"


@pytest.mark.parametrize("text", ["*", "fabrikam", "fabrikam.test' -or", "{{ x }}"])
def test_what_cannot_be_expected(bench: Bench, text: str) -> None:
    result = run(bench, expect=[text])
    assert result["error"]["kind"] == "invalid_input" and result["msg"].startswith("expect: ")
