# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""GSS-TSIG with a real BIND and a private MIT KDC; a real secondary that lags; who comes second."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rrset
import dns.tsigkeyring
import pytest
from ansible_collections.lync.xmpp_migration.lab import dns as name_servers
from ansible_collections.lync.xmpp_migration.lab.dns.bind import Bind, executable
from ansible_collections.lync.xmpp_migration.lab.dns.sockets import Listeners
from ansible_collections.lync.xmpp_migration.lab.estate import Record, Zone
from ansible_collections.lync.xmpp_migration.lab.place import Place
from ansible_collections.lync.xmpp_migration.lab.wsman.kdc import Kdc
from ansible_collections.lync.xmpp_migration.plugins.module_utils._dns import gss
from ansible_collections.lync.xmpp_migration.plugins.module_utils._dns import servers as _dns_servers
from ansible_collections.lync.xmpp_migration.plugins.module_utils._dns.servers import DnsShell
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.context import Context
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import NeverRan
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import perform
from ansible_collections.lync.xmpp_migration.plugins.modules import dns_record_set as module

REALM, SERVER = "CORP.TEST", "ns1.corp.test"
OPTIONS = """\
options {{
  directory "{directory}"; pid-file "named.pid"; session-keyfile "session.key"; managed-keys-directory "{directory}";
  listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; recursion no; dnssec-validation no; notify no;
  empty-zones-enable no; {more}
}};
controls {{ }};
"""
ZONE = """\
$TTL 5
@ IN SOA ns hostmaster 1 3600 600 86400 5
@ IN NS ns
ns IN A 127.0.0.1
_xmpp-server._tcp IN SRV 0 0 5269 old.{zone}.
host IN A 192.0.2.1
"""


class Named:
    """A BIND with a configuration of the test's own."""

    def __init__(self, directory: Path, more: str, zones: str, environment: dict[str, str] | None = None) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.port = Bind._free_port()
        text = OPTIONS.format(directory=directory, port=self.port, more=more) + zones
        (directory / "named.conf").write_text(text)
        self.process = subprocess.Popen(
            [str(executable()), "-f", "-n", "1", "-c", str(directory / "named.conf")],
            cwd=directory, env={**os.environ, **(environment or {})},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        self.stop()
        raise AssertionError("named does not serve")

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(10)


class Bed:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        (directory / "place").mkdir(mode=0o700)
        self.kdc = Kdc(Place(directory / "place"), REALM)
        self.kdc.start({"stranger": "stranger-pw"}, [])
        self.keytab = directory / "client.keytab"
        service = directory / "dns.keytab"
        commands = [
            f"addprinc -randkey DNS/{SERVER}", f"ktadd -k {service} DNS/{SERVER}",
            "addprinc -randkey dnsupdate", f"ktadd -k {self.keytab} dnsupdate", f"ktadd -k {self.keytab} stranger",
        ]  # fmt: skip
        self.kdc._run("kadmin.local", ["-r", REALM], "\n".join(commands) + "\nquit\n")
        for zone in ("corp.test", "closed.test"):
            (directory / f"{zone}.db").write_text(ZONE.format(zone=zone))
        grant = f'update-policy {{ grant "dnsupdate@{REALM}" zonesub ANY; }};'
        zones = f'zone "corp.test" {{ type primary; file "{directory}/corp.test.db"; {grant} }};\n'
        zones += f'zone "closed.test" {{ type primary; file "{directory}/closed.test.db"; }};\n'
        environment = {"KRB5_CONFIG": str(self.kdc.configuration), "KRB5_KTNAME": f"FILE:{service}"}
        self.named = Named(directory / "named", f'tkey-gssapi-keytab "{service}";', zones, environment)
        self.runs = 0

    def call(self, *values: str, zone: str = "corp.test", **options: Any) -> dict[str, Any]:
        self.runs += 1
        params = {
            "zone": zone,
            "records": [{"name": "host", "type": "A", "values": list(values)}],
            "servers": [{"address": "127.0.0.1", "port": self.named.port}],
            "gss_tsig": True,
            "kerberos_server_name": SERVER,
            "kerberos_principal": f"dnsupdate@{REALM}",
            "kerberos_keytab": str(self.keytab),
            "wait_seconds": 3,
            **options,
        }
        context = Context(str(self.directory / "state"), f"run{self.runs}", "localhost")
        return perform(module.ARGUMENT_SPEC, module.run, params, context, **module.CONSTRAINTS)

    def stop(self) -> None:
        self.named.stop()
        self.kdc.stop()


@pytest.fixture(scope="module")
def bed(tmp_path_factory: pytest.TempPathFactory, needs: Callable[..., None]) -> Iterator[Bed]:
    needs("named", "krb5kdc", "kdb5_util", "kadmin.local", "gssapi")
    kept = {name: os.environ.get(name) for name in ("KRB5_CONFIG", "KRB5_KTNAME")}
    bed = Bed(tmp_path_factory.mktemp("gss"))
    yield bed
    bed.stop()
    for name, value in kept.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


class TestGssTsig:
    def test_a_principal_with_its_keytab(self, bed: Bed) -> None:
        result = bed.call("192.0.2.7")
        assert result.get("failed") is None and result["changed"], result
        assert result["records"][0]["values"] == ["192.0.2.7"]
        assert bed.call("192.0.2.7")["changed"] is False

    def test_a_ticket_cache(self, bed: Bed, needs: Callable[..., None]) -> None:
        needs("kinit")
        cache = f"FILE:{bed.directory}/cc"
        subprocess.run(
            [str(shutil.which("kinit")), "-c", cache, "-k", "-t", str(bed.keytab), f"dnsupdate@{REALM}"], check=True
        )
        result = bed.call("192.0.2.8", kerberos_keytab=None, kerberos_principal=None, kerberos_cache=cache)
        assert result.get("failed") is None and result["changed"], result

    @pytest.mark.parametrize(
        ("options", "sentence"),
        [
            ({"kerberos_server_name": "elsewhere.corp.test"}, "gives no ticket for DNS/elsewhere.corp.test"),
            ({"kerberos_principal": f"nobody@{REALM}"}, "gives no ticket"),
            ({"kerberos_keytab": None, "kerberos_cache": "FILE:/nowhere"}, "gives no ticket"),
            ({"kerberos_principal": f"stranger@{REALM}"}, "answered REFUSED"),
            ({"zone": "closed.test"}, "answered REFUSED"),
            ({"kerberos_keytab": "/nowhere"}, "give both"),
            ({"kerberos_cache": "FILE:/x"}, "exclude each other"),
            ({"kerberos_server_name": None}, "as Kerberos knows it"),
            ({"tsig_key_name": "k", "tsig_secret": "QUJDREVGR0hJSktMTU5PUA=="}, "give one of them"),
        ],
    )
    def test_what_goes_wrong_changes_nothing_and_is_said(self, bed: Bed, options: dict, sentence: str) -> None:
        result = bed.call("192.0.2.99", **options)
        assert result["failed"] and sentence in result["msg"], result
        assert "192.0.2.99" not in str(bed.call("192.0.2.55")["diff"]["before"])

    def test_a_server_that_never_comes_to_an_end(self, bed: Bed) -> None:
        kerberos = gss.Kerberos(SERVER, f"dnsupdate@{REALM}", str(bed.keytab))

        def refuses(query: Any) -> Any:

            reply = dns.message.make_response(query)
            reply.set_rcode(dns.rcode.NOTIMP)
            return reply

        with pytest.raises(NeverRan, match="refuses to agree on a key for GSS-TSIG"):
            gss.negotiated(kerberos, refuses, "ns1")

        def goes_silent(query: Any) -> Any:
            raise OSError("gone")

        with pytest.raises(NeverRan, match="did not agree"):
            gss.negotiated(kerberos, goes_silent, "ns1")

        def echoes(query: Any) -> Any:

            reply = dns.message.make_response(query)
            reply.answer = list(query.additional)
            return reply

        with pytest.raises(NeverRan, match="did not prove that it is"):
            gss.negotiated(kerberos, echoes, "ns1")


class Endless:
    """A context of Kerberos that is never content, or that does not ask the server who it is."""

    def __init__(self, rounds: int) -> None:
        self.left, self.actual_flags = rounds, 0

    @property
    def complete(self) -> bool:
        return self.left <= 0

    def step(self, token: bytes | None) -> bytes:
        self.left -= 1
        return b"token"

    def verify_signature(self, *_: Any) -> None:
        raise AssertionError("nothing was signed")


@pytest.mark.needs("gssapi")
@pytest.mark.parametrize(
    ("rounds", "sentence"), [(10_000, "did not agree on a key in 8 rounds"), (3, "did not prove who it is")]
)
def test_rounds_are_bounded_and_the_server_is_proved(
    monkeypatch: pytest.MonkeyPatch, rounds: int, sentence: str
) -> None:
    asked = []

    def exchange(query: dns.message.Message) -> dns.message.Message:
        asked.append(query)
        reply = dns.message.make_response(query)
        reply.answer = list(query.additional)
        return reply

    monkeypatch.setattr(gss, "_context", lambda kerberos: Endless(rounds))
    with pytest.raises(NeverRan, match=sentence):
        gss.negotiated(gss.Kerberos(SERVER), exchange, "ns1")
    assert len(asked) <= gss.MAX_ROUNDS


SECRET = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVoxMjM0NTY="
KEY = f'key "k" {{ algorithm hmac-sha256; secret "{SECRET}"; }};\n'


def swap(directory: Path, *ports: int, run: str = "run", value: str = "192.0.2.7", **options: Any) -> dict[str, Any]:
    """A host record, so that no law but the servers' own is asked."""
    params = {
        "zone": "corp.test",
        "records": [{"name": "host", "type": "A", "values": [value]}],
        "servers": [{"address": "127.0.0.1", "port": port} for port in ports],
        "tsig_key_name": "k",
        "tsig_secret": SECRET,
        "wait_seconds": 15,
        **options,
    }
    context = Context(str(directory / "state"), run, "localhost")
    return perform(module.ARGUMENT_SPEC, module.run, params, context, **module.CONSTRAINTS)


class TestSecondary:
    """A real secondary follows when it asks its primary: after its refresh, because nobody tells it."""

    @pytest.fixture
    def ports(self, tmp_path: Path, needs: Callable[..., None]) -> Iterator[tuple[int, int]]:
        needs("named")
        text = ZONE.format(zone="corp.test").replace("1 3600 600 86400 5", "1 3 3 86400 5")
        (tmp_path / "corp.test.db").write_text(text)
        allow = f'file "{tmp_path}/corp.test.db"; allow-update {{ key "k"; }}; allow-transfer {{ any; }};'
        primary = Named(tmp_path / "primary", "", f'{KEY}zone "corp.test" {{ type primary; {allow} }};\n')
        source = f'primaries {{ 127.0.0.1 port {primary.port}; }}; file "secondary.db"; min-refresh-time 1; min-retry-time 1;'
        secondary = Named(tmp_path / "secondary", "", f'zone "corp.test" {{ type secondary; {source} }};\n')
        yield primary.port, secondary.port
        primary.stop()
        secondary.stop()

    def test_it_is_waited_for_and_named_where_it_does_not_come(self, tmp_path: Path, ports: tuple[int, int]) -> None:
        deadline = time.monotonic() + 10
        while swap(tmp_path, ports[1], value="192.0.2.1").get("failed") and time.monotonic() < deadline:
            time.sleep(0.2)  # its first transfer
        result = swap(tmp_path, *ports, value="192.0.2.7", wait_seconds=0)
        assert result["failed"] and f"127.0.0.1:{ports[1]} by UDP shows 192.0.2.1" in result["msg"], result
        again = swap(tmp_path, *ports, value="192.0.2.8")
        assert again.get("failed") is None and again["changed"], again
        assert [one["transports"] for one in again["servers"]] == [["UDP", "TCP"]] * 2
        assert len({one["serial"] for one in again["servers"]}) == 1


class TestTwoWriters:
    @pytest.mark.parametrize("software", ["builtin", "bind", "knot"])
    def test_one_of_them_wins_and_the_other_is_told(
        self, tmp_path: Path, needs: Callable[..., None], software: str
    ) -> None:
        if software != "builtin":
            needs({"bind": "named", "knot": "knotd"}[software])
        server = name_servers.start(
            [Zone("corp.test", 5, (Record("host", "A", "192.0.2.1"),))], tmp_path / "ns", software=software
        )
        barrier = threading.Barrier(2)
        original = DnsShell._send

        def together(shell: DnsShell, steps: Any) -> Any:
            barrier.wait(10)  # both have read the same
            return original(shell, steps)

        results: list[dict[str, Any]] = []

        def write(value: str) -> None:
            key = {"tsig_key_name": server.key_name, "tsig_secret": server.key_secret, "wait_seconds": 1}
            results.append(swap(tmp_path / value, server.port, value=value, **key))

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(DnsShell, "_send", together)
            writers = [threading.Thread(target=write, args=(value,)) for value in ("192.0.2.7", "192.0.2.8")]
            for one in writers:
                one.start()
            for one in writers:
                one.join()
        left = server.records()["corp.test"]["host A"]["values"]
        server.stop()
        won, lost = sorted(results, key=lambda one: bool(one.get("failed")))
        assert won["changed"] and won["records"][0]["values"] == left, results
        assert "somebody else" in lost["msg"] and left[0] in lost["msg"], lost


class TestDelegation:
    @pytest.fixture(params=["builtin", "bind"])
    def parent(self, request: pytest.FixtureRequest, tmp_path: Path, needs: Callable[..., None]) -> Iterator[Any]:
        """A real parent answers with a referral, the built-in one with an answer."""
        if request.param == "bind":
            needs("named")
        records = (Record("corp", "NS", "ns.corp.test."), Record("ns.corp", "A", "127.0.0.1"))
        server = name_servers.start([Zone("test", 5, records)], tmp_path / "parent", software=request.param)
        yield server
        server.stop()

    @pytest.fixture
    def child(self, tmp_path: Path) -> Iterator[Any]:
        zone = Zone("corp.test", 5, (Record("host", "A", "192.0.2.1"),))
        server = name_servers.start([zone], tmp_path / "child", software="builtin")
        yield server
        server.stop()

    def call(self, directory: Path, parent: Any, child: Any, **options: Any) -> dict[str, Any]:
        key = {"tsig_key_name": child.key_name, "tsig_secret": child.key_secret, "wait_seconds": 1}
        parents = [{"address": "127.0.0.1", "port": parent.port}]
        return swap(directory, child.port, value="192.0.2.7", parent_servers=parents, **key, **options)

    def test_all_that_resolvers_ask_is_looked_at(self, tmp_path: Path, parent: Any, child: Any) -> None:
        result = self.call(tmp_path, parent, child)
        assert result.get("failed") is None and result["changed"], result
        assert result["delegation"] == [{"name": "ns.corp.test", "addresses": ["127.0.0.1"]}]
        assert "warnings" not in result

    def test_a_server_that_nobody_named_is_an_error_before_anything_is_changed(
        self, tmp_path: Path, child: Any
    ) -> None:
        records = (
            Record("corp", "NS", "ns.corp.test."), Record("corp", "NS", "ns2.corp.test."),
            Record("ns.corp", "A", "127.0.0.1"), Record("ns2.corp", "A", "192.0.2.53"),
        )  # fmt: skip
        parent = name_servers.start([Zone("test", 5, records)], tmp_path / "other", software="bind")
        result = self.call(tmp_path, parent, child)
        parent.stop()
        assert "ns2.corp.test (192.0.2.53) serves corp.test too" in result["msg"], result
        assert child.records()["corp.test"]["host A"]["values"] == ["192.0.2.1"]
        assert "resolvers may use either" in result["warnings"][0]

    def test_no_delegation_and_no_parent(self, tmp_path: Path, parent: Any, child: Any) -> None:
        wrong = self.call(tmp_path, child, child, zone="host.corp.test")
        assert "does not delegate host.corp.test" in wrong["msg"]
        gone = swap(tmp_path, child.port, parent_servers=[{"address": "127.0.0.1", "port": 1}])
        assert "does not say who serves corp.test" in gone["msg"]


class Saying:
    """A name server that answers as it is told: codes, cut answers, silence by one of the two ways."""

    def __init__(self, answer: Callable[[dns.message.Message, bool], dns.message.Message | None]) -> None:
        self.answer = answer
        self.listeners = Listeners(self.handle)
        self.listeners.start()

    def handle(self, wire: bytes, tcp: bool) -> Iterator[bytes]:
        query = dns.message.from_wire(wire, keyring=dns.tsigkeyring.from_text({"k": SECRET}))
        reply = self.answer(query, tcp)
        if reply is not None:
            yield reply.to_wire()


def good(query: dns.message.Message, value: str = "192.0.2.1") -> dns.message.Message:
    reply = dns.message.make_response(query)
    reply.flags |= dns.flags.AA
    if query.opcode() == dns.opcode.QUERY:
        reply.answer.append(dns.rrset.from_text(query.question[0].name, 5, "IN", "A", value))
    return reply


def code(query: dns.message.Message, name: str) -> dns.message.Message:
    reply = dns.message.make_response(query)
    reply.set_rcode(dns.rcode.from_text(name))
    return reply


class TestSentences:
    @pytest.fixture
    def say(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., int]]:
        monkeypatch.setattr(_dns_servers, "UDP_SECONDS", 0.2)
        monkeypatch.setattr(_dns_servers, "QUERY_SECONDS", 0.5)
        running: list[Saying] = []

        def start(answer: Callable[[dns.message.Message, bool], dns.message.Message | None]) -> int:
            running.append(Saying(answer))
            return running[-1].listeners.port

        yield start
        for one in running:
            one.listeners.stop()

    @pytest.mark.parametrize("name", sorted(_dns_servers.QUERY_CODES))
    def test_each_code_of_an_answer(self, tmp_path: Path, say: Callable[..., int], name: str) -> None:
        result = swap(tmp_path, say(lambda query, tcp: code(query, name)))
        sentence = _dns_servers.QUERY_CODES[name].format(zone="corp.test")
        assert f"answers {name} for host.corp.test: {sentence}." in result["msg"]

    @pytest.mark.parametrize("name", sorted(_dns_servers.UPDATE_CODES))
    def test_each_code_of_an_update(self, tmp_path: Path, say: Callable[..., int], name: str) -> None:
        port = say(lambda query, tcp: code(query, name) if query.opcode() == dns.opcode.UPDATE else good(query))
        result = swap(tmp_path, port, value="192.0.2.7")
        sentence = _dns_servers.UPDATE_CODES[name].format(zone="corp.test")
        assert result["msg"].endswith(f"answered {name}, because {sentence}."), result

    @pytest.mark.parametrize(
        ("answer", "sentence"),
        [
            (lambda query, tcp: None if tcp else good(query), "does not answer by TCP"),
            (lambda query, tcp: good(query) if tcp else None, "does not answer by UDP"),
            (lambda query, tcp: None, "does not answer by UDP and TCP"),
            (lambda query, tcp: None if tcp else cut(query), "by TCP, after it had cut its answer by UDP short"),
            (lambda query, tcp: dns.message.make_response(query), "is not authoritative for the zone corp.test"),
            (lambda query, tcp: good(query, "192.0.2.9" if tcp else "192.0.2.1"), "by TCP shows 192.0.2.9 (TTL 5)"),
        ],
    )
    def test_silence_cuts_and_two_truths(
        self, tmp_path: Path, say: Callable[..., int], answer: Any, sentence: str
    ) -> None:
        result = swap(tmp_path, say(answer), value="192.0.2.7", wait_seconds=0)
        assert result["failed"] and sentence in result["msg"], result

    def test_a_cut_answer_is_fetched_whole(self, tmp_path: Path, say: Callable[..., int]) -> None:
        port = say(lambda query, tcp: good(query) if tcp else cut(query))
        assert swap(tmp_path, port, value="192.0.2.1").get("failed") is None

    def test_a_dead_one_of_two(self, tmp_path: Path, say: Callable[..., int]) -> None:
        result = swap(tmp_path, say(lambda query, tcp: good(query)), 1, value="192.0.2.7")
        assert "127.0.0.1:1 does not answer" in result["msg"]

    def test_two_servers_with_two_truths(self, tmp_path: Path, say: Callable[..., int]) -> None:
        ports = [say(lambda query, tcp, value=value: good(query, value)) for value in ("192.0.2.1", "192.0.2.2")]
        result = swap(tmp_path, *ports, value="192.0.2.7", wait_seconds=0)
        assert (
            f":{ports[1]} by UDP shows 192.0.2.2 (TTL 5) for host.corp.test A, but 127.0.0.1:{ports[0]}"
            in result["msg"]
        )


def cut(query: dns.message.Message) -> dns.message.Message:
    reply = dns.message.make_response(query)
    reply.flags |= dns.flags.AA | dns.flags.TC
    return reply
