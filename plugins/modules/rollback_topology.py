#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: rollback_topology
short_description: Publish the topology as it was before the migration
version_added: 0.1.0
description:
  - V(xmpp) takes the route of XMPP federation from the site and the XMPP ports from the Edge. V(servers) takes the Edge and the pool from the topology.
  - The document is published that the migration's own publish has replaced, which the server keeps in its Deployment folder. Simple URLs and the other routes,
    which a publish by cmdlet loses, are put back in the same request.
  - It is only published where the topology is what the migration has published. Where somebody else has published since, that is named, and nothing is done.
  - A pool goes when nobody is homed on it. The first pool of a forest, which has the Central Management store, stays.
  - No page of Microsoft's documents this way back. That a publish takes out ports and servers, and that an empty value clears a route, is inferred.
options:
  part:
    description: What is brought back.
    type: str
    required: true
    choices: [xmpp, servers]
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
  - lync.xmpp_migration._rollback
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Take XMPP from the topology
  lync.xmpp_migration.rollback_topology:
    part: xmpp
    hosts: "{{ groups.all }}"
"""

RETURN = r"""
brought_back:
  description: What was brought back, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample:
    - XmppFederationRoute of the site Redmond
    - topology
difference:
  description: What changed in the document, as a unified diff.
  returned: success
  type: str
  sample: ""
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
    - cmdlet: Publish-CsTopology
      parameters:
        Confirm: false
        FileName: C:\Program Files\Microsoft Lync Server 2013\Deployment\lync_xmpp_migration-topology.xml
        Force: true
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._rollback.past import OPTIONS
from ansible_collections.lync.xmpp_migration.plugins.module_utils._rollback.topology import run

ARGUMENT_SPEC = {
    **OPTIONS,
    "part": {"type": "str", "required": True, "choices": ["xmpp", "servers"]},
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
