#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: lync_service
short_description: Have the Windows services of Lync running, with their present certificates
version_added: 0.1.0
description:
  - Starts the Windows services of Lync that do not run (C(Start-CsWindowsService)).
  - Stops and starts all of them (C(Stop-CsWindowsService -Graceful)) where one was started before a certificate that it reads was assigned. A restart is a
    state, so a run that was interrupted between the assignment and the restart makes up for it.
  - The XMPP proxy of an Edge is left alone until a certificate is assigned for the use C(XmppServer), without which it cannot start.
  - Open XMPP ports are recorded as evidence, without which no XMPP partner is created.
options:
  listening_ports:
    description: TCP ports that have to be open in the end.
    type: list
    elements: int
    default: []
  wait_seconds:
    description: How long to wait for services that start slowly, and for the ports.
    type: int
    default: 300
  may_be_stopped:
    description: Names of Windows services that do not have to run.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
seealso:
  - name: Start-CsWindowsService
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/start-cswindowsservice
  - name: Stop-CsWindowsService
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/stop-cswindowsservice
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Start the services
  lync.xmpp_migration.lync_service:

- name: Restart what is older than its certificate, and see that XMPP listens
  lync.xmpp_migration.lync_service:
    listening_ports:
      - 5269
      - 23456
"""

RETURN = r"""
lync:
  description: The services after the task.
  returned: success
  type: dict
  contains:
    services:
      description: Windows services of Lync on the server.
      type: list
      elements: dict
    restarted:
      description: Services that were older than a certificate that they read.
      type: list
      elements: str
    listening:
      description: Those of O(listening_ports) that are open.
      type: list
      elements: int
  sample:
    services:
      - name: RTCSRV
        display_name: Lync Server Access Edge
        status: Running
    restarted: [RTCSRV]
    listening: [5269, 23456]
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._servers.service import run

ARGUMENT_SPEC = {
    "listening_ports": {"type": "list", "elements": "int", "default": []},
    "wait_seconds": {"type": "int", "default": 300},
    "may_be_stopped": {"type": "list", "elements": "str", "default": []},
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
