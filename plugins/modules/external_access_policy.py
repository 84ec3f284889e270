#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: external_access_policy
short_description: Manage an external access policy
version_added: 0.1.0
description:
  - Creates, changes or removes an external access policy (C(CsExternalAccessPolicy)), the global one, that of a site, or one that is granted to users.
  - A user needs a policy with C(EnableXmppAccess) and C(EnableFederationAccess) to talk to XMPP partners. The default of both is V(false).
  - A policy that is made for XMPP replaces the one that its users had, so it should also allow what they had before. O(copy_from) takes that over.
  - The policy has no effect on XMPP before a partner exists, so it can be made beforehand. Clients get it when they sign in again.
  - Granting a policy is a module of its own, M(lync.xmpp_migration.external_access_policy_grant).
  - An option that is not given is left as it is. In a new policy it is V(false), or what O(copy_from) has.
options:
  identity:
    description:
      - V(Global), V(site:Name), or the name of a policy for users, with or without C(tag:).
    type: str
    required: true
  enable_xmpp_access:
    description:
      - Whether users may talk to XMPP partners (C(-EnableXmppAccess)). Lync Server 2010 does not know it.
    type: bool
  enable_federation_access:
    description:
      - Whether users may talk to federated partners (C(-EnableFederationAccess)).
    type: bool
  enable_outside_access:
    description:
      - Whether users may sign in from outside (C(-EnableOutsideAccess)).
    type: bool
  enable_public_cloud_access:
    description:
      - Whether users may talk to users of public providers (C(-EnablePublicCloudAccess)).
    type: bool
  enable_public_cloud_audio_video_access:
    description:
      - Whether users may have audio and video conversations with users of public providers (C(-EnablePublicCloudAudioVideoAccess)).
    type: bool
  description:
    description:
      - A text for administrators (C(-Description)). An empty text removes it.
    type: str
  copy_from:
    description:
      - Identity of a policy whose settings a new policy gets where no option says otherwise. Its description is not taken over.
      - It has no effect on a policy that exists already.
    type: str
  accepted_losses:
    description:
      - SIP addresses of users for whom it is accepted that the change takes remote or public cloud access from them, or gives federation to who had none.
      - A policy that is changed in place, and the policy of a site that is made, count for their users at once. Where that would change what a user has
        beyond XMPP, it is refused, and the users are listed.
    type: list
    elements: str
    default: []
  state:
    description:
      - Whether the policy exists. The global policy cannot be removed.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
seealso:
  - module: lync.xmpp_migration.external_access_policy_grant
  - module: lync.xmpp_migration.xmpp_access_policies
  - name: New-CsExternalAccessPolicy
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/new-csexternalaccesspolicy
  - name: Set-CsExternalAccessPolicy
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/set-csexternalaccesspolicy
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Allow XMPP in a policy of its own, and all that the global policy allows
  lync.xmpp_migration.external_access_policy:
    identity: XmppUsers
    enable_xmpp_access: true
    enable_federation_access: true
    copy_from: Global

- name: Allow XMPP to all users of a site
  lync.xmpp_migration.external_access_policy:
    identity: site:Redmond
    enable_xmpp_access: true
    enable_federation_access: true
"""

RETURN = r"""
external_access_policy:
  description:
    - The policy after the task, with the options of the module as keys.
    - Null where the policy does not exist.
  returned: success
  type: dict
  contains:
    identity:
      description: The identity of the policy as the server has it.
      type: str
    enable_xmpp_access:
      description: Whether users may talk to XMPP partners.
      type: bool
    enable_federation_access:
      description: Whether users may talk to federated partners.
      type: bool
    enable_outside_access:
      description: Whether users may sign in from outside.
      type: bool
    enable_public_cloud_access:
      description: Whether users may talk to users of public providers.
      type: bool
    enable_public_cloud_audio_video_access:
      description: Whether users may have audio and video conversations with users of public providers.
      type: bool
    description:
      description: A text for administrators.
      type: str
  sample:
    description: null
    enable_federation_access: true
    enable_outside_access: true
    enable_public_cloud_access: false
    enable_public_cloud_audio_video_access: false
    enable_xmpp_access: true
    identity: Tag:XmppUsers
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
      description: Its parameters. Secrets are left out.
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
        Identity: XmppUsers
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users.policies import FLAGS
from ansible_collections.lync.xmpp_migration.plugins.module_utils._users.policy import run

ARGUMENT_SPEC = {
    "identity": {"type": "str", "required": True},
    **{one.option: {"type": "bool"} for one in FLAGS},
    "description": {"type": "str"},
    "copy_from": {"type": "str"},
    "accepted_losses": {"type": "list", "elements": "str", "default": []},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
