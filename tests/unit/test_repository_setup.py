# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Set-up on a machine that lacks something, skips that are seen, and the counts of ./check."""

from __future__ import annotations

import importlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("bash", "env", "dirname", "cat", "sha256sum", "grep", "mkdir", "id", "flock", "rm", "ln", "head")


def bare_machine(tmp_path: Path, **more: str) -> Path:
    """A checkout's set-up on a machine with little beyond a shell; ``more`` are further programs, as shell scripts."""
    checkout = tmp_path / "a checkout"
    (checkout / "scripts").mkdir(parents=True)
    shutil.copy2(ROOT / "scripts" / "bootstrap", checkout / "scripts")
    shutil.copytree(ROOT / "requirements", checkout / "requirements")
    (tmp_path / "bin").mkdir()
    for name in TOOLS:
        found = shutil.which(name)
        assert found, name
        (tmp_path / "bin" / name).symlink_to(found)
    for name, text in more.items():
        path = tmp_path / "bin" / name
        path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        path.chmod(0o755)
    return checkout


def bootstrap(tmp_path: Path, checkout: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["scripts/bootstrap", *arguments],
        cwd=checkout,
        env={"PATH": str(tmp_path / "bin"), "HOME": str(tmp_path)} | env,
        check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True,
    )  # fmt: skip


def test_without_python_one_apt_line_comes_first(tmp_path: Path) -> None:
    checkout = bare_machine(tmp_path)
    ended = bootstrap(tmp_path, checkout)
    lines = ended.stderr.splitlines()
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert lines[0].startswith("sudo apt-get install -y --no-install-recommends python3 python3-venv ")
    assert len([line for line in lines if "apt-get" in line]) == 1
    assert "Nothing was set up" in lines[1]
    assert not (checkout / ".venv").exists()


def test_a_python_without_venv_or_too_old_does_not_do(tmp_path: Path) -> None:
    old = 'case "$2" in *version_info*) echo 39;; *) exit 0;; esac'
    young = 'case "$2" in *version_info*) echo 311;; *ensurepip*) exit 1;; *) echo /nowhere;; esac'
    checkout = bare_machine(tmp_path, **{"python3": old, "python3.11": young})
    ended = bootstrap(tmp_path, checkout)
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[0].split("--no-install-recommends ")[1].startswith("python3-venv ")


def test_without_root_and_sudo_nothing_is_installed(tmp_path: Path) -> None:
    checkout = bare_machine(tmp_path)
    (tmp_path / "bin" / "id").unlink()
    (tmp_path / "bin" / "id").write_text("#!/bin/sh\necho 1000\n", encoding="utf-8")
    (tmp_path / "bin" / "id").chmod(0o755)
    ended = bootstrap(tmp_path, checkout, "--install")
    assert ended.returncode == 1
    assert "as root or with sudo only" in ended.stderr


def test_ci_installs_through_sudo_without_asking(tmp_path: Path) -> None:
    checkout = bare_machine(tmp_path, sudo=f'printf "%s " "$@" >>{tmp_path}/sudo.log; exit 1')
    (tmp_path / "bin" / "id").unlink()
    (tmp_path / "bin" / "id").write_text("#!/bin/sh\necho 1000\n", encoding="utf-8")
    (tmp_path / "bin" / "id").chmod(0o755)
    ended = bootstrap(tmp_path, checkout, CI="true")
    assert ended.returncode == 1
    assert "apt could not install" in ended.stderr
    assert (tmp_path / "sudo.log").read_text(encoding="utf-8").startswith("-n env DEBIAN_FRONTEND=noninteractive bash -c")


@pytest.mark.parametrize(("arguments", "env"), [(["--help"], {}), ([], {"LYNC_CORE": "2.14"})])
def test_what_is_not_understood_is_said(tmp_path: Path, arguments: list[str], env: dict[str, str]) -> None:
    ended = bootstrap(tmp_path, bare_machine(tmp_path), *arguments, **env)
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1


# -- skips

SAMPLE = """
import pytest

@pytest.mark.needs("prosodyctl")
def test_by_marker(): pass

@pytest.fixture(scope="module")
def server(needs): needs("kdb5_util")

def test_by_fixture(server): pass

def test_by_itself(): pytest.skip("needs system package named by hand")

@pytest.mark.needs("pwsh")
def test_powershell(): pass

def test_otherwise(): pytest.skip("not today")

def test_passes(): pass
"""


@pytest.mark.parametrize("ci", ["true", "false"])
def test_a_missing_system_package_is_seen_and_on_a_build_machine_a_failure(tmp_path: Path, ci: str) -> None:
    shutil.copy2(ROOT / "tests" / "conftest.py", tmp_path)
    text = (tmp_path / "conftest.py").read_text(encoding="utf-8")
    # Nothing is there, whatever this machine has.
    (tmp_path / "conftest.py").write_text(text + "\n\ndef _is_there(name: str) -> bool:\n    return False\n", encoding="utf-8")
    (tmp_path / "test_sample.py").write_text(SAMPLE, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = needs(name, ...): x\n", encoding="utf-8")
    report = tmp_path / "report.xml"
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junit-xml={report}", str(tmp_path)],
        cwd=tmp_path, env={"PATH": os.environ["PATH"], "CI": ci}, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True,
    )  # fmt: skip
    assert re.search(r"1 passed", ended.stdout)
    assert f"{2 if ci == 'true' else 5} skipped" in ended.stdout
    if ci == "true":
        assert "1 failed" in ended.stdout
        assert "2 errors" in ended.stdout
        assert "needs system package prosody (prosodyctl)" in ended.stdout
    else:
        lines = [line for line in ended.stdout.splitlines() if line.startswith("not run: ")]
        assert len(lines) == 3
        assert lines[0] == "not run: test_sample.py::test_by_marker: needs system package prosody (prosodyctl)"


# -- counts


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    return importlib.import_module("check")


@pytest.mark.parametrize(
    ("suite", "code", "counts"),
    [
        ('tests="10" failures="0" errors="0" skipped="2"', 0, (8, 0)),
        ('tests="10" failures="1" errors="2" skipped="2"', 1, (5, 3)),
        ('tests="10" failures="0" errors="0" skipped="0"', 1, (10, 1)),
        ('tests="0" failures="0" errors="0" skipped="0"', 5, (0, 1)),
        (None, 124, (0, 1)),
    ],
    ids=["skips", "failures", "ended badly after the last test", "no tests", "no report"],
)
def test_counts_come_from_the_report(check: Any, tmp_path: Path, suite: str | None, code: int, counts: tuple[int, int]) -> None:
    report = tmp_path / "report.xml"
    if suite:
        report.write_text(f"<testsuites><testsuite {suite}/></testsuites>", encoding="utf-8")
    result = check.count("unit", "tests/unit", report, code, 1.0)
    assert (result.passed, result.failed) == counts


RECAP = """
\x1b[32mdefault                   \x1b[0m: \x1b[33mactions=1\x1b[0m  \x1b[32msuccessful=1\x1b[0m  disabled=0  skipped=0  missing=0  failed=0
\x1b[32muser_move                 \x1b[0m: \x1b[33mactions=4\x1b[0m  \x1b[32msuccessful=2\x1b[0m  disabled=0  skipped=0  missing=1  \x1b[31mfailed=1\x1b[0m
\x1b[32mxmpp_access               \x1b[0m: \x1b[33mactions=3\x1b[0m  \x1b[32msuccessful=3\x1b[0m  disabled=0  skipped=0  missing=0  failed=0
\x1b[32mdefault                   \x1b[0m: \x1b[33mactions=1\x1b[0m  \x1b[32msuccessful=1\x1b[0m  disabled=0  skipped=0  missing=0  failed=0
"""


def test_each_scenario_of_molecule_counts(check: Any) -> None:
    scenarios = ["default", "user_move", "xmpp_access"]
    assert check.failed_scenarios(scenarios, RECAP, 1) == ["user_move"]
    good = RECAP.replace("failed=1", "failed=0")
    assert check.failed_scenarios(scenarios, good, 0) == []
    assert check.failed_scenarios(scenarios, good, 1) == ["default"], "it ended badly all the same"
    assert check.failed_scenarios([*scenarios, "dns_update"], good, 0) == ["dns_update"], "it did not run"
    assert check.failed_scenarios(scenarios, "", 0) == scenarios


def test_a_part_that_fails_does_not_hide_the_others(check: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def closed() -> None:
        raise check.Finding("a comma is missing")

    def broken() -> None:
        raise OSError("no such file")

    gates = (
        check.Gate("lint", "one", lambda: None), check.Gate("lint", "two", closed),
        check.Gate("docs", "three", broken, alone=True), check.Gate("docs", "four", lambda: "well done"),
    )  # fmt: skip
    monkeypatch.setattr(check, "GATES", gates)
    monkeypatch.setattr(check, "prepare_environment", lambda: None)
    monkeypatch.setattr(check.signal, "signal", lambda *arguments: None)
    monkeypatch.setattr(check, "pytest", lambda part, *arguments, **more: check.Result(part, "tests", 7, 0, 1.0))
    assert check.main(["lint", "docs", "lab"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "9 passed, 2 failed"
    assert "a comma is missing" in lines
    assert "OSError: no such file" in lines
    assert "well done" in lines
    assert check.main(["lab", "--install"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "7 passed, 0 failed"


def test_a_part_that_does_not_exist_is_refused(check: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        check.main(["unit", "units"])
    assert ended.value.code == 2
    assert "there is no part units" in capsys.readouterr().err


def test_a_program_that_takes_too_long_is_ended_with_all_that_it_started(check: Any, tmp_path: Path) -> None:
    ended = check.run(["bash", "-c", f"sleep 300 & echo $! >{tmp_path}/child; echo begun; wait"], seconds=1)
    assert ended.code == 124
    assert "begun" in ended.output
    child = Path("/proc") / (tmp_path / "child").read_text(encoding="utf-8").strip()
    for _attempt in range(50):
        try:
            if (child / "stat").read_text(encoding="utf-8").split()[2] == "Z":
                return
        except (FileNotFoundError, ProcessLookupError):
            return
        time.sleep(0.1)
    pytest.fail("the child runs on")


def test_the_users_own_ansible_is_kept_out(check: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", dict(os.environ, ANSIBLE_CONFIG="/nowhere", ANSIBLE_COLLECTIONS_PATH="/nowhere"))
    check.prepare_environment()
    assert not {"ANSIBLE_CONFIG", "ANSIBLE_COLLECTIONS_PATH"} & os.environ.keys()
    assert os.environ["PATH"].startswith(str(Path(sys.executable).parent))
