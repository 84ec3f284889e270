# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The window as numbers and sentences, and which partners go last."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.lync.xmpp_migration.plugins.module_utils._xmpp import window
from ansible_collections.lync.xmpp_migration.plugins.module_utils._xmpp.negotiation import (
    LEVELS,
    MATRIX,
    TCP_DIALBACK,
    TLS_DIALBACK,
)
from ansible_collections.lync.xmpp_migration.plugins.module_utils._xmpp.window import Window
from jinja2.nativetypes import NativeEnvironment

DEFAULTS = Path(__file__).parents[4] / "roles" / "federation_enable" / "defaults" / "main.yml"
BOTH = Window(
    ["contoso.test"], "access.contoso.test", ["fabrikam.test"], ["nwtraders.test"], 300, 60, 120, "xmppgw.contoso.test"
)


@pytest.mark.parametrize(
    ("ttl", "margin", "dialback", "pause"),
    [(300, 60, True, 482), (2, 1, True, 125), (300, 60, False, 0), (0, 0, True, 122)],
)
def test_the_planned_pause(ttl: int, margin: int, dialback: bool, pause: int) -> None:
    assert window.planned_pause(ttl, margin, dialback) == pause


def test_the_pause_with_its_own_time_for_the_work() -> None:
    assert window.planned_pause(20, 5, True, working=10) == 37


def test_when_the_old_gateway_may_be_stopped() -> None:
    seen = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
    assert window.stop_at(seen, 300, 60) == datetime(2026, 11, 21, 20, 6, tzinfo=UTC)


def test_the_timetable_has_the_order_and_the_sentences_the_pause() -> None:
    said = " ".join(BOTH.timetable())
    order = [
        "lifetimes",
        "port 5269",
        "fabrikam.test",
        "nwtraders.test",
        "T + 120 s",
        "300 s (TTL) and 60 s (margin)",
        "both directions",
    ]
    places = [said.index(one) for one in order]
    assert places == sorted(places)
    assert "for 482 s at most" in " ".join(BOTH.sentences())


def test_a_window_without_dialback_partners_has_no_pause() -> None:
    only = Window(["contoso.test"], "access.contoso.test", ["fabrikam.test"], [], 300, 60)
    assert only.pause == 0 and "dialback" not in " ".join([*only.timetable(), *only.sentences()])


def test_ways_say_what_is_whole() -> None:
    assert "which is whole" in window.BEFORE and "rollback" not in window.BEFORE
    for text in (
        window.after_partners(BOTH),
        window.before_swap(BOTH),
        window.after_swap(BOTH),
        window.after_stop(BOTH),
    ):
        assert "way forward" in text and "lync.xmpp_migration.rollback" in text
    assert (
        window.after_partners(Window(["contoso.test"], "a.contoso.test", [], ["nwtraders.test"], 2, 1)) == window.BEFORE
    )


def test_the_script_has_the_names_of_both() -> None:
    script = window.test_script(BOTH, ["sip:ann@contoso.test"], {"fabrikam.test": "bob@fabrikam.test"})
    said = " ".join(script)
    for one in (
        "ann@contoso.test writes «A1» to bob@fabrikam.test",
        "partner's user of nwtraders.test",
        "signs out",
        "Available to Busy",
    ):
        assert one in said, one
    assert "sip:" not in said


@pytest.mark.parametrize("triple", list(MATRIX), ids=str)
def test_who_may_dial_back(triple: tuple[str, str, bool]) -> None:
    tls, sasl, dialback = triple
    partner = {"tls_negotiation": tls, "sasl_negotiation": sasl, "support_dialback_negotiation": dialback}
    if MATRIX[triple].valid:
        assert window.may_dial_back(partner) is bool({TLS_DIALBACK, TCP_DIALBACK} & set(MATRIX[triple].methods))


def test_the_role_puts_no_partner_first_who_may_dial_back() -> None:
    partners: list[dict[str, Any]] = []
    for number, (tls, sasl, dialback) in enumerate(product((*LEVELS, None), (*LEVELS, None), (True, False, None))):
        given = {"tls_negotiation": tls, "sasl_negotiation": sasl, "support_dialback_negotiation": dialback}
        if MATRIX[tls or "Required", sasl or "Required", dialback is not False].valid:
            partners.append(
                {"domain": f"p{number}.test", **{name: value for name, value in given.items() if value is not None}}
            )
    defaults = yaml.safe_load(DEFAULTS.read_text(encoding="utf-8"))
    environment = NativeEnvironment()
    first = environment.from_string(defaults["federation_enable_external_partners"]).render(
        federation_enable_partners=partners
    )
    last = environment.from_string(defaults["federation_enable_dialback_partners"]).render(
        federation_enable_partners=partners, federation_enable_external_partners=first
    )
    assert [one for one in first if window.may_dial_back(one)] == []
    assert sorted(one["domain"] for one in first + last) == sorted(one["domain"] for one in partners)
    assert len(first) == len({one["domain"] for one in first}) > 3
