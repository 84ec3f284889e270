#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: server_components
short_description: Install the server components that the local store gives a Lync server
version_added: 0.1.0
description:
  - Runs C(Bootstrapper.exe) where a Windows service is missing that a role of this server in its local store brings, and C(Enable-CsComputer) after it.
  - What the Deployment Wizard calls "Setup or Remove Lync Server Components".
  - Once the local store has XMPP federation, the translating gateway of a Front End and the proxy of an Edge belong to it. That they are there is recorded
    as evidence, without which no XMPP partner is created.
options:
  xmpp:
    description: Wait until XMPP federation has come to the local store, and fail where it has not.
    type: bool
    default: false
  wait_seconds:
    description: How long to wait with O(xmpp).
    type: int
    default: 300
  source_directory:
    description:
      - Full path on the server to the folder C(Setup\amd64) of the installation media, for C(Bootstrapper.exe).
      - By default it uses what the installation of the core files has left on the server.
    type: str
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
notes:
  - On an Edge server, C(Enable-CsComputer) may be refused, because the server is in a workgroup. That is a warning, not an error.
seealso:
  - name: Setting up XMPP federation
    description: Why the set-up is run again on each Front End and Edge server.
    link: https://learn.microsoft.com/en-us/previous-versions/office/lync-server-2013/lync-server-2013-setting-up-xmpp-federation
  - name: Enable-CsComputer
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/enable-cscomputer
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Install the components of a new server
  lync.xmpp_migration.server_components:

- name: Install the XMPP components
  lync.xmpp_migration.server_components:
    xmpp: true
"""

RETURN = r"""
server:
  description: The components of the server.
  returned: success
  type: dict
  contains:
    components:
      description: Windows services that the roles of the server bring, as far as their names are known.
      type: list
      elements: str
    installed:
      description: Those that were missing.
      type: list
      elements: str
  sample:
    components: [RTCDATAPROXY, RTCMEDIARELAY, RTCMRAUTH, RTCSRV, XMPP proxy]
    installed: [XMPP proxy]
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._servers.components import run

ARGUMENT_SPEC = {
    "xmpp": {"type": "bool", "default": False},
    "wait_seconds": {"type": "int", "default": 300},
    "source_directory": {"type": "str"},
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
