#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: estate_export
short_description: Write an organisation down for a rehearsal, and what would stop its migration
version_added: 0.1.0
description:
  - Reads sites, pools, Edge pools, users, policies, partners, simple URLs, DNS records and hosts through the sessions of the run, and writes them as an estate
    of the lab into C(estate/estate.yml) in the state directory. The playbook C(rehearse) migrates it there.
  - A Lync Server 2013 Front End that has the cmdlets is asked, else a legacy Front End with a session. What nobody could be asked of is listed, and left to the
    lab's defaults.
  - Addresses outside become those of 203.0.113.0/24, so that nothing in the file leads to a server of the organisation.
  - Beside it C(estate/readiness.html) and C(estate/readiness.json) sum up all that preflight looks at, whatever it finds, what would stop the migration, and
    what is to be done by hand.
  - Nothing is changed on any server.
options:
  settings:
    description: The dictionary C(lync_migration).
    type: dict
    required: true
  pseudonyms:
    description:
      - Whether users, hosts, domains and sites get other names in the estate, the same wherever they stand. Comments and descriptions are left out.
      - The names are made with a key that is not kept, so nobody can compare them with names that are known. Addresses inside keep their numbers.
      - The readiness report has the real names.
    type: bool
    default: false
  report:
    description: Whether the readiness report is written.
    type: bool
    default: true
notes:
  - The files hold personal data. Like the state directory they are closed to everybody else.
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
seealso:
  - module: lync.xmpp_migration.rehearsal
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Write the organisation down with other names
  lync.xmpp_migration.estate_export:
    settings: "{{ lync_migration }}"
    pseudonyms: true
  run_once: true
"""

RETURN = r"""
estate:
  description: The file; null in check mode, as are the others.
  returned: success
  type: str
  sample: /home/ann/.local/state/lync_xmpp_migration/contoso/estate/estate.yml
page:
  description: The readiness report as a page.
  returned: success, with O(report)
  type: str
  sample: /home/ann/.local/state/lync_xmpp_migration/contoso/estate/readiness.html
data:
  description: The same as JSON.
  returned: success, with O(report)
  type: str
  sample: /home/ann/.local/state/lync_xmpp_migration/contoso/estate/readiness.json
users:
  description: How many users the estate has.
  returned: success, when not in check mode
  type: int
  sample: 200
counts:
  description: How many of each other kind it has.
  returned: success
  type: dict
  sample:
    sites: 1
    pools: 1
    edges: 1
stops:
  description: What would stop the migration.
  returned: success, with O(report), when not in check mode
  type: list
  elements: dict
  sample:
    - of: fe2013
      severity: error
      id: disk
      sentence: "Free space on drive C: of fe2013.contoso.test should be at least 32 GB, but is 12 GB: make room."
gates:
  description: What is to be done by hand.
  returned: success, with O(report), when not in check mode
  type: list
  elements: dict
  sample:
    - gate: gateway_stop
      what: stop the service of the old XMPP gateway, which closes its streams
unread:
  description: What could not be read, and why.
  returned: success
  type: list
  elements: dict
  sample:
    - what: replication
      why: how long copies of the store and the directory take
assumed:
  description: What of the settings is different in the estate.
  returned: success
  type: list
  elements: str
  sample: []
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._rehearsal.export import run

ARGUMENT_SPEC = {
    "settings": {"type": "dict", "required": True},
    "pseudonyms": {"type": "bool", "default": False},
    "report": {"type": "bool", "default": True},
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
