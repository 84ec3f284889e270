#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: outbound_reach
short_description: See what a server reaches - service records and ports of partners, the inner port of the Edge
version_added: 0.1.0
description:
  - Looks up the XMPP service record of each partner from a Windows host (C(Resolve-DnsName)) and connects to the port that it names (C(Test-NetConnection)). So
    a firewall or a name server that stands in the way is found days before the window.
  - C(Resolve-DnsName) is not there before Windows Server 2012, and C(Test-NetConnection) not before 2012 R2. What cannot be asked is returned as not known and
    warned of, because no program of older versions tells it reliably.
  - Changes nothing.
options:
  partner_domains:
    description: XMPP domains of the partners.
    type: list
    elements: str
    default: []
  connections:
    description: Further hosts and ports, such as port 23456 of the Edge from a Front End Server.
    type: list
    elements: dict
    default: []
    suboptions:
      host:
        description: FQDN of the host.
        type: str
        required: true
      port:
        description: TCP port.
        type: int
        required: true
  fail_on_closed:
    description: Whether the task fails where something is not reached. Otherwise it warns.
    type: bool
    default: true
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
attributes:
  check_mode:
    details:
      - Asks nothing in check mode, because what is to answer may be planned only.
  diff_mode:
    support: none
seealso:
  - module: lync.xmpp_migration.xmpp_probe
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: See from the Edge that the partners are reached
  lync.xmpp_migration.outbound_reach:
    partner_domains:
      - fabrikam.test

- name: See from a Front End Server that the Edge takes XMPP
  lync.xmpp_migration.outbound_reach:
    connections:
      - host: edge2013.contoso.test
        port: 23456
"""

RETURN = r"""
paths:
  description: What was asked and what came of it. RV(paths[].reached) is null where it is not known.
  returned: success
  type: list
  elements: dict
  contains:
    what:
      description: What was asked.
      type: str
    reached:
      description: Whether it is reached. Null where it is not known.
      type: bool
    why:
      description: What was found, or why it is not known.
      type: str
  sample:
    - what: The service record of fabrikam.test
      reached: true
      why: xmpp.fabrikam.test:5269
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._servers.reach import run

ARGUMENT_SPEC = {
    "partner_domains": {"type": "list", "elements": "str", "default": []},
    "connections": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {"host": {"type": "str", "required": True}, "port": {"type": "int", "required": True}},
    },
    "fail_on_closed": {"type": "bool", "default": True},
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
