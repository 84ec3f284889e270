# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action plugin's end of the socket: find the host's daemon or start it, and tell it who is about to use it.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from ansible.utils.collection_loader import AnsibleCollectionConfig
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import NeverRan, StateError, from_json

from . import _daemon, _runtime


class Gone(Exception):
    """Nobody serves the socket, or who did went away before the answer."""


def ask(path: str, message: Mapping[str, Any]) -> dict[str, Any]:
    """One message. Errors that the daemon answers with are raised as what they are."""
    try:
        with _runtime.connect(path) as end, end.makefile("rwb") as stream:
            stream.write(json.dumps(message, default=str).encode("ascii") + b"\n")
            stream.flush()
            line = stream.readline()
    except OSError as exc:
        raise Gone(str(exc)) from exc
    if not line.endswith(b"\n"):
        raise Gone("no answer")
    reply: dict[str, Any] = json.loads(line)
    if "error" in reply:
        raise from_json(reply["error"])
    return reply


def attach(run: _runtime.Run, key: str, settings: Mapping[str, Any], message: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """Announce a host to its daemon, which is started where there is none. The answer, and whether it was started."""
    path = run.socket(key)
    asked = {"op": "attach", "digest": settings["digest"], **message}
    for _attempt in range(3):
        try:
            reply = ask(path, asked)
            if reply.get("changed"):
                reply = ask(path, {**asked, "settings": settings})
            return reply, False
        except Gone:
            pass
        with run.starting(key):
            # another worker may have been quicker
            try:
                _runtime.connect(path).close()
            except OSError:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(path)
                start(run, path, settings)
                with contextlib.suppress(Gone):
                    return ask(path, asked), True
    raise NeverRan("The session process of the host went away again and again: see whether something on the controller kills it.")


def start(run: _runtime.Run, path: str, settings: Mapping[str, Any]) -> None:
    """Its settings hold passwords, so they go by its stdin: no command line, no environment, no file."""
    told = {
        **settings,
        "socket": path,
        "owner": [run.owner.pid, run.owner.started],
        "python_path": sys.path,
        "collection_paths": list(AnsibleCollectionConfig.collection_paths),
    }
    # it outlives this worker, so nobody waits for it
    process = subprocess.Popen(
        [sys.executable, os.path.abspath(_daemon.__file__)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    if process.stdin is None or process.stdout is None:
        raise StateError("The session process has no pipes.")
    with process.stdout:
        with contextlib.suppress(BrokenPipeError), process.stdin:
            process.stdin.write(json.dumps(told, default=str).encode("ascii") + b"\n")
        line = process.stdout.readline()
    said = json.loads(line) if line.endswith(b"\n") else {}
    if not said.get("ready"):
        raise StateError(f"The session process did not start: {said.get('error') or 'it said nothing'}.")
