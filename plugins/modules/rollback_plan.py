#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: rollback_plan
short_description: Say what a rollback brings back and what it cannot
version_added: 0.1.0
description:
  - Reads the journal of the migration and lists, before anything is touched, what is brought back, and what is lost, stays, or is done as no page of
    Microsoft's documents. Nothing goes on until each kind of that is accepted by name.
  - The journal has to be whole. Each way back that stands in it has to be a call of this collection, with its parameters, on a host of the inventory.
    Otherwise it is refused, and nothing is done.
options:
  state:
    description: Whether the list is made, or the end of a rollback is put on record, after which a new migration may begin.
    type: str
    choices: [listed, finished]
    default: listed
  accepts:
    description:
      - Kinds of losses that are accepted, as the list names them.
      - V(users) and V(users_to_ocs) are what users lose by going back, V(undocumented) is what no page documents, V(central_management_store) and
        V(active_directory) what the organisation keeps, V(databases), V(software), V(certificates) and V(computer_name) what the servers keep, and
        V(operator) what a person has to take back.
    type: list
    elements: str
    default: []
    choices:
      - users
      - users_to_ocs
      - undocumented
      - active_directory
      - central_management_store
      - databases
      - software
      - certificates
      - computer_name
      - operator
  topology_source:
    description: Who published the topology, as in M(lync.xmpp_migration.topology).
    type: str
    choices: [builder, declared]
    default: declared
  edge_access:
    description: How the Edge Server is reached.
    type: str
    choices: [session, manual]
    default: session
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.controller
  - lync.xmpp_migration._rollback
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Say what is brought back and what is not
  lync.xmpp_migration.rollback_plan:
    hosts: "{{ groups.all }}"
    accepts:
      - users
      - undocumented
"""

RETURN = r"""
undone:
  description: What is brought back, in this order, as far as it is not as it was.
  returned: success
  type: dict
  sample:
    DNS records:
      - DNS record _xmpp-server._tcp.contoso.test SRV (fe2013)
    users:
      - 196 users
kept:
  description: What cannot be brought back or is not documented, by the name under which it is accepted.
  returned: success
  type: dict
  sample:
    databases:
      - "databases on pool2013.contoso.test on fe2013: Databases are not removed by this collection."
accepts:
  description: The names of these kinds.
  returned: success
  type: list
  elements: str
  sample:
    - databases
say:
  description: The same for people, in check mode.
  returned: in check mode
  type: list
  elements: str
  sample:
    - This is brought back, in this order, as far as it is not as it was:
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._rollback.past import OPTIONS
from ansible_collections.lync.xmpp_migration.plugins.module_utils._rollback.plan import run

ARGUMENT_SPEC = {
    **OPTIONS,
    "state": {"type": "str", "choices": ["listed", "finished"], "default": "listed"},
    "accepts": {
        "type": "list",
        "elements": "str",
        "default": [],
        "choices": [
            "users",
            "users_to_ocs",
            "undocumented",
            "active_directory",
            "central_management_store",
            "databases",
            "software",
            "certificates",
            "computer_name",
            "operator",
        ],
    },
    "topology_source": {"type": "str", "choices": ["builder", "declared"], "default": "declared"},
    "edge_access": {"type": "str", "choices": ["session", "manual"], "default": "session"},
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
