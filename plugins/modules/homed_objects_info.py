#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: homed_objects_info
short_description: List what is homed on pools beside users
version_added: 0.1.0
description:
  - Lists common area phones, analog devices, contacts for Exchange Unified Messaging, meeting rooms, access numbers of dial-in conferencing, response groups
    (workflows, queues and groups of agents) and conference directories, where each is homed, and the command that moves it.
  - XMPP does not need them to be moved. They have to leave a legacy pool before that pool is taken down. This collection leaves them alone.
  - Writes a report with a row for each, as CSV and as JSON lines in the directory of the run. What cannot be read is told as not known.
options:
  target_pool:
    description: FQDN of the pool that the commands name as the new home.
    type: str
    required: true
  pools:
    description: FQDNs of all Lync Server 2013 pools. What is homed there may stay.
    type: list
    elements: str
notes:
  - Response groups are moved with C(Move-CsRgsConfiguration), all of a pool at once. Those of Office Communications Server are not deleted there afterwards.
  - Imported access numbers of Office Communications Server are shown by C(Get-CsDialInConferencingAccessNumber) with C(-Region) only, and so are missing here.
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
attributes:
  check_mode:
    details:
      - Reads what is there in check mode too, and writes the report.
  diff_mode:
    support: none
seealso:
  - module: lync.xmpp_migration.user_readiness
  - name: Move-CsConferenceDirectory
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/move-csconferencedirectory
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: List what is homed on pools beside users
  lync.xmpp_migration.homed_objects_info:
    target_pool: pool2013.contoso.test
"""

RETURN = r"""
left:
  description: How many objects are homed elsewhere than on O(target_pool) or O(pools).
  returned: success
  type: int
  sample: 1
objects:
  description: The first of these objects. The report has all, and those that may stay.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: >-
        V(common_area_phone), V(analog_device), V(exchange_um_contact), V(meeting_room), V(access_number), V(response_group_workflow),
        V(response_group_queue), V(response_group_agents) or V(conference_directory).
      type: str
    name:
      description: Its display name.
      type: str
    identity:
      description: What the command names it by.
      type: str
    pool:
      description: FQDN of the pool on which it is homed. Empty where that is not Lync Server's.
      type: str
    here:
      description: Whether it is on O(target_pool) or O(pools).
      type: bool
    command:
      description: The command for the Lync Server Management Shell that moves it. Empty where it may stay.
      type: str
  sample:
    - kind: common_area_phone
      name: Lobby
      identity: CN={ce84964a-c4da-4622-ad34-c54ff3ed361f},OU=Redmond,DC=contoso,DC=test
      pool: pool2010.contoso.test
      here: false
      command: Move-CsCommonAreaPhone -Identity 'CN={ce84964a-c4da-4622-ad34-c54ff3ed361f},OU=Redmond,DC=contoso,DC=test' -Target pool2013.contoso.test
counts:
  description: How many objects of each kind each pool has.
  returned: success
  type: dict
  sample:
    pool2010.contoso.test:
      common_area_phone: 1
not_known:
  description: Kinds that could not be read, and why.
  returned: success
  type: dict
  sample: {}
rows:
  description: Path of the report, a CSV file with a row for each object. Beside it, the same as JSON lines.
  returned: success
  type: str
  sample: /home/ann/.local/state/lync_xmpp_migration/contoso/runs/20261121T080000Z-4711/homed_objects.csv
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._readiness.homed import run

ARGUMENT_SPEC = {
    "target_pool": {"type": "str", "required": True},
    "pools": {"type": "list", "elements": "str"},
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
