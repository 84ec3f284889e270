#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: user_move_back
short_description: Move users back to the pools they came from
version_added: 0.1.0
description:
  - Moves users whom M(lync.xmpp_migration.user_move) has moved back to where each of them came from, with C(Move-CsUser), to Office Communications Server
    2007 R2 too. Where a user came from and which policies the user had says the journal in the state directory. The account has to be the same, by its
    GUID, and to be where the journal says that it was moved to.
  - What is lost by it is collected first, into a report and a sentence. Nothing is done until each of the users is named in O(accept_losses).
  - Microsoft documents loss of functions and data, and meetings to be scheduled anew, for the way back to Office Communications Server. The content of
    meetings is not moved. Contacts in the unified contact store of Exchange are lost unless C(Invoke-CsUcsRollback) was run before; who has any, no
    published property tells, so where the pool has such users, or does not say, it counts for all of its users.
  - Once Lync Server 2013 has an XMPP partner, whoever goes back loses XMPP. Then each user has to be named in O(loses_xmpp) beside.
  - Policies that a user has otherwise than before the move are granted as they were. That is what the move changed, and what was granted since. Policies of
    users of Office Communications Server are left alone.
  - Users who are back already are left where they are.
options:
  users:
    description: SIP addresses of the users who go back, as they are now. All of them can go or none does.
    type: list
    elements: str
  of_run:
    description:
      - The run whose moves are taken back, by the name of its directory below C(runs) in the state directory.
      - With O(users), those of the users who were moved by that run.
    type: str
  all_moved:
    description: Everybody whom the journal says to have been moved. Where that is nobody, nothing is done.
    type: bool
    default: false
  moved_after:
    description: Only users who were moved at this time or later, as in V(2026-11-21T22:00:00+01:00). So a wave is taken back. Without a zone it is UTC.
    type: str
  moved_before:
    description: Only users who were moved before this time.
    type: str
  accept_losses:
    description: SIP addresses of users who may lose what the report says, or V(all).
    type: list
    elements: str
    default: []
  loses_xmpp:
    description: SIP addresses of users who may lose XMPP. V(all) means nobody here.
    type: list
    elements: str
    default: []
  restore_policies:
    description: Whether users get the policies that they had before.
    type: bool
    default: true
  ocs_pool:
    description: FQDN of the pool of Office Communications Server for users whose home server named none of the merged topology.
    type: str
  batch_size:
    description: Moves in one request to the server, at most 50.
    type: int
    default: 10
  domain_controller:
    description: The domain controller to read from and to write to. Without it Lync chooses one.
    type: str
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
seealso:
  - module: lync.xmpp_migration.user_move
  - module: lync.xmpp_migration.user_readiness
  - name: Move-CsUser
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/move-csuser
  - name: Invoke-CsUcsRollback
    description: Microsoft's page of the step before users with contacts in Exchange go back.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/invoke-csucsrollback
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: See what a user would lose by going back
  lync.xmpp_migration.user_move_back:
    users:
      - sip:user001@contoso.test

- name: Move the user back
  lync.xmpp_migration.user_move_back:
    users:
      - sip:user001@contoso.test
    accept_losses:
      - sip:user001@contoso.test

- name: Take back a wave of a run
  lync.xmpp_migration.user_move_back:
    of_run: 20261121T220000Z-4711
    moved_after: "2026-11-21T23:00:00+00:00"
    accept_losses:
      - all
"""

RETURN = r"""
moved_back:
  description: SIP addresses of the users who were moved back, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample:
    - sip:user001@contoso.test
already_back:
  description: How many of the users in question are back already.
  returned: success
  type: int
  sample: 0
policies:
  description: What was granted to whom, by SIP address and kind of policy. Nothing where the site's or the global policy counts again.
  returned: success
  type: dict
  sample:
    sip:user001@contoso.test:
      ExternalAccessPolicy:
rows:
  description: Path of the report of what is lost, a CSV file with a row for each user. Beside it, the same as JSON lines.
  returned: success
  type: str
  sample: /home/ann/.local/state/lync_xmpp_migration/contoso/runs/20261121T080000Z-4711/user_move_back.csv
error:
  description: Why nobody was moved back, or who is left.
  returned: failure
  type: dict
  contains:
    kind:
      description: The kind of the error, V(losses_not_accepted) where losses are to be accepted first, V(users_left) where some users are left.
      type: str
    losses:
      description: With V(losses_not_accepted), the first users with what each may lose.
      type: list
      elements: dict
    rows:
      description: With V(losses_not_accepted), path of the report with all of them.
      type: str
    done:
      description: With V(users_left), SIP addresses of the users who were moved back.
      type: list
      elements: str
    left:
      description: With V(users_left), the others, each with the reason.
      type: list
      elements: dict
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
    - cmdlet: Move-CsUser
      parameters:
        Confirm: false
        Identity: sip:user001@contoso.test
        Target: pool2010.contoso.test
"""

from typing import Any

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users.back import run

ARGUMENT_SPEC = {
    "users": {"type": "list", "elements": "str"},
    "of_run": {"type": "str"},
    "all_moved": {"type": "bool", "default": False},
    "moved_after": {"type": "str"},
    "moved_before": {"type": "str"},
    "accept_losses": {"type": "list", "elements": "str", "default": []},
    "loses_xmpp": {"type": "list", "elements": "str", "default": []},
    "restore_policies": {"type": "bool", "default": True},
    "ocs_pool": {"type": "str"},
    "batch_size": {"type": "int", "default": 10},
    "domain_controller": {"type": "str"},
}

CONSTRAINTS: dict[str, Any] = {"required_one_of": [("users", "of_run", "all_moved")]}


def main() -> None:
    execute(ARGUMENT_SPEC, run, **CONSTRAINTS)


if __name__ == "__main__":
    main()
