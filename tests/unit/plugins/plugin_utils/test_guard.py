# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing is written unless the computer that answers is the one that the inventory means."""

from __future__ import annotations

import pytest
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils._guard import Guard, is_name, wrong_host

FE = {"computer": "POOL2013", "domain": "contoso.test"}
WORKGROUP = {"computer": "EDGE2013", "domain": ""}
LONG = {"computer": "A-VERY-LONG-COM", "domain": "contoso.test"}


@pytest.mark.parametrize(
    ("guard", "hello"),
    [
        (Guard("pool2013.contoso.test", "10.0.0.1"), FE),
        (Guard("POOL2013", "10.0.0.1"), FE),
        (Guard("fe", "Pool2013.Contoso.Test"), FE),
        (Guard("fe", "pool2013."), FE),
        (Guard("pool2013", "vip.contoso.test"), FE),
        (Guard("edge2013.contoso.test", "203.0.113.40"), WORKGROUP),
        (Guard("a-very-long-computer-name.contoso.test", "::1"), LONG),
        (Guard("fe", "10.0.0.1", "pool2013.contoso.test"), FE),
        (Guard("fe", "10.0.0.1", "pool2013"), FE),
        (Guard("fe", "10.0.0.1", "EDGE2013"), WORKGROUP),
    ],
)
def test_the_right_computer(guard: Guard, hello: dict[str, str]) -> None:
    assert wrong_host(guard, hello) is None


@pytest.mark.parametrize(
    ("guard", "hello", "demanded"),
    [
        # an alias and an address say nothing
        (Guard("fe", "10.0.0.1"), FE, "expected_computer_name: pool2013.contoso.test"),
        (Guard("fe", "[fe80::1]"), FE, "expected_computer_name: pool2013.contoso.test"),
        (Guard("10.0.0.1", "10.0.0.1"), FE, "expected_computer_name: pool2013.contoso.test"),
        (Guard("fe", "localhost"), FE, "expected_computer_name"),
        # endpoints are swapped
        (Guard("edge2013.contoso.test", "10.0.0.1"), FE, "edge2013.contoso.test"),
        (Guard("pool2013.contoso.test", "edge2013.contoso.test"), WORKGROUP | {"computer": "OTHER"}, "other answers"),
        # a namesake in another forest
        (Guard("pool2013.fabrikam.test", "10.0.0.1"), FE, "pool2013.fabrikam.test"),
        # an expectation is one, whatever else fits
        (Guard("pool2013.contoso.test", "pool2013.contoso.test", "edge2013"), FE, "expected_computer_name says edge2013"),
        (Guard("fe", "x", "edge2013.contoso.test"), WORKGROUP, "edge2013 answers"),
        # nobody said who it is
        (Guard("pool2013", "10.0.0.1"), {"computer": "", "domain": ""}, "pool2013"),
    ],
)
def test_the_wrong_computer(guard: Guard, hello: dict[str, str], demanded: str) -> None:
    said = wrong_host(guard, hello)
    assert said and demanded in said and said.startswith("Nothing is changed on ")


def test_two_inventory_names_behind_one_address() -> None:
    assert wrong_host(Guard("fe-a", "nat.contoso.test", "pool2013"), FE) is None
    assert wrong_host(Guard("fe-b", "nat.contoso.test", "pool2014"), FE)


def test_refusals_in_order() -> None:
    guard = Guard("pool2013", "x", never="never", not_really="not really")
    assert guard.refusal(FE, check=False) == guard.refusal(FE, check=True) == "never"
    guard = Guard("pool2013", "x", not_really="not really")
    assert guard.refusal(FE, check=False) == "not really"
    assert guard.refusal(FE, check=True) is None
    assert Guard.from_json(guard.to_json()) == guard


@pytest.mark.parametrize(("text", "is_one"), [("fe", True), ("fe.contoso.test", True), ("127.0.0.1", False), ("::1", False), ("localhost", False), ("", False)])
def test_what_can_name_a_computer(text: str, is_one: bool) -> None:
    assert is_name(text) is is_one
