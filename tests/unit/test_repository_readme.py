# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the README shows is there, and works as it is shown."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.lync.xmpp_migration.plugins.module_utils._settings import dictionary as _settings

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```", README, re.MULTILINE | re.DOTALL)]
GROUPS = {
    "lync_2013_front_ends", "lync_2013_edges", "lync_legacy_front_ends", "lync_legacy_edges", "lync_legacy_gateway", "lync_vantage",
}  # fmt: skip


def example(key: str) -> dict[str, Any]:
    found = [each for each in EXAMPLES if isinstance(each, dict) and key in each]
    assert len(found) == 1
    return found[0]


def test_the_variables_shown_are_accepted() -> None:
    shown = example("lync_migration")
    checked = _settings.check(shown["lync_migration"])
    assert checked.problems == ()
    # A secret is a variable of its own, and comes from a vault.
    secrets = {key: value for key, value in shown.items() if key != "lync_migration"}
    assert secrets
    assert all(key.startswith("lync_migration_") and value.startswith("{{ vault_") for key, value in secrets.items())


def test_the_inventory_shown_has_the_groups_that_playbooks_know() -> None:
    groups = example("all")["all"]["children"]
    assert groups.keys() <= GROUPS
    assert {"lync_2013_front_ends", "lync_2013_edges"} <= groups.keys()
    for group in groups.values():
        assert group.get("vars", {}).get("ansible_connection", "winrm") == "winrm"
        assert "validation" not in str(group), "what the README shows validates certificates"


def test_every_playbook_is_listed_and_every_listed_one_exists() -> None:
    listed = set(re.findall(r"^\| `lync\.xmpp_migration\.([a-z_]+)` \|", README, re.MULTILINE))
    assert listed == {path.stem for path in (ROOT / "playbooks").glob("*.yml")}


def test_every_module_is_listed_once_and_every_listed_one_exists() -> None:
    listed = re.findall(r"^\| `([a-z_]+)` \|", README, re.MULTILINE)
    assert listed == sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))


def test_every_role_is_listed() -> None:
    linked = set(re.findall(r"\(roles/([a-z_]+)/README\.md\)", README))
    assert linked == {path.name for path in (ROOT / "roles").glob("*") if path.is_dir()}


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\((?!https?:)([^)#]+)\)", README))))
def test_every_link_into_the_tree_leads_somewhere(link: str) -> None:
    assert (ROOT / link).exists()


def test_every_option_of_an_example_exists() -> None:
    tasks = [task for block in EXAMPLES if isinstance(block, list) for play in block for task in play["tasks"]]
    assert tasks
    for task in tasks:
        for key, options in task.items():
            if key.startswith("lync.xmpp_migration."):
                text = (ROOT / "plugins" / "modules" / f"{key.rsplit('.', 1)[1]}.py").read_text(encoding="utf-8")
                documented = yaml.safe_load(re.findall(r'^DOCUMENTATION = r"""(.*?)"""', text, re.MULTILINE | re.DOTALL)[0])
                assert options.keys() <= documented["options"].keys()


def test_the_sections_that_users_look_for_are_there() -> None:
    sections = re.findall(r"^## (.*)$", README, re.MULTILINE)
    wanted = [
        "Description", "Requirements", "Installation", "Use cases", "Included content", "Testing", "Contributing", "Support",
        "Release notes and versioning", "Related information", "License",
    ]  # fmt: skip
    assert [name for name in sections if name in wanted] == wanted
    assert "./demo" in README
    assert "./check" in README
