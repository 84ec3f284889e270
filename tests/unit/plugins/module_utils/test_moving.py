# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moving many users: shares, sizes, verdicts, steering, waves. Pure, so the properties are held for any case."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import InvalidInput
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users import moving as m
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users.steering import Gauge, Steering, allot
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users.waves import (
    GO,
    STOP,
    WAIT,
    Gate,
    Hours,
    waves,
)
from hypothesis import given
from hypothesis import strategies as st

HOSTS = st.lists(st.sampled_from([f"fe{n}.contoso.test" for n in range(8)]), min_size=1, max_size=6, unique=True)


def error(name: str, *types: str, category: str = "NotSpecified", text: str = "größe") -> dict[str, Any]:
    return {"id": f"{name},X", "category": category, "exceptions": [{"type": one, "message": text} for one in types]}


# --- shares


@given(st.lists(st.text(max_size=30), max_size=40, unique_by=str.casefold), HOSTS, st.randoms())
def test_a_user_keeps_the_host_unless_it_goes(users: list[str], hosts: list[str], order: random.Random) -> None:
    shares = {user: m.share(user, hosts) for user in users}
    shuffled = order.sample(hosts, len(hosts))
    assert shares == {user: m.share(user, shuffled) for user in users}
    gone = hosts[0]
    for user, host in shares.items():
        assert host in hosts and m.share(user.upper(), hosts) == m.share(user.upper(), shuffled)
        if len(hosts) > 1 and host != gone:
            assert m.share(user, hosts[1:]) == host


def test_shares_are_even() -> None:
    counted = Counter(m.share(f"sip:user{n:05}@contoso.test", ["a", "b", "c", "d", "e", "f"]) for n in range(12_000))
    assert max(counted.values()) < 2_200 and min(counted.values()) > 1_800


# --- sizes


@given(st.floats(0.001, 5.0))
def test_a_request_takes_five_to_ten_seconds_after_a_few(each: float) -> None:
    sizer = m.Sizer()
    assert sizer.size == m.Sizer.FIRST
    for _ in range(8):
        sizer.learn(sizer.size, each * sizer.size)
    assert 5 <= sizer.size * each <= 10 or sizer.size == m.Sizer.MOST


@given(st.lists(st.tuples(st.integers(0, 300), st.floats(0, 5000)), max_size=30))
def test_a_request_is_never_empty_nor_endless(taken: list[tuple[int, float]]) -> None:
    sizer = m.Sizer()
    for moves, seconds in taken:
        before = sizer.size
        sizer.learn(moves, seconds)
        assert 1 <= sizer.size <= min(m.Sizer.MOST, before * m.Sizer.GROWTH)


# --- verdicts


def test_verdicts_go_by_id_and_type_and_never_by_text() -> None:
    sql = error("ProcessingFailed", "Microsoft.Rtc.X", "System.Data.SqlClient.SqlException")
    assert m.judge({"ok": True}).kind == m.MOVED
    assert m.judge({"ok": False, "ran": True, "errors": [sql]}) == m.Verdict(
        m.TRANSIENT, "ProcessingFailed/SqlException", "ProcessingFailed (NotSpecified): größe"
    )
    unknown = error(
        "ProcessingFailed", "System.InvalidOperationException", text="The operation has timed out. TimeoutException"
    )
    assert m.judge({"ok": False, "ran": True, "errors": [unknown]}).kind == m.FAILED
    assert m.judge({"ok": False, "ran": True, "errors": [sql, unknown]}).kind == m.FAILED, (
        "one that will not pass is enough"
    )
    assert m.judge({"ok": False, "ran": True, "errors": []}).kind == m.FAILED
    assert m.judge({"ok": False, "ran": None, "errors": [sql]}).kind == m.DOUBT
    assert m.judge({"ok": False, "ran": False, "errors": [sql]}).kind == m.NEVER_RAN
    busy = error("ManagementObjectNotFound", category="ResourceBusy")
    assert m.judge({"ok": False, "ran": True, "errors": [busy]}) == m.Verdict(
        m.TRANSIENT, "ManagementObjectNotFound", "ManagementObjectNotFound (ResourceBusy)"
    )


def test_a_failure_limit_counts_or_shares() -> None:
    assert m.FailureLimit().reached(1000, 1000) is None
    assert m.FailureLimit(count=0).reached(0, 5) is None
    assert "at most 0 may fail" in (m.FailureLimit(count=0).reached(1, 5) or "")
    limit = m.FailureLimit(share=0.1)
    assert limit.reached(5, 5) is None, "too few to say"
    assert limit.reached(2, 20) is None
    assert "3 of 20" in (limit.reached(3, 20) or "")


VERDICTS = [m.MOVED, m.TRANSIENT, m.FAILED, m.DOUBT, m.NEVER_RAN]


@given(st.integers(0, 25), HOSTS, st.integers(1, 4), st.integers(0, 2**32))
def test_no_user_is_lost_or_taken_twice_at_once(count: int, hosts: list[str], tries: int, seed: int) -> None:
    names = [f"sip:user{n}@contoso.test" for n in range(count)]
    roster = m.Roster(names, hosts, tries=tries, pause=10)
    roster.add(range(count))
    now, begun, chance = 0.0, Counter[int](), random.Random(seed)
    while roster.waiting or roster.on_the_way or roster.doubtful:
        now += 10
        host = chance.choice(roster.hosts)
        if len(roster.hosts) > 1 and chance.random() < 0.1:
            roster.drop_host(host)
            continue
        for user in roster.take(host, chance.randint(1, 5), now):
            if chance.random() < 0.2:
                roster.returned(user)
                continue
            begun[user] += 1
            roster.settle(user, m.Verdict(chance.choice(VERDICTS)), now)
        for user in list(roster.doubtful):
            roster.seen(user, m.Verdict(chance.choice([m.MOVED, m.NEVER_RAN])), now)
        assert roster.waiting + roster.on_the_way + roster.finished + len(roster.doubtful) == count
    assert roster.moved + len(roster.failed) == count == len(begun)
    assert all(times <= tries for times in begun.values())


def test_a_host_that_is_done_helps_the_others() -> None:
    names = [f"sip:user{n}@contoso.test" for n in range(40)]
    roster = m.Roster(names, ["a", "b"])
    roster.add([n for n in range(40) if m.share(names[n], ["a", "b"]) == "a"])
    count = roster.waiting
    helped = roster.take("b", 5, 0)
    assert len(helped) == 5 and len(roster.take("a", 99, 0)) == count - 5
    assert roster.take("b", 5, 0) == [], "nobody is left"


def test_who_is_tried_again_waits_and_goes_last() -> None:
    roster = m.Roster(["a", "b"], ["fe"], tries=2, pause=30)
    roster.add([0, 1])
    assert roster.take("fe", 1, 0) == [0]
    assert roster.settle(0, m.Verdict(m.TRANSIENT, "x"), 0) == "waiting"
    assert roster.take("fe", 5, 1) == [1]
    assert roster.take("fe", 5, 29) == [] and roster.left() == [0]
    assert roster.take("fe", 5, 30) == [0]
    assert roster.settle(0, m.Verdict(m.TRANSIENT, "x"), 30) == "failed"
    assert roster.failed == {0: m.Verdict(m.TRANSIENT, "x")} and roster.retries == 1


# --- steering

MEASURED = {1: 1.2, 24: 4.9}


def people(movers: int) -> float:
    """Users per second as people measured: 1.2 with one window, 4.9 with 24, in between as a shared back end gives it."""
    return movers / (0.6565 + 0.1768 * movers)


def settle(steering: Steering, rate: Any, steps: int = 60) -> list[int]:
    used = []
    for _ in range(steps):
        used.append(steering.wanted)
        steering.learn(rate(steering.wanted))
    return used


def test_the_curve_that_people_measured_is_settled_on() -> None:
    assert [round(people(n), 1) for n in MEASURED] == list(MEASURED.values())
    steering = Steering(24)
    used = settle(steering, people)
    assert steering.settled and people(steering.wanted) >= 0.9 * people(24) and max(used) <= 24
    assert used.index(steering.wanted) < 12


@given(
    st.integers(1, 48),
    st.floats(0.2, 20),
    st.floats(0, 1),
    st.floats(0, 0.02),
    st.integers(0, 2**32),
)
def test_any_back_end_is_settled_on_within_ten_percent(
    maximum: int, one: float, contention: float, coherence: float, seed: int
) -> None:
    """Gunther's law of scalability: contention for what is shared, and what it costs to keep the shared thing coherent."""

    def rate(movers: int) -> float:
        return one * movers / (1 + contention * (movers - 1) + coherence * movers * (movers - 1))

    noise = random.Random(seed)
    steering = Steering(maximum)
    used = settle(steering, lambda movers: rate(movers) * noise.uniform(0.99, 1.01))
    assert steering.settled and max(used) <= maximum and min(used) >= 1
    assert rate(steering.wanted) >= 0.9 * max(map(rate, range(1, maximum + 1)))


def test_strain_halves_and_calm_lets_grow() -> None:
    steering = Steering(16)
    for _ in range(4):
        steering.learn(people(steering.wanted))
    assert steering.wanted == 16
    steering.learn(people(16), strain=0.5)
    assert steering.wanted == 8 and steering.settled
    for _ in range(25):
        steering.learn(people(steering.wanted))
    assert 8 < steering.wanted <= 10


def test_a_quota_is_kept_to() -> None:
    steering = Steering(8)
    for _ in range(3):
        steering.learn(people(steering.wanted))
    steering.refused(3)
    assert max(settle(steering, people, 9)) <= 3
    steering.limit(2)
    assert steering.wanted <= 2


def test_another_back_end_is_measured_anew() -> None:
    steering = Steering(16)
    settle(steering, people)
    slow = settle(steering, lambda movers: min(movers, 2) * 0.3)
    assert steering.settled and steering.wanted <= 3 and max(slow) <= 16


def test_only_requests_that_began_with_all_movers_count() -> None:
    gauge = Gauge()
    gauge.reset(2, 100.0)
    for _ in range(9):
        gauge.add(99.0, 10, 1.0)
    assert gauge.measured() is None
    for _ in range(4):
        gauge.add(101.0, 5, 10.0, strained=1)
    assert gauge.measured() == (pytest.approx(1.0), pytest.approx(0.2))


@given(st.integers(0, 60), st.dictionaries(st.text(min_size=1, max_size=3), st.integers(0, 8), min_size=1, max_size=6))
def test_movers_are_spread_evenly_within_what_each_host_can(wanted: int, caps: dict[str, int]) -> None:
    given_out = allot(wanted, caps)
    assert sum(given_out.values()) == min(wanted, sum(caps.values()))
    assert all(given_out[host] <= caps[host] for host in caps)
    free = [count for host, count in given_out.items() if count < caps[host]]
    assert not free or max(given_out.values()) - min(free) <= 1


# --- waves

ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"])
TIMES = st.times().map(lambda at: f"{at:%H:%M}")


@given(st.datetimes(datetime(2024, 1, 1), datetime(2027, 1, 1)), TIMES, TIMES, ZONES)
def test_a_window_opens_when_it_says(moment: datetime, begins: str, ends: str, zone: str) -> None:
    hours, now = Hours.parse(f"{begins}-{ends}", zone), moment.replace(tzinfo=UTC)
    seconds = hours.opens_in(now)
    assert 0 <= seconds <= 4 * 86400
    assert hours.open(now) == (seconds == 0)
    assert hours.open(now + timedelta(seconds=seconds))


def test_a_window_goes_over_midnight_in_its_own_zone() -> None:
    hours = Hours.parse("22:00 - 05:00", "Europe/Berlin")
    assert hours.open(datetime(2026, 1, 10, 21, 30, tzinfo=UTC)), "it is half past ten there"
    assert not hours.open(datetime(2026, 1, 10, 20, 30, tzinfo=UTC))
    assert hours.opens_in(datetime(2026, 1, 10, 20, 30, tzinfo=UTC)) == 1800
    assert hours.open(datetime(2026, 7, 10, 2, 59, tzinfo=UTC)) and not hours.open(
        datetime(2026, 7, 10, 3, 0, tzinfo=UTC)
    )
    assert hours.shown == "22:00-05:00 Europe/Berlin"


@pytest.mark.parametrize("text", ["", "22-05", "24:00-05:00", "22:00-05:60", "22:00", "22:00-05:00\n;"])
def test_other_texts_are_no_window(text: str) -> None:
    with pytest.raises(InvalidInput, match="not a time window"):
        Hours.parse(text, "UTC")


@pytest.mark.parametrize("zone", ["", "CEST+", "Europe/Nowhere", "../../etc/passwd", "/etc/localtime"])
def test_a_zone_has_a_name(zone: str) -> None:
    with pytest.raises(InvalidInput, match="time zone"):
        Hours.parse("22:00-05:00", zone)


def test_the_gate_says_go_wait_or_stop() -> None:
    noon = datetime(2026, 1, 10, 12, 0, tzinfo=UTC)
    hours = Hours.parse("22:00-05:00", "UTC")
    assert Gate().look(noon).what == GO
    assert Gate(hours).look(noon).what == STOP
    waiting = Gate(hours, wait=True).look(noon)
    assert (waiting.what, waiting.seconds) == (WAIT, 36000)
    assert Gate(hours, wait=True).look(noon.replace(hour=23)).what == GO
    stopped = Gate(hours, wait=True, stopped=lambda: True, stop_file="/state/stop").look(noon)
    assert stopped.what == STOP and "/state/stop" in stopped.reason


@given(st.integers(0, 60), st.sets(st.integers(0, 60)), st.none() | st.integers(1, 20))
def test_waves_hold_everybody_once_and_the_pilots_first(count: int, pilots: set[int], batch: int | None) -> None:
    made = waves(range(count), pilots, batch)
    assert sorted(one for wave in made for one in wave) == list(range(count))
    assert all(made) and all(len(wave) <= batch for wave in made[1:] if batch)
    first = [one for one in range(count) if one in pilots]
    assert not first or made[0] == first
