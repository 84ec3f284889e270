# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file of 5 MB to a host and back, over real pywinrm and a real WS-Management endpoint."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.context import Context
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import perform
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.performer import make_performer
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.session import DirectTransport, Session
from ansible_collections.lync.xmpp_migration.plugins.modules import server_file
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils._shell import Shell

sys.path.insert(0, str(Path(__file__).parent))
from transport_support import shell_of

PATH = r"C:\ProgramData\large.bin"
SIZE = 5 * 2**20


class Counting:
    """A shell, and how long the JSON of each request to it was."""

    starts = 1

    def __init__(self, shell: Shell) -> None:
        self.shell, self.sizes = shell, []  # type: Shell, list[int]

    @property
    def hello(self) -> Any:
        return self.shell.hello

    @property
    def scope(self) -> str:
        return self.shell.scope

    def request(self, calls: list[dict[str, Any]], seconds: float) -> Any:
        self.sizes.append(len(json.dumps({"id": 1, "calls": calls})))
        return self.shell.request(calls, seconds)


@pytest.fixture(name="shell", params=["basic", "ntlm"])
def _shell(lab: Any, request: pytest.FixtureRequest) -> Iterator[Shell]:
    one = shell_of(lab("small"), "fe", request.param)
    one.open()
    yield one
    one.drop()


def test_five_megabytes_there_and_back(shell: Shell, tmp_path: Path) -> None:
    content = os.urandom(SIZE)
    (tmp_path / "large.bin").write_bytes(content)
    counting = Counting(shell)
    context = Context(str(tmp_path / "state"), "run-1", "fe", module="server_file", operator="ann")
    transport = DirectTransport(make_performer(counting, context))
    params = {"src": str(tmp_path / "large.bin"), "dest": PATH}

    def run() -> dict[str, Any]:
        return perform(
            server_file.ARGUMENT_SPEC,
            server_file.run,
            params,
            context,
            lambda _host: transport,
            **server_file.CONSTRAINTS,
        )

    result = run()
    assert not result.get("failed"), result
    assert Session(transport, context).read_file(PATH) == content
    assert len(counting.sizes) <= 20 and max(counting.sizes) <= 1_000_000
    print(f"{len(counting.sizes)} requests, the longest of {max(counting.sizes)} characters")

    there = len(counting.sizes)
    assert run()["changed"] is False and len(counting.sizes) == there + 1  # its hash is all that is asked for
    changed = bytearray(content)
    changed[SIZE // 2] ^= 1
    (tmp_path / "large.bin").write_bytes(bytes(changed))
    assert run()["changed"] is True
    assert Session(transport, context).read_file(PATH) == bytes(changed)
    assert shell.starts == 1
