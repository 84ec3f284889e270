#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: rollback_settings
short_description: Bring partners, legacy entries, routes and policies back to what they were before the migration
version_added: 0.1.0
description:
  - V(partners) brings back first what leads to the old gateway, the allowed domains and the route of SIP federation, then removes the XMPP partners that the
    migration has made, and brings the configurations of the Access Edge and of the XMPP gateway back.
  - V(policies) grants to each user the external access policy that the user had, and then removes or brings back policies.
  - What it was says the journal, what it is the server. What somebody else has changed since is not touched but named.
  - A partner is removed only when DNS leads back to the old gateway and no resolver holds anything else any more.
options:
  part:
    description: What is brought back.
    type: str
    required: true
    choices: [partners, policies]
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
  - lync.xmpp_migration._rollback
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Remove the partners that the migration has made
  lync.xmpp_migration.rollback_settings:
    part: partners
    hosts: "{{ groups.all }}"
"""

RETURN = r"""
brought_back:
  description: What was brought back, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample:
    - XMPP partner fabrikam.test
count:
  description: How many that are, where not all of them are named.
  returned: success
  type: int
  sample: 1
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
    - cmdlet: Remove-CsXmppAllowedPartner
      parameters:
        Confirm: false
        Identity: fabrikam.test
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._rollback.past import OPTIONS
from ansible_collections.lync.xmpp_migration.plugins.module_utils._rollback.settings import run

ARGUMENT_SPEC = {
    **OPTIONS,
    "part": {"type": "str", "required": True, "choices": ["partners", "policies"]},
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
