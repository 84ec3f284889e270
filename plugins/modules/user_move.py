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
  - The users are read once, from one domain controller, and read back from the same one. Where O(domain_controller) does not name it, it is the one that
    answered, as far as all users are of its domain.
  - The filters of the options are all to be true for a user. They narrow what is read, and are held against each user who was read.
  - Where users are named in O(users), all of them can be moved or none is. Otherwise those who cannot be moved are left out, and the task fails in the
    end with the reason of each.
  - Moving is refused until it was seen that federation leads through the legacy Edge, and, but for O(pilot) users, that a pilot user has reached the
    XMPP partners that way (M(lync.xmpp_migration.legacy_federation)). Users of Office Communications Server are not moved before its configuration was
    imported (M(lync.xmpp_migration.legacy_configuration)).
  - A user with a name that begins or ends with a blank is not moved but reported, because the move would be refused.
  - Skype for Business Server 2019 has no XMPP. Where the target is one of its pools (version 8 or later), users who need XMPP stay where they are and are
    listed in RV(stays_for_xmpp), unless they are named in O(loses_xmpp). It is refused before it was seen that XMPP stays with the older Edge, and who needs it
    (M(lync.xmpp_migration.xmpp_coexistence), with the same O(xmpp_users) and O(xmpp_group)).
  - What a user has is never discarded by C(-Force) without the user being named in O(force_users), and then only where the move without it was refused in
    the same task.
options:
  force_users:
    description:
      - SIP addresses of users who are moved with C(-Force) where the move without it was refused. It moves the account and discards what belongs to it, such
        as contacts and meetings.
      - Before it the user's data is exported (C(Export-CsUserData)) to O(export_directory), where the source is Lync Server 2013 or later. Where it is not,
        nobody is moved until the user is named in O(force_without_export) too.
    type: list
    elements: str
    default: []
  force_without_export:
    description: SIP addresses of users of O(force_users) whose data may be lost for good, because no cmdlet is documented that exports it from their pool.
    type: list
    elements: str
    default: []
  export_directory:
    description: Folder on the server for exports of users' data. It has to be there, and only administrators should be able to read it.
    type: str
  target_pool:
    description: FQDN of the pool that takes the users.
    type: str
    required: true
  target_pools:
    description: FQDNs of all Lync Server 2013 pools. Users homed on any of them, on O(target_pool) or on a pool of O(targets), stay where they are.
    type: list
    elements: str
  targets:
    description:
      - Rules by which users go to several pools. Each user goes to the pool of the first rule that takes the user, and to O(target_pool) where none does.
      - What a rule says of users all has to be true for a user. Of the values in one list, one has to be.
    type: list
    elements: dict
    suboptions:
      pool:
        description: FQDN of the pool.
        type: str
        required: true
      sip_domains:
        description: Users whose SIP addresses are in one of these domains.
        type: list
        elements: str
      organizational_units:
        description: Users in one of these organizational units, or in one below it.
        type: list
        elements: str
      source_pools:
        description: Users homed on one of these pools.
        type: list
        elements: str
      share:
        description: So many of a hundred of the users whom the rule would take. Which ones hangs on their SIP addresses alone, so that it is the same in
          each run.
        type: int
  users:
    description: SIP addresses of the users to move. Without it all enabled on-premises users are moved, or those whom the filters after it mean.
    type: list
    elements: str
  users_file:
    description: Path of a file on the controller, with the SIP address of a user to move on each line. Lines that begin with C(#) say nothing. An address
      that nobody has, or that several have, ends the task before its first move.
    type: path
  organizational_units:
    description: Distinguished names of organizational units. Only users in one of them, or in one below it, are moved.
    type: list
    elements: str
  sip_domains:
    description: Only users whose SIP addresses are in one of these domains are moved.
    type: list
    elements: str
  source_pools:
    description: FQDNs of pools. Only users homed on one of them are moved. A pool of Office Communications Server is named as the merged topology has it.
    type: list
    elements: str
  ldap_filter:
    description:
      - Only users for whom this LDAP filter is true are moved. It is sent as the value of C(-LdapFilter), together with what narrows the reading to the
        other filters, and never as a part of a command.
      - In a value, the four characters that have a meaning in a filter are written in hexadecimal, as RFC 4515 has it.
    type: str
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
    description: The domain controller to read from and to write to. Without it Lync chooses one to read from, which the moves and the reading after them
      then name, where all users are of its domain.
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
  - A file C(stop_moves) in the state directory ends a task that moves users, once the moves that are under way have come to their end.
    Remove it before the next run.
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
  - lync.xmpp_migration._attributes.xmpp_needs
seealso:
  - name: Move-CsUser
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/move-csuser
  - name: Move-CsLegacyUser
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/move-cslegacyuser
  - module: lync.xmpp_migration.users_homed
  - module: lync.xmpp_migration.xmpp_coexistence
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

- name: Move one unit's users, each SIP domain to a pool of its own
  lync.xmpp_migration.user_move:
    target_pool: pool2013.contoso.test
    organizational_units:
      - OU=Sales,DC=contoso,DC=test
    targets:
      - pool: pool2013b.contoso.test
        sip_domains: [wingtip.test]

- name: Move many users at night, through two Front Ends
  lync.xmpp_migration.user_move:
    target_pool: pool2013.contoso.test
    movers: 4
    through: [fe2013a, fe2013b]
    wave_size: 5000
    failure_percent: 2
    hours: 22:00-05:00
    time_zone: Europe/Berlin

- name: Move everybody who needs no XMPP to Skype for Business Server 2019
  lync.xmpp_migration.user_move:
    target_pool: pool2019.contoso.test
    xmpp_users:
      - sip:sales001@contoso.test
"""

RETURN = r"""
forced:
  description: SIP addresses of the users who were moved with C(-Force).
  returned: success, with O(force_users)
  type: list
  elements: str
  sample: []
exports:
  description: Paths on the server of the exports that were made before, by SIP address.
  returned: success, with O(force_users)
  type: dict
  sample: {}
moved:
  description: SIP addresses of the users who were moved, or in check mode would be; of more than 1000 the first ones.
  returned: success
  type: list
  elements: str
  sample:
    - sip:user001@contoso.test
moved_count:
  description: How many users were moved, or in check mode would be.
  returned: success
  type: int
  sample: 1
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
stays_for_xmpp:
  description: Users who were not moved, because a pool of Skype for Business Server 2019 has no XMPP; of more than 1000 the first ones.
  returned: success, where a target is such a pool
  type: list
  elements: dict
  contains:
    user:
      description: SIP address of the user.
      type: str
    reason:
      description: Why the user stays.
      type: str
  sample:
    - user: sip:sales001@contoso.test
      reason: needs XMPP, as was declared
stays_count:
  description: How many they are.
  returned: success, where a target is such a pool
  type: int
  sample: 1
xmpp_ends:
  description: SIP addresses of the users of O(loses_xmpp) who had or needed XMPP, and were moved all the same; of more than 1000 the first ones.
  returned: success, where a target is such a pool
  type: list
  elements: str
  sample: []
caught:
  description:
    - Users whom an earlier run was moving when it broke off, and what became of each. A warning says the same. It is said once, also where the task fails.
    - Users whom somebody else left half-way have an empty C(run).
  returned: success
  type: list
  elements: dict
  contains:
    user:
      description: SIP address of the user.
      type: str
    run:
      description: The run that broke off.
      type: str
    target:
      description: The pool to which the user was being moved.
      type: str
    found:
      description: V(moved), V(not_moved), V(in_the_middle) (TargetRegistrarPool is set; the same move is tried again, without force) or V(not_found).
      type: str
  sample:
    - user: sip:user017@contoso.test
      run: 20261121T080000Z-4711
      target: pool2013.contoso.test
      found: moved
error:
  description: Who was left out, where the task failed because of some users. The change was made for the others.
  returned: failure
  type: dict
  contains:
    kind:
      description: The kind of the error, here V(users_left).
      type: str
    done:
      description: SIP addresses of the users for whom the change was made, or in check mode would be; of more than 1000 the first ones.
      type: list
      elements: str
    left:
      description: The users who were left out; of more than 1000 the first ones.
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
  description: The cmdlets that were called to change something, or in check mode would be; of many the first ones. The journal has all.
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
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users.selection import FILTERS
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users.xmpp_needs import ARGUMENTS

ARGUMENT_SPEC = {
    "force_users": {"type": "list", "elements": "str", "default": []},
    "force_without_export": {"type": "list", "elements": "str", "default": []},
    "export_directory": {"type": "str"},
    "target_pool": {"type": "str", "required": True},
    "target_pools": {"type": "list", "elements": "str"},
    "targets": {
        "type": "list",
        "elements": "dict",
        "options": {
            "pool": {"type": "str", "required": True},
            "sip_domains": {"type": "list", "elements": "str"},
            "organizational_units": {"type": "list", "elements": "str"},
            "source_pools": {"type": "list", "elements": "str"},
            "share": {"type": "int"},
        },
    },
    "users": {"type": "list", "elements": "str"},
    "users_file": {"type": "path"},
    "organizational_units": {"type": "list", "elements": "str"},
    "sip_domains": {"type": "list", "elements": "str"},
    "source_pools": {"type": "list", "elements": "str"},
    "ldap_filter": {"type": "str"},
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
    **ARGUMENTS,
}

CONSTRAINTS: dict[str, Any] = {
    "required_if": [("pilot", True, ("users",))],
    "mutually_exclusive": [("users", one) for one in FILTERS],
}


def main() -> None:
    execute(ARGUMENT_SPEC, run, **CONSTRAINTS)


if __name__ == "__main__":
    main()
