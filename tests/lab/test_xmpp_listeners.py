# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The world's XMPP services on real sockets: they listen while the services run, with the certificates assigned."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.lab.estate import load
from ansible_collections.lync.xmpp_migration.lab.organisation.clock import Clock
from ansible_collections.lync.xmpp_migration.lab.organisation.creation import create
from ansible_collections.lync.xmpp_migration.lab.organisation.services import (
    OCS_GATEWAY,
    XMPP_PROXY,
    stop,
    xmpp_certificate,
)
from ansible_collections.lync.xmpp_migration.lab.organisation.world import World
from ansible_collections.lync.xmpp_migration.lab.place import Place
from ansible_collections.lync.xmpp_migration.lab.xmpp.follow import Endpoints
from ansible_collections.lync.xmpp_migration.plugins.module_utils._context import Context
from ansible_collections.lync.xmpp_migration.plugins.module_utils._module import perform
from ansible_collections.lync.xmpp_migration.plugins.modules import xmpp_probe as module
from ansible_collections.lync.xmpp_migration.tests.unit.lab.worlds import Host
from cryptography.hazmat.primitives import serialization

PREFIX = "127.91.7"
EDGE, GATEWAY = f"{PREFIX}.40", f"{PREFIX}.30"


class Bed:
    def __init__(self, directory: Path, estate: str) -> None:
        self.world: World = create(Place(directory, PREFIX).real(load(estate, 5)), Clock())
        self.endpoints = Endpoints(self.world)
        self.ca = directory / "ca.pem"
        self.ca.write_bytes(self.world.ca.certificate.public_bytes(serialization.Encoding.PEM))

    def probe(self, address: str, **options: Any) -> dict[str, Any]:
        params = {
            "domains": ["contoso.test"],
            "addresses": [address],
            "allow_private": True,
            "ca_file": str(self.ca),
            "seconds": 2,
            "fail_on_error": False,
            **options,
        }
        return perform(module.ARGUMENT_SPEC, module.run, params, Context("", "", ""))


@pytest.fixture
def bed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bed]:
    bed = Bed(tmp_path, request.param)
    yield bed
    bed.endpoints.stop()


def listens(address: str) -> bool:
    try:
        socket.create_connection((address, 5269), 1).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize("bed", ["small"], indirect=True)
def test_an_edge_shows_the_certificate_assigned_and_answers_partners(bed: Bed) -> None:
    assert bed.endpoints.failed == {}
    edge = bed.world.computer("edge.contoso.test")
    shown = xmpp_certificate(edge)
    result = bed.probe(EDGE, sender="fabrikam.test", thumbprints=[shown.thumbprint])
    assert result["ok"], result
    assert "contoso.test" in result["answers"][0]["certificate"]["dns_names"]
    stranger = bed.probe(EDGE, sender="stranger.test", seconds=1)
    assert [one["id"] for one in stranger["findings"]] == ["timeout"]
    bed.world.unknowns.set("stream_before_partner", "answered")
    assert bed.probe(EDGE, sender="stranger.test")["ok"]


@pytest.mark.parametrize("bed", ["small"], indirect=True)
def test_it_comes_and_goes_with_the_service(bed: Bed) -> None:
    host = Host(bed.world, "edge.contoso.test")
    assert listens(EDGE)
    host.call("Stop-CsWindowsService", Confirm=False)
    with bed.world.turn():
        assert not bed.world.computer("edge.contoso.test").windows_services[XMPP_PROXY].running
    assert not listens(EDGE)
    host.call("Start-CsWindowsService").ok()
    with bed.world.turn():
        pass
    assert listens(EDGE)
    bed.endpoints.stop()
    assert not listens(EDGE)


@pytest.mark.parametrize("bed", ["lync2010"], indirect=True)
def test_the_old_gateway_answers_without_tls_until_it_is_stopped(bed: Bed) -> None:
    result = bed.probe(GATEWAY, require_tls=False)
    assert result["ok"] and result["answers"][0]["starttls"] is False
    assert not listens(EDGE)
    gateway = bed.world.computer("xmppgw.contoso.test")
    with bed.world.turn():
        stop(bed.world, gateway, gateway.windows_services[OCS_GATEWAY])
    with bed.world.turn():
        pass
    assert not listens(GATEWAY)


@pytest.mark.parametrize("bed", ["small"], indirect=True)
def test_an_address_in_use_is_said_and_does_no_harm(bed: Bed, tmp_path: Path) -> None:
    (tmp_path / "second").mkdir()
    second = Bed(tmp_path / "second", "small")
    assert list(second.endpoints.failed) == [f"{EDGE}:5269"]
    second.endpoints.stop()
    assert bed.probe(EDGE, sender="fabrikam.test")["ok"]


def test_a_world_without_sockets_opens_none() -> None:
    world = create(load("small", 5), Clock())
    endpoints = Endpoints(world)
    assert endpoints.failed == {} and not listens("127.0.0.1")
    endpoints.stop()
