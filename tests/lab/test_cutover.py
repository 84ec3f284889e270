# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The window with real XMPP servers and messages in both directions: the modules of the roles do it, in their order.

benchmarks/cutover.py does the same through ansible-playbook, for longer. Prosody stands in for Lync's gateways and for the
partners: the mechanics of XMPP and DNS are real, Lync's own timers and its reuse of streams may differ.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.lab.xmpp.traffic import IN, OUT
from ansible_collections.lync.xmpp_migration.tests.lab.cutover_support import (
    DIALBACK,
    EXTERNAL,
    NEW,
    OLD,
    cutover,
    eventually,
)
from ansible_collections.lync.xmpp_migration.tests.replay.migration import Migration, migration  # noqa: F401
from ansible_collections.lync.xmpp_migration.tests.replay.recording import Recorded

pytestmark = [pytest.mark.needs("prosody", "lua-unbound"), pytest.mark.timeout(600)]

AROUND = 3.0  # seconds around the stop of the old gateway


def partner(recorded: Recorded) -> bool:
    """The first call of the window after which something flows another way."""
    return recorded.module == "xmpp_partner"


def test_both_directions_move_to_the_new_edge(
    migration: Migration,  # noqa: F811
    tmp_path: Path,
    record_property: Callable[[str, Any], None],
) -> None:
    with cutover(tmp_path, migration.recording) as lab:
        lab.until(partner)
        lab.go_live()
        traffic = lab.write(EXTERNAL, DIALBACK)
        assert traffic.carriers() == {EXTERNAL: "old", DIALBACK: "old"}
        assert {one["peer"] for one in lab.streams_of(OLD)} == {EXTERNAL, DIALBACK}
        lab.until(lambda recorded: False)
        assert lab.streams_of(OLD) == []
        assert eventually(lambda: {one["peer"] for one in lab.streams_of(NEW)} == {EXTERNAL, DIALBACK})

        def moved() -> bool:
            report = traffic.report()
            return all(report[one][way]["delivered"]["new"] > 5 for one in (EXTERNAL, DIALBACK) for way in (OUT, IN))

        assert eventually(moved)
        figures = traffic.finish(10)
    for one in (EXTERNAL, DIALBACK):
        for way in (OUT, IN):
            assert figures[one][way]["delivered"]["old"] > 0, figures
            # How many are on their way at the stop hangs on the machine (the benchmark counts them); later ones may not be lost.
            new = figures[one][way]["first_through_new"]
            assert all(abs(at - new) < AROUND for at in figures[one][way].get("lost_at", ())), figures
    assert figures[EXTERNAL][OUT]["bounced"] == figures[EXTERNAL][IN]["bounced"] == 0, figures
    assert figures[DIALBACK][IN]["bounced"] == 0, figures
    assert figures[DIALBACK][OUT]["bounced"] > 0, figures  # the planned pause
    record_property(
        "figure",
        f"cutover, Prosody standing in for Lync's gateways: EXTERNAL {figures[EXTERNAL]}; dialback {figures[DIALBACK]}",
    )


def point(name: str) -> Callable[[Recorded], bool]:
    return lambda recorded: recorded.module == "go_no_go" and recorded.arguments["point"] == name


def probe(recorded: Recorded) -> bool:
    return recorded.module == "xmpp_probe" and recorded.role.endswith("dns_update")


def test_what_goes_wrong_in_the_window_is_named(migration: Migration, tmp_path: Path) -> None:  # noqa: F811
    """A partner that is created late, a cache that has not run out, and an old gateway that is unplugged, not stopped."""
    with cutover(tmp_path, migration.recording) as lab:
        lab.until(partner)
        lab.go_live()
        # The proxy runs, and the partner does not exist yet: an open port that tells a partner nothing, and no swap.
        said = lab.ask(probe, wait_seconds=0, seconds=5)
        assert "took the connection and told nothing" in said and "no XMPP partner in its own copy of the store" in said
        said = lab.ask(point("swap"))
        assert "that the XMPP partners are in the local store has not been verified for fe2013, edge2013" in said
        traffic = lab.write(EXTERNAL)
        lab.until(point("stop"))
        # DNS leads to the new Edge; resolvers may still lead to the old gateway, and nobody may stop it.
        said = lab.ask(point("stop"), wait_seconds=0, ttl=600)
        assert "but the old gateway goes on until" in said and "600 s lifetime and 1 s margin" in said
        # Unplugged in place of stopped: what partners send down their open streams is gone without a word.
        gateway = lab.address(OLD)
        lab.console("unplug", OLD)
        assert eventually(lambda: traffic.report()[EXTERNAL][IN]["lost"] > 5)
        report = traffic.report()[EXTERNAL]
        assert report[IN]["bounced"] == 0 and report[OUT]["delivered"]["new"] > 0, report
        closed = {"module": "outside_port", "addresses": [gateway], "state": "closed", "allow_private": True}
        said = lab.ask(point("complete"), **closed)
        assert "a host that was switched off or unplugged leaves streams hanging at the partners" in said
        lab.console("plug_in", OLD)
        said = lab.ask(point("complete"), **closed)
        assert "is still open: streams go on through it" in said
        lab.console("gateway_service", "stopped")
        assert lab.ask(point("complete"), **closed) == ""
        lab.until(lambda recorded: False)
        assert eventually(lambda: traffic.report()[EXTERNAL][IN]["delivered"]["new"] > 0)
