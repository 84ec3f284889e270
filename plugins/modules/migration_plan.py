#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: migration_plan
short_description: Leave a plan to be approved, and hold a run to an approved one
version_added: 0.1.0
description:
  - A dry run notes with O(state=compared) what is there before anything is planned, and with O(state=written) leaves the plan in the state directory, as
    data and as a page to read, with a digest.
  - A real run that names a plan in C(lync_migration_plan) and its digest in C(lync_migration_plan_digest) is held to it. With O(state=compared) it refuses
    to go on where the organisation has moved away from what the plan was made for, or where limit, tags, extra variables or O(settings) differ, and names
    the differences. After that every change that the plan does not have is refused.
  - A run that was broken off can be run again under the same plan. What the plan itself has changed since is no difference.
  - A real run without C(lync_migration_plan) is held to nothing, and neither state does anything.
options:
  state:
    description: What is done, see above. The first belongs to the beginning of a playbook, the second to its end.
    type: str
    choices: [compared, written]
    required: true
  settings:
    description: The dictionary C(lync_migration). It is part of the plan.
    type: dict
    default: {}
  hosts:
    description: Inventory names of the servers whose certificates in use are part of what is compared. Those without a session in this run are left out.
    type: list
    elements: str
    default: []
  domains:
    description: SIP domains whose XMPP service record is compared.
    type: list
    elements: str
    default: []
  dns_servers:
    description: Authoritative name servers. The first one is asked.
    type: list
    elements: dict
    default: []
    suboptions:
      address:
        description: IP address or name.
        type: str
        required: true
      port:
        description: Its port.
        type: int
        default: 53
  users_at_most:
    description: With O(state=written), how many users the plan may touch. One that touches more cannot be approved.
    type: int
notes:
  - Of extra variables a plan keeps no more than a keyed digest, and of those whose name says that they are secret only the name.
  - Lync users, policies, partners, allowed domains, routes, Edge ports, certificates in use and the XMPP service records are compared.
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Note what is there, or compare it with the approved plan
  lync.xmpp_migration.migration_plan:
    state: compared
    settings: "{{ lync_migration }}"
    hosts: "{{ groups.lync_2013_front_ends + groups.lync_2013_edges }}"
    domains: "{{ lync_migration.sip_domains }}"
    dns_servers: "{{ lync_migration.dns.servers }}"

- name: Leave the plan of a dry run
  lync.xmpp_migration.migration_plan:
    state: written
    settings: "{{ lync_migration }}"
    users_at_most: 500
"""

RETURN = r"""
plan:
  description: The run whose plan it is, null in a real run that is held to none.
  returned: success
  type: str
  sample: 20261121T202340Z-23403
digest:
  description: What the operator gives in C(lync_migration_plan_digest).
  returned: when there is a plan
  type: str
  sample: 0e5ccc6d2e0d0a3e2f5b0a7f7f0f7a2a0b1c0d8f9a6b5c4d3e2f1a0b9c8d7e6f
page:
  description: The page to read.
  returned: O(state=written), in check mode
  type: str
  sample: /home/ann/.local/state/lync_xmpp_migration/contoso/runs/20261121T202340Z-23403/plan.html
steps:
  description: What is done in each step. C(calls) counts cmdlets and programs.
  returned: O(state=written), in check mode
  type: list
  elements: dict
  sample:
    - step: 3
      title: Move the users
      hosts: [fe2013]
      changes: 4
      conditional: 0
      calls: {Move-CsUser: 4}
      objects: []
users:
  description: How many users are touched and moved, and where to. C(open_ended) tells that the source could not be read yet.
  returned: O(state=written), in check mode
  type: dict
  sample:
    touched: 4
    moved: 4
    targets: {pool2013.contoso.test: 4}
    named: ["user sip:user001@contoso.test"]
    open_ended: false
irreversible:
  description: What cannot be undone, and why.
  returned: O(state=written), in check mode
  type: list
  elements: dict
  sample:
    - object: replica of the Central Management store
      why: There is no cmdlet that disables a replica.
gates:
  description: What hands have to do on the way.
  returned: O(state=written), in check mode
  type: list
  elements: dict
  sample: []
earliest_cutover:
  description: When the DNS records could be swapped at the earliest, in UTC, had the run begun at that moment.
  returned: O(state=written), in check mode
  type: str
  sample: "2026-11-21T20:23:59+00:00"
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._plan.run import run
from ansible_collections.lync.xmpp_migration.plugins.module_utils._settings.options import SERVER

ARGUMENT_SPEC = {
    "state": {"type": "str", "required": True, "choices": ["compared", "written"]},
    "settings": {"type": "dict", "default": {}},
    "hosts": {"type": "list", "elements": "str", "default": []},
    "domains": {"type": "list", "elements": "str", "default": []},
    "dns_servers": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": SERVER,
    },
    "users_at_most": {"type": "int"},
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
