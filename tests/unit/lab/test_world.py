# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The world: clock, store and replicas, zones, directory counts, and the state as it is printed."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.lync.xmpp_migration.lab.estate import Record, Zone
from ansible_collections.lync.xmpp_migration.lab.organisation.clock import Clock
from ansible_collections.lync.xmpp_migration.lab.organisation.directory import Directory, User
from ansible_collections.lync.xmpp_migration.lab.organisation.state import state
from ansible_collections.lync.xmpp_migration.lab.organisation.store import Replica, Snapshot, Store
from ansible_collections.lync.xmpp_migration.lab.organisation.zones import Zones
from ansible_collections.lync.xmpp_migration.tests.unit.lab.worlds import Host, midway, world

MOMENT = datetime(2026, 11, 21, 8, tzinfo=UTC)


class TestClock:
    def test_set_advance_and_stand_still(self) -> None:
        clock = Clock(MOMENT, speed=0)
        assert clock.now() == MOMENT
        clock.advance(90)
        assert clock.now() == MOMENT + timedelta(seconds=90)
        clock.set(MOMENT - timedelta(days=1))
        assert clock.now() == MOMENT - timedelta(days=1)

    def test_speed(self) -> None:
        clock = Clock(MOMENT, speed=100_000)
        clock.sleep(1000)
        assert clock.now() >= MOMENT + timedelta(seconds=1000)
        clock.set_speed(0)
        assert clock.now() == clock.now()
        with pytest.raises(ValueError, match="backwards"):
            clock.set_speed(-1)

    def test_jumping_sleeps_for_nothing(self) -> None:
        clock = Clock(MOMENT, speed=0, jump=True)
        clock.sleep(3600)
        clock.sleep(-1)
        assert clock.now() == MOMENT + timedelta(hours=1)


class TestStore:
    def test_snapshots_do_not_change(self) -> None:
        store = Store(Snapshot(1, MOMENT, None, {}))
        store.put("site", "Redmond", {"a": 1}, MOMENT)
        before = store.current
        store.put("site", "REDMOND", {"a": 2}, MOMENT)
        assert before.row("site", "redmond") == {"a": 1}
        assert store.row("site", "Redmond") == {"a": 2}
        assert (store.version, list(store.rows("site"))) == (3, ["Redmond"])
        store.remove("site", "redmond", MOMENT)
        assert not store.rows("site")
        with pytest.raises(KeyError):
            store.remove("site", "redmond", MOMENT)
        with pytest.raises(TypeError):
            before.rows("site")["x"] = {}  # type: ignore[index]

    def test_replica_lag_stall_and_order(self) -> None:
        store, replica = Store(Snapshot(1, MOMENT, None, {})), Replica("edge", lag=10, enabled=True)
        for n in (1, 2, 3):
            store.put("site", str(n), {}, MOMENT)
            replica.offer(store.current, MOMENT + timedelta(seconds=n))
        replica.settle(MOMENT + timedelta(seconds=12))
        assert replica.version == 3 and replica.last_report == MOMENT + timedelta(seconds=12)
        replica.stalled = True
        replica.settle(MOMENT + timedelta(days=1))
        assert replica.version == 3
        replica.stalled = False
        replica.settle(MOMENT + timedelta(days=1))
        assert replica.version == 4 and not replica.pending

    def test_an_older_snapshot_never_replaces_a_newer_one(self) -> None:
        store, replica = Store(Snapshot(1, MOMENT, None, {})), Replica("fe", lag=10, enabled=True)
        replica.offer(store.current, MOMENT)
        store.put("site", "x", {}, MOMENT)
        replica.load(store.current)  # imported by hand in the meantime
        replica.settle(MOMENT + timedelta(minutes=1))
        assert replica.version == 2


class TestZones:
    def test_lookup_and_replace(self) -> None:
        zones = Zones(
            [
                Zone("contoso.test", 60, (
                    Record("_xmpp-server._tcp", "SRV", "10 0 5269 b.contoso.test."),
                    Record("_xmpp-server._tcp", "SRV", "5 0 5269 a.sub.contoso.test."),
                    Record("b", "A", "203.0.113.2"),
                    Record("@", "A", "203.0.113.9"),
                )),
                Zone("sub.contoso.test", 30, (Record("a", "A", "203.0.113.1", 5),)),
            ]
        )  # fmt: skip
        assert zones.xmpp_addresses("CONTOSO.test") == ("203.0.113.1",)
        assert zones.split("a.sub.contoso.test.") == ("sub.contoso.test", "a")
        assert zones.split("elsewhere.test") is None
        first = zones.get("contoso.test", "_xmpp-server._tcp", "SRV")
        assert first is not None and first.ttl == 60 and len(first.values) == 2
        zones.put("contoso.test", "_xmpp-server._tcp", "SRV", 2, ["0 0 5269 b.contoso.test."])
        assert zones.xmpp_addresses("contoso.test") == ("203.0.113.2",)
        zones.put("contoso.test", "_xmpp-server._tcp", "SRV", 2, [])
        assert zones.xmpp_addresses("contoso.test") == ("203.0.113.9",)  # no SRV: the domain's own address


def test_directory_keeps_count() -> None:
    ad = Directory("contoso.test")
    for n, (pool, enabled, provider) in enumerate(
        [("old", True, "SRV:"), ("Old", True, "SRV:"), ("old", False, "SRV:"), (None, True, "SRV:"), ("old", True, "cloud")]
    ):
        ad.add(User(n, f"u{n}", "OU=x", sip=f"sip:u{n}@x", registrar_pool=pool, enabled=enabled, hosting_provider=provider))
    assert ad.unmoved(["new"]) == 3
    for user in list(ad):
        ad.rehome(user, "NEW", MOMENT)
    assert ad.unmoved(["new"]) == 0 and ad.homed["new"] == 3


class TestState:
    def test_is_stable_and_plain(self) -> None:
        first, second = (state(world()) for _ in range(2))
        for made in (first, second):
            made["server_made"]["thumbprints"] = {}  # keys are new in each process, serial numbers are not
        assert json.dumps(first) == json.dumps(second)

    def test_two_worlds_of_one_estate_are_equal(self) -> None:
        first, second = (state(world("lync2010")) for _ in range(2))
        first.pop("server_made"), second.pop("server_made")
        assert first == second

    def test_says_what_a_change_did(self) -> None:
        w = midway()
        before = state(w)
        host = Host(w, "pool2013.contoso.test")
        host.call("New-CsXmppAllowedPartner", Identity="fabrikam.test", PartnerType="Federated").ok()
        host.call("Move-CsUser", Identity="sip:user001@contoso.test", Target="pool2013.contoso.test", Confirm=False).ok()
        after = state(w)
        changed = {key for key in before if before[key] != after[key]}
        assert changed == {"users", "violations", "xmpp_partners", "server_made"}
        assert after["xmpp_partners"]["fabrikam.test"]["PartnerType"] == "Federated"
        assert after["users"]["sip:user001@contoso.test"]["pool"] == "pool2013.contoso.test"

    def test_shape_that_the_documentation_promises(self) -> None:
        made = state(world())
        assert made["sites"]["Redmond"] == {
            "federation_route": "EdgeServer:edge.contoso.test",
            "xmpp_route": "EdgeServer:edge.contoso.test",
            "description": None,
        }
        edge = made["edges"]["edge.contoso.test"]
        assert (edge["xmpp_listening_port"], edge["xmpp_internal_port"], edge["federation_port"]) == (5269, 23456, 5061)
        host = made["computers"]["edge.contoso.test"]
        assert host["certificates"]["XmppServer"]["names"] == [
            "access.contoso.test", "av.contoso.test", "contoso.test", "sip.contoso.test", "webcon.contoso.test",
        ]  # fmt: skip
        assert "203.0.113.40:5269/tcp" in host["listening"]
        assert made["replicas"]["edge.contoso.test"] == {"enabled": True, "up_to_date": True}
        assert made["dns"]["contoso.test"]["xmpp A"] == {"ttl": 3600, "values": ["203.0.113.40"]}
        assert made["violations"] == []


def test_calls_of_several_sessions_do_not_mix() -> None:
    w = midway("")
    errors: list[object] = []

    def work(number: int) -> None:
        host = Host(w, "pool2013.contoso.test")
        for n in range(10):
            errors.extend(host.call("New-CsXmppAllowedPartner", Identity=f"p{number}-{n}.test").errors)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors and len(w.cms.rows("xmpp_allowed_partner")) == 40


def test_a_copy_goes_its_own_way() -> None:
    w = midway()
    host = Host(w, "pool2013.contoso.test")
    host.call("Move-CsUser", Identity="sip:user001@contoso.test", Target="pool2013.contoso.test", Confirm=False).ok()
    twin = w.copy()
    assert state(twin) == state(w)
    other = Host(twin, "pool2013.contoso.test")
    other.call("New-CsXmppAllowedPartner", Identity="fabrikam.test").ok()
    other.call("Move-CsUser", Identity="sip:user002@contoso.test", Target="pool2013.contoso.test", Confirm=False).ok()
    twin.computers["edge2010.contoso.test"].windows_services["RTCSRV"].status = "Stopped"
    twin.clock.advance(60)
    assert not w.cms.rows("xmpp_allowed_partner") and w.ad.homed["pool2013.contoso.test"] == 1
    assert w.computers["edge2010.contoso.test"].windows_services["RTCSRV"].running
    assert w.laws.violations == [] and len(twin.laws.violations) == 1
    assert w.clock.now() == MOMENT and len(twin.transcript) == len(w.transcript) + 2
