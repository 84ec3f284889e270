# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes down which modules of the collection a playbook called, in which order and with which options.

For tests only, and off unless LYNC_REPLAY_RECORD names the file. Options that are secret come censored from the module.
"""

from __future__ import annotations

import json
import os
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: record
type: notification
short_description: Records the module calls of the collection for a replay
description:
  - Writes one line of JSON for each module task that ended, loop items one by one.
requirements:
  - Enabled with ANSIBLE_CALLBACKS_ENABLED=record, and LYNC_REPLAY_RECORD names the file.
"""

OURS = "lync.xmpp_migration."


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "record"
    CALLBACK_NEEDS_ENABLED = True

    def _record(self, result: Any, outcome: str) -> None:
        path = os.environ.get("LYNC_REPLAY_RECORD")
        task, values = result.task, result.result
        action = str(task.action) if str(task.action).startswith(OURS) else str(task.resolved_action)
        if not path or not action.startswith(OURS) or "results" in values:  # the items of a loop came one by one
            return
        line = {
            "module": action[len(OURS) :],
            "host": result.host.get_name(),
            "delegated": result.task_fields.get("delegate_to"),
            "role": (task._role.get_name() if task._role else "").removeprefix(OURS),
            "task": task.get_name(include_role_fqcn=False).rpartition(" : ")[2],
            "tags": list(task.tags),
            "check": bool(task.check_mode),
            "arguments": (values.get("invocation") or {}).get("module_args"),
            "outcome": outcome,
            "changed": bool(values.get("changed")),
            "msg": values.get("msg"),
        }
        with open(path, "a", encoding="ascii") as file:
            file.write(json.dumps(line) + "\n")

    def v2_runner_on_ok(self, result: Any) -> None:
        self._record(result, "ok")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._record(result, "failed")

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._record(result, "unreachable")

    def v2_runner_item_on_ok(self, result: Any) -> None:
        self._record(result, "ok")

    def v2_runner_item_on_failed(self, result: Any) -> None:
        self._record(result, "failed")
