#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: restart
short_description: Restart a Windows host where that is wanted, and wait for its return
version_added: 0.1.0
description:
  - Sees whether Windows waits for a restart, makes it with C(Restart-Computer), and waits until the host is back. The session is renewed then.
  - That the host was restarted is seen in the time of its last start. The answer to C(Restart-Computer) may be lost while the host goes down; it is never
    sent a second time.
options:
  state:
    description:
      - With V(when_pending) the host is restarted where components or updates were installed that need it, files in use are to be replaced, or
        another primary DNS suffix was set.
      - With V(always) it is restarted each time, for O(reason).
    type: str
    choices: [when_pending, always]
    default: when_pending
  reason:
    description: Why the host is restarted. Required with O(state=always).
    type: str
  ignored:
    description: Signs of a pending restart that are not counted, for a host on which they never go away.
    type: list
    elements: str
    choices: [components, updates, file_renames, dns_suffix]
    default: []
  wait_seconds:
    description: How long to wait for the host's return.
    type: int
    default: 1200
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
attributes:
  idempotent:
    support: partial
    details: With O(state=always) the host is restarted each time.
notes:
  - A restart cannot be taken back. Restart one machine of a pool at a time.
seealso:
  - name: Restart-Computer
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/microsoft.powershell.management/restart-computer
  - module: lync.xmpp_migration.session
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Restart the server where Windows waits for it
  lync.xmpp_migration.restart:

- name: Restart the server for its new group membership
  lync.xmpp_migration.restart:
    state: always
    reason: New group membership of the computer
"""

RETURN = r"""
restart:
  description: What was done.
  returned: success
  type: dict
  contains:
    restarted:
      description: Whether the host was restarted, or in check mode would be.
      type: bool
    reasons:
      description: Why.
      type: list
      elements: str
    started:
      description: When Windows was started last (UTC). Null where that is not known.
      type: str
  sample:
    restarted: true
    reasons: [Windows features or components were installed]
    started: "2026-11-21T08:12:04+00:00"
calls:
  description: The calls that were made to change something, or in check mode would be.
  returned: always
  type: list
  elements: dict
  contains:
    cmdlet:
      description: The name of the cmdlet or program.
      type: str
    parameters:
      description: Its parameters.
      type: dict
  sample:
    - cmdlet: Restart-Computer
      parameters:
        Confirm: false
        Force: true
"""

from typing import Any

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._windows.restart import run

ARGUMENT_SPEC = {
    "state": {"type": "str", "choices": ["when_pending", "always"], "default": "when_pending"},
    "reason": {"type": "str"},
    "ignored": {
        "type": "list",
        "elements": "str",
        "choices": ["components", "updates", "file_renames", "dns_suffix"],
        "default": [],
    },
    "wait_seconds": {"type": "int", "default": 1200},
}
CONSTRAINTS: dict[str, Any] = {"required_if": [("state", "always", ["reason"])]}


def main() -> None:
    execute(ARGUMENT_SPEC, run, **CONSTRAINTS)


if __name__ == "__main__":
    main()
