# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gates of C(./check) that are no tests of ours: linters, Ansible's own checks, the built tarball.

A gate that is closed raises what it found. None of them needs the network, but for the packages that ansible-test and
the newest ansible-core take from the package index on their first run.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import tarball
from project import CACHE, NAMESPACE, ROOT, copy_tree, project_files, run

PYTHON_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


class Finding(Exception):
    """The gate is closed: what was found."""


@dataclass(frozen=True)
class Gate:
    part: str
    name: str
    judge: Callable[[], str | None]
    """Raises Finding; returns a remark, where there is one to show though all is well."""
    alone: bool = False
    """It runs tests of ours, which may watch the clock."""


def _demand(*argv: str | Path, cwd: Path = ROOT, env: dict[str, str] | None = None) -> str:
    ended = run(argv, cwd=cwd, env=env)
    if ended.code != 0:
        raise Finding(f"{ended.output}\n(exit status {ended.code})")
    return ended.output


# -- lint


def ruff() -> None:
    _demand("ruff", "check", "--quiet", "--output-format", "concise", ".", env={"RUFF_CACHE_DIR": str(CACHE / "ruff")})


def mypy() -> None:
    links = CACHE / "types" / NAMESPACE
    links.parent.mkdir(parents=True, exist_ok=True)
    if not links.is_symlink() or links.readlink() != ROOT:
        links.unlink(missing_ok=True)
        links.symlink_to(ROOT)
    # Not the tests: they hand over wrong types on purpose, and patch what they please.
    files = [name for name in project_files(".py") if name.split("/")[0] in ("plugins", "lab", "benchmarks")]
    _demand("mypy", *(links / name for name in files))
    # The scripts are no part of the collection, and import each other by their plain names.
    _demand(
        "mypy",
        "--explicit-package-bases",
        *(ROOT / name for name in project_files(".py") if name.startswith("scripts/")),
        env={"MYPYPATH": "scripts"},
    )


def yamllint() -> None:
    _demand("yamllint", "--strict", ".yamllint", ".ansible-lint", *project_files(".yml", ".yaml"))


def shellcheck() -> str | None:
    if shutil.which("shellcheck") is None:
        if os.environ.get("CI") == "true":
            raise Finding("needs system package: shellcheck")
        return "not run, needs system package: shellcheck"
    scripts = [
        name
        for name in project_files()
        if _first_line(ROOT / name).startswith((b"#!/usr/bin/env bash", b"#!/bin/sh", b"#!/bin/bash"))
    ]
    _demand("shellcheck", *scripts)
    return None


def _first_line(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.readline(200)


def ansible_lint() -> None:
    _demand("ansible-lint", "--nocolor", "--profile", "production", "--offline", "--strict", "-q")


# -- docs


def _antsibull(*argv: str) -> None:
    # Their log goes to the home folder.
    home = CACHE / "home"
    home.mkdir(parents=True, exist_ok=True)
    _demand(*argv, env={"HOME": str(home)})


def collection_docs() -> None:
    options = ["--plugin-docs", "--validate-collection-refs", "all", "--check-extra-docs-refs"]
    _antsibull("antsibull-docs", "lint-collection-docs", *options, "--disallow-unknown-collection-refs", ".")


def changelog() -> None:
    _antsibull("antsibull-changelog", "lint")
    _antsibull("antsibull-changelog", "lint-changelog-yaml", "changelogs/changelog.yaml")


# -- package


def package() -> None:
    built = CACHE / "dist"
    shutil.rmtree(built, ignore_errors=True)
    _demand("ansible-galaxy", "collection", "build", "--output-path", built, ".")
    tarballs = list(built.glob("*.tar.gz"))
    if len(tarballs) != 1:
        raise Finding(f"one tarball was to be built, not {len(tarballs)}")
    if complaints := tarball.judge(tarballs[0]):
        raise Finding("\n".join(complaints))
    _import(tarballs[0])
    _install(tarballs[0])


def _import(built: Path) -> None:
    """What Galaxy and Automation Hub do with an upload."""
    work = CACHE / "importer"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    output = _demand(
        sys.executable,
        "-m",
        "galaxy_importer.main",
        built,
        cwd=work,
        env={
            "GALAXY_IMPORTER_CHECK_REQUIRED_TAGS": "true",
            "GALAXY_IMPORTER_RUN_FLAKE8": "false",
            "GALAXY_IMPORTER_ANSIBLE_LOCAL_TMP": str(work / "tmp"),
        },
    )
    if "Importer processing completed successfully" not in output:
        raise Finding(output)
    # The importer passes on what it does not like as errors and warnings in its log, and still succeeds.
    if dislikes := [
        line for line in output.splitlines() if re.match(r"(ERROR|WARNING):", line) and not _is_expected(line)
    ]:
        raise Finding("\n".join(dislikes))


def _is_expected(line: str) -> bool:
    return "No $HOME/.gitconfig" in line


def _install(built: Path) -> None:
    """The tarball in a folder of its own, used from there as a user would, with nothing of the checkout in sight."""
    target = CACHE / "installed"
    shutil.rmtree(target, ignore_errors=True)
    _demand("ansible-galaxy", "collection", "install", built, "--collections-path", target, "--offline", "--force")
    installed = target / NAMESPACE
    env = {"ANSIBLE_COLLECTIONS_PATH": str(target)}
    for playbook in sorted(path.stem for path in (installed / "playbooks").glob("*.yml")):
        _demand(
            "ansible-playbook",
            "--syntax-check",
            "-i",
            "localhost,",
            f"lync.xmpp_migration.{playbook}",
            cwd=target,
            env=env,
        )
    if (installed / "lab" / "__main__.py").exists():
        _demand(
            sys.executable,
            "-m",
            "ansible_collections.lync.xmpp_migration.lab",
            "--help",
            cwd=target,
            env={"PYTHONPATH": str(target)},
        )


# -- sanity

# ansible-test fetches get-pip.py from a host of its own. What that script does, ensurepip and the package index do too.
GET_PIP = """\
import subprocess, sys
if __name__ == "__main__":
    subprocess.check_call([sys.executable, "-m", "ensurepip"], stdout=subprocess.DEVNULL)
    subprocess.check_call([sys.executable, "-m", "pip", "uninstall", "--yes", "--quiet", "setuptools"])
    arguments = [a for a in sys.argv[1:] if a not in ("--no-setuptools", "--no-wheel")]
    subprocess.check_call([sys.executable, "-m", "pip", "install", "--upgrade", *arguments])
"""


def _ansible_test_home() -> Path:
    """A home for ansible-test alone: its environments are kept there, and the stand-in for its download."""
    import ansible_test

    home = CACHE / "home"
    source = Path(ansible_test.__file__).parent / "_internal" / "python_requirements.py"
    pinned = re.search(r"\bpip='([0-9.]+)'", source.read_text(encoding="utf-8"))
    if pinned is None:
        raise Finding(
            f"{source} does not say any longer which pip it wants: see to _ansible_test_home in scripts/gates.py"
        )
    stand_in = home / ".ansible" / "test" / "cache" / f"get_pip_{pinned[1].replace('.', '_')}.py"
    stand_in.parent.mkdir(parents=True, exist_ok=True)
    stand_in.write_text(GET_PIP, encoding="utf-8")
    # pip's cache is shared with the user's: it is where the packages of the last run are.
    pip_cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "pip")
    own = home / ".cache" / "pip"
    if not own.is_symlink():
        own.parent.mkdir(parents=True, exist_ok=True)
        own.symlink_to(pip_cache)
    return home


def _ansible_test(kind: str, files: list[str], *options: str) -> str:
    with tempfile.TemporaryDirectory() as short:
        # It writes scripts whose first line names the interpreter, where a blank in the path of the checkout would end the name.
        environment = Path(sys.prefix)
        if " " in sys.prefix:
            environment = Path(short, "venv")
            environment.symlink_to(sys.prefix)
        ended = run(
            [
                environment / "bin" / "python",
                environment / "bin" / "ansible-test",
                kind,
                "--python",
                PYTHON_VERSION,
                "--color",
                "no",
                *options,
            ],
            cwd=copy_tree(kind, files),
            env={
                "HOME": str(_ansible_test_home()),
                "PATH": os.pathsep.join([str(environment / "bin"), os.environ["PATH"]]),
            },
        )
    if ended.code != 0:
        # Between what it found it tells at length what it installed.
        found = [line for line in ended.output.splitlines() if line.startswith(("ERROR:", "FATAL:", "WARNING:"))]
        raise Finding("\n".join(found) if kind == "sanity" and found else ended.output)
    return ended.output


def sanity() -> None:
    """Judges what is shipped, as Automation Hub does."""
    beside = ("galaxy.yml", "changelogs/fragments/")
    files = [name for name in project_files() if name.startswith(beside) or not tarball.unexpected([name])]
    output = _ansible_test("sanity", files)
    ran = re.findall(r'^Running sanity test "([a-z0-9-]+)"', output, re.MULTILINE)
    if len(ran) < 15:
        raise Finding(f"{output}\nonly {len(ran)} sanity tests ran")


def units() -> None:
    """The tests of the modules once more, as ansible-test runs them: each in a process of its own, which takes its time."""
    folder = "tests/unit/plugins/modules/"
    files = project_files()
    # hundreds of cases of one kind, each of which would wait for a process: pytest runs them
    chosen = [name for name in files if name.startswith(f"{folder}test_") and not name.endswith("test_bad_input.py")]
    if chosen:
        _ansible_test("units", files, "--num-workers", "2", *chosen)


# -- newest


def newest() -> str | None:
    output = _demand(ROOT / "scripts" / "smoke_newest", env={"CI": "false"})
    return output.strip().splitlines()[-1]


GATES = (
    Gate("lint", "ruff", ruff),
    Gate("lint", "mypy", mypy),
    Gate("lint", "yamllint", yamllint),
    Gate("lint", "shellcheck", shellcheck),
    Gate("lint", "ansible-lint", ansible_lint),
    Gate("docs", "antsibull-docs", collection_docs),
    Gate("docs", "antsibull-changelog", changelog),
    Gate("package", "galaxy-importer", package),
    Gate("sanity", "ansible-test sanity", sanity),
    Gate("sanity", "ansible-test units", units, alone=True),
    Gate("newest", "newest ansible-core", newest, alone=True),
)
