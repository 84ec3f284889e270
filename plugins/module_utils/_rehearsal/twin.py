# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The twin of a rehearsal: a lab in a process of its own, and playbooks that know nothing but its inventory.

Every Python process that is started here takes lab/loopback.py as its sitecustomize, so it connects to this machine only.
Nothing of the environment is handed on but what programs need to be found.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from .._engine.errors import NotReady, StateError

try:
    import yaml
except ImportError:
    pass  # ansible-core needs it itself

COLLECTION = Path(__file__).parents[3]
LAB = "ansible_collections.lync.xmpp_migration.lab"
PLAYBOOK = "rehearsal.yml"
TASKS, CONNECTS, LOG = "tasks.ndjson", "connects.ndjson", "rehearsal.log"
_KEPT = ("PATH", "LANG", "LC_ALL", "TZ")
_CONFIG = """[defaults]
host_key_checking = true
collections_path = {collections}
callback_plugins = {callbacks}
callbacks_enabled = rehearsal_watch
retry_files_enabled = false
localhost_warning = false
forks = 5
"""


class Twin:
    """`directory` is the rehearsal's own; what is short-lived lies in a short path, because sockets want one."""

    def __init__(self, directory: Path, playbook: str) -> None:
        self.directory = directory
        self.state = directory / "state"
        self._lab = directory / "lab"
        self._short = Path(tempfile.mkdtemp(prefix="lr-"))
        self._up = False
        self.inventory = ""
        collections, guard, callbacks = (directory / name for name in ("collections", "guard", "callbacks"))
        namespace = collections / "ansible_collections" / "lync"
        for one in (namespace, guard, callbacks, directory / "home"):
            one.mkdir(mode=0o700, parents=True)
        for one in (namespace, namespace.parent):  # else a package of the same name elsewhere would come first
            (one / "__init__.py").touch()
        (namespace / "xmpp_migration").symlink_to(COLLECTION.resolve(), target_is_directory=True)
        shutil.copyfile(COLLECTION / "lab" / "loopback.py", guard / "sitecustomize.py")
        shutil.copyfile(COLLECTION / "plugins" / "plugin_utils" / "_rehearsal_watch.py", callbacks / "rehearsal_watch.py")
        (directory / "ansible.cfg").write_text(
            _CONFIG.format(collections=collections, callbacks=callbacks), encoding="utf-8"
        )
        play = [{"import_playbook": playbook}]
        (directory / PLAYBOOK).write_text(json.dumps(play), encoding="utf-8")
        self.environment = {
            **{name: os.environ[name] for name in _KEPT if name in os.environ},
            "HOME": str(directory / "home"),
            "TMPDIR": str(self._short),
            "XDG_RUNTIME_DIR": str(self._short),
            "PYTHONPATH": os.pathsep.join((str(guard), str(collections))),
            "ANSIBLE_CONFIG": str(directory / "ansible.cfg"),
            "ANSIBLE_HOME": str(directory / "home" / ".ansible"),
            "ANSIBLE_COLLECTIONS_PATH": str(collections),
            "ANSIBLE_NOCOLOR": "1",
            "LYNC_LAB_CONNECTS": str(directory / CONNECTS),
            "LYNC_REHEARSAL_TASKS": str(directory / TASKS),
        }

    # --- life

    def __enter__(self) -> Twin:
        return self

    def __exit__(self, *exc: object) -> None:
        self.down()

    def up(self, estate: Path) -> None:
        """The lab, once it is sure that nothing here gets out."""
        self._check()
        self._up = True
        self.told = json.loads(
            self._lab_command("up", "--estate", str(estate), "--xmpp", "simple", "--owner", str(os.getpid()))
        )
        self.inventory = str(self.told["inventory"])
        self.environment |= {str(name): str(value) for name, value in self.told["environment"].items()}

    def down(self) -> None:
        """Whatever became of it: the lab takes its secrets with it."""
        if self._up:
            with suppress(NotReady):
                self._lab_command("down")
        self._up = False
        for one in (self._short, self._lab, self.directory / "home", self.directory / "collections", self.directory / "guard",
                    self.directory / "callbacks"):  # fmt: skip
            shutil.rmtree(one, ignore_errors=True)

    def _check(self) -> None:
        ended = subprocess.run(
            [sys.executable, "-c", "import sys, ansible; print(sys.modules['sitecustomize'].installed)"],
            env=self.environment, cwd=self.directory, capture_output=True, text=True, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        if ended.stdout.strip() != "True":
            raise StateError(
                "The rehearsal is not begun, because what keeps it on this machine (lab/loopback.py as sitecustomize) is not loaded by "
                f"{sys.executable}: {(ended.stderr.strip().splitlines() or ['it was not found'])[-1]}."
            )

    # --- the lab

    def _lab_command(self, name: str, *arguments: str) -> str:
        ended = subprocess.run(
            [sys.executable, "-m", LAB, name, "--state-dir", str(self._lab), *arguments],
            env=self.environment, cwd=self.directory, capture_output=True, text=True, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        if ended.returncode:
            said = (ended.stderr.strip().splitlines() or ["it gave no reason"])[-1]
            raise NotReady(f"The twin could not do '{name}': {said}")
        return ended.stdout

    def gui(self, name: str, value: str) -> None:
        """The twin's operator at a console."""
        self._lab_command("gui", name, value)

    def violations(self) -> list[dict[str, Any]]:
        return list(json.loads(self._lab_command("counts"))["violations"])

    def lab_state(self) -> dict[str, Any]:
        return dict(json.loads(self._lab_command("state")))

    def confirm(self, gate: str) -> None:
        """Into the variables of the twin, which are its own."""
        path = Path(str(self.told["vars"]))
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
        confirmed = values["lync_migration"].setdefault("gates_confirmed", [])
        if gate not in confirmed:
            confirmed.append(gate)
        path.write_text(yaml.safe_dump(values, allow_unicode=True, sort_keys=False), encoding="utf-8")

    # --- playbooks

    def play(self, *arguments: str) -> tuple[int, list[Mapping[str, Any]]]:
        """One ansible-playbook, and what its tasks did."""
        start = sum(1 for _line in self._lines(TASKS))
        extra = json.dumps({"lync_migration_state_dir": str(self.state)})
        command = [sys.executable, "-m", "ansible", "playbook", "-i", self.inventory, PLAYBOOK, "-e", extra, *arguments]
        with open(self.directory / LOG, "ab") as log:
            ended = subprocess.run(
                command, env=self.environment, cwd=self.directory, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, check=False,
            )  # fmt: skip
        return ended.returncode, list(self._lines(TASKS))[start:]

    def refused(self) -> list[str]:
        """What something tried to reach that is not on this machine."""
        return sorted({str(one["refused"]) for one in self._lines(CONNECTS) if "refused" in one})

    def _lines(self, name: str) -> Iterator[Mapping[str, Any]]:
        with suppress(FileNotFoundError), open(self.directory / name, encoding="ascii") as file:
            for line in file:
                with suppress(ValueError):
                    yield json.loads(line)
