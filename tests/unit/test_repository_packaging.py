# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be shipped, and what may come in."""

from __future__ import annotations

import base64
import hashlib
import importlib
import io
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "requirements"
LOCKS = sorted(REQUIREMENTS.glob("*.txt"))
# In two pieces, so that this file does not look like one that holds a key.
PRIVATE_KEY = "-----BEGIN " + "PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIHVuZGVyIHRoZSBzZWEgaW4gYW4gb2N0b3B1cycg\n"


@pytest.fixture
def tarball(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    return importlib.import_module("tarball")


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    return importlib.import_module("project")


def build(path: Path, files: dict[str, str]) -> Path:
    """A tarball with the files that every release has, and these."""
    always = dict.fromkeys(("README.md", "LICENSE", "MANIFEST.json", "FILES.json", "meta/runtime.yml", "meta/ee-requirements.txt"), "x")
    with tarfile.open(path, "w:gz") as archive:
        for name, text in (always | files).items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return path


def test_what_a_release_is_made_of_may_be_shipped(tarball: Any, tmp_path: Path) -> None:
    names = [
        "plugins/modules/xmpp_partner.py", "plugins/plugin_utils/cmdlet_host.ps1", "roles/user_move/tasks/main.yml",
        "roles/user_move/README.md", "playbooks/migrate.yml", "lab/__main__.py", "lab/data/lync_cmdlets.json.xz", "progress/__main__.py",
        "docs/docsite/rst/guide_user.rst", "CHANGELOG.rst", "tests/config.yml",
    ]  # fmt: skip
    assert tarball.judge(build(tmp_path / "a.tar.gz", dict.fromkeys(names, "x"))) == []


@pytest.mark.parametrize(
    "name",
    [
        "plugins/modules/server.key", "plugins/plugin_utils/other.ps1", "roles/user_move/files/edge.pfx", "lab/estates/ca.pem", "lab/run.sh",
        ".lab/secrets/password", "playbooks/host_vars/edge2013.yml", "inventory.yml", "journal.ndjson", "tests/unit/test_x.py",
        "plugins/modules/.hidden.py", "docs/id_ed25519", "plugins/modules/__pycache__/x.cpython-311.pyc", "scripts/check.py",
    ],
)  # fmt: skip
def test_anything_else_is_refused(tarball: Any, tmp_path: Path, name: str) -> None:
    assert tarball.judge(build(tmp_path / "a.tar.gz", {name: "x"})) == [f"{name} is not on the list of files that may be shipped"]


def test_a_private_key_is_seen_under_any_name(tarball: Any, tmp_path: Path) -> None:
    found = tarball.judge(build(tmp_path / "a.tar.gz", {"lab/organisation/ca.py": f'KEY = """\n{PRIVATE_KEY}"""'}))
    assert found == ["lab/organisation/ca.py holds a private key"]


def test_a_link_is_refused(tarball: Any, tmp_path: Path) -> None:
    path = build(tmp_path / "a.tar.gz", {})
    with tarfile.open(tmp_path / "b.tar.gz", "w:gz") as archive:
        with tarfile.open(path) as old:
            for member in old.getmembers():
                archive.addfile(member, old.extractfile(member))
        link = tarfile.TarInfo("docs/link.md")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    assert tarball.judge(tmp_path / "b.tar.gz") == ["docs/link.md is neither a file nor a folder"]


def test_what_is_missing_is_named(tarball: Any, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz"):
        pass
    assert "README.md is missing" in tarball.judge(tmp_path / "a.tar.gz")


def test_a_stray_key_does_not_even_get_into_the_tarball(tmp_path: Path) -> None:
    """The directives of galaxy.yml, applied by what ansible-galaxy applies them with."""
    from distlib.manifest import Manifest

    wanted = ["README.md", "plugins/modules/a.py", "roles/r/tasks/main.yml", "lab/data/signatures.json.xz", "meta/runtime.yml"]
    stray = [
        "server.key", "plugins/modules/server.key", "roles/r/files/edge.pem", "lab/ca.pfx", ".lab/secrets", "playbooks/.hidden.yml",
        "plugins/modules/__pycache__/a.pyc", "docs/_build/index.rst", "requirements/dev.txt", "tests/unit/test_a.py", "inventory.ini",
    ]  # fmt: skip
    for name in wanted + stray:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x", encoding="utf-8")
    control = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["manifest"]
    assert control["omit_default_directives"] is True
    manifest = Manifest(str(tmp_path))
    for directive in control["directives"]:
        manifest.process_directive(directive)
    assert sorted(str(Path(path).relative_to(tmp_path)) for path in manifest.sorted()) == sorted(wanted)


def test_no_key_lies_in_the_tree(tarball: Any, project: Any) -> None:
    names = project.project_files()
    assert len(names) > 50
    assert [name for name in names if tarball.is_key_name(name)] == []
    assert [name for name in names if tarball.holds_private_key((ROOT / name).read_bytes())] == []


# -- what comes in


def entries(path: Path) -> list[str]:
    """The requirements of a lock, each with all of its hashes in one line."""
    text = re.sub(r"^\s*#.*$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE).replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip()]


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.stem)
def test_everything_in_a_lock_is_pinned_with_hashes(path: Path) -> None:
    locked = entries(path)
    assert locked
    for line in locked:
        assert re.match(r"[a-z0-9._-]+(\[[a-z0-9,_-]+\])?==[^\s;]+", line), line
        assert len(re.findall(r"--hash=sha256:[0-9a-f]{64}(?=\s|$)", line)) >= 1, line


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.stem)
def test_a_lock_names_no_host(path: Path) -> None:
    assert not re.search(r"://|^--|file:|trusted-host", path.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.stem)
def test_a_lock_holds_what_was_asked_for(path: Path) -> None:
    locked = {re.split(r"[=\[]", line, maxsplit=1)[0] for line in entries(path)}
    asked = path.with_suffix(".in").read_text(encoding="utf-8")
    if "-r tools.in" in asked:
        asked += (REQUIREMENTS / "tools.in").read_text(encoding="utf-8")
    names = re.findall(r"^([A-Za-z0-9][A-Za-z0-9_.-]*)", asked, re.MULTILINE)
    assert {re.sub(r"[-_.]+", "-", name.lower()) for name in names} <= locked


def test_set_up_installs_nothing_without_its_hash() -> None:
    script = (ROOT / "scripts" / "bootstrap").read_text(encoding="utf-8")
    installs = [line for line in script.splitlines() if "pip install" in line]
    assert len(installs) == 3
    assert all("--require-hashes" in line for line in installs)
    assert "--index-url" not in script
    assert "--no-verify" not in script


def wheel(folder: Path) -> Path:
    """The smallest wheel there is."""
    path = folder / "harmless-1.0-py3-none-any.whl"
    files = {
        "harmless.py": b"",
        "harmless-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: harmless\nVersion: 1.0\n",
        "harmless-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    for name, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        record += f"{name},sha256={digest},{len(content)}\n"
    files["harmless-1.0.dist-info/RECORD"] = (record + "harmless-1.0.dist-info/RECORD,,\n").encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("tampered", [False, True], ids=["as locked", "tampered with"])
def test_a_tampered_wheel_is_not_installed(tmp_path: Path, tampered: bool) -> None:
    path = wheel(tmp_path)
    lock = tmp_path / "lock.txt"
    lock.write_text(f"harmless==1.0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n", encoding="utf-8")
    if tampered:
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("more.py", b"print('hello')")
    uv = Path(sys.executable).parent / "uv"
    installer = [str(uv), "pip"] if uv.exists() else [sys.executable, "-m", "pip"]
    target = tmp_path / "target"
    ended = subprocess.run(
        [*installer, "install", "--require-hashes", "--no-index", "--find-links", str(tmp_path), "--target", str(target), "-r", str(lock)],
        check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL, cwd=tmp_path,
        # uv would take a wheel with the locked hash from its cache, where the other case of this test may have put one.
        env={**os.environ, "UV_NO_CACHE": "1", "PIP_NO_CACHE_DIR": "1"},
    )  # fmt: skip
    assert (ended.returncode != 0) is tampered, ended.stderr
    assert (target / "harmless.py").exists() is not tampered
    if tampered:
        assert "hash" in ended.stderr.lower()
