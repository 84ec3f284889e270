# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes down how long each task took, as the user of a playbook waits for it: from its start to its result."""

from __future__ import annotations

import json
import os
import time
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: task_times
type: notification
short_description: Writes down how long each task took
description:
  - Writes one line of JSON for each task that ended.
requirements:
  - Enabled with ANSIBLE_CALLBACKS_ENABLED=task_times, and LYNC_TASK_TIMES names the file.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "task_times"
    CALLBACK_NEEDS_ENABLED = True

    _started = 0.0

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        self._started = time.perf_counter()

    def _write(self, result: Any, outcome: str) -> None:
        seconds = time.perf_counter() - self._started
        line = {
            "task": result.task.get_name(),
            "seconds": seconds,
            "outcome": outcome,
            "rc": result.result.get("rc"),
            "stdout": result.result.get("stdout"),
            "msg": result.result.get("msg"),
        }
        with open(os.environ["LYNC_TASK_TIMES"], "a", encoding="ascii") as file:
            file.write(json.dumps(line) + "\n")

    def v2_runner_on_ok(self, result: Any) -> None:
        self._write(result, "ok")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._write(result, "failed")

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._write(result, "unreachable")
