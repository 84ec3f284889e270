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
  movers:
    description:
      - How many users may be moved at once on each host, 1 to 8. Each mover has a PowerShell of its own there.
      - With more than one, as many are at work as bring something, because the back end is shared. They are steered by what is measured, and by the
        quotas of WinRM on the host.
      - With 1, and none of the options below, users are moved in requests of O(batch_size), one after the other.
    type: int
    default: 1
  through:
    description:
      - Inventory names of the Front Ends on which the movers work. Each takes a share of the users. Without it, the host of the task alone.
      - Each of them needs a session in this run (M(lync.xmpp_migration.session)).
    type: list
    elements: str
  attempts:
    description: How often a move is tried in all that fails for a reason that passes, such as a timeout of the back end. No other one is tried again.
    type: int
    default: 3
  failure_count:
    description: No further user is begun once more than so many could not be moved. Moves that are under way come to their end.
    type: int
  failure_percent:
    description: The same, as a part of those who were tried, from the twentieth on.
    type: int
  first_users:
    description: SIP addresses of users who are moved before the others, as the first wave.
    type: list
    elements: str
    default: []
  wave_size:
    description: Users in a wave. The next wave begins when all of the one before have been moved or could not be.
    type: int
  wave_pause:
    description: Seconds between two waves.
    type: int
    default: 0
  hours:
    description:
      - Times of day between which moves may begin, as in V(22:00-05:00).
      - Outside of them the task ends, and the next run goes on, unless O(wait_for_hours) is set.
    type: str
  time_zone:
    description: The time zone of O(hours), as in V(Europe/Berlin).
    type: str
    default: UTC
  wait_for_hours:
    description: Whether the task waits until O(hours) begin.
    type: bool
    default: false
notes:
  - While users are moved with O(movers) or the options after it, the task tells on stderr how far it is, and
    C(python -m ansible_collections.lync.xmpp_migration.progress STATE_DIR --follow) draws it beside.
  - A file C(stop_moves) in the state directory ends such a task, once the moves that are under way have come to their end. Remove it before the next run.
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

- name: Move many users at night, through two Front Ends
  lync.xmpp_migration.user_move:
    target_pool: pool2013.contoso.test
    movers: 4
    through: [fe2013a, fe2013b]
    wave_size: 5000
    failure_percent: 2
    hours: 22:00-05:00
    time_zone: Europe/Berlin
"""

RETURN = r"""
moved:
  description: SIP addresses of the users who were moved, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample:
    - sip:user001@contoso.test
movers:
  description: The most movers that were at work at once.
  returned: success, with O(movers) or the options after it
  type: int
  sample: 4
retried:
  description: How many moves were tried again.
  returned: success, with O(movers) or the options after it
  type: int
  sample: 0
rows:
  description: Path of a CSV file with a row for each user of the run. Beside it, the same as JSON lines.
  returned: success, with O(movers) or the options after it
  type: str
  sample: /home/ann/.local/state/lync_xmpp_migration/contoso/runs/20261121T080000Z-4711/users.csv
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

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users.move import run

ARGUMENT_SPEC = {
    "target_pool": {"type": "str", "required": True},
    "target_pools": {"type": "list", "elements": "str"},
    "users": {"type": "list", "elements": "str"},
    "branch_pools": {"type": "list", "elements": "str", "default": []},
    "pilot": {"type": "bool", "default": False},
    "move_conference_data": {"type": "bool", "default": False},
    "batch_size": {"type": "int", "default": 10},
    "domain_controller": {"type": "str"},
    "movers": {"type": "int", "default": 1},
    "through": {"type": "list", "elements": "str"},
    "attempts": {"type": "int", "default": 3},
    "failure_count": {"type": "int"},
    "failure_percent": {"type": "int"},
    "first_users": {"type": "list", "elements": "str", "default": []},
    "wave_size": {"type": "int"},
    "wave_pause": {"type": "int", "default": 0},
    "hours": {"type": "str"},
    "time_zone": {"type": "str", "default": "UTC"},
    "wait_for_hours": {"type": "bool", "default": False},
}

CONSTRAINTS: dict[str, Any] = {"required_if": [("pilot", True, ("users",))]}


def main() -> None:
    execute(ARGUMENT_SPEC, run, **CONSTRAINTS)


if __name__ == "__main__":
    main()
