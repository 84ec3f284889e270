# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where things lie in a checkout, and how the gates run a program."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".cache"
# For a program that hangs. How long ./check may take is another matter: a busy machine is no reason to break it off.
PATIENCE = 1800.0
NAMESPACE = Path("ansible_collections", "lync", "xmpp_migration")


def project_files(*suffixes: str) -> list[str]:
    """The files of the project, relative to its root: what git tracks or would track, else all that is not hidden."""
    try:
        listed = (
            subprocess.run(
                ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
                cwd=ROOT,
                check=True,
                capture_output=True,
            )
            .stdout.decode()
            .split("\0")
        )
    except (OSError, subprocess.CalledProcessError):
        listed = [str(path.relative_to(ROOT)) for path in ROOT.glob("[!.]*/**/*")] + [
            path.name for path in ROOT.glob("*")
        ]
    names = sorted({name for name in listed if name and (ROOT / name).is_file()})
    return [name for name in names if not suffixes or name.endswith(suffixes)]


def copy_tree(name: str, files: Iterable[str]) -> Path:
    """A copy of these files below ansible_collections/lync/xmpp_migration: ansible-test asks for these very folders."""
    base = CACHE / "tree" / name
    destination = base / NAMESPACE
    shutil.rmtree(destination, ignore_errors=True)
    for file in files:
        target = destination / file
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / file, target, follow_symlinks=False)
    # ansible-test asks git for the files, and would else find the checkout's repository, which ignores this copy.
    if not (base / ".git").exists():
        subprocess.run(["git", "init", "--quiet", str(base)], check=True)
    return destination


_running: set[subprocess.Popen[str]] = set()


@dataclass(frozen=True)
class Ended:
    """How a program ended."""

    code: int
    output: str
    seconds: float


def run(
    argv: Sequence[str | Path],
    *,
    seconds: float = PATIENCE,
    cwd: Path = ROOT,
    env: Mapping[str, str] | None = None,
    live: bool = False,
) -> Ended:
    """Runs a program in a process group of its own, without input; ends the group when its time is up.

    ``live`` lets its output through as it comes.
    """
    started = time.monotonic()
    process = subprocess.Popen(
        [str(part) for part in argv],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=None if live else subprocess.PIPE,
        stderr=None if live else subprocess.STDOUT,
        start_new_session=True,
        text=True,
        errors="replace",
    )
    _running.add(process)
    try:
        output, _none = process.communicate(timeout=seconds)
        code = process.returncode
    except subprocess.TimeoutExpired:
        _end_group(process)
        output = f"{process.communicate()[0] or ''}\nended after {seconds:.0f} seconds: it should never take as long"
        code = 124
        if live:
            print(output, file=sys.stderr)
    except BaseException:
        _end_group(process)
        raise
    finally:
        _running.discard(process)
    return Ended(code, output or "", time.monotonic() - started)


def end_all() -> None:
    """Ends what is still running, with all that it started: for a run that is broken off."""
    for process in tuple(_running):
        _end_group(process)


def _end_group(process: subprocess.Popen[str]) -> None:
    for ending in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, ending)
            process.wait(10)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue
