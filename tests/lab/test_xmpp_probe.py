# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module xmpp_probe against the lab's listeners and against servers that mean harm."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.lab import dns as name_servers
from ansible_collections.lync.xmpp_migration.lab.estate import Record, Zone
from ansible_collections.lync.xmpp_migration.lab.xmpp import Listener
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.context import Context
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import perform
from ansible_collections.lync.xmpp_migration.plugins.modules import xmpp_probe as module
from ansible_collections.lync.xmpp_migration.tests.lab.xmpp_authority import Authority
from cryptography import x509
from cryptography.hazmat.primitives import hashes


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def listen() -> Iterator[Callable[..., Listener]]:
    running: list[Listener] = []

    def start(*domains: str, address: str = "127.0.0.1", port: int = 0, **options: Any) -> Listener:
        running.append(Listener(address, port, domains, **options).start())
        return running[-1]

    yield start
    for listener in running:
        listener.stop()


def probe(authority: Authority | None, *domains: str, check: bool = False, **options: Any) -> dict[str, Any]:
    params: dict[str, Any] = {
        "domains": list(domains) or ["contoso.test"],
        "allow_private": True,
        "seconds": 20,
        **options,
    }
    if authority is not None:
        params.setdefault("ca_file", str(authority.file))
    return perform(module.ARGUMENT_SPEC, module.run, params, Context("", "", "", check=check))


def at(listener: Listener, **options: Any) -> dict[str, Any]:
    return {"addresses": [listener.address], "port": listener.port, **options}


def ids(result: dict[str, Any]) -> list[str]:
    findings = result.get("findings") or result["error"]["findings"]
    return [one["id"] for one in findings]


class TestAnswers:
    def test_a_good_edge(self, authority: Authority, listen: Callable[..., Listener]) -> None:
        issued = authority.issue("access.contoso.test", "contoso.test", "wingtip.test")
        edge = listen("contoso.test", "wingtip.test", **issued)
        result = probe(authority, "contoso.test", "wingtip.test", **at(edge))
        assert result.get("failed") is None, result
        assert result["ok"] and [one["domain"] for one in result["answers"]] == ["contoso.test", "wingtip.test"]
        first = result["answers"][0]
        assert (
            first["answered"] and first["stream_from"] == "contoso.test" and first["tls_version"].startswith("TLSv1.")
        )
        assert first["certificate"]["trusted"] and "wingtip.test" in first["certificate"]["dns_names"]
        assert first["dialback"] and first["mechanisms"] == []
        (evidence,) = result["evidence"]
        assert (evidence["fact"], evidence["member"]) == ("xmpp_answers", "organisation")

    def test_the_thumbprint_tells_which_server_answered(
        self, authority: Authority, listen: Callable[..., Listener]
    ) -> None:
        issued = authority.issue("contoso.test")
        edge = listen("contoso.test", **issued)
        own = x509.load_pem_x509_certificate(issued["certificate"]).fingerprint(hashes.SHA1()).hex()  # noqa: S303
        assert probe(authority, **at(edge, thumbprints=["AB" * 20, own]))["ok"]
        assert ids(probe(authority, **at(edge, thumbprints=["AB" * 20]))) == ["other_certificate"]

    def test_a_wrong_name(self, authority: Authority, listen: Callable[..., Listener]) -> None:
        edge = listen("contoso.test", **authority.issue("access.contoso.test", "*.contoso.test"))
        result = probe(authority, **at(edge))
        assert result["failed"] and ids(result) == ["name_mismatch"]
        assert "does not name contoso.test; it names access.contoso.test" in result["msg"]
        assert "evidence" not in result

    def test_an_unknown_authority_is_seen_through(self, authority: Authority, listen: Callable[..., Listener]) -> None:
        edge = listen("contoso.test", **authority.issue("contoso.test"))
        result = probe(None, **at(edge))
        assert ids(result) == ["not_trusted"]
        assert result["error"]["answers"][0]["certificate"]["dns_names"] == ["contoso.test"]
        relaxed = probe(None, **at(edge, validate_certs=False))
        assert relaxed["ok"] and relaxed["answers"][0]["certificate"]["trusted"] is False

    def test_certificates_that_end(self, authority: Authority, listen: Callable[..., Listener]) -> None:
        expired = listen("contoso.test", **authority.issue("contoso.test", days=-1))
        assert ids(probe(authority, **at(expired))) == ["not_trusted", "not_valid_now"]
        soon = listen("contoso.test", **authority.issue("contoso.test", days=5, client=False))
        result = probe(authority, **at(soon))
        assert result["ok"] and ids(result) == ["ends_soon", "no_client_authentication"]
        assert len(result["warnings"]) == 2

    def test_another_domain(self, authority: Authority, listen: Callable[..., Listener]) -> None:
        edge = listen("contoso.test", **authority.issue("contoso.test"))
        result = probe(authority, "contoso.test", "wingtip.test", **at(edge))
        assert ids(result) == ["stream_error"] and "host-unknown" in result["msg"]

    def test_the_old_gateway_without_tls(self, listen: Callable[..., Listener]) -> None:
        gateway = listen("contoso.test")
        assert ids(probe(None, **at(gateway))) == ["starttls_not_offered", "no_tls"]
        assert probe(None, **at(gateway, require_tls=False))["ok"]

    def test_external_is_offered(self, authority: Authority, listen: Callable[..., Listener]) -> None:
        edge = listen(
            "contoso.test", **authority.issue("contoso.test"), external=True, dialback=False, tls_required=True
        )
        (answer,) = probe(authority, **at(edge))["answers"]
        assert answer["mechanisms"] == ["EXTERNAL"] and answer["dialback"] is False and answer["starttls"]

    def test_it_may_answer_to_partners_only(self, authority: Authority, listen: Callable[..., Listener]) -> None:
        edge = listen(
            "contoso.test", **authority.issue("contoso.test"), accept=lambda sender, to: sender == "fabrikam.test"
        )
        assert ids(probe(authority, **at(edge, seconds=1))) == ["timeout"]
        assert probe(authority, **at(edge, sender="fabrikam.test"))["ok"]

    def test_it_is_waited_for(self, authority: Authority, listen: Callable[..., Listener]) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        issued = authority.issue("contoso.test")
        timer = threading.Timer(1.0, lambda: listen("contoso.test", port=port, **issued))
        timer.start()
        result = probe(authority, addresses=["127.0.0.1"], port=port, wait_seconds=10)
        timer.join()
        assert result["ok"]
        assert ids(probe(authority, addresses=["127.0.0.1"], port=1)) == ["unreachable"]

    def test_findings_without_failing(self, listen: Callable[..., Listener]) -> None:
        result = probe(None, **at(listen("contoso.test"), fail_on_error=False))
        assert result["ok"] is False and ids(result) and "failed" not in result and "evidence" not in result

    def test_in_check_mode_nobody_is_asked(self) -> None:
        result = probe(None, addresses=["127.0.0.1"], port=1, check=True)
        assert result["ok"] and result["evidence"][0]["fact"] == "xmpp_answers"


class TestDns:
    @pytest.fixture
    def servers(self, tmp_path: Path) -> Iterator[list[dict[str, Any]]]:
        records = (
            Record("_xmpp-server._tcp", "SRV", "5 0 5270 second.contoso.test."),
            Record("_xmpp-server._tcp", "SRV", "0 0 5269 xmpp.contoso.test."),
            Record("second", "A", "203.0.113.31"),
            Record("xmpp", "A", "203.0.113.30"),
            Record("access", "A", "203.0.113.40"),
        )
        none = (Record("_xmpp-server._tcp", "SRV", "0 0 0 ."),)
        server = name_servers.start(
            [Zone("contoso.test", 5, records), Zone("none.test", 5, none), Zone("bare.test", 5)],
            tmp_path,
            address_map=lambda address: address.replace("203.0.113.", "127.77.3."),
            software="builtin",
        )
        yield [{"address": server.address, "port": server.port}]
        server.stop()

    def test_the_service_record_leads_and_is_other_evidence(
        self, authority: Authority, listen: Callable[..., Listener], servers: list
    ) -> None:
        issued = authority.issue("contoso.test")
        listen("contoso.test", address="127.77.3.30", port=5269, **issued)
        listen("contoso.test", address="127.77.3.31", port=5270, **issued)
        result = probe(authority, name_servers=servers)
        assert [(one["host"], one["address"], one["port"]) for one in result["answers"]] == [
            ("xmpp.contoso.test", "127.77.3.30", 5269),
            ("second.contoso.test", "127.77.3.31", 5270),
        ]
        # that the domain's own record leads there, which is not that a new Edge answers before it does
        assert [one["fact"] for one in result["evidence"]] == ["xmpp_by_name"]

    def test_a_host_is_aimed_at_before_dns_is(
        self, authority: Authority, listen: Callable[..., Listener], servers: list
    ) -> None:
        listen("contoso.test", address="127.77.3.40", port=5269, **authority.issue("contoso.test"))
        result = probe(authority, hosts=["access.contoso.test"], name_servers=servers)
        assert result["ok"] and result["answers"][0]["address"] == "127.77.3.40"
        assert result["evidence"]

    def test_loopback_is_refused_without_the_option(self, servers: list) -> None:
        result = probe(None, name_servers=servers, allow_private=False)
        assert ids(result) == ["refused_address", "refused_address"]
        assert "loopback" in result["msg"]

    def test_no_service_and_no_address(self, servers: list) -> None:
        assert ids(probe(None, "none.test", name_servers=servers)) == ["no_service"]
        assert ids(probe(None, "bare.test", name_servers=servers)) == ["not_resolved"]


OPEN = (
    b"<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' "
    b"id='1' from='contoso.test' version='1.0'>"
)
OFFER = b"<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>"
PROCEED = b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"


class Hostile:
    """Sends what it was told, whatever it hears; may drip the last part without end."""

    def __init__(self, *parts: bytes, drip: bool = False) -> None:
        self.parts, self.drip, self.sent = parts, drip, 0
        self.server = socket.create_server(("127.0.0.1", 0))
        self.address, self.port = self.server.getsockname()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        try:
            while True:
                connection, _ = self.server.accept()
                with connection:
                    for index, part in enumerate(self.parts):
                        connection.recv(4096)
                        connection.sendall(part)
                        while self.drip and index == len(self.parts) - 1:
                            self.sent += connection.send(b"x" * 50)
                    connection.recv(4096)
        except OSError:
            return


class TestHarm:
    @pytest.mark.parametrize(
        ("parts", "id"),
        [
            ((b"<!DOCTYPE a [<!ENTITY a 'b'>]><a/>",), "hostile_xml"),
            ((OPEN + b"<?pi?>",), "hostile_xml"),
            ((OPEN + b"<!-- c -->",), "hostile_xml"),
            ((OPEN + b"<a>" * 200_000,), "too_much"),
            ((b"220 smtp ready\r\n",), "not_xml"),
            ((b"<html xmlns='x'></html>",), "no_stream"),
            ((OPEN + b"<message xmlns='jabber:server'/>",), "no_features"),
            ((OPEN + b"</stream:stream>",), "closed"),
            ((OPEN + OFFER, PROCEED + b"<stream:features/>"), "plaintext_after_proceed"),
            ((OPEN + OFFER, PROCEED, b"garbage instead of a handshake"), "tls_failed"),
            ((OPEN + OFFER, b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"), "no_tls"),
        ],
    )
    def test_each_ends_in_a_finding(self, parts: tuple, id: str) -> None:
        server = Hostile(*parts)
        result = probe(None, addresses=[server.address], port=server.port, seconds=8)
        server.server.close()
        assert ids(result)[0] == id, result

    def test_an_endless_stream_costs_a_second_at_most(self) -> None:
        server = Hostile(OPEN + b"<a b='", drip=True)
        started = time.monotonic()
        result = probe(None, addresses=[server.address], port=server.port)
        server.server.close()
        assert ids(result) == ["too_much"]
        assert time.monotonic() - started < 1.5

    def test_a_silent_server_ends_at_the_deadline(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            started = time.monotonic()
            result = probe(None, addresses=["127.0.0.1"], port=server.getsockname()[1], seconds=1)
        assert ids(result) == ["timeout"] and time.monotonic() - started < 3

    def test_texts_of_a_peer_stay_on_one_line(self, authority: Authority) -> None:
        server = Hostile(OPEN.replace(b"contoso.test", b"a&#10;{{ x }}\xe2\x80\xae"), b"")
        result = probe(None, addresses=[server.address], port=server.port, seconds=1, fail_on_error=False)
        server.server.close()
        assert "\n" not in json.dumps(result, ensure_ascii=False) and "\u202e" not in json.dumps(
            result, ensure_ascii=False
        )


class TestListener:
    def test_only_loopback(self) -> None:
        with pytest.raises(ValueError, match="loopback"):
            Listener("0.0.0.0")  # noqa: S104

    def test_stop_closes_streams_and_port(self, authority: Authority, listen: Callable[..., Listener]) -> None:
        edge = listen("contoso.test", **authority.issue("contoso.test"))
        assert edge.running
        with socket.create_connection((edge.address, edge.port), 2) as stream:
            stream.sendall(OPEN)
            stream.recv(100)
            edge.stop()
            stream.settimeout(2)
            while stream.recv(4096):
                pass
        assert not edge.running
        with pytest.raises(OSError):
            socket.create_connection((edge.address, edge.port), 1)

    @pytest.mark.parametrize(
        "data", [b"\0" * 100, b"<!DOCTYPE a><a/>", OPEN + b"<a>" * 100, b"<a/>", OPEN + b"</stream:stream>"]
    )
    def test_nonsense_does_not_stop_it(
        self, authority: Authority, listen: Callable[..., Listener], data: bytes
    ) -> None:
        edge = listen("contoso.test", **authority.issue("contoso.test"))
        with socket.create_connection((edge.address, edge.port), 2) as stream:
            stream.sendall(data)
            stream.shutdown(socket.SHUT_WR)
            while stream.recv(4096):
                pass
        assert probe(authority, **at(edge))["ok"]

    def test_a_real_client_sees_the_certificate(self, authority: Authority, listen: Callable[..., Listener]) -> None:
        edge = listen("contoso.test", **authority.issue("contoso.test"))
        context = ssl.create_default_context(cafile=str(authority.file))
        with socket.create_connection((edge.address, edge.port), 2) as stream:
            stream.sendall(OPEN.replace(b"from=", b"to="))
            while b"</stream:features>" not in (said := stream.recv(4096)):
                assert said
            stream.sendall(b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
            assert stream.recv(4096) == PROCEED
            with context.wrap_socket(stream, server_hostname="contoso.test") as secured:
                assert secured.getpeercert()["subjectAltName"] == (("DNS", "contoso.test"),)


def test_it_runs_where_only_python_is(tmp_path: Path, authority: Authority, listen: Callable[..., Listener]) -> None:
    """As on a host outside: no context of a run, and none of the libraries that only the controller has."""
    edge = listen("contoso.test", **authority.issue("contoso.test"))
    code = (
        "import sys\n"
        "for name in ('dns', 'cryptography', 'winrm', 'idna', 'requests'):\n"
        "    sys.modules[name] = None\n"
        "import json\n"
        "from ansible.module_utils.testing import patch_module_args\n"
        "from ansible_collections.lync.xmpp_migration.plugins.modules import xmpp_probe\n"
        "with patch_module_args(json.loads(sys.argv[1])):\n"
        "    xmpp_probe.main()\n"
    )
    params = {"domains": ["contoso.test"], "allow_private": True, "ca_file": str(authority.file), **at(edge)}
    ran = subprocess.run(
        [sys.executable, "-c", code, json.dumps(params)],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(path for path in sys.path if path), "HOME": str(tmp_path)},
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert json.loads(ran.stdout)["ok"] is True
