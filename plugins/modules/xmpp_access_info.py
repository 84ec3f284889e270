#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: xmpp_access_info
short_description: Tell which users may talk to XMPP partners
version_added: 0.1.0
description:
  - Computes for each user the external access policy that counts (the user's own, else that of the site of the user's pool, else the global one), and
    whether it allows XMPP, for which it needs C(EnableXmppAccess) and C(EnableFederationAccess).
  - Asks C(Get-CsEffectivePolicy) for a sample of the users. Where it names another policy than was computed, the task fails and names the user.
  - Keeps the list in the state directory, as CSV for a spreadsheet and as JSON lines for programs. In check mode it keeps nothing.
  - Changes nothing.
options:
  users:
    description: SIP addresses of the users. Empty, or with V(all) among them, it means every enabled on-premises user on O(pools).
    type: list
    elements: str
    default: []
  pools:
    description: FQDNs of the pools whose users are meant where none are named.
    type: list
    elements: str
    required: true
  sample:
    description:
      - How many users C(Get-CsEffectivePolicy) is asked for, at most 200. With V(0) it is not asked.
      - As far as it goes there are users of every policy among them.
    type: int
    default: 10
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
attributes:
  diff_mode:
    support: none
seealso:
  - module: lync.xmpp_migration.xmpp_access_policies
  - module: lync.xmpp_migration.external_access_policy_grant
  - name: Get-CsEffectivePolicy
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/get-cseffectivepolicy
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: See who may talk to XMPP partners
  lync.xmpp_migration.xmpp_access_info:
    pools:
      - pool2013.contoso.test
    sample: 25
"""

RETURN = r"""
users_with_xmpp:
  description: SIP addresses of the users who may talk to XMPP partners, at most 1000 of them. RV(file) has all.
  returned: success
  type: list
  elements: str
  sample:
    - sip:user001@contoso.test
with_xmpp:
  description: How many they are.
  returned: success
  type: int
  sample: 195
without_xmpp:
  description: How many of the users may not.
  returned: success
  type: int
  sample: 0
policies:
  description: The policies that count for somebody, the most frequent one first.
  returned: success
  type: list
  elements: dict
  contains:
    policy:
      description: The identity of the policy.
      type: str
    users:
      description: For how many users it counts.
      type: int
    xmpp:
      description: Whether it allows XMPP.
      type: bool
  sample:
    - policy: XmppUsers
      users: 195
      xmpp: true
verified:
  description: SIP addresses of the users for whom C(Get-CsEffectivePolicy) named the policy that was computed.
  returned: success
  type: list
  elements: str
  sample:
    - sip:user001@contoso.test
notice:
  description: What users and those who help them have to know.
  returned: success
  type: list
  elements: str
  sample:
    - Clients get the external access policy when their users sign in again (in-band provisioning).
file:
  description: CSV file in the state directory with a row for each user. Null in check mode.
  returned: success
  type: str
  sample: /home/ann/.local/state/lync_xmpp_migration/contoso/runs/20261121T080000Z-1a2b/xmpp_access.csv
json_file:
  description: The same as JSON lines. Null in check mode.
  returned: success
  type: str
  sample: /home/ann/.local/state/lync_xmpp_migration/contoso/runs/20261121T080000Z-1a2b/xmpp_access.ndjson
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users.access import run

ARGUMENT_SPEC = {
    "users": {"type": "list", "elements": "str", "default": []},
    "pools": {"type": "list", "elements": "str", "required": True},
    "sample": {"type": "int", "default": 10},
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
