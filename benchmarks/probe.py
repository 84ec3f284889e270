#!/usr/bin/env python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many partner domains asked beside each other, against the slowest of them asked alone, with latency in each answer.

The peers (name server and XMPP servers) run in a process of their own, which is as cheap as it can be made: it answers
with bytes that stand ready, each answer a tenth of a second after what it answers. Prints one JSON document.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import gc
import ipaddress
import json
import os
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

BAR = 1.3
STREAM = (
    b"<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:db='jabber:server:dialback' "
    b"xmlns:stream='http://etherx.jabber.org/streams' id='1' version='1.0'>"
)
BEFORE = (
    STREAM
    + b"<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>"
)
PROCEED = b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
AFTER = (
    STREAM + b"<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>EXTERNAL</mechanism>"
    b"</mechanisms><dialback xmlns='urn:xmpp:features:dialback'/></stream:features>"
)


# --- the peers, in their own process


class Server(asyncio.Protocol):
    """One XMPP server: header and offer, TLS, header and offer."""

    context: ssl.SSLContext
    latency: float

    def __init__(self) -> None:
        self.tls: ssl.SSLObject | None = None
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.shaken, self.offered, self.plain = False, False, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def data_received(self, data: bytes) -> None:
        asyncio.get_running_loop().call_later(self.latency, self.answer, data)

    def answer(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self.tls is None:
            if b"<starttls" in data:
                self.tls = self.context.wrap_bio(self.incoming, self.outgoing, server_side=True)
            self.transport.write(PROCEED if self.tls else BEFORE)
            return
        self.incoming.write(data)
        try:
            if not self.shaken:
                self.tls.do_handshake()
                self.shaken = True
            while True:
                self.plain += self.tls.read(4096)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            self.transport.close()
            return
        if not self.offered and b"version=" in self.plain:
            self.offered = True
            self.tls.write(AFTER)
        if b"</stream:stream>" in self.plain:
            self.transport.close()
        elif self.outgoing.pending:
            self.transport.write(self.outgoing.read())


class Names(asyncio.DatagramProtocol):
    """One name server: a service record and an address for each domain, and no other record."""

    port: int
    address: bytes
    latency: float

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        end = data.index(b"\0", 12) + 5
        asked, kind = data[12:end], int.from_bytes(data[end - 4 : end - 2], "big")
        answer = b""
        if kind == 33 and asked.startswith(b"\x0c_xmpp-server"):
            host = b"\x01x\xc0\x1e"  # x.<the domain>: both labels before it take 18 bytes
            answer = b"\xc0\x0c\0\x21\0\1\0\0\0\x3c" + (6 + len(host)).to_bytes(2, "big") + b"\0\0\0\0"
            answer += self.port.to_bytes(2, "big") + host
        elif kind == 1:
            answer = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + self.address
        head = data[:2] + b"\x84\0\0\1" + (b"\0\1" if answer else b"\0\0") + b"\0" * 4
        asyncio.get_running_loop().call_later(self.latency, self.transport.sendto, head + data[12:end] + answer, addr)


async def serve(certificate: str, latency: float) -> None:
    loop = asyncio.get_running_loop()
    Server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    Server.context.load_cert_chain(certificate)
    Server.context.num_tickets = 0
    Server.latency = Names.latency = latency
    server = await loop.create_server(Server, "127.0.0.1", 0, backlog=1000)
    Names.port = server.sockets[0].getsockname()[1]
    Names.address = ipaddress.IPv4Address("127.0.0.1").packed
    transport, _names = await loop.create_datagram_endpoint(Names, local_addr=("127.0.0.1", 0))
    print(json.dumps({"dns": transport.get_extra_info("sockname")[1]}), flush=True)
    while await loop.run_in_executor(None, sys.stdin.readline):  # each line is a question for what was used so far
        print(json.dumps({"cpu": time.process_time()}), flush=True)


# --- the probe


def certificate(directory: Path, names: list[str], rsa: bool) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric import rsa as rsa_keys
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key: Any = rsa_keys.generate_private_key(65537, 2048) if rsa else ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=90))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (directory / "ca.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (directory / "server.pem").write_bytes(private + made.public_bytes(serialization.Encoding.PEM))


def probe(domains: list[str], dns: int, authority: Path) -> tuple[float, float, dict[str, Any]]:
    """Seconds, seconds of the processor, and the result."""
    from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.context import Context
    from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import perform
    from ansible_collections.lync.xmpp_migration.plugins.module_utils._xmpp.run import run
    from ansible_collections.lync.xmpp_migration.plugins.modules import xmpp_probe

    params = {
        "domains": domains, "name_servers": [{"address": "127.0.0.1", "port": dns}], "allow_private": True,
        "ca_file": str(authority), "sender": "contoso.test", "fail_on_error": False, "seconds": 60,
    }  # fmt: skip
    started, used = time.perf_counter(), time.process_time()
    result = perform(xmpp_probe.ARGUMENT_SPEC, run, params, Context("", "", ""))
    return time.perf_counter() - started, time.process_time() - used, result


def measured(count: int, rounds: int, latency: float, rsa: bool) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        domains = [f"d{number:03}.test" for number in range(count)]
        certificate(directory, ["*.test", *domains[:2]], rsa)
        argv = [sys.executable, __file__, "--serve", str(directory / "server.pem"), "--latency", str(latency)]
        peers = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if peers.stdin is None or peers.stdout is None:
            raise SystemExit("no peers")
        stdin, stdout = peers.stdin, peers.stdout

        def cpu() -> float:
            stdin.write("\n")
            stdin.flush()
            return float(json.loads(stdout.readline())["cpu"])

        try:
            port, authority = json.loads(stdout.readline())["dns"], directory / "ca.pem"
            probe(domains[:2], port, authority)  # what is loaded and made once
            gc.freeze()  # as the action plugin does
            alone, many = [], []
            for turn in range(rounds):
                alone += [probe([one], port, authority)[0] for one in domains[turn::rounds][:5]]
                before = cpu()
                seconds, ours, result = probe(domains, port, authority)
                many.append({"seconds": seconds, "ours": ours, "peers": cpu() - before, "loads": os.getloadavg()[0]})
                if len(result["answers"]) != count or not all(one["tls_version"] for one in result["answers"]):
                    raise SystemExit(f"not all were answered: {result['findings'][:3]}")
        finally:
            peers.stdin.close()
            peers.wait(10)
    slowest = max(alone)
    best = min(many, key=lambda one: one["seconds"])
    middle = statistics.median(one["seconds"] for one in many)
    return {
        "domains": count,
        "latency": latency,
        "rounds": rounds,
        "key": "RSA 2048" if rsa else "ECDSA P-256",
        "slowest_alone": round(slowest, 3),
        "median_alone": round(statistics.median(alone), 3),
        "together_median": round(middle, 3),
        "together_best": round(best["seconds"], 3),
        "processor_ours": round(statistics.median(one["ours"] for one in many), 3),
        "processor_peers": round(statistics.median(one["peers"] for one in many), 3),
        "load_average": round(max(one["loads"] for one in many), 2),
        "ratio": round(middle / slowest, 2),
        "ratio_best": round(best["seconds"] / slowest, 2),
        "bars": {"ratio": BAR},
        "ok": middle / slowest <= BAR,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--domains", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--latency", type=float, default=0.1)
    parser.add_argument("--rsa", action="store_true", help="certificates with RSA keys, which cost the peers more")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.serve:
        asyncio.run(serve(chosen.serve, chosen.latency))
        return 0
    result = measured(chosen.domains, chosen.rounds, chosen.latency, chosen.rsa)
    print(json.dumps(result, indent=2))
    return 0 if result["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
