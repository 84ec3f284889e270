#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: xmpp_access_policies
short_description: Make the external access policies that users need for XMPP, one for each that they have
version_added: 0.1.0
description:
  - Finds which external access policies count for the users today (the user's own, else that of the site of the user's pool, else the global one), and
    which of them do not allow XMPP.
  - For each of these it makes a copy with all its settings, and with C(EnableXmppAccess) and C(EnableFederationAccess) added, or changes it in place.
    C(New-CsExternalAccessPolicy) by itself would have C(EnableOutsideAccess) and the settings for public clouds as V(false), so one new policy for everybody
    would end remote sign-in for some.
  - Grants nothing. M(lync.xmpp_migration.external_access_policy_grant) with the same O(copies) and O(copy_name) does.
  - Where federation would be given to users who had none, or a copy that is there already would take something from users, it is refused before anything is
    written, and the users are listed, unless they are named in O(accepted_losses). What is changed in place counts for everybody who has it.
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
  - lync.xmpp_migration._policy_copies
seealso:
  - module: lync.xmpp_migration.external_access_policy
  - module: lync.xmpp_migration.external_access_policy_grant
  - module: lync.xmpp_migration.xmpp_access_info
  - name: New-CsExternalAccessPolicy
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/new-csexternalaccesspolicy
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Copy each policy that users have, and add XMPP
  lync.xmpp_migration.xmpp_access_policies:
    copy_name: "{name} XMPP"
    pools:
      - pool2013.contoso.test

- name: Allow XMPP in the policy of the site as it is, and in a copy of the global one
  lync.xmpp_migration.xmpp_access_policies:
    copies:
      - of: site:Redmond
        identity: site:Redmond
      - of: Global
        identity: XmppUsers
    pools:
      - pool2013.contoso.test
"""

RETURN = r"""
policies:
  description: The policies that count for users and do not allow XMPP, and what is made of each. Empty where all allow it.
  returned: success
  type: list
  elements: dict
  contains:
    of:
      description: The policy that the users have.
      type: str
    identity:
      description: The policy that they get.
      type: str
    in_place:
      description: Whether it is the same one, which was changed.
      type: bool
    users:
      description: How many users it counts for.
      type: int
    existed:
      description: Whether the policy that they get was there before.
      type: bool
  sample:
    - of: Global
      identity: Global XMPP
      in_place: false
      users: 180
      existed: false
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
    - cmdlet: New-CsExternalAccessPolicy
      parameters:
        Confirm: false
        EnableFederationAccess: true
        EnableOutsideAccess: true
        EnablePublicCloudAccess: false
        EnablePublicCloudAudioVideoAccess: false
        EnableXmppAccess: true
        Identity: Global XMPP
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users.policies import COPY_OPTIONS
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users.policy import needed as run

ARGUMENT_SPEC = COPY_OPTIONS


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
