# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""migration_readiness: each finding is provoked and its sentence read; an organisation that is fit has none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.performer import NoShell
from ansible_collections.lync.xmpp_migration.plugins.module_utils._readiness.estate import IDS, number
from ansible_collections.lync.xmpp_migration.plugins.modules import migration_readiness
from ansible_collections.lync.xmpp_migration.tests.unit.doubles import Bench, Estate, FakeShell, Row, ServerError
from ansible_collections.lync.xmpp_migration.tests.unit.lab_bench import LabBench
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.lync_people import undocumented

OLD, NEW, EDGE = "pool2010.contoso.test", "pool2013.contoso.test", "edge2010.contoso.test"
SALES = "OU=Sales,DC=contoso,DC=test"


def person(number: int, pool: str | None = OLD, **more: Any) -> Row:
    return {
        "SipAddress": f"sip:user{number}@contoso.test", "Identity": f"CN=User {number},OU=North,{SALES}", "Enabled": True,
        "RegistrarPool": pool, "HomeServer": None, "HostingProvider": "SRV:", **more,
    }  # fmt: skip


def edge(**more: Any) -> Row:
    return {
        "Identity": f"EdgeServer:{EDGE}", "PoolFqdn": EDGE, "Version": 5, "AccessEdgeExternalFqdn": "sip.contoso.test",
        "DataEdgeExternalFqdn": "webconf.contoso.test", "AVEdgeExternalFqdn": "av.contoso.test", **more,
    }  # fmt: skip


def organisation() -> Estate:
    estate = Estate(
        front_end_service=[
            {"Identity": f"Registrar:{OLD}", "PoolFqdn": OLD, "Version": 5},
            {"Identity": f"Registrar:{NEW}", "PoolFqdn": NEW, "Version": 6},
        ],
        edge_server=[edge()],
        site=[{"Identity": "Site:Redmond", "FederationRoute": f"EdgeServer:{EDGE}", "XmppFederationRoute": None}],
        user=[person(1), person(2, NEW)],
        replica=[
            {"ReplicaFqdn": OLD, "ProductVersion": "4.0.7577.0"},
            {"ReplicaFqdn": NEW, "ProductVersion": "5.0.8308.0"},
        ],
        organizational_unit=[unit(SALES, False), unit("OU=Empty,DC=contoso,DC=test", True)],
    )
    return estate


def unit(name: str, closed: bool) -> Row:
    return {"DistinguishedName": name, "nTSecurityDescriptor.AreAccessRulesProtected": closed}


@pytest.fixture(name="bench")
def _bench(tmp_path: Path) -> Bench:
    bench = Bench(tmp_path, organisation())
    bench.hosts["fe2013"].handlers["Test-CsOUPermission"] = lambda shell, p: [{".": False}]
    return bench


def run(bench: Any, check: bool = False, **more: Any) -> dict[str, Any]:
    result: dict[str, Any] = bench.run(migration_readiness, {"source": "lync_2010", **more}, check=check)
    return result


Change = Callable[[Estate], None]


def put(name: str, *rows: Row) -> Change:
    return lambda estate: estate.put(name, *rows)


def merged(estate: Estate) -> None:
    estate.put("site", {"Identity": "Site:BackCompatSite"})


def ocs_user(estate: Estate) -> None:
    estate.put("user", person(7, None, HomeServer="CN=LC Services,CN=Microsoft,CN=ocspool"))


CASES: list[tuple[str, str, Change, dict[str, Any], str]] = [
    ("source_combination", "error",
     put("front_end_service", {"Identity": "Registrar:sfb", "PoolFqdn": "sfb.contoso.test", "Version": 7}), {},
     "The organisation should be Lync Server 2010 and Lync Server 2013 and nothing else, but is one with Skype for Business "
     "Server 2015 too: migrate away from that first"),
    ("source_combination", "error", merged, {}, "but is one with Office Communications Server 2007 R2 too"),
    ("source_combination", "error", ocs_user, {}, "but is one with Office Communications Server 2007 R2 too"),
    ("source_combination", "error", merged, {"source": "ocs_2007_r2"}, "but is one with Lync Server 2010 too"),
    ("edge_one_fqdn", "error",
     put("edge_server", edge(DataEdgeExternalFqdn="SIP.contoso.test", AVEdgeExternalFqdn="sip.contoso.test")), {},
     f"What the legacy Edge {EDGE} has should be different FQDNs for Access Edge, Web Conferencing Edge and A/V Edge, but is "
     "sip.contoso.test for all three: move all users and decommission that Edge before federation moves"),
    ("edge_one_fqdn", "error", put("edge_server"),
     {"edges": [{"fqdn": "ocsedge.contoso.test", "access_fqdn": "sip.contoso.test",
                 "web_conferencing_fqdn": "sip.contoso.test", "av_fqdn": "sip.contoso.test"}]},
     "What the legacy Edge ocsedge.contoso.test has should be different FQDNs"),
    ("federated_edges", "warning",
     put("site", {"Identity": "Site:Dublin", "FederationRoute": "EdgeServer:edge2.contoso.test"}), {},
     f"The Edges that sites federate through should be one, but is 2: EdgeServer:edge2.contoso.test, EdgeServer:{EDGE}: name"),
    ("ou_inheritance", "error", put("organizational_unit", unit(SALES, True)), {},
     f"The organizational unit {SALES} should be open to the permissions that Lync Server inherits from the domain, but is "
     f"closed to inheritance, with 2 users in it: inherit permissions there again, or run Grant-CsOUPermission "
     f"-ObjectType User -OU '{SALES}'."),
    ("lync_2010_update", "error", put("user"), {"lync_2010_minimum": "4.0.7577.205"},
     f"The update level of Lync Server 2010 should be 4.0.7577.205 or later, but is 4.0.7577.0 on {OLD}: install the newest"),
    ("lync_2010_update", "warning", put("replica", {"ReplicaFqdn": EDGE, "ProductVersion": "4.0.7577.190"}), {},
     f"but is not the same everywhere (4.0.7577.0 on {OLD}; 4.0.7577.190 on {EDGE}): install the newest cumulative update"),
    ("lync_2010_update", "unknown", put("user"), {},
     f"but is 4.0.7577.0 on {OLD}, and whether that is enough is not known, because no least update level is documented"),
    ("xmpp_partner", "error", put("xmpp_partner", {"Identity": "fabrikam.test"}), {"partner_domains": ["Fabrikam.test"]},
     "The XMPP partners of Lync Server 2013 should be none as long as users are on the legacy pools, but is fabrikam.test "
     "with 1 user left: remove the partner (Remove-CsXmppAllowedPartner)"),
    ("xmpp_partner", "error",
     put("xmpp_partner", {"Identity": "a.test", "AdditionalDomains": ["fabrikam.test"]}), {"partner_domains": ["fabrikam.test"]},
     "but is a.test with 1 user left"),
    ("xmpp_route", "warning", put("site", {"Identity": "Site:Redmond", "XmppFederationRoute": "EdgeServer:new"}), {},
     "The XMPP federation route of a site should be empty until the cutover, but is set already in Site:Redmond, with 1 user"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "severity", "change", "options", "sentence"), CASES)
def test_each_finding(
    bench: Bench, name: str, severity: str, change: Change, options: dict[str, Any], sentence: str
) -> None:
    change(bench.estate)
    result = run(bench, **options)
    assert bench.writes == []
    if severity == "error":
        assert result["failed"] and result["error"]["kind"] == "not_prepared" and sentence in result["msg"], result[
            "msg"
        ]
        assert [one["id"] for one in result["error"]["findings"]] == [name]
        result = run(bench, accept=[name], **options)
    assert not result.get("failed"), result["msg"]
    assert [one for one in result["findings"] if one["id"] == name and sentence in one["sentence"]], result["findings"]
    assert any(sentence in one for one in result.get("warnings", ())) is (severity != "unknown")


def test_every_id_is_provoked_here() -> None:
    assert {name for name, *_ in CASES} == set(IDS)
    assert migration_readiness.ARGUMENT_SPEC["accept"]["choices"] == sorted(IDS)  # type: ignore[index]


def test_an_organisation_that_is_fit(bench: Bench) -> None:
    result = run(bench, lync_2010_minimum="4.0.7577.0")
    assert result["findings"] == [] and result["products"] == ["lync_2010", "lync_2013"] and result["changed"] is False
    assert result["legacy_hosts"] == {"session": [], "no_session": ["pool2010", "edge2010", "xmppgw"]}
    assert undocumented(migration_readiness, result) == []


def test_other_partners_and_partners_after_the_users_moved(bench: Bench) -> None:
    bench.estate.put("xmpp_partner", {"Identity": "other.test"})
    assert "xmpp_partner" not in str(run(bench, partner_domains=["fabrikam.test"])["findings"])
    assert run(bench)["failed"]
    bench.estate.put("user", person(1, NEW))
    assert "xmpp_partner" not in str(run(bench)["findings"])


def test_permissions_that_were_granted_where_inheritance_is_broken(bench: Bench) -> None:
    bench.estate.put("organizational_unit", unit(SALES, True))
    shell = bench.hosts["fe2013"]
    asked: list[Any] = []

    def granted(_shell: Any, parameters: Any) -> list[Row]:
        asked.append(dict(parameters))
        return [{".": True}]

    shell.handlers["Test-CsOUPermission"] = granted
    assert "ou_inheritance" not in str(run(bench)["findings"])
    assert asked == [{"ObjectType": "User", "OU": SALES}]
    shell.failures["Test-CsOUPermission"] = ServerError("CommandNotFoundException", "ObjectNotFound")
    assert "permissions were granted there is not known: the host has no cmdlet" in run(bench)["warnings"][0]


def test_a_name_that_holds_a_quote_and_control_characters(bench: Bench) -> None:
    name = "OU=O'Neill; Remove-Item \x1b[31m\u202e,DC=contoso,DC=test"
    bench.estate.put("organizational_unit", unit(name, True))
    bench.estate.put("user", person(1, Identity=f"CN=User,{name}"))
    text = run(bench)["msg"]
    assert "-OU 'OU=O''Neill; Remove-Item" in text and "\x1b" not in text and "\u202e" not in text


def test_a_site_that_federates_nowhere_and_one_edge_twice(bench: Bench) -> None:
    bench.estate.put(
        "site", {"Identity": "Site:Dublin", "FederationRoute": f"EdgeServer:{EDGE}"}, {"Identity": "Site:Rome"}
    )
    assert "federated_edges" not in str(run(bench)["findings"])


@pytest.mark.parametrize("source", ["lync_2010", "ocs_2007_r2"])
def test_a_bare_host_knows_nothing_and_is_not_wrong(bench: Bench, source: str) -> None:
    bench.hosts["fe2013"] = FakeShell(bench.estate, "pool2013", tools=False)
    bench.hosts["fe2013"].failures["Get-ADOrganizationalUnit"] = ServerError("CommandNotFoundException")
    result = run(bench, source=source)
    known = {"xmpp_route"} | ({"lync_2010_update"} if source == "ocs_2007_r2" else set())
    assert not result.get("failed") and set(result["not_known"]) == set(IDS) - known
    assert all("not known (" in one["sentence"] for one in result["findings"]) and result["products"] == []


def test_a_host_that_is_only_a_name(bench: Bench) -> None:
    hosts: dict[str, Any] = bench.hosts
    hosts["fe2013"] = NoShell("fe2013")
    assert {one["severity"] for one in run(bench, check=True)["findings"]} == {"unknown"}
    assert run(bench)["error"]["kind"] == "no_session"


@pytest.mark.parametrize(("value", "expected"), [(5, 5), ("6", 6), ("7.0", 7), (None, None), ("", None)])
def test_versions(value: object, expected: int | None) -> None:
    assert number(value) == expected


def test_the_organisation_of_the_lab(tmp_path: Path) -> None:
    lab = LabBench(tmp_path)
    result = run(lab, legacy_edge_fqdn=EDGE, partner_domains=["fabrikam.test", "nwtraders.test"])
    assert not result.get("failed"), result["msg"]
    assert set(result["not_known"]) <= {"lync_2010_update", "ou_inheritance"} and lab.called() == []
    assert "lync_2010" in result["products"]
