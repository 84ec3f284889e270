#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: external_access_policy_grant
short_description: Grant an external access policy to users
version_added: 0.1.0
description:
  - Grants the policy to users who have another one, all in one task. The previous grant is kept in the journal.
  - A grant that would take remote access or public cloud access from a user, or give federation to one who had none, is refused and listed, unless
    the user is named in O(accepted_losses). What a user has now is the policy granted to the user, else that of the site of the user's pool, else
    the global one.
  - With O(copies) or O(copy_name) each user gets the copy of the policy that counts for the user today, so that nobody gets another's rights.
  - Users receive a policy when they sign in again.
options:
  policy:
    description: Name of the policy, without C(tag:). Policies of the global and site scope cannot be granted and need no grant, so for them nothing is done.
    type: str
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
  - lync.xmpp_migration._policy_copies
seealso:
  - module: lync.xmpp_migration.xmpp_access_policies
  - module: lync.xmpp_migration.xmpp_access_info
  - name: Grant-CsExternalAccessPolicy
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/grant-csexternalaccesspolicy
  - name: Get-CsEffectivePolicy
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/get-cseffectivepolicy
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Grant the XMPP policy to every user of the pool
  lync.xmpp_migration.external_access_policy_grant:
    policy: XmppUsers
    pools:
      - pool2013.contoso.test

- name: Grant to each user the copy of the policy that the user has
  lync.xmpp_migration.external_access_policy_grant:
    copies:
      - of: Global
        identity: XmppUsers
    copy_name: "{name} XMPP"
    pools:
      - pool2013.contoso.test
"""

RETURN = r"""
granted:
  description: SIP addresses of the users who got the policy, or in check mode would get it.
  returned: success
  type: list
  elements: str
  sample:
    - sip:user001@contoso.test
already_granted:
  description: How many of the users have the policy, or one that allows XMPP, already.
  returned: success
  type: int
  sample: 195
file:
  description:
    - CSV file in the state directory with a row for each user whose policy was changed, and the one the user had before. The same as JSON lines is beside it.
    - Null where nothing was changed, and in check mode.
  returned: success
  type: str
  sample: /home/ann/.local/state/lync_xmpp_migration/contoso/runs/20261121T080000Z-1a2b/grants.csv
notice:
  description: What users have to be told, where something was changed.
  returned: success
  type: list
  elements: str
  sample:
    - Clients get the external access policy when their users sign in again (in-band provisioning).
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
  description: The cmdlets that were called to change something, or in check mode would be; the first 50 of them. The journal has all.
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
        Confirm: false
        Identity: sip:user001@contoso.test
        PolicyName: XmppUsers
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users.grant import run
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users.policies import COPY_OPTIONS

ARGUMENT_SPEC = {
    "policy": {"type": "str"},
    **COPY_OPTIONS,
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
