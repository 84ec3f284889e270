# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""manual_gate: what each gate says, and that it stops, waits, opens by reading or by the operator's word."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine import session as _session
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.performer import NoShell
from ansible_collections.lync.xmpp_migration.plugins.module_utils._readiness import manual_outside as _manual_outside
from ansible_collections.lync.xmpp_migration.plugins.module_utils._readiness.manual_gate import GATES
from ansible_collections.lync.xmpp_migration.plugins.modules import manual_gate
from ansible_collections.lync.xmpp_migration.tests.unit.doubles import Bench, ServerError
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.module_utils import certificate_samples as samples
from ansible_collections.lync.xmpp_migration.tests.unit.plugins.modules.lync_people import undocumented
from cryptography.hazmat.primitives import serialization

EDGE, OCS_EDGE, ACCESS = "edge2013.contoso.test", "ocsedge.contoso.test", "access.contoso.test"
LIST: dict[str, Any] = {"gate": "ocs_edge_internal_list", "edge_fqdn": OCS_EDGE, "servers": ["pool2013.contoso.test", "fe1.contoso.test"],
        "partner_domains": ["fabrikam.test"]}  # fmt: skip
FEDERATION: dict[str, Any] = {"gate": "ocs_federation_fqdn", "edge_fqdn": EDGE}
CONSOLE: dict[str, Any] = {"gate": "gateway_console", "edge_fqdn": EDGE, "gateway_fqdn": "xmppgw.contoso.test", "access_fqdn": ACCESS,
           "sip_domains": ["contoso.test", "wingtip.test"], "partner_domains": ["fabrikam.test"]}  # fmt: skip
HAND: dict[str, Any] = {
    "gate": "edge_without_session", "edge_fqdn": EDGE, "access_fqdn": ACCESS, "web_conferencing_fqdn": "webcon.contoso.test",
    "av_fqdn": "av.contoso.test", "sip_domains": ["contoso.test"], "outside_ports": [], "trusted_roots": ["/pki/root.pem"],
    "machines": [{"fqdn": EDGE, "internal_address": "10.0.1.40", "external_address": "203.0.113.40"}],
    "hosts_entries": [{"address": "10.0.0.13", "names": ["pool2013.contoso.test", "pool2013"]}],
}  # fmt: skip
XMPP: dict[str, Any] = {
    "gate": "edge_xmpp_without_session", "edge_fqdn": EDGE, "access_fqdn": ACCESS, "names": ["webcon.contoso.test"],
    "sip_domains": ["contoso.test", "wingtip.test"], "xmpp_domains": ["contoso.test"], "machines": HAND["machines"],
    "outside_ports": [], "inside_ports": [], "thumbprints": ["ab" * 20],
}  # fmt: skip
SAYS: list[tuple[dict[str, Any], list[str]]] = [
    (LIST, [
        f"1) Log on to the Office Communications Server 2007 R2 Edge {OCS_EDGE} as a local administrator.",
        "2) Open Start > Administrative Tools > Computer Management, expand Services and Applications, right-click Office",
        "3) On the tab Internal, under the internal servers that may connect to this Edge, click Add and type "
        "pool2013.contoso.test and fe1.contoso.test, one entry for each.",
    ]),
    (FEDERATION, [
        "right-click the node Forest, point to Properties and click Global Properties.",
        f"On the tab Federation, with Enable Federation and Public IM connectivity checked, type {EDGE} as FQDN and 5061",
        "because nothing of it can be read from here.",
    ]),
    (CONSOLE, [
        "Log on to the XMPP gateway xmppgw.contoso.test as a local administrator.",
        f"Give {ACCESS} as the FQDN of the Access Edge with port 5061, and the SIP domains contoso.test and wingtip.test.",
        "see that fabrikam.test stands in the allow list",
        "Restart the service 'Office Communications Server XMPP Gateway'",
    ]),
    (HAND, [
        f"1) On {EDGE} log on as a local administrator, name the computer by the first label of its FQDN, set the primary DNS "
        "suffix contoso.test",
        f"({EDGE}: internal 10.0.1.40, external 203.0.113.40)",
        r"Add to C:\Windows\System32\drivers\etc\hosts the lines: 10.0.0.13 pool2013.contoso.test pool2013.",
        r"Install-WindowsFeature NET-Framework-45-Core, Windows-Identity-Foundation -Source D:\sources\sxs",
        "Carry the root certificate /pki/root.pem there, and have it trusted: certutil -addstore -f Root FILE.",
        r"D:\Setup\amd64\vcredist_x64.exe /q; msiexec /i D:\Setup\amd64\Setup\ocscore.msi /qn",
        r"Export-CsConfiguration -FileName C:\lync_configuration.zip",
        r'& "C:\Program Files\Microsoft Lync Server 2013\Deployment\Bootstrapper.exe" /BootstrapLocalMgmt '
        r"/SourceDirectory:D:\Setup\amd64.",
        r"Import-CsConfiguration -FileName C:\lync_configuration.zip -LocalStore (never without -LocalStore), then Enable-CsReplica",
        r"Bootstrapper.exe" + '" ' + r"/SourceDirectory:D:\Setup\amd64, which installs",
        f"with the subject {EDGE} into the computer's personal store and run: Set-CsCertificate -Type Internal",
        f"(subject {ACCESS}, webcon.contoso.test, av.contoso.test, sip.contoso.test): Set-CsCertificate -Type "
        "AccessEdgeExternal,DataEdgeExternal,AudioVideoAuthentication -Thumbprint THUMBPRINT.",
        "Run Start-CsWindowsService, then Get-CsWindowsService: every service has to be Running.",
    ]),
    (XMPP, [
        f"1) On {EDGE} log on as a local administrator and open the Lync Server Management Shell. Run Get-CsService -EdgeServer "
        "-LocalStore: XmppListeningPort has to be 5269 and XmppInternalPort 23456",
        r"Bootstrapper.exe" + '" ' + r"/SourceDirectory:D:\Setup\amd64 (Setup or Remove Lync Server Components)",
        "the one with the thumbprint " + "AB" * 20,
        f"Its subject is {ACCESS}, and its alternative names are exactly these or more: {ACCESS}, webcon.contoso.test, "
        "sip.contoso.test, sip.wingtip.test, contoso.test.",
        "Run: Set-CsCertificate -Type AccessEdgeExternal,DataEdgeExternal,AudioVideoAuthentication,XmppServer -Thumbprint",
        "Run: Stop-CsWindowsService -Graceful, then Start-CsWindowsService, then Get-CsWindowsService",
        "Ports 5269 (external address) and 23456 (internal address) have to be there",
    ]),
]  # fmt: skip
IDS = [str(options["gate"]) for options, _ in SAYS]


@pytest.fixture(name="bench")
def _bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    slept: list[float] = []
    monkeypatch.setattr(_session.Session.__init__, "__kwdefaults__", {
        "clock": lambda: sum(slept), "sleep": slept.append,
    })  # fmt: skip
    bench = Bench(tmp_path)
    for host in bench.hosts.values():
        host.handlers["Test-CsFederatedPartner"] = lambda _s, p: [{"Result": "Failure"}]
    return bench


def run(bench: Bench, options: dict[str, Any], check: bool = False, **more: Any) -> dict[str, Any]:
    return bench.run(manual_gate, {**options, **more}, check=check)


def reached(bench: Bench) -> None:
    bench.hosts["fe2013"].handlers["Test-CsFederatedPartner"] = lambda _s, p: [{"Result": "Success"}]


def built(bench: Bench, up: bool = True) -> None:
    bench.estate.put("edge_server", {"Identity": f"EdgeServer:{EDGE}", "PoolFqdn": EDGE})
    bench.estate.put("replica", {"ReplicaFqdn": EDGE.upper(), "UpToDate": up})


@pytest.mark.parametrize(("options", "sentences"), SAYS, ids=IDS)
def test_it_stops_and_says_what_to_do(bench: Bench, options: dict[str, Any], sentences: list[str]) -> None:
    result = run(bench, options)
    assert result["failed"] and result["error"]["kind"] == "manual_gate"
    assert result["msg"].startswith(f"To be done by hand ({options['gate']}): {GATES[str(options['gate'])].title}. 1) ")
    position = -1
    for one in sentences:  # in this order
        assert result["msg"].find(one) > position, one
        position = result["msg"].find(one)
    assert "Then run this again" in result["msg"] and len(result["error"]["steps"]) >= 4
    assert bench.writes == [] and bench.journal() == []


@pytest.mark.parametrize(("options", "sentences"), SAYS, ids=IDS)
def test_a_dry_run_says_it_notes_it_and_goes_on(bench: Bench, options: dict[str, Any], sentences: list[str]) -> None:
    result = run(bench, options, check=True, wait_seconds=600)
    assert (
        not result.get("failed") and result["passed"] is False and result["by"] == "plan" and result["changed"] is False
    )
    assert sentences[0] in result["warnings"][0]
    (note,) = bench.plan()
    assert note["kind"] == "note" and str(options["gate"]) in note["text"] and note["steps"] == result["steps"]
    assert undocumented(manual_gate, result) == []


@pytest.mark.parametrize("options", [LIST, CONSOLE], ids=["list", "console"])
def test_partners_that_are_reached_open_the_gate(bench: Bench, options: dict[str, Any]) -> None:
    assert (
        f"Still missing: Test-CsFederatedPartner does not reach fabrikam.test through {options['edge_fqdn']} (Failure)."
        in (run(bench, options)["msg"])
    )
    reached(bench)
    for check in (False, True):
        result = run(bench, options, check)
        assert result["passed"] is True and result["by"] == "reading" and "warnings" not in result
    assert undocumented(manual_gate, result) == []


@pytest.mark.parametrize("options", [LIST, FEDERATION, CONSOLE], ids=["list", "federation", "console"])
def test_the_operators_word_opens_the_gate(bench: Bench, options: dict[str, Any]) -> None:
    assert (
        "with " + str(options["gate"]) + " in confirmed (lync_migration.gates_confirmed)" in run(bench, options)["msg"]
    )
    result = run(bench, options, confirmed=[options["gate"]])
    assert result["passed"] is True and result["by"] == "confirmation"
    assert any("is confirmed, but" in one for one in result.get("warnings", ())) is (options is not FEDERATION)
    assert [one["gate"] for one in bench.journal() if one["kind"] == "note"] == [options["gate"]]
    others = sorted(set(GATES) - {str(options["gate"])})
    assert run(bench, options, confirmed=others)["failed"]


def test_nothing_can_be_read_without_partners_or_without_the_cmdlet(bench: Bench) -> None:
    assert "because nothing of it can be read from here" in run(bench, LIST, partner_domains=[])["msg"]
    bench.hosts["fe2013"].failures["Test-CsFederatedPartner"] = ServerError(
        "CommandNotFoundException", "ObjectNotFound"
    )
    assert "because nothing of it can be read from here" in run(bench, LIST)["msg"]
    assert run(bench, LIST, confirmed=["ocs_edge_internal_list"])["by"] == "confirmation"


def test_an_edge_without_a_session_is_seen_from_the_front_end(bench: Bench) -> None:
    missing = f"Still missing: the Edge pool {EDGE} is not in the published topology."
    assert run(bench, HAND)["msg"].endswith(missing)
    bench.estate.put("edge_server", {"Identity": f"EdgeServer:{EDGE}", "PoolFqdn": EDGE})
    assert f"the replica of {EDGE} is not known to the Central Management store" in run(bench, HAND)["msg"]
    built(bench, up=False)
    assert run(bench, HAND)["error"]["missing"] == [f"the replica of {EDGE} is not up to date"]
    result = run(bench, HAND, confirmed=["edge_without_session"])  # what is read is the thing itself
    assert result["failed"] and "gates_confirmed" not in result["msg"]
    built(bench)
    assert run(bench, HAND)["by"] == "reading"


def test_where_nothing_can_be_read_of_an_edge_the_word_counts(bench: Bench) -> None:
    bench.hosts["fe2013"].tools = False
    assert "in confirmed" in run(bench, HAND)["msg"]
    assert run(bench, HAND, confirmed=["edge_without_session"])["by"] == "confirmation"
    hosts: dict[str, Any] = bench.hosts
    hosts["fe2013"] = NoShell("fe2013")
    bench._performers.clear()
    assert run(bench, HAND, check=True)["by"] == "plan"


def test_it_waits_while_something_can_be_read(bench: Bench) -> None:
    looked: list[int] = []

    def test(_shell: Any, _p: Any) -> list[dict[str, str]]:
        looked.append(1)
        return [{"Result": "Success" if len(looked) > 3 else "Failure"}]

    bench.hosts["fe2013"].handlers["Test-CsFederatedPartner"] = test
    result = run(bench, LIST, wait_seconds=600)
    assert result["by"] == "reading" and len(looked) == 4
    built(bench, up=False)
    assert run(bench, HAND, wait_seconds=30)["error"]["missing"] == [f"the replica of {EDGE} is not up to date"]
    assert (
        sum(1 for name, _ in bench.hosts["fe2013"].transcript if name == "Get-CsService") == 8
    )  # soon at first, then once in ten seconds


# --- what is put on record of an Edge that no session reaches


def recorded(result: dict[str, Any]) -> dict[str, Any]:
    assert {one["member"] for one in result.get("evidence", ())} <= {"edge2013"}
    return {one["fact"]: one["value"] for one in result.get("evidence", ())}


def test_services_that_nobody_saw_need_the_operators_word(bench: Bench) -> None:
    built(bench)
    assert "evidence" not in run(bench, HAND) or not run(bench, HAND)["evidence"]
    known: dict[str, Any] = {**HAND, "member": "edge2013"}
    result = run(bench, known)
    assert result["failed"] and "with edge_without_session in confirmed" in result["msg"]
    assert result["error"]["unseen"] == [
        "whether the services run on all of 1 machines, of which 0 were asked from outside"
    ]
    result = run(bench, known, confirmed=["edge_without_session"])
    assert result["by"] == "confirmation"
    assert recorded(result)["services_running"]["by"] == "confirmation"
    assert recorded(run(bench, known, check=True))["services_running"]["by"] == "plan"
    assert "no host of the inventory's group" in run(bench, {**HAND, "member": "fe2013"})["msg"]


def test_services_that_answer_outside_are_seen(bench: Bench, server: int) -> None:
    built(bench)
    outside: dict[str, Any] = {"outside_addresses": ["127.0.0.1"], "outside_ports": [server], "allow_private": True}
    result = run(bench, {**HAND, "member": "edge2013"}, **outside)
    assert recorded(result) == {"services_running": {"by": "reading", "seen": [f"127.0.0.1:{server}"], "unseen": []}}
    assert undocumented(manual_gate, result) == []
    two = [*HAND["machines"], {"fqdn": EDGE}]
    assert (
        "2 machines, of which 1 were asked"
        in run(bench, {**HAND, "member": "edge2013", "machines": two}, **outside)["msg"]
    )


def test_several_machines_one_at_a_time(bench: Bench) -> None:
    machines = [{"fqdn": f"edge{number}.contoso.test"} for number in (1, 2)]
    text = run(bench, HAND, machines=machines, hosts_entries=[])["msg"]
    assert "On edge1.contoso.test and edge2.contoso.test, one machine at a time, log on" in text
    assert (
        "the machines of the pool need the same certificate with its key" in text
        and "a line for every Front End" in text
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({**LIST, "servers": []}, "needs servers, and there is none"),
        ({**HAND, "machines": []}, "needs machines, and there is none"),
        ({"gate": "ocs_federation_fqdn"}, "edge_fqdn"),
        ({"gate": "gateway_console"}, "gateway_fqdn, access_fqdn"),
        ({"gate": "coffee"}, "coffee"),
        ({**HAND, "trusted_roots": ["-x"]}, "trusted_roots: The path of a file is wanted"),
        ({**HAND, "outside_addresses": ["here"]}, "outside_addresses: An IP address"),
    ],
)
def test_what_a_gate_is_about_has_to_be_named(bench: Bench, options: dict[str, Any], said: str) -> None:
    result = run(bench, options)
    assert result["failed"] and said in result["msg"] and bench.hosts["fe2013"].transcript == []


# --- from outside


@pytest.fixture(name="server")
def _server(tmp_path: Path) -> Iterator[int]:
    """Answers TLS as access.contoso.test on a port of this machine."""
    make: Any = samples  # without types
    own = make.key("outside")
    made = make.certificate("access.contoso.test", [ACCESS], own=own)
    path = tmp_path / "server.pem"
    secret = own.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(make.pem(made) + secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            try:
                context.wrap_socket(line, server_side=True).close()
            except OSError:
                line.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)


def test_an_edge_that_answers_outside(bench: Bench, server: int) -> None:
    built(bench)
    outside: dict[str, Any] = {"outside_addresses": ["127.0.0.1"], "outside_ports": [server], "allow_private": True}
    assert run(bench, HAND, **outside)["by"] == "reading"
    result = run(bench, HAND, **{**outside, "access_fqdn": "other.contoso.test"})
    assert result["error"]["missing"] == [
        f"the certificate of 127.0.0.1:{server} does not name other.contoso.test, but {ACCESS}"
    ]


def test_an_edge_that_does_not_answer_outside(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    built(bench)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        monkeypatch.setattr(_manual_outside, "SECONDS", 0.2)
        outside: dict[str, Any] = {"outside_addresses": ["127.0.0.1"], "outside_ports": [port], "allow_private": True}
        assert run(bench, HAND, **outside)["error"]["missing"] == [f"127.0.0.1:{port} does not answer within 0.2 s"]
    (said,) = run(bench, HAND, **outside)["error"]["missing"]
    assert said.startswith(f"127.0.0.1:{port} cannot be reached from the controller (")
    (said,) = run(bench, HAND, **{**outside, "allow_private": False})["error"]["missing"]
    assert said == "127.0.0.1 is a loopback address, and allow_private is not set"
    assert _manual_outside.outside("x", ["127.0.0.1"], [], False) == []
