# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labs for tests: each with ports, addresses and a directory of its own, and none left behind."""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

LAB = [sys.executable, "-m", "ansible_collections.lync.xmpp_migration.lab"]


class RunningLab:
    """A lab in a process of its own. ``ready`` is what ``lab up`` printed."""

    def __init__(self, directory: Path, estate: str | Path, *options: str) -> None:
        self.directory = directory
        # Loopback has room for all labs of all workers at once; the lab takes ports that are free.
        prefix = f"127.{random.randrange(64, 250)}.{random.randrange(1, 250)}"
        given = ["--estate", str(estate), "--prefix", prefix, "--owner", str(os.getpid()), "--xmpp", "simple", *options]
        self.ready: dict[str, Any] = json.loads(self.command("up", *given))

    def command(self, name: str, *arguments: str) -> str:
        """The output of a lab command on this lab. RuntimeError with the lab's sentence where it fails."""
        done = subprocess.run(
            [*LAB, name, "--state-dir", str(self.directory), *arguments], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(done.stderr.strip())
        return done.stdout

    @property
    def inventory(self) -> str:
        return self.ready["inventory"]

    @property
    def environment(self) -> dict[str, str]:
        """What a client of this lab needs in its environment (a Kerberos configuration)."""
        return self.ready["environment"]

    def state(self) -> dict[str, Any]:
        return json.loads(self.command("state"))

    def counts(self) -> dict[str, Any]:
        return json.loads(self.command("counts"))

    def transcript(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.command("transcript").splitlines()]

    def fault(self, *faults: dict[str, Any], clear: bool = False) -> None:
        self.command("fault", json.dumps(list(faults)), *(["--clear"] if clear else []))

    def secrets(self) -> dict[str, str]:
        return json.loads((self.directory / "secrets.json").read_text())

    def down(self) -> None:
        self.command("down")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., RunningLab]]:
    """``lab(estate, *options)`` starts a lab; all of a module's end with it."""
    with contextlib.ExitStack() as stack:

        def start(estate: str | Path = "small", *options: str) -> RunningLab:
            running = RunningLab(tmp_path_factory.mktemp("lab"), estate, *options)
            stack.callback(_end, running)
            return running

        yield start


def _end(running: RunningLab) -> None:
    if (running.directory / "lab.json").exists():
        running.down()
