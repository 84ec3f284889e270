# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's XMPP servers follow the world: what runs there answers here."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import time

import pytest
from ansible_collections.lync.xmpp_migration.lab import estate
from ansible_collections.lync.xmpp_migration.lab.organisation.creation import create
from ansible_collections.lync.xmpp_migration.lab.organisation.faults import Faults
from ansible_collections.lync.xmpp_migration.lab.organisation.services import STOPPED, XMPP_PROXY
from ansible_collections.lync.xmpp_migration.lab.place import LabError, Place, random_prefix
from ansible_collections.lync.xmpp_migration.lab.powershell.performer import ComputerSession
from ansible_collections.lync.xmpp_migration.lab.powershell.standin import StandIn
from ansible_collections.lync.xmpp_migration.lab.streams import Streams

HEADER = "<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' from='{}' to='{}' version='1.0'>"


class Running:
    def __init__(self, directory, name: str) -> None:
        self.place = Place(directory, random_prefix())
        self.world = create(self.place.real(estate.load(name)))
        self.world.faults = Faults()
        self.streams = Streams(self.world, self.place)

    def address(self, number: int) -> str:
        return f"{self.place.prefix}.{number}"

    def call(self, host: str, cmdlet: str, **parameters):
        process = StandIn(ComputerSession(self.world, self.world.computers[host], "CONTOSO\\lyncadmin"))
        frames = process.perform({"id": 1, "calls": [{"cmdlet": cmdlet, "parameters": parameters}]})
        end = next(frame for frame in frames if "ok" in frame)
        assert end["ok"], end
        return frames

    def stream(self, number: int, sender: str, to: str, seconds: float = 2.0) -> str:
        """What a stranger hears after the header; empty where nothing is said."""
        with socket.create_connection((self.address(number), 5269), timeout=seconds) as line:
            line.sendall(HEADER.format(sender, to).encode())
            heard = b""
            with contextlib.suppress(TimeoutError):
                while b"</stream:features>" not in heard and b"</stream:stream>" not in heard:
                    data = line.recv(4096)
                    if not data:
                        break
                    heard += data
            return heard.decode()

    def names(self, number: int, to: str) -> set[str]:
        """The names in the certificate that is shown after STARTTLS."""
        from cryptography import x509

        with socket.create_connection((self.address(number), 5269), timeout=5) as line:
            line.sendall(HEADER.format("fabrikam.test", to).encode())
            while b"</stream:features>" not in line.recv(4096):
                pass
            line.sendall(b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
            assert b"<proceed" in line.recv(4096)
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            with context.wrap_socket(line) as secured:
                certificate = x509.load_der_x509_certificate(secured.getpeercert(True))
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return set(names.get_values_for_type(x509.DNSName))


@pytest.fixture
def small(tmp_path):
    running = Running(tmp_path, "small")
    yield running
    running.streams.stop()


def refused(running: Running, number: int) -> bool:
    try:
        socket.create_connection((running.address(number), 5269), timeout=2).close()
    except ConnectionRefusedError:
        return True
    return False


def test_an_edge_answers_a_partner_with_its_xmpp_certificate(small):
    heard = small.stream(40, "fabrikam.test", "contoso.test")
    assert re.search(r"<stream:features><starttls[^>]*><required/></starttls>", heard)
    assert "dialback" not in heard.partition("<stream:features>")[2]
    assert "contoso.test" in small.names(40, "contoso.test")


def test_it_leaves_strangers_without_an_answer_or_answers_as_the_estate_says(small):
    assert small.stream(40, "stranger.test", "contoso.test", 0.3) == ""
    small.world.unknowns.set("stream_before_partner", "answered")
    assert "<stream:features>" in small.stream(40, "stranger.test", "contoso.test")


def test_it_follows_partners_and_services_at_once(small):
    front_end, edge = "fe.contoso.test", "edge.contoso.test"
    small.call(
        front_end, "Set-CsXmppAllowedPartner", Identity="fabrikam.test", SupportDialbackNegotiation=True, Confirm=False
    )
    time.sleep(0.5)  # the store's way to the Edge
    assert "dialback" in small.stream(40, "fabrikam.test", "contoso.test")
    small.call(edge, "Stop-CsWindowsService", Name=XMPP_PROXY, Confirm=False)
    assert refused(small, 40)
    small.call(edge, "Start-CsWindowsService", Name=XMPP_PROXY, Confirm=False)
    assert not refused(small, 40)


def test_partners_have_servers_of_their_own(small):
    heard = small.stream(50, "contoso.test", "fabrikam.test")
    assert "<starttls" in heard
    assert small.names(50, "fabrikam.test") == {"fabrikam.test"}


def test_the_old_gateway_answers_until_its_service_stops(tmp_path):
    running = Running(tmp_path, "lync2010")
    try:
        heard = running.stream(30, "fabrikam.test", "contoso.test")
        assert "<stream:features>" in heard and "<starttls" not in heard
        assert refused(running, 40)
        computer = running.world.computers["xmppgw.contoso.test"]
        with running.world.turn():
            next(iter(computer.windows_services.values())).status = STOPPED
        end = time.monotonic() + 5
        while not refused(running, 30) and time.monotonic() < end:
            time.sleep(0.05)
        assert refused(running, 30)
    finally:
        running.streams.stop()
    assert refused(running, 50)


def test_two_labs_do_not_share_an_address(small):
    with pytest.raises(LabError, match="another --prefix"):
        Streams(small.world, small.place)
