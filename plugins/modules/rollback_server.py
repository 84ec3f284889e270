#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: rollback_server
short_description: Bring certificates and settings of a new server back to what they were before the migration
version_added: 0.1.0
description:
  - V(certificate) assigns on an Edge Server the certificates that it had before XMPP was enabled.
  - V(server) stops the services of a server that leaves the topology, takes its certificates from their uses, and brings its registry values and its HOSTS file
    back. Of the HOSTS file only the lines are touched that the migration has written.
  - Programs, Windows features, databases and the certificates in the stores stay.
  - What somebody else has changed since is not touched but named.
options:
  part:
    description: What is brought back.
    type: str
    required: true
    choices: [certificate, server]
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
  - lync.xmpp_migration._rollback
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Assign the former certificate
  lync.xmpp_migration.rollback_server:
    part: certificate
    hosts: "{{ groups.all }}"
"""

RETURN = r"""
brought_back:
  description: What was brought back, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample:
    - certificate for XmppServer
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
      description: Its parameters.
      type: dict
  sample:
    - cmdlet: Remove-CsCertificate
      parameters:
        Confirm: false
        Type: [XmppServer]
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._rollback.past import OPTIONS
from ansible_collections.lync.xmpp_migration.plugins.module_utils._rollback.server import run

ARGUMENT_SPEC = {
    **OPTIONS,
    "part": {"type": "str", "required": True, "choices": ["certificate", "server"]},
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
