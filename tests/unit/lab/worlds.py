# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Worlds for tests, and calls on them as a session makes them: bound, performed, answered in frames."""

from __future__ import annotations

import copy
import typing as t
from datetime import UTC, datetime

from ansible_collections.lync.xmpp_migration.lab.estate import load, loads
from ansible_collections.lync.xmpp_migration.lab.organisation.clock import Clock
from ansible_collections.lync.xmpp_migration.lab.organisation.creation import create
from ansible_collections.lync.xmpp_migration.lab.organisation.world import World
from ansible_collections.lync.xmpp_migration.lab.powershell.performer import ComputerSession
from ansible_collections.lync.xmpp_migration.lab.powershell.standin import StandIn

START = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)


class Answer(t.NamedTuple):
    rows: list[list[t.Any]]
    errors: list[dict[str, t.Any]]
    warnings: list[str]

    @property
    def ids(self) -> list[str]:
        return [error["id"].partition(",")[0] for error in self.errors]

    def ok(self) -> list[list[t.Any]]:
        assert not self.errors, self.errors
        return self.rows


def clock() -> Clock:
    return Clock(START, speed=0, jump=True)


def world(name: str = "small", users: int | None = None, **changes: t.Any) -> World:
    """A world of an estate that comes with the lab, with other values for some of the estate's fields."""
    import dataclasses

    return create(dataclasses.replace(load(name, users), **changes), clock())


def world_of(text: str) -> World:
    return create(loads(text), clock())


class Host:
    """A computer and who works on it."""

    def __init__(self, world: World, fqdn: str, user: str = r"CONTOSO\admin") -> None:
        found = world.computer(fqdn)
        assert found is not None, fqdn
        self.session = ComputerSession(world, found, user)

    def call(self, cmdlet: str, properties: t.Sequence[str] = (), **parameters: t.Any) -> Answer:
        return self.calls([{"cmdlet": cmdlet, "parameters": parameters, "properties": list(properties)}])[0]

    def calls(self, calls: list[dict[str, t.Any]]) -> list[Answer]:
        frames = StandIn(self.session).perform({"id": 1, "calls": copy.deepcopy(calls)})
        answers = [Answer([], [], []) for _ in calls]
        for frame in frames:
            if "call" not in frame:
                assert frame.get("done"), frame
                continue
            answer = answers[frame["call"]]
            answer.rows.extend(frame.get("rows", []))
            answer.errors.extend(frame.get("errors", []))
            answer.warnings.extend(frame.get("warnings", []))
        return answers


#: A migration half-way: both pools and Edges are there, everybody is still on the old one.
MIDWAY = """
name: midway
domain: contoso.test
sip_domains: [contoso.test, wingtip.test]
central_management: pool2010.contoso.test
certificates: {key: ec256}
sites:
  - {name: Redmond, federation_route: edge2010.contoso.test}
pools:
  - {fqdn: pool2010.contoso.test, version: 5, edge: edge2010.contoso.test}
  - {fqdn: pool2013.contoso.test, version: 6, edge: edge2010.contoso.test}
edges:
  - {fqdn: edge2010.contoso.test, version: 5, access_fqdn: sip.contoso.test, external_address: 203.0.113.20,
     federation: true}
  - {fqdn: edge2013.contoso.test, version: 6, access_fqdn: access.contoso.test, external_address: 203.0.113.40,
     next_hop: pool2013.contoso.test}
gateway: {fqdn: xmppgw.contoso.test, edge: edge2010.contoso.test, address: 203.0.113.30}
users:
  - {count: 4, pool: pool2010.contoso.test}
policies:
  Global: {EnableFederationAccess: true, EnableOutsideAccess: true}
  XmppUsers: {EnableFederationAccess: true, EnableXmppAccess: true, EnableOutsideAccess: true}
  Nothing: {}
access_edge: {AllowFederatedUsers: true}
allowed_domains:
  - {domain: fabrikam.test, proxy: xmppgw.contoso.test}
partners:
  - {domain: fabrikam.test, address: 203.0.113.50}
zones:
  - name: contoso.test
    records:
      - {name: _xmpp-server._tcp, type: SRV, value: 0 0 5269 xmpp.contoso.test.}
      - {name: xmpp, type: A, value: 203.0.113.30}
  - name: wingtip.test
    records:
      - {name: _xmpp-server._tcp, type: SRV, value: 0 0 5269 xmpp.contoso.test.}
"""


def midway(extra: str = "") -> World:
    return world_of(MIDWAY + extra)
