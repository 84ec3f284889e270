# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""XMPP on an Edge that no session reaches: what is seen from outside and inside, what is wrong, what needs the operator's word."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.lab.xmpp import Listener
from ansible_collections.lync.xmpp_migration.plugins.module_utils._certificates.judging import edge_names
from ansible_collections.lync.xmpp_migration.plugins.module_utils._readiness import manual_outside as _manual_outside
from ansible_collections.lync.xmpp_migration.plugins.module_utils._readiness import manual_xmpp as _manual_xmpp
from ansible_collections.lync.xmpp_migration.plugins.modules import (
    manual_gate,
    store_replication,
    xmpp_partner,
    xmpp_partner_info,
)
from ansible_collections.lync.xmpp_migration.tests.unit.doubles import Bench
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.module_utils import certificate_samples as samples
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.lync_people import undocumented
from cryptography.hazmat.primitives import serialization

GATE, EDGE, ACCESS = "edge_xmpp_without_session", "edge2013.contoso.test", "access.contoso.test"
NAMES = [ACCESS, "webcon.contoso.test", "sip.contoso.test", "contoso.test"]
XMPP: dict[str, Any] = {
    "gate": GATE, "member": "edge2013", "edge_fqdn": EDGE, "access_fqdn": ACCESS, "names": ["webcon.contoso.test"],
    "sip_domains": ["contoso.test"], "xmpp_domains": ["contoso.test"], "sender": "fabrikam.test", "allow_private": True,
    "machines": [{"fqdn": EDGE, "internal_address": "127.0.0.1"}], "outside_addresses": ["127.0.0.1"],
    "outside_ports": [], "inside_ports": [],
}  # fmt: skip
WORD: dict[str, Any] = {"confirmed": [GATE]}
Serve = Callable[..., tuple[int, str]]


@pytest.fixture(name="bench")
def _bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(_manual_outside, "SECONDS", 1.0)
    monkeypatch.setattr(_manual_xmpp, "SECONDS", 1.0)
    bench = Bench(tmp_path)
    bench.estate.put("edge_server", {
        "Identity": f"EdgeServer:{EDGE}", "PoolFqdn": EDGE, "XmppListeningPort": 5269, "XmppInternalPort": 23456,
    })  # fmt: skip
    bench.estate.put("replica", {"ReplicaFqdn": EDGE, "UpToDate": True})
    return bench


@pytest.fixture(name="serve")
def _serve(tmp_path: Path) -> Iterator[Serve]:
    """An Edge with a certificate: its port, and the authority that it comes from."""
    open_: list[Listener] = []

    def serve(names: list[str], accept: Callable[[str, str], bool] = lambda sender, to: True) -> tuple[int, str]:
        make: Any = samples  # without types
        own = make.key("edge")
        made = make.certificate(names[0], names, own=own, days=3600)
        pem = make.pem(made)
        secret = own.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path = tmp_path / "authority.pem"
        path.write_bytes(make.pem(make.root()))
        listener = Listener("127.0.0.1", 0, frozenset({"contoso.test"}), pem.decode(), secret, accept=accept)
        open_.append(listener.start())
        return open_[-1].port, str(path)

    yield serve
    for one in open_:
        one.stop()


def run(bench: Bench, check: bool = False, **more: Any) -> dict[str, Any]:
    return bench.run(manual_gate, {**XMPP, **more}, check=check)


def known(result: dict[str, Any]) -> dict[str, str]:
    assert {one["member"] for one in result["evidence"]} == {"edge2013"}
    return {one["fact"]: one["value"]["by"] for one in result["evidence"]}


def test_all_of_it_is_seen(bench: Bench, serve: Serve) -> None:
    port, ca = serve(NAMES)
    result = run(bench, outside_ports=[port], inside_ports=[port], ca_file=ca, **WORD)
    # the inner port that the laws ask about is another one than the test can open, so it stays the operator's word
    assert known(result) == {"components": "reading", "xmpp_listening": "confirmation", "certificate_names": "reading"}
    assert result["unseen"] == ["port 23456 was not to be asked"] and undocumented(manual_gate, result) == []
    result = run(bench, outside_ports=[port], inside_ports=[port], ca_file=ca)
    assert result["failed"] and f"with {GATE} in confirmed" in result["msg"]


def test_nothing_is_left_to_the_word_where_the_inner_port_is_seen(
    bench: Bench, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, ca = serve(NAMES)
    monkeypatch.setattr(_manual_xmpp, "INNER_PORT", port)
    bench.estate.put("edge_server", {
        "Identity": f"EdgeServer:{EDGE}", "PoolFqdn": EDGE, "XmppListeningPort": 5269, "XmppInternalPort": port,
    })  # fmt: skip
    result = run(bench, outside_ports=[port], inside_ports=[port], ca_file=ca)
    assert result["by"] == "reading" and set(known(result).values()) == {"reading"} and result["unseen"] == []


@pytest.mark.parametrize("lacking", NAMES[1:])
def test_a_certificate_without_a_name(bench: Bench, serve: Serve, lacking: str) -> None:
    port, ca = serve([one for one in NAMES if one != lacking])
    result = run(bench, outside_ports=[port], ca_file=ca, **WORD)
    assert (
        result["failed"] and f"does not name {lacking}." in result["msg"]
    )  # the word does not help against what is seen


def test_a_certificate_that_nobody_trusts_or_another_one(bench: Bench, serve: Serve) -> None:
    port, ca = serve(NAMES)
    assert "is not trusted" in run(bench, outside_ports=[port], **WORD)["msg"]
    said = run(bench, outside_ports=[port], ca_file=ca, thumbprints=["AB" * 20], **WORD)["msg"]
    assert "not the one that is wanted" in said
    own = re.search(r"shows the certificate ([0-9A-F]{40}),", said)
    assert own and "another" not in said
    result = run(bench, outside_ports=[port], ca_file=ca, thumbprints=[own[1].lower()], **WORD)
    assert known(result)["certificate_names"] == "reading"


def test_an_edge_that_does_not_speak_before_it_has_a_partner(bench: Bench, serve: Serve) -> None:
    port, ca = serve(NAMES, lambda sender, to: False)
    result = run(bench, outside_ports=[port], ca_file=ca)
    assert result["failed"] and "perhaps because there is no partner yet" in result["error"]["unseen"][0]
    result = run(bench, outside_ports=[port], ca_file=ca, **WORD)
    assert result["by"] == "confirmation" and set(known(result).values()) == {"confirmation"}


def test_a_port_that_is_closed(bench: Bench) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    result = run(bench, outside_ports=[port], inside_ports=[port], **WORD)
    assert (
        result["failed"] and f"127.0.0.1:{port} cannot be reached from the controller" in result["error"]["missing"][0]
    )
    assert any(f"port {port} of {EDGE} was not seen" in one for one in result["error"]["unseen"])


def test_nobody_is_asked_outside(bench: Bench) -> None:
    result = run(bench)
    assert result["failed"] and "nobody was to be asked from outside" in result["error"]["unseen"]
    assert set(known(run(bench, **WORD)).values()) == {"confirmation"}
    two = [*XMPP["machines"], {"fqdn": EDGE}]
    said = run(bench, outside_ports=[9], machines=two, **WORD)["error"]["unseen"]
    assert "2 machines are behind 1 addresses, so not each of them was asked" in said


def test_the_topology_and_the_replicas_come_first(bench: Bench) -> None:
    bench.estate.put("edge_server", {"Identity": f"EdgeServer:{EDGE}", "PoolFqdn": EDGE, "XmppListeningPort": 5269})
    assert run(bench, **WORD)["error"]["missing"] == [
        f"the published topology does not give {EDGE} port 23456 (to the Front End Servers)"
    ]
    bench.estate.put("replica", {"ReplicaFqdn": EDGE, "UpToDate": False})
    assert f"the replica of {EDGE} is not up to date" in run(bench, **WORD)["msg"]


def test_a_dry_run_plans_what_the_laws_want(bench: Bench) -> None:
    bench.estate.put("edge_server", {"Identity": f"EdgeServer:{EDGE}", "PoolFqdn": EDGE})
    result = run(bench, check=True, outside_ports=[9], inside_ports=[9])
    assert result["by"] == "plan" and set(known(result).values()) == {"plan"} and len(known(result)) == 3


def test_names_are_those_that_a_session_would_request() -> None:
    params = {**XMPP, "web_conferencing_fqdn": None}
    assert set(_manual_xmpp.names_of(params)) == {
        *XMPP["names"], *edge_names(ACCESS, None, XMPP["sip_domains"], XMPP["xmpp_domains"])
    }  # fmt: skip
    first = XMPP["xmpp_domains"][0]
    assert f"xmpp.{first}" in _manual_xmpp.names_of({**params, "srv_targets": [f"XMPP.{first}", "other.test"]})
    assert f"xmpp.{first}" not in _manual_xmpp.names_of({**params, "srv_targets": ["other.test"]})


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"xmpp_domains": []}, "needs xmpp_domains, and there is none"),
        ({"thumbprints": ["12"]}, "thumbprints: 40 or 64 hexadecimal digits"),
        ({"outside_ports": [0]}, "outside_ports: A port from 1 to 65535"),
        ({"ca_file": "/nowhere.pem"}, "ca_file '/nowhere.pem' is not there"),
        ({"member": "coffee"}, "member is 'coffee', which is no host"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_asked(bench: Bench, options: dict[str, Any], said: str) -> None:
    result = run(bench, **options)
    assert result["failed"] and said in result["msg"] and bench.hosts["fe2013"].transcript == []


# --- the replica stands for the copy that no session reads


def test_partners_are_seen_through_the_replica(bench: Bench) -> None:
    bench.estate.put("xmpp_partner", {"Identity": "fabrikam.test"})
    options = {"member": "edge2013", "replicas": [EDGE], "expect": ["fabrikam.test"]}
    assert "were not seen up to date" in bench.run(xmpp_partner_info, options)["msg"]
    bench.hosts["fe2013"].handlers["Invoke-CsManagementStoreReplication"] = lambda _s, p: []
    waited = bench.run(store_replication, {"member": "edge2013", "replicas": [EDGE], "wait_seconds": 0})
    assert not waited.get("failed"), waited["msg"]
    assert [(one["fact"], one["member"]) for one in waited["evidence"]] == [("replicated", "edge2013")]
    result = bench.run(xmpp_partner_info, options)
    assert not result.get("failed"), result["msg"]
    (made,) = result["evidence"]
    assert made["member"] == "edge2013" and made["fact"] == "partner_seen" and made["value"]["by"] == "replica"
    bench.estate.put("replica", {"ReplicaFqdn": EDGE, "UpToDate": False})
    assert "is not up to date any more" in bench.run(xmpp_partner_info, options)["msg"]
    assert "replicas is empty" in bench.run(store_replication, {"member": "edge2013"})["msg"]
    assert "no host of" in bench.run(store_replication, {"member": "coffee", "replicas": [EDGE]})["msg"]


def test_a_partner_that_came_later_is_not_seen(bench: Bench) -> None:
    bench.prove("users_homed", "components", "xmpp_listening", "certificate_names", "replicated")
    made = bench.run(xmpp_partner, {"domain": "nwtraders.test", "partner_type": "Federated"})
    assert made.get("changed"), made
    options = {"member": "edge2013", "replicas": [EDGE], "expect": ["nwtraders.test"]}
    assert (
        "Since the XMPP partners were last changed the replicas of edge2013"
        in bench.run(xmpp_partner_info, options)["msg"]
    )
