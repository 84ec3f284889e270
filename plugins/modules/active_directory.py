#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: active_directory
short_description: Prepare Active Directory for Lync Server 2013
version_added: 0.1.0
description:
  - Extends the schema (C(Install-CsAdServerSchema)), prepares the forest (C(Enable-CsAdForest)) and the domain (C(Enable-CsAdDomain)), each only where
    C(Get-CsAdServerSchema), C(Get-CsAdForest) or C(Get-CsAdDomain) says that it is still to be done.
  - After each of them it waits until Active Directory has replicated what was made, as far as the domain controllers that Lync asks show it.
  - A call that failed is made again only within O(wait_seconds), only for forest and domain, and only while the state read back says that it is still to
    be done. A call whose answer was lost is not repeated; the next run reads the state first.
options:
  stages:
    description:
      - What has to be prepared. The order is always schema, forest, domain.
      - The schema needs a member of Schema Admins, the forest one of Enterprise Admins, the domain one of Domain Admins.
    type: list
    elements: str
    choices: [schema, forest, domain]
    default: [schema, forest, domain]
  group_domain:
    description: FQDN of the domain for the universal groups of Lync Server. By default the domain of the server.
    type: str
  global_settings_domain_controller:
    description:
      - FQDN of the domain controller that holds the global settings.
      - Needed where Office Communications Server left them in the System container of the root domain.
    type: str
  ldf_path:
    description: Full path on the server to the folder with the schema files (C(.ldf)). By default those of the installed management tools.
    type: str
  wait_seconds:
    description: How long to wait for the replication of Active Directory after each stage.
    type: int
    default: 1800
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
notes:
  - An account that was put into one of the universal groups of Lync Server has the new membership only after it has signed in anew.
seealso:
  - name: Install-CsAdServerSchema
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/install-csadserverschema
  - name: Enable-CsAdForest
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/enable-csadforest
  - name: Enable-CsAdDomain
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/enable-csaddomain
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Prepare Active Directory
  lync.xmpp_migration.active_directory:

- name: Prepare the domain only, after other people have done the rest
  lync.xmpp_migration.active_directory:
    stages:
      - domain
"""

RETURN = r"""
active_directory:
  description: The states after the task, as the cmdlets name them, of the stages that were asked for.
  returned: success
  type: dict
  sample:
    schema: SCHEMA_VERSION_STATE_CURRENT
    forest: LC_FORESTSETTINGS_STATE_READY
    domain: LC_DOMAINSETTINGS_STATE_READY
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
    - cmdlet: Enable-CsAdForest
      parameters:
        Confirm: false
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._servers.active_directory import run

_STAGES = ["schema", "forest", "domain"]
ARGUMENT_SPEC = {
    "stages": {"type": "list", "elements": "str", "choices": _STAGES, "default": _STAGES},
    "group_domain": {"type": "str"},
    "global_settings_domain_controller": {"type": "str"},
    "ldf_path": {"type": "str"},
    "wait_seconds": {"type": "int", "default": 1800},
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
