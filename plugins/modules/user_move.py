#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: user_move
short_description: Move users to a Lync Server 2013 pool
version_added: 0.1.0
description:
  - Moves the users who are not yet homed on O(target_pools) to O(target_pool), all in one task. Users of Lync Server are moved with C(Move-CsUser), users of
    Office Communications Server 2007 R2, who have a home server and no registrar pool, with C(Move-CsLegacyUser).
  - A user is named by SIP address, and the object that was moved is read back by its GUID.
  - Where users are named in O(users), all of them can be moved or none is. Otherwise those who cannot be moved are left out, and the task fails in the
    end with the reason of each. The move is never forced.
  - Moving is refused until it was seen that federation leads through the legacy Edge, and, but for O(pilot) users, that a pilot user has reached the
    XMPP partners that way (M(lync.xmpp_migration.legacy_federation)). Users of Office Communications Server are not moved before its configuration was
    imported (M(lync.xmpp_migration.legacy_configuration)).
  - A user with a name that begins or ends with a blank is not moved but reported, because the move would be refused.
options:
  target_pool:
    description: FQDN of the pool that takes the users.
    type: str
    required: true
  target_pools:
    description: FQDNs of all Lync Server 2013 pools. Users homed on any of them, or on O(target_pool), stay where they are.
    type: list
    elements: str
  users:
    description: SIP addresses of the users to move. Without it all enabled on-premises users are moved.
    type: list
    elements: str
  branch_pools:
    description: FQDNs of survivable branch appliances whose users stay.
    type: list
    elements: str
    default: []
  pilot:
    description: Whether O(users) are the pilot users, who go before the legacy path was proved.
    type: bool
    default: false
  move_conference_data:
    description: Whether meeting content is moved too (C(-MoveConferenceData)), which only C(Move-CsUser) can.
    type: bool
    default: false
  batch_size:
    description: Moves in one request to the server. A larger number saves little; a smaller one makes an interrupted run leave fewer users in doubt.
    type: int
    default: 10
  domain_controller:
    description: The domain controller to read from and to write to. Without it Lync chooses one.
    type: str
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
seealso:
  - name: Move-CsUser
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/move-csuser
  - name: Move-CsLegacyUser
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/move-cslegacyuser
  - module: lync.xmpp_migration.users_homed
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Move the pilot users
  lync.xmpp_migration.user_move:
    target_pool: pool2013.contoso.test
    users:
      - sip:user001@contoso.test
    pilot: true

- name: Move all users
  lync.xmpp_migration.user_move:
    target_pool: pool2013.contoso.test
"""

RETURN = r"""
moved:
  description: SIP addresses of the users who were moved, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample:
    - sip:user001@contoso.test
already_moved:
  description: How many of the users in question are on one of the pools already.
  returned: success
  type: int
  sample: 195
error:
  description: Who was left out, where the task failed because of some users. The change was made for the others.
  returned: failure
  type: dict
  contains:
    kind:
      description: The kind of the error, here V(users_left).
      type: str
    done:
      description: SIP addresses of the users for whom the change was made, or in check mode would be.
      type: list
      elements: str
    left:
      description: The users who were left out.
      type: list
      elements: dict
      contains:
        user:
          description: SIP address of the user.
          type: str
        reason:
          description: Why the user was left out.
          type: str
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
        Target: pool2013.contoso.test
"""

from typing import Any

from ansible_collections.lync.xmpp_migration.plugins.module_utils._module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._user_move import run

ARGUMENT_SPEC = {
    "target_pool": {"type": "str", "required": True},
    "target_pools": {"type": "list", "elements": "str"},
    "users": {"type": "list", "elements": "str"},
    "branch_pools": {"type": "list", "elements": "str", "default": []},
    "pilot": {"type": "bool", "default": False},
    "move_conference_data": {"type": "bool", "default": False},
    "batch_size": {"type": "int", "default": 10},
    "domain_controller": {"type": "str"},
}

CONSTRAINTS: dict[str, Any] = {"required_if": [("pilot", True, ("users",))]}


def main() -> None:
    execute(ARGUMENT_SPEC, run, **CONSTRAINTS)


if __name__ == "__main__":
    main()
