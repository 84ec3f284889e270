# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans to be approved: what counts as the same call, what as drift, and pages that nobody's text can turn into something else."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._plan.arguments import (
    differences,
    kept,
    settings_differ,
)
from ansible_collections.lync.xmpp_migration.plugins.module_utils._plan.match import (
    UNKNOWN,
    fits,
    general,
    general_call,
)
from ansible_collections.lync.xmpp_migration.plugins.module_utils._plan.world import Row, World, drift
from ansible_collections.lync.xmpp_migration.plugins.module_utils._report.html import page, plain

THUMB = "AF585422FB76F7A0845CBF74F0AE7615B732B4B7"


@pytest.mark.parametrize(
    ("planned", "made", "same"),
    [
        ("PLANNED-A09654EE", THUMB, True),
        ({"Thumbprint": "PLANNED-1"}, {"Thumbprint": "whatever"}, True),
        ("before-20261121T202340Z.xml", "before-20261122T011500Z.xml", True),
        ({"Target": "pool2013.contoso.test"}, {"Target": "pool2010.contoso.test"}, False),
        ({"A": UNKNOWN}, {"A": ["x"]}, True),
        ({"A": 1}, {"A": 1, "B": 2}, False),
        ({"A": True}, {"A": 1}, False),
        (["a", "b"], ["a"], False),
        ('<Topology Signature="1-2">', '<Topology Signature="3-4">', True),
        ('<Topology Signature="1-2"><Site/>', '<Topology Signature="1-2">', False),
    ],
)
def test_what_a_server_makes_may_be_anything_of_its_kind(planned: Any, made: Any, same: bool) -> None:
    assert fits(general(planned), general(made)) is same


def test_of_a_file_only_which_it_is_counts() -> None:
    one = {"type": "write", "path": "C:\\a.cer", "offset": 0, "length": 0}
    assert general_call(one) == general_call({**one, "offset": 720, "length": 12})
    assert general_call(one) != general_call({**one, "path": "C:\\b.cer"})


def user(pool: str | None, **more: Any) -> Row:
    return Row(
        "user", "organisation", "sip:a@contoso.test", {"RegistrarPool": pool, "ExternalAccessPolicy": None, **more}
    )


def world(*rows: Row, **unread: str) -> World:
    return World({one.key: one for one in rows}, {(name, "organisation"): why for name, why in unread.items()})


def effect(properties: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "effects": [
            {"collection": "user", "scope": "organisation", "identity": "SIP:A@contoso.test", "properties": properties}
        ]
    }


def test_what_the_plan_itself_does_is_no_drift() -> None:
    planned = [effect({"RegistrarPool": "pool2013"}), effect({"ExternalAccessPolicy": "Xmpp"})]
    before = world(user("pool2010"))
    assert drift(before, world(user("POOL2010")), planned) == []
    assert drift(before, world(user("pool2013", ExternalAccessPolicy="xmpp")), planned) == []
    assert drift(before, world(user("pool2014")), planned) == [
        "user sip:a@contoso.test: RegistrarPool was pool2010 and is pool2014"
    ]


def test_rows_that_come_and_go() -> None:
    assert drift(world(), world(user("p")), []) == ["user sip:a@contoso.test has been added"]
    assert drift(world(user("p")), world(), []) == ["user sip:a@contoso.test was there and is gone"]
    assert drift(world(), world(user("p")), [effect({"RegistrarPool": "p"})]) == []
    assert drift(world(user("p")), world(), [effect(None)]) == []


def test_what_could_not_be_read_is_not_compared() -> None:
    assert drift(world(user=""), world(user("p")), []) == []
    assert drift(world(user("p")), world(user="CommandNotFoundException"), []) == []


def test_how_the_playbook_was_called() -> None:
    before = kept(
        {"limit": "a", "tags": ["step1"], "extra_vars": {"x": {"y": 1}, "lync_migration_plan": "r", "secret": "s"}},
        "00",
    )
    assert "s" not in before["extra_vars"].values() and set(before["extra_vars"]) == {"x", "secret"}
    assert (
        list(differences(before, {"limit": "a", "tags": ["step1"], "extra_vars": {"x": {"y": 1}, "secret": "t"}})) == []
    )
    assert list(differences(before, {"tags": ["step2"], "extra_vars": {"secret": "s"}})) == [
        "--limit was a and is not given",
        "--tags was step1 and is step2",
        "the extra variable x was given and is not",
    ]
    assert list(settings_differ({"a": {"b": 1}}, {"a": {"b": 2}, "c": 1})) == [
        "lync_migration.a.b was 1 and is 2",
        "lync_migration.c was not set and is 1",
    ]


EVIL = "</script><script>alert(1)</script>\u202e\x1b[31m\u2028\"'"


def test_no_text_becomes_part_of_a_page() -> None:
    made = page(EVIL, "<p title='{{ text }}'>{{ text }}</p>{{ many | join(', ') }}", {"text": EVIL, "many": [EVIL]})
    assert "<script" not in made and "\u202e" not in made and "\x1b" not in made and "\u2028" not in made
    assert "default-src 'none'" in made
    assert plain("a\u202eb") == "a\\u202eb" and plain(None) == ""
