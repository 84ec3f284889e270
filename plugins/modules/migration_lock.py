#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: migration_lock
short_description: Keep a second controller out of the migration
version_added: 0.1.0
description:
  - Holds a lock for the migration, a file on the server (C(C:\ProgramData\lync_xmpp_migration-lock.json)) that says who migrates, from which controller, in
    which run and since when. There is no secret in it.
  - What may be done is decided by a journal on the controller. Two controllers at once would each go by a journal that the other one makes wrong, so the
    task fails where somebody else holds the lock, and says who.
  - A lock does not expire. It is released by its owner (O(state=released)), or taken over by whoever names its owner (O(takeover)).
options:
  state:
    description: Whether the lock is to be held or released.
    type: str
    choices: [held, released]
    default: held
  owner:
    description:
      - Who holds it. By default the operator and the host name of the controller.
      - Name one where the host name of the controller changes from run to run, as it does with execution environments of Ansible Automation Platform.
    type: str
  takeover:
    description: The name of the owner that the lock is taken over from, as the error message has it. Any other owner keeps it.
    type: str
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
notes:
  - All controllers have to look at the same server, such as the first Front End of the new pool.
seealso:
  - module: lync.xmpp_migration.estate_baseline
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Keep other controllers out
  lync.xmpp_migration.migration_lock:
  delegate_to: fe2013
  run_once: true

- name: Go on after a colleague who left for a holiday
  lync.xmpp_migration.migration_lock:
    takeover: ann@controller1
  delegate_to: fe2013
  run_once: true

- name: Let others migrate
  lync.xmpp_migration.migration_lock:
    state: released
  delegate_to: fe2013
  run_once: true
"""

RETURN = r"""
lock:
  description: The lock after the task. All but C(held) is null where nobody holds it.
  returned: success
  type: dict
  contains:
    held:
      description: Whether somebody holds it.
      type: bool
    owner:
      description: Who holds it.
      type: str
    operator:
      description: The account that took it, on the controller.
      type: str
    controller:
      description: Host name of the controller.
      type: str
    run:
      description: The run that took it.
      type: str
    time:
      description: When it was taken, by the controller's clock.
      type: str
  sample:
    held: true
    owner: ann@controller1
    operator: ann
    controller: controller1
    run: 20261121T081500Z-1f2e
    time: "2026-11-21T08:15:00+00:00"
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
    - cmdlet: Remove-Item
      parameters:
        LiteralPath: C:\ProgramData\lync_xmpp_migration-lock.json
        Force: true
        Confirm: false
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._servers.migration_lock import run

ARGUMENT_SPEC = {
    "state": {"type": "str", "choices": ["held", "released"], "default": "held"},
    "owner": {"type": "str"},
    "takeover": {"type": "str"},
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
