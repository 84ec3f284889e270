# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's name servers over real sockets: BIND where it is installed, and the built-in one, held to the same."""

from __future__ import annotations

import contextlib
import copy
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.tsig
import dns.tsigkeyring
import dns.update
import dns.zone
import pytest
from ansible_collections.lync.xmpp_migration.lab import dns as name_servers
from ansible_collections.lync.xmpp_migration.lab.dns.follow import Pusher
from ansible_collections.lync.xmpp_migration.lab.dns.records import Change
from ansible_collections.lync.xmpp_migration.lab.estate import Record, Zone
from ansible_collections.lync.xmpp_migration.lab.organisation.zones import Zones

ZONES = (
    Zone(
        "contoso.test",
        6,
        (
            Record("_xmpp-server._tcp", "SRV", "0 0 5269 xmpp.contoso.test."),
            Record("xmpp", "A", "203.0.113.30"),
            Record("alias", "CNAME", "xmpp.contoso.test."),
            Record("text", "TXT", '"v=1; x"', 60),
        ),
    ),
    Zone("wingtip.test", 6, (Record("xmpp", "A", "203.0.113.30"),)),
)
SRV = "_xmpp-server._tcp"
OLD, NEW = "0 0 5269 xmpp.contoso.test.", "0 0 5269 access.contoso.test."


class Bed:
    """A running server, what it told, and a client with its key."""

    def __init__(self, software: str, directory: Path) -> None:
        self.told: list[tuple[str, list[Change]]] = []
        self.server = name_servers.start(
            ZONES,
            directory,
            lambda zone, changes: self.told.append((zone, changes)),
            lambda address: address.replace("203.0.113.", "127.40.50."),
            software,
        )

    def ask(self, name: str, kind: str, tcp: bool = False) -> dns.message.Message:
        query = dns.message.make_query(name, kind)
        query.flags |= dns.flags.RD
        send = dns.query.tcp if tcp else dns.query.udp
        return send(query, self.server.address, port=self.server.port, timeout=5)

    def message(self, fill: Callable[[dns.update.UpdateMessage], object], **more: object) -> dns.update.UpdateMessage:
        ring = dns.tsigkeyring.from_text({self.server.key_name: str(more.pop("secret", self.server.key_secret))})
        options = {"keyring": ring, "keyname": self.server.key_name, "keyalgorithm": dns.tsig.HMAC_SHA256}
        message = dns.update.UpdateMessage(
            str(more.pop("zone", "contoso.test")), **({} if "plain" in more else options)
        )
        fill(message)
        return message

    def update(self, fill: Callable[[dns.update.UpdateMessage], object], **more: object) -> str:
        message = self.message(fill, **more)
        reply = dns.query.tcp(message, self.server.address, port=self.server.port, timeout=5)
        return dns.rcode.to_text(reply.rcode())


@pytest.fixture(params=["builtin", "bind", "knot"])
def bed(request: pytest.FixtureRequest, tmp_path: Path, needs: Callable[..., None]) -> Iterator[Bed]:
    if request.param != "builtin":
        needs({"bind": "named", "knot": "knotd"}[request.param])
    bed = Bed(request.param, tmp_path)
    yield bed
    bed.server.stop()


def swap(message: dns.update.UpdateMessage) -> None:
    message.present(SRV, "SRV", OLD)
    message.replace(SRV, 2, "SRV", NEW)


def test_serves_its_zones_and_nothing_else(bed: Bed) -> None:
    answer = bed.ask(f"{SRV}.contoso.test", "SRV")
    assert answer.flags & dns.flags.AA and not answer.flags & dns.flags.RA
    assert answer.answer[0].ttl == 6
    assert [rdata.to_text() for rdata in answer.answer[0]] == [OLD]
    assert [rdata.to_text() for rdata in bed.ask("xmpp.contoso.test", "A", tcp=True).answer[0]] == ["127.40.50.30"]
    assert len(bed.ask("alias.contoso.test", "A").answer) == 2
    assert bed.ask("nobody.contoso.test", "A").rcode() == dns.rcode.NXDOMAIN
    below = bed.ask("_tcp.contoso.test", "A")
    assert below.rcode() == dns.rcode.NOERROR and not below.answer
    assert below.authority[0].ttl <= 60
    for name in ("example.org", ".", "contoso.test.example.org"):
        assert bed.ask(name, "A").rcode() == dns.rcode.REFUSED


def test_a_conditional_swap_tells_of_the_change_before_it_answers(bed: Bed) -> None:
    assert bed.update(swap) == "NOERROR"
    ((zone, (change,)),) = bed.told
    assert (zone, change.name, change.type) == ("contoso.test", SRV, "SRV")
    assert change.removed == (OLD,) and change.added == (NEW,)
    assert (change.before.ttl, change.after.ttl) == (6, 2)
    assert bed.server.records()["contoso.test"][f"{SRV} SRV"] == {"ttl": 2, "values": [NEW]}
    assert [rdata.to_text() for rdata in bed.ask(f"{SRV}.contoso.test", "SRV").answer[0]] == [NEW]


def test_whoever_comes_second_changes_nothing(bed: Bed) -> None:
    assert bed.update(swap) == "NOERROR"
    assert bed.update(swap) == "NXRRSET"
    assert len(bed.told) == 1


def test_prerequisites_and_codes(bed: Bed) -> None:
    assert bed.update(lambda m: (m.absent("new", "A"), m.add("new", 5, "A", "127.40.50.1"))) == "NOERROR"
    assert bed.update(lambda m: (m.absent("new", "A"), m.add("new", 5, "A", "127.40.50.2"))) == "YXRRSET"
    assert bed.update(lambda m: m.absent("new")) == "YXDOMAIN"
    assert bed.update(lambda m: m.present("nobody")) == "NXDOMAIN"
    assert bed.update(lambda m: m.present("text", "A")) == "NXRRSET"
    if bed.server.software == "knot":  # it does not sign what it says of a zone that it does not have
        with pytest.raises(dns.exception.FormError, match="TSIG"):
            bed.update(lambda m: m.add("a", 5, "A", "127.0.0.1"), zone="elsewhere.test")
    else:
        assert bed.update(lambda m: m.add("a", 5, "A", "127.0.0.1"), zone="elsewhere.test") == "NOTAUTH"
    assert bed.update(lambda m: m.delete("new", "A", "127.40.50.1")) == "NOERROR"
    assert [len(changes) for _zone, changes in bed.told] == [1, 1]
    assert bed.told[1][1][0].after is None


def test_an_update_that_changes_nothing_is_not_told(bed: Bed) -> None:
    assert bed.update(lambda m: m.replace(SRV, 6, "SRV", OLD)) == "NOERROR"
    assert bed.update(lambda m: m.delete("nobody")) == "NOERROR"
    assert bed.told == []


def test_only_the_key_of_this_start_may_write(bed: Bed) -> None:
    assert bed.update(swap, plain=True) == ("NOTAUTH" if bed.server.software == "knot" else "REFUSED")
    with pytest.raises((dns.tsig.PeerError, dns.exception.FormError)):
        bed.update(swap, secret="AAAA" + bed.server.key_secret[4:])
    assert bed.told == []


def test_estate_addresses_are_mapped_both_ways(bed: Bed) -> None:
    assert bed.server.records()["wingtip.test"] == {"xmpp A": {"ttl": 6, "values": ["203.0.113.30"]}}
    assert bed.server.records(served=True)["wingtip.test"]["xmpp A"]["values"] == ["127.40.50.30"]
    assert bed.update(lambda m: m.delete("xmpp", "A")) == "NOERROR"
    assert bed.told[0][1][0].removed == ("203.0.113.30",)


def test_a_transfer_needs_the_key(bed: Bed) -> None:
    ring = dns.tsigkeyring.from_text({bed.server.key_name: bed.server.key_secret})
    options = {"keyring": ring, "keyname": bed.server.key_name, "keyalgorithm": dns.tsig.HMAC_SHA256}
    transfer = dns.query.xfr(bed.server.address, "contoso.test", port=bed.server.port, **options)
    assert len(dns.zone.from_xfr(transfer).nodes) == 6
    with pytest.raises(dns.exception.DNSException):
        dns.zone.from_xfr(dns.query.xfr(bed.server.address, "contoso.test", port=bed.server.port))


@pytest.mark.parametrize(
    "wire", [b"", b"\0" * 5, b"\xff" * 12, b"\0\1\x28\0\0\1" + b"\0" * 6, b"\0\1\x80\0" + b"\0" * 8]
)
def test_broken_messages_do_not_stop_it(bed: Bed, wire: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(wire, (bed.server.address, bed.server.port))
    with socket.create_connection((bed.server.address, bed.server.port), 2) as stream:
        stream.sendall(len(wire).to_bytes(2, "big") + wire)
    assert bed.ask("xmpp.contoso.test", "A").answer


def test_nothing_listens_after_stop(bed: Bed) -> None:
    port = bed.server.port
    bed.server.stop()
    with pytest.raises(OSError):
        socket.create_connection((bed.server.address, port), 1)


def test_a_zone_of_many_records_is_transferred_whole(tmp_path: Path) -> None:
    zone = Zone("big.test", 60, tuple(Record(f"host{i}", "A", f"10.0.{i // 250}.{i % 250}") for i in range(1500)))
    server = name_servers.start([zone], tmp_path, software="builtin")
    try:
        ring = dns.tsigkeyring.from_text({server.key_name: server.key_secret})
        transfer = dns.query.xfr(server.address, "big.test", port=server.port, keyring=ring, keyname=server.key_name,
                                 keyalgorithm=dns.tsig.HMAC_SHA256)  # fmt: skip
        assert len(dns.zone.from_xfr(transfer).nodes) == 1502
    finally:
        server.stop()


def test_bind_does_not_outlive_a_killed_lab(tmp_path: Path, needs: Callable[..., None]) -> None:
    needs("named")
    code = (
        "import pathlib, sys, time\n"
        "from ansible_collections.lync.xmpp_migration.lab import dns\n"
        "from ansible_collections.lync.xmpp_migration.lab.estate import Zone\n"
        "server = dns.start([Zone('a.test')], pathlib.Path(sys.argv[1]), software='bind')\n"
        "print(server._engine._process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    lab = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, env=environment)
    assert lab.stdout is not None
    named = int(lab.stdout.readline())
    os.kill(named, 0)
    lab.kill()
    lab.communicate()
    deadline = time.monotonic() + 10
    while _runs(named) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _runs(named)


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_what_cmdlets_write_is_served_and_not_told_back(bed: Bed) -> None:
    """As on a Microsoft DNS server: the zone is changed at the server, and whoever asks sees it."""
    zones = Zones(ZONES)

    class World:
        def __init__(self) -> None:
            self.zones = zones

        @contextlib.contextmanager
        def turn(self) -> Iterator[None]:
            yield

    pusher = Pusher(World(), bed.server)
    zones.write("contoso.test", SRV, "SRV", 2, (NEW,))
    zones.write("contoso.test", "xmpp", "A", 7, ("203.0.113.31",))
    zones.write("contoso.test", "text", "TXT", 7, ())
    pusher.stop()
    assert bed.server.records()["contoso.test"][f"{SRV} SRV"] == {"ttl": 2, "values": [NEW]}
    assert [rdata.to_text() for rdata in bed.ask("xmpp.contoso.test", "A").answer[0]] == ["127.40.50.31"]
    assert "text TXT" not in bed.server.records()["contoso.test"]
    assert bed.told == []
    assert bed.update(lambda m: m.delete("xmpp", "A")) == "NOERROR" and len(bed.told) == 1
    assert copy.deepcopy(zones).on_write is None
