#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: migration_report
short_description: Write the report of a migration
version_added: 0.1.0
description:
  - Writes C(report.html) into the state directory, one page for a change request that loads nothing from anywhere, and the same as C(report.json).
  - It tells of each step with its time and outcome, users moved over time, failures by class, certificates with the days that are left, the XMPP service
    records as each name server has them, the findings of the last probe, what was verified for the laws, what was undone, and what is left to be done by
    others.
  - It is made from the journal, and of the servers with which the run has a session from what they answer. Nothing is changed on any server.
options:
  settings:
    description: The dictionary C(lync_migration).
    type: dict
    default: {}
  hosts:
    description: Inventory names of the servers whose certificates are shown. Those without a session in this run are left out.
    type: list
    elements: str
    default: []
  domains:
    description: SIP domains whose XMPP service record is shown.
    type: list
    elements: str
    default: []
  dns_servers:
    description: The authoritative name servers. Each is asked.
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
notes:
  - The report names hosts, domains and some users. Like the state directory it is closed to everybody else.
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.controller
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Write the report
  lync.xmpp_migration.migration_report:
    settings: "{{ lync_migration }}"
    hosts: "{{ groups.lync_2013_edges }}"
    domains: "{{ lync_migration.sip_domains }}"
    dns_servers: "{{ lync_migration.dns.servers }}"
"""

RETURN = r"""
page:
  description: The page.
  returned: success
  type: str
  sample: /home/ann/.local/state/lync_xmpp_migration/contoso/report.html
data:
  description: The same as JSON.
  returned: success
  type: str
  sample: /home/ann/.local/state/lync_xmpp_migration/contoso/report.json
accepted:
  description: When the migration was accepted, null if it was not.
  returned: success
  type: str
  sample: null
steps:
  description: Each step, with its outcome (C(done), C(failed), C(in doubt), C(begun) or C(not begun)) and what is open.
  returned: success
  type: list
  elements: dict
  sample:
    - step: 3
      title: Move the users
      outcome: done
      from: "2026-11-21T20:24:01.123456+00:00"
      to: "2026-11-21T20:24:09.654321+00:00"
      changes: 196
      runs: 1
      open: []
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._report.run import run
from ansible_collections.lync.xmpp_migration.plugins.module_utils._settings.options import SERVER

ARGUMENT_SPEC = {
    "settings": {"type": "dict", "default": {}},
    "hosts": {"type": "list", "elements": "str", "default": []},
    "domains": {"type": "list", "elements": "str", "default": []},
    "dns_servers": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": SERVER,
    },
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
