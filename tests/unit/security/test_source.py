# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules that no single test can prove, because they say what is nowhere in the source."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import Executable
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import InvalidRequest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.writes import INSTALLERS, PROGRAMS, program

ROOT = Path(__file__).parents[3]
PLUGINS = sorted((ROOT / "plugins").rglob("*.py"))
SHIPPED = [*PLUGINS, *sorted((ROOT / "lab").rglob("*.py"))]


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def where(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"


def test_there_is_source_to_look_at() -> None:
    assert len(PLUGINS) > 60 and len(SHIPPED) > 120


def test_nothing_is_unpickled_or_evaluated() -> None:
    banned = re.compile(
        r"(?:pickle|marshal|shelve|dill|jsonpickle)\.\w+|eval|exec|compile|__import__|os\.(?:system|popen)|yaml\.unsafe_load"
    )
    found = [f"{where(path, node)}: {name}" for path in SHIPPED for name, node in calls(path) if banned.fullmatch(name)]
    assert found == []


def test_only_variables_of_the_inventory_are_templated() -> None:
    """The action plugin templates what the operator wrote; nothing that came from a server gets near a template."""
    templating = {
        path.name for path in SHIPPED for name, _ in calls(path) if re.search(r"(?:^|[._])templ(?:ate|ar)", name)
    }
    # policies.py has a pattern for names of policies, which is no template; html.py fills in its own pages
    assert templating == {"session.py", "_context.py", "policies.py"}
    imports = {
        path.name
        for path in SHIPPED
        if re.search(r"^\s*(?:from|import) (?:jinja2|ansible\.template)", path.read_text("utf-8"), re.M)
    }
    assert imports == {"html.py"}


def test_pages_are_filled_in_and_never_made_of_what_somebody_wrote() -> None:
    """The template of a page is a text of the code, and everything that is put into it is escaped."""
    source = next(path for path in SHIPPED if path.name == "html.py").read_text(encoding="utf-8")
    assert "autoescape=True" in source and "|safe" not in source
    for path in SHIPPED:
        for name, node in calls(path):
            if name == "page" and path.name != "html.py":
                template = node.args[1]
                assert isinstance(template, ast.Name) and template.id.isupper(), where(path, node)
        assert "| safe" not in path.read_text(encoding="utf-8"), path


def test_yaml_is_read_by_a_safe_loader() -> None:
    for path in SHIPPED:
        for name, node in calls(path):
            if name in ("yaml.load", "yaml.load_all"):
                loader = next((ast.unparse(one.value) for one in node.keywords if one.arg == "Loader"), "")
                # a name of the module's own stands for the C form of the safe loader, or the plain one
                assert "safe" in path.read_text(encoding="utf-8").lower() and loader, where(path, node)


def test_no_shell_takes_what_is_started() -> None:
    for path in SHIPPED:
        for name, node in calls(path):
            assert not any(one.arg == "shell" and ast.unparse(one.value) != "False" for one in node.keywords), name


def test_results_are_not_made_of_what_a_server_says() -> None:
    """`exit_json(**remote)` would let a server name the keys of a result; facts are variables of every later task."""
    for path in PLUGINS:
        for name, node in calls(path):
            if name.endswith((".exit_json", ".fail_json")):
                assert path.name == "module.py", where(path, node)
        if "ansible_facts" in path.read_text(encoding="utf-8"):
            assert path.name == "module.py", path  # which takes it out of whatever a module reports


def test_validators_match_whole_texts() -> None:
    """`re.match` with `$` lets a line end through. Where `match` is right, the rest is looked at by other means."""
    reviewed = {"journal.py", "calls.py", "names.py", "document.py", "_progress.py"}
    found = [
        where(path, node)
        for path in PLUGINS
        for name, node in calls(path)
        if name.endswith(".match") and path.name not in reviewed and "fnmatch" not in name
    ]
    assert found == []
    for path in PLUGINS:
        for name, node in calls(path):
            if name == "re.compile" and isinstance(node.args[0], ast.Constant):
                assert not str(node.args[0].value).endswith("$") or "re.MULTILINE" in ast.unparse(node), where(
                    path, node
                )


# --- executables


@pytest.mark.parametrize(
    "path",
    [
        "powershell.exe", r"C:\Windows\System32\cmd.exe", r"C:\x\bootstrapper.exe.bat", r"\\host\share\bootstrapper.exe",
        r"C:\x\..\bootstrapper.exe:stream", "bootstrapper.exe", r"C:\netstat.exe & calc.exe", "C:\\netstat.exe\n", "",
    ],
)  # fmt: skip
def test_only_listed_programs_are_started(path: str) -> None:
    with pytest.raises(InvalidRequest):
        program(Executable(path))


_PACKAGE = (ROOT / "plugins" / "modules" / "package.py").read_text(encoding="utf-8")


def test_every_program_in_the_source_is_listed_and_no_secret_is_among_its_arguments() -> None:
    of_windows = {"bootstrapper.exe", "msiexec.exe", "netstat.exe", "whoami.exe", "certutil.exe"}
    assert set(PROGRAMS) == of_windows | set(INSTALLERS)
    assert all(one in _PACKAGE.lower() for one in INSTALLERS)  # the documentation lists them
    made = [(path, node) for path in PLUGINS for name, node in calls(path) if name == "Executable"]
    assert len(made) >= 3
    for path, node in made:
        text = ast.unparse(node).lower()
        assert not re.search(r"secret|pass(?:word|phrase)", text), where(path, node)


def test_no_cmdlet_gets_a_password_that_would_be_logged_or_kept() -> None:
    """Request-CsCertificate would log -CaPassword; PFX passwords are never an operator's own."""
    names = {"CaPassword", "CaAccount", "Password"}
    for path in PLUGINS:
        if path.name == "share.py":
            continue  # a SecureString, made for one journey: the next test
        found = {
            n.value for n in ast.walk(tree(path)) if isinstance(n, ast.Constant) and isinstance(n.value, str)
        } & names
        assert not found, (path, found)


def test_the_password_of_a_shared_certificate_is_random_and_a_secure_string() -> None:
    (path,) = [one for one in PLUGINS if one.name == "share.py"]
    text = path.read_text(encoding="utf-8")
    assert "password = Secret(secrets.token_urlsafe(32))" in text and text.count('"Password": password') == 2


def test_the_only_programs_of_the_controller_are_these() -> None:
    """What the plugins start there: the daemon, what tells a process's start where there is no /proc, and a rehearsal."""
    starters = {
        "subprocess.run",
        "subprocess.Popen",
        "subprocess.check_output",
        "subprocess.call",
        "os.execv",
        "os.spawnv",
    }
    found = {path.name for path in PLUGINS for name, _ in calls(path) if name in starters}
    assert found == {"_client.py", "_runtime.py", "twin.py"}


def test_the_table_of_requirements_names_tests_that_exist() -> None:
    """`tests/security.md` is read by people who look for a proof."""
    text = (ROOT / "tests" / "security.md").read_text(encoding="utf-8")
    rows = [int(one) for one in re.findall(r"^\| (\d+) \|.*$", text, re.M)]
    assert rows == sorted(set(rows)) and set(range(1, 14)) <= set(rows)
    files = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")}
    for name in re.findall(r"(test_\w+\.py)`", text):
        assert name in files, name
    everything = "\n".join(files.values())
    for name in re.findall(r"[`(]([a-z]\w+_\w+)(?:…)?`", text):
        assert re.search(rf"def test_{name}", everything), name
