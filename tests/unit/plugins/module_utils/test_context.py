# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module knows of its run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.context import VERSION, Context
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import StateError

ROOT = Path(__file__).resolve().parents[4]
TEXT = {
    "state_dir": "/state",
    "run": "r1",
    "host": "fe2013",
    "groups": {"lync_2013_edges": ["e1", "e2"], "lync_2013_front_ends": ["fe2013", "e1"]},
    "sockets": {"fe2013": "/run/x"},
    "from_the_future": 1,
}


def test_a_context_crosses_as_json() -> None:
    context = Context.from_json(TEXT)
    assert (context.state_dir, context.run, context.host, context.check) == ("/state", "r1", "fe2013", False)
    assert Context.from_json(json.loads(json.dumps(context.to_json()))) == context


@pytest.mark.parametrize("data", [[], {}, {"state_dir": "/s", "run": 3, "host": "h"}])
def test_without_a_context_one_sentence(data: object) -> None:
    with pytest.raises(StateError):
        Context.from_json(data)


def test_members_of_several_groups_are_listed_once() -> None:
    assert Context.from_json(TEXT).members("lync_2013_edges", "lync_2013_front_ends", "none") == ("e1", "e2", "fe2013")


def test_the_journal_gets_who_and_what_but_no_sockets() -> None:
    told = Context.from_json(TEXT).for_journal()
    assert told["host"] == "fe2013" and not {"sockets", "groups", "state_dir", "check"} & set(told)


def test_the_version_is_the_collections() -> None:
    assert yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["version"] == VERSION
