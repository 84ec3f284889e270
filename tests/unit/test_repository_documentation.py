# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guides list is what there is: variables, evidence, kinds of errors, open questions, samples."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.lync.xmpp_migration.lab.organisation.unknowns import SWITCHES
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine import laws as _laws
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import MigrationError
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users import reading as _users

ROOT = Path(__file__).resolve().parents[2]
GUIDES = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "docsite" / "rst").glob("*.rst")}


def literals(text: str) -> set[str]:
    return set(re.findall(r"``([^`]+)``", text))


def samples(text: str) -> Iterator[Any]:
    """The YAML samples of a guide."""
    for indent, block in re.findall(r"^( *)\.\. code-block:: yaml\n\n((?:\1 +.*\n|\n)+)", text, re.MULTILINE):
        assert block.startswith(indent)
        yield yaml.safe_load(textwrap.dedent(block))


def test_every_key_that_a_role_reads_is_in_the_user_guide() -> None:
    known = literals(GUIDES["user_guide"])
    files = list((ROOT / "roles").glob("*/defaults/main.yml"))
    read = {key for path in files for key in re.findall(r"lync_migration\.([a-z_.]*[a-z_])", path.read_text(encoding="utf-8"))}
    assert read
    assert {key for key in read if key not in known and key.rpartition(".")[0] not in known} == set()


def test_every_variable_beside_the_dictionary_is_in_the_user_guide() -> None:
    wanted = {
        "lync_migration_ca_key_passphrase", "lync_migration_dns_tsig_secret", "lync_migration_state_dir", "lync_session_mode",
        "lync_allow_unencrypted", "expected_computer_name", "federation_enable_accepted",
    }  # fmt: skip
    assert wanted <= literals(GUIDES["user_guide"])


def test_every_fact_that_a_guard_asks_for_is_among_the_laws() -> None:
    asked = {need.fact for guard in _laws.GUARDS for need in guard.needs} | {"ttl_lowered"}
    assert asked <= literals(GUIDES["laws"])


def test_every_open_question_is_listed_with_its_answers() -> None:
    text = GUIDES["facts_and_inferences"]
    for switch in SWITCHES:
        row = re.search(rf"\* - ``{switch.name}``\n     - (.*)\n", text)
        assert row is not None, switch.name
        assert row[1] == ", ".join(switch.answers)


def kinds(error: type[MigrationError]) -> set[str]:
    assert issubclass(_users.UsersLeft, MigrationError)  # defined beside the others: it has to be loaded to be counted
    return {error.kind}.union(*(kinds(one) for one in error.__subclasses__()))


def test_every_kind_of_error_is_explained() -> None:
    # neither is an operator's business: the base class, and defects of the collection
    assert kinds(MigrationError) - {"error", "invalid_request"} <= literals(GUIDES["troubleshooting"])


@pytest.mark.parametrize("guide", sorted(GUIDES))
def test_the_samples_of_a_guide_use_what_there_is(guide: str) -> None:
    found = list(samples(GUIDES[guide]))
    assert found or guide != "user_guide"
    for sample in found:
        for play in sample if isinstance(sample, list) else []:
            for task in play.get("tasks", [play]):
                for name, options in task.items():
                    if name == "ansible.builtin.import_role":
                        role = ROOT / "roles" / options["name"].rpartition(".")[2]
                        spec = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
                        entry = spec["argument_specs"][options.get("tasks_from", "main")]
                        assert set(task.get("vars", {})) <= set(entry["options"])
                    elif name.startswith("lync.xmpp_migration."):
                        text = (ROOT / "plugins" / "modules" / f"{name.rpartition('.')[2]}.py").read_text(encoding="utf-8")
                        documented = yaml.safe_load(re.findall(r'^DOCUMENTATION = r"""(.*?)"""', text, re.M | re.S)[0])
                        assert set(options) <= set(documented["options"])
