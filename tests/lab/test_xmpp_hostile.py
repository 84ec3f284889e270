# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe against peers that mean harm after TLS too, against noise, and against very many at once."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.lab.dns.sockets import Listeners
from ansible_collections.lync.xmpp_migration.lab.xmpp import Listener
from ansible_collections.lync.xmpp_migration.plugins.module_utils._dns.records import RecordSet, Step, update_parameters
from ansible_collections.lync.xmpp_migration.plugins.module_utils._dns.servers import DnsShell, Server, make_key
from ansible_collections.lync.xmpp_migration.plugins.module_utils._dns.servers import ask as ask_dns
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.context import Context
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import BadAnswer, InDoubt, Unreachable
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import perform
from ansible_collections.lync.xmpp_migration.plugins.module_utils._xmpp import authenticate, targets
from ansible_collections.lync.xmpp_migration.plugins.module_utils._xmpp import stream as xmpp
from ansible_collections.lync.xmpp_migration.plugins.module_utils._xmpp.dialback import Authoritative
from ansible_collections.lync.xmpp_migration.plugins.module_utils._xmpp.line import Deadline, Line
from ansible_collections.lync.xmpp_migration.plugins.modules import xmpp_probe as module
from ansible_collections.lync.xmpp_migration.tests.lab.xmpp_authority import Authority
from hypothesis import given, settings
from hypothesis import strategies as st

OPEN = (
    b"<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:db='jabber:server:dialback' "
    b"xmlns:stream='http://etherx.jabber.org/streams' id='1' from='contoso.test' version='1.0'>"
)
OFFER = b"<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>"
PROCEED = b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
SASL = b"<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>EXTERNAL</mechanism></mechanisms>"
AFTER = OPEN + b"<stream:features>" + SASL + b"<dialback xmlns='urn:xmpp:features:dialback'/></stream:features>"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    directory = tmp_path_factory.mktemp("ca")
    authority = Authority(directory)
    for name, content in authority.issue("us.test", "contoso.test").items():
        (directory / name).write_bytes(content)
    return authority


class Peer:
    """Says its parts one by one, whatever it hears: in the clear, and after ``None`` over TLS. The last may be endless."""

    def __init__(self, authority: Authority, *parts: bytes | None, endless: bytes = b"", pause: float = 0.0) -> None:
        self.parts, self.endless, self.pause = parts, endless, pause
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        directory = authority.file.parent
        self.context.load_cert_chain(directory / "certificate", directory / "key")
        self.server = socket.create_server(("127.0.0.1", 0))
        self.address, self.port = self.server.getsockname()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.server.accept()
                threading.Thread(target=self.answer, args=(connection,), daemon=True).start()

    def answer(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            line = stack.enter_context(connection)
            for part in self.parts:
                if part is None:
                    line = stack.enter_context(self.context.wrap_socket(line, server_side=True))
                    continue
                line.recv(4096)
                line.sendall(part)
            while self.endless:
                line.sendall(self.endless)
                time.sleep(self.pause)
            line.recv(4096)


SECURED = (OPEN + OFFER, PROCEED, None)
BOMB = b"<!DOCTYPE x [<!ENTITY a '" + b"a" * 1000 + b"'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>]><x>&b;</x>"
#: What comes, and the finding that it ends in.
HOSTILE = {
    "endless features": (((OPEN + b"<stream:features>",), b"<x/>" * 50, 0), "too_much"),
    "huge stanza": (((OPEN,), b"<message>" + b"x" * 60_000, 0), "too_much"),
    "entity bomb": (((BOMB,), b"", 0), "hostile_xml"),
    "huge attribute": (((OPEN[:-1] + b" x='",), b"y" * 4000, 0), "too_much"),
    "slow drip in the clear": (((OPEN + b"<stream:features>",), b" ", 0.2), "timeout"),
    "slow drip of the header": (((b"<?xml version='1.0'?>",), b" ", 0.2), "timeout"),
    "silence after the header": (((OPEN,), b"", 0), "timeout"),
    "silence instead of TLS": (((OPEN + OFFER, b""), b"", 0), "timeout"),
    "closed at TLS": (((OPEN + OFFER, PROCEED), b"", 0), "tls_failed"),
    "entity bomb over TLS": (((*SECURED, BOMB), b"", 0), "hostile_xml"),
    "endless features over TLS": (((*SECURED, OPEN + b"<stream:features>"), b"<x/>" * 50, 0), "too_much"),
    "slow drip over TLS": (((*SECURED, OPEN + b"<stream:features>"), b" ", 0.2), "timeout"),
    "silence over TLS": (((*SECURED, b""), b"", 0), "timeout"),
    "markup in a stream error": (
        ((OPEN + b"<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><text xmlns='urn:ietf:params:"
          b"xml:ns:xmpp-streams'>{{ x }}&#10;\xe2\x80\xae&lt;script&gt;</text></stream:error>",), b"", 0), "stream_error",
    ),
    "another root": (((b"<stream:stream xmlns:stream='urn:x'>",), b"", 0), "no_stream"),
    "TLS again over TLS": (((*SECURED, OPEN + OFFER),  b"", 0), "no_authentication"),
    "endless SASL challenges": (
        ((*SECURED, AFTER), b"<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>", 0.02), "external_refused"
    ),
    "stanzas instead of success": (((*SECURED, AFTER), b"<iq xmlns='jabber:server'/>", 0.02), "external_refused"),
    "failure with markup": (
        ((*SECURED, AFTER, b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><X.Y/></failure>"), b"", 0), "external_refused"
    ),
    "success and silence": (
        ((*SECURED, AFTER, b"<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"), b"", 0), "external_refused"
    ),
    "success and an endless header": (
        ((*SECURED, AFTER, b"<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>", b"<a x='"), b"y" * 4000, 0),
        "external_refused",
    ),
}  # fmt: skip


def probe(authority: Authority, *domains: str, own: bool = False, **options: Any) -> dict[str, Any]:
    params: dict[str, Any] = {
        "domains": list(domains) or ["contoso.test"],
        "allow_private": True,
        "ca_file": str(authority.file),
        "fail_on_error": False,
        "seconds": 20,
        **options,
    }
    if own:
        directory = authority.file.parent
        params |= {"sender": "us.test", "certificate": str(directory / "certificate"), "key": str(directory / "key")}
    return perform(module.ARGUMENT_SPEC, module.run, params, Context("", "", ""))


@pytest.mark.parametrize("name", HOSTILE)
def test_each_ends_in_time_with_a_finding(authority: Authority, name: str) -> None:
    (parts, endless, pause), id = HOSTILE[name]
    peer = Peer(authority, *parts, endless=endless, pause=pause)
    started = time.monotonic()
    result = probe(authority, addresses=[peer.address], port=peer.port, own=id == "external_refused", seconds=2)
    peer.server.close()
    assert id in [one["id"] for one in result["findings"]], result
    assert time.monotonic() - started < 6
    text = json.dumps(result, ensure_ascii=False)
    assert "\u202e" not in text and "\\n" not in text


def test_an_address_never_takes_longer_than_its_own_bound(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ansible_collections.lync.xmpp_migration.plugins.module_utils._xmpp import probe as _xmpp_probe

    monkeypatch.setattr(_xmpp_probe, "TARGET_SECONDS", 1.0)
    peer = Peer(authority, OPEN + b"<stream:features>", endless=b" ", pause=0.1)
    started = time.monotonic()
    result = probe(authority, addresses=[peer.address], port=peer.port, seconds=60)
    peer.server.close()
    assert result["findings"][0]["id"] == "timeout" and time.monotonic() - started < 4


class TestAuthoritative:
    @pytest.fixture
    def server(self) -> Iterator[Authoritative]:
        with Authoritative("127.0.0.1", 0, "us.test", Deadline(10), None) as server:
            yield server

    def ask(self, server: Authoritative, *parts: bytes) -> bytes:
        with socket.create_connection((server.address, server.port), 3) as stream:
            stream.sendall(OPEN + b"".join(parts))
            stream.shutdown(socket.SHUT_WR)
            said = b""
            while data := stream.recv(4096):
                said += data
        return said

    def test_only_its_own_streams_are_vouched_for(self, server: Authoritative) -> None:
        key = server.key("contoso.test", "s1")

        def verify(number: str, text: str, sender: str = "contoso.test", to: str = "us.test") -> bytes:
            return self.ask(server, xmpp.dialback("verify", sender, to, text, id=number))

        assert b'type="valid"' in verify("s1", key)
        for wrong in (
            verify("s2", key), verify("s1", "0" * 64), verify("s1", key, "evil.test"), verify("s1", key, to="evil.test"),
            verify("s1", ""), verify("s1", "\u00fc"),
        ):  # fmt: skip
            assert b'type="invalid"' in wrong and b'type="valid"' not in wrong

    @pytest.mark.parametrize("data", [b"<!DOCTYPE x>", b"<a>" * 100, b"\0" * 50, b"</stream:stream>", b"<db:verify/>"])
    def test_nonsense_does_not_stop_it(self, server: Authoritative, data: bytes) -> None:
        self.ask(server, data)
        key = server.key("contoso.test", "s1")
        assert b'"valid"' in self.ask(server, xmpp.dialback("verify", "contoso.test", "us.test", key, id="s1"))

    def test_nothing_listens_afterwards(self) -> None:
        with Authoritative("127.0.0.1", 0, "us.test", Deadline(10), None) as server:
            pass
        with pytest.raises(OSError):
            socket.create_connection((server.address, server.port), 1)

    @pytest.mark.parametrize(
        ("options", "sentence"),
        [
            ({"dialback_listen": {"address": "0.0.0.0"}, "sender": "us.test"}, "the one address"),  # noqa: S104
            ({"dialback_listen": {"address": "127.0.0.1"}}, "needs sender"),
            ({"dialback_listen": {"address": "192.0.2.1"}, "sender": "us.test"}, "cannot be listened on"),
            ({"certificate": "/nowhere", "key": "/nowhere", "sender": "us.test"}, "is not there"),
            ({"key": "/etc/hostname"}, "go together"),
            ({"certificate": "/etc/hostname", "key": "/etc/hostname"}, "needs sender"),
            ({"certificate": "/etc/hostname", "key": "/etc/hostname", "sender": "us.test"}, "cannot be used together"),
            ({"ca_file": "/etc/hostname"}, "no certificates in PEM"),
            ({"domains": [f"d{i}.test" for i in range(1001)]}, "more than 1000"),
        ],
    )
    def test_what_cannot_be_is_refused(self, authority: Authority, options: dict, sentence: str) -> None:
        result = probe(authority, **{"addresses": ["127.0.0.1"], "port": 1, **options})
        assert result["failed"] and sentence in result["msg"], result


class Canned:
    """A connection that says what it was given, in pieces, and then nothing more."""

    def __init__(self, data: bytes, size: int) -> None:
        self.data, self.size = data, size

    def settimeout(self, seconds: float) -> None:
        assert seconds > 0

    def sendall(self, data: bytes) -> None:
        pass

    def recv(self, count: int) -> bytes:
        found, self.data = self.data[: min(self.size, count)], self.data[min(self.size, count) :]
        return found


PIECES = st.sampled_from(
    [OPEN, OFFER, PROCEED, SASL, AFTER, b"<stream:features>", b"</stream:features>", b"</stream:stream>", b"<a x='", b"'>",
     b"<stream:error>", b"</stream:error>", b"<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>", b"&#0;", b"&amp;",
     b"<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>", b"<db:result type='valid'/>", b"<db:result type='error'>",
     b"<iq type='result' id='1'/>", b"<![CDATA[", b"]]>", b"\xef\xbb\xbf", b"\xff\xfe<\0a\0"]
)  # fmt: skip
STREAMS = st.lists(st.one_of(PIECES, st.binary(max_size=30)), max_size=8).map(b"".join)


@settings(max_examples=300, deadline=None)
@given(data=STREAMS, size=st.sampled_from([1, 7, 4096]), step=st.integers(0, 3))
def test_noise_on_a_stream_is_never_a_defect(data: bytes, size: int, step: int) -> None:
    line = Line(Canned(data, size), Deadline(5))  # type: ignore[arg-type]
    with contextlib.suppress(xmpp.Hostile, OSError):
        if step == 0:
            line.opened("us.test", "contoso.test")
        elif step == 1:
            line.proceed()
        elif step == 2:
            authenticate.by_external(line, "us.test", "contoso.test", xmpp.Features(both_ways=True), None)
        else:
            authoritative = Authoritative("127.0.0.1", 0, "us.test", Deadline(0.01), None)
            authenticate.by_dialback(line, "us.test", "contoso.test", "1", xmpp.Features(both_ways=True), authoritative)


class Noise:
    """A name server that answers with what it was told to, with the asked id and question in front or not."""

    def __init__(self) -> None:
        self.data, self.proper = b"", True
        self.listeners = Listeners(self.handle)
        self.listeners.start()

    def handle(self, wire: bytes, tcp: bool) -> Iterator[bytes]:
        yield wire[:2] + self.data[2:] if self.proper else self.data


@pytest.fixture(scope="module")
def noise() -> Iterator[Noise]:
    noise = Noise()
    yield noise
    noise.listeners.stop()


NAME = b"\x0c_xmpp-server\x04_tcp\x07contoso\x04test\0"
RECORD = b"\xc0\x0c\0\x21\0\1\0\0\0\5"
MESSAGES = st.tuples(
    st.sampled_from([0x8400, 0x8403, 0x8402, 0x8405, 0x8600, 0x8000, 0x0400, 0xFFFF]),
    st.lists(st.integers(0, 3), min_size=4, max_size=4),
    st.lists(
        st.one_of(
            st.just(NAME + b"\0\x21\0\1"), st.just(RECORD + b"\0\x08\0\0\0\0\x14\x95\xc0\x0c"), st.just(b"\xc0\xff"),
            st.just(RECORD + b"\xff\xff"), st.binary(max_size=20),
        ),
        max_size=4,
    ).map(b"".join),
).map(lambda one: b"\0\0" + struct.pack("!5H", one[0], *one[1]) + one[2])  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(data=st.one_of(MESSAGES, st.binary(max_size=40)))
def test_noise_of_a_name_server_is_never_a_defect(noise: Noise, monkeypatch_module: None, data: bytes) -> None:
    noise.data = data
    with contextlib.suppress(Unreachable):
        ask_dns(Server("127.0.0.1", noise.listeners.port), "contoso.test", "_xmpp-server._tcp.contoso.test", "SRV")
    lookup = targets.Lookup([("127.0.0.1", noise.listeners.port)], 0.05)
    targets.targets_of(["contoso.test"], [], [], 5269, lookup, True)


@settings(max_examples=60, deadline=None)
@given(data=st.one_of(MESSAGES, st.binary(max_size=60)))
def test_noise_instead_of_an_updates_answer_is_never_a_defect(
    noise: Noise, monkeypatch_module: None, data: bytes
) -> None:
    """Whatever comes, it proves nothing: the change is in doubt, or was never sent."""
    noise.data = data
    name = "_xmpp-server._tcp.contoso.test"
    made = [Step("contoso.test", None, RecordSet(name, "SRV", 5, ("0 0 5269 access.contoso.test.",)))]
    call = {"cmdlet": "dns.update", "parameters": update_parameters(made)}
    shell = DnsShell(
        [Server("127.0.0.1", noise.listeners.port)], make_key("k", "QUJDREVGR0hJSktMTU5PUA==", "hmac-sha256")
    )
    with pytest.raises((InDoubt, BadAnswer)):
        shell.request([call], 1)


@pytest.fixture(scope="module")
def monkeypatch_module() -> Iterator[None]:
    from ansible_collections.lync.xmpp_migration.plugins.module_utils._dns import servers as _dns_servers

    before = _dns_servers.UDP_SECONDS, _dns_servers.QUERY_SECONDS
    _dns_servers.UDP_SECONDS = _dns_servers.QUERY_SECONDS = 0.05
    yield
    _dns_servers.UDP_SECONDS, _dns_servers.QUERY_SECONDS = before


@pytest.fixture
def listen() -> Iterator[Callable[..., Listener]]:
    running: list[Listener] = []

    def start(*domains: str, address: str = "127.0.0.1", **options: Any) -> Listener:
        running.append(Listener(address, 0, domains, **options).start())
        return running[-1]

    yield start
    for listener in running:
        listener.stop()


class TestMany:
    def test_two_hundred_domains_are_asked_beside_each_other(
        self, authority: Authority, listen: Callable[..., Listener], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A time would be one of this machine; what is counted is how many conversations wait at once."""
        names = [f"d{number}.test" for number in range(200)]
        beside, most, lock, full = [0], [0], threading.Lock(), threading.Event()
        answered = []

        def accept(sender: str, to: str) -> bool:
            with lock:
                beside[0] += 1
                most[0] = max(most[0], beside[0])
                if most[0] == 200:
                    full.set()
            full.wait(5)  # nobody is answered before all have come
            answered.append(to)
            with lock:
                beside[0] -= 1
            return True

        monkeypatch.setattr("ansible_collections.lync.xmpp_migration.lab.xmpp.listener.MAX_CONNECTIONS", 500)
        edge = listen(*names, accept=accept)
        result = probe(authority, *names, addresses=[edge.address], port=edge.port, require_tls=False, seconds=60)
        assert len(result["answers"]) == 200 and most[0] == 200

    def test_ipv6(self, authority: Authority, listen: Callable[..., Listener]) -> None:
        try:
            edge = listen("contoso.test", address="::1", **authority.issue("contoso.test"))
        except OSError:
            pytest.skip("this machine has no IPv6")
        result = probe(authority, addresses=["::1"], port=edge.port)
        assert result["ok"] and result["findings"] == []
        assert result["answers"][0]["address"] == "::1"

    def test_a_domain_with_other_letters(self, authority: Authority, listen: Callable[..., Listener]) -> None:
        edge = listen("xn--bcher-kva.test", **authority.issue("xn--bcher-kva.test"))
        result = probe(authority, "bücher.test", addresses=[edge.address], port=edge.port)
        assert result["ok"] and result["answers"][0]["domain"] == "xn--bcher-kva.test"

    def test_the_table(self, authority: Authority, listen: Callable[..., Listener], tmp_path: Path) -> None:
        edge = listen("contoso.test", **authority.issue("contoso.test"))
        head, row = probe(authority, addresses=[edge.address], port=edge.port, tls_versions=True)["table"]
        assert head.split()[:3] == ["DOMAIN", "ADDRESS", "ANSWERS"]
        assert row.split()[:3] == ["contoso.test", f"127.0.0.1:{edge.port}", "yes"]

    @pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
    def test_old_versions_are_seen_and_said(self, authority: Authority) -> None:
        peer = Peer(authority, *SECURED, AFTER)
        peer.context.minimum_version = ssl.TLSVersion.TLSv1
        peer.context.maximum_version = ssl.TLSVersion.TLSv1
        peer.context.set_ciphers("ALL:@SECLEVEL=0")
        result = probe(authority, addresses=[peer.address], port=peer.port)
        peer.server.close()
        assert [one["id"] for one in result["findings"]] == ["tls_failed", "tls_only_when_lowered"]
        assert result["answers"][0]["tls_version"] == "TLSv1"
        assert "(lowered)" in result["table"][1]
