# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles are order and variables, playbooks are hosts and roles. All else is in modules, where it can be planned, replayed and tested."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
COLLECTION = "lync.xmpp_migration"

PLAY_KEYS = {"name", "hosts", "gather_facts", "any_errors_fatal", "serial", "check_mode", "tags", "roles", "tasks"}
IMPORT_KEYS = {"name", "import_playbook", "ansible.builtin.import_playbook", "tags"}
ROLE_MODULES = {"ansible.builtin.import_role", "ansible.builtin.include_role"}

# A restart is a state, a wait is a module that is instant when planned, and a failure is a failure.
FORBIDDEN_KEYWORDS = {
    "async", "become", "become_user", "changed_when", "check_mode", "delay", "failed_when", "ignore_errors",
    "ignore_unreachable", "listen", "local_action", "notify", "poll", "retries", "until",
}  # fmt: skip
FORBIDDEN_MODULES = {
    "async_status", "command", "gather_facts", "meta", "pause", "raw", "reboot", "script", "set_fact", "setup", "shell",
    "wait_for", "wait_for_connection",
}  # fmt: skip
# A result may be shown, or judged for the operator's eyes. It may not steer another module.
SHOWING_MODULES = {"ansible.builtin.assert", "ansible.builtin.debug", "ansible.builtin.fail"}
NO_MODULES = {
    "any_errors_fatal", "args", "block", "delegate_facts", "delegate_to", "diff", "environment", "loop", "loop_control",
    "module_defaults", "name", "no_log", "register", "rescue", "always", "run_once", "tags", "throttle", "timeout", "vars", "when",
}  # fmt: skip


class Loader(yaml.SafeLoader):
    """Reads Ansible's tags as what they stand for."""


Loader.add_multi_constructor("!", lambda loader, suffix, node: loader.construct_scalar(node))


def load(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader)  # noqa: S506 - a safe loader


ROLES = sorted(path for path in (ROOT / "roles").glob("*") if path.is_dir())
PLAYBOOKS = sorted((ROOT / "playbooks").glob("*.yml"))
each_role = pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
each_playbook = pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda playbook: playbook.stem)


def flat(tasks: Any) -> Iterator[dict[str, Any]]:
    """All tasks of a list, those in blocks too."""
    for task in tasks or []:
        yield task
        for part in ("block", "rescue", "always"):
            yield from flat(task.get(part))


def tasks_of(role: Path) -> list[dict[str, Any]]:
    return [task for path in sorted((role / "tasks").rglob("*.yml")) for task in flat(load(path))]


def module_of(task: dict[str, Any]) -> str | None:
    found = [key for key in task if key not in NO_MODULES | FORBIDDEN_KEYWORDS and not key.startswith("with_")]
    assert len(found) <= 1, f"{task.get('name')}: {found}"
    return found[0] if found else None


def broken_laws(task: dict[str, Any]) -> list[str]:
    """What a task of a role does that it may not."""
    broken = [f"{key} is not for roles" for key in task if key in FORBIDDEN_KEYWORDS]
    module = module_of(task)
    if module is None:
        if "block" not in task:
            broken.append("there is no module")
    elif not module.startswith(("ansible.builtin.", f"{COLLECTION}.")):
        broken.append(f"{module} is neither ours nor ansible-core's, by its full name")
    elif module.removeprefix("ansible.builtin.") in FORBIDDEN_MODULES:
        broken.append(f"{module} is not for roles")
    if "ansible_check_mode" in yaml.safe_dump(task):
        broken.append("check mode is for modules to know about")
    return broken


def fed_tasks(tasks: list[dict[str, Any]]) -> list[str]:
    """Tasks that take what another one registered: such a run could not be replayed."""
    registered = [task["register"] for task in tasks if "register" in task]
    fed = []
    for task in tasks:
        text = yaml.safe_dump({key: value for key, value in task.items() if key != "register"})
        names = [name for name in registered if re.search(rf"\b{re.escape(name)}\b", text)]
        if names and module_of(task) not in SHOWING_MODULES:
            fed.append(f"{task.get('name')} takes {', '.join(names)}")
    return fed


def broken_play(play: dict[str, Any], named: str) -> list[str]:
    """What a play says that it may not, or does not say that it must."""
    if play.keys() & {"import_playbook", "ansible.builtin.import_playbook"}:
        return [f"{key} is not for an imported playbook" for key in play if key not in IMPORT_KEYS]
    broken = [f"{key} is not for plays" for key in play if key not in PLAY_KEYS]
    broken += [f"{key} is missing" for key in ("name", "hosts", "tags") if not play.get(key)]
    if play.get("gather_facts") is not False:
        broken.append("gather_facts: false is missing: gathering alone fails on hosts with an old PowerShell")
    if play.get("any_errors_fatal") is not True:
        broken.append("any_errors_fatal: true is missing: one host's failure must end the run for all")
    if play.get("serial", 1) != 1:
        broken.append("serial is 1 or left out")
    if "check_mode" in play and (play["check_mode"] is not True or named != "verify"):
        broken.append("only verify sets check_mode, and sets it to true")
    for task in flat(play.get("tasks")):
        if not task.keys() & ROLE_MODULES or task.keys() - ROLE_MODULES - {"name", "tags"}:
            broken.append(f"{task.get('name')}: a play's tasks only name a role and its entry point")
    return broken


def test_there_are_roles_and_playbooks_once_there_is_a_master_playbook() -> None:
    if (ROOT / "playbooks" / "migrate.yml").exists():
        wanted = {"pool_deploy", "edge_deploy", "user_move", "xmpp_access", "federation_enable", "dns_update", "preflight"}
        assert wanted <= {role.name for role in ROLES}


@each_role
def test_tasks_keep_the_laws_of_roles(role: Path) -> None:
    assert [f"{task.get('name')}: {law}" for task in tasks_of(role) for law in broken_laws(task)] == []


@each_role
def test_no_task_feeds_another(role: Path) -> None:
    assert fed_tasks(tasks_of(role)) == []


@each_role
def test_a_role_has_neither_handlers_nor_dependencies(role: Path) -> None:
    assert not (role / "handlers").exists()
    assert not load(role / "meta" / "main.yml").get("dependencies")


@each_role
def test_a_role_is_documented(role: Path) -> None:
    text = (role / "README.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {role.name}\n")
    for entry, spec in load(role / "meta" / "argument_specs.yml")["argument_specs"].items():
        assert f"`{entry}`" in text
        for option in spec.get("options", {}):
            assert f"`{option}`" in text


@each_role
def test_every_file_of_tasks_is_an_entry_point_with_its_arguments_or_part_of_one(role: Path) -> None:
    specs = load(role / "meta" / "argument_specs.yml")["argument_specs"]
    files = {str(path.relative_to(role / "tasks").with_suffix("")) for path in (role / "tasks").rglob("*.yml")}
    assert set(specs) <= files
    included = set()
    for task in tasks_of(role):
        for key in ("ansible.builtin.import_tasks", "ansible.builtin.include_tasks"):
            if key in task:
                value = task[key]
                included.add(str(value["file"] if isinstance(value, dict) else value).removesuffix(".yml"))
    assert files - set(specs) <= included


def undescribed(options: dict[str, Any], path: str = "") -> Iterator[str]:
    for name, option in options.items():
        if not option.get("description") or not option.get("type"):
            yield f"{path}{name} lacks its description or type"
        if option.get("type") == "list" and not option.get("elements"):
            yield f"{path}{name} lacks its elements"
        yield from undescribed(option.get("options", {}), f"{path}{name}.")


@each_role
def test_every_option_of_a_role_is_described(role: Path) -> None:
    for entry, spec in load(role / "meta" / "argument_specs.yml")["argument_specs"].items():
        assert spec.get("short_description"), entry
        assert spec.get("description"), entry
        assert list(undescribed(spec.get("options", {}))) == [], entry


@each_role
def test_defaults_are_options_of_some_entry_point(role: Path) -> None:
    specs = load(role / "meta" / "argument_specs.yml")["argument_specs"].values()
    options = {name for spec in specs for name in spec.get("options", {})}
    path = role / "defaults" / "main.yml"
    defaults = (load(path) or {}) if path.exists() else {}
    assert {name for name in defaults if not name.startswith("__")} <= options


@each_playbook
def test_plays_keep_the_laws_of_plays(playbook: Path) -> None:
    plays = load(playbook)
    assert plays
    assert [f"{play.get('name')}: {law}" for play in plays for law in broken_play(play, playbook.stem)] == []


@each_playbook
def test_plays_name_entry_points_that_exist(playbook: Path) -> None:
    for play in load(playbook):
        for task in flat(play.get("tasks")):
            for key in task.keys() & ROLE_MODULES:
                name = task[key]["name"]
                assert name.startswith(f"{COLLECTION}."), name
                specs = load(ROOT / "roles" / name.removeprefix(f"{COLLECTION}.") / "meta" / "argument_specs.yml")
                assert task[key].get("tasks_from", "main") in specs["argument_specs"], task["name"]


@pytest.mark.parametrize(
    ("text", "law"),
    [
        ("{name: A, lync.xmpp_migration.topology: {}, notify: B}", "notify"),
        ("{name: A, lync.xmpp_migration.topology: {}, until: x, retries: 3}", "until"),
        ("{name: A, lync.xmpp_migration.topology: {}, ignore_errors: true}", "ignore_errors"),
        ("{name: A, lync.xmpp_migration.topology: {}, changed_when: false}", "changed_when"),
        ("{name: A, lync.xmpp_migration.topology: {}, when: not ansible_check_mode}", "check mode"),
        ("{name: A, ansible.builtin.pause: {seconds: 1}}", "pause"),
        ("{name: A, ansible.builtin.set_fact: {a: 1}}", "set_fact"),
        ("{name: A, wait_for: {port: 1}}", "full name"),
        ("{name: A, ansible.windows.win_shell: x}", "full name"),
        ("{name: A, when: true}", "no module"),
    ],
)
def test_a_broken_law_is_seen(text: str, law: str) -> None:
    assert any(law in broken for broken in broken_laws(yaml.safe_load(text)))


def test_a_task_in_a_block_is_seen() -> None:
    tasks = yaml.safe_load("[{name: A, block: [{name: B, ansible.builtin.meta: noop}], rescue: [{name: C, pause: {}}]}]")
    assert [bool(broken_laws(task)) for task in flat(tasks)] == [False, True, True]


@pytest.mark.parametrize(
    ("second", "fed"),
    [
        ("{name: B, lync.xmpp_migration.edge_server: {fqdn: '{{ found.fqdn }}'}}", True),
        ("{name: B, lync.xmpp_migration.edge_server: {}, when: found is changed}", True),
        ("{name: B, lync.xmpp_migration.edge_server: {}, loop: '{{ found.rows }}'}", True),
        ("{name: B, ansible.builtin.debug: {var: found.fqdn}}", False),
        ("{name: B, lync.xmpp_migration.edge_server: {fqdn: '{{ found_elsewhere }}'}}", False),
    ],
)
def test_feeding_is_seen(second: str, fed: bool) -> None:
    tasks = yaml.safe_load(f"[{{name: A, lync.xmpp_migration.estate_info: {{}}, register: found}}, {second}]")
    assert bool(fed_tasks(tasks)) is fed


@pytest.mark.parametrize(
    "change",
    [
        {"gather_facts": True}, {"any_errors_fatal": False}, {"serial": 2}, {"vars": {"a": 1}}, {"check_mode": True}, {"hosts": ""},
        {"tasks": [{"name": "A", "ansible.builtin.debug": {}}]},
        {"tasks": [{"name": "A", "ansible.builtin.import_role": {"name": "x"}, "when": "y"}]},
    ],
)  # fmt: skip
def test_a_broken_play_is_seen(change: dict[str, Any]) -> None:
    play = {"name": "A", "hosts": "all", "gather_facts": False, "any_errors_fatal": True, "tags": ["a"]}
    assert broken_play(play, "migrate") == []
    assert len(broken_play(play | change, "migrate")) == 1
    assert broken_play({"name": "A", "import_playbook": "assess.yml", "vars": {}}, "migrate") != []
