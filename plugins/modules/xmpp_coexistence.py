#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: xmpp_coexistence
short_description: Tell who has to stay on an older pool for XMPP, beside Skype for Business Server 2019
version_added: 0.1.0
description:
  - Skype for Business Server 2019 has no XMPP. Whoever needs it stays on a pool of Lync Server 2013 or Skype for Business Server 2015, with the Edge there.
  - Sees that XMPP stays there. There is an XMPP partner, the XMPP federation routes lead to Edges of version 7 or older with both XMPP ports, and no Edge of
    version 8 or later has XMPP ports. Where one of these is not so, the task fails and says what.
  - Computes for each user the external access policy that counts (the user's own, else that of the site of the pool, else the global one), where the user is
    and on O(target_pool), and tells who stays, who can be moved, and whose policy has to be changed first.
  - What is not known counts as XMPP, so a policy that cannot be read keeps its users where they are.
  - Keeps a list of those whose XMPP would end, if they were moved all the same, in the state directory, as CSV for a spreadsheet and as JSON lines for
    programs. In check mode it keeps nothing.
  - Moves to Skype for Business Server 2019 (M(lync.xmpp_migration.user_move)) are refused before this module has succeeded with the same O(xmpp_users) and
    O(xmpp_group), and again after the topology or a partner was changed.
  - Changes nothing.
options:
  target_pool:
    description: FQDN of the pool of Skype for Business Server 2019 to which the others are to be moved.
    type: str
    required: true
  domain_controller:
    description: The domain controller to read users from.
    type: str
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
  - lync.xmpp_migration._attributes.xmpp_needs
attributes:
  diff_mode:
    support: none
seealso:
  - module: lync.xmpp_migration.xmpp_coexistence_policies
  - module: lync.xmpp_migration.user_move
  - name: Migrating XMPP federation
    description: Microsoft's page on XMPP beside Skype for Business Server 2019.
    link: https://learn.microsoft.com/skypeforbusiness/migration/migrating-xmpp-federation
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: See who has to stay for XMPP
  lync.xmpp_migration.xmpp_coexistence:
    target_pool: pool2019.contoso.test
    xmpp_group: CN=XMPP,OU=Groups,DC=contoso,DC=test
    xmpp_users:
      - sip:sales001@contoso.test
"""

RETURN = r"""
stays:
  description: SIP addresses of the users who stay, at most 1000 of them. RV(file) has all.
  returned: success
  type: list
  elements: str
  sample:
    - sip:sales001@contoso.test
stays_count:
  description: How many they are.
  returned: success
  type: int
  sample: 1
policy_first:
  description:
    - SIP addresses of users who are not among those who need XMPP, and have it by their policy, at most 1000 of them. They are moved once they have a policy
      without it (M(lync.xmpp_migration.xmpp_coexistence_policies)).
  returned: success
  type: list
  elements: str
  sample: []
policy_first_count:
  description: How many they are.
  returned: success
  type: int
  sample: 0
ends_by_name:
  description: SIP addresses of the users of O(loses_xmpp) who have or need XMPP.
  returned: success
  type: list
  elements: str
  sample: []
moves_count:
  description: How many users on older pools have no XMPP and need none.
  returned: success
  type: int
  sample: 190
already_there:
  description: How many users are on pools of Skype for Business Server 2019.
  returned: success
  type: int
  sample: 0
cut_off:
  description: SIP addresses of users on such pools whose policy has XMPP, which does nothing there; at most 1000 of them.
  returned: success
  type: list
  elements: str
  sample: []
cut_off_count:
  description: How many they are.
  returned: success
  type: int
  sample: 0
edges:
  description: The Edges of the topology. Version 6 is Lync Server 2013, 7 Skype for Business Server 2015, 8 Skype for Business Server 2019.
  returned: success
  type: list
  elements: dict
  contains:
    edge:
      description: FQDN of the Edge pool.
      type: str
    version:
      description: The version of its services.
      type: int
    xmpp:
      description: Whether it has XMPP ports.
      type: bool
  sample:
    - edge: edge2015.contoso.test
      version: 7
      xmpp: true
    - edge: edge2019.contoso.test
      version: 8
      xmpp: false
routes:
  description: The Edge of the XMPP federation route of each site that has one.
  returned: success
  type: dict
  sample:
    Redmond: edge2015.contoso.test
partners:
  description: The XMPP partners.
  returned: success
  type: list
  elements: str
  sample:
    - fabrikam.test
file:
  description: CSV file in the state directory with a row for each user whose XMPP would end by a move. Null in check mode, and where there is no such user.
  returned: success
  type: str
  sample: /home/ann/.local/state/lync_xmpp_migration/contoso/runs/20261121T080000Z-1a2b/xmpp_coexistence.csv
json_file:
  description: The same as JSON lines.
  returned: success
  type: str
  sample: /home/ann/.local/state/lync_xmpp_migration/contoso/runs/20261121T080000Z-1a2b/xmpp_coexistence.ndjson
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users.coexistence import see
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users.xmpp_needs import ARGUMENTS

ARGUMENT_SPEC = {
    "target_pool": {"type": "str", "required": True},
    "domain_controller": {"type": "str"},
    **ARGUMENTS,
}

run = see


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
