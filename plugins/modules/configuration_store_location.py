#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: configuration_store_location
short_description: Have Active Directory name the place of a new Central Management store
version_added: 0.1.0
description:
  - Calls C(Set-CsConfigurationStoreLocation) where the forest has no Central Management store yet, which is so after Office Communications Server 2007 R2
    alone. Lync Server 2010 has one already, which is extended.
  - Where Active Directory names another place the task is refused, because an organisation with two Central Management stores is split.
  - That there is no Central Management store yet is recorded as evidence, without which none is made.
options:
  sql_server_fqdn:
    description: FQDN of the SQL server. For Standard Edition it is the FQDN of the pool.
    type: str
    required: true
  sql_instance:
    description: Name of the SQL Server instance. Empty for the default instance.
    type: str
    default: RTC
extends_documentation_fragment:
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
seealso:
  - name: Set-CsConfigurationStoreLocation
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/set-csconfigurationstorelocation
  - name: Get-CsConfigurationStoreLocation
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/get-csconfigurationstorelocation
  - module: lync.xmpp_migration.database
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Create the databases of the new Central Management store
  lync.xmpp_migration.database:
    central_management: true
    sql_server_fqdn: pool2013.contoso.test
    sql_instance: RTC

- name: Have Active Directory name them
  lync.xmpp_migration.configuration_store_location:
    sql_server_fqdn: pool2013.contoso.test
    sql_instance: RTC
"""

RETURN = r"""
location:
  description: The place that Active Directory names after the task, as C(Get-CsConfigurationStoreLocation) prints it.
  returned: success
  type: str
  sample: pool2013.contoso.test\RTC
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
    - cmdlet: Set-CsConfigurationStoreLocation
      parameters:
        SqlServerFqdn: pool2013.contoso.test
        SqlInstanceName: RTC
        Force: true
        Confirm: false
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute
from ansible_collections.lync.xmpp_migration.plugins.module_utils._servers.store_location import run

ARGUMENT_SPEC = {
    "sql_server_fqdn": {"type": "str", "required": True},
    "sql_instance": {"type": "str", "default": "RTC"},
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
