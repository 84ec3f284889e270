# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection says about itself agrees with what is there."""

from __future__ import annotations

import ast
import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(path for path in (ROOT / "plugins" / "modules").glob("*.py") if not path.name.startswith("_"))
PLUGINS = sorted((ROOT / "plugins").rglob("*.py"))
ATTRIBUTES = "lync.xmpp_migration._attributes"

# Module that is imported -> the distribution that brings it, as meta/ee-requirements.txt names it; None = comes with ansible-core.
THIRD_PARTY = {
    "ansible": None,
    "cryptography": "cryptography",
    "dns": "dnspython",
    "gssapi": "gssapi",
    "idna": "idna",
    "jinja2": None,
    "markupsafe": None,
    "requests": "requests",
    "winrm": "pywinrm",
    "yaml": None,
}


def load(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def runtime_metadata(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    return importlib.import_module("runtime_metadata")


def documentation(path: Path) -> dict[str, Any]:
    found = re.search(r'^DOCUMENTATION = r?"""(.*?)"""', path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert found, f"{path.name} has no DOCUMENTATION"
    loaded = yaml.safe_load(found[1])
    assert isinstance(loaded, dict)
    return loaded


def fragments(path: Path) -> set[str]:
    found = documentation(path).get("extends_documentation_fragment", [])
    return {found} if isinstance(found, str) else set(found)


def test_the_collection_is_called_what_it_is_imported_as() -> None:
    galaxy = load("galaxy.yml")
    assert (galaxy["namespace"], galaxy["name"]) == ("lync", "xmpp_migration")
    assert galaxy["dependencies"] == {}
    assert "windows" in galaxy["tags"]
    assert (ROOT / galaxy["readme"]).is_file()
    assert (ROOT / galaxy["license_file"]).read_text(encoding="utf-8").lstrip().startswith("GNU GENERAL PUBLIC LICENSE")


def test_the_version_is_the_same_everywhere() -> None:
    version = load("galaxy.yml")["version"]
    assert re.fullmatch(r"\d+\.\d+\.\d+(-[0-9a-z.]+)?", version)
    releases = load("changelogs/changelog.yaml")["releases"]
    # The changelog is behind while fragments wait for the release, never ahead.
    assert all(tuple(map(int, release.split("."))) <= tuple(map(int, version.split("."))) for release in releases)
    if not list((ROOT / "changelogs" / "fragments").glob("*.y*ml")):
        assert version in releases
    for path in PLUGINS:
        for line in re.findall(r"^\w*VERSION\w* = [\"'](\d+\.\d+\.\d+)[\"']", path.read_text(encoding="utf-8"), re.MULTILINE):
            assert line == version, path


def test_runtime_metadata_is_what_the_script_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = runtime_metadata(monkeypatch).render(ROOT)
    assert (ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8") == wanted, "run scripts/generate_runtime"


def test_every_module_is_routed_to_the_action_plugin_and_nothing_else_is() -> None:
    routing = load("meta/runtime.yml").get("plugin_routing", {}).get("modules", {})
    assert sorted(routing) == [path.stem for path in MODULES]
    assert all(entry == {"action_plugin": "lync.xmpp_migration.session"} for entry in routing.values())
    # An alias would make the module_defaults of one module those of all.
    assert list(load("meta/runtime.yml").get("plugin_routing", {"modules": {}})) == ["modules"]


def test_the_action_plugin_has_a_stand_in_for_every_other_module_and_nothing_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = runtime_metadata(monkeypatch).stand_ins(ROOT)
    there = {path for path in (ROOT / "plugins" / "action").glob("*.py") if path.name not in ("session.py", "__init__.py")}
    assert there == set(wanted), "run scripts/generate_runtime"
    for path, text in wanted.items():
        assert path.read_text(encoding="utf-8") == text, "run scripts/generate_runtime"


def test_the_action_group_holds_every_module_with_a_windows_host_and_no_other() -> None:
    group = load("meta/runtime.yml").get("action_groups", {}).get("lync", [])
    assert group == [path.stem for path in MODULES if f"{ATTRIBUTES}.windows_host" in fragments(path)]


def test_the_script_knows_a_module_with_a_host_from_one_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "plugins" / "modules"
    folder.mkdir(parents=True)
    script = runtime_metadata(monkeypatch)
    assert script.render(tmp_path) == script.HEAD
    text = 'DOCUMENTATION = r"""\nmodule: x\nextends_documentation_fragment: [{0}, {0}.{1}]\n"""\n'
    (folder / "session.py").write_text(text.format(ATTRIBUTES, "windows_host"), encoding="utf-8")
    (folder / "dns_record_set.py").write_text(text.format(ATTRIBUTES, "controller"), encoding="utf-8")
    (folder / "_private.py").write_text("", encoding="utf-8")
    written = yaml.safe_load(script.render(tmp_path))
    assert written["action_groups"] == {"lync": ["session"]}
    assert list(written["plugin_routing"]["modules"]) == ["dns_record_set", "session"]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_says_where_it_runs(path: Path) -> None:
    found = fragments(path)
    assert ATTRIBUTES in found
    assert len(found & {f"{ATTRIBUTES}.{place}" for place in ("windows_host", "controller", "anywhere")}) == 1
    assert documentation(path)["version_added"]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_is_named_by_some_test(path: Path) -> None:
    word = re.compile(rf"(?<![a-z_]){path.stem}(?![a-z_])")
    tests = [*(ROOT / "tests").rglob("test_*.py"), *(ROOT / "extensions" / "molecule").rglob("*.yml")]
    assert any(
        word.search(test.read_text(encoding="utf-8")) for test in tests if not test.name.startswith("test_repository_")
    ), f"no test names {path.stem}"


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module or ""


def test_plugins_import_only_what_an_execution_environment_installs() -> None:
    required = re.findall(r"^([a-z0-9]+)", (ROOT / "meta" / "ee-requirements.txt").read_text(encoding="utf-8"), re.MULTILINE)
    for path in PLUGINS:
        for name in imports(path):
            top = name.split(".")[0]
            if top in sys.stdlib_module_names or name.startswith("ansible_collections.lync.xmpp_migration.plugins."):
                continue
            assert top in THIRD_PARTY, f"{path.relative_to(ROOT)} imports {name}"
            assert THIRD_PARTY[top] is None or THIRD_PARTY[top] in required, f"meta/ee-requirements.txt lacks {top}"


def test_modules_leave_the_controllers_plugins_alone() -> None:
    for folder in ("modules", "module_utils"):
        for path in (ROOT / "plugins" / folder).rglob("*.py"):
            for name in imports(path):
                forbidden = name.startswith("ansible.") and not name.startswith("ansible.module_utils")
                assert not forbidden, f"{path.relative_to(ROOT)} imports {name}"
                assert ".plugin_utils" not in name, f"{path.relative_to(ROOT)} imports {name}"


def test_the_lab_takes_nothing_from_the_plugins() -> None:
    for path in (ROOT / "lab").rglob("*.py"):
        for name in imports(path):
            assert not name.startswith("ansible_collections"), f"{path.relative_to(ROOT)} imports {name}: relative imports only"


@pytest.mark.parametrize("path", PLUGINS, ids=lambda path: str(path.relative_to(ROOT / "plugins")))
def test_a_plugin_bears_the_licence_and_no_assert(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if not text:
        return
    head = text.splitlines()[:5]
    assert any(line.startswith("# GNU General Public License v3.0+") for line in head)
    assert "# SPDX-License-Identifier: GPL-3.0-or-later" in head
    assert not any(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(text)))
    if path.relative_to(ROOT / "plugins").parts[0] in ("module_utils", "plugin_utils", "doc_fragments"):
        assert "PRIVATE to the collection" in (ast.get_docstring(ast.parse(text)) or ""), "say that it is private"


def test_the_files_of_an_execution_environment_exist() -> None:
    environment = load("meta/execution-environment.yml")
    assert environment["version"] == 1
    for name in environment["dependencies"].values():
        assert (ROOT / name).is_file()
    required = (ROOT / "meta" / "ee-requirements.txt").read_text(encoding="utf-8")
    assert "ansible-core" not in [line.split(">")[0] for line in required.splitlines()]
    assert load("meta/runtime.yml")["requires_ansible"] == ">=2.19.0"


@pytest.mark.parametrize("module", sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py")))
def test_what_a_module_hands_over_is_where_the_action_plugin_looks_for_it(module: str) -> None:
    """It runs the module in its own process and never calls main, so other names would count in main alone."""
    text = (ROOT / "plugins" / "modules" / f"{module}.py").read_text(encoding="utf-8")
    called = re.search(r"^    execute\(ARGUMENT_SPEC, run(.*)\)$", text, re.MULTILINE)
    assert called and called[1] in ("", ", **CONSTRAINTS", ", anywhere=True")
    names = set(re.findall(r"^([A-Z_]+)\b[^=\n]*=", text, re.MULTILINE))
    assert "ARGUMENT_SPEC" in names and ("CONSTRAINTS" in names) == ("CONSTRAINTS" in called[1])
