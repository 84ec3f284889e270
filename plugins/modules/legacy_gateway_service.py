#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: legacy_gateway_service
short_description: Stop or start the service of the old XMPP gateway
version_added: 0.1.0
description:
  - Stops the Windows service of the XMPP gateway of Office Communications Server 2007 R2 (C(Stop-Service)), which closes its streams. It can be started again.
    The host is never switched off, because its partners would go on sending into streams that nobody closes.
  - The service is found by its display name (Office Communications Server XMPP Gateway). No published page gives the name that Windows has for it.
  - Does nothing where no session with the host was had in this run, for example because its Windows PowerShell is too old. Let a task with
    M(lync.xmpp_migration.session) and O(lync.xmpp_migration.session#module:state=tried) go before it, and M(lync.xmpp_migration.manual_gate) after it.
  - It is not stopped before M(lync.xmpp_migration.go_no_go) has seen that every name server led to the new Edge for long enough.
options:
  state:
    description: What the service is to be.
    type: str
    choices: [stopped, started]
    default: stopped
  wait_seconds:
    description: Seconds to wait until it is, and, when stopped, until no process of the host holds a stream on port 5269.
    type: int
    default: 120
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
seealso:
  - module: lync.xmpp_migration.manual_gate
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Stop the old gateway
  lync.xmpp_migration.legacy_gateway_service:
    state: stopped
  delegate_to: xmppgw
"""

RETURN = r"""
gateway:
  description: The service after the task.
  returned: success
  type: dict
  contains:
    session:
      description: Whether there is a session with the host.
      type: bool
    service:
      description: The service with its name, display name and status.
      type: dict
    streams:
      description: Streams on port 5269 that a process of the host still holds, when stopped.
      type: int
    why:
      description: Why there is no session.
      type: str
  sample:
    session: true
    service:
      name: OCSXMPPTGW
      display_name: Office Communications Server XMPP Gateway
      status: Stopped
    streams: 0
    why: ""
calls:
  description: The cmdlets that were called to change something, or in check mode would be.
  returned: always
  type: list
  elements: dict
  contains:
    cmdlet:
      description: The name of the cmdlet.
      type: str
    parameters:
      description: Its parameters. Secrets are left out.
      type: dict
  sample:
    - cmdlet: Stop-Service
      parameters:
        Name: OCSXMPPTGW
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._servers.legacy_gateway import run

ARGUMENT_SPEC = {
    "state": {"type": "str", "choices": ["stopped", "started"], "default": "stopped"},
    "wait_seconds": {"type": "int", "default": 120},
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
