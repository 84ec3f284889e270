# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shells and playbooks against a running lab."""

from __future__ import annotations

import base64
import contextlib
import html
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from ansible.plugins.loader import init_plugin_loader
from ansible.utils.collection_loader import AnsibleCollectionConfig
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.journal import entries
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils import _runtime, _winrm
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils._endpoint import Endpoint
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils._shell import WARM, Shell

if AnsibleCollectionConfig.collection_finder is None:
    init_plugin_loader()

PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")


def options_of(lab: Any, host: str, transport: str = "basic") -> tuple[dict[str, Any], dict[str, Any]]:
    """What core would have resolved from the lab's inventory: options of the winrm plugin, and extras."""
    known = yaml.safe_load(Path(lab.inventory).read_text())["all"]["hosts"][host]
    user = yaml.safe_load((Path(lab.inventory).parent / "host_vars" / host / "credentials.yml").read_text())
    ports = lab.ready["hosts"][host]
    scheme = "https" if transport == "basic" else "http"
    name = user["ansible_user"]
    if transport == "kerberos":
        name = name.partition("\\")[2] + "@CONTOSO.TEST"
    options = {
        "remote_addr": "127.0.0.1", "port": ports[scheme], "scheme": scheme, "path": "/wsman", "transport": [transport],
        "remote_user": name, "remote_password": user["ansible_password"], "kerberos_command": "kinit",
        "kinit_env_vars": ["KRB5_CONFIG"],
    }  # fmt: skip
    extras = {
        "ansible_winrm_ca_trust_path": known.get("ansible_winrm_ca_trust_path") or str(Path(lab.inventory).with_name("ca.pem")),
        "ansible_winrm_kerberos_hostname_override": ports["fqdn"],
    }
    return options, extras


def shell_of(lab: Any, host: str, transport: str = "basic", mode: str = WARM, **more: Any) -> Shell:
    options, extras = options_of(lab, host, transport)
    options.update(more)
    return Shell(lambda: _winrm.connect(options, extras), Endpoint.of(options, extras).shown, mode)


@contextlib.contextmanager
def short_home() -> Iterator[Path]:
    """For sockets: pytest's own directories are longer than a socket's path may be."""
    path = Path(tempfile.mkdtemp(prefix="t", dir="/tmp"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def eventually(true: Any, seconds: float = 15.0) -> bool:
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def control(lab: Any, op: str, **fields: Any) -> Any:
    """A command of the lab without a process for it: for what is asked often."""
    with socket.socket(socket.AF_UNIX) as end, end.makefile("rwb") as stream:
        end.connect(lab.ready["control"])
        stream.write(json.dumps({"op": op, **fields}).encode() + b"\n")
        stream.flush()
        answer = json.loads(stream.readline())
    assert answer["ok"], answer
    return answer["result"]


def transcript(lab: Any) -> list[dict[str, Any]]:
    lines = control(lab, "transcript")
    return [json.loads(line) if isinstance(line, str) else line for line in lines]


class Controller:
    """A user's side: a home, a state directory, and playbooks run by ansible-playbook."""

    def __init__(self, lab: Any, home: Path) -> None:
        self.lab = lab
        self.home = home
        self.state = home / "state"
        self._number = 0

    def write(self, plays: list[dict[str, Any]]) -> Path:
        self._number += 1
        path = self.home / f"playbook{self._number}.yml"
        path.write_text(yaml.safe_dump(plays, sort_keys=False))
        return path

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "XDG_"))}
        return {
            **kept,
            **self.lab.environment,
            "HOME": str(self.home),
            "TMPDIR": str(self.home),
            "XDG_RUNTIME_DIR": str(self.home),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default",
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            **more,
        }

    def start(self, plays: list[dict[str, Any]], *arguments: str, **environment: str) -> subprocess.Popen[str]:
        command = [str(PLAYBOOK), "-i", self.lab.inventory, *arguments, str(self.write(plays))]
        command += ["-e", json.dumps({"lync_migration_state_dir": str(self.state)})]
        return subprocess.Popen(
            command, env=self.environment(**environment), cwd=self.home, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip

    def run(self, plays: list[dict[str, Any]], *arguments: str, **environment: str) -> Played:
        process = self.start(plays, *arguments, **environment)
        output = process.communicate(timeout=120)[0]
        return Played(process.returncode, output)

    # --- what is left behind

    def daemons(self) -> list[int]:
        """Processes that serve a socket of this home."""
        found = []
        for name in os.listdir("/proc"):
            if name.isdigit():
                with contextlib.suppress(OSError):
                    if b"_daemon.py" in Path(f"/proc/{name}/cmdline").read_bytes() and self._ours(int(name)):
                        found.append(int(name))
        return found

    def _ours(self, pid: int) -> bool:
        runtime = self.home / f"lync-{os.geteuid()}"
        sockets = {int(line.split()[6]): line.split()[-1] for line in Path("/proc/net/unix").read_text().splitlines()[1:]}
        mine = {inode for inode, path in sockets.items() if path.startswith(str(runtime))}
        links = []
        for number in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                links.append(os.readlink(f"/proc/{pid}/fd/{number}"))
        return any(link == f"socket:[{inode}]" for link in links for inode in mine)

    def open_shells(self) -> int:
        return int(control(self.lab, "counts")["total"]["open_shells"])

    def nothing_left(self) -> bool:
        """No daemon, no socket, no shell. A run that needed no session leaves its name, which the next one sweeps."""
        left = {path.name for path in self.home.glob("lync-*/*/*") if path.name != "run.json" and path.suffix != ".lock"}
        return not self.daemons() and not left and self.open_shells() == 0

    def journal(self) -> list[dict[str, Any]]:
        """Its whole lines: somebody may be writing the next one."""
        return list(entries(self.state)) if self.state.exists() else []


def forms(secret: str) -> list[bytes]:
    """What a secret may look like in a file."""
    raw = secret.encode()
    coded = [base64.b64encode(b"x" * skip + raw)[4:-4] for skip in range(3)]
    escaped = [json.dumps(secret)[1:-1], html.escape(secret), urllib.parse.quote(secret, safe="")]
    return [raw, secret.encode("utf-16-le"), *coded, *(text.encode() for text in escaped)]


def files_with(secret: str, home: Path) -> list[Path]:
    wanted, found = forms(secret), []
    for path in home.rglob("*"):
        with contextlib.suppress(OSError):
            if path.is_file() and any(form in path.read_bytes() for form in wanted):
                found.append(path)
    return found


class Played:
    """What a playbook did and said."""

    def __init__(self, code: int, output: str) -> None:
        self.code, self.output = code, output

    def recap(self, host: str) -> dict[str, int]:
        line = next(one for one in reversed(self.output.splitlines()) if one.startswith(f"{host} "))
        return {name: int(value) for name, value in (word.split("=") for word in line.split(":", 1)[1].split())}

    @property
    def flat(self) -> str:
        return " ".join(self.output.split())

    def said(self, *texts: str) -> bool:
        return all(text in self.flat for text in texts)

    def results(self) -> list[dict[str, Any]]:
        """What `debug: var=` printed, in order."""
        found, decoder = [], json.JSONDecoder()
        for part in self.output.split("=> ")[1:]:
            with contextlib.suppress(ValueError):
                found.append(decoder.raw_decode(part.lstrip())[0])
        return found


def module(name: str, **options: Any) -> dict[str, Any]:
    return {f"lync.xmpp_migration.{name}": options}


def play(hosts: str, *tasks: dict[str, Any], **keywords: Any) -> dict[str, Any]:
    return {"hosts": hosts, "gather_facts": False, **keywords, "tasks": list(tasks)}


def process_alive(pid: int) -> bool:
    return _runtime.started(pid) is not None
