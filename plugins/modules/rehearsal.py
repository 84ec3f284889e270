#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: rehearsal
short_description: Carry the whole migration out in the twin of an exported estate
version_added: 0.1.0
description:
  - Loads the estate that M(lync.xmpp_migration.estate_export) wrote into a lab of its own on this machine, makes a dry run of the playbook C(migrate) there,
    and then carries it out.
  - Says what each step changes, how long it takes on real servers as far as that has been published, what hands have to do, and what stops it.
  - A manual step is done by the twin's operator, so that the rehearsal goes on.
  - Inventory, credentials and variables are those of the lab alone. Every Python process of the rehearsal connects to this machine only, and asks nobody for
    names; what it would have reached elsewhere is listed.
  - The lab is ended and its secrets are removed whatever comes of it.
options:
  estate:
    description: The estate; by default the one in the state directory. A full path.
    type: path
  speed:
    description:
      - By what the times of real servers are divided, lifetimes of DNS records and pauses among them.
      - Moves of users take what has been published, where the estate says nothing else.
    type: float
    default: 60
  plan:
    description: Whether a dry run comes first, which leaves the plan as a page.
    type: bool
    default: true
  keep_state:
    description: Whether the state of the twin at the end goes into the report as data.
    type: bool
    default: false
notes:
  - The clock of the twin runs as that of the controller does, because certificates are compared with it.
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.controller
seealso:
  - module: lync.xmpp_migration.estate_export
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Rehearse the migration
  lync.xmpp_migration.rehearsal:

- name: Rehearse that of another organisation, in real time
  lync.xmpp_migration.rehearsal:
    estate: /home/ann/estates/contoso.yml
    speed: 1
"""

RETURN = r"""
estate:
  description: The estate that was loaded.
  returned: success
  type: str
  sample: /home/ann/.local/state/lync_xmpp_migration/contoso/estate/estate.yml
users:
  description: How many users there are to move.
  returned: success
  type: int
  sample: 196
speed:
  description: By what times were divided.
  returned: success
  type: float
  sample: 60.0
page:
  description: The report as a page; null in check mode, as are the others.
  returned: success
  type: str
  sample: /home/ann/.local/state/lync_xmpp_migration/contoso/rehearsal/rehearsal.html
data:
  description: The same as JSON.
  returned: success
  type: str
  sample: /home/ann/.local/state/lync_xmpp_migration/contoso/rehearsal/rehearsal.json
plan:
  description: The plan of the dry run as a page, null where there was none.
  returned: success, when not in check mode
  type: str
  sample: /home/ann/.local/state/lync_xmpp_migration/contoso/rehearsal/plan.html
finished:
  description: Whether it came to its end. Where it did not, the module fails with the sentence that stopped it.
  returned: success
  type: bool
  sample: true
steps:
  description: Each step with the changes that were planned and made, and seconds at least and at most on real servers (null where nobody has published any).
  returned: success, when not in check mode
  type: list
  elements: dict
  sample:
    - step: 3
      title: Move the users
      planned: 196
      changes: 196
      least: 46
      most: 164
      shown: 46 s to 3 min
gates:
  description: What hands have to do, with the steps.
  returned: success, when not in check mode
  type: list
  elements: dict
  sample: []
refused:
  description: Addresses and names outside this machine that something tried to reach.
  returned: success, when not in check mode
  type: list
  elements: str
  sample: []
violations:
  description: Laws of the migration that were broken in the twin.
  returned: success, when not in check mode
  type: list
  elements: dict
  sample: []
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._rehearsal.rehearse import run

ARGUMENT_SPEC = {
    "estate": {"type": "path"},
    "speed": {"type": "float", "default": 60},
    "plan": {"type": "bool", "default": True},
    "keep_state": {"type": "bool", "default": False},
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
