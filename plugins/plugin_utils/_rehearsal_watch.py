# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Watches a rehearsal from inside ansible-playbook: one line of JSON for each task that ended, and when.

It is copied into the directory of a rehearsal, and only there it is enabled.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import json
import os
import time
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: rehearsal_watch
type: notification
short_description: Tells a rehearsal what each task did
description:
  - Writes one line of JSON for each task that ended.
requirements:
  - Enabled by the module rehearsal alone.
"""

OURS = "lync.xmpp_migration."


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "rehearsal_watch"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._began: dict[Any, float] = {}

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        self._began[str(host), task._uuid] = time.time()

    def _tell(self, result: Any, outcome: str) -> None:
        path = os.environ.get("LYNC_REHEARSAL_TASKS")
        if not path:
            return
        task, values, now = result.task, result.result, time.time()
        line = {
            "role": (task._role.get_name() if task._role else "").removeprefix(OURS),
            "task": task.get_name(include_role_fqcn=False).rpartition(" : ")[2],
            "host": result.host.get_name(),
            "outcome": outcome,
            "msg": str(values.get("msg") or "") if outcome in ("failed", "unreachable") else "",
            "error": values.get("error"),
            "arguments": (values.get("invocation") or {}).get("module_args") if outcome == "failed" else None,
            "from": self._began.get((str(result.host), task._uuid), now),
            "to": now,
        }
        with open(path, "a", encoding="ascii") as file:
            file.write(json.dumps(line, default=str) + "\n")

    def v2_runner_on_ok(self, result: Any) -> None:
        self._tell(result, "ok")

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._tell(result, "failed")

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._tell(result, "unreachable")

    def v2_runner_item_on_failed(self, result: Any) -> None:
        self._tell(result, "failed")
