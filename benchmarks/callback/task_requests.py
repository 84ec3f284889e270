# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes down what a lab's endpoint had counted when each task was over."""

from __future__ import annotations

import json
import os
import socket
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: task_requests
type: notification
short_description: Writes down the requests of WS-Management that a lab counted
description:
  - Writes one line of JSON for each task, with the count of each host when the task was over.
requirements:
  - Enabled with ANSIBLE_CALLBACKS_ENABLED=task_requests. LYNC_LAB_CONTROL names the lab's socket, LYNC_TASK_REQUESTS the file.
"""


def counts() -> dict[str, int]:
    with socket.socket(socket.AF_UNIX) as end, end.makefile("rwb") as stream:
        end.connect(os.environ["LYNC_LAB_CONTROL"])
        stream.write(b'{"op": "counts"}\n')
        stream.flush()
        hosts = json.loads(stream.readline())["result"]["hosts"]
    return {name: int(one["requests"]) for name, one in hosts.items()}


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "task_requests"
    CALLBACK_NEEDS_ENABLED = True

    _task: Any = None
    _batch = 0

    def _over(self) -> None:
        if self._task is None:
            return
        role = self._task._role
        line = {
            "task": self._task.get_name(),
            "role": role.get_name() if role else "",
            "tags": list(self._task.tags),
            "batch": self._batch,
            "requests": counts(),
        }
        with open(os.environ["LYNC_TASK_REQUESTS"], "a", encoding="ascii") as file:
            file.write(json.dumps(line) + "\n")

    def v2_playbook_on_play_start(self, play: Any) -> None:
        """Of each batch of hosts of a play that takes them in turn."""
        self._over()
        self._task = None
        self._batch += 1

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        self._over()
        self._task = task

    def v2_playbook_on_stats(self, stats: Any) -> None:
        self._over()
