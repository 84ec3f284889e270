#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: xmpp_coexistence_policies
short_description: Give users who do not need XMPP an external access policy without it
version_added: 0.1.0
description:
  - Where XMPP is on in the global external access policy or in that of a site, everybody there has it who has no policy of the own, and nobody of them could be
    moved to Skype for Business Server 2019.
  - Finds the users on older pools who have XMPP by the policy that counts for them, or would have it on O(target_pool), and who are not among those of
    O(xmpp_users) and O(xmpp_group). For each policy that counts for one of them today it makes a copy with all its settings, but with C(EnableXmppAccess) off,
    and grants it to them.
  - The policies that are there are not changed, so whoever needs XMPP keeps what he has.
  - Users of O(loses_xmpp) keep their policy too; they can be moved as they are.
  - Where neither O(xmpp_users) nor O(xmpp_group) says who needs XMPP, everybody who has it does, and nothing is done.
  - The copy of a policy that has C(EnablePublicCloudAccess) can only be made on a server of Lync Server 2010 or 2013, because later servers are not documented
    to know that parameter. The task ends with that sentence there.
options:
  target_pool:
    description: FQDN of the pool of Skype for Business Server 2019 to which they are to be moved, whose site may have a policy of its own.
    type: str
    required: true
  copies:
    description: Which policy without XMPP is made for the users of which one.
    type: list
    elements: dict
    default: []
    suboptions:
      of:
        description: V(Global), V(site:Name), or the name of a policy for users.
        type: str
        required: true
      identity:
        description: Name of the policy for users.
        type: str
        required: true
  copy_name:
    description:
      - What the copy is called of a policy that O(copies) does not name, with C({name}) for the name of that policy without its scope.
      - For example V({name} without XMPP) makes C(Global without XMPP) for users of the global policy.
    type: str
  domain_controller:
    description: The domain controller to read users from.
    type: str
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
  - lync.xmpp_migration._attributes.xmpp_needs
seealso:
  - module: lync.xmpp_migration.xmpp_coexistence
  - module: lync.xmpp_migration.xmpp_access_policies
  - name: New-CsExternalAccessPolicy
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/new-csexternalaccesspolicy
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Take XMPP from the policies of those who do not need it
  lync.xmpp_migration.xmpp_coexistence_policies:
    target_pool: pool2019.contoso.test
    copy_name: '{name} without XMPP'
    xmpp_group: CN=XMPP,OU=Groups,DC=contoso,DC=test
"""

RETURN = r"""
policies:
  description: The policies without XMPP that somebody was granted.
  returned: success
  type: list
  elements: dict
  contains:
    of:
      description: The policy that it is a copy of.
      type: str
    identity:
      description: The name of the copy.
      type: str
    users:
      description: How many users were granted it, or in check mode would be.
      type: int
    created:
      description: Whether it was made, or in check mode would be.
      type: bool
  sample:
    - of: Global
      identity: Global without XMPP
      users: 180
      created: true
granted:
  description: SIP addresses of the users who were granted one, or in check mode would be, at most 1000 of them.
  returned: success
  type: list
  elements: str
  sample:
    - sip:user001@contoso.test
granted_count:
  description: How many they are.
  returned: success
  type: int
  sample: 180
notice:
  description: What users and those who help them have to know.
  returned: success
  type: list
  elements: str
  sample:
    - Clients get the external access policy when their users sign in again (in-band provisioning).
file:
  description: CSV file in the state directory with a row for each user, with the policy before and after. Null in check mode, and where nobody was granted one.
  returned: success
  type: str
  sample: /home/ann/.local/state/lync_xmpp_migration/contoso/runs/20261121T080000Z-1a2b/xmpp_withdrawn.csv
error:
  description: Who was left out, where the task failed because of some users. The others have their policy.
  returned: failure
  type: dict
  contains:
    kind:
      description: The kind of the error, here V(users_left).
      type: str
    done:
      description: SIP addresses of the users who were granted a policy.
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
    - cmdlet: Grant-CsExternalAccessPolicy
      parameters:
        Identity: sip:user001@contoso.test
        PolicyName: Global without XMPP
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users.coexistence import withdraw
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users.policies import COPIES
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users.xmpp_needs import ARGUMENTS

ARGUMENT_SPEC = {
    "target_pool": {"type": "str", "required": True},
    "copies": COPIES,
    "copy_name": {"type": "str"},
    "domain_controller": {"type": "str"},
    **ARGUMENTS,
}

run = withdraw


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
