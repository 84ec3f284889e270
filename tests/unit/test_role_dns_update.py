# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that the modules for DNS records can do is reachable from the role and the settings; many domains are one task."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROLE = Path(__file__).resolve().parents[2] / "roles" / "dns_update"
MODULES = ("dns_record_set", "microsoft_dns_record_set")
#: One zone's own, where the role has many domains; and values as a zone file has them, where it has targets.
NOT_OF_A_ROLE = {"zone", "unless_values"}


def tasks(module: str) -> list[dict[str, Any]]:
    every = [task for path in sorted((ROLE / "tasks").glob("*.yml")) for task in yaml.safe_load(path.read_text())]
    return [task for task in every if f"lync.xmpp_migration.{module}" in task]


@pytest.mark.parametrize("module", MODULES)
def test_every_option_is_given_by_the_role(module: str) -> None:
    spec = importlib.import_module(f"ansible_collections.lync.xmpp_migration.plugins.modules.{module}").ARGUMENT_SPEC
    given = {name for task in tasks(module) for name in task[f"lync.xmpp_migration.{module}"]}
    assert set(spec) - given == NOT_OF_A_ROLE


@pytest.mark.parametrize("module", MODULES)
def test_many_domains_are_one_task(module: str) -> None:
    assert len(tasks(module)) == 3  # before the window, in it, and after the acceptance
    assert not any("loop" in task for task in tasks(module))


def test_the_two_ways_exclude_each_other() -> None:
    ways = {module: {task["when"] for task in tasks(module)} for module in MODULES}
    assert ways == {
        "dns_record_set": {"dns_update_method != 'microsoft'"},
        "microsoft_dns_record_set": {"dns_update_method == 'microsoft'"},
    }
    assert all(task["delegate_to"] == "{{ dns_update_server_host }}" for task in tasks("microsoft_dns_record_set"))


def test_every_key_of_the_settings_is_read_by_a_role() -> None:
    from ansible_collections.lync.xmpp_migration.plugins.module_utils._settings.keys import SCHEMA
    from ansible_collections.lync.xmpp_migration.plugins.module_utils._settings.schema import Problems

    problems = Problems()
    SCHEMA("x", {"dns": {"no such key": 1}}, problems)
    (known,) = [text.partition("known are ")[2].rstrip(".") for text in problems.sentences if "known are" in text]
    defaults = "".join(path.read_text() for path in ROLE.parent.glob("*/defaults/main.yml"))
    defaults = defaults.replace("(lync_migration.dns | default({}))", "lync_migration.dns")
    assert [name for name in known.split(", ") if f"lync_migration.dns.{name}" not in defaults] == []
